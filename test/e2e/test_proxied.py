# SPDX-License-Identifier: Apache-2.0
"""I12 where a corporate proxy dials (`upstream.proxy`): names are judged by name always, and by the addresses that
they have here. In a network of the test's own."""

import socket
import threading
import time

from harness import network
from harness.case import K, P, V, Case, bearer, document, main

BLOCKED_NAMES = ["localhost:6379", "app.localhost:80", "localhost.localdomain:80", "ip6-localhost:80", "redis:6379",
                 "metadata:80", "metadata.google.internal:80", "metadata.goog:80", "instance-data.ec2.internal:80",
                 "db.internal:5432", "printer.local:631", "nas.home.arpa:80", "router.lan:80", "wiki.corp:80",
                 "kubernetes.default.svc:443", "host.docker.internal:2375", "lvh.me:80"]
BLOCKED_ADDRESSES = ["127.0.0.1:6379", "10.0.0.1:80", "169.254.169.254:80", "[::1]:80", "[fd00:ec2::254]:80"]
SPELLED = ["127.0.0.1.nip.io:6379", "10-0-0-1.sslip.io:80", "169-254-169-254.nip.io:80", "7f000001.nip.io:80"]


class CorporateProxy:
    """Accepts every CONNECT, notes it, and answers what comes through itself."""

    def __init__(self):
        self.asked = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with connection, connection.makefile("rb") as lines:
            first = lines.readline().split()
            while lines.readline() not in (b"\r\n", b""):
                pass
            if first:
                self.asked.append(first[1].decode())
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                lines.readline()
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nproxy")


class Guarded(Case):
    secrets = {K: V}
    guard = None
    inside_host = "vault.corp"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.files = network.Files(hosts="10.0.0.7 in-hosts-file.example.com\n")
        cls.names = network.NameServer()
        cls.addClassCleanup(cls.names.stop)
        cls.names.says("inside.example.com", "10.0.0.5")
        cls.names.says("half.example.com", "45.33.32.1", "fd00::5")
        cls.names.says("outside.example.com", "45.33.32.1")
        cls.names.never_answers("stuck.example.com")
        cls.corporate = CorporateProxy()
        cls.home = cls.make_home(secrets={K: V})
        url = f"http://{cls.corporate.address}"
        proxy = url if cls.guard is None else {"url": url, "guard": cls.guard}
        rule = bearer(hosts=(cls.inside_host,), allow_addresses=["10.0.0.0/8"])
        rule["bindings"].append({"host": "metadata.google.internal", "port": 8081, "allow_addresses": ["0.0.0.0/0"]})
        cls.home.bindings(document({K: rule}, policy="forward_unmodified", upstream={"proxy": proxy}))
        cls.proxy = cls.start(cls.home)

    def connect(self, authority):
        """CONNECT; the status and the reason, and whether the corporate proxy was asked."""
        before = len(self.corporate.asked)
        wire, answer = self.proxy.connect(authority)
        wire.close()
        return answer, self.corporate.asked[before:]

    def blocked(self, authority):
        answer, asked = self.connect(authority)
        self.refused(answer, 403, "address_blocked")
        self.assertEqual(asked, [], authority)

    def passes(self, authority):
        answer, asked = self.connect(authority)
        self.assertEqual(answer.status, 200, (authority, answer))
        self.assertEqual(asked, [authority])

    def test_names_that_lead_inside_are_refused_without_asking_anybody(self):
        """[I12]"""
        asked = len(self.names.asked)
        for authority in BLOCKED_NAMES:
            with self.subTest(authority=authority):
                self.blocked(authority)
        self.assertEqual(len(self.names.asked), asked)

    def test_addresses_inside_are_refused(self):
        """[I12]"""
        for authority in BLOCKED_ADDRESSES:
            with self.subTest(authority=authority):
                self.blocked(authority)

    def test_an_address_that_a_name_spells_is_judged_where_the_name_does_not_resolve_here(self):
        """[I12]"""
        for authority in SPELLED:
            with self.subTest(authority=authority):
                self.blocked(authority)

    def test_plain_http_is_judged_alike(self):
        """[I12]"""
        before = len(self.corporate.asked)
        for authority in ("localhost:6379", "metadata.google.internal", "metadata.google.internal:8081"):
            answer = self.proxy.raw(f"GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n")
            self.refused(answer, 403, "address_blocked")
        self.assertEqual(len(self.corporate.asked), before)
        answer = self.proxy.raw("GET http://outside.example.com/ HTTP/1.1\r\nHost: outside.example.com\r\n\r\n")
        self.assertEqual((answer.status, answer.body), (200, b"proxy"))

    def test_a_binding_opens_what_its_allow_addresses_names_but_no_metadata_service(self):
        """[I12] The tunnel of a bound host is ours; what shows is that the corporate proxy is asked for it."""
        before = len(self.corporate.asked)
        with self.proxy.tunnel(self.inside_host) as wire:
            wire.send(f"GET / HTTP/1.1\r\nHost: {self.inside_host}\r\nAuthorization: Bearer {P}\r\n\r\n".encode())
            self.refused(wire.response(), 502, "upstream_tls_failed")
        self.assertEqual(self.corporate.asked[before:], [f"{self.inside_host}:443"])

    def test_public_names_and_names_unknown_here_reach_the_proxy(self):
        self.passes("outside.example.com:443")
        self.passes("nobody-knows-it.example.com:443")
        before = time.monotonic()
        self.passes("stuck.example.com:443")
        self.assertLess(time.monotonic() - before, 5)


class ByAddresses(Guarded):
    """The default."""

    def test_a_name_that_leads_inside_from_here_is_refused(self):
        """[I12]"""
        for authority in ("inside.example.com:443", "half.example.com:443", "in-hosts-file.example.com:443"):
            with self.subTest(authority=authority):
                self.blocked(authority)


class ByAddressesNamed(ByAddresses):
    guard = "resolve"


class ByNames(Guarded):
    guard = "names"

    def test_a_name_is_not_looked_up_here(self):
        asked = len(self.names.asked)
        self.passes("inside.example.com:443")
        self.assertEqual(len(self.names.asked), asked)


class WithoutProxy(Case):
    """The names are judged where we dial, too."""

    secrets = {K: V}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.files = network.Files(hosts="45.33.32.1 metadata.google.internal db.internal\n127.0.0.1 single\n")
        network.give_out("45.33.32.1")
        cls.plain = cls.make_recorder(at=("45.33.32.1", 80))
        cls.single = cls.make_recorder(at=("127.0.0.1", 80))
        cls.home = cls.make_home(secrets={K: V})
        rule = bearer(hosts=("single",), port=80, allow_addresses=["127.0.0.1"])
        cls.home.bindings(document({K: rule}, policy="forward_unmodified",
                                   resolve={"db.internal:8080": "45.33.32.1:80"}))
        cls.proxy = cls.start(cls.home)

    def get(self, authority):
        return self.proxy.raw(f"GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n")

    def test_a_name_that_leads_inside_is_refused_wherever_it_leads(self):
        """[I12]"""
        for authority in ("metadata.google.internal", "db.internal", "localhost:6379", "nobody.local"):
            with self.subTest(authority=authority):
                self.refused(self.get(authority), 403, "address_blocked")
        self.assertEqual(self.plain.requests, [])

    def test_what_the_operator_names_is_reached(self):
        """[I12] By upstream.resolve, and by allow_addresses of a binding."""
        self.assertEqual(self.get("db.internal:8080").status, 200)
        self.assertEqual(self.get("single").status, 200)


del Guarded  # it is a base alone

if __name__ == "__main__":
    network.enter()
    main()
