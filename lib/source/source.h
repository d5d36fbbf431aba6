/*
 * Price sources. A parser turns the bytes of a feed into quotes: no network, no database, no clock. What a quote means
 * for the catalogue (canonical names, agreement, conflicts) is decided in SQL. One file per kind; registry.c lists them.
 *
 * A QUOTE is one JSON object. What is absent is not known. Money is decimal text in JSON strings, per ONE unit (token,
 * character, image, second, request), without exponent, at most 18 decimals (budget_source_amount):
 *
 *   provider        as the source writes it, lower case, only obvious prefixes split off ("openai", "vertex_ai", …)
 *   model           likewise ("gpt-4o", "us.anthropic.claude-…"); canonical names are SQL's affair
 *   maker           {provider, model}: set when `provider` resells what another makes and says so (OpenRouter). The
 *                   quote prices `provider`; for the maker's own price it is a witness at most
 *   if_known        true: the source does not list this name, it covers all that begin like it. The quote counts while
 *                   the catalogue knows it as a name of a model that the provider has a price of. Absent: false
 *   service_tier    "standard", "batch", "flex", "priority", …; always there
 *   price_type      token, character, image, time, fixed, free: the column of budget.price; always there. "free" only
 *                   when the source says so or the model runs locally: a bare 0 elsewhere is no quote (zero_price)
 *   currency        "USD" unless the source says otherwise; always there
 *   mode, display_name, context_tokens, max_output_tokens, capabilities [tools, vision, …], is_local
 *                   facts about the model; numbers are JSON numbers. Only on the standard tier
 *   effective_date, end_date   RFC 3339 or YYYY-MM-DD (UTC midnight), end exclusive. Absent: in force when it was read,
 *                   without an end. One (provider, model, service_tier) may come several times with other dates
 *   source_url, note
 *   input_cost_per_token, output_cost_per_token, cache_read_cost_per_token, cache_write_5m_cost_per_token,
 *   cache_write_1h_cost_per_token, reasoning_cost_per_token, input_audio_cost_per_token, output_audio_cost_per_token,
 *   input_image_cost_per_token, output_image_cost_per_token, input_cost_per_char, output_cost_per_char, cost_per_image,
 *   cost_per_second, fixed_cost_per_request, web_search_cost_per_request
 *                   as the columns of budget.price
 *   context_rates   [{above_input_tokens: number, input_cost_per_token …}], ascending, members as budget.context_rate;
 *                   they hold for a whole request with more input; a class a tier leaves out keeps the row's rate
 *
 * Of a source, no two quotes have the same provider, model, service_tier and effective_date.
 *
 * THE CONTRACT WITH SQL (called by cron/price_update.c, in this order; every call is a transaction of its own)
 *
 *   budget.price_sources_due(p_names text[], p_all boolean) → rows (source, kind, url, etag, last_modified, max_bytes,
 *       timeout_seconds, allow_private). p_names NULL: all that are enabled; named ones also when disabled (an unknown
 *       name is budget.fail 404 unknown_source). p_all: also those not due yet. kind is one of the registry; url of kind
 *       `file` is a path below $BUDGET_HOME/prices. Settings of config.yaml win for the keys they name (source_settings).
 *   budget.price_import(p_run uuid, p_source text, p_quotes jsonb, p_options jsonb) → jsonb
 *       p_quotes: array of at most `chunk` quotes. p_options {dry_run, as_of, chunk, chunks, seen, skipped: {reason: count}};
 *       chunk counts from 1; the last one (chunk = chunks) also stores the source's counters. A source may come with
 *       one empty chunk (nothing to import). Answers the counts of THIS chunk: {seen, quotes, unchanged, applied, first,
 *       conflicts, outliers, skipped, unresolved}; absent = 0. Nothing is decided yet where several sources must agree.
 *   budget.price_decide(p_run uuid, p_options jsonb) → jsonb
 *       once per run, after the last import (also when some source failed: what came is enough to decide).
 *       p_options {dry_run, sources: [name…], limit}. Same counts, for the run, and `differences`: [{provider, model,
 *       service_tier, action: applied|first|conflict|outlier, reason, old: {rates}, new: {rates}, percent, sources}].
 *       It may leave work for another call: {"more": true} is called again, so that a transaction stays short.
 *       In a dry run nothing that counts has changed afterwards.
 *   budget.price_source_fetched(p_source text, p_outcome text, p_etag text, p_last_modified text, p_error text)
 *       p_outcome: fetched, not_modified, failed. fetched is said after the source's last chunk was imported, so that a
 *       crash before it fetches again. failed keeps etag and last_modified, and what is in force stays in force.
 *       Not called in dry runs and for --from-file.
 */
#ifndef BUDGET_LIB_SOURCE_SOURCE_H
#define BUDGET_LIB_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

struct budget_ctx;

/* Why an entry of a feed became no quote. */
enum budget_source_skip {
	SOURCE_SKIP_VARIABLE,     /* the price depends on what it is routed to (OpenRouter "-1") */
	SOURCE_SKIP_NO_PRICE,     /* the feed names no price */
	SOURCE_SKIP_ZERO,         /* every price is 0 and nothing says that it is free */
	SOURCE_SKIP_UNKNOWN_UNIT, /* priced by something we do not count (pages, sessions, pixels …) */
	SOURCE_SKIP_MALFORMED,    /* wrong type, negative, out of range, no name … */
	SOURCE_SKIP_DUPLICATE,    /* the same model, tier and date came before in this feed */
	SOURCE_SKIP_COUNT
};

/** "variable", "no_price", "zero_price", "unknown_unit", "malformed", "duplicate". */
const char *budget_source_skip_name(enum budget_source_skip skip);

/* What a feed gave. Everything lives in the context's arena. */
struct budget_source_batch {
	const char *const *quotes;  /* JSON object texts */
	size_t count;
	int64_t seen;               /* entries of the feed that stand for a model */
	int64_t partial;            /* of those quoted: entries with a price class that was left out (no column for it) */
	int64_t skipped[SOURCE_SKIP_COUNT];
	const char *as_of;           /* day the feed says it is of (YYYY-MM-DD), or NULL: an older feed changes nothing */
	const char *malformed_first; /* name of the first malformed entry that has one, or NULL */
};

struct budget_source_feed {
	const char *body;           /* NUL behind the last byte is not needed */
	size_t length;
	const char *url;            /* where it came from: becomes source_url where an entry names none; NULL = none */
};

/* A kind of source: one row of registry.c. */
struct budget_source_kind {
	const char *name;           /* "litellm": price_source.kind */
	const char *about;          /* one line for --help and README */
	enum budget_status (*parse)(struct budget_ctx *ctx, const struct budget_source_feed *feed,
	    struct budget_source_batch *ret_batch);
};

/** The registry; ends with a NULL name. */
extern const struct budget_source_kind budget_source_kinds[];

/** Kind by name, NULL when there is none. */
const struct budget_source_kind *budget_source_kind_find(const char *name);

/**
 * Reads a feed. An entry that cannot be used is skipped and counted; a feed that cannot be trusted gives no batch at
 * all, so that nothing of it is imported.
 * @return BUDGET_OK; BUDGET_EINVALID bad_feed: not JSON, truncated, no list where one is expected, or fewer than half
 *         of its entries readable; detail says what and where. BUDGET_ETOOLARGE beyond the arena's cap
 */
enum budget_status budget_source_parse(struct budget_ctx *ctx, const struct budget_source_kind *kind,
    const struct budget_source_feed *feed, struct budget_source_batch *ret_batch);

#endif
