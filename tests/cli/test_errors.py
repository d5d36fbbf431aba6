"""Every way it can go wrong: the exit code means it, stderr says it and what to do next, stdout stays clean."""
import socket
import unittest

from command import StubCase, run
from stub import HANG_UP, problem

ID = "01890a5d-ac96-774b-bcce-b302099a8057"


class Service(StubCase):
    def fails(self, answer, *words, **more):
        for method in ("GET", "POST"):
            self.stub.answer(method, "/api/v1/limits", answer)
        ran = self.run_cli(*(words or ("limits", "list")), **more)
        self.assertEqual(ran.out, "")
        self.assertTrue(ran.err.startswith("budget "), ran.err)
        return ran

    def test_each_status_has_its_exit_code(self):
        for status, code in ((400, 65), (401, 77), (402, 2), (403, 77), (404, 66), (405, 64), (409, 73), (412, 73),
                             (413, 65), (415, 65), (422, 65), (500, 70), (502, 69), (503, 75)):
            with self.subTest(status):
                ran = self.fails(problem(status, "some_code", "What is wrong."))
                self.assertEqual(ran.code, code)
                self.assertIn("What is wrong.", ran.err)

    def test_pointers_are_named_as_they_were_typed(self):
        ran = self.fails(problem(422, "out_of_range", "Two values are not allowed.", [
            ("/cost_limit", "must not be negative"), ("/type", "is none of warn, …"), ("/elsewhere", "is odd")]),
            "set-limit", "daily", "-1", "--policy-type", "x")
        self.assertEqual(ran.code, 65)
        for line in ("AMOUNT: must not be negative", "--policy-type: is none of warn, …", "/elsewhere: is odd"):
            self.assertIn("  " + line + "\n", ran.err)

    def test_two_budgets_of_one_name_are_not_guessed_between(self):
        def budget(number, is_active=True):
            return {"name": "writers", "budget_id": f"01a20130-dcc0-7b06-b51d-57160000000{number}", "is_active": is_active}
        self.stub.answer("GET", "/api/v1/budgets", {"items": [budget(1), budget(2), budget(3, False)]})
        ran = self.run_cli("set-limit", "daily", "5", "--budget", "writers")
        self.assertEqual(ran.code, 65)
        for number in (1, 2):
            self.assertIn(budget(number)["budget_id"], ran.err)
        self.assertFalse([request for request in self.stub.requests if request.method == "POST"])

    def test_a_missing_key_and_a_wrong_key_are_told_apart(self):
        answer = problem(401, "key_required", "This needs a key.")
        self.assertIn("Give a key: --api-key-file", self.fails(answer).err)
        self.assertIn("unknown, expired or revoked", self.fails(answer, env={"BUDGET_API_KEY": "bgt_x_SECRET"}).err)
        self.assertNotIn("SECRET", self.fails(answer, env={"BUDGET_API_KEY": "bgt_x_SECRET"}).err)

    def test_busy_says_when_to_try_again_and_with_which_id(self):
        self.stub.answer("POST", "/api/v1/usage/record",
                         problem(503, "busy", "The database is away.", headers={"Retry-After": "2"}))
        ran = self.run_cli("record", "--provider", "p", "--model", "m")
        self.assertEqual(ran.code, 75)
        self.assertIn("Try again in 2 s", ran.err)
        self.assertIn("--record-id " + self.stub.last.json["record_id"], ran.err)

    def test_a_lost_answer_names_the_id_to_repeat_with(self):
        self.stub.answer("POST", "/api/v1/allocations", HANG_UP)
        ran = self.run_cli("allocate", "create", "--tokens", "5")
        self.assertEqual(ran.code, 69)
        self.assertIn("--allocation-id " + self.stub.last.json["allocation_id"], ran.err)

    def test_with_json_the_problem_document_goes_to_stdout(self):
        self.stub.answer("GET", "/api/v1/limits", problem(403, "role_too_low", "Not with this key."))
        ran = self.run_cli("limits", "list", "--format", "json")
        self.assertEqual((ran.code, ran.json["code"]), (77, "role_too_low"))

    def test_somebody_elses_server_is_recognised(self):
        for status, code in ((200, 69), (404, 69), (502, 69), (500, 70)):
            with self.subTest(status):
                self.stub.answer("GET", "/api/v1/limits", "<html>hello</html>", status, {"Content-Type": "text/html"})
                ran = self.run_cli("limits", "list")
                self.assertEqual(ran.code, code)
                self.assertIn("BUDGET_URL", ran.err)

    def test_a_redirect_is_not_followed_with_the_key(self):
        self.stub.answer("GET", "/api/v1/limits", "", 302, {"Location": self.stub.url + "/elsewhere"})
        self.assertEqual(self.run_cli("limits", "list", "--api-key", "k").code, 69)
        self.assertEqual(len(self.stub.requests), 1)

    def test_an_ill_service_says_what_is_ill(self):
        self.stub.answer("GET", "/health", {"status": "unhealthy", "version": "9.9", "checks": {
            "database": {"status": "failed", "detail": "no connection"}, "jobs": {"status": "ok"}}}, 503)
        ran = self.run_cli("status")
        self.assertEqual(ran.code, 75)
        self.assertIn(": unhealthy\n  database: failed, no connection\n", ran.out)
        self.assertNotIn("jobs", ran.out)

    def test_a_refusal_by_policy_exits_2(self):
        self.stub.answer("POST", "/api/v1/check",
                         {"allowed": False, "decision": "block", "reason": "Daily limit exceeded.",
                         "alternatives": [{"provider": "openai", "model": "gpt-4o-mini", "estimated_cost": 0.0021}]})
        ran = self.run_cli("check", "--model", "m", "--estimated-tokens", "9")
        self.assertEqual(ran.code, 2)
        self.assertIn("Daily limit exceeded.", ran.out)
        self.assertIn("gpt-4o-mini", ran.out)
        self.assertEqual(self.run_cli("check", "--model", "m", "--format", "json").code, 2)
        self.stub.answer("POST", "/api/v1/allocations",
                         problem(402, "insufficient_budget", "The daily limit leaves 3."))
        ran = self.run_cli("allocate", "create", "--tokens", "5")
        self.assertEqual(ran.code, 2)
        self.assertIn("The daily limit leaves 3.", ran.err)


class Network(unittest.TestCase):
    def test_nobody_there(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
        ran = run("status", url=url)
        self.assertEqual((ran.code, ran.out), (69, ""))
        for part in (url, "./run_budget.sh --daemon", "BUDGET_PORT"):
            self.assertIn(part, ran.err)
        self.assertEqual(run("status", url="http://no-such-host.invalid").code, 69)

    def test_a_server_that_says_nothing_is_given_up(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            ran = run("limits", "list", "--timeout", "0.3", url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        self.assertEqual(ran.code, 69)
        self.assertIn("in time", ran.err)

    def test_an_address_that_is_none(self):
        for url in ("127.0.0.1:8013", "file:///etc/passwd", "ftp://x", "http://"):
            with self.subTest(url):
                self.assertEqual(run("limits", "list", url=url).code, 64)

    def test_a_full_disk_is_noticed(self):
        import subprocess
        from command import PROGRAM
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PROGRAM, "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 74)
        self.assertIn(b"could not be written", done.stderr)


class CommandLine(unittest.TestCase):
    """Nothing is sent: the address leads nowhere and is never asked."""

    def wrong(self, *words):
        ran = run(*words, url="http://127.0.0.1:1")
        self.assertEqual((ran.code, ran.out), (64, ""), ran.err)
        return ran.err

    def test_unknown_words_suggest_the_nearest(self):
        for words, near in ((["limts"], "'budget limits'"), (["limits", "lsit"], "'budget limits list'"),
                            (["get-usge"], "'budget get-usage'"), (["budget", "list"], "'budget budgets'"),
                            (["limits", "list", "--perid", "x"], "--period"),
                            (["check", "--estimated-token", "5"], "--estimated-tokens")):
            with self.subTest(words):
                self.assertIn("Did you mean " + near, self.wrong(*words))

    def test_missing_and_surplus_words(self):
        self.assertIn("PERIOD is missing", self.wrong("set-limit"))
        self.assertIn("one word too many", self.wrong("set-limit", "daily", "1", "2"))
        self.assertIn("is given twice", self.wrong("limits", "list", "--period", "a", "--period", "b"))
        self.assertIn("needs a value", self.wrong("limits", "list", "--period"))
        self.assertIn("takes no value", self.wrong("usage", "list", "--all=yes"))

    def test_values_that_cannot_be_sent(self):
        for words in (["set-limit", "daily", "ten"], ["set-limit", "daily", "0x10"], ["set-limit", "daily", "NaN"],
                      ["set-limit", "daily", "1,5"], ["set-limit", "daily", ""], ["check", "--estimated-tokens", "1 2"],
                      ["record", "--metadata", "{"], ["prices", "set", "a", "m", "--input", "1", "--per", "1g"],
                      ["prices", "set", "a", "m"], ["limits", "list", "--format", "xml"],
                      ["limits", "list", "--timeout", "0"],
                      ["limits", "list", "--api-key", "a b"], ["limits", "list", "--api-key", "a\nX: y"],
                      ["usage", "show", ".."]):
            with self.subTest(words):
                self.wrong(*words)

    def test_a_command_alone_shows_its_help_as_an_error(self):
        self.assertIn("Commands:", self.wrong())
        self.assertIn("tree", self.wrong("budgets"))

    def test_what_comes_later_says_so(self):
        for words in (["debug", "integrations"],):
            ran = run(*words, url="http://127.0.0.1:1")
            self.assertEqual(ran.code, 69)
            self.assertIn("later release", ran.err)


if __name__ == "__main__":
    unittest.main()
