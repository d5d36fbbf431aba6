/* alerts, keys, config, jobs, audit: what those who run the service look at. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "clients/cli/client.h"
#include "clients/cli/out.h"
#include "lib/text.h"

/* ---- alerts ---- */

static const struct column alert_columns[] = {
	{ "Time", "timestamp", CELL_TIME, 0 },
	{ "Severity", "severity", CELL_TEXT, 0 },
	{ "Type", "type", CELL_TEXT, WIDE },
	{ "Message", "message", CELL_TEXT, FLEX },
	{ "Seen", "acknowledged", CELL_BOOL, 0 },
	{ "Resolved", "resolved", CELL_BOOL, WIDE },
	{ "Alert", "alert_id", CELL_ID, 0 },
	COLUMNS_END
};

static const struct view alerts_view = {
	"items", alert_columns, "No alerts that match: no limit was approached or exceeded."
};
static const struct view alert_view = { NULL, alert_columns, NULL };

static const struct option alert_list_options[] = {
	{ "budget", OPT_BUDGET, 0, IN_QUERY, "budget_id", "BUDGET", "only of this budget and those below it (name or id)" },
	{ "severity", OPT_TEXT, 0, IN_QUERY, NULL, "SEVERITY", "info, warning or error" },
	{ "type", OPT_TEXT, 0, IN_QUERY, NULL, "TYPE", "cost_limit_exceeded, cost_limit_approaching, …" },
	{ "acknowledged", OPT_FLAG, 0, IN_QUERY, NULL, NULL,
	  "only those somebody has seen (--no-acknowledged: only the others)" },
	{ "from", OPT_TEXT, 0, IN_QUERY, "start_date", "DATE", "2026-01-31, or a time" },
	{ "to", OPT_TEXT, 0, IN_QUERY, "end_date", "DATE", "a date counts to its end, a time is exclusive" },
	OPTIONS_END
};

static const struct option alert_id_options[] = {
	{ "id", OPT_TEXT, OPERAND | REQUIRED, IN_PATH, NULL, "ALERT_ID", "as 'budget alerts list' shows it" },
	OPTIONS_END
};

const struct command alerts_commands[] = {
	{ .name = "list", .about = "alerts, newest first", .options = alert_list_options, .method = "GET",
	  .path = "/alerts", .flags = PAGED, .view = &alerts_view,
	  .example = "budget alerts list --no-acknowledged --severity error" },
	{ .name = "show", .about = "one alert", .options = alert_id_options, .method = "GET",
	  .path = "/alerts/{id}", .view = &alert_view,
	  .example = "budget alerts show 01890a5d-ac96-774b-bcce-b302099a8057" },
	{ .name = "dismiss", .about = "mark as seen", .options = alert_id_options, .method = "PUT",
	  .path = "/alerts/{id}/dismiss", .flags = HAS_BODY, .view = &alert_view,
	  .done = "Alert {alert_id} dismissed",
	  .example = "budget alerts dismiss 01890a5d-ac96-774b-bcce-b302099a8057" },
	{ .name = "acknowledge", .about = "the same as dismiss", .options = alert_id_options, .method = "POST",
	  .path = "/alerts/{id}/acknowledge", .flags = HAS_BODY, .view = &alert_view,
	  .done = "Alert {alert_id} acknowledged",
	  .example = "budget alerts acknowledge 01890a5d-ac96-774b-bcce-b302099a8057" },
	{ 0 }
};

/* ---- keys ---- */

static const struct column key_columns[] = {
	{ "Name", "name", CELL_TEXT, FLEX },
	{ "Role", "role", CELL_TEXT, 0 },
	{ "Public part", "public_id", CELL_TEXT, 0 },
	{ "Budget", "budget_id", CELL_ID, SPARE | WIDE },
	{ "Created", "created_at", CELL_TIME, WIDE },
	{ "Expires", "expires_at", CELL_TIME, SPARE },
	{ "Revoked", "revoked_at", CELL_TIME, SPARE },
	{ "Last used", "last_used_at", CELL_TIME, 0 },
	{ "Key id", "key_id", CELL_ID, 0 },
	COLUMNS_END
};

static const struct view keys_view = {
	"items", key_columns, "No API keys yet. Make one: budget keys create NAME --role service"
};
static const struct view key_view = { NULL, key_columns, NULL };

static const struct option key_create_options[] = {
	{ "name", OPT_TEXT, OPERAND | REQUIRED, IN_BODY, NULL, "NAME", "who will use it" },
	{ "role", OPT_TEXT, REQUIRED, IN_BODY, NULL, "ROLE",
	  "viewer (reads), service (checks and records), manager (budgets, prices), admin" },
	{ "budget", OPT_BUDGET, 0, IN_BODY, "budget_id", "BUDGET", "bound to this budget and those below it (name or id)" },
	{ "expires-at", OPT_TEXT, 0, IN_BODY, NULL, "TIME", "not valid from then on" },
	OPTIONS_END
};

static const struct option key_id_options[] = {
	{ "id", OPT_TEXT, OPERAND | REQUIRED, IN_PATH, NULL, "KEY_ID", "as 'budget keys list' shows it" },
	OPTIONS_END
};

static const struct option key_list_options[] = {
	{ "role", OPT_TEXT, 0, IN_QUERY, NULL, "ROLE", "only of this role" },
	{ "active", OPT_FLAG, 0, IN_QUERY, "is_active", NULL, "only those that work (--no-active: only the others)" },
	OPTIONS_END
};

const struct command keys_commands[] = {
	{ .name = "create", .about = "make an API key; it is shown once", .options = key_create_options,
	  .method = "POST", .path = "/keys", .flags = HAS_BODY, .view = &key_view,
	  .done = "Key '{name}' ({role}) created with ID: {key_id}\n{key}\n"
	    "Keep it now: it is not shown again. Use it: BUDGET_API_KEY, or a file for --api-key-file",
	  .example = "budget keys create rhetor --role service" },
	{ .name = "list", .about = "API keys, without their secrets", .options = key_list_options,
	  .method = "GET", .path = "/keys",
	  .flags = PAGED, .view = &keys_view,
	  .example = "budget keys list" },
	{ .name = "revoke", .about = "end a key at once", .options = key_id_options, .method = "DELETE",
	  .path = "/keys/{id}", .view = &key_view,
	  .done = "Key '{name}' revoked",
	  .example = "budget keys revoke 01890a5d-ac96-774b-bcce-b302099a8057" },
	{ 0 }
};

/* ---- config ---- */

static const struct column setting_columns[] = {
	{ "Setting", "name", CELL_TEXT, 0 },
	{ "Value", "value", CELL_TEXT, FLEX },
	{ "From", "source", CELL_TEXT, 0 },
	{ "Where", "origin", CELL_TEXT, SPARE | FLEX | WIDE },
	{ "Default", "default", CELL_TEXT, SPARE | FLEX | WIDE },
	{ "Meaning", "about", CELL_TEXT, FLEX | SPARE | WIDE },
	COLUMNS_END
};

static const struct view settings_view = { "items", setting_columns, "The service shows no settings." };

/* BUDGET_ENFORCEMENT_LEVEL, enforcement-level and enforcement_level are one name. */
static const char *
setting_name(struct cli *cli, const char *name)
{
	char *plain = budget_arena_strdup(&cli->ctx.arena, strncasecmp(name, "BUDGET_", 7) == 0 ? name + 7 : name);

	for (char *at = plain; *at != '\0'; at++)
		*at = *at == '-' ? '_' : *at >= 'A' && *at <= 'Z' ? (char)(*at + 32) : *at;
	return plain;
}

static struct json_object *
find_setting(struct cli *cli, struct json_object *items, const char *name)
{
	const char *wanted = setting_name(cli, name);

	for (size_t i = 0; i < budget_json_length(items); i++) {
		const char *here = budget_json_text(&cli->ctx, out_at(budget_json_at(items, i), "name"));

		if (here != NULL && strcmp(setting_name(cli, here), wanted) == 0)
			return budget_json_at(items, i);
	}
	return NULL;
}

static int
unknown_setting(struct cli *cli, struct json_object *items, const char *name)
{
	const char *names[500], *near;
	size_t count = 0;

	for (size_t i = 0; i < budget_json_length(items) && count < sizeof names / sizeof *names; i++) {
		const char *here = budget_json_text(&cli->ctx, out_at(budget_json_at(items, i), "name"));

		if (here != NULL)
			names[count++] = setting_name(cli, here);
	}
	near = suggest(setting_name(cli, name), names, count);
	if (near != NULL)
		return cli_fail(cli, EXIT_NOT_FOUND, "there is no setting '%s'. Did you mean '%s'?", name, near);
	return cli_fail(cli, EXIT_NOT_FOUND, "there is no setting '%s'. See them: budget config list", name);
}

static int
config_get(struct cli *cli)
{
	const char *name = cli_get(cli, "name"), *value;
	struct json_object *items, *found;
	struct rows rows = { &found, 1, NULL };
	struct answer answer;
	int code = client_call(cli, "GET", "/api/v1/settings", NULL, &answer);

	if (code != 0)
		return code;
	items = out_at(answer.json, "items");
	found = find_setting(cli, items, name);
	if (found == NULL)
		return unknown_setting(cli, items, name);
	if (cli->output == OUTPUT_JSON) {
		printf("%s\n", budget_json_print(&cli->ctx, found));
	} else if (cli->output == OUTPUT_CSV) {
		out_csv(cli, &settings_view, &rows, true);
	} else {
		value = out_cell(cli, CELL_TEXT, "value", found, found);
		printf("%s\n", value != NULL ? value : "");
	}
	return 0;
}

static int
config_set(struct cli *cli)
{
	const char *name = setting_name(cli, cli_get(cli, "name")), *value = cli_get(cli, "value");
	struct json_object *found;
	struct budget_text body;
	struct answer answer;
	int code;

	budget_text_init(&body, &cli->ctx.arena, 128);
	budget_text_add(&body, "{");
	budget_text_member(&body, name, value);
	budget_text_add(&body, "}");
	code = client_call(cli, "PUT", "/api/v1/settings", budget_text_done(&body), &answer);
	if (code != 0)
		return code;
	if (cli->output != OUTPUT_TABLE)
		return command_show(cli, &answer);
	found = find_setting(cli, out_at(answer.json, "items"), name);
	printf("%s = %s\n", name, found != NULL ? out_cell(cli, CELL_TEXT, "value", found, found) : value);
	if (found != NULL)
		puts(out_sentence(cli, "(takes effect: {takes_effect})", found));
	return 0;
}

static const struct option config_get_options[] = {
	{ "name", OPT_TEXT, OPERAND | REQUIRED, LOCAL, NULL, "NAME", "enforcement_level, or BUDGET_ENFORCEMENT_LEVEL" },
	OPTIONS_END
};

static const struct option config_set_options[] = {
	{ "name", OPT_TEXT, OPERAND | REQUIRED, LOCAL, NULL, "NAME", "enforcement_level, or BUDGET_ENFORCEMENT_LEVEL" },
	{ "value", OPT_TEXT, OPERAND | REQUIRED, LOCAL, NULL, "VALUE", "what it shall be" },
	OPTIONS_END
};

const struct command config_commands[] = {
	{ .name = "list", .about = "all settings, their values and where they come from", .method = "GET",
	  .path = "/settings", .view = &settings_view,
	  .example = "budget config list" },
	{ .name = "get", .about = "the value of one setting", .options = config_get_options, .method = "GET",
	  .path = "/settings", .view = &settings_view,
	  .example = "budget config get enforcement_level", .run = config_get },
	{ .name = "set", .about = "change a setting; files and environment win over it",
	  .options = config_set_options, .method = "PUT", .path = "/settings", .view = &settings_view,
	  .example = "budget config set enforcement_level HARD_LIMIT", .run = config_set },
	{ 0 }
};

/* ---- jobs, audit ---- */

static const struct column job_columns[] = {
	{ "Job", "job", CELL_TEXT, 0 },
	{ "Every (s)", "every_seconds", CELL_COUNT, 0 },
	{ "Running", "is_running", CELL_BOOL, 0 },
	{ "Last well", "last_ok_at", CELL_TIME, 0 },
	{ "Last run", "runs.0.status", CELL_TEXT, 0 },
	{ "Started", "runs.0.started_at", CELL_TIME, WIDE },
	{ "Rows", "runs.0.rows", CELL_COUNT, SPARE },
	{ "Detail", "runs.0.detail", CELL_TEXT, SPARE | FLEX },
	{ "What it does", "about", CELL_TEXT, FLEX | WIDE },
	COLUMNS_END
};

static const struct view jobs_view = {
	"items", job_columns, "No job is known yet. They run by the schedule of run_budget.sh, or by cron (etc/)."
};

const struct command jobs_commands[] = {
	{ .about = "the scheduled jobs and how their last runs went", .method = "GET", .path = "/jobs", .flags = PAGED,
	  .view = &jobs_view, .example = "budget jobs" },
	{ 0 }
};

static const struct column audit_columns[] = {
	{ "Time", "at", CELL_TIME, 0 },
	{ "Who", "actor", CELL_TEXT, FLEX },
	{ "Role", "role", CELL_TEXT, 0 },
	{ "Did", "action", CELL_TEXT, 0 },
	{ "To", "entity_id", CELL_ID, 0 },
	{ "Before", "before", CELL_TEXT, WIDE | FLEX },
	{ "After", "after", CELL_TEXT, WIDE | FLEX },
	COLUMNS_END
};

static const struct view audit_view = { "items", audit_columns, "No change that matches." };

static const struct option audit_options[] = {
	{ "action", OPT_TEXT, 0, IN_QUERY, NULL, "ACTION", "policy.update, budget.create, …" },
	{ "entity", OPT_TEXT, 0, IN_QUERY, NULL, "KIND", "policy, budget, api_key, …" },
	{ "entity-id", OPT_TEXT, 0, IN_QUERY, NULL, "ID", "only changes of this one" },
	{ "actor", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only by this key, or local" },
	{ "from", OPT_TEXT, 0, IN_QUERY, "start_date", "DATE", "2026-01-31, or a time" },
	{ "to", OPT_TEXT, 0, IN_QUERY, "end_date", "DATE", "a date counts to its end, a time is exclusive" },
	OPTIONS_END
};

const struct command audit_commands[] = {
	{ .about = "who changed what, newest first", .options = audit_options, .method = "GET", .path = "/audit",
	  .flags = PAGED, .view = &audit_view,
	  .example = "budget audit --entity policy" },
	{ 0 }
};
