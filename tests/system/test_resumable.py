# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uploads that go on where they were cut, by each protocol."""

import functools
import glob
import os
import shutil
import subprocess
import tempfile
import threading
import unittest

from gi.repository import GLib

from harness.bodies import Body
from harness.resumable_server import ResumableServer
from harness.upload_server import CREATED, cutting, holding
from harness.wait import wait_until
from system.test_upload import MIB, UploadCase

V = GLib.Variant


class ResumableCase(UploadCase):
    """With a server of `protocol`."""

    protocol = None

    def setUp(self):
        super().setUp()
        self.body = Body(16 * MIB + 5)
        self.body.write_to(self.source)
        self.resumable = self.enter(ResumableServer(self.protocol))

    def send(self, start=True, **options):
        options.setdefault("resumable", V("s", self.protocol))
        return self.upload(self.resumable.uri("/files"), start=start, **options)

    def send_some(self, **options):
        """An upload that is paused, and of which the server has some bytes."""
        event = threading.Event()
        self.resumable.take("/files/1", holding(4 * MIB, event))
        operation = self.send(**options)
        self.wait_for_sent(operation, 1)
        self.pause(operation)
        event.set()
        wait_until(lambda: self.resumable.uploads["/files/1"].data, "bytes have come")
        return operation

    def data(self, number=1):
        return bytes(self.resumable.uploads[f"/files/{number}"].data)

    def methods(self):
        return [method for method, _ in self.resumable.log]

    def assert_sent(self, operation, number=1):
        values = self.assert_completed(operation)
        self.assertTrue(self.data(number) == self.body.read(), "other bytes than were sent")
        return values

    def strike(self, victim):
        if victim == "worker":
            for pid in self.daemon.workers():
                os.kill(pid, 9)
        else:
            self.daemon.kill()
            self.start_again()


class Resumable:
    def test_a_file_arrives(self):
        operation = self.send(method=V("s", "POST"))
        self.assert_sent(operation)
        self.assertEqual(self.methods(), ["POST", "PATCH"])
        self.assertEqual(self.result(operation), b"done")

    def test_what_was_cut_goes_on(self):
        self.resumable.take("/files/1", cutting(3 * MIB, "close"), cutting(5 * MIB, "close"),
                            cutting(1, "close"))
        values = self.assert_sent(self.send())
        self.assertFalse(values["HasRestarted"])
        self.assertEqual(self.methods().count("HEAD"), 3)
        self.assertEqual(self.resumable.n_created, 1)

    def test_killed_in_the_middle(self):
        for victim in ("worker", "daemon"):
            with self.subTest(victim):
                event = threading.Event()
                number = self.resumable.n_created + 1
                self.resumable.take(f"/files/{number}", holding(4 * MIB, event))
                operation = self.send()
                self.wait_for_sent(operation, 1)
                wait_until(lambda: self.resumable.n_created == number, "it was created")
                self.strike(victim)
                event.set()
                values = self.assert_sent(operation, number)
                self.assertFalse(values["HasRestarted"])
                self.assertEqual(self.resumable.n_created, number)

    def test_pause_and_resume(self):
        operation = self.send_some(method=V("s", "POST"))
        self.resume(operation)
        self.assert_sent(operation)

    def test_cancel_tells_the_server(self):
        event = threading.Event()
        self.resumable.take("/files/1", holding(MIB, event))
        operation = self.send()
        self.wait_for_sent(operation, 1)
        self.cancel(operation)
        event.set()
        wait_until(lambda: not self.resumable.uploads, "the server has removed it")

    def test_what_is_complete_stays_there(self):
        operation = self.send()
        self.assert_sent(operation)
        self.daemon.call(operation, "Operation", "Acknowledge")
        self.assertNotIn("DELETE", self.methods())

    def test_an_upload_that_has_expired_starts_over(self):
        operation = self.send_some()
        del self.resumable.uploads["/files/1"]
        self.resume(operation)
        self.assert_sent(operation, 2)

    def test_a_source_that_changes_is_noticed(self):
        event = threading.Event()
        Body(64 * MIB).write_to(self.source)
        self.resumable.take("/files/1", holding(MIB, event))
        operation = self.send()
        self.wait_for_sent(operation, 1)
        os.truncate(self.source, 63 * MIB)
        event.set()
        self.assert_failed(operation, "file-changed")
        self.assertFalse(self.resumable.uploads["/files/1"].is_complete)

    def test_a_source_that_has_changed_is_sent_from_its_start(self):
        operation = self.send_some()
        self.body = Body(self.body.size, 7)
        self.body.write_to(self.source)
        self.resume(operation)
        self.assert_failed(operation, "file-changed")
        self.resume(operation)
        self.assertTrue(self.assert_sent(operation, 2)["HasRestarted"])

    def test_auto_asks_once(self):
        for _ in range(2):
            self.assert_completed(self.send(resumable=V("s", "auto")))
        self.assertEqual(self.methods(), ["OPTIONS", "POST" if self.protocol == "tus" else "PUT",
                                          "PATCH"] + ["POST" if self.protocol == "tus" else "PUT",
                                                      "PATCH"])

    def test_none_is_plain(self):
        self.uploads.serve("/plain", CREATED)
        operation = self.upload(self.uploads.uri("/plain"), resumable=V("s", "none"))
        self.assert_completed(operation)
        self.assertEqual([r.method for r in self.uploads.heads("/plain")], ["PUT"])

    def test_a_server_that_takes_no_part(self):
        self.assert_failed(self.upload(self.uploads.uri("/nowhere"),
                                       resumable=V("s", self.protocol)), "http-404")


class Tus(Resumable, ResumableCase):
    protocol = "tus"


class Ietf(Resumable, ResumableCase):
    protocol = "ietf"

    def test_limits_are_obeyed(self):
        self.resumable.limits = f"max-append-size={5 * MIB}, max-size={20 * MIB}"
        self.assert_sent(self.send())
        self.assertEqual(self.methods().count("PATCH"), 4)
        Body(21 * MIB).write_to(self.source)
        self.assert_failed(self.send(), "http-413")


PACKAGES = ("@tus/server@1.10.2", "@tus/file-store@1.5.1")


@functools.lru_cache(maxsize=None)
def packages_folder():
    """Where the reference implementation of tus is, kept in the build folder; None where it can
    not be had."""
    folder = os.path.join(os.environ["BGT_BUILD_DIR"], "node")
    if not shutil.which("npm") or not shutil.which("node"):
        return None
    if not os.path.isdir(f"{folder}/node_modules/@tus/file-store"):
        os.makedirs(folder, exist_ok=True)
        try:
            subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", *PACKAGES],
                           cwd=folder, check=True, timeout=60, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except (subprocess.SubprocessError, OSError):
            return None
    return f"{folder}/node_modules"


class RealTus(UploadCase):
    """Against the implementation of the protocol's own makers."""

    def setUp(self):
        if packages_folder() is None:
            self.skipTest("npm cannot install @tus/server")
        super().setUp()
        self.body = Body(16 * MIB + 5)
        self.body.write_to(self.source)
        self.files = self.enter(tempfile.TemporaryDirectory(prefix="bgt-tus-"))
        script = os.path.join(os.path.dirname(__file__), "..", "harness", "tus_server.js")
        process = subprocess.Popen(["node", script, self.files], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, text=True,
                                   env={**os.environ, "NODE_PATH": packages_folder()})
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.uri = f"http://127.0.0.1:{int(process.stdout.readline())}/files"

    def content(self):
        """Of the one file that the server has."""
        names = [name for name in glob.glob(f"{self.files}/*") if not name.endswith(".json")]
        self.assertEqual(len(names), 1, names)
        with open(names[0], "rb") as file:
            return file.read()

    def test_auto_finds_it(self):
        self.assert_completed(self.upload(self.uri))
        self.assertTrue(self.content() == self.body.read(), "other bytes than were sent")

    def test_killed_and_paused_in_the_middle(self):
        operation = self.upload(self.uri, resumable=V("s", "tus"), max_rate=V("t", 4 * MIB))
        self.wait_for_sent(operation, 2 * MIB)
        for pid in self.daemon.workers():
            os.kill(pid, 9)
        self.wait_for_sent(operation, 3 * MIB)
        self.daemon.kill()
        self.start_again()
        self.wait_for_sent(operation, 5 * MIB)
        self.pause(operation)
        self.daemon.set(operation, "MaxRate", V("t", 0))
        self.resume(operation)
        values = self.assert_completed(operation)
        self.assertFalse(values["HasRestarted"])
        self.assertTrue(self.content() == self.body.read(), "other bytes than were sent")

    def test_cancel_removes_it_there(self):
        operation = self.upload(self.uri, resumable=V("s", "tus"), max_rate=V("t", MIB))
        self.wait_for_sent(operation, MIB // 2)
        self.cancel(operation)
        wait_until(lambda: not os.listdir(self.files), "the server has removed it")


if __name__ == "__main__":
    unittest.main()
