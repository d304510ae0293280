# SPDX-License-Identifier: LGPL-2.1-or-later
"""More odd answers, a line each, for what servers, proxies and attackers send. All of them mean
the five bytes "hello", or nothing that could be believed.

RIGHT: those bytes must be there. WRONG: an error, "invalid-server-response" unless another is
named. `@` in a Location is the row's own place on the server. What needs more than a line to be
said of it is in raw_answers.py."""

from harness.raw_answers import (CHUNKED, CRLF, CUT, HELLO, MOVED, OK, PARTIAL, REDIRECT, Row,
                                 chunked, fixed, head)

ENDING = b"5\r\nhello\r\n0\r\n\r\n"
LENGTH = b"Content-Length: 5"
CODING = b"Transfer-Encoding: chunked"
INTERIM = b"HTTP/1.1 %d Wait\r\n\r\n"


def with_status(line):
    return fixed(HELLO, status=line + CRLF)


def with_field(*lines):
    return head(*lines, LENGTH) + HELLO


def with_length(*values):
    return head(*[b"Content-Length:" + value for value in values]) + HELLO


def with_coding(*values, status=OK):
    return head(*[b"Transfer-Encoding:" + value for value in values], status=status) + ENDING


def refused(status, *fields):
    return fixed(b"no", *fields, status=b"HTTP/1.1 %d X\r\n" % status)


def moved(location, status=MOVED):
    return [fixed(b"", b"Location: " + location, status=status), fixed(HELLO)]


RIGHT = {
    # status lines
    "status-without-reason-and-blank": with_status(b"HTTP/1.1 200"),
    "status-with-8-bit-reason": with_status(b"HTTP/1.1 200 \xe9\xff"),
    "status-with-a-long-reason": with_status(b"HTTP/1.1 200 " + b"x" * 10000),
    "status-with-a-carriage-return": with_status(b"HTTP/1.1 200 O\rK"),
    "status-of-http-1.0": with_status(b"HTTP/1.0 200 OK"),
    "status-203": with_status(b"HTTP/1.1 203 Changed"),
    "lines-before-it": b"\r\n\r\n" + fixed(HELLO),
    "line-feeds-before-it": b"\n\n" + fixed(HELLO),
    # interim answers
    "interim-102": INTERIM % 102 + fixed(HELLO),
    "interim-199": INTERIM % 199 + fixed(HELLO),
    "interim-mixed": INTERIM % 100 + INTERIM % 103 + INTERIM % 102 + fixed(HELLO),
    "interim-sixty": INTERIM % 103 * 60 + fixed(HELLO),
    "interim-with-a-length": head(LENGTH, status=b"HTTP/1.1 100 Wait\r\n") + fixed(HELLO),
    "interim-with-a-coding": head(CODING, status=b"HTTP/1.1 103 Wait\r\n") + fixed(HELLO),
    "interim-with-line-feeds": b"HTTP/1.1 100 Wait\n\n" + fixed(HELLO),
    "interim-of-http-1.0": b"HTTP/1.0 100 Wait\r\n\r\n" + fixed(HELLO),
    "interim-with-many-fields": head(*[b"Link: <x>"] * 500, status=b"HTTP/1.1 103 Wait\r\n")
                                + fixed(HELLO),
    "interim-large-ones": head(b"Link: " + b"x" * 30000, status=b"HTTP/1.1 103 Wait\r\n") * 4
                          + fixed(HELLO),
    "interim-with-a-tag-and-a-place": head(b'ETag: "i"', b"Location: /no", b"Set-Cookie: a=b",
                                           status=b"HTTP/1.1 103 Wait\r\n") + fixed(HELLO),
    # fields
    "field-folded-with-a-tab": with_field(b"X: a", b"\tb"),
    "field-folded-to-nothing": with_field(b"X: a", b" ", b"Y: z"),
    "field-folded-that-looks-like-a-length": with_field(b"X: a", b" Content-Length: 9"),
    "field-folded-that-looks-like-a-coding": with_field(b"X: a", b"\tTransfer-Encoding: chunked"),
    "field-first-begins-with-a-blank": with_field(b" Content-Length: 9"),
    "field-ends-in-a-line-feed": b"HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\nhello",
    "field-after-a-line-feed": b"HTTP/1.1 200 OK\nContent-Length: 5\r\n\nhello",
    "field-with-a-carriage-return": with_field(b"X: y\rContent-Length: 3"),
    "field-with-a-blank-before-the-colon": with_field(b"X : y"),
    "field-with-a-blank-in-its-name": with_field(b"X Y: z"),
    "field-without-name": with_field(b": y"),
    "field-without-value": with_field(b"X:"),
    "field-of-a-colon": with_field(b":"),
    "field-of-blanks": with_field(b"  "),
    "field-with-8-bit-name": with_field(b"X\xe9: y"),
    "field-with-bad-utf-8": with_field(b"X: \xff\xfe"),
    "field-with-controls": with_field(b"X: a\x01\x02b"),
    "field-of-60-kb": with_field(b"X: " + b"y" * 60000),
    "field-that-is-nearly-a-length": with_field(b"Content-Length\x0c: 9", b"X-Content-Length: 9"),
    "fields-of-one-name": with_field(b"X: a", b"X: b", b"x: c"),
    "fields-of-two-thousand-names": with_field(*[b"A%d: b" % number for number in range(2000)]),
    # what does not matter to the bytes
    "tag-of-8-bits": with_field(b'ETag: "\xe9"'),
    "tag-of-20-kb": with_field(b'ETag: "' + b"x" * 20000 + b'"'),
    "tag-without-quotes": with_field(b"ETag: x"),
    "tag-with-one-quote": with_field(b'ETag: "x'),
    "tag-empty": with_field(b"ETag:"),
    "tags-that-differ": with_field(b'ETag: "a"', b'ETag: "b"'),
    "date-nonsense": with_field(b"Date: now", b"Last-Modified: then"),
    "date-out-of-range": with_field(b"Last-Modified: Thu, 99 Foo 2020 99:99:99 GMT"),
    "date-of-rfc-850": with_field(b"Last-Modified: Sunday, 06-Nov-94 08:49:37 GMT"),
    "date-of-asctime": with_field(b"Last-Modified: Sun Nov  6 08:49:37 1994"),
    "date-of-year-9999": with_field(b"Last-Modified: Thu, 01 Jan 9999 00:00:00 GMT"),
    "cookie-nonsense": with_field(b"Set-Cookie: =;;=", b"Set-Cookie:", b"Set-Cookie: \xff=\xff"),
    "cookie-of-5-kb": with_field(b"Set-Cookie: a=" + b"x" * 5000),
    "cookie-that-never-was": with_field(b"Set-Cookie: a=b; Max-Age=-9999999999999999999999"),
    "connection-upgrade": with_field(b"Connection: Upgrade", b"Upgrade: h2c"),
    "connection-both": with_field(b"Connection: close, keep-alive"),
    "connection-nonsense": with_field(b"Connection: \xff", b"Keep-Alive: timeout=-1, max=x"),
    "location-without-redirection": with_field(b"Location: @/no"),
    "refresh": with_field(b"Refresh: 0;url=/no"),
    "digest-nonsense": with_field(b"Repr-Digest: x", b"Content-Digest: =:", b"Digest: sha-256"),
    "disposition-nonsense": with_field(b'Content-Disposition: attachment; filename="x'),
    "range-of-the-whole": with_field(b"Content-Range: bytes 0-4/5"),
    "range-unsatisfied": with_field(b"Content-Range: bytes */5"),
    "encoding-stacked": with_field(b"Content-Encoding: gzip, br"),
    "encoding-unknown": with_field(b"Content-Encoding: x-unknown"),
    "encoding-of-chunks": head(b"Content-Encoding: gzip", CODING) + ENDING,
    # lengths
    "length-three-times": with_length(b" 5", b" 5", b" 5"),
    "length-twice-with-zeros": with_length(b" 5", b" 05"),
    "length-between-blanks": with_length(b" \t5 \t"),
    "length-without-blank": with_length(b"5"),
    "length-with-5000-zeros": with_length(b" " + b"0" * 5000 + b"5"),
    # codings
    "coding-between-blanks": with_coding(b" \tchunked \t"),
    "coding-without-blank": with_coding(b"chunked"),
    "coding-in-mixed-case": with_coding(b" cHuNkEd"),
    # chunks
    "chunk-with-a-quoted-extension": CHUNKED + b'5;a="b;c"\r\nhello\r\n0\r\n\r\n',
    "chunk-with-an-open-quote": CHUNKED + b'5;a="\r\nhello\r\n0\r\n\r\n',
    "chunk-with-an-empty-extension": CHUNKED + b"5;\r\nhello\r\n0;\r\n\r\n",
    "chunk-with-blanks-and-extension": CHUNKED + b"5 \t; a\r\nhello\r\n0\r\n\r\n",
    "chunk-with-blanks-after-it": CHUNKED + b"5  \r\nhello\r\n0\t\r\n\r\n",
    "chunk-with-40-zeros": CHUNKED + b"0" * 40 + b"5\r\nhello\r\n0\r\n\r\n",
    "chunk-with-100-bytes-of-extension": CHUNKED + b"5;" + b"x" * 100 + b"\r\nhello\r\n0\r\n\r\n",
    "chunk-with-mixed-line-ends": CHUNKED + b"5\nhello\n0\r\n\n",
    "chunk-a-byte": chunked(b"h", b"e", b"l", b"l", b"o"),
    "trailer-that-is-a-length": chunked(HELLO, end=b"0\r\nContent-Length: 7\r\n\r\n"),
    "trailer-that-is-a-coding": chunked(HELLO, end=b"0\r\nTransfer-Encoding: x\r\n\r\n"),
    "trailer-without-colon": chunked(HELLO, end=b"0\r\nnonsense\r\n\r\n"),
    "trailer-folded": chunked(HELLO, end=b"0\r\nA: b\r\n c\r\n\r\n"),
    "trailer-of-8-bits": chunked(HELLO, end=b"0\r\nA\xff: \xff\r\n\r\n"),
    "trailer-of-60-kb": chunked(HELLO, end=b"0\r\nA: " + b"x" * 60000 + b"\r\n\r\n"),
    "trailers-of-five-thousand": chunked(HELLO, end=b"0\r\n" + b"A: b\r\n" * 5000 + b"\r\n"),
    # redirections
    "redirect-301": moved(b"@/x", b"HTTP/1.1 301 X\r\n"),
    "redirect-303": moved(b"@/x", b"HTTP/1.1 303 X\r\n"),
    "redirect-307": moved(b"@/x", b"HTTP/1.1 307 X\r\n"),
    "redirect-308": moved(b"@/x", b"HTTP/1.1 308 X\r\n"),
    "redirect-to-a-fragment": moved(b"#x"),
    "redirect-after-blanks": moved(b"   @/x  "),
    "redirect-in-utf-8": moved(b"@/\xc3\xa9"),
    "redirect-with-a-lone-percent": moved(b"@/100%"),
    "redirect-with-bad-escapes": moved(b"@/%zz%4"),
    "redirect-with-escaped-line-end": moved(b"@/%0d%0aX:y"),
    "redirect-with-a-backslash": moved(b"@/a\\b"),
    "redirect-with-controls": moved(b"@/a\x01b\tc"),
    "redirect-with-quotes": moved(b'@/"<x>"'),
    "redirect-folded": moved(b"@/x\r\n y"),
    "redirect-of-30-kb": moved(b"@/" + b"a" * 30000),
    "redirect-twice-the-same": [fixed(b"", b"Location: @/x", b"Location: @/x", status=MOVED),
                                fixed(HELLO)],
    "redirect-whose-body-is-cut": [head(b"Location: @/x", b"Content-Length: 50", status=MOVED)
                                   + b"gone", fixed(HELLO)],
    "redirect-to-a-redirect": [fixed(b"", b"Location: @/x", status=MOVED),
                               fixed(b"", b"Location: y", status=MOVED), fixed(HELLO)],
}

WRONG = {
    # status lines
    "status-in-small-letters": with_status(b"http/1.1 200 OK"),
    "status-of-http-1.2": with_status(b"HTTP/1.2 200 OK"),
    "status-of-http-1.10": with_status(b"HTTP/1.10 200 OK"),
    "status-of-http-1": with_status(b"HTTP/1 200 OK"),
    "status-of-http-2.0": with_status(b"HTTP/2.0 200 OK"),
    "status-of-http-01.1": with_status(b"HTTP/01.1 200 OK"),
    "status-of-http-0.9": with_status(b"HTTP/0.9 200 OK"),
    "status-of-rtsp": with_status(b"RTSP/1.0 200 OK"),
    "status-without-version": with_status(b"HTTP 200 OK"),
    "status-after-two-blanks": with_status(b"HTTP/1.1  200 OK"),
    "status-after-a-tab": with_status(b"HTTP/1.1\t200\tOK"),
    "status-after-a-blank": with_status(b" HTTP/1.1 200 OK"),
    "status-of-two-digits": with_status(b"HTTP/1.1 20 OK"),
    "status-negative": with_status(b"HTTP/1.1 -200 OK"),
    "status-with-letters": with_status(b"HTTP/1.1 200OK"),
    "status-000": with_status(b"HTTP/1.1 000 OK"),
    "status-1000": with_status(b"HTTP/1.1 1000 OK"),
    "bytes-before-it": b"bytes\r\n" + fixed(HELLO),
    "nul-before-it": b"\0\0" + fixed(HELLO),
    "smtp": b"220 ready\r\n",
    "tls-where-none-is": b"\x15\x03\x01\x00\x02\x02\x16",
    "http-2-settings": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    "zeros": b"\0" * 300_000,
    "only-the-status": (OK, CUT),
    # interim answers
    "interim-and-no-more": (INTERIM % 100, CUT),
    "interim-101": INTERIM % 101 + fixed(HELLO),
    "interim-without-end": INTERIM % 100 * 5000,
    # fields
    "field-of-300-kb": with_field(b"X: " + b"y" * 300_000),
    "fields-of-300-kb": with_field(*[b"A: b"] * 60_000),
    "length-after-64-kb": with_field(*[b"A%d: b" % number for number in range(9000)]),
    "field-with-nul-in-its-name": with_field(b"X\0: y"),
    "field-of-nul": with_field(b"\0"),
    "lines-end-in-carriage-returns": (b"HTTP/1.1 200 OK\rContent-Length: 5\r\rhello", CUT),
    "lines-end-in-two-carriage-returns": b"HTTP/1.1 200 OK\r\r\nContent-Length: 5\r\r\n\r\r\nhello",
    "head-ends-in-a-carriage-return": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\rhello", CUT),
    # lengths
    "length-4-then-5": with_length(b" 4", b" 5"),
    "length-5-then-nothing": with_length(b" 5", b""),
    "length-5-then-nonsense": with_length(b" 5", b" x"),
    "length-list-without-blank": with_length(b" 5,5"),
    "length-list-with-nothing": with_length(b" ,5"),
    "length-minus-1": with_length(b" -1"),
    "length-of-2-to-the-63": with_length(b" 9223372036854775808"),
    "length-of-2-to-the-64-and-5": with_length(b" 18446744073709551621"),
    "length-with-a-point": with_length(b" 5.0"),
    "length-with-a-parameter": with_length(b" 5;x"),
    "length-in-quotes": with_length(b' "5"'),
    "length-with-an-exponent": with_length(b" 5e0"),
    "length-with-a-vertical-tab": with_length(b" 5\x0b"),
    "length-with-a-hard-blank": with_length(b" 5\xa0"),
    "length-folded-before": with_length(b"\r\n 5"),
    "length-folded-after": with_length(b" 5\r\n "),
    "length-beyond-the-disk": (with_length(b" 9223372036854775807"), "no-space"),
    "length-of-204": head(LENGTH, status=b"HTTP/1.1 204 X\r\n") + HELLO,
    "length-of-205": head(LENGTH, status=b"HTTP/1.1 205 X\r\n") + HELLO,
    "length-of-304": (head(LENGTH, status=b"HTTP/1.1 304 X\r\n"), "http-304"),
    "more-than-the-length": fixed(HELLO) + CRLF,
    "another-answer-after-it": fixed(HELLO) + fixed(b"other"),
    # codings
    "coding-of-204": head(CODING, status=b"HTTP/1.1 204 X\r\n") + ENDING,
    "coding-and-a-bad-length": head(CODING, b"Content-Length: x") + ENDING,
    "coding-after-a-length": head(LENGTH, CODING) + ENDING,
    "coding-list-of-two": with_coding(b" chunked, chunked"),
    "coding-list-with-nothing": with_coding(b" chunked,"),
    "coding-identity-and-chunked": with_coding(b" identity, chunked"),
    "coding-chunked-and-identity": with_coding(b" chunked, identity"),
    "coding-xchunked": with_coding(b" xchunked"),
    "coding-chunkedx": with_coding(b" chunkedx"),
    "coding-in-quotes": with_coding(b' "chunked"'),
    "coding-with-a-parameter": with_coding(b" chunked;q=1"),
    "coding-empty": with_coding(b""),
    "coding-after-a-vertical-tab": with_coding(b" \x0bchunked"),
    "coding-before-a-hard-blank": with_coding(b" chunked\xa0"),
    "coding-folded-before": with_coding(b"\r\n chunked"),
    "coding-folded-after": with_coding(b" chunked\r\n , gzip"),
    "coding-before-a-blank-and-colon": head(b"Transfer-Encoding : chunked") + ENDING,
    "coding-kept-alive-in-http-1.0": head(CODING, b"Connection: keep-alive",
                                          status=b"HTTP/1.0 200 OK\r\n") + ENDING,
    # chunks
    "chunk-after-a-blank": CHUNKED + b" 5\r\nhello\r\n0\r\n\r\n",
    "chunk-with-plus": CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n",
    "chunk-with-a-letter": CHUNKED + b"5g\r\nhello\r\n0\r\n\r\n",
    "chunk-with-a-comma": CHUNKED + b"5,x\r\nhello\r\n0\r\n\r\n",
    "chunk-with-nul": CHUNKED + b"5\0\r\nhello\r\n0\r\n\r\n",
    "chunk-with-nul-in-its-extension": CHUNKED + b"5;\0\r\nhello\r\n0\r\n\r\n",
    "chunk-after-an-empty-line": CHUNKED + CRLF + ENDING,
    "chunk-a-byte-too-long": CHUNKED + b"6\r\nhello\r\n0\r\n\r\n",
    "chunk-with-a-line-feed-after-it": CHUNKED + b"5\r\nhello\n0\r\n\r\n",
    "chunk-without-line-end": CHUNKED + b"5\r\nhello0\r\n\r\n",
    "chunk-with-two-line-ends": CHUNKED + b"5\r\nhello\r\n\r\n0\r\n\r\n",
    "chunk-with-two-carriage-returns": CHUNKED + b"5\r\nhello\r\r\n0\r\n\r\n",
    "chunk-with-carriage-returns-only": (CHUNKED + b"5\rhello\r0\r\r", CUT),
    "chunk-of-2-to-the-63": CHUNKED + b"8000000000000000\r\nhello",
    "chunk-of-2-to-the-63-less-1": (CHUNKED + b"7fffffffffffffff\r\nhello", CUT),
    "chunk-with-16-kb-of-extension": CHUNKED + b"5;" + b"x" * 16000 + b"\r\nhello\r\n0\r\n\r\n",
    "chunk-of-nothing-between": CHUNKED + b"3\r\nhel\r\n0\r\n\r\n2\r\nlo\r\n0\r\n\r\n",
    "chunks-then-another-answer": chunked(HELLO) + fixed(b"other"),
    "trailer-with-nul": chunked(HELLO, end=b"0\r\nA: \0\r\n\r\n"),
    "trailer-that-is-cut": (chunked(HELLO, end=b"0\r\nA: b\r\nB: c"), CUT),
    "trailers-of-300-kb": chunked(HELLO, end=b"0\r\n" + b"A: b\r\n" * 50_000 + b"\r\n"),
    # parts that nobody has asked for
    "part-with-all-of-it": fixed(HELLO, b"Content-Range: bytes 0-4/5", status=PARTIAL),
    "part-with-nothing-said": fixed(HELLO, status=PARTIAL),
    "range-that-begins-later": with_field(b"Content-Range: bytes 2-6/7"),
    "range-that-ends-earlier": with_field(b"Content-Range: bytes 0-4/500"),
    # redirections
    "redirect-300": (moved(b"@/x", b"HTTP/1.1 300 X\r\n"), "http-300"),
    "redirect-305": (moved(b"@/x", b"HTTP/1.1 305 X\r\n"), "http-305"),
    "redirect-306": (moved(b"@/x", b"HTTP/1.1 306 X\r\n"), "http-306"),
    "redirect-399": (moved(b"@/x", b"HTTP/1.1 399 X\r\n"), "http-399"),
    "redirect-with-nul": moved(b"@/a\0b"),
    "redirect-whose-body-breaks-the-rules": [
        head(b"Location: @/x", CODING, status=MOVED) + b"zz\r\n", fixed(HELLO)],
    **{f"redirect-to-{name}": (moved(location), REDIRECT) for name, location in {
        "a-file": b"FILE:///etc/passwd", "gopher": b"gopher://127.0.0.1/",
        "javascript": b"javascript:1", "websocket": b"ws://127.0.0.1/", "about": b"about:blank",
        "mail": b"mailto:a@b", "ftps": b"ftps://127.0.0.1/", "one-slash": b"http:/other",
        "no-slash": b"http:other", "four-slashes": b"////other",
        "backslashes": b"http:\\\\127.0.0.1\\", "port-x": b"http://127.0.0.1:x/",
        "port-minus-1": b"http://127.0.0.1:-1/", "no-host": b"http://:80/",
        "a-query-for-a-host": b"http://?x", "a-user-for-a-host": b"http://@/",
        "two-users": b"http://a@b@127.0.0.1/", "a-host-with-a-blank": b"http://a b/",
        "a-host-with-a-control": b"http://\x01/", "a-host-with-a-line-end": b"http://a%0d%0aX:b/",
        "a-host-with-nul": b"http://127.0.0.1%00/", "bad-ip6": b"http://[zz]/"}.items()},
    # refusals
    **{f"refused-{status}": (refused(status), f"http-{status}")
       for status in (400, 402, 403, 405, 406, 407, 409, 410, 411, 412, 413, 414, 415, 416, 417,
                      418, 421, 422, 423, 424, 426, 428, 431, 451, 499, 501, 505, 507, 508, 511,
                      520, 599)},
    "refused-without-length": (b"HTTP/1.1 403 X\r\n\r\nno", "http-403"),
    "refused-with-bad-chunks": (head(CODING, status=b"HTTP/1.1 403 X\r\n") + b"zz", "http-403"),
    "challenge-none": (refused(401), "http-401"),
    "challenge-empty": (refused(401, b"WWW-Authenticate:"), "http-401"),
    "challenge-nonsense": (refused(401, b"WWW-Authenticate: \xff\xfe,,,="), "http-401"),
    "challenge-open-quote": (refused(401, b'WWW-Authenticate: Digest realm="x, nonce="y'),
                             "http-401"),
    "challenge-unknown": (refused(401, b'WWW-Authenticate: Digest algorithm=X'), "http-401"),
    "challenge-many": (refused(401, *[b"WWW-Authenticate: Basic realm=x"] * 200), "http-401"),
    "challenge-of-50-kb": (refused(401, b"WWW-Authenticate: Basic realm=" + b"x" * 50000),
                           "http-401"),
    **{f"later-{name}": (refused(503, b"Retry-After: " + value), "http-503") for name, value in {
        "negative": b"-5", "nonsense": b"x", "endless": b"99999999999999999999",
        "list": b"5, 6", "past": b"Mon, 05 Jan 2015 10:00:30 GMT", "fraction": b"1.5",
        "empty": b""}.items()},
}


def _wrong(name, value):
    answer, error = value if isinstance(value, tuple) else (value, "invalid-server-response")
    return Row(name, answer, error)


ROWS = ([Row(name, answer, body=HELLO) for name, answer in RIGHT.items()]
        + [_wrong(name, value) for name, value in WRONG.items()])
