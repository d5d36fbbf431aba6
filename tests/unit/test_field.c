#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctx.h"
#include "lib/field.h"
#include "lib/json.h"
#include "lib/text.h"
#include "lib/words.h"
#include "tests/unit/unit.h"

static const struct budget_field item_fields[] = {
	{ .name = "model", .type = FIELD_STRING, .need = FIELD_REQUIRED, .min = 1, .max = 8 },
	{ .name = "input_tokens", .type = FIELD_COUNT, .min = 0, .max = 100 },
	{ .name = NULL }
};

static const struct budget_field fields[] = {
	{ .name = "name", .type = FIELD_STRING, .min = 1, .max = 10 },
	{ .name = "input_tokens", .type = FIELD_COUNT, .min = 0, .max = 1000000000000 },
	{ .name = "cache_write_5m_tokens", .type = FIELD_COUNT, .min = 0, .max = 10 },
	{ .name = "cost_limit", .type = FIELD_MONEY, .need = FIELD_NULLABLE },
	{ .name = "limit", .type = FIELD_MONEY, .same_as = "cost_limit" },
	{ .name = "delta", .type = FIELD_DECIMAL },
	{ .name = "warning_threshold", .type = FIELD_FRACTION },
	{ .name = "enabled", .type = FIELD_BOOL },
	{ .name = "type", .type = FIELD_ENUM, .words = budget_words_policy_type },
	{ .name = "budget_id", .type = FIELD_UUID },
	{ .name = "start_date", .type = FIELD_TIME },
	{ .name = "metadata", .type = FIELD_OBJECT, .max = 40 },
	{ .name = "usage", .type = FIELD_OBJECT, .fields = item_fields },
	{ .name = "items", .type = FIELD_ARRAY, .fields = item_fields, .max = 3 },
	{ .name = "tags", .type = FIELD_ARRAY, .max = 2 },
	{ .name = "kinds", .type = FIELD_ARRAY, .words = budget_words_policy_type, .min = 1 },
	{ .name = "raw", .type = FIELD_JSON, .max = 20 },
	{ .name = NULL }
};

static const struct budget_field required_fields[] = {
	{ .name = "name", .type = FIELD_STRING, .need = FIELD_REQUIRED, .min = 1, .max = 10, .about = "what people call it" },
	{ .name = "cost_limit", .type = FIELD_MONEY, .need = FIELD_REQUIRED | FIELD_NULLABLE },
	{ .name = NULL }
};

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

/* Decodes and prints; NULL when refused (ctx.error says why). */
static const char *
decoded(const struct budget_field *table, const char *json)
{
	_auto_json_ struct json_object *object = NULL;
	struct budget_values values;
	struct budget_text text;

	if (budget_json_parse(&ctx, json, strlen(json), &object) != BUDGET_OK
	    || budget_fields_decode(&ctx, table, object, "", &values) != BUDGET_OK)
		return NULL;
	budget_text_init(&text, &ctx.arena, 64);
	budget_text_add(&text, "{");
	budget_values_members(&values, &text);
	budget_text_add(&text, "}");
	return budget_text_done(&text);
}

static const struct {
	const char *in, *out;
} good[] = {
	{ "{}", "{}" }, { "{\"name\":\"a\"}", "{\"name\":\"a\"}" }, { "{\"name\":\"é\\\"\"}", "{\"name\":\"é\\\"\"}" },
	{ "{\"input_tokens\":5}", "{\"input_tokens\":5}" }, { "{\"inputTokens\":5}", "{\"input_tokens\":5}" },
	{ "{\"input_tokens\":\"1e3\"}", "{\"input_tokens\":1000}" }, { "{\"input_tokens\":1.0}", "{\"input_tokens\":1}" },
	{ "{\"input_tokens\":1e12}", "{\"input_tokens\":1000000000000}" },
	{ "{\"cacheWrite5mTokens\":1}", "{\"cache_write_5m_tokens\":1}" }, { "{\"cacheWrite5MTokens\":1}", "{\"cache_write_5m_tokens\":1}" },
	{ "{\"limit\":\"1.50\"}", "{\"cost_limit\":1.5}" }, { "{\"costLimit\":0}", "{\"cost_limit\":0}" },
	{ "{\"cost_limit\":0.000000000000000000000000000001}", "{\"cost_limit\":0.000000000000000000000000000001}" },
	{ "{\"cost_limit\":null}", "{\"cost_limit\":null}" }, { "{\"limit\":null}", "{\"cost_limit\":null}" },
	{ "{\"name\":null,\"enabled\":null,\"items\":null}", "{}" }, { "{\"delta\":-2.50}", "{\"delta\":-2.5}" },
	{ "{\"warning_threshold\":0.8}", "{\"warning_threshold\":0.8}" }, { "{\"warningThreshold\":\"10\"}", "{\"warning_threshold\":10}" },
	{ "{\"enabled\":true}", "{\"enabled\":true}" }, { "{\"type\":\"BLOCK\"}", "{\"type\":\"hard_limit\"}" },
	{ "{\"budget_id\":\"0190F0E4-7B2A-7C31-8A55-3D2F0C9B1E77\"}", "{\"budget_id\":\"0190f0e4-7b2a-7c31-8a55-3d2f0c9b1e77\"}" },
	{ "{\"start_date\":\"2026-01-31\"}", "{\"start_date\":\"2026-01-31\"}" },
	{ "{\"metadata\":{\"b\":1,\"a\":[1.10,null]}}", "{\"metadata\":{\"b\":1,\"a\":[1.10,null]}}" },
	{ "{\"usage\":{\"model\":\"m\",\"inputTokens\":\"7\"}}", "{\"usage\":{\"model\":\"m\",\"input_tokens\":7}}" },
	{ "{\"items\":[{\"model\":\"a\"},{\"model\":\"b\",\"input_tokens\":2}]}", "{\"items\":[{\"model\":\"a\"},{\"model\":\"b\",\"input_tokens\":2}]}" },
	{ "{\"items\":[]}", "{\"items\":[]}" }, { "{\"tags\":[\"x\",\"\"]}", "{\"tags\":[\"x\",\"\"]}" },
	{ "{\"kinds\":[\"log\",\"warn\"]}", "{\"kinds\":[\"ignore\",\"warn\"]}" }, { "{\"raw\":[1,{\"a\":2}]}", "{\"raw\":[1,{\"a\":2}]}" },
	{ "{\"raw\":\"x\"}", "{\"raw\":\"x\"}" },
};

START_TEST(values_come_out_canonical)
{
	const char *out = decoded(fields, good[_i].in);

	ck_assert_msg(out != NULL, "%s: %s", good[_i].in, ctx.error.detail);
	ck_assert_str_eq(out, good[_i].out);
}
END_TEST

static const struct {
	const char *in, *code, *pointer;
} bad[] = {
	{ "[]", "wrong_type", "" }, { "1", "wrong_type", "" }, { "null", "wrong_type", "" },
	{ "{\"nme\":1}", "unknown_field", "/nme" }, { "{\"Name\":\"a\"}", "unknown_field", "/Name" },
	{ "{\"input_Tokens\":1}", "unknown_field", "/input_Tokens" }, { "{\"inputtokens\":1}", "unknown_field", "/inputtokens" },
	{ "{\"a/b~\":1}", "unknown_field", "/a~1b~0" }, { "{\"\":1}", "unknown_field", "/" },
	{ "{\"input_tokens\":1,\"inputTokens\":1}", "duplicate_field", "/inputTokens" },
	{ "{\"limit\":1,\"costLimit\":1}", "duplicate_field", "/costLimit" }, { "{\"cost_limit\":null,\"limit\":1}", "duplicate_field", "/limit" },
	{ "{\"name\":\"\"}", "out_of_range", "/name" }, { "{\"name\":\"12345678901\"}", "out_of_range", "/name" },
	{ "{\"name\":5}", "wrong_type", "/name" }, { "{\"name\":true}", "wrong_type", "/name" }, { "{\"name\":{}}", "wrong_type", "/name" },
	{ "{\"input_tokens\":-1}", "out_of_range", "/input_tokens" }, { "{\"input_tokens\":1000000000001}", "out_of_range", "/input_tokens" },
	{ "{\"input_tokens\":99999999999999999999}", "out_of_range", "/input_tokens" }, { "{\"input_tokens\":1e300}", "out_of_range", "/input_tokens" },
	{ "{\"input_tokens\":1.5}", "wrong_type", "/input_tokens" }, { "{\"input_tokens\":\"abc\"}", "wrong_type", "/input_tokens" },
	{ "{\"input_tokens\":\"\"}", "wrong_type", "/input_tokens" }, { "{\"input_tokens\":true}", "wrong_type", "/input_tokens" },
	{ "{\"input_tokens\":[]}", "wrong_type", "/input_tokens" }, { "{\"cost_limit\":-0.01}", "out_of_range", "/cost_limit" },
	{ "{\"cost_limit\":1e12}", "out_of_range", "/cost_limit" }, { "{\"cost_limit\":1e-31}", "out_of_range", "/cost_limit" },
	{ "{\"cost_limit\":\"five\"}", "wrong_type", "/cost_limit" }, { "{\"cost_limit\":\"$5\"}", "wrong_type", "/cost_limit" },
	{ "{\"warning_threshold\":0}", "out_of_range", "/warning_threshold" }, { "{\"warning_threshold\":10.01}", "out_of_range", "/warning_threshold" },
	{ "{\"warning_threshold\":-1}", "out_of_range", "/warning_threshold" }, { "{\"enabled\":\"true\"}", "wrong_type", "/enabled" },
	{ "{\"enabled\":1}", "wrong_type", "/enabled" }, { "{\"type\":\"nonsense\"}", "unknown_value", "/type" }, { "{\"type\":3}", "wrong_type", "/type" },
	{ "{\"budget_id\":\"x\"}", "invalid_id", "/budget_id" }, { "{\"start_date\":\"2026-02-30\"}", "invalid_time", "/start_date" },
	{ "{\"metadata\":[]}", "wrong_type", "/metadata" }, { "{\"metadata\":{\"a\":\"12345678901234567890123456789012345\"}}", "out_of_range", "/metadata" },
	{ "{\"usage\":{}}", "missing_field", "/usage/model" }, { "{\"usage\":{\"model\":\"m\",\"x\":1}}", "unknown_field", "/usage/x" },
	{ "{\"items\":{}}", "wrong_type", "/items" }, { "{\"items\":[1]}", "wrong_type", "/items/0" },
	{ "{\"items\":[{\"model\":\"a\"},{\"model\":7}]}", "wrong_type", "/items/1/model" },
	{ "{\"items\":[{\"model\":\"a\"},{\"model\":\"a\"},{\"model\":\"a\"},{\"model\":\"a\"}]}", "out_of_range", "/items" },
	{ "{\"tags\":[1]}", "wrong_type", "/tags/0" }, { "{\"tags\":[null]}", "wrong_type", "/tags/0" },
	{ "{\"tags\":[\"a\",\"b\",\"c\"]}", "out_of_range", "/tags" }, { "{\"kinds\":[]}", "out_of_range", "/kinds" },
	{ "{\"kinds\":[\"warn\",\"x\"]}", "unknown_value", "/kinds/1" }, { "{\"raw\":\"1234567890123456789\"}", "out_of_range", "/raw" },
};

START_TEST(a_bad_field_is_named_by_its_pointer)
{
	ck_assert_msg(decoded(fields, bad[_i].in) == NULL, "%s", bad[_i].in);
	ck_assert_str_eq(ctx.error.code, bad[_i].code);
	ck_assert_str_eq(ctx.error.pointer, bad[_i].pointer);
	ck_assert_int_eq(ctx.error.status, BUDGET_EINVALID);
	ck_assert_uint_gt(strlen(ctx.error.detail), 10);
}
END_TEST

START_TEST(a_missing_field_says_what_it_is_for)
{
	ck_assert_ptr_null(decoded(required_fields, "{\"cost_limit\":null}"));
	ck_assert_str_eq(ctx.error.code, "missing_field");
	ck_assert_ptr_nonnull(strstr(ctx.error.detail, "what people call it"));
	ck_assert_ptr_null(decoded(required_fields, "{\"name\":null,\"cost_limit\":1}"));
	ck_assert_str_eq(ctx.error.pointer, "/name");
	ck_assert_ptr_nonnull(decoded(required_fields, "{\"name\":\"a\",\"cost_limit\":null}"));
}
END_TEST

START_TEST(an_unknown_field_suggests_the_nearest)
{
	decoded(fields, "{\"input_token\":1}");
	ck_assert_ptr_nonnull(strstr(ctx.error.detail, "'input_tokens'"));
	decoded(fields, "{\"completely_else\":1}");
	ck_assert_ptr_nonnull(strstr(ctx.error.detail, "name, input_tokens"));
	ck_assert_ptr_null(strstr(ctx.error.detail, ", limit"));
}
END_TEST

static const char *
queried(const char *query)
{
	struct budget_values values;
	struct budget_text text;

	if (budget_fields_query(&ctx, fields, query, &values) != BUDGET_OK)
		return NULL;
	budget_text_init(&text, &ctx.arena, 64);
	budget_values_members(&values, &text);
	return budget_text_done(&text);
}

static const struct {
	const char *in, *out;
} good_queries[] = {
	{ "", "" }, { "&&", "" }, { "name=a", "\"name\":\"a\"" }, { "name=a+b%20c", "\"name\":\"a b c\"" },
	{ "name=%C3%A9", "\"name\":\"é\"" }, { "inputTokens=7&enabled=YES", "\"input_tokens\":7,\"enabled\":true" },
	{ "start_date=2026-01-31T10:00:00+02:00", "\"start_date\":\"2026-01-31T10:00:00+02:00\"" },
	{ "start_date=2026-01-31T10%3A00%3A00%2B02%3A00", "\"start_date\":\"2026-01-31T10:00:00+02:00\"" },
	{ "start_date=2026-01-31+10:00:00", "\"start_date\":\"2026-01-31 10:00:00\"" }, { "name=a=b", "\"name\":\"a=b\"" },
	{ "n%61me=x", "\"name\":\"x\"" }, { "type=enforce", "\"type\":\"hard_limit\"" },
};

START_TEST(query_strings_are_decoded)
{
	const char *out = queried(good_queries[_i].in);

	ck_assert_msg(out != NULL, "%s: %s", good_queries[_i].in, ctx.error.detail);
	ck_assert_str_eq(out, good_queries[_i].out);
}
END_TEST

static const struct {
	const char *in, *code, *pointer;
} bad_queries[] = {
	{ "nam=1", "unknown_field", "?nam" }, { "x", "unknown_field", "?x" }, { "=1", "unknown_field", "?" },
	{ "name=a&name=b", "duplicate_field", "?name" }, { "input_tokens=1&inputTokens=1", "duplicate_field", "?inputTokens" },
	{ "name=", "out_of_range", "?name" }, { "name", "out_of_range", "?name" }, { "input_tokens=", "out_of_range", "?input_tokens" },
	{ "input_tokens=x", "wrong_type", "?input_tokens" }, { "enabled=maybe", "wrong_type", "?enabled" },
	{ "items=1", "wrong_type", "?items" }, { "name=%", "bad_encoding", "" }, { "name=%4", "bad_encoding", "" }, { "name=%zz", "bad_encoding", "" },
	{ "name=%00", "bad_encoding", "" }, { "name=%ff", "bad_encoding", "" }, { "name=\xff", "bad_encoding", "" }, { "%=1", "bad_encoding", "" },
};

START_TEST(bad_query_strings_are_refused)
{
	ck_assert_msg(queried(bad_queries[_i].in) == NULL, "%s", bad_queries[_i].in);
	ck_assert_str_eq(ctx.error.code, bad_queries[_i].code);
	ck_assert_str_eq(ctx.error.pointer, bad_queries[_i].pointer);
}
END_TEST

START_TEST(long_queries_are_refused)
{
	char query[10000] = "name=";

	memset(query + 5, 'a', 9000);
	ck_assert_ptr_null(queried(query));
	query[0] = '\0';
	for (int i = 0; i < 70; i++)
		strcat(query, "name=a&");
	ck_assert_ptr_null(queried(query));
}
END_TEST

START_TEST(values_are_found_by_name)
{
	struct budget_values values;

	ck_assert_int_eq(budget_fields_query(&ctx, fields, "limit=5", &values), BUDGET_OK);
	ck_assert_str_eq(budget_values_get(&values, "cost_limit"), "5");
	ck_assert_ptr_null(budget_values_get(&values, "limit"));
	ck_assert_ptr_null(budget_values_get(&values, "nowhere"));
	ck_assert_int_eq(budget_fields_query(&ctx, NULL, "", &values), BUDGET_OK);
	ck_assert_ptr_null(budget_values_get(&values, "name"));
	ck_assert_int_eq(budget_fields_query(&ctx, NULL, "a=1", &values), BUDGET_EINVALID);
}
END_TEST

START_TEST(wherever_memory_ends_a_table_fails_as_a_whole)
{
	static const char json[] = "{\"name\":\"a\",\"items\":[{\"model\":\"x\",\"inputTokens\":\"5\"}],\"metadata\":{\"k\":1.5},\"limit\":2}";
	const char *out = NULL;

	for (long n = 1; out == NULL; n++) {
		budget_arena_reset(&ctx.arena);
		budget_arena_fail_at(&ctx.arena, n);
		out = decoded(fields, json);
		ck_assert_int_lt(n, 200);
	}
	budget_arena_fail_at(&ctx.arena, 0);
	ck_assert_str_eq(out, "{\"name\":\"a\",\"cost_limit\":2,\"metadata\":{\"k\":1.5},\"items\":[{\"model\":\"x\",\"input_tokens\":5}]}");
}
END_TEST

START_TEST(damaged_queries_do_no_harm)
{
	static const char bytes[] = "name=&%0123456789abcdef+;input_tokens\xc3\xa9";
	char query[120];

	srand(5);
	for (int i = 0; i < 50000; i++) {
		int length = rand() % (int)(sizeof query - 1);

		for (int j = 0; j < length; j++)
			query[j] = bytes[rand() % (int)(sizeof bytes - 1)];
		query[length] = '\0';
		queried(query);
		budget_arena_reset(&ctx.arena);
	}
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("field");
	TCase *core = tcase_create("core");

	tcase_set_timeout(core, 60);
	tcase_add_checked_fixture(core, setup, teardown);
	tcase_add_loop_test(core, values_come_out_canonical, 0, sizeof good / sizeof *good);
	tcase_add_loop_test(core, a_bad_field_is_named_by_its_pointer, 0, sizeof bad / sizeof *bad);
	tcase_add_test(core, a_missing_field_says_what_it_is_for);
	tcase_add_test(core, an_unknown_field_suggests_the_nearest);
	tcase_add_loop_test(core, query_strings_are_decoded, 0, sizeof good_queries / sizeof *good_queries);
	tcase_add_loop_test(core, bad_query_strings_are_refused, 0, sizeof bad_queries / sizeof *bad_queries);
	tcase_add_test(core, long_queries_are_refused);
	tcase_add_test(core, values_are_found_by_name);
	tcase_add_test(core, wherever_memory_ends_a_table_fails_as_a_whole);
	tcase_add_test(core, damaged_queries_do_no_harm);
	suite_add_tcase(suite, core);
	return suite;
}
