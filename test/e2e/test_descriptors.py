# SPDX-License-Identifier: Apache-2.0
"""File descriptors used up by strangers: what holds others to limits and records goes on, now and afterwards (I10, I13)."""

import resource
import select
import time

from harness import client, exchange
from harness.case import H, K, P, V, bearer, document, main
from harness.exchange import SPOT, rule
from test_limits import TRADER, LimitsCase, order_bytes

AUTH = [("Authorization", f"Bearer {P}")]
DESCRIPTORS = 256
# A client costs two; some are ours, and some are kept back.
CLIENTS_AT_LEAST, CLIENTS_AT_MOST = 40, DESCRIPTORS // 2


def few():
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))


class Flood(LimitsCase):
    """256 descriptors, and more connections than that from somebody who has no credential."""

    def flood(self, running, count=1000):
        """Open connections; those who were turned away and those who were let in."""
        crowd = {}
        poller = select.poll()
        for _ in range(count):
            wire = client.dial(running.port, 5)
            crowd[wire.sock.fileno()] = wire
            poller.register(wire.sock, select.POLLIN)
        end = time.monotonic() + 20
        answered = []
        while len(answered) < count - CLIENTS_AT_MOST and time.monotonic() < end:
            answered = poller.poll(200)
        turned_away = [crowd.pop(number) for number, _ in answered]
        for wire in turned_away:
            self.refused(wire.response(), 503, "too_busy")
        return turned_away, list(crowd.values())

    def ordered(self, wire):
        wire.send(order_bytes(price=10))
        answer = wire.response("POST")
        self.note("answer", answer.raw_head + answer.body)
        return answer.status, answer.get("Keyswap-Reason")

    def test_a_connection_flood_does_not_disable_limited_orders(self):
        home = self.home_with({"TRADER": rule(TRADER, daily_volume_usd=10_000)})
        running = self.start(home, threads=2, preexec=few)
        kept = [running.tunnel(SPOT) for _ in range(4)]
        for wire in kept:
            self.assertEqual(self.ordered(wire), (200, None))
        turned_away, let_in = self.flood(running)
        self.assertTrue(CLIENTS_AT_LEAST <= len(let_in) + len(kept) <= CLIENTS_AT_MOST, len(let_in))
        self.assertGreater(len(turned_away), 800)
        self.assertLess(running.descriptors(), DESCRIPTORS - 32, "nothing is kept back")
        for _ in range(5):
            for wire in kept:
                self.assertEqual(self.ordered(wire), (200, None))
        for wire in turned_away + let_in:
            wire.close()
        end = time.monotonic() + 20
        status = None
        while status != 200 and time.monotonic() < end:
            try:
                with running.tunnel(SPOT) as wire:
                    status, _ = self.ordered(wire)
            except (OSError, AssertionError):
                time.sleep(0.02)  # those who left are being noticed
        self.assertEqual(status, 200)
        self.assertEqual(self.used(home), str(10 * len(self.exchange.seen("/api/v3/order"))))
        self.assertEqual(running.stop(), 0)

    def test_every_client_that_is_let_in_is_served(self):
        """As many clients as fit, each with a request under way: each has an upstream connection of its own."""
        home = self.home_with({"TRADER": rule(TRADER, daily_volume_usd=10_000)})
        running = self.start(home, threads=2, preexec=few)
        wires = []
        try:
            while True:
                wires.append(running.tunnel(SPOT))
        except AssertionError:
            pass  # turned away
        self.assertGreaterEqual(len(wires), CLIENTS_AT_LEAST)
        for wire in wires:
            wire.send(order_bytes(price=10))
        for wire in wires:
            answer = wire.response("POST")
            self.assertEqual((answer.status, answer.get("Keyswap-Reason")), (200, None))
            wire.close()
        self.assertEqual(running.stop(), 0)

    def test_idle_upstream_connections_give_way_to_clients(self):
        """[I10] The pool holds connections to many destinations, on both loops; then as many clients come as fit."""
        many = [f"idle{number}.example.test" for number in range(100)]
        self.many, identity = self.make_pki((*many, H), "many")
        recorder = self.make_recorder(identity)
        home = self.copy_home(self.template, "many")
        home.bindings(document({K: bearer(hosts=(H, *many))}, recorder=recorder, hosts=(H, *many), root=self.many.certificate))
        running = self.start(home, threads=2, preexec=few)
        for host in many:
            answer = running.ask(host, headers=AUTH)
            self.assertEqual(answer.status, 200, answer)
        wires = []
        try:
            while True:
                wires.append(running.tunnel(H))
        except AssertionError:
            pass  # turned away
        self.assertGreaterEqual(len(wires), CLIENTS_AT_LEAST)
        for wire in wires:
            wire.send(client.request_bytes("GET", "/after", H, AUTH))
        for wire in wires:
            answer = wire.response()
            self.assertEqual(answer.status, 200, answer)
            wire.close()
        self.assertEqual(running.stop(), 0)


if __name__ == "__main__":
    main()
