"""budget prices sources, conflicts, approve, reject, rates, update: what a person sees and is told."""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
sys.path.append(str(pathlib.Path(__file__).resolve().parent))
from command import StubCase  # noqa: E402
from stub import problem  # noqa: E402
from tap import main  # noqa: E402

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
RUN = "01890a5d-ac96-774b-bcce-b302099a8058"
CONFLICT = {"conflict_id": ID, "provider": "openai", "model": "gpt-4o", "service_tier": "standard", "kind": "change",
            "reason": "litellm alone says +100 %", "state": "open", "decided_by": None, "note": None, "decision": None,
            "current": {"source": "catalogue", "approved_by": None, "per_million": {"input": 2.5, "output": 10},
                        "input_cost_per_token": 0.0000025},
            "candidates": [{"source": "litellm", "trust": 0.9, "input_cost_per_token": 0.000005,
                            "output_cost_per_token": 0.00001, "percent": 100, "named": "gpt-4o"},
                           {"source": "openrouter", "trust": 0.8, "input_cost_per_token": 0.0000025,
                            "output_cost_per_token": 0.00001, "percent": 0, "named": "openai/gpt-4o"}]}


def run(status, **more):
    return dict({"run_id": RUN, "status": status, "phase": None, "dry_run": False, "counts": {}, "sources": [],
                 "differences": [], "detail": None}, **more)


class PriceSources(StubCase):
    def test_conflicts_show_their_candidates_side_by_side(self):
        self.stub.answer("GET", "/api/v1/prices/conflicts", ({"items": [CONFLICT], "total": 1, "next_cursor": None}))
        ran = self.run_cli("prices", "conflicts", "--per", "1m")
        self.assertEqual(ran.code, 0, ran.err)
        self.assertIn("openai gpt-4o (standard): litellm alone says +100 %", ran.out)
        self.assertIn("In force: 2.5 in, 10 out a million, by catalogue", ran.out)
        self.assertRegex(ran.out, r"litellm +0.9 +5.00 +10.00 +100 +gpt-4o")
        self.assertRegex(ran.out, r"openrouter +0.8 +2.50 +10.00 +0 +openai/gpt-4o")
        self.assertIn("1 in all.", ran.out)
        self.stub.answer("GET", f"/api/v1/prices/conflicts/{ID}", (CONFLICT))
        self.assertIn("litellm", self.run_cli("prices", "conflicts", ID).out)
        self.assertIn('"kind"', self.run_cli("prices", "conflicts", ID, "--format", "json").out)
        self.assertEqual(self.run_cli("prices", "conflicts", "--per", "1g").code, 64)

    def test_no_conflict_is_said(self):
        self.stub.answer("GET", "/api/v1/prices/conflicts", ({"items": [], "total": 0, "next_cursor": None}))
        self.assertIn("No price conflict waits.", self.run_cli("prices", "conflicts").out)

    def test_an_approval_says_what_is_in_force_now(self):
        self.stub.answer("POST", f"/api/v1/prices/conflicts/{ID}/approve", (dict(CONFLICT, state="approved",
            decision="litellm", price={"per_million": {"input": 5, "output": 10}})))
        ran = self.run_cli("prices", "approve", ID, "--source", "litellm")
        self.assertEqual(ran.out, "Price of openai gpt-4o is now what litellm says: 5 in, 10 out a million.\n")
        self.assertEqual(self.run_cli("prices", "approve", ID).code, 64)
        self.stub.answer("POST", f"/api/v1/prices/conflicts/{ID}/reject", (dict(CONFLICT, state="rejected")))
        self.assertIn("rejected: the price of openai gpt-4o stays", self.run_cli("prices", "reject", ID).out)

    def test_words_that_are_none_are_said(self):
        for words in (["sources", "put"], ["sources", "set"], ["rates", "set", "EUR"], ["rates", "get"]):
            self.assertEqual(self.run_cli("prices", *words).code, 64, words)

    def test_an_update_is_waited_for_and_its_differences_shown(self):
        done = run("ok", detail="2 read", counts={"first": 1, "applied": 1}, sources=[{"source": "litellm", "quotes": 9, "unchanged": 7}],
                   differences=[{"provider": "openai", "model": "gpt-4o", "service_tier": "standard", "action": "applied",
                                 "reason": "litellm, openrouter agree: -20 %", "percent": -20, "conflict_id": None,
                                 "old": {"input_cost_per_token": 0.0000025}, "new": {"input_cost_per_token": 0.000002}}])
        self.stub.answer("POST", "/api/v1/prices/update", (run("queued")))
        self.stub.answer("GET", f"/api/v1/prices/updates/{RUN}", (done))
        ran = self.run_cli("prices", "update", "--all")
        self.assertEqual(ran.code, 0, ran.err)
        self.assertRegex(ran.out, r"litellm +9 +7")
        self.assertRegex(ran.out, r"openai +gpt-4o +standard +applied +0.0025 +0.002")
        self.assertIn(f"1 first prices, 1 changed, run {RUN} ok: 2 read.", ran.out)

    def test_many_first_prices_are_counted_not_listed(self):
        line = {"provider": "p", "service_tier": "standard", "percent": None, "conflict_id": None, "old": None,
                "new": {"input_cost_per_token": 0.000002}, "reason": "r"}
        lines = [dict(line, model=f"m{n}", action="first") for n in range(50)] + [dict(line, model="c", action="conflict")]
        self.stub.answer("POST", "/api/v1/prices/update", run("ok", differences=lines))
        ran = self.run_cli("prices", "update")
        self.assertIn("(50 first prices are not listed: --first)", ran.out)
        self.assertNotIn("m7", ran.out)
        self.assertRegex(ran.out, r"c +standard +conflict")
        self.assertIn("m7", self.run_cli("prices", "update", "--first").out)

    def test_a_failed_update_fails(self):
        self.stub.answer("POST", "/api/v1/prices/update", (run("failed", detail="no source could be read")))
        ran = self.run_cli("prices", "update")
        self.assertEqual(ran.code, 70)
        self.assertIn("no source could be read", ran.out)
        self.stub.answer("POST", "/api/v1/prices/update", problem(404, "unknown_source", "There is no price source x."))
        self.assertEqual(self.run_cli("prices", "update", "--source", "x").code, 66)


main()
