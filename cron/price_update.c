/*
 * Looks for new prices: fetches every source that is due, reads it, and gives it to SQL, which keeps what each source
 * says and, when all are in, decides what that means (lib/source/source.h has the contract). One source is one batch, so
 * is one slice of deciding. A source that fails leaves its former word and every price in force. Started by the private
 * schedule it rests between its statements, so that the ledger keeps its processor.
 */
#include "cron/price_update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cron/job.h"
#include "lib/db.h"
#include "lib/json.h"
#include "lib/rest.h"
#include "lib/settings.h"
#include "lib/text.h"
#include "lib/when.h"

enum { SOURCES_MAX = 64, NAME_MAX_BYTES = 63, DIFFERENCES_MAX = 10000 };
#define FEED_MAX_BYTES (384u << 20)

struct price_work price_work = { .phase = PRICE_LISTING };

/* Options */

static bool
add_name(const char *name, size_t length, const char *file)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
	char *copy = length > 0 && length <= NAME_MAX_BYTES && strspn(name, allowed) >= length && price_work.names_count < PRICE_NAMES_MAX
	    ? budget_arena_strndup(&price_work.keep, name, length) : NULL;

	if (copy == NULL)
		return false;
	price_work.files[price_work.names_count] = file;
	price_work.names[price_work.names_count++] = copy;
	return true;
}

static bool
option(const char *name, const char *value)
{
	const char *equals;

	if (strcmp(name, "all") == 0)
		price_work.is_all = true;
	else if (strcmp(name, "print") == 0)
		price_work.is_print = true;
	else if (strcmp(name, "source") == 0)
		return add_name(value, strlen(value), NULL);
	else if ((equals = strchr(value, '=')) != NULL && equals[1] != '\0')
		return add_name(value, (size_t)(equals - value), equals + 1);
	else
		return false;
	return true;
}

/* {"sources": […], "all": …} of somebody who asked by the API. */
static enum budget_status
take_wish(struct budget_ctx *ctx, const char *options)
{
	_auto_json_ struct json_object *wish = NULL;
	struct json_object *sources;
	const char *all;

	if (options == NULL)
		return BUDGET_OK;
	BUDGET_TRY(budget_json_parse(ctx, options, strlen(options), &wish));
	sources = budget_json_get(wish, "sources");
	all = budget_json_text(ctx, budget_json_get(wish, "all"));
	price_work.is_all |= all && strcmp(all, "true") == 0;
	for (size_t i = 0; i < budget_json_length(sources); i++) {
		const char *name = budget_json_text(ctx, budget_json_at(sources, i));
		if (name == NULL || !add_name(name, strlen(name), NULL))
			return budget_fail(ctx, BUDGET_EINVALID, "unknown_source", NULL, "There is no price source '%.80s'.", name ? name : "");
	}
	return BUDGET_OK;
}

/* Which sources */

static const char *
names_array(struct budget_ctx *ctx)
{
	struct budget_text text;

	if (price_work.names_count == 0)
		return NULL;
	budget_text_init(&text, &ctx->arena, 128);
	for (int i = 0; i < price_work.names_count; i++)
		budget_text_addf(&text, "%s\"%s\"", i ? "," : "{", price_work.names[i]);
	budget_text_add(&text, "}");
	return budget_text_done(&text);
}

static const char *
kept(const char *text)
{
	return budget_arena_strdup(&price_work.keep, text);
}

/* LITELLM_API_BASE: a proxy of one's own is asked instead of the public file. */
static void
point_to_proxy(struct price_due *due)
{
	const char *base = budget_setting_text("litellm_api_base");
	size_t length = base ? strlen(base) : 0;

	if (length == 0 || strcmp(due->source, "litellm") != 0)
		return;
	while (length > 0 && base[length - 1] == '/')
		length--;
	due->url = budget_arena_printf(&price_work.keep, "%.*s/pricing", (int)length, base);
	due->allow_private = true; /* who names it by hand knows where it stands */
}

static enum budget_status
list_sources(struct budget_ctx *ctx, struct job_call *call)
{
	_auto_result_ struct budget_result *rows = NULL;

	budget_ctx_init(&price_work.feed, FEED_MAX_BYTES);
	BUDGET_TRY(take_wish(ctx, call->options));
	const char *values[] = { names_array(ctx), price_work.is_all ? "t" : "f" };
	BUDGET_TRY(budget_db_run(ctx, STMT_PRICE_SOURCES_DUE, values, 2, &rows));
	price_work.count = budget_result_rows(rows) < SOURCES_MAX ? budget_result_rows(rows) : SOURCES_MAX;
	price_work.dues = budget_arena_alloc(&price_work.keep, (size_t)(price_work.count + 1) * sizeof *price_work.dues);
	if (price_work.dues == NULL)
		return budget_fail_memory(ctx);
	for (int i = 0; i < price_work.count; i++) {
		struct price_due *due = &price_work.dues[i];
		due->source = kept(budget_result_text(rows, i, 0));
		due->kind = kept(budget_result_text(rows, i, 1));
		due->url = kept(budget_result_text(rows, i, 2));
		due->etag = kept(budget_result_text(rows, i, 3));
		due->last_modified = kept(budget_result_text(rows, i, 4));
		due->max_bytes = strtoull(budget_result_text(rows, i, 5), NULL, 10);
		due->timeout_ms = strtol(budget_result_text(rows, i, 6), NULL, 10) * 1000;
		due->allow_private = *budget_result_text(rows, i, 7) == 't';
		if (due->source == NULL || due->kind == NULL)
			return budget_fail_memory(ctx);
		point_to_proxy(due);
	}
	price_work.phase = PRICE_FETCHING;
	call->has_more = price_work.count > 0;
	call->detail = price_work.count > 0 ? NULL : "no source is due";
	return BUDGET_OK;
}

/* What it all means */

static const char *
decide_options(struct budget_ctx *ctx, const struct job_call *call)
{
	return budget_arena_printf(&ctx->arena, "{\"dry_run\":%s,\"limit\":%d}", call->is_dry_run ? "true" : "false",
	    DIFFERENCES_MAX);
}

static enum budget_status
decide(struct budget_ctx *ctx, struct job_call *call)
{
	_auto_result_ struct budget_result *row = NULL;
	_auto_json_ struct json_object *answer = NULL;
	const char *values[] = { call->run_id, decide_options(ctx, call) }, *text, *more;
	const int64_t began_us = budget_now_us();

	BUDGET_TRY(budget_db_row(ctx, STMT_PRICE_DECIDE, values, 2, &row));
	text = budget_result_text(row, 0, 0);
	BUDGET_TRY(budget_json_parse(ctx, text ? text : "{}", text ? strlen(text) : 2, &answer));
	more = budget_json_text(ctx, budget_json_get(answer, "more"));
	price_counts_set(ctx, &price_work.decided, answer);
	if (more && strcmp(more, "true") == 0) {
		call->has_more = true;
		budget_rest(began_us, INT64_MAX);
		return BUDGET_OK;
	}
	price_say_differences(ctx, budget_json_get(answer, "differences"), call->is_dry_run);
	price_work.phase = PRICE_ENDED;
	return BUDGET_OK;
}

static enum budget_status
finish(struct budget_ctx *ctx, struct job_call *call)
{
	const char *counts = price_counts_text(ctx, &price_work.decided);

	budget_ctx_clear(&price_work.feed);
	call->detail = budget_arena_printf(&ctx->arena, "%d read, %d not changed, %d failed%s%s%s%s%s", price_work.fetched,
	    price_work.not_modified, price_work.failed, counts && *counts ? ": " : "", counts ? counts : "",
	    price_work.first_failure ? " (" : "", price_work.first_failure ? price_work.first_failure : "", price_work.first_failure ? ")" : "");
	if (price_work.failed > 0 && price_work.failed == price_work.count)
		return budget_fail(ctx, BUDGET_EUPSTREAM, "no_source", NULL, "no price source could be read, prices stay as they are "
		    "(%s)", price_work.first_failure ? price_work.first_failure : "");
	if (!price_work.is_print)
		price_say("%s%s", call->is_dry_run ? "nothing was changed; " : "", call->detail ? call->detail : "done");
	return BUDGET_OK;
}

static enum budget_status
run(struct budget_ctx *ctx, struct job_call *call, int64_t *ret_rows)
{
	switch (price_work.phase) {
	case PRICE_LISTING:
		return list_sources(ctx, call);
	case PRICE_FETCHING:
		BUDGET_TRY(price_update_source(ctx, call, &price_work.dues[price_work.at++], ret_rows));
		if (price_work.at == price_work.count)
			price_work.phase = price_work.fetched > 0 && !price_work.is_print ? PRICE_DECIDING : PRICE_ENDED;
		call->has_more = true;
		return BUDGET_OK;
	case PRICE_DECIDING:
		call->has_more = true;
		return decide(ctx, call);
	case PRICE_ENDED:
		break;
	}
	return finish(ctx, call);
}

static const struct job_option options[] = {
	{ "source", "NAME", "only this source, due or not, on or off; may be given several times" },
	{ "all", NULL, "every source that is on, due or not" },
	{ "from-file", "NAME=PATH", "read this file as the feed of a source instead of fetching it" },
	{ "print", NULL, "print the quotes of the feeds as JSON, one a line, and import nothing" },
	{ NULL, NULL, NULL }
};

static const struct job price_update = {
	.name = "price-update",
	.about = "Fetches the price sources that are due, checks them against each other and applies what is agreed.",
	.batch_max = 1, .flags = JOB_NOW_DRY | JOB_DRY_STEPS | JOB_SPEAKS, .run = run, .options = options, .option = option,
};

int
main(int argc, char **argv)
{
	budget_arena_init(&price_work.keep, 1 << 20);
	return job_main(&price_update, argc, argv);
}
