# SPDX-License-Identifier: LGPL-2.1-or-later
"""Multipart uploads, as Python's own parser reads them back."""

import email
import email.policy
import json
import os
import shutil
import subprocess
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

    def test_related_parts_say_the_type_of_the_first(self):
        file = {"name": V("s", "f"), "file": V("s", self.source)}
        text = self.text_part("x", "<a/>")
        for first, expected in ((text, "text/plain"), (file, "application/octet-stream"),
                                ({**file, "content-type": V("s", "a/b; c=d")}, "a/b"),
                                ({**text, "headers": V("a{ss}", {"content-type": "e/f"})}, "e/f")):
            with self.subTest(expected):
                operation = self.form([first, text], multipart_subtype=self.text("related"))
                self.daemon.wait_for_status(operation, "completed")
                message = email.message_from_string(
                    f"Content-Type: {self.read_back()[0]}\r\n\r\n")
                self.assertEqual(message.get_param("type"), expected)

    @unittest.skipUnless(shutil.which("node"), "needs Node.js")
    def test_node_reads_a_form_back(self):
        """By the parser that Node.js has for what browsers send."""
        with open(self.source, "wb") as file:
            file.write(bytes(range(256)) * 40)
        operation = self.form([self.text_part('a"b', "1\r\nü€"), self.text_part("ü", ""),
                               {"name": V("s", "file"), "file": V("s", self.source),
                                "filename": V("s", 'q"€.bin'), "content-type": V("s", "image/png")}])
        self.daemon.wait_for_status(operation, "completed")
        request = self.uploads.heads("/file")[-1]
        script = """
            const body = require("fs").readFileSync(0);
            new Response(body, { headers: { "Content-Type": process.argv[1] } }).formData()
              .then(async form => {
                const found = [];
                for (const [name, value] of form)
                  found.push(typeof value == "string" ? [name, value] :
                             [name, value.name, value.type,
                              Buffer.from(await value.arrayBuffer()).toString("hex")]);
                console.log(JSON.stringify(found));
              });"""
        outcome = subprocess.run(["node", "-e", script, request.headers["content-type"]],
                                 input=request.body, stdout=subprocess.PIPE, check=True)
        self.assertEqual(json.loads(outcome.stdout), [
            ['a"b', "1\r\nü€"], ["ü", ""],
            ["file", 'q"€.bin', "image/png", (bytes(range(256)) * 40).hex()]])

    def test_a_large_part_is_never_in_memory(self):
        size = 1 << 29

        def swallow(take):
            take.go_on()
            left = take.length - len(take.request.body)
            buffer = bytearray(1 << 20)
            while left > 0:
                left -= take.exchange.connection.recv_into(buffer, min(left, len(buffer)))
            return True
        self.uploads.take("/file", swallow)
        with open(self.source, "wb") as file:
            file.truncate(size)
        operation = self.form([{"name": V("s", "a"), "file": V("s", self.source)}])
        self.daemon.wait_for_status(operation, "completed")
        for pid in self.daemon.workers():
            with open(f"/proc/{pid}/status", encoding="ascii") as file:
                peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
            self.assertLess(peak, 256 * 1024)

    def test_no_text_brings_headers_of_its_own(self):
        end = "x\r\nInjected: yes"
        part = self.text_part("a", "b")
        for option, value in (("method", V("s", "POST" + end)), ("multipart-subtype", V("s", end)),
                              ("boundary", V("s", end)), ("headers", V("a{ss}", {"X-A": end})),
                              ("headers", V("a{ss}", {end: "b"})),
                              ("headers", V("a{ss}", {"X-A": "b\n c"})),
                              ("cookies", V("a{ss}", {"a": end}))):
            with self.subTest(option=option, value=value), self.assertRaises(GLib.Error) as caught:
                self.form([part], start=False, **{option: value})
            self.assertEqual(error_name(caught.exception), "InvalidArgument")
            self.assertIn(option, caught.exception.message)
        for key, value in (("content-type", V("s", "a/b" + end)),
                           ("headers", V("a{ss}", {"X-A": end})),
                           ("headers", V("a{ss}", {end: "b"}))):
            with self.subTest(key=key, value=value), self.assertRaises(GLib.Error) as caught:
                self.form([part, {**part, key: value}], start=False)
            self.assertEqual(error_name(caught.exception), "InvalidArgument")
            self.assertIn("part 1", caught.exception.message)
            self.assertIn(key, caught.exception.message)

    def test_a_boundary_that_a_text_contains(self):
        for text in ("a\r\n--limit\r\nb", "--limit"):
            with self.subTest(text), self.assertRaises(GLib.Error) as caught:
                self.form([self.text_part("a", "b"), self.text_part("c", text)], start=False,
                          boundary=self.text("limit"))
            self.assertEqual(error_name(caught.exception), "InvalidArgument")
            self.assertIn("boundary", caught.exception.message)
            self.assertIn("art 1", caught.exception.message)
        for boundary in ("", "x" * 71, "a b ", "a\"b", "ü"):
            with self.subTest(boundary), self.assertRaises(GLib.Error) as caught:
                self.form([self.text_part("a", "b")], start=False, boundary=self.text(boundary))
            self.assertEqual(error_name(caught.exception), "InvalidArgument")
        self.daemon.wait_for_status(self.form([self.text_part("a", "--- limit")],
                                              boundary=self.text("x" * 70)), "completed")

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

    def test_options_of_files_are_not_for_parts(self):
        for option in ("offset", "length"):
            with self.subTest(option), self.assertRaises(GLib.Error) as caught:
                self.form([self.text_part("a", "b")], start=False, **{option: V("t", 1)})
            self.assertEqual(error_name(caught.exception), "InvalidArgument")
            self.assertIn(option, caught.exception.message)

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
