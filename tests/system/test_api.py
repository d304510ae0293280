#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Objects, properties and signals as applications see them, and who sees what."""

import os
import pwd
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import xml.etree.ElementTree as ElementTree

from gi.repository import Gio, GLib

from harness.bus import Bus
from harness.daemon import NAME, PATH, Daemon, error_name
from harness.servers import Body, FaultyServer, sending
from harness.service import ServiceTest
from harness.signals import Signals
from harness.wait import DEADLINE_SECONDS, wait_until

V = GLib.Variant
OPERATIONS = f"{PATH}/operations"
MISSING = f"{OPERATIONS}/00000000_0000_4000_8000_000000000000"
DBUS = "org.freedesktop.DBus"
ERROR = f"{DBUS}.Error"
STANDARD = {f"{DBUS}.Properties", f"{DBUS}.Introspectable", f"{DBUS}.Peer"}
MIB = 1024 * 1024


class ApiTest(ServiceTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.body = Body(300_000)
        cls.release = threading.Event()
        cls.server.serve("/file", sending(cls.body))
        cls.server.serve("/held", sending(cls.body, hold=(100_000, cls.release)))

    def setUp(self):
        self.release.clear()

    def tearDown(self):
        self.release.set()
        super().tearDown()

    def run_program(self, *command):
        """What it writes; it must end with 0."""
        done = subprocess.run(command, env=self.bus.environment(), capture_output=True, text=True,
                              timeout=DEADLINE_SECONDS, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def introspect(self, path, connection=None):
        return (connection or self.daemon.connection).call_sync(
            NAME, path, f"{DBUS}.Introspectable", "Introspect", None, None,
            Gio.DBusCallFlags.NONE, -1, None).unpack()[0]

    def stored(self, path):
        return self.daemon.stored()[path.rsplit("/", 1)[1]]


class Introspection(ApiTest):
    def interfaces_and_nodes(self, path):
        node = ElementTree.fromstring(self.introspect(path))
        return ({interface.get("name") for interface in node.findall("interface")},
                {child.get("name") for child in node.findall("node")})

    def test_the_root_has_its_interfaces_and_children(self):
        interfaces, nodes = self.interfaces_and_nodes(PATH)
        self.assertGreaterEqual(interfaces,
                                STANDARD | {f"{NAME}.Manager", f"{DBUS}.ObjectManager"})
        self.assertIn("operations", nodes)

    def test_the_operations_are_children_of_their_folder(self):
        paths = {self.create() for _ in range(3)}
        interfaces, nodes = self.interfaces_and_nodes(OPERATIONS)
        self.assertEqual(interfaces - STANDARD, set())
        self.assertEqual({f"{OPERATIONS}/{node}" for node in nodes}, paths)

    def test_an_operation_has_its_interfaces(self):
        interfaces, nodes = self.interfaces_and_nodes(self.create())
        self.assertEqual(interfaces, STANDARD | {f"{NAME}.Operation", f"{NAME}.Download"})
        self.assertEqual(nodes, set())

    def test_what_is_missing_is_empty(self):
        for path in (MISSING, f"{OPERATIONS}/x", f"{PATH}/x", f"{MISSING}/x"):
            with self.subTest(path=path):
                self.assertEqual(self.interfaces_and_nodes(path), (set(), set()))

    def test_the_paths_above_lead_to_it(self):
        for path, child in (("/", "org"), ("/org", "example"),
                            ("/org/example", "BackgroundTransfer")):
            with self.subTest(path=path):
                self.assertIn(child, self.interfaces_and_nodes(path)[1])

    def test_gdbus_and_busctl_walk_the_tree(self):
        path = self.create()
        text = self.run_program("gdbus", "introspect", "--session", "--dest", NAME,
                                "--object-path", PATH, "--recurse")
        self.assertIn(path, text)
        self.assertIn("RangesDownloaded", text)
        busctl = ["busctl", f"--address={self.bus.address}"]
        tree = self.run_program(*busctl, "tree", "--list", NAME).split()
        self.assertIn(path, tree)
        self.assertIn("OperationLimit", self.run_program(*busctl, "introspect", NAME, PATH))
        text = self.run_program(*busctl, "introspect", NAME, path)
        self.assertIn(".WebErrorStatus", text)

    def test_a_download_by_hand(self):
        destination = self.new_destination()
        busctl = ["busctl", f"--address={self.bus.address}"]
        text = self.run_program(*busctl, "call", NAME, PATH, f"{NAME}.Manager", "CreateDownload",
                                "ssa{sv}", self.server.uri("/file"), destination, "1", "priority",
                                "s", "high")
        path = text.split('"')[1]
        self.run_program("gdbus", "call", "--session", "--dest", NAME, "--object-path", path,
                         "--method", f"{NAME}.Operation.Start")
        self.daemon.wait_for_status(path, "completed")
        text = self.run_program(*busctl, "get-property", NAME, path, f"{NAME}.Operation", "Status",
                                "Priority", "BytesReceived")
        self.assertEqual(text.split("\n")[:3], ['s "completed"', 's "high"', "t 300000"])
        self.assertEqual(os.path.getsize(destination), 300_000)


class Missing(ApiTest):
    """What does not exist, and calls that do not."""

    CALLS = [
        (f"{NAME}.Operation", "Start", None),
        (f"{NAME}.Operation", "OpenResult", V("(t)", (0,))),
        (f"{NAME}.Download", "GetDownloadedRanges", None),
        (f"{DBUS}.Properties", "GetAll", V("(s)", (f"{NAME}.Operation",))),
        (f"{DBUS}.Properties", "Get", V("(ss)", (f"{NAME}.Operation", "Status"))),
        (f"{DBUS}.Properties", "Set", V("(ssv)", (f"{NAME}.Operation", "Priority", V("s", "low")))),
    ]

    def test_an_object_that_is_not_there_is_unknown(self):
        for path in (MISSING, f"{OPERATIONS}/x", f"{PATH}/x"):
            for interface, method, arguments in self.CALLS:
                with self.subTest(path=path, method=method):
                    self.assert_refused(f"{ERROR}.UnknownObject", self.daemon.call, path, interface,
                                        method, arguments, says=path)

    def test_a_method_or_interface_that_is_not_there_is_unknown(self):
        path = self.create()
        self.assert_refused(f"{ERROR}.UnknownMethod", self.daemon.call, path, "Operation", "Begin")
        self.assert_refused(f"{ERROR}.UnknownMethod", self.daemon.call, path, "Engine", "Start")
        self.assert_refused(f"{ERROR}.UnknownMethod", self.daemon.call, PATH, "Operation", "Start")
        self.assert_refused(f"{ERROR}.InvalidArgs", self.daemon.call, path, "Operation", "Start",
                            V("(s)", ("now",)))
        self.assert_refused(f"{ERROR}.InvalidArgs", self.daemon.call, PATH, "Manager",
                            "CreateDownload", V("(ss)", ("http://host/", "/tmp/x")))

    def test_what_is_acknowledged_is_missing(self):
        path = self.create()
        self.daemon.call(path, "Operation", "Cancel")
        self.daemon.wait_for_status(path, "canceled")
        self.daemon.call(path, "Operation", "Acknowledge")
        for interface, method, arguments in self.CALLS:
            self.assert_refused(f"{ERROR}.UnknownObject", self.daemon.call, path, interface, method,
                                arguments)


class Properties(ApiTest):
    def test_get_and_get_all_and_the_object_manager_agree(self):
        path = self.create(start=True)
        self.daemon.wait_for_status(path, "completed")
        managed = self.daemon.operations()[path]
        self.assertEqual(set(managed), {f"{NAME}.Operation", f"{NAME}.Download"})
        for interface, values in managed.items():
            self.assertEqual(self.daemon.get_all(path, interface.rsplit(".", 1)[1]), values)
            for name, value in values.items():
                self.assertEqual(self.daemon.get(path, name, interface.rsplit(".", 1)[1]), value)

    def test_the_manager_has_a_version_and_a_limit(self):
        values = self.daemon.get_all(PATH, "Manager")
        self.assertEqual(values["OperationLimit"], 200)
        self.assertRegex(values["Version"], r"^\d+\.\d+")

    def test_what_is_read_only_stays(self):
        path = self.create()
        before = self.daemon.get_all(path)
        for name, value in (("Status", V("s", "completed")), ("BytesReceived", V("t", 1)),
                            ("Metadata", V("a{sv}", {})), ("Guid", V("s", "x"))):
            self.assert_refused(f"{ERROR}.PropertyReadOnly", self.daemon.set, path, name, value,
                                says=name)
        self.assert_refused(f"{ERROR}.PropertyReadOnly", self.daemon.set, path, "Destination",
                            V("s", "/tmp/x"), "Download")
        self.assert_refused(f"{ERROR}.PropertyReadOnly", self.daemon.set, PATH, "OperationLimit",
                            V("u", 1), "Manager")
        self.assertEqual(self.daemon.get_all(path), before)

    def test_what_is_wrong_says_so(self):
        path = self.create()
        self.assert_refused(f"{ERROR}.InvalidArgs", self.daemon.set, path, "Priority", V("u", 1),
                            says="Priority")
        self.assert_refused(f"{ERROR}.UnknownProperty", self.daemon.set, path, "Colour",
                            V("s", "red"), says="Colour")
        self.assert_refused(f"{ERROR}.UnknownProperty", self.daemon.get, path, "Colour",
                            says="Colour")
        for interface in ("Manager", "Upload", "Nothing"):
            self.assert_refused(f"{ERROR}.UnknownInterface", self.daemon.get_all, path, interface,
                                says=interface)
        self.assert_refused(f"{ERROR}.UnknownInterface", self.daemon.get, path, "Status", "Nothing")
        self.assert_refused(f"{ERROR}.UnknownInterface", self.daemon.get_all, PATH, "Operation")

    def test_a_change_is_told_and_saved_before_it_is_answered(self):
        path = self.create()
        with Signals(self.bus.connect()) as signals:
            self.daemon.set(path, "Priority", V("s", "low"))
            self.assertIn("low", self.stored(path))
            signals.wait_for(lambda: signals.changes(path), "the change is told")
            self.assertEqual([changes for _, changes in signals.changes(path)],
                             [{"Priority": "low"}])
            self.daemon.set(path, "RecoverableErrors", V("as", ["timeout"]), "Download")
            signals.wait_for(lambda: signals.changes(path, "Download"), "the change is told")
            self.assertEqual(signals.changes(path, "Download")[0][1],
                             {"RecoverableErrors": ["timeout"]})


class Progress(ApiTest):
    def test_progress_is_told_at_most_four_times_a_second_and_at_the_end(self):
        self.server.serve("/large", sending(Body(3 * MIB)))
        with Signals(self.bus.connect()) as signals:
            begin = time.monotonic()
            path = self.create("/large", start=True, max_rate=V("t", MIB))
            signals.wait_for(lambda: signals.of("Finished", path), "it is finished")
            seconds = time.monotonic() - begin
            told = [changes["BytesReceived"]
                    for _, changes in signals.changes(path) if "BytesReceived" in changes]
        self.assertGreater(len(told), 3)
        self.assertEqual(told[-1], 3 * MIB)
        self.assertEqual(told, sorted(told))
        self.assertLessEqual(len(told), 4 * seconds + 2)

    def test_the_end_is_told_once_and_last_and_after_it_is_true(self):
        at_the_end = []

        def look(signal):
            if signal.name == "Finished":
                at_the_end.append((os.path.exists(destination), self.stored(signal.path)))

        destination = self.new_destination()
        with Signals(self.bus.connect(), look) as signals:
            path = self.daemon.create_download(self.server.uri("/file"), destination, start=True)
            signals.wait_for(lambda: signals.of("Finished", path), "it is finished")
            self.daemon.get_all(path)
            signals.dispatch()
            self.assertEqual([signal.arguments for signal in signals.of("Finished", path)],
                             [("completed",)])
            self.assertTrue(at_the_end[0][0])
            self.assertIn("completed", at_the_end[0][1])
            of_it = [signal for signal in signals.all if signal.path == path]
            self.assertEqual(of_it[-1].name, "Finished")
            known = {}
            for _, changes in signals.changes(path):
                known.update(changes)
            after = self.daemon.get_all(path)
            self.assertEqual(known, {name: after[name] for name in known})
            self.assertEqual(known["Status"], "completed")

    def test_the_ranges_are_told(self):
        with Signals(self.bus.connect()) as signals:
            path = self.create(start=True)
            signals.wait_for(lambda: signals.of("Finished", path), "it is finished")
            arrived = sorted(piece for signal in signals.of("RangesDownloaded", path)
                             for piece in signal.arguments[1])
        self.assertEqual(sum(length for _, length in arrived), 300_000)
        self.assertEqual(self.daemon.call(path, "Download", "GetDownloadedRanges")[0],
                         [(0, 300_000)])

    def test_every_end_is_told(self):
        with Signals(self.bus.connect()) as signals:
            failing = self.create("/missing", start=True)
            held = self.create("/held", start=True)
            self.daemon.wait_for_bytes(held, 1)
            self.daemon.call(held, "Operation", "Cancel")
            new = self.create()
            self.daemon.call(new, "Operation", "Cancel")
            for path, status in ((failing, "error"), (held, "canceled"), (new, "canceled")):
                signals.wait_for(lambda path=path: signals.of("Finished", path), "it is finished")
                self.assertEqual([signal.arguments for signal in signals.of("Finished", path)],
                                 [(status,)])


class ObjectManager(ApiTest):
    def test_gio_object_manager_client_follows(self):
        before = self.create()
        client = Gio.DBusObjectManagerClient.new_sync(
            self.bus.connect(), Gio.DBusObjectManagerClientFlags.NONE, NAME, PATH, None, None, None)
        def paths():
            Signals.dispatch()
            return {proxy.get_object_path() for proxy in client.get_objects()} - {PATH}
        self.assertEqual(paths(), {before})

        path = self.create(start=True, metadata=V("a{sv}", {"a": V("s", "b")}))
        wait_until(lambda: paths() == {before, path}, "the new one is there")
        proxy = client.get_interface(path, f"{NAME}.Operation")
        self.assertEqual(proxy.get_cached_property("Metadata").unpack(), {"a": "b"})
        def is_completed():
            Signals.dispatch()
            return proxy.get_cached_property("Status").unpack() == "completed"
        wait_until(is_completed, "its properties follow")
        cached = {name: proxy.get_cached_property(name).unpack()
                  for name in proxy.get_cached_property_names()}
        self.assertEqual(cached, self.daemon.get_all(path))

        self.daemon.call(path, "Operation", "Acknowledge")
        wait_until(lambda: paths() == {before}, "the old one is gone")

    def test_coming_and_going_is_told(self):
        with Signals(self.bus.connect()) as signals:
            path = self.create()
            signals.wait_for(lambda: signals.of("InterfacesAdded"), "it is added")
            added, = signals.of("InterfacesAdded")
            self.assertEqual((added.path, added.arguments[0]), (PATH, path))
            self.assertEqual(added.arguments[1], self.daemon.operations()[path])
            self.daemon.call(path, "Operation", "Cancel")
            self.daemon.wait_for_status(path, "canceled")
            self.daemon.call(path, "Operation", "Acknowledge")
            signals.wait_for(lambda: signals.of("InterfacesRemoved"), "it is removed")
            removed, = signals.of("InterfacesRemoved")
            self.assertEqual(removed.arguments, (path, list(added.arguments[1])))
            self.assertEqual(signals.all[-1], removed)

    def test_what_is_not_created_is_not_told(self):
        with Signals(self.bus.connect()) as signals:
            self.assert_refused("InvalidArgument", self.create, priority="none")
            self.assert_refused("NotFound", self.daemon.create_download, self.server.uri("/file"),
                                "/no-such-folder/file")
            self.daemon.operations()
            signals.dispatch()
            self.assertEqual(signals.all, [])


class Batches(ApiTest):
    def spec(self, path="/file", **more):
        return {"kind": V("s", "download"), "uri": V("s", self.server.uri(path)),
                "destination": V("s", self.new_destination()), **more}

    def create_all(self, *specs):
        return self.daemon.call(PATH, "Manager", "CreateOperations", V("(aa{sv})", (specs,)))[0]

    def test_all_are_made_in_order(self):
        specs = [self.spec(metadata=V("a{sv}", {"number": V("u", number)})) for number in range(20)]
        paths = self.create_all(*specs)
        self.assertEqual([self.daemon.get(path, "Metadata")["number"] for path in paths],
                         list(range(20)))
        self.assertEqual({self.daemon.get(path, "Status") for path in paths}, {"idle"})
        self.assertEqual(self.create_all(), [])

    def test_start_is_theirs_one_by_one(self):
        started, waiting = self.create_all(self.spec(start=V("b", True)),
                                           self.spec(start=V("b", False)))
        self.daemon.wait_for_status(started, "completed")
        self.assertEqual(self.daemon.get(waiting, "BlockedBy"), ["not-started"])

    def test_all_are_there_before_one_moves(self):
        with Signals(self.bus.connect()) as signals:
            paths = self.create_all(*[self.spec(start=V("b", True)) for _ in range(10)])
            signals.wait_for(lambda: len(signals.of("Finished")) == 10, "all are finished")
            names = [signal.name for signal in signals.all]
        self.assertEqual(names[:10], ["InterfacesAdded"] * 10)
        self.assertEqual(names.count("InterfacesAdded"), 10)
        self.assertEqual(set(self.daemon.operations()), set(paths))

    def test_one_that_is_wrong_spoils_all(self):
        wrong = [
            ("InvalidArgument", "priority", self.spec(priority=V("s", "none"))),
            ("InvalidArgument", "kind", self.spec(kind=V("s", "theft"))),
            ("InvalidArgument", "kind", self.spec(kind=V("u", 1))),
            ("InvalidArgument", "start", self.spec(start=V("s", "yes"))),
            ("InvalidArgument", "uri", self.spec(uri=V("s", "file"))),
            ("InvalidArgument", "destination", self.spec(destination=V("s", "file"))),
            ("InvalidArgument", "source", self.spec(source=V("s", "/etc/hostname"))),
            ("InvalidArgument", "destination-file", self.spec(**{"destination-file":
                                                                 V("a{sv}", {})})),
            ("InvalidArgument", "colour", self.spec(colour=V("s", "red"))),
            ("NotFound", "", {"kind": V("s", "upload"), "uri": V("s", "http://host/"),
                              "source": V("s", "/no-such-file")}),
            ("NotFound", "", self.spec(destination=V("s", "/no-such-folder/file"))),
        ]
        for name in ("kind", "uri", "destination"):
            spec = self.spec()
            del spec[name]
            wrong.append(("InvalidArgument", name, spec))
        asked_before = self.server.heads("/file")
        with Signals(self.bus.connect()) as signals:
            for error, word, spec in wrong:
                with self.subTest(wrong=word, error=error):
                    message = self.assert_refused(
                        error, self.create_all, self.spec(start=V("b", True)), self.spec(), spec,
                        self.spec(), says=word)
                    self.assertIn("Operation 2", message)
            self.daemon.operations()
            signals.dispatch()
            self.assertEqual(signals.all, [])
        self.assertEqual(self.daemon.operations(), {})
        self.assertEqual(self.daemon.stored(), {})
        self.assertEqual(self.server.heads("/file"), asked_before)


    def test_of_many_the_files_of_each_are_looked_at(self):
        specs = [self.spec() for _ in range(40)]
        for number, error, wrong in (
                (33, "NotFound", self.spec(destination=V("s", "/no-such-folder/file"))),
                (20, "NotFound", {"kind": V("s", "upload"), "uri": V("s", "http://host/"),
                                  "source": V("s", "/no-such-file")}),
                (7, "AlreadyExists", self.spec(destination=V("s", self.daemon.configuration)))):
            specs[number] = wrong
            message = self.assert_refused(error, self.create_all, *specs)
            self.assertIn(f"Operation {number}:", message)
        self.assertEqual(self.daemon.stored(), {})


class Limits(ApiTest):
    def test_the_two_hundred_and_first_is_refused_and_no_other_is_touched(self):
        spec = {"kind": V("s", "download"), "uri": V("s", self.server.uri("/file"))}
        def create(count, **more):
            return self.daemon.call(PATH, "Manager", "CreateOperations", V("(aa{sv})", ([
                {**spec, "destination": V("s", self.new_destination()), **more}
                for _ in range(count)],)))[0]
        paths = create(199)
        self.assert_refused("LimitExceeded", create, 2, says="200")
        paths += create(1)
        before = self.daemon.operations()
        self.assertEqual(len(before), 200)
        self.assert_refused("LimitExceeded", self.create, says="200")
        self.assert_refused("LimitExceeded", create, 1)
        self.assertEqual(self.daemon.operations(), before)
        self.assertEqual(len(self.daemon.stored()), 200)

        create(1, **{"application-id": V("s", "org.example.Other")})
        self.daemon.call(paths[0], "Operation", "Cancel")
        self.daemon.wait_for_status(paths[0], "canceled")
        self.create()
        self.assert_refused("LimitExceeded", self.create)
        self.daemon.call(paths[1], "Operation", "Start")
        self.daemon.wait_for_status(paths[1], "completed")
        self.create()


    def test_metadata_may_be_given_back(self):
        """A bus puts out who sends values that are too deep in each other, which they get by being
        given back."""
        def nested(depth):
            value = V("s", "x")
            for _ in range(depth):
                value = V("v", value)
            return V("a{sv}", {"deep": value})

        pid = self.daemon.pid()
        self.create(metadata=nested(29))
        for depth in (30, 53, 55, 57, 58):
            self.assert_refused("InvalidArgument", self.create, metadata=nested(depth))
        self.assertEqual(len(self.daemon.operations()), 1)
        self.assertEqual(self.daemon.pid(), pid)


class UserLimit(ApiTest):
    SETTINGS = {"Transfers": {"MaxOperationsPerUser": "3"}}

    def test_a_user_has_a_limit_too(self):
        for number in range(3):
            self.create(application_id=f"org.example.App{number}")
        self.assert_refused("LimitExceeded", self.create, application_id="org.example.Other",
                            says="3")


class Results(ApiTest):
    SETTINGS = {"Transfers": {"CheckpointBytes": str(MIB)}}

    def open_result(self, path, position=0, connection=None):
        reply, fds = (connection or self.daemon.connection).call_with_unix_fd_list_sync(
            NAME, path, f"{NAME}.Operation", "OpenResult", V("(t)", (position,)), None,
            Gio.DBusCallFlags.NONE, -1, None, None)
        return os.fdopen(fds.get(reply.unpack()[0]), "rb")

    def test_what_has_not_arrived_is_not_available(self):
        path = self.create()
        for position in (0, 1, 2 ** 64 - 1):
            self.assert_refused("NotYetAvailable", self.open_result, path, position)
        self.daemon.call(path, "Operation", "Cancel")
        self.daemon.wait_for_status(path, "canceled")
        self.assert_refused("NotYetAvailable", self.open_result, path)

    def test_a_growing_file_is_read_while_it_grows(self):
        body = Body(8 * MIB)
        self.server.serve("/growing", sending(body, hold=(5 * MIB, self.release)))
        path = self.create("/growing", start=True)
        self.daemon.wait_for_bytes(path, 100_000)
        with self.open_result(path, 50_000) as file:
            self.assertEqual(file.tell(), 50_000)
            self.assertEqual(file.read(50_000), body.read(50_000, 100_000))
            self.assert_refused("NotYetAvailable", self.open_result, path, 6 * MIB)
            with self.assertRaises(OSError):
                os.write(file.fileno(), b"x")
            self.release.set()
            self.daemon.wait_for_status(path, "completed")
            self.assertEqual(file.read(), body.read(100_000))

    def test_what_has_come_from_a_server_that_stalls_is_read(self):
        body = Body(8 * MIB)
        for count in (100, 50_000, MIB + 1000):
            with self.subTest(count=count):
                uri = f"/stalled-{count}"
                self.server.serve(uri, sending(body, hold=(count, self.release)))
                path = self.create(uri, start=True)
                self.daemon.wait_for_bytes(path, count)
                with self.open_result(path) as file:
                    self.assertEqual(file.read(count), body.read(0, count))
                with self.open_result(path, count - 1) as file:
                    self.assertEqual(file.read(1), body.read(count - 1, count))
                self.assert_refused("NotYetAvailable", self.open_result, path, count)

    def test_all_that_is_counted_is_read_long_before_a_checkpoint_is_due(self):
        body = Body(MIB // 2)

        def drip(exchange):
            exchange.send_head("200 OK", Content_Length=body.size)
            for offset in range(0, body.size, 1024):
                exchange.send(body.read(offset, offset + 1024))
                self.release.wait(0.01)

        self.server.serve("/drip", drip)
        path = self.create("/drip", start=True)
        for count in (1, 50_000, 100_000):
            self.daemon.wait_for_bytes(path, count)
            last = self.daemon.get(path, "BytesReceived") - 1
            with self.open_result(path, last) as file:
                self.assertEqual(file.read(1), body.read(last, last + 1))
        self.release.set()
        self.daemon.wait_for_status(path, "completed")

    def test_what_is_paused_and_what_is_completed_is_read(self):
        path = self.create("/held", start=True)
        self.daemon.wait_for_bytes(path, 100_000)
        self.daemon.call(path, "Operation", "Pause")
        with self.open_result(path) as file:
            self.assertEqual(file.read(100_000), self.body.read(0, 100_000))
        self.release.set()
        self.daemon.call(path, "Operation", "Resume")
        self.daemon.wait_for_status(path, "completed")
        for position in (0, 1, 299_999):
            with self.open_result(path, position) as file:
                self.assertEqual(file.read(), self.body.read(position))
        self.assert_refused("NotYetAvailable", self.open_result, path, 300_001)

    def test_a_new_daemon_opens_it_too(self):
        path = self.create(start=True)
        self.daemon.wait_for_status(path, "completed")
        self.assertEqual(self.daemon.terminate(), 0)
        self.daemon.start()
        with self.open_result(path, 7) as file:
            self.assertEqual(file.read(), self.body.read(7))


class SystemDaemon(Daemon):
    """On the bus that is the system's."""

    def __init__(self, bus):
        super().__init__(bus)
        self.environment.update(bus.environment(system=True))

    def command(self):
        return [argument for argument in super().command() if argument != "--session"]


class User:
    """A connection that the bus takes for another user's."""

    def __init__(self, bus, uid):
        self.uid = uid
        self.folder = tempfile.mkdtemp(prefix="bgt-user-")
        os.chown(self.folder, uid, uid)
        # Whose a connection is, is decided when it is made.
        os.setresuid(uid, uid, 0)
        try:
            self.connection = bus.connect()
        finally:
            os.setresuid(0, 0, 0)

    def close(self):
        shutil.rmtree(self.folder)

    def call(self, path, interface, method, arguments=None):
        if "." not in interface:
            interface = f"{NAME}.{interface}"
        return self.connection.call_sync(NAME, path, interface, method, arguments, None,
                                         Gio.DBusCallFlags.NONE, DEADLINE_SECONDS * 1000,
                                         None).unpack()

    def create(self, uri, destination=None, **options):
        destination = destination or f"{self.folder}/file-{len(os.listdir(self.folder))}"
        return self.call(PATH, "Manager", "CreateDownload",
                         V("(ssa{sv})", (uri, destination, options)))[0]

    def operations(self):
        return self.call(PATH, f"{DBUS}.ObjectManager", "GetManagedObjects")[0]

    def status(self, path):
        return self.call(path, f"{DBUS}.Properties", "Get",
                         V("(ss)", (f"{NAME}.Operation", "Status")))[0]


@unittest.skipUnless(os.geteuid() == 0, "other users need root")
class Users(unittest.TestCase):
    """Three users of the system bus."""

    maxDiff = None

    def setUp(self):
        self.bus = Bus()
        os.chmod(self.bus.folder, 0o755)
        self.enterContext(self.bus)
        self.server = self.enterContext(FaultyServer())
        self.body = Body(200_000)
        self.server.serve("/file", sending(self.body))
        self.daemon = self.enterContext(SystemDaemon(self.bus))
        # The bus knows only users of the system.
        uids = [user.pw_uid for user in pwd.getpwall() if user.pw_uid not in (0, 65534)][:3]
        self.users = [User(self.bus, uid) for uid in uids]
        for user in self.users:
            self.addCleanup(user.close)

    def wait_for(self, user, path, status):
        wait_until(lambda: user.status(path) == status, status)

    def test_files_are_the_users_own(self):
        for user in self.users:
            path = user.create(self.server.uri("/file"), f"{user.folder}/own")
            user.call(path, "Operation", "Start")
            self.wait_for(user, path, "completed")
            self.assertEqual(os.stat(f"{user.folder}/own").st_uid, user.uid)
            properties = user.operations()[path][f"{NAME}.Operation"]
            self.assertEqual(properties["Uid"], user.uid)

    def assert_error(self, name, function, *arguments):
        with self.assertRaises(GLib.Error) as caught:
            function(*arguments)
        self.assertEqual(error_name(caught.exception), name)
        return caught.exception.message

    def test_nobody_writes_where_he_may_not(self):
        one, two, _ = self.users
        self.assert_error("AccessDenied", one.create, self.server.uri("/file"), "/root/file")
        os.chmod(two.folder, 0o700)
        self.assert_error("AccessDenied", one.create, self.server.uri("/file"), f"{two.folder}/file")
        self.assertEqual(one.operations().keys(), {PATH} & one.operations().keys())

    def test_nobody_sees_what_is_anothers(self):
        one, two, three = self.users
        paths = {user: user.create(self.server.uri("/file")) for user in (one, two)}
        for user, others in ((one, [two]), (two, [one]), (three, [one, two])):
            seen = str(user.operations()) + "".join(
                user.call(path, f"{DBUS}.Introspectable", "Introspect")[0]
                for path in (PATH, OPERATIONS))
            for other in others:
                self.assertNotIn(paths[other].rsplit("/", 1)[1], seen)
        self.assertIn(paths[one], one.operations())
        self.assertIn(paths[one].rsplit("/", 1)[1],
                      one.call(OPERATIONS, f"{DBUS}.Introspectable", "Introspect")[0])

    def test_what_is_anothers_is_as_what_is_missing(self):
        one, two, _ = self.users
        path = one.create(self.server.uri("/file"))
        for interface, method, arguments in Missing.CALLS + [
                (f"{NAME}.Operation", name, None) for name in ("Attach", "Cancel", "Acknowledge")]:
            with self.subTest(method=method):
                theirs = self.assert_error(f"{ERROR}.UnknownObject", two.call, path, interface,
                                           method, arguments)
                missing = self.assert_error(f"{ERROR}.UnknownObject", two.call, MISSING, interface,
                                            method, arguments)
                self.assertEqual(theirs.replace(path, MISSING), missing)
        self.assertEqual(two.call(path, f"{DBUS}.Introspectable", "Introspect"),
                         two.call(MISSING, f"{DBUS}.Introspectable", "Introspect"))
        self.assertEqual(one.status(path), "idle")

    def test_signals_reach_their_owner_alone(self):
        one, two, _ = self.users
        again = User(self.bus, one.uid)
        self.addCleanup(again.close)
        stranger = self.bus.connect()
        with Signals(one.connection) as own, Signals(two.connection) as others, \
                Signals(again.connection) as silent, Signals(stranger) as nobodys:
            two.operations()
            path = one.create(self.server.uri("/file"))
            one.call(path, "Operation", "Start")
            own.wait_for(lambda: own.of("Finished", path), "it is finished")
            self.assertEqual(len(own.of("Finished", path)), 1)
            self.assertEqual(len(own.of("InterfacesAdded")), 1)
            self.assertTrue(own.changes(path))
            again.call(path, "Operation", "Attach")
            one.call(path, "Operation", "Acknowledge")
            silent.wait_for(lambda: silent.of("InterfacesRemoved"), "it has come back")
            two.operations()
            for signals in (others, nobodys):
                signals.dispatch()
                self.assertEqual(signals.all, [])
            self.assertEqual([signal.name for signal in silent.all], ["InterfacesRemoved"])

    def test_root_is_served_as_a_user_or_told_why_not(self):
        root = self.daemon.connection
        try:
            root.call_sync(NAME, PATH, f"{NAME}.Manager", "CreateDownload",
                           V("(ssa{sv})", (self.server.uri("/file"), f"{self.daemon.folder}/x", {})),
                           None, Gio.DBusCallFlags.NONE, DEADLINE_SECONDS * 1000, None)
        except GLib.Error as error:
            self.assertIn(f"{NAME}.Error.", Gio.DBusError.get_remote_error(error))
            self.assertEqual(self.daemon.operations(), {})


if __name__ == "__main__":
    unittest.main()
