"""README.md cannot lie: every console block runs on a fresh home, in order, and what it prints is compared. So do those of
clients/README.md, and its Python.

In an expected output `…` stands for anything, also for whole lines; ids and times are compared by form, everything else as
printed. Tables may come in any order of rows; JSON is compared without its white space, which README wraps.
"""
import os
import pathlib
import re
import subprocess

import api_block
import tap
from command import run_shell_on_terminal
from home import SOURCE, Home, main

README = (SOURCE / "README.md").read_text()
CLIENTS = (SOURCE / "clients/README.md").read_text()
APP = pathlib.Path(os.environ.get("BUDGET_APP_DIR") or SOURCE / "build/app")
COLUMNS = 110


def examples(text):
    """[(command, expected output)] of the console blocks."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.S | re.M):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command = re.match(r".*\n?(?:> .*\n)*", part).group(0)
            found.append((re.sub(r"\n> ", "\n", command).rstrip("\n"), part[len(command):]))
    return found


def same_form(text):
    """Ids, times and the widths of tables as words that do not change."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z", "TIME", text)
    text = re.sub(r"bgt_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43}", "KEY", text)
    return re.sub("─+", "─", text)


def pattern(text):
    return ".*".join(re.escape(part) for part in text.split("…"))


def missing(expected, seen):
    """The part of the expected output that was not seen, or None."""
    expected, seen = same_form(expected), same_form(seen)
    if expected.lstrip().startswith("{"):
        squeezed = [re.sub(r"\s+", "", text) for text in (expected, seen)]
        return None if re.fullmatch(pattern(squeezed[0]), squeezed[1]) else expected
    lines = [" ".join(line.split()) for line in seen.splitlines() if line.strip()]
    wanted = [" ".join(line.split()) for line in expected.splitlines() if line.strip()]
    for line in wanted:
        if line != "…" and not any(re.fullmatch(pattern(line), real) for real in lines):
            return line
    if "…" not in wanted and len(wanted) != len(lines):
        return f"{len(wanted)} lines, not {len(lines)}"
    return None


class Readme(tap.TestCase):
    """The blocks start and stop the home themselves."""

    @classmethod
    def setUpClass(cls):
        cls.home = Home()

    @classmethod
    def tearDownClass(cls):
        cls.home.script("stop", check=False)
        reports = cls.home.sanitizer_reports()
        cls.home.destroy()
        if reports:
            raise AssertionError("\n".join(f"{name}: {text}" for name, text in reports))

    def here(self, text):
        """The port and folders of README as those of this home."""
        return re.sub(r"\b8013\b", str(self.home.port), text).replace("$PWD/var/app/bin", str(APP / "bin"))

    def test_every_command_prints_what_readme_says(self):
        *shown, stop = examples(README)
        self.assertGreater(len(shown), 15)
        python = re.search(r"^```python\n(.*?)^```$.*?prints `(.*?)`", CLIENTS, re.S | re.M)
        shown += examples(CLIENTS) + [(f"python3 -c '{python[1]}'", python[2]), stop]
        self.assertNotIn("'", python[1])
        environment = {**self.home.environment, "BUDGET_UPDATE_PRICES_ON_START": "false"}
        outputs = run_shell_on_terminal(COLUMNS, [self.here(command) for command, _ in shown], environment, SOURCE)
        self.assertEqual(len(outputs), len(shown))
        for (command, expected), seen in zip(shown, outputs):
            with self.subTest(command):
                seen = seen.replace(f"BUDGET_HOME={self.home.folder} ", "").replace(str(self.home.port), "8013")
                self.assertIsNone(missing(expected, seen), f"README: {expected}\nseen:\n{seen}")

    def test_the_api_block_is_fresh(self):
        programs = sorted((APP / "libexec/budget").glob("*.fcgi"))
        self.assertEqual(api_block.between(README), api_block.block(programs), "run `make routes`")

    def test_every_setting_it_names_is_one(self):
        known = subprocess.run([str(APP / "bin/budget"), "settings", "--markdown"], check=True, capture_output=True, text=True,
                               timeout=60).stdout
        for name in sorted(set(re.findall(r"`((?:BUDGET|PENIA)_[A-Z_]+|[A-Z]+_BUDGET_LIMIT)`", README))):
            with self.subTest(name):
                self.assertIn(f"`{name}`", known)

    def test_every_file_it_names_is_there(self):
        for name in re.findall(r"`((?:lib|cgi-bin|sql|cron|clients|etc|www|tests)/[A-Za-z0-9_./-]+)`", README):
            with self.subTest(name):
                self.assertTrue((SOURCE / name).exists(), name)

    def test_no_line_is_longer_than_120(self):
        for readme in SOURCE.glob("**/README.md"):
            if not {"build", "var"} & set(readme.relative_to(SOURCE).parts):
                for line in readme.read_text().splitlines():
                    self.assertTrue(len(line) <= 120 or line.startswith("|"), f"{readme}: {line}")


main()
