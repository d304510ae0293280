# SPDX-License-Identifier: LGPL-2.1-or-later
"""A throw-away machine with a real systemd, on an overlay of the running system: the service is
installed into it as a package would, and nothing of it remains. The network is the host's.

    @with_own_processes(__file__)
    class Tests(unittest.TestCase):
        with Machine() as machine:
            machine.run("systemctl", "is-system-running")
            machine.run("transferctl", "list", user="alice")
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from harness.daemon import build_folder, is_sanitized
from harness.service_case import is_run_again, run_again
from harness.wait import wait_until

USERS = {"alice": 2101, "bob": 2102}
NEEDED = ("systemd-nspawn", "ldconfig", "systemd-sysusers", "nsenter", "unshare", "setpriv", "useradd", "meson")
BOOT_SECONDS = 60


def missing():
    """Why there can be no machine here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    lacking = [name for name in NEEDED if shutil.which(name) is None]
    lacking += [path for path in ("/lib/systemd/systemd", "/usr/lib/polkit-1/polkitd")
                if not os.path.exists(path)]
    if lacking:
        return f"needs {', '.join(lacking)}"
    if is_sanitized():
        return "the units forbid what AddressSanitizer does"
    return None


def with_own_processes(path):
    """Decorates a class of tests in the file @path: they get mounts and process IDs of their own."""
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
               "--propagation", "private"]

    def decorate(case):
        if is_run_again(case):
            return case

        class WithOwnProcesses(unittest.TestCase):
            def test_all(self):
                reason = missing()
                if reason is None and subprocess.run([*command, "true"], check=False,
                                                     capture_output=True).returncode != 0:
                    reason = "needs namespaces"
                if reason is not None:
                    self.skipTest(reason)
                self.assertIsNone(run_again(path, case, command))
        WithOwnProcesses.__name__ = WithOwnProcesses.__qualname__ = f"{case.__name__}OnMachine"
        return WithOwnProcesses
    return decorate


class Machine:
    """To be used in processes and mounts of one's own."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="bgt-machine-")
        self.root = f"{self.folder}/root"
        self.process = None
        self.init = None

    def start(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", self.folder], check=True)
        for name in ("upper", "work", "root"):
            os.mkdir(f"{self.folder}/{name}")
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                        f"lowerdir=/,upperdir={self.folder}/upper,workdir={self.folder}/work",
                        self.root], check=True)
        self._strip()
        self._install()
        self._boot()
        return self

    def _strip(self):
        """What the host would start at boot is not started here."""
        units = f"{self.root}/etc/systemd/system"
        for name in os.listdir(units):
            if name.endswith(".wants"):
                shutil.rmtree(f"{units}/{name}")
        shutil.rmtree(f"{self.root}/var/lib/background-transfer", ignore_errors=True)

    def _install(self):
        subprocess.run(["meson", "install", "-C", build_folder(), "--no-rebuild", "--quiet",
                        "--destdir", self.root], check=True, stdout=subprocess.DEVNULL)
        self._copy_policies()
        subprocess.run(["ldconfig", "-r", self.root], check=True, capture_output=True)
        subprocess.run(["systemd-sysusers", f"--root={self.root}"], check=True,
                       capture_output=True)
        for name, uid in USERS.items():
            subprocess.run(["useradd", "--root", self.root, "-m", "-u", str(uid), name], check=True,
                           capture_output=True)

    def _copy_policies(self):
        """The bus and polkit read what is below /usr and /etc only."""
        places = {"dbus-1/system.d": "/etc/dbus-1/system.d",
                  "polkit-1/rules.d": "/etc/polkit-1/rules.d",
                  "polkit-1/actions": "/usr/share/polkit-1/actions"}
        for source, target in places.items():
            folder = f"{self.root}/usr/local/share/{source}"
            if os.path.isdir(folder):
                shutil.copytree(folder, self.root + target, dirs_exist_ok=True)

    def _boot(self):
        environment = dict(os.environ, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="1")
        environment.pop("NOTIFY_SOCKET", None)
        self.process = subprocess.Popen(
            ["systemd-nspawn", "-q", "--register=no", "--keep-unit", "-b", "-D", self.root,
             "--console=pipe"], env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.init = wait_until(self._find_init, "there is a process 1", BOOT_SECONDS)
        wait_until(lambda: self.attempt("systemctl", "is-system-running").strip()
                   in ("running", "degraded"), "the machine runs", BOOT_SECONDS)

    @staticmethod
    def _find_init():
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                    name = file.read().strip()
                with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                    ids = re.search(r"^NSpid:\s*(.*)$", file.read(), re.M).group(1).split()
            except (FileNotFoundError, ProcessLookupError, AttributeError):
                continue
            if name == "systemd" and len(ids) > 1 and ids[-1] == "1":
                return int(pid)
        return None

    def _command(self, arguments, user):
        become = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "env",
                  f"HOME=/home/{user}"] if user else []
        return ["nsenter", "-t", str(self.init), "-a", "--", *become, *arguments]

    def attempt(self, *arguments, user=None):
        """What the command said on standard output, however it ended."""
        return subprocess.run(self._command(arguments, user), check=False, capture_output=True,
                              text=True).stdout

    def run(self, *arguments, user=None):
        """What the command said on standard output; an AssertionError where it failed."""
        done = subprocess.run(self._command(arguments, user), check=False, capture_output=True,
                              text=True)
        if done.returncode != 0:
            raise AssertionError(f"{arguments} ended with {done.returncode}: {done.stdout}"
                                 f"{done.stderr}")
        return done.stdout

    def refuse(self, *arguments, user=None):
        """What the command, which has to fail, said on standard error."""
        done = subprocess.run(self._command(arguments, user), check=False, capture_output=True,
                              text=True)
        if done.returncode == 0:
            raise AssertionError(f"{arguments} succeeded: {done.stdout}")
        return done.stderr

    def main_pid(self, unit):
        """The unit's process as the machine counts, or 0."""
        return int(self.run("systemctl", "show", "-P", "MainPID", unit))

    def journal(self):
        return self.attempt("journalctl", "--no-pager", "-u", "background-transferd", "-u",
                            "background-transfer-worker@*")

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            if self.init is not None:
                os.kill(self.init, signal.SIGKILL)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        subprocess.run(["umount", "-l", self.root], check=False, capture_output=True)
        subprocess.run(["umount", "-l", self.folder], check=False, capture_output=True)
        os.rmdir(self.folder)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()
