"""What providers really report becomes usage records, sent as it is, and every way to add them up gives the same to the
last digit.

Always: bodies written by hand from the providers' documentation (tests/fixtures/provider_usages.json). With
BUDGET_TEST_DATA also every body of usage/provider-usages.json in that folder, against the counts expected there.
"""
import json
import os
import pathlib
import subprocess
import sys
import unittest
from decimal import Decimal

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/harness"))
from home import TestCase, main  # noqa: E402

DATA = pathlib.Path(os.environ.get("BUDGET_TEST_DATA") or "/nonexistent") / "usage/provider-usages.json"
INPUT = ("input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "input_audio_tokens",
         "input_image_tokens")
OUTPUT = ("output_tokens", "reasoning_tokens", "output_audio_tokens", "output_image_tokens")

# Bodies of which we count something else than the data expects, and why.
EXPLAINED = {
    ("claude-sonnet-5", 2390, 121): (
        2390 + 2518, 121 + 22, "another model's advice stands in `iterations` only: it is billed, so it is counted, and"
        " flagged other_model_usage"),
    ("claude-sonnet-4-6", 220, 8): (
        220 + 55196, 8 + 125, "a compaction stands in `iterations` only: billed on top of the totals"),
}


class RealUsage(TestCase):
    def budget(self, name):
        answer = self.home.post("/api/v1/budgets", {"name": name})
        self.assertEqual(answer.status, 201, answer)
        return answer.json["budget_id"]

    def record(self, budget, provider, model, **said):
        """said: usage or response, exactly as the provider sent it."""
        body = {"provider": provider, "model": model, "component": "provider", "budget_id": budget, **said}
        answer = self.home.post("/api/v1/usage/record", {name: value for name, value in body.items() if value is not None})
        self.assertEqual(answer.status, 201, (body, answer))
        return answer.json

    def cli(self, *words):
        folder = os.environ.get("BUDGET_APP_DIR") or self.home.folder / "app"
        done = subprocess.run([f"{folder}/bin/budget", *words], capture_output=True, text=True, check=False,
                              env={**os.environ, "BUDGET_URL": f"http://127.0.0.1:{self.home.port}"})
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout, parse_float=Decimal)

    def check_sums(self, budget, records):
        """Records as answered, plain SQL, both summaries, the period, the report and the command agree."""
        cost = sum(record["total_cost"] or 0 for record in records)
        tokens = sum(record["total_tokens"] for record in records)
        plain = self.home.sql(
            "SELECT trim_scale(coalesce(sum(u.cost), 0)), sum(u.total_tokens), count(*), "
            "count(*) FILTER (WHERE u.cost IS NULL) FROM budget.usage_record u "
            f"JOIN budget.shape s USING (tenant_id, shape_id) WHERE s.budget_id = '{budget}'")[0]
        self.assertEqual((Decimal(plain[0]), int(plain[1]), int(plain[2])), (cost, tokens, len(records)))
        for name, summary in {
                "summary": self.home.get(f"/api/v1/usage/summary?period=daily&budget_id={budget}").json,
                "posted summary": self.home.post("/api/v1/usage/summary",
                                                 {"period": "monthly", "budget_id": budget}).json,
                "period": self.home.get(f"/api/usage/daily?budget_id={budget}").json,
                "command": self.cli("get-usage", "daily", "--budget", budget, "--format", "json")}.items():
            with self.subTest(name):
                self.assertEqual((summary["total_cost"], summary["total_tokens"], summary["count"],
                                  summary["unpriced"]["count"]),
                                 (cost, tokens, len(records), int(plain[3])))
                for class_name in INPUT + OUTPUT:
                    self.assertEqual(summary[f"total_{class_name}"], sum(record[class_name] for record in records),
                                     class_name)
                self.assertEqual(sum(group["cost"] for group in summary["groups"]["model"].values()), cost)
        items = self.home.get(f"/api/v1/budgets/{budget}/summary?period=monthly").json["items"]
        self.assertEqual({(item["total_cost"], item["total_tokens_used"]) for item in items}, {(cost, tokens)})
        report = self.home.get(f"/api/v1/reports/summary?period=daily&budget_id={budget}").json["totals"]
        self.assertEqual((report["cost"], report["total_tokens"]), (cost, tokens))

    def test_documented_bodies_become_records_and_every_sum_agrees(self):
        budget = self.budget("documented")
        self.home.post("/api/v1/limits", {"budget_id": budget, "period": "monthly", "amount": 100})
        records = []
        for item in json.loads((ROOT / "tests/fixtures/provider_usages.json").read_text(encoding="utf-8")):
            with self.subTest(item["about"]):
                for said in ({"response": item["body"]}, {"usage": item["body"].get("usage") or item["body"]["usageMetadata"]}):
                    record = self.record(budget, item["provider"], item["model"], **said)
                    self.assertEqual({name: record[name] for name in INPUT + OUTPUT + ("web_searches",) if record[name]},
                                     item["counts"])
                    self.assertTrue(record["priced"], "the built-in catalogue knows it")
                    self.assertEqual(record["flags"], [])
                    records.append(record)
        self.check_sums(budget, records)

    @unittest.skipUnless(DATA.exists(), "BUDGET_TEST_DATA names no folder with usage/provider-usages.json")
    def test_real_bodies_become_records_and_every_sum_agrees(self):
        budget = self.budget("real")
        self.home.post("/api/v1/limits", {"budget_id": budget, "period": "monthly", "amount": 100})
        records, equal = [], 0
        for item in json.loads(DATA.read_text(encoding="utf-8")):
            body = {name: value for name, value in item["body"].items() if name != "file"}
            provider, expected = sender(item)
            with self.subTest(item["body"]["file"]):
                record = self.record(budget, provider, None if "model" in body or "modelVersion" in body else "not-named",
                                     response=body)
                records.append(record)
                self.assertEqual(record["flags"] in ([], ["other_model_usage"]), True, record["flags"])
                counted = sum(record[name] for name in INPUT), sum(record[name] for name in OUTPUT)
                wanted = expected.get("input_tokens", 0), expected.get("output_tokens", 0)
                if counted != wanted:
                    self.assertEqual(counted, EXPLAINED[(body["model"], *wanted)][:2], body)
                    continue
                self.assert_classes(record, expected, body)
                equal += 1
        print(f"# {equal} of {len(records)} bodies count as expected")
        self.assertGreater(len(records), 700)
        self.assertGreaterEqual(equal / len(records), 0.99)
        self.check_sums(budget, records)

    def assert_classes(self, record, expected, body):
        for name in ("cache_read_tokens", "web_searches", "input_audio_tokens", "output_image_tokens"):
            if name in expected:
                self.assertEqual(record[name], expected[name], body)
        if "output_reasoning_tokens" in expected:
            self.assertEqual(record["reasoning_tokens"], expected["output_reasoning_tokens"], body)
        if "cache_write_tokens" in expected:
            self.assertEqual(record["cache_write_5m_tokens"] + record["cache_write_1h_tokens"],
                             expected["cache_write_tokens"], body)


def sender(item):
    """(provider, the expected reading) of who sent a body, told by its shape."""
    body, usage = item["body"], item["body"].get("usage") or {}
    if "usageMetadata" in body:
        name, flavor = "google", "default"
    elif "meta" in body:
        name, flavor = "cohere", "embeddings"
    elif "billed_units" in usage:
        name, flavor = "cohere", "default"
    elif "inputTokens" in usage:
        name, flavor = "aws", "default"
    elif "cache_creation_input_tokens" in usage or "cache_read_input_tokens" in usage:
        name, flavor = "anthropic", "default"
    elif "input_tokens" in usage:
        name, flavor = "openai", "responses"
    elif "completion_tokens" in usage:
        name, flavor = "openai", "chat"
    else:
        name, flavor = "openai", "embeddings"
    for reading in item["extracted"]:
        if any((e["provider_id"], e.get("api_flavor")) == (name, flavor) for e in reading["extractors"]):
            return "bedrock" if name == "aws" else name, reading["usage"]
    raise AssertionError(f"nobody expects {body}")


if __name__ == "__main__":
    main()
