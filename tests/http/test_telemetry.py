"""Usage in the formats of others: CloudEvents 1.0, OTLP/HTTP JSON, LiteLLM's generic API callback."""
import base64
import gzip
import json
import pathlib
import sys
import time
import uuid
import zlib
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import main  # noqa: E402
from ledger import API, LedgerCase, uuid7  # noqa: E402

SECRET = "words that must not be kept"


def attributes(**named):
    """OTLP attributes; `__` stands for a dot, an int is sent as OTLP sends it: as text."""
    kinds = {int: lambda n: {"intValue": str(n)}, str: lambda s: {"stringValue": s}, float: lambda n: {"doubleValue": n},
             bool: lambda b: {"boolValue": b}, list: lambda v: {"arrayValue": {"values": v}},
             dict: lambda v: {"kvlistValue": v}}
    return [{"key": key.replace("__", "."), "value": kinds[type(value)](value)} for key, value in named.items()]


class TelemetryCase(LedgerCase):
    def setUp(self):
        self.charged, self.limit = self.limited(cost_limit=10 ** 6)

    def rows(self, answer, *wanted):
        """(accepted, duplicates, rejected) of a batch-like answer."""
        self.assertEqual(answer.status, 200, answer)
        counts = answer.json
        self.assertEqual((counts["accepted"], counts["duplicates"], counts["rejected"]), wanted, answer)
        return counts["items"]

    def shown(self, item):
        return self.home.get(f"{API}/usage/records/{item['record_id']}").json

    def spent(self):
        return self.used(self.limit)[0]

    def forget_nothing_secret(self):
        self.assertEqual(self.home.value(f"SELECT count(*) FROM budget.usage_record u WHERE u::text LIKE '%{SECRET}%'"), "0")


class Events(TelemetryCase):
    def event(self, data, **more):
        return {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "/tests", "type": "dev.budget.usage.recorded.v1",
                "data": data, **more}

    def record(self, **fields):
        return {"provider": "acme", "model": "plain", "budget_id": self.charged, "input_tokens": 1, **fields}

    def send(self, body, kind="application/cloudevents+json", **headers):
        return self.home.post(f"{API}/usage/events", body, headers={"Content-Type": kind, **headers})

    def test_an_event_is_recorded_once(self):
        event = self.event(self.record(input_tokens=5), subject="ana",
                           time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2)))
        item, = self.rows(self.send(event), 1, 0, 0)
        again, = self.rows(self.send(event), 0, 1, 0)
        self.assertEqual(again["record_id"], item["record_id"])
        record = self.shown(item)
        self.assertEqual((record["input_tokens"], record["user_id"], record["timestamp"][:19] + "Z"), (5, "ana", event["time"]))
        self.rows(self.send({**event, "source": "/elsewhere"}), 1, 0, 0)
        self.assertEqual(self.spent(), Decimal("0.01"))
        problem = self.assert_problem(self.send({**event, "data": self.record(input_tokens=6)}), 422, "idempotency_mismatch")
        self.assertEqual(problem["status"], 422)

    def test_data_may_be_what_a_provider_answered(self):
        answer = {"id": "chatcmpl-1", "model": "gpt-5", "choices": [{"message": {"content": SECRET}}],
                  "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 600}}}
        said = {"provider": "openai", "model": "gpt-5", "usage": answer["usage"], "keep_raw": True}
        for data in (answer, said, {"response": answer}):
            item, = self.rows(self.send(self.event(data)), 1, 0, 0)
            record = self.shown(item)
            self.assertEqual((record["provider"], record["model"], record["cache_read_tokens"]), ("openai", "gpt-5", 600))
        self.forget_nothing_secret()

    def test_a_batch_answers_each_event(self):
        events = [self.event(self.record()), self.event(self.record(colour="red")), {"specversion": "1.0"}, 7,
                  self.event({"usage": {}, "model": "gpt-5", "colour": "red"}), self.event([1]),
                  self.event(None, data_base64=base64.b64encode(json.dumps(self.record()).encode()).decode())]
        events.append(events[0])
        events.append({**events[0], "data": self.record(input_tokens=9)})
        items = self.rows(self.send(events, "application/cloudevents-batch+json"), 2, 1, 6)
        self.assertEqual([item["status"] for item in items], [201, 422, 422, 422, 422, 422, 201, 201, 422])
        self.assertEqual([item["error"]["pointer"] for item in items if "error" in item],
                         ["/1/data/colour", "/2/id", "/3", "/4/data/usage", "/5/data", "/8/id"])
        self.assertEqual(self.spent(), Decimal("0.002"))

    def test_binary_mode_has_the_attributes_in_headers(self):
        head = {"ce-specversion": "1.0", "ce-id": "a%20b", "ce-source": f"/{uuid.uuid4()}", "ce-type": "usage"}
        item, = self.rows(self.send(self.record(), "application/json", **head), 1, 0, 0)
        again, = self.rows(self.send(self.record(), "application/json", **head), 0, 1, 0)
        self.assertEqual(again, {**item, "status": 201})
        same = self.event(self.record(), id="a b", source=head["ce-source"])
        self.rows(self.send(same), 0, 1, 0)
        for name in ("ce-specversion", "ce-source", "ce-type"):
            answer = self.send(self.record(), "application/json", **{**head, name: ""})
            self.assertEqual((answer.status, answer.json["code"]), (422, "missing_field"), answer)
        self.assert_problem(self.send(self.record(), "text/plain", **head), 415)

    def test_a_single_event_that_is_wrong_is_a_problem(self):
        problem = self.assert_problem(self.send(self.event(self.record(colour="red"))), 422, "unknown_field")
        self.assertEqual(problem["errors"][0]["pointer"], "/data/colour")
        problem = self.assert_problem(self.send(self.event(self.record(budget_id=uuid7()))), 422, "budget_not_found")
        self.assertEqual(problem["errors"][0]["pointer"], "/budget_id")
        self.assert_problem(self.send(self.event(self.record()), "application/json"), 415)
        self.assert_problem(self.send("{", "application/cloudevents+json"), 400)
        self.assert_problem(self.send("[]", "application/cloudevents-batch+json"), 422, "empty_batch")


class Spans(TelemetryCase):
    def span(self, trace=None, **named):
        named = {"gen_ai__provider__name": "acme", "gen_ai__request__model": "plain", "budget__budget_id": self.charged,
                 "gen_ai__operation__name": "chat", "gen_ai__usage__input_tokens": 10, **named}
        start = int(time.time() * 10 ** 9)
        return {"traceId": trace or uuid.uuid4().hex, "spanId": uuid.uuid4().hex[:16], "name": "chat plain", "kind": 3,
                "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 10 ** 9), "status": {},
                "attributes": attributes(**{key: value for key, value in named.items() if value is not None})}

    def request(self, *spans, **resource):
        return {"resourceSpans": [{"resource": {"attributes": attributes(service__name="writer", **resource)},
                                   "scopeSpans": [{"scope": {"name": "tests"}, "spans": list(spans)}]}]}

    def send(self, body, path="traces", kind="application/json", **headers):
        return self.home.post(f"{API}/otlp/v1/{path}", body, headers={"Content-Type": kind, **headers})

    def clean(self, answer):
        self.assertEqual((answer.status, answer.json), (200, {}), answer)

    def test_a_span_is_recorded_once(self):
        span = self.span(gen_ai__usage__output_tokens=20, gen_ai__usage__cache_read__input_tokens=4,
                         gen_ai__usage__reasoning__output_tokens=5, gen_ai__response__id="resp_1", gen_ai__conversation__id="c7")
        self.clean(self.send(self.request(span)))
        self.clean(self.send(self.request(span)))
        self.assertEqual(self.spent(), Decimal("0.05"))
        record, = self.home.get(f"{API}/usage/records?budget_id={self.charged}").json["items"]
        self.assertEqual([record[name] for name in ("input_tokens", "cache_read_tokens", "output_tokens", "reasoning_tokens",
                                                    "component", "context_id", "request_id", "operation_id")],
                         [6, 4, 15, 5, "writer", "c7", "resp_1", span["traceId"]])

    def test_every_historical_spelling_is_read(self):
        old = self.span(gen_ai__provider__name=None, gen_ai__system="acme", gen_ai__usage__input_tokens=None,
                        gen_ai__usage__prompt_tokens=10, gen_ai__usage__completion_tokens=5,
                        gen_ai__usage__cache_read_input_tokens=3, gen_ai__usage__cache_creation_input_tokens=2)
        self.clean(self.send(self.request(old)))
        record, = self.home.get(f"{API}/usage/records?budget_id={self.charged}").json["items"]
        self.assertEqual([record[name] for name in ("provider", "input_tokens", "cache_read_tokens", "cache_write_5m_tokens",
                                                    "output_tokens")], ["acme", 5, 3, 2, 5])

    def test_spans_without_usage_and_sums_of_agents_are_passed_over(self):
        agent = self.span(gen_ai__operation__name="invoke_agent")
        other = {**self.span(), "attributes": attributes(http__method="GET")}
        self.clean(self.send(self.request(agent, other)))
        self.clean(self.send({}))
        self.clean(self.send({"resourceSpans": []}))
        self.assertEqual(self.spent(), 0)

    def test_message_contents_are_never_kept(self):
        deep = {"values": [{"key": "a", "value": {"stringValue": SECRET}}]}
        for _ in range(12):
            deep = {"values": [{"key": "a", "value": {"kvlistValue": deep}}]}
        span = self.span(gen_ai__input__messages=SECRET, gen_ai__output__messages=deep, gen_ai__system_instructions=SECRET,
                         gen_ai__usage__output_tokens=1)
        self.clean(self.send(self.request(span)))
        self.assertEqual(self.spent(), Decimal("0.012"))
        self.forget_nothing_secret()

    def test_what_is_refused_is_counted_with_a_reason(self):
        good, bad = self.span(), self.span(gen_ai__request__model=None)
        worse, old = self.span(gen_ai__usage__input_tokens="many"), self.span()
        old["startTimeUnixNano"] = old["endTimeUnixNano"] = "1600000000000000000"
        unknown = self.span(budget__budget_id=uuid7())
        answer = self.send(self.request(good, bad, worse, old, unknown))
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.json["partialSuccess"]["rejectedSpans"], "4")
        self.assertIn("model", answer.json["partialSuccess"]["errorMessage"])
        self.assertEqual(self.spent(), Decimal("0.01"))
        answer = self.send({"resourceLogs": [{"scopeLogs": [{"logRecords": [
            {"attributes": attributes(gen_ai__usage__input_tokens=1)}]}]}]}, "logs")
        self.assertEqual(answer.json["partialSuccess"]["rejectedLogRecords"], "1")

    def test_log_records_are_read_and_not_counted_beside_their_span(self):
        span = self.span()
        record = {"timeUnixNano": span["startTimeUnixNano"], "traceId": span["traceId"].upper(), "spanId": span["spanId"],
                  "body": {"stringValue": SECRET}, "attributes": span["attributes"]}
        logs = {"resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": [record]}]}]}
        self.clean(self.send(logs, "logs"))
        self.clean(self.send(self.request(span)))
        self.clean(self.send(logs, "logs"))
        self.assertEqual(self.spent(), Decimal("0.01"))
        loose = {name: value for name, value in record.items() if name not in ("traceId", "spanId")}
        for _ in range(2):
            self.clean(self.send({"resourceLogs": [{"scopeLogs": [{"logRecords": [loose, loose]}]}]}, "logs"))
        self.assertEqual(self.spent(), Decimal("0.02"))

    def test_gzip_and_deflate_are_unpacked_and_bombs_are_not(self):
        for pack, name in ((gzip.compress, "gzip"), (zlib.compress, "deflate")):
            self.clean(self.send(pack(json.dumps(self.request(self.span())).encode()), **{"Content-Encoding": name}))
        self.assertEqual(self.spent(), Decimal("0.02"))
        bomb = gzip.compress(b"[" + b" " * (64 * 1024 * 1024))
        self.assert_problem(self.send(bomb, **{"Content-Encoding": "gzip"}), 413)
        self.assert_problem(self.send(b"no gzip", **{"Content-Encoding": "gzip"}), 400, "bad_encoding")
        self.assert_problem(self.send(b"{}", **{"Content-Encoding": "br"}), 415)

    def test_protobuf_is_told_what_to_send(self):
        problem = self.assert_problem(self.send(b"\x0a\x00", kind="application/x-protobuf"), 415)
        self.assertIn("http/json", problem["detail"])

    def test_a_thousand_spans_in_one_request(self):
        spans = [self.span() for _ in range(1000)]
        self.clean(self.send(self.request(*spans, *spans[:50])))
        self.assertEqual(self.spent(), 10)
        self.assertEqual(self.drift(), [])


class LiteLLM(TelemetryCase):
    def payload(self, **more):
        return {"id": str(uuid.uuid4()), "trace_id": "trace-1", "call_type": "acompletion", "status": "success",
                "custom_llm_provider": "acme", "model": "plain", "model_group": "writers", "stream": False,
                "response_cost": 0.015, "prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12,
                "startTime": time.time(), "endTime": time.time() + 1, "cache_hit": None, "request_tags": ["a", "b"],
                "end_user": "", "messages": [{"role": "user", "content": SECRET}],
                "response": {"choices": [{"message": {"content": SECRET}}],
                             "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12,
                                       "prompt_tokens_details": {"cached_tokens": 4}, "cache_read_input_tokens": 4}},
                "metadata": {"user_api_key_alias": "writer-key", "user_api_key_user_id": "ana", "user_api_key_team_id": "t1",
                             "spend_logs_metadata": {"budget_id": self.charged, "context_id": "c1"}}, **more}

    def send(self, body, kind="application/json", **headers):
        return self.home.post(f"{API}/usage/litellm", body, headers={"Content-Type": kind, **headers})

    def test_a_list_is_recorded_once(self):
        payloads = [self.payload(), self.payload(response_cost="1.5e-2")]
        items = self.rows(self.send(payloads), 2, 0, 0)
        self.rows(self.send(payloads), 0, 2, 0)
        self.assertEqual(self.spent(), Decimal("0.028"))
        record = self.shown(items[0])
        self.assertEqual([record[name] for name in ("input_tokens", "cache_read_tokens", "output_tokens", "component", "user_id",
                                                    "context_id", "operation_id", "request_id", "reported_cost", "cost_gap")],
                         [6, 4, 2, "writer-key", "ana", "c1", "trace-1", payloads[0]["id"], Decimal("0.015"),
                          Decimal("-0.001")])
        self.assertEqual(record["metadata"], {"call_type": "acompletion", "model_group": "writers", "team": "t1",
                                              "tags": ["a", "b"]})
        self.assertLess(abs(time.time() - calendar_seconds(record["timestamp"])), 60)
        self.forget_nothing_secret()

    def test_one_object_lines_and_gzip_pass_too(self):
        self.rows(self.send(self.payload()), 1, 0, 0)
        self.rows(self.send({"standard_logging_object": self.payload()}), 1, 0, 0)
        lines = "".join(json.dumps(self.payload()) + "\n" for _ in range(3))
        self.rows(self.send(lines, "application/x-ndjson"), 3, 0, 0)
        self.rows(self.send(gzip.compress(json.dumps([self.payload()]).encode()), **{"Content-Encoding": "gzip"}), 1, 0, 0)
        self.assertEqual(self.spent(), 6 * Decimal("0.014"))

    def test_a_cache_hit_bought_nothing(self):
        item, = self.rows(self.send(self.payload(cache_hit=True, response_cost=0.0)), 1, 0, 0)
        record = self.shown(item)
        self.assertEqual([record[name] for name in ("total_tokens", "requests", "total_cost", "reported_cost", "flags")],
                         [0, 0, 0, 0, ["cache_hit"]])

    def test_a_failure_that_cost_nothing_is_no_usage(self):
        answer = self.send([self.payload(status="failure", response_cost=0, total_tokens=0, response=None), self.payload()])
        items = self.rows(answer, 1, 0, 0)
        self.assertEqual((answer.json["ignored"], items[0]), (1, {"index": 0, "status": 204}))

    def test_usage_is_found_where_releases_put_it(self):
        written = {"prompt_tokens": 100, "completion_tokens": 1, "cache_creation_input_tokens": 20}
        old = self.payload(response="text only", response_cost=None)
        new = self.payload()
        new["metadata"]["usage_object"] = written
        items = self.rows(self.send([old, new]), 2, 0, 0)
        self.assertEqual([(r["input_tokens"], r["cache_write_5m_tokens"], r["reported_cost"]) for r in map(self.shown, items)],
                         [(10, 0, None), (80, 20, Decimal("0.015"))])

    def test_a_bad_one_fails_alone(self):
        bad = self.payload(model=None, custom_llm_provider=None)
        ours = self.payload()
        ours["metadata"]["spend_logs_metadata"]["budget_id"] = "no uuid"
        items = self.rows(self.send([bad, 7, ours, self.payload()]), 1, 0, 3)
        self.assertEqual([item["status"] for item in items], [422, 422, 422, 201])
        self.assert_problem(self.send(bad), 422, "missing_field")


def calendar_seconds(text):
    import calendar
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


if __name__ == "__main__":
    main()
