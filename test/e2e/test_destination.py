# SPDX-License-Identifier: Apache-2.0
"""Section C: where a request may go, and the forms in which it may come."""

import json
import socket
import ssl
import subprocess
import urllib.error
import urllib.request

from harness import client, proxy
from harness.case import H, H2, K, K2, P, P2, V, X, OneProxy, bearer, document, main

AUTH = [("Authorization", f"Bearer {P}")]


def lax_context(ca_file, check_name=False):
    context = client.tls_context(ca_file)
    context.check_hostname = check_name
    return context


class Denying(OneProxy):
    """The default setup of the cases: policy deny."""

    hosts = (H, H2, X)

    def nothing_sent(self):
        self.assertEqual(self.recorder.application_bytes, self.before)

    def setUp(self):
        self.before = self.recorder.application_bytes

    def test_C02_CONNECT_to_a_bound_host_answers_200(self):
        wire, answer = self.proxy.connect(f"{H}:443")
        wire.close()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers, [], "a 2xx answer to CONNECT has no body headers")

    def test_C03_an_unbound_host_over_plain_http_answers_403(self):
        answer = self.proxy.raw(f"GET http://{X}/c03 HTTP/1.1\r\nHost: {X}\r\n\r\n")
        self.refused(answer, 403, "unmatched_destination")
        self.nothing_sent()

    def test_C03_an_unbound_host_answers_403_at_CONNECT(self):
        wire, answer = self.proxy.connect(f"{X}:443")
        with wire:
            self.refused(answer, 403, "unmatched_destination")
        record = self.proxy.await_decisions(host=X)[-1]
        self.decided(record, "refused", "unmatched_destination")

    def test_C04_the_metadata_service_answers_403(self):
        """[I12]"""
        for target in ("http://169.254.169.254/latest/", "http://[fd00:ec2::254]/", "http://100.100.100.200/"):
            with self.subTest(target):
                host = target[7:].split("/")[0]
                answer = self.proxy.raw(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")
                self.assertEqual(answer.status, 403, answer)
                self.assertIn(answer.get("Keyswap-Reason"), ("address_blocked", "unmatched_destination"))

    def test_C08_a_Host_that_is_not_the_tunnels_answers_421(self):
        """[I3]"""
        with self.proxy.tunnel(H2) as wire:
            wire.send(client.request_bytes("GET", "/c08", H, AUTH))
            self.refused(wire.response(), 421, "identity_mismatch")
            self.assertTrue(wire.is_closed())
        self.nothing_sent()
        self.decided(self.proxy.decision("/c08"), "refused", "identity_mismatch")

    def test_C09_an_SNI_that_is_not_the_CONNECT_name_is_refused(self):
        """[I3]"""
        wire, answer = self.proxy.connect(f"{H}:443")
        self.assertEqual(answer.status, 200)
        try:
            with client.start_tls(wire, H2, self.home.ca, lax_context(self.home.ca)) as inner:
                names = {value for kind, value in inner.sock.getpeercert()["subjectAltName"]}
                self.assertNotIn(H2, names, "a leaf for a name that was not in CONNECT")
                inner.send(client.request_bytes("GET", "/c09", H, AUTH))
                self.refused(inner.response(), 421, "identity_mismatch")
        except (ssl.SSLError, ConnectionResetError):
            pass  # an alert inside the handshake is as good an answer
        self.nothing_sent()
        self.assertTrue(self.proxy.await_record(lambda r: r.get("reason") == "identity_mismatch"
                                                and r["destination"]["host"] == H))

    def test_C10_N05_without_SNI_the_CONNECT_name_counts(self):
        wire, answer = self.proxy.connect(f"{H}:443")
        self.assertEqual(answer.status, 200)
        with client.start_tls(wire, None, self.home.ca, lax_context(self.home.ca)) as inner:
            names = [value for kind, value in inner.sock.getpeercert()["subjectAltName"]]
            self.assertEqual(names, [H])
            inner.send(client.request_bytes("GET", "/c10", H, AUTH))
            self.assertEqual(inner.response().status, 200)
        self.assertEqual(self.recorder.one("/c10").all("Authorization"), [f"Bearer {V}"])

    def test_C11_another_port_in_Host_answers_421(self):
        with self.proxy.tunnel(H) as wire:
            wire.send(client.request_bytes("GET", "/c11", f"{H}:8443", AUTH))
            self.refused(wire.response(), 421, "identity_mismatch")
        self.nothing_sent()

    def test_C11_the_port_of_the_tunnel_in_Host_is_the_same_identity(self):
        with self.proxy.tunnel(H) as wire:
            wire.send(client.request_bytes("GET", "/c11b", f"{H}:443", AUTH))
            self.assertEqual(wire.response().status, 200)
        self.assertEqual(self.recorder.one("/c11b").all("Authorization"), [f"Bearer {V}"])

    def test_C12_an_absolute_form_with_another_Host_is_refused(self):
        answer = self.proxy.raw(f"GET http://{X}/c12 HTTP/1.1\r\nHost: {H}\r\nAuthorization: Bearer {P}\r\n\r\n")
        self.assertIn(answer.status, (403, 421), answer)
        self.nothing_sent()

    def test_C13_the_Host_of_a_CONNECT_chooses_nothing(self):
        with client.dial(self.proxy.port) as wire:
            wire.send(f"CONNECT {X}:443 HTTP/1.1\r\nHost: {H}\r\n\r\n")
            answer = wire.response()
        self.assertIn(answer.status, (403, 421), answer)
        self.nothing_sent()

    def test_a_CONNECT_whose_Host_names_the_proxy_goes_where_its_target_says(self):
        """[I3] As the package tunnel-agent sends it."""
        for own in ("127.0.0.1", "localhost", "[::1]"):
            with self.subTest(own), client.dial(self.proxy.port) as wire:
                wire.send(f"CONNECT {H}:443 HTTP/1.1\r\nHost: {own}:{self.proxy.port}\r\n\r\n")
                self.assertEqual(wire.head().status, 200)
        with client.dial(self.proxy.port) as wire:
            wire.send(f"CONNECT {H}:443 HTTP/1.1\r\nHost: {own}:{self.proxy.port + 1}\r\n\r\n")
            self.refused(wire.response(), 421, "identity_mismatch")
        self.nothing_sent()

    def test_C14_an_origin_form_at_the_proxys_port_answers_400(self):
        answer = self.proxy.raw(f"GET /c14 HTTP/1.1\r\nHost: {H}\r\nAuthorization: Bearer {P}\r\n\r\n")
        self.refused(answer, 400, "malformed_request")
        self.nothing_sent()

    def test_C16_CONNECT_in_upper_case_is_the_same_host(self):
        wire, answer = self.proxy.connect(f"{H.upper()}:443")
        self.assertEqual(answer.status, 200)
        with client.start_tls(wire, H, self.home.ca) as inner:
            inner.send(client.request_bytes("GET", "/c16", H.upper(), AUTH))
            self.assertEqual(inner.response().status, 200)
        seen = self.recorder.one("/c16")
        self.assertEqual(seen.all("Authorization"), [f"Bearer {V}"])
        self.assertEqual(seen.get("Host").lower(), H)
        self.assertEqual(seen.connection.sni, H)

    def test_C20_no_option_turns_verification_off(self):
        """[I4]"""
        for option in ("--insecure", "--ssl-insecure", "-k", "--no-verify", "--skip-verify"):
            done = self.home.run("serve", option, unlock=True)
            self.assertEqual(done.returncode, 2, (option, done.stderr))
            self.assertEqual(len(done.stderr.decode().strip().splitlines()), 2, done.stderr)

    def test_C21_two_framings_answer_400(self):
        """[I9]"""
        with self.proxy.tunnel(H) as wire:
            wire.send(f"POST /c21 HTTP/1.1\r\nHost: {H}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
            self.refused(wire.response(), 400, "malformed_request")
            self.assertTrue(wire.is_closed())
        self.nothing_sent()

    def test_C22_bytes_that_are_neither_TLS_nor_HTTP_are_not_relayed(self):
        for garbage in (b"\x00\x01\x02\x03garbage\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"\x80\x2e\x01\x00\x02\r\n\r\n"):
            with self.subTest(garbage):
                wire, answer = self.proxy.connect(f"{H}:443")
                self.assertEqual(answer.status, 200)
                with wire:
                    wire.send(garbage)
                    answer = wire.response()
                    if answer is not None:
                        self.refused(answer, 400, "malformed_request")
                    self.assertTrue(wire.is_closed())
        self.nothing_sent()

    def test_C22_plain_http_inside_a_tunnel_never_gets_the_secret(self):
        """[I5]"""
        wire, answer = self.proxy.connect(f"{H}:443")
        self.assertEqual(answer.status, 200)
        with wire:
            wire.send(client.request_bytes("GET", "/c22", H, AUTH))
            wire.response()
        for connection in self.recorder.connections:
            self.assertNotIn(b"/c22", connection.received)
        for record in self.proxy.await_decisions("/c22"):
            self.assertNotEqual(record["decision"], "allowed")

    def test_C23_each_request_of_a_tunnel_is_judged(self):
        with self.proxy.tunnel(H) as wire:
            wire.send(client.request_bytes("GET", "/c23/first", H, AUTH))
            self.assertEqual(wire.response().status, 200)
            wire.send(client.request_bytes("GET", "/c23/second", H2, [("Authorization", f"Bearer {P2}")]))
            self.refused(wire.response(), 421, "identity_mismatch")
            self.assertTrue(wire.is_closed())
        self.assertEqual(self.recorder.seen("/c23/second"), [])

    def test_C24_an_absolute_form_for_another_host_inside_a_tunnel_is_refused(self):
        with self.proxy.tunnel(H) as wire:
            wire.send(f"GET https://{H2}/c24 HTTP/1.1\r\nHost: {H2}\r\nAuthorization: Bearer {P2}\r\n\r\n")
            answer = wire.response()
            self.assertIn(answer.status, (400, 421), answer)
            self.assertTrue(wire.is_closed())
        self.nothing_sent()

    def test_C25_it_listens_on_the_loopback_address_only(self):
        sockets = subprocess.run(["cat", "/proc/net/tcp"], capture_output=True, check=True).stdout.decode()
        wanted = f":{self.proxy.port:04X} "
        addresses = {line.split()[1] for line in sockets.splitlines() if wanted in line and line.split()[3] == "0A"}
        self.assertEqual({a.split(":")[0] for a in addresses}, {"0100007F"})
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", self.proxy.port), timeout=5)

    def test_an_absolute_form_https_request_is_sent_over_verified_TLS(self):
        """[I5]"""
        for path in ("/absolute/1", "/absolute/2"):
            answer = self.proxy.raw(f"GET https://{H}{path} HTTP/1.1\r\nHost: {H}\r\nAuthorization: Bearer {P}\r\n\r\n")
            self.assertEqual(answer.status, 200, answer)
            seen = self.recorder.one(path)
            self.assertEqual(seen.all("Authorization"), [f"Bearer {V}"])
            self.assertEqual(seen.target, path)
            self.assertEqual(seen.connection.sni, H)
            self.decided(self.proxy.decision(path), "allowed", "binding_matched", K)

    def test_an_absolute_form_https_request_to_an_unbound_host_answers_403(self):
        answer = self.proxy.raw(f"GET https://{X}/absolute/x HTTP/1.1\r\nHost: {X}\r\n\r\n")
        self.refused(answer, 403, "unmatched_destination")
        self.nothing_sent()


class Forwarding(OneProxy):
    """policy forward_unmodified: unbound hosts are tunnelled, plain http is forwarded and never swapped."""

    policy = "forward_unmodified"
    hosts = (H, H2, X)

    @classmethod
    def document(cls):
        cls.plain = cls.make_recorder()
        return document(cls.rules(), recorder=cls.recorder, hosts=cls.hosts, root=cls.authority.certificate,
                        policy=cls.policy, resolve={f"{X}:80": cls.plain.address, f"{H}:80": cls.plain.address})

    def test_C06_an_unbound_host_is_tunnelled_without_interception(self):
        context = client.tls_context(self.authority.certificate)
        wire, answer = self.proxy.connect(f"{X}:443")
        self.assertEqual(answer.status, 200)
        with client.start_tls(wire, X, None, context) as inner:  # the upstream's own certificate
            inner.send(client.request_bytes("GET", "/c06", X, AUTH))
            self.assertEqual(inner.response().body, b"recorded")
        self.assertEqual(self.recorder.one("/c06").all("Authorization"), [f"Bearer {P}"])
        record = self.proxy.decisions(kind="tunnel", host=X)[-1]
        self.decided(record, "pass", "no_placeholder")
        ended = self.proxy.await_record(lambda r: r["type"] == "upstream_response"
                                        and r["request_id"] == record["request_id"])
        self.assertGreater(ended[0]["bytes"], 1000)

    def test_N05_an_unbound_host_without_SNI_is_passed_through(self):
        context = lax_context(self.authority.certificate)
        wire, answer = self.proxy.connect(f"{X}:443")
        self.assertEqual(answer.status, 200)
        with client.start_tls(wire, None, None, context) as inner:
            inner.send(client.request_bytes("GET", "/n05", X))
            self.assertEqual(inner.response().body, b"recorded")

    def test_C06_plain_http_to_an_unbound_host_is_forwarded(self):
        answer = self.proxy.raw(f"GET http://{X}/c06/plain?q=1 HTTP/1.1\r\nHost: {X}\r\nX-A: b\r\n\r\n")
        self.assertEqual((answer.status, answer.body), (200, b"recorded"))
        seen = self.plain.one("/c06/plain")
        self.assertEqual((seen.target, seen.headers), ("/c06/plain?q=1", [("Host", X), ("X-A", "b")]))
        self.decided(self.proxy.decision("/c06/plain"), "pass", "no_placeholder")

    def test_C07_X02_a_placeholder_to_an_unbound_host_travels_inert(self):
        """[I2]"""
        answer = self.proxy.raw(f"GET http://{X}/c07 HTTP/1.1\r\nHost: {X}\r\nAuthorization: Bearer {P}\r\n\r\n")
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.plain.one("/c07").all("Authorization"), [f"Bearer {P}"])
        record = self.proxy.decision("/c07")
        self.assertEqual(record["decision"], "denied")
        self.assertIn(record["reason"], ("destination_not_in_binding", "insecure_scheme"))

    def test_C17_plain_http_to_a_bound_host_never_gets_the_secret(self):
        """[I5]"""
        answer = self.proxy.raw(f"GET http://{H}/c17 HTTP/1.1\r\nHost: {H}\r\nAuthorization: Bearer {P}\r\n\r\n")
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.plain.one("/c17").all("Authorization"), [f"Bearer {P}"])
        record = self.proxy.decision("/c17")
        self.assertEqual(record["decision"], "denied")
        self.assertIn(record["reason"], ("insecure_scheme", "destination_not_in_binding"))

    def test_a_loopback_address_that_nobody_named_is_refused(self):
        """[I12] under the forwarding policy too"""
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        for authority in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}", "10.0.0.1:443", "192.168.1.1:443",
                          "169.254.169.254:80", "[::ffff:127.0.0.1]:443", "[64:ff9b::7f00:1]:443", "0.0.0.0:443"):
            with self.subTest(authority):
                wire, answer = self.proxy.connect(authority)
                with wire:
                    self.refused(answer, 403, "address_blocked")
        recorded = self.proxy.await_record(lambda r: r.get("destination", {}).get("host") == "10.0.0.1")
        self.assertEqual([r["destination"]["method"] for r in recorded], ["CONNECT"])
        listener.settimeout(0)
        with self.assertRaises(BlockingIOError):
            listener.accept()
        listener.close()

    def test_the_proxy_refuses_itself(self):
        """[I12]"""
        wire, answer = self.proxy.connect(self.proxy.address)
        with wire:
            self.assertEqual(answer.status, 403)
            self.assertIn(answer.get("Keyswap-Reason"), ("self_destination", "address_blocked"))


class ToldInTheTunnel(OneProxy):
    """refusals: tls, the default - a refused CONNECT is told where libraries show the answer to a request."""

    more = {"refusals": "tls"}

    def test_a_client_that_speaks_TLS_reads_the_refusal_in_it(self):
        before = self.recorder.application_bytes
        answer = self.ask(X, target="/told")  # verified against our CA, for that name
        problem = self.refused(answer, 403, "unmatched_destination")
        self.assertEqual(problem["error"],
                         {"message": problem["detail"], "type": "keyswap_refusal", "code": "unmatched_destination"})
        self.assertIn(H, problem["detail"], "what would be allowed")
        self.assertEqual(answer.get("Connection"), "close")
        self.assertEqual(self.recorder.application_bytes, before)
        found = self.proxy.await_decisions(host=X)
        self.assertEqual([(r["decision"], r["reason"], r["destination"]["method"]) for r in found],
                         [("refused", "unmatched_destination", "CONNECT")])
        self.assertEqual(problem["request_id"], found[0]["request_id"])

    def test_a_library_shows_the_refusal_and_not_that_its_tunnel_failed(self):
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({"https": f"http://{self.proxy.address}"}),
            urllib.request.HTTPSHandler(context=client.tls_context(self.home.ca)))
        with self.assertRaises(urllib.error.HTTPError) as failed:
            opener.open(f"https://told.{X}/v1/models", timeout=20)
        with failed.exception as answer:
            self.assertEqual((answer.code, answer.headers["Keyswap-Reason"]), (403, "unmatched_destination"))
            self.assertIn(b"No binding names this destination", self.note("urllib", answer.read()))

    def test_a_caller_is_told_what_it_may_do(self):
        """[I1]"""
        before = self.recorder.application_bytes
        answer = self.ask(H, target="/.well-known/keyswap")
        self.assertEqual((answer.status, answer.get("Content-Type")), (200, "application/json"))
        told = json.loads(answer.body)
        self.assertEqual([(s["name"], s["placeholder"]) for s in told["secrets"]], [(K, P), (K2, P2)])
        self.assertEqual(told["secrets"][0]["bindings"][0]["host"], H)
        self.assertEqual(self.recorder.application_bytes, before)
        self.decided(self.proxy.decision("/.well-known/keyswap"), "refused", "bindings_shown")

    def test_an_address_is_refused_at_CONNECT(self):
        """[I12]"""
        wire, answer = self.proxy.connect("169.254.169.254:443")
        with wire:
            self.assertEqual(answer.status, 403)
            self.assertIn(answer.get("Keyswap-Reason"), ("address_blocked", "unmatched_destination"))


class EverythingDecrypted(OneProxy):
    """tls_termination: all - unbound hosts are decrypted too and never get a secret."""

    policy = "forward_unmodified"
    more = {"tls_termination": "all"}

    def test_N04_an_unbound_host_is_decrypted(self):
        self.ask(X, target="/n04")  # verified against our CA
        self.assertEqual(self.recorder.one("/n04").headers, [("Host", X)])
        self.decided(self.proxy.decision("/n04"), "pass", "no_placeholder")

    def test_C07_D01_a_placeholder_to_a_host_it_is_not_bound_to_travels_inert(self):
        """[I2]"""
        for turn, (host, placeholder, name) in enumerate(((X, P, K), (H2, P, K), (H, P2, K2))):
            with self.subTest(host=host, secret=name):
                self.ask(host, target=f"/c07/{turn}", headers=[("Authorization", f"Bearer {placeholder}")])
                seen = self.recorder.one(f"/c07/{turn}")
                self.assertEqual(seen.headers, [("Host", host), ("Authorization", f"Bearer {placeholder}")])
                self.decided(self.proxy.decision(f"/c07/{turn}"), "denied", "destination_not_in_binding", name)

    def test_acceptance_X02_the_wrong_host_never_gets_the_key(self):
        self.ask(X, target="/x02", headers=AUTH)
        self.assertNotIn(V.encode(), self.recorder.one("/x02").raw)


if __name__ == "__main__":
    main()
