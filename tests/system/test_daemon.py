# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of the service: its command line, its signals, who may run beside it, and its deaths."""

import os
import random
import signal
import subprocess
import threading
import unittest

from gi.repository import GLib

from harness.daemon import PATH, Daemon, is_running, program
from harness.servers import Body, sending
from harness.service_case import ServiceCase
from harness.wait import DEADLINE_SECONDS, wait_until

MIB = 1024 * 1024
CHECKPOINT_BYTES = 1 * MIB
# Buffers between the server's socket and the disk, those of the kernel included.
IN_FLIGHT_BYTES = 8 * MIB
N_KILLS = 20


def run(*arguments, **environment):
    return subprocess.run([program("src/daemon/background-transferd"), *arguments],
                          env=dict(os.environ, **environment), capture_output=True, text=True,
                          timeout=DEADLINE_SECONDS, check=False)


class CommandLine(unittest.TestCase):
    def test_version(self):
        result = run("--version")
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, r"^background-transferd \d+\.\d+\.\d+\n$")

    def test_wrong_usage_is_named(self):
        for arguments in (["--nonsense"], ["argument"], ["--idle-exit", "soon"],
                          ["--idle-exit=-1"], ["--config"]):
            with self.subTest(arguments=arguments):
                result = run(*arguments)
                self.assertEqual(result.returncode, 2)
                self.assertIn(arguments[0].split("=")[0].split("-")[-1], result.stderr)

    def test_unreachable_bus_is_an_error(self):
        result = run("--session", "--state-dir", "/nonexistent/state",
                     DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent/bus")
        self.assertEqual(result.returncode, 1)
        self.assertIn("session bus cannot be reached", result.stderr)


class Configuration(ServiceCase):
    def check(self, text):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)
        return run("--check-config", "--config", self.path)

    def test_good_one_passes_in_silence(self):
        result = self.check("[Transfers]\nMaxActive=3   # enough\n")
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_every_problem_is_shown(self):
        result = self.check("[Transfers]\nMaxActive=many\nMaxFun=1\n[Colours]\nRed=1\n")
        self.assertEqual(result.returncode, 1)
        for word in (self.path, "[Transfers] MaxActive", "MaxFun", "[Colours]"):
            self.assertIn(word, result.stderr)

    def test_missing_file_is_an_error(self):
        self.assertEqual(run("--check-config", "--config", "/nonexistent/file").returncode, 1)

    def test_hangup_applies_new_limits(self):
        body = Body(4 * MIB)
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.server.serve("/file", [sending(body, hold=(MIB, gate))])
        operations = [self.download(destination=f"{self.folder}/{i}") for i in range(3)]
        for operation in operations:
            self.daemon.wait_for_status(operation, "running")

        self.daemon.configure({"Transfers": {"MaxActivePerHost": "1"}})
        self.daemon.reload()
        for operation in operations[1:]:
            self.daemon.wait_for_status(operation, "idle")
            self.assertEqual(self.daemon.get(operation, "BlockedBy"), ["host-limit"])
        gate.set()
        for operation in operations:
            self.daemon.wait_for_status(operation, "completed")


class Company(ServiceCase):
    def fail_to_start(self, daemon):
        process = subprocess.run(daemon.command(), env=daemon.environment, capture_output=True,
                                 text=True, timeout=DEADLINE_SECONDS, check=False)
        self.assertEqual(process.returncode, 1)
        self.assertNotIn("WARNING", process.stderr)
        return process.stderr

    def test_second_one_on_the_bus_leaves(self):
        other = Daemon(self.bus)
        self.addCleanup(other.stop)
        self.assertIn("owned by another process", self.fail_to_start(other))
        self.assertIsNone(self.daemon.process.poll())

    def test_second_one_on_the_same_state_leaves(self):
        other = Daemon(self.bus)
        self.addCleanup(other.stop)
        other.state = self.daemon.state
        self.assertIn("in use by another service", self.fail_to_start(other))


class Leaving(ServiceCase):
    def hold_download(self, size=4 * MIB):
        body = Body(size)
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.server.serve("/file", [sending(body, hold=(size // 2, gate)), sending(body)])
        operation = self.download()
        self.daemon.wait_for_bytes(operation, size // 2)
        return operation, body

    def assert_arrived(self, operation, body):
        self.daemon.wait_for_status(operation, "completed")
        with open(self.path, "rb") as file:
            self.assertEqual(file.read(), body.read())

    def test_term_keeps_what_has_arrived(self):
        operation, body = self.hold_download()
        workers = self.daemon.workers()
        self.assertEqual(self.daemon.terminate(), 0)
        wait_until(lambda: not any(map(is_running, workers)), "the workers have gone")

        self.daemon.start()
        self.assert_arrived(operation, body)
        self.assertEqual(self.server.heads("/file")[1].headers["range"], f"bytes={2 * MIB}-")

    def test_paused_one_stays_paused(self):
        operation, body = self.hold_download()
        self.daemon.call(operation, "Operation", "Pause")
        self.assertEqual(self.daemon.terminate(), 0)
        self.daemon.start()
        self.assertEqual(self.daemon.get(operation, "Status"), "paused-by-application")
        self.assertEqual(self.daemon.workers(), [])
        self.daemon.call(operation, "Operation", "Resume")
        self.assert_arrived(operation, body)

    def test_worker_that_hangs_delays_nobody_for_long(self):
        operation, body = self.hold_download()
        [worker] = self.daemon.workers()
        os.kill(worker, signal.SIGSTOP)
        self.addCleanup(lambda: os.path.exists(f"/proc/{worker}") and os.kill(worker, 9))
        self.daemon.call(operation, "Operation", "Pause")
        self.assertFalse(os.path.exists(f"/proc/{worker}"))
        self.daemon.call(operation, "Operation", "Resume")
        self.assert_arrived(operation, body)

    def test_worker_that_answers_nothing_is_followed_by_another(self):
        _operation, _body = self.hold_download()
        [worker] = self.daemon.workers()
        os.kill(worker, signal.SIGSTOP)
        self.addCleanup(lambda: os.path.exists(f"/proc/{worker}") and os.kill(worker, 9))
        with self.assertRaises(GLib.Error):
            self.daemon.create_download(self.server.uri("/file"), f"{self.folder}/other")
        wait_until(lambda: not os.path.exists(f"/proc/{worker}"), "it is ended")
        self.daemon.create_download(self.server.uri("/file"), f"{self.folder}/another")

    def test_idle_one_exits_and_a_waiting_one_does_not(self):
        operation, body = self.hold_download()
        self.assertEqual(self.daemon.terminate(), 0)
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.server.serve("/file", sending(body, hold=(body.size - 1, gate)))
        self.daemon.arguments = ["--idle-exit", "0"]
        self.daemon.start()
        gate.set()
        self.assertEqual(self.daemon.process.wait(timeout=DEADLINE_SECONDS), 0)
        with open(self.path, "rb") as file:
            self.assertEqual(file.read(), body.read())

    def test_one_with_much_patience_stays(self):
        self.assertEqual(self.daemon.terminate(), 0)
        self.daemon.arguments = ["--idle-exit", "3600"]
        self.daemon.start()
        for _ in range(20):
            self.daemon.get(PATH, "Version", "Manager")
        self.assertIsNone(self.daemon.process.poll())


class Deaths(ServiceCase):
    settings = {"Transfers": {"CheckpointBytes": str(CHECKPOINT_BYTES), "RetryDelaySeconds": "0"}}

    def kill_worker(self):
        for pid in self.daemon.workers():
            os.kill(pid, signal.SIGKILL)

    def kill_daemon(self):
        self.daemon.kill()
        self.daemon.start()

    def kill_often(self, kill):
        """One transfer, N_KILLS deaths: some as soon as the server is asked, some under way, some
        while next to nothing comes."""
        choice = random.Random(kill.__name__)
        step = 4 * MIB
        body = Body((N_KILLS + 1) * step)
        gates = [threading.Event() for _ in range(N_KILLS)]
        for gate in gates:
            self.addCleanup(gate.set)
        self.server.serve("/file", [sending(body, hold=((i + 1) * step, gate), drips=True)
                                    for i, gate in enumerate(gates)] + [sending(body)])
        operation = self.download()
        reached = 0
        for number, gate in enumerate(gates):
            self.server.wait_for_requests(number + 1)
            target = number * step + choice.choice([0, 1, 2, step])
            if target > number * step:
                self.daemon.wait_for_bytes(operation, target)
            reached = max(reached, self.daemon.get(operation, "BytesReceived"))
            to_keep = reached - CHECKPOINT_BYTES - IN_FLIGHT_BYTES
            wait_until(lambda size=to_keep: self.daemon.saved_bytes(operation) >= size,
                       "what has come is saved")
            kill()
            gate.set()
            self.server.wait_for_requests(number + 2)
            again = self.server.heads("/file")[number + 1].headers.get("range", "bytes=0-")
            offset = int(again.removeprefix("bytes=").removesuffix("-"))
            self.assertGreaterEqual(offset, to_keep)

        values = self.daemon.wait_for_status(operation, "completed")
        self.assertEqual(values["BytesReceived"], body.size)
        self.assertFalse(values["HasRestarted"])
        with open(self.path, "rb") as file:
            self.assertEqual(file.read(), body.read())
        self.assertEqual(os.listdir(self.folder), ["file"])

    def test_worker_that_has_just_been_killed_costs_no_call(self):
        self.server.serve("/file", sending(Body(10)))
        for number in range(10):
            first = self.download(destination=f"{self.folder}/first-{number}")
            self.daemon.wait_for_status(first, "completed")
            for pid in self.daemon.workers():
                os.kill(pid, signal.SIGKILL)
            second = self.download(destination=f"{self.folder}/second-{number}")
            self.daemon.wait_for_status(second, "completed")

    def test_worker_killed_twenty_times(self):
        self.kill_often(self.kill_worker)

    def test_daemon_killed_twenty_times(self):
        self.kill_often(self.kill_daemon)

    def test_acknowledged_error_leaves_nothing(self):
        body = Body(4 * MIB)
        self.server.serve("/file", [sending(body, cut_at=2 * MIB), b"HTTP/1.1 403 No\r\n"
                                    b"Content-Length: 0\r\n\r\n"])
        operation = self.download()
        self.daemon.wait_for_status(operation, "error")
        self.assertEqual(len(os.listdir(self.folder)), 1)
        self.daemon.call(operation, "Operation", "Acknowledge")
        self.assertEqual(os.listdir(self.folder), [])
        self.assertEqual(self.daemon.stored(), {})

    def test_deadline_passes_over_a_restart(self):
        operation = self.daemon.create_download(
            self.server.uri("/file"), self.path,
            {"deadline": GLib.Variant("x", GLib.get_real_time() + 500_000)})
        self.daemon.terminate()
        self.daemon.start()
        values = self.daemon.wait_for_status(operation, "error")
        self.assertEqual(values["WebErrorStatus"], "timeout")


if __name__ == "__main__":
    unittest.main()
