/* One request from head to reply: every refusal that needs no handler is made here, in one order. */
#include <stdio.h>
#include <string.h>

#include "cgi-bin/fcgi/auth.h"
#include "cgi-bin/fcgi/body.h"
#include "cgi-bin/fcgi/config.h"
#include "cgi-bin/fcgi/guard.h"
#include "cgi-bin/fcgi/reply.h"
#include "cgi-bin/fcgi/request.h"
#include "cgi-bin/fcgi/serve.h"
#include "lib/json.h"
#include "lib/log.h"

/* What a reply may need when the request has filled the arena: the problem must still be said. */
enum { REPLY_ROOM_BYTES = 64 * 1024 };

static enum budget_status
find_route(struct request *request)
{
	struct route_match match;

	BUDGET_TRY(route_find(request->program->tables, request, &match));
	if (match.path_route == NULL)
		return budget_fail(&request->ctx, BUDGET_ENOTFOUND, "not_found", NULL,
		    "Nothing is at this path: the API begins at /api/v1 and is described at /openapi.json.");
	if (match.route == NULL && strcmp(request->method, "OPTIONS") != 0) {
		const char *allow = route_allow(request->program->tables, request);

		request->route = match.path_route;
		reply_header(request, "Allow", allow);
		return budget_fail(&request->ctx, BUDGET_EMETHOD, "method_not_allowed", NULL, "This path takes %s, not %.16s.",
		    allow != NULL ? allow : "other methods", request->method);
	}
	request->route = match.route != NULL ? match.route : match.path_route;
	return BUDGET_OK;
}

/* A refusal by policy comes as a decision, not as an exception: what it wrote (the first alert of a period) stays. */
static enum budget_status
refuse(struct request *request, const char *body)
{
	_auto_json_ struct json_object *decision = NULL;
	const char *word, *reason;

	if (body == NULL)
		return budget_fail(&request->ctx, BUDGET_EBUG, "internal_error", NULL, "This is our fault, not yours.");
	BUDGET_TRY(budget_json_parse(&request->ctx, body, strlen(body), &decision));
	word = budget_json_text(&request->ctx, budget_json_get(decision, "decision"));
	reason = budget_json_text(&request->ctx, budget_json_get(decision, "reason"));
	budget_fail(&request->ctx, BUDGET_EDENIED,
	    word != NULL && strcmp(word, "approval_required") == 0 ? "approval_required" : "insufficient_budget", NULL, "%s",
	    reason != NULL ? reason : "A policy does not leave room for this.");
	request->ctx.error.extra = body;
	return BUDGET_EDENIED;
}

/* A row that names a statement: SQL answers. */
static enum budget_status
call_function(struct request *request)
{
	const char *context = request_context(request), *args = request_args(request);
	struct budget_reply answer = { .status = 0 };

	if (context == NULL || args == NULL)
		return budget_fail_memory(&request->ctx);
	BUDGET_TRY(budget_db_call(&request->ctx, request->route->statement, context, args, &answer));
	if (answer.status == 402)
		return refuse(request, answer.body);
	reply_json(request, answer.status, answer.body);
	request->reply->etag = answer.etag;
	return BUDGET_OK;
}

static enum budget_status
serve(struct request *request)
{
	BUDGET_TRY(request_read_head(request));
	BUDGET_TRY(guard_origin(request));
	BUDGET_TRY(find_route(request));
	if (strcmp(request->method, "OPTIONS") == 0) {
		guard_preflight(request);
		return BUDGET_OK;
	}
	BUDGET_TRY(auth_check(request));
	if ((request->route->flags & ROUTE_LARGE) != 0)
		request->ctx.arena.cap_bytes = config.arena_large_max_bytes;
	BUDGET_TRY(budget_fields_query(&request->ctx, request->route->query, request->query_string, &request->query));
	BUDGET_TRY(body_read(request));
	return request->route->run != NULL ? request->route->run(request) : call_function(request);
}

static void
log_failure(const struct request *request)
{
	const struct budget_error *error = &request->ctx.error;

	if (error->internal == NULL && error->status != BUDGET_EBUG)
		return;
	budget_log(error->status == BUDGET_EBUG ? BUDGET_LOG_ERROR : BUDGET_LOG_WARNING,
	    error->status == BUDGET_EBUG ? "api" : "database", "%s %s: %s (%s)", request->method, request->uri_path,
	    error->internal != NULL ? error->internal : error->detail, error->code);
}

void
fcgi_exchange(struct request *request)
{
	enum budget_status status = serve(request);
	struct reply *reply = request->reply;

	request->ctx.arena.cap_bytes += REPLY_ROOM_BYTES;
	if (status != BUDGET_OK) {
		log_failure(request);
		reply_problem(request);
	}
	if (reply->status == 0)
		reply->status = request->route->success != 0 ? request->route->success : 200;
	if (status == BUDGET_OK)
		reply_match(request);
}
