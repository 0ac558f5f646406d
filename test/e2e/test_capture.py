# SPDX-License-Identifier: Apache-2.0
"""Logins made through the proxy (docs/bindings.md, "Capture"): the client gets placeholders, and they work. The servers
are doubles (harness/login_server.py), which follow what their vendors document."""

import base64
import concurrent.futures
import gzip
import json
import threading
import time
import urllib.parse

from harness import login_server
from harness.case import OneProxy, main

GITHUB, GITHUB_API = "github.test", "api.github.test"
REGISTRY = "registry.test"
CONSOLE, API = "console.agent.test", "api.agent.test"
OTHER = "other.test"
P_GITHUB, P_NPM = "gho_PLACEHOLDER0123456789abcdefghijklmn", "npm_PLACEHOLDER0123456789abcdefghijklmn"
P_ACCESS, P_REFRESH = "sk-ant-oat01-PLACEHOLDER-0123456789", "sk-ant-ort01-PLACEHOLDER-0123456789"
P_SIGNATURE = "PLACEHOLDER-of-a-signature-012345678"
P_SESSION, P_KEYSTONE = "session-PLACEHOLDER-0123456789abcd", "keystone-PLACEHOLDER-0123456789abc"


def rule(placeholder, inject, hosts, captures):
    return {"placeholder": placeholder, "inject": inject, "bindings": [{"host": host} for host in hosts],
            "capture": captures}


def header(form, name="Authorization", **more):
    return {"header": name, "format": form, **more}


class Captured(OneProxy):
    """One proxy, whose vault is empty: every token comes with a login."""

    hosts = (GITHUB, GITHUB_API, REGISTRY, CONSOLE, API, OTHER)
    secrets = {}

    @classmethod
    def rules(cls):
        device = {"host": GITHUB, "methods": ["POST"], "paths": ["/login/oauth/access_token"]}
        oauth = {"host": CONSOLE, "methods": ["POST"], "paths": ["/v1/oauth/token"]}
        return {
            "GITHUB": rule(P_GITHUB, header("token {secret}"), [GITHUB_API],
                           [{**device, "form_field": "access_token"}, {**device, "json_pointer": "/access_token"}]),
            "NPM": rule(P_NPM, [header("Bearer {secret}", max_occurrences=2), {"path": "/-/user/token/{secret}", "max_occurrences": 2}], [REGISTRY],
                        [{"host": REGISTRY, "methods": ["PUT"], "paths": ["/-/user/**"], "json_pointer": "/token"},
                         {"host": REGISTRY, "paths": ["/-/v1/done"], "json_pointer": "/token"}]),
            "ACCESS": rule(P_ACCESS, [header("Bearer {secret}"), header("{secret}", "X-Api-Key")], [API],
                           [{**oauth, "json_pointer": "/access_token", "expires": "/expires_in"}]),
            "REFRESH": rule(P_REFRESH, {"body": "text", "json_pointer": "/refresh_token"}, [CONSOLE],
                            [{**oauth, "json_pointer": "/refresh_token"}]),
            "ID": rule(P_SIGNATURE, header("{secret}", "X-Identity", replace="token"), [API],
                       [{**oauth, "json_pointer": "/id_token", "claims_readable": True}]),
            "SESSION": rule(P_SESSION, {"cookie": "sid"}, [OTHER],
                            [{"host": OTHER, "paths": ["/session/**"], "cookie": "sid"}]),
            "KEYSTONE": rule(P_KEYSTONE, header("{secret}", "X-Auth-Token"), [OTHER],
                             [{"host": OTHER, "paths": ["/keystone"], "header": "X-Subject-Token"}]),
        }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vendor = login_server.LoginServer(cls.recorder)

    def setUp(self):
        self.vendor.polls_pending = 1
        # What was given out is searched for in all that was written, at the end.
        self.addCleanup(lambda: self.secrets.update(self.vendor.issued))

    def says(self, host, method, path, said=None, headers=(), kind="application/json"):
        """Asks, and gives the answer with what it says."""
        body = b"" if said is None else said.encode() if isinstance(said, str) else json.dumps(said).encode()
        fields = [*headers, *([("Content-Type", kind)] if body else [])]
        answer = self.ask(host, method, path, fields, body)
        self.assertIsNotNone(answer)
        return answer

    def captured(self, name):
        """The records of that entry."""
        return [r for r in self.proxy.records() if r["type"] == "secret_fetched" and r.get("secret") == name]

    # --- GitHub ---
    def device_login(self, accept):
        form = {"client_id": "178c6fc778ccc68e1d6a", "scope": "repo read:org"}
        headers = [("Accept", accept)] if accept else []
        kind = "application/x-www-form-urlencoded"
        read = json.loads if accept else lambda text: dict(urllib.parse.parse_qsl(text.decode()))
        begun = read(self.says(GITHUB, "POST", "/login/device/code", urllib.parse.urlencode(form), headers, kind).body)
        self.assertEqual(begun["user_code"], "ABCD-1234")
        poll = urllib.parse.urlencode({"client_id": form["client_id"], "device_code": begun["device_code"],
                                       "grant_type": "urn:ietf:params:oauth:grant-type:device_code"})
        for _ in range(2):
            told = read(self.says(GITHUB, "POST", "/login/oauth/access_token", poll, headers, kind).body)
            if "error" not in told:
                return told
            self.assertEqual(told["error"], "authorization_pending")
        return self.fail("the login did not come about")

    def test_a_device_login_as_gh_makes_it(self):
        """[I13] With answers as forms, and as JSON."""
        for accept in (None, "application/json"):
            with self.subTest(accept):
                self.vendor.polls_pending = 1
                told = self.device_login(accept)
                self.assertEqual((told["access_token"], told["token_type"]), (P_GITHUB, "bearer"))
                who = self.says(GITHUB_API, "GET", "/user", headers=[("Authorization", f"token {told['access_token']}")])
                self.assertEqual((who.status, json.loads(who.body)["login"]), (200, "monalisa"))
        records = self.captured("GITHUB")
        self.assertEqual([(r["event"], r["outcome"]) for r in records], [("captured", "ok")] * 2)

    # --- npm ---
    def test_npm_login_and_logout(self):
        """By a password, and by the web page. The token that is given back stands in a path."""
        before = len(self.captured("NPM"))
        user = {"_id": "org.couchdb.user:me", "name": "me", "password": "npm-user-password", "type": "user", "roles": []}
        told = json.loads(self.says(REGISTRY, "PUT", "/-/user/org.couchdb.user:me", user).body)
        self.assertEqual((told["ok"], told["token"]), (True, P_NPM))
        bearer = [("Authorization", f"Bearer {P_NPM}")]
        self.assertEqual(self.says(REGISTRY, "GET", "/-/whoami", headers=bearer).status, 200)
        begun = json.loads(self.says(REGISTRY, "POST", "/-/v1/login", {}).body)
        done = begun["doneUrl"].removeprefix(f"https://{REGISTRY}")
        self.assertEqual(self.says(REGISTRY, "GET", done).status, 202)
        self.assertEqual(json.loads(self.says(REGISTRY, "GET", done).body), {"token": P_NPM})
        self.assertEqual(self.says(REGISTRY, "GET", "/-/whoami", headers=bearer).status, 200)
        self.assertEqual(len(self.captured("NPM")) - before, 2)
        ended = self.says(REGISTRY, "DELETE", f"/-/user/token/{P_NPM}", headers=bearer)
        self.assertEqual(ended.status, 204, ended.body)
        self.assertEqual(self.says(REGISTRY, "GET", "/-/whoami", headers=bearer).status, 401)

    # --- OAuth with PKCE ---
    def oauth_login(self):
        """The answer to the code that the browser brought."""
        verifier = "a-verifier-of-forty-three-characters-0123456789"
        self.vendor.challenge = login_server.challenge_of(verifier)
        answer = self.says(CONSOLE, "POST", "/v1/oauth/token",
                           {"grant_type": "authorization_code", "code": "code-1", "state": "state-1", "client_id": "agent",
                            "redirect_uri": "http://localhost:54545/callback", "code_verifier": verifier})
        self.assertEqual(answer.status, 200)
        return json.loads(answer.body)

    def test_an_agent_logs_in_works_and_renews_its_login(self):
        """[I8] [I13] The refresh token is good once, and the client never has one."""
        told = self.oauth_login()
        self.assertEqual((told["access_token"], told["refresh_token"]), (P_ACCESS, P_REFRESH))
        self.assertEqual((told["expires_in"], told["account"]), (28800, {"email_address": "user@example.test"}))
        bearer = [("Authorization", f"Bearer {P_ACCESS}")]
        self.assertEqual(self.says(API, "POST", "/v1/messages", {"messages": []}, bearer).status, 200)
        for _ in range(3):
            before = self.vendor.good["access"]
            answer = self.says(CONSOLE, "POST", "/v1/oauth/token",
                               {"grant_type": "refresh_token", "refresh_token": P_REFRESH, "client_id": "agent"})
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(json.loads(answer.body)["refresh_token"], P_REFRESH)
            self.assertNotEqual(self.vendor.good["access"], before)
            self.assertEqual(self.says(API, "POST", "/v1/messages", {"messages": []}, bearer).status, 200)

    def renew(self):
        return self.says(CONSOLE, "POST", "/v1/oauth/token",
                         {"grant_type": "refresh_token", "refresh_token": P_REFRESH, "client_id": "agent"},
                         [("Accept-Encoding", "gzip, br")])

    def check_works(self, form=("Authorization", f"Bearer {P_ACCESS}")):
        """The API takes what stands for the access token."""
        answer = self.says(API, "POST", "/v1/messages", {"messages": []}, [form])
        self.assertEqual((answer.status, json.loads(answer.body)), (200, {"type": "message"}))

    def test_the_access_token_goes_in_either_header(self):
        self.oauth_login()
        for form in (("Authorization", f"Bearer {P_ACCESS}"), ("X-Api-Key", P_ACCESS)):
            with self.subTest(form[0]):
                self.check_works(form)
                self.assertIn(self.vendor.good["access"], self.recorder.seen("/v1/messages")[-1].get(form[0]))

    def test_each_renewal_outlives_the_proxy(self):
        """[I13] A refresh token that is good once is lost for ever if it is not kept."""
        self.oauth_login()
        for _ in range(3):
            self.assertEqual(json.loads(self.renew().body)["refresh_token"], P_REFRESH)
            self.proxy.kill()
            type(self).proxy = self.start(self.home)
            self.check_works()

    def test_a_renewal_that_is_refused_changes_nothing(self):
        """[I13] The error goes on as it came."""
        self.oauth_login()
        good, self.vendor.good["refresh"] = self.vendor.good["refresh"], "another"
        self.addCleanup(self.vendor.good.update, refresh=good)
        before = [len(self.captured(name)) for name in ("ACCESS", "REFRESH", "ID")]
        answer = self.renew()
        self.assertEqual((answer.status, json.loads(answer.body)), (400, {"error": "invalid_grant"}))
        self.assertEqual([len(self.captured(name)) for name in ("ACCESS", "REFRESH", "ID")], before)
        self.check_works()
        self.vendor.good["refresh"] = good
        self.assertEqual(self.renew().status, 200)

    def test_an_answer_is_captured_however_it_is_sent(self):
        """[I8] [I13] In chunks, byte by byte, and coded though nobody asked for that."""
        def in_chunks(connection, body):
            connection.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            for at in range(0, len(body), 7):
                piece = body[at:at + 7]
                connection.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            connection.send("0\r\n\r\n")

        def byte_by_byte(connection, body):
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            for byte in head.encode() + body:
                connection.send(bytes([byte]))

        def coded(connection, body):
            connection.answer(200, gzip.compress(body), [login_server.JSON, ("Content-Encoding", "gzip")])

        self.addCleanup(setattr, self.vendor, "send", None)
        for send in (in_chunks, byte_by_byte, coded):
            with self.subTest(send.__name__):
                self.vendor.send = send
                self.oauth_login()
                answer = self.renew()
                body = gzip.decompress(answer.body) if answer.get("Content-Encoding") == "gzip" else answer.body
                told = json.loads(body)
                self.assertEqual((told["access_token"], told["refresh_token"]), (P_ACCESS, P_REFRESH))
                self.check_works()
                asked = self.recorder.seen("/v1/oauth/token")[-1]
                self.assertIn(asked.get("Accept-Encoding"), (None, "identity"))

    def test_a_renewal_without_a_new_refresh_token_leaves_the_one_that_is_there(self):
        self.addCleanup(setattr, self.vendor, "unsaid", ())
        self.oauth_login()
        good = self.vendor.good["refresh"]
        self.vendor.unsaid = ("refresh_token", "expires_in", "id_token")
        for _ in range(2):  # the second one is made with what the first one left
            before = len(self.captured("REFRESH"))
            told = json.loads(self.renew().body)
            self.assertEqual(told["access_token"], P_ACCESS)
            self.assertNotIn("refresh_token", told)
            self.assertEqual(len(self.captured("REFRESH")), before)
            self.assertEqual(json.loads(self.recorder.seen("/v1/oauth/token")[-1].body)["refresh_token"], good)
            self.assertNotIn("expires_at", self.captured("ACCESS")[-1])
            self.check_works()

    def test_of_two_logins_at_once_the_tokens_of_one_are_kept_together(self):
        """[I13] Whose come last: never the access token of one and the refresh token of the other."""
        self.addCleanup(setattr, self.vendor, "meets", self.vendor.meets)
        for _ in range(5):
            both = threading.Barrier(2)
            self.vendor.meets = lambda both=both: both.wait(30)
            before = len(self.vendor.pairs)
            with concurrent.futures.ThreadPoolExecutor() as pool:
                told = [one.result() for one in [pool.submit(self.oauth_login) for _ in range(2)]]
            self.assertEqual([(one["access_token"], one["refresh_token"]) for one in told], [(P_ACCESS, P_REFRESH)] * 2)
            self.vendor.meets = lambda: None
            self.says(API, "POST", "/v1/messages", {"messages": []}, [("Authorization", f"Bearer {P_ACCESS}")])
            self.renew()
            kept = (self.recorder.seen("/v1/messages")[-1].get("Authorization").removeprefix("Bearer "),
                    json.loads(self.recorder.seen("/v1/oauth/token")[-1].body)["refresh_token"])
            self.assertIn(kept, self.vendor.pairs[before:before + 2])

    def test_a_token_that_is_over_is_sent_nowhere(self):
        """[I13] How long it is good the login's answer says."""
        self.addCleanup(setattr, self.vendor, "life", self.vendor.life)
        for life, status in ((0, 503), (28800, 200)):
            with self.subTest(life):
                self.vendor.life = life
                before = int(time.time())
                told = self.oauth_login()
                self.assertEqual(told["expires_in"], life)
                bearer = [("Authorization", f"Bearer {told['access_token']}")]
                answer = self.says(API, "POST", "/v1/messages", {"messages": []}, bearer)
                if status == 503:
                    problem = self.refused(answer, 503, "secret_unavailable")
                    self.assertEqual((problem["cause"], problem["secret"]), ("secret_expired", "ACCESS"))
                self.assertEqual(answer.status, status)
                end = self.captured("ACCESS")[-1]["expires_at"]
                self.assertTrue(before + life <= end <= time.time() + life, (before, life, end))
                listed = json.loads(self.home.must("secret", "list", "--json", unlock=True).stdout)
                said, = (entry["expires_at"] for entry in listed if entry["name"] == "ACCESS")
                self.assertEqual(said, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end)))
                self.assertNotIn("ACCESS#expires", [entry["name"] for entry in listed])
                asked = self.home.run("source", "test", "local", "--secret", "ACCESS", "--json", unlock=True)
                seen = json.loads(asked.stdout)
                outcomes = [one["outcome"] for source in seen["sources"] for one in source["secrets"]]
                self.assertEqual(outcomes, ["expired" if status == 503 else "ok"])
        with self.subTest("what is put in by hand has no end"):
            self.home.must("secret", "rotate", "ACCESS", stdin=self.vendor.good["access"].encode(), unlock=True)
            listed = json.loads(self.home.must("secret", "list", "--json", unlock=True).stdout)
            self.assertEqual([entry.get("expires_at") for entry in listed if entry["name"] == "ACCESS"], [None])

    def test_the_claims_of_an_id_token_are_read_and_its_signature_is_not(self):
        head, claims, signature = self.oauth_login()["id_token"].split(".")
        self.assertEqual(json.loads(base64.urlsafe_b64decode(claims + "==")), self.vendor.claims)
        self.assertEqual(signature, P_SIGNATURE)
        self.says(API, "GET", "/identity", headers=[("X-Identity", f"{head}.{claims}.{signature}")])
        sent = self.recorder.seen("/identity")[-1].get("X-Identity")
        self.assertEqual(sent, f"{head}.{claims}.{self.vendor.good['signature']}")

    def test_a_login_outlives_the_proxy(self):
        """[I13] What the client holds is good as soon as it has it."""
        told = self.oauth_login()
        self.proxy.kill()
        type(self).proxy = self.start(self.home)
        bearer = [("Authorization", f"Bearer {told['access_token']}")]
        self.assertEqual(self.says(API, "POST", "/v1/messages", {"messages": []}, bearer).status, 200)

    # --- others ---
    def test_a_session_cookie_and_a_header_are_captured(self):
        answer = self.says(OTHER, "POST", "/session/begin", {})
        self.assertEqual(answer.get("Set-Cookie"), f"sid={P_SESSION}; Path=/; HttpOnly")
        self.assertEqual(answer.get("Location"), f"/home?sid={P_SESSION}")
        self.says(OTHER, "GET", "/home", headers=[("Cookie", f"theme=dark; sid={P_SESSION}")])
        self.assertEqual(self.recorder.seen("/home")[-1].get("Cookie"),
                         f"theme=dark; sid={self.vendor.good['session']}")
        self.assertEqual(self.says(OTHER, "POST", "/keystone", {}).get("X-Subject-Token"), P_KEYSTONE)
        self.says(OTHER, "GET", "/servers", headers=[("X-Auth-Token", P_KEYSTONE)])
        self.assertEqual(self.recorder.seen("/servers")[-1].get("X-Auth-Token"), self.vendor.good["keystone"])

    def test_no_spelling_of_the_path_gets_a_token_through(self):
        """[I5] What readers take for different paths is captured by none of them, and withheld."""
        for number, path in enumerate(("/-/v1/don%65", "/-/v1/./done", "/-//v1/done")):
            with self.subTest(path):
                self.recorder.says(path, 200, json.dumps({"token": self.vendor.make("npm", "npm_")}),
                                   [login_server.JSON])
                problem = self.refused(self.says(REGISTRY, "GET", f"{path}?n={number}"), 502, "upstream_protocol_error")
                self.assertEqual(problem["cause"], "capture_unreadable")

    def test_an_answer_that_cannot_be_read_is_not_passed_on(self):
        """[I13]"""
        made = self.vendor.make("npm", "npm_")
        for number, body in enumerate((f"token={made}", f'{{"token":"x","token":"{made}"}}', f'{{"token":["{made}"]}}')):
            with self.subTest(body.replace(made, "TOKEN")):
                self.recorder.says("/-/user/org.couchdb.user:unread", 201, body, [login_server.JSON])
                answer = self.says(REGISTRY, "PUT", f"/-/user/org.couchdb.user:unread{number}", {})
                problem = self.refused(answer, 502, "upstream_protocol_error")
                self.assertEqual(problem["cause"], "capture_unreadable")

    def test_a_token_that_the_vault_cannot_keep_is_not_passed_on(self):
        """[I13] It has a control character, which no entry may have."""
        made = self.vendor.make("npm", "npm_")
        self.recorder.says("/-/user/org.couchdb.user:control", 201, json.dumps({"token": made + "\n"}),
                           [login_server.JSON])
        answer = self.says(REGISTRY, "PUT", "/-/user/org.couchdb.user:control", {})
        problem = self.refused(answer, 503, "secret_unavailable")
        self.assertEqual((problem["cause"], problem["secret"]), ("captured_not_kept", "NPM"))
        self.assertIn(("captured", "not_kept"), [(r["event"], r["outcome"]) for r in self.captured("NPM")])


if __name__ == "__main__":
    main()
