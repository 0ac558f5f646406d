# SPDX-License-Identifier: Apache-2.0
"""HF-10 and HF-11: slow senders, against the deadlines of proxy/base/limits.h."""

import concurrent.futures
import socket
import time

from harness import client
from harness.case import H, K, OneProxy, bearer, main

HOST = f"Host: {H}\r\n".encode()


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

    def silent_connect(self):
        with client.dial(self.proxy.port, 60) as wire:
            wire.send(b"CONNECT ")
            return wire.response(), wire.is_closed()

    def test_HF_10_HF_11_slow_senders_get_408(self):
        """[I10]"""
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
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


if __name__ == "__main__":
    main()
