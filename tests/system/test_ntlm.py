# SPDX-License-Identifier: LGPL-2.1-or-later
"""NTLM, for a server that checks the proof and for a real squid: one connection a user, a user a
connection."""

import base64
import threading
import unittest

from gi.repository import GLib

from harness.bodies import Body
from harness.daemon import PATH
from harness.ntlm import NAME, PASSWORD, USER, Ntlm
from harness.proxies import Squid
from harness.servers import FaultyServer, sending
from harness.service_case import TlsCase
from harness.upload_server import CREATED, UploadServer, taking

MIB = 1024 * 1024


def credential(user=USER, password=PASSWORD):
    return GLib.Variant("(ss)", (user, password))


def moved(location):
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


class NtlmCase(TlsCase):
    def setUp(self):
        super().setUp()
        self.body = Body(MIB)

    def serve(self, server=None, path="/file", **more):
        ntlm = Ntlm(sending(self.body), **more)
        (server or self.server).serve(path, ntlm)
        return ntlm

    def fetch(self, uri=None, name="kept", **options):
        options.setdefault("server_credential", credential())
        operation = self.download(uri, f"{self.folder}/{name}", **options)
        self.complete(operation, self.body, f"{self.folder}/{name}")

    def assert_one_connection(self, ntlm):
        """One handshake, over a connection that had not been used for anything else."""
        self.assertEqual([kind for kind, _, _ in ntlm.steps], [1, 3])
        self.assertEqual(len({connection for _, connection, _ in ntlm.steps}), 1)
        self.assertEqual(ntlm.users, [NAME])


class Servers(NtlmCase):
    def test_plain_and_tls(self):
        secure = self.enter(FaultyServer(self.certificates.good))
        for server in (self.server, secure):
            for with_time in (True, False):
                with self.subTest(uri=server.uri(), with_time=with_time):
                    ntlm = self.serve(server, with_time=with_time)
                    before = len(server.heads("/file"))
                    self.fetch(server.uri("/file"), f"{server.port}-{with_time}")
                    self.assert_one_connection(ntlm)
                    # Nothing is sent before the challenge.
                    self.assertNotIn("authorization", server.heads("/file")[before].headers)
        self.assertNotIn(PASSWORD, self.daemon.log())

    def test_a_wrong_password_ends_at_once(self):
        self.serve()
        self.fail_with(self.download(server_credential=credential(password="wrong-4711")),
                       "http-401")
        self.assertEqual(len(self.server.heads("/file")), 3)
        self.assertNotIn("wrong-4711", self.daemon.log())

    def test_a_credential_that_comes_later(self):
        self.serve()
        operation = self.download(server_credential=credential(password="wrong"),
                                  recoverable_errors=self.words("http-401"))
        self.daemon.wait_for_status(operation, "paused-recoverable-error")
        self.daemon.call(operation, "Operation", "SetServerCredential",
                         GLib.Variant("(ss)", (USER, PASSWORD)))
        self.resume(operation)
        self.complete(operation, self.body)

    def test_what_is_preferred(self):
        for offered, taken in ((("Negotiate", "NTLM", 'Basic realm="x"'), "NTLM"),
                               (('Basic realm="x"', "NTLM"), "NTLM"),
                               (('Basic realm="x", NTLM',), "NTLM"),
                               (("NTLM", 'Digest realm="x", nonce="y", qop="auth"'), "Digest")):
            with self.subTest(offered=offered):
                ntlm = self.serve(schemes=offered)
                operation = self.download(None, f"{self.folder}/{len(str(offered))}",
                                          server_credential=credential())
                self.daemon.wait_for_status(operation, "completed", "error")
                sent = self.server.heads("/file")[-1].headers["authorization"]
                self.assertEqual(sent.split()[0], taken)
                self.assertEqual(ntlm.users, [NAME] if taken == "NTLM" else [])

    def test_a_connection_that_is_closed_in_the_middle(self):
        ntlm = self.serve(closes=True)
        self.fetch()
        self.assertEqual(ntlm.users, [NAME])

    def test_nobody_else_gets_the_connection(self):
        going_on = threading.Event()
        ntlm = Ntlm(sending(self.body, hold=(1000, going_on)))
        self.server.serve("/file", ntlm)
        first = self.download(None, f"{self.folder}/first", server_credential=credential())
        self.daemon.wait_for_bytes(first, 1000)
        self.fail_with(self.download(), "http-401")
        going_on.set()
        self.complete(first, self.body, f"{self.folder}/first")
        self.fail_with(self.download(), "http-401")
        self.fail_with(self.download(server_credential=credential(password="wrong")), "http-401")
        self.assertEqual(ntlm.users, [NAME])

    def test_many_at_once(self):
        ntlm = self.serve()
        operations = [self.download(None, f"{self.folder}/{i}", server_credential=credential())
                      for i in range(8)]
        for number, operation in enumerate(operations):
            self.complete(operation, self.body, f"{self.folder}/{number}")
        self.assertEqual(ntlm.users, [NAME] * 8)

    def test_several_connections(self):
        self.body = Body(24 * MIB)
        self.serve()
        self.fetch(random_access=GLib.Variant("b", True))

    def test_a_cut_goes_on(self):
        self.server.serve("/file", Ntlm(sending(self.body)))
        ntlm = Ntlm(sending(self.body, cut_at=MIB // 2))
        answers = [ntlm, ntlm, ntlm, Ntlm(sending(self.body))]
        self.server.serve("/file", answers)
        self.fetch()


class Redirections(NtlmCase):
    def test_nothing_for_another_origin(self):
        other = self.enter(FaultyServer())
        self.serve(other)
        self.server.serve("/file", moved(other.uri("/file")))
        self.fail_with(self.download(server_credential=credential()), "http-401")
        self.assertEqual([request.headers.get("authorization")
                          for request in other.heads("/file")], [None])

    def test_the_way_back_has_no_user(self):
        other = self.enter(FaultyServer())
        other.serve("/file", moved(self.server.uri("/back")))
        first = Ntlm(lambda exchange: exchange.send(moved(other.uri("/file"))))
        self.server.serve("/file", first)
        back = self.serve(path="/back")
        back.owners = first.owners
        self.fail_with(self.download(server_credential=credential()), "http-401")
        self.assertEqual((first.users, back.users), ([NAME], []))

    def test_within_its_origin(self):
        first = Ntlm(lambda exchange: exchange.send(moved("/next")))
        self.server.serve("/file", first)
        following = self.serve(path="/next")
        following.owners = first.owners
        self.fetch()
        self.assertEqual((first.users, following.users), ([NAME], []))


class Bodies(NtlmCase):
    def setUp(self):
        super().setUp()
        self.uploads = self.enter(UploadServer())
        self.source = f"{self.folder}/source"
        self.body.write_to(self.source)

    def upload(self, method="PUT"):
        operation = self.daemon.call(
            PATH, "Manager", "CreateUpload",
            GLib.Variant("(ssa{sv})", (self.uploads.uri("/file"), self.source,
                                       {"server-credential": credential(),
                                        "method": self.text(method)})))[0]
        self.daemon.call(operation, "Operation", "Start")
        return operation

    def sizes_after(self, operation):
        self.daemon.wait_for_status(operation, "completed")
        return [len(request.body) for request in self.uploads.heads("/file")]

    def test_it_is_sent_once_where_the_server_says_so_in_time(self):
        self.body = Body(5 * MIB)
        self.body.write_to(self.source)
        ntlm = Ntlm(lambda exchange: exchange.send(CREATED))

        def judging(take):
            if ntlm.is_known(take.exchange) or not take.length:
                return taking(take)
            ntlm(take.exchange)
            take.exchange.close()
            return False

        self.uploads.serve("/file", ntlm)
        self.uploads.take("/file", judging)
        self.assertEqual(self.sizes_after(self.upload()), [0, 0, self.body.size])
        self.assert_one_connection(ntlm)
        self.assertEqual(self.uploads.heads("/file")[-1].body, self.body.read())

    def test_it_is_not_sent_with_the_first_message(self):
        for method in ("PUT", "POST"):
            with self.subTest(method=method):
                ntlm = Ntlm(lambda exchange: exchange.send(CREATED))
                self.uploads.serve("/file", ntlm)
                self.assertEqual(self.sizes_after(self.upload(method))[-3:],
                                 [self.body.size, 0, self.body.size])
                self.assert_one_connection(ntlm)

    def test_a_post_that_is_cut_is_not_sent_again(self):
        ntlm = Ntlm(lambda exchange: exchange.close())
        self.uploads.serve("/file", ntlm)
        values = self.daemon.wait_for_status(self.upload("POST"), "error")
        self.assertEqual(values["WebErrorStatus"], "disconnected")
        self.assertEqual([kind for kind, _, _ in ntlm.steps], [1, 3])

    def test_a_server_that_is_content_without_it_is_not_believed(self):
        challenge = Ntlm(lambda exchange: None)
        self.uploads.serve("/file", [challenge, CREATED])
        values = self.daemon.wait_for_status(self.upload(), "error")
        self.assertEqual(values["WebErrorStatus"], "invalid-server-response")

    def test_the_body_of_a_download(self):
        ntlm = self.serve()
        self.fetch(method=self.text("POST"), body=self.text("question"))
        self.assertEqual([size for _, _, size in ntlm.steps], [0, len("question")])


class Proxies(NtlmCase):
    def setUp(self):
        super().setUp()
        if not Squid.is_installed():
            self.skipTest("squid is not installed")
        self.squid = self.enter(Squid("ntlm"))
        self.secure = self.enter(FaultyServer(self.certificates.good))
        for server in (self.server, self.secure):
            server.serve("/file", sending(self.body))

    def test_plain_and_tunnelled(self):
        for server in (self.server, self.secure):
            with self.subTest(uri=server.uri()):
                before = len(self.squid.requests)
                self.fetch(server.uri("/file"), str(server.port),
                           proxy=self.text(self.squid.uri),
                           proxy_credential=credential("someone", "secret"))
                asked = [(user, status) for user, status, _, _ in self.squid.requests[before:]]
                # A tunnel is in its log once it has been closed.
                end = [] if server is self.secure else [("someone", 200)]
                self.assertEqual(asked, [("-", 407), ("-", 407), *end])
        for server in (self.server, self.secure):
            for request in server.heads():
                self.assertNotIn("proxy-authorization", request.headers)

    def test_nobody_else_gets_the_connection(self):
        self.fetch(proxy=self.text(self.squid.uri), proxy_credential=credential("one", "secret"))
        self.fail_with(self.download(proxy=self.text(self.squid.uri)), "http-407")

    def test_proxy_and_server(self):
        ntlm = self.serve()
        self.fetch(proxy=self.text(self.squid.uri), proxy_credential=credential("one", "secret"))
        self.assertEqual(ntlm.users, [NAME])


if __name__ == "__main__":
    unittest.main()
