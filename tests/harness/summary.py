# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints every test of a JUnit file with its result, and last `N passed, N failed, N skipped`.

Exits with 1 if a test failed or none ran.
"""

import sys
import xml.etree.ElementTree as ElementTree


def result_of(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return "FAIL"
    if case.find("skipped") is not None:
        return "SKIP"
    return "ok"


def main():
    counts = {"ok": 0, "FAIL": 0, "SKIP": 0}
    for suite in ElementTree.parse(sys.argv[1]).getroot().iter("testsuite"):
        cases = suite.findall("testcase")
        for case in cases:
            result = result_of(case)
            counts[result] += 1
            name = case.get("name")
            if suite.get("name") not in name:
                name = f"{suite.get('name')}: {name}"
            reason = case.find("skipped").get("message", "") if result == "SKIP" else ""
            print(f"{result:4} {name} {reason}".rstrip())
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['SKIP']} skipped")
    return 1 if counts["FAIL"] or not counts["ok"] else 0


sys.exit(main())
