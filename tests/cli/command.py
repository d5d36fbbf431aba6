"""Runs the command `budget` as a person or a script would."""
import csv
import decimal
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import termios
import unittest

from stub import Stub

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("BUDGET_TEST_CLI") or os.path.join(ROOT, "build", "app", "bin", "budget")


class Ran:
    def __init__(self, done):
        self.code, self.raw = done.returncode, done.stdout
        self.out, self.err = done.stdout.decode(), done.stderr.decode()

    @property
    def json(self):
        return json.loads(self.out, parse_float=decimal.Decimal)

    @property
    def csv(self):
        return list(csv.DictReader(io.StringIO(self.out, newline="")))

    @property
    def lines(self):
        return self.out.splitlines()


def run(*words, url=None, env=None, stdin=None, cwd=None):
    """words as on the command line; env: more environment. The tester's own keys and addresses are not seen."""
    around = {k: v for k, v in os.environ.items() if not k.startswith(("BUDGET_", "PENIA_", "DAILY_"))
              and k != "COLUMNS"}
    around["LC_ALL"] = "C.UTF-8"
    if url:
        around["BUDGET_URL"] = url
    around.update(env or {})
    data = stdin.encode() if isinstance(stdin, str) else stdin
    source = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": data}
    done = subprocess.run([PROGRAM, *words], env=around, capture_output=True, timeout=120, cwd=cwd, check=False,
                          **source)
    ran = Ran(done)
    if "Sanitizer" in ran.err or "runtime error:" in ran.err:
        raise AssertionError(f"budget {' '.join(words)}: {ran.err}")
    return ran


def show_on_terminal(columns, words, env, cwd=None, last=None):
    """What a program shows on a terminal of that many columns, standard error among it; ends early with the text `last`."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(words, env=env, stdin=slave, stdout=slave, stderr=slave, cwd=cwd)
    os.close(slave)
    shown = b""
    while last is None or last not in shown:
        try:
            block = os.read(master, 65536)
        except OSError:  # the other side is closed
            break
        if not block:
            break
        shown += block
    os.close(master)
    process.wait(120)
    return re.sub(r"[^\n\036]*\r(\x1b\[K)?", "", shown.decode().replace("\r\n", "\n"))  # a line of progress was wiped


def run_on_terminal(columns, *words, env=None):
    """The same as run() on a terminal of that many columns: the lines it shows, standard error among them."""
    return show_on_terminal(columns, [PROGRAM, *words], {**os.environ, "LC_ALL": "C.UTF-8", **env}).splitlines()


def run_shell_on_terminal(columns, commands, env, cwd):
    """What each of these commands shows when one shell runs them one after the other; $? is that of the one before."""
    script = "\n".join(f"{command}\ncode=$?; printf '\\036'; (exit $code)" for command in commands) + "\nprintf '\\037'\n"
    shown = show_on_terminal(columns, ["bash", "-c", script], env, cwd, last=b"\037")
    return shown.split("\036")[:-1]


class StubCase(unittest.TestCase):
    """A test with a stub service: self.stub, self.run(...)."""

    def setUp(self):
        self.stub = self.enterContext(Stub())

    def run_cli(self, *words, **more):
        return run(*words, url=self.stub.url, **more)
