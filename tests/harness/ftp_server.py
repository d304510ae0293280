# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real FTP servers: pyftpdlib in a thread, and vsftpd for TLS on the data connections too.

    with FtpServer(folder) as server:
        ...download server.uri("/file")...
        server.commands     # what clients have sent, in order, without passwords
"""

import logging
import subprocess
import tempfile
import threading
import warnings

from harness.listening import wait_for_listener
from harness.servers import free_port
from harness.wait import DEADLINE_SECONDS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import DTPHandler, FTPHandler, TLS_FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

logging.getLogger("pyftpdlib").addHandler(logging.NullHandler())
logging.getLogger("pyftpdlib").propagate = False


class FtpServer:
    """Serves @folder to anybody, and to "user" with the password "secret"; only to that one with
    @anonymous False. @certificate: ftps. @refused: commands it does not know."""

    def __init__(self, folder, anonymous=True, certificate=None, refused=()):
        self.folder = folder
        self.anonymous = anonymous
        self.certificate = certificate
        self.refused = refused
        self.commands = []
        self.server = None
        self.thread = None
        self.port = None

    def _handler(self):
        recorder = self
        base = TLS_FTPHandler if self.certificate else FTPHandler

        class Handler(base):
            authorizer = DummyAuthorizer()
            use_sendfile = False
            auth_failed_timeout = 0

            def handle(self):
                if recorder.certificate:
                    self.secure_connection(self.ssl_context)
                super().handle()

            def pre_process_command(self, line, cmd, arg):
                recorder.commands.append(cmd if cmd == "PASS" else line.strip())
                if cmd in recorder.refused:
                    self.respond("502 Command not implemented.")
                    return
                super().pre_process_command(line, cmd, arg)

        Handler.authorizer.add_user("user", "secret", self.folder)
        if self.anonymous:
            Handler.authorizer.add_anonymous(self.folder)
        if self.certificate:
            Handler.certfile = self.certificate.certificate
            Handler.keyfile = self.certificate.key
        return Handler

    def __enter__(self):
        loop = IOLoop()
        self.server = FTPServer(("127.0.0.1", 0), self._handler(), ioloop=loop)
        self.port = self.server.address[1]
        self.is_ending = False
        self.thread = threading.Thread(target=self._run, args=(loop,))
        self.thread.start()
        return self

    def _run(self, loop):
        while not self.is_ending:
            loop.loop(timeout=0.05, blocking=False)
        self.server.close_all()
        loop.close()

    def __exit__(self, *_):
        self.is_ending = True
        self.thread.join(DEADLINE_SECONDS)

    def uri(self, path, log_in=""):
        scheme = "ftps" if self.certificate else "ftp"
        return f"{scheme}://{log_in}127.0.0.1:{self.port}{path}"

    def cut(self):
        """Closes every data connection, as a network that breaks would."""
        def close():
            for connection in list(self.server.ioloop.socket_map.values()):
                if isinstance(connection, DTPHandler):
                    connection.close()
        self.server.ioloop.call_later(0, close)

    def count(self, command):
        return sum(line.split(" ")[0] == command for line in self.commands)


VSFTPD_CONFIGURATION = """
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
anonymous_enable=YES
anon_root={folder}
run_as_launching_user=YES
connect_from_port_20=NO
seccomp_sandbox=NO
ssl_enable=YES
implicit_ssl=YES
allow_anon_ssl=YES
force_anon_data_ssl=YES
force_anon_logins_ssl=YES
require_ssl_reuse=NO
ssl_ciphers=HIGH
rsa_cert_file={certificate}
rsa_private_key_file={key}
"""


class Vsftpd:
    """vsftpd with implicit TLS, for anybody, with the files of @folder."""

    PROGRAM = "/usr/sbin/vsftpd"

    def __init__(self, folder, certificate):
        self.port = free_port()
        self.configuration = tempfile.NamedTemporaryFile("w", prefix="bgt-vsftpd-", suffix=".conf")
        self.configuration.write(VSFTPD_CONFIGURATION.format(
            port=self.port, folder=folder, certificate=certificate.certificate,
            key=certificate.key))
        self.configuration.flush()
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen([self.PROGRAM, self.configuration.name])
        wait_for_listener(self.process, self.port)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.configuration.close()

    def uri(self, path):
        return f"ftps://127.0.0.1:{self.port}{path}"
