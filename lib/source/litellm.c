/*
 * LiteLLM. The public file: {"<model>": {litellm_provider, mode, input_cost_per_token, …}}, USD per token, numbers in
 * e-notation. The form of the original: {"prices": {"<provider>/<model>": {…}}}.
 *
 * One entry may become several quotes: its service tiers (…_batches, …_flex, …_priority) are quotes of their own, in
 * which a class without a price of its own keeps the standard one, as LiteLLM itself computes.
 */
#include "lib/source/litellm.h"

#include <stdlib.h>
#include <string.h>

#include "lib/decimal.h"
#include "lib/json.h"

static const char *const tier_names[LITELLM_TIERS] = { "standard", "batch", "flex", "priority" };

struct entry {
	struct source_out *out;
	struct source_quote quotes[LITELLM_TIERS];
	int ranks[LITELLM_TIERS][RATE_COUNT];     /* rank + 1 of what was taken; 0 = nothing yet */
	bool is_named[LITELLM_TIERS];
	bool has_left_out;
};

static void
take_price(struct entry *entry, const struct litellm_name *name, struct json_object *value)
{
	struct source_quote *quote = &entry->quotes[name->tier];
	const char **place = &quote->rates[name->rate], *rate = NULL;
	struct source_tier *tier;

	if (name->above) {
		tier = source_tier(quote, name->above);
		if (tier == NULL)
			return;
		place = &tier->rates[name->rate];
	}
	source_json_amount(entry->out, &entry->quotes[0], value, 0, &rate);
	if (rate == NULL)
		return;
	if (!name->above) {
		int *rank = &entry->ranks[name->tier][name->rate];
		/* of two names of one rate the first counts, unless it says 0 */
		if (*rank != 0 && *place && strcmp(*place, "0") != 0 && (*rank <= name->rank + 1 || strcmp(rate, "0") == 0))
			return;
		*rank = name->rank + 1;
	}
	*place = rate;
	entry->is_named[name->tier] = true;
}

/* [{"range": [0, 256000], "input_cost_per_token": …}, {"range": [256000, 1000000], …}] */
struct range {
	struct entry *entry;
	int64_t above;
};

static void
take_range_price(void *user, const char *name, struct json_object *value)
{
	struct range *range = user;
	struct litellm_name parsed;

	if (value && litellm_name_parse(name, &parsed) == 1 && parsed.tier == LITELLM_STANDARD && parsed.above == 0
	    && (range->above == 0 || parsed.rate < RATE_CONTEXT_COUNT)) {
		parsed.above = range->above;
		take_price(range->entry, &parsed, value);
	}
}

static void
take_ranges(struct entry *entry, struct json_object *ranges)
{
	struct budget_ctx *ctx = entry->out->ctx;

	for (size_t i = 0; i < budget_json_length(ranges); i++) {
		struct json_object *item = budget_json_at(ranges, i);
		struct json_object *bounds = budget_json_get(item, "range");
		const char *from = source_json_count(ctx, budget_json_at(bounds, 0));
		struct range range = { entry, from ? strtoll(from, NULL, 10) : 0 };

		if (budget_json_length(bounds) != 2) /* ranged by something else than input */
			entry->has_left_out = true;
		else
			budget_json_each(item, take_range_price, &range);
	}
}

/* A search costs by how much of it is read; medium is what callers get who do not say. */
static void
take_search(struct entry *entry, struct json_object *sizes)
{
	struct json_object *price = budget_json_get(sizes, "search_context_size_medium");

	if (price == NULL)
		price = budget_json_get(sizes, "search_context_size_high");
	if (price == NULL)
		price = budget_json_get(sizes, "search_context_size_low");
	source_json_amount(entry->out, &entry->quotes[0], price, 0, &entry->quotes[0].rates[RATE_WEB_SEARCH]);
}

static void
take_member(void *user, const char *name, struct json_object *value)
{
	struct entry *entry = user;
	struct litellm_name parsed;
	const char *left_out = NULL;

	if (value == NULL)
		return;
	if (strcmp(name, "search_context_cost_per_query") == 0) {
		take_search(entry, value);
		return;
	}
	if (strcmp(name, "tiered_pricing") == 0) {
		take_ranges(entry, value);
		return;
	}
	switch (litellm_name_parse(name, &parsed)) {
	case 1:
		take_price(entry, &parsed, value);
		break;
	case -1:
		left_out = source_amount(entry->out->ctx, budget_json_text(entry->out->ctx, value), 0);
		entry->has_left_out |= left_out == NULL || strcmp(left_out, "0") != 0;
		break;
	}
}

static void
take_facts(struct entry *entry, struct json_object *model)
{
	static const char *const abilities[][2] = {
		{ "supports_vision", "vision" }, { "supports_function_calling", "tools" }, { "supports_reasoning", "reasoning" },
		{ "supports_response_schema", "json" }, { "supports_prompt_caching", "caching" },
		{ "supports_pdf_input", "pdf" }, { "supports_web_search", "web_search" },
		{ "supports_computer_use", "computer_use" }, { "supports_audio_input", "audio_in" },
		{ "supports_audio_output", "audio_out" }, { "supports_video_input", "video" },
	};
	static const char *const modes[][2] = {
		{ "responses", "chat" }, { "completion", "chat" }, { "image_generation", "image" }, { "image_edit", "image" },
		{ "audio_transcription", "transcription" }, { "audio_speech", "speech" }, { "video_generation", "video" },
	};
	struct budget_ctx *ctx = entry->out->ctx;
	struct source_quote *quote = &entry->quotes[0];
	const char *retires = source_json_text(ctx, budget_json_get(model, "deprecation_date"), 10);

	quote->mode = source_json_text(ctx, budget_json_get(model, "mode"), 40);
	for (size_t i = 0; quote->mode && i < sizeof modes / sizeof modes[0]; i++)
		if (strcmp(quote->mode, modes[i][0]) == 0)
			quote->mode = modes[i][1];
	quote->context_tokens = source_json_count(ctx, budget_json_get(model, "max_input_tokens"));
	quote->max_output_tokens = source_json_count(ctx, budget_json_get(model, "max_output_tokens"));
	quote->source_url = source_json_text(ctx, budget_json_get(model, "source"), 1024);
	if (source_is_date(retires))
		quote->note = budget_arena_printf(&ctx->arena, "retires %s", retires);
	for (size_t i = 0; i < sizeof abilities / sizeof abilities[0]; i++) {
		const char *may = budget_json_text(ctx, budget_json_get(model, abilities[i][0]));
		if (may && strcmp(may, "true") == 0)
			source_capability(quote, abilities[i][1]);
	}
}

/* "vertex_ai-anthropic_models" and the like are one seller; then the key loses the seller's name in front. */
static bool
take_name(struct entry *entry, const char *key, struct json_object *model)
{
	static const char *const families[] = { "vertex_ai", "fireworks_ai", "bedrock", NULL };
	static const char *const guesses[][2] = { { "gpt-", "openai" }, { "claude-", "anthropic" } };
	struct budget_ctx *ctx = entry->out->ctx;
	struct source_quote *quote = &entry->quotes[0];
	const char *provider = source_json_text(ctx, budget_json_get(model, "litellm_provider"), 64), *rest = NULL;
	const char *first = source_split(ctx, key, &rest);

	quote->model = key;
	for (const char *const *family = families; provider && *family; family++) {
		size_t length = strlen(*family);
		if (strncmp(provider, *family, length) == 0 && (provider[length] == '-' || provider[length] == '_'))
			provider = *family;
	}
	if (provider == NULL && first) {
		provider = first;
	} else if (provider == NULL) {
		for (int i = 0; i < 2; i++)
			if (strncmp(key, guesses[i][0], strlen(guesses[i][0])) == 0)
				provider = guesses[i][1];
	}
	if (first && provider && strcmp(first, provider) == 0)
		quote->model = rest;
	quote->provider = provider;
	quote->is_local = source_is_local(provider);
	if (provider && strcmp(provider, "openrouter") == 0)
		quote->maker_provider = source_split(ctx, quote->model, &quote->maker_model);
	return provider != NULL;
}

static const char *
dearer(const char *left, const char *right)
{
	return left && right && budget_decimal_compare(left, right) < 0 ? right : left;
}

/*
 * A service tier inherits what it does not name, as LiteLLM computes; but a context tier that is inherited never makes a
 * request cheaper than the row itself.
 */
static void
inherit(struct source_quote *quote, const struct source_quote *standard)
{
	for (int i = 0; i < RATE_COUNT; i++)
		if (!quote->rates[i])
			quote->rates[i] = standard->rates[i];
	for (int i = 0; i < standard->tiers_count; i++) {
		struct source_tier *tier = source_tier(quote, standard->tiers[i].above);

		for (int j = 0; tier && j < RATE_CONTEXT_COUNT; j++)
			if (!tier->rates[j])
				tier->rates[j] = dearer(standard->tiers[i].rates[j], quote->rates[j]);
	}
}

static void
read_entry(void *user, const char *key, struct json_object *model)
{
	struct source_out *out = user;
	struct entry entry = { .out = out };
	struct source_quote *standard = &entry.quotes[0];

	if (strcmp(key, "sample_spec") == 0 || (strchr(key, '/') == NULL && !budget_json_get(model, "litellm_provider")
	    && !budget_json_get(model, "input_cost_per_token") && budget_json_is_object(model)))
		return; /* what explains the file, or rules, no model */
	if (!budget_json_is_object(model) || !take_name(&entry, key, model)) {
		source_skip(out, SOURCE_SKIP_MALFORMED);
		return;
	}
	budget_json_each(model, take_member, &entry);
	take_facts(&entry, model);
	standard->is_partial |= entry.has_left_out;
	if (standard->mode && strcmp(standard->mode, "image") != 0 && entry.ranks[0][RATE_IMAGE] == 2) {
		standard->is_partial |= strcmp(standard->rates[RATE_IMAGE], "0") != 0; /* an image that is read, not made */
		standard->rates[RATE_IMAGE] = NULL;
	}
	standard->is_free = standard->is_local && source_is_zero(standard);
	if (!source_add(out, standard) || standard->is_free)
		return;
	for (int i = 1; i < LITELLM_TIERS; i++) {
		if (!entry.is_named[i])
			continue;
		struct source_quote *quote = &entry.quotes[i];
		quote->provider = standard->provider;
		quote->model = standard->model;
		quote->maker_provider = standard->maker_provider;
		quote->maker_model = standard->maker_model;
		quote->service_tier = tier_names[i];
		quote->source_url = standard->source_url;
		quote->note = standard->note;
		inherit(quote, standard);
		source_add(out, quote);
	}
}

enum budget_status
source_litellm(struct budget_ctx *ctx, const struct budget_source_feed *feed, struct budget_source_batch *ret_batch)
{
	_auto_json_ struct json_object *root = NULL;
	struct source_out out;
	struct json_object *prices;

	BUDGET_TRY(source_json(ctx, feed, &root));
	if (!budget_json_is_object(root))
		return source_bad_feed(ctx, "The feed is no JSON object of models.");
	prices = budget_json_get(root, "prices");
	if (prices && !budget_json_is_object(prices))
		return source_bad_feed(ctx, "\"prices\" of the feed is no JSON object of models.");
	BUDGET_TRY(source_begin(&out, ctx, feed, ret_batch));
	budget_json_each(prices ? prices : root, read_entry, &out);
	return source_finish(&out);
}
