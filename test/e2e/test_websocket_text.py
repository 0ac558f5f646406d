# SPDX-License-Identifier: Apache-2.0
"""WebSocket under a binding with `ws_text: true`: secrets in the text messages of a client."""

import json

from harness import websocket
from harness.case import H, K, K2, P, P2, V, OneProxy, bearer, main, row
from harness.websocket import BINARY, CLOSE, PING, TEXT, Message

BAIT, P3 = "sk-proj-PLACEHOLDER-laid-out-for-nobody-01", "tok-PLACEHOLDER-not-in-the-vault-01"


class TextMessages(OneProxy):
    """Bindings with `ws_text: true`: tokens in a client's text messages, as gateways ask for them."""

    hosts = (H,)
    secrets = {K: V, K2: 'tok-live-"Yb3/Qq8=Wc5+Lm0xTr6e'}

    @classmethod
    def rules(cls):
        opened = {"websocket": True, "ws_text": True, "methods": ["GET"]}
        link = bearer(K2, P2, (H,), paths=["/link/**"], **opened)
        link["bindings"].append({"host": H, "methods": ["POST"], "paths": ["/api/**"]})
        return {K: bearer(hosts=(H,), paths=["/gateway/**"], **opened), K2: link,
                "ABSENT": bearer("ABSENT", P3, (H,), paths=["/gateway/**"], **opened),
                "BAIT": {"honeytoken": True, "placeholder": BAIT}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.upstream = websocket.Upstream(cls.recorder, "/gateway/")
        cls.link = websocket.Upstream(cls.recorder, "/link/")

    def open(self, path, upstream=None):
        mine = websocket.open_socket(self.proxy, H, path)
        theirs = (upstream or self.upstream).accept()
        self.addCleanup(theirs.drop)
        self.addCleanup(self._finish, path, mine)
        return mine, theirs

    def _finish(self, path, mine):
        mine.drop()
        self.note(f"client's bytes of {path}", mine.wire.received)
        self.assertEqual(mine.problems, [])

    def messages(self, path, count):
        """The records of the messages sent on it, which its opening precedes."""
        records = self.proxy.await_decisions(path, count=count + 1)
        self.assertEqual([r["destination"]["method"] for r in records], ["GET", *["message"] * count], records)
        return records[1:]

    def of(self, record, kind):
        return self.proxy.await_record(lambda r: r["type"] == kind and r["request_id"] == record["request_id"])

    def test_D18_a_gateway_gets_the_token_in_IDENTIFY(self):
        """[I5] [I6] As Discord's: hello, heartbeat, identify, ready; in one frame, in fragments, byte by byte."""
        identify = lambda token: json.dumps({"op": 2, "d": {"token": token, "intents": 513, "properties": {"os": "linux"}}})
        ways = (row("whole", lambda end, data: end.send_text(data)),
                row("bytes", lambda end, data: end.send_raw(end.bytes_of(TEXT, data), 1)),
                row("fragments", lambda end, data: end.send_fragments(TEXT, [data[:25], data[25:40], "", data[40:]],
                                                                      between=end.bytes_of(PING, b"alive"))))
        for name, send in ways:
            with self.subTest(name):
                path = f"/gateway/{name}"
                mine, theirs = self.open(path + "?v=10&encoding=json")
                theirs.send_text(json.dumps({"op": 10, "d": {"heartbeat_interval": 41250}}))
                self.assertEqual(json.loads(mine.receive().text)["op"], 10)
                mine.send_text('{"op":1,"d":null}')
                self.assertEqual(theirs.receive().text, '{"op":1,"d":null}')
                send(mine, identify(P))
                while (came := theirs.receive()).opcode == PING:
                    self.assertEqual(came.data, b"alive")
                record, = self.messages(path, 1)  # I6: durable before it came; and none of the heartbeat
                self.assertEqual(json.loads(came.text), json.loads(identify(V)))
                self.decided(record, "allowed", "binding_matched", K)
                self.assertEqual(record["scheme"], "ws_text")
                theirs.send_text(json.dumps({"op": 0, "t": "READY", "d": {"you": V}}))
                self.assertEqual(json.loads(mine.receive().text)["d"], {"you": P})  # I8
                self.assertEqual(len(self.of(record, "upstream_response")), 1)
                mine.send_close(1000)
                theirs.send(CLOSE, theirs.receive().data)
                theirs.drop()
                mine.rest()
                ended, = self.of(self.proxy.decisions(path)[0], "upstream_response")
                self.assertEqual([(s["secret"], s["where"]) for s in ended["scrubbed"]], [(K, "message")])

    def test_a_socket_like_Slacks_is_opened_by_one_request_and_acknowledges_envelopes(self):
        """[I8] What the request was answered with, and what comes on the socket, shows the placeholder."""
        url = f"wss://{H}/link/?ticket=5f2a"
        self.recorder.says("/api/apps.connections.open", 200, json.dumps({"ok": True, "url": url}).encode(),
                           [("Content-Type", "application/json")])
        answer = self.ask(H, "POST", "/api/apps.connections.open", [("Authorization", f"Bearer {P2}")])
        self.assertEqual(json.loads(answer.body)["url"], url)
        mine, theirs = self.open("/link/?ticket=5f2a", self.link)
        theirs.send_text(json.dumps({"type": "hello", "num_connections": 1}))
        self.assertEqual(json.loads(mine.receive().text)["type"], "hello")
        token = self.secrets[K2]
        for number in range(3):
            theirs.send_text(json.dumps({"envelope_id": number, "payload": {"token": token}}))
            self.assertEqual(json.loads(mine.receive().text), {"envelope_id": number, "payload": {"token": P2}})
            mine.send_text(json.dumps({"envelope_id": number}))
            self.assertEqual(json.loads(theirs.receive().text), {"envelope_id": number})
        mine.send_text(json.dumps({"envelope_id": 3, "payload": {"token": P2}}))
        self.assertEqual(json.loads(theirs.receive().text)["payload"], {"token": token})
        self.messages("/link/", 1)

    def test_what_is_swapped_nowhere_is_passed_and_told_of(self):
        """[I2] H12: a honeytoken raises its alert here, too; binary messages are not looked at."""
        mine, theirs = self.open("/gateway/inert")
        mine.send(BINARY, json.dumps({"token": P}))
        self.assertEqual(theirs.receive(), Message(BINARY, json.dumps({"token": P}).encode()))
        for text in (f'{{"token":"{P2}"}}', f'{{"note":"{BAIT}"}}', json.dumps({"token": P}).replace("-test", "\\u002dtest")):
            mine.send_text(text)
            self.assertEqual(theirs.receive().text, text)
        records = self.messages("/gateway/inert", 3)
        self.assertEqual([(r["decision"], r["secret"]) for r in records], [("denied", K2), ("denied", "BAIT"), ("denied", K)])
        alert, = self.of(records[1], "honeytoken_triggered")
        self.assertEqual((alert["secret"], alert["destination"]), ("BAIT", records[1]["destination"]))

    def test_I13_a_message_that_may_not_be_sent_ends_both_sides(self):
        cases = (row("missing", f"PASS {P3}", "secret_unavailable", 1008), row("twice", P * 2, "ambiguous_placeholder_match", 1008),
                 row("long", "x" * 65537, "body_too_large", 1009))
        for name, text, reason, code in cases:
            with self.subTest(name):
                mine, theirs = self.open(f"/gateway/refused/{name}")
                mine.send_text(text)
                came = mine.receive_until_close()
                self.assertEqual((came.code, came.reason), (code, reason))
                self.assertEqual([m.code for m in theirs.rest()], [1001])
                self.assertEqual([m for m in theirs.data_messages], [])
                record, = self.messages(f"/gateway/refused/{name}", 1)
                self.decided(record, "refused", reason)
                self.assertEqual(len(self.of(self.proxy.decisions(f"/gateway/refused/{name}")[0], "upstream_response")), 1)

    def test_explain_names_it(self):
        told = json.loads(self.home.run("bindings", "explain", "GET", f"https://{H}/gateway/x", "--json").stdout)
        said, = [s for s in told["secrets"] if s["secret"] == K]
        self.assertEqual([(p["place"], p["swapped"]) for p in said["places"]],
                         [("header authorization", True), ("text messages of a WebSocket", True)])


if __name__ == "__main__":
    main()
