# SPDX-License-Identifier: Apache-2.0
"""Section A: a placeholder in the credential's header is swapped, and nothing else is touched."""

import concurrent.futures
import unittest

from harness import client
from harness.case import H, H2, K, K2, P, P2, V, V2, OneProxy, bearer, main, row

UTF8 = "schlüssel-мир-0123456789"


class Headers(OneProxy):
    threads = 2

    @classmethod
    def rules(cls):
        return {K: bearer(), K2: bearer(K2, P2, (H2,)),
                "UTF8": {**bearer("UTF8", "utf8-PLACEHOLDER-0123456789abcdef")},
                "ABSENT": {**bearer("ABSENT", "absent-PLACEHOLDER-0123456789abc")}}

    def test_A04_the_whole_value_of_the_header_is_replaced(self):
        """[I5]"""
        self.ask(H, target="/a04", headers=[("Authorization", f"Custom foo={P}, bar=1")])
        self.assertEqual(self.recorder.one("/a04").all("Authorization"), [f"Bearer {V}"])

    def test_A05_a_placeholder_with_text_glued_to_it_is_found(self):
        self.ask(H, target="/a05", headers=[("Authorization", f"Bearer xx{P}yy")])
        self.assertEqual(self.recorder.one("/a05").all("Authorization"), [f"Bearer {V}"])

    def test_A08_the_same_placeholder_in_another_header_stays(self):
        self.ask(H, target="/a08", headers=[("Authorization", f"Bearer {P}"), ("X-Other", P)])
        seen = self.recorder.one("/a08")
        self.assertEqual(seen.all("Authorization"), [f"Bearer {V}"])
        self.assertEqual(seen.all("X-Other"), [P])
        used, stayed = self.proxy.await_decisions("/a08", count=2)
        self.decided(used, "allowed", "binding_matched", K)
        self.decided(stayed, "denied", "untargeted_location", K)

    def test_A09_a_placeholder_only_in_another_header_goes_on_inert(self):
        """[I2]"""
        self.ask(H, target="/a09", headers=[("X-Other", P)])
        seen = self.recorder.one("/a09")
        self.assertEqual(seen.all("X-Other"), [P])
        self.assertNotIn(V.encode(), seen.raw)
        self.decided(self.proxy.decision("/a09"), "denied", "untargeted_location", K)

    def test_A10_without_a_placeholder_nothing_changes(self):
        headers = [("User-Agent", "plain/1"), ("Accept", "*/*"), ("X-Odd", "a  b;\tc"), ("Authorization", "Bearer real")]
        self.ask(H, target="/a10?q=1&r=%20", headers=headers)
        seen = self.recorder.one("/a10")
        self.assertEqual(seen.target, "/a10?q=1&r=%20")
        self.assertEqual(seen.headers, [("Host", H), *headers])
        self.decided(self.proxy.decision("/a10"), "pass", "no_placeholder")

    def test_A11_a_folded_header_is_refused(self):
        """[I9]"""
        before = self.recorder.application_bytes
        with self.proxy.tunnel(H) as wire:
            wire.send(f"GET /a11 HTTP/1.1\r\nHost: {H}\r\nAuthorization: Bearer\r\n {P}\r\n\r\n")
            self.refused(wire.response(), 400, "malformed_request")
            self.assertTrue(wire.is_closed())
        self.assertEqual(self.recorder.application_bytes, before)

    def test_A18_a_value_with_controls_is_refused_when_added(self):
        for value in (b"nul\0inside", b"cr\rinside", b"two\nlines", b"esc\x1b[0m", b"del\x7f"):
            with self.subTest(value=value):
                done = self.home.run("secret", "add", "CONTROLS", stdin=value, unlock=True)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(len(done.stderr.decode().strip().splitlines()), 2, done.stderr)
        listed = self.home.must("secret", "list", unlock=True).stdout.decode()
        self.assertNotIn("CONTROLS", listed)

    def test_A18_an_entry_that_is_not_in_the_vault_answers_503(self):
        """[I13]"""
        before = self.recorder.application_bytes
        answer = self.ask(H, target="/a18", headers=[("Authorization", "Bearer absent-PLACEHOLDER-0123456789abc")])
        problem = self.refused(answer, 503, "secret_unavailable")
        self.assertIn("ABSENT", problem["detail"])
        self.assertEqual(self.recorder.seen("/a18"), [])
        self.assertEqual(self.recorder.application_bytes, before)
        self.decided(self.proxy.decision("/a18"), "refused", "secret_unavailable", "ABSENT")

    def test_A19_one_trailing_newline_is_dropped_and_no_other(self):
        self.home.must("secret", "add", "NEWLINE", stdin=b"value-with-newline\n", unlock=True)
        for value in (b"\nleading", b"two-trailing\n\n", b"F44 a blank before the newline \n"):
            done = self.home.run("secret", "add", "NEWLINES", stdin=value, unlock=True)
            self.assertEqual(done.returncode, 2, (value, done.stderr))
            self.assertIn(b"--trim", done.stderr)
        self.home.must("secret", "add", "NEWLINES", "--trim", stdin=b"F44 a blank before the newline \n", unlock=True)

    def test_A20_a_value_in_utf8_arrives_byte_for_byte(self):
        self.home.must("secret", "add", "UTF8", stdin=UTF8.encode(), unlock=True)
        end = 200
        while end:  # the running proxy takes over what a command added
            answer = self.ask(H, target="/a20", headers=[("Authorization", "Bearer utf8-PLACEHOLDER-0123456789abcdef")])
            if answer.status == 200:
                break
            self.refused(answer, 503, "secret_unavailable")
            end -= 1
        self.assertEqual(self.recorder.one("/a20").get("Authorization").encode("latin-1"), f"Bearer {UTF8}".encode())

    def test_A22_what_would_echo_the_credential_is_refused(self):
        before = self.recorder.application_bytes
        for method in ("TRACE", "TRACK", "trace", "Track"):
            with self.subTest(method):
                answer = self.ask(H, method, f"/a22/{method}", [("Authorization", f"Bearer {P}")])
                self.refused(answer, 501, "method_not_supported")
                self.decided(self.proxy.decision(f"/a22/{method}"), "refused", "method_not_supported")
        self.assertEqual(self.recorder.application_bytes, before)

    def test_A24_H08_many_requests_at_once_each_get_their_own_answer_and_record(self):
        clients, each = 32, 100
        self.recorder.on("/a24/", lambda request, connection: connection.answer(body=request.path))

        def converse(number):
            host, placeholder = ((H, P), (H2, P2))[number % 2]
            with self.proxy.tunnel(host) as wire:
                for turn in range(each):
                    path = f"/a24/{number}/{turn}"
                    wire.send(client.request_bytes("GET", path, host, [("Authorization", f"Bearer {placeholder}")]))
                    answer = wire.response()
                    if answer is None or answer.status != 200 or answer.body != path.encode():
                        return f"{path}: {answer}"
            return None

        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            self.assertEqual([x for x in pool.map(converse, range(clients)) if x], [])
        seen = self.recorder.seen("/a24/")
        self.assertEqual(len(seen), clients * each)
        for request in seen:
            number = int(request.path.split("/")[2])
            self.assertEqual(request.all("Authorization"), [f"Bearer {(V, V2)[number % 2]}"])
        records = [r for r in self.proxy.decisions() if (r["destination"]["path"] or "").startswith("/a24/")]
        self.assertEqual(len(records), clients * each)
        self.assertEqual(len({r["destination"]["path"] for r in records}), clients * each)
        for record in records:
            number = int(record["destination"]["path"].split("/")[2])
            self.decided(record, "allowed", "binding_matched", (K, K2)[number % 2])

    def test_A26_a_header_of_64_KiB_answers_431(self):
        before = self.recorder.application_bytes
        answer = self.ask(H, target="/a26", headers=[("Authorization", "x" * 65536 + P)])
        self.refused(answer, 431, "header_too_large")
        self.assertEqual(self.recorder.application_bytes, before)

    def test_the_name_of_the_header_is_found_in_any_case(self):
        for spelled in ("authorization", "AUTHORIZATION", "aUtHoRiZaTiOn"):
            with self.subTest(spelled):
                self.ask(H, target=f"/case/{spelled}", headers=[(spelled, f"Bearer {P}")])
                seen = self.recorder.one(f"/case/{spelled}")
                self.assertEqual(seen.all("Authorization"), [f"Bearer {V}"])

    def test_every_method_carries_the_swap(self):
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "LIST", "PURGE", "QUERY", "MKCOL", "PROPFIND",
                       "M-SEARCH", "SOURCE", "BREW", "frobnicate", "M" * 64):
            with self.subTest(method):
                body = b"x=1" if method in ("POST", "PUT", "PATCH", "QUERY", "PROPFIND", "BREW") else b""
                answer = self.ask(H, method, f"/method/{method}", [("Authorization", f"Bearer {P}")], body)
                self.assertEqual(answer.status, 200)
                seen = self.recorder.one(f"/method/{method}")
                self.assertEqual((seen.method, seen.body), (method, body))
                self.assertEqual(seen.all("Authorization"), [f"Bearer {V}"])
                self.assertEqual(self.proxy.decision(f"/method/{method}")["destination"]["method"], method)

    def test_two_lines_of_the_credentials_header_answer_400(self):
        answer = self.ask(H, target="/twice", headers=[("Authorization", f"Bearer {P}"), ("Authorization", "Bearer x")])
        self.refused(answer, 400, "duplicate_credential_header")
        self.assertEqual(self.recorder.seen("/twice"), [])


if __name__ == "__main__":
    main()
