# SPDX-License-Identifier: LGPL-2.1-or-later
"""The transport alone (tests/unit/http-fetch.c), against servers that may do anything."""

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from harness.certificates import Certificates
from harness.raw_answers import ROWS
from harness.servers import Body, FaultyServer, Nginx, has_ip6, raw, sending
from harness.wait import DEADLINE_SECONDS, wait_until

MIB = 1024 * 1024
TIMEOUT = DEADLINE_SECONDS
# So long a time-out is never waited for: `fetch` gives up before.
NEVER = str(10 * TIMEOUT)


def program():
    return os.environ.get("BGT_HTTP_FETCH") or os.path.join(
        os.environ["BGT_BUILD_DIR"], "tests/unit/http-fetch")


def environment():
    """The sanitizer's own book-keeping of thread-local storage crashes in its search for leaks once
    libraries loaded at run time, as those for TLS are, have some."""
    options = os.environ.get("ASAN_OPTIONS", "") + ":intercept_tls_get_addr=0"
    return dict(os.environ, G_DEBUG="gc-friendly,fatal-warnings", GIO_USE_VFS="local",
                GIO_USE_PROXY_RESOLVER="dummy",
                ASAN_OPTIONS=options)


def fetch_all(*arguments):
    """What each run reports, in order. Anything on stderr is a failure."""
    done = subprocess.run([program(), *arguments], capture_output=True, text=True, timeout=TIMEOUT,
                          env=environment(), check=False)
    if done.returncode or done.stderr:
        raise AssertionError(f"{arguments}: status {done.returncode}\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def fetch(*arguments):
    reports = fetch_all(*arguments)
    assert len(reports) == 1, reports
    return reports[0]


class WithCertificates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="bgt-certificates-")
        cls.certificates = Certificates(cls.folder.name)
        cls.trust = ["--ca-file", cls.certificates.ca_file]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()


class RawAnswers(WithCertificates):
    """Every row of harness/raw_answers.py."""

    def check(self, row, is_tls):
        certificate = self.certificates.good if is_tls else None
        answers = row.answer if isinstance(row.answer, list) else [row.answer]
        expected = row.tls_error if is_tls and row.tls_error is not None else row.error
        with FaultyServer(certificate) as server, tempfile.NamedTemporaryFile() as file:
            for path in ("/", "/other", "/a%20b", "/%E9"):
                server.serve(path, [raw(a, then=row.then) for a in answers])
            if answers[0].startswith(b"HTTP/1.1 302") and len(answers) > 1:
                for path in ("/other", "/a%20b", "/%E9"):
                    server.serve(path, raw(answers[-1], then=row.then))
            report = fetch("--response-timeout", "1" if expected == "timeout" else NEVER,
                           "--output", file.name, *row.arguments,
                           *(self.trust if is_tls else []), server.uri("/"))
            body = file.read()
        self.assertEqual(report["error"], expected, report)
        if expected:
            self.assertTrue(row.body.startswith(body), (row.body, body))
        else:
            self.assertEqual(body, row.body)

    def check_all(self, is_tls):
        rows = [row for row in ROWS if row.tls or not is_tls]
        with ThreadPoolExecutor(8) as pool:
            checks = [pool.submit(self.check, row, is_tls) for row in rows]
        for row, check in zip(rows, checks):
            with self.subTest(row.name):
                check.result()

    def test_over_http(self):
        self.check_all(False)

    def test_over_https(self):
        self.check_all(True)

    def test_there_are_many(self):
        self.assertGreaterEqual(len(ROWS), 80)
        self.assertEqual(len({row.name for row in ROWS}), len(ROWS))


class Pieces(WithCertificates):
    """What comes byte by byte is read as what comes at once."""

    def test_a_head_and_chunks_in_single_bytes(self):
        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
        with FaultyServer() as server:
            server.serve("/", raw(answer, pieces=len(answer)))
            self.assertEqual(fetch(server.uri())["received"], 5)

    def test_a_tls_record_that_is_cut_off_is_a_cut(self):
        def damaging(size):
            def answer(exchange):
                exchange.send_head(Content_Length=1000)
                exchange.send(b"x" * 500)
                with socket.socket(fileno=os.dup(exchange.connection.fileno())) as plain:
                    plain.sendall(b"\x17\x03\x03\x01\x00" + b"x" * size)
                    plain.shutdown(socket.SHUT_RDWR)
                exchange.close()
            return answer

        for size, error in ((100, "disconnected"), (256, "connection-aborted")):
            with self.subTest(size), FaultyServer(self.certificates.good) as server:
                server.serve("/", damaging(size))
                report = fetch(*self.trust, server.uri())
                self.assertEqual((report["error"], report["received"]), (error, 500))

    def test_trailers_that_come_later(self):
        start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
        whole = start + b"A: b\r\nC: d\r\nE: f\r\n\r\n"
        event = threading.Event()

        def in_turn(exchange):
            exchange.send(whole[:len(start)])
            for start_of_line in range(len(start), len(whole), 6):
                event.wait(0.05)
                exchange.send(whole[start_of_line:start_of_line + 6])

        for certificate in (None, self.certificates.good):
            with FaultyServer(certificate) as server:
                server.serve("/", in_turn)
                server.serve("/at-once", raw(whole, then="keep"))
                server.serve("/well", sending(Body(4)))
                reports = fetch_all(*self.trust, server.uri(), server.uri("/well"),
                                    server.uri("/at-once"), server.uri("/well"))
                self.assertEqual([(r["error"], r["received"]) for r in reports],
                                 [("", 5), ("", 4)] * 2)

    def test_nothing_of_trailers_is_left_for_a_post(self):
        whole = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
                 b"A: b\r\nC: d\r\nE: f\r\n\r\n")
        with FaultyServer() as server:
            server.serve("/", raw(whole, then="keep"))
            reports = fetch_all("--runs", "4", "--method", "POST", "--body", "x", server.uri())
            self.assertEqual([(r["error"], r["received"]) for r in reports], [("", 5)] * 4)
            self.assertEqual(len(server.heads()), 4)

    def test_a_tail_below_the_low_water_mark_is_not_waited_for(self):
        body = Body(3 * MIB + 17)
        with FaultyServer() as server:
            server.serve("/", sending(body))
            report = fetch("--response-timeout", NEVER, server.uri())
            self.assertEqual(report["sha256"], body.sha256)

    def test_a_trickle_is_passed_on_and_is_no_time_out(self):
        event = threading.Event()
        body = Body(2 * MIB)

        def trickle(exchange):
            exchange.send_head(Content_Length=len(body))
            for piece in body.pieces(0, MIB):
                exchange.send(piece)
            for number in range(12):
                event.wait(0.4)
                exchange.send(body.read(MIB + number, MIB + number + 1))
            exchange.send(body.read(MIB + 12))

        with FaultyServer() as server:
            server.serve("/", trickle)
            report = fetch("--response-timeout", "4", server.uri())
            self.assertEqual((report["error"], report["sha256"]), ("", body.sha256))


class Connections(WithCertificates):
    def test_connections_are_kept_for_the_next_request(self):
        for certificate in (None, self.certificates.good):
            with FaultyServer(certificate) as server:
                server.serve("/", sending(Body(100_000)))
                reports = fetch_all("--runs", "10", *self.trust, server.uri())
                self.assertEqual({r["error"] for r in reports}, {""})
                self.assertEqual(server.n_connections, 1)

    def test_dropped_connections_are_not_used_again(self):
        body = Body(1000)
        for certificate in (None, self.certificates.good):
            with FaultyServer(certificate) as server:
                server.serve("/", sending(body))
                reports = fetch_all("--runs", "3", "--drop-connections", *self.trust, server.uri())
                self.assertEqual([r["message"] for r in reports if r["error"]], [])
                self.assertEqual(server.n_connections, 3)

    def test_dropping_does_not_disturb_who_is_at_work(self):
        body = Body(2 * MIB)
        with FaultyServer() as server:
            server.serve("/", sending(body))
            reports = fetch_all("--threads", "8", "--runs", "5", "--drop-connections", server.uri())
            self.assertEqual({r["sha256"] for r in reports}, {body.sha256})

    def test_a_ca_file_that_cannot_be_used_is_refused(self):
        for path in ("/nonexistent", os.path.relpath(self.certificates.ca_file),
                     self.certificates.authority.key):
            done = subprocess.run([program(), "--ca-file", path, "http://127.0.0.1:1/"],
                                  capture_output=True, timeout=TIMEOUT, env=environment(),
                                  check=False)
            self.assertEqual((done.returncode, done.stderr), (3, b""))

    def test_an_error_with_a_small_body_keeps_the_connection(self):
        with FaultyServer() as server:
            server.serve("/", raw(b"HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\nhello", then="keep"))
            fetch_all("--runs", "5", server.uri())
            self.assertEqual(server.n_connections, 1)

    def test_a_connection_closed_meanwhile_is_made_anew(self):
        body = Body(1000)

        def close_after(exchange):
            sending(body)(exchange)
            exchange.close()

        for certificate in (None, self.certificates.good):
            with FaultyServer(certificate) as server:
                server.serve("/", close_after)
                reports = fetch_all("--runs", "20", *self.trust, server.uri())
                self.assertEqual([r["message"] for r in reports if r["error"]], [])

    def test_a_request_lost_on_a_kept_connection_is_sent_again(self):
        body = Body(1000)
        with FaultyServer() as server:
            server.serve("/", [sending(body), lambda exchange: exchange.reset(), sending(body)])
            reports = fetch_all("--runs", "2", server.uri())
            self.assertEqual([r["error"] for r in reports], ["", ""])
            self.assertEqual(len(server.heads("/")), 3)

    def test_what_comes_after_an_answer_never_becomes_the_next(self):
        poisoned = (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
                    b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
        well = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell"
        for certificate in (None, self.certificates.good):
            with FaultyServer(certificate) as server:
                server.serve("/a", raw(poisoned, then="keep"))
                server.serve("/b", raw(well, then="keep"))
                reports = fetch_all("--runs", "10", *self.trust, server.uri("/a"), server.uri("/b"))
                for first, second in zip(reports[::2], reports[1::2]):
                    self.assertEqual(first["error"], "invalid-server-response")
                    self.assertEqual((second["error"], second["received"]), ("", 4))

    def test_32_threads_share_a_session(self):
        body = Body(300_000)
        for certificate in (None, self.certificates.good):
            with FaultyServer(certificate) as server:
                server.serve("/", sending(body))
                reports = fetch_all("--threads", "32", "--runs", "5", *self.trust, server.uri())
                self.assertEqual(len(reports), 160)
                self.assertEqual({r["sha256"] for r in reports}, {body.sha256})


class Waiting(WithCertificates):
    def test_an_answer_that_does_not_come_is_a_time_out(self):
        for certificate in (None, self.certificates.good):
            with FaultyServer(certificate) as server:
                server.serve("/", lambda exchange: exchange.hang())
                report = fetch("--response-timeout", "1", "--connect-timeout", NEVER, *self.trust,
                               server.uri())
                self.assertEqual(report["error"], "timeout")

    def test_a_tls_handshake_that_does_not_come_is_a_time_out(self):
        with FaultyServer() as server:
            report = fetch("--connect-timeout", "1", "--response-timeout", NEVER, *self.trust,
                           server.uri().replace("http:", "https:"))
            self.assertIn(report["error"], ("timeout", "cannot-connect", "disconnected"))

    @staticmethod
    def trickle(exchange):
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000:
            if exchange.server.is_ending.wait(0.1):
                return
            exchange.send(bytes([byte]))

    def test_a_head_that_comes_by_the_byte_is_a_time_out(self):
        with FaultyServer() as server:
            server.serve("/", self.trickle)
            report = fetch("--response-timeout", "1", server.uri())
            self.assertEqual(report["error"], "timeout")

    def test_a_proxy_that_answers_by_the_byte_is_a_time_out(self):
        for certificate in (None, self.certificates.good):
            with FaultyServer(certificate) as proxy:
                proxy.serve("there.invalid:443", self.trickle)
                report = fetch("--connect-timeout", "1", "--proxy", proxy.uri(""), *self.trust,
                               "https://there.invalid/")
                self.assertEqual(report["error"], "timeout")

    def test_a_host_that_does_not_answer_is_a_time_out(self):
        """A listener whose queue is full ignores further connections."""
        import socket
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            fillers = []
            for _ in range(4):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
                fillers.append(filler)
            report = fetch("--connect-timeout", "1", "--response-timeout", NEVER,
                           f"http://127.0.0.1:{listener.getsockname()[1]}/")
            self.assertEqual(report["error"], "timeout")
            for filler in fillers:
                filler.close()

    def test_a_closed_port_cannot_be_connected_to(self):
        self.assertEqual(fetch("http://127.0.0.1:1/")["error"], "cannot-connect")

    def test_a_name_that_is_none_is_not_resolved(self):
        self.assertEqual(fetch("http://nowhere.invalid/")["error"], "host-name-not-resolved")

    def test_cancelling_wakes_a_stalled_transfer_at_once(self):
        for certificate in (None, self.certificates.good):
            with FaultyServer(certificate) as server:
                server.serve("/", sending(Body(MIB), cut_at=1000, cut="hang"))
                report = fetch("--response-timeout", NEVER, "--cancel-after", "300", *self.trust,
                               server.uri())
                self.assertEqual((report["error"], report["received"]), ("cancelled", 1000))

    def test_cancelling_wakes_a_transfer_that_waits_for_its_rate(self):
        with FaultyServer() as server:
            server.serve("/", sending(Body(MIB)))
            report = fetch("--max-rate", "1", "--cancel-after", "300", server.uri())
            self.assertEqual(report["error"], "cancelled")

    def test_a_rate_is_kept(self):
        def fetch_in_seconds():
            begin = time.monotonic()
            fetch("--max-rate", str(MIB), server.uri())
            seconds = time.monotonic() - begin
            self.assertGreater(seconds, 2.75)
            return seconds

        with FaultyServer() as server:
            server.serve("/", sending(Body(3 * MIB)))
            # It is never faster; a machine that is busy may be late, but not for ever.
            wait_until(lambda: fetch_in_seconds() < 3.25, "it is no slower")

    def test_a_rate_is_kept_by_what_is_fetched_again_to_be_compared(self):
        with FaultyServer() as server:
            server.serve("/", raw(b"HTTP/1.0 200 OK\r\n\r\n" + bytes(MIB)))
            begin = time.monotonic()
            report = fetch("--max-rate", str(MIB), server.uri())
            self.assertEqual((report["error"], report["received"]), ("", MIB))
            self.assertGreater(time.monotonic() - begin, 1.75)


class Secrets(WithCertificates):
    """What the application gave to prove who it is goes to its own origin only."""

    SECRETS = ["--header", "Authorization: Bearer secret", "--header", "X-Harmless: yes",
               "--cookie", "id=secret", "--user", "u", "--password", "p"]

    @staticmethod
    def moved(location):
        return raw(f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode(),
                   then="keep")

    def test_nothing_secret_crosses_a_redirection(self):
        body = Body(1000)
        with FaultyServer() as other, FaultyServer() as server:
            for location in (other.uri("/end"), server.uri("/end", host="localhost"),
                             other.uri("/back")):
                server.serve("/start", self.moved(location))
                other.serve("/back", self.moved(server.uri("/end")))
                for end in (other, server):
                    end.serve("/end", sending(body))
                report = fetch(*self.SECRETS, server.uri("/start"))
                self.assertEqual(report["sha256"], body.sha256)
            self.assertEqual(len(server.heads("/start")), 3)
            for request in server.heads("/start"):
                self.assertIn(b"Bearer secret", request.head)
                self.assertIn(b"id=secret", request.head)
            ends = other.heads() + server.heads("/end")
            self.assertGreaterEqual(len(ends), 4)
            for request in ends:
                self.assertNotIn(b"secret", request.head)
                self.assertIn("x-harmless", request.headers)

    def test_they_stay_within_the_origin(self):
        body = Body(1000)
        with FaultyServer() as server:
            server.serve("/start", self.moved("/end"))
            server.serve("/end", sending(body))
            fetch(*self.SECRETS, server.uri("/start"))
            self.assertIn(b"Bearer secret", server.heads("/end")[0].head)

    def test_a_credential_waits_for_the_challenge(self):
        challenge = (b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
                     b"Content-Length: 0\r\n\r\n")
        with FaultyServer() as server:
            server.serve("/", [raw(challenge, then="keep"), sending(Body(10))])
            report = fetch("--user", "user", "--password", "secret", server.uri())
            self.assertEqual(report["error"], "")
            first, second = server.heads("/")
            self.assertNotIn("authorization", first.headers)
            self.assertEqual(second.headers["authorization"], "Basic dXNlcjpzZWNyZXQ=")

    def test_a_wrong_credential_ends_at_once(self):
        challenge = (b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
                     b"Content-Length: 0\r\n\r\n")
        with FaultyServer() as server:
            server.serve("/", raw(challenge, then="keep"))
            report = fetch("--user", "user", "--password", "wrong", server.uri())
            self.assertEqual(report["error"], "http-401")
            self.assertEqual(len(server.heads("/")), 2)

    def test_a_challenge_of_another_origin_is_not_met(self):
        challenge = (b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
                     b"Content-Length: 0\r\n\r\n")
        with FaultyServer() as server, FaultyServer() as other:
            server.serve("/", self.moved(other.uri("/")))
            other.serve("/", raw(challenge, then="keep"))
            report = fetch("--user", "user", "--password", "secret", server.uri())
            self.assertEqual(report["error"], "http-401")
            self.assertEqual(len(other.heads("/")), 1)

    def test_digest_is_preferred_and_right(self):
        challenge = (b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\", "
                     b"Digest realm=\"a, Basic b\", nonce=\"n1\", qop=\"auth\", algorithm=MD5\r\n"
                     b"Content-Length: 0\r\n\r\n")
        with FaultyServer() as server:
            server.serve("/a?b=c", sending(Body(10)))
            server.serve("/a", [raw(challenge, then="keep"), sending(Body(10))])
            report = fetch("--user", "user", "--password", "secret", server.uri("/a?b=c"))
            self.assertEqual(report["error"], "")
            sent = server.heads("/a")[1].headers["authorization"]
        fields = {name: value.strip('"')
                  for name, value in re.findall(r'(\w+)=("[^"]*"|[^",]+)', sent)}
        md5 = lambda text: hashlib.md5(text.encode()).hexdigest()
        self.assertEqual(fields["uri"], "/a?b=c")
        self.assertEqual(fields["response"], md5(":".join((
            md5("user:a, Basic b:secret"), "n1", fields["nc"], fields["cnonce"], "auth",
            md5("GET:/a?b=c")))))

    def test_digest_with_sha256_is_the_strongest(self):
        challenge = (b"HTTP/1.1 401 No\r\n"
                     b"WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\", algorithm=MD5, "
                     b"Digest realm=\"r\", nonce=\"n2\", qop=\"auth\", algorithm=SHA-256\r\n"
                     b"Content-Length: 0\r\n\r\n")
        with FaultyServer() as server:
            server.serve("/a", [raw(challenge, then="keep"), sending(Body(10))])
            report = fetch("--user", "user", "--password", "secret", server.uri("/a?b=c"))
            self.assertEqual(report["error"], "")
            sent = server.heads("/a")[1].headers["authorization"]
        fields = {name: value.strip('"')
                  for name, value in re.findall(r'(\w+)=("[^"]*"|[^",]+)', sent)}
        sha = lambda text: hashlib.sha256(text.encode()).hexdigest()
        self.assertEqual((fields["uri"], fields["algorithm"]), ("/a?b=c", "SHA-256"))
        self.assertEqual(fields["response"], sha(":".join((
            sha("user:r:secret"), "n2", fields["nc"], fields["cnonce"], "auth", sha("GET:/a?b=c")))))

    def test_a_wrong_password_is_tried_once(self):
        challenge = (b"HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", "
                     b"qop=\"auth\", algorithm=SHA-256\r\nContent-Length: 0\r\n\r\n")
        with FaultyServer() as server:
            server.serve("/", raw(challenge, then="keep"))
            report = fetch("--user", "user", "--password", "wrong", server.uri("/"))
            self.assertEqual(report["error"], "http-401")
            self.assertEqual(len(server.heads("/")), 2)


class Requests(WithCertificates):
    """What is sent."""

    def head_of(self, *arguments, certificate=None):
        with FaultyServer(certificate) as server:
            server.serve("/x", sending(Body(1000)))
            fetch(*arguments, *self.trust, server.uri("/x"))
            return server, server.heads("/x")[0]

    def test_a_plain_request(self):
        server, request = self.head_of()
        self.assertEqual(request.method, "GET")
        self.assertEqual(request.target, "/x")
        self.assertEqual(request.headers["host"], f"127.0.0.1:{server.port}")
        self.assertEqual(request.headers["accept-encoding"], "identity")
        self.assertRegex(request.headers["user-agent"], r"^background-transfer/\d")
        self.assertNotIn("range", request.headers)

    def test_a_request_over_tls_names_the_same_host(self):
        server, request = self.head_of(certificate=self.certificates.good)
        self.assertEqual(request.target, "/x")
        self.assertEqual(request.headers["host"], f"127.0.0.1:{server.port}")

    def test_a_range_with_its_validator(self):
        _, request = self.head_of("--offset", "10", "--validator", '"v"')
        self.assertEqual(request.headers["range"], "bytes=10-")
        self.assertEqual(request.headers["if-range"], '"v"')

    def test_a_range_with_an_end(self):
        _, request = self.head_of("--offset", "10", "--length", "5")
        self.assertEqual(request.headers["range"], "bytes=10-14")

    def test_headers_of_the_application(self):
        _, request = self.head_of("--header", "X-A: b", "--header", "User-Agent: mine",
                                  "--header", "Range: bytes=5-", "--header", "Host: elsewhere",
                                  "--header", "Accept-Encoding: gzip")
        self.assertEqual(request.headers["x-a"], "b")
        self.assertEqual(request.headers["user-agent"], "mine")
        self.assertNotIn("range", request.headers)
        self.assertNotEqual(request.headers["host"], "elsewhere")
        self.assertEqual(request.headers["accept-encoding"], "identity")

    def test_the_environment_of_a_service_names_no_proxy(self):
        os.environ["http_proxy"] = os.environ["https_proxy"] = "http://127.0.0.1:1"
        try:
            _, request = self.head_of()
        finally:
            del os.environ["http_proxy"], os.environ["https_proxy"]
        self.assertEqual(request.target, "/x")

    def test_redirections_of_a_post(self):
        for status, method in ((301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"),
                               (308, "POST")):
            with self.subTest(status), FaultyServer() as server:
                server.serve("/", raw(f"HTTP/1.1 {status} X\r\nLocation: /end\r\n"
                                      "Content-Length: 0\r\n\r\n".encode(), then="keep"))
                server.serve("/end", sending(Body(10)))
                report = fetch("--method", "POST", "--body", "text", server.uri())
                self.assertEqual(report["error"], "")
                request = server.heads("/end")[0]
                self.assertEqual((request.method, request.body),
                                 (method, b"text" if method == "POST" else b""))

    def test_twenty_redirections_are_followed_and_no_more(self):
        for count, error in ((20, ""), (21, "redirect-failed")):
            with self.subTest(count), FaultyServer() as server:
                for number in range(count):
                    server.serve(f"/{number}", Secrets.moved(f"/{number + 1}"))
                server.serve(f"/{count}", sending(Body(10)))
                report = fetch(server.uri("/0"))
                self.assertEqual(report["error"], error)
                if not error:
                    self.assertEqual(report["uri"], server.uri(f"/{count}"))

    def test_only_https_where_the_configuration_says_so(self):
        with FaultyServer() as server:
            self.assertEqual(fetch("--refuse-plain-http", server.uri())["error"], "cannot-connect")
            self.assertEqual(server.n_connections, 0)


class Heads(WithCertificates):
    def report(self, *fields, status="200 OK"):
        lines = "".join(field + "\r\n" for field in fields)
        with FaultyServer() as server:
            server.serve("/", f"HTTP/1.1 {status}\r\n{lines}Content-Length: 0\r\n\r\n".encode())
            return fetch(server.uri())

    def test_a_strong_etag_is_the_validator(self):
        self.assertEqual(self.report('ETag: "x"')["validator"], '"x"')

    def test_a_weak_etag_is_none(self):
        self.assertIsNone(self.report('ETag: W/"x"')["validator"])

    def test_an_old_last_modified_is_one(self):
        old = "Mon, 05 Jan 2015 10:00:00 GMT"
        self.assertEqual(self.report('ETag: W/"x"', f"Last-Modified: {old}")["validator"], old)

    def test_a_last_modified_of_this_second_is_none(self):
        now = "Mon, 05 Jan 2015 10:00:00 GMT"
        report = self.report(f"Last-Modified: {now}", f"Date: {now}")
        self.assertIsNone(report["validator"])
        self.assertEqual(report["last_modified"], now)

    def test_retry_after_in_seconds_and_as_a_date(self):
        status = "503 Busy"
        self.assertEqual(self.report("Retry-After: 7", status=status)["retry_after_us"], 7_000_000)
        self.assertEqual(self.report("Retry-After: Mon, 05 Jan 2015 10:00:30 GMT",
                                     "Date: Mon, 05 Jan 2015 10:00:00 GMT",
                                     status=status)["retry_after_us"], 30_000_000)
        self.assertEqual(self.report("Retry-After: soon", status=status)["retry_after_us"], -1)
        self.assertEqual(self.report(status=status)["retry_after_us"], -1)


@unittest.skipUnless(Nginx.is_installed(), "nginx is not installed")
class RealServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.nginx = Nginx().__enter__()
        cls.body = Body(5_000_000)
        cls.nginx.add("file", cls.body)
        cls.trust = ["--ca-file", cls.nginx.ca_file]

    @classmethod
    def tearDownClass(cls):
        cls.nginx.__exit__(None, None, None)

    def test_whole_files(self):
        for path in ("/file", "/no-ranges/file", "/moved/file", "/moved-for-good/file"):
            report = fetch(self.nginx.uri(path))
            self.assertEqual((report["error"], report["sha256"]), ("", self.body.sha256))

    def test_a_part_and_its_end(self):
        report = fetch("--offset", "4999000", self.nginx.uri("/file"))
        self.assertEqual((report["status"], report["offset"], report["received"], report["total"]),
                         (206, 4999000, 1000, 5000000))
        report = fetch("--offset", "5000000", self.nginx.uri("/file"))
        self.assertEqual((report["error"], report["total"]), ("http-416", 5000000))

    def test_a_changed_validator_gives_all_of_it(self):
        report = fetch("--offset", "10", "--validator", '"other"', self.nginx.uri("/file"))
        self.assertEqual((report["status"], report["sha256"]), (200, self.body.sha256))

    def test_certificates(self):
        for name, error in (("good", ""), ("expired", "certificate-expired"),
                            ("wrong-name", "certificate-common-name-incorrect"),
                            ("stranger", "certificate-invalid")):
            with self.subTest(name):
                self.assertEqual(fetch(*self.trust, self.nginx.uri("/file", name))["error"], error)

    def test_a_ca_that_nobody_has_named_is_not_trusted(self):
        self.assertEqual(fetch(self.nginx.uri("/file", "good"))["error"], "certificate-invalid")

    def test_tls_where_there_is_none(self):
        uri = self.nginx.uri("/file").replace("http:", "https:")
        self.assertEqual(fetch(*self.trust, uri)["error"], "cannot-connect")

    def test_http_1_is_spoken_over_tls(self):
        report = fetch(*self.trust, self.nginx.uri("/file", "good"))
        self.assertEqual(report["sha256"], self.body.sha256)
        self.assertEqual(self.nginx.log()[-1]["protocol"], "HTTP/1.1")

    def test_a_password(self):
        uri = self.nginx.uri("/private/file")
        self.assertEqual(fetch(uri)["error"], "http-401")
        self.assertEqual(fetch("--user", "user", "--password", "no", uri)["error"], "http-401")
        report = fetch("--user", "user", "--password", "secret", uri)
        self.assertEqual(report["sha256"], self.body.sha256)

    def test_busy_servers_say_when(self):
        report = fetch(self.nginx.uri("/busy"))
        self.assertEqual((report["error"], report["retry_after_us"]), ("http-503", 7_000_000))

    @unittest.skipUnless(has_ip6(), "no IPv6 here")
    def test_over_ip6(self):
        report = fetch(self.nginx.uri("/file", host="[::1]"))
        self.assertEqual(report["sha256"], self.body.sha256)

    def test_a_server_that_dies_is_noticed(self):
        with Nginx() as nginx:
            nginx.add("file", self.body)
            output = f"{nginx.folder}/output"
            with open(output, "wb"):
                fetching = subprocess.Popen([program(), "--response-timeout", NEVER, "--output",
                                             output, nginx.uri("/slow/file")],
                                            stdout=subprocess.PIPE, text=True, env=environment())
            try:
                wait_until(lambda: os.path.getsize(output) > MIB, "a MiB has come")
                nginx.stop(signal.SIGKILL)
                out, _ = fetching.communicate(timeout=TIMEOUT)
            finally:
                if fetching.poll() is None:
                    fetching.kill()
                    fetching.wait()
        self.assertIn(json.loads(out)["error"], ("disconnected", "connection-reset"))


if __name__ == "__main__":
    unittest.main()
