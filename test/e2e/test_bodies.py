# SPDX-License-Identifier: Apache-2.0
"""Section E end to end, and what is seen in bodies and heads that is swapped nowhere (I2): requests with the placeholder in
their bodies."""

import base64
import hashlib
import hmac
import json
import shutil
import struct
import threading
import time
import unittest
import urllib.parse

from harness import client, recorder
from harness.case import H, H2, K, K2, P, P2, V, V2, OneProxy, bearer, main

JSON = ("Content-Type", "application/json; charset=utf-8")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
XML = ("Content-Type", "text/xml")
PLAIN = ("Content-Type", "text/plain")
POINTED, FIELD, TWICE = "ptr-PLACEHOLDER-0123456789abcdef", "fld-PLACEHOLDER-0123456789abcdef", "two-PLACEHOLDER-0123456789abcdef"
CODE = "code-PLACEHOLDER-0123456789abcde"
PAIR, LACKING, POSTED = "pair-PLACEHOLDER-0123456789abcde", "lack-PLACEHOLDER-0123456789abcde", "post-PLACEHOLDER-0123456789abcde"
VQ = 'live-"quoted"\\back&amp=1<x>%20\'9Kq2'
MIB = 1 << 20


def text(name, placeholder=P, hosts=(H,), scope=None, **inject):
    return {"placeholder": placeholder, "inject": {"body": "text", "format": f"{{{name}}}", **inject},
            "bindings": [{"host": host, **(scope or {})} for host in hosts]}


def chunked(pieces):
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


class Bodies(OneProxy):
    hosts = (H, H2)
    secrets = {K: V, K2: V2, "QUOTED": VQ, "SEED": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "HEADER": "header-live-3Zx/7Wv+5Tu=3Rq"}

    @classmethod
    def rules(cls):
        return {
            K: text(K),
            K2: bearer(K2, P2, (H2,)),
            "QUOTED": text("QUOTED", TWICE, max_occurrences=3),
            "POINTED": {**text("POINTED", POINTED, json_pointer="/auth/token"),
                        "inject": {"body": "text", "json_pointer": "/auth/token", "template": "pre-{{ A }}-post"},
                        "compose": {"A": K}},
            "FIELD": {"placeholder": FIELD, "compose": {"A": K},
                      "inject": {"body": "text", "form_field": "api key", "content_type": FORM[1], "template": "{{ A }}"},
                      "bindings": [{"host": H}]},
            "PAIR": {"placeholder": PAIR, "compose": ["KEY_ONE", "KEY_TWO"],
                     "inject": {"body": "text", "template": "{{ (KEY_ONE + ':' + KEY_TWO) | b64encode }}"},
                     "bindings": [{"host": H}]},
            "LACKING": text("LACKING", LACKING),
            "CODE": {"placeholder": CODE, "compose": ["SEED"], "inject": {"body": "text", "template": "{{ totp(SEED) }}"},
                     "bindings": [{"host": H}]},
            "POSTED": {"placeholder": POSTED, "compose": {"A": K},
                       "inject": {"body": "text", "content_type": "application/json", "template": "{{ A }}"},
                       "bindings": [{"host": H, "methods": ["POST"], "paths": ["/post/**"]}]},
            "HEADER": bearer("HEADER", "hdr-PLACEHOLDER-0123456789abcdef", (H,)),
        }

    def post(self, path, body, *headers, method="POST", host=H):
        answer = self.ask(host, method, path, headers, body)
        self.assertEqual(answer.status, 200, answer)
        return self.recorder.one(path)

    def post_chunked(self, path, pieces, *headers):
        """In chunks; gives the answer."""
        with self.proxy.tunnel(H) as wire:
            lines = [f"POST {path} HTTP/1.1", f"Host: {H}", "Transfer-Encoding: chunked", *[f"{k}: {v}" for k, v in headers]]
            wire.send("\r\n".join(lines) + "\r\n\r\n")
            for piece in pieces:
                wire.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            wire.send(b"0\r\n\r\n")
            answer = wire.response("POST")
        self.note(f"answer to {path}", answer.raw_head + answer.body)
        return answer

    def stayed(self, path, body, reason, *headers, secret=K, method="POST", host=H):
        seen = self.post(path, body, *headers, method=method, host=host)
        self.assertEqual(seen.body, body)
        found = self.proxy.await_decisions(path)
        self.assertTrue([r for r in found if (r["decision"], r["reason"], r.get("secret")) == ("denied", reason, secret)], found)
        self.assertEqual([r for r in found if r["decision"] == "allowed"], [])

    # --- what is swapped ---

    def test_E01_E07_E09_the_placeholder_in_a_body_is_swapped_and_its_length_is_right(self):
        """[I5]"""
        seen = self.post("/e01", json.dumps({"key": P}).encode(), JSON)
        self.assertEqual(json.loads(seen.body), {"key": V})
        self.assertEqual(seen.get("Content-Length"), str(len(seen.body)))
        self.decided(self.proxy.decision("/e01"), "allowed", "binding_matched", K)

    def test_E02_all_occurrences_are_swapped_as_far_as_may_be_and_one_more_is_refused(self):
        body = json.dumps([TWICE, {"a": TWICE}, TWICE]).encode()
        seen = self.post("/e02/all", body, JSON)
        self.assertEqual(json.loads(seen.body), [VQ, {"a": VQ}, VQ])
        self.decided(self.proxy.decision("/e02/all"), "allowed", "binding_matched", "QUOTED")
        before = self.recorder.application_bytes
        self.refused(self.ask(H, "POST", "/e02/more", [PLAIN], f"{P} {P}".encode()), 400, "ambiguous_placeholder_match")
        self.assertEqual(self.recorder.application_bytes, before)

    def test_E03_E05_it_is_found_wherever_the_body_is_cut(self):
        """[I15]"""
        body = json.dumps({"key": P}).encode()
        for name, pieces in (("one", [body[i:i + 1] for i in range(len(body))]), ("two", [body[:30], body[30:]]),
                             ("whole", [body])):
            self.assertEqual(self.post_chunked(f"/e05/{name}", pieces, JSON).status, 200)
            self.assertEqual(json.loads(self.recorder.one(f"/e05/{name}").body), {"key": V})

    def test_E06_E13_E28_a_body_without_it_is_sent_as_it_came(self):
        """[I2]"""
        body = b'{"key": "sk-test-PLACEHOLDER-0123456789abcdeX"}'
        seen = self.post("/e06/length", body, JSON)
        self.assertEqual((seen.body, seen.get("Content-Length")), (body, str(len(body))))
        self.decided(self.proxy.decision("/e06/length"), "pass", "no_placeholder")
        self.assertEqual(self.post_chunked("/e06/chunks", [body[:5], body[5:]], JSON).status, 200)
        seen = self.recorder.one("/e06/chunks")
        self.assertEqual((seen.body, seen.get("Transfer-Encoding")), (body, "chunked"))
        self.assertEqual(self.post("/e06/put", body, JSON, method="PUT").body, body)
        self.assertEqual(self.post("/e28/none", b"").body, b"")
        self.assertEqual(self.post_chunked("/e28/empty", []).status, 200)
        self.assertEqual(self.ask(H, "GET", "/e28/get").status, 200)

    def test_E11_the_format_stands_around_the_secret_inside_of_the_string_that_the_pointer_names(self):
        body = {"auth": {"token": POINTED}, "other": "x"}
        seen = self.post("/e11", json.dumps(body).encode(), JSON)
        self.assertEqual(json.loads(seen.body), {"auth": {"token": f"pre-{V}-post"}, "other": "x"})
        self.stayed("/e11/elsewhere", json.dumps({"token": POINTED}).encode(), "untargeted_location", JSON, secret="POINTED")
        self.stayed("/e11/twice", f'{{"auth":{{"token":"x"}},"auth":{{"token":"{POINTED}"}}}}'.encode(), "untargeted_location",
                    JSON, secret="POINTED")

    def test_E22_in_json_the_value_stays_one_string(self):
        """[I9]"""
        seen = self.post("/e22", json.dumps({"a": TWICE}).encode(), JSON)
        self.assertEqual(json.loads(seen.body), {"a": VQ})

    def test_E23_in_a_form_the_value_stays_one_field(self):
        """[I9]"""
        seen = self.post("/e23", f"a=1&k={TWICE}&b=2".encode(), FORM)
        self.assertEqual(urllib.parse.parse_qsl(seen.body.decode()), [("a", "1"), ("k", VQ), ("b", "2")])
        seen = self.post("/e23/field", f"x=1&api+key={FIELD}".encode(), FORM)
        self.assertEqual(urllib.parse.parse_qsl(seen.body.decode()), [("x", "1"), ("api key", V)])
        self.stayed("/e23/other", f"x={FIELD}".encode(), "untargeted_location", FORM, secret="FIELD")

    def test_in_xml_and_in_plain_text_the_value_is_written_as_it_belongs(self):
        """[I9]"""
        import xml.etree.ElementTree
        seen = self.post("/xml", f"<a b='{TWICE}'>{TWICE}</a>".encode(), XML)
        tree = xml.etree.ElementTree.fromstring(seen.body)
        self.assertEqual((tree.text, tree.get("b")), (VQ, VQ))
        self.assertEqual(self.post("/plain", f"key: {TWICE}\n".encode(), PLAIN).body, f"key: {VQ}\n".encode())
        self.assertEqual(self.post("/untyped", TWICE.encode()).body, VQ.encode())

    def test_E18_E20_a_body_secret_may_have_parts_and_all_must_be_there(self):
        seen = self.post("/e18", PAIR.encode(), PLAIN)
        self.assertEqual(base64.b64decode(seen.body).decode(), f"{V}:{V2}")
        before = self.recorder.application_bytes
        self.refused(self.ask(H, "POST", "/e20", [PLAIN], LACKING.encode()), 503, "secret_unavailable")
        self.assertEqual(self.recorder.application_bytes, before)

    def test_E19_a_body_secret_may_be_a_time_based_code(self):
        def code(now):
            key = base64.b32decode(self.secrets["SEED"])
            digest = hmac.new(key, struct.pack(">Q", now // 30), hashlib.sha1).digest()
            at = digest[-1] & 15
            return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"

        before = int(time.time())
        seen = self.post("/e19", json.dumps({"code": CODE}).encode(), JSON)
        self.assertIn(json.loads(seen.body)["code"], (code(before), code(int(time.time()))))

    def test_E15_when_one_of_two_body_secrets_fails_neither_is_sent(self):
        """[I13]"""
        self.refused(self.ask(H, "POST", "/e15", [PLAIN], f"{P} {LACKING}".encode()), 503, "secret_unavailable")
        self.assertEqual(self.recorder.seen("/e15"), [])
        self.assertEqual([r["decision"] for r in self.proxy.await_decisions("/e15")], ["refused"])

    def test_E21_a_header_secret_and_a_body_secret_are_both_swapped(self):
        placeholder = "hdr-PLACEHOLDER-0123456789abcdef"
        seen = self.post("/e21", P.encode(), PLAIN, ("Authorization", f"Bearer {placeholder}"))
        self.assertEqual((seen.body, seen.get("Authorization")), (V.encode(), f"Bearer {self.secrets['HEADER']}"))
        found = self.proxy.await_decisions("/e21", count=2)
        self.assertEqual(sorted((r["decision"], r["secret"]) for r in found), [("allowed", "HEADER"), ("allowed", K)])

    def test_E29_a_get_with_a_body_is_swapped_like_any_other(self):
        self.assertEqual(self.post("/e29", P.encode(), PLAIN, method="GET").body, V.encode())

    def test_a_client_that_waits_for_100_continue_gets_it(self):
        self.recorder.on("/continue/100000", recorder.early(lambda request, connection: (
            connection.send("HTTP/1.1 100 Continue\r\n\r\n"), connection.read_body(request), connection.answer())))
        for size in (len(P), 100_000):  # told to go on by the proxy, and by the upstream
            with self.proxy.tunnel(H) as wire:
                body = P.encode() + b"x" * (size - len(P))
                wire.send(f"POST /continue/{size} HTTP/1.1\r\nHost: {H}\r\nContent-Type: text/plain\r\n"
                          f"Content-Length: {size}\r\nExpect: 100-continue\r\n\r\n")
                self.assertEqual(wire.head().status, 100)
                wire.send(body)
                self.assertEqual(wire.response("POST").status, 200)
            seen = self.recorder.one(f"/continue/{size}")
            self.assertEqual(seen.body, body.replace(P.encode(), V.encode()))

    # --- what is not ---

    def test_E08_E12_E24_where_the_place_is_not_bound_it_stays_and_is_recorded(self):
        """[I2]"""
        self.stayed("/post/e08", POSTED.encode(), "untargeted_location", PLAIN, secret="POSTED")
        self.assertEqual(self.post("/post/e07", json.dumps(POSTED).encode(), JSON).body, json.dumps(V).encode())
        self.stayed("/post/e12", json.dumps(POSTED).encode(), "binding_scope_violation", JSON, secret="POSTED", method="PUT")
        self.stayed("/elsewhere/e12", json.dumps(POSTED).encode(), "binding_scope_violation", JSON, secret="POSTED")
        import gzip
        packed = gzip.compress(P.encode())
        self.assertEqual(self.post("/e24", packed, PLAIN, ("Content-Encoding", "gzip")).body, packed)

    def test_P04_a_header_secrets_placeholder_in_the_body_comes_back_as_it_is(self):
        """[I2]"""
        placeholder = "hdr-PLACEHOLDER-0123456789abcdef"
        self.recorder.on("/p04", lambda request, connection: connection.answer(body=request.body))
        answer = self.ask(H, "POST", "/p04", [PLAIN], placeholder.encode())
        self.assertEqual(answer.body, placeholder.encode())
        found = self.proxy.await_decisions("/p04")
        self.assertTrue([r for r in found if (r["decision"], r["reason"], r.get("secret")) ==
                         ("denied", "untargeted_location", "HEADER")], found)

    def test_D12_a_body_secrets_placeholder_in_a_header_stays(self):
        """[I2]"""
        self.ask(H, target="/d12", headers=[("Authorization", f"Bearer {P}")])
        self.assertEqual(self.recorder.one("/d12").get("Authorization"), f"Bearer {P}")
        self.decided(self.proxy.decision("/d12"), "denied", "untargeted_location", K)

    def test_a_placeholder_is_seen_in_each_of_its_forms(self):
        """[I2]"""
        forms = {
            "percent": urllib.parse.quote(P2, safe="").replace("-", "%2D"),
            "json": "".join(f"\\u{ord(c):04x}" for c in P2),
            "base64": base64.b64encode(f"u:{P2}".encode()).decode(),
            "base64url": base64.urlsafe_b64encode(f"~~?{P2}?>".encode()).decode(),
        }
        for name, form in forms.items():
            for where in ("body", "header", "query"):
                with self.subTest(name, where=where):
                    path = f"/forms/{name}/{where}"
                    if where == "body":
                        self.ask(H, "POST", path, [PLAIN], f"... {form} ...".encode())
                        self.assertIn(form.encode(), self.recorder.one(path).body)
                    elif where == "header":
                        self.ask(H, target=path, headers=[("X-Other", f"a {form}")])
                        self.assertEqual(self.recorder.one(path).get("X-Other"), f"a {form}")
                    elif "\\" in form:
                        continue
                    else:
                        self.ask(H, target=f"{path}?x={form}")
                    found = self.proxy.await_decisions(path)
                    self.assertTrue([r for r in found if (r["decision"], r["reason"], r.get("secret")) ==
                                     ("denied", "destination_not_in_binding", K2)], found)

    # --- long bodies ---

    def test_E17_long_bodies_are_streamed_in_constant_memory(self):
        """[I10]"""
        for size in (MIB, 100 * MIB):
            block = b'{"text": "%b"}\n' % (b"lorem ipsum dolor " * 910)
            count = size // len(block)
            path = f"/long/{size}"
            seen = {}

            def count_body(request, connection, seen=seen):
                digest, total = hashlib.sha256(), 0
                for piece in connection.chunks(request):
                    digest.update(piece)
                    total += len(piece)
                seen.update(digest=digest.hexdigest(), total=total)
                connection.answer()

            handler = recorder.early(lambda request, connection: (setattr(connection, "keep_bytes", False),
                                                                  count_body(request, connection)))
            self.recorder.on(path, handler)
            expected = hashlib.sha256()
            before = self.proxy.status("VmRSS")
            most = before
            with self.proxy.tunnel(H, timeout=120.0) as wire:
                tail = f'{{"key":"{P}"}}'.encode()
                wire.send(client.request_bytes("POST", path, H, [("Content-Type", "application/x-ndjson"), (
                    "Content-Length", str(count * len(block) + len(tail)))]))
                for number in range(count):
                    wire.sock.sendall(block)
                    expected.update(block)
                    if number % 256 == 0:
                        most = max(most, self.proxy.status("VmRSS"))
                wire.send(tail)
                expected.update(tail.replace(P.encode(), V.encode()))
                self.assertEqual(wire.response("POST").status, 200)
            self.assertEqual(seen["total"], count * len(block) + len(tail) - len(P) + len(V))
            self.assertEqual(seen["digest"], expected.hexdigest())
            self.assertLess(most - before, 16 * 1024, "KiB of memory that a body took")
            self.assertTrue([r for r in self.proxy.await_decisions(path, count=2) if r["decision"] == "allowed"])

    def test_E14_a_secret_that_is_missing_in_a_long_body_cuts_the_upload(self):
        """[I13]"""
        ended = threading.Event()

        def read_all(request, connection):
            try:
                connection.read_body(request)
            finally:
                ended.set()

        self.recorder.on("/e14", recorder.early(read_all))
        with self.proxy.tunnel(H) as wire:
            wire.send(client.request_bytes("POST", "/e14", H, [PLAIN, ("Content-Length", "300000")]))
            wire.send(b"x" * 100_000 + LACKING.encode())
            self.refused(wire.response("POST"), 503, "secret_unavailable")
        self.assertTrue(ended.wait(10))
        seen = self.recorder.one("/e14")
        self.assertFalse(seen.complete)
        self.assertTrue([r for r in self.proxy.await_decisions("/e14", count=2)
                         if (r["decision"], r["reason"], r.get("secret")) == ("refused", "secret_unavailable", "LACKING")])

    def test_E27_a_client_that_leaves_in_the_middle_ends_the_upload(self):
        with self.proxy.tunnel(H) as wire:
            wire.send(client.request_bytes("POST", "/e27", H, [PLAIN, ("Content-Length", "300000")]))
            wire.send(b"x" * 100_000 + P.encode() + b"y" * 1000)
            self.assertTrue(self.recorder.wait(lambda: self.recorder.seen("/e27")))
        seen = self.recorder.one("/e27")
        self.assertTrue(seen.connection.ended.wait(10))
        self.assertFalse(seen.complete)
        self.assertTrue(self.proxy.is_running())


class Refusing(OneProxy):
    """misplaced_placeholder: refuse"""

    hosts = (H,)
    more = {"misplaced_placeholder": "refuse"}

    @classmethod
    def rules(cls):
        return {K: bearer(), K2: text(K2, P2)}

    def test_a_placeholder_in_a_body_is_refused_when_the_operator_chose_so(self):
        """[I2]"""
        for name, body in (("plain", P.encode()), ("escaped", urllib.parse.quote(P).replace("-", "%2d").encode()),
                           ("base64", base64.b64encode(P.encode()))):
            path = f"/refuse/{name}"
            answer = self.ask(H, "POST", path, [PLAIN], body)
            self.refused(answer, 403, "untargeted_location")
            self.assertEqual([r for r in self.recorder.seen(path) if r.complete], [])
        before = b"x" * 200_000
        with self.proxy.tunnel(H) as wire:
            wire.send(client.request_bytes("POST", "/refuse/long", H, [PLAIN, ("Content-Length", str(len(before) + len(P)))]))
            wire.send(before + P.encode())
            self.refused(wire.response("POST"), 403, "untargeted_location")
        self.assertEqual([r for r in self.recorder.seen("/refuse/long") if r.complete], [])
        self.assertEqual(self.ask(H, "POST", "/refuse/placed", [PLAIN], P2.encode()).status, 200)
        self.assertEqual(self.recorder.one("/refuse/placed").body, V2.encode())


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class Unrecorded(OneProxy):
    """The log fails while a body is on its way."""

    hosts = (H,)

    @classmethod
    def rules(cls):
        return {K: text(K)}

    def test_H05_a_body_secret_that_cannot_be_recorded_never_leaves(self):
        """[I6] [I13]"""
        for size in (10, 200_000):
            home = self.copy_home(self.home, f"h05-{size}")
            segment = home.audit / "audit-000001.jsonl"
            self.start(home).stop()
            running = self.start(home, ready_seconds=120, wrapper=[
                "strace", "-f", "-o", "/dev/null", "-P", str(segment), "-e", "trace=fdatasync",
                "-e", "inject=fdatasync:error=EIO:when=4+"])
            statuses = []
            for turn in range(12):
                path = f"/h05/{size}/{turn}"
                with running.tunnel(H) as wire:
                    body = b"x" * size + P.encode()
                    wire.send(client.request_bytes("POST", path, H, [PLAIN], body))
                    answer = wire.response("POST")
                statuses.append(answer.status)
                if answer.status != 200:
                    self.refused(answer, 503, "audit_unavailable")
                    self.assertEqual([r for r in self.recorder.seen(path) if r.complete], [])
                    for seen in self.recorder.seen(path):
                        self.assertNotIn(V.encode(), seen.raw)
            self.assertIn(503, statuses)
            running.kill()


if __name__ == "__main__":
    main()
