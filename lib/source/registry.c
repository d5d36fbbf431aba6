/* Every kind of price source. To add one: its file, a line here and in lib/local.mk, fixtures beside the others'. */
#include <string.h>

#include "lib/source/quote.h"

const struct budget_source_kind budget_source_kinds[] = {
	{ "litellm", "LiteLLM's model_prices_and_context_window.json, or the {\"prices\"} form of its proxy",
	    source_litellm },
	{ "llm_prices", "llm-prices.com JSON: current-v1.json, or historical-v1.json with from and to dates",
	    source_llm_prices },
	{ "llmprices_html", "a web page with a table of models and prices, as LLMPrices.com has it", source_llmprices_html },
	{ "pretrained_html", "a web page with price cards or tables, as Pretrained.ai has it", source_pretrained },
	{ "openrouter", "OpenRouter's GET /api/v1/models", source_openrouter },
	{ "genai_prices", "pydantic genai-prices, new_data/v2/data.json", source_genai },
	{ "file", "a file of one's own: JSON, or CSV with the columns of sql/catalogue/prices.csv", source_file },
	{ NULL, NULL, NULL }
};

const struct budget_source_kind *
budget_source_kind_find(const char *name)
{
	for (const struct budget_source_kind *kind = budget_source_kinds; name && kind->name; kind++)
		if (strcmp(kind->name, name) == 0)
			return kind;
	return NULL;
}

const char *
budget_source_skip_name(enum budget_source_skip skip)
{
	static const char *const names[] = { "variable", "no_price", "zero_price", "unknown_unit", "malformed",
	    "duplicate" };

	return names[skip];
}

enum budget_status
budget_source_parse(struct budget_ctx *ctx, const struct budget_source_kind *kind, const struct budget_source_feed *feed,
    struct budget_source_batch *ret_batch)
{
	struct budget_source_batch batch;

	BUDGET_TRY(kind->parse(ctx, feed, &batch));
	*ret_batch = batch;
	return BUDGET_OK;
}
