/* Numbers of a feed: always text, never a binary float. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/decimal.h"
#include "lib/json.h"
#include "lib/source/quote.h"

enum { TEXT_MAX = 100, DECIMALS_MAX = 18, NOISE_DIGITS = 14, KEPT_DIGITS = 12, COUNT_DIGITS = 15 };

/* Drops the last `count` digits, half up. May grow by one digit in front, for which room[0] is kept. */
static char *
round_off(char *digits, int count)
{
	int length = (int)strlen(digits), kept = length - count;
	bool is_up = kept >= 0 && digits[kept < 0 ? 0 : kept] >= '5';

	if (kept <= 0) {
		snprintf(digits, 2, "%d", kept == 0 && is_up);
		return digits;
	}
	digits[kept] = '\0';
	for (int i = kept - 1; is_up && i >= 0; i--) {
		is_up = digits[i] == '9';
		digits[i] = (char)(is_up ? '0' : digits[i] + 1);
	}
	if (is_up)
		*--digits = '1';
	return digits;
}

const char *
source_amount(struct budget_ctx *ctx, const char *text, int per_exponent)
{
	char room[TEXT_MAX * 2] = "0", *digits = room + 1, scaled[sizeof room + 16];
	const char *plain = NULL, *result = NULL;
	int scale = per_exponent, significant, drop, length = 0;
	bool has_point = false;

	if (text == NULL || strlen(text) > TEXT_MAX || budget_decimal_read(ctx, text, 12, &plain) != BUDGET_DECIMAL_OK
	    || *plain == '-')
		return NULL;
	for (const char *at = plain; *at; at++) {
		if (*at == '.')
			has_point = true;
		else if (length > 0 || *at != '0')
			digits[length++] = *at;
		scale += has_point && *at != '.';
	}
	digits[length] = '\0';
	if (length == 0)
		return "0";
	significant = length;
	drop = scale > DECIMALS_MAX ? scale - DECIMALS_MAX : 0;
	if (significant > NOISE_DIGITS && significant - KEPT_DIGITS > drop)
		drop = significant - KEPT_DIGITS;
	if (drop > scale)
		drop = scale > 0 ? scale : 0;
	if (drop > 0)
		digits = round_off(digits, drop);
	snprintf(scaled, sizeof scaled, "%se%d", digits, drop - scale);
	if (budget_decimal_read(ctx, scaled, 12, &result) != BUDGET_DECIMAL_OK || strcmp(result, "0") == 0)
		return NULL;
	return result;
}

const char *
source_count(struct budget_ctx *ctx, const char *text)
{
	const char *plain = NULL;

	if (text == NULL || strlen(text) > TEXT_MAX || budget_decimal_read(ctx, text, COUNT_DIGITS, &plain) != BUDGET_DECIMAL_OK)
		return NULL;
	return *plain == '-' || strchr(plain, '.') != NULL || strcmp(plain, "0") == 0 ? NULL : plain;
}

const char *
source_json_count(struct budget_ctx *ctx, struct json_object *value)
{
	return source_count(ctx, budget_json_text(ctx, value));
}

void
source_json_amount(struct source_out *out, struct source_quote *quote, struct json_object *value, int per_exponent,
    const char **rate)
{
	const char *amount;

	if (value == NULL)
		return;
	amount = source_amount(out->ctx, budget_json_text(out->ctx, value), per_exponent);
	if (amount == NULL)
		quote->is_malformed = true;
	else
		*rate = amount;
}
