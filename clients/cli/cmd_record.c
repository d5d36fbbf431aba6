/* check and record: may it run, and what it really used. */
#include <stdio.h>
#include <string.h>

#include "clients/cli/client.h"
#include "clients/cli/out.h"

/* ---- check ---- */

static const struct column decision_columns[] = {
	{ "Allowed", "allowed", CELL_BOOL, 0 },
	{ "Decision", "decision", CELL_TEXT, 0 },
	{ "Reason", "reason", CELL_TEXT, 0 },
	{ "Estimated cost", "estimated_cost", CELL_MONEY, SPARE },
	{ "Held cost", "held_cost", CELL_MONEY, SPARE },
	{ "Left", "remaining_cost", CELL_MONEY, SPARE },
	{ "Tokens left", "remaining_tokens", CELL_COUNT, SPARE },
	{ "Tokens that fit", "max_tokens_that_fit", CELL_COUNT, SPARE },
	{ "Resets", "resets_at", CELL_TIME, SPARE },
	{ "Allocation", "allocation_id", CELL_ID, SPARE },
	{ "Expires", "expires_at", CELL_TIME, SPARE },
	COLUMNS_END
};

static const struct view decision_view = { NULL, decision_columns, NULL };

static const struct column alternative_columns[] = {
	{ "Would fit instead", "model", CELL_TEXT, FLEX },
	{ "Provider", "provider", CELL_TEXT, FLEX },
	{ "Estimated cost", "estimated_cost", CELL_MONEY, 0 },
	COLUMNS_END
};

static const struct view alternatives_view = { "alternatives", alternative_columns, NULL };

static int
check(struct cli *cli)
{
	struct answer answer;
	struct json_object *alternatives, *items[20];
	const char *allowed;
	int code = command_call(cli, &answer);

	if (code != 0)
		return code;
	code = command_show(cli, &answer);
	allowed = budget_json_text(&cli->ctx, out_at(answer.json, "allowed"));
	if (cli->output == OUTPUT_TABLE && (allowed == NULL || strcmp(allowed, "true") != 0))
		client_advise(cli, stdout, answer.json);
	alternatives = out_at(answer.json, "alternatives");
	if (cli->output == OUTPUT_TABLE && budget_json_length(alternatives) > 0) {
		struct rows rows = { items, 0, answer.json };

		for (; rows.count < budget_json_length(alternatives) && rows.count < sizeof items / sizeof *items; rows.count++)
			items[rows.count] = budget_json_at(alternatives, rows.count);
		putchar('\n');
		out_table(cli, &alternatives_view, &rows);
	}
	if (allowed == NULL || strcmp(allowed, "true") != 0)
		return EXIT_REFUSED;
	return code;
}

static const struct option check_options[] = {
	{ "provider", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "anthropic, openai, …" },
	{ "model", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "without it, the dearest model that may be meant is assumed" },
	{ "estimated-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "tokens in all, if that is what you know" },
	{ "input-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "with --max-output-tokens: the better estimate" },
	{ "max-output-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "the most the model may answer" },
	{ "input-text", OPT_TEXT, 0, IN_BODY, NULL, "TEXT", "the prompt; its tokens are estimated" },
	{ "component", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "who asks" },
	{ "task-type", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "what for" },
	{ "tier", OPT_TEXT, 0, IN_BODY, NULL, "TIER", "local_lightweight, local_midweight, remote_heavyweight" },
	{ "context-id", OPT_TEXT, 0, IN_BODY, NULL, "ID", "session, for limits per session" },
	{ "task-id", OPT_TEXT, 0, IN_BODY, NULL, "ID", "task, for limits per task" },
	{ "budget", OPT_BUDGET, 0, IN_BODY, "budget_id", "BUDGET", "charge this budget (name or id)" },
	{ "reserve", OPT_FLAG, 0, IN_BODY, NULL, NULL, "hold the money when allowed; prints the allocation" },
	{ "ttl", OPT_COUNT, 0, IN_BODY, "ttl_seconds", "SECONDS", "with --reserve: how long it is held (900)" },
	{ "allocation-id", OPT_TEXT, 0, IN_BODY, NULL, "UUID", "with --reserve: makes a repeat safe" },
	OPTIONS_END
};

const struct command check_commands[] = {
	{ .about = "may this request run? Exit 0: yes, 2: no", .options = check_options, .method = "POST",
	  .path = "/check", .flags = HAS_BODY, .view = &decision_view,
	  .example = "budget check --model claude-sonnet-4 --input-tokens 1200 --max-output-tokens 800\n"
	  "budget check --provider openai --model gpt-4o --estimated-tokens 1000 && ./call-the-model",
	  .run = check },
	{ 0 }
};

/* ---- record ---- */

extern const struct view record_view;

static const struct column batch_columns[] = {
	{ "Accepted", "accepted", CELL_COUNT, 0 },
	{ "Duplicates", "duplicates", CELL_COUNT, 0 },
	{ "Rejected", "rejected", CELL_COUNT, 0 },
	COLUMNS_END
};

static const struct view batch_view = { NULL, batch_columns, NULL };

/* An array, or {"items": […]}; everything else is one object a line. */
static bool
is_one_document(struct cli *cli, const char *text)
{
	_auto_json_ struct json_object *value = NULL;

	return budget_json_parse(&cli->ctx, text, strlen(text), &value) == BUDGET_OK
	    && (budget_json_is_array(value) || budget_json_get(value, "items") != NULL);
}

/* --batch: the file goes as it is; an array, or one object a line. Exit 65 when a row was rejected. */
static int
record_batch(struct cli *cli, const char *path)
{
	struct command batch = *cli->command;
	struct answer answer;
	const char *text, *rejected;
	struct json_object *items;
	int code = cli_read_file(cli, path, &text);

	if (code != 0)
		return code;
	if (!is_one_document(cli, text))
		cli->body_type = "application/x-ndjson";
	code = client_call(cli, "POST", "/api/v1/usage/batch", text, &answer);
	if (code != 0)
		return code;
	batch.view = &batch_view;
	batch.done = NULL;
	cli->command = &batch;
	code = command_show(cli, &answer);
	items = out_at(answer.json, "items");
	for (size_t i = 0; i < budget_json_length(items); i++) {
		struct json_object *item = budget_json_at(items, i), *error = out_at(item, "error");

		if (error != NULL)
			fprintf(stderr, "  record %s: %s\n", out_cell(cli, CELL_COUNT, "index", item, item),
			    budget_json_is_object(error) ? out_cell(cli, CELL_TEXT, "detail", error, error)
			    : out_cell(cli, CELL_TEXT, "error", item, item));
	}
	rejected = budget_json_text(&cli->ctx, out_at(answer.json, "rejected"));
	return code != 0 || rejected == NULL || strcmp(rejected, "0") == 0 ? code : EXIT_DATA;
}

static int
record(struct cli *cli)
{
	const char *batch = cli_get(cli, "batch");

	if (batch != NULL)
		return record_batch(cli, batch);
	if (cli_get(cli, "usage") != NULL || cli_get(cli, "response") != NULL)
		return command_run(cli);
	if (cli_get(cli, "provider") == NULL || cli_get(cli, "model") == NULL)
		return cli_fail(cli, EXIT_USAGE, "--provider and --model are missing: say what was called, or --response FILE, or --batch FILE.");
	return command_run(cli);
}

static const struct option record_options[] = {
	{ "provider", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "anthropic, openai, …" },
	{ "model", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "as the provider named it" },
	{ "usage", OPT_OBJECT, 0, IN_BODY, NULL, "FILE", "instead of counts: the provider's usage object; - is stdin" },
	{ "response", OPT_OBJECT, 0, IN_BODY, NULL, "FILE", "instead of counts: the provider's whole answer; - is stdin" },
	{ "keep-raw", OPT_FLAG, 0, IN_BODY, NULL, NULL, "keep the usage object with the record" },
	{ "input-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "uncached input" },
	{ "output-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "answer, without reasoning" },
	{ "cache-read-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "input read from the provider's cache" },
	{ "cache-write-5m-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "input written to the cache for 5 minutes" },
	{ "cache-write-1h-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "input written to the cache for an hour" },
	{ "reasoning-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "thinking, beside the output" },
	{ "input-audio-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "audio in" },
	{ "output-audio-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "audio out" },
	{ "input-image-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "images in, as tokens" },
	{ "output-image-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "images out, as tokens" },
	{ "requests", OPT_COUNT, 0, IN_BODY, NULL, "N", "calls this record stands for (1)" },
	{ "images", OPT_COUNT, 0, IN_BODY, NULL, "N", "images made, for models priced by them" },
	{ "seconds", OPT_NUMBER, 0, IN_BODY, NULL, "N", "seconds, for models priced by them" },
	{ "characters", OPT_COUNT, 0, IN_BODY, NULL, "N", "characters in, for models priced by them" },
	{ "reported-cost", OPT_NUMBER, 0, IN_BODY, NULL, "AMOUNT", "what the provider says it cost; kept beside ours" },
	{ "component", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "who used it" },
	{ "task-type", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "what for" },
	{ "context-id", OPT_TEXT, 0, IN_BODY, NULL, "ID", "session; finds the hold of that session and component" },
	{ "task-id", OPT_TEXT, 0, IN_BODY, NULL, "ID", "task, for limits per task" },
	{ "allocation-id", OPT_TEXT, 0, IN_BODY, NULL, "ID", "the hold this settles" },
	{ "final", OPT_FLAG, 0, IN_BODY, NULL, NULL, "the last record of that hold: the rest of it is released" },
	{ "budget", OPT_BUDGET, 0, IN_BODY, "budget_id", "BUDGET", "charge this budget (name or id)" },
	{ "timestamp", OPT_TEXT, 0, IN_BODY, NULL, "TIME", "when it happened, if not now" },
	{ "operation-id", OPT_TEXT, 0, IN_BODY, NULL, "ID", "yours, kept with the record" },
	{ "request-id", OPT_TEXT, 0, IN_BODY, NULL, "ID", "the provider's, kept with the record" },
	{ "user-id", OPT_TEXT, 0, IN_BODY, NULL, "ID", "yours, kept with the record" },
	{ "metadata", OPT_JSON, 0, IN_BODY, NULL, "JSON", "an object of your own" },
	{ "record-id", OPT_TEXT, MADE, IN_BODY, NULL, "UUID",
	  "makes a repeat safe: the same id is recorded once (made if absent)" },
	{ "batch", OPT_TEXT, 0, LOCAL, NULL, "FILE",
	  "records from a file instead: a JSON array, or one object a line; - is stdin" },
	OPTIONS_END
};

const struct command record_commands[] = {
	{ .about = "record what a request really used; limits never refuse it", .options = record_options,
	  .method = "POST", .path = "/usage/record", .flags = HAS_BODY, .view = &record_view,
	  .done = "Recorded {total_tokens:count} tokens of {model}[ for {total_cost:money}].\nRecord {record_id}"
	    "[\nNo price is known for it: it counts as {ceiling_cost:money}. "
	    "Set one: budget prices set {provider} {model} --help]"
	  "[\nAllocation {allocation_id} has {allocation.remaining_tokens:count} tokens left, {allocation.state}]",
	  .example = "budget record --provider openai --model gpt-4o --input-tokens 812 --output-tokens 94\n"
	  "budget record --response answer.json --component writer\n"
	  "curl -s https://api.openai.com/… | budget record --response - --provider openai\n"
	  "budget record --batch yesterday.ndjson",
	  .run = record },
	{ 0 }
};
