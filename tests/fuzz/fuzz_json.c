/*
 * The JSON reader: what it takes prints as JSON that it takes again, and prints alike.
 *   seeds: tests/fixtures
 *   data: usage/provider-usages.json[] prices/litellm.json{}
 */
#include "lib/json.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct budget_ctx *ctx = fuzz_ctx();
	_auto_json_ struct json_object *first = NULL;
	_auto_json_ struct json_object *second = NULL;

	if (budget_json_parse(ctx, (const char *)bytes, length, &first) != BUDGET_OK) {
		CHECK(ctx->error.detail && *ctx->error.detail);
		return 0;
	}
	const char *text = budget_json_print(ctx, first);
	if (text == NULL)
		return 0;
	CHECK(budget_json_parse(ctx, text, strlen(text), &second) == BUDGET_OK);
	const char *again = budget_json_print(ctx, second);
	CHECK(again == NULL || strcmp(text, again) == 0);
	return 0;
}
