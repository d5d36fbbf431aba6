"""Connections used up, locked rows, slow statements, a server that hangs: 503 that says so, and well again by itself."""
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import uuid
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import freeze, main, wait_for  # noqa: E402
from ledger import API, uuid7  # noqa: E402
from outage import OutageCase  # noqa: E402

ENDED = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


class Connections(OutageCase):
    settings = {"BUDGET_POOL_SIZE": "4"}

    def metric(self, name):
        for line in self.home.get("/metrics").text.splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise AssertionError(f"no {name}")

    @contextlib.contextmanager
    def psql(self, *statements):
        """A session that has run the statements and keeps its transaction open."""
        session = subprocess.Popen(self.home.psql_words() + ["-A", "-t"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            session.stdin.write("BEGIN;\n" + "".join(f"{s};\n" for s in statements) + "SELECT 'ready';\n")
            session.stdin.flush()
            while "ready" not in session.stdout.readline():
                pass
            yield
        finally:
            session.stdin.close()
            session.wait(20)
            session.stdout.close()

    def test_no_connection_left_is_503_records_are_kept_and_it_is_well_by_itself(self):
        budget, policy = self.limited(period="lifetime", cost_limit=1)
        self.home.sql("ALTER DATABASE budget CONNECTION LIMIT 0")  # superusers pass
        try:
            self.home.sql(ENDED)
            answer = self.home.post(f"{API}/check", {"estimated_tokens": 1})
            self.assert_problem(answer, 503, "too_many_connections")
            self.assertIsNotNone(answer.headers["Retry-After"])
            self.assert_problem(self.home.get(f"{API}/budgets"), 503, "too_many_connections")
            self.spool(budget)
        finally:
            self.home.sql("ALTER DATABASE budget CONNECTION LIMIT -1")
        self.wait_for_replay()
        self.assertEqual(self.used(policy), (Decimal("0.001"), 0))

    def test_locked_rows_are_503_and_the_retry_settles_it(self):
        budget, policy = self.limited(period="lifetime", cost_limit=1)
        record = uuid7()
        with self.psql("LOCK TABLE budget.usage_record IN ACCESS EXCLUSIVE MODE"):
            self.assertEqual(self.record(budget, 503, record_id=record)["code"], "lock_timeout")
            self.assertIsNotNone(self.answer.headers["Retry-After"])
        self.record(budget, record_id=record)
        self.assertEqual(self.used(policy), (Decimal("0.001"), 0))
        self.assertGreater(self.metric("budget_ledger_retries_total"), 0)
        self.assertEqual(self.metric("budget_ledger_deadlocks_total"), 0)

    def test_a_slow_statement_is_503_and_the_retry_settles_it(self):
        budget, policy = self.limited(period="lifetime", cost_limit=1)
        record = uuid7()
        self.home.sql("CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END'; "
                      "GRANT EXECUTE ON FUNCTION public.slow() TO PUBLIC; CREATE TRIGGER slow BEFORE INSERT ON budget.usage_record "
                      "FOR EACH ROW EXECUTE FUNCTION public.slow()")
        try:
            self.assertEqual(self.record(budget, 503, record_id=record)["code"], "statement_timeout")
        finally:
            self.home.sql("DROP FUNCTION public.slow() CASCADE")
        self.record(budget, record_id=record)
        self.assertEqual(self.used(policy), (Decimal("0.001"), 0))

    def test_a_server_that_hangs_is_away_and_records_are_kept(self):
        budget, policy = self.limited(period="lifetime", cost_limit=1)
        self.record(budget)  # the leader has a connection now
        children = [int(pid) for pid in subprocess.run(["pgrep", "-P", str(self.home.pid("postgres"))], check=True,
                                                       capture_output=True, text=True).stdout.split()]
        stopped = [self.home.pid("postgres"), *children]
        for pid in stopped:
            freeze(pid)
        kept = []

        def seconds():
            began = time.monotonic()
            kept.append(self.spool(budget)["record_id"])
            return time.monotonic() - began

        try:
            self.assertLess(seconds(), 25)
            wait_for(lambda: seconds() < 0.5, "records to be answered at once", 60)
            self.assertLess(max(seconds() for _ in range(20)), 2)
            self.assertEqual(self.home.get("/health").status, 503)
        finally:
            for pid in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        self.wait_for_replay()
        self.assertEqual(self.used(policy), (Decimal(len(kept) + 1) / 1000, 0))
        wait_for(lambda: self.home.post(f"{API}/usage/record", {"provider": "acme", "model": "plain", "input_tokens": 1}).status
                 == 201, "records to go straight again")
        self.wait_for_replay()

    def test_a_burst_with_a_new_key_takes_one_connection(self):
        budget, policy = self.limited(period="lifetime", cost_limit=1)
        key = self.make("keys", {"name": f"k {uuid.uuid4()}", "role": "service"})["key"]
        body = {"provider": "acme", "model": "plain", "budget_id": budget, "input_tokens": 1}
        gate, statuses = threading.Barrier(60), []

        def work(sent):
            gate.wait()
            statuses.append(self.home.post(f"{API}/usage/record", body, headers={"X-API-Key": sent}, timeout=60).status)

        with self.psql("LOCK TABLE budget.api_key IN ACCESS EXCLUSIVE MODE"):  # so that all come while the first one asks
            threads = [threading.Thread(target=work, args=(key,)) for _ in range(60)]
            for thread in threads:
                thread.start()
            wait_for(lambda: self.home.value("SELECT count(*) FROM pg_locks WHERE relation = 'budget.api_key'::regclass "
                                             "AND NOT granted") not in ("0", None), "the first to ask")
            self.assertEqual(self.home.value("SELECT count(*) FROM pg_locks WHERE relation = 'budget.api_key'::regclass "
                                             "AND NOT granted"), "1")
        for thread in threads:
            thread.join()
        self.assertEqual(set(statuses), {201})
        self.assertEqual(self.used(policy), (Decimal("0.06"), 0))

    def test_keys_seen_lately_stay_valid_and_others_are_503(self):
        key, other = (self.make("keys", {"name": f"k {uuid.uuid4()}", "role": "service"})["key"] for _ in range(2))
        budget = self.budget()
        self.record(budget, headers={"X-API-Key": key})
        with self.away():
            self.spool(budget, headers={"X-API-Key": key})
            self.record(budget, 503, headers={"Authorization": f"Bearer {other}"})
            self.record(budget, 401, headers={"X-API-Key": key[:-1] + ("a" if key[-1] != "a" else "b")})
        self.wait_for_replay()
        self.record(budget, headers={"X-API-Key": other})

    def test_health_and_metrics_show_what_waits(self):
        budget = self.budget()
        with self.away():
            self.spool(budget)
            self.spool(budget)
            wait_for(lambda: self.metric("budget_spool_records") == 2, "the metrics to follow")
            self.assertGreater(self.metric("budget_spool_bytes"), 100)
            self.assertEqual((self.metric("budget_degraded"), self.metric("budget_database_up")), (1, 0))
            began = time.monotonic()
            health = self.home.get("/health")
            self.assertLess(time.monotonic() - began, 1.5)
            self.assertEqual((health.status, health.json["checks"]["spool"]["status"]), (503, "degraded"))
            self.assertIn("2 records", health.json["checks"]["spool"]["detail"])
        self.wait_for_replay()
        wait_for(lambda: self.metric("budget_spool_records") == 0, "the metrics to follow")
        self.assertEqual(self.metric("budget_degraded"), 0)
        self.assertGreaterEqual(self.metric("budget_spool_replayed_total"), 2)
        for name in ("budget_ledger_groups_total", "budget_ledger_requests_total", "budget_ledger_queue_depth",
                     "budget_spool_dead_letters", "budget_spool_oldest_seconds", "budget_oldest_snapshot_seconds"):
            self.metric(name)
        self.assertEqual(self.home.get("/health").json["checks"]["spool"]["detail"], "empty")

    def test_an_old_snapshot_makes_health_degraded(self):
        with self.psql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM budget.tenant"):
            wait_for(lambda: self.home.get("/health").json["checks"]["oldest_snapshot"]["status"] == "degraded",
                     "the snapshot to get old", 30)
            self.assertGreaterEqual(self.metric("budget_oldest_snapshot_seconds"), 10)
        wait_for(lambda: self.home.get("/health").json["checks"]["oldest_snapshot"]["status"] == "ok", "it to be gone")


if __name__ == "__main__":
    main()
