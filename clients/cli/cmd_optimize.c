/* optimize, prices recommend: what would cost less. */
#include <stdio.h>

#include "clients/cli/client.h"
#include "clients/cli/cmd_optimize.h"
#include "clients/cli/out.h"

static const struct column hint_columns[] = {
	{ "Saves", "savings", CELL_MONEY, 0 },
	{ "Percent", "savings_percent", CELL_TEXT, 0 },
	{ "Instead of", "model", CELL_TEXT, FLEX },
	{ "Provider", "provider", CELL_TEXT, 0 },
	{ "How", "kind", CELL_TEXT, 0 },
	{ "Take", "replacements.0.model", CELL_TEXT, SPARE | FLEX },
	{ "From", "replacements.0.provider", CELL_TEXT, SPARE },
	{ "Costs now", "current_cost", CELL_MONEY, WIDE },
	{ "Would cost", "estimated_cost", CELL_MONEY, WIDE },
	{ "At most", "is_upper_bound", CELL_BOOL, WIDE },
	COLUMNS_END
};

static const struct view hints_view = { "items", hint_columns, "Nothing to save." };

static int
optimize(struct cli *cli)
{
	struct answer answer;
	int code = command_call(cli, &answer);

	if (code != 0 || cli->output != OUTPUT_TABLE)
		return code != 0 ? code : command_show(cli, &answer);
	code = command_show(cli, &answer);
	puts(out_sentence(cli, "[\n{reason}]\n{records:count} records from {start_time:time} to {end_time:time} were looked at.",
	    answer.json));
	return code;
}

static const struct option optimize_options[] = {
	{ "days", OPT_COUNT, 0, IN_QUERY, NULL, "N", "of the last N days (30)" },
	{ "budget", OPT_BUDGET, 0, IN_QUERY, "budget_id", "NAME", "what was charged to this budget or below" },
	{ "provider", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only what this provider was asked" },
	{ "model", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only this model" },
	{ "component", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only what this component used" },
	{ "tier", OPT_TEXT, 0, IN_QUERY, NULL, "TIER", "of the replacements; that of each model unless given" },
	{ "capability", OPT_TEXT, 0, IN_QUERY, NULL, "WORDS", "what a replacement must be able to do: vision,tools" },
	{ "limit", OPT_COUNT, 0, IN_QUERY, NULL, "N", "at most N lines (20)" },
	OPTIONS_END
};

const struct command optimize_commands[] = {
	{ .about = "what would have cost less, by your own traffic", .options = optimize_options, .method = "GET",
	  .path = "/optimize", .view = &hints_view,
	  .example = "budget optimize\nbudget optimize --days 7 --budget writers --capability tools", .run = optimize },
	{ 0 }
};

static const struct column recommend_columns[] = {
	{ "Provider", "provider", CELL_TEXT, 0 },
	{ "Model", "model", CELL_TEXT, FLEX },
	{ "A request", "estimated_cost", CELL_MONEY, 0 },
	{ "Saves", "savings", CELL_MONEY, SPARE },
	{ "Percent", "savings_percent", CELL_TEXT, SPARE },
	{ "Your traffic", "usage.estimated_cost", CELL_MONEY, SPARE },
	{ "Would save", "usage.savings", CELL_MONEY, SPARE },
	{ "Context", "context_tokens", CELL_COUNT, WIDE },
	{ "Local", "local", CELL_BOOL, 0 },
	{ "Verified", "verified", CELL_BOOL, WIDE },
	COLUMNS_END
};

const struct view recommend_view = { "items", recommend_columns, "Nothing cheaper that is known can do the same job." };

const struct option recommend_options[] = {
	{ "provider", OPT_TEXT, OPERAND, IN_BODY, NULL, "PROVIDER", "of the model used now" },
	{ "model", OPT_TEXT, OPERAND, IN_BODY, NULL, "MODEL", "used now; without it: any price" },
	{ "context-size", OPT_COUNT, 0, IN_BODY, NULL, "N", "input tokens of a request (with --output-size), else all of them" },
	{ "output-size", OPT_COUNT, 0, IN_BODY, NULL, "N", "output tokens of a request" },
	{ "max-cost", OPT_NUMBER, 0, IN_BODY, NULL, "AMOUNT", "a request may cost" },
	{ "capability", OPT_TEXT, 0, IN_BODY, NULL, "WORDS", "what it must be able to do: vision,tools" },
	{ "tier", OPT_TEXT, 0, IN_BODY, NULL, "TIER", "that of the model unless given" },
	{ "mode", OPT_TEXT, 0, IN_BODY, NULL, "MODE", "chat, embedding, …; that of the model unless given" },
	{ "prefer-provider", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "only models of this one" },
	{ "days", OPT_COUNT, 0, IN_BODY, NULL, "N", "judged by your traffic of the last N days (30)" },
	{ "limit", OPT_COUNT, 0, IN_BODY, NULL, "N", "at most N models (10)" },
	OPTIONS_END
};
