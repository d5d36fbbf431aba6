"""Clients that race in a budget and in slices of it, which come and go: nothing passes the limit of any of them.

Every record is settled within its hold, so spent + held may never stand above a limit, not for a moment.
"""
import pathlib
import sys
import threading
import time
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parent))
from race import API, RaceCase, SECONDS  # noqa: E402
from home import WORK, main  # noqa: E402
from ledger import uuid7  # noqa: E402
from swarm import Swarm  # noqa: E402

MIX = {"allocate": 40, "record": 25, "release": 20, "extend": 5, "repeat": 10}


class Slices(RaceCase):
    def delegate(self, parent, home=None, **fields):
        return (home or self.home).post(f"{API}/budgets/{parent}/delegations", {"name": f"agent {uuid7()}", **fields})

    def watch(self, parent, until):
        """Looks at all limits of the parent and below, again and again; and gives slices, and takes them back."""
        rounds = 0
        while time.time() < until:
            home = self.homes[rounds % 2]
            answer = home.get(f"{API}/limits?budget_id={parent}&limit=100")
            if answer.status == 200:
                self.looks += 1
                self.above += [line for line in answer.json["items"] if line["cost_limit"] is not None
                               and line["cost_used"] + line["cost_held"] > line["cost_limit"]]
            made = self.delegate(parent, home, cost=self.random_cost(rounds), ttl_seconds=2 + rounds % 3)
            if made.status == 201:
                self.given += 1
                child = made.json["budget_id"]
                if rounds % 2:
                    self.returned += home.post(f"{API}/budgets/{child}/close", {}).status == 200
            elif made.status not in (402, 503):
                self.failed.append(made)
            rounds += 1
            time.sleep(0.05)

    @staticmethod
    def random_cost(rounds):
        return Decimal(("0.1", "0.5", "1", "0.000000000000000001")[rounds % 4])

    def test_slices_and_their_budget_never_stand_above_their_limits(self):
        parent = self.budget()
        limit = self.policy(parent, period="lifetime", cost_limit=12)
        self.policy(parent, period="daily", token_limit=9000)
        children = []
        for _ in range(3):
            made = self.delegate(parent, cost=2)
            self.assertEqual(made.status, 201, made)
            children.append(made.json["budget_id"])
        self.looks, self.given, self.returned, self.above, self.failed = 0, 0, 0, [], []
        with Swarm(self.ports, [parent, *children], WORK, SECONDS, clients=48, strict=True, ttls=(90,), mix=MIX) as swarm:
            watcher = threading.Thread(target=self.watch, args=(parent, swarm.until))
            watcher.start()
            time.sleep(SECONDS / 2)
            self.home.kill("ledger")
        watcher.join()
        calls = swarm.calls
        print(f"# seed {swarm.seed}: {len(calls)} calls, {self.looks} looks, {self.given} slices, {self.returned} returned")
        self.assertEqual((self.above[:1], self.failed[:1]), ([], []))
        self.kinds(calls, "granted", "refused", "recorded", "released", "in doubt")
        self.assertGreater(min(self.looks, self.given, self.returned), 0)
        self.settled(calls)
        self.clean()
        line = self.standing(limit)
        self.assertLessEqual(line["cost_used"] + line["cost_held"], 12)
        causes = {row[0] for row in self.home.sql("SELECT DISTINCT cause FROM budget.usage_record")}
        self.assertEqual(causes, {"held"})


if __name__ == "__main__":
    main()
