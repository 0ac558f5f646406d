# SPDX-License-Identifier: Apache-2.0
"""A reload in the middle: what was reached by the bindings of before serves nobody who comes after it."""

import shutil

from harness.case import Case, H, document, main
from harness import client, recorder

KEY, SECRET = "bybit-key-77aQ2mZx9L", "bybitSecret8Hd62kWq0ZtR"
P = "bybit-PLACEHOLDER-0123456789abcdef"
BODY = b'{"symbol": "BTC-USDT",  "side":"buy"}'


class Reloads(Case):
    """A signed request waits for its body, so that it can begin before a reload and dial after it."""

    secrets = {"BYBIT_KEY": KEY, "BYBIT_SECRET": SECRET}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, cls.identity = cls.make_pki([H])
        cls.made = cls.make_home()

    def setUp(self):
        self.roots = self.scratch / f"{self._testMethodName}.pem"
        shutil.copy(self.authority.certificate, self.roots)
        self.old, self.new = self.make_recorder(self.identity), self.make_recorder(self.identity)
        self.home = self.copy_home(self.made, self._testMethodName)
        self.bind(self.old)
        self.proxy = self.start(self.home)

    def tearDown(self):
        self.assertEqual(self.proxy.stop(), 0)

    def bind(self, upstream):
        rule = {"placeholder": P, "inject": {"type": "bybit", "api_key": "BYBIT_KEY", "api_secret": "BYBIT_SECRET"},
                "bindings": [{"host": H}]}
        self.home.bindings(document({"BYBIT": rule}, recorder=upstream, hosts=(H,), root=self.roots))

    def begin(self, target):
        """A request whose head was taken: it has its policy, and nothing was dialled for it yet."""
        wire = self.proxy.tunnel(H)
        self.addCleanup(wire.close)
        wire.send(client.request_bytes("POST", target, H, [("X-BAPI-API-KEY", P), ("Expect", "100-continue"),
                                                           ("Content-Length", len(BODY))]))
        self.assertEqual(wire.head().status, 100)
        return wire

    def reload(self):
        self.assertTrue(self.proxy.reload()["accepted"])

    def end(self, wire):
        wire.send(BODY)
        answer = wire.response("POST")
        self.note("answer", answer.raw_head + answer.body)
        return answer

    def ask(self, target):
        answer = self.proxy.ask(H, "POST", target, [("X-BAPI-API-KEY", P)], BODY)
        self.note("answer", answer.raw_head + answer.body)
        return answer

    def test_after_a_reload_no_request_goes_to_where_the_bindings_of_before_led(self):
        """[I14] A request keeps its bindings to the end, and its connection ends with it."""
        wire = self.begin("/begun")
        self.bind(self.new)
        self.reload()
        self.assertEqual(self.end(wire).status, 200)
        self.old.one("/begun")
        for target in ("/after/1", "/after/2"):
            self.assertEqual(self.ask(target).status, 200)
            self.new.one(target)
        self.assertEqual(len(self.old.requests), 1)
        self.assertTrue(self.old.connections[0].ended.wait(5), "a connection that nobody may use is kept")

    def test_the_same_client_connection_is_led_anew_as_well(self):
        """[I14]"""
        wire = self.begin("/begun")
        self.bind(self.new)
        self.reload()
        self.assertEqual(self.end(wire).status, 200)
        wire.send(client.request_bytes("POST", "/next", H, [("X-BAPI-API-KEY", P)], BODY))
        self.assertEqual(wire.response("POST").status, 200)
        self.new.one("/next")

    def test_roots_that_changed_in_their_file_count_for_every_connection_after_the_reload(self):
        """[I4] [I14] The name of the file is the same; what it holds does not vouch for this upstream."""
        wire = self.begin("/begun")
        other, _ = self.make_pki([H], "other")
        shutil.copy(other.certificate, self.roots)
        self.reload()
        self.assertEqual(self.end(wire).status, 200)
        for target in ("/after/1", "/after/2"):
            self.refused(self.ask(target), 502, "upstream_tls_failed")
        self.assertEqual([r.target for r in self.old.requests], ["/begun"])

    def test_a_session_of_the_bindings_of_before_is_not_resumed(self):
        """[I4] Neither one kept before the reload, nor one brought back by a request that began before it."""
        def answer_and_close(_, connection):
            connection.answer()
            raise recorder.CloseConnection

        def ended(answer):
            self.assertEqual(answer.status, 200)
            self.assertTrue(self.old.connections[-1].ended.wait(10))

        self.old.on("/", answer_and_close)
        ended(self.ask("/before"))
        wire = self.begin("/begun")
        self.reload()
        ended(self.end(wire))
        ended(self.ask("/after/1"))
        ended(self.ask("/after/2"))
        resumed = {r.target: r.connection.resumed for r in self.old.requests}
        self.assertEqual(resumed, {"/before": False, "/begun": False, "/after/1": False, "/after/2": True})


if __name__ == "__main__":
    main()
