"""Production, other addresses than loopback, and somebody else's PostgreSQL."""
import os
import pathlib
import re
import ssl
import subprocess
import http.client

import home
from home import Answer, Home, TestCase, main


def outside_address():
    """An address of this machine that is not loopback, or None."""
    words = pathlib.Path("/proc/net/fib_trie").read_text()
    for address in re.findall(r"\|-- (\d+\.\d+\.\d+\.\d+)\n\s+/32 host LOCAL", words):
        if not address.startswith("127."):
            return address
    return None


class Production(TestCase):
    settings = {"BUDGET_ENV": "production"}

    @classmethod
    def setUpClass(cls):
        cls.home = Home(**cls.settings)
        cls.said = cls.home.script("--init-production").stdout
        cls.home.start()
        cls.key = (cls.home.folder / "secrets/admin.key").read_text().strip()

    def ask(self, path, key=None, host="localhost"):
        context = ssl.create_default_context(cafile=str(self.home.folder / "tls/certificate.pem"))
        connection = http.client.HTTPSConnection(host, self.home.port, context=context, timeout=30)
        connection.request("GET", path, headers={"X-API-Key": key} if key else {})
        return Answer(connection.getresponse())

    def test_init_production_prints_the_exact_next_lines(self):
        self.assertIn("BUDGET_ENV=production", self.said)
        self.assertIn("https://", self.said)

    def test_the_certificate_is_good_for_our_name(self):
        self.assertEqual(self.ask("/health").status, 200)

    def test_without_a_key_nothing_is_shown(self):
        self.assertEqual(self.ask("/api/v1/budgets").status, 401)
        self.assertEqual(self.ask("/api/v1/budgets", "bgt_aaaaaaaa_" + "a" * 43).status, 401)

    def test_the_admin_key_opens(self):
        self.assertEqual(self.ask("/api/v1/budgets", self.key).status, 200)

    def test_plain_http_is_not_served_on_the_tls_port(self):
        with self.assertRaises((http.client.HTTPException, OSError)):
            answer = self.home.get("/health")
            if answer.status != 200:
                raise OSError

    def test_browsers_are_told_to_stay_with_tls(self):
        self.assertIn("max-age", self.ask("/").headers["Strict-Transport-Security"])

    def test_secrets_are_for_the_account_only(self):
        for name in ("secrets/admin.key", "tls/key.pem"):
            self.assertEqual((self.home.folder / name).stat().st_mode & 0o077, 0, name)

    def test_a_second_init_keeps_what_is_there(self):
        self.home.script("--init-production")
        self.assertEqual((self.home.folder / "secrets/admin.key").read_text().strip(), self.key)

    def test_status_is_green_over_tls(self):
        self.assertEqual(self.home.script("status").returncode, 0)


class OtherAddress(TestCase):
    settings = {"BUDGET_BIND": "0.0.0.0", "BUDGET_ADMIN_KEY": "bgt_testtest_" + "k" * 43}

    def test_without_a_key_nothing_is_shown_even_in_development(self):
        self.assertEqual(self.home.get("/api/v1/budgets").status, 401)

    def test_the_admin_key_opens(self):
        answer = self.home.get("/api/v1/budgets", headers={"X-API-Key": self.settings["BUDGET_ADMIN_KEY"]})
        self.assertEqual(answer.status, 200, answer)

    def test_it_listens_on_the_other_address(self):
        address = outside_address()
        if address is None:
            self.skipTest("this machine has loopback only")
        connection = http.client.HTTPConnection(address, self.home.port, timeout=30)
        connection.request("GET", "/livez")
        self.assertEqual(connection.getresponse().status, 200)


class ForeignDatabase(TestCase):
    """BUDGET_DATABASE_URL: no cluster of ours; the server is one that tests/harness/db.sh made."""

    @classmethod
    def setUpClass(cls):
        cls.folder = home.WORK / "foreign-db"
        cls.environment = {**os.environ, "BUDGET_TEST_DB_DIR": str(cls.folder)}
        url = cls.db("up").splitlines()[-1]
        subprocess.run(["psql", "-X", "-q", "-d", url, "-c", "CREATE ROLE house LOGIN", "-c", "CREATE DATABASE plain OWNER house"], check=True)
        cls.url = url.replace("dbname=budget", "dbname=plain").replace("user=postgres", "user=house")
        cls.home = Home(BUDGET_DATABASE_URL=cls.url).start()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.db("down")

    @classmethod
    def db(cls, word):
        script = str(home.SOURCE / "tests/harness/db.sh")
        with open(home.WORK / "foreign-db.out", "w+") as out:
            subprocess.run(["bash", script, word], env=cls.environment, stdin=subprocess.DEVNULL, stdout=out, check=True)
            out.seek(0)
            return out.read()

    def test_it_is_healthy_and_answers(self):
        self.assertEqual(self.home.get("/health").json["status"], "healthy")
        self.assertEqual(self.home.get("/api/v1/budgets").json["items"][0]["name"], "Default")

    def test_there_is_no_cluster_in_the_home(self):
        self.assertFalse((self.home.folder / "pg").exists())
        self.assertNotIn("postgres", self.home.processes())

    def test_usage_is_recorded(self):
        answer = self.home.post("/api/v1/usage/record", {"provider": "anthropic", "model": "claude-3-haiku-20240307",
                                                         "input_tokens": 10, "output_tokens": 5})
        self.assertEqual(answer.status, 201, answer)

    def test_a_server_that_is_not_there_is_said_in_one_line(self):
        other = Home(BUDGET_DATABASE_URL="host=/nowhere dbname=budget")
        done = other.script("--daemon", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(other.processes(), {})
        other.destroy()


if __name__ == "__main__":
    main()
