#!/usr/bin/env bash
# Every path a program serves is sent to it by etc/routes.tsv, and nothing is sent to a program that is not there.
. "$(dirname "$0")/../harness/lint.sh"
app=${BUDGET_APP_DIR:?is set by run_tests.sh}
for program in "$app"/libexec/budget/*.fcgi; do
	ASAN_OPTIONS=detect_leaks=0 "$program" --routes >"${TMPDIR:-/tmp}/routes.$$" || { echo "$program --routes fails"; continue; }
	python3 - "$(basename "$program" .fcgi)" "${TMPDIR:-/tmp}/routes.$$" <<'PYTHON'
import json, sys
program, document = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8"))
sent = {}
for line in open("etc/routes.tsv", encoding="utf-8"):
    if not line.startswith("#") and line.strip():
        name, where, segments = line.rstrip("\n").split("\t")
        sent.update({(where, segment): name for segment in segments.split()})
routes = document["routes"] if isinstance(document, dict) else document
for route in routes:
    path = route["path"]
    segment = path.removeprefix("/api/v1").strip("/").split("/")[0]
    is_root = route.get("root", not path.startswith("/api/")) if "root" in route or path.startswith("/api/") else route.get("is_root", False)
    to = sent.get(("root" if is_root else "api", segment), "status" if not is_root else None)
    if to != program:
        print(f"{program}: {route['method']} {path} is sent to {to}")
PYTHON
done | rule 'every route of a program reaches it'
rm -f "${TMPDIR:-/tmp}/routes.$$"
grep -v '^#' etc/routes.tsv | cut -f1 | sort -u | while read -r program; do
	[ -x "$app/libexec/budget/$program.fcgi" ] || echo "etc/routes.tsv: there is no program $program"
done | rule 'every program that is sent something is there'
done_testing
