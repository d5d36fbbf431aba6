"""What each command line asks the service: method, path, query, body. The service is a stub that takes everything."""
import shlex
import unittest

from command import StubCase
from stub import reply

BUDGET = "01890a5d-ac96-774b-bcce-b302099a8057"
ID = "01890a5d-ac96-774b-bcce-b302099a8058"

# command line -> method, path with query, body (None: no body is sent)
LINES = [
    ("get-usage --format json", "GET", "/api/v1/usage/daily", None),
    ("get_usage weekly", "GET", "/api/v1/usage/weekly", None),
    ("get-usage monthly --provider openai --task-type chat", "GET",
     "/api/v1/usage/monthly?provider=openai&task_type=chat", None),
    ("get-usage --from 2026-01-01 --to 2026-01-31 --model m", "GET",
     "/api/v1/usage/summary?start_date=2026-01-01&end_date=2026-01-31&model=m", None),
    ("set-limit daily 10.0", "POST", "/api/v1/limits", {"period": "daily", "cost_limit": "10"}),
    ("set_limit hourly --tokens 200000 --provider openai", "POST", "/api/v1/limits",
     {"period": "hourly", "token_limit": "200000", "filters": {"provider": "openai"}}),
    (f"set-limit monthly 0.000000000000000000000000000001 --budget {BUDGET} --policy-type HARD --warning-threshold 0.5",
     "POST", "/api/v1/limits", {"period": "monthly", "cost_limit": "0.000000000000000000000000000001",
                                "budget_id": BUDGET,
                                "type": "HARD", "warning_threshold": "0.5"}),
    ("limits list", "GET", "/api/v1/limits?limit=50", None),
    ("limits list --period daily --limit 7", "GET", "/api/v1/limits?period=daily&limit=7", None),
    ("limits list --all", "GET", "/api/v1/limits?limit=1000", None),
    ("check --provider anthropic --model 'claude x' --estimated-tokens 1000 --component r", "POST", "/api/v1/check",
     {"provider": "anthropic", "model": "claude x", "estimated_tokens": "1000", "component": "r"}),
    ("check --model m --input-tokens 1e3 --max-output-tokens=5 --reserve", "POST", "/api/v1/check",
     {"model": "m", "input_tokens": "1000", "max_output_tokens": "5", "reserve": True}),
    (f"record --provider openai --model gpt-4o --input-tokens 812 --output-tokens 94 --record-id {ID} --no-final",
     "POST",
     "/api/v1/usage/record", {"provider": "openai", "model": "gpt-4o", "input_tokens": "812", "output_tokens": "94",
                              "final": False, "record_id": ID}),
    (f"""record --provider a --model m --seconds 1.50 --metadata '{{"k":"ü"}}' --record-id {ID}""", "POST",
     "/api/v1/usage/record", {"provider": "a", "model": "m", "seconds": "1.5", "metadata": {"k": "ü"},
                              "record_id": ID}),
    (f"allocate create --context-id c1 --component r --tokens 2000 --ttl 60 --allocation-id {ID}", "POST",
     "/api/v1/allocations",
     {"context_id": "c1", "component": "r", "tokens_allocated": "2000", "ttl_seconds": "60", "allocation_id": ID}),
    ("allocate list --component r --state released", "GET", "/api/v1/allocations?component=r&state=released&limit=50",
     None),
    (f"allocate show {ID}", "GET", f"/api/v1/allocations/{ID}", None),
    (f"allocate release {ID}", "POST", f"/api/v1/allocations/{ID}/release", {}),
    (f"budgets delegate {ID} --name a7 --cost 0.5 --ttl 60 --allocation-id {ID}", "POST",
     f"/api/v1/budgets/{ID}/delegations",
     {"name": "a7", "cost": "0.5", "ttl_seconds": "60", "allocation_id": ID}),
    (f"budgets delegations {ID}", "GET", f"/api/v1/budgets/{ID}/delegations?limit=50", None),
    (f"budgets close {ID}", "POST", f"/api/v1/budgets/{ID}/close", {}),
    (f"allocate extend {ID} --ttl 3600", "POST", f"/api/v1/allocations/{ID}/extend", {"ttl_seconds": "3600"}),
    (f"allocate extend {ID} --tokens 10 --cost 0.5", "POST", f"/api/v1/allocations/{ID}/extend",
     {"tokens": "10", "cost": "0.5"}),
    ("usage list --from 2026-01-01 --to 2026-01-31T00:00:00Z", "GET",
     "/api/v1/usage/records?start_date=2026-01-01&end_date=2026-01-31T00%3A00%3A00Z&limit=50", None),
    (f"usage show {ID}", "GET", f"/api/v1/usage/records/{ID}", None),
    ("prices list", "GET", "/api/v1/prices?limit=50", None),
    ("prices set anthropic claude-3-opus --input 0.015 --output 0.075", "POST", "/api/v1/prices",
     {"provider": "anthropic", "model": "claude-3-opus", "input_cost_per_token": "0.000015",
      "output_cost_per_token": "0.000075"}),
    ("prices set a m --input 15 --output 75 --cache-read 1.5 --per 1M", "POST", "/api/v1/prices",
     {"provider": "a", "model": "m", "input_cost_per_token": "0.000015", "output_cost_per_token": "0.000075",
      "cache_read_cost_per_token": "0.0000015"}),
    ("prices set a m --per token --input 0.1", "POST", "/api/v1/prices",
     {"provider": "a", "model": "m", "input_cost_per_token": "0.1"}),
    ("prices set a m --input 1234567890123.000000000000000001", "POST", "/api/v1/prices",
     {"provider": "a", "model": "m", "input_cost_per_token": "1234567890.123000000000000000001"}),
    ("prices set a m --input 0 --output 0", "POST", "/api/v1/prices",
     {"provider": "a", "model": "m", "input_cost_per_token": "0", "output_cost_per_token": "0"}),
    ("prices calc openai gpt-4o --input-tokens 10", "POST", "/api/v1/prices/calculate",
     {"provider": "openai", "model": "gpt-4o", "input_tokens": "10"}),
    ("calc_cost --provider openai --model gpt-4o --input_tokens 10 --output-tokens 2", "POST",
     "/api/v1/prices/calculate",
     {"provider": "openai", "model": "gpt-4o", "input_tokens": "10", "output_tokens": "2"}),
    ("prices sources --format json", "GET", "/api/v1/prices/sources", None),
    ("prices sources set openrouter --trust 0.70 --no-enabled --interval 7200", "PATCH", "/api/v1/prices/sources/openrouter",
     {"trust": "0.7", "enabled": False, "interval": "7200"}),
    ("prices conflicts --state any --model m", "GET", "/api/v1/prices/conflicts?state=any&model=m", None),
    (f"prices approve {ID} --source litellm --note ok", "POST", f"/api/v1/prices/conflicts/{ID}/approve",
     {"source": "litellm", "note": "ok"}),
    (f"prices approve {ID} --input 3 --output 15 --cache-read 0.3 --per 1m --note x", "POST",
     f"/api/v1/prices/conflicts/{ID}/approve", {"prices": {"input_cost_per_token": "0.000003",
     "output_cost_per_token": "0.000015", "cache_read_cost_per_token": "0.0000003"}, "note": "x"}),
    (f"prices reject {ID}", "POST", f"/api/v1/prices/conflicts/{ID}/reject", {}),
    ("prices rates set EUR 1.080 --date 2026-11-25 --from ECB", "POST", "/api/v1/prices/rates",
     {"currency": "EUR", "rate": "1.08", "date": "2026-11-25", "source": "ECB"}),
    ("prices rates --all", "GET", "/api/v1/prices/rates?limit=1000", None),
    ("prices update --source litellm,openrouter --dry-run --no-wait", "POST", "/api/v1/prices/update",
     {"dry_run": True, "sources": ["litellm", "openrouter"]}),
    ("prices update --all --no-wait", "POST", "/api/v1/prices/update", {"dry_run": False, "all": True}),
    ("prices history openrouter 'meta/llama 3'", "GET", "/api/v1/prices/history/openrouter/meta/llama%203?limit=50",
     None),
    ("budgets list --owner ana", "GET", "/api/v1/budgets?owner=ana&limit=50", None),
    ("budgets create research --daily 5 --monthly 100.50 --owner ana", "POST", "/api/v1/budgets",
     {"name": "research", "limits": {"daily": "5", "monthly": "100.5"}, "owner": "ana"}),
    ("budgets create -- --odd-name", "POST", "/api/v1/budgets", {"name": "--odd-name"}),
    (f"budgets show {BUDGET}", "GET", f"/api/v1/budgets/{BUDGET}", None),
    (f"budgets update {BUDGET} --owner ben --no-active --if-match 3", "PATCH", f"/api/v1/budgets/{BUDGET}",
     {"owner": "ben", "is_active": False}),
    (f"budgets retire {BUDGET}", "DELETE", f"/api/v1/budgets/{BUDGET}", None),
    ("budgets tree", "GET", "/api/v1/budgets?view=tree", None),
    (f"budgets tree {BUDGET}", "GET", f"/api/v1/budgets?view=tree&parent_id={BUDGET}", None),
    (f"budgets summary {BUDGET} --period daily", "GET", f"/api/v1/budgets/{BUDGET}/summary?period=daily", None),
    ("policies list --enabled true", "GET", "/api/v1/policies?enabled=true&limit=50", None),
    ("policies create rolling --window 3600 --type warn --cost-limit 1", "POST", "/api/v1/policies",
     {"period": "rolling", "type": "warn", "cost_limit": "1", "window_seconds": "3600"}),
    (f"policies show {ID}", "GET", f"/api/v1/policies/{ID}", None),
    (f"policies update {ID} --cost-limit 20", "PATCH", f"/api/v1/policies/{ID}", {"cost_limit": "20"}),
    (f"policies disable {ID}", "DELETE", f"/api/v1/policies/{ID}", None),
    ("approvals list --state pending", "GET", "/api/v1/approvals?state=pending&limit=50", None),
    (f"approvals request {ID} --amount 5 --reason 'a b'", "POST", "/api/v1/approvals",
     {"policy_id": ID, "amount": "5", "reason": "a b"}),
    (f"approvals grant {ID}", "POST", f"/api/v1/approvals/{ID}/grant", {}),
    (f"approvals deny {ID} --note no", "POST", f"/api/v1/approvals/{ID}/deny", {"note": "no"}),
    ("alerts list --no-acknowledged --severity error", "GET",
     "/api/v1/alerts?acknowledged=false&severity=error&limit=50", None),
    (f"alerts dismiss {ID}", "PUT", f"/api/v1/alerts/{ID}/dismiss", {}),
    (f"alerts acknowledge {ID}", "POST", f"/api/v1/alerts/{ID}/acknowledge", {}),
    ("keys list", "GET", "/api/v1/keys?limit=50", None),
    ("keys create rhetor --role service", "POST", "/api/v1/keys", {"name": "rhetor", "role": "service"}),
    (f"keys revoke {ID}", "DELETE", f"/api/v1/keys/{ID}", None),
    ("config list", "GET", "/api/v1/settings", None),
    ("config set enforcement_level HARD_LIMIT", "PUT", "/api/v1/settings", {"enforcement_level": "HARD_LIMIT"}),
    ("config set BUDGET_ENFORCEMENT_LEVEL warn", "PUT", "/api/v1/settings", {"enforcement_level": "warn"}),
    ("jobs", "GET", "/api/v1/jobs?limit=50", None),
    ("audit --entity policy", "GET", "/api/v1/audit?entity=policy&limit=50", None),
    (f"limits list --cursor 'a b/+'", "GET", "/api/v1/limits?limit=50&cursor=a%20b%2F%2B", None),
]


class Requests(StubCase):
    maxDiff = None

    def test_every_command_line_becomes_the_request_it_documents(self):
        def anything(request):
            return reply({"items": [], "next_cursor": None, "allowed": True, "rejected": 0})
        for line, method, path, body in LINES:
            with self.subTest(line):
                self.stub.answers[method, path.split("?")[0]] = anything
                ran = self.run_cli(*shlex.split(line))
                self.assertEqual((ran.code, ran.err), (0, ""), line)
                self.assertEqual((self.stub.last.method, self.stub.last.path), (method, path))
                self.assertEqual(self.stub.last.json if self.stub.last.body else None, body)

    def test_a_budget_is_found_by_its_name_in_any_case(self):
        self.stub.answer("GET", "/api/v1/budgets", {"next_cursor": None, "items": [
            {"name": "DEFAULT", "budget_id": ID, "is_active": False},
            {"name": "Default", "budget_id": BUDGET, "is_active": True}]})
        self.stub.answer("GET", "/api/v1/limits", {"items": [], "next_cursor": None})
        self.assertEqual(self.run_cli("limits", "list", "--budget", "default").code, 0)
        self.assertEqual(self.stub.last.path, f"/api/v1/limits?budget_id={BUDGET}&limit=50")
        wrong = self.run_cli("limits", "list", "--budget", "defualt")
        self.assertEqual(wrong.code, 66)
        self.assertIn("Did you mean 'Default'?", wrong.err)

    def test_ids_left_out_are_made_here(self):
        self.stub.answer("POST", "/api/v1/usage/record", {"record_id": ID}, 201)
        self.stub.answer("POST", "/api/v1/allocations", {"allocation_id": ID}, 201)
        seen = set()
        for _ in range(2):
            self.run_cli("record", "--provider", "p", "--model", "m")
            self.run_cli("allocate", "create", "--tokens", "1")
        for request in self.stub.requests:
            value = request.json.get("record_id") or request.json["allocation_id"]
            self.assertRegex(value, "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
            seen.add(value)
        self.assertEqual(len(seen), 4)

    def test_the_version_asked_for_goes_as_if_match(self):
        self.stub.answer("PATCH", f"/api/v1/policies/{ID}", {"policy_id": ID})
        self.run_cli("policies", "update", ID, "--cost-limit", "1", "--if-match", "7")
        self.assertEqual(self.stub.last.headers["If-Match"], '"7"')

    def test_record_reads_batches_from_files_and_from_standard_input(self):
        self.stub.answer("POST", "/api/v1/usage/batch", {"accepted": 1, "duplicates": 0, "rejected": 0, "items": []})
        lines = '{"model":"m","input_tokens":1}\n'
        ran = self.run_cli("record", "--batch", "-", stdin=lines)
        self.assertEqual((ran.code, self.stub.last.body), (0, lines))
        self.assertEqual(self.stub.last.headers["Content-Type"], "application/x-ndjson")
        self.run_cli("record", "--batch", "-", stdin=" [" + lines + "]")
        self.assertEqual(self.stub.last.headers["Content-Type"], "application/json")
        self.assertEqual(self.run_cli("record", "--batch", "/nowhere/at/all").code, 74)
        self.assertEqual(self.run_cli("record").code, 64)

    def test_what_a_provider_said_goes_as_it_is(self):
        self.stub.answer("POST", "/api/v1/usage/record", {"record_id": ID, "total_tokens": 7, "model": "gpt-5"}, 201)
        said = '{"model":"gpt-5", "usage":{"prompt_tokens":3,"completion_tokens":4,"cost":1.50e-3}}'
        ran = self.run_cli("record", "--response", "-", "--component", "c", "--keep-raw", "--record-id", ID, stdin=said)
        self.assertEqual(ran.code, 0, ran.err)
        self.assertEqual(self.stub.last.body, '{"response":' + said.replace(" ", "") + ',"keep_raw":true,"component":"c",'
                         f'"record_id":"{ID}"}}')
        self.run_cli("record", "--usage", "-", "--provider", "acme", "--model", "m", stdin='{"prompt_tokens":3}')
        self.assertEqual(self.stub.last.json["usage"], {"prompt_tokens": "3"})
        for words, text, code in ((["--usage", "-"], "[1]", 65), (["--response", "-"], "{", 65),
                                  (["--usage", "/nowhere/at/all"], "", 74)):
            self.assertEqual(self.run_cli("record", *words, stdin=text).code, code, words)

    def test_a_batch_with_rejected_rows_names_them_and_exits_65(self):
        self.stub.answer("POST", "/api/v1/usage/batch", {"accepted": 1, "duplicates": 0, "rejected": 1, "items": [
            {"index": 0, "status": "accepted"}, {"index": 1, "status": "rejected",
                                                 "error": {"detail": "model is missing"}}]})
        ran = self.run_cli("record", "--batch", "-", stdin="[]")
        self.assertEqual(ran.code, 65)
        self.assertIn("record 1: model is missing", ran.err)


class Where(StubCase):
    def setUp(self):
        super().setUp()
        self.stub.answer("GET", "/api/v1/limits", {"items": [], "next_cursor": None})

    def test_the_address_comes_from_option_then_url_then_port(self):
        from command import run
        port = self.stub.url.rsplit(":", 1)[1]
        for words, env in ((["--api-url", self.stub.url], {"BUDGET_URL": "http://127.0.0.1:1"}),
                           (["--api-url", self.stub.url + "/api/v1/"], {}),
                           (["--api-url=" + self.stub.url + "/api"], {}),
                           ([], {"BUDGET_URL": self.stub.url}), ([], {"BUDGET_PORT": port}), ([], {"PENIA_PORT": port}),
                           ([], {"BUDGET_PORT": port, "BUDGET_URL": "", "PENIA_PORT": "1"})):
            with self.subTest(words=words, env=env):
                self.assertEqual(run("limits", "list", *words, env=env).code, 0)

    def test_options_stand_before_or_behind_the_command(self):
        for words in (["--format", "csv", "limits", "list"], ["limits", "--format=csv", "list"],
                      ["limits", "list", "--format", "CSV"]):
            self.assertTrue(self.run_cli(*words).out.startswith("period,"), words)

    def test_the_key_comes_from_option_file_or_environment_and_goes_as_bearer(self):
        import os
        import tempfile
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("bgt_file0000_secret\nsecond line\n")
            file.flush()
            two = {"BUDGET_API_KEY": "k2"}
            for words, env, key in ((["--api-key", "k1"], two, "k1"), ([], two, "k2"),
                                    (["--api-key-file", file.name], two, "bgt_file0000_secret"),
                                    ([], {"BUDGET_API_KEY_FILE": file.name}, "bgt_file0000_secret"), ([], {}, None)):
                ran = self.run_cli("limits", "list", *words, env=env)
                self.assertEqual((ran.code, ran.err), (0, ""))
                self.assertEqual(self.stub.last.headers.get("Authorization"), key and "Bearer " + key)
            os.chmod(file.name, 0o644)
            self.assertIn("chmod 600", self.run_cli("limits", "list", "--api-key-file", file.name).err)

    def test_debug_shows_requests_and_hides_keys(self):
        self.stub.answer("POST", "/api/v1/keys", {"name": "n", "key": "bgt_newkey00_NEWSECRET", "key_id": ID}, 201)
        ran = self.run_cli("keys", "create", "n", "--role", "admin", "--debug", "--api-key", "bgt_mykey000_MYSECRET")
        self.assertEqual(ran.code, 0)
        self.assertIn("bgt_newkey00_NEWSECRET", ran.out)
        self.assertIn("POST /api/v1/keys", ran.err)
        self.assertIn('{"name":"n","role":"admin"}', ran.err)
        self.assertIn("bgt_newkey00_(hidden)", ran.err)
        self.assertNotIn("SECRET", ran.err)


if __name__ == "__main__":
    unittest.main()
