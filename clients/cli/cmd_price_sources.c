/* prices sources, conflicts, approve, reject, rates: where prices come from, and who decides when sources disagree. */
#include "clients/cli/cmd_price_sources.h"

#include <stdio.h>
#include <string.h>

#include "clients/cli/client.h"
#include "clients/cli/out.h"

#define PER { "per", OPT_TEXT, 0, LOCAL, NULL, "token|1k|1m", "unit of the prices in the table and on this line (1k)" }
#define CONFLICTS "/api/v1/prices/conflicts"

/* ---- sources ---- */

const struct option price_source_options[] = {
	{ "action", OPT_TEXT, OPERAND, LOCAL, NULL, "set", "change a source; without it: list them" },
	{ "name", OPT_TEXT, OPERAND, IN_PATH, "source", "NAME", "the source to change" },
	{ "url", OPT_TEXT, 0, IN_BODY, NULL, "URL", "where its feed is" },
	{ "trust", OPT_NUMBER, 0, IN_BODY, NULL, "0..1", "how much its word weighs" },
	{ "enabled", OPT_FLAG, 0, IN_BODY, NULL, NULL, "fetch and hear it (--no-enabled: neither)" },
	{ "interval", OPT_COUNT, 0, IN_BODY, NULL, "SECONDS", "between fetches" },
	{ "allow-private", OPT_FLAG, 0, IN_BODY, NULL, NULL, "plain http and addresses of private networks too" },
	{ "max-bytes", OPT_COUNT, 0, IN_BODY, NULL, "N", "largest feed" },
	{ "timeout", OPT_COUNT, 0, IN_BODY, NULL, "SECONDS", "a fetch may take" },
	OPTIONS_END
};

static const struct column source_columns[] = {
	{ "Source", "source", CELL_TEXT, 0 },
	{ "Kind", "kind", CELL_TEXT, WIDE },
	{ "Trust", "trust", CELL_TEXT, 0 },
	{ "Enabled", "enabled", CELL_BOOL, 0 },
	{ "Every (s)", "interval", CELL_COUNT, 0 },
	{ "Quotes", "quotes", CELL_COUNT, 0 },
	{ "Unresolved", "unresolved", CELL_COUNT, NONZERO },
	{ "Last fetch", "last_fetched_at", CELL_TIME, 0 },
	{ "Outcome", "last_outcome", CELL_TEXT, 0 },
	{ "Error", "last_error", CELL_TEXT, SPARE | FLEX },
	{ "Due", "due_at", CELL_TIME, WIDE | SPARE },
	{ "URL", "url", CELL_TEXT, FLEX | WIDE },
	COLUMNS_END
};

const struct view price_sources_view = { "items", source_columns, "There is no price source." };
static const struct view source_view = { NULL, source_columns, NULL };

static const struct command set_source = {
	.name = "sources", .about = "", .options = price_source_options, .method = "PATCH",
	.path = "/prices/sources/{source}", .flags = HAS_BODY, .view = &source_view, .done = "Source {source} changed."
};

int
price_sources_command(struct cli *cli)
{
	const char *action = cli_get(cli, "action");

	if (action == NULL)
		return command_run(cli);
	if (strcmp(action, "set") != 0)
		return cli_fail(cli, EXIT_USAGE, "it is set NAME, or no word at all, not '%s'.", action);
	if (cli_get(cli, "name") == NULL)
		return cli_fail(cli, EXIT_USAGE, "which source? 'budget prices sources' lists them.");
	cli->command = &set_source;
	return command_run(cli);
}

/* ---- conflicts ---- */

const struct option price_conflict_options[] = {
	{ "id", OPT_TEXT, OPERAND, LOCAL, NULL, "ID", "one of them" },
	{ "state", OPT_TEXT, 0, IN_QUERY, NULL, "STATE", "open (default), approved, rejected, settled or any" },
	{ "kind", OPT_TEXT, 0, IN_QUERY, NULL, "KIND", "change, disagreement, outlier, units, untrusted or approved" },
	{ "provider", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only of this provider" },
	{ "model", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only of this model" },
	{ "source", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only those with a candidate of this source" },
	PER,
	OPTIONS_END
};

static const struct column conflict_columns[] = {
	{ "Conflict", "conflict_id", CELL_ID, 0 },
	{ "Provider", "provider", CELL_TEXT, 0 },
	{ "Model", "model", CELL_TEXT, 0 },
	{ "Service tier", "service_tier", CELL_TEXT, 0 },
	{ "Kind", "kind", CELL_TEXT, 0 },
	{ "State", "state", CELL_TEXT, 0 },
	{ "Reason", "reason", CELL_TEXT, FLEX },
	{ "Opened", "opened_at", CELL_TIME, 0 },
	{ "Decided by", "decided_by", CELL_TEXT, SPARE },
	{ "Decision", "decision", CELL_TEXT, SPARE },
	{ "Note", "note", CELL_TEXT, SPARE },
	COLUMNS_END
};

const struct view price_conflicts_view = { "items", conflict_columns, "No price conflict waits." };
const struct view price_conflict_view = { NULL, conflict_columns, NULL };

static const struct column candidate_columns[] = {
	{ "Says", "source", CELL_TEXT, 0 },
	{ "Trust", "trust", CELL_TEXT, 0 },
	{ "Input", "input_cost_per_token", CELL_RATE, 0 },
	{ "Output", "output_cost_per_token", CELL_RATE, 0 },
	{ "Cache read", "cache_read_cost_per_token", CELL_RATE, SPARE },
	{ "Cache write", "cache_write_5m_cost_per_token", CELL_RATE, SPARE },
	{ "Per image", "cost_per_image", CELL_TEXT, SPARE },
	{ "Change (%)", "percent", CELL_TEXT, SPARE },
	{ "As", "named", CELL_TEXT, SPARE | FLEX },
	{ "Since", "said_since", CELL_TIME, WIDE },
	COLUMNS_END
};

static const struct view candidates_view = { "candidates", candidate_columns, "Nobody says anything." };

/* The price in force and what each source says, one below the other. */
static void
show_conflict(struct cli *cli, struct json_object *conflict)
{
	struct json_object *items = out_at(conflict, "candidates"), *current = out_at(conflict, "current");
	size_t count = budget_json_length(items);
	struct json_object **rows = budget_arena_alloc(&cli->ctx.arena, (count + 1) * sizeof *rows);

	for (size_t i = 0; rows != NULL && i < count; i++)
		rows[i] = budget_json_at(items, i);
	puts(out_sentence(cli, "{provider} {model} ({service_tier}): {reason}\n  Conflict {conflict_id}, {kind}, {state}"
	    "[ by {decided_by}][: {decision}][ ({note})]", conflict));
	if (current == NULL)
		puts("  In force: nothing");
	else
		puts(out_sentence(cli, "  In force: [{per_million.input} in, {per_million.output} out a million, ]by {source}"
		    "[, approved by {approved_by}]", current));
	out_table(cli, &candidates_view, &(struct rows){ rows, rows != NULL ? count : 0, conflict });
	puts("");
}

static int
show_one(struct cli *cli, const char *id)
{
	static const struct command show = { .name = "conflicts", .about = "", .view = &price_conflict_view };
	struct answer answer;
	int code = client_call(cli, "GET", budget_arena_printf(&cli->ctx.arena, CONFLICTS "/%s", budget_http_encode(&cli->ctx,
	    id)), NULL, &answer);

	if (code != 0)
		return code;
	if (cli->output == OUTPUT_TABLE) {
		show_conflict(cli, answer.json);
		return 0;
	}
	cli->command = &show;
	return command_show(cli, &answer);
}

int
price_conflicts_command(struct cli *cli)
{
	struct answer answer;
	const char *path;
	int code;

	if (per_places(cli) < 0)
		return cli_fail(cli, EXIT_USAGE, "--per takes token, 1k or 1m, not '%s'.", cli_get(cli, "per"));
	if (cli_get(cli, "id") != NULL)
		return show_one(cli, cli_get(cli, "id"));
	if (cli->output != OUTPUT_TABLE)
		return command_run(cli);
	code = build_path(cli, &path);
	if (code == 0)
		code = client_call(cli, "GET", path, NULL, &answer);
	if (code != 0)
		return code;
	struct json_object *items = out_at(answer.json, "items");
	for (size_t i = 0; i < budget_json_length(items); i++)
		show_conflict(cli, budget_json_at(items, i));
	if (budget_json_length(items) == 0) {
		puts(price_conflicts_view.empty);
		return 0;
	}
	puts(out_sentence(cli, "{total:count} in all. budget prices approve ID --source NAME, or budget prices reject ID", answer.json));
	return 0;
}

#define OWN(name, field, about) { name, OPT_RATE, 0, IN_BODY, "prices." field, "PRICE", about }

const struct option price_approve_options[] = {
	{ "id", OPT_TEXT, OPERAND | REQUIRED, IN_PATH, NULL, "ID", "as 'budget prices conflicts' shows it" },
	{ "source", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "the candidate whose price it shall be" },
	OWN("input", "input_cost_per_token", "or figures of your own: of input, per 1,000 tokens unless --per says otherwise"),
	OWN("output", "output_cost_per_token", "of output"),
	OWN("cache-read", "cache_read_cost_per_token", "of input read from the cache"),
	OWN("cache-write", "cache_write_5m_cost_per_token", "of input written to the cache for 5 minutes"),
	OWN("cache-write-1h", "cache_write_1h_cost_per_token", "of input written to the cache for an hour"),
	OWN("reasoning", "reasoning_cost_per_token", "of reasoning, if it differs from output"),
	{ "per-image", OPT_NUMBER, 0, IN_BODY, "prices.cost_per_image", "PRICE", "of one image" },
	{ "per-second", OPT_NUMBER, 0, IN_BODY, "prices.cost_per_second", "PRICE", "of one second" },
	{ "per-request", OPT_NUMBER, 0, IN_BODY, "prices.fixed_cost_per_request", "PRICE", "of one request" },
	{ "note", OPT_TEXT, 0, IN_BODY, NULL, "TEXT", "why: kept with the price" },
	{ "if-match", OPT_TEXT, 0, LOCAL, NULL, "VERSION", "only if it is still at this version" },
	PER,
	OPTIONS_END
};

const struct option price_reject_options[] = {
	{ "id", OPT_TEXT, OPERAND | REQUIRED, IN_PATH, NULL, "ID", "as 'budget prices conflicts' shows it" },
	{ "note", OPT_TEXT, 0, IN_BODY, NULL, "TEXT", "why: kept with the conflict" },
	OPTIONS_END
};

int
price_approve_command(struct cli *cli)
{
	struct answer answer;
	int code;

	if (cli_get(cli, "source") == NULL && cli_get(cli, "input") == NULL && cli_get(cli, "per-image") == NULL
	    && cli_get(cli, "per-second") == NULL && cli_get(cli, "per-request") == NULL)
		return cli_fail(cli, EXIT_USAGE, "whose price? --source NAME of a candidate, or --input and --output of your own.");
	code = command_call(cli, &answer);
	if (code != 0 || cli->output != OUTPUT_TABLE)
		return code != 0 ? code : command_show(cli, &answer);
	puts(out_sentence(cli, "Price of {provider} {model} is now what {decision} says"
	    "[: {price.per_million.input} in, {price.per_million.output} out a million].", answer.json));
	return 0;
}

/* ---- rates of exchange ---- */

const struct option price_rate_options[] = {
	{ "action", OPT_TEXT, OPERAND, LOCAL, NULL, "set", "store a rate; without it: list them" },
	{ "currency", OPT_TEXT, OPERAND, IN_BODY, NULL, "EUR", "the currency of quotes" },
	{ "rate", OPT_NUMBER, OPERAND, IN_BODY, NULL, "RATE", "1 of it = so much of the catalogue's currency" },
	{ "base", OPT_TEXT, 0, IN_BODY, NULL, "USD", "instead of the catalogue's currency" },
	{ "date", OPT_TEXT, 0, IN_BODY, NULL, "DATE", "from this day on; today unless given" },
	{ "from", OPT_TEXT, 0, IN_BODY, "source", "TEXT", "where it can be read" },
	OPTIONS_END
};

static const struct column rate_columns[] = {
	{ "Date", "date", CELL_TEXT, 0 },
	{ "Currency", "currency", CELL_TEXT, 0 },
	{ "Rate", "rate", CELL_TEXT, 0 },
	{ "Base", "base", CELL_TEXT, 0 },
	{ "Source", "source", CELL_TEXT, FLEX },
	{ "By", "created_by", CELL_TEXT, FLEX },
	COLUMNS_END
};

const struct view price_rates_view = {
	"items", rate_columns, "No rate of exchange is stored. Store one: budget prices rates set EUR 1.08"
};
static const struct view rate_view = { NULL, rate_columns, NULL };

static const struct command set_rate = {
	.name = "rates", .about = "", .options = price_rate_options, .method = "POST", .path = "/prices/rates",
	.flags = HAS_BODY, .view = &rate_view, .done = "From {date} on 1 {currency} = {rate} {base}."
};

int
price_rates_command(struct cli *cli)
{
	const char *action = cli_get(cli, "action");

	if (action == NULL)
		return command_run(cli);
	if (strcmp(action, "set") != 0)
		return cli_fail(cli, EXIT_USAGE, "it is set CURRENCY RATE, or no word at all, not '%s'.", action);
	if (cli_get(cli, "currency") == NULL || cli_get(cli, "rate") == NULL)
		return cli_fail(cli, EXIT_USAGE, "which currency, at which rate? budget prices rates set EUR 1.08");
	cli->command = &set_rate;
	return command_run(cli);
}
