# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sockets that listen: those of other programs, and our own."""

import socket

from harness.wait import wait_until


def wait_for_listener(process, port, log=None):
    """Returns once @process, a program, takes connections on @port. @log: a file that says why it
    does not."""
    def is_listening():
        if process.poll() is not None:
            why = ""
            if log is not None:
                with open(log, encoding="utf-8") as file:
                    why = ": " + file.read()
            raise RuntimeError(f"{process.args[0]} does not start{why}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0
    wait_until(is_listening, f"{process.args[0]} listens", interval=0.01)


def connections(listener):
    """Yields those that come, until @listener is shut."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        yield connection
