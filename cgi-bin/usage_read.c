/* Reading usage: records, sums, periods. Linked into the ledger program, which owns the prefix /usage. */
#include "cgi-bin/usage_read.h"

#include "cgi-bin/page.h"
#include "lib/words.h"

/* What a record was: filters that lists and sums share. Names are compared without case. */
#define USAGE_FILTERS                                                                                                  \
	{ .name = "budget_id", .type = FIELD_UUID, .about = "charged to this budget or one below it" },                       \
	{ .name = "context_id", .type = FIELD_STRING, .min = 1, .max = 256 },                                                 \
	{ .name = "task_id", .type = FIELD_STRING, .min = 1, .max = 256 },                                                    \
	{ .name = "allocation_id", .type = FIELD_UUID, .about = "settled from this allocation" },                             \
	{ .name = "component", .type = FIELD_STRING, .min = 1, .max = 256 },                                                  \
	{ .name = "provider", .type = FIELD_STRING, .min = 1, .max = 256 },                                                   \
	{ .name = "model", .type = FIELD_STRING, .min = 1, .max = 256 },                                                      \
	{ .name = "tier", .type = FIELD_ENUM, .words = budget_words_tier },                                                   \
	{ .name = "task_type", .type = FIELD_STRING, .min = 1, .max = 256 },                                                  \
	{ .name = "user_id", .type = FIELD_STRING, .min = 1, .max = 256 },                                                    \
	{ .name = "operation_id", .type = FIELD_STRING, .min = 1, .max = 256 },                                               \
	{ .name = "request_id", .type = FIELD_STRING, .min = 1, .max = 256 },                                                 \
	{ .name = "priced", .type = FIELD_BOOL, .about = "false: only records no price is known for" },                       \
	{ .name = "cause", .type = FIELD_ENUM, .words = causes, .about = "why it was charged as it was" }

static const struct budget_word causes[] = {
	{ "held", "held" }, { "overage", "overage" }, { "unheld", "unheld" }, { "late", "late" },
	{ "hold_unknown", "hold_unknown" }, { "degraded", "degraded" }, { "import", "import" }, { NULL, NULL }
};

static const struct budget_field list_query[] = { USAGE_FILTERS, RANGE_FIELDS, PAGE_FIELDS, { .name = NULL } };

static const struct budget_field summary_fields[] = {
	{ .name = "period", .type = FIELD_ENUM, .words = budget_words_period,
	  .about = "the current one, in the budget's zone; dates win; per_session needs context_id, per_task task_id" },
	USAGE_FILTERS, RANGE_FIELDS, { .name = NULL }
};

static const struct budget_field period_query[] = { USAGE_FILTERS, RANGE_FIELDS, { .name = NULL } };

const struct route usage_read_routes[] = {
	{ .method = "GET", .path = "/usage/records", .role = BUDGET_ROLE_VIEWER, .query = list_query,
	  .statement = STMT_USAGE_LIST, .success = 200, .about = "Lists usage records, newest charged first." },
	{ .method = "GET", .path = "/usage", .role = BUDGET_ROLE_VIEWER, .query = list_query,
	  .statement = STMT_USAGE_LIST, .success = 200, .about = "The same as /usage/records." },
	{ .method = "GET", .path = "/usage/records/{id}", .role = BUDGET_ROLE_VIEWER,
	  .statement = STMT_USAGE_GET, .success = 200, .about = "One usage record, costs as of now." },
	{ .method = "POST", .path = "/usage/summary", .role = BUDGET_ROLE_VIEWER, .body = summary_fields,
	  .statement = STMT_USAGE_SUMMARY, .success = 200, .flags = ROUTE_BODY_OPTIONAL,
	  .about = "Exact sums of tokens and costs, by provider, model, component, task type and tier." },
	{ .method = "GET", .path = "/usage/summary", .role = BUDGET_ROLE_VIEWER, .query = summary_fields,
	  .statement = STMT_USAGE_SUMMARY, .success = 200, .about = "The same, asked for by query." },
	{ .method = "GET", .path = "/usage/{period}", .role = BUDGET_ROLE_VIEWER, .query = period_query,
	  .statement = STMT_USAGE_PERIOD, .success = 200,
	  .about = "The summary of the current hour, day, week, month … lifetime." },
	{ .method = NULL }
};
