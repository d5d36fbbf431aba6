#include "lib/ledger_spool.h"

#include <string.h>
#include <time.h>

#include "lib/ctx.h"
#include "lib/spool_dead.h"
#include "lib/when.h"

#define WINDOW 256 /* frames looked at together: those of one tenant share a transaction */

static const char record_begins[] = "\"verb\":\"record\",";

bool
budget_ledger_is_record(const struct budget_ledger_item *item)
{
	return item->shape != NULL && strncmp(item->members, record_begins, sizeof record_begins - 1) == 0;
}

static struct budget_ledger_answer
spooled_answer(const struct budget_spooled *record, const struct budget_spool_frame *frame)
{
	char id[UUID_TEXT_SIZE] = "";
	const char *body;

	budget_spool_record_id(frame, id);
	body = budget_arena_printf(record->arena, "{\"record_id\":\"%s\",\"spooled\":true%s}", id,
	    record->item->echo != NULL ? record->item->echo : "");
	return (struct budget_ledger_answer){ .status = 202, .id = budget_arena_strdup(record->arena, id), .body = body };
}

enum budget_status
budget_ledger_spool(struct budget_ctx *ctx, const struct budget_spooled *records, size_t count)
{
	struct budget_spool_frame *frames = budget_arena_alloc(&ctx->arena, count * sizeof *frames + 1);
	char now[BUDGET_TIME_SIZE];
	struct timespec clock;

	if (frames == NULL)
		return budget_fail_memory(ctx);
	clock_gettime(CLOCK_REALTIME, &clock);
	budget_time_write(&clock, now);
	for (size_t i = 0; i < count; i++)
		frames[i] = (struct budget_spool_frame){ .tenant_id = ctx->tenant_id, .received_at = now,
			.shape = records[i].item->shape, .members = records[i].item->members };
	BUDGET_TRY(budget_spool_append(ctx, frames, count));
	for (size_t i = 0; i < count; i++)
		records[i].item->answer = spooled_answer(&records[i], &frames[i]);
	return BUDGET_OK;
}

/* A group on its way back: frames of one tenant. */
struct group {
	struct budget_ctx *ctx;
	const struct budget_spool_frame *frames[WINDOW];
	struct budget_ledger_item items[WINDOW];
	size_t count;
	struct budget_replay *replay;
};

/* One alert a day and tenant says that there are dead letters; a failure to raise it does not matter: metrics count them. */
static void
raise_alarm(struct budget_ctx *ctx, const char *tenant_id, const char *record_id, const char *code)
{
	_auto_result_ struct budget_result *result = NULL;

	budget_db_run(ctx, STMT_SPOOL_ALARM, (const char *[]){ tenant_id, record_id, code }, 3, &result);
}

static enum budget_status
bury(struct group *group, size_t index, const struct budget_spool_refusal *why)
{
	const struct budget_spool_frame *frame = group->frames[index];
	char id[UUID_TEXT_SIZE] = "";

	BUDGET_TRY(budget_spool_bury(group->ctx, budget_spool_folder(), frame, why));
	group->replay->buried++;
	if (budget_spool_record_id(frame, id))
		raise_alarm(group->ctx, frame->tenant_id, id, why->code);
	return BUDGET_OK;
}

static enum budget_status
settle(struct group *group)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct budget_ledger_answer *answer = &group->items[i].answer;
		const struct budget_spool_refusal why = { answer->status, answer->code, answer->pointer, answer->detail };

		if (answer->status >= 400)
			BUDGET_TRY(bury(group, i, &why));
		else if (answer->is_replay)
			group->replay->repeated++;
		else
			group->replay->recorded++;
	}
	return BUDGET_OK;
}

static enum budget_status
replay_group(struct group *group)
{
	struct budget_ctx *ctx = group->ctx;
	enum budget_status status;

	for (size_t i = 0; i < group->count; i++) {
		const struct budget_spool_frame *frame = group->frames[i];
		const char *members = budget_arena_printf(&ctx->arena, "%s,\"received_at\":\"%s\"", frame->members, frame->received_at);

		if (members == NULL)
			return budget_fail_memory(ctx);
		group->items[i] = (struct budget_ledger_item){ .shape = frame->shape, .members = members };
	}
	ctx->tenant_id = group->frames[0]->tenant_id;
	status = budget_ledger_replay(ctx, group->items, group->count);
	if (status == BUDGET_EBUSY || status == BUDGET_ETOOLARGE)
		return status;
	for (size_t i = 0; status != BUDGET_OK && i < group->count; i++) { /* not the items' fault one by one: the tenant's */
		group->items[i].answer = (struct budget_ledger_answer){ .status = budget_status_http(status), .code = ctx->error.code,
			.detail = ctx->error.detail };
	}
	return settle(group);
}

static void
rest(const struct timespec *began)
{
	struct timespec now, nap;
	struct budget_ledger_stats stats;
	int64_t worked_ns;

	budget_ledger_stats(&stats);
	if (stats.waiting == 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	worked_ns = (now.tv_sec - began->tv_sec) * 1000000000LL + now.tv_nsec - began->tv_nsec;
	nap = (struct timespec){ .tv_nsec = worked_ns < 200000000LL ? (long)worked_ns : 200000000L };
	nanosleep(&nap, NULL);
}

/* The frames of the window, tenant by tenant. */
static enum budget_status
replay_window(struct budget_ctx *ctx, struct budget_spool_frame *frames, size_t count, struct budget_replay *replay)
{
	bool is_done[WINDOW] = { false };

	for (size_t first = 0; first < count; first++) {
		struct group group = { .ctx = ctx, .replay = replay };
		struct timespec began;

		if (is_done[first])
			continue;
		for (size_t i = first; i < count; i++) {
			if (is_done[i] || strcmp(frames[i].tenant_id, frames[first].tenant_id) != 0)
				continue;
			is_done[i] = true;
			group.frames[group.count++] = &frames[i];
		}
		clock_gettime(CLOCK_MONOTONIC, &began);
		BUDGET_TRY(replay_group(&group));
		budget_ctx_reset(ctx);
		rest(&began);
	}
	return BUDGET_OK;
}

enum budget_status
budget_ledger_replay_segment(struct budget_ctx *ctx, struct budget_spool_segment *segment, const _Atomic bool *is_stopping,
    struct budget_replay *replay)
{
	struct budget_spool_frame frames[WINDOW];
	enum budget_spool_reading reading;
	size_t offset = 0, count;

	do {
		if (atomic_load(is_stopping))
			return budget_fail(ctx, BUDGET_EBUSY, "stopping", NULL, "The program ends.");
		for (count = 0; count < WINDOW;) {
			reading = budget_spool_frame_read(segment->bytes, segment->size, &offset, &frames[count]);
			if (reading == SPOOL_END)
				break;
			segment->is_damaged = segment->is_damaged || reading == SPOOL_SKIPPED;
			count += reading == SPOOL_FRAME;
		}
		BUDGET_TRY(replay_window(ctx, frames, count, replay));
	} while (count == WINDOW);
	segment->is_damaged = segment->is_damaged || offset < segment->size;
	return BUDGET_OK;
}
