# SPDX-License-Identifier: Apache-2.0
"""The way of a request from end to end, for the sanitizer builds: a report of theirs ends the process."""

import concurrent.futures
import os
import signal

from harness import client
from harness.case import H, H2, K, P, P2, V, V2, X, OneProxy, document, main

AUTH = [("Authorization", f"Bearer {P}")]


class Smoke(OneProxy):
    policy = "forward_unmodified"
    threads = 2

    @classmethod
    def document(cls):
        cls.plain = cls.make_recorder()
        return document(cls.rules(), recorder=cls.recorder, hosts=cls.hosts, root=cls.authority.certificate, policy=cls.policy,
                        resolve={f"{X}:80": cls.plain.address})

    def test_requests_of_every_form_at_once(self):
        def converse(number):
            host, placeholder = ((H, P), (H2, P2))[number % 2]
            with self.proxy.tunnel(host) as wire:
                for turn in range(20):
                    wire.send(client.request_bytes("POST", f"/smoke/{number}/{turn}", host, [("Authorization", f"Bearer {placeholder}")],
                                                   b"x" * 1000 * turn))
                    assert wire.response("POST").status == 200
            answer = self.proxy.raw(f"GET http://{X}/plain/{number} HTTP/1.1\r\nHost: {X}\r\n\r\n")
            assert answer.status == 200, answer
            wire, answer = self.proxy.connect(f"{X}:443")
            context = client.tls_context(self.authority.certificate)
            with client.start_tls(wire, X, None, context) as inner:
                inner.send(client.request_bytes("GET", f"/tunnel/{number}", X))
                assert inner.response().status == 200
            client.tunnel(self.proxy.port, H, self.home.ca).close()
            return True
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            self.assertTrue(all(pool.map(converse, range(32))))
        for request in self.recorder.seen("/smoke/"):
            self.assertEqual(request.get("Authorization"), f"Bearer {(V, V2)[int(request.path.split('/')[2]) % 2]}")

    def test_refusals_reloads_and_ends(self):
        for _ in range(5):
            self.assertTrue(self.proxy.reload()["accepted"])
            with self.proxy.tunnel(H) as wire:
                wire.send(client.request_bytes("GET", "/x", H2, AUTH))
                self.refused(wire.response(), 421, "identity_mismatch")
            with self.proxy.tunnel(H) as wire:
                wire.send(b"GET / HTTP/1.1\r\nBad\r\n\r\n")
                self.refused(wire.response(), 400, "malformed_request")
        def cut(_, connection):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            connection.reset()
        self.recorder.on("/cut", cut)
        for _ in range(10):
            self.ask(H, target="/cut", headers=AUTH)


if __name__ == "__main__":
    main()
