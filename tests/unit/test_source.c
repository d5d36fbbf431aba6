/*
 * Price sources. tests/fixtures/prices/<kind>/ holds feeds; beside each stands <feed>.expected: the quotes, one a line,
 * and the counters. A new kind or a new feed needs no line here.
 */
#include "lib/source/source.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctx.h"
#include "lib/source/quote.h"
#include "lib/text.h"
#include "tests/unit/unit.h"

#define FEED_URL "https://feed.test/prices"

static struct budget_ctx ctx;

static void
setup(void)
{
	budget_ctx_init(&ctx, 128 << 20);
}

static void
teardown(void)
{
	budget_ctx_clear(&ctx);
}

static enum budget_status
parse_n(const char *kind, const char *body, size_t length, struct budget_source_batch *batch)
{
	const struct budget_source_feed feed = { body, length, FEED_URL };

	return budget_source_parse(&ctx, budget_source_kind_find(kind), &feed, batch);
}

static enum budget_status
parse(const char *kind, const char *body, struct budget_source_batch *batch)
{
	return parse_n(kind, body, strlen(body), batch);
}

static char *
read_file(const char *path, size_t *ret_length)
{
	FILE *file = fopen(path, "rb");
	char *text;
	long length;

	if (file == NULL)
		return NULL;
	fseek(file, 0, SEEK_END);
	length = ftell(file);
	rewind(file);
	text = malloc((size_t)length + 1);
	*ret_length = fread(text, 1, (size_t)length, file);
	text[*ret_length] = '\0';
	fclose(file);
	return text;
}

static const char *
fixtures(void)
{
	const char *source = getenv("BUDGET_TEST_SOURCE");
	static char path[4096];

	snprintf(path, sizeof path, "%s/tests/fixtures/prices", source ? source : getenv("srcdir") ? getenv("srcdir") : ".");
	return path;
}

/* What a feed gave, as the .expected files have it. */
static const char *
print_batch(const struct budget_source_batch *batch)
{
	struct budget_text text;

	budget_text_init(&text, &ctx.arena, 65536);
	for (size_t i = 0; i < batch->count; i++)
		budget_text_addf(&text, "%s\n", batch->quotes[i]);
	budget_text_addf(&text, "seen %lld, quotes %zu, partial %lld", (long long)batch->seen, batch->count,
	    (long long)batch->partial);
	for (int i = 0; i < SOURCE_SKIP_COUNT; i++)
		if (batch->skipped[i])
			budget_text_addf(&text, ", %s %lld", budget_source_skip_name((enum budget_source_skip)i),
			    (long long)batch->skipped[i]);
	if (batch->malformed_first)
		budget_text_addf(&text, ", first malformed %s", batch->malformed_first);
	budget_text_add(&text, "\n");
	return budget_text_done(&text);
}

/* Line by line, so that a failure shows the line that differs. */
static void
compare(const char *path, const char *got, const char *expected)
{
	char left[8192], right[8192];

	for (int line = 1; *got || *expected; line++) {
		size_t n = strcspn(got, "\n"), m = strcspn(expected, "\n");
		snprintf(left, sizeof left, "%.*s", (int)n, got);
		snprintf(right, sizeof right, "%.*s", (int)m, expected);
		ck_assert_msg(strcmp(left, right) == 0, "%s, line %d:\n got      %s\n expected %s", path, line, left, right);
		got += n + (got[n] != '\0');
		expected += m + (expected[m] != '\0');
	}
}

static void
check_feed(const char *kind, const char *name)
{
	struct budget_source_batch batch;
	char path[4200], expected_path[4300];
	size_t length = 0, expected_length = 0;
	char *body, *expected;

	snprintf(path, sizeof path, "%s/%s/%s", fixtures(), kind, name);
	snprintf(expected_path, sizeof expected_path, "%s.expected", path);
	body = read_file(path, &length);
	ck_assert_msg(parse_n(kind, body, length, &batch) == BUDGET_OK, "%s: %s", path, ctx.error.detail);
	if (getenv("BUDGET_TEST_WRITE_EXPECTED")) {
		FILE *file = fopen(expected_path, "wb");
		fputs(print_batch(&batch), file);
		fclose(file);
	}
	expected = read_file(expected_path, &expected_length);
	ck_assert_msg(expected != NULL, "%s is missing", expected_path);
	compare(path, print_batch(&batch), expected);
	free(body);
	free(expected);
}

START_TEST(every_kind_reads_its_feeds_as_expected)
{
	const struct budget_source_kind *kind = &budget_source_kinds[_i];
	char folder[4200];
	struct dirent *entry;
	int feeds = 0;

	snprintf(folder, sizeof folder, "%s/%s", fixtures(), kind->name);
	DIR *dir = opendir(folder);
	ck_assert_msg(dir != NULL, "no feed in %s", folder);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && !strstr(entry->d_name, ".expected")) {
			check_feed(kind->name, entry->d_name);
			feeds++;
		}
	closedir(dir);
	ck_assert_int_gt(feeds, 0);
}
END_TEST

START_TEST(every_kind_refuses_what_is_no_feed)
{
	static const char *const bodies[] = {
		"", " \n", "null", "true", "0", "\"text\"", "[", "{", "[]", "{}", "{\"prices\":{}}", "{\"prices\":[]}",
		"{\"prices\":7}", "{\"data\":{}}", "{\"data\":[]}", "[[]]", "[{}]", "<html><body><p>404 not found</p></body></html>",
		"{\"error\":\"rate limited\"}", "{\"prices\":[1,2,3]}", "{\"data\":[1,\"x\",null]}", "[1,2,3]", "NaN",
		"{\"a\":1,\"a\":2}", "provider\n", "\xff\xfe\x00", "{\"prices\":[{\"id\":\"x\\u0000\"}]}",
	};
	const struct budget_source_kind *kind = &budget_source_kinds[_i];

	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		struct budget_source_batch batch = { .count = 77 };
		enum budget_status status = parse(kind->name, bodies[i], &batch);
		ck_assert_msg(status == BUDGET_EINVALID, "%s takes %s (%d)", kind->name, bodies[i], status);
		ck_assert_str_eq(ctx.error.code, "bad_feed");
		ck_assert_int_gt(strlen(ctx.error.detail), 10);
		ck_assert_msg(batch.count == 77, "%s: a batch was written", kind->name);
		budget_arena_reset(&ctx.arena);
	}
}
END_TEST

/* Cut anywhere, a feed either gives nothing or (pages and lines have no end mark) no wrong price. */
START_TEST(a_truncated_feed_is_refused)
{
	static const char *const feeds[][2] = { { "litellm", "models.json" }, { "llm_prices", "current.json" },
	    { "openrouter", "models.json" }, { "genai_prices", "data.json" }, { "file", "own.json" } };
	char path[4200];
	size_t length;
	char *body;

	snprintf(path, sizeof path, "%s/%s/%s", fixtures(), feeds[_i][0], feeds[_i][1]);
	body = read_file(path, &length);
	while (length > 0 && strchr(" \n", body[length - 1]))
		length--;
	for (size_t cut = length - 1; cut > 0; cut = cut > 37 ? cut - 37 : 0) {
		struct budget_source_batch batch;
		char *part = malloc(cut); /* exactly as long: a byte too many is seen by the sanitizer */
		memcpy(part, body, cut);
		ck_assert_int_eq(parse_n(feeds[_i][0], part, cut, &batch), BUDGET_EINVALID);
		free(part);
		budget_arena_reset(&ctx.arena);
	}
	free(body);
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
	char body[4000];
	struct budget_source_batch batch;

	memset(body, '[', sizeof body);
	for (const struct budget_source_kind *kind = budget_source_kinds; kind->name; kind++)
		ck_assert_int_eq(parse_n(kind->name, body, sizeof body, &batch), BUDGET_EINVALID);
	memset(body, 0, sizeof body);
	for (const struct budget_source_kind *kind = budget_source_kinds; kind->name; kind++)
		ck_assert_int_eq(parse_n(kind->name, body, sizeof body, &batch), BUDGET_EINVALID);
}
END_TEST

START_TEST(a_page_nested_without_end_is_refused)
{
	struct budget_text page;
	struct budget_source_batch batch;

	budget_text_init(&page, &ctx.arena, 1 << 20);
	for (int i = 0; i < 20000; i++)
		budget_text_add(&page, "<div><b>");
	budget_text_add(&page, "<table><tr><th>Model</th><th>Input price</th></tr><tr><td>gpt-deep</td><td>$1/1M</td></tr></table>");
	ck_assert_int_eq(parse("llmprices_html", budget_text_done(&page), &batch), BUDGET_EINVALID);
}
END_TEST

START_TEST(amounts_keep_their_digits)
{
	static const struct { const char *text; int exponent; const char *expected; } rows[] = {
		{ "1.5e-07", 0, "0.00000015" }, { "0.00000012500000000000002", 0, "0.000000125" },
		{ "2.9999900000000002e-06", 0, "0.00000299999" }, { "0.00000008333333333333334", 0, "0.000000083333333333" },
		{ "3.333e-05", 0, "0.00003333" }, { "1.0172526e-08", 0, "0.000000010172526" }, { "1e-18", 0, "0.000000000000000001" },
		{ "9.9999999999999995e-07", 0, "0.000001" }, { "0", 0, "0" }, { "0.0", 0, "0" }, { "-0", 0, "0" }, { "0e5", 0, "0" },
		{ "3", 6, "0.000003" }, { "0.15", 6, "0.00000015" }, { "22.5", 6, "0.0000225" }, { "0.0001", 3, "0.0000001" },
		{ "1250.5", 6, "0.0012505" }, { "10", 3, "0.01" }, { "12.345678901234", 6, "0.000012345678901234" },
		{ "1e-19", 0, NULL }, { "-1", 0, NULL }, { "-1e-7", 0, NULL }, { "1e400", 0, NULL }, { "1e12", 0, NULL },
		{ "NaN", 0, NULL }, { "Infinity", 0, NULL }, { "", 0, NULL }, { " 1", 0, NULL }, { "1 ", 0, NULL }, { "0x1", 0, NULL },
		{ "1,5", 0, NULL }, { "1.2.3", 0, NULL }, { ".", 0, NULL }, { "cheap", 0, NULL },
		{ "1e-99999999999999999999", 0, NULL },
	};
	const char *got = source_amount(&ctx, rows[_i].text, rows[_i].exponent);

	if (rows[_i].expected == NULL)
		ck_assert_msg(got == NULL, "'%s' gives %s", rows[_i].text, got);
	else
		ck_assert_msg(got && strcmp(got, rows[_i].expected) == 0, "'%s': %s, expected %s", rows[_i].text,
		    got ? got : "nothing", rows[_i].expected);
	ck_assert_msg(sizeof rows / sizeof rows[0] == 35, "%zu rows", sizeof rows / sizeof rows[0]);
}
END_TEST

START_TEST(an_endless_number_is_no_amount)
{
	char digits[5001];

	memset(digits, '9', 5000);
	digits[5000] = '\0';
	ck_assert_ptr_null(source_amount(&ctx, digits, 0));
	memcpy(digits, "0.", 2);
	ck_assert_ptr_null(source_amount(&ctx, digits, 0));
}
END_TEST

START_TEST(a_feed_of_which_most_is_malformed_is_refused)
{
	struct budget_source_batch batch;

	ck_assert_int_eq(parse("openrouter", "{\"data\":[{\"id\":\"a/b\",\"pricing\":{\"prompt\":\"0.1\",\"completion\":\"0.1\"}},"
	    "{\"name\":1},{\"name\":2}]}", &batch), BUDGET_EINVALID);
	ck_assert_ptr_nonnull(strstr(ctx.error.detail, "Only 1 of 3"));
	ck_assert_int_eq(parse("openrouter", "{\"data\":[{\"id\":\"a/b\",\"pricing\":{\"prompt\":\"0.1\",\"completion\":\"0.1\"}},"
	    "{\"name\":1}]}", &batch), BUDGET_OK);
	ck_assert_int_eq(batch.count, 1);
	ck_assert_int_eq(batch.skipped[SOURCE_SKIP_MALFORMED], 1);
}
END_TEST

START_TEST(a_duplicate_key_refuses_the_feed)
{
	struct budget_source_batch batch;

	ck_assert_int_eq(parse("litellm", "{\"m\":{\"litellm_provider\":\"a\",\"input_cost_per_token\":1e-6},"
	    "\"m\":{\"litellm_provider\":\"a\",\"input_cost_per_token\":2e-6}}", &batch), BUDGET_EINVALID);
	ck_assert_ptr_nonnull(strstr(ctx.error.detail, "twice"));
}
END_TEST

START_TEST(strange_names_are_skipped)
{
	static const char *const names[] = { "", " x", "x ", "a\\nb", "a\\u007fb" };
	struct budget_source_batch batch;
	char body[600];

	snprintf(body, sizeof body, "{\"prices\":[{\"id\":\"good\",\"vendor\":\"v\",\"input\":1,\"output\":1},"
	    "{\"id\":\"%s\",\"vendor\":\"v\",\"input\":1,\"output\":1}]}", names[_i]);
	ck_assert_int_eq(parse("llm_prices", body, &batch), BUDGET_OK);
	ck_assert_int_eq(batch.count, 1);
	ck_assert_int_eq(batch.skipped[SOURCE_SKIP_MALFORMED], 1);
}
END_TEST

START_TEST(more_context_tiers_than_a_price_may_have_are_left_out)
{
	struct budget_text body;
	struct budget_source_batch batch;

	budget_text_init(&body, &ctx.arena, 4096);
	budget_text_add(&body, "{\"data\":[{\"id\":\"a/b\",\"pricing\":{\"prompt\":\"1\",\"completion\":\"1\",\"overrides\":[");
	for (int i = 20; i > 0; i--)
		budget_text_addf(&body, "%s{\"min_prompt_tokens\":%d,\"prompt\":\"2\"}", i < 20 ? "," : "", i * 1000);
	budget_text_add(&body, "]}}]}");
	ck_assert_int_eq(parse("openrouter", budget_text_done(&body), &batch), BUDGET_OK);
	ck_assert_int_eq(batch.partial, 1);
	ck_assert_ptr_nonnull(strstr(batch.quotes[0], "[{\"above_input_tokens\":13000,"));
	ck_assert_ptr_null(strstr(batch.quotes[0], "\"above_input_tokens\":12000"));
}
END_TEST

START_TEST(a_file_of_ones_own_with_an_unknown_column_is_refused)
{
	struct budget_source_batch batch;

	ck_assert_int_eq(parse("file", "provider,model,inptu\na,b,1\n", &batch), BUDGET_EINVALID);
	ck_assert_ptr_nonnull(strstr(ctx.error.detail, "'inptu'"));
	ck_assert_int_eq(parse("file", "[{\"provider\":\"a\",\"model\":\"b\",\"inptu\":1}]", &batch), BUDGET_EINVALID);
	ck_assert_int_eq(parse("file", "provider,model,input\na,\"b,1\n", &batch), BUDGET_EINVALID);
	ck_assert_ptr_nonnull(strstr(ctx.error.detail, "line 2"));
}
END_TEST

/* Each model claims the same names and families: the first has them, soon, and an entry is seen once. */
START_TEST(names_without_end_are_read_in_time)
{
	enum { NAMES = 20000, MODELS = 3 };
	struct budget_text body;
	struct budget_source_batch batch;

	budget_text_init(&body, &ctx.arena, 8 << 20);
	budget_text_add(&body, "[{\"id\":\"maker\",\"models\":[");
	for (int model = 0; model < MODELS; model++) {
		budget_text_addf(&body, "%s{\"id\":\"m%d\",\"prices\":{\"input_mtok\":%d},\"match\":{\"or\":[", model ? "," : "", model, model + 1);
		for (int i = 0; i < NAMES; i++)
			budget_text_addf(&body, "%s{\"equals\":\"m%d\"},{\"starts_with\":\"m%d-\"}", i ? "," : "", i, i);
		budget_text_add(&body, "]}}");
	}
	budget_text_add(&body, "]}]");
	ck_assert_msg(parse("genai_prices", budget_text_done(&body), &batch) == BUDGET_OK, "%s", ctx.error.detail);
	ck_assert_int_eq(batch.count, 2 * NAMES);
	ck_assert_int_eq(batch.seen, MODELS);
	for (int i = 0; i < SOURCE_SKIP_COUNT; i++)
		ck_assert_int_eq(batch.skipped[i], 0);
	for (size_t i = MODELS; i < batch.count; i++)
		ck_assert_ptr_nonnull(strstr(batch.quotes[i], "\"0.000001\""));
}
END_TEST

START_TEST(memory_may_end_anywhere)
{
	const struct budget_source_kind *kind = &budget_source_kinds[_i];
	static const char *const names[] = { "models.json", "current.json", "table.html", "cards.html", "models.json",
	    "data.json", "own.csv" };
	struct budget_source_batch batch;
	char path[4200];
	size_t length;

	snprintf(path, sizeof path, "%s/%s/%s", fixtures(), kind->name, names[_i]);
	char *body = read_file(path, &length);
	for (long n = 1; n < 400; n++) {
		budget_arena_reset(&ctx.arena);
		budget_arena_fail_at(&ctx.arena, n);
		if (parse_n(kind->name, body, length, &batch) == BUDGET_OK)
			ck_assert_msg(batch.count > 0 || n > 0, "an empty batch");
	}
	budget_arena_fail_at(&ctx.arena, 0);
	free(body);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("source");
	TCase *tcase = tcase_create("feeds");
	int kinds = 0;

	while (budget_source_kinds[kinds].name)
		kinds++;
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, every_kind_reads_its_feeds_as_expected, 0, kinds);
	tcase_add_loop_test(tcase, every_kind_refuses_what_is_no_feed, 0, kinds);
	tcase_add_loop_test(tcase, memory_may_end_anywhere, 0, kinds);
	tcase_add_loop_test(tcase, a_truncated_feed_is_refused, 0, 5);
	tcase_add_loop_test(tcase, amounts_keep_their_digits, 0, 35);
	tcase_add_loop_test(tcase, strange_names_are_skipped, 0, 5);
	tcase_add_test(tcase, deep_nesting_is_refused);
	tcase_add_test(tcase, a_page_nested_without_end_is_refused);
	tcase_add_test(tcase, an_endless_number_is_no_amount);
	tcase_add_test(tcase, a_feed_of_which_most_is_malformed_is_refused);
	tcase_add_test(tcase, a_duplicate_key_refuses_the_feed);
	tcase_add_test(tcase, more_context_tiers_than_a_price_may_have_are_left_out);
	tcase_add_test(tcase, names_without_end_are_read_in_time);
	tcase_add_test(tcase, a_file_of_ones_own_with_an_unknown_column_is_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
