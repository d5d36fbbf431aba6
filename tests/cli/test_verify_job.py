"""The nightly proof: in order it says so, drift raises one alert a day about the system, in every tenant."""
import json
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from server import ServerCase, run  # noqa: E402
from tap import main  # noqa: E402


class VerifyJob(ServerCase):
    def setUp(self):
        self.url = self.install()

    def verify(self, *words):
        done = run("verify", *words, BUDGET_DATABASE_URL=self.url.replace("user=postgres", "user=budget_app"))
        self.assertEqual(done.code, 0, done.err)
        return self.server.sql("SELECT status, coalesce(detail, '') FROM budget.job_run WHERE job = 'verify'"
                               " ORDER BY run_id DESC LIMIT 1", self.url)[0]

    def alerts(self):
        return [json.loads(row[0]) for row in self.server.sql(
            "SELECT to_json(a) FROM budget.alert a WHERE level = 'system' ORDER BY alert_id", self.url)]

    def test_an_empty_house_is_in_order(self):
        self.assertEqual(self.verify(), ["ok", "no differences"])
        self.assertEqual(self.alerts(), [])

    def test_drift_raises_one_alert_a_day_in_the_tenant_that_has_it(self):
        self.server.sql("INSERT INTO budget.tenant (tenant_id, name) SELECT gen_random_uuid(), 'other ' || n"
                        " FROM generate_series(1, 3) n;"
                        "INSERT INTO budget.counter (tenant_id, revision, period_start, spent_cost)"
                        " SELECT tenant_id, revision, date_trunc('day', now()), 3 FROM budget.policy"
                        " WHERE period = 'daily'", self.url)
        for _ in range(2):
            self.assertIn("1 differences", self.verify()[1])
        (alert,) = self.alerts()
        self.assertEqual((alert["type"], alert["severity"], alert["policy_id"]), ("ledger_drift", "error", None))
        self.assertEqual(alert["details"]["examples"][0]["drift"], 3)
        self.assertEqual(self.server.value("SELECT count(*) FROM budget.outbox", self.url), "1")

    def test_a_dry_run_only_counts_the_tenants(self):
        self.assertEqual(self.verify("--dry-run"), ["ok", "tenants that would be proven"])
        self.assertEqual(self.server.value("SELECT count(*) FROM budget.verify_run", self.url), "0")


if __name__ == "__main__":
    main()
