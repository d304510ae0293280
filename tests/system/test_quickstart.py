# SPDX-License-Identifier: LGPL-2.1-or-later
"""data/quickstart, of an installed service, where names are odd and where nothing can be written."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from harness.daemon import build_folder
from harness.servers import Body, FaultyServer, sending
from harness.wait import DEADLINE_SECONDS, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
ODD = "-a \"b\" $c;é, %~"
UNREADABLE = b"\xe9".decode(errors="surrogateescape")


def install(folder):
    """Installs the service under @folder; returns the prefix."""
    subprocess.run(["/usr/bin/meson", "install", "-C", build_folder(), "--no-rebuild", "--quiet",
                    "--destdir", folder], check=True, stdout=subprocess.DEVNULL)
    transferctl, = pathlib.Path(folder).glob("**/bin/transferctl")
    prefix = str(transferctl.parents[1])
    # The service file knows where it is to lie in the end.
    service, = pathlib.Path(folder).glob("**/services/*.service")
    service.write_text(service.read_text().replace(prefix[len(folder):], prefix))
    return prefix


def processes_of(folder):
    """The process IDs of those whose command lines name it."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if folder.encode() in command:
            found.append(int(path.parent.name))
    return found


def end_all(folder):
    for pid in processes_of(folder):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Quickstart(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="bgt-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.prefix = install(f"{cls.folder}/{ODD}")

    def setUp(self):
        self.body = Body(1024 * 1024)
        server = FaultyServer()
        server.__enter__()
        self.addCleanup(end_all, self.folder)
        self.addCleanup(server.__exit__, None, None, None)
        server.serve("/file", sending(self.body))
        self.uri = server.uri("/file")
        self.top = f"{self.folder}/top '{ODD}"
        self.here = f"{self.folder}/here '{ODD}"
        for folder in (f"{self.top}/data", self.here):
            os.makedirs(folder)
            self.addCleanup(shutil.rmtree, folder)
        for name in ("quickstart", "packages.sh"):
            shutil.copy(ROOT / "data" / name, f"{self.top}/data/{name}")

    def run_it(self, home, *arguments):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("XDG_", "DBUS_"))}
        environment |= {"HOME": home, "BT_PREFIX": self.prefix, "CDPATH": self.folder}
        return subprocess.run([f"../{os.path.basename(self.top)}/data/quickstart", *arguments],
                              cwd=self.here, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              errors="surrogateescape", timeout=2 * DEADLINE_SECONDS)

    def test_odd_names(self):
        home = f"{self.folder}/home '{ODD}"
        for name in (f"-o '{ODD}", f"/{UNREADABLE}"):
            with self.subTest(name):
                path = os.path.join(self.here, name.lstrip("/"))
                result = self.run_it(home, self.uri, path if name[0] == "/" else name)
                self.assertEqual(result.returncode, 0, result.stdout)
                with open(path, "rb") as file:
                    self.assertTrue(file.read() == self.body.read(), "other bytes than were sent")
                wait_until(lambda: not processes_of(self.folder),
                           "the service and its bus have ended")

    def test_home_in_which_nothing_can_be_written(self):
        home = f"{self.folder}/no-folder"
        with open(home, "wb"):
            pass
        result = self.run_it(home, self.uri)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn(f"Nothing can be written in {home}/.cache/background-transfer",
                      result.stdout)
        self.assertIn("XDG_CACHE_HOME", result.stdout)
        self.assertEqual(os.listdir(self.here), [])


if __name__ == "__main__":
    unittest.main()
