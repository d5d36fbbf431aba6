/* Statements on the context's connection, and what their errors mean. The connections themselves: pool.c. */
#include "lib/db.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/ctx.h"
#include "lib/pool.h"
#include "lib/when.h"

/* Longer than any statement may take (session_open: 5 s) and a commit on a busy disk: beyond it the server hangs. */
static int64_t patience_us = 12 * 1000000LL;

static _Atomic long deadlocks;

/* A PGresult under another name, so that libpq stays in here. */
static PGresult *
pg(const struct budget_result *result)
{
	return (PGresult *)(uintptr_t)result;
}

void
budget_result_clear(struct budget_result **result)
{
	PQclear(pg(*result));
	*result = NULL;
}

int
budget_result_rows(const struct budget_result *result)
{
	return PQntuples(pg(result));
}

const char *
budget_result_text(const struct budget_result *result, int row, int column)
{
	return PQgetisnull(pg(result), row, column) ? NULL : PQgetvalue(pg(result), row, column);
}

/* A copy of a diagnostic field, or NULL when the server sent none or an empty one. */
static const char *
field_of(struct budget_ctx *ctx, const PGresult *result, int code)
{
	const char *text = PQresultErrorField(result, code);

	return text == NULL || text[0] == '\0' ? NULL : budget_arena_strdup(&ctx->arena, text);
}

/* What budget.fail() raised. */
static enum budget_status
fail_as_said(struct budget_ctx *ctx, const PGresult *result, const char *state)
{
	int http_status = atoi(state + 2);
	enum budget_status status = budget_status_of_http(http_status);
	const char *pointer = field_of(ctx, result, PG_DIAG_COLUMN_NAME);
	const char *code = field_of(ctx, result, PG_DIAG_CONSTRAINT_NAME);
	const char *detail = field_of(ctx, result, PG_DIAG_MESSAGE_PRIMARY);

	ctx->error = (struct budget_error){
		.status = status,
		.code = code != NULL ? code : "failed",
		.pointer = pointer != NULL ? pointer : "",
		.detail = detail != NULL ? detail : budget_status_title(status),
		.extra = field_of(ctx, result, PG_DIAG_MESSAGE_DETAIL),
		.http_status = http_status == budget_status_http(status) ? 0 : http_status,
	};
	return status;
}

/* SQLSTATE classes and states that mean "not now": the same request may succeed in a moment. */
static enum budget_status
fail_busy(struct budget_ctx *ctx, const char *state)
{
	static const struct {
		const char *prefix, *code, *detail;
	} busy[] = {
		{ "40", "serialization_conflict", "Others changed the same rows at the same moment: try again with the same id." },
		{ "55P03", "lock_timeout", "The rows needed are locked by others: try again with the same id." },
		{ "57014", "statement_timeout", "The database took too long: try again with the same id." },
		{ "57P", "database_away", "The database is restarting: whether this was done is unknown, try again with the"
		    " same id." },
		{ "08", "database_away", "The connection to the database broke: whether this was done is unknown, try again with"
		    " the same id." },
		{ "53100", "database_full", "The database's disk is full: nothing was done, try again with the same id." },
		{ "53200", "database_out_of_memory", "The database has no memory left: try again with the same id." },
		{ "53300", "too_many_connections", "The database takes no more connections: try again with the same id." },
		{ "53", "database_full", "The database has reached a limit of its machine: try again with the same id." },
		{ "58", "database_failed", "The database could not read or write its files: try again with the same id." },
		{ "25006", "database_read_only", "The database takes no changes at the moment: try again with the same id." },
	};

	deadlocks += strcmp(state, "40P01") == 0;
	for (size_t i = 0; i < sizeof busy / sizeof *busy; i++)
		if (strncmp(state, busy[i].prefix, strlen(busy[i].prefix)) == 0)
			return budget_fail(ctx, BUDGET_EBUSY, busy[i].code, NULL, "%s", busy[i].detail);
	return BUDGET_OK;
}

static enum budget_status
fail_by_state(struct budget_ctx *ctx, const char *state)
{
	enum budget_status status = fail_busy(ctx, state);

	if (status != BUDGET_OK)
		return status;
	if (strcmp(state, "23505") == 0)
		return budget_fail(ctx, BUDGET_ECONFLICT, "already_exists", NULL, "Something with the same name or id exists.");
	if (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0)
		return budget_fail(ctx, BUDGET_EINVALID, "invalid_value", NULL, "A value of the request cannot be used: it is out"
		    " of range, or does not fit the others.");
	return budget_fail(ctx, BUDGET_EBUG, "internal_error", NULL,
	    "This is our fault, not yours. The log names the cause under this request's id.");
}

/* A row no partition takes: the job that makes them ahead is behind. Our fault, and soon over: the client must keep it. */
static bool
is_partition_missing(const PGresult *result, const char *state)
{
	return strcmp(state, "23514") == 0 && PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) == NULL;
}

/* Turns a failed result into ctx->error. The connection is dropped when it is of no more use. */
static enum budget_status
fail_by_result(struct budget_ctx *ctx, const PGresult *result, enum budget_statement statement)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE), *message, *context;
	enum budget_status status;

	if (state != NULL && strncmp(state, "BG", 2) == 0)
		return fail_as_said(ctx, result, state);
	if (state != NULL && is_partition_missing(result, state))
		status = budget_fail(ctx, BUDGET_EBUSY, "partition_missing", NULL, "The database has no table for this month yet:"
		    " try again with the same id.");
	else
		status = fail_by_state(ctx, state != NULL ? state : "08006");
	message = field_of(ctx, result, PG_DIAG_MESSAGE_PRIMARY);
	context = field_of(ctx, result, PG_DIAG_CONTEXT);
	ctx->error.internal = budget_arena_printf(&ctx->arena, "%s: %s %s [%s]", budget_statement_name(statement),
	    state != NULL ? state : "no answer", message != NULL ? message : ctx->db->connection != NULL ? PQerrorMessage(ctx->db->connection) : "the server hangs",
	    context != NULL ? context : "");
	return status;
}

/* An idle connection that became readable was closed by the server (or speaks out of turn): not usable. */
static bool
is_dead(PGconn *connection)
{
	struct pollfd socket = { .fd = PQsocket(connection), .events = POLLIN };

	if (PQstatus(connection) != CONNECTION_OK)
		return true;
	if (poll(&socket, 1, 0) == 0)
		return false;
	return PQconsumeInput(connection) == 0 || PQstatus(connection) != CONNECTION_OK || (socket.revents & POLLHUP) != 0;
}

/* Connected, alive and with the statement prepared. Everything in here may be tried again: nothing was run yet. */
static enum budget_status
make_ready(struct budget_ctx *ctx, enum budget_statement statement, bool *ret_is_lost)
{
	PGresult *result;
	enum budget_status status = BUDGET_OK;

	if (ctx->db == NULL)
		BUDGET_TRY(budget_pool_take(ctx));
	if (ctx->db->connection != NULL && is_dead(ctx->db->connection))
		budget_pool_drop(ctx->db);
	BUDGET_TRY(budget_pool_connect(ctx, ctx->db));
	if (ctx->db->is_prepared[statement])
		return BUDGET_OK;
	result = PQprepare(ctx->db->connection, budget_statement_name(statement), budget_statement_sql(statement), 0, NULL);
	if (PQresultStatus(result) == PGRES_COMMAND_OK) {
		ctx->db->is_prepared[statement] = true;
	} else {
		status = fail_by_result(ctx, result, statement);
		if (status == BUDGET_EBUG)
			ctx->error = (struct budget_error){ .status = BUDGET_EBUSY, .code = "database_not_ready", .pointer = "",
				.detail = "The database's schema is not the one this program needs: run `budget db migrate`.",
				.internal = ctx->error.internal };
		status = ctx->error.status;
		*ret_is_lost = PQstatus(ctx->db->connection) != CONNECTION_OK;
		if (*ret_is_lost)
			budget_pool_drop(ctx->db);
	}
	PQclear(result);
	return status;
}

/*
 * States after which the plan, not the request, is at fault: the statement did not run and may run on a new
 * connection. 42883: a deploy has replaced the function it calls; preparing it anew says so.
 */
static bool
is_stale_plan(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	return state != NULL && (strcmp(state, "26000") == 0 || strcmp(state, "42883") == 0
	    || (strcmp(state, "0A000") == 0 && message != NULL && strstr(message, "cached plan") != NULL));
}

/* True when the answer is there, or the connection has broken: the result says which. False: the server hangs. */
static bool
wait_for_reply(PGconn *connection, int64_t until_us)
{
	while (PQisBusy(connection)) {
		struct pollfd socket = { .fd = PQsocket(connection), .events = POLLIN };
		int64_t left_ms = (until_us - budget_now_us()) / 1000;
		int ready = left_ms > 0 ? poll(&socket, 1, (int)left_ms) : 0;

		if (ready == 0)
			return false;
		if (ready < 0 && errno == EINTR)
			continue;
		if (PQconsumeInput(connection) == 0)
			break;
	}
	return true;
}

/* What PQexecPrepared() does, but it does not wait for ever: NULL, with the connection dropped, from a server that hangs. */
static PGresult *
ask(struct budget_db *db, enum budget_statement statement, const char *const *values, int count)
{
	PGresult *result, *more;

	if (PQsendQueryPrepared(db->connection, budget_statement_name(statement), count, values, NULL, NULL, 0) == 0)
		return PQmakeEmptyPGresult(db->connection, PGRES_FATAL_ERROR);
	if (!wait_for_reply(db->connection, budget_now_us() + patience_us)) {
		budget_pool_drop(db);
		return NULL;
	}
	result = PQgetResult(db->connection);
	while ((more = PQgetResult(db->connection)) != NULL)
		PQclear(more);
	return result;
}

void
budget_db_patience(int wait_ms)
{
	patience_us = wait_ms * 1000LL;
}

void
budget_db_stats(long *ret_deadlocks)
{
	*ret_deadlocks = deadlocks;
}

enum budget_status
budget_db_run(struct budget_ctx *ctx, enum budget_statement statement, const char *const *values, int count,
    struct budget_result **ret_result)
{
	for (int attempt = 1; ; attempt++) {
		bool is_lost = false;
		enum budget_status status = make_ready(ctx, statement, &is_lost);
		PGresult *result;

		if (status != BUDGET_OK && is_lost && attempt == 1)
			continue; /* between our look and the prepare */
		BUDGET_TRY(status);
		result = ask(ctx->db, statement, values, count);
		switch (PQresultStatus(result)) {
		case PGRES_TUPLES_OK: case PGRES_COMMAND_OK:
			*ret_result = (struct budget_result *)result;
			return BUDGET_OK;
		default:
			break;
		}
		if (attempt == 1 && is_stale_plan(result)) {
			PQclear(result);
			budget_pool_drop(ctx->db);
			continue;
		}
		status = fail_by_result(ctx, result, statement);
		PQclear(result);
		if (ctx->db->connection != NULL && PQstatus(ctx->db->connection) != CONNECTION_OK)
			budget_pool_drop(ctx->db);
		return status;
	}
}

enum budget_status
budget_db_row(struct budget_ctx *ctx, enum budget_statement statement, const char *const *values, int count,
    struct budget_result **ret_result)
{
	_auto_result_ struct budget_result *result = NULL;

	BUDGET_TRY(budget_db_run(ctx, statement, values, count, &result));
	if (budget_result_rows(result) != 1) {
		budget_fail(ctx, BUDGET_EBUG, "internal_error", NULL, "This is our fault, not yours.");
		ctx->error.internal = budget_arena_printf(&ctx->arena, "%s: %d rows where one was due",
		    budget_statement_name(statement), budget_result_rows(result));
		return BUDGET_EBUG;
	}
	*ret_result = result;
	result = NULL;
	return BUDGET_OK;
}

enum budget_status
budget_db_call(struct budget_ctx *ctx, enum budget_statement statement, const char *context_json, const char *args_json,
    struct budget_reply *ret_reply)
{
	const char *values[] = { ctx->tenant_id, context_json, args_json };
	_auto_result_ struct budget_result *row = NULL;
	const char *status, *body;

	BUDGET_TRY(budget_db_row(ctx, statement, values, 3, &row));
	status = budget_result_text(row, 0, 0);
	body = budget_arena_strdup(&ctx->arena, budget_result_text(row, 0, 1));
	if (body == NULL && budget_result_text(row, 0, 1) != NULL)
		return budget_fail_memory(ctx);
	ret_reply->status = status != NULL ? atoi(status) : 0;
	ret_reply->body = body;
	ret_reply->etag = budget_arena_strdup(&ctx->arena, budget_result_text(row, 0, 2));
	return BUDGET_OK;
}
