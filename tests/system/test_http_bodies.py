# SPDX-License-Identifier: LGPL-2.1-or-later
"""Downloads whose request has a body."""

import os
import socket
import tempfile
import threading
import unittest

from gi.repository import Gio, GLib

from harness.daemon import NAME, PATH, error_name
from harness.servers import Body, raw, sending
from harness.service_case import ServiceCase
from harness.wait import wait_until, wait_until_nobody_reads

MIB = 1024 * 1024
TEXT = "query=ä&page=1"


class Bodies(ServiceCase):
    def post(self, text=TEXT):
        return self.download(method=self.text("POST"), body=self.text(text))

    def bodies(self, path="/file"):
        return [(request.method, bytes(request.body).decode()) for request in self.server.heads(path)]

    def test_a_text_is_sent(self):
        body = Body(1000)
        self.server.serve("/file", sending(body))
        self.complete(self.post(), body)
        self.assertEqual(self.bodies(), [("POST", TEXT)])

    def test_it_is_sent_again_after_a_challenge_and_a_redirection(self):
        body = Body(1000)
        self.server.serve("/file", raw(b"HTTP/1.1 307 X\r\nLocation: /private\r\n"
                                       b"Content-Length: 0\r\n\r\n", then="keep"))
        self.server.serve("/private", [
            raw(b"HTTP/1.1 401 X\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
                then="keep"), sending(body)])
        self.complete(self.download(method=self.text("POST"), body=self.text(TEXT),
                                    server_credential=GLib.Variant("(ss)", ("a", "b"))), body)
        self.assertEqual(self.bodies() + self.bodies("/private"), [("POST", TEXT)] * 3)

    def test_it_is_not_sent_where_a_redirection_asks_for_get(self):
        body = Body(1000)
        self.server.serve("/file", raw(b"HTTP/1.1 303 X\r\nLocation: /end\r\n"
                                       b"Content-Length: 0\r\n\r\n", then="keep"))
        self.server.serve("/end", sending(body))
        self.complete(self.post(), body)
        self.assertEqual(self.bodies("/end"), [("GET", "")])


class Descriptors(ServiceCase):
    def setUp(self):
        super().setUp()
        # A larger one waits for a 100 (Continue) that this server does not send.
        self.question = Body(MIB, seed=7)
        self.source = f"{self.make_folder()}/question"
        self.question.write_to(self.source)
        self.body = Body(3 * MIB)
        self.server.serve("/file", sending(self.body))

    def call(self, method, parameters, files):
        handles = Gio.UnixFDList.new()
        for file in files:
            handles.append(file)
        reply, _ = self.daemon.connection.call_with_unix_fd_list_sync(
            NAME, PATH, f"{NAME}.Manager", method, parameters, None, Gio.DBusCallFlags.NONE, -1,
            handles, None)
        return reply.unpack()[0]

    def options(self, handle=0, **more):
        return {"method": self.text("POST"), "body": GLib.Variant("h", handle), **more}

    def create(self, file, **more):
        """@file: a number."""
        return self.call("CreateDownload", GLib.Variant(
            "(ssa{sv})", (self.server.uri("/file"), self.path, self.options(**more))), [file])

    def start(self, operation):
        self.daemon.call(operation, "Operation", "Start")
        return operation

    def post_file(self, **more):
        with open(self.source, "rb") as file:
            return self.start(self.create(file.fileno(), **more))

    def assert_sent(self, *, times=1, to="/file", what=None):
        sent = [bytes(request.body) for request in self.server.heads(to)]
        self.assertEqual(len(sent), times)
        self.assertTrue(all(one == (what or self.question.read()) for one in sent))

    def test_a_file_is_sent(self):
        self.question = Body(20 * MIB + 1)
        self.question.write_to(self.source)
        self.complete(self.post_file(), self.body)
        self.assert_sent()
        self.assertEqual(self.server.heads("/file")[0].method, "POST")

    def test_an_empty_file_too(self):
        with open("/dev/null", "rb") as nothing, tempfile.TemporaryFile() as file:
            self.complete(self.start(self.create(file.fileno())), self.body)
            self.assertRaises(GLib.Error, self.create, nothing.fileno())
        self.assertEqual(self.server.heads("/file")[0].body, b"")
        self.assertEqual(self.server.heads("/file")[0].headers["content-length"], "0")

    def test_beside_a_descriptor_to_write_to(self):
        with open(self.source, "rb") as source, open(self.path, "w+b") as target:
            operation = self.start(self.call("CreateDownloadToFd", GLib.Variant(
                "(sha{sv})", (self.server.uri("/file"), 1, self.options())),
                [source.fileno(), target.fileno()]))
        self.complete(operation, self.body)
        self.assert_sent()

    def test_in_a_batch_and_asked_about(self):
        with open(self.source, "rb") as file:
            for operation in self.call("CreateOperations", GLib.Variant("(aa{sv})", ([
                    dict(self.options(), kind=self.text("download"),
                         uri=self.text(self.server.uri(f"/{name}")),
                         destination=self.text(f"{self.folder}/{name}"),
                         start=GLib.Variant("b", True)) for name in ("one", "two")],)),
                    [file.fileno()]):
                self.daemon.wait_for_status(operation, "completed", "error")
            self.assertTrue(self.call("Evaluate", GLib.Variant("(a{sv})", (self.options(),)),
                                      [file.fileno()]))
        for path in ("/one", "/two"):
            self.assert_sent(to=path)

    def test_what_has_no_name_is_sent_while_the_service_lives(self):
        file = os.memfd_create("question")
        os.write(file, b"x" * 100_000)
        operation = self.create(file)
        os.close(file)
        self.complete(self.start(operation), self.body)
        self.assert_sent(what=b"x" * 100_000)

    def test_what_cannot_be_sent_is_refused(self):
        reader, writer = os.pipe()
        cases = [(os.open(self.source, os.O_WRONLY), "AccessDenied"), (writer, "AccessDenied"),
                 (os.open(self.source, os.O_PATH), "InvalidArgument"),
                 (os.open("/", os.O_RDONLY), "InvalidArgument"),
                 (os.open("/dev/zero", os.O_RDONLY), "InvalidArgument")]
        for file, name in cases:
            with self.subTest(file=file, name=name), self.assertRaises(GLib.Error) as caught:
                self.create(file)
            self.assertEqual(error_name(caught.exception).rpartition(".")[2], name)
            self.assertIn("body", caught.exception.message)
            os.close(file)
        os.close(reader)
        with self.assertRaises(GLib.Error) as caught:
            self.daemon.create_download(self.server.uri("/file"), self.path, self.options())
        self.assertEqual(error_name(caught.exception).rpartition(".")[2], "InvalidArgument")
        self.assertEqual(self.daemon.operations(), {})
        self.assertEqual(os.listdir(self.folder), [])

    def test_it_is_sent_again_after_a_cut_and_a_redirection(self):
        self.server.serve("/file", raw(b"HTTP/1.1 307 X\r\nLocation: /end\r\n"
                                       b"Content-Length: 0\r\n\r\n", then="keep"))
        self.server.serve("/end", [sending(self.body, cut_at=MIB), sending(self.body)])
        self.complete(self.post_file(), self.body)
        self.assert_sent(times=2)
        self.assert_sent(times=2, to="/end")
        self.assertEqual(self.ranges_asked("/end"), [None, f"bytes={MIB}-"])

    def test_over_several_connections(self):
        self.body = Body(24 * MIB)
        self.server.serve("/file", sending(self.body))
        self.complete(self.post_file(**{"random-access": GLib.Variant("b", True)}), self.body)
        self.assert_sent(times=len(self.server.heads("/file")))

    def kill_in_the_middle(self):
        gate = threading.Event()
        self.server.serve("/file", [sending(self.body, hold=(MIB, gate)), sending(self.body)])
        operation = self.post_file()
        self.daemon.wait_for_bytes(operation, MIB)
        self.pause(operation)
        gate.set()
        self.daemon.kill()
        return operation

    def test_a_file_is_opened_again_after_a_restart(self):
        operation = self.kill_in_the_middle()
        self.start_again()
        self.resume(operation)
        self.complete(operation, self.body)
        self.assert_sent(times=2)

    def test_another_file_of_that_name_is_not(self):
        operation = self.kill_in_the_middle()
        os.rename(self.source, f"{self.source}.old")
        self.question.write_to(self.source)
        self.start_again()
        self.resume(operation)
        self.fail_with(operation, "file-changed")
        self.assert_sent()

    def test_a_stream_is_kept_and_sent_again(self):
        self.server.serve("/file", [sending(self.body, cut_at=MIB), sending(self.body)])
        for make in (os.pipe, lambda: [one.detach() for one in socket.socketpair()]):
            reader, writer = make()
            with self.subTest(make=make):
                operation = self.create(reader)
                os.close(reader)
                self.start(operation)
                with open(writer, "wb") as file:
                    file.write(self.question.read())
                self.complete(operation, self.body)
                self.daemon.call(operation, "Operation", "Acknowledge")
                os.unlink(self.path)
        self.assert_sent(times=3)
        wait_until(lambda: not self.spooled(), "the streams have gone")

    def test_a_kept_stream_outlives_the_service(self):
        reader, writer = os.pipe()
        operation = self.create(reader)
        os.close(reader)
        gate = threading.Event()
        self.server.serve("/file", [sending(self.body, hold=(MIB, gate)), sending(self.body)])
        self.start(operation)
        with open(writer, "wb") as file:
            file.write(self.question.read())
        self.daemon.wait_for_bytes(operation, MIB)
        self.daemon.kill()
        gate.set()
        self.start_again()
        self.complete(operation, self.body)
        self.assert_sent(times=2)

    def test_canceling_removes_what_is_kept(self):
        reader, writer = os.pipe()
        operation = self.create(reader)
        os.close(reader)
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.server.serve("/file", sending(self.body, hold=(MIB, gate)))
        self.start(operation)
        with open(writer, "wb") as file:
            file.write(self.question.read())
        self.daemon.wait_for_bytes(operation, MIB)
        self.assertNotEqual(self.spooled(), [])
        self.cancel(operation)
        wait_until(lambda: not self.spooled(), "the streams have gone")

    def test_a_stream_is_read_before_the_start(self):
        """Also where the destination is a descriptor that nobody else has any more."""
        reader, writer = os.pipe()
        with open(self.path, "wb") as destination:
            operation = self.call("CreateDownloadToFd", GLib.Variant(
                "(sha{sv})", (self.server.uri("/file"), 1, self.options())),
                [reader, destination.fileno()])
        os.close(reader)
        with open(writer, "wb") as file:
            file.write(self.question.read())
        wait_until(lambda: self.names() == ["0.stream"], "the stream is kept")
        wait_until(lambda: self.daemon.get(operation, "TotalBytesToSend") == self.question.size,
                   "it is known how much it is")
        values = self.daemon.get_all(operation)
        self.assertEqual((values["Status"], values["BlockedBy"]), ("idle", ["not-started"]))
        self.start(operation)
        self.daemon.wait_for_status(operation, "completed")
        with open(self.path, "rb") as file:
            self.assertEqual(file.read(), self.body.read())
        self.assert_sent()
        self.assertEqual([self.daemon.get(operation, name)
                          for name in ("BytesSent", "TotalBytesToSend")], [self.question.size] * 2)

    def test_a_stream_that_breaks_off_is_never_sent(self):
        reader, writer = os.pipe()
        operation = self.create(reader)
        os.close(reader)
        self.addCleanup(os.close, writer)
        os.write(writer, b"first ")
        wait_until(lambda: self.daemon.get(operation, "TotalBytesToSend") == 6, "it is read")
        workers = self.daemon.workers()
        self.daemon.kill()
        for pid in workers:
            os.kill(pid, 9)
        self.start_again()
        self.start(operation)
        self.daemon.wait_for_status(operation, "error")
        self.assertIn("stream", self.daemon.get(operation, "ErrorMessage"))
        self.assertEqual(self.server.heads("/file"), [])
        self.daemon.call(operation, "Operation", "Acknowledge")
        wait_until(lambda: self.spooled() == [], "nothing is kept")

    def test_canceling_closes_the_stream(self):
        reader, writer = os.pipe()
        operation = self.create(reader)
        os.close(reader)
        self.addCleanup(os.close, writer)
        os.write(writer, b"first ")
        wait_until(lambda: self.daemon.get(operation, "TotalBytesToSend") == 6, "it is read")
        self.cancel(operation)
        wait_until(lambda: not self.spooled(), "the streams have gone")
        wait_until_nobody_reads(writer)

    def names(self):
        return [name.split(".", 1)[1] for name in self.spooled()]

    def spooled(self):
        folder = f"{self.daemon.state}/background-transfer/uploads"
        return os.listdir(folder) if os.path.exists(folder) else []


if __name__ == "__main__":
    unittest.main()
