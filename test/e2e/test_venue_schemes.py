# SPDX-License-Identifier: Apache-2.0
"""HTX, Deribit, Bitfinex and Gemini, as the exchange sees them: each request that arrives is judged by the vendor's rule.

What moves money out never arrives, whatever it carries.
"""

import base64
import datetime
import hashlib
import hmac
import json
import shutil
import subprocess
import time
import unittest
import urllib.parse

from harness import proxy
from harness.case import OneProxy, main
from harness.packages import installed

HTX, DERIBIT, BITFINEX, GEMINI = "api.huobi.pro", "www.deribit.com", "api.bitfinex.com", "api.gemini.com"
NAMES = {HTX: "HTX", DERIBIT: "DERIBIT", BITFINEX: "BITFINEX", GEMINI: "GEMINI"}
# ccxt takes no key of Gemini's that does not say "account".
PLACEHOLDERS = {host: f"account-{name.lower()}-PLACEHOLDER-0123456789abcdef" for host, name in NAMES.items()}
KEYS = {HTX: "htx-4b2e9c71-77d0a5f3+x", DERIBIT: "drb_77aQ2mZx9L", BITFINEX: "bfx-key-5c2f00d6a1b7",
        GEMINI: "account-gem-91Kx03Ztq7"}
SECRETS = {HTX: "htx-secret-0a6C4D91b2e77f", DERIBIT: "deribitSecret8Hd62kWq0ZtR", BITFINEX: "bfx-secret-1f0e-99ab4c",
           GEMINI: "gemini-secret-7fQ31Lm9"}
ORDER = b'{"symbol": "BTC-USDT",  "side":"buy"}'
JSON = [("Content-Type", "application/json")]


def mac(host, text, kind=hashlib.sha256):
    return hmac.new(SECRETS[host].encode(), text if isinstance(text, bytes) else text.encode(), kind)


def authorization_of(request):
    """(word, {name: value}) of Deribit's field."""
    word, _, rest = request.get("Authorization").partition(" ")
    return word, dict(pair.split("=", 1) for pair in rest.split(","))


class Judge:
    """What each vendor would say of a request: nothing, or what is wrong."""

    def __init__(self):
        self.nonces = {}
        self.by_host = {HTX: self.htx, DERIBIT: self.deribit, BITFINEX: self.bitfinex, GEMINI: self.gemini}

    def htx(self, request):
        path, _, query = request.target.partition("?")
        pairs = [pair.split("=", 1) for pair in query.split("&")]
        names = [name for name, _ in pairs]
        own = dict(pairs)
        if names[-1] != "Signature" or names[:-1] != sorted(names[:-1]) or len(own) != len(pairs):
            return "the parameters are not sorted, or the signature is not the last one"
        text = "\n".join((request.method, request.get("Host"), path, "&".join("=".join(pair) for pair in pairs[:-1])))
        signature = base64.b64encode(mac(HTX, text).digest()).decode()
        if urllib.parse.unquote(own["Signature"]) != signature:
            return "signature"
        stamp = datetime.datetime.strptime(urllib.parse.unquote(own["Timestamp"]), "%Y-%m-%dT%H:%M:%S")
        return self.expects(HTX, urllib.parse.unquote(own["AccessKeyId"]), stamp.replace(tzinfo=datetime.timezone.utc).timestamp())

    def deribit(self, request):
        word, own = authorization_of(request)
        text = f"{own['ts']}\n{own['nonce']}\n{request.method}\n{request.target}\n".encode() + request.body + b"\n"
        if word != "deri-hmac-sha256" or own["sig"] != mac(DERIBIT, text).hexdigest():
            return "signature"
        return self.expects(DERIBIT, own["id"], int(own["ts"]) / 1000)

    def bitfinex(self, request):
        nonce = request.get("bfx-nonce")
        text = f"/api{request.target}{nonce}".encode() + request.body
        if request.all("bfx-signature") != [mac(BITFINEX, text, hashlib.sha384).hexdigest()]:
            return "signature"
        return self.expects(BITFINEX, request.get("bfx-apikey"), time.time()) or self.rises(BITFINEX, int(nonce))

    def gemini(self, request):
        payload = request.get("X-GEMINI-PAYLOAD")
        said = json.loads(base64.b64decode(payload))
        if request.all("X-GEMINI-SIGNATURE") != [mac(GEMINI, payload, hashlib.sha384).hexdigest()]:
            return "signature"
        if said["request"] != request.target or request.body:
            return "the payload is not the request"
        return self.expects(GEMINI, request.get("X-GEMINI-APIKEY"), time.time()) or self.rises(GEMINI, int(said["nonce"]))

    def expects(self, host, key, stamp):
        if key != KEYS[host]:
            return "key"
        return None if abs(time.time() - stamp) < 30 else "time"

    def rises(self, host, nonce):
        last, self.nonces[host] = self.nonces.get(host, 0), nonce
        return None if last < nonce < 2 ** 53 else "the nonce does not rise"


def payload(path, **more):
    """The fields of a Gemini request as its documents write it."""
    text = json.dumps({"request": path, "nonce": 1, **more}, indent=2)
    return [("X-GEMINI-PAYLOAD", base64.b64encode(text.encode()).decode())]


class VenueSchemes(OneProxy):
    hosts = tuple(NAMES)
    secrets = {f"{name}_{part}": values[host] for host, name in NAMES.items()
               for part, values in (("KEY", KEYS), ("SECRET", SECRETS))}

    @classmethod
    def rules(cls):
        return {name: {"placeholder": PLACEHOLDERS[host], "bindings": [{"host": host}],
                       "inject": {"type": name.lower(), "api_key": f"{name}_KEY", "api_secret": f"{name}_SECRET"}}
                for host, name in NAMES.items()}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.judge = Judge()
        cls.recorder.says("/", 200, "{}", JSON)
        cls.recorder.says("/v2/auth/", 200, "[]", JSON)  # Bitfinex answers with lists, and ccxt insists on them

    def send(self, host, method, target, body=b"", more=()):
        """As a client does that holds the placeholder and does not sign."""
        held, headers = PLACEHOLDERS[host], list(more)
        if host == HTX:
            target += ("&" if "?" in target else "?") + "AccessKeyId=" + held
        elif host == DERIBIT:
            headers += [("Authorization", f"deri-hmac-sha256 id={held}")]
        else:
            headers += [("bfx-apikey" if host == BITFINEX else "X-GEMINI-APIKEY", held)]
        return self.ask(host, method, target, headers, body)

    def at(self, path):
        return [request for request in self.recorder.seen(path) if request.path == path]

    def arrives(self, host, method, target, body=b"", more=()):
        """Sends it; what arrived, which the vendor would take."""
        answer = self.send(host, method, target, body, more)
        self.assertEqual(answer.status, 200, answer)
        request, = self.at(target.split("?")[0])
        self.assertIsNone(self.judge.by_host[host](request), request)
        self.assertEqual((request.method, request.body), (method, b"" if host == GEMINI else body))
        self.assertNotIn(b"PLACEHOLDER", request.raw)
        return request

    def stays_away(self, host, method, target, body=b"", more=(), reason="endpoint_blocked"):
        status = 403 if reason == "endpoint_blocked" else 400
        self.refused(self.send(host, method, target, body, more), status, reason)
        self.assertEqual(self.recorder.seen(target.split("?")[0]), [])

    def test_htx_gets_a_sorted_query_signed_for_the_host_that_was_asked(self):
        read = self.arrives(HTX, "GET", "/v1/htx/read?types=a%2cb&symbol=btc+usdt&Z=1&Signature=theirs&Timestamp=2001")
        self.assertTrue(read.target.split("&Signature=")[0].endswith("&Z=1&symbol=btc%20usdt&types=a%2Cb"), read.target)
        self.arrives(HTX, "POST", "/v1/htx/order", ORDER, JSON)

    def test_deribit_gets_calls_by_get_and_by_post(self):
        self.arrives(DERIBIT, "GET", "/api/v2/private/get_positions?currency=BTC&kind=future")
        call = b'{"jsonrpc":"2.0","id":1,"method":"private/buy","params":{"amount":10,"label":"a b"}}'
        self.arrives(DERIBIT, "POST", "/api/v2/private/buy", call, JSON)

    def test_the_nonces_of_bitfinex_and_gemini_rise_whoever_asks(self):
        for number in range(3):
            self.arrives(BITFINEX, "POST", f"/v2/auth/r/wallets{number}", more=[("bfx-nonce", "1"), ("bfx-signature", "x")])
            self.arrives(BITFINEX, "POST", f"/v2/auth/w/order/submit{number}", ORDER, JSON)
            path = f"/v1/balances{number}"
            request = self.arrives(GEMINI, "POST", path, b"{}" if number else b"", payload(path, account="primary") + [("X-GEMINI-SIGNATURE", "x")])
            said = base64.b64decode(request.get("X-GEMINI-PAYLOAD")).decode()
            self.assertIn('"account": "primary"\n}', said)  # with the client's own bytes

    def test_what_moves_money_out_never_arrives(self):
        for host, method, path in ((HTX, "POST", "/v1/dw/withdraw/api/create"), (HTX, "POST", "/v2/sub-user/api-key-generation"),
                                   (DERIBIT, "GET", "/api/v2/private/withdraw?currency=BTC&amount=1"),
                                   (DERIBIT, "GET", "/api/v2/private/%6cist_api_keys"),
                                   (BITFINEX, "POST", "/v2/auth/w/withdraw"), (BITFINEX, "POST", "/v2/auth/w//transfer"),
                                   (GEMINI, "POST", "/v1/withdraw/btc"), (GEMINI, "POST", "/v1/account/transfer/btc")):
            with self.subTest(host=host, path=path):
                self.stays_away(host, method, path, more=payload(path) if host == GEMINI else ())
                self.refused(self.ask(host, method, path), 403, "endpoint_blocked")
        call = b'{"method":"private/withdr\\u0061w","params":{"currency":"BTC","amount":1}}'
        self.refused(self.send(DERIBIT, "POST", "/api/v2/", call, JSON), 400, "malformed_request")
        self.assertEqual(self.at("/api/v2/"), [])

    def test_what_says_two_things_never_arrives(self):
        self.stays_away(HTX, "POST", "/v1/htx/part?symbol=btcusdt", ORDER, JSON, "malformed_request")
        self.stays_away(HTX, "GET", "/v1/htx/part?a=1&A=2", reason="malformed_request")
        self.stays_away(DERIBIT, "POST", "/api/v2/private/sell", b'{"method":"private/buy"}', JSON, "malformed_request")
        self.stays_away(BITFINEX, "POST", "/v2/auth/r/part?limit=1", reason="malformed_request")
        self.stays_away(GEMINI, "POST", "/v1/part", more=payload("/v1/withdraw/btc"), reason="malformed_request")

    def test_records_have_the_path_and_no_key(self):
        self.arrives(HTX, "GET", "/v1/htx/recorded")
        record = self.proxy.decisions()[-1]
        self.decided(record, "allowed", "binding_matched", "HTX")
        self.assertNotIn("AccessKeyId", json.dumps(record))

    @unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
    def test_what_ccxt_sends_arrives_signed(self):
        folder = installed("binance", scripts=("venues/ccxt.mjs",))
        environment = proxy.clean_environment(KEYSWAP_HOME=self.home.path)
        done = subprocess.run([proxy.BINARY, "run", "--password-file", str(self.home.password_file), "--",
                               "node", "ccxt.mjs"], cwd=folder, env=environment, capture_output=True, timeout=120, check=False)
        self.note("ccxt stdout", done.stdout)
        self.note("ccxt stderr", done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertNotIn("failed", done.stdout.decode())
        for host, path in ((HTX, "/v1/account/accounts"), (HTX, "/v1/order/orders/place"),
                           (DERIBIT, "/api/v2/private/get_account_summary"), (DERIBIT, "/api/v2/private/buy"),
                           (BITFINEX, "/v2/auth/r/info/user"), (BITFINEX, "/v2/auth/w/order/cancel"),
                           (GEMINI, "/v1/account"), (GEMINI, "/v1/order/cancel")):
            with self.subTest(host=host, path=path):
                request = self.at(path)[-1]
                self.assertIsNone(self.judge.by_host[host](request), request)
                self.assertNotIn(b"PLACEHOLDER", request.raw)


if __name__ == "__main__":
    main()
