# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uploads that can be resumed, against all that may come between: cuts, kills, and what servers say."""

import email
import email.policy
import os
import random
import tempfile
import threading
import unittest
import unittest.mock
import uuid

from gi.repository import GLib

from harness.bodies import Body
from harness.daemon import PATH, error_name
from harness.resumable_server import ResumableServer, mute, whole
from harness.service_case import TlsCase
from harness.upload_server import CREATED, UploadServer, cutting, holding
from harness.wait import wait_until
from harness.worker_host import WorkerHost
from system.test_resumable import ResumableCase
from system.test_upload import MIB

V = GLib.Variant


def answer(status, *headers):
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {status}\r\n{lines}Content-Length: 0\r\n\r\n".encode()


class Faults:
    def setUp(self):
        super().setUp()
        self.gate = threading.Event()
        self.addCleanup(self.gate.set)

    def patches(self, number=1):
        return [r for r in self.resumable.heads(f"/files/{number}") if r.method == "PATCH"]

    def hold(self, at=4 * MIB, **options):
        """An upload that the server has taken @at bytes of, and of which not everything fits into the
        buffers on the way."""
        self.body = Body(40 * MIB)
        self.body.write_to(self.source)
        number = self.resumable.n_created + 1
        self.resumable.take(f"/files/{number}", holding(at, self.gate))
        operation = self.send(**options)
        self.wait_for_sent(operation, 1)
        return operation

    def let_go(self, number=1):
        """Ends the request that is held; what it has brought is there then."""
        self.gate.set()
        wait_until(lambda: self.resumable.uploads[f"/files/{number}"].data, "bytes have come")

    def information(self, operation):
        return self.daemon.call(operation, "Operation", "GetResponseInformation")[0]

    # What the server says

    def test_the_server_has_less_than_it_said(self):
        """Its answer to HEAD is wrong, and 409 says what is right."""
        self.resumable.take("/files/1", cutting(3 * MIB, "close"))
        complete = ("Upload-Complete: ?0",) if self.protocol == "ietf" else ()
        self.resumable.answer_instead("HEAD", "/files/1",
                                      answer("200 OK", f"Upload-Offset: {5 * MIB}", *complete))
        self.assert_sent(self.send())
        self.assertEqual(self.methods(), [self.create, "PATCH", "HEAD", "PATCH", "PATCH"])
        self.assertEqual([int(r.headers["upload-offset"]) for r in self.patches()],
                         [0, 5 * MIB, 3 * MIB])

    def test_a_conflict_without_an_offset_is_asked_about(self):
        self.resumable.answer_instead("PATCH", "/files/1", answer("409 No"))
        self.assert_sent(self.send())
        self.assertEqual(self.methods(), [self.create, "PATCH", "HEAD", "PATCH"])

    def test_conflicts_without_end_are_an_error(self):
        self.resumable.answer_instead("PATCH", "/files/1", *[answer("409 No")] * 100)
        self.assert_failed(self.send(), "http-409")
        self.assertLess(self.methods().count("PATCH"), 20)

    def test_what_is_locked_is_tried_again(self):
        self.resumable.answer_instead("PATCH", "/files/1", answer("423 Locked"))
        self.resumable.answer_instead("HEAD", "/files/1", answer("423 Locked"))
        self.assert_sent(self.send())
        self.assertEqual(self.resumable.n_created, 1)

    def test_what_ends_it(self):
        for status in ("412 Other Version", "415 No", "460 Checksum"):
            with self.subTest(status):
                number = self.resumable.n_created + 1
                self.resumable.answer_instead("PATCH", f"/files/{number}", answer(status))
                self.assert_failed(self.send(), f"http-{status[:3]}")

    def test_what_ends_it_is_told(self):
        self.resumable.take("/files/1", cutting(MIB))
        self.resumable.answer_instead("HEAD", "/files/1", answer("403 No", "X-Why: so"))
        operation = self.send()
        self.assert_failed(operation, "http-403")
        information = self.information(operation)
        self.assertEqual(information["status-code"], 403)
        self.assertIn(("X-Why", "so"), information["headers"])

    def test_offsets_that_cannot_be(self):
        complete = ("Upload-Complete: ?0",) if self.protocol == "ietf" else ()
        for said in ("Upload-Offset: 99999999999", "Upload-Offset: -1", "Upload-Offset: 3e6",
                     "Upload-Offset: 18446744073709551616", "X: y",
                     f"Upload-Offset: {MIB}\r\nUpload-Length: 77"):
            with self.subTest(said):
                number = self.resumable.n_created + 1
                path = f"/files/{number}"
                self.resumable.take(path, cutting(3 * MIB, "close"))
                self.resumable.answer_instead("HEAD", path, answer("200 OK", said, *complete))
                self.assert_failed(self.send(), "invalid-server-response")
                self.assertEqual(len(self.patches(number)), 1)

    def test_an_offset_beyond_the_end_in_an_answer(self):
        self.resumable.answer_instead("PATCH", "/files/1", answer("204 Yes", "Upload-Offset: 99999999999"))
        self.assert_failed(self.send(), "invalid-server-response", "disconnected")

    def test_a_server_that_takes_a_part_each_time(self):
        self.resumable.max_kept = MIB
        self.assert_sent(self.send())
        self.assertEqual(len(self.patches()), 17)
        self.assertNotIn("HEAD", self.methods())

    def test_a_server_that_takes_nothing(self):
        self.resumable.max_kept = 0
        Body(1000).write_to(self.source)
        self.assert_failed(self.send(), "invalid-server-response")
        self.assertLess(len(self.patches()), 20)

    def test_an_upload_that_is_always_gone(self):
        for number in range(1, 100):
            self.resumable.answer_instead("PATCH", f"/files/{number}", answer("404 Gone"))
            self.resumable.answer_instead("HEAD", f"/files/{number}", answer("404 Gone"))
        self.assert_failed(self.send(), "invalid-server-response", "http-404")
        self.assertLess(self.resumable.n_created, 20)

    # What it is told

    def test_a_slice(self):
        self.assert_completed(self.send(offset=V("t", 1000), length=V("t", 5 * MIB)), 5 * MIB)
        self.assertTrue(self.data() == self.body.read(1000, 1000 + 5 * MIB))

    def test_an_empty_file(self):
        Body(0).write_to(self.source)
        self.assert_completed(self.send(), 0)
        self.assertEqual(self.data(), b"")

    def test_another_server_gets_no_secrets(self):
        other = self.enter(ResumableServer(self.protocol))
        other.uploads = self.resumable.uploads
        self.resumable.base = other.uri("")
        other.answer_instead("PATCH", "/files/1", answer(
            '401 No', 'WWW-Authenticate: Basic realm="x"'))
        operation = self.send(server_credential=V("(ss)", ("me", "secret")),
                              cookies=V("a{ss}", {"given": "secret"}),
                              headers=V("a{ss}", {"Authorization": "secret", "X-Key": "secret"}))
        self.assert_failed(operation, "http-401")
        self.resume(operation)
        self.assert_sent(operation)
        self.assertIn(b"secret", self.resumable.requests[0].head)
        self.assertEqual({r.method for r in other.requests}, {"PATCH", "HEAD"})
        for request in other.requests:
            self.assertNotIn(b"secret", request.head)
            self.assertNotIn("authorization", request.headers)

    def test_cookies_go_with_the_rest(self):
        self.resumable.more = {"Set_Cookie": "session=secret; Path=/files"}
        operation = self.hold()
        self.strike("daemon")
        self.gate.set()
        self.assert_sent(operation)
        cookies = {r.headers.get("cookie") for r in self.resumable.heads("/files/1")}
        self.assertEqual(cookies, {"session=secret"})

    def test_a_new_header_goes_with_the_rest(self):
        operation = self.hold()
        self.pause(operation)
        self.let_go()
        self.daemon.call(operation, "Operation", "SetRequestHeader", V("(ss)", ("X-Token", "new")))
        self.resume(operation)
        self.assert_sent(operation)
        self.assertEqual([r.headers.get("x-token") for r in self.resumable.heads("/files/1")],
                         [None, "new", "new"])

    # The application changes its mind

    def test_another_query_is_the_same_upload(self):
        operation = self.hold()
        self.pause(operation)
        self.let_go()
        self.daemon.set(operation, "RequestedUri", V("s", self.resumable.uri("/files?signature=2")))
        self.resume(operation)
        values = self.assert_sent(operation)
        self.assertEqual((self.resumable.n_created, values["HasRestarted"]), (1, False))

    def test_another_server_gets_everything(self):
        other = self.enter(ResumableServer(self.protocol))
        operation = self.hold()
        self.pause(operation)
        self.let_go()
        held = len(self.data())
        self.daemon.set(operation, "RequestedUri", V("s", other.uri("/files")))
        self.resume(operation)
        self.assert_completed(operation)
        self.assertTrue(self.daemon.get(operation, "HasRestarted"))
        self.assertTrue(bytes(other.uploads["/files/1"].data) == self.body.read())
        self.assertEqual((len(self.data()), len(self.patches())), (held, 1))

    def test_cancel_tells_the_server_later_too(self):
        for is_restarted in (False, True):
            with self.subTest(is_restarted=is_restarted):
                self.gate.clear()
                operation = self.hold()
                self.pause(operation)
                self.let_go(self.resumable.n_created)
                if is_restarted:
                    self.daemon.kill()
                    self.start_again()
                self.cancel(operation)
                wait_until(lambda: not self.resumable.uploads, "the server has removed it")

    def test_resume_after_an_error(self):
        self.resumable.take("/files/1", cutting(3 * MIB, "close"))
        self.resumable.answer_instead("HEAD", "/files/1", answer("403 Who are you"))
        operation = self.send()
        self.assert_failed(operation, "http-403")
        self.resume(operation)
        values = self.assert_sent(operation)
        self.assertEqual((self.resumable.n_created, values["HasRestarted"]), (1, False))
        self.assertEqual(int(self.patches()[-1].headers["upload-offset"]), 3 * MIB)

    # The last answer

    def test_an_answer_that_is_lost(self):
        self.resumable.take("/files/1", mute)
        operation = self.send(method=V("s", "POST"))
        self.assert_sent(operation)
        self.assertEqual(self.methods(), ["POST", "PATCH", "HEAD"])
        self.assertEqual(self.information(operation)["status-code"], 200)
        with self.assertRaises(GLib.Error) as caught:
            self.result(operation)
        self.assertEqual(error_name(caught.exception), "NotYetAvailable")

    def test_what_may_be_done_is_not_done_again_unasked(self):
        """The server has everything, does not say so, and does not know the upload any more."""
        def finish(take):
            mute(take)
            del self.resumable.uploads[take.request.path]
            return False

        for method, allow, is_again in (("POST", False, False), ("POST", True, True),
                                        ("PUT", False, True)):
            with self.subTest(method=method, allow=allow):
                number = self.resumable.n_created + 1
                self.resumable.take(f"/files/{number}", finish)
                operation = self.send(method=V("s", method), allow_restart=V("b", allow))
                if not is_again:
                    self.assert_failed(operation, "http-404")
                    self.assertEqual(self.resumable.n_created, number)
                    self.resume(operation)
                self.assert_sent(operation, number + 1)

    def test_what_was_cut_before_its_end_may_start_over(self):
        """Without its last bytes the server cannot have done anything with it."""
        def vanish(take):
            take.go_on()
            take.read(4 * MIB)
            del self.resumable.uploads[take.request.path]
            take.exchange.close()
            return False

        self.body = Body(64 * MIB)
        self.body.write_to(self.source)
        self.resumable.take("/files/1", vanish)
        values = self.assert_sent(self.send(method=V("s", "POST")), 2)
        self.assertTrue(values["HasRestarted"])

    # Cut and killed

    def test_cut_again_and_again(self):
        size = 50 * MIB
        self.body = Body(size)
        self.body.write_to(self.source)
        draw = random.Random(5)
        self.resumable.take("/files/1", *[cutting(draw.randrange(1, 2 * size // 50),
                                                  draw.choice(("close", "reset")))
                                          for _ in range(50)])
        values = self.assert_sent(self.send())
        self.assertFalse(values["HasRestarted"])
        self.assertEqual(self.resumable.n_created, 1)
        self.assertGreater(len(self.patches()), 40)
        self.assertLess(sum(len(r.body) for r in self.patches()), size + MIB)

    def test_killed_again_and_again(self):
        size = 64 * MIB
        self.body = Body(size)
        self.body.write_to(self.source)
        draw = random.Random(7)
        operation = self.send(max_rate=V("t", 8 * MIB))
        self.wait_for_sent(operation, 1)
        for number in range(20):
            self.strike("worker" if number % 2 else "daemon")
            self.wait_for_sent(operation, len(self.data()) + draw.randrange(1, MIB // 2))
        self.daemon.set(operation, "MaxRate", V("t", 0))
        values = self.assert_sent(operation)
        self.assertFalse(values["HasRestarted"])
        self.assertEqual(self.resumable.n_created, 1)
        self.assertEqual(sum(len(r.body) for r in self.patches()), size)


class Tus(Faults, ResumableCase):
    protocol = "tus"
    create = "POST"

    def test_too_large(self):
        for resumable in ("tus", "auto"):
            with self.subTest(resumable):
                number = self.resumable.n_created
                self.resumable.answer_instead("POST", "/files", answer("413 Large"))
                self.assert_failed(self.send(resumable=V("s", resumable)), "http-413")
                self.assertEqual(self.resumable.n_created, number)

    def test_of_an_empty_file_the_creation_is_the_answer(self):
        Body(0).write_to(self.source)
        operation = self.send()
        self.assert_completed(operation, 0)
        self.assertEqual(self.information(operation)["status-code"], 201)

    def test_the_name_is_told(self):
        self.assert_sent(self.send())
        self.assertEqual(self.resumable.heads("/files")[0].headers["upload-metadata"],
                         "filename c291cmNl")

    def test_an_answer_without_an_offset_proves_nothing(self):
        def silent(exchange):
            exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            left = self.body.size
            while left > 0:
                left -= len(exchange.connection.recv(MIB))
            exchange.send(b"HTTP/1.1 204 Yes\r\n\r\n")
            exchange.close()

        self.resumable.answer_instead("PATCH", "/files/1", silent)
        self.assert_sent(self.send())
        self.assertEqual(self.methods(), ["POST", "PATCH", "HEAD", "PATCH"])


class Ietf(Faults, ResumableCase):
    protocol = "ietf"
    create = "PUT"

    def test_each_limit(self):
        size = self.body.size
        rows = (
            (f"max-append-size={5 * MIB}", [5 * MIB] * 3 + [size - 15 * MIB]),
            (f"max-append-size={5 * MIB}, min-append-size={2 * MIB}",
             [5 * MIB] * 3 + [size - 15 * MIB]),
            (f"min-append-size={size * 2}", [size]),
            (f"max-size={size}, min-size={size}, max-age=10", [size]),
            ("max-append-size=0, max-size=what, unknown=1;a=b", [size]),
            (f"min-size=1;a=b, max-append-size={size - 1} ; a=b", [size - 1, 1]),
        )
        for limits, sizes in rows:
            with self.subTest(limits):
                self.resumable.limits = limits
                number = self.resumable.n_created + 1
                self.assert_sent(self.send(), number)
                self.assertEqual([len(r.body) for r in self.patches(number)], sizes)
                complete = [r.headers["upload-complete"] for r in self.patches(number)]
                self.assertEqual(complete, ["?0"] * (len(sizes) - 1) + ["?1"])

    def test_beyond_the_limits(self):
        for limits, error in ((f"max-size={self.body.size - 1}", "http-413"),
                              (f"min-size={self.body.size + 1}", "http-400")):
            with self.subTest(limits):
                self.resumable.limits = limits
                self.assert_failed(self.send(), error)
                self.assertEqual(self.resumable.uploads, {})
                self.assertEqual(self.methods()[-1], "DELETE")
                self.assertNotIn("PATCH", self.methods())

    def test_what_is_beyond_them_may_come_as_a_whole_unasked(self):
        self.resumable.serve("/files", CREATED)
        self.resumable.limits = f"max-size={self.body.size - 1}"
        self.resumable.answer_instead("OPTIONS", "/files",
                                      answer("204 Yes", "Upload-Limit: max-age=9"))
        self.assert_completed(self.send(resumable=V("s", "auto")))
        self.assertEqual(self.methods(), ["OPTIONS", "PUT", "DELETE", "PUT"])
        self.assertTrue(self.resumable.heads("/files")[-1].body == self.body.read())

    def test_a_limit_that_comes_late(self):
        self.resumable.answer_instead("PATCH", "/files/1", answer(
            "413 Large", f"Upload-Limit: max-append-size={6 * MIB}"))
        self.assert_sent(self.send())
        self.assertEqual([int(r.headers["content-length"]) for r in self.patches()],
                         [16 * MIB + 5, 6 * MIB, 6 * MIB, 4 * MIB + 5])

    def test_parts_go_on_too(self):
        """Their boundary is the same in another worker."""
        self.body = Body(40 * MIB)
        self.body.write_to(self.source)
        self.resumable.take("/files/1", holding(4 * MIB, self.gate))
        parts = [{"name": V("s", "note"), "text": V("s", "hello")},
                 {"name": V("s", "file"), "file": V("s", self.source)}]
        operation = self.daemon.call(PATH, "Manager", "CreateMultipartUpload", V(
            "(saa{sv}a{sv})", (self.resumable.uri("/files"), parts, {"resumable": V("s", "ietf")})))[0]
        self.daemon.call(operation, "Operation", "Start")
        self.wait_for_sent(operation, 1)
        self.strike("worker")
        self.gate.set()
        self.daemon.wait_for_status(operation, "completed")
        content_type = self.resumable.heads("/files")[0].headers["content-type"]
        message = email.message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() +
                                           self.data(), policy=email.policy.HTTP)
        note, file = message.iter_parts()
        self.assertEqual(note.get_payload(decode=True), b"hello")
        self.assertTrue(file.get_payload(decode=True) == self.body.read())
        self.assertEqual(self.methods(), ["POST", "PATCH", "HEAD", "PATCH"])

    def test_interim_answers(self):
        interim = b"HTTP/1.1 104 Upload Resumption Supported\r\nUpload-Offset: 1\r\n\r\n"
        for count in (1, 3):
            with self.subTest(count=count):
                self.resumable.interim = interim * count
                number = self.resumable.n_created + 1
                self.assert_sent(self.send(), number)
                self.assertEqual(len(self.patches(number)), 1)

    def test_an_interim_answer_instead_of_100(self):
        def take(take):
            return take.read()

        self.resumable.interim = b"HTTP/1.1 104 Upload Resumption Supported\r\n\r\n"
        self.resumable.take("/files/1", take)
        self.assert_sent(self.send())
        self.assertEqual(len(self.patches()), 1)

    def test_the_answer_is_that_of_the_whole(self):
        for status in ("422 Not an image", "409 There already"):
            with self.subTest(status):
                number = self.resumable.n_created + 1
                self.resumable.answer_instead("PATCH", f"/files/{number}",
                                              answer(status, "Upload-Complete: ?1"))
                operation = self.send()
                self.assert_failed(operation, f"http-{status[:3]}")
                self.assertEqual(self.methods()[-2:], ["PUT", "PATCH"])
                self.assertEqual(self.information(operation)["status-code"], int(status[:3]))

    def test_complete_already(self):
        """HEAD was behind, so that bytes are sent that the server does not want any more."""
        self.resumable.take("/files/1", mute)
        self.resumable.answer_instead("HEAD", "/files/1", answer(
            "200 OK", f"Upload-Offset: {MIB}", "Upload-Complete: ?0"))
        self.resumable.answer_instead("PATCH", "/files/1", None, answer("400 Complete already"))
        operation = self.send()
        self.assert_sent(operation)
        self.assertEqual(self.methods(), ["PUT", "PATCH", "HEAD", "PATCH", "HEAD"])
        self.assertEqual(self.information(operation)["status-code"], 200)

    def test_everything_there_and_not_complete(self):
        """Its bytes and its end are two things in this protocol."""
        self.resumable.take("/files/1", mute)
        self.resumable.answer_instead("HEAD", "/files/1", answer(
            "200 OK", f"Upload-Offset: {self.body.size}", "Upload-Complete: ?0"))
        self.assert_sent(self.send())
        last = self.patches()[-1]
        self.assertEqual((last.headers["upload-complete"], last.headers["content-length"]),
                         ("?1", "0"))


class Downgrade(TlsCase, ResumableCase):
    protocol = "ietf"

    def test_from_https_to_http(self):
        secure = self.enter(ResumableServer("ietf", certificate=self.certificates.good))
        secure.base = self.resumable.uri("")
        operation = self.upload(secure.uri("/files"), resumable=V("s", "ietf"))
        self.assert_failed(operation, "https-to-http-on-redirection")
        self.assertEqual((self.resumable.log, secure.n_created), ([], 1))


class NewNetwork(unittest.TestCase):
    """What runs is told to make new connections."""

    def setUp(self):
        self.gate = threading.Event()
        self.addCleanup(self.gate.set)
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="bgt-network-"))
        self.body = Body(40 * MIB)
        self.body.write_to(f"{self.folder}/file")
        environment = {"XDG_STATE_HOME": self.folder}
        with unittest.mock.patch.dict(os.environ, environment):
            self.host = self.enterContext(WorkerHost())

    def reconnect(self, server, path, **request):
        """In the middle of an upload, whose end is returned."""
        guid = str(uuid.uuid4()).replace("-", "_")
        server.take(path, holding(4 * MIB, self.gate), whole)
        request = {"uri": server.uri(request.pop("collection", path)), "kind": "upload",
                   "source": V("s", f"{self.folder}/file"),
                   **{key: V("s", value) for key, value in request.items()}}
        self.host.start(guid, request)
        self.host.wait(lambda: any(request.body for request in server.heads(path)),
                       "the server has been sent something")
        self.host.call("Reconnect", None)
        self.gate.set()
        return self.host.wait_finished(guid)

    def test_a_put_starts_over(self):
        server = self.enterContext(UploadServer())
        server.serve("/file", CREATED)
        self.reconnect(server, "/file", resumable="none")
        self.assertEqual(server.heads("/file")[-1].body, self.body.read())
        self.assertEqual(len(server.heads("/file")), 2)

    def test_a_post_keeps_its_connection(self):
        server = self.enterContext(UploadServer())
        server.serve("/file", CREATED)
        self.reconnect(server, "/file", resumable="none", method="POST")
        self.assertEqual([r.body for r in server.heads("/file")], [self.body.read()])

    def test_what_can_be_resumed_goes_on(self):
        for protocol in ("tus", "ietf"):
            with self.subTest(protocol), ResumableServer(protocol) as server:
                self.gate.clear()
                self.reconnect(server, "/files/1", collection="/files", resumable=protocol,
                               method="POST")
                self.assertTrue(bytes(server.uploads["/files/1"].data) == self.body.read())
                self.assertEqual([method for method, _ in server.log],
                                 ["POST", "PATCH", "HEAD", "PATCH"])


if __name__ == "__main__":
    unittest.main()
