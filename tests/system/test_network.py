# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real NetworkManager decides whether the real service moves."""

import os
import tempfile
import threading
import time
import unittest

from gi.repository import Gio, GLib

from harness.bodies import Body
from harness.daemon import NAME, PATH, error_name
from harness.netns import CHECK_BODY, WIRED_UUID, NetworkWorld
from harness.servers import sending
from harness.wait import wait_until

MIB = 1024 * 1024
BODY = Body(3 * MIB, seed=5)
SETTINGS = {"Network": {"RequireConnectivity": "true"}, "Transfers": {"CheckpointBytes": "65536"}}


def options(**values):
    return {key.replace("_", "-"): GLib.Variant("s", value) for key, value in values.items()}


class NetworkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = cls.enterClassContext(NetworkWorld())

    def setUp(self):
        self.world.nmcli("connection", "modify", "wired", "connection.metered", "unknown")
        self.gate = threading.Event()
        self.addCleanup(self.gate.set)
        self.server = self.world.server()
        self.server.serve("/file", sending(BODY, hold=(MIB, self.gate)))
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="bgt-network-"))
        self.file = os.path.join(self.folder, "file")
        self.daemon = self.enterContext(self.world.daemon(SETTINGS))

    def download(self, **more):
        """One that has half of its bytes and waits for the rest."""
        path = self.daemon.create_download(self.server.uri("/file"), self.file, options(**more),
                                           start=True)
        self.daemon.wait_for_bytes(path, MIB // 2)
        return path

    def network(self, name):
        return self.daemon.get(PATH, name, "Network")

    def wait_network(self, name, value):
        wait_until(lambda: self.network(name) == value, f"{name} is {value}")

    def assert_completes(self, path):
        self.gate.set()
        self.daemon.wait_for_status(path, "completed")
        with open(self.file, "rb") as file:
            self.assertEqual(file.read(), BODY.read())

    def assert_went_on(self):
        """The last connection fetched only what was missing."""
        self.assertIn("range", self.server.heads("/file")[-1].headers)

    def set_metered(self, value):
        self.world.nmcli("connection", "modify", "wired", "connection.metered", value)

    def evaluate(self, **more):
        return self.daemon.call(PATH, "Manager", "Evaluate",
                                GLib.Variant("(a{sv})", (options(**more),)))

    def test_the_interface_shows_what_network_manager_says(self):
        self.wait_network("Connectivity", "full")
        values = self.daemon.get_all(PATH, "Network")
        self.assertEqual(values["ConnectionUuid"], WIRED_UUID)
        self.assertTrue(values["Available"])
        self.assertEqual(values["CostType"], "unrestricted")
        self.assertFalse(values["Roaming"])

    def test_metered_stops_and_unmetered_goes_on_after_calm(self):
        path = self.download(cost_policy="unrestricted-only")
        self.set_metered("yes")
        values = self.daemon.wait_for_status(path, "paused-costed-network")
        self.assertEqual(values["BlockedBy"], ["metered"])
        self.assertEqual(self.network("CostType"), "variable")
        self.assertEqual(self.evaluate(cost_policy="unrestricted-only"), (False, ["metered"]))
        self.assertEqual(self.evaluate(cost_policy="default"), (True, []))
        self.set_metered("no")
        self.daemon.wait_for_status(path, "running")
        self.assert_completes(path)
        self.assert_went_on()
        self.assertEqual(len(self.server.heads("/file")), 2)

    def test_metered_does_not_stop_the_default_policy(self):
        path = self.download()
        self.set_metered("yes")
        self.wait_network("CostType", "variable")
        self.assert_completes(path)
        self.assertEqual(len(self.server.heads("/file")), 1)

    def test_a_changed_policy_takes_effect_at_once(self):
        self.set_metered("yes")
        self.wait_network("CostType", "variable")
        path = self.download()
        self.daemon.set(path, "CostPolicy", GLib.Variant("s", "unrestricted-only"))
        self.daemon.wait_for_status(path, "paused-costed-network")
        self.daemon.set(path, "CostPolicy", GLib.Variant("s", "always"))
        self.daemon.wait_for_status(path, "running")
        self.assert_completes(path)
        self.assert_went_on()

    def test_networking_off_and_on(self):
        path = self.download()
        self.world.nmcli("networking", "off")
        try:
            values = self.daemon.wait_for_status(path, "paused-no-network")
            self.assertEqual(values["BlockedBy"], ["no-network"])
            self.assertFalse(self.network("Available"))
        finally:
            self.world.nmcli("networking", "on")
        self.daemon.wait_for_status(path, "running")
        self.assert_completes(path)
        self.assert_went_on()

    def test_link_down_and_up(self):
        path = self.download()
        self.world.set_link("down")
        try:
            self.daemon.wait_for_status(path, "paused-no-network")
        finally:
            self.world.set_link("up")
        self.daemon.wait_for_status(path, "running")
        self.assert_completes(path)
        self.assert_went_on()

    def test_captive_portal(self):
        path = self.download()
        self.world.check_server.serve("/nm-check.txt", self.world.check_answer(b"Log in here"))
        try:
            self.world.nmcli("networking", "connectivity", "check")
            values = self.daemon.wait_for_status(path, "paused-no-network")
            self.assertEqual(values["BlockedBy"], ["captive-portal"])
            self.assertEqual(self.network("Connectivity"), "portal")
            self.assertFalse(self.network("Available"))
        finally:
            self.world.check_server.serve("/nm-check.txt", self.world.check_answer(CHECK_BODY))
            self.world.nmcli("networking", "connectivity", "check")
        self.daemon.wait_for_status(path, "running")
        self.assert_completes(path)

    def test_another_primary_connection_means_new_connections(self):
        path = self.download()
        self.world.nmcli("connection", "up", "second")
        try:
            self.server.wait_for_requests(2, "/file")
            self.assert_went_on()
            self.daemon.wait_for_status(path, "running")
            self.assert_completes(path)
        finally:
            self.world.nmcli("connection", "down", "second")

    def test_a_flapping_network_reconnects_at_most_twice(self):
        path = self.download(cost_policy="unrestricted-only")
        for number in range(20):
            self.set_metered("no" if number % 2 else "yes")
        self.daemon.wait_for_status(path, "running")
        self.wait_network("CostType", "unrestricted")
        self.assert_completes(path)
        self.assertLessEqual(len(self.server.heads("/file")), 3)

    def test_a_flapping_link_reconnects_at_most_twice(self):
        path = self.download()
        for number in range(20):
            self.world.set_link("up" if number % 2 else "down")
            time.sleep(0.1)  # what is tried: twenty changes in two seconds
        self.wait_network("Available", True)
        self.daemon.wait_for_status(path, "running")
        self.assert_completes(path)
        self.assertLessEqual(len(self.server.heads("/file")), 3)

    def test_network_manager_killed_and_back(self):
        path = self.download(cost_policy="unrestricted-only")
        self.set_metered("yes")
        self.daemon.wait_for_status(path, "paused-costed-network")
        self.world.stop_network_manager()
        try:
            self.wait_network("CostType", "unknown")
            self.assertEqual(self.network("ConnectionUuid"), "")
            self.daemon.wait_for_status(path, "running")
        finally:
            self.world.start_network_manager()
            self.world.nmcli("connection", "up", "wired")
        self.wait_network("ConnectionUuid", WIRED_UUID)
        self.daemon.wait_for_status(path, "paused-costed-network")
        self.set_metered("no")
        self.daemon.wait_for_status(path, "running")
        self.assert_completes(path)

    def test_network_manager_that_comes_late(self):
        self.daemon.stop()
        self.world.stop_network_manager()
        late = self.world.daemon(SETTINGS)
        self.daemon = late
        try:
            late.start()
            self.addCleanup(late.stop)
            self.assertIn(self.network("Connectivity"), ("unknown", "full", "limited"))
            self.assertEqual(self.network("CostType"), "unknown")
        finally:
            self.world.start_network_manager()
            self.world.nmcli("connection", "up", "wired")
        self.wait_network("ConnectionUuid", WIRED_UUID)

    def set_plan(self, **values):
        plan = {key.replace("_", "-"): GLib.Variant("t" if key in ("limit", "used") else "u", value)
                for key, value in values.items()}
        self.daemon.call(PATH, "Manager", "SetDataPlan",
                         GLib.Variant("(sa{sv})", (WIRED_UUID, plan)))

    def remove_plan(self):
        self.daemon.call(PATH, "Manager", "RemoveDataPlan", GLib.Variant("(s)", (WIRED_UUID,)))

    def used(self):
        return self.network("DataPlans")[WIRED_UUID]["used"]

    def test_a_data_plan_stops_what_it_costs(self):
        self.set_metered("yes")
        self.wait_network("CostType", "variable")
        self.set_plan(limit=512 * 1024, used=0)
        self.wait_network("CostType", "fixed")
        path = self.download()
        values = self.daemon.wait_for_status(path, "paused-costed-network")
        self.assertIn("over-data-limit", values["BlockedBy"])
        self.assertTrue(self.network("OverDataLimit"))
        self.assertTrue(self.network("ApproachingDataLimit"))
        self.assertFalse(self.evaluate()[0])
        self.assertTrue(self.evaluate(cost_policy="always")[0])
        self.daemon.set(path, "CostPolicy", GLib.Variant("s", "always"))
        self.daemon.wait_for_status(path, "running")
        self.daemon.set(path, "CostPolicy", GLib.Variant("s", "default"))
        self.daemon.wait_for_status(path, "paused-costed-network")
        self.set_plan(limit=1024 * MIB, used=0, approaching_percent=80)
        self.daemon.wait_for_status(path, "running")
        self.assert_completes(path)
        self.remove_plan()
        self.assertEqual(self.network("DataPlans"), {})

    def test_a_data_plan_counts_every_byte_once_over_kills(self):
        self.set_plan(limit=1024 * MIB)
        path = self.download()
        wait_until(lambda: self.used() > MIB // 2, "the first half is counted")
        self.daemon.kill()
        self.daemon.start()
        self.assert_completes(path)
        wait_until(lambda: self.used() >= BODY.size, "all is counted")
        # What was under way when it was killed comes again.
        self.assertLess(self.used(), BODY.size + 2 * MIB)
        self.assertEqual(self.network("DataPlans")[WIRED_UUID]["limit"], 1024 * MIB)
        self.remove_plan()

    def test_background_data_restricted_stops_all_that_costs(self):
        self.set_metered("yes")
        self.wait_network("CostType", "variable")
        path = self.download(cost_policy="always")
        self.daemon.set(PATH, "BackgroundDataRestricted", GLib.Variant("b", True), "Network")
        self.assertTrue(self.network("BackgroundDataRestricted"))
        values = self.daemon.wait_for_status(path, "paused-costed-network")
        self.assertEqual(values["BlockedBy"], ["background-data-restricted"])
        self.daemon.kill()
        self.daemon.start()
        self.assertTrue(self.network("BackgroundDataRestricted"))
        self.daemon.wait_for_status(path, "paused-costed-network")
        self.daemon.set(PATH, "BackgroundDataRestricted", GLib.Variant("b", False), "Network")
        self.daemon.wait_for_status(path, "running")
        self.assert_completes(path)

    def test_wrong_data_plans_are_refused(self):
        def plan(**values):
            return {key.replace("_", "-"): value for key, value in values.items()}
        limit = GLib.Variant("t", 1000)
        for uuid, values in (
                ("", plan(limit=limit)),
                ("wired", plan(limit=limit)),
                (WIRED_UUID, {}),
                (WIRED_UUID, plan(limit=GLib.Variant("t", 0))),
                (WIRED_UUID, plan(limit=GLib.Variant("u", 1000))),
                (WIRED_UUID, plan(limit=limit, reset_day=GLib.Variant("u", 0))),
                (WIRED_UUID, plan(limit=limit, reset_day=GLib.Variant("u", 32))),
                (WIRED_UUID, plan(limit=limit, approaching_percent=GLib.Variant("u", 101))),
                (WIRED_UUID, plan(limit=limit, color=GLib.Variant("s", "red")))):
            with self.subTest(uuid=uuid, values=values):
                with self.assertRaises(GLib.Error) as caught:
                    self.daemon.call(PATH, "Manager", "SetDataPlan",
                                     GLib.Variant("(sa{sv})", (uuid, values)))
                self.assertEqual(error_name(caught.exception), "InvalidArgument")
        with self.assertRaises(GLib.Error) as caught:
            self.remove_plan()
        self.assertEqual(error_name(caught.exception), "NotFound")

    def test_changes_are_signalled(self):
        seen = []
        context = GLib.MainContext.default()
        identity = self.daemon.connection.signal_subscribe(
            NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged", PATH, None,
            Gio.DBusSignalFlags.NONE, lambda *arguments: seen.append(arguments[5].unpack()))
        self.addCleanup(self.daemon.connection.signal_unsubscribe, identity)
        self.set_metered("yes")

        def is_told():
            while context.iteration(False):
                pass
            return (f"{NAME}.Network", {"CostType": "variable"}, []) in seen
        wait_until(is_told, "the change is told")


if __name__ == "__main__":
    unittest.main()
