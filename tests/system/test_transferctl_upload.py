# SPDX-License-Identifier: LGPL-2.1-or-later
"""transferctl upload against the real service."""

import json
import os
import socket
import subprocess
import threading
import unittest

from harness.bodies import Body
from harness.servers import raw
from harness.upload_server import CREATED, UploadServer, holding
from system.test_transferctl import DONE, FAILED, SUMMARY_KEYS, USAGE, TransferctlTest

MIB = 1024 * 1024


class Uploads(TransferctlTest):
    def setUp(self):
        super().setUp()
        self.start_daemon()
        self.uploads = self.enterContext(UploadServer())
        self.uploads.serve("/file", CREATED)
        self.body = Body(2 * MIB)
        self.body.write_to(self.path("data"))

    def last(self):
        return self.uploads.heads("/file")[-1]

    def test_one_file_is_put(self):
        output, errors = self.check(DONE, "upload", "data", self.uploads.uri("/file"),
                                    "-H", "X-A: b")
        self.assertEqual((self.last().method, self.last().body), ("PUT", self.body.read()))
        self.assertEqual(self.last().headers["x-a"], "b")
        self.assertIn("done", errors)
        self.assertEqual(self.daemon.operations(), {})

    def test_a_link_means_the_file(self):
        os.symlink("data", self.path("link"))
        self.check(DONE, "upload", "link", self.uploads.uri("/file"), "--offset", "1M")
        self.assertEqual(self.last().body, self.body.read(MIB))

    def test_what_comes_by_a_pipe_is_sent(self):
        os.mkfifo(self.path("fifo"))
        for name in ("-", "/dev/stdin", "fifo"):
            with self.subTest(name=name):
                pipe = {} if name == "fifo" else {"stdin": subprocess.PIPE}
                run = self.start("upload", name, self.uploads.uri("/file"), **pipe)
                with open(self.path("fifo"), "wb") if name == "fifo" else run.process.stdin as to:
                    to.write(self.body.read())
                run.process.stdin = None
                self.assertEqual(run.finish()[0], DONE)
                self.assertEqual((self.last().method, self.last().body),
                                 ("PUT", self.body.read()))

    def test_a_socket_as_standard_input_is_sent_as_a_part(self):
        here, there = socket.socketpair()
        with here, there:
            run = self.start("upload", "--form", "a=b", "--form", "f=@-",
                             self.uploads.uri("/file"), stdin=there)
            there.close()
            here.sendall(b"by a socket")
            here.shutdown(socket.SHUT_WR)
            self.assertEqual(run.finish()[0], DONE)
        self.assertEqual(self.last().method, "POST")
        self.assertIn(b"\r\n\r\nby a socket\r\n", self.last().body)

    def test_a_file_as_standard_input_is_a_file(self):
        with open(self.path("data"), "rb") as file:
            self.assertEqual(self.run_ctl("upload", "-", self.uploads.uri("/file"), "--offset",
                                          "1M", stdin=file)[0], DONE)
        self.assertEqual(self.last().body, self.body.read(MIB))

    def test_several_files_and_a_form_are_parts(self):
        with open(self.path("two"), "w", encoding="ascii") as file:
            file.write("second")
        self.check(DONE, "upload", "data", "two", self.uploads.uri("/file"),
                   "--form", "a=b=c", "--form", "f=@two", "--boundary", "limit")
        self.assertEqual(self.last().method, "POST")
        self.assertEqual(self.last().headers["content-type"], "multipart/form-data; boundary=limit")
        body = self.last().body
        self.assertIn(b'name="a"\r\n\r\nb=c\r\n', body)
        self.assertIn(b'name="f"; filename="two"\r\nContent-Type: application/octet-stream\r\n\r\n'
                      b'second\r\n', body)
        self.assertIn(b'name="file"; filename="data"', body)

    def test_last_json_object_says_everything(self):
        output, _ = self.check(DONE, "--json", "upload", "data", self.uploads.uri("/file"))
        last = json.loads(output.splitlines()[-1])
        self.assertLessEqual(SUMMARY_KEYS, set(last))
        self.assertEqual((last["status"], last["bytes_sent"], last["http_status"]),
                         ("completed", self.body.size, 201))

    def test_failure_is_said_last(self):
        _, errors = self.check(FAILED, "upload", "data", self.uploads.uri("/missing"))
        self.assertIn("404", errors.splitlines()[-1])

    def test_cat_prints_the_answer(self):
        self.uploads.serve("/file", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        event = threading.Event()
        self.addCleanup(event.set)
        self.uploads.take("/file", holding(MIB, event))
        guid = self.check(DONE, "upload", "--detach", "data", self.uploads.uri("/file"))[0].strip()
        run = self.start("cat", guid)
        self.uploads.wait_for_requests(1, "/file")
        event.set()
        status, output, errors = run.finish()
        self.assertEqual((status, output), (DONE, b"hello"), errors)
        self.assertEqual(self.check(DONE, "cat", guid, "--from", "3")[0], "lo")

    def test_cat_prints_the_answer_to_an_error_and_says_so(self):
        self.uploads.serve("/file", b"HTTP/1.1 422 No\r\nContent-Length: 3\r\n\r\nwhy")
        guid = self.check(DONE, "upload", "--detach", "data", self.uploads.uri("/file"))[0].strip()
        output, errors = self.check(FAILED, "cat", guid)
        self.assertEqual(output, "why")
        self.assertIn("http-422", errors)

    def test_cat_says_that_an_answer_goes_on(self):
        self.uploads.serve("/file", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")
        self.uploads.answers["/file"] = [raw(self.uploads.answers["/file"][0])]
        guid = self.check(DONE, "upload", "--detach", "data", self.uploads.uri("/file"))[0].strip()
        output, errors = self.check(FAILED, "cat", guid)
        self.assertEqual(output, "hello")
        self.assertIn("goes on", errors)
        self.assertIn("is-truncated: yes", self.check(DONE, "show", guid)[0])

    def test_what_is_wrong(self):
        uri = self.uploads.uri("/file")
        for arguments in ((uri,), ("none", uri), ("data", "nonsense"), ("data", uri, "--form", "x"),
                          ("data", uri, "--offset", "x"), ("data", uri, "--overwrite", "fail")):
            with self.subTest(arguments=arguments):
                self.check(USAGE, "upload", *arguments)
        self.assertEqual(self.uploads.heads(), [])


if __name__ == "__main__":
    unittest.main()
