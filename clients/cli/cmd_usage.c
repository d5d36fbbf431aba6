/* get-usage and usage: what was used, summed up and one by one; record and batches are in cmd_record.c. */
#include <stdio.h>
#include <string.h>

#include "clients/cli/client.h"
#include "clients/cli/out.h"
#include "lib/text.h"

/* ---- usage list, usage show ---- */

static const struct column record_columns[] = {
	{ "Time", "timestamp", CELL_TIME, 0 },
	{ "Provider", "provider", CELL_TEXT, FLEX },
	{ "Model", "model", CELL_TEXT, FLEX },
	{ "Component", "component", CELL_TEXT, FLEX },
	{ "Task type", "task_type", CELL_TEXT, FLEX | WIDE },
	{ "Context", "context_id", CELL_TEXT, SPARE | FLEX | WIDE },
	{ "Input", "input_tokens", CELL_COUNT, 0 },
	{ "Cache read", "cache_read_tokens", CELL_COUNT, NONZERO | WIDE },
	{ "Output", "output_tokens", CELL_COUNT, 0 },
	{ "Reasoning", "reasoning_tokens", CELL_COUNT, NONZERO | WIDE },
	{ "Total", "total_tokens", CELL_COUNT, 0 },
	{ "Cost", "total_cost", CELL_MONEY, 0 },
	{ "Record", "record_id", CELL_ID, WIDE },
	COLUMNS_END
};

static const struct view records_view = {
	"items", record_columns, "No usage recorded that matches. Record some: budget record --help"
};

static const struct column record_card_columns[] = {
	{ "Record", "record_id", CELL_ID, 0 },
	{ "Time", "timestamp", CELL_TIME, 0 },
	{ "Provider", "provider", CELL_TEXT, 0 },
	{ "Model", "model", CELL_TEXT, 0 },
	{ "Component", "component", CELL_TEXT, 0 },
	{ "Task type", "task_type", CELL_TEXT, 0 },
	{ "Context", "context_id", CELL_TEXT, SPARE },
	{ "Budget", "budget_id", CELL_ID, SPARE },
	{ "Allocation", "allocation_id", CELL_ID, SPARE },
	{ "Input tokens", "input_tokens", CELL_COUNT, 0 },
	{ "Cache read tokens", "cache_read_tokens", CELL_COUNT, NONZERO },
	{ "Cache write tokens (5 min)", "cache_write_5m_tokens", CELL_COUNT, NONZERO },
	{ "Cache write tokens (1 h)", "cache_write_1h_tokens", CELL_COUNT, NONZERO },
	{ "Output tokens", "output_tokens", CELL_COUNT, 0 },
	{ "Reasoning tokens", "reasoning_tokens", CELL_COUNT, NONZERO },
	{ "Input audio tokens", "input_audio_tokens", CELL_COUNT, NONZERO },
	{ "Output audio tokens", "output_audio_tokens", CELL_COUNT, NONZERO },
	{ "Input image tokens", "input_image_tokens", CELL_COUNT, NONZERO },
	{ "Output image tokens", "output_image_tokens", CELL_COUNT, NONZERO },
	{ "Total tokens", "total_tokens", CELL_COUNT, 0 },
	{ "Input cost", "input_cost", CELL_MONEY, 0 },
	{ "Output cost", "output_cost", CELL_MONEY, 0 },
	{ "Total cost", "total_cost", CELL_MONEY, 0 },
	{ "Correction", "correction_cost", CELL_MONEY, NONZERO },
	{ "Priced", "priced", CELL_BOOL, 0 },
	{ "Counted as", "ceiling_cost", CELL_MONEY, NONZERO },
	{ "Reported cost", "reported_cost", CELL_MONEY, SPARE },
	{ "Ours above it", "cost_gap", CELL_MONEY, SPARE },
	{ "Price", "pricing_id", CELL_ID, SPARE },
	{ "Hold", "allocation.state", CELL_TEXT, SPARE },
	{ "Hold has left", "allocation.remaining_tokens", CELL_COUNT, SPARE },
	COLUMNS_END
};

const struct view record_view = { NULL, record_card_columns, NULL };

static const struct option usage_list_options[] = {
	{ "from", OPT_TEXT, 0, IN_QUERY, "start_date", "DATE", "2026-01-31, or a time" },
	{ "to", OPT_TEXT, 0, IN_QUERY, "end_date", "DATE", "a date counts to its end, a time is exclusive" },
	{ "provider", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only this provider" },
	{ "model", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only this model" },
	{ "component", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only this component" },
	{ "task-type", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only this task type" },
	{ "tier", OPT_TEXT, 0, IN_QUERY, NULL, "TIER", "only this tier" },
	{ "user-id", OPT_TEXT, 0, IN_QUERY, NULL, "ID", "only this user" },
	{ "cause", OPT_TEXT, 0, IN_QUERY, NULL, "CAUSE", "only held, overage, unheld, late, … charges" },
	{ "priced", OPT_FLAG, 0, IN_QUERY, NULL, NULL, "only with a price (--no-priced: only those without)" },
	{ "context-id", OPT_TEXT, 0, IN_QUERY, NULL, "ID", "only this context" },
	{ "allocation-id", OPT_TEXT, 0, IN_QUERY, NULL, "ID", "only what was charged to this allocation" },
	{ "budget", OPT_BUDGET, 0, IN_QUERY, "budget_id", "BUDGET", "only this budget and those below it (name or id)" },
	OPTIONS_END
};

static const struct option usage_show_options[] = {
	{ "record-id", OPT_TEXT, OPERAND | REQUIRED, IN_PATH, NULL, "RECORD_ID", "as 'budget usage list' shows it" },
	OPTIONS_END
};

const struct command usage_commands[] = {
	{ .name = "list", .about = "usage records, newest first", .options = usage_list_options, .method = "GET",
	  .path = "/usage/records", .flags = PAGED, .view = &records_view,
	  .example = "budget usage list --provider anthropic --from 2026-01-01\n"
	    "budget usage list --all --format csv > usage.csv" },
	{ .name = "show", .about = "one usage record", .options = usage_show_options, .method = "GET",
	  .path = "/usage/records/{record_id}", .view = &record_view,
	  .example = "budget usage show 01890a5d-ac96-774b-bcce-b302099a8057" },
	{ 0 }
};

/* ---- get-usage ---- */

static const struct column sum_columns[] = {
	{ "Period", "period", CELL_TEXT, 0 },
	{ "From", "start_time", CELL_TIME, SPARE },
	{ "To", "end_time", CELL_TIME, SPARE },
	{ "Requests", "count", CELL_COUNT, 0 },
	{ "Input tokens", "total_input_tokens", CELL_COUNT, 0 },
	{ "Output tokens", "total_output_tokens", CELL_COUNT, 0 },
	{ "Cache read tokens", "total_cache_read_tokens", CELL_COUNT, NONZERO },
	{ "Cache write tokens (5 min)", "total_cache_write_5m_tokens", CELL_COUNT, NONZERO },
	{ "Cache write tokens (1 h)", "total_cache_write_1h_tokens", CELL_COUNT, NONZERO },
	{ "Reasoning tokens", "total_reasoning_tokens", CELL_COUNT, NONZERO },
	{ "Total tokens", "total_tokens", CELL_COUNT, 0 },
	{ "Total cost", "total_cost", CELL_MONEY, 0 },
	{ "Requests without a price", "unpriced.count", CELL_COUNT, NONZERO },
	{ "They count as", "unpriced.ceiling_cost", CELL_MONEY, NONZERO },
	{ "Corrections in it", "corrections.cost", CELL_MONEY, NONZERO },
	COLUMNS_END
};

static const struct view sum_view = { NULL, sum_columns, NULL };

static const struct column group_columns[] = {
	{ "", "name", CELL_TEXT, FLEX },
	{ "Requests", "count", CELL_COUNT, 0 },
	{ "Input tokens", "input_tokens", CELL_COUNT, 0 },
	{ "Output tokens", "output_tokens", CELL_COUNT, 0 },
	{ "Cache read", "cache_read_tokens", CELL_COUNT, NONZERO },
	{ "Reasoning", "reasoning_tokens", CELL_COUNT, NONZERO },
	{ "Total tokens", "total_tokens", CELL_COUNT, 0 },
	{ "Cost", "cost", CELL_MONEY, 0 },
	{ "Unpriced", "unpriced_count", CELL_COUNT, NONZERO },
	COLUMNS_END
};

static const struct view groups_view = { "", group_columns, NULL };

struct groups {
	struct cli *cli;
	struct json_object *items[1000];
	size_t count;
};

/* {"gpt-4o": {…}} becomes a row {"name":"gpt-4o", …}. */
static void
take_group(void *user, const char *name, struct json_object *value)
{
	struct groups *groups = user;
	struct budget_text text;
	const char *members = budget_json_print(&groups->cli->ctx, value);
	struct json_object *row = NULL;

	if (groups->count == sizeof groups->items / sizeof *groups->items || members == NULL || members[0] != '{')
		return;
	budget_text_init(&text, &groups->cli->ctx.arena, strlen(members) + strlen(name) + 32);
	budget_text_add(&text, "{");
	budget_text_member(&text, "name", name);
	budget_text_add(&text, members[1] == '}' ? "" : ",");
	budget_text_add(&text, members + 1);
	members = budget_text_done(&text);
	if (members == NULL || budget_json_parse(&groups->cli->ctx, members, strlen(members), &row) != BUDGET_OK)
		return;
	cli_keep(groups->cli, row);
	groups->items[groups->count++] = row;
}

static void
show_groups(struct cli *cli, struct json_object *answer, const char *by, bool is_csv)
{
	struct groups groups = { .cli = cli };
	struct column columns[sizeof group_columns / sizeof *group_columns];
	struct view view = groups_view;
	struct rows rows;
	char title[32];

	budget_json_each(out_at(answer, budget_arena_printf(&cli->ctx.arena, "groups.%s", by)), take_group, &groups);
	rows = (struct rows){ groups.items, groups.count, answer };
	if (is_csv) {
		out_csv(cli, &view, &rows, true);
		return;
	}
	if (groups.count == 0)
		return;
	snprintf(title, sizeof title, "%c%.30s", by[0] - 'a' + 'A', by + 1);
	memcpy(columns, group_columns, sizeof columns);
	columns[0].title = title;
	view.columns = columns;
	putchar('\n');
	out_table(cli, &view, &rows);
}

static const char *const dimensions[] = { "model", "provider", "component", "task_type", "tier" };

/* With dates it is another question: not the current period, but that span. */
static int
ask_usage(struct cli *cli, struct answer *ret_answer)
{
	static struct command span;

	if (cli_get(cli, "from") != NULL || cli_get(cli, "to") != NULL) {
		if (cli_get(cli, "period") != NULL)
			return cli_fail(cli, EXIT_USAGE, "give a PERIOD or --from and --to, not both.");
		span = *cli->command;
		span.path = "/usage/summary";
		cli->command = &span;
	} else if (cli_get(cli, "period") == NULL) {
		cli_give(cli, &cli->command->options[0], "daily");
	}
	return command_call(cli, ret_answer);
}

static int
get_usage(struct cli *cli)
{
	const char *by = cli_get(cli, "by"), *count;
	struct answer answer;
	bool is_known = by == NULL;
	int code;

	for (size_t i = 0; by != NULL && i < sizeof dimensions / sizeof *dimensions; i++)
		is_known = is_known || strcmp(by, dimensions[i]) == 0;
	if (!is_known)
		return cli_fail(cli, EXIT_USAGE, "--by takes model, provider, component, task_type or tier, not '%s'.", by);
	code = ask_usage(cli, &answer);
	if (code != 0)
		return code;
	if (cli->output == OUTPUT_JSON || (cli->output == OUTPUT_CSV && by == NULL))
		return command_show(cli, &answer);
	if (cli->output == OUTPUT_CSV) {
		show_groups(cli, answer.json, by, true);
		return 0;
	}
	out_card(cli, &sum_view, answer.json);
	count = budget_json_text(&cli->ctx, out_at(answer.json, "count"));
	if (count != NULL && strcmp(count, "0") == 0)
		printf("\nNothing was recorded in this period. Record usage: budget record --help\n");
	for (size_t i = 0; i < sizeof dimensions / sizeof *dimensions; i++)
		if (by != NULL ? strcmp(by, dimensions[i]) == 0 : i < 3)
			show_groups(cli, answer.json, dimensions[i], false);
	return 0;
}

static const struct option get_usage_options[] = {
	{ "period", OPT_TEXT, OPERAND, IN_PATH, NULL, "PERIOD",
	  "hourly, daily, weekly, monthly, quarterly, yearly, lifetime (daily)" },
	{ "by", OPT_TEXT, 0, LOCAL, NULL, "WHAT", "only the breakdown by model, provider, component, task_type or tier" },
	{ "from", OPT_TEXT, 0, IN_QUERY, "start_date", "DATE", "instead of PERIOD: from this day, or this time, on" },
	{ "to", OPT_TEXT, 0, IN_QUERY, "end_date", "DATE", "to this day (included) or this time (excluded)" },
	{ "provider", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only this provider" },
	{ "model", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only this model" },
	{ "component", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only this component" },
	{ "task-type", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only this task type" },
	{ "budget", OPT_BUDGET, 0, IN_QUERY, "budget_id", "BUDGET", "only this budget and those below it (name or id)" },
	OPTIONS_END
};

const struct command get_usage_commands[] = {
	{ .about = "what was used in the current period", .options = get_usage_options, .method = "GET",
	  .path = "/usage/{period}", .view = &sum_view,
	  .example = "budget get-usage daily\nbudget get-usage monthly --by provider --format csv\n"
	    "budget get-usage --format json",
	  .run = get_usage },
	{ 0 }
};
