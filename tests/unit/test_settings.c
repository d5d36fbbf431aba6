#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/ctx.h"
#include "lib/settings.h"
#include "lib/text.h"
#include "tests/unit/unit.h"

static struct budget_ctx ctx;
static struct budget_settings settings;
static char folder[] = "/tmp/budget-settings-XXXXXX";
static char env_file[128], yaml_file[128];

static void
setup(void)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(env_file, sizeof env_file, "%s/.env.budget", folder);
	snprintf(yaml_file, sizeof yaml_file, "%s/config.yaml", folder);
	budget_ctx_init(&ctx, 4 << 20);
}

static void
teardown(void)
{
	unlink(env_file);
	unlink(yaml_file);
	rmdir(folder);
	budget_ctx_clear(&ctx);
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static enum budget_status
read_all(const char *const *environment)
{
	const struct budget_settings_input input = { environment, env_file, yaml_file };

	return budget_settings_read(&ctx, &input, &settings);
}

static const char *
text(const char *name)
{
	const struct budget_setting_value *value = budget_settings_find(&settings, name);

	ck_assert_msg(value != NULL, "no setting %s", name);
	return value->text;
}

static const char *
layer(const char *name)
{
	return budget_layer_name(budget_settings_find(&settings, name)->layer);
}

/* A start that must fail, and what its message must hold. */
static void
ck_refused(const char *const *environment, const char *part)
{
	ck_assert_int_eq(read_all(environment), BUDGET_EINVALID);
	ck_assert_msg(strstr(ctx.error.detail, part) != NULL, "'%s' is not in: %s", part, ctx.error.detail);
}

START_TEST(without_any_layer_the_defaults_hold)
{
	ck_assert_int_eq(read_all(NULL), BUDGET_OK);
	ck_assert_str_eq(text("port"), "8013");
	ck_assert_str_eq(text("ai_port"), "45013");
	ck_assert_str_eq(text("enforcement_level"), "warn");
	ck_assert_str_eq(text("daily_budget_limit"), "5");
	ck_assert_str_eq(text("weekly_budget_limit"), "25");
	ck_assert_str_eq(text("monthly_budget_limit"), "100");
	ck_assert_ptr_null(text("hermes_url"));
	ck_assert_ptr_nonnull(text("time_zone"));
	ck_assert_str_eq(layer("port"), "default");
}
END_TEST

START_TEST(environment_wins_over_env_file_over_yaml_over_database_over_default)
{
	const char *environment[] = { "DAILY_BUDGET_LIMIT=4", NULL };

	write_file(env_file, "DAILY_BUDGET_LIMIT=3\nWEEKLY_BUDGET_LIMIT=13\n");
	write_file(yaml_file, "limits:\n  daily: 2\n  weekly: 12\n  monthly: 22\n");
	ck_assert_int_eq(read_all(environment), BUDGET_OK);
	for (const char *const *name = (const char *const[]){ "daily_budget_limit", "weekly_budget_limit",
	    "monthly_budget_limit",
	     "backdate_hours", NULL }; *name; name++)
		budget_settings_stored(&ctx, &settings, *name, "1");
	ck_assert_str_eq(text("daily_budget_limit"), "4");
	ck_assert_str_eq(text("weekly_budget_limit"), "13");
	ck_assert_str_eq(text("monthly_budget_limit"), "22");
	ck_assert_str_eq(text("backdate_hours"), "1");
	ck_assert_str_eq(text("future_minutes"), "5");
	ck_assert_str_eq(layer("daily_budget_limit"), "environment");
	ck_assert_str_eq(layer("weekly_budget_limit"), ".env.budget");
	ck_assert_str_eq(layer("monthly_budget_limit"), "config.yaml");
	ck_assert_str_eq(layer("backdate_hours"), "database");
}
END_TEST

START_TEST(penia_port_is_another_name_of_the_port_and_budget_port_wins)
{
	const char *one[] = { "PENIA_PORT=9000", NULL }, *both[] = { "PENIA_PORT=9000", "BUDGET_PORT=9001", NULL };
	const char *turned[] = { "BUDGET_PORT=9001", "PENIA_PORT=9000", NULL };

	ck_assert_int_eq(read_all(one), BUDGET_OK);
	ck_assert_str_eq(text("port"), "9000");
	ck_assert_str_eq(text("ai_port"), "46000");
	ck_assert_int_eq(read_all(both), BUDGET_OK);
	ck_assert_str_eq(text("port"), "9001");
	ck_assert_int_eq(read_all(turned), BUDGET_OK);
	ck_assert_str_eq(text("port"), "9001");
}
END_TEST

START_TEST(price_update_interval_is_minutes_and_the_budget_name_seconds_wins)
{
	const char *minutes[] = { "PRICE_UPDATE_INTERVAL=60", NULL };
	const char *both[] = { "BUDGET_PRICE_UPDATE_INTERVAL=120", "PRICE_UPDATE_INTERVAL=60", NULL };

	ck_assert_int_eq(read_all(minutes), BUDGET_OK);
	ck_assert_str_eq(text("price_update_interval"), "3600");
	ck_assert_int_eq(read_all(both), BUDGET_OK);
	ck_assert_str_eq(text("price_update_interval"), "120");
}
END_TEST

START_TEST(seeds_env_file_works_as_written)
{
	write_file(env_file, "# Budget limits (per period)\nDAILY_BUDGET_LIMIT=50.0\nWEEKLY_BUDGET_LIMIT=300.0\nMONTHLY_BUDGET_LIMIT=1000.0\n"
	    "\n# Component allocations (percentage)\nRHETOR_ALLOCATION=30\nCODEX_ALLOCATION=25\nERGON_ALLOCATION=20\nOTHER_ALLOCATION=25\n");
	ck_assert_int_eq(read_all(NULL), BUDGET_OK);
	ck_assert_str_eq(text("daily_budget_limit"), "50");
	ck_assert_str_eq(text("allocation.rhetor"), "30");
	ck_assert_str_eq(text("allocation.other"), "25");
}
END_TEST

START_TEST(env_file_takes_export_quotes_and_comments)
{
	write_file(env_file, "\xEF\xBB\xBF" "export BUDGET_PORT = \"8100\"  # the port\r\nBUDGET_HOST='a#b'\nBUDGET_BIND=127.0.0.1 # loopback\n"
	    "BUDGET_DEBUG=yes\nBUDGET_ENFORCEMENT_LEVEL=HARD_LIMIT\nBUDGET_HOLD_TTL=12h");
	ck_assert_int_eq(read_all(NULL), BUDGET_OK);
	ck_assert_str_eq(text("port"), "8100");
	ck_assert_str_eq(text("host"), "a#b");
	ck_assert_str_eq(text("bind"), "127.0.0.1");
	ck_assert_str_eq(text("debug"), "true");
	ck_assert_str_eq(text("enforcement_level"), "hard_limit");
	ck_assert_str_eq(text("hold_ttl_allocation_seconds"), "43200");
}
END_TEST

START_TEST(yaml_takes_sections_environment_names_and_lists)
{
	write_file(yaml_file,
	    "BUDGET_PORT: 8101\nserver:\n  host: example.org\n  allowed_origins:\n    - http://a.example\n    - http://b.example\n"
	    "allocations:\n  rhetor: 40\n  our-own: 12.5\n");
	ck_assert_int_eq(read_all(NULL), BUDGET_OK);
	ck_assert_str_eq(text("port"), "8101");
	ck_assert_str_eq(text("host"), "example.org");
	ck_assert_str_eq(text("allowed_origins"), "http://a.example,http://b.example");
	ck_assert_str_eq(text("allocation.our-own"), "12.5");
	ck_assert_str_eq(text("allocation.other"), "47.5");
}
END_TEST

START_TEST(yaml_says_what_it_likes_about_price_sources)
{
	write_file(yaml_file,
	    "prices:\n  tolerance: 5\n  sources:\n    litellm:\n      url: https://mirror.example/prices.json\n      trust: 0.75\n"
	    "    our-own:\n      kind: file\n      url: prices.csv\n      interval: 1h\n      enabled: no\n");
	ck_assert_int_eq(read_all(NULL), BUDGET_OK);
	ck_assert_str_eq(text("price_tolerance_percent"), "5");
	ck_assert_str_eq(text("price_source.litellm.url"), "https://mirror.example/prices.json");
	ck_assert_str_eq(text("price_source.litellm.trust"), "0.75");
	ck_assert_str_eq(text("price_source.our-own.interval"), "3600");
	ck_assert_str_eq(text("price_source.our-own.enabled"), "false");
	ck_assert_ptr_null(budget_settings_find(&settings, "price_source.our-own.trust"));
}
END_TEST

/* file text, what the message must hold */
static const struct { bool is_yaml; const char *text, *part; } bad_files[] = {
	{ false, "# one\nBUDGET_PROT=1\n", ".env.budget:2: BUDGET_PROT is no setting" },
	{ false, "BUDGET_PORT=80a\n", ".env.budget:1: \"80a\" is not allowed; allowed: a whole number from 1 to 65535" },
	{ false, "BUDGET_PORT=65536\n", "from 1 to 65535" },
	{ false, "BUDGET_PORT=-1\n", "from 1 to 65535" },
	{ false, "BUDGET_PORT=99999999999999999999\n", "from 1 to 65535" },
	{ false, "\n\nnonsense\n", ".env.budget:3: \"nonsense\" is not of the form" },
	{ false, "BUDGET_HOST=\"open\n", "quotes" },
	{ false, "BUDGET_PORT=1\nBUDGET_HOST=x\nBUDGET_PORT=2\n", ".env.budget:3: BUDGET_PORT stands already in line 1" },
	{ false, "DAILY_BUDGET_LIMIT=-5\n", "an amount of 0 or more" },
	{ false, "DAILY_BUDGET_LIMIT=5,00\n", "an amount of 0 or more" },
	{ false, "DAILY_BUDGET_LIMIT=1e50\n", "an amount of 0 or more" },
	{ false, "BUDGET_DEBUG=maybe\n", "true or false" },
	{ false, "BUDGET_ENFORCEMENT_LEVEL=HARD\n", "soft_limit" },
	{ false, "BUDGET_TIME_ZONE=Mars/Base\n", "IANA" },
	{ false, "BUDGET_TIME_ZONE=../../etc/passwd\n", "IANA" },
	{ false, "BUDGET_DEFAULT_CURRENCY=DOLLAR\n", "three letters" },
	{ false, "RHETOR_ALLOCATION=101\n", "percentage" },
	{ false, "RHETOR_ALLOCATION=60\nCODEX_ALLOCATION=40.01\n", "sum up to 100.01 %" },
	{ false, "BUDGET_ADMIN_KEY=short-secret\n", "this value is not allowed" },
	{ true, "server:\n  prot: 1\n", "config.yaml:2: server.prot is no setting" },
	{ true, "server:\n  port: many\n", "config.yaml:2: server.port: \"many\" is not allowed" },
	{ true, "server: [\n", "is not YAML" },
	{ true, "- a\n", "sections" },
	{ true, "server:\n  port: 1\n  port: 2\n", "config.yaml:3: server.port stands already" },
	{ true, "server:\n  port:\n    deep: 1\n", "no value of one line" },
	{ true, "limits:\n  daily: 5\n  hourly: 1\n", "config.yaml:3: limits.hourly" },
	{ true, "prices:\n  sources:\n    litellm:\n      trust: 1.5\n", "config.yaml:4: prices.sources.litellm.trust: \"1.5\"" },
	{ true, "prices:\n  sources:\n    litellm:\n      trus: 1\n", "prices.sources.litellm.trus is no setting" },
	{ true, "prices:\n  sources:\n    Lite:\n      trust: 1\n", "is no name of a price source" },
	{ true, "prices:\n  sources:\n    litellm: 1\n", "prices.sources.litellm is no setting" },
};

START_TEST(a_bad_file_stops_the_start_with_file_line_and_reason)
{
	write_file(bad_files[_i].is_yaml ? yaml_file : env_file, bad_files[_i].text);
	ck_refused(NULL, bad_files[_i].part);
}
END_TEST

START_TEST(a_wrong_secret_is_not_repeated)
{
	write_file(env_file, "BUDGET_ADMIN_KEY=hush\n");
	ck_refused(NULL, "allowed");
	ck_assert_ptr_null(strstr(ctx.error.detail, "hush"));
}
END_TEST

START_TEST(a_bad_value_in_the_environment_stops_the_start_too)
{
	const char *environment[] = { "BUDGET_PORT=http", NULL };

	ck_refused(environment, "environment: BUDGET_PORT: \"http\" is not allowed");
}
END_TEST

START_TEST(unknown_environment_names_only_warn)
{
	const char *environment[] = { "BUDGET_PROT=1", "BUDGET_TEST_DATA=/x", "BUDGET_URL=http://x", "SOME_ALLOCATION=junk",
	    "PATH=/bin",
		"BUDGET_BIND=", NULL };

	ck_assert_int_eq(read_all(environment), BUDGET_OK);
	ck_assert_int_eq(settings.warnings_count, 1);
	ck_assert_ptr_nonnull(strstr(settings.warnings[0], "BUDGET_PROT"));
	ck_assert_str_eq(layer("bind"), "default");
}
END_TEST

START_TEST(environment_may_change_a_share_that_a_file_names)
{
	const char *environment[] = { "MINE_ALLOCATION=20", "RHETOR_ALLOCATION=10", NULL };

	write_file(env_file, "MINE_ALLOCATION=90\n");
	ck_assert_int_eq(read_all(environment), BUDGET_OK);
	ck_assert_str_eq(text("allocation.mine"), "20");
	ck_assert_str_eq(text("allocation.other"), "70");
}
END_TEST

START_TEST(hermes_is_tektons_when_tekton_is_there)
{
	const char *tekton[] = { "TEKTON_ROOT=/opt/tekton", NULL }, *none[] = { "TEKTON_ROOT=/opt/tekton", "HERMES_URL=",
	    NULL };

	ck_assert_int_eq(read_all(tekton), BUDGET_OK);
	ck_assert_str_eq(text("hermes_url"), "http://localhost:8001/api");
	ck_assert_int_eq(read_all(none), BUDGET_OK);
	ck_assert_str_eq(text("hermes_url"), "");
}
END_TEST

START_TEST(an_old_row_of_the_database_warns_and_is_ignored)
{
	ck_assert_int_eq(read_all(NULL), BUDGET_OK);
	budget_settings_stored(&ctx, &settings, "gone", "1");
	budget_settings_stored(&ctx, &settings, "port", "1");
	budget_settings_stored(&ctx, &settings, "backdate_hours", "many");
	ck_assert_int_eq(settings.warnings_count, 3);
	ck_assert_str_eq(text("port"), "8013");
	ck_assert_str_eq(text("backdate_hours"), "72");
}
END_TEST

START_TEST(secrets_are_neither_published_nor_shown)
{
	const char *environment[] = { "BUDGET_ADMIN_KEY=0123456789abcdef-secret",
	    "BUDGET_DATABASE_URL=postgresql://u:pass@h/d", NULL };
	struct budget_text all;

	ck_assert_int_eq(read_all(environment), BUDGET_OK);
	const char *published = budget_settings_publication(&ctx, &settings);
	ck_assert_ptr_null(strstr(published, "secret"));
	ck_assert_ptr_null(strstr(published, "pass"));
	budget_text_init(&all, &ctx.arena, 1024);
	for (int i = 0; i < settings.count; i++)
		budget_setting_describe(&settings.values[i], &all);
	const char *shown = budget_text_done(&all);
	ck_assert_ptr_nonnull(strstr(shown, "********"));
	ck_assert_ptr_null(strstr(shown, "0123456789abcdef"));
	ck_assert_ptr_null(strstr(shown, "pass"));
}
END_TEST

/* Rules in SQL must find the same defaults in a database that was made by psql alone. */
START_TEST(sql_knows_the_same_defaults)
{
	const char *source = getenv("srcdir"), *path = budget_arena_printf(&ctx.arena,
	    "%s/sql/functions/settings/install.sql", source ? source : ".");
	FILE *file = fopen(path, "r");
	char line[512], name[128], value[128];
	int compared = 0;

	if (!file)
		return; /* run outside of the tree */
	ck_assert_int_eq(read_all(NULL), BUDGET_OK);
	while (fgets(line, sizeof line, file))
		if (sscanf(line, " ('%127[^']', '%127[^']')", name, value) == 2) {
			ck_assert_msg(budget_settings_find(&settings, name) != NULL, "%s is no setting", name);
			if (strcmp(name, "time_zone") != 0)
				ck_assert_str_eq(text(name), value);
			compared++;
		}
	fclose(file);
	ck_assert_int_ge(compared, 13);
}
END_TEST

START_TEST(every_row_of_the_table_is_sound)
{
	ck_assert_int_eq(read_all(NULL), BUDGET_OK);
	for (const struct budget_setting *one = budget_setting_table; one->name; one++) {
		const char *canonical;
		ck_assert_ptr_nonnull(one->env);
		ck_assert_ptr_nonnull(one->about);
		ck_assert_ptr_nonnull(strchr(one->yaml, '.'));
		if (one->fallback) {
			ck_assert_int_eq(budget_setting_parse(&ctx, one, one->name, one->fallback, &canonical), BUDGET_OK);
			ck_assert_str_eq(canonical, one->fallback);
		}
		for (const struct budget_setting *other = budget_setting_table; other != one; other++) {
			ck_assert_str_ne(one->name, other->name);
			ck_assert_str_ne(one->env, other->env);
			ck_assert_str_ne(one->yaml, other->yaml);
		}
	}
}
END_TEST

/* The n-th allocation fails: an error, never a crash, and it works again without. */
START_TEST(running_out_of_memory_is_an_error)
{
	const char *environment[] = { "BUDGET_PORT=8100", "RHETOR_ALLOCATION=10", NULL };

	write_file(env_file, "BUDGET_HOST=h\n");
	write_file(yaml_file, "limits:\n  daily: 2\n");
	for (long n = 1; n < 400; n++) {
		budget_arena_reset(&ctx.arena);
		budget_arena_fail_at(&ctx.arena, n);
		read_all(environment);
		budget_arena_fail_at(&ctx.arena, 0);
	}
	ck_assert_int_eq(read_all(environment), BUDGET_OK);
}
END_TEST

Suite *
unit_suite(void)
{
	Suite *suite = suite_create("settings");
	TCase *core = tcase_create("core");

	tcase_add_checked_fixture(core, setup, teardown);
	tcase_add_test(core, without_any_layer_the_defaults_hold);
	tcase_add_test(core, environment_wins_over_env_file_over_yaml_over_database_over_default);
	tcase_add_test(core, penia_port_is_another_name_of_the_port_and_budget_port_wins);
	tcase_add_test(core, price_update_interval_is_minutes_and_the_budget_name_seconds_wins);
	tcase_add_test(core, seeds_env_file_works_as_written);
	tcase_add_test(core, env_file_takes_export_quotes_and_comments);
	tcase_add_test(core, yaml_takes_sections_environment_names_and_lists);
	tcase_add_test(core, yaml_says_what_it_likes_about_price_sources);
	tcase_add_loop_test(core, a_bad_file_stops_the_start_with_file_line_and_reason, 0,
	    (int)(sizeof bad_files / sizeof *bad_files));
	tcase_add_test(core, a_wrong_secret_is_not_repeated);
	tcase_add_test(core, a_bad_value_in_the_environment_stops_the_start_too);
	tcase_add_test(core, unknown_environment_names_only_warn);
	tcase_add_test(core, environment_may_change_a_share_that_a_file_names);
	tcase_add_test(core, hermes_is_tektons_when_tekton_is_there);
	tcase_add_test(core, an_old_row_of_the_database_warns_and_is_ignored);
	tcase_add_test(core, secrets_are_neither_published_nor_shown);
	tcase_add_test(core, sql_knows_the_same_defaults);
	tcase_add_test(core, every_row_of_the_table_is_sound);
	tcase_add_test(core, running_out_of_memory_is_an_error);
	suite_add_tcase(suite, core);
	return suite;
}
