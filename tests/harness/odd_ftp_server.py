# SPDX-License-Identifier: LGPL-2.1-or-later
"""An FTP server that may answer anything.

    with OddFtpServer(b"hello", replies={"SIZE": "550 no"}, after="426 cut\\r\\n") as server:
        ...download server.uri("/file")...
        server.commands    # what clients have sent, in order
"""

import re
import socket
import threading

from harness.listening import connections
from harness.wait import DEADLINE_SECONDS

REPLIES = {
    "USER": "331 password", "PASS": "230 welcome", "PWD": '257 "/" it is', "TYPE": "200 as you like",
    "SYST": "215 UNIX", "FEAT": "500 no", "EPSV": None, "PASV": None, "SIZE": None, "REST": None,
    "MDTM": "213 20150105100000", "RETR": None, "QUIT": "221 bye", "NOOP": "200 ok",
}


class OddFtpServer:
    """Serves @body under every name. @replies: by command, the reply instead of the usual one (with
    {port} for a listening data connection's; None drops the connection; a list: one for each time,
    the last stays). @greeting instead of 220. @data: what RETR sends instead. @after: the reply after
    it, None to drop the connection, "" to say nothing more. @cut: how many bytes of it are sent."""

    def __init__(self, body=b"hello", replies=None, greeting="220 hello", data=None,
                 after="226 done", cut=None):
        self.body = body
        self.replies = {**REPLIES, **(replies or {})}
        self.given = set(replies or {})
        self.greeting = greeting
        self.data = data
        self.after = after
        self.cut = cut
        self.commands = []
        self.sockets = []
        self.threads = []
        self.listener = None
        self.port = None

    def __enter__(self):
        self.listener = self._listen()
        self.port = self.listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(self, *_):
        for each in self.sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()
        for thread in self.threads:
            thread.join(DEADLINE_SECONDS)
            assert not thread.is_alive(), "a thread of the server does not end"

    def uri(self, path="/file"):
        return f"ftp://127.0.0.1:{self.port}{path}"

    def _listen(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.sockets.append(listener)
        return listener

    def _start(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self):
        for connection in connections(self.listener):
            self.sockets.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection):
        try:
            with connection, connection.makefile("rb") as lines:
                self._talk(connection, lines)
        except OSError:
            pass

    def _talk(self, connection, lines):
        data_listener, offset = None, 0
        self._say(connection, self.greeting)
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            self.commands.append(text)
            command, _, argument = text.partition(" ")
            reply = self._choose(command.upper())
            if command in ("EPSV", "PASV") and (reply is None or "{port}" in reply
                                                or "{high}" in reply):
                data_listener = self._listen()
            if command not in self.given:
                if command == "REST":
                    offset = int(argument)
                reply = self._usual(command, reply)
            if command == "RETR" and reply is None and command not in self.given:
                if not self._send(connection, data_listener, offset):
                    return
                offset = 0
                continue
            if reply is None:
                return
            port = data_listener.getsockname()[1] if data_listener else 0
            self._say(connection, reply.format(port=port, high=port >> 8, low=port & 255))

    def _choose(self, command):
        reply = self.replies.get(command, "500 what?")
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        return reply

    def _usual(self, command, reply):
        return {"EPSV": "229 here (|||{port}|)", "PASV": "227 here (127,0,0,1,{high},{low})",
                "SIZE": f"213 {len(self.body)}", "REST": "350 go on"}.get(command, reply)

    @staticmethod
    def _say(connection, reply):
        if reply:
            connection.sendall(re.sub(r"\r?\n?$", "\r\n", reply).encode("utf-8", "surrogateescape"))

    def _send(self, connection, listener, offset):
        """Whether the connection lives on."""
        self._say(connection, "150 here it comes")
        channel, _ = listener.accept()
        with channel:
            channel.sendall((self.data if self.data is not None else self.body)[offset:self.cut])
        if self.after is None:
            return False
        self._say(connection, self.after)
        return True
