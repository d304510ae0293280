# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that are parts of an upload by their descriptors: the file is meant, not its name."""

import contextlib
import os
import resource
import signal
import threading
import unittest

from gi.repository import Gio, GLib

from harness.bodies import Body
from harness.daemon import PATH, error_name
from harness.upload_server import CREATED, cutting, holding, taking
from harness.wait import wait_until
from system.test_multipart import MultipartCase
from system.test_upload import MIB

V = GLib.Variant

can_count = unittest.skipIf(os.geteuid() != 0,
                            "needs root, to look into a process that lets nobody else do so")


class PartFileCase(MultipartCase):
    def make(self, name, content):
        path = f"{self.folder}/{name}"
        with open(path, "wb") as file:
            file.write(content)
        return path

    def form_of(self, *given, **more):
        """An upload of paths, which are passed as descriptors, and of descriptors."""
        files = Gio.UnixFDList.new()
        parts = []
        for number, file in enumerate(given):
            fd = os.open(file, os.O_RDONLY) if isinstance(file, str) else file
            parts.append({"name": V("s", str(number)), "fd": V("h", files.append(fd))})
            if isinstance(file, str):
                os.close(fd)
        return self.form(parts, files=files, **more)

    def create_operations(self, specs, files):
        return self.daemon.connection.call_with_unix_fd_list_sync(
            "org.example.BackgroundTransfer", PATH, "org.example.BackgroundTransfer.Manager",
            "CreateOperations", V("(aa{sv})", (specs,)), None, Gio.DBusCallFlags.NONE, -1, files,
            None)[0].unpack()[0]

    def start(self, operation):
        self.daemon.call(operation, "Operation", "Start")

    def assert_arrived(self, operation, *contents):
        self.daemon.wait_for_status(operation, "completed")
        _, parts = self.read_back()
        self.assertEqual([part.get_payload(decode=True) for part in parts], list(contents))

    def refuse(self, name, *words, **arguments):
        with self.assertRaises(GLib.Error) as caught:
            self.form(**arguments)
        self.assertEqual(error_name(caught.exception), name, caught.exception.message)
        for word in words:
            self.assertIn(word, caught.exception.message)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.daemon.pid()}/fd"))

    def descriptors_of(self, paths):
        folder, count = f"/proc/{self.daemon.pid()}/fd", 0
        for name in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):
                count += os.readlink(f"{folder}/{name}") in paths
        return count


class Names(PartFileCase):
    def test_removed_before_the_start(self):
        one, other = self.make("one", b"one"), self.make("other", b"other")
        operation = self.form_of(one, other, start=False)
        os.unlink(one)
        os.unlink(other)
        self.start(operation)
        self.assert_arrived(operation, b"one", b"other")

    def test_renamed_and_another_in_its_place(self):
        path = self.make("one", b"meant")
        operation = self.form_of(path, start=False)
        os.rename(path, f"{path}-old")
        self.make("one", b"not meant")
        self.start(operation)
        self.assert_arrived(operation, b"meant")

    def test_without_a_name_and_with_one(self):
        """What is kept first, and what is not, each in its place."""
        reading, writing = os.pipe()
        nameless = os.memfd_create("nameless")
        os.write(nameless, b"nameless")
        path = self.make("one", b"named")
        operation = self.form_of(path, reading, nameless, path)
        os.close(reading)
        os.close(nameless)
        with os.fdopen(writing, "wb") as file:
            file.write(b"streamed")
        self.assert_arrived(operation, b"named", b"streamed", b"nameless", b"named")

    def test_removed_and_the_worker_killed_while_it_is_sent(self):
        event = threading.Event()
        self.addCleanup(event.set)
        body = Body(4 * MIB)
        body.write_to(self.source)
        self.uploads.take("/file", cutting(MIB), holding(MIB, event), taking)
        operation = self.form_of(self.source, start=False, allow_restart=V("b", True))
        os.unlink(self.source)
        self.start(operation)
        self.uploads.wait_for_requests(2, "/file")
        for pid in self.daemon.workers():
            os.kill(pid, signal.SIGKILL)
        event.set()
        self.daemon.wait_for_status(operation, "completed")
        self.assertIn(body.read(), self.uploads.heads("/file")[-1].body)

    def test_removed_and_resumed_after_an_error(self):
        self.uploads.serve("/file", b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
        path = self.make("one", b"one")
        operation = self.form_of(path)
        self.assert_failed(operation, "http-503")
        os.unlink(path)
        self.uploads.serve("/file", CREATED)
        self.resume(operation)
        self.assert_arrived(operation, b"one")


class Restart(PartFileCase):
    def create_and_kill(self):
        operation = self.form_of(self.make("one", b"one"), self.make("other", b"other"), start=False)
        self.daemon.kill()
        return operation

    def start_after_restart(self, operation):
        self.start_again()
        self.start(operation)

    def test_opened_again(self):
        operation = self.create_and_kill()
        self.start_after_restart(operation)
        self.assert_arrived(operation, b"one", b"other")

    def test_another_file_in_its_place(self):
        operation = self.create_and_kill()
        self.make("third", b"other")
        os.rename(f"{self.folder}/third", f"{self.folder}/other")
        self.start_after_restart(operation)
        self.assert_failed(operation, "file-changed")
        self.assertEqual(self.bodies(), [])

    def test_removed(self):
        operation = self.create_and_kill()
        os.unlink(f"{self.folder}/one")
        self.start_after_restart(operation)
        values = self.assert_failed(operation, "file-not-found")
        self.assertIn("part 0", values["ErrorMessage"])


class Descriptors(PartFileCase):
    def test_the_same_one_twice(self):
        """Neither takes from the other, nor moves the application's offset."""
        body = Body(MIB)
        body.write_to(self.source)
        with open(self.source, "rb") as file:
            file.seek(1000)
            operation = self.form_of(file.fileno(), file.fileno())
            self.daemon.wait_for_status(operation, "completed")
            self.assertEqual(self.bodies()[-1].count(body.read()), 2)
            files = Gio.UnixFDList.new()
            handle = V("h", files.append(file.fileno()))
            operation = self.form([{"name": V("s", name), "fd": handle} for name in "abc"],
                                  files=files)
            self.daemon.wait_for_status(operation, "completed")
            self.assertEqual(self.bodies()[-1].count(body.read()), 3)
            self.assertEqual(os.lseek(file.fileno(), 0, os.SEEK_CUR), 1000)

    def test_the_same_pipe_twice_is_refused(self):
        reading, writing = os.pipe()
        files = Gio.UnixFDList.new()
        first, second = files.append(reading), files.append(reading)
        for handles in ((first, first), (first, second)):
            parts = [{"name": V("s", "a"), "fd": V("h", handle)} for handle in handles]
            self.refuse("InvalidArgument", "part 0", "part 2", files=files,
                        parts=[parts[0], self.text_part("b", "c"), parts[1]])
        os.close(reading)
        os.close(writing)
        self.assertEqual(self.daemon.operations(), {})

    def test_what_cannot_be_read(self):
        for flags, name in ((os.O_WRONLY, "AccessDenied"), (os.O_PATH, "InvalidArgument")):
            with self.subTest(name):
                files = Gio.UnixFDList.new()
                fd = os.open(self.source, flags)
                part = {"name": V("s", "a"), "fd": V("h", files.append(fd))}
                os.close(fd)
                self.refuse(name, "part 1", parts=[self.text_part("b", "c"), part], files=files)

    def test_many(self):
        """More than the bus passes in one message, as many as the kernel does."""
        contents = [str(number).encode() for number in range(10)]
        paths = [self.make(f"file-{number}", contents[number]) for number in range(10)]
        files = Gio.UnixFDList.new()
        handles = []
        for path in paths:
            with open(path, "rb") as file:
                handles.append(files.append(file.fileno()))
            os.unlink(path)
        operation = self.form([{"name": V("s", "a"), "fd": V("h", handle)}
                               for handle in handles * 25], files=files)
        self.assert_arrived(operation, *contents * 25)

    def test_too_many(self):
        files = Gio.UnixFDList.new()
        fd = os.open(self.source, os.O_RDONLY)
        handle = files.append(fd)
        os.close(fd)
        self.refuse("LimitExceeded", files=files,
                    parts=[{"name": V("s", "a"), "fd": V("h", handle)}] * 251)

    def test_too_many_in_one_call(self):
        files = Gio.UnixFDList.new()
        with open(self.source, "rb") as file:
            handle = V("h", files.append(file.fileno()))
        # Without a URI: it is refused before anything else is looked at.
        keys = {"kind": V("s", "upload"),
                "parts": V("aa{sv}", [{"name": V("s", "a"), "fd": handle}] * 250)}
        with self.assertRaises(GLib.Error) as caught:
            self.create_operations([keys] * 33, files)
        self.assertEqual(error_name(caught.exception), "LimitExceeded")
        self.assertIn("Operation 32", caught.exception.message)

    @can_count
    def test_those_of_refused_calls_are_closed(self):
        # The worker that refuses has a connection from now on.
        self.test_the_same_pipe_twice_is_refused()
        n_before = self.descriptors()
        self.test_too_many()
        self.test_too_many_in_one_call()
        self.test_the_same_pipe_twice_is_refused()
        wait_until(lambda: self.descriptors() <= n_before, "they are closed")

    @can_count
    def test_they_are_closed_at_the_end(self):
        paths = [self.make(f"file-{number}", b"x") for number in range(10)]
        self.daemon.wait_for_status(self.form_of(*paths), "completed")
        completed, canceled = self.form_of(*paths, start=False), self.form_of(*paths, start=False)
        self.assertGreaterEqual(self.descriptors_of(paths), 20)
        self.start(completed)
        self.daemon.wait_for_status(completed, "completed")
        self.daemon.call(canceled, "Operation", "Cancel")
        self.daemon.wait_for_status(canceled, "canceled")
        wait_until(lambda: self.descriptors_of(paths) == 0, "they are closed")

    def test_beside_a_source(self):
        """As with paths: what would be sent?"""
        files = Gio.UnixFDList.new()
        with open(self.source, "rb") as file:
            handle = V("h", files.append(file.fileno()))
        with self.assertRaises(GLib.Error) as caught:
            self.create_operations([{
                "kind": V("s", "upload"), "uri": V("s", self.uploads.uri("/file")),
                "source": handle, "parts": V("aa{sv}", [{"name": V("s", "a"), "fd": handle}])}], files)
        self.assertEqual(error_name(caught.exception), "InvalidArgument")
        self.assertIn("only one of source and parts", caught.exception.message)

    def test_in_a_batch(self):
        files = Gio.UnixFDList.new()
        handles = []
        for name in ("one", "other"):
            with open(self.make(name, name.encode()), "rb") as file:
                handles.append(V("h", files.append(file.fileno())))
        keys = {"kind": V("s", "upload"), "start": V("b", True)}
        operations = self.create_operations([
            {**keys, "uri": V("s", self.uploads.uri("/source")), "source": handles[0]},
            {**keys, "uri": V("s", self.uploads.uri("/file")), "boundary": V("s", "limit"),
             "parts": V("aa{sv}", [{"name": V("s", "a"), "fd": handle}
                                   for handle in reversed(handles)])}], files)
        self.uploads.serve("/source", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        for operation in operations:
            self.daemon.wait_for_status(operation, "completed")
        self.assertEqual(self.bodies("/source"), [b"one"])
        self.assertRegex(self.bodies()[-1], rb"(?s)other\r\n--limit\r\n.*one\r\n--limit--")


class FewAreUsual(PartFileCase):
    """Where a program gets few descriptors unless it asks for more, as in most sessions."""

    def setUp(self):
        usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        if most < 8192:
            self.skipTest("this process may not have enough descriptors")
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, most))
        try:
            super().setUp()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (usual, most))

    def test_more_are_taken(self):
        files = Gio.UnixFDList.new()
        with open(self.make("one", b"one"), "rb") as file:
            part = {"name": V("s", "a"), "fd": V("h", files.append(file.fileno()))}
        operations = [self.form([part] * 250, start=False, files=files) for _ in range(6)]
        self.start(operations[-1])
        self.daemon.wait_for_status(operations[-1], "completed")


if __name__ == "__main__":
    unittest.main()
