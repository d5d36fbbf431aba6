/* One source of price-update: fetched, read, given to SQL, kept. */
#include "cron/price_update.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/db.h"
#include "lib/json.h"
#include "lib/rest.h"
#include "lib/settings.h"
#include "lib/source/fetch.h"
#include "lib/text.h"
#include "lib/when.h"

enum { CHUNK = 200 };
#define FILE_MAX_BYTES ((size_t)64 << 20)

static const char *
file_of(const char *source)
{
	for (int i = 0; i < price_work.names_count; i++)
		if (strcmp(price_work.names[i], source) == 0 && price_work.files[i] != NULL)
			return price_work.files[i];
	return NULL;
}

static enum budget_status
report(struct budget_ctx *ctx, const struct job_call *call, const struct price_due *due, const char *outcome,
    const struct budget_source_fetched *fetched, const char *why)
{
	_auto_result_ struct budget_result *row = NULL;
	const char *values[] = { due->source, outcome, fetched ? fetched->etag : NULL, fetched ? fetched->last_modified : NULL, why };

	if (call->is_dry_run || price_work.is_print || file_of(due->source) != NULL)
		return BUDGET_OK;
	return budget_db_row(ctx, STMT_PRICE_SOURCE_FETCHED, values, 5, &row);
}

static enum budget_status
failed(struct budget_ctx *ctx, struct job_call *call, const struct price_due *due, const char *why)
{
	const char *first = budget_arena_printf(&price_work.keep, "%s: %s", due->source, why);

	price_work.failed++;
	if (price_work.first_failure == NULL)
		price_work.first_failure = first;
	price_say("%s: failed, its former word and all prices stay as they are: %s", due->source, why);
	return report(ctx, call, due, "failed", NULL, why);
}

static const char *
chunk_options(struct budget_ctx *ctx, const struct job_call *call, const struct budget_source_batch *batch,
    const char *as_of, size_t chunk, size_t chunks)
{
	struct budget_text text;

	budget_text_init(&text, &ctx->arena, 256);
	budget_text_addf(&text, "{\"dry_run\":%s,\"chunk\":%zu,\"chunks\":%zu,\"seen\":%" PRId64,
	    call->is_dry_run ? "true" : "false", chunk, chunks, batch->seen);
	budget_text_member_raw(&text, "skipped", price_skipped_json(ctx, batch));
	if (as_of)
		budget_text_member(&text, "as_of", as_of);
	budget_text_add(&text, "}");
	return budget_text_done(&text);
}

static enum budget_status
import_chunk(struct budget_ctx *ctx, const struct job_call *call, const struct price_due *due,
    const struct budget_source_batch *batch, const char *options, size_t from, size_t to)
{
	_auto_result_ struct budget_result *row = NULL;
	_auto_json_ struct json_object *counts = NULL;
	const int64_t began_us = budget_now_us();
	struct budget_text text;

	budget_text_init(&text, &ctx->arena, 128 << 10);
	budget_text_add(&text, "[");
	for (size_t i = from; i < to; i++)
		budget_text_addf(&text, "%s%s", i > from ? "," : "", batch->quotes[i]);
	budget_text_add(&text, "]");
	const char *values[] = { call->run_id, due->source, budget_text_done(&text), options };
	if (values[2] == NULL || options == NULL)
		return budget_fail_memory(ctx);
	BUDGET_TRY(budget_db_row(ctx, STMT_PRICE_IMPORT, values, 4, &row));
	const char *answer = budget_result_text(row, 0, 0);
	BUDGET_TRY(budget_json_parse(ctx, answer ? answer : "{}", answer ? strlen(answer) : 2, &counts));
	price_counts_add(ctx, &price_work.imported, counts);
	if (budget_json_get(counts, "stale") && from == 0)
		price_say("%s: this feed is older than what was read last, so it changes nothing", due->source);
	if (!job_is_stopping())
		budget_rest(began_us, INT64_MAX);
	return BUDGET_OK;
}

static enum budget_status
import(struct budget_ctx *ctx, const struct job_call *call, const struct price_due *due,
    const struct budget_source_batch *batch, const char *as_of, int64_t *ret_rows)
{
	const size_t chunks = batch->count == 0 ? 1 : (batch->count + CHUNK - 1) / CHUNK;

	for (size_t chunk = 0; chunk < chunks; chunk++) {
		const size_t from = chunk * CHUNK, to = from + CHUNK < batch->count ? from + CHUNK : batch->count;
		const char *options = chunk_options(ctx, call, batch, as_of, chunk + 1, chunks);

		BUDGET_TRY(import_chunk(ctx, call, due, batch, options, from, to));
	}
	*ret_rows = (int64_t)batch->count;
	return BUDGET_OK;
}

static enum budget_status
get(const struct price_due *due, struct budget_source_fetched *fetched)
{
	const char *path = file_of(due->source);
	const struct budget_source_origin origin = {
		.url = due->url, .etag = price_work.is_print ? NULL : due->etag, .last_modified = price_work.is_print ? NULL : due->last_modified,
		.bearer = strcmp(due->source, "litellm") == 0 && budget_setting_text("litellm_api_base")
		    ? budget_setting_text("litellm_api_key") : NULL,
		.proxy = budget_setting_text("proxy_url"),
		.folder = budget_arena_printf(&price_work.feed.arena, "%s/prices", budget_setting_text("home")),
		.max_bytes = due->max_bytes, .timeout_ms = due->timeout_ms, .is_file = strcmp(due->kind, "file") == 0,
		.allow_private = due->allow_private,
	};

	*fetched = (struct budget_source_fetched){ .is_not_modified = false };
	if (path != NULL)
		return budget_source_read(&price_work.feed, path, FILE_MAX_BYTES, &fetched->body, &fetched->length);
	return budget_source_fetch(&price_work.feed, &origin, fetched);
}

/* Keeping the body is a kindness: a full disk does not stop an import. */
static void
keep_body(const struct price_due *due, const struct budget_source_fetched *fetched)
{
	const char *folder = budget_arena_printf(&price_work.feed.arena, "%s/prices", budget_setting_text("home"));

	if (folder && budget_source_keep(&price_work.feed, folder, due->source, fetched->body, fetched->length) != BUDGET_OK)
		price_say("%s: its body is not kept: %s", due->source, price_work.feed.error.detail);
}

enum budget_status
price_update_source(struct budget_ctx *ctx, struct job_call *call, const struct price_due *due, int64_t *ret_rows)
{
	const struct budget_source_kind *kind = budget_source_kind_find(due->kind);
	struct budget_source_fetched fetched;
	struct budget_source_batch batch;

	budget_arena_reset(&price_work.feed.arena);
	if (kind == NULL)
		return failed(ctx, call, due, budget_arena_printf(&ctx->arena, "there is no parser for kind %s.", due->kind));
	if (get(due, &fetched) != BUDGET_OK)
		return failed(ctx, call, due, price_work.feed.error.detail);
	if (fetched.is_not_modified) {
		price_work.not_modified++;
		price_say("%s: not changed", due->source);
		return report(ctx, call, due, "not_modified", NULL, NULL);
	}
	const struct budget_source_feed feed = { fetched.body, fetched.length, due->url };
	if (budget_source_parse(&price_work.feed, kind, &feed, &batch) != BUDGET_OK)
		return failed(ctx, call, due, price_work.feed.error.detail);
	price_work.fetched++;
	if (price_work.is_print) {
		price_print_quotes(&batch);
		return BUDGET_OK;
	}
	price_say_feed(&price_work.feed, due->source, &batch);
	BUDGET_TRY(import(ctx, call, due, &batch, batch.as_of ? batch.as_of : fetched.as_of, ret_rows));
	if (!call->is_dry_run)
		keep_body(due, &fetched);
	return report(ctx, call, due, "fetched", &fetched, NULL);
}
