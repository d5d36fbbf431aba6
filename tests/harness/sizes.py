"""sizes.py FILE…: what is larger than it should be: files over 400 lines, C functions over 70, lines over 160 columns (aim at 120)."""
import re
import sys

FILE_MAX, FUNCTION_MAX, COLUMNS_MAX, TAB = 400, 70, 160, 4

for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    if len(lines) > FILE_MAX:
        print(f"{path}: {len(lines)} lines in the file")
    start = None
    for number, line in enumerate(lines, 1):
        if len(line.expandtabs(TAB)) > COLUMNS_MAX:
            print(f"{path}:{number}: {len(line.expandtabs(TAB))} columns")
        if not path.endswith(".c"):
            continue
        if line == "{" and not re.match(r"(static |const )?.*=\s*$", lines[number - 2]):
            start = number
        elif line == "}" and start:
            if number - start - 1 > FUNCTION_MAX:
                print(f"{path}:{start}: {number - start - 1} lines in the function")
            start = None
