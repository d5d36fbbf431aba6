/* From decoded fields, or a provider's own words, to an item of the ledger. */
#include "cgi-bin/usage_item.h"

#include <inttypes.h>
#include <string.h>

/* The fields that say how much: at least one has to be there, unless the provider's own words are. */
static const char *const counts[] = { "input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
	"output_tokens", "reasoning_tokens", "input_audio_tokens", "output_audio_tokens", "input_image_tokens", "output_image_tokens",
	"requests", "characters", "output_characters", "images", "seconds", "web_searches" };

static int
index_of(const struct budget_values *values, const char *name)
{
	for (int i = 0; values->fields != NULL && values->fields[i].name != NULL; i++)
		if (strcmp(values->fields[i].name, name) == 0)
			return i;
	return -1;
}

void
usage_set(struct budget_values *values, const char *name, const char *text)
{
	int index = index_of(values, name);

	if (index >= 0)
		values->text[index] = text;
}

enum budget_status
usage_read(struct budget_ctx *ctx, struct budget_values *values, const char *name, const char *pointer, const char *text)
{
	int index = index_of(values, name);

	if (index < 0 || text == NULL || text[0] == '\0')
		return BUDGET_OK;
	return budget_field_read(ctx, &values->fields[index], pointer, text, &values->text[index]);
}

/* The first count that was sent, or NULL. */
static const char *
sent_count(const struct budget_values *values)
{
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		if (budget_values_get(values, counts[i]) != NULL)
			return counts[i];
	return NULL;
}

static enum budget_status
need(struct budget_ctx *ctx, const struct budget_values *values, const char *pointer, const char *name, const char *about)
{
	if (budget_values_get(values, name) != NULL)
		return BUDGET_OK;
	return budget_fail(ctx, BUDGET_EINVALID, "missing_field", budget_arena_printf(&ctx->arena, "%s/%s", pointer, name),
	    "'%s' is missing: %s.", name, about);
}

static void
set_absent(struct budget_values *values, const char *name, const char *text)
{
	if (text != NULL && budget_values_get(values, name) == NULL)
		usage_set(values, name, text);
}

enum budget_status
usage_set_found(struct budget_ctx *ctx, struct budget_values *values, const struct budget_usage_found *found)
{
	for (int i = 0; i < USAGE_CLASSES; i++) {
		if (found->counts[i] == 0 && i != USAGE_INPUT)
			continue;
		usage_set(values, budget_usage_fields[i], budget_arena_printf(&ctx->arena, "%" PRId64, found->counts[i]));
		if (budget_values_get(values, budget_usage_fields[i]) == NULL)
			return budget_fail_memory(ctx);
	}
	set_absent(values, "seconds", found->seconds);
	set_absent(values, "service_tier", found->service_tier);
	set_absent(values, "reported_cost", found->reported_cost);
	set_absent(values, "provider", found->provider);
	return BUDGET_OK;
}

/* Normalises what came as `usage` or `response` into a copy of the values. */
static enum budget_status
normalise(struct budget_ctx *ctx, struct budget_values *values, const struct usage_origin *origin,
    struct budget_usage_found *found)
{
	const char *name = sent_count(values), *member = origin->usage != NULL ? "usage" : "response";
	const char *pointer = origin->is_bare ? origin->pointer : budget_arena_printf(&ctx->arena, "%s/%s", origin->pointer, member);
	const char *provider = budget_values_get(values, "provider");

	if (origin->usage != NULL && origin->response != NULL)
		return budget_fail(ctx, BUDGET_EINVALID, "ambiguous_amount", budget_arena_printf(&ctx->arena, "%s/usage",
		    origin->pointer), "'usage' and 'response' are both there: send one.");
	if (name != NULL)
		return budget_fail(ctx, BUDGET_EINVALID, "ambiguous_amount", budget_arena_printf(&ctx->arena, "%s/%s",
		    origin->pointer, name), "'%s' stands beside '%s', which says how much was used: send one of them.", name, member);
	found->model = budget_values_get(values, "model");
	if (origin->usage != NULL)
		BUDGET_TRY(budget_usage_normalise(ctx, provider, origin->usage, pointer, found));
	else
		BUDGET_TRY(budget_response_normalise(ctx, provider, origin->response, pointer, found));
	BUDGET_TRY(usage_set_found(ctx, values, found));
	if (budget_values_get(values, "model") == NULL)
		BUDGET_TRY(usage_read(ctx, values, "model", pointer, found->model));
	if (budget_values_get(values, "request_id") == NULL && found->id != NULL && strlen(found->id) <= 256)
		usage_set(values, "request_id", found->id);
	set_absent(values, "provider", budget_usage_provider_of(budget_values_get(values, "model")));
	BUDGET_TRY(need(ctx, values, origin->pointer, "provider", "who sent this usage? It does not say so itself"));
	return need(ctx, values, origin->pointer, "model", "this usage does not say of which model it is");
}

struct numbers {
	struct budget_ctx *ctx;
	struct budget_text text;
};

/* Of an answer that is its own usage (Ollama), what is no number may be content: it is not kept. */
static void
add_number(void *user, const char *name, struct json_object *value)
{
	struct numbers *numbers = user;
	const char *text = budget_json_print(numbers->ctx, value);

	if (text != NULL && strchr("-0123456789tf", text[0]) != NULL)
		budget_text_member_raw(&numbers->text, name, text);
}

static const char *
raw_of(struct budget_ctx *ctx, const struct usage_origin *origin, const struct budget_usage_found *found)
{
	struct numbers numbers = { .ctx = ctx };

	if (found->usage != origin->response)
		return budget_json_print(ctx, found->usage);
	budget_text_init(&numbers.text, &ctx->arena, 256);
	budget_text_add(&numbers.text, "{");
	budget_json_each(found->usage, add_number, &numbers);
	budget_text_add(&numbers.text, "}");
	return budget_text_done(&numbers.text);
}

/* Members that no field has: the object as it came, and what is to be known about the counts. */
static void
add_found(struct budget_ctx *ctx, struct budget_text *members, const char *raw, unsigned flags)
{
	struct budget_text words;

	if (raw != NULL && strlen(raw) <= USAGE_RAW_MAX)
		budget_text_member_raw(members, "raw", raw);
	else if (raw != NULL)
		flags |= USAGE_RAW_LEFT_OUT;
	if (flags == 0)
		return;
	budget_text_init(&words, &ctx->arena, 64);
	for (int i = 0; budget_usage_flag_names[i] != NULL; i++)
		if ((flags & (1u << i)) != 0)
			budget_text_addf(&words, "%s\"%s\"", words.length > 0 ? "," : "[", budget_usage_flag_names[i]);
	budget_text_add(&words, "]");
	budget_text_member_raw(members, "flags", budget_text_done(&words));
}

/* What makes two requests with one id or key the same. */
static const char *
body_of(struct budget_ctx *ctx, const struct budget_values *values)
{
	struct budget_text body;

	budget_text_init(&body, &ctx->arena, 512);
	budget_text_add(&body, "{");
	budget_values_members(values, &body);
	return budget_text_done(&body);
}

static enum budget_status
make_item(struct budget_ctx *ctx, const struct budget_values *values, const struct usage_origin *origin, const char *body,
    const char *raw, unsigned flags, struct budget_ledger_item *ret_item)
{
	struct budget_ledger_draft draft;

	budget_ledger_begin(ctx, "record", budget_values_get(values, "record_id"), origin->key, origin->part, body, &draft);
	budget_ledger_members(&draft, values);
	if (raw != NULL || flags != 0)
		add_found(ctx, &draft.members, raw, flags);
	return budget_ledger_end(ctx, &draft, values, ret_item);
}

/* The rare form, apart: the plain one stays as cheap as it was. */
static enum budget_status
normalised_item(struct budget_ctx *ctx, const struct budget_values *values, const struct usage_origin *origin,
    const char *body, struct budget_ledger_item *ret_item)
{
	struct budget_values *plain = budget_arena_alloc(&ctx->arena, sizeof *plain);
	struct budget_usage_found found = { .flags = 0 };
	const char *keep_raw = budget_values_get(values, "keep_raw"), *raw = NULL;

	if (plain == NULL)
		return budget_fail_memory(ctx);
	*plain = *values;
	BUDGET_TRY(normalise(ctx, plain, origin, &found));
	if (keep_raw != NULL && strcmp(keep_raw, "true") == 0) {
		raw = raw_of(ctx, origin, &found);
		if (raw == NULL)
			return budget_fail_memory(ctx);
	}
	usage_set(plain, "usage", NULL);
	usage_set(plain, "response", NULL);
	usage_set(plain, "keep_raw", NULL);
	return make_item(ctx, plain, origin, body, raw, found.flags | origin->flags, ret_item);
}

enum budget_status
usage_item(struct budget_ctx *ctx, const struct budget_values *values, const struct usage_origin *origin,
    struct budget_ledger_item *ret_item)
{
	const char *body = origin->identity != NULL ? origin->identity : body_of(ctx, values);

	if (body == NULL)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "request_too_large", origin->pointer, "The request is too large.");
	if (origin->usage != NULL || origin->response != NULL)
		return normalised_item(ctx, values, origin, body, ret_item);
	BUDGET_TRY(need(ctx, values, origin->pointer, "provider", "who sells the model"));
	BUDGET_TRY(need(ctx, values, origin->pointer, "model", "as the provider names it"));
	if (sent_count(values) == NULL)
		return budget_fail(ctx, BUDGET_EINVALID, "missing_field", budget_arena_printf(&ctx->arena, "%s/input_tokens",
		    origin->pointer), "Say how much was used: input_tokens and output_tokens, another count, or the provider's usage or response.");
	return make_item(ctx, values, origin, body, NULL, origin->flags, ret_item);
}
