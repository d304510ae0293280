# SPDX-License-Identifier: LGPL-2.1-or-later
"""A sandboxed program that leaves its connection to another process, and its ID to a program of its
user, is taken for neither."""

import os
import shutil
import subprocess
import time
import unittest

from harness.callers import Caller, SystemBus, SystemDaemon
from harness.daemon import NAME, PATH
from harness.leaver import Leaver
from harness.service_case import with_own_process_ids
from harness.wait import wait_until

UID = 2  # bin: the bus refuses users that do not exist
LAST_PID = "/proc/sys/kernel/ns_last_pid"


@with_own_process_ids(__file__)
@unittest.skipIf(shutil.which("bwrap") is None, "needs bubblewrap")
class ProcessIds(unittest.TestCase):
    def setUp(self):
        self.bus = self.enterContext(SystemBus())
        self.daemon = self.enterContext(SystemDaemon(self.bus))
        self.free = self.enterContext(Caller(self.bus, UID))
        self.path = self.free.call(PATH, "Manager", "CreateDownload", "(ssa{sv})",
                                   ("http://127.0.0.1:1/", f"{self.free.folder}/file", {}))[0]

    def objects(self):
        return self.free.call(PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]

    def start_next(self, pid):
        """Whether the next program has got that ID; a thread of the service may have been faster."""
        with open(LAST_PID, "w", encoding="ascii") as file:
            file.write(str(pid - 1))
        process = subprocess.Popen(["setpriv", "--reuid", str(UID), "--regid", str(UID),
                                    "--clear-groups", "sleep", "1000"], cwd="/")
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process.pid == pid

    def run_as(self, pid):
        """A program of the user outside of any sandbox, with that ID."""
        wait_until(lambda: self.start_next(pid), "nobody else has that ID")
        wait_until(lambda: os.readlink(f"/proc/{pid}/exe").endswith("sleep"), "it runs")

    def test_who_has_left_is_not_who_has_its_id_now(self):
        with Leaver(self.bus, UID, "org.example.Leaver", network=False) as leaver:
            pid = leaver.pid_on_bus()
            # What is answered now comes after the news that it is there.
            self.objects()
            # As exactly as the kernel says when processes began.
            step = time.monotonic() + 1 / os.sysconf("SC_CLK_TCK")
            leaver.leave()
            wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "its process has ended")
            wait_until(lambda: time.monotonic() > step, "the next step of the kernel's clock")
            self.run_as(pid)
            self.assertEqual(leaver.call_once(), [f"{NAME}.Error.AccessDenied"])

    def test_who_has_left_is_nobody(self):
        with Leaver(self.bus, UID) as leaver:
            leaver.leave()
            self.assertEqual(leaver.call_once(), [f"{NAME}.Error.AccessDenied"])
        self.assertIn(self.path, self.objects())


if __name__ == "__main__":
    unittest.main()
