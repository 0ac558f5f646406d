# SPDX-License-Identifier: Apache-2.0
"""What an upstream failed for is told: in the answer, the record and on stderr, with what was seen."""

import re
import socket
import ssl
import warnings

from harness import pki
from harness.case import K, P, V, Case, bearer, document, main
from test_alerts import GARBAGE, TLS12, TLS13, Memory

AUTH = [("Authorization", f"Bearer {P}")]
WEAK = "ALL:@SECLEVEL=0"


class Causes(Case):
    """One proxy; one host and listener for each kind of upstream, in TLS 1.2 and in 1.3."""

    secrets = {K: V}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = pki.Authority(cls.scratch / "root", "good root")
        cls.stranger = pki.Authority(cls.scratch / "stranger", "Somebody Else")
        cls.listeners, cls.resolve = {}, {}
        cls.make_upstreams()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            cls.resolve["nobody.bad.test:443"] = f"127.0.0.1:{listener.getsockname()[1]}"
        cls.resolve.update({f"{label}.bad.test:443": made.address for label, made in cls.listeners.items()})
        hosts = ["unresolvable.bad.test", *[name[:-4] for name in cls.resolve]]
        cls.home = cls.make_home(secrets={K: V})
        cls.home.bindings(document({K: bearer(hosts=hosts)}, root=cls.root.certificate, resolve=cls.resolve))
        cls.proxy = cls.start(cls.home)

    @classmethod
    def context(cls, identity, low=None, high=None, ciphers=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if ciphers:
            context.set_ciphers(ciphers)
        context.load_cert_chain(str(identity.chain), str(identity.key))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            if low:
                context.minimum_version = low
            if high or low:
                context.maximum_version = high or low
        return context

    @classmethod
    def both(cls, label, make):
        """`make(host)` gives an identity; one listener for each version."""
        for version, suffix in ((TLS12, "12"), (TLS13, "13")):
            name = f"{label}{suffix}"
            identity = make(f"{name}.bad.test")
            cls.listeners[name] = cls.make_recorder(identity, context=cls.context(identity, version))

    @classmethod
    def make_upstreams(cls):
        root = cls.root
        cls.both("expired", lambda host: root.leaf([host], not_before="20200101000000Z", not_after="20210203040506Z"))
        cls.both("future", lambda host: root.leaf([host], not_before="20380101000000Z", not_after="20390101000000Z"))
        cls.both("name", lambda host: root.leaf(["one.test", "two.test", "three.test", "four.test", "five.test", "six.test"]))
        cls.both("issuer", lambda host: cls.stranger.leaf([host]))
        cls.both("purpose", lambda host: root.leaf([host], usage="clientAuth"))
        cls.both("middle", lambda host: root.leaf([host], issuer=root.leaf(
            label=f"old-{host}", subject="/CN=old intermediate", san="", usage="", is_ca=True, key_usage="keyCertSign,cRLSign",
            not_before="20200101000000Z", not_after="20210203040506Z")))
        for name in ("middle12", "middle13"):
            chain = cls.scratch / "root" / f"old-{name}.bad.test.pem"
            made = cls.listeners[name].identity
            made.chain.write_bytes(made.certificate.read_bytes() + chain.read_bytes())
            version = TLS12 if name.endswith("12") else TLS13
            cls.listeners[name].context = cls.context(made, version)
        selfish = pki.Authority(cls.scratch / "selfish", "selfish.bad.test",
                                extensions="basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:selfish.bad.test\n"
                                           "extendedKeyUsage=serverAuth\n")
        selfish = pki.Identity(selfish.key, selfish.certificate, selfish.certificate)
        cls.listeners["selfish"] = cls.make_recorder(selfish)
        cls.listeners["weak"] = cls.make_recorder(context=cls.context(root.leaf(["weak.bad.test"], key="rsa:1024"), ciphers=WEAK))
        rsa = root.leaf(["tls11.bad.test", "cbc.bad.test"], key="rsa:2048")
        cls.listeners["tls11"] = cls.make_recorder(context=cls.context(rsa, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, WEAK))
        cls.listeners["cbc"] = cls.make_recorder(context=cls.context(rsa, TLS12, TLS12, "ECDHE-RSA-AES128-SHA"))
        for name, version in (("asks12", TLS12), ("asks13", TLS13)):
            context = cls.context(root.leaf([f"{name}.bad.test"]), version)
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(str(root.certificate))
            cls.listeners[name] = cls.make_recorder(context=context)
        # what is no TLS, or ends in the middle of it
        for name, begin in (("clear", lambda c: c.send(b"HTTP/1.1 400 Bad Request\r\n\r\n") or c.close() or True),
                            ("shut", lambda c: c.sock.recv(65536) and c.close() or True),
                            ("reset", lambda c: c.sock.recv(9) and c.reset() or True)):
            cls.listeners[name] = cls.make_recorder(root.leaf([f"{name}.bad.test"]))
            cls.listeners[name].on_accept = begin
        cls.listeners["speaks"] = cls.make_recorder(root.leaf(["speaks.bad.test"]))
        # TLS that this test carries itself
        for name, version in (("records12", TLS12), ("records13", TLS13)):
            cls.listeners[name] = made = cls.make_recorder(root.leaf([f"{name}.bad.test"]))
            made.alerts = []
            made.on_accept = lambda c, m=made, v=version: cls.carry(c, m, cls.context(m.identity, v))

    @classmethod
    def carry(cls, connection, made, context):
        """Takes a request, answers by a part of a head if it asks for that, then by a bad record; notes the alert."""
        memory = Memory(connection.sock, context, server=True)
        memory.until(memory.tls.do_handshake)
        request = memory.until(lambda: memory.tls.read(65536))
        if b"/part" in request:
            memory.tls.write(b"HTTP/1.1 200 OK\r\nContent-Le")
            memory.flush()
        if b"/begun" in request:
            memory.tls.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            memory.flush()
        memory.sock.sendall(GARBAGE + (b"x" * 400_000 if b"/more" in request else b""))
        made.alerts.append(memory.alert())
        return True

    # --- judging ---
    def told(self, host, path, reason, cause, *seen, status=502, on_stderr=True):
        """The answer, the record and stderr all say it; stderr says the same of the same host once a minute."""
        answer = self.proxy.ask(host, target=path, headers=AUTH, timeout=30)
        problem = self.refused(answer, status, reason)
        self.assertEqual(problem["cause"], cause, problem)
        found = self.proxy.await_record(lambda r: r.get("request_id") == problem["request_id"] and "cause" in r)
        self.assertTrue(found, problem)
        self.assertEqual(found[0]["cause"], cause)
        for fact in seen:
            self.assertRegex(problem["detail"], fact)
            self.assertRegex(found[0]["facts"], fact)
        self.assertTrue(self.proxy.await_stderr(f"upstream {host}: "))
        lines = [line for line in self.proxy.stderr.decode().splitlines() if f"upstream {host}: " in line]
        for fact in seen:
            self.assertTrue(not on_stderr or any(re.search(fact, line) for line in lines), (fact, lines))
        self.assertTrue(all(ord(c) < 127 for c in answer.body.decode("latin-1") if c != "\n"))
        return found[0]

    def handshakes(self, label, cause, *seen):
        for suffix in ("12", "13"):
            host = f"{label}{suffix}.bad.test"
            with self.subTest(host):
                record = self.told(host, f"/{label}{suffix}", "upstream_tls_failed", cause, *seen)
                self.decided(record, "refused", "upstream_tls_failed")
                self.assertEqual(self.listeners[label + suffix].seen("/"), [])

    def test_an_expired_certificate(self):
        """[I4]"""
        self.handshakes("expired", "certificate_expired", "until 2021-02-03T04:05:06Z", r"for expired1[23]\.bad\.test",
                        "from 2020-01-01T00:00:00Z", "issued by CN=good root")

    def test_a_certificate_of_the_future(self):
        self.handshakes("future", "certificate_not_yet_valid", "from 2038-01-01T00:00:00Z")

    def test_an_expired_intermediate_is_the_one_that_is_shown(self):
        self.handshakes("middle", "certificate_expired", "until 2021-02-03T04:05:06Z", "CN=old intermediate")

    def test_another_name(self):
        """[I3]"""
        self.handshakes("name", "certificate_wrong_name", r"for one\.test, two\.test, three\.test, four\.test and 2 more")

    def test_an_unknown_issuer(self):
        self.handshakes("issuer", "certificate_unknown_issuer", "issued by CN=Somebody Else")

    def test_not_for_servers(self):
        self.handshakes("purpose", "certificate_wrong_purpose", "for purpose1")

    def test_self_signed_weak_old_and_nothing_in_common(self):
        self.told("selfish.bad.test", "/selfish", "upstream_tls_failed", "certificate_self_signed", "for selfish.bad.test")
        self.told("weak.bad.test", "/weak", "upstream_tls_failed", "certificate_weak", "for weak.bad.test")
        self.told("tls11.bad.test", "/tls11", "upstream_tls_failed", "tls_version_unsupported")
        self.told("cbc.bad.test", "/cbc", "upstream_tls_failed", "tls_nothing_in_common", "alert handshake_failure")

    def test_a_client_certificate_that_is_demanded(self):
        """In TLS 1.3 the alert comes when our handshake is over, and the request may be sent."""
        self.told("asks12.bad.test", "/asks12", "upstream_tls_failed", "client_certificate_required", "alert handshake_failure")
        self.told("asks13.bad.test", "/asks13", "upstream_tls_failed", "client_certificate_required", "alert certificate_required")
        for label in ("asks12", "asks13"):
            self.assertEqual(self.listeners[label].seen("/"), [])

    def test_what_is_no_TLS_or_ends_in_it(self):
        self.told("clear.bad.test", "/clear", "upstream_tls_failed", "tls_not_spoken")
        self.told("shut.bad.test", "/shut", "upstream_tls_failed", "closed_in_handshake")
        self.told("reset.bad.test", "/reset", "upstream_tls_failed", "connection_reset")

    def test_who_cannot_be_reached(self):
        self.told("nobody.bad.test", "/nobody", "upstream_connect_failed", "connection_refused")
        answer = self.proxy.ask("unresolvable.bad.test", target="/unresolvable", headers=AUTH)
        problem = self.refused(answer, 502, "upstream_dns_failed")
        self.assertIn(problem["cause"], ("name_unknown", "lookup_failed"))

    def test_a_bad_record_is_told_and_answered_by_an_alert(self):
        """RFC 8446 section 6.2, on this side, too; also when more is on its way, which a reset would answer."""
        for suffix in ("12", "13"):
            host, made = f"records{suffix}.bad.test", self.listeners[f"records{suffix}"]
            for path in ("/records", "/records/part", "/records/more"):
                with self.subTest(host + path):
                    del made.alerts[:]
                    record = self.told(host, path, "upstream_tls_failed", "tls_broken")
                    self.assertEqual(record["outcome"], "upstream_tls_failed")
                    self.assertTrue(made.wait(lambda: made.alerts))
                    self.assertRegex(made.alerts[0], "BAD_RECORD_MAC|UNEXPECTED_MESSAGE")
            del made.alerts[:]
            answer = self.proxy.ask(host, target="/records/begun", headers=AUTH)
            self.assertFalse(answer.complete)
            ended = self.proxy.await_record(lambda r: r.get("cause") == "tls_broken" and r.get("outcome") == "truncated")
            self.assertTrue(ended)
            self.assertTrue(made.wait(lambda: made.alerts))
            self.assertEqual(made.alerts[0], "BAD_RECORD_MAC")

    def test_the_upstream_is_told_why_its_certificate_is_refused(self):
        for label, alert in (("expired13", "CERTIFICATE_EXPIRED"), ("issuer12", "UNKNOWN_CA"), ("name13", "BAD_CERTIFICATE")):
            made = self.listeners[label]
            self.proxy.ask(f"{label}.bad.test", target=f"/alert/{label}", headers=AUTH)
            self.assertTrue(made.wait(lambda: any(c.handshake_error for c in made.connections)))
            errors = [c.handshake_error.reason for c in made.connections if c.handshake_error]
            self.assertTrue(any(alert in (reason or "") for reason in errors), (label, errors))

    # --- the answer ---
    def answers(self, path, raw, cause, *seen, close=True, reason="upstream_protocol_error"):
        self.listeners["speaks"].sends(path, raw, close)
        with self.subTest(path):
            record = self.told("speaks.bad.test", path, reason, cause, *seen, on_stderr=False)
            self.assertEqual((record["type"], record["outcome"]), ("upstream_response", reason))

    def test_answers_that_are_no_good(self):
        ok = b"HTTP/1.1 200 OK\r\n"
        self.answers("/nothing", b"", "closed_before_answer")
        self.answers("/half-head", ok + b"X: y\r\n", "closed_in_answer", "head")
        self.answers("/status-line", b"HTTP/2 200\r\n\r\n", "answer_malformed", "status line")
        self.answers("/both", ok + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "answer_malformed",
                     "Content-Length|Transfer-Encoding")
        self.answers("/length", ok + b"Content-Length: +3\r\n\r\nabc", "answer_malformed", "Content-Length")
        self.answers("/coding", ok + b"Transfer-Encoding: gzip\r\n\r\n", "answer_malformed", "Transfer-Encoding")
        self.answers("/name", ok + b"B ad: x\r\n\r\n", "answer_malformed", "field name|HTTP parser")
        self.answers("/interim", b"HTTP/1.1 102 Processing\r\n\r\n" * 40, "too_many_interim_responses", "at most 16")
        self.answers("/switch", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
                     "answer_malformed", "101 Switching Protocols, which was not asked for")

    def test_bounds_of_an_answer_are_named(self):
        """[I10]"""
        ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
        self.answers("/many", ok + b"".join(b"X-%d: y\r\n" % i for i in range(2000)) + b"\r\n", "too_many_fields", r"\d\d")
        self.answers("/long", ok + b"X: " + b"y" * 200_000 + b"\r\n\r\n", "field_too_long", r"\d\d")
        self.answers("/large", ok + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 15_000) for i in range(60)) + b"\r\n", "head_too_large",
                     r"\d\d")
        self.answers("/status", b"HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n", "status_out_of_range", r"\d\d\d")

    def test_a_chunk_that_is_no_good_is_in_the_record(self):
        self.listeners["speaks"].sends("/chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n")
        answer = self.proxy.ask("speaks.bad.test", target="/chunk", headers=AUTH)
        self.assertFalse(answer.complete)
        found = self.proxy.await_record(lambda r: r.get("facts", "").startswith("a chunk without a size"))
        self.assertEqual((found[0]["outcome"], found[0]["cause"]), ("truncated", "answer_malformed"))

    def test_a_certificate_cannot_write_into_answer_record_or_stderr(self):
        """[I1] Names are data of the other side: printable and bounded, wherever they are shown."""
        odd = '/CN=a"}\\x0a{"reason":"binding_matched'
        name = "odd.bad.test"
        authority = pki.Authority(self.scratch / "odd", "Q}{uote%n%s")
        made = self.make_recorder(authority.leaf([f"n{i}.{'x' * 50}.test" for i in range(90)], subject=odd.replace('"', "'")))
        home = self.copy_home(self.home, "odd")
        home.bindings(document({K: bearer(hosts=[name])}, root=self.root.certificate, resolve={f"{name}:443": made.address}))
        running = self.start(home)
        answer = running.ask(name, target="/odd", headers=AUTH)
        problem = self.refused(answer, 502, "upstream_tls_failed")
        self.assertLess(len(problem["detail"]), 800)
        record = running.decision("/odd")
        self.assertLessEqual(len(record["facts"]), 480)
        running.stop()

    def test_the_same_of_the_same_host_is_told_once_a_minute(self):
        for _ in range(20):
            self.proxy.ask("nobody.bad.test", target="/again", headers=AUTH)
        lines = [line for line in self.proxy.stderr.decode().splitlines() if "upstream nobody.bad.test: " in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertEqual(len(self.proxy.await_decisions("/again", count=20)), 20)

    def test_audit_show_shows_the_cause(self):
        self.proxy.ask("nobody.bad.test", target="/shown", headers=AUTH)
        self.proxy.await_decisions("/shown")
        shown = self.home.run("audit", "show", "--host", "nobody.bad.test").stdout.decode()
        self.assertIn("upstream_connect_failed", shown)
        self.assertIn("(connection_refused)", shown)


if __name__ == "__main__":
    main()
