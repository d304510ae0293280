# SPDX-License-Identifier: LGPL-2.1-or-later
"""System services that say what a test wants, from python3-dbusmock; skips the test without it.

    with Mock(bus, "org.freedesktop.UPower", "/org/freedesktop/UPower", template="upower") as mock:
        mock.update({"OnBattery": GLib.Variant("b", True)})
"""

import importlib.util
import os
import subprocess
import unittest

from gi.repository import Gio, GLib

from harness.wait import wait_until

CONTROL = "org.freedesktop.DBus.Mock"


class Mock:
    """@name at @path, which has @interface (the name by default), or what @template has."""

    def __init__(self, bus, name, path, interface=None, template=None, parameters=None):
        self.bus = bus
        self.name = name
        self.path = path
        self.interface = interface or name
        self.template = template
        self.parameters = parameters
        self.process = None
        self.connection = None

    def __enter__(self):
        if importlib.util.find_spec("dbusmock") is None:
            raise unittest.SkipTest("python3-dbusmock is not installed")
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        command = ["/usr/bin/python3", "-m", "dbusmock", "--system"]
        if self.template:
            command += ["-t", self.template]
            if self.parameters:
                command += ["-p", self.parameters]
        else:
            command += [self.name, self.path, self.interface]
        self.process = subprocess.Popen(
            command, env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=self.bus.address),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.connection = self.bus.connect()
        wait_until(self._has_owner, f"{self.name} is mocked")
        return self

    def stop(self):
        """As a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _has_owner(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the mock of {self.name} ended")
        return self.connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "NameHasOwner", GLib.Variant("(s)", (self.name,)), None, Gio.DBusCallFlags.NONE, -1,
            None).unpack()[0]

    def control(self, method, arguments, path=None):
        """Calls the mock's own interface."""
        return self.connection.call_sync(self.name, path or self.path, CONTROL, method, arguments,
                                         None, Gio.DBusCallFlags.NONE, -1, None).unpack()

    def update(self, properties, path=None, interface=None):
        """Changes @properties, {name: GLib.Variant}, with a signal."""
        self.control("UpdateProperties", GLib.Variant("(sa{sv})", (interface or self.interface,
                                                                   properties)), path)

    def emit(self, signal, signature, arguments):
        """@arguments: GLib.Variants"""
        self.control("EmitSignal", GLib.Variant("(sssav)", (self.interface, signal, signature,
                                                            arguments)))
