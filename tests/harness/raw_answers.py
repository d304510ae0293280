# SPDX-License-Identifier: LGPL-2.1-or-later
"""Odd answers, as bytes, and what must become of each: the right bytes, or an error that says so.

A row is Row(name, answer, error, body, ...). `answer` is what the server sends to each request, or a
list: one for each request in turn, of which the last stays. `error` is the web error status, ""
where the download is right. `body` is what must have been passed on: all of it where there is no
error, else what is allowed to have been."""

from dataclasses import dataclass, field

CRLF = b"\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
INVALID = "invalid-server-response"
CUT = "disconnected"
REDIRECT = "redirect-failed"


@dataclass
class Row:
    name: str
    answer: object
    error: str = ""
    body: bytes = b""
    then: str = "close"
    arguments: list = field(default_factory=list)
    tls: bool = True            # to be tried over https too
    tls_error: str | None = None  # where that ends otherwise


def fixed(body, *fields, status=OK):
    """An answer with a right Content-Length."""
    lines = b"".join(line + CRLF for line in fields)
    return status + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body


def head(*fields, status=OK):
    return status + b"".join(line + CRLF for line in fields) + CRLF


def chunked(*chunks, end=b"0\r\n\r\n"):
    return head(b"Transfer-Encoding: chunked") + b"".join(
        b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


HELLO = b"hello"
CHUNKED = head(b"Transfer-Encoding: chunked")
MOVED = b"HTTP/1.1 302 Found\r\n"
PARTIAL = b"HTTP/1.1 206 Partial Content\r\n"
ASK_FROM_2 = ["--offset", "2"]

LENGTHS = [
    Row("length-right", fixed(HELLO), body=HELLO),
    Row("length-right-kept-open", fixed(HELLO), body=HELLO, then="hang"),
    Row("length-zero", fixed(b""), body=b""),
    Row("length-too-long-for-the-body", head(b"Content-Length: 9") + HELLO, CUT, HELLO),
    Row("length-too-long-and-close-announced",
        head(b"Content-Length: 9", b"Connection: close") + HELLO, CUT, HELLO),
    Row("length-too-long-in-http-1.0",
        head(b"Content-Length: 9", status=b"HTTP/1.0 200 OK\r\n") + HELLO, CUT, HELLO),
    Row("length-too-long-and-reset", head(b"Content-Length: 9") + HELLO, "connection-reset", HELLO,
        then="reset", tls=False),
    Row("length-too-long-and-silence", head(b"Content-Length: 9") + HELLO, "timeout", HELLO,
        then="hang"),
    Row("length-too-short-for-the-body", head(b"Content-Length: 3") + HELLO, INVALID, b"hel"),
    Row("length-too-short-kept-open", head(b"Content-Length: 3") + HELLO, INVALID, b"hel",
        then="hang"),
    Row("length-zero-with-a-body", head(b"Content-Length: 0") + HELLO, INVALID),
    Row("length-twice-the-same", head(b"Content-Length: 5", b"Content-Length: 5") + HELLO,
        body=HELLO),
    Row("length-twice-different", head(b"Content-Length: 5", b"Content-Length: 6") + HELLO, INVALID),
    Row("length-list", head(b"Content-Length: 5, 6") + HELLO, INVALID),
    Row("length-list-of-the-same", head(b"Content-Length: 5, 5") + HELLO, INVALID),
    Row("length-negative", head(b"Content-Length: -5") + HELLO, INVALID),
    Row("length-with-plus", head(b"Content-Length: +5") + HELLO, INVALID),
    Row("length-with-letters", head(b"Content-Length: 5abc") + HELLO, INVALID),
    Row("length-hexadecimal", head(b"Content-Length: 0x5") + HELLO, INVALID),
    Row("length-empty", head(b"Content-Length:") + HELLO, INVALID),
    Row("length-with-a-blank-inside", head(b"Content-Length: 5 5") + HELLO, INVALID),
    Row("length-of-64-bits", head(b"Content-Length: 18446744073709551615") + HELLO, INVALID),
    Row("length-beyond-64-bits", head(b"Content-Length: 99999999999999999999999") + HELLO, INVALID),
    Row("length-of-63-bits-cut", head(b"Content-Length: 9223372036854775807") + HELLO, CUT, HELLO),
    Row("length-folded", head(b"Content-Length: 5", b" 0") + HELLO, INVALID),
    Row("length-with-a-blank-before-the-colon", head(b"Content-Length : 5") + HELLO, INVALID),
    Row("length-in-capitals", head(b"CONTENT-LENGTH: 5") + HELLO, body=HELLO),
    Row("length-with-leading-zeros", head(b"Content-Length: 0005") + HELLO, body=HELLO),
]

CHUNKS = [
    Row("chunks-right", chunked(b"hel", b"lo"), body=HELLO),
    Row("chunks-right-kept-open", chunked(b"hel", b"lo"), body=HELLO, then="hang"),
    Row("chunks-none", chunked(), body=b""),
    Row("chunks-with-trailers", chunked(HELLO, end=b"0\r\nA: b\r\nC: d\r\n\r\n"), body=HELLO),
    Row("chunks-with-an-extension", CHUNKED + b"5;name=value\r\nhello\r\n0;x\r\n\r\n", body=HELLO),
    Row("chunks-with-leading-zeros", CHUNKED + b"0005\r\nhello\r\n0000\r\n\r\n", body=HELLO),
    Row("chunks-in-capitals", CHUNKED + b"A\r\nhellohello\r\n0\r\n\r\n", body=HELLO * 2),
    Row("chunks-with-bare-line-feeds", CHUNKED + b"5\nhello\n0\n\n", body=HELLO),
    Row("chunks-cut-within", CHUNKED + b"9\r\nhello", CUT, HELLO),
    Row("chunks-cut-after-data", CHUNKED + b"5\r\nhello", CUT, HELLO),
    Row("chunks-cut-at-a-border", chunked(HELLO, end=b""), CUT, HELLO),
    Row("chunks-cut-at-a-border-close-announced",
        head(b"Transfer-Encoding: chunked", b"Connection: close") + b"5\r\nhello\r\n", CUT, HELLO),
    Row("chunks-cut-within-the-last-size", chunked(HELLO, end=b"0"), CUT, HELLO),
    Row("chunks-cut-after-the-last-size", chunked(HELLO, end=b"0\r\n"), CUT, HELLO),
    Row("chunks-cut-within-the-trailers", chunked(HELLO, end=b"0\r\nA: b\r\n"), CUT, HELLO),
    Row("chunks-cut-before-the-first", CHUNKED, CUT),
    Row("chunks-silent-at-a-border", chunked(HELLO, end=b""), "timeout", HELLO, then="hang"),
    Row("chunk-size-bad", chunked(HELLO, end=b"xyz\r\n\r\n"), INVALID, HELLO),
    Row("chunk-size-bad-kept-open", chunked(HELLO, end=b"xyz\r\n\r\n"), INVALID, HELLO, then="hang"),
    Row("chunk-size-empty", chunked(HELLO, end=b"\r\n\r\n"), INVALID, HELLO),
    Row("chunk-size-negative", CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n", INVALID),
    Row("chunk-size-with-prefix", CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n", INVALID),
    Row("chunk-size-overflows", chunked(HELLO, end=b"10000000000000000\r\n\r\n"), INVALID, HELLO),
    Row("chunk-size-overflows-to-5", CHUNKED + b"10000000000000005\r\nhello\r\n0\r\n\r\n", INVALID),
    Row("chunk-size-of-64-bits", CHUNKED + b"ffffffffffffffff\r\nhello", INVALID),
    Row("chunk-longer-than-it-says", CHUNKED + b"3\r\nhello\r\n0\r\n\r\n", INVALID, b"hel"),
    Row("chunk-extension-too-long", CHUNKED + b"5;" + b"x" * 4000 + b"\r\nhello\r\n0\r\n\r\n",
        INVALID),
    Row("chunks-with-something-after-them", chunked(HELLO) + b"more", INVALID, HELLO),
    Row("chunks-and-a-length", head(b"Transfer-Encoding: chunked", b"Content-Length: 5") +
        b"5\r\nhello\r\n0\r\n\r\n", INVALID),
    Row("coding-unknown", head(b"Transfer-Encoding: gzip") + HELLO, INVALID),
    Row("coding-stacked", head(b"Transfer-Encoding: gzip, chunked") + b"5\r\nhello\r\n0\r\n\r\n",
        INVALID),
    Row("coding-twice", head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") +
        b"5\r\nhello\r\n0\r\n\r\n", INVALID),
    Row("coding-identity", head(b"Transfer-Encoding: identity") + HELLO, INVALID),
    Row("coding-in-http-1.0",
        head(b"Transfer-Encoding: chunked", status=b"HTTP/1.0 200 OK\r\n") +
        b"5\r\nhello\r\n0\r\n\r\n", INVALID),
]

UNTIL_CLOSE = head(b"Connection: close") + HELLO
UNSATISFIABLE = fixed(b"", b"Content-Range: bytes */5",
                      status=b"HTTP/1.1 416 Range Not Satisfiable\r\n")

# Over TLS a proper close is the end, and that is what the server does here.
ENDS = [
    Row("end-by-close-proven-by-416", [UNTIL_CLOSE, UNSATISFIABLE], body=HELLO),
    Row("end-by-close-proven-by-the-same-again", UNTIL_CLOSE, body=HELLO),
    Row("end-by-close-proven-by-a-length", [UNTIL_CLOSE, fixed(HELLO)], body=HELLO),
    Row("end-by-close-in-http-1.0", b"HTTP/1.0 200 OK\r\n\r\nhello", body=HELLO),
    Row("end-by-close-disproven-by-206",
        [UNTIL_CLOSE, fixed(b" world", b"Content-Range: bytes 5-10/11", status=PARTIAL)],
        CUT, HELLO, tls_error=""),
    Row("end-by-close-disproven-by-a-longer-one", [UNTIL_CLOSE, UNTIL_CLOSE + b" world"], CUT, HELLO,
        tls_error=""),
    Row("end-by-close-disproven-by-416",
        [UNTIL_CLOSE, UNSATISFIABLE.replace(b"*/5", b"*/9")], CUT, HELLO, tls_error=""),
    Row("end-by-close-disproven-by-another-file", [UNTIL_CLOSE, fixed(b"HELLO")], CUT, HELLO,
        tls_error=""),
    Row("end-by-close-then-404",
        [UNTIL_CLOSE, fixed(b"", status=b"HTTP/1.1 404 Not Found\r\n")], CUT, HELLO, tls_error=""),
    Row("end-by-reset", UNTIL_CLOSE, "connection-reset", HELLO, then="reset", tls=False),
    Row("end-by-silence", UNTIL_CLOSE, "timeout", HELLO, then="hang"),
    Row("end-of-a-post-cannot-be-proven", UNTIL_CLOSE, CUT, HELLO,
        arguments=["--method", "POST", "--body", "x"], tls_error=""),
]

HEADS = [
    Row("head-without-its-end", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", CUT),
    Row("head-cut-within-a-line", b"HTTP/1.1 200 OK\r\nContent-Le", CUT),
    Row("head-cut-within-the-status-line", b"HTTP/1.1 20", CUT),
    Row("head-empty", b"", CUT),
    Row("head-missing", b"hello, this is no HTTP\r\n\r\n", INVALID),
    Row("head-html", b"<html><body>hello</body></html>", INVALID),
    Row("head-of-http-0.9", b"hello\n", INVALID),
    Row("head-of-http-2", b"HTTP/2 200\r\nContent-Length: 5\r\n\r\nhello", INVALID),
    Row("head-of-http-3.1", b"HTTP/3.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", INVALID),
    Row("head-of-another-protocol", b"SSH-2.0-OpenSSH_9.2\r\n", INVALID),
    Row("head-icy", b"ICY 200 OK\r\nContent-Length: 5\r\n\r\nhello", INVALID),
    Row("head-with-bare-line-feeds", b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", body=HELLO),
    Row("head-with-folding", head(b"X: a", b" b", b"Content-Length: 5") + HELLO, body=HELLO),
    Row("head-with-a-nul", head(b"X: a\0b", b"Content-Length: 5") + HELLO, INVALID),
    Row("head-with-a-nul-in-the-status-line",
        head(b"Content-Length: 5", status=b"HTTP/1.1 200 O\0K\r\n") + HELLO, INVALID),
    Row("head-with-a-line-without-colon", head(b"nonsense", b"Content-Length: 5") + HELLO,
        body=HELLO),
    Row("head-with-many-fields",
        head(*[b"X-%d: y" % i for i in range(1000)], b"Content-Length: 5") + HELLO, body=HELLO),
    Row("head-of-megabytes", head(*[b"X-%d: %s" % (i, b"y" * 1000) for i in range(3000)],
                                  b"Content-Length: 5") + HELLO, INVALID),
    Row("head-with-one-endless-line", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2_000_000, INVALID),
    Row("head-with-latin-1", head(b"X: caf\xe9", b"Content-Length: 5") + HELLO, body=HELLO),
    Row("head-without-a-reason", head(b"Content-Length: 5", status=b"HTTP/1.1 200\r\n") + HELLO,
        body=HELLO),
    Row("head-after-100", b"HTTP/1.1 100 Continue\r\n\r\n" + fixed(HELLO), body=HELLO),
    Row("head-after-103", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + fixed(HELLO),
        body=HELLO),
    Row("head-after-many-100", b"HTTP/1.1 100 Continue\r\n\r\n" * 2000 + fixed(HELLO), INVALID),
    Row("status-101", head(b"Upgrade: x", status=b"HTTP/1.1 101 Switching\r\n"), INVALID),
    Row("status-099", fixed(HELLO, status=b"HTTP/1.1 099 No\r\n"), INVALID),
    Row("status-of-four-digits", fixed(HELLO, status=b"HTTP/1.1 2000 OK\r\n"), INVALID),
    Row("status-204", head(status=b"HTTP/1.1 204 No Content\r\n"), body=b""),
    Row("status-205", fixed(b"", status=b"HTTP/1.1 205 Reset Content\r\n"), body=b""),
    Row("status-304", head(status=b"HTTP/1.1 304 Not Modified\r\n"), "http-304"),
    Row("status-300", fixed(HELLO, status=b"HTTP/1.1 300 Multiple Choices\r\n"), "http-300"),
    Row("status-404", fixed(HELLO, status=b"HTTP/1.1 404 Not Found\r\n"), "http-404"),
    Row("status-404-with-an-endless-body", head(status=b"HTTP/1.1 404 Not Found\r\n") + b"x" * 99999,
        "http-404", then="hang"),
    Row("status-401-with-an-endless-body", head(b"WWW-Authenticate: Basic realm=x",
                                                status=b"HTTP/1.1 401 No\r\n") + b"x" * 99999,
        "http-401", then="hang"),
    Row("status-407-with-an-endless-body", head(status=b"HTTP/1.1 407 No\r\n") + b"x" * 99999,
        "http-407", then="hang"),
    Row("status-500-with-a-cut-body",
        head(b"Content-Length: 99", status=b"HTTP/1.1 500 Oh\r\n") + HELLO, "http-500"),
    Row("status-999", fixed(HELLO, status=b"HTTP/1.1 999 What\r\n"), "http-999"),
    Row("content-encoding-despite-identity", fixed(b"\x1f\x8bxxx", b"Content-Encoding: gzip"),
        body=b"\x1f\x8bxxx"),
]

PARTS = [
    Row("part-right", fixed(b"llo", b"Content-Range: bytes 2-4/5", status=PARTIAL), body=b"llo",
        arguments=ASK_FROM_2),
    Row("part-of-unknown-total", fixed(b"llo", b"Content-Range: bytes 2-4/*", status=PARTIAL),
        body=b"llo", arguments=ASK_FROM_2),
    Row("part-in-chunks", head(b"Content-Range: bytes 2-4/5", b"Transfer-Encoding: chunked",
                               status=PARTIAL) + b"3\r\nllo\r\n0\r\n\r\n",
        body=b"llo", arguments=ASK_FROM_2),
    Row("part-until-close", head(b"Content-Range: bytes 2-4/5", status=PARTIAL) + b"llo",
        body=b"llo", arguments=ASK_FROM_2),
    Row("part-until-close-cut", head(b"Content-Range: bytes 2-4/5", status=PARTIAL) + b"l", CUT,
        b"l", arguments=ASK_FROM_2),
    Row("part-in-chunks-too-long",
        head(b"Content-Range: bytes 2-4/5", b"Transfer-Encoding: chunked", status=PARTIAL) +
        b"5\r\nllohi\r\n0\r\n\r\n", INVALID, b"llo", arguments=ASK_FROM_2),
    Row("part-not-asked-for", fixed(HELLO, b"Content-Range: bytes 0-4/5", status=PARTIAL), INVALID),
    Row("part-without-content-range", fixed(b"llo", status=PARTIAL), INVALID, arguments=ASK_FROM_2),
    Row("part-whose-length-differs", fixed(b"llo", b"Content-Range: bytes 2-9/10", status=PARTIAL),
        INVALID, arguments=ASK_FROM_2),
    Row("part-backwards", fixed(b"llo", b"Content-Range: bytes 4-2/5", status=PARTIAL), INVALID,
        arguments=ASK_FROM_2),
    Row("part-beyond-its-total", fixed(b"llo", b"Content-Range: bytes 2-4/4", status=PARTIAL),
        INVALID, arguments=ASK_FROM_2),
    Row("part-of-other-units", fixed(b"llo", b"Content-Range: lines 2-4/5", status=PARTIAL),
        INVALID, arguments=ASK_FROM_2),
    Row("part-unsatisfied", fixed(b"llo", b"Content-Range: bytes */5", status=PARTIAL), INVALID,
        arguments=ASK_FROM_2),
    Row("part-that-overflows",
        fixed(b"llo", b"Content-Range: bytes 2-18446744073709551616/5", status=PARTIAL),
        INVALID, arguments=ASK_FROM_2),
    Row("parts-of-several-ranges",
        fixed(b"--x--", b"Content-Type: multipart/byteranges; boundary=x", status=PARTIAL), INVALID,
        arguments=ASK_FROM_2),
    Row("range-ignored", fixed(HELLO), body=HELLO, arguments=ASK_FROM_2),
    Row("range-unsatisfiable", UNSATISFIABLE, "http-416", arguments=["--offset", "9"]),
]

REDIRECTIONS = [
    Row("redirect-relative", [fixed(b"", b"Location: other", status=MOVED), fixed(HELLO)],
        body=HELLO),
    Row("redirect-of-the-query-only", [fixed(b"", b"Location: ?x=y", status=MOVED), fixed(HELLO)],
        body=HELLO),
    Row("redirect-with-a-fragment", [fixed(b"", b"Location: /#part", status=MOVED), fixed(HELLO)],
        body=HELLO),
    Row("redirect-with-blanks", [fixed(b"", b"Location: /a b", status=MOVED), fixed(HELLO)],
        body=HELLO),
    Row("redirect-with-latin-1", [fixed(b"", b"Location: /\xe9", status=MOVED), fixed(HELLO)],
        body=HELLO),
    Row("redirect-with-a-body-until-close", [head(b"Location: /", status=MOVED) + HELLO,
                                             fixed(HELLO)], body=HELLO),
    Row("redirect-in-a-circle", fixed(b"", b"Location: /", status=MOVED), REDIRECT),
    Row("redirect-nowhere", fixed(b"", status=MOVED), REDIRECT),
    Row("redirect-to-nothing", fixed(b"", b"Location:", status=MOVED), REDIRECT),
    Row("redirect-to-two-places", fixed(b"", b"Location: /a", b"Location: /b", status=MOVED),
        REDIRECT),
    Row("redirect-to-a-file", fixed(b"", b"Location: file:///etc/passwd", status=MOVED), REDIRECT),
    Row("redirect-to-ftp", fixed(b"", b"Location: ftp://127.0.0.1/", status=MOVED), REDIRECT),
    Row("redirect-to-data", fixed(b"", b"Location: data:,hello", status=MOVED), REDIRECT),
    Row("redirect-without-a-host", fixed(b"", b"Location: http:///x", status=MOVED), REDIRECT),
    Row("redirect-to-port-0", fixed(b"", b"Location: http://127.0.0.1:0/", status=MOVED), REDIRECT),
    Row("redirect-to-port-65536", fixed(b"", b"Location: http://127.0.0.1:65536/", status=MOVED),
        REDIRECT),
    Row("redirect-to-nonsense", fixed(b"", b"Location: http://[::1", status=MOVED), REDIRECT),
    Row("redirect-from-https-to-http", fixed(b"", b"Location: http://127.0.0.1:1/", status=MOVED),
        "cannot-connect", tls_error="https-to-http-on-redirection"),
]

ROWS = LENGTHS + CHUNKS + ENDS + HEADS + PARTS + REDIRECTIONS
