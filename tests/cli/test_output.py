"""How answers are shown: tables, csv, json, sentences; nothing lost, nothing forged."""
import json
import unittest
from decimal import Decimal

from command import StubCase, run_on_terminal
from stub import reply

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
LIMIT = {"policy_id": ID, "period": "daily", "type": "warn", "cost_used": Decimal("0.00000021"), "cost_held": 0,
         "cost_limit": Decimal("1234.5"), "remaining_cost": Decimal("1234.49999979"), "tokens_used": 1234567,
         "usage_percentage": Decimal("0.12345"), "resets_at": "2026-01-02T00:00:00.000000Z", "currency": "USD",
         "filters": {"tier": None, "provider": None, "model": None, "component": None, "task_type": None}}


def limit(component=None, **more):
    return {**LIMIT, "filters": {**LIMIT["filters"], "component": component}, **more}


def text(value):
    """JSON with every digit of a Decimal."""
    marks = {}

    def mark(d):
        marks[f'"<{len(marks)}>"'] = format(d, "f")
        return f"<{len(marks) - 1}>"
    out = json.dumps(value, default=mark, ensure_ascii=False)
    for name, digits in marks.items():
        out = out.replace(name, digits)
    return out


def page(*items, **more):
    return text({"items": list(items), "total": len(items), "page": 1, "limit": 50, "next_cursor": None, **more})


class Tables(StubCase):
    def show(self, *items, **env):
        self.stub.answer("GET", "/api/v1/limits", page(*items))
        return self.run_cli("limits", "list", env=env)

    def test_columns_are_aligned_numbers_right_under_a_rule(self):
        lines = self.show(LIMIT, {**LIMIT, "period": "per_session", "cost_used": 12}).lines
        head, rule, first, second = lines
        self.assertEqual(len(rule), len(first))
        self.assertEqual(len(rule), len(second))
        self.assertRegex(rule, "^(─+  )+─+$")
        end = head.index("Used") + len("Used")
        self.assertTrue(first[:end].endswith(" $0.00000021"))
        self.assertTrue(second[:end].endswith(" $12.00"))

    def test_money_below_a_cent_is_shown_in_full(self):
        out = self.show(LIMIT).out
        self.assertIn("$0.00000021", out)
        self.assertIn("$1,234.50", out)

    def test_other_currencies_are_named(self):
        self.assertIn("1,234.50 EUR", self.show({**LIMIT, "currency": "EUR"}).out)

    def test_columns_nobody_fills_are_left_out(self):
        self.assertNotIn("Component", self.show(LIMIT).out)
        self.assertIn("Component", self.show(LIMIT, limit("rhetor")).out)

    def test_wide_characters_keep_the_columns(self):
        lines = self.show(limit("日本"), limit("abcd")).lines
        self.assertEqual(lines[2].index("$") + 2, lines[3].index("$"))

    def test_control_characters_of_names_do_not_reach_the_terminal(self):
        out = self.show(limit("a\x1b[31m\x07\nb\u202ec")).out
        for harmful in "\x1b\x07\u202e":
            self.assertNotIn(harmful, out)
        self.assertEqual(len(out.splitlines()), 3)

    def test_a_narrow_terminal_cuts_texts_then_drops_columns_and_says_so(self):
        self.stub.answer("GET", "/api/v1/limits", page(limit("x" * 80)))
        lines = run_on_terminal(100, "limits", "list", env={"BUDGET_URL": self.stub.url})
        self.assertTrue(all(len(line) <= 100 for line in lines), lines)
        self.assertEqual(len(lines[1]), 100, "texts take the room of dropped columns")
        self.assertIn("…", lines[2])
        self.assertIn("columns do not fit", lines[3])

    def test_a_pipe_cuts_nothing(self):
        self.assertIn("x" * 80, self.show(limit("x" * 80), COLUMNS="40").out)

    def test_a_terminal_without_utf8_gets_ascii(self):
        out = self.show(LIMIT, LC_ALL="C").out
        self.assertTrue(out.isascii(), out)

    def test_an_empty_list_says_so_and_what_to_do(self):
        ran = self.show()
        self.assertEqual(ran.code, 0)
        self.assertIn("No limits are set", ran.out)
        self.assertIn("budget set-limit", ran.out)

    def test_percentages_are_of_hundred(self):
        self.assertIn("12.3%", self.show(LIMIT).out)


class Formats(StubCase):
    def test_json_is_the_answer_untouched(self):
        body = '{"items" : [ {"cost_used" : 0.100000000000000000000000000000} ], "total" : 1, "next_cursor" : null}'
        self.stub.answer("GET", "/api/v1/limits", body)
        self.assertEqual(self.run_cli("limits", "list", "--format", "json").out, body + "\n")

    def test_csv_keeps_every_digit_and_quotes_as_rfc_4180(self):
        self.stub.answer("GET", "/api/v1/limits", page(limit('a,"b"\r\nc')))
        ran = self.run_cli("limits", "list", "--format", "csv")
        self.assertIn(b'"a,""b""\r\nc"', ran.raw)
        self.assertTrue(ran.raw.endswith(b"\r\n"))
        row = ran.csv[0]
        self.assertEqual((row["cost_used"], row["tokens_used"], row["filters.component"]),
                         ("0.00000021", "1234567", 'a,"b"\r\nc'))

    def test_csv_of_an_empty_list_is_its_header(self):
        self.stub.answer("GET", "/api/v1/limits", page())
        self.assertEqual(self.run_cli("limits", "list", "--format", "csv").out.count("\r\n"), 1)

    def test_one_object_is_a_row_of_csv(self):
        self.stub.answer("POST", "/api/v1/limits", text(LIMIT))
        self.assertEqual(self.run_cli("set-limit", "daily", "1", "--format", "csv").csv[0]["cost_limit"], "1234.5")


class Pages(StubCase):
    def setUp(self):
        super().setUp()
        self.served = 2500
        self.stub.answer("GET", "/api/v1/usage/records", self.serve)

    def serve(self, request):
        query = dict(part.split("=") for part in request.path.split("?")[1].split("&"))
        first, size = int(query.get("cursor", 0)), int(query["limit"])
        last = min(first + size, self.served)
        return reply({"items": [{"record_id": str(n), "model": "m"} for n in range(first, last)], "total": self.served,
                      "page": 1, "limit": size, "next_cursor": str(last) if last < self.served else None})

    def test_all_follows_the_cursor_to_the_end(self):
        ran = self.run_cli("usage", "list", "--all", "--format", "csv")
        self.assertEqual([row["record_id"] for row in ran.csv], [str(n) for n in range(2500)])
        self.assertEqual(len(self.stub.requests), 3)

    def test_several_pages_are_one_json_list(self):
        answer = self.run_cli("usage", "list", "--limit", "1500", "--format", "json").json
        self.assertEqual((len(answer["items"]), answer["total"], answer["next_cursor"]), (1500, 2500, "1500"))

    def test_limit_stops_there_and_says_there_is_more(self):
        ran = self.run_cli("usage", "list", "--limit", "3")
        self.assertEqual(len(ran.lines), 5)
        self.assertIn("3 of 2500 shown", ran.err)

    def test_limit_and_all_contradict(self):
        self.assertEqual(self.run_cli("usage", "list", "--limit", "3", "--all").code, 64)
        self.assertEqual(self.run_cli("usage", "list", "--limit", "0").code, 64)
        self.assertEqual(self.run_cli("usage", "list", "--limit", "1.5").code, 64)

    def test_a_server_that_repeats_its_cursor_does_not_hold_us_for_ever(self):
        self.stub.answer("GET", "/api/v1/usage/records", {"items": [], "total": 1, "next_cursor": "same"})
        self.assertEqual(self.run_cli("usage", "list", "--all").code, 70)


class Sentences(StubCase):
    def test_a_price_is_echoed_per_million(self):
        self.stub.answer("POST", "/api/v1/prices", text({
            "provider": "anthropic", "model": "claude-3-opus", "input_cost_per_token": Decimal("0.000015"),
            "output_cost_per_token": Decimal("0.000075"), "currency": "USD"}))
        out = self.run_cli("prices", "set", "anthropic", "claude-3-opus", "--input", "0.015", "--output", "0.075").out
        self.assertRegex(out, r"Input +0.015 per 1,000 tokens = 15.00 per million tokens")
        self.assertRegex(out, r"Output +0.075 per 1,000 tokens = 75.00 per million tokens")

    def test_usage_is_summed_and_broken_down(self):
        self.stub.answer("GET", "/api/v1/usage/daily", text({
            "period": "daily", "total_input_tokens": 3000, "total_output_tokens": 12, "total_tokens": 3012, "count": 3,
            "total_cost": Decimal("0.0105"), "currency": "USD", "groups": {"model": {"gpt-4o": {
                "input_tokens": 3000, "output_tokens": 12, "total_tokens": 3012, "cost": Decimal("0.0105"),
                "count": 3}}}}))
        out = self.run_cli("get-usage", "daily").out
        self.assertRegex(out, r"Total cost +\$0.0105\n")
        self.assertRegex(out, r"gpt-4o +3 +3,000 +12 +3,012 +\$0.0105")
        row = self.run_cli("get-usage", "--by", "model", "--format", "csv").csv[0]
        self.assertEqual((row["name"], row["cost"]), ("gpt-4o", "0.0105"))
        self.assertEqual(self.run_cli("get-usage", "--by", "colour").code, 64)

    def test_a_tree_shows_children_below_their_parent(self):
        leaf = {"name": "leaf", "budget_id": ID, "policies": [{"period": "daily", "cost_limit": 5}], "children": []}
        self.stub.answer("GET", "/api/v1/budgets", {"items": [{**leaf, "name": "root", "children": [leaf]}]})
        self.assertEqual(self.run_cli("budgets", "tree").lines,
                         [f"root  daily 5.00  {ID}", f"└─ leaf  daily 5.00  {ID}"])

    def test_a_tree_has_lines_from_parent_to_child(self):
        def budget(name, *children):
            return {"name": name, "budget_id": ID, "policies": [], "children": list(children)}
        self.stub.answer("GET", "/api/v1/budgets", {"items": [budget("root", budget("a", budget("a1")), budget("b"))]})
        self.assertEqual([line.removesuffix(f"  {ID}") for line in self.run_cli("budgets", "tree").lines],
                         ["root", "├─ a", "│  └─ a1", "└─ b"])

    def test_config_get_prints_the_value_alone(self):
        self.stub.answer("GET", "/api/v1/settings", {"items": [
            {"name": "enforcement_level", "value": "warn", "source": "default"},
            {"name": "log_level", "value": "INFO"}]})
        for name in ("enforcement_level", "BUDGET_ENFORCEMENT_LEVEL", "enforcement-level"):
            self.assertEqual(self.run_cli("config", "get", name).out, "warn\n")
        wrong = self.run_cli("config", "get", "enforcement")
        self.assertEqual(wrong.code, 66)
        self.assertIn("Did you mean 'enforcement_level'?", wrong.err)

    def test_config_set_says_what_holds_now_and_when(self):
        self.stub.answer("PUT", "/api/v1/settings",
                         {"items": [{"name": "log_level", "value": "debug", "takes_effect": "restart"}]})
        self.assertEqual(self.run_cli("config", "set", "log_level", "DEBUG").lines,
                         ["log_level = debug", "(takes effect: restart)"])


if __name__ == "__main__":
    unittest.main()
