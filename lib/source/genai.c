/*
 * pydantic genai-prices, v2: [{id, pricing_urls, models: [{id, name, context_window, prices}]}], USD per million tokens
 * (per thousand requests and searches). A rate is a number or {base, tiers: [{start, price}]}; `prices` is an object,
 * or a list of {constraint, prices} of which those with start_date are changes of price. A constraint by time of day
 * cannot be kept: the dearer one counts, and the quote says so.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/decimal.h"
#include "lib/json.h"
#include "lib/source/quote.h"

enum { PER_THOUSAND = 3, PER_MILLION = 6, DATED_MAX = 32 };

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

struct reading {
	struct source_out *out;
	struct source_quote *quote;
	const char *provider, *url;
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
	struct source_quote quotes[DATED_MAX], base = *reading->quote;
	struct budget_ctx *ctx = reading->out->ctx;
	int count = 0;

	for (size_t i = 0; i < budget_json_length(list) && count < DATED_MAX; i++) {
		struct json_object *item = budget_json_at(list, i), *constraint = budget_json_get(item, "constraint");
		struct json_object *start = budget_json_get(constraint, "start_date");
		struct source_quote *quote = &quotes[count];

		*quote = base;
		reading->quote = quote;
		budget_json_each(budget_json_get(item, "prices"), read_price, reading);
		quote->effective_date = source_json_text(ctx, start, 40);
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
	if (count == 0)
		source_add(reading->out, &base);
	for (int i = 0; i < count; i++)
		source_add(reading->out, &quotes[i]);
}

static void
read_model(struct reading *reading, struct json_object *model)
{
	struct source_out *out = reading->out;
	struct json_object *paid = budget_json_get(model, "prices");
	struct source_quote quote = { .provider = reading->provider, .source_url = reading->url };

	quote.model = source_json_text(out->ctx, budget_json_get(model, "id"), 200);
	if (quote.model == NULL || (!budget_json_is_object(paid) && !budget_json_is_array(paid))) {
		source_skip(out, SOURCE_SKIP_MALFORMED);
		return;
	}
	if (strcmp(reading->provider, "openrouter") == 0)
		quote.maker_provider = source_split(out->ctx, quote.model, &quote.maker_model);
	if (quote.maker_provider && strstr(quote.model, ":free"))
		quote.maker_provider = NULL;
	quote.display_name = source_json_text(out->ctx, budget_json_get(model, "name"), 200);
	quote.context_tokens = source_json_count(out->ctx, budget_json_get(model, "context_window"));
	reading->quote = &quote;
	if (budget_json_is_array(paid)) {
		read_dated(reading, paid);
		return;
	}
	budget_json_each(paid, read_price, reading);
	quote.is_free = strstr(quote.model, ":free") != NULL && source_is_zero(&quote);
	source_add(out, &quote);
}

static void
read_provider(struct source_out *out, struct json_object *provider)
{
	struct reading reading = { .out = out };
	struct json_object *models = budget_json_get(provider, "models");

	reading.provider = source_json_text(out->ctx, budget_json_get(provider, "id"), 64);
	reading.url = source_json_text(out->ctx, budget_json_at(budget_json_get(provider, "pricing_urls"), 0), 1024);
	if (reading.provider == NULL || !budget_json_is_array(models)) {
		source_skip(out, SOURCE_SKIP_MALFORMED);
		return;
	}
	for (size_t i = 0; i < budget_json_length(models); i++)
		read_model(&reading, budget_json_at(models, i));
}

enum budget_status
source_genai(struct budget_ctx *ctx, const struct budget_source_feed *feed, struct budget_source_batch *ret_batch)
{
	_auto_json_ struct json_object *root = NULL;
	struct source_out out;

	BUDGET_TRY(source_json(ctx, feed, &root));
	if (!budget_json_is_array(root))
		return source_bad_feed(ctx, "The feed is no list of providers.");
	BUDGET_TRY(source_begin(&out, ctx, feed, ret_batch));
	for (size_t i = 0; i < budget_json_length(root); i++)
		read_provider(&out, budget_json_at(root, i));
	return source_finish(&out);
}
