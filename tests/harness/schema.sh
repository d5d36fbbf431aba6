#!/bin/sh
# Prints what a fresh install is, for a person who reviews a migration: `make schema` puts it into sql/schema.sql, and a test
# compares. Left out: functions (each stands in its own file), monthly partitions, and what differs by server build.
# Uses a throw-away cluster of db.sh, or the connection string given as argument.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
url=${1:-}
if [ -z "$url" ]; then
	BUDGET_TEST_DB_DIR=$(mktemp -u "${TMPDIR:-/tmp}/budget-schema-XXXXXX")
	export BUDGET_TEST_DB_DIR
	trap '"$here/db.sh" down' EXIT
	url=$("$here/db.sh" up)
fi
echo "-- What sql/roles.sql, sql/migrations and sql/grants.sql make of an empty database, without functions and partitions."
echo "-- Generated: make schema. Do not edit."
pg_dump --schema-only -n budget -T 'budget.hold_2*' -T 'budget.usage_record_2*' -d "$url" | awk '
	/^-- Name: .*; Type: / { skip = / Type: FUNCTION;/ || /^-- Name: FUNCTION / || /FUNCTION .*; Type: (ACL|COMMENT);/ }
	/^(SET |SELECT pg_catalog.set_config|\\(un)?restrict )/ { next }
	/^--($| Dumped| PostgreSQL database dump)/ { next }
	skip { next }
	/^$/ { blank = 1; next }
	{ if (blank) print ""; blank = 0; print }'
