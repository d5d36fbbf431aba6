/* Times as they come in: only their form is checked here; SQL reads them in the budget's zone. */
#ifndef BUDGET_LIB_WHEN_H
#define BUDGET_LIB_WHEN_H

#include <stdbool.h>
#include <time.h>

#define BUDGET_TIME_SIZE 40

/** True for YYYY-MM-DD that exists (1970 … 9999). */
bool budget_date_valid(const char *text);

/**
 * True for an RFC 3339 timestamp; the zone may be missing, 'T' may be a space, up to 9 digits of a second. Or a date.
 */
bool budget_time_valid(const char *text);

/** An instant as RFC 3339 in UTC with microseconds. */
void budget_time_write(const struct timespec *at, char ret_text[BUDGET_TIME_SIZE]);

#endif
