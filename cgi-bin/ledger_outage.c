#include "cgi-bin/ledger_outage.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "cgi-bin/fcgi/meter.h"
#include "cgi-bin/fcgi/request.h"
#include "lib/budget.h"
#include "lib/denials.h"
#include "lib/fail_mode.h"
#include "lib/ledger_spool.h"
#include "lib/when.h"

enum { ARENA_MAX_BYTES = 64 << 20, TICK_MS = 100 };

static const int64_t LOOK_US = 5 * 1000000LL; /* between looks when nothing waits: other processes leave segments, fail modes change */
static const int64_t FLUSH_US = 1000000LL;

static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	_Atomic bool is_stopping;
	bool is_running;
	struct budget_ctx ctx;
	int64_t looked_us, flushed_us;
	bool is_away;
	uint64_t replayed;
} outage = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* False when the program ends. */
static bool
wait_a_tick(void)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += TICK_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&outage.lock);
	if (!outage.is_stopping)
		pthread_cond_timedwait(&outage.woken, &outage.lock, &until);
	pthread_mutex_unlock(&outage.lock);
	return !outage.is_stopping;
}

/* Asks what has to be known when the database is away; so it is also the question whether it is there. */
static bool
look_around(struct budget_ctx *ctx)
{
	bool is_there = budget_fail_modes_refresh(ctx, budget_spool_folder()) == BUDGET_OK;

	outage.is_away = !is_there && budget_is_database_away(&ctx->error);
	budget_ctx_reset(ctx);
	return is_there;
}

static void
show_spool(void)
{
	struct budget_spool_stats stats;

	budget_spool_stats(&stats);
	meter_gauge(METER_SPOOL_RECORDS, stats.records);
	meter_gauge(METER_SPOOL_BYTES, stats.bytes);
	meter_gauge(METER_SPOOL_OLDEST_AT, (uint64_t)stats.oldest_ms / 1000);
	meter_gauge(METER_DEAD_LETTERS, stats.dead_letters);
	meter_gauge(METER_DAMAGED_SEGMENTS, stats.damaged);
}

/* Numbers for /metrics and /health, so that nothing on the way of a request has to keep them. */
static void
show_queues(void)
{
	struct budget_ledger_stats stats;
	long deadlocks = 0;

	budget_ledger_stats(&stats);
	budget_db_stats(&deadlocks);
	meter_gauge(METER_GROUPS, stats.groups);
	meter_gauge(METER_GROUPED, stats.requests);
	meter_gauge(METER_QUEUED, stats.waiting);
	meter_gauge(METER_RETRIES, stats.retries);
	meter_gauge(METER_SPOOLED, stats.spooled);
	meter_gauge(METER_DEADLOCKS, (uint64_t)deadlocks);
	meter_gauge(METER_REPLAYED, outage.replayed);
	meter_gauge(METER_IS_AWAY, outage.is_away);
}

static bool
replay_one(struct budget_ctx *ctx)
{
	struct budget_spool_segment segment;
	struct budget_replay sums = { 0 };
	enum budget_status status;

	if (!budget_spool_take(&segment))
		return false;
	status = budget_ledger_replay_segment(ctx, &segment, &outage.is_stopping, &sums);
	outage.replayed += sums.recorded + sums.repeated;
	if (sums.buried > 0)
		budget_log(BUDGET_LOG_ERROR, "tracking", "%zu records of the spool are refused for good: budget spool list", sums.buried);
	if (segment.is_damaged)
		budget_log(BUDGET_LOG_ERROR, "tracking", "spool segment %s is damaged: what could be read of it is recorded, the file"
		    " is kept", segment.name);
	if (status == BUDGET_OK) {
		budget_log(BUDGET_LOG_INFO, "tracking", "spool segment %s is recorded: %zu new, %zu known, %zu dead", segment.name,
		    sums.recorded, sums.repeated, sums.buried);
		budget_spool_finish(&segment);
	} else {
		budget_log(BUDGET_LOG_WARNING, "tracking", "spool segment %s waits: %s", segment.name, ctx->error.internal != NULL
		    ? ctx->error.internal : ctx->error.detail);
		budget_spool_leave(&segment);
	}
	budget_ctx_reset(ctx);
	return status == BUDGET_OK;
}

/* A segment is taken only when the database answers: taking ends the one being written. */
static void
look(struct budget_ctx *ctx)
{
	int64_t now_us = budget_now_us();

	if (!budget_spool_has_any() && !budget_pool_is_away() && now_us - outage.looked_us < LOOK_US)
		return;
	outage.looked_us = now_us;
	show_spool();
	if (!look_around(ctx) || !budget_spool_has_any())
		return;
	while (!outage.is_stopping && replay_one(ctx))
		show_spool();
	show_spool();
}

/* Refusals that were counted, at most once a second. */
static void
flush_denials(struct budget_ctx *ctx)
{
	int64_t now_us = budget_now_us();

	if (now_us - outage.flushed_us < FLUSH_US || !budget_denials_wait())
		return;
	outage.flushed_us = now_us;
	budget_denials_flush(ctx);
	budget_ctx_reset(ctx);
}

static void *
watch(void *unused)
{
	struct budget_ctx *ctx = &outage.ctx;

	(void)unused;
	do {
		look(ctx);
		flush_denials(ctx);
		show_queues();
	} while (wait_a_tick());
	outage.flushed_us = -FLUSH_US;
	flush_denials(ctx);
	budget_ctx_clear(ctx);
	return NULL;
}

static void
open_spool(struct budget_ctx *ctx)
{
	const char *home = budget_setting_text("home");
	const char *folder = home != NULL ? budget_arena_printf(&ctx->arena, "%s/spool", home) : NULL;

	if (folder == NULL || budget_spool_open(ctx, folder, (size_t)budget_setting_count("spool_max_bytes"),
	    (size_t)budget_setting_count("spool_segment_bytes")) != BUDGET_OK)
		budget_log(BUDGET_LOG_ERROR, "tracking", "no spool, so records are refused while the database is away: %s",
		    ctx->error.detail != NULL ? ctx->error.detail : "no home");
}

enum budget_status
outage_start(void)
{
	pthread_condattr_t attributes;

	budget_ctx_init(&outage.ctx, ARENA_MAX_BYTES);
	open_spool(&outage.ctx);
	budget_ctx_reset(&outage.ctx);
	budget_fail_modes_load(budget_spool_folder());
	outage.looked_us = -LOOK_US;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&outage.woken, &attributes);
	pthread_condattr_destroy(&attributes);
	budget_pool_watch(&outage.ctx);
	outage.is_running = pthread_create(&outage.thread, NULL, watch, NULL) == 0;
	return outage.is_running ? BUDGET_OK : budget_fail(&outage.ctx, BUDGET_EBUG, "internal_error", NULL, "No thread can be started.");
}

void
outage_stop(void)
{
	if (!outage.is_running)
		return;
	pthread_mutex_lock(&outage.lock);
	outage.is_stopping = true;
	pthread_cond_signal(&outage.woken);
	pthread_mutex_unlock(&outage.lock);
	pthread_join(outage.thread, NULL);
	budget_spool_close();
}
