#include "lib/normalise/event.h"

#include <string.h>

#include "lib/ctx.h"
#include "lib/unpack.h"
#include "lib/when.h"

enum { ATTRIBUTE_MAX = 1024 };

static const char *
below(struct budget_ctx *ctx, const char *pointer, const char *name)
{
	return budget_arena_printf(&ctx->arena, "%s/%s", pointer, name);
}

static enum budget_status
read_text(struct budget_ctx *ctx, struct json_object *object, const char *pointer, const char *name, const char **ret_text)
{
	struct json_object *value = budget_json_get(object, name);
	const char *text = budget_json_text(ctx, value);

	if (value != NULL && (text == NULL || strlen(text) > ATTRIBUTE_MAX))
		return budget_fail(ctx, BUDGET_EINVALID, "wrong_type", below(ctx, pointer, name), "'%s' must be a text of at most %d bytes.",
		    name, ATTRIBUTE_MAX);
	*ret_text = text;
	return BUDGET_OK;
}

enum budget_status
budget_event_check(struct budget_ctx *ctx, const char *specversion, const char *pointer, const struct budget_event *event)
{
	const struct {
		const char *name, *text;
	} required[] = { { "specversion", specversion }, { "id", event->id }, { "source", event->source }, { "type", event->type } };

	for (size_t i = 0; i < sizeof required / sizeof *required; i++)
		if (required[i].text == NULL || required[i].text[0] == '\0')
			return budget_fail(ctx, BUDGET_EINVALID, "missing_field", below(ctx, pointer, required[i].name),
			    "'%s' is missing: a CloudEvent has specversion, id, source and type.", required[i].name);
	if (strcmp(specversion, "1.0") != 0)
		return budget_fail(ctx, BUDGET_EINVALID, "unknown_value", below(ctx, pointer, "specversion"),
		    "CloudEvents of version 1.0 are read here.");
	if (event->time != NULL && !budget_time_valid(event->time))
		return budget_fail(ctx, BUDGET_EINVALID, "invalid_time", below(ctx, pointer, "time"), "'time' must be an RFC 3339 time.");
	return BUDGET_OK;
}

/* data as it is; data_base64, or a text that holds JSON, parsed. */
static enum budget_status
read_data(struct budget_ctx *ctx, struct json_object *object, const char *pointer, struct budget_event *event)
{
	struct json_object *data = budget_json_get(object, "data"), *packed = budget_json_get(object, "data_base64");
	const char *text = NULL;
	size_t length = 0;

	if (packed != NULL) {
		text = budget_json_text(ctx, packed);
		if (text == NULL || data != NULL)
			return budget_fail(ctx, BUDGET_EINVALID, "wrong_type", below(ctx, pointer, "data_base64"),
			    "'data_base64' must be a text, and stand without 'data'.");
		BUDGET_TRY(budget_unpack_base64(ctx, text, below(ctx, pointer, "data_base64"), &text, &length));
	} else if (data != NULL && !budget_json_is_object(data) && !budget_json_is_array(data)) {
		text = budget_json_text(ctx, data);
		length = text != NULL ? strlen(text) : 0;
	}
	if (text != NULL)
		BUDGET_TRY(budget_json_parse_deep(ctx, text, length, &event->owned));
	event->data = text != NULL ? event->owned : data;
	return BUDGET_OK;
}

enum budget_status
budget_event_read(struct budget_ctx *ctx, struct json_object *object, const char *pointer, struct budget_event *ret_event)
{
	struct budget_event event = { .owned = NULL };
	const char *specversion = NULL;

	if (!budget_json_is_object(object))
		return budget_fail(ctx, BUDGET_EINVALID, "wrong_type", pointer, "An event is a JSON object.");
	BUDGET_TRY(read_text(ctx, object, pointer, "specversion", &specversion));
	BUDGET_TRY(read_text(ctx, object, pointer, "id", &event.id));
	BUDGET_TRY(read_text(ctx, object, pointer, "source", &event.source));
	BUDGET_TRY(read_text(ctx, object, pointer, "type", &event.type));
	BUDGET_TRY(read_text(ctx, object, pointer, "subject", &event.subject));
	BUDGET_TRY(read_text(ctx, object, pointer, "time", &event.time));
	BUDGET_TRY(budget_event_check(ctx, specversion, pointer, &event));
	BUDGET_TRY(read_data(ctx, object, pointer, &event));
	*ret_event = event;
	return BUDGET_OK;
}
