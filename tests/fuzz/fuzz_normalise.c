/*
 * The usage normaliser, over usage objects and whole answers: a clear refusal, or counts within their limits, a cost that
 * is a decimal not below 0, words that are known.
 *   seeds: tests/fuzz/seeds/normalise.json[]
 *   data: usage/provider-usages.json[]
 */
#include "lib/decimal.h"
#include "lib/normalise/normalise.h"
#include "tests/fuzz/fuzz.h"

static void
check_amount(struct budget_ctx *ctx, const char *text)
{
	const char *canonical = text != NULL ? budget_decimal_parse(ctx, text) : NULL;

	CHECK(text == NULL || (canonical != NULL && strcmp(canonical, text) == 0 && text[0] != '-'));
}

static void
check_found(struct budget_ctx *ctx, enum budget_status status, const struct budget_usage_found *found)
{
	if (status != BUDGET_OK) {
		CHECK(ctx->error.code && ctx->error.detail && *ctx->error.detail);
		return;
	}
	CHECK(found->dialect != NULL && found->usage != NULL);
	for (int i = 0; i < USAGE_CLASSES; i++)
		CHECK(found->counts[i] >= 0 && found->counts[i] <= BUDGET_USAGE_COUNT_MAX);
	check_amount(ctx, found->reported_cost);
	check_amount(ctx, found->seconds);
	CHECK(found->service_tier == NULL || budget_usage_tier_of(found->service_tier) != NULL);
	CHECK(found->flags < 128);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const char *const providers[] = { NULL, "openai", "xai", "anthropic" };
	struct budget_ctx *ctx = fuzz_ctx();
	struct budget_usage_found found = { .flags = 0 };
	_auto_json_ struct json_object *root = NULL;
	struct json_object *body, *usage;

	if (budget_json_parse(ctx, (const char *)bytes, length, &root) != BUDGET_OK)
		return 0;
	body = budget_json_get(root, "body") != NULL ? budget_json_get(root, "body") : root;
	usage = budget_json_get(body, "usage") != NULL ? budget_json_get(body, "usage") : body;
	check_found(ctx, budget_response_normalise(ctx, NULL, body, "/response", &found), &found);
	for (size_t i = 0; i < sizeof providers / sizeof *providers; i++) {
		found = (struct budget_usage_found){ .model = "m" };
		check_found(ctx, budget_usage_normalise(ctx, providers[i], usage, "/usage", &found), &found);
	}
	return 0;
}
