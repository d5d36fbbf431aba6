/*
 * Pages as https://pretrained.ai/pricing has them: below the heading of a provider, cards (an element whose class holds
 * "card" or "model") with the model's name and its prices, or tables.
 */
#include <string.h>

#include "lib/source/html.h"

enum { NAME_MAX_BYTES = 120, CARD_MAX_BYTES = 2000 };

static bool
is_heading(struct html_node *node)
{
	return html_is(node, "h1") || html_is(node, "h2") || html_is(node, "h3") || html_is(node, "h4");
}

static bool
is_card(struct html_node *node)
{
	return (html_is(node, "div") || html_is(node, "li") || html_is(node, "article") || html_is(node, "section"))
	    && (html_has_class(node, "card") || html_has_class(node, "model"));
}

/* A card inside a card means that the outer one is a list. */
static bool
is_innermost(struct html_node *card)
{
	for (struct html_node *node = html_next(card, NULL); node; node = html_next(card, node))
		if (is_card(node) || html_is(node, "table"))
			return false;
	return true;
}

static struct html_node *
name_in(struct html_node *card)
{
	for (struct html_node *node = html_next(card, NULL); node; node = html_next(card, node))
		if (html_is(node, "h3") || html_is(node, "h4") || html_is(node, "strong") || html_is(node, "b")
		    || html_has_class(node, "name"))
			return node;
	return NULL;
}

static void
read_card(struct source_out *out, struct html_node *card, const char *provider, const char *units)
{
	struct budget_ctx *ctx = out->ctx;
	struct html_node *named = name_in(card);
	struct source_quote quote = { .provider = NULL };
	const char *text = html_text(ctx, card, CARD_MAX_BYTES);

	if (named == NULL || strchr(text, '$') == NULL)
		return; /* a card that sells something else */
	quote.display_name = html_text(ctx, named, NAME_MAX_BYTES);
	quote.provider = html_provider(ctx, provider, quote.display_name);
	quote.model = html_model_name(ctx, quote.provider, quote.display_name);
	html_prices(ctx, &quote, text, units);
	source_add(out, &quote);
}

static void
read_part(struct source_out *out, struct html_node *part)
{
	const char *provider = NULL;

	for (struct html_node *node = html_next(part, NULL); node;) {
		bool is_whole = true;

		if (html_is(node, "table"))
			html_price_table(out, node, provider);
		else if (is_card(node) && is_innermost(node))
			read_card(out, node, provider, provider);
		else if (is_heading(node))
			provider = html_text(out->ctx, node, NAME_MAX_BYTES);
		else
			is_whole = false;
		node = is_whole ? html_skip(part, node) : html_next(part, node);
	}
}

enum budget_status
source_pretrained(struct budget_ctx *ctx, const struct budget_source_feed *feed, struct budget_source_batch *ret_batch)
{
	_auto_html_ struct html_page *page = NULL;
	struct source_out out;
	struct html_node *root, *part = NULL;

	BUDGET_TRY(html_open(ctx, feed, &page));
	BUDGET_TRY(source_begin(&out, ctx, feed, ret_batch));
	root = html_root(page);
	for (struct html_node *node = html_next(root, NULL); node && !part; node = html_next(root, node))
		if (html_is(node, "div") && html_has_class(node, "pricing") && !is_card(node))
			part = node;
	read_part(&out, part ? part : root);
	if (ret_batch->seen == 0 && part)
		read_part(&out, root);
	if (ret_batch->seen == 0)
		return source_bad_feed(ctx, "The page has neither cards nor tables of models and prices (it may be drawn by script).");
	return source_finish(&out);
}
