# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server that demands NTLM, version 2, and checks the proof (MS-NLMP §3.3.2).

    ntlm = Ntlm(sending(body))
    server.serve("/file", ntlm)      # of a FaultyServer
    ntlm.users                       # who has been let in, once a connection

It knows the user "DOMAIN\\\\User" with password PASSWORD, and who a connection belongs to, as real
servers do: what comes over it later needs no proof.
"""

import base64
import hmac
import os
import struct

DOMAIN, NAME, PASSWORD = "DOMAIN", "Usér", "Pässword"
USER = f"{DOMAIN}\\{NAME}"
SIGNATURE = b"NTLMSSP\0"


def rotate(value, by):
    return (value << by | value >> (32 - by)) & 0xffffffff


def md4(data):
    """RFC 1320; OpenSSL has it no more."""
    length = len(data)
    data += b"\x80" + b"\0" * ((55 - length) % 64) + struct.pack("<Q", 8 * length)
    state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
    rounds = (
        (lambda x, y, z: x & y | ~x & z, 0, range(16), (3, 7, 11, 19)),
        (lambda x, y, z: x & y | x & z | y & z, 0x5a827999,
         [4 * (i % 4) + i // 4 for i in range(16)], (3, 5, 9, 13)),
        (lambda x, y, z: x ^ y ^ z, 0x6ed9eba1,
         (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15), (3, 9, 11, 15)))
    for start in range(0, len(data), 64):
        words = struct.unpack("<16I", data[start:start + 64])
        a, b, c, d = state
        for mix, constant, order, shifts in rounds:
            for number, index in enumerate(order):
                total = (a + (mix(b, c, d) & 0xffffffff) + words[index] + constant) & 0xffffffff
                a, b, c, d = d, rotate(total, shifts[number % 4]), b, c
        state = [(old + new) & 0xffffffff for old, new in zip(state, (a, b, c, d))]
    return struct.pack("<4I", *state)


def field(message, at):
    size, _, start = struct.unpack_from("<HHI", message, at)
    assert start + size <= len(message)
    return message[start:start + size]


def pair(kind, value):
    return struct.pack("<HH", kind, len(value)) + value


class Ntlm:
    """@with_time: the server says what time it has, as Windows does. @closes: its first challenge
    is the last thing on that connection. @schemes: what it offers. `steps`: the kind of each
    message, the connection it came over, and how large a body came with it."""

    def __init__(self, answer, with_time=True, closes=False, schemes=("NTLM",)):
        self.answer = answer
        self.with_time = with_time
        self.closes = closes
        self.schemes = schemes
        self.challenges = {}
        self.owners = {}
        self.users = []
        self.steps = []

    def __call__(self, exchange):
        number = exchange.request.connection
        given = exchange.request.headers.get("authorization", "")
        message = base64.b64decode(given[5:]) if given.startswith("NTLM ") else b""
        if message:
            assert message.startswith(SIGNATURE)
            kind, = struct.unpack_from("<I", message, 8)
            self.steps.append((kind, number, len(exchange.request.body)))
            if kind == 1:
                self.challenge(exchange)
                return
            if self.is_proof(self.challenges.pop(number, None), message):
                self.owners[number] = field(message, 36).decode("utf-16-le")
                self.users.append(self.owners[number])
        if number in self.owners:
            self.answer(exchange)
        else:
            self.refuse(exchange, self.schemes)

    def is_known(self, exchange):
        """Whether the body of a request that has only begun is worth taking."""
        given = exchange.request.headers.get("authorization", "")
        return exchange.request.connection in self.owners or \
            (given.startswith("NTLM ") and base64.b64decode(given[5:])[8] == 3)

    @staticmethod
    def refuse(exchange, challenges):
        lines = "".join(f"WWW-Authenticate: {one}\r\n" for one in challenges)
        exchange.send(f"HTTP/1.1 401 Unauthorized\r\n{lines}Content-Length: 2\r\n\r\nno"
                      .encode())

    def challenge(self, exchange):
        nonce = os.urandom(8)
        target = pair(2, DOMAIN.encode("utf-16-le"))
        if self.with_time:
            target += pair(7, struct.pack("<Q", 132514848000000000))
        target += pair(0, b"")
        name = DOMAIN.encode("utf-16-le")
        message = SIGNATURE + struct.pack("<IHHII", 2, len(name), len(name), 48, 0x00888205) + nonce
        message += bytes(8) + struct.pack("<HHI", len(target), len(target), 48 + len(name))
        message += name + target
        self.challenges[exchange.request.connection] = (nonce, target)
        self.refuse(exchange, [f"NTLM {base64.b64encode(message).decode()}"])
        if self.closes:
            self.closes = False
            exchange.close()

    def is_proof(self, challenge, message):
        if challenge is None:
            return False
        nonce, target = challenge
        user = field(message, 36).decode("utf-16-le")
        domain = field(message, 28)
        proof = field(message, 20)
        key = hmac.digest(md4(PASSWORD.encode("utf-16-le")),
                          user.upper().encode("utf-16-le") + domain, "md5")
        assert target in proof, "the target is not repeated"
        return (domain.decode("utf-16-le"), user) == (DOMAIN, NAME) and \
            hmac.compare_digest(proof[:16], hmac.digest(key, nonce + proof[16:], "md5"))
