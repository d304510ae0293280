# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every odd answer through the whole service, as a new download and to the rest of one: the right
bytes, or an error of the right kind and no file."""

import os
import unittest

from gi.repository import GLib

from harness import odd_answers, raw_answers
from harness.daemon import PATH
from harness.servers import FaultyServer, raw
from harness.service_case import TlsCase

HELD = b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: "v"\r\n\r\nhe'

# Other answers than for hello are known to test_transport only, and so are slow ones.
ROWS = odd_answers.ROWS + [
    row for row in raw_answers.ROWS
    if not row.arguments and row.then == "close" and row.body == odd_answers.HELLO and not row.error
    and not isinstance(row.answer, list)]


class ByFirstPart(dict):
    """What is served for /a is served for all below it."""

    def get(self, path, default=None):
        return super().get("/" + path.split("/")[1], default)


class Answers(TlsCase):
    settings = {"Transfers": {"RetryDelaySeconds": "0", "MaxRetries": "0", "MaxActive": "64",
                              "MaxActivePerApplication": "64", "MaxActivePerHost": "8",
                              "MaxOperationsPerApplication": "1000"}}
    before = []

    def serve(self, server, row):
        answers = row.answer if isinstance(row.answer, list) else [row.answer]
        server.serve("/" + row.name, self.before + [
            raw(answer.replace(b"Location: @", b"Location: /" + row.name.encode()))
            for answer in answers])

    def download_all(self, server, names):
        """/NAME/file to NAME; returns the properties at the end by the name."""
        paths = self.daemon.call(PATH, "Manager", "CreateOperations", GLib.Variant("(aa{sv})", ([{
            "kind": self.text("download"), "uri": self.text(server.uri(f"/{name}/file")),
            "destination": self.text(f"{self.folder}/{name}"), "start": GLib.Variant("b", True)
        } for name in names],)))[0]
        return {name: self.daemon.wait_for_status(path, "completed", "error")
                for name, path in zip(names, paths)}

    def check(self, row, values):
        path = f"{self.folder}/{row.name}"
        self.assertEqual(values["WebErrorStatus"], row.error, values["ErrorMessage"])
        self.assertEqual(values["Status"], "error" if row.error else "completed")
        self.assertEqual(os.path.exists(path), not row.error)
        if not row.error:
            with open(path, "rb") as file:
                self.assertEqual(file.read(), odd_answers.HELLO)

    def check_all(self, certificate=None):
        with FaultyServer(certificate) as server:
            server.answers = ByFirstPart()
            for row in ROWS:
                self.serve(server, row)
            ends = self.download_all(server, [row.name for row in ROWS])
            for row in ROWS:
                with self.subTest(row.name):
                    self.check(row, ends[row.name])

    def test_over_http(self):
        self.check_all()

    def test_over_https(self):
        self.check_all(self.certificates.good)


class AnswersToTheRest(Answers):
    """The same where two of the five bytes are held. None of them is a part that would fit. What TLS
    changes is seen above."""

    settings = {"Transfers": {**Answers.settings["Transfers"], "MaxRetries": "1"}}
    before = [raw(HELD)]
    test_over_https = None

    def test_names_are_different(self):
        self.assertEqual(len({row.name for row in ROWS}), len(ROWS))
        self.assertGreaterEqual(len(ROWS), 250)


class PartsThatDoNotFit(Answers):
    """A server whose parts are wrong is asked for the whole instead."""

    CONTENT_RANGES = (b"bytes=2-4/5", b"bytes: 2-4/5", b"2-4/5", b"bytes 1-3/5", b"bytes 3-4/5",
                      b"bytes 2-3/5", b"bytes 2-4/9", b"bytes */5", b"bytes -2-4/5", b"bytes 2-4",
                      b"bytes 4-2/5", b"bytes 2-4/4", b"items 2-4/5", b"bytes 2-4/5, 2-4/5",
                      b"bytes 2-18446744073709551616/5", b"bytes 2\xe9-4/5", b"")
    OTHERS = ([b"Content-Range: bytes 2-4/5", b"Content-Range: bytes 2-4/6"],
              [b"Content-Range: bytes 2-4/5", b"Content-Type: multipart/byteranges; boundary=x"],
              [b"Content-Range: bytes 2-4/5", b'ETag: "w"'],
              [])

    settings = AnswersToTheRest.settings

    def check_all(self, certificate=None):
        with FaultyServer(certificate) as server:
            server.answers = ByFirstPart()
            bad = [*([b"Content-Range: " + value] for value in self.CONTENT_RANGES), *self.OTHERS]
            whole = raw(raw_answers.fixed(odd_answers.HELLO))
            for number, fields in enumerate(bad):
                server.serve(f"/{number}", [
                    raw(HELD), raw(raw_answers.fixed(b"llo", *fields, status=raw_answers.PARTIAL)),
                    whole])
            ends = self.download_all(server, range(len(bad)))
            for number, fields in enumerate(bad):
                with self.subTest(fields), open(f"{self.folder}/{number}", "rb") as file:
                    values = ends[number]
                    self.assertEqual(values["Status"], "completed")
                    self.assertTrue(values["HasRestarted"])
                    self.assertEqual(file.read(), odd_answers.HELLO)
                    self.assertEqual(len(server.heads(f"/{number}/file")), 3)


if __name__ == "__main__":
    unittest.main()
