"""/health says which part is ill; /metrics is clean; discovery and OpenAPI name what really runs; the database may go away."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

from home import TestCase, freeze, main, wait_for

BUILD = pathlib.Path(os.environ.get("BUDGET_TEST_BUILD", "/nonexistent")) / "obj"


class Status(TestCase):
    def checks(self):
        return self.home.get("/health").json["checks"]

    def test_health_is_green_and_names_every_part(self):
        answer = self.home.get("/health")
        self.assertEqual((answer.status, answer.json["status"], answer.json["component"]), (200, "healthy", "budget"), answer)
        self.assertEqual(answer.json["port"], self.home.port)
        for part in ("database", "migrations", "jobs", "disk", "ledger", "budgets", "policies", "prices", "alerts", "reports", "access", "admin"):
            self.assertEqual(answer.json["checks"][part]["status"], "ok", answer)
        self.assertEqual(self.home.get("/api/v1/health").json["status"], "healthy")

    def test_a_program_that_hangs_is_named_although_its_socket_is_there(self):
        pid = self.home.pid("reports")
        freeze(pid)
        try:
            health = self.home.get("/health")
            self.assertEqual((health.status, health.json["status"], health.json["checks"]["reports"]["status"]), (200, "degraded", "degraded"))
            self.assertEqual(health.json["checks"]["budgets"]["status"], "ok")
        finally:
            os.kill(pid, signal.SIGCONT)
        wait_for(lambda: self.checks()["reports"]["status"] == "ok", "reports to be well again")

    def test_a_schema_that_is_behind_is_unhealthy(self):
        self.home.sql("UPDATE budget.migration SET version = 'x' || version WHERE version LIKE '0001%'")
        try:
            answer = self.home.get("/health")
            self.assertEqual((answer.status, answer.json["checks"]["migrations"]["status"]), (503, "failed"))
            self.assertEqual(self.home.get("/ready").status, 503)
            self.assertEqual(self.home.get("/livez").status, 200)
        finally:
            self.home.sql("UPDATE budget.migration SET version = substr(version, 2) WHERE version LIKE 'x0001%'")
        self.assertEqual(self.home.get("/ready").json["ready"], True)

    def test_a_job_that_failed_or_is_late_degrades(self):
        run = "'01900000-0000-7000-8000-00000000000"
        self.home.sql("INSERT INTO budget.job (job, about, every_seconds) VALUES ('never', 'test', 60)")
        self.home.sql(f"INSERT INTO budget.job_run (run_id, job, started_at, ended_at, status) VALUES ({run}1', 'never', now() - interval '1 h', "
                      "now() - interval '1 h', 'ok')")
        try:
            self.assertIn("never ran well", self.checks()["jobs"]["detail"])
            self.home.sql(f"INSERT INTO budget.job_run (run_id, job, ended_at, status) VALUES ({run}2', 'never', now(), 'failed')")
            self.assertIn("never failed", self.checks()["jobs"]["detail"])
            self.assertEqual(self.home.get("/health").json["status"], "degraded")
        finally:
            self.home.sql("DELETE FROM budget.job_run WHERE job = 'never'; DELETE FROM budget.job WHERE job = 'never'")

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_metrics_are_clean_under_promtool(self):
        self.home.request("BREW", "/api/v1/budgets")
        self.home.get("/api/v1/budgets")
        answer = self.home.get("/metrics")
        self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        done = subprocess.run(["promtool", "check", "metrics"], input=answer.text, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_metrics_count_requests_of_every_program(self):
        def count():
            line = 'budget_http_requests_total{program="policies",method="GET",route="/policies",status="200"} '
            return sum(int(row.removeprefix(line)) for row in self.home.get("/metrics").text.splitlines() if row.startswith(line))
        before = count()
        for _ in range(3):
            self.home.get("/api/v1/policies")
        wait_for(lambda: count() == before + 3, "three more requests")
        self.assertIn('budget_program_up{program="ledger"} 1\n', self.home.get("/metrics").text)
        self.assertIn("budget_database_up 1\n", self.home.get("/metrics").text)

    def test_discovery_names_every_endpoint(self):
        document = self.home.get("/api/v1/discovery").json
        named = {(endpoint["method"], endpoint["path"]) for endpoint in document["endpoints"]}
        for endpoint in (("GET", "/api/v1/budgets"), ("POST", "/api/v1/check"), ("POST", "/api/v1/usage/record"), ("GET", "/health"),
                         ("GET", "/api/v1/prices/history/{provider}/{model}")):
            self.assertIn(endpoint, named)
        self.assertTrue({"budget_management", "allocation", "usage_tracking", "pricing", "reporting"} <= set(document["capabilities"]))

    def test_openapi_describes_every_endpoint_once(self):
        document = self.home.get("/openapi.json").json
        self.assertEqual(document["openapi"], "3.1.0")
        named = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
        listed = [(endpoint["method"], endpoint["path"]) for endpoint in self.home.get("/api/v1/discovery").json["endpoints"]]
        self.assertEqual(named, set(listed))
        operations = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
        self.assertEqual(len(operations), len(set(operations)))
        schema = document["paths"]["/api/v1/budgets"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        self.assertEqual((schema["required"], schema["additionalProperties"]), (["name"], False))

    def test_docs_show_every_endpoint_to_people(self):
        answer = self.home.get("/docs")
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        for path in self.home.get("/openapi.json").json["paths"]:
            self.assertIn(path, answer.text)
        self.assertNotIn("<script", answer.text)

    def test_the_workflow_hook_has_no_work(self):
        ask = {"purpose": "check_work", "dest": "budget", "payload": {"action": "look_for_work"}}
        answer = self.home.post("/workflow", ask)
        self.assertEqual((answer.status, answer.json["status"], answer.json["work_available"], answer.json["work_count"]), (200, "success", False, 0))
        self.assert_problem(self.home.post("/workflow", {**ask, "dest": "rhetor"}), 422)
        self.assert_problem(self.home.post("/workflow", {"purpose": "x"}), 422, "missing_field")

    def test_events_are_503_problems(self):
        for path in ("/ws", "/ws/alerts", "/ws/budget/updates", "/events/alerts"):
            with self.subTest(path=path):
                answer = self.home.get(path)
                self.assert_problem(answer, 503, "events_not_available")
                self.assertIn("Retry-After", answer.headers)

    def test_status_tells_what_this_installation_is(self):
        document = self.home.get("/api/v1/status").json
        self.assertEqual((document["environment"], document["role"], document["status"]), ("development", "admin", "healthy"))

    def test_the_pool_and_every_statement_on_a_real_server(self):
        program = BUILD / "tests" / "unit" / "test_db"
        if not program.exists():
            self.skipTest("the unit tests are not built")
        environment = dict(os.environ, BUDGET_TEST_DATABASE_URL=f"host={self.home.run} dbname=budget user=budget_app",
                           BUDGET_TEST_ADMIN_URL=f"host={self.home.run} dbname=budget user=postgres")
        owner = self.home.run.stat()
        done = subprocess.run([program], env=environment, capture_output=True, text=True, check=False, user=owner.st_uid, group=owner.st_gid,
                              cwd="/")
        self.assertEqual(done.returncode, 0, "\n".join(line for line in done.stdout.splitlines() if not line.startswith("ok")) + done.stderr)


class DatabaseAway(TestCase):
    """The supervisor is stopped, so that nobody starts the server again before we are done looking."""

    def setUp(self):
        made = self.home.post("/api/v1/keys", {"name": "known", "role": "manager"})
        self.known = {"X-API-Key": made.json["key"]}
        self.assertEqual(self.home.get("/api/v1/budgets", headers=self.known).status, 200)
        self.supervisor, self.server = self.home.pid("supervisor"), self.home.pid("postgres")
        freeze(self.supervisor)
        os.kill(self.server, signal.SIGQUIT)
        wait_for(lambda: self.home.get("/ready").status == 503, "the server to be gone")

    def tearDown(self):
        os.kill(self.supervisor, signal.SIGCONT)
        wait_for(lambda: self.home.get("/health").json["status"] == "healthy", "everything to be well again", 30)
        self.assertEqual(self.home.get("/api/v1/budgets").status, 200)

    def test_everything_says_so_at_once_and_recovers(self):
        for method, path, body in (("GET", "/api/v1/budgets", None), ("POST", "/api/v1/budgets", {"name": "x"}), ("GET", "/api/v1/policies", None),
                                   ("GET", "/api/v1/alerts", None), ("GET", "/api/v1/reports/summary", None), ("GET", "/api/v1/keys", None)):
            with self.subTest(path=path):
                began = time.monotonic()
                answer = self.home.request(method, path, body)
                document = self.assert_problem(answer, 503, "database_away")
                self.assertEqual(answer.headers["Retry-After"], "1")
                self.assertLess(time.monotonic() - began, 2)
                for word in ("libpq", "socket", "FATAL", str(self.home.run)):
                    self.assertNotIn(word, json.dumps(document))

    def test_health_is_503_and_names_the_database(self):
        answer = self.home.get("/health")
        self.assertEqual((answer.status, answer.json["status"], answer.json["checks"]["database"]["status"]), (503, "unhealthy", "failed"))
        self.assertEqual(answer.json["checks"]["budgets"]["status"], "ok")
        self.assertEqual(self.home.get("/livez").status, 200)
        self.assertIn("budget_database_up 0\n", self.home.get("/metrics").text)

    def test_a_known_key_is_still_known_and_an_unknown_one_cannot_be_judged(self):
        self.assert_problem(self.home.get("/api/v1/budgets", headers=self.known), 503, "database_away")
        self.assert_problem(self.home.get("/api/v1/keys", headers={"X-API-Key": "bgt_abcdefgh_" + "a" * 43}), 503)
        wrong = self.known["X-API-Key"][:-1] + ("A" if self.known["X-API-Key"][-1] != "A" else "B")
        self.assert_problem(self.home.get("/api/v1/budgets", headers={"X-API-Key": wrong}), 401, "invalid_key")


if __name__ == "__main__":
    main()
