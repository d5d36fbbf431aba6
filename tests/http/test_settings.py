"""GET and PUT /settings, GET /jobs: what an admin sees and may change, and what changes with it."""
from decimal import Decimal
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import TestCase, main, wait_for  # noqa: E402


class Settings(TestCase):
    settings = {"BUDGET_BACKDATE_HOURS": "48",
        "BUDGET_ADMIN_KEY": "bgt_abcdefgh_0123456789012345678901234567890123456789012"}

    def setting(self, name):
        return next(item for item in self.home.get("/api/v1/settings").json["items"] if item["name"] == name)

    def put(self, values):
        return self.home.put("/api/v1/settings", values)

    def limits(self):
        return {item["period"]: item for item in self.home.get("/api/v1/limits").json["items"]
            if not item.get("component")}

    def test_every_setting_says_where_it_comes_from(self):
        self.assertEqual(self.setting("backdate_hours")["source"], "environment")
        self.assertEqual(self.setting("future_minutes")["source"], "default")
        self.assertEqual(self.home.get("/api/settings").json, self.home.get("/api/v1/settings").json)

    def test_secrets_are_masked(self):
        answer = self.home.get("/api/v1/settings")
        self.assertNotIn("0123456789012345", answer.text)
        self.assertEqual(self.setting("admin_key")["value"], "********")

    def test_a_stored_setting_counts_at_once(self):
        answer = self.put({"futureMinutes": 10, "hold_ttl_check_seconds": "10m"})
        self.assertEqual(answer.status, 200)
        self.assertEqual((self.setting("future_minutes")["value"], self.setting("future_minutes")["source"]),
            ("10", "database"))
        self.assertEqual(self.setting("hold_ttl_check_seconds")["value"], "600")
        self.assertEqual(self.home.value("SELECT budget.setting_value('future_minutes')"), "10")
        self.assertEqual(self.put({"future_minutes": None, "hold_ttl_check_seconds": None}).status, 200)
        self.assertEqual(self.setting("future_minutes")["source"], "default")

    def test_what_a_higher_layer_sets_is_409_and_names_it(self):
        answer = self.put({"backdate_hours": 24})
        self.assertEqual((answer.status, answer.json["code"]), (409, "setting_overridden"))
        self.assertIn("environment", answer.json["detail"])
        self.assertEqual(answer.json["errors"][0]["pointer"], "/backdate_hours")

    def test_what_only_a_start_takes_is_409_and_says_where(self):
        answer = self.put({"port": 9000})
        self.assertEqual((answer.status, answer.json["code"]), (409, "setting_not_stored"))
        self.assertIn("BUDGET_PORT", answer.json["detail"])

    def test_bad_names_and_values_change_nothing(self):
        for body, pointer in (({"no_such": 1}, "/no_such"), ({"enforcement_level": "hard"}, "/enforcement_level"),
            ({"idempotency_days": 1}, "/idempotency_days"),
                              ({"hold_ttl_check_seconds": "soon"},
                                  "/hold_ttl_check_seconds"), ({"daily_budget_limit": -1}, "/daily_budget_limit"),
                              ({"future_minutes": 7, "hold_ttl_check_seconds": 0}, "/hold_ttl_check_seconds")):
            with self.subTest(body):
                answer = self.put(body)
                self.assertEqual(answer.status, 422, answer)
                self.assertEqual(answer.json["errors"][0]["pointer"], pointer)
        self.assertEqual(self.setting("future_minutes")["value"], "5")

    def test_policies_without_a_type_follow_the_level(self):
        self.assertEqual({item["type"] for item in self.limits().values()}, {"warn"})
        self.assertEqual(self.put({"enforcement_level": "HARD_LIMIT"}).status, 200)
        self.assertEqual({item["type"] for item in self.limits().values()}, {"hard_limit"})
        self.assertEqual(self.put({"enforcement_level": None}).status, 200)
        self.assertEqual({item["type"] for item in self.limits().values()}, {"warn"})

    def test_a_stored_limit_is_defaults_limit(self):
        self.assertEqual(self.put({"weekly_budget_limit": "30.25"}).status, 200)
        self.assertEqual(self.limits()["weekly"]["cost_limit"], Decimal("30.25"))

    def test_every_change_is_audited(self):
        self.put({"max_output_tokens_default": 1000})
        entry = next(e for e in self.home.get("/api/v1/audit?limit=100").json["items"]
            if e["action"] == "setting.update" and e["entity_id"] == "max_output_tokens_default")
        self.assertEqual(entry["after"], "1000")

    def test_jobs_tell_how_they_run(self):
        jobs = wait_for(lambda: {item["job"]: item for item in self.home.get("/api/v1/jobs").json["items"]
            if item["last_ok_at"]}, "the first runs")
        jobs = wait_for(lambda: len(j := {item["job"]: item for item in self.home.get("/api/v1/jobs").json["items"]
            if item["last_ok_at"]}) >= 3 and j, "three jobs")
        self.assertLessEqual(jobs["holds-expire"]["every_seconds"], 15)
        self.assertEqual(jobs["partitions"]["runs"][0]["status"], "ok")


if __name__ == "__main__":
    main()
