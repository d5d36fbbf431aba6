#!/usr/bin/env bash
# libbudget shows budget_* only, and everything it shows is documented in a header.
. "$(dirname "$0")/../harness/lint.sh"
library=${BUDGET_APP_DIR:?is set by run_tests.sh}/lib/libbudget.so
symbols=$(nm -D --defined-only "$library" | awk '{ print $3 }' | grep -v '^__\(asan\|ubsan\|odr\|lsan\)' | sed 's/@.*//')
printf '%s\n' "$symbols" | grep -v '^budget_' | rule 'only budget_* is exported'

for symbol in $symbols; do
	grep -qE "\b$symbol\b" lib/*.h lib/*/*.h || echo "$symbol: in no header"
done | rule 'everything exported stands in a header'

# a declaration has a comment right above, or stands in a block of declarations whose first one has
python3 - lib/*.h lib/*/*.h <<'PYTHON' | rule 'every public function has a comment'
import re, sys
for path in sys.argv[1:]:
    commented, previous_blank = False, True
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        text = line.strip()
        if text.endswith("*/"):
            commented = True
        elif not text:
            commented = False
        elif re.match(r"[a-z].*\bbudget_[a-z0-9_]+\(", line) and not line.startswith(("typedef", "#", "\t")) and not commented:
            print(f"{path}:{number}: {text}")
PYTHON
done_testing
