#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one unittest file and speaks TAP: tap.py FILE [TEST NAME PART...]"""

import importlib.util
import os
import sys
import unittest


class TapResult(unittest.TestResult):
    """One line a test, what went wrong as a comment below it."""

    def __init__(self, stream):
        super().__init__()
        self.stream = stream
        self.number = 0

    def line(self, verdict, test, details=""):
        self.number += 1
        self.stream.write(f"{verdict} {self.number} - {test.id()}{details}\n")
        self.stream.flush()

    def comment(self, error, test):
        for line in self._exc_info_to_string(error, test).splitlines():
            self.stream.write(f"# {line}\n")

    def addSuccess(self, test):
        super().addSuccess(test)
        self.line("ok", test)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.line("not ok", test)
        self.comment(error, test)

    def addError(self, test, error):
        super().addError(test, error)
        self.line("not ok", test)
        self.comment(error, test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.line("ok", test, f" # SKIP {reason}")

    def addExpectedFailure(self, test, error):
        super().addExpectedFailure(test, error)
        self.line("ok", test)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.line("not ok", test, " # unexpected success")

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.line("not ok", subtest)
            self.comment(error, test)


def all_tests(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from all_tests(test)
        else:
            yield test


def main():
    path = os.path.abspath(sys.argv[1])
    sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
    spec = importlib.util.spec_from_file_location(
        os.path.splitext(os.path.basename(path))[0], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)

    wanted = sys.argv[2:]
    tests = [test for test in all_tests(unittest.defaultTestLoader.loadTestsFromModule(module))
             if not wanted or any(part in test.id() for part in wanted)]
    result = TapResult(sys.stdout)
    print("TAP version 13", flush=True)
    unittest.TestSuite(tests).run(result)
    print(f"1..{result.number}", flush=True)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
