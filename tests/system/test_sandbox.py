# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sandboxed applications: who they are taken for, what they see, what they may."""

import os
import shutil
import unittest

from gi.repository import GLib

from harness.bodies import Body
from harness.callers import FLATPAK_INFO, Caller, CallError, SystemBus, SystemDaemon
from harness.daemon import NAME, PATH
from harness.servers import FaultyServer, sending
from harness.upload_server import CREATED, UploadServer
from harness.wait import wait_until

UID = 2  # bin: the bus refuses users that do not exist
CREATE = ("Manager", "CreateDownload", "(ssa{sv})")
CREATE_TO_FD = ("Manager", "CreateDownloadToFd", "(sha{sv})")
DENIED = f"{NAME}.Error.AccessDenied"
UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"


@unittest.skipIf(os.geteuid() != 0, "needs root, for processes of other users")
@unittest.skipIf(shutil.which("bwrap") is None, "needs bubblewrap")
class Sandboxes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bus = cls.enterClassContext(SystemBus())
        cls.server = cls.enterClassContext(FaultyServer())
        cls.uploads = cls.enterClassContext(UploadServer())
        cls.uploads.serve("/form", CREATED)
        cls.daemon = cls.enterClassContext(SystemDaemon(cls.bus))
        cls.body = Body(100_000)
        cls.server.serve("/file", sending(cls.body))
        cls.free = cls.enterClassContext(Caller(cls.bus, UID))
        cls.app = cls.enterClassContext(Caller(cls.bus, UID, "org.example.App"))
        cls.other = cls.enterClassContext(Caller(cls.bus, UID, "org.example.Other"))
        cls.offline = cls.enterClassContext(Caller(cls.bus, UID, "org.example.Offline", False))

    def refuse(self, name, caller, *arguments, **options):
        with self.assertRaises(CallError) as caught:
            caller.call(*arguments, **options)
        self.assertEqual(caught.exception.name, name, caught.exception.message)
        return caught.exception.message

    def create(self, caller, options=None):
        number = len(os.listdir(caller.folder))
        return caller.call(PATH, *CREATE_TO_FD,
                           (self.server.uri("/file"), 0, options or {}),
                           descriptor=f"{caller.folder}/file-{number}")[0]

    def get(self, caller, path, name):
        return caller.call(path, "org.freedesktop.DBus.Properties", "Get", "(ss)",
                           (f"{NAME}.Operation", name))[0]

    def visible(self, caller):
        objects = caller.call(PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]
        return {path for path in objects if "/operations/" in path}

    def test_a_descriptor_is_downloaded_to(self):
        path = self.create(self.app)
        self.app.call(path, "Operation", "Start")
        wait_until(lambda: self.get(self.app, path, "Status") == "completed", "completed")
        files = [f"{self.app.folder}/{name}" for name in os.listdir(self.app.folder)]
        self.assertTrue(any(os.path.getsize(file) == self.body.size for file in files))

    def test_a_descriptor_is_sent(self):
        source, target = f"{self.app.folder}/question", f"{self.app.folder}/answer"
        with open(source, "wb") as file:
            file.write(b"question" * 10_000)
        os.chown(source, UID, UID)
        path = self.app.call(
            PATH, *CREATE_TO_FD, (self.server.uri("/asked"), 0,
                                  {"method": GLib.Variant("s", "POST"),
                                   "body": GLib.Variant("h", 1)}),
            descriptor=[target, source])[0]
        self.server.serve("/asked", sending(self.body))
        self.app.call(path, "Operation", "Start")
        wait_until(lambda: self.get(self.app, path, "Status") == "completed", "completed")
        self.assertEqual(bytes(self.server.heads("/asked")[0].body), b"question" * 10_000)

    def test_descriptors_of_its_own_files_are_sent_as_parts(self):
        """Of files that nobody outside of the sandbox can open by their names."""
        names = [f"/tmp/private-{number}" for number in range(2)]
        parts = [{"name": GLib.Variant("s", str(number)), "fd": GLib.Variant("h", number)}
                 for number in range(2)]
        path = self.app.call(
            PATH, "Manager", "CreateMultipartUpload", "(saa{sv}a{sv})",
            (self.uploads.uri("/form"), parts, {"boundary": GLib.Variant("s", "limit")}),
            descriptor=[[name, f"content of {name}"] for name in names])[0]
        self.assertFalse(any(os.path.exists(name) for name in names), "they are not private")
        self.app.call(path, "Operation", "Start")
        wait_until(lambda: self.get(self.app, path, "Status") in ("completed", "error"), "it ends")
        self.assertEqual(self.get(self.app, path, "ErrorMessage"), "")
        body = self.uploads.heads("/form")[0].body
        for name in names:
            self.assertIn(b"\r\n\r\n" + f"content of {name}".encode() + b"\r\n--limit", body)

    def test_the_application_is_the_sandboxes_own(self):
        path = self.create(self.app, {"application-id": GLib.Variant("s", "org.example.Other")})
        self.assertEqual(self.get(self.app, path, "ApplicationId"), "org.example.App")

    def test_a_path_is_refused(self):
        self.refuse(DENIED, self.app, PATH, *CREATE,
                    (self.server.uri("/file"), f"{self.app.folder}/path", {}))

    def test_there_is_no_way_around_that(self):
        name = f"{self.app.folder}/named"
        with open(name, "wb") as file:
            file.write(b"x")
        os.chown(name, UID, UID)
        status = os.stat(name)
        text, handle = GLib.Variant("s", name), GLib.Variant("h", 0)
        # As the service notes for itself what a descriptor was of.
        found = GLib.Variant("a{sv}", {"path": GLib.Variant("ay", name.encode() + b"\0"),
                                       "device": GLib.Variant("t", status.st_dev),
                                       "inode": GLib.Variant("t", status.st_ino)})
        invalid = f"{NAME}.Error.InvalidArgument"
        for expected, kind, keys in (
                (DENIED, "download", {"destination": text}),
                (DENIED, "upload", {"source": text}),
                (DENIED, "upload", {"parts": {"file": text}}),
                (invalid, "upload", {"parts": {"found": found}}),
                (invalid, "upload", {"source": handle, "source-file": found}),
                (invalid, "download", {"destination": handle, "destination-file": found})):
            if "parts" in keys:
                keys = {"parts": GLib.Variant(
                    "aa{sv}", [{"name": GLib.Variant("s", "a"), **keys["parts"]}])}
            with self.subTest(kind=kind, keys=list(keys)):
                self.refuse(expected, self.app, PATH, "Manager", "CreateOperations", "(aa{sv})",
                            ([{"kind": GLib.Variant("s", kind),
                               "uri": GLib.Variant("s", self.server.uri("/file")), **keys}],),
                            descriptor=name)

    def test_without_network_permission_nothing_is_transferred(self):
        message = self.refuse(DENIED, self.offline, PATH, *CREATE_TO_FD,
                              (self.server.uri("/file"), 0, {}),
                              descriptor=f"{self.offline.folder}/file")
        self.assertIn("network", message)

    def test_without_network_permission_nothing_that_waits_is_transferred(self):
        """As one instance of an application may have created it with that permission."""
        self.server.serve("/waiting", sending(self.body))
        path = self.app.call(
            PATH, *CREATE_TO_FD, (self.server.uri("/waiting"), 0,
                                  {"random-access": GLib.Variant("b", True),
                                   "not-before": GLib.Variant("x", 1 << 60),
                                   "group": GLib.Variant("s", "waiting")}),
            descriptor=f"{self.app.folder}/waiting")[0]
        group = self.get(self.app, path, "Group")
        with Caller(self.bus, UID, "org.example.App", network=False) as offline:
            def refuse_all():
                self.refuse_changes(offline, path, group, "network")
            refuse_all()
            self.app.call(path, "Operation", "Start")
            self.app.call(path, "Operation", "Pause")
            refuse_all()
            self.assertEqual(self.get(offline, path, "Status"), "paused-by-application")
            self.assertEqual(self.server.heads("/waiting"), [])
            offline.call(path, "Operation", "Cancel")
            offline.call(path, "Operation", "Acknowledge")

    def test_what_a_program_outside_has_created_under_its_name_is_not_changed(self):
        """It may write to files that the sandbox does not see."""
        path = self.free.call(
            PATH, *CREATE, (self.server.uri("/file"), f"{self.free.folder}/outside",
                            {"application-id": GLib.Variant("s", "org.example.App"),
                             "random-access": GLib.Variant("b", True),
                             "group": GLib.Variant("s", "outside")}))[0]
        group = self.get(self.free, path, "Group")
        self.assertIn(path, self.visible(self.app))
        self.refuse_changes(self.app, path, group, "outside")
        self.free.call(path, "Operation", "Start")
        wait_until(lambda: self.get(self.app, path, "Status") == "completed", "completed")
        self.assertIn("outside", self.refuse(DENIED, self.app, path, "Operation", "OpenResult",
                                             "(t)", (0,)))
        self.free.call(path, "Operation", "OpenResult", "(t)", (0,))
        self.app.call(path, "Operation", "Acknowledge")

    def refuse_changes(self, caller, path, group, why):
        for where, interface, method, signature, arguments in (
                (path, "Operation", "Start", None, ()),
                (path, "Operation", "Resume", None, ()),
                (path, "Operation", "SetRequestHeader", "(ss)", ("X-A", "told")),
                (path, "Operation", "RemoveRequestHeader", "(s)", ("X-A",)),
                (path, "Operation", "SetServerCredential", "(ss)", ("told", "")),
                (path, "Operation", "SetProxyCredential", "(ss)", ("told", "")),
                (path, "Download", "RequestRange", "(tt)", (0, 1)),
                (path, "Operation", "MakeCurrentInTransferGroup", None, ()),
                (group, "Group", "Resume", None, ()),
                *(((path if interface != "Group" else group),
                   "org.freedesktop.DBus.Properties", "Set", "(ssv)",
                   (f"{NAME}.{interface}", name, GLib.Variant(signature, value)))
                  for interface, name, signature, value in (
                      ("Operation", "RequestedUri", "s", self.server.uri("/waiting?told")),
                      ("Operation", "CostPolicy", "s", "always"),
                      ("Operation", "Priority", "s", "high"),
                      ("Operation", "MaxRate", "t", 0),
                      ("Download", "RandomAccess", "b", True),
                      ("Download", "RecoverableErrors", "as", ["timeout"]),
                      ("Group", "Behavior", "s", "parallel")))):
            with self.subTest(method, arguments=arguments):
                self.assertIn(why, self.refuse(DENIED, caller, where, interface, method,
                                               signature, arguments))

    def test_one_sees_its_own_and_the_user_sees_all(self):
        mine, others = self.create(self.app), self.create(self.other)
        self.assertIn(mine, self.visible(self.app))
        self.assertNotIn(others, self.visible(self.app))
        self.assertNotIn(mine, self.visible(self.other))
        self.assertLessEqual({mine, others}, self.visible(self.free))
        self.refuse(UNKNOWN_OBJECT, self.app, others, "Operation", "Cancel")
        self.free.call(others, "Operation", "Cancel")

    def test_others_signals_do_not_reach_it(self):
        path = self.create(self.other)
        self.app.call(PATH, "org.freedesktop.DBus.Peer", "Ping")
        self.other.call(path, "Operation", "Start")
        wait_until(lambda: self.get(self.other, path, "Status") == "completed", "completed")
        wait_until(lambda: [path, f"{NAME}.Operation", "Finished"] in self.other.signals(),
                   "the owner is told")
        self.app.call(PATH, "org.freedesktop.DBus.Peer", "Ping")
        self.assertNotIn(path, [signal[0] for signal in self.app.signals()])

    def test_a_root_that_it_has_made_itself_says_nothing(self):
        """As where it may make user namespaces."""
        path = self.create(self.other)
        for pretended in ("", FLATPAK_INFO.format(application="org.example.Other",
                                                  shared="network;")):
            with self.subTest(pretended), \
                    Caller(self.bus, UID, "org.example.Offline", network=False,
                           pretended=pretended) as caller:
                self.assertNotIn(path, self.visible(caller))
                self.refuse(DENIED, caller, PATH, *CREATE_TO_FD, (self.server.uri("/file"), 0, {}),
                            descriptor=f"{caller.folder}/file")

    def test_a_root_of_no_sandbox_is_the_users(self):
        path = self.create(self.other)
        with Caller(self.bus, UID, pretended="") as caller:
            self.assertIn(path, self.visible(caller))

    def test_what_it_cannot_say_clearly_counts_as_nothing(self):
        for number, info in enumerate(("", "[Application]\n", "name=x\n", "[Application]\nname=\n",
                                       "[Application]\nname=a/b\n", "x" * 70_000)):
            with self.subTest(number), Caller(self.bus, UID, flatpak_info=info) as caller:
                self.assertEqual(self.visible(caller), set())
                self.refuse(DENIED, caller, PATH, *CREATE_TO_FD, (self.server.uri("/file"), 0, {}),
                            descriptor=f"{caller.folder}/file")


if __name__ == "__main__":
    unittest.main()
