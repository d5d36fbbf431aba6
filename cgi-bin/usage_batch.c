/* POST /usage/batch: up to 10,000 records, as a JSON array or one a line. */
#include <string.h>

#include "cgi-bin/fcgi/body.h"
#include "cgi-bin/usage_batch.h"
#include "cgi-bin/usage_rows.h"
#include "lib/json.h"

static enum budget_status
decode_row(struct usage_batch *batch, struct json_object *object, size_t index)
{
	struct budget_ctx *ctx = &batch->request->ctx;
	struct budget_values values;
	struct usage_origin origin = { .key = batch->request->idempotency_key, .part = (int)index,
		.pointer = budget_arena_printf(&ctx->arena, "/%zu", index), .usage = budget_json_get(object, "usage"),
		.response = budget_json_get(object, "response") };
	enum budget_status status = budget_fields_decode(ctx, usage_record_fields, object, origin.pointer, &values);

	if (status != BUDGET_OK)
		return usage_batch_close(batch, index, status);
	return usage_batch_add(batch, index, &values, &origin, budget_values_get(&values, "record_id"));
}

static enum budget_status
decode_json(struct usage_batch *batch)
{
	_auto_json_ struct json_object *root = NULL;
	struct request *request = batch->request;
	struct json_object *items;

	BUDGET_TRY(budget_json_parse(&request->ctx, request->body, request->body_length, &root));
	items = budget_json_is_object(root) ? budget_json_get(root, "items") : root;
	if (!budget_json_is_array(items))
		return budget_fail(&request->ctx, BUDGET_EINVALID, "wrong_type", "", "Send a JSON array of records, or {\"items\": […]}.");
	BUDGET_TRY(usage_batch_alloc(batch, budget_json_length(items)));
	for (size_t i = 0; i < batch->count; i++)
		BUDGET_TRY(decode_row(batch, budget_json_at(items, i), i));
	return BUDGET_OK;
}

static size_t
count_lines(const char *body, size_t length)
{
	size_t lines = 0;
	const char *end = body + length;

	for (const char *line = body; line < end; ) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));

		stop = stop != NULL ? stop : end;
		lines += strspn(line, " \t\r") < (size_t)(stop - line);
		line = stop + 1;
	}
	return lines;
}

/* One JSON object a line; blank lines are passed over. A line that is no JSON is refused alone. */
static enum budget_status
decode_lines(struct usage_batch *batch)
{
	struct request *request = batch->request;
	const char *end = request->body + request->body_length, *stop;
	size_t index = 0;

	BUDGET_TRY(usage_batch_alloc(batch, count_lines(request->body, request->body_length)));
	for (const char *line = request->body; line < end && index < batch->count; line = stop + 1) {
		_auto_json_ struct json_object *object = NULL;
		enum budget_status status;

		stop = memchr(line, '\n', (size_t)(end - line));
		stop = stop != NULL ? stop : end;
		if (strspn(line, " \t\r") >= (size_t)(stop - line))
			continue;
		status = budget_json_parse(&request->ctx, line, (size_t)(stop - line), &object);
		BUDGET_TRY(status == BUDGET_OK ? decode_row(batch, object, index) : usage_batch_close(batch, index, status));
		index++;
	}
	return BUDGET_OK;
}

enum budget_status
usage_batch(struct request *request)
{
	struct usage_batch batch = { .request = request, .identity_member = "/record_id" };
	const char *type = request->content_type != NULL ? request->content_type : "";

	if (strstr(type, "ndjson") != NULL || strstr(type, "jsonl") != NULL)
		BUDGET_TRY(decode_lines(&batch));
	else if (body_is_json_type(type))
		BUDGET_TRY(decode_json(&batch));
	else
		return budget_fail(&request->ctx, BUDGET_EMEDIA, "unsupported_media_type", NULL, "Say what the body is: send the header"
		    " 'Content-Type: application/json' (an array) or 'application/x-ndjson' (one record a line).");
	return usage_batch_reply(&batch);
}
