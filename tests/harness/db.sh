#!/bin/sh
# A throw-away PostgreSQL with the schema of this tree, for people and tests: unix socket only, no port.
#   tests/harness/db.sh up       start it (made when absent) with a fresh database, print the connection string
#   tests/harness/db.sh start    the server alone, without the database
#   tests/harness/db.sh reset    drop the database and make it again from sql/
#   tests/harness/db.sh psql …   psql into it;  `app …` the same as role budget_app
#   tests/harness/db.sh url      the connection string;  `down` stops and deletes everything
# BUDGET_TEST_DB_DIR names another folder. As root the cluster runs as account postgres.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
dir=${BUDGET_TEST_DB_DIR:-${TMPDIR:-/tmp}/budget-db-$(id -u)-$(printf %s "$here" | cksum | cut -d' ' -f1)}
database=${BUDGET_TEST_DB_NAME:-budget}
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || bin=$(dirname "$(command -v initdb || echo /nowhere/initdb)")
[ -x "$bin/initdb" ] || { echo "db.sh: no PostgreSQL server programs found: install postgresql" >&2; exit 69; }
url="host=$dir dbname=$database user=postgres"

server() { # runs a server program as an account that may
	if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid=postgres --regid=postgres --init-groups "$@"); else "$@"; fi
}

sql() { PGOPTIONS='-c client_min_messages=warning' psql -X -q -v ON_ERROR_STOP=1 -d "$url" "$@"; }

start() {
	if [ ! -f "$dir/data/PG_VERSION" ]; then
		rm -rf "$dir"
		mkdir -p "$dir"
		chmod 755 "$dir"
		[ "$(id -u)" != 0 ] || chown postgres "$dir"
		server "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir.log" 2>&1 ||
			{ cat "$dir.log" >&2; exit 70; }
	fi
	server "$bin/pg_ctl" -D "$dir/data" status >/dev/null 2>&1 ||
		server "$bin/pg_ctl" -D "$dir/data" -w -s -l "$dir/server.log" \
			-o "-k '$dir' -c listen_addresses='' -c shared_buffers=64MB -c max_connections=60 -c max_wal_size=256MB \
			-c fsync=off -c full_page_writes=off ${BUDGET_TEST_DB_OPTIONS:-}" start
}

migrations() { # one transaction each, version row first, as `budget db migrate` does
	for file in "$here"/sql/migrations/*.sql; do
		{
			echo "BEGIN; SET LOCAL ROLE budget_owner;"
			echo "INSERT INTO budget.migration (version, checksum) VALUES ('$(basename "$file" .sql)', '$(sha256sum "$file" | cut -d' ' -f1)');"
			cat "$file"
			echo "COMMIT;"
		} | sql >/dev/null || { echo "db.sh: $file failed" >&2; exit 65; }
	done
}

functions() { # base/ first, then by name; all in one transaction with the grants
	{
		echo "SET check_function_bodies = off; BEGIN; SET LOCAL budget.replacing = 'on';"
		cat "$here"/sql/functions/base/*.sql
		find "$here/sql/functions" -name '*.sql' ! -path '*/base/*' | LC_ALL=C sort | xargs cat
		cat "$here/sql/grants.sql"
		echo "COMMIT;"
	} | { cat "$here/sql/roles.sql" -; } | sql >/dev/null
}

catalogue() { # what is there of it, in this order
	for kind in providers tiers models aliases prices; do
		[ ! -f "$here/sql/catalogue/$kind.csv" ] ||
			printf '%s\n' "\\set csv \`cat '$here/sql/catalogue/$kind.csv'\`" "SELECT budget.catalogue_load('$kind', :'csv');" | sql >/dev/null
	done
}

reset() {
	psql -X -q -d "host=$dir dbname=postgres user=postgres" -c "DROP DATABASE IF EXISTS $database WITH (FORCE)" -c "CREATE DATABASE $database" 2>/dev/null
	sql -f "$here/sql/roles.sql" >/dev/null
	migrations
	functions
	sql -c "SELECT budget.install()" >/dev/null
	catalogue
}

case ${1:-} in
up) start; reset; echo "$url" ;;
start) start; echo "host=$dir user=postgres" ;;
reset) reset ;;
functions) functions ;;
url) echo "$url" ;;
psql) shift; exec psql -X -d "$url" "$@" ;;
app) shift; exec psql -X -d "host=$dir dbname=$database user=budget_app" "$@" ;;
down)
	server "$bin/pg_ctl" -D "$dir/data" -m immediate -s stop 2>/dev/null || true
	rm -rf "$dir" "$dir.log" ;;
*) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 64 ;;
esac
