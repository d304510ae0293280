# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a plain upload costs where nobody has said whether the server can resume it: one question,
whatever the server makes of it."""

import os
import time
import unittest

from gi.repository import GLib

from harness.bodies import Body
from harness.resumable_server import ResumableServer
from harness.servers import raw
from harness.upload_server import CREATED, UploadServer
from harness.wait import wait_until
from system.test_upload import MIB, UploadCase


def reset(exchange):
    exchange.reset()


def hang(exchange):
    exchange.hang()


def drip(exchange):
    """A body without an end."""
    exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while not exchange.server.is_ending.wait(0.05):
        exchange.send(b"x")


def flood(exchange):
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
    while True:
        exchange.send(bytes(MIB))


def status(line, *headers, then="keep"):
    lines = "".join(f"{header}\r\n" for header in headers)
    return raw(f"HTTP/1.1 {line}\r\n{lines}Content-Length: 0\r\n\r\n".encode(), then=then)


TUS = status("204 No Content", "Tus-Version: 1.0.0", "Tus-Extension: creation")

# Whether the service keeps it in mind over the end of its worker.
ANSWERS = {
    "405": (status("405 No"), True),
    "404 and closed": (status("404 No", then="close"), True),
    "501": (status("501 No"), True),
    "500": (status("500 No"), False),
    "503": (status("503 No", "Retry-After: 100"), False),
    "401": (status("401 No", 'WWW-Authenticate: Basic realm="x"'), False),
    "a redirection": (status("307 Elsewhere", "Location: /elsewhere"), True),
    "a redirection to itself": (status("302 Here", "Location: /file"), True),
    "an old version of tus": (status("204 Yes", "Tus-Version: 0.2.2", "Tus-Extension: creation"),
                              True),
    "tus that cannot create": (status("204 Yes", "Tus-Version: 1.0.0"), True),
    "garbage": (raw(b"\0\xff\x13 what?\r\n\r\n"), True),
    "a head without an end": (raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * MIB, then="close"), True),
    "nothing": (raw(b""), False),
    "a reset": (reset, False),
    "a flood": (flood, True),
    "a drip": (drip, True),
}


class Question(UploadCase):
    def end_worker(self):
        for pid in self.daemon.workers():
            os.kill(pid, 9)
        wait_until(self.is_served, "the service has another worker")

    def is_served(self):
        try:
            return self.upload(start=False)
        except GLib.Error:
            return None

    def server_with(self, options):
        server = self.enter(UploadServer(options=options))
        server.serve("/file", CREATED)
        return server

    def requests(self, server):
        return ["OPTIONS"] * len(server.questions) + [r.method for r in server.heads()]

    def test_whatever_is_answered(self):
        servers = {name: self.server_with(answer) for name, (answer, _) in ANSWERS.items()}
        start = time.monotonic()
        for name, server in servers.items():
            with self.subTest(name):
                for _ in range(2):
                    self.assert_completed(self.upload(server.uri("/file")))
                self.assertEqual(self.requests(server), ["OPTIONS", "PUT", "PUT"])
                self.assertEqual(server.heads()[0].body, self.body.read())
        self.assertLess(time.monotonic() - start, 30)
        self.end_worker()
        for name, server in servers.items():
            with self.subTest(name, again=True):
                self.assert_completed(self.upload(server.uri("/file")))
                self.assertEqual(len(server.questions), 1 if ANSWERS[name][1] else 2)

    def test_a_server_that_says_nothing_is_not_waited_for(self):
        server = self.server_with(hang)
        start = time.monotonic()
        operations = [self.upload(server.uri("/file")) for _ in range(3)]
        for operation in operations:
            self.assert_completed(operation)
        self.assert_completed(self.upload(server.uri("/file")))
        self.assertLess(time.monotonic() - start, 20)
        self.assertEqual(self.requests(server), ["OPTIONS"] + ["PUT"] * 4)

    def test_pause_waits_for_no_answer(self):
        server = self.server_with(hang)
        operations = [self.upload(server.uri("/file"))]
        wait_until(lambda: server.questions, "it asks")
        operations.insert(0, self.upload(server.uri("/file")))
        start = time.monotonic()
        for operation in operations:
            self.pause(operation)
        self.assertLess(time.monotonic() - start, 3)
        server.options = status("405 No")
        for operation in operations:
            self.resume(operation)
            self.assert_completed(operation)
        self.assertEqual(self.requests(server), ["OPTIONS"] * 2 + ["PUT"] * 2)

    def test_many_at_once_ask_once(self):
        server = self.enter(ResumableServer("tus"))
        operations = [self.upload(server.uri("/files"), start=False) for _ in range(6)]
        for operation in operations:
            self.daemon.call(operation, "Operation", "Start")
        for operation in operations:
            self.assert_completed(operation)
        methods = [method for method, _ in server.log]
        self.assertEqual((methods.count("OPTIONS"), methods.count("POST")), (1, 6))

    def test_the_service_remembers_as_long_as_it_lives(self):
        server = self.enter(ResumableServer("ietf"))

        def upload():
            self.assert_completed(self.upload(server.uri("/files")))
            return [method for method, _ in server.log].count("OPTIONS")

        self.assertEqual(upload(), 1)
        for _ in range(2):
            self.end_worker()
            self.assertEqual(upload(), 1)
        self.daemon.kill()
        self.start_again()
        self.assertEqual(upload(), 2)

    def test_what_is_said_and_not_true(self):
        answers = {"404": b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
                   "405": b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n",
                   "403": b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
                   "500": b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
                   "201": CREATED}
        for name, answer in answers.items():
            with self.subTest(name):
                server = self.server_with(TUS)
                server.serve("/file", [answer, CREATED])
                for _ in range(2):
                    self.assert_completed(self.upload(server.uri("/file")))
                self.assertEqual(self.requests(server), ["OPTIONS", "POST", "PUT", "PUT"])
                self.assertEqual([r.body for r in server.heads()[1:]], [self.body.read()] * 2)
                self.end_worker()
                self.assert_completed(self.upload(server.uri("/file")))
                self.assertEqual(len(server.questions), 1)

    def test_limits_that_are_said_at_once(self):
        for limit in ("max-size=1000", f"min-size={2 * self.body.size}"):
            with self.subTest(limit):
                server = self.server_with(status("204 Yes", f"Upload-Limit: {limit}"))
                self.assert_completed(self.upload(server.uri("/file")))
                self.assertEqual(self.requests(server), ["OPTIONS", "PUT"])

    def test_a_challenge_is_met_for_both(self):
        challenge = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n'

        def options(exchange):
            is_known = "authorization" in exchange.request.headers
            (status("405 No") if is_known else raw(challenge, then="keep"))(exchange)

        server = self.server_with(options)
        operation = self.upload(server.uri("/file"),
                                server_credential=GLib.Variant("(ss)", ("me", "secret")))
        self.assert_completed(operation)
        self.assertEqual(self.requests(server), ["OPTIONS", "OPTIONS", "PUT"])
        self.assertIn("authorization", server.heads()[0].headers)

    def test_what_is_small_or_cannot_be_resumed_is_not_asked_about(self):
        server = self.server_with(TUS)
        self.assert_completed(self.upload(server.uri("/file"), method=self.text("REPORT")))
        self.assert_completed(self.upload(server.uri("/file"), resumable=self.text("none")))
        Body(1000).write_to(self.source)
        self.assert_completed(self.upload(server.uri("/file")), 1000)
        self.assertEqual(self.requests(server), ["REPORT", "PUT", "PUT"])


if __name__ == "__main__":
    unittest.main()
