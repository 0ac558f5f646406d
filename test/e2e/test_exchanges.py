# SPDX-License-Identifier: Apache-2.0
"""OKX, Bybit and KuCoin, as the exchange sees them: each request that arrives is judged by the vendor's rule."""

import base64
import datetime
import hashlib
import hmac
import time
import urllib.parse

from harness.case import OneProxy, main

OKX, BYBIT, KUCOIN = "www.okx.test", "api.bybit.test", "api.kucoin.test"
PLACEHOLDERS = {host: f"{host.split('.')[1]}-PLACEHOLDER-0123456789abcdef" for host in (OKX, BYBIT, KUCOIN)}
KEYS = {OKX: "okx-key-4f1c9a7e20d3", BYBIT: "bybit-key-77aQ2mZx9L", KUCOIN: "kucoin-key-5c2f00d6a1"}
SECRETS = {OKX: "OKXSECRET91B2E77F0A6C4D", BYBIT: "bybitSecret8Hd62kWq0ZtR", KUCOIN: "kucoin-secret-1f0e-99ab"}
PHRASES = {OKX: "okx phrase, not short", KUCOIN: "kucoin phrase, not short"}
KEY_HEADERS = {OKX: "OK-ACCESS-KEY", BYBIT: "X-BAPI-API-KEY", KUCOIN: "KC-API-KEY"}
OWN = {  # what the vendor's client sends besides its key, signed with a secret that it made up
    OKX: ["OK-ACCESS-SIGN", "OK-ACCESS-TIMESTAMP", "OK-ACCESS-PASSPHRASE"],
    BYBIT: ["X-BAPI-SIGN", "X-BAPI-TIMESTAMP"],
    KUCOIN: ["KC-API-SIGN", "KC-API-TIMESTAMP", "KC-API-PASSPHRASE"],
}
ORDER = b'{"symbol": "BTC-USDT",  "side":"buy"}'


def mac(host, text):
    return hmac.new(SECRETS[host].encode(), text if isinstance(text, bytes) else text.encode(), hashlib.sha256)


def in_base64(digest):
    return base64.b64encode(digest.digest()).decode()


def expected(host, request):
    """{header: value}: what the vendor would compute over the bytes that arrived, and their time."""
    whole = request.method + request.target
    if host == OKX:
        stamp = request.get("OK-ACCESS-TIMESTAMP")
        return {"OK-ACCESS-SIGN": in_base64(mac(host, (stamp + whole).encode() + request.body)),
                "OK-ACCESS-PASSPHRASE": PHRASES[host]}
    if host == BYBIT:
        stamp, window = request.get("X-BAPI-TIMESTAMP"), request.get("X-BAPI-RECV-WINDOW")
        query = request.target.partition("?")[2]
        return {"X-BAPI-SIGN": mac(host, (stamp + KEYS[host] + window + query).encode() + request.body).hexdigest()}
    stamp = request.get("KC-API-TIMESTAMP")
    return {"KC-API-SIGN": in_base64(mac(host, (stamp + urllib.parse.unquote(whole)).encode() + request.body)),
            "KC-API-PASSPHRASE": in_base64(mac(host, PHRASES[host])), "KC-API-KEY-VERSION": "2"}


def time_of(host, request):
    if host == OKX:
        moment = datetime.datetime.strptime(request.get("OK-ACCESS-TIMESTAMP"), "%Y-%m-%dT%H:%M:%S.%fZ")
        return moment.replace(tzinfo=datetime.timezone.utc).timestamp()
    return int(request.get("X-BAPI-TIMESTAMP" if host == BYBIT else "KC-API-TIMESTAMP")) / 1000


class Exchanges(OneProxy):
    hosts = (OKX, BYBIT, KUCOIN)
    secrets = {}
    for _host, _name in ((OKX, "OKX"), (BYBIT, "BYBIT"), (KUCOIN, "KUCOIN")):
        secrets[f"{_name}_KEY"], secrets[f"{_name}_SECRET"] = KEYS[_host], SECRETS[_host]
        if _host in PHRASES:
            secrets[f"{_name}_PHRASE"] = PHRASES[_host]

    @classmethod
    def rules(cls):
        rules = {}
        for host, name in ((OKX, "OKX"), (BYBIT, "BYBIT"), (KUCOIN, "KUCOIN")):
            inject = {"type": name.lower(), "api_key": f"{name}_KEY", "api_secret": f"{name}_SECRET"}
            if host in PHRASES:
                inject["passphrase"] = f"{name}_PHRASE"
            rules[name] = {"placeholder": PLACEHOLDERS[host], "inject": inject,
                           "bindings": [{"host": host, "blocked": ["POST /*/withdraw*"]}]}
        return rules

    def send(self, host, method, target, body=b"", own=(), more=()):
        headers = [(KEY_HEADERS[host], PLACEHOLDERS[host])] + [(name, "1") for name in own] + list(more)
        return self.ask(host, method, target, headers, body)

    def check(self, host, method, target, body=b"", own=(), more=()):
        """Sends it, and judges what arrived."""
        answer = self.send(host, method, target, body, own, more)
        self.assertEqual(answer.status, 200, answer)
        seen = self.recorder.seen(target.split("?")[0])
        self.assertEqual(len(seen), 1, seen)
        request = seen[0]
        self.assertEqual((request.method, request.target, request.body), (method, target, body))
        self.assertLess(abs(time.time() - time_of(host, request)), 30)
        for name, value in {**expected(host, request), KEY_HEADERS[host]: KEYS[host]}.items():
            self.assertEqual(request.all(name), [value], name)
        for name in OWN[host]:
            self.assertEqual(len(request.all(name)), 1, name)
        return request

    def test_what_arrives_is_signed_as_the_vendor_would_and_otherwise_as_it_was_sent(self):
        for host in self.hosts:
            for number, own in enumerate(((), OWN[host])):
                with self.subTest(host=host, own=own):
                    self.check(host, "GET", f"/api/read{number}/{host}?a=b%2Cc&d=e", own=own)
                    self.check(host, "POST", f"/api/write{number}/{host}", ORDER, own,
                               [("Content-Type", "application/json")])

    def test_bybits_window_is_the_clients_or_5000_and_is_there_once(self):
        own = self.check(BYBIT, "GET", "/v5/own-window?a=1", more=[("X-BAPI-RECV-WINDOW", "1500")])
        self.assertEqual(own.all("X-BAPI-RECV-WINDOW"), ["1500"])
        none = self.check(BYBIT, "GET", "/v5/no-window?a=1")
        self.assertEqual(none.all("X-BAPI-RECV-WINDOW"), ["5000"])

    def test_what_is_signed_in_part_or_there_twice_never_arrives(self):
        self.refused(self.send(BYBIT, "POST", "/v5/part?qty=9", ORDER), 400, "malformed_request")
        self.refused(self.send(BYBIT, "GET", "/v5/part", ORDER), 400, "malformed_request")
        for host in self.hosts:
            self.refused(self.send(host, "GET", "/v5/part", own=[OWN[host][0], OWN[host][0].lower()]),
                         400, "malformed_request")
        self.assertEqual(self.recorder.seen("/v5/part"), [])

    def test_a_blocked_withdrawal_never_arrives(self):
        for host, path in ((OKX, "/api/v5/asset/withdrawal"), (BYBIT, "/v5/asset/withdraw/create"),
                           (KUCOIN, "/api/v3/withdrawals")):
            self.refused(self.send(host, "POST", path, ORDER), 403, "endpoint_blocked")
            self.assertEqual(self.recorder.seen(path), [])


if __name__ == "__main__":
    main()
