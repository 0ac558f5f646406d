# SPDX-License-Identifier: Apache-2.0
"""google-auth-library through `keyswap run`: a service account whose key the program does not have.

Google's hosts are doubles, as no server of theirs is to be had: they hold each token against the account's real key.
"""

import json
import shutil
import subprocess
import unittest

from harness import canary, jwt, proxy, token_server
from harness.case import Case, document, main
from harness.packages import installed

STORAGE, TOKENS = "storage.googleapis.com", "oauth2.googleapis.com"
KEY_ID, PLACEHOLDER_ID = "370ab79b4513eb9bad7c9bd16a95cb76b5b2a56a", "0123456789abcdef0123456789abcdef01234567"
ACCOUNT, MADE_UP = "svc@proj.iam.gserviceaccount.com", "agent@made-up.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/devstorage.read_only"
TOKEN = "ya29-PLACEHOLDER-0123456789abcdef"


class Google(Case):
    """The account, its file with a throw-away key, and a proxy with the class's rules."""

    secrets = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.packages = installed("tokens")
        cls.private, cls.public = jwt.make_key(cls.inputs, "account")
        throwaway, cls.throwaway_public = jwt.make_key(cls.inputs, "throwaway")
        cls.file = cls.inputs / "account.json"
        cls.file.write_text(json.dumps({
            "type": "service_account", "project_id": "proj", "private_key_id": PLACEHOLDER_ID, "private_key": throwaway.read_text(),
            "client_email": MADE_UP, "client_id": "1", "token_uri": f"https://{TOKENS}/token"}))
        cls.authority, identity = cls.make_pki([STORAGE, TOKENS])
        cls.storage, cls.tokens = cls.make_recorder(identity), cls.make_recorder(identity)
        cls.double = token_server.TokenServer(cls.tokens)
        cls.storage.on("/storage/", cls.answer)
        cls.home = cls.make_home(secrets={})
        for name in ("GOOGLE_ACCOUNT", "ACCOUNT_KEY"):
            cls.home.must("secret", "add", name, "--private-key", stdin=cls.private.read_bytes(), unlock=True)
        cls.home.bindings(document(cls.rules(), recorder=cls.storage, hosts=[STORAGE], root=cls.authority.certificate,
                                   resolve={f"{TOKENS}:443": cls.tokens.address}))
        cls.proxy = cls.start(cls.home)

    @classmethod
    def rules(cls):
        """Of an access token that keyswap gets."""
        return {"BUCKETS": {
            "placeholder": TOKEN, "bindings": [{"host": STORAGE, "methods": ["GET"], "paths": ["/storage/**"]}],
            "inject": {"type": "jwt_bearer", "token_url": f"https://{TOKENS}/token", "key": "ACCOUNT_KEY", "algorithm": "RS256",
                       "key_id": KEY_ID, "issuer": ACCOUNT, "scope": SCOPE, "header": "Authorization"}}}

    @classmethod
    def resigned(cls, **more):
        """Of what the throw-away key signed."""
        return {"type": "jwt", "algorithm": "RS256", "key": "GOOGLE_ACCOUNT", "key_id": KEY_ID, "issuer": ACCOUNT,
                "client_key": cls.throwaway_public.read_text(), **more}

    @classmethod
    def tearDownClass(cls):
        cls.secrets = {"the key": "".join(cls.private.read_text().splitlines()[1:3]), **cls.double.issued}
        super().tearDownClass()

    @classmethod
    def takes(cls, token):
        """A token that Google gave, or one that the account's key signed."""
        if token in cls.double.issued.values():
            return True
        return token.count(".") == 2 and jwt.is_signed(token, cls.public, cls.scratch) and jwt.read(token)[0].get("kid") == KEY_ID

    @classmethod
    def answer(cls, request, connection):
        word, _, token = (request.get("Authorization") or "").partition(" ")
        is_good = word == "Bearer" and cls.takes(token)
        connection.answer(200 if is_good else 401, json.dumps({"kind": "storage#buckets"} if is_good else {"error": {"code": 401}}),
                          [("Content-Type", "application/json")])

    def program(self, *steps):
        environment = proxy.clean_environment(KEYSWAP_HOME=self.home.path, GOOGLE_APPLICATION_CREDENTIALS=self.file, TOKEN=TOKEN,
                                              GCE_METADATA_HOST="127.0.0.1:1", HOME=self.scratch)
        done = subprocess.run([proxy.BINARY, "run", "--password-file", str(self.home.password_file), "--", "node", "google.mjs", *steps],
                              cwd=self.packages, env=environment, capture_output=True, timeout=120, check=False)
        self.note(f"{steps} stdout", done.stdout)
        self.note(f"{steps} stderr", done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode().splitlines()

    def check_assertion(self, form):
        self.assertTrue(jwt.is_signed(form["assertion"], self.public, self.scratch))
        header, claims = jwt.read(form["assertion"])
        self.assertEqual((header["kid"], claims["iss"], claims["scope"]), (KEY_ID, ACCOUNT, SCOPE))
        self.assertEqual(claims["aud"], f"https://{TOKENS}/token")

    def arrived(self, step):
        """(header, claims) of the token that came."""
        request = self.storage.one(f"/storage/v1/b/{step}")
        for text in (PLACEHOLDER_ID, MADE_UP, TOKEN):
            self.assertEqual(canary.find_in(request.raw, text), [])
        self.decided(self.proxy.decision(f"/storage/v1/b/{step}"), "allowed", "binding_matched")
        return jwt.read(request.get("Authorization").split(" ")[1])


@unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
class GoogleClients(Google):
    @classmethod
    def rules(cls):
        return {**super().rules(), "GOOGLE_ACCOUNT": {
            "placeholder": PLACEHOLDER_ID, "stand_in": True, "inject": cls.resigned(subject=ACCOUNT),
            "bindings": [{"host": STORAGE, "methods": ["GET"], "paths": ["/storage/**"]}]}}

    def test_an_account_that_signs_its_own_tokens_has_a_throw_away_key(self):
        """[I5] The library signs for an audience, or for scopes; what arrives is the account's, for the same."""
        self.assertEqual(self.program("audience", "scope"), [f'{step} {{"kind":"storage#buckets"}}' for step in ("audience", "scope")])
        header, claims = self.arrived("audience")
        self.assertEqual((header["kid"], claims["iss"], claims["sub"]), (KEY_ID, ACCOUNT, ACCOUNT))
        self.assertEqual(claims["aud"], f"https://{STORAGE}/")
        self.assertEqual(claims["exp"] - claims["iat"], 3600)
        _, claims = self.arrived("scope")
        self.assertEqual((claims["iss"], claims["scope"]), (ACCOUNT, SCOPE))

    def test_an_access_token_of_the_account_is_keyswaps_to_get(self):
        """The program holds its placeholder; Google gets an assertion of the account's, once."""
        self.assertEqual(self.program("token"), ['token {"kind":"storage#buckets"}'])
        self.assertEqual(self.storage.one("/storage/v1/b/token").get("Authorization"), f"Bearer {self.double.last()}")
        form, = self.double.forms
        self.check_assertion(form)


@unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
class GoogleGrant(Google):
    @classmethod
    def rules(cls):
        return {**super().rules(), "GOOGLE_GRANT": {
            "placeholder": "google-grant-PLACEHOLDER-0001", "inject": cls.resigned(client_token="assertion"),
            "bindings": [{"host": TOKENS, "methods": ["POST"], "paths": ["/token"]}]}}

    def test_a_program_that_gets_its_access_tokens_itself_signs_with_a_throw_away_key(self):
        """[I5] Its assertion names no key; what arrives is signed by the account's, for the same scopes, once."""
        self.assertEqual(self.program("grant"), ['grant {"kind":"storage#buckets"}'])
        form, = self.double.forms
        self.check_assertion(form)
        self.assertEqual(canary.find_in(self.tokens.one("/token").raw, MADE_UP), [])
        self.decided(self.proxy.decision("/token"), "allowed", "binding_matched", "GOOGLE_GRANT")

    def test_what_another_signed_never_arrives(self):
        """[I2] Nor what is no grant."""
        before = len(self.tokens.seen("/token"))
        stranger = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjEwfQ.AAAA"
        for form in (f"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={stranger}",
                     "grant_type=refresh_token&refresh_token=x", ""):
            answer = self.proxy.ask(TOKENS, "POST", "/token", [("Content-Type", "application/x-www-form-urlencoded")], form.encode())
            self.refused(answer, 400, "malformed_request")
        self.assertEqual(len(self.tokens.seen("/token")), before)


if __name__ == "__main__":
    main()
