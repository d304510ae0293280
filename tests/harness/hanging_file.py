# SPDX-License-Identifier: LGPL-2.1-or-later
"""A file system of a user's own (FUSE) whose answers are late, for ever where that is wanted:

    with HangingFile(folder, uid=2) as file:
        file.hang("flush", process.pid)     # whatever that process closes
        os.open(file.path, os.O_RDWR)       # by that user only

It has one file. Needs root, which mounts it as fusermount does for users.
"""

import ctypes
import os
import select
import stat
import struct
import threading

from harness.wait import wait_until

LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE, STATFS, RELEASE = 1, 2, 3, 4, 14, 15, 16, 17, 18
FSYNC, FLUSH, INIT, OPENDIR, RELEASEDIR, INTERRUPT, DESTROY, BATCH_FORGET = (
    20, 25, 26, 27, 29, 36, 38, 42)
NAMES = {LOOKUP: "lookup", GETATTR: "getattr", OPEN: "open", READ: "read", WRITE: "write",
         FSYNC: "fsync", FLUSH: "flush"}
UNANSWERED = (FORGET, BATCH_FORGET, INTERRUPT, DESTROY)
HEADER = struct.Struct("<IIQQIIIHH")
ROOT, FILE = 1, 2
NAME = "file"
NO_SUCH_FILE, NO_SUCH_OPERATION = -2, -38
DIRECT_IO = 1
MAX_REQUEST_BYTES = 1 << 18
MNT_DETACH = 2

libc = ctypes.CDLL(None, use_errno=True)


def process_of(thread):
    """Of which process that thread is; 0 where it has ended."""
    try:
        with open(f"/proc/{thread}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Tgid:"))
    except OSError:
        return 0


class HangingFile:
    def __init__(self, folder, uid, size=100_000):
        self.folder = folder
        self.path = f"{folder}/{NAME}"
        self.uid = uid
        self.size = size
        self.content = bytearray(os.urandom(size))
        self.device = -1
        # {(operation, process or None for all)}
        self.hanging = set()
        # [(operation, process)] that wait for an answer
        self.held = []
        self.held_requests = []
        self.is_ending = False
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        os.makedirs(self.folder, exist_ok=True)
        self.device = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self.device},rootmode=40000,user_id={self.uid},group_id={self.uid}"
        if libc.mount(b"hanging", self.folder.encode(), b"fuse", 6, options.encode()) != 0:
            code = ctypes.get_errno()
            os.close(self.device)
            raise OSError(code, os.strerror(code), self.folder)
        self.thread.start()
        return self

    def __exit__(self, *_):
        libc.umount2(self.folder.encode(), MNT_DETACH)
        # Whoever waits gets an error once nobody holds the device.
        self.is_ending = True
        self.thread.join()
        os.close(self.device)

    def hang(self, operation, process=None):
        with self.lock:
            self.hanging.add((operation, process))

    def go_on(self):
        """Answers all that waits."""
        with self.lock:
            self.hanging.clear()
            requests, self.held_requests = self.held_requests, []
        for request in requests:
            self.answer(request)

    def wait_held(self, operation, times=1):
        """Until so many hang in that."""
        wait_until(lambda: [name for name, _ in self.held].count(operation) >= times,
                   f"a {operation} hangs")

    def run(self):
        while not self.is_ending:
            if not select.select([self.device], [], [], 0.1)[0]:
                continue
            try:
                request = os.read(self.device, MAX_REQUEST_BYTES)
            except FileNotFoundError:
                continue  # It has been given up.
            except OSError:
                return  # It is unmounted.
            if not self.hold(request):
                self.answer(request)

    def hold(self, request):
        _, operation, _, _, _, _, thread, _, _ = HEADER.unpack_from(request)
        name = NAMES.get(operation)
        with self.lock:
            if not any(hanging == name for hanging, _ in self.hanging):
                return False
            process = process_of(thread)
            if not self.hanging & {(name, None), (name, process)}:
                return False
            self.held.append((name, process))
            self.held_requests.append(request)
        return True

    def attributes(self, node):
        mode = stat.S_IFDIR | 0o755 if node == ROOT else stat.S_IFREG | 0o644
        return struct.pack("<6Q10I", node, 0 if node == ROOT else self.size, 0, 0, 0, 0, 0, 0, 0,
                           mode, 1, self.uid, self.uid, 0, 4096, 0)

    def answer(self, request):
        _, operation, unique, node, *_ = HEADER.unpack_from(request)
        if operation in UNANSWERED:
            return
        error, body = self.find_answer(operation, node, request[HEADER.size:])
        try:
            os.write(self.device, struct.pack("<IiQ", 16 + len(body), error, unique) + body)
        except OSError:
            pass  # Nobody waits for it any more.

    def find_answer(self, operation, node, arguments):
        if operation == INIT:
            return 0, struct.pack("<IIIIHHIIHHII24x", 7, 31, 65536, 0, 12, 9, 65536, 1, 0, 0, 0, 0)
        if operation == LOOKUP:
            if arguments.rstrip(b"\0") != NAME.encode():
                return NO_SUCH_FILE, b""
            return 0, struct.pack("<QQQQII", FILE, 0, 0, 0, 0, 0) + self.attributes(FILE)
        if operation in (GETATTR, SETATTR):
            return 0, struct.pack("<QII", 0, 0, 0) + self.attributes(node)
        if operation in (OPEN, OPENDIR):
            return 0, struct.pack("<QIi", 0, DIRECT_IO if operation == OPEN else 0, 0)
        if operation == READ:
            _, offset, size = struct.unpack_from("<QQI", arguments)
            return 0, bytes(self.content[offset:offset + size])
        if operation == WRITE:
            _, offset, size = struct.unpack_from("<QQI", arguments)
            self.content[offset:offset + size] = arguments[40:40 + size]
            self.size = len(self.content)
            return 0, struct.pack("<II", size, 0)
        if operation == STATFS:
            return 0, struct.pack("<5Q4I24x", 1 << 20, 1 << 20, 1 << 20, 99, 99, 4096, 255, 4096, 0)
        if operation in (FLUSH, RELEASE, RELEASEDIR, FSYNC):
            return 0, b""
        return NO_SUCH_OPERATION, b""
