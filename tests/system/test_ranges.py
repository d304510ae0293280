# SPDX-License-Identifier: LGPL-2.1-or-later
"""Downloads with random access: pieces in any order, over several connections."""

import collections
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import uuid

from gi.repository import Gio, GLib

from harness.daemon import program
from harness.servers import Body, FaultyServer, Nginx, paced, raw, sending
from harness.service import ServiceTest
from harness.wait import wait_until
from harness.worker_host import NAME, WorkerHost, lookup

KIB = 1024
MIB = 1024 * KIB


class RangesTest(unittest.TestCase):
    CONNECTIONS = 4

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="bgt-ranges-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.server = FaultyServer()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.host = WorkerHost(settings={"checkpoint-bytes": MIB,
                                         "max-connections-per-download": self.CONNECTIONS})
        self.host.launch()
        self.addCleanup(self.close_host)
        self.guid = str(uuid.uuid4()).replace("-", "_")
        self.path = f"{self.folder}/file"

    def close_host(self):
        self.assertEqual(self.host.close(), 0, self.host.messages())
        self.host.log.close()

    def request(self, **more):
        return {"uri": self.server.uri("/file"), "destination": self.path, "random-access": True,
                **more}

    def start(self, **more):
        self.host.start(self.guid, self.request(**more))

    def job(self):
        return self.host.job(self.guid)

    def wait_finished(self):
        return self.host.wait_finished(self.guid)

    def assert_complete(self, body):
        job = self.job()
        self.assertEqual(lookup(job.finished, "web-error-status"), "",
                         lookup(job.finished, "error-message"))
        self.assertEqual(lookup(job.finished, "bytes-received"), body.size)
        self.assertEqual(lookup(job.finished, "total-bytes-to-receive"), body.size)
        self.assertEqual(lookup(job.finished, "ranges"), [(0, body.size)] if body.size else [])
        with open(self.path, "rb") as file:
            self.assertTrue(file.read() == body.read(), "the file has other bytes")
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith(".")], [])

    def asked(self):
        return [head.range(1 << 62) for head in self.server.heads("/file")]

    def wait_held(self, offset, length=1):
        self.host.wait(lambda: any(start <= offset and offset + length <= start + size
                                   for start, size in self.job().get("ranges") or []),
                       f"{length} bytes at {offset}: {self.job().get('ranges')}")

    def wait_received(self, size):
        self.host.wait(lambda: any(received >= size for _, received, _ in self.job().progress),
                       f"{size} bytes")


class Pieces(RangesTest):
    def test_file_arrives_byte_for_byte(self):
        for size in (0, 1, 100 * KIB, 9 * MIB + 17):
            with self.subTest(size=size):
                self.guid = str(uuid.uuid4()).replace("-", "_")
                self.path = f"{self.folder}/file-{size}"
                body = Body(size)
                self.server.serve("/file", sending(body))
                self.start()
                self.wait_finished()
                self.assert_complete(body)

    def test_slow_connections_become_more(self):
        body = Body(24 * MIB)
        sent = collections.Counter()
        slow = paced(body, 3 * MIB)

        def answer(exchange):
            try:
                slow(exchange)
            finally:
                sent[exchange.request.connection] += exchange.n_paced
        self.server.serve("/file", answer)
        self.start()
        self.wait_finished()
        self.assert_complete(body)
        wait_until(lambda: sum(sent.values()) >= body.size, "the server has counted all")
        self.assertGreater(len(sent), 2)
        self.assertLess(max(sent.values()), body.size * 3 // 4, "each carries a part of it")

    @unittest.skipUnless(Nginx.is_installed(), "nginx is not installed")
    def test_a_rate_that_comes_in_bursts_is_no_full_link(self):
        """As nginx keeps its limit: a MiB at once, then nothing until the next second."""
        body = Body(10 * MIB)
        with Nginx() as nginx:
            body.write_to(f"{nginx.files}/file")
            self.start(uri=f"http://127.0.0.1:{nginx.ports['plain']}/slow/file")
            self.wait_finished()
            sent = collections.Counter()
            for entry in nginx.log():
                sent[entry["connection"]] += entry["sent"]
        self.assert_complete(body)
        self.assertLess(max(sent.values()), body.size * 3 // 4, "others carry a part of it")

    def test_no_more_connections_than_allowed_run_at_once(self):
        body = Body(16 * MIB)
        lock, running, most = threading.Lock(), set(), []
        slow = paced(body, 2 * MIB)

        def answer(exchange):
            with lock:
                running.add(exchange)
                most.append(len(running))
            try:
                slow(exchange)
            finally:
                with lock:
                    running.discard(exchange)
        self.server.serve("/file", answer)
        self.start()
        self.wait_finished()
        self.assert_complete(body)
        self.assertLessEqual(max(most), self.CONNECTIONS + 1, "one may be closing")
        self.assertGreater(max(most), 1)

    def test_one_fast_connection_stays_alone(self):
        body = Body(12 * MIB)
        self.server.serve("/file", sending(body))
        self.start()
        self.wait_finished()
        self.assert_complete(body)
        self.assertLessEqual(self.server.n_connections, 2)

    def test_connections_that_are_refused_are_done_without(self):
        body = Body(12 * MIB)
        slow = paced(body, 4 * MIB)
        refused = []

        def answer(exchange):
            if exchange.request.connection == 2:
                refused.append(exchange)
                exchange.send_head("503 Service Unavailable", Content_Length=0,
                                   Connection="close")
                exchange.close()
            else:
                slow(exchange)
        self.server.serve("/file", answer)
        self.start()
        self.wait_finished()
        self.assert_complete(body)
        self.assertTrue(refused)

    def test_connections_are_tried_again_once_the_server_lets_them(self):
        body = Body(14 * MIB)
        slow = paced(body, 2 * MIB)
        refused, later = [], []

        def answer(exchange):
            if exchange.request.connection == 2:
                refused.append(exchange)
                exchange.send_head("503 Service Unavailable", Content_Length=0,
                                   Connection="close")
                exchange.close()
            else:
                later.extend([exchange] if exchange.request.connection > 2 else [])
                slow(exchange)
        self.server.serve("/file", answer)
        self.start()
        self.wait_finished()
        self.assert_complete(body)
        self.assertEqual(len(refused), 1)
        self.assertTrue(later)

    def test_connection_that_brings_nothing_is_given_up(self):
        body = Body(12 * MIB)
        slow = paced(body, 2 * MIB)
        stalled = []

        def answer(exchange):
            if exchange.request.connection == 2:
                stalled.append(exchange)
                sending(body, cut_at=64 * KIB, cut="hang")(exchange)
            else:
                slow(exchange)
        self.server.serve("/file", answer)
        self.start()
        self.wait_finished()
        self.assert_complete(body)
        self.assertTrue(stalled)

    @unittest.skipUnless(Nginx.is_installed(), "nginx is not installed")
    def test_server_that_lets_each_client_have_one_is_content(self):
        body = Body(10 * MIB)
        with Nginx() as nginx:
            body.write_to(f"{nginx.files}/file")
            self.start(uri=nginx.uri("/one-each/file"))
            self.wait_finished()
            self.assertIn(503, [entry["status"] for entry in nginx.log()])
        self.assert_complete(body)

    def test_what_has_come_is_kept_while_the_server_is_silent_and_nobody_wakes_for_it(self):
        body = Body(8 * MIB)
        self.server.serve("/file", sending(body, cut_at=64 * KIB, cut="hang"))
        self.start()
        self.wait_received(64 * KIB)
        self.wait_held(0, 64 * KIB)
        self.assertIsNone(self.job().finished)
        n_before, begin = self.host.count_wakeups(), time.monotonic()
        self.host.wait(lambda: time.monotonic() >= begin + 2.5, "time")
        n_more = self.host.count_wakeups() - n_before
        self.assertLessEqual(n_more, 10 * (time.monotonic() - begin))
        self.host.stop(self.guid)

    def test_checksum_of_what_came_in_any_order_is_checked(self):
        body = Body(8 * MIB)
        self.server.serve("/file", paced(body, 4 * MIB))
        self.start(checksum=f"sha256:{body.sha256}")
        self.wait_finished()
        self.assert_complete(body)

    def test_wrong_checksum_is_not_published(self):
        self.server.serve("/file", sending(Body(6 * MIB)))
        self.start(checksum="md5:" + "0" * 32)
        self.assertEqual(self.wait_finished(), "checksum-mismatch")
        self.assertFalse(os.path.exists(self.path))


class Servers(RangesTest):
    def test_without_ranges_it_says_so(self):
        self.server.serve("/file", sending(Body(MIB), ranges=False))
        self.start()
        self.assertEqual(self.wait_finished(), "insufficient-range-support")
        self.assertFalse(os.path.exists(self.path))

    def test_without_a_length_it_says_so(self):
        def answer(exchange):
            exchange.send_head("200 OK", Transfer_Encoding="chunked", ETag='"x"',
                               Accept_Ranges="bytes")
            exchange.send(b"5\r\nhello\r\n0\r\n\r\n")
        self.server.serve("/file", answer)
        self.start()
        self.assertEqual(self.wait_finished(), "missing-content-length-support")

    def test_part_of_unknown_length_says_so(self):
        body = Body(MIB)
        self.server.serve("/file", sending(body, wrong_range=f"bytes 0-{body.size - 1}/*"))
        self.start()
        self.assertEqual(self.wait_finished(), "missing-content-length-support")

    def test_whole_file_instead_of_the_first_part_is_taken(self):
        body = Body(6 * MIB)
        self.server.serve("/file", [
            sending(body, ranges=False, headers={"Accept-Ranges": "bytes"}), sending(body)])
        self.start()
        self.wait_finished()
        self.assert_complete(body)

    def test_of_a_length_that_nobody_knows_it_goes_on_in_order(self):
        """Of two servers behind one name, one knows no validators, the other no lengths."""
        body = Body(6 * MIB)
        part = body.read()[:5 * MIB]
        self.server.serve("/file", [
            sending(body, etag=None),
            raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: %s\r\n\r\n%x\r\n%s\r\n" %
                (body.etag.encode(), len(part), part)),
            sending(body)])
        self.start()
        self.assertEqual(self.wait_finished(), "disconnected")
        self.start()
        self.wait_finished()
        self.assert_complete(body)
        self.assertFalse(self.job().has_restarted)

    def test_what_breaks_the_rules_in_order_is_not_built_upon(self):
        body = Body(6 * MIB)
        self.server.serve("/file", [
            sending(body, etag=None),
            raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: %s\r\n\r\n%x\r\n%s\r\nx\r\n" %
                (body.etag.encode(), MIB, bytes(MIB))),
            sending(body)])
        self.start()
        self.assertEqual(self.wait_finished(), "invalid-server-response")
        self.start()
        self.wait_finished()
        self.assert_complete(body)

    def test_a_part_that_breaks_the_rules_is_not_built_upon(self):
        body = Body(12 * MIB)

        def broken(exchange):
            first, last = exchange.request.range(body.size)
            exchange.send_head("206 Partial Content", Transfer_Encoding="chunked", ETag=body.etag,
                               Content_Range=f"bytes {first}-{last - 1}/{body.size}")
            exchange.send(b"%x\r\n%s\r\nx\r\n" % (MIB, bytes(MIB)))
        self.server.serve("/file", [sending(body), broken, sending(body)])
        self.start()
        if self.wait_finished():
            self.start()
            self.wait_finished()
        self.assert_complete(body)

    def test_a_refusal_beside_the_file_is_not_its_answer(self):
        body = Body(24 * MIB)
        refusal = raw(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        self.server.serve("/file", [paced(body, 4 * MIB)] * 2 + [refusal, paced(body, 16 * MIB)])
        self.start()
        self.wait_finished()
        self.assert_complete(body)
        self.assertEqual(self.job().get("response")["status-code"], 206)

    def test_a_refusal_that_ends_it_is_told(self):
        body = Body(8 * MIB)
        self.server.serve("/file", [
            sending(body), raw(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")])
        self.start()
        self.assertEqual(self.wait_finished(), "http-503")
        self.assertEqual(self.job().get("response")["status-code"], 503)

    def test_without_validators_it_arrives_in_order(self):
        body = Body(9 * MIB)
        self.server.serve("/file", sending(body, etag=None))
        self.start()
        self.wait_finished()
        self.assert_complete(body)

    def test_shorter_parts_than_asked_are_taken(self):
        body = Body(6 * MIB)

        def answer(exchange):
            first, last = exchange.request.range(body.size)
            last = min(last, first + MIB)
            exchange.send_head("206 Partial Content", Content_Length=last - first, ETag='"x"',
                               Content_Range=f"bytes {first}-{last - 1}/{body.size}")
            exchange.send(body.read(first, last))
        self.server.serve("/file", answer)
        self.start()
        self.wait_finished()
        self.assert_complete(body)

    def test_changed_file_starts_over(self):
        old, new = Body(12 * MIB, 1), Body(10 * MIB, 2)
        self.server.serve("/file", [sending(old), sending(new)])
        self.start()
        self.wait_finished()
        self.assert_complete(new)
        self.assertTrue(self.job().has_restarted)

    def test_one_of_several_connections_that_sees_another_file_starts_over(self):
        old, new = Body(24 * MIB, 1), Body(10 * MIB, 2)
        slow = paced(old, 2 * MIB)

        def answer(exchange):
            (slow if exchange.request.connection < 3 else sending(new))(exchange)
        self.server.serve("/file", answer)
        self.start()
        self.wait_finished()
        self.assert_complete(new)
        self.assertTrue(self.job().has_restarted)

    def test_whole_file_instead_of_a_part_costs_nothing_that_is_held(self):
        body = Body(24 * MIB)
        slow = paced(body, 4 * MIB)
        ignored = []

        def answer(exchange):
            if len(self.asked()) % 3 == 2:
                ignored.append(exchange)
                sending(body, ranges=False)(exchange)
            else:
                slow(exchange)
        self.server.serve("/file", answer)
        self.start()
        self.wait_finished()
        self.assert_complete(body)
        self.assertTrue(ignored)
        self.assertFalse(self.job().has_restarted)

    def test_whole_file_instead_of_every_further_part_says_so(self):
        body = Body(12 * MIB)
        self.server.serve("/file", [sending(body), sending(body, ranges=False)])
        self.start()
        self.assertEqual(self.wait_finished(), "insufficient-range-support")
        self.assertEqual(lookup(self.job().finished, "ranges"), [(0, 4 * MIB)])

    def test_part_that_is_no_more_there_starts_over(self):
        old, new = Body(12 * MIB, 1), Body(3 * MIB, 2)
        self.server.serve("/file", [
            sending(old),
            lambda exchange: exchange.send_head("416 Range Not Satisfiable", Content_Length=0,
                                                Content_Range=f"bytes */{new.size}"),
            sending(new)])
        self.start()
        self.wait_finished()
        self.assert_complete(new)
        self.assertTrue(self.job().has_restarted)

    def test_parts_that_lie_end_with_an_error(self):
        body = Body(12 * MIB)
        self.server.serve("/file", sending(body, wrong_range=f"bytes 7-{MIB}/{body.size}"))
        self.start()
        self.assertIn(self.wait_finished(), ("insufficient-range-support",
                                             "invalid-server-response"))
        self.assertFalse(os.path.exists(self.path))

    def test_status_of_a_refused_part_is_the_error(self):
        body = Body(12 * MIB)
        self.server.serve("/file", [
            sending(body), lambda exchange: exchange.send_head("403 Forbidden", Content_Length=0)])
        self.start()
        self.assertEqual(self.wait_finished(), "http-403")
        self.assertEqual(lookup(self.job().finished, "ranges"), [(0, 4 * MIB)])
        self.server.serve("/file", sending(body))
        self.start()
        self.wait_finished()
        self.assert_complete(body)
        self.assertEqual(self.asked()[-1][0] >= 4 * MIB, True)

    def test_cut_connection_keeps_what_has_come(self):
        body = Body(8 * MIB)
        self.server.serve("/file", [sending(body, cut_at=3 * MIB), sending(body)])
        self.start()
        self.assertEqual(self.wait_finished(), "disconnected")
        self.start()
        self.wait_finished()
        self.assert_complete(body)
        self.assertGreaterEqual(self.asked()[1][0], 2 * MIB)


class Requests(RangesTest):
    def test_range_is_fetched_next(self):
        body = Body(40 * MIB)
        self.server.serve("/file", paced(body, 2 * MIB))
        self.start()
        self.wait_received(MIB)
        self.host.request_range(self.guid, 30 * MIB + 5, 200 * KIB)
        self.wait_held(30 * MIB + 5, 200 * KIB)
        self.assertLess(sum(size for _, size in self.job().get("ranges")), 24 * MIB)
        file = self.host.open_result(self.guid, self.request(), 30 * MIB + 5)
        self.addCleanup(os.close, file)
        self.assertEqual(os.read(file, 100), body.read(30 * MIB + 5, 30 * MIB + 105))
        with self.assertRaises(GLib.Error) as caught:
            self.host.open_result(self.guid, self.request(), 39 * MIB)
        self.assertIn(f"{NAME}.Error.NotYetAvailable", caught.exception.message)
        self.host.stop(self.guid)

    def test_what_follows_the_range_comes_after_it(self):
        body = Body(20 * MIB)
        self.server.serve("/file", paced(body, 8 * MIB))
        self.start()
        self.wait_received(MIB)
        self.host.request_range(self.guid, 16 * MIB, MIB)
        self.wait_held(16 * MIB, 2 * MIB)
        self.wait_finished()
        self.assert_complete(body)

    def test_newest_range_comes_first(self):
        body = Body(60 * MIB)
        self.server.serve("/file", paced(body, MIB))
        self.start()
        self.wait_received(256 * KIB)
        self.host.request_range(self.guid, 20 * MIB, 8 * MIB)
        self.host.request_range(self.guid, 40 * MIB, 256 * KIB)
        self.wait_held(40 * MIB, 256 * KIB)
        self.assertFalse(any(start <= 20 * MIB and start + size >= 28 * MIB
                             for start, size in self.job().get("ranges")))
        self.host.stop(self.guid)

    def test_range_beyond_the_end_does_no_harm(self):
        body = Body(6 * MIB)
        self.server.serve("/file", paced(body, 6 * MIB))
        self.start()
        for offset, length in ((7 * MIB, 1), (2 ** 64 - 1, 2 ** 64 - 1), (0, 2 ** 64 - 1), (5, 0)):
            self.host.request_range(self.guid, offset, length)
        self.wait_finished()
        self.assert_complete(body)

    def test_range_of_a_job_that_is_gone_does_no_harm(self):
        self.host.request_range(self.guid, 0, 1)


class Crashes(RangesTest):
    def test_killed_worker_goes_on_with_what_was_held(self):
        body = Body(32 * MIB)
        self.server.serve("/file", paced(body, 4 * MIB))
        self.start()
        self.wait_received(MIB)
        self.host.request_range(self.guid, 24 * MIB, 2 * MIB)
        self.wait_held(24 * MIB, 2 * MIB)
        for _ in range(3):
            n_checkpoints = self.job().n_checkpoints
            self.host.wait(lambda: self.job().n_checkpoints > n_checkpoints, "a checkpoint")
            self.host.kill()
            held = self.job().checkpoint.lookup_value("destination", None)
            ranges = held.lookup_value("file-ranges", None).unpack()
            name = next(name for name in os.listdir(self.folder) if name.startswith("."))
            with open(f"{self.folder}/{name}", "rb") as file:
                for offset, size in ranges:
                    file.seek(offset)
                    self.assertTrue(file.read(size) == body.read(offset, offset + size),
                                    "what is claimed is there")
            n_asked = len(self.asked())
            self.host.launch()
            self.start()
            self.host.wait(lambda: len(self.asked()) > n_asked, "a request")
            for first, _end in self.asked()[n_asked:]:
                self.assertFalse(any(offset <= first < offset + size for offset, size in ranges))
        self.server.serve("/file", sending(body))
        self.wait_finished()
        self.assert_complete(body)

    def test_stop_keeps_all_ranges(self):
        body = Body(24 * MIB)
        self.server.serve("/file", paced(body, 4 * MIB))
        self.start()
        self.wait_received(MIB)
        self.host.request_range(self.guid, 20 * MIB, MIB)
        self.wait_held(20 * MIB, MIB)
        self.host.stop(self.guid)
        ranges = self.job().get("ranges")
        self.assertGreaterEqual(len(ranges), 2)
        self.assertEqual(sum(size for _, size in ranges), self.job().get("bytes-received"))
        self.start()
        self.wait_finished()
        self.assert_complete(body)


class Service(ServiceTest):
    """Through the daemon, as applications see it."""

    def ranges(self, path):
        return self.daemon.call(path, "Download", "GetDownloadedRanges")[0]

    def is_held(self, path, offset, length):
        return any(start <= offset and offset + length <= start + size
                   for start, size in self.ranges(path))

    def create_slow(self, body):
        self.server.serve("/file", paced(body, MIB))
        path = self.create("/file", random_access=GLib.Variant("b", True))
        self.assertTrue(self.daemon.get(path, "RandomAccess", "Download"))
        return path

    def request_range(self, path, offset, length):
        self.daemon.call(path, "Download", "RequestRange",
                         GLib.Variant("(tt)", (offset, length)))

    def test_range_that_was_asked_for_before_the_start_comes_first(self):
        path = self.create_slow(Body(40 * MIB))
        self.request_range(path, 30 * MIB, MIB // 2)
        self.daemon.call(path, "Operation", "Start")
        wait_until(lambda: self.is_held(path, 30 * MIB, MIB // 2), "the range")
        self.assertLess(sum(size for _, size in self.ranges(path)), 20 * MIB)

    def test_range_is_there_after_the_service_was_killed(self):
        path = self.create_slow(Body(40 * MIB))
        self.daemon.call(path, "Operation", "Start")
        self.request_range(path, 20 * MIB, MIB // 2)
        wait_until(lambda: self.is_held(path, 20 * MIB, MIB // 2), "the range")
        self.daemon.kill()
        self.daemon.start()
        self.assertTrue(self.is_held(path, 20 * MIB, MIB // 2))

    def assert_claims_are_true(self, path, body):
        claims = self.ranges(path)
        destination = os.path.basename(self.daemon.get(path, "Destination", "Download"))
        name = next(name for name in os.listdir(self.daemon.folder)
                    if name.startswith(f".{destination}."))
        with open(f"{self.daemon.folder}/{name}", "rb") as file:
            for offset, size in claims:
                file.seek(offset)
                self.assertTrue(file.read(size) == body.read(offset, offset + size),
                                "what is claimed is there")
        return sum(size for _, size in claims)

    def test_what_is_claimed_is_there_after_every_kill(self):
        body = Body(48 * MIB)
        self.server.serve("/file", paced(body, MIB))
        path = self.create("/file", random_access=GLib.Variant("b", True),
                           checksum=f"sha256:{body.sha256}", max_rate=GLib.Variant("t", 3 * MIB))
        self.daemon.call(path, "Operation", "Start")
        held = 0
        for number, victim in enumerate(("worker", "daemon")):
            self.request_range(path, (40 - 10 * number) * MIB + number, 256 * KIB)
            wait_until(lambda: sum(size for _, size in self.ranges(path)) > held + MIB, "more")
            if victim == "worker":
                for pid in self.daemon.workers():
                    os.kill(pid, signal.SIGKILL)
            else:
                self.daemon.kill()
                self.daemon.start()
            now = self.assert_claims_are_true(path, body)
            self.assertGreater(now, held, "nothing that was told is lost")
            held = now
        self.daemon.call(path, "Operation", "Pause")
        self.daemon.wait_for_status(path, "paused-by-application")
        self.assertGreaterEqual(self.assert_claims_are_true(path, body), held)
        self.server.serve("/file", sending(body))
        self.daemon.set(path, "MaxRate", GLib.Variant("t", 0))
        self.daemon.call(path, "Operation", "Resume")
        values = self.daemon.wait_for_status(path, "completed")
        self.assertFalse(values["HasRestarted"])
        self.assertEqual(self.ranges(path), [(0, body.size)])
        with open(self.daemon.get(path, "Destination", "Download"), "rb") as file:
            self.assertTrue(file.read() == body.read())

    def test_random_access_is_decided_before_the_start(self):
        path = self.create_slow(Body(8 * MIB))
        for value in (False, True):
            self.daemon.set(path, "RandomAccess", GLib.Variant("b", value), "Download")
            self.assertEqual(self.daemon.get(path, "RandomAccess", "Download"), value)
        self.daemon.call(path, "Operation", "Start")
        with self.assertRaises(GLib.Error) as caught:
            self.daemon.set(path, "RandomAccess", GLib.Variant("b", False), "Download")
        self.assertIn("InvalidState", caught.exception.message)

    def open_result(self, path, position):
        """A file, or None where that byte has not arrived."""
        try:
            _, files = self.daemon.connection.call_with_unix_fd_list_sync(
                NAME, path, f"{NAME}.Operation", "OpenResult", GLib.Variant("(t)", (position,)),
                None, Gio.DBusCallFlags.NONE, -1, None, None)
        except GLib.Error as error:
            self.assertIn("NotYetAvailable", error.message)
            return None
        return os.fdopen(files.steal_fds()[0], "rb")

    def test_what_was_asked_for_can_be_read_at_once(self):
        body = Body(40 * MIB)
        path = self.create_slow(body)
        self.daemon.call(path, "Operation", "Start")
        self.daemon.wait_for_bytes(path, MIB)
        for position in (20 * MIB + 3, 30 * MIB):
            begin = time.monotonic()
            self.request_range(path, position, 64 * KIB)
            with wait_until(lambda at=position: self.open_result(path, at), "the first byte",
                            interval=0.005) as file:
                self.assertLess(time.monotonic() - begin, 0.5)
                self.assertEqual(file.tell(), position)
                self.assertEqual(file.read(1), body.read(position, position + 1))
            wait_until(lambda at=position: self.is_held(path, at, 64 * KIB), "all of it",
                       interval=0.005)
            self.assertLess(time.monotonic() - begin, 1)
        self.assertIsNone(self.open_result(path, 39 * MIB))

    def start_cat(self, path, position):
        cat = subprocess.Popen(
            [program("src/transferctl/transferctl"), "--session", "cat", path,
             "--from", str(position)], stdout=subprocess.PIPE, env=self.bus.environment())
        self.addCleanup(cat.stdout.close)
        self.addCleanup(cat.wait)
        self.addCleanup(cat.kill)
        return cat

    def test_cat_asks_for_what_it_prints(self):
        body = Body(40 * MIB)
        path = self.create_slow(body)
        self.daemon.call(path, "Operation", "Start")
        self.daemon.wait_for_bytes(path, MIB)
        cat = self.start_cat(path, 30 * MIB)
        self.assertTrue(cat.stdout.read(512 * KIB) == body.read(30 * MIB, 30 * MIB + 512 * KIB))
        self.assertLess(sum(size for _, size in self.ranges(path)), 20 * MIB)

    def test_cat_waits_for_what_has_not_arrived(self):
        body = Body(8 * MIB)
        path = self.create_slow(body)
        cat = self.start_cat(path, 6 * MIB)
        self.daemon.call(path, "Operation", "Start")
        self.request_range(path, 6 * MIB, MIB)
        self.assertTrue(cat.stdout.read(MIB) == body.read(6 * MIB, 7 * MIB))
        self.assertFalse(self.is_held(path, 0, 6 * MIB), "not all had to come for that")
        self.server.serve("/file", sending(body))
        self.assertTrue(cat.stdout.read() == body.read(7 * MIB))
        self.assertEqual(cat.wait(), 0)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    unittest.main()
