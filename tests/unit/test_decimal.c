#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctx.h"
#include "lib/decimal.h"
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
	const char *in, *out;
} cases[] = {
	{ "0", "0" }, { "-0", "0" }, { "0.000", "0" }, { "-0.0e5", "0" }, { "1", "1" }, { "+1", "1" }, { "007", "7" },
	{ "1.50", "1.5" }, { "1.50e-6", "0.0000015" }, { "-12.340", "-12.34" }, { "1e3", "1000" }, { "1.0", "1" },
	{ "12.5E+1", "125" }, { ".5", "0.5" }, { "5.", "5" }, { "999999999999.999", "999999999999.999" },
	{ "0.000000000000000000000000000001", "0.000000000000000000000000000001" }, { "1e-30", "0.000000000000000000000000000001" },
	{ "100000000000", "100000000000" }, { "0.1e1", "1" }, { "10.010", "10.01" }, { "1000e-3", "1" },
	{ "123456789012345678901234567890e-20", "1234567890.1234567890123456789" },
	{ "0000000000000000000000000000000000000000000000000000000000000000000000000000001", "1" },
	/* refused */
	{ "", NULL }, { "-", NULL }, { ".", NULL }, { "e5", NULL }, { "1e", NULL }, { "1e+", NULL }, { "abc", NULL }, { "1x", NULL },
	{ " 1", NULL }, { "1 ", NULL }, { "1.2.3", NULL }, { "--1", NULL }, { "0x10", NULL }, { "NaN", NULL }, { "Infinity", NULL },
	{ "1,000", NULL }, { "1_000", NULL }, { "1000000000000", NULL }, { "1e12", NULL }, { "1e41", NULL }, { "1e-41", NULL },
	{ "1e999999999999", NULL }, { "1e-999999999999", NULL }, { "0.0000000000000000000000000000001", NULL }, { "1e-31", NULL },
	{ "9999999999999999999999999999999999999999", NULL }, { "１", NULL },
};

START_TEST(canonical_text_of_a_decimal)
{
	const char *out = budget_decimal_parse(&ctx, cases[_i].in);

	if (cases[_i].out == NULL)
		ck_assert_msg(out == NULL, "'%s' -> %s", cases[_i].in, out);
	else
		ck_assert_msg(out != NULL && strcmp(out, cases[_i].out) == 0, "'%s' -> %s", cases[_i].in, out);
}
END_TEST

START_TEST(canonical_text_is_its_own_canonical_text)
{
	char text[64];

	srand(7);
	for (int i = 0; i < 20000; i++) {
		const char *once, *twice;

		snprintf(text, sizeof text, "%s%d.%0*de%d", rand() % 2 ? "-" : "", rand() % 100000, rand() % 12 + 1, rand() % 1000000,
		    rand() % 12 - 6);
		once = budget_decimal_parse(&ctx, text);
		ck_assert_msg(once != NULL, "%s", text);
		twice = budget_decimal_parse(&ctx, once);
		ck_assert_str_eq(once, twice);
		ck_assert_msg(atof(text) - atof(once) < 1e-6 * (1 + atof(text) * (atof(text) > 0 ? 1 : -1)), "%s %s", text, once);
		ck_assert_ptr_null(strpbrk(once, "eE+"));
		budget_arena_reset(&ctx.arena);
	}
}
END_TEST

/* Any bytes end in a text or a refusal, never beyond the buffer (the sanitizers look). */
START_TEST(any_text_is_read_or_refused)
{
	static const char letters[] = "0123456789..eE+--00990";
	char text[300];

	srand(11);
	for (int i = 0; i < 50000; i++) {
		int length = rand() % (int)(sizeof text - 1);

		for (int j = 0; j < length; j++)
			text[j] = letters[rand() % (int)(sizeof letters - 1)];
		text[length] = '\0';
		budget_decimal_parse(&ctx, text);
		budget_arena_reset(&ctx.arena);
	}
}
END_TEST

START_TEST(order_of_canonical_texts)
{
	static const char *const rising[] = { "-100", "-99.5", "-2", "-1.25", "-1.2", "-0.5", "0", "0.0001", "0.5", "1", "1.2", "1.25",
		"2", "10", "99.5", "100", "1000" };
	int count = sizeof rising / sizeof *rising;

	for (int i = 0; i < count; i++)
		for (int j = 0; j < count; j++)
			ck_assert_int_eq(budget_decimal_compare(rising[i], rising[j]), i < j ? -1 : i > j);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("decimal");
	TCase *core = tcase_create("core");

	tcase_set_timeout(core, 60);
	tcase_add_checked_fixture(core, setup, teardown);
	tcase_add_loop_test(core, canonical_text_of_a_decimal, 0, sizeof cases / sizeof *cases);
	tcase_add_test(core, canonical_text_is_its_own_canonical_text);
	tcase_add_test(core, any_text_is_read_or_refused);
	tcase_add_test(core, order_of_canonical_texts);
	suite_add_tcase(suite, core);
	return suite;
}
