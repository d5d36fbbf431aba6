/* verify and recalculate: a long proof comes in answers of some seconds each, asked for until it is complete. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clients/cli/client.h"
#include "clients/cli/out.h"

static const struct column policy_columns[] = {
	{ "Budget", "budget", CELL_TEXT, FLEX },
	{ "Policy", "policy_id", CELL_ID, WIDE },
	{ "Period", "period", CELL_TEXT, 0 },
	{ "Revision", "revision", CELL_COUNT, WIDE },
	{ "Counters", "counters", CELL_COUNT, 0 },
	{ "Records", "records", CELL_COUNT, 0 },
	{ "Spent", "cost", CELL_MONEY, 0 },
	{ "At ceiling", "ceiling_cost", CELL_MONEY, NONZERO },
	{ "Tokens", "tokens", CELL_COUNT, WIDE },
	{ "Differences", "differences", CELL_COUNT, 0 },
	COLUMNS_END
};

static const struct view policies_view = { "policies", policy_columns, "No policy has counted anything yet." };

static const struct column difference_columns[] = {
	{ "What", "kind", CELL_TEXT, 0 },
	{ "Field", "field", CELL_TEXT, 0 },
	{ "Period", "period", CELL_TEXT, SPARE },
	{ "From", "period_start", CELL_TIME, SPARE },
	{ "Policy", "policy_id", CELL_ID, SPARE | WIDE },
	{ "Scope", "scope", CELL_TEXT, SPARE | FLEX },
	{ "Id", "entity_id", CELL_TEXT, SPARE },
	{ "Stands", "stored", CELL_TEXT, SPARE },
	{ "Proven", "proven", CELL_TEXT, SPARE },
	{ "Drift", "drift", CELL_TEXT, SPARE },
	{ "Repaired", "repaired_at", CELL_TIME, SPARE },
	{ "Meaning", "detail", CELL_TEXT, FLEX | WIDE },
	COLUMNS_END
};

static const struct view differences_view = { "differences", difference_columns, "No differences." };

static bool
is_true(struct cli *cli, const struct answer *answer, const char *path)
{
	const char *text = budget_json_text(&cli->ctx, out_at(answer->json, path));

	return text != NULL && strcmp(text, "true") == 0;
}

/* Asks until the answer is complete; the second time on with the run's id. */
static int
ask(struct cli *cli, const struct option *run_id, struct answer *ret_answer)
{
	for (;;) {
		int code = command_call(cli, ret_answer);

		if (code != 0 || is_true(cli, ret_answer, "is_complete"))
			return code;
		const char *id = budget_json_text(&cli->ctx, out_at(ret_answer->json, "run_id"));
		if (id == NULL)
			return cli_fail(cli, EXIT_DATA, "the service's answer names no run.");
		if (cli_get(cli, run_id->name) == NULL)
			cli_give(cli, run_id, id);
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\r%s", out_sentence(cli, "{checked.records:count} records, "
			    "{checked.allocations:count} allocations …", ret_answer->json));
	}
}

static void
show_table(struct cli *cli, const struct view *view, const struct answer *answer)
{
	struct json_object *items = out_at(answer->json, view->rows);
	size_t count = budget_json_length(items);
	struct json_object **rows = budget_arena_alloc(&cli->ctx.arena, (count + 1) * sizeof *rows);

	for (size_t i = 0; rows != NULL && i < count; i++)
		rows[i] = budget_json_at(items, i);
	out_table(cli, view, &(struct rows){ rows, rows != NULL ? count : 0, answer->json });
}

static int
verify(struct cli *cli)
{
	struct answer answer;
	int code = ask(cli, cli->command->options, &answer);

	if (code != 0)
		return code;
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	code = is_true(cli, &answer, "ok") ? 0 : EXIT_DRIFT;
	if (cli->output != OUTPUT_TABLE) {
		command_show(cli, &answer);
		return code;
	}
	show_table(cli, &policies_view, &answer);
	puts(out_sentence(cli, "\nProven as of {as_of:time}: records {checked.records:count}, "
	    "corrections {checked.corrections:count}, allocations {checked.allocations:count}, "
	    "counters {checked.counters:count}, policy states {checked.policy_states:count}, request keys {checked.request_keys:count}.", answer.json));
	if (code == 0) {
		puts("All counters, holds and references are in order.");
		return 0;
	}
	puts(out_sentence(cli, "Differences: {differences_total:count}\n", answer.json));
	show_table(cli, &differences_view, &answer);
	puts("\nRepair counters and what policies hold: budget recalculate");
	return code;
}

static int
recalculate(struct cli *cli)
{
	struct answer answer;
	int code = ask(cli, cli->command->options, &answer);

	if (code != 0)
		return code;
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	if (cli->output != OUTPUT_TABLE)
		return command_show(cli, &answer);
	show_table(cli, &differences_view, &answer);
	puts(out_sentence(cli, is_true(cli, &answer, "dry_run") ? "\n{repairable:count} would be repaired."
	    : "\n{repaired:count} repaired.", answer.json));
	if (!out_is_absent(cli, &(struct column){ NULL, "not_repairable", CELL_COUNT, NONZERO }, answer.json))
		puts(out_sentence(cli, "{not_repairable:count} are no counters and stay as they are: they need a person.",
		    answer.json));
	return 0;
}

static const struct option verify_options[] = {
	{ "run-id", OPT_TEXT, 0, IN_BODY, NULL, "ID", "go on with a proof begun before" },
	{ "limit", OPT_COUNT, 0, IN_BODY, NULL, "N", "show at most N differences (1000)" },
	OPTIONS_END
};

const struct command verify_commands[] = {
	{ .about = "prove that counters, holds and references are what the records say", .options = verify_options,
	  .method = "POST", .path = "/admin/verify", .flags = HAS_BODY, .view = &differences_view,
	  .example = "budget verify\nbudget verify --format json", .run = verify },
	{ 0 }
};

static const struct option recalculate_options[] = {
	{ "run-id", OPT_TEXT, 0, IN_BODY, NULL, "ID", "repair what this proof found, made by budget verify" },
	{ "period", OPT_TEXT, 0, IN_BODY, NULL, "PERIOD", "only policies of this period: daily, weekly, …" },
	{ "policy", OPT_TEXT, 0, IN_BODY, "policy_id", "ID", "only this policy" },
	{ "reason", OPT_TEXT, 0, IN_BODY, NULL, "TEXT", "kept in the audit log" },
	{ "dry-run", OPT_FLAG, 0, IN_BODY, "dry_run", NULL, "say what would be repaired, change nothing" },
	OPTIONS_END
};

const struct command recalculate_commands[] = {
	{ .about = "repair counters that differ from the records, audited", .options = recalculate_options,
	  .method = "POST", .path = "/admin/recalculate", .flags = HAS_BODY, .view = &differences_view,
	  .example = "budget recalculate --dry-run\nbudget recalculate --period daily --reason \"restored a backup\"",
	  .run = recalculate },
	{ 0 }
};
