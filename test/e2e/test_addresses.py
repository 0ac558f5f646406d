# SPDX-License-Identifier: Apache-2.0
"""A name with several addresses (RFC 8305): the first that proves who it is wins, and one that is silent costs
a quarter of a second. In a network of the test's own, so that the addresses are public ones (I12)."""

import socket
import time

from harness import network, pki
from harness.case import K, P, V, Case, bearer, document, main

AUTH = [("Authorization", f"Bearer {P}")]
PUBLIC = [f"45.33.32.{i}" for i in range(1, 10)]
PUBLIC6 = [f"2600:3c01::{i}" for i in range(1, 4)]


class Addresses(Case):
    secrets = {K: V}
    hosts = [f"{name}.addresses.test" for name in (
        "silent-first", "mute-first", "closed-first", "six-first", "silent-six", "wrong-first", "reset-first",
        "wrong-beside", "many-silent", "all-silent", "inside", "all-closed", "cut")]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        network.give_out(*PUBLIC, *PUBLIC6)
        cls.root = pki.Authority(cls.scratch / "root", "good root")
        cls.identity = cls.root.leaf(cls.hosts)
        cls.files = network.Files()
        cls.names = network.NameServer()
        cls.addClassCleanup(cls.names.stop)
        cls.good = cls.make_recorder(cls.identity, at=(PUBLIC[0], 443))
        cls.good6 = cls.make_recorder(cls.identity, at=(PUBLIC6[0], 443))
        cls.silent = [network.silent_listener(address, 443) for address in (PUBLIC[1], PUBLIC[2], PUBLIC6[1])]
        # TCP stands, and nothing is ever said.
        cls.mute = socket.create_server((PUBLIC[3], 443))
        other = pki.Authority(cls.scratch / "other", "another root")
        cls.wrong = cls.make_recorder(other.leaf(cls.hosts), at=(PUBLIC[4], 443))
        cls.resets = cls.make_recorder(cls.identity, at=(PUBLIC[5], 443))
        cls.resets.on_accept = lambda connection: connection.reset() or True
        cls.late_wrong = cls.make_recorder(other.leaf(cls.hosts), at=(PUBLIC[6], 443))
        cls.late_wrong.on_accept = lambda connection: time.sleep(0.4)
        cls.home = cls.make_home(secrets={K: V})
        cls.home.bindings(document({K: bearer(hosts=cls.hosts)}, root=cls.root.certificate))
        cls.proxy = cls.start(cls.home)

    def answered(self, name, addresses, *, by=None, at_least=0.0, at_most=3.0):
        """A request to `name` that has these addresses gets its answer in time, from `by`."""
        host = f"{name}.addresses.test"
        self.names.says(host, *addresses)
        before = time.monotonic()
        answer = self.proxy.ask(host, target=f"/{name}", headers=AUTH)
        took = time.monotonic() - before
        self.assertEqual((answer.status, answer.body), (200, b"recorded"), answer)
        self.assertLess(took, at_most)
        self.assertGreaterEqual(took, at_least)
        record = self.proxy.await_record(lambda r: r["type"] == "upstream_response" and r["request_id"] ==
                                         self.proxy.decision(f"/{name}")["request_id"])[0]
        self.assertEqual(record["upstream"]["ip"], by or PUBLIC[0])
        return took

    def failed(self, name, addresses, status, reason):
        host = f"{name}.addresses.test"
        self.names.says(host, *addresses, ttl=0)
        self.refused(self.proxy.ask(host, target=f"/{name}", headers=AUTH), status, reason)

    def test_an_address_that_does_not_answer_costs_a_quarter_of_a_second(self):
        took = self.answered("silent-first", [PUBLIC[1], PUBLIC[0]], at_least=0.2)
        self.assertLess(took, 2.0)

    def test_several_silent_addresses_do_not_hide_the_one_that_answers(self):
        self.answered("many-silent", [PUBLIC[1], PUBLIC[2], PUBLIC[3], PUBLIC[0]])

    def test_a_host_that_accepts_and_says_nothing_does_not_hide_the_next_address(self):
        self.answered("mute-first", [PUBLIC[3], PUBLIC[0]])

    def test_an_address_that_refuses_is_followed_by_the_next_at_once(self):
        self.answered("closed-first", [PUBLIC[7], PUBLIC[0]])

    def test_a_host_that_resets_the_handshake_is_followed_by_the_next(self):
        self.answered("reset-first", [PUBLIC[5], PUBLIC[0]])

    def test_ipv6_is_tried_first_and_ipv4_beside_it(self):
        self.answered("six-first", [PUBLIC[0], PUBLIC6[0]], by=PUBLIC6[0])
        self.answered("silent-six", [PUBLIC[0], PUBLIC6[1]])

    def test_a_host_that_is_not_who_it_should_be_is_the_end(self):
        """[I4] Another address would be another try to prove the same thing."""
        seen = len(self.good.connections)
        self.failed("wrong-first", [PUBLIC[4], PUBLIC[0]], 502, "upstream_tls_failed")
        self.assertEqual(len(self.good.connections), seen)
        self.assertEqual(self.wrong.requests, [])

    def test_an_attempt_under_way_wins_although_one_beside_it_is_not_proven(self):
        """[I4] The second address answers while the first, which is false, still thinks."""
        self.answered("wrong-beside", [PUBLIC[6], PUBLIC[0]])
        self.assertEqual(self.late_wrong.requests, [])

    def test_the_attempts_that_lost_are_cut(self):
        losing = socket.create_server((PUBLIC[8], 443))
        self.addCleanup(losing.close)
        self.answered("cut", [PUBLIC[8], PUBLIC[0]])
        losing.settimeout(5)
        connection, _ = losing.accept()
        with connection:
            connection.settimeout(5)
            received = b"".join(iter(lambda: connection.recv(65536), b""))
        self.assertNotIn(V.encode(), received)

    def test_one_address_inside_spoils_the_name(self):
        """[I12] Each address is judged before any is dialled."""
        for inside in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"):
            seen = len(self.good.connections)
            self.failed("inside", [PUBLIC[0], inside], 403, "address_blocked")
            self.assertEqual(len(self.good.connections), seen)

    def test_when_all_fail_the_answer_says_so(self):
        self.failed("all-closed", [PUBLIC[7], PUBLIC6[2]], 502, "upstream_connect_failed")

    def test_when_none_answers_the_wait_has_its_bound(self):
        before = time.monotonic()
        self.failed("all-silent", [PUBLIC[1], PUBLIC[2], PUBLIC6[1]], 504, "upstream_timeout")
        self.assertLess(time.monotonic() - before, 15)


if __name__ == "__main__":
    network.enter()
    main()
