# The private PostgreSQL cluster: made once, configured at every start, reached over its unix socket only. Sourced.

# Memory of this machine (or of its control group) in MiB.
memory_mb() {
	local total limit
	total=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
	limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null)
	case $limit in
	'' | max) ;;
	*) [ $((limit / 1048576)) -ge "$total" ] || total=$((limit / 1048576)) ;;
	esac
	echo "$total"
}

make_cluster() {
	local data=$BUDGET_HOME/pg
	PG_BIN=$(postgresql_bin "$(cat "$data/PG_VERSION" 2>/dev/null)") ||
		die $EX_UNAVAILABLE "the data of $data are of PostgreSQL $(cat "$data/PG_VERSION"), whose programs are not installed"
	if [ ! -e "$data/PG_VERSION" ]; then
		rm -rf "$data.new" # of a start that was killed half way
		as_account "$PG_BIN/initdb" -D "$data.new" -U postgres --auth-local=peer --auth-host=reject -E UTF8 --locale=C.UTF-8 \
			--data-checksums >"$BUDGET_HOME/log/initdb.log" 2>&1 ||
			{ tail -n 5 "$BUDGET_HOME/log/initdb.log" >&2; die $EX_SOFTWARE "initdb failed; all it said is in $BUDGET_HOME/log/initdb.log"; }
		echo "include 'budget.conf'" | as_account tee -a "$data.new/postgresql.conf" >/dev/null
		as_account mv "$data.new" "$data"
	fi
	cluster_conf | as_account tee "$data/budget.conf" >/dev/null
	printf 'local all all peer map=budget\n' | as_account tee "$data/pg_hba.conf" >/dev/null
	cluster_ident | as_account tee "$data/pg_ident.conf" >/dev/null
}

cluster_conf() {
	local memory shared
	memory=$(memory_mb)
	shared=$((memory / 8))
	[ $shared -ge 64 ] || shared=64
	[ $shared -le 1024 ] || shared=1024
	cat <<-CONF
		# Written at every start by run_budget.sh; put your own settings into local.conf beside this file.
		listen_addresses = ''
		unix_socket_directories = '$RUN'
		unix_socket_permissions = 0700
		port = 5432
		max_connections = 120
		# every acknowledged commit is kept
		fsync = on
		synchronous_commit = on
		full_page_writes = on
		# after a crash: one call instead of fsync for each of 1,500 files, before it serves again
		recovery_init_sync_method = syncfs
		# small machine
		shared_buffers = ${shared}MB
		effective_cache_size = $((memory / 2))MB
		work_mem = 8MB
		maintenance_work_mem = 64MB
		huge_pages = off
		jit = off
		random_page_cost = 1.1
		wal_compression = on
		min_wal_size = 128MB
		max_wal_size = 1GB
		checkpoint_timeout = 10min
		autovacuum_naptime = 15s
		# log
		log_destination = 'stderr'
		logging_collector = off
		log_line_prefix = '%m [%p] %u '
		log_checkpoints = off
		log_timezone = 'UTC'
		timezone = 'UTC'
		include_if_exists 'local.conf'
	CONF
}

# Whoever runs the home is every role of it; root is too, for the person at the machine.
cluster_ident() {
	local user role
	for user in "$ACCOUNT" root; do
		for role in postgres budget_owner budget_engine budget_app budget_readonly; do
			printf 'budget "%s" %s\n' "$user" "$role"
		done
	done
}

is_database_up() { as_account "$PG_BIN/pg_isready" -q -h "$RUN" -d postgres; }

# sql_as_admin DATABASE SQL: one value.
sql_as_admin() { as_account "$PG_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$RUN" -U postgres -d "$1" -c "$2"; }

make_database() {
	[ "$(sql_as_admin postgres "SELECT 1 FROM pg_database WHERE datname = 'budget'")" = 1 ] ||
		sql_as_admin postgres "CREATE DATABASE budget" || die $EX_SOFTWARE "cannot make the database budget"
}
