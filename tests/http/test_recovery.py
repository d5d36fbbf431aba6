"""Each process killed with -9 while clients write: all of it comes back, no acknowledged record is lost or doubled.

Two homes side by side, starts after a kill of everything and stale files: test_house.py. PostgreSQL away for longer:
test_status.py.
"""
import http.client
import os
import pathlib
import signal
import sys
import threading
import time
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import freeze, main, wait_for  # noqa: E402
from ledger import API, LedgerCase, uuid7  # noqa: E402

CLIENTS = 4


class Clients:
    """Clients that allocate, record and release in a circle, and repeat with the same id what was not answered."""

    def __init__(self, home, budget):
        self.home, self.budget = home, budget
        self.ending = threading.Event()
        self.acknowledged, self.refused, self.retries, self.lock = [], [], 0, threading.Lock()
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(CLIENTS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_for(lambda: len(self.acknowledged) > 20, "the clients to get going", 60)
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join(120)

    def work(self):
        number = 0
        while not self.ending.is_set():
            number += 1
            body = {"provider": "acme", "model": "plain", "budget_id": self.budget}
            if number % 3 == 0:
                hold = uuid7()
                self.insist("allocations", {**body, "allocation_id": hold, "tokens_allocated": 10})
                body["allocation_id"] = hold
            record = uuid7()
            self.insist("usage/record", {**body, "record_id": record, "input_tokens": 1})
            with self.lock:
                self.acknowledged.append(record)
            if "allocation_id" in body and number % 2 == 0:
                self.insist(f"allocations/{hold}/release", {})

    def insist(self, path, body):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                answer = self.home.post(f"{API}/{path}", body, timeout=20)
                if answer.status < 300:
                    return
                if answer.status not in (500, 502, 503, 504):
                    with self.lock:
                        self.refused.append(answer)
                    return
            except (OSError, http.client.HTTPException):
                pass
            self.retries += 1
            time.sleep(0.02)
        with self.lock:
            self.refused.append(f"{path}: not done within 60 s")


class Recovery(LedgerCase):
    def verify(self, clients, policy):
        """Every acknowledged record is there once, sums and holds agree."""
        self.assertEqual(clients.refused, [])
        of_budget = f"JOIN budget.shape s USING (tenant_id, shape_id) WHERE s.budget_id = '{clients.budget}'"
        wait_for(lambda: int(self.home.value(f"SELECT count(*) FROM budget.usage_record u {of_budget}"))
                 >= len(clients.acknowledged), "what was kept on disk to be recorded", 60)
        rows = self.home.sql(f"SELECT u.record_id FROM budget.usage_record u {of_budget}")
        self.assertEqual(sorted(row[0] for row in rows), sorted(clients.acknowledged))
        self.assertEqual(self.standing(policy)["tokens_used"], len(clients.acknowledged))
        self.assertEqual(self.drift(), [])

    def while_writing(self, deed):
        budget, policy = self.limited(period="lifetime", token_limit=10 ** 9)
        with Clients(self.home, budget) as clients:
            for _ in range(3):
                before = len(clients.acknowledged)
                deed()
                wait_for(lambda at=before: len(clients.acknowledged) > at + 30, "records to go on", 60)
                wait_for(lambda: self.home.get("/ready").status == 200, "the database to be back", 60)
        self.verify(clients, policy)
        return clients

    def replaced(self, name):
        """Kills a service and waits for another in its place."""
        old = self.home.kill(name)
        wait_for(lambda: self.home.processes().get(name, (0,))[0] not in (0, old), f"another {name}", 60)

    def test_the_ledger_killed_while_clients_write(self):
        self.while_writing(lambda: self.replaced("ledger"))

    def test_postgresql_killed_while_clients_write(self):
        clients = self.while_writing(lambda: self.replaced("postgres"))
        self.assertGreater(clients.retries, 0, "the kill was felt")

    def test_a_session_of_postgresql_killed_with_9_while_clients_write(self):
        def deed():
            pid = self.home.value("SELECT pid FROM pg_stat_activity WHERE usename = 'budget_app' LIMIT 1")
            os.kill(int(pid), signal.SIGKILL)
        self.while_writing(deed)

    def test_a_session_of_postgresql_ended_while_clients_write(self):
        self.while_writing(lambda: self.home.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'budget_app'"))

    def test_the_web_server_killed_while_clients_write(self):
        self.while_writing(lambda: self.replaced("lighttpd"))

    def test_the_supervisor_killed_while_clients_write(self):
        def deed():
            self.home.kill("supervisor")
            self.home.start()
        self.while_writing(deed)

    def test_every_other_process_killed_and_back(self):
        paths = {"budgets": "budgets", "policies": "policies", "prices": "prices", "alerts": "alerts",
                 "reports": "reports",
                 "access": "keys", "admin": "settings", "status": "status"}
        names = set(self.home.processes()) - {"supervisor", "postgres", "lighttpd", "ledger"}
        self.assertEqual(names - {"schedule"}, set(paths), "each has a path to ask")
        for name in sorted(names):
            with self.subTest(name):
                self.replaced(name)
                if name in paths:
                    wait_for(lambda n=name: self.home.get(f"{API}/{paths[n]}").status == 200, f"{name} to answer again")
        wait_for(lambda: self.home.get("/health").json["status"] == "healthy", "everything to be well", 60)

    def test_with_the_database_stopped_the_ledger_says_unknown_and_a_retry_settles_it(self):
        budget, policy = self.limited(period="lifetime", cost_limit=2)
        record, hold = uuid7(), uuid7()
        body = {"provider": "acme", "model": "plain", "budget_id": budget}
        asks = [("check", {**body, "estimated_tokens": 1}), ("allocations", {**body, "allocation_id": hold, "cost": 1}),
                ("usage/record", {**body, "record_id": record, "input_tokens": 1}),
                ("usage/batch", [{**body, "record_id": record, "input_tokens": 1}]),
                (f"allocations/{hold}/release", {})]
        supervisor = self.home.pid("supervisor")
        freeze(supervisor)  # so that nobody starts the database again meanwhile
        try:
            os.kill(self.home.pid("postgres"), signal.SIGQUIT)
            wait_for(lambda: self.home.get("/ready").status == 503, "the database to be gone")
            for path, document in asks:
                with self.subTest(path):
                    began = time.monotonic()
                    answer = self.home.post(f"{API}/{path}", document)
                    if path.startswith("usage"):  # kept on disk: test_outage.py
                        self.assertEqual(answer.status, 202, answer)
                    else:
                        self.assertIsNotNone(answer.headers["Retry-After"], answer)
                        self.assertNotIn("libpq", self.assert_problem(answer, 503)["detail"])
                    self.assertLess(time.monotonic() - began, 5)
        finally:
            os.kill(supervisor, signal.SIGCONT)
        wait_for(lambda: self.home.get("/ready").status == 200, "the database to be back", 60)
        for path, document in asks:
            wait_for(lambda p=path, d=document: self.home.post(f"{API}/{p}", d).status in (200, 201), path)
        self.assertEqual(self.used(policy), (Decimal("0.001"), 0))
        self.assertEqual(self.drift(), [])


if __name__ == "__main__":
    main()
