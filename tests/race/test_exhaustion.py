"""What the database may lack for a while: a lock, time, connections, room. Clear errors, then it goes on by itself."""
import contextlib
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parent))
from race import API, ProofCase  # noqa: E402
from home import WORK, main, wait_for  # noqa: E402
from ledger import uuid7  # noqa: E402


def can_mount():
    """A file system of a size of one's own needs root and the right to mount."""
    place = pathlib.Path(WORK) / "can-mount"
    place.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", str(place)], check=False,
                      capture_output=True).returncode != 0:
        return False
    subprocess.run(["umount", str(place)], check=True)
    return True


NEEDS_MOUNT = unittest.skipUnless(can_mount(), "no file system of its own may be mounted here")


class Exhaustion(ProofCase):
    def setUp(self):
        self.budget_id, self.policy_id = self.limited(period="lifetime", cost_limit=1)
        self.sent = []

    def send(self, **more):
        """One record, which is remembered."""
        body = {"provider": "acme", "model": "plain", "budget_id": self.budget_id, "record_id": uuid7(), "input_tokens": 1,
                **more}
        self.sent.append(body)
        return self.home.post(f"{API}/usage/record", body, timeout=30)

    def unknown(self, answer, *codes):
        """503: retry with the same id; nothing internal is said. (202: it was spooled, which is as good as done.)"""
        if answer.status == 202:
            return
        document = self.assert_problem(answer, 503)
        self.assertIn(document["code"], codes)
        self.assertIsNotNone(answer.headers["Retry-After"], answer)
        self.assertNotRegex(document["detail"].lower(), "postgres|libpq|sqlstate|relation")

    def settles(self):
        """All that was sent is there once after it was sent again, and the books agree."""
        wait_for(lambda: self.home.get("/ready").status == 200, "the home to be ready", 60)
        for body in self.sent:
            answer = wait_for(lambda b=body: self.accepted(b), "a retry to be taken", 60)
            self.assertEqual(answer.json["record_id"], body["record_id"])
        wait_for(lambda: self.home.value(f"SELECT count(*) FROM budget.usage_record u JOIN budget.shape s USING (tenant_id,"
                                         f" shape_id) WHERE s.budget_id = '{self.budget_id}'") == str(len(self.sent)),
                 "every record to be there once", 30)
        self.clean()
        self.assertEqual(self.home.sanitizer_reports(), [])

    def accepted(self, body):
        answer = self.home.post(f"{API}/usage/record", body, timeout=30)
        return answer if answer.status == 201 else None

    @contextlib.contextmanager
    def session(self, *statements):
        """A session that has run these and stays in its transaction."""
        process = subprocess.Popen(self.home.psql_words() + ["-A", "-t"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True)
        process.stdin.write("BEGIN;\n" + "".join(f"{s};\n" for s in statements) + "SELECT 'there';\n")
        process.stdin.flush()
        while process.stdout.readline().strip() != "there":
            self.assertIsNone(process.poll())
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait(20)
            process.stdout.close()

    def test_a_lock_that_somebody_keeps(self):
        self.assertEqual(self.send().status, 201)
        self.hold(self.budget_id, cost=2, expect=402)  # from here on refusals are looked for before locks
        with self.session("SELECT FROM budget.policy_state FOR UPDATE"):
            began = time.monotonic()
            self.unknown(self.send(), "lock_timeout")
            self.assertLess(time.monotonic() - began, 6)
            self.check(self.budget_id)  # what decides without a lock goes on deciding
            self.hold(self.budget_id, cost=2, expect=402)
        self.settles()

    def test_a_statement_that_takes_too_long(self):
        self.home.sql("CREATE FUNCTION budget.dawdle() RETURNS trigger LANGUAGE plpgsql AS"
                      " $$ BEGIN PERFORM pg_sleep(7); RETURN new; END $$;"
                      "CREATE TRIGGER dawdle BEFORE INSERT ON budget.usage_record FOR EACH ROW EXECUTE FUNCTION budget.dawdle()")
        try:
            self.unknown(self.send(), "statement_timeout", "lock_timeout")
        finally:
            self.home.sql("DROP TRIGGER dawdle ON budget.usage_record; DROP FUNCTION budget.dawdle()")
        self.settles()

    def test_connections_that_are_used_up(self):
        self.assertEqual(self.send().status, 201)
        taken = []
        try:
            for _ in range(150):
                taken.append(self.connection())
            self.home.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'budget_app'")
            for _ in range(10):  # what our programs had
                taken.append(self.connection())
            answer = wait_for(lambda: self.refused(), "a connection to be refused", 20)
            self.unknown(answer, "database_away", "database_full", "pool_exhausted")
        finally:
            for connection in taken:
                connection.close()
        self.settles()

    def refused(self):
        answer = self.send()
        return answer if answer.status != 201 else None

    def connection(self):
        """A session of the role that may read, held open by the protocol's first message."""
        there = socket.socket(socket.AF_UNIX)
        there.settimeout(20)
        there.connect(str(self.home.run / ".s.PGSQL.5432"))
        words = b"user\0budget_readonly\0database\0budget\0\0"
        there.sendall(struct.pack("!ii", 8 + len(words), 196608) + words)
        there.recv(1024)
        return there

    # a disk that is full: once under tables, once under the log of PostgreSQL, which ends it

    @contextlib.contextmanager
    def disk(self, size):
        place = pathlib.Path(WORK) / f"disk-{uuid7()}"
        place.mkdir()
        owner = self.home.folder.joinpath("pg").stat()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},uid={owner.st_uid},gid={owner.st_gid},mode=700", "tmpfs",
                        str(place)], check=True)
        try:
            yield place
        finally:
            subprocess.run(["umount", "-l", str(place)], check=True)

    @NEEDS_MOUNT
    def test_a_full_disk_under_the_tables(self):
        table = self.home.value("SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE inhparent ="
                                " 'budget.usage_record'::regclass AND c.relname LIKE to_char(now(), '%YYYY_MM')")
        with self.disk("2M") as place:
            self.home.sql(f"CREATE TABLESPACE small LOCATION '{place}'")
            self.home.sql(f"ALTER TABLE budget.{table} SET TABLESPACE small")
            try:
                self.unknown(self.fill(), "database_full")
                self.unknown(self.send(**self.large), "database_full")
                self.check(self.budget_id)
            finally:
                subprocess.run(["mount", "-o", "remount,size=64M", str(place)], check=True)
            self.settles()
            self.home.sql(f"ALTER TABLE budget.{table} SET TABLESPACE pg_default")
            self.home.sql("DROP TABLESPACE small")

    def fill(self):
        self.large = {"metadata": {"filling": os.urandom(4000).hex()}}
        for _ in range(400):
            answer = self.send(**self.large)
            if answer.status != 201:
                return answer
        raise AssertionError("the disk is not full after 400 records")

    @NEEDS_MOUNT
    def test_a_full_disk_under_the_log_of_postgresql(self):
        self.home.stop()
        log = self.home.folder / "pg/pg_wal"
        with self.disk("1G") as place:
            shutil.copytree(log, place / "wal")
            for path in [place / "wal", *(place / "wal").rglob("*")]:
                os.chown(path, log.stat().st_uid, log.stat().st_gid)
            os.rename(log, f"{log}.old")
            os.symlink(place / "wal", log)
            used = sum(path.stat().st_size for path in (place / "wal").rglob("*")) >> 20
            subprocess.run(["mount", "-o", f"remount,size={used + 17}M", str(place)], check=True)
            self.home.start()
            self.unknown(self.fill_log(), "database_away", "database_full")
            subprocess.run(["mount", "-o", "remount,size=1G", str(place)], check=True)
            wait_for(lambda: self.home.get("/ready").status == 200, "it to come back by itself", 60)
            self.settles()
            self.home.stop()
            os.unlink(log)
            shutil.rmtree(f"{log}.old")
            shutil.copytree(place / "wal", log)
            for path in [log, *log.rglob("*")]:
                os.chown(path, place.stat().st_uid, place.stat().st_gid)
            self.home.start()

    def fill_log(self):
        """Until PostgreSQL has no room for its log and ends."""
        for _ in range(300):
            answer = self.send()
            if answer.status != 201:
                return answer
            subprocess.run(self.home.psql_words() + ["-c", "SELECT pg_switch_wal(); CREATE TABLE IF NOT EXISTS public.fill AS "
                           "SELECT repeat(md5(g::text), 50) FROM generate_series(1, 4000) g; UPDATE public.fill SET repeat ="
                           " repeat || 'x'"], check=False, capture_output=True)
        raise AssertionError("PostgreSQL finds room for ever")


if __name__ == "__main__":
    main()
