# SPDX-License-Identifier: LGPL-2.1-or-later
"""Downloads whose request has a body."""

import os
import unittest

from gi.repository import GLib

from harness.daemon import error_name
from harness.servers import Body, raw, sending
from harness.service_case import ServiceCase

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

    def test_a_descriptor_is_refused(self):
        with self.assertRaises(GLib.Error) as caught:
            self.daemon.create_download(self.server.uri("/file"), self.path, {
                "method": self.text("POST"), "body": GLib.Variant("h", 0)})
        self.assertIn(error_name(caught.exception).rpartition(".")[2],
                      ("NotSupported", "InvalidArgument"))
        self.assertEqual(os.listdir(self.folder), [])


if __name__ == "__main__":
    unittest.main()
