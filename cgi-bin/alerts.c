/* Alerts: raised by the ledger where a limit is crossed (sql/functions/alert/alert_cross.sql); read and closed here. */
#include "cgi-bin/fcgi/serve.h"
#include "cgi-bin/page.h"
#include "lib/words.h"

static const struct budget_word types[] = {
	{ "cost_limit_approaching", "cost_limit_approaching" }, { "cost_limit_exceeded", "cost_limit_exceeded" },
	{ "token_limit_approaching", "token_limit_approaching" }, { "token_limit_exceeded", "token_limit_exceeded" },
	{ "job_failed", "job_failed" }, { "drift_found", "drift_found" }, { "price_changed", "price_changed" },
	{ "price_conflict", "price_conflict" }, { NULL, NULL }
};

static const struct budget_word levels[] = {
	{ "warning", "warning" }, { "action", "action" }, { "limit", "limit" }, { "system", "system" }, { NULL, NULL }
};

static const struct budget_field list_query[] = {
	{ .name = "budget_id", .type = FIELD_UUID, .about = "of this budget or one below it" },
	{ .name = "policy_id", .type = FIELD_UUID },
	{ .name = "severity", .type = FIELD_ENUM, .words = budget_words_severity },
	{ .name = "type", .type = FIELD_ENUM, .words = types },
	{ .name = "level", .type = FIELD_ENUM, .words = levels },
	{ .name = "acknowledged", .type = FIELD_BOOL },
	{ .name = "resolved", .type = FIELD_BOOL, .about = "its period is over, or its limit was changed" },
	RANGE_FIELDS, PAGE_FIELDS, { .name = NULL }
};

/* Tekton asks by query, others by body. */
static const struct budget_field check_fields[] = {
	{ .name = "budget_id", .type = FIELD_UUID, .about = "only limits of this budget or one below it" },
	{ .name = "period", .type = FIELD_ENUM, .words = budget_words_period, .about = "only limits of this period" },
	{ .name = NULL }
};

/* Nothing to say but the act itself; {} is welcome. */
static const struct budget_field no_fields[] = { { .name = NULL } };

static const struct route routes[] = {
	{ .method = "GET", .path = "/alerts", .role = BUDGET_ROLE_VIEWER, .query = list_query,
	  .statement = STMT_ALERT_LIST, .success = 200, .about = "Lists alerts, newest first." },
	{ .method = "POST", .path = "/alerts/check", .role = BUDGET_ROLE_MANAGER, .query = check_fields, .body = check_fields,
	  .statement = STMT_ALERT_CHECK, .success = 200, .flags = ROUTE_BODY_OPTIONAL,
	  .about = "Raises what the counters say is crossed and not yet raised; answers the new alerts." },
	{ .method = "GET", .path = "/alerts/{id}", .role = BUDGET_ROLE_VIEWER,
	  .statement = STMT_ALERT_GET, .success = 200, .about = "One alert." },
	{ .method = "PUT", .path = "/alerts/{id}/dismiss", .role = BUDGET_ROLE_MANAGER, .body = no_fields,
	  .statement = STMT_ALERT_ACKNOWLEDGE, .success = 200, .flags = ROUTE_BODY_OPTIONAL,
	  .about = "Marks it as seen; again: answers who was first." },
	{ .method = "POST", .path = "/alerts/{id}/acknowledge", .role = BUDGET_ROLE_MANAGER, .body = no_fields,
	  .statement = STMT_ALERT_ACKNOWLEDGE, .success = 200, .flags = ROUTE_BODY_OPTIONAL, .about = "The same as dismiss." },
	{ .method = NULL }
};

static const struct route *const tables[] = { routes, NULL };

static const struct program program = {
	.name = "alerts", .about = "alerts: list, read, acknowledge, check", .tables = tables
};

int
main(int argc, char **argv)
{
	return fcgi_main(&program, argc, argv);
}
