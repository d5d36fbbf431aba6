/* POST /usage/events: CloudEvents 1.0 whose data is a usage record, or what a provider answered. */
#include <string.h>
#include <strings.h>

#include "cgi-bin/fcgi/body.h"
#include "cgi-bin/telemetry.h"
#include "lib/normalise/event.h"

struct known {
	bool is_all;
};

static void
look_up(void *user, const char *name, struct json_object *value)
{
	struct known *known = user;
	bool is_one = false;

	(void)value;
	for (const struct budget_field *field = usage_record_fields; field->name != NULL; field++)
		is_one = is_one || budget_field_named(field, name);
	known->is_all = known->is_all && is_one;
}

/* Data with members that no record has is a provider's answer, when there is usage in it. */
static bool
is_answer(struct budget_ctx *ctx, struct json_object *data)
{
	struct known known = { .is_all = true };
	struct budget_usage_found found = { .flags = 0 };
	bool is_found;

	budget_json_each(data, look_up, &known);
	if (known.is_all)
		return false;
	is_found = budget_response_normalise(ctx, NULL, data, "", &found) == BUDGET_OK || strcmp(ctx->error.code, "usage_not_found") != 0;
	ctx->error = (struct budget_error){ 0 };
	return is_found;
}

/* "where" is the pointer of the data inside the body. */
static enum budget_status
add_event(struct usage_batch *batch, size_t index, const struct budget_event *event, const char *where)
{
	struct budget_ctx *ctx = &batch->request->ctx;
	struct budget_values values = { .fields = usage_record_fields };
	struct usage_origin origin = { .part = -1, .pointer = where,
		.key = telemetry_key(ctx, "event", event->source, event->id) };
	const char *identity;

	if (where == NULL || origin.key == NULL)
		return budget_fail_memory(ctx);
	if (!budget_json_is_object(event->data))
		return budget_fail(ctx, BUDGET_EINVALID, "missing_field", where, "An event's data is a usage record, or what a provider"
		    " answered: a JSON object.");
	if (is_answer(ctx, event->data)) {
		origin.response = event->data;
		origin.is_bare = true;
		usage_set(&values, "response", budget_json_print(ctx, event->data));
	} else {
		BUDGET_TRY(budget_fields_decode(ctx, usage_record_fields, event->data, where, &values));
		origin.usage = budget_json_get(event->data, "usage");
		origin.response = budget_json_get(event->data, "response");
	}
	if (budget_values_get(&values, "timestamp") == NULL)
		usage_set(&values, "timestamp", event->time);
	telemetry_describe(ctx, &values, "user_id", event->subject);
	identity = budget_values_get(&values, "record_id");
	return usage_batch_add(batch, index, &values, &origin, identity != NULL ? identity : origin.key);
}

static enum budget_status
decode_event(struct usage_batch *batch, struct json_object *object, size_t index)
{
	struct budget_ctx *ctx = &batch->request->ctx;
	struct budget_event event = { .owned = NULL };
	const char *pointer = batch->is_single ? "" : budget_arena_printf(&ctx->arena, "/%zu", index);
	enum budget_status status = pointer == NULL ? budget_fail_memory(ctx) : budget_event_read(ctx, object, pointer, &event);

	if (status == BUDGET_OK)
		status = add_event(batch, index, &event, budget_arena_printf(&ctx->arena, "%s/data", pointer));
	budget_json_put(&event.owned);
	return status == BUDGET_OK ? BUDGET_OK : usage_batch_close(batch, index, status);
}

/* A ce-… header: printable ASCII, what is not that percent-encoded. */
static const char *
header(struct request *request, const char *name)
{
	const char *text = request_header(request, name);
	char *plain = text != NULL ? budget_arena_alloc(&request->ctx.arena, strlen(text) + 1) : NULL;

	if (plain == NULL)
		return NULL;
	return budget_percent_decode(text, strlen(text), false, plain) ? plain : text;
}

/* The attributes stand in headers, the body is the data. */
static enum budget_status
decode_binary(struct usage_batch *batch, const char *text, size_t length)
{
	struct request *request = batch->request;
	struct budget_event event = { .id = header(request, "HTTP_CE_ID"), .source = header(request, "HTTP_CE_SOURCE"),
		.type = header(request, "HTTP_CE_TYPE"), .subject = header(request, "HTTP_CE_SUBJECT"),
		.time = header(request, "HTTP_CE_TIME") };
	enum budget_status status;

	if (!body_is_json_type(request->content_type != NULL ? request->content_type : ""))
		return budget_fail(&request->ctx, BUDGET_EMEDIA, "unsupported_media_type", NULL, "In binary mode the data is JSON: send the"
		    " header 'Content-Type: application/json'.");
	BUDGET_TRY(budget_event_check(&request->ctx, header(request, "HTTP_CE_SPECVERSION"), "", &event));
	BUDGET_TRY(usage_batch_alloc(batch, 1));
	BUDGET_TRY(budget_json_parse_deep(&request->ctx, text, length, &event.owned));
	event.data = event.owned;
	batch->is_single = true;
	status = add_event(batch, 0, &event, "");
	budget_json_put(&event.owned);
	return status == BUDGET_OK ? BUDGET_OK : usage_batch_close(batch, 0, status);
}

static bool
is_type(const char *type, const char *wanted)
{
	size_t length = strlen(wanted);

	return strncasecmp(type, wanted, length) == 0 && strchr("; \t", type[length]) != NULL;
}

enum budget_status
telemetry_events(struct request *request)
{
	struct usage_batch batch = { .request = request, .identity_member = "/id", .decode = decode_event, .is_deep = true };
	const char *type = request->content_type != NULL ? request->content_type : "", *text = NULL;
	size_t length = 0;

	BUDGET_TRY(telemetry_body(request, &text, &length));
	batch.may_be_single = is_type(type, "application/cloudevents+json");
	if (batch.may_be_single || is_type(type, "application/cloudevents-batch+json"))
		BUDGET_TRY(usage_batch_decode(&batch, text, length));
	else if (request_header(request, "HTTP_CE_SPECVERSION") != NULL || request_header(request, "HTTP_CE_ID") != NULL)
		BUDGET_TRY(decode_binary(&batch, text, length));
	else
		return budget_fail(&request->ctx, BUDGET_EMEDIA, "unsupported_media_type", NULL, "Send CloudEvents 1.0: the header"
		    " 'Content-Type: application/cloudevents+json' (one event), 'application/cloudevents-batch+json' (an array), or ce-…"
		    " headers with the data as the body.");
	return usage_batch_reply(&batch);
}
