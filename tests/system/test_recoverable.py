# SPDX-License-Identifier: LGPL-2.1-or-later
"""A URL that expires in the middle of a file, and is renewed: from transferctl, for downloads in
order and in pieces, with and without a validator."""

import json
import subprocess
import unittest

from gi.repository import GLib

from harness.daemon import program
from harness.servers import Body, sending
from harness.service import ServiceTest

MIB = 1024 * 1024
MODIFIED = {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}


def refusing(exchange):
    exchange.send_head("403 Forbidden", Content_Length=0)


class Recoverable(ServiceTest):
    def setUp(self):
        self.old = f"/{self._testMethodName}/old"
        self.new = f"/{self._testMethodName}/new"

    def transferctl(self, *arguments):
        run = subprocess.run([program("src/transferctl/transferctl"), "--session", *arguments],
                             env=self.bus.environment(), capture_output=True, text=True, timeout=60,
                             check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def assert_file(self, path, body):
        with open(self.daemon.get(path, "Destination", "Download"), "rb") as file:
            self.assertTrue(file.read() == body.read(), "the file has other bytes")

    def expire(self, body, **options):
        """A download that has half of the file when its URL expires."""
        self.server.serve(self.old, [sending(body, cut_at=body.size // 2, **options), refusing])

    def test_the_story_from_transferctl(self):
        body = Body(6 * MIB)
        self.expire(body)
        self.server.serve(self.new, sending(body))
        destination = self.new_destination()
        guid = self.transferctl("download", self.server.uri(self.old), "-o", destination,
                                "--detach", "--keep", "--recoverable", "http-403").strip()
        path = next(path for path in self.daemon.operations() if guid in path)
        self.daemon.wait_for_status(path, "paused-recoverable-error")
        self.assertEqual(self.daemon.get(path, "BytesReceived"), 3 * MIB)
        self.transferctl("set", guid, f"uri={self.server.uri(self.new)}", "header:X-Token=fresh")
        self.transferctl("resume", guid)
        self.daemon.wait_for_status(path, "completed")
        self.assert_file(path, body)
        asked = self.server.heads(self.new)
        self.assertEqual([head.headers.get("range") for head in asked], [f"bytes={3 * MIB}-"])
        self.assertEqual(asked[0].headers["x-token"], "fresh")
        shown = json.loads(self.transferctl("show", "--json", guid))
        self.assertEqual(shown["status"], "completed")

    def check_resume(self, before, after, body, has_restarted, **options):
        self.expire(before[0], **before[1])
        self.server.serve(self.new, sending(after[0], **after[1]))
        path = self.create(self.old, start=True,
                           recoverable_errors=GLib.Variant("as", ["http-403"]), **options)
        self.daemon.wait_for_status(path, "paused-recoverable-error")
        held = self.daemon.call(path, "Download", "GetDownloadedRanges")[0]
        self.assertGreater(sum(length for _, length in held), MIB)
        self.daemon.set(path, "RequestedUri", GLib.Variant("s", self.server.uri(self.new)))
        self.daemon.call(path, "Operation", "Resume")
        values = self.daemon.wait_for_status(path, "completed")
        self.assert_file(path, body)
        self.assertEqual(values["HasRestarted"], has_restarted)
        if not has_restarted:
            for head in self.server.heads(self.new):
                first = head.range(body.size)[0]
                self.assertFalse(any(offset <= first < offset + length for offset, length in held),
                                 "a held byte came again")

    def test_size_and_date_do_where_there_is_no_validator(self):
        body = Body(6 * MIB)
        dated = {"etag": None, "if_range": False, "headers": MODIFIED}
        self.check_resume((body, dated), (body, dated), body, False)

    def test_another_date_starts_over(self):
        body, other = Body(6 * MIB), Body(6 * MIB, 1)
        later = {"Last-Modified": "Tue, 02 Jan 2024 00:00:00 GMT"}
        self.check_resume((body, {"etag": None, "if_range": False, "headers": MODIFIED}),
                          (other, {"etag": None, "if_range": False, "headers": later}), other, True)

    def test_another_size_starts_over(self):
        body, other = Body(6 * MIB), Body(5 * MIB, 1)
        dated = {"etag": None, "if_range": False, "headers": MODIFIED}
        self.check_resume((body, dated), (other, dated), other, True)

    def test_pieces_are_kept_too(self):
        body = Body(12 * MIB)
        self.check_resume((body, {}), (body, {}), body, False,
                          random_access=GLib.Variant("b", True))


if __name__ == "__main__":
    unittest.main()
