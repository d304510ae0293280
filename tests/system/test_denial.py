# SPDX-License-Identifier: LGPL-2.1-or-later
"""A user who floods the service costs the others nothing that they would notice."""

import os
import resource
import time
import unittest

from gi.repository import Gio, GLib

from harness.callers import Caller, CallError, SystemBus, SystemDaemon
from harness.daemon import NAME, PATH, is_sanitized
from harness.wait import wait_until

ALICE, BOB = 1, 2
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
N_CONNECTIONS = 1000
N_CALLS = 30
# What dbus-daemon keeps of the service before it stops reading is some 450 of these answers.
N_OPERATIONS = 5
METADATA_BYTES = 60_000
# Signals of that size: so many of them to the whole crowd, or to one, are too much for it.
N_SIGNALS = 10
N_MISSED = 40
N_DESCRIPTORS = 1000
# As much as a message of a system bus may have.
MAX_STORED_BYTES = 32 * 1024 * 1024
# A call of somebody else takes as long as before, but for noise; a stalled one takes for ever.
MAX_RATIO = 10
SLOWEST_CALL_SECONDS = 3
USUAL_CALL_SECONDS = 0.05
MAX_GROWTH_KIB = 64 * 1024
# As many as the service has polkit asked at once about one user's calls, and how long a call that
# hangs holds up others of its user.
N_QUESTIONS = 8
HANGING_CALL_SECONDS = 0.5
POLKIT = """<node><interface name="org.freedesktop.PolicyKit1.Authority">
  <method name="CheckAuthorization">
    <arg type="(sa{sv})" direction="in"/><arg type="s" direction="in"/>
    <arg type="a{ss}" direction="in"/><arg type="u" direction="in"/>
    <arg type="s" direction="in"/><arg type="(bba{ss})" direction="out"/>
  </method>
</interface></node>"""


@unittest.skipIf(os.geteuid() != 0, "needs root, for processes of other users")
class Denial(unittest.TestCase):
    def setUp(self):
        self.bus = self.enterContext(SystemBus())
        self.daemon = self.enterContext(SystemDaemon(self.bus))
        self.alice = self.enterContext(Caller(self.bus, ALICE))
        self.bob = Caller(self.bus, BOB).start()
        self.addCleanup(self.bob.stop)

    def create(self, caller, name, options):
        return caller.call(PATH, "Manager", "CreateDownload", "(ssa{sv})",
                           ("http://127.0.0.1:1/", f"{caller.folder}/{name}", options))[0]

    def large_options(self):
        return {"metadata": GLib.Variant("a{sv}", {"x": GLib.Variant("s", "a" * METADATA_BYTES)})}

    def time_calls(self, count):
        """How long each of @count calls of alice has taken, sorted."""
        times = []
        for _ in range(count):
            start = time.monotonic()
            self.alice.call(PATH, OBJECT_MANAGER, "GetManagedObjects")
            times.append(time.monotonic() - start)
        return sorted(times)

    def memory_kib(self):
        with open(f"/proc/{self.daemon.process.pid}/status", encoding="utf-8") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def check_calls(self, usual):
        """Those of alice take about as long as @usual."""
        times = self.time_calls(40)
        self.assertLess(times[-1], SLOWEST_CALL_SECONDS)
        self.assertLess(times[len(times) // 2], max(MAX_RATIO * usual, USUAL_CALL_SECONDS))

    def test_arguments_of_many_small_values_are_refused_at_once(self):
        strings = {f"x-{number}": GLib.Variant("s", "") for number in range(20_000)}
        download = ("http://127.0.0.1:1/", f"{self.bob.folder}/file")
        spec = {"kind": GLib.Variant("s", "download"), "uri": GLib.Variant("s", download[0])}
        part = {"name": GLib.Variant("s", "a"), "text": GLib.Variant("s", "")}
        calls = {
            "options": ("CreateDownload", "(ssa{sv})", (*download, strings)),
            "headers": ("CreateDownload", "(ssa{sv})", (*download, {
                "headers": GLib.Variant("a{ss}", {name: "" for name in strings})})),
            "metadata": ("CreateDownload", "(ssa{sv})", (*download, {
                "metadata": GLib.Variant("a{sv}", strings)})),
            "parts": ("CreateMultipartUpload", "(saa{sv}a{sv})",
                      (download[0], [part] * 20_000, {})),
            "specs": ("CreateOperations", "(aa{sv})", ([spec] * 40_000,)),
        }
        for name, arguments in calls.items():
            with self.subTest(name), self.assertRaises(CallError) as caught:
                self.bob.call(PATH, "Manager", *arguments)
            self.assertEqual(caught.exception.name, f"{NAME}.Error.LimitExceeded")
            self.assertIn("values", caught.exception.message)

    def test_a_crowd_that_reads_no_answers(self):
        for number in range(N_OPERATIONS):
            self.create(self.bob, f"file-{number}", self.large_options())
        mine = self.create(self.alice, "file", {})
        usual, memory = self.time_calls(20)[10], self.memory_kib()
        self.assertEqual(self.bob.crowd(N_CONNECTIONS, N_CALLS), N_CONNECTIONS)
        self.check_calls(usual)
        self.alice.call(mine, "Operation", "Start")
        self.alice.call(mine, "Operation", "Cancel")
        with self.assertRaises(CallError) as caught:
            self.bob.call(PATH, OBJECT_MANAGER, "GetManagedObjects")
        self.assertEqual(caught.exception.name, f"{NAME}.Error.LimitExceeded")
        if not is_sanitized():
            self.assertLess(self.memory_kib() - memory, MAX_GROWTH_KIB)
        self.bob.stop()
        self.check_calls(usual)
        with Caller(self.bus, BOB) as again:
            wait_until(lambda: self.sees_its_own(again), "the user's next program is served")

    def test_a_crowd_that_reads_no_signals(self):
        self.create(self.alice, "file", {})
        self.create(self.bob, "file", {})
        usual, memory = self.time_calls(20)[10], self.memory_kib()
        self.assertEqual(self.bob.crowd(N_CONNECTIONS, 1), N_CONNECTIONS)
        for number in range(N_SIGNALS):
            try:
                self.create(self.bob, f"file-{number}", self.large_options())
            except CallError as error:
                self.assertEqual(error.name, f"{NAME}.Error.LimitExceeded")
        self.check_calls(usual)
        if not is_sanitized():
            self.assertLess(self.memory_kib() - memory, MAX_GROWTH_KIB)

    def test_who_was_stopped_is_told_later(self):
        with Caller(self.bus, BOB) as other:
            other.call(PATH, OBJECT_MANAGER, "GetManagedObjects")
            other.pause()
            paths = [self.create(self.bob, f"file-{number}", self.large_options())
                     for number in range(N_MISSED)]
            self.bob.call(paths[0], "Operation", "Cancel")
            self.bob.call(paths[0], "Operation", "Acknowledge")
            self.bob.call(paths[1], "Operation", "Cancel")
            other.resume()
            finished = [[path, f"{NAME}.Operation", "Finished"] for path in paths[:2]]
            wait_until(lambda: all(signal in other.signals() for signal in finished),
                       "it knows what has ended")
            names = [name for _, _, name in other.signals()]
            self.assertEqual(names.count("InterfacesAdded"), N_MISSED)
            self.assertEqual(names.count("InterfacesRemoved"), 1)

    def test_all_that_a_user_has_fits_a_message(self):
        self.create(self.alice, "file", {})
        usual, number = self.time_calls(20)[10], 0
        small = self.create(self.bob, "small", {})
        with self.assertRaises(CallError) as caught:
            for number in range(MAX_STORED_BYTES // METADATA_BYTES + 1):
                self.create(self.bob, f"file-{number}", {
                    **self.large_options(),
                    "application-id": GLib.Variant("s", f"org.example.App{number // 100}")})
        self.assertEqual(caught.exception.name, f"{NAME}.Error.LimitExceeded")
        self.assertIn("MiB", caught.exception.message)
        self.assertGreater(number, MAX_STORED_BYTES // METADATA_BYTES // 2)
        with self.assertRaises(CallError) as caught:
            self.set_property(self.bob, small, "Download", "RecoverableErrors",
                              GLib.Variant("as", ["timeout"] * 1000))
        self.assertEqual(caught.exception.name, f"{NAME}.Error.LimitExceeded")
        self.set_property(self.bob, small, "Operation", "Priority", GLib.Variant("s", "low"))
        # A bus ends the connection of who sends it a message that is too large.
        self.assertEqual(self.bob.crowd(1, 1), 1)
        self.check_calls(usual)

    def set_property(self, caller, path, interface, name, value):
        caller.call(path, "org.freedesktop.DBus.Properties", "Set", "(ssv)",
                    (f"{NAME}.{interface}", name, value))

    def n_descriptors(self):
        return len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))

    def start_silent_polkit(self):
        """Returns a list of what it is asked, which grows as the main context runs."""
        node = Gio.DBusNodeInfo.new_for_xml(POLKIT)
        polkit = self.bus.connect()
        asked = []
        polkit.register_object("/org/freedesktop/PolicyKit1/Authority", node.interfaces[0],
                               lambda *call: asked.append(call), None, None)
        polkit.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                         "RequestName", GLib.Variant("(su)", ("org.freedesktop.PolicyKit1", 0)),
                         None, Gio.DBusCallFlags.NONE, -1, None)
        return asked

    def test_a_question_to_polkit_keeps_no_other_program_waiting(self):
        asked = self.start_silent_polkit()
        for caller in (self.alice, self.bob):
            caller.call(PATH, "Manager", "Evaluate", "(a{sv})", ({},))
        start = time.monotonic()
        self.bob.crowd(N_QUESTIONS, 1, (NAME, PATH, f"{NAME}.Manager", "ManageAll"))
        while len(asked) < N_QUESTIONS and time.monotonic() < start + SLOWEST_CALL_SECONDS:
            self.time_calls(1)
            while GLib.MainContext.default().iteration(False):
                pass
        self.bob.call(PATH, "Manager", "Evaluate", "(a{sv})", ({},))
        self.assertLess(time.monotonic() - start, N_QUESTIONS * HANGING_CALL_SECONDS / 2)

    def test_a_polkit_that_never_answers(self):
        asked = self.start_silent_polkit()
        mine = self.create(self.alice, "file", {})
        self.create(self.bob, "file", {})
        usual = self.time_calls(20)[10]
        self.bob.crowd(20, 20, (NAME, PATH, f"{NAME}.Manager", "ManageAll"))
        with self.assertRaises(CallError) as caught:
            self.bob.call(PATH, "Manager", "ManageAll")
        self.assertEqual(caught.exception.name, f"{NAME}.Error.LimitExceeded")
        while GLib.MainContext.default().iteration(False):
            pass
        self.assertGreater(len(asked), 0)
        self.assertLess(len(asked), 20)
        self.check_calls(usual)
        self.alice.call(mine, "Operation", "Cancel")

    def test_a_thousand_descriptors(self):
        self.create(self.alice, "file", {})
        self.bob.pass_descriptors(1, 1)
        usual, before = self.time_calls(20)[10], self.n_descriptors()
        counts = self.bob.pass_descriptors(N_DESCRIPTORS // 16, 16)
        self.assertEqual(set(counts), {f"{NAME}.Error.InvalidArgument"})
        self.check_calls(usual)
        wait_until(lambda: self.n_descriptors() <= before, "all are closed")

    def test_without_descriptors_left_it_answers(self):
        pid = self.daemon.process.pid
        self.create(self.alice, "file", {})
        self.bob.pass_descriptors(1, 1)
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (self.n_descriptors() + 4, before[1]))
        self.assertNotIn("", self.bob.pass_descriptors(10, 16))
        self.time_calls(1)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        path = self.bob.call(PATH, "Manager", "CreateDownloadToFd", "(sha{sv})",
                             ("http://127.0.0.1:1/", 0, {}),
                             descriptor=f"{self.bob.folder}/file")[0]
        self.bob.call(path, "Operation", "Cancel")
        self.assertEqual(self.daemon.pid(), pid)

    def sees_its_own(self, caller):
        try:
            return len(caller.call(PATH, OBJECT_MANAGER, "GetManagedObjects")[0]) == N_OPERATIONS
        except CallError:
            return False

    def test_more_than_an_operation_may_hold(self):
        for options in ({"headers": GLib.Variant("a{ss}", {"X-Big": "a" * 10_000_000})},
                        {"cookies": GLib.Variant("a{ss}", {"big": "a" * 100_000})},
                        {"metadata": GLib.Variant("a{sv}", {
                            str(n): GLib.Variant("s", "a" * 100) for n in range(1000)})}):
            with self.assertRaises(CallError) as caught:
                self.create(self.bob, "big", options)
            self.assertEqual(caught.exception.name, f"{NAME}.Error.InvalidArgument")
            self.assertIn(next(iter(options)), caught.exception.message)
        path = self.create(self.bob, "grown", {})
        with self.assertRaises(CallError) as caught:
            for number in range(100):
                self.bob.call(path, "Operation", "SetRequestHeader", "(ss)",
                              (f"X-{number}", "a" * 4000))
        self.assertEqual(caught.exception.name, f"{NAME}.Error.InvalidArgument")

    def test_one_application_does_not_use_up_anothers_operations(self):
        limit = self.alice.call(PATH, "org.freedesktop.DBus.Properties", "Get", "(ss)",
                                (f"{NAME}.Manager", "OperationLimit"))[0]
        with self.assertRaises(CallError) as caught:
            for number in range(limit + 1):
                self.create(self.bob, f"file-{number}", {})
        self.assertEqual(caught.exception.name, f"{NAME}.Error.LimitExceeded")
        self.create(self.alice, "file", {})
        self.create(self.bob, "other", {"application-id": GLib.Variant("s", "org.example.Other")})


if __name__ == "__main__":
    unittest.main()
