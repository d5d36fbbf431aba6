/* Times as they come in: only their form is checked here; SQL reads them in the budget's zone. And how long things take. */
#ifndef BUDGET_LIB_WHEN_H
#define BUDGET_LIB_WHEN_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define BUDGET_TIME_SIZE 40

struct budget_ctx;

/** True for YYYY-MM-DD that exists (1970 … 9999). */
bool budget_date_valid(const char *text);

/**
 * True for an RFC 3339 timestamp; the zone may be missing, 'T' may be a space, up to 9 digits of a second. Or a date.
 */
bool budget_time_valid(const char *text);

/** Microseconds of the monotonic clock: only differences mean something. */
int64_t budget_now_us(void);

/** An instant as RFC 3339 in UTC with microseconds. */
void budget_time_write(const struct timespec *at, char ret_text[BUDGET_TIME_SIZE]);

/**
 * RFC 3339 UTC, to the microsecond, of a decimal number of seconds since 1970 (or of nanoseconds, when shift is 9), in the
 * arena. NULL when it is no such number, or beyond year 9999.
 */
const char *budget_time_of_epoch(struct budget_ctx *ctx, const char *number, int shift);

#endif
