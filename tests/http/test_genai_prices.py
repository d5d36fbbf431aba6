"""What providers report costs what genai-prices says (BUDGET_TEST_DATA): its feed is imported as the only source, and
again, which changes nothing; a person approves it wherever it differs from the catalogue, then every body is recorded for
each provider that could have sent it and compared, to the last digit, with the input and output price the data expects of
that provider.
"""
import collections
import json
import os
import pathlib
import sys
import unittest
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import TestCase, main  # noqa: E402
from server import run  # noqa: E402
from test_real_usage import sender  # noqa: E402

DATA = pathlib.Path(os.environ.get("BUDGET_TEST_DATA") or "/nonexistent")
FEED, BODIES = DATA / "prices/genai-prices-v2-data.json", DATA / "usage/provider-usages.json"
SOURCE = "genai-prices"

# Every body that costs something else than the data expects: model, providers, how many of each, why.
TABLE = (
    ("claude-sonnet-4-5-20250929", "anthropic azure", 1,
     "ten web searches: the expectation leaves out what the feed says they cost"),
    ("claude-sonnet-4-5-20250929", "aws google", 1,
     "the same, and 400,000 tokens: the feed has no long-context price of these, so the catalogue's stays in force"),
    ("claude-sonnet-4-6", "anthropic aws azure google", 1,
     "a compaction stands in `iterations` only: it is billed on top of the totals, so it is counted"),
    ("claude-sonnet-5", "anthropic aws azure google", 2,
     "the expectation is from before the feed's price of 2026-09-01; one leaves out another model's advice too, which"
     " stands in `iterations` only"),
    ("gpt-4o-audio-preview-2024-12-17", "openai azure", 2,
     "the feed has no audio rate for it, audio is text there; the catalogue's audio rate stays in force"),
    ("gpt-5.6-sol", "azure", 1, "cache writes are counted as the body says them; the feed reads none of Azure"),
    ("gpt-oss-120b", "azure", 1, "the feed has no price of Azure's own and takes another; the catalogue has it"),
    ("deepseek-r1-distill-llama-70b", "deepseek", 1,
     "no price: another model, not sold by DeepSeek; the feed prices all deepseek-r1-* as deepseek-reasoner"),
    ("google/gemini-2.0-flash-exp:free", "google", 1, "no price: a free route of OpenRouter, not sold by Google"),
)
EXPLAINED = {(provider, model): count for model, providers, count, _ in TABLE for provider in providers.split()}


def load(path):
    return json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)


def priced(item):
    """(provider that sent the body, {provider that could have: the cost expected of it}).

    Readings of another API flavor than the body's are none of it: they count other members, or nothing."""
    provider, usage = sender(item)
    said = item["body"].get("usage") or {}
    is_chat = "completion_tokens" in said
    costs = {}
    for reading in item["extracted"]:
        for extractor in reading["extractors"]:
            flavor = extractor.get("api_flavor")
            if provider == "anthropic":
                fits = flavor == ("default" if extractor["provider_id"] == provider else "anthropic")
            else:
                fits = flavor in ("chat", "default") if is_chat else reading["usage"] is usage
            if fits and "input_price" in extractor:
                cost = Decimal(extractor["input_price"]) + Decimal(extractor.get("output_price", 0))
                assert costs.setdefault(extractor["provider_id"], cost) == cost, item
    if provider == "bedrock":
        provider = "aws"
    elif is_chat and "openai" not in costs:  # many speak Chat Completions
        names = ["groq"] if "queue_time" in said else [name for name in costs if name == "openrouter"] or sorted(costs)
        provider = names[0] if names else None
    return provider, costs


@unittest.skipUnless(BODIES.exists(), "BUDGET_TEST_DATA names no folder with usage/provider-usages.json")
class GenaiPrices(TestCase):
    def trust_one_source(self):
        for source in self.home.get("/api/v1/prices/sources").json["items"]:
            name = source["source"]
            answer = self.home.patch(f"/api/v1/prices/sources/{name}", {"enabled": name == SOURCE})
            self.assertEqual(answer.status, 200, answer)
        said, stands = self.import_feed(), self.stands()
        for words in (), ("--dry-run",):
            self.assertRegex(self.import_feed(*words), "[0-9]+ quotes, [0-9]+ waiting for review$")
            self.assertEqual(self.stands(), stands)
        approved = 0
        while conflicts := self.home.get(f"/api/v1/prices/conflicts?source={SOURCE}&limit=100").json["items"]:
            for conflict in conflicts:
                url = f"/api/v1/prices/conflicts/{conflict['conflict_id']}/approve"
                answer = self.home.post(url, {"source": SOURCE, "note": "as genai-prices says"})
                self.assertEqual(answer.status, 200, answer)
                approved += 1
        self.assertGreater(approved, 0)
        print(f"# {said}; {approved} approved")

    def import_feed(self, *words):
        """The last line of what the job says."""
        done = run("price-update", "--from-file", f"{SOURCE}={FEED}", *words, BUDGET_HOME=str(self.home.folder),
                   BUDGET_DATABASE_URL=f"host={self.home.run} dbname=budget user=budget_app")
        self.assertEqual(done.code, 0, done.err)
        return done.out.splitlines()[-1]

    def stands(self):
        """Prices and open conflicts, as one word."""
        return self.home.value("""SELECT md5((SELECT string_agg(p::text, ' ' ORDER BY p.pricing_id) FROM budget.price AS p)
            || (SELECT count(*) FROM budget.price_conflict AS c WHERE c.state = 'open'))""")

    def costs(self, cases):
        """What each case costs now: recorded as it was reported, in one batch."""
        rows = [{"provider": provider, "component": "provider", "response": {
            name: value for name, value in item["body"].items() if name != "file"}} for item, provider, _, _ in cases]
        answer = self.home.post("/api/v1/usage/batch", rows, timeout=120)
        self.assertEqual((answer.status, answer.json["accepted"]), (200, len(rows)), answer)
        found = dict(self.home.sql("SELECT record_id, cost FROM budget.usage_record"))
        return [found[record["record_id"]] and Decimal(found[record["record_id"]]) for record in answer.json["items"]]

    def compare(self, cases):
        """Tallies of cases whose provider sent the body (True) or could have (False); what is not equal, how often."""
        tally, odd = {True: collections.Counter(), False: collections.Counter()}, collections.Counter()
        for (item, provider, expected, is_sender), cost in zip(cases, self.costs(cases)):
            word = "unpriced" if cost in (None, "") else "equal" if cost == expected else "different"
            tally[is_sender][word] += 1
            if word != "equal":
                odd[provider, item["model"]] += 1
        for is_sender, counts in tally.items():
            print(f"# {'sent' if is_sender else 'could have sent'} {sum(counts.values())}: {dict(counts)}")
        for names, count in sorted(odd.items()):
            print(f"# {count} of {' '.join(names)}")
        return tally, odd

    def test_bodies_of_providers_cost_what_the_feed_says(self):
        cases = []
        for item in load(BODIES):
            provider, costs = priced(item)
            cases += [(item, name, cost, name == provider) for name, cost in costs.items()]
        self.trust_one_source()
        tally, odd = self.compare(cases)
        self.assertEqual(set(odd), set(EXPLAINED))
        self.assertEqual([names for names, count in odd.items() if count > EXPLAINED[names]], [])
        self.assertGreater(sum(tally[True].values()), 600)
        for counts in (tally[True], tally[True] + tally[False]):
            self.assertGreaterEqual(counts["equal"], Decimal("0.97") * sum(counts.values()))


if __name__ == "__main__":
    main()
