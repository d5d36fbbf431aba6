"""unittest that speaks TAP: main() runs the classes of the calling file, tap.py FILE those of another; a test's name is its method's, in words."""
import importlib
import os
import pathlib
import sys
import traceback
import unittest

TestCase = unittest.TestCase


class _Result(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number = 0

    def _point(self, is_good, name, note="", more=""):
        self.number += 1
        print(f"{'ok' if is_good else 'not ok'} {self.number} - {name}{note}")
        for line in more.splitlines():
            print(f"# {line}")
        sys.stdout.flush()

    @staticmethod
    def _name(test):
        method = getattr(test, "_testMethodName", None)
        return method.removeprefix("test_").replace("_", " ") if method else str(test)

    def addSuccess(self, test):
        self._point(True, self._name(test))

    def addSkip(self, test, reason):
        self._point(True, self._name(test), f" # SKIP {reason}")

    def _bad(self, test, error):
        self._point(False, self._name(test), more="".join(traceback.format_exception(*error)))

    def addError(self, test, err):
        super().addError(test, err)
        self._bad(test, err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._bad(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._point(False, f"{self._name(test)} {subtest._subDescription()}", more="".join(traceback.format_exception(*err)))


def run(module):
    """Runs the tests of a module whose name holds one of the words of the command line (all without), then exits."""
    loader = unittest.TestLoader()
    words = [word for word in sys.argv[1:] if not word.endswith(".py")]
    if words:
        loader.testNamePatterns = [f"*{word}*" for word in words]
    result = _Result()
    loader.loadTestsFromModule(module).run(result)
    print(f"1..{result.number}")
    sys.stdout.flush()
    os._exit(0 if result.wasSuccessful() else 1)


def main():
    """At the end of a test file, so that it can be run by itself; nothing when the runner imports it."""
    if sys._getframe(1).f_globals["__name__"] == "__main__":
        run(sys.modules["__main__"])


if __name__ == "__main__":  # tap.py FILE [WORD…]: any file of unittest classes, whatever its own main does
    file = pathlib.Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(file.parent))
    sys.modules["tap"] = sys.modules["__main__"]  # one module, not two
    run(importlib.import_module(file.stem))
