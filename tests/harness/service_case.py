# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests of the whole service start from: a bus, the real daemon, a server that may do
anything, and a folder for what arrives."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from gi.repository import GLib

from harness.bus import Bus
from harness.certificates import Certificates
from harness.daemon import Daemon
from harness.servers import FaultyServer
from harness.wait import wait_until

RERUN = "BGT_TEST_RERUN"


class ServiceCase(unittest.TestCase):
    """`settings` are laid over those of harness.daemon. Nobody waits between two tries."""

    settings = {"Transfers": {"RetryDelaySeconds": "0", "MaxRetries": "2"}}

    def enter(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def make_folder(self):
        folder = tempfile.mkdtemp(prefix="bgt-files-")
        self.addCleanup(shutil.rmtree, folder, True)
        return folder

    def setUp(self):
        self.folder = self.make_folder()
        self.path = f"{self.folder}/file"
        self.bus = self.enter(Bus())
        self.daemon = self.enter(Daemon(self.bus, self.settings))
        self.server = self.enter(FaultyServer())

    def download(self, uri=None, destination=None, **options):
        """Creates and starts; returns the object path. @options are GLib.Variants."""
        options = {name.replace("_", "-"): value for name, value in options.items()}
        return self.daemon.create_download(uri or self.server.uri("/file"),
                                           destination or self.path, options, start=True)

    def complete(self, operation, body, path=None):
        """Waits for the end: @body is there, and nothing beside it. Returns the properties."""
        values = self.daemon.wait_for_status(operation, "completed")
        self.check_file(body, path)
        self.assertEqual((values["WebErrorStatus"], values["ErrorMessage"]), ("", ""))
        self.assertEqual(values["BytesReceived"], body.size)
        self.assertEqual(values["TotalBytesToReceive"], body.size)
        return values

    def check_file(self, body, path=None):
        with open(path or self.path, "rb") as file:
            self.assertTrue(file.read() == body.read(), "other bytes than the server's")

    def fail_with(self, operation, *web_errors):
        """Waits for the end: an error, and no file under the name asked for."""
        values = self.daemon.wait_for_status(operation, "error")
        self.assertIn(values["WebErrorStatus"], web_errors, values["ErrorMessage"])
        self.assertNotEqual(values["ErrorMessage"], "")
        self.assertNotIn("file", os.listdir(self.folder))
        return values

    def cancel(self, operation):
        self.daemon.call(operation, "Operation", "Cancel")
        self.daemon.wait_for_status(operation, "canceled")

    def pause(self, operation):
        self.daemon.call(operation, "Operation", "Pause")
        self.daemon.wait_for_status(operation, "paused-by-application")

    def resume(self, operation):
        self.daemon.call(operation, "Operation", "Resume")

    def start_again(self):
        """The daemon, after kill()."""
        wait_until(lambda: not self.daemon.owner(), "the bus knows that the service has gone")
        self.daemon.start()

    def ranges_asked(self, path="/file"):
        return [request.headers.get("range") for request in self.server.heads(path)]

    @staticmethod
    def text(value):
        return GLib.Variant("s", value)

    @staticmethod
    def words(*values):
        return GLib.Variant("as", values)


class TlsCase(ServiceCase):
    """With certificates, made once for all tests of the class."""

    @classmethod
    def setUpClass(cls):
        cls.certificate_folder = tempfile.mkdtemp(prefix="bgt-certificates-")
        cls.addClassCleanup(shutil.rmtree, cls.certificate_folder, True)
        cls.certificates = Certificates(cls.certificate_folder)
        cls.settings = {**cls.settings, "Security": {"TlsCaFile": cls.certificates.ca_file}}


def run_again(path, case, command):
    """Runs the tests of @case, a class in the file @path, under @command; returns what they said
    where they failed, else None."""
    tap = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tap.py")
    outcome = subprocess.run([*command, sys.executable, tap, path, case.__name__],
                             env=dict(os.environ, **{RERUN: case.__name__}), check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return outcome.stdout if outcome.returncode != 0 or "\nok " not in outcome.stdout else None


def is_run_again(case):
    return os.environ.get(RERUN) == case.__name__


def as_ordinary_user(path):
    """Decorates a class of tests in the file @path: where root runs them, nobody does."""
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
               "env", "TMPDIR=/tmp", "HOME=/nonexistent"]

    def decorate(case):
        if os.geteuid() != 0:
            return case

        class AsOrdinaryUser(unittest.TestCase):
            def test_all(self):
                build = os.environ["BGT_BUILD_DIR"]
                daemon = f"{build}/src/daemon/background-transferd"
                if subprocess.run([*command, "test", "-x", daemon, "-a", "-r", path],
                                  check=False).returncode != 0:
                    self.skipTest("nobody cannot reach the build folder")
                self.assertIsNone(run_again(path, case, command))
        AsOrdinaryUser.__name__ = AsOrdinaryUser.__qualname__ = f"{case.__name__}AsOrdinaryUser"
        return AsOrdinaryUser
    return decorate


def with_own_mounts(path):
    """Decorates a class of tests in the file @path that mount file systems of their own."""
    command = ["unshare", "--mount", "--propagation", "private"]

    def decorate(case):
        if is_run_again(case):
            return case

        class WithOwnMounts(unittest.TestCase):
            def test_all(self):
                if os.geteuid() != 0 or subprocess.run(
                        [*command, "mount", "-t", "tmpfs", "-o", "size=1m", "x", "/mnt"],
                        check=False, capture_output=True).returncode != 0:
                    self.skipTest("needs root and mount namespaces")
                self.assertIsNone(run_again(path, case, command))
        WithOwnMounts.__name__ = WithOwnMounts.__qualname__ = f"{case.__name__}WithOwnMounts"
        return WithOwnMounts
    return decorate


def with_own_process_ids(path):
    """Decorates a class of tests in the file @path that say which process gets which ID."""
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]

    def decorate(case):
        if is_run_again(case):
            return case

        class WithOwnProcessIds(unittest.TestCase):
            def test_all(self):
                if os.geteuid() != 0 or subprocess.run(
                        [*command, "test", "-w", "/proc/sys/kernel/ns_last_pid"],
                        check=False, capture_output=True).returncode != 0:
                    self.skipTest("needs root and namespaces of process IDs")
                self.assertIsNone(run_again(path, case, command))
        WithOwnProcessIds.__name__ = WithOwnProcessIds.__qualname__ = (
            f"{case.__name__}WithOwnProcessIds")
        return WithOwnProcessIds
    return decorate
