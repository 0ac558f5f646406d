# SPDX-License-Identifier: Apache-2.0
"""Binance's WebSocket API through the proxy: each message is judged, recorded and signed like a request of its own."""

import concurrent.futures
import json
import time
import urllib.parse

from harness import auditlog, canary, client, exchange, websocket
from harness.case import OneProxy, document, main, row
from harness.exchange import KEY, PLACEHOLDER_SECRET, SECRET, SPOT, rule
from harness.message_exchange import PATH, WS, WS_FAPI, WS_TESTNET, MessageExchange, reply
from harness.proxy import yaml
from harness.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

from test_binance import make_key

TRADE, NAMED, LIMITED, RATED, RSA, ED, ED_TOO, ABSENT, PLAIN, DAY = (
    f"BINANCE_PLACEHOLDER_{name}_0123456789" for name in
    ("TRADE", "NAMED", "LIMITED", "RATED", "RSA", "ED", "ED_TOO", "ABSENT", "PLAIN", "DAY"))
ALSO_9443 = f"{WS}:9443"
# W1: the vendor's example of a signed message, and what must leave with the vendor's key pair.
W1 = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01000000", "price": "52000.00",
      "recvWindow": 100, "timestamp": 1645423376532}
W1_HMAC = "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "100", "quantity": "1"}
OPEN = (("order.place", ORDER), ("order.test", ORDER), ("order.cancel", {"symbol": "BTCUSDT", "orderId": 1}),
        ("order.status", {"symbol": "BTCUSDT", "orderId": 1}),
        ("openOrders.status", {"symbol": "BTCUSDT"}), ("account.status", {}), ("myTrades", {"symbol": "BTCUSDT"}),
        ("allOrders", {"symbol": "BTCUSDT"}), ("account.rateLimits.orders", {}))
REPLACE = {**ORDER, "cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": 1}
OCO = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "1", "aboveType": "LIMIT_MAKER", "abovePrice": "110",
       "belowType": "STOP_LOSS_LIMIT", "belowPrice": "90", "belowStopPrice": "91", "belowTimeInForce": "GTC"}
WHEN_NAMED = (("order.cancelReplace", REPLACE), ("orderList.place.oco", OCO), ("openOrders.cancelAll", {"symbol": "BTCUSDT"}),
              ("orderList.cancel", {"symbol": "BTCUSDT", "orderListId": 1}))
NEVER_SAFE = ("order.placeNew", "brand.new", "Order.place", "ORDER.PLACE", "order.place.", "order..place", "orderplace", "order/place")
NEVER = ("capital.withdraw", "withdraw.apply", "account.withdraw", "asset.transfer", "universalTransfer", "subAccount.transfer",
         "WITHDRAW", "order.placeAndWithdraw")
# A rule with a day's volume for each test that uses one up: its placeholder by name.
DAYS = {name: f"{DAY}_{name}" for name in ("SHARED", "BACK", "KEPT", "END", "TEST", "MANY")}


class BinanceWebSocket(OneProxy):
    hosts = (*exchange.HOSTS, WS, ALSO_9443, WS_FAPI, WS_TESTNET)
    threads = 2
    # All entries of one key share a day's volume: each test that uses one up has a key of its own.
    secrets = {**exchange.SECRETS, "RSA_KEY": "rsaApiKeyForTests0123456789abcdef", "ED_KEY": "ed25519ApiKeyForTests0123456789abcdef",
               **{f"DAY_{name}_KEY": f"apiKeyOfDay{name}ForTests0123456789abcdef" for name in DAYS}}

    @classmethod
    def rules(cls):
        private = lambda kind: {"api_key": f"{kind}_KEY", "api_secret": f"{kind}_PRIVATE",
                                "key_type": {"RSA": "rsa", "ED": "ed25519"}[kind]}
        opened = lambda placeholder, **more: rule(placeholder, **{"websocket": True, **more})
        return {"TRADE": opened(TRADE), "NAMED": opened(NAMED, endpoints=[f"WS {method}" for method, _ in WHEN_NAMED]),
                "LIMITED": opened(LIMITED, max_order_usd=500, symbols=["BTCUSDT"], order_types=["LIMIT", "MARKET"]),
                "RATED": opened(RATED, rate_limit={"requests": 4, "per": "1d"}),
                "RSA": opened(RSA, inject=private("RSA")), "ED": opened(ED, inject=private("ED"), max_order_usd=500),
                "ED_TOO": opened(ED_TOO, inject=private("ED")),
                "ABSENT": opened(ABSENT, inject={"api_secret": "NOT_THERE"}), "PLAIN": rule(PLAIN),
                **{f"DAY_{name}": opened(placeholder, inject={"api_key": f"DAY_{name}_KEY"}, daily_volume_usd=1000)
                   for name, placeholder in DAYS.items()}}

    @classmethod
    def document(cls):
        made = super().document()
        keys = {cls.secrets[f"DAY_{name}_KEY"]: exchange.is_hmac for name in DAYS}
        for name, words in (("RSA", ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")), ("ED", ("-algorithm", "ED25519"))):
            key, public = make_key(cls.inputs, name, *words)
            cls.home.must("secret", "add", f"{name}_PRIVATE", "--private-key", stdin=key.read_bytes(), unlock=True)
            keys[cls.secrets[f"{name}_KEY"]] = exchange.checks_with(public)
        cls.rest = exchange.Exchange(cls.recorder, keys)
        cls.exchange = MessageExchange(cls.recorder, keys)
        return made

    def setUp(self):
        self.exchange.forget()
        self.rest.forget()
        self.exchange.script = self.exchange.before = self.rest.script = lambda judged: None
        self.ids = 0

    def tearDown(self):
        self.assertEqual(self.exchange.problems() + self.rest.problems(), [])
        self.assertEqual(self.exchange.traces(SECRET, PLACEHOLDER_SECRET), [], "F31: the secret is on the wire")

    # --- talking ---
    def open(self, target=PATH, host=WS, **options):
        peer = websocket.open_socket(self.proxy, host, target, **options)
        self.addCleanup(self._finish, peer)
        return peer

    def _finish(self, peer):
        peer.drop()
        self.note("client's bytes", peer.wire.received)
        self.assertEqual(peer.problems, [], "not RFC 6455 towards the client")

    def message(self, method, parameters=None, placeholder=TRADE, **more):
        """The text of a message with an id of its own."""
        self.ids += 1
        keyed = {"apiKey": placeholder} if placeholder else {}
        return {"id": f"id-{self.ids}", "method": method, "params": {**(parameters or {}), **keyed}, **more}

    def say(self, peer, message):
        """Sends it and gives the answer, the exchange's or the proxy's."""
        peer.send_text(message if isinstance(message, str) else json.dumps(message))
        came = peer.receive()
        self.assertIsNotNone(came, "the connection ended without an answer")
        return json.loads(came.text)

    def call(self, peer, method, parameters=None, placeholder=TRADE, **more):
        message = self.message(method, parameters, placeholder, **more)
        answer = self.say(peer, message)
        self.assertEqual(answer["id"], message["id"])
        return answer

    def signed(self, method=None):
        """The one message that the exchange saw since the last call, signed and valid."""
        seen = self.exchange.seen()
        self.assertEqual(len(seen), 1, seen)
        self.assertIsNone(seen[0].problem, seen[0])
        self.assertTrue(seen[0].is_signed, seen[0])
        self.assertNotIn("PLACEHOLDER", seen[0].text)
        if method is not None:
            self.assertEqual(seen[0].method, method)
        self.exchange.forget()
        return seen[0]

    def stopped(self, answer, status, reason):
        """A refusal of a message, and nothing sent."""
        self.assertEqual(answer["status"], status, answer)
        self.assertEqual(sorted(answer), ["error", "id", "status"], answer)
        self.assertTrue(answer["error"]["msg"].startswith("keyswap: "), answer)
        if reason is not None:
            self.assertIn(reason, json.dumps(answer))
        self.assertEqual(self.exchange.seen(), [])
        return answer

    def record_of(self, answer):
        """The decision whose request_id a refusal names."""
        text = json.dumps(answer)
        found = self.proxy.await_record(lambda r: r["type"] == "inject_decision" and r["request_id"] in text)
        self.assertEqual(len(found), 1, f"no decision with the request_id of {answer}")
        return found[0]

    def news(self, count):
        """The decisions about messages since `mark`, once there are so many."""
        end = time.monotonic() + 10
        while True:
            found = [r for r in self.proxy.decisions(PATH, host=WS) if r["destination"]["method"] != "GET"][self.marked:]
            if len(found) >= count or time.monotonic() > end:
                self.assertEqual(len(found), count, found)
                return found
            time.sleep(0.005)

    def mark(self):
        self.marked = len([r for r in self.proxy.decisions(PATH, host=WS) if r["destination"]["method"] != "GET"])

    # --- signing ---
    def test_F30_W1_the_vendors_example_leaves_with_the_vendors_signature(self):
        """[I5] At both ports, by CONNECT and in the absolute form, with any signature of the client's and without."""
        for port in (443, 9443):
            for absolute in (False, True):
                peer = self.open(port=port, absolute=absolute)
                for theirs in ({}, {"signature": W1_HMAC}, {"signature": "0" * 64}, {"signature": "none"}):
                    with self.subTest(f"{port} {absolute} {theirs}"):
                        self.assertEqual(self.call(peer, "order.place", {**W1, **theirs})["status"], 200)
                        seen = self.signed("order.place")
                        self.assertEqual(seen.parameters["signature"], W1_HMAC)
                        self.assertEqual(sorted(seen.parameters), sorted([*W1, "apiKey", "signature"]))
                        self.assertEqual(seen.key, KEY)
                        self.assertEqual(seen.peer.request.all("Host"), [WS if port == 443 else f"{WS}:{port}"])

    def test_F30_RSA_and_Ed25519_keys_sign_and_their_public_halves_agree(self):
        for placeholder, key in ((RSA, "RSA_KEY"), (ED, "ED_KEY")):
            with self.subTest(key):
                self.assertEqual(self.call(self.open(), "order.place", {**ORDER, "timestamp": 1}, placeholder)["status"], 200)
                seen = self.signed()
                self.assertEqual(seen.key, self.secrets[key])
                self.assertFalse(self.exchange.checks[seen.key](seen.payload + b"0", seen.parameters["signature"]))

    def test_F30_values_of_every_kind_are_signed_as_they_are_sent(self):
        odd = "\uff11\uff12 a b'c(1)!~*&=%41+\"\\/"
        for more in ({"newClientOrderId": odd}, {"quantity": 1, "price": 100}, {"quantity": 0.5, "recvWindow": 5000.5},
                     {"recvWindow": "5000"}, {"strategyId": 12345678901234567}, {"newOrderRespType": "FULL"}):
            for ascii_only in (True, False):
                with self.subTest(f"{more} {ascii_only}"):
                    message = self.message("order.place", {**ORDER, "timestamp": 1, **more})
                    self.assertEqual(self.say(self.open(), json.dumps(message, ensure_ascii=ascii_only))["status"], 200)
                    seen = self.signed()
                    for name, value in more.items():
                        self.assertEqual(seen.parameters[name], value if isinstance(value, str) else json.dumps(value))

    def test_F30_a_number_keeps_its_spelling(self):
        text = '{"id":1,"method":"order.place","params":{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","timeInForce":"GTC",' \
               '"price":100.10,"quantity":0.00010000,"timestamp":1645423376532,"apiKey":"%s"}}' % TRADE
        self.assertEqual(self.say(self.open(), text)["status"], 200)
        seen = self.signed()
        self.assertEqual((seen.parameters["price"], seen.parameters["quantity"]), ("100.10", "0.00010000"))

    def test_a_client_that_does_not_sign_gets_timestamp_recvWindow_and_signature(self):
        before = int(time.time() * 1000)
        self.assertEqual(self.call(self.open(), "order.place", ORDER)["status"], 200)
        parameters = self.signed().parameters
        stamp = int(parameters["timestamp"])
        self.assertTrue(before <= stamp <= int(time.time() * 1000), stamp)
        self.assertEqual(parameters["recvWindow"], "5000")

    def test_F22_market_data_goes_on_without_a_signature(self):
        peer = self.open()
        self.mark()
        wanted = (("ping", {}), ("time", {}), ("exchangeInfo", {"symbols": ["BTCUSDT", "ETHUSDT"]}),
                  ("ticker.price", {"symbol": "BTCUSDT"}), ("depth", {"symbol": "BTCUSDT", "limit": 5}),
                  ("klines", {"symbol": "BTCUSDT", "interval": "1m"}))
        for method, parameters in wanted:
            with self.subTest(method):
                self.assertEqual(self.call(peer, method, parameters, None)["status"], 200)
                seen, = self.exchange.seen()
                self.assertFalse(seen.is_signed)
                self.assertEqual((seen.method, sorted(seen.parameters)), (method, sorted(parameters)))
                self.exchange.forget()
        self.assertEqual(self.say(peer, '{"id":1,"method":"time"}')["status"], 200)  # without params
        self.exchange.forget()
        for record, method in zip(self.news(7), [m for m, _ in wanted] + ["time"]):
            self.assertEqual((record["destination"]["method"], record["decision"]), (method, "pass"), record)

    def test_the_connection_takes_parameters_in_its_target(self):
        peer = self.open(f"{PATH}?timeUnit=MICROSECOND&returnRateLimits=false")
        self.assertEqual(self.call(peer, "order.place", W1)["status"], 200)
        seen = self.signed()
        self.assertEqual(seen.peer.request.target, f"{PATH}?timeUnit=MICROSECOND&returnRateLimits=false")

    def test_a_message_in_fragments_is_one_message(self):
        peer = self.open()
        text = json.dumps(self.message("order.place", W1)).encode()
        for size in (1, 7, 50):
            with self.subTest(size):
                peer.send_fragments(TEXT, [text[n:n + size] for n in range(0, len(text), size)])
                self.assertEqual(json.loads(peer.receive().text)["status"], 200)
                self.assertEqual(self.signed().parameters["signature"], W1_HMAC)
        peer.send_raw(peer.bytes_of(TEXT, text), 1)  # [I15]
        self.assertEqual(json.loads(peer.receive().text)["status"], 200)
        self.assertEqual(self.signed().parameters["signature"], W1_HMAC)

    def test_pings_are_answered_and_replies_may_come_late_and_in_any_order(self):
        peer = self.open()
        kept = []
        def script(judged):
            kept.append(judged)
            if len(kept) < 3:
                return "none"
            for earlier in (kept[2], kept[1]):
                judged.peer.send_text(reply(earlier))
            return reply(kept[0])
        self.exchange.script = script
        messages = [self.message("order.place", {**ORDER, "newClientOrderId": f"n{n}"}) for n in range(3)]
        for message in messages[:2]:
            peer.send_text(json.dumps(message))
        peer.send(PING, b"p")
        self.assertEqual(peer.receive(), websocket.Message(PONG, b"p"))
        peer.send_text(json.dumps(messages[2]))
        self.assertEqual([json.loads(peer.receive().text)["id"] for _ in range(3)], [message["id"] for message in messages[::-1]])

    # --- records ---
    def test_F41_each_message_has_a_record_that_is_durable_before_it_is_sent(self):
        """[I6]"""
        peer = self.open()
        self.mark()
        at_arrival = []
        self.exchange.before = lambda judged: at_arrival.append(
            [r["destination"]["method"] for r in self.proxy.decisions(PATH, host=WS) if r["destination"]["method"] != "GET"][self.marked:])
        marked = "clientIdThatNoRecordMayHave"
        self.call(peer, "order.place", {**ORDER, "newClientOrderId": marked, "timestamp": 1})
        self.call(peer, "account.status", {"timestamp": 1})
        over = self.call(peer, "order.place", {**ORDER, "quantity": "6", "newClientOrderId": marked}, LIMITED)
        blocked = self.call(peer, "asset.transfer", {"address": marked})
        self.assertEqual([over["status"], blocked["status"]], [403, 403])
        self.assertEqual(at_arrival, [["order.place"], ["order.place", "account.status"]])
        records = self.news(4)
        got = [(r["secret"], r["destination"]["method"], r["destination"]["path"], r["decision"], r["reason"]) for r in records]
        self.assertEqual(got, [
            ("TRADE", "order.place", PATH, "allowed", "binding_matched"),
            ("TRADE", "account.status", PATH, "allowed", "binding_matched"),
            ("LIMITED", "order.place", PATH, "refused", "order_limit_exceeded"),
            (records[3]["secret"], "asset.transfer", PATH, "refused", "endpoint_blocked")])
        self.assertEqual(records[0]["scheme"], "binance")
        self.assertEqual(records[0]["order"], {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "value_usd": "100.00000000"})
        self.assertEqual(["order" in record for record in records], [True, False, True, False])
        self.assertEqual((records[0]["destination"]["host"], records[0]["destination"]["port"]), (WS, 443))
        self.assertEqual(len({record["request_id"] for record in records}), 4)
        signature = self.exchange.seen("order.place")[0].parameters["signature"]
        whole = b"".join(line for _, line in auditlog.lines(self.proxy.audit_folder))
        for text in (signature, KEY, SECRET, marked):
            self.assertEqual(canary.find_in(whole, text), [], text)
        self.assertNotIn(b"PLACEHOLDER", whole)

    def test_each_reply_has_a_record_with_its_status(self):
        peer = self.open()
        for status in (200, 400, 403, 418, 429, 500):
            with self.subTest(status):
                self.mark()
                self.exchange.script = lambda judged, status=status: (status, {"code": -1, "msg": "x"} if status >= 400 else {})
                self.assertEqual(self.call(peer, "order.place", ORDER)["status"], status)
                request = self.news(1)[0]["request_id"]
                found = self.proxy.await_record(lambda r: r["type"] == "upstream_response" and r["request_id"] == request)
                self.assertEqual([r["status"] for r in found], [status])

    def test_the_handshake_has_its_records_too(self):
        before = len(self.proxy.decisions(PATH, host=WS))
        peer = self.open()
        record = self.proxy.await_decisions(PATH, host=WS, count=before + 1)[before]
        self.assertEqual((record["destination"]["method"], record["decision"]), ("GET", "pass"), record)
        peer.send_close(1000)
        self.assertEqual(peer.receive_until_close().code, 1000)
        peer.drop()
        found = self.proxy.await_record(lambda r: r["type"] == "upstream_response" and r["request_id"] == record["request_id"])
        self.assertEqual([r["status"] for r in found], [101])

    # --- what is refused ---
    def test_F19_what_moves_value_out_is_refused_with_and_without_a_key(self):
        peer = self.open()
        for method in NEVER:
            for placeholder in (NAMED, None, "somebody else's"):
                with self.subTest(f"{method} {placeholder}"):
                    self.stopped(self.call(peer, method, {"coin": "BTC", "amount": "1"}, placeholder), 403, "endpoint_blocked")

    def test_F19_no_configuration_names_a_withdrawal(self):
        for entry in ("WS capital.withdraw", "WS asset.transfer", "WS withdraw.apply"):
            with self.subTest(entry):
                file = self.inputs / "broken.yaml"
                file.write_text(yaml(document({"TRADE": rule(TRADE, websocket=True, endpoints=[entry])})) + "\n")
                file.chmod(0o600)
                done = self.home.run("bindings", "check", file)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)

    def test_what_is_open(self):
        peer = self.open()
        for method, parameters in OPEN:
            with self.subTest(method):
                self.assertEqual(self.call(peer, method, parameters)["status"], 200)
                self.signed(method)

    def test_F21_what_is_open_only_by_name(self):
        peer = self.open()
        for method, parameters in WHEN_NAMED:
            with self.subTest(method):
                self.stopped(self.call(peer, method, parameters), 403, "endpoint_blocked")
                self.assertEqual(self.call(peer, method, parameters, NAMED)["status"], 200)
                self.signed(method)

    def test_F20_what_the_exchange_adds_tomorrow_and_other_spellings_are_closed(self):
        peer = self.open()
        for method in NEVER_SAFE:
            with self.subTest(method):
                self.stopped(self.call(peer, method, ORDER), 403, "endpoint_blocked")

    def test_F23_F24_F25_the_limits_of_an_order(self):
        peer = self.open()
        passes = ({"price": "100", "quantity": "5"}, {"price": 100, "quantity": 5}, {"price": "0.00000001", "quantity": "50000000000"},
                  {"type": "MARKET", "quoteOrderQty": "500", "price": None, "quantity": None})
        for more in passes:
            with self.subTest(f"{more}"):
                parameters = {k: v for k, v in {**ORDER, **more}.items() if v is not None}
                self.assertEqual(self.call(peer, "order.place", parameters, LIMITED)["status"], 200)
                self.signed()
        exceeds = ({"quantity": "5.00000001"}, {"price": 500.5, "quantity": 1}, {"symbol": "SOLUSDT"}, {"type": "LIMIT_MAKER"},
                   {"type": "MARKET", "quoteOrderQty": "500.01", "price": None, "quantity": None},
                   {"type": "MARKET", "price": None, "quantity": "0.001"}, {"price": None})
        for more in exceeds:
            for method in ("order.place", "order.test"):
                with self.subTest(f"{method} {more}"):
                    parameters = {k: v for k, v in {**ORDER, **more}.items() if v is not None}
                    answer = self.stopped(self.call(peer, method, parameters, LIMITED), 403, "order_limit_exceeded")
                    self.decided(self.record_of(answer), "refused", "order_limit_exceeded", "LIMITED")

    def test_F25_a_value_that_is_no_number_is_malformed(self):
        for value in ("1e3", "-1", "+1", "", "1.", ".5", "NaN", "1,5", " 1", -1, True, None, ["1"], {"a": 1}):
            with self.subTest(repr(value)):
                peer = self.open()
                answer = self.say(peer, self.message("order.place", {**ORDER, "price": value}, LIMITED))
                self.assertIn(answer["status"], (400, 403), answer)
                self.assertEqual(self.exchange.seen(), [])

    def test_a_refused_message_leaves_the_connection_open(self):
        peer = self.open()
        for _ in range(3):
            answer = self.stopped(self.call(peer, "openOrders.cancelAll", {"symbol": "BTCUSDT"}), 403, "endpoint_blocked")
            self.decided(self.record_of(answer), "refused", "endpoint_blocked", "TRADE")
            self.assertEqual(self.call(peer, "order.place", W1)["status"], 200)
            self.assertEqual(self.signed().parameters["signature"], W1_HMAC)
        self.assertEqual(len({id(judged.peer) for judged in self.exchange.seen()}) <= 1, True)

    def test_the_id_comes_back_as_it_was(self):
        peer = self.open()
        for number in ('7', '"7"', '"a\\u0062c"', 'null', '-1', '12345678901234567', '"' + "x" * 36 + '"'):
            with self.subTest(number):
                answer = self.say(peer, '{"id":%s,"method":"openOrders.cancelAll","params":{"apiKey":"%s"}}' % (number, TRADE))
                self.assertEqual(answer["id"], json.loads(number))
                self.stopped(answer, 403, "endpoint_blocked")

    def test_an_id_that_is_still_unanswered_is_refused(self):
        peer = self.open()
        self.exchange.script = lambda judged: "none"
        message = self.message("order.place", ORDER)
        peer.send_text(json.dumps(message))
        self.recorder.wait(lambda: self.exchange.seen())
        self.exchange.forget()
        answer = self.say(peer, {**message, "method": "account.status"})
        self.assertEqual(answer["id"], message["id"])
        self.stopped(answer, 400, None)

    def test_an_answered_id_may_come_again(self):
        peer = self.open()
        for _ in range(3):
            self.assertEqual(self.say(peer, {"id": "same", "method": "order.place", "params": {**W1, "apiKey": TRADE}})["status"], 200)
            self.signed()

    def test_F34_the_rate_limit_counts_messages(self):
        peer = self.open()
        answers = [self.call(peer, "account.status", {}, RATED) for _ in range(8)]
        passed = [answer for answer in answers if answer["status"] == 200]
        self.assertIn(len(passed), (3, 4), answers)  # whether the handshake counts or not
        self.assertEqual(len(self.exchange.seen()), len(passed))
        self.exchange.forget()
        for answer in answers[len(passed):]:
            self.stopped(answer, 429, "rate_limited")
            self.decided(self.record_of(answer), "refused", "rate_limited", "RATED")

    def test_F37_a_secret_that_is_not_there_is_a_503(self):
        peer = self.open()
        self.stopped(self.call(peer, "order.place", ORDER, ABSENT), 503, "secret_unavailable")
        self.assertEqual(self.call(peer, "order.place", ORDER)["status"], 200)

    def test_a_rule_without_websocket_gives_no_key_to_a_message(self):
        """[I2]"""
        peer = self.open()
        self.mark()
        self.call(peer, "order.place", ORDER, PLAIN)
        self.assertEqual([judged for judged in self.exchange.seen() if judged.key != PLAIN or judged.is_signed], [])
        record, = self.news(1)
        self.decided(record, "denied", "destination_not_in_binding", "PLAIN")

    def test_another_placeholder_in_a_message_stays_text_or_is_refused(self):
        """[I2] A placeholder anywhere but in apiKey."""
        peer = self.open()
        peer.send_text(json.dumps(self.message("order.place", {**ORDER, "newClientOrderId": LIMITED})))
        came = peer.receive()
        self.assertIsNotNone(came)
        for judged in self.exchange.seen():
            self.assertEqual(judged.text.count(KEY), 1)
        self.exchange.forget()

    def test_what_is_malformed_ends_the_connection(self):
        good = '"id":"m","method":"order.place"'
        params = json.dumps({**ORDER, "apiKey": TRADE})
        inner = params[1:-1]
        cases = (row("no JSON", "order.place"), row("nothing", ""), row("an array", "[]"), row("a number", "1"), row("null", "null"),
                 row("cut", '{%s,"params":%s' % (good, params)), row("two values", '{%s}{%s}' % (good, good)),
                 row("no method", '{"id":"m","params":%s}' % params),
                 row("method is no text", '{"id":"m","method":1,"params":%s}' % params),
                 row("params is no object", '{%s,"params":[%s]}' % (good, params)),
                 row("params twice", '{%s,"params":{},"params":%s}' % (good, params)),
                 row("method twice", '{"id":"m","method":"ping","method":"order.place","params":%s}' % params),
                 row("method twice, escaped", '{"id":"m","method":"ping","m\\u0065thod":"order.place","params":%s}' % params),
                 row("id twice", '{"id":"a",%s,"params":%s}' % (good, params)),
                 row("a parameter twice", '{%s,"params":{"symbol":"LTCBTC",%s}}' % (good, inner)),
                 row("a parameter twice, escaped", '{%s,"params":{"s\\u0079mbol":"LTCBTC",%s}}' % (good, inner)),
                 row("a parameter twice but for case", '{%s,"params":{"Symbol":"LTCBTC",%s}}' % (good, inner)),
                 row("apiKey twice", '{%s,"params":{"apiKey":"x",%s}}' % (good, inner)),
                 row("a trailing comma", '{%s,"params":%s,}' % (good, params)),
                 row("a comment", '{%s/**/,"params":%s}' % (good, params)), row("single quotes", "{'id':'m','method':'ping'}"),
                 row("a control byte in a string", '{"id":"m\x01","method":"ping"}'),
                 row("half a surrogate", '{"id":"m","method":"order.place","params":{"newClientOrderId":"\\ud800",%s}}' % inner),
                 row("an id that is an object", '{"id":{},"method":"order.place","params":%s}' % params),
                 row("a byte order mark", '\ufeff{%s,"params":%s}' % (good, params)),
                 row("deep", '{%s,"params":{"a":%s,%s}}' % (good, "[" * 500 + "]" * 500, inner)))
        for name, text in cases:
            with self.subTest(name):
                peer = self.open()
                peer.send_text(text)
                came = peer.receive()
                self.assertIsNotNone(came)
                self.assertEqual(came.opcode, TEXT, came)
                answer = self.stopped(json.loads(came.text), 400, "malformed_request")
                self.decided(self.record_of(answer), "refused", "malformed_request")
                came = peer.receive()
                self.assertEqual(came and (came.opcode, came.code), (CLOSE, 1008))
                self.assertTrue(peer.is_ended())
                self.assertEqual(self.exchange.seen(), [])

    def test_text_that_is_not_UTF_8_ends_the_connection(self):
        peer = self.open()
        peer.send(TEXT, json.dumps(self.message("order.place", ORDER)).encode().replace(b"BUY", b"B\xffY"))
        self.assertIn(peer.receive_until_close().code, (1007, 1008))
        self.assertEqual(self.exchange.seen(), [])

    def test_binary_is_closed_with_1003(self):
        for in_pieces in (False, True):
            with self.subTest(in_pieces):
                peer = self.open()
                data = json.dumps(self.message("order.place", ORDER)).encode()
                peer.send_fragments(BINARY, [data[:9], data[9:]]) if in_pieces else peer.send(BINARY, data)
                came = peer.receive_until_close()
                self.assertEqual(came and came.code, 1003)
                self.assertTrue(peer.is_ended())
                self.assertEqual(self.exchange.seen(), [])

    def test_a_message_beyond_64_KiB_is_closed_with_1009(self):
        message = self.message("order.place", ORDER)
        message["params"]["newClientOrderId"] = "x" * (64 << 10)
        data = json.dumps(message).encode()
        for size in (len(data), 1000):
            with self.subTest(size):
                peer = self.open()
                try:
                    peer.send_fragments(TEXT, [data[n:n + size] for n in range(0, len(data), size)])
                except OSError:
                    pass
                came = peer.receive_until_close()
                self.assertEqual(came and came.code, 1009)
                self.assertTrue(peer.is_ended())
                self.assertEqual(self.exchange.seen(), [])

    def test_a_bad_frame_ends_the_connection_and_an_order_in_it_is_not_sent(self):
        text = json.dumps(self.message("order.place", ORDER)).encode()
        for name, data in (row("not masked", frame(TEXT, text)), row("RSV1", frame(TEXT, text, rsv=4, mask=b"mask")),
                           row("opcode 3", frame(3, text, mask=b"mask")), row("continuation", frame(CONTINUATION, text, mask=b"mask"))):
            with self.subTest(name):
                peer = self.open()
                peer.send_raw(data)
                self.assertEqual(peer.receive_until_close().code, 1002)
                self.assertEqual(self.exchange.seen(), [])

    def test_half_a_message_is_never_sent(self):
        peer = self.open()
        peer.send(TEXT, json.dumps(self.message("order.place", ORDER)), fin=False)
        peer.drop()
        self.recorder.wait(lambda: self.exchange.upstream.peers[-1].wire.ended.is_set())
        self.assertEqual(self.exchange.seen(), [])

    # --- the day's volume ---
    def order(self, peer, value, day, method="order.place"):
        return self.call(peer, method, {**ORDER, "price": str(value)}, DAYS[day])

    def by_request(self, value, day):
        query = urllib.parse.urlencode({**ORDER, "price": value})
        return self.proxy.raw(client.request_bytes("POST", f"https://{SPOT}/api/v3/order?{query}", SPOT,
                                                   [("X-MBX-APIKEY", DAYS[day]), ("Content-Length", "0")]), method="POST")

    def over(self, answer):
        self.assertEqual(answer["status"], 403, answer)
        self.assertIn("order_limit_exceeded", json.dumps(answer))

    def test_the_days_volume_is_shared_with_requests(self):
        peer = self.open()
        self.assertEqual(self.order(peer, 600, "SHARED")["status"], 200)
        self.refused(self.by_request(401, "SHARED"), 403, "order_limit_exceeded")
        self.assertEqual(self.by_request(300, "SHARED").status, 200)
        self.over(self.order(peer, "100.00000001", "SHARED"))
        self.over(self.order(self.open(port=9443), "100.00000001", "SHARED"))
        self.assertEqual(self.order(peer, 100, "SHARED")["status"], 200)
        self.over(self.order(peer, "0.00000001", "SHARED"))
        self.assertEqual([value_of(judged) for judged in self.exchange.seen()], ["600", "100"])

    def test_volume_comes_back_when_the_exchange_refuses(self):
        peer = self.open()
        for status in (400, 401, 403, 418, 429):
            with self.subTest(status):
                self.exchange.script = lambda judged, status=status: (status, {"code": -2010, "msg": "no"})
                self.assertEqual(self.order(peer, 1000, "BACK")["status"], status)
        self.exchange.script = lambda judged: None
        self.assertEqual(self.order(peer, 1000, "BACK")["status"], 200)
        self.over(self.order(peer, 1, "BACK"))

    def test_volume_is_kept_when_the_outcome_is_open(self):
        peer = self.open()
        for status in (408, 409, 500, 503):
            with self.subTest(status):
                self.exchange.script = lambda judged, status=status: (status, {"code": -1007, "msg": "unknown"})
                self.assertEqual(self.order(peer, 200, "KEPT")["status"], status)
        self.exchange.script = lambda judged: None
        self.over(self.order(peer, 201, "KEPT"))
        self.assertEqual(self.order(peer, 200, "KEPT")["status"], 200)
        self.over(self.order(peer, 1, "KEPT"))

    def test_volume_is_kept_when_the_connection_ends_without_a_reply(self):
        """Also when a reply comes that is not to this message."""
        peer = self.open()
        self.exchange.script = lambda judged: "none"
        peer.send_text(json.dumps(self.message("order.place", {**ORDER, "price": "400"}, DAYS["END"])))
        self.recorder.wait(lambda: self.exchange.seen())
        peer.drop()
        peer = self.open()
        self.exchange.script = lambda judged: "end"
        peer.send_text(json.dumps(self.message("order.place", {**ORDER, "price": "400"}, DAYS["END"])))
        self.assertIn(type(peer.receive_until_close()), (type(None), websocket.Message))
        peer = self.open()
        self.exchange.script = lambda judged: None
        self.over(self.order(peer, 201, "END"))
        self.assertEqual(self.order(peer, 200, "END")["status"], 200)

    def test_a_test_order_counts_for_no_day(self):
        peer = self.open()
        for _ in range(3):
            self.assertEqual(self.order(peer, 900, "TEST", "order.test")["status"], 200)
        self.assertEqual(self.order(peer, 1000, "TEST")["status"], 200)

    def test_many_orders_at_once_do_not_pass_the_limit(self):
        def one(number):
            peer = websocket.open_socket(self.proxy, WS, PATH, port=(443, 9443)[number % 2])
            with peer:
                for turn in range(5):
                    peer.send_text(json.dumps({"id": f"{number}.{turn}", "method": "order.place",
                                               "params": {**ORDER, "apiKey": DAYS["MANY"]}}))
                return sorted(json.loads(peer.receive().text)["status"] for _ in range(5))
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            statuses = [status for answers in pool.map(one, range(6)) for status in answers]
        self.assertEqual(sorted(statuses), [200] * 10 + [403] * 20)
        self.assertEqual(len(self.exchange.seen()), 10)

    # --- logon ---
    def test_a_logon_with_Ed25519_carries_the_messages_that_follow(self):
        peer = self.open()
        self.assertEqual(self.call(peer, "session.logon", {"timestamp": 1}, ED)["status"], 200)
        self.assertEqual(self.signed("session.logon").key, self.secrets["ED_KEY"])
        self.mark()
        self.assertEqual(self.call(peer, "order.place", {**ORDER, "timestamp": 1}, None)["status"], 200)
        seen, = self.exchange.seen()
        self.assertFalse(seen.is_signed)
        self.assertNotIn("apiKey", seen.parameters)
        self.exchange.forget()
        self.stopped(self.call(peer, "order.place", {**ORDER, "quantity": "6", "timestamp": 1}, None), 403, "order_limit_exceeded")
        self.stopped(self.call(peer, "order.cancelReplace", {**REPLACE, "timestamp": 1}, None), 403, "endpoint_blocked")
        records = self.news(3)
        self.assertEqual([(r["secret"], r["decision"], r["reason"]) for r in records], [
            ("ED", "allowed", "binding_matched"), ("ED", "refused", "order_limit_exceeded"), ("ED", "refused", "endpoint_blocked")])
        self.assertEqual(records[0]["order"]["value_usd"], "100.00000000")
        # Another connection has no logon.
        other = self.open()
        self.mark()
        other.send_text(json.dumps(self.message("order.place", {**ORDER, "timestamp": 1}, None)))
        other.receive()
        self.assertNotEqual(self.news(1)[0]["secret"], "ED")

    def test_after_a_logout_the_limits_of_the_logon_hold_on(self):
        """Whether a logout took place is the exchange's to know: until the end, messages without a key are judged by the rule."""
        peer = self.open()
        self.call(peer, "session.logon", {"timestamp": 1}, ED)
        self.assertEqual(self.call(peer, "session.logout", {}, None)["status"], 200)
        self.exchange.forget()
        self.stopped(self.call(peer, "order.place", {**ORDER, "quantity": "6", "timestamp": 1}, None), 403, "order_limit_exceeded")

    def test_a_message_right_behind_a_logon_is_judged_by_its_rule(self):
        """Also when the logon is not answered, or answered with an error."""
        for said in ("none", (401, {"code": -2015, "msg": "no"}), None):
            with self.subTest(f"{said}"):
                self.exchange.script = lambda judged, said=said: said
                peer = self.open()
                logon = self.message("session.logon", {"timestamp": 1}, ED)
                over = self.message("order.place", {**ORDER, "quantity": "6", "timestamp": 1}, None)
                peer.send_raw(peer.bytes_of(TEXT, json.dumps(logon)) + peer.bytes_of(TEXT, json.dumps(over)))
                answers = [json.loads(peer.receive().text) for _ in range(1 if said == "none" else 2)]
                answer, = [answer for answer in answers if answer["id"] == over["id"]]
                self.assertEqual(answer["status"], 403, answer)
                self.assertIn("order_limit_exceeded", json.dumps(answer))
                self.recorder.wait(lambda: self.exchange.seen())
                self.assertEqual([judged.method for judged in self.exchange.seen()], ["session.logon"])
                self.exchange.forget()

    def test_a_second_logon_with_the_key_of_another_rule_is_refused(self):
        peer = self.open()
        self.call(peer, "session.logon", {"timestamp": 1}, ED)
        self.exchange.forget()
        self.stopped(self.call(peer, "session.logon", {"timestamp": 1}, ED_TOO), 403, None)
        self.assertEqual(self.call(peer, "session.logon", {"timestamp": 1}, ED)["status"], 200)

    def test_only_Ed25519_logs_on(self):
        for placeholder in (TRADE, RSA):
            with self.subTest(placeholder):
                self.stopped(self.call(self.open(), "session.logon", {"timestamp": 1}, placeholder), 403, "endpoint_blocked")

    # --- on the way back ---
    def test_the_real_key_comes_back_as_the_placeholder(self):
        """[I8] However it is cut: frames, TLS records."""
        self.exchange.script = lambda judged: (200, {"apiKey": judged.key or KEY, "authorizedSince": 1})
        peer = self.open()
        self.assertEqual(self.call(peer, "order.place", W1)["result"]["apiKey"], TRADE)
        self.signed()
        self.assertEqual(self.call(peer, "session.status", {}, None)["result"]["apiKey"], TRADE)

    def test_the_real_key_cut_over_fragments_and_records_comes_back_as_the_placeholder(self):
        """[I8]"""
        def cut(judged):
            text = reply(judged, 200, {"apiKey": judged.key, "z": 1}).encode()
            begin = text.index(KEY.encode())
            how = judged.parameters["newClientOrderId"].split("-")
            at = begin + int(how[1])
            if how[0] == "fragments":
                judged.peer.send_fragments(TEXT, [text[:at], text[at:]], between=frame(PING, b"p") if how[2] == "p" else b"")
            elif how[0] == "each":
                judged.peer.send_fragments(TEXT, [text[n:n + 1] for n in range(len(text))])
            else:
                judged.peer.send_raw(frame(TEXT, text), int(how[1]))
            return "none"
        self.exchange.script = cut
        for how in (*(f"fragments-{at}-{ping}" for at in (0, 1, 31, 32, 63, 64) for ping in "np"), "each-1",
                    *(f"records-{n}" for n in (1, 7, 64))):
            with self.subTest(how):
                peer = self.open()
                message = self.message("order.place", {**W1, "newClientOrderId": how})
                peer.send_text(json.dumps(message))
                came = peer.receive()
                while came is not None and came.opcode == PING:
                    came = peer.receive()
                answer = json.loads(came.text)
                self.assertEqual((answer["id"], answer["result"]), (message["id"], {"apiKey": TRADE, "z": 1}))
                self.assertEqual(peer.holds(KEY), [])

    def test_a_long_message_of_the_exchange_comes_whole(self):
        self.exchange.script = lambda judged: (200, {"trades": [{"id": n, "price": "1.5", "key": KEY} for n in range(20000)]})
        peer = self.open()
        answer = self.call(peer, "myTrades", {"symbol": "BTCUSDT"})
        self.assertEqual(answer["result"]["trades"], [{"id": n, "price": "1.5", "key": TRADE} for n in range(20000)])

    def test_what_the_exchange_says_of_itself_is_passed(self):
        """An event that is the reply to nothing, a reply without a status, one to an id that nobody asked with."""
        said = ['{"event":{"e":"serverShutdown","E":1}}', '{"id":"nobody","status":200,"result":{}}', '{"status":200}',
                "not JSON", "[1]", ""]
        def script(judged):
            for text in said:
                judged.peer.send_text(text)
        self.exchange.script = script
        peer = self.open()
        peer.send_text(json.dumps(self.message("order.place", W1)))
        self.assertEqual([peer.receive().data.decode() for _ in said], said)
        self.assertEqual(json.loads(peer.receive().text)["status"], 200)

    # --- where to ---
    def test_only_the_path_of_the_API_is_a_WebSocket(self):
        before = len(self.recorder.seen())
        for path in ("/", "/stream", "/ws", "/ws-api/v4", "/ws-api/v3/", "/ws-api//v3", "/WS-API/V3", "/ws-api/%763", "/ws-fapi/v1",
                     "/sapi/v1/capital/withdraw/apply"):
            with self.subTest(path):
                wire, answer = websocket.ask(self.proxy, WS, path, [("X-MBX-APIKEY", TRADE)])
                wire.close()
                self.assertIsNotNone(answer)
                self.assertIsNotNone(answer.get("Keyswap-Reason"), answer)
                self.assertIn(answer.status, (400, 403, 501))
        self.assertEqual(len(self.recorder.seen()), before)

    def test_no_plain_request_goes_to_the_host_of_the_API(self):
        before = len(self.recorder.seen())
        for method, path in (("POST", "/api/v3/order"), ("POST", PATH), ("POST", "/sapi/v1/capital/withdraw/apply")):
            with self.subTest(f"{method} {path}"):
                answer = self.ask(WS, method, path, [("X-MBX-APIKEY", TRADE), ("Content-Length", "0")])
                self.assertEqual(answer.status, 403, answer)
                self.assertIsNotNone(answer.get("Keyswap-Reason"), answer)
        self.assertEqual(len(self.recorder.seen()), before)

    def test_on_the_hosts_of_requests_an_upgrade_stays_refused(self):
        for host, path in ((SPOT, PATH), (SPOT, "/api/v3/order")):
            with self.subTest(path):
                wire, answer = websocket.ask(self.proxy, host, path, [("X-MBX-APIKEY", TRADE)])
                wire.close()
                self.assertIn(answer.status, (403, 501), answer)
                self.assertIsNotNone(answer.get("Keyswap-Reason"), answer)
        self.assertEqual(self.rest.seen(), [])

    def test_hosts_that_no_binding_opens_stay_closed(self):
        for host in (WS_FAPI, WS_TESTNET):
            with self.subTest(host):
                wire, answer = self.proxy.connect(f"{host}:443")
                with wire:
                    self.refused(answer, 403, "endpoint_blocked")

    def test_F31_the_secrets_were_never_on_the_wire(self):
        self.assertEqual(self.call(self.open(), "order.place", W1)["status"], 200)
        self.assertEqual(self.exchange.traces(SECRET, PLACEHOLDER_SECRET, "PLACEHOLDER_TRADE"), [])


def value_of(judged):
    return judged.parameters["price"]


if __name__ == "__main__":
    main()
