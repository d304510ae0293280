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
        self.host = WorkerHost(settings={"checkpoint-bytes": 256 * 1024,
                                         "response-timeout": 3})
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

    def test_uploads_are_not_supported(self):
        self.assert_refused("NotSupported", self.daemon.call, PATH, "Manager", "CreateUpload",
                            GLib.Variant("(ssa{sv})", ("ftp://127.0.0.1/file", "/etc/hostname", {})))


if __name__ == "__main__":
    unittest.main()
