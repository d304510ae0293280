# SPDX-License-Identifier: LGPL-2.1-or-later
"""Negotiate, with tickets of a real KDC, for a real Apache and a real squid."""

import base64
import socket
import subprocess
import time
import unittest

from gi.repository import GLib

from harness import kerberos
from harness.bodies import Body
from harness.daemon import PATH, program
from harness.kerberos import Apache, Realm
from harness.proxies import Squid
from harness.servers import FaultyServer, sending
from harness.service_case import TlsCase
from harness.wait import DEADLINE_SECONDS

MIB = 1024 * 1024
REFUSAL = (b"HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\n"
           b"WWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n")


def credential(user="", password=""):
    return GLib.Variant("(ss)", (user, password))


OWN_TICKETS = credential()


class KerberosCase(TlsCase):
    def setUp(self):
        if not (Realm.is_installed() and Apache.is_installed()):
            self.skipTest("krb5-kdc, krb5-admin-server, krb5-user or libapache2-mod-auth-gssapi is "
                          "not installed")
        super().setUp()
        self.realm = self.enter(Realm())
        self.daemon.terminate()
        self.daemon.environment.update(self.realm.environment)
        self.start_again()
        self.body = Body(MIB)

    def apache(self):
        apache = self.enter(Apache(self.realm))
        apache.add("file", self.body)
        apache.add("bound/file", self.body)
        return apache

    def fetch(self, uri, name="file", **options):
        operation = self.download(uri, f"{self.folder}/{name}", **options)
        self.complete(operation, self.body, f"{self.folder}/{name}")


class Servers(KerberosCase):
    def test_the_users_own_tickets(self):
        apache = self.apache()
        self.realm.kinit()
        for path in ("/file", "/bound/file"):
            self.fetch(apache.uri(path), path.replace("/", "-"), server_credential=OWN_TICKETS)
            self.assertEqual(apache.requests[-2:], [["-", 401, "GET", path],
                                                    ["alice@BGT.TEST", 200, "GET", path]])

    def test_no_ticket_is_drawn_unasked(self):
        apache = self.apache()
        self.realm.kinit()
        self.fail_with(self.download(apache.uri("/file")), "http-401")
        self.assertEqual(len(apache.requests), 1)
        self.assertNotIn("HTTP/localhost@BGT.TEST", self.realm.services())

    def test_without_tickets(self):
        apache = self.apache()
        values = self.fail_with(self.download(apache.uri("/file"), server_credential=OWN_TICKETS),
                                "http-401")
        self.assertEqual(len(apache.requests), 1)
        self.assertIn("No Kerberos credentials available", values["ErrorMessage"])

    def test_a_password_gets_a_ticket_that_nobody_else_sees(self):
        apache = self.apache()
        self.fetch(apache.uri("/file"),
                   server_credential=credential(kerberos.OTHER, kerberos.OTHER_PASSWORD))
        self.assertEqual(apache.requests[-1][0], "bob@BGT.TEST")
        self.assertEqual(self.realm.services(), [])
        self.assertNotIn(kerberos.OTHER_PASSWORD, self.daemon.log())

    def test_a_wrong_password_ends_at_once(self):
        apache = self.apache()
        self.fail_with(self.download(apache.uri("/file"),
                                     server_credential=credential(kerberos.OTHER, "wrong-4713")),
                       "http-401")
        self.assertEqual(len(apache.requests), 1)
        self.assertNotIn("wrong-4713", self.daemon.log())

    def test_tickets_of_a_name(self):
        apache = self.apache()
        self.realm.kinit()
        self.fetch(apache.uri("/file"), "kept", server_credential=credential(kerberos.USER))
        self.fail_with(self.download(apache.uri("/file"), f"{self.folder}/other",
                                     server_credential=credential(kerberos.OTHER)), "http-401")

    def test_a_credential_that_comes_later(self):
        apache = self.apache()
        self.realm.kinit()
        operation = self.download(apache.uri("/file"), recoverable_errors=self.words("http-401"))
        self.daemon.wait_for_status(operation, "paused-recoverable-error")
        self.daemon.call(operation, "Operation", "SetServerCredential",
                         GLib.Variant("(ss)", ("", "")))
        self.resume(operation)
        self.complete(operation, self.body)

    def test_one_who_knows_nothing_does_not_use_the_connection_of_another(self):
        apache = self.apache()
        self.realm.kinit()
        self.fetch(apache.uri("/bound/file"), "kept", server_credential=OWN_TICKETS)
        self.fail_with(self.download(apache.uri("/bound/file"), f"{self.folder}/other"),
                       "http-401")

    def test_a_kdc_that_says_nothing_keeps_nobody_waiting(self):
        apache = self.apache()
        self.realm.kinit()
        self.realm.stop()
        with socket.create_server(("127.0.0.1", self.realm.port)) as silent:
            operation = self.download(apache.uri("/file"), server_credential=OWN_TICKETS)
            silent.settimeout(DEADLINE_SECONDS)
            held = silent.accept()[0]
            started = time.monotonic()
            self.pause(operation)
            self.assertLess(time.monotonic() - started, 3)
            held.close()
        self.realm.start()
        self.resume(operation)
        self.complete(operation, self.body)

    def test_uploads(self):
        apache = self.apache()
        self.realm.kinit()
        source = f"{self.folder}/source"
        big = Body(5 * MIB)
        big.write_to(source)
        for path in ("/sent", "/bound/sent"):
            operation = self.daemon.call(
                PATH, "Manager", "CreateUpload",
                GLib.Variant("(ssa{sv})", (apache.uri(path), source,
                                           {"server-credential": OWN_TICKETS})))[0]
            self.daemon.call(operation, "Operation", "Start")
            self.daemon.wait_for_status(operation, "completed")
            self.check_file(big, apache.files + path)

    def test_several_connections(self):
        apache = self.apache()
        apache.add("bound/big", Body(24 * MIB))
        self.realm.kinit()
        operation = self.download(apache.uri("/bound/big"), server_credential=OWN_TICKETS,
                                  random_access=GLib.Variant("b", True))
        self.complete(operation, Body(24 * MIB))


class OtherSchemes(KerberosCase):
    def test_the_next_one_is_tried_where_there_is_no_ticket(self):
        self.server.serve("/file", [REFUSAL, sending(self.body)])
        self.fetch(self.server.uri("/file", host="localhost"),
                   server_credential=credential("user", "secret"))
        basic = base64.b64encode(b"user:secret").decode()
        self.assertEqual([request.headers.get("authorization")
                          for request in self.server.heads("/file")], [None, f"Basic {basic}"])

    def test_nothing_after_a_redirection_to_another(self):
        self.realm.kinit()
        other = self.enter(FaultyServer())
        other.serve("/file", REFUSAL)
        self.server.serve("/file", f"HTTP/1.1 302 Found\r\nLocation: {other.uri('/file')}\r\n"
                                   "Content-Length: 0\r\n\r\n".encode())
        self.fail_with(self.download(self.server.uri("/file", host="localhost"),
                                     server_credential=OWN_TICKETS), "http-401")
        self.assertEqual([request.headers.get("authorization")
                          for request in other.heads("/file")], [None])
        self.assertNotIn("HTTP/localhost@BGT.TEST", self.realm.services())

    def test_a_refused_ticket_is_not_tried_again(self):
        self.realm.kinit()
        self.server.serve("/file", REFUSAL)
        self.fail_with(self.download(self.server.uri("/file", host="localhost"),
                                     server_credential=OWN_TICKETS), "http-401")
        sent = [request.headers.get("authorization") for request in self.server.heads("/file")]
        self.assertEqual([text and text.split()[0] for text in sent], [None, "Negotiate"])
        self.assertNotIn(sent[1].split()[1], self.daemon.log())


class CommandLine(KerberosCase):
    def test_nothing_is_asked_where_there_is_no_name(self):
        apache = self.apache()
        self.realm.kinit()
        for number, option in enumerate(("-u", "--user")):
            done = subprocess.run(
                [program("src/transferctl/transferctl"), "--session", "--quiet", "download",
                 option, ":", "-o", f"{self.folder}/{number}", apache.uri("/file")],
                env=self.daemon.environment, stdin=subprocess.DEVNULL, check=False,
                capture_output=True, text=True, start_new_session=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.check_file(self.body, f"{self.folder}/{number}")


class Proxies(KerberosCase):
    def setUp(self):
        super().setUp()
        if not Squid.is_installed():
            self.skipTest("squid is not installed")
        self.squid = self.enter(Squid("negotiate", self.realm))
        self.proxy = self.text(f"http://localhost:{self.squid.port}")
        self.secure = self.enter(FaultyServer(self.certificates.good))
        for server in (self.server, self.secure):
            server.serve("/file", sending(self.body))

    def test_plain_and_tunnelled(self):
        self.realm.kinit()
        for server in (self.server, self.secure):
            self.fetch(server.uri("/file"), str(server.port), proxy=self.proxy,
                       proxy_credential=OWN_TICKETS)
        self.assertEqual({user for user, status, _, _ in self.squid.requests if status == 200},
                         {"alice"})
        for server in (self.server, self.secure):
            for request in server.heads():
                self.assertNotIn("proxy-authorization", request.headers)

    def test_not_unasked(self):
        self.realm.kinit()
        for server in (self.server, self.secure):
            values = self.fail_with(self.download(server.uri("/file"), proxy=self.proxy),
                                    "http-407")
            self.assertNotIn("Kerberos", values["ErrorMessage"])
        self.assertNotIn("HTTP/localhost@BGT.TEST", self.realm.services())

    def test_without_tickets(self):
        for server in (self.server, self.secure):
            values = self.fail_with(self.download(server.uri("/file"), proxy=self.proxy,
                                                  proxy_credential=OWN_TICKETS), "http-407")
            self.assertIn("No Kerberos credentials available", values["ErrorMessage"])

    def test_both_demand_a_ticket(self):
        apache = self.apache()
        self.realm.kinit()
        self.fetch(apache.uri("/bound/file"), proxy=self.proxy, proxy_credential=OWN_TICKETS,
                   server_credential=OWN_TICKETS)
        self.assertEqual(apache.requests[-1][:2], ["alice@BGT.TEST", 200])


if __name__ == "__main__":
    unittest.main()
