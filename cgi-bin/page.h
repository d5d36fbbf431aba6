/* Query keys that every list takes: rows of a field table. */
#ifndef BUDGET_PAGE_H
#define BUDGET_PAGE_H

#include "lib/field.h"

#define PAGE_FIELDS                                                                                                    \
	{ .name = "page", .type = FIELD_COUNT, .min = 1, .max = 1000000, .about = "page of `limit` items, from 1" },          \
	{ .name = "limit", .type = FIELD_COUNT, .min = 1, .max = 1000, .about = "items a page, 50 unless told" },             \
	{ .name = "cursor", .type = FIELD_STRING, .min = 1, .max = 1024,                                                      \
	  .about = "next_cursor of the page before; goes on exactly behind it, whatever was added meanwhile" }

/* A span of time: a date is the whole day in the budget's zone, its end included; a timestamp as an end is exclusive. */
#define RANGE_FIELDS                                                                                                   \
	{ .name = "start_date", .type = FIELD_TIME, .about = "from this day or instant on" },                                 \
	{ .name = "end_date", .type = FIELD_TIME, .about = "to this day (included) or instant (excluded)" },                  \
	{ .name = "start_time", .type = FIELD_TIME, .same_as = "start_date" },                                                \
	{ .name = "end_time", .type = FIELD_TIME, .same_as = "end_date" }

#endif
