/*
 * Query strings by a table of fields: every type of value a query may have.
 *   seeds: tests/fuzz/seeds/query
 */
#include "lib/field.h"
#include "tests/fuzz/fuzz.h"

static const struct budget_word words[] = { { "warn", "warn" }, { "hard_limit", "hard_limit" }, { "block", "hard_limit" },
	{ NULL, NULL } };
static const struct budget_field fields[] = {
	{ "name", FIELD_STRING, FIELD_OPTIONAL, 1, 64, NULL, NULL, NULL, "" },
	{ "limit", FIELD_COUNT, FIELD_OPTIONAL, 1, 1000, NULL, NULL, NULL, "" },
	{ "cost_limit", FIELD_MONEY, FIELD_OPTIONAL, 0, 0, NULL, NULL, NULL, "" },
	{ "warning_threshold", FIELD_FRACTION, FIELD_OPTIONAL, 0, 0, NULL, NULL, NULL, "" },
	{ "is_active", FIELD_BOOL, FIELD_OPTIONAL, 0, 0, NULL, NULL, NULL, "" },
	{ "type", FIELD_ENUM, FIELD_OPTIONAL, 0, 0, words, NULL, NULL, "" },
	{ "budget_id", FIELD_UUID, FIELD_OPTIONAL, 0, 0, NULL, NULL, NULL, "" },
	{ "start_date", FIELD_TIME, FIELD_OPTIONAL, 0, 0, NULL, NULL, NULL, "" },
	{ NULL, FIELD_STRING, 0, 0, 0, NULL, NULL, NULL, NULL }
};

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct budget_ctx *ctx = fuzz_ctx();
	struct budget_values values;

	if (budget_fields_query(ctx, fields, fuzz_text(ctx, bytes, length), &values) != BUDGET_OK) {
		CHECK(ctx->error.detail && *ctx->error.detail);
		return 0;
	}
	CHECK(values.text[0] == NULL || (strlen(values.text[0]) >= 1 && strlen(values.text[0]) <= 64));
	CHECK(values.text[1] == NULL || strspn(values.text[1], "0123456789") == strlen(values.text[1]));
	CHECK(values.text[6] == NULL || strlen(values.text[6]) == 36);
	return 0;
}
