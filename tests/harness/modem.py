# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real ModemManager with a modem that does not exist, registered wherever a test says.

    with ModemManager(bus) as manager:
        manager.register(ROAMING)
"""

import os
import re
import shutil
import socket
import subprocess
import threading
import unittest

from gi.repository import Gio, GLib

from harness.listening import connections
from harness.mocks import Mock
from harness.wait import wait_until

NAME = "org.freedesktop.ModemManager1"
PATH = "/org/freedesktop/ModemManager1"
HOME, ROAMING = 1, 5

# What ModemManager asks a generic modem, and what one of the usual kind says.
ANSWERS = {
    "AT+GCAP": "+GCAP: +CGSM,+DS,+ES", "ATI": "Manufacturer: None", "AT+CGMI": "None",
    "AT+WS46=?": "+WS46: (12,22,25,28,29)", "AT+CGMM": "M", "AT+CGMR": "1", "AT+CPAS": "+CPAS: 0",
    "AT+CGSN": "356938035643809", "AT+CIMI": "001010000000001", "AT+CPIN?": "+CPIN: READY",
    "AT+CFUN?": "+CFUN: 1", "AT+CLCK=?": '+CLCK: ("SC","FD")', "AT+CREG=?": "+CREG: (0-2)",
    "AT+CGREG=?": "+CGREG: (0-2)", "AT+CEREG=?": "+CEREG: (0-2)", "AT+CSQ": "+CSQ: 20,99",
    "AT+COPS=3,2;+COPS?": '+COPS: 0,2,"00101",2', "AT+COPS=3,0;+COPS?": '+COPS: 0,0,"Nowhere",2',
    "AT+COPS?": '+COPS: 0,2,"00101",7', "AT+CSCS=?": '+CSCS: ("IRA","UCS2","GSM")',
    "AT+CSCS?": '+CSCS: "UCS2"', "AT+CGDCONT=?": '+CGDCONT: (1-11),"IP",,,(0-2),(0-3)',
}
SILENT = {"AT", "ATZ", "ATE0", "ATV1", "AT+CMEE=1", "ATX4", "AT&C1", "AT+IFC=1,1", "AT+CFUN=1",
          "AT+CNUM", "AT+CREG=2", "AT+CGREG=2", "AT+CEREG=2", "AT+CREG=0", "AT+CGREG=0",
          "AT+CEREG=0", "AT+COPS=0", 'AT+CSCS="UCS2"', "AT+CGATT=1", "AT+CGDCONT?", "ATH",
          "AT+COPS=3,2", "AT+COPS=3,0"}


class Modem:
    """Answers AT commands on the abstract socket that ModemManager calls abstract:@name."""

    def __init__(self, name):
        self.state = HOME
        self.connections = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind("\0abstract:" + name)
        self.listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            connection.close()

    def register(self, state):
        self.state = state
        for connection in self.connections:
            for command in ("CREG", "CGREG", "CEREG"):
                self._say(connection, f'+{command}: {state},"1F3D","01D20A3",7')

    @staticmethod
    def _say(connection, text):
        try:
            connection.sendall(f"\r\n{text}\r\n".encode())
        except OSError:
            pass

    def _accept(self):
        for connection in connections(self.listener):
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        pending = b""
        while True:
            try:
                data = connection.recv(4096)
            except OSError:
                return
            if not data:
                return
            *commands, pending = (pending + data).split(b"\r")
            for command in commands:
                self._answer(connection, command.decode("latin1").strip())

    def _answer(self, connection, command):
        registration = re.fullmatch(r"AT\+(C[GE]?REG)\?", command)
        if registration:
            self._say(connection, f'+{registration.group(1)}: 2,{self.state},"1F3D","01D20A3",7')
        elif command in ANSWERS:
            self._say(connection, ANSWERS[command])
        elif command and command not in SILENT:
            self._say(connection, "ERROR")
            return
        if command:
            self._say(connection, "OK")


class ModemManager:
    def __init__(self, bus):
        self.bus = bus
        self.modem = None
        self.polkit = None
        self.process = None
        self.connection = None

    def __enter__(self):
        if shutil.which("ModemManager") is None:
            raise unittest.SkipTest("ModemManager is not installed")
        name = f"bgt-modem-{os.getpid()}"
        self.polkit = Mock(self.bus, "org.freedesktop.PolicyKit1",
                           "/org/freedesktop/PolicyKit1/Authority",
                           "org.freedesktop.PolicyKit1.Authority", "polkitd").__enter__()
        self.polkit.control("AllowUnknown", GLib.Variant("(b)", (True,)))
        self.modem = Modem(name)
        self.connection = self.bus.connect()
        self.process = subprocess.Popen(
            ["ModemManager", "--test-enable", "--test-no-udev", "--test-no-suspend-resume",
             "--test-no-qrtr", "--no-auto-scan"],
            env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=self.bus.address),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: self._try(PATH, f"{NAME}.Test", "SetProfile", GLib.Variant(
            "(ssas)", ("bgt", "generic", [f"abstract:{name}"]))), "ModemManager takes the modem")
        path = wait_until(self.path, "the modem is there")
        wait_until(lambda: self._try(path, f"{NAME}.Modem", "Enable",
                                     GLib.Variant("(b)", (True,))), "the modem is enabled")
        wait_until(lambda: self.state() == HOME, "the modem is registered at home")
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        if self.modem is not None:
            self.modem.close()
        if self.polkit is not None:
            self.polkit.stop()

    def register(self, state):
        self.modem.register(state)
        wait_until(lambda: self.state() == state, "the modem is registered")

    def _try(self, path, interface, method, arguments):
        try:
            return self.connection.call_sync(NAME, path, interface, method, arguments, None,
                                             Gio.DBusCallFlags.NONE, 20000, None) is not None
        except GLib.Error:
            return False

    def path(self):
        """The modem's object, or None."""
        objects = self.connection.call_sync(
            NAME, PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", None, None,
            Gio.DBusCallFlags.NONE, -1, None).unpack()[0]
        return next((path for path in objects if "/Modem/" in path), None)

    def state(self):
        return self.connection.call_sync(
            NAME, self.path(), "org.freedesktop.DBus.Properties", "Get",
            GLib.Variant("(ss)", (f"{NAME}.Modem.Modem3gpp", "RegistrationState")), None,
            Gio.DBusCallFlags.NONE, -1, None).unpack()[0]
