/* allocate: money and tokens held for work to come. */
#include "clients/cli/cli.h"

static const struct column allocation_columns[] = {
	{ "Allocation", "allocation_id", CELL_ID, 0 },
	{ "State", "state", CELL_TEXT, 0 },
	{ "Context", "context_id", CELL_TEXT, FLEX },
	{ "Component", "component", CELL_TEXT, FLEX },
	{ "Provider", "provider", CELL_TEXT, SPARE | FLEX },
	{ "Model", "model", CELL_TEXT, SPARE | FLEX },
	{ "Tokens held", "tokens_allocated", CELL_COUNT, 0 },
	{ "Used", "tokens_used", CELL_COUNT, 0 },
	{ "Left", "remaining_tokens", CELL_COUNT, 0 },
	{ "Est. cost", "estimated_cost", CELL_MONEY, 0 },
	{ "Held cost", "held_cost", CELL_MONEY, WIDE },
	{ "Expires", "expires_at", CELL_TIME, WIDE },
	COLUMNS_END
};

static const struct view allocations_view = {
	"items", allocation_columns,
	"No live allocations. Hold some: budget allocate create --help (past ones: --state released)"
};

static const struct column card_columns[] = {
	{ "Allocation", "allocation_id", CELL_ID, 0 },
	{ "State", "state", CELL_TEXT, 0 },
	{ "Budget", "budget_id", CELL_ID, 0 },
	{ "Context", "context_id", CELL_TEXT, SPARE },
	{ "Task", "task_id", CELL_TEXT, SPARE },
	{ "Component", "component", CELL_TEXT, 0 },
	{ "Tier", "tier", CELL_TEXT, SPARE },
	{ "Provider", "provider", CELL_TEXT, SPARE },
	{ "Model", "model", CELL_TEXT, SPARE },
	{ "Task type", "task_type", CELL_TEXT, 0 },
	{ "Priority", "priority", CELL_COUNT, 0 },
	{ "Tokens held", "tokens_allocated", CELL_COUNT, 0 },
	{ "Tokens used", "tokens_used", CELL_COUNT, 0 },
	{ "Tokens left", "remaining_tokens", CELL_COUNT, 0 },
	{ "Estimated cost", "estimated_cost", CELL_MONEY, SPARE },
	{ "Held cost", "held_cost", CELL_MONEY, SPARE },
	{ "Cost left", "remaining_cost", CELL_MONEY, SPARE },
	{ "Actual cost", "actual_cost", CELL_MONEY, SPARE },
	{ "Created", "creation_time", CELL_TIME, 0 },
	{ "Expires", "expires_at", CELL_TIME, 0 },
	{ "Resolved", "resolved_at", CELL_TIME, SPARE },
	COLUMNS_END
};

static const struct view allocation_view = { NULL, card_columns, NULL };

static const struct option create_options[] = {
	{ "context-id", OPT_TEXT, 0, IN_BODY, NULL, "ID",
	  "session the work belongs to; records of it find this hold by themselves" },
	{ "component", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "who will use it" },
	{ "tokens", OPT_COUNT, 0, IN_BODY, "tokens_allocated", "N", "tokens to hold" },
	{ "input-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "with --max-output-tokens instead of --tokens: holds less" },
	{ "max-output-tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "the most the model may answer" },
	{ "cost", OPT_NUMBER, 0, IN_BODY, NULL, "AMOUNT", "money to hold, instead of or besides tokens" },
	{ "provider", OPT_TEXT, 0, IN_BODY, NULL, "NAME",
	  "without provider and model the dearest that may be meant is held" },
	{ "model", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "model that will be called" },
	{ "tier", OPT_TEXT, 0, IN_BODY, NULL, "TIER", "local_lightweight, local_midweight, remote_heavyweight" },
	{ "task-type", OPT_TEXT, 0, IN_BODY, NULL, "NAME", "what for (default)" },
	{ "task-id", OPT_TEXT, 0, IN_BODY, NULL, "ID", "task, for limits per task" },
	{ "priority", OPT_COUNT, 0, IN_BODY, NULL, "1-10", "kept with the hold (5); bypasses nothing" },
	{ "budget", OPT_BUDGET, 0, IN_BODY, "budget_id", "BUDGET", "charge this budget (name or id)" },
	{ "ttl", OPT_COUNT, 0, IN_BODY, "ttl_seconds", "SECONDS", "expires by itself after that (86400)" },
	{ "expires-at", OPT_TEXT, 0, IN_BODY, NULL, "TIME", "or at that time" },
	{ "final", OPT_FLAG, 0, IN_BODY, NULL, NULL, "the first record settles it and releases the rest" },
	{ "metadata", OPT_JSON, 0, IN_BODY, NULL, "JSON", "an object of your own" },
	{ "allocation-id", OPT_TEXT, MADE, IN_BODY, NULL, "UUID", "makes a repeat safe (made if absent)" },
	OPTIONS_END
};

static const struct option list_options[] = {
	{ "context-id", OPT_TEXT, 0, IN_QUERY, NULL, "ID", "only of this session" },
	{ "component", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only of this component" },
	{ "provider", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only for this provider" },
	{ "model", OPT_TEXT, 0, IN_QUERY, NULL, "NAME", "only for this model" },
	{ "budget", OPT_BUDGET, 0, IN_QUERY, "budget_id", "BUDGET", "only of this budget (name or id)" },
	{ "state", OPT_TEXT, 0, IN_QUERY, NULL, "STATE", "live (the default), settled, released or expired ones" },
	OPTIONS_END
};

static const struct option id_options[] = {
	{ "id", OPT_TEXT, OPERAND | REQUIRED, IN_PATH, NULL, "ALLOCATION_ID", "as 'budget allocate list' shows it" },
	OPTIONS_END
};

static const struct option extend_options[] = {
	{ "id", OPT_TEXT, OPERAND | REQUIRED, IN_PATH, NULL, "ALLOCATION_ID", "as 'budget allocate list' shows it" },
	{ "ttl", OPT_COUNT, 0, IN_BODY, "ttl_seconds", "SECONDS", "live at least so long from now" },
	{ "tokens", OPT_COUNT, 0, IN_BODY, NULL, "N", "hold so many in all, used ones included; the cost follows" },
	{ "cost", OPT_NUMBER, 0, IN_BODY, NULL, "AMOUNT", "hold so much money in all, used included" },
	OPTIONS_END
};

const struct command allocate_commands[] = {
	{ .name = "create", .about = "hold tokens or money (exit 2: a policy refuses)", .options = create_options,
	  .method = "POST", .path = "/allocations", .flags = HAS_BODY, .view = &allocation_view,
	  .done = "Allocation created with ID: {allocation_id}\nTokens allocated: {tokens_allocated:count}"
	    "[\nEstimated cost: {estimated_cost:money}]"
	  "[\nHeld: {held_cost:money}]\nExpires: {expires_at:time}",
	  .example = "budget allocate create --context-id s1 --component rhetor --tokens 2000 --model gpt-4o" },
	{ .name = "list", .about = "live allocations, newest first", .options = list_options, .method = "GET",
	  .path = "/allocations", .flags = PAGED, .view = &allocations_view,
	  .example = "budget allocate list --component rhetor" },
	{ .name = "show", .about = "one allocation", .options = id_options, .method = "GET",
	  .path = "/allocations/{id}", .view = &allocation_view,
	  .example = "budget allocate show 01890a5d-ac96-774b-bcce-b302099a8057" },
	{ .name = "release", .about = "give back what is left of it", .options = id_options, .method = "POST",
	  .path = "/allocations/{id}/release", .flags = HAS_BODY, .view = &allocation_view,
	  .done = "Allocation {allocation_id} {state}\nTokens released: {tokens_released:count}"
	    "[\nCost released: {cost_released:money}]",
	  .example = "budget allocate release 01890a5d-ac96-774b-bcce-b302099a8057" },
	{ .name = "extend", .about = "let it live longer, or hold more or less (exit 2: refused)", .options = extend_options, .method = "POST",
	  .path = "/allocations/{id}/extend", .flags = HAS_BODY, .view = &allocation_view,
	  .done = "Allocation {allocation_id} lives until {expires_at:time}[\nHeld: {held_cost:money}]",
	  .example = "budget allocate extend 01890a5d-ac96-774b-bcce-b302099a8057 --ttl 3600" },
	{ 0 }
};
