# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real ModemManager whose modem roams, as the device of a mocked NetworkManager."""

import tempfile
import threading
import unittest

from gi.repository import Gio, GLib

from harness.bodies import Body
from harness.bus import Bus
from harness.daemon import PATH, Daemon
from harness.mocks import Mock
from harness.modem import HOME, ROAMING, ModemManager
from harness.servers import FaultyServer, sending
from harness.wait import wait_until

NM = "org.freedesktop.NetworkManager"
NM_PATH = "/org/freedesktop/NetworkManager"
DEVICE = f"{NM_PATH}/Devices/modem"
ACTIVE = f"{NM_PATH}/ActiveConnection/1"
UUID = "3f3a4b1c-0000-4000-8000-000000000009"
GUESS_YES = 3


def mobile_connection(mock, modem):
    """Makes a connection over @modem, an object path, the primary one of a mocked NetworkManager."""
    def add(path, interface, **values):
        mock.control("AddObject", GLib.Variant("(ssa{sv}a(ssss))", (path, interface, values, [])))

    def path(value):
        return GLib.Variant("o", value)

    number, text, flag = (lambda kind: lambda value: GLib.Variant(kind, value))("u"), \
        (lambda value: GLib.Variant("s", value)), (lambda value: GLib.Variant("b", value))
    add(DEVICE, f"{NM}.Device.Modem", ModemCapabilities=number(8), CurrentCapabilities=number(8))
    mock.control("AddProperties", GLib.Variant("(sa{sv})", (f"{NM}.Device", {
        "DeviceType": number(8), "State": number(100),
        "StateReason": GLib.Variant("(uu)", (100, 0)), "Interface": text("ttyM0"),
        "IpInterface": text("wwan0"), "Udi": text(modem), "ActiveConnection": path(ACTIVE),
        "Managed": flag(True), "Metered": number(GUESS_YES),
        "AvailableConnections": GLib.Variant("ao", [])})), DEVICE)
    add(ACTIVE, f"{NM}.Connection.Active", Devices=GLib.Variant("ao", [DEVICE]),
        Default=flag(True), Default6=flag(False), Type=text("gsm"), Vpn=flag(False),
        Connection=path("/"), Master=path("/"), SpecificObject=path("/"), Uuid=text(UUID),
        State=number(2), Id=text("mobile"))
    mock.control("AddProperty", GLib.Variant("(ssv)", (NM, "PrimaryConnection", path(ACTIVE))))
    mock.control("AddProperty", GLib.Variant("(ssv)", (NM, "Metered", number(GUESS_YES))))
    for name, paths in (("Devices", [DEVICE]), ("ActiveConnections", [ACTIVE])):
        mock.connection.call_sync(
            NM, NM_PATH, "org.freedesktop.DBus.Properties", "Set",
            GLib.Variant("(ssv)", (NM, name, GLib.Variant("ao", paths))), None,
            Gio.DBusCallFlags.NONE, -1, None)
    mock.control("SetConnectivity", GLib.Variant("(u)", (4,)))
    mock.control("SetGlobalConnectionState", GLib.Variant("(u)", (70,)))


class RoamingTest(unittest.TestCase):
    def test_roaming_stops_at_once_and_home_goes_on(self):
        bus = self.enterContext(Bus())
        manager = self.enterContext(ModemManager(bus))
        mobile_connection(self.enterContext(Mock(bus, NM, NM_PATH, template="networkmanager")),
                          manager.path())
        gate = threading.Event()
        self.addCleanup(gate.set)
        server = self.enterContext(FaultyServer())
        server.serve("/file", sending(Body(300000), hold=(100000, gate)))
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="bgt-roaming-"))
        daemon = self.enterContext(Daemon(
            bus, environment={"DBUS_SYSTEM_BUS_ADDRESS": bus.address}))
        self.assertEqual(daemon.get(PATH, "CostType", "Network"), "variable")
        self.assertFalse(daemon.get(PATH, "Roaming", "Network"))

        paths = {policy: daemon.create_download(
            server.uri("/file"), f"{folder}/{policy}", {"cost-policy": GLib.Variant("s", policy)},
            start=True) for policy in ("default", "always")}
        for path in paths.values():
            daemon.wait_for_bytes(path, 50000)
            daemon.wait_for_status(path, "running")
        manager.register(ROAMING)
        values = daemon.wait_for_status(paths["default"], "paused-costed-network")
        self.assertEqual(values["BlockedBy"], ["roaming"])
        self.assertTrue(daemon.get(PATH, "Roaming", "Network"))
        self.assertEqual(daemon.get(paths["always"], "Status"), "running")
        manager.register(HOME)
        daemon.wait_for_status(paths["default"], "running")

        manager.register(ROAMING)
        daemon.wait_for_status(paths["default"], "paused-costed-network")
        manager.process.kill()
        manager.process.wait()
        wait_until(lambda: not daemon.get(PATH, "Roaming", "Network"), "nobody knows of roaming")
        gate.set()
        for path in paths.values():
            daemon.wait_for_status(path, "completed")


if __name__ == "__main__":
    unittest.main()
