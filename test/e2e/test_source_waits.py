# SPDX-License-Identifier: Apache-2.0
"""Who waits for a source of secrets, for how long, and who does not (docs/bindings.md, "Sources")."""

import json
import threading

import test_sources
from harness import bitwarden, client
from harness.case import H, bearer, main

VALUE, VALUE2, OWN = test_sources.VALUE, test_sources.VALUE2, "sk-live-waits-Ht2/Zz5=Lm8"
P, P2, P3 = test_sources.P, test_sources.P2, "sk-PLACEHOLDER-waits-own-Ht2Zz5Lm8"
MANY = 100


class Waits(test_sources.Sources):
    """The double of Bitwarden, whose answers can be held back."""

    addresses = (bitwarden.API, bitwarden.IDENTITY)
    secrets = {"one": VALUE, "two": VALUE2, "own": OWN}

    def company(self, name):
        self.double = bitwarden.Bitwarden(self.vendor)
        self.secrets[f"the token of {name}"] = self.double.client_secret
        self.double.add("first", VALUE)
        self.double.add("second", VALUE2)
        rules = {"K": {**bearer("K", P), "source": "company", "key": "first"},
                 "L": {**bearer("L", P2), "source": "company", "key": "second"},
                 "OWN": bearer("OWN", P3)}
        source = {"type": "bitwarden", "organization_id": self.double.organization, "access_token": "BWS_TOKEN"}
        return self.begin(name, rules, {"BWS_TOKEN": self.double.access_token, "OWN": OWN}, sources={"company": source})

    def hold(self, call):
        """Until it is set, such calls are not answered."""
        go_on = threading.Event()
        self.addCleanup(go_on.set)

        def wait(came):
            if came == call:
                go_on.wait(60)
        self.double.trouble = wait
        return go_on

    def send(self, running, path, placeholder=P):
        wire = running.tunnel(H)
        self.addCleanup(wire.close)
        wire.send(client.request_bytes("GET", path, H, [("Authorization", f"Bearer {placeholder}")]))
        return wire

    def answered(self, wire):
        answer = wire.response("GET")
        self.assertIsNotNone(answer)
        return answer.status

    def test_many_at_once_wait_for_one_call(self):
        running = self.company("many")
        go_on = self.hold("values")
        wires = [self.send(running, f"/many/{number}") for number in range(MANY)]
        self.assertTrue(self.vendor.wait(lambda: self.double.count("values") == 1, 20))
        self.assertEqual(self.recorder.seen("/many/"), [])
        go_on.set()
        self.assertEqual([self.answered(wire) for wire in wires], [200] * MANY)
        self.assertEqual([self.double.count(call) for call in ("login", "list", "values")], [1, 1, 1])
        self.assertEqual({request.get("Authorization") for request in self.recorder.seen("/many/")}, {f"Bearer {VALUE}"})

    def test_who_needs_another_secret_does_not_wait(self):
        """Neither for the vault's own, nor for one that is known already."""
        running = self.company("apart")
        self.gets(running, "/apart/known")
        go_on = self.hold("values")
        wire = self.send(running, "/apart/slow", P2)
        self.assertTrue(self.vendor.wait(lambda: self.double.count("values") == 2, 20))
        for number in range(20):
            self.gets(running, f"/apart/known/{number}")
            self.gets(running, f"/apart/own/{number}", OWN, P3)
        self.assertEqual(self.recorder.seen("/apart/slow"), [])
        go_on.set()
        self.assertEqual(self.answered(wire), 200)
        self.assertEqual(self.recorder.one("/apart/slow").get("Authorization"), f"Bearer {VALUE2}")

    def test_a_source_that_is_down_is_named_and_not_asked_by_everybody(self):
        running = self.company("down")
        self.double.trouble = lambda call: (500, "oops", []) if call == "values" else None
        self.lacks(running, "/down/first")
        asked = self.double.count("values")
        answer = self.ask(running, "/down/second")
        self.refused(answer, 503, "secret_unavailable")
        told = json.loads(answer.body)
        self.assertEqual((told["cause"], told["secret"], told["retryable"]), ("secret_source_down", "K", True))
        self.assertIn("company", told["detail"])
        self.assertGreaterEqual(int(answer.get("Retry-After")), 1)
        self.assertEqual(self.double.count("values"), asked)
        record = running.decisions("/down/second")[-1]
        self.assertEqual((record["cause"], record["facts"]), ("secret_source_down", "company"))

    def test_what_it_gave_is_recorded_and_stays_over_a_reload(self):
        """[I1] [I14] Never the value; and the log verifies."""
        running = self.company("records")
        self.gets(running, "/records/before")
        self.assertTrue(running.reload()["accepted"])
        self.gets(running, "/records/after")
        self.assertEqual(self.double.count("values"), 1)
        fetched = [r for r in running.records() if r["type"] == "secret_fetched" and r["event"] == "fetched"]
        self.assertEqual([(r["secret"], r["source"], r["kind"], r["outcome"]) for r in fetched],
                         [("first", "company", "bitwarden", "ok")])
        self.assertEqual(running.stop(), 0)
        running.home.must("audit", "verify", unlock=True)


if __name__ == "__main__":
    main()
