# SPDX-License-Identifier: Apache-2.0
"""What RFC 9110 and RFC 9112 let a client say, on each way in: what is taken, what goes on, and as what."""

import socket

from harness import client
from harness.case import H, K, P, V, OneProxy, bearer, main, row

AUTH = f"Authorization: Bearer {P}\r\n"
PLAIN = "plain.example.test"


def head(line, fields="", host=H):
    return f"{line}\r\nHost: {host}\r\n{fields}\r\n".encode()


class Syntax(OneProxy):
    hosts = (H,)
    policy = "forward_unmodified"

    @classmethod
    def rules(cls):
        return {K: bearer()}

    @classmethod
    def document(cls):
        """An unbound host beside the bound one, whose upstream speaks no TLS."""
        cls.plain = cls.make_recorder()
        content = super().document()
        content["upstream"]["resolve"].update({f"{PLAIN}:{port}": cls.plain.address for port in (80, 443, 8080)})
        return content

    def in_tunnel(self, data, method="GET"):
        with self.proxy.tunnel(H) as wire:
            wire.send(data)
            answer = wire.response(method)
        self.assertIsNotNone(answer)
        self.note(f"answer to {data[:60]}", answer.raw_head + answer.body)
        return answer

    def swapped(self, path):
        seen = self.recorder.one(path)
        self.assertEqual(seen.all("Authorization"), [f"Bearer {V}"])
        return seen

    # --- the start line ---
    def test_an_absolute_form_in_a_tunnel_is_read_as_its_path(self):
        """[I3] RFC 9112 section 3.2.2: a server takes it; it names the tunnel's place, or 421."""
        for number, target in enumerate((f"https://{H}/abs/0?q=1", f"HTTPS://{H.upper()}:443/abs/1?q=1")):
            with self.subTest(target):
                self.assertEqual(self.in_tunnel(head(f"GET {target} HTTP/1.1", AUTH)).status, 200)
                self.assertEqual(self.swapped(f"/abs/{number}").target, f"/abs/{number}?q=1")
        before = self.recorder.application_bytes
        for target in (f"http://{H}/x", "https://other.example.test/x", f"https://{H}:8443/x", f"http://{H}:443/x"):
            with self.subTest(target):
                self.refused(self.in_tunnel(head(f"GET {target} HTTP/1.1", AUTH)), 421, "identity_mismatch")
        self.refused(self.in_tunnel(head(f"GET https://{H}/x HTTP/1.1", AUTH, "other.example.test")), 421, "identity_mismatch")
        for target in (f"https://user@{H}/x", f"ftp://{H}/x", f"https://{H}/%00", f"https://{H}/#f"):
            with self.subTest(target):
                self.refused(self.in_tunnel(head(f"GET {target} HTTP/1.1", AUTH)), 400, "malformed_request")
        self.assertEqual(self.recorder.application_bytes, before)

    def test_a_target_without_a_path_becomes_what_its_server_knows(self):
        """RFC 9112 sections 3.2.1 and 3.2.4."""
        rows = (row("OPTIONS", "", "*"), row("OPTIONS", "/", "/"), row("OPTIONS", "?q", "/?q"), row("GET", "", "/"),
                row("GET", "?q=1", "/?q=1"))
        for method, written, sent in rows:
            for way in ("forwarded", "https", "tunnel"):
                with self.subTest(f"{method} {written} {way}"):
                    recorder = self.plain if way == "forwarded" else self.recorder
                    before = len(recorder.requests)
                    host = PLAIN if way == "forwarded" else H
                    data = head(f"{method} {'http' if way == 'forwarded' else 'https'}://{host}{written} HTTP/1.1", "", host)
                    answer = self.in_tunnel(data, method) if way == "tunnel" else self.proxy.raw(data, method=method)
                    self.assertEqual(answer.status, 200, answer)
                    self.assertEqual([r.target for r in recorder.requests[before:]], [sent])

    def test_empty_lines_before_a_request_are_skipped(self):
        """RFC 9112 section 2.2; also the CR LF that some clients send behind a body."""
        for count in (1, 2, 8):
            with self.subTest(count):
                self.assertEqual(self.in_tunnel(b"\r\n" * count + head(f"GET /empty/{count} HTTP/1.1", AUTH)).status, 200)
                self.swapped(f"/empty/{count}")
        with self.proxy.tunnel(H) as wire:
            wire.send(head("POST /empty/behind HTTP/1.1", AUTH + "Content-Length: 5\r\n") + b"hello\r\n")
            self.assertEqual(wire.response("POST").status, 200)
            wire.send_slowly(b"\r\n" + head("GET /empty/next HTTP/1.1", AUTH))
            self.assertEqual(wire.response().status, 200)
        self.assertEqual(self.proxy.raw(b"\r\n" + head(f"GET http://{PLAIN}/empty/forwarded HTTP/1.1", "", PLAIN)).status, 200)
        with client.dial(self.proxy.port) as wire:
            wire.send(b"\r\n" + head(f"CONNECT {H}:443 HTTP/1.1", "", f"{H}:443"))
            self.assertEqual(wire.head().status, 200)
        self.refused(self.in_tunnel(b"\r\n" * 9 + head("GET /empty/many HTTP/1.1")), 400, "malformed_request")
        self.refused(self.in_tunnel(b"\n" + head("GET /empty/lf HTTP/1.1")), 400, "malformed_request")

    def test_empty_lines_behind_CONNECT_hide_nothing(self):
        """[I5] Plain HTTP in a tunnel is read, whatever method it begins with and however it is cut."""
        for number, (host, data) in enumerate(((H, b"\r\nGET"), (H, b"LIST"), (PLAIN, b"\r\nGET"), (PLAIN, b"LIST"),
                                               (PLAIN, b"\r\n\r\nfrobnicate"))):
            for way in ("whole", "bytes"):
                with self.subTest(f"{host} {data} {way}"):
                    path = f"/behind/{number}/{way}"
                    wire, answer = self.proxy.connect(f"{host}:443")
                    self.assertEqual(answer.status, 200)
                    with wire:
                        request = head(f" {path} HTTP/1.1", AUTH, f"{host}:443")
                        (wire.send if way == "whole" else wire.send_slowly)(data + request)
                        wire.response()
                    self.assertEqual([r["reason"] for r in self.proxy.await_decisions(path)], ["insecure_scheme"])
        self.assertNotIn(V.encode(), b"".join(bytes(c.received) for c in self.plain.connections))

    def test_what_may_become_HTTP_and_does_not_is_passed_on_all_the_same(self):
        """[I10] Another protocol whose client waits for an answer to a line without an end."""
        for sent, is_end in ((b"hello", False), (b"half", True)):
            with self.subTest(sent):
                wire, answer = self.proxy.connect(f"{PLAIN}:8080")
                self.assertEqual(answer.status, 200)
                with wire:
                    wire.send(sent)
                    if is_end:
                        wire.sock.shutdown(socket.SHUT_WR)
                    came = lambda sent=sent: any(bytes(c.received) == sent for c in self.plain.connections)
                    self.assertTrue(self.plain.wait(came))

    # --- fields ---
    def test_white_space_around_any_value_is_no_part_of_it(self):
        for number, fields in enumerate(("Content-Length: 5\t\r\n", "Content-Length:\t5 \t\r\n",
                                         "Content-Length:5\r\nX-Tab: a\tb\t\t\r\n")):
            with self.subTest(fields):
                data = head(f"POST /tab/{number} HTTP/1.1", AUTH.replace("\r\n", "\t\r\n") + fields) + b"hello"
                self.assertEqual(self.in_tunnel(data, "POST").status, 200)
                seen = self.swapped(f"/tab/{number}")
                self.assertEqual((seen.body, seen.all("Content-Length")), (b"hello", ["5"]))
                self.assertIn(b"\r\nContent-Length: 5\r\n", seen.raw_head)
        self.assertEqual(self.recorder.one("/tab/2").all("X-Tab"), ["a\tb"])
        data = head("POST /tab/chunked HTTP/1.1", AUTH + "Transfer-Encoding:\tchunked\t\r\n") + b"2\r\nhi\r\n0\r\n\r\n"
        self.assertEqual(self.in_tunnel(data, "POST").status, 200)
        self.assertEqual(self.swapped("/tab/chunked").body, b"hi")

    def test_every_field_that_Connection_names_stays_on_its_hop(self):
        """RFC 9110 section 7.6.1; not where the message goes, how long it is, and what a binding writes."""
        named = "Cookie, X-A,, content-type, Authorization, Host, Content-Length, close"
        fields = AUTH + f"Connection: {named}\r\nCookie: a=b\r\nX-A: 1\r\nContent-Type: text/plain\r\nX-Stays: 2\r\n"
        answer = self.in_tunnel(head("POST /named HTTP/1.1", fields + "Content-Length: 5\r\n") + b"hello", "POST")
        self.assertEqual(answer.status, 200)
        seen = self.swapped("/named")
        names = {name.lower() for name, _ in seen.headers}
        self.assertFalse(names & {"cookie", "x-a", "content-type", "connection"}, seen.headers)
        self.assertEqual((seen.all("X-Stays"), seen.all("Host"), seen.body), (["2"], [H], b"hello"))
        self.recorder.says("/named/answer", 200, b"ok", [("Connection", "Set-Cookie"), ("Set-Cookie", "a=b"), ("X-Stays", "2")])
        answer = self.in_tunnel(head("GET /named/answer HTTP/1.1", AUTH))
        self.assertEqual((answer.all("Set-Cookie"), answer.get("X-Stays")), ([], "2"))

    def test_an_expectation_that_nobody_meets_is_417(self):
        """RFC 9110 section 10.1.1."""
        before = self.recorder.application_bytes
        for number, value in enumerate(("200-ok", "100-continue, more", "100-continue;q=1", 'x="100-continue"')):
            fields = AUTH + f"Expect: {value}\r\nContent-Length: 5\r\n"
            with self.subTest(value):
                path = f"/expect/bad/{number}"
                self.refused(self.in_tunnel(head(f"POST {path} HTTP/1.1", fields), "POST"), 417, "expectation_failed")
                self.decided(self.proxy.decision(path), "refused", "expectation_failed")
        self.assertEqual(self.recorder.application_bytes, before)
        answer = self.proxy.raw(head(f"CONNECT {H}:443 HTTP/1.1", "Expect: more\r\n", f"{H}:443"), method="CONNECT")
        self.refused(answer, 417, "expectation_failed")
        for number, value in enumerate(("100-CONTINUE", ", 100-continue ,", "100-continue, 100-continue", "")):
            with self.subTest(value):
                data = head(f"POST /expect/good/{number} HTTP/1.1", AUTH + f"Expect: {value}\r\nContent-Length: 5\r\n") + b"hello"
                self.assertEqual(self.in_tunnel(data, "POST").status, 200)
                self.assertEqual(self.swapped(f"/expect/good/{number}").body, b"hello")

    def test_Max_Forwards_counts_hops_for_OPTIONS_alone(self):
        """RFC 9110 section 7.6.2."""
        answer = self.in_tunnel(head("OPTIONS /hops/0 HTTP/1.1", AUTH + "Max-Forwards: 0\r\n"), "OPTIONS")
        self.assertEqual((answer.status, answer.get("Keyswap-Reason")), (200, "max_forwards_reached"))
        self.assertEqual(self.recorder.seen("/hops/0"), [])
        self.decided(self.proxy.decision("/hops/0"), "refused", "max_forwards_reached")
        for method, said, sent in (("OPTIONS", "12", "11"), ("OPTIONS", "1", "0"), ("OPTIONS", "x", "x"), ("GET", "0", "0")):
            with self.subTest(f"{method} {said}"):
                path = f"/hops/{method}/{said}/end"
                self.assertEqual(self.in_tunnel(head(f"{method} {path} HTTP/1.1", f"Max-Forwards: {said}\r\n"), method).status, 200)
                self.assertEqual(self.recorder.one(path).all("Max-Forwards"), [sent])

    def test_a_refusal_for_the_bytes_says_what_is_wrong_with_them(self):
        problem = self.refused(self.in_tunnel(head("GET /why HTTP/1.1", "Content-Length: +5\r\n")), 400, "malformed_request")
        self.assertIn("Content-Length", problem["detail"])
        problem = self.refused(self.in_tunnel(head("GET /why HTTP/1.1", "X: y\r\n" * 128)), 431, "header_too_large")
        self.assertIn("more than 128 fields", problem["detail"])


if __name__ == "__main__":
    main()
