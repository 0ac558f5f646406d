# SPDX-License-Identifier: Apache-2.0
"""TLS that breaks after the handshake ends in an alert, which arrives (RFC 8446 sections 5.2 and 6.2)."""

import os
import ssl
import subprocess

from harness.case import H, K, OneProxy, bearer, main

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
GARBAGE = b"\x17\x03\x03\x00\x20" + b"\0" * 32


def lax(version=None):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if version:
        context.minimum_version = context.maximum_version = version
    return context


class Memory:
    """TLS whose records this test carries itself, so that it can put in others."""

    def __init__(self, sock, context, *, server=False, name=None):
        self.sock, self.incoming, self.outgoing = sock, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=server, server_hostname=name)

    def flush(self):
        self.sock.sendall(self.outgoing.read())

    def feed(self):
        data = self.sock.recv(65536)
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()
        return bool(data)

    def until(self, step):
        """Runs `step`, carrying records both ways, until it is done; gives its value."""
        while True:
            try:
                done = step()
                self.flush()
                return done
            except ssl.SSLWantReadError:
                self.flush()
                self.feed()

    def alert(self):
        """Reads to the end; the alert that came ("" none), as OpenSSL calls it."""
        try:
            while self.until(lambda: self.tls.read(65536)):
                pass
        except ssl.SSLZeroReturnError:
            return "CLOSE_NOTIFY"
        except ssl.SSLError as error:
            return (error.reason or "").partition("ALERT_")[2]
        except ConnectionError:
            return "RESET"
        return ""


class Alerts(OneProxy):
    """The client's side; the upstream's is in test_upstream_causes.py."""

    hosts = (H,)

    @classmethod
    def rules(cls):
        return {K: bearer()}

    def raw(self):
        wire, answer = self.proxy.connect(f"{H}:443", timeout=10)
        self.assertEqual(answer.status, 200)
        self.addCleanup(wire.close)
        return wire.sock

    def broken_by(self, version, bytes_after):
        memory = Memory(self.raw(), lax(version), name=H)
        memory.until(memory.tls.do_handshake)
        memory.sock.sendall(bytes_after)
        return memory.alert()

    def test_a_bad_record_and_an_unexpected_message_are_answered_by_an_alert(self):
        """RFC 8446 sections 5.2 and 6.2. Also when more is on its way, which a reset would answer."""
        hello = b"\x16\x03\x03\x00\x20\x01" + b"\0" * 31
        for version in (TLS12, TLS13):
            for label, data in (("bad record", GARBAGE), ("bad record and more", GARBAGE + b"x" * 300_000),
                                ("oversized", b"\x17\x03\x03\xff\xff" + b"x" * 0xffff), ("in clear", hello),
                                ("unknown type", b"\x63\x03\x03\x00\x20" + b"\0" * 32)):
                with self.subTest(version=version.name, label=label):
                    self.assertRegex(self.broken_by(version, data),
                                     "^(BAD_RECORD_MAC|UNEXPECTED_MESSAGE|RECORD_OVERFLOW|DECODE_ERROR|PROTOCOL_VERSION)$")

    def test_a_bad_record_behind_a_request_is_answered_by_an_alert(self):
        """[I15] The record comes in the same read as what came before it."""
        for version in (TLS12, TLS13):
            memory = Memory(self.raw(), lax(version), name=H)
            memory.until(memory.tls.do_handshake)
            memory.tls.write(b"GET /alerts/part HTTP/1.1\r\nHost: ")
            memory.sock.sendall(memory.outgoing.read() + GARBAGE)
            self.assertEqual(memory.alert(), "BAD_RECORD_MAC", version.name)

    def test_a_renegotiation_is_answered_before_the_end(self):
        wire, answer = self.proxy.connect(f"{H}:443")
        self.assertEqual(answer.status, 200)
        wire.close()
        with subprocess.Popen(["openssl", "s_client", "-proxy", self.proxy.address, "-connect", f"{H}:443", "-servername", H,
                               "-tls1_2", "-CAfile", str(self.home.ca)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as process:
            shown = b""
            while b"Verify return code" not in shown:
                shown += os.read(process.stdout.fileno(), 4096)
            process.stdin.write(b"R\n")
            process.stdin.flush()
            rest = process.communicate(timeout=30)[0]
        self.assertIn(b"no renegotiation", rest)


if __name__ == "__main__":
    main()
