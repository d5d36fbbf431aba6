/* Who may: keys, hosts and pages of other sites, without a web server. */
#include <stdio.h>
#include <string.h>

#include "cgi-bin/fcgi/config.h"
#include "tests/unit/exchange.h"
#include "tests/unit/unit.h"

START_TEST(without_a_key_only_localhost_is_admin)
{
	static const char *const local[] = { "localhost", "LOCALHOST:8013", "127.0.0.1:1", "[::1]:8013", "budget.example", "x.localhost:80" };
	static const char *const foreign[] = { "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::2]", "" };
	char entry[64];

	for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
		snprintf(entry, sizeof entry, "HTTP_HOST=%s", local[i]);
		ck_assert_msg(serve("GET", "/api/v1/things", WITH(entry)) == 200, "%s", local[i]);
	}
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
		snprintf(entry, sizeof entry, "HTTP_HOST=%s", foreign[i]);
		ck_assert_msg(serve("GET", "/api/v1/things", WITH(entry)) == 403, "%s", foreign[i]);
		ck_assert_int_eq(serve("GET", "/health", WITH(entry)), 200);
	}
}
END_TEST

START_TEST(pages_of_other_sites_change_nothing)
{
	ck_assert_int_eq(serve("POST", "/api/v1/things", WITH("HTTP_ORIGIN=https://evil.example")), 403);
	ck_assert_ptr_null(header("Access-Control-Allow-Origin"));
	ck_assert_int_eq(serve("POST", "/api/v1/things", WITH("HTTP_ORIGIN=null")), 403);
	ck_assert_int_eq(serve("POST", "/api/v1/things", WITH("HTTP_ORIGIN=http://localhost:9999")), 403);
	ck_assert_int_eq(serve("GET", "/api/v1/things", WITH("HTTP_ORIGIN=https://evil.example")), 200);
	ck_assert_ptr_null(header("Access-Control-Allow-Origin"));
	ck_assert_int_eq(serve("POST", "/api/v1/things", WITH("HTTP_SEC_FETCH_SITE=cross-site")), 403);
	ck_assert_int_eq(serve("POST", "/api/v1/things", WITH("HTTP_ORIGIN=http://evil.example", "HTTP_HOST=evil.example")), 403);
}
END_TEST

START_TEST(allowed_pages_get_cors)
{
	static const char *const allowed[] = { "http://localhost:8013", "https://app.example", "https://two.example", "http://localhost:8080" };
	char entry[64];

	for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
		snprintf(entry, sizeof entry, "HTTP_ORIGIN=%s", allowed[i]);
		ck_assert_msg(serve("POST", "/api/v1/things", WITH(entry)) == 201, "%s", allowed[i]);
		ck_assert_str_eq(header("Access-Control-Allow-Origin"), allowed[i]);
		ck_assert_str_eq(header("Vary"), "Origin");
		ck_assert_int_eq(serve("OPTIONS", "/api/v1/things", WITH(entry)), 204);
		ck_assert_str_eq(header("Access-Control-Allow-Methods"), "GET, HEAD, POST, OPTIONS");
		ck_assert_ptr_nonnull(header("Access-Control-Allow-Headers"));
		ck_assert_int_eq(serve("GET", "/api/v1/nothing", WITH(entry)), 404);
		ck_assert_ptr_nonnull(header("Access-Control-Allow-Origin"));
	}
	config.is_development = config.is_keyless = false;
	ck_assert_int_eq(serve("OPTIONS", "/api/v1/things", WITH("HTTP_ORIGIN=http://localhost:8080")), 204);
	ck_assert_ptr_null(header("Access-Control-Allow-Origin"));
}
END_TEST

START_TEST(production_asks_for_a_key)
{
	config.is_development = config.is_keyless = false;
	ck_assert_int_eq(serve("GET", "/api/v1/things", NULL), 401);
	ck_assert_str_eq(header("WWW-Authenticate"), "Bearer realm=\"budget\"");
	ck_assert_int_eq(serve("GET", "/health", NULL), 200);
	ck_assert_int_eq(serve("GET", "/api/v1/things", WITH("HTTP_AUTHORIZATION=Basic dXNlcjpwYXNz")), 401);
}
END_TEST

START_TEST(what_cannot_be_a_key_is_401_even_in_development)
{
	ck_assert_int_eq(serve("GET", "/api/v1/things", WITH("HTTP_X_API_KEY=short")), 401);
	ck_assert_str_eq(header("WWW-Authenticate"), "Bearer realm=\"budget\", error=\"invalid_token\"");
	ck_assert_int_eq(serve("GET", "/api/v1/things", WITH("HTTP_AUTHORIZATION=Bearer with spaces within it")), 401);
}
END_TEST

START_TEST(a_key_cannot_be_judged_while_the_database_is_away)
{
	ck_assert_int_eq(serve("GET", "/api/v1/things", WITH("HTTP_X_API_KEY=bgt_abcdefgh_0123456789012345678901234567890123456789012")), 503);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("access");
	TCase *core = tcase_create("core");

	tcase_set_timeout(core, 60);
	tcase_add_checked_fixture(core, exchange_setup, exchange_teardown);
	tcase_add_test(core, without_a_key_only_localhost_is_admin);
	tcase_add_test(core, pages_of_other_sites_change_nothing);
	tcase_add_test(core, allowed_pages_get_cors);
	tcase_add_test(core, production_asks_for_a_key);
	tcase_add_test(core, what_cannot_be_a_key_is_401_even_in_development);
	tcase_add_test(core, a_key_cannot_be_judged_while_the_database_is_away);
	suite_add_tcase(suite, core);
	return suite;
}
