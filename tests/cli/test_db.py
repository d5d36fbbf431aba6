"""budget db migrate, budget db check, budget settings: what must work before anything runs."""
import json
import shutil
import subprocess
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from server import SOURCE, ServerCase, finish, run, start  # noqa: E402
from tap import main  # noqa: E402


class Migrate(ServerCase):
    def migrate(self, url, *words, **settings):
        return run("budget", "db", "migrate", "--url", url, *words, **settings)

    def copy_of_sql(self):
        folder = self.temporary() / "sql"
        shutil.copytree(SOURCE / "sql", folder)
        return folder

    def test_an_empty_database_becomes_ours(self):
        url = self.server.database()
        done = self.migrate(url)
        self.assertEqual((done.code, done.err), (0, ""))
        self.assertIn("migration  0001_tenants", done.out)
        self.assertIn("tenant local with budget Default", done.out)
        self.assertEqual(self.server.sql("SELECT period, trim_scale(cost_limit), type FROM budget.policy ORDER BY cost_limit", url),
                         [["daily", "5", "warn"], ["weekly", "25", "warn"], ["monthly", "100", "warn"]])
        self.assertGreater(int(self.server.value("SELECT count(*) FROM budget.model WHERE tenant_id = budget.catalogue_tenant()", url)), 100)

    def test_a_second_run_changes_nothing(self):
        url = self.install()
        before = self.server.sql("SELECT * FROM budget.migration", url)
        done = self.migrate(url)
        self.assertEqual(done.code, 0)
        self.assertIn("migrations up to date", done.out)
        self.assertNotIn("install ", done.out)
        self.assertEqual(self.server.sql("SELECT * FROM budget.migration", url), before)

    def test_three_at_once_do_it_once(self):
        url = self.server.database()
        runs = [finish(p) for p in [start("budget", "db", "migrate", "--url", url) for _ in range(3)]]
        self.assertEqual([r.code for r in runs], [0, 0, 0], [r.err for r in runs])
        self.assertEqual(sum("migration  0001_tenants" in r.out for r in runs), 1)

    def test_a_changed_applied_file_is_refused(self):
        url, sql = self.install(), self.copy_of_sql()
        with open(sql / "migrations/0002_budgets.sql", "a") as file:
            file.write("-- a late thought\n")
        done = self.migrate(url, "--sql-dir", str(sql))
        self.assertEqual(done.code, 65)
        self.assertIn("0002_budgets.sql has changed since it was applied", done.err)

    def test_a_failing_migration_leaves_nothing_and_names_its_line(self):
        url, sql = self.install(), self.copy_of_sql()
        (sql / "migrations/9999_broken.sql").write_text("-- é: the server counts characters\nCREATE TABLE budget.half (n integer);\nCREATE TABEL budget.other ();\n")
        done = self.migrate(url, "--sql-dir", str(sql))
        self.assertEqual(done.code, 70)
        self.assertIn("9999_broken.sql:3: syntax error", done.err)
        self.assertEqual(self.server.value("SELECT count(*) FROM budget.migration WHERE version LIKE '9999%'", url),
            "0")
        self.assertEqual(self.server.value("SELECT to_regclass('budget.half') IS NULL", url), "t")
        (sql / "migrations/9999_broken.sql").write_text("CREATE TABLE budget.half (n integer);\n")
        self.assertEqual(self.migrate(url, "--sql-dir", str(sql)).code, 0)

    def test_a_failing_function_leaves_the_old_set(self):
        url, sql = self.install(), self.copy_of_sql()
        (sql / "functions/base/local_tenant.sql").write_text("CREATE OR REPLACE FUNCTION budget.local_tenant() RETURNS uuid LANGUAGE sql AS $$ SELECT gen_random_uuid() $$;\n")
        (sql / "functions/zz.sql").write_text("SELECT 1/0;\n")
        done = self.migrate(url, "--sql-dir", str(sql))
        self.assertEqual(done.code, 70)
        self.assertIn("zz.sql", done.err)
        self.assertEqual(self.server.value("SELECT budget.local_tenant()", url), "00000000-0000-7000-8000-000000000001")

    def test_functions_of_former_releases_go(self):
        url = self.install()
        self.server.sql("CREATE FUNCTION budget.of_old(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'", url)
        self.assertEqual(self.migrate(url).code, 0)
        self.assertEqual(self.server.value("SELECT to_regproc('budget.of_old') IS NULL", url), "t")

    def test_an_older_release_leaves_a_newer_database_alone(self):
        url = self.install()
        self.server.sql("INSERT INTO budget.migration VALUES ('9000_future', 'x')", url)
        done = self.migrate(url)
        self.assertEqual(done.code, 65)
        self.assertIn("newer release (9000_future", done.err)

    def test_what_is_stored_by_the_api_survives_a_start(self):
        url = self.install()
        self.server.sql("INSERT INTO budget.setting VALUES ('backdate_hours', '24', now(), 'me')", url)
        self.migrate(url)
        self.assertEqual(self.server.value("SELECT budget.setting_value('backdate_hours')", url), "24")
        self.migrate(url, BUDGET_BACKDATE_HOURS=12)
        self.assertEqual(self.server.value("SELECT budget.setting_value('backdate_hours')", url), "12")

    def test_a_changed_limit_of_a_file_is_applied_once_and_told(self):
        url, folder = self.install(), self.temporary()
        (folder / ".env.budget").write_text("DAILY_BUDGET_LIMIT=50.0\nRHETOR_ALLOCATION=30\n")
        done = self.migrate(url, BUDGET_CONFIG_DIR=folder)
        self.assertIn("daily limit of budget Default: 5 -> 50 (changed in the settings)", done.out)
        self.assertIn("daily limit of budget Default for rhetor: 15", done.out)
        self.server.sql("UPDATE budget.policy SET cost_limit = 60 WHERE period = 'daily' AND component IS NULL", url)
        self.assertNotIn("daily limit", self.migrate(url, BUDGET_CONFIG_DIR=folder).out)
        self.assertEqual(self.server.value("SELECT cost_limit FROM budget.policy WHERE period = 'daily' AND component IS NULL", url), "60")

    def test_a_login_that_may_not_make_roles_owns_all(self):
        self.server.sql("CREATE ROLE plain LOGIN")
        url = self.server.database("plain")
        if self.server.sql("SELECT 1 FROM pg_roles WHERE rolname = 'budget_owner'"):
            self.server.sql("GRANT CREATE ON DATABASE postgres TO plain") # roles of other databases exist: not ours to use
        done = self.migrate(url)
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual(done.out.count("warning:"), 1)
        self.assertIn("single-role mode", done.out)
        self.assertEqual(self.migrate(url).code, 0)
        self.assertEqual(run("budget", "db", "check", "--url", url).code, 0)
        self.assertEqual(self.server.value("SELECT count(*) FROM budget.policy", url), "0",
            "row-level security holds for the owner")

    def test_a_login_that_may_make_roles_makes_them(self):
        self.server.sql("CREATE ROLE maker LOGIN CREATEROLE")
        url = self.server.database("maker")
        done = self.migrate(url)
        self.assertEqual(done.code, 0, done.err)
        self.assertNotIn("warning:", done.out)
        self.assertEqual(self.server.value("SELECT budget.session_open()", url), "budget_app")

    def test_programs_get_their_limits_by_role(self):
        url = self.install(BUDGET_DEBUG=False).replace("user=postgres", "user=budget_app")  # roles are not in the template
        for name, wanted in (("statement_timeout", "5s"), ("lock_timeout", "2s"),
            ("idle_in_transaction_session_timeout", "5s"), ("jit", "off"),
                             ("plan_cache_mode", "force_generic_plan"), ("search_path", "pg_catalog, budget, pg_temp")):
            self.assertEqual(self.server.value(f"SHOW {name}", url), wanted)

    def test_the_golden_schema_is_what_a_fresh_install_gives(self):
        if self.server.value("SHOW server_version_num", f"{self.server.base} dbname=postgres")[:2] != "15":
            self.skipTest("the golden dump is of PostgreSQL 15")
        shown = subprocess.run(["sh", str(SOURCE / "tests/harness/schema.sh"), self.install()], check=True,
            stdout=subprocess.PIPE, text=True).stdout
        wanted = (SOURCE / "sql/schema.sql").read_text()
        if shown != wanted:
            import difflib
            self.fail("run `make schema` and look at the difference:\n" + "".join(
                list(difflib.unified_diff(wanted.splitlines(True), shown.splitlines(True), "sql/schema.sql",
                    "fresh install"))[:80]))

    def test_no_server_no_address_bad_words(self):
        self.assertEqual(self.migrate("host=/nonexistent dbname=x").code, 69)
        self.assertEqual(run("budget", "db", "migrate").code, 64)
        self.assertEqual(run("budget", "db", "upgrade").code, 64)
        self.assertEqual(run("budget", "db", "migrate", "--nonsense").code, 64)
        self.assertEqual(run("budget", "db", "--help").code, 0)

    def test_a_wrong_setting_stops_it(self):
        folder = self.temporary()
        (folder / "config.yaml").write_text("server:\n  prot: 1\n")
        done = self.migrate(self.server.database(), BUDGET_CONFIG_DIR=folder)
        self.assertEqual(done.code, 78)
        self.assertIn("config.yaml:2: server.prot is no setting of Budget", done.err)


class Check(ServerCase):
    def check(self, url):
        done = run("budget", "db", "check", "--url", url, "--format", "json")
        return done.code, {f["subject"]: f for f in json.loads(done.out)}

    def assert_bad(self, url, subject, part):
        code, found = self.check(url)
        self.assertEqual(code, 1)
        self.assertFalse(found[subject]["ok"], found)
        self.assertIn(part, found[subject]["detail"])
        self.assertEqual([f for f in found if not found[f]["ok"]], [subject])

    def test_a_fresh_install_is_good(self):
        code, found = self.check(self.install())
        self.assertEqual(code, 0, found)
        self.assertLessEqual({"migrations", "functions", "roles", "privileges", "row security", "partitions",
            "settings"}, set(found))

    def test_an_empty_database_is_told_what_to_do(self):
        self.assert_bad(self.server.database(), "migrations", "budget db migrate")

    def test_a_missing_migration_and_a_newer_release(self):
        url = self.install()
        self.server.sql("INSERT INTO budget.migration VALUES ('9000_future', 'x')", url)
        self.assert_bad(url, "migrations", "newer release")
        self.server.sql("DELETE FROM budget.migration WHERE version = '0007_settings'", url)
        self.assert_bad(url, "migrations", "1 not applied")

    def test_a_missing_function(self):
        url = self.install()
        self.server.sql("DROP FUNCTION budget.job_list(uuid, jsonb, jsonb)", url)
        self.assert_bad(url, "functions", "JOB_LIST")

    def test_a_login_that_may_not_look(self):
        self.assert_bad(self.install().replace("user=postgres", "user=budget_app"), "migrations", "may not look")

    def test_row_security_switched_off(self):
        url = self.install()
        self.server.sql("ALTER TABLE budget.alert NO FORCE ROW LEVEL SECURITY", url)
        self.assert_bad(url, "row security", "alert")

    def test_too_many_privileges(self):
        url = self.install()
        self.server.sql("GRANT SELECT ON budget.api_key TO budget_app", url)
        self.assert_bad(url, "privileges", "budget.api_key")

    def test_partitions_run_out(self):
        url = self.install()
        for (name,) in self.server.sql("SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'budget.hold'::regclass ORDER BY 1 OFFSET 2", url):
            self.server.sql(f"DROP TABLE {name}", url)
        self.assert_bad(url, "partitions", "partitions")


class Settings(ServerCase):
    def test_a_script_may_eval_them(self):
        folder = self.temporary()
        (folder / ".env.budget").write_text("BUDGET_HOST=\"it's $HOME\"\nBUDGET_ADMIN_KEY=0123456789abcdefghij\n")
        done = run("budget", "settings", "--shell", BUDGET_CONFIG_DIR=folder)
        shell = subprocess.run(["sh", "-c",
            done.out + 'printf "%s|%s|%s" "$BUDGET_HOST" "$BUDGET_PORT" "$BUDGET_ADMIN_KEY"'], stdout=subprocess.PIPE, text=True, check=True)
        self.assertEqual(shell.stdout, "it's $HOME|8013|0123456789abcdefghij")

    def test_people_see_which_layer_decides_and_no_secret(self):
        done = run("budget", "settings", BUDGET_PORT=8200, BUDGET_ADMIN_KEY="0123456789abcdefghij")
        self.assertRegex(done.out, r"port +8200 +environment: BUDGET_PORT")
        self.assertNotIn("0123456789abcdefghij", done.out)
        self.assertEqual(run("budget", "settings", "port", BUDGET_PORT=8200).out, "8200\n")
        self.assertEqual(run("budget", "settings", "db_path").code, 1)
        self.assertEqual(run("budget", "settings", "no_such").code, 64)

    def test_the_readme_has_every_setting(self):
        table = run("budget", "settings", "--markdown").out
        block = (SOURCE / "etc/README.md").read_text().split("<!-- settings: budget settings --markdown -->\n")[1].split("<!-- /settings -->")[0]
        self.assertEqual(block, table, "put the output of `budget settings --markdown` into etc/README.md")

    def test_an_unknown_environment_name_only_warns(self):
        done = run("budget", "settings", BUDGET_PROT=1)
        self.assertEqual(done.code, 0)
        self.assertIn("warning: environment: BUDGET_PROT", done.err)


if __name__ == "__main__":
    main()
