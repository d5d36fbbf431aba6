# Small words that every part of run_budget.sh uses. Sourced.

readonly EX_USAGE=64 EX_UNAVAILABLE=69 EX_SOFTWARE=70 EX_TEMPFAIL=75 EX_NOPERM=77 EX_CONFIG=78

# The caller's environment, before settings are read into the same names.
GIVEN_HOME=${BUDGET_HOME:-} GIVEN_PORT=${BUDGET_PORT:-}

# again [home] [port]: this command as the caller has to type it next, with what stood before its name.
again() {
	local word line=
	for word in "$@"; do
		case $word in
		home) [ -z "$GIVEN_HOME" ] || line="$line$(printf 'BUDGET_HOME=%q ' "$GIVEN_HOME")" ;;
		port) [ -z "$GIVEN_PORT" ] || line="${line}BUDGET_PORT=$GIVEN_PORT " ;;
		esac
	done
	printf '%s' "$line$0"
}

say() { printf '%s\n' "$*"; }
warn() { printf 'run_budget.sh: %s\n' "$*" >&2; }
die() { # die CODE MESSAGE: one line, no trace
	local code=$1
	shift
	warn "$*"
	exit "$code"
}

is_root() { [ "$(id -u)" = 0 ]; }

# As the account that runs the home. An ordinary user is that account already. _exec: instead of this shell.
as_account() { (as_account_exec "$@"); }
as_account_exec() {
	cd / || return 1
	if is_root && [ "$ACCOUNT" != root ]; then
		export HOME=$BUDGET_HOME USER=$ACCOUNT LOGNAME=$ACCOUNT
		exec setpriv --reuid="$ACCOUNT" --regid="$(id -g "$ACCOUNT")" --init-groups "$@"
	fi
	exec "$@"
}

# True while process $1 runs and is the one that started at tick $2 (a pid alone may have been given to another).
is_process() {
	[ "${1:-0}" -gt 0 ] && [ -r "/proc/$1/stat" ] && [ "$(process_start "$1")" = "$2" ] && ! is_zombie "$1"
}
process_start() { # field 22 of stat; the name in parentheses may hold anything
	local line
	line=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	line=${line##*) }
	# shellcheck disable=SC2086 # words wanted
	set -- $line
	echo "${20:-0}"
}
is_zombie() {
	local line
	line=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	line=${line##*) }
	[ "${line%% *}" = Z ]
}

# wait_until SECONDS COMMAND…: looks every 50 ms until it is true; false when the time is over.
wait_until() {
	local until=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$until" ] || return 1
		sleep 0.05
	done
}
