"""code_only.py PATTERN FILE…: `file:line: text` of each line of C whose code (no comments, no string contents) matches."""
import re
import sys

TOKENS = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(match):
    text = match.group()
    kept = '""' if text[0] == '"' else "' '" if text[0] == "'" else ""
    return kept + "\n" * text.count("\n")


pattern = re.compile(sys.argv[1].replace("[[:space:]]", r"\s"))
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as file:
        source = file.read()
    lines = source.splitlines()
    for number, line in enumerate(TOKENS.sub(blank, source).splitlines(), 1):
        if pattern.search(line):
            print(f"{path}:{number}: {lines[number - 1].strip()}")
