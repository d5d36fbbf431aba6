/*
 * OpenRouter, GET /api/v1/models: {"data": [{id, name, context_length, architecture, pricing, top_provider, …}]}.
 * Prices are strings, USD per token (per search, per request); "-1" says that the price is that of whatever it routes
 * to; 0 says free. Context tiers: pricing.overrides [{min_prompt_tokens, …}].
 */
#include <stdlib.h>
#include <string.h>

#include "lib/decimal.h"
#include "lib/json.h"
#include "lib/source/quote.h"

#define IMAGE_TOKEN_MAX "0.0005" /* USD; nothing sold per token is so dear */

static const struct {
	const char *name;
	enum source_rate rate;
} prices[] = {
	{ "prompt", RATE_INPUT }, { "completion", RATE_OUTPUT }, { "input_cache_read", RATE_CACHE_READ },
	{ "input_cache_write", RATE_CACHE_WRITE_5M }, { "input_cache_write_1h", RATE_CACHE_WRITE_1H },
	{ "internal_reasoning", RATE_REASONING }, { "audio", RATE_INPUT_AUDIO }, { "audio_output", RATE_OUTPUT_AUDIO },
	{ "image", RATE_INPUT_IMAGE }, { "image_output", RATE_OUTPUT_IMAGE }, { "request", RATE_REQUEST },
	{ "web_search", RATE_WEB_SEARCH },
};

struct pricing {
	struct source_out *out;
	struct source_quote *quote;
	struct source_tier *tier; /* NULL = the row itself */
};

static void
read_price(void *user, const char *name, struct json_object *value)
{
	struct pricing *pricing = user;
	const char *rate = NULL;

	for (size_t i = 0; i < sizeof prices / sizeof prices[0]; i++) {
		if (strcmp(prices[i].name, name) != 0)
			continue;
		source_json_amount(pricing->out, pricing->quote, value, 0, &rate);
		if (pricing->tier && prices[i].rate < RATE_CONTEXT_COUNT)
			pricing->tier->rates[prices[i].rate] = rate;
		else if (!pricing->tier)
			pricing->quote->rates[prices[i].rate] = rate;
		return;
	}
}

static void
read_overrides(struct pricing *pricing, struct json_object *overrides)
{
	for (size_t i = 0; i < budget_json_length(overrides); i++) {
		struct json_object *override = budget_json_at(overrides, i);
		const char *above = source_json_count(pricing->out->ctx, budget_json_get(override, "min_prompt_tokens"));

		if (above == NULL) { /* another condition than size */
			pricing->quote->is_partial = true;
			continue;
		}
		pricing->tier = source_tier(pricing->quote, strtoll(above, NULL, 10));
		if (pricing->tier)
			budget_json_each(override, read_price, pricing);
	}
}

static bool
is_variable(struct budget_ctx *ctx, struct json_object *pricing)
{
	const char *prompt = budget_json_text(ctx, budget_json_get(pricing, "prompt"));
	const char *completion = budget_json_text(ctx, budget_json_get(pricing, "completion"));

	return (prompt && strcmp(prompt, "-1") == 0) || (completion && strcmp(completion, "-1") == 0);
}

static void
read_abilities(struct budget_ctx *ctx, struct source_quote *quote, struct json_object *model)
{
	static const char *const parameters[][2] = { { "tools", "tools" }, { "reasoning", "reasoning" },
	    { "structured_outputs", "json" }, { "web_search_options", "web_search" } };
	static const char *const inputs[][2] = { { "image", "vision" }, { "audio", "audio_in" }, { "file", "pdf" },
	    { "video", "video" } };
	struct json_object *architecture = budget_json_get(model, "architecture");
	struct json_object *supported = budget_json_get(model, "supported_parameters");
	struct json_object *modalities = budget_json_get(architecture, "input_modalities");
	struct json_object *results = budget_json_get(architecture, "output_modalities");

	for (size_t i = 0; i < budget_json_length(supported); i++) {
		const char *name = budget_json_text(ctx, budget_json_at(supported, i));
		for (int j = 0; name && j < 4; j++)
			if (strcmp(name, parameters[j][0]) == 0)
				source_capability(quote, parameters[j][1]);
	}
	for (size_t i = 0; i < budget_json_length(modalities); i++) {
		const char *name = budget_json_text(ctx, budget_json_at(modalities, i));
		for (int j = 0; name && j < 4; j++)
			if (strcmp(name, inputs[j][0]) == 0)
				source_capability(quote, inputs[j][1]);
	}
	for (size_t i = 0; i < budget_json_length(results); i++) {
		const char *name = budget_json_text(ctx, budget_json_at(results, i));
		if (name && strcmp(name, "audio") == 0)
			source_capability(quote, "audio_out");
	}
	if (quote->rates[RATE_CACHE_READ])
		source_capability(quote, "caching");
}

static void
read_model(struct source_out *out, struct json_object *model)
{
	struct budget_ctx *ctx = out->ctx;
	struct json_object *pricing = budget_json_get(model, "pricing");
	const char *id = source_json_text(ctx, budget_json_get(model, "id"), 200);
	struct source_quote quote = { .provider = "openrouter", .model = id, .mode = "chat" };
	struct pricing reading = { .out = out, .quote = &quote };

	if (id == NULL || !budget_json_is_object(pricing)) {
		source_skip(out, SOURCE_SKIP_MALFORMED);
		return;
	}
	if (is_variable(ctx, pricing)) {
		source_skip(out, SOURCE_SKIP_VARIABLE);
		return;
	}
	if (*id != '~') /* an alias of whatever is latest */
		quote.maker_provider = source_split(ctx, id, &quote.maker_model);
	quote.display_name = source_json_text(ctx, budget_json_get(model, "name"), 200);
	quote.context_tokens = source_json_count(ctx, budget_json_get(model, "context_length"));
	quote.max_output_tokens = source_json_count(ctx, budget_json_get(budget_json_get(model, "top_provider"),
	    "max_completion_tokens"));
	budget_json_each(pricing, read_price, &reading);
	read_overrides(&reading, budget_json_get(pricing, "overrides"));
	if (quote.rates[RATE_INPUT_IMAGE] && budget_decimal_compare(quote.rates[RATE_INPUT_IMAGE], IMAGE_TOKEN_MAX) > 0) {
		quote.rates[RATE_INPUT_IMAGE] = NULL; /* older entries price a whole image */
		quote.is_partial = true;
	}
	read_abilities(ctx, &quote, model);
	/* 0 in every place is this API's way to say free */
	quote.is_free = quote.rates[RATE_INPUT] && quote.rates[RATE_OUTPUT] && source_is_zero(&quote);
	if (quote.is_free && strstr(id, ":free"))
		quote.maker_provider = NULL; /* says nothing about what the maker asks */
	source_add(out, &quote);
}

enum budget_status
source_openrouter(struct budget_ctx *ctx, const struct budget_source_feed *feed, struct budget_source_batch *ret_batch)
{
	_auto_json_ struct json_object *root = NULL;
	struct source_out out;
	struct json_object *models;

	BUDGET_TRY(source_json(ctx, feed, &root));
	models = budget_json_get(root, "data");
	if (!budget_json_is_array(models))
		return source_bad_feed(ctx, "The feed has no list \"data\" of models.");
	BUDGET_TRY(source_begin(&out, ctx, feed, ret_batch));
	for (size_t i = 0; i < budget_json_length(models); i++)
		read_model(&out, budget_json_at(models, i));
	return source_finish(&out);
}
