#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The most memory that daemon and worker hold, of one big transfer and of 32 at once."""

import shutil
import sys

from measure import MIB, Nginx, Service, memory, options, random_file, spare_folder


def measure(nginx, folder, count, name):
    with Service(nginx.ca_file, MaxActivePerHost=count) as service:
        service.cost(service.specs((nginx.uri("/big", name), f"{folder}/{n}")
                                   for n in range(count)))
        sizes = [memory(pid) for pid in service.pids()]
    print(f"{count} x {name}: daemon and worker at most {' + '.join(f'{s:.1f}' for s in sizes)} = "
          f"{sum(sizes):.1f} MiB", flush=True)


def main():
    wanted = options(__doc__, 1, mib=512)
    with Nginx() as nginx:
        random_file(f"{nginx.files}/big", wanted.mib * MIB)
        for count in (1, 32):
            for name in ("plain", "good"):
                folder = spare_folder(wanted.folder)
                measure(nginx, folder, count, name)
                shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
