"""The rules of the domain over HTTP: money and counts, budgets and policies, access. Each test is named after its rule.
Holds: test_rules_holds.py. Periods and everything that needs a clock: test_rules_clock.py. Rule 15: test_alerts.py."""
import pathlib
import sys
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import main  # noqa: E402
from ledger import API, LedgerCase  # noqa: E402


class Money(LedgerCase):
    def test_rule_01_money_is_exact_whatever_its_digits(self):
        rate = Decimal("0.000000100000000000000012345678")
        self.make("prices", {"provider": "acme", "model": "long", "input_cost_per_token": rate,
                             "output_cost_per_token": str(rate)})
        budget, policy = self.limited(cost_limit="123456.000000000000000000000000000001")
        record = self.record(budget, model="long", input_tokens=999_999_999_999, output_tokens=7)
        self.assertEqual(record["total_cost"], rate * 1_000_000_000_006)
        self.assertEqual(record["input_cost"] + record["output_cost"], record["total_cost"])
        self.assertEqual(self.standing(policy)["remaining_cost"],
                         Decimal("123456.000000000000000000000000000001") - record["total_cost"])
        self.assertNotIn(b"e-", self.answer.body.lower().split(b'"total_cost"')[1][:80])

    def test_rule_01_ten_dimes_are_one_coin(self):
        budget, policy = self.limited(cost_limit=1)
        for _ in range(10):
            self.hold(budget, cost=Decimal("0.1"))
        self.assertEqual(self.standing(policy)["remaining_cost"], 0)
        self.hold(budget, cost=Decimal("0.00000000000000000000000001"), expect=402)

    def test_rule_01_numbers_and_strings_are_the_same_money(self):
        budget = self.budget()
        one = self.policy(budget, cost_limit="0.30", period="daily")
        two = self.policy(budget, cost_limit=Decimal("0.3"), period="weekly")
        for policy in (one, two):
            self.assertEqual(self.standing(policy)["cost_limit"], Decimal("0.3"))

    def test_rule_01_two_currencies_are_never_added(self):
        self.assert_problem(self.home.post(f"{API}/policies", {"period": "daily", "cost_limit": 1, "currency": "EUR"}),
                            422, "currency_mismatch")
        self.assert_problem(self.home.post(f"{API}/prices", {"provider": "acme", "model": "euro",
                                                             "input_cost_per_token": 1,
                                                             "output_cost_per_token": 1, "currency": "EUR"}), 422)

    def test_rule_02_classes_are_disjoint_and_add_up(self):
        classes = ("input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
                   "output_tokens", "reasoning_tokens",
                   "input_audio_tokens", "output_audio_tokens", "input_image_tokens", "output_image_tokens")
        budget, policy = self.limited(token_limit=5000)
        record = self.record(budget, **{name: 2 ** n for n, name in enumerate(classes)}, requests=3, characters=7,
                             images=11, seconds="1.5")
        self.assertEqual({name: record[name] for name in classes}, {name: 2 ** n for n, name in enumerate(classes)},
                         "as they were sent")
        self.assertEqual(record["total_tokens"], 1023, "requests, characters, images and seconds are no tokens")
        self.assertEqual(self.standing(policy)["tokens_used"], 1023)

    def test_rule_02_counts_have_bounds(self):
        budget = self.budget()
        self.assertEqual(self.record(budget, input_tokens=10 ** 12, model="free")["total_tokens"], 10 ** 12)
        for value in (-1, 10 ** 12 + 1, 10 ** 30, Decimal("1.5")):
            with self.subTest(value):
                problem = self.record(budget, input_tokens=value, expect=422)
                self.assertEqual(problem["errors"][0]["pointer"], "/input_tokens")

    def test_rule_03_the_price_is_frozen_on_the_record(self):
        price = {"provider": "acme", "model": "moving", "input_cost_per_token": 1, "output_cost_per_token": 1}
        self.make("prices", price)
        budget = self.budget()
        before = self.record(budget, model="moving", input_tokens=3)
        self.make("prices", {**price, "input_cost_per_token": 2})
        after = self.record(budget, model="moving", input_tokens=3)
        self.assertEqual((before["total_cost"], after["total_cost"]), (3, 6))
        self.assertNotEqual(before["pricing_id"], after["pricing_id"])
        self.assertEqual(self.home.get(f"{API}/usage/records/{before['record_id']}").json, before)

    def test_rule_03_no_price_is_never_0(self):
        budget, policy = self.limited(cost_limit=1000)
        record = self.record(budget, model="nobody-knows-it", input_tokens=10)
        self.assertEqual((record["priced"], record["total_cost"], record["pricing_id"]), (False, None, None))
        self.assertGreater(record["ceiling_cost"], 0)
        line = self.standing(policy)
        self.assertEqual((line["cost_used"], line["unpriced_cost"]), (record["ceiling_cost"], record["ceiling_cost"]),
                         "counted, and kept apart")
        summary = self.home.get(f"{API}/usage/monthly?budget_id={budget}").json
        self.assertEqual((summary["total_cost"], summary["unpriced"]["count"], summary["unpriced"]["ceiling_cost"]),
                         (0, 1, record["ceiling_cost"]))
        hold = self.hold(budget, model="nobody-knows-it", tokens_allocated=10)
        self.assertEqual((hold["priced"], hold["held_cost"]), (False, record["ceiling_cost"]),
                         "held at the same ceiling")

    def test_rule_03_free_models_are_priced_0_and_pass_cost_limits(self):
        budget, _ = self.limited(cost_limit=0)
        self.record(budget)  # beyond the limit from here on
        self.hold(budget, tokens_allocated=1, expect=402)
        self.assertEqual(self.hold(budget, model="free", tokens_allocated=1000)["held_cost"], 0)
        record = self.record(budget, model="free", input_tokens=10)
        self.assertEqual((record["priced"], record["total_cost"]), (True, 0))
        self.home.put(f"{API}/budgets/{budget}", {"allow_free_models": False})
        self.hold(budget, model="free", tokens_allocated=1, expect=402)

    def test_rule_03_free_models_do_not_pass_token_limits(self):
        budget, _ = self.limited(token_limit=10)
        self.hold(budget, model="free", tokens_allocated=11, expect=402)
        self.hold(budget, model="free", tokens_allocated=10)


class Budgets(LedgerCase):
    def test_rule_04_a_request_is_charged_to_its_budget_and_all_above(self):
        top = self.budget()
        middle = self.budget(parent_id=top)
        bottom = self.budget(parent_id=middle)
        limits = [self.policy(budget, cost_limit=10) for budget in (top, middle, bottom)]
        beside = self.policy(self.budget(parent_id=top), cost_limit=10)
        self.record(bottom, input_tokens=1000)
        self.hold(middle, cost=2)
        self.assertEqual([self.used(policy) for policy in limits + [beside]], [(1, 2), (1, 2), (1, 0), (0, 0)])
        self.hold(bottom, cost=8, expect=402)

    def test_rule_04_unfiltered_limits_of_default_cap_everything(self):
        default = self.home.get(f"{API}/budgets?name=default").json["items"][0]["budget_id"]
        policy = self.policy(default, period="yearly", token_limit=10 ** 15)
        before = self.standing(policy)["tokens_used"]
        self.record(self.budget(), input_tokens=5)
        self.record(None, input_tokens=7)
        self.assertEqual(self.standing(policy)["tokens_used"] - before, 12)

    def test_rule_04_filters_count_all_matching_traffic_or_only_what_is_named(self):
        all_of_it = self.policy(self.make("budgets", {"name": "no parent given"})["budget_id"], component="crawler",
                                type="warn", cost_limit=10)
        named = self.policy(self.make("budgets", {"name": "parent given", "parent_id": self.budget()})["budget_id"],
                            component="crawler", cost_limit=10)
        self.record(self.budget(), component="crawler", input_tokens=1000)
        self.record(self.budget(), component="other", input_tokens=1000)
        self.assertEqual((self.used(all_of_it)[0], self.used(named)[0]), (1, 0))

    def test_rule_04_every_filter_counts_what_it_says(self):
        budget = self.budget()
        wanted = {"provider": "acme", "model": "plain", "component": "f4", "task_type": "summary",
                  "tier": "local_midweight"}
        policies = {name: self.policy(budget, period="lifetime", token_limit=10 ** 9, **{name: value}) for name,
                    value in wanted.items()}
        self.record(budget, **wanted, input_tokens=1)
        for name, other in {"provider": "openai", "model": "free", "component": "x", "task_type": "x",
                            "tier": "local_lightweight"}.items():
            before = self.standing(policies[name])["tokens_used"]
            self.record(budget, **{**wanted, name: other})
            self.assertEqual(self.standing(policies[name])["tokens_used"], before, f"another {name} is not counted")

    def test_rule_04_the_strictest_answer_wins(self):
        budget = self.budget()
        self.policy(budget, period="daily", type="warn", cost_limit="0.001")
        ask = {"estimated_tokens": 1000}
        self.assertEqual(self.check(budget, **ask)["decision"], "warn")
        soft = self.policy(budget, period="weekly", type="soft_limit", cost_limit="0.001")
        answer = self.check(budget, **ask)
        self.assertEqual((answer["decision"], answer["policy_id"]), ("approval_required", soft))
        hard = self.policy(budget, period="monthly", type="hard_limit", cost_limit="0.001")
        answer = self.check(budget, **ask)
        self.assertEqual((answer["decision"], answer["policy_id"], answer["allowed"]), ("block", hard, False))
        self.assertEqual(len([p for p in answer["policies"] if p["budget_id"] == budget]), 3)

    def test_rule_04_what_is_left_out_matches_every_filter_and_costs_most(self):
        budget = self.budget()
        self.policy(budget, component="narrow", cost_limit="0.001")
        self.policy(budget, provider="openai", token_limit=1)
        self.hold(budget, component="wide", tokens_allocated=10)
        self.hold(budget, tokens_allocated=10, expect=402)
        self.ask("allocations", {"budget_id": budget, "component": "wide", "tokens_allocated": 10}, 402)
        free_of_limits = self.budget()
        nameless = self.ask("allocations", {"budget_id": free_of_limits, "tokens_allocated": 1000}, 201)
        dearest = max(self.hold(free_of_limits, provider=provider, model=model, tokens_allocated=1000)["held_cost"]
                      for provider, model in (("anthropic", "claude-3-opus-20240229"), ("openai", "gpt-4"),
                                              ("acme", "plain")))
        self.assertGreaterEqual(nameless["held_cost"], dearest)

    def test_rule_04_eight_deep_and_no_deeper(self):
        parent = self.budget()
        for _ in range(6):
            parent = self.budget(parent_id=parent)
        self.assertEqual(self.home.get(f"{API}/budgets/{parent}").json["depth"], 8)
        self.assertIn(self.home.post(f"{API}/budgets", {"name": "ninth", "parent_id": parent}).status, (409, 422))

    def test_rule_06_each_type_does_what_it_says(self):
        for kind, decision, status in (("ignore", "allow", 201), ("warn", "warn", 201),
                                       ("soft_limit", "approval_required", 402), ("hard_limit", "block", 402)):
            with self.subTest(kind):
                budget, policy = self.limited(type=kind, cost_limit=1)
                self.record(budget, input_tokens=1000)
                answer = self.check(budget, estimated_tokens=10)
                self.assertEqual((answer["decision"], answer["allowed"]), (decision, status == 201))
                problem = self.hold(budget, cost="0.01", expect=status)
                if status == 402:
                    self.assertEqual(problem["code"], "insufficient_budget" if kind == "hard_limit"
                                     else "approval_required")
                self.assertEqual(self.used(policy)[0], 1, "counted in any case")

    def test_rule_06_priority_bypasses_nothing(self):
        budget, _ = self.limited(cost_limit=0)
        self.hold(budget, cost=1, priority=10, expect=402)

    def test_rule_06_null_is_no_limit_and_0_is_nothing(self):
        budget, policy = self.limited(token_limit=100, cost_limit=0)
        self.hold(budget, tokens_allocated=1, expect=402)
        self.assertEqual(self.home.patch(f"{API}/policies/{policy}", {"cost_limit": None}).status, 200)
        self.hold(budget, tokens_allocated=100)
        self.hold(budget, tokens_allocated=1, expect=402)

    def test_rule_07_limits_and_types_change_in_place(self):
        budget, policy = self.limited(cost_limit=1)
        self.record(budget, input_tokens=900)
        revision = self.home.get(f"{API}/policies/{policy}").json["revision"]
        self.hold(budget, cost="0.2", expect=402)
        self.home.put(f"{API}/policies/{policy}", {"cost_limit": 2})
        self.hold(budget, cost="0.2")
        self.home.put(f"{API}/policies/{policy}", {"cost_limit": "0.5"})
        line = self.standing(policy)
        self.assertEqual((line["cost_used"], line["remaining_cost"]), (Decimal("0.9"), 0),
                         "a lowered limit undoes no fact")
        self.assertEqual(self.check(budget, estimated_tokens=1)["decision"], "block")
        self.home.put(f"{API}/policies/{policy}", {"type": "warn"})
        self.hold(budget, cost=1)
        self.assertEqual(self.home.get(f"{API}/policies/{policy}").json["revision"], revision)

    def test_rule_07_another_filter_opens_with_what_already_matches(self):
        budget, policy = self.limited(cost_limit=1)
        self.record(budget, component="a", input_tokens=600)
        self.record(budget, component="b", input_tokens=300)
        hold = self.hold(budget, component="a", cost="0.05")
        self.home.patch(f"{API}/policies/{policy}", {"component": "a"})
        self.assertEqual(self.used(policy), (Decimal("0.6"), Decimal("0.05")))
        self.home.patch(f"{API}/policies/{policy}", {"component": None, "period": "yearly"})
        self.assertEqual(self.used(policy), (Decimal("0.9"), Decimal("0.05")))
        self.release(hold["allocation_id"])
        self.assertEqual(self.used(policy), (Decimal("0.9"), 0))
        self.assertEqual(self.drift(), [])


class Access(LedgerCase):
    def key(self, role, budget=None):
        document = self.make("keys", {"name": role, "role": role, **({"budget_id": budget} if budget else {})})
        return {"X-API-Key": document["key"]}

    def test_rule_16_the_role_of_a_key_says_what_it_may(self):
        budget = self.budget()
        reach = {"viewer": 0, "service": 1, "manager": 2, "admin": 3}
        deeds = (lambda key: self.home.get(f"{API}/usage/records", headers=key),
                 lambda key: self.home.post(f"{API}/check", {"budget_id": budget, "estimated_tokens": 1}, headers=key),
                 lambda key: self.home.post(f"{API}/limits", {"budget_id": budget, "period": "daily", "amount": 1},
                                            headers=key),
                 lambda key: self.home.get(f"{API}/audit", headers=key))
        for role, last in reach.items():
            key = self.key(role)
            for n, deed in enumerate(deeds):
                with self.subTest(role=role, deed=n):
                    answer = deed(key)
                    if n <= last:
                        self.assertLess(answer.status, 300, answer)
                    else:
                        self.assert_problem(answer, 403)

    def test_rule_16_a_key_of_a_budget_charges_that_budget_and_names_no_other_branch(self):
        mine, other = self.budget(), self.budget()
        below = self.budget(parent_id=mine)
        key = self.key("service", mine)
        self.assertEqual(self.record(None, headers=key)["budget_id"], mine)
        self.assertEqual(self.record(below, headers=key)["budget_id"], below)
        for verb in (self.record, self.hold, self.check):
            self.assertEqual(verb(other, headers=key, expect=403, input_tokens=1)["code"], "budget_out_of_reach")

    def test_rule_16_another_tenant_sees_nothing_of_it(self):
        other = "00000000-0000-7000-8000-0000000000ff"
        self.home.sql(f"INSERT INTO budget.tenant (tenant_id, name) VALUES ('{other}', 'other') ON CONFLICT DO NOTHING")
        budget = self.budget()
        record, hold = self.record(budget, context_id="secret")["record_id"], self.hold(budget, cost=1)["allocation_id"]
        for statement, args in (("usage_get", {"id": record}), ("hold_get", {"id": hold}),
                                ("budget_get", {"id": budget})):
            with self.subTest(statement):
                document = str(args).replace("'", '"')
                with self.assertRaisesRegex(AssertionError, "There is no"):
                    self.home.sql(f"SELECT * FROM budget.{statement}('{other}', '{{}}', '{document}')",
                                  role="budget_app")
        listed = ("SELECT body ->> 'total' FROM "
                  f"""budget.usage_list('{other}', '{{}}', '{{"limit": "5", "page": "1"}}')""")
        self.assertEqual(self.home.value(listed, role="budget_app"), "0")

    def test_rule_16_every_change_is_in_the_audit_log(self):
        budget, policy = self.limited(cost_limit=1)
        self.home.put(f"{API}/policies/{policy}", {"cost_limit": 2})
        items = self.home.get(f"{API}/audit?entity_id={policy}").json["items"]
        self.assertEqual([item["action"] for item in items], ["policy.update", "policy.create"])
        with self.assertRaises(AssertionError):
            self.home.sql("DELETE FROM budget.audit_log", role="budget_app")

    def test_rule_17_development_takes_who_comes_without_a_key_for_the_local_admin(self):
        self.assertEqual(self.home.get("/api/v1/status").json["role"], "admin")
        self.assert_problem(self.home.get("/api/v1/audit", headers={"X-API-Key": "bgt_nobody00_" + 43 * "x"}), 401)

    def test_rule_17_but_no_page_of_another_site(self):
        body = {"estimated_tokens": 1}
        self.assert_problem(self.home.post(f"{API}/check", body, headers={"Origin": "https://evil.example"}), 403)
        self.assert_problem(self.home.get(f"{API}/budgets", headers={"Host": "evil.example"}), 403)
        self.assert_problem(self.home.post(f"{API}/check", '{"estimated_tokens": 1}',
                                           headers={"Content-Type": "text/plain"}), 415)
        own = self.home.post(f"{API}/check", body, headers={"Origin": f"http://127.0.0.1:{self.home.port}"})
        self.assertEqual(own.status, 200, own)


if __name__ == "__main__":
    main()
