# SPDX-License-Identifier: Apache-2.0
"""Where a secret may stand: header, Basic credentials, query, path and cookie; several places, several secrets."""

import base64
import urllib.parse

from harness.case import H, H2, K, K2, P, P2, V, V2, OneProxy, main

# Real values have what needs escaping somewhere.
BOT, BOT_P, BOT_V = "BOT", "123456:PLACEHOLDER-0123456789abcd", "123456:AAF-live_7Kq+x/9=Zt4b%26N2v"
SID, SID_P, SID_V = "SID", "AC-PLACEHOLDER-0123456789abcdef0123", "AC-live-0f9e8d7c6b5a4f3e2d1c0b9a"
TOKEN, TOKEN_P, TOKEN_V = "TOKEN", "tw-PLACEHOLDER-0123456789abcdef0123", "tw-live-7Kq:x/9=Zt4b%26N2v"
COOKIE, COOKIE_P, COOKIE_V = "COOKIE", "session-PLACEHOLDER-0123456789abcdef", "session-live-7Kq+x/9=Zt4b%26N2v"
BAD, BAD_P, BAD_V = "BAD", "bad-PLACEHOLDER-0123456789abcdef0123", "bad-live-..;a b\"c"
GIT, GIT_P, GIT_V = "GIT", "ghp-PLACEHOLDER-0123456789abcdef0123", "ghp-live-0123456789abcdefZZ99"


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Places(OneProxy):
    secrets = {K: V, K2: V2, BOT: BOT_V, SID: SID_V, TOKEN: TOKEN_V, COOKIE: COOKIE_V, BAD: BAD_V, GIT: GIT_V}

    @classmethod
    def rules(cls):
        here = [{"host": H}]
        return {
            K: {"placeholder": P, "bindings": here, "inject": [
                {"header": "x-api-key", "format": "{secret}", "companions": {"anthropic-version": "2023-06-01"}},
                {"header": "Authorization", "format": "Bearer {secret}"},
                {"header": "X-List", "format": "{secret}", "replace": "token"},
                {"query": "key", "bindings": [{"host": H, "paths": ["/q/**"]}]}]},
            K2: {"placeholder": P2, "bindings": [{"host": H2}], "inject": {"query": "key"}},
            BOT: {"placeholder": BOT_P, "bindings": [{"host": H, "paths": ["/bot*/**"]}],
                  "inject": {"path": "/bot{secret}/**"}},
            SID: {"placeholder": SID_P, "bindings": here, "together_with": [TOKEN], "inject": [
                {"basic": "user", "max_occurrences": 2},
                {"path": "/Accounts/{secret}/**", "max_occurrences": 2}]},
            TOKEN: {"placeholder": TOKEN_P, "bindings": here, "inject": {"basic": "password"}},
            COOKIE: {"placeholder": COOKIE_P, "bindings": here, "inject": {"cookie": "session"}},
            BAD: {"placeholder": BAD_P, "bindings": here, "inject": [{"cookie": "bad"}, {"basic": "password"}]},
            GIT: {"placeholder": GIT_P, "inject": {"basic": "password"},
                  "bindings": [{"host": H, "paths": ["/**/git-upload-pack"]}]},
        }

    def arrives(self, path, target, headers=(), method="GET"):
        """Asks, and gives what the upstream got."""
        answer = self.ask(H, method, target, headers)
        self.assertEqual(answer.status, 200, answer)
        return self.recorder.one(path)

    def allowed(self, path, *names):
        records = self.proxy.await_decisions(path, count=len(names))
        self.assertEqual([(r["decision"], r["secret"]) for r in records], [("allowed", name) for name in names])
        return records

    def test_A04_A15_A16_one_secret_goes_to_whichever_header_the_client_used(self):
        """[I5]"""
        seen = self.arrives("/a/key", "/a/key", [("X-Api-Key", P)])
        self.assertEqual((seen.all("X-Api-Key"), seen.all("anthropic-version")), ([V], ["2023-06-01"]))
        seen = self.arrives("/a/own", "/a/own", [("X-Api-Key", P), ("Anthropic-Version", "1")])
        self.assertEqual(seen.all("anthropic-version"), ["1"])
        seen = self.arrives("/a/bearer", "/a/bearer", [("Authorization", f"Bearer {P}")])
        self.assertEqual((seen.all("Authorization"), seen.all("anthropic-version")), ([f"Bearer {V}"], []))
        seen = self.arrives("/a/token", "/a/token", [("X-List", f"Custom foo={P}, bar=1")])
        self.assertEqual(seen.all("X-List"), [f"Custom foo={V}, bar=1"])
        self.assertEqual(self.allowed("/a/token", K)[0]["scheme"], "header")

    def test_A05_a_token_with_something_glued_to_it_stays(self):
        """[I2]"""
        seen = self.arrives("/a/glued", "/a/glued", [("X-List", f"x{P}")])
        self.assertEqual(seen.all("X-List"), [f"x{P}"])
        self.decided(self.proxy.decision("/a/glued"), "denied", "untargeted_location", K)

    def test_D07_a_query_gets_the_secret_where_its_own_bindings_say(self):
        """[I5]"""
        seen = self.arrives("/q/x", f"/q/x?a=%41&&key={P}&b=?")
        self.assertEqual(seen.target, f"/q/x?a=%41&&key={urllib.parse.quote(V, safe='')}&b=?")
        self.assertEqual(self.allowed("/q/x", K)[0]["scheme"], "query")
        self.assertNotIn("?", self.proxy.decision("/q/x")["destination"]["path"])
        self.assertEqual(self.arrives("/other", f"/other?key={P}").target, f"/other?key={P}")
        self.decided(self.proxy.decision("/other"), "denied", "binding_scope_violation", K)

    def test_D18_a_path_gets_the_secret_and_records_show_its_name(self):
        """[I1] [I5]"""
        self.ask(H, target=f"/bot{BOT_P}/getMe?a=1")
        seen, = [r for r in self.recorder.seen("/bot") if r.target.endswith("/getMe?a=1")]
        self.assertEqual(seen.target, f"/bot{urllib.parse.quote(BOT_V, safe=':+=&')}/getMe?a=1")
        self.decided(self.proxy.decision(f"/bot<{BOT}>/getMe"), "allowed", "binding_matched", BOT)
        # As libraries write it that encode the colon.
        self.ask(H, target=f"/bot{BOT_P.replace(':', '%3A')}/getYou")
        self.decided(self.proxy.decision(f"/bot<{BOT}>/getYou"), "allowed", "binding_matched", BOT)

    def test_D18_a_cookie_gets_the_secret_and_the_others_stay(self):
        """[I5]"""
        seen = self.arrives("/cookie", "/cookie", [("Cookie", f"a=\"1\";session={COOKIE_P}; b")])
        self.assertEqual(seen.all("Cookie"), [f"a=\"1\";session={COOKIE_V}; b"])
        self.allowed("/cookie", COOKIE)

    def test_D06_git_sends_its_token_inside_basic_and_gets_it_swapped_there(self):
        """[I5]"""
        seen = self.arrives("/o/r.git/git-upload-pack", "/o/r.git/git-upload-pack",
                            [("Authorization", basic("x-access-token", GIT_P))], method="POST")
        self.assertEqual(seen.all("Authorization"), [basic("x-access-token", GIT_V)])

    def test_B31_B33_B34_B35_B36_a_clone_is_allowed_and_a_push_is_not(self):
        """[I5]"""
        headers = [("Authorization", basic("git", GIT_P))]
        refs = "/b/r.git/info/refs"
        seen = self.arrives(refs, refs + "?service=git-upload-pack", headers)
        self.assertEqual(seen.all("Authorization"), [basic("git", GIT_V)])
        for number, query in enumerate(["?service=git-receive-pack", "", "?service=git-other",
                                        "?service=git-upload-pack&service=git-upload-pack",
                                        "?service=git-upload-pack&service=git-receive-pack"]):
            path = f"/b{number}/r.git/info/refs"
            seen = self.arrives(path, path + query, headers)
            self.assertEqual(seen.all("Authorization"), [basic("git", GIT_P)], query)
            self.decided(self.proxy.decision(path), "denied", "binding_scope_violation", GIT)
        path = "/b/r.git/git-receive-pack"
        seen = self.arrives(path, path, headers, method="POST")
        self.assertEqual(seen.all("Authorization"), [basic("git", GIT_P)])

    def test_D04_two_secrets_in_three_places_of_one_request(self):
        """[I5] [I6]"""
        self.ask(H, target=f"/Accounts/{SID_P}/Calls", headers=[("Authorization", basic(SID_P, TOKEN_P))])
        seen = self.recorder.one(f"/Accounts/{SID_V}/Calls")
        self.assertEqual(seen.all("Authorization"), [basic(SID_V, TOKEN_V)])
        records = self.proxy.await_decisions(f"/Accounts/<{SID}>/Calls", count=3)
        self.assertEqual(sorted((r["decision"], r["secret"], r["scheme"]) for r in records),
                         [("allowed", SID, "basic"), ("allowed", SID, "path"), ("allowed", TOKEN, "basic")])
        self.assertEqual(len({r["request_id"] for r in records}), 1)

    def test_D03_D05_secrets_that_do_not_name_each_other(self):
        """[I2]"""
        before = self.recorder.application_bytes
        answer = self.ask(H, target="/both", headers=[("X-Api-Key", P), ("Cookie", f"session={COOKIE_P}")])
        self.refused(answer, 400, "ambiguous_placeholder_match")
        self.assertEqual(self.recorder.application_bytes, before)
        seen = self.arrives("/elsewhere", f"/elsewhere?key={P2}", [("X-Api-Key", P)])
        self.assertEqual((seen.target, seen.all("X-Api-Key")), (f"/elsewhere?key={P2}", [V]))
        records = {r["secret"]: r for r in self.proxy.await_decisions("/elsewhere", count=2)}
        self.decided(records[K], "allowed", "binding_matched")
        self.decided(records[K2], "denied", "destination_not_in_binding")

    def test_a_placeholder_twice_is_refused_where_it_may_stand_once(self):
        before = self.recorder.application_bytes
        for target, headers, reason in (
                ("/twice/h", [("X-Api-Key", f"{P} {P}")], "duplicate_credential_header"),
                ("/twice/hh", [("X-Api-Key", P), ("Authorization", f"Bearer {P}")], "duplicate_credential_header"),
                (f"/q/twice?key={P}&key={P}", [], "ambiguous_placeholder_match"),
                (f"/q/twice?key={P}&key=other", [], "ambiguous_placeholder_match"),
                ("/twice/c", [("Cookie", f"session={COOKIE_P}; session=x")], "duplicate_credential_header")):
            self.refused(self.ask(H, target=target, headers=headers), 400, reason)
        self.assertEqual(self.recorder.application_bytes, before)

    def test_A18_a_value_that_cannot_stand_there_is_not_sent(self):
        """[I9]"""
        before = self.recorder.application_bytes
        answer = self.ask(H, target="/bad/cookie", headers=[("Cookie", f"bad={BAD_P}")])
        self.refused(answer, 503, "secret_unavailable")
        self.assertEqual(self.recorder.application_bytes, before)
        seen = self.arrives("/bad/basic", "/bad/basic", [("Authorization", basic("u", BAD_P))])
        self.assertEqual(seen.all("Authorization"), [basic("u", BAD_V)])

    def test_explain_names_every_place_that_would_be_swapped(self):
        done = self.home.run("bindings", "explain", "GET", f"https://{H}/q/x")
        text = done.stdout.decode()
        for line in ("header x-api-key: swapped in (binding_matched)",
                     "header authorization: swapped in (binding_matched)",
                     "query parameter key: swapped in (binding_matched)"):
            self.assertIn(line, text)
        text = self.home.run("bindings", "explain", "GET", f"https://{H}/x").stdout.decode()
        self.assertIn("query parameter key: not swapped (binding_scope_violation)", text)


if __name__ == "__main__":
    main()
