"""The command `budget` against a whole running service: what people type, what it says, how it exits."""
import decimal
import json
import pathlib
import shutil
import subprocess
import sys
import uuid

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
sys.path.append(str(pathlib.Path(__file__).resolve().parent))
from home import Home, TestCase, main  # noqa: E402

from command import PROGRAM, run  # noqa: E402

ID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class Service(TestCase):
    maxDiff = None

    def cli(self, *words, code=0, **more):
        ran = run(*words, env={"BUDGET_PORT": str(self.home.port), **more.pop("env", {})}, **more)
        self.assertEqual(ran.code, code, f"budget {' '.join(words)}\n{ran.out}{ran.err}")
        return ran

    def rows(self, *words):
        return self.cli(*words, "--format", "csv").csv

    def json(self, *words, **more):
        return self.cli(*words, "--format", "json", **more).json

    def name(self):
        return "n" + uuid.uuid4().hex[:12]

    # the lines of the README

    def test_the_command_lines_of_the_readme_work_as_written(self):
        self.assertIn("Budget 0", self.cli("status").out)
        self.assertIn("$10.00", self.cli("set-limit", "daily", "10.0").out)
        self.assertEqual(self.json("get-usage")["period"], "daily")
        self.assertIn("Total cost", self.cli("get-usage", "daily").out)
        self.cli("config", "set", "enforcement_level", "HARD_LIMIT")
        self.assertEqual(self.cli("config", "get", "enforcement_level").out, "hard_limit\n")
        limits = {row["period"]: row for row in self.rows("limits", "list") if row["budget_name"] == "Default"}
        self.assertEqual((limits["daily"]["cost_limit"], limits["daily"]["type"]), ("10", "hard_limit"))
        self.cli("config", "set", "enforcement_level", "WARN")
        self.assertIn("claude", self.cli("prices", "list").out)
        out = self.cli("prices", "set", "anthropic", "claude-3-opus", "--input", "0.015", "--output", "0.075").out
        self.assertRegex(out, "0.015 per 1,000 tokens = 15.00 per million")
        self.assertRegex(out, "0.075 per 1,000 tokens = 75.00 per million")
        self.assertIn("later release", self.cli("debug", "integrations", code=69).err)

    def test_db_check_finds_the_private_database(self):
        self.assertEqual(run("db", "check", env={"BUDGET_HOME": str(self.home.folder)}).code, 0)

    def test_a_command_installed_in_a_home_needs_no_address(self):
        program = self.home.folder / "app/bin/budget"
        if not program.exists():  # tests share one installation; /proc/self/exe sees through links
            shutil.copytree(pathlib.Path(PROGRAM).parents[1], self.home.folder / "app", symlinks=True)
        done = subprocess.run([program, "status"], env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                              capture_output=True,
                              cwd="/", check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f":{self.home.port}", done.stdout.decode())

    def test_a_settings_file_of_this_folder_names_the_port(self):
        folder = self.home.folder / "elsewhere"
        folder.mkdir()
        (folder / ".env.budget").write_text(f"BUDGET_PORT={self.home.port}\n")
        self.assertEqual(run("limits", "list", cwd=folder).code, 0)
        (folder / ".env.budget").unlink()
        (folder / "config.yaml").write_text("somebody: else\n")
        self.assertEqual(run("limits", "list", cwd=folder, env={"BUDGET_PORT": str(self.home.port)}).code, 0)

    # the main job

    def test_what_was_recorded_adds_up_to_the_last_digit_everywhere(self):
        budget = self.name()
        self.cli("budgets", "create", budget, "--daily", "5")
        costs = []
        for n in range(7):
            record = self.json("record", "--provider", "openai", "--model", "gpt-4o", "--input-tokens", str(811 + n),
                               "--output-tokens", "93", "--cache-read-tokens", "7", "--budget", budget, "--component",
                               "sum")
            costs.append(record["total_cost"])
            self.assertRegex(record["record_id"], ID)
        total = sum(costs)
        self.assertGreater(total, 0)
        self.assertEqual(self.json("get-usage", "--budget", budget)["total_cost"], total)
        self.assertEqual(decimal.Decimal(self.rows("get-usage", "--budget", budget)[0]["total_cost"]), total)
        self.assertEqual(decimal.Decimal(self.rows("get-usage", "--budget", budget, "--by", "model")[0]["cost"]), total)
        self.assertEqual(decimal.Decimal(self.rows("budgets", "summary", budget)[0]["total_cost"]), total)
        for words in (["--budget", budget], ["--component", "sum"]):
            rows = self.rows("usage", "list", *words)
            self.assertEqual(sum(decimal.Decimal(row["total_cost"]) for row in rows), total)
        stored = self.home.value("SELECT trim_scale(sum(cost)) FROM budget.usage_record u "
                                 "JOIN budget.shape USING (shape_id) WHERE component = 'sum'")
        self.assertEqual(decimal.Decimal(stored), total)
        table = self.cli("get-usage", "--budget", budget).out
        self.assertIn(f"${total.normalize():f}", table)

    def test_the_same_record_twice_is_counted_once(self):
        words = ["record", "--provider", "openai", "--model", "gpt-4o", "--input-tokens", "5", "--record-id",
                 str(uuid.uuid4()),
                 "--component", self.name()]
        first, second = self.json(*words), self.json(*words)
        self.assertEqual(first["record_id"], second["record_id"])
        self.assertEqual(len(self.rows("usage", "list", "--component", words[-1])), 1)
        self.cli(*words, "--output-tokens", "1", code=65)

    def test_a_check_says_yes_or_no_and_changes_nothing(self):
        component = self.name()
        self.cli("set-limit", "hourly", "0.001", "--component", component, "--policy-type", "hard_limit")
        words = ["--provider", "openai", "--model", "gpt-4o", "--component", component]
        yes = self.cli("check", *words, "--input-tokens", "10", "--max-output-tokens", "1")
        self.assertRegex(yes.out, "Allowed +yes")
        no = self.cli("check", *words, "--input-tokens", "100000", "--max-output-tokens", "1000", code=2)
        self.assertRegex(no.out, "Decision +block")
        self.assertFalse(self.json("check", *words, "--estimated-tokens", "1000000", code=2)["allowed"])
        row = self.rows("limits", "list", "--component", component)[0]
        self.assertEqual((row["cost_used"], row["cost_held"]), ("0", "0"))
        refused = self.cli("allocate", "create", *words, "--tokens", "1000000", code=2)
        self.assertEqual(refused.out, "")
        self.assertIn("What fits now", refused.err)

    def test_an_allocation_lives_and_is_settled_or_released(self):
        context = self.name()
        made = self.cli("allocate", "create", "--context-id", context, "--component", "r", "--tokens", "2000",
                        "--provider", "openai",
                        "--model", "gpt-4o")
        self.assertIn("Allocation created with ID: ", made.out)
        row = self.rows("allocate", "list", "--context-id", context)[0]
        allocation = row["allocation_id"]
        self.assertEqual((row["state"], row["tokens_allocated"], row["remaining_tokens"]), ("live", "2000", "2000"))
        self.cli("record", "--provider", "openai", "--model", "gpt-4o", "--input-tokens", "300", "--allocation-id",
                 allocation)
        self.assertEqual(self.json("allocate", "show", allocation)["remaining_tokens"], 1700)
        self.assertIn("lives until", self.cli("allocate", "extend", allocation, "--ttl", "90000").out)
        self.assertIn("Tokens released: 1,700", self.cli("allocate", "release", allocation).out)
        self.assertEqual(self.rows("allocate", "list", "--context-id", context, "--state",
                                   "released")[0]["allocation_id"], allocation)

    def test_a_batch_is_recorded_and_its_bad_rows_are_named(self):
        component = self.name()
        good = [{"provider": "openai", "model": "gpt-4o", "input_tokens": n, "component": component} for n in range(3)]
        ran = self.cli("record", "--batch", "-", stdin=json.dumps(good))
        self.assertRegex(ran.out, "Accepted +3")
        mixed = good[:1] + [{"provider": "openai", "model": "gpt-4o", "input_tokens": -1, "component": component}]
        ran = self.cli("record", "--batch", "-", stdin=json.dumps(mixed), code=65)
        self.assertIn("record 1: ", ran.err)
        self.assertEqual(len(self.rows("usage", "list", "--component", component)), 4)

    def test_long_lists_are_followed_to_the_end(self):
        component = self.name()
        batch = "".join(json.dumps({"provider": "openai", "model": "gpt-4o", "input_tokens": n,
                                    "component": component}) + "\n"
                        for n in range(120))
        path = self.home.folder / "batch.ndjson"
        path.write_text(batch)
        self.cli("record", "--batch", str(path))
        words = ["usage", "list", "--component", component]
        self.assertEqual(len(self.rows(*words)), 50)
        self.assertIn("50 of 120 shown", self.cli(*words).err)
        rows = self.rows(*words, "--all")
        self.assertEqual(sorted(int(row["input_tokens"]) for row in rows), list(range(120)))
        self.assertEqual(len(self.json(*words, "--limit", "70")["items"]), 70)

    # what is managed

    def test_budgets_are_made_shown_changed_and_retired_by_name(self):
        top, child = self.name(), self.name()
        self.assertIn(f"Budget '{top}' created with ID: ",
                      self.cli("budgets", "create", top, "--daily", "5", "--owner", "ana").out)
        self.cli("budgets", "create", child, "--parent", top, "--monthly", "0.5")
        tree = self.cli("budgets", "tree", top).lines
        self.assertRegex(tree[0], rf"^{top}  daily \$5\.00  ")
        self.assertRegex(tree[1], rf"^└─ {child}  monthly \$0\.50  ")
        shown = self.cli("budgets", "show", child).out
        self.assertRegex(shown, r"monthly +\w+ +\$0\.50")
        self.assertIn("version 2", self.cli("budgets", "update", child, "--owner", "ben", "--if-match", "1").out)
        self.assertEqual(self.json("budgets", "show", child)["owner"], "ben")
        self.cli("budgets", "update", child, "--owner", "eve", "--if-match", "1", code=73)
        self.assertIn("retired", self.cli("budgets", "retire", child).out)
        self.assertNotIn(child, [row["name"] for row in self.rows("budgets", "list")])
        self.assertIn(child, [row["name"] for row in self.rows("budgets", "list", "--active", "any", "--all")])
        self.cli("budgets", "update", child, "--active")
        self.assertIn("Did you mean", self.cli("budgets", "show", child[:-1] + "-", code=66).err)

    def test_policies_are_made_changed_and_disabled(self):
        component = self.name()
        self.cli("policies", "create", "rolling", "--window", "3600", "--token-limit", "1000", "--component", component)
        policy = self.rows("policies", "list", "--component", component)[0]["policy_id"]
        self.assertRegex(self.cli("policies", "show", policy).out, "Token limit +1,000")
        self.cli("policies", "update", policy, "--token-limit", "2000", "--type", "block")
        self.assertEqual(self.json("policies", "show", policy)["type"], "hard_limit")
        self.cli("policies", "disable", policy)
        self.assertEqual(self.rows("limits", "list", "--component", component), [])
        self.assertIn("Nothing matches", self.cli("limits", "list", "--component", component).out)
        self.cli("policies", "show", str(uuid.uuid4()), code=66)
        self.cli("policies", "show", "not-an-id", code=66)

    def test_a_soft_limit_is_passed_by_an_approval_and_its_alert_is_dismissed(self):
        component = self.name()
        self.cli("set-limit", "daily", "0.001", "--component", component, "--policy-type", "soft_limit")
        words = ["allocate", "create", "--component", component, "--provider", "openai", "--model", "gpt-4o",
                 "--tokens", "1000"]
        refused = self.cli(*words, code=2)
        policy = self.rows("limits", "list", "--component", component)[0]["policy_id"]
        self.assertRegex(refused.err, rf"budget approvals request {policy} --amount [0-9.]+ --reason")
        self.cli("approvals", "request", policy, "--amount", "5", "--reason", "release week")
        approval = self.rows("approvals", "list", "--state", "pending", "--policy", policy)[0]["approval_id"]
        self.assertIn("granted", self.cli("approvals", "grant", approval, "--amount", "3").out)
        self.cli("approvals", "deny", approval, code=73)
        self.cli(*words)
        alerts = [row for row in self.rows("alerts", "list", "--all") if component in row["message"]]
        self.assertEqual(alerts[0]["type"], "cost_limit_exceeded")
        self.cli("alerts", "dismiss", alerts[0]["alert_id"])
        self.assertRegex(self.cli("alerts", "show", alerts[0]["alert_id"]).out, "Seen +yes")
        self.assertIn("acknowledged", self.cli("alerts", "acknowledge", alerts[0]["alert_id"]).out)

    def test_prices_are_set_calculated_and_remembered(self):
        model = self.name()
        self.cli("prices", "set", "acme", model, "--input", "0.003", "--output", "0.015")
        row = self.rows("prices", "list", "--provider", "acme", "--model", model)[0]
        self.assertEqual((row["input_cost_per_token"], row["output_cost_per_token"]), ("0.000003", "0.000015"))
        self.assertRegex(self.cli("prices", "list", "--model", model, "--per", "1m").out, r"3\.00 +15\.00")
        for words in (["prices", "calc", "acme", model], ["calc-cost", "--provider", "acme", "--model", model]):
            out = self.cli(*words, "--input-tokens", "1000", "--output-tokens", "1").out
            self.assertIn("Total cost: $0.003015", out)
        self.cli("prices", "set", "acme", model, "--input", "4", "--output", "20", "--per", "1m")
        self.assertEqual(len(self.rows("prices", "history", "acme", model)), 2)

    def test_an_unpriced_model_is_said_to_be_unpriced(self):
        model = self.name()
        ran = self.cli("record", "--provider", "acme", "--model", model, "--input-tokens", "10")
        self.assertIn("No price is known for it", ran.out)
        self.assertIsNone(self.json("usage", "show", ran.out.split("Record ")[1].split()[0])["total_cost"])

    # who may

    def test_keys_open_what_their_role_reaches(self):
        name = self.name()
        out = self.cli("keys", "create", name, "--role", "viewer").out
        key = [word for word in out.split() if word.startswith("bgt_")][0]
        path = self.home.folder / f"{name}.key"
        path.write_text(key + "\n")
        path.chmod(0o600)
        self.cli("limits", "list", "--api-key-file", str(path))
        self.cli("limits", "list", env={"BUDGET_API_KEY": key})
        refused = self.cli("set-limit", "daily", "3", "--api-key-file", str(path), code=77)
        self.assertIn("role", refused.err)
        debug = self.cli("limits", "list", "--api-key", key, "--debug")
        self.assertNotIn(key.split("_", 2)[2], debug.err)
        row = [row for row in self.rows("keys", "list", "--all") if row["name"] == name][0]
        self.assertEqual((row["role"], row["revoked_at"]), ("viewer", ""))
        self.cli("keys", "revoke", row["key_id"])
        self.cli("limits", "list", "--api-key", key[:-4] + "AAAA", code=77)
        wrong = self.cli("limits", "list", "--api-key", "bgt_aaaaaaaa_" + "A" * 43, code=77)
        self.assertIn("unknown, expired or revoked", wrong.err)

    def test_settings_are_listed_read_and_changed(self):
        names = [row["name"] for row in self.rows("config", "list")]
        self.assertIn("enforcement_level", names)
        self.assertIn("Did you mean 'enforcement_level'?", self.cli("config", "get", "enforcment_level", code=66).err)
        self.cli("config", "set", "enforcement_level", "sometimes", code=65)
        self.cli("config", "set", "port", "99", code=73)

    def test_jobs_and_audit_are_listed(self):
        self.assertIn("holds-expire", [row["job"] for row in self.rows("jobs")])
        owner = self.name()
        self.cli("budgets", "create", owner)
        rows = self.rows("audit", "--action", "budget.create", "--all")
        self.assertIn(owner, [json.loads(row["after"])["name"] for row in rows])

    # bad input

    def test_what_the_service_refuses_is_told_by_the_name_that_was_typed(self):
        for words, said in ((["set-limit", "daily", "-1"], "AMOUNT: "), (["set-limit", "dayly", "1"], "PERIOD: "),
                            (["set-limit", "daily", "1e13"], "AMOUNT: "),
                            (["limits", "list", "--type", "x"], "--type: "),
                            (["record", "--provider", "p", "--model", "m", "--input-tokens", "99999999999999"],
                             "--input-tokens: "),
                            (["record", "--provider", "p", "--model", "m", "--input-tokens", "1.5"],
                             "--input-tokens: "),
                            (["budgets", "create", ""], "NAME: "),
                            (["usage", "list", "--from", "yesterday"], "--from: "),
                            (["usage", "list", "--cursor", "rubbish"], "cursor"),
                            (["allocate", "create", "--tokens", "1", "--priority", "11"], "--priority: "),
                            (["keys", "create", "n", "--role", "king"], "--role: ")):
            with self.subTest(words):
                self.assertIn(said, self.cli(*words, code=65).err)

    def test_every_list_speaks_every_format(self):
        for words in (["limits", "list"], ["allocate", "list"], ["usage", "list"], ["prices", "list"],
                      ["budgets", "list"],
                      ["budgets", "tree"], ["budgets", "summary", "Default"], ["policies", "list"],
                      ["approvals", "list"],
                      ["alerts", "list"], ["keys", "list"], ["config", "list"], ["jobs"], ["audit"]):
            with self.subTest(words):
                self.assertIn("items", self.json(*words))
                self.assertTrue(self.cli(*words, "--format", "csv").raw.endswith(b"\r\n"))
                self.assertTrue(self.cli(*words).out.strip())

    def test_a_stopped_service_is_said_to_be_away(self):
        home = type(self.home)(**self.settings)  # never started
        ran = run("status", env={"BUDGET_PORT": str(home.port)})
        home.folder.rmdir()
        self.assertEqual(ran.code, 69)
        self.assertIn("Is the service running?", ran.err)


class Production(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = Home(BUDGET_ENV="production")
        cls.home.script("--init-production")
        cls.home.start()

    def cli(self, *words, **env):
        return run(*words, env=env)

    def test_who_may_read_the_home_needs_no_address_no_certificate_and_no_key(self):
        ran = self.cli("keys", "create", "rhetor", "--role", "service", BUDGET_HOME=str(self.home.folder))
        self.assertEqual((ran.code, ran.err), (0, ""))

    def test_everybody_else_names_all_three(self):
        url = f"https://localhost:{self.home.port}"
        certificate = str(self.home.folder / "tls/certificate.pem")
        self.assertIn("--ca-file", self.cli("limits", "list", BUDGET_URL=url).err)
        words = ["limits", "list", "--api-url", url, "--ca-file", certificate]
        refused = self.cli(*words)
        self.assertEqual(refused.code, 77)
        self.assertIn("Give a key", refused.err)
        self.assertEqual(self.cli(*words, "--api-key-file", str(self.home.folder / "secrets/admin.key")).code, 0)
        self.assertIn("https", self.cli("limits", "list", BUDGET_URL=url.replace("https", "http")).err)


if __name__ == "__main__":
    main()
