/*
 * What the tables of prices share, and the routes of price_sources.c: sources, conflicts, updates, rates of exchange.
 */
#ifndef BUDGET_CGI_PRICE_SOURCES_H
#define BUDGET_CGI_PRICE_SOURCES_H

#include "cgi-bin/fcgi/route.h"

#define TOKENS_MAX 1000000000000
#define CONTEXT_RATES_MAX 8

/* Rates that a context tier may replace. */
#define RATE_FIELDS                                                                                                    \
	{ .name = "input_cost_per_token", .type = FIELD_MONEY, .about = "uncached input" },                                   \
	{ .name = "output_cost_per_token", .type = FIELD_MONEY },                                                             \
	{ .name = "cache_read_cost_per_token", .type = FIELD_MONEY, .about = "absent: as input" },                            \
	{ .name = "cache_write_5m_cost_per_token", .type = FIELD_MONEY, .about = "absent: as input" },                        \
	{ .name = "cache_write_1h_cost_per_token", .type = FIELD_MONEY, .about = "absent: as cache_write_5m" },               \
	{ .name = "reasoning_cost_per_token", .type = FIELD_MONEY, .about = "absent: as output" }

/* Every rate of a price. */
#define ALL_RATE_FIELDS \
	RATE_FIELDS, \
	{ .name = "input_audio_cost_per_token", .type = FIELD_MONEY, .about = "absent: as input" }, \
	{ .name = "output_audio_cost_per_token", .type = FIELD_MONEY, .about = "absent: as output" }, \
	{ .name = "input_image_cost_per_token", .type = FIELD_MONEY, .about = "absent: as input" }, \
	{ .name = "output_image_cost_per_token", .type = FIELD_MONEY, .about = "absent: as output" }, \
	{ .name = "input_cost_per_char", .type = FIELD_MONEY }, \
	{ .name = "output_cost_per_char", .type = FIELD_MONEY }, \
	{ .name = "cost_per_image", .type = FIELD_MONEY }, \
	{ .name = "cost_per_second", .type = FIELD_MONEY }, \
	{ .name = "fixed_cost_per_request", .type = FIELD_MONEY }, \
	{ .name = "web_search_cost_per_request", .type = FIELD_MONEY }, \
	{ .name = "context_rates", .type = FIELD_ARRAY, .min = 1, .max = CONTEXT_RATES_MAX, .fields = price_context_rate_fields }

extern const struct budget_field price_context_rate_fields[];

extern const struct route price_source_routes[];

#endif
