"""What every program answers before its resource is asked: bad input of every kind ends in a clear problem document."""
import http.client
import io
import json
import re
import socket
import threading

from home import Answer, TestCase, main, wait_for

UNKNOWN_ID = "0190f0e4-7b2a-7c31-8a55-3d2f0c9b1e77"
JSON = {"Content-Type": "application/json"}
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
RECORD = {"provider": "anthropic", "model": "claude-sonnet-4-5", "input_tokens": 10, "output_tokens": 5, "component": "test"}


def changed(**members):
    return {**RECORD, **members}


class Runtime(TestCase):
    def records(self):
        return int(self.home.value("SELECT count(*) FROM budget.usage_record"))

    def bad_record(self, body, status, code=None, pointer=None, **more):
        """Posting this record is refused so, and nothing is recorded."""
        before = self.records()
        document = self.assert_problem(self.home.post("/api/v1/usage/record", body, **more), status, code)
        if pointer is not None:
            self.assertEqual([error["pointer"] for error in document["errors"]], [pointer], document)
        self.assertEqual(self.records(), before)
        return document

    # paths and methods

    def test_unknown_paths_are_404_problems_under_both_prefixes(self):
        for path in ("/api/v1/nothing", "/api/nothing", "/api", "/api/v1", "/api/v1/", "/api/v1/budgets/x/y/z", "/api/v2/budgets"):
            with self.subTest(path=path):
                self.assert_problem(self.home.get(path), 404)

    def test_both_prefixes_serve_the_same(self):
        for prefix in ("/api/v1", "/api"):
            with self.subTest(prefix=prefix):
                self.assertEqual(self.home.get(prefix + "/budgets").json["total"], 1)

    def test_wrong_methods_are_405_and_say_what_is_allowed(self):
        answer = self.home.request("PATCH", "/api/v1/budgets", {})
        self.assert_problem(answer, 405, "method_not_allowed")
        self.assertEqual(answer.headers["Allow"], "GET, HEAD, POST, OPTIONS")
        self.assert_problem(self.home.delete("/api/v1/usage/record"), 405, "method_not_allowed")

    def test_head_is_get_without_a_body(self):
        answer = self.home.request("HEAD", "/api/v1/budgets")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertGreater(int(answer.headers["Content-Length"]), 10)

    def test_options_names_the_methods(self):
        answer = self.home.request("OPTIONS", "/api/v1/budgets")
        self.assertEqual((answer.status, answer.headers["Allow"]), (204, "GET, HEAD, POST, OPTIONS"))

    def test_malformed_and_unknown_ids_are_404(self):
        for path in ("/budgets/1", "/budgets/x%20y", "/policies/nonsense", "/alerts/0", "/allocations/;drop", f"/budgets/{UNKNOWN_ID}",
                     f"/policies/{UNKNOWN_ID}", f"/alerts/{UNKNOWN_ID}", f"/allocations/{UNKNOWN_ID}", f"/usage/records/{UNKNOWN_ID}",
                     "/budgets/%F0%9F%98%80"):
            with self.subTest(path=path):
                self.assert_problem(self.home.get("/api/v1" + path), 404)

    def test_broken_path_encodings_are_400(self):
        for path in ("/api/v1/budgets/%", "/api/v1/budgets/%zz", "/api/v1/budgets/%ff%fe"):
            with self.subTest(path=path):
                self.assert_problem(self.home.get(path), 400)

    def test_dots_in_a_path_lead_nowhere(self):
        for path in ("/api/v1/budgets/../../etc/passwd", "/api/v1/budgets/%2e%2e%2f%2e%2e", "/api/v1/allocations/context/%2e%2e"):
            with self.subTest(path=path):
                self.assertIn(self.home.get(path).status, (400, 404))

    # bodies

    def test_what_is_not_json_is_400(self):
        for body in ("", " ", "{", "nonsense", "{'provider': 'x'}", '{"a":1,}', "NaN", '{"a":NaN}', '{"a":01}', "[1", '{"a":1} x', "// x\n{}"):
            with self.subTest(body=body):
                self.bad_record(body, 400, "not_json")

    def test_invalid_utf_8_is_400(self):
        for value in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"caf\xe9"):
            with self.subTest(value=value):
                self.bad_record(b'{"provider":"' + value + b'"}', 400, "not_json")

    def test_a_nul_is_refused_however_it_is_written(self):
        self.bad_record('{"provider":"a\\u0000b"}', 422, "invalid_text", "/provider")
        self.bad_record('{"metadata":{"deep":["x\\u0000"]}}', 422, "invalid_text", "/metadata/deep/0")
        self.bad_record(b'{"provider":"a\x00b"}', 400, "not_json")

    def test_a_body_that_is_no_object_is_422(self):
        for body in ("[]", "1", '"text"', "null", "true"):
            with self.subTest(body=body):
                self.bad_record(body, 422, "wrong_type")

    def test_unknown_fields_are_named_with_the_nearest_known(self):
        document = self.bad_record(changed(input_token=5), 422, "unknown_field", "/input_token")
        self.assertIn("input_tokens", document["detail"])

    def test_a_field_twice_is_422(self):
        self.bad_record('{"provider":"a","provider":"b"}', 422, "duplicate_field", "/provider")
        self.bad_record('{"input_tokens":1,"inputTokens":1}', 422, "duplicate_field", "/inputTokens")

    def test_wrong_types_are_422_with_the_pointer(self):
        for name, value in (("provider", 5), ("provider", None), ("model", []), ("input_tokens", "many"), ("input_tokens", True),
                            ("input_tokens", 1.5), ("output_tokens", {}), ("metadata", "text"), ("metadata", [])):
            with self.subTest(name=name, value=value):
                self.bad_record(changed(**{name: value}), 422, "missing_field" if value is None else "wrong_type", "/" + name)

    def test_negative_and_huge_counts_are_422(self):
        for value in ("-1", "1000000000001", "9223372036854775808", "99999999999999999999999999", "1e300", "-0.5"):
            with self.subTest(value=value):
                body = json.dumps(RECORD).replace('"input_tokens": 10', f'"input_tokens": {value}')
                self.bad_record(body, 422, pointer="/input_tokens")

    def test_numbers_in_other_clothes_are_taken_exactly(self):
        answer = self.home.post("/api/v1/usage/record", '{"provider":"anthropic","model":"claude-sonnet-4-5","inputTokens":"1e3","outputTokens":7.0}')
        self.assertIn(answer.status, (200, 201), answer)
        self.assertEqual((answer.json["input_tokens"], answer.json["output_tokens"]), (1000, 7))

    def test_unknown_words_name_the_known_ones(self):
        document = self.assert_problem(self.home.post("/api/v1/policies", {"type": "forbid", "period": "daily", "cost_limit": 1}), 422, "unknown_value")
        self.assertIn("hard_limit", document["detail"])
        self.assert_problem(self.home.get("/api/v1/policies?period=fortnightly"), 422, "unknown_value")

    def test_deep_nesting_is_422(self):
        for depth in (33, 1000, 100000):
            with self.subTest(depth=depth):
                self.bad_record('{"metadata":' + '{"a":' * depth + "1" + "}" * depth + "}", 422, "too_deep")
                self.bad_record("[" * depth + "]" * depth, 422, "too_deep")

    def test_a_body_above_its_limit_is_413_and_names_it(self):
        for size in (1024 * 1024 + 1, 10 * 1000 * 1000):
            with self.subTest(size=size):
                document = self.bad_record(b'{"provider":"' + b"x" * size + b'"}', 413, "body_too_large")
                self.assertIn("1 MiB", document["detail"])

    def test_a_body_below_its_limit_is_read_whole(self):
        self.bad_record('{"provider":"' + "x" * 1000 * 1000 + '"}', 422, "out_of_range", "/provider")

    def test_other_content_types_are_415_and_name_the_header(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx", "application/xml"):
            with self.subTest(kind=kind):
                document = self.bad_record(json.dumps(RECORD), 415, "unsupported_media_type", headers={"Content-Type": kind})
                self.assertIn("Content-Type: application/json", document["detail"])

    def test_json_by_other_names_is_read(self):
        for kind in ("application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json"):
            with self.subTest(kind=kind):
                answer = self.home.post("/api/v1/usage/record", json.dumps(RECORD), headers={"Content-Type": kind})
                self.assertIn(answer.status, (200, 201), answer)

    def test_a_body_nobody_expects_is_422(self):
        path = f"/api/v1/budgets/{self.home.post('/api/v1/budgets', {'name': 'no body'}).json['budget_id']}"
        self.assert_problem(self.home.request("DELETE", path, {"a": 1}), 422, "unexpected_body")
        self.assertEqual(self.home.get(path).json["is_active"], True)
        self.assertEqual(self.home.request("DELETE", path, {}).status, 200)

    # query strings

    def test_bad_query_keys_are_422(self):
        for query, code in (("limit=0", "out_of_range"), ("limit=1001", "out_of_range"), ("limit=x", "wrong_type"), ("limit=", "out_of_range"),
                            ("limit=1&limit=2", "duplicate_field"), ("page=0", "out_of_range"), ("nonsense=1", "unknown_field"),
                            ("is_active=perhaps", None), ("cursor=rubbish", "invalid_cursor")):
            with self.subTest(query=query):
                self.assert_problem(self.home.get("/api/v1/budgets?" + query), 422, code)

    def test_broken_query_encodings_are_400(self):
        for query in ("name=%", "name=%g1", "name=%00", "name=%ff"):
            with self.subTest(query=query):
                self.assert_problem(self.home.get("/api/v1/budgets?" + query), 400)

    # headers

    def test_every_answer_has_a_request_id_and_is_not_stored(self):
        for path in ("/api/v1/budgets", "/api/v1/nothing", "/health"):
            answer = self.home.get(path)
            self.assertRegex(answer.headers["X-Request-Id"], UUID7)
            self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertEqual(self.home.get("/health", headers={"X-Request-Id": "mine-1"}).headers["X-Request-Id"], "mine-1")
        self.assertEqual(self.home.get("/api/v1/nothing", headers={"X-Request-Id": "mine-1"}).json["request_id"], "mine-1")
        self.assertNotIn("<", self.home.get("/health", headers={"X-Request-Id": "<b>"}).headers["X-Request-Id"])

    def test_the_version_of_an_object_is_its_etag(self):
        made = self.home.post("/api/v1/budgets", {"name": "etag"}).json
        path = f"/api/v1/budgets/{made['budget_id']}"
        tag = self.home.get(path).headers["ETag"]
        self.assertEqual(tag, '"1"')
        answer = self.home.get(path, headers={"If-None-Match": tag})
        self.assertEqual((answer.status, answer.body, answer.headers["ETag"]), (304, b"", tag))
        self.assertEqual(self.home.put(path, {"owner": "a"}, headers={"If-Match": 'W/"1-gzip"'}).status, 200)
        self.assert_problem(self.home.put(path, {"owner": "b"}, headers={"If-Match": tag}), 412, "version_mismatch")
        self.assertEqual(self.home.put(path, {"owner": "c"}, headers={"If-Match": "*"}).status, 200)
        self.assertEqual(self.home.get(path, headers={"If-None-Match": tag}).status, 200)

    def test_pages_of_other_sites_change_nothing(self):
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            with self.subTest(headers=headers):
                self.bad_record(RECORD, 403, "origin_not_allowed", headers={**JSON, **headers})

    def test_our_own_page_and_the_allowed_ones_may(self):
        for origin in (f"http://127.0.0.1:{self.home.port}", "http://localhost:8080"):
            with self.subTest(origin=origin):
                answer = self.home.post("/api/v1/usage/record", RECORD, headers={"Origin": origin})
                self.assertIn(answer.status, (200, 201), answer)
                self.assertEqual(answer.headers["Access-Control-Allow-Origin"], origin)

    def test_another_host_name_is_not_the_local_admin(self):
        self.bad_record(RECORD, 403, "host_not_allowed", headers={**JSON, "Host": "rebound.example"})

    def test_a_request_cut_short_harms_nobody(self):
        for length in (0, 10, 60):
            with socket.create_connection(("127.0.0.1", self.home.port), timeout=20) as connection:
                head = b"POST /api/v1/usage/record HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
                connection.sendall(head + b"{" * length)
        self.assertEqual(self.home.get("/api/v1/budgets").status, 200)

    def test_a_chunked_body_is_a_body(self):
        body = json.dumps(RECORD).encode()
        with socket.create_connection(("127.0.0.1", self.home.port), timeout=20) as connection:
            connection.sendall(b"POST /api/v1/usage/record HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                               b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
            received = b""
            while chunk := connection.recv(65536):
                received += chunk

        class Fake:
            def makefile(self, *_):
                return io.BytesIO(received)
        response = http.client.HTTPResponse(Fake())
        response.begin()
        self.assertIn(Answer(response).status, (200, 201), received)

    # programs

    def test_sigterm_lets_a_request_end_and_refuses_nobody(self):
        answers, stop = [], threading.Event()

        def ask():
            while not stop.is_set():
                answers.append(self.home.get("/api/v1/budgets").status)
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for wanted in (5, 15, 25):
            self.home.restart("budgets")
            wait_for(lambda wanted=wanted: len(answers) > wanted, "more answers")
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(set(answers), {200})


if __name__ == "__main__":
    main()
