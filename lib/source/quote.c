#include "lib/source/quote.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/json.h"
#include "lib/text.h"

enum { SEEN_HEADS = 4096, PROVIDER_MAX = 64, MODEL_MAX = 200, TIER_MAX = 32 };

struct source_seen {
	struct source_seen *next;
	char key[];
};

static const char *const rate_names[RATE_COUNT] = {
	[RATE_INPUT] = "input_cost_per_token", [RATE_OUTPUT] = "output_cost_per_token",
	[RATE_CACHE_READ] = "cache_read_cost_per_token", [RATE_CACHE_WRITE_5M] = "cache_write_5m_cost_per_token",
	[RATE_CACHE_WRITE_1H] = "cache_write_1h_cost_per_token", [RATE_REASONING] = "reasoning_cost_per_token",
	[RATE_INPUT_AUDIO] = "input_audio_cost_per_token", [RATE_OUTPUT_AUDIO] = "output_audio_cost_per_token",
	[RATE_INPUT_IMAGE] = "input_image_cost_per_token", [RATE_OUTPUT_IMAGE] = "output_image_cost_per_token",
	[RATE_INPUT_CHAR] = "input_cost_per_char", [RATE_OUTPUT_CHAR] = "output_cost_per_char",
	[RATE_IMAGE] = "cost_per_image", [RATE_SECOND] = "cost_per_second", [RATE_REQUEST] = "fixed_cost_per_request",
	[RATE_WEB_SEARCH] = "web_search_cost_per_request",
};

const char *
source_rate_name(enum source_rate rate)
{
	return rate_names[rate];
}

enum budget_status
source_bad_feed(struct budget_ctx *ctx, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	const char *detail = budget_arena_vprintf(&ctx->arena, format, args);
	va_end(args);
	return budget_fail(ctx, BUDGET_EINVALID, "bad_feed", NULL, "%s", detail ? detail : "The feed cannot be read.");
}

enum budget_status
source_begin(struct source_out *out, struct budget_ctx *ctx, const struct budget_source_feed *feed,
    struct budget_source_batch *batch)
{
	*out = (struct source_out){ .ctx = ctx, .feed = feed, .batch = batch };
	*batch = (struct budget_source_batch){ .count = 0 };
	out->seen = budget_arena_alloc(&ctx->arena, SEEN_HEADS * sizeof *out->seen);
	return out->seen ? BUDGET_OK : budget_fail_memory(ctx);
}

void
source_skip(struct source_out *out, enum budget_source_skip why)
{
	out->batch->seen++;
	out->batch->skipped[why]++;
}

/* A name without control characters and blanks at its ends, in lower case; NULL when it is none. */
static const char *
name_of(struct budget_ctx *ctx, const char *text, size_t max_bytes)
{
	size_t length = text ? strlen(text) : 0;
	char *name;

	if (length == 0 || length > max_bytes || isspace((unsigned char)text[0]) || isspace((unsigned char)text[length - 1]))
		return NULL;
	name = budget_arena_strndup(&ctx->arena, text, length);
	for (char *byte = name; byte && *byte; byte++) {
		if ((unsigned char)*byte < 0x20 || *byte == 0x7f)
			return NULL;
		*byte = (char)tolower((unsigned char)*byte);
	}
	return name;
}

/* Three letters, in upper case; NULL when it is none. */
static const char *
currency_of(struct budget_ctx *ctx, const char *text)
{
	char *code = budget_arena_strdup(&ctx->arena, text);

	for (int i = 0; code && i < 4; i++) {
		if (i < 3 ? !isalpha((unsigned char)code[i]) : code[i] != '\0')
			return NULL;
		code[i] = (char)toupper((unsigned char)code[i]);
	}
	return code;
}

/* True when this key came before; else it is remembered. */
static bool
is_repeated(struct source_out *out, const char *key)
{
	size_t size_bytes = strlen(key) + 1;
	unsigned hash = 2166136261u;
	struct source_seen *entry;

	for (const char *byte = key; *byte; byte++)
		hash = (hash ^ (unsigned char)*byte) * 16777619u;
	for (entry = out->seen[hash % SEEN_HEADS]; entry; entry = entry->next)
		if (strcmp(entry->key, key) == 0)
			return true;
	entry = budget_arena_alloc(&out->ctx->arena, sizeof *entry + size_bytes);
	if (entry == NULL) {
		out->fault = budget_fail_memory(out->ctx);
		return true;
	}
	memcpy(entry->key, key, size_bytes);
	entry->next = out->seen[hash % SEEN_HEADS];
	out->seen[hash % SEEN_HEADS] = entry;
	return false;
}

bool
source_is_taken(struct source_out *out, const char *provider, const char *model)
{
	struct budget_ctx *ctx = out->ctx;
	const char *key;

	provider = name_of(ctx, provider, PROVIDER_MAX);
	model = name_of(ctx, model, MODEL_MAX);
	if (!provider || !model)
		return true;
	key = budget_arena_printf(&ctx->arena, "%s\x1f%s", provider, model);
	if (key == NULL)
		out->fault = budget_fail_memory(ctx);
	return key == NULL || is_repeated(out, key);
}

static bool
is_paid(const char *rate)
{
	return rate != NULL && strcmp(rate, "0") != 0;
}

/* The column price_type, by what is really paid; NULL when nothing is. */
static const char *
price_type_of(const struct source_quote *quote)
{
	for (int i = 0; i < RATE_TOKEN_COUNT; i++)
		if (is_paid(quote->rates[i]))
			return "token";
	if (is_paid(quote->rates[RATE_INPUT_CHAR]) || is_paid(quote->rates[RATE_OUTPUT_CHAR]))
		return "character";
	if (is_paid(quote->rates[RATE_IMAGE]))
		return "image";
	if (is_paid(quote->rates[RATE_SECOND]))
		return "time";
	if (is_paid(quote->rates[RATE_REQUEST]) || is_paid(quote->rates[RATE_WEB_SEARCH]))
		return "fixed";
	for (int i = 0; i < quote->tiers_count; i++)
		for (int j = 0; j < RATE_CONTEXT_COUNT; j++)
			if (is_paid(quote->tiers[i].rates[j]))
				return "token"; /* free up to a size */
	return NULL;
}

bool
source_is_zero(const struct source_quote *quote)
{
	return price_type_of(quote) == NULL;
}

static void
print_tiers(struct budget_text *text, const struct source_quote *quote)
{
	budget_text_add(text, ",\"context_rates\":[");
	for (int i = 0; i < quote->tiers_count; i++) {
		budget_text_addf(text, "%s{\"above_input_tokens\":%lld", i ? "," : "", (long long)quote->tiers[i].above);
		for (int j = 0; j < RATE_CONTEXT_COUNT; j++)
			if (quote->tiers[i].rates[j])
				budget_text_addf(text, ",\"%s\":\"%s\"", rate_names[j], quote->tiers[i].rates[j]);
		budget_text_add(text, "}");
	}
	budget_text_add(text, "]");
}

static void
print_member(struct budget_text *text, const char *name, const char *value)
{
	if (value)
		budget_text_member(text, name, value);
}

static void
print_facts(struct budget_text *text, const struct source_quote *quote)
{
	print_member(text, "mode", quote->mode);
	print_member(text, "display_name", quote->display_name);
	if (quote->context_tokens)
		budget_text_member_raw(text, "context_tokens", quote->context_tokens);
	if (quote->max_output_tokens)
		budget_text_member_raw(text, "max_output_tokens", quote->max_output_tokens);
	if (quote->is_local)
		budget_text_member_raw(text, "is_local", "true");
	if (quote->capabilities_count == 0)
		return;
	budget_text_add(text, ",\"capabilities\":[");
	for (int i = 0; i < quote->capabilities_count; i++)
		budget_text_addf(text, "%s\"%s\"", i ? "," : "", quote->capabilities[i]);
	budget_text_add(text, "]");
}

static void
print_maker(struct budget_text *text, const struct source_quote *quote)
{
	if (!quote->maker_provider)
		return;
	budget_text_add(text, ",\"maker\":{");
	budget_text_member(text, "provider", quote->maker_provider);
	budget_text_member(text, "model", quote->maker_model);
	budget_text_add(text, "}");
}

static const char *
print(struct source_out *out, const struct source_quote *quote, const char *price_type)
{
	struct budget_text text;

	budget_text_init(&text, &out->ctx->arena, 640);
	budget_text_add(&text, "{");
	budget_text_member(&text, "provider", quote->provider);
	budget_text_member(&text, "model", quote->model);
	print_maker(&text, quote);
	if (quote->is_family)
		budget_text_member_raw(&text, "if_known", "true");
	budget_text_member(&text, "service_tier", quote->service_tier);
	budget_text_member(&text, "price_type", price_type);
	budget_text_member(&text, "currency", quote->currency);
	if (strcmp(quote->service_tier, "standard") == 0)
		print_facts(&text, quote);
	print_member(&text, "effective_date", quote->effective_date);
	print_member(&text, "end_date", quote->end_date);
	print_member(&text, "source_url", quote->source_url ? quote->source_url : out->feed->url);
	print_member(&text, "note", quote->note);
	for (int i = 0; i < RATE_COUNT; i++)
		print_member(&text, rate_names[i], quote->rates[i]);
	if (quote->tiers_count > 0)
		print_tiers(&text, quote);
	budget_text_add(&text, "}");
	return budget_text_done(&text);
}

static bool
keep(struct source_out *out, const char *quote)
{
	if (quote && out->batch->count == out->capacity) {
		size_t size_bytes = out->capacity * sizeof *out->quotes, wanted = out->capacity ? out->capacity * 2 : 1024;

		const char **grown = budget_arena_extend(&out->ctx->arena, out->quotes, size_bytes, wanted * sizeof *out->quotes);
		if (grown) {
			out->quotes = grown;
			out->capacity = wanted;
		} else {
			quote = NULL;
		}
	}
	if (quote == NULL) {
		out->fault = budget_fail_memory(out->ctx);
		return false;
	}
	out->quotes[out->batch->count++] = quote;
	out->batch->quotes = out->quotes;
	return true;
}

static bool
has_rate(const struct source_quote *quote)
{
	for (int i = 0; i < RATE_COUNT; i++)
		if (quote->rates[i])
			return true;
	return false;
}

/* SOURCE_SKIP_COUNT when there is nothing against the quote; its names are made canonical. */
static enum budget_source_skip
judge(struct source_out *out, struct source_quote *quote, const char **ret_price_type)
{
	struct budget_ctx *ctx = out->ctx;
	const char *key;

	quote->provider = name_of(ctx, quote->provider, PROVIDER_MAX);
	quote->model = name_of(ctx, quote->model, MODEL_MAX);
	quote->currency = currency_of(ctx, quote->currency ? quote->currency : "USD");
	quote->service_tier = name_of(ctx, quote->service_tier ? quote->service_tier : "standard", TIER_MAX);
	if (quote->maker_provider) {
		quote->maker_provider = name_of(ctx, quote->maker_provider, PROVIDER_MAX);
		quote->maker_model = name_of(ctx, quote->maker_model, MODEL_MAX);
		if (!quote->maker_model)
			quote->maker_provider = NULL;
	}
	if (!quote->provider || !quote->model || !quote->service_tier || !quote->currency || quote->is_malformed) {
		if (!out->batch->malformed_first && quote->model)
			out->batch->malformed_first = quote->model;
		return SOURCE_SKIP_MALFORMED;
	}
	*ret_price_type = quote->is_free ? "free" : price_type_of(quote);
	if (!quote->is_free && !has_rate(quote))
		return quote->is_partial ? SOURCE_SKIP_UNKNOWN_UNIT : SOURCE_SKIP_NO_PRICE;
	if (*ret_price_type == NULL)
		return quote->is_partial ? SOURCE_SKIP_UNKNOWN_UNIT : SOURCE_SKIP_ZERO;
	key = budget_arena_printf(&ctx->arena, "%s\x1f%s\x1f%s\x1f%s", quote->provider, quote->model, quote->service_tier,
	    quote->effective_date ? quote->effective_date : "");
	if (key == NULL)
		out->fault = budget_fail_memory(ctx);
	return key == NULL || is_repeated(out, key) ? SOURCE_SKIP_DUPLICATE : SOURCE_SKIP_COUNT;
}

bool
source_add(struct source_out *out, const struct source_quote *given)
{
	struct source_quote quote = *given;
	const char *price_type = NULL;
	enum budget_source_skip why = judge(out, &quote, &price_type);
	const bool is_standard = quote.service_tier && strcmp(quote.service_tier, "standard") == 0;

	if (out->fault != BUDGET_OK)
		return false;
	if (why != SOURCE_SKIP_COUNT) {
		if (!quote.is_other_name)
			source_skip(out, why);
		return false;
	}
	if (is_standard && !quote.is_other_name) {
		out->batch->seen++;
		out->batch->partial += quote.is_partial;
	}
	return keep(out, print(out, &quote, price_type));
}

enum budget_status
source_finish(struct source_out *out)
{
	const struct budget_source_batch *batch = out->batch;
	const int64_t malformed = batch->skipped[SOURCE_SKIP_MALFORMED];

	if (out->fault != BUDGET_OK)
		return out->fault;
	if (batch->seen == 0)
		return source_bad_feed(out->ctx, "The feed names no model at all.");
	if (malformed * 2 > batch->seen)
		return source_bad_feed(out->ctx, "Only %lld of %lld entries of the feed can be read: its format has changed.",
		    (long long)(batch->seen - malformed), (long long)batch->seen);
	return BUDGET_OK;
}

struct source_tier *
source_tier(struct source_quote *quote, int64_t above)
{
	int at = 0;

	while (at < quote->tiers_count && quote->tiers[at].above < above)
		at++;
	if (at < quote->tiers_count && quote->tiers[at].above == above)
		return &quote->tiers[at];
	if (quote->tiers_count == SOURCE_TIERS_MAX || above <= 0) {
		quote->is_partial = true;
		return NULL;
	}
	memmove(&quote->tiers[at + 1], &quote->tiers[at], (size_t)(quote->tiers_count - at) * sizeof quote->tiers[0]);
	quote->tiers[at] = (struct source_tier){ .above = above };
	quote->tiers_count++;
	return &quote->tiers[at];
}
