#!/usr/bin/env bash
# Runs the tests of the project, from a clean checkout: packages, a build with sanitizers of its own, every suite.
#   ./run_tests.sh [lint|unit|sql|http|cli|fuzz|race]… [--coverage] [--match TEXT] [--jobs N] [--keep]
# Without a word: everything. --match: only files whose path holds TEXT. --keep: homes and logs of the run stay.
# The last line is "N passed, N failed"; exit code 0 when nothing failed, 1 when something did, 69 when packages are missing.
# BUDGET_TEST_DATA may name a folder of wider real data; BUDGET_TEST_RACE_SECONDS=600 lets each race go on for so long.
set -u
SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
ETC=$SOURCE/etc
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
BUILD=${BUDGET_TEST_BUILD_DIR:-$SOURCE/build/test}
COVERAGE=no
words=()
for part in base packages build; do
	# shellcheck source=/dev/null
	. "$ETC/run/$part.sh"
done
warn() { printf 'run_tests.sh: %s\n' "$*" >&2; }

while [ $# -gt 0 ]; do
	case $1 in
	--coverage)
		COVERAGE=yes
		BUILD=${BUDGET_TEST_BUILD_DIR:-$SOURCE/build/coverage}
		;;
	-h | --help)
		sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
		exit 0
		;;
	*) words+=("$1") ;;
	esac
	shift
done

postgres_version() { local bin; bin=$(postgresql_bin) && "$bin/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/'; }
# shellcheck disable=SC2086 # words wanted
ensure_packages $REQUIRED command:python3=python3 pc:check=check command:shellcheck=shellcheck command:faketime=faketime
ensure_packages "postgresql-extension:pgtap=postgresql-$(postgres_version)-pgtap"
flags=(--enable-sanitizers --enable-werror)
if [ $COVERAGE = yes ]; then
	ensure_packages command:gcovr=gcovr
	flags=(--enable-coverage --enable-werror)
	rm -rf "$BUILD/obj" "$BUILD/stamp" # counts of this run only
fi
BUILD_TARGETS="all check-programs" build_app "$BUILD" "${flags[@]}"

# beside WORD MAKEFILE: what a suite needs built in another way, when the suite runs; in $BUILD/NAME of NAME.mk.
SUITE=' (lint|unit|sql|http|cli|fuzz|race) '
is_wanted() { [[ " ${words[*]-} " == *" $1 "* || ! " ${words[*]-} " =~ $SUITE ]]; }
beside() {
	local name
	name=$(basename "$2" .mk)
	if ! is_wanted "$1" || [ $COVERAGE = yes ]; then return 0; fi
	(cd "$BUILD/src" && make -s -j"$(nproc)" -f "$2" BUILD="$BUILD/$name") >"$BUILD/$name.log" 2>&1 && return 0
	tail -n 30 "$BUILD/$name.log" >&2
	die $EX_SOFTWARE "what $2 makes does not build; everything it said is in $BUILD/$name.log"
}
! is_wanted fuzz || ensure_packages command:clang=clang fuzzer:clang=libclang-rt-dev
beside fuzz tests/fuzz/fuzz.mk # by clang
beside race tests/race/tsan.mk # with ThreadSanitizer

python=/usr/bin/python3 # the distribution's: another one in PATH may lack modules
[ -x $python ] || python=python3
BUDGET_TEST_BUILD=$BUILD BUDGET_TEST_SOURCE=$SOURCE "$python" -B "$SOURCE/tests/harness/run.py" "${words[@]}"
code=$?
if [ $COVERAGE = yes ]; then
	(cd "$BUILD/obj" && gcovr --root ../src --exclude 'tests/.*' --print-summary --html-details "$BUILD/coverage.html" -o "$BUILD/coverage.txt" .) >&2
fi
exit $code
