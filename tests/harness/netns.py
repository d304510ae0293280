# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine of its own on a network of its own: the real NetworkManager manages the client's end of
a veth pair, servers listen on the other end.

    with NetworkWorld() as world, world.daemon() as daemon, world.server() as server:
        world.nmcli("connection", "modify", "wired", "connection.metered", "yes")

Needs root, ip, NetworkManager and nmcli; skips the test where one is missing."""

import contextlib
import ctypes
import os
import shutil
import subprocess
import tempfile
import unittest

from harness.bus import Bus
from harness.daemon import Daemon
from harness.servers import FaultyServer
from harness.wait import wait_until

CLONE_NEWNET = 0x40000000
SERVER_ADDRESS = "10.9.0.1"
WIRED_UUID = "3f3a4b1c-0000-4000-8000-000000000001"
PROGRAMS = ("ip", "nmcli", "NetworkManager", "unshare")
CHECK_BODY = b"NetworkManager is online"

# A read-only /sys makes NetworkManager do without udev; its own folders are on a tmpfs.
START_NETWORK_MANAGER = """
mount --make-rprivate / && mount -o remount,ro /sys &&
mkdir -p /run/NetworkManager /var/lib/NetworkManager &&
mount -t tmpfs none /run/NetworkManager && mount -t tmpfs none /var/lib/NetworkManager &&
exec NetworkManager --no-daemon --config {folder}/nm.conf --config-dir {folder}/none \
  --system-config-dir {folder}/none --intern-config {folder}/intern.conf \
  --state-file {folder}/nm.state --pid-file {folder}/nm.pid
"""

CONFIGURATION = """[main]
plugins=keyfile
dns=none
rc-manager=unmanaged
auth-polkit=false
no-auto-default=*
[keyfile]
path={folder}/connections
[connectivity]
uri=http://{address}:{port}/nm-check.txt
interval=2
response={check}
"""

WIRED = """[connection]
id=wired
uuid={uuid}
type=ethernet
interface-name=c0
[ipv4]
method=manual
address1=10.9.0.2/24,10.9.0.1
[ipv6]
method=disabled
"""

# A second way to the same network, so that there can be another primary connection.
SECOND = """[connection]
id=second
uuid=3f3a4b1c-0000-4000-8000-000000000002
type=ethernet
interface-name=c1
autoconnect=false
[ipv4]
method=manual
address1=10.9.0.3/24,10.9.0.1
route-metric=50
[ipv6]
method=disabled
"""


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class WorldDaemon(Daemon):
    """The service on the client's side of the world."""

    def __init__(self, world, settings=None, **more):
        environment = dict({"DBUS_SYSTEM_BUS_ADDRESS": world.bus.address},
                           **more.pop("environment", {}))
        super().__init__(world.bus, settings, environment=environment, **more)
        self.world = world

    def command(self):
        return ["ip", "netns", "exec", self.world.client, *super().command()]


class NetworkWorld:
    def __init__(self, bus=None):
        self._stack = contextlib.ExitStack()
        self.bus = bus
        self.client = f"bgtc{os.getpid()}"
        self.other = f"bgts{os.getpid()}"
        self.folder = None
        self.manager = None
        self.check_server = None

    def __enter__(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root")
        for program in PROGRAMS:
            if shutil.which(program) is None:
                raise unittest.SkipTest(f"{program} is not installed")
        try:
            self._enter()
        except BaseException:
            self._stack.close()
            raise
        return self

    def _enter(self):
        if self.bus is None:
            self.bus = self._stack.enter_context(Bus())
        self.folder = tempfile.mkdtemp(prefix="bgt-world-")
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        for name in (self.client, self.other):
            try:
                run("ip", "netns", "add", name)
            except subprocess.CalledProcessError as error:
                raise unittest.SkipTest(f"no network namespaces: {error.stderr}") from error
            self._stack.callback(run, "ip", "netns", "del", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", self.other, "link", "add", "br0", "type", "bridge")
        for number in (0, 1):
            run("ip", "link", "add", f"s{number}", "netns", self.other, "type", "veth",
                "peer", "name", f"c{number}", "netns", self.client)
            run("ip", "-n", self.other, "link", "set", f"s{number}", "master", "br0", "up")
        run("ip", "-n", self.other, "addr", "add", f"{SERVER_ADDRESS}/24", "dev", "br0")
        run("ip", "-n", self.other, "link", "set", "br0", "up")
        self.check_server = self.server()
        self.check_server.serve("/nm-check.txt", self.check_answer(CHECK_BODY))
        self._configure()
        self._stack.callback(self.stop_network_manager)
        self.start_network_manager()

    def __exit__(self, *_):
        self._stack.close()

    @staticmethod
    def check_answer(body):
        """What the connectivity check gets."""
        return (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
                % (len(body), body))

    def _configure(self):
        os.mkdir(f"{self.folder}/connections")
        os.mkdir(f"{self.folder}/none")
        open(f"{self.folder}/intern.conf", "w", encoding="ascii").close()
        with open(f"{self.folder}/nm.conf", "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(folder=self.folder, address=SERVER_ADDRESS,
                                            port=self.check_server.port,
                                            check=CHECK_BODY.decode()))
        for name, text in (("wired", WIRED), ("second", SECOND)):
            path = f"{self.folder}/connections/{name}.nmconnection"
            with open(path, "w", encoding="ascii") as file:
                file.write(text.format(uuid=WIRED_UUID))
            os.chmod(path, 0o600)

    def start_network_manager(self, wait=True):
        log = open(f"{self.folder}/nm.log", "a", encoding="utf-8")
        with log:
            self.manager = subprocess.Popen(
                ["ip", "netns", "exec", self.client, "unshare", "-m", "sh", "-c",
                 START_NETWORK_MANAGER.format(folder=self.folder)],
                env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=self.bus.address),
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        if wait:
            self.wait_connected()

    def stop_network_manager(self):
        if self.manager is not None:
            self.manager.kill()
            self.manager.wait()
            self.manager = None

    def wait_connected(self):
        wait_until(lambda: self.nmcli("-t", "-f", "STATE", "general", check=False)
                   .startswith("connected"), "NetworkManager is connected")

    def nmcli(self, *arguments, check=True):
        return subprocess.run(
            ["nmcli", *arguments], check=check, capture_output=True, text=True,
            env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=self.bus.address)).stdout

    def set_link(self, state, number=0):
        """The far end of the cable: "up" or "down"."""
        run("ip", "-n", self.other, "link", "set", f"s{number}", state)

    @contextlib.contextmanager
    def on_the_other_side(self):
        """Sockets made here belong to the servers' side."""
        library = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net", "rb") as here, \
                open(f"/run/netns/{self.other}", "rb") as there:
            if library.setns(there.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                library.setns(here.fileno(), CLONE_NEWNET)

    def server(self):
        """A FaultyServer on the other side; it ends with the world."""
        with self.on_the_other_side():
            return self._stack.enter_context(FaultyServer(address=SERVER_ADDRESS))

    def daemon(self, settings=None, **more):
        return WorldDaemon(self, settings, **more)
