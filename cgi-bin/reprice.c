/*
 * Corrections of costs: POST /prices/reprice begins a run and steps it for as long as a request may take; the job
 * `reprice` goes on with what is left. GET shows how far it is, undo takes it back: sql/functions/reprice.
 */
#include <string.h>

#include "cgi-bin/fcgi/reply.h"
#include "cgi-bin/page.h"
#include "cgi-bin/prices.h"
#include "lib/json.h"
#include "lib/reprice.h"

#define TIME_US_MAX 3000000 /* of one request: well inside what clients and proxies wait for */
#define NAME_MAX_BYTES 300

static const struct budget_word price_words[] = {
	{ "own_time", "own_time" }, { "history", "own_time" }, { "current", "current" }, { "today", "current" }, { NULL, NULL }
};
static const struct budget_word kinds[] = {
	{ "reprice", "reprice" }, { "true_up", "true_up" }, { "undo", "undo" }, { NULL, NULL }
};
static const struct budget_word states[] = {
	{ "running", "running" }, { "done", "done" }, { "stopped", "stopped" }, { NULL, NULL }
};

static const struct budget_field reprice_fields[] = {
	{ .name = "provider", .type = FIELD_STRING, .min = 1, .max = NAME_MAX_BYTES, .about = "any of its names" },
	{ .name = "model", .type = FIELD_STRING, .min = 1, .max = NAME_MAX_BYTES, .about = "any of its names" },
	{ .name = "since", .type = FIELD_TIME, .about = "charged from this day or instant on; all of the past unless told" },
	{ .name = "until", .type = FIELD_TIME, .about = "to this day (included) or instant (excluded); now unless told" },
	{ .name = "budget_id", .type = FIELD_UUID, .about = "charged to this budget or below" },
	{ .name = "component", .type = FIELD_STRING, .min = 1, .max = 256 },
	{ .name = "unpriced", .type = FIELD_BOOL, .about = "true: only records that have no price yet" },
	{ .name = "price", .type = FIELD_ENUM, .words = price_words,
	  .about = "own_time (unless told): in force when a record happened, as the history says now; current: today's" },
	{ .name = "dry_run", .type = FIELD_BOOL, .about = "true: says what would differ, by budget and model" },
	{ .name = "reason", .type = FIELD_STRING, .min = 1, .max = 1000, .about = "kept with the run and in the audit log" },
	{ .name = NULL }
};

static const struct budget_field undo_fields[] = {
	{ .name = "reason", .type = FIELD_STRING, .min = 1, .max = 1000 }, { .name = NULL }
};

static const struct budget_field list_query[] = {
	{ .name = "kind", .type = FIELD_ENUM, .words = kinds },
	{ .name = "state", .type = FIELD_ENUM, .words = states },
	{ .name = "dry_run", .type = FIELD_BOOL, .about = "true: dry runs instead (kept for 7 days)" },
	PAGE_FIELDS, { .name = NULL }
};

static enum budget_status
member(struct request *request, const char *body, const char *name, const char **ret_text)
{
	_auto_json_ struct json_object *answer = NULL;

	BUDGET_TRY(budget_json_parse(&request->ctx, body, strlen(body), &answer));
	*ret_text = budget_json_text(&request->ctx, budget_json_get(answer, name));
	return *ret_text ? BUDGET_OK
	    : budget_fail(&request->ctx, BUDGET_EBUG, "no_member", NULL, "The answer of a run has no %s.", name);
}

/* Steps the run that `begun` shows and answers it as it stands then: 200 when it has ended, else 202. */
static enum budget_status
go_on(struct request *request, const char *begun)
{
	struct budget_ctx *ctx = &request->ctx;
	struct budget_reply reply = { 0 };
	const char *run_id, *state, *context = request_context(request);

	BUDGET_TRY(member(request, begun, "run_id", &run_id));
	BUDGET_TRY(budget_reprice_for(ctx, run_id, TIME_US_MAX));
	const char *args = budget_arena_printf(&ctx->arena, "{\"id\":\"%s\"}", run_id);
	if (!context || !args)
		return budget_fail_memory(ctx);
	BUDGET_TRY(budget_db_call(ctx, STMT_REPRICE_GET, context, args, &reply));
	BUDGET_TRY(member(request, reply.body, "state", &state));
	if (strcmp(state, "running") == 0)
		reply_header(request, "Retry-After", "15");
	reply_json(request, strcmp(state, "running") == 0 ? 202 : 200, reply.body);
	return BUDGET_OK;
}

static enum budget_status
begin(struct request *request, enum budget_statement statement)
{
	const char *context = request_context(request), *args = request_args(request);
	struct budget_reply begun = { 0 };

	if (!context || !args)
		return budget_fail_memory(&request->ctx);
	BUDGET_TRY(budget_db_call(&request->ctx, statement, context, args, &begun));
	return go_on(request, begun.body);
}

static enum budget_status
reprice_post(struct request *request)
{
	return begin(request, STMT_REPRICE_BEGIN);
}

static enum budget_status
undo_post(struct request *request)
{
	return begin(request, STMT_REPRICE_UNDO);
}

const struct route reprice_routes[] = {
	{ .method = "GET", .path = "/prices/reprice", .role = BUDGET_ROLE_VIEWER, .query = list_query,
	  .statement = STMT_REPRICE_LIST, .success = 200, .about = "Runs that corrected costs, newest first." },
	{ .method = "POST", .path = "/prices/reprice", .role = BUDGET_ROLE_MANAGER, .body = reprice_fields,
	  .run = reprice_post, .success = 200, .flags = ROUTE_BODY_OPTIONAL,
	  .about = "Corrects what records cost by today's price history; 202: it is long, a job goes on with it." },
	{ .method = "GET", .path = "/prices/reprice/{id}", .role = BUDGET_ROLE_VIEWER,
	  .statement = STMT_REPRICE_GET, .success = 200,
	  .about = "A run: how far it is, what it changed by budget and model." },
	{ .method = "POST", .path = "/prices/reprice/{id}/undo", .role = BUDGET_ROLE_MANAGER, .body = undo_fields,
	  .run = undo_post, .success = 200, .flags = ROUTE_BODY_OPTIONAL,
	  .about = "Takes a run back: every sum is what it was before; again: the same undo." },
	{ .method = NULL }
};
