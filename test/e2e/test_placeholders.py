# SPDX-License-Identifier: Apache-2.0
"""Sections D, F and J end to end: recognising placeholders, and secrets made of several parts."""

import base64
import hashlib
import hmac
import urllib.parse

from harness import client
from harness.case import H, H2, K, K2, P, P2, V, V2, OneProxy, bearer, main

USER, TOKEN, SEED = "alice@example.test", "tok-live-QW8/er5+ty3=", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
COMPOSED = {
    # name: (template, parts, expected value)
    "BASIC": ("Basic {{ (U + ':' + T) | b64encode }}", ["U", "T"],
              "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()),
    "PLAIN": ("Bearer {{ T }}", ["T"], f"Bearer {TOKEN}"),
    "DECODED": ("Token {{ E | b64decode }}", ["E"], "Token foo:bar-decoded-value"),
    "DIGEST": ("Digest {{ T | sha256 }}", ["T"], "Digest " + hashlib.sha256(TOKEN.encode()).hexdigest()),
    "ESCAPED": ("Key {{ T | urlencode }}", ["T"], "Key " + urllib.parse.quote(TOKEN, safe="")),
    "SIGNED": ("Sig {{ hmac_sha256(T, U) }}", ["U", "T"],
               "Sig " + hmac.new(TOKEN.encode(), USER.encode(), hashlib.sha256).hexdigest()),
    "CHAINED": ("{{ T | b64encode | sha256 }}", ["T"],
                hashlib.sha256(base64.b64encode(TOKEN.encode())).hexdigest()),
}


def composed(name):
    template, parts, _ = COMPOSED[name]
    return {"placeholder": f"{name.lower()}-PLACEHOLDER-composed-0123456789", "compose": parts,
            "inject": {"header": "Authorization", "template": template}, "bindings": [{"host": H}]}


class Placeholders(OneProxy):
    hosts = (H, H2)
    secrets = {K: V, K2: V2, "K3": "third-live-9Zx/7Wv+5Tu=3Rq"}

    @classmethod
    def rules(cls):
        third = bearer("K3", "third-PLACEHOLDER-0123456789abcdef", (H,))
        third["inject"] = {"header": "x-api-key", "format": "{K3}"}
        same = bearer(K2, P2, (H2,))
        fourth = bearer("K4", "fourth-PLACEHOLDER-0123456789abcde", (H,))
        return {K: bearer(), K2: same, "K3": third, "K4": fourth}

    P3 = "third-PLACEHOLDER-0123456789abcdef"
    P4 = "fourth-PLACEHOLDER-0123456789abcde"

    def inert(self, path, target, headers=(), method="GET", body=b"", decision="denied", reason="untargeted_location"):
        self.ask(H, method, target, headers, body)
        seen = self.recorder.one(path)
        self.assertEqual(seen.target, target)
        self.assertEqual([h for h in seen.headers if h[0] not in ("Host", "Content-Length")], list(headers))
        self.assertNotIn(V.encode(), seen.raw)
        self.decided(self.proxy.decision(path), decision, reason)

    def test_D01_D02_another_hosts_placeholder_stays_also_when_the_secret_was_just_used(self):
        """[I2]"""
        for path in ("/d01", "/d02"):
            self.ask(H2, target=path, headers=[("Authorization", f"Bearer {P}")])
            self.assertEqual(self.recorder.one(path).all("Authorization"), [f"Bearer {P}"])
            self.decided(self.proxy.decision(path), "denied", "destination_not_in_binding", K)
            self.ask(H, target=path + "/warm", headers=[("Authorization", f"Bearer {P}")])
            self.assertEqual(self.recorder.one(path + "/warm").all("Authorization"), [f"Bearer {V}"])

    def test_D03_two_placeholders_in_one_header_answer_400(self):
        before = self.recorder.application_bytes
        answer = self.ask(H, target="/d03", headers=[("Authorization", f"Bearer {P} {self.P4}")])
        self.refused(answer, 400, "ambiguous_placeholder_match")
        self.assertEqual(self.recorder.application_bytes, before)
        self.decided(self.proxy.decision("/d03"), "refused", "ambiguous_placeholder_match")

    def test_D04_two_secrets_in_two_credential_headers_answer_400(self):
        before = self.recorder.application_bytes
        answer = self.ask(H, target="/d04", headers=[("Authorization", f"Bearer {P}"), ("X-Api-Key", self.P3)])
        self.refused(answer, 400, "ambiguous_placeholder_match")
        self.assertEqual(self.recorder.application_bytes, before)

    def test_D05_a_second_placeholder_bound_elsewhere_never_becomes_a_secret(self):
        answer = self.ask(H, target="/d05", headers=[("Authorization", f"Bearer {P}"), ("X-Api-Key", P2)])
        for seen in self.recorder.seen("/d05"):
            self.assertNotIn(V2.encode(), seen.raw)
            self.assertEqual(seen.all("X-Api-Key"), [P2])
        if answer.status == 400:
            self.refused(answer, 400, "ambiguous_placeholder_match")
        else:
            records = {r["secret"]: r for r in self.proxy.await_decisions("/d05", count=2)}
            self.decided(records[K], "allowed", "binding_matched")
            self.decided(records[K2], "denied", "destination_not_in_binding")

    def test_D06_a_placeholder_inside_base64_stays_where_no_place_asks_for_it(self):
        wrapped = base64.b64encode(f"user:{P}".encode()).decode()
        self.inert("/d06", "/d06", [("Authorization", f"Basic {wrapped}")])

    def test_D07_a_placeholder_in_the_query_stays(self):
        self.inert("/d07", f"/d07?key={P}")

    def test_D08_a_percent_encoded_placeholder_is_no_placeholder(self):
        encoded = "".join(f"%{ord(c):02X}" for c in P)
        self.inert("/d08", "/d08", [("Authorization", f"Bearer {encoded}")], decision="pass", reason="no_placeholder")

    def test_D08_a_placeholder_in_another_case_is_no_placeholder(self):
        self.inert("/d08b", "/d08b", [("Authorization", f"Bearer {P.upper()}")], decision="pass", reason="no_placeholder")

    def test_D13_an_unknown_placeholder_is_text(self):
        self.inert("/d13", "/d13", [("Authorization", "Bearer sk-PLACEHOLDER-of-somebody-else-01")],
                   decision="pass", reason="no_placeholder")

    def test_D18_a_placeholder_in_path_cookie_or_trailer_stays(self):
        self.ask(H, target=f"/d18/path/{P}")
        self.assertEqual(self.recorder.one("/d18/path").target, f"/d18/path/{P}")
        # The record's path never shows the placeholder's owner's value, and names the secret instead.
        self.assertTrue([r for r in self.proxy.decisions() if r["destination"]["path"] == f"/d18/path/<{K}>"])
        self.inert("/d18/cookie", "/d18/cookie", [("Cookie", f"session={P}")])
        with self.proxy.tunnel(H) as wire:
            wire.send(f"POST /d18/trailer HTTP/1.1\r\nHost: {H}\r\nTransfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n"
                      f"1\r\nx\r\n0\r\nAuthorization: Bearer {P}\r\n\r\n")
            self.assertEqual(wire.response("POST").status, 200)
        self.assertNotIn(V.encode(), self.recorder.one("/d18/trailer").raw)

    def test_D18_a_placeholder_in_the_body_stays(self):
        self.ask(H, "POST", "/d18/body", [("Content-Type", "application/json")], f'{{"key":"{P}"}}'.encode())
        self.assertEqual(self.recorder.one("/d18/body").body, f'{{"key":"{P}"}}'.encode())

    def test_D20_placeholders_inside_each_other_are_refused_at_load(self):
        path = self.scratch / "overlap.yaml"
        from harness.case import document
        from harness import proxy
        longer = {**bearer(K2, P + "-longer", (H2,))}
        path.write_text(proxy.yaml(document({K: bearer(), K2: longer})) + "\n")
        path.chmod(0o600)
        done = self.home.run("bindings", "check", path)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr.decode(), r"overlap\.yaml:\d+:\d+: ")


class Refusing(OneProxy):
    """misplaced_placeholder: refuse - the operator chose refusal instead of inert text."""

    more = {"misplaced_placeholder": "refuse"}

    def test_a_misplaced_placeholder_is_refused_when_the_operator_chose_so(self):
        """[I2]"""
        before = self.recorder.application_bytes
        answer = self.ask(H, target="/misplaced", headers=[("X-Other", P)])
        self.assertEqual(answer.status, 403, answer)
        self.assertEqual(answer.get("Keyswap-Reason"), "untargeted_location")
        self.assertEqual(self.recorder.application_bytes, before)
        self.decided(self.proxy.decision("/misplaced"), "refused", "untargeted_location", K)
        self.ask(H, target="/placed", headers=[("Authorization", f"Bearer {P}")])
        self.assertEqual(self.recorder.one("/placed").all("Authorization"), [f"Bearer {V}"])


class Composite(OneProxy):
    hosts = (H, H2)
    secrets = {"U": USER, "T": TOKEN, "E": base64.b64encode(b"foo:bar-decoded-value").decode(), "BAD": "not-valid-base64!@#",
               "SEED": SEED}

    @classmethod
    def rules(cls):
        rules = {name: composed(name) for name in COMPOSED}
        rules["BROKEN"] = {"placeholder": "broken-PLACEHOLDER-composed-0123456789", "compose": ["BAD"],
                           "inject": {"header": "Authorization", "template": "Bearer {{ BAD | b64decode }}"},
                           "bindings": [{"host": H}]}
        rules["LACKING"] = {"placeholder": "lacking-PLACEHOLDER-composed-0123456789", "compose": ["U", "GONE"],
                            "inject": {"header": "Authorization", "template": "Basic {{ (U + ':' + GONE) | b64encode }}"},
                            "bindings": [{"host": H}]}
        rules["CODE"] = {"placeholder": "code-PLACEHOLDER-composed-0123456789", "compose": ["SEED"],
                         "inject": {"header": "Authorization", "template": "Code {{ totp(SEED) }}"},
                         "bindings": [{"host": H}]}
        rules["T"] = bearer("T", "token-PLACEHOLDER-0123456789abcdef", (H2,))
        return rules

    def swapped(self, name, path):
        answer = self.ask(H, target=path, headers=[("Authorization", f"Basic {name.lower()}-PLACEHOLDER-composed-0123456789")])
        self.assertEqual(answer.status, 200, answer)
        return self.recorder.one(path).all("Authorization")

    def test_F03_J01_J02_J04_J06_J07_J13_templates_are_rendered(self):
        for name, (_, _, expected) in COMPOSED.items():
            with self.subTest(name):
                self.assertEqual(self.swapped(name, f"/f03/{name}"), [expected])
                self.decided(self.proxy.decision(f"/f03/{name}"), "allowed", "binding_matched", name)

    def test_J11_a_time_based_code_is_the_authenticators(self):
        import struct
        import time
        key = base64.b32decode(SEED)

        def code(now):
            digest = hmac.new(key, struct.pack(">Q", now // 30), hashlib.sha1).digest()
            at = digest[-1] & 15
            return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"

        before = int(time.time())
        found = self.swapped("CODE", "/j11")
        self.assertIn(found, ([f"Code {code(before)}"], [f"Code {code(int(time.time()))}"]))

    def test_J05_a_part_that_does_not_decode_answers_503(self):
        """[I13]"""
        answer = self.ask(H, target="/j05", headers=[("Authorization", "Basic broken-PLACEHOLDER-composed-0123456789")])
        problem = self.refused(answer, 503, "secret_unavailable")
        self.assertNotIn("not-valid-base64", str(problem))
        self.assertEqual(self.recorder.seen("/j05"), [])

    def test_F04_a_part_that_is_not_in_the_vault_answers_503_and_names_it(self):
        answer = self.ask(H, target="/f04", headers=[("Authorization", "Basic lacking-PLACEHOLDER-composed-0123456789")])
        problem = self.refused(answer, 503, "secret_unavailable")
        self.assertIn("GONE", problem["detail"])
        self.assertEqual(self.recorder.seen("/f04"), [])

    def test_F05_an_empty_value_cannot_be_added(self):
        for value in (b"", b"\n"):
            done = self.home.run("secret", "add", "EMPTY", stdin=value, unlock=True)
            self.assertEqual(done.returncode, 2, done.stderr)

    def test_F10_one_entry_serves_alone_and_as_a_part(self):
        self.ask(H2, target="/f10/alone", headers=[("Authorization", "Bearer token-PLACEHOLDER-0123456789abcdef")])
        self.assertEqual(self.recorder.one("/f10/alone").all("Authorization"), [f"Bearer {TOKEN}"])
        self.assertEqual(self.swapped("PLAIN", "/f10/part"), [f"Bearer {TOKEN}"])


if __name__ == "__main__":
    main()
