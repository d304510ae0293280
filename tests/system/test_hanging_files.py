# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files on a file system of a user's own that does not answer: what hangs there is that user's matter,
and no more of theirs than has to."""

import contextlib
import glob
import os
import threading
import time
import unittest

from gi.repository import GLib

from harness.bodies import Body
from harness.callers import Caller, CallError, SystemBus, SystemDaemon
from harness.daemon import NAME, PATH, is_running
from harness.hanging_file import HangingFile
from harness.servers import FaultyServer, sending
from harness.upload_server import CREATED, UploadServer
from harness.wait import wait_until

# The bus refuses users that do not exist.
ALICE, BOB = 1, 2
TO_FD = ("Manager", "CreateDownloadToFd", "(sha{sv})")
UPLOAD = ("Manager", "CreateUpload", "(ssa{sv})")
SLOWEST_CALL_SECONDS = 3
# A transfer is waited for ten seconds when it is to stop.
SLOWEST_STOP_SECONDS = 20


@unittest.skipIf(os.geteuid() != 0, "needs root, for processes of other users")
@unittest.skipUnless(os.path.exists("/dev/fuse"), "needs FUSE")
class HangingFiles(unittest.TestCase):
    def setUp(self):
        self.bus = self.enterContext(SystemBus())
        self.file = HangingFile(f"{self.bus.folder}/hanging", BOB)
        try:
            self.enterContext(self.file)
        except OSError as error:
            self.skipTest(f"FUSE cannot be mounted: {error}")
        self.server = self.enterContext(FaultyServer())
        self.body = Body(100_000)
        self.server.serve("/file", sending(self.body))
        self.daemon = self.enterContext(SystemDaemon(self.bus))
        self.alice, self.bob, self.other, self.third = (
            self.enterContext(Caller(self.bus, uid)) for uid in (ALICE, BOB, BOB, BOB))
        for caller in (self.alice, self.bob, self.other, self.third):
            self.objects(caller)
        # What hangs lets go before the daemon is to end.
        self.addCleanup(self.file.go_on)

    def objects(self, caller):
        begin = time.monotonic()
        caller.call(PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        return time.monotonic() - begin

    def status(self, path):
        return self.other.call(path, "org.freedesktop.DBus.Properties", "Get", "(ss)",
                               (f"{NAME}.Operation", "Status"))[0]

    def worker(self):
        """Bob's."""
        for pid in self.daemon.workers():
            with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                if f"\nUid:\t{BOB}\t" in file.read():
                    return pid
        raise AssertionError("he has no worker")

    def transfer(self, name):
        """Something of the same user, to another file system."""
        path = self.other.call(PATH, "Manager", "CreateDownload", "(ssa{sv})",
                               (self.server.uri("/file"), f"{self.other.folder}/{name}", {}))[0]
        self.other.call(path, "Operation", "Start")
        wait_until(lambda: self.status(path) == "completed", "it is completed")

    def left(self):
        return glob.glob(f"{self.bob.folder}/*asked*") + glob.glob(f"{self.bob.folder}/.*asked*")

    def test_whatever_the_daemon_closes_keeps_nobody_waiting(self):
        self.file.hang("flush", self.daemon.process.pid)
        for call in ((*TO_FD, (self.server.uri("/file"), 0, {})),
                     ("Manager", "NoSuchMethod", "(h)", (0,)),
                     ("org.freedesktop.DBus.Peer", "Ping", "(h)", (0,)),
                     ("org.freedesktop.DBus.Introspectable", "Introspect", "(h)", (0,))):
            with self.subTest(call[1]):
                with contextlib.suppress(CallError):
                    self.bob.call(PATH, *call, descriptor=self.file.path)
                self.file.wait_held("flush")
                for caller in (self.alice, self.other):
                    self.assertLess(self.objects(caller), SLOWEST_CALL_SECONDS)
        self.transfer("meanwhile")

    def test_a_result_that_the_worker_closes_keeps_nobody_waiting(self):
        path = self.bob.call(PATH, *TO_FD, (self.server.uri("/file"), 0, {}),
                             descriptor=self.file.path)[0]
        self.bob.call(path, "Operation", "Start")
        wait_until(lambda: self.status(path) == "completed", "it is completed")
        worker = self.worker()
        self.file.hang("flush", worker)
        self.bob.call(path, "Operation", "OpenResult", "(t)", (0,))
        self.file.wait_held("flush")
        self.transfer("meanwhile")
        self.assertTrue(is_running(worker))

    def test_a_transfer_that_hangs_can_be_paused_and_canceled(self):
        uploads = self.enterContext(UploadServer())
        uploads.serve("/up", CREATED)
        down = self.bob.call(PATH, *TO_FD, (self.server.uri("/file"), 0, {}),
                             descriptor=self.file.path)[0]
        up = self.bob.call(PATH, *UPLOAD, (uploads.uri("/up"), self.file.path, {}))[0]
        asked = self.bob.call(PATH, "Manager", "CreateDownload", "(ssa{sv})",
                              (self.server.uri("/file"), f"{self.bob.folder}/asked", {
                                  "method": GLib.Variant("s", "POST"),
                                  "body": GLib.Variant("h", 0)}), descriptor=self.file.path)[0]
        worker = self.worker()
        for operation in ("read", "write"):
            self.file.hang(operation, worker)
        for path in (down, up, asked):
            self.bob.call(path, "Operation", "Start")
        self.file.wait_held("write")
        self.file.wait_held("read", times=2)
        self.transfer("beside")

        begin = time.monotonic()
        cancels = [threading.Thread(target=caller.call, args=(path, "Operation", "Cancel"))
                   for caller, path in ((self.bob, up), (self.third, asked))]
        for cancel in cancels:
            cancel.start()
        self.alice.call(PATH, "org.freedesktop.DBus.Peer", "Ping")
        self.other.call(down, "Operation", "Pause")
        for cancel in cancels:
            cancel.join()
        self.assertLess(time.monotonic() - begin, SLOWEST_STOP_SECONDS)
        self.assertEqual([self.status(path) for path in (down, up, asked)],
                         ["paused-by-application", "canceled", "canceled"])
        self.transfer("after")
        # It stays until what hangs has ended; one that nobody needs does not.
        self.alice.call(PATH, "Manager", "CreateDownload", "(ssa{sv})",
                        (self.server.uri("/file"), f"{self.alice.folder}/file", {}))
        wait_until(lambda: self.daemon.workers() == [worker], "the other user's worker has ended")
        self.assertTrue(is_running(worker))

        self.assertEqual(len(self.left()), 1)
        self.file.go_on()
        wait_until(lambda: not self.left(), "what was canceled leaves nothing")
        self.other.call(down, "Operation", "Resume")
        wait_until(lambda: self.status(down) == "completed", "the paused one is completed")
        self.assertEqual(bytes(self.file.content), self.body.read())


if __name__ == "__main__":
    unittest.main()
