/*
 * Decimals: canonical text reads as itself, equals itself, and what a price feed makes of it is canonical too.
 *   seeds: tests/fuzz/seeds/decimal
 */
#include "lib/decimal.h"
#include "lib/source/quote.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct budget_ctx *ctx = fuzz_ctx();
	const char *text = fuzz_text(ctx, bytes, length), *plain = budget_decimal_parse(ctx, text);

	if (plain != NULL) {
		const char *again = budget_decimal_parse(ctx, plain);
		CHECK(again && strcmp(plain, again) == 0);
		CHECK(budget_decimal_compare(plain, again) == 0);
		CHECK(strspn(plain, "-0123456789.") == strlen(plain));
	}
	for (int exponent = 0; exponent <= 6; exponent += 3) {
		const char *amount = source_amount(ctx, text, exponent);
		if (amount == NULL)
			continue;
		const char *again = source_amount(ctx, amount, 0);
		CHECK(plain && again && strcmp(amount, again) == 0);
	}
	const char *count = source_count(ctx, text);
	CHECK(count == NULL || strspn(count, "0123456789") == strlen(count));
	return 0;
}
