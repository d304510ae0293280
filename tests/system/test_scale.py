#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many transfers: who is first, who waits and why, and that the service answers meanwhile."""

import hashlib
import threading
import time
import unittest

from gi.repository import Gio, GLib

from harness.call_times import CallTimes
from harness.daemon import NAME, PATH
from harness.servers import Body, FaultyServer, Nginx, sending
from harness.service import ServiceTest
from harness.signals import Signals
from harness.wait import wait_until

V = GLib.Variant
OPERATION = f"{NAME}.Operation"
MIB = 1024 * 1024
# A server that holds back its answer must not be taken for one that has stalled.
PATIENT = {"ResponseTimeoutSeconds": "600"}


def is_moving(values):
    return values["Status"] == "running" and not values["BlockedBy"]


class Turns(ServiceTest):
    """Servers that hold everything until it is let go, and a limit of one kind."""

    def setUp(self):
        self.release = threading.Event()
        self.server = self.enterContext(FaultyServer())
        self.serve(self.server)

    def serve(self, server):
        for number in range(12):
            server.serve(f"/{number}", sending(Body(1000), hold=(500, self.release)))

    def tearDown(self):
        self.release.set()
        super().tearDown()

    def start(self, number, server=None, **options):
        uri = (server or self.server).uri(f"/{number}")
        return self.create(uri, start=True, **options)

    def wait_for_reason(self, path, status, *reasons):
        def shows():
            values = self.daemon.get_all(path)
            return (values["Status"], values["BlockedBy"]) == (status, list(reasons))
        wait_until(shows, f"{path} is {status} with {reasons}")

    def order_of_requests(self, *servers):
        return [request.path for server in servers or [self.server] for request in server.heads()]


class MachineLimit(Turns):
    SETTINGS = {"Transfers": {"MaxActive": "1", **PATIENT}}

    def test_priority_and_then_age_decide_who_is_next(self):
        first = self.start(0, priority="high")
        self.server.wait_for_requests(1)
        waiting = {"default-old": self.start(1), "low": self.start(2, priority="low"),
                   "high-old": self.start(3, priority="high"),
                   "high-new": self.start(4, priority="high"), "default-new": self.start(5)}
        for path in waiting.values():
            self.wait_for_reason(path, "idle", "machine-limit")
        # One that waits may be moved up, and its age counts from its start.
        self.daemon.set(waiting["default-new"], "Priority", V("s", "high"))
        self.release.set()
        for path in [first, *waiting.values()]:
            self.daemon.wait_for_status(path, "completed")
        self.assertEqual(self.order_of_requests(), ["/0", "/3", "/4", "/5", "/1", "/2"])

    def test_what_is_more_urgent_takes_the_turn_of_what_is_less(self):
        first = self.start(0)
        self.wait_for_reason(first, "running")
        self.server.wait_for_requests(1, "/0")
        urgent = self.start(1, priority="high")
        self.wait_for_reason(urgent, "running")
        self.wait_for_reason(first, "idle", "machine-limit")
        self.server.wait_for_requests(1, "/1")
        self.release.set()
        for path in (first, urgent):
            self.daemon.wait_for_status(path, "completed")

    def test_a_paused_one_gives_its_turn_away_and_comes_back(self):
        first = self.start(0)
        self.server.wait_for_requests(1, "/0")
        second = self.start(1)
        self.wait_for_reason(second, "idle", "machine-limit")
        self.daemon.call(first, "Operation", "Pause")
        self.wait_for_reason(second, "running")
        self.wait_for_reason(first, "paused-by-application", "paused")
        self.daemon.call(first, "Operation", "Resume")
        self.wait_for_reason(first, "idle", "machine-limit")
        self.release.set()
        for path in (first, second):
            self.daemon.wait_for_status(path, "completed")

    def test_an_end_makes_room(self):
        first, second = self.start(0), self.start(1)
        self.wait_for_reason(second, "idle", "machine-limit")
        self.daemon.call(first, "Operation", "Cancel")
        self.wait_for_reason(second, "running")

    def test_what_waits_for_a_retry_holds_up_nobody(self):
        self.server.serve("/busy", b"HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\n"
                                   b"Content-Length: 0\r\n\r\n")
        busy = self.start("busy")
        self.wait_for_reason(busy, "running", "retry-delay")
        delay = self.daemon.get(busy, "NextAttempt") / 1e6 - time.time()
        self.assertTrue(3500 < delay <= 3601, delay)
        self.release.set()
        self.daemon.wait_for_status(self.start(1), "completed")
        self.wait_for_reason(busy, "running", "retry-delay")

    def test_what_may_start_later_holds_up_nobody(self):
        later = int((time.time() + 3600) * 1e6)
        early = self.start(0, not_before=V("x", later))
        self.wait_for_reason(early, "idle", "not-before")
        self.assertEqual(self.daemon.get(early, "NextAttempt"), later)
        self.release.set()
        self.daemon.wait_for_status(self.start(1), "completed")


class NotBefore(Turns):
    def test_it_starts_when_it_may(self):
        moment = int((time.time() + 3) * 1e6)
        path = self.start(0, not_before=V("x", moment))
        self.assertEqual(self.order_of_requests(), [])
        self.server.wait_for_requests(1)
        self.assertGreaterEqual(time.time() * 1e6, moment)
        self.wait_for_reason(path, "running")

    def test_a_deadline_ends_it(self):
        for number, options in enumerate(({}, {"not_before": V("x", 2 ** 60)})):
            path = self.start(number, deadline=V("x", int((time.time() + 0.5) * 1e6)), **options)
            values = self.daemon.wait_for_status(path, "error")
            self.assertEqual(values["WebErrorStatus"], "timeout")


class HostLimit(Turns):
    SETTINGS = {"Transfers": {"MaxActivePerHost": "2", **PATIENT}}

    def test_a_host_gets_its_part_and_others_theirs(self):
        with FaultyServer() as other:
            self.serve(other)
            paths = [self.start(number) for number in range(3)]
            self.wait_for_reason(paths[2], "idle", "host-limit")
            elsewhere = self.start(0, other)
            self.wait_for_reason(elsewhere, "running")
            self.assertTrue(all(is_moving(self.daemon.get_all(path)) for path in paths[:2]))
            self.release.set()
            for path in [*paths, elsewhere]:
                self.daemon.wait_for_status(path, "completed")


class ApplicationLimit(Turns):
    SETTINGS = {"Transfers": {"MaxActivePerApplication": "2", **PATIENT}}

    def test_an_application_gets_its_part_and_others_theirs(self):
        paths = [self.start(number) for number in range(3)]
        self.wait_for_reason(paths[2], "idle", "application-limit")
        other = self.start(3, application_id="org.example.Other")
        self.wait_for_reason(other, "running")

    def test_all_that_is_full_is_named(self):
        self.daemon.configure({"Transfers": {"MaxActive": "1", "MaxActivePerApplication": "1",
                                             "MaxActivePerHost": "1"}})
        self.daemon.reload()
        wait_until(lambda: "read again" in self.daemon.log(), "the configuration is read")
        self.start(0)
        path = self.start(1)
        self.wait_for_reason(path, "idle", "machine-limit", "application-limit", "host-limit")
        self.daemon.configure({})
        self.daemon.reload()
        self.wait_for_reason(path, "running")
        self.daemon.configure(self.SETTINGS)
        self.daemon.reload()
        wait_until(lambda: self.daemon.log().count("read again") == 3, "the configuration is read")


class Many(ServiceTest):
    SETTINGS = {"Transfers": {"MaxActivePerHost": "32", "MaxActivePerApplication": "32", **PATIENT}}

    def spec(self, uri):
        return {"kind": V("s", "download"), "uri": V("s", uri), "start": V("b", True),
                "destination": V("s", self.new_destination())}

    def create_all(self, uris):
        return self.daemon.call(PATH, "Manager", "CreateOperations",
                                V("(aa{sv})", ([self.spec(uri) for uri in uris],)))[0]

    def test_two_hundred_at_once(self):
        if not Nginx.is_installed():
            self.skipTest("no nginx")
        with Nginx() as nginx, Signals(self.bus.connect()) as signals:
            bodies = [Body(1000 + 997 * number, seed=number) for number in range(200)]
            for number, body in enumerate(bodies):
                nginx.add(f"{number}", body)
            paths = self.create_all(nginx.uri(f"/{number}") for number in range(200))
            signals.wait_for(lambda: len(signals.of("Finished")) >= 200, "all are finished")
            self.daemon.operations()
            self.assertEqual(sorted(signal.path for signal in signals.of("Finished")),
                             sorted(paths))
            self.assertEqual({signal.arguments for signal in signals.of("Finished")},
                             {("completed",)})
            for path, body in zip(paths, bodies):
                with open(self.daemon.get(path, "Destination", "Download"), "rb") as file:
                    self.assertEqual(hashlib.sha256(file.read()).hexdigest(), body.sha256)

    def test_it_answers_while_thirty_two_transfers_run_and_a_server_stalls(self):
        release = threading.Event()
        self.server.serve("/stalled", sending(Body(MIB), hold=(1000, release)))
        self.server.serve("/running", sending(Body(64 * MIB)))
        rate = {"max-rate": V("t", 2 * MIB)}
        uris = [self.server.uri("/stalled")] * 4 + [self.server.uri("/running")] * 28
        specs = [{**self.spec(uri), **rate} for uri in uris]
        paths = self.daemon.call(PATH, "Manager", "CreateOperations", V("(aa{sv})", (specs,)))[0]
        for path in paths:
            self.daemon.wait_for_bytes(path, 1)
        times = CallTimes(
            self.daemon.process.pid,
            lambda: self.daemon.connection.call_sync(
                NAME, PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", None, None,
                Gio.DBusCallFlags.NONE, -1, None),
            lambda: self.daemon.bus_call("GetId"))
        times.measure(200)
        values = [interfaces[OPERATION] for interfaces in self.daemon.operations().values()]
        self.assertEqual(sum(is_moving(value) for value in values), 32)
        # 20 ms is what is promised of a machine that does nothing else; the worst of them may have
        # waited for the test's own servers.
        times.check(self, 0.02, 0.1, n_slower=4)
        release.set()


if __name__ == "__main__":
    unittest.main()
