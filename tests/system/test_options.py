#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is asked for wrongly, in each possible way: it is refused with the error that the reference
names, says which option is wrong, and creates nothing."""

import os
import unittest

from gi.repository import Gio, GLib

from harness.daemon import NAME, PATH
from harness.servers import Body, sending
from harness.service import ServiceTest
from harness.wait import wait_until

V = GLib.Variant
URI = "http://127.0.0.1:1/file"
CHECKSUM = "sha256:" + "0" * 64

# Every option: its type, values that are right, values that are wrong.
OPTIONS = {
    "random-access": ("b", [True, False], []),
    "method": ("s", ["GET", "PATCHY"], ["", "GE T", "GET\r\n", "CONNECT", "É", "G" * 65]),
    "headers": ("a{ss}", [{}, {"X-A": ""}, {"Accept": "a, b\tc"}],
                [{"": "x"}, {"X A": "x"}, {"X:": "x"}, {"X": "a\r\nY: b"}, {"X": "a\nb"},
                 {"X": "a\x01"}, {"É": "x"}, {"Range": "bytes=0-"}, {"if-range": "x"},
                 {"Content-Length": "1"}, {"Transfer-Encoding": "chunked"}, {"Connection": "close"},
                 {"Accept-Encoding": "gzip"}, {"Expect": "100-continue"}, {"TE": "trailers"},
                 {"Upgrade": "h2c"}, {"Proxy-Authorization": "Basic x"}, {"X-A": "1", "x-a": "2"}]),
    "server-credential": ("(ss)", [("user", "password"), ("", "")],
                          [("us\ner", "x"), ("user", "pass\0word"[:4] + "\x7f")]),
    "cookies": ("a{ss}", [{}, {"a": "b"}], [{"": "b"}, {"a": "b; c"}, {"a": "b\r\n"}]),
    "body": ("s", ["", "text"], ["x" * 70000]),
    "proxy-credential": ("(ss)", [("user", "password")], [("us\ner", "x")]),
    "proxy": ("s", ["default", "none", "http://127.0.0.1:3128", "https://proxy:443/",
                    "socks5://[::1]:1080"],
              ["", "direct", "ftp://127.0.0.1/", "http://", "http://a b/", "http://127.0.0.1:0/",
               "http://user:password@127.0.0.1/"]),
    "cost-policy": ("s", ["default", "unrestricted-only", "always"], ["", "Default", "never"]),
    "priority": ("s", ["high", "default", "low"], ["", "HIGH", "foreground"]),
    "recoverable-errors": ("as", [[], ["http-403", "timeout"]],
                           [[""], ["http-403", "no-such-error"], ["http-99"], ["http-200"],
                            ["http-x"]]),
    "checksum": ("s", [CHECKSUM, "SHA256:" + "Ab" * 32, "md5:" + "0" * 32, "sha1:" + "f" * 40,
                       "sha512:" + "0" * 128],
                 ["", "sha256", "sha256:", "sha256:" + "0" * 63, "sha256:" + "g" * 64,
                  "sha3:" + "0" * 64, "0" * 64, CHECKSUM + " "]),
    "overwrite": ("s", ["fail", "replace", "unique"], ["", "Fail", "rename"]),
    "max-rate": ("t", [0, 1, 2 ** 64 - 1], []),
    "metadata": ("a{sv}", [{}, {"a": V("s", "b"), "c": V("a{sv}", {"d": V("u", 1)})}],
                 [{"a": V("s", "x" * 70000)}, {"fd": V("h", 0)}, {"a": V("av", [V("h", 0)])}]),
    "application-id": ("s", ["org.example.App", "a b"], ["", "a/b", "a" * 256, "a\nb"]),
    "group": ("s", ["photos"], ["", "a\nb", "a" * 256]),
    "not-before": ("x", [0, 2 ** 62], [-1, -2 ** 63]),
    "deadline": ("x", [0, 2 ** 62], [-1, -2 ** 63]),
}

# What a later version can do: refused with NotSupported where it is right, with InvalidArgument
# where it is wrong.
LATER = {
    "completion-group": ("o", [f"{PATH}/completion_groups/a"], []),
    "success-notification": ("a{sv}", [{"title": V("s", "x")}],
                             [{"title": V("u", 1)}, {"size": V("s", "x")}]),
    "failure-notification": ("a{sv}", [{"title": V("s", "x")}], [{"colour": V("s", "x")}]),
}
LATER_VALUES = {}

# Of uploads, hence wrong in a download.
OTHER_KIND = {"multipart-subtype": "s", "boundary": "s", "resumable": "s", "allow-restart": "b",
              "offset": "t", "length": "t"}
# Not options of a call, though keys of a spec or of the service.
NO_OPTIONS = {"kind": "s", "uri": "s", "destination": "s", "source": "s", "parts": "aa{sv}",
              "start": "b", "destination-file": "a{sv}", "source-file": "a{sv}"}
SAMPLES = {"s": "high", "b": True, "t": 1, "x": 1, "u": 1, "as": ["a"], "a{ss}": {"a": "b"},
           "(ss)": ("a", "b"), "a{sv}": {"a": V("s", "b")}, "aa{sv}": [], "ay": b"high", "d": 1.0,
           "v": V("s", "high"), "i": 1, "o": "/"}

WRONG_URIS = [
    "", " ", "file", "/file", "//host/file", "http:", "http:/", "http://", "http:///file",
    "http:file", "://host/", "http://ho st/", "http://host/a b", "http://host/\n", "http://host/\t",
    "http://host:0/", "http://host:65536/", "http://host:-1/", "http://host:a/", "http://[::1/",
    "http://::1/", "http://[host]/", "http://user@host/", "http://user:secret@host/", "http://@host/",
    "http://ho%00st/", "http://host/%", "http://host/%0g", "file:///etc/passwd", "gopher://host/",
    "data:,x", "javascript:x", "http\0://host/"[:4], "1http://host/", "http://host/" + "a" * 8192,
    "ftp://host/a%0d%0ab", "ftps://host/a%00b",
]
RIGHT_URIS = [
    "http://host", "HTTP://HOST/", "https://host:65535/?q=a%20b#part", "http://[::1]:8080/a",
    "http://127.0.0.1/%E4", "http://host/ä", "http://host/" + "a" * 8000, "http://host/?a=http://b/",
    "http://xn--bcher-kva.example/", "ftp://host/file", "ftps://host:2121/a%20b",
]
WRONG_PATHS = [
    "", " ", "file", "./file", "../file", "~/file", "/", "/tmp/", "/tmp/.", "/tmp/..", "file:", "file://",
    "file:///", "file:///tmp/", "file:///tmp/%00x", "file:///tmp/%zz", "file://elsewhere/tmp/x",
    "http://host/file", "/" + "a/" * 2100 + "b",
]


class Options(ServiceTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.serve("/file", sending(Body(1000)))

    def create_with(self, name, value):
        return self.daemon.create_download(URI, self.new_destination(), {name: value})

    def assert_nothing_was_created(self):
        self.assertEqual(self.daemon.operations(), {})
        self.assertEqual(self.daemon.stored(), {})
        self.assertEqual([name for name in os.listdir(self.daemon.folder) if "file-" in name], [])

    def check_refused(self, error, name, signature, value):
        with self.subTest(option=name, value=str(value)[:80]):
            self.assert_refused(error, self.create_with, name, V(signature, value), says=name)

    def test_a_wrong_value_is_refused_and_named(self):
        for name, (signature, _, wrong) in {**OPTIONS, **LATER}.items():
            for value in wrong:
                self.check_refused("InvalidArgument", name, signature, value)
        self.assert_nothing_was_created()

    def test_a_wrong_type_is_refused_and_named(self):
        types = {name: row[0] for name, row in {**OPTIONS, **LATER}.items()}
        for name, signature in types.items():
            for other, value in SAMPLES.items():
                if other != signature and (name, other) != ("body", "h"):
                    self.check_refused("InvalidArgument", name, other, value)
        self.assert_nothing_was_created()

    def test_what_is_no_option_is_refused_and_named(self):
        for name, signature in {**NO_OPTIONS, **OTHER_KIND}.items():
            self.check_refused("InvalidArgument", name, signature, SAMPLES[signature])
        for name in ("", "no-such-option", "Priority", "priority ", "prïority", "%s%n", "a" * 300):
            self.check_refused("InvalidArgument", name, "s", "high")
        self.assert_nothing_was_created()

    def test_what_a_later_version_does_is_not_supported(self):
        for name, (signature, values, _) in LATER.items():
            for value in values:
                self.check_refused("NotSupported", name, signature, value)
        for name, values in LATER_VALUES.items():
            for value in values:
                self.check_refused("NotSupported", name, OPTIONS[name][0], value)
        self.assert_nothing_was_created()

    def test_methods_of_a_later_version_are_not_supported(self):
        calls = [
            ("CreateCompletionGroup", V("(sa{sv})", ("org.example.App", {}))),
            ("RegisterAgent", V("(o)", ("/agent",))),
            ("UnregisterAgent", None),
        ]
        for name, arguments in calls:
            with self.subTest(call=name):
                self.assert_refused("NotSupported", self.daemon.call, PATH, "Manager", name, arguments,
                                    says=name)
        self.assert_nothing_was_created()

    def test_an_option_that_is_there_twice_is_refused(self):
        options = V.new_array(GLib.VariantType("{sv}"), [
            V.new_dict_entry(V("s", "priority"), V("v", V("s", word))) for word in ("high", "low")])
        arguments = V.new_tuple(V("s", URI), V("s", self.new_destination()), options)
        self.assert_refused("InvalidArgument", self.daemon.call, PATH, "Manager", "CreateDownload",
                            arguments, says="priority")
        specs = V.new_array(GLib.VariantType("a{sv}"), [V.new_array(GLib.VariantType("{sv}"), [
            V.new_dict_entry(V("s", name), V("v", value)) for name, value in (
                ("kind", V("s", "download")), ("uri", V("s", URI)),
                ("destination", V("s", "/tmp/a")), ("destination", V("s", "/tmp/b")))])])
        self.assert_refused("InvalidArgument", self.daemon.call, PATH, "Manager", "CreateOperations",
                            V.new_tuple(specs), says="destination")
        self.assert_nothing_was_created()

    def test_a_right_value_is_taken(self):
        """Also one that asks for what happens anyway."""
        for name, (signature, right, _) in OPTIONS.items():
            for value in right:
                with self.subTest(option=name, value=value):
                    self.create_with(name, V(signature, value))
        for name, value in (("cookies", V("a{ss}", {})),
                            ("success-notification", V("a{sv}", {}))):
            with self.subTest(option=name):
                self.create_with(name, value)

    def test_options_are_read_back(self):
        path = self.daemon.create_download(URI, self.new_destination(), {
            "method": V("s", "REPORT"), "priority": V("s", "high"), "cost-policy": V("s", "always"),
            "max-rate": V("t", 4096), "metadata": V("a{sv}", {"answer": V("u", 42)}),
            "application-id": V("s", "org.example.App"), "checksum": V("s", CHECKSUM),
            "recoverable-errors": V("as", ["http-403"])})
        values = {**self.daemon.get_all(path), **self.daemon.get_all(path, "Download")}
        expected = {
            "Method": "REPORT", "Priority": "high", "CostPolicy": "always", "MaxRate": 4096,
            "Metadata": {"answer": 42}, "ApplicationId": "org.example.App", "Checksum": CHECKSUM,
            "RecoverableErrors": ["http-403"], "RequestedUri": URI, "Kind": "download",
            "Group": "/", "CompletionGroup": "/", "Uid": os.getuid(), "Status": "idle"}
        self.assertEqual({name: values[name] for name in expected}, expected)

    def test_a_wrong_uri_is_refused(self):
        for uri in WRONG_URIS:
            with self.subTest(uri=uri[:80]):
                self.assert_refused("InvalidArgument", self.daemon.create_download, uri,
                                    self.new_destination(), says="uri")
        self.assert_nothing_was_created()

    def test_a_right_uri_is_taken_and_given_back(self):
        for uri in RIGHT_URIS:
            with self.subTest(uri=uri[:80]):
                path = self.daemon.create_download(uri, self.new_destination())
                self.assertEqual(self.daemon.get(path, "RequestedUri"), uri)

    def test_a_uri_is_checked_when_it_is_set_too(self):
        path = self.daemon.create_download(self.server.uri("/none"), self.new_destination(),
                                           start=True)
        self.daemon.wait_for_status(path, "error")
        for uri in WRONG_URIS:
            with self.subTest(uri=uri[:80]):
                self.assert_refused("InvalidArgument", self.daemon.set, path, "RequestedUri",
                                    V("s", uri), says="uri")
        self.assertEqual(self.daemon.get(path, "RequestedUri"), self.server.uri("/none"))

    def test_a_wrong_path_is_refused(self):
        for path in WRONG_PATHS:
            with self.subTest(path=path[:80]):
                self.assert_refused("InvalidArgument", self.daemon.create_download, URI, path,
                                    says="destination")
        self.assert_nothing_was_created()

    def test_a_file_uri_is_a_path(self):
        for prefix in ("file://", "file://localhost", "FILE://"):
            name = f"{prefix[-1]}{len(prefix)}-\xff".replace("/", "").encode("latin-1")
            path = os.fsencode(self.daemon.folder) + b"/" + name
            uri = prefix + GLib.filename_to_uri(f"{self.daemon.folder}/", None)[7:]
            uri += "".join(f"%{byte:02X}" for byte in name)
            with self.subTest(uri=uri):
                operation = self.daemon.create_download(self.server.uri("/file"), uri, start=True)
                self.daemon.wait_for_status(operation, "completed")
                self.assertTrue(os.path.isfile(path))
                os.unlink(path)
                given = self.daemon.get(operation, "Destination", "Download")
                self.assertEqual(os.fsencode(GLib.filename_from_uri(given)[0]), path)

    def test_headers_are_checked_when_they_are_set_too(self):
        path = self.create()
        for headers in OPTIONS["headers"][2][:-1]:
            (name, value), = headers.items()
            with self.subTest(name=name, value=value):
                self.assert_refused("InvalidArgument", self.daemon.call, path, "Operation",
                                    "SetRequestHeader", V("(ss)", (name, value)))

    def test_values_are_checked_when_they_are_set_too(self):
        path = self.create()
        for name, option in (("Priority", "priority"), ("CostPolicy", "cost-policy")):
            for value in OPTIONS[option][2]:
                with self.subTest(property=name, value=value):
                    self.assert_refused("InvalidArgument", self.daemon.set, path, name, V("s", value),
                                        says=option)
        for value in OPTIONS["recoverable-errors"][2]:
            self.assert_refused("InvalidArgument", self.daemon.set, path, "RecoverableErrors",
                                V("as", value), "Download", says="recoverable-errors")
        self.assert_refused("InvalidArgument", self.daemon.call, path, "Operation",
                            "SetServerCredential", V("(ss)", ("a\nb", "c")), says="server-credential")
        self.assert_refused("InvalidArgument", self.daemon.call, path, "Operation",
                            "SetProxyCredential", V("(ss)", ("a\nb", "c")), says="proxy-credential")

    def test_a_request_does_not_grow_without_end(self):
        path = self.create()
        def fill():
            for number in range(100):
                self.daemon.call(path, "Operation", "SetRequestHeader",
                                 V("(ss)", (f"X-{number}", "x" * 4000)))
        self.assert_refused("InvalidArgument", fill, says="headers")
        self.assertEqual(self.daemon.get(path, "Status"), "idle")

    def test_evaluate_checks_as_a_creation_does(self):
        for name, (signature, right, wrong) in OPTIONS.items():
            for value in wrong:
                with self.subTest(option=name, value=str(value)[:80]):
                    self.assert_refused("InvalidArgument", self.evaluate, {name: V(signature, value)},
                                        says=name)
            for value in right:
                with self.subTest(option=name, value=value):
                    if name != "not-before":
                        self.assertEqual(self.evaluate({name: V(signature, value)}), (True, []))
        self.assertEqual(self.evaluate({"not-before": V("x", 2 ** 62)}), (False, ["not-before"]))
        self.assert_refused("InvalidArgument", self.evaluate, {"uri": V("s", URI)}, says="uri")
        self.assert_nothing_was_created()

    def evaluate(self, options):
        return self.daemon.call(PATH, "Manager", "Evaluate", V("(a{sv})", (options,)))


class Descriptors(ServiceTest):
    """Descriptors that are wrong in each possible way."""

    def create_to(self, handle, descriptors, options=None):
        """@descriptors: numbers; @handle: an index that need not be one."""
        fds = Gio.UnixFDList.new()
        for descriptor in descriptors:
            fds.append(descriptor)
        reply, _ = self.daemon.connection.call_with_unix_fd_list_sync(
            NAME, PATH, f"{NAME}.Manager", "CreateDownloadToFd",
            V("(sha{sv})", (self.server.uri("/file"), handle, options or {})), None,
            Gio.DBusCallFlags.NONE, -1, fds, None)
        return reply.unpack()[0]

    def test_a_file_that_can_be_written_is_taken(self):
        body = Body(100_000)
        self.server.serve("/file", sending(body))
        with open(self.new_destination(), "w+b") as file:
            path = self.create_to(0, [file.fileno()])
            self.daemon.call(path, "Operation", "Start")
            self.daemon.wait_for_status(path, "completed")
            self.assertEqual(file.read(), body.read())

    def test_what_is_no_file_to_write_is_refused(self):
        reader, writer = os.pipe()
        name = self.new_destination()
        with open(name, "wb"), open(name, "rb") as read_only, \
                open("/dev/null", "r+b") as device:
            folder = os.open(self.daemon.folder, os.O_RDONLY)
            paths = os.open(name, os.O_PATH)
            cases = {"read-only": (read_only.fileno(), "AccessDenied"),
                     "pipe": (writer, "InvalidArgument"), "pipe's end": (reader, "InvalidArgument"),
                     "device": (device.fileno(), "InvalidArgument"),
                     "folder": (folder, "InvalidArgument"), "path": (paths, "InvalidArgument")}
            for what, (descriptor, error) in cases.items():
                with self.subTest(what=what):
                    self.assert_refused(error, self.create_to, 0, [descriptor], says="destination")
            for descriptor in (folder, paths, reader, writer):
                os.close(descriptor)
        self.assertEqual(self.daemon.operations(), {})

    def test_a_handle_without_descriptor_is_refused(self):
        with open(self.new_destination(), "w+b") as file:
            for handle in (1, 5, -1, 2 ** 31 - 1, -2 ** 31):
                with self.subTest(handle=handle):
                    self.assert_refused("InvalidArgument", self.create_to, handle, [file.fileno()])
            self.assert_refused("InvalidArgument", self.create_to, 0, [])
        self.assertEqual(self.daemon.operations(), {})

    def open_descriptors(self):
        return len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))

    @unittest.skipIf(os.geteuid() != 0, "only root may look at the daemon's descriptors")
    def test_refused_descriptors_are_closed(self):
        with open(self.new_destination(), "w+b") as file:
            def refuse():
                self.assert_refused("InvalidArgument", self.create_to, 0, [file.fileno()] * 5,
                                    {"no-such-option": V("s", "x")})
            before = self.open_descriptors()
            for _ in range(20):
                refuse()
            # Those of the last messages may still be on their way out.
            wait_until(lambda: self.open_descriptors() <= before + 5, "the descriptors are closed")


class PlainHttp(ServiceTest):
    SETTINGS = {"Security": {"AllowPlainHttp": "false"}}

    def test_plain_http_can_be_forbidden(self):
        self.assert_refused("NotSupported", self.create, "http://host/file", says="AllowPlainHttp")
        self.assert_refused("NotSupported", self.create, "HTTP://host/file", says="AllowPlainHttp")
        path = self.create("https://127.0.0.1:1/file")
        self.daemon.call(path, "Operation", "Start")
        self.daemon.call(path, "Operation", "Pause")
        self.assert_refused("NotSupported", self.daemon.set, path, "RequestedUri",
                            V("s", "http://host/file"), says="AllowPlainHttp")


if __name__ == "__main__":
    unittest.main()
