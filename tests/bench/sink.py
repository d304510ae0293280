#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server that takes what is PUT to it as fast as the kernel can throw it away, in a process of its
own; prints its port. sink.py [CERTIFICATE KEY]"""

import socket
import ssl
import sys
import threading

BUFFER_BYTES = 1024 * 1024


def read_head(connection):
    """The head's lines and how much of the body has come with it; None at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None, 0
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    return head.decode("latin-1").lower().split("\r\n"), len(body)


def discard(connection, left):
    """Without TLS the bytes are not even copied."""
    buffer = bytearray(BUFFER_BYTES)
    flags = 0 if isinstance(connection, ssl.SSLSocket) else socket.MSG_TRUNC
    while left > 0:
        count = connection.recv_into(buffer, min(left, len(buffer)), flags)
        if count == 0:
            return
        left -= count


def serve(connection, context):
    if context:
        connection = context.wrap_socket(connection, server_side=True)
    while True:
        lines, count = read_head(connection)
        if lines is None:
            return
        fields = dict(line.split(": ", 1) for line in lines[1:])
        if lines[0].startswith("options"):
            connection.sendall(b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n")
            continue
        if fields.get("expect"):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        discard(connection, int(fields.get("content-length", 0)) - count)
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")


def main():
    context = None
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*sys.argv[1:])
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, context), daemon=True).start()


if __name__ == "__main__":
    main()
