# SPDX-License-Identifier: LGPL-2.1-or-later
"""Battery, power saver and sleep, as UPower, power-profiles-daemon and logind would tell them."""

import tempfile
import threading
import unittest

from gi.repository import GLib

from harness.bodies import Body
from harness.bus import Bus
from harness.daemon import PATH, Daemon
from harness.mocks import Mock
from harness.servers import FaultyServer, sending
from harness.wait import wait_until

MIB = 1024 * 1024
BODY = Body(3 * MIB, seed=6)
UPOWER = "org.freedesktop.UPower"
UPOWER_PATH = "/org/freedesktop/UPower"
DISPLAY = f"{UPOWER_PATH}/devices/DisplayDevice"
PROFILES = "net.hadess.PowerProfiles"
LOGIND = "org.freedesktop.login1"
LEVEL_NONE, LEVEL_LOW = 1, 3


def upower(bus):
    return Mock(bus, UPOWER, UPOWER_PATH, template="upower")


def logind(bus):
    return Mock(bus, LOGIND, "/org/freedesktop/login1", f"{LOGIND}.Manager", "logind")


def profiles(bus):
    return Mock(bus, PROFILES, "/net/hadess/PowerProfiles", template="power_profiles_daemon")


class PowerTest(unittest.TestCase):
    def setUp(self):
        self.bus = self.enterContext(Bus())
        self.gate = threading.Event()
        self.addCleanup(self.gate.set)
        self.server = self.enterContext(FaultyServer())
        self.server.serve("/file", sending(BODY, hold=(MIB, self.gate)))
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="bgt-power-"))
        self.number = 0
        self.daemon = None

    def start_daemon(self):
        self.daemon = self.enterContext(
            Daemon(self.bus, {"Transfers": {"CheckpointBytes": "65536"}},
                   environment={"DBUS_SYSTEM_BUS_ADDRESS": self.bus.address}))

    def download(self, priority="default"):
        self.number += 1
        path = self.daemon.create_download(
            self.server.uri("/file"), f"{self.folder}/file{self.number}",
            {"priority": GLib.Variant("s", priority)}, start=True)
        self.daemon.wait_for_bytes(path, MIB // 2)
        self.daemon.wait_for_status(path, "running")
        return path

    def power(self, name):
        return self.daemon.get(PATH, name, "Power")

    def wait_power(self, name, value):
        wait_until(lambda: self.power(name) == value, f"{name} is {value}")

    def set_battery(self, mock, percentage, on_battery=True, level=LEVEL_NONE):
        mock.update({"OnBattery": GLib.Variant("b", on_battery)})
        mock.control("SetupDisplayDevice", GLib.Variant(
            "(iuddddxxbsu)", (2, 2 if on_battery else 1, percentage, percentage, 100.0, 5.0, 600,
                              0, True, "battery", level)))

    def test_without_upower_there_is_mains(self):
        self.start_daemon()
        self.assertEqual(self.daemon.get_all(PATH, "Power"), {
            "OnBattery": False, "BatteryPercentage": 100.0, "BatteryLow": False,
            "BatterySaver": False})

    def test_low_battery_stops_all_but_high(self):
        with upower(self.bus) as mock:
            self.set_battery(mock, 60.0)
            self.start_daemon()
            self.wait_power("BatteryPercentage", 60.0)
            self.assertTrue(self.power("OnBattery"))
            self.assertFalse(self.power("BatteryLow"))
            normal, high = self.download(), self.download("high")
            self.set_battery(mock, 20.0)
            values = self.daemon.wait_for_status(normal, "paused-system-policy")
            self.assertEqual(values["BlockedBy"], ["battery-low"])
            self.assertEqual(self.daemon.get(high, "Status"), "running")
            self.set_battery(mock, 24.0)
            self.wait_power("BatteryPercentage", 24.0)
            self.assertEqual(self.daemon.get(normal, "Status"), "paused-system-policy")
            self.set_battery(mock, 25.0)
            self.daemon.wait_for_status(normal, "running")
            self.gate.set()
            for path in (normal, high):
                self.daemon.wait_for_status(path, "completed")

    def test_the_systems_warning_counts_and_mains_ends_it(self):
        with upower(self.bus) as mock:
            self.set_battery(mock, 60.0)
            self.start_daemon()
            path = self.download()
            self.set_battery(mock, 55.0, level=LEVEL_LOW)
            self.daemon.wait_for_status(path, "paused-system-policy")
            self.set_battery(mock, 55.0, on_battery=False, level=LEVEL_LOW)
            self.daemon.wait_for_status(path, "running")

    def test_upower_comes_late_and_goes(self):
        self.start_daemon()
        path = self.download()
        with upower(self.bus) as mock:
            self.set_battery(mock, 10.0)
            self.daemon.wait_for_status(path, "paused-system-policy")
        self.daemon.wait_for_status(path, "running")
        self.assertEqual(self.power("BatteryPercentage"), 100.0)
        with upower(self.bus) as mock:
            self.set_battery(mock, 10.0)
            self.daemon.wait_for_status(path, "paused-system-policy")

    def test_upower_that_cannot_be_started_and_comes_all_the_same(self):
        self.bus.add_service(UPOWER, "/bin/false")
        self.start_daemon()
        self.assertFalse(self.power("OnBattery"))
        with upower(self.bus) as mock:
            self.set_battery(mock, 60.0)
            self.wait_power("BatteryPercentage", 60.0)
            self.assertTrue(self.power("OnBattery"))

    def test_battery_saver_stops_low(self):
        with profiles(self.bus) as mock:
            self.start_daemon()
            low, normal = self.download("low"), self.download()
            mock.update({"ActiveProfile": GLib.Variant("s", "power-saver")})
            values = self.daemon.wait_for_status(low, "paused-system-policy")
            self.assertEqual(values["BlockedBy"], ["battery-saver"])
            self.assertTrue(self.power("BatterySaver"))
            self.assertEqual(self.daemon.get(normal, "Status"), "running")
            self.daemon.set(low, "Priority", GLib.Variant("s", "default"))
            self.daemon.wait_for_status(low, "running")
            self.daemon.set(low, "Priority", GLib.Variant("s", "low"))
            self.daemon.wait_for_status(low, "paused-system-policy")
            mock.update({"ActiveProfile": GLib.Variant("s", "balanced")})
            self.daemon.wait_for_status(low, "running")

    def test_sleep_waits_for_checkpoints_and_wakes_with_new_connections(self):
        with logind(self.bus) as mock:
            self.start_daemon()
            wait_until(lambda: "Inhibit" in self.calls(mock), "the inhibitor is asked for")
            path = self.download()
            mock.emit("PrepareForSleep", "b", [GLib.Variant("b", True)])
            values = self.daemon.wait_for_status(path, "paused-system-policy")
            self.assertEqual(values["BlockedBy"], ["suspended"])
            wait_until(lambda: "the machine may sleep" in self.daemon.log(),
                       "the inhibitor is given back")
            self.assertIn("checkpoint", self.daemon.stored()[path.rsplit("/", 1)[1]].lower())
            mock.emit("PrepareForSleep", "b", [GLib.Variant("b", False)])
            self.daemon.wait_for_status(path, "running")
            wait_until(lambda: self.calls(mock).count("Inhibit") == 2, "it is asked for again")
            self.gate.set()
            self.daemon.wait_for_status(path, "completed")
            self.assertIn("range", self.server.heads("/file")[-1].headers)

    def test_logind_that_dies_before_the_awakening(self):
        with logind(self.bus) as mock:
            self.start_daemon()
            wait_until(lambda: "Inhibit" in self.calls(mock), "the inhibitor is asked for")
            path = self.download()
            mock.emit("PrepareForSleep", "b", [GLib.Variant("b", True)])
            self.daemon.wait_for_status(path, "paused-system-policy")
        self.daemon.wait_for_status(path, "running")

    @staticmethod
    def calls(mock):
        return [call[1] for call in mock.control("GetCalls", None)[0]]


if __name__ == "__main__":
    unittest.main()
