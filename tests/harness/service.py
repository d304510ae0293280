# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests of one service: a bus, a server and the daemon, shared by the tests of a class."""

import unittest

from gi.repository import GLib

from harness.bus import Bus
from harness.daemon import FINAL, Daemon, error_name
from harness.servers import FaultyServer


class ServiceTest(unittest.TestCase):
    """After each test no operation is left. @SETTINGS and @ARGUMENTS are the daemon's."""

    SETTINGS = {}
    ARGUMENTS = ()
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.bus = cls.enterClassContext(Bus())
        cls.server = cls.enterClassContext(FaultyServer())
        cls.daemon = cls.enterClassContext(Daemon(cls.bus, cls.SETTINGS, cls.ARGUMENTS))
        cls.n_destinations = 0

    def tearDown(self):
        self.remove_all()

    @classmethod
    def remove_all(cls):
        """Cancels and acknowledges everything."""
        for path in cls.daemon.operations():
            try:
                cls.daemon.call(path, "Operation", "Cancel")
            except GLib.Error:
                pass
            cls.daemon.wait_for_status(path, *FINAL)
            cls.daemon.call(path, "Operation", "Acknowledge")

    @classmethod
    def new_destination(cls):
        cls.n_destinations += 1
        return f"{cls.daemon.folder}/file-{cls.n_destinations}"

    @classmethod
    def create(cls, uri="/file", start=False, **options):
        """A new download of @uri, or of that path of the server; options with `_` for `-`, their
        values GLib.Variants or strings."""
        variants = {name.replace("_", "-"): GLib.Variant("s", value) if isinstance(value, str)
                    else value for name, value in options.items()}
        if uri.startswith("/"):
            uri = cls.server.uri(uri)
        return cls.daemon.create_download(uri, cls.new_destination(), variants, start=start)

    def assert_refused(self, name, function, *arguments, says="", **options):
        """function(*arguments, **options) ends with the error @name, whose message contains @says.
        Returns the message."""
        with self.assertRaises(GLib.Error) as caught:
            function(*arguments, **options)
        self.assertEqual(error_name(caught.exception), name, caught.exception.message)
        self.assertIn(says, caught.exception.message)
        return caught.exception.message
