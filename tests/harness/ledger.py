"""What tests of the ledger say again and again: budgets of their own, holds, records, and prices one can count in one's
head. Of provider `acme`, `plain` costs 0.001 a token in and 0.002 a token out, `free` costs nothing, and any other name
has no price. A budget made without a parent stands below Default, whose own limits are raised out of the way.
"""
import decimal
import glob
import os
import tempfile
import time
import unittest
import uuid
from decimal import Decimal

from home import TestCase, wait_for  # noqa: F401  (tests import it from here)

decimal.getcontext().prec = 100  # money here has more digits than Python keeps by itself

API = "/api/v1"
FAKETIME = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)

DRIFT = """
SELECT 'counter', c.revision::text, c.scope, trim_scale(c.spent_cost)::text,
       trim_scale(c.opening_cost + coalesce(r.cost, 0))::text
  FROM budget.counter c
  JOIN budget.policy_revision p ON p.tenant_id = c.tenant_id AND p.revision = c.revision AND p.period <> 'rolling'
  LEFT JOIN LATERAL (
       SELECT sum(coalesce(u.cost, 0) + coalesce(x.cost, 0)) AS cost, sum(u.total_tokens) AS tokens
         FROM budget.usage_record u
         LEFT JOIN LATERAL (SELECT sum(d.delta_cost) AS cost FROM budget.correction d
                             WHERE d.tenant_id = u.tenant_id AND d.record_id = u.record_id) x ON true
        WHERE u.tenant_id = c.tenant_id AND c.revision = ANY (u.revisions)
          AND c.scope = budget.scope_of(p.period, u.context_id, u.task_id)
          AND c.period_start = (budget.period_bounds(p.period, p.time_zone, p.week_start, p.month_reset_day,
                                                     p.window_seconds, u.charged_at)).period_start) r ON true
 WHERE c.spent_cost <> c.opening_cost + coalesce(r.cost, 0)
    OR c.spent_tokens <> c.opening_tokens + coalesce(r.tokens, 0)
UNION ALL
SELECT 'held', s.revision::text, s.scope, trim_scale(s.held_cost)::text, trim_scale(coalesce(h.cost, 0))::text
  FROM budget.policy_state s
  JOIN budget.policy_revision p ON p.tenant_id = s.tenant_id AND p.revision = s.revision
  LEFT JOIN LATERAL (
       SELECT sum(x.left_cost) AS cost, sum(x.left_tokens) AS tokens FROM budget.hold x
        WHERE x.tenant_id = s.tenant_id AND x.state = 'live' AND s.revision = ANY (x.revisions)
          AND s.scope = budget.scope_of(p.period, x.context_id, x.task_id)) h ON true
 WHERE s.held_cost <> coalesce(h.cost, 0) OR s.held_tokens <> coalesce(h.tokens, 0)"""


def uuid7(age_ms=0):
    """A UUIDv7 made age_ms ago, as a client makes its ids."""
    millis = int(time.time() * 1000) - age_ms
    bits = (millis << 80) | (7 << 76) | (uuid.uuid4().int & ((1 << 76) - 1))
    return str(uuid.UUID(int=(bits & ~(3 << 62)) | (2 << 62)))


class LedgerCase(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for model, rate_in, rate_out in (("plain", "0.001", "0.002"), ("free", "0", "0")):
            answer = cls.home.post(f"{API}/prices", {"provider": "acme", "model": model,
                                                     "input_cost_per_token": rate_in,
                                                     "output_cost_per_token": rate_out})
            assert answer.status == 201, answer
        for period in ("daily", "weekly", "monthly"):  # Default's own limits stand out of the way
            cls.home.post(f"{API}/limits", {"period": period, "amount": 10 ** 9})

    def make(self, path, body, expect=201):
        answer = self.home.post(f"{API}/{path}", body)
        self.assertEqual(answer.status, expect, answer)
        return answer.json

    def budget(self, **fields):
        """Without more words its filtered policies count only what is charged to it: tests do not meet each other."""
        return self.make("budgets", {"name": f"b {uuid.uuid4()}", "reach": "named", **fields})["budget_id"]

    def policy(self, budget, **fields):
        return self.make("policies", {"budget_id": budget, "period": "monthly", "type": "hard_limit",
                                      **fields})["policy_id"]

    def limited(self, **fields):
        """A budget with one policy: (budget_id, policy_id)."""
        budget = self.budget()
        return budget, self.policy(budget, **fields)

    def record(self, budget=None, expect=201, headers=None, **fields):
        """One token in unless told otherwise; answers the record, or the problem when that is expected."""
        body = {"provider": "acme", "model": "plain", "budget_id": budget, "input_tokens": 1, **fields}
        return self.ask("usage/record", body, expect, headers)

    def hold(self, budget=None, expect=201, headers=None, **fields):
        body = {"provider": "acme", "model": "plain", "budget_id": budget, **fields}
        return self.ask("allocations", body, expect, headers)

    def check(self, budget=None, expect=200, headers=None, **fields):
        body = {"provider": "acme", "model": "plain", "budget_id": budget, **fields}
        if not {"input_tokens", "estimated_tokens", "input_text", "max_output_tokens"} & set(fields):
            body["estimated_tokens"] = 1
        return self.ask("check", body, expect, headers)

    def ask(self, path, body, expect, headers=None):
        """POST without the members that are None; refusals and other problems are answered as documents, too."""
        self.answer = self.home.post(f"{API}/{path}", {k: v for k, v in body.items() if v is not None},
                                     headers=headers or {})
        if expect >= 400:
            return self.assert_problem(self.answer, expect)
        self.assertEqual(self.answer.status, expect, self.answer)
        return self.answer.json

    def release(self, allocation, expect=200):
        return self.ask(f"allocations/{allocation}/release", {}, expect)

    def extend(self, allocation, seconds, expect=200):
        return self.ask(f"allocations/{allocation}/extend", {"ttl_seconds": seconds}, expect)

    def standing(self, policy, **query):
        """The line of GET /limits of a policy."""
        budget = self.home.get(f"{API}/policies/{policy}").json["budget_id"]
        items = self.home.get(f"{API}/limits?budget_id={budget}").json["items"]
        return [line for line in items if line["policy_id"] == policy][0]

    def used(self, policy):
        line = self.standing(policy)
        return line["cost_used"], line["cost_held"]

    def drift(self):
        """Counters against records and corrections, held sums against live holds, straight from the tables: rows that
        differ."""
        return self.home.sql(DRIFT)


def sweep_faketime():
    """Takes away what libfaketime left of processes that were killed: it names its shared memory by pid, and a process of
    another account that gets the number later could not open it."""
    for path in glob.glob("/dev/shm/*faketime_*_*"):
        if not os.path.exists(f"/proc/{path.rpartition('_')[2]}"):
            try:
                os.unlink(path)
            except OSError:
                pass


@unittest.skipUnless(FAKETIME, "libfaketime is not installed")
class ClockCase(LedgerCase):
    """A home whose clock the test sets: every process of it, PostgreSQL too, asks libfaketime for the time."""

    @classmethod
    def setUpClass(cls):
        handle, cls.clock = tempfile.mkstemp(prefix="clock-", dir=os.environ.get("BUDGET_TEST_WORK"))
        os.close(handle)
        os.chmod(cls.clock, 0o644)
        cls.shift(0)
        cls.settings = {**cls.settings, "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": cls.clock,
                        "FAKETIME_NO_CACHE": "1",
                        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        sweep_faketime()
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        sweep_faketime()
        os.unlink(cls.clock)

    @classmethod
    def shift(cls, seconds):
        """The clock of the home is this far ahead of ours from now on. One write: nobody reads half a number."""
        cls.ahead = seconds
        with open(cls.clock, "r+b", buffering=0) as file:
            file.write(b"%+020.6f\n" % seconds)

    def set_clock(self, when):
        """when: a datetime with zone. The job that makes partitions ahead would have run by then."""
        self.shift(when.timestamp() - time.time())
        self.home.sql("SELECT budget.partitions_make()")
