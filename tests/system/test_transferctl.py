# SPDX-License-Identifier: LGPL-2.1-or-later
"""transferctl against the real service: what it prints, what it exits with, what survives."""

import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

from gi.repository import GLib

from harness.bus import Bus
from harness.daemon import NAME, Daemon, program
from harness.servers import Body, FaultyServer, free_port, not_found, raw, sending
from harness.wait import DEADLINE_SECONDS, wait_until

MIB = 1024 * 1024
DONE, FAILED, USAGE, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 130
SUMMARY_KEYS = {"guid", "status", "web_error_status", "error_message", "http_status",
                "bytes_received", "bytes_sent", "destination"}


class Run:
    """A transferctl that runs."""

    def __init__(self, arguments, environment, folder, **keywords):
        self.process = subprocess.Popen(
            [program("src/transferctl/transferctl"), *arguments], env=environment, cwd=folder,
            start_new_session=True, bufsize=0,
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
               **keywords})

    def read(self, count):
        """Exactly that many bytes of the output, unless it ends."""
        data = b""
        while len(data) < count:
            piece = self.process.stdout.read(count - len(data))
            if not piece:
                break
            data += piece
        return data

    def read_line(self, stream):
        line = b""
        while not line.endswith(b"\n"):
            piece = stream.read(1)
            if not piece:
                break
            line += piece
        return line.decode()

    def finish(self):
        """Returns (exit status, output, errors)."""
        try:
            output, errors = self.process.communicate(timeout=2 * DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return self.process.returncode, output, errors.decode()


class TransferctlTest(unittest.TestCase):
    def setUp(self):
        self.bus = self.enterContext(Bus())
        self.server = self.enterContext(FaultyServer())
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="bgt-files-"))
        self.daemon = None

    if not hasattr(unittest.TestCase, "enterContext"):
        def enterContext(self, context):
            value = context.__enter__()
            self.addCleanup(context.__exit__, None, None, None)
            return value

    def start_daemon(self, **keywords):
        self.daemon = self.enterContext(Daemon(self.bus, **keywords))

    def start(self, *arguments, environment=None, **keywords):
        environment = environment or self.bus.environment()
        run = Run(arguments, environment, self.folder, **keywords)
        self.addCleanup(lambda: run.process.poll() is None and run.process.kill())
        return run

    def run_ctl(self, *arguments, **keywords):
        return self.start(*arguments, **keywords).finish()

    def check(self, status, *arguments, **keywords):
        """Runs it to its end; returns (output as text, errors)."""
        result, output, errors = self.run_ctl(*arguments, **keywords)
        self.assertEqual(result, status, f"{arguments}\n{output[:2000]}\n{errors}")
        return output.decode(errors="replace"), errors

    def listed(self):
        return json.loads(self.check(DONE, "list", "--json")[0])

    def assert_same(self, one, other):
        """assertEqual() for what is too large to be printed."""
        self.assertEqual(len(one), len(other))
        self.assertTrue(one == other, "the bytes differ")

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def serve(self, path, size=3 * MIB, **keywords):
        body = Body(size)
        self.server.serve(path, sending(body, **keywords))
        return body

    def serve_half(self, path="/file", size=8 * MIB):
        """A body of which the second half waits for the event."""
        event = threading.Event()
        self.addCleanup(event.set)
        return self.serve(path, size, hold=(size // 2, event)), event

    def start_half(self, body, *arguments):
        """A detached download that has stopped half-way; returns the GUID."""
        guid = self.check(DONE, "download", self.server.uri("/file"), "--detach",
                          *arguments)[0].strip()
        self.wait_for_half(body)
        return guid

    def wait_for_half(self, body):
        wait_until(lambda: any(o["bytes_received"] >= body.size // 2 and o["status"] == "running"
                               for o in self.listed()), "half has arrived")


class Downloads(TransferctlTest):
    def setUp(self):
        super().setUp()
        self.start_daemon(settings=OFTEN)

    def test_file_gets_the_name_of_the_url_and_is_acknowledged(self):
        body = self.serve("/a/some%20file.bin")
        output, errors = self.check(DONE, "download", self.server.uri("/a/some%20file.bin?x=y"))
        self.assert_same(self.read("some file.bin"), body.read())
        self.assertEqual(output, "")
        self.assertIn("some file.bin: done", errors.splitlines()[-1])
        self.assertEqual(self.listed(), [])

    def test_bodies_of_requests(self):
        body = self.serve("/file")
        question = os.urandom(3_000_000)
        with open(self.path("question"), "wb") as file:
            file.write(question)
        with open(self.path("text"), "w", encoding="utf-8") as file:
            file.write("{}")
        for number, (name, sent, options, method) in enumerate((
                ("question", question, (), "POST"), ("text", b"{}", (), "POST"),
                ("text", b"{}", ("-X", "PUT"), "PUT"))):
            self.check(DONE, "download", "--body", name, *options, "-o", str(number),
                       self.server.uri("/file"))
            self.assert_same(self.read(str(number)), body.read())
            request = self.server.heads("/file")[-1]
            self.assertEqual(request.method, method)
            self.assert_same(bytes(request.body), sent)
        run = self.start("download", "--body", "/dev/stdin", "-o", "piped",
                         self.server.uri("/file"), stdin=subprocess.PIPE)
        run.process.stdin.write(question)
        run.process.stdin.close()
        run.process.stdin = None
        self.assertEqual(run.finish()[0], DONE)
        self.assert_same(bytes(self.server.heads("/file")[-1].body), question)

    def test_file_gets_the_name_that_the_server_gives(self):
        body = self.serve("/get", headers={
            "Content_Disposition": "attachment; filename=\"../x\"; filename*=UTF-8''%2e%e2%82%ac.bin"})
        uri = self.server.uri("/get")
        _, errors = self.check(DONE, "download", uri)
        self.assert_same(self.read("€.bin"), body.read())
        self.assertIn("€.bin: done", errors.splitlines()[-1])
        output, _ = self.check(DONE, "download", "--json", uri)
        self.assertEqual(json.loads(output.splitlines()[-1])["destination"],
                         self.path("€ (1).bin"))
        self.check(DONE, "download", uri, "-o", "mine")
        self.assertEqual(sorted(os.listdir(self.folder)), ["mine", "€ (1).bin", "€.bin"])
        self.assertEqual(self.listed(), [])

    def test_names_that_a_server_should_not_give_are_made_safe(self):
        # What is asked for, what the server says, and the name of the file.
        rows = [
            ("/one", "attachment; filename=\"caf\u00e9.txt\"", "caf\u00e9.txt"),
            ("/two", "attachment; filename=\"../../etc/pass\\wd\"", "passwd"),
            ("/three", "attachment; filename*=UTF-16''%fe; filename=plain.txt", "plain.txt"),
            ("/four", "attachment; filename*=UTF-8''a%e2%80%ae%1bb", "ab"),
            ("/five", "attachment; filename=\"...\"", "five"),
            ("/six%2F..%2F.x", "attachment", "six_.._.x"),
            ("/", "inline; x", "download"),
            ("/seven", "attachment; filename*=UTF-8''" + "%c3%a9" * 400, "\u00e9" * 100),
        ]
        for path, disposition, name in rows:
            body = self.serve(path, headers={"Content_Disposition": disposition})
            output, _ = self.check(DONE, "download", "--json", self.server.uri(path))
            with self.subTest(path):
                self.assertEqual(json.loads(output.splitlines()[-1])["destination"],
                                 self.path(name))
                self.assert_same(self.read(name), body.read())

    def test_destinations_are_relative_to_the_current_folder(self):
        body = self.serve("/file")
        os.mkdir(self.path("folder"))
        for output, name in (("other", "other"), ("folder", "folder/file"), ("./x", "x"),
                             (b"\xff\xfe", b"\xff\xfe")):
            with self.subTest(output=output):
                self.check(DONE, "download", "-o", output, self.server.uri("/file"))
                path = os.path.join(os.fsencode(self.folder), os.fsencode(name))
                with open(path, "rb") as file:
                    self.assert_same(file.read(), body.read())

    def test_last_json_object_says_everything(self):
        body = self.serve("/file")
        output, _ = self.check(DONE, "--json", "download", self.server.uri("/file"))
        last = json.loads(output.splitlines()[-1])
        self.assertLessEqual(SUMMARY_KEYS, last.keys())
        self.assertEqual(
            [last[k] for k in ("status", "web_error_status", "error_message", "http_status",
                               "bytes_received", "bytes_sent", "destination")],
            ["completed", "", "", 200, body.size, 0, self.path("file")])

    def test_failure_is_said_last_and_acknowledged(self):
        _, errors = self.check(FAILED, "download", self.server.uri("/missing"))
        self.assertIn("http-404", errors.splitlines()[-1])
        output, _ = self.check(FAILED, "download", "--json", self.server.uri("/missing"))
        last = json.loads(output.splitlines()[-1])
        self.assertLessEqual(SUMMARY_KEYS, last.keys())
        self.assertEqual((last["status"], last["web_error_status"], last["http_status"]),
                         ("error", "http-404", 404))
        self.assertEqual(self.listed(), [])
        self.assertEqual(os.listdir(self.folder), [])

    def test_keep_leaves_it_for_others_to_acknowledge(self):
        self.serve("/file")
        self.check(DONE, "download", "--keep", self.server.uri("/file"))
        guid = self.listed()[0]["guid"]
        self.check(DONE, "wait", guid)
        self.check(DONE, "acknowledge", guid)
        self.assertEqual(self.listed(), [])

    def test_existing_destination_is_refused_replaced_or_kept(self):
        body = self.serve("/file")
        with open(self.path("file"), "wb") as file:
            file.write(b"mine")
        _, errors = self.check(FAILED, "download", self.server.uri("/file"))
        self.assertIn("exists", errors)
        output, _ = self.check(FAILED, "download", "--json", self.server.uri("/file"))
        self.assertLessEqual(SUMMARY_KEYS, json.loads(output.splitlines()[-1]).keys())
        self.assertEqual(self.read("file"), b"mine")
        output, _ = self.check(DONE, "download", "--json", "--overwrite=unique",
                               self.server.uri("/file"))
        self.assertEqual(json.loads(output.splitlines()[-1])["destination"],
                         self.path("file (1)"))
        self.check(DONE, "download", "--overwrite=replace", self.server.uri("/file"))
        self.assert_same(self.read("file"), body.read())

    def test_only_what_has_the_name_in_the_end_is_replaced(self):
        content = Body(100)
        self.server.serve("/named", sending(
            content, headers={"Content-Disposition": 'attachment; filename="other"'}))
        self.server.serve("/same", sending(
            content, headers={"Content-Disposition": 'attachment; filename="same"'}))
        for name in ("named", "other", "same"):
            with open(self.path(name), "wb") as file:
                file.write(b"mine")
        for uri in ("/named", "/same"):
            self.check(DONE, "download", "--overwrite=replace", self.server.uri(uri))
        self.assertEqual((self.read("named"), self.read("other")), (b"mine", b"mine"))
        for name in ("other (1)", "same"):
            self.assert_same(self.read(name), content.read())
        self.assertNotIn("same (1)", os.listdir(self.folder))

    def test_what_the_request_holds_is_sent(self):
        self.serve("/file")
        self.check(DONE, "download", self.server.uri("/file"), "-H", "X-One: 1", "-o", "answer",
                   "--header=X-Two:2", "--priority", "high")
        request = self.server.heads("/file")[-1]
        self.assertEqual([request.headers.get(name) for name in ("x-one", "x-two")], ["1", "2"])

    def test_checksum_is_checked(self):
        body = self.serve("/file")
        self.check(DONE, "download", "--checksum", f"sha256:{body.sha256}",
                   self.server.uri("/file"))
        _, errors = self.check(FAILED, "download", "-o", "x", "--checksum", f"sha256:{'0' * 64}",
                               self.server.uri("/file"))
        self.assertIn("checksum-mismatch", errors)
        self.assertFalse(os.path.exists(self.path("x")))

    def test_scheme_may_be_in_capitals(self):
        body = self.serve("/file")
        self.check(DONE, "download", self.server.uri("/file").replace("http:", "HTTP:"))
        self.assert_same(self.read("file"), body.read())

    def test_url_may_have_escaped_bytes_that_are_not_text(self):
        body = self.serve("/%FF%00")
        self.check(DONE, "download", "-o", "x", self.server.uri("/%FF%00"))
        self.assert_same(self.read("x"), body.read())

    def test_quiet_says_nothing(self):
        self.serve("/file")
        self.assertEqual(self.check(DONE, "-q", "download", self.server.uri("/file")), ("", ""))

    def test_interrupt_leaves_the_transfer_running(self):
        body, event = self.serve_half()
        run = self.start("--session", "download", self.server.uri("/file"))
        self.wait_for_half(body)
        run.process.send_signal(signal.SIGINT)
        status, _, errors = run.finish()
        self.assertEqual(status, INTERRUPTED)
        prefix = re.search(r"transferctl --session wait (\w+)", errors).group(1)
        self.assertEqual(self.listed()[0]["status"], "running")
        waiting = self.start("wait", prefix)
        event.set()
        status, _, errors = waiting.finish()
        self.assertEqual(status, DONE, errors)
        self.assert_same(self.read("file"), body.read())

    def test_lines_come_slowly_where_there_is_no_terminal(self):
        body, event = self.serve_half()
        run = self.start("download", self.server.uri("/file"))
        self.wait_for_half(body)
        first = run.read_line(run.process.stderr)
        self.assertRegex(first, r"^file: \d+%  ")
        event.set()
        self.assertEqual(run.finish()[0], DONE)

    def test_terminal_shows_a_bar(self):
        body, event = self.serve_half()
        main, terminal = pty.openpty()
        self.addCleanup(os.close, main)
        run = self.start("download", self.server.uri("/file"), stderr=terminal)
        os.close(terminal)
        shown = b""
        while b" 50% [" not in shown:
            self.assertTrue(select.select([main], [], [], DEADLINE_SECONDS)[0], shown)
            shown += os.read(main, 4096)
        self.assertRegex(shown.decode(), r"file +50% \[=+> +\] 4\.0 MiB/8\.0 MiB  ")
        event.set()
        self.assertEqual(run.process.wait(DEADLINE_SECONDS), DONE)
        run.process.stdout.close()
        self.assert_same(self.read("file"), body.read())


# What has arrived can be read from the next checkpoint on.
OFTEN = {"Transfers": {"CheckpointBytes": str(MIB), "ResponseTimeoutSeconds": "600"}}


class Control(TransferctlTest):
    def setUp(self):
        super().setUp()
        self.start_daemon(settings=OFTEN)

    def test_operation_is_paused_resumed_and_canceled(self):
        body, _ = self.serve_half()
        guid = self.start_half(body)
        self.check(DONE, "pause", guid)
        self.assertEqual(self.listed()[0]["status"], "paused-by-application")
        self.assertIn("paused", self.check(DONE, "list")[0])
        self.check(DONE, "resume", guid)
        self.assertNotEqual(self.listed()[0]["status"], "paused-by-application")
        _, errors = self.check(FAILED, "acknowledge", guid)
        self.assertEqual(errors.count(guid), 1, errors)
        self.check(DONE, "cancel", guid)
        self.check(FAILED, "pause", guid)
        self.check(FAILED, "wait", guid)
        self.check(DONE, "acknowledge", guid)
        self.assertEqual(self.listed(), [])
        self.assertEqual(os.listdir(self.folder), [])

    def test_all_means_those_that_it_can_be_done_to(self):
        body, _ = self.serve_half()
        self.start_half(body)
        self.check(DONE, "pause", "--all")
        self.check(DONE, "pause", "--all")
        results = json.loads(self.check(DONE, "cancel", "--all", "--json")[0])
        self.assertEqual([result["done"] for result in results], [True])
        self.check(DONE, "acknowledge", "--all")
        self.assertEqual(self.listed(), [])

    def test_show_has_properties_and_response_headers(self):
        body, _ = self.serve_half()
        guid = self.start_half(body)
        shown = json.loads(self.check(DONE, "show", "--json", guid)[0])
        self.assertEqual((shown["guid"], shown["http_status"], shown["total_bytes_to_receive"]),
                         (guid, 200, body.size))
        self.assertIn(["Content-Length", str(body.size)], shown["response_headers"])
        text = self.check(DONE, "show", guid[:8])[0]
        self.assertIn("status: running\n", text)
        self.assertIn(f"  Content-Length: {body.size}\n", text)

    def test_properties_are_set(self):
        body, event = self.serve_half()
        guid = self.start_half(body)
        self.check(DONE, "set", guid, "priority=high", "cost-policy=always", "max-rate=1G",
                   "header:X-A=b")
        shown = json.loads(self.check(DONE, "show", "--json", guid)[0])
        self.assertEqual((shown["priority"], shown["cost_policy"], shown["max_rate"]),
                         ("high", "always", 1024 * MIB))
        _, errors = self.check(FAILED, "set", guid, f"uri={self.server.uri('/other')}")
        self.assertIn("uri=", errors)
        event.set()
        self.check(DONE, "wait", guid)

    def test_wait_waits_for_all_and_fails_if_one_did(self):
        body, event = self.serve_half()
        good = self.start_half(body, "-o", "good")
        bad = self.check(DONE, "download", self.server.uri("/missing"), "--detach")[0].strip()
        run = self.start("wait", "--json", good, bad)
        wait_until(lambda: [o["status"] for o in self.listed() if o["guid"] == bad] == ["error"],
                   "the bad one has failed")
        self.assertIsNone(run.process.poll())
        event.set()
        status, output, _ = run.finish()
        self.assertEqual(status, FAILED)
        last = [json.loads(line) for line in output.splitlines()][-2:]
        self.assertEqual([(o["guid"], o["status"]) for o in last],
                         [(good, "completed"), (bad, "error")])

    def test_cat_follows_while_it_grows(self):
        body, event = self.serve_half()
        guid = self.start_half(body)
        run = self.start("cat", guid, "--from", "1000")
        first = run.read(100_000)
        self.assert_same(first, body.read(1000, 101_000))
        event.set()
        status, rest, errors = run.finish()
        self.assertEqual(status, DONE, errors)
        self.assert_same(first + rest, body.read(1000))

    def test_cat_waits_for_what_has_not_arrived(self):
        body, event = self.serve_half()
        guid = self.start_half(body)
        run = self.start("cat", guid, "--from", str(body.size - 10))
        event.set()
        status, output, errors = run.finish()
        self.assertEqual((status, output), (DONE, body.read(body.size - 10)), errors)

    def test_cat_fails_with_the_transfer(self):
        body, _ = self.serve_half()
        guid = self.start_half(body)
        run = self.start("cat", guid)
        self.assertEqual(run.read(10), body.read(0, 10))
        self.check(DONE, "cancel", guid)
        status, _, errors = run.finish()
        self.assertEqual(status, FAILED)
        self.assertIn("canceled", errors)

    def test_monitor_tells_what_happens(self):
        run = self.start("monitor", "--json")
        events = []

        def read_until(event):
            while not events or events[-1]["event"] != event:
                events.append(json.loads(run.read_line(run.process.stdout)))
            return events[-1]

        # What is there already tells when the monitor listens.
        self.serve("/file")
        self.check(DONE, "download", "--keep", self.server.uri("/file"))
        self.assertEqual(read_until("added")["requested_uri"], self.server.uri("/file"))
        self.check(DONE, "acknowledge", "--all")
        read_until("removed")
        run.process.send_signal(signal.SIGINT)
        self.assertEqual(run.finish()[0], INTERRUPTED)

    def test_ambiguous_prefix_names_the_matches(self):
        guids = {}
        while not guids or max(map(len, guids.values())) < 2:
            path = self.daemon.create_download(self.server.uri("/file"),
                                               self.path(f"f{len(guids)}"),
                                               {"overwrite": GLib.Variant("s", "unique")})
            guid = path.rsplit("/", 1)[1]
            guids.setdefault(guid[0], []).append(guid)
        prefix, matches = next(item for item in guids.items() if len(item[1]) > 1)
        _, errors = self.check(USAGE, "show", prefix)
        for guid in matches:
            self.assertIn(guid, errors)
        dashed = matches[0].replace("_", "-").upper()
        self.assertIn(matches[0], self.check(DONE, "show", dashed)[0])
        object_path = f"/org/example/BackgroundTransfer/operations/{matches[0]}"
        self.assertIn(matches[0], self.check(DONE, "show", object_path)[0])

    def test_wrong_names_are_told_apart(self):
        self.check(FAILED, "show", "0123abcd")
        self.check(USAGE, "show", "no-operation!")
        self.check(USAGE, "show", "")


class Mistakes(TransferctlTest):
    """None of these needs a service."""

    def test_usage_errors_name_what_is_wrong(self):
        uri = "http://127.0.0.1:1/x"
        for arguments, word in (
                ((), "command"), (("frobnicate",), "frobnicate"),
                (("download",), "URL"), (("download", uri, "second"), "second"),
                (("download", "not a uri"), "not a uri"),
                (("download", "--frobnicate", uri), "frobnicate"),
                (("download", "-H", "nonsense", uri), "nonsense"),
                (("download", "--cookie", "nonsense", uri), "nonsense"),
                (("download", "--max-rate", "quick", uri), "quick"),
                (("download", "--priority", "urgent", uri), "urgent"),
                (("download", "--cost-policy", "cheap", uri), "cheap"),
                (("download", "--overwrite", "maybe", uri), "maybe"),
                (("download", "--recoverable", "http-20", uri), "http-20"),
                (("download", "--body", "/no/such/file", uri), "/no/such/file"),
                (("download", "-u", "me", uri), "--password-file"),
                (("download", "-u", "me", "--password-file", "/no/such/file", uri),
                 "/no/such/file"),
                (("download", "--password-file", "/dev/null", uri), "--user"),
                (("download", "--proxy-password-file", "/dev/null", uri), "--proxy-user"),
                (("download", "-o", "missing/", uri), "missing/"),
                (("data-plan", "--limit", "5G"), "set"), (("data-plan", "set"), "--limit"),
                (("list", "surplus"), "surplus"), (("show",), "ID"), (("wait",), "ID"),
                (("pause",), "--all"), (("pause", "--all", "abc"), "--all"),
                (("set", "abc"), "PROPERTY"), (("set", "abc", "nonsense"), "nonsense"),
                (("set", "abc", "color=red"), "color"), (("set", "abc", "priority=red"), "red"),
                (("cat", "abc", "--from", "-1"), "-1"),
                (("--system", "--session", "list"), "--session")):
            with self.subTest(arguments=arguments):
                output, errors = self.check(USAGE, *arguments)
                self.assertEqual(output, "")
                self.assertIn(word, errors)

    def test_help_is_there_for_every_command(self):
        text = self.check(DONE, "--help")[0]
        commands = re.findall(r"^  ([a-z-]+) ", text, re.MULTILINE)
        self.assertGreater(len(commands), 15)
        for command in commands:
            with self.subTest(command=command):
                self.assertIn("Usage:", self.check(DONE, command, "--help")[0])
        self.assertRegex(self.check(DONE, "--version")[0], r"^transferctl \d+\.\d+\.\d+\n$")

    def test_missing_service_is_unreachable(self):
        for arguments in (("list",), ("--system", "list"), ("--session", "list"),
                          ("download", "http://127.0.0.1:1/x"), ("wait", "0")):
            with self.subTest(arguments=arguments):
                _, errors = self.check(UNREACHABLE, *arguments)
                self.assertIn("cannot be reached", errors)


class Buses(TransferctlTest):
    def test_system_bus_comes_first(self):
        self.start_daemon()
        environment = self.bus.environment(system=True)
        self.check(DONE, "list", environment=environment)
        self.check(DONE, "--system", "list", environment=environment)
        self.check(UNREACHABLE, "--session", "list", environment=environment)

    def test_session_bus_serves_where_the_system_has_no_service(self):
        self.start_daemon()
        other = self.enterContext(Bus())
        environment = dict(self.bus.environment(), DBUS_SYSTEM_BUS_ADDRESS=other.address)
        self.check(DONE, "list", environment=environment)
        self.check(UNREACHABLE, "--system", "list", environment=environment)


REFUSING = """
import sys
from gi.repository import Gio, GLib

ROOT = "/org/example/BackgroundTransfer"
PATH = ROOT + "/operations/00000000_0000_4000_8000_000000000000"
PROPERTIES = {
    "Version": GLib.Variant("s", "1"),
    "Destination": GLib.Variant("s", "/file"),
    "Guid": GLib.Variant("s", "00000000-0000-4000-8000-000000000000"),
    "Kind": GLib.Variant("s", "download"),
    "Status": GLib.Variant("s", "idle"),
    "BlockedBy": GLib.Variant("as", ["not-started"]),
}
INTERFACES = Gio.DBusNodeInfo.new_for_xml('''
<node>
  <interface name="org.example.BackgroundTransfer.Manager">
    <method name="CreateDownload">
      <arg type="s" direction="in"/><arg type="s" direction="in"/>
      <arg type="a{sv}" direction="in"/><arg type="o" direction="out"/>
    </method>
    <property name="Version" type="s" access="read"/>
  </interface>
  <interface name="org.freedesktop.DBus.ObjectManager">
    <method name="GetManagedObjects"><arg type="a{oa{sa{sv}}}" direction="out"/></method>
  </interface>
  <interface name="org.example.BackgroundTransfer.Operation">
    <method name="Start"/>
    <method name="Attach"/>
    <property name="Guid" type="s" access="read"/>
    <property name="Kind" type="s" access="read"/>
    <property name="Status" type="s" access="read"/>
    <property name="BlockedBy" type="as" access="read"/>
  </interface>
  <interface name="org.example.BackgroundTransfer.Download">
    <property name="Destination" type="s" access="read"/>
  </interface>
</node>''').interfaces


def on_call(bus, sender, path, interface, method, parameters, invocation):
    if method in sys.argv[1:]:
        invocation.return_dbus_error("org.example.BackgroundTransfer.Error.LimitExceeded",
                                     "Too much is asked")
    elif method == "GetManagedObjects":
        invocation.return_value(GLib.Variant("(a{oa{sa{sv}}})", ({},)))
    elif method == "CreateDownload":
        invocation.return_value(GLib.Variant("(o)", (PATH,)))
    else:
        invocation.return_value(None)


bus = Gio.bus_get_sync(Gio.BusType.SESSION)
for interface in INTERFACES:
    bus.register_object(PATH if interface.name.endswith(("Operation", "Download")) else ROOT,
                        interface, on_call, lambda *call: PROPERTIES[call[4]], None)
Gio.bus_own_name_on_connection(bus, "org.example.BackgroundTransfer", 0,
                               lambda *_: print("there", flush=True), None)
GLib.MainLoop().run()
"""


class Refusals(TransferctlTest):
    def start_refusing(self, *methods):
        service = subprocess.Popen([sys.executable, "-c", REFUSING, *methods],
                                   stdout=subprocess.PIPE, env=self.bus.environment())
        self.addCleanup(service.stdout.close)
        self.addCleanup(service.wait)
        self.addCleanup(service.kill)
        self.assertEqual(service.stdout.readline(), b"there\n")

    def test_service_that_says_no_is_there(self):
        self.start_refusing("GetManagedObjects")
        _, errors = self.check(FAILED, "list")
        self.assertEqual(errors, "transferctl: Too much is asked\n")

    def test_last_json_object_says_why_it_was_not_started(self):
        self.start_refusing("Start")
        for arguments in ((), ("--detach",)):
            with self.subTest(arguments=arguments):
                output, errors = self.check(FAILED, "download", "--json",
                                            self.server.uri("/file"), *arguments)
                last = json.loads(output.splitlines()[-1])
                self.assertLessEqual(SUMMARY_KEYS, last.keys())
                self.assertEqual((last["status"], last["error_message"]),
                                 ("idle", "Too much is asked"))
                self.assertIn("Too much is asked", errors.splitlines()[-1])


class Restarts(TransferctlTest):
    def setUp(self):
        super().setUp()
        self.start_daemon(settings=OFTEN)

    def make_activatable(self):
        variables = [f"{name}={value}" for name, value in self.daemon.environment.items()
                     if name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "PATH",
                                 "GIO_USE_VFS", "DBUS_SYSTEM_BUS_ADDRESS",
                                 "DBUS_SESSION_BUS_ADDRESS", "ASAN_OPTIONS", "LSAN_OPTIONS")]
        script = f"{self.daemon.folder}/activate"
        with open(script, "w", encoding="utf-8") as file:
            quoted = shlex.join((*variables, *self.daemon.command()))
            file.write(f"#!/bin/sh\nexec /usr/bin/env {quoted}\n")
        os.chmod(script, 0o755)
        self.bus.add_service(NAME, script)
        self.addCleanup(self.stop_activated)

    def stop_activated(self):
        pid = self.daemon.pid()
        if pid is not None and pid != self.daemon.process.pid:
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda: self.daemon.owner() is None, "the activated service has stopped")

    def test_killed_service_is_started_again(self):
        self.make_activatable()
        body, event = self.serve_half()
        run = self.start("--json", "download", self.server.uri("/file"))
        self.wait_for_half(body)
        self.daemon.kill()
        wait_until(self.daemon.owner, "the service is there again")
        self.assertNotEqual(self.daemon.pid(), self.daemon.process.pid)
        event.set()
        status, output, errors = run.finish()
        self.assertEqual(status, DONE, errors)
        self.assertEqual(json.loads(output.splitlines()[-1])["status"], "completed")
        self.assert_same(self.read("file"), body.read())
        self.assertEqual(self.listed(), [])

    def test_service_that_is_started_by_hand_is_found_again(self):
        body, event = self.serve_half()
        guid = self.start_half(body)
        run = self.start("--json", "wait", guid)
        cat = self.start("cat", guid)
        self.assertIn("running", run.read_line(run.process.stdout))
        self.assertEqual(cat.read(10), body.read(0, 10))
        self.daemon.kill()
        event.set()
        self.daemon.start()
        self.assertEqual(run.finish()[0], DONE)
        status, rest, errors = cat.finish()
        self.assertEqual(status, DONE, errors)
        self.assert_same(rest, body.read(10))


    def test_bus_that_is_gone_ends_what_follows(self):
        body, _ = self.serve_half()
        guid = self.start_half(body)
        cat, wait, monitor = (self.start(*arguments) for arguments in
                              (("cat", guid), ("wait", "--json", guid), ("monitor", "--json")))
        self.assertEqual(cat.read(10), body.read(0, 10))
        for run in (wait, monitor):
            self.assertIn(guid, run.read_line(run.process.stdout))
        self.bus.process.kill()
        for run in (cat, wait, monitor):
            status, _, errors = run.finish()
            self.assertEqual(status, UNREACHABLE, errors)
            self.assertIn("cannot be started again", errors.splitlines()[-1])


class Printing(TransferctlTest):
    def test_what_can_not_be_written_is_a_failure(self):
        self.start_daemon()
        for arguments in (("list",), ("list", "--json"), ("network",)):
            with self.subTest(arguments=arguments), open("/dev/full", "wb") as full:
                status, _, errors = self.run_ctl(*arguments, stdout=full)
                self.assertEqual(status, FAILED, errors)
                self.assertIn("No space left", errors.splitlines()[-1])

    def test_error_that_it_waits_for_is_named(self):
        self.start_daemon()
        self.server.serve("/file", not_found)
        self.check(DONE, "download", "--detach", "--recoverable", "http-404",
                   self.server.uri("/file"))
        wait_until(lambda: self.listed()[0]["web_error_status"], "the server has refused")
        self.assertIn("an error that can be mended (http-404)", self.check(DONE, "list")[0])
        self.check(DONE, "download", "--detach", f"http://127.0.0.1:{free_port()}/other")
        wait_until(lambda: "will be tried again (cannot-connect)" in self.check(DONE, "list")[0],
                   "the list says why it is tried again")

    def test_nothing_from_a_server_moves_the_cursor(self):
        self.start_daemon()
        self.server.serve("/file", raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
                                       b"X-Evil: a\x1b[2Jb\r\n\r\nx"))
        self.check(DONE, "download", "--keep", "-o", "a\x1b[2Jb", self.server.uri("/file"))
        guid = self.listed()[0]["guid"]
        for arguments in (("list",), ("show", guid), ("wait", guid)):
            with self.subTest(arguments=arguments):
                self.assertNotIn("\x1b", "".join(self.check(DONE, *arguments)))


if __name__ == "__main__":
    unittest.main()
