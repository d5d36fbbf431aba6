/*
 * Pages with tables of models and prices, as https://llmprices.com has them: titles "Model", "Provider", "Input Price",
 * "Output Price", cells like "$0.0001/1K tokens". Where such a page has gone over to drawing itself by script, its JSON
 * may be given instead: it is read as llm_prices.
 */
#include <string.h>

#include "lib/source/html.h"

enum budget_status
source_llmprices_html(struct budget_ctx *ctx, const struct budget_source_feed *feed,
    struct budget_source_batch *ret_batch)
{
	_auto_html_ struct html_page *page = NULL;
	struct source_out out;
	struct html_node *root;
	bool has_table = false;
	size_t blanks = 0;

	while (blanks < feed->length && strchr(" \t\r\n", feed->body[blanks] ? feed->body[blanks] : 'x'))
		blanks++;
	if (blanks < feed->length && feed->body[blanks] == '{')
		return source_llm_prices(ctx, feed, ret_batch);
	BUDGET_TRY(html_open(ctx, feed, &page));
	BUDGET_TRY(source_begin(&out, ctx, feed, ret_batch));
	root = html_root(page);
	for (struct html_node *node = root; node; node = html_next(root, node))
		if (html_is(node, "table"))
			has_table |= html_price_table(&out, node, NULL);
	if (!has_table || ret_batch->seen == 0)
		return source_bad_feed(ctx, "The page has no table of models and prices (it may be drawn by script): "
		    "kind llm_prices with https://www.llm-prices.com/current-v1.json has the like.");
	return source_finish(&out);
}
