/* status and version, and what comes later. */
#include <stdio.h>
#include <string.h>

#include "clients/cli/client.h"
#include "clients/cli/out.h"
#include "lib/version.h"

#define END { NULL, OPT_TEXT, 0, LOCAL, NULL, NULL, NULL }
#define LAST { NULL, NULL, CELL_TEXT, 0 }

extern const struct column limit_columns[];
extern const struct view limits_view;

/* ---- status ---- */

static void
print_check(void *user, const char *name, struct json_object *value)
{
	struct cli *cli = user;
	const char *status = budget_json_is_object(value) ? out_cell(cli, CELL_TEXT, "status", value, value)
	    : out_cell(cli, CELL_TEXT, "", value, value);
	const char *detail = budget_json_is_object(value) ? out_cell(cli, CELL_TEXT, "detail", value, value) : NULL;

	if (status == NULL || strcmp(status, "healthy") == 0 || strcmp(status, "ok") == 0)
		return;
	printf("  %s: %s%s%s\n", name, status, detail != NULL ? ", " : "", detail != NULL ? detail : "");
}

/* Limits that the filters leave, for the table and for csv. */
static int
show_limits(struct cli *cli, const char *path)
{
	struct answer answer;
	struct json_object *items;
	struct rows rows;
	struct json_object **kept;
	int code = client_call(cli, "GET", path, NULL, &answer);

	if (code != 0)
		return code;
	items = out_at(answer.json, "items");
	kept = budget_arena_alloc(&cli->ctx.arena, (budget_json_length(items) + 1) * sizeof *kept);
	if (kept == NULL)
		return cli_fail(cli, EXIT_DATA, "the list does not fit in memory.");
	for (size_t i = 0; i < budget_json_length(items); i++)
		kept[i] = budget_json_at(items, i);
	rows = (struct rows){ kept, budget_json_length(items), answer.json };
	if (cli->output == OUTPUT_CSV)
		out_csv(cli, &limits_view, &rows);
	else
		out_table(cli, &limits_view, &rows);
	return 0;
}

/* 503 is an answer here, not a failure: an unhealthy service says what is ill. */
static int
status(struct cli *cli)
{
	struct answer health;
	const char *path = NULL, *state, *version;
	int code = build_path(cli, &path);

	if (code != 0)
		return code;
	if (cli->output == OUTPUT_JSON)
		code = client_call(cli, "GET", "/api/v1/status", NULL, &health);
	else if (cli->output == OUTPUT_TABLE)
		code = client_call(cli, "GET", "/health", NULL, &health);
	if (code != 0)
		return code;
	if (cli->output == OUTPUT_JSON)
		return command_show(cli, &health);
	if (cli->output == OUTPUT_TABLE) {
		state = out_cell(cli, CELL_TEXT, "status", health.json, health.json);
		version = out_cell(cli, CELL_TEXT, "version", health.json, health.json);
		printf("Budget %s at %s: %s\n", version != NULL ? version : "?", cli->url, state != NULL ? state : "unknown");
		budget_json_each(out_at(health.json, "checks"), print_check, cli);
		putchar('\n');
	}
	return show_limits(cli, path);
}

static const struct option status_options[] = {
	{ "period", OPT_TEXT, 0, IN_QUERY, NULL, "PERIOD", "only limits of this period" },
	{ "tier", OPT_TEXT, 0, IN_QUERY, NULL, "TIER", "only limits for this tier" },
	{ "provider", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only limits for this provider" },
	{ "component", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only limits for this component" },
	END
};

const struct command status_commands[] = {
	{ .about = "is the service up, and what is left of every limit", .options = status_options,
	  .method = "GET", .path = "/limits", .view = &limits_view,
	  .example = "budget status\nbudget status --period daily --format json", .run = status },
	{ 0 }
};

/* ---- version ---- */

static int
version(struct cli *cli)
{
	struct answer answer;
	int code;

	if (cli->output == OUTPUT_TABLE)
		printf("budget %s\n", budget_version());
	code = client_call(cli, "GET", "/health", NULL, &answer);
	if (code != 0)
		return code;
	if (cli->output != OUTPUT_TABLE)
		return command_show(cli, &answer);
	puts(out_sentence(cli, "service {version}", answer.json));
	return 0;
}

static const struct column version_columns[] = {
	{ "Component", "component", CELL_TEXT, 0 },
	{ "Version", "version", CELL_TEXT, 0 },
	{ "Status", "status", CELL_TEXT, 0 },
	LAST
};

static const struct view version_view = { NULL, version_columns, NULL };

const struct command version_commands[] = {
	{ .about = "version of this program and of the service", .method = "GET", .path = "/health", .flags = ROOT,
	  .view = &version_view,
	  .example = "budget version", .run = version },
	{ 0 }
};

/* ---- what comes later ---- */

static int
later(struct cli *cli)
{
	return cli_fail(cli, EXIT_NOT_THERE, "this comes in a later release.\n"
	    "  Until then: 'budget db check' proves the database, 'budget status' shows the service and its limits.");
}

static const struct option later_options[] = {
	{ "period", OPT_TEXT, 0, LOCAL, NULL, "PERIOD", "daily, weekly, …" },
	END
};

const struct command later_commands[] = {
	{ .about = "comes in a later release", .options = later_options, .run = later },
	{ 0 }
};

const struct command debug_commands[] = {
	{ .name = "integrations", .about = "which components report usage (comes in a later release)",
	  .run = later },
	{ 0 }
};
