# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service against servers that cut, stall, lie, change their files and send one elsewhere."""

import os
import resource
import threading
import time
import unittest

from gi.repository import GLib

from harness.servers import Body, FaultyServer, raw, sending
from harness.service_case import ServiceCase, TlsCase
from harness.wait import wait_until

MIB = 1024 * 1024
NO_CREDENTIALS = ("authorization", "cookie")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def status(line, body=b"", **headers):
    def answer(exchange):
        exchange.send_head(line, Content_Length=len(body), **headers)
        exchange.send(body)
    return answer


def redirect(target, code="302 Found"):
    return status(code, Location=target)


def chunks(body, end=b"0\r\n\r\n", size=100_000):
    pieces = (body.read(offset, offset + size) for offset in range(0, body.size, size))
    return CHUNKED + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + end


class Cuts(ServiceCase):
    def test_cut_goes_on_where_it_was(self):
        for how in ("close", "reset"):
            with self.subTest(how=how):
                body = Body(3 * MIB, how)
                self.server.serve("/" + how,
                                  [sending(body, cut_at=2 * MIB, cut=how), sending(body)])
                path = f"{self.folder}/{how}"
                operation = self.download(self.server.uri("/" + how), path)
                values = self.complete(operation, body, path)
                first, second = self.server.heads("/" + how)
                self.assertNotIn("range", first.headers)
                if how == "close":
                    self.assertEqual(second.headers["range"], f"bytes={2 * MIB}-")
                self.assertEqual(second.headers["if-range"], body.etag)
                self.assertFalse(values["HasRestarted"])
                self.assertFalse(values["HasResponseChanged"])
                self.assertEqual(self.daemon.call(operation, "Download", "GetDownloadedRanges"),
                                 ([(0, body.size)],))
        self.assertEqual(sorted(os.listdir(self.folder)), ["close", "reset"])

    def test_tries_are_counted_afresh_after_progress(self):
        body = Body(900_000)
        cuts = [sending(body, cut_at=at) for at in range(100_000, 900_000, 50_000)]
        self.server.serve("/file", [*cuts, sending(body)])
        self.complete(self.download(), body)
        self.assertEqual(len(self.server.heads()), 17)

    def test_tries_without_progress_are_used_up(self):
        body = Body(MIB)
        self.server.serve("/file", sending(body, cut_at=1000))
        self.fail_with(self.download(), "disconnected")
        # The first, which made progress, counts as the first of three.
        self.assertEqual(len(self.server.heads()), 3)

    def test_tries_that_start_over_are_used_up(self):
        body = Body(MIB)
        self.server.serve("/file", sending(body, cut_at=1000, ranges=False, etag=None))
        self.fail_with(self.download(), "disconnected")
        self.assertEqual(len(self.server.heads()), 3)

    def test_resume_after_the_last_try_goes_on_from_what_is_held(self):
        body = Body(MIB)
        self.server.serve("/file", sending(body, cut_at=1000))
        operation = self.download()
        self.fail_with(operation, "disconnected")
        self.server.serve("/file", sending(body))
        self.resume(operation)
        values = self.complete(operation, body)
        self.assertEqual(self.ranges_asked()[-1], "bytes=1000-")
        self.assertFalse(values["HasRestarted"])
        self.assertEqual(os.listdir(self.folder), ["file"])

    def test_server_without_ranges_is_asked_for_all(self):
        body = Body(MIB)
        self.server.serve("/file", [sending(body, ranges=False, cut_at=500_000),
                                    sending(body, ranges=False)])
        values = self.complete(self.download(), body)
        self.assertTrue(values["HasRestarted"])
        self.assertFalse(values["HasResponseChanged"])

    def test_nobody_listens(self):
        with FaultyServer() as server:
            uri = server.uri("/file")
        self.fail_with(self.download(uri), "cannot-connect")

    def test_host_that_does_not_exist(self):
        self.fail_with(self.download("http://no-such-host.invalid/file"), "host-name-not-resolved")


class Stalls(ServiceCase):
    settings = {"Transfers": {"RetryDelaySeconds": "0", "MaxRetries": "1",
                              "ResponseTimeoutSeconds": "2", "ConnectTimeoutSeconds": "2"}}

    def test_silence_in_the_middle_is_tried_again(self):
        body = Body(3 * MIB)
        self.server.serve("/file", [sending(body, cut_at=2 * MIB, cut="hang"), sending(body)])
        values = self.complete(self.download(), body)
        self.assertEqual(self.ranges_asked(), [None, f"bytes={2 * MIB}-"])
        self.assertFalse(values["HasRestarted"])

    def test_silence_before_the_answer_ends_with_timeout(self):
        self.server.serve("/file", lambda exchange: exchange.hang())
        self.fail_with(self.download(), "timeout")
        self.assertEqual(len(self.server.heads()), 2)

    def test_silence_within_the_head(self):
        self.server.serve("/file", raw(b"HTTP/1.1 200 OK\r\nContent-Le", then="hang"))
        self.fail_with(self.download(), "timeout")

    def test_tls_that_never_begins(self):
        uri = self.server.uri("/file").replace("http:", "https:")
        self.fail_with(self.download(uri), "timeout", "certificate-contains-errors",
                       "connection-aborted", "disconnected")

    def test_body_that_is_shorter_than_announced(self):
        body = Body(100_000)
        whole = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 150000\r\n\r\n" + body.read())
        for name, answer in (("/a", whole), ("/b", [whole, sending(body, length=150_000)]),
                             ("/c", sending(body, length=150_000, cut_at=body.size - 1))):
            with self.subTest(name=name):
                self.server.serve(name, answer)
                self.fail_with(self.download(self.server.uri(name)), "disconnected", "timeout",
                               "invalid-server-response")
                self.assertLess(len(self.server.heads(name)), 12)


class ShortParts(ServiceCase):
    """Parts that are less than was asked for, where no try may be wasted."""

    settings = {"Transfers": {"MaxRetries": "0"}}

    body = Body(500_000)
    begun = body.read(0, 100_000)

    def check(self, first, total):
        body = self.body

        def part(exchange):
            begin, end = exchange.request.range(body.size)
            if begin == body.size:
                status("416 No", Content_Range=f"bytes */{body.size}")(exchange)
                return
            end = min(end, begin + 150_000)
            status("206 Partial Content", body.read(begin, end), ETag=body.etag,
                   Content_Range=f"bytes {begin}-{end - 1}/{total}")(exchange)

        head = b"HTTP/1.1 200 OK\r\nETag: %s\r\n" % body.etag.encode() + first
        self.server.serve("/file", [raw(head), part])
        operation = self.download()
        self.fail_with(operation, "disconnected")
        self.resume(operation)
        self.assertFalse(self.complete(operation, body)["HasRestarted"])
        self.assertEqual(self.ranges_asked()[1:4],
                         ["bytes=100000-", "bytes=250000-", "bytes=400000-"])

    def test_of_a_length_that_was_said(self):
        self.check(b"Content-Length: 500000\r\n\r\n" + self.begun, self.body.size)
        self.assertEqual(len(self.server.heads()), 4)

    def test_the_last_of_them_is_proven(self):
        self.check(b"Transfer-Encoding: chunked\r\n\r\n186a0\r\n" + self.begun + b"\r\n", "*")
        self.assertEqual(self.ranges_asked()[4:], ["bytes=500000-"])


class Lies(ServiceCase):
    def test_body_that_is_longer_than_announced(self):
        body = Body(100_000)
        self.server.serve("/file", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n"
                                       + body.read()))
        self.fail_with(self.download(), "invalid-server-response")

    def test_what_a_longer_body_has_left_is_never_published(self):
        body = Body(100_000)
        self.server.serve("/file", sending(body, length=99_998))
        operation = self.download()
        self.fail_with(operation, "invalid-server-response")
        self.resume(operation)
        self.server.wait_for_requests(2)
        self.fail_with(operation, "invalid-server-response")
        self.server.serve("/file", sending(body))
        self.resume(operation)
        self.complete(operation, body)
        self.assertEqual(self.ranges_asked(), [None, None, None])

    def test_lengths_that_differ(self):
        self.server.serve("/file", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
                                       b"Content-Length: 6\r\n\r\nhello!"))
        self.fail_with(self.download(), "invalid-server-response")

    def test_part_that_begins_elsewhere_is_fetched_anew(self):
        body = Body(MIB)
        wrong = f"bytes 5-{MIB - 500_000 + 4}/{MIB}"
        self.server.serve("/file", [sending(body, cut_at=500_000), sending(body, wrong_range=wrong),
                                    sending(body)])
        values = self.complete(self.download(), body)
        self.assertTrue(values["HasRestarted"])
        self.assertEqual(self.ranges_asked()[-1], None)

    def test_part_of_another_total_is_fetched_anew(self):
        body, other = Body(MIB), Body(2 * MIB, 1)

        def lie(exchange):
            exchange.send_head("206 Partial Content", Content_Length=MIB + MIB // 2, ETag=body.etag,
                               Content_Range=f"bytes {MIB // 2}-{2 * MIB - 1}/{2 * MIB}")
            exchange.send(other.read(MIB // 2))

        self.server.serve("/file", [sending(body, cut_at=MIB // 2), lie, sending(other)])
        values = self.complete(self.download(), other)
        self.assertTrue(values["HasRestarted"])

    def test_part_forever_wrong_ends(self):
        body = Body(MIB)
        self.server.serve("/file", sending(body, cut_at=500_000, wrong_range="bytes 0-9/10"))
        self.fail_with(self.download(), "invalid-server-response", "disconnected")
        self.assertLess(len(self.server.heads()), 12)

    def test_416_to_the_rest_starts_over(self):
        body, shorter = Body(MIB), Body(300_000, 1)
        self.server.serve("/file", [sending(body, cut_at=500_000),
                                    sending(shorter, if_range=False), sending(shorter)])
        values = self.complete(self.download(), shorter)
        self.assertTrue(values["HasRestarted"])
        self.assertEqual(self.ranges_asked(), [None, "bytes=500000-", None])

    def test_416_to_the_end_proves_it(self):
        body = Body(300_000)
        head = b"HTTP/1.1 200 OK\r\nETag: %s\r\n" % body.etag.encode()
        cut = head + chunks(body, b"").removeprefix(b"HTTP/1.1 200 OK\r\n")
        self.server.serve("/file", [cut, sending(body)])
        self.complete(self.download(), body)

    def test_file_that_changes_between_tries(self):
        old, new = Body(2 * MIB, 1), Body(MIB, 2)
        self.server.serve("/file", [sending(old, cut_at=MIB + 5), sending(new)])
        operation = self.download()
        values = self.complete(operation, new)
        self.assertTrue(values["HasRestarted"])
        self.assertTrue(values["HasResponseChanged"])
        self.assertEqual(self.daemon.call(operation, "Download", "GetDownloadedRanges"),
                         ([(0, new.size)],))
        self.assertEqual(os.listdir(self.folder), ["file"])

    def test_file_that_changes_and_server_that_ignores_if_range(self):
        old, new = Body(2 * MIB, 1), Body(2 * MIB, 2)
        self.server.serve("/file", [sending(old, cut_at=MIB), sending(new, if_range=False)])
        values = self.complete(self.download(), new)
        self.assertTrue(values["HasRestarted"])
        self.assertTrue(values["HasResponseChanged"])

    def test_error_pages_are_no_files(self):
        for code in ("404 Not Found", "403 Forbidden", "410 Gone", "400 Bad", "304 Not Modified"):
            with self.subTest(code=code):
                self.server.serve("/file", status(code, b"" if "304" in code else b"sorry"))
                operation = self.download()
                self.fail_with(operation, "http-" + code[:3])
                answer = self.daemon.call(operation, "Operation", "GetResponseInformation")[0]
                self.assertEqual(answer["status-code"], int(code[:3]))
        self.assertEqual(len(self.server.heads()), 5)

    def test_no_answer_is_read_into_memory(self):
        def endless(status):
            def answer(exchange):
                exchange.send(b"HTTP/1.1 %d X\r\nWWW-Authenticate: Basic realm=x\r\n"
                              b"Content-Length: 999999999999\r\n\r\n" % status)
                for _ in range(300):
                    exchange.send(bytes(1024 * 1024))
                exchange.hang()
            return answer
        for status in (401, 407, 421, 500):
            self.server.serve("/file", endless(status))
            operation = self.download()
            self.fail_with(operation, f"http-{status}")
            self.daemon.call(operation, "Operation", "Acknowledge")
        worker = next(iter(self.daemon.workers()))
        with open(f"/proc/{worker}/status", encoding="ascii") as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        self.assertLess(peak, 250 * 1024, "KiB")

    def test_error_in_the_middle_keeps_what_is_held(self):
        body = Body(MIB)
        self.server.serve("/file", [sending(body, cut_at=500_000), status("404 Not Found")])
        operation = self.download()
        self.fail_with(operation, "http-404")
        self.server.serve("/file", sending(body))
        self.resume(operation)
        values = self.complete(operation, body)
        self.assertFalse(values["HasRestarted"])
        self.assertEqual(self.ranges_asked()[-1], "bytes=500000-")


class Busy(ServiceCase):
    def test_retry_after_is_obeyed(self):
        body, times = Body(1000), []

        def answer(exchange):
            times.append(time.time())
            if len(times) == 1:
                status("429 Too Many Requests", Retry_After=3)(exchange)
            else:
                sending(body)(exchange)
        self.server.serve("/file", answer)
        operation = self.download()
        values = wait_until(lambda: (lambda v: v["NextAttempt"] and v)(
            self.daemon.get_all(operation)), "a time for the next attempt")
        next_attempt = values["NextAttempt"] / 1e6
        self.assertTrue(times[0] + 3 <= next_attempt <= time.time() + 3, (times, next_attempt))
        self.assertEqual(values["Status"], "running")
        self.assertEqual(values["BlockedBy"], ["retry-delay"])
        values = self.complete(operation, body)
        self.assertEqual(len(times), 2)
        self.assertGreaterEqual(times[1], next_attempt)
        self.assertEqual(values["NextAttempt"], 0)
        self.assertEqual(values["BlockedBy"], [])

    def test_date_to_retry_after_is_obeyed(self):
        when = int(time.time()) + 1000
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(when))
        self.server.serve("/file", status("503 Busy", Retry_After=date))
        operation = self.download()
        wait_until(lambda: self.daemon.get(operation, "NextAttempt"), "a time for the next attempt")
        next_attempt = self.daemon.get(operation, "NextAttempt") / 1e6
        self.assertTrue(when - 1 <= next_attempt <= time.time() + 1000, (when, next_attempt))
        self.cancel(operation)
        self.assertEqual(os.listdir(self.folder), [])

    def test_waiting_survives_the_daemon(self):
        body = Body(1000)
        self.server.serve("/file", [status("503 Busy", Retry_After=1), sending(body)])
        operation = self.download()
        self.server.wait_for_requests(1)
        self.daemon.kill()
        self.start_again()
        self.complete(operation, body)

    def test_what_is_left_of_retry_after_survives_the_daemon(self):
        body = Body(1000)
        self.server.serve("/file", [status("503 Busy", Retry_After=1000), sending(body)])
        operation = self.download()

        def record():
            return self.daemon.stored()[operation.rsplit("/", 1)[1]]
        wait_until(lambda: "RetryAt" in record(), "it is stored")
        before = wait_until(lambda: self.daemon.get(operation, "NextAttempt"), "it is told")
        for how in (self.daemon.kill, self.daemon.terminate):
            how()
            self.start_again()
            wait_until(lambda: self.daemon.get(operation, "NextAttempt"), "the next attempt")
            values = self.daemon.get_all(operation)
            self.assertAlmostEqual(values["NextAttempt"] / 1e6, before / 1e6, delta=0.5)
            self.assertEqual((values["Status"], values["BlockedBy"]),
                             ("running", ["retry-delay"]))
        self.assertEqual(len(self.server.heads("/file")), 1)
        self.pause(operation)
        self.resume(operation)
        self.complete(operation, body)
        self.assertNotIn("RetryAt", record())

    def test_server_errors_use_up_the_tries(self):
        for code in (500, 502, 503, 504, 408):
            with self.subTest(code=code):
                path = f"/{code}"
                self.server.serve(path, status(f"{code} Oh"))
                self.fail_with(self.download(self.server.uri(path)), f"http-{code}")
                self.assertEqual(len(self.server.heads(path)), 3)

    def test_server_that_gets_well_again(self):
        body = Body(100_000)
        self.server.serve("/file", [status("500 Oh"), status("502 Oh"), sending(body)])
        self.complete(self.download(), body)

    def test_pause_while_waiting_and_resume_tries_at_once(self):
        body = Body(1000)
        self.server.serve("/file", [status("503 Busy", Retry_After=1000), sending(body)])
        operation = self.download()
        wait_until(lambda: self.daemon.get(operation, "NextAttempt"), "a time for the next attempt")
        self.pause(operation)
        values = self.daemon.get_all(operation)
        self.assertEqual(values["BlockedBy"], ["paused"])
        self.assertEqual(values["NextAttempt"], 0)
        self.resume(operation)
        self.complete(operation, body)


class Redirects(TlsCase):
    def test_circle_ends(self):
        self.server.serve("/file", redirect("/other"))
        self.server.serve("/other", redirect("/file"))
        self.fail_with(self.download(), "redirect-failed")
        self.assertLess(len(self.server.heads()), 64)

    def serve_hops(self, count, body):
        for number in range(count):
            self.server.serve(f"/{number}", redirect(f"/{number + 1}"))
        self.server.serve(f"/{count}", sending(body))

    def test_twenty_are_followed(self):
        body = Body(1000)
        self.serve_hops(20, body)
        operation = self.download(self.server.uri("/0"))
        self.complete(operation, body)
        answer = self.daemon.call(operation, "Operation", "GetResponseInformation")[0]
        self.assertEqual(answer["actual-uri"], self.server.uri("/20"))
        self.assertEqual(self.daemon.get(operation, "RequestedUri"), self.server.uri("/0"))

    def test_twenty_one_are_not(self):
        self.serve_hops(21, Body(1000))
        self.fail_with(self.download(self.server.uri("/0")), "redirect-failed")
        self.assertEqual(self.server.heads("/21"), [])

    def test_all_codes(self):
        body = Body(1000)
        self.server.serve("/there", sending(body))
        for code in ("301 a", "302 b", "303 c", "307 d", "308 e"):
            with self.subTest(code=code):
                self.server.serve("/file", redirect("/there", code))
                path = f"{self.folder}/{code[:3]}"
                self.complete(self.download(destination=path), body, path)

    def test_from_https_to_http_is_refused(self):
        self.server.serve("/file", sending(Body(10)))
        secure = self.enter(FaultyServer(self.certificates.good))
        secure.serve("/file", redirect(self.server.uri("/file")))
        self.fail_with(self.download(secure.uri("/file")), "https-to-http-on-redirection")
        self.assertEqual(self.server.heads(), [])

    def test_from_http_to_https(self):
        body = Body(10)
        secure = self.enter(FaultyServer(self.certificates.good))
        secure.serve("/file", sending(body))
        self.server.serve("/file", redirect(secure.uri("/file")))
        self.complete(self.download(), body)

    def test_other_schemes_are_refused(self):
        for target in ("file:///etc/passwd", "ftp://127.0.0.1/", "data:,x", "javascript:x", ""):
            with self.subTest(target=target):
                self.server.serve("/file", redirect(target))
                self.fail_with(self.download(), "redirect-failed", "http-302")

    def test_other_origin_gets_no_secrets(self):
        body = Body(1000)
        other = self.enter(FaultyServer())
        other.serve("/file", [status("401 No", WWW_Authenticate='Basic realm="x"'), sending(body)])
        self.server.serve("/file", redirect(other.uri("/file")))
        headers = {"Authorization": "Bearer secret", "Cookie": "a=secret", "X-Mine": "x"}
        operation = self.download(headers=GLib.Variant("a{ss}", headers),
                                  server_credential=GLib.Variant("(ss)", ("user", "secret")))
        self.fail_with(operation, "http-401")
        self.assertEqual(self.server.heads()[0].headers["authorization"], "Bearer secret")
        self.assertEqual(self.server.heads()[0].headers["cookie"], "a=secret")
        for request in other.heads():
            self.assertNotIn(b"secret", request.head)
            for name in NO_CREDENTIALS:
                self.assertNotIn(name, request.headers)

    def test_and_back_again(self):
        """What the redirect's target sends on to the first origin may have them again, or not; the
        other one never."""
        body = Body(1000)
        other = self.enter(FaultyServer())
        other.serve("/file", redirect(self.server.uri("/last")))
        self.server.serve("/file", redirect(other.uri("/file")))
        self.server.serve("/last", sending(body))
        headers = GLib.Variant("a{ss}", {"Authorization": "Bearer secret"})
        self.complete(self.download(headers=headers), body)
        self.assertNotIn(b"secret", other.heads()[0].head)


class Chunks:
    """Once over http and once over https."""

    def tls_server(self):
        raise NotImplementedError

    def serve(self, *answers):
        self.target = self.tls_server()
        self.target.serve("/file", [raw(a) if isinstance(a, bytes) else a for a in answers])
        return self.target.uri("/file")

    def test_whole(self):
        body = Body(300_001)
        operation = self.download(self.serve(chunks(body)))
        self.complete(operation, body)

    def test_cut_at_a_border(self):
        body = Body(300_000)
        uri = self.serve(chunks(body, b""), chunks(body, b""), chunks(body, b""), chunks(body, b""))
        self.fail_with(self.download(uri), "disconnected")

    def test_cut_at_a_border_then_whole(self):
        body = Body(300_000)
        operation = self.download(self.serve(chunks(Body(200_000), b""), chunks(body)))
        self.complete(operation, body)

    def test_what_came_before_a_bad_size_is_not_built_upon(self):
        body = Body(300_000)
        head = CHUNKED.replace(b"\r\n\r\n", b"\r\nETag: " + body.etag.encode() + b"\r\n\r\n")
        # A proxy's page in the place of the second half of a chunk.
        mixed = body.read(0, 100_000) + b"<html>" + b"x" * 99_994
        self.server.serve("/file", [
            raw(head + b"%x\r\n" % len(mixed) + mixed + b"</html>"), sending(body)])
        operation = self.download()
        self.fail_with(operation, "invalid-server-response")
        self.resume(operation)
        self.complete(operation, body)

    def test_bad_size(self):
        self.fail_with(self.download(self.serve(chunks(Body(1000), b"xyz\r\n\r\n"))),
                       "invalid-server-response", "disconnected")

    def test_size_that_overflows(self):
        for end in (b"10000000000000000\r\n\r\n", b"ffffffffffffffff\r\nhello", b"-1\r\n\r\n"):
            with self.subTest(end=end):
                uri = self.serve(chunks(Body(1000), end))
                self.fail_with(self.download(uri), "invalid-server-response", "disconnected")


class ChunksOverHttp(Chunks, ServiceCase):
    def tls_server(self):
        return self.server


class ChunksOverHttps(Chunks, TlsCase):
    def tls_server(self):
        return self.enter(FaultyServer(self.certificates.good))


class Recoverable(ServiceCase):
    def test_token_that_expires_in_the_middle(self):
        body = Body(3 * MIB)
        self.server.serve("/old", [sending(body, cut_at=2 * MIB), status("403 Forbidden")])
        self.server.serve("/new", sending(body))
        operation = self.download(self.server.uri("/old"),
                                  recoverable_errors=self.words("http-403"))
        values = self.daemon.wait_for_status(operation, "paused-recoverable-error")
        self.assertEqual(values["WebErrorStatus"], "http-403")
        self.assertEqual(values["BlockedBy"], ["recoverable-error"])
        self.assertEqual(values["BytesReceived"], 2 * MIB)
        self.daemon.kill()
        self.start_again()
        self.assertEqual(self.daemon.get(operation, "Status"), "paused-recoverable-error")
        self.daemon.set(operation, "RequestedUri", self.text(self.server.uri("/new")))
        self.resume(operation)
        values = self.complete(operation, body)
        self.assertFalse(values["HasRestarted"])
        self.assertEqual([request.headers.get("range") for request in self.server.heads("/new")],
                         [f"bytes={2 * MIB}-"])

    def test_new_uri_of_another_file_starts_over(self):
        body, other = Body(MIB, 1), Body(MIB, 2)
        self.server.serve("/old", [sending(body, cut_at=500_000), status("403 Forbidden")])
        self.server.serve("/new", sending(other))
        operation = self.download(self.server.uri("/old"),
                                  recoverable_errors=self.words("http-403"))
        self.daemon.wait_for_status(operation, "paused-recoverable-error")
        self.daemon.set(operation, "RequestedUri", self.text(self.server.uri("/new")))
        self.resume(operation)
        self.assertTrue(self.complete(operation, other)["HasRestarted"])

    def test_header_that_is_renewed(self):
        body = Body(MIB)
        self.server.serve("/file", [status("401 No"), sending(body)])
        operation = self.download(recoverable_errors=self.words("http-401"),
                                  headers=GLib.Variant("a{ss}", {"Authorization": "Bearer old"}))
        self.daemon.wait_for_status(operation, "paused-recoverable-error")
        self.daemon.call(operation, "Operation", "SetRequestHeader",
                         GLib.Variant("(ss)", ("Authorization", "Bearer new")))
        self.resume(operation)
        self.complete(operation, body)
        self.assertEqual([r.headers["authorization"] for r in self.server.heads()],
                         ["Bearer old", "Bearer new"])


class Checksums(ServiceCase):
    def test_right_one_over_cuts_and_a_kill(self):
        body = Body(3 * MIB)
        event = threading.Event()
        self.server.serve("/file", [sending(body, cut_at=MIB),
                                    sending(body, hold=(2 * MIB, event), cut_at=2 * MIB),
                                    sending(body)])
        operation = self.download(checksum=self.text("sha256:" + body.sha256))
        self.daemon.wait_for_bytes(operation, 2 * MIB)
        self.daemon.kill()
        event.set()
        self.start_again()
        self.complete(operation, body)

    def test_wrong_one_publishes_nothing_and_resume_starts_afresh(self):
        body = Body(MIB)
        self.server.serve("/file", [sending(Body(MIB, 7)), sending(body)])
        operation = self.download(checksum=self.text("sha256:" + body.sha256.upper()))
        self.fail_with(operation, "checksum-mismatch")
        self.assertEqual(self.daemon.get(operation, "BytesReceived"), 0)
        self.resume(operation)
        self.complete(operation, body)
        self.assertEqual(self.ranges_asked(), [None, None])
        self.assertEqual(os.listdir(self.folder), ["file"])


class Times(ServiceCase):
    def test_max_rate_may_change_while_it_runs(self):
        body = Body(4 * MIB)
        self.server.serve("/file", sending(body))
        begin = time.monotonic()
        operation = self.download(max_rate=GLib.Variant("t", MIB))
        self.daemon.wait_for_bytes(operation, 2 * MIB)
        self.assertGreater(time.monotonic() - begin, 1)
        self.daemon.set(operation, "MaxRate", GLib.Variant("t", 0))
        self.complete(operation, body)
        self.assertEqual(len(self.server.heads()), 1)

    def test_deadline(self):
        body = Body(MIB)
        self.server.serve("/file", sending(body, cut_at=500_000, cut="hang"))
        deadline = int((time.time() + 1) * 1e6)
        operation = self.download(deadline=GLib.Variant("x", deadline))
        self.fail_with(operation, "timeout")
        self.assertGreaterEqual(self.daemon.get(operation, "Finished"), deadline)

    def test_deadline_that_passed_while_nobody_ran(self):
        self.server.serve("/file", sending(Body(MIB), cut_at=500_000, cut="hang"))
        deadline = time.time() + 3
        operation = self.download(deadline=GLib.Variant("x", int(deadline * 1e6)))
        self.server.wait_for_requests(1)
        self.daemon.kill()
        wait_until(lambda: time.time() > deadline, "the deadline has passed")
        self.start_again()
        self.fail_with(operation, "timeout")

    def test_not_before(self):
        body = Body(1000)
        self.server.serve("/file", sending(body))
        when = int((time.time() + 3) * 1e6)
        operation = self.download(not_before=GLib.Variant("x", when))
        values = self.daemon.get_all(operation)
        self.assertEqual(values["BlockedBy"], ["not-before"])
        self.assertEqual(values["NextAttempt"], when)
        self.assertEqual(values["Status"], "idle")
        self.complete(operation, body)
        self.assertGreaterEqual(time.time() * 1e6, when)


class Limits(ServiceCase):
    def test_file_beyond_the_users_limit_ends_that_transfer_only(self):
        body = Body(4 * MIB)
        self.server.serve("/long", raw(chunks(body)))
        self.server.serve("/file", sending(body))
        self.server.serve("/small", sending(Body(1000)))
        small = self.daemon.create_download(self.server.uri("/small"), f"{self.folder}/small")
        worker, = self.daemon.workers()
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (2 * MIB, 2 * MIB))
        for name in ("/long", "/file"):
            with self.subTest(name=name):
                self.fail_with(self.download(self.server.uri(name)), "file-error", "no-space")
        self.assertEqual(self.daemon.workers(), [worker])
        self.daemon.call(small, "Operation", "Start")
        self.daemon.wait_for_status(small, "completed")
        self.assertEqual(self.daemon.workers(), [worker])


if __name__ == "__main__":
    unittest.main()
