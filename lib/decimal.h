/* Decimal texts: money and counts never pass through a double. */
#ifndef BUDGET_LIB_DECIMAL_H
#define BUDGET_LIB_DECIMAL_H

struct budget_ctx;

enum budget_decimal {
	BUDGET_DECIMAL_OK,
	BUDGET_DECIMAL_NONE, /* not a number */
	BUDGET_DECIMAL_RANGE /* beyond the limits */
};

/**
 * Canonical plain text of a decimal: no exponent, no '+', no leading zeros, no trailing zeros behind the point.
 * @param integer_digits  at most so many digits before the point; behind it at most 30; source exponent within +-40
 * @param[out] ret_text   in the arena; set only on BUDGET_DECIMAL_OK
 * @return BUDGET_DECIMAL_RANGE also when the arena is full
 */
enum budget_decimal budget_decimal_read(struct budget_ctx *ctx, const char *text, int integer_digits,
    const char **ret_text);

/**
 * The same for money: |value| < 10^12, scale <= 30. "1.50e-6" -> "0.0000015", "-0" -> "0".
 * @return canonical text in the arena, or NULL when it is no decimal or beyond the limits
 */
const char *budget_decimal_parse(struct budget_ctx *ctx, const char *text);

/** -1, 0, 1: order of two canonical texts. */
int budget_decimal_compare(const char *left, const char *right);

/** Sum of two canonical texts not below 0, in the arena; NULL when one is NULL or the sum is beyond the limits of money. */
const char *budget_decimal_add(struct budget_ctx *ctx, const char *left, const char *right);

#endif
