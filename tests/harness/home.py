"""A whole running Budget for tests: run_budget.sh --daemon in a folder of its own, on a free port.

    from home import Home, TestCase, main

    class Budgets(TestCase):
        def test_a_budget_is_listed(self):
            answer = self.home.get("/api/v1/budgets")
            self.assertEqual(answer.status, 200)

    main()

TestCase.home is started once per class with TestCase.settings as environment. No test sleeps: wait_for() looks until a
condition is true. When the class is done its logs are searched for what a sanitizer would have written.
"""
import collections
import csv
import decimal
import http.client
import io
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import tap
from tap import main  # noqa: F401  (tests import it from here)

SOURCE = pathlib.Path(__file__).resolve().parents[2]
WORK = pathlib.Path(os.environ.get("BUDGET_TEST_WORK") or tempfile.gettempdir())
SANITIZER = re.compile(r"ERROR: (Address|Leak|Thread)Sanitizer|runtime error:|SUMMARY: \w+Sanitizer")


class Answer:
    """An HTTP answer: status, headers (by name in any case), body (bytes), text, json (numbers as Decimal)."""

    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body, parse_float=decimal.Decimal)

    def __repr__(self):
        return f"{self.status} {self.headers.get('Content-Type')} {self.body[:2000]!r}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, what="the condition", seconds=20):
    """Looks every 20 ms until condition() is true and returns what it gave; fails the test when the time is over."""
    until = time.monotonic() + seconds
    while True:
        try:
            found = condition()
        except OSError:
            found = None
        if found:
            return found
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def freeze(pid):
    """SIGSTOP. It is one thread that takes the signal and stops the others: until it has run, they go on."""
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T", f"process {pid} to stop")


def to_json(value):
    """JSON text; Decimals become number tokens with all their digits."""
    text = json.dumps(value, ensure_ascii=False, default=lambda number: f"@decimal {number:f}@")
    return re.sub(r'"@decimal (-?[0-9.]+)@"', r"\1", text)


class Home:
    def __init__(self, folder=None, port=None, **settings):
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="home-", dir=WORK))
        self.folder.chmod(0o755)
        self.port = port or free_port()
        self.settings = settings
        settings.setdefault("BUDGET_UPDATE_PRICES_ON_START", "false")
        settings.setdefault("BUDGET_REST_FACTOR", "0")
        settings.setdefault("BUDGET_PROXY", "http://127.0.0.1:9")  # nobody there: no test asks the world for prices
        self.environment = {**os.environ, "BUDGET_HOME": str(self.folder), "BUDGET_PORT": str(self.port), **settings}
        self.key = None  # sent as X-API-Key when set

    # running it

    def script(self, *words, check=True, **more):
        """run_budget.sh with words; its CompletedProcess. Output goes to files, so nothing that stays behind can hold us."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            done = subprocess.run([str(SOURCE / "run_budget.sh"), *words], env=dict(self.environment, **more), stdin=subprocess.DEVNULL,
                                  stdout=out, stderr=err, text=True, cwd=str(self.folder), check=False, timeout=300)
            for stream, name in ((out, "stdout"), (err, "stderr")):
                stream.seek(0)
                setattr(done, name, stream.read())
        if check and done.returncode != 0:
            raise AssertionError(f"run_budget.sh {' '.join(words)}: code {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start(self):
        self.script("--daemon")
        return self

    def stop(self):
        self.script("stop")

    def destroy(self):
        self.script("stop", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    # asking it

    def connect(self, timeout=30):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None, timeout=30):
        """body: bytes or str as they are; anything else as JSON."""
        send = dict(headers or {})
        if self.key and not any(name.lower() in ("x-api-key", "authorization") for name in send):
            send["X-API-Key"] = self.key
        if body is not None and not isinstance(body, (bytes, str)):
            body = to_json(body)
        if body is not None and not any(name.lower() == "content-type" for name in send):
            send["Content-Type"] = "application/json"
        connection = self.connect(timeout)
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body, send)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, body, **more)

    def put(self, path, body=None, **more):
        return self.request("PUT", path, body, **more)

    def patch(self, path, body=None, **more):
        return self.request("PATCH", path, body, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)

    # looking behind it

    @property
    def run(self):
        pointer = self.folder / "run-folder"
        return pathlib.Path(pointer.read_text().strip()) if pointer.exists() else self.folder / "run"

    def psql_words(self, role="postgres"):
        return ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(self.run), "-U", role, "-d", "budget"]

    def sql(self, query, role="postgres"):
        """Rows of a query as tuples of texts ('' for NULL)."""
        done = subprocess.run(self.psql_words(role) + ["--csv", "-t", "-c", query], check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{query}\n{done.stderr}")
        return [tuple(row) or ("",) for row in csv.reader(io.StringIO(done.stdout))]

    def value(self, query, role="postgres"):
        rows = self.sql(query, role)
        return rows[0][0] if rows else None

    def processes(self):
        """{name: (pid, restarts)} of the supervisor's table; empty when it does not run."""
        Process = collections.namedtuple("Process", "pid restarts")
        try:
            rows = [line.split("\t") for line in (self.run / "state").read_text().splitlines()]
        except FileNotFoundError:
            return {}
        return {row[0]: Process(int(row[1]), int(row[3])) for row in rows}

    def pid(self, name):
        return self.processes()[name].pid

    def kill(self, name, number=signal.SIGKILL):
        """Signals one service by its pid, which is returned."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def restart(self, name):
        """Ends a service in order and waits until another process serves in its place."""
        old = self.kill(name, signal.SIGTERM)
        wait_for(lambda: self.processes()[name].pid not in (0, old), f"{name} to come back")

    def log(self, name):
        path = self.folder / "log" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def sanitizer_reports(self):
        """[(log file, the end of what was said)] of every log in which a sanitizer spoke."""
        found = []
        for path in sorted((self.folder / "log").glob("*.log*")):
            text = path.read_text(errors="replace")
            at = SANITIZER.search(text)
            if at:
                found.append((path.name, text[max(0, at.start() - 200):at.start() + 3000]))
        return found


class TestCase(tap.TestCase):
    """A test class with a home of its own; settings is its environment."""
    settings = {}
    home = None

    @classmethod
    def setUpClass(cls):
        cls.home = Home(**cls.settings).start()

    @classmethod
    def tearDownClass(cls):
        cls.home.stop()
        reports = cls.home.sanitizer_reports()
        cls.home.destroy()
        if reports:
            raise AssertionError("\n".join(f"{name}: {text}" for name, text in reports))

    def assert_problem(self, answer, status, code=None):
        """The answer is problem+json with that status and code; its document is returned."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers.get_content_type(), "application/problem+json", answer)
        document = answer.json
        self.assertEqual(document["status"], status)
        for member in ("type", "title", "detail", "code", "error"):
            self.assertIn(member, document)
        if code:
            self.assertEqual(document["code"], code, answer)
        return document
