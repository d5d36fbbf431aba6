/*
 * budget db check: looks at a database without changing it. One query per subject; every bad finding says what to do.
 */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctx.h"
#include "lib/db.h"
#include "lib/migrate.h"
#include "lib/migrate_file.h"
#include "lib/text.h"

struct look {
	struct budget_ctx *ctx;
	const struct budget_migrate *what;
	PGconn *connection;
	struct budget_migrate_finding *findings;
	int count;
};

static void result_end(PGresult **result) { PQclear(*result); }
static void connection_end(PGconn **connection) { PQfinish(*connection); }
#define _auto_pgresult_ __attribute__((cleanup(result_end)))

static void find(struct look *look, const char *subject, bool is_good, const char *format,
    ...) __attribute__((format(printf, 4, 5)));

static void
find(struct look *look, const char *subject, bool is_good, const char *format, ...)
{
	va_list args;

	if (look->count == BUDGET_MIGRATE_FINDINGS_MAX)
		return;
	va_start(args, format);
	const char *detail = budget_arena_vprintf(&look->ctx->arena, format, args);
	va_end(args);
	look->findings[look->count++] = (struct budget_migrate_finding){ subject, is_good, detail ? detail : "" };
}

static PGresult *
query(const struct look *look, const char *sql)
{
	return PQexec(look->connection, sql);
}

/* First column of all rows joined by commas, at most ten of them; "" when there is no row. */
static const char *
joined(const struct look *look, const PGresult *result)
{
	struct budget_text text;

	budget_text_init(&text, &look->ctx->arena, 128);
	for (int i = 0; i < PQntuples(result) && i < 10; i++)
		budget_text_addf(&text, "%s%s", i ? ", " : "", PQgetvalue(result, i, 0));
	if (PQntuples(result) > 10)
		budget_text_addf(&text, " and %d more", PQntuples(result) - 10);
	const char *done = budget_text_done(&text);
	return done ? done : "";
}

/* A query whose rows are faults: none is good. */
static void
find_none(struct look *look, const char *subject, const char *sql, const char *good, const char *bad)
{
	_auto_pgresult_ PGresult *result = query(look, sql);

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		find(look, subject, false, "could not be read: %s", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
	else if (PQntuples(result) == 0)
		find(look, subject, true, "%s", good);
	else
		find(look, subject, false, "%s: %s", bad, joined(look, result));
}

/* Applied rows against the files of the tree, both ways. */
static enum budget_status
check_migrations(struct look *look)
{
	_auto_pgresult_ PGresult *result = query(look, "SELECT version, checksum FROM budget.migration ORDER BY version");
	struct budget_migrate_files files;
	size_t missing = 0, known = 0;
	const char *changed = NULL;

	if (PQresultStatus(result) != PGRES_TUPLES_OK) {
		const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
		bool is_forbidden = state && strcmp(state, "42501") == 0;
		find(look, "migrations", false,
		    is_forbidden ? "the login %s may not look: connect as the role that runs migrations"
		    : "no schema budget here (login %s): run `budget db migrate`", PQuser(look->connection));
		return BUDGET_OK;
	}
	BUDGET_TRY(budget_migrate_list(look->ctx, budget_arena_printf(&look->ctx->arena, "%s/migrations",
	    look->what->sql_dir), &files));
	for (size_t i = 0; i < files.count; i++) {
		char checksum[MIGRATE_CHECKSUM_SIZE];
		const char *text, *version = budget_migrate_version(look->ctx, files.paths[i]);
		int row = 0;
		BUDGET_TRY(budget_migrate_read(look->ctx, files.paths[i], &text));
		budget_migrate_checksum(text, checksum);
		while (row < PQntuples(result) && strcmp(PQgetvalue(result, row, 0), version) != 0)
			row++;
		if (row == PQntuples(result))
			missing++;
		else if (strcmp(PQgetvalue(result, row, 1), checksum) != 0)
			changed = version;
		known += row < PQntuples(result);
	}
	if (changed)
		find(look, "migrations", false, "%s was applied with another content: restore the file", changed);
	else if (missing)
		find(look, "migrations", false, "%zu not applied: run `budget db migrate`", missing);
	else if (known < (size_t)PQntuples(result))
		find(look, "migrations", false,
		    "%zu applied ones are not in this tree: the database belongs to a newer release",
		    (size_t)PQntuples(result) - known);
	else
		find(look, "migrations", true, "%zu applied, all unchanged", files.count);
	return BUDGET_OK;
}

/* Every text of the statement catalogue must be understood: that is functions present, with these arguments. */
static void
check_statements(struct look *look)
{
	const char *first = NULL, *reason = NULL;
	int bad = 0;

	for (int i = 0; i < STMT_COUNT; i++) {
		_auto_pgresult_ PGresult *result = PQprepare(look->connection, "",
		    budget_statement_sql((enum budget_statement)i), 0, NULL);
		if (PQresultStatus(result) == PGRES_COMMAND_OK)
			continue;
		const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
		if (bad++ == 0) {
			first = budget_statement_name((enum budget_statement)i);
			reason = budget_arena_strdup(&look->ctx->arena, message ? message : "unknown");
		}
	}
	if (bad)
		find(look, "functions", false, "%d of %d calls do not fit, first %s: %s; run `budget db migrate`", bad,
		    STMT_COUNT, first, reason);
	else
		find(look, "functions", true, "all %d calls of this build fit", STMT_COUNT);
}

static void
check_roles(struct look *look)
{
	_auto_pgresult_ PGresult *result = query(look,
	    "SELECT pg_get_userbyid(n.nspowner), r.rolsuper FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname = 'budget'");

	if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1)
		return; /* said by the migrations already */
	const char *owner = PQgetvalue(result, 0, 0);
	if (strcmp(owner, "budget_owner") != 0) {
		bool is_super = *PQgetvalue(result, 0, 1) == 't';
		find(look, "roles", !is_super, "single-role mode: %s owns everything%s", owner,
		    is_super ? " and is a superuser, whom row-level security does not stop" : "");
		return;
	}
	find_none(look, "roles",
	    "SELECT rolname FROM pg_roles WHERE rolname LIKE 'budget\\_%' AND (rolsuper OR rolbypassrls) UNION ALL "
	    "SELECT 'absent: ' || name FROM unnest(ARRAY['budget_owner', 'budget_engine', 'budget_app', 'budget_readonly']) AS name "
	    "WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)",
	    "budget_owner, budget_engine, budget_app, budget_readonly", "these would pass row-level security");
	find_none(look, "privileges",
	    "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'budget'::regnamespace AND c.relkind IN ('r', 'p', 'v') "
	    "AND has_table_privilege('budget_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE') UNION ALL "
	    "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'budget'::regnamespace AND p.prosecdef "
	    "AND (pg_get_userbyid(p.proowner) NOT IN ('budget_engine', 'budget_owner') "
	    /* the hot path names everything in full: SET would cost there */
	    "OR (p.proconfig IS NULL AND p.proname NOT IN ('ledger_run', 'ledger_check')) "
	    "OR has_function_privilege('public', p.oid, 'EXECUTE')) ORDER BY 1",
	    "budget_app reaches functions only; every SECURITY DEFINER function sets its search_path",
	        "too much is allowed on");
}

enum budget_status
budget_migrate_check(struct budget_ctx *ctx, const struct budget_migrate *what,
    struct budget_migrate_finding findings[BUDGET_MIGRATE_FINDINGS_MAX], int *ret_count)
{
	__attribute__((cleanup(connection_end))) PGconn *connection = PQconnectdb(what->url);
	struct look look = { ctx, what, connection, findings, 0 };

	if (PQstatus(connection) != CONNECTION_OK)
		return budget_fail(ctx, BUDGET_EBUSY, "database_unavailable", NULL, "%s", PQerrorMessage(connection));
	PQclear(query(&look, "SET client_min_messages = error; SET statement_timeout = '10s'; SET timezone = 'UTC'"));
	find(&look, "server", PQserverVersion(connection) >= 150000, "PostgreSQL %d.%d, database %s",
	    PQserverVersion(connection) / 10000,
	    PQserverVersion(connection) % 10000, PQdb(connection));
	BUDGET_TRY(check_migrations(&look));
	if (look.findings[look.count - 1].is_good) {
		check_statements(&look);
		check_roles(&look);
		find_none(&look, "row security",
		    "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped "
		    "WHERE c.relnamespace = 'budget'::regnamespace AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity "
		    "AND (c.relispartition OR EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid))) ORDER BY 1",
		    "forced on every table that has a tenant", "not forced on");
		find_none(&look, "partitions",
		    "SELECT 'until ' || coalesce(to_char(end_at, 'YYYY-MM-DD'), 'never made') FROM budget.partitions_range() "
		    "WHERE coalesce(first_at > now() OR end_at < now() + interval '35 days', true)",
		    "made for this month and the next", "too few, run the job partitions");
		find_none(&look, "settings",
		    "SELECT 'none published' WHERE NOT EXISTS (SELECT FROM budget.setting_effective)",
		    "published for the rules", "run `budget db migrate`");
	}
	*ret_count = look.count;
	return BUDGET_OK;
}
