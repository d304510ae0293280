# SPDX-License-Identifier: LGPL-2.1-or-later
"""A worker that lies, in the place of the one of a single user:

    with SystemBus() as bus, LyingDaemon(bus, liar=2) as daemon:
        daemon.tell({"Start": "finish-with-much"})

What it is told is {method of the Worker: name of a lie}; it takes all others as a worker would that
has nothing to do. The workers of all other users are real. The program is this file.
"""

import contextlib
import json
import os
import random
import select
import shutil
import socket
import struct
import sys
import threading

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

from gi.repository import Gio, GLib

from harness.callers import SystemDaemon
from harness.daemon import program

V = GLib.Variant
NAME = "org.example.BackgroundTransfer"
WORKER_PATH = "/org/example/BackgroundTransfer/Worker"
HOST_PATH = "/org/example/BackgroundTransfer/WorkerHost"
XML = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "introspection",
                   f"{NAME}.Worker.xml")
MIB = 1024 * 1024
ASK = "ask"


class LyingDaemon(SystemDaemon):
    def __init__(self, bus, liar, **options):
        super().__init__(bus, **options)
        self.liar = liar
        # The daemon takes the worker that lies beside it.
        self.programs = f"{self.folder}/programs"
        os.chmod(self.folder, 0o755)
        os.makedirs(f"{self.programs}/daemon")
        os.makedirs(f"{self.programs}/worker")
        shutil.copy(program("src/daemon/background-transferd"), f"{self.programs}/daemon")
        with open(f"{self.programs}/worker/background-transfer-worker", "w",
                  encoding="utf-8") as file:
            file.write(f"""#!/bin/sh
case "$*" in
*--uid={liar}*) exec /usr/bin/python3 {os.path.realpath(__file__)} {self.programs} "$@" ;;
*) exec {program("src/worker/background-transfer-worker")} "$@" ;;
esac
""")
        os.chmod(f"{self.programs}/worker/background-transfer-worker", 0o755)
        self.tell({})

    def command(self):
        installed = program("src/daemon/background-transferd")
        return [f"{self.programs}/daemon/background-transferd" if argument == installed
                else argument for argument in super().command()]

    def tell(self, lies):
        path = f"{self.programs}/lies.json"
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump(lies, file)
        os.chmod(f"{path}.new", 0o644)
        os.rename(f"{path}.new", path)


def vardict(**values):
    return V("a{sv}", {key.replace("_", "-"): value for key, value in values.items()})


def pack(message):
    return bytes(message.to_blob(Gio.DBusCapabilityFlags.UNIX_FD_PASSING))


def pack_signal(name, parameters, path=HOST_PATH):
    message = Gio.DBusMessage.new_signal(path, f"{NAME}.WorkerHost", name)
    message.set_body(parameters)
    message.set_serial(1)
    return pack(message)


def pack_call(name, parameters):
    message = Gio.DBusMessage.new_method_call(None, HOST_PATH, f"{NAME}.WorkerHost", name)
    message.set_body(parameters)
    message.set_serial(1)
    return pack(message)


class Liar:
    def __init__(self, folder, fd):
        self.folder = folder
        stream = Gio.Socket.new_from_fd(fd).connection_factory_create_connection()
        # What is not a message of D-Bus has to go by GDBus.
        self.socket = socket.socket(fileno=os.dup(fd))
        self.connection = Gio.DBusConnection.new_sync(
            stream, None, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
            | Gio.DBusConnectionFlags.DELAY_MESSAGE_PROCESSING, None, None)
        self.connection.set_exit_on_close(True)
        with open(XML, encoding="utf-8") as file:
            info = Gio.DBusNodeInfo.new_for_xml(file.read())
        self.connection.register_object(
            WORKER_PATH, info.lookup_interface(f"{NAME}.Worker"), self.on_call, None, None)
        self.connection.start_message_processing()

    def on_call(self, _connection, _sender, _path, _interface, method, parameters, invocation):
        with open(f"{self.folder}/lies.json", encoding="utf-8") as file:
            lies = json.load(file)
        self.told = lies
        lie = lies.get(method)
        if lie in REPLIES:
            REPLIES[lie](self, parameters, invocation)
            return
        self.answer(method, parameters, invocation)
        if lie is not None:
            guid = parameters.get_child_value(0).get_string()
            threading.Thread(target=REPORTS[lie], args=(self, guid), daemon=True).start()

    @staticmethod
    def answer(method, parameters, invocation):
        if method == "Check":
            invocation.return_value(V("(a{sv})", ({},)))
        elif method == "CheckAll":
            requests = parameters.get_child_value(0)
            invocation.return_value(V("(a(ssa{sv}))",
                                      ([("", "", {})] * requests.n_children(),)))
        elif method == "LookAtProcess":
            invocation.return_value(V("(a{sv})", ({
                "executable": V("ay", b"/usr/bin/liar\0"), "name": V("ay", b"liar\0"),
                "is-unseen": V("b", False), "started": V("t", 0)},)))
        elif method == "OpenResult":
            invocation.return_dbus_error(f"{NAME}.Error.NotYetAvailable", "nothing")
        else:
            invocation.return_value(None)

    def send(self, data):
        """Past GDBus, which must have nothing to say meanwhile."""
        data = memoryview(data)
        while data:
            select.select([], [self.socket], [])
            with contextlib.suppress(BlockingIOError):
                data = data[self.socket.send(data):]

    def call(self, method, guid, update):
        """Waits for no answer."""
        self.connection.call(None, HOST_PATH, f"{NAME}.WorkerHost", method,
                             V.new_tuple(V("s", guid), update), None, Gio.DBusCallFlags.NONE,
                             -1, None, None)

    def emit(self, name, parameters, path=HOST_PATH):
        self.connection.emit_signal(None, path, f"{NAME}.WorkerHost", name, parameters)


# Instead of an answer


def say_nothing(_liar, _parameters, _invocation):
    pass


def refuse_at_length(_liar, _parameters, invocation):
    invocation.return_dbus_error(f"{NAME}.Error.Failed", "é" * 100_000)


def refuse_oddly(_liar, _parameters, invocation):
    invocation.return_dbus_error("org.example.No.Such.Error.Name", "\x01" * 5000)


def find_much(_liar, _parameters, invocation):
    invocation.return_value(V("(a{sv})", ({"metadata": vardict(x=V("s", "x" * 200_000))},)))


def find_many(_liar, _parameters, invocation):
    found = GLib.VariantBuilder.new(GLib.VariantType.new("a{sv}"))
    for i in range(20_000):
        found.add_value(GLib.Variant.new_dict_entry(V("s", "max-rate"), V("v", V("t", i))))
    invocation.return_value(V.new_tuple(found.end()))


def show_much(_liar, _parameters, invocation):
    """Of a process: as many small things as a message may have."""
    info = b"[Application]\nname=org.example.App\n" + b"".join(
        b"[%d]\n" % i for i in range(200_000)) + b"\0"
    invocation.return_value(V("(a{sv})", ({
        "is-unseen": V("b", False), "started": V("t", 0),
        "flatpak-info": V.new_from_bytes(V("ay", b"").get_type(), GLib.Bytes.new(info), True)},)))


def answer_of_another_type(liar, _parameters, invocation):
    message = Gio.DBusMessage.new_method_reply(invocation.get_message())
    message.set_body(V("(ah)", ([7, 8, 9],)))
    liar.connection.send_message(message, Gio.DBusSendMessageFlags.NONE)


def pass_many(liar, _parameters, invocation):
    files = Gio.UnixFDList.new()
    with open("/dev/null", "rb") as file:
        for _ in range(200):
            files.append(file.fileno())
    message = Gio.DBusMessage.new_method_reply(invocation.get_message())
    message.set_unix_fd_list(files)
    message.set_body(V("(h)", (5000,)))
    liar.connection.send_message(message, Gio.DBusSendMessageFlags.NONE)


def leave(_liar, _parameters, _invocation):
    os._exit(0)


REPLIES = {name.__name__.replace("_", "-"): name for name in (
    say_nothing, refuse_at_length, refuse_oddly, find_much, find_many, answer_of_another_type,
    show_much, pass_many, leave)}


# After an answer


def finish_with_much(liar, guid):
    liar.call("Finished", guid, vardict(
        error_message=V("s", "é" * 100_000), web_error_status=V("s", "http-404"),
        destination=V("s", "/" + "d" * 100_000)))


def flood_with_progress(liar, guid):
    signals = b"".join(pack_signal("Progress", V("(stttt)", (guid, i, 2000, i, 2000)))
                       for i in range(1000))
    while True:
        liar.send(signals)


def flood_with_odd_signals(liar, _guid):
    signals = pack_signal("Progress", V("(s)", ("x",))) * 1000
    while True:
        liar.send(signals)


def flood_with_reports(liar, guid):
    """Each as large as may be, and larger where the daemon writes it down."""
    for i in range(1000):
        numbers = V.new_from_bytes(GLib.VariantType.new("ay"),
                                   GLib.Bytes.new(bytes([i % 250, 1]) * 37_000), True)
        liar.send(pack_call("Checkpoint", V.new_tuple(
            V("s", guid), vardict(checkpoint=vardict(x=numbers), response=vardict(y=numbers)))))


def flood_with_ranges(liar, guid):
    for i in range(1000):
        added = V("a(tt)", [(4 * j + i % 2, 1) for j in reversed(range(16000))])
        liar.send(pack_call("Checkpoint", V.new_tuple(V("s", guid), vardict(ranges=added))))


def flood_with_servers(liar, _guid):
    for i in range(100_000):
        liar.send(pack_signal("ServerKnown", V("(ss)", (f"http://{i}", "tus"))))


def report_for_others(liar, own_guid):
    for guid in liar.told["guids"]:
        update = vardict(web_error_status=V("s", ""), bytes_received=V("t", 99),
                         checkpoint=vardict(stolen=V("b", True)), destination=V("s", "/etc/x"))
        for method in ("Checkpoint", "Finished"):
            liar.call(method, guid, update)
        liar.emit("Progress", V("(stttt)", (guid, 98, 99, 98, 99)))
    liar.call("Finished", "no GUID \n at all", vardict())
    liar.call("Finished", own_guid, vardict(web_error_status=V("s", "http-410")))


def report_oddly(liar, guid):
    for update in (vardict(checkpoint=V("i", 3)), vardict(response=V("as", ["x"])),
                   vardict(response=vardict(status_code=V("s", "x"))),
                   vardict(ranges=V("a(tt)", [(2**64 - 1, 2**64 - 1), (5, 0)])),
                   vardict(added=V("a(tt)", [(0, 2**64 - 1)] * 3)),
                   vardict(checkpoint=vardict(x=V("h", 0))),
                   vardict(destination=V("s", "../../etc/passwd"), bytes_sent=V("s", "1"))):
        liar.call("Checkpoint", guid, update)
    liar.emit("Progress", V("(s)", (guid,)))
    liar.emit("Progress", V("(stttt)", (guid, 1, 1, 1, 1)), path="/elsewhere")
    liar.emit("ServerKnown", V("(ii)", (1, 2)))
    liar.emit("NoSuchSignal", V("(ii)", (1, 2)))
    liar.connection.call(None, HOST_PATH, f"{NAME}.WorkerHost", "NoSuchMethod", None, None,
                         Gio.DBusCallFlags.NONE, -1, None, None)
    for end in (vardict(web_error_status=V("i", 1), error_message=V("ay", b"\xff"),
                        retry_after=V("s", "x"), may_retry=V("u", 1)), vardict()):
        liar.call("Finished", guid, end)
        liar.call("Finished", guid, end)


def respond_deeply(liar, guid):
    """GDBus takes more containers in each other than a bus lets through."""
    structure = V("b", True)
    for _ in range(40):
        structure = V.new_tuple(structure)
    liar.call("Checkpoint", guid, vardict(
        response=vardict(status_code=V("u", 200), x=structure), checkpoint=vardict(x=structure),
        bytes_received=V("t", 1)))


def flood_with_questions(liar, _guid):
    """And reads none of the answers: what runs then has no thread of GDBus, which would."""
    liar.connection.flush_sync(None)
    os.set_inheritable(liar.socket.fileno(), True)
    os.execv(sys.executable, [sys.executable, os.path.realpath(__file__), ASK,
                              str(liar.socket.fileno())])


def ask(fd):
    guids = ["01234567_89ab_4def_8123_456789abcdef"] * 20
    calls = pack_call("FindForgotten", V("(as)", (guids,))) * 100
    with contextlib.suppress(OSError), socket.socket(fileno=fd) as daemon:
        daemon.setblocking(True)
        while True:
            daemon.sendall(calls)


def pass_hanging(liar, _guid):
    """A descriptor of a file that hangs when it is closed, with what is no message."""
    template = pack_signal("Progress", V("(s)", ("x",)))
    file = os.open(liar.told["file"], os.O_RDWR)
    liar.connection.flush_sync(None)
    select.select([], [liar.socket], [])
    socket.send_fds(liar.socket, [template[:-1] + b"x"], [file])


def send_garbage(liar, _guid):
    liar.send(random.Random(1).randbytes(MIB))


def send_the_largest(liar, _guid):
    """Small things, which take far more memory than they have bytes."""
    count = 60 * MIB // 8
    body = struct.pack("<I", count * 8) + b"\0" * (count * 8)
    template = pack_signal("Progress", V("(as)", ([],)))
    liar.send(template[:4] + struct.pack("<I", len(body)) + template[8:-4] + body)


def announce_and_pass(liar, _guid):
    """One message whose end never comes, and with each byte of it descriptors."""
    template = pack_signal("Progress", V("(ay)", (bytes(1),)))
    liar.send(template[:4] + struct.pack("<I", 64 * MIB) + template[8:-8])
    with open("/dev/null", "rb") as file:
        for _ in range(1000):
            select.select([], [liar.socket], [])
            with contextlib.suppress(OSError):
                socket.send_fds(liar.socket, [b"\0"], [file.fileno()] * 250)


REPORTS = {name.__name__.replace("_", "-"): name for name in (
    finish_with_much, flood_with_progress, flood_with_odd_signals, flood_with_reports,
    flood_with_ranges, flood_with_servers, flood_with_questions, report_for_others, report_oddly,
    respond_deeply, pass_hanging, send_garbage, send_the_largest, announce_and_pass)}


def main(folder, arguments):
    options = dict(argument.lstrip("-").split("=") for argument in arguments if "=" in argument)
    uid = int(options["uid"])
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
    liar = Liar(folder, int(options["fd"]))
    GLib.MainLoop().run()
    return liar


if __name__ == "__main__":
    if sys.argv[1] == ASK:
        ask(int(sys.argv[2]))
    else:
        main(sys.argv[1], sys.argv[2:])
