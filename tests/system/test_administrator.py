# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an administrator sees of several users' things, and by which names."""

import json
import os
import subprocess
import unittest

from gi.repository import GLib

from harness.callers import Caller, CallError, SystemBus, SystemDaemon
from harness.daemon import NAME, PATH, build_folder
from harness.wait import wait_until

ALICE, BOB = 1, 2
SHARED = f"{PATH}/groups/shared"
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
GROUP = f"{NAME}.Group"


@unittest.skipIf(os.geteuid() != 0, "needs root, for processes of other users")
class AdministratorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bus = cls.enterClassContext(SystemBus())
        cls.daemon = cls.enterClassContext(SystemDaemon(cls.bus))

    def setUp(self):
        self.alice, self.bob, self.root = (self.enterContext(Caller(self.bus, uid))
                                           for uid in (ALICE, BOB, 0))
        self.root.call(PATH, "Manager", "ManageAll")

    def create(self, caller, name):
        path, = caller.call(PATH, "Manager", "CreateDownload", "(ssa{sv})",
                            ("http://127.0.0.1:9/", f"{caller.folder}/{name}",
                             {"group": GLib.Variant("s", "shared")}))
        self.addCleanup(self.forget, path)
        return path

    def forget(self, path):
        if self.get(self.root, path, "Operation", "Status") != "canceled":
            self.root.call(path, "Operation", "Cancel")
        self.root.call(path, "Operation", "Acknowledge")

    def get(self, caller, path, interface, name):
        return caller.call(path, PROPERTIES, "Get", "(ss)", (f"{NAME}.{interface}", name))[0]

    def groups(self, caller):
        objects = caller.call(PATH, OBJECT_MANAGER, "GetManagedObjects")[0]
        return {path: interfaces[GROUP] for path, interfaces in objects.items()
                if GROUP in interfaces}

    def test_groups_of_several_users_have_one_name_and_different_paths(self):
        operations = {caller.uid: self.create(caller, "a") for caller in (self.alice, self.bob)}
        own = self.create(self.root, "own")
        for caller in (self.alice, self.bob):
            self.assertEqual(set(self.groups(caller)), {SHARED})
            self.assertEqual(self.get(caller, operations[caller.uid], "Operation", "Group"), SHARED)

        groups = self.groups(self.root)
        self.assertEqual({path: (group["Name"], group["Uid"], group["Operations"])
                          for path, group in groups.items()},
                         {SHARED: ("shared", 0, [own]),
                          f"{SHARED}_u1": ("shared", ALICE, [operations[ALICE]]),
                          f"{SHARED}_u2": ("shared", BOB, [operations[BOB]])})
        nodes = self.root.call(f"{PATH}/groups", "org.freedesktop.DBus.Introspectable",
                               "Introspect")[0]
        for uid, operation in operations.items():
            self.assertEqual(self.get(self.root, operation, "Operation", "Group"),
                             f"{SHARED}_u{uid}")
            self.assertIn(f'"shared_u{uid}"', nodes)
        # Nobody else gets anywhere by these paths, not even to what is theirs.
        with self.assertRaises(CallError) as caught:
            self.get(self.alice, f"{SHARED}_u1", "Group", "Name")
        self.assertEqual(caught.exception.name, "org.freedesktop.DBus.Error.UnknownObject")

    def test_an_administrator_cancels_the_group_that_is_meant(self):
        hers, his = self.create(self.alice, "b"), self.create(self.bob, "b")
        self.root.call(f"{SHARED}_u{BOB}", "Group", "Cancel")
        self.assertEqual(self.get(self.root, his, "Operation", "Status"), "canceled")
        self.assertEqual(self.get(self.root, hers, "Operation", "Status"), "idle")

    def test_each_is_told_of_a_group_by_the_path_that_it_knows(self):
        self.bob.call(PATH, OBJECT_MANAGER, "GetManagedObjects")
        self.alice.call(PATH, "Manager", "CreateGroup", "(sa{sv})", ("shared", {}))
        self.addCleanup(self.alice.call, SHARED, "Group", "Remove")
        self.alice.call(SHARED, PROPERTIES, "Set", "(ssv)",
                        (GROUP, "Behavior", GLib.Variant("s", "serialized")))

        def changed(caller):
            return {path for path, _, name in caller.signals()
                    if name == "PropertiesChanged" and "/groups/" in path}

        wait_until(lambda: changed(self.root), "the administrator is told")
        wait_until(lambda: changed(self.alice), "the owner is told")
        self.assertEqual(changed(self.root), {f"{SHARED}_u{ALICE}"})
        self.assertEqual(changed(self.alice), {SHARED})
        self.bob.call(PATH, OBJECT_MANAGER, "GetManagedObjects")
        self.assertEqual(changed(self.bob), set())

    def test_transferctl_says_whose_it_is(self):
        for caller in (self.alice, self.bob):
            self.create(caller, "c")

        def transferctl(*arguments):
            return subprocess.run([f"{build_folder()}/src/transferctl/transferctl", "--system",
                                   "--all-users", *arguments], env=self.bus.environment(),
                                  check=True, capture_output=True, text=True).stdout

        self.assertEqual(sorted(group["uid"] for group in json.loads(transferctl("groups",
                                                                                 "--json"))),
                         [ALICE, BOB])
        for command in ("groups", "list"):
            lines = [line.split() for line in transferctl(command).splitlines()]
            self.assertEqual(lines[0][-1], "USER")
            self.assertEqual(sorted(line[-1] for line in lines[1:]), ["bin", "daemon"])


if __name__ == "__main__":
    unittest.main()
