/* Envelopes of others: packed bodies, times as numbers, CloudEvents, OTLP. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/ctx.h"
#include "lib/normalise/event.h"
#include "lib/normalise/otlp.h"
#include "lib/text.h"
#include "lib/unpack.h"
#include "lib/when.h"
#include "tests/unit/unit.h"

static struct budget_ctx ctx;

static void
setup(void)
{
	budget_ctx_init(&ctx, 16 * 1024 * 1024);
}

static void
teardown(void)
{
	budget_ctx_clear(&ctx);
}

/* gzip (31) or zlib (15) of n bytes. */
static size_t
pack(const char *text, size_t n, int window, unsigned char *out, size_t size)
{
	z_stream stream = { .next_in = (unsigned char *)(uintptr_t)text, .avail_in = (unsigned)n, .next_out = out,
		.avail_out = (unsigned)size };

	ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return stream.total_out;
}

START_TEST(packed_bodies_are_unpacked)
{
	static const int windows[] = { 31, 15 };
	unsigned char packed[512];
	const char *text = NULL;
	size_t length = 0, n = pack("{\"a\":1}", 7, windows[_i], packed, sizeof packed);

	ck_assert_int_eq(budget_unpack_gzip(&ctx, (char *)packed, n, 100, &text, &length), BUDGET_OK);
	ck_assert_str_eq(text, "{\"a\":1}");
	ck_assert_uint_eq(length, 7);
	n += pack("xyz", 3, windows[_i], packed + n, sizeof packed - n);
	ck_assert_int_eq(budget_unpack_gzip(&ctx, (char *)packed, n, 100, &text, &length), BUDGET_OK);
	ck_assert_str_eq(text, "{\"a\":1}xyz");
	for (size_t cut = 0; cut < n; cut++)
		(void)budget_unpack_gzip(&ctx, (char *)packed, cut, 100, &text, &length); /* no crash */
	ck_assert_int_eq(budget_unpack_gzip(&ctx, (char *)packed, n - 2, 100, &text, &length), BUDGET_ESYNTAX);
	ck_assert_int_eq(budget_unpack_gzip(&ctx, "{\"a\":1}", 7, 100, &text, &length), BUDGET_ESYNTAX);
}
END_TEST

START_TEST(a_bomb_stops_at_the_limit)
{
	static char zeros[8 * 1024 * 1024];
	static unsigned char packed[64 * 1024];
	const char *text = NULL;
	size_t length = 0, n = pack(zeros, sizeof zeros, 31, packed, sizeof packed);

	ck_assert_int_eq(budget_unpack_gzip(&ctx, (char *)packed, n, 100000, &text, &length), BUDGET_ETOOLARGE);
	ck_assert_uint_lt(ctx.arena.used_bytes, 1024 * 1024);
}
END_TEST

START_TEST(base64_is_read_padded_or_not)
{
	const char *text = NULL;
	size_t length = 0;

	ck_assert_int_eq(budget_unpack_base64(&ctx, "eyJhIjoxfQ==", "/x", &text, &length), BUDGET_OK);
	ck_assert_str_eq(text, "{\"a\":1}");
	ck_assert_int_eq(budget_unpack_base64(&ctx, "eyJhIjoxfQ", "/x", &text, &length), BUDGET_OK);
	ck_assert_uint_eq(length, 7);
	ck_assert_int_eq(budget_unpack_base64(&ctx, "", "/x", &text, &length), BUDGET_OK);
	ck_assert_int_eq(budget_unpack_base64(&ctx, "e*J", "/x", &text, &length), BUDGET_EINVALID);
	ck_assert_str_eq(ctx.error.pointer, "/x");
}
END_TEST

static const struct {
	const char *number;
	int shift;
	const char *expected;
} times[] = {
	{ "0", 0, "1970-01-01T00:00:00.000000Z" }, { "1767225600.25", 0, "2026-01-01T00:00:00.250000Z" },
	{ "1767225600.1234567", 0, "2026-01-01T00:00:00.123456Z" }, { "1767225600123456789", 9, "2026-01-01T00:00:00.123456Z" },
	{ "1.7672256e9", 0, "2026-01-01T00:00:00.000000Z" }, { "500000000", 9, "1970-01-01T00:00:00.000000Z" },
	{ "1709164800", 0, "2024-02-29T00:00:00.000000Z" }, { "253402300799", 0, "9999-12-31T23:59:59.000000Z" },
	{ "253402300800", 0, NULL }, { "-1", 0, NULL }, { "now", 0, NULL }, { "", 0, NULL }, { NULL, 0, NULL },
	{ "99999999999999999999999999", 9, NULL },
};

START_TEST(numbers_become_times)
{
	ck_assert_pstr_eq(budget_time_of_epoch(&ctx, times[_i].number, times[_i].shift), times[_i].expected);
}
END_TEST

static const struct {
	const char *event, *expected; /* id source data, or code pointer */
} events[] = {
	{ "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/a\",\"type\":\"t\",\"data\":{\"x\":1}}", "1 /a {\"x\":1}" },
	{ "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/a\",\"type\":\"t\",\"data_base64\":\"eyJhIjoxfQ==\"}", "1 /a {\"a\":1}" },
	{ "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/a\",\"type\":\"t\",\"data\":\"{\\\"a\\\":1}\"}", "1 /a {\"a\":1}" },
	{ "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/a\",\"type\":\"t\"}", "1 /a null" },
	{ "{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"/a\",\"type\":\"t\"}", "missing_field /e/id" },
	{ "{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\"}", "missing_field /e/source" },
	{ "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"a\"}", "missing_field /e/type" },
	{ "{\"id\":\"1\",\"source\":\"a\",\"type\":\"t\"}", "missing_field /e/specversion" },
	{ "{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"a\",\"type\":\"t\"}", "unknown_value /e/specversion" },
	{ "{\"specversion\":\"1.0\",\"id\":{},\"source\":\"a\",\"type\":\"t\"}", "wrong_type /e/id" },
	{ "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"a\",\"type\":\"t\",\"time\":\"noon\"}", "invalid_time /e/time" },
	{ "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"a\",\"type\":\"t\",\"data_base64\":\"*\"}", "bad_encoding /e/data_base64" },
	{ "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"a\",\"type\":\"t\",\"data_base64\":\"YQ==\",\"data\":{}}",
	  "wrong_type /e/data_base64" },
	{ "[]", "wrong_type /e" }, { "null", "wrong_type /e" },
};

START_TEST(an_event_s_envelope_is_read)
{
	_auto_json_ struct json_object *object = NULL;
	struct budget_event event = { .owned = NULL };
	const char *text;

	ck_assert_int_eq(budget_json_parse(&ctx, events[_i].event, strlen(events[_i].event), &object), BUDGET_OK);
	if (budget_event_read(&ctx, object, "/e", &event) != BUDGET_OK)
		text = budget_arena_printf(&ctx.arena, "%s %s", ctx.error.code, ctx.error.pointer);
	else
		text = budget_arena_printf(&ctx.arena, "%s %s %s", event.id, event.source, budget_json_print(&ctx, event.data));
	budget_json_put(&event.owned);
	ck_assert_str_eq(text, events[_i].expected);
}
END_TEST

static enum budget_status
show_span(void *user, const struct budget_span *span)
{
	const char *model = budget_span_get(span, "gen_ai.response.model"), *service = budget_span_get(span, "service.name");

	budget_text_addf(user, "%s/%s %s %s %s;", span->trace_id != NULL ? span->trace_id : "-", span->span_id != NULL ? span->span_id : "-",
	    span->time != NULL ? span->time : "-", model != NULL ? model : "-", service != NULL ? service : "-");
	ck_assert_ptr_null(budget_span_get(span, "gen_ai.input.messages"));
	return BUDGET_OK;
}

#define SPANS(spans) "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":" \
	"\"svc\"}}]},\"scopeSpans\":[{\"scope\":{},\"spans\":[" spans "]}]}]}"
#define TOKENS "{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"7\"}}"

static const struct {
	const char *request, *expected;
} requests[] = {
	{ SPANS("{\"traceId\":\"AB01\",\"spanId\":\"0C\",\"startTimeUnixNano\":\"1767225600000000000\",\"attributes\":[" TOKENS ","
	  "{\"key\":\"gen_ai.response.model\",\"value\":{\"stringValue\":\"m\"}},{\"key\":\"gen_ai.input.messages\",\"value\":"
	  "{\"stringValue\":\"secret\"}}]}"), "ab01/0c 2026-01-01T00:00:00.000000Z m svc;" },
	{ SPANS("{\"traceId\":\"00\",\"spanId\":\"xyz\",\"startTimeUnixNano\":0,\"endTimeUnixNano\":1767225600000000000,"
	  "\"attributes\":[" TOKENS "]}"), "-/- 2026-01-01T00:00:00.000000Z - svc;" },
	{ SPANS("{\"traceId\":\"ab\",\"attributes\":[{\"key\":\"http.method\",\"value\":{\"stringValue\":\"GET\"}}]}"), "" },
	{ SPANS("{\"attributes\":[" TOKENS ",{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"invoke_agent\"}}]}"), "" },
	{ SPANS("{\"attributes\":[7,null,{},{\"key\":3,\"value\":4},{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"arrayValue\":"
	  "{\"values\":[]}}}]},null,3"), "" },
	{ "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":\"0\",\"observedTimeUnixNano\":\"1767225600000000000\","
	  "\"attributes\":[" TOKENS "]}]}]}]}", "-/- 2026-01-01T00:00:00.000000Z - -;" },
	{ "{}", "" }, { "{\"resourceSpans\":7}", "" }, { "{\"resourceSpans\":[{\"scopeSpans\":{}}]}", "" }, { "[]", "wrong_type" },
};

START_TEST(spans_that_tell_of_usage_are_found)
{
	_auto_json_ struct json_object *root = NULL;
	struct budget_text shown;

	budget_text_init(&shown, &ctx.arena, 256);
	budget_text_add(&shown, "");
	ck_assert_int_eq(budget_json_parse_deep(&ctx, requests[_i].request, strlen(requests[_i].request), &root), BUDGET_OK);
	if (budget_otlp_each(&ctx, root, show_span, &shown) != BUDGET_OK)
		budget_text_add(&shown, ctx.error.code);
	ck_assert_str_eq(budget_text_done(&shown), requests[_i].expected);
}
END_TEST

START_TEST(deep_is_deeper_but_not_endless)
{
	char text[2 * (BUDGET_JSON_DEEP_MAX + 1)];
	struct json_object *value = NULL;
	int depth = BUDGET_JSON_DEEP_MAX;

	memset(text, '[', (size_t)depth);
	memset(text + depth, ']', (size_t)depth);
	ck_assert_int_eq(budget_json_parse(&ctx, text, (size_t)depth * 2, &value), BUDGET_EINVALID);
	ck_assert_int_eq(budget_json_parse_deep(&ctx, text, (size_t)depth * 2, &value), BUDGET_OK);
	budget_json_put(&value);
	memset(text, '[', sizeof text);
	ck_assert_int_eq(budget_json_parse_deep(&ctx, text, sizeof text, &value), BUDGET_EINVALID);
	ck_assert_str_eq(ctx.error.code, "too_deep");
}
END_TEST

static const struct {
	const char *text, *expected; /* NULL: refused */
} lenient[] = {
	{ "{\"a\":\"x\\u0000y\"}", "{\"a\":\"x\xef\xbf\xbdy\"}" }, { "[\"\\ud83d\"]", "[\"\xef\xbf\xbd\"]" },
	{ "[\"\\ud83d\\ude00\"]", "[\"\xf0\x9f\x98\x80\"]" }, { "{\"a\":1,\"a\":[2]}", "{\"a\":1}" },
	{ "[NaN,Infinity,-Infinity,-1]", "[null,null,null,-1]" }, { "[Nan]", NULL }, { "[-Inf]", NULL }, { "[INF]", NULL },
	{ "{\"a\":1,\"a\":", NULL }, { "[nul]", NULL },
};

START_TEST(what_cannot_be_sent_again_better_is_read_all_the_same)
{
	_auto_json_ struct json_object *value = NULL, *strict = NULL;
	enum budget_status status = budget_json_parse_deep(&ctx, lenient[_i].text, strlen(lenient[_i].text), &value);

	ck_assert_int_eq(status == BUDGET_OK, lenient[_i].expected != NULL);
	if (status == BUDGET_OK)
		ck_assert_str_eq(budget_json_print(&ctx, value), lenient[_i].expected);
	status = budget_json_parse(&ctx, lenient[_i].text, strlen(lenient[_i].text), &strict);
	ck_assert_int_eq(status == BUDGET_OK, _i == 2); /* the strict reader takes a whole pair alone */
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("telemetry");
	TCase *core = tcase_create("core");

	tcase_add_checked_fixture(core, setup, teardown);
	tcase_add_loop_test(core, packed_bodies_are_unpacked, 0, 2);
	tcase_add_test(core, a_bomb_stops_at_the_limit);
	tcase_add_test(core, base64_is_read_padded_or_not);
	tcase_add_loop_test(core, numbers_become_times, 0, sizeof times / sizeof *times);
	tcase_add_loop_test(core, an_event_s_envelope_is_read, 0, sizeof events / sizeof *events);
	tcase_add_loop_test(core, spans_that_tell_of_usage_are_found, 0, sizeof requests / sizeof *requests);
	tcase_add_loop_test(core, what_cannot_be_sent_again_better_is_read_all_the_same, 0, sizeof lenient / sizeof *lenient);
	tcase_add_test(core, deep_is_deeper_but_not_endless);
	suite_add_tcase(suite, core);
	return suite;
}
