/* POST /admin/verify and /admin/recalculate: a request proves for some seconds; the next one, with run_id, goes on. */
#include <string.h>

#include "cgi-bin/admin.h"
#include "cgi-bin/fcgi/reply.h"
#include "lib/json.h"
#include "lib/text.h"
#include "lib/verify.h"
#include "lib/words.h"

#define TIME_US_MAX 5000000 /* of one request: well inside what clients and proxies wait for */
#define REPAIR_CALLS_MAX 50

static const struct budget_field verify_fields[] = {
	{ "run_id", FIELD_UUID, .about = "The proof of an answer that was not complete: goes on with it" },
	{ "limit", FIELD_COUNT, .min = 1, .max = 10000, .about = "Differences shown at most (1000)" },
	{ NULL }
};

static const struct budget_field recalculate_fields[] = {
	{ "run_id", FIELD_UUID, .about = "The proof of an answer that was not complete, or of POST /admin/verify" },
	{ "period", FIELD_ENUM, .words = budget_words_period, .about = "Only policies of this period; absent: all" },
	{ "policy_id", FIELD_UUID, .about = "Only this policy" },
	{ "dry_run", FIELD_BOOL, .about = "true: says what would be repaired and changes nothing" },
	{ "reason", FIELD_STRING, .min = 1, .max = 1000, .about = "Kept in the audit log" },
	{ NULL }
};

/* The request's fields with run_id as it is now. */
static const char *
args_with_run(struct request *request, const struct budget_verify *verify)
{
	const char *args = request_args(request);
	struct budget_text text;

	if (args == NULL)
		return NULL;
	budget_text_init(&text, &request->ctx.arena, strlen(args) + 64);
	budget_text_addf(&text, "{\"run_id\":\"%s\"", verify->run_id);
	for (int i = 0; request->values.fields[i].name != NULL; i++) {
		const struct budget_field *field = &request->values.fields[i];
		const char *value = request->values.text[i];

		if (value == NULL || strcmp(field->name, "run_id") == 0)
			continue;
		if (field->type == FIELD_COUNT || field->type == FIELD_BOOL)
			budget_text_member_raw(&text, field->name, value);
		else
			budget_text_member(&text, field->name, value);
	}
	budget_text_add(&text, "}");
	return budget_text_done(&text);
}

static enum budget_status
call(struct request *request, enum budget_statement statement, const struct budget_verify *verify,
    struct budget_reply *ret_reply)
{
	const char *context = request_context(request), *args = args_with_run(request, verify);

	if (context == NULL || args == NULL)
		return budget_fail(&request->ctx, BUDGET_ETOOLARGE, "out_of_memory", NULL, "Not enough memory for the request.");
	return budget_db_call(&request->ctx, statement, context, args, ret_reply);
}

/* Begins or goes on, for as long as one request may take. */
static enum budget_status
prove(struct request *request, struct budget_verify *ret_verify)
{
	const char *run_id = budget_values_get(&request->values, "run_id");

	if (run_id != NULL)
		budget_verify_resume(ret_verify, run_id);
	else
		BUDGET_TRY(budget_verify_begin(&request->ctx, ret_verify));
	return budget_verify_for(&request->ctx, ret_verify, TIME_US_MAX);
}

static enum budget_status
verify_post(struct request *request)
{
	struct budget_verify verify;
	struct budget_reply reply = { 0 };

	BUDGET_TRY(prove(request, &verify));
	BUDGET_TRY(call(request, STMT_VERIFY_GET, &verify, &reply));
	reply_json(request, 0, reply.body);
	return BUDGET_OK;
}

static bool
is_complete(struct request *request, const char *body)
{
	_auto_json_ struct json_object *answer = NULL;

	if (budget_json_parse(&request->ctx, body, strlen(body), &answer) != BUDGET_OK)
		return true;
	const char *text = budget_json_text(&request->ctx, budget_json_get(answer, "is_complete"));
	return text == NULL || strcmp(text, "true") == 0;
}

static enum budget_status
recalculate_post(struct request *request)
{
	struct budget_verify verify;
	struct budget_reply reply = { 0 };

	BUDGET_TRY(prove(request, &verify));
	if (!verify.is_done)
		BUDGET_TRY(call(request, STMT_VERIFY_GET, &verify, &reply));
	for (int i = 0; verify.is_done && i < REPAIR_CALLS_MAX; i++) {
		BUDGET_TRY(call(request, STMT_RECALCULATE, &verify, &reply));
		if (is_complete(request, reply.body))
			break;
	}
	reply_json(request, 0, reply.body);
	return BUDGET_OK;
}

const struct route admin_verify_routes[] = {
	{ .method = "POST", .path = "/admin/verify", .role = BUDGET_ROLE_ADMIN, .body = verify_fields, .run = verify_post,
	  .success = 200, .flags = ROUTE_BODY_OPTIONAL,
	  .about = "Proves counters, holds and references against the records; not complete: send run_id again." },
	{ .method = "POST", .path = "/admin/recalculate", .role = BUDGET_ROLE_ADMIN, .body = recalculate_fields,
	  .run = recalculate_post, .success = 200, .flags = ROUTE_BODY_OPTIONAL,
	  .about = "Proves, then repairs counters and what policies hold, audited; dry_run only says what." },
	{ .method = NULL }
};
