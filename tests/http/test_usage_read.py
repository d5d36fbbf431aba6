"""Reading usage back: lists, single records, sums. Every way to add up gives the same, to the last digit."""
import decimal
import uuid

from home import TestCase, main

USAGE = "/api/v1/usage"


class UsageReading(TestCase):
    def record(self, **fields):
        body = {"component": "rhetor", "provider": "anthropic", "model": "claude-3-haiku-20240307", "input_tokens": 100,
                "output_tokens": 10, **fields}
        answer = self.home.post(f"{USAGE}/record", body)
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def listed(self, query=""):
        answer = self.home.get(f"{USAGE}/records?{query}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_a_record_reads_back_as_it_was_answered(self):
        record = self.record(context_id="back", task_id="t", metadata={"a": [1, {"b": None}]}, user_id="u",
                             request_id="r", operation_id="o", cache_read_tokens=3, reasoning_tokens=2)
        self.assertEqual(self.home.get(f"{USAGE}/records/{record['record_id']}").json, record)
        self.assertEqual(self.listed("context_id=back")["items"], [record])
        self.assertEqual(self.home.get("/api/usage?context_id=back").json["items"], [record])

    def test_every_filter_cuts(self):
        wanted = self.record(context_id="f1", task_id="f2", component="f3", task_type="f4", user_id="f5",
                             operation_id="f6", request_id="f7", provider="openai", model="gpt-4o")
        for name in ("context_id", "task_id", "component", "task_type", "user_id", "operation_id", "request_id"):
            with self.subTest(name):
                self.assertEqual(self.listed(f"{name}={wanted[name]}")["items"], [wanted])
                self.assertEqual(self.listed(f"{name}=nobody")["items"], [])
        both = self.listed("provider=OpenAI&model=gpt-4o&context_id=f1&tier=remote-heavyweight")
        self.assertEqual(both["items"], [wanted])

    def test_a_page_goes_on_where_the_last_one_ended_whatever_comes_meanwhile(self):
        made = [self.record(context_id="pages")["record_id"] for _ in range(7)]
        seen, query = [], "context_id=pages&limit=3"
        page = self.listed(query)
        while True:
            seen += [item["record_id"] for item in page["items"]]
            self.record(context_id="pages")
            if page["next_cursor"] is None:
                break
            page = self.listed(f"{query}&cursor={page['next_cursor']}")
        self.assertEqual(seen, made[::-1])

    def test_bad_questions_are_answered_clearly(self):
        for query in ("colour=red", "limit=0", "limit=1001", "limit=ten", "limit=1&limit=2", "tier=huge", "budget_id=7",
                      "cursor=%21", "priced=maybe", "start_date=yesterday", "start_date=2026-02-30",
                      "end_date=2026-03-01&start_date=2026-03-02"):
            with self.subTest(query):
                problem = self.assert_problem(self.home.get(f"{USAGE}/records?{query}"), 422)
                self.assertIn(query.split("=")[0], str(problem["errors"]))
        self.assert_problem(self.home.get(f"{USAGE}/records?budget_id={uuid.uuid4()}"), 404, "budget_not_found")
        for query in ("context_id=%00", "context_id=%ff"):
            with self.subTest(query):
                self.assert_problem(self.home.get(f"{USAGE}/records?{query}"), 400)

    def test_an_unknown_or_malformed_id_is_404(self):
        self.assert_problem(self.home.get(f"{USAGE}/records/{uuid.uuid4()}"), 404, "usage_record_not_found")
        self.assert_problem(self.home.get(f"{USAGE}/records/nonsense"), 404)

    def test_another_method_is_405_and_says_which(self):
        answer = self.home.delete(f"{USAGE}/records")
        self.assert_problem(answer, 405)
        self.assertIn("GET", answer.headers["Allow"])

    def test_what_has_no_price_is_never_free(self):
        record = self.record(provider="nobody", model="unheard-of", context_id="unpriced")
        self.assertIs(record["priced"], False)
        self.assertIsNone(record["total_cost"])
        self.assertGreater(record["ceiling_cost"], 0)
        self.assertEqual(self.listed("priced=false&context_id=unpriced")["total"], 1)
        summary = self.home.get(f"{USAGE}/summary?context_id=unpriced").json
        self.assertEqual(summary["total_cost"], 0)
        self.assertEqual(summary["unpriced"], {"count": 1, "tokens": 110, "ceiling_cost": record["ceiling_cost"]})

    def test_every_way_to_add_up_gives_the_same(self):
        budget = self.home.post("/api/v1/budgets", {"name": "sums"}).json["budget_id"]
        for n in range(1, 30):
            self.record(budget_id=budget, input_tokens=n * 37, output_tokens=n, cache_read_tokens=n % 5,
                        component=f"c{n % 3}", model=("claude-3-haiku-20240307", "claude-3-opus-20240229")[n % 2],
                        task_type=f"t{n % 4}")
        plain_cost, plain_tokens = self.home.sql(
            "SELECT trim_scale(sum(cost)), sum(total_tokens) FROM budget.usage_record u "
            f"JOIN budget.shape s USING (tenant_id, shape_id) WHERE s.budget_id = '{budget}'")[0]
        plain_cost, plain_tokens = decimal.Decimal(plain_cost), int(plain_tokens)
        records = self.listed(f"budget_id={budget}&limit=1000")["items"]
        self.assertEqual(sum(item["total_cost"] for item in records), plain_cost)
        ways = {
            "POST summary": self.home.post(f"{USAGE}/summary", {"period": "daily", "budgetId": budget}).json,
            "GET summary": self.home.get(f"{USAGE}/summary?period=monthly&budget_id={budget}").json,
            "daily": self.home.get(f"{USAGE}/daily?budget_id={budget}").json,
            "lifetime": self.home.get(f"/api/usage/lifetime?budget_id={budget}").json,
        }
        for name, summary in ways.items():
            with self.subTest(name):
                self.assertEqual((summary["total_cost"], summary["total_tokens"], summary["count"]),
                                 (plain_cost, plain_tokens, 29))
                for dimension in summary["groups"].values():
                    self.assertEqual(sum(group["cost"] for group in dimension.values()), plain_cost)
                    self.assertEqual(sum(group["total_tokens"] for group in dimension.values()), plain_tokens)
        report = self.home.get(f"/api/v1/reports/summary?period=daily&budget_id={budget}").json
        self.assertEqual((report["totals"]["cost"], report["totals"]["total_tokens"]), (plain_cost, plain_tokens))
        items = self.home.get(f"/api/v1/budgets/{budget}/summary?period=daily").json["items"]
        self.assertEqual({item["total_cost"] for item in items}, {plain_cost})

    def test_a_period_nobody_knows_is_404(self):
        self.assert_problem(self.home.get(f"{USAGE}/fortnightly"), 404, "period_not_found")
        self.assert_problem(self.home.post(f"{USAGE}/summary", {"period": "fortnightly"}), 422)

    def test_head_is_get_without_a_body(self):
        answer = self.home.request("HEAD", f"{USAGE}/records")
        self.assertEqual((answer.status, answer.body), (200, b""))


main()
