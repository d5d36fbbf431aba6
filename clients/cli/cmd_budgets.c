/* budgets: what may be spent by whom, as a tree. */
#include <stdio.h>
#include <string.h>

#include "clients/cli/client.h"
#include "clients/cli/out.h"

#define DEPTH_MAX 16

static const struct column budget_columns[] = {
	{ "Name", "name", CELL_TEXT, FLEX },
	{ "Owner", "owner", CELL_TEXT, SPARE | FLEX },
	{ "Active", "is_active", CELL_BOOL, 0 },
	{ "Reach", "reach", CELL_TEXT, 0 },
	{ "Currency", "currency", CELL_TEXT, 0 },
	{ "Time zone", "time_zone", CELL_TEXT, 0 },
	{ "Budget", "budget_id", CELL_ID, 0 },
	{ "Parent", "parent_id", CELL_ID, SPARE | WIDE },
	{ "Created", "created_at", CELL_TIME, WIDE },
	COLUMNS_END
};

static const struct view budgets_view = {
	"items", budget_columns, "No budgets that match. Make one: budget budgets create NAME --daily 5"
};

static const struct column card_columns[] = {
	{ "Budget", "budget_id", CELL_ID, 0 },
	{ "Name", "name", CELL_TEXT, 0 },
	{ "Description", "description", CELL_TEXT, SPARE },
	{ "Owner", "owner", CELL_TEXT, SPARE },
	{ "Parent", "parent_id", CELL_ID, SPARE },
	{ "Active", "is_active", CELL_BOOL, 0 },
	{ "Reach", "reach", CELL_TEXT, 0 },
	{ "Currency", "currency", CELL_TEXT, 0 },
	{ "Time zone", "time_zone", CELL_TEXT, 0 },
	{ "Week starts", "week_start", CELL_COUNT, 0 },
	{ "Month resets", "month_reset_day", CELL_COUNT, 0 },
	{ "Fail mode", "fail_mode", CELL_TEXT, 0 },
	{ "Free models", "allow_free_models", CELL_BOOL, 0 },
	{ "Created", "created_at", CELL_TIME, 0 },
	{ "Updated", "updated_at", CELL_TIME, 0 },
	{ "Version", "version", CELL_TEXT, SPARE },
	COLUMNS_END
};

static const struct view budget_view = { NULL, card_columns, NULL };

static const struct column policy_columns[] = {
	{ "Limits", "period", CELL_TEXT, 0 },
	{ "Type", "type", CELL_TEXT, 0 },
	{ "Provider", "provider", CELL_TEXT, SPARE | FLEX },
	{ "Model", "model", CELL_TEXT, SPARE | FLEX },
	{ "Component", "component", CELL_TEXT, SPARE | FLEX },
	{ "Tier", "tier", CELL_TEXT, SPARE },
	{ "Cost limit", "cost_limit", CELL_MONEY, SPARE },
	{ "Token limit", "token_limit", CELL_COUNT, SPARE },
	{ "Policy", "policy_id", CELL_ID, 0 },
	COLUMNS_END
};

static const struct view policies_view = {
	"", policy_columns, "This budget has no limits of its own: budget set-limit daily 5 --budget NAME"
};

static int
show(struct cli *cli)
{
	struct answer answer;
	struct json_object *policies, *items[200];
	struct rows rows = { items, 0, NULL };
	int code = command_call(cli, &answer);

	if (code != 0)
		return code;
	code = command_show(cli, &answer);
	if (code != 0 || cli->output != OUTPUT_TABLE)
		return code;
	policies = out_at(answer.json, "policies");
	rows.root = answer.json;
	for (; rows.count < budget_json_length(policies) && rows.count < sizeof items / sizeof *items; rows.count++)
		items[rows.count] = budget_json_at(policies, rows.count);
	putchar('\n');
	out_table(cli, &policies_view, &rows);
	return 0;
}

/* One line a budget, children below their parent: name, its limits, id. stem: what stands before its children's lines. */
static void
print_branch(struct cli *cli, struct json_object *budget, const char *stem, int depth)
{
	struct json_object *children = out_at(budget, "children"), *policies = out_at(budget, "policies");
	const char *id = out_cell(cli, CELL_ID, "budget_id", budget, budget);

	fputs(out_cell(cli, CELL_TEXT, "name", budget, budget), stdout);
	for (size_t i = 0; i < budget_json_length(policies); i++) {
		struct json_object *policy = budget_json_at(policies, i);
		const char *cost = out_cell(cli, CELL_MONEY, "cost_limit", policy, budget);
		const char *tokens = out_cell(cli, CELL_COUNT, "token_limit", policy, budget);

		printf("%s%s %s%s", i == 0 ? "  " : ", ", out_cell(cli, CELL_TEXT, "period", policy, budget),
		    cost != NULL ? cost : tokens != NULL ? tokens : "", cost == NULL && tokens != NULL ? " tokens" : "");
	}
	printf("  %s\n", id != NULL ? id : "");
	for (size_t i = 0; depth < DEPTH_MAX && i < budget_json_length(children); i++) {
		bool is_last = i + 1 == budget_json_length(children);
		const char *below = budget_arena_printf(&cli->ctx.arena, "%s%s", stem,
		    is_last ? "   " : out_is_utf8() ? "│  " : "|  ");

		printf("%s%s", stem, out_is_utf8() ? (is_last ? "└─ " : "├─ ") : is_last ? "`- " : "|- ");
		if (below != NULL)
			print_branch(cli, budget_json_at(children, i), below, depth + 1);
	}
}

static int
tree(struct cli *cli)
{
	struct answer answer;
	struct json_object *items;
	int code = command_call(cli, &answer);

	if (code != 0 || cli->output != OUTPUT_TABLE)
		return code != 0 ? code : command_show(cli, &answer);
	items = out_at(answer.json, "items");
	for (size_t i = 0; i < budget_json_length(items); i++)
		print_branch(cli, budget_json_at(items, i), "", 0);
	return 0;
}

static const struct column summary_columns[] = {
	{ "Period", "period", CELL_TEXT, 0 },
	{ "Tier", "tier", CELL_TEXT, SPARE },
	{ "Provider", "provider", CELL_TEXT, SPARE | FLEX },
	{ "Model", "model", CELL_TEXT, SPARE | FLEX },
	{ "Component", "component", CELL_TEXT, SPARE | FLEX },
	{ "Task type", "task_type", CELL_TEXT, SPARE | FLEX },
	{ "Spent", "total_cost", CELL_MONEY, 0 },
	{ "Held", "cost_held", CELL_MONEY, 0 },
	{ "Limit", "cost_limit", CELL_MONEY, SPARE },
	{ "Left", "remaining_cost", CELL_MONEY, SPARE },
	{ "Over by", "over_by", CELL_MONEY, NONZERO },
	{ "Mostly", "over_by_causes.0.cause", CELL_TEXT, SPARE },
	{ "Usage", "cost_usage_percentage", CELL_PERCENT, SPARE },
	{ "Tokens used", "total_tokens_used", CELL_COUNT, 0 },
	{ "Tokens held", "tokens_held", CELL_COUNT, SPARE | WIDE },
	{ "Token limit", "token_limit", CELL_COUNT, SPARE },
	{ "Tokens left", "remaining_tokens", CELL_COUNT, SPARE },
	{ "Holds", "active_allocations", CELL_COUNT, WIDE },
	{ "Resets", "resets_at", CELL_TIME, WIDE | SPARE },
	COLUMNS_END
};

static const struct view summary_view = {
	"items", summary_columns, "This budget has no limits to sum against: budget set-limit daily 5 --budget NAME"
};

#define FIELDS \
	{ "description", OPT_TEXT, 0, IN_BODY, NULL, "TEXT", "what it is for" }, \
	{ "owner", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "who answers for it" }, \
	{ "parent", OPT_BUDGET, 0, IN_BODY, "parent_id", "BUDGET", "budget above it (name or id); without it: Default" }, \
	{ "time-zone", OPT_TEXT, 0, IN_BODY, NULL, "ZONE", "where its days begin: Europe/Berlin" }, \
	{ "week-start", OPT_COUNT, 0, IN_BODY, NULL, "1-7", "1: weeks begin on Monday" }, \
	{ "month-reset-day", OPT_COUNT, 0, IN_BODY, NULL, "1-31", "day a month begins; 31: the last one" }, \
	{ "reach", OPT_TEXT, 0, IN_BODY, NULL, "all|named", \
	  "filtered limits count all matching traffic, or only what is charged here" }, \
	{ "fail-mode", OPT_TEXT, 0, IN_BODY, NULL, "closed|open", "what a check answers while the database is away" }, \
	{ "metadata", OPT_JSON, 0, IN_BODY, NULL, "JSON", "an object of your own" }

static const struct option list_options[] = {
	{ "owner", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only of this owner" },
	{ "name", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only of this name" },
	{ "parent", OPT_BUDGET, 0, IN_QUERY, "parent_id", "BUDGET", "only directly below this one (name or id)" },
	{ "active", OPT_TEXT, 0, IN_QUERY, "is_active", "true|false|any",
	  "active ones (the default), retired ones, or both" },
	OPTIONS_END
};

static const struct option create_options[] = {
	{ "name", OPT_TEXT, OPERAND | REQUIRED, IN_BODY, NULL, "NAME", "what people call it" },
	{ "daily", OPT_NUMBER, 0, IN_BODY, "limits.daily", "AMOUNT", "what a day may cost" },
	{ "weekly", OPT_NUMBER, 0, IN_BODY, "limits.weekly", "AMOUNT", "what a week may cost" },
	{ "monthly", OPT_NUMBER, 0, IN_BODY, "limits.monthly", "AMOUNT", "what a month may cost" },
	FIELDS,
	OPTIONS_END
};

static const struct option update_options[] = {
	{ "id", OPT_BUDGET, OPERAND | REQUIRED, IN_PATH, NULL, "BUDGET", "name or id" },
	{ "name", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "a new name" },
	FIELDS,
	{ "active", OPT_FLAG, 0, IN_BODY, "is_active", NULL, "bring a retired budget back (--no-active retires it)" },
	{ "if-match", OPT_TEXT, 0, LOCAL, NULL, "VERSION", "only if it is still at this version" },
	OPTIONS_END
};

static const struct option one_options[] = {
	{ "id", OPT_BUDGET, OPERAND | REQUIRED, IN_PATH, NULL, "BUDGET", "name or id" },
	OPTIONS_END
};

static const struct option tree_options[] = {
	{ "below", OPT_BUDGET, OPERAND, IN_QUERY, "parent_id", "BUDGET", "only this branch (name or id)" },
	OPTIONS_END
};

static const struct option summary_options[] = {
	{ "id", OPT_BUDGET, OPERAND | REQUIRED, IN_PATH, NULL, "BUDGET", "name or id" },
	{ "period", OPT_TEXT, 0, IN_QUERY, NULL, "PERIOD", "only limits of this period" },
	OPTIONS_END
};

static const struct view tree_view = { "items", budget_columns, NULL };

static const struct option delegate_options[] = {
	{ "id", OPT_BUDGET, OPERAND | REQUIRED, IN_PATH, NULL, "BUDGET", "whose money it is: name or id" },
	{ "name", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "for a new budget of that name, below it" },
	{ "to", OPT_BUDGET, 0, IN_BODY, "budget_id", "BUDGET", "or for one that stands there (name or id)" },
	{ "cost", OPT_NUMBER, 0, IN_BODY, NULL, "AMOUNT", "money of the slice" },
	{ "tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "tokens of the slice, instead or besides" },
	{ "ttl", OPT_COUNT, 0, IN_BODY, "ttl_seconds", "SECONDS", "what is left returns by itself after that" },
	{ "expires-at", OPT_TEXT, 0, IN_BODY, NULL, "TIME", "or at that time" },
	{ "allocation-id", OPT_TEXT, MADE, IN_BODY, NULL, "UUID", "makes a repeat safe (made if absent)" },
	OPTIONS_END
};

static const struct column slice_columns[] = {
	{ "Budget", "budget_name", CELL_TEXT, FLEX },
	{ "State", "state", CELL_TEXT, 0 },
	{ "Cost", "cost", CELL_MONEY, SPARE },
	{ "Used", "cost_used", CELL_MONEY, 0 },
	{ "Left", "remaining_cost", CELL_MONEY, SPARE },
	{ "Tokens", "tokens", CELL_COUNT, SPARE },
	{ "Tokens left", "remaining_tokens", CELL_COUNT, SPARE },
	{ "Expires", "expires_at", CELL_TIME, SPARE },
	{ "Slice", "allocation_id", CELL_ID, WIDE },
	COLUMNS_END
};

static const struct view slices_view = {
	"items", slice_columns, "No slices. Give one: budget budgets delegate BUDGET --name CHILD --cost 5"
};
static const struct view slice_view = { NULL, slice_columns, NULL };

const struct command budgets_commands[] = {
	{ .name = "list", .about = "budgets, newest first", .options = list_options, .method = "GET",
	  .path = "/budgets", .flags = PAGED, .view = &budgets_view,
	  .example = "budget budgets list --owner rhetor" },
	{ .name = "create", .about = "make a budget, with limits if you like", .options = create_options,
	  .method = "POST", .path = "/budgets", .flags = HAS_BODY, .view = &budget_view,
	  .done = "Budget '{name}' created with ID: {budget_id}",
	  .example = "budget budgets create research --daily 5 --monthly 100 --owner ana" },
	{ .name = "show", .about = "one budget and its limits", .options = one_options, .method = "GET",
	  .path = "/budgets/{id}", .view = &budget_view,
	  .example = "budget budgets show research", .run = show },
	{ .name = "update", .about = "change what is named, leave the rest", .options = update_options,
	  .method = "PATCH", .path = "/budgets/{id}", .flags = HAS_BODY, .view = &budget_view,
	  .done = "Budget '{name}' updated, now at version {version}",
	  .example = "budget budgets update research --owner ben --time-zone Europe/Berlin" },
	{ .name = "retire", .about = "stop using it; nothing is deleted", .options = one_options,
	  .method = "DELETE", .path = "/budgets/{id}", .view = &budget_view,
	  .done = "Budget '{name}' retired. Back: budget budgets update {budget_id} --active",
	  .example = "budget budgets retire research" },
	{ .name = "delegate", .about = "hold a slice for a child of its own limit (exit 2: refused)",
	  .options = delegate_options, .method = "POST", .path = "/budgets/{id}/delegations", .flags = HAS_BODY,
	  .view = &slice_view,
	  .done = "Budget '{budget_name}' has a slice, budget ID: {budget_id}[\nCost: {cost:money}][\nTokens: {tokens:count}]"
	    "[\nExpires: {expires_at:time}]",
	  .example = "budget budgets delegate Default --name agent-7 --cost 0.5 --ttl 3600" },
	{ .name = "delegations", .about = "slices it has given", .options = one_options, .method = "GET",
	  .path = "/budgets/{id}/delegations", .flags = PAGED, .view = &slices_view,
	  .example = "budget budgets delegations Default" },
	{ .name = "close", .about = "retire it and return what is left of its slice", .options = one_options,
	  .method = "POST", .path = "/budgets/{id}/close", .flags = HAS_BODY, .view = &budget_view,
	  .done = "Budget '{name}' closed\nCost released: {cost_released:money}\nTokens released: {tokens_released:count}",
	  .example = "budget budgets close agent-7" },
	{ .name = "tree", .about = "all budgets, children below their parents", .options = tree_options,
	  .method = "GET", .path = "/budgets?view=tree", .view = &tree_view,
	  .example = "budget budgets tree", .run = tree },
	{ .name = "summary", .about = "spent, held and left of each limit", .options = summary_options,
	  .method = "GET", .path = "/budgets/{id}/summary", .view = &summary_view,
	  .example = "budget budgets summary Default --period daily" },
	{ 0 }
};
