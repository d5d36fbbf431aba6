"""What lies above a limit, cause by cause, from the same replay."""
import collections
from decimal import Decimal

from model import Model
from parts import ZERO, amount


class Attribution(Model):
    """What lies above a policy's cost limit, and what put it there: only what no hold covered can, whatever was admitted."""

    def __init__(self, log, policy):
        super().__init__(log)
        self.policy, self.causes, self.returned, self.above = policy, collections.Counter(), ZERO, ZERO
        self.uncovered = collections.Counter()  # what no hold on this policy covered, above the limit or not

    def stands(self, at):
        slot = self.slots.get((self.current[self.policy].revision, ""))
        return slot.spent_at(at)[0] + slot.held_at(at)[0] if slot else ZERO

    @property
    def most(self):
        return amount(self.limits[self.policy]["cost_limit"])

    def fall_to(self, stand):
        """Something was freed or fell out of the period: less lies above the limit. More never does by that."""
        above = max(ZERO, stand - self.most)
        if above > self.above:
            self.say("what lies above the limit grew by %s without a record", above - self.above)
        self.returned += self.above - above
        self.above = above

    def on_group(self, at, group):
        if self.policy in self.current and self.policy in self.limits:
            self.now = self.stands(at)
            self.fall_to(self.now)
        super().on_group(at, group)
        if self.policy in self.current and self.policy in self.limits:
            self.fall_to(self.stands(at))

    def record(self, at, record):
        number = self.current[self.policy].revision if self.policy in self.current else None
        if number in record.revisions:
            cost = amount(record.cost) if record.cost is not None else amount(record.ceiling_cost) or ZERO
            hold = self.holds.get(record.hold_id)
            if hold and number in hold.row.revisions:
                cost -= Decimal(record.consumed_cost)
            grown = max(ZERO, cost - max(ZERO, self.most - self.now))
            is_other = hold is not None and number not in hold.row.revisions  # held, but not on this policy
            self.causes["unheld" if is_other else record.cause] += grown
            self.uncovered["unheld" if is_other else record.cause] += cost
            self.above += grown
            self.now += cost
        super().record(at, record)
