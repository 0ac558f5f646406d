# SPDX-License-Identifier: Apache-2.0
"""Clients that do not come to TLS with us are told of, in the log and on stderr, and told why by an alert."""

import datetime
import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import time
import unittest
import warnings

from harness import client
from harness.case import H, H2, K, P, OneProxy, bearer, main
from harness.clock import DAY, Clock
from test_alerts import TLS12, TLS13, Memory, lax


class Trust(OneProxy):
    hosts = (H, H2)
    more = {"allow_users": [client.NOBODY]}

    @classmethod
    def rules(cls):
        return {K: bearer(hosts=(H, H2, *[f"t{i}.example.test" for i in range(20)]))}

    def raw(self, host=H, timeout=10.0):
        wire, answer = self.proxy.connect(f"{host}:443", timeout=timeout)
        self.assertEqual(answer.status, 200)
        return wire.sock

    def failed(self, host, alert, by, count=1):
        """Waits for the records of that host; gives them."""
        def is_it(record):
            return record["type"] == "client_tls_failed" and record["host"] == host
        found = self.proxy.await_record(is_it)
        self.assertTrue(found, f"no record for {host}")
        self.assertEqual([(r["alert"], r["by"]) for r in found], [(alert, by)] * len(found))
        self.assertEqual(list(found[0]), ["v", "seq", "ts", "type", "client", "host", "alert", "by", "count", "prev", "hash"])
        self.assertRegex(found[0]["client"]["addr"], r"^127\.0\.0\.1:\d+$")
        self.assertEqual({r["client"]["uid"] for r in found}, {os.getuid()})
        if count is not None:
            self.assertEqual(sum(r["count"] for r in found), count)
        return found

    @unittest.skipUnless(os.geteuid() == 0, "being another user needs root")
    def test_two_users_of_the_machine_are_not_counted_together(self):
        host = "t15.example.test"
        for user in (client.NOBODY, 0) * 4:
            with client.as_user(user), self.assertRaises(ssl.SSLError):
                ssl.create_default_context().wrap_socket(self.raw(host), server_hostname=host)

        def counted(user):
            return sum(r["count"] for r in self.proxy.records() if r["type"] == "client_tls_failed" and
                       r["host"] == host and r["client"]["uid"] == user)
        end = time.monotonic() + 5
        while counted(0) + counted(client.NOBODY) < 8 and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual((counted(0), counted(client.NOBODY)), (4, 4))

    def lines(self, host):
        return [line for line in self.proxy.stderr.decode().splitlines() if f" {host} " in line]

    def test_a_client_that_does_not_trust_our_CA_is_recorded_and_stderr_says_what_to_do(self):
        for number, version in enumerate((TLS12, TLS13)):
            host = f"t{number}.example.test"
            context = ssl.create_default_context()
            context.minimum_version = context.maximum_version = version
            with self.subTest(version.name), self.assertRaises(ssl.SSLError):
                context.wrap_socket(self.raw(host), server_hostname=host)
            self.failed(host, "unknown_ca", "client")
            self.assertTrue(self.proxy.await_stderr(f" {host} (unknown_ca)"))
            self.assertIn("keyswap run", self.lines(host)[0])

    def test_one_line_a_host_a_minute_and_a_flood_is_counted(self):
        """[I10]"""
        host = "t2.example.test"
        for _ in range(100):
            with self.assertRaises(ssl.SSLError):
                ssl.create_default_context().wrap_socket(self.raw(host), server_hostname=host)
        self.proxy.await_record(lambda r: r["type"] == "client_tls_failed" and r["host"] == host and r["count"] > 1)
        end = time.monotonic() + 5
        while sum(r["count"] for r in self.failed(host, "unknown_ca", "client", None)) < 100 and time.monotonic() < end:
            time.sleep(0.05)
        found = self.failed(host, "unknown_ca", "client", 100)
        when = [datetime.datetime.fromisoformat(r["ts"].rstrip("Z")) for r in found]
        # the first, then at most one a second
        self.assertLessEqual(len(found), 2 + (when[-1] - when[0]).total_seconds())
        self.assertLessEqual(len(self.lines(host)), 1 + (when[-1] - when[0]).total_seconds() // 60, self.lines(host))

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl_leaves_its_alert(self):
        host = "t3.example.test"
        subprocess.run(["curl", "-sS", "-x", f"http://{self.proxy.address}", f"https://{host}/"], capture_output=True,
                       timeout=30, check=False)
        self.failed(host, "unknown_ca", "client")

    def test_what_we_refuse_is_told_with_our_alert(self):
        """A version of old, a protocol we do not speak, garbage: a fatal alert, and the record has its name."""
        def offer(host, expected, prepare):
            context = lax()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                prepare(context)
            with self.subTest(expected):
                with self.assertRaises(ssl.SSLError) as caught:
                    context.wrap_socket(self.raw(host), server_hostname=host)
                self.assertIn(f"ALERT_{expected}".upper(), caught.exception.reason or "")
                self.failed(host, expected, "keyswap")

        def old(context):
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1

        def weak(context):
            context.set_ciphers("AES128-SHA:@SECLEVEL=0")
            context.maximum_version = TLS12
        offer("t4.example.test", "protocol_version", old)
        offer("t5.example.test", "handshake_failure", weak)

    def test_ALPN_without_http_1_1_gets_no_application_protocol(self):
        """RFC 7301 section 3.2; also when more bytes are on their way, which a reset would answer."""
        for number, (offered, version) in enumerate(((["http/1.0"], TLS12), (["http/1.0"], TLS13), (["h2"], TLS13),
                                                     (["h2", "http/1.0", "spdy/3"], TLS12))):
            host = f"t{6 + number}.example.test"
            context = lax(version)
            context.set_alpn_protocols(offered)
            memory = Memory(self.raw(host), context, name=host)
            with self.subTest(offered), self.assertRaises(ssl.SSLWantReadError):
                memory.tls.do_handshake()
            memory.sock.sendall(memory.outgoing.read() + b"x" * 200_000)
            got = b""
            while data := memory.sock.recv(4096):
                got += data
            self.assertEqual((got[:1], got[5:]), (b"\x15", b"\x02\x78"), offered)  # fatal, 120
            self.failed(host, "no_application_protocol", "keyswap")
            self.assertTrue(self.proxy.await_stderr(f" {host} (no_application_protocol)"))

    def test_a_client_that_closes_without_a_word_is_told_of(self):
        def after_connect(sock):
            sock.close()

        def after_hello(sock):
            memory = Memory(sock, lax(), name=H)
            with self.assertRaises(ssl.SSLWantReadError):
                memory.tls.do_handshake()
            memory.flush()
            sock.recv(1)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
            sock.close()

        def after_handshake(sock):
            lax().wrap_socket(sock, server_hostname=H).close()  # no close_notify
        for number, leave in enumerate((after_connect, after_hello, after_handshake)):
            host = f"t{10 + number}.example.test"
            with self.subTest(leave.__name__):
                leave(self.raw(host))
                self.failed(host, "closed", "nobody")
                self.assertTrue(self.proxy.await_stderr(f" {host} (closed)"))

    def test_a_reset_and_garbage_are_told_of(self):
        sock = self.raw("t13.example.test")
        memory = Memory(sock, lax(), name=H)
        with self.assertRaises(ssl.SSLWantReadError):
            memory.tls.do_handshake()
        memory.flush()
        sock.recv(1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
        self.failed("t13.example.test", "reset", "nobody")
        sock = self.raw("t14.example.test")
        sock.sendall(b"\x16\x03\x01\x00\x08" + b"\x01\x00\x00\x04\xff\xff\xff\xff")
        got = b""
        while data := sock.recv(4096):
            got += data
        self.assertEqual((got[:1], got[5:6]), (b"\x15", b"\x02"), got)  # a fatal alert
        self.failed("t14.example.test", {50: "decode_error", 47: "illegal_parameter", 70: "protocol_version"}[got[6]], "keyswap")

    def test_a_client_that_was_only_looking_is_not_told_of(self):
        """A whole handshake and a proper end; and a request that is served."""
        sock = lax().wrap_socket(self.raw("t15.example.test"), server_hostname="t15.example.test")
        sock.unwrap()
        self.assertEqual(self.ask(H, target="/trust/served").status, 200)
        self.ask(H, target="/trust/again")
        self.assertEqual([r for r in self.proxy.records() if r["type"] == "client_tls_failed" and
                          r["host"] in (H, "t15.example.test")], [])

    def test_a_client_that_does_not_finish_in_time_is_told_of(self):
        """[I10]"""
        sock = self.raw("t16.example.test", timeout=40)
        sock.sendall(b"\x16\x03\x01\x02\x00\x01")
        self.assertEqual(sock.recv(100), b"")
        self.failed("t16.example.test", "timed_out", "nobody")

    def test_audit_show_shows_them_and_filters_by_host(self):
        with self.assertRaises(ssl.SSLError):
            ssl.create_default_context().wrap_socket(self.raw("t17.example.test"), server_hostname="t17.example.test")
        self.failed("t17.example.test", "unknown_ca", "client")
        shown = self.home.run("audit", "show", "--host", "t17.example.test").stdout.decode()
        self.assertRegex(shown, r"(?m)client TLS failed .*unknown_ca by client.* t17\.example\.test")


class Endings(OneProxy):
    """A CONNECT gets an answer while one can still be given, and leaves a record in any case."""

    hosts = (H,)
    policy = "forward_unmodified"

    @classmethod
    def setUpClass(cls):
        cls.silent = socket.create_server(("127.0.0.1", 0))  # takes connections, says nothing
        cls.addClassCleanup(cls.silent.close)
        cls.more = {"upstream": {"proxy": f"http://127.0.0.1:{cls.silent.getsockname()[1]}"}}
        super().setUpClass()

    @classmethod
    def rules(cls):
        return {K: bearer()}

    def knock(self, running, host):
        """A CONNECT whose dial is under way."""
        wire = client.dial(running.port)
        wire.send(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n")
        self.silent.settimeout(10)
        self.addCleanup(self.silent.accept()[0].close)
        return wire

    def refusal(self, running, host, reason):
        found = running.await_record(lambda r: r.get("decision") == "refused" and r["destination"]["host"] == host)
        self.assertEqual([r["reason"] for r in found], [reason])

    def test_a_client_that_leaves_while_its_tunnel_is_dialled_is_recorded(self):
        self.knock(self.proxy, "left.example.test").close()
        self.refusal(self.proxy, "left.example.test", "client_timeout")
        wire = self.knock(self.proxy, "reset.example.test")
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.close()
        self.refusal(self.proxy, "reset.example.test", "client_timeout")

    def test_SIGTERM_answers_who_waits_for_a_tunnel_and_serves_who_has_one(self):
        running = self.start(self.copy_home(self.home, "endings"))
        waiting = self.knock(running, "waits.example.test")
        granted, answer = running.connect(f"{H}:443")
        self.assertEqual(answer.status, 200)
        os.kill(running.pid, signal.SIGTERM)
        self.refused(waiting.response(), 503, "shutting_down")
        with client.start_tls(granted, H, self.home.ca) as wire:
            wire.send(client.request_bytes("GET", "/endings/granted", H, [("Authorization", f"Bearer {P}")]))
            answer = wire.response()
            self.assertEqual((answer.status, answer.get("Connection")), (200, "close"))
        self.refusal(running, "waits.example.test", "shutting_down")
        self.assertEqual(running.stop(), 0)


class Clocks(OneProxy):
    """Certificates and clocks that disagree."""

    hosts = (H, H2)

    @classmethod
    def rules(cls):
        return {K: bearer(hosts=(H, H2))}

    def test_a_clock_before_the_CA_is_told_like_every_refusal(self):
        """[I13]"""
        home = self.copy_home(self.home, "clock")
        clock = Clock(self.inputs / "clock-leaf")
        running = self.start(home, env=clock.environment())
        with running.tunnel(H, context=clock.client_context()):
            pass  # a leaf is kept
        clock.set(-30 * DAY)
        for host in (H, H2):
            wire, answer = running.connect(f"{host}:443")
            wire.close()
            problem = self.refused(answer, 503, "leaf_unavailable")
            self.assertEqual(problem["cause"], "clock_before_ca")
            self.assertIn("clock", problem["detail"])
            self.assertTrue(running.await_stderr(f"no certificate for {host}: The clock"))
        found = running.await_decisions(host=H2)
        self.decided(found[0], "refused", "leaf_unavailable")
        self.assertEqual(found[0]["cause"], "clock_before_ca")
        clock.set(0)
        with running.tunnel(H2, context=clock.client_context()) as wire:
            wire.send(client.request_bytes("GET", "/clock/again", H2, [("Authorization", f"Bearer {P}")]))
            self.assertEqual(wire.response().status, 200)
        clock.set(4000 * DAY)
        wire, answer = running.connect(f"{H}:443")
        wire.close()
        self.assertEqual(self.refused(answer, 503, "leaf_unavailable")["cause"], "ca_expired")
        clock.set(0)
        running.stop()

    def test_a_client_whose_clock_is_a_day_behind_is_served(self):
        """[I11]"""
        with self.proxy.tunnel(H) as wire:
            pem = ssl.DER_cert_to_PEM_cert(wire.sock.getpeercert(True))
        leaf = self.work / "leaf.pem"
        leaf.write_text(pem)
        for hours in (0, 24, 47):
            done = subprocess.run(["openssl", "verify", "-x509_strict", "-attime", str(int(time.time()) - hours * 3600), "-CAfile",
                                   str(self.home.ca), str(leaf)], capture_output=True, check=False)
            self.assertEqual(done.returncode, 0, (hours, done.stdout, done.stderr))
        dates = subprocess.run(["openssl", "x509", "-noout", "-startdate", "-enddate", "-in", str(leaf)], capture_output=True,
                               check=True).stdout.decode()
        start, end = [datetime.datetime.strptime(line.split("=")[1], "%b %d %H:%M:%S %Y GMT") for line in dates.split("\n")[:2]]
        self.assertLessEqual(end - start, datetime.timedelta(days=7))


if __name__ == "__main__":
    main()
