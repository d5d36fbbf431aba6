/* libxml2 behind a small door: a page as a tree to walk through. Internal to lib/source; only html.c includes libxml. */
#ifndef BUDGET_LIB_SOURCE_HTML_H
#define BUDGET_LIB_SOURCE_HTML_H

#include "lib/source/quote.h"

struct html_page;
struct html_node; /* an element */

/** Reads a page, however untidy. Nothing is fetched, no entity of its own making is expanded. */
enum budget_status html_open(struct budget_ctx *ctx, const struct budget_source_feed *feed, struct html_page **ret_page);
void html_close(struct html_page **page);
#define _auto_html_ __attribute__((cleanup(html_close)))

struct html_node *html_root(struct html_page *page);

/** The element behind `node` in the order of the document, within `root`; NULL at the end. node NULL: the first. */
struct html_node *html_next(struct html_node *root, struct html_node *node);

/** The same, but what is inside `node` is left out. */
struct html_node *html_skip(struct html_node *root, struct html_node *node);

/** True when the element has this (lower case) name. */
bool html_is(const struct html_node *node, const char *name);

/** True when its class holds the text, in any case. */
bool html_has_class(struct html_node *node, const char *part);

/** Its text without scripts and styles, blanks squeezed to one, at most max_bytes; "" when there is none. */
const char *html_text(struct budget_ctx *ctx, struct html_node *node, size_t max_bytes);

/* pages.c: what people write about prices */

/** Is it a table of models and prices? Then its rows become quotes. fallback: the provider when no column says it. */
bool html_price_table(struct source_out *out, struct html_node *table, const char *fallback);

/**
 * Prices in running text: "Input: $0.50 / 1M tokens Output: $1.50 / 1M tokens". Without a label the first is input, the
 * second output. The unit stands behind a price, else in `units` (a column's title); what says none is no price:
 * guessing here is how prices come to be wrong a thousand times.
 */
void html_prices(struct budget_ctx *ctx, struct source_quote *quote, const char *text, const char *units);

/** One cell: the same for the rate that its column names. */
void html_price(struct budget_ctx *ctx, struct source_quote *quote, const char *text, const char *units,
    enum source_rate rate);

/** Names as an API takes them: "GPT 4o" → "gpt-4o"; "3.5 Turbo" of openai → "gpt-3.5-turbo". NULL: none. */
const char *html_model_name(struct budget_ctx *ctx, const char *provider, const char *text);

/** "OpenAI API Pricing" → "openai"; else who makes a model of that name; NULL when nobody knows. */
const char *html_provider(struct budget_ctx *ctx, const char *text, const char *model);

#endif
