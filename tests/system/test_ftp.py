# SPDX-License-Identifier: LGPL-2.1-or-later
"""Downloads by FTP from a real server."""

import os
import shutil
import tempfile
import unittest
import uuid

from gi.repository import GLib

from harness.certificates import Certificates
from harness.daemon import PATH
from harness.odd_ftp_server import OddFtpServer
from harness.proxies import PASSWORD, USER, Socks, Squid, TlsFront
from harness.servers import Body, free_port
from harness.service import ServiceTest
from harness.worker_host import WorkerHost, lookup

try:
    from harness.ftp_server import FtpServer, Vsftpd
except ImportError:
    FtpServer = None

MIB = 1024 * 1024


@unittest.skipUnless(FtpServer, "python3-pyftpdlib is not installed")
class FtpTest(unittest.TestCase):
    SIZE = 3 * MIB + 11

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="bgt-ftp-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        os.mkdir(f"{self.folder}/files")
        self.body = Body(self.SIZE)
        self.body.write_to(f"{self.folder}/files/file")
        self.host = WorkerHost(settings={"checkpoint-bytes": 256 * 1024})
        self.host.launch()
        self.addCleanup(self.close_host)
        self.guid = str(uuid.uuid4()).replace("-", "_")
        self.path = f"{self.folder}/destination"

    def close_host(self):
        self.assertEqual(self.host.close(), 0, self.host.messages())
        self.host.log.close()

    def serve(self, **more):
        server = FtpServer(f"{self.folder}/files", **more)
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def start(self, uri, **more):
        self.host.start(self.guid, {"uri": uri, "destination": self.path, **more})

    def download(self, uri, **more):
        self.start(uri, **more)
        return self.host.wait_finished(self.guid)

    def job(self):
        return self.host.job(self.guid)

    def assert_complete(self):
        finished = self.job().finished
        self.assertEqual(lookup(finished, "web-error-status"), "",
                         lookup(finished, "error-message"))
        self.assertEqual(lookup(finished, "bytes-received"), self.body.size)
        with open(self.path, "rb") as file:
            self.assertTrue(file.read() == self.body.read(), "the file has other bytes")

    def wait_held(self, size):
        self.host.wait(lambda: sum(n for _, n in self.job().get("ranges") or []) >= size,
                       f"{size} bytes")


class Downloads(FtpTest):
    def test_file_arrives_byte_for_byte(self):
        server = self.serve()
        self.download(server.uri("/file"))
        self.assert_complete()
        response = self.job().get("response")
        self.assertEqual(response["status-code"], 200)
        self.assertEqual(response["actual-uri"], server.uri("/file"))
        self.assertTrue(response["is-resumable"])
        self.assertEqual(dict(response["headers"])["Content-Length"], str(self.body.size))

    def test_empty_file_and_odd_names_arrive(self):
        server = self.serve()
        os.mkdir(f"{self.folder}/files/a b")
        with open(f"{self.folder}/files/a b/ä#?.bin", "wb"):
            pass
        self.assertEqual(self.download(server.uri("/a%20b/%C3%A4%23%3F.bin")), "")
        self.assertEqual(os.path.getsize(self.path), 0)

    def test_log_in_comes_from_the_option(self):
        server = self.serve(anonymous=False)
        self.download(server.uri("/file"), **{
            "server-credential": GLib.Variant("(ss)", ("user", "secret"))})
        self.assert_complete()
        self.assertIn("USER user", server.commands)

    def test_wrong_log_in_is_401(self):
        server = self.serve(anonymous=False)
        self.assertEqual(self.download(server.uri("/file"), **{
            "server-credential": GLib.Variant("(ss)", ("user", "wrong"))}), "http-401")
        self.assertNotIn("wrong", lookup(self.job().finished, "error-message"))

    def test_missing_file_is_404(self):
        server = self.serve()
        self.assertEqual(self.download(server.uri("/nothing")), "http-404")
        self.assertEqual(self.job().get("response")["status-code"], 404)

    def test_folder_is_no_file(self):
        self.assertEqual(self.download(self.serve().uri("/")), "http-404")

    def test_nobody_listens(self):
        self.assertEqual(self.download(f"ftp://127.0.0.1:{free_port()}/file"), "cannot-connect")

    def test_unknown_host(self):
        self.assertEqual(self.download("ftp://nowhere.invalid/file"), "host-name-not-resolved")

    def test_rate_is_kept(self):
        server = self.serve()
        self.start(server.uri("/file"), **{"max-rate": MIB})
        progress = self.job().progress
        self.host.wait(lambda: len(progress) >= 8, "two seconds")
        first, last = progress[1], progress[7]
        self.assertAlmostEqual((last[1] - first[1]) / (last[0] - first[0]) / MIB, 1, delta=0.15)
        self.host.stop(self.guid)

    def test_random_access_works_too(self):
        server = self.serve()
        self.download(server.uri("/file"), **{"random-access": True})
        self.assert_complete()


class Proxies(FtpTest):
    """The same that downloads over HTTP get of them (test_http_proxies.py)."""

    def setUp(self):
        super().setUp()
        self.server = self.serve()

    def squid(self, auth="basic"):
        if not Squid.is_installed():
            self.skipTest("squid is not installed")
        proxy = Squid(auth)
        proxy.__enter__()
        self.addCleanup(proxy.__exit__)
        return proxy

    def socks(self):
        proxy = Socks()
        proxy.__enter__()
        self.addCleanup(proxy.__exit__)
        return proxy

    def fetch(self, proxy, password=PASSWORD, host="127.0.0.1", port=None):
        # The scheme may be written in capitals.
        options = {"proxy": GLib.Variant("s", proxy.uri.replace("socks5:", "SOCKS5:"))}
        if password:
            options["proxy-credential"] = GLib.Variant("(ss)", (USER, password))
        return self.download(f"ftp://{host}:{port or self.server.port}/file", **options)

    def test_http(self):
        for auth in ("basic", "digest"):
            squid = self.squid(auth)
            self.fetch(squid)
            self.assert_complete()
            self.assertEqual({method for _, _, method, _ in squid.requests}, {"CONNECT"})
            # Nothing is sent before the challenge.
            self.assertEqual(squid.requests[0][:2], ["-", 407])
            os.unlink(self.path)
            self.guid = str(uuid.uuid4()).replace("-", "_")

    def test_tls_to_the_proxy(self):
        os.mkdir(f"{self.folder}/certificates")
        certificates = Certificates(f"{self.folder}/certificates")
        self.host.configure({"tls-ca-file": certificates.ca_file})
        squid = self.squid()
        for certificate, web_error in ((certificates.stranger, "certificate-invalid"),
                                       (certificates.good, "")):
            with TlsFront(certificate, squid.port) as front:
                self.assertEqual(self.fetch(front), web_error)
        self.assert_complete()

    def test_names_are_for_socks_to_resolve(self):
        socks = self.socks()
        self.fetch(socks, host="elsewhere.invalid")
        self.assert_complete()
        self.assertEqual(socks.targets[0], ("elsewhere.invalid", self.server.port))

    def test_wrong_and_missing_credentials(self):
        for proxy in (self.socks(), self.squid()):
            for password in ("wrong", None):
                with self.subTest(proxy=proxy.uri, password=password):
                    self.assertEqual(self.fetch(proxy, password), "http-407")
                    self.assertNotIn("wrong", lookup(self.job().finished, "error-message"))

    def test_a_server_behind_it_that_is_not_there(self):
        self.assertEqual(self.fetch(self.squid(), port=1), "cannot-connect")


class Resuming(FtpTest):
    """What runs first is slow, and too much for the buffers of a connection."""

    SIZE = 16 * MIB
    SLOW = {"max-rate": 4 * MIB}

    def test_cut_transfer_goes_on_where_it_was(self):
        server = self.serve()
        self.start(server.uri("/file"), **self.SLOW)
        self.wait_held(MIB)
        server.cut()
        self.assertIn(self.host.wait_finished(self.guid), ("disconnected", "connection-reset"))
        held = lookup(self.job().finished, "bytes-received")
        self.assertGreaterEqual(held, MIB)
        self.download(server.uri("/file"))
        self.assert_complete()
        self.assertIn(f"REST {held}", server.commands)
        self.assertFalse(self.job().has_restarted)

    def test_killed_worker_goes_on_where_it_was(self):
        server = self.serve()
        self.start(server.uri("/file"), **self.SLOW)
        self.wait_held(MIB)
        self.host.kill()
        self.host.launch()
        self.download(server.uri("/file"))
        self.assert_complete()
        self.assertFalse(self.job().has_restarted)
        self.assertGreater(max(int(line[5:]) for line in server.commands
                               if line.startswith("REST ")), MIB - 1)

    def test_stopped_transfer_ends_at_once(self):
        server = self.serve()
        self.start(server.uri("/file"), **self.SLOW)
        self.wait_held(1)
        self.host.stop(self.guid)
        self.assertIsNone(self.job().finished)

    def check_restart(self, change):
        server = self.serve()
        self.start(server.uri("/file"), **self.SLOW)
        self.wait_held(MIB)
        self.host.stop(self.guid)
        change(f"{self.folder}/files/file")
        self.download(server.uri("/file"))
        self.assert_complete()
        self.assertTrue(self.job().has_restarted)

    def test_file_of_another_size_starts_over(self):
        def change(path):
            stat = os.stat(path)
            self.body = Body(2 * MIB, 9)
            self.body.write_to(path)
            os.utime(path, (stat.st_atime, stat.st_mtime))
        self.check_restart(change)

    def test_file_of_another_time_starts_over(self):
        def change(path):
            self.body = Body(self.body.size, 9)
            self.body.write_to(path)
            os.utime(path, (1, 1000000000))
        self.check_restart(change)

    def test_without_rest_or_mdtm_it_starts_over(self):
        for refused in ("REST", "MDTM"):
            with self.subTest(refused=refused):
                self.guid = str(uuid.uuid4()).replace("-", "_")
                self.path = f"{self.folder}/destination-{refused}"
                server = self.serve(refused=(refused,))
                self.start(server.uri("/file"), **self.SLOW)
                self.wait_held(MIB)
                self.host.stop(self.guid)
                self.download(server.uri("/file"))
                self.assert_complete()
                self.assertTrue(self.job().has_restarted)

    def test_without_size_the_end_is_the_servers_word(self):
        server = self.serve(refused=("SIZE",))
        self.download(server.uri("/file"))
        self.assert_complete()


HELLO = b"hello"
INVALID = "invalid-server-response"
CUT = "disconnected"

# How the server differs (harness/odd_ftp_server.py), and the web error status of a download of the
# five bytes it has.
ODD_SERVERS = {
    "as it should be": ({}, ""),
    "no SIZE": ({"replies": {"SIZE": "502 no"}}, ""),
    "no MDTM": ({"replies": {"MDTM": "502 no"}}, ""),
    "no REST": ({"replies": {"REST": "502 no"}}, ""),
    "no PWD": ({"replies": {"PWD": "500 no"}}, ""),
    "no password asked for": ({"replies": {"USER": "230 in"}}, ""),
    "EPSV refused": ({"replies": {"EPSV": "500 no"}}, ""),
    "PASV to another host": ({"replies": {
        "EPSV": "500 no", "PASV": "227 there (10,1,2,3,{high},{low})"}}, ""),
    "a greeting of many lines": ({"greeting": "220-x\r\n" * 20_000 + "220 hello"}, ""),
    "a greeting of 100 kB": ({"greeting": "220-" + "x" * 100_000 + "\r\n220 hello"}, ""),
    "a negative SIZE": ({"replies": {"SIZE": "213 -5"}}, ""),
    "a bad MDTM": ({"replies": {"MDTM": "213 99999999999999"}}, ""),
    "a SIZE that is no number": ({"replies": {"SIZE": "213 x"}}, INVALID),
    "a SIZE beyond 64 bits": ({"replies": {"SIZE": "213 99999999999999999999"}}, INVALID),
    "a SIZE of 0": ({"replies": {"SIZE": "213 0"}}, INVALID),
    "a SIZE that is too large": ({"replies": {"SIZE": "213 9"}}, CUT),
    "EPSV answered badly": ({"replies": {"EPSV": "229 x"}}, INVALID),
    "PASV answered badly": ({"replies": {"EPSV": "500 no", "PASV": "227 x (1,2"}}, INVALID),
    "no passive mode": ({"replies": {"EPSV": "500 no", "PASV": "500 no"}}, INVALID),
    "no binary mode": ({"replies": {"TYPE": "500 no"}}, INVALID),
    "a missing file": ({"replies": {"RETR": "550 no"}}, "http-404"),
    "a file not allowed": ({"replies": {"RETR": "553 no"}}, INVALID),
    "no RETR": ({"replies": {"RETR": "500 no"}}, INVALID),
    "an end instead of a file": ({"replies": {"RETR": "226 done"}}, INVALID),
    "no data connection": ({"replies": {"RETR": "425 no"}}, "http-503"),
    "a busy file": ({"replies": {"RETR": "450 busy"}}, "http-503"),
    "a broken disk": ({"replies": {"RETR": "451 oh"}}, "http-503"),
    "a late log-in": ({"replies": {"RETR": "530 who"}}, "http-401"),
    "a wrong user": ({"replies": {"USER": "530 no"}}, "http-401"),
    "a wrong password": ({"replies": {"PASS": "530 no"}}, "http-401"),
    "an account asked for": ({"replies": {"PASS": "332 account"}}, "http-401"),
    "too many users": ({"replies": {"USER": "421 full"}}, "http-503"),
    "too many connections": ({"greeting": "421 full"}, "http-503"),
    "a refusal for a greeting": ({"greeting": "500 no"}, INVALID),
    "a cut at the log-in": ({"replies": {"USER": None}}, CUT),
    "a cut before the file": ({"replies": {"RETR": None}}, CUT),
    "a cut said to be the end": ({"cut": 3}, CUT),
    "a cut said to be one": ({"cut": 3, "after": "426 cut"}, CUT),
    "a cut of everything": ({"cut": 3, "after": None}, CUT),
    "a cut without SIZE": ({"cut": 3, "after": "426 cut", "replies": {"SIZE": "502 no"}}, CUT),
    "a cut of everything without SIZE": (
        {"cut": 3, "after": None, "replies": {"SIZE": "502 no"}}, CUT),
    "all of it, said to be cut": ({"after": "426 cut"}, CUT),
    "all of it, said to be broken": ({"after": "451 oh"}, CUT),
    "all of it, then a cut": ({"after": None}, CUT),
}


class OddServers(FtpTest):
    def check(self, number, how, web_error):
        self.guid = str(uuid.uuid4()).replace("-", "_")
        self.path = f"{self.folder}/destination-{number}"
        with OddFtpServer(HELLO, **how) as server:
            self.assertEqual(self.download(server.uri()), web_error,
                             lookup(self.job().finished, "error-message"))
        if web_error:
            self.assertFalse(os.path.exists(self.path))
        else:
            self.assert_has_hello()

    def assert_has_hello(self):
        with open(self.path, "rb") as file:
            self.assertEqual(file.read(), HELLO)

    def test_all(self):
        for number, (name, (how, web_error)) in enumerate(ODD_SERVERS.items()):
            with self.subTest(name):
                self.check(number, how, web_error)

    def test_all_of_it_then_a_cut_is_not_sent_again(self):
        with OddFtpServer(HELLO, after=None) as server:
            self.assertEqual(self.download(server.uri()), CUT)
            self.assertEqual(self.download(server.uri()), "")
            self.assertEqual(sum(line.startswith("RETR") for line in server.commands), 1)
        self.assert_has_hello()

    def test_what_has_more_than_its_size_is_never_published(self):
        with OddFtpServer(HELLO, {"SIZE": "213 0"}) as server:
            for _ in range(2):
                self.assertEqual(self.download(server.uri()), INVALID)
        self.assertFalse(os.path.exists(self.path))

    def test_types_do_not_change_what_comes(self):
        for number, path in enumerate(("/a/file;type=a", "/a/file;type=d", "/a/file;type=I")):
            with self.subTest(path), OddFtpServer(HELLO) as server:
                self.guid = str(uuid.uuid4()).replace("-", "_")
                self.path = f"{self.folder}/destination-{number}"
                self.assertEqual(self.download(server.uri(path)), "")
                self.assertIn("RETR a/file", server.commands)
                self.assertNotIn("TYPE A", server.commands)
                self.assert_has_hello()

    def test_a_type_within_a_path_is_a_part_of_it(self):
        with OddFtpServer(HELLO) as server:
            self.assertEqual(self.download(server.uri("/a;type=a/file")), "")
            self.assertIn("RETR a;type=a/file", server.commands)

    def test_a_path_is_never_a_command(self):
        with OddFtpServer(HELLO) as server:
            self.assertEqual(self.download(server.uri("/a%0d%0aDELE%20x")), INVALID)
            self.assertNotIn("DELE x", server.commands)


class Tls(FtpTest):
    def setUp(self):
        super().setUp()
        os.mkdir(f"{self.folder}/certificates")
        self.certificates = Certificates(f"{self.folder}/certificates")
        self.host.configure({"tls-ca-file": self.certificates.ca_file})

    def test_file_arrives_byte_for_byte(self):
        if not os.path.exists(Vsftpd.PROGRAM):
            self.skipTest("vsftpd is not installed")
        os.chmod(self.folder, 0o755)
        os.chmod(f"{self.folder}/files", 0o555)
        with Vsftpd(f"{self.folder}/files", self.certificates.good) as server:
            self.download(server.uri("/file"))
        self.assert_complete()

    def test_wrong_certificates_are_told_apart(self):
        for name, web_error in (("stranger", "certificate-invalid"),
                                ("expired", "certificate-expired"),
                                ("too_new", "certificate-expired"),
                                ("wrong_name", "certificate-common-name-incorrect")):
            with self.subTest(name=name):
                self.guid = str(uuid.uuid4()).replace("-", "_")
                server = self.serve(certificate=getattr(self.certificates, name))
                self.assertEqual(self.download(server.uri("/file")), web_error,
                                 lookup(self.job().finished, "error-message"))

    def test_plain_ftp_may_be_forbidden(self):
        self.host.configure({"allow-plain-http": False})
        self.assertEqual(self.download(self.serve().uri("/file")), "cannot-connect")


@unittest.skipUnless(FtpServer, "python3-pyftpdlib is not installed")
class Service(ServiceTest):
    def test_log_in_of_the_uri_shows_nowhere(self):
        with tempfile.TemporaryDirectory() as folder:
            body = Body(1000)
            body.write_to(f"{folder}/file")
            with FtpServer(folder, anonymous=False) as server:
                path = self.create(server.uri("/file", "user:secret@"), start=True)
                self.daemon.wait_for_status(path, "completed")
                self.assertEqual(self.daemon.get(path, "RequestedUri"), server.uri("/file"))
                shown = repr(self.daemon.operations()) + repr(
                    self.daemon.call(path, "Operation", "GetResponseInformation"))
                self.assertNotIn("secret", shown + self.daemon.log())
                with open(self.daemon.get(path, "Destination", "Download"), "rb") as file:
                    self.assertEqual(file.read(), body.read())

    def test_options_of_http_are_refused(self):
        for option, value in (("method", "POST"), ("body", "text"),
                              ("headers", GLib.Variant("a{ss}", {"X-A": "b"})),
                              ("cookies", GLib.Variant("a{ss}", {"a": "b"}))):
            with self.subTest(option):
                self.assert_refused("InvalidArgument", self.create, "ftp://127.0.0.1/file",
                                    says=option, **{option: value})
        path = self.create("ftp://127.0.0.1/file", method="GET")
        self.assert_refused("InvalidArgument", self.daemon.call, path, "Operation",
                            "SetRequestHeader", GLib.Variant("(ss)", ("X-A", "b")), says="headers")

    def test_an_upload_cannot_be_turned_to_one(self):
        path = self.daemon.call(PATH, "Manager", "CreateUpload", GLib.Variant("(ssa{sv})", (
            "http://127.0.0.1:1/file", "/etc/hostname", {})))[0]
        self.daemon.call(path, "Operation", "Start")
        self.daemon.call(path, "Operation", "Pause")
        self.daemon.wait_for_status(path, "paused-by-application")
        self.assert_refused("NotSupported", self.daemon.set, path, "RequestedUri",
                            GLib.Variant("s", "ftp://127.0.0.1/file"))

    def test_uploads_are_not_supported(self):
        self.assert_refused("NotSupported", self.daemon.call, PATH, "Manager", "CreateUpload",
                            GLib.Variant("(ssa{sv})", ("ftp://127.0.0.1/file", "/etc/hostname", {})))


if __name__ == "__main__":
    unittest.main()
