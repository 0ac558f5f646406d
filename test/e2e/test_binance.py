# SPDX-License-Identifier: Apache-2.0
"""Binance: requests by hand through the proxy, and what a recording exchange makes of their bytes.

The vectors H and R: payloads of the vendor's examples, signed with the placeholder secret where the client signs,
and what must leave. The whole sweep of the endpoint table is in test/bindings/venues/binance/endpoints_test.cc; here is a sample on the wire.
"""

import base64
import json
import re
import subprocess
import time
import unittest
import urllib.parse

from harness import auditlog, canary, client, exchange
from harness.case import OneProxy, document, main, row
from harness.exchange import FAPI, KEY, PLACEHOLDER_SECRET, SECRET, SPOT, SPOT2, TESTNET, rule, sign
from harness.proxy import yaml

TRADE, NAMED, LIMITED, PROVEN, KEPT, WINDOW, RSA, ED, FUTURES = (
    f"BINANCE_PLACEHOLDER_{name}_0123456789" for name in
    ("TRADE", "NAMED", "LIMITED", "PROVEN", "KEPT", "WINDOW", "RSA", "ED", "FUTURES"))
OTHER_HOST, EVIL = "other.example.test", "api.binance.com.evil.test"
FORM = ("Content-Type", "application/x-www-form-urlencoded")

H1 = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
H1_HMAC = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
H2 = H1.replace("LTCBTC", "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96")
H2_HMAC = "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"
H3_QUERY, H3_BODY = H1.split("&quantity", 1)[0], "quantity" + H1.split("&quantity", 1)[1]
H3_HMAC = "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77"
H4, H4_HMAC = "timestamp=1578963600000", "d84e6641b1e328e7b418fff030caed655c266299c9355e36ce801ed14631eed4"
R1 = "45e75ccd4c6313e92c4eace52a61ea174845bdee2204ef4e38b2c7bafca10d07"
R6 = ("symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=50&newClientOrderId=a+b%27c%281%29%21%7E*&timestamp=1499827319559",
      "f6caaff98f5fd193be7f36870d2667b34b7c4d33b923c5338a25438b85dbd203",
      "07222be09322888d1161cbd42dc44b588fb82dc5462d459fb2b480e50c25358b")
R7_ORDERS = '[{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","price":"1","quantity":"1","timeInForce":"GTC"}]'
R7 = f"timestamp=1499827319559&batchOrders={R7_ORDERS}&recvWindow=10000"
R7_CLIENT = "de34a02e8411e22b0e4cc2ade8142aec529392b4ef8b15b1f1cf6822a88fb486"
R7_KEPT = "289ed7290e64a656e661df3b262897ef157568ef684f948b5af54fd9a13cec09"
R7_ENCODED = "e83e93db048c86b44ea49d46055c989bb01bdaffdd0ca99a63e68cf773dbd41c"

# (id, query, body) as they arrive and as they leave.
VECTORS = (
    row("H1", H1, "", f"{H1}&signature={H1_HMAC}", ""),
    row("H2", H2, "", f"{H2}&signature={H2_HMAC}", ""),
    row("H3", H3_QUERY, H3_BODY, f"{H3_QUERY}&signature={H3_HMAC}", H3_BODY),
    row("signed in the query", f"{H1}&signature={R1}", "", f"{H1}&signature={H1_HMAC}", ""),
    row("signed in the middle", H1.replace("&type", f"&signature={R1}&type"), "", f"{H1}&signature={H1_HMAC}", ""),
    row("signed in the body", "", f"{H1}&signature={R1}", "", f"{H1}&signature={H1_HMAC}"),
    row("signed over both", H3_QUERY, f"{H3_BODY}&signature=27f5aa3c7e13debcf96c52561a8509ea3d1781a4ee80c5bde1ee80c4841c65fa",
        H3_QUERY, f"{H3_BODY}&signature={H3_HMAC}"),
    row("nothing but a signature", "signature=6825dade90d918243b14ae190e2de4d3ce62adfaaf3e72cff30614eeaab83101", H3_BODY,
        "signature=005fb617ce346a8836631ae788d278e069b9e24bbce950ac043bb7aac2c0d8e8", H3_BODY),
    row("signed over other bytes", f"{R6[0]}&signature={R6[1]}", "", f"{R6[0]}&signature={R6[2]}", ""),
)

# One or two of each group of both tiers, as docs/binance.md lists them.
TIER_1 = ("/sapi/v1/capital/withdraw/apply", "/sapi/v1/localentity/withdraw/apply", "/wapi/v3/withdraw.html",
          "/sapi/v2/fiat/withdraw", "/sapi/v1/account/enableFastWithdrawSwitch", "/sapi/v1/sub-account/universalTransfer",
          "/sapi/v1/sub-account/subAccountApi", "/sapi/v1/managed-subaccount/withdraw", "/sapi/v1/margin/apiKey",
          "/sapi/v1/giftcard/createCode", "/sapi/v1/broker/transfer", "/sapi/v1/mining/hash-transfer/config")
TIER_2 = ("/sapi/v1/asset/transfer", "/sapi/v1/convert/acceptQuote", "/sapi/v1/margin/borrow-repay",
          "/sapi/v2/loan/flexible/borrow", "/sapi/v1/simple-earn/flexible/subscribe", "/api/v3/openOrders")
WITHDRAW = TIER_1[0]
EVASIONS = tuple(row(f"F20 {name}", path) for name, path in (
    ("escaped letter", "/sapi/v1/capital/%77ithdraw/apply"), ("escaped twice", "/sapi/v1/capital/%2577ithdraw/apply"),
    ("two slashes", "/sapi/v1//capital/withdraw/apply"), ("dot", "/sapi/v1/./capital/withdraw/apply"),
    ("dot dot", "/sapi/v1/asset/../capital/withdraw/apply"), ("escaped dots", "/sapi/v1/asset/%2e%2e/capital/withdraw/apply"),
    ("upper case", "/sapi/v1/capital/WITHDRAW/apply"), ("all upper", "/SAPI/V1/CAPITAL/WITHDRAW/APPLY"),
    ("slash at the end", "/sapi/v1/capital/withdraw/apply/"), ("parameters", "/sapi/v1/capital/withdraw;x/apply"),
    ("parameters at the end", "/sapi/v1/capital/withdraw/apply;x=1"), ("escaped slash", "/sapi/v1/capital%2fwithdraw/apply"),
    ("escaped slash, upper", "/sapi/v1/capital/withdraw%2Fapply"), ("backslash", "/sapi/v1/capital\\withdraw\\apply"),
    ("another version", "/sapi/v9/capital/withdraw/apply"), ("below", "/sapi/v1/capital/withdraw/apply/x"),
    ("encoded newline", "/sapi/v1/capital/withdraw/apply%0a"), ("NUL", "/sapi/v1/capital/withdraw/apply%00"),
    ("fragment", "/sapi/v1/capital/withdraw/apply#x")))


def make_key(folder, name, *words):
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    subprocess.run(["openssl", "genpkey", *words, "-out", str(private)], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", str(private), "-pubout", "-out", str(public)], check=True, capture_output=True)
    return private, public


class Binance(OneProxy):
    hosts = (*exchange.HOSTS, OTHER_HOST, EVIL)
    policy = "forward_unmodified"
    threads = 2
    secrets = {**exchange.SECRETS, "RSA_KEY": "rsa-api-key-0123456789abcdef", "ED_KEY": "ed25519-api-key-0123456789abcdef"}

    @classmethod
    def rules(cls):
        private = lambda kind: {"api_key": f"{kind}_KEY", "api_secret": f"{kind}_PRIVATE",
                                "key_type": {"RSA": "rsa", "ED": "ed25519"}[kind]}
        named = ["DELETE /api/v3/openOrders", "POST /sapi/v1/asset/transfer"]
        return {"TRADE": rule(TRADE), "NAMED": rule(NAMED, endpoints=named),
                "LIMITED": rule(LIMITED, max_order_usd=500, symbols=["BTCUSDT", "ETHUSDT"], order_types=["LIMIT", "MARKET"]),
                "PROVEN": rule(PROVEN, inject={"proof": "require", "placeholder_secret": PLACEHOLDER_SECRET}),
                "KEPT": rule(KEPT, hosts="binance.futures", inject={"body_bytes": "keep"}, endpoints=["POST /fapi/v1/batchOrders"]),
                "FUTURES": rule(FUTURES, hosts="binance.futures", max_order_usd=100, endpoints=[
                    "POST /fapi/v1/batchOrders", *(f"{method} /fapi/v1/listenKey" for method in ("POST", "PUT", "DELETE"))]),
                "WINDOW": rule(WINDOW, hosts=["binance.spot", "binance.testnet"], inject={"recv_window": 10000}),
                "RSA": rule(RSA, inject=private("RSA")), "ED": rule(ED, inject=private("ED"))}

    @classmethod
    def document(cls):
        made = super().document()
        keys = {}
        for name, words in (("RSA", ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")), ("ED", ("-algorithm", "ED25519"))):
            key, public = make_key(cls.inputs, name, *words)
            cls.home.must("secret", "add", f"{name}_PRIVATE", "--private-key", stdin=key.read_bytes(), unlock=True)
            keys[cls.secrets[f"{name}_KEY"]] = exchange.checks_with(public)
        cls.exchange = exchange.Exchange(cls.recorder, keys)
        return made

    def setUp(self):
        self.exchange.forget()

    def tearDown(self):
        self.assertEqual(self.exchange.problems(), [])
        self.assertEqual(self.exchange.traces(SECRET, PLACEHOLDER_SECRET), [], "F31: the secret is on the wire")

    # --- asking ---
    @staticmethod
    def bytes_of(method, path, query="", body="", *, placeholder=TRADE, host=SPOT, authority=None, headers=(), version="1.1"):
        target = ("" if authority is None else f"https://{authority}") + path + (f"?{query}" if query else "")
        fields = ([("X-MBX-APIKEY", placeholder)] if placeholder else []) + list(headers)
        if body:
            fields.append(FORM)
        made = client.request_bytes(method, target, host, fields, body.encode("latin-1"))
        return made.replace(b" HTTP/1.1\r\n", f" HTTP/{version}\r\n".encode(), 1)

    def call(self, method, path, query="", body="", **options):
        """By CONNECT; the proxy's answer."""
        with self.proxy.tunnel(options.get("host", SPOT)) as wire:
            wire.send(self.bytes_of(method, path, query, body, **options))
            return self.kept(wire.response(method))

    def call_absolute(self, method, path, query="", body="", **options):
        """In the absolute form, in clear to the proxy."""
        host = options.get("host", SPOT)
        return self.kept(self.proxy.raw(self.bytes_of(method, path, query, body, authority=host, **options), method=method))

    def ways(self):
        return (("CONNECT", self.call), ("absolute", self.call_absolute))

    def kept(self, answer):
        if answer is not None:
            self.note("answer", answer.raw_head + answer.body)
        return answer

    def signed(self, path=None):
        """The one request that the exchange saw since the last call, signed and valid."""
        seen = self.exchange.seen()
        self.assertEqual(len(seen), 1, seen)
        self.assertTrue(seen[0].is_signed, seen[0].request)
        self.assertIsNone(seen[0].problem, seen[0].request)
        self.assertNotIn(b"PLACEHOLDER", seen[0].request.raw)
        if path is not None:
            self.assertEqual(seen[0].request.path, path)
        self.exchange.forget()
        return seen[0]

    def stopped(self, answer, statuses=(403,)):
        self.assertIsNotNone(answer)
        self.assertIn(answer.status, statuses, answer)
        self.assertIsNotNone(answer.get("Keyswap-Reason"), answer)
        self.assertEqual(self.exchange.seen(), [])

    # --- signing ---
    def test_F30_the_vectors_leave_to_the_byte(self):
        """[I5] Signed for clients that did not sign, and for those that did; by CONNECT and in the absolute form."""
        for name, query, body, query_out, body_out in VECTORS:
            for way, call in self.ways():
                with self.subTest(f"{name} {way}"):
                    answer = call("POST", "/api/v3/order", query, body)
                    self.assertEqual(answer.status, 200, answer)
                    seen = self.signed("/api/v3/order").request
                    self.assertEqual(seen.target, "/api/v3/order" + (f"?{query_out}" if query_out else ""))
                    self.assertEqual(seen.body.decode("latin-1"), body_out)
                    self.assertEqual(seen.all("X-MBX-APIKEY"), [KEY])
                    self.assertEqual(seen.all("Host"), [SPOT])
                    if body_out:
                        self.assertEqual(seen.all("Content-Length"), [str(len(body_out))])
                    self.assertEqual(seen.all("Transfer-Encoding"), [])

    def test_F30_an_account_query(self):
        for name, query in (row("H4", H4), row("the least, signed", f"{H4}&signature=2300503e2b1b5921d0049de62ef842a623335f567d3e48deb1f4e7148db27b8f")):
            for way, call in self.ways():
                with self.subTest(f"{name} {way}"):
                    self.assertEqual(call("GET", "/api/v3/account", query).status, 200)
                    self.assertEqual(self.signed().request.target, f"/api/v3/account?{H4}&signature={H4_HMAC}")

    def test_F30_raw_JSON_in_a_form_body(self):
        encoded = R7.replace(R7_ORDERS, urllib.parse.quote(R7_ORDERS, safe=""))
        for placeholder, body in ((KEPT, f"{R7}&signature={R7_KEPT}"), (FUTURES, f"{encoded}&signature={R7_ENCODED}")):
            with self.subTest(placeholder):
                answer = self.call("POST", "/fapi/v1/batchOrders", "", f"{R7}&signature={R7_CLIENT}", placeholder=placeholder, host=FAPI)
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(self.signed().request.body.decode(), body)

    def test_F30_RSA_and_Ed25519_keys_sign_and_their_public_halves_agree(self):
        for placeholder, key, size in ((RSA, "RSA_KEY", 344), (ED, "ED_KEY", 88)):
            for method, path, query, body in (("GET", "/api/v3/account", H4, ""), ("POST", "/api/v3/order", f"{H1}&signature={R1}", ""),
                                              ("POST", "/api/v3/order", "", f"{H1}&signature={R1}")):
                with self.subTest(f"{key} {method} {'body' if body else 'query'}"):
                    self.assertEqual(self.call(method, path, query, body, placeholder=placeholder).status, 200)
                    seen = self.signed(path)
                    self.assertEqual(seen.request.get("X-MBX-APIKEY"), self.secrets[key])
                    self.assertEqual(len(urllib.parse.unquote(seen.signatures[0])), size)
                    self.assertNotRegex(seen.signatures[0], "[+/=]")
                    check = self.exchange.checks[self.secrets[key]]
                    self.assertFalse(check(seen.payload + b"0", seen.signatures[0]))
                    if body:
                        self.assertEqual(seen.request.get("Content-Length"), str(len(seen.request.body)))

    def test_a_client_that_does_not_sign_gets_timestamp_recvWindow_and_signature(self):
        """Fishnet's way: plain parameters; the recvWindow of the binding, or the exchange's default."""
        for way, call in self.ways():
            for placeholder, body in ((TRADE, ""), (WINDOW, ""), (WINDOW, "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=5")):
                with self.subTest(f"{way} {placeholder} {body}"):
                    query = "" if body else "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=5"
                    before = int(time.time() * 1000)
                    self.assertEqual(call("POST", "/api/v3/order", query, body, placeholder=placeholder).status, 200)
                    seen = self.signed()
                    self.assertGreaterEqual(int(seen.parameter("timestamp")), before)
                    self.assertLessEqual(int(seen.parameter("timestamp")), int(time.time() * 1000))
                    self.assertEqual(seen.parameter("recvWindow"), "10000" if placeholder == WINDOW else "5000")
                    self.assertEqual(seen.parameter("quoteOrderQty"), "5")

    def test_an_account_query_without_any_parameter(self):
        self.assertEqual(self.call("GET", "/api/v3/account").status, 200)
        self.assertRegex(self.signed().request.target, r"^/api/v3/account\?timestamp=\d{13}&recvWindow=5000&signature=[0-9a-f]{64}$")

    def test_a_timestamp_that_is_there_is_kept_however_old(self):
        self.call("GET", "/api/v3/account", "timestamp=1")
        self.assertEqual(self.signed().parameter("timestamp"), "1")

    def test_F22_market_data_goes_on_without_a_signature(self):
        for target in ("/api/v3/ping", "/api/v3/time", "/api/v3/ticker/price?symbol=BTCUSDT", "/api/v3/exchangeInfo",
                       "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=5",
                       "/api/v3/ticker/price?symbols=%5B%22BTCUSDT%22%2C%22ETHUSDT%22%5D"):
            for way, call in self.ways():
                for placeholder in (TRADE, None):
                    with self.subTest(f"{target} {way} {placeholder}"):
                        path, _, query = target.partition("?")
                        self.assertEqual(call("GET", path, query, placeholder=placeholder).status, 200)
                        seen, = self.exchange.seen()
                        self.assertFalse(seen.is_signed)
                        self.assertEqual(seen.request.target, target)
                        self.assertEqual(seen.request.all("X-MBX-APIKEY"), [KEY] if placeholder else [])
                        self.exchange.forget()

    def test_F22_a_listen_key_gets_the_key_alone(self):
        for method in ("POST", "PUT", "DELETE"):
            with self.subTest(method):
                answer = self.call(method, "/fapi/v1/listenKey", placeholder=FUTURES, host=FAPI, headers=[("Content-Length", "0")])
                self.assertEqual(answer.status, 200, answer)
                seen, = self.exchange.seen()
                self.assertFalse(seen.is_signed)
                self.assertEqual(seen.request.target, "/fapi/v1/listenKey")
                self.assertEqual(seen.request.all("X-MBX-APIKEY"), [KEY])
                self.exchange.forget()

    def test_a_placeholder_with_anything_around_it_is_neither_swapped_nor_signed(self):
        """[I2]"""
        for n, value in enumerate((f"{TRADE}x", f"Bearer {TRADE}", f"{TRADE}, {TRADE}")):
            for way, call in self.ways():
                with self.subTest(f"{value} {way}"):
                    path = f"/api/v3/account/{way}{n}"
                    self.assertEqual(call("GET", path, H4, placeholder=value).status, 200)
                    seen, = self.exchange.seen()
                    self.assertEqual(seen.request.target, f"{path}?{H4}")
                    self.assertEqual(seen.request.all("X-MBX-APIKEY"), [value])
                    self.decided(self.proxy.decision(path), "denied", "untargeted_location")
                    self.exchange.forget()

    def test_other_headers_keep_their_order_and_bytes(self):
        headers = [("User-Agent", "x/1"), ("X-MBX-TIME-UNIT", "MICROSECOND"), ("Accept", "*/*"), ("X-Odd", "a  b;c")]
        self.call("GET", "/api/v3/account", H4, headers=headers)
        self.assertEqual(self.signed().request.headers, [("Host", SPOT), ("X-MBX-APIKEY", KEY), *headers])

    def test_proof_require_lets_only_the_placeholder_secret_in(self):
        good = sign(H1, PLACEHOLDER_SECRET)
        self.assertEqual(self.call("POST", "/api/v3/order", f"{H1}&signature={good}", placeholder=PROVEN).status, 200)
        self.signed()
        for query in (f"{H1}&signature={sign(H1, 'guessed')}", H1, f"{H1.replace('=1&', '=2&')}&signature={good}"):
            with self.subTest(query):
                self.stopped(self.call("POST", "/api/v3/order", query, placeholder=PROVEN), (400,))

    # --- messages ---
    def test_a_chunked_body_is_decoded_signed_and_measured(self):
        body = f"{H1}&signature={R1}".encode()
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 7]), body[i:i + 7]) for i in range(0, len(body), 7)) + b"0\r\n\r\n"
        for way in ("CONNECT", "absolute"):
            with self.subTest(way):
                target = "/api/v3/order" if way == "CONNECT" else f"https://{SPOT}/api/v3/order"
                data = (f"POST {target} HTTP/1.1\r\nHost: {SPOT}\r\nX-MBX-APIKEY: {TRADE}\r\n{FORM[0]}: {FORM[1]}\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n").encode() + chunks
                with (self.proxy.tunnel(SPOT) if way == "CONNECT" else client.dial(self.proxy.port)) as wire:
                    wire.send_slowly(data, 50)
                    self.assertEqual(wire.response().status, 200)
                seen = self.signed().request
                self.assertEqual(seen.body.decode(), f"{H1}&signature={H1_HMAC}")
                self.assertEqual(seen.all("Content-Length"), [str(len(seen.body))])
                self.assertEqual(seen.all("Transfer-Encoding"), [])

    def test_Expect_100_continue_is_answered_and_not_passed_on(self):
        body = f"{H1}&signature={R1}"
        with self.proxy.tunnel(SPOT) as wire:
            wire.send(f"POST /api/v3/order HTTP/1.1\r\nHost: {SPOT}\r\nX-MBX-APIKEY: {TRADE}\r\n{FORM[0]}: {FORM[1]}\r\n"
                      f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n")
            self.assertEqual(wire.head().status, 100)
            wire.send(body)
            self.assertEqual(wire.response().status, 200)
        self.assertEqual(self.signed().request.body.decode(), f"{H1}&signature={H1_HMAC}")

    def test_what_the_exchange_echoes_is_the_placeholder_again(self):
        """[I8] The key and the secret, also in hex, base64 and percent-encoded."""
        both = f"{KEY}:{SECRET}"
        echoed = {"key": KEY, "secret": SECRET, "hex": SECRET.encode().hex(), "HEX": SECRET.encode().hex().upper(),
                  "base64": base64.b64encode(both.encode()).decode(), "list": [KEY] * 3}
        self.exchange.script = lambda judged: (200, echoed)
        self.addCleanup(setattr, self.exchange, "script", lambda judged: None)
        for way, call in self.ways():
            with self.subTest(way):
                answer = call("GET", "/api/v3/account", H4, headers=[("Accept-Encoding", "gzip, br")])
                self.assertEqual(answer.status, 200, answer)
                got = json.loads(answer.body)
                self.assertEqual(got["key"], TRADE)
                self.assertEqual(got["list"], [TRADE] * 3)
                for name in ("secret", "hex", "HEX"):
                    self.assertEqual(got[name], TRADE, name)
                for text in (KEY, SECRET):
                    self.assertEqual(canary.find_in(answer.raw_head + answer.body, text), [])
                self.assertEqual(self.signed().request.all("Accept-Encoding"), ["identity"])

    def test_a_POST_without_a_body_keeps_its_length_of_0(self):
        answer = self.call("POST", "/api/v3/order", f"{H1}&signature={R1}",
                           headers=[("Content-Type", "application/json"), ("Content-Length", "0")])
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.signed().request.all("Content-Length"), ["0"])

    def test_two_signed_requests_on_one_connection_and_pipelined(self):
        first = self.bytes_of("POST", "/api/v3/order", "", f"{H1}&signature={R1}")
        second = self.bytes_of("GET", "/api/v3/account", H4)
        for way in ("one after the other", "pipelined"):
            with self.subTest(way), self.proxy.tunnel(SPOT) as wire:
                if way == "pipelined":
                    wire.send(first + second + first)
                    answers = [wire.response() for _ in range(3)]
                else:
                    answers = []
                    for data in (first, second, first):
                        wire.send(data)
                        answers.append(wire.response())
                self.assertEqual([answer.status for answer in answers], [200, 200, 200])
                seen = self.exchange.seen()
                self.assertEqual([judged.signatures for judged in seen], [[H1_HMAC], [H4_HMAC], [H1_HMAC]])
                self.exchange.forget()

    def test_a_body_that_is_no_form_is_refused(self):
        for headers, body in (([("Content-Type", "application/json")], b'{"a":1}'), ([], b"a=1"),
                              ([FORM, ("Content-Encoding", "gzip")], b"\x1f\x8b"), ([FORM, FORM], b"a=1")):
            with self.subTest(f"{headers}"):
                answer = self.ask(SPOT, "POST", "/api/v3/order", [("X-MBX-APIKEY", TRADE), *headers], body)
                self.stopped(answer, (400,))

    def test_a_body_beyond_a_MiB_is_refused(self):
        with self.proxy.tunnel(SPOT) as wire:
            wire.send(f"POST /api/v3/order HTTP/1.1\r\nHost: {SPOT}\r\nX-MBX-APIKEY: {TRADE}\r\n{FORM[0]}: {FORM[1]}\r\n"
                      f"Content-Length: {2 << 20}\r\n\r\na=1")
            self.refused(self.kept(wire.response()), 413, "body_too_large")
        self.assertEqual(self.exchange.seen(), [])

    def test_two_lines_of_the_key_are_refused(self):
        self.stopped(self.call("GET", "/api/v3/account", H4, headers=[("X-MBX-APIKEY", "another")]), (400,))

    def test_an_error_of_the_exchange_is_passed_on(self):
        self.exchange.script = lambda judged: (400, {"code": -1021, "msg": "Timestamp"})
        try:
            answer = self.call("GET", "/api/v3/account", H4)
        finally:
            self.exchange.script = lambda judged: None
        self.assertEqual((answer.status, answer.body), (400, b'{"code": -1021, "msg": "Timestamp"}'))
        self.signed()

    # --- duplicates ---
    def test_F29_a_parameter_twice_is_refused(self):
        good = "side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&timestamp=1499827319559"
        cases = (row("F29 query/query", f"symbol=LTCBTC&symbol=BTCUSDT&{good}", ""),
                 row("F29 body/body", "", f"symbol=LTCBTC&{good}&symbol=BTCUSDT"),
                 row("F29 query/body", "symbol=LTCBTC", f"symbol=LTCBTC&{good}"),
                 row("F29 escaped", f"symbol=LTCBTC&%73ymbol=BTCUSDT&{good}", ""),
                 row("F29 escaped, cross", "%73ymbol=LTCBTC", f"symbol=LTCBTC&{good}"),
                 row("F29 case", f"symbol=LTCBTC&{good}&Quantity=2", ""),
                 row("F29 case alone", f"Symbol=LTCBTC&{good}", ""),
                 row("F29 signatures", f"symbol=LTCBTC&{good}&signature={R1}&signature={R1}", ""),
                 row("F29 signatures, cross", f"symbol=LTCBTC&signature={R1}", f"{good}&signature={R1}"),
                 row("F29 signature in upper case", f"symbol=LTCBTC&{good}&SIGNATURE={R1}", ""),
                 row("F29 semicolon", f"symbol=LTCBTC;symbol=BTCUSDT&{good}", ""),
                 row("F29 timestamps", f"symbol=LTCBTC&{good}&timestamp=1", ""))
        for name, query, body in cases:
            for way, call in self.ways():
                with self.subTest(f"{name} {way}"):
                    answer = call("POST", "/api/v3/order", query, body)
                    self.stopped(answer, (400,))
                    self.assertEqual(answer.get("Keyswap-Reason"), "malformed_request")

    # --- what is blocked ---
    def test_F19_tier_1_is_blocked_for_every_method_with_and_without_a_key(self):
        before = self.recorder.application_bytes
        for path in TIER_1:
            for method in ("POST", "PUT", "DELETE", "PATCH"):
                for placeholder in (NAMED, None):
                    for way, call in self.ways():
                        with self.subTest(f"{method} {path} {way} {placeholder}"):
                            answer = call(method, path, "coin=BTC&amount=1&timestamp=1", placeholder=placeholder)
                            self.refused(answer, 403, "endpoint_blocked")
        self.assertEqual(self.recorder.application_bytes, before)

    def test_F19_no_configuration_names_tier_1(self):
        broken = document({"TRADE": rule(TRADE, endpoints=[f"POST {WITHDRAW}"])})
        file = self.inputs / "broken.yaml"
        file.write_text(yaml(broken) + "\n")
        file.chmod(0o600)
        done = self.home.run("bindings", "check", file)
        self.assertEqual(done.returncode, 2, done.stderr)

    def test_hosts_that_no_binding_may_name(self):
        """The WebSocket APIs are closed where no binding opens them; Binance Pay pays out."""
        for host in ("ws-api.binance.com", "ws-fapi.binance.com", "ws-dapi.binance.com", "ws-api.testnet.binance.vision",
                     "bpay.binanceapi.com"):
            with self.subTest(host):
                made = rule(TRADE)
                made["bindings"] = [{"host": host}]
                file = self.inputs / "hosts.yaml"
                file.write_text(yaml(document({"TRADE": made})) + "\n")
                file.chmod(0o600)
                done = self.home.run("bindings", "check", file)
                self.assertEqual(done.returncode, 2, done.stdout + done.stderr)

    def test_F20_evasions_are_refused(self):
        before = self.recorder.application_bytes
        for name, path in EVASIONS:
            for method in ("POST", "PUT", "DELETE", "PATCH"):
                for placeholder in (NAMED, None):
                    for way, call in self.ways():
                        with self.subTest(f"{name} {method} {way} {placeholder}"):
                            self.stopped(call(method, path, "coin=BTC&timestamp=1", placeholder=placeholder), (400, 403))
        self.assertEqual(self.recorder.application_bytes, before)

    def test_F20_HTTP_1_0_folded_fields_and_another_Host_are_refused(self):
        before = self.recorder.application_bytes
        for way, authority in (("CONNECT", None), ("absolute", SPOT)):
            plain = self.bytes_of("POST", WITHDRAW, "coin=BTC", authority=authority)
            for name, data in (row("F20 HTTP/1.0", plain.replace(b"HTTP/1.1", b"HTTP/1.0")),
                               row("F20 obs-fold", plain.replace(b"X-MBX-APIKEY: ", b"X-MBX-APIKEY:\r\n ")),
                               row("F20 folded Host", plain.replace(b"Host: ", b"Host:\r\n ")),
                               row("F20 Host mismatch", plain.replace(f"Host: {SPOT}".encode(), f"Host: {SPOT2}".encode())),
                               row("F20 Host elsewhere", plain.replace(f"Host: {SPOT}".encode(), b"Host: www.example.test")),
                               row("F20 no Host", plain.replace(f"Host: {SPOT}\r\n".encode(), b"")),
                               row("F20 method in lower case", plain.replace(b"POST ", b"post ", 1)),
                               row("F20 absolute in the tunnel", plain.replace(b"POST /", f"POST https://{SPOT}/".encode(), 1))):
                with self.subTest(f"{name} {way}"):
                    with (self.proxy.tunnel(SPOT) if way == "CONNECT" else client.dial(self.proxy.port)) as wire:
                        wire.send(data)
                        answer = self.kept(wire.response())
                    self.stopped(answer, (400, 403, 421, 501, 505))
        self.assertEqual(self.recorder.application_bytes, before)

    def test_F20_a_GET_of_a_crooked_path_is_not_signed(self):
        for path in ("/api/v3/account/", "/api//v3/account", "/api/v3/%61ccount", "/api/v3/./account", "/api/v3/account;x"):
            with self.subTest(path):
                self.stopped(self.call("GET", path, H4), (400, 403))

    def test_tier_2_is_blocked_unless_the_binding_names_it(self):
        before = self.recorder.application_bytes
        for path in TIER_2:
            for method in ("POST", "PUT", "DELETE", "PATCH"):
                for way, call in self.ways():
                    with self.subTest(f"{method} {path} {way}"):
                        self.refused(call(method, path, "asset=BTC&timestamp=1"), 403, "endpoint_blocked")
        self.assertEqual(self.recorder.application_bytes, before)
        self.assertEqual(self.call("POST", "/sapi/v1/asset/transfer", "asset=BTC&timestamp=1", placeholder=NAMED).status, 200)
        self.signed("/sapi/v1/asset/transfer")

    def test_F21_openOrders_only_by_name_and_then_signed(self):
        self.refused(self.call("DELETE", "/api/v3/openOrders", f"symbol=BTCUSDT&{H4}"), 403, "endpoint_blocked")
        self.assertEqual(self.exchange.seen(), [])
        for way, call in self.ways():
            with self.subTest(way):
                self.assertEqual(call("DELETE", "/api/v3/openOrders", f"symbol=BTCUSDT&{H4}", placeholder=NAMED).status, 200)
                seen = self.signed("/api/v3/openOrders")
                self.assertEqual(seen.request.method, "DELETE")
                self.assertEqual(seen.payload.decode(), f"symbol=BTCUSDT&{H4}")
        for path in ("/api/v3/OpenOrders", "/api/v3/openOrders/", "/api/v3//openOrders"):
            self.stopped(self.call("DELETE", path, f"symbol=BTCUSDT&{H4}", placeholder=NAMED), (400, 403))

    def test_what_the_exchange_adds_tomorrow_is_closed(self):
        for method, path in (("POST", "/api/v4/order"), ("POST", "/sapi/v1/brand/new"), ("PATCH", "/api/v3/order"),
                             ("POST", "/api/v3/ORDER"), ("POST", "/sapi/v1/new/payoutNow"), ("POST", "/ws-api/v3")):
            with self.subTest(f"{method} {path}"):
                self.refused(self.call(method, path, H1), 403, "endpoint_blocked")

    # --- the value of an order ---
    def order(self, limits=LIMITED, **parameters):
        query = urllib.parse.urlencode({"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", **parameters, "timestamp": 1499827319559})
        return self.call("POST", "/api/v3/order", query, placeholder=limits)

    def passes(self, **parameters):
        answer = self.order(**parameters)
        self.assertEqual(answer.status, 200, (parameters, answer))
        self.signed()

    def exceeds(self, **parameters):
        answer = self.order(**parameters)
        self.refused(answer, 403, "order_limit_exceeded")
        self.assertEqual(self.exchange.seen(), [])

    def test_F23_price_times_quantity(self):
        for price, quantity in (("100", "5"), ("0.00000001", "50000000000"), ("500.00", "1.000"), ("499.99999999", "1")):
            with self.subTest(f"{price} x {quantity}"):
                self.passes(price=price, quantity=quantity)
        for price, quantity in (("100", "5.00000001"), ("500.000000000000000001", "1"), ("99999999999999999999", "99999999999999999999")):
            with self.subTest(f"{price} x {quantity}"):
                self.exceeds(price=price, quantity=quantity)

    def test_F24_quoteOrderQty(self):
        self.passes(type="MARKET", quoteOrderQty="500")
        for amount in ("500.01", "500.000000001", "5000"):
            with self.subTest(amount):
                self.exceeds(type="MARKET", quoteOrderQty=amount)

    def test_F25_an_order_without_a_known_value_is_refused(self):
        for parameters in ({"type": "MARKET", "quantity": "0.001"}, {"symbol": "LTCBTC", "price": "1", "quantity": "1"},
                           {"type": "LIMIT", "quantity": "1"}, {"type": "LIMIT", "price": "1"},
                           {"type": "STOP_LOSS", "stopPrice": "1", "quantity": "1"}, {"type": "limit", "price": "1", "quantity": "1"}):
            with self.subTest(f"{parameters}"):
                self.stopped(self.order(**parameters), (400, 403))

    def test_F25_a_number_that_is_none_is_refused(self):
        for number in ("1e3", "-1", "+1", "", "1.", ".5", "0x1", "NaN", "Infinity", "1,5", " 1", "1_000", "٣", "9" * 41):
            with self.subTest(number):
                self.stopped(self.order(price=number, quantity="1"), (400,))
        self.stopped(self.order(type="MARKET", quantity="1", quoteOrderQty="1"), (400,))

    def test_symbols_and_order_types_hold(self):
        self.exceeds(symbol="SOLUSDT", price="1", quantity="1")
        self.exceeds(type="LIMIT_MAKER", price="1", quantity="1")

    def test_a_batch_is_worth_the_sum_of_its_orders(self):
        orders = lambda *values: "timestamp=1&batchOrders=" + urllib.parse.quote("[" + ",".join(
            '{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","price":"%s","quantity":"1"}' % value for value in values) + "]")
        self.assertEqual(self.call("POST", "/fapi/v1/batchOrders", "", orders(50, 50), placeholder=FUTURES, host=FAPI).status, 200)
        self.signed()
        answer = self.call("POST", "/fapi/v1/batchOrders", "", orders(50, "50.01"), placeholder=FUTURES, host=FAPI)
        self.refused(answer, 403, "order_limit_exceeded")
        for broken in ("timestamp=1&batchOrders=%5B%7B", "timestamp=1&batchOrders=x", "timestamp=1"):
            with self.subTest(broken):
                self.stopped(self.call("POST", "/fapi/v1/batchOrders", "", broken, placeholder=FUTURES, host=FAPI), (400, 403))
        self.assertEqual(self.exchange.seen(), [])

    # --- where to ---
    def test_the_key_goes_to_its_hosts_and_nowhere_else(self):
        """[I2] [I3] [I5] Test plan 11: another domain, another bound host, a wrong SNI, a list that the rule does not have."""
        for host in (OTHER_HOST, EVIL):
            # Unbound: the client's TLS ends at the recorder itself.
            with client.tunnel(self.proxy.port, host, self.authority.certificate) as wire:
                wire.send(self.bytes_of("GET", "/api/v3/account", H4, host=host))
                self.assertEqual(wire.response().status, 200)
        for host, placeholder in ((FAPI, TRADE), (SPOT, FUTURES), (TESTNET, TRADE)):
            with self.subTest(f"{placeholder} at {host}"):
                self.call("GET", "/api/v3/account", H4, host=host, placeholder=placeholder)
        for judged in self.exchange.seen():
            self.assertNotEqual(judged.request.get("X-MBX-APIKEY"), KEY, judged.request)
            self.assertFalse(judged.is_signed)
        self.exchange.forget()
        self.assertEqual(self.call("GET", "/api/v3/account", H4, host=TESTNET, placeholder=WINDOW).status, 200)
        self.signed()

    def test_an_SNI_of_Binance_towards_another_host_is_refused(self):
        """[I3]"""
        wire, answer = self.proxy.connect(f"{FAPI}:443")
        self.assertEqual(answer.status, 200)
        try:
            with client.start_tls(wire, SPOT, self.home.ca) as inner:
                inner.send(self.bytes_of("GET", "/api/v3/account", H4))
                answer = self.kept(inner.response())
                self.assertTrue(answer is None or answer.status == 421, answer)
        except OSError:
            pass  # no certificate for that name: as good
        self.assertEqual(self.exchange.seen(), [])

    # --- records ---
    def test_F41_every_decision_has_a_record_without_signature_key_or_secret(self):
        marked = "clientIdThatNoRecordMayHave"
        before = len(self.proxy.decisions(host=SPOT))
        allowed = self.call("POST", "/api/v3/order", f"{H1}&newClientOrderId={marked}&signature={R1}")
        blocked = self.call("POST", WITHDRAW, f"address={marked}")
        over = self.order(price="100", quantity="6", newClientOrderId=marked)
        twice = self.call("POST", "/api/v3/order", f"symbol=A&symbol=B&newClientOrderId={marked}")
        self.assertEqual([a.status for a in (allowed, blocked, over, twice)], [200, 403, 403, 400])
        signature = self.signed().signatures[0]
        self.proxy.await_decisions(host=SPOT, count=before + 4)
        records = self.proxy.decisions(host=SPOT)[before:]
        self.assertEqual(len(records), 4, records)
        got = [(r["secret"], r["destination"]["method"], r["destination"]["path"], r["decision"], r["reason"]) for r in records]
        self.assertEqual(got, [
            ("TRADE", "POST", "/api/v3/order", "allowed", "binding_matched"),
            (records[1]["secret"], "POST", WITHDRAW, "refused", "endpoint_blocked"),
            ("LIMITED", "POST", "/api/v3/order", "refused", "order_limit_exceeded"),
            ("TRADE", "POST", "/api/v3/order", "refused", "malformed_request")])
        self.assertEqual(records[0]["scheme"], "binance")
        self.assertEqual(records[2]["order"], {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "value_usd": "600.00000000"})
        self.assertEqual(["order" in record for record in records], [True, False, True, False])
        whole = b"".join(line for _, line in auditlog.lines(self.proxy.audit_folder))
        for text in (signature, R1, KEY, SECRET, marked):
            self.assertEqual(canary.find_in(whole, text), [], text)
        self.assertNotIn(b"PLACEHOLDER", whole)
        self.assertIsNone(re.search(rb"signature|timestamp=", whole))

    def test_F31_neither_secret_was_ever_on_the_wire(self):
        self.assertEqual(self.call("GET", "/api/v3/account", H4).status, 200)
        self.assertEqual(self.exchange.traces(SECRET, PLACEHOLDER_SECRET), [])


if __name__ == "__main__":
    main()
