# SPDX-License-Identifier: Apache-2.0
"""Binance's WebSocket API with a proxy for each test: what a bindings file closes, a reload, the end."""

import concurrent.futures
import json
import time

from harness import exchange, websocket
from harness.case import OneProxy, document, main
from harness.exchange import SECRET, rule
from harness.message_exchange import PATH, WS, MessageExchange
from harness.websocket import CLOSE

TRADE, NAMED, LIMITED, RATED, RSA, ED, ED_TOO, ABSENT, PLAIN, DAY = (
    f"BINANCE_PLACEHOLDER_{name}_0123456789" for name in
    ("TRADE", "NAMED", "LIMITED", "RATED", "RSA", "ED", "ED_TOO", "ABSENT", "PLAIN", "DAY"))
ALSO_9443 = f"{WS}:9443"
# W1: the vendor's example of a signed message, and what must leave with the vendor's key pair.
W1 = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01000000", "price": "52000.00",
      "recvWindow": 100, "timestamp": 1645423376532}


class Alone(OneProxy):
    """A proxy for each test: what a bindings file closes, a reload, the end."""

    hosts = (*exchange.HOSTS, WS, ALSO_9443)
    secrets = exchange.SECRETS

    @classmethod
    def rules(cls):
        return {"TRADE": rule(TRADE, websocket=True)}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.exchange = MessageExchange(cls.recorder)
        cls.proxy.stop()

    def started(self, name, **scope):
        home = self.copy_home(self.home, name)
        self.write(home, **scope)
        return self.start(home)

    def write(self, home, upstream=None, **scope):
        home.bindings(document({"TRADE": rule(TRADE, **scope)}, recorder=upstream or self.recorder, hosts=self.hosts,
                               root=self.authority.certificate))

    def place(self, peer, number="1"):
        peer.send_text(json.dumps({"id": number, "method": "order.place", "params": {**W1, "apiKey": TRADE}}))

    def setUp(self):
        self.exchange.forget()
        self.exchange.script = lambda judged: None

    def tearDown(self):
        self.assertEqual(self.exchange.problems(), [])
        self.assertEqual(self.exchange.traces(SECRET), [])

    def test_without_websocket_true_the_host_is_closed(self):
        running = self.started("closed")
        for port in (443, 9443):
            with self.subTest(port):
                wire, answer = running.connect(f"{WS}:{port}")
                with wire:
                    self.refused(answer, 403, "endpoint_blocked")
        answer = running.raw(websocket.request_bytes(WS, f"https://{WS}{PATH}"))
        self.refused(answer, 403, "endpoint_blocked")
        self.assertEqual(running.stop(), 0)

    def test_HUP_with_a_file_that_closes_the_host_ends_the_connection(self):
        running = self.started("reloaded", websocket=True)
        peer = websocket.open_socket(running, WS, PATH)
        with peer:
            self.place(peer)
            self.assertEqual(json.loads(peer.receive().text)["status"], 200)
            self.exchange.forget()
            self.write(running.home)
            self.assertTrue(running.reload()["accepted"])
            try:
                self.place(peer, "2")
            except OSError:
                pass  # closed by the reload itself: as good
            came = peer.rest()
            self.assertTrue(came, "neither an answer nor a Close")
            self.assertEqual([m.opcode for m in came][-1], CLOSE, came)
            for message in came[:-1]:
                self.assertEqual((json.loads(message.text)["id"], json.loads(message.text)["status"]), ("2", 403), message)
            self.assertEqual(self.exchange.seen(), [])
            self.note("client's bytes", peer.wire.received)
        wire, answer = running.connect(f"{WS}:443")
        with wire:
            self.refused(answer, 403, "endpoint_blocked")
        self.assertEqual(running.stop(), 0)

    def test_HUP_with_tighter_limits_counts_for_the_next_message(self):
        running = self.started("tightened", websocket=True)
        with websocket.open_socket(running, WS, PATH) as peer:
            self.place(peer)
            self.assertEqual(json.loads(peer.receive().text)["status"], 200)
            self.exchange.forget()
            self.write(running.home, websocket=True, max_order_usd=500)
            self.assertTrue(running.reload()["accepted"])
            self.place(peer, "2")
            answer = json.loads(peer.receive().text)
            self.assertEqual((answer["id"], answer["status"]), ("2", 403), answer)
            self.assertIn("order_limit_exceeded", json.dumps(answer))
            self.assertEqual(self.exchange.seen(), [])
        self.assertEqual(running.stop(), 0)

    def test_HUP_with_bindings_that_lead_elsewhere_ends_the_connection(self):
        """[I3] [I4] No secret goes on to where the bindings in force do not lead."""
        running = self.started("led-elsewhere", websocket=True)
        with websocket.open_socket(running, WS, PATH) as peer:
            self.place(peer)
            self.assertEqual(json.loads(peer.receive().text)["status"], 200)
            self.assertTrue(running.reload()["accepted"])  # nothing changed
            self.place(peer, "2")
            self.assertEqual(json.loads(peer.receive().text)["status"], 200)
            self.exchange.forget()
            self.write(running.home, self.make_recorder(self.recorder.identity), websocket=True)
            self.assertTrue(running.reload()["accepted"])
            self.place(peer, "3")
            *answers, last = peer.rest()
            self.assertEqual(last.opcode, CLOSE)
            self.assertEqual([(json.loads(a.text)["id"], json.loads(a.text)["status"]) for a in answers], [("3", 421)])
            self.assertEqual(self.exchange.seen(), [])
            self.note("client's bytes", peer.wire.received)
        self.assertEqual(running.stop(), 0)

    def test_SIGTERM_tells_both_ends_1001_and_exits(self):
        for answered in (True, False):
            with self.subTest(answered):
                self.exchange.forget()
                self.exchange.script = lambda judged, answered=answered: None if answered else "none"
                running = self.started(f"stopped-{answered}", websocket=True)
                with websocket.open_socket(running, WS, PATH) as peer:
                    self.place(peer)
                    if answered:
                        self.assertEqual(json.loads(peer.receive().text)["status"], 200)
                    self.recorder.wait(lambda: self.exchange.seen())
                    began = time.monotonic()
                    with concurrent.futures.ThreadPoolExecutor(1) as pool:
                        stopping = pool.submit(running.stop, 20)
                        came = peer.receive_until_close()
                        self.assertEqual(came and came.code, 1001)
                        peer.send(CLOSE, came.data)
                        self.assertTrue(peer.is_ended())
                        self.assertEqual(stopping.result(), 0, running.stderr)
                    self.assertLess(time.monotonic() - began, 10)
                self.recorder.wait(lambda: self.exchange.closes)
                self.assertEqual([close.code for close in self.exchange.closes], [1001])
                made = [r["request_id"] for r in running.decisions(PATH)]
                self.assertEqual(len(made), 2)
                ended = {r["request_id"]: r["status"] for r in running.records() if r["type"] == "upstream_response"}
                self.assertEqual(ended.get(made[0]), 101)
                self.assertIn(ended.get(made[1]), (200,) if answered else (0, None))

    def test_a_crash_leaves_a_log_that_verifies_and_the_volume_counted(self):
        running = self.started("crashed", websocket=True, daily_volume_usd=600)
        self.exchange.script = lambda judged: "none"
        with websocket.open_socket(running, WS, PATH) as peer:
            self.place(peer)  # 520
            self.recorder.wait(lambda: self.exchange.seen())
            running.kill()
        self.exchange.forget()
        self.exchange.script = lambda judged: None
        running = self.start(running.home)
        with websocket.open_socket(running, WS, PATH) as peer:
            self.place(peer, "2")
            self.assertEqual(json.loads(peer.receive().text)["status"], 403)
            self.assertEqual(self.exchange.seen(), [])
        self.assertEqual(running.stop(), 0)


if __name__ == "__main__":
    main()
