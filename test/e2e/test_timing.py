# SPDX-License-Identifier: Apache-2.0
"""Section N and acceptance F18: what is measured with a clock. Runs alone (RUN_SERIAL in test/e2e.cmake)."""

import concurrent.futures
import os
import statistics
import tempfile
import threading
import time

from harness import client
from harness.case import H, H2, K, P, V, OneProxy, bearer, main

AUTH = [("Authorization", f"Bearer {P}")]


class Timing(OneProxy):
    hosts = (H, H2)
    threads = 2

    def events(self, gap, count, path):
        """How long after it was sent each event reached the client, in seconds."""
        sent = []

        def stream(_, connection):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            for number in range(count):
                time.sleep(gap)
                event = b"data: %d\n\n" % number
                sent.append(time.monotonic())
                connection.send(b"%x\r\n%s\r\n" % (len(event), event))
            connection.send(b"0\r\n\r\n")
        self.recorder.on(path, stream)
        arrived = []
        with self.proxy.tunnel(H) as wire:
            wire.send(client.request_bytes("GET", path, H, AUTH))
            self.assertEqual(wire.head().status, 200)
            for number in range(count):
                self.assertIsNotNone(wire.until(b"data: %d\n\n" % number))
                arrived.append(time.monotonic())
        return [after - before for before, after in zip(sent, arrived)]

    def test_N12_events_arrive_within_50_ms(self):
        delays = self.events(0.5, 5, "/n12")
        self.assertEqual(len(delays), 5)
        self.assertLess(max(delays), 0.05)

    def test_acceptance_F18_events_a_second_apart_arrive_within_200_ms(self):
        self.assertLess(max(self.events(1.0, 3, "/f18")), 0.2)

    def test_an_event_passes_the_scrubber_within_5_ms(self):
        """Where nothing that looks like a secret is held: from the server's sending to the client's having all of it."""
        self.recorder.says("/said", body=f"{V}!")
        self.assertEqual(self.ask(H, target="/said", headers=AUTH).body, f"{P}!".encode(), "nothing is looked for")
        delays = sorted(self.events(0.002, 250, "/events"))
        self.assertEqual(len(delays), 250)
        median, late = statistics.median(delays), delays[len(delays) * 99 // 100]
        print(f"250 events: median {median * 1000:.2f} ms, p99 {late * 1000:.2f} ms")
        self.assertLessEqual(median, 0.005)

    def test_the_first_bytes_of_a_response_do_not_wait_for_the_rest(self):
        rest = threading.Event()

        def stream(_, connection):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n12345")
            rest.wait(10)
            connection.send(b"67890")
        self.recorder.on("/first", stream)
        with self.proxy.tunnel(H) as wire:
            wire.send(client.request_bytes("GET", "/first", H, AUTH))
            self.assertEqual(wire.head().status, 200)
            self.assertEqual(wire.exactly(10), b"5\r\n12345\r\n")
            rest.set()
            self.assertEqual(wire.exactly(15), b"5\r\n67890\r\n0\r\n\r\n")

    def test_an_upload_streams_as_it_comes(self):
        from harness import recorder
        arrived = threading.Event()

        @recorder.early
        def watch(request, connection):
            while b"first" not in connection.unread and connection.more():
                pass
            arrived.set()
            connection.read_body(request)
            connection.answer(body=request.body)
        self.recorder.on("/upload", watch)
        with self.proxy.tunnel(H) as wire:
            wire.send(f"POST /upload HTTP/1.1\r\nHost: {H}\r\nContent-Length: 10\r\n\r\nfirst")
            self.assertTrue(arrived.wait(5), "the first part waited for the second")
            wire.send(b"later")
            self.assertEqual(wire.response("POST").body, b"firstlater")

    def latencies(self, wire, path, count):
        request = client.request_bytes("GET", path, H, AUTH)
        taken = []
        for _ in range(count):
            began = time.perf_counter()
            wire.send(request)
            wire.until(b"recorded")
            taken.append(time.perf_counter() - began)
        return taken

    def direct(self):
        context = client.tls_context(self.authority.certificate)
        return client.start_tls(client.dial(self.recorder.port), H, None, context)

    def disk_ms(self):
        """How long a record's bytes take to be durable on this disk at the moment, median."""
        taken = []
        with tempfile.TemporaryFile(dir=self.home.path, buffering=0) as file:
            for _ in range(200):
                begun = time.perf_counter()
                file.write(b"x" * 512)
                os.fdatasync(file.fileno())
                taken.append(time.perf_counter() - begun)
        return statistics.median(taken) * 1000

    def test_N16_N17_the_added_latency_is_small(self):
        """Coarse: Python on both ends of it costs more than what is measured, and a durable record is in it."""
        with self.direct() as wire:
            self.latencies(wire, "/n17/warm", 200)
            bare = statistics.median(self.latencies(wire, "/n17/direct", 1000))
        with self.proxy.tunnel(H) as wire:
            self.latencies(wire, "/n17/warm", 200)
            through = statistics.median(self.latencies(wire, "/n17/proxied", 1000))
        added = (through - bare) * 1000
        disk = self.disk_ms()
        print(f"added latency, one client, median: {added:.3f} ms, of a disk that takes {disk:.3f} ms")
        self.assertLess(added, 1.0 + 2 * disk)

        def converse(_):
            with self.proxy.tunnel(H) as wire:
                return self.latencies(wire, "/n16", 60)
        def converse_directly(_):
            with self.direct() as wire:
                return self.latencies(wire, "/n16/direct", 60)
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            proxied = statistics.median(x for taken in pool.map(converse, range(32)) for x in taken)
            bare = statistics.median(x for taken in pool.map(converse_directly, range(32)) for x in taken)
        print(f"32 clients, median: {bare * 1000:.2f} ms direct, {proxied * 1000:.2f} ms proxied")
        self.assertLess(proxied, bare * 3 + 0.005)

    def test_N07_N09_N10_the_health_answer(self):
        """[I1]"""
        before = len(self.proxy.records())
        for target, host in (("/healthz", self.proxy.address), ("http://healthz.keyswap.invalid/healthz", "healthz.keyswap.invalid")):
            answer = self.proxy.raw(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")
            self.assertEqual((answer.status, answer.body.strip()), (200, b'{"status":"ok"}'), (target, answer))
            self.assertEqual(answer.get("Content-Type"), "application/json")
        self.assertEqual(len(self.proxy.records()), before, "a health check is no decision")
        answer = self.proxy.raw("GET http://healthz.keyswap.invalid/other HTTP/1.1\r\nHost: healthz.keyswap.invalid\r\n\r\n")
        self.assertEqual(answer.status, 403, answer)
        self.ask(H, target="/healthz", headers=AUTH)
        self.assertEqual(self.recorder.one("/healthz").all("Authorization"), [f"Bearer {V}"])


if __name__ == "__main__":
    main()
