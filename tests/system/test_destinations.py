# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where a download goes: names that exist, folders that do not, full disks, links, descriptors."""

import os
import shutil
import socket
import stat
import subprocess
import threading
import unittest
from urllib.parse import quote

from gi.repository import Gio, GLib

from harness.daemon import NAME, PATH, error_name
from harness.servers import Body, raw, sending
from harness.service_case import ServiceCase, as_ordinary_user, with_own_mounts
from harness.wait import wait_until

MIB = 1024 * 1024


class DestinationCase(ServiceCase):
    settings = {"Transfers": {"RetryDelaySeconds": "0", "MaxRetries": "1",
                              "CheckpointBytes": str(MIB)}}

    def setUp(self):
        super().setUp()
        self.body = Body(MIB)
        self.server.serve("/file", sending(self.body))

    def assert_refused(self, error, function, *arguments, **options):
        with self.assertRaises(GLib.Error) as caught:
            function(*arguments, **options)
        self.assertEqual(error_name(caught.exception), error, caught.exception.message)
        self.assertEqual(self.daemon.operations(), {})
        return caught.exception.message

    def write(self, path, data=b"mine"):
        with open(path, "wb") as file:
            file.write(data)

    def read(self, path):
        with open(path, "rb") as file:
            return file.read()

    def serve_half(self, size=4 * MIB, cut="hang"):
        """The first answer stops half-way, the next ones do not. Returns (body, event that lets
        the first one go on to its end)."""
        body, event = Body(size, "half"), threading.Event()
        self.addCleanup(event.set)
        self.server.serve("/file", [sending(body, hold=(size // 2, event)), sending(body)])
        return body, event

    def start_half(self, **options):
        body, event = self.serve_half()
        operation = self.download(**options)
        self.daemon.wait_for_bytes(operation, body.size // 2)
        return operation, body, event

    def partial(self, folder=None):
        """The path of the only hidden file."""
        folder = folder or self.folder
        name, = [name for name in os.listdir(folder) if name.startswith(".")]
        return f"{folder}/{name}"


class Existing(DestinationCase):
    def test_fail_is_the_default(self):
        self.write(self.path)
        for options in ({}, {"overwrite": self.text("fail")}):
            message = self.assert_refused("AlreadyExists", self.download, **options)
            self.assertIn(self.path, message)
        self.assertEqual(self.read(self.path), b"mine")
        self.assertEqual(os.listdir(self.folder), ["file"])

    def test_replace(self):
        self.write(self.path)
        os.link(self.path, f"{self.folder}/other")
        self.complete(self.download(overwrite=self.text("replace")), self.body)
        self.assertEqual(self.read(f"{self.folder}/other"), b"mine")
        self.assertEqual(sorted(os.listdir(self.folder)), ["file", "other"])

    def test_replace_keeps_the_old_file_until_the_new_one_is_whole(self):
        self.write(self.path)
        operation, body, event = self.start_half(overwrite=self.text("replace"))
        self.assertEqual(self.read(self.path), b"mine")
        self.cancel(operation)
        self.assertEqual(self.read(self.path), b"mine")
        self.assertEqual(os.listdir(self.folder), ["file"])

    def test_unique(self):
        for name, expected in (("a.txt", "a (1).txt"), ("a.txt", "a (2).txt"), ("b", "b (1)")):
            path, there = f"{self.folder}/{name}", f"{self.folder}/{expected}"
            self.write(path)
            operation = self.download(destination=path, overwrite=self.text("unique"))
            self.complete(operation, self.body, there)
            self.assertEqual(self.daemon.get(operation, "Destination", "Download"), there)
            self.assertEqual(self.read(path), b"mine")

    def test_file_that_appears_while_it_runs_is_not_overwritten(self):
        operation, body, event = self.start_half()
        self.write(self.path)
        event.set()
        values = self.daemon.wait_for_status(operation, "error")
        self.assertIn(values["WebErrorStatus"], ("file-changed", "file-error"))
        self.assertEqual(self.read(self.path), b"mine")
        os.unlink(self.path)
        self.resume(operation)
        self.complete(operation, body)
        self.assertEqual(len(self.server.heads()), 1)

    def test_two_of_the_same_name(self):
        """The first one whole has it; the second one fails and leaves nothing of the other's."""
        operation, body, event = self.start_half()
        other = self.download()
        self.complete(other, body)
        event.set()
        self.daemon.wait_for_status(operation, "error")
        self.check_file(body)
        self.daemon.call(operation, "Operation", "Acknowledge")
        wait_until(lambda: os.listdir(self.folder) == ["file"], "the partial file has gone")

    def test_folder_under_that_name(self):
        os.mkdir(self.path)
        for overwrite in ("fail", "replace"):
            self.assert_refused("AlreadyExists", self.download, overwrite=self.text(overwrite))
        operation = self.download(overwrite=self.text("unique"))
        self.daemon.wait_for_status(operation, "completed")
        self.check_file(self.body, f"{self.folder}/file (1)")

    def test_symbolic_link_under_that_name_is_not_followed(self):
        target = f"{self.folder}/target"
        self.write(target)
        for name in (target, f"{self.folder}/nowhere"):
            with self.subTest(name=name):
                os.symlink(name, self.path)
                self.assert_refused("AlreadyExists", self.download)
                self.complete(self.download(overwrite=self.text("replace")), self.body)
                self.assertFalse(os.path.islink(self.path))
                self.assertEqual(self.read(target), b"mine")
                os.unlink(self.path)
                for operation in self.daemon.operations():
                    self.daemon.call(operation, "Operation", "Acknowledge")
        self.assertEqual(os.listdir(self.folder), ["target"])


    def test_what_is_no_file_is_not_replaced(self):
        def make_socket():
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(self.path)

        makers = [lambda: os.mkfifo(self.path), make_socket]
        if os.geteuid() == 0:
            makers.append(lambda: os.mknod(self.path, stat.S_IFCHR | 0o666, os.makedev(1, 7)))
        for make in makers:
            make()
            kind = stat.S_IFMT(os.lstat(self.path).st_mode)
            with self.subTest(kind=kind):
                for overwrite in ("fail", "replace"):
                    self.assert_refused("AlreadyExists", self.download,
                                        overwrite=self.text(overwrite))
                self.assertEqual(stat.S_IFMT(os.lstat(self.path).st_mode), kind)
            os.unlink(self.path)


class Folders(DestinationCase):
    def test_missing_folder(self):
        self.assert_refused("NotFound", self.download, destination=f"{self.folder}/none/file")
        self.write(self.path)
        self.assert_refused("NotFound", self.download, destination=f"{self.path}/file")

    def test_folder_that_is_a_link(self):
        os.mkdir(f"{self.folder}/real")
        os.symlink("real", f"{self.folder}/link")
        self.complete(self.download(destination=f"{self.folder}/link/file"), self.body,
                      f"{self.folder}/real/file")

    def test_folder_that_disappears_between_creating_and_starting(self):
        folder = f"{self.folder}/sub"
        os.mkdir(folder)
        operation = self.daemon.create_download(self.server.uri("/file"), f"{folder}/file")
        os.rmdir(folder)
        self.daemon.call(operation, "Operation", "Start")
        self.fail_with(operation, "file-not-found")
        os.mkdir(folder)
        self.resume(operation)
        self.complete(operation, self.body, f"{folder}/file")

    def test_folder_that_disappears_while_it_runs(self):
        folder = f"{self.folder}/sub"
        os.mkdir(folder)
        operation, body, event = self.start_half(destination=f"{folder}/file")
        shutil.rmtree(folder)
        event.set()
        self.fail_with(operation, "file-not-found")
        os.mkdir(folder)
        self.resume(operation)
        self.complete(operation, body, f"{folder}/file")

    def test_folder_that_is_renamed_while_it_runs(self):
        folder = f"{self.folder}/sub"
        os.mkdir(folder)
        operation, body, event = self.start_half(destination=f"{folder}/file")
        os.rename(folder, f"{self.folder}/renamed")
        event.set()
        self.complete(operation, body, f"{self.folder}/renamed/file")

    def test_folder_that_is_renamed_and_canceled(self):
        folder = f"{self.folder}/sub"
        os.mkdir(folder)
        operation, _body, _event = self.start_half(destination=f"{folder}/file")
        os.rename(folder, f"{self.folder}/renamed")
        self.cancel(operation)
        self.assertEqual(os.listdir(f"{self.folder}/renamed"), [])

    def test_folder_that_is_renamed_and_resumed_by_another_worker(self):
        folder = f"{self.folder}/sub"
        os.mkdir(folder)
        operation, body, _event = self.start_half(destination=f"{folder}/file")
        os.rename(folder, f"{self.folder}/renamed")
        self.pause(operation)
        self.daemon.kill()
        self.start_again()
        self.resume(operation)
        properties = self.complete(operation, body, f"{self.folder}/renamed/file")
        self.assertFalse(properties["HasRestarted"])

    def test_partial_file_that_is_deleted_while_it_runs(self):
        operation, body, event = self.start_half()
        os.unlink(self.partial())
        event.set()
        self.fail_with(operation, "file-not-found")
        self.resume(operation)
        self.assertTrue(self.complete(operation, body)["HasRestarted"])

    def test_partial_file_that_is_deleted_while_paused(self):
        operation, body, _event = self.start_half()
        self.pause(operation)
        self.assertGreaterEqual(self.daemon.get(operation, "BytesReceived"), body.size // 2)
        os.unlink(self.partial())
        self.resume(operation)
        self.assertTrue(self.complete(operation, body)["HasRestarted"])
        self.assertEqual(os.listdir(self.folder), ["file"])

    def test_partial_file_that_is_cut_while_paused(self):
        operation, body, _event = self.start_half()
        self.pause(operation)
        os.truncate(self.partial(), 300_000)
        self.resume(operation)
        self.complete(operation, body)
        self.assertIn(self.ranges_asked()[-1], (None, "bytes=300000-"))

    def test_partial_file_that_is_replaced_while_paused(self):
        operation, body, _event = self.start_half()
        self.pause(operation)
        partial = self.partial()
        os.unlink(partial)
        self.write(partial, b"x" * body.size)
        self.resume(operation)
        self.complete(operation, body)
        self.assertEqual(os.listdir(self.folder), ["file"])

    def test_partial_file_that_became_a_link_while_paused(self):
        operation, body, _event = self.start_half()
        self.pause(operation)
        partial, victim = self.partial(), f"{self.folder}/victim"
        self.write(victim)
        os.unlink(partial)
        os.symlink(victim, partial)
        self.resume(operation)
        self.daemon.wait_for_status(operation, "completed", "error")
        self.assertEqual(self.read(victim), b"mine")

    def test_cancel_removes_what_has_arrived(self):
        operation, _body, _event = self.start_half()
        self.cancel(operation)
        self.assertEqual(os.listdir(self.folder), [])

    def test_cancel_where_the_folder_has_gone(self):
        folder = f"{self.folder}/sub"
        os.mkdir(folder)
        operation, _body, _event = self.start_half(destination=f"{folder}/file")
        shutil.rmtree(folder)
        self.cancel(operation)

    def test_names_that_are_no_utf_8(self):
        for name in (b"caf\xe9", b"\xff\xfe\x01", b" (1)\xc3"):
            with self.subTest(name=name):
                path = os.fsencode(self.folder) + b"/" + name
                uri = "file://" + quote(path)
                operation = self.download(destination=uri)
                self.daemon.wait_for_status(operation, "completed")
                self.assertEqual(self.read(path), self.body.read())
                found = self.daemon.get(operation, "Destination", "Download")
                self.assertTrue(found.startswith("file:///"), found)
                again = self.download(destination=uri, overwrite=self.text("unique"))
                self.daemon.wait_for_status(again, "completed")
                found = self.daemon.get(again, "Destination", "Download")
                self.assertTrue(found.startswith("file:///"), found)
        self.assertEqual(len(os.listdir(self.folder)), 6)

    def test_file_uri_of_an_ordinary_name(self):
        self.complete(self.download(destination=f"file://{self.folder}/a%20b"), self.body,
                      f"{self.folder}/a b")

    def test_name_that_is_too_long(self):
        self.assert_refused("InvalidArgument", self.download,
                            destination=f"{self.folder}/{'x' * 256}")
        name = "x" * 255
        self.complete(self.download(destination=f"{self.folder}/{name}"), self.body,
                      f"{self.folder}/{name}")
        self.assertEqual(os.listdir(self.folder), [name])


@as_ordinary_user(__file__)
class Permissions(DestinationCase):
    def test_folder_that_may_not_be_written(self):
        os.chmod(self.folder, 0o500)
        self.assert_refused("AccessDenied", self.download)
        os.chmod(self.folder, 0o700)

    def test_folder_that_may_not_be_searched(self):
        folder = f"{self.folder}/sub"
        os.mkdir(folder)
        os.chmod(folder, 0o600)
        self.assert_refused("AccessDenied", self.download, destination=f"{folder}/file")

    def test_folder_that_may_be_written_but_not_read(self):
        os.chmod(self.folder, 0o300)
        self.complete(self.download(), self.body)
        os.chmod(self.folder, 0o700)
        self.assertEqual(os.listdir(self.folder), ["file"])

    def test_folder_that_becomes_read_only_before_the_start(self):
        operation = self.daemon.create_download(self.server.uri("/file"), self.path)
        os.chmod(self.folder, 0o500)
        self.daemon.call(operation, "Operation", "Start")
        self.fail_with(operation, "file-access-denied")
        os.chmod(self.folder, 0o700)
        self.resume(operation)
        self.complete(operation, self.body)

    def test_folder_that_becomes_read_only_while_it_runs(self):
        operation, body, event = self.start_half()
        os.chmod(self.folder, 0o500)
        event.set()
        self.fail_with(operation, "file-access-denied")
        os.chmod(self.folder, 0o700)
        self.resume(operation)
        self.complete(operation, body)
        self.assertEqual(len(self.server.heads()), 1)

    def test_elsewhere_than_ones_own(self):
        self.assert_refused("AccessDenied", self.download, destination="/etc/file")


@with_own_mounts(__file__)
class FullDisk(DestinationCase):
    def setUp(self):
        super().setUp()
        self.small = f"{self.folder}/small"
        os.mkdir(self.small)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "small", self.small], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.small], check=True)

    def fill(self, size):
        self.write(f"{self.small}/filler", b"x" * size)

    def test_too_large_is_said_before_anything_is_fetched(self):
        self.server.serve("/file", sending(Body(8 * MIB)))
        operation = self.download(destination=f"{self.small}/file")
        self.fail_with(operation, "no-space")
        self.assertEqual(self.daemon.get(operation, "BytesReceived"), 0)

    def test_space_freed_and_resumed(self):
        body = Body(3 * MIB)
        self.fill(2 * MIB)
        self.server.serve("/file", sending(body))
        operation = self.download(destination=f"{self.small}/file")
        self.fail_with(operation, "no-space")
        os.unlink(f"{self.small}/filler")
        self.resume(operation)
        self.complete(operation, body, f"{self.small}/file")

    def test_unknown_length_goes_on_from_what_is_held(self):
        body = Body(3 * MIB)
        self.fill(2 * MIB)
        length = b"%x\r\n" % body.size
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: %s\r\n\r\n"
        whole = head % body.etag.encode() + length + body.read() + b"\r\n0\r\n\r\n"
        self.server.serve("/file", [raw(whole), sending(body)])
        operation = self.download(destination=f"{self.small}/file")
        self.fail_with(operation, "no-space")
        held = self.daemon.get(operation, "BytesReceived")
        self.assertGreaterEqual(held, MIB)
        os.unlink(f"{self.small}/filler")
        self.resume(operation)
        self.assertFalse(self.complete(operation, body, f"{self.small}/file")["HasRestarted"])
        self.assertEqual(self.ranges_asked()[-1], f"bytes={held}-")
        self.assertEqual(os.listdir(self.small), ["file"])

    def test_recoverable(self):
        body = Body(3 * MIB)
        self.fill(2 * MIB)
        self.server.serve("/file", sending(body))
        operation = self.download(destination=f"{self.small}/file",
                                  recoverable_errors=self.words("no-space"))
        self.daemon.wait_for_status(operation, "paused-recoverable-error")
        os.unlink(f"{self.small}/filler")
        self.resume(operation)
        self.complete(operation, body, f"{self.small}/file")

    def test_file_system_that_is_made_read_only(self):
        operation, body, event = self.start_half(destination=f"{self.small}/file")
        self.pause(operation)
        subprocess.run(["mount", "-o", "remount,ro", self.small], check=True)
        self.resume(operation)
        self.fail_with(operation, "file-access-denied")
        subprocess.run(["mount", "-o", "remount,rw", self.small], check=True)
        self.resume(operation)
        self.assertFalse(self.complete(operation, body, f"{self.small}/file")["HasRestarted"])

    def test_state_folder_that_is_full(self):
        """Nothing is lost, nothing is promised: an operation that cannot be saved is not made."""
        self.daemon.terminate()
        self.daemon.state = f"{self.small}/state"
        self.fill(3 * MIB)
        self.start_again()
        operation = self.daemon.create_download(self.server.uri("/file"), self.path)
        with open(f"{self.small}/rest", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        made = [operation]
        # Some room is reserved.
        with self.assertRaises(GLib.Error):
            for number in range(150):
                made.append(self.daemon.create_download(self.server.uri("/file"),
                                                        f"{self.folder}/other-{number}"))
        self.assertEqual(sorted(self.daemon.operations()), sorted(made))
        self.daemon.kill()
        self.start_again()
        self.assertEqual(sorted(self.daemon.operations()), sorted(made))
        os.unlink(f"{self.small}/rest")
        self.daemon.call(operation, "Operation", "Start")
        self.complete(operation, self.body)


class Descriptors(DestinationCase):
    def create_to_fd(self, fd, **options):
        files = Gio.UnixFDList.new()
        handle = files.append(fd)
        options = {name.replace("_", "-"): value for name, value in options.items()}
        parameters = GLib.Variant("(sha{sv})", (self.server.uri("/file"), handle, options))
        reply, _ = self.daemon.connection.call_with_unix_fd_list_sync(
            NAME, PATH, f"{NAME}.Manager", "CreateDownloadToFd", parameters,
            GLib.VariantType("(o)"), Gio.DBusCallFlags.NONE, 30_000, files, None)
        return reply.unpack()[0]

    def start_to_fd(self, fd, **options):
        operation = self.create_to_fd(fd, **options)
        self.daemon.call(operation, "Operation", "Start")
        return operation

    def open(self, flags=os.O_RDWR | os.O_CREAT, path=None):
        fd = os.open(path or self.path, flags, 0o600)
        self.addCleanup(os.close, fd)
        return fd

    def test_written_in_place(self):
        self.write(self.path, b"old " * MIB)
        operation = self.start_to_fd(self.open())
        self.complete(operation, self.body)
        self.assertEqual(self.daemon.get(operation, "Destination", "Download"), self.path)
        self.assertEqual(os.listdir(self.folder), ["file"])

    def test_write_only(self):
        self.complete(self.start_to_fd(self.open(os.O_WRONLY | os.O_CREAT)), self.body)

    def test_application_closes_its_own(self):
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        operation = self.create_to_fd(fd)
        os.close(fd)
        self.daemon.call(operation, "Operation", "Start")
        self.complete(operation, self.body)

    def test_daemon_that_is_started_again_goes_on(self):
        body, event = self.serve_half()
        operation = self.start_to_fd(self.open())
        wait_until(lambda: self.daemon.call(operation, "Download", "GetDownloadedRanges")[0],
                   "a checkpoint")
        self.daemon.kill()
        self.start_again()
        values = self.complete(operation, body)
        self.assertFalse(values["HasRestarted"])
        self.assertIn("range", self.server.heads()[-1].headers)

    def test_worker_that_dies_goes_on(self):
        body, event = self.serve_half()
        operation = self.start_to_fd(self.open())
        wait_until(lambda: self.daemon.call(operation, "Download", "GetDownloadedRanges")[0],
                   "a checkpoint")
        os.kill(self.daemon.workers()[0], 9)
        self.assertFalse(self.complete(operation, body)["HasRestarted"])

    def test_other_file_under_its_name_after_a_restart_is_left_alone(self):
        body, event = self.serve_half()
        operation = self.start_to_fd(self.open())
        self.daemon.wait_for_bytes(operation, body.size // 2)
        self.daemon.kill()
        os.unlink(self.path)
        self.write(self.path)
        self.start_again()
        values = self.daemon.wait_for_status(operation, "error")
        self.assertEqual(values["WebErrorStatus"], "file-changed")
        self.assertEqual(self.read(self.path), b"mine")

    def test_file_that_was_deleted_is_gone_after_a_restart(self):
        body, event = self.serve_half()
        operation = self.start_to_fd(self.open())
        self.daemon.wait_for_bytes(operation, body.size // 2)
        self.daemon.kill()
        os.unlink(self.path)
        self.start_again()
        self.fail_with(operation, "file-not-found")

    def test_file_without_a_name(self):
        fd = os.open(self.folder, os.O_TMPFILE | os.O_RDWR, 0o600)
        self.addCleanup(os.close, fd)
        operation = self.start_to_fd(fd)
        self.daemon.wait_for_status(operation, "completed")
        self.assertEqual(os.pread(fd, 2 * MIB, 0), self.body.read())

    def test_deleted_file(self):
        fd = self.open()
        os.unlink(self.path)
        operation = self.start_to_fd(fd)
        self.daemon.wait_for_status(operation, "completed")
        self.assertEqual(os.pread(fd, 2 * MIB, 0), self.body.read())

    def test_what_cannot_be_written_to_is_refused(self):
        self.open()
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        for error, fd in (("AccessDenied", self.open(os.O_RDONLY)),
                          ("InvalidArgument", self.open(os.O_WRONLY | os.O_APPEND)),
                          ("InvalidArgument", writing),
                          ("InvalidArgument", self.open(os.O_PATH)),
                          ("InvalidArgument", self.open(os.O_RDONLY, self.folder)),
                          ("InvalidArgument", self.open(os.O_RDWR, "/dev/null"))):
            self.assert_refused(error, self.create_to_fd, fd)
        self.assertEqual(os.path.getsize(self.path), 0)

    def test_one_past_the_cache_is_refused(self):
        self.open()
        try:
            direct = self.open(os.O_WRONLY | os.O_DIRECT)
        except OSError:
            self.skipTest("the file system has no O_DIRECT")
        self.assert_refused("InvalidArgument", self.create_to_fd, direct)

    def test_change_on_the_server_empties_it(self):
        old, new = Body(2 * MIB, 1), Body(MIB, 2)
        self.server.serve("/file", [sending(old, cut_at=MIB + 5), sending(new)])
        self.assertTrue(self.complete(self.start_to_fd(self.open()), new)["HasRestarted"])

    def test_cancel_leaves_the_applications_file(self):
        body, event = self.serve_half()
        operation = self.start_to_fd(self.open())
        self.daemon.wait_for_bytes(operation, body.size // 2)
        self.cancel(operation)
        self.assertEqual(os.listdir(self.folder), ["file"])


if __name__ == "__main__":
    unittest.main()
