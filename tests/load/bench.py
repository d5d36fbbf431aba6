#!/usr/bin/python3
"""Measures the ledger's path against an empty FastCGI echo in one run on one machine, and prints ratios.

    make bench                                   everything, about 12 minutes
    tests/load/bench.py --seconds 3 --connections 1,64 --json out.json

Everything runs at once on this machine: web server, handlers, PostgreSQL and the load generator (wrk). Absolute figures
say little about another machine; the ratios are what design bars are stated in. Rows are measured in turn within a pass, so
that a noisy neighbour hits all of them.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "harness")]
import during  # noqa: E402
import home as harness  # noqa: E402

UNITS = {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}
# Bars of the design, where one stands in the table: ratio to the echo, or to the record row where the name says so.
BARS = {"record": 0.40, "check": 0.50, "refusal": 0.50, "cycle final": 0.15, "cycle release": 0.12, "batch of 1,000": 2}
SPREAD_BAR, DURING_BAR, P99_BAR_MS, MEMORY_BAR_MIB = 0.7, 0.8, 25, 150


def wrk(url, connections, seconds, script=None, key="", **environment):
    """Requests a second, p50 and p99 in ms, and answers that were not 2xx or 3xx."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "20s", "--latency"]
    if script:
        command += ["-s", str(HERE / script)]
    done = subprocess.run([*command, url], capture_output=True, text=True, check=True, env={
        **os.environ, "BENCH_KEY": key, "BENCH_FOLDER": str(HERE), **{name: str(value) for name, value in environment.items()}})
    percentiles = {name: float(value) * UNITS[unit] for name, value, unit in
                   re.findall(r"^\s+(\d+)%\s+([\d.]+)(us|ms|s|m)\s*$", done.stdout, re.M)}
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1]), "p50_ms": percentiles["50"],
            "p99_ms": percentiles["99"], "not_2xx": int(bad[1]) if bad else 0}


class Bench:
    def __init__(self, options):
        self.options = options
        self.home = harness.Home(BUDGET_UPDATE_PRICES_ON_START="false", BUDGET_LOG_LEVEL="WARNING", BUDGET_REST_FACTOR="4")
        self.rows = []

    def __enter__(self):
        self.home.start()
        self.url = f"http://127.0.0.1:{self.home.port}"
        self.start_echo()
        self.set_up()
        return self

    def __exit__(self, *_):
        self.echo.terminate()
        self.home.destroy()

    def start_echo(self):
        """The echo stands behind the same lighttpd: one more prefix, then the supervisor restarts the web server."""
        self.folder = tempfile.TemporaryDirectory(prefix="bench-")
        os.chmod(self.folder.name, 0o755)
        socket = f"{self.folder.name}/echo.sock"
        self.echo = subprocess.Popen([str(self.options.echo), socket, "128"])
        configuration = self.home.run / "lighttpd.conf"
        text = configuration.read_text()
        configuration.write_text(text.replace("fastcgi.server = (", f'fastcgi.server = (\n"/echo" => (("socket" => "{socket}", "check-local" => "disable")),', 1))
        self.home.kill("lighttpd", 15)
        harness.wait_for(lambda: self.home.get("/echo").status == 200, "the echo answers")

    def set_up(self):
        """One hot budget: a hard limit and two more policies that count everything; a key; 1,000 small budgets beside it."""
        self.key = self.home.post("/api/v1/keys", {"name": "bench", "role": "admin"}).json["key"]
        self.home.key = self.key
        price = {"provider": "bench", "model": "one", "input_cost_per_token": "0.000003", "output_cost_per_token": "0.000015"}
        self.expect(self.home.post("/api/v1/prices", price), 201)
        for period in ("daily", "weekly", "monthly"):
            self.expect(self.home.post("/api/v1/limits", {"period": period, "cost_limit": "900000000", "type": "hard_limit"}), 201, 200)
        empty = self.home.post("/api/v1/budgets", {"name": "exhausted"}).json["budget_id"]
        self.expect(self.home.post("/api/v1/limits", {"budget_id": empty, "period": "daily", "cost_limit": "0", "type": "hard_limit"}), 201, 200)
        self.empty = empty

    @staticmethod
    def expect(answer, *statuses):
        if answer.status not in statuses:
            raise SystemExit(f"set-up failed: {answer}")

    def spread(self):
        names = []
        for number in range(self.options.budgets):
            names.append(self.home.post("/api/v1/budgets", {"name": f"team {number}", "limits": {"daily": "1000000"}}).json["budget_id"])
        return ",".join(names)

    def measure(self, name, connections, script, path="/", per=1, **more):
        """One row; `per` requests make one unit (a cycle of two or three requests, a batch of 1/1000)."""
        figure = wrk(self.url + path, connections, self.options.seconds, script, self.key, **more)
        figure.update(name=name, connections=connections, rate=figure["rate"] / per)
        self.rows.append(figure)
        return figure

    def run_pass(self, connections):
        """Every row once, in turn; its ratio is to the echo of this pass."""
        first = len(self.rows)
        echo = self.measure("echo", connections, "record.lua", "/echo")["rate"]
        for name, script, path, per, more in (
                ("record", "record.lua", "/api/v1/usage/record", 1, {}),
                ("check", "check.lua", "/api/v1/check", 1, {}),
                ("refusal", "check.lua", "/api/v1/check", 1, {"BENCH_MORE": f',"reserve":true,"budget_id":"{self.empty}"'}),
                ("cycle final", "cycle.lua", "/", 2, {"BENCH_LAG": 4 * connections, "BENCH_FINAL": 1}),
                ("cycle release", "cycle.lua", "/", 3, {"BENCH_LAG": 4 * connections})):
            self.measure(name, connections, script, path, per, **more)
        rows, self.rows = self.rows[first:], self.rows[:first]
        for row in rows:
            row["ratio"] = row["rate"] / echo
        return rows

    def run_passes(self, connections):
        """The median of each figure over some passes: a machine that has neighbours is not as fast every minute."""
        passes = [self.run_pass(connections) for _ in range(self.options.passes)]
        for same in zip(*passes):
            self.rows.append({name: statistics.median(row[name] for row in same) if isinstance(value, (int, float)) else value
                              for name, value in same[0].items()} |
                             {"ratios": [row["ratio"] for row in same], "not_2xx": sum(row["not_2xx"] for row in same)})

    def load(self, seconds):
        """Records for a while; the figures are not kept."""
        wrk(self.url + "/api/v1/usage/record", 64, max(1, int(seconds)), "record.lua", self.key)

    def record_rate(self, name):
        return self.measure(name, 64, "record.lua", "/api/v1/usage/record")

    def warm_up(self):
        """Plans, caches, the connections of the pool: the first seconds of a process are not what is asked for."""
        for script, path in (("record.lua", "/api/v1/usage/record"), ("check.lua", "/api/v1/check")):
            wrk(self.url + path, 8, 2, script, self.key)

    def run(self):
        self.warm_up()
        for connections in self.options.connections:
            self.run_passes(connections)
        hot = self.record_rate("record")["rate"]
        self.rows.pop()
        batch = self.measure("batch of 1,000", 2, "batch.lua", "/api/v1/usage/batch", 0.001)
        batch["ratio_to_record"] = batch["rate"] / hot
        if self.options.budgets:
            names, path = self.spread(), "/api/v1/usage/record"
            wrk(self.url + path, 64, 10, "spread.lua", self.key, BENCH_BUDGETS=names) # each budget's plan is made once
            row = self.measure(f"record, {self.options.budgets} budgets", 64, "spread.lua", path, BENCH_BUDGETS=names)
            row["ratio_to_record"] = row["rate"] / hot
        memory = self.memory()
        pgbench = self.pgbench()
        if self.options.during:
            during.During(self).rows()
        deadlocks = int(self.home.value("SELECT deadlocks FROM pg_stat_database WHERE datname = 'budget'"))
        return {"rows": self.rows, "pgbench": pgbench, "fsync": self.fsync(), "memory_pss_mib": memory, "deadlocks": deadlocks,
                "hot_rows": self.hot_rows(), "machine": {"cores": os.cpu_count(), "load_average": os.getloadavg()[0]}}

    def hot_rows(self):
        """The tables that are updated in place: size, dead rows, share of updates that touched no index."""
        return [dict(zip(("table", "kib", "dead", "hot_share"), row)) for row in self.home.sql(
            "SELECT relname, pg_total_relation_size(relid) / 1024, n_dead_tup, round(n_tup_hot_upd::numeric / nullif(n_tup_upd, 0), 4)"
            "  FROM pg_stat_user_tables WHERE schemaname = 'budget' AND relname IN ('policy_state', 'counter') ORDER BY 1")]

    def pgbench(self):
        """One transaction per record through the same SQL, by as many clients: what a design without groups would do."""
        script = pathlib.Path(self.folder.name) / "record.sql"
        script.write_text("SELECT count(*) FROM budget.ledger_run('00000000-0000-7000-8000-000000000001',"
                          "json_build_array(json_build_object('n', 1, 's', 1, 'verb', 'record', 'id', budget.uuid_v7(), 'is_fresh', true,"
                          "'body_hash', '\\x00', 'input_tokens', 120, 'output_tokens', 40)),"
                          "json_build_array(json_build_object('is_record', true, 'provider', 'bench', 'model', 'one', 'component', 'bench')));\n")
        figures = {}
        for clients in (1, 4, 16, 64):
            done = subprocess.run(["pgbench", "-h", str(self.home.run), "-U", "postgres", "-n", "-f", str(script), "-c", str(clients), "-j", "2",
                                   "-T", str(self.options.seconds), "-M", "prepared", "budget"], capture_output=True, text=True, check=False)
            rate = re.search(r"tps = ([\d.]+)", done.stdout)
            figures[str(clients)] = float(rate[1]) if rate else None
        return figures

    def fsync(self):
        programs = self.home.value("SELECT setting FROM pg_config WHERE name = 'BINDIR'")
        done = subprocess.run([f"{programs}/pg_test_fsync", "-s", "1", "-f", f"{self.home.folder}/fsync.test"], capture_output=True, text=True, check=False)
        found = re.search(r"fdatasync\s+([\d.]+) ops/sec", done.stdout)
        return float(found[1]) if found else None

    def memory(self):
        """PSS of all handlers, and PostgreSQL's share beside it."""
        sums = {"handlers": 0, "postgres": 0}
        for process in pathlib.Path("/proc").iterdir():
            try:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                where = str(self.home.folder)
                if where not in command and not (process / "cwd").resolve().is_relative_to(self.home.folder):
                    continue
                kind = "handlers" if ".fcgi" in command else "postgres" if "postgres" in command else None
                if kind:
                    sums[kind] += int(re.search(r"^Pss:\s+(\d+)", (process / "smaps_rollup").read_text(), re.M)[1])
            except (OSError, TypeError):
                continue
        return {name: round(kib / 1024, 1) for name, kib in sums.items()}


def bar_of(row):
    name = row["name"]
    if name.endswith(" budgets"):
        return SPREAD_BAR
    return BARS.get(name, DURING_BAR if name.startswith("record, a ") and "snapshot" not in name else None)


def print_table(result):
    print(f"{'what':32} {'conn':>5} {'per second':>11} {'ratio':>7} {'bar':>5} {'p50 ms':>8} {'p99 ms':>8} {'not 2xx':>8}")
    for row in result["rows"]:
        ratio, bar = row.get("ratio", row.get("ratio_to_record")), bar_of(row)
        print(f"{row['name']:32} {row['connections']:5} {row['rate']:11.0f} {f'{ratio:7.3f}' if ratio is not None else '':7} "
              f"{bar or '':>5} {row['p50_ms']:8.2f} {row['p99_ms']:8.2f} {row['not_2xx']:8}")
    best = max((rate for rate in result["pgbench"].values() if rate), default=None)
    print("pgbench, one transaction per record:", ", ".join(f"{clients} clients {rate}" for clients, rate in result["pgbench"].items()), f"(best {best}/s)")
    print(f"fdatasync: {result['fsync']}/s    memory (PSS, MiB): {result['memory_pss_mib']} (bar for the handlers {MEMORY_BAR_MIB})")
    print("hot tables:", ", ".join(f"{row['table']} {row['kib']} KiB, {row['dead']} dead, HOT {row['hot_share']}" for row in result["hot_rows"]))
    print(f"deadlocks: {result['deadlocks']}    p99 bar at 64 connections: {P99_BAR_MS} ms    load average: {result['machine']['load_average']:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--echo", type=pathlib.Path, required=True, help="the echo program (make builds it)")
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement")
    parser.add_argument("--passes", type=int, default=3, help="over the rows beside the echo; medians count")
    parser.add_argument("--connections", type=lambda text: [int(word) for word in text.split(",")], default=[1, 16, 64, 128])
    parser.add_argument("--budgets", type=int, default=1000, help="for the spread row; 0 leaves it out")
    parser.add_argument("--during", action=argparse.BooleanOptionalAction, default=True,
                        help="measure the record rate beside imports, sweeps and the like")
    parser.add_argument("--beside", default="", metavar="TEXT", help="only what has TEXT in its name: verify, sweep")
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures here")
    options = parser.parse_args()
    with Bench(options) as bench:
        result = bench.run()
    print_table(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
