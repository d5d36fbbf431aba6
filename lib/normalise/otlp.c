#include "lib/normalise/otlp.h"

#include <ctype.h>
#include <string.h>

#include "lib/ctx.h"
#include "lib/when.h"

enum { KEY_MAX = 128, VALUE_MAX = 1024, TRACE_ID_MAX = 64 };

/* The two signals, level by level. */
static const struct signal {
	const char *resources, *scopes, *items, *time, *other_time;
} signals[] = {
	{ "resourceSpans", "scopeSpans", "spans", "startTimeUnixNano", "endTimeUnixNano" },
	{ "resourceLogs", "scopeLogs", "logRecords", "timeUnixNano", "observedTimeUnixNano" },
};

struct walk {
	struct budget_ctx *ctx;
	const struct signal *signal;
	budget_otlp_fn *call;
	void *user;
	struct budget_attribute *attributes; /* BUDGET_OTLP_ATTRIBUTES_MAX of them */
};

const char *
budget_span_get(const struct budget_span *span, const char *key)
{
	for (size_t i = 0; i < span->attributes_count; i++)
		if (strcmp(span->attributes[i].key, key) == 0)
			return span->attributes[i].text;
	return NULL;
}

bool
budget_span_is_usage(const struct budget_span *span)
{
	static const char *const tokens[] = { "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.prompt_tokens",
		"gen_ai.usage.completion_tokens" };
	static const char *const sums[] = { "invoke_agent", "create_agent", "execute_tool", "invoke_workflow" };
	const char *operation = budget_span_get(span, "gen_ai.operation.name");

	for (size_t i = 0; operation != NULL && i < sizeof sums / sizeof *sums; i++)
		if (strcmp(operation, sums[i]) == 0)
			return false;
	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++)
		if (budget_span_get(span, tokens[i]) != NULL)
			return true;
	return false;
}

/* {"stringValue": "x"}, {"intValue": "7"} …: the scalar inside; NULL for lists, trees and long texts. */
static const char *
scalar(struct budget_ctx *ctx, struct json_object *value)
{
	static const char *const kinds[] = { "stringValue", "intValue", "doubleValue", "boolValue" };
	const char *text = NULL;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && text == NULL; i++)
		text = budget_json_text(ctx, budget_json_get(value, kinds[i]));
	return text != NULL && strlen(text) <= VALUE_MAX ? text : NULL;
}

/* Only keys that may matter are kept: what else stands there may be long, and may be contents. */
static bool
is_wanted(const char *key)
{
	static const char *const prefixes[] = { "gen_ai.", "budget.", "service.name", "session.id", "enduser.id", "user.id",
		"openai.", "llm.", "deployment." };

	if (key == NULL || strlen(key) > KEY_MAX || strstr(key, "messages") != NULL || strstr(key, "instructions") != NULL)
		return false;
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static size_t
add_attributes(struct walk *walk, struct json_object *list, size_t count)
{
	for (size_t i = 0; i < budget_json_length(list) && count < BUDGET_OTLP_ATTRIBUTES_MAX; i++) {
		struct json_object *one = budget_json_at(list, i);
		const char *key = budget_json_text(walk->ctx, budget_json_get(one, "key")), *text = NULL;

		if (is_wanted(key))
			text = scalar(walk->ctx, budget_json_get(one, "value"));
		if (text != NULL)
			walk->attributes[count++] = (struct budget_attribute){ .key = key, .text = text };
	}
	return count;
}

/* An id of hex digits that are not all 0, in lower case, or NULL. */
static const char *
read_id(struct budget_ctx *ctx, struct json_object *item, const char *name)
{
	char *id = budget_arena_strdup(&ctx->arena, budget_json_text(ctx, budget_json_get(item, name)));
	bool is_zero = true;

	if (id == NULL || id[0] == '\0' || strlen(id) > TRACE_ID_MAX)
		return NULL;
	for (char *at = id; *at != '\0'; at++) {
		if (!isxdigit((unsigned char)*at))
			return NULL;
		is_zero = is_zero && *at == '0';
		*at = (char)tolower((unsigned char)*at);
	}
	return is_zero ? NULL : id;
}

static enum budget_status
visit(struct walk *walk, struct json_object *resource, struct json_object *item)
{
	const struct signal *signal = walk->signal;
	struct budget_span span = { .attributes = walk->attributes };
	const char *time = budget_json_text(walk->ctx, budget_json_get(item, signal->time));

	span.attributes_count = add_attributes(walk, budget_json_get(item, "attributes"), 0);
	if (!budget_span_is_usage(&span))
		return BUDGET_OK;
	span.attributes_count = add_attributes(walk, budget_json_get(resource, "attributes"), span.attributes_count);
	span.trace_id = read_id(walk->ctx, item, "traceId");
	span.span_id = read_id(walk->ctx, item, "spanId");
	if (time == NULL || strcmp(time, "0") == 0)
		time = budget_json_text(walk->ctx, budget_json_get(item, signal->other_time));
	span.time = time != NULL && strcmp(time, "0") != 0 ? budget_time_of_epoch(walk->ctx, time, 9) : NULL;
	return walk->call(walk->user, &span);
}

static enum budget_status
walk_resources(struct walk *walk, struct json_object *list)
{
	for (size_t i = 0; i < budget_json_length(list); i++) {
		struct json_object *one = budget_json_at(list, i), *scopes = budget_json_get(one, walk->signal->scopes);

		for (size_t k = 0; k < budget_json_length(scopes); k++) {
			struct json_object *items = budget_json_get(budget_json_at(scopes, k), walk->signal->items);

			for (size_t n = 0; n < budget_json_length(items); n++)
				BUDGET_TRY(visit(walk, budget_json_get(one, "resource"), budget_json_at(items, n)));
		}
	}
	return BUDGET_OK;
}

enum budget_status
budget_otlp_each(struct budget_ctx *ctx, struct json_object *root, budget_otlp_fn *call, void *user)
{
	struct walk walk = { .ctx = ctx, .call = call, .user = user };

	if (!budget_json_is_object(root))
		return budget_fail(ctx, BUDGET_EINVALID, "wrong_type", "", "Send an OTLP request: {\"resourceSpans\": […]} or"
		    " {\"resourceLogs\": […]}.");
	walk.attributes = budget_arena_alloc(&ctx->arena, BUDGET_OTLP_ATTRIBUTES_MAX * sizeof *walk.attributes);
	if (walk.attributes == NULL)
		return budget_fail_memory(ctx);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		walk.signal = &signals[i];
		BUDGET_TRY(walk_resources(&walk, budget_json_get(root, signals[i].resources)));
	}
	return BUDGET_OK;
}
