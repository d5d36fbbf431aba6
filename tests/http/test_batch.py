"""POST /usage/batch: many records in one request, each with an answer of its own."""
import pathlib
import sys
import uuid
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import main, to_json  # noqa: E402
from ledger import API, LedgerCase, uuid7  # noqa: E402

BATCH = f"{API}/usage/batch"


class Batch(LedgerCase):
    def setUp(self):
        self.charged, self.limit = self.limited(cost_limit=10 ** 6)

    def row(self, **fields):
        return {"provider": "acme", "model": "plain", "budget_id": self.charged, "input_tokens": 1, **fields}

    def send(self, rows, **more):
        answer = self.home.post(BATCH, rows, **more)
        self.assertEqual(answer.status, 200, answer)
        counts = answer.json
        self.assertEqual([item["index"] for item in counts["items"]], list(range(len(counts["items"]))))
        self.assertEqual(counts["accepted"] + counts["duplicates"] + counts["rejected"], len(counts["items"]))
        return counts

    def counts(self, document):
        return document["accepted"], document["duplicates"], document["rejected"]

    def lines(self, rows, kind="application/x-ndjson"):
        return self.send("".join(to_json(row) + "\n" for row in rows), headers={"Content-Type": kind})

    def test_an_array_an_object_with_items_and_lines_are_the_same(self):
        rows = [self.row(input_tokens=n) for n in (1, 2, 3)]
        for send in (lambda: self.send(rows), lambda: self.send({"items": rows}), lambda: self.lines(rows),
                     lambda: self.lines(rows, "application/jsonl"), lambda: self.lines(rows,
                         "application/ndjson; charset=utf-8")):
            document = send()
            self.assertEqual(self.counts(document), (3, 0, 0))
            records = [self.home.get(f"{API}/usage/records/{item['record_id']}").json for item in document["items"]]
            self.assertEqual([record["input_tokens"] for record in records], [1, 2, 3])
        self.assertEqual(self.used(self.limit), (Decimal("0.03"), 0))

    def test_a_bad_row_fails_alone(self):
        document = self.send([self.row(), self.row(input_tokens=-1), 7, self.row(colour="red"),
            self.row(budget_id=str(uuid.uuid4())),
                              self.row(timestamp="2001-01-01T00:00:00Z"), self.row()])
        self.assertEqual(self.counts(document), (2, 0, 5))
        self.assertEqual([item["status"] for item in document["items"]], [201, 422, 422, 422, 422, 422, 201])
        self.assertEqual([item["error"]["pointer"] for item in document["items"] if "error" in item],
                         ["/1/input_tokens", "/2", "/3/colour", "/4/budget_id", "/5/timestamp"])

    def test_a_line_that_is_no_json_fails_alone_and_blank_ones_do_not_count(self):
        text = to_json(self.row()) + "\n\n  \r\n{broken\n" + to_json(self.row()) + "\r\n[]\n" + to_json(self.row())
        document = self.send(text, headers={"Content-Type": "application/x-ndjson"})
        self.assertEqual([item["status"] for item in document["items"]], [201, 400, 201, 422, 201])

    def test_a_repeated_batch_counts_once(self):
        rows = [self.row(record_id=uuid7(), input_tokens=n) for n in range(1, 8)]
        first = self.send(rows)
        again = self.send(rows)
        self.assertEqual((self.counts(first), self.counts(again)), ((7, 0, 0), (0, 7, 0)))
        self.assertEqual([item["record_id"] for item in again["items"]], [item["record_id"] for item in first["items"]])
        self.assertEqual(self.used(self.limit), (Decimal("0.028"), 0))
        changed = self.send([{**rows[0], "input_tokens": 99}, rows[1]])
        self.assertEqual([item["status"] for item in changed["items"]][0], 422)
        self.assertEqual(changed["items"][0]["error"]["code"], "idempotency_mismatch")

    def test_a_key_for_the_whole_batch(self):
        rows, key = [self.row(input_tokens=n) for n in range(1, 5)], {"Idempotency-Key": str(uuid.uuid4())}
        first, again = self.send(rows, headers=key), self.send(rows, headers=key)
        self.assertEqual((self.counts(first), self.counts(again)), ((4, 0, 0), (0, 4, 0)))
        self.assertEqual(self.used(self.limit), (Decimal("0.01"), 0))

    def test_an_id_twice_in_one_batch_counts_once(self):
        for identity in (uuid7(), str(uuid.uuid4())):
            row = self.row(record_id=identity)
            document = self.send([row, row, {**row, "input_tokens": 2}, self.row(), {**row,
                "record_id": identity.upper()}])
            self.assertEqual([item["status"] for item in document["items"]], [201, 201, 422, 201, 201])
            self.assertEqual(self.counts(document), (2, 2, 1))
        self.assertEqual(self.used(self.limit), (Decimal("0.004"), 0))

    def test_rows_settle_holds_in_their_order(self):
        hold = self.hold(self.charged, tokens_allocated=10)["allocation_id"]
        document = self.send([self.row(allocation_id=hold, input_tokens=4), self.row(allocation_id=hold,
            input_tokens=4, final=True),
                              self.row(allocation_id=hold, input_tokens=4)])
        records = [self.home.get(f"{API}/usage/records/{item['record_id']}").json for item in document["items"]]
        self.assertEqual([record["cause"] for record in records], ["held", "held", "late"])
        self.assertEqual(self.used(self.limit), (Decimal("0.012"), 0))

    def test_ten_thousand_rows_and_no_more(self):
        rows = [self.row(input_tokens=1, metadata={"n": n}) for n in range(10000)]
        self.assertEqual(self.counts(self.send(rows)), (10000, 0, 0))
        self.assertEqual(self.used(self.limit), (10, 0))
        self.assertEqual(self.standing(self.limit)["tokens_used"], 10000)
        self.assert_problem(self.home.post(BATCH, rows + rows[:1]), 413, "batch_too_large")
        self.assertEqual(self.standing(self.limit)["tokens_used"], 10000)

    def test_what_is_no_batch_is_refused_whole(self):
        for body, status in ((b"", 422), ([], 422), ({"items": []}, 422), ({"rows": []}, 422), ("null", 422), ('"x"',
            422), ("[", 400),
                             (b"\xff\xfe", 400)):
            with self.subTest(str(body)):
                answer = self.home.post(BATCH, body)
                self.assertIn(answer.status, (400, 422), answer)
                self.assert_problem(answer, answer.status)
        self.assert_problem(self.home.post(BATCH, b"\n\n", headers={"Content-Type": "application/x-ndjson"}), 422,
            "empty_batch")
        self.assert_problem(self.home.post(BATCH, "[]", headers={"Content-Type": "text/csv"}), 415)

    def test_counters_and_records_agree_after_all_of_it(self):
        self.send([self.row(input_tokens=n, component=f"c{n % 3}", model=("plain", "free",
            "unknown-one")[n % 3]) for n in range(500)])
        self.assertEqual(self.drift(), [])


if __name__ == "__main__":
    main()
