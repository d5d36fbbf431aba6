"""Price sources over HTTP: what they are, what they disagree about and who decides, rates of exchange, asking for a run."""
import json
import os
import pathlib
import sys
import uuid
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import TestCase, main, wait_for  # noqa: E402


def quote(model, source_input, output, **more):
    """A quote as a parser gives it, in USD per million."""
    return dict({"provider": "maker", "model": model, "service_tier": "standard", "price_type": "token",
                 "currency": "USD", "input_cost_per_token": f"{Decimal(source_input) / 1000000:f}",
                 "output_cost_per_token": f"{Decimal(output) / 1000000:f}"}, **more)


class Sources(TestCase):
    settings = {"BUDGET_UPDATE_PRICES_ON_START": "false"}

    def feed(self, **said):
        """Each source lists these quotes now, as the job would import them; decides; the differences."""
        run = str(uuid.uuid4())
        for source, quotes in said.items():
            self.home.sql(f"SELECT budget.price_import('{run}', '{source.replace('_', '-')}', $q${json.dumps(quotes)}$q$, "
                          "'{\"chunk\": 1, \"chunks\": 1}')")
        answer = {"more": True}
        while answer["more"]:
            answer = json.loads(self.home.value(f"SELECT budget.price_decide('{run}', '{{}}')"))
        return {d["model"]: d for d in answer["differences"]}

    def input_price(self, model):
        answer = self.home.post("/api/v1/prices/current", {"provider": "maker", "model": model})
        return answer.json["input_cost_per_token"] if answer.status == 200 else None

    def conflict(self, model):
        return self.home.get(f"/api/v1/prices/conflicts?model={model}").json["items"][0]

    def test_the_sources_are_listed_most_trusted_first(self):
        answer = self.home.get("/api/v1/prices/sources").json
        self.assertEqual([s["source"] for s in answer["items"][:2]], ["file", "litellm"])
        litellm = answer["items"][1]
        self.assertEqual((litellm["trust"], litellm["interval"], litellm["enabled"], litellm["kind"]),
                         (Decimal("0.9"), 21600, True, "litellm"))

    def test_a_source_is_changed_by_what_is_named(self):
        answer = self.home.patch("/api/v1/prices/sources/pretrainedai", {"trust": 0.65, "enabled": False})
        self.assertEqual((answer.status, answer.json["trust"], answer.json["enabled"], answer.json["interval"]),
                         (200, Decimal("0.65"), False, 86400))
        self.assert_problem(self.home.patch("/api/v1/prices/sources/nobody", {"trust": 1}), 404, "source_not_found")
        self.assert_problem(self.home.patch("/api/v1/prices/sources/litellm", {"trust": 2}), 422, "out_of_range")
        self.assert_problem(self.home.patch("/api/v1/prices/sources/litellm", {"thrust": 1}), 422)
        stale = self.home.patch("/api/v1/prices/sources/pretrainedai", {"trust": 0.7}, headers={"If-Match": '"1"'})
        self.assertEqual(stale.status, 412)

    def test_a_first_price_is_in_force_and_listed_as_not_verified(self):
        self.assertEqual(self.feed(litellm=[quote("h1", 3, 15)])["h1"]["action"], "first")
        self.assertEqual(self.input_price("h1"), Decimal("0.000003"))
        items = self.home.get("/api/v1/prices?provider=maker&verified=false&source=litellm").json["items"]
        self.assertIn("h1", [p["model"] for p in items])

    def test_a_conflict_is_reviewed_by_source(self):
        self.feed(litellm=[quote("h2", 10, 40)])
        self.assertEqual(self.feed(litellm=[quote("h2", 20, 40)])["h2"]["action"], "conflict")
        self.assertEqual(self.input_price("h2"), Decimal("0.00001"), "nothing is applied")
        item = self.conflict("h2")
        self.assertEqual((item["kind"], item["current"]["input_cost_per_token"], item["candidates"][0]["per_million"]["input"],
                          item["candidates"][0]["percent"]), ("change", Decimal("0.00001"), 20, 100))
        self.assertEqual(self.home.get("/api/v1/alerts?type=price_conflict").json["total"] > 0, True)
        url = f"/api/v1/prices/conflicts/{item['conflict_id']}"
        self.assertEqual(self.home.get(url).json, item)
        self.assert_problem(self.home.post(f"{url}/approve", {"note": "?"}), 422, "missing_field")
        answer = self.home.post(f"{url}/approve", {"source": "litellm", "note": "as their page says"})
        self.assertEqual((answer.status, answer.json["state"], answer.json["decision"], answer.json["price"]["verified"],
                          answer.json["price"]["metadata"]["note"]), (200, "approved", "litellm", True, "as their page says"))
        self.assertEqual(self.input_price("h2"), Decimal("0.00002"))
        self.assertEqual(self.home.post(f"{url}/approve", {"source": "litellm"}).status, 200, "again: the same answer")
        self.assert_problem(self.home.post(f"{url}/reject", {}), 409, "conflict_decided")

    def test_a_conflict_is_reviewed_by_figures_of_ones_own(self):
        self.feed(litellm=[quote("h3", 10, 40)])
        self.feed(litellm=[quote("h3", 20, 40)])
        url = f"/api/v1/prices/conflicts/{self.conflict('h3')['conflict_id']}"
        self.assert_problem(self.home.post(f"{url}/approve", {"prices": {"input_cost_per_token": 0.1}}), 422, "missing_field")
        answer = self.home.post(f"{url}/approve", {"prices": {"input_cost_per_token": "0.000012", "outputCostPerToken": 0.00004,
            "context_rates": [{"above_input_tokens": 200000, "input_cost_per_token": 0.00002}]}})
        self.assertEqual((answer.status, answer.json["price"]["source"]), (200, "manual"))
        self.assertEqual(answer.json["price"]["context_rates"][0]["above_input_tokens"], 200000)
        self.assertEqual(self.feed(litellm=[quote("h3", "12.1", 40)])["h3"]["reason"],
                         "litellm: +0.83 %, but a person approved the price in force")
        self.assertEqual(self.input_price("h3"), Decimal("0.000012"))

    def test_a_rejected_conflict_is_asked_again_when_the_source_says_something_else(self):
        self.feed(litellm=[quote("h4", 10, 40)])
        self.feed(litellm=[quote("h4", 20, 40)])
        first = self.conflict("h4")
        answer = self.home.post(f"/api/v1/prices/conflicts/{first['conflict_id']}/reject", {"note": "wrong page"})
        self.assertEqual((answer.status, answer.json["state"]), (200, "rejected"))
        self.assertEqual(self.feed(litellm=[quote("h4", 20, 40)]), {})
        self.assertIn("h4", self.feed(litellm=[quote("h4", 25, 40)]))
        self.assertNotEqual(self.conflict("h4")["conflict_id"], first["conflict_id"])
        listed = self.home.get("/api/v1/prices/conflicts?model=h4&state=any").json["items"]
        self.assertEqual([c["state"] for c in listed], ["open", "rejected"])

    def test_a_foreign_currency_needs_a_rate_of_its_day(self):
        self.assertEqual(self.feed(file=[quote("h5", 2, 4, currency="GBP")]), {})
        self.assertIsNone(self.input_price("h5"))
        sources = {s["source"]: s for s in self.home.get("/api/v1/prices/sources").json["items"]}
        self.assertEqual((sources["file"]["unresolved"], sources["file"]["unresolved_quotes"]),
                         (1, [{"provider": "maker", "model": "h5", "problem": "currency_without_rate", "currency": "GBP"}]))
        self.assert_problem(self.home.post("/api/v1/prices/rates", {"currency": "GBP", "rate": 0}), 422, "out_of_range")
        answer = self.home.post("/api/v1/prices/rates", {"currency": "gbp", "rate": "1.25", "date": "2026-01-02"})
        self.assertEqual((answer.status, answer.json["base"], answer.json["date"]), (200, "USD", "2026-01-02"))
        self.assertEqual(self.home.get("/api/v1/prices/rates?currency=GBP").json["items"][0]["rate"], Decimal("1.25"))
        self.assertIn("h5", self.feed(file=[quote("h5", 2, 4, currency="GBP")]))
        price = self.home.post("/api/v1/prices/current", {"provider": "maker", "model": "h5"}).json
        self.assertEqual((price["input_cost_per_token"], price["currency"], price["metadata"]["fx"]["rate"]),
                         (Decimal("0.0000025"), "USD", Decimal("1.25")))

    def test_an_update_is_asked_for_and_can_be_watched(self):
        self.assert_problem(self.home.post("/api/v1/prices/update", {"sources": ["nobody"]}), 404, "unknown_source")
        answer = self.home.post("/api/v1/prices/update", {"sources": ["file"], "dry_run": True})
        self.assertEqual((answer.status, answer.json["dry_run"], answer.json["options"]["sources"]), (202, True, ["file"]))
        run = answer.json["run_id"]

        def jobs():
            items = self.home.get("/api/v1/jobs").json["items"]
            return [r["run_id"] for j in items if j["job"] == "price-update" for r in j["runs"]]
        self.assertIn(run, jobs())
        self.assertIn(self.home.get(f"/api/v1/prices/updates/{run}").json["status"], ("queued", "running", "ok", "failed"))
        self.assert_problem(self.home.get(f"/api/v1/prices/updates/{uuid.uuid4()}"), 404, "update_not_found")

    def test_an_update_reads_a_file_of_ones_own_and_decides(self):
        if not (pathlib.Path(os.environ["BUDGET_APP_DIR"]) / "libexec/budget/price-update").exists():
            self.skipTest("the job price-update is not built")
        folder = pathlib.Path(self.home.folder) / "prices"
        folder.mkdir(exist_ok=True)
        (folder / "own.csv").write_text("provider,model,input,output\nmaker,h6,2,4\n")
        (folder / "own.csv").chmod(0o644)
        self.assertEqual(self.home.patch("/api/v1/prices/sources/file", {"url": "own.csv"}).status, 200)

        def update(**wish):
            run = self.home.post("/api/v1/prices/update", {"sources": ["file"], **wish}).json["run_id"]
            wait_for(lambda: self.home.get(f"/api/v1/prices/updates/{run}").json["status"] in ("ok", "failed"),
                     "the end of the update", 60)
            return self.home.get(f"/api/v1/prices/updates/{run}").json
        tried = update(dry_run=True)
        self.assertEqual((tried["status"], [(d["model"], d["action"]) for d in tried["differences"] if d["model"] == "h6"]),
                         ("ok", [("h6", "first")]), tried)
        self.assertIsNone(self.input_price("h6"), "a dry run changes nothing")
        done = update()
        self.assertEqual((done["status"], done["sources"][0]["source"], done["sources"][0]["quotes"]), ("ok", "file", 1), done)
        self.assertEqual(self.input_price("h6"), Decimal("0.000002"))
        self.assertEqual(update()["differences"], [], "again: nothing to change")

    def test_who_may_what(self):
        keys = {role: self.home.post("/api/v1/keys", {"name": f"p {role}", "role": role}).json["key"]
                for role in ("viewer", "service", "manager")}

        def ask(role, method, path, body=None):
            return self.home.request(method, path, body, headers={"Authorization": f"Bearer {keys[role]}"}).status
        self.assertEqual(ask("viewer", "GET", "/api/v1/prices/conflicts"), 200)
        self.assertEqual(ask("viewer", "GET", "/api/v1/prices/sources"), 200)
        self.assertEqual(ask("service", "POST", "/api/v1/prices/update", {}), 403)
        self.assertEqual(ask("manager", "POST", "/api/v1/prices/update", {"dry_run": True}), 202)
        self.assertEqual(ask("manager", "PATCH", "/api/v1/prices/sources/file", {"trust": 1}), 403)


main()
