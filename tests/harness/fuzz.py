"""Runs one fuzz target for some seconds and speaks TAP: fuzz.py TARGET. Called by run.py; seeds: tests/fuzz/fuzz.h."""
import base64
import json
import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(os.environ["BUDGET_TEST_SOURCE"])
DATA = os.environ.get("BUDGET_TEST_DATA")
SECONDS = int(os.environ.get("BUDGET_FUZZ_SECONDS", "4"))
LENGTH_MAX, SEEDS_MAX = 65536, 300


def pieces(path, kind):
    """The seeds of a data file: itself, or its elements."""
    text = path.read_bytes()
    if not kind:
        return [text]
    value = json.loads(text)
    if kind == "[]":
        items = value
    else:
        items = [{name: member} for name, member in value.items()]
    whole = [json.dumps(item if kind == "{}" else [item]).encode() for item in items[:SEEDS_MAX]]
    return whole if kind == "{}" else whole + [json.dumps(item).encode() for item in items[:SEEDS_MAX]]


def seeds(target, source):
    """Everything that the head of the target names."""
    kind = target.removeprefix("fuzz_source_")
    for word, names in re.findall(r"^\s*\*\s+(seeds|data): (.*)$", source, re.M):
        base = SOURCE if word == "seeds" else pathlib.Path(DATA) if DATA else None
        for name in names.split() if base else []:
            pattern, suffix = re.fullmatch(r"(.*?)(\[\]|\{\})?", name.replace("@KIND@", kind)).groups()
            path = base / pattern
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file() and file.suffix != ".expected":
                    yield from pieces(file, suffix)
    for path in sorted((SOURCE / "tests/fuzz/found" / target).glob("*")):
        yield path.read_bytes()  # what was found once is tried for ever


def main():
    binary = pathlib.Path(sys.argv[1])
    target = binary.name
    name = target if (SOURCE / f"tests/fuzz/{target}.c").exists() else "fuzz_source"
    work = pathlib.Path(os.environ["BUDGET_TEST_WORK"]) / "fuzz" / target
    corpus = work / "corpus"
    corpus.mkdir(parents=True)
    count = 0
    for body in seeds(target, (SOURCE / f"tests/fuzz/{name}.c").read_text()):
        if len(body) <= LENGTH_MAX:
            (corpus / f"seed{count:05d}").write_bytes(body)
            count += 1
    run = subprocess.run(
        [str(binary), f"-max_total_time={SECONDS}", f"-max_len={LENGTH_MAX}", "-timeout=10", "-rss_limit_mb=1500", "-print_final_stats=1",
         f"-artifact_prefix={work}/", str(corpus)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS * 10 + 120)
    said = run.stdout.decode(errors="replace")
    runs = re.search(r"stat::number_of_executed_units: (\d+)", said)
    print("1..1")
    if run.returncode == 0 and runs:
        print(f"ok 1 - {target}: {runs[1]} inputs from {count} seeds in {SECONDS} s, nothing found")
        return 0
    print(f"not ok 1 - {target} found something")
    for found in sorted(work.glob("*-*")):
        print(f"# {found.name}: {base64.b64encode(found.read_bytes()[:4000]).decode()}")
    for line in said.splitlines()[-60:]:
        print(f"# {line}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
