# SPDX-License-Identifier: Apache-2.0
"""Group HF: ambiguous bytes are refused, the connection is closed, the upstream sees nothing (I9, I15)."""

import socket
import time

from harness import client
from harness.case import H, K, P, V, OneProxy, bearer, main, row

HOST = f"Host: {H}\r\n".encode()


def get(line=b"GET / HTTP/1.1", fields=b"", body=b"", host=HOST):
    return line + b"\r\n" + host + fields + b"\r\n" + body


def post(fields, body=b"", line=b"POST / HTTP/1.1"):
    return get(line, fields, body)


CHUNKED = b"Transfer-Encoding: chunked\r\n"
LONE_CHUNK = b"5\r\nhello\r\n0\r\n\r\n"

# row id, what it is, the bytes. Each must be answered with 4xx or 501 and leave nothing at the upstream.
BAD = [
    row("HF-01", "two different lengths", post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello!")),
    row("HF-01", "list of different lengths", post(b"Content-Length: 5, 6\r\n", b"hello!")),
    row("HF-01", "signed", post(b"Content-Length: +5\r\n", b"hello")),
    row("HF-01", "negative", post(b"Content-Length: -5\r\n", b"hello")),
    row("HF-01", "hexadecimal", post(b"Content-Length: 0x5\r\n", b"hello")),
    row("HF-01", "overflow", post(b"Content-Length: 18446744073709551621\r\n", b"hello")),
    row("HF-01", "beyond 63 bits", post(b"Content-Length: 9223372036854775808\r\n", b"hello")),
    row("HF-01", "empty", post(b"Content-Length:\r\n", b"hello")),
    row("HF-01", "with a space inside", post(b"Content-Length: 1 5\r\n", b"hello")),
    row("HF-01", "a fraction", post(b"Content-Length: 5.0\r\n", b"hello")),
    row("HF-01", "name with a space", post(b"Content-Length : 5\r\n", b"hello")),
    row("HF-01", "look-alike name", post(b"Content_Length: 5\r\nContent-Length: 5\r\n", b"hello")),
    row("HF-01", "other digits", post("Content-Length: ５\r\n".encode(), b"hello")),
    row("HF-01", "NUL after it", post(b"Content-Length: 5\0\r\n", b"hello")),
    row("HF-02", "with a length", post(CHUNKED + b"Content-Length: 5\r\n", LONE_CHUNK)),
    row("HF-02", "length first", post(b"Content-Length: 5\r\n" + CHUNKED, LONE_CHUNK)),
    row("HF-02", "a list", post(b"Transfer-Encoding: gzip, chunked\r\n", LONE_CHUNK)),
    row("HF-02", "chunked is not last", post(b"Transfer-Encoding: chunked, identity\r\n", LONE_CHUNK)),
    row("HF-02", "twice chunked", post(b"Transfer-Encoding: chunked, chunked\r\n", LONE_CHUNK)),
    row("HF-02", "two lines", post(CHUNKED + CHUNKED, LONE_CHUNK)),
    row("HF-02", "unknown and chunked", post(b"Transfer-Encoding: foo\r\n" + CHUNKED, LONE_CHUNK)),
    row("HF-02", "unknown", post(b"Transfer-Encoding: xchunked\r\n", LONE_CHUNK)),
    row("HF-02", "identity", post(b"Transfer-Encoding: identity\r\n", LONE_CHUNK)),
    row("HF-02", "empty", post(b"Transfer-Encoding:\r\nContent-Length: 5\r\n", b"hello")),
    row("HF-02", "quoted", post(b'Transfer-Encoding: "chunked"\r\n', LONE_CHUNK)),
    row("HF-02", "a leading comma", post(b"Transfer-Encoding: ,chunked\r\n", LONE_CHUNK)),
    row("HF-02", "a parameter", post(b"Transfer-Encoding: chunked;a=b\r\n", LONE_CHUNK)),
    row("HF-02", "folded", post(b"Transfer-Encoding:\r\n chunked\r\n", LONE_CHUNK)),
    row("HF-02", "a vertical tab", post(b"Transfer-Encoding: \x0bchunked\r\n", LONE_CHUNK)),
    row("HF-02", "a space before the colon", post(b"Transfer-Encoding : chunked\r\n", LONE_CHUNK)),
    row("HF-02", "behind a bare CR", post(b"X-A: b\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"hello")),
    row("HF-02", "behind an empty value and a bare CR", post(b"X-A:\rTransfer-Encoding: chunked\r\n", LONE_CHUNK)),
    row("HF-02", "in HTTP/1.0", post(CHUNKED, LONE_CHUNK, b"POST / HTTP/1.0")),
    row("HF-04", "two spaces", get(b"GET  / HTTP/1.1")),
    row("HF-04", "a tab", get(b"GET\t/ HTTP/1.1")),
    row("HF-04", "a leading space", get(b" GET / HTTP/1.1")),
    row("HF-04", "a trailing space", get(b"GET / HTTP/1.1 ")),
    row("HF-04", "no version", get(b"GET /")),
    row("HF-04", "HTTP/0.9", get(b"GET / HTTP/0.9")),
    row("HF-04", "HTTP/2.0", get(b"GET / HTTP/2.0")),
    row("HF-04", "HTTP/1.2", get(b"GET / HTTP/1.2")),
    row("HF-04", "lower-case version", get(b"GET / http/1.1")),
    row("HF-04", "another protocol", get(b"GET / RTSP/1.0")),
    row("HF-04", "the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    row("HF-04", "a method of 65 bytes", get(b"M" * 65 + b" / HTTP/1.1")),
    row("HF-04", "an LF before the request", b"\n" + get()),
    row("HF-04", "nine empty lines before the request", b"\r\n" * 9 + get()),
    row("HF-04", "a method with punctuation", get(b"GE(T / HTTP/1.1")),
    row("HF-04", "a space in the target", get(b"GET /a b HTTP/1.1")),
    row("HF-04", "a fragment", get(b"GET /a#b HTTP/1.1")),
    row("HF-04", "bytes above ASCII in the target", get("GET /ä HTTP/1.1".encode())),
    row("HF-04", "no slash", get(b"GET a HTTP/1.1")),
    row("HF-04", "* for a GET", get(b"GET * HTTP/1.1")),
    row("HF-04", "an authority for a GET", get(f"GET {H}:443 HTTP/1.1".encode())),
    row("HF-04", "CONNECT inside the tunnel", get(f"CONNECT {H}:443 HTTP/1.1".encode())),
    row("HF-04", "no Host", get(host=b"")),
    row("HF-04", "two Hosts", get(fields=HOST)),
    row("HF-04", "an empty Host", get(host=b"Host:\r\n")),
    row("HF-04", "a list of Hosts", get(host=f"Host: {H}, {H}\r\n".encode())),
    row("HF-04", "user information in Host", get(host=f"Host: a@{H}\r\n".encode())),
    row("HF-04", "a path in Host", get(host=f"Host: {H}/x\r\n".encode())),
    row("HF-04", "a space in Host", get(host=f"Host: {H} x\r\n".encode())),
    row("HF-04", "a bad port in Host", get(host=f"Host: {H}:443x\r\n".encode())),
    row("HF-04", "an empty field name", get(fields=b": x\r\n")),
    row("HF-04", "a field without a colon", get(fields=b"X-A\r\n")),
    row("HF-04", "a space in a field name", get(fields=b"X A: b\r\n")),
    row("HF-04", "a space before the colon", get(fields=b"X-A : b\r\n")),
    row("HF-04", "a NUL in a value", get(fields=b"X-A: b\0c\r\n")),
    row("HF-04", "a control in a value", get(fields=b"X-A: b\x01c\r\n")),
    row("HF-04", "DEL in a value", get(fields=b"X-A: b\x7fc\r\n")),
    row("HF-04", "a folded field", get(fields=b"X-A: b\r\n c\r\n")),
    row("HF-04", "a first field that begins with a space", get(host=b" X: y\r\n" + HOST)),
    row("HF-04", "a bare LF between fields", get(fields=b"X-A: b\nX-C: d\r\n")),
    row("HF-04", "bare LFs all over", get().replace(b"\r\n", b"\n")),
    row("HF-04", "a bare CR in a value", get(fields=b"X-A: b\rc\r\n")),
    row("HF-04", "CR CR LF", get(fields=b"X-A: b\r\r\n")),
    row("HF-04", "a bare CR ends the head", b"GET / HTTP/1.1\r\n" + HOST + b"\r\rX\r\n\r\n"),
    row("HF-04", "header name in quotes", get(fields=b'"X-A": b\r\n')),
]

# Refused after the head was already good: the request may have begun, it must not end.
BAD_BODY = [
    row("HF-03", "a negative size", b"-5\r\nhello\r\n0\r\n\r\n"),
    row("HF-03", "a sign", b"+5\r\nhello\r\n0\r\n\r\n"),
    row("HF-03", "0x", b"0x5\r\nhello\r\n0\r\n\r\n"),
    row("HF-03", "no size", b"\r\nhello\r\n0\r\n\r\n"),
    row("HF-03", "a space before the size", b" 5\r\nhello\r\n0\r\n\r\n"),
    row("HF-03", "an underscore", b"0_5\r\nhello\r\n0\r\n\r\n"),
    row("HF-03", "overflow", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    row("HF-03", "not a number", b"zz\r\nhello\r\n0\r\n\r\n"),
    row("HF-03", "a bare LF after the size", b"5\nhello\r\n0\r\n\r\n"),
    row("HF-03", "a bare CR after the size", b"5\rhello\r\n0\r\n\r\n"),
    row("HF-03", "a bare LF after the data", b"5\r\nhello\n0\r\n\r\n"),
    row("HF-03", "nothing after the data", b"5\r\nhello0\r\n\r\n"),
    row("HF-03", "other bytes after the data", b"5\r\nhelloXX0\r\n\r\n"),
    row("HF-03", "more data than the size", b"5\r\nhello!\r\n0\r\n\r\n"),
    row("HF-03", "a bare LF in an extension", b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    row("HF-03", "a NUL in an extension", b"5;a\0b\r\nhello\r\n0\r\n\r\n"),
    row("HF-03", "a bad trailer", b"5\r\nhello\r\n0\r\nX Y: z\r\n\r\n"),
    row("HF-03", "a folded trailer", b"5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n"),
    row("HF-03", "a trailer ended by LF", b"5\r\nhello\r\n0\r\nX: y\n\r\n"),
]


class Framing(OneProxy):
    hosts = (H,)

    @classmethod
    def rules(cls):
        return {K: bearer()}

    def deliver(self, data, how):
        """Sends the bytes in one of the three deliveries of HF-05 and reads what comes, up to the end."""
        with self.proxy.tunnel(H) as wire:
            try:
                if how == "whole":
                    wire.send(data)
                elif how == "bytes":
                    wire.send_slowly(data, 1)
                else:
                    for piece in data.replace(b"\r\n", b"\r\0\n").split(b"\0") if b"\0" not in data else [data]:
                        wire.send(piece)
            except (BrokenPipeError, ConnectionResetError):
                pass  # the refusal came before the last byte
            answer = wire.response()
            closed = answer is not None and answer.status == 501 or wire.is_closed()
        return answer, closed

    def test_HF_01_HF_02_HF_04_HF_05_every_bad_head_is_refused_in_every_delivery(self):
        """[I9] [I15]"""
        for name, what, data in BAD:
            for how in ("whole", "bytes", "at CR"):
                with self.subTest(row=name, what=what, how=how):
                    before = self.recorder.application_bytes
                    answer, closed = self.deliver(data, how)
                    self.assertIsNotNone(answer)
                    self.assertIn(answer.status, (400, 414, 421, 501), answer)
                    self.assertEqual(answer.get("Content-Type"), "application/problem+json")
                    # Well-formed, but not a method of ours: the next request could be read without doubt.
                    self.assertTrue(closed or answer.status == 501)
                    self.assertEqual(self.recorder.application_bytes, before)

    def test_HF_03_HF_05_a_bad_chunked_body_never_becomes_a_whole_request(self):
        """[I9] [I15]"""
        for number, (name, what, body) in enumerate(BAD_BODY):
            for how in ("whole", "bytes", "at CR"):
                with self.subTest(row=name, what=what, how=how):
                    path = f"/hf03/{number}/{how.replace(' ', '-')}"
                    data = f"POST {path} HTTP/1.1\r\n".encode() + HOST + CHUNKED + b"\r\n" + body
                    answer, closed = self.deliver(data, how)
                    self.assertTrue(closed)
                    if answer is not None:
                        self.assertEqual(answer.status, 400, answer)
                    for seen in self.recorder.seen(path):
                        self.recorder.wait(seen.connection.ended.is_set)
                        self.assertFalse(seen.complete, f"{what}: the upstream saw a whole request")

    def test_HF_05_a_good_request_is_the_same_in_every_delivery(self):
        """[I15]"""
        body = b"4;x=y\r\nWiki\r\n5\r\npedia\r\n0\r\nX-T: v\r\n\r\n"
        seen = []
        for how in ("whole", "bytes", "at CR"):
            path = f"/hf05/{how.replace(' ', '-')}"
            data = (f"POST {path} HTTP/1.1\r\n".encode() + HOST + CHUNKED + f"Authorization: Bearer {P}\r\n\r\n".encode() + body)
            with self.proxy.tunnel(H) as wire:
                if how == "whole":
                    wire.send(data)
                elif how == "bytes":
                    wire.send_slowly(data)
                else:
                    for piece in data.replace(b"\r\n", b"\r\0\n").split(b"\0"):
                        wire.send(piece)
                self.assertEqual(wire.response("POST").status, 200)
            request = self.recorder.one(path)
            self.assertEqual(request.all("Authorization"), [f"Bearer {V}"])
            seen.append((request.headers, request.body))
        self.assertEqual(seen[0][1], b"Wikipedia")
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(seen[0], seen[2])

    def test_HF_01_equal_lengths_may_be_repeated_but_are_sent_once(self):
        answer, _ = None, None
        with self.proxy.tunnel(H) as wire:
            wire.send(b"POST /hf01/equal HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello")
            answer = wire.response("POST")
        if answer.status == 200:
            seen = self.recorder.one("/hf01/equal")
            self.assertEqual((seen.all("Content-Length"), seen.body), (["5"], b"hello"))
        else:
            self.refused(answer, 400, "malformed_request")

    def test_HF_03_chunk_extensions_are_dropped(self):
        with self.proxy.tunnel(H) as wire:
            wire.send(b"POST /hf03/ext HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n5;secret=x;y=\"z\"\r\nhello\r\n0\r\n\r\n")
            self.assertEqual(wire.response("POST").status, 200)
        seen = self.recorder.one("/hf03/ext")
        self.assertEqual(seen.body, b"hello")
        self.assertNotIn(b"secret", seen.raw_body)

    def boundary(self, name, head, status, reason, bound=""):
        before = self.recorder.application_bytes
        with self.proxy.tunnel(H) as wire:
            wire.send(head)
            answer = wire.response()
        if status == 200:
            self.assertEqual(answer.status, 200, (name, answer))
        else:
            problem = self.refused(answer, status, reason)
            self.assertIn(bound, problem["detail"])
            self.assertEqual(self.recorder.application_bytes, before, name)

    def test_HF_12_every_limit_holds_at_the_byte(self):
        """[I10]"""
        fields = lambda count: b"".join(b"X-%d: v\r\n" % n for n in range(count))
        self.boundary("128 fields", get(b"GET /hf12/a HTTP/1.1", fields(127)), 200, None)
        self.boundary("129 fields", get(b"GET /hf12/b HTTP/1.1", fields(128)), 431, "header_too_large", "128 fields")
        target = lambda size: b"/" + b"t" * (size - 1)
        self.boundary("target of 8 KiB", get(b"GET " + target(8192) + b" HTTP/1.1"), 200, None)
        self.boundary("and one", get(b"GET " + target(8193) + b" HTTP/1.1"), 414, "target_too_long")
        field = lambda size: b"X-Long: " + b"v" * (size - len("X-Long: ")) + b"\r\n"
        self.boundary("field of 32 KiB", get(b"GET /hf12/c HTTP/1.1", field(32 * 1024)), 200, None)
        self.boundary("and one", get(b"GET /hf12/d HTTP/1.1", field(32 * 1024 + 1)), 431, "header_too_large", "32 KiB")
        many = lambda size: field(15 * 1024) * (size // (15 * 1024)) + field(max(size % (15 * 1024), 10))
        self.boundary("fields of 60 KiB", get(b"GET /hf12/e HTTP/1.1", many(60 * 1024)), 200, None)
        self.boundary("fields over 64 KiB", get(b"GET /hf12/f HTTP/1.1", many(66 * 1024)), 431, "header_too_large", "64 KiB")

    def test_HF_12_answers_may_be_larger_and_hold_at_the_byte_too(self):
        """[I10]"""
        line = lambda size: b"X-L: " + b"v" * (size - 7) + b"\r\n"
        whole = lambda lines: b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 2\r\n\r\nok"
        rows = (("255 fields and a length", b"X-A: v\r\n" * 255, 200), ("256 and a length", b"X-A: v\r\n" * 256, 502),
                ("a field of 64 KiB", line(64 * 1024 + 2), 200), ("and one", line(64 * 1024 + 3), 502),
                ("250 KiB of fields", line(50 * 1024) * 5, 200), ("beyond 256 KiB", line(50 * 1024) * 5 + line(7 * 1024), 502))
        for number, (name, lines, status) in enumerate(rows):
            with self.subTest(name):
                path = f"/hf12/answer/{number}"
                self.recorder.on(path, lambda request, connection, data=whole(lines): connection.send(data))
                answer = self.ask(H, target=path)
                self.assertEqual(answer.status, status, name)
                if status == 200:
                    self.assertEqual(len(answer.headers), lines.count(b"\r\n") + 1)
                    self.assertEqual(answer.body, b"ok")
                else:
                    self.refused(answer, 502, "upstream_protocol_error")

    def test_HF_13_too_many_chunk_extensions_are_refused(self):
        chunks = (b"1;" + b"e" * 1000 + b"\r\nx\r\n") * 40 + b"0\r\n\r\n"
        with self.proxy.tunnel(H) as wire:
            try:
                wire.send(b"POST /hf13 HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n" + chunks)
            except (BrokenPipeError, ConnectionResetError):
                pass
            answer = wire.response("POST")
        if answer is not None:
            self.assertIn(answer.status, (400, 413), answer)
        self.assertFalse([r for r in self.recorder.seen("/hf13") if r.complete])

    def test_HF_14_a_million_one_byte_chunks_cost_no_memory(self):
        """[I10]"""
        count = 1_000_000
        before = self.proxy.status("VmRSS")
        with self.proxy.tunnel(H, timeout=120) as wire:
            wire.send(b"POST /hf14 HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n")
            piece = b"1\r\nx\r\n" * 10_000
            try:
                for _ in range(count // 10_000):
                    wire.send(piece)
                wire.send(b"0\r\n\r\n")
            except (BrokenPipeError, ConnectionResetError):
                pass
            answer = wire.response("POST")
        self.assertLess(self.proxy.status("VmRSS") - before, 16 * 1024)
        if answer.status == 200:
            self.assertEqual(self.recorder.one("/hf14").body, b"x" * count)
        else:
            self.assertEqual(answer.status, 413)

    def test_HF_15_bytes_after_a_last_request_are_ignored(self):
        with self.proxy.tunnel(H) as wire:
            wire.send(get(b"GET /hf15 HTTP/1.1", b"Connection: close\r\n") + b"garbage\r\n\r\nGET /hf15/more HTTP/1.1\r\n\r\n")
            answer = wire.response()
            self.assertEqual(answer.status, 200)
            self.assertTrue(wire.is_closed())
        self.assertEqual(len(self.recorder.seen("/hf15")), 1)

    def test_HF_16_a_body_cut_off_is_not_a_whole_request(self):
        for number, (framing, body) in enumerate(((b"Content-Length: 100\r\n", b"half"), (CHUNKED, b"4\r\nhalf\r\n"))):
            for way in ("close_notify", "FIN"):
                with self.subTest(framing=framing, way=way):
                    path = f"/hf16/{number}/{way}"
                    wire = self.proxy.tunnel(H)
                    wire.send(f"POST {path} HTTP/1.1\r\n".encode() + HOST + framing + b"\r\n" + body)
                    self.assertTrue(self.recorder.wait(lambda: self.recorder.seen(path)))
                    if way == "FIN":
                        wire.sock.shutdown(socket.SHUT_WR)
                    else:
                        wire.sock.settimeout(2)
                        try:
                            wire.sock.unwrap()
                        except (OSError, ValueError):
                            pass
                    wire.close()
                    seen = self.recorder.one(path)
                    self.assertTrue(self.recorder.wait(seen.connection.ended.is_set))
                    self.assertFalse(seen.complete)

    def test_HF_17_an_HTTP_1_0_body_without_a_length_is_no_body(self):
        with self.proxy.tunnel(H) as wire:
            wire.send(b"POST /hf17 HTTP/1.0\r\n" + HOST + b"\r\nbody-until-the-end")
            wire.sock.shutdown(socket.SHUT_WR)
            wire.rest()
        for seen in self.recorder.seen("/hf17"):
            self.assertNotIn(b"body-until", seen.raw)


class Mutation(OneProxy):
    """HF-06, scaled: mutated requests through a live proxy, judged by what the upstream could parse."""

    hosts = (H,)
    SEED, ROUNDS = 20261122, 200
    CORPUS = [get(b"GET /m?a=b HTTP/1.1", b"Accept: */*\r\nX-A: b\r\n"), post(b"Content-Length: 5\r\n", b"hello", b"POST /m HTTP/1.1"),
              post(CHUNKED + b"X-B: c\r\n", b"5;e=f\r\nhello\r\n0\r\nX-T: u\r\n\r\n", b"POST /m HTTP/1.1"),
              get(b"HEAD /m HTTP/1.1", b"Connection: close\r\n"), post(b"Expect: 100-continue\r\nContent-Length: 2\r\n", b"ok", b"PUT /m HTTP/1.1")]
    BYTES = [b"\r", b"\n", b"\0", b" ", b"\t", b":", b",", b";", b"\r\n", b"\x0b", b"\xff", b"0", b"chunked", b"Content-Length: 3\r\n",
             b"Transfer-Encoding: chunked\r\n", b"Host: evil.test\r\n", b"HTTP/1.0", b"%00", b"../"]

    @classmethod
    def rules(cls):
        return {K: bearer()}

    def mutate(self, random, data):
        data = bytearray(data)
        for _ in range(random.randint(1, 3)):
            at = random.randrange(len(data) + 1)
            kind = random.randrange(5)
            if kind == 0:
                data[at:at] = random.choice(self.BYTES)
            elif kind == 1:
                data[at:at + random.randint(1, 4)] = b""
            elif kind == 2 and at < len(data):
                data[at] ^= 1 << random.randrange(8)
            elif kind == 3:
                data[at:at] = data[at:at + random.randint(1, 30)]
            else:
                lines = bytes(data).split(b"\r\n")
                random.shuffle(lines[1:-2])
                other = random.randrange(len(lines))
                lines.insert(other, lines[random.randrange(len(lines))])
                data = bytearray(b"\r\n".join(lines))
        return bytes(data)

    def answers_to(self, sent, before):
        """Statuses of all that came back: read on until it is quiet and every whole request is answered."""
        import re
        with self.proxy.tunnel(H, timeout=0.1) as wire:
            try:
                wire.send(sent)
            except OSError:
                pass
            end = time.monotonic() + 5
            while time.monotonic() < end:
                try:
                    is_open = wire.more()
                except socket.timeout:
                    is_open = True
                    found = [status for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", wire.received) if status != b"100"]
                    if len(found) >= len([r for r in self.recorder.requests[before:] if r.complete]):
                        break
                if not is_open:
                    break
            return [status for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", wire.received) if status != b"100"]

    def test_HF_06_mutated_requests_never_reach_the_upstream_malformed(self):
        """[I9]"""
        import random as randomness
        random = randomness.Random(self.SEED)
        strict = b"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
        import re
        field = re.compile(strict + rb": ?[\t\x20-\x7e\x80-\xff]*")
        for turn in range(self.ROUNDS):
            sent = self.mutate(random, random.choice(self.CORPUS))
            before = len(self.recorder.requests)
            answered = self.answers_to(sent, before)
            seen = self.recorder.requests[before:]
            for request in seen:
                with self.subTest(turn=turn, sent=sent):
                    first, *fields = request.raw_head[:-4].split(b"\r\n")
                    self.assertRegex(first, rb"^[A-Z]+ /[\x21-\x7e]* HTTP/1\.1$")
                    for line in fields:
                        self.assertTrue(field.fullmatch(line), line)
                    self.assertEqual([host.lower() for host in request.all("Host")], [H])
                    framings = len(request.all("Content-Length")) + len(request.all("Transfer-Encoding"))
                    self.assertLessEqual(framings, 1)
            with self.subTest(turn=turn, sent=sent):
                self.assertLessEqual(len([r for r in seen if r.complete]), len(answered))
        self.assertTrue(self.proxy.is_running())


if __name__ == "__main__":
    main()
