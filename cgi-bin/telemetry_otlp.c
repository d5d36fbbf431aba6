/* POST /otlp/v1/traces and /otlp/v1/logs: spans and log records with GenAI usage. Everything else in them is passed over. */
#include <string.h>

#include "cgi-bin/fcgi/body.h"
#include "cgi-bin/telemetry.h"
#include "lib/normalise/otlp.h"

/* From which attributes a field comes; the first that is there. A strict one that is wrong refuses the span. */
static const struct {
	const char *field, *keys[4];
	bool is_strict;
} mapping[] = {
	{ "provider", { "gen_ai.provider.name", "gen_ai.system" }, true },
	{ "model", { "gen_ai.response.model", "gen_ai.request.model" }, true },
	{ "budget_id", { "budget.budget_id", "budget.id" }, true },
	{ "allocation_id", { "budget.allocation_id" }, true },
	{ "tier", { "budget.tier" }, true },
	{ "context_id", { "budget.context_id", "gen_ai.conversation.id", "session.id" }, false },
	{ "task_id", { "budget.task_id" }, false },
	{ "task_type", { "budget.task_type" }, false },
	{ "component", { "budget.component", "gen_ai.agent.name", "service.name" }, false },
	{ "user_id", { "budget.user_id", "enduser.id", "user.id" }, false },
	{ "request_id", { "gen_ai.response.id" }, false },
	{ "reported_cost", { "gen_ai.usage.cost" }, false },
};

struct spans {
	struct usage_batch batch;
	size_t at;
};

static enum budget_status
set_fields(struct budget_ctx *ctx, const struct budget_span *span, struct budget_values *values)
{
	for (size_t i = 0; i < sizeof mapping / sizeof *mapping; i++) {
		const char *text = NULL;

		for (size_t k = 0; k < 4 && mapping[i].keys[k] != NULL && text == NULL; k++)
			text = budget_span_get(span, mapping[i].keys[k]);
		if (mapping[i].is_strict)
			BUDGET_TRY(usage_read(ctx, values, mapping[i].field, mapping[i].keys[0], text));
		else if (text != NULL && strncmp(text, "unknown_service", 15) != 0)
			telemetry_describe(ctx, values, mapping[i].field, text);
	}
	if (budget_values_get(values, "provider") == NULL)
		usage_set(values, "provider", budget_usage_provider_of(budget_values_get(values, "model")));
	if (budget_values_get(values, "provider") == NULL)
		usage_set(values, "provider", "unknown");
	usage_set(values, "timestamp", span->time);
	usage_set(values, "operation_id", span->trace_id);
	return BUDGET_OK;
}

static void
set_service_tier(const struct budget_span *span, struct budget_values *values)
{
	static const char *const keys[] = { "openai.response.service_tier", "gen_ai.openai.response.service_tier",
		"openai.request.service_tier", "gen_ai.openai.request.service_tier" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const char *word = budget_span_get(span, keys[i]);

		if (word != NULL && budget_values_get(values, "service_tier") == NULL)
			usage_set(values, "service_tier", budget_usage_tier_of(word));
	}
}

/* A span is the same by its ids; a log record that stands in no trace, by the answer it tells of or by all it says. */
static const char *
key_of(struct budget_ctx *ctx, const struct budget_span *span, const struct budget_values *values)
{
	const char *response = budget_span_get(span, "gen_ai.response.id");
	struct budget_text text;

	if (span->trace_id != NULL && span->span_id != NULL)
		return telemetry_key(ctx, "span", span->trace_id, span->span_id);
	if (response != NULL)
		return telemetry_key(ctx, "answer", budget_values_get(values, "provider"), response);
	budget_text_init(&text, &ctx->arena, 256);
	budget_text_add(&text, "{");
	budget_values_members(values, &text);
	return budget_text_done(&text) != NULL ? telemetry_key(ctx, "log", "", text.data) : NULL;
}

static enum budget_status
make_row(struct spans *spans, const struct budget_span *span)
{
	struct budget_ctx *ctx = &spans->batch.request->ctx;
	struct budget_values values = { .fields = usage_record_fields };
	struct budget_usage_found found = { .flags = 0 };
	struct usage_origin origin = { .part = -1, .pointer = "" };
	bool is_there = false;

	BUDGET_TRY(set_fields(ctx, span, &values));
	BUDGET_TRY(budget_attributes_normalise(ctx, span->attributes, span->attributes_count, "", &found, &is_there));
	BUDGET_TRY(usage_set_found(ctx, &values, &found));
	set_service_tier(span, &values);
	origin.flags = found.flags;
	origin.key = origin.identity = key_of(ctx, span, &values);
	if (origin.key == NULL)
		return budget_fail_memory(ctx);
	return usage_batch_add(&spans->batch, spans->at, &values, &origin, origin.key);
}

static enum budget_status
count_span(void *user, const struct budget_span *span)
{
	struct spans *spans = user;

	(void)span;
	spans->at++;
	return BUDGET_OK;
}

static enum budget_status
add_span(void *user, const struct budget_span *span)
{
	struct spans *spans = user;
	enum budget_status status = make_row(spans, span);

	BUDGET_TRY(status == BUDGET_OK ? BUDGET_OK : usage_batch_close(&spans->batch, spans->at, status));
	spans->at++;
	return BUDGET_OK;
}

/* Full success is {}; what was refused is counted, with the first reason: the exporter must not send it again. */
static enum budget_status
reply(struct request *request, const struct usage_batch *batch, const char *member)
{
	const struct budget_ledger_answer *first = NULL;
	struct budget_text text;
	size_t rejected = 0;

	for (size_t i = 0; i < batch->count; i++) {
		const struct budget_ledger_answer *answer = &batch->rows[i].item.answer;

		if (answer->status == 503)
			return budget_fail(&request->ctx, BUDGET_EBUSY, answer->code, NULL, "Not everything could be stored: send it again; what"
			    " was stored is not counted twice.");
		rejected += answer->status >= 400;
		first = first == NULL && answer->status >= 400 ? answer : first;
	}
	budget_text_init(&text, &request->ctx.arena, 256);
	budget_text_add(&text, "{");
	if (first != NULL) {
		budget_text_addf(&text, "\"partialSuccess\":{\"%s\":\"%zu\"", member, rejected);
		budget_text_member(&text, "errorMessage", budget_arena_printf(&request->ctx.arena, "%s: %s", first->code, first->detail));
		budget_text_add(&text, "}");
	}
	budget_text_add(&text, "}");
	if (budget_text_done(&text) == NULL)
		return budget_fail_memory(&request->ctx);
	reply_json(request, 200, text.data);
	return BUDGET_OK;
}

static enum budget_status
run(struct request *request, const char *member)
{
	_auto_json_ struct json_object *root = NULL;
	struct spans spans = { .batch = { .request = request, .identity_member = "" } };
	const char *type = request->content_type != NULL ? request->content_type : "", *text = NULL;
	size_t length = 0, count;

	if (!body_is_json_type(type))
		return budget_fail(&request->ctx, BUDGET_EMEDIA, "unsupported_media_type", NULL, "OTLP is read as JSON here: set the exporter"
		    " to http/json (OTEL_EXPORTER_OTLP_PROTOCOL), so that it sends 'Content-Type: application/json'.");
	BUDGET_TRY(telemetry_body(request, &text, &length));
	BUDGET_TRY(budget_json_parse_deep(&request->ctx, text, length, &root));
	BUDGET_TRY(budget_otlp_each(&request->ctx, root, count_span, &spans));
	count = spans.at;
	spans.at = 0;
	if (count > 0) {
		BUDGET_TRY(usage_batch_alloc(&spans.batch, count));
		BUDGET_TRY(budget_otlp_each(&request->ctx, root, add_span, &spans));
		BUDGET_TRY(usage_batch_run(&spans.batch));
	}
	return reply(request, &spans.batch, member);
}

enum budget_status
telemetry_traces(struct request *request)
{
	return run(request, "rejectedSpans");
}

enum budget_status
telemetry_logs(struct request *request)
{
	return run(request, "rejectedLogRecords");
}
