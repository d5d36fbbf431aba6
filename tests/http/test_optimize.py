"""GET and POST /optimize, /prices/recommendations over one's own traffic, the command; what refusals name can serve."""
import os
import pathlib
import subprocess
import sys
import uuid
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import main  # noqa: E402
from ledger import API, LedgerCase  # noqa: E402


class Optimize(LedgerCase):
    def model(self, rate_in, rate_out, **fields):
        name = f"m-{uuid.uuid4()}"
        self.make("prices", {"provider": "acme", "model": name, "input_cost_per_token": rate_in,
                             "output_cost_per_token": rate_out, "tier": "remote_heavyweight", "context_tokens": 100000,
                             "max_output_tokens": 10000, **fields})
        return name

    def test_an_empty_tenant_gets_an_empty_list_and_a_reason(self):
        budget = self.budget()
        answer = self.home.get(f"{API}/optimize?budget_id={budget}")
        self.assertEqual((answer.status, answer.json["items"], answer.json["models"]), (200, [], []), answer)
        self.assertIn("No usage", answer.json["reason"])
        self.assertTrue(answer.json["is_complete"])

    def test_the_saving_is_that_of_ones_own_traffic(self):
        budget, dear, cheap = self.budget(), self.model("0.01", "0.02"), self.model("0.000000001", "0.000000002")
        for _ in range(3):
            self.record(budget, model=dear, input_tokens=2000, output_tokens=100)
        saved = 66 - Decimal("0.0000066")
        answer = self.ask("optimize", {"budget_id": budget, "days": 7}, 200)
        item = answer["items"][0]
        self.assertEqual((item["kind"], item["model"], item["current_cost"]), ("model", dear, 66))
        to = next(r for r in item["replacements"] if r["model"] == cheap)
        self.assertEqual((to["savings"], to["local"]), (saved, False))
        self.assertEqual((answer["days"], answer["models"][0]["input_tokens"]), (7, 6000))
        self.assertEqual([i["savings"] for i in answer["items"]],
                         sorted((i["savings"] for i in answer["items"]), reverse=True))
        same = self.home.get(f"{API}/optimize?budget_id={budget}&days=7").json
        self.assertEqual(same["items"], answer["items"])
        found = self.ask("prices/recommendations", {"provider": "acme", "model": dear, "context_size": 2000,
                                                    "output_size": 100, "prefer_provider": "acme"}, 200)
        one = next(i for i in found["items"] if i["model"] == cheap)
        self.assertEqual((one["savings"], one["usage"]["savings"]), (22 - Decimal("0.0000022"), saved))
        self.assertEqual((found["usage"]["requests"], found["usage"]["current_cost"]), (3, 66))

    def test_what_a_refusal_names_could_serve_the_request(self):
        dear = self.model("0.01", "0.02")
        narrow = self.model("0.0000000001", "0.0000000001", context_tokens=500)
        terse = self.model("0.0000000001", "0.0000000001", max_output_tokens=10)
        fit = self.model("0.0000000002", "0.0000000002")
        budget, _ = self.limited(cost_limit=1)
        refused = self.hold(budget, model=dear, input_tokens=2000, max_output_tokens=100, expect=402)
        names = [a["model"] for a in refused["alternatives"]]
        self.assertIn(fit, names)
        self.assertFalse({narrow, terse} & set(names))

    def test_bad_questions_are_refused(self):
        self.assert_problem(self.home.get(f"{API}/optimize?days=0"), 422)
        self.assert_problem(self.home.post(f"{API}/optimize", {"tier": "heavy"}), 422)
        self.assert_problem(self.home.get(f"{API}/optimize?budget_id={uuid.uuid4()}"), 404, "budget_not_found")

    def command(self, *words):
        app = pathlib.Path(os.environ.get("BUDGET_APP_DIR") or self.home.folder / "app")
        done = subprocess.run([str(app / "bin/budget"), *words, "--api-url", f"http://127.0.0.1:{self.home.port}"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_command_shows_tables(self):
        budget, dear = self.budget(), self.model("0.01", "0.02")
        self.record(budget, model=dear, input_tokens=2000, output_tokens=100)
        shown = self.command("optimize", "--budget", budget)
        self.assertIn(dear, shown)
        self.assertIn("were looked at", shown)
        self.assertIn("No usage", self.command("optimize", "--budget", self.budget()))
        self.assertIn("Would save", self.command("prices", "recommend", "acme", dear))


if __name__ == "__main__":
    main()
