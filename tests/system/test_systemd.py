# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed service under a real systemd: its user, its units, its workers, its privileges."""

import json
import os
import shutil
import subprocess
import threading
import unittest

from harness.bodies import Body
from harness.daemon import NAME, PATH, build_folder
from harness.kerberos import Apache, Realm
from harness.machine import USERS, Machine, with_own_processes
from harness.servers import FaultyServer, sending
from harness.wait import DEADLINE_SECONDS, wait_until

SERVICE = "background-transferd.service"
WORKER = "background-transfer-worker@{}.service"
SYSTEMD = ("busctl", "call", "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
           "org.freedesktop.systemd1.Manager")


@with_own_processes(__file__)
class InstalledService(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = cls.enterClassContext(Machine())
        cls.server = cls.enterClassContext(FaultyServer())

    def tearDown(self):
        for user in USERS:
            self.machine.attempt("transferctl", "cancel", "--all", user=user)
            self.machine.attempt("transferctl", "acknowledge", "--all", user=user)

    def transferctl(self, user, *arguments):
        return self.machine.run("transferctl", "--system", "--json", *arguments, user=user)

    def download(self, user, path, name="file"):
        """Starts and returns the GUID."""
        answer = self.transferctl(user, "download", "--detach", "--keep", "-o",
                                  f"/home/{user}/{name}", self.server.uri(path))
        return json.loads(answer.splitlines()[-1])["guid"]

    def complete(self, user, guid, body, name="file"):
        values = json.loads(self.transferctl(user, "wait", guid).splitlines()[-1])
        self.assertEqual(values["status"], "completed", self.machine.journal())
        path = f"/proc/{self.machine.init}/root/home/{user}/{name}"
        with open(path, "rb") as file:
            self.assertTrue(file.read() == body.read(), "other bytes than the server's")
        status = os.stat(path)
        self.assertEqual((status.st_uid, status.st_gid, status.st_mode & 0o777),
                         (USERS[user], USERS[user], 0o644))
        os.unlink(path)

    def process(self, unit):
        """{field: value} of /proc/PID/status of the unit's process."""
        pid = self.machine.main_pid(unit)
        self.assertNotEqual(pid, 0, self.machine.journal())
        text = self.machine.run("cat", f"/proc/{pid}/status")
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    def begin(self, user):
        """A download that waits in its middle: (GUID, body, the event that lets it go on)."""
        body, gate = Body(3_000_000, seed=len(user)), threading.Event()
        self.server.serve(f"/{user}", [sending(body, hold=(1_000_000, gate)), sending(body)])
        guid = self.download(user, f"/{user}")
        self.addCleanup(gate.set)
        wait_until(lambda: json.loads(self.transferctl(user, "show", guid))["bytes_received"] > 0,
                   "bytes arrive")
        return guid, body, gate

    def test_nobody_has_privileges(self):
        guid, body, gate = self.begin("alice")
        for unit, uid in ((SERVICE, self.machine.run("id", "-u", "background-transfer").strip()),
                          (WORKER.format(USERS["alice"]), str(USERS["alice"]))):
            process = self.process(unit)
            self.assertEqual(process["Uid"].split(), [uid] * 4)
            for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                self.assertEqual(int(process[field], 16), 0, field)
            # The files of a process that is not dumped belong to root.
            self.assertEqual(self.machine.run("stat", "-c", "%u",
                                              f"/proc/{process['Pid']}/environ").strip(), "0")
            self.assertEqual((process["NoNewPrivs"], process["Seccomp"]), ("1", "2"))
        gate.set()
        self.complete("alice", guid, body)

    def test_two_users_do_not_see_each_other(self):
        (alice, body, gate), (bob, other, other_gate) = self.begin("alice"), self.begin("bob")
        for user, own in (("alice", alice), ("bob", bob)):
            self.assertEqual([o["guid"] for o in json.loads(self.transferctl(user, "list"))], [own])
        path = f"{PATH}/operations/{alice.replace('-', '_')}"
        self.assertIn("UnknownObject", self.machine.refuse(
            "gdbus", "call", "--system", "-d", NAME, "-o", path, "-m", f"{NAME}.Operation.Cancel",
            user="bob"))
        gate.set()
        other_gate.set()
        self.complete("alice", alice, body)
        self.complete("bob", bob, other)

    def test_another_users_file_is_not_written(self):
        self.server.serve("/file", sending(Body(10)))
        error = self.machine.refuse("transferctl", "--system", "download", "-o", "/home/bob/stolen",
                                    self.server.uri("/file"), user="alice")
        self.assertNotEqual(error, "")
        self.assertNotIn("stolen", self.machine.run("ls", "-a", "/home/bob"))

    def test_survives_its_own_death(self):
        for unit in (SERVICE, WORKER.format(USERS["alice"])):
            guid, body, gate = self.begin("alice")
            pid = self.machine.main_pid(unit)
            self.machine.run("kill", "-KILL", str(pid))
            gate.set()
            wait_until(lambda: self.machine.main_pid(SERVICE) not in (0, pid) or unit != SERVICE,
                       "the service is back")
            self.complete("alice", guid, body)

    def test_is_activated_by_a_call(self):
        self.machine.run("systemctl", "stop", SERVICE)
        self.machine.run("busctl", "get-property", NAME, PATH, f"{NAME}.Manager", "Version",
                         user="bob")
        self.assertNotEqual(self.machine.main_pid(SERVICE), 0)

    def test_there_is_no_worker_of_root(self):
        self.assertIn("not as root", self.machine.refuse(
            "gdbus", "call", "--system", "-d", NAME, "-o", PATH, "-m",
            f"{NAME}.Manager.CreateDownload", "http://127.0.0.1/", "/root/file", "{}"))

    def test_the_service_may_start_workers_and_nothing_else(self):
        worker = WORKER.format(USERS["alice"])
        for unit, method in (("nginx.service", "StartUnit"), (WORKER.format(0), "RestartUnit"),
                             (SERVICE, "StopUnit"), (f"x{worker}", "RestartUnit"),
                             (worker, "KillUnit")):
            rest = ("ssi", unit, "all", "9") if method == "KillUnit" else ("ss", unit, "replace")
            error = self.machine.refuse(*SYSTEMD, method, *rest, user="background-transfer")
            self.assertRegex(error, "authentication|denied|Denied", unit)
        self.assertRegex(self.machine.refuse(*SYSTEMD, "RestartUnit", "ss", worker, "replace",
                                             user="alice"), "authentication|denied|Denied")
        # Of one that nobody needs: to whom it ends too often is not answered for a while.
        self.machine.run(*SYSTEMD, "RestartUnit", "ss", WORKER.format(1), "replace",
                         user="background-transfer")

    def test_the_service_may_ask_what_is_unread_and_nobody_else(self):
        question = ("gdbus", "call", "--system", "-d", "org.freedesktop.DBus", "-o",
                    "/org/freedesktop/DBus", "-m",
                    "org.freedesktop.DBus.Debug.Stats.GetConnectionStats", NAME)
        self.assertIn("AccessDenied", self.machine.refuse(*question, user="alice"))
        self.machine.run("busctl", "get-property", NAME, PATH, f"{NAME}.Manager", "Version",
                         user="alice")
        self.assertIn("OutgoingBytes", self.machine.run(*question,
                                                        user="background-transfer"))

    def connect_in_place_of(self, worker, user):
        """Starts a program of @user that connects in the place of the worker of the user @worker,
        and returns it; it says what came of it. For an instant the socket is there and not yet the
        user's; no worker has been started then."""
        connect = ("import os, socket, time\n"
                   f"end = time.monotonic() + {DEADLINE_SECONDS}\n"
                   "while time.monotonic() < end:\n"
                   "    s = socket.socket(socket.AF_UNIX)\n"
                   "    try:\n"
                   f"        s.connect('/run/background-transfer/worker-{USERS[worker]}.socket')\n"
                   "    except PermissionError:\n"
                   f"        if os.getuid() == {USERS[worker]}:\n"
                   "            continue\n"
                   "        print('refused')\n"
                   "        break\n"
                   "    except OSError:\n"
                   "        continue\n"
                   "    print('connected', flush=True)\n"
                   "    print(s.recv(1), flush=True)\n"
                   "    break\n")
        impostor = subprocess.Popen(
            ["nsenter", "-t", str(self.machine.init), "-a", "--", "setpriv", "--reuid", user,
             "--regid", user, "--init-groups", "/usr/bin/python3", "-c", connect],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(impostor.stdout.close)
        self.addCleanup(impostor.wait)
        self.addCleanup(impostor.kill)
        return impostor

    def test_an_impostor_is_not_taken_for_a_worker(self):
        """Somebody of the same user who connects in the worker's place is sent away; another user,
        who could keep it from being heard, cannot even connect."""
        for user, outcome in (("bob", ["connected", "b''"]), ("alice", ["refused"])):
            impostor = self.connect_in_place_of("bob", user)

            def has_tried(impostor=impostor):
                # The socket is there for an instant only, and it may have been too slow.
                self.machine.run("systemctl", "stop", SERVICE)  # and with it the workers
                guid, body, gate = self.begin("bob")
                gate.set()
                self.complete("bob", guid, body)
                return impostor.poll() is not None
            wait_until(has_tried, "somebody has tried to take the worker's place")
            self.assertEqual(impostor.stdout.read().split(), outcome)

    def test_polkit_decides_who_manages_all(self):
        guid, body, gate = self.begin("alice")
        listing = ("transferctl", "--system", "--all-users", "--json", "list")
        self.assertIn("not authorised", self.machine.refuse(*listing, user="bob"))
        self.assertNotIn("reached", self.machine.refuse(*listing, user="bob"))
        self.assertIn(guid, self.machine.run(*listing))
        rule = f"/proc/{self.machine.init}/root/etc/polkit-1/rules.d/10-test.rules"
        with open(rule, "w", encoding="utf-8") as file:
            file.write("polkit.addRule (function (action, subject) {\n"
                       f"  if (action.id == '{NAME}.manage-all' && subject.user == 'bob')\n"
                       "    return polkit.Result.YES;\n});\n")
        os.chmod(rule, 0o644)
        wait_until(lambda: guid in self.machine.attempt(*listing, user="bob"), "polkit allows it")
        self.assertNotIn(guid, self.transferctl("bob", "list"))
        os.unlink(rule)
        gate.set()
        self.complete("alice", guid, body)

    def test_finds_the_tickets_of_the_user(self):
        if not (Realm.is_installed() and Apache.is_installed()):
            self.skipTest("krb5-kdc, krb5-admin-server, krb5-user or libapache2-mod-auth-gssapi is "
                          "not installed")
        body = Body(100_000)
        with Realm() as realm, Apache(realm) as apache:
            apache.add("file", body)
            root = f"/proc/{self.machine.init}/root"
            shutil.copy(realm.environment["KRB5_CONFIG"], f"{root}/etc/krb5.conf")
            realm.kinit()
            for user in ("alice", "bob"):
                cache = f"{root}/tmp/krb5cc_{USERS[user]}"
                if user == "alice":
                    shutil.copy(realm.cache, cache)
                    os.chown(cache, USERS[user], USERS[user])
                answer = self.machine.attempt("transferctl", "--system", "--json", "download", "-u",
                                              ":", "-o", f"/home/{user}/file", apache.uri("/file"),
                                              user=user)
                values = json.loads(answer.splitlines()[-1])
                self.assertEqual((values["status"], values["web_error_status"]),
                                 ("completed", "") if user == "alice" else ("error", "http-401"),
                                 self.machine.journal())
        os.unlink(f"{root}/home/alice/file")

    def test_leaves_no_socket_behind(self):
        guid, body, gate = self.begin("alice")
        self.assertEqual(self.machine.run("ls", "-A", "/run/background-transfer"), "")
        gate.set()
        self.complete("alice", guid, body)


class Units(unittest.TestCase):
    """As they are installed, without a machine."""

    def analyze(self, *arguments):
        try:
            return subprocess.run(["systemd-analyze", *arguments], check=False, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except FileNotFoundError:
            self.skipTest("needs systemd-analyze")

    def test_are_hardened(self):
        for name, limit in (("background-transferd.service", 15),
                            ("background-transfer-worker@.service", 45)):
            done = self.analyze("security", "--offline=true", f"--threshold={limit}", "--no-pager",
                                f"{build_folder()}/data/{name}")
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_have_no_key_that_systemd_does_not_know(self):
        for name in ("background-transferd.service", "background-transfer-worker@.service"):
            done = self.analyze("verify", "--man=no", f"{build_folder()}/data/{name}")
            self.assertNotIn("Unknown", done.stdout)


if __name__ == "__main__":
    unittest.main()
