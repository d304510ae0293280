# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon's side of a worker: starts the real program and answers what it says.

    with WorkerHost() as host:
        host.start("9d3f…", {"uri": uri, "destination": path})
        host.wait_finished("9d3f…")

It keeps the last checkpoint of each job, as the daemon would, over the worker's death.
"""

import os
import signal
import socket
import subprocess
import tempfile
import time

from gi.repository import Gio, GLib

from harness.daemon import has_sanitizer_spoken
from harness.wait import DEADLINE_SECONDS, DeadlineError

NAME = "org.example.BackgroundTransfer"
WORKER_PATH = "/org/example/BackgroundTransfer/Worker"
HOST_PATH = "/org/example/BackgroundTransfer/WorkerHost"
XML = os.path.join(os.path.dirname(__file__), "..", "..", "introspection", f"{NAME}.Worker.xml")
TYPES = {
    "uri": "s", "kind": "s", "destination": "s", "overwrite": "s", "checksum": "s", "method": "s",
    "max-rate": "t", "headers": "a{ss}", "destination-file": "a{sv}",
    "connect-timeout": "u", "response-timeout": "u", "checkpoint-bytes": "t",
    "allow-plain-http": "b", "tls-ca-file": "s", "random-access": "b",
    "max-connections-per-download": "u",
}


def vardict(values):
    return GLib.Variant("a{sv}", {
        key: value if isinstance(value, GLib.Variant) else GLib.Variant(TYPES[key], value)
        for key, value in values.items()})


def lookup(update, key):
    value = update.lookup_value(key, None)
    return value.unpack() if value is not None else None


class Job:
    """What the daemon knows of one operation."""

    def __init__(self):
        self.checkpoint = vardict({})
        self.n_checkpoints = 0
        self.updates = []
        self.progress = []
        self.finished = None
        self.has_restarted = False

    def take(self, update):
        self.updates.append(update)
        checkpoint = update.lookup_value("checkpoint", None)
        if checkpoint is not None:
            self.checkpoint = checkpoint
        self.has_restarted |= bool(lookup(update, "has-restarted"))

    def get(self, key):
        """The newest value of @key in what was reported."""
        for update in reversed(self.updates):
            value = lookup(update, key)
            if value is not None:
                return value
        return None


class WorkerHost:
    def __init__(self, arguments=("--allow-root",), settings=None):
        self.arguments = list(arguments)
        self.settings = dict({"connect-timeout": 600, "response-timeout": 600}, **(settings or {}))
        self.jobs = {}
        self.checkpoint_error = None
        self.held_answers = None
        self.process = None
        self.connection = None
        self.log = tempfile.TemporaryFile()
        with open(XML, encoding="utf-8") as file:
            self.info = Gio.DBusNodeInfo.new_for_xml(file.read())

    def __enter__(self):
        self.launch()
        return self

    def __exit__(self, *_):
        """Fails where the worker does not end well, or a sanitizer has spoken of it."""
        status, messages = self.close(), self.messages()
        self.log.close()
        if status not in (0, -signal.SIGKILL) or has_sanitizer_spoken(messages):
            raise AssertionError(f"the worker has ended with {status}\n{messages}")

    def launch(self):
        ours, theirs = socket.socketpair()
        program = os.path.join(os.environ["BGT_BUILD_DIR"], "src/worker/background-transfer-worker")
        self.process = subprocess.Popen([program, f"--fd={theirs.fileno()}", *self.arguments],
                                        pass_fds=[theirs.fileno()], stderr=self.log)
        theirs.close()
        stream = Gio.Socket.new_from_fd(ours.detach()).connection_factory_create_connection()
        self.connection = Gio.DBusConnection.new_sync(
            stream, Gio.dbus_generate_guid(),
            Gio.DBusConnectionFlags.AUTHENTICATION_SERVER |
            Gio.DBusConnectionFlags.AUTHENTICATION_ALLOW_ANONYMOUS |
            Gio.DBusConnectionFlags.DELAY_MESSAGE_PROCESSING, None, None)
        self.connection.set_exit_on_close(False)
        self.connection.register_object(
            HOST_PATH, self.info.lookup_interface(f"{NAME}.WorkerHost"), self.on_call, None, None)
        self.connection.signal_subscribe(
            None, f"{NAME}.WorkerHost", "Progress", HOST_PATH, None,
            Gio.DBusSignalFlags.NONE, self.on_progress)
        self.connection.start_message_processing()
        self.call("Configure", GLib.Variant.new_tuple(vardict(self.settings)))

    def close(self):
        """Closes the socket, which ends the worker; returns its exit status."""
        if self.connection is not None and not self.connection.is_closed():
            self.connection.close_sync(None)
        self.connection = None
        return self.process.wait(timeout=DEADLINE_SECONDS)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=DEADLINE_SECONDS)
        self.connection = None

    def count_wakeups(self):
        """How often the threads that transfer have waited for something so far."""
        count = 0
        folder = f"/proc/{self.process.pid}/task"
        for task in os.listdir(folder):
            try:
                with open(f"{folder}/{task}/comm", encoding="ascii") as file:
                    name = file.read().strip()
                with open(f"{folder}/{task}/status", encoding="ascii") as file:
                    switches = [int(line.split()[1]) for line in file
                                if line.startswith("voluntary_ctxt_switches")]
            except FileNotFoundError:
                continue
            if name in ("job", "connection"):
                count += sum(switches)
        return count

    def messages(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def job(self, guid):
        return self.jobs.setdefault(guid, Job())

    def on_call(self, _connection, _sender, _path, _interface, method, parameters, invocation):
        guid = parameters.get_child_value(0).get_string()
        update = parameters.get_child_value(1)
        job = self.job(guid)
        if method == "Checkpoint":
            job.n_checkpoints += 1
        if method == "Checkpoint" and self.checkpoint_error:
            invocation.return_dbus_error(f"{NAME}.Error.Failed", self.checkpoint_error)
            return
        job.take(update)
        if method == "Finished":
            job.finished = update
        if self.held_answers is None:
            invocation.return_value(None)
        else:
            self.held_answers.append(invocation)

    def on_progress(self, _connection, _sender, _path, _interface, _signal, parameters):
        guid, received, total, _sent, _total_sent = parameters.unpack()
        self.job(guid).progress.append((time.monotonic(), received, total))

    def call(self, method, parameters, files=None, timeout_ms=DEADLINE_SECONDS * 1000):
        """Calls the worker while its own calls are being answered; raises GLib.Error."""
        outcome = []

        def on_done(connection, result):
            try:
                outcome.append(connection.call_with_unix_fd_list_finish(result))
            except GLib.Error as error:
                outcome.append(error)

        self.connection.call_with_unix_fd_list(
            None, WORKER_PATH, f"{NAME}.Worker", method, parameters, None,
            Gio.DBusCallFlags.NONE, timeout_ms, files, None, on_done)
        self.wait(lambda: outcome, f"the answer to {method}", seconds=timeout_ms / 1000 + 5)
        if isinstance(outcome[0], GLib.Error):
            raise outcome[0]
        return outcome[0]

    def request(self, guid, request, *more):
        return GLib.Variant.new_tuple(
            GLib.Variant("s", guid), vardict(request), self.job(guid).checkpoint, *more)

    @staticmethod
    def handles(file):
        """The `ah` and the list of descriptors for @file, or for none."""
        files = Gio.UnixFDList.new()
        return GLib.Variant("ah", [] if file is None else [files.append(file)]), files

    def check(self, request, file=None):
        """What the worker found out about the request's files, an a{sv}."""
        handles, files = self.handles(file)
        reply, _files = self.call("Check", GLib.Variant.new_tuple(vardict(request), handles),
                                  files)
        return reply.get_child_value(0)

    def start(self, guid, request, file=None):
        self.job(guid).finished = None
        handles, files = self.handles(file)
        self.call("Start", self.request(guid, request, handles, GLib.Variant("s", "test")), files)

    def stop(self, guid):
        self.call("Stop", GLib.Variant("(s)", (guid,)))

    def request_range(self, guid, offset, length):
        self.call("RequestRange", GLib.Variant("(stt)", (guid, offset, length)))

    def change(self, guid, changes):
        self.call("Change", GLib.Variant.new_tuple(GLib.Variant("s", guid), vardict(changes)))

    def configure(self, settings):
        self.settings.update(settings)
        self.call("Configure", GLib.Variant.new_tuple(vardict(self.settings)))

    def discard(self, guid, request):
        self.call("Discard", self.request(guid, request))

    def open_result(self, guid, request, position):
        """A descriptor, the caller's."""
        _reply, files = self.call(
            "OpenResult", self.request(guid, request, GLib.Variant("t", position)))
        return files.get(0)

    def wait(self, condition, what, seconds=DEADLINE_SECONDS):
        """Runs the main loop until condition() is true."""
        context = GLib.MainContext.default()
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise DeadlineError(f"after {seconds} s still not: {what}\n{self.messages()}")
            if not context.iteration(False):
                time.sleep(0.002)

    def run(self, seconds):
        """Lets the worker do its work for so long."""
        context = GLib.MainContext.default()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not context.iteration(False):
                time.sleep(0.002)

    def wait_finished(self, guid, seconds=DEADLINE_SECONDS):
        """Returns the web error status; "" where the file is complete."""
        job = self.job(guid)
        self.wait(lambda: job.finished is not None, f"the end of {guid}", seconds)
        return lookup(job.finished, "web-error-status")
