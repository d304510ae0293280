# SPDX-License-Identifier: LGPL-2.1-or-later
"""Proxies that demand user "puser" with password "ppass": a real squid, and a SOCKS 5 server."""

import glob
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading

from harness.listening import connections, wait_for_listener
from harness.servers import free_port
from harness.wait import DEADLINE_SECONDS

USER, PASSWORD = "puser", "ppass"

CONFIGURATION = """
http_port 127.0.0.1:{port}
pid_filename none
cache_log {folder}/cache.log
access_log stdio:{folder}/access.log
coredump_dir {folder}
cache deny all
cache_mem 8 MB
shutdown_lifetime 0 seconds
visible_hostname proxy.test
unique_hostname proxy.test
via on
{auth}
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
"""

AUTH = {
    "basic": "auth_param basic program /usr/lib/squid/basic_ncsa_auth {folder}/users\n"
             "auth_param basic realm proxy",
    "digest": "auth_param digest program /usr/lib/squid/digest_file_auth {folder}/digest-users\n"
              "auth_param digest realm proxy",
    "negotiate": "auth_param negotiate program /usr/lib/squid/negotiate_kerberos_auth"
                 " -s HTTP/localhost -k {keytab} -t none -r",
    # Squid's own stand-in: takes every password, but no connection for another.
    "ntlm": "auth_param ntlm program /usr/lib/squid/ntlm_fake_auth",
}


class Squid:
    """@auth: a key of AUTH; @realm: whose tickets it takes. `requests` are those it answered:
    lists of user, status, method and URI."""

    def __init__(self, auth="basic", realm=None):
        self.folder = tempfile.mkdtemp(prefix="bgt-squid-")
        os.chmod(self.folder, 0o755)
        self.auth = auth
        self.realm = realm
        self.port = free_port()
        self.process = None

    @staticmethod
    def is_installed():
        return os.path.exists("/usr/sbin/squid")

    def __enter__(self):
        hashed = subprocess.run(["openssl", "passwd", "-apr1", PASSWORD], check=True,
                                capture_output=True, text=True).stdout.strip()
        for name, line in (("users", f"{USER}:{hashed}"), ("digest-users", f"{USER}:{PASSWORD}"),
                           ("access.log", "")):
            with open(f"{self.folder}/{name}", "w", encoding="ascii") as file:
                file.write(line + "\n" if line else "")
        with open(f"{self.folder}/squid.conf", "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(port=self.port, folder=self.folder,
                                            auth=AUTH[self.auth].format(
                                                folder=self.folder,
                                                keytab=self.realm and self.realm.keytab)))
            if os.geteuid() == 0:
                shutil.chown(self.folder, "proxy")
                for name in ("users", "digest-users", "access.log"):
                    shutil.chown(f"{self.folder}/{name}", "proxy")
        try:
            self.process = subprocess.Popen(
                # Its shared memory has the service's name: one that another user left is in nobody's way.
                ["/usr/sbin/squid", "-N", "-n", f"bgt{self.port}",
                 "-f", f"{self.folder}/squid.conf"],
                env=dict(os.environ, **(self.realm.environment if self.realm else {})),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_for_listener(self.process, self.port)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process is not None:
            # It takes its time to end well, and its helpers end with it.
            self.process.kill()
            self.process.wait(DEADLINE_SECONDS)
        for left in glob.glob(f"/dev/shm/bgt{self.port}-*"):
            os.unlink(left)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def uri(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def requests(self):
        with open(f"{self.folder}/access.log", encoding="utf-8") as file:
            lines = [line.split() for line in file]
        return [[fields[7], int(fields[3].partition("/")[2]), fields[5], fields[6]]
                for fields in lines if fields[3] != "NONE_NONE/000"]


class Relay:
    """Listens on a port of its own; what @open_way(connection) returns, a socket, is what each
    connection is relayed to. With @certificate, under TLS."""

    def __init__(self, certificate=None):
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate.certificate, certificate.key)
        self.listener = None
        self.port = None
        self.targets = []
        self.sockets = []

    def open_way(self, connection):
        raise NotImplementedError

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for one in list(self.sockets):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def _accept(self):
        for connection in connections(self.listener):
            self.sockets.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
                self.sockets.append(connection)
            way = self.open_way(connection)
            if way is None:
                connection.close()
                return
            self.sockets.append(way)
            threading.Thread(target=self._copy, args=(connection, way), daemon=True).start()
            self._copy(way, connection)
        except (OSError, ssl.SSLError, EOFError):
            connection.close()

    @staticmethod
    def _copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class TlsFront(Relay):
    """An https proxy, made of an http one at @port."""

    def __init__(self, certificate, port):
        super().__init__(certificate)
        self.behind = port

    def open_way(self, connection):
        return socket.create_connection(("127.0.0.1", self.behind))

    @property
    def uri(self):
        return f"https://127.0.0.1:{self.port}"


class Socks(Relay):
    """SOCKS 5 (RFC 1928, RFC 1929). `targets`: the host and port of each request; every name is
    this machine."""

    @property
    def uri(self):
        return f"socks5://127.0.0.1:{self.port}"

    @staticmethod
    def _read(connection, size):
        data = b""
        while len(data) < size:
            more = connection.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def _read_short(self, connection):
        return self._read(connection, self._read(connection, 1)[0])

    def open_way(self, connection):
        self._read(connection, 1)
        if 2 not in self._read_short(connection):
            connection.sendall(b"\x05\xff")
            return None
        connection.sendall(b"\x05\x02")
        self._read(connection, 1)
        given = self._read_short(connection), self._read_short(connection)
        is_right = given == (USER.encode(), PASSWORD.encode())
        connection.sendall(b"\x01" + (b"\x00" if is_right else b"\x01"))
        if not is_right:
            return None
        kind = self._read(connection, 4)[3]
        if kind == 3:
            host = self._read_short(connection).decode()
        else:
            host = socket.inet_ntoa(self._read(connection, 4))
        port = int.from_bytes(self._read(connection, 2), "big")
        self.targets.append((host, port))
        way = socket.create_connection(("127.0.0.1", port))
        connection.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        return way
