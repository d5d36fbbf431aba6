# start, stop, status, destroy. Sourced.

already_running() {
	say "Budget is already running at $(cat "$RUN/url") (supervisor pid $(process_of supervisor), home $BUDGET_HOME)."
	exit 0
}

# Where an earlier start went, when root could not use the default home.
find_home() {
	if [ "$HOME_IS_DEFAULT" = yes ] && is_root && [ ! -d "$BUDGET_HOME/log" ] &&
		[ "$(cat /var/lib/budget/source 2>/dev/null)" = "$SOURCE" ]; then
		BUDGET_HOME=/var/lib/budget
	fi
	[ -d "$BUDGET_HOME" ] && BUDGET_HOME=$(cd "$BUDGET_HOME" 2>/dev/null && pwd -P) || return 1
	choose_account_quietly
	find_run_dir
}
choose_account_quietly() {
	ACCOUNT=$(stat -c %U "$BUDGET_HOME")
	is_root || ACCOUNT=$(id -un)
}

# Packages, build and settings: what start and --init-production need alike.
prepare_app() {
	ensure_packages $REQUIRED
	[ -n "${BUDGET_APP_DIR:-}" ] || build_app "$BUILD"
	read_settings "${BUDGET_APP_DIR:-$BUILD/app}"
}

start() {
	find_home && is_running && already_running
	prepare_app
	production_check
	make_home
	lock_start
	! is_running || already_running
	reap_leftovers
	check_port
	install_app
	printf '%s\n' "$SOURCE" | as_account tee "$BUDGET_HOME/source" >/dev/null
	service_environment
	[ "$IS_PRIVATE" != yes ] || make_cluster
	write_web_config
	write_endpoint
	start_supervisor
	wait_for_database
	migrate
	write_table table_all
	kill -HUP "$(process_of supervisor)"
	wait_until_green
	unlock_start
	trap - EXIT
	if [ "$MODE" = daemon ]; then
		welcome
	else
		stay
	fi
}

welcome() {
	say "Budget is ready: $(base_url)"
	say "  command   $APP/bin/budget --help"
	say "  logs      $BUDGET_HOME/log"
	if [ "$MODE" = daemon ]; then say "  stop      $(again home) stop"; else say "  stop      Ctrl-C"; fi
}

# In the foreground until somebody stops us or the supervisor ends.
stay() {
	local logs=
	trap 'stop_supervisor "$SUPERVISOR"; [ -z "$logs" ] || kill "$logs" 2>/dev/null; say "Stopped."; exit 0' INT TERM HUP
	welcome
	if [ "$DEBUG" = yes ]; then
		tail -q -n 0 -F "$BUDGET_HOME"/log/*.log 2>/dev/null &
		logs=$!
	fi
	wait "$SUPERVISOR"
	[ -z "$logs" ] || kill "$logs" 2>/dev/null
	if is_stopped_by_command; then
		say "Stopped."
		exit 0
	fi
	die $EX_SOFTWARE "the supervisor ended; see $BUDGET_HOME/log/supervisor.log, and start again"
}
is_stopped_by_command() { [ ! -e "$RUN/state" ]; } # the supervisor takes its state away when it stops in order

stop() {
	find_home || { say "Budget is not running ($BUDGET_HOME does not exist)."; return 0; }
	if ! is_running; then
		reap_leftovers
		say "Budget is not running (home $BUDGET_HOME)."
		return 0
	fi
	stop_supervisor "$(process_of supervisor)" ||
		die $EX_NOPERM "cannot stop it: it runs as account $(stat -c %U "$RUN/state"); do it as that account or as root"
	say "Stopped."
}

# Exit code 0: healthy; 1: runs, but /health is not green; 3: not running.
status() {
	if ! find_home || ! is_running; then
		say "Budget is not running (home $BUDGET_HOME)."
		exit 3
	fi
	local answer code name pid restarts
	answer=$(http_get /health)
	code=${answer##*$'\n'}
	say "Budget is running at $(cat "$RUN/url"), home $BUDGET_HOME, account $ACCOUNT"
	while IFS=$'\t' read -r name pid _ restarts; do
		printf '  %-12s pid %-8s restarts %s\n' "$name" "$pid" "$restarts"
	done < <(each_process)
	case $answer in
	'{"status":"healthy"'*) say "health: healthy" ;;
	*) say "health: ${answer%$'\n'*}" ;;
	esac
	[ "$code" = 200 ] || exit 1
}

# Deletes what we made in the home, and the home when nothing else is in it.
destroy() {
	find_home || { say "There is nothing at $BUDGET_HOME."; return 0; }
	if [ "$ASSUME_YES" != yes ]; then
		[ -t 0 ] || die $EX_USAGE "destroy asks before it deletes: run it in a terminal, or say: $(again home) destroy --yes"
		printf 'Delete all budgets, usage and logs under %s? Type yes: ' "$BUDGET_HOME"
		local answer
		read -r answer
		[ "$answer" = yes ] || { say "Nothing was deleted."; return 0; }
	fi
	stop
	local name
	[ "$RUN" = "$BUDGET_HOME/run" ] || rm -rf "$RUN"
	for name in pg pg.new log app app.new config spool secrets tls run run-folder source start.lock; do
		rm -rf "${BUDGET_HOME:?}/$name"
	done
	rmdir "$BUDGET_HOME" 2>/dev/null || [ ! -d "$BUDGET_HOME" ] || say "Kept $BUDGET_HOME: there are files in it that are not ours."
	say "Deleted."
}
