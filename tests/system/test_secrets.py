# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an application entrusts to the service stays between the two, the server and the disk."""

import os
import stat
import unittest

from gi.repository import GLib

from harness.bodies import Body
from harness.daemon import FINAL, NAME, PATH
from harness.servers import free_port, sending
from harness.service_case import ServiceCase
from harness.wait import wait_until

SECRETS = {"password": "pass-4711", "cookie": "cookie-4712", "header": "header-4713",
           "proxy": "proxy-4714", "query": "query-4715", "later": "later-4716"}


class Secrets(ServiceCase):
    def setUp(self):
        super().setUp()
        self.body = Body(50_000)
        challenge = (b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"
                     b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        for path in ("/file", f"/file?token={SECRETS['query']}"):
            self.server.serve(path, [challenge, sending(self.body)])
        self.operation = self.daemon.create_download(
            f"{self.server.uri('/file')}?token={SECRETS['query']}", self.path, {
                "server-credential": GLib.Variant("(ss)", ("user", SECRETS["password"])),
                "proxy-credential": GLib.Variant("(ss)", ("user", SECRETS["proxy"])),
                "cookies": GLib.Variant("a{ss}", {"session": SECRETS["cookie"]}),
                "headers": GLib.Variant("a{ss}", {"Authorization": SECRETS["header"]})})

    def finish(self):
        self.daemon.call(self.operation, "Operation", "SetRequestHeader",
                         GLib.Variant("(ss)", ("X-Token", SECRETS["later"])))
        self.daemon.call(self.operation, "Operation", "Start")
        wait_until(lambda: self.daemon.get(self.operation, "Status") in ("completed", "error"),
                   "the end")

    def assert_no_secret(self, text, but=()):
        for name, secret in SECRETS.items():
            if name not in but:
                self.assertNotIn(secret, text, name)

    def test_are_in_no_log(self):
        self.finish()
        log = self.daemon.log()
        self.assertIn(self.operation.rsplit("/", 1)[1], log)
        self.assert_no_secret(log)

    def test_are_in_no_log_of_what_goes_wrong(self):
        hidden = SECRETS["query"]
        self.server.serve("/moved", (
            f"HTTP/1.1 302 Found\r\nLocation: /gone?token={hidden}\r\nSet-Cookie: a={hidden}\r\n"
            "Content-Length: 0\r\nConnection: close\r\n\r\n").encode())
        refused = f"127.0.0.1:{free_port()}"
        with self.assertRaises(GLib.Error) as caught:
            self.daemon.create_download(f"http://user:{SECRETS['password']}@{refused}/", self.path)
        self.assert_no_secret(caught.exception.message)
        options = {"server-credential": GLib.Variant("(ss)", ("user", SECRETS["password"]))}
        operations = [
            self.daemon.create_download(uri, f"{self.path}-{number}", options)
            for number, uri in enumerate((
                self.server.uri("/moved"), f"http://{refused}/a?token={hidden}",
                f"ftp://{refused}/file"))]
        for operation in operations:
            self.daemon.call(operation, "Operation", "Start")
        for operation in operations:
            wait_until(lambda o=operation: self.daemon.get(o, "NextAttempt") != 0 or
                       self.daemon.get(o, "Status") in FINAL, f"{operation} has been tried")
        self.assert_no_secret(self.daemon.log())
        for operation in operations:
            self.assert_no_secret(self.daemon.get(operation, "ErrorMessage"))

    def test_are_not_told_over_the_bus(self):
        objects = self.daemon.call(PATH, "org.freedesktop.DBus.ObjectManager",
                                   "GetManagedObjects")
        # The URI is the application's own, and it is told so that it can be renewed.
        self.assert_no_secret(str(objects), but=("query",))
        for interface in ("Operation", "Download"):
            self.assert_no_secret(str(self.daemon.get_all(self.operation, interface)),
                                  but=("query",))
        self.assertEqual(objects[0][self.operation][f"{NAME}.Operation"]["Status"], "idle")

    def test_are_in_no_command_line_or_environment(self):
        self.finish()
        for pid in (self.daemon.process.pid, *self.daemon.workers()):
            for name in ("cmdline", "environ"):
                try:
                    with open(f"/proc/{pid}/{name}", "rb") as file:
                        self.assert_no_secret(file.read().decode("utf-8", "replace"))
                except PermissionError:
                    pass

    def test_are_kept_in_files_of_the_service_only(self):
        self.finish()
        n_files = 0
        for folder, _, files in os.walk(self.daemon.state):
            self.assertEqual(stat.S_IMODE(os.stat(folder).st_mode), 0o700, folder)
            for name in files:
                n_files += 1
                self.assertEqual(stat.S_IMODE(os.stat(f"{folder}/{name}").st_mode), 0o600, name)
        self.assertGreater(n_files, 0)


if __name__ == "__main__":
    unittest.main()
