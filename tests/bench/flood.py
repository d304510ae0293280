#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long one user's calls take while another user floods the service, against the same flood of
another service on another bus, which costs the machine as much. As root.

    flood.py [--floods churn,fat-churn,…] [--connections 8] [--window 1] [--cycles 25]

--window: how many calls each connection of the flood has under way. Each line: the median of a
cycle of calls, then median and 95 % of each, in milliseconds, and the flood's answers a second.
"""

import json
import os
import shutil
import subprocess
import sys
import time

from measure import (MIB, PATH, V, DaemonOnDisk, Nginx, options, random_file, spare_folder,
                     statistics)

from gi.repository import Gio, GLib
from harness.callers import SystemBus, SystemDaemon
from harness.daemon import NAME

ALICE, BOB = 1, 2
PROPERTIES = "org.freedesktop.DBus.Properties"
FAT_BYTES = 50_000
NOBODY = "http://127.0.0.1:9/x"
CONNECTIONS_PER_PROCESS = 10


def fat():
    return {"metadata": V("a{sv}", {"x": V("s", "a" * FAT_BYTES)})}


# A flood is a generator: it yields calls (path, interface, method, arguments), gets the answers,
# None where that was an error, and goes on for ever. @uri is a download that never ends.

def churn(_uri, folder, extra=None):
    while True:
        answer = yield (PATH, "Manager", "CreateDownload",
                        V("(ssa{sv})", (NOBODY, f"{folder}/x", extra or {})))
        if answer is not None:
            yield (answer[0], "Operation", "Cancel", None)
            yield (answer[0], "Operation", "Acknowledge", None)


def fat_churn(uri, folder):
    return churn(uri, folder, fat())


def batches(_uri, folder):
    spec = {"kind": V("s", "download"), "uri": V("s", NOBODY), "destination": V("s", f"{folder}/x")}
    while True:
        answer = yield (PATH, "Manager", "CreateOperations", V("(aa{sv})", ([spec] * 200,)))
        for path in answer[0] if answer is not None else ():
            yield (path, "Operation", "Cancel", None)
            yield (path, "Operation", "Acknowledge", None)


def groups(_uri, _folder):
    while True:
        answer = yield (PATH, "Manager", "CreateGroup",
                        V("(sa{sv})", (f"g{time.monotonic_ns()}", {})))
        if answer is not None:
            yield (answer[0], "Group", "Remove", None)


def running(uri, folder, extra=None):
    answer = None
    while answer is None:
        answer = yield (PATH, "Manager", "CreateDownload",
                        V("(ssa{sv})", (uri, f"{folder}/{time.monotonic_ns()}", extra or {})))
    yield (answer[0], "Operation", "Start", None)
    return answer[0]


def headers(uri, folder):
    path = yield from running(uri, folder)
    while True:
        yield (path, "Operation", "SetRequestHeader", V("(ss)", ("X-Flood", "a" * 1000)))
        yield (path, "Operation", "RemoveRequestHeader", V("(s)", ("X-Flood",)))


def properties(uri, folder):
    path = yield from running(uri, folder)
    while True:
        for name, value in (("Priority", V("s", "low")), ("MaxRate", V("t", 1000)),
                            ("Priority", V("s", "default")), ("MaxRate", V("t", 2000))):
            yield (path, PROPERTIES, "Set", V("(ssv)", (f"{NAME}.Operation", name, value)))


def fat_properties(uri, folder):
    path = yield from running(uri, folder, fat())
    while True:
        for rate in (1000, 2000):
            yield (path, PROPERTIES, "Set",
                   V("(ssv)", (f"{NAME}.Operation", "MaxRate", V("t", rate))))


def pauses(uri, folder):
    path = yield from running(uri, folder)
    while True:
        yield (path, "Operation", "Pause", None)
        yield (path, "Operation", "Resume", None)


def objects(_uri, folder):
    for number in range(25):
        yield (PATH, "Manager", "CreateDownload",
               V("(ssa{sv})", (NOBODY, f"{folder}/{number}", fat())))
    while True:
        yield (PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", None)


def introspection(_uri, _folder):
    while True:
        yield (PATH, "org.freedesktop.DBus.Introspectable", "Introspect", None)


def unknown(_uri, _folder):
    while True:
        yield (PATH, "Manager", "Nonsense", V("(s)", ("a" * FAT_BYTES,)))


FLOODS = {"churn": churn, "fat-churn": fat_churn, "batches": batches, "groups": groups,
          "headers": headers, "properties": properties, "fat-properties": fat_properties,
          "pauses": pauses, "objects": objects, "introspection": introspection,
          "unknown": unknown}


def connect(address):
    return Gio.DBusConnection.new_for_address_sync(
        address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
        | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)


class Chain:
    """One flood's calls, one after the other, on a connection."""

    n_calls = 0

    def __init__(self, connection, calls):
        self.connection = connection
        self.calls = calls
        self.send(next(calls))

    def send(self, call):
        path, interface, method, arguments = call
        interface = interface if "." in interface else f"{NAME}.{interface}"
        self.connection.call(NAME, path, interface, method, arguments, None,
                             Gio.DBusCallFlags.NONE, 120_000, None, self.on_answered)

    def on_answered(self, connection, result):
        Chain.n_calls += 1
        try:
            reply = connection.call_finish(result)
            answer = reply.unpack() if reply.n_children() == 1 and reply.get_size() < 20_000 else ()
        except GLib.Error:
            answer = None
        self.send(self.calls.send(answer))


def flood(address, kind, n_connections, window, uri, folder):
    """The flooding program: until its input ends."""
    calls = FLOODS[kind]
    for _ in range(int(n_connections)):
        connection = connect(address)
        for _ in range(int(window)):
            Chain(connection, calls(uri, folder))
    loop = GLib.MainLoop()
    GLib.io_add_watch(sys.stdin.fileno(), GLib.IOCondition.IN | GLib.IOCondition.HUP,
                      lambda *_: loop.quit())
    print("ready", flush=True)
    loop.run()
    print(Chain.n_calls, flush=True)
    os._exit(0)  # with calls under way


def victim(address, folder):
    """The other user's program: for each line, that many cycles."""
    connection = connect(address)
    times = {}

    def call(name, path, interface, method, arguments=None):
        interface = interface if "." in interface else f"{NAME}.{interface}"
        start = time.monotonic()
        reply = connection.call_sync(NAME, path, interface, method, arguments, None,
                                     Gio.DBusCallFlags.NONE, 120_000, None)
        times.setdefault(name, []).append(1000 * (time.monotonic() - start))
        return reply

    for line in sys.stdin:
        times.clear()
        end = time.monotonic() + 20
        for _ in range(int(line)):
            path = call("create", PATH, "Manager", "CreateDownload",
                        V("(ssa{sv})", (NOBODY, f"{folder}/mine", {}))).unpack()[0]
            call("read", path, PROPERTIES, "Get", V("(ss)", (f"{NAME}.Operation", "Status")))
            call("header", path, "Operation", "SetRequestHeader", V("(ss)", ("X-A", "b")))
            call("cancel", path, "Operation", "Cancel")
            call("acknowledge", path, "Operation", "Acknowledge")
            if time.monotonic() > end:
                break
        print(json.dumps(times), flush=True)


class Program:
    """This file, run by the user @uid."""

    def __init__(self, bus, uid, folder, *arguments):
        become = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups",
                  "--inh-caps", "-all"]
        self.process = subprocess.Popen(
            [*become, sys.executable, os.path.abspath(__file__), *map(str, arguments)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/",
            env=dict(bus.environment(), HOME=folder))

    def read(self):
        return self.process.stdout.readline()

    def ask(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return json.loads(self.read())

    def end(self):
        self.process.stdin.close()
        answer = self.read()
        self.process.stdout.close()
        self.process.wait()
        return json.loads(answer) if answer else None


class SystemService(DaemonOnDisk):
    """One on a bus of several users."""

    def __init__(self):
        super().__init__(SystemBus(), SystemDaemon)

    def call(self, connection, path, interface, method):
        interface = interface if "." in interface else f"{NAME}.{interface}"
        return connection.call_sync(NAME, path, interface, method, None, None,
                                    Gio.DBusCallFlags.NONE, 60_000, None)

    def clean(self):
        """What a flood has left, and the journal with it."""
        connection = self.bus.connect()
        self.call(connection, PATH, "Manager", "ManageAll")
        objects = None
        while objects is None or objects:
            objects = self.call(connection, PATH, "org.freedesktop.DBus.ObjectManager",
                                "GetManagedObjects").unpack()[0]
            for path in objects:
                for interface, method in (("Operation", "Cancel"), ("Operation", "Acknowledge"),
                                          ("Group", "Remove")):
                    try:
                        self.call(connection, path, interface, method)
                    except GLib.Error:
                        pass
        connection.close_sync(None)
        while os.path.getsize(f"{self.daemon.state}/operations/journal") > 0:
            time.sleep(0.1)


class Measurement:
    """One user's calls to @ours while another floods it, or @other, which is the control: there
    the same processes do the same, and all that is shared is the machine."""

    def __init__(self, wanted, ours, other, uri):
        self.wanted = wanted
        self.ours = ours
        self.other = other
        self.uri = uri
        self.folders = {uid: spare_folder("/var/tmp") for uid in (ALICE, BOB)}
        for uid, folder in self.folders.items():
            os.chown(folder, uid, uid)
        self.victim = Program(ours.bus, ALICE, self.folders[ALICE], "victim", ours.bus.address,
                              self.folders[ALICE])
        self.victim.ask(20)

    def close(self):
        self.victim.end()
        for folder in self.folders.values():
            shutil.rmtree(folder)

    def start_flood(self, service, kind):
        left, programs = self.wanted.connections, []
        while left > 0:
            n = min(left, CONNECTIONS_PER_PROCESS)
            programs.append(Program(service.bus, BOB, self.folders[BOB], "flood",
                                    service.bus.address, kind, n, self.wanted.window, self.uri,
                                    self.folders[BOB]))
            left -= n
        for program in programs:
            program.read()
        time.sleep(self.wanted.warm)
        return programs

    def run(self, service=None, kind=None):
        """The victim's times and the flood's calls a second."""
        start = time.monotonic()
        programs = self.start_flood(service, kind) if kind else []
        times = self.victim.ask(self.wanted.cycles)
        counts = [program.end() for program in programs]
        rate = sum(counts) / (time.monotonic() - start)
        if kind:
            service.clean()
        return times, rate


def describe(times):
    def one(values):
        values = sorted(values)
        return f"{statistics.median(values):6.2f} {values[int(len(values) * 0.95)]:6.2f}"
    return "  ".join(f"{name} {one(values)}" for name, values in times.items())


def cycle(times):
    return statistics.median(map(sum, zip(*times.values())))


def measure_flood(measurement, name, repeat):
    kinds = {"alone": (), "control": (measurement.other, name), "flood": (measurement.ours, name)}
    results = {kind: {} for kind in kinds}
    ratios = {"control": [], "alone": []}
    for _ in range(repeat):
        cycles = {}
        for kind, arguments in kinds.items():
            times, rate = measurement.run(*arguments)
            for call, values in times.items():
                results[kind].setdefault(call, []).extend(values)
            results[kind].setdefault("rate", []).append(rate)
            cycles[kind] = cycle(times)
        for kind, values in ratios.items():
            values.append(cycles["flood"] / cycles[kind])
    for kind, times in results.items():
        rate = statistics.median(times.pop("rate"))
        print(f"{kind:8} cycle {cycle(times):7.2f} | {describe(times)} | {rate:6.0f}/s", flush=True)
    print(f"{name}: flood / control {statistics.median(ratios['control']):.2f}, "
          f"flood / alone {statistics.median(ratios['alone']):.2f}\n", flush=True)


def main():
    if sys.argv[1:2] == ["flood"]:
        return flood(*sys.argv[2:])
    if sys.argv[1:2] == ["victim"]:
        return victim(*sys.argv[2:])
    wanted = options(__doc__.splitlines()[0], 5, floods=",".join(FLOODS), connections=8, window=1,
                     cycles=25, warm=1.0)
    with Nginx() as nginx, SystemService() as ours, SystemService() as other:
        random_file(f"{nginx.files}/big", 64 * MIB)
        measurement = Measurement(wanted, ours, other, nginx.uri("/slow/big"))
        for name in wanted.floods.split(","):
            measure_flood(measurement, name, wanted.repeat)
        measurement.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
