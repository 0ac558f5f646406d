# SPDX-License-Identifier: Apache-2.0
"""What comes at a moment when nobody waits for it - bytes after a refusal, resets, half-closes - ends a connection at
most, and never the process. Run with the sanitizers, too (test/e2e.cmake)."""

import os
import signal
import socket
import ssl
import struct
import threading
import time

from harness import client, exchange
from harness.case import H, X, OneProxy, document, main, row
from harness.exchange import SPOT, rule

PLAIN = "plain.example.test"
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

    def test_more_bodies_than_a_loop_holds_are_refused_while_they_come(self):
        held = []
        for number in range(70):
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


class Listener:
    """An upstream of opaque tunnels: plain sockets, one a tunnel."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.sock.settimeout(20)
        self.address = "127.0.0.1:%d" % self.sock.getsockname()[1]

    def accept(self):
        accepted, _ = self.sock.accept()
        accepted.settimeout(20)
        return accepted

    def stop(self):
        self.sock.close()


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def half_close(sock):
    sock.shutdown(socket.SHUT_WR)


def fill(sock, seconds=10):
    """Sends until nothing more is taken."""
    sock.settimeout(0.1)
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            sock.sendall(b"z" * 65536)
    except OSError:
        pass
    sock.settimeout(20)


def read_all(sock):
    data = b""
    try:
        while piece := sock.recv(262144):
            data += piece
    except OSError:
        pass
    return data


def exactly(sock, size):
    data = b""
    while len(data) < size and (piece := sock.recv(size - len(data))):
        data += piece
    return data


class Tunnels(OneProxy):
    """Opaque tunnels, whose ends come and go when they like."""

    policy = "forward_unmodified"
    hosts = (H,)

    @classmethod
    def document(cls):
        cls.listener = Listener()
        cls.recorders.append(cls.listener)
        cls.plain = cls.make_recorder()
        return document(cls.rules(), recorder=cls.recorder, hosts=cls.hosts, root=cls.authority.certificate,
                        policy=cls.policy, resolve={f"{X}:443": cls.listener.address, f"{PLAIN}:443": cls.plain.address})

    def open(self):
        wire, answer = self.proxy.connect(f"{X}:443")
        self.assertEqual(answer.status, 200)
        self.addCleanup(wire.close)
        theirs = self.listener.accept()
        self.addCleanup(theirs.close)
        return wire.sock, theirs

    def lives(self):
        self.assertTrue(self.proxy.is_running(), self.proxy.stderr.decode())
        mine, theirs = self.open()
        mine.sendall(b"\0still here")
        self.assertEqual(exactly(theirs, 11), b"\0still here")

    def test_a_client_that_fills_the_tunnel_and_resets_before_its_upstream_speaks(self):
        for number in range(4):
            mine, theirs = self.open()
            fill(mine)
            reset(mine)
            if number % 2:
                time.sleep(0.05)
            theirs.sendall(b"y" * 300000)
            reset(theirs) if number % 3 else read_all(theirs)
        self.lives()

    def test_every_end_of_either_side_at_every_moment(self):
        # What has passed, who goes, how, and what the other does then.
        moments = {"nothing yet": lambda a, b: None, "both spoke": lambda a, b: (a.sendall(b"\0hi"), b.sendall(b"\0ho")),
                   "filled by the one that goes": lambda a, b: fill(a), "filled by the other": lambda a, b: fill(b)}
        for moment, prepare in moments.items():
            for how in (reset, half_close, socket.socket.close):
                for goes in ("client", "upstream"):
                    with self.subTest(moment, how=how.__name__, goes=goes):
                        mine, theirs = self.open()
                        first, second = (mine, theirs) if goes == "client" else (theirs, mine)
                        prepare(first, second)
                        how(first)
                        try:
                            second.sendall(b"x" * 200000)
                        except OSError:
                            pass
                        reader = threading.Thread(target=read_all, args=(second,))
                        reader.start()
                        if how is half_close:
                            read_all_in_time = threading.Timer(0.2, half_close_quietly, (second,))
                            read_all_in_time.start()
                            read_all(first)
                            read_all_in_time.join()
                        reader.join(20)
                        self.assertFalse(reader.is_alive(), "the other side never heard of it")
        self.lives()

    def test_a_side_that_is_gone_holds_no_connection_of_the_other(self):
        before = self.proxy.descriptors()
        for _ in range(5):
            mine, theirs = self.open()
            fill(mine)
            reset(theirs)
            read_all(mine)
            mine.close()
        until = time.monotonic() + 10
        while self.proxy.descriptors() > before and time.monotonic() < until:
            time.sleep(0.05)
        self.assertLessEqual(self.proxy.descriptors(), before)

    def paused(self):
        """The proxy does not run meanwhile, so that all that is sent lies there at once."""
        os.kill(self.proxy.pid, signal.SIGSTOP)

    def goes_on(self):
        os.kill(self.proxy.pid, signal.SIGCONT)

    def test_what_comes_right_behind_CONNECT_holds_nothing_up(self):
        for size in (60000, 65536, 70000, 100000, 1 << 20):
            with self.subTest(size=size):
                data = bytes(n * 7 & 0xff for n in range(4096)) * (size // 4096 + 1)
                wire = client.dial(self.proxy.port)
                self.addCleanup(wire.close)
                sending = threading.Thread(target=wire.send, args=(f"CONNECT {X}:443 HTTP/1.1\r\nHost: {X}:443\r\n\r\n"
                                                                   .encode() + b"\0" + data,))
                self.paused()
                sending.start()
                time.sleep(0.1)
                self.goes_on()
                theirs = self.listener.accept()
                self.addCleanup(theirs.close)
                self.assertTrue(exactly(theirs, len(data) + 1) == b"\0" + data, "not all of it came")
                sending.join()
                self.assertEqual(wire.head().status, 200)
                wire.send(b"and more")
                self.assertEqual(exactly(theirs, 8), b"and more")

    def test_requests_that_come_right_behind_CONNECT_hold_nothing_up(self):
        # Plain HTTP in a tunnel is read, and each request answered.
        request = client.request_bytes("GET", "/plain", PLAIN, [("X-Long", "y" * 2000)])
        wire = client.dial(self.proxy.port)
        self.addCleanup(wire.close)
        sending = threading.Thread(target=wire.send, args=(f"CONNECT {PLAIN}:443 HTTP/1.1\r\nHost: {PLAIN}:443\r\n\r\n"
                                                           .encode() + request * 100,))
        self.paused()
        sending.start()
        time.sleep(0.1)
        self.goes_on()
        self.assertEqual(wire.head().status, 200)
        for number in range(100):
            answer = wire.response()
            self.assertIsNotNone(answer, f"no answer to request {number}")
            self.assertEqual(answer.status, 200, f"request {number}")
        sending.join()

    def test_a_TLS_hello_of_64_KiB_is_read_to_its_end(self):
        context = ssl.create_default_context(cafile=str(self.home.ca))
        names = ["http/1.1"] + [f"{n:03d}".ljust(255, "x") for n in range(255)]
        context.set_alpn_protocols(names)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname=H)
        with self.assertRaises(ssl.SSLWantReadError):
            tls.do_handshake()
        hello = outgoing.read()
        self.assertGreaterEqual(len(hello), 65536)
        self.assertEqual(self.ask(H, "GET", "/hello/first").status, 200)  # its leaf is there
        wire = client.dial(self.proxy.port)
        self.addCleanup(wire.close)
        self.paused()
        wire.send(f"CONNECT {H}:443 HTTP/1.1\r\nHost: {H}:443\r\n\r\n".encode() + hello)
        time.sleep(0.1)
        self.goes_on()
        self.assertEqual(wire.head().status, 200)
        sent = False
        while True:
            incoming.write(wire.unread)
            wire.unread = b""
            try:
                if not sent:
                    tls.do_handshake()
                    tls.write(client.request_bytes("GET", "/hello/second", H))
                    sent = True
                    wire.send(outgoing.read())
                self.assertTrue(tls.read(65536).startswith(b"HTTP/1.1 200 "))
                break
            except ssl.SSLWantReadError:
                wire.send(outgoing.read())
                self.assertTrue(wire.more(), "the connection ended")


def half_close_quietly(sock):
    try:
        half_close(sock)
    except OSError:
        pass


if __name__ == "__main__":
    main()
