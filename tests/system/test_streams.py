# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uploads of pipes and sockets: read at once, kept, and never taken for whole when they are not."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
import unittest

from gi.repository import Gio, GLib

from harness.bodies import Body
from harness.daemon import PATH, error_name
from harness.service_case import with_own_mounts
from harness.upload_server import CREATED, cutting, taking
from harness.wait import DEADLINE_SECONDS, wait_until, wait_until_nobody_reads
from system.test_multipart import MultipartCase
from system.test_upload import MIB

V = GLib.Variant


class StreamCase(MultipartCase):
    def setUp(self):
        super().setUp()
        self.writing = set()
        self.addCleanup(lambda: [os.close(end) for end in self.writing])

    def pipe(self):
        """(reading, writing); the first is for upload_fd."""
        reading, writing = os.pipe()
        self.writing.add(writing)
        return reading, writing

    def close(self, writing):
        self.writing.remove(writing)
        os.close(writing)

    def open(self, writing):
        self.writing.remove(writing)
        return os.fdopen(writing, "wb")

    def upload_fd(self, fd, start=False, **options):
        files = Gio.UnixFDList.new()
        handle = files.append(fd)
        os.close(fd)
        options = {name.replace("_", "-"): value for name, value in options.items()}
        reply, _ = self.daemon.connection.call_with_unix_fd_list_sync(
            "org.example.BackgroundTransfer", PATH, "org.example.BackgroundTransfer.Manager",
            "CreateUploadFromFd", V("(sha{sv})", (self.uploads.uri("/file"), handle, options)),
            None, Gio.DBusCallFlags.NONE, -1, files, None)
        path = reply.unpack()[0]
        if start:
            self.start(path)
        return path

    def start(self, operation):
        self.daemon.call(operation, "Operation", "Start")

    def kept(self):
        """The names in the service's own storage, without the operation's, and their sizes."""
        folder = f"{self.daemon.state}/background-transfer/uploads"
        if not os.path.isdir(folder):
            return {}
        return {name.split(".", 1)[1]: os.stat(f"{folder}/{name}").st_size
                for name in os.listdir(folder)}

    def wait_for_kept(self, *names):
        wait_until(lambda: set(self.kept()) == set(names), f"{names} are kept")

    def wait_for_read(self, operation, count):
        wait_until(lambda: self.daemon.get(operation, "TotalBytesToSend") == count,
                   f"{count} bytes have been read")

    def assert_waiting(self, operation):
        values = self.daemon.get_all(operation)
        self.assertEqual((values["Status"], values["BlockedBy"]), ("idle", ["not-started"]))

    def strike(self, *victims):
        workers = self.daemon.workers()
        if "daemon" in victims:
            self.daemon.kill()
        if "worker" in victims:
            for pid in workers:
                os.kill(pid, 9)
        if "daemon" in victims:
            self.start_again()


class Streams(StreamCase):
    def test_read_before_the_start(self):
        reading, writing = self.pipe()
        operation = self.upload_fd(reading)
        os.write(writing, b"first ")
        self.wait_for_read(operation, 6)
        self.assert_waiting(operation)
        os.write(writing, b"second")
        self.wait_for_read(operation, 12)
        self.close(writing)
        self.wait_for_kept("0.stream")
        self.assert_waiting(operation)
        self.start(operation)
        self.assert_completed(operation, 12)
        self.assertEqual(self.bodies(), [b"first second"])
        self.wait_for_kept("0.answer")

    def test_a_start_before_the_end_is_taken_and_waits(self):
        reading, writing = self.pipe()
        operation = self.upload_fd(reading, start=True)
        os.write(writing, b"some")
        self.wait_for_read(operation, 4)
        self.assert_waiting(operation)
        self.close(writing)
        self.assert_completed(operation, 4)

    def test_a_paused_one_is_read_too(self):
        reading, writing = self.pipe()
        operation = self.upload_fd(reading, start=True)
        self.pause(operation)
        os.write(writing, b"some")
        self.wait_for_read(operation, 4)
        self.close(writing)
        self.wait_for_kept("0.stream")
        wait_until(lambda: self.daemon.get(operation, "BlockedBy") == ["paused"],
                   "it waits for no end any more")
        self.resume(operation)
        self.assert_completed(operation, 4)

    def test_what_was_read_whole_outlives_everything(self):
        """Killed as soon as it is whole, whatever the daemon has heard of it by then."""
        for start, *victims in ((False, "daemon", "worker"), (True, "daemon"), (False, "worker")):
            with self.subTest(start=start, victims=victims):
                reading, writing = self.pipe()
                operation = self.upload_fd(reading, start=False)
                with self.open(writing) as file:
                    file.write(self.body.read())
                if start:
                    self.start(operation)
                wait_until(lambda: "0.unfinished" not in self.kept() and self.kept(), "it is whole")
                self.strike(*victims)
                if not start:
                    self.start(operation)
                self.assert_completed(operation)
                self.assertEqual(self.bodies()[-1], self.body.read())
                self.daemon.call(operation, "Operation", "Acknowledge")
                self.wait_for_kept()

    def test_what_was_lost_is_never_taken_for_whole(self):
        for start, *victims in ((False, "daemon"), (True, "daemon", "worker"), (True, "worker")):
            with self.subTest(start=start, victims=victims):
                reading, writing = self.pipe()
                operation = self.upload_fd(reading, start=start)
                os.write(writing, b"first ")
                self.wait_for_read(operation, 6)
                self.strike(*victims)
                values = self.assert_failed(operation, "file-error", "file-not-found")
                self.assertIn("stream", values["ErrorMessage"])
                wait_until_nobody_reads(writing)
                self.assertEqual(sum(self.kept().values()), 0)
                self.resume(operation)
                self.assert_failed(operation, "file-error", "file-not-found")
                self.daemon.call(operation, "Operation", "Acknowledge")
                self.wait_for_kept()
        self.assertEqual(self.bodies(), [])

    def test_a_stop_of_the_service_loses_it_too(self):
        reading, writing = self.pipe()
        operation = self.upload_fd(reading, start=True)
        os.write(writing, b"first ")
        self.wait_for_read(operation, 6)
        self.assertEqual(self.daemon.terminate(), 0)
        self.start_again()
        self.assert_failed(operation, "file-error", "file-not-found")

    def test_cancel_stops_reading(self):
        for start in (False, True):
            with self.subTest(start=start):
                reading, writing = self.pipe()
                operation = self.upload_fd(reading, start=start)
                os.write(writing, b"first ")
                self.wait_for_read(operation, 6)
                self.cancel(operation)
                self.assertEqual(self.kept(), {})
                wait_until_nobody_reads(writing)

    def test_an_error_of_the_server_keeps_it_for_another_try(self):
        self.uploads.serve("/file", [b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", CREATED])
        reading, writing = self.pipe()
        operation = self.upload_fd(reading, start=True)
        os.write(writing, b"all")
        self.close(writing)
        self.assert_failed(operation, "http-403")
        self.resume(operation)
        self.assert_completed(operation, 3)
        self.assertEqual(self.bodies(), [b"all", b"all"])
        self.wait_for_kept("0.answer")

    def test_a_socket_and_a_slice(self):
        ours, theirs = socket.socketpair()
        with ours:
            operation = self.upload_fd(theirs.detach(), start=True, offset=V("t", 2),
                                       length=V("t", 3))
            ours.sendall(b"abcdefg")
        self.assert_completed(operation, 3)
        self.assertEqual(self.bodies(), [b"cde"])

    def test_a_file_without_a_name_is_kept_as_a_stream_is(self):
        for start, options, sent in ((True, {}, b"abcdefg"),
                                     (False, {"offset": V("t", 2), "length": V("t", 3)}, b"cde")):
            with self.subTest(start=start):
                # All of it, wherever its offset is.
                file = os.memfd_create("nameless")
                os.write(file, b"abcdefg")
                operation = self.upload_fd(file, start=start, **options)
                if not start:
                    self.wait_for_read(operation, 7)
                    wait_until(lambda: "0.stream" in self.kept(), "it is kept")
                    self.strike("daemon", "worker")
                    self.start(operation)
                self.assert_completed(operation, len(sent))
                self.assertEqual(self.bodies()[-1], sent)
        with self.assertRaises(GLib.Error) as caught:
            file = os.memfd_create("nameless")
            self.upload_fd(file, offset=V("t", 1))
        self.assertEqual(error_name(caught.exception), "InvalidArgument")
        self.assertIn("offset", caught.exception.message)

    def test_a_socket_without_an_end_is_refused(self):
        one, other = socket.socketpair(type=socket.SOCK_DGRAM)
        listening = socket.create_server(("127.0.0.1", 0))
        with other:
            for endless in (one, listening):
                with self.subTest(endless), self.assertRaises(GLib.Error) as caught:
                    self.upload_fd(endless.detach())
                self.assertEqual(error_name(caught.exception), "InvalidArgument")

    def test_a_slice_beyond_the_end(self):
        reading, writing = self.pipe()
        operation = self.upload_fd(reading, start=True, offset=V("t", 5))
        self.close(writing)
        values = self.assert_failed(operation, "file-error")
        self.assertIn("offset", values["ErrorMessage"])

    def test_a_deadline_passes_while_it_is_read(self):
        reading, writing = self.pipe()
        operation = self.upload_fd(reading, deadline=V("x", int((time.time() + 0.5) * 1e6)))
        self.assert_failed(operation, "timeout")
        wait_until_nobody_reads(writing)

    def test_what_nobody_knows_any_more_is_removed(self):
        folder = f"{self.daemon.state}/background-transfer/uploads"
        os.makedirs(folder)
        for name in ("a.0.stream", "a.0.answer", "b.0.unfinished"):
            with open(f"{folder}/{name}", "wb"):
                pass
        reading, writing = self.pipe()
        self.upload_fd(reading)
        os.write(writing, b"x")
        self.wait_for_kept("0.unfinished")
        wait_until(lambda: len(os.listdir(folder)) == 1, "only what is needed is there")


class Parts(StreamCase):
    def streams(self, count):
        files = Gio.UnixFDList.new()
        writing = []
        handles = []
        for _ in range(count):
            ends = self.pipe()
            handles.append(files.append(ends[0]))
            os.close(ends[0])
            writing.append(ends[1])
        return files, handles, writing

    def test_streams_in_parts_in_any_order(self):
        files, handles, writing = self.streams(2)
        operation = self.form([
            {"name": V("s", "one"), "fd": V("h", handles[0]), "filename": V("s", "1")},
            self.text_part("two", "text"),
            {"name": V("s", "three"), "fd": V("h", handles[1])},
            {"name": V("s", "four"), "file": V("s", self.source)}], files=files)
        # More than a pipe holds, into the second before anything is in the first.
        for number, text in ((1, b"3" * 300000), (0, b"1" * 200000)):
            with self.open(writing[number]) as file:
                file.write(text)
        self.daemon.wait_for_status(operation, "completed")
        _, parts = self.read_back()
        self.assertEqual([part["Content-Disposition"].params["name"] for part in parts],
                         ["one", "two", "three", "four"])
        self.assertEqual([parts[n].get_payload(decode=True) for n in (0, 1, 2)],
                         [b"1" * 200000, b"text", b"3" * 300000])
        self.wait_for_kept("0.answer")

    def test_parts_without_a_name(self):
        files = Gio.UnixFDList.new()
        file = os.memfd_create("nameless")
        os.write(file, b"12345")
        handle = files.append(file)
        os.close(file)
        operation = self.form([{"name": V("s", name), "fd": V("h", handle)} for name in "ab"],
                              files=files)
        self.daemon.wait_for_status(operation, "completed")
        _, parts = self.read_back()
        self.assertEqual([part.get_payload(decode=True) for part in parts], [b"12345"] * 2)

    def test_killed_between_two(self):
        """One whole and one not is not whole."""
        files, handles, writing = self.streams(2)
        operation = self.form([{"name": V("s", str(n)), "fd": V("h", handle)}
                               for n, handle in enumerate(handles)], start=False, files=files)
        os.write(writing[0], b"one")
        self.close(writing[0])
        self.wait_for_kept("0.stream", "1.unfinished")
        self.strike("worker")
        self.assert_failed(operation, "file-error")
        self.daemon.call(operation, "Operation", "Acknowledge")
        self.wait_for_kept()

    def test_killed_when_the_end_was_not_yet_stored(self):
        has_come, may_go_on = threading.Event(), threading.Event()

        def holding_the_answer(take):
            is_whole = taking(take)
            has_come.set()
            take.exchange.wait(may_go_on)
            return is_whole
        self.uploads.take("/file", holding_the_answer, taking)
        reading, writing = self.pipe()
        operation = self.upload_fd(reading)
        os.write(writing, b"text")
        self.close(writing)
        self.start(operation)
        self.assertTrue(has_come.wait(DEADLINE_SECONDS))
        worker = self.daemon.workers()[0]
        # What the worker has told before this is stored then, and what it asks before it is
        # answered: its job shall wait for no answer while the service stands still.
        self.daemon.set(operation, "Priority", V("s", "high"))
        with self.assertRaises(GLib.Error) as caught:
            self.daemon.call(operation, "Operation", "OpenResult", V("(t)", (0,)))
        self.assertEqual(error_name(caught.exception), "NotYetAvailable")
        self.daemon.process.send_signal(signal.SIGSTOP)
        may_go_on.set()
        wait_until(lambda: "job" not in self.threads(worker), "the job has ended")
        self.strike("daemon", "worker")
        self.daemon.wait_for_status(operation, "completed")
        self.assertEqual([request.body for request in self.uploads.heads("/file")], [b"text"] * 2)
        self.wait_for_kept("0.answer")

    @staticmethod
    def threads(pid):
        names = []
        for task in os.listdir(f"/proc/{pid}/task"):
            # One may end in between.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError), \
                    open(f"/proc/{pid}/task/{task}/comm", encoding="ascii") as file:
                names.append(file.read().strip())
        return names

    def test_killed_when_all_are_whole(self):
        self.uploads.take("/file", cutting(20), taking)
        files, handles, writing = self.streams(1)
        operation = self.form([{"name": V("s", "a"), "fd": V("h", handles[0])}], files=files,
                              start=False, allow_restart=V("b", True))
        os.write(writing[0], b"text")
        self.close(writing[0])
        self.wait_for_kept("0.stream")
        self.strike("daemon", "worker")
        self.start(operation)
        self.daemon.wait_for_status(operation, "completed")
        self.assertEqual(self.read_back()[1][0].get_payload(decode=True), b"text")

    def test_in_a_batch(self):
        files, handles, writing = self.streams(2)
        reply, _ = self.daemon.connection.call_with_unix_fd_list_sync(
            "org.example.BackgroundTransfer", PATH, "org.example.BackgroundTransfer.Manager",
            "CreateOperations", V("(aa{sv})", ([
                {"kind": V("s", "upload"), "uri": V("s", self.uploads.uri("/file")),
                 "source": V("h", handles[0]), "start": V("b", True)},
                {"kind": V("s", "upload"), "uri": V("s", self.uploads.uri("/file")),
                 "parts": V("aa{sv}", [{"name": V("s", "a"), "fd": V("h", handles[1])}]),
                 "start": V("b", True)}],)),
            None, Gio.DBusCallFlags.NONE, -1, files, None)
        for end in writing:
            os.write(end, b"text")
            self.close(end)
        for operation in reply.unpack()[0]:
            self.daemon.wait_for_status(operation, "completed")

    def test_what_cannot_be_a_part(self):
        files = Gio.UnixFDList.new()
        with open("/dev/null", "rb") as file:
            handle = files.append(file.fileno())
        with self.assertRaises(GLib.Error) as caught:
            self.form([{"name": V("s", "a"), "fd": V("h", handle)}], files=files)
        self.assertEqual(error_name(caught.exception), "InvalidArgument")
        self.assertIn("part 0", caught.exception.message)
        self.assertIn("fd", caught.exception.message)


class Killed(StreamCase):
    """In the middle of sending, whatever the body is."""

    def setUp(self):
        super().setUp()
        with open(self.source, "wb") as file:
            for _ in range(20):
                file.write(self.body.read())

    def put(self):
        return self.upload()

    def post(self):
        return self.upload(method=self.text("POST"), allow_restart=V("b", True))

    def descriptor(self):
        return self.upload_fd(os.open(self.source, os.O_RDONLY), start=True)

    def stream(self):
        reading, writing = self.pipe()
        operation = self.upload_fd(reading, start=True)
        with self.open(writing) as file, open(self.source, "rb") as source:
            file.write(source.read())
        return operation

    def parts(self):
        files = Gio.UnixFDList.new()
        reading, writing = self.pipe()
        handles = [files.append(reading)]
        os.close(reading)
        with open(self.source, "rb") as file:
            handles.append(files.append(file.fileno()))
        self.close(writing)
        return self.form([{"name": V("s", "a"), "file": V("s", self.source)},
                          {"name": V("s", "b"), "fd": V("h", handles[0])},
                          {"name": V("s", "c"), "fd": V("h", handles[1])}],
                         files=files, allow_restart=V("b", True))

    def check(self, start, *victims):
        event, begun = threading.Event(), threading.Event()
        self.addCleanup(event.set)

        def hold(take):
            take.go_on()
            take.read(MIB)
            begun.set()
            take.exchange.wait(event)
            return take.read()
        self.uploads.take("/file", hold, taking)
        operation = start()
        wait_until(begun.is_set, "some has been sent")
        self.strike(*victims)
        event.set()
        self.daemon.wait_for_status(operation, "completed")
        requests = self.uploads.heads("/file")[-2:]
        with open(self.source, "rb") as file:
            self.assertIn(file.read(), requests[1].body)
        self.assertEqual(len(requests[1].body), int(requests[1].headers["content-length"]))
        self.assertEqual(requests[0].headers.get("idempotency-key"),
                         requests[1].headers.get("idempotency-key"))

    def test_the_daemon(self):
        for start in (self.put, self.post, self.descriptor, self.stream, self.parts):
            with self.subTest(start.__name__):
                self.check(start, "daemon")

    def test_the_worker(self):
        for start in (self.post, self.descriptor, self.stream, self.parts):
            with self.subTest(start.__name__):
                self.check(start, "worker")


class Filling(StreamCase):
    def fill(self, writing, count):
        """Whether all of it was taken."""
        try:
            with self.open(writing) as file:
                for _ in range(count // MIB):
                    file.write(bytes(MIB))
        except BrokenPipeError:
            return False
        return True


class Bounds(Filling):
    settings = {"Transfers": {"MaxActive": "1", "MaxSpoolBytesPerUser": str(4 * MIB)}}

    def test_one_that_stalls_holds_up_nobody(self):
        reading, writing = self.pipe()
        stalled = self.upload_fd(reading, start=True)
        os.write(writing, b"x")
        self.wait_for_read(stalled, 1)
        self.assert_completed(self.upload())
        self.assert_waiting(stalled)

    def test_more_than_a_user_may_have_kept(self):
        first, writing = self.pipe()
        kept = self.upload_fd(first)
        self.assertTrue(self.fill(writing, 2 * MIB))
        self.wait_for_kept("0.stream")
        second, writing = self.pipe()
        operation = self.upload_fd(second)
        self.assertFalse(self.fill(writing, 64 * MIB))
        values = self.assert_failed(operation, "no-space")
        self.assertIn(str(4 * MIB), values["ErrorMessage"])
        self.assertEqual(sum(self.kept().values()), 2 * MIB)
        self.start(kept)
        self.assert_completed(kept, 2 * MIB)


class ApplicationBounds(Filling):
    settings = {"Transfers": {"MaxSpoolBytesPerUser": str(8 * MIB),
                              "MaxSpoolBytesPerApplication": str(4 * MIB)}}

    def keep(self, count, application="org.example.Greedy"):
        """(the operation, whether the service took all of the stream)"""
        reading, writing = self.pipe()
        operation = self.upload_fd(reading, application_id=V("s", application))
        return operation, self.fill(writing, count)

    def count_kept(self):
        with os.scandir(f"{self.daemon.state}/background-transfer/uploads") as files:
            return sum(file.stat().st_size for file in files)

    def assert_refused(self, count):
        operation, is_taken = self.keep(count)
        self.assertFalse(is_taken)
        values = self.assert_failed(operation, "no-space")
        self.assertIn("MaxSpoolBytesPerApplication", values["ErrorMessage"])
        self.assertIn(str(4 * MIB), values["ErrorMessage"])
        self.daemon.call(operation, "Operation", "Acknowledge")

    def test_one_application_leaves_another_its_room(self):
        kept, is_taken = self.keep(3 * MIB)
        self.assertTrue(is_taken)
        self.wait_for_kept("0.stream")
        self.assert_refused(64 * MIB)
        self.strike("daemon", "worker")
        self.assert_refused(64 * MIB)
        other, is_taken = self.keep(4 * MIB, "@org.exämple . Other")
        self.assertTrue(is_taken)
        wait_until(lambda: self.count_kept() == 7 * MIB, "both are kept")
        self.daemon.call(kept, "Operation", "Cancel")
        self.daemon.wait_for_status(kept, "canceled")
        self.assertTrue(self.keep(4 * MIB)[1])
        self.start(other)
        self.assert_completed(other, 4 * MIB)

    def test_answers_count_too(self):
        body = Body(20 * MIB).read()
        self.uploads.serve("/file", b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
                           + body)
        operation, is_taken = self.keep(MIB)
        self.assertTrue(is_taken)
        self.start(operation)
        self.assert_completed(operation, MIB)
        information = self.daemon.call(operation, "Operation", "GetResponseInformation")[0]
        self.assertTrue(information["is-truncated"])
        # The stream was still there then, and has gone since.
        self.wait_for_kept("0.answer")
        self.assertLessEqual(self.kept()["0.answer"], 3 * MIB)
        self.assertGreater(self.kept()["0.answer"], 3 * MIB - 64 * 1024)
        self.assert_refused(2 * MIB)
        self.assertTrue(self.keep(4 * MIB, "org.example.Other")[1])
        self.assertIn("MaxSpoolBytesPerApplication", self.daemon.log())


class IdleExit(StreamCase):
    def setUp(self):
        super().setUp()
        self.assertEqual(self.daemon.terminate(), 0)
        self.daemon.arguments = ["--idle-exit", "2"]
        self.start_again()

    def test_not_while_a_stream_is_read(self):
        address = self.daemon.connection
        reading, writing = self.pipe()
        operation = self.upload_fd(reading)
        os.write(writing, b"x")
        self.wait_for_read(operation, 1)
        # Who is gone does not keep the service.
        address.close_sync(None)
        self.daemon.connection = self.bus.connect()
        end = time.monotonic() + 4
        wait_until(lambda: time.monotonic() > end, "twice the time has passed")
        self.assertIsNone(self.daemon.process.poll())
        self.close(writing)
        self.assertEqual(self.daemon.process.wait(DEADLINE_SECONDS), 0)
        self.wait_for_kept("0.stream")


@with_own_mounts(__file__)
class NoSpace(StreamCase):
    def setUp(self):
        super().setUp()
        folder = f"{self.daemon.state}/background-transfer/uploads"
        os.makedirs(folder)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "x", folder], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=False)
        self.uploads_folder = folder

    def test_a_stream_that_does_not_fit(self):
        reading, writing = self.pipe()
        operation = self.upload_fd(reading, start=True)
        with self.assertRaises(BrokenPipeError), self.open(writing) as file:
            for _ in range(64):
                file.write(bytes(MIB))
        values = self.assert_failed(operation, "no-space")
        self.assertIn("MiB", values["ErrorMessage"])
        status = os.statvfs(self.uploads_folder)
        self.assertGreater(status.f_bavail * status.f_frsize, 23 * MIB)
        self.daemon.call(operation, "Operation", "Acknowledge")
        self.assertEqual(self.kept(), {})
        self.assertEqual(self.bodies(), [])

    def test_an_answer_that_does_not_fit(self):
        body = Body(20 * MIB).read()
        self.uploads.serve("/file", b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
                           + body)
        operation = self.upload()
        self.assert_completed(operation)
        information = self.daemon.call(operation, "Operation", "GetResponseInformation")[0]
        self.assertTrue(information["is-truncated"])
        result = self.result(operation)
        self.assertGreater(len(result), 4 * MIB)
        self.assertTrue(body.startswith(result))


if __name__ == "__main__":
    unittest.main()
