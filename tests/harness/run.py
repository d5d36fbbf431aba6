"""Finds the tests, runs them, adds up their TAP. Called by run_tests.sh, which has built everything."""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["BUDGET_TEST_SOURCE"])
BUILD = pathlib.Path(os.environ["BUDGET_TEST_BUILD"])
SUITES = ("lint", "unit", "sql", "http", "cli", "fuzz", "race")
TIMEOUT_S = 420 + 2 * int(os.environ.get("BUDGET_TEST_RACE_SECONDS") or 0)
SANITIZER = re.compile(r"ERROR: (Address|Leak|Thread)Sanitizer|runtime error:|SUMMARY: \w+Sanitizer")
ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:exitcode=99",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "LC_ALL": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class Tap:
    """What one test file said."""

    def __init__(self, name, text, code):
        self.name, self.passed, self.failures, self.skipped = name, 0, [], 0
        plan = None
        for line in text.splitlines():
            point = re.match(r"(not )?ok\b\s*(\d+)?\s*(.*)", line)
            if re.match(r"1\.\.(\d+)", line):
                plan = int(line[3:].split()[0])
            elif point and re.search(r"#\s*SKIP", point[3], re.I):
                self.skipped += 1
            elif point and point[1] and not re.search(r"#\s*TODO", point[3], re.I):
                self.failures.append(point[3].lstrip("- "))
            elif point:
                self.passed += 1
        seen = self.passed + len(self.failures) + (self.skipped if plan else 0)
        if plan is None:
            self.failures.append(f"no plan: the file ended too early (exit code {code})")
        elif plan != seen:
            self.failures.append(f"planned {plan} tests, saw {seen} (exit code {code})")
        elif plan == 0:
            self.failures.append("no test in this file")
        elif code != 0 and not self.failures:
            self.failures.append(f"exit code {code}")
        self.text = text


def find(suite, match):
    """The test files of a suite."""
    if suite == "unit":
        files = [p for p in sorted((BUILD / "obj/tests/unit").glob("test_*")) if p.is_file() and os.access(p, os.X_OK) and not p.suffix]
    elif suite == "fuzz":
        files = [p for p in sorted((BUILD / "fuzz/bin").glob("fuzz_*")) if not p.suffix]
    elif suite == "lint":
        files = sorted((SOURCE / "tests/lint").glob("*.sh"))
    elif suite == "sql":
        files = sorted((SOURCE / "tests/sql").glob("*.sql"))
    else:
        files = sorted((SOURCE / "tests" / suite).glob("test_*.py")) + sorted((SOURCE / "tests" / suite).glob("test_*.sh"))
    return [f for f in files if match in f"{suite}/{f.name}"]


def command(suite, file, database):
    if suite == "unit":
        return [str(file)]
    if suite == "fuzz":
        return [sys.executable, "-B", str(SOURCE / "tests/harness/fuzz.py"), str(file)]
    if suite == "sql":
        return ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", str(file)]
    if file.suffix == ".py":
        return [sys.executable, "-B", str(SOURCE / "tests/harness/tap.py"), str(file)]
    return ["bash", str(file)]


def run(suite, file, work, environment, database):
    """Runs one file in a process group of its own and keeps what it said."""
    name = f"{suite}/{file.name}"
    output = work / "tap" / suite / (file.name + ".tap")
    output.parent.mkdir(parents=True, exist_ok=True)
    with open(output, "wb") as out, open(str(output) + ".err", "wb") as err:
        process = subprocess.Popen(command(suite, file, database), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   env=environment, cwd=SOURCE, start_new_session=True)
        try:
            code = process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            code = f"none after {TIMEOUT_S} s"
    tap = Tap(name, output.read_text(errors="replace"), code)
    said = pathlib.Path(str(output) + ".err").read_text(errors="replace")
    if suite != "sql" and SANITIZER.search(said):
        tap.failures.append("a sanitizer spoke")
    tap.text += "".join(f"# {line}\n" for line in said.splitlines()[-60:])
    return tap




def start_database(work):
    """A throw-away cluster with the schema and pgTAP for the SQL suite."""
    os.environ["BUDGET_TEST_DB_DIR"] = str(work / "db")
    script = str(SOURCE / "tests/harness/db.sh")
    url = subprocess.run(["bash", script, "up"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip().splitlines()[-1]
    subprocess.run(["psql", "-X", "-q", "-d", url, "-c", "CREATE EXTENSION IF NOT EXISTS pgtap"], check=True)
    return url


def report(tap, verbose):
    print(f"{'ok  ' if not tap.failures else 'FAIL'} {tap.name}: {tap.passed} passed" +
          (f", {len(tap.failures)} failed" if tap.failures else "") + (f", {tap.skipped} skipped" if tap.skipped else ""))
    for failure in tap.failures:
        print(f"     not ok: {failure}")
    if tap.failures and verbose:
        print("".join(f"     | {line}\n" for line in tap.text.splitlines() if not line.startswith("ok "))[:6000], end="")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(prog="run_tests.sh")
    parser.add_argument("suites", nargs="*", metavar="|".join(SUITES))
    parser.add_argument("--match", default="")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    for suite in options.suites:
        if suite not in SUITES:
            parser.error(f"no suite {suite}: there are {', '.join(SUITES)}")

    work = pathlib.Path(tempfile.mkdtemp(prefix="budget-test-"))
    work.chmod(0o755)
    shutil.copytree(BUILD / "app", work / "app", symlinks=True)
    environment = dict(os.environ, **ENVIRONMENT, BUDGET_APP_DIR=str(work / "app"), BUDGET_TEST_WORK=str(work), BUDGET_TEST_CLI=str(work / "app/bin/budget"),
                       PYTHONPATH=str(SOURCE / "tests/harness"))
    for name in list(environment):  # settings of the person's shell are none of the tests' business
        if re.match(r"(BUDGET_(?!TEST_|APP_DIR)|PENIA_|HERMES_|PG)", name) or name.endswith("_BUDGET_LIMIT"):
            del environment[name]
    taps, database = [], None
    try:
        for suite in options.suites or SUITES:
            files = find(suite, options.match)
            if suite == "sql" and files:
                database = start_database(work)
            with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
                for tap in pool.map(lambda file, s=suite: run(s, file, work, environment, database), files):
                    report(tap, True)
                    taps.append(tap)
    finally:
        if database:
            subprocess.run(["bash", str(SOURCE / "tests/harness/db.sh"), "down"], check=False)
        if options.keep:
            print(f"Kept: {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)
    passed, failed = sum(t.passed for t in taps), sum(len(t.failures) for t in taps)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
