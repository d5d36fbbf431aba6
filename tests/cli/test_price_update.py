"""price-update against feeds of a local server: fetch, read, import, decide; what goes wrong leaves prices in force."""
import decimal
import http.server
import json
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from server import ServerCase, run  # noqa: E402
from tap import main  # noqa: E402

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures/prices"


class Feeds(http.server.BaseHTTPRequestHandler):
    """Serves what a test puts into `bodies`: bytes, or a function that answers by itself."""
    bodies, seen = {}, []

    def do_GET(self):
        name = self.path.split("?")[0].strip("/")
        Feeds.seen.append((name, dict(self.headers)))
        body = Feeds.bodies.get(name)
        if callable(body):
            body(self)
            return
        tag = f'"{hash(body) & 0xffffffff:x}"'
        if body is None or self.headers.get("If-None-Match") == tag:
            self.send_response(404 if body is None else 304)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class PriceCase(ServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.url = cls.install(cls)
        cls.app_url = cls.url.replace("user=postgres", "user=budget_app")
        cls.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Feeds)
        cls.base = f"http://127.0.0.1:{cls.web.server_port}"
        threading.Thread(target=cls.web.serve_forever, daemon=True).start()
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="prices-", dir=os.environ.get("BUDGET_TEST_WORK")))

    @classmethod
    def tearDownClass(cls):
        cls.web.shutdown()
        cls.web.server_close()
        shutil.rmtree(cls.folder, ignore_errors=True)
        super().tearDownClass()

    def assertEqual(self, *values):  # also used by install() on the class
        return super().assertEqual(*values) if isinstance(self, PriceCase) else None

    def setUp(self):
        Feeds.bodies.clear()
        Feeds.seen.clear()
        self.sql("UPDATE budget.price_source SET enabled = false, allow_private = true, failures = 0, etag = NULL, last_modified = NULL")

    def sql(self, query):
        return self.server.sql(query, self.url)

    def value(self, query):
        return self.server.value(query, self.url)

    def source(self, name, path, **more):
        """A source that is on and reads that path of ours."""
        changes = {"url": f"'{self.base}/{path}'", "enabled": "true", **more}
        self.sql(f"UPDATE budget.price_source SET {', '.join(f'{k} = {v}' for k, v in changes.items())} WHERE source = '{name}'")

    def job(self, *words, **more):
        return run("price-update", *words, BUDGET_DATABASE_URL=self.app_url, BUDGET_HOME=str(self.folder), **more)

    def last_run(self):
        return self.sql("SELECT status, rows, dry_run, coalesce(detail, '') FROM budget.job_run WHERE job = 'price-update' "
                        "ORDER BY run_id DESC LIMIT 1")[0]

    def price(self, provider, model, column="input_cost_per_token", tier="standard"):
        return self.value(f"SELECT {column} FROM budget.price WHERE provider = '{provider}' AND model = '{model}' "
                          f"AND service_tier = '{tier}' AND tenant_id = budget.catalogue_tenant() "
                          "AND effective_date <= now() AND (end_date IS NULL OR end_date > now())")

    def prices(self):
        return self.value("SELECT count(*) || ' ' || md5(string_agg(p::text, ' ' ORDER BY pricing_id)) FROM budget.price p")


class Update(PriceCase):
    def feed(self, name, value, **more):
        """Source `name` reads this: bytes, or JSON."""
        Feeds.bodies[name] = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.source(name, name, **more)

    def llm(self, *rows, **more):
        self.feed("llm-prices", {"prices": [dict(zip(("id", "vendor", "input", "output"), row)) for row in rows], **more})

    def litellm(self, **models):
        self.feed("litellm", {name: {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": rates[0],
                                     "output_cost_per_token": rates[1]} for name, rates in models.items()})

    def test_first_prices_of_a_trusted_source_are_applied(self):
        self.feed("litellm", (FIXTURES / "litellm/models.json").read_bytes())
        done = self.job("--all")
        self.assertEqual(done.code, 0, done.err)
        self.assertIn("litellm: 16 models, 13 quotes; skipped 1 no_price, 1 zero_price, 1 unknown_unit, 2 malformed, 1 duplicate "
                      "(first malformed: maker-bad)", done.out)
        self.assertEqual(self.price("openai", "maker-small"), "0.00000015")
        self.assertEqual(self.price("openai", "maker-small", tier="batch"), "0.000000075")
        self.assertEqual(self.price("anthropic", "maker-long", "context_rates[1].input_cost_per_token"), "0.000006")
        self.assertEqual(self.price("openai", "maker-ears", "cost_per_second"), "0.0001")
        self.assertEqual(self.price("openai", "maker-small", "verified"), "f")
        self.assertEqual(self.last_run()[0], "ok")
        self.assertTrue((self.folder / "prices/litellm.body").exists())

    def test_a_second_run_changes_nothing(self):
        self.litellm(again=(1e-6, 2e-6))
        self.assertEqual(self.job("--all").code, 0)
        before = self.prices()
        done = self.job("--all")
        self.assertIn("litellm: not changed", done.out)
        self.sql("UPDATE budget.price_source SET etag = NULL")
        done = self.job("--all")
        self.assertIn("litellm: 1 models, 1 quotes", done.out)
        self.assertEqual(self.prices(), before)
        self.assertEqual([name for name, _ in Feeds.seen], ["litellm"] * 3)
        self.assertIn("If-None-Match", Feeds.seen[1][1])

    def test_a_source_that_is_not_due_is_not_asked(self):
        self.litellm(due=(1e-6, 2e-6))
        self.assertEqual(self.job("--all").code, 0)
        done = self.job()
        self.assertEqual((done.code, len(Feeds.seen)), (0, 1))
        self.assertEqual(self.last_run()[3], "no source is due")
        self.assertEqual(self.job("--source", "litellm").code, 0)
        self.assertEqual(len(Feeds.seen), 2)

    def test_sources_that_agree_verify_a_price(self):
        self.litellm(agreed=(2e-6, 8e-6))
        self.llm(("agreed", "openai", 2, 8))
        self.assertEqual(self.job("--all").code, 0)
        self.assertEqual(self.price("openai", "agreed", "verified"), "t")

    def test_a_dry_run_says_what_would_be_and_changes_nothing(self):
        self.litellm(tried=(2e-6, 8e-6))
        before, source = self.prices(), self.value("SELECT s::text FROM budget.price_source s WHERE source = 'litellm'")
        done = self.job("--all", "--dry-run")
        self.assertEqual(done.code, 0, done.err)
        self.assertIn("would be first openai tried: input 2, output 8", done.out)
        self.assertIn("nothing was changed", done.out)
        self.assertEqual(self.prices(), before)
        self.assertEqual(self.value("SELECT s::text FROM budget.price_source s WHERE source = 'litellm'"), source)
        self.assertEqual(self.last_run()[2], "t")

    def test_a_large_change_by_one_source_waits_for_a_person(self):
        self.litellm(moved=(2e-6, 8e-6))
        self.assertEqual(self.job("--all").code, 0)
        self.litellm(moved=(4e-6, 8e-6))
        done = self.job("--all")
        self.assertIn("conflict openai moved: input 2 → 4", done.out)
        self.assertIn("1 conflicts", done.out)
        self.assertEqual(self.price("openai", "moved"), "0.000002")

    def test_an_older_feed_after_a_newer_one_changes_nothing(self):
        self.llm(("aged", "openai", 2, 8), updated_at="2026-08-05")
        self.assertEqual(self.job("--source", "llm-prices").code, 0)
        self.llm(("aged", "openai", 2.1, 8), updated_at="2026-07-01")
        done = self.job("--source", "llm-prices")
        self.assertIn("older than what was read last", done.out)
        self.assertEqual(self.price("openai", "aged"), "0.000002")
        self.llm(("aged", "openai", 2.1, 8), updated_at="2026-09-01")
        self.assertEqual(self.job("--source", "llm-prices").code, 0)
        self.assertEqual(self.price("openai", "aged"), "0.0000021")

    def test_a_broken_feed_leaves_everything_in_force(self):
        self.litellm(broken=(2e-6, 8e-6))
        self.assertEqual(self.job("--all").code, 0)
        before = self.prices()
        whole = (FIXTURES / "litellm/models.json").read_bytes()
        for body, words in ((whole[:700], "cannot be read"), (b"<html>Sorry</html>", "web page"), (b"[]", "no JSON object"),
                            (b'{"a": 1, "b": 2}', "Only 0 of 2"), (b"", "empty"), (b'{"m\\u0000": {}}', "NUL")):
            self.feed("litellm", body)
            done = self.job("--all")
            self.assertEqual(done.code, 69, done.out)
            self.assertIn(words, done.out)
            self.assertIn("no price source could be read", done.err)
        self.assertEqual(self.prices(), before)
        self.assertEqual(self.value("SELECT last_outcome || failures FROM budget.price_source WHERE source = 'litellm'"), "failed6")
        self.assertNotEqual(self.value("SELECT last_ok_at IS NULL FROM budget.price_source WHERE source = 'litellm'"), "t")

    def test_one_source_that_fails_does_not_stop_the_others(self):
        self.feed("litellm", b"no")
        self.llm(("other", "openai", 2, 8))
        done = self.job("--all")
        self.assertEqual(done.code, 0, done.err)
        self.assertIn("1 read, 0 not changed, 1 failed", self.last_run()[3])
        self.assertEqual(self.price("openai", "other"), "0.000002")

    def test_limits_of_fetching(self):
        def redirect(handler):
            handler.send_response(302)
            handler.send_header("Location", "/litellm")
            handler.end_headers()

        def endless(handler):
            handler.send_response(200)
            handler.end_headers()
            try:
                while True:
                    handler.wfile.write(b" " * 65536)
            except OSError:
                pass

        def silent(handler):
            handler.connection.recv(1)

        for body, words in ((redirect, "redirects more than"), (endless, "larger than"), (silent, "in time")):
            Feeds.bodies["litellm"] = body
            self.source("litellm", "litellm", max_bytes="1000000", timeout_seconds="1" if body == silent else "20")
            done = self.job("--all")
            self.assertEqual(done.code, 69, done.out)
            self.assertIn(words, done.out)
        self.source("litellm", "litellm", allow_private="false")
        done = self.job("--all")
        self.assertIn("only https", done.out)
        self.source("litellm", "litellm", allow_private="false", url=f"'https://127.0.0.1:{self.web.server_port}/litellm'")
        self.assertIn("not public", self.job("--all").out)
        self.source("litellm", "litellm", max_bytes="33554432", timeout_seconds="30")

    def test_without_a_network_one_warning_is_said(self):
        self.source("litellm", "x", url="'http://127.0.0.1:9/x'")
        before = self.prices()
        done = self.job("--all", BUDGET_JOB_EVERY="3600")
        self.assertEqual(done.code, 69)
        self.assertEqual(done.err.count('"level":"WARNING"'), 1, done.err)
        self.assertEqual(self.prices(), before)
        self.assertEqual(self.last_run()[0], "failed")

    def test_a_file_is_read_instead_of_fetching(self):
        self.source("llm-prices", "x")
        done = self.job("--from-file", f"llm-prices={FIXTURES}/llm_prices/current.json")
        self.assertEqual((done.code, Feeds.seen), (0, []), done.err)
        self.assertIn("llm-prices: 6 models, 3 quotes", done.out)
        self.assertEqual(self.job("--from-file", "llm-prices=/nonexistent").code, 69)

    def test_prices_of_ones_own(self):
        (self.folder / "prices").mkdir(exist_ok=True)
        shutil.copy(FIXTURES / "file/own.csv", self.folder / "prices/own.csv")
        self.source("file", "x", url="'own.csv'")
        done = self.job("--source", "file")
        self.assertEqual(done.code, 0, done.err)
        self.assertIn("file: 3 models, 3 quotes; skipped 1 malformed (first malformed: house-bad)", done.out)
        self.assertEqual(self.price("acme", "house-model", "fixed_cost_per_request"), "0.0025")
        self.assertIn("file: not changed", self.job("--source", "file").out)
        self.source("file", "x", url="'../../../../etc/passwd'")
        self.assertEqual(self.job("--source", "file").code, 69)

    def test_a_litellm_proxy_of_ones_own(self):
        self.source("litellm", "elsewhere")
        Feeds.bodies["pricing"] = (FIXTURES / "litellm/proxy.json").read_bytes()
        done = self.job("--source", "litellm", LITELLM_API_BASE=self.base + "/", LITELLM_API_KEY="sk-proxy")
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual(Feeds.seen[0][0], "pricing")
        self.assertEqual(Feeds.seen[0][1]["Authorization"], "Bearer sk-proxy")
        self.assertNotIn("sk-proxy", done.out + done.err)
        self.assertEqual(self.price("openai", "gpt-x"), "0.000001")

    def test_quotes_can_be_printed(self):
        self.litellm(shown=(2e-6, 8e-6))
        before = self.prices()
        done = self.job("--source", "litellm", "--print")
        self.assertEqual([json.loads(line)["model"] for line in done.out.splitlines()], ["shown"])
        self.assertEqual(self.prices(), before)

    def test_wrong_arguments(self):
        for words in (["--source", "no such"], ["--from-file", "litellm"], ["--from-file", "=x"], ["--what"], ["litellm"]):
            self.assertEqual(self.job(*words).code, 64, words)
        done = self.job("--source", "unknown")
        self.assertEqual(done.code, 64)
        self.assertIn("There is no price source unknown", done.err)
        self.assertIn("--from-file=NAME=PATH", self.job("--help").out)


@unittest.skipUnless(os.environ.get("BUDGET_TEST_DATA"), "BUDGET_TEST_DATA is not set")
class Whole(PriceCase):
    """The whole feeds of their publishers."""
    feeds = {"litellm": "litellm.json", "llm-prices": "llm-prices-current-v1.json", "openrouter": "openrouter-models-2026-08-01.json",
             "genai-prices": "genai-prices-v2-data.json"}

    def path(self, source):
        return pathlib.Path(os.environ["BUDGET_TEST_DATA"]) / "prices" / self.feeds[source]

    def raw(self, source):
        return json.loads(self.path(source).read_text(), parse_float=decimal.Decimal, parse_int=decimal.Decimal)

    def quotes(self, source):
        done = self.job("--print", "--from-file", f"{source}={self.path(source)}")
        return [json.loads(line) for line in done.out.splitlines()]

    def test_every_feed_is_imported_and_counted(self):
        for source in self.feeds:
            Feeds.bodies[source] = self.path(source).read_bytes()
            self.source(source, source)
        began = time.monotonic()
        done = self.job("--all")
        took = time.monotonic() - began
        self.assertEqual(done.code, 0, done.err)
        for line in ("litellm: 2984 models, 2933 quotes; skipped 97 no_price, 79 zero_price, 63 unknown_unit, 34 duplicate; "
                     "89 lost a class we do not count",
                     "llm-prices: 117 models, 116 quotes; skipped 1 duplicate",
                     "openrouter: 336 models, 331 quotes; skipped 5 variable",
                     "genai-prices: 1479 models, 2190 quotes; skipped 9 no_price; 18 lost a class we do not count"):
            self.assertIn(line, done.out)
        self.assertLess(took, 90, "thousands of models take seconds, however busy the machine")
        print(f"# 5,570 quotes in {took:.1f} s: {self.last_run()[3]}")
        for _ in range(1):
            before = self.prices()
            self.sql("UPDATE budget.price_source SET etag = NULL")
            self.assertEqual(self.job("--all").code, 0)
        self.assertEqual(self.prices(), before, "another run changes nothing")
        self.assertNotIn("applied", self.last_run()[3])

    def test_digits_of_litellm_survive(self):
        """Numbers of up to 14 digits come through digit by digit; longer ones are the noise of binary floats."""
        quotes = {(q["provider"], q["model"]): q for q in self.quotes("litellm") if q["service_tier"] == "standard"}
        exact = noisy = 0
        for key, model in self.raw("litellm").items():
            quote = quotes.get((str(model.get("litellm_provider")), key.removeprefix(f"{model.get('litellm_provider')}/").lower()))
            if not quote or "/" in key and key.split("/")[0] != model["litellm_provider"]:
                continue
            for name, ours in (("input_cost_per_token", "input_cost_per_token"), ("output_cost_per_token", "output_cost_per_token"),
                               ("cache_read_input_token_cost", "cache_read_cost_per_token")):
                if name not in model or ours not in quote or key in ("gemini-exp-1206", "gemini/gemini-exp-1206"):
                    continue
                if f"{model['litellm_provider']}/{key}" in self.raw_keys:
                    continue  # the other spelling of a model that stands there twice
                if len(model[name].normalize().as_tuple().digits) <= 14:
                    self.assertEqual(decimal.Decimal(quote[ours]), model[name], key)
                    exact += 1
                else:
                    self.assertLess(abs(decimal.Decimal(quote[ours]) / model[name] - 1), decimal.Decimal("1e-11"), key)
                    noisy += 1
        self.assertGreater(exact, 4000)
        self.assertGreater(noisy, 20)

    @property
    def raw_keys(self):
        if not hasattr(self, "_keys"):
            self._keys = set(self.raw("litellm"))
        return self._keys

    def test_sources_agree_as_measured(self):
        """llm-prices and LiteLLM, by id or vendor/id in any case: 75 of 142 entries match, 63 are equal (62 of them spelled
        alike too: MiniMax-M2). What is left are prices that people really disagree about."""
        def rates(entry):
            return entry.get("input_cost_per_token"), entry.get("output_cost_per_token")

        litellm = {key.lower(): rates(model) for key, model in self.raw("litellm").items() if "input_cost_per_token" in model}
        entries = self.raw("llm-prices")["prices"]
        matched = [(entry, litellm.get(entry["id"]) or litellm.get(f"{entry['vendor']}/{entry['id']}")) for entry in entries]
        matched = [(entry, other) for entry, other in matched if other]
        equal = [entry for entry, other in matched if (entry["input"] / 10**6, entry["output"] / 10**6) == other]
        self.assertEqual((len(entries), len(matched), len(equal)), (142, 75, 63))
        apart = {entry["id"] for entry, _ in matched} - {entry["id"] for entry in equal}
        self.assertLessEqual({"claude-sonnet-5", "o3", "deepseek-v4-pro"}, apart)

    def test_openrouter_agrees_as_measured(self):
        """OpenRouter and LiteLLM, by id, vendor/id and openrouter/vendor/id: 139 of 336 entries match, 97 are equal; with
        vendors that LiteLLM calls otherwise 159 and 108. Between them lie the 147 and 104 that were measured before, by
        other names of vendors."""
        vendors = {"x-ai": "xai", "moonshotai": "moonshot", "mistralai": "mistral", "google": "gemini", "z-ai": "zai",
                   "qwen": "dashscope", "meta-llama": "meta_llama", "bytedance-seed": "volcengine"}
        litellm = {key.lower(): (model["input_cost_per_token"], model.get("output_cost_per_token"))
                   for key, model in self.raw("litellm").items() if "input_cost_per_token" in model}

        def agreement(names):
            entries = [(entry["pricing"], litellm[next(name for name in names(entry["id"]) if name in litellm)])
                       for entry in self.raw("openrouter")["data"] if any(name in litellm for name in names(entry["id"]))]
            return len(entries), sum((decimal.Decimal(paid["prompt"]), decimal.Decimal(paid["completion"])) == other
                                     for paid, other in entries)

        def plain(key):
            return [key.split("/", 1)[1], key, f"openrouter/{key}"]

        def translated(key):
            vendor, name = key.split("/", 1)
            return [name, key, f"{vendors.get(vendor, vendor)}/{name}", f"openrouter/{key}"]

        self.assertEqual(len(self.raw("openrouter")["data"]), 336)
        self.assertEqual(agreement(plain), (139, 97))
        self.assertEqual(agreement(translated), (159, 108))


main()
