"""Prices over HTTP: list, set, history, current, calculate, by provider, recommendations; how records are priced."""
import pathlib
import sys
import uuid
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import TestCase, main  # noqa: E402


class Prices(TestCase):
    def set_price(self, status=201, **fields):
        answer = self.home.post("/api/v1/prices", fields)
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def calculate(self, **fields):
        answer = self.home.post("/api/v1/prices/calculate", fields)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_the_catalogue_is_there_from_the_start(self):
        answer = self.home.get("/api/v1/prices?limit=1000").json
        models = {(p["provider"], p["model"]) for p in answer["items"]}
        self.assertGreaterEqual(len(models), 120)
        self.assertGreaterEqual(len({provider for provider, _ in models}), 12)
        self.assertEqual(answer["total"], len(answer["items"]))
        self.assertTrue(all(p["end_date"] is None or p["end_date"] > p["effective_date"] for p in answer["items"]))
        self.assertEqual({p["scope"] for p in answer["items"]} - {"tenant"}, {"catalogue"})

    def test_both_prefixes_answer_alike(self):
        one, two = (self.home.get(f"{prefix}/prices?provider=anthropic&limit=3") for prefix in ("/api/v1", "/api"))
        self.assertEqual((one.status, one.json), (200, two.json))

    def test_the_list_is_filtered_before_it_is_paged(self):
        standard = "/api/v1/prices?provider=claude&serviceTier=standard"
        seen, cursor = [], ""
        while cursor is not None:
            page = self.home.get(f"{standard}&limit=4{cursor and '&cursor='}{cursor}").json
            self.assertLessEqual(len(page["items"]), 4)
            seen += [(p["provider"], p["model"]) for p in page["items"]]
            cursor = page["next_cursor"]
        self.assertEqual((seen, len(seen)), (sorted(set(seen)), page["total"]))
        self.assertEqual({provider for provider, _ in seen}, {"anthropic"})
        second = self.home.get("/api/v1/prices?provider=claude&service_tier=standard&limit=4&page=2").json
        self.assertEqual([p["model"] for p in second["items"]], [model for _, model in seen[4:8]])
        dated = self.home.get(f"{standard}&model=claude-3-opus-20240229").json["items"]
        self.assertEqual([p["model"] for p in dated], ["claude-3-opus"])
        self.assertEqual(self.home.get("/api/v1/prices?verified=false&source=manual").json["total"], 0)

    def test_current_shows_service_tiers_and_context_tiers(self):
        answer = self.home.post("/api/v1/prices/current",
                                {"provider": "anthropic", "model": "claude-sonnet-4-5-20250929"})
        self.assertEqual(answer.status, 200, answer)
        self.assertIn(b'"input_cost_per_token" : 0.000003,', answer.body)  # no exponent on the wire
        price = answer.json
        self.assertEqual((price["model"], price["requested_model"]),
                         ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"))
        self.assertEqual([t["service_tier"] for t in price["service_tiers"]], ["standard", "batch"])
        self.assertEqual(price["context_rates"][0]["above_input_tokens"], 200000)
        self.assertEqual(price["per_million"]["cache_read"], Decimal("0.3"))

    def test_an_unknown_model_is_404_with_the_nearest_names_and_never_0(self):
        for path in ("current", "calculate"):
            answer = self.home.post(f"/api/v1/prices/{path}", {"provider": "openai", "model": "gpt-5o-mini"})
            problem = self.assert_problem(answer, 404, "price_not_found")
            self.assertIn("openai/gpt-5-mini", problem["nearest"])
        self.assert_problem(self.home.get("/api/v1/prices/history/openai/gpt-5o-mini"), 404, "price_not_found")
        self.assert_problem(self.home.get(f"/api/v1/prices/{uuid.uuid4()}"), 404, "price_not_found")
        self.assert_problem(self.home.get("/api/v1/prices/not-an-id"), 404)

    def test_calculate_by_hand(self):
        # claude-sonnet-4-5: 3 / 15 per million, cache read 0.30, cache write 3.75 (5 min) and 6 (1 h).
        cost = self.calculate(provider="anthropic", model="claude-sonnet-4-5", inputTokens=1234, cacheReadTokens=10000,
                              cache_write_5m_tokens=2000, cache_write_1h_tokens=300, output_tokens=567)
        self.assertEqual((cost["input_cost"], cost["output_cost"], cost["total_cost"]),
                         (Decimal("0.016002"), Decimal("0.008505"), Decimal("0.024507")))
        self.assertEqual((cost["currency"], cost["priced"], cost["total_tokens"], cost["context_tier"]),
                         ("USD", True, 14101, None))
        # above 200,000 input tokens 6 / 22.50 for the whole request
        cost = self.calculate(provider="anthropic", model="claude-sonnet-4-5", input_tokens=200001, output_tokens=1000)
        self.assertEqual((cost["total_cost"], cost["context_tier"], cost["per_million"]["input"]),
                         (Decimal("1.222506"), 200000, 6))
        # batch is half
        cost = self.calculate(provider="openai", model="gpt-4o", service_tier="batch", input_tokens=1000000,
                              output_tokens=1000000)
        self.assertEqual((cost["total_cost"], cost["service_tier"]), (Decimal("6.25"), "batch"))
        self.assertEqual(self.calculate(model="whisper-1", seconds=90)["total_cost"], Decimal("0.009"))
        self.assertEqual(self.calculate(provider="ollama", model="anything:7b", input_tokens=5)["total_cost"], 0)
        half = self.calculate(model="whisper-1", input_tokens=90)
        self.assertEqual((half["priced"], half["total_cost"]), (False, None))

    def test_rule_01_a_price_keeps_every_digit_and_so_do_costs(self):
        model = f"own-{uuid.uuid4()}"
        price = self.set_price(provider="acme", model=model, input_cost_per_token="0.000001234567890123456789",
                               output_cost_per_token=Decimal("2e-6"))
        self.assertEqual((price["input_cost_per_token"], price["source"], price["verified"], price["scope"]),
                         (Decimal("0.000001234567890123456789"), "manual", True, "tenant"))
        record = self.home.post("/api/v1/usage/record",
                                {"provider": "acme", "model": model, "input_tokens": 999999, "output_tokens": 3})
        self.assertIn(record.status, (200, 201), record)
        self.assertEqual(record.json["total_cost"],
                         999999 * Decimal("0.000001234567890123456789") + 3 * Decimal("0.000002"))
        self.assertEqual((record.json["pricing_id"], record.json["priced"]), (price["pricing_id"], True))
        self.assertEqual(self.home.get(f"/api/v1/prices/{price['pricing_id']}").json["model"], model)

    def test_rule_03_the_price_is_frozen_on_the_record(self):
        model = f"moved-{uuid.uuid4()}"
        usage = {"provider": "acme", "model": model, "input_tokens": 10, "output_tokens": 0}
        self.set_price(provider="acme", model=model, input_cost_per_token="0.001", output_cost_per_token=0)
        first = self.home.post("/api/v1/usage/record", usage).json
        again = self.set_price(provider="acme", model=model, input_cost_per_token="0.002", output_cost_per_token=0)
        second = self.home.post("/api/v1/usage/record", usage).json
        self.assertEqual((first["total_cost"], second["total_cost"]), (Decimal("0.01"), Decimal("0.02")))
        self.assertEqual(self.home.get(f"/api/v1/usage/records/{first['record_id']}").json["total_cost"],
                         Decimal("0.01"))
        self.assertEqual((again["version"], again["changes"]["input_cost_per_token"]["change_percent"]), (2, 100))
        history = self.home.get(f"/api/v1/prices/history/acme/{model}").json
        self.assertEqual([(p["version"], p["end_date"]) for p in history["items"]],
                         [(2, None), (1, history["items"][0]["effective_date"])])
        self.set_price(200, provider="acme", model=model, input_cost_per_token="0.0020", output_cost_per_token="0")

    def test_a_model_with_a_slash_has_a_history(self):
        answer = self.home.get("/api/v1/prices/history/groq/openai/gpt-oss-120b")
        self.assertEqual((answer.status, answer.json["model"]), (200, "openai/gpt-oss-120b"), answer)

    def test_ending_ones_own_price_brings_the_catalogue_back(self):
        mine = self.set_price(provider="openai", model="gpt-4.1-nano", input_cost_per_token=1, output_cost_per_token=1)
        self.assertEqual(self.calculate(model="gpt-4.1-nano", provider="openai", input_tokens=1)["total_cost"], 1)
        answer = self.home.delete(f"/api/v1/prices/{mine['pricing_id']}")
        self.assertEqual((answer.status, answer.json["end_date"] is None), (200, False), answer)
        back = self.calculate(model="gpt-4.1-nano", provider="openai", input_tokens=1)
        self.assertEqual(back["total_cost"], Decimal("0.0000001"))
        self.assert_problem(self.home.delete(f"/api/v1/prices/{back['pricing_id']}"), 409, "price_of_catalogue")

    def test_context_rates_and_free_models_can_be_set(self):
        model = f"tiered-{uuid.uuid4()}"
        self.set_price(provider="acme", model=model, inputCostPerToken="0.001", outputCostPerToken="0.002",
                       contextRates=[{"aboveInputTokens": 100, "inputCostPerToken": "0.01"}])
        self.assertEqual(self.calculate(provider="acme", model=model, input_tokens=101, output_tokens=1)["total_cost"],
                         Decimal("1.012"))
        self.set_price(provider="acme", model=f"gift-{model}", price_type="free")
        self.assertEqual(self.calculate(provider="acme", model=f"gift-{model}", input_tokens=101)["total_cost"], 0)

    def test_bad_prices_are_refused_with_the_pointer(self):
        rates = {"input_cost_per_token": 1, "output_cost_per_token": 1}
        for fields, code, pointer in (
                ({"model": "m", **rates}, None, "/provider"),
                ({"provider": "p", "model": "m"}, "missing_field", "/input_cost_per_token"),
                ({"provider": "p", "model": "m", **rates, "input_cost_per_token": -1}, None, "/input_cost_per_token"),
                ({"provider": "p", "model": "m", **rates, "input_cost_per_token": "cheap"}, None,
                 "/input_cost_per_token"),
                ({"provider": "p", "model": "m", **rates, "currency": "EUR"}, "currency_mismatch", "/currency"),
                ({"provider": "p", "model": "m", **rates, "service_tier": "golden"}, None, "/service_tier"),
                ({"provider": "p", "model": "m", **rates, "colour": "red"}, None, "/colour"),
                ({"provider": "p", "model": "m", **rates, "context_rates": [{"above_input_tokens": 0}]}, None,
                 "/context_rates/0/above_input_tokens")):
            problem = self.assert_problem(self.home.post("/api/v1/prices", fields), 422, code)
            self.assertEqual(problem["errors"][0]["pointer"], pointer)

    def test_providers_group_the_same_prices(self):
        answer = self.home.get("/api/providers/prices?limit=1000").json
        groups = {item["provider"]: item for item in answer["items"]}
        self.assertEqual((groups["ollama"]["kind"], groups["anthropic"]["kind"]), ("local", "maker"))
        opus = next(m for m in groups["anthropic"]["models"] if m["model"] == "claude-3-opus")
        self.assertEqual((opus["input_cost_per_token"], opus["tier"]), (Decimal("0.000015"), "remote_heavyweight"))
        self.assertEqual([p["service_tier"] for p in opus["prices"]], ["standard", "batch"])

    def test_recommendations_are_cheaper_and_can_do_the_job(self):
        answer = self.home.post("/api/v1/prices/recommendations",
                                {"provider": "anthropic", "model": "claude-opus-4-1", "context_size": 150000,
                                                                   "output_size": 1000, "capability": "vision"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json["current_cost"], Decimal("2.325"))  # 150,000 x 15 + 1,000 x 75 per million
        self.assertTrue(answer.json["items"])
        for item in answer.json["items"]:
            self.assertLess(item["estimated_cost"], answer.json["current_cost"])
            self.assertGreaterEqual(item["context_tokens"], 151000)
            self.assertIn("vision", item["capabilities"])
            self.assertEqual((item["tier"], item["savings"]),
                             ("remote_heavyweight", answer.json["current_cost"] - item["estimated_cost"]))

    def test_rule_03_a_model_with_no_price_is_never_0_and_priced_as_soon_as_it_has_one(self):
        usage = {"provider": "nobody", "model": f"new-{uuid.uuid4()}", "input_tokens": 10, "output_tokens": 5}
        record = self.home.post("/api/v1/usage/record", usage).json
        self.assertEqual((record["priced"], record["total_cost"], record["pricing_id"]), (False, None, None))
        self.set_price(provider="nobody", model=usage["model"], input_cost_per_token="0.01",
                       output_cost_per_token="0.1")
        record = self.home.post("/api/v1/usage/record", usage).json
        self.assertEqual((record["priced"], record["total_cost"]), (True, Decimal("0.6")))


if __name__ == "__main__":
    main()
