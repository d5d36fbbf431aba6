"""The rules of check, hold, settle and of idempotency (8 to 12) over HTTP, one request at a time."""
import datetime
import pathlib
import sys
import uuid
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import main, wait_for  # noqa: E402
from ledger import API, LedgerCase, uuid7  # noqa: E402

UTC = datetime.timezone.utc

class Holds(LedgerCase):
    def rows(self):
        return self.home.sql("SELECT (SELECT count(*) FROM budget.hold), (SELECT count(*) FROM budget.usage_record), "
                             "(SELECT sum(held_cost) FROM budget.policy_state), "
                             "(SELECT sum(spent_cost) FROM budget.counter), (SELECT count(*) FROM budget.request_key)")

    def test_rule_08_check_decides_without_effect(self):
        budget, policy = self.limited(cost_limit=1)
        self.check(budget)
        before = self.rows()
        yes, no = self.check(budget, estimated_tokens=100), self.check(budget, estimated_tokens=100000)
        self.assertEqual((yes["decision"], no["decision"]), ("allow", "block"))
        self.assertEqual(self.rows(), before)
        self.assertEqual((yes["remaining_cost"], no["remaining_cost"]), (1, 1))
        self.assertEqual((no["policy_id"], no["resets_at"]), (policy, self.standing(policy)["resets_at"]))

    def test_rule_08_what_fits_is_said_and_true(self):
        budget, _ = self.limited(cost_limit="0.1")
        self.record(budget, input_tokens=37)
        fits = self.check(budget, estimated_tokens=1000)["max_tokens_that_fit"]
        self.assertEqual(fits, 31, "0.063 at the dearest class, 0.002")
        self.hold(budget, tokens_allocated=fits + 1, expect=402)
        self.hold(budget, tokens_allocated=fits)

    def test_rule_08_cheaper_models_that_would_fit_are_named(self):
        budget, _ = self.limited(cost_limit="0.01")
        answer = self.check(budget, provider="anthropic", model="claude-3-opus-20240229", input_tokens=1000,
                            max_output_tokens=1000)
        self.assertFalse(answer["allowed"])
        self.assertTrue(answer["alternatives"])
        for other in answer["alternatives"]:
            self.assertLess(other["estimated_cost"], answer["estimated_cost"])
            again = self.check(budget, provider=other["provider"], model=other["model"], input_tokens=1000,
                               max_output_tokens=1000)
            self.assertTrue(again["allowed"], again["reason"])

    def test_rule_08_a_granted_reserve_adds_its_id_and_end(self):
        budget, policy = self.limited(cost_limit=1)
        plain = self.check(budget, input_tokens=100, max_output_tokens=100)
        self.assertNotIn("allocation_id", plain)
        granted = self.check(budget, input_tokens=100, max_output_tokens=100, reserve=True)
        self.assertEqual(self.used(policy), (0, granted["held_cost"]))
        left = datetime.datetime.fromisoformat(granted["expires_at"]) - datetime.datetime.now(UTC)
        self.assertAlmostEqual(left.total_seconds(), 900, delta=60)
        refused = self.check(budget, input_tokens=100000, max_output_tokens=1, reserve=True)
        self.assertEqual((refused["allowed"], refused["decision"], refused.get("allocation_id")),
                         (False, "block", None))

    def test_rule_09_nothing_is_admitted_beyond_the_limit_and_the_last_cent_is(self):
        budget, policy = self.limited(cost_limit=10)
        self.record(budget, input_tokens=1000)
        admitted = [amount for amount in ("4", "6", "3", "2", "2.1", "0.01", "1.99", "0.005", "0.005", "0.001")
                    if self.home.post(f"{API}/allocations", {"budget_id": budget, "provider": "acme", "model": "plain",
                                                             "cost": amount}).status == 201]
        self.assertEqual(admitted, ["4", "3", "2"], "a refused big one does not block the small ones behind it")
        self.assertEqual(self.used(policy), (1, 9))

    def test_rule_09_what_is_freed_can_be_held_again_at_once(self):
        budget, _ = self.limited(cost_limit=1)
        for _ in range(5):
            hold = self.hold(budget, cost=1)
            self.hold(budget, cost="0.01", expect=402)
            self.release(hold["allocation_id"])

    def test_rule_09_a_hold_is_priced_at_the_bound(self):
        budget = self.budget()
        self.make("prices", {"provider": "acme", "model": "cached", "input_cost_per_token": "0.001",
                             "output_cost_per_token": "0.002",
                             "cache_write_1h_cost_per_token": "0.003"})
        answer = self.check(budget, model="cached", input_tokens=100, max_output_tokens=10, reserve=True)
        self.assertEqual(answer["held_cost"], Decimal("0.32"),
                         "100 input tokens that may all be cache writes, 10 of output")
        self.assertEqual(answer["estimated_cost"], Decimal("0.12"), "the plain estimate beside it")
        bare = self.check(budget, model="cached", estimated_tokens=100)
        self.assertEqual((bare["held_cost"], bare["estimated_cost"]), (Decimal("0.3"), Decimal("0.175")),
                         "held at the dearest class, quoted 25/75")

    def test_rule_09_facts_may_pass_the_limit_and_say_why(self):
        budget, policy = self.limited(cost_limit=1)
        hold = self.hold(budget, cost="0.5", context_id="over")
        self.assertEqual(self.record(budget, allocation_id=hold["allocation_id"], input_tokens=700)["cause"], "overage")
        self.assertEqual(self.record(budget, input_tokens=500)["cause"], "unheld")
        self.assertEqual(self.used(policy), (Decimal("1.2"), 0))
        summary = self.home.get(f"{API}/budgets/{budget}/summary?period=monthly").json["items"][0]
        self.assertEqual(summary["over_by"], Decimal("0.2"))
        self.assertEqual(self.drift(), [])

    def test_rule_10_recording_is_never_refused_by_a_limit(self):
        budget, policy = self.limited(cost_limit=0, token_limit=0)
        self.record(budget, input_tokens=10 ** 6)
        self.assertEqual(self.used(policy), (1000, 0))

    def test_rule_10_a_named_or_found_hold_is_consumed_and_final_releases_the_rest(self):
        budget, policy = self.limited(cost_limit=10)
        hold = self.hold(budget, tokens_allocated=1000, context_id="ten", component="c")
        newer = self.hold(budget, tokens_allocated=1000, context_id="ten", component="c")
        first = self.record(budget, context_id="ten", component="c", input_tokens=100)
        self.assertEqual((first["allocation_id"], first["cause"]), (hold["allocation_id"], "held"),
                         "the oldest of its context and component")
        self.assertEqual(first["allocation"], {"state": "live", "remaining_tokens": 900,
                                               "remaining_cost": Decimal("1.9")})
        last = self.record(budget, allocation_id=hold["allocation_id"], input_tokens=100, final=True)
        self.assertEqual(last["allocation"]["state"], "settled")
        self.assertEqual(self.used(policy), (Decimal("0.2"), newer["held_cost"]))
        self.assertEqual(self.record(budget, context_id="ten", component="c")["allocation_id"], newer["allocation_id"])
        self.assertIsNone(self.record(budget, context_id="ten", component="another")["allocation_id"])
        self.assertEqual(self.drift(), [])

    def test_rule_10_an_unknown_or_resolved_hold_is_recorded_and_flagged(self):
        budget, policy = self.limited(cost_limit=10)
        unknown = self.record(budget, allocation_id=str(uuid.uuid4()))
        self.assertEqual((unknown["cause"], unknown["flags"]), ("hold_unknown", ["hold_unknown"]))
        hold = self.hold(budget, cost=1)["allocation_id"]
        self.release(hold)
        late = self.record(budget, allocation_id=hold)
        self.assertEqual((late["cause"], late["flags"]), ("late", ["hold_released"]))
        self.assertEqual(self.used(policy), (Decimal("0.002"), 0))

    def test_rule_10_times_far_off_are_refused_at_the_door(self):
        budget = self.budget()
        now = datetime.datetime.now(UTC)
        for hours, status in ((-71.9, 201), (-72.1, 422), (0.08, 201), (0.1, 422)):
            with self.subTest(hours):
                when = (now + datetime.timedelta(hours=hours)).isoformat()
                answer = self.record(budget, timestamp=when, expect=status)
                if status == 201:
                    self.assertEqual(datetime.datetime.fromisoformat(answer["charged_at"]),
                                     datetime.datetime.fromisoformat(when))
                else:
                    self.assertEqual(answer["errors"][0]["pointer"], "/timestamp")

    def test_rule_10_settled_usage_is_charged_no_earlier_than_its_hold(self):
        budget = self.budget()
        hold = self.hold(budget, cost=1)
        yesterday = (datetime.datetime.now(UTC) - datetime.timedelta(hours=30)).isoformat()
        record = self.record(budget, allocation_id=hold["allocation_id"], timestamp=yesterday)
        self.assertEqual(record["charged_at"], hold["creation_time"])
        self.assertEqual(datetime.datetime.fromisoformat(record["timestamp"]),
                         datetime.datetime.fromisoformat(yesterday))

    def test_rule_11_a_hold_ends_by_itself_and_counts_for_nothing_from_then(self):
        budget, _ = self.limited(cost_limit=1)
        hold = self.hold(budget, cost=1, ttl_seconds=1)
        self.hold(budget, cost="0.01", expect=402)
        again = wait_for(lambda: self.home.post(f"{API}/allocations", {"budget_id": budget, "provider": "acme",
                                                                       "model": "plain", "cost": 1})
                         .status == 201, "the hold to expire", 10)
        self.assertTrue(again)
        shown = self.home.get(f"{API}/allocations/{hold['allocation_id']}").json
        self.assertEqual((shown["state"], shown["is_active"]), ("expired", False))
        self.assertEqual(self.record(budget, allocation_id=hold["allocation_id"])["flags"], ["hold_expired"])
        self.assertEqual(self.extend(hold["allocation_id"], 60, expect=402)["code"], "insufficient_budget",
                         "the other has its room")

    def test_rule_11_lives_of_a_day_a_quarter_of_an_hour_or_as_asked(self):
        budget = self.budget()
        def life(document):
            start, end = (datetime.datetime.fromisoformat(document[name]) for name in ("creation_time", "expires_at"))
            return round((end - start).total_seconds())
        self.assertEqual(life(self.hold(budget, cost=1)), 86400)
        self.assertEqual(life(self.hold(budget, cost=1, ttl_seconds=7)), 7)
        reserved = self.check(budget, reserve=True)["allocation_id"]
        self.assertEqual(life(self.home.get(f"{API}/allocations/{reserved}").json), 900)

    def test_rule_11_release_and_extend_can_be_repeated(self):
        budget, policy = self.limited(cost_limit=1)
        hold = self.hold(budget, tokens_allocated=100)["allocation_id"]
        longer = self.extend(hold, 100000)
        self.assertEqual(self.extend(hold, 10)["expires_at"], longer["expires_at"], "never shorter")
        first, second = self.release(hold), self.release(hold)
        self.assertEqual((first["tokens_released"], first["cost_released"]), (100, Decimal("0.2")))
        self.assertEqual((second["tokens_released"], second["cost_released"], second["state"]), (0, 0, "released"),
                         "says which came first")
        self.assertEqual(second["resolved_at"], first["resolved_at"])
        settled = self.hold(budget, cost="0.1", final=True)["allocation_id"]
        self.record(budget, allocation_id=settled)
        self.assertEqual(self.release(settled)["state"], "settled")
        self.assertEqual(self.extend(settled, 60, expect=409)["code"], "allocation_settled")
        self.assertEqual(self.used(policy), (Decimal("0.001"), 0))

    def test_rule_11_an_expired_hold_comes_back_only_if_it_fits(self):
        budget, policy = self.limited(cost_limit=1)
        hold = self.hold(budget, cost="0.6", ttl_seconds=1)["allocation_id"]
        wait_for(lambda: self.home.get(f"{API}/allocations/{hold}").json["state"] == "expired", "the hold to expire", 10)
        back = self.extend(hold, 60)
        self.assertEqual((back["allocation_id"], back["state"], back["remaining_cost"]), (hold, "live", Decimal("0.6")))
        self.hold(budget, cost="0.5", expect=402)
        self.assertEqual(self.used(policy), (0, Decimal("0.6")))

    def test_rule_11_raising_a_hold_is_admitted_and_lowering_frees(self):
        budget, policy = self.limited(cost_limit=1)
        hold = self.hold(budget, tokens_allocated=100)["allocation_id"]

        def resize(expect=200, **fields):
            return self.ask(f"allocations/{hold}/extend", fields, expect)
        self.assertEqual(resize(tokens=500)["held_cost"], 1, "money follows tokens")
        refusal = resize(402, cost="1.0001")
        self.assertEqual((refusal["code"], refusal["policy_id"]), ("insufficient_budget", policy))
        lower = resize(cost="0.3")
        self.assertEqual((lower["remaining_cost"], lower["cost_released"]), (Decimal("0.3"), Decimal("0.7")))
        self.hold(budget, cost="0.7")
        self.assertEqual(self.used(policy), (0, 1))

    def test_rule_11_a_refusal_writes_nothing(self):
        budget, _ = self.limited(cost_limit=0)
        self.hold(budget, cost=1, expect=402)  # the first of the period leaves its alert
        before = self.rows()
        for _ in range(5):  # a job of the schedule may commit beside us; our own refusals take no transaction number
            first = self.home.value("SELECT pg_snapshot_xmax(pg_current_snapshot())")
            self.hold(budget, cost=1, expect=402)
            if self.home.value("SELECT pg_snapshot_xmax(pg_current_snapshot())") == first:
                break
        else:
            self.fail("each refusal came with a transaction")
        self.assertEqual(self.rows(), before)

    def test_rule_12_the_same_id_is_the_same_record(self):
        budget, policy = self.limited(cost_limit=10)
        identity = uuid7()
        first = self.record(budget, record_id=identity, input_tokens=100)
        self.assertEqual((first["record_id"], self.answer.headers["Idempotency-Replayed"]), (identity, None))
        again = self.record(budget, record_id=identity, input_tokens=100)
        self.assertEqual((again, self.answer.headers["Idempotency-Replayed"]), (first, "true"))
        self.assertEqual(self.record(budget, record_id=identity, input_tokens=101, expect=422)["code"],
                         "idempotency_mismatch")
        self.assertEqual(self.used(policy), (Decimal("0.1"), 0))

    def test_rule_12_the_same_key_is_the_same_hold_and_keys_of_verbs_are_apart(self):
        budget, policy = self.limited(cost_limit=10)
        key = {"Idempotency-Key": f"key {uuid.uuid4()}"}
        first = self.hold(budget, headers=key, cost=1)
        again = self.hold(budget, headers=key, cost=1)
        self.assertEqual((again["allocation_id"], self.answer.headers["Idempotency-Replayed"]),
                         (first["allocation_id"], "true"))
        self.assertEqual(self.hold(budget, headers=key, cost=2, expect=422)["code"], "idempotency_mismatch")
        self.assertIsNone(self.record(budget, headers=key)["allocation_id"])
        self.assertIsNone(self.answer.headers["Idempotency-Replayed"])
        self.assertEqual(self.used(policy), (Decimal("0.001"), 1))

    def test_rule_12_a_refusal_binds_no_key(self):
        budget, policy = self.limited(cost_limit=1)
        key, identity = {"Idempotency-Key": str(uuid.uuid4())}, uuid7()
        blocker = self.hold(budget, cost=1)["allocation_id"]
        self.hold(budget, headers=key, cost=1, expect=402)
        self.hold(budget, allocation_id=identity, cost=1, expect=402)
        self.release(blocker)
        self.assertEqual(self.hold(budget, allocation_id=identity, cost=1)["allocation_id"], identity)
        self.release(identity)
        self.hold(budget, headers=key, cost="0.7")
        self.assertEqual(self.used(policy), (0, Decimal("0.7")), "the key is free for another body, too")


if __name__ == "__main__":
    main()
