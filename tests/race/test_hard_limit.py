"""128 clients over two homes on one hard limit: across a period end, expiry instants, policy edits and kills."""
import datetime
import pathlib
import sys
import time
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parent))
from race import API, Editor, RaceCase, SECONDS, next_minute, now  # noqa: E402
from home import WORK, main, wait_for  # noqa: E402
from attribution import Attribution  # noqa: E402
from model import Log, Model, Refusal  # noqa: E402
from swarm import Swarm  # noqa: E402


class HardLimit(RaceCase):
    def test_no_hold_is_granted_beyond_a_limit_and_no_refusal_is_false(self):
        boundary = next_minute(now() + datetime.timedelta(seconds=2 + SECONDS / 2))  # zones differ by whole minutes
        policies, leaf = self.team(boundary)
        before = self.records()
        self.the_last_cent(boundary - datetime.timedelta(seconds=1 + SECONDS / 2))
        with Swarm(self.ports, [leaf], WORK, SECONDS) as swarm:
            editor = Editor(self, policies, swarm.until)
            for home in (self.home, self.other):
                time.sleep(SECONDS / 4)  # the race goes on meanwhile
                home.kill("ledger")
        calls = swarm.calls
        editor.join()
        print(f"# seed {swarm.seed}: {len(calls)} calls, {editor.edits} edits")
        self.assertEqual(editor.failed, [])
        self.kinds(calls, "granted", "refused", "recorded", "replayed", "released", "extended", "too late", "in doubt",
                   "keyed", "batched", "retry after")
        self.settled(calls, before)
        self.replay(calls, leaf)
        self.clean()
        self.assertGreater(now(), boundary)

    def test_what_passes_a_limit_is_attributed_to_the_last_digit(self):
        policies, leaf = self.team()
        before = self.records()
        limit = policies["total"] = self.policy(leaf, period="lifetime", cost_limit="3.000000000000000001")
        with Swarm(self.ports, [leaf], WORK, SECONDS / 2, wild=0.6) as swarm:
            pass
        calls = swarm.calls
        print(f"# seed {swarm.seed}: {len(calls)} calls")
        self.settled(calls, before)
        wait_for(lambda: self.used(limit)[1] == 0, "the last hold to expire", 30)
        self.replay(calls, leaf)
        self.clean()
        model = Attribution(Log(self.home.sql), limit)
        self.assertEqual(model.replay(), [])
        over = self.used(limit)[0] - model.most
        print(f"# above the limit: {over} = {dict(model.causes)} - {model.returned} freed meanwhile")
        self.assertGreater(over, 0)
        self.assertEqual(over, sum(model.causes.values()) - model.returned)
        line = self.standing(limit)
        said = {cause["cause"]: cause["cost"] for cause in line["over_by_causes"]}
        print(f"# GET /limits says {said}")
        self.assertEqual((line["over_by"], sum(said.values())), (over, over))
        for cause, cost in said.items():
            self.assertLessEqual(cost, model.uncovered[cause], cause)
        self.assertEqual(model.causes["held"], 0)
        self.assertLessEqual({cause for cause, cost in model.causes.items() if cost}, {"overage", "unheld", "late"})

    def test_the_model_notices(self):
        """A model that says yes to everything proves nothing: a log that was changed by the least amount must not pass."""
        budget, policy = self.limited(period="lifetime", cost_limit=1)
        hold = self.hold(budget, cost="0.4", ttl_seconds=300)
        start = now()
        refused = self.hold(budget, cost="0.7", expect=402)
        refusal = Refusal(start, now(), refused)
        self.record(budget, allocation_id=hold["allocation_id"], input_tokens=5)
        self.extend(hold["allocation_id"], 600)
        self.assertEqual(Model(Log(self.home.sql)).replay([refusal]), [])
        deciding = [line for line in refused["policies"] if line["policy_id"] == policy][0]
        deciding["cost_held"] += Decimal("1e-18")
        self.assertRegex(str(Model(Log(self.home.sql)).replay([Refusal(start, now(), refusal.document)])), "false refusal")
        for table, change in (("hold", {"cost": "1.1"}), ("hold", {"left_cost": "0.3949999999"}),
                              ("record", {"cost": "0.005000000001"}), ("record", {"cause": "late"}),
                              ("record", {"revisions": []}), ("counter", {"spent_tokens": 6}),
                              ("extension", {"at": "2020-01-01T00:00:00Z"}), ("state", {"held_tokens": 1})):
            log = Log(self.home.sql)
            row = [row for row in getattr(log, table) if row.get("hold_id") in (None, hold["allocation_id"])][-1]
            row.update(log.row(change))
            with self.subTest(table=table, **change):
                self.assertNotEqual(self.verdict(log), [])

    @staticmethod
    def verdict(log):
        try:
            return Model(log).replay()
        except KeyError as error:  # it names what is not there
            return [error]

    def the_last_cent(self, until):
        """What is free can be held at once, to the last digit, on either side."""
        all_of_it = Decimal("1.000000000000000001")
        budget, _ = self.limited(period="lifetime", cost_limit=all_of_it)
        rounds = 0
        while rounds < 20 or now() < until:
            home, other = (self.home, self.other)[::1 if rounds % 2 else -1]
            body = {"provider": "acme", "model": "plain", "budget_id": budget, "cost": all_of_it}
            made = home.post(f"{API}/allocations", body)
            self.assertEqual(made.status, 201, made)
            self.assertEqual(other.post(f"{API}/allocations", {**body, "cost": "0.000000000000000001"}).status, 402)
            self.assertEqual(other.post(f"{API}/allocations/{made.json['allocation_id']}/release", {}).status, 200)
            rounds += 1
            time.sleep(0.05)


if __name__ == "__main__":
    main()
