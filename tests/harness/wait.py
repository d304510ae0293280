# SPDX-License-Identifier: LGPL-2.1-or-later
"""Waiting for a fact, with a deadline; never for a length of time."""

import os
import time

# How fast it has to be is never tested with that: a busy machine needs a multiple of what an idle
# one does.
DEADLINE_SECONDS = 120


class DeadlineError(AssertionError):
    """What was waited for did not happen."""


def wait_until(condition, what, seconds=DEADLINE_SECONDS, interval=0.02):
    """Returns the first true value of condition(); DeadlineError naming @what after @seconds."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise DeadlineError(f"after {seconds} s still not: {what}")
        time.sleep(interval)


def wait_until_nobody_reads(writing):
    """Until whoever writes to the pipe @writing is told so."""
    def is_broken():
        try:
            os.write(writing, b"x")
        except BrokenPipeError:
            return True
        return False
    wait_until(is_broken, "nobody reads")
