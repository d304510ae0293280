# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a connection is told.

    with Signals(connection) as signals:
        ...
        signals.wait_for(lambda: signals.of("Finished", path), "it is finished")
"""

from gi.repository import Gio, GLib

from harness.daemon import NAME
from harness.wait import wait_until


class Signal:
    """path, interface, name and arguments (unpacked)."""

    def __init__(self, path, interface, name, arguments):
        self.path = path
        self.interface = interface
        self.name = name
        self.arguments = arguments


class Signals:
    """Keeps every signal of the service that reaches @connection, in order. @listener is called
    with each."""

    def __init__(self, connection, listener=None):
        self.connection = connection
        self.listener = listener
        self.all = []
        self.subscription = None

    def __enter__(self):
        self.subscription = self.connection.signal_subscribe(
            NAME, None, None, None, None, Gio.DBusSignalFlags.NONE, self._on_signal)
        # The match rule is there once the bus has answered something else.
        self.connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                  "org.freedesktop.DBus", "GetId", None, None,
                                  Gio.DBusCallFlags.NONE, -1, None)
        return self

    def __exit__(self, *_):
        self.connection.signal_unsubscribe(self.subscription)

    def _on_signal(self, _connection, _sender, path, interface, name, arguments):
        signal = Signal(path, interface, name, arguments.unpack())
        self.all.append(signal)
        if self.listener:
            self.listener(signal)

    @staticmethod
    def dispatch():
        while GLib.MainContext.default().iteration(False):
            pass

    def of(self, name, path=None):
        """Those so far."""
        self.dispatch()
        return [signal for signal in self.all
                if signal.name == name and path in (None, signal.path)]

    def changes(self, path, interface="Operation"):
        """(signal, changed properties) of each PropertiesChanged so far."""
        return [(signal, signal.arguments[1]) for signal in self.of("PropertiesChanged", path)
                if signal.arguments[0] == f"{NAME}.{interface}"]

    def wait_for(self, condition, what):
        def check():
            self.dispatch()
            return condition()
        return wait_until(check, what)
