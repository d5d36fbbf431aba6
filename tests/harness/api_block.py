"""The API block of README.md, from the route tables of the programs. `make routes` writes it; a test holds it fresh.

    api_block.py PROGRAM.fcgi…                    prints the block
    api_block.py --write README.md PROGRAM.fcgi…  puts it between the markers of that file
"""
import json
import pathlib
import subprocess
import sys
import textwrap

BEGIN, END = "<!-- routes: make routes -->\n", "<!-- /routes -->\n"
ORDER = ("ledger", "budgets", "policies", "prices", "alerts", "reports", "access", "admin", "status")
WIDTH, PATH_WIDTH = 118, 28


def tables(programs):
    """The route tables, in the order of a reader's interest; new programs come last."""
    found = [json.loads(subprocess.run([str(program), "--routes"], check=True, capture_output=True).stdout) for program in programs]
    return sorted(found, key=lambda table: (ORDER.index(table["program"]) if table["program"] in ORDER else len(ORDER), table["program"]))


def line(route):
    head = f"{route['method']:6}  {route['path']:{PATH_WIDTH}}  "
    role = "anyone" if route.get("public") else route["role"]
    return textwrap.wrap(f"{role:8} {route['about']}", WIDTH, initial_indent=head,
                         subsequent_indent=" " * (10 + PATH_WIDTH + 9), break_long_words=False)


def section(title, routes):
    return [title] + [text for route in routes for text in line(route)] + [""]


def block(programs):
    """Rows that only repeat one at the root under the prefix are left out."""
    found = tables(programs)
    root = [route for table in found for route in table["routes"] if route.get("root")]
    lines = []
    for table in found:
        under = [route for route in table["routes"] if not route.get("root") and route["path"] not in {r["path"] for r in root}]
        lines += section(f"# {table['program']}", under) if under else []
    lines += section("# at the root; health, metrics and documents also under the prefix", root)
    return BEGIN + "```text\n" + "\n".join(lines).rstrip() + "\n```\n" + END


def between(text):
    return text[text.index(BEGIN):text.index(END) + len(END)]


def main(words):
    if words[:1] == ["--write"]:
        readme = pathlib.Path(words[1])
        text = readme.read_text()
        readme.write_text(text.replace(between(text), block(words[2:])))
    else:
        sys.stdout.write(block(words))


if __name__ == "__main__":
    main(sys.argv[1:])
