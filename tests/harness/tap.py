"""unittest that speaks TAP: main() runs the classes of the calling file; a test's name is its method's, in words."""
import os
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


def main():
    """Runs the tests of __main__ whose name holds one of the words of the command line (all without), then exits."""
    module = sys.modules["__main__"]
    loader = unittest.TestLoader()
    if sys.argv[1:]:
        loader.testNamePatterns = [f"*{word}*" for word in sys.argv[1:]]
    result = _Result()
    loader.loadTestsFromModule(module).run(result)
    print(f"1..{result.number}")
    sys.stdout.flush()
    os._exit(0 if result.wasSuccessful() else 1)
