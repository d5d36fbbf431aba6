/*
 * pydantic genai-prices, v2: [{id, pricing_urls, models: [{id, name, context_window, prices}]}], USD per million tokens
 * (per thousand requests and searches). A rate is a number or {base, tiers: [{start, price}]}; `prices` is an object,
 * or a list of {constraint, prices} of which those with start_date are changes of price. A constraint by time of day
 * cannot be kept: the dearer one counts, and the quote says so.
 *
 * `match` says under which other names a model goes: {equals}, {starts_with}, or any of {or: […]}. What it lists is one
 * more name at the same prices; of all names that start with P the one that floats, P-latest, is one, if the catalogue
 * knows it. The other clauses (contains, ends_with, regex, and) name nothing. Ids go before listed names, these before
 * families, the first before later ones.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/decimal.h"
#include "lib/json.h"
#include "lib/source/quote.h"

enum { PER_THOUSAND = 3, PER_MILLION = 6, DATED_MAX = 32, NAME_MAX_BYTES = 200 };

static const struct {
	const char *name;
	enum source_rate rate;
	int exponent;
} prices[] = {
	{ "input_mtok", RATE_INPUT, PER_MILLION }, { "output_mtok", RATE_OUTPUT, PER_MILLION },
	{ "cache_read_mtok", RATE_CACHE_READ, PER_MILLION }, { "cache_write_mtok", RATE_CACHE_WRITE_5M, PER_MILLION },
	{ "cache_write_1h_mtok", RATE_CACHE_WRITE_1H, PER_MILLION },
	{ "output_reasoning_mtok", RATE_REASONING, PER_MILLION }, { "input_audio_mtok", RATE_INPUT_AUDIO, PER_MILLION },
	{ "output_audio_mtok", RATE_OUTPUT_AUDIO, PER_MILLION }, { "input_image_mtok", RATE_INPUT_IMAGE, PER_MILLION },
	{ "output_image_mtok", RATE_OUTPUT_IMAGE, PER_MILLION }, { "requests_kcount", RATE_REQUEST, PER_THOUSAND },
	{ "web_searches_kcount", RATE_WEB_SEARCH, PER_THOUSAND },
};

/* The feed is gone over once for each: who comes first has the name. */
enum naming { NAMING_ID, NAMING_LISTED, NAMING_FAMILY, NAMING_COUNT };

struct reading {
	struct source_out *out;
	enum naming naming;
	const char *provider, *url, *id;
	struct json_object *model;
	struct source_quote *quote;            /* being filled */
	struct source_quote quotes[DATED_MAX]; /* of the model: one, or one for each date; not read yet: none */
	int count;
};

static void
read_tiers(struct reading *reading, enum source_rate rate, int exponent, struct json_object *tiers)
{
	struct source_quote *quote = reading->quote;

	for (size_t i = 0; i < budget_json_length(tiers); i++) {
		struct json_object *item = budget_json_at(tiers, i);
		const char *start = source_json_count(reading->out->ctx, budget_json_get(item, "start"));
		struct source_tier *tier = NULL;

		if (start == NULL || rate >= RATE_CONTEXT_COUNT) {
			quote->is_malformed |= start == NULL;
			quote->is_partial |= start != NULL;
			continue;
		}
		tier = source_tier(quote, strtoll(start, NULL, 10));
		if (tier)
			source_json_amount(reading->out, quote, budget_json_get(item, "price"), exponent, &tier->rates[rate]);
	}
}

static void
read_price(void *user, const char *name, struct json_object *value)
{
	struct reading *reading = user;
	struct source_quote *quote = reading->quote;

	for (size_t i = 0; i < sizeof prices / sizeof prices[0]; i++) {
		if (strcmp(prices[i].name, name) != 0)
			continue;
		if (!budget_json_is_object(value)) {
			source_json_amount(reading->out, quote, value, prices[i].exponent, &quote->rates[prices[i].rate]);
			return;
		}
		source_json_amount(reading->out, quote, budget_json_get(value, "base"), prices[i].exponent,
		    &quote->rates[prices[i].rate]);
		read_tiers(reading, prices[i].rate, prices[i].exponent, budget_json_get(value, "tiers"));
		return;
	}
	if (value)
		quote->is_partial = true;
}

static bool
is_dearer(const struct source_quote *left, const struct source_quote *right)
{
	const char *output = left->rates[RATE_OUTPUT], *other = right->rates[RATE_OUTPUT];

	return output && other && budget_decimal_compare(output, other) > 0;
}

/* {constraint, prices} in the order of their start; the last one that has begun is in force. */
static void
read_dated(struct reading *reading, struct json_object *list)
{
	struct source_quote *quotes = reading->quotes;
	const struct source_quote base = quotes[0];
	int count = 0;

	for (size_t i = 0; i < budget_json_length(list) && count < DATED_MAX; i++) {
		struct json_object *item = budget_json_at(list, i), *constraint = budget_json_get(item, "constraint");
		struct json_object *start = budget_json_get(constraint, "start_date");
		struct source_quote *quote = &quotes[count];

		*quote = base;
		reading->quote = quote;
		budget_json_each(budget_json_get(item, "prices"), read_price, reading);
		quote->effective_date = source_json_text(reading->out->ctx, start, 40);
		quote->is_malformed |= start && !source_is_date(quote->effective_date);
		if (count > 0 && !start) { /* by time of day, or a second one without a condition */
			if (is_dearer(quote, &quotes[count - 1])) {
				quote->effective_date = quotes[count - 1].effective_date;
				quotes[count - 1] = *quote;
			}
			quotes[count - 1].note = "varies by time of day: the dearer price";
			continue;
		}
		if (count > 0)
			quotes[count - 1].end_date = quote->effective_date;
		count++;
	}
	reading->count = count > 0 ? count : 1;
}

/* The quotes of the model, which have no name yet. */
static void
read_prices(struct reading *reading)
{
	struct budget_ctx *ctx = reading->out->ctx;
	struct json_object *paid = budget_json_get(reading->model, "prices");
	struct source_quote *quote = &reading->quotes[0];

	*quote = (struct source_quote){ .provider = reading->provider, .source_url = reading->url };
	quote->display_name = source_json_text(ctx, budget_json_get(reading->model, "name"), 200);
	quote->context_tokens = source_json_count(ctx, budget_json_get(reading->model, "context_window"));
	reading->quote = quote;
	if (budget_json_is_array(paid)) {
		read_dated(reading, paid);
		return;
	}
	budget_json_each(paid, read_price, reading);
	quote->is_free = strstr(reading->id, ":free") != NULL && source_is_zero(quote);
	reading->count = 1;
}

/* The quotes of the model under one of its names, unless the name is taken. */
static void
add_as(struct reading *reading, const char *name)
{
	struct source_out *out = reading->out;
	const char *maker = NULL, *maker_model = NULL;

	if (source_is_taken(out, reading->provider, name) && reading->naming != NAMING_ID)
		return;
	if (reading->count == 0)
		read_prices(reading);
	if (strcmp(reading->provider, "openrouter") == 0 && !strstr(name, ":free"))
		maker = source_split(out->ctx, name, &maker_model);
	for (int i = 0; i < reading->count; i++) {
		struct source_quote quote = reading->quotes[i];

		quote.model = name;
		quote.maker_provider = quote.is_free ? NULL : maker; /* a free route says nothing about its maker's price */
		quote.maker_model = maker_model;
		quote.is_other_name = reading->naming != NAMING_ID;
		quote.is_family = reading->naming == NAMING_FAMILY;
		source_add(out, &quote);
	}
}

/* P-latest of P, or of P-. */
static const char *
floating(struct budget_ctx *ctx, const char *start)
{
	size_t length = start ? strlen(start) : 0;

	while (length > 0 && start[length - 1] == '-')
		length--;
	return length > 0 ? budget_arena_printf(&ctx->arena, "%.*s-latest", (int)length, start) : NULL;
}

static void
read_match(struct reading *reading, struct json_object *match)
{
	struct budget_ctx *ctx = reading->out->ctx;
	struct json_object *any = budget_json_get(match, "or");
	const char *name = reading->naming == NAMING_LISTED
	    ? source_json_text(ctx, budget_json_get(match, "equals"), NAME_MAX_BYTES)
	    : floating(ctx, source_json_text(ctx, budget_json_get(match, "starts_with"), NAME_MAX_BYTES));

	if (name)
		add_as(reading, name);
	for (size_t i = 0; i < budget_json_length(any); i++)
		read_match(reading, budget_json_at(any, i));
}

static void
read_model(struct reading *reading, struct json_object *model)
{
	struct json_object *paid = budget_json_get(model, "prices");

	reading->model = model;
	reading->id = source_json_text(reading->out->ctx, budget_json_get(model, "id"), NAME_MAX_BYTES);
	reading->count = 0;
	if (reading->id == NULL || (!budget_json_is_object(paid) && !budget_json_is_array(paid))) {
		if (reading->naming == NAMING_ID)
			source_skip(reading->out, SOURCE_SKIP_MALFORMED);
		return;
	}
	if (reading->naming == NAMING_ID)
		add_as(reading, reading->id);
	else
		read_match(reading, budget_json_get(model, "match"));
}

static void
read_provider(struct reading *reading, struct json_object *provider)
{
	struct budget_ctx *ctx = reading->out->ctx;
	struct json_object *models = budget_json_get(provider, "models");

	reading->provider = source_json_text(ctx, budget_json_get(provider, "id"), 64);
	reading->url = source_json_text(ctx, budget_json_at(budget_json_get(provider, "pricing_urls"), 0), 1024);
	if (reading->provider == NULL || !budget_json_is_array(models)) {
		if (reading->naming == NAMING_ID)
			source_skip(reading->out, SOURCE_SKIP_MALFORMED);
		return;
	}
	for (size_t i = 0; i < budget_json_length(models); i++)
		read_model(reading, budget_json_at(models, i));
}

enum budget_status
source_genai(struct budget_ctx *ctx, const struct budget_source_feed *feed, struct budget_source_batch *ret_batch)
{
	_auto_json_ struct json_object *root = NULL;
	struct source_out out;
	struct reading reading = { .out = &out };

	BUDGET_TRY(source_json(ctx, feed, &root));
	if (!budget_json_is_array(root))
		return source_bad_feed(ctx, "The feed is no list of providers.");
	BUDGET_TRY(source_begin(&out, ctx, feed, ret_batch));
	for (reading.naming = NAMING_ID; reading.naming < NAMING_COUNT; reading.naming++)
		for (size_t i = 0; i < budget_json_length(root); i++)
			read_provider(&reading, budget_json_at(root, i));
	return source_finish(&out);
}
