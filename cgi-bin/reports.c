/* Reports: questions over many records, answered in one document. */
#include "cgi-bin/fcgi/serve.h"
#include "cgi-bin/page.h"
#include "lib/words.h"

static const struct budget_field summary_query[] = {
	{ .name = "period", .type = FIELD_ENUM, .words = budget_words_calendar,
	  .about = "the current one, in the budget's zone; dates win over it; the month unless told" },
	RANGE_FIELDS,
	{ .name = "budget_id", .type = FIELD_UUID, .about = "this budget and all below it" },
	{ .name = "provider", .type = FIELD_STRING, .min = 1, .max = 256 },
	{ .name = "model", .type = FIELD_STRING, .min = 1, .max = 256 },
	{ .name = "tier", .type = FIELD_ENUM, .words = budget_words_tier },
	{ .name = "component", .type = FIELD_STRING, .min = 1, .max = 256 },
	{ .name = "task_type", .type = FIELD_STRING, .min = 1, .max = 256 },
	{ .name = "top", .type = FIELD_COUNT, .min = 1, .max = 100,
	  .about = "lines of each list, 5 unless told; the rest are `others`" },
	{ .name = NULL }
};

/* Of the query and of the body alike. */
static const struct budget_field optimize_fields[] = {
	{ .name = "days", .type = FIELD_COUNT, .min = 1, .max = 366, .about = "the last so many days, 30 unless told" },
	{ .name = "budget_id", .type = FIELD_UUID, .about = "this budget and all below it" },
	{ .name = "provider", .type = FIELD_STRING, .min = 1, .max = 256, .about = "only what this one was asked" },
	{ .name = "model", .type = FIELD_STRING, .min = 1, .max = 256, .about = "only this model, by any of its names" },
	{ .name = "component", .type = FIELD_STRING, .min = 1, .max = 256 },
	{ .name = "tier", .type = FIELD_ENUM, .words = budget_words_tier,
	  .about = "of the replacements; that of each model unless told" },
	{ .name = "capability", .type = FIELD_STRING, .min = 1, .max = 200,
	  .about = "what a replacement must be able to do: vision, tools, reasoning, json, …; several with commas" },
	{ .name = "limit", .type = FIELD_COUNT, .min = 1, .max = 1000, .about = "items, 20 unless told" },
	{ .name = NULL }
};

static const struct route routes[] = {
	{ .method = "GET", .path = "/reports", .role = BUDGET_ROLE_VIEWER,
	  .statement = STMT_REPORT_LIST, .success = 200, .about = "Which reports there are, and what each takes." },
	{ .method = "GET", .path = "/reports/summary", .role = BUDGET_ROLE_VIEWER, .query = summary_query,
	  .statement = STMT_REPORT_SUMMARY, .success = 200,
	  .about = "Spend of a period, what it went to, limits, open alerts, and the span before." },
	{ .method = "GET", .path = "/optimize", .role = BUDGET_ROLE_VIEWER, .query = optimize_fields,
	  .statement = STMT_OPTIMIZE, .success = 200,
	  .about = "What would have cost less by one's own traffic: other models, caching, batch; largest saving first." },
	{ .method = "POST", .path = "/optimize", .role = BUDGET_ROLE_VIEWER, .body = optimize_fields,
	  .statement = STMT_OPTIMIZE, .success = 200, .flags = ROUTE_BODY_OPTIONAL, .about = "The same, asked for by body." },
	{ .method = NULL }
};

static const struct route *const tables[] = { routes, NULL };

static const struct program program = { .name = "reports", .about = "reports: summary, what would cost less", .tables = tables };

int
main(int argc, char **argv)
{
	return fcgi_main(&program, argc, argv);
}
