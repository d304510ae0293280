# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates that are right, and wrong in one way each."""

import unittest

from gi.repository import GLib

from harness.daemon import error_name
from harness.servers import Body, FaultyServer, sending
from harness.service_case import TlsCase

MIB = 1024 * 1024


class Certificates(TlsCase):
    def serve(self, certificate, body):
        server = self.enter(FaultyServer(certificate))
        server.serve("/file", sending(body))
        return server

    def test_what_the_configured_authority_has_signed_is_taken(self):
        body = Body(MIB)
        server = self.serve(self.certificates.good, body)
        for host in ("127.0.0.1", "localhost"):
            with self.subTest(host=host):
                path = f"{self.folder}/{host}"
                operation = self.download(server.uri("/file", host), path)
                self.complete(operation, body, path)

    def test_wrong_ones_are_refused_at_once(self):
        for name, error in (("expired", "certificate-expired"),
                            ("too_new", "certificate-expired"),
                            ("wrong_name", "certificate-common-name-incorrect"),
                            ("stranger", "certificate-invalid")):
            with self.subTest(name=name):
                server = self.serve(getattr(self.certificates, name), Body(1000))
                values = self.fail_with(self.download(server.uri("/file")), error)
                self.assertEqual(values["BytesReceived"], 0)
                self.assertEqual(server.heads(), [])
                self.assertEqual(server.n_connections, 1)

    def test_cut_goes_on(self):
        body = Body(3 * MIB)
        server = self.serve(self.certificates.good, body)
        server.serve("/file", [sending(body, cut_at=2 * MIB), sending(body)])
        values = self.complete(self.download(server.uri("/file")), body)
        self.assertEqual([request.headers.get("range") for request in server.heads()],
                         [None, f"bytes={2 * MIB}-"])
        self.assertFalse(values["HasRestarted"])

    def test_recoverable_one(self):
        body = Body(1000)
        bad = self.serve(self.certificates.expired, body)
        good = self.serve(self.certificates.good, body)
        operation = self.daemon.create_download(bad.uri("/file"), self.path, start=True, options={
            "recoverable-errors": self.words("certificate-expired")})
        self.daemon.wait_for_status(operation, "paused-recoverable-error")
        self.daemon.set(operation, "RequestedUri", self.text(good.uri("/file")))
        self.resume(operation)
        self.complete(operation, body)

    def test_without_the_authority_nobody_is_trusted(self):
        server = self.serve(self.certificates.good, Body(1000))
        self.daemon.configure({"Security": {}})
        self.daemon.terminate()
        self.start_again()
        self.fail_with(self.download(server.uri("/file")), "certificate-invalid")

    def test_authority_that_comes_later(self):
        body = Body(1000)
        server = self.serve(self.certificates.stranger, body)
        operation = self.download(server.uri("/file"))
        self.fail_with(operation, "certificate-invalid")
        other = f"{self.certificate_folder}/other-ca.pem"
        self.daemon.configure({"Security": {"TlsCaFile": other}})
        self.daemon.reload()
        self.resume(operation)
        self.complete(operation, body)

    def test_authority_that_is_no_file_costs_only_trust(self):
        body = Body(1000)
        self.daemon.terminate()
        self.daemon.configure({"Security": {"TlsCaFile": f"{self.folder}/none"}})
        self.start_again()
        server = self.serve(self.certificates.good, body)
        self.fail_with(self.download(server.uri("/file")), "certificate-invalid")
        self.server.serve("/file", sending(body))
        self.complete(self.download(), body)
        self.assertIn(f"{self.folder}/none", self.daemon.log())

    def test_plain_http_that_is_not_allowed(self):
        body = Body(1000)
        self.server.serve("/file", sending(body))
        secure = self.serve(self.certificates.good, body)
        self.daemon.terminate()
        self.daemon.configure({"Security": {"TlsCaFile": self.certificates.ca_file,
                                            "AllowPlainHttp": "false"}})
        self.start_again()
        self.complete(self.download(secure.uri("/file")), body)
        with self.assertRaises(GLib.Error) as caught:
            self.download(destination=f"{self.folder}/other")
        self.assertEqual(error_name(caught.exception), "NotSupported")
        self.assertEqual(self.server.heads(), [])


if __name__ == "__main__":
    unittest.main()
