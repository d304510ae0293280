# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long the service takes to answer, also where the machine is busy with something else."""

import time

# What all the programs that a call goes through need from a busy machine before they run, as a
# multiple of what the bus alone needs to answer.
BUS_CALLS = 100


class CallTimes:
    """Times call(), a call of the service, which is the process @pid, and in turn with that
    call_bus(), a call of the bus itself."""

    def __init__(self, pid, call, call_bus):
        self.clock = (~pid << 3) | 2  # as clock_getcpuclockid() names it
        self.functions = (call, call_bus)
        self.whole, self.bus, self.processor = [], [], []

    @staticmethod
    def _time(function):
        begin = time.monotonic()
        function()
        return time.monotonic() - begin

    def measure(self, count, seconds=0.0):
        """@count times, or more where @seconds are not over."""
        call, call_bus = self.functions
        end = time.monotonic() + seconds
        while count > 0 or time.monotonic() < end:
            self.bus.append(self._time(call_bus))
            begin = time.clock_gettime(self.clock)
            self.whole.append(self._time(call))
            self.processor.append(time.clock_gettime(self.clock) - begin)
            count -= 1

    def check(self, test, usual, slowest, n_slower=0):
        """Half of them have taken less than @usual seconds, all but @n_slower less than @slowest:
        of the processor's time, and in all unless the bus itself is slow."""
        for number, limit in ((len(self.whole) // 2, usual), (-1 - n_slower, slowest)):
            whole, bus, processor = (sorted(times)[number]
                                     for times in (self.whole, self.bus, self.processor))
            test.assertLess(processor, limit)
            test.assertLess(whole, max(limit, BUS_CALLS * bus))
