#include <stdlib.h>

#include "lib/version.h"
#include "tests/unit/unit.h"

START_TEST(a_moved_tree_is_found_by_the_environment)
{
	setenv("BUDGET_DATA_DIR", "/elsewhere", 1);
	ck_assert_str_eq(budget_data_dir(), "/elsewhere");
	setenv("BUDGET_DATA_DIR", "", 1);
	ck_assert_str_ne(budget_data_dir(), "");
}
END_TEST

START_TEST(version_is_known)
{
	ck_assert_str_ne(budget_version(), "");
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("version");
	TCase *core = tcase_create("core");

	tcase_add_test(core, a_moved_tree_is_found_by_the_environment);
	tcase_add_test(core, version_is_known);
	suite_add_tcase(suite, core);
	return suite;
}
