#!/usr/bin/env bash
# Shell scripts are clean under shellcheck; python files compile.
. "$(dirname "$0")/../harness/lint.sh"
mapfile -t scripts < <({ ls run_budget.sh run_tests.sh .ci/run; sources sh; } | LC_ALL=C sort)
for script in "${scripts[@]}"; do
	# parts are sourced: names cross files (2034, 2154), word splitting is said where it is wanted
	shellcheck -s bash -S warning -e SC2034,SC2154,SC2120,SC1091,SC2046 -f gcc "$script"
done | rule 'shellcheck has nothing to say'
for file in $(sources py); do
	python3 -c 'import ast, sys; ast.parse(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1])' "$file" 2>&1 | tail -n 1
done | rule 'python files compile'
for script in "${scripts[@]}"; do
	case $(head -n 1 "$script") in
	'#!'*) [ -x "$script" ] || case $script in tests/*) ;; *) echo "$script: begins with #! but is not executable" ;; esac ;;
	esac
done | rule 'what begins with #! can be run'
done_testing
