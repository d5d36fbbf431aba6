"""The database away: records are kept on disk, answered 202 and recorded once when it is back."""
import json
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
from home import main, wait_for  # noqa: E402
from ledger import API, uuid7  # noqa: E402
from outage import OutageCase  # noqa: E402


class Outage(OutageCase):
    def test_a_record_is_kept_and_recorded_once(self):
        budget, policy = self.limited(period="lifetime", cost_limit=1)
        named = uuid7()
        with self.away():
            first = self.spool(budget, record_id=named, input_tokens=3, component="writer", metadata={"a": "é"})
            self.assertEqual((first["record_id"], first["input_tokens"], first["metadata"]), (named, 3, {"a": "é"}))
            self.assertEqual(self.spool(budget, record_id=named, input_tokens=3, component="writer",
                                        metadata={"a": "é"})["record_id"], named)
            other = self.spool(budget)["record_id"]
            self.assertNotEqual(other, named)
        self.wait_for_replay()
        self.assertEqual({row[0] for row in self.rows(budget)}, {named, other})
        again = self.record(budget, 201, record_id=named, input_tokens=3, component="writer", metadata={"a": "é"})
        self.assertEqual(self.answer.headers["Idempotency-Replayed"], "true")
        self.assertEqual((again["record_id"], again["total_cost"]), (named, Decimal("0.003")))
        self.assertIn("spooled", self.home.value(
            f"SELECT flags FROM budget.usage_record WHERE record_id = '{named}'"))
        self.assertEqual(self.used(policy), (Decimal("0.004"), 0))
        self.assertEqual(self.drift(), [])

    def test_it_counts_when_it_was_received_unless_it_says_when(self):
        budget, _ = self.limited(period="lifetime", cost_limit=1)
        with self.away():
            began = time.time()
            plain = self.spool(budget)["record_id"]
            ahead = self.spool(budget, timestamp="2999-01-01T00:00:00Z")["record_id"]
            ended = time.time()
        self.wait_for_replay()
        for record in (plain, ahead):
            at = float(self.home.value("SELECT extract(epoch FROM charged_at) FROM budget.usage_record "
                                       f"WHERE record_id = '{record}'"))
            self.assertTrue(began - 1 <= at <= ended + 1, (began, at, ended))

    def test_a_key_sent_twice_is_one_record(self):
        budget, policy = self.limited(period="lifetime", cost_limit=1)
        key, old = {"Idempotency-Key": str(uuid.uuid4())}, str(uuid.uuid4())
        with self.away():
            for _ in range(2):
                self.spool(budget, headers=key)
                self.spool(budget, record_id=old)
        self.wait_for_replay()
        self.assertEqual(self.used(policy), (Decimal("0.002"), 0))
        records = {row[0] for row in self.rows(budget)}
        for again in (self.record(budget, 201, headers=key), self.record(budget, 201, record_id=old)):
            self.assertIn(again["record_id"], records)
        self.assert_problem(self.home.post(f"{API}/usage/record", {"provider": "acme", "model": "plain", "input_tokens": 9},
                                           headers=key), 422, "idempotency_mismatch")

    def test_a_batch_is_kept_and_what_is_no_record_is_503(self):
        budget, policy = self.limited(period="lifetime", cost_limit=1)
        body = {"provider": "acme", "model": "plain", "budget_id": budget, "input_tokens": 1}
        hold = self.hold(budget, cost=Decimal("0.5"))["allocation_id"]
        ids = [uuid7() for _ in range(700)]
        with self.away():
            answer = self.home.post(f"{API}/usage/batch", [{**body, "record_id": name} for name in ids] + [{"provider": "x"}])
            self.assertEqual(answer.status, 202, answer)
            self.assertEqual([answer.json[name] for name in ("accepted", "spooled", "duplicates", "rejected")], [700, 700, 0, 1])
            self.assertEqual({item["status"] for item in answer.json["items"]}, {202, 422})
            for path, document in (("allocations", {"cost": 1, "budget_id": budget}), (f"allocations/{hold}/release", {}),
                                   (f"allocations/{hold}/extend", {"ttl_seconds": 9}), ("check", {**body, "reserve": True})):
                problem = self.home.post(f"{API}/{path}", document)
                self.assert_problem(problem, 503, "database_away")
                self.assertIsNotNone(problem.headers["Retry-After"])
        self.wait_for_replay()
        self.assertEqual([row[0] for row in self.rows(budget)], sorted(ids))
        self.assertEqual(self.used(policy), (Decimal("0.7"), Decimal("0.5")))

    def test_a_hold_is_settled_from_the_spool_and_one_that_ran_out_meanwhile_makes_it_late(self):
        budget, policy = self.limited(period="lifetime", cost_limit=1)
        settled = self.hold(budget, tokens_allocated=10, final=True)["allocation_id"]
        brief = self.hold(budget, tokens_allocated=10, ttl_seconds=1)["allocation_id"]
        expires = time.monotonic() + 1
        with self.away():
            records = [self.spool(budget, allocation_id=name)["record_id"] for name in (settled, brief)]
            wait_for(lambda: time.monotonic() > expires, "the brief hold to run out")
        self.wait_for_replay()
        self.assertEqual([self.home.value(f"SELECT cause FROM budget.usage_record WHERE record_id = '{name}'")
                          for name in records], ["held", "late"])
        self.assertEqual(self.used(policy), (Decimal("0.002"), 0))
        self.assertEqual(self.drift(), [])

    def test_a_record_that_the_database_refuses_becomes_a_dead_letter_and_an_alert(self):
        budget, policy = self.limited(period="lifetime", cost_limit=1)
        with self.away():
            lost = self.spool(str(uuid.uuid4()))["record_id"]
            self.spool(budget)
        self.wait_for_replay()
        self.assertEqual(self.used(policy), (Decimal("0.001"), 0))
        letter = self.home.folder / "spool" / "dead" / f"{lost}.json"
        self.assertIn('"code":"budget_not_found"', letter.read_text())
        alerts = [a for a in self.home.get(f"{API}/alerts").json["items"] if a["type"] == "spool_dead_letter"]
        self.assertEqual(len(alerts), 1)

    def command(self, *words):
        return subprocess.run([os.environ["BUDGET_TEST_CLI"], "spool", *words, "--home", str(self.home.folder)], text=True,
                              capture_output=True, check=False, stdin=subprocess.DEVNULL)

    def test_dead_letters_are_listed_tried_again_and_dropped_by_the_command(self):
        budget, policy = self.limited(period="lifetime", cost_limit=1)
        missing = str(uuid.uuid4())
        with self.away():
            kept, lost = (self.spool(missing, metadata={"n": n})["record_id"] for n in (1, 2))
        self.wait_for_replay()
        letters = json.loads(self.command("list", "--format", "json").stdout)
        self.assertLessEqual({kept, lost}, {letter["record_id"] for letter in letters})
        self.assertIn(f"{kept}  ", self.command("list").stdout)
        self.assertEqual(self.home.get("/health").json["checks"]["spool"]["status"], "degraded")
        self.home.sql(f"INSERT INTO budget.budget (tenant_id, budget_id, parent_id, path, name, currency) SELECT tenant_id, '{missing}', "
                      f"budget_id, path || '{missing}'::uuid, 'back {missing}', currency FROM budget.budget WHERE budget_id = '{budget}'")
        done = self.command("retry", kept)
        self.assertEqual(done.returncode, 0, done)
        wait_for(lambda: self.home.value(f"SELECT count(*) FROM budget.usage_record WHERE record_id = '{kept}'") == "1",
                 "the letter to be recorded")
        self.assertEqual(self.command("drop", lost).returncode, 0)
        self.assertEqual(self.command("drop", lost).returncode, 1)
        self.assertEqual(self.command("drop", "../../pg").returncode, 1)
        self.assertEqual(self.command("retry").returncode, 64)
        self.assertNotIn(kept, self.command("list").stdout)
        self.assertEqual(self.used(policy)[0], Decimal("0.001"))
        self.assertEqual(self.command("drop", "--all").returncode, 0)
        self.assertIn("No dead letters", self.command("list").stdout)

    def test_the_ledger_killed_with_records_on_disk_records_them_when_it_is_back(self):
        budget, policy = self.limited(period="lifetime", cost_limit=1)
        with self.away():
            kept = [self.spool(budget)["record_id"] for _ in range(20)]
            old = self.home.kill("ledger")
        wait_for(lambda: self.home.processes()["ledger"].pid not in (0, old), "another ledger", 60)
        self.wait_for_replay()
        self.assertEqual([row[0] for row in self.rows(budget)], sorted(kept))
        self.assertEqual(self.used(policy), (Decimal("0.02"), 0))

    def test_the_ledger_killed_again_and_again_while_it_replays(self):
        budget, policy = self.limited(period="lifetime", cost_limit=100)
        body = {"provider": "acme", "model": "plain", "budget_id": budget, "input_tokens": 1}
        ids = [uuid7() for _ in range(3000)]
        with self.away():
            for at in range(0, len(ids), 1000):
                answer = self.home.post(f"{API}/usage/batch", [{**body, "record_id": name} for name in ids[at:at + 1000]])
                self.assertEqual(answer.status, 202, answer)
        for _ in range(6):
            if not self.segments():
                break
            old = self.home.kill("ledger")
            count = len(self.rows(budget))
            wait_for(lambda p=old: self.home.processes()["ledger"].pid not in (0, p), "another ledger", 60)
            wait_for(lambda n=count: len(self.rows(budget)) > n or not self.segments(), "some progress", 60)
        self.wait_for_replay()
        self.assertEqual([row[0] for row in self.rows(budget)], sorted(ids))
        self.assertEqual(self.used(policy), (Decimal(3), 0))
        self.assertEqual(self.drift(), [])


class Flow(OutageCase):
    """Clients that record all the time, whatever happens to the database."""

    def flow(self, deed):
        budget, policy = self.limited(period="lifetime", cost_limit=10 ** 6)
        ending, acknowledged, statuses, lock = threading.Event(), [], [], threading.Lock()

        def work():
            while not ending.is_set():
                record = uuid7()
                for _ in range(2000):
                    try:
                        status = self.home.post(f"{API}/usage/record", {
                            "provider": "acme", "model": "plain", "budget_id": budget, "record_id": record,
                            "input_tokens": 1}).status
                    except OSError:
                        status = 0
                    with lock:
                        statuses.append(status)
                        if status in (200, 201, 202):
                            acknowledged.append(record)
                            break
                    time.sleep(0.01)

        threads = [threading.Thread(target=work, daemon=True) for _ in range(6)]
        for thread in threads:
            thread.start()
        try:
            deed(acknowledged)
        finally:
            ending.set()
            for thread in threads:
                thread.join(60)
        self.wait_for_replay()
        self.assertEqual([row[0] for row in self.rows(budget)], sorted(acknowledged))
        self.assertEqual(self.used(policy), (Decimal(len(acknowledged)) / 1000, 0))
        self.assertEqual(self.drift(), [])
        return statuses

    def more(self, acknowledged, count=60):
        before = len(acknowledged)
        wait_for(lambda: len(acknowledged) > before + count, "records to flow", 60)

    def test_every_acknowledged_record_is_there_once_after_the_database_was_killed(self):
        def deed(acknowledged):
            for number in (signal.SIGKILL, signal.SIGQUIT, signal.SIGINT):
                self.more(acknowledged)
                with self.away(number):
                    self.more(acknowledged)
        statuses = self.flow(deed)
        self.assertLessEqual(set(statuses), {200, 201, 202, 503})
        self.assertGreater(statuses.count(202), 100)

    def test_every_acknowledged_record_is_there_once_after_database_and_ledger_were_killed(self):
        def deed(acknowledged):
            for _ in range(2):
                with self.away(signal.SIGKILL):
                    self.more(acknowledged)
                    self.home.kill("ledger")
                self.more(acknowledged)
        self.flow(deed)


class Bound(OutageCase):
    settings = {"BUDGET_SPOOL_MAX": "1048576", "BUDGET_SPOOL_SEGMENT": "65536"}

    def test_a_full_spool_is_503_and_has_room_again_afterwards(self):
        budget, policy = self.limited(period="lifetime", cost_limit=10 ** 6)
        body = {"provider": "acme", "model": "plain", "budget_id": budget, "input_tokens": 1}
        kept = []
        with self.away():
            while True:
                ids = [uuid7() for _ in range(400)]
                answer = self.home.post(f"{API}/usage/batch", [{**body, "record_id": name} for name in ids])
                if answer.status != 202:
                    break
                kept += ids
            self.assert_problem(answer, 503, "spool_full")
            self.assertIsNotNone(answer.headers["Retry-After"])
            self.assertGreater(len(kept), 800)
            self.assertLessEqual(sum(path.stat().st_size for path in self.segments()), 1 << 20)
        self.wait_for_replay()
        self.assertEqual([row[0] for row in self.rows(budget)], sorted(kept))
        with self.away():
            self.spool(budget)
        self.wait_for_replay()
        self.assertEqual(self.used(policy)[0], Decimal(len(kept) + 1) / 1000)


if __name__ == "__main__":
    main()
