# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cookies: those of the application, and those that servers set."""

import threading
import unittest

from gi.repository import GLib

from harness.servers import Body, FaultyServer, raw, sending
from harness.service_case import ServiceCase

MIB = 1024 * 1024


def redirecting(location, *cookies):
    lines = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in cookies)
    return raw(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n{lines}"
               "Content-Length: 0\r\n\r\n".encode(), then="keep")


class Cookies(ServiceCase):
    def cookies_of(self, *paths):
        return [request.headers.get("cookie") for path in paths
                for request in self.server.heads(path)]

    @staticmethod
    def given(**cookies):
        return GLib.Variant("a{ss}", cookies)

    def test_those_given_go_to_their_own_origin(self):
        body = Body(1000)
        other = self.enter(FaultyServer())
        other.serve("/end", sending(body))
        self.server.serve("/file", redirecting("/second"))
        self.server.serve("/second", redirecting(other.uri("/end")))
        self.complete(self.download(cookies=self.given(a="1")), body)
        self.assertEqual(self.cookies_of("/file", "/second"), ["a=1", "a=1"])
        self.assertNotIn("cookie", other.heads("/end")[0].headers)
        self.assertNotIn("a=1", self.daemon.log())

    def test_those_set_on_the_way(self):
        body = Body(1000)
        self.server.serve("/file", redirecting("/login/x", "a=2; Path=/", "b=3; Path=/login",
                                               "c=4; Path=/elsewhere", "d=5; Secure", "e=6; Max-Age=0",
                                               "f=7; Domain=example.org"))
        self.server.serve("/login/x", redirecting("/end", "a=8; Path=/"))
        self.server.serve("/end", sending(body))
        self.complete(self.download(cookies=self.given(a="1")), body)
        self.assertEqual(self.cookies_of("/file", "/login/x", "/end"), ["a=1", "b=3; a=2", "a=8"])

    def test_they_outlive_pauses_and_the_service(self):
        body = Body(3 * MIB)
        self.gate = threading.Event()
        self.addCleanup(self.gate.set)
        held = sending(body, hold=(MIB, self.gate))
        self.server.serve("/file", redirecting("/data", "session=secret; Path=/"))
        self.server.serve("/data", held)
        operation = self.download()
        self.daemon.wait_for_bytes(operation, MIB)
        self.pause(operation)
        self.daemon.kill()
        self.server.serve("/data", sending(body))
        self.start_again()
        self.resume(operation)
        self.complete(operation, body)
        self.assertEqual(self.cookies_of("/file"), [None, "session=secret"])
        self.assertEqual(set(self.cookies_of("/data")), {"session=secret"})
        self.assertNotIn("secret", self.daemon.log())

    def test_no_other_operation_has_them(self):
        body = Body(1000)
        self.server.serve("/file", redirecting("/data", "session=1; Path=/"))
        self.server.serve("/data", sending(body))
        self.complete(self.download(), body)
        self.complete(self.download(self.server.uri("/data"), f"{self.folder}/other"), body,
                      f"{self.folder}/other")
        self.assertEqual(self.cookies_of("/data"), ["session=1", None])


if __name__ == "__main__":
    unittest.main()
