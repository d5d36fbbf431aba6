"""What the race tests share: two homes on one database, a team to race for, and what must be true afterwards."""
import collections
import datetime
import json
import os
import pathlib
import random
import re
import sys
import threading
import time
from decimal import Decimal

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "harness")]
from home import WORK, Home, wait_for  # noqa: E402
from ledger import API, LedgerCase  # noqa: E402
from model import Log, Model, Refusal  # noqa: E402
import periods  # noqa: E402

UNKNOWN = "what it did is unknown"  # the web server about a program that was killed under a request
SECONDS = int(os.environ.get("BUDGET_TEST_RACE_SECONDS") or 12)  # how long a race goes on


def now():
    return datetime.datetime.now(periods.UTC)


def next_minute(at):
    return at.replace(second=0, microsecond=0) + datetime.timedelta(minutes=1)


class ProofCase(LedgerCase):
    """A home to race in, and what must be true afterwards."""

    @property
    def homes(self):
        return [self.home]

    def team(self, boundary=None, generous=1):
        """A budget with one below it and policies of every kind; at the boundary its hour and its day end.
        ({name: policy}, the budget to charge)."""
        team = self.make("budgets", {"name": f"team {now()}", "reach": "named"})["budget_id"]
        leaf = self.make("budgets", {"name": f"leaf {now()}", "parent_id": team, "reach": "named"})["budget_id"]
        policies = {
            "hourly": self.policy(team, period="hourly", cost_limit=str(4 * Decimal(generous))),
            "writer": self.policy(team, period="lifetime", component="writer", token_limit=int(3000 * generous)),
            "daily": self.policy(leaf, period="daily", token_limit=int(5000 * generous)),
            "rolling": self.policy(leaf, period="rolling", window_seconds=60, type="soft_limit",
                                   cost_limit=str(6 * Decimal(generous))),
            "session": self.policy(leaf, period="per_session", token_limit=int(900 * generous)),
            "warn": self.policy(leaf, period="lifetime", type="warn", cost_limit="0.5"),
        }
        if boundary:
            zone, names = periods.posix_zone(boundary), f"('{team}', '{leaf}')"
            self.home.sql(f"UPDATE budget.budget SET time_zone = '{zone}' WHERE budget_id IN {names};"
                          f"UPDATE budget.policy_revision SET time_zone = '{zone}' WHERE budget_id IN {names}")
        return policies, leaf

    @property
    def ports(self):
        return [home.port for home in self.homes]

    def records(self):
        return int(self.home.value("SELECT count(*) FROM budget.usage_record"))

    # what must be true afterwards

    def refusals(self, calls, budget):
        """What clients were refused by policy, as the model takes it."""
        found = []
        asked = {call.body["allocation_id"]: call.body for call in calls if call.path in ("allocations", "check")
                 and "allocation_id" in call.body}
        for call in calls:
            is_extension = call.path.endswith("/extend")
            document = call.json if call.status in (200, 402) and (is_extension or call.path in ("allocations", "check")) \
                else {}
            if document.get("allowed") is False and "policies" in document:
                body = asked.get(call.path.split("/")[1]) if is_extension else call.body
                if body is not None:
                    document.update(context_id=body.get("context_id"), task_id=body.get("task_id"))
                    found.append(Refusal(call.start, call.end, document, not is_extension))
        return found

    def replay(self, calls, budget):
        model = Model(Log(self.home.sql))
        problems = model.replay(self.refusals(calls, budget))
        if problems:  # with --keep somebody may look closer
            (WORK / "race-log.json").write_text(json.dumps(model.log.raw))
        self.assertEqual(problems, [], "\n".join(["the model does not reproduce the ledger:", *problems[:12]]))
        return model

    def settled(self, calls, before=0):
        """What was acknowledged is there once, with what was said; what was refused left nothing; the rest was settled.
        Spooled (202) is acknowledged: it has to come. before: records that were there without these calls."""
        said, problems, keyed = collections.defaultdict(list), [], []
        for call in calls:
            if call.text == "not settled":
                problems.append(f"not settled: {call}")
            for identity, body, status in self.said(call):
                said[call.path.partition("/")[0], identity].append((call, body, status))
        spooled = {identity for (path, identity), answers in said.items() for call, _, status in answers
                   if status == 202 and not call.key}
        if spooled:
            wait_for(lambda: spooled <= {row[0] for row in self.home.sql("SELECT record_id FROM budget.usage_record")},
                     "what was spooled to be there", 60)
        records = dict(self.home.sql("SELECT record_id, total_tokens FROM budget.usage_record"))
        holds = {row[0] for row in self.home.sql("SELECT hold_id FROM budget.hold")}
        for (path, identity), answers in said.items():
            call, body, _ = answers[0]
            statuses = {status for _, _, status in answers}
            if call.key:  # 202 names an id of which nobody knows yet whether the key has another
                ids = {c.json["record_id"] for c, _, status in answers if status == 201}
                if len(ids) > 1 or not ids <= records.keys():
                    problems.append(f"one key, not one record: {ids} {answers}")
                keyed.append(bool(statuses & {201, 202}))
            elif statuses & {201, 202}:
                stored = records.get(identity) if path == "usage" else identity in holds
                if stored != (str(body["input_tokens"] + body.get("output_tokens", 0)) if path == "usage" else True):
                    problems.append(f"acknowledged, stored as {stored}: {answers}")
            elif not statuses & {0, 500, 502, 503, 504} and (identity in records or identity in holds):
                problems.append(f"refused and there: {answers}")
            problems += [f"unexpected: {c}" for c, _, status in answers
                         if status not in (0, 200, 201, 202, 402, 404, 409, 502, 503, 504) and UNKNOWN not in c.text]
        self.assertEqual(problems[:5], [])
        others = len(records.keys() - {identity for path, identity in said}) - before
        self.assertTrue(sum(keyed) <= others <= len(keyed), f"{sum(keyed)} to {len(keyed)} keys made {others} records")

    @staticmethod
    def said(call):
        """(id or key, body, status) of everything in a call that makes something; a grant of check counts as 201."""
        if call.path == "usage/batch":
            items = call.json.get("items") or [{"status": call.status}] * len(call.body)
            return [(body["record_id"], body, item["status"]) for body, item in zip(call.body, items)]
        if call.path == "check":
            status = 201 if call.json.get("allocation_id") else call.status
            return [(call.body["allocation_id"], call.body, status)] if call.body.get("reserve") else []
        identity = call.key or call.body.get("record_id") or call.body.get("allocation_id")
        return [(identity, call.body, call.status)] if identity else []

    def clean(self):
        """verify finds nothing, and no transaction was ever a deadlock's victim."""
        proof = self.home.post(f"{API}/admin/verify", {}, timeout=120).json
        while not proof["is_complete"]:
            proof = self.home.post(f"{API}/admin/verify", {"run_id": proof["run_id"]}, timeout=120).json
        self.assertTrue(proof["ok"], "\n".join(map(str, proof["differences"][:6])))
        self.assertEqual(self.drift(), [])
        log = self.home.log("postgres")
        found = [log[at:at + 1500] for at in (m.start() for m in re.finditer("deadlock detected", log))]
        self.assertEqual(len(found), 0, "\n".join(found[:3]))

    def kinds(self, calls, *wanted):
        """A race in which something never happened proves nothing about it."""
        seen = {
            "granted": any(c.status == 201 and c.path == "allocations" for c in calls),
            "refused": any(c.status == 402 for c in calls),
            "recorded": any(c.status == 201 and c.path == "usage/record" for c in calls),
            "replayed": any(c.status == 201 and c.replayed for c in calls),
            "released": any(c.status == 200 and c.path.endswith("/release") for c in calls),
            "extended": any(c.status == 200 and c.path.endswith("/extend") for c in calls),
            "too late": any(c.status == 409 for c in calls),
            "in doubt": any(c.status in (0, 500, 502, 503) for c in calls),
            "retry after": all(c.retry for c in calls if c.status == 503),
            "keyed": any(c.status == 201 and c.key and c.replayed for c in calls),
            "batched": any(c.status == 200 and c.path == "usage/batch" for c in calls),
        }
        for name in wanted:
            self.assertTrue(seen[name], f"{name} never happened in {len(calls)} calls")


class RaceCase(ProofCase):
    """home and other: two houses, each with a web server, a ledger and a sweeper of its own, on the database of the first."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = Home(BUDGET_DATABASE_URL=f"host={cls.home.run} dbname=budget user=postgres").start()

    @classmethod
    def tearDownClass(cls):
        cls.other.stop()
        reports = cls.other.sanitizer_reports()
        cls.other.destroy()
        super().tearDownClass()
        if reports:
            raise AssertionError("\n".join(f"{name}: {text}" for name, text in reports))

    @property
    def homes(self):
        return [self.home, self.other]


class Editor(threading.Thread):
    """Somebody who keeps changing the policies while clients race for them."""

    def __init__(self, case, policies, until, pause=0.25):
        super().__init__(daemon=True)
        self.case, self.policies, self.until, self.pause = case, policies, until, pause
        self.random, self.edits, self.failed = random.Random(7), 0, []
        self.start()

    def run(self):
        homes = self.case.homes
        while time.time() < self.until:
            try:
                for answer in self.edit(homes[self.edits % len(homes)]):
                    if answer.status not in (200, 201, 409, 502, 503):
                        self.failed.append(answer)
                self.edits += 1
            except OSError:
                pass
            time.sleep(self.pause)

    def edit(self, home):
        deed, policies = self.random.randrange(6), self.policies
        if deed == 0:
            yield home.patch(f"{API}/policies/{policies['hourly']}",
                             {"cost_limit": self.random.choice(("1", "2", "4", "6", "8"))})
        elif deed == 1:
            yield home.patch(f"{API}/policies/{policies['session']}", {"enabled": False})
            yield home.patch(f"{API}/policies/{policies['session']}", {"enabled": True})
        elif deed == 2:
            yield home.patch(f"{API}/policies/{policies['writer']}",
                             {"component": self.random.choice(("writer", "reader"))})
        elif deed == 3:
            yield home.patch(f"{API}/policies/{policies['daily']}",
                             {"token_limit": self.random.choice((2000, 5000, 8000))})
        elif deed == 4:
            made = home.post(f"{API}/approvals", {"policy_id": policies["rolling"], "amount": "0.5",
                                                  "reason": "race", "context_id": self.random.choice(("session 1", None))})
            yield made
            if made.status == 201:
                yield home.post(f"{API}/approvals/{made.json['approval_id']}/grant", {})
        else:
            yield home.patch(f"{API}/policies/{policies['rolling']}",
                             {"window_seconds": self.random.choice((60, 90, 120))})
