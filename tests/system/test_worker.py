# SPDX-License-Identifier: LGPL-2.1-or-later
"""The worker alone, driven as the daemon drives it, against servers that may do anything."""

import hashlib
import http.server
import os
import random
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import uuid

from gi.repository import GLib

from harness.worker_host import NAME, WorkerHost, lookup

MIB = 1024 * 1024


def new_guid():
    return str(uuid.uuid4()).replace("-", "_")


def new_bytes(size, seed=1):
    return random.Random(seed).randbytes(size)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves server.files by path; how, say the members of File."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.requests.append((self.path, dict(self.headers)))
        file = self.server.files.get(self.path.split("?")[0])
        if file is None:
            self.send_error(404)
            return
        if callable(file):
            file(self)
            return
        start, status = 0, 200
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        may_send_part = self.headers.get("If-Range") in (None, file.etag, file.last_modified)
        if wanted and file.has_ranges and may_send_part:
            start, status = int(wanted.group(1)), 206
        if start >= len(file.data) and status == 206:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(file.data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range",
                             f"bytes {start}-{len(file.data) - 1}/{len(file.data)}")
        if file.etag:
            self.send_header("ETag", file.etag)
        if file.last_modified:
            self.send_header("Last-Modified", file.last_modified)
        if file.is_chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(file.data) - start))
        self.end_headers()
        self.send_body(file, file.data[start:])

    def send_body(self, file, data):
        end = len(data) if file.cut_after is None else min(len(data), file.cut_after)
        for offset in range(0, end, file.piece):
            piece = data[offset:min(offset + file.piece, end)]
            try:
                if file.is_chunked:
                    self.wfile.write(b"%x\r\n" % len(piece))
                self.wfile.write(piece)
                if file.is_chunked:
                    self.wfile.write(b"\r\n")
            except OSError:
                self.close_connection = True
                return
            self.server.n_sent += len(piece)
            if file.pause and self.server.stopped.wait(file.pause):
                self.close_connection = True
                return
        if file.cut_after is not None and end < len(data):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif file.stalls:
            self.server.stopped.wait()
        elif file.is_chunked:
            self.wfile.write(b"0\r\n\r\n")


class File:
    def __init__(self, data, **members):
        self.data = data
        self.etag = f'"{hashlib.md5(data).hexdigest()}"'
        self.last_modified = None
        self.has_ranges = True
        self.is_chunked = False
        self.cut_after = None
        self.stalls = False
        self.piece = 256 * 1024
        self.pause = 0
        self.__dict__.update(members)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {}
        self.requests = []
        self.n_sent = 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self.thread.start()

    def handle_error(self, request, client_address):
        pass

    def uri(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def close(self):
        self.stopped.set()
        self.shutdown()
        self.thread.join()
        self.server_close()


class WorkerTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="bgt-worker-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.server = Server()
        self.addCleanup(self.server.close)
        self.host = WorkerHost(settings={"checkpoint-bytes": MIB})
        self.host.launch()
        self.addCleanup(self.close_host)
        self.guid = new_guid()
        self.path = f"{self.folder}/file"

    def close_host(self):
        self.assertEqual(self.host.close(), 0, self.host.messages())
        self.host.log.close()

    def serve(self, path="/file", **members):
        size = members.pop("size", 3 * MIB + 17)
        data = new_bytes(size, members.pop("seed", 1))
        self.server.files[path] = File(data, **members)
        return data

    def request(self, **more):
        return {"uri": self.server.uri("/file"), "destination": self.path, **more}

    def download(self, **more):
        self.host.start(self.guid, self.request(**more))
        return self.host.wait_finished(self.guid)

    def job(self):
        return self.host.job(self.guid)

    def assert_complete(self, data, path=None):
        job = self.job()
        self.assertEqual(lookup(job.finished, "web-error-status"), "",
                         lookup(job.finished, "error-message"))
        self.assertEqual(lookup(job.finished, "destination"), path or self.path)
        self.assertEqual(lookup(job.finished, "bytes-received"), len(data))
        self.assertEqual(lookup(job.finished, "total-bytes-to-receive"), len(data))
        with open(path or self.path, "rb") as file:
            self.assertTrue(file.read() == data, "the file has other bytes")
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith(".")], [])

    def wait_received(self, size):
        self.host.wait(lambda: any(received >= size for _, received, _ in self.job().progress),
                       f"{size} bytes")

    def ranges_asked(self):
        return [headers.get("Range") for _, headers in self.server.requests]


class Downloads(WorkerTest):
    def test_file_arrives_byte_for_byte(self):
        data = self.serve()
        self.download()
        self.assert_complete(data)
        response = self.job().get("response")
        self.assertEqual(response["status-code"], 200)
        self.assertEqual(response["actual-uri"], self.server.uri("/file"))
        self.assertIn(["Content-Length", str(len(data))], [list(h) for h in response["headers"]])
        self.assertEqual(self.job().get("ranges"), [(0, len(data))])
        self.assertFalse(self.job().has_restarted)

    def test_empty_file(self):
        self.assert_complete(self.finish(self.serve(size=0)))

    def test_length_not_known_before_the_end(self):
        self.assert_complete(self.finish(self.serve(is_chunked=True)))

    def test_length_not_known_and_empty(self):
        self.assert_complete(self.finish(self.serve(is_chunked=True, size=0)))

    def finish(self, data):
        self.download()
        return data

    def test_into_a_descriptor(self):
        data = self.serve()
        with open(self.path, "w+b") as file:
            request = {"uri": self.server.uri("/file")}
            found = self.host.check(request, file.fileno())
            request["destination-file"] = found.lookup_value("destination-file", None)
            self.host.start(self.guid, request, file.fileno())
        self.host.wait_finished(self.guid)
        self.assert_complete(data)

    def test_not_found(self):
        self.assertEqual(self.download(), "http-404")
        self.assertEqual(self.job().get("response")["status-code"], 404)
        self.assertFalse(os.path.exists(self.path))
        self.assertEqual(self.job().get("bytes-received"), 0)

    def test_nobody_listens(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            uri = f"http://127.0.0.1:{unused.getsockname()[1]}/"
            self.host.start(self.guid, self.request(uri=uri))
            self.assertEqual(self.host.wait_finished(self.guid), "cannot-connect")

    def test_retry_after_is_passed_on(self):
        def busy(handler):
            handler.send_response(503)
            handler.send_header("Retry-After", "7")
            handler.send_header("Content-Length", "4")
            handler.end_headers()
            handler.wfile.write(b"busy")

        self.server.files["/file"] = busy
        self.assertEqual(self.download(), "http-503")
        self.assertEqual(lookup(self.job().finished, "retry-after"), 7000000)
        self.assertFalse(lookup(self.job().finished, "made-progress"))

    def test_short_body_is_continued(self):
        data = self.serve(cut_after=MIB + 5)
        self.assertIn(self.download(), ("disconnected", "connection-reset", "connection-aborted"))
        self.assertFalse(os.path.exists(self.path))
        self.assertTrue(lookup(self.job().finished, "made-progress"))
        self.assertEqual(self.job().get("bytes-received"), MIB + 5)
        self.server.files["/file"].cut_after = None
        self.download()
        self.assert_complete(data)
        self.assertEqual(self.ranges_asked(), [None, f"bytes={MIB + 5}-"])
        self.assertFalse(self.job().has_restarted)

    def test_no_progress_where_every_try_begins_anew(self):
        self.serve(cut_after=MIB, has_ranges=False)
        self.download()
        self.assertTrue(lookup(self.job().finished, "made-progress"))
        self.download()
        self.assertFalse(lookup(self.job().finished, "made-progress"))

    def test_changed_file_is_fetched_anew(self):
        self.serve(cut_after=MIB + 5)
        self.download()
        data = self.serve(seed=2, size=2 * MIB)
        self.download()
        self.assert_complete(data)
        self.assertTrue(self.job().has_restarted)
        self.assertTrue(self.job().get("has-response-changed"))

    def test_server_without_ranges_is_asked_for_all(self):
        data = self.serve(cut_after=MIB + 5, has_ranges=False)
        self.download()
        self.server.files["/file"].cut_after = None
        self.download()
        self.assert_complete(data)
        self.assertTrue(self.job().has_restarted)

    def test_without_validator_size_and_time_decide(self):
        when = "Sat, 01 Jan 2022 00:00:00 GMT"
        data = self.serve(etag='W/"1"', last_modified=when, cut_after=MIB)
        self.download()
        self.server.files["/file"].cut_after = None
        self.download()
        self.assert_complete(data)
        self.assertFalse(self.job().has_restarted)

    def test_without_any_validator_it_starts_over(self):
        data = self.serve(etag=None, cut_after=MIB)
        self.download()
        self.server.files["/file"].cut_after = None
        self.download()
        self.assert_complete(data)
        self.assertTrue(self.job().has_restarted)
        self.assertEqual(self.ranges_asked(), [None, None])

    def test_part_with_other_bytes_than_asked_is_refused(self):
        self.serve(cut_after=MIB)
        self.download()

        def lie(handler):
            handler.send_response(206)
            handler.send_header("Content-Range", "bytes 5-9/10")
            handler.send_header("Content-Length", "5")
            handler.end_headers()
            handler.wfile.write(b"wrong")

        self.server.files["/file"] = lie
        self.assertEqual(self.download(), "invalid-server-response")
        self.assertFalse(os.path.exists(self.path))

    def test_destination_that_exists_is_refused(self):
        self.serve()
        with open(self.path, "wb") as file:
            file.write(b"mine")
        self.assertIn(self.download(), ("file-error", "file-access-denied", "file-changed"))
        with open(self.path, "rb") as file:
            self.assertEqual(file.read(), b"mine")

    def test_unique_name(self):
        data = self.serve()
        with open(self.path, "wb") as file:
            file.write(b"mine")
        self.download(overwrite="unique")
        self.assert_complete(data, f"{self.folder}/file (1)")

    def test_full_disk(self):
        if os.geteuid() != 0:
            self.skipTest("needs root for a small file system")
        small = f"{self.folder}/small"
        os.mkdir(small)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "small", small], check=True)
        self.addCleanup(subprocess.run, ["umount", small], check=True)
        self.serve(size=8 * MIB)
        self.assertEqual(self.download(destination=f"{small}/file"), "no-space")
        self.serve(size=8 * MIB, is_chunked=True)
        self.assertEqual(self.download(destination=f"{small}/file"), "no-space")
        self.host.discard(self.guid, self.request(destination=f"{small}/file"))
        self.assertEqual(os.listdir(small), [])


class Checksums(WorkerTest):
    def test_right_one(self):
        data = self.serve()
        self.download(checksum="sha256:" + hashlib.sha256(data).hexdigest())
        self.assert_complete(data)

    def test_right_one_over_a_restart(self):
        data = self.serve(cut_after=MIB + 5)
        checksum = "sha512:" + hashlib.sha512(data).hexdigest()
        self.download(checksum=checksum)
        self.host.close()
        self.host.launch()
        self.server.files["/file"].cut_after = None
        self.download(checksum=checksum)
        self.assert_complete(data)

    def test_right_one_over_a_changed_file(self):
        self.serve(cut_after=MIB + 5)
        checksum = "md5:" + hashlib.md5(new_bytes(2 * MIB, 2)).hexdigest()
        self.download(checksum=checksum)
        data = self.serve(seed=2, size=2 * MIB)
        self.download(checksum=checksum)
        self.assert_complete(data)

    def test_wrong_one_publishes_nothing_and_starts_afresh(self):
        data = self.serve()
        checksum = "sha256:" + hashlib.sha256(b"other").hexdigest()
        self.assertEqual(self.download(checksum=checksum), "checksum-mismatch")
        self.assertFalse(os.path.exists(self.path))
        self.assertEqual(self.job().get("bytes-received"), 0)
        self.assertEqual(self.job().get("ranges"), [])
        self.download(checksum="sha256:" + hashlib.sha256(data).hexdigest())
        self.assert_complete(data)
        self.assertEqual(self.ranges_asked(), [None, None])


class Control(WorkerTest):
    def slow(self, size=4 * MIB, **more):
        return self.serve(size=size, piece=64 * 1024, pause=0.01, **more)

    def test_stop_keeps_what_arrived_and_start_goes_on(self):
        data = self.slow()
        self.host.start(self.guid, self.request())
        self.wait_received(MIB)
        self.host.stop(self.guid)
        held = self.job().get("bytes-received")
        self.assertGreaterEqual(held, MIB)
        self.assertIsNone(self.job().finished)
        self.download()
        self.assert_complete(data)
        self.assertEqual(self.ranges_asked(), [None, f"bytes={held}-"])

    def test_stop_waits_for_no_stalled_server(self):
        self.serve(cut_after=None, stalls=True, is_chunked=True, size=MIB)
        self.host.start(self.guid, self.request())
        self.wait_received(MIB)
        self.host.stop(self.guid)
        self.assertEqual(self.job().get("bytes-received"), MIB)

    def test_stop_waits_for_no_answer(self):
        self.server.files["/file"] = lambda handler: self.server.stopped.wait()
        self.host.start(self.guid, self.request())
        self.host.wait(lambda: self.server.requests, "the request")
        self.host.stop(self.guid)

    def test_stop_of_nothing_returns(self):
        self.host.stop(self.guid)

    def test_start_twice_is_refused(self):
        self.slow()
        self.host.start(self.guid, self.request())
        with self.assertRaises(GLib.Error) as caught:
            self.host.start(self.guid, self.request())
        self.assertIn(f"{NAME}.Error.InvalidState", caught.exception.message)
        self.host.stop(self.guid)

    def test_discard_leaves_nothing(self):
        self.slow()
        self.host.start(self.guid, self.request())
        self.wait_received(MIB)
        with self.assertRaises(GLib.Error) as caught:
            self.host.discard(self.guid, self.request())
        self.assertIn(f"{NAME}.Error.InvalidState", caught.exception.message)
        self.host.stop(self.guid)
        self.host.discard(self.guid, self.request())
        self.assertEqual(os.listdir(self.folder), [])

    def test_discard_of_what_does_not_stop_yet(self):
        self.slow()
        self.host.held_answers = []
        self.host.start(self.guid, self.request())
        self.wait_received(MIB)
        with self.assertRaises(GLib.Error):
            self.host.call("Stop", GLib.Variant("(s)", (self.guid,)), timeout_ms=500)
        with self.assertRaises(GLib.Error) as caught:
            self.host.discard(self.guid, self.request())
        self.assertIn(f"{NAME}.Error.InvalidState", caught.exception.message)
        self.assertNotEqual(os.listdir(self.folder), [])
        answers, self.host.held_answers = self.host.held_answers, None
        for invocation in answers:
            invocation.return_value(None)
        self.host.wait(lambda: os.listdir(self.folder) == [], "what had arrived is removed")

    def test_reconnect_goes_on_from_what_is_held(self):
        data = self.slow()
        self.host.start(self.guid, self.request())
        self.wait_received(MIB)
        self.host.call("Reconnect", None)
        self.host.wait_finished(self.guid)
        self.assert_complete(data)
        self.assertEqual(len(self.server.requests), 2)
        self.assertGreaterEqual(int(self.ranges_asked()[1][6:-1]), MIB)
        self.assertFalse(self.job().has_restarted)

    def test_file_is_not_published_before_the_checkpoint_is_answered(self):
        data = self.serve()
        self.host.held_answers = []
        self.host.start(self.guid, self.request())
        self.wait_received(len(data))
        self.host.run(0.3)
        self.assertFalse(os.path.exists(self.path))
        answers, self.host.held_answers = self.host.held_answers, None
        for invocation in answers:
            invocation.return_value(None)
        self.host.wait_finished(self.guid)
        self.assert_complete(data)

    def test_daemon_that_cannot_save_gets_no_file(self):
        data = self.serve()
        self.host.checkpoint_error = "the disk is full"
        self.host.start(self.guid, self.request())
        self.host.wait(lambda: self.job().n_checkpoints >= 3, "three tries to save")
        self.assertFalse(os.path.exists(self.path))
        self.host.checkpoint_error = None
        self.host.wait_finished(self.guid)
        self.assert_complete(data)

    def test_open_result_gives_what_has_arrived(self):
        data = self.slow()
        self.host.start(self.guid, self.request())
        self.host.wait(lambda: (self.job().get("bytes-received") or 0) > MIB, "a checkpoint")
        with os.fdopen(self.host.open_result(self.guid, self.request(), MIB), "rb") as file:
            self.assertEqual(file.read(5), data[MIB:MIB + 5])
        with self.assertRaises(GLib.Error) as caught:
            self.host.open_result(self.guid, self.request(), len(data) - 1)
        self.assertIn(f"{NAME}.Error.NotYetAvailable", caught.exception.message)
        self.host.wait_finished(self.guid)
        with os.fdopen(self.host.open_result(self.guid, self.request(), 5), "rb") as file:
            self.assertTrue(file.read() == data[5:])

    def test_progress_comes_at_most_four_times_a_second(self):
        self.slow()
        begin = time.monotonic()
        self.download()
        seconds = time.monotonic() - begin
        n_reports = len(self.job().progress)
        self.assertGreaterEqual(n_reports, 2)
        self.assertLessEqual(n_reports, 4 * seconds + 2)

    def test_worker_says_what_is_wrong_with_its_call(self):
        with self.assertRaises(GLib.Error) as caught:
            self.host.start("../../etc", self.request())
        self.assertIn(f"{NAME}.Error.InvalidArgument", caught.exception.message)


class Crashes(WorkerTest):
    def test_killed_twenty_times_the_file_is_right(self):
        data = self.serve(size=24 * MIB, piece=64 * 1024, pause=0.002)
        chance = random.Random(7)
        n_kills = 0
        while n_kills < 20:
            self.host.start(self.guid, self.request())
            self.host.run(chance.uniform(0.0, 0.12))
            if self.job().finished is not None:
                break
            self.host.kill()
            n_kills += 1
            self.host.launch()
        if self.job().finished is None:
            self.host.start(self.guid, self.request())
            self.host.wait_finished(self.guid)
        self.assert_complete(data)
        self.assertFalse(self.job().has_restarted)
        # A checkpoint and what the sockets hold are lost with each kill.
        self.assertLess(self.server.n_sent, len(data) + (n_kills + 1) * 7 * MIB)

    def test_killed_while_publishing_it_is_told_later(self):
        data = self.serve(size=MIB)
        chance = random.Random(3)
        for _ in range(20):
            self.guid = new_guid()
            self.host.start(self.guid, self.request(overwrite="replace"))
            self.host.run(chance.uniform(0.0, 0.03))
            self.host.kill()
            self.host.launch()
            if self.job().finished is None:
                self.download(overwrite="replace")
            self.assert_complete(data)

    def test_worker_ends_with_its_socket(self):
        self.serve(size=MIB, stalls=True, is_chunked=True)
        self.host.start(self.guid, self.request())
        self.wait_received(MIB)
        self.assertEqual(self.host.close(), 0)
        self.host.launch()


class Many(WorkerTest):
    def test_forty_at_once_hold_up_nobody(self):
        data = new_bytes(MIB)
        self.server.files["/file"] = File(data)
        self.server.files["/stall"] = lambda handler: self.server.stopped.wait()
        stalled = [new_guid() for _ in range(40)]
        for guid in stalled:
            self.host.start(guid, {"uri": self.server.uri("/stall"),
                                   "destination": f"{self.folder}/{guid}"})
        self.host.check(self.request())
        self.download()
        self.assert_complete_beside(data)
        for guid in stalled:
            self.host.stop(guid)

    def assert_complete_beside(self, data):
        self.assertEqual(lookup(self.job().finished, "web-error-status"), "")
        with open(self.path, "rb") as file:
            self.assertTrue(file.read() == data)

    def test_forty_files_arrive(self):
        data = self.serve(size=MIB)
        guids = [new_guid() for _ in range(40)]
        for guid in guids:
            self.host.start(guid, self.request(destination=f"{self.folder}/{guid}"))
        for guid in guids:
            self.assertEqual(self.host.wait_finished(guid), "")
            with open(f"{self.folder}/{guid}", "rb") as file:
                self.assertTrue(file.read() == data)


class Program(unittest.TestCase):
    def run_worker(self, *arguments, **more):
        program = os.path.join(os.environ["BGT_BUILD_DIR"], "src/worker/background-transfer-worker")
        return subprocess.run([program, *arguments], stderr=subprocess.PIPE,
                              stdout=subprocess.PIPE, timeout=30, check=False, **more)

    def test_wrong_usage(self):
        for arguments in ((), ("--fd=-3",), ("--fd=x",), ("--nonsense",), ("--fd=0", "more")):
            outcome = self.run_worker(*arguments)
            self.assertEqual(outcome.returncode, 2, arguments)
            self.assertTrue(outcome.stderr)

    def test_root_is_refused(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        ours, theirs = socket.socketpair()
        with ours, theirs:
            outcome = self.run_worker(f"--fd={theirs.fileno()}", pass_fds=[theirs.fileno()])
        self.assertEqual(outcome.returncode, 1)
        self.assertIn(b"not as root", outcome.stderr)

    def test_becomes_the_user_for_good(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        for uid in (65534, 4242424):
            with self.subTest(uid=uid), WorkerHost([f"--uid={uid}"]) as host:
                with open(f"/proc/{host.process.pid}/status", encoding="utf-8") as file:
                    status = dict(line.rstrip("\n").split(":\t", 1) for line in file
                                  if ":\t" in line)
                self.assertEqual(status["Uid"].split(), [str(uid)] * 4)
                self.assertNotIn("0", status["Gid"].split())
                self.assertNotIn("0", status["Groups"].split())
                self.assertEqual(int(status["CapEff"], 16), 0)
                self.assertEqual(int(status["CapPrm"], 16), 0)
                self.assertEqual(status["NoNewPrivs"], "1")


if __name__ == "__main__":
    unittest.main()
