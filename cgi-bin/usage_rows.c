/* Many records of one request on their way through the ledger: each with its own answer, a bad one never fails its neighbours. */
#include <stdlib.h>
#include <string.h>

#include "cgi-bin/fcgi/body.h"
#include "cgi-bin/usage_rows.h"
#include "lib/log.h"

enum budget_status
usage_batch_alloc(struct usage_batch *batch, size_t count)
{
	struct budget_ctx *ctx = &batch->request->ctx;

	if (count == 0)
		return budget_fail(ctx, BUDGET_EINVALID, "empty_batch", "", "The batch holds no record.");
	if (count > USAGE_BATCH_MAX)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "batch_too_large", "", "A batch holds at most %d records, this one %zu: send it in parts.",
		    USAGE_BATCH_MAX, count);
	batch->count = count;
	batch->rows = budget_arena_alloc(&ctx->arena, count * sizeof *batch->rows);
	if (batch->rows == NULL)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "request_too_large", "", "The batch is too large.");
	return BUDGET_OK;
}

/* Keeps what the door said about one row, and clears the request's error for the next. */
static void
refuse_row(struct budget_ctx *ctx, struct usage_row *row)
{
	row->item.answer = (struct budget_ledger_answer){
		.status = budget_status_http(ctx->error.status), .code = ctx->error.code, .pointer = ctx->error.pointer, .detail = ctx->error.detail,
	};
	ctx->error = (struct budget_error){ 0 };
}

enum budget_status
usage_batch_close(struct usage_batch *batch, size_t index, enum budget_status status)
{
	batch->rows[index].first = index;
	if (status == BUDGET_ETOOLARGE)
		return status;
	if (status != BUDGET_OK)
		refuse_row(&batch->request->ctx, &batch->rows[index]);
	return BUDGET_OK;
}

void
usage_batch_ignore(struct usage_batch *batch, size_t index)
{
	batch->rows[index].first = index;
	batch->rows[index].item.answer.status = USAGE_IGNORED;
}

enum budget_status
usage_batch_add(struct usage_batch *batch, size_t index, const struct budget_values *values, const struct usage_origin *origin,
    const char *identity)
{
	struct budget_ctx *ctx = &batch->request->ctx;
	struct usage_row *row = &batch->rows[index];
	struct budget_text body;

	BUDGET_TRY(usage_batch_close(batch, index, usage_item(ctx, values, origin, &row->item)));
	if (identity == NULL || row->item.members == NULL)
		return BUDGET_OK;
	row->identity = identity;
	row->body = origin->identity;
	if (row->body == NULL) {
		budget_text_init(&body, &ctx->arena, 512);
		budget_text_add(&body, "{");
		budget_values_members(values, &body);
		row->body = budget_text_done(&body);
	}
	return BUDGET_OK;
}

static enum budget_status
decode_json(struct usage_batch *batch, const char *text, size_t length)
{
	_auto_json_ struct json_object *root = NULL;
	struct budget_ctx *ctx = &batch->request->ctx;
	struct json_object *items;

	BUDGET_TRY((batch->is_deep ? budget_json_parse_deep : budget_json_parse)(ctx, text, length, &root));
	items = budget_json_is_object(root) && budget_json_is_array(budget_json_get(root, "items")) ? budget_json_get(root, "items") : root;
	if (batch->may_be_single && budget_json_is_object(items)) {
		batch->is_single = true;
		BUDGET_TRY(usage_batch_alloc(batch, 1));
		return batch->decode(batch, items, 0);
	}
	if (!budget_json_is_array(items))
		return budget_fail(ctx, BUDGET_EINVALID, "wrong_type", "", "Send a JSON array of records, or {\"items\": […]}.");
	BUDGET_TRY(usage_batch_alloc(batch, budget_json_length(items)));
	for (size_t i = 0; i < batch->count; i++)
		BUDGET_TRY(batch->decode(batch, budget_json_at(items, i), i));
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
decode_lines(struct usage_batch *batch, const char *text, size_t length)
{
	struct budget_ctx *ctx = &batch->request->ctx;
	const char *end = text + length, *stop;
	size_t index = 0;

	BUDGET_TRY(usage_batch_alloc(batch, count_lines(text, length)));
	for (const char *line = text; line < end && index < batch->count; line = stop + 1) {
		_auto_json_ struct json_object *object = NULL;
		enum budget_status status;

		stop = memchr(line, '\n', (size_t)(end - line));
		stop = stop != NULL ? stop : end;
		if (strspn(line, " \t\r") >= (size_t)(stop - line))
			continue;
		status = (batch->is_deep ? budget_json_parse_deep : budget_json_parse)(ctx, line, (size_t)(stop - line), &object);
		BUDGET_TRY(status == BUDGET_OK ? batch->decode(batch, object, index) : usage_batch_close(batch, index, status));
		index++;
	}
	return BUDGET_OK;
}

enum budget_status
usage_batch_decode(struct usage_batch *batch, const char *text, size_t length)
{
	const char *type = batch->request->content_type != NULL ? batch->request->content_type : "";

	if (strstr(type, "ndjson") != NULL || strstr(type, "jsonl") != NULL)
		return decode_lines(batch, text, length);
	if (body_is_json_type(type))
		return decode_json(batch, text, length);
	return budget_fail(&batch->request->ctx, BUDGET_EMEDIA, "unsupported_media_type", NULL, "Say what the body is: send the header"
	    " 'Content-Type: application/json' (an array) or 'application/x-ndjson' (one record a line).");
}

static int
by_identity(const void *left, const void *right)
{
	const struct usage_row *a = *(struct usage_row *const *)left, *b = *(struct usage_row *const *)right;
	int order = strcmp(a->identity, b->identity);

	return order != 0 ? order : (a > b) - (a < b);
}

/* Rows that repeat an identity of the same batch point to the first of them: SQL sees each once. */
static enum budget_status
fold_repeats(struct usage_batch *batch)
{
	struct budget_ctx *ctx = &batch->request->ctx;
	struct usage_row **named = budget_arena_alloc(&ctx->arena, (batch->count + 1) * sizeof *named);
	size_t count = 0;

	if (named == NULL)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "request_too_large", "", "The batch is too large.");
	for (size_t i = 0; i < batch->count; i++)
		if (batch->rows[i].identity != NULL)
			named[count++] = &batch->rows[i];
	qsort(named, count, sizeof *named, by_identity);
	for (size_t i = 1; i < count; i++)
		if (strcmp(named[i]->identity, named[i - 1]->identity) == 0)
			named[i]->first = named[i - 1]->first;
	return BUDGET_OK;
}

static enum budget_status
run_chunk(struct usage_batch *batch, struct budget_ledger_item *items, const size_t *rows, size_t count)
{
	struct budget_ctx *ctx = &batch->request->ctx;
	enum budget_status status = budget_ledger_run(ctx, items, count);

	for (size_t i = 0; i < count; i++) {
		if (status != BUDGET_OK)
			items[i].answer = (struct budget_ledger_answer){ .status = budget_status_http(status), .code = ctx->error.code,
				.pointer = "", .detail = ctx->error.detail };
		if (items[i].answer.status >= 400)
			items[i].answer.pointer = budget_arena_printf(&ctx->arena, "/%zu%s", rows[i],
			    items[i].answer.pointer != NULL ? items[i].answer.pointer : "");
		if (items[i].answer.internal != NULL)
			budget_log(BUDGET_LOG_ERROR, "tracking", "record %zu of a batch: %s", rows[i], items[i].answer.internal);
		batch->rows[rows[i]].item.answer = items[i].answer;
	}
	return status;
}

/* Everything the door let in, in chunks of one transaction each. A chunk that could not be stored says 503 on its rows;
 * the whole request is 503 only when not a single row was stored. */
static enum budget_status
run_rows(struct usage_batch *batch)
{
	struct budget_ledger_item *items = budget_arena_alloc(&batch->request->ctx.arena, BUDGET_LEDGER_GROUP_MAX * sizeof *items);
	size_t rows[BUDGET_LEDGER_GROUP_MAX], filled = 0;
	enum budget_status status = BUDGET_OK, worst = BUDGET_OK;
	bool is_any_stored = false;

	if (items == NULL)
		return budget_fail(&batch->request->ctx, BUDGET_ETOOLARGE, "request_too_large", "", "The batch is too large.");
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->rows[i].item.members != NULL && batch->rows[i].first == i) {
			rows[filled] = i;
			items[filled++] = batch->rows[i].item;
		}
		if (filled == BUDGET_LEDGER_GROUP_MAX || (i + 1 == batch->count && filled > 0)) {
			status = run_chunk(batch, items, rows, filled);
			is_any_stored = is_any_stored || status == BUDGET_OK;
			worst = status != BUDGET_OK ? status : worst;
			filled = 0;
		}
	}
	if (worst != BUDGET_OK && !is_any_stored)
		return worst;
	batch->request->ctx.error = (struct budget_error){ 0 };
	return BUDGET_OK;
}

static void
answer_repeat(struct usage_batch *batch, size_t index)
{
	struct usage_row *row = &batch->rows[index], *first = &batch->rows[row->first];

	row->item.answer = first->item.answer;
	if (first->item.answer.status >= 400)
		return;
	row->item.answer.is_replay = true;
	if (row->body == NULL || first->body == NULL || strcmp(row->body, first->body) != 0)
		row->item.answer = (struct budget_ledger_answer){ .status = 422, .code = "idempotency_mismatch",
			.pointer = budget_arena_printf(&batch->request->ctx.arena, "/%zu%s", index, batch->identity_member),
			.detail = "This id stands in the batch before with another body." };
}

static void
write_row(struct budget_text *text, size_t index, const struct budget_ledger_answer *answer)
{
	budget_text_addf(text, "%s{\"index\":%zu,\"status\":%d", index == 0 ? "" : ",", index, answer->status);
	if (answer->id == NULL && answer->status < 400) {
		budget_text_add(text, "}");
		return;
	}
	if (answer->status < 400) {
		budget_text_addf(text, ",\"record_id\":\"%s\"}", answer->id);
		return;
	}
	budget_text_add(text, ",\"error\":{");
	budget_text_member(text, "code", answer->code);
	budget_text_member(text, "pointer", answer->pointer);
	budget_text_member(text, "detail", answer->detail);
	budget_text_add(text, "}}");
}

static enum budget_status
reply_rows(struct usage_batch *batch)
{
	struct budget_ctx *ctx = &batch->request->ctx;
	const struct budget_ledger_answer *answer;
	size_t accepted = 0, duplicates = 0, rejected = 0, ignored = 0, spooled = 0;
	struct budget_text rows, body;

	budget_text_init(&rows, &ctx->arena, batch->count * 80 + 64);
	for (size_t i = 0; i < batch->count; i++) {
		answer = &batch->rows[i].item.answer;
		rejected += answer->status >= 400;
		ignored += answer->status == USAGE_IGNORED;
		spooled += answer->status == USAGE_SPOOLED;
		duplicates += answer->status < 400 && answer->is_replay;
		accepted += answer->status < 400 && answer->status != USAGE_IGNORED && !answer->is_replay;
		write_row(&rows, i, &batch->rows[i].item.answer);
	}
	if (budget_text_done(&rows) != NULL) {
		budget_text_init(&body, &ctx->arena, rows.length + 128);
		budget_text_addf(&body, "{\"accepted\":%zu,\"duplicates\":%zu,\"rejected\":%zu,", accepted, duplicates, rejected);
		if (ignored > 0)
			budget_text_addf(&body, "\"ignored\":%zu,", ignored);
		if (spooled > 0)
			budget_text_addf(&body, "\"spooled\":%zu,", spooled);
		budget_text_add(&body, "\"items\":[");
		budget_text_addn(&body, rows.data, rows.length);
		budget_text_add(&body, "]}");
		if (budget_text_done(&body) != NULL) {
			reply_json(batch->request, spooled > 0 ? USAGE_SPOOLED : 200, body.data);
			return BUDGET_OK;
		}
	}
	return budget_fail(ctx, BUDGET_ETOOLARGE, "request_too_large", "", "The answer is too large.");
}

enum budget_status
usage_batch_run(struct usage_batch *batch)
{
	BUDGET_TRY(fold_repeats(batch));
	BUDGET_TRY(run_rows(batch));
	for (size_t i = 0; i < batch->count; i++)
		if (batch->rows[i].first != i && batch->rows[i].item.members != NULL)
			answer_repeat(batch, i);
	return BUDGET_OK;
}

enum budget_status
usage_batch_reply(struct usage_batch *batch)
{
	struct budget_ledger_answer *only;

	BUDGET_TRY(usage_batch_run(batch));
	only = &batch->rows[0].item.answer;
	if (!batch->is_single || only->status < 400)
		return reply_rows(batch);
	if (only->pointer != NULL && strncmp(only->pointer, "/0", 2) == 0)
		only->pointer += 2;
	return ledger_fail(&batch->request->ctx, only);
}
