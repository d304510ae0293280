# SPDX-License-Identifier: LGPL-2.1-or-later
"""Downloads that complete whatever is killed, when, and how often."""

import hashlib
import os
import random
import re
import signal
import threading
import time
import unittest

from gi.repository import Gio, GLib

from harness.daemon import NAME, PATH, error_name, is_sanitized
from harness.servers import Body, Nginx, raw, sending
from harness.service_case import ServiceCase
from harness.wait import DEADLINE_SECONDS, wait_until

MIB = 1024 * 1024
GIB = 1024 * MIB
V = GLib.Variant
KILLS = 20


def in_flight_bytes():
    """What the kernel may hold of one connection: the sender's buffer and the receiver's."""
    total = 0
    for name in ("tcp_wmem", "tcp_rmem"):
        with open(f"/proc/sys/net/ipv4/{name}", encoding="ascii") as file:
            total += int(file.read().split()[2])
    return total


def has_ended(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def memory_bytes(pid):
    """None under AddressSanitizer, which keeps for a while what has been freed."""
    if is_sanitized():
        return None
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS"))


def sha256(path):
    with open(path, "rb") as file:
        digest = hashlib.sha256()
        while piece := file.read(4 * MIB):
            digest.update(piece)
        return digest.hexdigest()


def in_one_chunk(body):
    return raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
               % (body.size, body.read()))


class SurvivalCase(ServiceCase):
    settings = {"Transfers": {"CheckpointBytes": str(MIB), "RetryDelaySeconds": "0"}}

    def kill_worker(self):
        for worker in self.daemon.workers():
            os.kill(worker, signal.SIGKILL)

    def kill_daemon(self):
        self.daemon.kill()
        self.start_again()

    def received(self, operation):
        return self.daemon.get(operation, "BytesReceived")


class FromNginx(SurvivalCase):
    def setUp(self):
        if not Nginx.is_installed():
            self.skipTest("needs nginx")
        super().setUp()
        self.nginx = self.enter(Nginx())

    def sparse_file(self, size):
        """Mostly holes, which take no space, with something else in every 16 MiB and at the end."""
        path = f"{self.nginx.files}/file"
        chance = random.Random(size)
        with open(path, "wb") as file:
            for offset in (*range(0, size, 16 * MIB), size - 4096):
                file.seek(offset)
                file.write(chance.randbytes(4096))
        return path

    def test_a_gibibyte_byte_for_byte(self):
        expected = sha256(self.sparse_file(GIB))
        operation = self.download(self.nginx.uri("/file"))
        values = self.daemon.wait_for_status(operation, "completed", seconds=4 * DEADLINE_SECONDS)
        self.assertEqual(values["BytesReceived"], GIB)
        self.assertEqual(sha256(self.path), expected)
        self.assertEqual(os.listdir(self.folder), ["file"])
        entry, = self.nginx.log()
        self.assertEqual((entry["status"], entry["sent"]), (200, GIB))

    def first_bytes(self):
        """Of each answer, in order: (first byte, bytes sent)."""
        return [(int((re.match(r"bytes=(\d+)-", entry["range"]) or [0, 0])[1]), entry["sent"])
                for entry in self.nginx.log()]

    def test_killed_twenty_times(self):
        body = Body(160 * MIB)
        chance = random.Random(20)
        self.nginx.add("file", body)
        operation = self.download(self.nginx.uri("/file"), max_rate=GLib.Variant("t", 10 * MIB))
        told = []
        for number in range(KILLS):
            wanted = self.received(operation) + chance.randrange(1, 3 * MIB)
            self.daemon.wait_for_bytes(operation, wanted)
            told.append(self.received(operation))
            wait_until(lambda size=told[-1] - 4 * MIB: self.daemon.saved_bytes(operation) >= size,
                       "what has come is saved")
            self.daemon.wait_for_status(operation, "running")
            (self.kill_daemon if number % 2 else self.kill_worker)()
        self.daemon.set(operation, "MaxRate", GLib.Variant("t", 0))
        values = self.daemon.wait_for_status(operation, "completed")
        self.assertFalse(values["HasRestarted"])
        self.assertFalse(values["HasResponseChanged"])
        self.assertEqual(sha256(self.path), body.sha256)
        self.assertEqual(os.listdir(self.folder), ["file"])

        wait_until(lambda: len(self.nginx.log()) == KILLS + 1, "an answer a try, each logged")
        answers = self.first_bytes()
        allowed = MIB + in_flight_bytes()
        for (first, sent), (again, _), known in zip(answers, answers[1:], told):
            self.assertGreaterEqual(again, first)
            self.assertLessEqual(first + sent - again, allowed)
            # What had been told of is lost only as far as it was not yet saved: one checkpoint on
            # its way, what has come since, and the buffer; a slow disk has been waited for.
            self.assertLessEqual(known - again, 4 * MIB, (known, again))

    def test_nginx_that_is_restarted(self):
        body = Body(32 * MIB)
        self.nginx.add("file", body)
        operation = self.download(self.nginx.uri("/file"), max_rate=GLib.Variant("t", 8 * MIB))
        self.daemon.wait_for_bytes(operation, 4 * MIB)
        self.nginx.stop(signal.SIGKILL)
        self.nginx.restart()
        self.daemon.set(operation, "MaxRate", GLib.Variant("t", 0))
        values = self.daemon.wait_for_status(operation, "completed")
        self.assertFalse(values["HasRestarted"])
        self.assertEqual(sha256(self.path), body.sha256)


class AroundPublishing(SurvivalCase):
    """Many small ones, so that the crash lands everywhere between the last byte and the report."""

    EVENTS = ("asked", "partial", "published", "published")
    ANSWERS = (sending, sending, lambda body: sending(body, etag=None),
               lambda body: sending(body, etag=None, ranges=False), in_one_chunk)

    def has_happened(self, event):
        if event == "asked":
            return bool(self.server.heads("/file"))
        names = set(os.listdir(self.folder))
        if event == "partial" and names - {"file"}:
            return True
        return "file" in names and os.stat(self.path).st_ino != self.old_inode

    def try_to_create(self, overwrite):
        """None where the worker that was asked had just been killed, which the caller is told."""
        try:
            return self.daemon.create_download(
                self.server.uri("/file"), self.path, {"overwrite": self.text(overwrite)})
        except GLib.Error as error:
            self.assertEqual(error_name(error), "Failed", error.message)
            self.assertEqual(self.daemon.operations(), {})
            return None

    def run_once(self, number, event, overwrite, kill):
        body = Body(64 * 1024 + number, number)
        self.server.serve("/file", self.ANSWERS[number % len(self.ANSWERS)](body))
        self.server.requests.clear()
        self.old_inode = None
        if overwrite == "replace":
            with open(self.path, "wb") as file:
                file.write(b"old")
            self.old_inode = os.stat(self.path).st_ino
        operation = wait_until(lambda: self.try_to_create(overwrite), "an operation")
        worker, = self.daemon.workers()
        deadline = time.monotonic() + DEADLINE_SECONDS
        self.daemon.call(operation, "Operation", "Start")
        # Not wait_until(), which sleeps: what is to be hit lasts a millisecond.
        while not self.has_happened(event):
            self.assertLess(time.monotonic(), deadline)
        kill(worker)
        values = self.daemon.wait_for_status(operation, "completed")
        self.assertEqual(self.daemon.get(operation, "Destination", "Download"), self.path)
        self.assertEqual(os.listdir(self.folder), ["file"])
        self.check_file(body)
        self.assertEqual(values["BytesReceived"], body.size)
        self.daemon.call(operation, "Operation", "Acknowledge")
        os.unlink(self.path)

    def run_all(self, kill):
        chance = random.Random(1)
        for number in range(40):
            event = self.EVENTS[number % len(self.EVENTS)]
            overwrite = chance.choice(("fail", "unique", "replace"))
            with self.subTest(number=number, event=event, overwrite=overwrite):
                self.run_once(number, event, overwrite, kill)

    def test_worker_is_killed(self):
        self.run_all(lambda worker: os.kill(worker, signal.SIGKILL))

    def test_daemon_is_killed(self):
        self.run_all(lambda _worker: self.kill_daemon())


class Restarts(SurvivalCase):
    def test_stopped_daemon_goes_on_by_itself(self):
        body, event = Body(4 * MIB), threading.Event()
        self.addCleanup(event.set)
        self.server.serve("/file", [sending(body, hold=(2 * MIB, event)), sending(body)])
        operation = self.download()
        self.daemon.wait_for_bytes(operation, 2 * MIB)
        begin = time.monotonic()
        self.assertEqual(self.daemon.terminate(), 0)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(self.daemon.workers(), [])
        self.start_again()
        values = self.complete(operation, body)
        self.assertFalse(values["HasRestarted"])
        # A proper stop saves all that has come.
        self.assertEqual(self.ranges_asked(), [None, f"bytes={2 * MIB}-"])

    def test_worker_ends_with_its_daemon(self):
        self.server.serve("/file", lambda exchange: exchange.hang())
        self.download()
        self.server.wait_for_requests(1)
        workers = self.daemon.workers()
        self.assertEqual(len(workers), 1)
        self.daemon.kill()
        wait_until(lambda: has_ended(workers[0]), "the worker has gone")

    def test_worker_that_hangs_ends_with_its_daemon(self):
        """So that it never wakes up and writes beside its successor."""
        body = Body(MIB)
        self.server.serve("/file", [sending(body, cut_at=500_000, cut="hang"), sending(body)])
        for end in (self.daemon.kill, self.daemon.terminate):
            operation = self.download()
            self.server.wait_for_requests(1)
            worker, = self.daemon.workers()
            os.kill(worker, signal.SIGSTOP)
            end()
            wait_until(lambda pid=worker: has_ended(pid), "the worker has gone")
            self.start_again()
            self.complete(operation, body)
            os.unlink(self.path)

    def test_worker_that_hangs_holds_up_neither_pause_nor_cancel(self):
        body = Body(MIB)
        self.server.serve("/file", [sending(body, cut_at=500_000, cut="hang"), sending(body)])
        operation = self.download()
        self.daemon.wait_for_bytes(operation, 500_000)
        os.kill(self.daemon.workers()[0], signal.SIGSTOP)
        self.pause(operation)
        self.resume(operation)
        self.complete(operation, body)

    def test_worker_that_hangs_fills_no_memory(self):
        """Where an operation is changed faster than its worker answers; the last change counts."""
        n_changes, n_bytes = 200, 60_000
        body = Body(MIB)
        self.server.serve("/file", [sending(body, cut_at=500_000, cut="hang"), sending(body)])
        operation = self.download(random_access=V("b", True))
        self.daemon.wait_for_bytes(operation, 500_000)
        worker, = self.daemon.workers()

        def change(number):
            self.daemon.call(operation, "Operation", "SetRequestHeader",
                             V("(ss)", ("X-Long", f"{number}" + "a" * n_bytes)))
            self.daemon.call(operation, "Download", "RequestRange", V("(tt)", (number, 1000)))

        for number in range(20):
            change(number)
        os.kill(worker, signal.SIGSTOP)
        before = memory_bytes(self.daemon.process.pid)
        for number in range(n_changes):
            change(number)
        if before is not None:
            self.assertLess(memory_bytes(self.daemon.process.pid) - before,
                            n_changes * n_bytes // 2)
        os.kill(worker, signal.SIGCONT)
        self.pause(operation)
        self.resume(operation)
        self.complete(operation, body)
        self.assertTrue(self.server.heads("/file")[-1].headers["x-long"]
                        .startswith(f"{n_changes - 1}a"))

    def test_states_are_kept(self):
        body = Body(MIB)
        self.server.serve("/file", sending(body))
        self.server.serve("/hang", sending(body, cut_at=500_000, cut="hang"))
        self.server.serve("/none", b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
        uri = self.server.uri
        idle = self.daemon.create_download(uri("/file"), f"{self.folder}/idle")
        done = self.download(destination=f"{self.folder}/done")
        failed = self.download(uri("/none"), f"{self.folder}/failed")
        paused = self.download(uri("/hang"), f"{self.folder}/paused")
        canceled = self.download(uri("/hang"), f"{self.folder}/canceled")
        self.daemon.wait_for_status(done, "completed")
        self.daemon.wait_for_status(failed, "error")
        for operation in (paused, canceled):
            self.daemon.wait_for_bytes(operation, 500_000)
        self.pause(paused)
        self.cancel(canceled)
        before = {path: self.daemon.get_all(path)
                  for path in (idle, done, failed, paused, canceled)}
        self.daemon.kill()
        self.start_again()
        self.assertEqual({path: self.daemon.get_all(path) for path in before}, before)
        self.assertEqual(len(self.daemon.operations()), 5)
        self.server.serve("/hang", sending(body))
        self.daemon.call(idle, "Operation", "Start")
        self.resume(paused)
        self.complete(idle, body, f"{self.folder}/idle")
        self.complete(paused, body, f"{self.folder}/paused")

    def test_killed_right_after_the_answer_nothing_is_lost(self):
        for number in range(8):
            operation = self.daemon.create_download(self.server.uri("/file"),
                                                    f"{self.folder}/{number}")
            self.daemon.kill()
            self.start_again()
            self.assertEqual(self.daemon.get(operation, "Status"), "idle")
        self.assertEqual(len(self.daemon.operations()), 8)

    def test_killed_while_canceling_leaves_no_file(self):
        body = Body(MIB)
        self.server.serve("/file", sending(body, cut_at=500_000, cut="hang"))
        for kill in (self.kill_daemon, self.kill_worker):
            operation = self.download()
            self.daemon.wait_for_bytes(operation, 500_000)
            self.daemon.call(operation, "Operation", "Cancel")
            kill()
            self.daemon.wait_for_status(operation, "canceled")
            self.assertEqual(os.listdir(self.folder), [])

    def test_worker_that_always_dies_ends_the_transfer(self):
        """It is not tried for ever, and does not take the daemon with it."""
        self.server.serve("/file", lambda exchange: (self.kill_worker(), exchange.close()))
        operation = self.download()
        values = self.daemon.wait_for_status(operation, "error", seconds=2 * DEADLINE_SECONDS)
        self.assertEqual(values["WebErrorStatus"], "connection-aborted")

    def size_of_journal(self):
        try:
            return os.stat(f"{self.daemon.state}/operations/journal").st_size
        except FileNotFoundError:
            return 0

    def test_batch_is_created_as_a_whole_or_not_at_all(self):
        """Killed from the moment on at which the store has anything of it."""
        kept = 0
        for batch in range(3):
            specs = [{"kind": V("s", "download"), "uri": V("s", self.server.uri("/file")),
                      "application-id": V("s", f"org.example.Batch{batch}"),
                      "destination": V("s", f"{self.folder}/{number}")} for number in range(190)]
            self.daemon.connection.call(
                NAME, PATH, f"{NAME}.Manager", "CreateOperations", V("(aa{sv})", (specs,)), None,
                Gio.DBusCallFlags.NONE, -1, None, None)
            before = self.size_of_journal()
            self.daemon.connection.flush_sync()
            deadline = time.monotonic() + DEADLINE_SECONDS
            while self.size_of_journal() == before and time.monotonic() < deadline:
                pass  # to be there before anything more is
            self.kill_daemon()
            found = len(self.daemon.operations())
            self.assertIn(found, (kept, kept + len(specs)))
            kept = found

    def test_record_that_cannot_be_read_costs_only_its_operation(self):
        operations = [self.daemon.create_download(self.server.uri("/file"), f"{self.folder}/{name}")
                      for name in "abc"]
        self.daemon.terminate()
        guid = operations[1].rsplit("/", 1)[1]
        found = [os.path.join(folder, name) for folder, _, names in os.walk(self.daemon.state)
                 for name in names if guid in name or guid.replace("_", "-") in name]
        self.assertEqual(len(found), 1, found)
        with open(found[0], "wb") as file:
            file.write(b"\0\xff nonsense")
        self.start_again()
        self.assertEqual(sorted(self.daemon.operations()),
                         sorted([operations[0], operations[2]]))
        self.assertIn(os.path.basename(found[0]), self.daemon.log())


if __name__ == "__main__":
    unittest.main()
