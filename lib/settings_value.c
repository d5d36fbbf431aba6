/* One value of one setting: text in, canonical text out, or what would have been allowed. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/decimal.h"
#include "lib/settings.h"
#include "lib/settings_layers.h"
#include "lib/text.h"
#include "lib/words.h"

static const struct budget_word bool_words[] = {
	{ "true", "true" }, { "yes", "true" }, { "on", "true" }, { "1", "true" }, { "false", "false" }, { "no", "false" },
	{ "off", "false" }, { "0", "false" }, { NULL, NULL }
};

struct unit { const char *name; int64_t factor; };

static const struct unit plain_units[] = { { "", 1 }, { NULL, 0 } };
static const struct unit second_units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 },
    { NULL, 0 } };
static const struct unit byte_units[] = {
	{ "", 1 }, { "k", 1024 }, { "m", 1024 * 1024 }, { "g", INT64_C(1) << 30 }, { NULL, 0 }
};

static const struct unit *
units_of(enum budget_setting_type type)
{
	return type == SETTING_SECONDS ? second_units : type == SETTING_BYTES ? byte_units : plain_units;
}

/* "15m" with second_units -> 900; false when it is no number of these units. */
static bool
count_parse(const char *text, const struct unit *units, int64_t *ret_count)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	for (const struct unit *unit = units; errno == 0 && unit->name; unit++)
		if (strcasecmp(end, unit->name) == 0)
			return !__builtin_mul_overflow((int64_t)number, unit->factor, ret_count);
	return false;
}

bool
budget_zone_exists(const char *name)
{
	char path[320] = "/usr/share/zoneinfo/";

	if (strcmp(name, "UTC") == 0)
		return true;
	if (!isupper((unsigned char)*name) || strstr(name, "..") || strlen(name) > 200)
		return false;
	/* Without tzdata here the server is asked later; it has its own copy. */
	if (access(path, X_OK) != 0)
		return true;
	memcpy(path + strlen(path), name, strlen(name) + 1);
	return access(path, R_OK) == 0;
}

static const char *
words_list(struct budget_ctx *ctx, const struct budget_word *words)
{
	struct budget_text text;

	budget_text_init(&text, &ctx->arena, 64);
	for (const struct budget_word *word = words; word->word; word++)
		budget_text_addf(&text, "%s%s", word == words ? "" : ", ", word->word);
	return budget_text_done(&text);
}

/* Says what a value of this setting looks like. */
static const char *
allowed(struct budget_ctx *ctx, const struct budget_setting *setting)
{
	switch (setting->type) {
	case SETTING_COUNT:
		return budget_arena_printf(&ctx->arena, "a whole number from %lld to %lld", (long long)setting->min,
		    (long long)setting->max);
	case SETTING_SECONDS:
		return budget_arena_printf(&ctx->arena, "seconds from %lld to %lld, or a time like 15m, 24h, 2d",
		    (long long)setting->min, (long long)setting->max);
	case SETTING_BYTES:
		return budget_arena_printf(&ctx->arena, "bytes from %lld to %lld, or a size like 64k, 32M, 1G",
		    (long long)setting->min, (long long)setting->max);
	case SETTING_MONEY: return "an amount of 0 or more, like 12.50";
	case SETTING_PERCENT: return "a percentage from 0 to 100";
	case SETTING_FRACTION: return "a fraction from 0 to 1, like 0.8";
	case SETTING_BOOL: return "true or false";
	case SETTING_WORD: return words_list(ctx, setting->words);
	case SETTING_ZONE: return "an IANA time zone like Europe/Berlin, or UTC";
	case SETTING_CURRENCY: return "a currency of three letters, like USD";
	case SETTING_TEXT: break;
	}
	return budget_arena_printf(&ctx->arena, "a text of %lld to %lld bytes", (long long)setting->min,
	    (long long)setting->max);
}

static const char *
currency_parse(struct budget_ctx *ctx, const char *text)
{
	char *copy = budget_arena_strdup(&ctx->arena, text);

	if (!copy || strlen(copy) != 3)
		return NULL;
	for (int i = 0; i < 3; i++) {
		copy[i] = (char)toupper((unsigned char)copy[i]);
		if (copy[i] < 'A' || copy[i] > 'Z')
			return NULL;
	}
	return copy;
}

static const char *
decimal_parse(struct budget_ctx *ctx, const char *text, const char *max)
{
	const char *result = budget_decimal_parse(ctx, text);

	return result && *result != '-' && (!max || budget_decimal_compare(result, max) <= 0) ? result : NULL;
}

static const char *
value_parse(struct budget_ctx *ctx, const struct budget_setting *setting, const char *text)
{
	int64_t count;

	switch (setting->type) {
	case SETTING_COUNT:
	case SETTING_SECONDS:
	case SETTING_BYTES:
		if (!count_parse(text, units_of(setting->type), &count) || count < setting->min || count > setting->max)
			return NULL;
		return budget_arena_printf(&ctx->arena, "%lld", (long long)count);
	case SETTING_MONEY: return decimal_parse(ctx, text, NULL);
	case SETTING_PERCENT: return decimal_parse(ctx, text, "100");
	case SETTING_FRACTION: return decimal_parse(ctx, text, "1");
	case SETTING_BOOL: return budget_word_find(bool_words, text);
	case SETTING_WORD: return budget_word_find(setting->words, text);
	case SETTING_ZONE: return budget_zone_exists(text) ? budget_arena_strdup(&ctx->arena, text) : NULL;
	case SETTING_CURRENCY: return currency_parse(ctx, text);
	case SETTING_TEXT: break;
	}
	for (const char *byte = text; *byte; byte++)
		if (iscntrl((unsigned char)*byte))
			return NULL;
	if (strlen(text) < (size_t)setting->min || strlen(text) > (size_t)setting->max)
		return NULL;
	return budget_arena_strdup(&ctx->arena, text);
}

enum budget_status
budget_setting_parse(struct budget_ctx *ctx, const struct budget_setting *setting, const char *origin, const char *text,
    const char **ret_text)
{
	const char *canonical = value_parse(ctx, setting, text);

	if (!canonical) {
		if (setting->flags & SETTING_SECRET) /* a secret is not repeated, not even a wrong one */
			return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL, "%s: this value is not allowed; allowed: %s",
			    origin, allowed(ctx, setting));
		return budget_fail(ctx, BUDGET_EINVALID, "bad_setting", NULL, "%s: \"%s\" is not allowed; allowed: %s", origin,
		    text,
		    allowed(ctx, setting));
	}
	*ret_text = canonical;
	return BUDGET_OK;
}

static const char *const type_names[] = {
	[SETTING_TEXT] = "text", [SETTING_COUNT] = "count", [SETTING_SECONDS] = "seconds", [SETTING_BYTES] = "bytes",
	[SETTING_MONEY] = "money", [SETTING_PERCENT] = "percent",
	[SETTING_FRACTION] = "fraction", [SETTING_BOOL] = "boolean", [SETTING_WORD] = "word",
	[SETTING_ZONE] = "time_zone", [SETTING_CURRENCY] = "currency",
};

void
budget_setting_describe(const struct budget_setting_value *value, struct budget_text *text)
{
	const struct budget_setting *setting = value->setting;
	bool is_secret = setting->flags & SETTING_SECRET;

	budget_text_add(text, "{");
	budget_text_member(text, "name", setting->name);
	budget_text_member(text, "value", is_secret && value->text ? "********" : value->text);
	budget_text_member(text, "source", budget_layer_name(value->layer));
	budget_text_member(text, "origin", value->layer == LAYER_DEFAULT ? NULL : value->origin);
	budget_text_member(text, "default", setting->fallback);
	budget_text_member(text, "type", type_names[setting->type]);
	budget_text_member_raw(text, "writable", setting->flags & SETTING_LIVE ? "true" : "false");
	budget_text_member_raw(text, "secret", is_secret ? "true" : "false");
	budget_text_member(text, "takes_effect", setting->flags & SETTING_LIVE
	    && !(setting->flags & SETTING_RESTART) ? "now" : "restart");
	budget_text_member(text, "environment_name", setting->env);
	budget_text_member(text, "about", setting->about);
	budget_text_add(text, "}");
}
