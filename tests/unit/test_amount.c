#include "clients/cli/amount.h"
#include "lib/ctx.h"
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

static const struct {
	const char *from;
	int places;
	const char *to;
} shifts[] = {
	{ "0.015", -3, "0.000015" }, { "15", -6, "0.000015" }, { "0.000015", 6, "15" }, { "0.0000375", 6, "37.5" },
	{ "0", -3, "0" }, { "0", 6, "0" }, { "-1.5", 1, "-15" }, { "-0.5", -1, "-0.05" }, { "100", -2, "1" }, { "100", 2, "10000" },
	{ "1200", -3, "1.2" }, { "1", -6, "0.000001" }, { "0.100", 0, "0.1" }, { "123456789012.123456789012345678901234567891", -3,
	  "123456789.012123456789012345678901234567891" },
};

START_TEST(a_shift_moves_the_point_and_keeps_every_digit)
{
	ck_assert_str_eq(amount_shift(&ctx, shifts[_i].from, shifts[_i].places), shifts[_i].to);
}
END_TEST

static const struct {
	const char *from;
	int min_scale, max_scale;
	const char *to;
} shown[] = {
	{ "5", 2, 6, "5.00" }, { "12.5", 2, 6, "12.50" }, { "1234567.891", 2, 6, "1,234,567.891" }, { "999", 0, 6, "999" },
	{ "1000", 0, 6, "1,000" }, { "0", 2, 6, "0.00" }, { "-1234.5", 2, 6, "-1,234.50" },
	{ "0.1234565", 2, 6, "0.123457" }, { "0.1234564", 2, 6, "0.123456" }, { "0.9999999", 2, 6, "1.00" },
	{ "9.9999999", 2, 6, "10.00" }, { "999.9999999", 2, 6, "1,000.00" }, { "1.0000001", 2, 6, "1.00" },
	{ "0.0000009", 2, 6, "0.0000009" }, { "0.00000000021", 2, 6, "0.00000000021" }, { "-0.0000001", 2, 6, "-0.0000001" },
	{ "0.000001", 2, 6, "0.000001" }, { "0.00642", 2, 6, "0.00642" }, { "1234567", 0, 30, "1,234,567" },
	{ "12.345", 0, 1, "12.3" }, { "80", 0, 1, "80" }, { "0.01", 0, 1, "0.01" },
};

START_TEST(people_see_rounded_amounts_but_never_a_vanished_one)
{
	ck_assert_str_eq(amount_people(&ctx, shown[_i].from, shown[_i].min_scale, shown[_i].max_scale), shown[_i].to);
}
END_TEST

START_TEST(without_memory_there_is_no_amount_and_no_crash)
{
	for (long n = 1; n < 8; n++) {
		budget_arena_fail_at(&ctx.arena, n);
		(void)amount_shift(&ctx, "1.5", 3);
		budget_arena_fail_at(&ctx.arena, n);
		(void)amount_people(&ctx, "9.99999999", 2, 6);
	}
	budget_arena_fail_at(&ctx.arena, 0);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("amount");
	TCase *core = tcase_create("core");

	tcase_add_checked_fixture(core, setup, teardown);
	tcase_add_loop_test(core, a_shift_moves_the_point_and_keeps_every_digit, 0, (int)(sizeof shifts / sizeof *shifts));
	tcase_add_loop_test(core, people_see_rounded_amounts_but_never_a_vanished_one, 0, (int)(sizeof shown / sizeof *shown));
	tcase_add_test(core, without_memory_there_is_no_amount_and_no_crash);
	suite_add_tcase(suite, core);
	return suite;
}
