# SPDX-License-Identifier: Apache-2.0
"""File descriptors used up by strangers: what holds others to limits and records goes on, now and afterwards (I10, I13)."""

import os
import resource
import select
import time

from harness import auditlog, client, exchange
from harness.case import H, K, P, V, bearer, document, main
from harness.exchange import SPOT, rule
from test_limits import TRADER, LimitsCase, order_bytes

AUTH = [("Authorization", f"Bearer {P}")]
DESCRIPTORS = 256
SEGMENT_BYTES = 64 << 20
# A client costs two; some are ours, and some are kept back.
CLIENTS_AT_LEAST, CLIENTS_AT_MOST = 40, DESCRIPTORS // 2


def few():
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))


class Flood(LimitsCase):
    """256 descriptors, and more connections than that from somebody who has no credential."""

    def flood(self, running, count=1000, there=0):
        """Open connections beside those that are `there`; those who were turned away and those who were let in."""
        crowd = {}
        poller = select.poll()
        for _ in range(count):
            wire = client.dial(running.port, 5)
            crowd[wire.sock.fileno()] = wire
            poller.register(wire.sock, select.POLLIN)
        end = time.monotonic() + 20
        answered = []
        # As many at least must be answered, however long that takes on a machine that is busy.
        while len(answered) + CLIENTS_AT_MOST < count + there and time.monotonic() < end:
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

    def order_comes_through(self, running):
        """Over a connection of its own, once those who left are noticed."""
        end = time.monotonic() + 20
        status = None
        while status != 200 and time.monotonic() < end:
            try:
                with running.tunnel(SPOT) as wire:
                    status, _ = self.ordered(wire)
            except (OSError, AssertionError):
                time.sleep(0.02)
        self.assertEqual(status, 200)

    def test_a_connection_flood_does_not_disable_limited_orders(self):
        home = self.home_with({"TRADER": rule(TRADER, daily_volume_usd=10_000)})
        running = self.start(home, threads=2, preexec=few)
        kept = [running.tunnel(SPOT) for _ in range(4)]
        for wire in kept:
            self.assertEqual(self.ordered(wire), (200, None))
        turned_away, let_in = self.flood(running, there=len(kept))
        self.assertTrue(CLIENTS_AT_LEAST <= len(let_in) + len(kept) <= CLIENTS_AT_MOST, len(let_in))
        self.assertGreater(len(turned_away), 800)
        self.assertLess(running.descriptors(), DESCRIPTORS - 32, "nothing is kept back")
        for _ in range(5):
            for wire in kept:
                self.assertEqual(self.ordered(wire), (200, None))
        for wire in turned_away + let_in:
            wire.close()
        self.order_comes_through(running)
        self.assertEqual(self.used(home), str(10 * len(self.exchange.seen("/api/v3/order"))))
        self.assertEqual(running.stop(), 0)

    def test_the_log_goes_on_in_its_next_segment_while_descriptors_are_used_up(self):
        """[I6] [I7] During a flood, and with not one descriptor left besides."""
        home = self.home_with({"TRADER": rule(TRADER, daily_volume_usd=10_000)})
        running = self.start(home)
        with running.tunnel(SPOT) as wire:
            self.long_path(wire)
        self.assertEqual(running.stop(), 0)
        first, second = (home.audit / f"audit-00000{number}.jsonl" for number in (1, 2))
        auditlog.grow(home.audit, SEGMENT_BYTES - 50_000)
        running = self.start(home, threads=2, preexec=few)
        kept = running.tunnel(SPOT)
        self.assertEqual(self.ordered(kept), (200, None))
        turned_away, let_in = self.flood(running, there=1)
        self.use_up_descriptors(running)
        self.assertFalse(second.exists())
        # Not with orders, whose counting lends descriptors of its own meanwhile.
        for _ in range(100):
            self.long_path(kept)
        self.assertGreater(second.stat().st_size, 50_000)
        self.assertGreaterEqual(first.stat().st_size, SEGMENT_BYTES)
        self.assertLess(first.stat().st_size, SEGMENT_BYTES + 20_000)
        for _ in range(5):
            self.assertEqual(self.ordered(kept), (200, None))
        resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        for wire in [kept, *turned_away, *let_in]:
            wire.close()
        self.order_comes_through(running)
        self.assertEqual(self.used(home), "70")
        self.assertEqual(running.stop(), 0)
        self.assertIsNone(auditlog.check_chain(home.audit))
        home.must("audit", "verify")
        self.homes.remove(home)
        first.unlink()  # nearly all of it was made here, and is not searched for secrets

    def long_path(self, wire):
        """Records as long as they get."""
        wire.send(client.request_bytes("GET", "/" + "p" * 1000, SPOT))
        self.assertEqual(wire.response().status, 200)

    @staticmethod
    def use_up_descriptors(running):
        """From now on a file can be opened only in the place of one that is given up."""
        lowest = min(set(range(DESCRIPTORS)) - {int(number) for number in os.listdir(f"/proc/{running.pid}/fd")})
        resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (lowest, DESCRIPTORS))

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
