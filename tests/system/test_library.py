# SPDX-License-Identifier: LGPL-2.1-or-later
"""The client library as applications in other languages see it, through its typelib."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from harness.bus import Bus
from harness.daemon import Daemon, build_folder
from harness.servers import Body, FaultyServer, not_found, sending
from harness.wait import DEADLINE_SECONDS, wait_until

LIBRARY = os.path.join(build_folder(), "src/lib/libbackgroundtransfer-1.so.0")
TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
README = os.path.join(TOP, "README.md")
SOURCE = os.path.join(TOP, "src")
TYPELIB = os.path.join(build_folder(), "src/lib/BackgroundTransfer-1.0.typelib")


def defined_symbols():
    output = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], check=True, text=True,
                            capture_output=True).stdout
    return [line.split()[-1] for line in output.splitlines()]


def needs_sanitizer():
    output = subprocess.run(["nm", "-D", "--undefined-only", LIBRARY], check=True, text=True,
                            capture_output=True).stdout
    return "__asan" in output


class Exports(unittest.TestCase):
    def test_only_the_public_prefix_is_exported(self):
        symbols = defined_symbols()
        self.assertIn("bgt_manager_new_for_bus_async", symbols)
        self.assertEqual([name for name in symbols if not name.startswith("bgt_")], [])


def example(language):
    """The program of the README."""
    with open(README, encoding="utf-8") as file:
        return re.search(rf"^```{language}\n(.*?)^```", file.read(), re.DOTALL | re.MULTILINE)[1]


PROGRAM = """
import sys
import gi
gi.require_version("BackgroundTransfer", "1.0")
from gi.repository import BackgroundTransfer as Bgt, Gio, GLib

uri, destination, missing = sys.argv[1:]
loop = GLib.MainLoop()
said = []

def say(*words):
    print(*words, flush=True)

def on_failed(operation):
    say("failed", operation.props.status.value_nick, operation.get_web_error_status())
    loop.quit()

def on_second(manager, result):
    operation = manager.create_download_finish(result)
    operation.connect("finished", on_failed)
    operation.start_async(None, lambda o, r: o.start_finish(r))

def on_finished(operation):
    say("finished", operation.props.status.value_nick, operation.get_bytes_received(),
        operation.props.destination == destination)
    information = operation.get_response_information_sync(None)
    say("answered", information["status-code"])
    manager.create_download_async(missing, destination + "-missing", None, None, None, on_second)

def on_created(manager, result):
    operation = manager.create_download_finish(result)
    say("created", type(operation).__name__, operation.props.status.value_nick,
        manager.lookup_operation(operation.get_guid()) is operation)
    operation.connect("finished", on_finished)
    operation.start_async(None, lambda o, r: o.start_finish(r))

def on_refused(manager, result):
    try:
        manager.create_download_finish(result)
    except GLib.Error as error:
        say("refused", error.matches(Bgt.error_quark(), Bgt.Error.INVALID_ARGUMENT))
    manager.create_download_async(uri, destination,
                                  GLib.Variant("a{sv}", {"priority": GLib.Variant("s", "high")}),
                                  None, None, on_created)

def on_manager(source, result):
    global manager
    manager = Bgt.Manager.new_for_bus_finish(result)
    say("connected", manager.props.connected, manager.props.operation_limit,
        len(manager.list_operations()))
    manager.create_download_async(uri, "relative", None, None, None, on_refused)

Bgt.Manager.new_for_bus_async(Gio.BusType.SESSION, None, on_manager)
loop.run()
"""


@unittest.skipUnless(os.path.exists(TYPELIB), "built without introspection")
class Typelib(unittest.TestCase):
    def test_download_through_python(self):
        if needs_sanitizer():
            self.skipTest("a library with sanitizers cannot be loaded into Python")
        body = Body(3_000_000)
        with Bus() as bus, FaultyServer() as server, Daemon(bus), \
                tempfile.TemporaryDirectory(prefix="bgt-files-") as folder:
            server.serve("/file", sending(body))
            server.serve("/missing", not_found)
            destination = os.path.join(folder, "file")
            environment = dict(bus.environment(), LD_LIBRARY_PATH=os.path.dirname(LIBRARY),
                               GI_TYPELIB_PATH=os.path.dirname(TYPELIB), G_DEBUG="fatal-warnings")
            result = subprocess.run(
                [sys.executable, "-c", PROGRAM, server.uri("/file"), destination,
                 server.uri("/missing")],
                env=environment, check=False, text=True, capture_output=True,
                timeout=DEADLINE_SECONDS)
            self.assertEqual(result.stdout.splitlines(), [
                "connected True 200 0",
                "refused True",
                "created Download idle True",
                f"finished completed {body.size} True",
                "answered 200",
                "failed error http-404",
            ], result.stderr)
            with open(destination, "rb") as file:
                self.assertTrue(file.read() == body.read(), "the bytes differ")


class Examples(unittest.TestCase):
    """The programs of the README, on a service of their own."""

    def run_on_service(self, command):
        """Runs it with a URL and a path; what arrives has to be what the server has."""
        body = Body(300_000)
        with Bus() as bus, FaultyServer() as server, Daemon(bus), \
                tempfile.TemporaryDirectory(prefix="bgt-files-") as folder:
            server.serve("/file", sending(body))
            destination = os.path.join(folder, "file")
            environment = dict(bus.environment(), LD_LIBRARY_PATH=os.path.dirname(LIBRARY),
                               GI_TYPELIB_PATH=os.path.dirname(TYPELIB))
            result = subprocess.run([*command, server.uri("/file"), destination], env=environment,
                                    check=False, text=True, capture_output=True,
                                    timeout=DEADLINE_SECONDS)
            self.assertEqual(result.returncode, 0, result.stderr)
            wait_until(lambda: os.path.exists(destination), "the file has arrived")
            with open(destination, "rb") as file:
                self.assertTrue(file.read() == body.read(), "the bytes differ")
            return result.stdout

    @unittest.skipUnless(shutil.which("cc"), "needs a compiler")
    def test_c(self):
        if needs_sanitizer():
            self.skipTest("needs a library without sanitizers")
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "gio-unix-2.0"], check=True,
                               text=True, capture_output=True).stdout.split()
        with tempfile.TemporaryDirectory(prefix="bgt-example-") as folder:
            program = os.path.join(folder, "example")
            subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-o", program, "-xc", "-", "-xnone",
                            f"-I{SOURCE}", f"-I{SOURCE}/lib", f"-I{build_folder()}/src",
                            LIBRARY, *flags],
                           input=example("c"), check=True, text=True)
            self.assertRegex(self.run_on_service([program]), r"^[0-9a-f_]{36}\n$")
            refused = subprocess.run([program], check=False, capture_output=True, text=True,
                                     env=dict(os.environ, DBUS_SESSION_BUS_ADDRESS="unix:path=/",
                                              LD_LIBRARY_PATH=os.path.dirname(LIBRARY)))
            self.assertEqual(refused.returncode, 1, refused.stderr)

    @unittest.skipUnless(os.path.exists(TYPELIB), "built without introspection")
    def test_python(self):
        if needs_sanitizer():
            self.skipTest("a library with sanitizers cannot be loaded into Python")
        output = self.run_on_service([sys.executable, "-c", example("python")])
        self.assertEqual(output.splitlines()[-1], "completed")

    @unittest.skipUnless(os.path.exists(TYPELIB), "built without introspection")
    @unittest.skipUnless(shutil.which("gjs"), "gjs is not installed")
    def test_javascript(self):
        if needs_sanitizer():
            self.skipTest("a library with sanitizers cannot be loaded into GJS")
        self.assertEqual(self.run_on_service(["gjs", "-c", example("js")]), "true\n")


if __name__ == "__main__":
    unittest.main()
