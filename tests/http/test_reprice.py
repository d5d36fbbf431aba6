"""Corrections over HTTP: plan, apply, undo; where they land; true-up; beside full record load nothing is lost."""
import datetime
import json
import pathlib
import sys
import threading
import uuid
from decimal import Decimal

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from home import main, wait_for  # noqa: E402
from ledger import API, LedgerCase, uuid7  # noqa: E402

RUNS = f"{API}/prices/reprice"
LONG_AGO = "2020-01-01T00:00:00Z"


class Reprice(LedgerCase):
    def model(self, rate="0.001", since=LONG_AGO):
        name = f"m-{uuid.uuid4()}"
        if rate is not None:
            self.price(name, rate, since)
        return name

    def price(self, model, rate, since=None):
        body = {"provider": "acme", "model": model, "input_cost_per_token": rate, "output_cost_per_token": rate}
        self.make("prices", {**body, **({"effective_date": since} if since else {})})

    def corrected(self, model, rate):
        """A price that turns out to have been in force all the time: a second later than the wrong one."""
        self.price(model, rate, "2020-01-01T00:00:01Z")

    def reprice(self, expect=200, **fields):
        answer = self.home.post(RUNS, fields)
        self.assertEqual(answer.status, expect, answer)
        return answer.json

    def undo(self, run, expect=200):
        answer = self.home.post(f"{RUNS}/{run['run_id']}/undo", {})
        self.assertEqual(answer.status, expect, answer)
        return answer.json

    def verify(self):
        proof = self.home.post(f"{API}/admin/verify", {}).json
        self.assertEqual((proof["is_complete"], proof["differences"]), (True, []))

    def sums(self, budget, policy):
        """Every figure that people read about what a budget spent."""
        get = lambda path: self.home.get(f"{API}/{path}").json  # noqa: E731
        items = get(f"usage/records?budget_id={budget}")["items"]
        report = get(f"reports/summary?period=lifetime&budget_id={budget}")
        return {"records": sum(i["total_cost"] for i in items if i["priced"]),
                "summary": get(f"usage/summary?period=lifetime&budget_id={budget}")["total_cost"],
                "period": get(f"usage/yearly?budget_id={budget}")["total_cost"],
                "report": report["totals"]["cost"], "top": sum(i["cost"] for i in report["top"]["model"]),
                "budget": get(f"budgets/{budget}/summary?period=lifetime")["items"][0]["total_cost"],
                "limit": self.standing(policy)["cost_used"]}

    def assert_all(self, sums, cost):
        self.assertEqual(sums, dict.fromkeys(sums, Decimal(cost)))

    def test_a_corrected_price_reaches_every_sum_and_an_undo_takes_it_back_to_the_last_digit(self):
        model = self.model("0.00000000123456789")
        budget, policy = self.limited(cost_limit=100)
        for n in range(3):
            self.record(budget, model=model, input_tokens=7 + n)
        self.assert_all(self.sums(budget, policy), "0.00000002962962936")
        self.corrected(model, "0.0000000033333333")
        plan = self.reprice(model=model, dry_run=True)
        self.assertEqual((plan["records"], plan["old_cost"], plan["new_cost"], plan["state"]),
                         (3, Decimal("0.00000002962962936"), Decimal("0.0000000799999992"), "done"))
        self.assertEqual([(d["budget_id"], d["model"], d["records"]) for d in plan["differences"]], [(budget, model, 3)])
        self.assert_all(self.sums(budget, policy), "0.00000002962962936")
        run = self.reprice(model=model, reason="the list was wrong")
        self.assertEqual(run["differences"], plan["differences"])
        self.assert_all(self.sums(budget, policy), "0.0000000799999992")
        self.verify()
        back = self.undo(run)
        self.assertEqual((back["undo_of"], back["delta_cost"]), (run["run_id"], -run["delta_cost"]))
        self.assert_all(self.sums(budget, policy), "0.00000002962962936")
        self.verify()
        self.assertEqual(self.undo(run)["run_id"], back["run_id"])
        seen = self.home.get(f"{RUNS}/{run['run_id']}").json
        self.assertEqual((seen["undone_by"], seen["reason"]), (back["run_id"], "the list was wrong"))
        listed = [r["run_id"] for r in self.home.get(f"{RUNS}?limit=1000").json["items"]]
        self.assertLess(listed.index(back["run_id"]), listed.index(run["run_id"]))

    def test_a_correction_lands_in_the_period_of_the_record_and_only_there(self):
        model = self.model()
        budget = self.budget(time_zone="UTC")
        policy = self.policy(budget, period="daily", cost_limit=100, type="warn")
        midnight = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        before = (midnight - datetime.timedelta(microseconds=1)).isoformat()
        self.record(budget, model=model, input_tokens=10, timestamp=before)
        self.record(budget, model=model, input_tokens=100, timestamp=midnight.isoformat())
        self.corrected(model, "0.003")
        counters = ("SELECT period_start::date - current_date, trim_scale(spent_cost) FROM budget.counter c"
                    f" JOIN budget.policy p USING (tenant_id, revision) WHERE policy_id = '{policy}' ORDER BY 1")
        self.reprice(model=model, until=midnight.isoformat())
        self.assertEqual(self.home.sql(counters), [("-1", "0.03"), ("0", "0.1")])
        run = self.reprice(model=model)
        self.assertEqual(self.home.sql(counters), [("-1", "0.03"), ("0", "0.3")])
        self.undo(run)
        self.assertEqual(self.home.sql(counters), [("-1", "0.03"), ("0", "0.1")])
        self.verify()

    def test_what_a_correction_frees_can_be_held_at_once_and_what_it_adds_is_never_refused(self):
        model = self.model("0.01")
        budget, policy = self.limited(cost_limit=1)
        self.record(budget, model=model, input_tokens=100)
        self.hold(budget, model=model, tokens_allocated=1, expect=402)
        self.corrected(model, "0.001")
        run = self.reprice(model=model)
        held = self.hold(budget, model=model, tokens_allocated=900)
        self.hold(budget, model=model, tokens_allocated=1, expect=402)
        self.release(held["allocation_id"])
        self.undo(run)
        self.hold(budget, model=model, tokens_allocated=1, expect=402)
        self.price(model, "1", "2020-01-01T00:00:02Z")
        self.assertEqual(self.reprice(model=model)["new_cost"], 100)
        self.assertEqual(self.standing(policy)["cost_used"], 100)
        self.verify()

    def test_filters_and_words_are_checked(self):
        for fields, pointer in (({"since": "yesterday"}, "/since"), ({"price": "cheap"}, "/price"),
                                ({"since": "2026-02-01", "until": "2026-01-01"}, "/until"),
                                ({"colour": "red"}, "/colour")):
            problem = self.assert_problem(self.home.post(RUNS, fields), 422)
            self.assertEqual(problem["errors"][0]["pointer"], pointer)
        self.assert_problem(self.home.post(RUNS, {"budget_id": str(uuid.uuid4())}), 404, "budget_not_found")
        self.assert_problem(self.home.get(f"{RUNS}/{uuid.uuid4()}"), 404, "reprice_not_found")
        self.assert_problem(self.home.post(f"{RUNS}/{uuid.uuid4()}/undo", {}), 404, "reprice_not_found")
        dry = self.reprice(dry_run=True, model="nobody-has-used-this")
        self.assertEqual((dry["examined"], dry["differences"]), (0, []))
        self.assert_problem(self.home.post(f"{RUNS}/{dry['run_id']}/undo", {}), 409, "reprice_not_undoable")

    def test_who_may(self):
        keys = {role: self.make("keys", {"name": role, "role": role})["key"] for role in ("viewer", "service", "manager")}
        ask = lambda role, **body: self.home.post(RUNS, body, headers={"X-API-Key": keys[role]})  # noqa: E731
        self.assert_problem(ask("service", dry_run=True), 403)
        run = ask("manager", dry_run=True, model="none")
        self.assertEqual(run.status, 200, run)
        see = self.home.get(f"{RUNS}/{run.json['run_id']}", headers={"X-API-Key": keys["viewer"]})
        self.assertEqual(see.status, 200)

    def begin(self, **filters):
        """A run that a request began and nobody has stepped yet."""
        args = json.dumps(filters)
        return self.home.value("SELECT body ->> 'run_id' FROM budget.reprice_begin(budget.local_tenant(),"
                               f" '{{\"actor\": \"test\", \"role\": \"manager\"}}', '{args}')")

    def test_one_run_at_a_time_and_the_job_goes_on_with_one_that_was_left(self):
        model = self.model()
        budget = self.budget()
        records = self.home.post(f"{API}/usage/batch", [
            {"provider": "acme", "model": model, "budget_id": budget, "input_tokens": 1} for _ in range(1200)]).json
        self.assertEqual(records["accepted"], 1200)
        self.corrected(model, "0.002")
        wait_for(lambda: self.home.value("SELECT count(*) FROM budget.price_run WHERE state = 'running'") == "0", "quiet")
        left = self.begin(model=model)
        answer = self.home.post(RUNS, {"model": model})
        if answer.status == 409:  # else the job was quicker than we
            self.assertEqual(self.assert_problem(answer, 409, "reprice_running")["run_id"], left)
        run = wait_for(lambda: next(iter([r for r in [self.home.get(f"{RUNS}/{left}").json] if r["state"] == "done"]), None),
                       "the job to end it", 60)
        self.assertEqual((run["records"], run["delta_cost"], run["created_by"]), (1200, Decimal("1.2"), "test"))
        chunks = self.home.sql("SELECT count(*) FROM budget.correction c WHERE run_id = '%s' GROUP BY c.xid" % left)
        self.assertLessEqual(max(int(n) for (n,) in chunks), 500)
        jobs = {j["job"] for j in self.home.get(f"{API}/jobs").json["items"]}
        self.assertLessEqual({"reprice", "true-up"}, jobs)
        self.verify()

    def test_rule_03_unpriced_usage_moves_from_the_ceiling_to_its_cost_when_a_price_arrives(self):
        model = self.model(None)
        budget, policy = self.limited(cost_limit=1000)
        record = self.record(budget, model=model, input_tokens=1000)
        self.assertEqual((record["priced"], self.standing(policy)["cost_used"]), (False, Decimal("0.1")))
        self.price(model, "0.5")
        path = f"{API}/usage/records/{record['record_id']}"
        seen = wait_for(lambda: next(iter([r for r in [self.home.get(path).json] if r["priced"]]), None), "the true-up", 90)
        self.assertEqual((seen["total_cost"], seen["ceiling_cost"], seen["correction_cost"]), (500, None, 500))
        self.assertEqual(self.standing(policy)["cost_used"], 500)
        self.verify()

    def test_beside_full_record_load_nothing_is_lost(self):
        """Records and holds over four connections, while the same counters are re-priced and undone again and again."""
        model = self.model()
        budget = self.budget()
        policies = [self.policy(budget, period=p, cost_limit=10 ** 6, type="hard_limit")
                    for p in ("daily", "monthly")]
        policies.append(self.policy(budget, period="rolling", window_seconds=3600, cost_limit=10 ** 6, type="warn"))
        self.policy(budget, period="per_session", token_limit=10 ** 9, type="warn")
        stop, sent, wrong = threading.Event(), [], []

        def load(number):
            while not stop.is_set():
                body = {"provider": "acme", "model": model, "budget_id": budget, "input_tokens": 3,
                        "context_id": f"c{number}"}
                hold = self.home.post(f"{API}/allocations", {**body, "tokens_allocated": 5, "input_tokens": None})
                body["record_id"] = uuid7()
                answer = self.home.post(f"{API}/usage/record", {**body, "final": True})
                if answer.status != 201 or hold.status != 201:
                    wrong.append((hold, answer))
                sent.append(body["record_id"])

        threads = [threading.Thread(target=load, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(sent) > 20, "load")
        for n in range(6):  # prices change all the time, so every run has something to do
            self.price(model, f"0.00{n + 2}", f"2020-01-01T00:00:{n + 1:02}Z")
            run = self.reprice(model=model)
            self.assertGreater(run["records"], 0)
            if n % 2:
                self.undo(run)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        last = self.reprice(model=model)
        self.assertEqual(last["state"], "done")
        expected = len(sent) * 3 * Decimal("0.007")
        items = int(self.home.value(f"SELECT count(*) FROM budget.usage_record WHERE record_id = ANY ('{{{','.join(sent)}}}')"))
        self.assertEqual(items, len(sent))
        for policy in policies:
            self.assertEqual(self.standing(policy)["cost_used"], expected)
            self.assertEqual(self.standing(policy)["cost_held"], 0)
        self.verify()
        self.assertEqual(self.home.value("SELECT deadlocks FROM pg_stat_database WHERE datname = 'budget'"), "0")


if __name__ == "__main__":
    main()
