/* The FastCGI runtime: paths, methods, heads, bodies, problems. Who may is in test_access.c, what needs SQL in tests/http. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgi-bin/fcgi/config.h"
#include "cgi-bin/fcgi/meter.h"
#include "cgi-bin/fcgi/serve.h"
#include "tests/unit/exchange.h"
#include "tests/unit/unit.h"

#define ID "0190f0e4-7b2a-7c31-8a55-3d2f0c9b1e77"

START_TEST(paths_are_found_under_both_prefixes)
{
	ck_assert_int_eq(serve("GET", "/api/v1/things", NULL), 200);
	ck_assert_int_eq(serve("GET", "/api/things", NULL), 200);
	ck_assert_int_eq(serve("GET", "/api/v1/things/", NULL), 200);
	ck_assert_int_eq(serve("GET", "http://localhost/api/things?limit=3", NULL), 200);
	ck_assert(says("\"limit\":3"));
	ck_assert_int_eq(serve("GET", "/health", NULL), 200);
	ck_assert_int_eq(serve("HEAD", "/health", NULL), 200);
	ck_assert(request.is_head);
}
END_TEST

static const char *const nowhere[] = { "/", "/things", "/api/health", "/api", "/api/v1", "/api/v1/", "/api/v1x/things", "/apix/things",
	"/api/v2/things", "/api/v1//things", "/api/v1/things//", "/api/v1/things/" ID "/x", "/api/v1/thing", "/api/v1/thingss", "",
	"/api/v1/history/openai", "/api/v1/history/openai/", "/api/v1/history//m", "/api/v1/things/./sum", "/api/v1/things/%2e%2e/sum",
	"/api/v1/%74hings", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t", "*" };

START_TEST(other_paths_are_404_or_400)
{
	int status = serve("GET", nowhere[_i], NULL);

	ck_assert_msg(status == 404 || (status == 400 && nowhere[_i][0] == '*'), "%s: %d", nowhere[_i], status);
	ck_assert_str_eq(reply.content_type, "application/problem+json");
}
END_TEST

START_TEST(malformed_ids_are_404_and_good_ones_canonical)
{
	ck_assert_int_eq(serve("GET", "/api/v1/things/xyz", NULL), 404);
	ck_assert_int_eq(serve("DELETE", "/api/v1/things/1", NULL), 404);
	ck_assert_int_eq(serve("GET", "/api/v1/things/0190F0E4-7B2A-7C31-8A55-3D2F0C9B1E77", NULL), 200);
	ck_assert_str_eq(reply.body, "{\"id\":\"" ID "\"}");
}
END_TEST

START_TEST(the_most_specific_path_wins)
{
	ck_assert_int_eq(serve("GET", "/api/v1/things/special", NULL), 200);
	ck_assert(says("\"role\":\"admin\""));
	ck_assert_int_eq(serve("DELETE", "/api/v1/things/special", NULL), 405);
	ck_assert_int_eq(serve("GET", "/api/v1/things/daily/sum", NULL), 200);
	ck_assert_str_eq(reply.body, "{\"period\":\"daily\"}");
}
END_TEST

START_TEST(the_rest_of_a_path_may_hold_slashes)
{
	ck_assert_int_eq(serve("GET", "/api/v1/history/openrouter/meta/llama%2F3%20x", NULL), 200);
	ck_assert_str_eq(reply.body, "{\"provider\":\"openrouter\",\"model\":\"meta/llama/3 x\"}");
	ck_assert_int_eq(serve("GET", "/api/v1/history/a%2Fb/c", NULL), 200);
	ck_assert_str_eq(reply.body, "{\"provider\":\"a/b\",\"model\":\"c\"}");
}
END_TEST

static const char *const bad_paths[] = { "/api/v1/history/a/%", "/api/v1/history/a/%4", "/api/v1/history/a/%zz", "/api/v1/history/a/%00",
	"/api/v1/history/a/%ff", "/api/v1/history/a/\xff", "/api/v1/history/a/%c0%80" };

START_TEST(broken_encodings_are_400)
{
	ck_assert_int_eq(serve("GET", bad_paths[_i], NULL), 400);
	ck_assert(says("bad_encoding"));
}
END_TEST

START_TEST(other_methods_are_405_with_allow)
{
	ck_assert_int_eq(serve("PUT", "/api/v1/things", NULL), 405);
	ck_assert_str_eq(header("Allow"), "GET, HEAD, POST, OPTIONS");
	ck_assert_int_eq(serve("BREW", "/api/v1/things/" ID, NULL), 405);
	ck_assert_str_eq(header("Allow"), "GET, HEAD, DELETE, OPTIONS");
	ck_assert_int_eq(serve("OPTIONS", "/api/v1/things", NULL), 204);
	ck_assert_str_eq(header("Allow"), "GET, HEAD, POST, OPTIONS");
	ck_assert_int_eq(serve("OPTIONS", "/api/v1/nothing", NULL), 404);
}
END_TEST

START_TEST(query_keys_are_checked)
{
	ck_assert_int_eq(serve("GET", "/api/v1/things?limit=0", NULL), 422);
	ck_assert(says("\"pointer\":\"?limit\""));
	ck_assert_int_eq(serve("GET", "/api/v1/things?limit=1&limit=2", NULL), 422);
	ck_assert_int_eq(serve("GET", "/api/v1/things?x=1", NULL), 422);
	ck_assert_int_eq(serve("GET", "/api/v1/things/" ID "?x=1", NULL), 422);
}
END_TEST

START_TEST(a_problem_has_all_its_members)
{
	ck_assert_int_eq(serve("GET", "/api/v1/refuse", WITH("HTTP_X_REQUEST_ID=me-1")), 402);
	ck_assert_str_eq(reply.body, "{\"type\":\"urn:budget:error:insufficient_budget\",\"title\":\"Refused by policy\",\"status\":402,"
	    "\"detail\":\"Too \\\"dear\\\".\",\"instance\":\"/api/v1/refuse\",\"code\":\"insufficient_budget\",\"errors\":[{\"pointer\":\"/cost\","
	    "\"detail\":\"Too \\\"dear\\\".\"}],\"error\":\"Too \\\"dear\\\".\",\"request_id\":\"me-1\",\"decision\":\"block\",\"remaining\":0.10}");
	ck_assert_int_eq(serve("GET", "/api/v1/busy", NULL), 503);
	ck_assert_str_eq(header("Retry-After"), "1");
	ck_assert_int_eq(serve("GET", "/api/v1/428", NULL), 428);
	ck_assert(says("\"title\":\"Precondition Required\",\"status\":428"));
}
END_TEST

START_TEST(a_request_id_is_taken_when_it_is_sane)
{
	char uuid[UUID_TEXT_SIZE];

	serve("GET", "/health", WITH("HTTP_X_REQUEST_ID=abc-1.2:3"));
	ck_assert_str_eq(request.ctx.request_id, "abc-1.2:3");
	serve("GET", "/health", WITH("HTTP_X_REQUEST_ID=<script>"));
	ck_assert(budget_uuid_parse(request.ctx.request_id, uuid));
	serve("GET", "/health", WITH("HTTP_X_REQUEST_ID=a\"b\n"));
	ck_assert(budget_uuid_parse(request.ctx.request_id, uuid));
	serve("GET", "/health", NULL);
	ck_assert(budget_uuid_parse(request.ctx.request_id, uuid));
}
END_TEST

START_TEST(a_version_known_to_the_client_is_304)
{
	static const char *const same[] = { "\"7\"", "W/\"7\"", "\"7-br\"", "\"7-gzip\"", "\"1\", \"7\"", "*", "W/\"x\",W/\"7-br\"" };
	static const char *const others[] = { "\"77\"", "\"\"", "7", "\"7-zstd\"", "\"1\",\"2\"", "\"7", "" };
	char entry[64];

	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		snprintf(entry, sizeof entry, "HTTP_IF_NONE_MATCH=%s", same[i]);
		ck_assert_msg(serve("GET", "/api/v1/things", WITH(entry)) == 304, "%s", same[i]);
		ck_assert_str_eq(header("ETag"), "\"7\"");
		ck_assert_uint_eq(reply.body_length, 0);
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		snprintf(entry, sizeof entry, "HTTP_IF_NONE_MATCH=%s", others[i]);
		ck_assert_msg(serve("GET", "/api/v1/things", WITH(entry)) == 200, "%s", others[i]);
	}
	ck_assert_int_eq(serve("DELETE", "/api/v1/things/" ID, WITH("HTTP_IF_NONE_MATCH=\"7\"")), 200);
}
END_TEST

START_TEST(the_context_carries_version_and_keys)
{
	serve("GET", "/api/v1/things/special", WITH("HTTP_IF_MATCH=W/\"12-gzip\"", "HTTP_IDEMPOTENCY_KEY=\"k 1\"", "HTTP_X_REQUEST_ID=r"));
	ck_assert_str_eq(reply.body, "{\"role\":\"admin\",\"actor\":\"local\",\"request_id\":\"r\",\"if_match\":\"12\",\"idempotency_key\":\"k 1\"}");
	serve("GET", "/api/v1/things/special", WITH("HTTP_IF_MATCH=*", "HTTP_IDEMPOTENCY_KEY=bare", "HTTP_X_REQUEST_ID=r"));
	ck_assert_str_eq(reply.body, "{\"role\":\"admin\",\"actor\":\"local\",\"request_id\":\"r\",\"if_match\":\"*\",\"idempotency_key\":\"bare\"}");
	ck_assert_int_eq(serve("GET", "/api/v1/things/special", WITH("HTTP_IDEMPOTENCY_KEY=\"\"")), 422);
	ck_assert_int_eq(serve("GET", "/api/v1/things/special", WITH("HTTP_IDEMPOTENCY_KEY=a\tb")), 422);
}
END_TEST

START_TEST(an_unexpected_body_length_header_is_judged_by_its_limit)
{
	ck_assert_int_eq(serve("POST", "/api/v1/things", WITH("CONTENT_LENGTH=1025")), 413);
	ck_assert(says("at most 1024 bytes"));
	ck_assert_int_eq(serve("POST", "/api/v1/things", WITH("CONTENT_LENGTH=99999999999999999999999")), 413);
	ck_assert_int_eq(serve("POST", "/api/v1/things", WITH("CONTENT_LENGTH=0")), 201);
	ck_assert_int_eq(serve("POST", "/api/v1/things", WITH("CONTENT_LENGTH=")), 201);
}
END_TEST

START_TEST(headers_cannot_be_split)
{
	serve("GET", "/health", NULL);
	int before = reply.headers_count;

	reply_header(&request, "X-A", "b\r\nX-Evil: 1");
	reply_header(&request, "X-A\n", "b");
	reply_header(&request, "X-A", NULL);
	ck_assert_int_eq(reply.headers_count, before);
	for (int i = 0; i < 40; i++)
		reply_header(&request, "X-A", "b");
	ck_assert_int_eq(reply.headers_count, 16);
}
END_TEST

START_TEST(wherever_memory_ends_there_is_an_answer)
{
	for (long n = 1; n < 60; n++) {
		config.arena_max_bytes = 1024 * 1024;
		budget_ctx_reset(&request.ctx);
		budget_arena_fail_at(&request.ctx.arena, n);
		int status = serve("GET", "/api/v1/history/a/b%20c?x=1", WITH("HTTP_ORIGIN=http://localhost:8080", "HTTP_IF_MATCH=\"1\""));

		ck_assert_msg(status == 413 || status == 422, "%ld: %d", n, status);
		ck_assert_ptr_nonnull(reply.body);
		budget_arena_fail_at(&request.ctx.arena, 0);
	}
}
END_TEST

START_TEST(damaged_requests_do_no_harm)
{
	static const char bytes[] = "/api/v1/things?limit=%2f{}..&=\xc3\xa9#*";
	char uri[200], tag[100];

	srand(9);
	for (int i = 0; i < 20000; i++) {
		int length = rand() % 150;

		for (int j = 0; j < length; j++)
			uri[j] = bytes[rand() % (int)(sizeof bytes - 1)];
		uri[length] = '\0';
		snprintf(tag, sizeof tag, "HTTP_IF_NONE_MATCH=%.60s", uri);
		ck_assert_int_ge(serve(i % 2 ? "GET" : "POST", uri, WITH(tag)), 200);
	}
}
END_TEST

START_TEST(counters_are_read_by_another_program)
{
	char folder[] = "/tmp/budget-meter-XXXXXX", path[64];
	static struct meter_file seen;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert(!meter_read(folder, "test", &seen));
	meter_open(folder, "test");
	for (int i = 0; i < 3; i++) {
		meter_begin();
		meter_end("GET", "/things", 200, 700);
	}
	meter_begin();
	meter_end("BREW", "", 404, 99000000);
	meter_begin();
	ck_assert(meter_read(folder, "test", &seen));
	ck_assert_str_eq(seen.slots[0].route, "GET /things");
	ck_assert_uint_eq(seen.slots[0].count, 3);
	ck_assert_uint_eq(seen.slots[0].status, 200);
	ck_assert_str_eq(seen.slots[1].route, "- ");
	ck_assert_uint_eq(seen.buckets[1], 3);
	ck_assert_uint_eq(seen.buckets[METER_BUCKETS], 1);
	ck_assert_uint_eq(seen.in_flight, 1);
	for (int i = 0; i < 2 * METER_SLOTS; i++) {
		meter_begin();
		meter_end("GET", "/things", 600 + i, 1);
	}
	snprintf(path, sizeof path, "%s/test.meter", folder);
	ck_assert_int_eq(truncate(path, 100), 0);
	ck_assert(!meter_read(folder, "test", &seen));
	unlink(path);
	rmdir(folder);
}
END_TEST

START_TEST(tables_describe_themselves_as_json)
{
	_auto_json_ struct json_object *table = NULL;
	const char *text = route_describe(&exchange_program, &request.ctx.arena);

	ck_assert_int_eq(budget_json_parse(&request.ctx, text, strlen(text), &table), BUDGET_OK);
	ck_assert_uint_eq(budget_json_length(budget_json_get(table, "routes")), exchange_routes_count);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("runtime");
	TCase *core = tcase_create("core");

	tcase_set_timeout(core, 60);
	tcase_add_checked_fixture(core, exchange_setup, exchange_teardown);
	tcase_add_test(core, paths_are_found_under_both_prefixes);
	tcase_add_loop_test(core, other_paths_are_404_or_400, 0, sizeof nowhere / sizeof *nowhere);
	tcase_add_test(core, malformed_ids_are_404_and_good_ones_canonical);
	tcase_add_test(core, the_most_specific_path_wins);
	tcase_add_test(core, the_rest_of_a_path_may_hold_slashes);
	tcase_add_loop_test(core, broken_encodings_are_400, 0, sizeof bad_paths / sizeof *bad_paths);
	tcase_add_test(core, other_methods_are_405_with_allow);
	tcase_add_test(core, query_keys_are_checked);
	tcase_add_test(core, a_problem_has_all_its_members);
	tcase_add_test(core, a_request_id_is_taken_when_it_is_sane);
	tcase_add_test(core, a_version_known_to_the_client_is_304);
	tcase_add_test(core, the_context_carries_version_and_keys);
	tcase_add_test(core, an_unexpected_body_length_header_is_judged_by_its_limit);
	tcase_add_test(core, headers_cannot_be_split);
	tcase_add_test(core, wherever_memory_ends_there_is_an_answer);
	tcase_add_test(core, damaged_requests_do_no_harm);
	tcase_add_test(core, counters_are_read_by_another_program);
	tcase_add_test(core, tables_describe_themselves_as_json);
	suite_add_tcase(suite, core);
	return suite;
}
