"""Bad input on every operation there is: /openapi.json names them, their fields and their query keys.

Each answer is a problem document of the 4xx kind that says where; none is 5xx, nothing ends a program or is counted.
The words of the answers are tested in test_runtime.py.
"""
import json
import pathlib
import random
import re
import sys
import urllib.parse
import uuid

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import main  # noqa: E402
from ledger import LedgerCase, uuid7  # noqa: E402

NUL, HUGE = "a\x00b", "9" * 400
WRONG = {"string": [5, [], {}, True, NUL, "x" * 70000], "boolean": ["maybe", 7, [], {}],
         "integer": ["many", -1, 10 ** 40, 1.5, "1e-5", [], {}, True, ""],
         "number": ["NaN", "1e999", "0x10", [], {}, True, ""], "object": [5, "x", [], [1]], "array": [5, "x", {}, [5]]}
BY_FORMAT = {"uuid": ["7", "x" * 36, NUL, 5], "date-time": ["yesterday", "2026-02-30T00:00:00Z",
                                                            "2026-01-01T25:00:00Z", 5, ""]}
QUERIES = {"integer": ["ten", "-1", "0x1", HUGE, "1.5", ""], "boolean": ["maybe", ""], "string": ["%00", "%ff%fe"],
           "number": ["x"]}


class BadInput(LedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        document = cls.home.get("/openapi.json").json
        cls.operations = [(method.upper(), path, operation) for path, methods in document["paths"].items()
                          for method, operation in methods.items()]
        cls.restarts = {name: process.restarts for name, process in cls.home.processes().items()}

    def tearDown(self):
        self.assertEqual({name: process.restarts for name, process in self.home.processes().items()}, self.restarts,
                         "a program ended")
        self.assertEqual(self.drift(), [])

    def fill(self, path):
        """The path with a value for each of its parts; a UUID nobody has fits most."""
        return re.sub(r"\{(\w+)\}", lambda m: {"period": "daily", "topic": "alerts"}.get(m[1], str(uuid.uuid4())), path)

    def schema(self, operation):
        content = operation.get("requestBody", {}).get("content", {})
        return content.get("application/json", {}).get("schema")

    def with_body(self):
        return [(method, self.fill(path), self.schema(operation)) for method, path, operation in self.operations
                if self.schema(operation) and self.schema(operation).get("type") == "object"]

    def refuse(self, answer, *statuses):
        self.assertIn(answer.status, statuses or range(400, 500), answer)
        return self.assert_problem(answer, answer.status)

    def send(self, method, path, body, **headers):
        data = body if isinstance(body, (bytes, str)) else json.dumps(body)
        return self.home.request(method, path, data, {"Content-Type": "application/json", **headers})

    def test_there_are_operations_with_bodies(self):
        self.assertGreater(len(self.operations), 60)
        self.assertGreater(len(self.with_body()), 20)

    def test_what_is_no_json_object(self):
        for method, path, _ in self.with_body():
            for body, statuses in ((b"{", (400,)), (b'{"a":1', (400,)), (b"{'a':1}", (400,)), (b'{"a":\xff}', (400,)),
                                   (b'{"\xc0\x80":1}', (400,)),
                                   (b'{"a":"\\ud800"}', (400, 422)), (b'{"a":01}', (400,)), (b'{"a":NaN}', (400,)),
                                   (b'{"a":1}x', (400,)), (b"[]", (422,)),
                                   (b"5", (422,)), (b"null", (422,)), (b'"x"', (422,)), (b"[" * 100000, (400, 422)),
                                   (b'{"a":' * 5000, (400, 422)),
                                   (b'{"a":1,"a":2}', (400, 422)), (b"\x00", (400,)),
                                   (b"\xef\xbb\xbf{}", (400, 404, 422))):
                with self.subTest(f"{method} {path} {body[:20]!r}"):
                    self.refuse(self.send(method, path, body), *statuses)

    def test_ten_megabytes(self):
        for method, path, _ in self.with_body():
            with self.subTest(f"{method} {path}"):
                problem = self.refuse(self.send(method, path, b'{"a":"' + b"x" * 10_000_000 + b'"}'), 413)
                self.assertRegex(problem["detail"], r"\d+ MiB")

    def test_other_content_types(self):
        for method, path, _ in self.with_body():
            for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                         "application/xml", "json"):
                with self.subTest(f"{method} {path} {kind}"):
                    answer = self.home.request(method, path, b'{"a": 1}', {"Content-Type": kind})
                    self.assertIn("application/json", self.refuse(answer, 415)["detail"])

    def test_every_field_with_values_of_other_kinds(self):
        for method, path, schema in self.with_body():
            for name, field in schema["properties"].items():
                for value in self.wrong_for(path, field):
                    with self.subTest(f"{method} {path} {name} {str(value)[:20]!r}"):
                        problem = self.refuse(self.send(method, path, {name: value}), 404, 409, 413, 422)
                        if problem["status"] == 422:
                            self.assertTrue(any(error["pointer"].startswith("/") for error in problem["errors"]),
                                            problem)

    def wrong_for(self, path, field):
        kinds = field.get("type") or "string"
        kind = [k for k in ([kinds] if isinstance(kinds, str) else kinds) if k != "null"][0]
        if path.endswith("/settings"):
            return [[], {}]
        if "enum" in field:
            return ["no such word", 5, [], {}, NUL, ""]
        wrong = BY_FORMAT.get(field.get("format")) or WRONG[kind]
        return [value for value in wrong if len(str(value)) < 70000 or field.get("maxLength", 10 ** 9) < 70000]

    def test_fields_nobody_knows(self):
        for method, path, _ in self.with_body():
            with self.subTest(f"{method} {path}"):
                self.refuse(self.send(method, path, {"no_such_field": 1}), 404, 422)

    def test_every_query_key_with_values_of_other_kinds(self):
        for method, path, operation in self.operations:
            if method != "GET" or path.startswith(("/ws", "/events")):
                continue
            keys = [p for p in operation.get("parameters", []) if p["in"] == "query"]
            for key in keys:
                kind = "enum" if "enum" in key["schema"] else key["schema"].get("type", "string")
                values = ["no-such-word"] if kind == "enum" else QUERIES.get(kind, ["%00"])
                if key["schema"].get("format") in ("uuid", "date-time", "date"):
                    values = ["x", "%00", "2026-13-01"]
                for value in values:
                    with self.subTest(f"{path} {key['name']}={value[:20]}"):
                        self.refuse(self.home.get(f"{self.fill(path)}?{key['name']}={value}"), 400, 404, 422)
            with self.subTest(path):
                self.refuse(self.home.get(f"{self.fill(path)}?no_such_key=1"), 404, 422)
                if keys:
                    twice = f"{keys[0]['name']}=daily"
                    self.refuse(self.home.get(f"{self.fill(path)}?{twice}&{twice}"), 404, 422)

    def test_ids_that_are_none(self):
        for method, path, _ in self.operations:
            if "{id}" not in path:
                continue
            for identity in ("7", "x" * 300, "%00", "..%2f..", "%ff", "' OR 1=1 --", str(uuid.uuid4()), uuid7(),
                             "0" * 36):
                with self.subTest(f"{method} {path} {identity[:20]}"):
                    target = path.replace("{id}", urllib.parse.quote(identity, safe="%"))
                    body = None if method in ("GET", "DELETE") else b"{}"
                    self.refuse(self.home.request(method, target, body), 400, 404, 422)

    def test_methods_that_are_not_there(self):
        methods = {}
        for method, path, _ in self.operations:
            methods.setdefault(path, set()).add(method)
        for path, known in methods.items():
            for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - known:
                with self.subTest(f"{method} {path}"):
                    answer = self.home.request(method, self.fill(path), b"{}" if method in ("POST", "PUT", "PATCH")
                                               else None)
                    if answer.status != 405:  # another row of the table takes it: /usage/{period} and the like
                        self.refuse(answer)
                        continue
                    self.refuse(answer, 405)
                    self.assertTrue(known <= set(answer.headers["Allow"].replace(" ", "").split(",")),
                                    answer.headers["Allow"])

    def test_bodies_with_bytes_changed_at_random(self):
        chance = random.Random(20260101)
        budget = self.budget()
        whole = {"/api/v1/usage/record": {"provider": "acme", "model": "plain", "budget_id": budget,
                                          "input_tokens": 12, "seconds": "1.25",
                                          "timestamp": "2026-01-01T00:00:00Z", "metadata": {"a": [1, {"b": None}]}},
                 "/api/v1/check": {"provider": "acme", "model": "plain", "budget_id": budget, "input_tokens": 12,
                                   "reserve": True},
                 "/api/v1/allocations": {"budget_id": budget, "cost": "1.25", "context_id": "ü",
                                         "metadata": {"x": "\u2028"}},
                 "/api/v1/limits": {"budget_id": budget, "period": "daily", "amount": 1.5,
                                    "filters": {"component": "x"}},
                 "/api/v1/usage/batch": {"items": [{"provider": "acme", "model": "plain", "budget_id": budget,
                                                    "input_tokens": 3}]}}
        for path, document in whole.items():
            for _ in range(120):
                body = bytearray(json.dumps(document, ensure_ascii=False).encode())
                for _ in range(chance.randint(1, 4)):
                    at = chance.randrange(len(body))
                    body[at:at + chance.randint(0, 2)] = bytes(chance.choice(b'{}[]",:\\\x00\x7f\xff0-9eE.ntu ')
                                                               for _ in range(chance.randint(0, 3)))
                with self.subTest(f"{path} {bytes(body)!r}"):
                    answer = self.send("POST", path, bytes(body))
                    self.assertLess(answer.status, 500, answer)


if __name__ == "__main__":
    main()
