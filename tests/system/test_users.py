# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several users on one bus with the rules of a system bus: nobody gets more than their own."""

import os
import time
import unittest

from gi.repository import GLib

from harness.bodies import Body
from harness.callers import Caller, CallError, SystemBus, SystemDaemon
from harness.daemon import NAME, PATH
from harness.members import interfaces, split, value
from harness.servers import FaultyServer, sending
from harness.wait import wait_until

# daemon, bin, sys: the bus refuses users that do not exist.
ALICE, BOB, CAROL = 1, 2, 3
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"
UNKNOWN_METHOD = "org.freedesktop.DBus.Error.UnknownMethod"
# What the bus library answers by itself, for any path.
ANSWERED_FOR_ALL = ("org.freedesktop.DBus.Peer", INTROSPECTABLE)


class UsersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bus = cls.enterClassContext(SystemBus())
        cls.server = cls.enterClassContext(FaultyServer())
        cls.daemon = cls.enterClassContext(SystemDaemon(cls.bus))
        cls.alice, cls.bob, cls.carol = (cls.enterClassContext(Caller(cls.bus, uid))
                                         for uid in (ALICE, BOB, CAROL))
        cls.body = Body(200_000)
        cls.server.serve("/file", sending(cls.body))
        cls.number = 0

    def create(self, caller, target="/file", **options):
        type(self).number += 1
        return caller.call(PATH, "Manager", "CreateDownload", "(ssa{sv})",
                           (self.server.uri(target), f"{caller.folder}/file-{self.number}",
                            {name: GLib.Variant("s", text) for name, text in options.items()}))[0]

    def get(self, caller, path, name):
        return caller.call(path, PROPERTIES, "Get", "(ss)", (f"{NAME}.Operation", name))[0]

    def outcome(self, caller, path, *arguments):
        """What a call came to, with @path left out: the error's name and message, or the answer."""
        try:
            return str(caller.call(path, *arguments)).replace(path, "PATH")
        except CallError as error:
            return error.name, error.message.replace(path, "PATH")

    def objects(self, caller, name):
        """An operation, and what comes with it."""
        if f"{NAME}.Group" not in interfaces():
            return [self.create(caller)]
        path = self.create(caller, group=name)
        return [path, self.get(caller, path, "Group")]

    def visible(self, caller):
        return {path for path in caller.call(PATH, OBJECT_MANAGER, "GetManagedObjects")[0]
                if path != PATH}


@unittest.skipIf(os.geteuid() != 0, "needs root, for processes of other users")
class OtherUsers(UsersTest):
    def every_call(self):
        """(interface, method, signature, arguments) for every member of every interface."""
        for interface in interfaces().values():
            if interface.name in ANSWERED_FOR_ALL:
                continue
            for method, signature in interface.methods.items():
                if interface.name == PROPERTIES:
                    continue
                yield interface.name, method, signature, self.plain(signature)
            for name, (signature, _) in interface.properties.items():
                yield PROPERTIES, "Get", "(ss)", (interface.name, name)
                yield PROPERTIES, "Set", "(ssv)", (interface.name, name,
                                                   value(signature))
            yield PROPERTIES, "GetAll", "(s)", (interface.name,)

    def test_no_member_of_anything_answers_the_wrong_user(self):
        objects = self.objects(self.alice, "films")
        mine = objects[0]
        before = self.alice.call(mine, PROPERTIES, "GetAll", "(s)", (f"{NAME}.Operation",))
        n_hidden = 0
        for path in objects:
            missing = path[:-1] + ("0" if path[-1] != "0" else "1")
            for interface, method, signature, arguments in self.every_call():
                with self.subTest(f"{interface}.{method}", arguments=arguments, path=path):
                    outcome = self.outcome(self.bob, path, interface, method, signature, arguments)
                    # No object of that kind has this interface, whoever asks.
                    self.assertIn(outcome[0], (UNKNOWN_OBJECT, UNKNOWN_METHOD), outcome)
                    n_hidden += outcome[0] == UNKNOWN_OBJECT
                    self.assertEqual(outcome, self.outcome(self.bob, missing, interface, method,
                                                           signature, arguments))
        self.assertGreater(n_hidden, 100)
        self.assertEqual(self.alice.call(mine, PROPERTIES, "GetAll", "(s)",
                                         (f"{NAME}.Operation",)), before)

    @staticmethod
    def plain(signature):
        """Arguments with variants in them, as Python values that can be made variants again."""
        plain = {"s": "x", "o": "/", "u": 1, "t": 1, "b": True, "h": 0, "a{sv}": {}, "aa{sv}": [],
                 "x": 0, "as": [], "v": GLib.Variant("s", "x")}
        return tuple(plain[one] for one in split(signature[1:-1]))

    def test_nothing_shows_that_it_exists(self):
        objects = self.objects(self.alice, "music")
        for path in objects:
            missing = path[:-1] + ("0" if path[-1] != "0" else "1")
            self.assertEqual(self.outcome(self.bob, path, INTROSPECTABLE, "Introspect"),
                             self.outcome(self.bob, missing, INTROSPECTABLE, "Introspect"))
            parent, name = path.rsplit("/", 1)
            self.assertNotIn(name, self.bob.call(parent, INTROSPECTABLE, "Introspect")[0])
            self.assertIn(name, self.alice.call(parent, INTROSPECTABLE, "Introspect")[0])
        self.assertLessEqual(set(objects), self.visible(self.alice))
        self.assertFalse(self.visible(self.bob) & set(objects))

    def test_signals_reach_the_owner_only(self):
        self.bob.call(PATH, OBJECT_MANAGER, "GetManagedObjects")
        before = sum(s[2] == "InterfacesAdded" for s in self.bob.signals())
        mine = self.create(self.alice)
        self.alice.call(mine, "Operation", "Start")
        wait_until(lambda: [mine, f"{NAME}.Operation", "Finished"] in self.alice.signals(),
                   "the owner is told")
        self.bob.call(PATH, OBJECT_MANAGER, "GetManagedObjects")
        after = sum(s[2] == "InterfacesAdded" for s in self.bob.signals())
        self.assertNotIn(mine, [s[0] for s in self.bob.signals()])
        self.assertEqual(after, before)

    def test_files_are_the_users(self):
        for caller in (self.alice, self.bob):
            path = self.create(caller)
            caller.call(path, "Operation", "Start")
            wait_until(lambda p=path, c=caller: self.get(c, p, "Status") == "completed",
                       "completed")
            file = self.get_destination(caller, path)
            status = os.stat(file)
            self.assertEqual((status.st_uid, status.st_gid), (caller.uid, caller.uid))
            with open(file, "rb") as content:
                self.assertTrue(content.read() == self.body.read())

    def test_the_rate_of_the_machine_is_that_of_all_users_together(self):
        rate = 4 * 1024 * 1024
        self.server.serve("/rate", sending(Body(64 * 1024 * 1024)))
        self.daemon.configure({"Transfers": {"MaxRate": str(rate)}})
        self.daemon.reload()
        self.addCleanup(self.daemon.reload)
        self.addCleanup(self.daemon.configure, {})
        paths = [(caller, self.create(caller, "/rate"))
                 for caller in (self.alice, self.bob, self.bob, self.bob)]

        def received():
            return [self.get(caller, path, "BytesReceived") for caller, path in paths]

        for caller, path in paths:
            caller.call(path, "Operation", "Start")
            self.addCleanup(caller.call, path, "Operation", "Cancel")
        wait_until(lambda: min(received()) > rate // 4, "all of them move")

        def measure():
            begin, before = time.monotonic(), received()
            wait_until(lambda: sum(received()) - sum(before) >= 2 * rate, "some more")
            after = received()
            elapsed = time.monotonic() - begin
            return [(now - then) / elapsed for now, then in zip(after, before)]

        rates = measure()
        self.assertLess(sum(rates), rate * 1.15)
        self.assertLess(rates[0], sum(rates) * 0.4)

        self.alice.call(paths[0][1], "Operation", "Pause")
        wait_until(lambda: self.get(self.alice, paths[0][1], "Status") == "paused-by-application",
                   "pausing")
        # Sooner or later, also where the machine is busy.
        wait_until(lambda: sum(measure()) > rate * 0.65, "what the other had is theirs now")

    def get_destination(self, caller, path):
        return caller.call(path, PROPERTIES, "Get", "(ss)", (f"{NAME}.Download", "Destination"))[0]

    def test_a_place_where_the_user_may_not_write_is_refused(self):
        for folder in (self.bob.folder, "/root", "/etc"):
            with self.assertRaises(CallError) as caught:
                self.alice.call(PATH, "Manager", "CreateDownload", "(ssa{sv})",
                                (self.server.uri("/file"), f"{folder}/file", {}))
            self.assertEqual(caught.exception.name, f"{NAME}.Error.AccessDenied")

    def test_nobody_else_can_be_the_service(self):
        for caller in (self.alice, self.bob):
            with self.assertRaises(CallError) as caught:
                caller.call_bus("RequestName", "(su)", (NAME, 7))
            self.assertEqual(caught.exception.name, "org.freedesktop.DBus.Error.AccessDenied")

    def test_nobody_but_root_configures_without_polkit(self):
        """Whether the arguments make sense or not."""
        for method, signature, arguments in (("SetDataPlan", "(sa{sv})", ("x", {})),
                                             ("RemoveDataPlan", "(s)", ("x",))):
            with self.subTest(method), self.assertRaises(CallError) as caught:
                self.bob.call(PATH, "Manager", method, signature, arguments)
            self.assertEqual(caught.exception.name, f"{NAME}.Error.AccessDenied")

    def test_nobody_but_root_manages_all_without_polkit(self):
        mine = self.create(self.alice)
        with self.assertRaises(CallError) as caught:
            self.bob.call(PATH, "Manager", "ManageAll")
        self.assertEqual(caught.exception.name, f"{NAME}.Error.AccessDenied")
        self.assertNotIn(mine, self.visible(self.bob))
        with Caller(self.bus, 0) as root:
            self.assertNotIn(mine, self.visible(root))
            root.call(PATH, "Manager", "ManageAll")
            self.assertIn(mine, self.visible(root))
            root.call(mine, "Operation", "Cancel")
        wait_until(lambda: self.get(self.alice, mine, "Status") == "canceled", "canceled")
        with Caller(self.bus, 0) as root:
            self.assertNotIn(mine, self.visible(root))

    def test_workers_are_the_users_and_have_no_privilege(self):
        path = self.create(self.carol)
        self.carol.call(path, "Operation", "Start")
        wait_until(lambda: self.get(self.carol, path, "Status") == "completed", "completed")
        states = []
        for pid in self.daemon.workers():
            with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                states.append(dict(line.rstrip("\n").split(":\t", 1) for line in file
                                   if ":\t" in line))
        self.assertIn(str(CAROL), [state["Uid"].split()[0] for state in states])
        for state in states:
            self.assertEqual(len(set(state["Uid"].split())), 1)
            self.assertNotEqual(state["Uid"].split()[0], "0")
            self.assertEqual((int(state["CapEff"], 16), int(state["CapPrm"], 16),
                              state["NoNewPrivs"]), (0, 0, "1"))


if __name__ == "__main__":
    unittest.main()
