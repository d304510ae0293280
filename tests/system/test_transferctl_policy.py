# SPDX-License-Identifier: LGPL-2.1-or-later
"""transferctl about networks, power, data plans and groups, and why something waits."""

import json
import subprocess
import tempfile
import threading
import time
import unittest

from gi.repository import GLib

from harness.bodies import Body
from harness.bus import Bus
from harness.daemon import PATH, Daemon, program
from harness.servers import FaultyServer, sending
from harness.wait import wait_until

DONE, FAILED, USAGE = 0, 1, 2
UUID = "3f3a4b1c-0000-4000-8000-000000000001"


class PolicyTest(unittest.TestCase):
    def setUp(self):
        self.bus = self.enterContext(Bus())
        self.gate = threading.Event()
        self.addCleanup(self.gate.set)
        self.server = self.enterContext(FaultyServer())
        self.server.serve("/file", sending(Body(100000), hold=(1000, self.gate)))
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="bgt-policy-"))
        self.daemon = self.enterContext(Daemon(self.bus))

    def run_ctl(self, status, *arguments):
        result = subprocess.run([program("src/transferctl/transferctl"), *arguments],
                                env=self.bus.environment(), cwd=self.folder, text=True,
                                capture_output=True, check=False, timeout=60,
                                stdin=subprocess.DEVNULL)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout if status == DONE else result.stderr

    def read_json(self, *arguments):
        return json.loads(self.run_ctl(DONE, *arguments, "--json"))

    def test_network_and_power(self):
        self.assertIn("connectivity: ", self.run_ctl(DONE, "network"))
        network = self.read_json("network")
        self.assertTrue(network["available"])
        self.assertEqual(network["cost_type"], "unknown")
        self.assertIn("battery: 100 %", self.run_ctl(DONE, "power"))
        self.assertEqual(self.read_json("power"), {
            "on_battery": False, "battery_percentage": 100.0, "battery_low": False,
            "battery_saver": False})
        self.run_ctl(USAGE, "power", "x")

    def test_background_data_is_restricted_and_freed(self):
        self.run_ctl(DONE, "network", "--restrict-background", "yes")
        self.assertTrue(self.read_json("network")["background_data_restricted"])
        self.run_ctl(DONE, "network", "--restrict-background", "no", "--quiet")
        self.assertFalse(self.read_json("network")["background_data_restricted"])
        self.run_ctl(USAGE, "network", "--restrict-background", "maybe")

    def test_times_and_what_is_kept(self):
        start = time.time()
        guid = self.run_ctl(DONE, "download", self.server.uri("/file"), "--detach",
                            "--not-before", "+1h", "--deadline", "+2d", "--metadata", "of=x",
                            "--metadata", "for=y=z", "--application-id", "org.example.Other")
        operation = f"{PATH}/operations/{guid.strip()}"
        self.assertEqual(self.daemon.get(operation, "BlockedBy"), ["not-before"])
        self.assertAlmostEqual(self.daemon.get(operation, "NextAttempt") / 1e6, start + 3600,
                               delta=120)
        self.assertEqual(self.daemon.get(operation, "Metadata"), {"of": "x", "for": "y=z"})
        self.assertEqual(self.daemon.get(operation, "ApplicationId"), "org.example.Other")
        self.assertIn("timeout", self.run_ctl(FAILED, "download", self.server.uri("/file"),
                                              "-o", "late", "--deadline", "2001-01-01"))
        self.assertIn("--deadline", self.run_ctl(USAGE, "download", self.server.uri("/file"),
                                                 "--deadline", "tomorrow"))

    def test_data_plans(self):
        self.assertEqual(self.run_ctl(DONE, "data-plan"), "No data plans\n")
        self.assertIn("No connection", self.run_ctl(FAILED, "data-plan", "set", "--limit", "2G"))
        self.run_ctl(DONE, "data-plan", "set", UUID, "--limit", "2G", "--used", "512M",
                     "--reset-day", "31")
        table = self.run_ctl(DONE, "data-plan")
        self.assertIn("512.0 MiB", table)
        self.assertIn("2.0 GiB", table)
        plan = self.read_json("data-plan")[UUID]
        self.assertEqual((plan["limit"], plan["used"], plan["reset-day"],
                          plan["approaching-percent"]), (2 ** 31, 2 ** 29, 31, 90))
        self.run_ctl(USAGE, "data-plan", "set", UUID)
        self.run_ctl(USAGE, "data-plan", "set", UUID, "--limit", "much")
        self.run_ctl(USAGE, "data-plan", "set", UUID, "--limit", "1G", "--reset-day", "40")
        self.run_ctl(USAGE, "data-plan", "set", UUID, "--limit", "1G", "--reset-day", "-1")
        self.run_ctl(USAGE, "data-plan", "steal")
        self.run_ctl(DONE, "data-plan", "remove", UUID)
        self.run_ctl(FAILED, "data-plan", "remove", UUID)

    def test_groups(self):
        self.assertEqual(self.run_ctl(DONE, "groups"), "No groups\n")
        self.run_ctl(DONE, "download", "--detach", "--group", "g", self.server.uri("/file"),
                     "-o", "one")
        self.run_ctl(DONE, "download", "--detach", self.server.uri("/file"), "-o", "two")
        self.assertRegex(self.run_ctl(DONE, "groups"), r"g +parallel +1")
        self.assertEqual(self.read_json("groups")[0]["name"], "g")
        self.run_ctl(DONE, "pause", "--group", "g")
        statuses = {operation["destination"].rsplit("/", 1)[1]: operation["status"]
                    for operation in self.read_json("list")}
        self.assertEqual(statuses["one"], "paused-by-application")
        self.assertNotEqual(statuses["two"], "paused-by-application")
        self.run_ctl(DONE, "cancel", "--group", "g")
        self.assertIn("no group", self.run_ctl(FAILED, "pause", "--group", "other"))
        self.run_ctl(USAGE, "pause", "--group", "g", "--all")
        self.run_ctl(USAGE, "pause")

    def test_why_something_waits_and_what_would_change_it(self):
        path = self.daemon.call(PATH, "Manager", "CreateGroup", GLib.Variant(
            "(sa{sv})", ("s", {"behavior": GLib.Variant("s", "serialized")})))[0]
        operations = [self.daemon.create_download(
            self.server.uri("/file"), f"{self.folder}/{number}",
            {"group": GLib.Variant("s", "s")}, start=True) for number in range(2)]
        wait_until(lambda: self.daemon.get(operations[1], "BlockedBy") == ["group-order"],
                   "it waits")
        self.assertEqual(self.daemon.get(operations[1], "Group"), path)
        text = self.run_ctl(DONE, "show", operations[1])
        self.assertIn("waits: others of its group come first; what would change it: it starts",
                      text)
        self.assertIn("others of its group come first", self.run_ctl(DONE, "list"))


if __name__ == "__main__":
    unittest.main()
