/*
 * The pool and the statements on a real server: BUDGET_TEST_DATABASE_URL names one with the schema (a role that may call
 * the API functions). Without it only what needs no server is run; tests/http/test_database.py brings one.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "lib/ctx.h"
#include "lib/db.h"
#include "tests/unit/unit.h"

static struct budget_ctx ctx;

static const char *
url(void)
{
	return getenv("BUDGET_TEST_DATABASE_URL");
}

static void
setup(void)
{
	budget_ctx_init(&ctx, 1024 * 1024);
}

static void
setup_server(void)
{
	setup();
	ck_assert_int_eq(budget_pool_open(url(), 2, 100), BUDGET_OK);
}

static void
teardown(void)
{
	budget_ctx_clear(&ctx);
	budget_pool_close();
}

START_TEST(statements_have_names_and_texts)
{
	for (int i = 0; i < STMT_COUNT; i++) {
		ck_assert_ptr_nonnull(strstr(budget_statement_sql((enum budget_statement)i), "budget."));
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(budget_statement_name((enum budget_statement)i), budget_statement_name((enum budget_statement)j));
	}
}
END_TEST

START_TEST(without_a_pool_it_says_so)
{
	struct budget_result *result = NULL;

	ck_assert_int_eq(budget_db_run(&ctx, STMT_HEALTH_FACTS, NULL, 0, &result), BUDGET_EBUSY);
	ck_assert_str_eq(ctx.error.code, "database_not_configured");
}
END_TEST

START_TEST(a_server_that_is_away_is_found_out_quickly)
{
	struct budget_result *result = NULL;

	ck_assert_int_eq(budget_pool_open("host=/nonexistent dbname=x", 4, 50), BUDGET_OK);
	for (int i = 0; i < 1000; i++) {
		ck_assert_int_eq(budget_db_run(&ctx, STMT_HEALTH_FACTS, NULL, 0, &result), BUDGET_EBUSY);
		ck_assert_str_eq(ctx.error.code, "database_away");
		ck_assert_ptr_nonnull(ctx.error.internal);
		budget_ctx_reset(&ctx);
	}
}
END_TEST

START_TEST(every_statement_is_prepared_by_the_schema)
{
	PGconn *connection = PQconnectdb(url());
	PGresult *result;

	ck_assert_int_eq(PQstatus(connection), CONNECTION_OK);
	PQclear(PQexec(connection, "SELECT budget.session_open()"));
	result = PQprepare(connection, "x", budget_statement_sql((enum budget_statement)_i), 0, NULL);
	ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK, "%s: %s", budget_statement_name((enum budget_statement)_i),
	    PQresultErrorMessage(result));
	PQclear(result);
	PQfinish(connection);
}
END_TEST

START_TEST(a_lost_connection_is_made_again_before_anything_is_sent)
{
	PGconn *other = PQconnectdb(getenv("BUDGET_TEST_ADMIN_URL"));
	struct budget_result *result = NULL;
	int open = 0;

	ck_assert_int_eq(budget_db_row(&ctx, STMT_HEALTH_FACTS, NULL, 0, &result), BUDGET_OK);
	budget_result_clear(&result);
	budget_ctx_reset(&ctx);
	PQclear(PQexec(other, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name LIKE '%test_db' "
	    "AND pid <> pg_backend_pid()"));
	PQfinish(other);
	ck_assert_int_eq(budget_db_row(&ctx, STMT_HEALTH_FACTS, NULL, 0, &result), BUDGET_OK);
	budget_result_clear(&result);
	budget_pool_stats(&open, NULL, NULL);
	ck_assert_int_eq(open, 1);
}
END_TEST

START_TEST(a_taker_beyond_the_pool_waits_and_is_told)
{
	struct budget_ctx others[2];
	struct budget_result *result = NULL;
	int busy = 0;

	for (int i = 0; i < 2; i++) {
		budget_ctx_init(&others[i], 65536);
		ck_assert_int_eq(budget_db_row(&others[i], STMT_HEALTH_FACTS, NULL, 0, &result), BUDGET_OK);
		budget_result_clear(&result);
	}
	budget_pool_stats(NULL, &busy, NULL);
	ck_assert_int_eq(busy, 2);
	ck_assert_int_eq(budget_db_row(&ctx, STMT_HEALTH_FACTS, NULL, 0, &result), BUDGET_EBUSY);
	ck_assert_str_eq(ctx.error.code, "pool_exhausted");
	budget_ctx_clear(&others[0]);
	ck_assert_int_eq(budget_db_row(&ctx, STMT_HEALTH_FACTS, NULL, 0, &result), BUDGET_OK);
	budget_result_clear(&result);
	budget_ctx_clear(&others[1]);
}
END_TEST

START_TEST(what_sql_says_becomes_the_error)
{
	struct budget_reply answer = { .status = 0 };

	ctx.tenant_id = "00000000-0000-7000-8000-000000000001";
	ck_assert_int_eq(budget_db_call(&ctx, STMT_KEY_REVOKE, "{}", "{\"id\":\"0190f0e4-7b2a-7c31-8a55-3d2f0c9b1e77\"}", &answer),
	    BUDGET_ENOTFOUND);
	ck_assert_str_eq(ctx.error.code, "key_not_found");
	ck_assert_str_eq(ctx.error.pointer, "");
	ck_assert_int_eq(ctx.error.http_status, 0);
	ck_assert_int_eq(budget_db_call(&ctx, STMT_KEY_LIST, "{}", "{\"cursor\":\"rubbish\"}", &answer), BUDGET_EINVALID);
	ck_assert_str_eq(ctx.error.code, "invalid_cursor");
	ck_assert_str_eq(ctx.error.pointer, "?cursor");
	ck_assert_int_eq(budget_db_call(&ctx, STMT_KEY_LIST, "{}", "{\"limit\":\"many\"}", &answer), BUDGET_EINVALID);
	ck_assert_str_eq(ctx.error.code, "invalid_value");
	ck_assert_ptr_nonnull(strstr(ctx.error.internal, "22P02"));
	ck_assert_ptr_null(strstr(ctx.error.detail, "many"));
	ck_assert_int_eq(budget_db_call(&ctx, STMT_KEY_LIST, "{}", "{}", &answer), BUDGET_OK);
	ck_assert_ptr_nonnull(strstr(answer.body, "\"items\""));
}
END_TEST

static void *
hammer(void *failures)
{
	struct budget_ctx mine;

	budget_ctx_init(&mine, 65536);
	for (int i = 0; i < 50; i++) {
		struct budget_result *result = NULL;

		if (budget_db_row(&mine, STMT_HEALTH_FACTS, NULL, 0, &result) != BUDGET_OK)
			++*(int *)failures;
		budget_result_clear(&result);
		budget_ctx_reset(&mine);
	}
	budget_ctx_clear(&mine);
	return NULL;
}

START_TEST(many_threads_share_few_connections)
{
	pthread_t threads[8];
	int failures[8] = { 0 }, open = 0;

	budget_pool_close();
	ck_assert_int_eq(budget_pool_open(url(), 2, 10000), BUDGET_OK);
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, hammer, &failures[i]);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(failures[i], 0);
	}
	budget_pool_stats(&open, NULL, NULL);
	ck_assert_int_le(open, 2);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("db");
	TCase *alone = tcase_create("alone"), *server;

	tcase_set_timeout(alone, 30);
	tcase_add_checked_fixture(alone, setup, teardown);
	tcase_add_test(alone, statements_have_names_and_texts);
	tcase_add_test(alone, without_a_pool_it_says_so);
	tcase_add_test(alone, a_server_that_is_away_is_found_out_quickly);
	suite_add_tcase(suite, alone);
	if (url() == NULL)
		return suite;
	server = tcase_create("server");
	tcase_set_timeout(server, 60);
	tcase_add_checked_fixture(server, setup_server, teardown);
	tcase_add_loop_test(server, every_statement_is_prepared_by_the_schema, 0, STMT_COUNT);
	tcase_add_test(server, a_lost_connection_is_made_again_before_anything_is_sent);
	tcase_add_test(server, a_taker_beyond_the_pool_waits_and_is_told);
	tcase_add_test(server, what_sql_says_becomes_the_error);
	tcase_add_test(server, many_threads_share_few_connections);
	suite_add_tcase(suite, server);
	return suite;
}
