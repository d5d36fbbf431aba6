"""A long mixed run: no deadlock and no false alarm with sweeps, proofs, repairs and policy edits beside it, and no bloat.

Some seconds in a usual run; BUDGET_TEST_RACE_SECONDS=600 makes it ten minutes.
"""
import pathlib
import sys
import threading
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent))
from race import API, Editor, RaceCase, SECONDS  # noqa: E402
from home import WORK, main  # noqa: E402
from swarm import Swarm  # noqa: E402

SIZES = """
SELECT relname, n_live_tup, n_dead_tup, n_tup_upd, n_tup_hot_upd, pg_relation_size(relid), pg_indexes_size(relid)
  FROM pg_stat_user_tables WHERE schemaname = 'budget'
   AND relname IN ('policy_state', 'counter', 'shape_plan', 'request_key', 'alert', to_char(now(), '"hold_"YYYY_MM'))
 ORDER BY relname"""
HOT = ("policy_state", "counter")


class Beside(threading.Thread):
    """Somebody who does the same again and again while clients race."""

    def __init__(self, until, deed, pause=0.3):
        super().__init__(daemon=True)
        self.until, self.deed, self.pause, self.times, self.failed = until, deed, pause, 0, []
        self.start()

    def run(self):
        while time.time() < self.until:
            try:
                self.deed()
                self.times += 1
            except Exception as error:  # pylint: disable=broad-except  # the test reports it
                self.failed.append(error)
            time.sleep(self.pause)


class LongRun(RaceCase):
    def test_no_deadlock_no_false_alarm_no_bloat(self):
        policies, leaf = self.team(generous=2)
        with Swarm(self.ports, [leaf], WORK, SECONDS, clients=64, wild=0.15) as swarm:
            beside = {
                "sweeps": Beside(swarm.until, lambda: self.home.sql("SELECT budget.holds_expire(50)")),
                "proofs": Beside(swarm.until, lambda: self.proof(self.other)),
                "repairs": Beside(swarm.until, lambda: self.proof(self.home, "recalculate"), 1),
                "prices": Beside(swarm.until, self.price, 1),
            }
            editor = Editor(self, policies, swarm.until, 0.4)
            time.sleep(SECONDS / 2)
            half = self.sizes()
        editor.join()
        for name, thread in beside.items():
            thread.join()
            self.assertEqual((name, thread.failed[:2]), (name, []))
            self.assertGreater(thread.times, 0, name)
        calls, end = swarm.calls, self.sizes()
        print(f"# seed {swarm.seed}: {len(calls)} calls, {editor.edits} edits, " +
              ", ".join(f"{thread.times} {name}" for name, thread in beside.items()))
        for name, row in end.items():
            print(f"# {name}: {row['live']} rows, {row['dead']} dead, {row['table']} + {row['indexes']} bytes, "
                  f"{row['hot']} of {row['updates']} updates in place")
        self.assertEqual(editor.failed, [])
        self.settled(calls)
        self.replay(calls, leaf)
        self.clean()
        self.assertEqual(self.home.value("SELECT sum(deadlocks) FROM pg_stat_database"), "0")
        for name in HOT:
            self.assertGreaterEqual(end[name]["hot"], 0.9 * end[name]["updates"], f"{name}: hot rows are updated in place")
            self.assertLessEqual(end[name]["table"], 2 * half[name]["table"] + 2 ** 20, f"{name} grows")

    def price(self):
        """Plans of all requests are made anew after it."""
        cost = str(time.time() % 1 + 1)[:6]
        self.make("prices", {"provider": "acme", "model": "other", "input_cost_per_token": cost, "output_cost_per_token": cost})

    def proof(self, home, path="verify"):
        """Under load, too, the books agree with the log at every moment."""
        answer = home.post(f"{API}/admin/{path}", {}, timeout=60)
        while answer.status == 200 and not answer.json["is_complete"]:
            answer = home.post(f"{API}/admin/{path}", {"run_id": answer.json["run_id"]}, timeout=60)
        if answer.status in (409, 503):  # another proof is under way, or another repair came first
            return
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json["differences"], [], "a difference where there is none")

    def sizes(self):
        names = ("live", "dead", "updates", "hot", "table", "indexes")
        return {row[0]: dict(zip(names, map(int, row[1:]))) for row in self.home.sql(SIZES)}


if __name__ == "__main__":
    main()
