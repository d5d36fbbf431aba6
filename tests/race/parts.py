"""What the reference model is made of: the committed log, and what it makes of holds, policy states and refusals."""
import collections
import datetime
import json
from decimal import Decimal

import periods

ZERO = Decimal(0)


def instant(text):
    if text is None:
        return None
    if text.endswith("infinity"):
        return periods.FIRST if text.startswith("-") else periods.LAST
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(periods.UTC)


def amount(value):
    return None if value is None else Decimal(value)


class Row(dict):
    __getattr__ = dict.__getitem__


TIMES = {"opened_at", "closed_at", "at", "expires_before", "expires_after", "occurred_at", "charged_at", "booked_at",
         "created_at", "expires_at", "resolved_at", "period_start", "valid_from", "valid_until", "decided_at", "updated_at",
         "start_date", "end_date", "window_floor", "admitted_at"}


class Log:
    """The rows of a tenant: a list of Row for each table, of one snapshot."""
    TABLES = {
        "revision": "SELECT * FROM budget.policy_revision",
        "policy": "SELECT * FROM budget.policy",
        "edit": "SELECT tenant_id, at, after FROM budget.audit_log WHERE entity = 'policy' AND after IS NOT NULL",
        "budget": "SELECT * FROM budget.budget",
        "shape": "SELECT * FROM budget.shape",
        "hold": "SELECT * FROM budget.hold",
        "extension": "SELECT * FROM budget.hold_extension",
        "record": "SELECT * FROM budget.usage_record",
        "correction": "SELECT * FROM budget.correction",
        "approval": "SELECT * FROM budget.approval",
        "counter": "SELECT * FROM budget.counter",
        "state": "SELECT * FROM budget.policy_state",
    }

    def __init__(self, sql, tenant=None):
        where = f"= '{tenant}'" if tenant else "= budget.local_tenant()"
        parts = [f"SELECT '{name}', row_to_json(x)::text FROM ({query}) x WHERE x.tenant_id {where}"
                 for name, query in self.TABLES.items()]
        self.raw = {name: [] for name in self.TABLES}
        for name, row in sql(" UNION ALL ".join(parts)):
            self.raw[name].append(row)
        self.read()

    def read(self):
        for name, rows in self.raw.items():
            setattr(self, name, [self.row(json.loads(row, parse_float=Decimal, parse_int=self.integer)) for row in rows])

    @staticmethod
    def integer(text):
        return int(text) if len(text) < 19 else Decimal(text)

    @staticmethod
    def row(row):
        return Row((key, instant(value) if key in TIMES and isinstance(value, str) else value)
                   for key, value in row.items())


class Hold:
    def __init__(self, row):
        self.row, self.id = row, row.hold_id
        self.cost, self.tokens = Decimal(row.cost), row.tokens  # as held at first: the replay takes its extensions off
        self.left_cost, self.left_tokens = self.cost, self.tokens
        self.expires_at, self.admitted_at = row.expires_at, row.created_at
        self.revisions = []
        self.is_live = True               # neither settled nor released; whether it has expired is a matter of the instant
        self.actual_cost, self.used_tokens = ZERO, 0
        self.overage_cost, self.overage_tokens = ZERO, 0


class Slot:
    """A policy revision in one scope: what is held and what was spent, with the holds that are live, by expiry."""

    def __init__(self, revision, scope):
        self.revision, self.scope = revision, scope
        self.holds = {}
        self.spent = collections.defaultdict(lambda: [ZERO, 0, ZERO, 0])  # period start: cost, tokens, ceiling, records
        self.opening = {}

    def spent_at(self, at):
        r = self.revision
        if r.period == "rolling":
            floor = periods.window_floor(r.window_seconds, at)
            rows = [row for start, row in self.spent.items() if start >= floor]
        else:
            rows = [self.spent[start] for start in [self.start_of(at)] if start in self.spent]
        return sum((row[0] + row[2] for row in rows), ZERO), sum(row[1] for row in rows)

    def held_at(self, at):
        live = [hold for hold in self.holds.values() if hold.expires_at > at]
        return sum((hold.left_cost for hold in live), ZERO), sum(hold.left_tokens for hold in live)

    def start_of(self, at):
        return self.revision.bounds(at)[0]


class Revision(Row):
    def bounds(self, at):
        cached = self.get("cached")
        if cached and cached[0] <= at < cached[1]:
            return cached
        self["cached"] = periods.bounds(self.period, at, self.time_zone, self.week_start, self.month_reset_day,
                                        self.window_seconds)
        return self["cached"]

    def scope(self, of):
        return {"per_session": of.context_id, "per_task": of.task_id}.get(self.period, "") or ""

    def counts(self, shape, path):
        """Rule 4: does it count what has this shape?"""
        filtered = False
        for name in ("tier", "provider", "model", "component", "task_type"):
            wanted, given = self[name], shape[name]
            if wanted is None:
                continue
            filtered = True
            if name in ("provider", "model"):
                wanted, given = wanted.lower(), given and given.lower()
            if given is not None and given != wanted:
                return False
        return self.budget_id in path or (self.reach == "all" and filtered)


class Refusal:
    """What a client was told: between which instants, which policy decided, and the figures it was shown."""

    def __init__(self, start, end, document, is_exact=True):
        self.is_exact = is_exact  # False: decided in the midst of a group, which then admitted more
        self.start, self.end, self.document = start, end, document
        line = [p for p in document["policies"] if p["policy_id"] == document["policy_id"]][0]
        self.figures = (amount(line["cost_used"]), line["tokens_used"], amount(line["cost_held"]), line["tokens_held"])
        self.policy = document["policy_id"]
        self.cost, self.tokens = amount(document["held_cost"]), document["estimated_tokens"]
        self.nearest = None

    def __str__(self):
        return (f"refused {self.cost} and {self.tokens} tokens between {self.start} and {self.end}: "
                f"{self.document.get('reason') or self.document.get('detail')}; figures {self.figures}, "
                f"nearest in the log {self.nearest}")
