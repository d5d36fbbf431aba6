# BUDGET_HOME: whose it is, what is in it, who runs there. Sourced.
#   pg/ cluster   log/ one file a service   app/ the installation that runs   spool/ usage waiting for the database
#   tls/ secrets/ of production   run/ sockets, supervisor's table and state, web server configuration

# Root never runs servers: the account that owns an existing home does, else `budget`, made when absent.
choose_account() {
	ACCOUNT=$(id -un)
	is_root || return 0
	local owner
	owner=$(stat -c %U "$BUDGET_HOME/pg" 2>/dev/null || echo root)
	if [ "$owner" != root ] && [ "$owner" != UNKNOWN ]; then
		ACCOUNT=$owner
		return 0
	fi
	ACCOUNT=budget
	getent passwd budget >/dev/null && return 0
	useradd --system --user-group --no-create-home --home-dir /var/lib/budget --shell /usr/sbin/nologin budget ||
		die $EX_NOPERM "cannot make the account budget, which PostgreSQL and the handlers run as"
}

# Makes the home for the account. Where that account cannot enter the default place, /var/lib/budget is used.
make_home() {
	mkdir -p "$BUDGET_HOME" 2>/dev/null || die $EX_NOPERM "cannot make $BUDGET_HOME: set BUDGET_HOME to a folder that can be written"
	BUDGET_HOME=$(cd "$BUDGET_HOME" && pwd -P)
	choose_account
	if is_root && [ "$ACCOUNT" != root ]; then
		own_home
		if ! as_account test -w "$BUDGET_HOME" -a -x "$BUDGET_HOME"; then
			[ "$HOME_IS_DEFAULT" = yes ] ||
				die $EX_NOPERM "account $ACCOUNT cannot enter $BUDGET_HOME; choose a BUDGET_HOME whose parent folders it may enter"
			say "Account $ACCOUNT cannot enter $BUDGET_HOME, so BUDGET_HOME is /var/lib/budget."
			rmdir "$BUDGET_HOME" 2>/dev/null
			BUDGET_HOME=/var/lib/budget
			mkdir -p "$BUDGET_HOME"
			choose_account
			own_home
		fi
	fi
	[ -w "$BUDGET_HOME" ] || die $EX_NOPERM "cannot write $BUDGET_HOME, which belongs to $(stat -c %U "$BUDGET_HOME")"
	as_account mkdir -p -m 0700 "$BUDGET_HOME/log" "$BUDGET_HOME/spool" "$BUDGET_HOME/secrets"
	choose_run_dir
	! is_root || find "$RUN" ! -user "$ACCOUNT" -exec chown -h "$ACCOUNT:" {} + # what root touched there
	as_account mkdir -p -m 0700 "$RUN/uploads" "$RUN/problems"
}

own_home() {
	[ "$(stat -c %U "$BUDGET_HOME")" = "$ACCOUNT" ] || chown "$ACCOUNT:" "$BUDGET_HOME"
}

# Sockets live in $BUDGET_HOME/run. A socket path may have 107 bytes, and configuration files cannot quote every sign:
# then a short private folder is made, remembered in the home, and used only while it is still ours.
choose_run_dir() {
	local owner
	RUN=$BUDGET_HOME/run
	if [ ${#RUN} -le 80 ] && ! printf '%s' "$RUN" | LC_ALL=C grep -q '[^A-Za-z0-9/._+-]'; then
		as_account mkdir -p -m 0700 "$RUN"
		return 0
	fi
	RUN=$(cat "$BUDGET_HOME/run-folder" 2>/dev/null)
	owner=$(stat -c %U:%a "${RUN:-/none}" 2>/dev/null)
	if [ -z "$RUN" ] || [ -L "$RUN" ] || [ "$owner" != "$ACCOUNT:700" ]; then
		RUN=$(as_account mktemp -d /tmp/budget-XXXXXX) || die $EX_NOPERM "cannot make a folder for sockets in /tmp"
		printf '%s\n' "$RUN" | as_account tee "$BUDGET_HOME/run-folder" >/dev/null
	fi
}

# The run folder of an existing home, without making anything. False: there is none.
find_run_dir() {
	RUN=$BUDGET_HOME/run
	[ ! -e "$BUDGET_HOME/run-folder" ] || RUN=$(cat "$BUDGET_HOME/run-folder")
	[ -d "$RUN" ]
}

# One start at a time: a second one waits here, then finds the first one's work.
lock_start() {
	exec {START_LOCK}>>"$BUDGET_HOME/start.lock" || die $EX_NOPERM "cannot write $BUDGET_HOME/start.lock"
	flock -w 900 "$START_LOCK" || die $EX_TEMPFAIL "another start of this home is still under way"
}
unlock_start() { exec {START_LOCK}>&-; }

# True while a supervisor runs this home: it holds the lock as long as it lives.
is_running() {
	[ -e "$RUN/lock" ] && ! flock -n "$RUN/lock" true
}

# State of the supervisor: name pid start restarts, a line each.
each_process() { [ ! -r "$RUN/state" ] || cat "$RUN/state"; }

process_of() { each_process | awk -F '\t' -v name="$1" '$1 == name { print $2 }'; }

# Ends what a killed supervisor left behind. Its services got their stop signal when it died; this waits for them.
reap_leftovers() {
	local name pid start _ data=$BUDGET_HOME/pg
	while IFS=$'\t' read -r name pid start _; do
		[ "$name" != supervisor ] && is_process "$pid" "$start" || continue
		wait_until 10 gone "$pid" "$start" && continue
		warn "$name (pid $pid) of an earlier run does not end: killing it"
		kill -KILL "$pid" 2>/dev/null
		wait_until 5 gone "$pid" "$start"
	done < <(each_process)
	rm -f "$RUN/state"
	# backends that outlived a killed postmaster keep its shared memory, and a new one would not start beside them
	for _ in 1 2 3; do
		name=$(for pid in /proc/[0-9]*; do [ "$(readlink "$pid/cwd" 2>/dev/null)" = "$data" ] && echo "${pid#/proc/}"; done)
		[ -n "$name" ] || break
		# shellcheck disable=SC2086 # words wanted
		kill -QUIT $name 2>/dev/null
		sleep 0.3
	done
	if [ -e "$data/postmaster.pid" ]; then
		pid=$(head -n 1 "$data/postmaster.pid")
		[ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$data" ] || rm -f "$data/postmaster.pid" # the number may be another's now
	fi
}
gone() { ! is_process "$1" "$2"; }
