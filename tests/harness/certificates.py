# SPDX-License-Identifier: LGPL-2.1-or-later
"""A certificate authority of its own, and certificates that are right or wrong in one way each."""

import os
import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True)


class Certificate:
    def __init__(self, folder, name):
        self.certificate = os.path.join(folder, name + ".pem")
        self.key = os.path.join(folder, name + ".key")


class Authority(Certificate):
    """`ca.pem` in @folder; issue() makes what it has signed."""

    def __init__(self, folder, name="ca"):
        super().__init__(folder, name)
        self.folder = folder
        openssl("req", "-x509", *KEY, "-keyout", self.key, "-out", self.certificate,
                "-subj", f"/CN=Test authority {name}", "-days", "30")

    def issue(self, name, names=("DNS:localhost", "IP:127.0.0.1", "IP:::1"), days=20):
        """@days below 0: expired that long ago."""
        issued = Certificate(self.folder, name)
        request = os.path.join(self.folder, name + ".csr")
        extensions = os.path.join(self.folder, name + ".ext")
        with open(extensions, "w", encoding="ascii") as file:
            file.write(f"subjectAltName={','.join(names)}\n")
        openssl("req", *KEY, "-keyout", issued.key, "-out", request, "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                "-CAcreateserial", "-days", str(days), "-extfile", extensions,
                "-out", issued.certificate)
        return issued


class Certificates:
    """The usual ones: ca, good, expired, wrong_name, and stranger of another authority."""

    def __init__(self, folder):
        self.authority = Authority(folder)
        self.ca_file = self.authority.certificate
        self.good = self.authority.issue("good")
        self.expired = self.authority.issue("expired", days=-1)
        self.wrong_name = self.authority.issue("wrong-name", names=("DNS:elsewhere.example",))
        self.stranger = Authority(folder, "other-ca").issue("stranger")
