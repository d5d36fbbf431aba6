/* prices update: asks for a run of the job price-update, waits for its end, shows what it changed or would change. */
#include "clients/cli/cmd_price_sources.h"

#include <stdio.h>
#include <string.h>

#include "clients/cli/client.h"
#include "clients/cli/out.h"
#include "lib/text.h"

#define FIRST_MAX 40  /* rows of a table; with more, first prices are only counted */

const struct option price_update_options[] = {
	{ "source", OPT_TEXT, 0, LOCAL, NULL, "NAME", "only this source; several with commas" },
	{ "all", OPT_FLAG, 0, LOCAL, NULL, NULL, "those not due yet too (--no-all: only those due)" },
	{ "dry-run", OPT_FLAG, 0, LOCAL, NULL, NULL, "say what would change, change nothing" },
	{ "first", OPT_FLAG, 0, LOCAL, NULL, NULL, "list first prices of models too, however many" },
	{ "wait", OPT_FLAG, 0, LOCAL, NULL, NULL, "until it has ended (--no-wait: only ask for it)" },
	OPTIONS_END
};

static const struct column difference_columns[] = {
	{ "Provider", "provider", CELL_TEXT, 0 },
	{ "Model", "model", CELL_TEXT, FLEX },
	{ "Tier", "service_tier", CELL_TEXT, 0 },
	{ "What", "action", CELL_TEXT, 0 },
	{ "Input was", "old.input_cost_per_token", CELL_RATE, SPARE },
	{ "Input", "new.input_cost_per_token", CELL_RATE, 0 },
	{ "Output was", "old.output_cost_per_token", CELL_RATE, SPARE },
	{ "Output", "new.output_cost_per_token", CELL_RATE, 0 },
	{ "Change (%)", "percent", CELL_TEXT, SPARE },
	{ "Why", "reason", CELL_TEXT, FLEX },
	{ "Conflict", "conflict_id", CELL_ID, SPARE | WIDE },
	COLUMNS_END
};

const struct view price_update_view = { "differences", difference_columns, "No price differs." };

static const struct column source_columns[] = {
	{ "Source", "source", CELL_TEXT, 0 },
	{ "Quotes", "quotes", CELL_COUNT, 0 },
	{ "As before", "unchanged", CELL_COUNT, 0 },
	{ "Skipped", "skipped", CELL_COUNT, NONZERO },
	{ "Unresolved", "unresolved", CELL_COUNT, NONZERO },
	COLUMNS_END
};

static const struct view sources_view = { "sources", source_columns, "No source was read." };

static const char *
text_of(struct cli *cli, const struct answer *run, const char *path)
{
	const char *text = budget_json_text(&cli->ctx, out_at(run->json, path));

	return text != NULL ? text : "";
}

/* {"sources": ["a", "b"], "all": true, "dry_run": false} */
static const char *
wish(struct cli *cli)
{
	const char *names = cli_get(cli, "source"), *all = cli_get(cli, "all");
	struct budget_text text;

	budget_text_init(&text, &cli->ctx.arena, 256);
	budget_text_addf(&text, "{\"dry_run\":%s", cli_flag(cli, "dry-run") ? "true" : "false");
	if (all != NULL)
		budget_text_addf(&text, ",\"all\":%s", all);
	if (names != NULL) {
		struct budget_text list;
		const char *separator = "[";

		budget_text_init(&list, &cli->ctx.arena, 128);
		for (size_t length; *names != '\0'; names += length + strspn(names + length, ",")) {
			length = strcspn(names, ",");
			budget_text_addf(&list, "%s", separator);
			budget_text_json(&list, budget_arena_strndup(&cli->ctx.arena, names, length));
			separator = ",";
		}
		budget_text_add(&list, *separator == '[' ? "[]" : "]");
		budget_text_member_raw(&text, "sources", budget_text_done(&list));
	}
	budget_text_add(&text, "}");
	return budget_text_done(&text);
}

static const struct waiting waiting = {
	.runs = "/api/v1/prices/updates", .query = "?limit=10000", .state = "status", .job = "price-update",
	.progress = "{status}[, {phase}][: {counts.quotes:count} quotes][, {counts.first:count} first prices]"
	    "[, {counts.applied:count} changes][, {counts.conflicts:count} conflicts] …",
};

/* without_first: what changes a price or asks a question, not the thousands of models nobody has used yet. */
static void
show_table(struct cli *cli, const struct view *view, const struct answer *run, bool without_first)
{
	struct json_object *items = out_at(run->json, view->rows);
	size_t all = budget_json_length(items), count = 0;
	struct json_object **rows = budget_arena_alloc(&cli->ctx.arena, (all + 1) * sizeof *rows);

	for (size_t i = 0; rows != NULL && i < all; i++) {
		struct json_object *row = budget_json_at(items, i);
		const char *action = budget_json_text(&cli->ctx, budget_json_get(row, "action"));

		if (!without_first || action == NULL || strcmp(action, "first") != 0)
			rows[count++] = row;
	}
	out_table(cli, view, &(struct rows){ rows, rows != NULL ? count : 0, run->json });
	if (count < all)
		printf("(%zu first prices are not listed: --first)\n", all - count);
	puts("");
}

int
price_update_command(struct cli *cli)
{
	struct answer run;
	int code = client_call(cli, "POST", "/api/v1/prices/update", wish(cli), &run);

	if (code != 0)
		return code;
	if (cli_get(cli, "wait") != NULL && !cli_flag(cli, "wait")) {
		if (cli->output != OUTPUT_TABLE)
			return command_show(cli, &run);
		puts(out_sentence(cli, "Run {run_id} is asked for: budget jobs shows it.", run.json));
		return 0;
	}
	code = client_wait(cli, &waiting, &run);
	if (code != 0)
		return code;
	if (cli->output != OUTPUT_TABLE) {
		code = command_show(cli, &run);
	} else {
		show_table(cli, &sources_view, &run, false);
		show_table(cli, &price_update_view, &run, !cli_flag(cli, "first")
		    && budget_json_length(out_at(run.json, price_update_view.rows)) > FIRST_MAX);
		puts(out_sentence(cli, "[{counts.first:count} first prices, ][{counts.applied:count} changed, ]"
		    "[{counts.verified:count} verified, ][{counts.conflicts:count} conflicts, ][{counts.outliers:count} to look at, ]"
		    "[{counts.waiting:count} wait for review, ]run {run_id} {status}[: {detail}].", run.json));
		puts(cli_flag(cli, "dry-run") ? "Nothing was changed." : "(prices per 1,000 tokens)");
	}
	return code == 0 && strcmp(text_of(cli, &run, "status"), "failed") == 0 ? EXIT_FAULT : code;
}
