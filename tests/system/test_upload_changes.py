# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that change on the way to a server: it never gets a whole request with bytes of two."""

import os
import threading
import unittest

from gi.repository import Gio, GLib

from harness.daemon import PATH
from harness.service_case import TlsCase
from harness.upload_server import CREATED, UploadServer, taking
from harness.wait import wait_until
from system.test_multipart import MultipartCase
from system.test_upload import MIB

V = GLib.Variant
SIZE = 40 * MIB  # more than the sockets' queues hold


def write(path):
    with open(path, "r+b") as file:
        file.seek(SIZE - MIB)
        file.write(b"other")


def replace(path):
    with open(f"{path}-new", "wb") as file:
        file.truncate(SIZE)
    os.rename(f"{path}-new", path)


CHANGES = {
    "written": write,
    "touched": lambda path: os.utime(path, (1, 1)),
    "longer": lambda path: os.truncate(path, SIZE + 1),
    "shorter": lambda path: os.truncate(path, SIZE - 1),
    "cut to what was sent": lambda path: os.truncate(path, MIB),
    "empty": lambda path: os.truncate(path, 0),
    "replaced": replace,
    "removed": os.unlink,
}
# Of a descriptor the file is meant, not its name.
NAME_CHANGES = ("replaced", "removed")


class ChangeCase(MultipartCase):
    def setUp(self):
        super().setUp()
        self.event = threading.Event()
        self.addCleanup(self.event.set)

    def start_file(self):
        return self.upload()

    def start_slice(self):
        return self.upload(offset=V("t", 1000), length=V("t", SIZE - MIB))

    def start_descriptor(self):
        files = Gio.UnixFDList.new()
        with open(self.source, "rb") as file:
            handle = files.append(file.fileno())
        path = self.daemon.connection.call_with_unix_fd_list_sync(
            "org.example.BackgroundTransfer", PATH, "org.example.BackgroundTransfer.Manager",
            "CreateUploadFromFd", V("(sha{sv})", (self.uploads.uri("/file"), handle, {})), None,
            Gio.DBusCallFlags.NONE, -1, files, None)[0].unpack()[0]
        self.daemon.call(path, "Operation", "Start")
        return path

    def start_part(self):
        return self.form([{"name": V("s", "a"), "file": V("s", self.source)},
                          self.text_part("b", "after it")])

    def start_part_descriptor(self):
        files = Gio.UnixFDList.new()
        with open(self.source, "rb") as file:
            handle = files.append(file.fileno())
        return self.form([{"name": V("s", "a"), "fd": V("h", handle)}], files=files)

    kinds = {"file": start_file, "slice": start_slice, "descriptor": start_descriptor,
             "part": start_part, "part by descriptor": start_part_descriptor}

    def hold(self):
        """A fresh file of which some is sent."""
        self.event = threading.Event()
        self.addCleanup(self.event.set)
        self.begun, self.seen = threading.Event(), threading.Event()
        event, begun, seen = self.event, self.begun, self.seen

        def take(taken):
            taken.go_on()
            taken.read(MIB)
            begun.set()
            taken.exchange.wait(event)
            is_whole = taken.read()
            seen.set()
            return is_whole
        self.uploads.take("/file", take)
        with open(self.source, "wb") as file:
            file.truncate(SIZE)

    def is_recorded(self, operation):
        name = operation.rsplit("/", 1)[1]
        for folder, _, names in os.walk(self.daemon.state):
            for file in names:
                if file.replace("-", "_").startswith(name):
                    with open(f"{folder}/{file}", encoding="utf-8", errors="replace") as record:
                        return "'files'" in record.read()
        return False

    def check_broken_off(self, operation, *web_errors):
        self.assert_failed(operation, *web_errors)
        wait_until(self.seen.is_set, "the server has seen the end")
        last = self.uploads.heads("/file")[-1]
        self.assertLess(len(last.body), int(last.headers["content-length"]))

    def check(self, kind, change):
        self.hold()
        operation = self.kinds[kind](self)
        wait_until(self.begun.is_set, "some has been sent")
        CHANGES[change](self.source)
        self.event.set()
        if change in NAME_CHANGES and "descriptor" in kind:
            self.daemon.wait_for_status(operation, "completed")
        else:
            self.check_broken_off(operation, "file-changed")
        self.daemon.call(operation, "Operation", "Acknowledge")


class Changes(ChangeCase):
    def test_while_it_is_sent(self):
        for change in CHANGES:
            with self.subTest(change):
                self.check("file", change)

    def test_what_has_changed_is_another_request(self):
        self.hold()
        operation = self.upload(method=V("s", "POST"), allow_restart=V("b", True))
        wait_until(self.begun.is_set, "some has been sent")
        write(self.source)
        self.event.set()
        self.assert_failed(operation, "file-changed")
        self.resume(operation)
        self.assert_completed(operation, SIZE)
        keys = {request.headers["idempotency-key"] for request in self.uploads.heads("/file")}
        self.assertEqual(len(keys), 2)

    def test_every_kind_of_source(self):
        for kind in ("slice", "descriptor", "part", "part by descriptor"):
            for change in ("shorter", "written", "replaced"):
                with self.subTest(kind=kind, change=change):
                    self.check(kind, change)

    def test_over_a_restart(self):
        for kind in ("file", "descriptor", "part by descriptor"):
            with self.subTest(kind):
                self.hold()
                operation = self.kinds[kind](self)
                wait_until(self.begun.is_set, "some has been sent")
                wait_until(lambda: self.is_recorded(operation), "what the file was is on record")
                self.daemon.kill()
                write(self.source)
                self.event.set()
                n_before = len(self.uploads.heads("/file"))
                self.start_again()
                # What may not be sent twice ends for that reason.
                self.assert_failed(operation, "file-changed", "connection-aborted")
                self.assertEqual(len(self.uploads.heads("/file")), n_before)

    def test_removed_between_two_tries(self):
        self.hold()
        operation = self.upload()
        wait_until(self.begun.is_set, "some has been sent")
        self.pause(operation)
        os.unlink(self.source)
        self.resume(operation)
        self.assert_failed(operation, "file-not-found")

    def test_before_it_is_started_it_may_change(self):
        self.uploads.take("/file", taking)
        operation = self.upload(start=False)
        with open(self.source, "wb") as file:
            file.write(b"other")
        self.daemon.call(operation, "Operation", "Start")
        self.assert_completed(operation, 5)
        gone = self.upload(start=False)
        os.unlink(self.source)
        self.daemon.call(gone, "Operation", "Start")
        self.assert_failed(gone, "file-not-found")

    def test_a_slice_that_is_gone_when_it_is_started(self):
        operation = self.upload(start=False, offset=V("t", MIB))
        os.truncate(self.source, 10)
        self.daemon.call(operation, "Operation", "Start")
        values = self.assert_failed(operation, "file-error")
        self.assertIn("offset", values["ErrorMessage"])
        self.assertEqual(self.bodies(), [])


class OverTls(TlsCase, ChangeCase):
    def setUp(self):
        super().setUp()
        self.uploads = self.enter(UploadServer(self.certificates.good))
        self.uploads.serve("/file", CREATED)

    def test_while_it_is_sent(self):
        for kind, change in (("file", "written"), ("file", "cut to what was sent"),
                             ("part", "shorter"), ("descriptor", "touched")):
            with self.subTest(kind=kind, change=change):
                self.check(kind, change)


if __name__ == "__main__":
    unittest.main()
