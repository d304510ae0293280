#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One file from a server that limits each connection, against aria2c with as many connections.

    pieces.py                      256 MiB at 4 MiB/s a connection, over 8
    pieces.py --connections 16     over 16
"""

import os
import shutil
import sys

from measure import (MIB, Nginx, Service, V, compare, options, random_file, run, spare_folder)


def main():
    wanted = options(__doc__.splitlines()[0], 3, mib=256, rate_mib=4, connections=8)
    folder = spare_folder(wanted.folder)
    path = f"{folder}/file"
    with Nginx() as nginx, \
            Service(MaxConnectionsPerDownload=wanted.connections) as service:
        random_file(f"{nginx.files}/big", wanted.mib * MIB)
        nginx.add("small", b"small")
        with open(f"{nginx.folder}/nginx.conf", encoding="ascii") as file:
            configuration = file.read()
        with open(f"{nginx.folder}/nginx.conf", "w", encoding="ascii") as file:
            file.write(configuration.replace("limit_rate 1m;", f"limit_rate {wanted.rate_mib}m;"))
        nginx.restart()
        uri = nginx.uri("/slow/big")
        service.warm_up(nginx.uri("/small"), f"{folder}/small")

        def ours():
            cost = service.cost(service.specs([(uri, path)], **{"random-access": V("b", True)}))
            check()
            return cost

        def aria2c():
            # As many as that at once takes asking for splits of that size, too.
            cost = run("aria2c", "-q", f"-x{wanted.connections}", f"-s{wanted.connections}", "-k1M",
                       "--file-allocation=none", "--no-conf", f"-d{folder}", "-ofile", uri)
            check()
            return cost

        def check():
            if os.path.getsize(path) != wanted.mib * MIB:
                raise RuntimeError("the file is not whole")
            os.unlink(path)

        compare(f"{wanted.mib} MiB at {wanted.rate_mib} MiB/s x {wanted.connections}",
                wanted.repeat, ours, aria2c, "aria2c")
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
