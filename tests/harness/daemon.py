# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real service, with folders of its own.

    with Bus() as bus, Daemon(bus) as daemon:
        path = daemon.create_download(uri, destination, {"overwrite": GLib.Variant("s", "unique")})
        daemon.call(path, "Operation", "Start")
        daemon.wait_for_status(path, "completed")

The programs are those of the build folder that the environment variable BGT_BUILD_DIR names.
"""

import hashlib
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

from gi.repository import Gio, GLib

from harness.wait import DEADLINE_SECONDS, DeadlineError, wait_until

NAME = "org.example.BackgroundTransfer"
PATH = "/org/example/BackgroundTransfer"
FINAL = ("completed", "canceled", "error")
GUID = re.compile("[0-9a-f]{8}(_[0-9a-f]{4}){3}_[0-9a-f]{12}")

# In tests nobody waits for minutes, and a server that a test or a busy machine holds up for a while
# is not taken for one that has stalled.
SETTINGS = {
    "Transfers": {"ConnectTimeoutSeconds": "30", "ResponseTimeoutSeconds": "30",
                  "RetryDelaySeconds": "1"},
    "Network": {"RequireConnectivity": "false"},
}


def build_folder():
    folder = os.environ.get("BGT_BUILD_DIR")
    if not folder:
        raise RuntimeError("BGT_BUILD_DIR must name the build folder")
    return folder


def program(relative):
    return os.path.join(build_folder(), relative)


def is_sanitized():
    """Whether the build has AddressSanitizer. A process that leaves no core dump shows its own user
    not even which libraries it has."""
    with open(program("src/daemon/background-transferd"), "rb") as file:
        return b"__asan_init" in file.read()


def journaled(journal):
    """[(GUID, text or None)] of what the store's journal says (src/store/journal.c)."""
    changes = []
    while len(journal) >= 48:
        magic, length, digest = struct.unpack_from("<8sQ32s", journal)
        group, journal = journal[48:48 + length], journal[48 + length:]
        if (magic, hashlib.sha256(group).digest()) != (b"BtsJrnl1", digest):
            break  # still being written
        changes += GLib.Variant.new_from_bytes(GLib.VariantType("a(smay)"), GLib.Bytes.new(group),
                                               False).unpack()
    return [(name, None if text is None else bytes(text).decode()) for name, text in changes]


def read_process(pid):
    """Its name, state and parent."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        name, rest = file.read().split("(", 1)[1].rsplit(")", 1)
    return name, *rest.split()[:2]


def is_running(pid):
    try:
        return read_process(pid)[1] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def has_sanitizer_spoken(log):
    return "Sanitizer" in log or "runtime error:" in log


class Daemon:
    """Runs `background-transferd --session` on @bus. @settings, {group: {key: value}}, are laid
    over SETTINGS."""

    def __init__(self, bus, settings=None, arguments=(), environment=None):
        self.bus = bus
        self.folder = tempfile.mkdtemp(prefix="bgt-daemon-")
        self.state = f"{self.folder}/state"
        self.log_path = f"{self.folder}/log"
        self.arguments = list(arguments)
        inherited = {name: value for name, value in bus.environment().items()
                     if not name.lower().endswith("_proxy")}
        self.environment = dict(inherited, HOME=self.folder, XDG_STATE_HOME=self.state,
                                XDG_CONFIG_HOME=f"{self.folder}/config",
                                GIO_USE_VFS="local", **(environment or {}))
        self.configuration = f"{self.folder}/background-transfer.conf"
        self.configure(settings or {})
        self.connection = None
        self.process = None

    def configure(self, settings):
        """Writes the configuration; the daemon reads it when it starts, or on SIGHUP."""
        groups = {name: dict(keys) for name, keys in SETTINGS.items()}
        for name, keys in settings.items():
            groups.setdefault(name, {}).update(keys)
        with open(self.configuration, "w", encoding="utf-8") as file:
            for name, keys in groups.items():
                file.write(f"[{name}]\n" + "".join(f"{k}={v}\n" for k, v in keys.items()))

    def command(self):
        return [program("src/daemon/background-transferd"), "--session", "--verbose",
                "--config", self.configuration, "--state-dir", self.state,
                "--idle-exit", "never", *self.arguments]

    def start(self):
        """Returns once the name is there."""
        if self.connection is None:
            self.connection = self.bus.connect()
        with open(self.log_path, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.command(), env=self.environment, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        wait_until(lambda: self.owner() or self._check_running(), "the service owns its name")
        return self

    def _check_running(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the daemon ended with {self.process.returncode}:\n{self.log()}")
        return False

    def owner(self):
        """The unique name of the service, or None."""
        try:
            return self.bus_call("GetNameOwner", GLib.Variant("(s)", (NAME,)))[0]
        except GLib.Error:
            return None

    def pid(self):
        """The process that owns the name, or None; also when the bus has started it."""
        try:
            return self.bus_call("GetConnectionUnixProcessID", GLib.Variant("(s)", (NAME,)))[0]
        except GLib.Error:
            return None

    def kill(self):
        """SIGKILL, as an out-of-memory killer or a power cut would."""
        self.process.kill()
        self.process.wait()

    def terminate(self):
        """SIGTERM; returns the exit status once the workers have ended, too."""
        workers = self.workers()
        self.process.terminate()
        status = self.process.wait(timeout=DEADLINE_SECONDS)
        wait_until(lambda: not any(map(is_running, workers)), "the workers have ended")
        return status

    def reload(self):
        """Has the configuration read again, and waits until it has been."""
        def count():
            return len(re.findall("has been read again|the present one stays", self.log()))
        before = count()
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: count() > before, "the configuration has been read again")

    def workers(self):
        """The process IDs of this daemon's workers."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                name, state, parent = read_process(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue
            if name == "background-tran" and parent == str(self.process.pid) and state != "Z":
                found.append(int(pid))
        return found

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def _journal(self):
        try:
            with open(f"{self.state}/operations/journal", "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def stored(self):
        """{GUID: text} of the operations' records, as a service that starts now would find them."""
        folder = f"{self.state}/operations"
        while True:
            journal = self._journal()
            try:
                records = {}
                for name in filter(GUID.fullmatch, os.listdir(folder)):
                    with open(f"{folder}/{name}", encoding="utf-8") as file:
                        records[name] = file.read()
            except FileNotFoundError:
                continue
            # What is in a file may go from the journal at any time.
            if self._journal() == journal:
                break
        for name, text in journaled(journal):
            records[name] = text
        return {name: text for name, text in records.items() if text is not None}

    def stop(self):
        """Ends the daemon and removes its folders; fails where it does not end well, or a sanitizer
        has spoken of it or of its workers. The log goes to standard error then, and where the
        environment variable BGT_TEST_VERBOSE is set."""
        status = 0
        if self.process is not None and self.process.poll() is None:
            try:
                status = self.terminate()
            except (subprocess.TimeoutExpired, DeadlineError) as error:
                status = error
                self.kill()
        log = self.log()
        is_well = status == 0 and not has_sanitizer_spoken(log)
        if os.environ.get("BGT_TEST_VERBOSE") or not is_well:
            print(log, file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)
        if not is_well:
            raise AssertionError(f"the daemon has ended with {status}, its log is above")

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    def saved_bytes(self, path):
        """How much of a download a service that starts now would find."""
        record = self.stored()[path.rsplit("/", 1)[1]]
        found = re.search(r"^BytesReceived=uint64 (\d+)$", record, re.M)
        return int(found[1]) if found else 0

    # Calls

    def bus_call(self, method, arguments=None):
        return self.connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", method,
            arguments, None, Gio.DBusCallFlags.NONE, -1, None).unpack()

    def call(self, path, interface, method, arguments=None, timeout_ms=DEADLINE_SECONDS * 1000):
        """The reply as a tuple. @interface is one of ours without its prefix, or a full name."""
        if "." not in interface:
            interface = f"{NAME}.{interface}"
        return self.connection.call_sync(NAME, path, interface, method, arguments, None,
                                         Gio.DBusCallFlags.NO_AUTO_START, timeout_ms,
                                         None).unpack()

    def create_download(self, uri, destination, options=None, start=False):
        """The object path. @options holds GLib.Variants."""
        path = self.call(PATH, "Manager", "CreateDownload",
                         GLib.Variant("(ssa{sv})", (uri, destination, options or {})))[0]
        if start:
            self.call(path, "Operation", "Start")
        return path

    def get(self, path, name, interface="Operation"):
        return self.call(path, "org.freedesktop.DBus.Properties", "Get",
                         GLib.Variant("(ss)", (f"{NAME}.{interface}", name)))[0]

    def get_all(self, path, interface="Operation"):
        return self.call(path, "org.freedesktop.DBus.Properties", "GetAll",
                         GLib.Variant("(s)", (f"{NAME}.{interface}",)))[0]

    def set(self, path, name, value, interface="Operation"):
        self.call(path, "org.freedesktop.DBus.Properties", "Set",
                  GLib.Variant("(ssv)", (f"{NAME}.{interface}", name, value)))

    def operations(self):
        """{object path: {interface: {property: value}}} of the operations."""
        objects = self.call(PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]
        return {path: interfaces for path, interfaces in objects.items()
                if path.startswith(f"{PATH}/operations/")}

    def wait_for_status(self, path, *statuses, seconds=DEADLINE_SECONDS):
        """Returns the properties once the status is one of @statuses; another final status ends
        the wait at once, with what the operation says about it."""
        def reached():
            values = self.get_all(path)
            if values["Status"] in statuses:
                return values
            if values["Status"] in FINAL:
                raise DeadlineError(f"{values['Status']} ({values['WebErrorStatus']}: "
                                    f"{values['ErrorMessage']}) instead of {statuses}")
            return None
        return wait_until(reached, f"{path} is {' or '.join(statuses)}", seconds)

    def wait_for_bytes(self, path, count, seconds=DEADLINE_SECONDS):
        wait_until(lambda: self.get(path, "BytesReceived") >= count, f"{count} bytes", seconds)


def error_name(error):
    """The D-Bus name of a GLib.Error without our prefix: `InvalidArgument`."""
    name = Gio.DBusError.get_remote_error(error) or ""
    return name.removeprefix(f"{NAME}.Error.")
