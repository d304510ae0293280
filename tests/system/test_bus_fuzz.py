# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever anybody sends: every member with random arguments of right types and of wrong ones."""

import contextlib
import os
import shutil
import unittest

from gi.repository import GLib

from harness.bodies import Body
from harness.callers import Caller, CallError, SystemBus, SystemDaemon
from harness.daemon import FINAL, NAME, PATH, is_sanitized
from harness.servers import FaultyServer, sending
from harness.wait import wait_until

ALICE, BOB = 1, 2
N_CALLS = 20_000
N_ROUNDS = 4
N_OPERATIONS = 5
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
# What grows that much is lost, not cached; sanitizers keep what was freed.
MAX_GROWTH_KIB = 16 * 1024
# Those that have nothing to do, with all they have opened.
SOONER_THAN_WORKERS_LEAVE_SECONDS = 5
# MaxActivePerHost
MAX_KEPT_CONNECTIONS = 6


def read_descriptors(pid):
    """What each is; none where the process has ended."""
    links = []
    # One may be closed in between, or the process end.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                links.append(os.readlink(f"/proc/{pid}/fd/{name}"))
    return links


def count_held(pid):
    """Descriptors of a worker, but for each connection that it keeps for the next transfer, as many
    as may be of one host, and has open twice."""
    links = read_descriptors(pid)
    n_sockets = sum(link.startswith("socket:") for link in links)
    return len(links) - min(n_sockets, 1 + 2 * MAX_KEPT_CONNECTIONS)


@unittest.skipIf(os.geteuid() != 0, "needs root, for processes of other users")
class Fuzz(unittest.TestCase):
    def setUp(self):
        self.bus = self.enterContext(SystemBus())
        self.server = self.enterContext(FaultyServer())
        self.daemon = self.enterContext(SystemDaemon(
            self.bus, environment={"G_DEBUG": "fatal-criticals"}))
        self.server.serve("/file", sending(Body(10_000)))
        self.alice = self.enterContext(Caller(self.bus, ALICE))

    def create(self, number):
        options = {"application-id": GLib.Variant("s", f"fuzz-{number}"),
                   "overwrite": GLib.Variant("s", "replace")}
        return self.alice.call(PATH, "Manager", "CreateDownload", "(ssa{sv})",
                               (self.server.uri("/file"), f"{self.alice.folder}/{number}", options))[0]

    def operations(self):
        objects = self.alice.call(PATH, OBJECT_MANAGER, "GetManagedObjects")[0]
        return [path for path in objects if "/operations/" in path]

    def remove_all(self):
        for path in self.operations():
            try:
                self.alice.call(path, "Operation", "Cancel")
            except CallError:
                pass
        for path in self.operations():
            wait_until(lambda p=path: self.alice.call(
                p, PROPERTIES, "Get", "(ss)", (f"{NAME}.Operation", "Status"))[0] in FINAL,
                f"{path} has ended")
            self.alice.call(path, "Operation", "Acknowledge")

    def flood(self, seed, count):
        """By a user with operations, by one without and by a sandbox; all leave when they have done."""
        paths = [self.create(number) for number in range(N_OPERATIONS)]
        paths += [PATH, f"{PATH}/operations", f"{PATH}/groups/x", f"{PATH}/operations/nonsense"]
        sandbox = "org.example.App" if shutil.which("bwrap") else None
        counts = self.alice.flood(seed, count // 2, paths)
        with Caller(self.bus, BOB) as bob, Caller(self.bus, ALICE, sandbox) as app:
            counts.update(bob.flood(seed + 1, count // 4, paths))
            counts.update(app.flood(seed + 2, count // 4, paths))
        self.remove_all()
        return counts

    def n_descriptors(self):
        """Of the daemon, and of the worker that has most."""
        return (len(read_descriptors(self.daemon.process.pid)),
                max(map(count_held, self.daemon.workers()), default=0))

    def has_more_descriptors(self, before):
        return any(now > earlier + 1 for now, earlier in zip(self.n_descriptors(), before))

    def memory_kib(self):
        with open(f"/proc/{self.daemon.process.pid}/status", encoding="utf-8") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def test_no_call_does_harm(self):
        pid = self.daemon.pid()
        self.flood(0, N_CALLS // 10)
        before, memory = self.n_descriptors(), self.memory_kib()
        names = set()
        for number in range(N_ROUNDS):
            names |= self.flood(3 * number + 3, N_CALLS // N_ROUNDS).keys()
            self.assertEqual(self.daemon.pid(), pid, self.daemon.log()[-5000:])
        for name in names:
            self.assertTrue(name == "" or name.startswith((f"{NAME}.Error.",
                                                           "org.freedesktop.DBus.Error.")), name)
        self.assertIn("", names)
        self.assertIn(f"{NAME}.Error.InvalidArgument", names)
        wait_until(lambda: not self.has_more_descriptors(before),
                   f"no more than {before} descriptors, {self.n_descriptors()} are open",
                   SOONER_THAN_WORKERS_LEAVE_SECONDS)
        if not is_sanitized():
            self.assertLess(self.memory_kib() - memory, MAX_GROWTH_KIB)
        self.assertEqual(self.daemon.terminate(), 0)
        for word in ("CRITICAL", "Sanitizer", "runtime error"):
            self.assertNotIn(word, self.daemon.log())
        self.assertNotRegex(self.daemon.log(), r"Worker \d+ (was ended by signal|ended with status)")


if __name__ == "__main__":
    unittest.main()
