# SPDX-License-Identifier: Apache-2.0
"""I8: a secret that comes back in an answer is its placeholder again, by the real program: in every listed form, cut
anyhow, compressed, in heads, streams and WebSockets, for each caller and connection."""

import base64
import gzip
import html
import json
import time
import unittest
import urllib.parse
import zlib

from harness import canary, client
from harness.case import H, H2, K, K2, P, P2, V, V2, X, OneProxy, bearer, main

OFF, POFF, VOFF, HOFF = "KEY_OFF", "off-PLACEHOLDER-0123456789abcdef", "off-live-3kd0Aqp/8+", "off.example.test"
AUTH = [("Authorization", f"Bearer {P}")]


def forms(secret):
    """How common programs write it."""
    data = secret.encode()
    yield from {
        secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret),
        "".join(f"%{byte:02x}" for byte in data), json.dumps(secret)[1:-1], json.dumps(secret)[1:-1].replace("/", "\\/"),
        "".join(f"\\u{byte:04x}" for byte in data), html.escape(secret), secret.replace("&", "&#38;"),
        data.hex(), data.hex().upper(), base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode(),
    }


class Scrubbing(OneProxy):
    hosts = (H, H2, X, HOFF)
    secrets = {K: V, K2: V2, OFF: VOFF}

    @classmethod
    def rules(cls):
        other = bearer(K2, P2, (H,))
        other["inject"] = {"header": "X-Second", "format": f"{{{K2}}}"}
        return {K: bearer(hosts=(H, H2)), K2: other, OFF: bearer(OFF, POFF, (HOFF,), scrub="off")}

    def says(self, path, body, headers=()):
        """What the client gets of such an answer."""
        self.recorder.on(path, lambda _, connection: connection.answer(body=body, headers=headers))
        return self.ask(H, target=path, headers=AUTH)

    def closing(self, path):
        request_id = self.proxy.decision(path)["request_id"]
        found = lambda: [r for r in self.proxy.records() if r["type"] == "upstream_response" and r["request_id"] == request_id]
        deadline = time.monotonic() + 10
        while not found() and time.monotonic() < deadline:
            time.sleep(0.01)
        return found()[0]

    def test_X03_P16_every_listed_form_is_its_placeholder_again(self):
        """[I8]"""
        for number, form in enumerate(forms(V)):
            with self.subTest(form=number):
                answer = self.says(f"/form/{number}", f'{{"said": "{form}."}}')
                self.assertEqual(canary.find_in(answer.body, V), [])
                self.assertIn(P.encode(), answer.body)
                self.assertTrue(self.closing(f"/form/{number}")["scrubbed"])

    def test_P07_reason_names_values_and_location_are_scrubbed(self):
        """[I8]"""
        def echo(request, connection):
            sent = request.get("Authorization")
            connection.send(f"HTTP/1.1 103 Hints\r\nLink: <{V}>\r\n\r\n")
            connection.answer(302, sent, [("Location", f"/cb?k={urllib.parse.quote(V, safe='')}"), ("X-Echo", sent)],
                              reason=f"Because of {V}")
        self.recorder.on("/head", echo)
        with self.proxy.tunnel(H) as wire:
            wire.send(client.request_bytes("GET", "/head", H, AUTH))
            seen = [wire.head(), wire.response()]
        self.assertEqual(seen[0].get("Link"), f"<{P}>")
        self.assertEqual(seen[1].get("Location"), f"/cb?k={P}")
        self.assertEqual(seen[1].get("X-Echo"), f"Bearer {P}")
        self.assertEqual(seen[1].body, f"Bearer {P}".encode())
        self.assertNotIn(V, seen[1].reason)
        kinds = {(one["secret"], one["where"]) for one in self.closing("/head")["scrubbed"]}
        self.assertEqual(kinds, {(K, "head"), (K, "body")})

    def test_P04_P06_a_placeholder_in_a_body_comes_back_as_it_is_and_a_key_does_not(self):
        """[I2] [I8]"""
        self.recorder.on("/echo", lambda request, connection: connection.answer(body=request.body + V.encode()))
        answer = self.ask(H, "POST", "/echo", [*AUTH, ("Content-Type", "text/plain")], f"say {P} ".encode())
        self.assertEqual(answer.body, f"say {P} {P}".encode())

    def test_P08_what_was_stored_is_found_when_it_is_read_back(self):
        """[I8] Without a placeholder, by another connection and path; and another rule's secret."""
        self.ask(H, target="/store", headers=AUTH)
        self.recorder.on("/read", lambda _, connection: connection.answer(body=f"{V} and {V2}"))
        answer = self.ask(H, target="/read")
        self.assertEqual(answer.body, f"{P} and {P2}".encode())
        self.decided(self.proxy.decision("/read"), "pass", "no_placeholder")

    def test_compressed_answers_are_not_asked_for_and_searched_all_the_same(self):
        """[I8]"""
        text = f"the key is {V}.".encode()
        bare = zlib.compressobj(wbits=-15)
        codings = {"gzip": gzip.compress(text), "deflate": zlib.compress(text),
                   "deflate, identity": bare.compress(text) + bare.flush(), "gzip, x-gzip": gzip.compress(gzip.compress(text))}
        for number, (coding, body) in enumerate(codings.items()):
            with self.subTest(coding=coding):
                path = f"/coded/{number}"
                self.recorder.on(path, lambda _, connection, body=body, coding=coding: connection.answer(
                    body=body, headers=[("Content-Encoding", coding), ("ETag", '"x"')]))
                answer = self.ask(H, target=path, headers=[*AUTH, ("Accept-Encoding", "gzip, br"), ("Range", "bytes=0-3")])
                self.assertEqual(answer.body, f"the key is {P}.".encode())
                self.assertIsNone(answer.get("Content-Encoding"))
                self.assertEqual(answer.get("ETag"), 'W/"x"')
                seen = self.recorder.one(path)
                self.assertEqual(seen.all("Accept-Encoding"), ["identity"])
                self.assertEqual(seen.all("Range"), [])

    def test_what_cannot_be_read_is_refused_where_a_secret_went_out(self):
        """[I8]"""
        answer = self.says("/blind", "whatever", [("Content-Encoding", "rot13")])
        self.assertEqual(self.refused(answer, 502, "upstream_protocol_error")["cause"], "content_coding_unknown")

    def test_HP10_a_bomb_is_cut_and_does_no_harm(self):
        """[I10]"""
        body = gzip.compress(bytes(100 * 1024 * 1024), 9)
        self.recorder.on("/bomb", lambda _, connection: connection.answer(body=body, headers=[("Content-Encoding", "gzip")]))
        with self.proxy.tunnel(H) as wire:
            wire.send(client.request_bytes("GET", "/bomb", H, AUTH))
            self.assertLess(len(wire.rest()), 40 * 1024 * 1024)
        self.assertEqual(self.closing("/bomb")["cause"], "content_coding_broken")

    def test_P17_events_go_on_at_once_and_a_key_across_their_borders_does_not(self):
        """[I8]"""
        sent = []

        def stream(_, connection):
            connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            for event in (b"data: one\n\n", b"data: two\n\n", b"data: " + V[:9].encode(), V[9:].encode() + b"\n\n"):
                sent.append(time.monotonic())
                connection.send(b"%x\r\n%s\r\n" % (len(event), event))
                time.sleep(0.2)
            connection.send(b"0\r\n\r\n")
        self.recorder.on("/sse", stream)
        with self.proxy.tunnel(H) as wire:
            wire.send(client.request_bytes("GET", "/sse", H, AUTH))
            wire.head()
            for number, event in enumerate((b"data: one\n\n", b"data: two\n\n")):
                wire.until(event)
                self.assertLess(time.monotonic() - sent[number], 0.05)
            rest = wire.until(b"0\r\n\r\n")
        self.assertNotIn(V[:9].encode(), rest)
        self.assertIn(P.encode(), rest)

    def test_every_cut_of_a_body_gives_the_same(self):
        """[I8] [I15]"""
        body = f"a {V} b {V2} c".encode()

        def slowly(request, connection):
            size = int(request.target.split("=")[1])
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for at in range(0, len(body), size):
                piece = body[at:at + size]
                connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            connection.send(b"0\r\n\r\n")
        self.recorder.on("/cut", slowly)
        for size in (1, 2, 3, 7, 20, 100):
            self.assertEqual(self.ask(H, target=f"/cut?n={size}", headers=AUTH).body, f"a {P} b {P2} c".encode())

    def test_with_scrub_off_an_answer_stays_byte_by_byte(self):
        """[I8] And it is told by check, explain and doctor. (It is no secret then: not V.)"""
        self.recorder.on("/off", lambda _, connection: connection.answer(body=b"as it is"))
        answer = self.ask(HOFF, target="/off", headers=[("Authorization", f"Bearer {POFF}")])
        self.assertEqual(answer.get("Content-Length"), "8")
        self.assertIn(b"scrub: off", self.home.run("bindings", "check").stderr)
        told = self.home.run("bindings", "explain", "GET", f"https://{HOFF}/off").stdout
        self.assertIn(b"scrub: off", told)
        self.assertIn(OFF.encode(), self.home.run("doctor", "--quick").stdout)


if __name__ == "__main__":
    main()
