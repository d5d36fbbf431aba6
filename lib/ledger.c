#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/ctx.h"
#include "lib/ledger.h"
#include "lib/uuid.h"

/* An id is its own idempotency key while its time lies near ours: the tables of ids are partitioned by that time
 * (budget.id_age_max() says the same in SQL). */
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
	ret_draft->is_by_hold = false;
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
enum place { PLACE_ITEM, PLACE_SHAPE, PLACE_HOLD /* in the item; leads a record to its hold */ };
static const struct {
	const char *field, *member;
	enum place place;
} special[] = {
	{ "record_id", NULL, 0 }, { "reserve", NULL, 0 }, { "input_text", NULL, 0 }, { "expected_tokens_used", NULL, 0 },
	{ "final", "is_final", PLACE_ITEM }, { "tokens_allocated", "tokens", PLACE_ITEM },
	{ "budget_id", "budget_id", PLACE_SHAPE }, { "provider", "provider", PLACE_SHAPE }, { "model", "model", PLACE_SHAPE },
	{ "tier", "tier", PLACE_SHAPE }, { "component", "component", PLACE_SHAPE }, { "task_type", "task_type", PLACE_SHAPE },
	{ "service_tier", "service_tier", PLACE_SHAPE },
	{ "allocation_id", "hold_id", PLACE_HOLD }, { "context_id", "context_id", PLACE_HOLD },
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
		else if (field->type == FIELD_TIME && !has_zone(text))
			name = "expires_local";
		add_member(place == PLACE_SHAPE ? &draft->shape : &draft->members, name, field->type, text);
		draft->is_by_hold = draft->is_by_hold || (place == PLACE_HOLD && draft->is_record);
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
		.echo = values != NULL ? echo_of(ctx, values) : NULL, .is_by_hold = draft->is_by_hold,
	};

	if (item.shape == NULL || item.members == NULL || (values != NULL && item.echo == NULL))
		return budget_fail(ctx, BUDGET_ETOOLARGE, "request_too_large", NULL, "The request is too large.");
	*ret_item = item;
	return BUDGET_OK;
}
