# SPDX-License-Identifier: Apache-2.0
"""What comes at a moment when nobody waits for it - bytes after a refusal, resets, half-closes - ends a connection at
most, and never the process. Run with the sanitizers, too (test/e2e.cmake)."""

import socket
import struct
import threading
import time

from harness import client, exchange
from harness.case import H, OneProxy, main, row
from harness.exchange import SPOT, rule

TRADE, LIMITED = "BINANCE_PLACEHOLDER_TRADE_0123456789", "BINANCE_PLACEHOLDER_LIMITED_0123456789"
MIB = 1 << 20


def chunk(data):
    return b"%x\r\n" % len(data) + data + b"\r\n"


CHUNK = chunk(b"x" * 100)


class Refused(OneProxy):
    """A request whose body a signer reads is refused while the body is still coming."""

    hosts = (SPOT, H)
    secrets = exchange.SECRETS

    @classmethod
    def rules(cls):
        return {"TRADE": rule(TRADE), "LIMITED": rule(LIMITED, max_body=1000)}

    def begin(self, path, placeholder=TRADE, framing="Transfer-Encoding: chunked"):
        wire = self.proxy.tunnel(SPOT)
        self.addCleanup(wire.close)
        wire.send(f"POST {path} HTTP/1.1\r\nHost: {SPOT}\r\nX-MBX-APIKEY: {placeholder}\r\n{framing}\r\n\r\n")
        return wire

    def lives(self, path):
        self.assertTrue(self.proxy.is_running(), self.proxy.stderr.decode())
        self.assertEqual(self.ask(SPOT, "GET", path).status, 200)

    def test_the_answer_arrives_whatever_of_the_body_still_comes(self):
        # (name, placeholder, framing, what refuses it, what still comes, status, reason)
        cases = (row("past what a signer reads", TRADE, "Transfer-Encoding: chunked", chunk(b"y" * 65000) * 17, CHUNK * 3000,
                     413, "body_too_large"),
                 row("past max_body", LIMITED, "Transfer-Encoding: chunked", CHUNK * 11, CHUNK * 3000, 413, "body_too_large"),
                 row("past max_body, and its end", LIMITED, "Transfer-Encoding: chunked", CHUNK * 11, b"0\r\n\r\n",
                     413, "body_too_large"),
                 row("past max_body, and a bad chunk", LIMITED, "Transfer-Encoding: chunked", CHUNK * 11, b"zz\r\n" * 3000,
                     413, "body_too_large"),
                 row("a bad chunk", TRADE, "Transfer-Encoding: chunked", CHUNK + b"zz\r\n", CHUNK * 3000, 400, "malformed_request"),
                 row("a known length past max_body", LIMITED, "Content-Length: 500000", b"", b"x" * 500000, 413, "body_too_large"))
        for number, (name, placeholder, framing, refused, more, status, reason) in enumerate(cases):
            for at_once in (True, False):
                with self.subTest(name, at_once=at_once):
                    path = f"/api/v3/refused/{number}/{at_once}"
                    wire = self.begin(path, placeholder, framing)
                    if at_once:
                        wire.send(refused + more)
                    else:
                        wire.send(refused)
                        for start in range(0, len(more), 20000):
                            try:
                                wire.send(more[start:start + 20000])
                            except OSError:
                                break  # the answer is there, and the connection gone
                    self.refused(wire.response(), status, reason)
                    self.decided(self.proxy.decision(path), "refused", reason)
                    self.assertEqual(self.recorder.seen(path), [])
        self.lives("/api/v3/time")

    def test_I10_more_bodies_than_a_loop_holds_are_refused_while_they_come(self):
        held = []
        for number in range(65):
            wire = self.begin(f"/api/v3/held/{number}")
            held.append(wire)
            try:
                wire.send(chunk(b"x" * 16000) * 65 + CHUNK * 50)
            except OSError:
                pass
        answers = [wire for wire in held if self._is_answered(wire)]
        self.assertGreater(len(answers), 0)
        for wire in answers:
            self.refused(wire.response(), 503, "too_busy")
        for wire in held:
            wire.close()
        self.lives("/api/v3/time")

    @staticmethod
    def _is_answered(wire):
        wire.sock.settimeout(0.2)
        try:
            return wire.more()
        except socket.timeout:
            return False
        finally:
            wire.sock.settimeout(20)


if __name__ == "__main__":
    main()
