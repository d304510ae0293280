# SPDX-License-Identifier: LGPL-2.1-or-later
"""Downloads through proxies that demand a password."""

import glob
import os
import unittest

from gi.repository import GLib

from harness.proxies import PASSWORD, USER, Socks, Squid, TlsFront
from harness.servers import Body, FaultyServer, sending
from harness.service_case import TlsCase

MIB = 1024 * 1024
GNOME_PROXY = glob.glob("/usr/lib/*/gio/modules/libgiognomeproxy.so")


def credential(user=USER, password=PASSWORD):
    return GLib.Variant("(ss)", (user, password))


class ProxyCase(TlsCase):
    def setUp(self):
        super().setUp()
        self.body = Body(MIB)
        self.server.serve("/file", sending(self.body))
        self.secure = self.enter(FaultyServer(self.certificates.good))
        self.secure.serve("/file", sending(self.body))

    def squid(self, auth="basic"):
        if not Squid.is_installed():
            self.skipTest("squid is not installed")
        return self.enter(Squid(auth))

    def fetch(self, uri, proxy, name="file", **options):
        operation = self.download(uri, f"{self.folder}/{name}", proxy=self.text(proxy), **options)
        self.complete(operation, self.body, f"{self.folder}/{name}")
        return operation


class SquidProxies(ProxyCase):
    def test_each_kind_of_challenge_and_uri(self):
        for auth in ("basic", "digest"):
            squid = self.squid(auth)
            for server in (self.server, self.secure):
                with self.subTest(auth=auth, uri=server.uri()):
                    before = len(squid.requests)
                    self.fetch(server.uri("/file"), squid.uri, f"{auth}-{server.port}",
                               proxy_credential=credential())
                    asked = squid.requests[before:]
                    # Nothing is sent before the challenge.
                    self.assertEqual([(user, status) for user, status, _, _ in asked][:1],
                                     [("-", 407)])
                    is_tls = server is self.secure
                    self.assertEqual(asked[-1][2], "CONNECT" if is_tls else "GET")
                    if not is_tls:
                        self.assertEqual(asked[-1][:2], [USER, 200])
        for server in (self.server, self.secure):
            for request in server.heads():
                self.assertNotIn("proxy-authorization", request.headers)
                self.assertEqual("via" in request.headers, server is self.server)

    def test_wrong_and_missing_credentials_end_at_once(self):
        squid = self.squid()
        for server in (self.server, self.secure):
            for given in ({}, {"proxy_credential": credential(password="wrong")}):
                with self.subTest(uri=server.uri(), given=given):
                    before = len(squid.requests)
                    self.fail_with(self.download(server.uri("/file"), proxy=self.text(squid.uri),
                                                 **given), "http-407")
                    self.assertEqual(len(squid.requests) - before, 2 if given else 1)
            self.assertEqual(server.heads(), [])
        self.assertNotIn("wrong", self.daemon.log())

    def test_a_credential_that_comes_later(self):
        squid = self.squid()
        for server in (self.server, self.secure):
            with self.subTest(uri=server.uri()):
                path = f"{self.folder}/{server.port}"
                operation = self.download(server.uri("/file"), path, proxy=self.text(squid.uri),
                                          recoverable_errors=self.words("http-407"))
                self.daemon.wait_for_status(operation, "paused-recoverable-error")
                self.daemon.call(operation, "Operation", "SetProxyCredential",
                                 GLib.Variant("(ss)", (USER, PASSWORD)))
                self.resume(operation)
                self.complete(operation, self.body, path)
        self.assertNotIn(PASSWORD, self.daemon.log())

    def test_one_who_knows_no_password_does_not_use_the_tunnel_of_another(self):
        squid = self.squid()
        self.fetch(self.secure.uri("/file"), squid.uri, "first", proxy_credential=credential())
        self.fail_with(self.download(self.secure.uri("/file"), proxy=self.text(squid.uri)),
                       "http-407")

    def test_tls_to_the_proxy(self):
        squid = self.squid()
        front = self.enter(TlsFront(self.certificates.good, squid.port))
        for server in (self.server, self.secure):
            with self.subTest(uri=server.uri()):
                self.fetch(server.uri("/file"), front.uri, str(server.port),
                           proxy_credential=credential())

    def test_a_cut_goes_on_over_the_proxy(self):
        squid = self.squid()
        for server in (self.server, self.secure):
            with self.subTest(uri=server.uri()):
                server.serve("/cut", [sending(self.body, cut_at=MIB // 2), sending(self.body)])
                self.fetch(server.uri("/cut"), squid.uri, str(server.port),
                           proxy_credential=credential())

    def test_a_server_behind_it_that_is_not_there(self):
        squid = self.squid()
        for uri in ("http://127.0.0.1:1/file", "https://127.0.0.1:1/file"):
            with self.subTest(uri=uri):
                self.fail_with(self.download(uri, proxy=self.text(squid.uri),
                                             proxy_credential=credential()),
                               "http-503", "cannot-connect")

    def test_certificates_are_those_of_the_server(self):
        squid = self.squid()
        stranger = self.enter(FaultyServer(self.certificates.stranger))
        stranger.serve("/file", sending(self.body))
        self.fail_with(self.download(stranger.uri("/file"), proxy=self.text(squid.uri),
                                     proxy_credential=credential()), "certificate-invalid")


class SocksProxies(ProxyCase):
    def test_names_are_for_the_proxy_to_resolve(self):
        socks = self.enter(Socks())
        uri = f"http://elsewhere.invalid:{self.server.port}/file"
        self.fetch(uri, socks.uri, "plain", proxy_credential=credential())
        self.fetch(self.secure.uri("/file"), socks.uri, "tls", proxy_credential=credential())
        self.assertEqual(socks.targets, [("elsewhere.invalid", self.server.port),
                                         ("127.0.0.1", self.secure.port)])

    def test_wrong_and_missing_credentials(self):
        socks = self.enter(Socks())
        for given in ({}, {"proxy_credential": credential(password="wrong")}):
            with self.subTest(given=given):
                self.fail_with(self.download(proxy=self.text(socks.uri), **given), "http-407")
        self.assertEqual(socks.targets, [])


class OtherProxies(ProxyCase):
    def test_what_is_no_proxy(self):
        silent = self.enter(FaultyServer())
        silent.serve("/", b"SSH-2.0-x\r\n\r\n")
        for uri in (self.server.uri("/file"), self.secure.uri("/file")):
            for proxy in ("http://127.0.0.1:1", "socks5://127.0.0.1:1"):
                with self.subTest(uri=uri, proxy=proxy):
                    values = self.fail_with(self.download(uri, proxy=self.text(proxy)),
                                            "cannot-connect")
                    self.assertEqual(values["ErrorMessage"], "No answer from the proxy 127.0.0.1: "
                                                             "the connection was refused")
        self.assertEqual(self.server.heads() + self.secure.heads(), [])


class UsersProxies(ProxyCase):
    """Those of the user's environment."""

    def restart_with(self, **environment):
        self.daemon.terminate()
        self.daemon.environment.update(environment)
        self.start_again()

    def test_default_and_none(self):
        squid = self.squid()
        address = f"http://{USER}:{PASSWORD}@127.0.0.1:{squid.port}"
        self.restart_with(http_proxy=address, https_proxy=address, no_proxy="")
        for server in (self.server, self.secure):
            with self.subTest(uri=server.uri()):
                self.fetch(server.uri("/file"), "default", f"default-{server.port}")
                before = len(squid.requests)
                self.assertGreaterEqual(before, 2)
                self.fetch(server.uri("/file"), "none", f"none-{server.port}")
                self.assertEqual(len(squid.requests), before)

    @unittest.skipUnless(GNOME_PROXY, "glib-networking's proxy resolver is not installed")
    def test_of_the_desktops_settings(self):
        squid = self.squid()
        folder = f"{self.daemon.environment['XDG_CONFIG_HOME']}/glib-2.0/settings"
        os.makedirs(folder)
        with open(f"{folder}/keyfile", "w", encoding="ascii") as file:
            file.write("[system/proxy]\nmode='manual'\nignore-hosts=@as []\n"
                       "[system/proxy/http]\nhost='127.0.0.1'\n"
                       f"port={squid.port}\nuse-authentication=true\n"
                       f"authentication-user='{USER}'\nauthentication-password='{PASSWORD}'\n"
                       f"[system/proxy/https]\nhost='127.0.0.1'\nport={squid.port}\n")
        self.restart_with(XDG_CURRENT_DESKTOP="GNOME", GSETTINGS_BACKEND="keyfile")
        self.fetch(self.server.uri("/file"), "default", "plain")
        self.assertEqual([user for user, *_ in squid.requests], ["-", USER])
        self.fail_with(self.download(self.secure.uri("/file")), "http-407")
        self.fetch(self.secure.uri("/file"), "default", "secure", proxy_credential=credential())
        self.assertNotIn(PASSWORD, self.daemon.log())

    def test_without_any(self):
        self.restart_with()
        self.fetch(self.server.uri("/file"), "default")


if __name__ == "__main__":
    unittest.main()
