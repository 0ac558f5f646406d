# SPDX-License-Identifier: Apache-2.0
"""HF-10 and HF-11: slow senders, and an upstream that does not read, against the deadlines of proxy/base/bounds.h."""

import concurrent.futures
import socket
import threading
import time

from harness import client
from harness.case import H, K, OneProxy, bearer, main
from harness.recorder import early

HOST = f"Host: {H}\r\n".encode()
UPLOAD = 16 * 1024 * 1024


def get(line):
    return line + b"\r\n" + HOST + b"\r\n"


class Slow(OneProxy):
    """The deadlines of up to two minutes, side by side; longer ones do not fit into a test."""

    hosts = (H,)

    @classmethod
    def rules(cls):
        return {K: bearer()}

    def slow_head(self):
        with self.proxy.tunnel(H, timeout=60) as wire:
            data = get(b"GET /hf10/slow HTTP/1.1")
            began = time.monotonic()
            wire.send(data[:10])
            answer = wire.response()
            return answer, time.monotonic() - began, wire.is_closed()

    def patient_head(self):
        with self.proxy.tunnel(H, timeout=60) as wire:
            for byte in get(b"GET /hf10/patient HTTP/1.1"):
                wire.send(bytes([byte]))
                time.sleep(0.02)
            return wire.response()

    def slow_body(self):
        with self.proxy.tunnel(H, timeout=200) as wire:
            wire.send(b"POST /hf11 HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n")
            wire.sock.settimeout(0.5)
            began = time.monotonic()
            while time.monotonic() - began < 180:
                try:
                    wire.send(b"x")
                    if not wire.more():
                        break
                    wire.sock.settimeout(20)
                    break
                except socket.timeout:
                    continue
                except (BrokenPipeError, ConnectionResetError, OSError):
                    break
            wire.sock.settimeout(10)
            return wire.response("POST"), time.monotonic() - began

    def pausing_body(self):
        with self.proxy.tunnel(H, timeout=60) as wire:
            wire.send(b"POST /pause HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\nhello")
            time.sleep(100)
            wire.send(b"world")
            return wire.response("POST")

    def upload(self, target):
        """More than all buffers on the way hold."""
        with self.proxy.tunnel(H, timeout=200) as wire:
            began = time.monotonic()
            wire.send(client.request_bytes("POST", target, H, body=bytes(UPLOAD)))
            return wire.response("POST"), time.monotonic() - began

    def silent_connect(self):
        with client.dial(self.proxy.port, 60) as wire:
            wire.send(b"CONNECT ")
            return wire.response(), wire.is_closed()

    def test_HF_10_HF_11_slow_senders_get_408_and_who_takes_nothing_is_a_504(self):
        """[I10]"""
        untaken = threading.Event()

        @early
        def takes_nothing(_, connection):
            untaken.wait(200)

        @early
        def takes_it_late(_, connection):
            time.sleep(75)
            taken = len(connection.unread)
            while taken < UPLOAD and (piece := connection.sock.recv(262144)):
                taken += len(piece)
            connection.unread = b""
            connection.answer(body=str(taken))
        self.recorder.on("/takes-nothing", takes_nothing)
        self.recorder.on("/takes-it-late", takes_it_late)
        with concurrent.futures.ThreadPoolExecutor(7) as pool:
            unread, late = pool.submit(self.upload, "/takes-nothing"), pool.submit(self.upload, "/takes-it-late")
            head, patient = pool.submit(self.slow_head), pool.submit(self.patient_head)
            body, silent = pool.submit(self.slow_body), pool.submit(self.silent_connect)
            pausing = pool.submit(self.pausing_body)
            self.assertEqual(patient.result().status, 200)
            answer, seconds, closed = head.result()
            self.refused(answer, 408, "client_timeout")
            self.assertTrue(closed)
            self.assertTrue(25 < seconds < 40, seconds)
            answer, seconds = body.result()
            self.refused(answer, 408, "client_timeout")
            self.assertTrue(110 < seconds < 170, seconds)
            seen = self.recorder.one("/hf11")
            self.assertTrue(self.recorder.wait(seen.connection.ended.is_set))
            self.assertFalse(seen.complete)
            answer, closed = silent.result()
            self.refused(answer, 408, "client_timeout")
            # A body may pause.
            self.assertEqual(pausing.result().status, 200)
            self.assertEqual(self.recorder.one("/pause").body, b"helloworld")
            # So may an upstream in taking it, for longer than its host may be gone; and not for ever.
            answer, seconds = late.result()
            self.assertEqual((answer.status, answer.body), (200, str(UPLOAD).encode()), answer)
            answer, seconds = unread.result()
            problem = self.refused(answer, 504, "upstream_timeout")
            self.assertIn("takes nothing more of what is sent: for 120 s.", problem["detail"])
            self.assertTrue(110 < seconds < 170, seconds)
            decision = self.proxy.decisions("/takes-nothing")[0]
            ended = self.proxy.await_record(
                lambda r: r["type"] == "upstream_response" and r["request_id"] == decision["request_id"])
            self.assertEqual([(r["outcome"], r["cause"]) for r in ended], [("upstream_timeout", "takes_nothing")])
            untaken.set()


if __name__ == "__main__":
    main()
