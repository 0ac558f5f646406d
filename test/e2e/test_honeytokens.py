# SPDX-License-Identifier: Apache-2.0
"""Honeytokens end to end: placeholders that are laid out for nobody, and raise an alert when somebody sends one."""

import json

from harness.case import H, H2, K, P, V, OneProxy, bearer, main

BAIT, BAIT2 = "sk-proj-PLACEHOLDER-laid-out-for-nobody-01", "ghp_0123456789abcdefghijklmnopqrstuvwxyz"


class Honeytokens(OneProxy):
    hosts = (H, H2)
    secrets = {K: V}

    @classmethod
    def rules(cls):
        return {K: bearer(paths=["/**"], blocked=["DELETE /*"]), "BAIT": {"honeytoken": True, "placeholder": BAIT},
                "BAIT2": {"honeytoken": True, "placeholder": BAIT2, "stand_in": True}, "K2": bearer("K2", hosts=(H2,), placeholder="tok-PLACEHOLDER-second-0123456789")}

    def of(self, path):
        """The decisions of a path with what follows them, in the log's order."""
        self.proxy.await_decisions(path)
        ids = {r["request_id"] for r in self.proxy.decisions(path)}
        return [r for r in self.proxy.records() if r.get("request_id") in ids and r["type"] != "upstream_response"]

    def test_H12_a_honeytoken_raises_an_alert_next_to_its_decision(self):
        """[I2] The request goes on as it came; the record says who, where to, and why it stayed inert."""
        self.ask(H, target="/bait", headers=[("Authorization", f"Bearer {BAIT}")])
        self.assertEqual(self.recorder.one("/bait").all("Authorization"), [f"Bearer {BAIT}"])
        decision, alert = self.of("/bait")
        self.decided(decision, "denied", "destination_not_in_binding", "BAIT")
        self.assertEqual(alert["type"], "honeytoken_triggered")
        self.assertEqual(alert["seq"], decision["seq"] + 1)
        self.assertEqual((alert["secret"], alert["destination"]["host"], alert["reason"]),
                         ("BAIT", H, "destination_not_in_binding"))
        self.assertEqual(alert["client"], decision["client"])
        self.assertTrue(self.proxy.await_stderr(f"honeytoken BAIT was sent by 127.0.0.1"))

    def test_H12_it_is_seen_beside_a_secret_in_the_path_and_in_what_is_refused(self):
        """A path shows it by its name."""
        self.ask(H, target="/beside", headers=[("Authorization", f"Bearer {P}"), ("X-Other", BAIT2)])
        self.assertEqual(self.recorder.one("/beside").all("Authorization"), [f"Bearer {V}"])
        kinds = [(r["type"], r.get("secret")) for r in self.of("/beside")]
        self.assertEqual(kinds, [("inject_decision", K), ("inject_decision", "BAIT2"), ("honeytoken_triggered", "BAIT2")])
        self.ask(H, target=f"/in/{BAIT2}/path")
        self.assertEqual([r["type"] for r in self.of("/in/<BAIT2>/path")], ["inject_decision", "honeytoken_triggered"])
        answer = self.ask(H, "DELETE", "/refused", [("X-Other", BAIT2)])
        self.refused(answer, 403, "endpoint_blocked")
        decision, alert = self.of("/refused")
        self.assertEqual((alert["secret"], alert["reason"]), ("BAIT2", "endpoint_blocked"))

    def test_it_needs_no_entry_in_the_vault_and_no_program_gets_it(self):
        checked = json.loads(self.home.must("bindings", "check", "--json").stdout)
        self.assertEqual((checked["secrets"], checked["honeytokens"]), (2, 2))
        self.assertNotIn(b"BAIT", self.proxy.stderr.split(b"honeytoken")[0])
        environment = json.loads(self.home.must("env", "--json").stdout)
        self.assertNotIn("BAIT", json.dumps(environment))
        told = json.loads(self.home.run("bindings", "explain", "GET", f"https://{H}/x", "--json").stdout)
        said = [s for s in told["secrets"] if s["secret"] == "BAIT"][0]
        self.assertFalse(said["swapped"])
        self.assertIn("honeytoken", said["why"])

    def test_the_log_shows_and_verifies_it(self):
        self.ask(H, target="/shown", headers=[("X-Other", BAIT)])
        self.of("/shown")
        shown = self.home.must("audit", "show", "--secret", "BAIT").stdout.decode()
        self.assertIn("HONEYTOKEN BAIT destination_not_in_binding", shown)
        self.home.must("audit", "verify")


if __name__ == "__main__":
    main()
