#include <stdlib.h>
#include <string.h>

#include "lib/ctx.h"
#include "lib/json.h"
#include "tests/unit/unit.h"

static struct budget_ctx ctx;

static void
setup(void)
{
	budget_ctx_init(&ctx, 4 * 1024 * 1024);
}

static void
teardown(void)
{
	budget_ctx_clear(&ctx);
}

static const struct {
	const char *in, *out; /* out NULL: the same */
} good[] = {
	{ "{}", NULL }, { "[]", NULL }, { "null", NULL }, { "true", NULL }, { "\"\"", NULL }, { "0", NULL }, { "-1", NULL },
	{ " [ 1 , 2 ]\r\n\t", "[1,2]" }, { "{\"a\":{\"b\":[null,false]}}", NULL },
	{ "123456789012345678901234567890", NULL }, { "-98765432109876543210", NULL }, { "999999999999999999", NULL },
	{ "1.10", NULL }, { "1e400", NULL }, { "1E+5", NULL }, { "-0", NULL }, { "-0.0", NULL }, { "0.1000000000000000055511151231257827", NULL },
	{ "\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"", "\"Aé€😀\"" }, { "\"a\\/b\"", "\"a/b\"" }, { "\"\\b\\f\\n\\r\\t\\\"\\\\\"", NULL },
	{ "\"é€😀\"", NULL }, { "{\"\":1}", NULL }, { "{\"a\\u00e9\":1}", "{\"aé\":1}" }, { "\"\x7f\"", NULL },
};

START_TEST(json_keeps_what_it_reads)
{
	_auto_json_ struct json_object *value = NULL;

	ck_assert_msg(budget_json_parse(&ctx, good[_i].in, strlen(good[_i].in), &value) == BUDGET_OK, "%s: %s", good[_i].in,
	    ctx.error.detail);
	ck_assert_str_eq(budget_json_print(&ctx, value), good[_i].out != NULL ? good[_i].out : good[_i].in);
}
END_TEST

static const char *const bad[] = { "", " ", "{", "}", "[", "]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "[1,]", "[,1]", "[1 2]",
	"{\"a\":1 \"b\":2}", "{'a':1}", "{a:1}", "{1:1}", "NaN", "Infinity", "-Infinity", "nan", "TRUE", "nul", "truex", "01", "-01", "+1",
	"1.", ".5", "-", "1e", "1e+", "0x10", "1.2.3", "--1", "1-2", "\"a", "\"\\x41\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\", "\"\t\"",
	"\"\n\"", "\"\x01\"", "// x\n1", "/* x */1", "1 // x", "1 1", "{} x", "\xef\xbb\xbf{}", "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
	"\"\xf5\x80\x80\x80\"", "[\v1]", "{\"a\":1}}", "\"\\U0041\"", "[\"a\",\n4,1,]", "{\"a\":tru}" };

START_TEST(what_is_not_json_is_refused)
{
	_auto_json_ struct json_object *value = NULL;

	ck_assert_msg(budget_json_parse(&ctx, bad[_i], strlen(bad[_i]), &value) == BUDGET_ESYNTAX, "%s", bad[_i]);
	ck_assert_str_eq(ctx.error.code, "not_json");
	ck_assert_ptr_null(value);
}
END_TEST

START_TEST(a_nul_byte_is_not_json)
{
	struct json_object *value = NULL;

	ck_assert_int_eq(budget_json_parse(&ctx, "1\0", 2, &value), BUDGET_ESYNTAX);
	ck_assert_int_eq(budget_json_parse(&ctx, "\"a\0b\"", 5, &value), BUDGET_ESYNTAX);
	ck_assert_int_eq(budget_json_parse(&ctx, "\"\\\0\"", 4, &value), BUDGET_ESYNTAX);
}
END_TEST

static const struct {
	const char *in, *code, *pointer;
} invalid[] = {
	{ "{\"a\":\"x\\u0000\"}", "invalid_text", "/a" }, { "{\"a\\u0000b\":1}", "invalid_text", "" },
	{ "[1,{\"b\":[\"\\u0000\"]}]", "invalid_text", "/1/b/0" }, { "\"\\ud800\"", "invalid_text", "" },
	{ "\"\\ud800x\"", "invalid_text", "" }, { "\"\\udc00\"", "invalid_text", "" }, { "\"\\ud800\\u0041\"", "invalid_text", "" },
	{ "{\"a\":1,\"a\":2}", "duplicate_field", "/a" }, { "{\"a\":1,\"\\u0061\":2}", "duplicate_field", "/a" },
	{ "[0,{\"x/y\":{\"k\":1,\"k\":1}}]", "duplicate_field", "/1/x~1y/k" }, { "{\"a\":null,\"a\":null}", "duplicate_field", "/a" },
};

START_TEST(json_that_we_cannot_keep_is_refused_with_its_pointer)
{
	_auto_json_ struct json_object *value = NULL;

	ck_assert_int_eq(budget_json_parse(&ctx, invalid[_i].in, strlen(invalid[_i].in), &value), BUDGET_EINVALID);
	ck_assert_str_eq(ctx.error.code, invalid[_i].code);
	ck_assert_str_eq(ctx.error.pointer, invalid[_i].pointer);
}
END_TEST

static void
nest(char *out, int depth)
{
	memset(out, '[', (size_t)depth);
	memset(out + depth, ']', (size_t)depth);
	out[2 * depth] = '\0';
}

START_TEST(depth_32_is_read_33_is_not)
{
	struct json_object *value = NULL;
	char text[200001];

	nest(text, BUDGET_JSON_DEPTH_MAX);
	ck_assert_int_eq(budget_json_parse(&ctx, text, strlen(text), &value), BUDGET_OK);
	budget_json_put(&value);
	nest(text, BUDGET_JSON_DEPTH_MAX + 1);
	ck_assert_int_eq(budget_json_parse(&ctx, text, strlen(text), &value), BUDGET_EINVALID);
	ck_assert_str_eq(ctx.error.code, "too_deep");
	nest(text, 100000);
	ck_assert_int_eq(budget_json_parse(&ctx, text, strlen(text), &value), BUDGET_EINVALID);
}
END_TEST

START_TEST(names_end_at_255_bytes)
{
	struct json_object *value = NULL;
	char text[400] = "{\"";

	memset(text + 2, 'n', 255);
	memcpy(text + 257, "\":1}", 5);
	ck_assert_int_eq(budget_json_parse(&ctx, text, strlen(text), &value), BUDGET_OK);
	budget_json_put(&value);
	memset(text + 2, 'n', 256);
	memcpy(text + 258, "\":1}", 5);
	ck_assert_int_eq(budget_json_parse(&ctx, text, strlen(text), &value), BUDGET_EINVALID);
}
END_TEST

START_TEST(an_error_says_where)
{
	struct json_object *value = NULL;

	ck_assert_int_eq(budget_json_parse(&ctx, "{\n  \"a\": 1,\n  b\n}", 17, &value), BUDGET_ESYNTAX);
	ck_assert_ptr_nonnull(strstr(ctx.error.detail, "line 3, column 3"));
}
END_TEST

START_TEST(members_are_reached_by_name_and_index)
{
	static const char text[] = "{\"list\":[1,\"two\",null],\"text\":\"x\",\"n\":1.50,\"no\":false}";
	_auto_json_ struct json_object *value = NULL;

	ck_assert_int_eq(budget_json_parse(&ctx, text, strlen(text), &value), BUDGET_OK);
	ck_assert(budget_json_is_object(value));
	ck_assert(budget_json_is_array(budget_json_get(value, "list")));
	ck_assert_uint_eq(budget_json_length(budget_json_get(value, "list")), 3);
	ck_assert_str_eq(budget_json_text(&ctx, budget_json_at(budget_json_get(value, "list"), 1)), "two");
	ck_assert_ptr_null(budget_json_at(budget_json_get(value, "list"), 3));
	ck_assert_ptr_null(budget_json_text(&ctx, budget_json_at(budget_json_get(value, "list"), 2)));
	ck_assert_str_eq(budget_json_text(&ctx, budget_json_get(value, "n")), "1.50");
	ck_assert_str_eq(budget_json_text(&ctx, budget_json_get(value, "no")), "false");
	ck_assert_ptr_null(budget_json_get(value, "absent"));
	ck_assert_ptr_null(budget_json_get(NULL, "absent"));
	ck_assert_uint_eq(budget_json_length(NULL), 0);
}
END_TEST

/* Random edits of good documents: read or refused, and nothing is leaked or overrun (the sanitizers look). */
START_TEST(damaged_documents_do_no_harm)
{
	static const char seed[] = "{\"a\":[1,-2.5e3,\"x\\u00e9\\ud83d\\ude00\",{\"b\":null,\"c\":[true,false,{}]}],\"d\":\"\\\"\\\\\"}";
	static const char bytes[] = "{}[]\",:\\u0019eE+-.nulltruefalse \n\x00\x01\x80\xff";
	char text[sizeof seed];

	srand(3);
	for (int i = 0; i < 60000; i++) {
		struct json_object *value = NULL;
		size_t length = sizeof seed - 1;

		memcpy(text, seed, sizeof seed);
		for (int edits = rand() % 4 + 1; edits > 0; edits--)
			text[(size_t)rand() % length] = bytes[(size_t)rand() % (sizeof bytes - 1)];
		if (rand() % 3 == 0)
			length = (size_t)rand() % length;
		if (budget_json_parse(&ctx, text, length, &value) == BUDGET_OK)
			ck_assert_ptr_nonnull(budget_json_print(&ctx, value));
		else
			ck_assert_ptr_null(value);
		budget_json_put(&value);
		budget_arena_reset(&ctx.arena);
	}
}
END_TEST

START_TEST(wherever_memory_ends_nothing_is_lost)
{
	static const char text[] = "{\"a\":[1,2.5,\"x\\n\"],\"b\":{\"c\":\"d\"}}";
	enum budget_status status = BUDGET_ETOOLARGE;

	for (long n = 1; status != BUDGET_OK; n++) {
		struct json_object *value = NULL;

		budget_arena_reset(&ctx.arena);
		budget_arena_fail_at(&ctx.arena, n);
		status = budget_json_parse(&ctx, text, strlen(text), &value);
		ck_assert(status == BUDGET_OK || (status == BUDGET_ETOOLARGE && value == NULL));
		budget_json_put(&value);
		ck_assert_int_lt(n, 100);
	}
	budget_arena_fail_at(&ctx.arena, 0);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("json");
	TCase *core = tcase_create("core");

	tcase_set_timeout(core, 60);
	tcase_add_checked_fixture(core, setup, teardown);
	tcase_add_loop_test(core, json_keeps_what_it_reads, 0, sizeof good / sizeof *good);
	tcase_add_loop_test(core, what_is_not_json_is_refused, 0, sizeof bad / sizeof *bad);
	tcase_add_test(core, a_nul_byte_is_not_json);
	tcase_add_loop_test(core, json_that_we_cannot_keep_is_refused_with_its_pointer, 0, sizeof invalid / sizeof *invalid);
	tcase_add_test(core, depth_32_is_read_33_is_not);
	tcase_add_test(core, names_end_at_255_bytes);
	tcase_add_test(core, an_error_says_where);
	tcase_add_test(core, members_are_reached_by_name_and_index);
	tcase_add_test(core, damaged_documents_do_no_harm);
	tcase_add_test(core, wherever_memory_ends_nothing_is_lost);
	suite_add_tcase(suite, core);
	return suite;
}
