# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers of uploads that go on where they were cut: tus 1.0, and the IETF's draft.

    with ResumableServer("tus") as server:
        ... server.uri("/files") ...
        server.uploads["/files/1"].data
"""

import threading

from harness.servers import raw
from harness.upload_server import Taking, UploadServer

VERSIONS = {"tus": ("tus-resumable", "1.0.0"), "ietf": ("upload-draft-interop-version", "8")}


class Upload:
    def __init__(self, size):
        self.size = size
        self.data = bytearray()
        self.is_complete = False
        self.lock = threading.Lock()


class ResumableServer(UploadServer):
    """@limits: for Upload-Limit. What a request for /files/N brings is kept also where it is cut, as
    `plans` of that path say. `base`: what stands before it in Location; `more`: other headers there.
    `max_kept`: of each request, so many bytes are taken. `interim`: sent before a PATCH is
    answered."""

    def __init__(self, protocol, limits="", **more):
        super().__init__(**more)
        self.protocol = protocol
        self.limits = limits
        self.uploads = {}
        self.base = ""
        self.more = {}
        self.max_kept = None
        self.interim = b""
        self.instead = {}
        self.n_created = 0
        self.log = []
        self.final = (b"HTTP/1.1 200 OK\r\nUpload-Offset: %d\r\nUpload-Complete: ?1\r\n"
                      b"Content-Length: 4\r\n\r\ndone")

    def answer_instead(self, method, path, *answers):
        """The next requests are answered so, whatever the server has: bytes, a function of an
        Exchange, or as usual where it is None."""
        with self.lock:
            self.instead[method, path] = [raw(answer, then="close") if isinstance(answer, bytes)
                                          else answer for answer in answers]

    def handle(self, take):
        """Whether the connection stays open."""
        request, exchange = take.request, take.exchange
        with self.lock:
            self.log.append((request.method, request.path))
            self.requests.append(request)
            answers = self.instead.get((request.method, request.path))
            answer = answers.pop(0) if answers else None
        if answer:
            answer(exchange)
            return exchange.is_open
        name, version = VERSIONS[self.protocol]
        if request.method != "OPTIONS" and request.headers.get(name) != version:
            return None
        if request.path == "/files":
            return self.handle_collection(take)
        upload = self.uploads.get(request.path)
        if upload is None:
            exchange.send(b"HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n")
            return True
        # One request at a time, as the protocols want it: the offset must not change behind it.
        with upload.lock:
            return getattr(self, f"handle_{request.method.lower()}")(take, upload)

    def handle_collection(self, take):
        request, exchange = take.request, take.exchange
        if request.method == "OPTIONS":
            if self.protocol == "tus":
                exchange.send_head("204 No Content", Tus_Version="1.0.0",
                                   Tus_Extension="creation,termination")
            else:
                exchange.send_head("204 No Content", Upload_Limit=self.limits or "max-age=3600")
            return True
        self.n_created += 1
        path = f"/files/{self.n_created}"
        self.uploads[path] = Upload(int(request.headers["upload-length"]))
        assert self.protocol == "tus" or request.headers["upload-complete"] == "?0"
        headers = {"Upload_Limit": self.limits, **self.more} if self.limits else self.more
        exchange.send_head("201 Created", Location=self.base + path, Content_Length=0, **headers)
        return True

    def handle_head(self, take, upload):
        complete = "?1" if upload.is_complete else "?0"
        headers = {"Upload_Complete": complete} if self.protocol == "ietf" else {}
        take.exchange.send_head("200 OK", Upload_Offset=len(upload.data), Content_Length=0,
                                Upload_Length=upload.size, **headers)
        return True

    def handle_delete(self, take, upload):
        del self.uploads[take.request.path]
        take.exchange.send(b"HTTP/1.1 204 No Content\r\n\r\n")
        return True

    def handle_patch(self, take, upload):
        request, exchange = take.request, take.exchange
        offset = int(request.headers["upload-offset"])
        wanted = {"tus": "application/offset+octet-stream", "ietf": "application/partial-upload"}
        assert request.headers["content-type"] == wanted[self.protocol], request.headers
        if offset != len(upload.data):
            exchange.send_head("409 Conflict", Upload_Offset=len(upload.data), Content_Length=0)
            exchange.close()
            return False
        with self.lock:
            plans = self.plans.get(request.path, [])
            plan = plans.pop(0) if plans else None
        exchange.send(self.interim)
        is_whole = (plan or whole)(Taking(exchange, take.length, request))
        upload.data += request.body[:self.max_kept]
        is_last = request.headers.get("upload-complete", "?1") == "?1"
        upload.is_complete = is_last and len(upload.data) == upload.size
        if not is_whole:
            return False
        assert is_last or self.protocol == "ietf" and len(upload.data) < upload.size
        if upload.is_complete:
            exchange.send(self.final % upload.size)
        else:
            headers = {"Upload_Complete": "?0"} if self.protocol == "ietf" else {}
            exchange.send_head("204 No Content", Upload_Offset=len(upload.data), **headers)
        return exchange.is_open


def mute(take):
    """Takes everything, and closes instead of an answer."""
    whole(take)
    take.exchange.close()
    return False


def whole(take):
    take.go_on()
    return take.read()
