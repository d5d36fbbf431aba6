/*
 * Envelopes of others: OTLP requests, CloudEvents, packed bodies. A clear refusal, or spans with ids of hex digits and
 * counts within their limits, and no contents of messages.
 *   seeds: tests/fuzz/seeds/telemetry.json[]
 */
#include "lib/normalise/event.h"
#include "lib/normalise/otlp.h"
#include "lib/unpack.h"
#include "lib/when.h"
#include "tests/fuzz/fuzz.h"

enum { UNPACKED_MAX = 1 << 20 };

static enum budget_status
check_span(void *user, const struct budget_span *span)
{
	struct budget_ctx *ctx = user;
	struct budget_usage_found found = { .flags = 0 };
	bool is_there = false;

	CHECK(span->trace_id == NULL || strspn(span->trace_id, "0123456789abcdef") == strlen(span->trace_id));
	CHECK(span->time == NULL || budget_time_valid(span->time));
	CHECK(span->attributes_count <= BUDGET_OTLP_ATTRIBUTES_MAX);
	for (size_t i = 0; i < span->attributes_count; i++)
		CHECK(strstr(span->attributes[i].key, "messages") == NULL);
	if (budget_attributes_normalise(ctx, span->attributes, span->attributes_count, "", &found, &is_there) != BUDGET_OK)
		return BUDGET_OK;
	CHECK(is_there);
	for (int i = 0; i < USAGE_CLASSES; i++)
		CHECK(found.counts[i] >= 0 && found.counts[i] <= BUDGET_USAGE_COUNT_MAX);
	return BUDGET_OK;
}

static void
check_event(struct budget_ctx *ctx, struct json_object *root)
{
	struct budget_event event = { .owned = NULL };

	if (budget_event_read(ctx, root, "", &event) == BUDGET_OK)
		CHECK(*event.id && *event.source && *event.type && (event.time == NULL || budget_time_valid(event.time)));
	else
		CHECK(event.owned == NULL && ctx->error.detail && *ctx->error.detail);
	budget_json_put(&event.owned);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct budget_ctx *ctx = fuzz_ctx();
	_auto_json_ struct json_object *root = NULL;
	const char *text = (const char *)bytes;
	size_t unpacked = 0;

	if (length > 2 && (bytes[0] == 0x1f || bytes[0] == 0x78)) {
		if (budget_unpack_gzip(ctx, text, length, UNPACKED_MAX, &text, &unpacked) != BUDGET_OK)
			return 0;
		CHECK(unpacked <= UNPACKED_MAX && text[unpacked] == '\0');
		length = unpacked;
	}
	if (budget_json_parse_deep(ctx, text, length, &root) != BUDGET_OK) {
		(void)budget_unpack_base64(ctx, fuzz_text(ctx, bytes, length), "", &text, &unpacked);
		return 0;
	}
	(void)budget_otlp_each(ctx, root, check_span, ctx);
	check_event(ctx, root);
	return 0;
}
