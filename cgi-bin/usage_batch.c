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

enum budget_status
usage_batch(struct request *request)
{
	struct usage_batch batch = { .request = request, .identity_member = "/record_id", .decode = decode_row };

	BUDGET_TRY(usage_batch_decode(&batch, request->body, request->body_length));
	return usage_batch_reply(&batch);
}
