# SPDX-License-Identifier: Apache-2.0
"""Real values in the client's hands: a client that sends a secret itself raises an alert, no record shows it, and the
request follows its binding's `real_value`. By the real program; at the end everything it wrote is searched."""

import base64
import json
import urllib.parse

from harness import client
from harness.case import H, H2, K, K2, P, P2, V, V2, OneProxy, bearer, main

# Spelled so that it could be a label of a host's name, too.
K3, P3, V3 = "KEY_THREE", "hex-PLACEHOLDER-third-0123456789", "f00d5eed0123456789abcdef00112233"


class RealValues(OneProxy):
    hosts = (H, H2)
    secrets = {K: V, K2: V2, K3: V3}

    @classmethod
    def rules(cls):
        third = bearer(K3, P3)
        third["inject"] = {"header": "X-Third", "format": f"{{{K3}}}"}
        return {K: bearer(), K2: bearer(K2, P2, (H2,), real_value="refuse"), K3: third}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What a host's rules need is known from the first request that goes there.
        cls.proxy.ask(H2, target="/first")

    def alerts(self, request_id, count=1):
        found = []

        def is_enough(_):
            found[:] = [r for r in self.proxy.records() if r["type"] == "real_secret_seen" and r["request_id"] == request_id]
            return len(found) >= count
        self.proxy.await_record(is_enough)
        self.assertEqual(len(found), count, found)
        return found

    def sent(self, path, shown=None, method="GET", headers=(), body=b""):
        """Asks, checks that it went on as it came, and gives its decision and its alerts' kinds."""
        answer = self.ask(H, method, path, headers, body)
        self.assertEqual(answer.status, 200)
        decision = self.proxy.decision(shown or path.split("?")[0])
        return decision, [(a["secret"], a["where"], a["encoding"]) for a in self.alerts(decision["request_id"])]

    def test_a_half_migrated_program_is_seen_and_its_request_goes_on(self):
        """[I1] The record names the secret, where it stood and how it was written."""
        decision, kinds = self.sent("/header", headers=[("Authorization", f"Bearer {V}")])
        self.decided(decision, "pass", "no_placeholder")
        self.assertEqual(kinds, [(K, "header", "plain")])
        self.assertEqual(self.recorder.one("/header").all("Authorization"), [f"Bearer {V}"])
        alert = self.alerts(decision["request_id"])[0]
        self.assertEqual(alert["seq"], decision["seq"] + 1)
        self.assertEqual((alert["client"], alert["destination"]), (decision["client"], decision["destination"]))
        self.assertEqual(alert["reason"], "no_placeholder")
        self.assertTrue(self.proxy.await_stderr(f"the real value of {K} was sent by 127.0.0.1"))

    def test_it_is_seen_inside_basic_and_beside_a_placeholder(self):
        """[I1]"""
        basic = base64.b64encode(f"joe:{V}".encode()).decode()
        _, kinds = self.sent("/basic", headers=[("Authorization", f"Basic {basic}")])
        self.assertEqual(kinds, [(K, "header", "base64")])
        decision, kinds = self.sent("/beside", headers=[("Authorization", f"Bearer {P}"), ("X-Other", V3)])
        self.decided(decision, "allowed", "binding_matched", K)
        self.assertEqual(kinds, [(K3, "header", "plain")])

    def test_a_target_is_shown_with_the_name(self):
        """[I1] Whatever of it is percent-encoded; what is sent is as it came."""
        quoted = urllib.parse.quote(V, safe="")
        for number, (form, encoding) in enumerate([(V, "plain"), (quoted, "escaped"), (V.encode().hex(), "hex"),
                                                   ("".join(f"%{byte:02x}" for byte in V.encode()), "escaped")]):
            with self.subTest(form=number):
                path = f"/in/{number}/{form}/x"
                _, kinds = self.sent(path, f"/in/{number}/<{K}>/x")
                self.assertEqual(kinds, [(K, "path", encoding)])
                self.assertEqual(self.recorder.one(path).target, path)
        _, kinds = self.sent(f"/query?key={quoted}&x=1")
        self.assertEqual(kinds, [(K, "query", "escaped")])

    def test_a_body_is_looked_through_as_it_passes(self):
        """[I1]"""
        said = json.dumps({"key": V, "again": V}).encode()
        decision, kinds = self.sent("/body", method="POST", body=said)
        self.decided(decision, "pass", "no_placeholder")
        self.assertEqual(kinds, [(K, "body", "plain")])
        self.assertEqual(self.recorder.one("/body").body, said)
        with self.proxy.tunnel(H) as wire:
            wire.send(client.request_bytes("POST", "/slowly", H, (), f"k={V3}".encode()))
            self.note("answer to /slowly", wire.response().body)
        self.alerts(self.proxy.decision("/slowly")["request_id"])
        with self.proxy.tunnel(H) as wire:
            wire.send_slowly(client.request_bytes("POST", "/bytes", H, (), f"k={V3}".encode()))
            self.note("answer to /bytes", wire.response().body)
        self.alerts(self.proxy.decision("/bytes")["request_id"])

    def test_the_key_of_another_host_is_refused_as_its_binding_says(self):
        """[I1] Nothing leaves of a head that has it, and a body with it is never completed."""
        for number, (target, headers) in enumerate([("/other/0", [("Authorization", f"Bearer {V2}")]),
                                                    (f"/other/1?key={urllib.parse.quote(V2, safe='')}", [])]):
            path = f"/other/{number}"
            self.refused(self.ask(H, target=target, headers=headers), 403, "real_secret_sent")
            decision = self.proxy.await_decisions(path)[0]
            self.decided(decision, "refused", "real_secret_sent", K2)
            self.assertEqual([a["secret"] for a in self.alerts(decision["request_id"])], [K2])
            self.assertEqual(self.recorder.seen(path), [])
        answer = self.ask(H, "POST", "/other/body", [], f"key={V2}".encode())
        self.refused(answer, 403, "real_secret_sent")
        refused = self.proxy.await_record(
            lambda r: r["type"] == "inject_decision" and r["decision"] == "refused" and r["destination"]["path"] == "/other/body")
        self.assertEqual([r["reason"] for r in refused], ["real_secret_sent"])
        self.assertEqual([a["where"] for a in self.alerts(refused[0]["request_id"])], ["body"])
        for request in self.recorder.seen("/other/body"):
            self.assertNotIn(V2.encode(), request.raw_body)

    def test_neither_a_host_nor_a_method_shows_it(self):
        """[I1]"""
        wire, answer = self.proxy.connect(f"{V3}.elsewhere.example.test:443")
        self.note("answer to CONNECT", answer.raw_head)
        wire.close()
        found = self.proxy.await_decisions(host=f"<{K3}>.elsewhere.example.test")
        self.decided(found[0], "refused", "unmatched_destination")
        self.ask(H, V3, "/method")
        found = self.proxy.await_decisions("/method")
        self.assertEqual(found[0]["destination"]["method"], f"<{K3}>")

    def test_what_can_be_asked_about_it_is_answered(self):
        explain = lambda host: json.loads(self.home.run("bindings", "explain", "GET", f"https://{host}/x", "--json").stdout)
        said = {s["secret"]: s["real_value"] for s in explain(H2)["secrets"] if s["swapped"]}
        self.assertEqual(said, {K2: "refuse"})
        self.assertEqual({s["real_value"] for s in explain(H)["secrets"] if s["swapped"]}, {"forward"})
        text = self.home.must("bindings", "explain", "GET", f"https://{H2}/x").stdout.decode()
        self.assertIn("the request is refused, and an alert is raised", text)
        self.sent("/shown", headers=[("X-Old", V)])
        shown = self.home.must("audit", "show", "--secret", K).stdout.decode()
        self.assertIn(f"REAL SECRET {K} in the header (plain) no_placeholder", shown)
        self.home.must("audit", "verify")


if __name__ == "__main__":
    main()
