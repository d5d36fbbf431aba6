/* Tables of models and prices on a page. */
#include <string.h>

#include "lib/source/html.h"

enum { CELL_MAX = 400, CELLS_MAX = 32 };

/* Which cell is what; -1 = there is none. */
struct layout {
	int model, provider, input, output, cached;
	const char *titles[CELLS_MAX];
	int count;
};

static int
read_cells(struct budget_ctx *ctx, struct html_node *row, const char **cells, bool *ret_has_title)
{
	int count = 0;

	*ret_has_title = false;
	for (struct html_node *node = html_next(row, NULL); node && count < CELLS_MAX;) {
		const bool is_title = html_is(node, "th"), is_cell = is_title || html_is(node, "td");
		if (is_cell)
			cells[count++] = html_text(ctx, node, CELL_MAX);
		*ret_has_title |= is_title;
		node = is_cell ? html_skip(row, node) : html_next(row, node);
	}
	return count;
}

static bool
says(const char *text, const char *word)
{
	return strcasestr(text, word) != NULL;
}

/* A row of titles that name a model and at least one price. */
static bool
read_layout(const char *const *cells, int count, struct layout *ret_layout)
{
	struct layout layout = { -1, -1, -1, -1, -1, { NULL }, count };

	for (int i = 0; i < count; i++) {
		const char *title = cells[i];
		layout.titles[i] = title;
		if (says(title, "cach"))
			layout.cached = says(title, "writ") || says(title, "out") || layout.cached >= 0 ? layout.cached : i;
		else if (layout.input < 0 && (says(title, "input") || says(title, "prompt")))
			layout.input = i;
		else if (layout.output < 0 && (says(title, "output") || says(title, "completion") || says(title, "response")))
			layout.output = i;
		else if (layout.model < 0 && (says(title, "model") || says(title, "name")))
			layout.model = i;
		else if (layout.provider < 0 && (says(title, "provider") || says(title, "vendor") || says(title, "company")))
			layout.provider = i;
	}
	*ret_layout = layout;
	return layout.model >= 0 && (layout.input >= 0 || layout.output >= 0);
}

static const char *
cell_at(const char *const *cells, int count, int at)
{
	return at >= 0 && at < count ? cells[at] : "";
}

static void
read_row(struct source_out *out, const struct layout *layout, const char *const *cells, int count, const char *fallback)
{
	struct budget_ctx *ctx = out->ctx;
	struct source_quote quote = { .provider = NULL };
	const char *model = cell_at(cells, count, layout->model), *named = cell_at(cells, count, layout->provider);
	const struct { int at; enum source_rate rate; } prices[] = {
		{ layout->input, RATE_INPUT }, { layout->output, RATE_OUTPUT }, { layout->cached, RATE_CACHE_READ }
	};
	bool is_free = true;

	if (*model == '\0')
		return; /* a line that separates */
	quote.provider = html_provider(ctx, *named ? named : fallback, model);
	quote.model = html_model_name(ctx, quote.provider, model);
	quote.display_name = model;
	for (int i = 0; i < 3; i++) {
		const char *text = cell_at(cells, count, prices[i].at);
		if (prices[i].at >= 0)
			html_price(ctx, &quote, text, layout->titles[prices[i].at], prices[i].rate);
		is_free &= *text == '\0' || says(text, "free");
	}
	quote.is_free = is_free && quote.rates[RATE_INPUT] && source_is_zero(&quote);
	source_add(out, &quote);
}

bool
html_price_table(struct source_out *out, struct html_node *table, const char *fallback)
{
	struct layout layout;
	const char *cells[CELLS_MAX];
	bool is_known = false, has_title;

	for (struct html_node *node = html_next(table, NULL); node;) {
		int count;
		if (!html_is(node, "tr")) {
			node = html_next(table, node);
			continue;
		}
		count = read_cells(out->ctx, node, cells, &has_title);
		if (!is_known && count > 0)
			is_known = read_layout(cells, count, &layout);
		else if (is_known && count > 1)
			read_row(out, &layout, cells, count, fallback);
		node = html_skip(table, node);
	}
	return is_known;
}
