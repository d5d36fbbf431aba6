/*
 * The parser of one kind of price source (SOURCE_KIND, see fuzz.mk). Whatever comes in: a clear refusal, or quotes that
 * are JSON and whose rates are plain decimals, not negative.
 *   seeds: tests/fixtures/prices/@KIND@
 *   data: prices/llm-prices-current-v1.json prices/llm-prices-historical-v1.json prices/llm-prices-index.html
 *   data: prices/litellm.json{} prices/genai-prices-v2-data.json[]
 */
#include <ctype.h>

#include "lib/decimal.h"
#include "lib/json.h"
#include "lib/source/quote.h"
#include "tests/fuzz/fuzz.h"

static void
check_rates(struct budget_ctx *ctx, struct json_object *object)
{
	for (int i = 0; i < RATE_COUNT; i++) {
		struct json_object *rate = budget_json_get(object, source_rate_name((enum source_rate)i));
		if (rate == NULL)
			continue;
		const char *text = budget_json_text(ctx, rate), *canonical = budget_decimal_parse(ctx, text);
		CHECK(budget_json_is_string(rate) && canonical && strcmp(canonical, text) == 0);
		CHECK(strspn(text, "0123456789.") == strlen(text));
		const char *point = strchr(text, '.');
		CHECK(point == NULL || strlen(point) <= 19);
	}
}

static void
check_quote(struct budget_ctx *ctx, const char *text)
{
	static const char *const always[] = { "provider", "model", "service_tier", "price_type", "currency" };
	_auto_json_ struct json_object *quote = NULL;

	CHECK(budget_json_parse(ctx, text, strlen(text), &quote) == BUDGET_OK);
	for (int i = 0; i < 5; i++)
		CHECK(budget_json_is_string(budget_json_get(quote, always[i])));
	check_rates(ctx, quote);
	struct json_object *tiers = budget_json_get(quote, "context_rates");
	CHECK(budget_json_length(tiers) <= SOURCE_TIERS_MAX);
	for (size_t i = 0; i < budget_json_length(tiers); i++) {
		const char *above = budget_json_text(ctx, budget_json_get(budget_json_at(tiers, i), "above_input_tokens"));
		CHECK(above && isdigit((unsigned char)*above));
		check_rates(ctx, budget_json_at(tiers, i));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct budget_ctx *ctx = fuzz_ctx();
	const struct budget_source_feed feed = { (const char *)bytes, length, "https://feed.test/" };
	struct budget_source_batch batch;
	int64_t skipped = 0;

	if (budget_source_parse(ctx, budget_source_kind_find(SOURCE_KIND), &feed, &batch) != BUDGET_OK) {
		CHECK(ctx->error.detail && *ctx->error.detail);
		return 0;
	}
	for (size_t i = 0; i < batch.count; i++)
		check_quote(ctx, batch.quotes[i]);
	for (int i = 0; i < SOURCE_SKIP_COUNT; i++)
		skipped += batch.skipped[i];
	CHECK(batch.seen > 0 && skipped <= batch.seen);
	return 0;
}
