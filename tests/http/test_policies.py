"""Policies, limits and approvals over HTTP."""
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import uuid
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import TestCase, main, wait_for  # noqa: E402


class Policies(TestCase):
    def budget(self, **fields):
        return self.home.post("/api/v1/budgets", {"name": "P", **fields}).json["budget_id"]

    def make(self, expect=201, **fields):
        answer = self.home.post("/api/v1/policies", {"period": "daily", "type": "hard_limit", "cost_limit": 5, **fields})
        self.assertEqual(answer.status, expect, answer)
        return answer.json

    def record(self, budget, **fields):
        answer = self.home.post("/api/v1/usage/record", {"provider": "anthropic", "model": "claude-3-haiku-20240307", "input_tokens": 1000,
                                                         "output_tokens": 200, "budget_id": budget, **fields})
        self.assertEqual(answer.status, 201, answer)
        return answer.json["total_cost"]

    # policies

    def test_any_case_and_the_names_of_others_are_understood(self):
        made = self.home.post("/api/v1/policies", {"budgetId": self.budget(), "type": "ENFORCE", "period": "Monthly", "tier": "Remote-Heavyweight",
                                                   "costLimit": "10.50", "warningThreshold": 0.5}).json
        self.assertEqual((made["type"], made["period"], made["tier"], made["cost_limit"], made["warning_threshold"], made["action_threshold"]),
                         ("hard_limit", "monthly", "remote_heavyweight", Decimal("10.5"), Decimal("0.5"), Decimal("0.95")))

    def test_a_twin_is_refused_with_its_id(self):
        budget = self.budget()
        made = self.make(budget_id=budget)
        answer = self.home.post("/api/v1/policies", {"budget_id": budget, "period": "daily", "type": "hard_limit", "cost_limit": 6})
        self.assertEqual(self.assert_problem(answer, 409, "policy_exists")["policy_id"], made["policy_id"])

    def test_of_twins_made_at_once_one_is_made(self):
        budget = self.budget()
        body = {"budget_id": budget, "period": "weekly", "type": "warn", "cost_limit": 1}
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: self.home.post("/api/v1/policies", body).status, range(16)))
        self.assertEqual(sorted(answers), [201] + [409] * 15)

    def test_put_patch_and_delete(self):
        made = self.make(budget_id=self.budget(), provider="OpenAI", token_limit=100)
        path = f"/api/v1/policies/{made['policy_id']}"
        self.assertEqual(self.home.put(path, {"cost_limit": 7, "type": "warn"}).json["cost_limit"], 7)
        changed = self.home.patch(path, {"provider": None, "token_limit": None}).json
        self.assertEqual((changed["provider"], changed["token_limit"], changed["cost_limit"], changed["type"]), (None, None, 7, "warn"))
        self.assert_problem(self.home.patch(path, {"cost_limit": None}), 422, "limit_missing")
        etag = self.home.get(path).headers["ETag"]
        self.assertEqual(self.home.delete(path, headers={"If-Match": etag}).json["enabled"], False)
        self.assert_problem(self.home.delete(path, headers={"If-Match": etag}), 412)
        self.assertEqual(self.home.get(path).json["enabled"], False)

    def test_a_zero_limit_is_no_missing_one(self):
        self.assertEqual(self.make(budget_id=self.budget(), cost_limit=0)["cost_limit"], 0)

    def test_lists_filter_by_everything_a_policy_has(self):
        budget = self.budget()
        self.make(budget_id=budget, component="rhetor")
        off = self.make(budget_id=budget, component="ergon", period="monthly", enabled=False)
        def find(query):
            return [p["component"] for p in self.home.get(f"/api/v1/policies?budget_id={budget}{query}").json["items"]]
        self.assertEqual(find(""), ["ergon", "rhetor"])
        self.assertEqual((find("&enabled=true"), find("&component=ergon"), find("&period=DAILY"), find("&type=warn")), (["rhetor"], ["ergon"], ["rhetor"], []))
        self.assertEqual(off["enabled"], False)

    def test_bad_fields_are_named(self):
        for body, code, pointer in (
                ({"cost_limit": 1}, "missing_field", "/period"), ({"period": "daily"}, "limit_missing", "/cost_limit"),
                ({"period": "fortnightly", "cost_limit": 1}, None, "/period"), ({"period": "daily", "token_limit": -5}, None, "/token_limit"),
                ({"period": "daily", "cost_limit": 1, "type": "maybe"}, None, "/type"), ({"period": "rolling", "cost_limit": 1}, "window_missing", "/window_seconds"),
                ({"period": "daily", "cost_limit": 1, "warning_threshold": 0}, None, "/warning_threshold"), ({"period": "daily", "cost_limit": "1e999"}, None, "/cost_limit")):
            with self.subTest(str(body)):
                self.assertEqual(self.assert_problem(self.home.post("/api/v1/policies", body), 422, code)["errors"][0]["pointer"], pointer)
        self.assert_problem(self.home.post("/api/v1/policies", {"period": "daily", "cost_limit": 1, "budget_id": str(uuid.uuid4())}), 404, "budget_not_found")

    def test_rule_07_what_is_counted_changes_without_a_free_reset(self):
        budget = self.budget()
        cost = self.record(budget) + self.record(budget, model="claude-3-5-haiku-20241022")
        self.home.post("/api/v1/limits", {"budget_id": budget, "period": "monthly", "amount": 100})
        def used():
            return [line["cost_used"] for line in self.home.get(f"/api/v1/limits?budget_id={budget}").json["items"]]
        self.assertEqual(used(), [cost], "a limit set in mid-month includes the month")
        self.home.put(f"/api/v1/budgets/{budget}", {"time_zone": "Asia/Kathmandu", "month_reset_day": 1})
        self.assertEqual(used(), [cost], "another zone does not reset it")
        self.home.delete(f"/api/v1/budgets/{budget}")
        self.home.put(f"/api/v1/budgets/{budget}", {"is_active": True})
        self.assertEqual(used(), [cost], "nor does going away and coming back")

    # limits

    def test_limits_say_what_is_used_and_left(self):
        budget = self.budget()
        cost = self.record(budget)
        made = self.home.post("/api/limits", {"period": "monthly", "limit": 2, "budget_id": budget})
        self.assertEqual(made.status, 201)
        changed = self.home.post("/api/v1/limits", {"period": "monthly", "cost_limit": 3, "budget_id": budget, "type": "hard_limit"})
        self.assertEqual((changed.status, changed.json["policy_id"], changed.json["cost_limit"]), (200, made.json["policy_id"], 3))
        line = self.home.get(f"/api/v1/limits?budget_id={budget}").json["items"][0]
        self.assertEqual((line["type"], line["cost_used"], line["cost_held"], line["remaining_cost"]), ("hard_limit", cost, 0, 3 - cost))
        self.assertTrue(line["resets_at"].endswith("T00:00:00.000000Z"))
        self.assert_problem(self.home.post("/api/v1/limits", {"period": "monthly", "limit": 1, "amount": 2}), 422)

    def test_limits_with_filters_are_others(self):
        budget = self.budget()
        for component, amount in ((None, 5), ("rhetor", 2), ("rhetor", 3)):
            self.home.post("/api/v1/limits", {"period": "daily", "amount": amount, "budget_id": budget, "filters": {"component": component} if component else {}})
        lines = self.home.get(f"/api/v1/limits?budget_id={budget}").json["items"]
        self.assertEqual({line["filters"]["component"]: line["cost_limit"] for line in lines}, {None: 5, "rhetor": 3})

    # approvals

    def test_rule_06_an_approval_lifts_a_soft_limit(self):
        budget = self.budget()
        policy = self.make(budget_id=budget, type="soft_limit", period="monthly", cost_limit="0.000001")["policy_id"]
        ask = {"provider": "anthropic", "model": "claude-3-haiku-20240307", "input_tokens": 1000, "max_output_tokens": 100, "budget_id": budget}
        self.assertEqual(self.home.post("/api/v1/check", ask).json["decision"], "approval_required")
        made = self.home.post("/api/v1/approvals", {"policy_id": policy, "amount": 1, "reason": "quarter end"})
        self.assertEqual((made.status, made.json["state"]), (201, "pending"))
        self.assert_problem(self.home.post("/api/v1/approvals", {"policy_id": policy, "amount": 1}), 409, "approval_open")
        self.assertEqual(self.home.post("/api/v1/check", ask).json["decision"], "approval_required", "asking lifts nothing")
        self.assert_problem(self.home.post(f"/api/v1/approvals/{made.json['approval_id']}/grant", {"amount": 2}), 422, "more_than_asked")
        granted = self.home.post(f"/api/v1/approvals/{made.json['approval_id']}/grant", {"amount": "0.5", "note": "ok"}).json
        self.assertEqual((granted["state"], granted["amount"], granted["note"]), ("granted", Decimal("0.5"), "ok"))
        self.assertTrue(self.home.post("/api/v1/check", ask).json["allowed"])
        line = self.home.get(f"/api/v1/limits?budget_id={budget}").json["items"][0]
        self.assertEqual(line["remaining_cost"], Decimal("0.500001"))

    def test_a_denial_without_a_body(self):
        policy = self.make(budget_id=self.budget(), type="approve")["policy_id"]
        made = self.home.post("/api/v1/approvals", {"policy_id": policy, "tokens": 5}).json
        self.assertEqual(self.home.post(f"/api/v1/approvals/{made['approval_id']}/deny").json["state"], "denied")
        self.assert_problem(self.home.post(f"/api/v1/approvals/{made['approval_id']}/grant"), 409, "approval_decided")
        self.assertEqual(self.home.get(f"/api/v1/approvals?policy_id={policy}&state=denied").json["total"], 1)

    def test_hard_limits_take_no_approval(self):
        policy = self.make(budget_id=self.budget())["policy_id"]
        self.assert_problem(self.home.post("/api/v1/approvals", {"policy_id": policy, "amount": 1}), 422, "approval_not_applicable")

    def test_of_requests_made_at_once_one_is_open(self):
        policy = self.make(budget_id=self.budget(), type="soft_limit")["policy_id"]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda n: self.home.post("/api/v1/approvals", {"policy_id": policy, "amount": n + 1}).status, range(16)))
        self.assertEqual(sorted(answers), [201] + [409] * 15)

    # edits beside a group in flight

    def test_rule_07_a_group_in_flight_is_counted_exactly_once(self):
        budget = self.budget()
        cost = self.record(budget)
        with subprocess.Popen(self.home.psql_words() + ["-At"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as group, \
                concurrent.futures.ThreadPoolExecutor(1) as pool:
            shapes = json.dumps([{"is_record": True, "budget_id": budget, "provider": "anthropic", "model": "claude-3-haiku-20240307"}])
            items = json.dumps([{"n": 1, "s": 1, "verb": "record", "id": "ID", "is_fresh": True, "body_hash": "x",
                                 "input_tokens": 1000, "output_tokens": 200}]).replace("ID", "' || budget.uuid_v7() || '")
            group.stdin.write(f"BEGIN;\nSELECT status FROM budget.ledger_run(budget.local_tenant(), ('{items}')::json, '{shapes}');\n")
            self.assertEqual(group.stdout.readline().strip(), "201")
            edit = pool.submit(self.make, budget_id=budget, period="monthly")
            wait_for(lambda: self.home.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == "1", "the edit to wait")
            self.assertFalse(edit.done(), "an edit waits for the group")
            group.stdin.write("COMMIT;\n\\q\n")
            edit.result(timeout=20)
        line = self.home.get(f"/api/v1/limits?budget_id={budget}").json["items"][0]
        self.assertEqual((line["cost_used"], line["tokens_used"]), (2 * cost, 2400))
        self.record(budget)
        line = self.home.get(f"/api/v1/limits?budget_id={budget}").json["items"][0]
        self.assertEqual((line["cost_used"], line["tokens_used"]), (3 * cost, 3600), "and what comes after it too")

    def test_rule_07_edits_under_load_lose_and_double_nothing(self):
        budget = self.budget()
        policy = self.make(budget_id=budget, period="monthly", type="warn")["policy_id"]
        def edit(n):
            return self.home.put(f"/api/v1/policies/{policy}", {"enabled": n % 2 == 1} if n % 3 else {"task_type": ["default", "chat"][n % 2]}).status
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            edits = [pool.submit(edit, n) for n in range(20)]
            costs = [pool.submit(self.record, budget) for _ in range(60)]
            total = sum(c.result() for c in costs)
            self.assertEqual({e.result() for e in edits}, {200})
        self.home.put(f"/api/v1/policies/{policy}", {"enabled": True})
        self.home.patch(f"/api/v1/policies/{policy}", {"task_type": None})
        line = self.home.get(f"/api/v1/limits?budget_id={budget}").json["items"][0]
        self.assertEqual(line["cost_used"], total)
        # counters = openings + records that name the revision, for every revision there has been
        self.assertEqual(self.home.sql(f"""
            SELECT c.revision FROM budget.counter c JOIN budget.policy_revision r USING (tenant_id, revision)
            LEFT JOIN budget.usage_record u ON u.tenant_id = c.tenant_id AND c.revision = ANY (u.revisions)
            WHERE r.policy_id = '{policy}' GROUP BY c.tenant_id, c.revision, c.scope, c.period_start
            HAVING c.spent_cost <> c.opening_cost + coalesce(sum(u.cost), 0) OR c.records <> count(u.record_id)"""), [])


if __name__ == "__main__":
    main()
