# SPDX-License-Identifier: Apache-2.0
"""An upstream whose host is gone without a word: what comes to its socket is dropped and not acknowledged, as
when a machine loses its power or a firewall forgets the connection."""

import subprocess
import threading
import time

from harness import client, network
from harness.case import H, P, X, OneProxy, document, main
from harness.recorder import early
from test_moments import Listener, exactly, fill

AUTH = [("Authorization", f"Bearer {P}")]


class Vanishing:
    """Answers, and is gone from then on. A client has the answer a moment before the host is gone, in which it could
    ask again and be answered: it waits for that."""

    def __init__(self):
        self.gone = threading.Semaphore(0)

    def __call__(self, _, connection):
        connection.answer()
        network.drop_all(connection.sock)
        self.gone.release()

    def wait(self):
        assert self.gone.acquire(timeout=30), "the host did not go"


class Gone(OneProxy):
    hosts = (H,)

    def ask(self, target, method="GET", body=b"", **options):
        before = time.monotonic()
        answer = self.proxy.ask(H, method, target, AUTH, body, **options)
        return answer, time.monotonic() - before

    def test_a_request_on_a_pooled_connection_whose_host_is_gone_is_answered_in_seconds(self):
        host = Vanishing()
        self.recorder.on("/vanishes", host)
        for method, body in (("POST", b"order"), ("PUT", b"order"), ("DELETE", b"")):
            with self.subTest(method=method), self.proxy.tunnel(H, timeout=30) as wire:
                wire.send(client.request_bytes("GET", "/vanishes", H, AUTH))
                self.assertEqual(wire.response().status, 200)
                host.wait()
                target = f"/after-{method.lower()}"
                before = time.monotonic()
                wire.send(client.request_bytes(method, target, H, AUTH, body))
                answer = wire.response(method)
                self.assertLess(time.monotonic() - before, 12)
                problem = self.refused(answer, 502, "upstream_protocol_error")
                self.assertIn("acknowledge", problem["detail"])
                self.assertEqual(self.recorder.seen(target), [], "it was sent a second time")

    def test_the_next_request_has_a_connection_that_works(self):
        host = Vanishing()
        self.recorder.on("/vanishes-too", host)
        self.assertEqual(self.ask("/vanishes-too")[0].status, 200)
        host.wait()
        self.ask("/meanwhile", "POST", b"x", timeout=30)
        answer, took = self.ask("/then")
        self.assertEqual(answer.status, 200)
        self.assertLess(took, 2)

    def test_a_host_that_acknowledges_and_thinks_for_long_is_waited_for(self):
        def thinks(_, connection):
            time.sleep(7)
            connection.answer()
        self.recorder.on("/thinks", thinks)
        answer, took = self.ask("/thinks", "POST", b"x", timeout=30)
        self.assertEqual(answer.status, 200)
        self.assertGreaterEqual(took, 7)

    def test_a_host_that_takes_nothing_more_but_is_there_is_waited_for(self):
        @early
        def reads_late(request, connection):
            time.sleep(8)
            connection.read_body(request)
            connection.answer(body=str(len(request.body)))
        self.recorder.on("/reads-late", reads_late)
        size = 8 * 1024 * 1024
        answer, _ = self.ask("/reads-late", "POST", bytes(size), timeout=60)
        self.assertEqual((answer.status, answer.body), (200, str(size).encode()))

    def test_a_silent_host_is_asked_whether_it_is_there(self):
        self.assertEqual(self.ask("/idle")[0].status, 200)
        listed = subprocess.run(["ss", "-tnoHp", "dst", self.recorder.address], capture_output=True, text=True, check=True)
        ours = [line for line in listed.stdout.splitlines() if f"pid={self.proxy.pid}," in line]
        self.assertTrue(ours, listed.stdout)
        for line in ours:
            self.assertIn("timer:(keepalive,", line)


class TunnelGone(OneProxy):
    policy = "forward_unmodified"
    hosts = (H,)

    @classmethod
    def document(cls):
        cls.listener = Listener()
        cls.recorders.append(cls.listener)
        return document(cls.rules(), recorder=cls.recorder, hosts=cls.hosts, root=cls.authority.certificate,
                        policy=cls.policy, resolve={f"{X}:443": cls.listener.address})

    def test_a_tunnel_whose_host_is_gone_ends_in_about_a_minute(self):
        """[I10] And one whose host only takes nothing lives on."""
        (gone, their_gone), (deaf, their_deaf) = pairs = [self.opened() for _ in range(2)]
        for mine, theirs in pairs:
            mine.sendall(b"\0hello")
            self.assertEqual(exactly(theirs, 6), b"\0hello")
        network.drop_all(their_gone)
        before = time.monotonic()
        gone.sendall(b"is anybody there?")
        fill(deaf)
        gone.settimeout(100)
        self.assertEqual(gone.recv(1), b"")
        self.assertTrue(55 < time.monotonic() - before < 90)
        their_deaf.sendall(b"still here")
        self.assertEqual(exactly(deaf, 10), b"still here")

    def opened(self):
        wire, answer = self.proxy.connect(f"{X}:443")
        self.assertEqual(answer.status, 200)
        self.addCleanup(wire.close)
        theirs = self.listener.accept()
        self.addCleanup(theirs.close)
        return wire.sock, theirs


if __name__ == "__main__":
    main()
