# SPDX-License-Identifier: Apache-2.0
"""Bearer tokens that a private key signs, as the receiver sees them: verified by OpenSSL's own command."""

import base64
import hashlib
import json
import subprocess
import time

from harness import jwt
from harness.case import OneProxy, main

APPLE, COINBASE, SNOWFLAKE, GOOGLE = "store.test", "coinbase.test", "snowflake.test", "google.test"
PLATFORM = "platform.test"  # Coinbase's newer products
ALGORITHMS = {APPLE: "ES256", COINBASE: "EdDSA", PLATFORM: "ES256", SNOWFLAKE: "RS256", GOOGLE: "RS256"}
PLACEHOLDERS = {host: f"{host.split('.')[0]}-PLACEHOLDER-0123456789abcdef" for host in ALGORITHMS}


class Tokens(OneProxy):
    hosts = tuple(ALGORITHMS)

    @classmethod
    def document(cls):
        cls.keys = {}
        for host, algorithm in ALGORITHMS.items():
            name = host.split(".")[0].upper()
            private, cls.keys[host] = jwt.make_key(cls.inputs, name, algorithm)
            cls.home.must("secret", "add", f"{name}_KEY", "--private-key", stdin=private.read_bytes(), unlock=True)
        cls.throwaway, cls.throwaway_public = jwt.make_key(cls.inputs, "throwaway")
        cls.stranger, _ = jwt.make_key(cls.inputs, "stranger")
        return super().document()

    @classmethod
    def rules(cls):
        own = {APPLE: {"key_id": "2X9R4HXF34", "issuer": "57246542", "audience": "appstoreconnect-v1"},
               COINBASE: {"use": "coinbase", "key_id": "organizations/0a1b/apiKeys/2c3d"},
               PLATFORM: {"use": "coinbase", "key_id": "0a1b-2c3d", "uri_claim": "uris"},
               SNOWFLAKE: {"use": "snowflake", "account": "myaccount", "user": "myuser"},
               GOOGLE: {"key_id": "real-key", "issuer": "real@example.test", "subject": "real@example.test",
                        "client_key": cls.throwaway_public.read_text()}}
        return {host.split(".")[0].upper(): {
            "placeholder": PLACEHOLDERS[host], "bindings": [{"host": host}],
            "inject": {"type": "jwt", "algorithm": ALGORITHMS[host], "key": f"{host.split('.')[0].upper()}_KEY",
                       **own[host]},
        } for host in ALGORITHMS}

    def arrived(self, host, target):
        """Header and claims of the one token that arrived, signed by the real key."""
        seen = self.recorder.seen(target.split("?")[0])
        self.assertEqual(len(seen), 1, seen)
        words = seen[0].get("Authorization").split(" ")
        self.assertEqual(words[0], "Bearer")
        self.assertTrue(jwt.is_signed(words[1], self.keys[host], self.scratch, ALGORITHMS[host]), words[1])
        header, claims = jwt.read(words[1])
        self.assertEqual(header["alg"], ALGORITHMS[host])
        return seen[0], header, claims

    def own_token(self, claims, key=None, **header):
        """As an SDK signs it, with the throw-away key."""
        head = {"alg": "RS256", "typ": "JWT", "kid": PLACEHOLDERS[GOOGLE], **header}
        text = ".".join(jwt.encoded(json.dumps(part).encode()) for part in (head, claims))
        made = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(key or self.throwaway)],
                              input=text.encode(), check=True, capture_output=True)
        return text + "." + jwt.encoded(made.stdout)

    def send(self, host, target, token=None, body=b""):
        fields = [("Authorization", f"Bearer {token or PLACEHOLDERS[host]}")]
        return self.ask(host, "POST" if body else "GET", target, fields, body)

    def test_each_request_has_a_token_of_its_own_that_ends_in_two_minutes(self):
        self.assertEqual(self.send(APPLE, "/v1/apps?limit=1").status, 200)
        request, header, claims = self.arrived(APPLE, "/v1/apps")
        self.assertEqual((header["kid"], claims["iss"], claims["aud"]), ("2X9R4HXF34", "57246542", "appstoreconnect-v1"))
        self.assertLess(abs(time.time() - claims["iat"]), 30)
        self.assertEqual(claims["exp"] - claims["iat"], 120)
        self.assertNotIn(b"PLACEHOLDER", request.raw)

    def test_coinbases_token_is_for_this_method_host_and_path(self):
        body = b'{"side": "BUY"}'
        self.assertEqual(self.send(COINBASE, "/api/v3/brokerage/orders?a=b", body=body).status, 200)
        request, header, claims = self.arrived(COINBASE, "/api/v3/brokerage/orders")
        self.assertEqual((request.body, request.target), (body, "/api/v3/brokerage/orders?a=b"))
        self.assertEqual(claims["uri"], f"POST {COINBASE}/api/v3/brokerage/orders")
        self.assertEqual((header["kid"], claims["sub"]), ("organizations/0a1b/apiKeys/2c3d",) * 2)
        self.send(COINBASE, "/api/v3/brokerage/accounts")
        self.assertNotEqual(self.arrived(COINBASE, "/api/v3/brokerage/accounts")[1]["nonce"], header["nonce"])

    def test_coinbases_newer_products_read_a_list_with_the_request_in_it(self):
        self.assertEqual(self.send(PLATFORM, "/platform/v2/evm/accounts?limit=1").status, 200)
        _, _, claims = self.arrived(PLATFORM, "/platform/v2/evm/accounts")
        self.assertEqual((claims["uris"], claims.get("uri")), ([f"GET {PLATFORM}/platform/v2/evm/accounts"], None))

    def test_snowflakes_token_names_the_fingerprint_of_the_key(self):
        self.assertEqual(self.send(SNOWFLAKE, "/api/v2/statements", body=b"{}").status, 200)
        request, _, claims = self.arrived(SNOWFLAKE, "/api/v2/statements")
        der = subprocess.run(["openssl", "pkey", "-pubin", "-in", str(self.keys[SNOWFLAKE]), "-outform", "DER"],
                             check=True, capture_output=True).stdout
        fingerprint = base64.b64encode(hashlib.sha256(der).digest()).decode()
        self.assertEqual(claims["iss"], f"MYACCOUNT.MYUSER.SHA256:{fingerprint}")
        self.assertEqual(request.get("X-Snowflake-Authorization-Token-Type"), "KEYPAIR_JWT")

    def test_a_client_that_signs_with_a_throw_away_key_is_signed_for_anew(self):
        now = int(time.time())
        theirs = {"iss": "fake@example.test", "sub": "fake@example.test", "aud": f"https://{GOOGLE}/",
                  "iat": now, "exp": now + 3600}
        self.assertEqual(self.send(GOOGLE, "/storage/v1/b", self.own_token(theirs)).status, 200)
        _, header, claims = self.arrived(GOOGLE, "/storage/v1/b")
        self.assertEqual(header["kid"], "real-key")
        self.assertEqual(claims, {**theirs, "iss": "real@example.test", "sub": "real@example.test"})

    def test_what_another_key_signed_or_says_more_never_arrives(self):
        now = int(time.time())
        good = {"aud": f"https://{GOOGLE}/", "exp": now + 60}
        for token in (self.own_token(good, key=self.stranger), self.own_token(good, jku="https://evil.test/keys"),
                      self.own_token({**good, "exp": now - 1}), self.own_token({"aud": "x"}), None):
            self.refused(self.send(GOOGLE, "/storage/no", token), 400, "malformed_request")
        self.assertEqual(self.recorder.seen("/storage/no"), [])


if __name__ == "__main__":
    main()
