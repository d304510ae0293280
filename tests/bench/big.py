#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One big file against curl: plain or TLS, to tmpfs or a disk, unhindered or at 1 Gbit/s.

    big.py                             1 GiB, plain, to tmpfs
    big.py --tls 1                     1 GiB, TLS
    big.py --mib 2048 --folder /home   2 GiB, to a disk; curl leaves its part unsynced
    big.py --mib 256 --paced 1         256 MiB at 1 Gbit/s (as root: in a network of its own)
"""

import os
import shutil
import subprocess
import sys

from measure import MIB, Nginx, Service, compare, options, random_file, run, spare_folder

PACED = "BGT_BENCH_PACED"


def run_paced():
    """Again, where the loopback device is as slow as a 1 Gbit/s link."""
    script = ("ip link set lo up mtu 1500 && tc qdisc add dev lo root tbf rate 1gbit burst 128kb "
              'latency 20ms && exec "$@"')
    os.environ[PACED] = "1"
    return subprocess.call(["unshare", "--net", "sh", "-c", script, "sh", sys.executable,
                            *sys.argv])


def main():
    wanted = options(__doc__.splitlines()[0], 5, mib=1024, tls=0, paced=0)
    if wanted.paced and PACED not in os.environ:
        return run_paced()
    folder = spare_folder(wanted.folder)
    path = f"{folder}/file"
    name = "good" if wanted.tls else "plain"
    with Nginx() as nginx, Service(nginx.ca_file) as service:
        random_file(f"{nginx.files}/big", wanted.mib * MIB)
        nginx.add("small", b"small")
        # By HTTP/1.1, as our own does it for a big file.
        uri = nginx.uri("/big", name)
        service.warm_up(nginx.uri("/small", name), f"{folder}/small")

        def ours():
            cost = service.cost(service.specs([(uri, path)]))
            os.unlink(path)
            return cost

        def curl():
            cost = run("curl", "-sf", "--http1.1", "--cacert", nginx.ca_file, "-o", path, uri)
            os.unlink(path)
            return cost

        words = [f"{wanted.mib} MiB", "TLS" if wanted.tls else "plain",
                 "at 1 Gbit/s" if wanted.paced else "", f"to {wanted.folder}"]
        compare(" ".join(word for word in words if word), wanted.repeat, ours, curl, "curl")
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
