# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs of other users, in or outside of a sandbox, that call the service for a test:

    with SystemBus() as bus, SystemDaemon(bus) as daemon, Caller(bus, uid=2) as alice:
        path, = alice.call(PATH, "Manager", "CreateDownload", "(ssa{sv})", (uri, file, {}))

All of it needs root. The program behind a Caller is this file, run with the bus's address; it reads
one call a line and writes one answer a line, both JSON with variants as text.
"""

import json
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from gi.repository import Gio, GLib

from harness import members
from harness.bus import Bus
from harness.daemon import NAME, PATH, Daemon, build_folder
from harness.wait import DEADLINE_SECONDS

TIMEOUT_MS = DEADLINE_SECONDS * 1000

CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{folder}/services</servicedir>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus"
           send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus"
           send_interface="org.freedesktop.DBus.Properties"/>
  </policy>
  <policy user="root">
    <allow own="org.freedesktop.PolicyKit1"/>
    <allow send_destination="org.freedesktop.PolicyKit1"/>
  </policy>
  <include>{policy}</include>
  <limit name="max_connections_per_user">2000</limit>
  <limit name="max_completed_connections">4000</limit>
</busconfig>
"""

# What a Flatpak application sees of itself.
FLATPAK_INFO = """[Application]
name={application}
runtime=runtime/org.example.Platform/x86_64/1
[Context]
shared={shared}
"""

SANDBOX = ["--unshare-pid", "--unshare-user", "--ro-bind", "/usr", "/usr", "--ro-bind", "/etc",
           "/etc", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--symlink",
           "usr/bin", "/bin", "--proc", "/proc", "--dev", "/dev", "--die-with-parent"]


GET_MANAGED_OBJECTS = (NAME, PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")


class SystemBus(Bus):
    """With the rules of a system bus and the service's own policy file."""

    def start(self):
        os.chmod(self.folder, 0o755)
        source = f"{build_folder()}/data/org.example.BackgroundTransfer.conf"
        with open(source, encoding="utf-8") as file:
            policy = file.read()
        # The service's own user need not exist here; the service runs as root.
        policy = policy.replace('<policy user="background-transfer">', '<policy user="root">')
        with open(f"{self.folder}/policy.conf", "w", encoding="utf-8") as file:
            file.write(policy)
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=self.folder, policy="policy.conf"))
        return super().start()

    def environment(self, system=True):
        return super().environment(system)


class SystemDaemon(Daemon):
    """The service as root runs it, but without the capability to look into others' processes: so it
    has to ask their users' workers, as the installed one has to. No capability is inherited by
    anything that becomes another user."""

    def command(self):
        command = [argument for argument in super().command() if argument != "--session"]
        return ["setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-all", *command]


class CallError(Exception):
    """An answer that is an error; @name is the whole D-Bus name."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


class Caller:
    """One program of the user @uid. @application: it runs in a Flatpak's
    sandbox of that ID, with the network permission if @network. @pretended: within that it has made
    a root of its own, with that as its .flatpak-info, or without any where it is empty."""

    def __init__(self, bus, uid, application=None, network=True, flatpak_info=None,
                 pretended=None):
        self.bus = bus
        self.uid = uid
        self.folder = tempfile.mkdtemp(prefix="bgt-caller-")
        self.application = application
        if application is not None and flatpak_info is None:
            flatpak_info = FLATPAK_INFO.format(application=application,
                                               shared="network;ipc;" if network else "ipc;")
        self.flatpak_info = flatpak_info
        self.pretended = pretended
        self.process = None

    def _in_sandbox(self, name, flatpak_info):
        tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        command = ["bwrap", *SANDBOX, "--ro-bind", tests, tests, "--ro-bind",
                   members.INTROSPECTION, members.INTROSPECTION, "--bind", self.bus.folder,
                   self.bus.folder, "--bind", self.folder, self.folder]
        if flatpak_info is None:
            return command
        with open(f"{self.folder}/{name}", "w", encoding="utf-8") as file:
            file.write(flatpak_info)
        return [*command, "--ro-bind", f"{self.folder}/{name}", "/.flatpak-info"]

    def _command(self):
        become = ["setpriv", "--reuid", str(self.uid), "--regid", str(self.uid), "--clear-groups",
                  "--inh-caps", "-all"]
        client = ["/usr/bin/python3", os.path.abspath(__file__), self.bus.address]
        if self.pretended is not None:
            client = [*self._in_sandbox("pretended", self.pretended or None), *client]
        if self.flatpak_info is not None:
            client = [*self._in_sandbox("flatpak-info", self.flatpak_info), *client]
        return [*become, *client]

    def start(self):
        os.chmod(self.folder, 0o755)
        os.chown(self.folder, self.uid, self.uid)
        environment = dict(self.bus.environment(), HOME=self.folder, TMPDIR="/tmp")
        self.process = subprocess.Popen(self._command(), stdin=subprocess.PIPE, cwd="/",
                                        stdout=subprocess.PIPE, text=True, env=environment)
        self._ask({"what": "hello"})
        return self

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.terminate()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    def _ask(self, question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the caller {self.uid} has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise CallError(answer["error"], answer["message"])
        return answer

    def call(self, path, interface, method, signature=None, arguments=(), descriptor=None, to=NAME):
        """The reply as a tuple, or CallError. @descriptor: a file that the caller opens for reading
        and writing and passes as handle 0, or a list of such files. Where one is
        a name and a text, it writes that first."""
        if "." not in interface:
            interface = f"{NAME}.{interface}"
        variant = GLib.Variant(signature, arguments) if signature else None
        answer = self._ask({"what": "call", "path": path, "interface": interface, "method": method,
                            "arguments": variant.print_(True) if variant else None,
                            "type": signature, "descriptor": descriptor, "to": to})
        return GLib.Variant.parse(None, answer["reply"], None, None).unpack()

    def call_bus(self, method, signature, arguments):
        """A call on the bus itself."""
        return self.call("/org/freedesktop/DBus", "org.freedesktop.DBus", method, signature,
                         arguments, to="org.freedesktop.DBus")

    def flood(self, seed, count, paths):
        """Calls @count members of the interfaces on some of @paths with whatever @seed yields, most
        of it of the right types. Returns {error name or "": how often}."""
        return self._ask({"what": "flood", "seed": seed, "count": count, "paths": paths})["counts"]

    def crowd(self, n_connections, n_calls, call=GET_MANAGED_OBJECTS):
        """Opens that many more connections, makes that many calls on each, and reads no answer and
        no signal as long as this program lives. Returns how many the bus has let in."""
        return self._ask({"what": "crowd", "n_connections": n_connections, "n_calls": n_calls,
                          "call": call})["n"]

    def pass_descriptors(self, n_calls, n_descriptors):
        """Makes as many calls at once that need one descriptor and come with more. Returns
        {error name or "": how often}."""
        return self._ask({"what": "descriptors", "n_calls": n_calls,
                          "n_descriptors": n_descriptors})["counts"]

    def pause(self):
        """The program reads nothing until it is resumed."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def signals(self):
        """[[path, interface, signal]…] of the service that have reached this program."""
        return self._ask({"what": "signals"})["signals"]

    def pid(self):
        """As the host counts."""
        return self.process.pid


def answer_call(connection, question):
    """In the caller's program."""
    arguments = None
    if question["arguments"] is not None:
        arguments = GLib.Variant.parse(GLib.VariantType.new(question["type"]),
                                       question["arguments"], None, None)
    descriptors = Gio.UnixFDList()
    names = question["descriptor"] or []
    for given in [names] if isinstance(names, str) else names:
        name, text = (given, None) if isinstance(given, str) else given
        file = os.open(name, os.O_RDWR | os.O_CREAT, 0o644)
        if text is not None:
            os.write(file, text.encode())
        descriptors.append(file)
        os.close(file)
    reply, _ = connection.call_with_unix_fd_list_sync(
        question["to"], question["path"], question["interface"], question["method"], arguments, None,
        Gio.DBusCallFlags.NONE, TIMEOUT_MS, descriptors, None)
    return {"reply": reply.print_(True)}


def random_call(source, offered, paths):
    """(path, interface, method, arguments or None)"""
    interface = source.choice(offered)
    if interface.properties and source.random() < 0.5:
        name = source.choice(list(interface.properties))
        types = interface.properties[name][0]
        if source.random() < 0.5:
            return (source.choice(paths), "org.freedesktop.DBus.Properties", "Get",
                    GLib.Variant("(ss)", (interface.name, name)))
        if source.random() < 0.2:
            types = source.choice(members.VARIANTS)
        return (source.choice(paths), "org.freedesktop.DBus.Properties", "Set",
                GLib.Variant("(ssv)", (interface.name, name, members.value(types, source))))
    method = source.choice(list(interface.methods) or ["Nonsense"])
    signature = interface.methods.get(method, "()")
    if source.random() < 0.2:
        signature = f"({''.join(source.choices(members.VARIANTS, k=source.randrange(4)))})"
    return source.choice(paths), interface.name, method, members.value(signature, source)


def answer_flood(connection, question):
    """Some calls are under way at any time; what is answered is only counted."""
    source = random.Random(question["seed"])
    offered = list(members.interfaces().values())
    context = GLib.MainContext.default()
    counts, under_way = {}, [0]

    def on_answered(_connection, result):
        under_way[0] -= 1
        try:
            reply, descriptors = connection.call_with_unix_fd_list_finish(result)
            for descriptor in descriptors.steal_fds() if descriptors else ():
                os.close(descriptor)
            name = ""
        except GLib.Error as error:
            name = Gio.DBusError.get_remote_error(error) or error.message
        counts[name] = counts.get(name, 0) + 1

    read, write = os.pipe()
    with tempfile.TemporaryFile(dir=os.environ["HOME"]) as file:
        for _ in range(question["count"]):
            path, interface, method, arguments = random_call(source, offered, question["paths"])
            descriptors = Gio.UnixFDList()
            for descriptor in (file.fileno(), read, write)[:source.randrange(4)]:
                descriptors.append(descriptor)
            under_way[0] += 1
            connection.call_with_unix_fd_list(NAME, path, interface, method, arguments, None,
                                              Gio.DBusCallFlags.NONE, TIMEOUT_MS, descriptors, None,
                                              on_answered)
            while under_way[0] > 20:
                context.iteration(True)
        while under_way[0] > 0:
            context.iteration(True)
    os.close(read)
    os.close(write)
    return {"counts": counts}


def answer_descriptors(connection, question):
    counts = {}

    def on_answered(_connection, result):
        name = ""
        try:
            connection.call_with_unix_fd_list_finish(result)
        except GLib.Error as error:
            name = Gio.DBusError.get_remote_error(error) or error.message
        counts[name] = counts.get(name, 0) + 1

    with open("/dev/null", "rb") as file:
        for _ in range(question["n_calls"]):
            descriptors = Gio.UnixFDList()
            for _ in range(question["n_descriptors"]):
                descriptors.append(file.fileno())
            connection.call_with_unix_fd_list(
                NAME, PATH, f"{NAME}.Manager", "CreateDownloadToFd",
                GLib.Variant("(sha{sv})", ("http://127.0.0.1:1/", 0, {})), None,
                Gio.DBusCallFlags.NONE, TIMEOUT_MS, descriptors, None, on_answered)
    while sum(counts.values()) < question["n_calls"]:
        GLib.MainContext.default().iteration(True)
    return {"counts": counts}


def pack_calls(calls):
    """The bytes of (name, path, interface, method) calls as the first ones of a connection."""
    blobs = []
    for serial, call in enumerate(calls, 1):
        message = Gio.DBusMessage.new_method_call(*call)
        message.set_serial(serial)
        blobs.append(bytes(message.to_blob(Gio.DBusCapabilityFlags.NONE)))
    return b"".join(blobs)


def crowd_in(path, calls):
    """A socket with those calls on it, or None where the bus refuses it."""
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)
    client.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
    if not client.recv(200).startswith(b"OK"):
        client.close()
        return None
    client.setblocking(False)
    try:
        client.send(b"BEGIN\r\n" + calls)
    except OSError:
        client.close()
        return None
    return client


def answer_crowd(connection, address, question, kept):
    """The bus, which takes from all connections in turn, gets no more at once than it can handle."""
    path = address.split("path=")[1].split(",")[0]
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    calls = [("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")]
    calls += [question["call"]] * question["n_calls"]
    packed = pack_calls(calls)
    for _ in range(question["n_connections"]):
        client = crowd_in(path, packed)
        if client is None:
            break
        kept.append(client)
        if len(kept) % 10 == 0:
            connection.call_sync(NAME, PATH, "org.freedesktop.DBus.Peer", "Ping", None, None,
                                 Gio.DBusCallFlags.NONE, TIMEOUT_MS, None)
    return {"n": len(kept)}


def main(address):
    kept = []
    connection = Gio.DBusConnection.new_for_address_sync(
        address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
        | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
    connection.set_exit_on_close(False)
    seen = []
    connection.signal_subscribe(
        None, None, None, None, None, Gio.DBusSignalFlags.NONE,
        lambda _c, sender, path, interface, name, *_: seen.append([path, interface, name])
        if path.startswith("/org/example/") else None)
    for line in sys.stdin:
        question = json.loads(line)
        answer = {}
        try:
            if question["what"] == "call":
                answer = answer_call(connection, question)
            elif question["what"] == "flood":
                answer = answer_flood(connection, question)
            elif question["what"] == "descriptors":
                answer = answer_descriptors(connection, question)
            elif question["what"] == "crowd":
                answer = answer_crowd(connection, address, question, kept)
            elif question["what"] == "signals":
                while GLib.MainContext.default().iteration(False):
                    pass
                answer = {"signals": list(seen)}
        except GLib.Error as error:
            answer = {"error": Gio.DBusError.get_remote_error(error) or str(error.code),
                      "message": error.message}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
