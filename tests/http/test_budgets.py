"""Budgets over HTTP: create, change, tree, retire, summary."""
import pathlib
import sys
import uuid
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import TestCase, main  # noqa: E402


class Budgets(TestCase):
    def make(self, **fields):
        answer = self.home.post("/api/v1/budgets", {"name": "Team", **fields})
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def summary(self, budget, period=""):
        return self.home.get(f"/api/v1/budgets/{budget['budget_id']}/summary{period and '?period='}{period}").json["items"]

    def test_default_stands_from_the_start_with_its_limits(self):
        found = self.home.get("/api/v1/budgets?name=default").json["items"]
        self.assertEqual([(b["name"], b["parent_id"]) for b in found], [("Default", None)])
        limits = {p["period"]: p["cost_limit"] for p in found[0]["policies"] if p["component"] is None and p["provider"] is None}
        self.assertEqual({k: limits[k] for k in ("daily", "weekly", "monthly")}, {"daily": 5, "weekly": 25, "monthly": 100})

    def test_a_budget_is_created_with_limits_and_read_back_by_both_prefixes(self):
        made = self.make(name="Research", limits={"daily": "1.10", "monthly": 20}, timeZone="Europe/Berlin", metadata={"a": [1]})
        for prefix in ("/api/v1", "/api"):
            answer = self.home.get(f"{prefix}/budgets/{made['budget_id']}")
            self.assertEqual((answer.status, answer.json), (200, made))
        self.assertEqual({p["period"]: p["cost_limit"] for p in made["policies"]}, {"daily": Decimal("1.1"), "monthly": 20})
        self.assertEqual((made["time_zone"], made["metadata"], made["reach"], made["is_active"]), ("Europe/Berlin", {"a": [1]}, "all", True))

    def test_a_child_stands_below_its_parent(self):
        parent = self.make(name="Parent")
        child = self.make(name="Child", parent_id=parent["budget_id"])
        self.assertEqual((child["parent_id"], child["depth"], child["reach"]), (parent["budget_id"], 3, "named"))
        tree = self.home.get(f"/api/v1/budgets?view=tree&parent_id={parent['budget_id']}").json
        self.assertEqual([c["name"] for c in tree["items"][0]["children"]], ["Child"])
        answer = self.home.delete(f"/api/v1/budgets/{parent['budget_id']}")
        self.assertEqual(self.assert_problem(answer, 409, "budget_has_children")["child_id"], child["budget_id"])

    def test_put_changes_what_is_named_and_etags_guard_it(self):
        made = self.make(owner="ann", description="old")
        path = f"/api/v1/budgets/{made['budget_id']}"
        first = self.home.get(path)
        answer = self.home.put(path, {"description": "new"}, headers={"If-Match": first.headers["ETag"]})
        self.assertEqual((answer.status, answer.json["description"], answer.json["owner"]), (200, "new", "ann"))
        self.assertNotEqual(answer.headers["ETag"], first.headers["ETag"])
        self.assert_problem(self.home.put(path, {"description": "late"}, headers={"If-Match": first.headers["ETag"]}), 412, "version_mismatch")
        self.assertEqual(self.home.get(path).json["description"], "new")

    def test_patch_is_a_merge_patch(self):
        made = self.make(owner="ann", metadata={"a": 1, "b": {"c": 2}})
        answer = self.home.patch(f"/api/v1/budgets/{made['budget_id']}", {"owner": None, "metadata": {"a": None, "b": {"d": 3}}})
        self.assertEqual((answer.json["owner"], answer.json["metadata"]), (None, {"b": {"c": 2, "d": 3}}))

    def test_a_retired_budget_stays_readable_and_can_return(self):
        name = f"gone-{uuid.uuid4()}"
        made = self.make(name=name)
        path = f"/api/v1/budgets/{made['budget_id']}"
        self.assertEqual(self.home.delete(path).json["is_active"], False)
        self.assertEqual(self.home.get(path).status, 200)
        self.assertEqual(self.home.get(f"/api/v1/budgets?name={name.upper()}").json["total"], 0)
        self.assertEqual(self.home.get(f"/api/v1/budgets?name={name.upper()}&is_active=any").json["total"], 1)
        self.assertEqual(self.home.put(path, {"is_active": True}).json["is_active"], True)
        self.assertEqual(self.home.get(f"/api/v1/budgets?name={name.upper()}").json["total"], 1)

    def test_lists_are_newest_first_filtered_before_paged_and_go_on_by_cursor(self):
        owner = f"owner-{uuid.uuid4()}"
        made = [self.make(name=f"B{n}", owner=owner)["budget_id"] for n in range(5)][::-1]
        page = self.home.get(f"/api/v1/budgets?owner={owner}&limit=2").json
        self.assertEqual(([b["budget_id"] for b in page["items"]], page["total"], page["page"], page["limit"]), (made[:2], 5, 1, 2))
        second = self.home.get(f"/api/v1/budgets?owner={owner}&limit=2&page=2").json
        self.assertEqual([b["budget_id"] for b in second["items"]], made[2:4])
        seen, cursor = [], ""
        while cursor is not None:
            page = self.home.get(f"/api/v1/budgets?owner={owner}&limit=2{cursor and '&cursor='}{cursor}").json
            seen += [b["budget_id"] for b in page["items"]]
            cursor = page["next_cursor"]
        self.assertEqual(seen, made)

    def test_bad_fields_are_named(self):
        for body, status, code, pointer in (
                ({}, 422, "missing_field", "/name"), ({"name": ""}, 422, None, "/name"), ({"name": "x", "nmae": "y"}, 422, "unknown_field", "/nmae"),
                ({"name": "x", "currency": "EUR"}, 422, "currency_mismatch", "/currency"), ({"name": "x", "week_start": 8}, 422, "out_of_range", "/week_start"),
                ({"name": "x", "time_zone": "Mars/Base"}, 422, "unknown_time_zone", "/time_zone"), ({"name": "x", "limits": {"daily": -1}}, 422, None, "/limits/daily"),
                ({"name": "x", "limits": {"fortnightly": 1}}, 422, "unknown_field", "/limits/fortnightly"),
                ({"name": "x", "parent_id": str(uuid.uuid4())}, 404, "budget_not_found", "/parent_id")):
            with self.subTest(str(body)):
                problem = self.assert_problem(self.home.post("/api/v1/budgets", body), status, code)
                self.assertEqual(problem["errors"][0]["pointer"], pointer)
        for path in (f"/api/v1/budgets/{uuid.uuid4()}", "/api/v1/budgets/nonsense"):
            self.assert_problem(self.home.get(path), 404)
        self.assert_problem(self.home.get("/api/v1/budgets?colour=red"), 422)

    def test_a_summary_shows_policies_and_plain_totals(self):
        made = self.make(limits={"daily": 5})
        self.assertEqual([(i["period"], i["cost_limit"], i["total_cost"], i["remaining_cost"]) for i in self.summary(made)], [("daily", 5, 0, 5)])
        self.assertEqual([(i["period"], i["cost_limit"], i["policy_id"]) for i in self.summary(made, "monthly")], [("monthly", None, None)])
        self.assert_problem(self.home.get(f"/api/v1/budgets/{made['budget_id']}/summary?period=never"), 422)

    def test_usage_shows_in_the_summary_of_its_budget_and_above(self):
        parent = self.make(limits={"monthly": 50})
        child = self.make(parent_id=parent["budget_id"])
        answer = self.home.post("/api/v1/usage/record", {"provider": "anthropic", "model": "claude-3-haiku-20240307", "input_tokens": 1000,
                                                         "output_tokens": 200, "budget_id": child["budget_id"]})
        self.assertEqual(answer.status, 201, answer)
        cost = answer.json["total_cost"]
        for budget, period in ((parent, "monthly"), (child, "monthly"), (child, "daily")):
            item = self.summary(budget, period)[0]
            self.assertEqual((item["total_cost"], item["total_tokens_used"]), (cost, 1200), period)
        self.assertEqual(self.summary(parent, "monthly")[0]["remaining_cost"], 50 - cost)

    def test_policies_and_allocations_of_a_budget(self):
        made = self.make(limits={"daily": 5, "weekly": 6})
        path = f"/api/v1/budgets/{made['budget_id']}"
        self.assertEqual(sorted(p["period"] for p in self.home.get(f"{path}/policies").json["items"]), ["daily", "weekly"])
        self.assertEqual(self.home.get(f"{path}/policies?period=daily").json["total"], 1)
        self.assertEqual(self.home.get(f"{path}/allocations").json["items"], [])
        self.assert_problem(self.home.get(f"/api/v1/budgets/{uuid.uuid4()}/policies"), 404, "budget_not_found")

    def test_every_change_is_audited(self):
        made = self.make()
        self.home.put(f"/api/v1/budgets/{made['budget_id']}", {"owner": "eve"})
        self.home.delete(f"/api/v1/budgets/{made['budget_id']}")
        rows = self.home.sql(f"SELECT action FROM budget.audit_log WHERE entity_id = '{made['budget_id']}' ORDER BY audit_id")
        self.assertEqual([row[0] for row in rows], ["budget.create", "budget.update", "budget.retire"])


if __name__ == "__main__":
    main()
