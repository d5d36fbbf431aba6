/* Budgets: a tree of what may be spent. The rules are in sql/functions/budget. */
#include "cgi-bin/fcgi/serve.h"
#include "cgi-bin/page.h"
#include "lib/words.h"

static const struct budget_word activity[] = {
	{ "true", "true" }, { "false", "false" }, { "any", "any" }, { "1", "true" }, { "0", "false" }, { "yes", "true" },
	{ "no", "false" }, { "all", "any" }, { NULL, NULL }
};

static const struct budget_word views[] = { { "list", "list" }, { "tree", "tree" }, { NULL, NULL } };

/* Cost limits of a new budget, by period. */
static const struct budget_field limit_fields[] = {
	{ .name = "hourly", .type = FIELD_MONEY }, { .name = "daily", .type = FIELD_MONEY },
	{ .name = "weekly", .type = FIELD_MONEY }, { .name = "monthly", .type = FIELD_MONEY },
	{ .name = "quarterly", .type = FIELD_MONEY }, { .name = "yearly", .type = FIELD_MONEY },
	{ .name = "lifetime", .type = FIELD_MONEY }, { .name = NULL }
};

static const struct budget_field list_query[] = {
	{ .name = "is_active", .type = FIELD_ENUM, .words = activity, .about = "true unless told; any shows retired ones too" },
	{ .name = "owner", .type = FIELD_STRING, .min = 1 },
	{ .name = "name", .type = FIELD_STRING, .min = 1, .about = "exactly this name, in any case" },
	{ .name = "parent_id", .type = FIELD_UUID, .about = "direct children of this budget; with view=tree the branch below it" },
	{ .name = "view", .type = FIELD_ENUM, .words = views,
	  .about = "tree: one item, the root (or parent_id), active children nested in `children`" },
	PAGE_FIELDS, { .name = NULL }
};

/* Fields of POST, PUT and PATCH alike; NULLABLE only where null clears something (PATCH). */
#define BUDGET_FIELDS(CLEAR)                                                                                           \
	{ .name = "description", .type = FIELD_STRING, .need = CLEAR, .max = 4000 },                                          \
	{ .name = "owner", .type = FIELD_STRING, .need = CLEAR, .max = 200 },                                                 \
	{ .name = "parent_id", .type = FIELD_UUID, .need = CLEAR, .about = "Default unless told; nests 8 deep at most" },     \
	{ .name = "metadata", .type = FIELD_OBJECT, .need = CLEAR },                                                          \
	{ .name = "currency", .type = FIELD_STRING, .min = 3, .max = 3, .about = "the tenant's; another is refused" },        \
	{ .name = "time_zone", .type = FIELD_STRING, .min = 1, .max = 64, .about = "IANA name; the parent's unless told" },   \
	{ .name = "week_start", .type = FIELD_COUNT, .min = 1, .max = 7, .about = "1 = Monday" },                             \
	{ .name = "month_reset_day", .type = FIELD_COUNT, .min = 1, .max = 31, .about = "31 = the last day" },                \
	{ .name = "reach", .type = FIELD_ENUM, .words = budget_words_reach,                                                   \
	  .about = "what filtered policies count: all of the tenant's traffic, or what names this budget or one below it" },  \
	{ .name = "fail_mode", .type = FIELD_ENUM, .words = budget_words_fail_mode,                                           \
	  .about = "what a check answers while the database is away" },                                                       \
	{ .name = "hold_basis", .type = FIELD_ENUM, .words = budget_words_hold_basis,                                         \
	  .about = "what a request holds: its upper bound, or the plain estimate" },                                          \
	{ .name = "allow_free_models", .type = FIELD_BOOL, .about = "requests of cost 0 pass cost limits" }

static const struct budget_field create_fields[] = {
	{ .name = "name", .type = FIELD_STRING, .need = FIELD_REQUIRED, .min = 1, .max = 200 },
	BUDGET_FIELDS(FIELD_OPTIONAL),
	{ .name = "limits", .type = FIELD_OBJECT, .fields = limit_fields,
	  .about = "{\"daily\": 5, …}: a cost policy each, of the type BUDGET_ENFORCEMENT_LEVEL says" },
	{ .name = NULL }
};

static const struct budget_field update_fields[] = {
	{ .name = "name", .type = FIELD_STRING, .min = 1, .max = 200 },
	BUDGET_FIELDS(FIELD_OPTIONAL),
	{ .name = "is_active", .type = FIELD_BOOL, .about = "false retires it, true brings it back" },
	{ .name = NULL }
};

static const struct budget_field patch_fields[] = {
	{ .name = "name", .type = FIELD_STRING, .min = 1, .max = 200 },
	BUDGET_FIELDS(FIELD_NULLABLE),
	{ .name = "is_active", .type = FIELD_BOOL, .about = "false retires it, true brings it back" },
	{ .name = NULL }
};

static const struct budget_field policies_query[] = {
	{ .name = "period", .type = FIELD_ENUM, .words = budget_words_period },
	{ .name = "type", .type = FIELD_ENUM, .words = budget_words_policy_type },
	{ .name = "enabled", .type = FIELD_BOOL, .about = "both unless told" },
	PAGE_FIELDS, { .name = NULL }
};

static const struct budget_field allocations_query[] = {
	{ .name = "is_active", .type = FIELD_BOOL, .about = "true unless told" }, PAGE_FIELDS, { .name = NULL }
};

static const struct budget_field summary_query[] = {
	{ .name = "period", .type = FIELD_ENUM, .words = budget_words_period,
	  .about = "all periods that have a policy unless told" },
	{ .name = NULL }
};

#define TOKENS_MAX 1000000000000LL
#define TTL_MAX_SECONDS (10 * 366L * 86400)

static const struct budget_field delegation_fields[] = {
	{ .name = "name", .type = FIELD_STRING, .min = 1, .max = 200, .about = "makes a new child of that name" },
	{ .name = "budget_id", .type = FIELD_UUID, .about = "or names a child that has no slice" },
	{ .name = "cost", .type = FIELD_MONEY, .about = "money of the slice" },
	{ .name = "tokens", .type = FIELD_COUNT, .max = TOKENS_MAX, .about = "tokens of the slice, instead or besides" },
	{ .name = "expires_at", .type = FIELD_TIME, .about = "what is left then is the parent's again; never unless told" },
	{ .name = "ttl_seconds", .type = FIELD_COUNT, .min = 1, .max = TTL_MAX_SECONDS, .about = "or so long from now" },
	{ .name = "allocation_id", .type = FIELD_UUID, .about = "the slice's id, made by the client (UUIDv7): safe to repeat" },
	{ .name = "description", .type = FIELD_STRING, .max = 4000, .about = "of the new child" },
	{ .name = "owner", .type = FIELD_STRING, .max = 200, .about = "of the new child" },
	{ .name = "metadata", .type = FIELD_OBJECT, .about = "of the new child" },
	{ .name = NULL }
};

static const struct budget_field delegations_query[] = {
	{ .name = "state", .type = FIELD_ENUM, .words = budget_words_hold_state, .about = "all unless told" },
	PAGE_FIELDS, { .name = NULL }
};

static const struct budget_field no_fields[] = { { .name = NULL } };

static const struct route routes[] = {
	{ .method = "GET", .path = "/budgets", .role = BUDGET_ROLE_VIEWER, .query = list_query,
	  .statement = STMT_BUDGET_LIST, .success = 200, .about = "Lists active budgets, newest first; view=tree nests them." },
	{ .method = "POST", .path = "/budgets", .role = BUDGET_ROLE_MANAGER, .body = create_fields,
	  .statement = STMT_BUDGET_CREATE, .success = 201, .about = "Creates a budget, with cost limits by period if given." },
	{ .method = "GET", .path = "/budgets/{id}", .role = BUDGET_ROLE_VIEWER,
	  .statement = STMT_BUDGET_GET, .success = 200, .about = "One budget with its enabled policies." },
	{ .method = "PUT", .path = "/budgets/{id}", .role = BUDGET_ROLE_MANAGER, .body = update_fields,
	  .statement = STMT_BUDGET_UPDATE, .success = 200, .about = "Changes the members that are named." },
	{ .method = "PATCH", .path = "/budgets/{id}", .role = BUDGET_ROLE_MANAGER, .body = patch_fields,
	  .statement = STMT_BUDGET_PATCH, .success = 200, .about = "Merge patch: null clears, metadata is merged." },
	{ .method = "DELETE", .path = "/budgets/{id}", .role = BUDGET_ROLE_MANAGER,
	  .statement = STMT_BUDGET_RETIRE, .success = 200,
	  .about = "Retires a budget: it and its policies stop counting, nothing is lost." },
	{ .method = "GET", .path = "/budgets/{id}/policies", .role = BUDGET_ROLE_VIEWER, .query = policies_query,
	  .statement = STMT_BUDGET_POLICIES, .success = 200, .about = "The budget's policies, newest first." },
	{ .method = "GET", .path = "/budgets/{id}/allocations", .role = BUDGET_ROLE_VIEWER, .query = allocations_query,
	  .statement = STMT_BUDGET_ALLOCATIONS, .success = 200, .about = "Allocations charged to the budget, newest first." },
	{ .method = "GET", .path = "/budgets/{id}/summary", .role = BUDGET_ROLE_VIEWER, .query = summary_query,
	  .statement = STMT_BUDGET_SUMMARY, .success = 200,
	  .about = "Used, held, left and reset of each policy of the budget; plain totals where no policy covers the period." },
	{ .method = "GET", .path = "/budgets/{id}/delegations", .role = BUDGET_ROLE_VIEWER, .query = delegations_query,
	  .statement = STMT_DELEGATION_LIST, .success = 200, .about = "Slices that the budget has given to its children." },
	{ .method = "POST", .path = "/budgets/{id}/delegations", .role = BUDGET_ROLE_MANAGER, .body = delegation_fields,
	  .statement = STMT_DELEGATION_CREATE, .success = 201,
	  .about = "Holds a slice of the budget for a child, new or named, whose own limit it is; 402 when it does not fit." },
	{ .method = "POST", .path = "/budgets/{id}/close", .role = BUDGET_ROLE_MANAGER, .body = no_fields,
	  .statement = STMT_BUDGET_CLOSE, .success = 200, .flags = ROUTE_BODY_OPTIONAL,
	  .about = "Retires a budget and returns what is left of its slice; 409 while something is held in it." },
	{ .method = NULL }
};

static const struct route *const tables[] = { routes, NULL };

static const struct program program = {
	.name = "budgets", .about = "budgets: list, tree, change, summary", .tables = tables
};

int
main(int argc, char **argv)
{
	return fcgi_main(&program, argc, argv);
}
