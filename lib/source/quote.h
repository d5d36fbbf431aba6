/*
 * Building quotes: what all parsers share. A parser fills a struct source_quote, source_add() checks it, counts it and
 * prints it. Internal to lib/source.
 */
#ifndef BUDGET_LIB_SOURCE_QUOTE_H
#define BUDGET_LIB_SOURCE_QUOTE_H

#include "lib/ctx.h"
#include "lib/source/source.h"

struct json_object;

/* The rates in the order of budget.price; the first RATE_CONTEXT_COUNT may differ by context tier. */
enum source_rate {
	RATE_INPUT, RATE_OUTPUT, RATE_CACHE_READ, RATE_CACHE_WRITE_5M, RATE_CACHE_WRITE_1H, RATE_REASONING,
	RATE_CONTEXT_COUNT,
	RATE_INPUT_AUDIO = RATE_CONTEXT_COUNT, RATE_OUTPUT_AUDIO, RATE_INPUT_IMAGE, RATE_OUTPUT_IMAGE,
	RATE_TOKEN_COUNT,
	RATE_INPUT_CHAR = RATE_TOKEN_COUNT, RATE_OUTPUT_CHAR, RATE_IMAGE, RATE_SECOND, RATE_REQUEST, RATE_WEB_SEARCH,
	RATE_COUNT
};

/** Name of the column: "input_cost_per_token" … */
const char *source_rate_name(enum source_rate rate);

enum { SOURCE_TIERS_MAX = 8, SOURCE_CAPABILITIES_MAX = 16 };

struct source_tier {
	int64_t above;                           /* input tokens */
	const char *rates[RATE_CONTEXT_COUNT];   /* NULL = the row's own */
};

struct source_quote {
	const char *provider, *model;            /* as the source writes them; any case */
	const char *maker_provider, *maker_model;
	const char *service_tier;                /* NULL = standard */
	const char *currency;                    /* NULL = USD */
	const char *mode, *display_name;
	const char *context_tokens, *max_output_tokens; /* source_count() texts */
	const char *effective_date, *end_date, *source_url, *note;
	const char *capabilities[SOURCE_CAPABILITIES_MAX];
	int capabilities_count;
	const char *rates[RATE_COUNT];           /* source_amount() texts */
	struct source_tier tiers[SOURCE_TIERS_MAX];
	int tiers_count;
	bool is_local, is_free;
	bool is_malformed;                       /* a value could not be read */
	bool is_partial;                         /* a price class was left out */
	bool is_other_name;                      /* of an entry that was added: neither seen nor skipped once more */
	bool is_family;                          /* the name is one of many that begin alike: if_known */
};

/* Where quotes go. */
struct source_out {
	struct budget_ctx *ctx;
	const struct budget_source_feed *feed;
	struct budget_source_batch *batch;
	const char **quotes;
	size_t capacity;
	struct source_seen **seen;               /* hash of what came already */
	enum budget_status fault;                /* memory ran out: sticky, source_finish() returns it */
};

enum budget_status source_begin(struct source_out *out, struct budget_ctx *ctx, const struct budget_source_feed *feed,
    struct budget_source_batch *batch);

/** Counts an entry that stands for a model but gives no quote. */
void source_skip(struct source_out *out, enum budget_source_skip why);

/**
 * Checks, counts and prints the quote of an entry. Its standard tier counts the entry as seen, other service tiers are
 * more quotes of the same entry; what is skipped counts in any tier.
 * @return true when a quote was made
 */
bool source_add(struct source_out *out, const struct source_quote *quote);

/** True when the provider has this name already, in any case, or when it is none; else it is taken now. */
bool source_is_taken(struct source_out *out, const char *provider, const char *model);

/** Ends a feed: an empty one, or one with more than half of its entries malformed, is bad_feed. */
enum budget_status source_finish(struct source_out *out);

/**
 * A price per unit as plain decimal text. Binary floats print noise (0.00000012500000000000002): a number with more
 * than 14 significant digits is rounded to 12; then all are rounded to 18 decimals, half up.
 * @param per_exponent  the text is for 10^per_exponent units: 3 per thousand, 6 per million
 * @return NULL: no number, negative, 10^12 or more, or so small that nothing is left of it
 */
const char *source_amount(struct budget_ctx *ctx, const char *text, int per_exponent);

/** A positive whole number ("200000.0", "2e5" too) as plain text, or NULL. */
const char *source_count(struct budget_ctx *ctx, const char *text);

/** The same from a JSON number or string; absent and null: NULL. */
const char *source_json_count(struct budget_ctx *ctx, struct json_object *value);

/**
 * Reads a JSON price into *rate: absent and null leave it alone, what is no price makes the quote malformed.
 */
void source_json_amount(struct source_out *out, struct source_quote *quote, struct json_object *value, int per_exponent,
    const char **rate);

/** True when no rate is above 0, in no context tier either. */
bool source_is_zero(const struct source_quote *quote);

/** The tier of the quote above so many input tokens, made in its place; NULL (and is_partial) beyond the limit. */
struct source_tier *source_tier(struct source_quote *quote, int64_t above);

void source_capability(struct source_quote *quote, const char *name);

/** Text of a JSON string of 1…max_bytes bytes without control characters, else NULL. */
const char *source_json_text(struct budget_ctx *ctx, struct json_object *value, size_t max_bytes);

/** True for YYYY-MM-DD, or that with a time behind a T. */
bool source_is_date(const char *text);

/** "openai/gpt-4o" → "openai", rest "gpt-4o"; NULL when there is no slash with something at both sides. */
const char *source_split(struct budget_ctx *ctx, const char *id, const char **ret_rest);

/** True when the text (lower case) is a provider that runs on one's own machine. */
bool source_is_local(const char *provider);

/** Parses the JSON of a feed (a byte order mark is skipped); what is wrong is bad_feed. Release with _auto_json_. */
enum budget_status source_json(struct budget_ctx *ctx, const struct budget_source_feed *feed,
    struct json_object **ret_value);

/** bad_feed with a text for people. */
enum budget_status source_bad_feed(struct budget_ctx *ctx, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The parsers, one file each. */
typedef enum budget_status source_parse_fn(struct budget_ctx *ctx, const struct budget_source_feed *feed,
    struct budget_source_batch *ret_batch);
source_parse_fn source_litellm, source_llm_prices, source_llmprices_html, source_pretrained, source_openrouter,
    source_genai, source_file;

#endif
