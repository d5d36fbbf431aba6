"""The catalogue against real data (BUDGET_TEST_DATA): what public feeds say, what usage of providers costs."""
import collections
import json
import os
import pathlib
import sys
import unittest
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import TestCase, main  # noqa: E402

DATA = os.environ.get("BUDGET_TEST_DATA")
# Provider names of the data -> ours, for those whose own prices the catalogue has.
SENDERS = {"anthropic": "anthropic", "openai": "openai", "google": "google", "groq": "groq", "aws": "bedrock",
           "azure": "azure"}
# Cases in which the expectation, not the catalogue, is the odd one: model -> why.
EXPLAINED = {
    "gpt-4o-audio-preview-2024-12-17": "the data has no audio rate for it: audio counts as text there",
    "gpt-oss-120b": "the data prices it by another host",
    "openai.gpt-5.6-luna": "the data's expectation is from before the price of 2026-07-30",
    "gemini-2.5-flash": "cached image and audio tokens have rates of their own there",
    "google/gemini-2.0-flash-exp:free": "a free route of OpenRouter sent to Google",
}


def load(name):
    return json.loads((pathlib.Path(DATA) / name).read_text(), parse_float=Decimal)


def counts(usage):
    """The expected counts as disjoint classes: input and output include what stands beside them."""
    def get(name):
        return usage.get(name, 0)
    beside = sum(map(get, ("cache_read_tokens", "cache_write_tokens", "input_audio_tokens", "input_image_tokens")))
    return {"input_tokens": max(get("input_tokens") - beside, 0), "cache_read_tokens": get("cache_read_tokens"),
            "cache_write_5m_tokens": get("cache_write_tokens"), "input_audio_tokens": get("input_audio_tokens"),
            "input_image_tokens": get("input_image_tokens"), "output_image_tokens": get("output_image_tokens"),
            "reasoning_tokens": get("output_reasoning_tokens"),
            "output_tokens": max(get("output_tokens") - get("output_reasoning_tokens") - get("output_image_tokens"), 0)}


class CatalogueOnRealData(TestCase):
    @classmethod
    def setUpClass(cls):
        if not DATA:
            raise unittest.SkipTest("BUDGET_TEST_DATA is not set")
        super().setUpClass()

    def ask(self, path, body):
        answer = self.home.post(f"/api/v1/prices/{path}", body)
        return answer.json if answer.status == 200 else None

    def test_usage_of_providers_costs_what_is_expected(self):
        cases = {}
        for body in load("usage/provider-usages.json"):
            for reading in body["extracted"]:
                for sender in reading["extractors"]:
                    if sender["provider_id"] in SENDERS and "input_price" in sender:
                        key = (SENDERS[sender["provider_id"]], body["model"],
                               json.dumps(reading["usage"], sort_keys=True))
                        cases[key] = (reading["usage"],
                                      Decimal(sender["input_price"]) + Decimal(sender.get("output_price", "0")))
        tally, odd = collections.Counter(), collections.Counter()
        for (provider, model, _), (usage, expected) in cases.items():
            cost = self.ask("calculate", {"provider": provider, "model": model, "at": "2026-08-20T00:00:00Z",
                                          **counts(usage)})
            if cost and cost["total_cost"] == expected:
                tally["equal"] += 1
            elif model in EXPLAINED or sum(counts(usage).values()) > 200000:  # long contexts: tiers are per class there
                tally["explained"] += 1
            else:
                tally["odd"] += 1
                odd[f"{provider} {model}: {cost and cost['total_cost']} for {expected}"] += 1
        print(f"# {len(cases)} usages: {dict(tally)}")
        for line in sorted(odd):
            print(f"# {line}")
        self.assertGreaterEqual(tally["equal"], 0.97 * len(cases))

    def test_feeds_report_where_they_differ(self):
        names = {"anthropic": "anthropic", "openai": "openai", "google": "google", "mistral": "mistral", "xai": "xai",
                 "deepseek": "deepseek",
                 "moonshot-ai": "moonshot"}
        tally = collections.Counter()
        for price in load("prices/llm-prices-current-v1.json")["prices"]:
            if price["vendor"] not in names or price["id"].endswith(("-128k", "-200k", "-272k")):  # context tiers
                continue
            ours = self.ask("current", {"provider": names[price["vendor"]], "model": price["id"]})
            if not ours:
                tally["unknown"] += 1
            elif [ours["per_million"].get(side) for side in ("input", "output")] == [price["input"], price["output"]]:
                tally["equal"] += 1
            else:
                tally["different"] += 1
                print(f"# {price['id']}: {price['input']}/{price['output']}, ours {ours['per_million']}")
        print(f"# llm-prices: {dict(tally)}")
        self.assertGreater(tally["equal"], tally["different"] + tally["unknown"])


if __name__ == "__main__":
    main()
