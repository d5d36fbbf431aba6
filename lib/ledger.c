#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/ctx.h"
#include "lib/ledger.h"
#include "lib/uuid.h"

/* An id is its own idempotency key while its time lies near ours: the tables of ids are partitioned by that time. */
#define ID_AGE_MAX_MS (35LL * 86400 * 1000)
#define ID_AHEAD_MAX_MS (10LL * 60 * 1000)

#define KEY_HASH_BYTES 16
#define BODY_HASH_BYTES 16

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool
is_own_key(const char *id)
{
	int64_t age_ms = now_ms() - budget_uuid_time_ms(id);

	return budget_uuid_time_ms(id) >= 0 && age_ms <= ID_AGE_MAX_MS && age_ms >= -ID_AHEAD_MAX_MS;
}

/* Adds `"name":"\\x<hex>"`: a bytea in JSON. BLAKE2b; two texts with a NUL between them, so that they cannot run together. */
static void
add_hash(struct budget_text *item, const char *name, size_t size, const char *first, const char *second)
{
	unsigned char hash[crypto_generichash_BYTES_MAX];
	char hex[2 * sizeof hash + 1];
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, size);
	crypto_generichash_update(&state, (const unsigned char *)first, strlen(first) + 1);
	crypto_generichash_update(&state, (const unsigned char *)second, strlen(second));
	crypto_generichash_final(&state, hash, size);
	sodium_bin2hex(hex, sizeof hex, hash, size);
	budget_text_addf(item, ",\"%s\":\"\\\\x%s\"", name, hex);
}

void
budget_ledger_begin(struct budget_ctx *ctx, const char *verb, const char *client_id, const char *key, int part,
    const char *body, struct budget_text *ret)
{
	char id[UUID_TEXT_SIZE];
	bool is_client_id = client_id != NULL && is_own_key(client_id);

	budget_uuid_new(id);
	budget_text_init(ret, &ctx->arena, 512);
	budget_text_addf(ret, "\"verb\":\"%s\",\"id\":\"%s\",\"is_fresh\":%s", verb, is_client_id ? client_id : id,
	    client_id == NULL ? "true" : "false");
	if (client_id != NULL && !is_client_id)
		add_hash(ret, "key_hash", KEY_HASH_BYTES, "id", client_id);
	else if (client_id == NULL && key != NULL)
		add_hash(ret, "key_hash", KEY_HASH_BYTES, key, part < 0 ? "" : budget_arena_printf(&ctx->arena, "%d", part));
	add_hash(ret, "body_hash", BODY_HASH_BYTES, verb, body);
	if (ctx->key_id != NULL)
		budget_text_addf(ret, ",\"key_id\":\"%s\"", ctx->key_id);
	if (ctx->key_budget_id != NULL)
		budget_text_addf(ret, ",\"key_budget_id\":\"%s\"", ctx->key_budget_id);
}

/* What a field is called inside the ledger where that is another name; NULL = not passed on. */
static const struct {
	const char *field, *member;
} renamed[] = {
	{ "record_id", NULL }, { "allocation_id", "hold_id" }, { "final", "is_final" }, { "reserve", NULL }, { "input_text", NULL },
	{ "tokens_allocated", "tokens" }, { "cost_allocated", "cost" }, { "expected_tokens_used", NULL },
};

static const char *
member_name(const char *field)
{
	for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++)
		if (strcmp(renamed[i].field, field) == 0)
			return renamed[i].member;
	return field;
}

/* A time with a zone is an instant; without one SQL reads it in the budget's zone. */
static bool
has_zone(const char *time)
{
	size_t length = strlen(time);

	return length > 10 && (time[length - 1] == 'Z' || time[length - 1] == 'z' || strpbrk(time + 10, "+-") != NULL);
}

void
budget_ledger_members(struct budget_text *item, const struct budget_values *values)
{
	for (int i = 0; values->fields != NULL && values->fields[i].name != NULL; i++) {
		const struct budget_field *field = &values->fields[i];
		const char *name = member_name(field->name), *text = values->text[i];

		if (text == NULL || name == NULL || field->same_as != NULL)
			continue;
		if (field->type == FIELD_TIME) {
			bool is_instant = has_zone(text);

			name = strcmp(field->name, "timestamp") != 0 ? field->name : is_instant ? "occurred_at" : "occurred_local";
			budget_text_addf(item, ",\"%s\":", name);
			budget_text_json(item, text);
			continue;
		}
		budget_text_addf(item, ",\"%s\":", name);
		switch (field->type) {
		case FIELD_STRING: case FIELD_ENUM: case FIELD_UUID:
			budget_text_json(item, text);
			break;
		default: /* numbers, booleans and objects are JSON already */
			budget_text_add(item, text);
		}
	}
}

const char *
budget_ledger_end(struct budget_text *item)
{
	return budget_text_done(item);
}

static const char *
group_json(struct budget_ctx *ctx, const struct budget_ledger_item *items, size_t count)
{
	struct budget_text text;

	budget_text_init(&text, &ctx->arena, 64 + count * 512);
	budget_text_add(&text, "[");
	for (size_t i = 0; i < count; i++)
		budget_text_addf(&text, "%s{\"n\":%zu,%s}", i == 0 ? "" : ",", i + 1, items[i].members);
	budget_text_add(&text, "]");
	return budget_text_done(&text);
}

static enum budget_status
copy_answers(struct budget_ctx *ctx, const struct budget_result *result, struct budget_ledger_item *items, size_t count)
{
	size_t answered = 0;

	for (int row = 0; row < budget_result_rows(result); row++) {
		size_t n = strtoul(budget_result_text(result, row, 0), NULL, 10);
		const char *replay = budget_result_text(result, row, 5);

		if (n < 1 || n > count || items[n - 1].answer.status != 0)
			break;
		items[n - 1].answer = (struct budget_ledger_answer){
			.status = atoi(budget_result_text(result, row, 1)),
			.code = budget_arena_strdup(&ctx->arena, budget_result_text(result, row, 2)),
			.pointer = budget_arena_strdup(&ctx->arena, budget_result_text(result, row, 3)),
			.detail = budget_arena_strdup(&ctx->arena, budget_result_text(result, row, 4)),
			.is_replay = replay != NULL && *replay == 't',
			.id = budget_arena_strdup(&ctx->arena, budget_result_text(result, row, 6)),
			.body = budget_arena_strdup(&ctx->arena, budget_result_text(result, row, 7)),
		};
		answered++;
	}
	if (answered == count)
		return BUDGET_OK;
	return budget_fail(ctx, BUDGET_EBUG, "internal_error", NULL, "The ledger answered %zu of %zu requests.", answered, count);
}

static enum budget_status
run_once(struct budget_ctx *ctx, enum budget_statement statement, struct budget_ledger_item *items, size_t count)
{
	_auto_result_ struct budget_result *result = NULL;
	const char *values[] = { ctx->tenant_id, group_json(ctx, items, count) };

	if (values[1] == NULL)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "request_too_large", NULL, "The requests of one call are too large together.");
	for (size_t i = 0; i < count; i++)
		items[i].answer = (struct budget_ledger_answer){ 0 };
	BUDGET_TRY(budget_db_run(ctx, statement, values, 2, &result));
	return copy_answers(ctx, result, items, count);
}

static bool
is_race(const struct budget_ctx *ctx)
{
	return ctx->error.status == BUDGET_EBUSY && ctx->error.code != NULL
	    && (strcmp(ctx->error.code, "serialization_conflict") == 0 || strcmp(ctx->error.code, "lock_timeout") == 0);
}

/* A value that SQL chokes on although the door let it in. It must not take its neighbours with it. */
static bool
is_poisoned(enum budget_status status)
{
	return status == BUDGET_EINVALID || status == BUDGET_EBUG || status == BUDGET_ECONFLICT;
}

static enum budget_status
run_group(struct budget_ctx *ctx, enum budget_statement statement, struct budget_ledger_item *items, size_t count)
{
	enum budget_status status = run_once(ctx, statement, items, count);

	if (status != BUDGET_OK && is_race(ctx))
		status = run_once(ctx, statement, items, count);
	if (status == BUDGET_OK || !is_poisoned(status))
		return status;
	if (count > 1) {
		BUDGET_TRY(run_group(ctx, statement, items, count / 2));
		return run_group(ctx, statement, items + count / 2, count - count / 2);
	}
	items->answer = (struct budget_ledger_answer){
		.status = budget_status_http(status), .code = ctx->error.code, .pointer = ctx->error.pointer, .detail = ctx->error.detail,
		.internal = ctx->error.internal,
	};
	return BUDGET_OK;
}

enum budget_status
budget_ledger_run(struct budget_ctx *ctx, struct budget_ledger_item *items, size_t count)
{
	return count == 0 ? BUDGET_OK : run_group(ctx, STMT_LEDGER_RUN, items, count);
}

enum budget_status
budget_ledger_check(struct budget_ctx *ctx, struct budget_ledger_item *items, size_t count)
{
	return count == 0 ? BUDGET_OK : run_group(ctx, STMT_LEDGER_CHECK, items, count);
}
