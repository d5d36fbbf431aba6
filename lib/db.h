/*
 * libpq behind a small door. A pool of connections per process; every SQL text stands once, in lib/statement.def,
 * and is prepared once per connection; request data is only ever a parameter. The only file that includes libpq-fe.h
 * is db.c (and the migration runner and the events daemon).
 */
#ifndef BUDGET_LIB_DB_H
#define BUDGET_LIB_DB_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

struct budget_ctx;
struct budget_pool;

/* One row of the catalogue: STATEMENT(NAME, "SELECT … FROM budget.fn($1, …)") in lib/statement.def */
enum budget_statement {
#define STATEMENT(name, sql) STMT_##name,
#include "lib/statement.def"
#undef STATEMENT
	STMT_COUNT
};

/** SQL text of a catalogue row; name is for logs and tests. */
const char *budget_statement_sql(enum budget_statement statement);
const char *budget_statement_name(enum budget_statement statement);

/**
 * Opens the process's pool lazily: no connection is made before the first statement.
 * @param url        libpq connection string
 * @param max        connections at most; a taker beyond them waits up to wait_ms, then BUDGET_EBUSY (pool_exhausted)
 */
enum budget_status budget_pool_open(const char *url, int max, int wait_ms);
void budget_pool_close(void);

/**
 * Before budget_pool_open(): the connections are the ledger program's (budget.session_open(true)). Every new connection
 * starts with budget.session_open(): role, time limits, planner settings. A schema without it is database_not_ready.
 */
void budget_pool_ledger(bool is_ledger);

/** Connections open and in use now, and how often the server could not be reached; for /metrics. Any may be NULL. */
void budget_pool_stats(int *ret_open, int *ret_busy, long *ret_failures);

/** Before threads run: how long this process waits for an answer before it takes the server for lost, instead of 12 s. */
void budget_db_patience(int wait_ms);

/** Deadlocks that statements of this process ended in (40P01), since its start. */
void budget_db_stats(long *ret_deadlocks);

/**
 * Before threads run: while the server is away and a try to connect takes seconds, this context is the first to find out
 * whether it is back; the others wait a second longer. It has to try again and again then (budget_pool_is_away).
 */
void budget_pool_watch(const struct budget_ctx *watcher);

/** True while the last try to connect has failed. */
bool budget_pool_is_away(void);

/** Gives the context's connection back (budget_ctx_reset does it too). A connection in doubt is closed instead. */
void budget_db_release(struct budget_ctx *ctx);

/* A result: text cells, valid until cleared. */
struct budget_result;
void budget_result_clear(struct budget_result **result);
#define _auto_result_ __attribute__((cleanup(budget_result_clear)))
int budget_result_rows(const struct budget_result *result);
/** Cell text, NULL for SQL NULL. Borrowed: copy what outlives the result. */
const char *budget_result_text(const struct budget_result *result, int row, int column);

/**
 * Runs one catalogue statement in its own transaction (autocommit). Reconnects once and re-runs when the connection was
 * dead before the statement was sent. A server that gives no answer for 12 s counts as lost. Classes 40, 55P03, 57014 and
 * 08/53/57P/58 become BUDGET_EBUSY; errors raised by budget.fail() (SQLSTATE 'BG' + HTTP status) become the named status
 * with code, pointer, detail and extra members; 22xxx/23xxx that SQL let through become BUDGET_EINVALID (23505
 * BUDGET_ECONFLICT); a statement that cannot even be prepared is BUDGET_EBUSY database_not_ready (migrations missing);
 * anything else BUDGET_EBUG. error.internal says more. BUDGET_EBUSY means *unknown, repeat with the same ids*: the
 * connection may have broken behind the commit.
 * @param values  parameter texts, NULL = SQL NULL; count must be what the statement takes
 */
enum budget_status budget_db_run(struct budget_ctx *ctx, enum budget_statement statement, const char *const *values,
    int count, struct budget_result **ret_result);

/** The same, and exactly one row is expected (else BUDGET_EBUG). */
enum budget_status budget_db_row(struct budget_ctx *ctx, enum budget_statement statement, const char *const *values,
    int count, struct budget_result **ret_result);

/** Reply of an API function: `SELECT status, body, etag FROM budget.<noun>_<verb>($1::uuid, $2::jsonb, $3::jsonb)`. */
struct budget_reply {
	int status;        /* 0 = the route's default */
	const char *body;  /* JSON text in the arena */
	const char *etag;  /* without quotes, or NULL */
};

/** Calls such a function with ctx's tenant, the caller's context and args (JSON object texts). */
enum budget_status budget_db_call(struct budget_ctx *ctx, enum budget_statement statement, const char *context_json,
    const char *args_json, struct budget_reply *ret_reply);

#endif
