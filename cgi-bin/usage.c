/* POST /usage/record and /usage/batch: what calls really used. A fact is never refused by a limit. */
#include "cgi-bin/ledger.h"
#include "cgi-bin/usage_batch.h"
#include "cgi-bin/usage_item.h"
#include "lib/words.h"

#define TOKENS_MAX BUDGET_USAGE_COUNT_MAX
#define RESPONSE_MAX (1 << 20)

static const struct budget_word service_tiers[] = {
	{ "standard", "standard" }, { "default", "standard" }, { "batch", "batch" }, { "flex", "flex" }, { "priority", "priority" }, { NULL, NULL }
};

const struct budget_field usage_record_fields[] = {
	{ "record_id", FIELD_UUID, .about = "The record's id, made by the client (UUIDv7), so that a retry is safe" },
	{ "allocation_id", FIELD_UUID, .about = "Allocation it settles; absent: the oldest live one of the context and component" },
	{ "budget_id", FIELD_UUID, .about = "Budget to charge; absent: the allocation's, the key's, else Default" },
	{ "context_id", FIELD_STRING, .min = 1, .max = 256 },
	{ "task_id", FIELD_STRING, .min = 1, .max = 256 },
	{ "component", FIELD_STRING, .min = 1, .max = 128, .about = "Who called (unknown)" },
	{ "task_type", FIELD_STRING, .min = 1, .max = 128, .about = "What for (default)" },
	{ "provider", FIELD_STRING, .min = 1, .max = 64, .about = "Required, unless usage or response gives it away" },
	{ "model", FIELD_STRING, .min = 1, .max = 256, .about = "As the provider names it; required, unless response says it" },
	{ "tier", FIELD_ENUM, .words = budget_words_tier, .about = "Absent: derived from the model" },
	{ "service_tier", FIELD_ENUM, .words = service_tiers, .about = "standard, batch, flex, priority" },
	{ "usage", FIELD_OBJECT, .max = USAGE_RAW_MAX, .about = "Instead of counts: the provider's usage object, exactly as sent" },
	{ "response", FIELD_OBJECT, .max = RESPONSE_MAX,
	  .about = "Instead of counts: the provider's whole answer; its usage, model, id and service tier are taken, no content kept" },
	{ "keep_raw", FIELD_BOOL, .about = "true: the usage object is kept with the record, up to 16 KiB" },
	{ "input_tokens", FIELD_COUNT, .max = TOKENS_MAX, .about = "Uncached input" },
	{ "cache_read_tokens", FIELD_COUNT, .max = TOKENS_MAX },
	{ "cache_write_5m_tokens", FIELD_COUNT, .max = TOKENS_MAX },
	{ "cache_write_1h_tokens", FIELD_COUNT, .max = TOKENS_MAX },
	{ "output_tokens", FIELD_COUNT, .max = TOKENS_MAX, .about = "Output without reasoning" },
	{ "reasoning_tokens", FIELD_COUNT, .max = TOKENS_MAX },
	{ "input_audio_tokens", FIELD_COUNT, .max = TOKENS_MAX },
	{ "output_audio_tokens", FIELD_COUNT, .max = TOKENS_MAX },
	{ "input_image_tokens", FIELD_COUNT, .max = TOKENS_MAX },
	{ "output_image_tokens", FIELD_COUNT, .max = TOKENS_MAX },
	{ "requests", FIELD_COUNT, .max = TOKENS_MAX, .about = "Calls this record stands for (1)" },
	{ "characters", FIELD_COUNT, .max = TOKENS_MAX, .about = "Characters in, for models priced by them" },
	{ "output_characters", FIELD_COUNT, .max = TOKENS_MAX },
	{ "images", FIELD_COUNT, .max = TOKENS_MAX },
	{ "seconds", FIELD_MONEY, .about = "Seconds of audio, video or machine" },
	{ "web_searches", FIELD_COUNT, .max = TOKENS_MAX },
	{ "timestamp", FIELD_TIME, .about = "When the call was made (now); without a zone it is the budget's" },
	{ "final", FIELD_BOOL, .about = "true: settles the allocation and frees its rest" },
	{ "reported_cost", FIELD_MONEY, .about = "What the provider says it cost; kept beside ours" },
	{ "operation_id", FIELD_STRING, .min = 1, .max = 256 },
	{ "request_id", FIELD_STRING, .min = 1, .max = 256 },
	{ "user_id", FIELD_STRING, .min = 1, .max = 256 },
	{ "metadata", FIELD_OBJECT, .max = 16384, .about = "Anything, kept with the record" },
	{ NULL }
};

static enum budget_status
usage_record(struct request *request)
{
	struct usage_origin origin = { .key = request->idempotency_key, .part = -1, .pointer = "",
		.usage = budget_json_get(request->json, "usage"), .response = budget_json_get(request->json, "response") };
	struct budget_ledger_item record = { 0 };

	BUDGET_TRY(usage_item(&request->ctx, &request->values, &origin, &record));
	BUDGET_TRY(budget_ledger_run(&request->ctx, &record, 1));
	return ledger_reply(request, &record.answer);
}

const struct route usage_routes[] = {
	{ "POST", "/usage/record", BUDGET_ROLE_SERVICE, NULL, usage_record_fields, .run = usage_record, .success = 201,
	  .about = "Records what a call used, as counts or as the provider said it; never refused by a limit. 202: the database is"
	    " away, it is kept on disk." },
	{ "POST", "/usage", BUDGET_ROLE_SERVICE, NULL, usage_record_fields, .run = usage_record, .success = 201, .about = "The same as /usage/record." },
	{ "POST", "/record", BUDGET_ROLE_SERVICE, NULL, usage_record_fields, .run = usage_record, .success = 201, .about = "The same as /usage/record." },
	{ "POST", "/usage/batch", BUDGET_ROLE_SERVICE, NULL, NULL, .run = usage_batch, .success = 200, .flags = ROUTE_LARGE | ROUTE_RAW_BODY,
	  .about = "Records up to 10,000 calls: a JSON array, {\"items\": […]}, or one JSON object a line (application/x-ndjson)." },
	{ NULL }
};
