# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every measurement here is made of: the service in its own folders, other programs run
beside it, and ratios of one to the other taken in pairs, so that a busy machine slows both."""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))

from gi.repository import Gio, GLib  # noqa: E402

from harness.bus import Bus  # noqa: E402
from harness.certificates import Certificates  # noqa: E402
from harness.daemon import NAME, PATH, Daemon  # noqa: E402
from harness.servers import Nginx  # noqa: E402

MIB = 1024 * 1024
V = GLib.Variant
STATE_FOLDER = os.environ.get("BGT_BENCH_STATE", "/var/tmp")  # a disk: else nothing is durable
if os.path.isdir("/dev/shm"):
    tempfile.tempdir = "/dev/shm"  # what servers send comes from memory
TICKS = os.sysconf("SC_CLK_TCK")


def options(description, repeat, **more):
    """The command line: --repeat, --folder, and @more, names with default values."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--repeat", type=int, default=repeat)
    parser.add_argument("--folder", default="/dev/shm", help="where files arrive")
    for name, default in more.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    return parser.parse_args()


def spare_folder(inside):
    return tempfile.mkdtemp(prefix="bgt-bench-", dir=inside)


def random_file(path, size):
    with open(path, "wb") as file:
        while size > 0:
            size -= file.write(os.urandom(min(size, MIB)))


def empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)


def settle():
    """What the run before has left to write is not the next one's to pay for."""
    os.sync()


class Cost:
    """Seconds of wall and of CPU (user and system)."""

    def __init__(self, wall, cpu):
        self.wall = wall
        self.cpu = cpu


def run(*command, **environment):
    """The Cost of another program."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                               env={**os.environ, **environment})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return Cost(wall, usage.ru_utime + usage.ru_stime)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid, field="VmHWM"):
    """MiB that the process holds (VmRSS), or has held at most (VmHWM)."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {field}")


class DaemonOnDisk:
    """A daemon on the bus that is started for it, with its state on a disk."""

    def __init__(self, bus, make_daemon):
        self.bus = bus
        self.bus.start()
        self.daemon = make_daemon(bus)
        self.daemon.state = spare_folder(STATE_FOLDER)
        # Not --verbose: writing a log is not what is measured.
        command = self.daemon.command
        self.daemon.command = lambda: [word for word in command() if word != "--verbose"]

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.daemon.stop()
        shutil.rmtree(self.daemon.state, ignore_errors=True)
        self.bus.stop()

    def start(self):
        self.daemon.start()


class Service(DaemonOnDisk):
    """One without limits, whose finished operations are counted."""

    def __init__(self, ca_file=None, **transfers):
        unlimited = {"MaxOperationsPerApplication": "100000", "MaxOperationsPerUser": "100000",
                     "MaxActive": "32", "MaxActivePerApplication": "32", "MaxActivePerHost": "16",
                     **{name: str(value) for name, value in transfers.items()}}
        settings = {"Transfers": unlimited}
        if ca_file:
            settings["Security"] = {"TlsCaFile": ca_file}
        super().__init__(Bus(), lambda bus: Daemon(bus, settings))
        self.n_finished = 0
        self.n_completed = 0
        self.subscription = None

    def start(self):
        super().start()
        if self.subscription is None:
            self.subscription = self.daemon.connection.signal_subscribe(
                None, f"{NAME}.Operation", "Finished", None, None, Gio.DBusSignalFlags.NONE,
                self._on_finished)

    def _on_finished(self, _connection, _sender, _path, _interface, _name, arguments):
        self.n_finished += 1
        self.n_completed += arguments.unpack()[0] == "completed"

    def pids(self):
        return [self.daemon.process.pid, *self.daemon.workers()]

    def cpu(self):
        return sum(map(cpu_seconds, self.pids()))

    def specs(self, pairs, **options):
        """@pairs: (URI, destination). @options: GLib.Variants."""
        return [{"kind": V("s", "download"), "uri": V("s", uri), "destination": V("s", path),
                 "start": V("b", True), **options} for uri, path in pairs]

    def create(self, specs):
        return self.daemon.call(PATH, "Manager", "CreateOperations", V("(aa{sv})", (specs,)))[0]

    def wait_for_finished(self, count):
        while self.n_finished < count:
            GLib.MainContext.default().iteration(True)
        if self.n_completed != count:
            raise RuntimeError(f"only {self.n_completed} of {count} are completed")

    def cost(self, *batches):
        """Of daemon and worker, from the call that creates the first of @batches of specs until
        the last operation is finished."""
        self.n_finished = self.n_completed = 0
        cpu = self.cpu()
        start = time.monotonic()
        for batch in batches:
            self.create(batch)
        self.wait_for_finished(sum(map(len, batches)))
        wall = time.monotonic() - start
        return Cost(wall, self.cpu() - cpu)

    def warm_up(self, uri, path):
        """A worker is there afterwards, as it is while anything goes on."""
        self.cost(self.specs([(uri, path)]))
        os.unlink(path)


def compare(title, repeat, ours, peer, peer_name):
    """Runs both in turn, @repeat times, and prints medians and the median of the ratios."""
    pairs = []
    for number in range(repeat):
        # Who comes second may find caches warm.
        both = {}
        for name, measure in ((1, ours), (0, peer)) if number % 2 else ((0, peer), (1, ours)):
            settle()
            both[name] = measure()
        pairs.append((both[1], both[0]))
    for kind in ("wall", "cpu"):
        values = [(getattr(a, kind), getattr(b, kind)) for a, b in pairs]
        ratios = [a / max(b, 0.001) for a, b in values]
        print(f"{title}: {kind}: ours {statistics.median(a for a, _ in values):.3f} s, "
              f"{peer_name} {statistics.median(b for _, b in values):.3f} s, ratio "
              f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
              flush=True)


__all__ = ["MIB", "PATH", "STATE_FOLDER", "V", "Certificates", "Cost", "Nginx", "Service", "compare", "cpu_seconds",
           "empty", "memory", "options", "random_file", "run", "settle", "spare_folder",
           "statistics"]
