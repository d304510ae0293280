# SPDX-License-Identifier: LGPL-2.1-or-later
"""A URL that expires in the middle of a file, and is renewed: from transferctl, for downloads in
order and in pieces, with and without a validator."""

import base64
import json
import shutil
import subprocess
import tempfile
import threading
import unittest

from gi.repository import GLib

from harness.daemon import program
from harness.ftp_server import FtpServer
from harness.servers import Body, FaultyServer, free_port, sending
from harness.service import ServiceTest

MIB = 1024 * 1024
MODIFIED = {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}


def refusing(exchange):
    exchange.send_head("403 Forbidden", Content_Length=0)


def words(*values):
    return GLib.Variant("as", values)


class Expiring:
    """Serves @body slowly over any number of connections, and refuses what is asked for once
    @size of it was sent. `sent` are the ranges that were, also of answers cut off by the client."""

    def __init__(self, body, size):
        self.body = body
        self.left = size
        self.lock = threading.Lock()
        self.sent = []

    def __call__(self, exchange):
        first, last = exchange.request.range(self.body.size) or (0, self.body.size)
        with self.lock:
            is_over = self.left <= 0
        if is_over:
            refusing(exchange)
            return
        exchange.send_head("206 Partial Content", ETag=self.body.etag, Content_Length=last - first,
                           Content_Range=f"bytes {first}-{last - 1}/{self.body.size}")
        for offset in range(first, last, 64 * 1024):
            piece = self.body.read(offset, min(offset + 64 * 1024, last))
            exchange.send(piece)
            with self.lock:
                self.sent.append((offset, offset + len(piece)))
                self.left -= len(piece)
            if exchange.server.is_ending.wait(0.03):
                return


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

    def wait_paused(self, path, web_error):
        values = self.daemon.wait_for_status(path, "paused-recoverable-error")
        self.assertEqual(values["WebErrorStatus"], web_error, values["ErrorMessage"])
        self.assertEqual(values["BlockedBy"], ["recoverable-error"])
        return values

    def renew(self, path, uri=None):
        if uri:
            self.daemon.set(path, "RequestedUri", GLib.Variant("s", uri))
        self.daemon.call(path, "Operation", "Resume")
        return self.daemon.wait_for_status(path, "completed")

    def test_no_held_byte_comes_again_over_several_connections_to_another_host(self):
        body = Body(24 * MIB)
        old, new = Expiring(body, 9 * MIB), Expiring(body, body.size)
        self.server.serve(self.old, old)
        path = self.create(self.old, start=True, random_access=GLib.Variant("b", True),
                           recoverable_errors=words("http-403"))
        self.wait_paused(path, "http-403")
        self.assertGreater(len({head.connection for head in self.server.heads(self.old)}), 1)
        held = self.daemon.call(path, "Download", "GetDownloadedRanges")[0]
        self.assertGreaterEqual(sum(length for _, length in held), 9 * MIB)
        with FaultyServer(address="127.0.0.2") as other:
            other.serve(self.new, new)
            values = self.renew(path, other.uri(self.new))
            self.assertEqual(other.heads(self.new)[0].headers["if-range"], body.etag)
        self.assertFalse(values["HasRestarted"])
        self.assert_file(path, body)
        for first, last in new.sent:
            self.assertFalse(any(first < offset + length and offset < last
                                 for offset, length in held), (first, last, held))

    def test_another_validator_starts_over(self):
        body, other = Body(6 * MIB), Body(6 * MIB, 1)
        self.check_resume((body, {}), (other, {}), other, True)

    def test_another_validator_starts_over_in_pieces(self):
        body, other = Body(12 * MIB), Body(12 * MIB, 1)
        self.check_resume((body, {}), (other, {}), other, True,
                          random_access=GLib.Variant("b", True))

    def test_size_and_date_do_in_pieces_too(self):
        body = Body(12 * MIB)
        dated = {"etag": None, "if_range": False, "headers": MODIFIED}
        self.check_resume((body, dated), (body, dated), body, False,
                          random_access=GLib.Variant("b", True))

    def test_first_request_may_fail_too(self):
        body = Body(MIB)
        for random_access in (False, True):
            with self.subTest(random_access=random_access):
                self.server.serve(self.old, [refusing, sending(body)])
                path = self.create(self.old, start=True, recoverable_errors=words("http-403"),
                                   random_access=GLib.Variant("b", random_access))
                self.assertEqual(self.wait_paused(path, "http-403")["BytesReceived"], 0)
                self.assertFalse(self.renew(path)["HasRestarted"])
                self.assert_file(path, body)

    def test_what_is_recoverable_may_change_while_it_runs(self):
        body = Body(4 * MIB)
        expired = threading.Event()
        self.addCleanup(expired.set)
        self.server.serve(self.old, [sending(body, cut_at=2 * MIB, hold=(MIB, expired)), refusing,
                                     sending(body)])
        path = self.create(self.old, start=True)
        self.daemon.wait_for_bytes(path, MIB)
        self.daemon.set(path, "RecoverableErrors", words("http-401", "http-403"), "Download")
        expired.set()
        self.wait_paused(path, "http-403")
        self.renew(path)
        self.assert_file(path, body)

    def test_a_token_may_be_a_header_or_a_password(self):
        body = Body(4 * MIB)
        self.server.serve(self.old, [
            sending(body, cut_at=2 * MIB),
            lambda exchange: exchange.send_head("401 Unauthorized", Content_Length=0,
                                                WWW_Authenticate='Bearer realm="files"'),
            sending(body)])
        path = self.create(self.old, start=True, recoverable_errors=words("http-401"),
                           headers=GLib.Variant("a{ss}", {"Authorization": "Bearer old"}))
        self.wait_paused(path, "http-401")
        self.daemon.call(path, "Operation", "SetRequestHeader",
                         GLib.Variant("(ss)", ("Authorization", "Bearer new")))
        self.renew(path)
        self.assert_file(path, body)
        self.assertEqual([(head.headers["authorization"], head.headers.get("range"))
                          for head in self.server.heads(self.old)],
                         [("Bearer old", None), ("Bearer old", f"bytes={2 * MIB}-"),
                          ("Bearer new", f"bytes={2 * MIB}-")])

    def test_a_server_that_cannot_be_reached_is_recoverable_too(self):
        body = Body(MIB)
        self.server.serve(self.new, sending(body))
        path = self.create(f"http://127.0.0.1:{free_port()}/file", start=True,
                           recoverable_errors=words("cannot-connect"))
        self.wait_paused(path, "cannot-connect")
        self.renew(path, self.server.uri(self.new))
        self.assert_file(path, body)

    def test_a_server_that_says_nothing_is_recoverable_too(self):
        body = Body(4 * MIB)

        def set_timeout(seconds):
            self.daemon.configure({"Transfers": {"ResponseTimeoutSeconds": seconds}})
            self.daemon.reload()

        set_timeout("1")
        self.addCleanup(set_timeout, "30")
        self.server.serve(self.old, sending(body, cut_at=2 * MIB, cut="hang"))
        self.server.serve(self.new, sending(body))
        path = self.create(self.old, start=True, recoverable_errors=words("timeout"))
        self.wait_paused(path, "timeout")
        set_timeout("30")
        self.renew(path, self.server.uri(self.new))
        self.assert_file(path, body)
        self.assertEqual([head.headers["range"] for head in self.server.heads(self.new)],
                         [f"bytes={2 * MIB}-"])

    def test_ftp_has_errors_that_recover_too(self):
        body = Body(4 * MIB)
        folder = tempfile.mkdtemp(prefix="bgt-ftp-")
        self.addCleanup(shutil.rmtree, folder, True)
        body.write_to(f"{folder}/file")
        with FtpServer(folder, anonymous=False) as server:
            path = self.create(server.uri("/file"), start=True, recoverable_errors=words("http-401"),
                               server_credential=GLib.Variant("(ss)", ("user", "wrong")))
            self.wait_paused(path, "http-401")
            self.daemon.call(path, "Operation", "SetServerCredential",
                             GLib.Variant("(ss)", ("user", "secret")))
            self.renew(path)
        self.assert_file(path, body)

    def test_pieces_are_kept_too(self):
        body = Body(12 * MIB)
        self.check_resume((body, {}), (body, {}), body, False,
                          random_access=GLib.Variant("b", True))


class Demanding:
    """Serves @body to the user "user", whose password is the next of @passwords each time that the
    body has been cut."""

    def __init__(self, body, passwords, gate=None):
        self.body = body
        self.passwords = list(passwords)
        self.gate = gate
        self.ranges = []

    def __call__(self, exchange):
        given = exchange.request.headers.get("authorization", "")
        right = "Basic " + base64.b64encode(f"user:{self.passwords[0]}".encode()).decode()
        if given != right:
            exchange.send_head("401 Unauthorized", Content_Length=0,
                               WWW_Authenticate='Basic realm="x"')
            return
        self.ranges.append(exchange.request.headers.get("range"))
        if len(self.passwords) == 1:
            sending(self.body)(exchange)
            return
        if self.gate:
            exchange.wait(self.gate)
        self.passwords.pop(0)
        sending(self.body, cut_at=self.body.size // 2)(exchange)


class Credentials(ServiceTest):
    def download(self, server, **options):
        self.server.serve(f"/{self._testMethodName}", server)
        return self.daemon.create_download(
            self.server.uri(f"/{self._testMethodName}"), self.new_destination(),
            {"server-credential": GLib.Variant("(ss)", ("user", "first")), **options}, start=True)

    def set_password(self, path, password):
        self.daemon.call(path, "Operation", "SetServerCredential",
                         GLib.Variant("(ss)", ("user", password)))

    def assert_half_was_asked_for(self, path, demanding):
        self.daemon.wait_for_status(path, "completed")
        with open(self.daemon.get(path, "Destination", "Download"), "rb") as file:
            self.assertTrue(file.read() == demanding.body.read(), "the file has other bytes")
        self.assertEqual(demanding.ranges, [None, f"bytes={demanding.body.size // 2}-"])
        self.assertNotIn("second", self.daemon.log())

    def test_a_new_password_in_the_middle(self):
        demanding = Demanding(Body(2 * MIB), ("first", "second"))
        path = self.download(demanding, **{"recoverable-errors": GLib.Variant("as", ["http-401"])})
        self.daemon.wait_for_status(path, "paused-recoverable-error")
        self.set_password(path, "wrong")
        self.daemon.call(path, "Operation", "Resume")
        self.daemon.wait_for_status(path, "paused-recoverable-error")
        self.set_password(path, "second")
        self.daemon.call(path, "Operation", "Resume")
        self.assert_half_was_asked_for(path, demanding)

    def test_a_new_password_before_the_old_one_ends(self):
        gate = threading.Event()
        demanding = Demanding(Body(2 * MIB), ("first", "second"), gate)
        path = self.download(demanding)
        self.server.wait_for_requests(2, f"/{self._testMethodName}")
        self.set_password(path, "second")
        gate.set()
        self.assert_half_was_asked_for(path, demanding)

    def test_without_being_recoverable_it_is_the_end(self):
        demanding = Demanding(Body(2 * MIB), ("first", "second"))
        path = self.download(demanding)
        self.assertEqual(self.daemon.wait_for_status(path, "error")["WebErrorStatus"], "http-401")
        self.set_password(path, "second")
        self.daemon.call(path, "Operation", "Resume")
        self.assert_half_was_asked_for(path, demanding)


if __name__ == "__main__":
    unittest.main()
