"""Jobs and the private schedule: one copy, run records, exit codes, missed ticks, slow jobs."""
import os
import pathlib
import signal
import subprocess
import time
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from server import ServerCase, finish, run, start  # noqa: E402
from tap import main  # noqa: E402


def wait_for(condition, what, seconds=20):
    until = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)
    return found


class Jobs(ServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.url = cls.install(cls)
        cls.app_url = cls.url.replace("user=postgres", "user=budget_app")

    def assertEqual(self, *values):  # also used by install() on the class
        return super().assertEqual(*values) if isinstance(self, Jobs) else None

    def job(self, name, *words):
        return run(name, *words, BUDGET_DATABASE_URL=self.app_url)

    def last_run(self, name):
        rows = self.server.sql(f"SELECT status, rows, dry_run, coalesce(detail, '') FROM budget.job_run WHERE job = '{name}' ORDER BY run_id DESC LIMIT 1", self.url)
        return rows[0] if rows else None

    def lock(self, name):
        """A connection that holds the lock of a job, as a running copy does."""
        other = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", "-d", self.url], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        other.stdin.write(f"SELECT pg_advisory_lock(budget.job_key('{name}'));\nSELECT 'held';\n")
        other.stdin.flush()
        while other.stdout.readline().strip() != "held":
            pass
        return other

    def test_a_run_leaves_its_record(self):
        self.assertEqual(self.job("partitions").code, 0)
        self.assertEqual(self.last_run("partitions"), ["ok", "0", "f", ""])

    def test_a_dry_run_as_of_another_time_names_what_it_would_do(self):
        done = self.job("partitions", "--dry-run", "--now=2035-06-15T00:00Z")
        self.assertEqual(done.code, 0)
        self.assertIn("usage_record_2035_06", done.err)
        self.assertEqual(self.last_run("partitions")[2], "t")
        self.assertEqual(self.server.value("SELECT to_regclass('budget.usage_record_2035_06') IS NULL", self.url), "t")

    def test_the_clock_of_the_ledger_is_not_ours_to_set(self):
        self.assertEqual(self.job("holds-expire", "--now=2035-06-15T00:00Z").code, 64)
        self.assertEqual(self.job("holds-expire", "--now=2035-06-15T00:00Z", "--dry-run").code, 0)

    def test_a_second_copy_says_so_and_succeeds(self):
        other = self.lock("request-keys")
        try:
            done = self.job("request-keys")
            self.assertEqual(done.code, 0)
            self.assertIn("another copy runs", done.err)
        finally:
            other.communicate()
        self.assertEqual(self.job("request-keys").code, 0)
        self.assertEqual(self.last_run("request-keys")[0], "ok")

    def test_expired_holds_are_swept_in_batches(self):
        self.server.sql("""
            INSERT INTO budget.policy_state (tenant_id, revision, scope, held_cost, held_tokens)
                SELECT tenant_id, revision, '', 1234, 12340 FROM budget.policy WHERE tenant_id = budget.local_tenant() AND period = 'daily';
            INSERT INTO budget.hold (tenant_id, hold_id, kind, shape_id, budget_id, revisions, tokens, cost,
                left_tokens, left_cost, is_final, created_at, expires_at, body_hash)
                SELECT p.tenant_id, budget.uuid_v7(), 'allocation', 1, p.budget_id, ARRAY[p.revision], 10, 1, 10, 1, false, now() - interval '1 day', now() - interval '1 second', '\\x00'
                FROM budget.policy p, generate_series(1,
                    1234) WHERE p.tenant_id = budget.local_tenant() AND p.period = 'daily'""", self.url)
        done = self.job("holds-expire")
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual(self.last_run("holds-expire"), ["ok", "1234", "f", ""])
        self.assertEqual(self.server.sql("SELECT trim_scale(held_cost), held_tokens FROM budget.policy_state",
            self.url), [["0", "0"]])
        self.assertEqual(self.server.sql("SELECT DISTINCT state FROM budget.hold", self.url), [["expired"]])

    def test_a_failing_job_says_why_and_records_it(self):
        self.server.sql("UPDATE budget.setting_effective SET value = 'x' WHERE name = 'idempotency_days'", self.url)
        try:
            done = self.job("request-keys")
        finally:
            self.server.sql("UPDATE budget.setting_effective SET value = '35' WHERE name = 'idempotency_days'",
                self.url)
        self.assertNotEqual(done.code, 0)
        self.assertIn("request-keys", done.err)
        self.assertEqual(self.last_run("request-keys")[0], "failed")

    def test_without_a_database_it_is_try_again(self):
        done = run("partitions", BUDGET_DATABASE_URL="host=/nonexistent dbname=x")
        self.assertEqual(done.code, 75)
        self.assertEqual(run("partitions").code, 78)

    def test_wrong_words_are_refused_and_help_teaches(self):
        self.assertEqual(self.job("partitions", "--batch=0").code, 64)
        self.assertEqual(self.job("partitions", "now").code, 64)
        done = self.job("partitions", "--help")
        self.assertEqual(done.code, 0)
        self.assertIn("Exit status", done.out)

    def test_the_schedule_runs_every_job_of_the_table(self):
        done = run("schedule", "--once", BUDGET_DATABASE_URL=self.app_url, BUDGET_UPDATE_PRICES_ON_START="false")
        self.assertEqual(done.code, 0, done.err)
        for name, every in (("holds-expire", "15"), ("partitions", "21600"), ("request-keys", "3600")):
            self.assertEqual(self.last_run(name)[0], "ok")
            self.assertEqual(self.server.value(f"SELECT every_seconds FROM budget.job WHERE job = '{name}'", self.url),
                every)


class Schedule(ServerCase):
    """With jobs that are shell scripts: each appends to a file what it does."""

    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        self.folder = self.temporary()
        self.said = self.folder / "said"
        self.said.touch()
        self.running = []
        self.addCleanup(lambda: [(p.kill(), p.communicate()) for p in self.running if p.poll() is None])

    def job(self, name, body):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def table(self, *rows):
        (self.folder / "table").write_text("".join("\t".join(row) + "\n" for row in rows))

    def schedule(self, *words, **settings):
        process = start("schedule", "--table", self.folder / "table", "--programs", self.folder, *words, **settings)
        self.running.append(process)
        return process

    def end(self, process, number=signal.SIGTERM):
        process.send_signal(number)
        return finish(process)

    def count(self, word):
        return self.said.read_text().split().count(word)

    def test_a_job_runs_at_once_and_then_at_its_interval(self):
        self.job("tick", f"echo tick >> {self.said}")
        self.table(("tick", "1s", "5s"))
        process = self.schedule()
        wait_for(lambda: self.count("tick") >= 3, "three ticks")
        self.assertEqual(self.end(process).code, 0)

    def test_a_setting_decides_whether_a_job_runs_at_the_start(self):
        self.job("prices", f"echo prices >> {self.said}")
        self.job("tick", f"echo tick >> {self.said}")
        self.table(("prices", "1h?update_prices_on_start", "5s"), ("tick", "1s", "5s"))
        process = self.schedule(BUDGET_UPDATE_PRICES_ON_START="false")
        wait_for(lambda: self.count("tick") >= 5, "longer than a job waits that runs at the start")
        self.assertEqual(self.count("prices"), 0)
        self.assertEqual(self.end(process).code, 0)
        process = self.schedule(BUDGET_UPDATE_PRICES_ON_START="true")
        wait_for(lambda: self.count("prices") == 1, "it runs some seconds after the start")
        self.assertGreater(self.count("tick"), 5)
        self.end(process)

    def test_never_two_of_one_kind(self):
        self.job("slow", f"echo in >> {self.said}; [ $(grep -c in {self.said}) -le $(( $(grep -c out {self.said}) + 1 )) ] || echo twice >> {self.said}; sleep 2.5; echo out >> {self.said}")
        self.table(("slow", "1s", "10s"))
        process = self.schedule()
        wait_for(lambda: self.count("out") >= 2, "two runs")
        self.end(process)
        self.assertEqual(self.count("twice"), 0)

    def test_missed_ticks_are_one_run(self):
        self.job("tick", f"echo tick >> {self.said}")
        self.table(("tick", "1s", "5s"))
        process = self.schedule()
        wait_for(lambda: self.count("tick") == 1, "the first")
        process.send_signal(signal.SIGSTOP)
        time.sleep(4.2)
        process.send_signal(signal.SIGCONT)
        wait_for(lambda: self.count("tick") >= 2, "one after the pause")
        time.sleep(0.5)
        self.assertLessEqual(self.count("tick"), 3)
        self.end(process)

    def test_a_job_that_takes_too_long_is_stopped(self):
        self.job("stuck", f"trap 'echo told >> {self.said}; exit 0' TERM; sleep 60 & wait $!")
        self.table(("stuck", "1h", "1s"))
        process = self.schedule()
        wait_for(lambda: self.count("told") == 1, "the job is told to end")
        self.assertIn("is stopped", self.end(process).err)

    def test_a_failing_job_does_not_stop_the_others(self):
        self.job("bad", "exit 70")
        self.job("good", f"echo good >> {self.said}")
        self.table(("bad", "1s", "5s"), ("missing", "1s", "5s"), ("good", "1s", "5s"))
        process = self.schedule()
        wait_for(lambda: self.count("good") >= 2, "the good one goes on")
        said = self.end(process).err
        self.assertIn("bad: exit status 70", said)
        self.assertIn("missing: there is no program", said)

    def test_it_waits_for_running_jobs_when_told_to_end(self):
        self.job("work", f"trap 'sleep 0.5; echo finished >> {self.said}; exit 0' TERM; echo began >> {self.said}; sleep 60 & wait $!")
        self.table(("work", "1h", "1h"))
        process = self.schedule()
        wait_for(lambda: self.count("began") == 1, "the job runs")
        self.assertEqual(self.end(process).code, 0)
        self.assertEqual(self.count("finished"), 1)

    def test_jobs_die_with_it(self):
        self.job("work", f"echo $$ >> {self.said}; exec sleep 60")
        self.table(("work", "1h", "1h"))
        process = self.schedule()
        pid = int(wait_for(lambda: self.said.read_text().strip(), "the job runs"))
        children = [int(p) for p in pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
        process.kill()
        for child in children:  # with libtool's wrapper the schedule itself is a child
            if child != pid:
                os.kill(child, signal.SIGKILL)
        wait_for(lambda: not os.path.exists(f"/proc/{pid}") or pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z", "the job is gone")

    def test_sighup_reads_the_table_again(self):
        self.job("one", f"echo one >> {self.said}")
        self.job("two", f"echo two >> {self.said}")
        self.table(("one", "1s", "5s"))
        process = self.schedule()
        wait_for(lambda: self.count("one") >= 1, "the first table")
        self.table(("two", "1s", "5s", "a b"))
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.count("two") >= 2, "the second table")
        seen = self.count("one")
        time.sleep(1.2)
        self.assertLessEqual(self.count("one"), seen + 1)
        self.end(process)

    def test_a_wrong_table_names_its_line(self):
        for row, part in ((("tick",), "expected: job, every, limit"), (("tick", "1x", "5s"), "`every` is a time"),
            (("tick", "@no_such", "5s"), "`every`"), (("tick", "1s?no_such", "5s"), "behind `?`"),
                          (("../tick", "1s", "5s"), "the name of a job"), (("tick", "1s", "0s"), "`limit`")):
            with self.subTest(row):
                self.table(("# comment",), row)
                done = finish(self.schedule("--once"))
                self.assertEqual(done.code, 78)
                self.assertIn(f"table:2: {part}", done.err)


if __name__ == "__main__":
    main()
