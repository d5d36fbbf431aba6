/*
 * The order matters and stands here once: roles -> migrations -> functions and grants -> install -> catalogue.
 * tests/harness/db.sh repeats it with psql for people who work on SQL.
 */
#include "lib/migrate.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/migrate_file.h"
#include "lib/settings.h"
#include "lib/text.h"

#define SERVER_VERSION_MIN 150000
/* Key of the advisory lock: "BUDG" and 1, in the two-integer space nobody else here uses. */
#define LOCK_KEY "1112884295, 1"

struct run {
	struct budget_ctx *ctx;
	const struct budget_migrate *what;
	PGconn *connection;
	bool is_single; /* single-role mode, decided by roles.sql */
};

static void result_end(PGresult **result) { PQclear(*result); }
static void connection_end(PGconn **connection) { PQfinish(*connection); }
#define _auto_pgresult_ __attribute__((cleanup(result_end)))

static void say(const struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
say(const struct run *run, const char *format, ...)
{
	va_list args;

	if (!run->what->progress)
		return;
	va_start(args, format);
	const char *line = budget_arena_vprintf(&run->ctx->arena, format, args);
	va_end(args);
	run->what->progress(run->what->user, line ? line : "…");
}

/* Line of the text in which the server found the fault; 0 when it did not say. */
static int
fault_line(const PGresult *result, const char *sql)
{
	const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	long left = position ? strtol(position, NULL, 10) : 0;
	int line = left > 0;

	for (const char *byte = sql; left > 1 && *byte; byte++) {
		if (((unsigned char)*byte & 0xC0) != 0x80) /* the position counts characters, not bytes */
			left--;
		line += *byte == '\n';
	}
	return line;
}

static enum budget_status
refuse(struct run *run, const PGresult *result, const char *sql, const char *path)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *where = PQresultErrorField(result, PG_DIAG_CONTEXT);
	int line = path ? fault_line(result, sql) : 0;
	char place[32] = "";

	if (PQstatus(run->connection) == CONNECTION_BAD)
		return budget_fail(run->ctx, BUDGET_EBUSY, "database_unavailable", NULL,
		    "The database went away during the migration: start it and run this again.");
	if (line)
		snprintf(place, sizeof place, ":%d", line);
	return budget_fail(run->ctx, BUDGET_EBUG, "migration_failed", NULL, "%s%s: %s%s%s", path ? path : "database", place,
	    message ? message : PQerrorMessage(run->connection), where ? " | " : "", where ? where : "");
}

/* Runs one text, maybe of many statements; path names it in errors. */
static enum budget_status
execute(struct run *run, const char *sql, const char *path)
{
	_auto_pgresult_ PGresult *result = PQexec(run->connection, sql);

	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_EMPTY_QUERY:
		return BUDGET_OK;
	default:
		return refuse(run, result, sql, path);
	}
}

static enum budget_status
execute_file(struct run *run, const char *path)
{
	const char *text;

	BUDGET_TRY(budget_migrate_read(run->ctx, path, &text));
	return execute(run, text, path);
}

/* One value of a one-row query with text parameters, copied into the arena; NULL for SQL NULL or no row. */
static enum budget_status
value(struct run *run, const char *sql, int count, const char *const *values, const char **ret_value)
{
	_auto_pgresult_ PGresult *result = PQexecParams(run->connection, sql, count, NULL, values, NULL, NULL, 0);

	if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
		return refuse(run, result, sql, NULL);
	*ret_value = NULL;
	if (PQntuples(result) > 0 && PQnfields(result) > 0 && !PQgetisnull(result, 0, 0))
		*ret_value = budget_arena_strdup(&run->ctx->arena, PQgetvalue(result, 0, 0));
	return BUDGET_OK;
}

static enum budget_status
connect_owner(struct run *run)
{
	run->connection = PQconnectdb(run->what->url);
	if (PQstatus(run->connection) != CONNECTION_OK)
		return budget_fail(run->ctx, BUDGET_EBUSY, "database_unavailable", NULL, "%s", PQerrorMessage(run->connection));
	if (PQserverVersion(run->connection) < SERVER_VERSION_MIN)
		return budget_fail(run->ctx, BUDGET_EBUSY, "database_too_old", NULL,
		    "PostgreSQL 15 or newer is needed, this server is %d.", PQserverVersion(run->connection) / 10000);
	return execute(run, "SET client_min_messages = warning; SET statement_timeout = 0; SET lock_timeout = '60s';"
	    " SET search_path = pg_catalog, pg_temp; SET timezone = 'UTC'", NULL);
}

static enum budget_status
lock(struct run *run)
{
	const char *is_free;

	BUDGET_TRY(value(run, "SELECT pg_try_advisory_lock(" LOCK_KEY ")", 0, NULL, &is_free));
	if (is_free && *is_free == 't')
		return BUDGET_OK;
	say(run, "another migration runs on this database: waiting for it");
	return execute(run, "SELECT pg_advisory_lock(" LOCK_KEY ")", NULL);
}

static enum budget_status
apply_roles(struct run *run)
{
	const char *mode;

	BUDGET_TRY(execute_file(run, budget_arena_printf(&run->ctx->arena, "%s/roles.sql", run->what->sql_dir)));
	BUDGET_TRY(value(run, "SELECT current_setting('budget.role_mode')", 0, NULL, &mode));
	run->is_single = !mode || strcmp(mode, "roles") != 0;
	if (run->is_single)
		say(run, "warning: this login may not use the roles budget_owner, budget_engine, budget_app, budget_readonly: "
		    "it owns and runs everything itself (single-role mode)");
	else
		say(run, "roles      budget_owner, budget_engine, budget_app, budget_readonly");
	return BUDGET_OK;
}

static enum budget_status
apply_migration(struct run *run, const char *path, bool *ret_is_new)
{
	char checksum[MIGRATE_CHECKSUM_SIZE];
	const char *text, *applied, *version = budget_migrate_version(run->ctx, path);

	BUDGET_TRY(budget_migrate_read(run->ctx, path, &text));
	budget_migrate_checksum(text, checksum);
	const char *row[] = { version, checksum };
	BUDGET_TRY(value(run, "SELECT checksum FROM budget.migration WHERE version = $1", 1, row, &applied));
	*ret_is_new = applied == NULL;
	if (applied && strcmp(applied, checksum) != 0)
		return budget_fail(run->ctx, BUDGET_ECONFLICT, "migration_changed", NULL,
		    "%s has changed since it was applied (%.12s then, %.12s now). Migrations only go forward: restore the file "
		    "and put the change into a new one.", path, applied, checksum);
	if (applied)
		return BUDGET_OK;
	BUDGET_TRY(execute(run, run->is_single ? "BEGIN" : "BEGIN; SET LOCAL ROLE budget_owner", NULL));
	BUDGET_TRY(value(run, "INSERT INTO budget.migration (version, checksum) VALUES ($1, $2)", 2, row, &applied));
	BUDGET_TRY(execute(run, text, path));
	BUDGET_TRY(execute(run, "COMMIT", NULL));
	say(run, "migration  %s", version);
	return BUDGET_OK;
}

/* Functions of an older tree over the tables of a newer one would be a silent step back. */
static enum budget_status
refuse_newer(struct run *run, const struct budget_migrate_files *files)
{
	const char *last[] = { files->count ? budget_migrate_version(run->ctx, files->paths[files->count - 1]) : "" },
	    *newer;

	BUDGET_TRY(value(run, "SELECT max(version COLLATE \"C\") FROM budget.migration WHERE version COLLATE \"C\" > $1", 1,
	    last, &newer));
	if (!newer)
		return BUDGET_OK;
	return budget_fail(run->ctx, BUDGET_ECONFLICT, "database_newer", NULL,
	    "This database was migrated by a newer release (%s, this one ends with %s): start that release instead.", newer,
	        last[0]);
}

static enum budget_status
apply_migrations(struct run *run)
{
	struct budget_migrate_files files;
	int applied = 0;

	BUDGET_TRY(budget_migrate_list(run->ctx, budget_arena_printf(&run->ctx->arena, "%s/migrations", run->what->sql_dir),
	    &files));
	BUDGET_TRY(refuse_newer(run, &files));
	for (size_t i = 0; i < files.count; i++) {
		bool is_new;
		BUDGET_TRY(apply_migration(run, files.paths[i], &is_new));
		applied += is_new;
	}
	if (applied == 0)
		say(run, "migrations up to date (%zu)", files.count);
	return BUDGET_OK;
}

/* Callers see the old functions or the new ones with their privileges, never a mixture. */
static enum budget_status
apply_functions(struct run *run)
{
	struct budget_migrate_files files;

	BUDGET_TRY(budget_migrate_list(run->ctx, budget_arena_printf(&run->ctx->arena, "%s/functions", run->what->sql_dir),
	    &files));
	BUDGET_TRY(execute(run, "BEGIN; SET LOCAL check_function_bodies = off; SET LOCAL budget.replacing = 'on'", NULL));
	for (size_t i = 0; i < files.count; i++)
		BUDGET_TRY(execute_file(run, files.paths[i]));
	BUDGET_TRY(execute_file(run, budget_arena_printf(&run->ctx->arena, "%s/grants.sql", run->what->sql_dir)));
	BUDGET_TRY(execute(run, "COMMIT", NULL));
	say(run, "functions  %zu files replaced, privileges and row-level security set", files.count);
	return BUDGET_OK;
}

/* The database layer, which only counts now: what PUT /settings stored must survive a start. */
static enum budget_status
read_stored_settings(struct run *run)
{
	const char *sql = "SELECT name, value FROM budget.setting_stored()";
	_auto_pgresult_ PGresult *rows = PQexec(run->connection, sql);

	if (PQresultStatus(rows) != PGRES_TUPLES_OK)
		return refuse(run, rows, sql, NULL);
	for (int i = 0; i < PQntuples(rows); i++)
		budget_settings_stored(run->ctx, run->what->settings, PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1));
	return BUDGET_OK;
}

/* What budget.install() did, a line each. */
static enum budget_status
apply_install(struct run *run)
{
	const char *settings[] = { "{}" };

	if (run->what->settings) {
		BUDGET_TRY(read_stored_settings(run));
		settings[0] = budget_settings_publication(run->ctx, run->what->settings);
	}
	const char *sql = "SELECT budget.install($1::jsonb)";
	_auto_pgresult_ PGresult *result = PQexecParams(run->connection, sql, 1, NULL, settings, NULL, NULL, 0);

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		return refuse(run, result, sql, NULL);
	for (int i = 0; i < PQntuples(result); i++)
		say(run, "install    %s", PQgetvalue(result, i, 0));
	return BUDGET_OK;
}

/* The price catalogue, a file per kind in this order; one that is not there is skipped. */
static enum budget_status
apply_catalogue(struct run *run)
{
	static const char *const kinds[] = { "providers", "tiers", "models", "aliases", "prices", NULL };

	for (const char *const *kind = kinds; *kind; kind++) {
		const char *path = budget_arena_printf(&run->ctx->arena, "%s/catalogue/%s.csv", run->what->sql_dir, *kind);
		const char *values[] = { *kind, NULL }, *line;
		if (!path || access(path, F_OK) != 0)
			continue;
		BUDGET_TRY(budget_migrate_read(run->ctx, path, &values[1]));
		BUDGET_TRY(value(run, "SELECT budget.catalogue_load($1, $2)", 2, values, &line));
		say(run, "%s", line ? line : *kind);
	}
	return BUDGET_OK;
}

static enum budget_status
apply_all(struct run *run)
{
	BUDGET_TRY(connect_owner(run));
	BUDGET_TRY(lock(run));
	BUDGET_TRY(apply_roles(run));
	BUDGET_TRY(apply_migrations(run));
	BUDGET_TRY(apply_functions(run));
	BUDGET_TRY(apply_install(run));
	return apply_catalogue(run);
}

enum budget_status
budget_migrate(struct budget_ctx *ctx, const struct budget_migrate *what)
{
	struct run run = { .ctx = ctx, .what = what };
	enum budget_status status = apply_all(&run);

	connection_end(&run.connection); /* an open transaction ends with it, and so does the lock */
	return status;
}
