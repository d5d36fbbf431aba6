# For tests/lint: TAP by rule. `findings` are lines "file:line: what"; a rule without any is ok. Sourced.
set -u
shopt -s lastpipe # rule counts in this shell, not in one of the pipe
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
number=0

# Files of the project of some kinds, without what a build in place leaves.
sources() {
	local kind words=()
	for kind in "$@"; do words+=(-o -name "*.$kind"); done
	find lib cgi-bin cron clients tests etc sql www -type f \( "${words[@]:1}" \) ! -path '*/.libs/*' ! -path '*/__pycache__/*' | LC_ALL=C sort
}

rule() { # rule NAME: reads findings from stdin
	local findings
	findings=$(cat)
	number=$((number + 1))
	if [ -z "$findings" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1 ($(printf '%s\n' "$findings" | wc -l))"
		printf '%s\n' "$findings" | head -n 40 | sed 's/^/# /'
	fi
}

# only PATTERN ALLOWED FILES…: lines with the extended pattern in files whose path does not match ALLOWED.
# Comments and string contents do not count.
only() {
	local pattern=$1 allowed=$2
	shift 2
	printf '%s\n' "$@" | grep -Ev "$allowed" | tr '\n' '\0' | xargs -0r python3 tests/harness/code_only.py "$pattern"
}

done_testing() { echo "1..$number"; }
