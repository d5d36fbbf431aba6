/* policies and approvals: the rules behind limits, and headroom beyond them. */
#include "clients/cli/cli.h"

/* ---- policies ---- */

static const struct column policy_columns[] = {
	{ "Policy", "policy_id", CELL_ID, 0 },
	{ "Period", "period", CELL_TEXT, 0 },
	{ "Type", "type", CELL_TEXT, 0 },
	{ "Tier", "tier", CELL_TEXT, SPARE },
	{ "Provider", "provider", CELL_TEXT, SPARE | FLEX },
	{ "Model", "model", CELL_TEXT, SPARE | FLEX },
	{ "Component", "component", CELL_TEXT, SPARE | FLEX },
	{ "Task type", "task_type", CELL_TEXT, SPARE | FLEX },
	{ "Cost limit", "cost_limit", CELL_MONEY, SPARE },
	{ "Token limit", "token_limit", CELL_COUNT, SPARE },
	{ "Warns at", "warning_threshold", CELL_PERCENT, WIDE },
	{ "Acts at", "action_threshold", CELL_PERCENT, WIDE },
	{ "Enabled", "enabled", CELL_BOOL, 0 },
	{ "Budget", "budget_id", CELL_ID, WIDE },
	COLUMNS_END
};

static const struct view policies_view = {
	"items", policy_columns, "No policy matches. Make one: budget set-limit daily 10.0"
};

static const struct column policy_card_columns[] = {
	{ "Policy", "policy_id", CELL_ID, 0 },
	{ "Budget", "budget_id", CELL_ID, 0 },
	{ "Period", "period", CELL_TEXT, 0 },
	{ "Window (s)", "window_seconds", CELL_COUNT, SPARE },
	{ "Type", "type", CELL_TEXT, 0 },
	{ "Tier", "tier", CELL_TEXT, SPARE },
	{ "Provider", "provider", CELL_TEXT, SPARE },
	{ "Model", "model", CELL_TEXT, SPARE },
	{ "Component", "component", CELL_TEXT, SPARE },
	{ "Task type", "task_type", CELL_TEXT, SPARE },
	{ "Cost limit", "cost_limit", CELL_MONEY, SPARE },
	{ "Token limit", "token_limit", CELL_COUNT, SPARE },
	{ "Warns at", "warning_threshold", CELL_PERCENT, 0 },
	{ "Acts at", "action_threshold", CELL_PERCENT, 0 },
	{ "Enabled", "enabled", CELL_BOOL, 0 },
	{ "Follows level", "follows_enforcement_level", CELL_BOOL, SPARE },
	{ "Since", "start_date", CELL_TIME, SPARE },
	{ "Until", "end_date", CELL_TIME, SPARE },
	{ "Version", "version", CELL_TEXT, SPARE },
	COLUMNS_END
};

const struct view policy_view = { NULL, policy_card_columns, NULL };

#define LIMITS \
	{ "type", OPT_TEXT, 0, IN_BODY, NULL, "TYPE", \
	  "ignore, warn, soft_limit (asks for approval) or hard_limit (refuses); without it: the enforcement level" }, \
	{ "cost-limit", OPT_NUMBER, 0, IN_BODY, NULL, "AMOUNT", "what the period may cost" }, \
	{ "token-limit", OPT_COUNT, 0, IN_BODY, NULL, "N", "what the period may use" }, \
	{ "warning-threshold", OPT_NUMBER, 0, IN_BODY, NULL, "FRACTION", "warn from this part of the limit on (0.8)" }, \
	{ "action-threshold", OPT_NUMBER, 0, IN_BODY, NULL, "FRACTION", "second warning (0.95)" }

#define FILTERS(place) \
	{ "tier", OPT_TEXT, 0, place, NULL, "TIER", "local_lightweight, local_midweight, remote_heavyweight" }, \
	{ "provider", OPT_TEXT, 0, place, NULL, "NAME", "only this provider" }, \
	{ "model", OPT_TEXT, 0, place, NULL, "NAME", "only this model" }, \
	{ "component", OPT_TEXT, 0, place, NULL, "NAME", "only this component" }, \
	{ "task-type", OPT_TEXT, 0, place, NULL, "NAME", "only this task type" }

#define POLICY_ID \
	{ "id", OPT_TEXT, OPERAND | REQUIRED, IN_PATH, NULL, "POLICY_ID", "as 'budget policies list' shows it" }

static const struct option policy_list_options[] = {
	{ "budget", OPT_BUDGET, 0, IN_QUERY, "budget_id", "BUDGET", "only of this budget (name or id)" },
	{ "period", OPT_TEXT, 0, IN_QUERY, NULL, "PERIOD", "only of this period" },
	FILTERS(IN_QUERY),
	{ "enabled", OPT_TEXT, 0, IN_QUERY, NULL, "true|false", "only those in force, or only those that are not" },
	OPTIONS_END
};

static const struct option policy_create_options[] = {
	{ "period", OPT_TEXT, OPERAND | REQUIRED, IN_BODY, NULL, "PERIOD",
	  "hourly, daily, weekly, monthly, quarterly, yearly, lifetime, per_session, per_task, rolling" },
	LIMITS,
	{ "budget", OPT_BUDGET, 0, IN_BODY, "budget_id", "BUDGET", "name or id; without it: Default" },
	{ "window", OPT_COUNT, 0, IN_BODY, "window_seconds", "SECONDS", "length of a rolling period" },
	FILTERS(IN_BODY),
	{ "metadata", OPT_JSON, 0, IN_BODY, NULL, "JSON", "an object of your own" },
	OPTIONS_END
};

static const struct option policy_update_options[] = {
	POLICY_ID,
	LIMITS,
	{ "enabled", OPT_FLAG, 0, IN_BODY, NULL, NULL, "bring it back into force" },
	{ "if-match", OPT_TEXT, 0, LOCAL, NULL, "VERSION", "only if it is still at this version" },
	OPTIONS_END
};

static const struct option policy_id_options[] = { POLICY_ID, OPTIONS_END };

const struct command policies_commands[] = {
	{ .name = "list", .about = "policies, newest first", .options = policy_list_options, .method = "GET",
	  .path = "/policies", .flags = PAGED, .view = &policies_view,
	  .example = "budget policies list --budget research" },
	{ .name = "create", .about = "make a policy; set-limit is the short way", .options = policy_create_options,
	  .method = "POST", .path = "/policies", .flags = HAS_BODY, .view = &policy_view,
	  .done = "Policy created with ID: {policy_id}",
	  .example = "budget policies create daily --type hard_limit --cost-limit 10 --provider openai" },
	{ .name = "show", .about = "one policy", .options = policy_id_options, .method = "GET",
	  .path = "/policies/{id}", .view = &policy_view,
	  .example = "budget policies show 01890a5d-ac96-774b-bcce-b302099a8057" },
	{ .name = "update", .about = "change what is named, leave the rest", .options = policy_update_options,
	  .method = "PATCH", .path = "/policies/{id}", .flags = HAS_BODY, .view = &policy_view,
	  .done = "Policy {policy_id} updated[, now at version {version}]",
	  .example = "budget policies update 01890a5d-ac96-774b-bcce-b302099a8057 --cost-limit 20 --type hard_limit" },
	{ .name = "disable", .about = "take it out of force; its history stays", .options = policy_id_options,
	  .method = "DELETE", .path = "/policies/{id}", .view = &policy_view,
	  .done = "Policy {policy_id} disabled. Back: budget policies update {policy_id} --enabled",
	  .example = "budget policies disable 01890a5d-ac96-774b-bcce-b302099a8057" },
	{ 0 }
};

/* ---- approvals ---- */

static const struct column approval_columns[] = {
	{ "Approval", "approval_id", CELL_ID, 0 },
	{ "State", "state", CELL_TEXT, 0 },
	{ "Amount", "amount", CELL_MONEY, SPARE },
	{ "Tokens", "tokens", CELL_COUNT, SPARE },
	{ "Context", "context_id", CELL_TEXT, SPARE | FLEX },
	{ "Reason", "reason", CELL_TEXT, FLEX },
	{ "Asked by", "requested_by", CELL_TEXT, FLEX },
	{ "Asked", "requested_at", CELL_TIME, WIDE },
	{ "Until", "expires_at", CELL_TIME, SPARE | WIDE },
	{ "Decided by", "decided_by", CELL_TEXT, SPARE | FLEX },
	{ "Note", "note", CELL_TEXT, SPARE | FLEX | WIDE },
	{ "Policy", "policy_id", CELL_ID, WIDE },
	COLUMNS_END
};

static const struct view approvals_view = {
	"items", approval_columns,
	"No approvals that match. Ask for one: budget approvals request POLICY_ID --amount 5 --reason …"
};
static const struct view approval_view = { NULL, approval_columns, NULL };

static const struct option approval_list_options[] = {
	{ "state", OPT_TEXT, 0, IN_QUERY, NULL, "STATE", "pending, granted, denied or expired" },
	{ "budget", OPT_BUDGET, 0, IN_QUERY, "budget_id", "BUDGET", "only for this budget (name or id)" },
	{ "policy", OPT_TEXT, 0, IN_QUERY, "policy_id", "POLICY_ID", "only for this policy" },
	OPTIONS_END
};

static const struct option request_options[] = {
	{ "policy-id", OPT_TEXT, OPERAND | REQUIRED, IN_BODY, NULL, "POLICY_ID",
	  "the policy that refuses; its refusal names it" },
	{ "amount", OPT_NUMBER, 0, IN_BODY, NULL, "AMOUNT", "money beyond the limit" },
	{ "tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "tokens beyond the limit" },
	{ "reason", OPT_TEXT, 0, IN_BODY, NULL, "TEXT", "why: the person who grants reads it" },
	{ "expires-at", OPT_TEXT, 0, IN_BODY, NULL, "TIME", "not longer than that; else to the end of the period" },
	{ "context-id", OPT_TEXT, 0, IN_BODY, NULL, "ID", "only for this session" },
	OPTIONS_END
};

static const struct option grant_options[] = {
	{ "id", OPT_TEXT, OPERAND | REQUIRED, IN_PATH, NULL, "APPROVAL_ID", "as 'budget approvals list' shows it" },
	{ "amount", OPT_NUMBER, 0, IN_BODY, NULL, "AMOUNT", "less than was asked for" },
	{ "tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "fewer than were asked for" },
	{ "expires-at", OPT_TEXT, 0, IN_BODY, NULL, "TIME", "sooner than was asked for" },
	{ "note", OPT_TEXT, 0, IN_BODY, NULL, "TEXT", "kept with the decision" },
	OPTIONS_END
};

static const struct option deny_options[] = {
	{ "id", OPT_TEXT, OPERAND | REQUIRED, IN_PATH, NULL, "APPROVAL_ID", "as 'budget approvals list' shows it" },
	{ "note", OPT_TEXT, 0, IN_BODY, NULL, "TEXT", "kept with the decision" },
	OPTIONS_END
};

const struct command approvals_commands[] = {
	{ .name = "list", .about = "who asked for what, newest first", .options = approval_list_options,
	  .method = "GET", .path = "/approvals", .flags = PAGED, .view = &approvals_view,
	  .example = "budget approvals list --state pending" },
	{ .name = "request", .about = "ask for headroom beyond a soft limit", .options = request_options,
	  .method = "POST", .path = "/approvals", .flags = HAS_BODY, .view = &approval_view,
	  .done = "Approval requested with ID: {approval_id}\n"
	    "Someone entitled grants it: budget approvals grant {approval_id}",
	  .example = "budget approvals request 01890a5d-ac96-774b-bcce-b302099a8057 --amount 5 --reason 'release week'" },
	{ .name = "grant", .about = "give it", .options = grant_options, .method = "POST",
	  .path = "/approvals/{id}/grant", .flags = HAS_BODY, .view = &approval_view,
	  .done = "Approval {approval_id} {state}[, until {expires_at:time}]",
	  .example = "budget approvals grant 01890a5d-ac96-774b-bcce-b302099a8057" },
	{ .name = "deny", .about = "refuse it", .options = deny_options, .method = "POST",
	  .path = "/approvals/{id}/deny", .flags = HAS_BODY, .view = &approval_view,
	  .done = "Approval {approval_id} {state}",
	  .example = "budget approvals deny 01890a5d-ac96-774b-bcce-b302099a8057 --note 'next month'" },
	{ 0 }
};
