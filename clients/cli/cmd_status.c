/* status and version, and what comes later. */
#include <stdio.h>
#include <string.h>

#include "clients/cli/client.h"
#include "clients/cli/out.h"
#include "lib/version.h"

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

/* The head line, and below it what is not well. Exit code: that of a busy service when it is unhealthy. */
static int
show_health(struct cli *cli)
{
	struct answer health;
	const char *state, *version;
	int code = client_call(cli, "GET", "/health", NULL, &health);

	if (code != 0)
		return code;
	version = out_cell(cli, CELL_TEXT, "version", health.json, health.json);
	state = out_cell(cli, CELL_TEXT, "status", health.json, health.json);
	printf("Budget %s at %s: %s\n", version != NULL ? version : "?", cli->url, state != NULL ? state : "unknown");
	budget_json_each(out_at(health.json, "checks"), print_check, cli);
	return health.http.status == 503 ? budget_status_exit(BUDGET_EBUSY) : 0;
}

/* json: the service's own state; with a filter, and in the other formats, what is left of the limits. */
static int
status(struct cli *cli)
{
	struct answer answer;
	const char *path = NULL;
	int code = build_path(cli, &path);

	if (code == 0 && cli->output == OUTPUT_TABLE) {
		code = show_health(cli);
		if (code == 0)
			putchar('\n');
	}
	if (code != 0)
		return code;
	if (cli->output != OUTPUT_JSON || strchr(path, '?') != NULL)
		return command_list(cli, path);
	code = client_call(cli, "GET", "/api/v1/status", NULL, &answer);
	return code != 0 ? code : command_show(cli, &answer);
}

static const struct option status_options[] = {
	{ "period", OPT_TEXT, 0, IN_QUERY, NULL, "PERIOD", "only limits of this period" },
	{ "tier", OPT_TEXT, 0, IN_QUERY, NULL, "TIER", "only limits for this tier" },
	{ "provider", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only limits for this provider" },
	{ "component", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only limits for this component" },
	OPTIONS_END
};

const struct command status_commands[] = {
	{ .about = "is the service up, and what is left of every limit", .options = status_options,
	  .method = "GET", .path = "/limits", .flags = PAGED, .view = &limits_view,
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
	COLUMNS_END
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

const struct command debug_commands[] = {
	{ .name = "integrations", .about = "which components report usage (comes in a later release)",
	  .run = later },
	{ 0 }
};
