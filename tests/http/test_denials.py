"""How often a policy refused: counted in memory, shown beside its limit a moment later, and nothing written by the refusal."""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import main, wait_for  # noqa: E402
from outage import OutageCase  # noqa: E402


class Denials(OutageCase):
    def count(self, policy):
        return self.standing(policy)["denials"]

    def test_refusals_are_counted_by_the_policy_that_decided(self):
        budget, policy = self.limited(period="daily", cost_limit=0)
        other = self.policy(budget, period="monthly", cost_limit=1)
        for _ in range(5):
            self.hold(budget, 402, tokens_allocated=1)
        self.assertFalse(self.check(budget)["allowed"])
        self.assertFalse(self.check(budget, reserve=True)["allowed"])
        wait_for(lambda: self.count(policy) == 7, "the counts to come in")
        self.assertEqual(self.count(other), 0)
        self.hold(budget, 402, tokens_allocated=1)
        wait_for(lambda: self.count(policy) == 8, "the counts to come in")

    def test_what_is_allowed_counts_nothing(self):
        budget, policy = self.limited(period="daily", cost_limit=1)
        self.hold(budget, tokens_allocated=1)
        self.check(budget)
        shut, full = self.limited(period="daily", cost_limit=0)
        self.hold(shut, 402, tokens_allocated=1)
        wait_for(lambda: self.count(full) == 1, "a later refusal to come in")
        self.assertEqual(self.count(policy), 0)

    def test_counts_wait_while_the_database_is_away_and_a_stop_brings_them(self):
        budget, policy = self.limited(period="daily", cost_limit=0)
        self.hold(budget, 402, tokens_allocated=1)
        with self.away():
            self.hold(budget, 503, tokens_allocated=1)
        wait_for(self.is_ledger_back, "the ledger to have found the database again")
        self.hold(budget, 402, tokens_allocated=1)
        self.home.restart("ledger")
        wait_for(lambda: self.count(policy) >= 1, "the counts to come in")


if __name__ == "__main__":
    main()
