"""The group writer and the ledger's door under ThreadSanitizer, against a real database whose sessions are killed meanwhile."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parent))
from race import ProofCase  # noqa: E402
from home import main, wait_for  # noqa: E402

PROGRAMS = pathlib.Path(os.environ.get("BUDGET_TEST_BUILD") or ".") / "tsan/bin"
STILL = ["setarch", "-R"]  # ThreadSanitizer knows few places where memory may lie; not every container allows it
if subprocess.run([*STILL, "true"], check=False, capture_output=True).returncode != 0:
    STILL = []


@unittest.skipUnless(PROGRAMS.exists(), "built without ThreadSanitizer")
class Threads(ProofCase):
    def under_tsan(self, *words):
        environment = dict(os.environ, TSAN_OPTIONS="halt_on_error=0:exitcode=66:second_deadlock_stack=1")
        return subprocess.Popen([*STILL, *map(str, words)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True)

    def clean_end(self, process):
        said = process.communicate(timeout=300)[0]
        if "unexpected memory mapping" in said:
            self.skipTest("ThreadSanitizer does not work here: memory lies where it does not expect it")
        self.assertNotIn("ThreadSanitizer", said, said[:4000])
        self.assertEqual(process.returncode, 0, said[-2000:])
        return said

    def test_the_group_writer(self):
        said = self.clean_end(self.under_tsan(PROGRAMS / "test_group"))
        self.assertNotIn("not ok", said)

    def test_the_ledger_with_sessions_that_are_killed(self):
        url = f"host={self.home.run} dbname=budget user=budget_app application_name=threads"
        tenant = self.home.value("SELECT budget.local_tenant()")
        process = self.under_tsan(PROGRAMS / "threads", url, tenant)
        for _ in range(2):
            wait_for(lambda: process.poll() is not None or self.home.value(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'threads'"
                " AND query LIKE '%ledger%'") != "0", "sessions of it", 60)
        said = self.clean_end(process)
        print(f"# {said.strip()}")
        counts = {word: int(number) for word, number in re.findall(r"(\w+) (\d+)", said)}
        self.assertGreater(counts["done"], 1000)
        self.assertEqual(counts["wrong"], 0)
        self.clean()


if __name__ == "__main__":
    main()
