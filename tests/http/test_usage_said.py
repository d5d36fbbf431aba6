"""Usage as providers say it: `usage`, `response`, `keep_raw`, what is refused, and costs worked out by hand from the
providers' public prices (per million tokens, as the built-in catalogue has them)."""
import pathlib
import sys
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import main  # noqa: E402
from ledger import API, LedgerCase, uuid7  # noqa: E402

MILLION = Decimal(10 ** 6)

# (what, provider, response, [(tokens, USD per million)], more cost)
BY_HAND = [
    ("OpenAI gpt-5: 1.25 in, 0.125 cached, 10 out, reasoning as output", None,
     {"id": "chatcmpl-1", "model": "gpt-5-2025-08-07", "service_tier": "default",
      "usage": {"prompt_tokens": 10000, "completion_tokens": 3000, "total_tokens": 13000,
                "prompt_tokens_details": {"cached_tokens": 8000}, "completion_tokens_details": {"reasoning_tokens": 2000}}},
     [(2000, "1.25"), (8000, "0.125"), (3000, "10")], 0),
    ("OpenAI gpt-5, flex: half", None,
     {"id": "resp_1", "model": "gpt-5", "service_tier": "flex",
      "usage": {"input_tokens": 10000, "output_tokens": 3000, "total_tokens": 13000,
                "input_tokens_details": {"cached_tokens": 8000}, "output_tokens_details": {"reasoning_tokens": 2000}}},
     [(2000, "0.625"), (8000, "0.0625"), (3000, "5")], 0),
    ("OpenAI gpt-5, priority: double", None,
     {"id": "resp_2", "model": "gpt-5", "service_tier": "priority", "usage": {"input_tokens": 1000, "output_tokens": 100}},
     [(1000, "2.5"), (100, "20")], 0),
    ("Anthropic Sonnet 4.5: 3 in, 0.30 read, 3.75 and 6 written, 15 out, a search 0.01", None,
     {"id": "msg_1", "model": "claude-sonnet-4-5-20250929",
      "usage": {"input_tokens": 100, "cache_read_input_tokens": 5000, "cache_creation_input_tokens": 3000,
                "cache_creation": {"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 2000},
                "output_tokens": 700, "server_tool_use": {"web_search_requests": 2}, "service_tier": "standard"}},
     [(100, "3"), (5000, "0.3"), (1000, "3.75"), (2000, "6"), (700, "15")], Decimal("0.02")),
    ("Anthropic Sonnet 4.5 above 200,000 input tokens: the whole request at 6, 0.60, 22.50", None,
     {"id": "msg_2", "model": "claude-sonnet-4-5",
      "usage": {"input_tokens": 150000, "cache_read_input_tokens": 60000, "cache_creation_input_tokens": 0,
                "output_tokens": 1000}},
     [(150000, "6"), (60000, "0.6"), (1000, "22.5")], 0),
    ("Anthropic Sonnet 4.5 at 200,000 is not above it", None,
     {"id": "msg_3", "model": "claude-sonnet-4-5",
      "usage": {"input_tokens": 140000, "cache_read_input_tokens": 60000, "output_tokens": 1000}},
     [(140000, "3"), (60000, "0.3"), (1000, "15")], 0),
    ("Anthropic Haiku 4.5 in a batch: half of 1, 0.10 and 5", None,
     {"id": "msg_4", "model": "claude-haiku-4-5",
      "usage": {"input_tokens": 1000, "cache_read_input_tokens": 4000, "output_tokens": 200, "service_tier": "batch"}},
     [(1000, "0.5"), (4000, "0.05"), (200, "2.5")], 0),
    ("Gemini 2.5 Flash: 0.30 text and image, 1 audio, 0.03 cached, 2.50 out, thoughts as output", None,
     {"responseId": "g1", "modelVersion": "gemini-2.5-flash",
      "usageMetadata": {"promptTokenCount": 5000, "cachedContentTokenCount": 2000, "candidatesTokenCount": 400,
                        "thoughtsTokenCount": 600, "totalTokenCount": 6000,
                        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 3742},
                                                {"modality": "AUDIO", "tokenCount": 1000},
                                                {"modality": "IMAGE", "tokenCount": 258}]}},
     [(1742, "0.3"), (1000, "1"), (258, "0.3"), (2000, "0.03"), (1000, "2.5")], 0),
    ("Gemini 2.5 Pro above 200,000: 2.50, 0.25, 15", None,
     {"responseId": "g2", "modelVersion": "gemini-2.5-pro",
      "usageMetadata": {"promptTokenCount": 250000, "cachedContentTokenCount": 50000, "candidatesTokenCount": 1000,
                        "totalTokenCount": 251000}},
     [(200000, "2.5"), (50000, "0.25"), (1000, "15")], 0),
    ("Bedrock Sonnet 4.5, regional: 10 % above the maker", "bedrock",
     {"modelId": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
      "usage": {"inputTokens": 1000, "outputTokens": 100, "totalTokens": 3100, "cacheReadInputTokens": 2000,
                "cacheWriteInputTokens": 0}},
     [(1000, "3.3"), (2000, "0.33"), (100, "16.5")], 0),
    ("DeepSeek chat: 0.28 in, 0.028 on a hit, 0.42 out", None,
     {"id": "d1", "model": "deepseek-chat",
      "usage": {"prompt_tokens": 2000, "completion_tokens": 300, "total_tokens": 2300, "prompt_cache_hit_tokens": 1500,
                "prompt_cache_miss_tokens": 500}},
     [(500, "0.28"), (1500, "0.028"), (300, "0.42")], 0),
    ("Mistral Large 2512: 0.5, 0.05 cached, 1.5", None,
     {"id": "m1", "model": "mistral-large-2512",
      "usage": {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200, "num_cached_tokens": 400}},
     [(600, "0.5"), (400, "0.05"), (200, "1.5")], 0),
    ("Groq gpt-oss-120b: 0.15, 0.6", None,
     {"id": "c1", "model": "openai/gpt-oss-120b", "x_groq": {"id": "req_1"},
      "usage": {"queue_time": 0.1, "prompt_tokens": 300, "completion_tokens": 50, "total_tokens": 350,
                "completion_tokens_details": {"reasoning_tokens": 20}}},
     [(300, "0.15"), (50, "0.6")], 0),
    ("Cohere Command A: billed units at 2.50 and 10", "cohere",
     {"id": "co1", "model": "command-a-03-2025",
      "usage": {"billed_units": {"input_tokens": 41.0, "output_tokens": 28.0}, "tokens": {"input_tokens": 1442.0,
                                                                                         "output_tokens": 29.0}}},
     [(41, "2.5"), (28, "10")], 0),
    ("xAI Grok 4: 3 in, 0.75 cached, 15 out, reasoning beside the completion", None,
     {"id": "x1", "model": "grok-4-0709",
      "usage": {"prompt_tokens": 687, "completion_tokens": 240, "total_tokens": 1092,
                "prompt_tokens_details": {"cached_tokens": 682}, "completion_tokens_details": {"reasoning_tokens": 165}}},
     [(5, "3"), (682, "0.75"), (405, "15")], 0),
    ("Perplexity deep research: 2 in and for citations, 8 out, 3 reasoning, 0.005 a search", None,
     {"id": "p1", "model": "sonar-deep-research",
      "usage": {"prompt_tokens": 33, "completion_tokens": 7163, "total_tokens": 7196, "citation_tokens": 20016,
                "num_search_queries": 18, "reasoning_tokens": 73997}},
     [(20049, "2"), (7163, "8"), (73997, "3")], Decimal("0.09")),
    ("Ollama: free", None,
     {"model": "llama3.2", "message": {"role": "assistant", "content": "secret words"}, "done": True, "total_duration": 5,
      "prompt_eval_count": 26, "eval_count": 290}, [], 0),
]


class Said(LedgerCase):
    def say(self, expect=201, headers=None, **body):
        return self.ask("usage/record", {"budget_id": self.charged, **body}, expect, headers)

    def setUp(self):
        self.charged, self.limit = self.limited(cost_limit=10 ** 6)

    def test_costs_worked_out_by_hand(self):
        for what, provider, response, parts, more in BY_HAND:
            with self.subTest(what):
                record = self.say(provider=provider, response=response)
                cost = sum(tokens * Decimal(rate) / MILLION for tokens, rate in parts) + more
                self.assertEqual(record["total_cost"], cost)
                self.assertEqual(record["total_tokens"], sum(tokens for tokens, _ in parts) or 316)
                self.assertEqual(record["flags"], [])
                shown = self.home.get(f"{API}/usage/records/{record['record_id']}").json
                self.assertEqual(shown, record)
                if "id" in response:
                    self.assertEqual(record["request_id"], response["id"])

    def test_counts_beside_usage_are_refused_by_name(self):
        usage = {"prompt_tokens": 3, "completion_tokens": 4}
        for field in ("input_tokens", "cache_read_tokens", "requests", "seconds", "web_searches"):
            problem = self.say(422, provider="openai", model="gpt-5", usage=usage, **{field: 1})
            self.assertEqual((problem["code"], problem["errors"][0]["pointer"]), ("ambiguous_amount", f"/{field}"))
        problem = self.say(422, provider="openai", model="gpt-5", usage=usage, response={"usage": usage})
        self.assertEqual((problem["code"], problem["errors"][0]["pointer"]), ("ambiguous_amount", "/usage"))

    def test_what_nobody_recognises_says_what_was_looked_for(self):
        problem = self.say(422, provider="openai", model="gpt-5", usage={"tokens": 3})
        self.assertEqual((problem["code"], problem["errors"][0]["pointer"]), ("usage_not_recognised", "/usage"))
        for name in ("prompt_tokens", "promptTokenCount", "billed_units", "prompt_eval_count"):
            self.assertIn(name, problem["detail"])
        problem = self.say(422, provider="openai", model="gpt-5", response={"choices": []})
        self.assertEqual((problem["code"], problem["errors"][0]["pointer"]), ("usage_not_found", "/response"))
        problem = self.say(422, provider="openai", model="gpt-5", response={"usage": {"prompt_tokens": "x"}})
        self.assertEqual((problem["code"], problem["errors"][0]["pointer"]), ("wrong_type", "/response/usage/prompt_tokens"))

    def test_provider_and_model_may_be_left_to_the_answer_but_not_to_chance(self):
        problem = self.say(422, model="house-model", usage={"prompt_tokens": 3})
        self.assertEqual((problem["code"], problem["errors"][0]["pointer"]), ("missing_field", "/provider"))
        problem = self.say(422, usage={"prompt_tokens": 3}, provider="openai")
        self.assertEqual((problem["code"], problem["errors"][0]["pointer"]), ("missing_field", "/model"))
        record = self.say(provider="acme", model="plain", response={"model": "gpt-5", "usage": {"prompt_tokens": 3}})
        self.assertEqual((record["provider"], record["model"], record["total_cost"]), ("acme", "plain", Decimal("0.003")))

    def test_what_contradicts_itself_is_kept_and_flagged(self):
        record = self.say(provider="acme", model="plain", usage={
            "prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 120},
            "completion_tokens_details": {"reasoning_tokens": 12}})
        self.assertEqual(record["flags"], ["usage_inconsistent"])
        self.assertEqual([record[name] for name in ("input_tokens", "cache_read_tokens", "output_tokens",
                                                    "reasoning_tokens")], [0, 120, 0, 12])
        self.assertEqual(self.used(self.limit)[0], record["total_cost"])
        self.assertEqual(self.drift(), [])

    def test_the_raw_object_is_kept_on_request_and_no_content_is(self):
        usage = {"prompt_tokens": 3, "completion_tokens": 4, "cost": 0.5, "prompt_tokens_details": {"cached_tokens": 0}}
        said = {"provider": "acme", "model": "plain"}
        kept = self.say(**said, usage=usage, keep_raw=True)
        self.assertEqual(self.home.get(f"{API}/usage/records/{kept['record_id']}").json["raw"],
                         {**usage, "cost": Decimal("0.5")})
        plain = self.say(**said, usage=usage)
        self.assertNotIn("raw", self.home.get(f"{API}/usage/records/{plain['record_id']}").json)
        answer = {"choices": [{"message": {"content": "secret words"}}], "usage": usage}
        kept = self.say(**said, response=answer, keepRaw=True)
        self.assertEqual(self.home.get(f"{API}/usage/records/{kept['record_id']}").json["raw"],
                         {**usage, "cost": Decimal("0.5")})
        kept = self.say(response=BY_HAND[-1][2], keep_raw=True)
        raw = self.home.get(f"{API}/usage/records/{kept['record_id']}").json["raw"]
        self.assertEqual(raw, {"done": True, "total_duration": 5, "prompt_eval_count": 26, "eval_count": 290})
        huge = {**usage, "details": ["x" * 100] * 200}
        self.assertEqual(self.say(422, **said, usage=huge, keep_raw=True)["code"], "out_of_range")
        kept = self.say(**said, response={"usage": huge}, keep_raw=True)
        self.assertEqual(kept["flags"], ["raw_left_out"])
        self.assertEqual(self.home.value("SELECT count(*) FROM budget.usage_record WHERE raw::text LIKE '%secret%'"), "0")

    def test_the_provider_s_own_cost_stands_beside_ours(self):
        record = self.say(provider="acme", model="plain", usage={"prompt_tokens": 10, "completion_tokens": 1, "cost": 1.5e-2})
        self.assertEqual([record[name] for name in ("total_cost", "reported_cost", "cost_gap")],
                         [Decimal("0.012"), Decimal("0.015"), Decimal("-0.003")])
        record = self.say(provider="acme", model="plain", reported_cost="0.01", usage={"prompt_tokens": 10, "cost": 9})
        self.assertEqual([record[name] for name in ("reported_cost", "cost_gap")], [Decimal("0.01"), 0])
        unpriced = self.say(provider="acme", model="nobody-knows", usage={"prompt_tokens": 10, "cost": 9})
        self.assertEqual([unpriced[name] for name in ("total_cost", "reported_cost", "cost_gap")], [None, 9, None])
        self.assertEqual(self.home.get(f"{API}/usage/records/{record['record_id']}").json, record)
        summary = self.home.get(f"{API}/usage/summary?period=daily&budget_id={self.charged}").json
        self.assertEqual(summary["reported"], {"count": 3, "cost": Decimal("9.025"), "cost_gap": Decimal("-0.003")})
        record = self.say(provider="acme", model="plain", usage={"prompt_tokens": 10, "cost": "free"})
        self.assertEqual((record["reported_cost"], record["flags"]), (None, ["reported_cost_unreadable"]))

    def test_a_repeat_is_the_first_answer_and_another_usage_is_not(self):
        said = {"provider": "acme", "model": "plain", "record_id": uuid7()}
        first = self.say(**said, usage={"prompt_tokens": 10})
        self.assertEqual(self.say(**said, usage={"prompt_tokens": 10}), first)
        self.assertEqual(self.answer.headers["Idempotency-Replayed"], "true")
        self.assertEqual(self.say(422, **said, usage={"prompt_tokens": 11})["code"], "idempotency_mismatch")
        self.assertEqual(self.used(self.limit), (Decimal("0.01"), 0))

    def test_it_settles_a_hold_like_any_record(self):
        hold = self.hold(self.charged, tokens_allocated=100)["allocation_id"]
        record = self.say(provider="acme", model="plain", allocation_id=hold, final=True, usage={"prompt_tokens": 10})
        self.assertEqual((record["cause"], record["allocation"]["state"]), ("held", "settled"))
        self.assertEqual(self.used(self.limit), (Decimal("0.01"), 0))

    def test_a_batch_mixes_every_form(self):
        row = {"provider": "acme", "model": "plain", "budget_id": self.charged}
        answer = self.home.post(f"{API}/usage/batch", [
            {**row, "input_tokens": 1}, {**row, "usage": {"prompt_tokens": 2}},
            {"budget_id": self.charged, "response": BY_HAND[0][2]}, {**row, "usage": {"nothing": 1}},
            {**row, "usage": {"prompt_tokens": 2}, "output_tokens": 3}, {**row, "usage": {"inputTokens": 3, "outputTokens": 0}}])
        self.assertEqual([item["status"] for item in answer.json["items"]], [201, 201, 201, 422, 422, 201], answer)
        self.assertEqual([item["error"]["pointer"] for item in answer.json["items"] if "error" in item],
                         ["/3/usage", "/4/output_tokens"])
        cost = sum(tokens * Decimal(rate) / MILLION for tokens, rate in BY_HAND[0][3])
        self.assertEqual(self.used(self.limit), (Decimal("0.006") + cost, 0))


if __name__ == "__main__":
    main()
