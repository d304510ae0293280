# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uploads of one file: what the server gets, and that it gets it once."""

import os
import threading
import unittest

from gi.repository import Gio, GLib

from harness.bodies import Body
from harness.daemon import PATH, error_name
from harness.proxies import PASSWORD, USER, Squid
from harness.service_case import ServiceCase, TlsCase
from harness.servers import Nginx, raw
from harness.upload_server import (CREATED, UploadServer, answering, cutting, holding, ignoring_expect,
                                   refusing, taking)
from harness.wait import wait_until

MIB = 1024 * 1024


class UploadCase(ServiceCase):
    def setUp(self):
        super().setUp()
        self.uploads = self.enter(UploadServer())
        self.uploads.serve("/file", CREATED)
        self.body = Body(3 * MIB + 17)
        self.source = f"{self.folder}/source"
        self.body.write_to(self.source)

    def upload(self, uri=None, start=True, source=None, **options):
        options = {name.replace("_", "-"): value for name, value in options.items()}
        path = self.daemon.call(
            PATH, "Manager", "CreateUpload",
            GLib.Variant("(ssa{sv})", (uri or self.uploads.uri("/file"), source or self.source,
                                       options)))[0]
        if start:
            self.daemon.call(path, "Operation", "Start")
        return path

    def assert_completed(self, operation, size=None):
        values = self.daemon.wait_for_status(operation, "completed")
        size = self.body.size if size is None else size
        self.assertEqual((values["BytesSent"], values["TotalBytesToSend"]), (size, size))
        self.assertEqual(values["WebErrorStatus"], "")
        return values

    def assert_failed(self, operation, *web_errors):
        values = self.daemon.wait_for_status(operation, "error")
        self.assertIn(values["WebErrorStatus"], web_errors, values["ErrorMessage"])
        return values

    def bodies(self, path="/file"):
        return [request.body for request in self.uploads.heads(path)]

    def wait_for_sent(self, operation, count):
        wait_until(lambda: self.daemon.get(operation, "BytesSent") >= count, f"{count} bytes sent")

    def result(self, operation, position=0):
        reply, files = self.daemon.connection.call_with_unix_fd_list_sync(
            "org.example.BackgroundTransfer", operation,
            "org.example.BackgroundTransfer.Operation", "OpenResult",
            GLib.Variant("(t)", (position,)), None, Gio.DBusCallFlags.NONE, -1, None, None)
        with os.fdopen(files.get(reply.unpack()[0]), "rb") as file:
            return file.read()


class FirstTry(UploadCase):
    settings = {"Transfers": {"MaxRetries": "0", "ResponseTimeoutSeconds": "600"}}

    def test_a_challenge_to_expect_is_met(self):
        challenge = (b"HTTP/1.1 401 X\r\nWWW-Authenticate: Basic realm=x\r\n"
                     b"Content-Length: 4\r\n\r\nno\r\n")

        def challenging(take):
            take.exchange.send(challenge)
            take.exchange.hang()
            return False
        self.uploads.take("/file", challenging, taking)
        self.assert_completed(self.upload(
            server_credential=GLib.Variant("(ss)", ("user", "secret"))))
        self.assertEqual(self.bodies(), [b"", self.body.read()])


class Plain(UploadCase):
    def test_a_put_arrives_whole(self):
        operation = self.upload()
        self.assert_completed(operation)
        self.assertEqual(self.bodies(), [self.body.read()])
        request = self.uploads.heads("/file")[0]
        self.assertEqual(request.method, "PUT")
        self.assertEqual(request.headers["expect"], "100-continue")
        self.assertEqual(self.daemon.get_all(operation, "Upload"), {"Source": self.source})

    def test_any_method_headers_and_a_slice(self):
        operation = self.upload(method=self.text("REPORT"), offset=GLib.Variant("t", 1000),
                                length=GLib.Variant("t", 500),
                                headers=GLib.Variant("a{ss}", {"Content-Type": "text/x", "X-A": "b"}))
        self.assert_completed(operation, 500)
        request = self.uploads.heads("/file")[0]
        self.assertEqual((request.method, request.body), ("REPORT", self.body.read(1000, 1500)))
        self.assertEqual((request.headers["content-type"], request.headers["x-a"]), ("text/x", "b"))
        self.assertNotIn("expect", request.headers)

    def test_an_empty_file(self):
        for method in ("PUT", "POST"):
            with self.subTest(method), open(f"{self.folder}/empty", "wb"):
                operation = self.upload(source=f"{self.folder}/empty", method=self.text(method))
                self.assert_completed(operation, 0)
                request = self.uploads.heads("/file")[-1]
                self.assertEqual((request.body, request.headers["content-length"]), (b"", "0"))

    def test_the_answer_is_kept(self):
        self.uploads.serve("/file", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Is: y\r\n\r\nhello")
        operation = self.upload()
        self.assert_completed(operation)
        self.assertEqual(self.result(operation), b"hello")
        self.assertEqual(self.result(operation, 3), b"lo")
        with self.assertRaises(GLib.Error) as caught:
            self.result(operation, 6)
        self.assertEqual(error_name(caught.exception), "NotYetAvailable")
        information = self.daemon.call(operation, "Operation", "GetResponseInformation")[0]
        self.assertEqual(information["status-code"], 200)
        self.assertIn(("X-Is", "y"), information["headers"])
        self.daemon.call(operation, "Operation", "Acknowledge")
        self.assertEqual(os.listdir(f"{self.daemon.state}/background-transfer/uploads"), [])

    def test_the_answer_to_an_error_is_kept_too(self):
        self.uploads.serve("/file", b"HTTP/1.1 422 No\r\nContent-Length: 3\r\n\r\nwhy")
        operation = self.upload()
        self.assert_failed(operation, "http-422")
        self.assertEqual(self.result(operation), b"why")

    def test_a_server_that_ignores_expect(self):
        self.uploads.take("/file", ignoring_expect)
        self.assert_completed(self.upload())
        self.assertEqual(self.bodies(), [self.body.read()])

    def test_a_refusal_does_not_cost_the_body(self):
        self.uploads.take("/file", refusing(b"HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n"))
        values = self.assert_failed(self.upload(), "http-413")
        self.assertEqual((self.bodies(), values["BytesSent"]), ([b""], 0))

    def test_a_server_that_refuses_to_be_asked_gets_the_body_unasked(self):
        """Also what may be sent only once: nothing of it had gone out."""
        answer = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"
        for method in ("PUT", "POST"):
            for refuse in (refusing(answer), answering(answer)):
                with self.subTest(method=method, refuse=refuse):
                    self.uploads.take("/file", refuse, taking)
                    self.assert_completed(self.upload(method=self.text(method)))
                    first, second = self.uploads.heads("/file")[-2:]
                    self.assertEqual((first.headers["expect"], first.body), ("100-continue", b""))
                    self.assertNotIn("expect", second.headers)
                    self.assertEqual(second.body, self.body.read())

    def test_one_that_refuses_always_is_an_error(self):
        self.uploads.take("/file", refusing(b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"))
        self.assert_failed(self.upload(), "http-417")
        self.assertEqual(len(self.bodies()), 2)

    def test_a_password_is_asked_for_before_the_body(self):
        """The challenge costs nothing of it, and then it is sent whole."""
        challenge = (b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
                     b"Content-Length: 0\r\n\r\n")
        for method in ("PUT", "POST"):
            with self.subTest(method):
                self.uploads.take("/file", refusing(challenge), taking)
                self.assert_completed(self.upload(
                    method=self.text(method),
                    server_credential=GLib.Variant("(ss)", ("user", "secret"))))
                first, second = self.uploads.heads("/file")[-2:]
                self.assertEqual((first.body, second.body), (b"", self.body.read()))
                self.assertNotIn("authorization", first.headers)
                self.assertEqual(second.headers["authorization"], "Basic dXNlcjpzZWNyZXQ=")

    def test_a_password_is_asked_for_after_the_body(self):
        """A server that reads all of it first gets it again, without having taken it."""
        self.uploads.serve("/file", [b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
                                     b"Content-Length: 0\r\n\r\n", CREATED])
        self.assert_completed(self.upload(
            server_credential=GLib.Variant("(ss)", ("user", "secret"))))
        self.assertEqual(self.bodies(), [self.body.read()] * 2)

    def test_another_server_gets_the_body_but_no_secrets(self):
        """Who redirects an upload says where it goes, and not who the application is."""
        other = self.enter(UploadServer())
        other.serve("/there", CREATED)
        for code, method in ((307, "POST"), (308, "PUT"), (301, "PUT")):
            with self.subTest(code=code, method=method):
                self.uploads.serve("/old", f"HTTP/1.1 {code} X\r\nLocation: {other.uri('/there')}"
                                           "\r\nContent-Length: 0\r\n\r\n".encode())
                self.assert_completed(self.upload(
                    self.uploads.uri("/old"), method=self.text(method),
                    cookies=GLib.Variant("a{ss}", {"a": "b"}),
                    server_credential=GLib.Variant("(ss)", ("user", "secret")),
                    headers=GLib.Variant("a{ss}", {"Authorization": "Bearer x",
                                                   "Content-Type": "text/x"})))
                request = other.heads("/there")[-1]
                self.assertEqual((request.method, request.body), (method, self.body.read()))
                self.assertEqual(request.headers.get("content-type"), "text/x")
                self.assertNotIn("authorization", request.headers)
                self.assertNotIn("cookie", request.headers)

    def test_a_refusal_in_the_middle_is_heard(self):
        self.uploads.take("/file", refusing(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", MIB))
        Body(64 * MIB).write_to(self.source)
        self.assert_failed(self.upload(), "http-403")

    def test_redirections(self):
        self.uploads.serve("/new", CREATED)
        cases = ((307, "POST", "POST", True), (308, "PUT", "PUT", True), (303, "POST", "GET", False),
                 (302, "POST", "GET", False), (301, "PUT", "PUT", True))
        for code, method, then, has_body in cases:
            with self.subTest(code=code, method=method):
                self.uploads.serve("/old", f"HTTP/1.1 {code} X\r\nLocation: /new\r\n"
                                           "Content-Length: 0\r\n\r\n".encode())
                operation = self.upload(self.uploads.uri("/old"), method=self.text(method))
                self.assert_completed(operation)
                request = self.uploads.heads("/new")[-1]
                self.assertEqual(request.method, then)
                self.assertEqual(request.body, self.body.read() if has_body else b"")

    def test_a_put_that_is_cut_starts_over(self):
        self.uploads.take("/file", cutting(MIB), cutting(2 * MIB), taking)
        values = self.assert_completed(self.upload())
        self.assertEqual(self.bodies()[-1], self.body.read())
        self.assertEqual((len(self.bodies()), values["HasRestarted"]), (3, True))

    def test_the_rate_is_kept(self):
        operation = self.upload(max_rate=GLib.Variant("t", MIB))
        wait_until(lambda: self.daemon.get(operation, "BytesSent") > 0, "bytes were sent")
        self.assertLess(self.daemon.get(operation, "BytesSent"), 3 * MIB)
        self.daemon.set(operation, "MaxRate", GLib.Variant("t", 0))
        self.assert_completed(operation)

    def test_pause_and_resume(self):
        event = threading.Event()
        self.uploads.take("/file", holding(MIB, event), taking)
        Body(64 * MIB).write_to(self.source)
        operation = self.upload()
        self.wait_for_sent(operation, 1)
        self.pause(operation)
        event.set()
        self.resume(operation)
        self.assert_completed(operation, 64 * MIB)

    def test_cancel_leaves_nothing(self):
        event = threading.Event()
        self.addCleanup(event.set)
        self.uploads.take("/file", holding(MIB, event))
        operation = self.upload()
        self.wait_for_sent(operation, 1)
        self.cancel(operation)

    def test_what_cannot_be_sent_is_refused_at_once(self):
        os.symlink(self.source, f"{self.folder}/link")
        os.mkfifo(f"{self.folder}/fifo")
        rows = ((f"{self.folder}/none", "NotFound", {}), (self.folder, "InvalidArgument", {}),
                (f"{self.folder}/fifo", "InvalidArgument", {}), ("relative", "InvalidArgument", {}),
                ("/proc/version", "InvalidArgument", {}),
                (f"{self.folder}/link", "InvalidArgument", {}),
                (self.source, "InvalidArgument", {"offset": GLib.Variant("t", 4 * MIB)}),
                (self.source, "InvalidArgument", {"length": GLib.Variant("t", 4 * MIB)}),
                (self.source, "InvalidArgument", {"overwrite": self.text("replace")}))
        for source, name, options in rows:
            with self.subTest(source=source, options=options):
                with self.assertRaises(GLib.Error) as caught:
                    self.upload(source=source, start=False, **options)
                self.assertEqual(error_name(caught.exception), name, caught.exception.message)
        self.assertEqual(self.daemon.operations(), {})


class Answers(UploadCase):
    """What the server says is kept, as far as it comes and as far as there is room."""

    def information(self, operation):
        return self.daemon.call(operation, "Operation", "GetResponseInformation")[0]

    def answer(self, head, blocks, end=b"", then="close"):
        def send(exchange):
            exchange.send(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
            for block in blocks:
                exchange.send(block)
            exchange.send(end)
            getattr(exchange, then)()
        self.uploads.serve("/file", send)

    def test_options_of_parts_are_not_for_files(self):
        for option in ("multipart-subtype", "boundary"):
            with self.subTest(option), self.assertRaises(GLib.Error) as caught:
                self.upload(start=False, **{option: self.text("x")})
            self.assertEqual(error_name(caught.exception), "InvalidArgument")
            self.assertIn(option, caught.exception.message)

    def test_nothing_is_there_before_it_has_come(self):
        event = threading.Event()
        self.addCleanup(event.set)
        self.uploads.take("/file", holding(MIB, event))
        operation = self.upload()
        self.uploads.wait_for_requests(1, "/file")
        for method in (lambda: self.result(operation), lambda: self.information(operation)):
            with self.assertRaises(GLib.Error) as caught:
                method()
            self.assertEqual(error_name(caught.exception), "NotYetAvailable")

    def test_64_mib_are_kept_of_a_longer_one(self):
        block = Body(MIB).read()
        chunk = b"%x\r\n%s\r\n" % (MIB, block)
        for head, blocks, end in (
                (b"Content-Length: %d" % (66 * MIB), [block] * 66, b""),
                (b"Transfer-Encoding: chunked", [chunk] * 66, b"0\r\n\r\n")):
            with self.subTest(head):
                self.answer(head, blocks, end)
                operation = self.upload()
                self.assert_completed(operation)
                self.assertTrue(self.information(operation)["is-truncated"])
                self.assertTrue(self.result(operation) == block * 64, "other bytes than it sent")
                self.daemon.call(operation, "Operation", "Acknowledge")

    def test_one_of_64_mib_is_whole(self):
        self.answer(b"Content-Length: %d" % (64 * MIB), [bytes(MIB)] * 64)
        operation = self.upload()
        self.assert_completed(operation)
        self.assertNotIn("is-truncated", self.information(operation))
        self.assertEqual(len(self.result(operation)), 64 * MIB)

    def test_an_endless_one_is_not_waited_for(self):
        event = threading.Event()
        self.addCleanup(event.set)

        def send(exchange):
            exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
            for _ in range(65):
                exchange.send(bytes(MIB))
            exchange.wait(event)
        self.uploads.serve("/file", send)
        operation = self.upload()
        self.assert_completed(operation)
        self.assertTrue(self.information(operation)["is-truncated"])

    def test_one_that_breaks_off_does_not_send_the_body_again(self):
        """The head has said that the server has it."""
        for method in ("PUT", "POST"):
            for head, then in ((b"Content-Length: 100", "close"), (b"Content-Length: 9", "reset"),
                               (b"Transfer-Encoding: chunked", "close")):
                with self.subTest(method=method, head=head):
                    before = len(self.bodies())
                    part = b"7\r\nsome of\r\n" if b"chunked" in head else b"some of"
                    self.answer(head, [part], then=then)
                    operation = self.upload(method=self.text(method))
                    self.assert_completed(operation)
                    self.assertTrue(self.information(operation)["is-truncated"])
                    self.assertTrue(b"some of".startswith(self.result(operation)))
                    self.assertEqual(len(self.bodies()), before + 1)

    def test_one_may_end_with_its_connection(self):
        for head in (b"HTTP/1.0 200 OK", b"HTTP/1.1 201 Created\r\nConnection: close"):
            with self.subTest(head):
                self.uploads.answers["/file"] = [raw(head + b"\r\n\r\nhello")]
                operation = self.upload()
                self.assert_completed(operation)
                self.assertEqual(self.result(operation), b"hello")
                information = self.daemon.call(operation, "Operation", "GetResponseInformation")[0]
                self.assertNotIn("is-truncated", information)

    def test_one_outlives_the_service(self):
        self.answer(b"Content-Length: 5", [b"hello"])
        operation = self.upload()
        self.assert_completed(operation)
        self.daemon.kill()
        self.start_again()
        self.assertEqual(self.result(operation), b"hello")


class OnlyOnce(UploadCase):
    """What may have reached the server is not sent again unasked."""

    def test_a_post_that_is_cut_ends_with_an_error(self):
        self.uploads.take("/file", cutting(MIB), taking)
        operation = self.upload(method=self.text("POST"))
        self.assert_failed(operation, "connection-reset", "connection-aborted", "disconnected")
        self.assertEqual(len(self.bodies()), 1)
        self.resume(operation)
        self.assert_completed(operation)

    def test_a_busy_server_gets_a_post_once_and_a_put_again(self):
        busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
        self.uploads.serve("/file", [busy, CREATED])
        self.assert_failed(self.upload(method=self.text("PATCH")), "http-503")
        self.uploads.serve("/file", [busy, CREATED])
        self.assert_completed(self.upload())

    def test_a_post_may_be_sent_again_where_that_is_allowed(self):
        self.uploads.take("/file", cutting(MIB), cutting(10), taking)
        operation = self.upload(method=self.text("POST"), allow_restart=GLib.Variant("b", True))
        self.assert_completed(operation)
        keys = {request.headers["idempotency-key"] for request in self.uploads.heads("/file")}
        self.assertEqual((len(self.bodies()), len(keys)), (3, 1))

    def test_the_key_outlives_the_service(self):
        event = threading.Event()
        self.uploads.take("/file", holding(MIB, event), holding(2 * MIB, event), taking)
        operation = self.upload(method=self.text("POST"), allow_restart=GLib.Variant("b", True))
        for number, victim in enumerate(("daemon", "worker"), 1):
            self.uploads.wait_for_requests(number, "/file")
            self.wait_for_sent(operation, 1)
            self.strike(victim)
        event.set()
        self.assert_completed(operation)
        keys = {request.headers["idempotency-key"] for request in self.uploads.heads("/file")}
        self.assertEqual((len(self.bodies()), len(keys)), (3, 1))

    def test_a_key_of_the_application_stays(self):
        """However its name is written."""
        operation = self.upload(method=self.text("POST"), allow_restart=GLib.Variant("b", True),
                                headers=GLib.Variant("a{ss}", {"idempotency-key": "mine"}))
        self.assert_completed(operation)
        self.assertEqual(self.uploads.heads("/file")[0].headers["idempotency-key"], "mine")

    def test_what_may_be_done_twice(self):
        """RFC 9110 says which methods those are."""
        for method, is_again in (("PUT", True), ("DELETE", True), ("OPTIONS-X", False),
                                 ("REPORT", False), ("PATCH", False)):
            with self.subTest(method):
                path = f"/{method}"
                self.uploads.serve(path, CREATED)
                self.uploads.take(path, cutting(MIB), taking)
                operation = self.upload(self.uploads.uri(path), method=self.text(method))
                if is_again:
                    self.assert_completed(operation)
                else:
                    self.assert_failed(operation, "connection-reset", "connection-aborted",
                                       "disconnected")
                self.assertEqual(len(self.bodies(path)), 2 if is_again else 1)

    def test_what_was_refused_unsent_is_sent_later(self):
        """Expect leaves the body here, so that nothing of it can have been done."""
        self.uploads.take("/file", refusing(b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\n"
                                            b"Content-Length: 0\r\n\r\n"), taking)
        self.assert_completed(self.upload(method=self.text("POST")))
        self.assertEqual(self.bodies(), [b"", self.body.read()])

    def test_a_challenge_is_met(self):
        """A server that wants to know who asks has done nothing yet."""
        Body(1000).write_to(self.source)
        self.uploads.serve("/file", [b'HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm="x"\r\n'
                                     b"Content-Length: 0\r\n\r\n", CREATED])
        operation = self.upload(method=self.text("POST"),
                                server_credential=GLib.Variant("(ss)", ("me", "secret")))
        self.assert_completed(operation, 1000)
        self.assertEqual([len(body) for body in self.bodies()], [1000, 1000])

    def test_a_small_one_that_gets_no_answer(self):
        Body(1000).write_to(self.source)
        self.uploads.take("/file", cutting(1000, "close"))
        operation = self.upload(method=self.text("POST"))
        self.assert_failed(operation, "connection-reset", "connection-aborted", "disconnected")
        self.assertEqual(len(self.bodies()), 1)

    def test_a_post_that_has_begun_cannot_be_paused(self):
        event = threading.Event()
        self.addCleanup(event.set)
        self.uploads.take("/file", holding(MIB, event))
        operation = self.upload(method=self.text("POST"))
        self.wait_for_sent(operation, 1)
        with self.assertRaises(GLib.Error) as caught:
            self.daemon.call(operation, "Operation", "Pause")
        self.assertEqual(error_name(caught.exception), "InvalidState")
        event.set()
        self.assert_completed(operation)

    def test_kill_in_the_middle_of_a_post(self):
        for victim in ("worker", "daemon"):
            with self.subTest(victim):
                event = threading.Event()
                self.uploads.take("/file", holding(MIB, event), taking)
                before = len(self.bodies())
                operation = self.upload(method=self.text("POST"))
                self.wait_for_sent(operation, 1)
                self.strike(victim)
                event.set()
                self.assert_failed(operation, "connection-aborted")
                self.assertEqual(self.daemon.get(operation, "TotalBytesToSend"), self.body.size)
                self.assertEqual(len(self.bodies()), before + 1)
                self.resume(operation)
                self.assert_completed(operation)
                self.assertEqual(len(self.bodies()), before + 2)

    def test_kill_in_the_middle_of_a_put(self):
        Body(64 * MIB).write_to(self.source)
        for victim in ("worker", "daemon"):
            with self.subTest(victim):
                event = threading.Event()
                self.uploads.take("/file", holding(MIB, event), taking)
                operation = self.upload()
                self.wait_for_sent(operation, 1)
                self.strike(victim)
                event.set()
                self.assertTrue(self.assert_completed(operation, 64 * MIB)["HasRestarted"])
                self.assertEqual(self.bodies()[-1], Body(64 * MIB).read())

    def strike(self, victim):
        if victim == "worker":
            for pid in self.daemon.workers():
                os.kill(pid, 9)
        else:
            self.daemon.kill()
            self.start_again()


class NotYetThere(UploadCase):
    settings = {"Transfers": {"RetryDelaySeconds": "1", "MaxRetries": "5"}}

    def test_what_has_not_reached_the_server_is_sent_later(self):
        with UploadServer() as server:
            port = server.port
        operation = self.upload(f"http://127.0.0.1:{port}/file", method=self.text("POST"))
        wait_until(lambda: self.daemon.get(operation, "BlockedBy") == ["retry-delay"], "it waits")
        server = self.enter(UploadServer(port=port))
        server.serve("/file", CREATED)
        self.assert_completed(operation)
        self.assertEqual([r.body for r in server.heads()], [self.body.read()])


class Cookies(UploadCase):
    """What servers set goes with what follows, in another try, too."""

    BUSY = (b"HTTP/1.1 503 Busy\r\nRetry-After: %d\r\nContent-Length: 0\r\n"
            b"Set-Cookie: session=secret; Path=/\r\nSet-Cookie: a=set; Path=/\r\n"
            b"Set-Cookie: b=1; Path=/other\r\nSet-Cookie: c=1; Secure\r\n"
            b"Set-Cookie: d=1; Max-Age=0\r\nSet-Cookie: e=1; Domain=example.org\r\n\r\n")

    def sent(self, path="/file"):
        return [sorted(filter(None, request.headers.get("cookie", "").split("; ")))
                for request in self.uploads.heads(path)]

    def test_they_go_with_another_try(self):
        self.uploads.serve("/file", [self.BUSY % 0, CREATED])
        self.assert_completed(self.upload(cookies=GLib.Variant("a{ss}", {"a": "given"})))
        self.assertEqual(self.sent(), [["a=given"], ["a=set", "session=secret"]])
        self.assertNotIn("secret", self.daemon.log())

    def test_they_outlive_the_service(self):
        self.uploads.serve("/file", [self.BUSY % 1000, CREATED])
        operation = self.upload()
        wait_until(lambda: self.daemon.get(operation, "BlockedBy") == ["retry-delay"], "it waits")
        self.pause(operation)
        self.daemon.kill()
        self.start_again()
        self.resume(operation)
        self.assert_completed(operation)
        self.assertEqual(self.sent(), [[], ["a=set", "session=secret"]])
        self.assertNotIn("secret", self.daemon.log())

    def test_no_other_operation_has_them(self):
        self.uploads.serve("/file", [self.BUSY % 0, CREATED])
        for _ in range(2):
            self.assert_completed(self.upload())
        self.assertEqual(self.sent(), [[], ["a=set", "session=secret"], []])


class Changes(UploadCase):
    """A source that changes while it is sent is never taken for whole by the server."""

    def change_in_the_middle(self, change):
        Body(64 * MIB).write_to(self.source)
        event = threading.Event()
        self.uploads.take("/file", holding(MIB, event))
        operation = self.upload()
        self.wait_for_sent(operation, 1)
        change()
        event.set()
        self.assert_failed(operation, "file-changed")
        wait_until(lambda: len(self.bodies()) == 1, "the server has seen one request")
        self.assertLess(len(self.bodies()[0]), 64 * MIB)

    def test_written_to(self):
        def change():
            with open(self.source, "r+b") as file:
                file.seek(63 * MIB)
                file.write(b"other")
        self.change_in_the_middle(change)

    def test_shorter(self):
        self.change_in_the_middle(lambda: os.truncate(self.source, 2 * MIB))

    def test_longer(self):
        self.change_in_the_middle(lambda: os.truncate(self.source, 65 * MIB))

    def test_gone(self):
        self.change_in_the_middle(lambda: os.unlink(self.source))

    def test_another_file_of_that_name(self):
        def change():
            Body(64 * MIB, seed=1).write_to(f"{self.folder}/other")
            os.rename(f"{self.folder}/other", self.source)
        self.change_in_the_middle(change)

    def test_written_to_after_it_was_sent(self):
        """What waits in the sockets' queues is not read from the file again."""
        Body(MIB + 200_000).write_to(self.source)
        event = threading.Event()
        self.addCleanup(event.set)
        self.uploads.take("/file", holding(1000, event))
        operation = self.upload()
        self.wait_for_sent(operation, MIB + 200_000)
        with open(self.source, "r+b") as file:
            file.seek(100_000)
            file.write(b"other" * 100_000)
        event.set()
        self.assert_completed(operation, MIB + 200_000)
        self.assertTrue(self.bodies() == [Body(MIB + 200_000).read()], "mixed bytes were sent")

    def test_changed_between_two_tries(self):
        event = threading.Event()
        self.addCleanup(event.set)
        self.uploads.take("/file", holding(MIB, event), taking)
        operation = self.upload()
        self.wait_for_sent(operation, 1)
        self.pause(operation)
        os.truncate(self.source, 10)
        self.resume(operation)
        self.assert_failed(operation, "file-changed")
        self.resume(operation)
        self.assert_completed(operation, 10)


class FromDescriptor(UploadCase):
    def upload_fd(self, fd, start=True, **options):
        files = Gio.UnixFDList.new()
        handle = files.append(fd)
        reply, _ = self.daemon.connection.call_with_unix_fd_list_sync(
            "org.example.BackgroundTransfer", PATH, "org.example.BackgroundTransfer.Manager",
            "CreateUploadFromFd",
            GLib.Variant("(sha{sv})", (self.uploads.uri("/file"), handle, options)), None,
            Gio.DBusCallFlags.NONE, -1, files, None)
        path = reply.unpack()[0]
        if start:
            self.daemon.call(path, "Operation", "Start")
        return path

    def test_what_cannot_be_read_from_its_beginning_is_refused(self):
        """It says that it is empty, and is not."""
        with open("/proc/self/mem", "rb") as file, self.assertRaises(GLib.Error) as caught:
            self.upload_fd(file.fileno(), start=False)
        self.assertEqual(error_name(caught.exception), "InvalidArgument")

    def spooled(self):
        folder = f"{self.daemon.state}/background-transfer/uploads"
        if not os.path.isdir(folder):
            return []
        return [name for name in os.listdir(folder) if not name.endswith(".answer")]

    def test_a_file(self):
        with open(self.source, "rb") as file:
            operation = self.upload_fd(file.fileno())
            self.assert_completed(operation)
            self.assertEqual((self.bodies(), file.tell()), ([self.body.read()], 0))

    def test_a_file_over_a_restart(self):
        with open(self.source, "rb") as file:
            operation = self.upload_fd(file.fileno(), start=False)
        self.daemon.kill()
        self.start_again()
        self.daemon.call(operation, "Operation", "Start")
        self.assert_completed(operation)

    def test_another_file_after_a_restart(self):
        with open(self.source, "rb") as file:
            operation = self.upload_fd(file.fileno(), start=False)
        self.daemon.kill()
        os.unlink(self.source)
        self.body.write_to(self.source)
        self.start_again()
        self.daemon.call(operation, "Operation", "Start")
        self.assert_failed(operation, "file-changed")

    def test_a_stream_is_sent_again_where_it_has_to_be(self):
        self.uploads.take("/file", cutting(MIB), taking)
        reading, writing = os.pipe()
        operation = self.upload_fd(reading)
        os.close(reading)
        with os.fdopen(writing, "wb") as file:
            file.write(self.body.read())
        self.assert_completed(operation)
        self.assertEqual(self.bodies()[-1], self.body.read())
        wait_until(lambda: not self.spooled(), "the streams have gone")

    def test_pause_while_a_stream_is_read(self):
        reading, writing = os.pipe()
        operation = self.upload_fd(reading)
        os.close(reading)
        os.write(writing, b"first ")
        wait_until(self.spooled, "the stream is being kept")
        self.pause(operation)
        os.write(writing, b"second")
        os.close(writing)
        self.resume(operation)
        self.assert_completed(operation, 12)
        self.assertEqual(self.bodies(), [b"first second"])

    def test_a_stream_that_is_lost_is_an_error(self):
        reading, writing = os.pipe()
        operation = self.upload_fd(reading)
        os.close(reading)
        os.write(writing, b"first ")
        wait_until(self.spooled, "the stream is being kept")
        self.daemon.kill()
        os.close(writing)
        self.start_again()
        self.assert_failed(operation, "file-error", "file-not-found")
        self.assertEqual(self.bodies(), [])

    def test_what_may_not_be_read(self):
        with open(self.source, "ab") as file, self.assertRaises(GLib.Error) as caught:
            self.upload_fd(file.fileno())
        self.assertEqual(error_name(caught.exception), "AccessDenied")


class Patient(UploadCase):
    """Where the service would wait for longer than the test does."""

    settings = {"Transfers": {"MaxRetries": "0", "ResponseTimeoutSeconds": "600"}}

    def test_a_refusal_with_a_body_is_not_waited_for(self):
        credential = GLib.Variant("(ss)", ("user", "secret"))
        for body in (b"Content-Length: 3000\r\n\r\n" + bytes(3000),
                     b"Transfer-Encoding: chunked\r\n\r\n3\r\nwhy\r\n0\r\n\r\n"):
            for method in ("PUT", "POST"):
                with self.subTest(method=method, body=body[:20]):
                    self.uploads.take("/file", answering(
                        b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n" + body),
                        taking)
                    self.assert_completed(self.upload(method=self.text(method),
                                                      server_credential=credential))
            self.uploads.take("/file", answering(b"HTTP/1.1 413 No\r\n" + body))
            operation = self.upload()
            self.assert_failed(operation, "http-413")
            self.assertGreater(len(self.result(operation)), 0)


class OverTls(TlsCase, UploadCase):
    def setUp(self):
        super().setUp()
        self.uploads = self.enter(UploadServer(self.certificates.good))
        self.uploads.serve("/file", CREATED)

    def test_a_put_arrives_whole(self):
        self.assert_completed(self.upload())
        self.assertEqual(self.bodies(), [self.body.read()])

    def test_a_server_that_ignores_expect(self):
        self.uploads.take("/file", ignoring_expect)
        self.assert_completed(self.upload())
        self.assertEqual(self.bodies(), [self.body.read()])

    def test_a_refusal_does_not_cost_the_body(self):
        self.uploads.take("/file", refusing(b"HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n"))
        self.assert_failed(self.upload(), "http-413")
        self.assertEqual(self.bodies(), [b""])

    def test_cut(self):
        self.uploads.take("/file", cutting(MIB), taking)
        self.assert_completed(self.upload())


@unittest.skipUnless(Squid.is_installed(), "needs squid")
class OverProxy(TlsCase, UploadCase):
    def test_with_a_password(self):
        """The body goes to the server once, and to nobody before the password."""
        secure = self.enter(UploadServer(self.certificates.good))
        secure.serve("/file", CREATED)
        for auth in ("basic", "digest"):
            squid = self.enter(Squid(auth))
            for server in (self.uploads, secure):
                for method in ("PUT", "POST"):
                    with self.subTest(auth=auth, uri=server.uri(), method=method):
                        before = len(server.heads("/file"))
                        self.assert_completed(self.upload(
                            server.uri("/file"), method=self.text(method),
                            proxy=self.text(squid.uri),
                            proxy_credential=GLib.Variant("(ss)", (USER, PASSWORD))))
                        requests = server.heads("/file")[before:]
                        self.assertEqual([request.body for request in requests],
                                         [self.body.read()])
                        self.assertNotIn("proxy-authorization", requests[0].headers)

    def test_without_one(self):
        squid = self.enter(Squid())
        values = self.assert_failed(self.upload(proxy=self.text(squid.uri)), "http-407")
        self.assertEqual((values["BytesSent"], self.bodies()), (0, []))


@unittest.skipUnless(Nginx.is_installed(), "needs nginx")
class WithNginx(UploadCase):
    def setUp(self):
        super().setUp()
        self.nginx = self.enter(Nginx())

    def check(self, name):
        with open(f"{self.nginx.files}/{name}", "rb") as file:
            self.assertTrue(file.read() == self.body.read(), "other bytes than were sent")

    def test_put(self):
        self.assert_completed(self.upload(self.nginx.uri("/dav/new")))
        self.check("new")

    def test_too_large(self):
        values = self.assert_failed(self.upload(self.nginx.uri("/small-dav/new")), "http-413")
        self.assertEqual(values["BytesSent"], 0)

    def test_a_password(self):
        credential = GLib.Variant("(ss)", ("user", "secret"))
        self.assert_completed(self.upload(self.nginx.uri("/private-dav/new"),
                                          server_credential=credential))
        self.check("new")

    def test_killed_again_and_again(self):
        self.body = Body(16 * MIB)
        self.body.write_to(self.source)
        operation = self.upload(self.nginx.uri("/dav/new"), max_rate=GLib.Variant("t", 4 * MIB))
        for number in range(4):
            self.wait_for_sent(operation, MIB)
            if number % 2:
                self.daemon.kill()
                self.start_again()
            else:
                for pid in self.daemon.workers():
                    os.kill(pid, 9)
        self.daemon.set(operation, "MaxRate", GLib.Variant("t", 0))
        self.assert_completed(operation)
        self.check("new")


if __name__ == "__main__":
    unittest.main()
