# SPDX-License-Identifier: Apache-2.0
"""Group TU: an upstream that cannot prove who it is gets no byte of a request (I4)."""

import pathlib
import shutil
import socket
import ssl
import time

from harness import client, pki, proxy, recorder
from harness.case import H, K, P, V, Case, bearer, document, main, row

AUTH = [("Authorization", f"Bearer {P}")]
BASIC = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"


class Upstreams(Case):
    """One proxy, one host and one listener for each kind of upstream."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = pki.Authority(cls.scratch / "root", "good root")
        cls.hosts = {}
        cls.listeners = {}
        cls.make_upstreams()
        cls.home = cls.make_home(secrets={K: V})
        resolve = {f"{name}.bad.test:443": made.address for name, made in cls.listeners.items()}
        resolve[f"{H}:443"] = cls.good.address
        resolve["nobody.bad.test:443"] = f"127.0.0.1:{cls.closed_port()}"
        hosts = [H, "nobody.bad.test", "unresolvable.bad.test", *[f"{name}.bad.test" for name in cls.listeners]]
        cls.home.bindings(document({K: bearer(hosts=hosts)}, root=cls.root.certificate, resolve=resolve))
        cls.proxy = cls.start(cls.home)

    secrets = {K: V}

    @staticmethod
    def closed_port():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            return listener.getsockname()[1]

    @classmethod
    def bad(cls, name, identity=None, context=None):
        cls.listeners[name] = cls.make_recorder(identity, context=context)
        return cls.listeners[name]

    @classmethod
    def context_of(cls, identity, versions=None, ciphers=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if ciphers:
            context.set_ciphers(ciphers)
        context.load_cert_chain(str(identity.chain), str(identity.key))
        if versions:
            import warnings
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version, context.maximum_version = versions
        return context

    @classmethod
    def make_upstreams(cls):
        root, name = cls.root, lambda label: f"{label}.bad.test"
        cls.good = cls.make_recorder(root.leaf([H], label="good"))
        # TU-01: names
        cls.bad("wrong-name", root.leaf(["somebody.else.test"]))
        cls.bad("common-name", root.leaf(subject=f"/CN={name('common-name')}", san=""))
        cls.bad("two-labels", root.leaf(["*.test"]))
        cls.bad("partial", root.leaf(["par*.bad.test"]))
        cls.bad("bare-wildcard", root.leaf(["*"]))
        cls.bad("uri-only", root.leaf(subject=f"/CN={name('uri-only')}", san=f"URI:https://{name('uri-only')}/"))
        cls.bad("ip-only", root.leaf(subject=f"/CN={name('ip-only')}", san="IP:127.0.0.1"))
        cls.bad("sub-name", root.leaf([f"x.{name('sub-name')}"]))
        cls.bad("email-only", root.leaf(subject=f"/CN={name('email-only')}", san="email:a@bad.test"))
        # TU-02: times
        cls.bad("expired", root.leaf([name("expired")], not_before="20200101000000Z", not_after="20210101000000Z"))
        cls.bad("future", root.leaf([name("future")], not_before="20380101000000Z", not_after="20390101000000Z"))
        old = root.leaf(label="old-ca", subject="/CN=old intermediate", san="", usage="", is_ca=True,
                        key_usage="keyCertSign,cRLSign", not_before="20200101000000Z", not_after="20210101000000Z")
        cls.bad("old-chain", root.leaf([name("old-chain")], issuer=old, chain=[old.certificate]))
        # TU-03: chains
        rogue = pki.Authority(cls.scratch / "rogue", "good root")  # the same name, another key
        cls.bad("rogue", rogue.leaf([name("rogue")]))
        selfish = pki.Authority(cls.scratch / "selfish", name("self-signed"),
                                extensions=f"basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:{name('self-signed')}\n"
                                           "extendedKeyUsage=serverAuth\n")
        cls.bad("self-signed", pki.Identity(selfish.key, selfish.certificate, selfish.certificate))
        middle = root.leaf(label="middle", subject="/CN=middle", san="", usage="", is_ca=True, key_usage="keyCertSign,cRLSign")
        cls.bad("no-middle", root.leaf([name("no-middle")], issuer=middle))
        plain = root.leaf(["not-a-ca.test"], label="not-a-ca")
        cls.bad("issuer-no-ca", root.leaf([name("issuer-no-ca")], issuer=plain, chain=[plain.certificate]))
        short = root.leaf(label="short", subject="/CN=short", san="", usage="", is_ca=True, key_usage="keyCertSign,cRLSign",
                          extra="")
        narrow = root.leaf(label="narrow", subject="/CN=narrow", san="", usage="", is_ca=True, key_usage="keyCertSign,cRLSign",
                           extra="nameConstraints=critical,permitted;DNS:elsewhere.test\n")
        cls.bad("not-permitted", root.leaf([name("not-permitted")], issuer=narrow, chain=[narrow.certificate]))
        banned = root.leaf(label="banned", subject="/CN=banned", san="", usage="", is_ca=True, key_usage="keyCertSign,cRLSign",
                           extra="nameConstraints=critical,excluded;DNS:bad.test\n")
        cls.bad("excluded", root.leaf([name("excluded")], issuer=banned, chain=[banned.certificate]))
        signer = root.leaf(label="no-sign", subject="/CN=no-sign", san="", usage="", is_ca=True, key_usage="digitalSignature")
        cls.bad("key-usage", root.leaf([name("key-usage")], issuer=signer, chain=[signer.certificate]))
        cls.bad("critical", root.leaf([name("critical")], extra="1.2.3.4.5.6=critical,DER:0500\n"))
        del short
        broken = root.leaf([name("bad-signature")], label="broken")
        cls.spoil(broken)
        cls.bad("bad-signature", broken)
        # TU-05, TU-06
        cls.bad("client-auth", root.leaf([name("client-auth")], usage="clientAuth"))
        cls.bad("code-signing", root.leaf([name("code-signing")], usage="codeSigning"))
        weak = "ALL:@SECLEVEL=0"
        cls.bad("rsa-1024", context=cls.context_of(root.leaf([name("rsa-1024")], key="rsa:1024"), ciphers=weak))
        cls.bad("sha1", context=cls.context_of(root.leaf([name("sha1")], digest="sha1"), ciphers=weak))
        # TU-07
        rsa = root.leaf([name(label) for label in ("tls10", "tls11", "static-rsa", "cbc")], key="rsa:2048")
        versions = ssl.TLSVersion
        cls.bad("tls10", context=cls.context_of(rsa, (versions.TLSv1, versions.TLSv1), weak))
        cls.bad("tls11", context=cls.context_of(rsa, (versions.TLSv1_1, versions.TLSv1_1), weak))
        cls.bad("static-rsa", context=cls.context_of(rsa, (versions.TLSv1_2, versions.TLSv1_2), "AES128-GCM-SHA256"))
        cls.bad("cbc", context=cls.context_of(rsa, (versions.TLSv1_2, versions.TLSv1_2), "ECDHE-RSA-AES128-SHA"))
        # TU-09
        clear = cls.bad("clear-text")
        clear.on_accept = lambda connection: connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n") or connection.close() or True
        stall = cls.bad("stall", root.leaf([name("stall")]))
        stall.on_accept = lambda connection: connection.ended.wait(30) or True
        reset = cls.bad("reset", root.leaf([name("reset")]))
        reset.on_accept = lambda connection: connection.reset() or True
        asks = cls.context_of(root.leaf([name("asks-certificate")]))
        asks.verify_mode = ssl.CERT_REQUIRED
        asks.load_verify_locations(str(root.certificate))
        cls.bad("asks-certificate", context=asks)
        odd = cls.context_of(root.leaf([name("odd-alpn")]))
        odd.set_alpn_protocols(["h2"])
        cls.bad("odd-alpn", context=odd)

    @staticmethod
    def spoil(identity):
        """Flips a bit in the signature of the certificate that is presented."""
        der = bytearray(ssl.PEM_cert_to_DER_cert(pathlib.Path(identity.certificate).read_text()))
        der[-3] ^= 1
        pathlib.Path(identity.chain).write_text(ssl.DER_cert_to_PEM_cert(bytes(der)))

    def refuses(self, label, reason="upstream_tls_failed", status=502, within=12):
        path = f"/{label}"
        began = time.monotonic()
        answer = self.proxy.ask(f"{label}.bad.test", target=path, headers=AUTH)
        self.refused(answer, status, reason)
        self.assertLess(time.monotonic() - began, within)
        if label in self.listeners:
            self.assertEqual(self.listeners[label].seen("/"), [], "a request went out")
            for connection in self.listeners[label].connections:
                self.assertNotIn(b"PLACEHOLDER", connection.received)
                self.assertNotIn(V.encode(), connection.received)
        record = self.proxy.decision(path)
        return record

    def test_a_good_upstream_is_accepted(self):
        """[I4] Else the rest would prove nothing."""
        self.assertEqual(self.proxy.ask(H, target="/good", headers=AUTH).status, 200)
        self.assertEqual(self.good.one("/good").all("Authorization"), [f"Bearer {V}"])

    def test_TU_01_C19_the_name_must_be_in_the_certificate(self):
        """[I3] [I4]"""
        for label in ("wrong-name", "common-name", "two-labels", "partial", "bare-wildcard", "uri-only", "ip-only", "sub-name",
                      "email-only"):
            with self.subTest(label):
                self.refuses(label)

    def test_TU_02_C19_the_certificate_must_be_valid_today(self):
        """[I4]"""
        for label in ("expired", "future", "old-chain"):
            with self.subTest(label):
                self.refuses(label)

    def test_TU_03_the_chain_must_lead_to_a_root(self):
        """[I4]"""
        for label in ("rogue", "self-signed", "no-middle", "issuer-no-ca", "not-permitted", "excluded", "key-usage", "critical",
                      "bad-signature"):
            with self.subTest(label):
                self.refuses(label)

    def test_TU_05_the_certificate_must_be_for_servers(self):
        for label in ("client-auth", "code-signing"):
            with self.subTest(label):
                self.refuses(label)

    def test_TU_06_weak_keys_and_digests_are_refused(self):
        for label in ("rsa-1024", "sha1"):
            with self.subTest(label):
                self.refuses(label)

    def test_TU_07_old_protocols_and_ciphers_are_refused(self):
        for label in ("tls10", "tls11", "static-rsa", "cbc"):
            with self.subTest(label):
                self.refuses(label)

    def test_TU_09_upstreams_that_do_not_speak(self):
        self.refuses("clear-text")
        self.refuses("nobody", "upstream_connect_failed")
        self.refuses("unresolvable", "upstream_dns_failed")
        answer = self.proxy.ask("reset.bad.test", target="/reset", headers=AUTH)
        self.assertEqual(answer.status, 502, answer)
        self.assertIn(answer.get("Keyswap-Reason"), ("upstream_tls_failed", "upstream_connect_failed"))
        for label in ("asks-certificate",):
            answer = self.proxy.ask(f"{label}.bad.test", target=f"/{label}", headers=AUTH)
            self.assertEqual(answer.status, 502, answer)
            self.assertEqual(self.listeners[label].seen("/"), [])

    def test_TU_09_an_upstream_that_only_speaks_h2_gets_http_1_1_or_nothing(self):
        answer = self.proxy.ask("odd-alpn.bad.test", target="/odd-alpn", headers=AUTH)
        self.assertIn(answer.status, (200, 502), answer)

    def test_TU_09_an_upstream_that_stalls_gives_504_in_time(self):
        """[I10]"""
        began = time.monotonic()
        answer = self.proxy.ask("stall.bad.test", target="/stall", headers=AUTH, timeout=30)
        self.refused(answer, 504, "upstream_timeout")
        self.assertLess(time.monotonic() - began, 15)


class Trust(Case):
    """What the upstream's chain may lead to, and what may not change it."""

    secrets = {K: V}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root, identity = cls.make_pki([H])
        cls.recorder = cls.make_recorder(identity)
        cls.home = cls.make_home(secrets={K: V})

    def bind(self, home, root):
        home.bindings(document({K: bearer()}, recorder=self.recorder, hosts=(H,), root=root))

    def test_TU_04_our_own_CA_vouches_for_no_upstream(self):
        """[I4] [I11]"""
        self.bind(self.home, self.home.ca)
        done = self.home.run("serve", "--listen", "127.0.0.1:0", unlock=True, timeout=60)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, b"")

    def test_TU_12_the_environment_changes_nothing(self):
        """[I4] A root that only the environment names is not trusted; a key log is not written."""
        self.bind(self.home, None)
        keys = self.scratch / "keylog"
        lax = self.scratch / "openssl.cnf"
        lax.write_text("openssl_conf = o\n[o]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\nCipherString = ALL:@SECLEVEL=0\n"
                       "MinProtocol = None\nVerifyMode = None\n")
        running = self.start(self.home, env={
            "SSL_CERT_FILE": self.root.certificate, "SSL_CERT_DIR": self.root.folder, "OPENSSL_CONF": lax, "SSLKEYLOGFILE": keys,
            "HTTPS_PROXY": f"http://{self.recorder.address}", "https_proxy": f"http://{self.recorder.address}",
            "CURL_CA_BUNDLE": self.root.certificate})
        answer = running.ask(H, target="/tu12", headers=AUTH)
        self.refused(answer, 502, "upstream_tls_failed")
        self.assertEqual(self.recorder.seen("/tu12"), [])
        self.assertFalse(keys.exists())
        running.stop()

    def test_TU_14_a_broken_trust_file_leaves_the_old_one_in_force(self):
        """[I14]"""
        home = self.copy_home(self.home, "tu14")
        roots = self.scratch / "roots.pem"
        shutil.copy(self.root.certificate, roots)
        self.bind(home, roots)
        running = self.start(home)
        self.assertEqual(running.ask(H, target="/tu14/before", headers=AUTH).status, 200)
        whole = roots.read_text()
        for spoiled in ("", whole[:len(whole) // 2], "not a certificate\n"):
            roots.write_text(spoiled)
            self.assertFalse(running.reload()["accepted"])
            self.assertEqual(running.ask(H, target="/tu14/after", headers=AUTH).status, 200)
        roots.write_text(whole)
        self.assertTrue(running.reload()["accepted"])
        running.stop()

    def test_TU_10_a_resumed_session_is_not_trusted_for_longer_than_its_certificate(self):
        """The server answers a first time with a good certificate, then with an expired one."""
        home = self.copy_home(self.home, "tu10")
        good = self.root.leaf([H], label="tu10-good")
        expired = self.root.leaf([H], label="tu10-expired", not_before="20200101000000Z", not_after="20210101000000Z")
        first = self.make_recorder(good)
        home.bindings(document({K: bearer()}, recorder=first, hosts=(H,), root=self.root.certificate))
        running = self.start(home)
        first.on("/tu10", lambda request, connection: connection.answer(headers=[("Connection", "close")]))
        self.assertEqual(running.ask(H, target="/tu10/1", headers=AUTH).status, 200)
        swapped = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        swapped.load_cert_chain(str(expired.chain), str(expired.key))
        first.context = swapped
        answer = running.ask(H, target="/tu10/2", headers=AUTH)
        self.refused(answer, 502, "upstream_tls_failed")
        running.stop()

    def test_TU_16_a_monstrous_certificate_is_handled_in_time(self):
        """[I10]"""
        home = self.copy_home(self.home, "tu16")
        names = [H] + [f"n{n}.many.test" for n in range(2000)]
        many = self.make_recorder(self.root.leaf(names, label="many", subject="/CN=many"))
        home.bindings(document({K: bearer()}, recorder=many, hosts=(H,), root=self.root.certificate))
        running = self.start(home)
        began = time.monotonic()
        answer = running.ask(H, target="/tu16", headers=AUTH)
        self.assertIn(answer.status, (200, 502), answer)
        self.assertLess(time.monotonic() - began, 10)
        self.assertTrue(running.is_running())
        running.stop()


if __name__ == "__main__":
    main()
