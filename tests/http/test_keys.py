"""API keys: made once, shown once, judged by role; the audit log tells who did it."""
import datetime

from home import TestCase, main

ADMIN_KEY = "an-operators-own-admin-key"
ROLES = ["viewer", "service", "manager", "admin"]
UNKNOWN_ID = "0190f0e4-7b2a-7c31-8a55-3d2f0c9b1e77"


class Keys(TestCase):
    def make(self, role="viewer", **more):
        answer = self.home.post("/api/v1/keys", {"name": f"a {role}", "role": role, **more})
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def get(self, path, key):
        return self.home.get("/api/v1" + path, headers={"X-API-Key": key})

    def test_a_key_is_shown_once_and_kept_as_a_hash(self):
        made = self.make()
        self.assertRegex(made["key"], r"^bgt_[a-z0-9]{8}_[A-Za-z0-9_-]{43}$")
        self.assertEqual(made["public_id"], made["key"][4:12])
        listed = self.home.get("/api/v1/keys?limit=1000")
        self.assertIn(made["key_id"], [item["key_id"] for item in listed.json["items"]])
        self.assertNotIn(made["key"], listed.text)
        stored = self.home.value(f"SELECT encode(sha256('{made['key']}'), 'hex') = encode(secret_hash, 'hex') FROM budget.api_key "
                                 f"WHERE key_id = '{made['key_id']}'")
        self.assertEqual(stored, "t")
        self.assertNotIn(made["key"], self.home.get("/api/v1/audit?entity=key").text + self.home.log("access"))

    def test_both_headers_carry_a_key(self):
        key = self.make()["key"]
        for headers in ({"Authorization": f"Bearer {key}"}, {"authorization": f"bearer {key}"}, {"X-API-Key": key}):
            with self.subTest(headers=headers):
                self.assertEqual(self.home.get("/api/v1/budgets", headers=headers).status, 200)

    def test_a_wrong_key_is_401_even_where_none_is_needed(self):
        key = self.make()["key"]
        for wrong in (key[:-1] + ("A" if key[-1] != "A" else "B"), key + "x", "bgt_unknown1_" + "a" * 43, "nonsense", "x" * 500):
            with self.subTest(wrong=wrong):
                answer = self.get("/budgets", wrong)
                self.assert_problem(answer, 401, "invalid_key")
                self.assertIn("invalid_token", answer.headers["WWW-Authenticate"])

    def test_each_role_reaches_as_far_as_its_routes_say(self):
        keys = {role: self.make(role)["key"] for role in ROLES}
        record = {"provider": "ollama", "model": "llama3.1", "input_tokens": 1, "output_tokens": 1}
        calls = [("viewer", "GET", "/budgets", None), ("service", "POST", "/usage/record", record), ("manager", "POST", "/budgets", {"name": "r"}),
                 ("admin", "GET", "/keys", None), ("admin", "GET", "/audit", None)]
        for needed, method, path, body in calls:
            for role in ROLES:
                with self.subTest(method=method, path=path, role=role):
                    body = dict(body, name=f"by {role}") if path == "/budgets" and body else body
                    answer = self.home.request(method, "/api/v1" + path, body, headers={"X-API-Key": keys[role]})
                    if ROLES.index(role) >= ROLES.index(needed):
                        self.assertIn(answer.status, (200, 201), answer)
                    else:
                        document = self.assert_problem(answer, 403, "role_too_low")
                        self.assertIn(needed, document["detail"])

    def test_a_revoked_key_stops_within_the_cache_time(self):
        made = self.make()
        self.assertEqual(self.get("/budgets", made["key"]).status, 200)
        answer = self.home.delete(f"/api/v1/keys/{made['key_id']}")
        self.assertEqual((answer.status, answer.json["is_active"]), (200, False))
        again = self.home.delete(f"/api/v1/keys/{made['key_id']}")
        self.assertEqual((again.status, again.json["revoked_at"]), (200, answer.json["revoked_at"]))
        self.home.restart("budgets")  # a new process has nothing cached
        self.assert_problem(self.get("/budgets", made["key"]), 401, "invalid_key")
        self.assertNotIn(made["key_id"], self.home.get("/api/v1/keys?is_active=true&limit=1000").text)

    def test_a_key_past_its_time_is_401(self):
        until = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).isoformat()
        made = self.make(expires_at=until)
        self.assertEqual(self.get("/budgets", made["key"]).status, 200)
        self.home.sql(f"UPDATE budget.api_key SET expires_at = now() - interval '1 s' WHERE key_id = '{made['key_id']}'")
        self.home.restart("budgets")
        self.assert_problem(self.get("/budgets", made["key"]), 401, "invalid_key")

    def test_bad_keys_are_not_made(self):
        for body, code, pointer in (({"role": "viewer"}, "missing_field", "/name"), ({"name": "x"}, "missing_field", "/role"),
                                    ({"name": "x", "role": "root"}, "unknown_value", "/role"), ({"name": "", "role": "viewer"}, "out_of_range", "/name"),
                                    ({"name": "x" * 201, "role": "viewer"}, "out_of_range", "/name"),
                                    ({"name": "x", "role": "viewer", "budget_id": "1"}, "invalid_id", "/budget_id"),
                                    ({"name": "x", "role": "viewer", "expires_at": "2001-01-01"}, "out_of_range", "/expires_at"),
                                    ({"name": "x", "role": "viewer", "key": "mine"}, "unknown_field", "/key")):
            with self.subTest(body=body):
                document = self.assert_problem(self.home.post("/api/v1/keys", body), 422, code)
                self.assertEqual(document["errors"][0]["pointer"], pointer)
        self.assert_problem(self.home.post("/api/v1/keys", {"name": "x", "role": "viewer", "budget_id": UNKNOWN_ID}), 404, "budget_not_found")
        self.assert_problem(self.home.delete(f"/api/v1/keys/{UNKNOWN_ID}"), 404, "key_not_found")

    def test_a_bound_key_makes_only_keys_of_its_budget(self):
        mine = self.home.post("/api/v1/budgets", {"name": "mine"}).json["budget_id"]
        other = self.home.post("/api/v1/budgets", {"name": "other"}).json["budget_id"]
        bound = self.make("admin", budget_id=mine)["key"]
        headers = {"X-API-Key": bound}
        made = self.home.post("/api/v1/keys", {"name": "child", "role": "service"}, headers=headers)
        self.assertEqual((made.status, made.json["budget_id"]), (201, mine))
        self.assert_problem(self.home.post("/api/v1/keys", {"name": "child", "role": "service", "budget_id": other}, headers=headers), 403,
                            "budget_out_of_reach")

    def test_the_use_of_a_key_is_noted_to_the_minute(self):
        made = self.make()
        self.get("/budgets", made["key"])
        used = self.home.value(f"SELECT last_used_at = date_trunc('minute', last_used_at) FROM budget.api_key WHERE key_id = '{made['key_id']}'")
        self.assertEqual(used, "t")

    def test_the_audit_log_names_actor_change_and_request(self):
        admin = self.make("admin")
        answer = self.home.post("/api/v1/keys", {"name": "audited", "role": "viewer"}, headers={"X-API-Key": admin["key"], "X-Request-Id": "audit-1"})
        items = self.home.get(f"/api/v1/audit?entity=key&entity_id={answer.json['key_id']}").json["items"]
        self.assertEqual(len(items), 1)
        entry = items[0]
        self.assertEqual((entry["actor"], entry["role"], entry["key_id"], entry["request_id"], entry["action"], entry["before"]),
                         ("a admin", "admin", admin["key_id"], "audit-1", "key.create", None))
        self.assertEqual(entry["after"]["name"], "audited")

    def test_the_audit_log_is_filtered_and_paged(self):
        for number in range(5):
            self.make(name=f"page {number}")
        first = self.home.get("/api/v1/audit?action=key.create&limit=2").json
        self.assertEqual(len(first["items"]), 2)
        self.assertGreaterEqual(first["total"], 5)
        second = self.home.get(f"/api/v1/audit?action=key.create&limit=2&cursor={first['next_cursor']}").json
        ids = [item["audit_id"] for item in first["items"] + second["items"]]
        self.assertEqual(ids, sorted(set(ids), reverse=True))
        self.assertEqual(self.home.get("/api/v1/audit?actor=nobody").json["items"], [])
        self.assertEqual(self.home.get("/api/v1/audit?end_date=2020-01-01").json["total"], 0)
        self.assertGreater(self.home.get("/api/v1/audit?start_date=2020-01-01").json["total"], 0)

    def test_the_audit_log_cannot_be_rewritten(self):
        for statement in ("UPDATE budget.audit_log SET actor = 'x'", "DELETE FROM budget.audit_log", "TRUNCATE budget.audit_log"):
            with self.subTest(statement=statement), self.assertRaises(AssertionError):
                self.home.sql(statement)


class AdminKey(TestCase):
    """BUDGET_ADMIN_KEY in production behind a proxy that does TLS."""
    settings = {"BUDGET_ENV": "production", "BUDGET_TRUSTED_PROXY": "true", "BUDGET_ADMIN_KEY": ADMIN_KEY}

    def test_production_serves_nobody_without_a_key_but_health(self):
        answer = self.home.get("/api/v1/budgets")
        self.assert_problem(answer, 401, "key_required")
        self.assertEqual(answer.headers["WWW-Authenticate"], 'Bearer realm="budget"')
        self.assertEqual(self.home.get("/livez").status, 200)
        health = self.home.get("/health").json
        self.assertTrue(all(set(check) == {"status"} for check in health["checks"].values()), health)

    def test_the_operators_key_is_admin(self):
        answer = self.home.get("/api/v1/keys", headers={"X-API-Key": ADMIN_KEY})
        self.assertEqual((answer.status, answer.json["items"][-1]["name"]), (200, "BUDGET_ADMIN_KEY"))

    def test_the_operators_key_is_registered_at_its_first_use_when_the_start_could_not(self):
        self.home.sql("DELETE FROM budget.api_key WHERE name = 'BUDGET_ADMIN_KEY'")
        self.home.restart("policies")
        self.assertEqual(self.home.get("/api/v1/policies", headers={"X-API-Key": ADMIN_KEY}).status, 200)
        self.assertEqual(self.home.value("SELECT count(*) FROM budget.api_key WHERE name = 'BUDGET_ADMIN_KEY'"), "1")

    def test_the_last_admin_key_does_not_revoke_itself(self):
        headers = {"X-API-Key": ADMIN_KEY}
        key_id = self.home.get("/api/v1/keys", headers=headers).json["items"][-1]["key_id"]
        self.assert_problem(self.home.delete(f"/api/v1/keys/{key_id}", headers=headers), 409, "last_admin_key")


if __name__ == "__main__":
    main()
