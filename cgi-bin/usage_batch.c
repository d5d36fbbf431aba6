/* POST /usage/batch: up to 10,000 records, each with its own answer; a bad one never fails its neighbours. */
#include <stdlib.h>
#include <string.h>

#include "cgi-bin/fcgi/body.h"
#include "cgi-bin/usage_batch.h"
#include "lib/json.h"
#include "lib/log.h"

#define BATCH_MAX 10000

struct batch_row {
	const char *record_id;                /* as the client named it, or NULL */
	struct budget_ledger_item item;       /* without members when the door refused it */
	const char *body;                     /* canonical text, to tell a repeat from a mix-up */
	size_t first;                         /* index of the earlier row with the same id; its own when there is none */
};

struct batch {
	struct request *request;
	struct batch_row *rows;
	size_t count;
};

/* Keeps what the door said about one row, and clears the request's error for the next. */
static void
refuse_row(struct budget_ctx *ctx, struct batch_row *row)
{
	row->item.answer = (struct budget_ledger_answer){
		.status = budget_status_http(ctx->error.status), .code = ctx->error.code, .pointer = ctx->error.pointer, .detail = ctx->error.detail,
	};
	ctx->error = (struct budget_error){ 0 };
}

static enum budget_status
decode_row(struct batch *batch, struct json_object *object, size_t index)
{
	struct budget_ctx *ctx = &batch->request->ctx;
	struct batch_row *row = &batch->rows[index];
	struct budget_values values;
	struct budget_text body;
	const char *pointer = budget_arena_printf(&ctx->arena, "/%zu", index), *record_id;

	row->first = index;
	if (budget_fields_decode(ctx, usage_record_fields, object, pointer, &values) != BUDGET_OK
	    || usage_item(ctx, &values, batch->request->idempotency_key, (int)index, pointer, &row->item) != BUDGET_OK) {
		if (ctx->error.status == BUDGET_ETOOLARGE)
			return BUDGET_ETOOLARGE;
		refuse_row(ctx, row);
		return BUDGET_OK;
	}
	record_id = budget_values_get(&values, "record_id");
	if (record_id == NULL)
		return BUDGET_OK;
	row->record_id = record_id;
	budget_text_init(&body, &ctx->arena, 512);
	budget_text_add(&body, "{");
	budget_values_members(&values, &body);
	row->body = budget_text_done(&body);
	return BUDGET_OK;
}

static enum budget_status
allocate_rows(struct batch *batch, size_t count)
{
	struct budget_ctx *ctx = &batch->request->ctx;

	if (count == 0)
		return budget_fail(ctx, BUDGET_EINVALID, "empty_batch", "", "The batch holds no record.");
	if (count > BATCH_MAX)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "batch_too_large", "", "A batch holds at most %d records, this one %zu: send it in parts.",
		    BATCH_MAX, count);
	batch->count = count;
	batch->rows = budget_arena_alloc(&ctx->arena, count * sizeof *batch->rows);
	if (batch->rows == NULL)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "request_too_large", "", "The batch is too large.");
	return BUDGET_OK;
}

static enum budget_status
decode_json(struct batch *batch)
{
	_auto_json_ struct json_object *root = NULL;
	struct request *request = batch->request;
	struct json_object *items;

	BUDGET_TRY(budget_json_parse(&request->ctx, request->body, request->body_length, &root));
	items = budget_json_is_object(root) ? budget_json_get(root, "items") : root;
	if (!budget_json_is_array(items))
		return budget_fail(&request->ctx, BUDGET_EINVALID, "wrong_type", "", "Send a JSON array of records, or {\"items\": […]}.");
	BUDGET_TRY(allocate_rows(batch, budget_json_length(items)));
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
decode_lines(struct batch *batch)
{
	struct request *request = batch->request;
	const char *end = request->body + request->body_length, *stop;
	size_t index = 0;

	BUDGET_TRY(allocate_rows(batch, count_lines(request->body, request->body_length)));
	for (const char *line = request->body; line < end && index < batch->count; line = stop + 1) {
		_auto_json_ struct json_object *object = NULL;

		stop = memchr(line, '\n', (size_t)(end - line));
		stop = stop != NULL ? stop : end;
		if (strspn(line, " \t\r") >= (size_t)(stop - line))
			continue;
		if (budget_json_parse(&request->ctx, line, (size_t)(stop - line), &object) != BUDGET_OK) {
			batch->rows[index].first = index;
			refuse_row(&request->ctx, &batch->rows[index]);
		} else {
			BUDGET_TRY(decode_row(batch, object, index));
		}
		index++;
	}
	return BUDGET_OK;
}

static int
by_record_id(const void *left, const void *right)
{
	const struct batch_row *a = *(struct batch_row *const *)left, *b = *(struct batch_row *const *)right;
	int order = strcmp(a->record_id, b->record_id);

	return order != 0 ? order : (a > b) - (a < b);
}

/* Rows that repeat a record_id of the same batch point to the first of them: SQL sees each id once. */
static enum budget_status
fold_repeats(struct batch *batch)
{
	struct budget_ctx *ctx = &batch->request->ctx;
	struct batch_row **named = budget_arena_alloc(&ctx->arena, (batch->count + 1) * sizeof *named);
	size_t count = 0;

	if (named == NULL)
		return budget_fail(ctx, BUDGET_ETOOLARGE, "request_too_large", "", "The batch is too large.");
	for (size_t i = 0; i < batch->count; i++)
		if (batch->rows[i].record_id != NULL)
			named[count++] = &batch->rows[i];
	qsort(named, count, sizeof *named, by_record_id);
	for (size_t i = 1; i < count; i++)
		if (strcmp(named[i]->record_id, named[i - 1]->record_id) == 0)
			named[i]->first = named[i - 1]->first;
	return BUDGET_OK;
}

static enum budget_status
run_chunk(struct batch *batch, struct budget_ledger_item *items, const size_t *rows, size_t count)
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
run_rows(struct batch *batch)
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
answer_repeat(struct batch *batch, size_t index)
{
	struct batch_row *row = &batch->rows[index], *first = &batch->rows[row->first];

	row->item.answer = first->item.answer;
	if (first->item.answer.status >= 400)
		return;
	row->item.answer.is_replay = true;
	if (row->body == NULL || first->body == NULL || strcmp(row->body, first->body) != 0)
		row->item.answer = (struct budget_ledger_answer){ .status = 422, .code = "idempotency_mismatch",
			.pointer = budget_arena_printf(&batch->request->ctx.arena, "/%zu/record_id", index),
			.detail = "This record_id stands in the batch before with another body." };
}

static void
write_row(struct budget_text *text, size_t index, const struct budget_ledger_answer *answer)
{
	budget_text_addf(text, "%s{\"index\":%zu,\"status\":%d", index == 0 ? "" : ",", index, answer->status);
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
reply_rows(struct batch *batch)
{
	struct budget_ctx *ctx = &batch->request->ctx;
	size_t accepted = 0, duplicates = 0, rejected = 0;
	struct budget_text rows, body;

	budget_text_init(&rows, &ctx->arena, batch->count * 80 + 64);
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->rows[i].first != i && batch->rows[i].item.members != NULL)
			answer_repeat(batch, i);
		rejected += batch->rows[i].item.answer.status >= 400;
		duplicates += batch->rows[i].item.answer.status < 400 && batch->rows[i].item.answer.is_replay;
		accepted += batch->rows[i].item.answer.status < 400 && !batch->rows[i].item.answer.is_replay;
		write_row(&rows, i, &batch->rows[i].item.answer);
	}
	if (budget_text_done(&rows) != NULL) {
		budget_text_init(&body, &ctx->arena, rows.length + 96);
		budget_text_addf(&body, "{\"accepted\":%zu,\"duplicates\":%zu,\"rejected\":%zu,\"items\":[", accepted, duplicates, rejected);
		budget_text_addn(&body, rows.data, rows.length);
		budget_text_add(&body, "]}");
		if (budget_text_done(&body) != NULL) {
			reply_json(batch->request, 200, body.data);
			return BUDGET_OK;
		}
	}
	return budget_fail(ctx, BUDGET_ETOOLARGE, "request_too_large", "", "The answer is too large.");
}

enum budget_status
usage_batch(struct request *request)
{
	struct batch batch = { .request = request };
	const char *type = request->content_type != NULL ? request->content_type : "";

	if (strstr(type, "ndjson") != NULL || strstr(type, "jsonl") != NULL)
		BUDGET_TRY(decode_lines(&batch));
	else if (body_is_json_type(type))
		BUDGET_TRY(decode_json(&batch));
	else
		return budget_fail(&request->ctx, BUDGET_EMEDIA, "unsupported_media_type", NULL, "Say what the body is: send the header"
		    " 'Content-Type: application/json' (an array) or 'application/x-ndjson' (one record a line).");
	BUDGET_TRY(fold_repeats(&batch));
	BUDGET_TRY(run_rows(&batch));
	return reply_rows(&batch);
}
