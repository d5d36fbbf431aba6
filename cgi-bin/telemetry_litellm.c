/* POST /usage/litellm: what LiteLLM's generic API callback sends, its "standard logging payload". */
#include <string.h>

#include "cgi-bin/telemetry.h"
#include "lib/when.h"

static struct json_object *
at(struct json_object *object, const char *first, const char *second)
{
	object = budget_json_get(object, first);
	return second != NULL ? budget_json_get(object, second) : object;
}

static const char *
text_at(struct budget_ctx *ctx, struct json_object *object, const char *first, const char *second)
{
	const char *text = budget_json_text(ctx, at(object, first, second));

	return text != NULL && text[0] != '\0' ? text : NULL;
}

static bool
is_true(struct budget_ctx *ctx, struct json_object *object, const char *name)
{
	const char *text = text_at(ctx, object, name, NULL);

	return text != NULL && (strcmp(text, "true") == 0 || strcmp(text, "True") == 0);
}

/* Where the provider's own usage stands; in older releases only its totals do, in the payload itself. */
static struct json_object *
usage_of(struct json_object *payload)
{
	struct json_object *usage = at(payload, "metadata", "usage_object");

	usage = budget_json_is_object(usage) ? usage : at(payload, "response", "usage");
	return budget_json_is_object(usage) ? usage : payload;
}

/* A call that failed before the provider counted anything. */
static bool
is_failure(struct budget_ctx *ctx, struct json_object *payload)
{
	const char *status = text_at(ctx, payload, "status", NULL), *tokens = text_at(ctx, payload, "total_tokens", NULL);
	const char *cost = text_at(ctx, payload, "response_cost", NULL);

	return status != NULL && strcmp(status, "failure") == 0 && (tokens == NULL || strcmp(tokens, "0") == 0)
	    && (cost == NULL || strspn(cost, "0.") == strlen(cost));
}

static const char *
time_of(struct budget_ctx *ctx, struct json_object *payload)
{
	const char *text = text_at(ctx, payload, "startTime", NULL);

	if (text != NULL && budget_time_valid(text))
		return strpbrk(text + 10, "Zz+-") != NULL || strlen(text) == 10 ? text : budget_arena_printf(&ctx->arena, "%sZ", text);
	return budget_time_of_epoch(ctx, text, 0);
}

/* Who asked, in LiteLLM's words: first its key, then its team. What the caller put into its metadata for us wins. */
static enum budget_status
describe(struct budget_ctx *ctx, struct json_object *payload, struct budget_values *values)
{
	static const char *const ours[] = { "budget_id", "allocation_id", "tier", "context_id", "task_id", "task_type", "component",
		"user_id" };
	static const char *const places[] = { "spend_logs_metadata", "requester_metadata" };
	struct json_object *metadata = budget_json_get(payload, "metadata");

	for (size_t k = 0; k < sizeof places / sizeof *places; k++)
		for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
			if (budget_values_get(values, ours[i]) == NULL)
				BUDGET_TRY(usage_read(ctx, values, ours[i], ours[i], text_at(ctx, metadata, places[k], ours[i])));
	telemetry_describe(ctx, values, "component", text_at(ctx, metadata, "user_api_key_alias", NULL));
	telemetry_describe(ctx, values, "component", text_at(ctx, metadata, "user_api_key_team_alias", NULL));
	telemetry_describe(ctx, values, "component", "litellm");
	telemetry_describe(ctx, values, "user_id", text_at(ctx, payload, "end_user", NULL));
	telemetry_describe(ctx, values, "user_id", text_at(ctx, metadata, "user_api_key_end_user_id", NULL));
	telemetry_describe(ctx, values, "user_id", text_at(ctx, metadata, "user_api_key_user_id", NULL));
	telemetry_describe(ctx, values, "request_id", text_at(ctx, payload, "id", NULL));
	telemetry_describe(ctx, values, "operation_id", text_at(ctx, payload, "trace_id", NULL));
	return BUDGET_OK;
}

/* {"call_type", "model_group", "team", "tags"}: what reports may want; never messages. */
static const char *
metadata_of(struct budget_ctx *ctx, struct json_object *payload)
{
	struct json_object *tags = budget_json_get(payload, "request_tags");
	struct budget_text text;

	budget_text_init(&text, &ctx->arena, 256);
	budget_text_add(&text, "{");
	budget_text_member(&text, "call_type", text_at(ctx, payload, "call_type", NULL));
	budget_text_member(&text, "model_group", text_at(ctx, payload, "model_group", NULL));
	budget_text_member(&text, "team", text_at(ctx, payload, "metadata", "user_api_key_team_id"));
	if (budget_json_length(tags) > 0)
		budget_text_member_raw(&text, "tags", budget_json_print(ctx, tags));
	budget_text_add(&text, "}");
	return budget_text_done(&text) != NULL && text.length <= FIELD_TEXT_MAX ? text.data : NULL;
}

static enum budget_status
set_provider(struct budget_ctx *ctx, struct json_object *payload, struct budget_values *values)
{
	const char *model = text_at(ctx, payload, "model", NULL), *provider = text_at(ctx, payload, "custom_llm_provider", NULL);

	provider = provider != NULL ? provider : text_at(ctx, payload, "hidden_params", "custom_llm_provider");
	provider = provider != NULL ? provider : budget_usage_provider_of(model);
	BUDGET_TRY(usage_read(ctx, values, "provider", "custom_llm_provider", provider != NULL ? provider : "litellm"));
	return usage_read(ctx, values, "model", "model", model);
}

/* What LiteLLM answered from its own cache bought nothing, whatever usage it repeats. */
static enum budget_status
set_counts(struct budget_ctx *ctx, struct json_object *payload, const char *pointer, struct budget_values *values,
    unsigned *flags)
{
	struct budget_usage_found found = { .model = budget_values_get(values, "model") };
	const char *cost = text_at(ctx, payload, "response_cost", NULL), *tier = text_at(ctx, payload, "response", "service_tier");

	if (is_true(ctx, payload, "cache_hit")) {
		*flags = USAGE_CACHE_HIT;
		usage_set(values, "input_tokens", "0");
		usage_set(values, "requests", "0");
	} else {
		BUDGET_TRY(budget_usage_normalise(ctx, budget_values_get(values, "provider"), usage_of(payload), pointer, &found));
		found.reported_cost = NULL; /* LiteLLM's own sum is the one that stands in its books */
		found.provider = NULL;
		tier = tier != NULL ? tier : text_at(ctx, payload, "model_parameters", "service_tier");
		found.service_tier = found.service_tier == NULL && tier != NULL ? budget_usage_tier_of(tier) : found.service_tier;
		BUDGET_TRY(usage_set_found(ctx, values, &found));
		*flags = found.flags & ~(unsigned)USAGE_COST_UNREADABLE;
	}
	if (cost == NULL)
		return BUDGET_OK;
	telemetry_describe(ctx, values, "reported_cost", cost);
	*flags |= budget_values_get(values, "reported_cost") == NULL ? USAGE_COST_UNREADABLE : 0;
	return BUDGET_OK;
}

static enum budget_status
decode_payload(struct usage_batch *batch, struct json_object *object, size_t index)
{
	struct budget_ctx *ctx = &batch->request->ctx;
	struct json_object *wrapped = budget_json_get(object, "standard_logging_object");
	struct json_object *payload = budget_json_is_object(wrapped) ? wrapped : object;
	struct budget_values values = { .fields = usage_record_fields };
	struct usage_origin origin = { .part = -1, .pointer = batch->is_single ? "" : budget_arena_printf(&ctx->arena, "/%zu", index) };
	const char *id = text_at(ctx, payload, "id", NULL);
	enum budget_status status = budget_json_is_object(payload) ? BUDGET_OK
	    : budget_fail(ctx, BUDGET_EINVALID, "wrong_type", origin.pointer, "Send LiteLLM's standard logging payload: a JSON object.");

	if (status == BUDGET_OK && is_failure(ctx, payload)) {
		usage_batch_ignore(batch, index);
		return BUDGET_OK;
	}
	if (status == BUDGET_OK)
		status = set_provider(ctx, payload, &values);
	if (status == BUDGET_OK)
		status = set_counts(ctx, payload, origin.pointer, &values, &origin.flags);
	if (status == BUDGET_OK)
		status = describe(ctx, payload, &values);
	if (status != BUDGET_OK)
		return usage_batch_close(batch, index, status);
	usage_set(&values, "timestamp", time_of(ctx, payload));
	usage_set(&values, "metadata", metadata_of(ctx, payload));
	origin.key = id != NULL ? telemetry_key(ctx, "litellm", id, "") : NULL;
	return usage_batch_add(batch, index, &values, &origin, origin.key);
}

enum budget_status
telemetry_litellm(struct request *request)
{
	struct usage_batch batch = { .request = request, .identity_member = "/id", .decode = decode_payload, .is_deep = true,
		.may_be_single = true };
	const char *text = NULL;
	size_t length = 0;

	BUDGET_TRY(telemetry_body(request, &text, &length));
	BUDGET_TRY(usage_batch_decode(&batch, text, length));
	return usage_batch_reply(&batch);
}
