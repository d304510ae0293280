# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rates: of one download and of all of them, kept without waking the machine for it."""

import os
import shutil
import tempfile
import time
import unittest
import uuid

from gi.repository import GLib

from harness.servers import Body, FaultyServer, paced, sending
from harness.service import ServiceTest
from harness.worker_host import WorkerHost

KIB = 1024
MIB = 1024 * KIB
# At which four MiB take longer than any test waits.
SLOWER_THAN_TESTS = 8 * KIB
WINDOW_SECONDS = 3
# How far from the rate a window of three seconds may be. The promise is 5 %, which tests/bench/rates.py
# measures on a machine of its own; here others may run beside, and what is late counts as too slow.
ABOVE = 0.10
BELOW = 0.35


class RatesTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="bgt-rates-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.server = FaultyServer()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.body = Body(64 * MIB)
        self.server.serve("/file", sending(self.body))
        self.host = WorkerHost()
        self.host.launch()
        self.addCleanup(self.close_host)
        self.guids = []

    def close_host(self):
        self.assertEqual(self.host.close(), 0, self.host.messages())
        self.host.log.close()

    def start(self, **more):
        guid = str(uuid.uuid4()).replace("-", "_")
        self.guids.append(guid)
        self.host.start(guid, {"uri": self.server.uri("/file"),
                               "destination": f"{self.folder}/{guid}", **more})
        return guid

    def samples(self, guid):
        return [(when, received) for when, received, _ in self.host.job(guid).progress]

    def wait_samples(self, guid, count):
        """So many more reports, four a second."""
        wanted = len(self.samples(guid)) + count
        self.host.wait(lambda: len(self.samples(guid)) >= wanted, f"{wanted} reports")

    def assert_near(self, measured, rate):
        self.assertLess(measured, rate * (1 + ABOVE))
        self.assertGreater(measured, rate * (1 - BELOW))

    def assert_rate(self, samples, rate):
        """@rate in every window of three seconds."""
        windows = 0
        for number, (begin, before) in enumerate(samples):
            for when, received in samples[number + 1:]:
                if when - begin >= WINDOW_SECONDS:
                    measured = (received - before) / (when - begin)
                    self.assert_near(measured, rate)
                    windows += 1
                    break
        self.assertGreater(windows, 2)


class Rates(RatesTest):
    def test_rate_of_a_download_is_kept(self):
        rates = {self.start(**{"max-rate": rate}): rate for rate in (100 * KIB, 8 * MIB)}
        first = {}
        for guid in rates:
            self.host.wait(lambda guid=guid: len(self.samples(guid)) >= 2, "two reports")
            first[guid] = len(self.samples(guid)) - 1
        for guid, rate in rates.items():
            self.host.wait(lambda guid=guid: len(self.samples(guid)) >= 18, "enough reports")
            self.assert_rate(self.samples(guid)[first[guid]:], rate)

    def test_rate_changes_while_it_runs(self):
        guid = self.start(**{"max-rate": 256 * KIB})
        self.wait_samples(guid, 2)
        self.host.change(guid, {"max-rate": 2 * MIB})
        self.wait_samples(guid, 1)
        first = len(self.samples(guid)) - 1
        self.wait_samples(guid, 15)
        self.assert_rate(self.samples(guid)[first:], 2 * MIB)
        self.host.change(guid, {"max-rate": 0})
        self.assertEqual(self.host.wait_finished(guid), "")

    def test_rate_of_the_machine_is_shared(self):
        self.host.configure({"max-rate": 4 * MIB})
        guids = [self.start() for _ in range(4)]
        slow = self.start(**{"max-rate": 256 * KIB})
        for guid in (*guids, slow):
            self.host.wait(lambda guid=guid: len(self.samples(guid)) >= 2, "reports of all")
        begin = {guid: self.samples(guid)[-1] for guid in (*guids, slow)}
        self.wait_samples(guids[0], 13)
        rates = {}
        for guid, (when, received) in begin.items():
            now, last = self.samples(guid)[-1]
            rates[guid] = (last - received) / (now - when)
        self.assert_near(sum(rates.values()), 4 * MIB)
        self.assert_near(rates[slow], 256 * KIB)
        for guid in guids:
            self.assert_near(rates[guid], 960 * KIB)

    def test_rate_holds_for_all_connections_together(self):
        guid = self.start(**{"max-rate": 4 * MIB, "random-access": True})
        self.wait_samples(guid, 3)
        first = len(self.samples(guid)) - 1
        self.wait_samples(guid, 15)
        self.assert_rate(self.samples(guid)[first:], 4 * MIB)

    def test_what_a_slow_server_leaves_of_the_machines_rate_is_for_others(self):
        self.server.serve("/slow", paced(self.body, 256 * KIB))
        self.host.configure({"max-rate": 4 * MIB})
        slow = self.start(uri=self.server.uri("/slow"))
        fast = self.start()
        for guid in (slow, fast):
            self.host.wait(lambda guid=guid: len(self.samples(guid)) >= 10, "reports of all")
        first = len(self.samples(fast)) - 1
        self.wait_samples(fast, 15)
        self.assert_rate(self.samples(fast)[first:], 4 * MIB - 256 * KIB * 1.5)

    def test_keeping_it_wakes_up_ten_times_a_second_at_most(self):
        for rate in (64 * KIB, MIB):
            with self.subTest(rate=rate):
                guid = self.start(**{"max-rate": rate})
                self.wait_samples(guid, 4)
                begin, before = time.monotonic(), self.host.count_wakeups()
                self.wait_samples(guid, 12)
                elapsed = time.monotonic() - begin
                self.assertLessEqual((self.host.count_wakeups() - before) / elapsed, 10.5)
                self.host.stop(guid)


class Service(ServiceTest):
    """What the daemon has to do with it."""

    def test_rates_change_through_the_service(self):
        self.server.serve("/file", sending(Body(4 * MIB)))
        path = self.create("/file", start=True, max_rate=GLib.Variant("t", SLOWER_THAN_TESTS))
        self.daemon.wait_for_bytes(path, 1)
        self.assertEqual(self.daemon.get(path, "MaxRate"), SLOWER_THAN_TESTS)
        self.daemon.set(path, "MaxRate", GLib.Variant("t", 0))
        self.daemon.wait_for_status(path, "completed")

    def test_rate_of_the_machine_changes_with_the_configuration(self):
        self.server.serve("/file", sending(Body(4 * MIB)))
        self.daemon.configure({"Transfers": {"MaxRate": SLOWER_THAN_TESTS}})
        self.daemon.reload()
        path = self.create("/file", start=True)
        self.daemon.wait_for_bytes(path, 1)
        self.daemon.wait_for_status(path, "running")
        self.daemon.configure({"Transfers": {"MaxRate": 0}})
        self.daemon.reload()
        self.daemon.wait_for_status(path, "completed")

    def test_not_before_is_waited_for(self):
        self.server.serve("/later", sending(Body(KIB)))
        start = int((time.time() + 3) * 1e6)
        path = self.create("/later", start=True, not_before=GLib.Variant("x", start))
        self.assertEqual(self.daemon.get(path, "BlockedBy"), ["not-before"])
        self.assertEqual(self.daemon.get(path, "NextAttempt"), start)
        self.daemon.wait_for_status(path, "completed")
        self.assertGreaterEqual(self.daemon.get(path, "Finished"), start)
        self.assertEqual(len(self.server.heads("/later")), 1)

    def test_deadline_ends_what_is_not_finished(self):
        self.server.serve("/stuck", sending(Body(MIB), cut_at=KIB, cut="hang"))
        deadline = int((time.time() + 1) * 1e6)
        path = self.create("/stuck", start=True, deadline=GLib.Variant("x", deadline))
        values = self.daemon.wait_for_status(path, "error")
        self.assertEqual(values["WebErrorStatus"], "timeout")
        self.assertGreaterEqual(values["Finished"], deadline)

    def test_deadline_ends_what_waits_too(self):
        deadline = int((time.time() + 1) * 1e6)
        path = self.create("/stuck", start=True, deadline=GLib.Variant("x", deadline),
                           not_before=GLib.Variant("x", deadline + 10 ** 9))
        self.assertEqual(self.daemon.wait_for_status(path, "error")["WebErrorStatus"], "timeout")


if __name__ == "__main__":
    unittest.main()
