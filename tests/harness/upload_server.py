# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server that may do anything with what is sent to it.

    with UploadServer() as server:
        server.take("/file", cutting(1000), taking)     # the first request, then all others
        server.serve("/file", b"HTTP/1.1 201 Created\\r\\nContent-Length: 0\\r\\n\\r\\n")

What each request has brought is in heads(path)[n].body, of one that was cut, too.
"""

from harness.servers import Exchange, FaultyServer, Request, not_found, raw

CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


class Taking:
    """A request whose body is on its way."""

    def __init__(self, exchange, length, request=None):
        self.exchange = exchange
        self.request = request or exchange.request
        self.length = length

    def read(self, count=None):
        """Up to @count bytes of the body in all, or everything; whether they have come."""
        wanted = self.length if count is None else min(count, self.length)
        pieces = [self.request.body]
        got = len(self.request.body)
        while got < wanted:
            data = self.exchange.connection.recv(min(1 << 20, wanted - got))
            if not data:
                break
            pieces.append(data)
            got += len(data)
        self.request.body = b"".join(pieces)
        return got >= wanted

    def go_on(self):
        if self.request.headers.get("expect") == "100-continue" and not self.request.body:
            self.exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")


def taking(take):
    take.go_on()
    return take.read()


def ignoring_expect(take):
    return take.read()


def cutting(count, how="reset"):
    """Takes @count bytes and closes."""
    def plan(take):
        take.go_on()
        take.read(count)
        getattr(take.exchange, how)()
        return False
    return plan


def holding(count, event):
    """Takes @count bytes, and the rest once @event is set."""
    def plan(take):
        take.go_on()
        if not take.read(count):
            return False
        take.exchange.wait(event)
        return take.read()
    return plan


def refusing(answer, count=0):
    """Answers after @count bytes, and closes."""
    def plan(take):
        if count:
            take.go_on()
            take.read(count)
        take.exchange.send(answer)
        take.exchange.close()
        return False
    return plan


def answering(answer):
    """Answers before the body is sent, and stays for what comes next."""
    def plan(take):
        take.exchange.send(answer)
        return None
    return plan


NOT_ALLOWED = raw(b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n", then="keep")


class UploadServer(FaultyServer):
    """`options`: how OPTIONS is answered, a function of an Exchange; `questions`: those requests. A
    server of no protocol is asked once for what it can do."""

    def __init__(self, *arguments, options=NOT_ALLOWED, **more):
        super().__init__(*arguments, **more)
        self.plans = {}
        self.options = options
        self.questions = []

    def take(self, path, *plans):
        """What is done with the bodies for @path, one after the other; the last one stays."""
        with self.lock:
            self.plans[path] = list(plans)

    def handle(self, take):
        """Answers before anything else does; whether the connection stays open, None where it is not
        answered."""
        if take.request.method != "OPTIONS":
            return None
        with self.lock:
            self.questions.append(take.request)
        self.options(take.exchange)
        return take.exchange.is_open

    def _answer(self, connection, number, head, rest):
        request = Request(head, rest, number)
        exchange = Exchange(self, connection, request)
        length = int(request.headers.get("content-length", 0))
        handled = self.handle(Taking(exchange, length))
        if handled is not None:
            return handled and exchange.is_open
        with self.lock:
            self.requests.append(request)
            plans = self.plans.get(request.path, [taking])
            plan = plans.pop(0) if len(plans) > 1 else plans[0]
        is_whole = plan(Taking(exchange, length))
        if is_whole is None:
            return exchange.is_open
        if not is_whole:
            return False
        with self.lock:
            answers = self.answers.get(request.path, [not_found])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        (raw(answer, then="keep") if isinstance(answer, bytes) else answer)(exchange)
        return exchange.is_open
