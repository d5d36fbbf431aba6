"""A home looks for prices in the background: without a network it says so once, with one it takes what is asked for."""
import http.server
import json
import pathlib
import re
import threading

from home import TestCase, main, wait_for

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures/prices"


class Feed(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (FIXTURES / "litellm/models.json").read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class OnStart(TestCase):
    settings = {"BUDGET_UPDATE_PRICES_ON_START": "true"}  # by a proxy where nobody is (home.py): a machine without network

    def runs(self):
        return self.home.sql("SELECT status, rows, coalesce(detail, '') FROM budget.job_run WHERE job = 'price-update' "
                             "AND status NOT IN ('queued', 'running') ORDER BY run_id")

    def test_without_a_network_the_catalogue_stays_in_force_and_one_line_says_so(self):
        run = wait_for(self.runs, "the first look for prices")[0]
        self.assertEqual(run[0], "failed")
        self.assertIn("no price source could be read, prices stay as they are", run[2])
        log = wait_for(lambda: (text := self.home.log("schedule")) and "price-update" in text and text, "the log")
        warnings = [line for line in log.splitlines() if "price-update" in line and re.search(r'"level":"(WARNING|ERROR)"', line)]
        self.assertEqual(len(warnings), 1, log[-3000:])
        self.assertEqual(self.home.get("/health").json["status"], "healthy")
        price = self.home.post("/api/v1/prices/current", {"provider": "anthropic", "model": "claude-3-opus"})
        self.assertEqual(price.status, 200)

    def test_an_update_that_is_asked_for_is_done(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Feed)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        wait_for(self.runs, "the first look for prices")
        self.home.sql(f"UPDATE budget.price_source SET allow_private = true, url = 'http://127.0.0.1:{server.server_port}/x' "
                      "WHERE source = 'litellm'")
        answer = self.home.post("/api/v1/prices/update", {"sources": ["litellm"]})
        self.assertEqual(answer.status, 202, answer)
        path = f"/api/v1/prices/updates/{answer.json['run_id']}"
        done = wait_for(lambda: (said := self.home.get(path).json) and said["status"] in ("ok", "failed") and said, "the run", 60)
        self.assertEqual(done["status"], "ok", json.dumps(done, default=str)[:2000])
        said = {source["source"]: source for source in done["sources"]}["litellm"]
        self.assertEqual((said["feed_seen"], said["quotes"]), (16, 13))
        price = self.home.post("/api/v1/prices/current", {"provider": "openai", "model": "maker-small"}).json
        self.assertEqual((str(price["input_cost_per_token"]), price["source"]), ("1.5E-7", "litellm"))
        self.assertTrue((self.home.folder / "prices/litellm.body").exists())


main()
