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
from harness.servers import paced  # noqa: E402

test_rates.ABOVE = test_rates.BELOW = 0.05
MIB = test_rates.MIB


class Connections(test_rates.RatesTest):
    def test_connections_of_different_speed_keep_it_together(self):
        speeds = {1: MIB // 4}

        def answer(exchange):
            paced(self.body, speeds.get(exchange.request.connection, 2 * MIB))(exchange)
        self.server.serve("/file", answer)
        guid = self.start(**{"max-rate": 3 * MIB, "random-access": True})
        self.host.wait(lambda: self.server.n_connections >= 3, "several connections")
        self.wait_samples(guid, 5)
        first = len(self.samples(guid)) - 1
        self.wait_samples(guid, 15)
        self.assert_rate(self.samples(guid)[first:], 3 * MIB)


test_rates.Connections = Connections

if __name__ == "__main__":
    unittest.main(module=test_rates, argv=[sys.argv[0], "Rates", "Connections"], verbosity=2)
