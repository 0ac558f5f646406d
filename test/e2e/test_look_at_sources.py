# SPDX-License-Identifier: Apache-2.0
"""keyswap source list, test and flush, and bindings check --online (docs/sources.md, "Looking at sources")."""

import json
import time

import test_sources
from harness import auditlog, bitwarden, hashicorp, proxy, token_server
from harness.case import H, bearer, document, main

VALUE, VALUE2 = test_sources.VALUE, test_sources.VALUE2
P, P2 = test_sources.P, test_sources.P2
VAULT = test_sources.VAULT


class Looking(test_sources.Sources):
    """Homes whose sources are doubles; with a proxy or without."""

    addresses = (bitwarden.API, bitwarden.IDENTITY)

    def home(self, name, secrets, vault, **more):
        home = self.make_home(name, dict(vault))
        self.write(home, secrets, **more)
        return home

    def write(self, home, secrets, **more):
        resolve = {f"{host}:443": self.vendor.address for host in self.addresses}
        home.bindings(document(secrets, recorder=self.recorder, hosts=[H], root=self.authority.certificate,
                               resolve=resolve, **more))

    def double(self):
        made = bitwarden.Bitwarden(self.vendor)
        self.secrets[f"the token of {made.client_id}"] = made.client_secret
        return made

    def company(self, name, double):
        """K is there, and OWN in the vault itself; "second" is for a test to add."""
        rules = {"K": {**bearer("K", P), "source": "company", "key": "first"},
                 "L": {**bearer("L", P2), "source": "company", "key": "second"}}
        self.sources = {"company": {"type": "bitwarden", "organization_id": double.organization,
                                    "access_token": "BWS_TOKEN"}}
        return self.home(name, rules, {"BWS_TOKEN": double.access_token}, sources=self.sources)

    def told(self, home, *words, code=0):
        done = home.run(*words, "--json", unlock=not {"flush", "list", "status"} & set(words))
        self.assertEqual(done.returncode, code, done.stdout.decode() + done.stderr.decode())
        return json.loads(done.stdout)

    def down(self, home, count=0):
        """What status says of sources, once so many are down."""
        end = time.monotonic() + 10
        while True:
            down = self.told(home, "status")["sources_down"]
            if len(down) == count or time.monotonic() > end:
                return [(source["source"], source["outcome"], source["needs_login"]) for source in down]
            time.sleep(0.05)

    def outcomes(self, told):
        return {secret["name"]: secret["outcome"] for source in told["sources"] for secret in source["secrets"]}

    def fetches(self, home):
        return [(r["secret"], r["outcome"]) for r in auditlog.records(home.audit) if r["type"] == "secret_fetched"]


class OfBitwarden(Looking):
    def test_a_list_names_what_there_is_and_asks_nobody(self):
        double = self.double()
        home = self.company("list", double)
        told = self.told(home, "source", "list")
        self.assertEqual([source["name"] for source in told["sources"]], ["local", "company"])
        company = told["sources"][1]
        self.assertEqual(company["opened_by"], [{"setting": "access_token", "place": "BWS_TOKEN"}])
        self.assertEqual([secret["key"] for secret in company["secrets"]], ["first", "second"])
        self.assertEqual(company["cache"]["ttl_seconds"], 300)
        text = home.must("source", "list").stdout.decode()
        self.assertIn("access_token is in BWS_TOKEN", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)
        self.assertEqual(double.calls, [])

    def test_a_test_says_of_each_secret_whether_it_is_there(self):
        """[I1] [I6] Never the value; and the log has it, though no proxy runs."""
        double = self.double()
        double.add("first", VALUE)
        home = self.company("test", double)
        told = self.told(home, "source", "test", "company", code=1)
        self.assertEqual(self.outcomes(told), {"K": "ok", "L": "not_found"})
        self.assertFalse(told["ok"])
        self.assertIn(("first", "ok"), self.fetches(home))
        double.add("second", VALUE2)
        self.assertEqual(self.outcomes(self.told(home, "source", "test", "company")), {"K": "ok", "L": "ok"})
        self.assertEqual(self.outcomes(self.told(home, "source", "test", "company", "--secret", "K")), {"K": "ok"})
        text = home.must("source", "test", "company", unlock=True).stdout.decode()
        self.assertIn("found", text)
        home.must("audit", "verify", unlock=True)

    def test_a_test_beside_a_proxy_is_recorded_by_that_proxy(self):
        """[I6] [I7] The log has one writer."""
        double = self.double()
        double.add("first", VALUE)
        double.add("second", VALUE2)
        home = self.company("beside", double)
        running = self.start(home)
        began = time.monotonic()
        self.told(home, "source", "test", "company")
        self.assertLess(time.monotonic() - began, 20)
        self.assertEqual(sorted(self.fetches(home)), [("first", "ok"), ("second", "ok")])
        self.gets(running, "/beside")
        self.assertEqual(running.stop(), 0)
        home.must("audit", "verify", unlock=True)
        self.assertEqual(self.fetches(home).count(("first", "ok")), 2)  # of the command once, of the proxy once

    def test_trouble_is_told_in_words_of_ours_with_what_to_do(self):
        double = self.double()
        double.add("first", VALUE)
        home = self.company("trouble", double)
        for said, outcome in (((429, "", []), "rate_limited"), ((500, "oops-of-theirs", []), "server_error"),
                              ((302, "", [("Location", f"https://{H}/stolen")]), "redirect")):
            with self.subTest(outcome):
                double.trouble = lambda call, answer=said: answer if call == "list" else None
                done = home.run("source", "test", "company", "--secret", "K", unlock=True)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(outcome, done.stdout.decode())
                self.assertNotIn("oops-of-theirs", done.stdout.decode() + done.stderr.decode())
                self.assertIn("K: ", done.stdout.decode())
        double.trouble = lambda _: None
        double.revoke()
        self.assertEqual(self.outcomes(self.told(home, "source", "test", "company", "--secret", "K", code=1)),
                         {"K": "login_refused"})
        self.assertEqual(self.recorder.seen("/stolen"), [])

    def test_who_is_not_let_in_does_not_knock_for_each_secret(self):
        double = self.double()
        home = self.company("knock", double)
        double.revoke()
        self.told(home, "source", "test", "company", code=1)
        self.assertEqual(double.count("login"), 1)

    def test_G13_a_flush_has_effect_within_a_second(self):
        double = self.double()
        first = double.add("first", VALUE)
        home = self.company("flush", double)
        running = self.start(home)
        self.gets(running, "/flush/1")
        double.change(first, VALUE2)
        self.gets(running, "/flush/2")  # it is kept
        for words in (("source", "flush", "company"), ("source", "flush")):
            with self.subTest(words):
                calls = double.count("values")
                began = time.monotonic()
                self.assertTrue(self.told(home, *words)["flushed"])
                self.gets(running, f"/flush/{'-'.join(words)}", VALUE2)
                self.assertLess(time.monotonic() - began, 5)  # the command's start is in it
                self.assertGreater(double.count("values"), calls)
        self.assertFalse((home.path / "source-flush").exists())
        running.await_record(lambda r: r["type"] == "source_flushed" and r["source"] is None)
        flushes = [(r["source"], r["values"]) for r in running.records() if r["type"] == "source_flushed"]
        self.assertEqual(flushes, [("company", 1), (None, 1)])
        with self.subTest("and a source that is down then is told by status, until it answers"):
            self.assertEqual(self.down(home), [])
            double.trouble = lambda call: (500, "oops-of-theirs", []) if call == "values" else None
            self.told(home, "source", "flush")
            self.lacks(running, "/flush/down")
            self.assertEqual(self.down(home, count=1), [("company", "server_error", False)])
            text = home.must("status").stdout.decode()
            self.assertIn("company is down: server_error, since ", text)
            self.assertNotIn("oops-of-theirs", text)
            double.trouble = lambda _: None
            self.told(home, "source", "flush")
            self.gets(running, "/flush/up", VALUE2)
            self.assertEqual(self.down(home), [])
        home.must("audit", "verify", unlock=True)

    def test_without_a_proxy_there_is_nothing_to_flush(self):
        home = self.company("nothing", self.double())
        self.assertEqual(self.told(home, "source", "flush"), {"source": "", "running": False, "flushed": False})

    def test_a_name_that_is_none_is_told(self):
        home = self.company("name", self.double())
        for words in (("source", "test", "compani"), ("source", "flush", "compani"),
                      ("source", "test", "company", "--secret", "KK")):
            with self.subTest(words):
                done = home.run(*words, unlock=words[1] == "test")
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertEqual(len(done.stderr.decode().strip().splitlines()), 2, done.stderr)
                self.assertEqual(done.stdout, b"")

    def test_a_check_online_asks_all_and_one_without_asks_nobody(self):
        double = self.double()
        double.add("first", VALUE)
        home = self.company("check", double)
        self.assertNotIn("sources", self.told(home, "bindings", "check"))
        self.assertEqual(double.calls, [])
        told = self.told(home, "bindings", "check", "--online", code=1)
        self.assertEqual(self.outcomes(told), {"K": "ok", "L": "not_found"})
        self.assertEqual(told["errors"], [])
        double.add("second", VALUE2)
        self.assertTrue(self.told(home, "bindings", "check", "--online")["ok"])
        self.assertIn("is good", home.must("bindings", "check", "--online", unlock=True).stdout.decode())

    def test_a_file_that_was_not_approved_sends_no_opener_anywhere(self):
        """[I17] Who can write it would else have the token sent to a server of theirs."""
        double = self.double()
        double.add("first", VALUE)
        home = proxy.Home(self.work / "unapproved", self.inputs, approval="passphrase").init()
        self.homes.append(home)
        home.add({"BWS_TOKEN": double.access_token})
        rules = {"K": {**bearer("K", P), "source": "company", "key": "first"}}
        source = {"type": "bitwarden", "organization_id": double.organization, "access_token": "BWS_TOKEN"}
        self.write(home, rules, sources={"company": source})
        home.must("bindings", "approve", "--yes", unlock=True)
        self.assertEqual(self.outcomes(self.told(home, "source", "test", "company")), {"K": "ok"})
        calls = len(double.calls)
        self.write(home, rules, sources={"company": {**source, "api_url": f"https://{H}"}})
        for words in (("source", "test", "company"), ("bindings", "check", "--online")):
            with self.subTest(words):
                done = home.run(*words, unlock=True)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("is not approved", done.stderr.decode())
        self.assertEqual(len(double.calls), calls)


class OfVault(Looking):
    addresses = (VAULT,)

    def test_the_token_that_a_test_got_is_given_back(self):
        """And of several fields each is told by itself."""
        double = hashicorp.Hashicorp(self.vendor)
        double.put("secret/data/agents/openai", api_key=VALUE, other="x")
        self.secrets["the role's secret"] = double.secret_id
        source = {"type": "vault", "address": f"https://{VAULT}", "auth": "approle", "role_id": "HV_ROLE",
                  "secret_id": "HV_SECRET"}
        rules = {"K": {**bearer("K", P), "source": "hv", "key": "agents/openai", "field": "api_key"},
                 "L": {**bearer("L", P2), "source": "hv", "key": "agents/openai", "field": "no_such"}}
        home = self.home("vault", rules, {"HV_ROLE": double.role_id, "HV_SECRET": double.secret_id}, sources={"hv": source})
        told = self.told(home, "source", "test", "hv", code=1)
        self.assertEqual(self.outcomes(told), {"K": "ok", "L": "no_such_field"})
        self.assertEqual(double.count("auth/token/revoke-self"), 1)
        self.assertEqual(double.tokens, {})


class OfAProgram(Looking):
    def test_a_program_is_run_by_the_rules_of_serve(self):
        path = self.inputs / "gives"
        path.write_text(f"#!/bin/sh\necho '{VALUE}'\n")
        rules = {"K": {**bearer("K", P), "source": "mine"}}
        for mode, outcome in ((0o700, "ok"), (0o777, "not_permitted")):
            with self.subTest(outcome):
                path.chmod(mode)
                home = self.home(f"program-{outcome}", rules, {}, sources={"mine": {"type": "command", "argv": [str(path)]}})
                told = self.told(home, "source", "test", "mine", code=0 if outcome == "ok" else 1)
                self.assertEqual(self.outcomes(told), {"K": outcome})


class OfTokens(Looking):
    """What is minted: a test exchanges the refresh token, and the new one is kept."""

    addresses = ("auth.vendor.test",)
    secrets = {"one": VALUE, "two": VALUE2, "the client's secret": token_server.CLIENT_SECRET}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, identity = cls.make_pki([H, *cls.addresses], "tokens")
        cls.recorder = cls.make_recorder(identity)
        cls.vendor = cls.make_recorder(identity)

    def test_L15_a_refresh_token_that_a_test_exchanged_is_not_lost(self):
        double = token_server.TokenServer(self.vendor)
        self.addCleanup(lambda: self.secrets.update(double.issued))
        rule = {"placeholder": P, "bindings": [{"host": H}],
                "inject": {"header": "Authorization", "type": "oauth2_refresh", "client_id": "SHOP_ID",
                           "token_url": "https://auth.vendor.test/token", "client_secret": "SHOP_SECRET",
                           "refresh_token": "SHOP_REFRESH"}}
        home = self.home("tokens", {"SHOP": rule}, {"SHOP_ID": token_server.CLIENT_ID, "SHOP_SECRET": token_server.CLIENT_SECRET,
                                                    "SHOP_REFRESH": double.refresh_token})
        for _ in range(2):
            self.assertEqual(self.outcomes(self.told(home, "source", "test", "mint:SHOP")), {"SHOP": "ok"})
        running = self.start(home)
        self.assertEqual(self.ask(running, "/tokens").status, 200)
        self.assertEqual(double.count(), 3)  # each began after the last: none takes what is of before
        self.assertFalse(double.is_revoked)
        events = [r["event"] for r in auditlog.records(home.audit) if r["type"] == "token_rotation"]
        self.assertEqual(events, 3 * ["rotation_pending", "rotated"])


if __name__ == "__main__":
    main()
