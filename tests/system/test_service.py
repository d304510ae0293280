#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service on its machine: what it keeps and who may read it, how it is started and left, and
that what it serves is what is promised."""

import os
import shlex
import stat
import subprocess
import threading
import time
import unittest
import xml.etree.ElementTree as ElementTree

from gi.repository import Gio, GLib

from contract.reference import PREFIX, REFERENCE, REQUIRED, differences
from harness.bus import Bus
from harness.daemon import NAME, PATH, Daemon, is_running, program
from harness.servers import Body, FaultyServer, sending
from harness.service import ServiceTest
from harness.wait import DEADLINE_SECONDS, wait_until

V = GLib.Variant


class Promises(ServiceTest):
    def introspect(self, path):
        xml = self.daemon.call(path, "org.freedesktop.DBus.Introspectable", "Introspect")[0]
        return {element.get("name").removeprefix(PREFIX): element
                for element in ElementTree.fromstring(xml).findall("interface")}

    def test_the_objects_have_what_is_promised(self):
        served = {**self.introspect(PATH), **self.introspect(self.create())}
        self.assertEqual(set(REQUIRED) - set(served), set())
        self.assertEqual([line for name, element in served.items() if name in REFERENCE
                          for line in differences(name, element)], [])

    def test_every_promised_property_can_be_read(self):
        path = self.create()
        for name in REQUIRED:
            values = self.daemon.call(PATH if name == "Manager" else path,
                                      "org.freedesktop.DBus.Properties", "GetAll",
                                      V("(s)", (PREFIX + name,)))[0]
            promised = {key[1] for key in REFERENCE[name] if key[0] == "property"}
            self.assertLessEqual(promised, set(values))

    def test_a_reply_has_the_promised_type(self):
        path = self.create()
        for name in REQUIRED:
            reply = self.daemon.connection.call_sync(
                NAME, PATH if name == "Manager" else path, "org.freedesktop.DBus.Properties",
                "GetAll", V("(s)", (PREFIX + name,)), None, Gio.DBusCallFlags.NONE, -1, None)
            values = reply.get_child_value(0)
            for key, signature in REFERENCE[name].items():
                if key[0] == "property":
                    with self.subTest(interface=name, property=key[1]):
                        value = values.lookup_value(key[1], None)
                        self.assertEqual(value.get_type_string(), signature[0])


class State(ServiceTest):
    def test_nobody_else_reads_what_is_kept(self):
        self.create(server_credential=V("(ss)", ("user", "very secret")))
        kept = []
        for folder, _, files in os.walk(self.daemon.state):
            self.assertEqual(stat.S_IMODE(os.stat(folder).st_mode), 0o700, folder)
            for name in files:
                path = os.path.join(folder, name)
                kept.append(path)
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600, path)
        self.assertGreater(len(kept), 0)

    def test_secrets_are_not_told_or_logged(self):
        self.server.serve("/file", sending(Body(1000)))
        path = self.create(start=True, server_credential=V("(ss)", ("user", "very secret")),
                           headers=V("a{ss}", {"Authorization": "Bearer also-secret"}))
        self.daemon.wait_for_status(path, "completed")
        shown = str(self.daemon.operations()) + self.daemon.log()
        for secret in ("very secret", "also-secret"):
            self.assertNotIn(secret, shown)

    def test_the_folder_is_made_private_even_where_the_umask_is_open(self):
        with Bus() as bus:
            daemon = Daemon(bus)
            mask = os.umask(0)
            try:
                daemon.start()
                daemon.create_download("http://127.0.0.1:1/", f"{daemon.folder}/file")
                for folder, _, files in os.walk(daemon.state):
                    for name in [folder] + [os.path.join(folder, file) for file in files]:
                        self.assertEqual(os.stat(name).st_mode & 0o077, 0, name)
            finally:
                os.umask(mask)
                daemon.stop()


class Activation(unittest.TestCase):
    """Started by the bus, gone when there is nothing to do, and back for the next call."""

    def setUp(self):
        self.bus = self.enterContext(Bus())
        self.server = self.enterContext(FaultyServer())
        self.server.serve("/file", sending(Body(1000)))
        self.daemon = Daemon(self.bus, arguments=["--idle-exit", "2"])
        self.daemon.connection = self.bus.connect()
        self.addCleanup(self.daemon.stop)
        environment = [f"{name}={self.daemon.environment[name]}"
                       for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME",
                                    "DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS")]
        self.bus.add_service(NAME, shlex.join(["/usr/bin/env", *environment,
                                               *self.daemon.command()]))

    def call(self, path, interface, method, arguments=None):
        return self.bus.connect().call_sync(NAME, path, f"{NAME}.{interface}", method, arguments,
                                            None, Gio.DBusCallFlags.NONE, DEADLINE_SECONDS * 1000,
                                            None).unpack()

    def test_the_bus_starts_it_and_it_leaves_and_comes_back(self):
        self.assertIsNone(self.daemon.owner())
        destination = f"{self.daemon.folder}/file"
        path = self.call(PATH, "Manager", "CreateDownload",
                         V("(ssa{sv})", (self.server.uri("/file"), destination, {})))[0]
        first = self.daemon.owner()
        self.assertIsNotNone(first)
        wait_until(lambda: self.daemon.owner() is None, "it has nothing to do and leaves")
        self.call(path, "Operation", "Start")
        self.assertNotEqual(self.daemon.owner(), first)
        self.daemon.wait_for_status(path, "completed")
        wait_until(lambda: self.daemon.owner() is None, "it leaves again")
        self.assertEqual(os.path.getsize(destination), 1000)


class Leaving(ServiceTest):
    SETTINGS = {"Transfers": {"ResponseTimeoutSeconds": "600"}}

    def hold(self, count):
        """Transfers of servers that have stalled."""
        release = threading.Event()
        self.addCleanup(release.set)
        self.server.serve("/held", sending(Body(300_000), hold=(100_000, release)))
        paths = [self.create("/held", start=True) for _ in range(count)]
        for path in paths:
            self.daemon.wait_for_bytes(path, 100_000)
        return paths, release

    def test_it_stops_within_five_seconds_and_what_ran_goes_on(self):
        paths, release = self.hold(6)
        waiting = self.create("/held", start=True)
        workers = self.daemon.workers()
        start = time.monotonic()
        self.daemon.process.terminate()
        self.assertEqual(self.daemon.process.wait(timeout=DEADLINE_SECONDS), 0)
        self.assertLess(time.monotonic() - start, 5)
        wait_until(lambda: not any(map(is_running, workers)),
                   "the workers have gone")
        n_before = len(self.server.heads("/held"))
        release.set()
        self.daemon.start()
        for path in [*paths, waiting]:
            self.daemon.wait_for_status(path, "completed")
        again = self.server.heads("/held")[n_before:]
        self.assertEqual(sorted(head.headers.get("range", "") for head in again),
                         [""] + ["bytes=100000-"] * 6)

    def test_a_killed_one_leaves_no_worker(self):
        paths, release = self.hold(2)
        workers = self.daemon.workers()
        self.assertGreater(len(workers), 0)
        self.daemon.kill()
        wait_until(lambda: not any(map(is_running, workers)),
                   "the workers have gone")
        release.set()
        self.daemon.start()
        for path in paths:
            self.daemon.wait_for_status(path, "completed")

    def test_an_interrupt_is_a_stop_too(self):
        self.daemon.process.send_signal(2)
        self.assertEqual(self.daemon.process.wait(timeout=DEADLINE_SECONDS), 0)
        self.daemon.start()

    def test_a_lost_bus_ends_it(self):
        with Bus() as bus:
            daemon = Daemon(bus)
            self.addCleanup(daemon.stop)
            daemon.start()
            bus.process.kill()
            self.assertEqual(daemon.process.wait(timeout=DEADLINE_SECONDS), 1)
        self.assertIn("the connection to the message bus is lost", daemon.log())


class Records(ServiceTest):
    """What cannot be read is set aside and costs itself alone."""

    DAMAGES = {
        "empty": lambda text: b"",
        "cut": lambda text: text[:len(text) // 2],
        "noise": lambda text: bytes(range(256)) * 8,
        "no intent": lambda text: text.replace(b"Intent=", b"Contents="),
        "no request": lambda text: text.replace(b"'uri'", b"'url'"),
        "another type": lambda text: text.replace(b"Uid=uint32 ", b"Uid=true #"),
        "newer": lambda text: text.replace(b"Version=", b"Version=9"),
    }

    def test_only_what_is_damaged_is_lost(self):
        paths = {name: self.create() for name in self.DAMAGES}
        whole = self.create(metadata=V("a{sv}", {"whole": V("b", True)}))
        before = self.daemon.get_all(whole)
        self.daemon.terminate()
        folder = f"{self.daemon.state}/operations"
        for name, damage in self.DAMAGES.items():
            file = f"{folder}/{paths[name].rsplit('/', 1)[1]}"
            with open(file, "rb") as stream:
                text = stream.read()
            self.assertNotEqual(damage(text), text, name)
            with open(file, "wb") as stream:
                stream.write(damage(text))
        self.daemon.start()
        operations = self.daemon.operations()
        self.assertEqual([name for name, path in paths.items() if path in operations], [])
        self.assertEqual(self.daemon.get_all(whole), before)
        aside = {name for name in os.listdir(folder) if name.endswith(".unreadable")}
        self.assertEqual(aside, {f"{path.rsplit('/', 1)[1]}.unreadable"
                                 for path in paths.values()})
        for path in paths.values():
            self.assertIn(path.rsplit("/", 1)[1], self.daemon.log())
        self.daemon.terminate()
        self.daemon.start()
        self.assertEqual(set(self.daemon.operations()), {whole})


@unittest.skipUnless(os.geteuid() == 0, "another user needs root")
class Session(unittest.TestCase):
    """Everything from its own process: who calls is seen from the process, too."""

    def call(self, daemon, prefix, path, method, *arguments):
        done = subprocess.run(
            [*prefix, "gdbus", "call", "--session", "--dest", NAME, "--object-path", path,
             "--method", method, *arguments],
            env=daemon.environment, capture_output=True, text=True,
            timeout=DEADLINE_SECONDS, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def download(self, uid, *prefix):
        bus = self.enterContext(Bus())
        server = self.enterContext(FaultyServer())
        server.serve("/file", sending(Body(1000)))
        daemon = Daemon(bus)
        self.addCleanup(daemon.stop)
        os.chmod(bus.folder, 0o755)
        os.chown(daemon.folder, uid, uid)
        os.chmod(daemon.configuration, 0o644)
        daemon.connection = bus.connect()
        with open(daemon.log_path, "w", encoding="utf-8") as log:
            daemon.process = subprocess.Popen([*prefix, *daemon.command()], stdout=log,
                                              stderr=log, env=daemon.environment)
        wait_until(daemon.owner, "it is there")
        file = f"{daemon.folder}/file"
        path = self.call(daemon, prefix, PATH, f"{NAME}.Manager.CreateDownload",
                         server.uri("/file"), file, "{}").split("'")[1]
        self.call(daemon, prefix, path, f"{NAME}.Operation.Start")
        wait_until(lambda: os.path.exists(file), "it has arrived")
        self.assertEqual((os.stat(file).st_uid, os.stat(file).st_size), (uid, 1000))
        self.assertIn(f"'Uid': <uint32 {uid}>",
                      self.call(daemon, prefix, path, "org.freedesktop.DBus.Properties.GetAll",
                                f"{NAME}.Operation"))

    def test_it_serves_root(self):
        self.download(0)

    def test_it_serves_a_user_without_privileges(self):
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                  "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]
        if subprocess.run([*nobody, "test", "-x", program("src/daemon/background-transferd")],
                          check=False).returncode != 0:
            self.skipTest("the build folder is closed to other users")
        self.download(65534, *nobody)


if __name__ == "__main__":
    unittest.main()
