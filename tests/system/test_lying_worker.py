# SPDX-License-Identifier: LGPL-2.1-or-later
"""A worker that says whatever it likes is a matter of its own user: the service goes on, others' calls
are answered as before, and nothing of theirs changes."""

import contextlib
import os
import threading
import unittest

from harness.call_times import CallTimes
from harness.callers import Caller, CallError, SystemBus
from harness.daemon import NAME, PATH, is_sanitized
from harness.hanging_file import HangingFile
from harness.lying_worker import LyingDaemon
from harness.wait import wait_until

ALICE, LIAR = 1, 2
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
# What one message that has no more bytes than it may have can take, and noise.
SLOWEST_CALL_SECONDS = 3
# What one of those takes that the worker floods the service with; a sanitizer needs a multiple.
USUAL_CALL_SECONDS = 0.15
SANITIZED_CALL_SECONDS = 0.6
MAX_GROWTH_KIB = 96 * 1024
MAX_MORE_DESCRIPTORS = 30
MAX_MESSAGE_BYTES = 4096 + 300
MAX_ERROR_MESSAGE_BYTES = 2048


@unittest.skipIf(os.geteuid() != 0, "needs root, for processes of other users")
class LyingWorker(unittest.TestCase):
    def setUp(self):
        self.bus = self.enterContext(SystemBus())
        self.daemon = self.enterContext(LyingDaemon(self.bus, LIAR))
        self.alice = self.enterContext(Caller(self.bus, ALICE))
        self.victim = Caller(self.bus, LIAR).start()
        self.addCleanup(self.victim.stop)
        self.path = self.create(self.alice, "untouched")
        self.owner = self.daemon.owner()
        self.before = self.state()
        self.descriptors = self.count_descriptors()
        self.memory = self.memory_kib()

    def create(self, caller, name):
        return caller.call(PATH, "Manager", "CreateDownload", "(ssa{sv})",
                           ("http://127.0.0.1:1/", f"{caller.folder}/{name}", {}))[0]

    def start(self, name="file"):
        path = self.create(self.victim, name)
        self.victim.call(path, "Operation", "Start")
        return path

    def get(self, path, name):
        return self.victim.call(path, "org.freedesktop.DBus.Properties", "Get", "(ss)",
                                (f"{NAME}.Operation", name))[0]

    def state(self):
        return self.alice.call(PATH, OBJECT_MANAGER, "GetManagedObjects")

    def count_descriptors(self):
        return len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))

    def memory_kib(self):
        with open(f"/proc/{self.daemon.process.pid}/status", encoding="utf-8") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))

    def check(self, seconds=0.0):
        """As before, for so long."""
        def call():
            self.assertEqual(self.state(), self.before)

        times = CallTimes(self.daemon.process.pid, call,
                          lambda: self.alice.call_bus("GetId", None, ()))
        times.measure(20, seconds)
        usual = SANITIZED_CALL_SECONDS if is_sanitized() else USUAL_CALL_SECONDS
        times.check(self, usual, SLOWEST_CALL_SECONDS)
        # Another thread closes what comes.
        wait_until(lambda: self.count_descriptors() < self.descriptors + MAX_MORE_DESCRIPTORS,
                   "the descriptors are closed")
        self.assertEqual(self.daemon.owner(), self.owner)
        if not is_sanitized():
            self.assertLess(self.memory_kib() - self.memory, MAX_GROWTH_KIB)

    def wait_for_log(self, text):
        wait_until(lambda: text in self.daemon.log(), f"the log says: {text}")

    def test_answers(self):
        for lie in ("refuse-at-length", "refuse-oddly", "find-much", "find-many",
                    "answer-of-another-type"):
            with self.subTest(lie):
                self.daemon.tell({"Check": lie})
                with self.assertRaises(CallError) as caught:
                    self.create(self.victim, lie)
                self.assertLess(len(caught.exception.message.encode()), MAX_MESSAGE_BYTES)
                self.check()

    def test_a_process_that_shows_much(self):
        self.daemon.tell({"LookAtProcess": "show-much"})
        with Caller(self.bus, LIAR) as other, self.assertRaises(CallError) as caught:
            other.call(PATH, OBJECT_MANAGER, "GetManagedObjects")
        self.assertEqual(caught.exception.name, f"{NAME}.Error.AccessDenied")
        self.assertIn("says more than", caught.exception.message)
        self.check()

    def test_many_descriptors_for_an_answer(self):
        self.daemon.tell({"Check": "pass-many"})
        with self.assertRaises(CallError):
            self.create(self.victim, "file")
        self.wait_for_log("sends what nobody asked for")
        self.check()

    def test_one_that_leaves(self):
        self.daemon.tell({"Check": "leave"})
        with self.assertRaises(CallError):
            self.create(self.victim, "file")
        self.check()

    def test_one_that_says_nothing(self):
        def wait():
            with contextlib.suppress(CallError, RuntimeError, ValueError):
                self.create(self.victim, "file")
        self.daemon.tell({"Check": "say-nothing"})
        waiting = threading.Thread(target=wait)
        waiting.start()
        self.check(0.5)
        self.victim.process.kill()
        waiting.join()
        self.victim.process.wait()
        self.victim.process.stdin.close()
        self.victim.process.stdout.close()
        self.check()

    def test_reports_of_an_operation(self):
        self.daemon.tell({"Start": "finish-with-much"})
        path = self.start()
        wait_until(lambda: self.get(path, "Status") == "error", "it has ended")
        self.assertLessEqual(len(self.get(path, "ErrorMessage").encode()), MAX_ERROR_MESSAGE_BYTES)
        self.assertTrue(self.get(path, "ErrorMessage").startswith("éé"))
        self.check()
        self.daemon.tell({"Start": "report-oddly"})
        path = self.start("odd")
        wait_until(lambda: "retry-delay" in self.get(path, "BlockedBy"), "it is tried again")
        self.check()

    def test_reports_of_others_operations(self):
        self.daemon.tell({"Start": "report-for-others", "guids": [self.path.rsplit("/", 1)[1]]})
        path = self.start()
        wait_until(lambda: self.get(path, "Status") == "error", "its own has ended")
        self.assertEqual(self.get(path, "WebErrorStatus"), "http-410")
        self.check()

    def flood(self, lie):
        self.daemon.tell({"Start": lie})
        path = self.start()
        wait_until(lambda: self.get(path, "Status") == "running", "it runs")
        self.check(1)

    def test_a_flood_of_progress(self):
        self.flood("flood-with-progress")

    def test_a_flood_of_signals_of_another_type(self):
        self.flood("flood-with-odd-signals")
        self.assertEqual(self.daemon.log().count(" sent Progress of type "), 1)

    def test_a_flood_of_reports(self):
        self.flood("flood-with-reports")

    def test_a_flood_of_ranges(self):
        self.flood("flood-with-ranges")

    def test_a_flood_of_servers(self):
        self.flood("flood-with-servers")

    def test_a_response_that_no_bus_lets_through(self):
        self.daemon.tell({"Start": "respond-deeply"})
        path = self.start()
        wait_until(lambda: self.get(path, "BytesReceived") == 1, "it has reported")
        with self.assertRaises(CallError) as caught:
            self.victim.call(path, "Operation", "GetResponseInformation")
        self.assertEqual(caught.exception.name, f"{NAME}.Error.NotYetAvailable")
        self.check()
        self.daemon.kill()
        self.daemon.start()
        self.owner = self.daemon.owner()
        self.check()
        wait_until(lambda: self.get(path, "BytesReceived") == 1, "its operation is there")

    def test_a_flood_of_questions(self):
        self.flood("flood-with-questions")
        self.check(2)

    def check_ended(self, lie, says):
        self.daemon.tell({"Start": lie})
        self.start()
        self.wait_for_log(says)
        self.check(0.5)

    def test_bytes_that_are_no_message(self):
        self.check_ended("send-garbage", "is ended")

    def test_a_message_of_the_largest_size(self):
        self.check_ended("send-the-largest", "sends what nobody asked for")

    @unittest.skipUnless(os.path.exists("/dev/fuse"), "needs FUSE")
    def test_a_descriptor_that_hangs_with_what_is_no_message(self):
        file = HangingFile(f"{self.bus.folder}/hanging", LIAR)
        try:
            self.enterContext(file)
        except OSError as error:
            self.skipTest(f"FUSE cannot be mounted: {error}")
        file.hang("flush", self.daemon.process.pid)
        self.daemon.tell({"Start": "pass-hanging", "file": file.path})
        self.start()
        file.wait_held("flush")
        self.check(0.5)
        file.go_on()

    def test_descriptors_with_a_message_that_never_ends(self):
        self.check_ended("announce-and-pass", "sends what nobody asked for")


if __name__ == "__main__":
    unittest.main()
