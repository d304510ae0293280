# SPDX-License-Identifier: LGPL-2.1-or-later
"""The folder of the service's state becomes full again and again while clients create, change and
remove: what they were told is what a service that was killed has when it starts again."""

import os
import random
import subprocess
import threading
import time
import unittest

from gi.repository import Gio, GLib

from harness.bus import Bus
from harness.daemon import NAME, PATH, Daemon, error_name
from harness.service_case import with_own_mounts
from harness.wait import wait_until

SEED = int(os.environ.get("BGT_TEST_SEED", "1"))
N_CLIENTS = 4
N_ROUNDS = 3
ROUND_SECONDS = 1.5
PROPERTIES = "org.freedesktop.DBus.Properties"
PRIORITIES = ("low", "default", "high")
BEHAVIORS = ("parallel", "serialized")
# What is not there; any other value of a thing is that of its property.
GONE = None


class Unanswered(Exception):
    """The service has been killed, and nobody knows whether it did it."""


class Client:
    """One connection, and what the things that it has made may be now: {path: set of values}."""

    def __init__(self, bus, number):
        self.connection = bus.connect()
        self.number = number
        self.random = random.Random(f"{SEED} {number}")
        self.operations = {}
        self.groups = {}
        self.plans = {}
        self.refusals = set()
        self.n_made = 0
        self.n_done = 0
        # What may be there although nobody was told.
        self.n_unknown = 0

    def call(self, path, interface, method, signature=None, arguments=()):
        """Its reply, or None where there was no space for it."""
        variant = GLib.Variant(signature, arguments) if signature else None
        try:
            reply = self.connection.call_sync(NAME, path, interface, method, variant, None,
                                              Gio.DBusCallFlags.NO_AUTO_START, 30_000, None)
        except GLib.Error as error:
            name = error_name(error)
            if name.startswith("org.freedesktop.DBus.Error"):
                raise Unanswered from error
            self.refusals.add((name, error.message))
            return None
        self.n_done += 1
        return reply.unpack()

    def change(self, things, path, value, *call):
        """Makes it @value by a @call."""
        before = set(things[path])
        things[path] |= {value}
        things[path] = {value} if self.call(*call) is not None else before | {value}

    def remove(self, things, path, *call):
        things[path] |= {GONE}
        if self.call(*call) is not None:
            del things[path]
        else:
            things[path] -= {GONE}

    def pick(self, things):
        return self.random.choice(list(things)) if things else None

    def create(self):
        self.n_made += 1
        name = f"{self.number}-{self.n_made}"
        size = self.random.choice((0, 1000, 20_000))
        reply = self.call(PATH, f"{NAME}.Manager", "CreateDownload", "(ssa{sv})", (
            "http://127.0.0.1:9/", f"/tmp/{name}",
            {"metadata": GLib.Variant("a{sv}", {"x": GLib.Variant("s", "a" * size)})}))
        if reply is not None:
            self.operations[reply[0]] = {"default"}

    def change_operation(self):
        path = self.pick(self.operations)
        value = self.random.choice(PRIORITIES)
        if path is not None:
            self.change(self.operations, path, value, path, PROPERTIES, "Set", "(ssv)",
                        (f"{NAME}.Operation", "Priority", GLib.Variant("s", value)))

    def remove_operation(self):
        path = self.pick(self.operations)
        if path is not None:
            self.call(path, f"{NAME}.Operation", "Cancel")
            self.remove(self.operations, path, path, f"{NAME}.Operation", "Acknowledge")

    def create_group(self):
        self.n_made += 1
        reply = self.call(PATH, f"{NAME}.Manager", "CreateGroup", "(sa{sv})", (
            f"group-{self.number}-{self.n_made}", {}))
        if reply is not None:
            self.groups[reply[0]] = {"parallel"}

    def change_group(self):
        path = self.pick(self.groups)
        value = self.random.choice(BEHAVIORS)
        if path is not None:
            self.change(self.groups, path, value, path, PROPERTIES, "Set", "(ssv)",
                        (f"{NAME}.Group", "Behavior", GLib.Variant("s", value)))

    def remove_group(self):
        path = self.pick(self.groups)
        if path is not None:
            self.remove(self.groups, path, path, f"{NAME}.Group", "Remove")

    def set_plan(self):
        uuid = f"00000000-0000-4000-8000-00000000000{self.number}"
        limit = self.random.randrange(1, 1 << 30)
        self.plans.setdefault(uuid, {GONE})
        self.change(self.plans, uuid, limit, PATH, f"{NAME}.Manager", "SetDataPlan", "(sa{sv})",
                    (uuid, {"limit": GLib.Variant("t", limit)}))

    def run(self):
        """Until the service is killed."""
        try:
            while True:
                self.random.choice([self.create] * 3 + [
                    self.change_operation, self.remove_operation, self.create_group,
                    self.change_group, self.remove_group, self.set_plan])()
        except Unanswered:
            self.n_unknown += 1


@with_own_mounts(__file__)
class FullState(unittest.TestCase):
    def setUp(self):
        self.bus = self.enterContext(Bus())
        self.daemon = Daemon(self.bus, {"Transfers": {"MaxOperationsPerApplication": "2000"}})
        self.addCleanup(self.daemon.stop)
        os.mkdir(self.daemon.state)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "x", self.daemon.state], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.daemon.state], check=True)
        self.filler = f"{self.daemon.state}/filler"
        self.daemon.start()

    def fill(self):
        try:
            with open(self.filler, "ab", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
        except OSError:
            pass

    def flood(self, clients, source):
        end = time.monotonic() + ROUND_SECONDS
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        while time.monotonic() < end:
            self.fill()
            time.sleep(source.uniform(0, 0.1))
            os.unlink(self.filler)
            time.sleep(source.uniform(0, 0.1))
        if source.random() < 0.5:
            self.fill()
        self.daemon.kill()
        for thread in threads:
            thread.join()

    def has(self):
        """({path: priority}, {path: behavior}, {UUID: limit})"""
        objects = self.daemon.call(PATH, "org.freedesktop.DBus.ObjectManager",
                                   "GetManagedObjects")[0]
        found = ({}, {})
        for path, interfaces in objects.items():
            for things, name, key in zip(found, ("Operation", "Group"), ("Priority", "Behavior")):
                if f"{NAME}.{name}" in interfaces:
                    things[path] = interfaces[f"{NAME}.{name}"][key]
        plans = self.daemon.get(PATH, "DataPlans", "Network")
        return *found, {uuid: plan["limit"] for uuid, plan in plans.items()}

    def check(self, clients):
        """What is there is what they were told, and nothing else."""
        n_others = 0
        for found, name in zip(self.has(), ("operations", "groups", "plans")):
            for client in clients:
                for path, values in getattr(client, name).items():
                    self.assertIn(found.pop(path, GONE), values, f"{path}, seed {SEED}")
            n_others += len(found)
        self.assertLessEqual(n_others, sum(client.n_unknown for client in clients))

    def test_what_was_told_is_kept(self):
        clients = [Client(self.bus, number) for number in range(N_CLIENTS)]
        source = random.Random(SEED)
        for _ in range(N_ROUNDS):
            self.flood(clients, source)
            if os.path.exists(self.filler):
                os.unlink(self.filler)
            wait_until(lambda: not self.daemon.owner(), "the bus knows that the service has gone")
            self.daemon.start()
            self.check(clients)
        refusals = set().union(*(client.refusals for client in clients))
        for name, message in refusals:
            self.assertIn(name, ("Failed", "InvalidState", "LimitExceeded"))
            if name == "Failed":
                self.assertIn("No space left", message)
        self.assertTrue(refusals)
        self.assertTrue(all(client.n_done for client in clients))


if __name__ == "__main__":
    unittest.main()
