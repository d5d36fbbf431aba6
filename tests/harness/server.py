"""A bare PostgreSQL and the programs of the build, for tests of what works before and beside a running Budget.

    class Migrate(ServerCase):
        def test_it(self):
            url = self.server.database()                 # an empty one
            done = run("budget", "db", "migrate", "--url", url)
"""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
APP = os.environ.get("BUDGET_APP_DIR")
DB_SH = SOURCE / "tests/harness/db.sh"


def program(name):
    """Path of the command or of a job: of the installation under test, else of the build in the tree."""
    if APP:
        return pathlib.Path(APP) / ("bin" if name == "budget" else "libexec/budget") / name
    return SOURCE / ("clients/cli" if name == "budget" else "cron") / name


def environment(**settings):
    """The tester's environment without Budget's settings, with these. Settings files are looked for nowhere."""
    around = {k: v for k, v in os.environ.items() if not k.startswith(("BUDGET_", "PENIA_", "PG"))
        and not k.endswith("_BUDGET_LIMIT")}
    around.update({"LC_ALL": "C.UTF-8", "BUDGET_CONFIG_DIR": "/nonexistent", "BUDGET_SQL_DIR": str(SOURCE / "sql"),
        "BUDGET_DATA_DIR": str(SOURCE), "BUDGET_REST_FACTOR": "0"})
    around.update({name: str(value) for name, value in settings.items()})
    return around


def start(name, *words, **settings):
    return subprocess.Popen([str(program(name)), *map(str, words)], env=environment(**settings),
        stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process, timeout=60):
    process.out, process.err = process.communicate(timeout=timeout)
    process.code = process.returncode
    if "Sanitizer" in process.err or "runtime error:" in process.err:
        raise AssertionError(process.err)
    return process


def run(name, *words, **settings):
    """The finished process, with out, err and code."""
    return finish(start(name, *words, **settings))


class Server:
    def __init__(self):
        self.folder = tempfile.mktemp(prefix="budget-srv-")
        self.count = 0
        self.template = None
        self.base = self._script("start")

    def _script(self, *words):
        return subprocess.run(["sh", str(DB_SH), *words], env={**os.environ, "BUDGET_TEST_DB_DIR": self.folder},
            check=True,
                              stdout=subprocess.PIPE, text=True).stdout.strip()

    def database(self, owner="postgres", template="template1"):
        """Connection string of a new database, empty unless a template is named, for the login `owner`."""
        self.count += 1
        self.sql(f"CREATE DATABASE d{self.count} OWNER {owner} TEMPLATE {template}")
        return f"host={self.folder} dbname=d{self.count} user={owner}"

    def sql(self, text, url=None):
        """Rows as lists of texts."""
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d",
            url or f"{self.base} dbname=postgres", "-c", text],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise AssertionError(done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def value(self, text, url):
        return self.sql(text, url)[0][0]

    def stop(self):
        self._script("down")


class ServerCase(unittest.TestCase):
    """Tests that share one server. self.install() makes a database with the schema."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)

    def temporary(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="budget-dir-"))
        self.addCleanup(shutil.rmtree, folder)
        return folder

    def install(self, **settings):
        """A database with the schema: copied from one that was migrated once, unless settings are to seed it."""
        if settings or not self.server.template:
            url = self.server.database()
            done = run("budget", "db", "migrate", "--url", url, **settings)
            self.assertEqual(done.code, 0, done.err)
            if settings:
                return url
            self.server.template = f"d{self.server.count}"
        return self.server.database(template=self.server.template)
