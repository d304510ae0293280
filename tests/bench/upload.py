#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""PUT of one big file against curl -T: plain or TLS, to a server that throws it away or to nginx.

    upload.py                   1 GiB, plain, thrown away
    upload.py --tls 1           1 GiB, TLS
    upload.py --nginx 1         to nginx, which writes it to tmpfs
"""

import os
import shutil
import subprocess
import sys

from measure import (MIB, Certificates, Nginx, Service, V, compare, options, random_file, run,
                     spare_folder)

SINK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sink.py")


class Sink:
    """sink.py, as Nginx is used here."""

    def __init__(self, folder, is_tls):
        self.certificates = Certificates(folder)
        self.ca_file = self.certificates.ca_file
        self.is_tls = is_tls
        self.process = None
        self.port = 0

    def __enter__(self):
        files = []
        if self.is_tls:
            certificate = self.certificates.good
            files = [certificate.certificate, certificate.key]
        self.process = subprocess.Popen([sys.executable, SINK, *files], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def uri(self, path, _name):
        return f"{'https' if self.is_tls else 'http'}://127.0.0.1:{self.port}{path}"


def main():
    wanted = options(__doc__.splitlines()[0], 5, mib=1024, tls=0, nginx=0)
    folder = spare_folder(wanted.folder)
    path = f"{folder}/file"
    random_file(path, wanted.mib * MIB)
    random_file(f"{folder}/small", 2 * MIB)
    with (Nginx() if wanted.nginx else Sink(folder, wanted.tls)) as server, \
            Service(server.ca_file) as service:
        uri = server.uri("/dav/new", "good" if wanted.tls else "plain")

        def put(source):
            return service.cost([{"kind": V("s", "upload"), "uri": V("s", uri),
                                  "source": V("s", source), "start": V("b", True)}])

        def curl():
            return run("curl", "-sf", "--http1.1", "--cacert", server.ca_file, "-T", path, uri)

        # A worker is there, and it is known that the server resumes nothing.
        put(f"{folder}/small")
        compare(f"PUT {wanted.mib} MiB {'TLS' if wanted.tls else 'plain'} to "
                f"{'nginx' if wanted.nginx else 'a sink'}",
                wanted.repeat, lambda: put(path), curl, "curl -T")
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
