# SPDX-License-Identifier: LGPL-2.1-or-later
"""Private message buses.

    with Bus() as bus:
        environment = bus.environment()
        connection = bus.connect()
"""

import os
import shutil
import subprocess
import tempfile

from gi.repository import Gio

CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{folder}/services</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
    <allow user="*"/>
  </policy>
</busconfig>
"""


class Bus:
    """A dbus-daemon of our own that lets everybody do everything, and knows no services but those
    that add_service() names."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="bgt-bus-")
        os.mkdir(f"{self.folder}/services")
        self.configuration = f"{self.folder}/bus.conf"
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=self.folder))
        self.process = None
        self.address = None
        self._connections = []

    def start(self):
        """Returns once the bus takes connections."""
        self.process = subprocess.Popen(
            ["dbus-daemon", f"--config-file={self.configuration}", "--nofork", "--nopidfile",
             "--print-address=1"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            raise RuntimeError("dbus-daemon did not start")
        return self

    def stop(self):
        for connection in self._connections:
            if not connection.is_closed():
                connection.close_sync(None)
        self._connections.clear()
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process.stdout.close()
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    def add_service(self, name, command):
        """Makes @name activatable: the bus runs @command, one string."""
        path = f"{self.folder}/services/{name}.service"
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"[D-BUS Service]\nName={name}\nExec={command}\n")
        self.connect().call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "ReloadConfig", None, None, Gio.DBusCallFlags.NONE, -1, None)

    def environment(self, system=False):
        """Variables for a program that is to see this bus, as the session's or the system's; the
        other one does not exist for it."""
        none = f"unix:path={self.folder}/no-such-bus"
        return dict(
            os.environ,
            DBUS_SESSION_BUS_ADDRESS=none if system else self.address,
            DBUS_SYSTEM_BUS_ADDRESS=self.address if system else none)

    def connect(self):
        """A new connection; it is closed with the bus."""
        connection = Gio.DBusConnection.new_for_address_sync(
            self.address,
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
            | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        connection.set_exit_on_close(False)
        self._connections.append(connection)
        return connection
