#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the client library gives away: its own names and no others."""

import glob
import os
import subprocess
import unittest


class Exports(unittest.TestCase):
    def test_only_its_own_names(self):
        library, = glob.glob(f"{os.environ['BGT_BUILD_DIR']}/src/lib/libbackgroundtransfer-1.so")
        lines = subprocess.run(["nm", "--dynamic", "--defined-only", library], check=True,
                               capture_output=True, text=True).stdout.splitlines()
        names = {line.split()[-1].split("@")[0] for line in lines if " A " not in line}
        self.assertGreater(len(names), 20)
        self.assertEqual([name for name in sorted(names) if not name.startswith("bgt_")], [])


if __name__ == "__main__":
    unittest.main()
