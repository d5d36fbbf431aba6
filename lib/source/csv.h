/* Comma separated values, RFC 4180, one line at a time. Internal to lib/source. */
#ifndef BUDGET_LIB_SOURCE_CSV_H
#define BUDGET_LIB_SOURCE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/ctx.h"

enum { CSV_FIELDS_MAX = 64 };

struct csv {
	struct budget_ctx *ctx;
	const char *at, *end;
	long line;                          /* of the record that was read last; counts from 1 */
	const char *fields[CSV_FIELDS_MAX]; /* in the arena, without quotes, trimmed when they had none */
	int count;
	bool is_broken;                     /* a quote that never ends, NUL, too many fields, memory */
};

void csv_begin(struct csv *csv, struct budget_ctx *ctx, const char *text, size_t length);

/** Reads the next record; empty lines and lines that start with '#' are skipped. False at the end, or is_broken. */
bool csv_next(struct csv *csv);

#endif
