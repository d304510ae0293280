# SPDX-License-Identifier: LGPL-2.1-or-later
"""Groups: made, kept, serialized, turned, and dealt with as a whole."""

import tempfile
import threading
import unittest

from gi.repository import GLib

from harness.bodies import Body
from harness.bus import Bus
from harness.daemon import PATH, Daemon, error_name
from harness.servers import FaultyServer, sending
from harness.wait import wait_until

BODY = Body(256 * 1024, seed=7)
GROUPS = f"{PATH}/groups"


class GroupsTest(unittest.TestCase):
    def setUp(self):
        self.bus = self.enterContext(Bus())
        self.gates = []
        self.server = self.enterContext(FaultyServer())
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="bgt-groups-"))
        self.daemon = self.enterContext(Daemon(self.bus))
        self.addCleanup(lambda: [gate.set() for gate in self.gates])

    def create_group(self, name, **options):
        return self.daemon.call(PATH, "Manager", "CreateGroup", GLib.Variant(
            "(sa{sv})", (name, {key: GLib.Variant("s", value)
                                for key, value in options.items()})))[0]

    def download(self, group, start=True, **more):
        """One that waits for its gate, number len(self.gates) - 1."""
        gate = threading.Event()
        number = len(self.gates)
        self.gates.append(gate)
        self.server.serve(f"/{number}", sending(BODY, hold=(1000, gate)))
        options = {key: GLib.Variant("s", value) for key, value in more.items()}
        if group is not None:
            options["group"] = GLib.Variant("s", group)
        return self.daemon.create_download(self.server.uri(f"/{number}"),
                                           f"{self.folder}/{number}", options, start=start)

    def statuses(self, paths):
        return [self.daemon.get(path, "Status") for path in paths]

    def wait_statuses(self, paths, *expected):
        wait_until(lambda: self.statuses(paths) == list(expected), f"statuses are {expected}")

    def group(self, path, name):
        return self.daemon.get(path, name, "Group")

    def assert_error(self, name, *call):
        with self.assertRaises(GLib.Error) as caught:
            self.daemon.call(*call)
        self.assertEqual(error_name(caught.exception), name)

    def test_created_found_again_kept_and_removed(self):
        path = self.create_group("my photos", behavior="serialized")
        self.assertEqual(path, f"{GROUPS}/my_20photos")
        self.assertEqual(self.create_group("my photos"), path)
        self.assertEqual(self.group(path, "Name"), "my photos")
        self.assertEqual(self.group(path, "Behavior"), "serialized")
        operation = self.download("my photos", start=False)
        self.assertEqual(self.daemon.get(operation, "Group"), path)
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.daemon.get_all(path, "Group"), {
            "Name": "my photos", "Uid": self.daemon.get(operation, "Uid"),
            "ApplicationId": self.daemon.get(operation, "ApplicationId"),
            "Behavior": "serialized", "Operations": [operation]})
        objects = self.daemon.call(PATH, "org.freedesktop.DBus.ObjectManager",
                                   "GetManagedObjects")[0]
        self.assertIn(path, objects)
        self.assert_error("InvalidState", path, "Group", "Remove")
        self.daemon.call(operation, "Operation", "Cancel")
        self.assert_error("InvalidState", path, "Group", "Remove")
        self.daemon.call(operation, "Operation", "Acknowledge")
        self.assertEqual(self.group(path, "Operations"), [])
        self.daemon.call(path, "Group", "Remove")
        with self.assertRaises(GLib.Error) as caught:
            self.group(path, "Name")
        self.assertIn("UnknownObject", str(caught.exception))
        self.daemon.kill()
        self.daemon.start()
        with self.assertRaises(GLib.Error):
            self.group(path, "Name")

    def test_an_option_makes_the_group(self):
        operation = self.download("new", start=False)
        path = self.daemon.get(operation, "Group")
        self.assertEqual(path, f"{GROUPS}/new")
        self.assertEqual(self.group(path, "Behavior"), "parallel")
        self.assertEqual(self.daemon.get(self.download(None, start=False), "Group"), "/")

    def test_one_that_an_option_has_made_goes_with_its_last_operation(self):
        kept = self.download("kept", start=False)
        path = self.create_group("kept")
        for name in range(60):
            operation = self.download(f"g{name}", start=False)
            self.daemon.call(operation, "Operation", "Cancel")
            self.daemon.call(operation, "Operation", "Acknowledge")
        self.daemon.call(kept, "Operation", "Cancel")
        self.daemon.call(kept, "Operation", "Acknowledge")
        self.assertEqual(self.group(path, "Operations"), [])
        self.daemon.kill()
        self.daemon.start()
        objects = self.daemon.call(PATH, "org.freedesktop.DBus.ObjectManager",
                                   "GetManagedObjects")[0]
        self.assertEqual(list(objects), [path])

    def test_wrong_calls(self):
        def create(name, options):
            return (PATH, "Manager", "CreateGroup", GLib.Variant("(sa{sv})", (name, options)))
        self.assert_error("InvalidArgument", *create("", {}))
        self.assert_error("InvalidArgument", *create("a\nb", {}))
        self.assert_error("InvalidArgument", *create("a", {"color": GLib.Variant("s", "red")}))
        self.assert_error("InvalidArgument", *create("a", {"behavior": GLib.Variant("s", "odd")}))
        self.assert_error("InvalidArgument", *create("a", {"behavior": GLib.Variant("u", 1)}))
        self.assert_error("NotSupported", *create("a", {
            "success-notification": GLib.Variant("a{sv}", {"title": GLib.Variant("s", "t")})}))
        path = self.create_group("a")
        with self.assertRaises(GLib.Error) as caught:
            self.daemon.set(path, "Behavior", GLib.Variant("s", "odd"), "Group")
        self.assertEqual(error_name(caught.exception), "InvalidArgument")
        self.assert_error("InvalidState", self.download(None), "Operation",
                          "MakeCurrentInTransferGroup")
        self.assert_error("InvalidState", self.download("a", start=False), "Operation",
                          "MakeCurrentInTransferGroup")

    def test_fifty_and_no_more(self):
        for number in range(50):
            self.create_group(f"g{number}")
        self.assert_error("LimitExceeded", PATH, "Manager", "CreateGroup",
                          GLib.Variant("(sa{sv})", ("one more", {})))
        with self.assertRaises(GLib.Error) as caught:
            self.download("one more", start=False)
        self.assertEqual(error_name(caught.exception), "LimitExceeded")
        self.assertEqual(self.daemon.operations(), {})
        self.create_group("g7")
        self.download("g7", start=False)

    def test_serialized_runs_one_after_the_other(self):
        self.create_group("s", behavior="serialized")
        paths = [self.download("s") for _ in range(3)]
        high = self.download("s", priority="high")
        self.wait_statuses([*paths, high], "running", "idle", "idle", "running")
        self.assertEqual(self.daemon.get(paths[1], "BlockedBy"), ["group-order"])
        self.gates[0].set()
        self.wait_statuses(paths, "completed", "running", "idle")
        self.daemon.call(paths[1], "Operation", "Pause")
        self.wait_statuses(paths, "completed", "paused-by-application", "running")
        self.gates[2].set()
        self.daemon.call(paths[1], "Operation", "Resume")
        self.gates[1].set()
        self.wait_statuses(paths, "completed", "completed", "completed")

    def test_make_current_turns_the_order_and_is_kept(self):
        self.create_group("s", behavior="serialized")
        paths = [self.download("s") for _ in range(4)]
        self.wait_statuses(paths, "running", "idle", "idle", "idle")
        self.daemon.call(paths[2], "Operation", "MakeCurrentInTransferGroup")
        self.wait_statuses(paths, "idle", "idle", "running", "idle")
        self.daemon.kill()
        self.daemon.start()
        self.wait_statuses(paths, "idle", "idle", "running", "idle")
        self.gates[2].set()
        self.wait_statuses(paths, "idle", "idle", "completed", "running")
        self.gates[3].set()
        self.wait_statuses(paths, "running", "idle", "completed", "completed")

    def test_behavior_changes_at_once(self):
        group = self.create_group("g")
        paths = [self.download("g") for _ in range(2)]
        self.wait_statuses(paths, "running", "running")
        self.daemon.set(group, "Behavior", GLib.Variant("s", "serialized"), "Group")
        self.wait_statuses(paths, "running", "idle")
        self.daemon.set(group, "Behavior", GLib.Variant("s", "parallel"), "Group")
        self.wait_statuses(paths, "running", "running")

    def test_one_that_tries_again_keeps_its_turn(self):
        self.daemon.configure({"Transfers": {"RetryDelaySeconds": "60"}})
        self.daemon.reload()
        self.create_group("s", behavior="serialized")
        wait_until(lambda: "read again" in self.daemon.log(), "the configuration is read")
        self.server.serve("/busy", b"HTTP/1.1 503 Busy\r\nRetry-After: 60\r\n"
                                   b"Content-Length: 0\r\n\r\n")
        first = self.daemon.create_download(
            self.server.uri("/busy"), f"{self.folder}/busy", {"group": GLib.Variant("s", "s")},
            start=True)
        second = self.download("s")
        wait_until(lambda: self.daemon.get(first, "BlockedBy") == ["retry-delay"], "it waits")
        wait_until(lambda: self.daemon.get(second, "BlockedBy") == ["group-order"], "so does that")
        self.assertEqual(self.statuses([first, second]), ["running", "idle"])

    def test_all_at_once(self):
        group = self.create_group("g")
        paths = [self.download("g") for _ in range(3)]
        waiting = self.download("g", start=False)
        other = self.download("else")
        self.wait_statuses([*paths, other], *["running"] * 4)
        self.daemon.call(group, "Group", "Pause")
        self.assertEqual(self.statuses(paths), ["paused-by-application"] * 3)
        self.assertEqual(self.statuses([waiting, other]), ["idle", "running"])
        self.daemon.call(group, "Group", "Resume")
        self.wait_statuses(paths, *["running"] * 3)
        self.daemon.call(group, "Group", "Cancel")
        self.assertEqual(self.statuses([*paths, waiting]), ["canceled"] * 4)
        self.assertEqual(self.daemon.get(other, "Status"), "running")

    def test_an_application_that_calls_itself_differently(self):
        path = self.create_group("g", behavior="serialized")
        operation = self.daemon.create_download(
            self.server.uri("/x"), f"{self.folder}/x",
            {"group": GLib.Variant("s", "g"), "application-id": GLib.Variant("s", "org.x.Y")})
        self.assertEqual(self.daemon.get(operation, "Group"), path)


if __name__ == "__main__":
    unittest.main()
