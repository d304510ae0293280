# SPDX-License-Identifier: LGPL-2.1-or-later
"""Multipart uploads, as Python's own parser reads them back."""

import email
import email.policy
import os
import threading
import unittest

from gi.repository import Gio, GLib

from harness.bodies import Body
from harness.daemon import PATH, error_name
from harness.upload_server import cutting, holding, taking
from system.test_upload import MIB, UploadCase

V = GLib.Variant


class MultipartCase(UploadCase):
    def form(self, parts, start=True, files=None, **options):
        options = {name.replace("_", "-"): value for name, value in options.items()}
        reply, _ = self.daemon.connection.call_with_unix_fd_list_sync(
            "org.example.BackgroundTransfer", PATH, "org.example.BackgroundTransfer.Manager",
            "CreateMultipartUpload",
            V("(saa{sv}a{sv})", (self.uploads.uri("/file"), parts, options)), None,
            Gio.DBusCallFlags.NONE, -1, files, None)
        path = reply.unpack()[0]
        if start:
            self.daemon.call(path, "Operation", "Start")
        return path

    def read_back(self):
        """(content type, [(disposition, its parameters, type, content)]) of the last request."""
        request = self.uploads.heads("/file")[-1]
        content_type = request.headers["content-type"]
        message = email.message_from_bytes(
            b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + request.body,
            policy=email.policy.HTTP)
        self.assertTrue(message.is_multipart())
        self.assertFalse(message.defects)
        return content_type, list(message.iter_parts())

    def text_part(self, name, text, **more):
        return {"name": V("s", name), "text": V("s", text),
                **{key.replace("_", "-"): V("s", value) for key, value in more.items()}}


class Multipart(MultipartCase):
    def test_a_form_is_read_back(self):
        files = Gio.UnixFDList.new()
        with open(self.source, "rb") as file:
            handle = files.append(file.fileno())
        operation = self.form([
            self.text_part("comment", "a\r\nü"),
            {"name": V("s", "file"), "file": V("s", self.source)},
            {"name": V("s", "fd"), "fd": V("h", handle), "filename": V("s", "x y.bin"),
             "content-type": V("s", "image/png"), "headers": V("a{ss}", {"X-One": "1"})},
        ], files=files)
        values = self.daemon.wait_for_status(operation, "completed")
        request = self.uploads.heads("/file")[-1]
        self.assertEqual(request.method, "POST")
        self.assertEqual(values["BytesSent"], len(request.body))
        content_type, parts = self.read_back()
        self.assertTrue(content_type.startswith("multipart/form-data; boundary="))
        self.assertEqual([part.get_content_disposition() for part in parts], ["form-data"] * 3)
        names = [part["Content-Disposition"].params for part in parts]
        self.assertEqual([params["name"] for params in names], ["comment", "file", "fd"])
        self.assertEqual([params.get("filename") for params in names], [None, "source", "x y.bin"])
        self.assertEqual(parts[0].get_payload(decode=True), "a\r\nü".encode())
        self.assertEqual(parts[2]["X-One"], "1")
        self.assertEqual(parts[2].get_content_type(), "image/png")
        # The parser minds line ends in what is binary.
        self.assertEqual(request.body.count(self.body.read()), 2)

    def test_names_are_escaped_as_browsers_do(self):
        operation = self.form([self.text_part('a"b\r\nc', "x", filename='q"\n.txt')],
                              boundary=self.text("limit"))
        self.daemon.wait_for_status(operation, "completed")
        body = self.uploads.heads("/file")[-1].body
        self.assertEqual(body, b'--limit\r\nContent-Disposition: form-data; name="a%22b%0D%0Ac"; '
                               b'filename="q%22%0A.txt"\r\n\r\nx\r\n--limit--\r\n')

    def test_other_kinds(self):
        operation = self.form([self.text_part("x", "<a/>", content_type="text/xml"),
                               {"name": V("s", "f"), "file": V("s", self.source)}],
                              multipart_subtype=self.text("related"), method=self.text("PUT"))
        self.daemon.wait_for_status(operation, "completed")
        content_type, parts = self.read_back()
        self.assertIn('multipart/related; boundary="', content_type)
        self.assertIn('type="text/xml"', content_type)
        self.assertEqual([part.get_content_disposition() for part in parts], [None, "attachment"])
        self.assertEqual(self.uploads.heads("/file")[-1].method, "PUT")

    def test_what_is_wrong_is_refused(self):
        good = self.text_part("a", "b")
        file = V("s", self.source)
        for parts in ([], [{}], [{"name": V("s", "a")}], [{"text": V("s", "a")}],
                      [{**good, "file": file}], [{**good, "name": V("u", 1)}],
                      [{**good, "what": file}], [{**good, "found": V("a{sv}", {})}],
                      [{**good, "content-type": V("s", "a/b\r\nX: y")}],
                      [{**good, "headers": V("a{ss}", {"a b": "c"})}],
                      [good, {"name": V("s", "a"), "file": V("s", "relative")}]):
            with self.subTest(parts=parts), self.assertRaises(GLib.Error) as caught:
                self.form(parts, start=False)
            self.assertEqual(error_name(caught.exception), "InvalidArgument",
                             caught.exception.message)
        with self.assertRaises(GLib.Error) as caught:
            self.form([{"name": V("s", "a"), "file": V("s", "/nonexistent/a")}])
        self.assertEqual(error_name(caught.exception), "NotFound")
        self.assertEqual(self.daemon.operations(), {})

    def test_a_part_that_changes(self):
        event = threading.Event()
        Body(64 * MIB).write_to(self.source)
        self.uploads.take("/file", holding(MIB, event))
        operation = self.form([{"name": V("s", "a"), "file": V("s", self.source)}])
        self.wait_for_sent(operation, 1)
        os.truncate(self.source, 63 * MIB)
        event.set()
        self.assert_failed(operation, "file-changed")

    def test_killed_in_the_middle_and_sent_again(self):
        event = threading.Event()
        self.uploads.take("/file", cutting(MIB), holding(MIB, event), taking)
        operation = self.form([{"name": V("s", "a"), "file": V("s", self.source)}],
                              allow_restart=V("b", True))
        self.uploads.wait_for_requests(2, "/file")
        for pid in self.daemon.workers():
            os.kill(pid, 9)
        event.set()
        self.daemon.wait_for_status(operation, "completed")
        first, _, last = self.bodies()
        self.assertTrue(last.startswith(first), "another boundary on another try")


if __name__ == "__main__":
    unittest.main()
