/* get-usage, set-limit, limits: what was used, what may be used. */
#include "clients/cli/cli.h"

/* ---- limits ---- */

const struct column limit_columns[] = {
	{ "Period", "period", CELL_TEXT, 0 },
	{ "Scope", "scope", CELL_TEXT, SPARE | FLEX },
	{ "Budget", "budget_name", CELL_TEXT, SPARE | FLEX },
	{ "Type", "type", CELL_TEXT, 0 },
	{ "Tier", "filters.tier", CELL_TEXT, SPARE },
	{ "Provider", "filters.provider", CELL_TEXT, SPARE | FLEX },
	{ "Model", "filters.model", CELL_TEXT, SPARE | FLEX },
	{ "Component", "filters.component", CELL_TEXT, SPARE | FLEX },
	{ "Task type", "filters.task_type", CELL_TEXT, SPARE | FLEX },
	{ "Used", "cost_used", CELL_MONEY, 0 },
	{ "Unpriced", "unpriced_cost", CELL_MONEY, NONZERO },
	{ "Held", "cost_held", CELL_MONEY, 0 },
	{ "Limit", "cost_limit", CELL_MONEY, SPARE },
	{ "Left", "remaining_cost", CELL_MONEY, SPARE },
	{ "Tokens used", "tokens_used", CELL_COUNT, SPARE },
	{ "Token limit", "token_limit", CELL_COUNT, SPARE },
	{ "Tokens left", "remaining_tokens", CELL_COUNT, SPARE },
	{ "Usage", "usage_percentage", CELL_PERCENT, 0 },
	{ "Resets", "resets_at", CELL_TIME, WIDE | SPARE },
	{ "Policy", "policy_id", CELL_ID, WIDE },
	COLUMNS_END
};

const struct view limits_view = {
	"items", limit_columns, "No limits are set: nothing is ever refused. Set one: budget set-limit daily 10.0"
};

static const struct option limits_list_options[] = {
	{ "period", OPT_TEXT, 0, IN_QUERY, NULL, "PERIOD", "only limits of this period" },
	{ "budget", OPT_BUDGET, 0, IN_QUERY, "budget_id", "BUDGET", "only limits of this budget (name or id)" },
	{ "tier", OPT_TEXT, 0, IN_QUERY, NULL, "TIER", "only limits for this tier" },
	{ "provider", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only limits for this provider" },
	{ "model", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only limits for this model" },
	{ "component", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only limits for this component" },
	{ "task-type", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only limits for this task type" },
	{ "type", OPT_TEXT, 0, IN_QUERY, NULL, "TYPE", "only ignore, warn, soft_limit or hard_limit ones" },
	OPTIONS_END
};

const struct command limits_commands[] = {
	{ .name = "list", .about = "limits with what is used, held and left now", .options = limits_list_options,
	  .method = "GET", .path = "/limits", .flags = PAGED, .view = &limits_view,
	  .example = "budget limits list\nbudget limits list --period daily --format csv" },
	{ 0 }
};

/* ---- set-limit ---- */

static const struct option set_limit_options[] = {
	{ "period", OPT_TEXT, OPERAND | REQUIRED, IN_BODY, NULL, "PERIOD",
	  "hourly, daily, weekly, monthly, quarterly, yearly, lifetime, per_session, per_task, rolling" },
	{ "amount", OPT_NUMBER, OPERAND, IN_BODY, "cost_limit", "AMOUNT",
	  "money the period may cost; 0: only free models" },
	{ "tokens", OPT_COUNT, 0, IN_BODY, "token_limit", "N", "tokens the period may use; with or without AMOUNT" },
	{ "budget", OPT_BUDGET, 0, IN_BODY, "budget_id", "BUDGET",
	  "name or id; without it: Default, which covers everything" },
	{ "budget-id", OPT_BUDGET, 0, IN_BODY, "budget_id", "BUDGET", "the same" },
	{ "window", OPT_COUNT, 0, IN_BODY, "window_seconds", "SECONDS", "length of a rolling period" },
	{ "tier", OPT_TEXT, 0, IN_BODY, "filters.tier", "TIER",
	  "count only local_lightweight, local_midweight or remote_heavyweight models" },
	{ "provider", OPT_TEXT, 0, IN_BODY, "filters.provider", "NAME", "count only this provider" },
	{ "model", OPT_TEXT, 0, IN_BODY, "filters.model", "NAME", "count only this model" },
	{ "component", OPT_TEXT, 0, IN_BODY, "filters.component", "NAME", "count only this component" },
	{ "task-type", OPT_TEXT, 0, IN_BODY, "filters.task_type", "NAME", "count only this task type" },
	{ "policy-type", OPT_TEXT, 0, IN_BODY, "type", "TYPE",
	  "ignore, warn, soft_limit (asks for approval) or hard_limit (refuses); without it: the enforcement level" },
	{ "warning-threshold", OPT_NUMBER, 0, IN_BODY, NULL, "FRACTION", "warn from this part of the limit on (0.8)" },
	{ "action-threshold", OPT_NUMBER, 0, IN_BODY, NULL, "FRACTION", "second warning (0.95)" },
	OPTIONS_END
};

extern const struct view policy_view;

const struct command set_limit_commands[] = {
	{ .about = "set what a period may cost", .options = set_limit_options, .method = "POST", .path = "/limits",
	  .flags = HAS_BODY, .view = &policy_view,
	  .done = "Budget limit for {period} set:[ {cost_limit:money}][ {token_limit:count} tokens], type {type}"
	  "[, budget {budget_name}][, provider {provider}][, model {model}][, component {component}][, tier {tier}].\n"
	  "Policy {policy_id}",
	  .example = "budget set-limit daily 10.0\n"
	  "budget set-limit monthly 100 --component rhetor --policy-type hard_limit\n"
	  "budget set-limit hourly --tokens 200000 --provider openai" },
	{ 0 }
};
