# SPDX-License-Identifier: Apache-2.0
"""Groups LO and N13: many connections, slow sides, leaks, and the end of the process (I10), scaled to minutes."""

import concurrent.futures
import os
import random
import re
import resource
import signal
import socket
import threading
import time

from harness import client, recorder
from harness.case import H, H2, K, P, V, X, Case, OneProxy, bearer, document, main

AUTH = [("Authorization", f"Bearer {P}")]
MIB = 1024 * 1024


class Load(OneProxy):
    hosts = (H, H2, X)
    policy = "forward_unmodified"
    threads = 2

    @classmethod
    def document(cls):
        cls.sink = cls.make_recorder()
        return document(cls.rules(), recorder=cls.recorder, hosts=(H, H2), root=cls.authority.certificate, policy=cls.policy,
                        resolve={f"{X}:443": cls.sink.address, f"{X}:80": cls.sink.address})

    def settled(self, measure, below, seconds=20.0):
        """Waits until measure() is at most `below`; gives its last value."""
        end = time.monotonic() + seconds
        while measure() > below and time.monotonic() < end:
            time.sleep(0.02)
        return measure()

    def test_N13_a_response_of_50_MB_streams_in_constant_memory(self):
        """[I10]"""
        size = 50 * MIB
        piece = bytes(256) * 1024

        def stream(_, connection):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(size // len(piece)):
                connection.send(piece)
        self.recorder.on("/n13", stream)
        self.ask(H, target="/warm")
        before = self.proxy.status("VmRSS")
        with self.proxy.tunnel(H, timeout=60) as wire:
            wire.send(client.request_bytes("GET", "/n13", H, AUTH))
            self.assertEqual(wire.head().status, 200)
            got = len(wire.unread)
            wire.unread = wire.received = b""
            highest = 0
            while got < size:
                data = wire.sock.recv(MIB)
                self.assertTrue(data)
                got += len(data)
                highest = max(highest, self.proxy.status("VmRSS"))
        self.assertLess(highest - before, 8 * 1024)

    def test_LO_04_a_slow_reader_stops_the_upstream(self):
        """[I10] A response of 256 MiB of which the client reads one."""
        sent = [0]
        stuck = threading.Event()

        def pour(_, connection):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (256 * MIB))
            connection.sock.settimeout(2)
            try:
                while True:
                    connection.send(bytes(65536))
                    sent[0] += 65536
            except (OSError, socket.timeout):
                stuck.set()
            raise recorder.CloseConnection
        self.recorder.on("/lo04", pour)
        before = self.proxy.status("VmRSS")
        with self.proxy.tunnel(H) as wire:
            wire.send(client.request_bytes("GET", "/lo04", H, AUTH))
            self.assertEqual(wire.head().status, 200)
            self.assertTrue(stuck.wait(20), "the upstream was never held back")
            self.assertLess(sent[0], 32 * MIB)
            self.assertLess(self.proxy.status("VmRSS") - before, 8 * 1024)

    def test_LO_05_a_slow_upstream_stops_the_client(self):
        """[I10]"""
        release = threading.Event()

        @recorder.early
        def hold(_, connection):
            release.wait(20)
            raise recorder.CloseConnection
        self.recorder.on("/lo05", hold)
        before = self.proxy.status("VmRSS")
        sent = 0
        with self.proxy.tunnel(H) as wire:
            wire.send(f"POST /lo05 HTTP/1.1\r\nHost: {H}\r\nContent-Length: {256 * MIB}\r\n\r\n")
            self.assertTrue(self.recorder.wait(lambda: self.recorder.seen("/lo05")))
            wire.sock.settimeout(2)
            try:
                while sent < 256 * MIB:
                    wire.send(bytes(65536))
                    sent += 65536
            except (OSError, socket.timeout):
                pass
            self.assertLess(sent, 32 * MIB)
            self.assertLess(self.proxy.status("VmRSS") - before, 8 * 1024)
            release.set()

    def test_LO_02_idle_tunnels_are_cheap(self):
        """[I10] 1500 opaque tunnels; the issue asks for at most 40 KB each."""
        count = 1500
        wires = []
        before = self.proxy.status("VmRSS")
        try:
            for _ in range(count):
                wire, answer = self.proxy.connect(f"{X}:443")
                self.assertEqual(answer.status, 200)
                wires.append(wire)
            cost = (self.proxy.status("VmRSS") - before) / count
            self.assertLess(cost, 40)
            self.assertEqual(self.ask(H, target="/lo02", headers=AUTH).status, 200)
        finally:
            for wire in wires:
                wire.close()

    def test_LO_02_idle_decrypted_connections_are_bounded(self):
        count = 300
        wires = []
        before = self.proxy.status("VmRSS")
        try:
            for _ in range(count):
                wires.append(self.proxy.tunnel(H))
            self.assertLess((self.proxy.status("VmRSS") - before) / count, 128)
        finally:
            for wire in wires:
                wire.close()

    def test_LO_06_a_tunnel_half_closed_by_either_side_loses_no_byte(self):
        payload = os.urandom(300_000)
        for turn in range(20):
            # The sink answers with the payload once the client has finished sending.
            def swallow(connection):
                got = b""
                while True:
                    data = connection.sock.recv(65536)
                    if not data:
                        break
                    got += data
                connection.received = got
                connection.sock.sendall(payload)
                connection.sock.close()
                return True
            self.sink.on_accept = swallow
            wire, answer = self.proxy.connect(f"{X}:443")
            self.assertEqual(answer.status, 200)
            with wire:
                wire.send(payload)
                wire.sock.shutdown(socket.SHUT_WR)
                self.assertEqual(wire.rest(), payload)
            self.assertEqual(self.sink.connections[-1].received, payload)
        self.sink.on_accept = None

    def test_LO_07_upstream_resets_are_seen_each_time_and_leak_nothing(self):
        def cut(_, connection):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000)
            connection.reset()
        self.recorder.on("/lo07", cut)
        self.ask(H, target="/lo07/warm")
        before = self.proxy.descriptors()
        for turn in range(200):
            with self.proxy.tunnel(H) as wire:
                wire.send(client.request_bytes("GET", f"/lo07/{turn}", H, AUTH))
                answer = wire.response()
                self.assertTrue(answer.status == 502 or not answer.complete)
        self.assertLessEqual(self.settled(self.proxy.descriptors, before + 4), before + 4)

    def test_LO_08_clients_that_leave_at_any_stage_leave_nothing_behind(self):
        self.ask(H, target="/lo08/warm", headers=AUTH)
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"

        def leave(number):
            stage = number % 6
            try:
                if stage == 0:
                    client.dial(self.proxy.port).close()
                elif stage == 1:
                    wire = client.dial(self.proxy.port)
                    wire.send(b"CONNECT api.exa")
                    wire.close()
                elif stage == 2:
                    wire, _ = self.proxy.connect(f"{H}:443")
                    wire.close()
                elif stage == 3:
                    wire, _ = self.proxy.connect(f"{H}:443")
                    wire.send(hello)
                    wire.close()
                elif stage == 4:
                    wire = self.proxy.tunnel(H)
                    wire.send(f"GET /lo08 HTTP/1.1\r\nHost: {H}\r\nAuth")
                    wire.close()
                else:
                    wire = self.proxy.tunnel(H)
                    wire.send(f"POST /lo08 HTTP/1.1\r\nHost: {H}\r\nContent-Length: 100\r\n\r\nhalf")
                    wire.close()
            except OSError:
                pass
        def round_of(count):
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                list(pool.map(leave, range(count)))
        round_of(600)
        descriptors = self.settled(self.proxy.descriptors, 0, 3)
        memory = self.proxy.status("VmRSS")
        round_of(1800)
        self.assertLessEqual(self.settled(self.proxy.descriptors, descriptors + 4), descriptors + 4)
        self.assertLess(self.proxy.status("VmRSS") - memory, 8 * 1024)
        self.assertEqual(self.ask(H, target="/lo08/after", headers=AUTH).status, 200)

    def test_uploads_and_downloads_are_whole_and_constant_in_memory(self):
        """[I10] 100 MiB up, chunked, and back again."""
        import hashlib
        size, piece = 100 * MIB, os.urandom(MIB)
        digest = hashlib.sha256()
        received = [0]

        @recorder.early
        def take(request, connection):
            connection.keep_bytes = False
            chunks = hashlib.sha256()
            for piece in connection.chunks(request):
                if piece is None:
                    return
                chunks.update(piece)
                received[0] += len(piece)
            connection.answer(body=chunks.hexdigest())
        self.recorder.on("/upload", take)
        before = self.proxy.status("VmRSS")
        with self.proxy.tunnel(H, timeout=120) as wire:
            wire.send(f"POST /upload HTTP/1.1\r\nHost: {H}\r\nTransfer-Encoding: chunked\r\nAuthorization: Bearer {P}\r\n\r\n")
            for _ in range(size // MIB):
                digest.update(piece)
                wire.send(b"%x\r\n" % MIB + piece + b"\r\n")
            wire.send(b"0\r\n\r\n")
            answer = wire.response("POST")
        self.assertEqual(answer.body.decode(), digest.hexdigest())
        self.assertEqual(received[0], size)
        self.assertLess(self.proxy.status("VmRSS") - before, 8 * 1024)


class Exhaustion(Case):
    """Each of these has a proxy of its own, because it is taken to its end."""

    secrets = {K: V}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root, identity = cls.make_pki([H])
        cls.recorder = cls.make_recorder(identity)
        cls.home = cls.make_home()
        cls.home.bindings(document({K: bearer()}, recorder=cls.recorder, hosts=(H,), root=cls.root.certificate))

    def test_LO_03_running_out_of_descriptors_harms_nobody(self):
        """[I10] 256 descriptors, 600 clients; then they leave."""
        running = self.start(self.home, preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
        kept = running.tunnel(H)
        kept.send(client.request_bytes("GET", "/lo03/before", H, AUTH))
        self.assertEqual(kept.response().status, 200)
        crowd = []
        for _ in range(600):
            try:
                crowd.append(client.dial(running.port, 5))
            except OSError:
                break
        self.assertGreater(len(crowd), 300)
        # The tunnel that was there goes on.
        kept.send(client.request_bytes("GET", "/lo03/during", H, AUTH))
        self.assertEqual(kept.response().status, 200)
        ticks = os.sysconf("SC_CLK_TCK")
        used = lambda: sum(int(x) for x in open(f"/proc/{running.pid}/stat").read().rsplit(")", 1)[1].split()[11:13]) / ticks
        began, spent = time.monotonic(), used()
        time.sleep(2)  # a window to measure a spin in
        self.assertLess((used() - spent) / (time.monotonic() - began), 0.2, "it spins")
        for wire in crowd:
            wire.close()
        end = time.monotonic() + 20
        answer = None
        while time.monotonic() < end and (answer is None or answer.status != 200):
            try:
                answer = running.ask(H, target="/lo03/after", headers=AUTH, timeout=5)
            except (OSError, AssertionError):
                time.sleep(0.05)
        self.assertEqual(answer.status, 200)
        kept.close()
        self.assertEqual(running.stop(), 0)

    def test_LO_09_SIGTERM_finishes_what_is_under_way(self):
        """Forty requests answered after the signal; one more that takes too long would be cut at 30 s."""
        running = self.start(self.home)
        go = threading.Event()

        def slow(request, connection):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf-")
            go.wait(20)
            connection.send(b"half2")
        self.recorder.on("/lo09", slow)
        wires = []
        for turn in range(40):
            wire = running.tunnel(H)
            wire.send(client.request_bytes("GET", f"/lo09/{turn}", H, AUTH))
            wires.append(wire)
        for wire in wires:
            self.assertEqual(wire.head().status, 200)
        idle = running.tunnel(H)
        os.kill(running.pid, signal.SIGTERM)
        # New ones are not taken any more, or told so; those under way go on.
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                wire = client.dial(running.port, 5)
                wire.send(f"CONNECT {H}:443 HTTP/1.1\r\nHost: {H}\r\n\r\n")
                answer = wire.head()
                wire.close()
                if answer is None:
                    break
                if answer.status != 200:
                    self.assertEqual(answer.status, 503)
                    self.assertEqual(answer.get("Keyswap-Reason"), "shutting_down")
                    break
            except OSError:
                break
        self.assertTrue(running.is_running())
        go.set()
        for wire in wires:
            self.assertEqual(wire.exactly(25), b"5\r\nhalf-\r\n5\r\nhalf2\r\n0\r\n\r\n")
            wire.close()
        idle.close()
        self.assertEqual(running.process.wait(20), 0)
        self.assertEqual(running.stop(), 0)
        records = running.records()
        self.assertEqual(records[-1]["type"], "stop")
        ended = [r for r in records if r["type"] == "upstream_response" and r["outcome"] == "complete"]
        self.assertGreaterEqual(len(ended), 40)
        self.home.must("audit", "verify")

    def test_SIGTERM_with_nothing_under_way_ends_at_once(self):
        running = self.start(self.home)
        idle = running.tunnel(H)
        began = time.monotonic()
        self.assertEqual(running.stop(), 0)
        self.assertLess(time.monotonic() - began, 5)
        idle.close()

    def test_signals_in_any_number_do_no_harm(self):
        running = self.start(self.home, threads=2)
        with running.tunnel(H) as wire:
            for turn in range(30):
                os.kill(running.pid, random.choice((signal.SIGHUP, signal.SIGPIPE, signal.SIGHUP)))
                wire.send(client.request_bytes("GET", f"/signals/{turn}", H, AUTH))
                self.assertEqual(wire.response().status, 200)
        self.assertEqual(running.stop(), 0)

    def test_each_request_is_judged_by_one_version_of_the_bindings(self):
        """[I14] Two versions, swapped under load; the record names the one that was used."""
        import hashlib
        running = self.start(self.home, threads=2)
        versions = {}
        contents = []
        for header in ("Authorization", "X-Api-Key"):
            rule = bearer()
            rule["inject"] = {"header": header, "format": f"{header} {{{K}}}"}
            path = self.home.bindings(document({K: rule}, recorder=self.recorder, hosts=(H,), root=self.root.certificate))
            contents.append(path.read_text())
            versions[hashlib.sha256(path.read_bytes()).hexdigest()] = header
        stop = threading.Event()

        def ask_on(number):
            with running.tunnel(H) as wire:
                turn = 0
                while not stop.is_set():
                    turn += 1
                    wire.send(client.request_bytes("GET", f"/i14/{number}/{turn}", H, [("Authorization", P), ("X-Api-Key", "x")]))
                    assert wire.response().status == 200
        threads = [threading.Thread(target=ask_on, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        for turn in range(20):
            self.home.bindings(contents[turn % 2])
            self.assertTrue(running.reload()["accepted"])
        stop.set()
        for thread in threads:
            thread.join(20)
        seen = {r.path: r for r in self.recorder.seen("/i14/")}
        used = set()
        for record in running.decisions():
            request = seen.get(record["destination"]["path"])
            if request is None:
                continue
            header = versions.get(record["bindings_sha256"])
            used.add(header)
            swapped = request.get("Authorization") == f"Authorization {V}"
            self.assertEqual(swapped, header == "Authorization" and record["decision"] == "allowed", record)
        self.assertIn("Authorization", used)
        self.assertIn("X-Api-Key", used)
        running.stop()


if __name__ == "__main__":
    main()
