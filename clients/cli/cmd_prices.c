/* prices: what models cost. People type and read per 1,000 tokens unless --per says otherwise; the wire is per one. */
#include <stdio.h>
#include <string.h>

#include "clients/cli/client.h"
#include "clients/cli/cmd_optimize.h"
#include "clients/cli/cmd_price_sources.h"
#include "clients/cli/cmd_reprice.h"
#include "clients/cli/out.h"

#define PER { "per", OPT_TEXT, 0, LOCAL, NULL, "token|1k|1m", "unit of the prices in the table and on this line (1k)" }

static const struct column price_columns[] = {
	{ "Provider", "provider", CELL_TEXT, 0 },
	{ "Model", "model", CELL_TEXT, FLEX },
	{ "Service tier", "service_tier", CELL_TEXT, 0 },
	{ "Input", "input_cost_per_token", CELL_RATE, 0 },
	{ "Output", "output_cost_per_token", CELL_RATE, 0 },
	{ "Cache read", "cache_read_cost_per_token", CELL_RATE, SPARE | WIDE },
	{ "Cache write", "cache_write_5m_cost_per_token", CELL_RATE, SPARE | WIDE },
	{ "Cache write 1h", "cache_write_1h_cost_per_token", CELL_RATE, SPARE | WIDE },
	{ "Currency", "currency", CELL_TEXT, 0 },
	{ "Type", "price_type", CELL_TEXT, 0 },
	{ "Source", "source", CELL_TEXT, FLEX },
	{ "Verified", "verified", CELL_BOOL, 0 },
	{ "Since", "effective_date", CELL_TIME, WIDE },
	{ "Until", "end_date", CELL_TIME, SPARE | WIDE },
	{ "Price", "pricing_id", CELL_ID, WIDE },
	COLUMNS_END
};

static const struct view prices_view = {
	"items", price_columns, "No price matches. Set one: budget prices set PROVIDER MODEL --input 0.003 --output 0.015"
};
static const struct view price_view = { NULL, price_columns, NULL };

static const struct column cost_columns[] = {
	{ "Provider", "provider", CELL_TEXT, 0 },
	{ "Model", "model", CELL_TEXT, 0 },
	{ "Input tokens", "input_tokens", CELL_COUNT, 0 },
	{ "Output tokens", "output_tokens", CELL_COUNT, 0 },
	{ "Input cost", "input_cost", CELL_MONEY, SPARE },
	{ "Output cost", "output_cost", CELL_MONEY, SPARE },
	{ "Total cost", "total_cost", CELL_MONEY, 0 },
	{ "Priced", "priced", CELL_BOOL, SPARE },
	COLUMNS_END
};

static const struct view cost_view = { NULL, cost_columns, NULL };

static const char *
unit_name(const struct cli *cli)
{
	return per_places(cli) == 0 ? "token" : per_places(cli) == 3 ? "1,000 tokens" : "1,000,000 tokens";
}

static int
list_prices(struct cli *cli)
{
	int code;

	if (per_places(cli) < 0)
		return cli_fail(cli, EXIT_USAGE, "--per takes token, 1k or 1m, not '%s'.", cli_get(cli, "per"));
	code = command_run(cli);
	if (code == 0 && cli->output == OUTPUT_TABLE)
		printf("(prices per %s)\n", unit_name(cli));
	return code;
}

/* Says what was typed and what it means per million, so that a wrong unit is seen at once. */
static int
set_price(struct cli *cli)
{
	struct answer answer;
	int code;

	if (cli_get(cli, "input") == NULL && cli_get(cli, "output") == NULL && cli_get(cli, "per-image") == NULL
	    && cli_get(cli, "per-request") == NULL && cli_get(cli, "per-second") == NULL && !cli_flag(cli, "free"))
		return cli_fail(cli, EXIT_USAGE, "say what it costs: --input and --output, or --free.");
	code = command_call(cli, &answer);
	if (code != 0 || cli->output != OUTPUT_TABLE)
		return code != 0 ? code : command_show(cli, &answer);
	puts(out_sentence(cli, "Price of {provider} {model} set.", answer.json));
	for (const struct column *column = price_columns; column->title != NULL; column++) {
		const char *typed, *million;

		if (column->cell != CELL_RATE)
			continue;
		typed = out_cell(cli, CELL_RATE, column->path, answer.json, answer.json);
		million = out_rate(cli, column->path, answer.json, 6);
		if (typed != NULL)
			printf("  %-15s%s per %s = %s per million tokens\n", column->title, typed, unit_name(cli), million);
	}
	return 0;
}

static const struct option list_options[] = {
	{ "provider", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only this provider" },
	{ "model", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only this model" },
	PER,
	OPTIONS_END
};

static const struct option set_options[] = {
	{ "provider", OPT_TEXT, OPERAND | REQUIRED, IN_BODY, NULL, "PROVIDER", "anthropic, openai, …" },
	{ "model", OPT_TEXT, OPERAND | REQUIRED, IN_BODY, NULL, "MODEL", "as it is called" },
	{ "input", OPT_RATE, 0, IN_BODY, "input_cost_per_token", "PRICE",
	  "of input, per 1,000 tokens unless --per says otherwise" },
	{ "output", OPT_RATE, 0, IN_BODY, "output_cost_per_token", "PRICE", "of output" },
	{ "cache-read", OPT_RATE, 0, IN_BODY, "cache_read_cost_per_token", "PRICE", "of input read from the cache" },
	{ "cache-write", OPT_RATE, 0, IN_BODY, "cache_write_5m_cost_per_token", "PRICE",
	  "of input written to the cache for 5 minutes" },
	{ "cache-write-1h", OPT_RATE, 0, IN_BODY, "cache_write_1h_cost_per_token", "PRICE",
	  "of input written to the cache for an hour" },
	{ "reasoning", OPT_RATE, 0, IN_BODY, "reasoning_cost_per_token", "PRICE",
	  "of reasoning, if it differs from output" },
	{ "per-image", OPT_NUMBER, 0, IN_BODY, "cost_per_image", "PRICE", "of one image" },
	{ "per-second", OPT_NUMBER, 0, IN_BODY, "cost_per_second", "PRICE", "of one second" },
	{ "per-request", OPT_NUMBER, 0, IN_BODY, "fixed_cost_per_request", "PRICE", "of one request, besides its tokens" },
	{ "price-type", OPT_TEXT, 0, IN_BODY, NULL, "TYPE", "token (default), character, image, time, fixed, free" },
	{ "currency", OPT_TEXT, 0, IN_BODY, NULL, "USD", "the service's own unless given" },
	{ "effective", OPT_TEXT, 0, IN_BODY, "effective_date", "TIME", "since when; now unless given" },
	PER,
	OPTIONS_END
};

static const struct option calc_options[] = {
	{ "provider", OPT_TEXT, OPERAND | REQUIRED, IN_BODY, NULL, "PROVIDER", "anthropic, openai, …" },
	{ "model", OPT_TEXT, OPERAND | REQUIRED, IN_BODY, NULL, "MODEL", "as it is called" },
	{ "input-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "uncached input" },
	{ "output-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "output" },
	{ "cache-read-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "input read from the cache" },
	{ "cache-write-5m-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "input written to the cache for 5 minutes" },
	{ "cache-write-1h-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "input written to the cache for an hour" },
	{ "reasoning-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "thinking" },
	OPTIONS_END
};

static const struct option history_options[] = {
	{ "provider", OPT_TEXT, OPERAND | REQUIRED, IN_PATH, NULL, "PROVIDER", "anthropic, openai, …" },
	{ "model", OPT_TEXT, OPERAND | REQUIRED, IN_PATH, NULL, "MODEL", "as it is called" },
	PER,
	OPTIONS_END
};

#define CALC_DONE \
	"Cost Calculation:\n  Provider: {provider}\n  Model: {model}[\n  Input tokens: {input_tokens:count}]" \
	"[\n  Output tokens: {output_tokens:count}][\n  Input cost: {input_cost:money}]" \
	"[\n  Output cost: {output_cost:money}]\n  Total cost: {total_cost:money}"
#define CALC_EXAMPLE(command) "budget " command " --input-tokens 1200 --output-tokens 300"

const struct command prices_commands[] = {
	{ .name = "list", .about = "current prices", .options = list_options, .method = "GET", .path = "/prices",
	  .flags = PAGED, .view = &prices_view,
	  .example = "budget prices list --provider anthropic\nbudget prices list --model gpt-4o --per 1m",
	  .run = list_prices },
	{ .name = "set", .about = "set a price of your own; it wins over the catalogue", .options = set_options,
	  .method = "POST", .path = "/prices", .flags = HAS_BODY, .view = &price_view,
	  .example = "budget prices set anthropic claude-3-opus --input 0.015 --output 0.075\n"
	  "budget prices set anthropic claude-3-opus --input 15 --output 75 --per 1m",
	  .run = set_price },
	{ .name = "calc", .about = "what some tokens would cost", .options = calc_options, .method = "POST",
	  .path = "/prices/calculate", .flags = HAS_BODY, .view = &cost_view,
	  .done = CALC_DONE,
	  .example = CALC_EXAMPLE("prices calc openai gpt-4o") },
	{ .name = "history", .about = "prices of a model, newest first", .options = history_options,
	  .method = "GET", .path = "/prices/history/{provider}/{model...}", .flags = PAGED, .view = &prices_view,
	  .example = "budget prices history openai gpt-4o", .run = list_prices },
	{ .name = "recommend", .about = "cheaper models that can do the same job", .options = recommend_options,
	  .method = "POST", .path = "/prices/recommendations", .flags = HAS_BODY, .view = &recommend_view,
	  .example = "budget prices recommend anthropic claude-opus-4-1 --context-size 20000 --output-size 1000" },
	{ .name = "reprice", .about = "correct what records cost, by today's price history", .options = reprice_options,
	  .method = "POST", .path = "/prices/reprice", .flags = HAS_BODY, .view = &reprice_view,
	  .example = "budget prices reprice --model gpt-4o --since 2026-01-01 --dry-run\n"
	  "budget prices reprice --model gpt-4o --since 2026-01-01 --reason \"list price was wrong\"\n"
	  "budget prices reprice list\nbudget prices reprice undo 01a2011f-3b1a-77a7-a2b1-73ce2af1972d",
	  .run = reprice_command },
	{ .name = "update", .about = "fetch prices from their sources now", .options = price_update_options,
	  .method = "POST", .path = "/prices/update", .flags = HAS_BODY, .view = &price_update_view,
	  .example = "budget prices update --all\nbudget prices update --source litellm --dry-run",
	  .run = price_update_command },
	{ .name = "sources", .about = "where prices come from; set changes one", .options = price_source_options,
	  .method = "GET", .path = "/prices/sources", .view = &price_sources_view,
	  .example = "budget prices sources\nbudget prices sources set openrouter --trust 0.7 --no-enabled",
	  .run = price_sources_command },
	{ .name = "conflicts", .about = "what sources say and a person must decide", .options = price_conflict_options,
	  .method = "GET", .path = "/prices/conflicts", .flags = PAGED, .view = &price_conflicts_view,
	  .example = "budget prices conflicts --per 1m\nbudget prices conflicts 01a2011f-3b1a-77a7-a2b1-73ce2af1972d",
	  .run = price_conflicts_command },
	{ .name = "approve", .about = "put a candidate's price, or your own, into force", .options = price_approve_options,
	  .method = "POST", .path = "/prices/conflicts/{id}/approve", .flags = HAS_BODY, .view = &price_conflict_view,
	  .example = "budget prices approve 01a2011f-3b1a-77a7-a2b1-73ce2af1972d --source litellm --note 'as on their page'\n"
	  "budget prices approve 01a2011f-3b1a-77a7-a2b1-73ce2af1972d --input 3 --output 15 --per 1m",
	  .run = price_approve_command },
	{ .name = "reject", .about = "leave the price as it is until the sources say something else",
	  .options = price_reject_options, .method = "POST", .path = "/prices/conflicts/{id}/reject", .flags = HAS_BODY,
	  .view = &price_conflict_view, .done = "Conflict {conflict_id} {state}: the price of {provider} {model} stays.",
	  .example = "budget prices reject 01a2011f-3b1a-77a7-a2b1-73ce2af1972d --note 'a misprint'" },
	{ .name = "rates", .about = "rates of exchange; set stores one", .options = price_rate_options, .method = "GET",
	  .path = "/prices/rates", .flags = PAGED, .view = &price_rates_view,
	  .example = "budget prices rates\nbudget prices rates set EUR 1.08 --date 2026-11-25", .run = price_rates_command },
	{ 0 }
};

const struct command calc_cost_commands[] = {
	{ .about = "what some tokens would cost", .options = calc_options, .method = "POST",
	  .path = "/prices/calculate", .flags = HAS_BODY, .view = &cost_view,
	  .done = CALC_DONE,
	  .example = CALC_EXAMPLE("calc-cost --provider openai --model gpt-4o") },
	{ 0 }
};
