# The services of a home: table of the supervisor, start in two steps (database first), readiness. Sourced.

# The installation that runs is a copy inside the home: a later build does not change a running house, and the account
# needs no way into the source tree. BUDGET_APP_DIR names one that is used as it is (tests share theirs).
install_app() {
	if [ -n "${BUDGET_APP_DIR:-}" ]; then
		APP=$BUDGET_APP_DIR
		return 0
	fi
	APP=$BUDGET_HOME/app
	rm -rf "$APP.new"
	mkdir -p "$APP.new" && cp -a "$BUILD/app/." "$APP.new/" || die $EX_NOPERM "cannot copy the installation to $APP"
	chmod -R u+rwX,go+rX "$APP.new"
	rm -rf "$APP" && mv "$APP.new" "$APP"
}

# What the programs need to know besides their settings files.
service_environment() {
	local folder=$SOURCE
	if ! as_account test -r "$SOURCE" -a -x "$SOURCE" || ! is_readable_for_account "$SOURCE/.env.budget" ||
		! is_readable_for_account "$SOURCE/config.yaml"; then
		folder=$BUDGET_HOME/config # the account cannot read the settings where they are: a copy, made at every start
		rm -rf "$folder"
		mkdir -m 0700 "$folder"
		cp "$SOURCE/.env.budget" "$SOURCE/config.yaml" "$folder/" 2>/dev/null
		chown -R "$ACCOUNT:" "$folder"
	fi
	export BUDGET_HOME BUDGET_DATA_DIR=$APP/share/budget BUDGET_RUN_DIR=$RUN
	export BUDGET_CONFIG_DIR=$folder LC_ALL=C.UTF-8
	[ -z "$BUDGET_ADMIN_KEY" ] || export BUDGET_ADMIN_KEY
	if [ -n "$BUDGET_DATABASE_URL" ]; then
		export BUDGET_DATABASE_URL
		ADMIN_URL=$BUDGET_DATABASE_URL
		return 0
	fi
	BUDGET_DATABASE_URL="host=$RUN dbname=budget user=budget_app" # choose_run_dir: no sign in it that would need quotes
	ADMIN_URL="host=$RUN dbname=budget user=postgres"
	IS_PRIVATE=yes
	export BUDGET_DATABASE_URL
}

is_readable_for_account() { [ ! -e "$1" ] || as_account test -r "$1"; }

service() { # stage name signal sockets program argument…
	local IFS=$'\t'
	printf '%s\n' "$*"
}

table_database() {
	[ "$IS_PRIVATE" != yes ] || service 1 postgres INT - "$PG_BIN/postgres" -D "$BUDGET_HOME/pg"
}

table_all() {
	local program address list=
	table_database
	[ ! -x "$APP/libexec/budget/schedule" ] || service 5 schedule TERM - "$APP/libexec/budget/schedule"
	for program in $(routes | cut -f1 | sort -u); do
		[ ! -x "$APP/libexec/budget/$program.fcgi" ] ||
			service 5 "$program" TERM "$RUN/$program.sock" "$APP/libexec/budget/$program.fcgi" --socket "$RUN/$program.sock"
	done
	for address in $(bind_addresses); do list="$list,tcp:$address:$BUDGET_PORT"; done
	service 9 lighttpd INT "${list#,}" "$(command -v lighttpd)" -D -f "$RUN/lighttpd.conf"
}

write_table() { "$1" | as_account tee "$RUN/services.new" >/dev/null && as_account mv "$RUN/services.new" "$RUN/services"; }

# Starts the supervisor in a session of its own (Ctrl-C at the terminal is ours to pass on) and without our locks.
start_supervisor() {
	local with_us=
	[ "$MODE" != foreground ] || with_us=--die-with-parent
	write_table table_database
	rm -f "$RUN/state"
	(
		exec {START_LOCK}>&-
		# shellcheck disable=SC2086 # a word or none
		as_account_exec setsid "$APP/libexec/budget/supervise" --table "$RUN/services" --lock "$RUN/lock" --state "$RUN/state" \
			--logs "$BUDGET_HOME/log" $with_us </dev/null >>"$BUDGET_HOME/log/supervisor.log" 2>&1
	) &
	SUPERVISOR=$!
	trap abandon EXIT
	wait_until 10 test -s "$RUN/state" || die $EX_SOFTWARE "the supervisor does not start; see $BUDGET_HOME/log/supervisor.log"
}

# A start that fails leaves nothing running.
abandon() {
	local code=$?
	trap - EXIT
	stop_supervisor "$SUPERVISOR"
	exit $code
}

stop_supervisor() {
	local start
	start=$(process_start "$1" 2>/dev/null) || return 0
	kill -TERM "$1" 2>/dev/null || return 1
	wait_until 120 gone "$1" "$start"
}

show_log_end() { # of a service that keeps ending
	[ ! -s "$BUDGET_HOME/log/$1.log" ] || tail -n 5 "$BUDGET_HOME/log/$1.log" >&2
}

wait_for_database() {
	[ "$IS_PRIVATE" = yes ] || return 0
	wait_until 60 is_database_up_or_hopeless
	is_database_up || { show_log_end postgres; die $EX_SOFTWARE "PostgreSQL does not start; see $BUDGET_HOME/log/postgres.log"; }
	make_database
}
is_database_up_or_hopeless() { is_database_up || [ "$(restarts_of postgres)" -ge 8 ]; }
restarts_of() { each_process | awk -F '\t' -v name="$1" '$1 == name { n = $4 } END { print n + 0 }'; }

migrate() {
	BUDGET_DATABASE_URL=$ADMIN_URL as_account "$APP/bin/budget" db migrate >"$RUN/migrate.log" 2>&1 ||
		{ tail -n 10 "$RUN/migrate.log" >&2; die $EX_SOFTWARE "the database could not be brought to this version"; }
}

is_green() {
	local answer
	answer=$(http_get /health) || return 1
	[ "${answer##*$'\n'}" = 200 ]
}

wait_until_green() {
	local name pid _ restarts
	wait_until 60 is_green && return 0
	while IFS=$'\t' read -r name pid _ restarts; do
		[ "$restarts" -lt 3 ] || { warn "$name keeps ending (log: $BUDGET_HOME/log/$name.log)"; show_log_end "$name"; }
	done < <(each_process)
	warn "$(http_get /health | head -c 2000)"
	die $EX_SOFTWARE "not healthy after 60 s; the logs are in $BUDGET_HOME/log"
}
