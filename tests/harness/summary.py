# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints every test of Meson's logs with its result, and last `N passed, N failed, N skipped`:
summary.py JUNIT-FILE JSON-LOG. Exits with 1 if a test failed or none ran.
"""

import json
import sys
import xml.etree.ElementTree as ElementTree


def result_of(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return "FAIL"
    if case.find("skipped") is not None:
        return "SKIP"
    return "ok"


def bad_programs(path):
    """{name: result} of those that did not end well; a JUnit file does not say it of TAP."""
    with open(path, encoding="utf-8") as log:
        results = {run["name"]: run["result"] for run in map(json.loads, log)}
    return {name: result for name, result in results.items()
            if result in ("ERROR", "FAIL", "TIMEOUT", "INTERRUPT")}


def main():
    counts = {"ok": 0, "FAIL": 0, "SKIP": 0}
    bad = bad_programs(sys.argv[2])
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
        if "FAIL" in map(result_of, cases):
            continue
        # All its tests passed, but not what it did then: leaks, a crash.
        for name in [name for name in bad if suite.get("name").endswith(f".{name}")]:
            counts["FAIL"] += 1
            print(f"FAIL {name}: {bad[name]}")
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['SKIP']} skipped")
    return 1 if counts["FAIL"] or not counts["ok"] else 0


sys.exit(main())
