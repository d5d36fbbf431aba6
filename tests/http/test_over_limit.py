"""What stands above a limit under load: facts only, and every cent of it by cause (rule 9, ledger F1)."""
import concurrent.futures
import random
from decimal import Decimal

from ledger import API, LedgerCase
from home import main

UNCOVERED = """
SELECT u.cause, trim_scale(sum(u.cost - u.consumed_cost)), sum(u.total_tokens - u.consumed_tokens)
  FROM budget.usage_record u JOIN budget.shape s ON s.tenant_id = u.tenant_id AND s.shape_id = u.shape_id
 WHERE s.budget_id = '{}' GROUP BY 1"""


class OverLimit(LedgerCase):
    def test_the_excess_equals_the_causes_to_the_last_digit(self):
        budget, policy = self.limited(cost_limit=5, token_limit=6000)
        choice = random.Random(7)
        plan = [(choice.choice(("exact", "exact", "overage", "unheld", "late", "unknown", "refused")),
                 choice.randint(1, 400)) for _ in range(160)]

        def call(step):
            kind, tokens = step
            usage = {"budget_id": budget, "provider": "acme", "model": "plain", "input_tokens": tokens, "final": True}
            if kind == "unknown":
                usage["allocation_id"] = "01900000-0000-7000-8000-000000000000"
            elif kind != "unheld":
                hold = self.home.post(f"{API}/allocations", {"budget_id": budget, "provider": "acme", "model": "plain",
                                                             "tokens_allocated": tokens // 2 if kind == "overage" else tokens})
                if hold.status != 201:
                    return "refused"
                usage["allocation_id"] = hold.json["allocation_id"]
                if kind == "late":
                    self.home.post(f"{API}/allocations/{usage['allocation_id']}/release")
            self.assertEqual(self.home.post(f"{API}/usage/record", usage).status, 201)
            return kind
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            seen = set(pool.map(call, plan))
        self.assertIn("refused", seen, "the limit was met")
        line = self.standing(policy)
        causes = {cause["cause"]: cause for cause in line["over_by_causes"]}
        self.assertGreater(line["over_by"], 0)
        self.assertEqual(line["over_by"], line["cost_used"] - 5)
        self.assertEqual(sum(cause["cost"] for cause in causes.values()), line["over_by"])
        self.assertEqual(sum(cause["tokens"] for cause in causes.values()), line["tokens_over_by"])
        self.assertLessEqual(set(causes), {"overage", "unheld", "late", "hold_unknown"}, "nothing unexplained")
        facts = {row[0]: (Decimal(row[1]), int(row[2])) for row in self.home.sql(UNCOVERED.format(budget))}
        for name, cause in causes.items():
            self.assertLessEqual(cause["cost"], facts[name][0], "no cause explains more than it brought")
            self.assertLessEqual(cause["tokens"], facts[name][1])
        summary = self.home.get(f"{API}/budgets/{budget}/summary").json["items"][0]
        self.assertEqual(summary["over_by_causes"], line["over_by_causes"])
        self.assertEqual(self.drift(), [])

    def test_without_facts_beyond_holds_nothing_stands_above(self):
        budget, policy = self.limited(cost_limit=1)

        def call(tokens):
            hold = self.home.post(f"{API}/allocations", {"budget_id": budget, "provider": "acme", "model": "plain",
                                                         "tokens_allocated": tokens, "final": True})
            if hold.status == 201:
                self.home.post(f"{API}/usage/record", {"allocation_id": hold.json["allocation_id"], "provider": "acme",
                                                       "model": "plain", "output_tokens": tokens})
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(call, [7, 50, 23, 120] * 20))
        line = self.standing(policy)
        self.assertEqual((line["over_by"], line["over_by_causes"]), (0, []))
        self.assertLessEqual(line["cost_used"], 1)


main()
