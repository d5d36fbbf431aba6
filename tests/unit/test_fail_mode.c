/* What a program that starts while the database is away knows of fail modes: the file. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/fail_mode.h"
#include "tests/unit/unit.h"

#define TENANT "00000000-0000-7000-8000-000000000001"
#define OTHER "00000000-0000-7000-8000-000000000002"
#define ROOT "019a0000-0000-7000-8000-000000000001"
#define TEAM "019a0000-0000-7000-8000-000000000002"
#define AGENT "019a0000-0000-7000-8000-000000000003"

static struct budget_ctx ctx;
static char folder[256];
static int fd;

static void
setup(void)
{
	budget_ctx_init(&ctx, 1 << 20);
	ctx.tenant_id = TENANT;
	snprintf(folder, sizeof folder, "%s/modes-XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	fd = open(folder, O_RDONLY | O_DIRECTORY);
}

static void
teardown(void)
{
	unlinkat(fd, "fail_open", 0);
	close(fd);
	rmdir(folder);
	budget_ctx_clear(&ctx);
}

static void
load(const char *lines)
{
	int file = openat(fd, "fail_open", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(write(file, lines, strlen(lines)), (ssize_t)strlen(lines));
	close(file);
	budget_fail_modes_load(fd);
}

START_TEST(without_a_file_all_are_closed)
{
	budget_fail_modes_load(fd);
	ck_assert(!budget_fail_mode_is_open(&ctx, NULL) && !budget_fail_mode_is_open(&ctx, TEAM));
}
END_TEST

START_TEST(a_budget_that_is_named_decides_for_itself)
{
	load(TENANT " " AGENT " f " ROOT "," TEAM "," AGENT "\n");
	ck_assert(budget_fail_mode_is_open(&ctx, AGENT));
	ck_assert(!budget_fail_mode_is_open(&ctx, TEAM) && !budget_fail_mode_is_open(&ctx, ROOT) && !budget_fail_mode_is_open(&ctx, NULL));
	ctx.tenant_id = OTHER;
	ck_assert(!budget_fail_mode_is_open(&ctx, AGENT));
}
END_TEST

START_TEST(what_names_none_fails_as_default_does)
{
	load(TENANT " " ROOT " t " ROOT "\n");
	ck_assert(budget_fail_mode_is_open(&ctx, NULL) && budget_fail_mode_is_open(&ctx, ROOT) && !budget_fail_mode_is_open(&ctx, TEAM));
	ctx.tenant_id = OTHER;
	ck_assert(!budget_fail_mode_is_open(&ctx, NULL));
}
END_TEST

START_TEST(a_key_reaches_its_budget_and_those_below)
{
	load(TENANT " " ROOT " t " ROOT "\n" TENANT " " AGENT " f " ROOT "," TEAM "," AGENT "\n");
	ctx.key_budget_id = TEAM;
	ck_assert(budget_fail_mode_is_open(&ctx, AGENT));
	ck_assert(!budget_fail_mode_is_open(&ctx, NULL) && !budget_fail_mode_is_open(&ctx, ROOT));
	ctx.key_budget_id = AGENT;
	ck_assert(budget_fail_mode_is_open(&ctx, NULL));
}
END_TEST

START_TEST(a_broken_file_opens_nothing)
{
	load("\n\n" TENANT "\n" TENANT " " TEAM "\nx y z\n" TENANT " " TEAM " f " ROOT); /* the last line was not finished */
	ck_assert(!budget_fail_mode_is_open(&ctx, TEAM) && !budget_fail_mode_is_open(&ctx, NULL));
}
END_TEST

START_TEST(the_database_is_away_by_these_errors_only)
{
	static const struct {
		enum budget_status status;
		const char *code;
		bool is_away;
	} cases[] = { { BUDGET_OK, NULL, false }, { BUDGET_EBUSY, NULL, false }, { BUDGET_EBUSY, "database_away", true },
		{ BUDGET_EBUSY, "too_many_connections", true }, { BUDGET_EBUSY, "lock_timeout", false },
		{ BUDGET_EBUSY, "database_full", false }, { BUDGET_EBUG, "database_away", false } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_int_eq(budget_is_database_away(&(struct budget_error){ .status = cases[i].status, .code = cases[i].code }),
		    cases[i].is_away);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("fail_mode");
	TCase *core = tcase_create("core");

	tcase_add_checked_fixture(core, setup, teardown);
	tcase_add_test(core, without_a_file_all_are_closed);
	tcase_add_test(core, a_budget_that_is_named_decides_for_itself);
	tcase_add_test(core, what_names_none_fails_as_default_does);
	tcase_add_test(core, a_key_reaches_its_budget_and_those_below);
	tcase_add_test(core, a_broken_file_opens_nothing);
	tcase_add_test(core, the_database_is_away_by_these_errors_only);
	suite_add_tcase(suite, core);
	return suite;
}
