#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many small files, created in batches, 16 at a time, against aria2c, which does not sync.

    many.py                                       1000 files of 64 KiB in one batch
    many.py --count 10000 --kib 4 --batch 1000    10 000 files of 4 KiB
"""

import os
import shutil
import sys

from measure import Nginx, Service, compare, empty, options, random_file, run, spare_folder


def main():
    wanted = options(__doc__.splitlines()[0], 5, count=1000, kib=64, batch=1000)
    folder = spare_folder(wanted.folder)
    files = f"{folder}/files"
    with Nginx() as nginx:
        for number in range(wanted.count):
            random_file(f"{nginx.files}/{number}", wanted.kib * 1024)
        uris = [nginx.uri(f"/{number}") for number in range(wanted.count)]
        with open(f"{folder}/uris", "w", encoding="ascii") as file:
            file.write("\n".join(uris))

        def ours():
            empty(files)
            # A service of its own: the operations of the run before are not its load.
            with Service() as service:
                specs = service.specs((uri, f"{files}/{number}")
                                      for number, uri in enumerate(uris))
                service.warm_up(uris[0], f"{folder}/first")
                cost = service.cost(*(specs[first:first + wanted.batch]
                                      for first in range(0, len(specs), wanted.batch)))
            check(files)
            return cost

        def aria2c():
            empty(files)
            cost = run("aria2c", "-q", "-j16", "-x1", "--file-allocation=none",
                       "--auto-file-renaming=false", "--no-conf", f"-i{folder}/uris",
                       f"-d{files}")
            check(files)
            return cost

        def check(where):
            found = [entry.stat().st_size for entry in os.scandir(where)]
            if found != [wanted.kib * 1024] * wanted.count:
                raise RuntimeError(f"{len(found)} files, not all of them whole")

        compare(f"{wanted.count} x {wanted.kib} KiB", wanted.repeat, ours, aria2c, "aria2c")
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
