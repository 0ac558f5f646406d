# SPDX-License-Identifier: Apache-2.0
"""openid-client and oauth4webapi through `keyswap run`, and a real provider, oidc-provider, that keyswap gets its tokens from.

The provider exchanges a refresh token for another one each time, and takes a second use of one for a theft: then the login is
over. A recorder stands before it for TLS, and sees all that arrives.
"""

import concurrent.futures
import os
import shutil
import subprocess
import time
import unittest
import urllib.parse

from harness import canary, openid, proxy
from harness.case import Case, document, main
from harness.packages import installed

AUTH = "auth.vendor.test"
ISSUER = f"https://{AUTH}"
# Letters and digits alone: oauth4webapi writes all others as escapes into Basic (RFC 6749 section 2.3.1).
P, P_SECRET = "shopPLACEHOLDERtoken0123456789abcd", "shopPLACEHOLDERsecret0123456789abc"
POST = {"id": "shop client/1", "secret": "shop+secret=9Zt4b&Qq8%41", "auth": "post", "seconds": 3600}
BASIC = {"id": "crm: client%2", "secret": "crm+secret=Yb3/Qq8&Wc5:%41", "auth": "basic", "seconds": 3600}
BRIEF = {"id": "brief client", "secret": "briefSecret7Hd62kWq0Zt", "auth": "post", "seconds": 8}
OWN = [{"id": f"own-{auth}", "secret": f"ownSecret{auth}91B2E77F0A6C4D", "auth": auth, "seconds": 3600} for auth in ("post", "basic")]
CLIENTS = [POST, BASIC, BRIEF, *OWN]
SIGNING = [("RS256", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
           ("ES256", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]), ("EdDSA", ["-algorithm", "ED25519"])]
WHERE = [{"host": AUTH, "methods": ["GET"], "paths": ["/me", "/orders"]}]


@unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
class OpenidClients(Case):
    """A home a test."""

    secrets = {client["id"]: client["secret"] for client in CLIENTS}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.packages = installed("tokens")
        cls.keys = {alg: subprocess.run(["openssl", "genpkey", *how], check=True, capture_output=True).stdout for alg, how in SIGNING}
        signing = [{"id": f"signs {alg}", "alg": alg, "kid": f"key of {alg}", "seconds": 3600, "key": subprocess.run(
            ["openssl", "pkey", "-pubout"], input=key, check=True, capture_output=True).stdout.decode()} for alg, key in cls.keys.items()]
        cls.provider = openid.Provider(ISSUER, CLIENTS + signing, cls.packages)
        cls.addClassCleanup(cls.provider.stop)
        cls.authority, identity = cls.make_pki([AUTH])
        cls.recorder = cls.make_recorder(identity)
        cls.recorder.on("/", cls.provider.serve)

    @classmethod
    def tearDownClass(cls):
        cls.secrets = {**cls.secrets, **{f"token {number}": token for number, token in enumerate(cls.provider.issued)}}
        super().tearDownClass()

    def begin(self, name, inject, vault, where=None, placeholder=P):
        home = self.make_home(name, vault)
        rule = {"placeholder": placeholder, "bindings": where or WHERE, "inject": inject}
        home.bindings(document({"SHOP": rule}, recorder=self.recorder, hosts=[AUTH], root=self.authority.certificate))
        return home, self.start(home)

    def logged_in(self, name, client):
        """With the refresh token of somebody who logged in; (home, proxy, that token)."""
        token = self.provider.log_in(client["id"])
        home, running = self.begin(
            name, {"type": "oauth2_refresh", "token_url": f"{ISSUER}/token", "client_id": "SHOP_ID", "client_secret": "SHOP_SECRET",
                   "auth": {"post": "body", "basic": "basic"}[client["auth"]], "refresh_token": "SHOP_REFRESH",
                   "header": "Authorization"},
            {"SHOP_ID": client["id"], "SHOP_SECRET": client["secret"], "SHOP_REFRESH": token})
        return home, running, token

    def of_client(self, name, client):
        return self.begin(
            name, {"type": "oauth2_client_credentials", "token_url": f"{ISSUER}/token", "client_id": "SHOP_ID", "scope": "read",
                   "client_secret": "SHOP_SECRET", "auth": {"post": "body", "basic": "basic"}[client["auth"]],
                   "header": "Authorization"},
            {"SHOP_ID": client["id"], "SHOP_SECRET": client["secret"]})

    def program(self, home, library, *steps, **more):
        """What the program says; it holds placeholders alone."""
        environment = proxy.clean_environment(**{"KEYSWAP_HOME": home.path, "ISSUER": ISSUER, "TOKEN": P, "CLIENT_ID": "shop",
                                                 "CLIENT_SECRET": P_SECRET, **more})
        done = subprocess.run([proxy.BINARY, "run", "--password-file", str(home.password_file), "--", "node", "openid.mjs", library,
                               *steps], cwd=self.packages, env=environment, capture_output=True, timeout=120, check=False)
        self.note(f"{library} {steps} stdout", done.stdout)
        self.note(f"{library} {steps} stderr", done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode().splitlines()

    def reads(self, running):
        """Does a request get the name of who logged in?"""
        answer = running.ask(AUTH, "GET", "/me", [("Authorization", f"Bearer {P}")])
        self.note("answer", answer.raw_head + answer.body)
        return answer

    def exchanges(self, client):
        """The refresh tokens that were exchanged for this client, in their order."""
        forms = [dict(urllib.parse.parse_qsl(request.body.decode())) for request in self.recorder.seen("/token")]
        return [form["refresh_token"] for form in forms if form.get("client_id") == client["id"] and "refresh_token" in form]

    def events(self, running, kind):
        return [(record["event"], record["outcome"]) for record in running.records() if record["type"] == kind]

    def test_L01_L15_a_login_that_keyswap_keeps_serves_both_libraries(self):
        """Each asks the provider who logged in, and another API for its orders; the provider knows the token."""
        home, running, first = self.logged_in("kept", POST)
        for library in ("openid-client", "oauth4webapi"):
            self.assertEqual(self.program(home, library, "user", "orders"), ['user "ann"', 'orders {"client":"shop client/1"}'])
        self.assertEqual(self.exchanges(POST), [first])
        self.assertEqual(self.events(running, "token_rotation"), [("rotation_pending", "ok"), ("rotated", "ok")])
        asked = [request for request in self.recorder.seen("/me") + self.recorder.seen("/orders")]
        self.assertTrue(asked)
        for request in asked:
            self.assertEqual(canary.find_in(request.raw, P), [])

    def test_after_each_kill_the_login_goes_on_and_no_refresh_token_comes_twice(self):
        """The provider would end the login at once."""
        home, running, first = self.logged_in("killed", {**POST})
        begun = len(self.exchanges(POST))
        for _ in range(5):
            self.assertEqual(self.reads(running).status, 200)
            running.kill()
            running = self.start(home)
        self.assertEqual(self.reads(running).status, 200)
        exchanged = self.exchanges(POST)[begun:]
        self.assertEqual((exchanged[0], len(exchanged), len(set(exchanged))), (first, 6, 6))

    def test_L21_many_that_begin_at_once_are_one_use_of_the_refresh_token(self):
        _, running, first = self.logged_in("many", POST)
        begun = len(self.exchanges(POST))
        with concurrent.futures.ThreadPoolExecutor(30) as pool:
            self.assertEqual(set(pool.map(lambda _: self.reads(running).status, range(60))), {200})
        self.assertEqual(self.exchanges(POST)[begun:], [first])

    def test_a_token_near_its_end_is_exchanged_behind_the_answers(self):
        """It lives 8 seconds, and in its second half the next one is got: no request waits for it, none fails."""
        _, running, first = self.logged_in("brief", BRIEF)
        end = time.monotonic() + 60
        while len(self.exchanges(BRIEF)) < 3 and time.monotonic() < end:
            self.assertEqual(self.reads(running).status, 200)
            time.sleep(0.05)
        exchanged = self.exchanges(BRIEF)
        self.assertEqual((exchanged[0], len(set(exchanged))), (first, len(exchanged)))
        self.assertGreaterEqual(len(exchanged), 3)

    def test_L05_a_login_that_the_provider_ended_is_not_tried_again_until_there_is_another(self):
        """Somebody else uses a refresh token a second time: the provider ends the login with all its tokens."""
        home, running, first = self.logged_in("ended", POST)
        self.assertEqual(self.reads(running).status, 200)
        status, said = self.provider.refresh(POST, first)
        self.assertEqual((status, said["error"]), (400, "invalid_grant"))
        self.assertEqual(self.reads(running).status, 401)  # the provider's own, for the token that it ended
        running.kill()
        running = self.start(home)
        begun = len(self.exchanges(POST))
        for _ in range(3):
            self.refused(self.reads(running), 503, "secret_unavailable")
        self.assertEqual(len(self.exchanges(POST)), begun + 2)  # the one of the vault, and the one before it, once
        self.assertEqual(self.exchanges(POST)[-1], first)
        self.assertIn(("minted", "token_endpoint_error:invalid_grant"), self.events(running, "token_exchange"))
        home.must("secret", "rotate", "SHOP_REFRESH", stdin=self.provider.log_in(POST["id"]).encode(), unlock=True)
        self.assertTrue(self.recorder.wait(lambda: self.reads(running).status == 200, 20))

    def test_L02_L24_a_client_of_its_own_says_who_it_is_in_both_ways(self):
        """Id and secret have what has to be escaped in Basic, and in a form."""
        for client in (POST, BASIC):
            with self.subTest(auth=client["auth"]):
                home, running = self.of_client(f"client-{client['auth']}", client)
                library = {"post": "openid-client", "basic": "oauth4webapi"}[client["auth"]]
                before = len(self.recorder.seen("/token"))
                self.assertEqual(self.program(home, library, "orders", "orders"), [f'orders {{"client":"{client["id"]}"}}'] * 2)
                self.assertEqual(len(self.recorder.seen("/token")), before + 1)
                self.assertEqual(self.events(running, "token_exchange"), [("minted", "ok")])
        home, running, first = self.logged_in("basic", BASIC)
        self.assertEqual(self.program(home, "openid-client", "user"), ['user "ann"'])

    def test_a_client_signs_who_it_is_and_the_provider_verifies_it(self):
        """For a token of its own, and for one of somebody who logged in, which takes a second call when it starts again."""
        for alg, key in self.keys.items():
            signing = {"auth": "private_key_jwt", "key": "SHOP_KEY", "algorithm": alg, "key_id": f"key of {alg}",
                       "token_url": f"{ISSUER}/token", "client_id": "SHOP_ID", "assertion_audience": ISSUER, "header": "Authorization"}
            refreshing = {"type": "oauth2_refresh", "refresh_token": "SHOP_REFRESH", **signing}
            for name, inject, target in (("own", {"type": "oauth2_client_credentials", "scope": "read", **signing}, "/orders"),
                                         ("person", refreshing, "/me")):
                with self.subTest(alg=alg, of=name):
                    token = self.provider.log_in(f"signs {alg}") if name == "person" else None
                    home = self.make_home(f"signs-{alg}-{name}", {"SHOP_ID": f"signs {alg}", **({"SHOP_REFRESH": token} if token else {})})
                    home.must("secret", "add", "SHOP_KEY", "--private-key", stdin=key, unlock=True)
                    home.bindings(document({"SHOP": {"placeholder": P, "bindings": WHERE, "inject": inject}}, recorder=self.recorder,
                                           hosts=[AUTH], root=self.authority.certificate))
                    for _ in range(2):
                        running = self.start(home)
                        answer = running.ask(AUTH, "GET", target, [("Authorization", f"Bearer {P}")])
                        self.assertEqual(answer.status, 200, self.events(running, "token_exchange"))
                        running.kill()
        forms = [dict(urllib.parse.parse_qsl(request.body.decode())) for request in self.recorder.seen("/token")]
        assertions = [form["client_assertion"] for form in forms if "client_assertion" in form]
        self.assertEqual(len(set(assertions)), 2 * 2 * len(SIGNING))
        self.assertEqual(len(assertions), len(set(assertions)))

    def test_a_program_that_gets_its_tokens_itself_holds_a_placeholder_of_its_secret(self):
        """openid-client has it in the form, oauth4webapi in Basic."""
        for client, library, inject in ((OWN[0], "openid-client", {"body": "text", "form_field": "client_secret"}),
                                        (OWN[1], "oauth4webapi", {"basic": "password"})):
            with self.subTest(library):
                where = [{"host": AUTH, "methods": ["POST"], "paths": ["/token"]}]
                home, running = self.begin(f"own-{library}", inject, {"SHOP": client["secret"]}, where, P_SECRET)
                self.assertEqual(self.program(home, library, "own", CLIENT_ID=client["id"]),
                                 [f'own {{"client":"{client["id"]}"}}'])
                self.decided(running.decision("/token"), "allowed", "binding_matched", "SHOP")


if __name__ == "__main__":
    main()
