/* Decimal text without a double in sight: moving the point, rounding for people. Inputs are canonical (decimal.h). */
#ifndef BUDGET_CLIENTS_CLI_AMOUNT_H
#define BUDGET_CLIENTS_CLI_AMOUNT_H

#include <stdbool.h>

struct budget_ctx;

/**
 * Value × 10^places, exact: amount_shift("0.015", -3) is "0.000015".
 * @return canonical text in the arena
 */
const char *amount_shift(struct budget_ctx *ctx, const char *decimal, int places);

/**
 * For people: digits grouped by comma, at least min_scale and at most max_scale digits behind the point (half away from
 * zero). What max_scale would round to nothing keeps all its digits instead: 0.00000021 stays that.
 */
const char *amount_people(struct budget_ctx *ctx, const char *decimal, int min_scale, int max_scale);

/** Whether the text is a canonical zero. */
bool amount_is_zero(const char *decimal);

#endif
