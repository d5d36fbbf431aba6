/* What people write on pages about prices: words, units, tables. */
#include <ctype.h>
#include <string.h>

#include "lib/source/html.h"

enum { CELL_MAX = 400, CELLS_MAX = 32, UNIT_NONE = -1, UNIT_OTHER = -2 };

/* Finds a word that has no digit or letter right before it. */
static const char *
find_word(const char *text, const char *word)
{
	for (const char *at = strcasestr(text, word); at; at = strcasestr(at + 1, word))
		if (at == text || !isalnum((unsigned char)at[-1]))
			return at;
	return NULL;
}

/* For how many tokens a text gives its price, as a power of ten; what comes first counts. */
static int
unit_of(const char *text)
{
	static const struct { const char *word; int exponent; } units[] = {
		{ "1m", 6 }, { "1 m", 6 }, { "million", 6 }, { "mtok", 6 }, { "1,000,000", 6 }, { "1000000", 6 },
		{ "1k", 3 }, { "1 k", 3 }, { "thousand", 3 }, { "1,000", 3 }, { "1000", 3 }, { "ktok", 3 },
		{ "/token", 0 }, { "/ token", 0 }, { "per token", 0 },
		{ "character", UNIT_OTHER }, { "image", UNIT_OTHER }, { "second", UNIT_OTHER }, { "minute", UNIT_OTHER },
		{ "hour", UNIT_OTHER }, { "page", UNIT_OTHER }, { "request", UNIT_OTHER }, { "month", UNIT_OTHER },
		{ "call", UNIT_OTHER }, { "user", UNIT_OTHER },
	};
	const char *first = NULL;
	int exponent = UNIT_NONE;

	for (size_t i = 0; text && i < sizeof units / sizeof units[0]; i++) {
		const char *at = find_word(text, units[i].word);
		if (at && units[i].exponent == UNIT_OTHER)
			return UNIT_OTHER;
		if (at && (!first || at < first)) {
			first = at;
			exponent = units[i].exponent;
		}
	}
	return exponent;
}

/* "1,000.50 / 1M" → "1000.50"; what follows it in *ret_rest. NULL when there is no number. */
static const char *
number_at(struct budget_ctx *ctx, const char *text, const char **ret_rest)
{
	char digits[48];
	size_t length = 0;

	while (*text == ' ')
		text++;
	while (length < sizeof digits - 1 && (isdigit((unsigned char)*text) || ((*text == '.' || *text == ',')
	    && isdigit((unsigned char)text[1])))) {
		if (*text != ',')
			digits[length++] = *text;
		text++;
	}
	digits[length] = '\0';
	*ret_rest = text;
	return length > 0 ? budget_arena_strdup(&ctx->arena, digits) : NULL;
}

static void
set_rate(struct budget_ctx *ctx, struct source_quote *quote, enum source_rate rate, const char *number, int unit)
{
	if (unit < 0) {
		quote->is_partial = true;
		return;
	}
	quote->rates[rate] = source_amount(ctx, number, unit);
	quote->is_malformed |= quote->rates[rate] == NULL;
}

void
html_price(struct budget_ctx *ctx, struct source_quote *quote, const char *text, const char *units, enum source_rate rate)
{
	const char *sign = strchr(text, '$'), *rest, *number;
	int unit;

	if (sign == NULL && find_word(text, "free")) {
		quote->rates[rate] = "0";
		return;
	}
	if (sign == NULL) /* another currency, "contact us", a dash */
		return;
	number = number_at(ctx, sign + 1, &rest);
	if (number == NULL)
		return;
	unit = unit_of(rest);
	set_rate(ctx, quote, rate, number, unit == UNIT_NONE ? unit_of(units) : unit);
}

/* Which rate the words before a price name; RATE_COUNT when none. */
static enum source_rate
label_of(struct budget_ctx *ctx, const char *from, const char *to)
{
	static const struct { const char *word; enum source_rate rate; } labels[] = {
		{ "cached", RATE_CACHE_READ }, { "input", RATE_INPUT }, { "prompt", RATE_INPUT }, { "output", RATE_OUTPUT },
		{ "completion", RATE_OUTPUT }, { "response", RATE_OUTPUT },
	};
	const char *text = budget_arena_strndup(&ctx->arena, from, (size_t)(to - from)), *last = NULL;
	enum source_rate rate = RATE_COUNT;

	for (size_t i = 0; text && i < sizeof labels / sizeof labels[0]; i++)
		for (const char *at = strcasestr(text, labels[i].word); at; at = strcasestr(at + 1, labels[i].word))
			if (last == NULL || at > last) {
				/* "cached input" is one label */
				const bool is_cached = labels[i].rate == RATE_INPUT && rate == RATE_CACHE_READ && last && at - last <= 8;
				last = at;
				rate = is_cached ? RATE_CACHE_READ : labels[i].rate;
			}
	return rate;
}

void
html_prices(struct budget_ctx *ctx, struct source_quote *quote, const char *text, const char *units)
{
	const char *behind = text;
	int unlabelled = 0;

	for (const char *sign = strchr(text, '$'); sign; sign = strchr(behind, '$')) {
		const char *rest, *number = number_at(ctx, sign + 1, &rest), *next = strchr(rest, '$'), *tail;
		enum source_rate rate = label_of(ctx, behind, sign);
		int unit;

		behind = rest > sign ? rest : sign + 1;
		if (number == NULL)
			continue;
		if (rate == RATE_COUNT)
			rate = unlabelled++ == 0 && !quote->rates[RATE_INPUT] ? RATE_INPUT : RATE_OUTPUT;
		if (quote->rates[rate])
			continue;
		tail = budget_arena_strndup(&ctx->arena, rest, next ? (size_t)(next - rest) : strlen(rest));
		unit = unit_of(tail);
		set_rate(ctx, quote, rate, number, unit == UNIT_NONE ? unit_of(units) : unit);
	}
}

const char *
html_model_name(struct budget_ctx *ctx, const char *provider, const char *text)
{
	static const char *const families[] = { "opus", "sonnet", "haiku", "instant", NULL };
	const char *prefix = "";
	char *name;

	if (text == NULL || *text == '\0' || strlen(text) > 120)
		return NULL;
	if (provider && strcmp(provider, "openai") == 0 && isdigit((unsigned char)*text))
		prefix = "gpt-";
	if (provider && strcmp(provider, "anthropic") == 0)
		for (const char *const *family = families; *family; family++)
			if (isdigit((unsigned char)*text) || strncasecmp(text, *family, strlen(*family)) == 0)
				prefix = "claude-";
	name = budget_arena_printf(&ctx->arena, "%s%s", prefix, text);
	for (char *byte = name; byte && *byte; byte++)
		*byte = *byte == ' ' ? '-' : (char)tolower((unsigned char)*byte);
	return name;
}

const char *
html_provider(struct budget_ctx *ctx, const char *text, const char *model)
{
	static const char *const noise[] = { " pricing", " prices", " models", " api", " model", NULL };
	static const char *const makers[][2] = {
		{ "gpt", "openai" }, { "o1", "openai" }, { "o3", "openai" }, { "o4", "openai" }, { "davinci", "openai" },
		{ "claude", "anthropic" }, { "llama", "meta" }, { "gemini", "google" }, { "gemma", "google" },
		{ "palm", "google" }, { "falcon", "tii" }, { "mistral", "mistral" }, { "mixtral", "mistral" },
		{ "codestral", "mistral" }, { "command", "cohere" }, { "deepseek", "deepseek" }, { "grok", "xai" },
		{ "qwen", "qwen" },
	};
	char *name = text && *text && strlen(text) < 48 ? budget_arena_strdup(&ctx->arena, text) : NULL;

	for (char *byte = name; byte && *byte; byte++)
		*byte = (char)tolower((unsigned char)*byte);
	for (const char *const *word = noise; name && *word; word++) {
		char *at = strstr(name, *word);
		if (at)
			*at = '\0';
	}
	if (name && *name)
		return name;
	for (size_t i = 0; model && i < sizeof makers / sizeof makers[0]; i++)
		if (strncasecmp(model, makers[i][0], strlen(makers[i][0])) == 0)
			return makers[i][1];
	return NULL;
}
