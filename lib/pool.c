#include "lib/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/ctx.h"
#include "lib/when.h"

enum { CONNECTIONS_MAX = 256, URL_MAX_BYTES = 2048 };

/*
 * After a failed connect nobody tries again for this long: 32 threads need not each find out that the server is away.
 */
static const int64_t AWAY_US = 50 * 1000, SLOW_US = 1000 * 1000, WATCHER_LEAD_US = 1000 * 1000;

static struct {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	struct budget_db slots[CONNECTIONS_MAX];
	struct budget_db *free;
	char url[URL_MAX_BYTES];
	int max, wait_ms;
	bool is_ledger;
	_Atomic int open, busy;
	_Atomic long failures;
	_Atomic int64_t away_until_us, connected_us;
	_Atomic bool is_away;              /* the last try failed: only one thread at a time tries again */
	_Atomic bool is_slow;              /* it took long to fail */
	const struct budget_ctx *watcher;  /* the one to try first then, or NULL */
	_Atomic bool is_full;              /* it failed because the server takes no more connections */
	atomic_flag trying;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .trying = ATOMIC_FLAG_INIT };

enum budget_status
budget_pool_open(const char *url, int max, int wait_ms)
{
	pthread_condattr_t attributes;

	if (url == NULL || strlen(url) >= sizeof pool.url || max < 1)
		return BUDGET_EINVALID;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&pool.freed, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_lock(&pool.lock);
	memcpy(pool.url, url, strlen(url) + 1);
	pool.max = max < CONNECTIONS_MAX ? max : CONNECTIONS_MAX;
	pool.wait_ms = wait_ms;
	pool.busy = 0;
	pool.away_until_us = 0;
	pool.is_away = pool.is_full = false;
	pool.free = NULL;
	for (int i = pool.max - 1; i >= 0; i--) {
		pool.slots[i].next_free = pool.free;
		pool.free = &pool.slots[i];
	}
	pthread_mutex_unlock(&pool.lock);
	return BUDGET_OK;
}

void
budget_pool_ledger(bool is_ledger)
{
	pool.is_ledger = is_ledger;
}

void
budget_pool_close(void)
{
	pthread_mutex_lock(&pool.lock);
	for (struct budget_db *db = pool.free; db != NULL; db = db->next_free)
		budget_pool_drop(db);
	pool.free = NULL;
	pool.max = 0;
	pthread_mutex_unlock(&pool.lock);
}

void
budget_pool_stats(int *ret_open, int *ret_busy, long *ret_failures)
{
	if (ret_open != NULL)
		*ret_open = pool.open;
	if (ret_busy != NULL)
		*ret_busy = pool.busy;
	if (ret_failures != NULL)
		*ret_failures = pool.failures;
}

enum budget_status
budget_pool_take(struct budget_ctx *ctx)
{
	int64_t until_us = budget_now_us() + (int64_t)pool.wait_ms * 1000;
	struct timespec until = { .tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000 };
	int outcome = 0;

	pthread_mutex_lock(&pool.lock);
	while (pool.free == NULL && pool.max > 0 && outcome != ETIMEDOUT)
		outcome = pthread_cond_timedwait(&pool.freed, &pool.lock, &until);
	ctx->db = pool.free;
	if (ctx->db != NULL) {
		pool.free = ctx->db->next_free;
		pool.busy++;
	}
	pthread_mutex_unlock(&pool.lock);
	if (ctx->db != NULL)
		return BUDGET_OK;
	if (pool.max == 0)
		return budget_fail(ctx, BUDGET_EBUSY, "database_not_configured", NULL, "This program has no database to ask.");
	return budget_fail(ctx, BUDGET_EBUSY, "pool_exhausted", NULL,
	    "All database connections are busy: try again in a moment.");
}

void
budget_db_release(struct budget_ctx *ctx)
{
	struct budget_db *db = ctx->db;

	if (db == NULL)
		return;
	ctx->db = NULL;
	if (db->connection != NULL && PQtransactionStatus(db->connection) != PQTRANS_IDLE)
		budget_pool_drop(db); /* in doubt */
	pthread_mutex_lock(&pool.lock);
	db->next_free = pool.free;
	pool.free = db;
	pool.busy--;
	pthread_cond_signal(&pool.freed);
	pthread_mutex_unlock(&pool.lock);
}

void
budget_pool_drop(struct budget_db *db)
{
	if (db->connection == NULL)
		return;
	PQfinish(db->connection);
	db->connection = NULL;
	memset(db->is_prepared, 0, sizeof db->is_prepared);
	pool.open--;
}

static void
ignore_notice(void *user, const char *message)
{
	(void)user;
	(void)message;
}

static enum budget_status
away(struct budget_ctx *ctx, const char *internal)
{
	if (pool.is_full)
		budget_fail(ctx, BUDGET_EBUSY, "too_many_connections", NULL,
		    "The database takes no more connections: nothing was done, try again in a moment.");
	else
		budget_fail(ctx, BUDGET_EBUSY, "database_away", NULL,
		    "The database cannot be reached: nothing was done, try again in a moment.");
	ctx->error.internal = internal;
	return BUDGET_EBUSY;
}

/* libpq gives no SQLSTATE of a connection that was refused: its text has to do, and where it is in another language the
 * server is just away. */
static bool
is_full(const char *message)
{
	return strstr(message, "too many clients") != NULL || strstr(message, "too many connections") != NULL
	    || strstr(message, "connection slots are reserved") != NULL;
}

/* Role, time limits and planner settings of this session. */
static enum budget_status
open_session(struct budget_ctx *ctx, PGconn *connection)
{
	const char *values[] = { pool.is_ledger ? "true" : "false" };
	PGresult *result = PQexecParams(connection, "SELECT budget.session_open($1::boolean)", 1, NULL, values, NULL, NULL, 0);
	const char *reason = NULL, *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	bool is_open = PQresultStatus(result) == PGRES_TUPLES_OK, is_lost = state == NULL || strncmp(state, "57P", 3) == 0;

	if (!is_open)
		reason = budget_arena_strdup(&ctx->arena, PQerrorMessage(connection));
	PQclear(result);
	if (is_open)
		return BUDGET_OK;
	if (is_lost)
		return away(ctx, reason);
	budget_fail(ctx, BUDGET_EBUSY, "database_not_ready", NULL,
	    "The database's schema is not the one this program needs: run `budget db migrate`.");
	ctx->error.internal = reason;
	return BUDGET_EBUSY;
}

/* A try that others have overtaken with success says nothing any more. One that took long is not repeated soon: whoever tries
 * waits for it. */
static void
note_failure(int64_t began_us, bool is_full_now)
{
	int64_t took_us = budget_now_us() - began_us;

	pool.failures++;
	if (began_us < pool.connected_us)
		return;
	pool.is_full = is_full_now;
	pool.is_away = true;
	pool.is_slow = took_us > SLOW_US;
	pool.away_until_us = budget_now_us() + (pool.is_slow ? SLOW_US * 3 : AWAY_US);
}

static enum budget_status
dial(struct budget_ctx *ctx, PGconn **ret_connection)
{
	/* what stands before dbname is a default that the connection string may change, what stands behind it holds */
	static const char *const names[] = { "connect_timeout", "keepalives_idle", "tcp_user_timeout", "application_name",
		"dbname", "client_encoding", "options", NULL };
	const char *values[] = { "3", "30", "10000", program_invocation_short_name, pool.url, "UTF8",
		"-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=iso_8601 -c client_min_messages=warning", NULL };
	int64_t began_us = budget_now_us();
	PGconn *connection = PQconnectdbParams(names, values, 1);
	enum budget_status status;

	if (PQstatus(connection) != CONNECTION_OK) {
		const char *reason = budget_arena_strdup(&ctx->arena, PQerrorMessage(connection));

		note_failure(began_us, is_full(PQerrorMessage(connection)));
		PQfinish(connection);
		return away(ctx, reason);
	}
	PQsetNoticeProcessor(connection, ignore_notice, NULL);
	status = open_session(ctx, connection);
	if (status != BUDGET_OK) {
		note_failure(began_us, false);
		PQfinish(connection);
		return status;
	}
	pool.connected_us = budget_now_us();
	pool.is_away = pool.is_full = false;
	pool.away_until_us = 0;
	*ret_connection = connection;
	return BUDGET_OK;
}

void
budget_pool_watch(const struct budget_ctx *watcher)
{
	pool.watcher = watcher;
}

bool
budget_pool_is_away(void)
{
	return pool.is_away;
}

enum budget_status
budget_pool_connect(struct budget_ctx *ctx, struct budget_db *db)
{
	bool is_probe = pool.is_away;
	int64_t lead_us = pool.is_slow && pool.watcher != NULL && pool.watcher != ctx ? WATCHER_LEAD_US : 0;
	enum budget_status status;

	if (db->connection != NULL)
		return BUDGET_OK;
	if (is_probe && budget_now_us() < pool.away_until_us + lead_us)
		return away(ctx, "still away");
	if (is_probe && atomic_flag_test_and_set(&pool.trying))
		return away(ctx, "still away, as another thread is finding out");
	status = dial(ctx, &db->connection);
	if (is_probe)
		atomic_flag_clear(&pool.trying);
	pool.open += status == BUDGET_OK;
	return status;
}
