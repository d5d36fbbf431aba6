/* POST /check: may this call run? Always 200 with the decision; with reserve: true a grant also holds the money. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgi-bin/degraded.h"
#include "cgi-bin/ledger.h"
#include "lib/denials.h"
#include "lib/words.h"

#define TOKENS_MAX 1000000000000LL
#define INPUT_TEXT_MAX_BYTES (1 << 20)
#define TTL_MAX_SECONDS (366L * 86400)

static const struct budget_field check_fields[] = {
	{ "provider", FIELD_STRING, .min = 1, .max = 64, .about = "Provider, as anthropic or openai; absent: the dearest candidate is assumed" },
	{ "model", FIELD_STRING, .min = 1, .max = 256, .about = "Model as the provider names it; absent: the dearest candidate is assumed" },
	{ "input_tokens", FIELD_COUNT, .max = TOKENS_MAX, .about = "Tokens of the prompt" },
	{ "max_output_tokens", FIELD_COUNT, .max = TOKENS_MAX, .about = "Most tokens the answer may have; absent: the setting max_output_tokens_default" },
	{ "estimated_tokens", FIELD_COUNT, .max = TOKENS_MAX,
	    .about = "All tokens of the call when the split is not known (quoted 25/75, held at the dearest class)" },
	{ "input_text", FIELD_STRING, .min = 0, .max = INPUT_TEXT_MAX_BYTES, .about = "The prompt itself: counted as one token per three bytes of UTF-8" },
	{ "budget_id", FIELD_UUID, .about = "Budget to charge; absent: the key's, else Default" },
	{ "component", FIELD_STRING, .min = 1, .max = 128, .about = "Who asks" },
	{ "task_type", FIELD_STRING, .min = 1, .max = 128, .about = "What for" },
	{ "tier", FIELD_ENUM, .words = budget_words_tier, .about = "Tier; absent: derived from the model" },
	{ "service_tier", FIELD_STRING, .min = 1, .max = 32, .about = "standard, batch, flex, priority" },
	{ "context_id", FIELD_STRING, .min = 1, .max = 256, .about = "Session; per_session policies count it" },
	{ "task_id", FIELD_STRING, .min = 1, .max = 256, .about = "Task; per_task policies count it" },
	{ "reserve", FIELD_BOOL, .about = "true: hold what the call may cost at most" },
	{ "allocation_id", FIELD_UUID, .about = "With reserve: the hold's id, made by the client (UUIDv7), so that a retry is safe" },
	{ "ttl_seconds", FIELD_COUNT, .min = 1, .max = TTL_MAX_SECONDS, .about = "With reserve: how long the hold lives (15 minutes)" },
	{ "final", FIELD_BOOL, .about = "With reserve: the first record settles the hold and frees the rest (true)" },
	{ "priority", FIELD_COUNT, .min = 1, .max = 10, .about = "Kept with the hold; bypasses nothing" },
	{ "metadata", FIELD_OBJECT, .max = 16384, .about = "Anything, kept with the hold" },
	{ NULL }
};

/* The documented heuristic: one token per three bytes, rounded up. Errs high for English, about right for code and CJK. */
static long
tokens_of_text(const char *text)
{
	return (long)((strlen(text) + 2) / 3);
}

static enum budget_status
require_amount(struct request *request, const char **ret_text)
{
	const struct budget_values *values = &request->values;
	int given = (budget_values_get(values, "input_tokens") != NULL) + (budget_values_get(values, "estimated_tokens") != NULL)
	    + (budget_values_get(values, "input_text") != NULL);

	*ret_text = budget_values_get(values, "input_text");
	if (given == 1)
		return BUDGET_OK;
	return budget_fail(&request->ctx, BUDGET_EINVALID, given == 0 ? "missing_field" : "ambiguous_amount", "/input_tokens",
	    "Say how much in one way: input_tokens with max_output_tokens, or estimated_tokens, or input_text.");
}

static enum budget_status
make_item(struct request *request, const char *verb, const char *body, const char *input_text, struct budget_ledger_item *ret_item)
{
	bool is_reserve = strcmp(verb, "reserve") == 0;
	const char *id = budget_values_get(&request->values, "allocation_id");
	struct budget_values fields = request->values;
	struct budget_ledger_draft draft;

	budget_ledger_begin(&request->ctx, verb, is_reserve ? id : NULL, is_reserve ? request->idempotency_key : NULL, -1, body, &draft);
	budget_text_add(&draft.members, ",\"kind\":\"check\"");
	if (input_text != NULL)
		budget_text_addf(&draft.members, ",\"input_tokens\":%ld", tokens_of_text(input_text));
	for (int i = 0; check_fields[i].name != NULL; i++) /* the hold's id is its identity, not a hold it belongs to */
		if (strcmp(check_fields[i].name, "allocation_id") == 0)
			fields.text[i] = NULL;
	budget_ledger_members(&draft, &fields);
	return budget_ledger_end(&request->ctx, &draft, NULL, ret_item);
}

/* The decision with one member more. */
static const char *
decision_with(struct request *request, const char *decision, bool is_estimated)
{
	return budget_arena_printf(&request->ctx.arena, "%.*s, \"estimated\": %s}", (int)strlen(decision) - 1, decision,
	    is_estimated ? "true" : "false");
}

/* A grant is a grant: asked for again it says so, although meanwhile the limit is full, perhaps of this very hold.
 * grant: {"allocation_id": …, "expires_at": …}, which goes behind the decision of now. */
static const char *
granted(struct request *request, const char *decision, const char *grant)
{
	const char *rest = strstr(decision, ",\"estimated_cost\":"); /* quotes inside the reason are escaped: the first is it */
	bool is_allowed = strncmp(decision, "{\"allowed\":true", strlen("{\"allowed\":true")) == 0;

	if (rest == NULL || is_allowed)
		return budget_arena_printf(&request->ctx.arena, "%.*s, %s", (int)strlen(decision) - 1, decision, grant + 1);
	return budget_arena_printf(&request->ctx.arena, "{\"allowed\":true,\"decision\":\"allow\",\"reason\":"
	    "\"Held: what this call may cost at most is set aside under allocation_id.\"%.*s, %s", (int)strlen(rest) - 1, rest, grant + 1);
}

static enum budget_status
quote(struct request *request, const char *args, const char *text, const char **ret_decision)
{
	struct budget_ledger_item item = { 0 };

	BUDGET_TRY(make_item(request, "check", args, text, &item));
	BUDGET_TRY(budget_ledger_check(&request->ctx, &item, 1));
	if (item.answer.status >= 400)
		return ledger_fail(&request->ctx, &item.answer);
	*ret_decision = item.answer.body;
	return BUDGET_OK;
}

/* The writer answers a grant with the decision it was made by, a refusal with the one it is: status 200 both, as of check. */
static enum budget_status
reserve(struct request *request, const char *args, const char *text, const char **ret_decision)
{
	struct budget_ledger_item hold = { 0 };
	const char *decision = NULL;

	BUDGET_TRY(make_item(request, "reserve", args, text, &hold));
	BUDGET_TRY(budget_ledger_run(&request->ctx, &hold, 1));
	if (hold.answer.status != 402 && hold.answer.status >= 400)
		return ledger_fail(&request->ctx, &hold.answer);
	*ret_decision = hold.answer.body;
	if (!hold.answer.is_replay)
		return BUDGET_OK;
	reply_header(request, "Idempotency-Replayed", "true");
	BUDGET_TRY(quote(request, args, text, &decision));
	*ret_decision = granted(request, decision, hold.answer.body);
	return BUDGET_OK;
}

static enum budget_status
decide(struct request *request)
{
	static const char refused[] = "{\"allowed\":false";
	const char *is_reserve = budget_values_get(&request->values, "reserve"), *args = request_args(request), *text, *decision = NULL;

	BUDGET_TRY(require_amount(request, &text));
	if (is_reserve != NULL && *is_reserve == 't')
		BUDGET_TRY(reserve(request, args, text, &decision));
	else
		BUDGET_TRY(quote(request, args, text, &decision));
	if (strncmp(decision, refused, sizeof refused - 1) == 0)
		budget_denial_note(request->ctx.tenant_id, decision);
	reply_json(request, 200, decision_with(request, decision, text != NULL));
	return BUDGET_OK;
}

static enum budget_status
check_run(struct request *request)
{
	enum budget_status status = decide(request);

	return status == BUDGET_EBUSY && degraded_is_allowed(request) ? degraded_check(request) : status;
}

const struct route check_routes[] = {
	{ "POST", "/check", BUDGET_ROLE_SERVICE, NULL, check_fields, .run = check_run, .success = 200,
	  .about = "Decides whether a call may run; with reserve: true also holds what it may cost." },
	{ NULL }
};
