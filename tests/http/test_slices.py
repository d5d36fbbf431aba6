"""Slices over HTTP, and what happens when two act at once: a slice and a hold, a close and a reserve, an extension and the
sweep (ledger F28, F11)."""
import concurrent.futures
import random
import threading
from decimal import Decimal

from ledger import API, LedgerCase, uuid7, wait_for
from home import main


class Slices(LedgerCase):
    def delegate(self, parent, expect=201, **fields):
        return self.ask(f"budgets/{parent}/delegations", {"name": f"agent {uuid7()}", **fields}, expect)

    def close(self, budget, expect=200):
        return self.ask(f"budgets/{budget}/close", {}, expect)

    def test_a_slice_is_held_spent_and_returned(self):
        parent, policy = self.limited(cost_limit=10)
        slice = self.delegate(parent, cost="4.5", name="agent")
        self.assertEqual((slice["budget_name"], slice["cost"], slice["remaining_cost"]),
                         ("agent", Decimal("4.5"), Decimal("4.5")))
        self.assertEqual(self.used(policy), (0, Decimal("4.5")))
        child = slice["budget_id"]
        self.record(child, input_tokens=1500)
        self.assertEqual(self.used(policy), (Decimal("1.5"), 3))
        listed = self.home.get(f"{API}/budgets/{parent}/delegations").json
        self.assertEqual((listed["total"], listed["items"][0]["remaining_cost"]), (1, 3))
        self.assertEqual(self.close(child)["cost_released"], 3)
        self.assertEqual(self.used(policy), (Decimal("1.5"), 0))
        self.assertEqual(self.hold(child, cost=1, expect=422)["code"], "budget_inactive")
        self.assertEqual(self.drift(), [])

    def test_a_slice_that_does_not_fit_is_refused_like_any_hold(self):
        parent, policy = self.limited(cost_limit=2)
        refusal, hold = self.delegate(parent, cost=3, expect=402), self.hold(parent, cost=3, expect=402)
        self.assertEqual(refusal["code"], "insufficient_budget")
        self.assertEqual(refusal["policy_id"], policy)
        self.assertEqual(set(refusal), set(hold), "the same document")
        soft = self.budget()
        self.policy(soft, cost_limit=1, type="soft_limit")
        self.assertEqual(self.delegate(soft, cost=3, expect=402)["code"], "approval_required")

    def test_what_makes_no_sense_is_said(self):
        parent, _ = self.limited(cost_limit=2)
        for fields, code in (({"cost": 0}, "amount_missing"), ({}, "amount_missing"),
                             ({"cost": 1, "name": None}, "child_missing"),
                             ({"cost": 1, "budget_id": parent}, "child_missing"),
                             ({"cost": 1, "budget_id": parent, "name": None}, "not_a_child"),
                             ({"cost": 1, "ttl_seconds": 5, "expires_at": "2099-01-01"}, "ambiguous_expiry"),
                             ({"cost": 1, "expires_at": "2020-01-01"}, "expiry_in_the_past"),
                             ({"cost": 1, "allocation_id": uuid7(10 ** 12)}, "invalid_id")):
            with self.subTest(fields):
                self.assertEqual(self.delegate(parent, expect=422, **fields)["code"], code)

    def test_repeating_a_delegation_answers_as_the_first_time(self):
        parent, policy = self.limited(cost_limit=10)
        fields = {"allocation_id": uuid7(), "cost": 4, "name": "again"}
        first = self.delegate(parent, **fields)
        self.assertEqual(self.delegate(parent, expect=200, **fields), first)
        self.assertEqual(self.used(policy), (0, 4))
        self.assertEqual(self.delegate(parent, expect=422, **{**fields, "cost": 5})["code"], "idempotency_mismatch")

    def test_slices_and_holds_of_the_parent_race_for_the_last_cent(self):
        parent, policy = self.limited(cost_limit=20)

        def try_one(k):
            path, body = (f"budgets/{parent}/delegations", {"name": f"r{k}", "cost": 1}) if k % 2 else \
                ("allocations", {"budget_id": parent, "cost": 1})
            return self.home.post(f"{API}/{path}", body).status
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            statuses = list(pool.map(try_one, range(48)))
        self.assertEqual(sorted(statuses), [201] * 20 + [402] * 28)
        self.assertEqual(self.used(policy), (0, 20))
        self.assertEqual(self.drift(), [])

    def test_closing_races_reserving_in_the_child(self):
        parent, policy = self.limited(cost_limit=100)
        for turn in range(5):
            child = self.delegate(parent, cost=5)["budget_id"]
            closed, granted = threading.Event(), []

            def work():
                while not closed.is_set():
                    answer = self.home.post(f"{API}/allocations", {"budget_id": child, "cost": "0.5"})
                    if answer.status == 201:
                        granted.append(answer.json["allocation_id"])
                        self.home.post(f"{API}/allocations/{granted[-1]}/release")
            workers = [threading.Thread(target=work) for _ in range(4)]
            for worker in workers:
                worker.start()
            try:
                wait_for(lambda: len(granted) > 3, "holds in the child", 20)
                wait_for(lambda: self.home.post(f"{API}/budgets/{child}/close").status == 200, "a moment without holds", 20)
                self.assertEqual(self.home.post(f"{API}/allocations", {"budget_id": child, "cost": "0.5"}).status, 422)
            finally:
                closed.set()
                for worker in workers:
                    worker.join()
            live = self.home.get(f"{API}/budgets/{child}/allocations").json["items"]
            self.assertEqual(live, [], "nothing was admitted behind the close")
        self.assertEqual(self.used(policy), (0, 0))
        self.assertEqual(self.drift(), [])

    def test_spending_in_children_and_parent_at_once_counts_everything_once(self):
        parent, policy = self.limited(cost_limit=50)
        child = self.delegate(parent, cost=20)["budget_id"]
        grandchild = self.delegate(child, cost=5)["budget_id"]

        def work(k):
            budget = (parent, child, grandchild)[k % 3]
            hold = self.home.post(f"{API}/allocations", {"budget_id": budget, "cost": "0.3", "provider": "acme",
                                                         "model": "plain"})
            if hold.status == 201:
                self.home.post(f"{API}/usage/record", {"allocation_id": hold.json["allocation_id"], "final": True,
                                                       "provider": "acme", "model": "plain", "input_tokens": 100 + k})
            return hold.status
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            statuses = list(pool.map(work, range(120)))
        self.assertEqual(set(statuses) - {201, 402}, set())
        self.assertEqual(self.drift(), [])
        spent, held = self.used(policy)
        self.assertLessEqual(spent + held, 50)
        lines = self.home.get(f"{API}/budgets/{parent}/delegations").json["items"]
        self.assertEqual(held, lines[0]["remaining_cost"], "what is held above is what is left of the slice")
        self.assertEqual(lines[0]["cost_used"] + lines[0]["remaining_cost"], 20)

    def test_a_tree_of_slices_under_everything_at_once_admits_nothing_beyond_any_limit(self):
        """Holds, exact records, extensions, slices, closes and sweeps in three levels. Nobody uses more than it holds, so
        no policy may ever stand above its limit, and in the end the books are in order."""
        parent, policy = self.limited(cost_limit=12, token_limit=50000)
        tree, policies, lock, stop = [parent], {policy}, threading.Lock(), threading.Event()

        def act(seed):
            choice, holds = random.Random(seed), []
            for _ in range(40):
                with lock:
                    budget = choice.choice(tree)
                answer = None
                kind = choice.choice(("hold", "hold", "hold", "use", "use", "extend", "release", "delegate", "close"))
                if kind == "hold":
                    answer = self.home.post(f"{API}/allocations", {
                        "budget_id": budget, "provider": "acme", "model": "plain", "ttl_seconds": choice.choice((1, 60)),
                        "tokens_allocated": choice.randint(1, 600)})
                    holds += [answer.json["allocation_id"]] if answer.status == 201 else []
                elif kind == "delegate" and len(tree) < 12:
                    slice = {"name": f"s {seed} {len(tree)}", "cost": choice.choice((1, 2, 3)),
                             **choice.choice(({}, {"tokens": 4000}, {"ttl_seconds": 2}))}
                    answer = self.home.post(f"{API}/budgets/{budget}/delegations", slice)
                    if answer.status == 201:
                        with lock:
                            tree.append(answer.json["budget_id"])
                            policies.add(answer.json["policy_id"])
                elif kind == "close" and budget != parent:
                    answer = self.home.post(f"{API}/budgets/{budget}/close")
                elif holds and kind in ("use", "extend", "release"):
                    hold = choice.choice(holds)
                    left = self.home.get(f"{API}/allocations/{hold}").json
                    if kind == "use" and left["is_active"] and left["remaining_tokens"] > 0:
                        answer = self.home.post(f"{API}/usage/record", {
                            "allocation_id": holds.pop(holds.index(hold)), "provider": "acme", "model": "plain", "final": True,
                            "budget_id": left["budget_id"], "input_tokens": choice.randint(1, left["remaining_tokens"])})
                    elif kind == "extend":
                        answer = self.home.post(f"{API}/allocations/{hold}/extend", choice.choice((
                            {"ttl_seconds": 60}, {"tokens": choice.randint(1, 900), "ttl_seconds": 30})))
                    elif kind == "release":
                        answer = self.home.post(f"{API}/allocations/{hold}/release")
                self.assertTrue(answer is None or answer.status < 500, answer)

        def sweep():
            while not stop.is_set():
                self.home.sql("SELECT budget.holds_expire(5)")
        sweeper = threading.Thread(target=sweep)
        sweeper.start()
        try:
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                list(pool.map(act, range(8)))
        finally:
            stop.set()
            sweeper.join()
        self.assertGreater(len(tree), 3, "slices were given")
        for line in self.home.get(f"{API}/limits?limit=200").json["items"]:
            if line["policy_id"] in policies:
                late = [cause for cause in line["over_by_causes"] if cause["cause"] not in ("late", "hold_unknown")]
                self.assertEqual(late, [], line)
        self.assertEqual(self.drift(), [])
        self.assertEqual(self.home.post(f"{API}/admin/verify").json["differences"], [])

    def test_extending_races_the_sweep(self):
        budget, policy = self.limited(cost_limit=10)
        holds = [self.hold(budget, cost=1, ttl_seconds=1)["allocation_id"] for _ in range(10)]
        stop = threading.Event()

        def sweep():
            while not stop.is_set():
                self.home.sql("SELECT budget.holds_expire(3)")
        sweeper = threading.Thread(target=sweep)
        sweeper.start()
        try:
            wait_for(lambda: self.home.get(f"{API}/allocations/{holds[0]}").json["state"] == "expired", "expiry", 10)
            for _ in range(3):
                with concurrent.futures.ThreadPoolExecutor(8) as pool:
                    answers = list(pool.map(lambda hold: self.home.post(f"{API}/allocations/{hold}/extend",
                                                                        {"ttl_seconds": 1}).status, holds))
                self.assertEqual(set(answers), {200})
                self.assertEqual(self.drift(), [])
            self.assertEqual({self.home.post(f"{API}/allocations/{hold}/extend", {"ttl_seconds": 600}).status
                              for hold in holds}, {200})
        finally:
            stop.set()
            sweeper.join()
        self.assertEqual(self.used(policy), (0, 10))
        self.assertEqual(self.drift(), [])


main()
