"""budget prices reprice: shows what differs, asks on a terminal, waits for long runs, undoes, lists."""
import os
import pathlib
import pty
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
sys.path.append(str(pathlib.Path(__file__).resolve().parent))
from command import PROGRAM, StubCase  # noqa: E402
from stub import problem, reply  # noqa: E402
from tap import main  # noqa: E402

ID = "01a2011f-3b1a-77a7-a2b1-73ce2af1972d"
RUNS = "/api/v1/prices/reprice"


def a_run(**fields):
    line = {"budget_id": ID, "budget": "writers", "provider": "openai", "model": "gpt-4o", "records": 8,
            "newly_priced": 0, "old_cost": 9.6, "new_cost": 4.8, "delta_cost": -4.8, "delta_ceiling": 0}
    return {"run_id": ID, "kind": "reprice", "state": "done", "dry_run": False, "undo_of": None, "examined": 20,
            "unpriced": 0, "records": 8, "old_cost": 9.6, "new_cost": 4.8, "delta_cost": -4.8, "delta_ceiling": 0,
            "currency": "USD", "created_at": "2026-11-25T08:00:00.000000Z", "created_by": "me", "reason": "",
            "differences": [line], **fields}


class Reprice(StubCase):
    def test_a_dry_run_shows_the_difference_by_budget_and_model(self):
        self.stub.answer("POST", RUNS, a_run(dry_run=True))
        ran = self.run_cli("prices", "reprice", "--model", "gpt-4o", "--since", "2026-01-01", "--dry-run")
        self.assertEqual(ran.code, 0, ran.err)
        self.assertEqual(self.stub.last.json, {"dry_run": True, "model": "gpt-4o", "since": "2026-01-01"})
        self.assertRegex(ran.out, r"writers +\S+ +openai +gpt-4o +8 +\$9.60 +\$4.80 +-\$4.80")
        self.assertIn("20 records looked at, 8 differ: $9.60 becomes $4.80, a difference of -$4.80.", ran.out)
        self.assertNotIn("Applied", ran.out)

    def test_without_a_terminal_it_applies(self):
        self.stub.answer("POST", RUNS, a_run())
        ran = self.run_cli("prices", "reprice", "--model", "gpt-4o", "--price", "current", "--reason", "list was wrong")
        self.assertEqual(self.stub.last.json, {"model": "gpt-4o", "price": "current", "reason": "list was wrong"})
        self.assertIn(f"budget prices reprice undo {ID}", ran.out)
        self.assertEqual(len(self.stub.requests), 1)

    def test_on_a_terminal_it_shows_the_plan_and_asks(self):
        self.stub.answer("POST", RUNS, a_run())
        for answer, bodies in (("n", [True]), ("y", [True, False])):
            self.stub.requests.clear()
            shown = self.type(answer, "prices", "reprice", "--model", "gpt-4o")
            self.assertIn("Apply?", shown)
            self.assertEqual([r.json["dry_run"] for r in self.stub.requests], bodies)
            self.assertEqual("Applied" in shown, answer == "y")

    def type(self, answer, *words):
        """What the command shows to somebody who types this answer."""
        master, slave = pty.openpty()
        around = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "BUDGET_URL": self.stub.url}
        os.write(master, answer.encode() + b"\n")
        done = subprocess.run([PROGRAM, *words], env=around, stdin=slave, capture_output=True, timeout=60, check=False)
        os.close(master)
        os.close(slave)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode() + done.stderr.decode()

    def test_a_long_run_is_waited_for(self):
        states = iter(["running", "done"])
        self.stub.answer("POST", RUNS, reply(a_run(state="running", differences=[]), 202))
        self.stub.answer("GET", f"{RUNS}/{ID}", lambda _: reply(a_run(state=next(states))))
        ran = self.run_cli("prices", "reprice", "--yes", "--format", "json")
        self.assertEqual((ran.json["state"], len(self.stub.requests)), ("done", 3))

    def test_undo_list_and_show(self):
        self.stub.answer("POST", f"{RUNS}/{ID}/undo", a_run(kind="undo", undo_of=ID))
        self.assertIn(f"Undone: run {ID}.", self.run_cli("prices", "reprice", "undo", ID).out)
        self.stub.answer("GET", RUNS, {"items": [a_run()], "total": 1, "page": 1, "limit": 50, "next_cursor": None})
        self.assertIn(ID, self.run_cli("prices", "reprice", "list").out)
        self.stub.answer("GET", f"{RUNS}/{ID}", a_run())
        self.assertIn("gpt-4o", self.run_cli("prices", "reprice", "show", ID).out)
        self.assertEqual(self.run_cli("prices", "reprice", "undo").code, 64)
        self.assertEqual(self.run_cli("prices", "reprice", "redo", ID).code, 64)

    def test_a_run_under_way_is_said(self):
        self.stub.answer("POST", RUNS, problem(409, "reprice_running", "Another run corrects costs at this moment.",
                                               run_id=ID))
        ran = self.run_cli("prices", "reprice", "--yes")
        self.assertNotEqual(ran.code, 0)
        self.assertIn("Another run", ran.err)


if __name__ == "__main__":
    main()
