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
    const char *body, struct budget_ledger_draft *ret_draft)
{
	char id[UUID_TEXT_SIZE];
	bool is_client_id = client_id != NULL && is_own_key(client_id);
	struct budget_text *item = &ret_draft->members;

	budget_uuid_new(id);
	ret_draft->is_record = strcmp(verb, "record") == 0;
	budget_text_init(&ret_draft->shape, &ctx->arena, 256);
	budget_text_addf(&ret_draft->shape, "\"is_record\":%s", ret_draft->is_record ? "true" : "false");
	if (ctx->key_budget_id != NULL)
		budget_text_addf(&ret_draft->shape, ",\"key_budget_id\":\"%s\"", ctx->key_budget_id);
	budget_text_init(item, &ctx->arena, 512);
	budget_text_addf(item, "\"verb\":\"%s\",\"id\":\"%s\",\"is_fresh\":%s", verb, is_client_id ? client_id : id,
	    client_id == NULL ? "true" : "false");
	if (client_id != NULL && !is_client_id)
		add_hash(item, "key_hash", KEY_HASH_BYTES, "id", client_id);
	else if (client_id == NULL && key != NULL)
		add_hash(item, "key_hash", KEY_HASH_BYTES, key, part < 0 ? "" : budget_arena_printf(&ctx->arena, "%d", part));
	add_hash(item, "body_hash", BODY_HASH_BYTES, verb, body);
	if (ctx->key_id != NULL)
		budget_text_addf(item, ",\"key_id\":\"%s\"", ctx->key_id);
}

/* What a field is called inside the ledger where that is another name (NULL = not passed on), and where it goes. */
enum place { PLACE_ITEM, PLACE_SHAPE, PLACE_BOTH /* the shape needs it of records only */ };
static const struct {
	const char *field, *member;
	enum place place;
} special[] = {
	{ "record_id", NULL, 0 }, { "reserve", NULL, 0 }, { "input_text", NULL, 0 }, { "expected_tokens_used", NULL, 0 },
	{ "final", "is_final", PLACE_ITEM }, { "tokens_allocated", "tokens", PLACE_ITEM },
	{ "budget_id", "budget_id", PLACE_SHAPE }, { "provider", "provider", PLACE_SHAPE }, { "model", "model", PLACE_SHAPE },
	{ "tier", "tier", PLACE_SHAPE }, { "component", "component", PLACE_SHAPE }, { "task_type", "task_type", PLACE_SHAPE },
	{ "service_tier", "service_tier", PLACE_SHAPE },
	{ "allocation_id", "hold_id", PLACE_BOTH }, { "context_id", "context_id", PLACE_BOTH },
};

static const char *
member_name(const char *field, enum place *ret_place)
{
	*ret_place = PLACE_ITEM;
	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if (strcmp(special[i].field, field) == 0) {
			*ret_place = special[i].place;
			return special[i].member;
		}
	return field;
}

/* A time with a zone is an instant; without one SQL reads it in the budget's zone. */
static bool
has_zone(const char *time)
{
	size_t length = strlen(time);

	return length > 10 && (time[length - 1] == 'Z' || time[length - 1] == 'z' || strpbrk(time + 10, "+-") != NULL);
}

static void
add_member(struct budget_text *text, const char *name, enum budget_field_type type, const char *value)
{
	budget_text_addf(text, ",\"%s\":", name);
	switch (type) {
	case FIELD_STRING: case FIELD_ENUM: case FIELD_UUID: case FIELD_TIME:
		budget_text_json(text, value);
		break;
	default: /* numbers, booleans and objects are JSON already */
		budget_text_add(text, value);
	}
}

void
budget_ledger_members(struct budget_ledger_draft *draft, const struct budget_values *values)
{
	for (int i = 0; values->fields != NULL && values->fields[i].name != NULL; i++) {
		const struct budget_field *field = &values->fields[i];
		enum place place;
		const char *name = member_name(field->name, &place), *text = values->text[i];

		if (text == NULL || name == NULL || field->same_as != NULL)
			continue;
		if (strcmp(field->name, "timestamp") == 0)
			name = has_zone(text) ? "occurred_at" : "occurred_local";
		if (place != PLACE_SHAPE)
			add_member(&draft->members, name, field->type, text);
		if (place == PLACE_SHAPE || (place == PLACE_BOTH && draft->is_record))
			add_member(&draft->shape, name, field->type, text);
	}
}

/* Members of a record's answer that come from the request; `otherwise` stands for an absent one. */
static const struct {
	const char *field, *otherwise;
	enum budget_field_type type;
} echoed[] = {
	{ "context_id", "null", FIELD_STRING }, { "task_id", "null", FIELD_STRING },
	{ "input_tokens", "0", FIELD_COUNT }, { "cache_read_tokens", "0", FIELD_COUNT }, { "cache_write_5m_tokens", "0", FIELD_COUNT },
	{ "cache_write_1h_tokens", "0", FIELD_COUNT }, { "output_tokens", "0", FIELD_COUNT }, { "reasoning_tokens", "0", FIELD_COUNT },
	{ "input_audio_tokens", "0", FIELD_COUNT }, { "output_audio_tokens", "0", FIELD_COUNT }, { "input_image_tokens", "0", FIELD_COUNT },
	{ "output_image_tokens", "0", FIELD_COUNT }, { "requests", "1", FIELD_COUNT }, { "characters", "0", FIELD_COUNT },
	{ "output_characters", "0", FIELD_COUNT }, { "images", "0", FIELD_COUNT }, { "seconds", "0", FIELD_MONEY },
	{ "web_searches", "0", FIELD_COUNT }, { "reported_cost", "null", FIELD_MONEY }, { "operation_id", "null", FIELD_STRING },
	{ "request_id", "null", FIELD_STRING }, { "user_id", "null", FIELD_STRING }, { "metadata", "{}", FIELD_OBJECT },
};

static const char *
echo_of(struct budget_ctx *ctx, const struct budget_values *values)
{
	struct budget_text echo;

	budget_text_init(&echo, &ctx->arena, 640);
	for (size_t i = 0; i < sizeof echoed / sizeof *echoed; i++) {
		const char *text = budget_values_get(values, echoed[i].field);

		add_member(&echo, echoed[i].field, text != NULL ? echoed[i].type : FIELD_COUNT, text != NULL ? text : echoed[i].otherwise);
	}
	return budget_text_done(&echo);
}

enum budget_status
budget_ledger_end(struct budget_ctx *ctx, struct budget_ledger_draft *draft, const struct budget_values *values,
    struct budget_ledger_item *ret_item)
{
	struct budget_ledger_item item = {
		.shape = budget_text_done(&draft->shape), .members = budget_text_done(&draft->members),
		.echo = values != NULL ? echo_of(ctx, values) : NULL,
	};

	if (item.shape == NULL || item.members == NULL || (values != NULL && item.echo == NULL))
		return budget_fail(ctx, BUDGET_ETOOLARGE, "request_too_large", NULL, "The request is too large.");
	*ret_item = item;
	return BUDGET_OK;
}

/* Position of the item's shape among those of the group, from 1; 0 = it has none. Groups have few shapes, so a walk will do. */
static size_t
shape_position(const struct budget_ledger_item *items, size_t count, size_t *positions, const char **shapes, size_t *shapes_count)
{
	const char *shape = items[count].shape;

	positions[count] = 0;
	if (shape == NULL)
		return 0;
	for (size_t i = 0; i < *shapes_count; i++)
		if (shapes[i] == shape || strcmp(shapes[i], shape) == 0)
			return positions[count] = i + 1;
	shapes[(*shapes_count)++] = shape;
	return positions[count] = *shapes_count;
}

static const char *
group_json(struct budget_ctx *ctx, const struct budget_ledger_item *items, size_t count)
{
	const char *shapes[BUDGET_LEDGER_GROUP_MAX];
	size_t positions[BUDGET_LEDGER_GROUP_MAX], shapes_count = 0;
	struct budget_text text;

	for (size_t i = 0; i < count; i++)
		shape_position(items, i, positions, shapes, &shapes_count);
	budget_text_init(&text, &ctx->arena, 64 + count * 512);
	budget_text_add(&text, "{\"shapes\":[");
	for (size_t i = 0; i < shapes_count; i++)
		budget_text_addf(&text, "%s{%s}", i == 0 ? "" : ",", shapes[i]);
	budget_text_add(&text, "],\"items\":[");
	for (size_t i = 0; i < count; i++) {
		budget_text_addf(&text, "%s{\"n\":%zu,", i == 0 ? "" : ",", i + 1);
		if (positions[i] > 0)
			budget_text_addf(&text, "\"s\":%zu,", positions[i]);
		budget_text_add(&text, items[i].members);
		budget_text_add(&text, "}");
	}
	budget_text_add(&text, "]}");
	return budget_text_done(&text);
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
		};
		items[n - 1].answer.body = body_of(ctx, &items[n - 1], items[n - 1].answer.id, budget_result_text(result, row, 7));
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
