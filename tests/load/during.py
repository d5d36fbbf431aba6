"""The record rate while something else runs beside it: a price import, a reprice, a sweep, a proof, an old snapshot."""
import json
import pathlib
import subprocess
import threading
import time

EXPIRED_HOLDS = 100000
FEED_MODELS = 3000
SNAPSHOT_SECONDS = 30

# Holds as the ledger leaves them when their clients have died, and what their policies hold with them.
EXPIRED = """
SELECT set_config('budget.tenant', '00000000-0000-7000-8000-000000000001', false);
CREATE TEMP TABLE one AS SELECT h FROM budget.hold h WHERE h.metadata ->> 'bench' = 'pattern' LIMIT 1;
INSERT INTO budget.hold SELECT (jsonb_populate_record(NULL::budget.hold, to_jsonb((one).h) || jsonb_build_object(
        'hold_id', budget.uuid_v7(), 'state', 'live', 'left_tokens', 10, 'left_cost', 0.0001, 'tokens', 10, 'cost', 0.0001,
        'resolved_at', NULL, 'expires_at', now() - interval '1 minute', 'metadata', NULL))).*
  FROM one, generate_series(1, {count});
UPDATE budget.policy_state s SET held_tokens = held_tokens + 10 * {count}, held_cost = held_cost + 0.0001 * {count}
  FROM one WHERE s.tenant_id = ((one).h).tenant_id AND s.revision = ANY (((one).h).revisions) AND s.scope = '';
"""


class During:
    """bench: the running Bench (bench.py)."""

    def __init__(self, bench):
        self.bench, self.home = bench, bench.home
        self.jobs = self.installed()
        self.environment = dict(self.home.environment, BUDGET_DATABASE_URL=f"host={self.home.run} dbname=budget user=budget_app")
        self.failed = []

    def installed(self):
        """Where the jobs stand: beside the ledger that runs."""
        with open(f"/proc/{self.home.pid('ledger')}/cmdline", encoding="utf-8") as line:
            return pathlib.Path(line.read().split("\0")[0]).resolve().parent

    def rows(self):
        """One row each: the rate beside it, against the rate just before it with nothing beside."""
        for name, work in (("a price import", self.price_import), ("a reprice", self.reprice), ("a sweep", self.sweep),
                           ("a verify", self.verify), (f"a {SNAPSHOT_SECONDS} s old snapshot", self.snapshot)):
            if self.bench.options.beside not in name:
                continue
            before = self.bench.record_rate("record, alone")
            prepare, run, end = work()
            prepare()
            thread = threading.Thread(target=run, daemon=True)
            thread.start()
            figure = self.bench.record_rate(f"record, {name}")
            figure["ratio_to_record"] = figure["rate"] / before["rate"]
            is_beside = thread.is_alive()
            end()
            thread.join()
            if not is_beside or self.failed: # a rate beside nothing is no figure
                raise SystemExit(f"{name} did not run to the end of its measurement: {self.failed}")

    def run_job(self, *words):
        done = subprocess.run([str(self.jobs / words[0]), *words[1:]], env=self.environment, check=False, cwd=str(self.home.folder),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            self.failed.append(f"{words[0]}: {done.stderr}")

    def job(self, *words):
        """A job again and again until told to end; the schedule starts none more often than every second."""
        stop = threading.Event()

        def run():
            while not stop.is_set():
                self.run_job(*words)
                stop.wait(1)
        return run, stop.set

    def price_import(self):
        feed = self.home.folder / "feed.json"
        turn = [0]

        def prepare():
            turn[0] += 1
            feed.write_text(json.dumps({f"bench-{n}": {
                "litellm_provider": "openai", "mode": "chat", "input_cost_per_token": (n + turn[0]) * 1e-9,
                "output_cost_per_token": 4 * n * 1e-9 + 1e-9, "max_input_tokens": 100000, "max_output_tokens": 4096}
                for n in range(1, FEED_MODELS + 1)}))
        stop = threading.Event()

        def run():
            while not stop.is_set():
                self.run_job("price-update", "--from-file", f"litellm={feed}")
                prepare()
        return prepare, run, stop.set

    def reprice(self):
        """All records of the bench get another price, back and forth."""
        stop = threading.Event()
        price = {"provider": "bench", "model": "one", "output_cost_per_token": "0.000015"}

        def run():
            turn = 0
            while not stop.is_set():
                turn += 1
                self.home.post("/api/v1/prices", {**price, "input_cost_per_token": f"0.00000{3 + turn % 2}"})
                answer = self.home.post("/api/v1/prices/reprice", {"provider": "bench", "model": "one", "price": "current",
                                                                   "since": "2020-01-01", "reason": "bench"}, timeout=120)
                if answer.status >= 400 and answer.status != 409:
                    self.failed.append(f"reprice: {answer}")
                self.run_job("reprice")
        return (lambda: None), run, stop.set

    def sweep(self):
        def prepare():
            self.home.post("/api/v1/allocations", {"provider": "bench", "model": "one", "component": "bench", "tokens": 10,
                                                   "metadata": {"bench": "pattern"}})
            self.home.sql(EXPIRED.format(count=EXPIRED_HOLDS))
        run, end = self.job("holds-expire")
        return prepare, run, end

    def verify(self):
        run, end = self.job("verify")
        return (lambda: None), run, end

    def snapshot(self):
        """A reader that forgot to end its transaction. The rate is measured when the snapshot is as old as the row says."""
        psql = subprocess.Popen(self.home.psql_words(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)

        def prepare():
            psql.stdin.write("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM budget.tenant;\n")
            psql.stdin.flush()
            until = time.monotonic() + SNAPSHOT_SECONDS
            while time.monotonic() < until:
                self.bench.load(until - time.monotonic())
        return prepare, psql.wait, psql.stdin.close
