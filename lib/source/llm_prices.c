/*
 * llm-prices.com JSON: {"prices": [{id, vendor, name, input, output, input_cached}]}, USD per million tokens; the
 * historical file adds from_date (included) and to_date (excluded). "<id>-200k" beside "<id>" of the same vendor and
 * dates is its context tier, not a model.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/source/quote.h"

enum { MILLION = 6, ID_MAX = 160 };

struct row {
	const char *id, *vendor, *from, *to;
	struct json_object *entry;
	int64_t above;   /* of a context tier */
	size_t base_length;
	bool is_used;
};

static bool
is_same(const char *left, const char *right)
{
	return left == right || (left && right && strcmp(left, right) == 0);
}

/* "grok-4.5-200k": 200000 above "grok-4.5", when that stands in the feed too. */
static void
find_base(struct row *rows, size_t count, struct row *row)
{
	const char *dash = strrchr(row->id, '-');
	char *end;
	long thousands;

	if (dash == NULL || dash == row->id)
		return;
	thousands = strtol(dash + 1, &end, 10);
	if (end == dash + 1 || strcmp(end, "k") != 0 || thousands <= 0 || thousands > 100000)
		return;
	for (size_t i = 0; i < count; i++)
		if (rows[i].id && strlen(rows[i].id) == (size_t)(dash - row->id)
		    && strncmp(rows[i].id, row->id, (size_t)(dash - row->id)) == 0 && is_same(rows[i].vendor, row->vendor)) {
			row->above = (int64_t)thousands * 1000;
			row->base_length = (size_t)(dash - row->id);
			return;
		}
}

static bool
is_tier_of(const struct row *tier, const struct row *base)
{
	return tier->above > 0 && strlen(base->id) == tier->base_length && is_same(tier->vendor, base->vendor)
	    && strncmp(base->id, tier->id, tier->base_length) == 0 && is_same(tier->from, base->from)
	    && is_same(tier->to, base->to);
}

static void
read_rates(struct source_out *out, struct source_quote *quote, struct json_object *entry, const char **rates)
{
	source_json_amount(out, quote, budget_json_get(entry, "input"), MILLION, &rates[RATE_INPUT]);
	source_json_amount(out, quote, budget_json_get(entry, "output"), MILLION, &rates[RATE_OUTPUT]);
	source_json_amount(out, quote, budget_json_get(entry, "input_cached"), MILLION, &rates[RATE_CACHE_READ]);
}

static void
read_row(struct source_out *out, struct row *rows, size_t count, const struct row *row)
{
	struct budget_ctx *ctx = out->ctx;
	struct source_quote quote = { .provider = row->vendor, .model = row->id, .effective_date = row->from,
		.end_date = row->to };

	quote.display_name = source_json_text(ctx, budget_json_get(row->entry, "name"), 200);
	read_rates(out, &quote, row->entry, quote.rates);
	for (size_t i = 0; i < count; i++) {
		struct source_tier *tier;
		if (!rows[i].id || !is_tier_of(&rows[i], row))
			continue;
		rows[i].is_used = true;
		tier = source_tier(&quote, rows[i].above);
		if (tier)
			read_rates(out, &quote, rows[i].entry, tier->rates);
	}
	source_add(out, &quote);
}

static bool
read_date(struct budget_ctx *ctx, struct json_object *value, const char **ret_date)
{
	*ret_date = source_json_text(ctx, value, 40);
	return value == NULL || source_is_date(*ret_date);
}

/* Names and dates first: a context tier finds its model whatever their order. A row that cannot be used has no id. */
static size_t
read_names(struct source_out *out, struct json_object *prices, struct row *rows)
{
	struct budget_ctx *ctx = out->ctx;
	size_t count = budget_json_length(prices);

	for (size_t i = 0; i < count; i++) {
		struct row *row = &rows[i];
		row->entry = budget_json_at(prices, i);
		row->id = source_json_text(ctx, budget_json_get(row->entry, "id"), ID_MAX);
		row->vendor = source_json_text(ctx, budget_json_get(row->entry, "vendor"), 64);
		if (!read_date(ctx, budget_json_get(row->entry, "from_date"), &row->from)
		    || !read_date(ctx, budget_json_get(row->entry, "to_date"), &row->to) || row->vendor == NULL)
			row->id = NULL;
		if (row->id == NULL)
			source_skip(out, SOURCE_SKIP_MALFORMED);
	}
	return count;
}

enum budget_status
source_llm_prices(struct budget_ctx *ctx, const struct budget_source_feed *feed, struct budget_source_batch *ret_batch)
{
	_auto_json_ struct json_object *root = NULL;
	struct source_out out;
	struct json_object *prices;
	struct row *rows;
	size_t count;

	BUDGET_TRY(source_json(ctx, feed, &root));
	prices = budget_json_get(root, "prices");
	if (!budget_json_is_array(prices))
		return source_bad_feed(ctx, "The feed has no list \"prices\".");
	if (budget_json_length(prices) > 5000) /* every row looks at every other one */
		return source_bad_feed(ctx, "The feed has %zu prices: at most 5000 are read.", budget_json_length(prices));
	BUDGET_TRY(source_begin(&out, ctx, feed, ret_batch));
	ret_batch->as_of = source_json_text(ctx, budget_json_get(root, "updated_at"), 40);
	if (!source_is_date(ret_batch->as_of))
		ret_batch->as_of = NULL;
	rows = budget_arena_alloc(&ctx->arena, (budget_json_length(prices) + 1) * sizeof *rows);
	if (rows == NULL)
		return budget_fail_memory(ctx);
	count = read_names(&out, prices, rows);
	for (size_t i = 0; i < count; i++)
		if (rows[i].id)
			find_base(rows, count, &rows[i]);
	for (size_t i = 0; i < count; i++)
		if (rows[i].id && rows[i].above == 0)
			read_row(&out, rows, count, &rows[i]);
	for (size_t i = 0; i < count; i++)
		if (rows[i].id && rows[i].above > 0 && !rows[i].is_used) /* of other dates than its model */
			source_skip(&out, SOURCE_SKIP_UNKNOWN_UNIT);
	return source_finish(&out);
}
