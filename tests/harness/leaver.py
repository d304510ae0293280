# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program that connects to the bus, leaves its connection to a child, and lets that call:

    leaver = Leaver(bus, UID, "org.example.App")
    with leaver:                    # it has connected
        pid = leaver.pid_on_bus()
        leaver.leave()              # its process has ended
        leaver.call_once()          # what the child is answered: object paths, or an error's name

The program behind it is this file, run with the bus's address; it says a line for each that it reads.
"""

import os
import signal
import socket
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from gi.repository import Gio, GLib

from harness.callers import GET_MANAGED_OBJECTS, Caller, pack_calls

HELLO = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")


class Leaver(Caller):
    def _command(self):
        *command, _program, address = super()._command()
        return [*command, os.path.abspath(__file__), address]

    def _ask(self, question):
        self.process.stdin.write("go on\n")
        self.process.stdin.flush()
        self.said = self.process.stdout.readline().strip()
        return self.said

    def pid_on_bus(self):
        """Of which process the bus says that it is; it has said its name."""
        connection = self.bus.connect()
        return connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "GetConnectionUnixProcessID", GLib.Variant("(s)", (self.said,)), None,
            Gio.DBusCallFlags.NONE, -1, None).unpack()[0]

    def leave(self):
        self._ask(None)

    def call_once(self):
        return self._ask(None).split()


def receive(client):
    data = b""
    while True:
        size = Gio.DBusMessage.bytes_needed(data) if len(data) >= 16 else 16
        if len(data) >= max(size, 16):
            yield Gio.DBusMessage.new_from_blob(data[:size], Gio.DBusCapabilityFlags.NONE)
            data = data[size:]
        else:
            data += client.recv(65536)


def find_answer(messages):
    for message in messages:
        if message.get_message_type() == Gio.DBusMessageType.METHOD_RETURN:
            return " ".join(message.get_body().get_child_value(0).unpack())
        if message.get_message_type() == Gio.DBusMessageType.ERROR:
            return message.get_error_name()
    return ""


def say(text):
    print(text, flush=True)
    sys.stdin.readline()


def main(address):
    # A sandbox ends with the first process in it.
    if os.fork() != 0:
        os.wait()
        signal.pause()
    client = socket.socket(socket.AF_UNIX)
    client.connect(address.split("path=")[1].split(",")[0])
    client.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
    client.recv(200)
    client.sendall(b"BEGIN\r\n" + pack_calls([HELLO]))
    messages = receive(client)
    name = next(messages).get_body().unpack()[0]
    sys.stdin.readline()
    say(name)
    if os.fork() != 0:
        os._exit(0)
    say("left")
    client.sendall(pack_calls([HELLO, GET_MANAGED_OBJECTS])[len(pack_calls([HELLO])):])
    say(find_answer(messages))


if __name__ == "__main__":
    main(sys.argv[1])
