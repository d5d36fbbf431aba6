/* What price-update tells people. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cron/price_update.h"
#include "lib/ctx.h"
#include "lib/decimal.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/text.h"

enum { LOG_LINES_MAX = 50 };

static const struct { const char *name, *word; } count_names[COUNT_COUNT] = {
	[COUNT_QUOTES] = { "quotes", "quotes" }, [COUNT_UNRESOLVED] = { "unresolved", "of no model known" }, [COUNT_VERIFIED] = { "verified", "verified" },
	[COUNT_FIRST] = { "first", "first prices" }, [COUNT_APPLIED] = { "applied", "applied" },
	[COUNT_CONFLICTS] = { "conflicts", "conflicts" }, [COUNT_OUTLIERS] = { "outliers", "outliers" },
	[COUNT_WAITING] = { "waiting", "waiting for review" },
};

static int64_t
number_of(struct budget_ctx *ctx, struct json_object *value)
{
	const char *text = budget_json_text(ctx, value);

	return text ? strtoll(text, NULL, 10) : 0;
}

void
price_counts_add(struct budget_ctx *ctx, struct price_counts *counts, struct json_object *object)
{
	for (int i = 0; i < COUNT_COUNT; i++)
		counts->values[i] += number_of(ctx, budget_json_get(object, count_names[i].name));
}

void
price_counts_set(struct budget_ctx *ctx, struct price_counts *counts, struct json_object *object)
{
	*counts = (struct price_counts){ { 0 } };
	price_counts_add(ctx, counts, object);
}

const char *
price_counts_text(struct budget_ctx *ctx, const struct price_counts *counts)
{
	struct budget_text text;

	budget_text_init(&text, &ctx->arena, 200);
	for (int i = 0; i < COUNT_COUNT; i++)
		if (counts->values[i] > 0)
			budget_text_addf(&text, "%s%" PRId64 " %s", text.length > 0 ? ", " : "", counts->values[i], count_names[i].word);
	return budget_text_done(&text);
}

const char *
price_skipped_json(struct budget_ctx *ctx, const struct budget_source_batch *batch)
{
	struct budget_text text;
	char number[24];

	budget_text_init(&text, &ctx->arena, 128);
	budget_text_add(&text, "{");
	for (int i = 0; i < SOURCE_SKIP_COUNT; i++) {
		snprintf(number, sizeof number, "%" PRId64, batch->skipped[i]);
		if (batch->skipped[i] > 0)
			budget_text_member_raw(&text, budget_source_skip_name((enum budget_source_skip)i), number);
	}
	budget_text_add(&text, "}");
	return budget_text_done(&text);
}

void
price_say(const char *format, ...)
{
	char line[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (getenv("BUDGET_JOB_EVERY")) { /* the private schedule */
		budget_log(BUDGET_LOG_INFO, "job", "price-update: %s", line);
		return;
	}
	puts(line);
	fflush(stdout);
}

void
price_say_feed(struct budget_ctx *ctx, const char *source, const struct budget_source_batch *batch)
{
	struct budget_text text;
	bool has_skipped = false;

	budget_text_init(&text, &ctx->arena, 256);
	budget_text_addf(&text, "%s: %" PRId64 " models, %zu quotes", source, batch->seen, batch->count);
	for (int i = 0; i < SOURCE_SKIP_COUNT; i++) {
		if (batch->skipped[i] == 0)
			continue;
		budget_text_addf(&text, "%s%" PRId64 " %s", has_skipped ? ", " : "; skipped ", batch->skipped[i],
		    budget_source_skip_name((enum budget_source_skip)i));
		has_skipped = true;
	}
	if (batch->malformed_first)
		budget_text_addf(&text, " (first malformed: %.80s)", batch->malformed_first);
	if (batch->partial > 0)
		budget_text_addf(&text, "; %" PRId64 " lost a class we do not count", batch->partial);
	price_say("%s", budget_text_done(&text) ? budget_text_done(&text) : source);
}

void
price_print_quotes(const struct budget_source_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		puts(batch->quotes[i]);
	fflush(stdout);
}

/* Per million for what is per token or character, as it is for the rest. */
static const char *
people_rate(struct budget_ctx *ctx, const char *name, const char *rate)
{
	const char *shown = rate;

	if (rate && (strstr(name, "_per_token") || strstr(name, "_per_char"))) {
		const char *scaled = budget_arena_printf(&ctx->arena, "%se6", rate);
		shown = scaled ? budget_decimal_parse(ctx, scaled) : NULL;
	}
	return shown ? shown : rate ? rate : "none";
}

struct difference {
	struct budget_ctx *ctx;
	struct budget_text text;
	struct json_object *other;
	bool is_new;
};

static void
add_rate(void *user, const char *name, struct json_object *value)
{
	struct difference *difference = user;
	struct budget_ctx *ctx = difference->ctx;
	const char *mine = budget_json_text(ctx, value);
	const char *other = budget_json_text(ctx, budget_json_get(difference->other, name));
	const char *suffix = strstr(name, "_cost_per_token");

	if (mine == NULL || (other && (!difference->is_new || strcmp(mine, other) == 0)))
		return; /* the same, or said from the other side already */
	budget_text_addf(&difference->text, "%s%.*s ", difference->text.length > 0 ? ", " : "",
	    suffix ? (int)(suffix - name) : (int)strlen(name), name);
	if (difference->other)
		budget_text_addf(&difference->text, "%s → ", people_rate(ctx, name, difference->is_new ? other : mine));
	budget_text_add(&difference->text, people_rate(ctx, name, difference->is_new ? mine : NULL));
}

static void
say_difference(struct budget_ctx *ctx, struct json_object *item, bool is_dry_run)
{
	struct json_object *old = budget_json_get(item, "old"), *new = budget_json_get(item, "new");
	struct difference difference = { .ctx = ctx, .other = old, .is_new = true }; /* old is NULL for a first price */
	const char *percent = budget_json_text(ctx, budget_json_get(item, "percent"));
	const char *tier = budget_json_text(ctx, budget_json_get(item, "service_tier"));
	const char *words[4];
	static const char *const names[] = { "action", "provider", "model", "reason" };

	for (int i = 0; i < 4; i++) {
		words[i] = budget_json_text(ctx, budget_json_get(item, names[i]));
		words[i] = words[i] ? words[i] : "";
	}
	budget_text_init(&difference.text, &ctx->arena, 256);
	budget_json_each(new, add_rate, &difference);
	difference.other = new;
	difference.is_new = false;
	budget_json_each(old, add_rate, &difference);
	const char *rates = budget_text_done(&difference.text);
	price_say("%s%s %s %s%s%s: %s%s%s%s (%s)", is_dry_run ? "would be " : "", words[0], words[1], words[2],
	    tier && strcmp(tier, "standard") != 0 ? " " : "", tier && strcmp(tier, "standard") != 0 ? tier : "",
	    rates ? rates : "", percent ? ", " : "", percent ? percent : "", percent ? " %" : "", words[3]);
}

/* A dry run shows everything; a run that did it shows what changed, and what a person has to look at. */
void
price_say_differences(struct budget_ctx *ctx, struct json_object *differences, bool is_dry_run)
{
	const size_t lines_max = getenv("BUDGET_JOB_EVERY") ? LOG_LINES_MAX : SIZE_MAX;
	size_t lines = 0;

	for (size_t i = 0; i < budget_json_length(differences); i++) {
		struct json_object *item = budget_json_at(differences, i);
		const char *action = budget_json_text(ctx, budget_json_get(item, "action"));

		if (!is_dry_run && action && (strcmp(action, "first") == 0 || strcmp(action, "verified") == 0))
			continue;
		if (lines++ < lines_max)
			say_difference(ctx, item, is_dry_run);
	}
	if (lines > lines_max)
		price_say("… and %zu more: GET /prices/updates/{run_id} has them all", lines - lines_max);
}
