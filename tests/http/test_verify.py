"""verify and recalculate over HTTP and by the command: what they show, who may, and how a long proof goes on."""
import json
import os
import pathlib
import subprocess
import sys
import uuid

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import TestCase, main  # noqa: E402

VERIFY, RECALCULATE = "/api/v1/admin/verify", "/api/v1/admin/recalculate"


class Verify(TestCase):
    def setUp(self):
        self.home.sql("TRUNCATE budget.counter, budget.policy_state, budget.usage_record, budget.hold, budget.price_run")
        for n in range(5):
            answer = self.home.post("/api/v1/usage/record", {"provider": "anthropic", "model": "claude-3-haiku-20240307",
                                                              "input_tokens": 100 + n, "component": "test"})
            self.assertEqual(answer.status, 201, answer)

    def damage(self, period, by="1.5"):
        self.home.sql(f"UPDATE budget.counter c SET spent_cost = spent_cost + {by} FROM budget.policy_revision r"
                      f" WHERE r.tenant_id = c.tenant_id AND r.revision = c.revision AND r.period = '{period}'")

    def ask(self, path, body=None):
        answer = self.home.post(path, body or {})
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def command(self, *words, code=0):
        app = pathlib.Path(os.environ.get("BUDGET_APP_DIR") or self.home.folder / "app")
        done = subprocess.run([str(app / "bin/budget"), *words, "--api-url", f"http://127.0.0.1:{self.home.port}"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def test_rule_14_verify_proves_the_counters(self):
        proof = self.ask(VERIFY)
        self.assertEqual((proof["is_complete"], proof["ok"], proof["differences"]), (True, True, []))
        self.assertEqual(proof["checked"]["records"], 5)
        self.assertEqual({(line["period"], line["records"]) for line in proof["policies"]},
                         {("daily", 5), ("weekly", 5), ("monthly", 5)})

    def test_a_difference_is_shown_with_what_it_is_about(self):
        self.damage("weekly")
        proof = self.ask(VERIFY)
        (found,) = proof["differences"]
        self.assertEqual((found["kind"], found["field"], found["period"], str(found["drift"])),
                         ("counter", "cost", "weekly", "1.5"))
        self.assertEqual(found["stored"] - found["proven"], found["drift"])

    def test_recalculate_repairs_the_period_it_is_told(self):
        self.damage("weekly")
        self.damage("daily", "-0.00001")
        dry = self.ask(RECALCULATE, {"dry_run": True})
        self.assertEqual((dry["repairable"], dry["repaired"]), (2, 0))
        done = self.ask(RECALCULATE, {"period": "weekly", "reason": "test"})
        self.assertEqual(done["repaired"], 1)
        (left,) = self.ask(VERIFY)["differences"]
        self.assertEqual(left["period"], "daily")
        self.ask(RECALCULATE)
        self.assertTrue(self.ask(VERIFY)["ok"])
        audit = self.home.get("/api/v1/audit?action=counter.recalculate").json["items"]
        self.assertEqual(audit[-1]["after"]["reason"], "test")

    def test_a_proof_that_is_not_complete_goes_on_with_its_id(self):
        run = self.home.value("SELECT budget.verify_begin(budget.local_tenant())")
        self.assertEqual(self.ask(VERIFY, {"run_id": run})["run_id"], run)
        self.assertEqual(self.ask(VERIFY, {"run_id": run})["checked"]["records"], 5)
        self.assertEqual(self.ask(RECALCULATE, {"run_id": run})["repaired"], 0)
        self.assert_problem(self.home.post(VERIFY, {"run_id": str(uuid.uuid4())}), 404, "verify_run_not_found")

    def test_bad_questions_are_refused(self):
        self.assert_problem(self.home.post(RECALCULATE, {"period": "fortnightly"}), 422)
        self.assert_problem(self.home.post(VERIFY, {"deep": True}), 422)

    def test_only_an_admin_may(self):
        key = self.home.post("/api/v1/keys", {"name": "m", "role": "manager"}).json["key"]
        for path in (VERIFY, RECALCULATE):
            self.assert_problem(self.home.post(path, {}, headers={"X-API-Key": key}), 403)

    def test_the_command_shows_a_table_and_tells_by_its_exit_code(self):
        self.assertIn("in order", self.command("verify"))
        self.damage("monthly")
        said = self.command("verify", code=1)
        self.assertIn("monthly", said)
        self.assertEqual(json.loads(self.command("verify", "--format", "json", code=1))["differences_total"], 1)
        self.assertIn("1 would be repaired", self.command("recalculate", "--dry-run"))
        self.assertIn("0 repaired", self.command("recalculate", "--period", "daily"))
        self.assertIn("1 repaired", self.command("recalculate", "--period", "monthly"))
        self.command("verify")


if __name__ == "__main__":
    main()
