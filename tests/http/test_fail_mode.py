"""Checks and allocations while the database is away: 503, or allowed and said to be so, as the budget's fail_mode says."""
import pathlib
import sys
import uuid

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import main, wait_for  # noqa: E402
from ledger import API, uuid7  # noqa: E402
from outage import OutageCase  # noqa: E402

MARK = "de64aded"


class FailMode(OutageCase):
    def known(self, budget, is_open=True):
        """Waits until the ledger program knows how the budget fails."""
        path = self.home.folder / "spool" / "fail_open"
        wait_for(lambda: path.exists() and (budget in [line.split()[1] for line in path.read_text().splitlines()]) == is_open,
                 "the fail mode to be known", 30)

    def test_a_closed_budget_is_503(self):
        budget = self.budget()
        with self.away():
            for path, body in (("check", {"estimated_tokens": 1}), ("allocations", {"tokens_allocated": 1})):
                answer = self.home.post(f"{API}/{path}", {"budget_id": budget, **body})
                self.assert_problem(answer, 503, "database_away")
                self.assertEqual(answer.headers["Retry-After"], "1")

    def test_an_open_budget_allows_and_says_so_and_its_records_are_told_apart(self):
        budget = self.budget(fail_mode="open")
        policy = self.policy(budget, period="lifetime", cost_limit=1)
        self.known(budget)
        with self.away():
            check = self.check(budget)
            self.assertEqual([check[name] for name in ("allowed", "decision", "degraded", "policies", "estimated_cost")],
                             [True, "allow", True, [], None])
            self.assertNotIn("allocation_id", check)
            reserved = self.check(budget, reserve=True, ttl_seconds=60)
            hold = self.hold(budget, tokens_allocated=10 ** 9, context_id="c \"1\"")
            self.assertEqual([hold[name] for name in ("degraded", "state", "remaining_tokens", "context_id", "budget_id")],
                             [True, "live", 10 ** 9, "c \"1\"", budget])
            for granted in (reserved, hold):
                self.assertTrue(granted["allocation_id"].endswith(MARK), granted)
                self.assertIn("expires_at", granted)
            self.assertEqual(self.release(reserved["allocation_id"])["tokens_released"], 0)
            mine = uuid7()
            self.assertEqual(self.hold(budget, tokens_allocated=1, allocation_id=mine)["allocation_id"], mine)
            settled = self.spool(budget, allocation_id=hold["allocation_id"], final=True)["record_id"]
        self.wait_for_replay()
        again = self.record(budget, allocation_id=hold["allocation_id"])
        self.assertEqual((again["cause"], again["allocation"]), ("degraded", None))
        self.assertEqual(self.home.value(f"SELECT cause FROM budget.usage_record WHERE record_id = '{settled}'"), "degraded")
        self.assertEqual(self.home.value(f"SELECT count(*) FROM budget.hold WHERE budget_id = '{budget}'"), "0")
        self.assertEqual(self.release(reserved["allocation_id"])["degraded"], True)
        self.assertEqual(self.used(policy)[1], 0)
        self.assertEqual(self.hold(budget, tokens_allocated=1, allocation_id=mine)["state"], "live")

    def test_what_names_no_budget_fails_as_default_or_as_its_key_does(self):
        default = self.home.value("SELECT default_budget_id FROM budget.tenant WHERE default_budget_id IS NOT NULL LIMIT 1")
        shut = self.budget()
        key = self.make("keys", {"name": f"k {uuid.uuid4()}", "role": "service", "budget_id": shut})["key"]
        self.assertEqual(self.home.patch(f"{API}/budgets/{default}", {"fail_mode": "open"}).status, 200)
        child = self.budget(fail_mode="open")
        self.known(default)
        self.known(child)
        self.check(headers={"X-API-Key": key})  # so that the key is known
        with self.away():
            self.assertIs(self.check()["degraded"], True)
            self.check(headers={"X-API-Key": key}, expect=503)
            self.check(child, headers={"X-API-Key": key}, expect=503)  # out of the key's reach: nobody knows
            self.check(str(uuid.uuid4()), expect=503)
        self.assertEqual(self.home.patch(f"{API}/budgets/{default}", {"fail_mode": "closed"}).status, 200)
        self.known(default, is_open=False)
        with self.away():
            self.check(expect=503)


if __name__ == "__main__":
    main()
