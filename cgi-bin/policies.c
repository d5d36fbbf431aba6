/* Policies, the same seen as limits, and approvals that lift soft ones: sql/functions/{policy,limit,approval}. */
#include "cgi-bin/fcgi/serve.h"
#include "cgi-bin/page.h"
#include "lib/words.h"

#define TOKENS_MAX 1000000000000000
#define WINDOW_SECONDS_MIN 60
#define WINDOW_SECONDS_MAX 31622400

static const struct budget_word approval_states[] = {
	{ "pending", "pending" }, { "granted", "granted" }, { "denied", "denied" }, { "expired", "expired" },
	{ "approved", "granted" }, { NULL, NULL }
};

/* Filters of a policy: absent = any. */
#define FILTER_FIELDS(CLEAR)                                                                                           \
	{ .name = "tier", .type = FIELD_ENUM, .need = CLEAR, .words = budget_words_tier },                                    \
	{ .name = "provider", .type = FIELD_STRING, .need = CLEAR, .min = 1, .about = "in any case" },                        \
	{ .name = "model", .type = FIELD_STRING, .need = CLEAR, .min = 1, .about = "in any case" },                           \
	{ .name = "component", .type = FIELD_STRING, .need = CLEAR, .min = 1 },                                               \
	{ .name = "task_type", .type = FIELD_STRING, .need = CLEAR, .min = 1 }

#define LIMIT_FIELDS(CLEAR)                                                                                            \
	{ .name = "cost_limit", .type = FIELD_MONEY, .need = CLEAR, .about = "null = no limit, 0 = nothing paid" },           \
	{ .name = "token_limit", .type = FIELD_COUNT, .need = CLEAR, .max = TOKENS_MAX },                                     \
	{ .name = "warning_threshold", .type = FIELD_FRACTION, .about = "fraction of the limit, 0.8 unless told" },           \
	{ .name = "action_threshold", .type = FIELD_FRACTION, .about = "fraction of the limit, 0.95 unless told" },           \
	{ .name = "currency", .type = FIELD_STRING, .min = 3, .max = 3, .about = "the budget's; another is refused" }

#define PERIOD_FIELDS(NEED)                                                                                            \
	{ .name = "period", .type = FIELD_ENUM, .need = NEED, .words = budget_words_period },                                 \
	{ .name = "window_seconds", .type = FIELD_COUNT, .min = WINDOW_SECONDS_MIN, .max = WINDOW_SECONDS_MAX,                \
	  .about = "of a rolling period" },                                                                                   \
	{ .name = "type", .type = FIELD_ENUM, .words = budget_words_policy_type,                                              \
	  .about = "follows BUDGET_ENFORCEMENT_LEVEL unless told" }

#define POLICY_QUERY                                                                                                   \
	{ .name = "budget_id", .type = FIELD_UUID },                                                                          \
	{ .name = "type", .type = FIELD_ENUM, .words = budget_words_policy_type },                                            \
	{ .name = "period", .type = FIELD_ENUM, .words = budget_words_period },                                               \
	FILTER_FIELDS(FIELD_OPTIONAL), PAGE_FIELDS

static const struct budget_field limit_query[] = { POLICY_QUERY, { .name = NULL } };

static const struct budget_field list_query[] = {
	POLICY_QUERY,
	{ .name = "enabled", .type = FIELD_BOOL, .about = "both unless told" },
	{ .name = NULL }
};

static const struct budget_field create_fields[] = {
	{ .name = "budget_id", .type = FIELD_UUID, .about = "Default unless told" },
	PERIOD_FIELDS(FIELD_REQUIRED), FILTER_FIELDS(FIELD_OPTIONAL), LIMIT_FIELDS(FIELD_OPTIONAL),
	{ .name = "enabled", .type = FIELD_BOOL },
	{ .name = "metadata", .type = FIELD_OBJECT },
	{ .name = NULL }
};

static const struct budget_field update_fields[] = {
	PERIOD_FIELDS(FIELD_OPTIONAL), FILTER_FIELDS(FIELD_OPTIONAL), LIMIT_FIELDS(FIELD_OPTIONAL),
	{ .name = "enabled", .type = FIELD_BOOL },
	{ .name = "metadata", .type = FIELD_OBJECT },
	{ .name = NULL }
};

static const struct budget_field patch_fields[] = {
	PERIOD_FIELDS(FIELD_OPTIONAL), FILTER_FIELDS(FIELD_NULLABLE), LIMIT_FIELDS(FIELD_NULLABLE),
	{ .name = "enabled", .type = FIELD_BOOL },
	{ .name = "metadata", .type = FIELD_OBJECT, .need = FIELD_NULLABLE },
	{ .name = NULL }
};

static const struct budget_field filter_fields[] = { FILTER_FIELDS(FIELD_OPTIONAL), { .name = NULL } };

static const struct budget_field limit_fields[] = {
	{ .name = "budget_id", .type = FIELD_UUID, .about = "Default unless told" },
	PERIOD_FIELDS(FIELD_REQUIRED), LIMIT_FIELDS(FIELD_OPTIONAL),
	{ .name = "limit", .type = FIELD_MONEY, .same_as = "cost_limit" },
	{ .name = "amount", .type = FIELD_MONEY, .same_as = "cost_limit" },
	{ .name = "filters", .type = FIELD_OBJECT, .fields = filter_fields,
	  .about = "which policy of the period; none = the one without" },
	{ .name = NULL }
};

static const struct budget_field approval_query[] = {
	{ .name = "policy_id", .type = FIELD_UUID },
	{ .name = "budget_id", .type = FIELD_UUID },
	{ .name = "context_id", .type = FIELD_STRING, .min = 1 },
	{ .name = "state", .type = FIELD_ENUM, .words = approval_states },
	PAGE_FIELDS, { .name = NULL }
};

#define APPROVED_MAX 1000000000000
#define APPROVED_FIELDS                                                                                                \
	{ .name = "amount", .type = FIELD_MONEY, .about = "money of headroom" },                                              \
	{ .name = "tokens", .type = FIELD_COUNT, .min = 1, .max = APPROVED_MAX },                                             \
	{ .name = "expires_at", .type = FIELD_TIME, .about = "end of the policy's period unless told; a date: its end" }

static const struct budget_field approval_fields[] = {
	{ .name = "policy_id", .type = FIELD_UUID, .need = FIELD_REQUIRED, .about = "a soft limit" },
	APPROVED_FIELDS,
	{ .name = "reason", .type = FIELD_STRING, .max = 2000 },
	{ .name = "context_id", .type = FIELD_STRING, .min = 1, .about = "headroom for this context only" },
	{ .name = NULL }
};

static const struct budget_field grant_fields[] = {
	APPROVED_FIELDS, { .name = "note", .type = FIELD_STRING, .max = 2000 }, { .name = NULL }
};

static const struct budget_field deny_fields[] = {
	{ .name = "note", .type = FIELD_STRING, .max = 2000 }, { .name = NULL }
};

static const struct route policies[] = {
	{ .method = "GET", .path = "/policies", .role = BUDGET_ROLE_VIEWER, .query = list_query,
	  .statement = STMT_POLICY_LIST, .success = 200, .about = "Lists policies, newest first." },
	{ .method = "POST", .path = "/policies", .role = BUDGET_ROLE_MANAGER, .body = create_fields,
	  .statement = STMT_POLICY_CREATE, .success = 201,
	  .about = "Creates a policy that counts what its current period already holds; a twin is 409 with its policy_id." },
	{ .method = "GET", .path = "/policies/{id}", .role = BUDGET_ROLE_VIEWER,
	  .statement = STMT_POLICY_GET, .success = 200, .about = "One policy." },
	{ .method = "PUT", .path = "/policies/{id}", .role = BUDGET_ROLE_MANAGER, .body = update_fields,
	  .statement = STMT_POLICY_UPDATE, .success = 200, .about = "Changes the members that are named." },
	{ .method = "PATCH", .path = "/policies/{id}", .role = BUDGET_ROLE_MANAGER, .body = patch_fields,
	  .statement = STMT_POLICY_PATCH, .success = 200, .about = "Merge patch: null clears a filter or one of the limits." },
	{ .method = "DELETE", .path = "/policies/{id}", .role = BUDGET_ROLE_MANAGER,
	  .statement = STMT_POLICY_RETIRE, .success = 200, .about = "Disables a policy; its past stays." },
	{ .method = NULL }
};

static const struct route limits[] = {
	{ .method = "GET", .path = "/limits", .role = BUDGET_ROLE_VIEWER, .query = limit_query,
	  .statement = STMT_LIMIT_LIST, .success = 200,
	  .about = "Enabled policies with used, held, remaining and reset of each." },
	{ .method = "POST", .path = "/limits", .role = BUDGET_ROLE_MANAGER, .body = limit_fields,
	  .statement = STMT_LIMIT_SET, .success = 200,
	  .about = "Sets the limit of a budget's period (and filters); makes the policy if absent." },
	{ .method = NULL }
};

static const struct route approvals[] = {
	{ .method = "GET", .path = "/approvals", .role = BUDGET_ROLE_VIEWER, .query = approval_query,
	  .statement = STMT_APPROVAL_LIST, .success = 200, .about = "Lists approvals, newest first." },
	{ .method = "POST", .path = "/approvals", .role = BUDGET_ROLE_SERVICE, .body = approval_fields,
	  .statement = STMT_APPROVAL_CREATE, .success = 201, .about = "Asks for headroom beyond a soft limit." },
	{ .method = "GET", .path = "/approvals/{id}", .role = BUDGET_ROLE_VIEWER,
	  .statement = STMT_APPROVAL_GET, .success = 200, .about = "One approval." },
	{ .method = "POST", .path = "/approvals/{id}/grant", .role = BUDGET_ROLE_MANAGER, .body = grant_fields,
	  .statement = STMT_APPROVAL_GRANT, .success = 200, .flags = ROUTE_BODY_OPTIONAL,
	  .about = "Grants it, or less of it." },
	{ .method = "POST", .path = "/approvals/{id}/deny", .role = BUDGET_ROLE_MANAGER, .body = deny_fields,
	  .statement = STMT_APPROVAL_DENY, .success = 200, .flags = ROUTE_BODY_OPTIONAL, .about = "Denies it." },
	{ .method = NULL }
};

static const struct route *const tables[] = { policies, limits, approvals, NULL };

static const struct program program = {
	.name = "policies", .about = "policies, limits, approvals", .tables = tables
};

int
main(int argc, char **argv)
{
	return fcgi_main(&program, argc, argv);
}
