"""What the documents of the original promise to a caller: their curl lines, endpoints and code examples,
    as printed there."""
import json
import pathlib
import sys
import types
import urllib.request
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import TestCase, main  # noqa: E402

# The example of the integration guide, unchanged.
EXAMPLE = '''
import requests

# Allocate tokens
allocation_response = requests.post(
    "http://localhost:8013/api/allocations",
    json={
        "context_id": "my-context-123",
        "component": "my-component",
        "tokens_allocated": 1000,
        "tier": "REMOTE_HEAVYWEIGHT",
        "provider": "anthropic",
        "model": "claude-3-opus-20240229"
    }
)
allocation = allocation_response.json()

# Record usage
requests.post(
    "http://localhost:8013/api/usage/record",
    json={
        "context_id": "my-context-123",
        "allocation_id": allocation["allocation_id"],
        "component": "my-component",
        "provider": "anthropic",
        "model": "claude-3-opus-20240229",
        "input_tokens": 100,
        "output_tokens": 250
    }
)
'''


class Requests(types.ModuleType):
    """As much of the package requests as the example uses; port 8013 is this home's."""

    def __init__(self, home):
        super().__init__("requests")
        self.home, self.answers = home, []

    def post(self, url, json):  # noqa: A002  (the package names it so)
        url = url.replace(":8013/", f":{self.home.port}/")
        request = urllib.request.Request(url, dump(json).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            self.answers.append((response.status, response.read()))
        return self

    def json(self):
        return json.loads(self.answers[-1][1], parse_float=Decimal)


def dump(value):
    return json.dumps(value)


class Seeds(TestCase):
    BODY = {"provider": "anthropic", "model": "claude-3-sonnet", "component": "rhetor"}

    def test_the_curl_lines(self):
        for path in ("/health", "/api/v1/budgets", "/api/v1/usage/records"):
            with self.subTest(path):
                answer = self.home.get(path)
                self.assertEqual(answer.status, 200, answer)
                self.assertIsInstance(answer.json, dict)
        self.assertEqual(self.home.get("/health").json["component"], "budget")
        self.assertEqual([b["name"] for b in self.home.get("/api/v1/budgets").json["items"]][-1], "Default")

    def test_the_integration_guides_example_works_as_printed(self):
        requests = Requests(self.home)
        sys.modules["requests"] = requests
        try:
            exec(compile(EXAMPLE, "integration-guide.md", "exec"), {})  # pylint: disable=exec-used
        finally:
            del sys.modules["requests"]
        self.assertEqual([status for status, _ in requests.answers], [201, 201])
        record = requests.json()
        self.assertEqual((record["total_tokens"], record["cause"], record["allocation"]["remaining_tokens"]),
            (350, "held", 650))
        self.assertEqual(record["total_cost"], Decimal("0.02025"), "100 x 15 and 250 x 75 dollars a million")

    def test_the_flat_names_of_the_readme(self):
        ask = self.home.post("/api/check", {**self.BODY, "estimated_tokens": 1000})
        self.assertEqual((ask.status, ask.json["allowed"]), (200, True), ask)
        self.assertIn("reason", ask.json)
        record = self.home.post("/api/record", {**self.BODY, "input_tokens": 700, "output_tokens": 300})
        self.assertEqual((record.status, record.json["total_tokens"]), (201, 1000), record)
        for period in ("hourly", "daily", "weekly", "monthly", "yearly", "lifetime"):
            self.assertGreaterEqual(self.home.get(f"/api/usage/{period}").json["total_cost"], record.json["total_cost"])
        self.assertGreaterEqual(self.home.get("/api/reports/summary").json["totals"]["cost"], record.json["total_cost"])
        self.assertIn(self.home.post("/api/limits", {"period": "daily", "limit": 10.0}).status, (200, 201))
        limits = {line["period"]: line["cost_limit"] for line in self.home.get("/api/limits").json["items"]}
        self.assertEqual(limits["daily"], 10)
        prices = self.home.get("/api/providers/prices")
        self.assertEqual(prices.status, 200)
        self.assertIn("anthropic", prices.text)
        self.assertEqual(self.home.get("/api/status").json["component"], "budget")

    def test_the_main_endpoints_of_the_guides_under_both_prefixes(self):
        for prefix in ("/api", "/api/v1"):
            for path in ("budgets", "policies", "allocations", "usage", "usage/records", "usage/summary", "reports",
                "reports/summary",
                         "alerts", "prices", "limits", "providers/prices", "status", "settings"):
                with self.subTest(f"{prefix}/{path}"):
                    answer = self.home.get(f"{prefix}/{path}")
                    self.assertEqual((answer.status, answer.headers.get_content_type()), (200, "application/json"),
                        answer)

    def test_the_component_guides_endpoints(self):
        made = self.home.post("/api/v1/budgets", {"name": "Guide", "description": "d", "owner": "o",
            "metadata": {"k": "v"}})
        self.assertEqual(made.status, 201, made)
        path = f"/api/v1/budgets/{made.json['budget_id']}"
        self.assertEqual(self.home.get(path).json, made.json)
        self.assertEqual(self.home.put(path, {"name": "Guide 2"}).json["name"], "Guide 2")
        self.assertEqual(self.home.get(f"{path}/summary").status, 200)
        self.assertEqual(self.home.post("/api/v1/usage/record", {**self.BODY, "input_tokens": 1}).status, 201)
        self.assertGreaterEqual(self.home.get("/api/v1/usage/records").json["total"], 1)
        self.assertGreaterEqual(self.home.post("/api/v1/usage/summary", {"period": "daily"}).json["total_tokens"], 1)

    def test_an_alert_is_raised_listed_and_dismissed(self):
        budget = self.home.post("/api/v1/budgets", {"name": "Alerts"}).json["budget_id"]
        self.home.post("/api/v1/policies", {"budget_id": budget, "type": "WARN", "period": "DAILY", "token_limit": 100})
        self.home.post("/api/v1/usage/record", {**self.BODY, "budget_id": budget, "input_tokens": 85})
        alerts = self.home.get(f"/api/v1/alerts?budget_id={budget}").json["items"]
        self.assertEqual([alert["severity"] for alert in alerts], ["warning"])
        self.assertEqual(self.home.put(f"/api/v1/alerts/{alerts[0]['alert_id']}/dismiss").status, 200)

    def test_the_words_of_the_data_model_are_understood(self):
        budget = self.home.post("/api/budgets", {"name": "Words"}).json["budget_id"]
        for word, meaning in (("IGNORE", "ignore"), ("WARN", "warn"), ("SOFT_LIMIT", "soft_limit"),
            ("HARD_LIMIT", "hard_limit"),
                              ("ENFORCE", "hard_limit"), ("LOG", "ignore"), ("approve", "soft_limit"),
                                  ("block", "hard_limit")):
            answer = self.home.post("/api/policies", {"budgetId": budget, "type": word, "period": "HOURLY",
                "tier": "LOCAL_LIGHTWEIGHT",
                                                      "costLimit": 1.5, "taskType": word, "warningThreshold": 0.5,
                                                          "actionThreshold": 0.9})
            self.assertEqual((answer.status, answer.json.get("type"), answer.json.get("period")),
                (201, meaning, "hourly"), answer)
        for word, meaning in (("TOKEN", "token"), ("CHARACTER", "character"), ("IMAGE", "image"), ("TIME", "time"),
            ("FIXED", "fixed")):
            rates = {"token": ("inputCostPerToken", "outputCostPerToken"),
                "character": ("inputCostPerChar", "outputCostPerChar"),
                     "image": ("costPerImage",), "time": ("costPerSecond",), "fixed": ("fixedCostPerRequest",)}[meaning]
            answer = self.home.post("/api/prices", {"provider": "seed", "model": word, "priceType": word,
                **{rate: 0.5 for rate in rates}})
            self.assertEqual((answer.status, answer.json.get("price_type")), (201, meaning), answer)

    def test_camel_case_in_is_snake_case_in(self):
        budget = self.home.post("/api/v1/budgets", {"name": "Case", "timeZone": "UTC"}).json["budget_id"]
        camel = self.home.post("/api/v1/usage/record", {**self.BODY, "budgetId": budget, "contextId": "c",
            "taskType": "t", "inputTokens": 5,
                                                        "cacheReadTokens": 6, "cacheWrite5mTokens": 7,
                                                            "outputTokens": 8}).json
        snake = self.home.post("/api/v1/usage/record", {**self.BODY, "budget_id": budget, "context_id": "c",
            "task_type": "t",
                                                        "input_tokens": 5, "cache_read_tokens": 6,
                                                            "cache_write_5m_tokens": 7,
                                                        "output_tokens": 8}).json
        differs = {"record_id", "timestamp", "charged_at"}
        self.assertEqual({k: v for k, v in camel.items() if k not in differs}, {k: v for k,
            v in snake.items() if k not in differs})
        listed = self.home.get(f"/api/v1/usage/records?budgetId={budget}&taskType=t").json
        self.assertEqual(listed["total"], 2)

    def test_what_comes_later_says_so_and_is_no_html(self):
        for method, path in (("GET", "/ws"), ("GET", "/ws/alerts"), ("GET", "/ws/budget/updates"),
            ("GET", "/events/alerts"),
                             ("POST", "/api/v1/assistant"), ("POST", "/api/mcp"), ("GET", "/api/nothing")):
            with self.subTest(path):
                answer = self.home.request(method, path, {} if method == "POST" else None)
                self.assert_problem(answer, answer.status)
                self.assertIn(answer.status, (404, 503))


if __name__ == "__main__":
    main()
