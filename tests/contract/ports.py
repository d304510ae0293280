#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests rely on where several of them run at once."""

import errno
import os
import socket
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from harness.servers import free_port, has_ip6  # noqa: E402


class Ports(unittest.TestCase):
    def assert_kept(self, family, address):
        with socket.socket(family) as other, self.assertRaises(OSError) as caught:
            other.bind(address)
        self.assertEqual(caught.exception.errno, errno.EADDRINUSE)

    def test_a_free_port_stays_free_of_others(self):
        port = free_port()
        self.assert_kept(socket.AF_INET, ("127.0.0.1", port))
        if has_ip6():
            self.assert_kept(socket.AF_INET6, ("::1", port))

    def test_a_free_port_can_be_served(self):
        port = free_port()
        for _ in range(2):
            with socket.create_server(("127.0.0.1", port)):
                socket.create_connection(("127.0.0.1", port)).close()

    def test_a_free_port_refuses_until_it_is_served(self):
        with socket.socket() as client:
            self.assertEqual(client.connect_ex(("127.0.0.1", free_port())), errno.ECONNREFUSED)


if __name__ == "__main__":
    unittest.main()
