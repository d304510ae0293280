#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A service that has many operations in its store: the time until it answers, its memory, and how
long GetManagedObjects takes, of all of them and of 32 that move.

    stored.py [--count 10000]
"""

import os
import shutil
import statistics
import sys
import time

from measure import MIB, PATH, V, Nginx, Service, memory, options, random_file, spare_folder


def time_of_objects(service, repeat):
    times = []
    for _ in range(repeat):
        start = time.monotonic()
        # Not unpacked: that is the client's own time.
        reply = service.daemon.connection.call_sync(
            service.daemon.owner(), PATH, "org.freedesktop.DBus.ObjectManager",
            "GetManagedObjects", None, None, 0, -1, None)
        times.append(1000 * (time.monotonic() - start))
        del reply
    return times


def wait_for_rest(service):
    """Until each operation has its file and the journal is empty."""
    while os.path.getsize(f"{service.daemon.state}/operations/journal") > 0:
        time.sleep(0.1)


def say(what, times):
    print(f"{what}: median {statistics.median(times):.1f} ms, longest {max(times):.1f} ms",
          flush=True)


def measure_stored(wanted):
    with Service() as service:
        folder = spare_folder(wanted.folder)
        empty_size = memory(service.daemon.process.pid, "VmRSS")
        specs = service.specs((f"http://127.0.0.1:9/{n}", f"{folder}/{n}")
                              for n in range(wanted.count))
        for spec in specs:
            spec["start"] = V("b", False)
        start = time.monotonic()
        for first in range(0, wanted.count, 1000):
            service.create(specs[first:first + 1000])
        print(f"{wanted.count} operations created in {time.monotonic() - start:.2f} s")
        wait_for_rest(service)
        starts = []
        for _ in range(wanted.repeat):
            service.daemon.terminate()
            start = time.monotonic()
            service.start()
            service.daemon.get(PATH, "Version", "Manager")
            starts.append(1000 * (time.monotonic() - start))
        size = memory(service.daemon.process.pid, "VmRSS")
        say("start until the first answer", starts)
        print(f"memory {size:.1f} MiB, {1024 * (size - empty_size) / wanted.count:.1f} KiB each")
        say("GetManagedObjects of all", time_of_objects(service, 10))
        print(f"memory after it {memory(service.daemon.process.pid, 'VmRSS'):.1f} MiB, "
              f"at most {memory(service.daemon.process.pid):.1f} MiB")
        shutil.rmtree(folder)


def measure_moving(wanted):
    with Nginx() as nginx, Service(MaxActivePerHost=32) as service:
        folder = spare_folder(wanted.folder)
        random_file(f"{nginx.files}/big", 64 * MIB)
        service.create(service.specs(((nginx.uri("/slow/big"), f"{folder}/{n}")
                                      for n in range(32))))
        time_of_objects(service, 10)
        say("GetManagedObjects while 32 transfers run", time_of_objects(service, 200))
        shutil.rmtree(folder)


def main():
    wanted = options(__doc__.splitlines()[0], 5, count=10000)
    measure_stored(wanted)
    measure_moving(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
