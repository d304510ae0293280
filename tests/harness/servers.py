# SPDX-License-Identifier: LGPL-2.1-or-later
"""HTTP servers for tests: nginx as it is installed everywhere, and one that can be told to lie.

    with FaultyServer() as server:
        body = Body(3_000_000)
        server.serve("/file", [sending(body, cut_at=1_000_000), sending(body)])
        ...download server.uri("/file")...
        server.heads("/file")    # what was asked, in order
"""

import atexit
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time

from harness.bodies import Body
from harness.certificates import Certificates
from harness.listening import wait_for_listener
from harness.wait import DEADLINE_SECONDS, wait_until

__all__ = ["Body", "FaultyServer", "Nginx", "free_port", "has_ip6", "paced", "raw",
           "sending"]


def has_ip6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


RESERVED = contextlib.ExitStack()
atexit.register(RESERVED.close)


def _reserve(family, address):
    reservation = socket.socket(family)
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        reservation.bind(address)
    except OSError:
        reservation.close()
        raise
    return reservation


def free_port():
    """A port of both loopback addresses that is nobody else's until this process ends: sockets
    that never listen hold it, beside which a server that asks for SO_REUSEADDR can still bind it.
    One that was only free a moment ago may meanwhile be that of another test's server, which
    answers in its place."""
    while True:
        reserved = [_reserve(socket.AF_INET, ("127.0.0.1", 0))]
        port = reserved[0].getsockname()[1]
        try:
            if has_ip6():
                reserved.append(_reserve(socket.AF_INET6, ("::1", port)))
        except OSError:
            reserved[0].close()
            continue
        for reservation in reserved:
            RESERVED.enter_context(reservation)
        return port


class Request:
    """A request as it came: method, target, headers (names in lower case; the last of each), head
    (bytes), body, connection (the number of the connection it came over)."""

    def __init__(self, head, body, connection):
        lines = head.decode("iso-8859-1").split("\r\n")
        self.method, self.target, _ = (lines[0].split(" ") + ["", ""])[:3]
        self.path = self.target.split("?")[0]
        self.headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                self.headers[name.strip().lower()] = value.strip()
        self.head = head
        self.body = body
        self.connection = connection

    def range(self, size):
        """(first, end) of a `Range: bytes=…` with one range, or None."""
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range", ""))
        if not match:
            return None
        return int(match[1]), min(int(match[2]) + 1, size) if match[2] else size


class Exchange:
    """One request, and the means to answer it."""

    def __init__(self, server, connection, request):
        self.server = server
        self.connection = connection
        self.request = request
        self.is_open = True

    def send(self, data):
        self.connection.sendall(data)

    def send_head(self, status="200 OK", **headers):
        lines = [f"HTTP/1.1 {status}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("iso-8859-1"))

    def wait(self, event):
        """Until @event is set, or the server ends."""
        while not event.wait(0.02) and not self.server.is_ending.is_set():
            pass

    def close(self):
        self.is_open = False

    def reset(self):
        """Closes with RST."""
        self.is_open = False
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def hang(self):
        """Sends nothing more, until the client closes or the server ends."""
        self.is_open = False
        self.connection.settimeout(0.05)
        while not self.server.is_ending.is_set():
            try:
                if not self.connection.recv(4096):
                    return
            except (socket.timeout, ssl.SSLWantReadError):
                continue


def end(exchange, how):
    """How an answer goes on after its last byte: keep, close, reset, hang, or an Event that is
    waited for before closing."""
    if isinstance(how, threading.Event):
        exchange.wait(how)
        exchange.close()
    elif how != "keep":
        getattr(exchange, how)()


def raw(data, then="close", pieces=1, gates=()):
    """Sends @data as it is, in @pieces; @gates: an Event waited for before each following piece."""
    def answer(exchange):
        step = max(1, -(-len(data) // pieces))
        for number, start in enumerate(range(0, len(data), step)):
            if 0 < number <= len(gates):
                exchange.wait(gates[number - 1])
            exchange.send(data[start:start + step])
        end(exchange, then)
    return answer


def _send_body(exchange, body, first, last, stop, gate, drips):
    """Sends [first, last); returns whether all of it."""
    limit = last if stop is None else max(first, min(stop, last))
    if gate is not None:
        for piece in body.pieces(first, min(gate[0], limit)):
            exchange.send(piece)
        first = max(first, gate[0])
        while drips and first < limit - 1 and not gate[1].wait(0.05):
            exchange.send(body.read(first, first + 1))
            first += 1
        exchange.wait(gate[1])
    for piece in body.pieces(first, limit):
        exchange.send(piece)
    return limit == last


def sending(body, ranges=True, etag=..., cut_at=None, cut="close", hold=None, drips=False,
            length=None, if_range=True, headers=None, wrong_range=None):
    """Serves @body rightly, but: @cut_at: not beyond that offset of the file, then @cut (see end()).
    @hold: (offset, Event) waits there for the event, with @drips not quite silent. @length: the Content-Length it claims.
    @ranges False: always all of it. @if_range False: ignores If-Range. @wrong_range: the
    Content-Range it claims."""
    tag = body.etag if etag is ... else etag

    def answer(exchange):
        request = exchange.request
        first, last, status = 0, body.size, "200 OK"
        fields = {"Content_Type": "application/octet-stream"}
        if tag:
            fields["ETag"] = tag
        if ranges:
            fields["Accept_Ranges"] = "bytes"
        wanted = request.range(body.size) if ranges else None
        condition = request.headers.get("if-range")
        if wanted and (not if_range or condition in (None, tag)):
            if wanted[0] >= body.size:
                exchange.send_head("416 Range Not Satisfiable", Content_Length=0,
                                   Content_Range=f"bytes */{body.size}")
                return
            first, last = wanted
            status = "206 Partial Content"
            fields["Content_Range"] = wrong_range or f"bytes {first}-{last - 1}/{body.size}"
        fields["Content_Length"] = last - first if length is None else length
        fields.update(headers or {})
        exchange.send_head(status, **fields)
        if request.method != "HEAD" and not _send_body(exchange, body, first, last, cut_at, hold,
                                                       drips):
            end(exchange, cut)
    return answer


def paced(body, rate, burst=0, **members):
    """An answer as of a server that limits each connection to @rate bytes a second."""
    def answer(exchange):
        piece = 32 * 1024
        start = time.monotonic()

        def send(data, send=exchange.connection.sendall):
            for offset in range(0, len(data), piece):
                exchange.n_paced += len(data[offset:offset + piece])
                send(data[offset:offset + piece])
                due = start + max(0, exchange.n_paced - burst) / rate
                if exchange.server.is_ending.wait(max(0, due - time.monotonic())):
                    raise OSError("the server ends")
        exchange.n_paced = 0
        exchange.send = send
        sending(body, **members)(exchange)
    return answer


def not_found(exchange):
    exchange.send_head("404 Not Found", Content_Length=0)


class FaultyServer:
    """Answers each path with what serve() has been given for it: a function of an Exchange, bytes
    (sent as they are, then closed), or a list of those, of which the last one stays."""

    def __init__(self, certificate=None, address="127.0.0.1", port=0):
        self.certificate = certificate
        self.address = address
        self.lock = threading.Lock()
        self.answers = {}
        self.requests = []
        self.n_connections = 0
        self.connections = set()
        self.threads = []
        self.is_ending = threading.Event()
        self.listener = None
        self.context = None
        self.port = port

    def __enter__(self):
        if self.certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(self.certificate.certificate, self.certificate.key)
        self.listener = socket.create_server((self.address, self.port), backlog=256)
        self.port = self.listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(self, *_):
        self.is_ending.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            connections = list(self.connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(DEADLINE_SECONDS)
            assert not thread.is_alive(), "a thread of the server does not end"

    def uri(self, path="/", host=None):
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://{host or self.address}:{self.port}{path}"

    def serve(self, path, answers):
        with self.lock:
            self.answers[path] = list(answers) if isinstance(answers, list) else [answers]

    def heads(self, path=None):
        """The requests so far."""
        with self.lock:
            return [r for r in self.requests if path is None or r.path == path]

    def wait_for_requests(self, count, path=None):
        wait_until(lambda: len(self.heads(path)) >= count, f"{count} requests for {path}")
        return self.heads(path)

    def _start(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self):
        while not self.is_ending.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.n_connections += 1
                number = self.n_connections
                self.connections.add(connection)
            self._start(self._serve, connection, number)

    def _serve(self, connection, number):
        plain = connection
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
                with self.lock:
                    self.connections.discard(plain)
                    self.connections.add(connection)
            pending = b""
            is_open = True
            while is_open and not self.is_ending.is_set():
                head, pending = self._read_head(connection, pending)
                if head is None:
                    break
                is_open = self._answer(connection, number, head, pending)
                pending = b""
        except (OSError, ssl.SSLError):
            pass
        finally:
            with self.lock:
                self.connections.discard(plain)
                self.connections.discard(connection)
            self._close(connection)

    def _close(self, connection):
        try:
            if isinstance(connection, ssl.SSLSocket):
                connection.settimeout(1)
                try:
                    connection = connection.unwrap()
                except (OSError, ValueError):
                    pass
        finally:
            connection.close()

    @staticmethod
    def _read_head(connection, pending):
        while b"\r\n\r\n" not in pending:
            data = connection.recv(65536)
            if not data:
                return None, b""
            pending += data
        head, _, rest = pending.partition(b"\r\n\r\n")
        return head, rest

    def _answer(self, connection, number, head, rest):
        request = Request(head, rest, number)
        length = int(request.headers.get("content-length", 0))
        while len(request.body) < length:
            data = connection.recv(65536)
            if not data:
                return False
            request.body += data
        with self.lock:
            self.requests.append(request)
            answers = self.answers.get(request.path, [not_found])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        exchange = Exchange(self, connection, request)
        (raw(answer) if isinstance(answer, bytes) else answer)(exchange)
        return exchange.is_open


NGINX_CONFIGURATION = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
  sendfile on; tcp_nopush on; keepalive_requests 100000;
  log_format json escape=json '{{"method":"$request_method","uri":"$request_uri","status":$status,'
    '"range":"$http_range","if_range":"$http_if_range","sent":$body_bytes_sent,'
    '"connection":$connection,"protocol":"$server_protocol"}}';
  access_log {folder}/access.log json;
  client_body_temp_path {folder}/temp; proxy_temp_path {folder}/temp; fastcgi_temp_path {folder}/temp;
  uwsgi_temp_path {folder}/temp; scgi_temp_path {folder}/temp;
  default_type application/octet-stream;
  limit_conn_zone $binary_remote_addr zone=clients:1m;
  server {{
    listen 127.0.0.1:{plain}; {ip6}
    listen 127.0.0.1:{good} ssl http2;
    ssl_certificate {certificates}/good.pem; ssl_certificate_key {certificates}/good.key;
{locations}  }}
{servers}}}
"""

NGINX_SERVER = """  server {{
    listen 127.0.0.1:{port} ssl; root {folder}/files;
    ssl_certificate {certificates}/{name}.pem; ssl_certificate_key {certificates}/{name}.key;
  }}
"""

# Each under a prefix: /no-ranges/NAME is files/NAME without ranges, and so on.
NGINX_LOCATIONS = """    root {folder}/files;
    location /no-ranges/ {{ alias {folder}/files/; max_ranges 0; }}
    location /no-etag/ {{ alias {folder}/files/; etag off; }}
    location /slow/ {{ alias {folder}/files/; limit_rate 1m; }}
    location /slower/ {{ alias {folder}/files/; limit_rate 100k; }}
    location /one-each/ {{ alias {folder}/files/; limit_rate 2m; limit_conn clients 1; }}
    location /private/ {{ alias {folder}/files/; auth_basic private;
                          auth_basic_user_file {folder}/users; }}
    location /dav/ {{ alias {folder}/files/; dav_methods PUT DELETE; client_max_body_size 0; }}
    location /small-dav/ {{ alias {folder}/files/; dav_methods PUT; client_max_body_size 1k; }}
    location /private-dav/ {{ alias {folder}/files/; dav_methods PUT; client_max_body_size 0;
                              auth_basic private; auth_basic_user_file {folder}/users; }}
    location /slow-dav/ {{ alias {folder}/files/; dav_methods PUT; client_max_body_size 0;
                           client_body_buffer_size 16k; }}
    location /moved/ {{ rewrite ^/moved/(.*) /$1 redirect; }}
    location ~ ^/moved-for-good/(.*) {{ return 308 /moved/$1; }}
    location /loop {{ return 302 /loop; }}
    location = /busy {{ add_header Retry-After 7 always; return 503; }}
    location = /too-many {{ add_header Retry-After 3 always; return 429; }}
"""

TLS_NAMES = ("good", "expired", "wrong-name", "stranger")


class Nginx:
    """nginx on free ports, with files in `files`; user "user" with password "secret" for /private/.
    Skips the test where there is none."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="bgt-nginx-")
        self.files = f"{self.folder}/files"
        self.process = None
        self.ports = {}
        self.certificates = None

    @staticmethod
    def is_installed():
        return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin") is not None

    def __enter__(self):
        os.mkdir(self.files)
        os.mkdir(f"{self.folder}/temp")
        os.mkdir(f"{self.folder}/certificates")
        self.certificates = Certificates(f"{self.folder}/certificates")
        password = subprocess.run(["openssl", "passwd", "-apr1", "secret"], check=True,
                                  capture_output=True, text=True).stdout.strip()
        with open(f"{self.folder}/users", "w", encoding="ascii") as file:
            file.write(f"user:{password}\n")
        self._configure()
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _configure(self):
        self.ports = {name: free_port() for name in ("plain", *TLS_NAMES)}
        certificates = f"{self.folder}/certificates"
        servers = "".join(
            NGINX_SERVER.format(port=self.ports[name], folder=self.folder, name=name,
                                certificates=certificates) for name in TLS_NAMES[1:])
        user = "user root;\n" if os.geteuid() == 0 else ""
        with open(f"{self.folder}/nginx.conf", "w", encoding="ascii") as file:
            file.write(user + NGINX_CONFIGURATION.format(
                folder=self.folder, certificates=certificates, plain=self.ports["plain"],
                ip6=f"listen [::1]:{self.ports['plain']};" if has_ip6() else "",
                good=self.ports["good"], servers=servers,
                locations=NGINX_LOCATIONS.format(folder=self.folder)))

    def _start(self):
        path = os.environ.get("PATH", "") + ":/usr/sbin"
        self.process = subprocess.Popen(
            [shutil.which("nginx", path=path), "-e", f"{self.folder}/error.log", "-p", self.folder,
             "-c", f"{self.folder}/nginx.conf"], stdin=subprocess.DEVNULL)
        wait_for_listener(self.process, self.ports["plain"], f"{self.folder}/error.log")

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(DEADLINE_SECONDS)

    def restart(self):
        """With the same ports and files."""
        self.stop()
        self._start()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def ca_file(self):
        return self.certificates.ca_file

    def add(self, name, body):
        """Puts @body, a Body or bytes, under files/@name."""
        path = f"{self.files}/{name}"
        if isinstance(body, Body):
            body.write_to(path)
        else:
            with open(path, "wb") as file:
                file.write(body)
        return path

    def uri(self, path, name="plain", host="127.0.0.1"):
        """@name: plain, or the certificate of the server: good, expired, wrong-name, stranger."""
        scheme = "http" if name == "plain" else "https"
        return f"{scheme}://{host}:{self.ports[name]}{path}"

    def log(self):
        """What has been answered so far, oldest first: dictionaries of NGINX_CONFIGURATION's
        log_format."""
        try:
            with open(f"{self.folder}/access.log", encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        except FileNotFoundError:
            return []
