"""Check, allocations and usage over HTTP: what they answer, how they are asked, and what the door refuses."""
import datetime
import pathlib
import sys
import uuid
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import main  # noqa: E402
from ledger import API, LedgerCase, uuid7  # noqa: E402

UTC = datetime.timezone.utc


def instant(text):
    return datetime.datetime.fromisoformat(text)


class Check(LedgerCase):
    def test_the_answer_has_every_member_that_is_promised(self):
        budget, policy = self.limited(cost_limit=10, token_limit=10 ** 6)
        self.record(budget, input_tokens=1000)
        answer = self.check(budget, input_tokens=100, max_output_tokens=50, reserve=True)
        for name, value in {"allowed": True, "decision": "allow", "estimated_cost": Decimal("0.2"),
            "held_cost": Decimal("0.2"),
                            "currency": "USD", "remaining_cost": 9, "remaining_tokens": 999000, "estimated": False,
                            "max_tokens_that_fit": 4500}.items():
            self.assertEqual(answer[name], value, name)
        for name in ("reason", "tier", "resets_at", "alternatives", "allocation_id", "expires_at"):
            self.assertIn(name, answer)
        line = [p for p in answer["policies"] if p["policy_id"] == policy][0]
        shown = {name: line[name] for name in line if not name.startswith("period_") and not name.endswith("_id")}
        self.assertEqual(shown,
                         {"type": "hard_limit", "period": "monthly", "token_limit": 10 ** 6, "tokens_used": 1000,
                             "tokens_held": 0,
                          "cost_limit": 10, "cost_used": 1, "cost_held": 0, "usage_percentage": Decimal("0.1")})

    def test_how_much_is_said_in_one_way(self):
        budget = self.budget()
        self.assertEqual(self.ask("check", {"budget_id": budget, "provider": "acme", "model": "plain"}, 422)["code"],
            "missing_field")
        self.assertEqual(self.check(budget, input_tokens=1, estimated_tokens=1, expect=422)["code"], "ambiguous_amount")
        self.assertEqual(self.check(budget, input_text="x", estimated_tokens=1, expect=422)["code"], "ambiguous_amount")

    def test_text_is_counted_by_a_rule_that_is_written_down(self):
        answer = self.check(self.budget(), input_text="Grüße, 世界!", max_output_tokens=0)
        self.assertEqual((answer["estimated"], answer["held_cost"]), (True, Decimal("0.006")),
                         "17 bytes, three a token")
        self.assertEqual(self.check(self.budget(), input_text="", max_output_tokens=0)["held_cost"], 0)

    def test_without_max_output_tokens_a_setting_bounds_the_answer(self):
        settings = self.home.get(f"{API}/settings").json["items"]
        setting = [item for item in settings if "max_output_tokens" in item["name"]][0]
        answer = self.check(self.budget(), input_tokens=0)
        self.assertEqual(answer["held_cost"], int(setting["value"]) * Decimal("0.002"))

    def test_a_repeated_reserve_is_the_same_grant_although_it_filled_the_limit(self):
        budget, policy = self.limited(cost_limit=1)
        for again in ({"allocation_id": uuid7()}, {"headers": {"Idempotency-Key": str(uuid.uuid4())}}):
            with self.subTest(str(again)):
                first = self.check(budget, estimated_tokens=500, reserve=True, **again)
                self.assertTrue(first["allowed"])
                second = self.check(budget, estimated_tokens=500, reserve=True, **again)
                self.assertEqual(self.answer.headers["Idempotency-Replayed"], "true")
                self.assertEqual([second[name] for name in ("allowed", "allocation_id", "expires_at", "held_cost")],
                                 [first[name] for name in ("allowed", "allocation_id", "expires_at", "held_cost")])
                self.assertIn(second["decision"], ("allow", "warn"))
                self.release(first["allocation_id"])
        self.assertEqual(self.used(policy), (0, 0))

    def test_camel_case_and_any_case_of_words_are_understood(self):
        budget = self.budget()
        answer = self.ask("check", {"budgetId": budget, "provider": "ACME", "model": "plain", "inputTokens": 10,
            "maxOutputTokens": 5,
                                    "tier": "REMOTE_HEAVYWEIGHT", "taskType": "x", "contextId": "c"}, 200)
        self.assertEqual((answer["held_cost"], answer["tier"]), (Decimal("0.02"), "remote_heavyweight"))

    def test_a_budget_that_is_not_there_or_retired(self):
        self.assertEqual(self.check(str(uuid.uuid4()), expect=422)["code"], "budget_not_found")
        budget = self.budget()
        self.home.delete(f"{API}/budgets/{budget}")
        self.assertEqual(self.check(budget, expect=422)["code"], "budget_inactive")
        self.assertEqual(self.hold(budget, cost=1, expect=422)["code"], "budget_inactive")
        self.assertEqual(self.record(budget)["budget_id"], budget, "a fact is recorded all the same")


class Allocations(LedgerCase):
    def listed(self, query):
        answer = self.home.get(f"{API}/allocations?{query}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def ids(self, query):
        return [item["allocation_id"] for item in self.listed(query)["items"]]

    def test_tokens_cost_or_the_bound_of_a_call(self):
        budget = self.budget()
        def held(**fields):
            hold = self.hold(budget, **fields)
            return hold["tokens_allocated"], hold["held_cost"], hold["estimated_cost"]
        self.assertEqual(held(tokens_allocated=100), (100, Decimal("0.2"), Decimal("0.175")))
        self.assertEqual(held(tokens=100), (100, Decimal("0.2"), Decimal("0.175")))
        self.assertEqual(held(cost="1.5"), (0, Decimal("1.5"), Decimal("1.5")))
        self.assertEqual(held(input_tokens=100, max_output_tokens=10), (110, Decimal("0.12"), Decimal("0.12")))
        self.assertEqual(held(tokens_allocated=100, cost="0.01")[:2], (100, Decimal("0.01")),
            "the client's own cost wins")
        self.assertEqual(self.hold(budget, expect=422)["code"], "missing_field")
        self.assertEqual(self.hold(budget, tokens=1, tokens_allocated=1, expect=422)["errors"][0]["pointer"],
                         "/tokens_allocated", "the same twice")

    def test_the_answer_is_what_reading_it_gives(self):
        budget = self.budget()
        hold = self.hold(budget, tokens_allocated=7, context_id="c/1 ü", task_id="t", component="c", task_type="x",
            priority=9,
                         tier="local_midweight", metadata={"a": [1, None]})
        self.assertEqual(self.home.get(f"{API}/allocations/{hold['allocation_id']}").json, hold)
        self.assertEqual(self.home.get("/api/allocations/context/c%2F1%20%C3%BC").json, hold)
        self.assertEqual(self.listed(f"budget_id={budget}")["items"], [hold])
        self.assertEqual((hold["metadata"], hold["priority"], hold["tier"]), ({"a": [1, None]}, 9, "local_midweight"))

    def test_every_filter_cuts_and_none_is_hidden_but_is_active(self):
        budget = self.budget()
        attributes = {"context_id": "k1", "component": "k2", "task_type": "k3", "tier": "local_midweight",
            "model": "plain"}
        wanted = self.hold(budget, cost=1, **attributes)["allocation_id"]
        other = self.hold(budget, cost=1, model="free", tier="remote_heavyweight")["allocation_id"]
        for name, value in attributes.items():
            with self.subTest(name):
                self.assertEqual(self.ids(f"budget_id={budget}&{name}={value}"), [wanted])
        self.release(other)
        self.assertEqual(self.ids(f"budget_id={budget}"), [wanted])
        self.assertEqual(self.ids(f"budget_id={budget}&is_active=false"), [other])
        self.assertEqual(self.ids(f"budget_id={budget}&state=RELEASED"), [other])
        self.assertEqual(self.ids(f"budget_id={self.budget()}"), [])
        parent = self.budget()
        below = self.hold(self.budget(parent_id=parent), cost=1)["allocation_id"]
        self.assertEqual(self.ids(f"budget_id={parent}"), [below], "budgets below count")
        items = self.home.get(f"{API}/budgets/{parent}/allocations").json["items"]
        self.assertEqual([item["allocation_id"] for item in items], [below])

    def test_pages_and_cursors_agree_and_new_ones_do_not_shift_them(self):
        budget = self.budget()
        made = [self.hold(budget, cost=n)["allocation_id"] for n in range(1, 6)][::-1]
        pages = [self.ids(f"budget_id={budget}&limit=2&page={page}") for page in (1, 2, 3, 4)]
        self.assertEqual(pages, [made[:2], made[2:4], made[4:], []])
        first = self.listed(f"budget_id={budget}&limit=2")
        self.hold(budget, cost=1)
        self.assertEqual(self.ids(f"budget_id={budget}&limit=9&cursor={first['next_cursor']}"), made[2:])
        self.assertEqual(first["total"], 5)
        self.assert_problem(self.home.get(f"{API}/allocations?cursor=nonsense"), 422)
        self.assert_problem(self.home.get(f"{API}/allocations?limit=0"), 422)

    def test_when_it_ends_is_said_in_one_of_three_ways(self):
        budget = self.budget(time_zone="Asia/Kathmandu")
        tomorrow = datetime.datetime.now(UTC).replace(microsecond=0) + datetime.timedelta(days=1)
        self.assertEqual(instant(self.hold(budget, cost=1,
            expires_at=tomorrow.isoformat())["expires_at"]).replace(microsecond=0), tomorrow)
        self.assertEqual(instant(self.hold(budget, cost=1,
            expirationTime=tomorrow.isoformat())["expires_at"]).replace(microsecond=0), tomorrow)
        local = (tomorrow + datetime.timedelta(hours=5, minutes=45)).replace(tzinfo=None).isoformat()
        self.assertEqual(instant(self.hold(budget, cost=1, expires_at=local)["expires_at"]).replace(microsecond=0),
            tomorrow,
                         "without a zone it is the budget's")
        self.assertEqual(self.hold(budget, cost=1, expires_at="2001-01-01T00:00:00Z",
            expect=422)["errors"][0]["pointer"], "/expires_at")
        self.assertEqual(self.hold(budget, cost=1, expires_at="9999-12-31T00:00:00Z", expect=422)["code"],
            "expiry_too_far")
        self.hold(budget, cost=1, ttl_seconds=0, expect=422)
        self.hold(budget, cost=1, ttl_seconds=10, expires_at=tomorrow.isoformat(), expect=422)

    def test_ids_nobody_has_are_404_for_every_verb(self):
        for identity in (str(uuid.uuid4()), uuid7(), "nonsense", "00000000-0000-0000-0000-000000000000"):
            with self.subTest(identity):
                self.assert_problem(self.home.get(f"{API}/allocations/{identity}"), 404)
                self.assert_problem(self.home.post(f"{API}/allocations/{identity}/release"), 404)
                self.assert_problem(self.home.post(f"{API}/allocations/{identity}/extend", {"ttl_seconds": 5}), 404)
        self.assert_problem(self.home.get(f"{API}/allocations/context/nobody"), 404, "allocation_not_found")

    def test_a_release_takes_no_body_or_an_empty_one(self):
        budget = self.budget()
        for body in (None, b"", {}):
            hold = self.hold(budget, cost=1)["allocation_id"]
            answer = self.home.post(f"/api/allocations/{hold}/release", body)
            self.assertEqual((answer.status, answer.json["cost_released"]), (200, 1), answer)
        self.assert_problem(self.home.post(f"{API}/allocations/{hold}/release", {"reason": "x"}), 422, "unknown_field")
        self.assert_problem(self.home.post(f"{API}/allocations/{hold}/extend", {}), 422, "missing_field")

    def test_a_refusal_explains_itself(self):
        budget, policy = self.limited(cost_limit=1)
        problem = self.hold(budget, tokens_allocated=1000, expect=402)
        self.assertEqual((problem["code"], problem["decision"], problem["policy_id"], problem["held_cost"],
            problem["remaining_cost"]),
                         ("insufficient_budget", "block", policy, 2, 1))
        self.assertEqual(problem["max_tokens_that_fit"], 500)


class Usage(LedgerCase):
    def test_records_use_a_hold_up_and_then_it_is_settled(self):
        budget, policy = self.limited(cost_limit=10)
        hold = self.hold(budget, tokens_allocated=300, context_id="up")["allocation_id"]
        for left in (200, 100):
            self.assertEqual(self.record(budget, context_id="up", output_tokens=100,
                input_tokens=0)["allocation"]["remaining_tokens"], left)
        last = self.record(budget, context_id="up", output_tokens=100, input_tokens=0)
        self.assertEqual((last["cause"], last["allocation"]), ("held", {"state": "settled", "remaining_tokens": 0,
            "remaining_cost": 0}))
        shown = self.home.get(f"{API}/allocations/{hold}").json
        self.assertEqual((shown["tokens_used"], shown["output_tokens_used"], shown["actual_cost"],
            shown["overage_cost"]),
                         (300, 300, Decimal("0.6"), 0))
        self.assertEqual(self.used(policy), (Decimal("0.6"), 0))

    def test_a_hold_without_component_serves_every_component_of_its_context(self):
        budget = self.budget()
        hold = self.hold(budget, cost=1, context_id="any")["allocation_id"]
        self.assertEqual(self.record(budget, context_id="any", component="x")["allocation_id"], hold)
        self.assertIsNone(self.record(budget, context_id="other", component="x")["allocation_id"])
        self.assertIsNone(self.record(budget, component="x")["allocation_id"], "without a context none is looked for")

    def test_a_record_takes_budget_and_attributes_from_its_hold(self):
        budget = self.budget()
        hold = self.hold(budget, cost=1, component="c", task_type="t")["allocation_id"]
        record = self.record(None, allocation_id=hold)
        self.assertEqual((record["budget_id"], record["component"], record["task_type"]), (budget, "c", "t"))
        plain = self.record(budget)
        self.assertEqual((plain["component"], plain["task_type"], plain["context_id"]), ("unknown", "default", None))

    def test_a_record_of_another_budget_frees_the_hold_and_charges_its_own(self):
        mine, held = self.limited(cost_limit=10)
        other, spent = self.limited(cost_limit=10)
        hold = self.hold(mine, cost=1)["allocation_id"]
        self.record(other, allocation_id=hold, input_tokens=100, final=True)
        self.assertEqual((self.used(held), self.used(spent)), ((0, 0), (Decimal("0.1"), 0)))
        self.assertEqual(self.drift(), [])

    def test_the_three_names_are_one_route(self):
        budget = self.budget()
        for path in ("/api/v1/usage/record", "/api/usage", "/api/record"):
            answer = self.home.post(path, {"budgetId": budget, "provider": "acme", "model": "plain", "inputTokens": 3,
                "outputTokens": 4})
            self.assertEqual((answer.status, answer.json["total_cost"]), (201, Decimal("0.011")), answer)

    def test_times_without_a_zone_are_the_budgets(self):
        budget = self.budget(time_zone="Asia/Kathmandu")
        when = datetime.datetime.now(UTC).replace(microsecond=0) - datetime.timedelta(hours=1)
        local = (when + datetime.timedelta(hours=5, minutes=45)).replace(tzinfo=None)
        for text in (local.isoformat(), local.isoformat(" "), when.isoformat(), when.isoformat().replace("+00:00", "Z"),
                     when.astimezone(datetime.timezone(datetime.timedelta(hours=-8))).isoformat()):
            with self.subTest(text):
                self.assertEqual(instant(self.record(budget, timestamp=text)["timestamp"]), when)

    def test_the_door_names_what_is_wrong(self):
        budget = self.budget()
        for fields, pointer in (({"model": None}, "/model"), ({"provider": None}, "/provider"),
            ({"input_tokens": None}, "/input_tokens"),
                                ({"input_tokens": -1}, "/input_tokens"), ({"input_tokens": "many"}, "/input_tokens"),
                                ({"input_tokens": 1.5}, "/input_tokens"), ({"input_tokens": True}, "/input_tokens"),
                                ({"seconds": "-1"}, "/seconds"), ({"reported_cost": "-0.1"}, "/reported_cost"),
                                ({"reported_cost": "1e60"}, "/reported_cost"), ({"reported_cost": "NaN"},
                                    "/reported_cost"),
                                ({"timestamp": "yesterday"}, "/timestamp"), ({"timestamp": "2026-02-30T00:00:00Z"},
                                    "/timestamp"),
                                ({"timestamp": 5}, "/timestamp"), ({"tier": "huge"}, "/tier"), ({"record_id": "7"},
                                    "/record_id"),
                                ({"allocation_id": "x"}, "/allocation_id"), ({"model": ""}, "/model"),
                                    ({"model": "x" * 257}, "/model"),
                                ({"model": ["x"]}, "/model"), ({"metadata": "x"}, "/metadata"), ({"final": "maybe"},
                                    "/final"),
                                ({"context_id": "a\x00b"}, "/context_id"), ({"metadata": {"k": "\x00"}}, "/metadata/k"),
                                ({"service_tier": "vip"}, "/service_tier"), ({"metadata": {"k": "x" * 20000}},
                                    "/metadata")):
            with self.subTest(str(fields)[:60]):
                problem = self.record(budget, expect=422, **fields)
                self.assertEqual(problem["errors"][0]["pointer"], pointer)

    def test_every_character_of_a_name_survives(self):
        name = "ü 世界 \U0001f4b8 \"'\\ </script> %s \u2028"
        record = self.record(self.budget(), component=name, context_id=name, metadata={name: name})
        self.assertEqual((record["component"], record["context_id"], record["metadata"]), (name, name, {name: name}))
        self.assertEqual(self.home.get(f"{API}/usage/records/{record['record_id']}").json, record)


class Idempotency(LedgerCase):
    def replayed(self):
        return self.answer.headers["Idempotency-Replayed"] == "true"

    def test_ids_of_other_kinds_are_remembered_too(self):
        for identity in (str(uuid.uuid4()), str(uuid.uuid1()), uuid7(40 * 86400 * 1000), uuid7(-3600 * 1000),
                         "00000000-0000-0000-0000-000000000001"):
            with self.subTest(identity):
                budget, policy = self.limited(cost_limit=10)
                first = self.record(budget, record_id=identity)
                self.assertEqual(self.record(budget, record_id=identity), first)
                self.assertTrue(self.replayed())
                self.record(budget, record_id=identity, input_tokens=2, expect=422)
                hold = self.hold(budget, allocation_id=identity, cost=1)
                self.assertEqual(self.hold(budget, allocation_id=identity, cost=1)["allocation_id"],
                    hold["allocation_id"])
                self.assertEqual(self.used(policy), (Decimal("0.001"), 1))

    def test_the_id_in_capitals_is_the_same_id(self):
        budget, identity = self.budget(), uuid7()
        first = self.record(budget, record_id=identity.upper())
        self.assertEqual((first["record_id"], self.record(budget, record_id=identity)["record_id"]), (identity,
            identity))

    def test_a_key_may_stand_in_quotes(self):
        budget, key = self.budget(), str(uuid.uuid4())
        first = self.record(budget, headers={"Idempotency-Key": key})["record_id"]
        self.assertEqual(self.record(budget, headers={"Idempotency-Key": f'"{key}"'})["record_id"], first)

    def test_the_same_body_in_other_words_is_the_same(self):
        budget, identity = self.budget(), uuid7()
        first = self.record(budget, record_id=identity, input_tokens=5, reported_cost="1.50")
        answer = self.home.post("/api/record",
            f'{{"reportedCost": 1.50, "inputTokens": 5, "recordId": "{identity}", "budgetId": "{budget}",'
                                               ' "model": "plain", "provider": "acme"}')
        self.assertEqual((answer.status, answer.json["record_id"]), (201, first["record_id"]), answer)

    def test_a_bad_key_is_refused(self):
        for key in ("x" * 300, "a\tb", "ü".encode("latin-1").decode("latin-1")):
            with self.subTest(key[:10]):
                answer = self.home.post(f"{API}/usage/record", {"provider": "acme", "model": "plain",
                    "input_tokens": 1},
                                        headers={"Idempotency-Key": key.encode("latin-1")})
                self.assertIn(answer.status, (400, 422), answer)

    def test_what_failed_at_the_door_binds_no_id(self):
        budget, identity = self.budget(), uuid7()
        self.record(budget, record_id=identity, input_tokens=-1, expect=422)
        self.record(budget, record_id=identity, timestamp="2001-01-01T00:00:00Z", expect=422)
        self.assertEqual(self.record(budget, record_id=identity)["record_id"], identity)
        self.assertFalse(self.replayed())

    def test_a_replayed_hold_shows_how_it_stands_now(self):
        budget, identity = self.budget(), uuid7()
        self.hold(budget, allocation_id=identity, cost=1)
        self.release(identity)
        again = self.hold(budget, allocation_id=identity, cost=1)
        self.assertEqual((again["state"], self.replayed()), ("released", True), "a retry holds nothing a second time")


if __name__ == "__main__":
    main()
