"""The reference model: rules 4 to 11 of the ledger, one event after the other, in memory, with Decimals.

It replays the committed log (policy revisions and their limits, approvals, holds and their extensions, usage records) in
the order of its instants and must come to what the tables say: counters, openings, what is held, what became of each
hold, what each record was posted to and why. Each hold that was granted must have fitted when it was; each refusal a
client saw must be what the log said at some moment between question and answer.

    problems = Model(Log(home.sql, tenant)).replay(refusals)      # [] = all of it reproduced
"""
import collections
import datetime
import itertools
from decimal import Decimal

import periods
from parts import Hold, Log, Refusal, Revision, Row, Slot, ZERO, amount, instant  # noqa: F401

GUARDS = ("hard_limit", "soft_limit")


class Model:
    def __init__(self, log):
        self.log, self.problems = log, []
        self.shapes = {shape.shape_id: shape for shape in log.shape}
        self.budgets = {budget.budget_id: budget for budget in log.budget}
        self.revisions = {row.revision: Revision(row) for row in log.revision}
        self.holds, self.slots, self.shape_counts = {}, {}, {}
        self.limits, self.current = {}, {}  # policy: its latest edit; policy: its current revision
        self.booked = []                    # records, as they were booked
        self.extended = collections.defaultdict(list)
        for row in log.extension:
            self.extended[row.hold_id].append(row)
        self.events = self.collect()

    def say(self, text, *values):
        if len(self.problems) < 50:
            self.problems.append(text % values)

    # the log, in the order it was committed in

    def collect(self):
        groups = collections.defaultdict(lambda: {"records": [], "extensions": [], "releases": [], "reserves": []})
        events = []
        for row in self.log.record:
            if row.booked_at is not None:
                groups[row.booked_at]["records"].append(row)
        for row in self.log.extension:
            groups[row.at]["extensions"].append(row)
        for row in self.log.hold:
            groups[row.created_at]["reserves"].append(row)
            if row.state == "released":
                groups[row.resolved_at]["releases"].append(row)
        for at, group in groups.items():
            events.append((at, 1, "group", group))
        for revision in self.revisions.values():
            events.append((revision.opened_at, 0, "open", revision))
            if revision.closed_at is not None and revision.closed_at != revision.opened_at:
                events.append((revision.closed_at, -1, "close", revision))
        seen = set()
        for edit in sorted(self.log.edit, key=lambda row: row["at"]):
            after = Row(edit.after)
            at = instant(after["updated_at"])
            if after["revision"] not in seen:  # a new meaning: from the instant it opened at
                seen.add(after["revision"])
                at = self.revisions[after["revision"]].opened_at
            events.append((at, -1, "edit", after))
        return sorted(events, key=lambda event: event[:2])

    def replay(self, refusals=()):
        self.waiting = sorted(refusals, key=lambda refusal: refusal.start)
        self.open = []
        instants = [event[0] for event in self.events] + [periods.LAST] * 2
        for k, (at, _, kind, what) in enumerate(self.events):
            getattr(self, "on_" + kind)(at, what)
            # Between two commits that share a lock: the state after event k was the last one at some time from its
            # instant up to the instant after the next one's, for that one's commit came no later.
            self.justify(at, instants[k + 2])
        for refusal in self.open + self.waiting:
            self.say("false refusal: %s", refusal)
        self.compare()
        return self.problems

    # policies

    def on_edit(self, _, after):
        self.limits[after["policy_id"]] = after

    def on_close(self, _, revision):
        if self.current.get(revision.policy_id) is revision:
            del self.current[revision.policy_id]

    def on_open(self, at, revision):
        if revision.closed_at == revision.opened_at:  # disabled: counts nothing
            self.current.pop(revision.policy_id, None)
            return
        self.current[revision.policy_id] = revision
        start = periods.window_floor(revision.window_seconds, at) if revision.period == "rolling" \
            else revision.bounds(at)[0]
        for record in self.booked:
            if record.charged_at >= start and self.counts(revision, record.shape_id):
                self.post(revision, record, opening=True)
        for slot in self.slots.values():
            if slot.revision is revision:
                slot.opening = {start: list(row) for start, row in slot.spent.items()}
        for hold in self.holds.values():
            if not hold.is_live or not self.counts(revision, hold.row.shape_id):
                continue
            if hold.expires_at > at or revision.revision in hold.row.revisions:  # expired and not swept: may be taken over
                hold.revisions.append(revision.revision)
                self.slot(revision, hold.row).holds[hold.id] = hold

    def counts(self, revision, shape_id):
        key = (revision.revision, shape_id)
        if key not in self.shape_counts:
            shape = self.shapes[shape_id]
            self.shape_counts[key] = revision.counts(shape, self.budgets[shape.budget_id].path)
        return self.shape_counts[key]

    def matching(self, shape_id):
        return sorted(r.revision for r in self.current.values()
                      if self.counts(r, shape_id) and self.budgets[r.budget_id].is_active)

    def slot(self, revision, of):
        key = (revision.revision, revision.scope(of))
        if key not in self.slots:
            self.slots[key] = Slot(revision, key[1])
        return self.slots[key]

    def post(self, revision, record, opening=False):
        slot = self.slot(revision, record)
        row = slot.spent[slot.start_of(record.charged_at)]
        row[0] += amount(record.cost) or ZERO
        row[1] += record.total_tokens
        row[2] += amount(record.ceiling_cost) or ZERO
        row[3] += not opening

    # a group: facts first, then what it admitted

    def on_group(self, at, group):
        touched = {}
        early = [record for record in group["records"] if record.cause != "late"]
        for record in self.in_order(early):
            self.record(at, record)
        for row in group["releases"]:
            self.resolve(at, self.holds[row.hold_id], "released")
        for hold_id in {record.hold_id for record in early if record.hold_id in self.holds}:
            hold = self.holds[hold_id]
            if hold.is_live and hold.row.state == "settled" and hold.row.resolved_at == at:
                self.resolve(at, hold, "settled")
            elif hold.is_live and hold.left_cost == 0 and hold.left_tokens == 0:
                self.say("hold %s is used up and was not settled at %s", hold.id, at)
        for record in group["records"]:
            if record.cause == "late":
                self.record(at, record)
        for row in group["extensions"]:
            self.extend(at, row, touched)
        for row in group["reserves"]:
            self.reserve(at, row, touched)
        for slot, (cost, tokens, contexts) in touched.items():
            self.admitted(at, slot, cost, tokens, contexts)

    def in_order(self, records):
        """The log does not keep in which order the records of one group took from one hold: one that gives what they say."""
        by_hold = collections.defaultdict(list)
        for record in records:
            by_hold[record.hold_id].append(record)
        for hold_id, taking in by_hold.items():
            hold = self.holds.get(hold_id)
            covered = [record for record in taking if record.cause != "overage"]
            beyond = [record for record in taking if record.cause == "overage"]
            if hold and 1 < len(beyond) < 6:
                left = [hold.left_cost - sum(Decimal(r.consumed_cost) for r in covered),
                        hold.left_tokens - sum(r.consumed_tokens for r in covered)]
                beyond = next((order for order in itertools.permutations(beyond) if self.takes(order, *left)), beyond)
            yield from covered
            yield from beyond

    @staticmethod
    def takes(order, left_cost, left_tokens):
        for record in order:
            said = Decimal(record.consumed_cost), record.consumed_tokens
            cost = amount(record.cost) if record.cost is not None else amount(record.ceiling_cost) or ZERO
            if said != (min(cost, left_cost), min(record.total_tokens, left_tokens)):
                return False
            left_cost, left_tokens = left_cost - said[0], left_tokens - said[1]
        return True

    def extend(self, at, row, touched):
        hold = self.holds[row.hold_id]
        was_live = hold.expires_at > at
        if not hold.is_live or was_live != row.was_live:
            self.say("hold %s was extended at %s, and had ended", hold.id, at)
        if hold.expires_at != row.expires_before:
            self.say("hold %s expired at %s, its extension says %s", hold.id, hold.expires_at, row.expires_before)
        had = (hold.left_cost, hold.left_tokens) if was_live else (ZERO, 0)
        for number in hold.revisions:
            self.slot(self.revisions[number], hold.row).holds.pop(hold.id, None)
        hold.cost += Decimal(row.added_cost)
        hold.tokens += row.added_tokens
        hold.left_cost = hold.cost - hold.actual_cost + hold.overage_cost
        hold.left_tokens = hold.tokens - hold.used_tokens + hold.overage_tokens
        hold.expires_at, hold.revisions = row.expires_after, list(row.revisions)
        missing = set(self.matching(hold.row.shape_id)) - set(hold.revisions)
        if missing:
            self.say("hold %s was extended at %s and is not held by %s", hold.id, at, missing)
        grown = hold.left_cost - had[0], hold.left_tokens - had[1]
        if grown[0] > 0 or grown[1] > 0 or not was_live:
            hold.admitted_at = at
        for number in hold.revisions:
            slot = self.slot(self.revisions[number], hold.row)
            slot.holds[hold.id] = hold
            if grown[0] > 0 or grown[1] > 0:
                self.touch(touched, slot, hold, *grown)

    @staticmethod
    def touch(touched, slot, hold, cost, tokens):
        """Something was admitted to this slot; cost None: nothing that a cost limit looks at."""
        had = touched.get(slot, (None, 0, set()))
        touched[slot] = ((had[0] or ZERO) + cost if cost is not None else had[0], had[1] + tokens,
                         had[2] | {hold.row.context_id or ""})

    def resolve(self, at, hold, state):
        if not hold.is_live or hold.expires_at <= at:
            self.say("hold %s was %s at %s, after its end", hold.id, state, at)
        self.end(hold)

    def end(self, hold):
        hold.is_live = False
        hold.left_cost, hold.left_tokens = ZERO, 0
        for number in hold.revisions:
            self.slot(self.revisions[number], hold.row).holds.pop(hold.id, None)

    def record(self, at, record):
        expected = self.matching(record.shape_id)
        if record.revisions != expected:
            self.say("record %s at %s was posted to %s, policies then: %s", record.record_id, at, record.revisions,
                     expected)
        hold = self.holds.get(record.hold_id)
        cost = amount(record.cost) if record.cost is not None else amount(record.ceiling_cost) or ZERO
        consumed = (ZERO, 0)
        charged = record.occurred_at
        if hold is None:
            cause = "unheld" if record.hold_id is None else "hold_unknown"
        else:
            charged = max(charged, hold.admitted_at)
            if not hold.is_live or hold.expires_at <= at:
                cause = "late"
            else:
                consumed = (min(cost, hold.left_cost), min(record.total_tokens, hold.left_tokens))
                cause = "held" if (cost, record.total_tokens) == consumed else "overage"
                hold.left_cost -= consumed[0]
                hold.left_tokens -= consumed[1]
                hold.actual_cost += cost
                hold.used_tokens += record.total_tokens
                hold.overage_cost += cost - consumed[0]
                hold.overage_tokens += record.total_tokens - consumed[1]
        said = (record.cause, Decimal(record.consumed_cost), record.consumed_tokens, record.charged_at)
        if said != (cause, *consumed, charged):
            self.say("record %s at %s says %s, the model %s", record.record_id, at, said, (cause, *consumed, charged))
        for number in record.revisions:
            self.post(self.revisions[number], record)
        self.booked.append(record)

    def reserve(self, at, row, touched):
        hold = self.holds[row.hold_id] = Hold(row)
        changes = self.extended.get(row.hold_id, [])
        if changes:
            hold.expires_at = min(changes, key=lambda e: e["at"]).expires_before
            hold.left_cost = hold.cost = hold.cost - sum((Decimal(e.added_cost) for e in changes), ZERO)
            hold.left_tokens = hold.tokens = hold.tokens - sum(e.added_tokens for e in changes)
        hold.revisions = self.matching(row.shape_id)
        if not changes and [number for number in row.revisions if self.revisions[number].opened_at <= at] != hold.revisions:
            self.say("hold %s at %s is held by %s, policies then: %s", hold.id, at, row.revisions, hold.revisions)
        allow_free = self.budgets[row.budget_id].allow_free_models
        for number in hold.revisions:
            slot = self.slot(self.revisions[number], row)
            slot.holds[hold.id] = hold
            self.touch(touched, slot, hold, hold.left_cost if hold.left_cost > 0 or not allow_free else None,
                       hold.left_tokens)

    # decisions

    def room(self, at, slot, contexts=("",)):
        """limit + approvals - spent - held at an instant, in money and tokens; None = no limit."""
        limit = self.limits[slot.revision.policy_id]
        approved = [ZERO, 0]
        if limit["type"] == "soft_limit":
            approved = [max(sums) for sums in zip(*(self.headroom(at, slot, c) for c in contexts or {""}))]
        spent, held = slot.spent_at(at), slot.held_at(at)
        return [None if most is None else most + extra - used - kept for most, extra, used, kept in
                zip((amount(limit["cost_limit"]), limit["token_limit"]), approved, spent, held)]

    def headroom(self, at, slot, context):
        scope = slot.scope or context
        rows = [a for a in self.log.approval if a.policy_id == slot.revision.policy_id and a.state == "granted"
                and a.scope in ("", scope) and a.valid_from <= at < a.valid_until]
        return sum((amount(a.cost) or ZERO for a in rows), ZERO), sum(a.tokens or 0 for a in rows)

    def admitted(self, at, slot, cost, tokens, contexts):
        """The admission invariant at the commit that granted these."""
        policy = self.limits.get(slot.revision.policy_id)
        if policy is None or policy["type"] not in GUARDS or self.current.get(slot.revision.policy_id) is not slot.revision:
            return
        room_cost, room_tokens = self.room(at, slot, contexts)
        if (room_cost is not None and room_cost < 0 and cost is not None) or (room_tokens is not None and room_tokens < 0):
            self.say("overspend by admission: at %s policy %s%s granted %s and %s tokens, which leaves %s and %s tokens",
                     at, slot.revision.policy_id, slot.scope and " " + slot.scope, cost, tokens, room_cost, room_tokens)

    def justify(self, at, until):
        """Refusals that the state since `at` explains are done."""
        while self.waiting and self.waiting[0].start < until:
            self.open.append(self.waiting.pop(0))
        still = []
        for refusal in self.open:
            if refusal.end < at:
                self.say("false refusal: %s", refusal)
            elif refusal.start >= until or not self.explains(refusal, at, until):
                still.append(refusal)
        self.open = still

    def explains(self, refusal, at, until):
        revision = self.current.get(refusal.policy)
        if revision is None:
            return False
        document = refusal.document
        slot = self.slot(revision, Row(context_id=document.get("context_id"), task_id=document.get("task_id")))
        low, high = max(at, refusal.start), min(until, refusal.end)
        moments = [low] + sorted(h.expires_at for h in slot.holds.values() if low < h.expires_at <= high)
        if revision.period != "rolling":
            moments += [end for end in [revision.bounds(low)[1]] if low < end <= high]
        else:
            moments += [end for end in [periods.bucket(revision.window_seconds, low) + datetime.timedelta(
                seconds=periods.bucket_seconds(revision.window_seconds))] if low < end <= high]
        for moment in moments:
            spent, held = slot.spent_at(moment), slot.held_at(moment)
            figures = (spent[0], spent[1], held[0], held[1])
            room_cost, room_tokens = self.room(moment, slot, {document.get("context_id") or ""})
            refuses = (room_cost is not None and refusal.cost > room_cost) or \
                (room_tokens is not None and refusal.tokens > room_tokens)
            refusal.nearest = (str(moment), figures, room_cost, room_tokens)
            if refuses and (figures == refusal.figures or not refusal.is_exact):
                return True
        return False

    # what the tables say

    def compare(self):
        stored = {(row.revision, row.scope, row.period_start): row for row in self.log.counter}
        mine = {(slot.revision.revision, slot.scope, start): (slot, row)
                for slot in self.slots.values() for start, row in slot.spent.items()}
        for key in stored.keys() | mine.keys():
            row = stored.get(key)
            slot, sums = mine.get(key, (None, [ZERO, 0, ZERO, 0]))
            if row is None or [Decimal(row.spent_cost), row.spent_tokens, Decimal(row.ceiling_cost), row.records] != sums:
                self.say("counter %s says %s, the model %s", key, row and (row.spent_cost, row.spent_tokens,
                         row.ceiling_cost, row.records), sums)
            opening = (slot.opening if slot else {}).get(key[2], [ZERO, 0, ZERO, 0])
            if row is not None and [Decimal(row.opening_cost), row.opening_tokens, Decimal(row.opening_ceiling)] != opening[:3]:
                self.say("counter %s opened with %s, the model %s", key, row.opening_cost, opening)
        self.compare_holds()
        for state in self.log.state:
            slot = self.slots.get((state.revision, state.scope))
            kept = [h for h in slot.holds.values() if h.row.state == "live"] if slot else []
            held = (sum((h.left_cost for h in kept), ZERO), sum(h.left_tokens for h in kept))
            if (Decimal(state.held_cost), state.held_tokens) != held:
                self.say("revision %s %s holds %s and %s tokens, the model %s", state.revision, state.scope,
                         state.held_cost, state.held_tokens, held)

    def compare_holds(self):
        for hold in self.holds.values():
            row = hold.row
            if row.state == "expired":
                if not hold.is_live or row.resolved_at != hold.expires_at:
                    self.say("hold %s expired at %s, the model says %s", hold.id, row.resolved_at, hold.expires_at)
                self.end(hold)
            elif (row.state == "live") != hold.is_live:
                self.say("hold %s is %s, the model says %s", hold.id, row.state, "live" if hold.is_live else "resolved")
            said = (Decimal(row.left_cost), row.left_tokens, Decimal(row.actual_cost), row.used_tokens,
                    Decimal(row.overage_cost), row.overage_tokens)
            found = (hold.left_cost, hold.left_tokens, hold.actual_cost, hold.used_tokens, hold.overage_cost,
                     hold.overage_tokens)
            if said != found:
                self.say("hold %s says %s, the model %s", hold.id, said, found)
