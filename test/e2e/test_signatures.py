# SPDX-License-Identifier: Apache-2.0
"""Venues, webhooks and OAuth 1.0a, as the receiver sees them: what arrives is judged by its rule, in Python."""

import base64
import hashlib
import hmac
import json
import re
import shutil
import subprocess
import time
import unittest
import urllib.parse

from harness import proxy, wallet
from harness.case import OneProxy, main
from harness.packages import installed

BITMEX, BITVAVO, POLYMARKET = "www.bitmex.com", "api.bitvavo.com", "clob.polymarket.com"
GITHUB, SLACK, STANDARD = "github-hook.test", "slack-hook.test", "standard-hook.test"
PHOTOS, HYPERLIQUID = "photos.test", "api.hyperliquid.xyz"
VENUES, HOOKS = (BITMEX, BITVAVO, POLYMARKET), (GITHUB, SLACK, STANDARD)
ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
RAW = bytes(range(240, 256)) * 2  # what secrets in base64 stand for
SECRETS = {
    "BITMEX_KEY": "bitmex-key-4f1c9a7e20d3b6", "BITMEX_SECRET": "bitmexSecret_8Hd62kWq0ZtR-91B2",
    "BITVAVO_KEY": "bitvavo-key-77aQ2mZx9L5c2f", "BITVAVO_SECRET": "bitvavoSecret91B2E77F0A6C4D",
    "POLYMARKET_KEY": "0f6d1b52-77aa-4c1e-9a3e-5c2f00d6a1b7", "POLYMARKET_SECRET": base64.urlsafe_b64encode(RAW).decode(),
    "POLYMARKET_PHRASE": "polymarket phrase, not short",
    "GITHUB_HOOK": "It is the hook's own secret 91b2", "SLACK_HOOK": "8f742231b10e8888abcd99dd77e85a51",
    "STANDARD_HOOK": "whsec_" + base64.b64encode(RAW).decode(),
    "PHOTOS_KEY": "photos-key/4f1c+9a7e=20d3", "PHOTOS_SECRET": "photosSecret&8Hd62kWq0ZtR",
    "PHOTOS_TOKEN": "photos-token:77aQ2mZx9L5c", "PHOTOS_TOKEN_SECRET": "photosTokenSecret%91B2E7",
    "HYPERLIQUID": "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
}
NAMES = {BITMEX: "BITMEX", BITVAVO: "BITVAVO", POLYMARKET: "POLYMARKET",
         GITHUB: "GITHUB_HOOK", SLACK: "SLACK_HOOK", STANDARD: "STANDARD_HOOK"}
PLACEHOLDERS = {host: f"{host.split('.')[0]}-{host.split('.')[1]}-PLACEHOLDER-0123456789ab" for host in NAMES}
FIELDS = {BITMEX: "api-key", BITVAVO: "Bitvavo-Access-Key", POLYMARKET: "POLY_API_KEY",
          GITHUB: "X-Hub-Signature-256", SLACK: "X-Slack-Signature", STANDARD: "webhook-signature"}
OWN = {  # what the vendor's client sends besides its key, signed with a secret that it made up
    BITMEX: [("api-signature", "1")],
    BITVAVO: [("Bitvavo-Access-Signature", "1"), ("Bitvavo-Access-Timestamp", "1")],
    POLYMARKET: [("POLY_SIGNATURE", "1"), ("POLY_TIMESTAMP", "1"), ("POLY_PASSPHRASE", "1"), ("POLY_ADDRESS", "0x1")],
    GITHUB: [], SLACK: [("X-Slack-Request-Timestamp", "1")], STANDARD: [("webhook-timestamp", "1")],
}
ALWAYS = {STANDARD: [("webhook-id", "msg_2Lh9KRb0pzN4LePd3XiA4v12Axj")]}
ORDER = b'{"symbol": "XBTUSD",  "side":"Buy"}'


def mac(name, *parts, key=None):
    text = b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)
    return hmac.new(key or SECRETS[name].encode(), text, hashlib.sha256)


def expected(host, request):
    """({header: value}, the time): what the receiver would compute over the bytes that arrived, and their time."""
    method, target, body = request.method, request.target, request.body
    if host == BITMEX:
        until = request.get("api-expires")
        return {"api-key": SECRETS["BITMEX_KEY"],
                "api-signature": mac("BITMEX_SECRET", method, target, until, body).hexdigest()}, int(until) - 60
    if host == BITVAVO:
        stamp = request.get("Bitvavo-Access-Timestamp")
        return {"Bitvavo-Access-Key": SECRETS["BITVAVO_KEY"],
                "Bitvavo-Access-Signature": mac("BITVAVO_SECRET", stamp, method, target, body).hexdigest()}, int(stamp) / 1000
    if host == POLYMARKET:
        stamp = request.get("POLY_TIMESTAMP")
        made = mac("", stamp, method, target.partition("?")[0], body, key=RAW).digest()
        return {"POLY_API_KEY": SECRETS["POLYMARKET_KEY"], "POLY_PASSPHRASE": SECRETS["POLYMARKET_PHRASE"],
                "POLY_ADDRESS": ADDRESS, "POLY_SIGNATURE": base64.urlsafe_b64encode(made).decode()}, int(stamp)
    if host == GITHUB:
        return {"X-Hub-Signature-256": "sha256=" + mac("GITHUB_HOOK", body).hexdigest()}, time.time()
    if host == SLACK:
        stamp = request.get("X-Slack-Request-Timestamp")
        return {"X-Slack-Signature": "v0=" + mac("SLACK_HOOK", "v0:", stamp, ":", body).hexdigest()}, int(stamp)
    stamp = request.get("webhook-timestamp")
    made = mac("", request.get("webhook-id"), ".", stamp, ".", body, key=RAW).digest()
    return {"webhook-signature": "v1," + base64.b64encode(made).decode()}, int(stamp)


WALLET_PLACEHOLDER = "hyperliquid-PLACEHOLDER-0123456789ab"
# What the program of OAuth 1.0a holds in place of the real four.
PAIR = ("photos-PLACEHOLDER-0123456789abcdef", "made-up&secret", "made-up-token", "made-up token secret")
HASHES = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256"}


def quoted(text):
    return urllib.parse.quote(text, safe="-._~")


def oauth_signature(method, url, parameters, secret, token_secret, kind="sha1"):
    """RFC 5849 section 3.4."""
    sorted_ones = sorted((quoted(name), quoted(value)) for name, value in parameters)
    text = "&".join(quoted(part) for part in (method, url, "&".join(f"{name}={value}" for name, value in sorted_ones)))
    made = hmac.new(f"{quoted(secret)}&{quoted(token_secret)}".encode(), text.encode(), kind)
    return base64.b64encode(made.digest()).decode()


def oauth_field(parameters):
    return "OAuth " + ", ".join(f'{name}="{quoted(value)}"' for name, value in parameters)


class Signatures(OneProxy):
    hosts = (*VENUES, *HOOKS, PHOTOS, HYPERLIQUID)
    secrets = SECRETS

    @classmethod
    def rules(cls):
        rules = {}
        for host, name in NAMES.items():
            if host in HOOKS:
                inject = {"type": "webhook", "style": name.split("_")[0].lower(), "header": FIELDS[host]}
            else:
                inject = {"type": name.lower(), "api_key": f"{name}_KEY", "api_secret": f"{name}_SECRET"}
            if host == POLYMARKET:
                inject.update(passphrase="POLYMARKET_PHRASE", address=ADDRESS)
            rules[name] = {"placeholder": PLACEHOLDERS[host], "inject": inject, "bindings": [{"host": host}]}
        rules["PHOTOS"] = {"placeholder": PAIR[0], "bindings": [{"host": PHOTOS}], "inject": {
            "type": "oauth1", "consumer_key": "PHOTOS_KEY", "consumer_secret": "PHOTOS_SECRET", "token": "PHOTOS_TOKEN",
            "token_secret": "PHOTOS_TOKEN_SECRET", "proof": "require", "placeholder_secret": PAIR[1],
            "placeholder_token_secret": PAIR[3]}}
        rules["HYPERLIQUID"] = {"placeholder": WALLET_PLACEHOLDER, "bindings": [{"host": HYPERLIQUID}],
                                "inject": {"type": "hyperliquid", "header": "X-Keyswap-Wallet"}}
        return rules

    def send(self, host, method, target, body=b"", own=()):
        return self.ask(host, method, target, [(FIELDS[host], PLACEHOLDERS[host]), *ALWAYS.get(host, []), *own], body)

    def check(self, host, method, target, body=b"", own=()):
        """Sends it, and judges what arrived."""
        answer = self.send(host, method, target, body, own)
        self.assertEqual(answer.status, 200, answer)
        seen = self.recorder.seen(target.split("?")[0])
        self.assertEqual(len(seen), 1, seen)
        request = seen[0]
        self.assertEqual((request.method, request.target, request.body), (method, target, body))
        wanted, moment = expected(host, request)
        self.assertLess(abs(time.time() - moment), 30)
        for name, value in wanted.items():
            self.assertEqual(request.all(name), [value], name)
        for name, _ in OWN[host]:
            self.assertEqual(len(request.all(name)), 1, name)
        return request

    def test_what_arrives_is_signed_as_the_receiver_would_and_otherwise_as_it_was_sent(self):
        for host in NAMES:
            for number, own in enumerate(([], OWN[host])):
                with self.subTest(host=host, own=own):
                    self.check(host, "GET", f"/api/read{number}/{host}?a=b%2Cc&d=e", own=own)
                    self.check(host, "POST", f"/api/write{number}/{host}", ORDER, own)

    def test_how_long_a_request_holds_is_the_clients_choice(self):
        until = str(int(time.time()) + 5)
        request = self.send(BITMEX, "GET", "/api/v1/until", own=[("api-expires", until)])
        self.assertEqual(request.status, 200)
        self.assertEqual(self.recorder.seen("/api/v1/until")[0].all("api-expires"), [until])
        window = self.check(BITVAVO, "GET", "/v2/window", own=[("Bitvavo-Access-Window", "2000")])
        self.assertEqual(window.all("Bitvavo-Access-Window"), ["2000"])

    def test_what_is_there_twice_or_cannot_be_read_never_arrives(self):
        for host in NAMES:
            name = (OWN[host] or [("X-Hub-Signature-256", "")])[0][0]
            with self.subTest(host=host):
                answer = self.send(host, "POST", "/twice", ORDER, [(name, "1"), (name.lower(), "1")])
                self.assertEqual(answer.status, 400, answer)
        self.refused(self.send(BITMEX, "GET", "/twice", own=[("api-expires", "soon")]), 400, "malformed_request")
        self.refused(self.send(STANDARD, "POST", "/twice", ORDER, [("webhook-id", "another")]), 400, "malformed_request")
        self.assertEqual(self.recorder.seen("/twice"), [])

    def test_what_moves_money_or_makes_keys_never_arrives(self):
        """[I5] Also without the placeholder, and in another spelling."""
        for host, path in ((BITMEX, "/api/v1/user/requestWithdrawal"), (BITMEX, "/api/v1/user/walletTransfer"),
                           (BITVAVO, "/v2/withdrawal"), (BITVAVO, "/v2/crypto/withdrawal"),
                           (POLYMARKET, "/auth/api-key")):
            for spelled in (path, path.upper(), "/x/.." + path, path.replace("a", "%61", 1)):
                with self.subTest(host=host, path=spelled):
                    self.refused(self.send(host, "POST", spelled, ORDER), 403, "endpoint_blocked")
                    self.refused(self.ask(host, "POST", spelled, [], ORDER), 403, "endpoint_blocked")
        self.refused(self.send(POLYMARKET, "GET", "/auth/derive-api-key"), 403, "endpoint_blocked")
        self.refused(self.send(POLYMARKET, "POST", "/order", ORDER), 403, "endpoint_blocked")
        self.assertEqual([request for request in self.recorder.seen("/") if "withdrawal" in request.target.lower()], [])
        self.check(POLYMARKET, "DELETE", "/order", b'{"orderID": "0x1"}')

    def send_oauth(self, method, target, form=(), kind="HMAC-SHA1", secret=PAIR[1]):
        """Signs it as the program does, and sends it; gives what it said of itself."""
        path, _, query = target.partition("?")
        own = [("oauth_consumer_key", PAIR[0]), ("oauth_token", PAIR[2]), ("oauth_signature_method", kind),
               ("oauth_timestamp", str(int(time.time()))), ("oauth_nonce", "n" + str(time.monotonic_ns()))]
        signed = [*own, *urllib.parse.parse_qsl(query, keep_blank_values=True), *form]
        made = oauth_signature(method, f"https://{PHOTOS}{path}", signed, secret, PAIR[3], HASHES.get(kind, "sha1"))
        headers = [("Authorization", oauth_field([*own, ("oauth_signature", made)]))]
        if form:
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        return own, self.ask(PHOTOS, method, target, headers, urllib.parse.urlencode(form).encode())

    def check_oauth(self, method, target, form=(), kind="HMAC-SHA1"):
        own, answer = self.send_oauth(method, target, form, kind)
        self.assertEqual(answer.status, 200, answer)
        request = self.recorder.one(target.partition("?")[0])
        self.assertEqual((request.target, request.body), (target, urllib.parse.urlencode(form).encode()))
        fields = request.all("Authorization")
        self.assertEqual(len(fields), 1)
        found = [(name, urllib.parse.unquote(value)) for name, value in re.findall(r'(\w+)="([^"]*)"', fields[0])]
        wanted = [("oauth_consumer_key", SECRETS["PHOTOS_KEY"]), ("oauth_token", SECRETS["PHOTOS_TOKEN"]), *own[2:]]
        path, _, query = target.partition("?")
        signed = [*wanted, *urllib.parse.parse_qsl(query, keep_blank_values=True), *form]
        made = oauth_signature(method, f"https://{PHOTOS}{path}", signed, SECRETS["PHOTOS_SECRET"],
                               SECRETS["PHOTOS_TOKEN_SECRET"], HASHES[kind])
        self.assertEqual(found, [*wanted, ("oauth_signature", made)])

    def test_oauth1_is_signed_anew_over_query_and_form(self):
        self.check_oauth("GET", "/photos/get?size=original&file=a%20b.jpg&empty=&size=1")
        self.check_oauth("GET", "/photos/sha256?a=1", kind="HMAC-SHA256")
        self.check_oauth("POST", "/photos/post?a=1", [("status", "Hello Ladies + Gentlemen, \u00e9"), ("a", "0")])

    def test_oauth1_of_somebody_without_the_made_up_pair_never_arrives(self):
        _, answer = self.send_oauth("GET", "/photos/no", secret="another")
        self.refused(answer, 400, "malformed_request")
        _, answer = self.send_oauth("GET", "/photos/no", kind="PLAINTEXT")
        self.refused(answer, 400, "malformed_request")
        _, answer = self.send_oauth("GET", "/photos/no?oauth_token=x")
        self.refused(answer, 400, "malformed_request")
        self.assertEqual(self.recorder.seen("/photos/no"), [])

    def act(self, action, target="/exchange", **more):
        """Sends an action as the vendor's client does, signed with a key that is nobody's."""
        body = {"action": action, "nonce": int(time.time() * 1000), "signature": {"r": "0x1", "s": "0x2", "v": 27},
                "vaultAddress": None, "expiresAfter": None, **more}
        return body, self.ask(HYPERLIQUID, "POST", target, [("X-Keyswap-Wallet", WALLET_PLACEHOLDER),
                                                            ("Content-Type", "application/json")], json.dumps(body).encode())

    def check_wallet(self, request):
        arrived = json.loads(request.body)
        self.assertEqual(wallet.signer_of(wallet.action_digest(arrived), arrived["signature"]),
                         wallet.address_of(SECRETS["HYPERLIQUID"]))
        return arrived

    def test_hyperliquids_actions_are_signed_by_the_wallet_and_otherwise_as_they_were_sent(self):
        orders = [{"a": 1, "b": True, "p": "100", "s": "0.5", "r": False, "t": {"limit": {"tif": "Gtc"}}}] * 20
        more = {"vaultAddress": "0x1719884eb866cb12b2287399b15f7db5e7d775ea", "expiresAfter": 1893456000000}
        for number, action in enumerate(({"type": "order", "orders": orders[:15], "grouping": "na"},
                                         {"type": "cancel", "cancels": [{"a": 200, "o": 77738308}]},
                                         {"type": "scheduleCancel", "time": None})):
            with self.subTest(action=action["type"]):
                sent, answer = self.act(action, **(more if number else {}))
                self.assertEqual(answer.status, 200, answer)
                request = self.recorder.seen("/exchange")[-1]
                self.assertEqual(request.all("X-Keyswap-Wallet"), [])
                arrived = self.check_wallet(request)
                self.assertEqual({**arrived, "signature": None}, {**sent, "signature": None})
                self.assertEqual(list(arrived), list(sent))
        self.assertEqual(self.ask(HYPERLIQUID, "POST", "/info", [("X-Keyswap-Wallet", WALLET_PLACEHOLDER)],
                                  b'{"type": "meta"}').status, 200)
        self.assertEqual(self.recorder.one("/info").body, b'{"type": "meta"}')

    def test_what_moves_money_out_of_hyperliquid_is_not_signed(self):
        before = len(self.recorder.seen("/exchange"))
        for kind in ("withdraw3", "usdSend", "approveAgent", "somethingNew"):
            self.refused(self.act({"type": kind})[1], 403, "endpoint_blocked")
        self.refused(self.act({"type": "noop"}, more=1)[1], 400, "malformed_request")
        self.refused(self.act({"type": "noop", "x": 0.5})[1], 400, "malformed_request")
        self.assertEqual(len(self.recorder.seen("/exchange")), before)

    @unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
    def test_what_ccxt_sends_arrives_signed(self):
        folder = installed("binance", scripts=("venues/ccxt_more.mjs",))
        environment = proxy.clean_environment(KEYSWAP_HOME=self.home.path)
        done = subprocess.run([proxy.BINARY, "run", "--password-file", str(self.home.password_file), "--",
                               "node", "ccxt_more.mjs"], cwd=folder, env=environment, capture_output=True, timeout=120,
                              check=False)
        self.note("ccxt stdout", done.stdout)
        self.note("ccxt stderr", done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertNotIn("failed", done.stdout.decode())
        for host, path in ((BITMEX, "/api/v1/user"), (BITMEX, "/api/v1/order"),
                           (BITVAVO, "/v2/account"), (BITVAVO, "/v2/order")):
            with self.subTest(host=host, path=path):
                request, = (seen for seen in self.recorder.seen(path) if seen.path == path)
                wanted, _ = expected(host, request)
                self.assertEqual({name: request.all(name) for name in wanted}, {name: [value] for name, value in wanted.items()})
        request = self.recorder.seen("/exchange")[-1]
        self.assertEqual(self.check_wallet(request)["action"], {"type": "cancel", "cancels": [{"a": 1, "o": 77738308}]})
        self.assertEqual(request.all("X-Keyswap-Wallet"), [])


if __name__ == "__main__":
    main()
