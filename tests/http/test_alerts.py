"""Alerts: raised once by whoever crosses (rule 15), read and closed here; and the report that shows them."""
import concurrent.futures
import subprocess
import threading
import uuid

from home import TestCase, main

ALERTS = "/api/v1/alerts"
TENANT = "00000000-0000-7000-8000-000000000001"


class Alerts(TestCase):
    def policy(self, **fields):
        """A budget of its own with one policy; returns both."""
        made = self.home.post("/api/v1/budgets", {"name": f"alerts {uuid.uuid4()}"})
        self.assertEqual(made.status, 201, made)
        policy = self.home.post("/api/v1/policies", {"budget_id": made.json["budget_id"], "type": "warn",
                                                     "period": "monthly", **fields})
        self.assertEqual(policy.status, 201, policy)
        return policy.json

    def record(self, policy, tokens, **fields):
        answer = self.home.post("/api/v1/usage/record", {"budget_id": policy["budget_id"], "provider": "ollama",
                                                         "model": "llama3", "input_tokens": tokens,
                                                         "output_tokens": 0, **fields})
        self.assertEqual(answer.status, 201, answer)

    def alerts(self, policy, query=""):
        answer = self.home.get(f"{ALERTS}?policy_id={policy['policy_id']}&{query}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json["items"]

    def levels(self, policy):
        return [(alert["level"], alert["type"], alert["severity"]) for alert in reversed(self.alerts(policy))]

    def test_rule_15_each_level_alerts_once_as_it_is_crossed(self):
        policy = self.policy(token_limit=1000)
        expected = []
        for tokens, level in ((799, None), (1, ("warning", "token_limit_approaching", "warning")), (100, None),
                              (50, ("action", "token_limit_approaching", "warning")), (49, None),
                              (1, ("limit", "token_limit_exceeded", "error")), (500, None)):
            self.record(policy, tokens)
            expected += [level] if level else []
            self.assertEqual(self.levels(policy), expected)

    def test_rule_15_many_clients_crossing_at_once_raise_one_alert_a_level(self):
        policy = self.policy(token_limit=1000)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _: self.record(policy, 25), range(48)))
        self.assertEqual(sorted(level for level, _, _ in self.levels(policy)), ["action", "limit", "warning"])
        rows = self.home.value("SELECT count(*) FROM budget.outbox o JOIN budget.alert a USING (tenant_id, alert_id) "
                               f"WHERE a.policy_id = '{policy['policy_id']}' AND o.kind = 'alert.raised'")
        self.assertEqual(rows, "3")

    def test_rule_15_of_two_connections_the_second_waits_and_raises_none(self):
        policy = self.policy(token_limit=1000)
        revision = self.home.value(f"SELECT revision FROM budget.policy WHERE policy_id = '{policy['policy_id']}'")
        cross = (f"SELECT cardinality(budget.alert_cross('{TENANT}', {revision}, '', date_trunc('month', now()), "
                 "date_trunc('month', now()) + interval '1 month', 0, 0, 0, 800));\n")
        words = self.home.psql_words() + ["-A", "-t"]
        first = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        first.stdin.write("BEGIN;\n" + cross)
        first.stdin.flush()
        self.assertEqual(first.stdout.readline(), "1\n")
        second = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        answer = []
        reader = threading.Thread(target=lambda: answer.append(second.communicate(cross)[0]))
        reader.start()
        reader.join(0.3)
        self.assertEqual(answer, [], "the second is to wait for the first")
        first.communicate("COMMIT;\n")
        reader.join(10)
        self.assertEqual(answer, ["0\n"])
        self.assertEqual(len(self.alerts(policy)), 1)

    def test_rule_15_a_changed_limit_may_alert_again_and_resolves_what_stood(self):
        policy = self.policy(token_limit=1000)
        self.record(policy, 800)
        changed = self.home.put(f"/api/v1/policies/{policy['policy_id']}", {"token_limit": 900})
        self.assertEqual(changed.status, 200, changed)
        self.assertEqual([(alert["level"], alert["resolved"]) for alert in self.alerts(policy)],
                         [("warning", False), ("warning", True)])
        self.assertEqual(self.home.post(f"{ALERTS}/check?budget_id={policy['budget_id']}").json, [])

    def test_a_check_raises_what_stands_crossed_and_unsaid_once(self):
        policy = self.policy(token_limit=1000)
        self.record(policy, 960)
        self.home.sql(f"DELETE FROM budget.alert WHERE policy_id = '{policy['policy_id']}'")
        for ask, expected in (({"budget_id": policy["budget_id"], "period": "daily"}, []),
                              ({"budget_id": policy["budget_id"], "period": "Monthly"}, ["warning", "action"]),
                              (None, [])):
            raised = self.home.post(f"{ALERTS}/check", ask)
            self.assertEqual(raised.status, 200, raised)
            self.assertEqual([alert["level"] for alert in raised.json if alert["policy_id"] == policy["policy_id"]],
                             expected)

    def test_rule_15_the_first_amount_above_a_limit_of_0_alerts(self):
        policy = self.policy(cost_limit=0)
        self.record(policy, 10)  # a free model
        self.assertEqual(self.levels(policy), [])
        for _ in range(2):
            self.record(policy, 10, provider="anthropic", model="claude-3-haiku-20240307")
        self.assertEqual(self.levels(policy), [("limit", "cost_limit_exceeded", "error")])

    def test_rule_15_ignore_raises_none(self):
        policy = self.policy(type="ignore", token_limit=10)
        self.record(policy, 100)
        self.home.post(f"{ALERTS}/check")
        self.assertEqual(self.alerts(policy), [])

    def test_rule_15_the_first_refusal_of_a_period_alerts(self):
        policy = self.policy(type="hard_limit", token_limit=1000)
        ask = {"budget_id": policy["budget_id"], "context_id": "x", "component": "c", "provider": "ollama",
               "model": "llama3", "tokens_allocated": 2000}
        for _ in range(3):
            self.assert_problem(self.home.post("/api/v1/allocations", ask), 402)
        self.assertEqual(self.levels(policy), [("limit", "token_limit_exceeded", "error")])

    def test_rule_15_sessions_are_one_alert_an_hour(self):
        policy = self.policy(period="per_session", token_limit=100)
        for n in range(8):
            self.record(policy, 85, context_id=f"session {n}")
        alerts = self.alerts(policy)
        self.assertEqual([(alert["level"], alert["count"], len(alert["details"]["examples"])) for alert in alerts],
                         [("warning", 8, 5)])

    def test_dismissing_and_acknowledging_are_one_act_done_once(self):
        policy = self.policy(token_limit=100)
        self.record(policy, 80)
        alert = self.alerts(policy)[0]
        self.assertIs(alert["acknowledged"], False)
        first = self.home.put(f"{ALERTS}/{alert['alert_id']}/dismiss", {})
        self.assertEqual((first.status, first.json["acknowledged"]), (200, True), first)
        second = self.home.post(f"{ALERTS}/{alert['alert_id']}/acknowledge")
        self.assertEqual(second.json, first.json)
        self.assertEqual(self.home.get(f"{ALERTS}/{alert['alert_id']}").json, first.json)
        self.assertEqual(self.alerts(policy, "acknowledged=false"), [])
        audits = self.home.value(f"SELECT count(*) FROM budget.audit_log WHERE entity_id = '{alert['alert_id']}'")
        self.assertEqual(audits, "1")

    def test_an_unknown_or_malformed_id_is_404(self):
        for path in (f"{uuid.uuid4()}", "nonsense"):
            self.assert_problem(self.home.get(f"{ALERTS}/{path}"), 404)
            self.assert_problem(self.home.put(f"{ALERTS}/{path}/dismiss"), 404)

    def test_bad_questions_are_answered_clearly(self):
        for query in ("severity=fatal", "type=nonsense", "acknowledged=perhaps", "level=3", "unknown=1"):
            with self.subTest(query):
                self.assert_problem(self.home.get(f"{ALERTS}?{query}"), 422)
        self.assert_problem(self.home.post(f"{ALERTS}/check", {"period": "fortnightly"}), 422)
        self.assert_problem(self.home.post(f"{ALERTS}/check", {"budget_id": str(uuid.uuid4())}), 404,
                            "budget_not_found")

    def test_the_report_shows_limits_alerts_and_what_cost_most(self):
        policy = self.policy(token_limit=100)
        self.record(policy, 90, component="loud")
        self.record(policy, 5, component="quiet", provider="nobody", model="unheard-of")
        report = self.home.get(f"/api/v1/reports/summary?period=daily&budget_id={policy['budget_id']}&top=1").json
        self.assertEqual((report["totals"]["count"], report["totals"]["total_tokens"]), (2, 95))
        self.assertEqual([limit["policy_id"] for limit in report["limits"]], [policy["policy_id"]])
        self.assertEqual((report["alerts"]["open"], report["alerts"]["items"][0]["level"]), (2, "action"))
        self.assertEqual([(line["name"], line["count"]) for line in report["top"]["component"]],
                         [("loud", 1), ("others", 1)])
        self.assertEqual(report["unpriced"]["count"], 1)
        self.assertEqual(self.home.get("/api/v1/reports").json["total"], 4)
        self.assert_problem(self.home.get("/api/v1/reports/summary?period=fortnightly"), 422)


main()
