"""Rules that only show when time passes: periods (5), holds across their ends (9, 10, 11). The tests set the clock."""
import datetime
import pathlib
import sys
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import main  # noqa: E402
from ledger import API, ClockCase, uuid7  # noqa: E402

UTC = datetime.timezone.utc

class Clock(ClockCase):
    def test_rule_05_a_reset_is_a_new_row_never_a_job(self):
        budget = self.budget(time_zone="Asia/Kathmandu")
        policy = self.policy(budget, period="daily", cost_limit=1)
        midnight = datetime.datetime(2031, 5, 10, 18, 15, tzinfo=UTC)
        self.set_clock(midnight - datetime.timedelta(seconds=60))
        self.record(budget, input_tokens=900)
        self.hold(budget, cost="0.2", expect=402)
        line = self.standing(policy)
        self.assertEqual((line["cost_used"], line["resets_at"]), (Decimal("0.9"), "2031-05-10T18:15:00.000000Z"),
                         "midnight in Kathmandu")
        counters = ("SELECT c.* FROM budget.counter c JOIN budget.policy p USING (tenant_id, revision) "
                    f"WHERE p.policy_id = '{policy}'")
        old = self.home.sql(counters)
        self.set_clock(midnight + datetime.timedelta(seconds=1))
        self.assertEqual(self.used(policy), (0, 0), "from that instant, with no job in between")
        self.hold(budget, cost="0.2")
        self.record(budget, input_tokens=5)
        rows = self.home.sql(counters)
        self.assertEqual(len(rows), 2)
        self.assertIn(old[0], rows, "the old row stays as it was")

    def test_rule_05_every_period_in_the_zone_of_the_budget(self):
        budget = self.budget(time_zone="America/New_York", week_start=7, month_reset_day=31)
        self.set_clock(datetime.datetime(2031, 2, 28, 4, 30,
                                         tzinfo=UTC))  # Thursday 27 February 23:30 in New York, winter time
        expected = {
            "hourly": ("2031-02-28T04:00:00", "2031-02-28T05:00:00"),
                    "daily": ("2031-02-27T05:00:00", "2031-02-28T05:00:00"),
            "weekly": ("2031-02-23T05:00:00", "2031-03-02T05:00:00"),
                    "monthly": ("2031-01-31T05:00:00", "2031-02-28T05:00:00"),
            "quarterly": ("2031-01-31T05:00:00", "2031-04-30T04:00:00"),
                    "yearly": ("2031-01-31T05:00:00", "2032-01-31T05:00:00"),
        }
        for period, (start, end) in expected.items():
            with self.subTest(period):
                line = self.standing(self.policy(budget, period=period, cost_limit=5))
                self.assertEqual((line["period_start"], line["period_end"]), (f"{start}.000000Z", f"{end}.000000Z"))
        self.set_clock(datetime.datetime(2031, 2, 28, 5, 0, 1, tzinfo=UTC))
        line = self.home.get(f"{API}/limits?budget_id={budget}&period=monthly").json["items"][0]
        self.assertEqual((line["period_start"], line["period_end"]),
                         ("2031-02-28T05:00:00.000000Z", "2031-03-31T04:00:00.000000Z"),
                         "the last day of each month")

    def test_rule_05_a_rolling_window_lets_go_bit_by_bit(self):
        budget, policy = self.limited(period="rolling", window_seconds=3600, cost_limit=1)
        start = datetime.datetime(2031, 6, 1, 12, 0, tzinfo=UTC)
        for minutes in (0, 20, 40):
            self.set_clock(start + datetime.timedelta(minutes=minutes))
            self.record(budget, input_tokens=300)
        self.assertEqual(self.used(policy)[0], Decimal("0.9"))
        self.hold(budget, cost="0.2", expect=402)
        self.set_clock(start + datetime.timedelta(minutes=59))
        self.assertEqual(self.used(policy)[0], Decimal("0.9"), "never less than the window")
        self.set_clock(start + datetime.timedelta(minutes=62))
        self.assertEqual(self.used(policy)[0], Decimal("0.6"))
        self.hold(budget, cost="0.2", ttl_seconds=1)
        self.set_clock(start + datetime.timedelta(minutes=200))
        self.assertEqual(self.used(policy), (0, 0))

    def test_rule_05_lifetime_sessions_and_tasks(self):
        budget = self.budget()
        lifetime = self.policy(budget, period="lifetime", cost_limit=1)
        self.policy(budget, period="per_session", token_limit=100)
        self.policy(budget, period="per_task", token_limit=150)
        self.record(budget, input_tokens=100, context_id="s1", task_id="t1")
        self.hold(budget, tokens_allocated=1, context_id="s1", task_id="t2", expect=402)
        self.hold(budget, tokens_allocated=51, context_id="s2", task_id="t1", expect=402)
        self.hold(budget, tokens_allocated=50, context_id="s2", task_id="t1", ttl_seconds=1)
        self.hold(budget, tokens_allocated=100)
        self.hold(budget, tokens_allocated=1, expect=402)  # those without an id share one bucket
        self.set_clock(datetime.datetime(2041, 1, 1, tzinfo=UTC))
        self.assertEqual(self.used(lifetime)[0], Decimal("0.1"))
        self.hold(budget, tokens_allocated=1, context_id="s1", task_id="t2", expect=402)

    def test_rule_09_a_live_hold_counts_in_every_period_it_lives_in(self):
        budget = self.budget()
        policy = self.policy(budget, period="daily", cost_limit=1)
        midnight = datetime.datetime(2031, 7, 2, tzinfo=UTC)
        self.set_clock(midnight - datetime.timedelta(seconds=30))
        hold = self.hold(budget, cost="0.9")
        self.set_clock(midnight + datetime.timedelta(seconds=30))
        self.assertEqual(self.used(policy), (0, Decimal("0.9")))
        self.hold(budget, cost="0.2", expect=402)
        record = self.record(budget, allocation_id=hold["allocation_id"], input_tokens=900, final=True)
        self.assertTrue(record["charged_at"].startswith("2031-07-02"))
        self.assertEqual(self.used(policy), (Decimal("0.9"), 0))
        self.assertEqual(self.drift(), [])

    def test_rule_10_late_settling_is_charged_where_the_call_was(self):
        budget = self.budget()
        policy = self.policy(budget, period="daily", cost_limit=1)
        midnight = datetime.datetime(2031, 8, 2, tzinfo=UTC)
        self.set_clock(midnight - datetime.timedelta(seconds=30))
        hold = self.hold(budget, cost="0.9")
        self.set_clock(midnight + datetime.timedelta(seconds=30))
        self.record(budget, allocation_id=hold["allocation_id"], input_tokens=900, final=True,
                    timestamp=(midnight - datetime.timedelta(seconds=10)).isoformat())
        self.assertEqual(self.used(policy), (0, 0), "yesterday's spend")
        self.assertEqual(self.drift(), [])

    def test_rule_10_a_month_without_a_table_is_no_fault_of_the_record(self):
        self.shift(datetime.timedelta(days=9000).total_seconds())
        record = {"provider": "acme", "model": "plain", "input_tokens": 1, "record_id": uuid7(-9000 * 86400 * 1000)}
        answer = self.home.post(f"{API}/usage/record", record)
        self.assertIsNotNone(answer.headers["Retry-After"])
        self.assert_problem(answer, 503, "partition_missing")
        self.home.sql("SELECT budget.partitions_make()")
        self.assertEqual(self.home.post(f"{API}/usage/record", record).status, 201)

    def test_rule_11_a_clock_that_goes_back_revives_no_hold(self):
        budget, policy = self.limited(period="lifetime", cost_limit=1)
        now = datetime.datetime(2031, 9, 1, tzinfo=UTC)
        self.set_clock(now)
        hold = self.hold(budget, cost="0.9", ttl_seconds=60)
        self.set_clock(now + datetime.timedelta(seconds=90))
        self.hold(budget, cost="0.8")
        self.set_clock(now + datetime.timedelta(seconds=30))
        self.hold(budget, cost="0.8", expect=402)
        late = self.record(budget, allocation_id=hold["allocation_id"])
        self.assertEqual(late["flags"], ["hold_expired"])

    def test_rule_11_a_clock_that_ran_far_ahead_and_was_put_right_is_forgotten(self):
        budget = self.budget()
        lifetime = self.policy(budget, period="lifetime", cost_limit=1)
        rolling = self.policy(budget, period="rolling", window_seconds=3600, cost_limit=1)
        right = datetime.datetime(2031, 10, 1, 12, tzinfo=UTC)
        self.set_clock(right + datetime.timedelta(days=5000))
        self.record(budget, input_tokens=100)
        self.set_clock(right)
        record = self.record(budget, input_tokens=100)
        self.assertTrue(record["charged_at"].startswith("2031-10-01T12"), record["charged_at"])
        self.assertEqual(self.decided_on(budget), {lifetime: Decimal("0.2"), rolling: Decimal("0.2")},
                         "what was booked ahead is in every window until its day")
        self.hold(budget, cost="0.5", ttl_seconds=60)
        self.set_clock(right + datetime.timedelta(seconds=61))
        self.hold(budget, cost="0.8", ttl_seconds=60)
        self.set_clock(right + datetime.timedelta(hours=2))
        self.record(budget, input_tokens=300)
        self.assertEqual(self.decided_on(budget), {lifetime: Decimal("0.5"), rolling: Decimal("0.4")})
        self.assertEqual((self.used(lifetime)[0], self.used(rolling)[0]), (Decimal("0.5"), Decimal("0.4")))

    def decided_on(self, budget):
        """{policy: what it counted} as a check sees it."""
        return {line["policy_id"]: line["cost_used"] for line in self.check(budget)["policies"]
                if line["budget_id"] == budget}


if __name__ == "__main__":
    main()
