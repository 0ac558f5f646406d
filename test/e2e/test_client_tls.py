# SPDX-License-Identifier: Apache-2.0
"""Group TC: what the proxy shows its clients, and the local CA (I11)."""

import concurrent.futures
import datetime
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import unittest
import warnings

from harness import client
from harness.case import H, H2, K, P, V, X, OneProxy, bearer, main


def describe(pem):
    return subprocess.run(["openssl", "x509", "-noout", "-text", "-nameopt", "RFC2253"], input=pem, capture_output=True,
                          check=True).stdout.decode()


def when(text, label):
    found = re.search(label + r"\s*: (.*) GMT", text)[1]
    return datetime.datetime.strptime(found, "%b %d %H:%M:%S %Y")


class Leaf(OneProxy):
    hosts = (H, H2, X, "10.1.2.3")

    @classmethod
    def rules(cls):
        return {K: bearer(hosts=(H, H2, "10.1.2.3"))}

    @classmethod
    def make_pki(cls, hosts, name="pki"):
        return super().make_pki([h for h in hosts if not h[0].isdigit()], name)

    def leaf_of(self, host):
        with self.proxy.tunnel(host) as wire:
            return ssl.DER_cert_to_PEM_cert(wire.sock.getpeercert(True)).encode()

    def test_TC_01_the_leaf_is_narrow_short_lived_and_of_P_256(self):
        """[I11]"""
        pem = self.leaf_of(H)
        text = describe(pem)
        self.assertIn("NIST CURVE: P-256", text)
        self.assertIn("ecdsa-with-SHA256", text)
        self.assertEqual(re.search(r"X509v3 Subject Alternative Name:.*\n\s*(.*)", text)[1].strip(), f"DNS:{H}")
        self.assertRegex(text, r"X509v3 Basic Constraints: critical\n\s*CA:FALSE")
        self.assertRegex(text, r"X509v3 Key Usage: critical\n\s*Digital Signature\n")
        self.assertRegex(text, r"X509v3 Extended Key Usage: ?\n\s*TLS Web Server Authentication\n")
        self.assertIn("X509v3 Subject Key Identifier", text)
        self.assertIn("X509v3 Authority Key Identifier", text)
        serial = re.search(r"Serial Number:\s*(?:\d+ \((0x[0-9a-f]+)\)|([0-9a-f:]+))", text)
        digits = (serial[1] or serial[2]).replace("0x", "").replace(":", "")
        self.assertGreaterEqual(len(digits), 16, "fewer than 64 bits of serial")
        start, end = when(text, "Not Before"), when(text, "Not After ")
        now = datetime.datetime.utcnow()
        self.assertLessEqual(end - start, datetime.timedelta(days=7, seconds=1))
        self.assertLessEqual(now - start, datetime.timedelta(hours=48, minutes=2))
        self.assertNotEqual(describe(self.leaf_of(H2)), text)

    def test_TC_01_the_leaf_passes_strict_verifiers(self):
        """[I11] openssl -x509_strict, GnuTLS; Python's strict flag is on in every other test here."""
        for host in (H, "10.1.2.3"):
            pem = self.leaf_of(host)
            leaf = self.work / "leaf.pem"
            leaf.write_bytes(pem)
            flag = "-verify_ip" if host[0].isdigit() else "-verify_hostname"
            done = subprocess.run(["openssl", "verify", "-x509_strict", "-purpose", "sslserver", flag, host, "-CAfile",
                                   str(self.home.ca), str(leaf)], capture_output=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            if shutil.which("certtool") and not host[0].isdigit():
                done = subprocess.run(["certtool", "--verify", "--load-ca-certificate", str(self.home.ca), "--verify-hostname",
                                       host, "--verify-profile", "medium", "--infile", str(leaf)], capture_output=True, check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_TC_02_TC_12_the_CA_is_this_installs_own_and_its_key_is_not_on_disk(self):
        """[I11]"""
        pem = self.home.ca.read_bytes()
        text = describe(pem)
        self.assertRegex(text, r"X509v3 Basic Constraints: critical\n\s*CA:TRUE, pathlen:0")
        self.assertRegex(text, r"X509v3 Key Usage: critical\n\s*Certificate Sign, CRL Sign\n")
        self.assertIn("NIST CURVE: P-256", text)
        key = lambda certificate: subprocess.run(["openssl", "x509", "-noout", "-pubkey"], input=certificate,
                                                 capture_output=True, check=True).stdout
        self.assertNotEqual(key(pem), key(self.leaf_of(H)))
        for path in self.home.path.rglob("*"):
            if path.is_file():
                self.assertNotIn(b"PRIVATE KEY", path.read_bytes(), path)
        other = self.make_home("other", {})
        self.assertNotEqual(key(other.ca.read_bytes()), key(pem))
        self.assertNotEqual(re.search("Subject: (.*)", describe(other.ca.read_bytes()))[1], re.search("Subject: (.*)", text)[1])

    def attempt(self, context, name=H):
        wire, answer = self.proxy.connect(f"{H}:443")
        self.assertEqual(answer.status, 200)
        try:
            return client.start_tls(wire, name, self.home.ca, context)
        except (ssl.SSLError, ConnectionError, OSError):
            wire.close()
            return None

    def lax(self, ciphers="ALL:@SECLEVEL=0"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers(ciphers)
        return context

    def test_TC_03_old_clients_are_refused(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
                context = self.lax()
                context.minimum_version = context.maximum_version = version
                self.assertIsNone(self.attempt(context), version)
        for ciphers in ("NULL:@SECLEVEL=0", "aNULL:@SECLEVEL=0", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA"):
            context = self.lax(ciphers)
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            self.assertIsNone(self.attempt(context), ciphers)

    def test_TC_03_ALPN_answers_http_1_1(self):
        for offered, chosen in ((["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"), ([], None)):
            wire = self.attempt(client.tls_context(self.home.ca, alpn=offered))
            self.assertIsNotNone(wire, offered)
            self.assertEqual(wire.sock.selected_alpn_protocol(), chosen)
            wire.close()
        wire = self.attempt(client.tls_context(self.home.ca, alpn=["h2"]))
        if wire is not None:
            self.assertIsNone(wire.sock.selected_alpn_protocol())
            wire.close()

    def test_TC_03_tls_1_2_and_1_3_are_served(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = client.tls_context(self.home.ca)
            context.minimum_version = context.maximum_version = version
            with self.attempt(context) as wire:
                wire.send(client.request_bytes("GET", f"/tc03/{version.name}", H, [("Authorization", f"Bearer {P}")]))
                self.assertEqual(wire.response().status, 200)

    def test_TC_05_names_that_are_not_the_CONNECT_name_get_no_leaf(self):
        """[I3]"""
        for name in (X, "x." + H, H[1:], "localhost"):
            with self.subTest(name):
                wire = self.attempt(self.lax("DEFAULT"), name)
                if wire is not None:
                    text = describe(ssl.DER_cert_to_PEM_cert(wire.sock.getpeercert(True)).encode())
                    self.assertNotIn(f"DNS:{name}\n", text)
                    wire.send(client.request_bytes("GET", "/tc05", name))
                    answer = wire.response()
                    if answer is not None:
                        self.refused(answer, 421, "identity_mismatch")
                    wire.close()
        self.assertEqual(self.recorder.seen("/tc05"), [])

    def test_TC_05_the_SNI_in_upper_case_is_the_same_name(self):
        with self.attempt(client.tls_context(self.home.ca), H.upper()) as wire:
            wire.send(client.request_bytes("GET", "/tc05u", H))
            self.assertEqual(wire.response().status, 200)

    def test_TC_06_names_that_nobody_bound_cost_nothing(self):
        """[I10] No leaf is minted for them: they are refused before TLS."""
        before = self.proxy.status("VmRSS")

        def refused(number):
            wire, answer = self.proxy.connect(f"n{number}.nobody.test:443")
            wire.close()
            return answer.status
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(set(pool.map(refused, range(2000))), {403})
        self.assertLess(self.proxy.status("VmRSS") - before, 16 * 1024)

    def test_TC_07_two_hundred_first_requests_for_a_host_are_served_by_one_leaf(self):
        fresh = self.start(self.copy_home_quietly(), threads=2)

        def serial(_):
            with client.tunnel(fresh.port, H, self.home.ca) as wire:
                return wire.sock.getpeercert()["serialNumber"]
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            serials = set(pool.map(serial, range(200)))
        self.assertEqual(len(serials), 1)
        fresh.stop()

    def copy_home_quietly(self):
        return self.copy_home(self.home, "tc07")

    def test_TC_08_hello_in_pieces_is_served(self):
        """[I15]"""
        context = client.tls_context(self.home.ca)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        inner = context.wrap_bio(incoming, outgoing, server_hostname=H)
        wire, answer = self.proxy.connect(f"{H}:443")
        self.assertEqual(answer.status, 200)
        while True:
            try:
                inner.do_handshake()
            except ssl.SSLWantReadError:
                for byte in outgoing.read():
                    wire.sock.sendall(bytes([byte]))
                incoming.write(wire.sock.recv(65536))
                continue
            break
        inner.write(client.request_bytes("GET", "/tc08", H))
        wire.sock.sendall(outgoing.read())
        answer = b""
        while b"recorded" not in answer:
            incoming.write(wire.sock.recv(65536))
            try:
                while True:
                    answer += inner.read(65536)
            except ssl.SSLWantReadError:
                pass
        wire.close()

    def test_TC_08_a_broken_handshake_ends_without_harm(self):
        for junk in (b"\x16\x03\x01\xff\xff" + b"\x01" * 70000, b"\x16\x03\x01\x00\x05\x01\x00\xff\xff\xff", b"\x16\x03\x01\x00\x00" * 200,
                     b"\x15\x03\x01\x00\x02\x02\x28", b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00"):
            wire, answer = self.proxy.connect(f"{H}:443")
            with wire:
                wire.sock.settimeout(60)  # a hello that never ends is waited for: kClientTlsMs
                try:
                    wire.send(junk)
                except OSError:
                    pass
                wire.rest()
        self.assertTrue(self.proxy.is_running())
        self.assertEqual(self.ask(H, target="/tc08/after").status, 200)

    def test_TC_11_a_rotated_CA_signs_new_leaves_and_old_tunnels_go_on(self):
        """[I14]"""
        home = self.copy_home(self.home, "tc11")
        running = self.start(home)
        old_root = home.ca.read_bytes()
        with client.tunnel(running.port, H, home.ca) as old:
            home.must("ca", "rotate", unlock=True)
            new_root = home.ca.read_bytes()
            self.assertNotEqual(old_root, new_root)
            running.reload()
            old.send(client.request_bytes("GET", "/tc11/old", H))
            self.assertEqual(old.response().status, 200)
            with client.tunnel(running.port, H, home.ca) as new:
                new.send(client.request_bytes("GET", "/tc11/new", H))
                self.assertEqual(new.response().status, 200)
        running.stop()

    def test_TC_13_sessions_are_not_resumed_for_another_host(self):
        context = client.tls_context(self.home.ca)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        wire, _ = self.proxy.connect(f"{H}:443")
        first = context.wrap_socket(wire.sock, server_hostname=H)
        session = first.session
        first.close()
        wire, _ = self.proxy.connect(f"{H2}:443")
        second = context.wrap_socket(wire.sock, server_hostname=H2, session=session)
        self.assertFalse(second.session_reused)
        self.assertEqual(second.getpeercert()["subjectAltName"], (("DNS", H2),))
        second.close()


if __name__ == "__main__":
    main()
