/* /allocations: money held for a context, released, extended, shown. */
#include <string.h>

#include "cgi-bin/degraded.h"
#include "cgi-bin/ledger.h"
#include "cgi-bin/page.h"
#include "lib/words.h"

#define TOKENS_MAX 1000000000000LL
#define TTL_MAX_SECONDS (366L * 86400)

static const struct budget_field allocation_fields[] = {
	{ "allocation_id", FIELD_UUID, .about = "The allocation's id, made by the client (UUIDv7), so that a retry is safe" },
	{ "budget_id", FIELD_UUID, .about = "Budget to charge; absent: the key's, else Default" },
	{ "context_id", FIELD_STRING, .min = 1, .max = 256, .about = "Session; records of the same context settle the allocation" },
	{ "task_id", FIELD_STRING, .min = 1, .max = 256, .about = "Task; per_task policies count it" },
	{ "component", FIELD_STRING, .min = 1, .max = 128, .about = "Who asks" },
	{ "tokens_allocated", FIELD_COUNT, .max = TOKENS_MAX, .about = "Tokens to hold; their cost is held at the dearest class of the model" },
	{ "tokens", FIELD_COUNT, .max = TOKENS_MAX, .same_as = "tokens_allocated", .about = "Another spelling of tokens_allocated" },
	{ "cost", FIELD_MONEY, .about = "Money to hold, instead of or beside tokens" },
	{ "input_tokens", FIELD_COUNT, .max = TOKENS_MAX, .about = "Tokens of the prompt, with max_output_tokens instead of tokens_allocated" },
	{ "max_output_tokens", FIELD_COUNT, .max = TOKENS_MAX, .about = "Most tokens the answer may have" },
	{ "expected_tokens_used", FIELD_COUNT, .max = TOKENS_MAX, .about = "Accepted for Tekton clients; not used" },
	{ "provider", FIELD_STRING, .min = 1, .max = 64, .about = "Provider; absent: every provider's policies count it" },
	{ "model", FIELD_STRING, .min = 1, .max = 256, .about = "Model; absent: held at the dearest candidate" },
	{ "tier", FIELD_ENUM, .words = budget_words_tier, .about = "Tier; absent: derived from the model" },
	{ "service_tier", FIELD_STRING, .min = 1, .max = 32, .about = "standard, batch, flex, priority" },
	{ "task_type", FIELD_STRING, .min = 1, .max = 128, .about = "What for" },
	{ "priority", FIELD_COUNT, .min = 1, .max = 10, .about = "1 to 10, kept; bypasses nothing" },
	{ "ttl_seconds", FIELD_COUNT, .min = 1, .max = TTL_MAX_SECONDS, .about = "How long it lives (24 hours)" },
	{ "expires_at", FIELD_TIME, .about = "When it ends, instead of ttl_seconds" },
	{ "expiration_time", FIELD_TIME, .same_as = "expires_at", .about = "Another spelling of expires_at" },
	{ "final", FIELD_BOOL, .about = "true: the first record settles it and frees the rest (false)" },
	{ "metadata", FIELD_OBJECT, .max = 16384, .about = "Anything, kept with it" },
	{ NULL }
};

static const struct budget_field extend_fields[] = {
	{ "ttl_seconds", FIELD_COUNT, .min = 1, .max = TTL_MAX_SECONDS, .about = "Lives at least so long from now; never shortens" },
	{ "tokens", FIELD_COUNT, .max = TOKENS_MAX, .about = "Tokens it holds in all, used ones included; its cost follows unless named" },
	{ "tokens_allocated", FIELD_COUNT, .max = TOKENS_MAX, .same_as = "tokens", .about = "Another spelling of tokens" },
	{ "cost", FIELD_MONEY, .about = "Money it holds in all, used included: more is admitted like a new hold, less frees the rest" },
	{ NULL }
};

static const struct budget_field no_fields[] = { { NULL } };

static const struct budget_field list_query[] = {
	{ "context_id", FIELD_STRING, .min = 1, .max = 256 },
	{ "component", FIELD_STRING, .min = 1, .max = 128 },
	{ "tier", FIELD_ENUM, .words = budget_words_tier },
	{ "provider", FIELD_STRING, .min = 1, .max = 64 },
	{ "model", FIELD_STRING, .min = 1, .max = 256 },
	{ "task_type", FIELD_STRING, .min = 1, .max = 128 },
	{ "budget_id", FIELD_UUID, .about = "This budget or one below it" },
	{ "state", FIELD_ENUM, .words = budget_words_hold_state },
	{ "is_active", FIELD_BOOL, .about = "true (default): live and not expired; false: the others" },
	PAGE_FIELDS,
	{ NULL }
};

static enum budget_status
allocation_create(struct request *request)
{
	const struct budget_values *values = &request->values;
	struct budget_ledger_item hold = { 0 };
	struct budget_ledger_draft draft;
	const char *id = budget_values_get(values, "allocation_id");
	enum budget_status status;

	if (budget_values_get(values, "tokens_allocated") == NULL && budget_values_get(values, "cost") == NULL
	    && budget_values_get(values, "input_tokens") == NULL)
		return budget_fail(&request->ctx, BUDGET_EINVALID, "missing_field", "/tokens_allocated",
		    "Say how much to hold: tokens_allocated, or cost, or input_tokens with max_output_tokens.");
	if (budget_values_get(values, "ttl_seconds") != NULL && budget_values_get(values, "expires_at") != NULL)
		return budget_fail(&request->ctx, BUDGET_EINVALID, "ambiguous_expiry", "/expires_at",
		    "Say when it ends in one way: ttl_seconds or expires_at.");
	budget_ledger_begin(&request->ctx, "reserve", id, request->idempotency_key, -1, request_args(request), &draft);
	budget_text_add(&draft.members, ",\"kind\":\"allocation\"");
	request->values.text[0] = NULL; /* allocation_id is the identity here, not the hold it belongs to */
	budget_ledger_members(&draft, values);
	BUDGET_TRY(budget_ledger_end(&request->ctx, &draft, NULL, &hold));
	status = budget_ledger_run(&request->ctx, &hold, 1);
	request->values.text[0] = id;
	if (status == BUDGET_EBUSY && degraded_is_allowed(request))
		return degraded_allocation(request);
	BUDGET_TRY(status);
	return ledger_reply(request, &hold.answer);
}

/* What an extension may name, all of them numbers. */
static const char *const extension[] = { "ttl_seconds", "tokens", "cost" };

static enum budget_status
act(struct request *request, const char *verb)
{
	struct budget_ledger_item hold = { 0 };
	struct budget_text item;
	const char *id = request_param(request, "id");

	budget_text_init(&item, &request->ctx.arena, 160);
	budget_text_addf(&item, "\"verb\":\"%s\",\"id\":\"%s\",\"hold_id\":\"%s\"", verb, id, id);
	for (size_t i = 0; i < sizeof extension / sizeof *extension; i++) {
		const char *value = budget_values_get(&request->values, extension[i]);

		if (value != NULL)
			budget_text_addf(&item, ",\"%s\":%s", extension[i], value);
	}
	hold.members = budget_text_done(&item);
	if (hold.members == NULL)
		return budget_fail(&request->ctx, BUDGET_ETOOLARGE, "request_too_large", NULL, "The request is too large.");
	BUDGET_TRY(budget_ledger_run(&request->ctx, &hold, 1));
	return ledger_reply(request, &hold.answer);
}

static enum budget_status
allocation_release(struct request *request)
{
	const char *id = request_param(request, "id");

	if (degraded_is_id(id))
		return degraded_release(request, id);
	return act(request, "release");
}

static enum budget_status
allocation_extend(struct request *request)
{
	bool is_empty = true;

	for (size_t i = 0; i < sizeof extension / sizeof *extension; i++)
		is_empty = is_empty && budget_values_get(&request->values, extension[i]) == NULL;
	if (is_empty)
		return budget_fail(&request->ctx, BUDGET_EINVALID, "missing_field", "/ttl_seconds",
		    "Say what to extend: how long it lives (ttl_seconds), or what it holds (tokens, cost).");
	return act(request, "extend");
}

const struct route allocation_routes[] = {
	{ "GET", "/allocations", BUDGET_ROLE_VIEWER, list_query, NULL, STMT_HOLD_LIST, .success = 200,
	  .about = "Lists allocations, newest first; without is_active only the live ones." },
	{ "POST", "/allocations", BUDGET_ROLE_SERVICE, NULL, allocation_fields, .run = allocation_create, .success = 201,
	  .about = "Holds tokens or money; 402 when a policy refuses." },
	{ "GET", "/allocations/{id}", BUDGET_ROLE_VIEWER, NULL, NULL, STMT_HOLD_GET, .success = 200, .about = "Shows one allocation." },
	{ "GET", "/allocations/context/{ctx}", BUDGET_ROLE_VIEWER, NULL, NULL, STMT_HOLD_GET_CONTEXT, .success = 200,
	  .about = "Shows the oldest live allocation of a context." },
	{ "POST", "/allocations/{id}/release", BUDGET_ROLE_SERVICE, NULL, no_fields, .run = allocation_release, .success = 200,
	  .flags = ROUTE_BODY_OPTIONAL, .about = "Frees what is left of an allocation; repeating it changes nothing." },
	{ "POST", "/allocations/{id}/extend", BUDGET_ROLE_SERVICE, NULL, extend_fields, .run = allocation_extend, .success = 200,
	  .about = "Lets an allocation live longer or hold another amount. More, or an expired one coming back, is admitted anew: 402." },
	{ NULL }
};
