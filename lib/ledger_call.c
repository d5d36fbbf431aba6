/* Groups of ledger requests on their way to SQL and back: one call, one commit, one answer each. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctx.h"
#include "lib/fail_mode.h"
#include "lib/group.h"
#include "lib/ledger.h"
#include "lib/ledger_spool.h"

#define GROUP_WEIGHT_MAX 128 /* single requests that share a transaction; more only makes the first of them wait */
#define WAITING_MAX 4096
#define GROUP_ARENA_MAX_BYTES (64 << 20)

static atomic_ulong retries, spooled;

/* The requests of one caller; many callers' make a group. */
struct call {
	struct budget_ctx *ctx;
	struct queue *queue;
	struct budget_ledger_item *items;
	size_t count;
	enum budget_status status;
};

/* One request of a group and whose it is: its answer goes into its owner's arena. */
struct entry {
	struct call *call;
	struct budget_ledger_item *item;
};

/* Position of the item's shape among those of the group, from 1; 0 = it has none. Groups have few shapes, so a walk will do. */
static size_t
shape_position(const char *shape, const char **shapes, size_t *shapes_count)
{
	if (shape == NULL)
		return 0;
	for (size_t i = 0; i < *shapes_count; i++)
		if (strcmp(shapes[i], shape) == 0)
			return i + 1;
	shapes[(*shapes_count)++] = shape;
	return *shapes_count;
}

/* Groups written since one was refused something. A budget that is used up is mostly asked again at once: while that lasts,
 * SQL looks for refusals before it takes locks, so that they lock and write nothing. */
static _Atomic unsigned groups_unrefused; /* checks read it, whichever thread leads them */
#define REFUSALS_FORGOTTEN_AFTER 64

/* Items and shapes as two arrays of JSON; false when the arena has no room for them. */
static bool
write_group_json(struct budget_ctx *ctx, const struct entry *entries, size_t count, const char **ret_items, const char **ret_shapes)
{
	const char *shapes[BUDGET_LEDGER_GROUP_MAX];
	size_t shapes_count = 0;
	struct budget_text text;

	budget_text_init(&text, &ctx->arena, 64 + count * 512);
	for (size_t i = 0; i < count; i++) {
		size_t position = shape_position(entries[i].item->shape, shapes, &shapes_count);

		budget_text_addf(&text, "%s{\"n\":%zu,", i == 0 ? "[" : ",", i + 1);
		if (position > 0)
			budget_text_addf(&text, "\"s\":%zu,", position);
		budget_text_add(&text, entries[i].item->members);
		budget_text_add(&text, "}");
	}
	budget_text_add(&text, "]");
	*ret_items = budget_text_done(&text);
	budget_text_init(&text, &ctx->arena, 64 + shapes_count * 256);
	budget_text_add(&text, "[");
	for (size_t i = 0; i < shapes_count; i++)
		budget_text_addf(&text, "%s{%s}", i == 0 ? "" : ",", shapes[i]);
	budget_text_add(&text, "]");
	*ret_shapes = budget_text_done(&text);
	return *ret_items != NULL && *ret_shapes != NULL;
}

static bool
is_by_hold(const struct entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (entries[i].item->is_by_hold)
			return true;
	return false;
}

/* The answer's body. A new record's comes without what the request said: that goes in behind its id. */
static const char *
body_of(struct budget_ctx *ctx, const struct budget_ledger_item *item, const char *id, const char *body)
{
	struct budget_text text;

	if (body == NULL || item->echo == NULL || id == NULL || item->answer.is_replay)
		return budget_arena_strdup(&ctx->arena, body);
	budget_text_init(&text, &ctx->arena, strlen(body) + strlen(item->echo) + 64);
	budget_text_addf(&text, "{\"record_id\":\"%s\",", id);
	budget_text_addn(&text, body + 1, strlen(body) - 2);
	budget_text_add(&text, item->echo);
	budget_text_add(&text, "}");
	return budget_text_done(&text);
}

/* Row of the result -> answer of the item it names; false when it names none. */
static bool
copy_answer(const struct budget_result *result, int row, const struct entry *entries, size_t count)
{
	size_t n = strtoul(budget_result_text(result, row, 0), NULL, 10);
	const char *replay = budget_result_text(result, row, 5);
	struct budget_arena *arena;
	struct budget_ledger_item *item;

	if (n < 1 || n > count || entries[n - 1].item->answer.status != 0)
		return false;
	item = entries[n - 1].item;
	arena = &entries[n - 1].call->ctx->arena;
	item->answer = (struct budget_ledger_answer){
		.status = atoi(budget_result_text(result, row, 1)),
		.code = budget_arena_strdup(arena, budget_result_text(result, row, 2)),
		.pointer = budget_arena_strdup(arena, budget_result_text(result, row, 3)),
		.detail = budget_arena_strdup(arena, budget_result_text(result, row, 4)),
		.is_replay = replay != NULL && *replay == 't',
		.id = budget_arena_strdup(arena, budget_result_text(result, row, 6)),
	};
	item->answer.body = body_of(entries[n - 1].call->ctx, item, item->answer.id, budget_result_text(result, row, 7));
	return true;
}

static enum budget_status
run_once(struct budget_ctx *ctx, enum budget_statement statement, const struct entry *entries, size_t count, bool is_resend)
{
	_auto_result_ struct budget_result *result = NULL;
	const char *values[] = { ctx->tenant_id, NULL, NULL, is_resend ? "t" : "f", is_by_hold(entries, count) ? "t" : "f",
		groups_unrefused < REFUSALS_FORGOTTEN_AFTER ? "t" : "f" };
	size_t answered = 0;
	bool is_refused = false;

	if (!write_group_json(ctx, entries, count, &values[1], &values[2]))
		return budget_fail(ctx, BUDGET_ETOOLARGE, "request_too_large", NULL, "The requests of one call are too large together.");
	for (size_t i = 0; i < count; i++)
		entries[i].item->answer = (struct budget_ledger_answer){ 0 };
	BUDGET_TRY(budget_db_run(ctx, statement, values, statement == STMT_LEDGER_RUN ? 6 : 3, &result));
	for (int row = 0; row < budget_result_rows(result); row++)
		answered += copy_answer(result, row, entries, count);
	for (size_t i = 0; i < count; i++)
		is_refused = is_refused || entries[i].item->answer.status == 402;
	if (statement == STMT_LEDGER_RUN)
		groups_unrefused = is_refused ? 0 : groups_unrefused + (groups_unrefused < REFUSALS_FORGOTTEN_AFTER);
	if (answered == count)
		return BUDGET_OK;
	budget_fail(ctx, BUDGET_EBUG, "internal_error", NULL, "This is our fault, not yours.");
	ctx->error.internal = budget_arena_printf(&ctx->arena, "the ledger answered %zu of %zu requests", answered, count);
	return BUDGET_EBUG;
}

static bool
is_said(const struct budget_ctx *ctx, const char *code)
{
	return ctx->error.status == BUDGET_EBUSY && ctx->error.code != NULL && strcmp(ctx->error.code, code) == 0;
}

/* A value that SQL chokes on although the door let it in. It must not take its neighbours with it. */
static bool
is_poisoned(enum budget_status status)
{
	return status == BUDGET_EINVALID || status == BUDGET_EBUG || status == BUDGET_ECONFLICT;
}

/* An item that fails for itself, with the words of the leader's error in its owner's arena. */
static void
answer_error(const struct entry *entry, const struct budget_ctx *from, enum budget_status status)
{
	struct budget_arena *arena = &entry->call->ctx->arena;

	entry->item->answer = (struct budget_ledger_answer){
		.status = budget_status_http(status),
		.code = budget_arena_strdup(arena, from->error.code), .pointer = budget_arena_strdup(arena, from->error.pointer),
		.detail = budget_arena_strdup(arena, from->error.detail), .internal = budget_arena_strdup(arena, from->error.internal),
	};
}

/* One call for all; once more when it lost a race or the connection broke over it (the ids are the same, so what was stored
 * the first time answers as stored); in halves when one item spoils it, or when two of them are twins. */
static enum budget_status
run_entries(struct budget_ctx *ctx, enum budget_statement statement, const struct entry *entries, size_t count, bool is_resend)
{
	enum budget_status status = run_once(ctx, statement, entries, count, is_resend);
	bool is_lost = is_said(ctx, "database_away");

	if (is_lost || is_said(ctx, "serialization_conflict") || is_said(ctx, "lock_timeout")) {
		retries++;
		status = run_once(ctx, statement, entries, count, is_resend || is_lost);
	}
	if (status != BUDGET_OK && count > 1 && (is_poisoned(status) || is_said(ctx, "serialization_conflict"))) {
		BUDGET_TRY(run_entries(ctx, statement, entries, count / 2, is_resend));
		return run_entries(ctx, statement, entries + count / 2, count - count / 2, is_resend);
	}
	if (status == BUDGET_OK || !is_poisoned(status))
		return status;
	answer_error(entries, ctx, status);
	return BUDGET_OK;
}

/* A queue and the context its groups are written in: one connection for all of them, whoever leads, so that its plans are made
 * once. Only the leader uses the context, and there is one leader at a time. */
struct queue {
	struct budget_group *group;
	struct budget_ctx ctx;
	enum budget_statement statement;
};

/* A tenant's groups pass one after the other; those of tenants on other lanes pass beside them, so that a slow one holds up
 * few. A lane that nobody uses has no connection. */
static struct queue writers[BUDGET_LEDGER_LANES], readers;
static pthread_once_t queues_made = PTHREAD_ONCE_INIT;

/* Gives a caller the error that its whole group met. */
static void
fail_call(struct call *call, const struct budget_ctx *from, enum budget_status status)
{
	struct budget_arena *arena = &call->ctx->arena;

	call->status = status;
	if (status == BUDGET_OK)
		return;
	budget_fail(call->ctx, status, budget_arena_strdup(arena, from->error.code), NULL, "%s", from->error.detail);
	call->ctx->error.internal = budget_arena_strdup(arena, from->error.internal);
}

static bool
is_records_only(const struct call *call)
{
	for (size_t i = 0; i < call->count; i++)
		if (!budget_ledger_is_record(&call->items[i]))
			return false;
	return true;
}

/* The database is away: what is records only is kept on disk and answered from there. */
static void
spool_calls(struct budget_ctx *ctx, struct budget_group_slot *const *slots, size_t count)
{
	struct budget_spooled records[BUDGET_LEDGER_GROUP_MAX];
	enum budget_status status;
	size_t filled = 0;

	for (size_t i = 0; i < count; i++) {
		struct call *call = slots[i]->work;

		for (size_t k = 0; k < call->count && is_records_only(call); k++)
			records[filled++] = (struct budget_spooled){ &call->items[k], &call->ctx->arena };
	}
	if (filled == 0)
		return;
	status = budget_ledger_spool(ctx, records, filled);
	spooled += status == BUDGET_OK ? filled : 0;
	for (size_t i = 0; i < count; i++) {
		struct call *call = slots[i]->work;

		if (!is_records_only(call))
			continue;
		call->ctx->error = (struct budget_error){ 0 };
		fail_call(call, ctx, status);
	}
}

/* The callers wait, so their arenas are the leader's to write. */
static void
write_group(struct queue *queue, struct budget_group_slot *const *slots, size_t count)
{
	struct entry entries[BUDGET_LEDGER_GROUP_MAX] = { { 0 } };
	struct budget_ctx *ctx = &queue->ctx;
	size_t filled = 0;
	enum budget_status status;

	for (size_t i = 0; i < count; i++) {
		struct call *call = slots[i]->work;

		for (size_t k = 0; k < call->count; k++)
			entries[filled++] = (struct entry){ .call = call, .item = &call->items[k] };
	}
	ctx->tenant_id = slots[0]->kind;
	status = run_entries(ctx, queue->statement, entries, filled, false);
	for (size_t i = 0; i < count; i++)
		fail_call(slots[i]->work, ctx, status);
	if (status == BUDGET_EBUSY && budget_is_database_away(&ctx->error) && queue->statement == STMT_LEDGER_RUN && budget_spool_is_open())
		spool_calls(ctx, slots, count);
	ctx->tenant_id = NULL;
	ctx->error = (struct budget_error){ 0 };
	budget_arena_reset(&ctx->arena);
}

static void
write_slots(struct budget_group_slot *const *slots, size_t count)
{
	const struct call *first = slots[0]->work;

	write_group(first->queue, slots, count);
}

static void
make_queue(struct queue *queue, enum budget_statement statement)
{
	queue->statement = statement;
	budget_ctx_init(&queue->ctx, GROUP_ARENA_MAX_BYTES);
	queue->group = budget_group_new(write_slots, GROUP_WEIGHT_MAX, WAITING_MAX);
}

static void
make_queues(void)
{
	for (size_t i = 0; i < BUDGET_LEDGER_LANES; i++)
		make_queue(&writers[i], STMT_LEDGER_RUN);
	make_queue(&readers, STMT_LEDGER_CHECK);
}

/* FNV-1a: neighbours in time have ids that differ in few places. */
static struct queue *
lane_of(const char *tenant_id)
{
	uint32_t hash = 2166136261u;

	for (const char *at = tenant_id; *at != '\0'; at++)
		hash = (hash ^ (unsigned char)*at) * 16777619u;
	return &writers[(hash ^ hash >> 16) % BUDGET_LEDGER_LANES];
}

static enum budget_status
run_in_group(struct budget_ctx *ctx, struct queue *queue, struct budget_ledger_item *items, size_t count)
{
	struct call call = { .ctx = ctx, .queue = queue, .items = items, .count = count, .status = BUDGET_OK };
	struct budget_group_slot slot = { .work = &call, .weight = count, .kind = ctx->tenant_id };

	if (count == 0)
		return BUDGET_OK;
	pthread_once(&queues_made, make_queues);
	if (queue->group == NULL || !budget_group_run(queue->group, &slot))
		return budget_fail(ctx, BUDGET_EBUSY, "queue_full", NULL, "Too many requests wait already: try again with the same id.");
	return call.status;
}

enum budget_status
budget_ledger_run(struct budget_ctx *ctx, struct budget_ledger_item *items, size_t count)
{
	return run_in_group(ctx, lane_of(ctx->tenant_id), items, count);
}

enum budget_status
budget_ledger_replay(struct budget_ctx *ctx, struct budget_ledger_item *items, size_t count)
{
	struct call call = { .ctx = ctx, .items = items, .count = count };
	struct entry entries[BUDGET_LEDGER_GROUP_MAX];

	for (size_t i = 0; i < count; i++)
		entries[i] = (struct entry){ .call = &call, .item = &items[i] };
	return run_entries(ctx, STMT_LEDGER_RUN, entries, count, true);
}

static void
add_stats(struct queue *queue, struct budget_ledger_stats *stats)
{
	unsigned long written = 0, slots = 0;
	size_t waiting = 0;

	if (queue->group == NULL)
		return;
	budget_group_stats(queue->group, &written, &slots, &waiting);
	stats->groups += written;
	stats->requests += slots;
	stats->waiting += waiting;
}

void
budget_ledger_stats(struct budget_ledger_stats *ret_stats)
{
	struct budget_ledger_stats stats = { .retries = retries, .spooled = spooled };

	for (size_t i = 0; i < BUDGET_LEDGER_LANES; i++)
		add_stats(&writers[i], &stats);
	add_stats(&readers, &stats);
	*ret_stats = stats;
}

enum budget_status
budget_ledger_check(struct budget_ctx *ctx, struct budget_ledger_item *items, size_t count)
{
	return run_in_group(ctx, &readers, items, count);
}
