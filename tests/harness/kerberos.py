# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Kerberos realm of its own, and an Apache that lets its users in.

    with Realm() as realm, Apache(realm) as apache:
        realm.kinit()                      # tickets of USER for whoever has realm.environment
        apache.add("file", body)
        ...download apache.uri("/file")...
        apache.requests                    # [user, status, method, path], oldest first
"""

import os
import shutil
import subprocess
import tempfile

from harness.listening import wait_for_listener
from harness.servers import free_port
from harness.wait import DEADLINE_SECONDS

REALM = "BGT.TEST"
USER, PASSWORD = "alice", "ticket-4711"
OTHER, OTHER_PASSWORD = "bob", "ticket-4712"
SERVICE = "HTTP/localhost"

CLIENT = """
[libdefaults]
  default_realm = {realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
[realms]
  {realm} = {{
    kdc = 127.0.0.1:{port}
  }}
[domain_realm]
  localhost = {realm}
"""

KDC = """
[kdcdefaults]
  kdc_listen = 127.0.0.1:{port}
  kdc_tcp_listen = 127.0.0.1:{port}
[realms]
  {realm} = {{
    database_name = {folder}/principals
    key_stash_file = {folder}/stash
    acl_file = {folder}/none
    supported_enctypes = aes256-cts:normal
  }}
[logging]
  kdc = FILE:{folder}/kdc.log
"""

PROGRAMS = {name: f"/usr/sbin/{name}" for name in ("krb5kdc", "kdb5_util", "kadmin.local")}


class Realm:
    """`environment`: where the programs of its users find it and their tickets. `keytab`: of the
    service SERVICE."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="bgt-realm-")
        os.chmod(self.folder, 0o755)
        self.port = free_port()
        self.keytab = f"{self.folder}/keytab"
        self.cache = f"{self.folder}/tickets"
        self.environment = {"KRB5_CONFIG": f"{self.folder}/krb5.conf",
                            "KRB5CCNAME": f"FILE:{self.cache}"}
        self.process = None

    @staticmethod
    def is_installed():
        return all(map(os.path.exists, (*PROGRAMS.values(), "/usr/bin/kinit")))

    def _run(self, name, *arguments, text=None):
        subprocess.run([PROGRAMS.get(name, name), *arguments], env=self._own_environment(),
                       check=True, input=text, capture_output=True, text=True)

    def _own_environment(self):
        return dict(os.environ, **self.environment, KRB5_KDC_PROFILE=f"{self.folder}/kdc.conf")

    def __enter__(self):
        for name, text in (("krb5.conf", CLIENT), ("kdc.conf", KDC)):
            with open(f"{self.folder}/{name}", "w", encoding="ascii") as file:
                file.write(text.format(realm=REALM, port=self.port, folder=self.folder))
        try:
            self._run("kdb5_util", "create", "-s", "-P", "master", "-r", REALM)
            for command in (f"addprinc -pw {PASSWORD} {USER}",
                            f"addprinc -pw {OTHER_PASSWORD} {OTHER}",
                            f"addprinc -randkey {SERVICE}", f"ktadd -k {self.keytab} {SERVICE}"):
                self._run("kadmin.local", "-r", REALM, "-q", command)
            os.chmod(self.keytab, 0o644)
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self):
        self.process = subprocess.Popen(
            [PROGRAMS["krb5kdc"], "-n", "-r", REALM, "-P", f"{self.folder}/pid"],
            env=self._own_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        wait_for_listener(self.process, self.port)

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(DEADLINE_SECONDS)
            self.process = None

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kinit(self, user=USER, password=PASSWORD):
        self._run("kinit", user, text=password + "\n")

    def destroy(self):
        """The user's tickets."""
        if os.path.exists(self.cache):
            os.unlink(self.cache)

    def services(self):
        """For whom there are tickets in the cache."""
        listed = subprocess.run(["klist"], env=self._own_environment(), check=False,
                                capture_output=True, text=True).stdout
        return [word for line in listed.splitlines() for word in line.split()[-1:] if "@" in word]


MODULES = ("mpm_event", "authn_core", "authz_core", "authz_user", "dav", "dav_fs", "auth_gssapi")

CONFIGURATION = """
ServerRoot {folder}
ServerName localhost
PidFile {folder}/pid
Listen 127.0.0.1:{port}
ErrorLog {folder}/error.log
{user}
{modules}
DocumentRoot {folder}/files
DavLockDB {folder}/temp/locks
LogFormat "%u %>s %m %U" short
CustomLog {folder}/access.log short
StartServers 1
ServerLimit 1
ThreadsPerChild 16
MaxRequestWorkers 16
<Directory {folder}/files>
  Dav On
  AuthType GSSAPI
  AuthName realm
  GssapiCredStore keytab:{keytab}
  Require valid-user
</Directory>
# Nothing of the module's is inherited.
<Directory {folder}/files/bound>
  GssapiCredStore keytab:{keytab}
  GssapiConnectionBound On
</Directory>
"""


class Apache:
    """With mod_auth_gssapi, for tickets of @realm; under /bound a ticket is good for its
    connection. What is PUT there appears in files/."""

    def __init__(self, realm):
        self.realm = realm
        self.folder = tempfile.mkdtemp(prefix="bgt-apache-")
        self.files = f"{self.folder}/files"
        self.port = free_port()
        self.process = None

    @staticmethod
    def is_installed():
        return os.path.exists("/usr/sbin/apache2") and \
            os.path.exists("/usr/lib/apache2/modules/mod_auth_gssapi.so")

    def __enter__(self):
        os.chmod(self.folder, 0o755)
        for name in ("files", "files/bound", "temp"):
            os.mkdir(f"{self.folder}/{name}")
        user = ""
        if os.geteuid() == 0:
            user = "User www-data\nGroup www-data"
            for name in ("files", "files/bound", "temp"):
                shutil.chown(f"{self.folder}/{name}", "www-data")
        modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
                            for name in MODULES)
        with open(f"{self.folder}/apache.conf", "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(folder=self.folder, port=self.port, user=user,
                                            modules=modules, keytab=self.realm.keytab))
        try:
            self.process = subprocess.Popen(
                ["/usr/sbin/apache2", "-DFOREGROUND", "-f", f"{self.folder}/apache.conf"],
                env=dict(os.environ, **self.realm.environment, KRB5RCACHENAME="none:"),
                stdin=subprocess.DEVNULL)
            wait_for_listener(self.process, self.port)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(DEADLINE_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, name, body):
        body.write_to(f"{self.files}/{name}")
        os.chmod(f"{self.files}/{name}", 0o644)
        # Of a file that has just changed Apache sends no parts: its validators are weak.
        os.utime(f"{self.files}/{name}", (0, 1_000_000_000))

    def uri(self, path):
        return f"http://localhost:{self.port}{path}"

    @property
    def requests(self):
        with open(f"{self.folder}/access.log", encoding="utf-8") as file:
            return [[user, int(status), method, path]
                    for user, status, method, path in map(str.split, file)]
