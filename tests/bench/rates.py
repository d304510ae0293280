#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether every rate is kept within 5 % over any three seconds, in both directions.

The tests of tests/system/test_rates.py, with the bounds that a quiet machine has to keep.
"""

import os
import sys
import unittest

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "system")]
os.environ.setdefault("BT_BUILD_DIR", os.environ.get("BGT_BUILD_DIR", "build"))

import test_rates  # noqa: E402

test_rates.ABOVE = test_rates.BELOW = 0.05

if __name__ == "__main__":
    unittest.main(module=test_rates, argv=[sys.argv[0], "Rates"], verbosity=2)
