/*
 * prices reprice: corrects what records cost. Shows what would differ, asks on a terminal, applies, waits for the end;
 * undo takes a run back.
 */
#include "clients/cli/cmd_reprice.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clients/cli/client.h"
#include "clients/cli/out.h"

#define RUNS "/api/v1/prices/reprice"

enum { OPTION_DRY_RUN = 2 }; /* where it stands in the table */

const struct option reprice_options[] = {
	{ "action", OPT_TEXT, OPERAND, LOCAL, NULL, "undo|list|show", "take a run back, list runs, show one; without it: correct" },
	{ "run", OPT_TEXT, OPERAND, IN_PATH, "id", "RUN", "the run to undo or show" },
	{ "dry-run", OPT_FLAG, 0, IN_BODY, "dry_run", NULL, "say what would differ, change nothing" },
	{ "provider", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "only records of this provider" },
	{ "model", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "only records of this model, by any of its names" },
	{ "since", OPT_TEXT, 0, IN_BODY, NULL, "TIME", "charged from this day or time on; all of the past unless given" },
	{ "until", OPT_TEXT, 0, IN_BODY, NULL, "TIME", "to this day (included) or time" },
	{ "budget", OPT_BUDGET, 0, IN_BODY, "budget_id", "NAME", "charged to this budget or below" },
	{ "component", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "only records of this component" },
	{ "unpriced", OPT_FLAG, 0, IN_BODY, NULL, NULL, "only records that have no price yet" },
	{ "price", OPT_TEXT, 0, IN_BODY, NULL, "own_time|current",
	  "the price in force when a record happened, as the history says now (default), or today's" },
	{ "reason", OPT_TEXT, 0, IN_BODY, NULL, "TEXT", "kept with the run and in the audit log" },
	{ "yes", OPT_FLAG, 0, LOCAL, NULL, NULL, "apply without asking" },
	OPTIONS_END
};

static const struct column difference_columns[] = {
	{ "Budget", "budget", CELL_TEXT, FLEX },
	{ "Budget id", "budget_id", CELL_ID, WIDE },
	{ "Provider", "provider", CELL_TEXT, 0 },
	{ "Model", "model", CELL_TEXT, FLEX },
	{ "Records", "records", CELL_COUNT, 0 },
	{ "Had no price", "newly_priced", CELL_COUNT, NONZERO },
	{ "Cost before", "old_cost", CELL_MONEY, 0 },
	{ "Cost after", "new_cost", CELL_MONEY, 0 },
	{ "Difference", "delta_cost", CELL_MONEY, 0 },
	{ "At ceiling", "delta_ceiling", CELL_MONEY, NONZERO },
	COLUMNS_END
};

const struct view reprice_view = { "differences", difference_columns, "Nothing differs." };

static const struct column run_columns[] = {
	{ "Run", "run_id", CELL_TEXT, 0 },
	{ "Kind", "kind", CELL_TEXT, 0 },
	{ "State", "state", CELL_TEXT, 0 },
	{ "Begun", "created_at", CELL_TIME, 0 },
	{ "Ended", "ended_at", CELL_TIME, WIDE },
	{ "Records", "records", CELL_COUNT, 0 },
	{ "Difference", "delta_cost", CELL_MONEY, 0 },
	{ "By", "created_by", CELL_TEXT, FLEX },
	{ "Reason", "reason", CELL_TEXT, FLEX | SPARE },
	{ "Undoes", "undo_of", CELL_ID, SPARE | WIDE },
	{ "Undone by", "undone_by", CELL_ID, SPARE | WIDE },
	COLUMNS_END
};

static const struct view runs_view = { "items", run_columns, "No run has corrected anything yet." };

static const struct command list_command = {
	.name = "reprice", .about = "", .method = "GET", .path = "/prices/reprice", .view = &runs_view
};
static const struct command undo_command = {
	.name = "reprice", .about = "", .options = reprice_options, .method = "POST", .path = "/prices/reprice/{id}/undo",
	.flags = HAS_BODY, .view = &reprice_view
};
static const struct command show_command = {
	.name = "reprice", .about = "", .method = "GET", .path = "/prices/reprice/{id}", .view = &reprice_view
};

static const struct waiting waiting = {
	.runs = RUNS, .query = "", .state = "state", .progress = "{examined:count} records looked at …", .job = "reprice",
};

static int
call(struct cli *cli, struct answer *ret_run)
{
	int code = command_call(cli, ret_run);

	return code != 0 ? code : client_wait(cli, &waiting, ret_run);
}

static void
show_table(struct cli *cli, const struct answer *run)
{
	struct json_object *items = out_at(run->json, reprice_view.rows);
	size_t count = budget_json_length(items);
	struct json_object **rows = budget_arena_alloc(&cli->ctx.arena, (count + 1) * sizeof *rows);

	for (size_t i = 0; rows != NULL && i < count; i++)
		rows[i] = budget_json_at(items, i);
	out_table(cli, &reprice_view, &(struct rows){ rows, rows != NULL ? count : 0, run->json });
	puts(out_sentence(cli, "\n{examined:count} records looked at, {records:count} differ: {old_cost:money} becomes "
	    "{new_cost:money}, a difference of {delta_cost:money}.", run->json));
	if (!out_is_absent(cli, &(struct column){ NULL, "unpriced", CELL_COUNT, NONZERO }, run->json))
		puts(out_sentence(cli, "{unpriced:count} have no price still: budget prices set.", run->json));
}

static int
show(struct cli *cli, const struct answer *run)
{
	if (cli->output != OUTPUT_TABLE)
		return command_show(cli, run);
	show_table(cli, run);
	return 0;
}

/* What would differ, on standard error where the answer itself is for a program; true: go on. */
static bool
is_agreed(struct cli *cli, const struct answer *plan)
{
	char line[16] = "";

	if (cli->output == OUTPUT_TABLE)
		show_table(cli, plan);
	if (out_is_absent(cli, &(struct column){ NULL, "records", CELL_COUNT, NONZERO }, plan->json))
		return false;
	fflush(stdout);
	fputs("Apply? Every sum and limit follows at once; 'budget prices reprice undo' takes it back. [y/N] ", stderr);
	return fgets(line, sizeof line, stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

static int
correct(struct cli *cli)
{
	bool is_dry = cli_flag(cli, "dry-run");
	struct answer run;
	int code;

	if (!is_dry && !cli_flag(cli, "yes") && isatty(STDIN_FILENO)) {
		cli_give(cli, &reprice_options[OPTION_DRY_RUN], "true");
		code = call(cli, &run);
		if (code != 0 || !is_agreed(cli, &run))
			return code;
		cli_give(cli, &reprice_options[OPTION_DRY_RUN], "false");
	}
	code = call(cli, &run);
	if (code == 0)
		code = show(cli, &run);
	if (code == 0 && !is_dry && cli->output == OUTPUT_TABLE)
		puts(out_sentence(cli, "Applied. To take it back: budget prices reprice undo {run_id}", run.json));
	return code;
}

static int
undo(struct cli *cli)
{
	struct answer run;
	int code;

	cli->command = &undo_command;
	code = call(cli, &run);
	if (code != 0 || cli->output != OUTPUT_TABLE)
		return code != 0 ? code : command_show(cli, &run);
	show_table(cli, &run);
	puts(out_sentence(cli, "Undone: run {undo_of}.", run.json));
	return 0;
}

int
reprice_command(struct cli *cli)
{
	const char *action = cli_get(cli, "action");
	struct answer run;
	int code;

	if (action == NULL)
		return correct(cli);
	if (strcmp(action, "list") == 0) {
		cli->command = &list_command;
		return command_list(cli, RUNS);
	}
	if (strcmp(action, "undo") != 0 && strcmp(action, "show") != 0)
		return cli_fail(cli, EXIT_USAGE, "it is undo RUN, show RUN, list or no word at all, not '%s'.", action);
	if (cli_get(cli, "run") == NULL)
		return cli_fail(cli, EXIT_USAGE, "which run? 'budget prices reprice list' shows them.");
	if (strcmp(action, "undo") == 0)
		return undo(cli);
	cli->command = &show_command;
	code = command_call(cli, &run);
	return code != 0 ? code : show(cli, &run);
}
