/* The small base modules: error, ctx, text, utf8, when, words, uuid, log, rest. */
#include <ctype.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/budget.h"
#include "lib/rest.h"
#include "tests/unit/unit.h"

static struct budget_ctx ctx;

static void
setup(void)
{
	budget_ctx_init(&ctx, 1024 * 1024);
}

static void
teardown(void)
{
	budget_ctx_clear(&ctx);
}

START_TEST(every_status_has_its_number_and_back)
{
	for (int status = 0; status >= BUDGET_EBUG; status--) {
		int http = budget_status_http((enum budget_status)status);

		ck_assert_int_ge(http, 200);
		ck_assert_int_eq(budget_status_of_http(http), status);
		ck_assert_ptr_nonnull(budget_status_title((enum budget_status)status));
		ck_assert_int_eq(budget_status_exit((enum budget_status)status) == 0, status == 0);
	}
	ck_assert_int_eq(budget_status_http((enum budget_status)-99), 500);
	ck_assert_int_eq(budget_status_of_http(418), BUDGET_EINVALID);
	ck_assert_int_eq(budget_status_of_http(599), BUDGET_EBUG);
}
END_TEST

START_TEST(a_failure_keeps_its_text_when_the_arena_is_full)
{
	budget_arena_fail_at(&ctx.arena, 1);
	ck_assert_int_eq(budget_fail(&ctx, BUDGET_EINVALID, "code", "/a", "%s", "text"), BUDGET_EINVALID);
	ck_assert_ptr_nonnull(ctx.error.detail);
	ck_assert_int_eq(budget_fail(&ctx, BUDGET_ENOTFOUND, "other", NULL, "%d", 7), BUDGET_ENOTFOUND);
	ck_assert_str_eq(ctx.error.detail, "7");
	ck_assert_str_eq(ctx.error.pointer, "");
}
END_TEST

START_TEST(roles_are_ordered_and_read_back)
{
	ck_assert_int_lt(BUDGET_ROLE_VIEWER, BUDGET_ROLE_SERVICE);
	ck_assert_int_lt(BUDGET_ROLE_MANAGER, BUDGET_ROLE_ADMIN);
	ck_assert_int_eq(budget_role_parse("manager"), BUDGET_ROLE_MANAGER);
	ck_assert_int_eq(budget_role_parse("root"), BUDGET_ROLE_NONE);
	ck_assert_int_eq(budget_role_parse(NULL), BUDGET_ROLE_NONE);
	ck_assert_int_eq(budget_role_parse("none"), BUDGET_ROLE_NONE);
}
END_TEST

START_TEST(text_escapes_json)
{
	struct budget_text text;

	budget_text_init(&text, &ctx.arena, 0);
	budget_text_add(&text, "{");
	budget_text_member(&text, "a\"b", "x\\y\n\t\x01\x7f/é");
	budget_text_member(&text, "n", NULL);
	budget_text_member_raw(&text, "v", "[1]");
	budget_text_add(&text, "}");
	ck_assert_str_eq(budget_text_done(&text), "{\"a\\\"b\":\"x\\\\y\\n\\t\\u0001\\u007f/é\",\"n\":null,\"v\":[1]}");
	budget_text_init(&text, &ctx.arena, 0);
	budget_text_pointer(&text, "a/b~c");
	ck_assert_str_eq(budget_text_done(&text), "/a~1b~0c");
}
END_TEST

START_TEST(text_formats_beyond_what_it_reserved)
{
	struct budget_text text;

	for (int length = 0; length < 400; length++) {
		budget_text_init(&text, &ctx.arena, 1);
		budget_text_addf(&text, "%*s|", length, "");
		ck_assert_uint_eq(strlen(budget_text_done(&text)), length + 1);
		budget_arena_reset(&ctx.arena);
	}
}
END_TEST

static const char *const good_utf8[] = { "", "abc", "é", "€", "😀", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf" };
static const char *const bad_utf8[] = { "\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
	"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xe2\x82", "\xe2\x28\xa1" };

START_TEST(utf8_that_unicode_allows)
{
	ck_assert(budget_utf8_valid(good_utf8[_i], strlen(good_utf8[_i]), NULL));
}
END_TEST

START_TEST(utf8_that_unicode_does_not_allow)
{
	size_t offset = 99;

	ck_assert(!budget_utf8_valid(bad_utf8[_i], strlen(bad_utf8[_i]), &offset));
	ck_assert_uint_lt(offset, 2);
}
END_TEST

static const char *const good_times[] = { "2026-01-31", "2024-02-29", "2000-02-29", "2026-01-31T00:00:00Z", "2026-01-31t23:59:60z",
	"2026-01-31 12:00:00", "2026-01-31T12:00:00.123456789+05:45", "2026-01-31T12:00:00-0330", "9999-12-31T23:59:59.9Z" };
static const char *const bad_times[] = { "", "2026", "2026-1-31", "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-01-32",
	"2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z", "2026-01-31T12:00Z", "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00+5",
	"2026-01-31T12:00:00.1234567890Z", "2026-01-31T12:00:00+16:00", "2026-01-31T12:00:00Zx", "2026-01-31x", "1969-12-31",
	"now", "-026-01-31", "2026-01-31T12:00:00+05:", "2026-01-31T+1:00:00Z" };

START_TEST(times_that_exist)
{
	ck_assert_msg(budget_time_valid(good_times[_i]), "%s", good_times[_i]);
}
END_TEST

START_TEST(times_that_do_not_exist)
{
	ck_assert_msg(!budget_time_valid(bad_times[_i]), "%s", bad_times[_i]);
}
END_TEST

START_TEST(words_in_any_case_and_spelling)
{
	ck_assert_str_eq(budget_word_find(budget_words_policy_type, "BLOCK"), "hard_limit");
	ck_assert_str_eq(budget_word_find(budget_words_policy_type, "Soft-Limit"), "soft_limit");
	ck_assert_str_eq(budget_word_find(budget_words_policy_type, "approve"), "soft_limit");
	ck_assert_str_eq(budget_word_find(budget_words_price_type, "TOKEN_BASED"), "token");
	ck_assert_str_eq(budget_word_find(budget_words_tier, "LOCAL_LIGHTWEIGHT"), "local_lightweight");
	ck_assert_ptr_null(budget_word_find(budget_words_period, "dail"));
	ck_assert_ptr_null(budget_word_find(budget_words_period, "dailyy"));
	ck_assert_ptr_null(budget_word_find(budget_words_period, ""));
}
END_TEST

START_TEST(every_canonical_word_means_itself)
{
	static const struct budget_word *const tables[] = { budget_words_period, budget_words_calendar, budget_words_tier,
		budget_words_policy_type, budget_words_price_type, budget_words_severity, budget_words_fail_mode, budget_words_reach,
		budget_words_hold_basis, budget_words_enforcement, budget_words_role, budget_words_approval, budget_words_hold_state };

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		for (const struct budget_word *word = tables[i]; word->word != NULL; word++)
			ck_assert_str_eq(budget_word_find(tables[i], word->canonical), word->canonical);
}
END_TEST

START_TEST(uuids_rise_and_carry_their_time)
{
	char before[UUID_TEXT_SIZE], after[UUID_TEXT_SIZE], parsed[UUID_TEXT_SIZE];
	int64_t now_ms = (int64_t)time(NULL) * 1000;

	budget_uuid_new(before);
	for (int i = 0; i < 100000; i++) {
		budget_uuid_new(after);
		ck_assert_int_lt(strcmp(before, after), 0);
		memcpy(before, after, sizeof before);
	}
	ck_assert_int_lt(llabs(budget_uuid_time_ms(after) - now_ms), 60000);
	ck_assert(budget_uuid_parse(after, parsed));
	ck_assert_str_eq(after, parsed);
	ck_assert_int_eq(after[14], '7');
	ck_assert_ptr_nonnull(strchr("89ab", after[19]));
}
END_TEST

START_TEST(uuids_are_read_strictly)
{
	char text[UUID_TEXT_SIZE] = "kept";

	ck_assert(budget_uuid_parse("0190F0E4-7B2A-7C31-8A55-3D2F0C9B1E77", text));
	ck_assert_str_eq(text, "0190f0e4-7b2a-7c31-8a55-3d2f0c9b1e77");
	ck_assert_int_eq(budget_uuid_time_ms("0190f0e4-7b2a-7c31-8a55-3d2f0c9b1e77"), 0x0190f0e47b2aLL);
	ck_assert_int_eq(budget_uuid_time_ms("0190f0e4-7b2a-4c31-8a55-3d2f0c9b1e77"), -1);
	snprintf(text, sizeof text, "kept");
	ck_assert(!budget_uuid_parse("0190f0e4-7b2a-7c31-8a55-3d2f0c9b1e7", text));
	ck_assert(!budget_uuid_parse("0190f0e4-7b2a-7c31-8a55-3d2f0c9b1e777", text));
	ck_assert(!budget_uuid_parse("0190f0e47b2a7c318a553d2f0c9b1e77", text));
	ck_assert(!budget_uuid_parse("0190f0e4-7b2a-7c31-8a55-3d2f0c9b1e7g", text));
	ck_assert(!budget_uuid_parse("", text));
	ck_assert(!budget_uuid_parse(NULL, text));
	ck_assert_str_eq(text, "kept");
}
END_TEST

enum { RACERS = 4, RACE_IDS = 5000 };

static void *
race(void *argument)
{
	char (*ids)[UUID_TEXT_SIZE] = argument;

	for (int i = 0; i < RACE_IDS; i++)
		budget_uuid_new(ids[i]);
	return NULL;
}

static int
order(const void *left, const void *right)
{
	return strcmp(left, right);
}

START_TEST(uuids_of_several_threads_differ)
{
	static char ids[RACERS * RACE_IDS][UUID_TEXT_SIZE];
	pthread_t threads[RACERS];

	for (int i = 0; i < RACERS; i++)
		pthread_create(&threads[i], NULL, race, ids[(size_t)i * RACE_IDS]);
	for (int i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	qsort(ids, RACERS * RACE_IDS, UUID_TEXT_SIZE, order);
	for (int i = 1; i < RACERS * RACE_IDS; i++)
		ck_assert_str_ne(ids[i - 1], ids[i]);
}
END_TEST

/* What one call writes to stderr. */
static void
logged(char out[8192], const char *message)
{
	int pipes[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	ck_assert_int_eq(pipe(pipes), 0);
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	dup2(pipes[1], STDERR_FILENO);
	budget_log(BUDGET_LOG_INFO, "api", "%s", message);
	dup2(saved, STDERR_FILENO);
	n = read(pipes[0], out, 8191);
	out[n > 0 ? n : 0] = '\0';
	close(pipes[0]);
	close(pipes[1]);
	close(saved);
}

START_TEST(a_log_line_is_one_line_of_json_whatever_is_logged)
{
	static const char *const messages[] = { "plain", "two\nlines \"quoted\" \\ back", "bad utf8 \xff\xfe end", "\x01\x1b[31m",
		"{\"level\":\"ERROR\"}\n{\"forged\":true}" };
	struct json_object *line = NULL;
	char out[8192];

	budget_log_request("req-1");
	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
		logged(out, messages[i]);
		ck_assert_int_eq(out[strlen(out) - 1], '\n');
		ck_assert_ptr_eq(strchr(out, '\n'), out + strlen(out) - 1);
		ck_assert_int_eq(budget_json_parse(&ctx, out, strlen(out), &line), BUDGET_OK);
		ck_assert_str_eq(budget_json_text(&ctx, budget_json_get(line, "level")), "INFO");
		ck_assert_str_eq(budget_json_text(&ctx, budget_json_get(line, "request_id")), "req-1");
		budget_json_put(&line);
	}
	budget_log_request(NULL);
}
END_TEST

START_TEST(a_long_log_line_is_cut_and_still_json)
{
	struct json_object *line = NULL;
	char out[8192], message[8000];

	for (int fill = 0; fill < 3; fill++) {
		for (size_t length = 2900; length < 7900; length += 331) {
			memset(message, "x\"\xc3"[fill], length);
			message[length] = '\0';
			logged(out, message);
			ck_assert_uint_le(strlen(out), 4096);
			ck_assert_msg(budget_json_parse(&ctx, out, strlen(out), &line) == BUDGET_OK, "%zu: %s", length, ctx.error.detail);
			budget_json_put(&line);
			budget_arena_reset(&ctx.arena);
		}
	}
}
END_TEST

START_TEST(levels_are_read_in_any_case_and_filter)
{
	char out[8192];

	ck_assert_int_eq(budget_log_level_parse("Warn"), BUDGET_LOG_WARNING);
	ck_assert_int_eq(budget_log_level_parse("DEBUG"), BUDGET_LOG_DEBUG);
	ck_assert_int_eq(budget_log_level_parse("loud"), -1);
	ck_assert_int_eq(budget_log_level_parse(NULL), -1);
	budget_log_init(BUDGET_LOG_ERROR, "test");
	logged(out, "not written");
	ck_assert_str_eq(out, "");
	budget_log_init(BUDGET_LOG_INFO, "test");
	logged(out, "written");
	ck_assert_ptr_nonnull(strstr(out, "\"program\":\"test\""));
}
END_TEST

static int64_t
rested_us(int64_t worked_us, int64_t until_us)
{
	int64_t now_us = budget_now_us();

	budget_rest(now_us - worked_us, until_us);
	return budget_now_us() - now_us;
}

/* Every processor has more than it can do, until the test ends. */
START_TEST(long_work_rests_on_a_busy_machine)
{
	int64_t until_us = budget_now_us() + 20 * 1000000LL;
	pid_t burners[64];
	long count = 2 * sysconf(_SC_NPROCESSORS_ONLN);
	int64_t longest_us = 0;

	setenv("BUDGET_CONFIG_DIR", "/nonexistent", 1);
	setenv("BUDGET_REST_FACTOR", "3", 1);
	ck_assert_int_eq(budget_settings_start(&ctx), BUDGET_OK);
	count = count < 64 ? count : 64;
	for (long i = 0; i < count; i++)
		if ((burners[i] = fork()) == 0)
			for (;;)
				continue;
	while (longest_us < 90000 && budget_now_us() < until_us) { /* it looks again when enough time has gone by to tell */
		int64_t us = rested_us(30000, INT64_MAX);

		longest_us = us > longest_us ? us : longest_us;
	}
	ck_assert_int_lt(rested_us(60 * 1000000LL, budget_now_us() + 100000), 1000000); /* it ends in time */
	for (long i = 0; i < count; i++) {
		kill(burners[i], SIGKILL);
		waitpid(burners[i], NULL, 0);
	}
	ck_assert_int_ge(longest_us, 90000);
}
END_TEST

START_TEST(a_rest_of_factor_0_is_none)
{
	setenv("BUDGET_CONFIG_DIR", "/nonexistent", 1);
	setenv("BUDGET_REST_FACTOR", "0", 1);
	ck_assert_int_eq(budget_settings_start(&ctx), BUDGET_OK);
	ck_assert_int_lt(rested_us(60 * 1000000LL, INT64_MAX), 1000000); /* at most two seconds otherwise */
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("base");
	TCase *core = tcase_create("core");

	tcase_set_timeout(core, 60);
	tcase_add_checked_fixture(core, setup, teardown);
	tcase_add_test(core, every_status_has_its_number_and_back);
	tcase_add_test(core, a_failure_keeps_its_text_when_the_arena_is_full);
	tcase_add_test(core, roles_are_ordered_and_read_back);
	tcase_add_test(core, text_escapes_json);
	tcase_add_test(core, text_formats_beyond_what_it_reserved);
	tcase_add_loop_test(core, utf8_that_unicode_allows, 0, sizeof good_utf8 / sizeof *good_utf8);
	tcase_add_loop_test(core, utf8_that_unicode_does_not_allow, 0, sizeof bad_utf8 / sizeof *bad_utf8);
	tcase_add_loop_test(core, times_that_exist, 0, sizeof good_times / sizeof *good_times);
	tcase_add_loop_test(core, times_that_do_not_exist, 0, sizeof bad_times / sizeof *bad_times);
	tcase_add_test(core, words_in_any_case_and_spelling);
	tcase_add_test(core, every_canonical_word_means_itself);
	tcase_add_test(core, uuids_rise_and_carry_their_time);
	tcase_add_test(core, uuids_are_read_strictly);
	tcase_add_test(core, uuids_of_several_threads_differ);
	tcase_add_test(core, a_log_line_is_one_line_of_json_whatever_is_logged);
	tcase_add_test(core, a_long_log_line_is_cut_and_still_json);
	tcase_add_test(core, levels_are_read_in_any_case_and_filter);
	tcase_add_test(core, long_work_rests_on_a_busy_machine);
	tcase_add_test(core, a_rest_of_factor_0_is_none);
	suite_add_tcase(suite, core);
	return suite;
}
