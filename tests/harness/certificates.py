# SPDX-License-Identifier: LGPL-2.1-or-later
"""A certificate authority of its own, and certificates that are right or wrong in one way each."""

import datetime
import os
import subprocess

# What openssl has to be told of an authority.
CONFIGURATION = """[ca]
default_ca = authority
[authority]
database = {folder}/{name}.database
serial = {folder}/{name}.serial
policy = policy
[policy]
commonName = supplied
"""
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True)


def in_days(days):
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return then.strftime("%Y%m%d%H%M%SZ")


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
        self.configuration = os.path.join(folder, name + ".conf")
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=folder, name=name))
        with open(os.path.join(folder, name + ".database"), "w", encoding="ascii"):
            pass

    def issue(self, name, names=("DNS:localhost", "IP:127.0.0.1", "IP:::1"), days=(-1, 20)):
        """@days: valid from and until, counted from now."""
        issued = Certificate(self.folder, name)
        request = os.path.join(self.folder, name + ".csr")
        extensions = os.path.join(self.folder, name + ".ext")
        with open(extensions, "w", encoding="ascii") as file:
            file.write(f"subjectAltName={','.join(names)}\n")
        openssl("req", *KEY, "-keyout", issued.key, "-out", request, "-subj", f"/CN={name}")
        openssl("ca", "-batch", "-notext", "-config", self.configuration, "-create_serial",
                "-md", "sha256", "-cert", self.certificate, "-keyfile", self.key,
                "-in", request, "-startdate", in_days(days[0]), "-enddate", in_days(days[1]),
                "-extfile", extensions, "-outdir", self.folder, "-out", issued.certificate)
        return issued


class Certificates:
    """The usual ones: ca, good, expired, too_new, wrong_name, and stranger of another
    authority."""

    def __init__(self, folder):
        self.authority = Authority(folder)
        self.ca_file = self.authority.certificate
        self.good = self.authority.issue("good")
        self.expired = self.authority.issue("expired", days=(-2, -1))
        self.too_new = self.authority.issue("too-new", days=(1, 2))
        self.wrong_name = self.authority.issue("wrong-name", names=("DNS:elsewhere.example",))
        self.stranger = Authority(folder, "other-ca").issue("stranger")
