#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every call of an operation in every status that needs no other network: what is allowed, what is
refused and how, and why it does not move."""

import os
import threading
import time
import unittest

from gi.repository import GLib

from harness.daemon import FINAL
from harness.servers import Body, raw, sending
from harness.service import ServiceTest
from harness.wait import wait_until

BODY = Body(300_000)
FORBIDDEN = raw(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
BUSY = raw(b"HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n")
CALLS = ("Start", "Pause", "Resume", "Cancel", "Acknowledge")

# How it is made, the status and the reasons it shows, and the calls that it takes.
STATES = {
    "new": ("idle", ["not-started"], {"Start", "Cancel"}),
    "early": ("idle", ["not-before"], {"Pause", "Cancel"}),
    "queued": ("idle", ["host-limit"], {"Pause", "Cancel"}),
    "running": ("running", [], {"Pause", "Cancel"}),
    "retrying": ("running", ["retry-delay"], {"Pause", "Cancel"}),
    "paused": ("paused-by-application", ["paused"], {"Resume", "Cancel"}),
    "paused-early": ("paused-by-application", ["paused", "not-before"], {"Resume", "Cancel"}),
    "recoverable": ("paused-recoverable-error", ["recoverable-error"], {"Resume", "Cancel"}),
    "completed": ("completed", [], {"Acknowledge"}),
    "canceled": ("canceled", [], {"Acknowledge"}),
    "error": ("error", [], {"Resume", "Acknowledge"}),
}

UNFINISHED = set(STATES) - {"completed", "canceled", "error"}
HELD = {"paused", "paused-early", "recoverable", "error"}

# Property, a value that is right, and in which states it may be set.
CHANGES = [
    ("Operation", "Priority", GLib.Variant("s", "low"), UNFINISHED),
    ("Operation", "CostPolicy", GLib.Variant("s", "always"), UNFINISHED),
    ("Operation", "MaxRate", GLib.Variant("t", 1_000_000), UNFINISHED),
    ("Operation", "RequestedUri", GLib.Variant("s", "http://127.0.0.1/other"), HELD),
    ("Download", "RecoverableErrors", GLib.Variant("as", ["http-410"]), UNFINISHED),
    ("Download", "RandomAccess", GLib.Variant("b", False), {"new"}),
]

# Method, its arguments, and in which states it is allowed.
SETTERS = [
    ("SetRequestHeader", GLib.Variant("(ss)", ("X-Test", "1")), UNFINISHED | {"error"}),
    ("RemoveRequestHeader", GLib.Variant("(s)", ("X-Test",)), UNFINISHED | {"error"}),
    ("SetServerCredential", GLib.Variant("(ss)", ("user", "secret")), UNFINISHED | {"error"}),
    ("Attach", None, set(STATES)),
]


class States(ServiceTest):
    SETTINGS = {"Transfers": {"MaxActivePerHost": "1"}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.never = threading.Event()
        cls.server.serve("/file", sending(BODY))
        cls.server.serve("/held", sending(BODY, hold=(100_000, cls.never)))
        cls.server.serve("/busy", BUSY)
        cls.server.serve("/forbidden", FORBIDDEN)

    def tearDown(self):
        self.never.set()
        super().tearDown()
        self.never.clear()

    def settle(self, path, state):
        """Waits until @path shows what STATES says; returns its properties."""
        status, reasons, _ = STATES[state]

        def shows():
            values = self.daemon.get_all(path)
            return values if (values["Status"], values["BlockedBy"]) == (status, reasons) else None
        return wait_until(shows, f"{state}: {status} {reasons}")

    def make(self, state):
        """An operation in @state that stays in it."""
        later = GLib.Variant("x", int((time.time() + 3600) * 1e6))
        path = getattr(self, "make_" + state.replace("-", "_"))(later)
        self.settle(path, state)
        return path

    def make_new(self, _):
        return self.create()

    def make_early(self, later):
        return self.create(start=True, not_before=later)

    def make_queued(self, _):
        self.make_running(None)
        return self.create(start=True)

    def make_running(self, _):
        path = self.create("/held", start=True)
        self.daemon.wait_for_bytes(path, 1)
        return path

    def make_retrying(self, _):
        return self.create("/busy", start=True)

    def make_paused(self, _):
        path = self.make_running(None)
        self.daemon.call(path, "Operation", "Pause")
        return path

    def make_paused_early(self, later):
        path = self.make_early(later)
        self.daemon.call(path, "Operation", "Pause")
        return path

    def make_recoverable(self, _):
        return self.create("/forbidden", start=True,
                           recoverable_errors=GLib.Variant("as", ["http-403"]))

    def make_completed(self, _):
        return self.create(start=True)

    def make_canceled(self, _):
        path = self.create()
        self.daemon.call(path, "Operation", "Cancel")
        return path

    def make_error(self, _):
        return self.create("/forbidden", start=True)

    def check_refused(self, state, path, name, function, *arguments):
        """It is InvalidState, and nothing has changed."""
        before = self.settle(path, state)
        with self.subTest(state=state, call=name):
            self.assert_refused("InvalidState", function, *arguments)
            self.assertEqual(self.daemon.get_all(path), before)

    def test_what_does_not_fit_is_refused_and_changes_nothing(self):
        for state, (_, _, allowed) in STATES.items():
            path = self.make(state)
            for call in CALLS:
                if call not in allowed:
                    self.check_refused(state, path, call, self.daemon.call, path, "Operation", call)
            for interface, name, value, states in CHANGES:
                if state not in states:
                    self.check_refused(state, path, name, self.daemon.set, path, name, value,
                                       interface)
            for name, arguments, states in SETTERS:
                if state not in states:
                    self.check_refused(state, path, name, self.daemon.call, path, "Operation", name,
                                       arguments)
            self.check_refused(state, path, "MakeCurrentInTransferGroup", self.daemon.call, path,
                               "Operation", "MakeCurrentInTransferGroup")
            self.tearDown()

    def test_what_may_be_set_is_set_and_read_back(self):
        for state in STATES:
            path = self.make(state)
            for name, arguments, states in SETTERS:
                if state in states:
                    with self.subTest(state=state, call=name):
                        self.daemon.call(path, "Operation", name, arguments)
            for interface, name, value, states in CHANGES:
                if state in states:
                    with self.subTest(state=state, property=name):
                        self.daemon.set(path, name, value, interface)
                        self.assertEqual(self.daemon.get(path, name, interface), value.unpack())
                        self.settle(path, state)
            self.tearDown()

    def check_call(self, state, call, then):
        path = self.make(state)
        with self.subTest(state=state, call=call):
            self.daemon.call(path, "Operation", call)
            then(path)
        self.tearDown()

    def states_that_take(self, call):
        return [state for state, (_, _, allowed) in STATES.items() if call in allowed]

    def test_pause_pauses(self):
        for state in self.states_that_take("Pause"):
            self.check_call(state, "Pause", lambda path: self.assertEqual(
                self.daemon.get(path, "Status"), "paused-by-application"))

    def test_cancel_ends_and_leaves_no_file(self):
        def is_gone(path):
            values = self.daemon.wait_for_status(path, "canceled")
            self.assertEqual(values["BlockedBy"], [])
            self.assertEqual((values["WebErrorStatus"], values["ErrorMessage"]), ("", ""))
            self.assertGreater(values["Finished"], 0)
            folder, name = os.path.split(self.daemon.get(path, "Destination", "Download"))
            self.assertEqual([file for file in os.listdir(folder) if name in file], [])
        for state in self.states_that_take("Cancel"):
            self.check_call(state, "Cancel", is_gone)

    def test_acknowledge_forgets(self):
        def is_forgotten(path):
            self.assertNotIn(path, self.daemon.operations())
            self.assertEqual(self.daemon.stored(), {})
            self.assert_refused("org.freedesktop.DBus.Error.UnknownObject", self.daemon.call, path,
                                "Operation", "Acknowledge")
        for state in self.states_that_take("Acknowledge"):
            self.check_call(state, "Acknowledge", is_forgotten)

    def test_start_and_resume_move_it(self):
        def moves(path):
            wait_until(lambda: self.daemon.get(path, "Status") in ("running",) + FINAL
                       or self.daemon.get(path, "BlockedBy") == ["not-before"], "it moves")
        for call in ("Start", "Resume"):
            for state in self.states_that_take(call):
                self.server.serve("/forbidden", [FORBIDDEN, sending(BODY)])
                self.check_call(state, call, moves)
        self.server.serve("/forbidden", FORBIDDEN)

    def test_a_paused_download_goes_on_from_what_it_holds(self):
        path = self.make("paused")
        held = self.daemon.get(path, "BytesReceived")
        self.assertGreater(held, 0)
        self.never.set()
        self.daemon.call(path, "Operation", "Resume")
        self.daemon.wait_for_status(path, "completed")
        self.assertEqual(self.server.heads("/held")[-1].headers["range"], f"bytes={held}-")
        with open(self.daemon.get(path, "Destination", "Download"), "rb") as file:
            self.assertEqual(file.read(), BODY.read())

    def test_an_error_is_left_behind_by_resume(self):
        path = self.make("error")
        values = self.daemon.get_all(path)
        self.assertEqual(values["WebErrorStatus"], "http-403")
        self.assertNotEqual(values["ErrorMessage"], "")
        self.daemon.set(path, "RequestedUri", GLib.Variant("s", self.server.uri("/file")))
        self.daemon.call(path, "Operation", "Resume")
        values = self.daemon.wait_for_status(path, "completed")
        self.assertEqual((values["WebErrorStatus"], values["ErrorMessage"]), ("", ""))

    def test_a_renewed_uri_mends_a_recoverable_error(self):
        path = self.make("recoverable")
        self.assertEqual(self.daemon.get(path, "WebErrorStatus"), "http-403")
        self.daemon.set(path, "RequestedUri", GLib.Variant("s", self.server.uri("/file")))
        self.daemon.call(path, "Operation", "Resume")
        self.assertEqual(self.daemon.wait_for_status(path, "completed")["WebErrorStatus"], "")

    def test_response_information_is_there_once_there_is_an_answer(self):
        for state in ("new", "early", "paused-early"):
            self.assert_refused("NotYetAvailable", self.daemon.call, self.make(state), "Operation",
                                "GetResponseInformation")
        self.tearDown()
        for state in ("running", "completed"):
            path = self.make(state)
            information = self.daemon.call(path, "Operation", "GetResponseInformation")[0]
            self.assertEqual(information["status-code"], 200)
            self.assertEqual(information["actual-uri"], self.daemon.get(path, "RequestedUri"))
            self.assertIn(("ETag", BODY.etag), information["headers"])
            self.assertIs(information["is-resumable"], True)
            self.tearDown()
        information = self.daemon.call(self.make("error"), "Operation", "GetResponseInformation")[0]
        self.assertEqual(information["status-code"], 403)

    def test_every_status_lives_through_a_restart(self):
        paths = {state: self.make(state) for state in STATES if state not in ("running", "queued")}
        before = {path: self.daemon.get_all(path) for path in paths.values()}
        self.assertEqual(self.daemon.terminate(), 0)
        self.daemon.start()
        for state, path in paths.items():
            with self.subTest(state=state):
                after = self.settle(path, state)
                changing = {"NextAttempt": 0} if state == "retrying" else {}
                self.assertEqual({**after, **changing}, {**before[path], **changing})


if __name__ == "__main__":
    unittest.main()
