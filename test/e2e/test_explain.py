# SPDX-License-Identifier: Apache-2.0
"""`bindings explain` says of a request what the proxy does with it: random requests are explained, and sent."""

import json
import random

from harness import client
from harness.case import H, H2, K, K2, P, V, V2, X, OneProxy, bearer, main
from test_callers import add_caller

PIECES = ("/v1", "/v1", "/repos", "/repos", "/keys", "/x", "//", "/..", "/.", "/%2e%2e", "/%2e", "%2f", ";p", "/%6beys", "/Keys", "%5c",
          "%3f", "%ff", "%252e", "/%252e%252e")
QUERIES = ("", "", "", "", "?q=1", "?_method=DELETE", "?_method=GET", "?_method=%3f", "?")
METHODS = ("GET", "GET", "POST", "DELETE", "PURGE", "get", "TRACE")
WIKI = "wiki.corp"
REQUESTS = 150


class Explain(OneProxy):
    hosts = (H, H2)
    policy = "deny"
    more = {"custom": {"gh": {"base_url": f"https://{H2}/v2", "credential": K2, "blocked_endpoints": ["DELETE /repos/*"]},
                       "absent": {"base_url": f"https://{H2}/absent", "credential": "NOT_IN_THE_VAULT"}}}

    @classmethod
    def rules(cls):
        rule = bearer(methods=["GET", "POST"], paths=["/v1/**", "/x/*"], blocked=["* *keys*"], route="one")
        return {K: {**rule, "bindings": rule["bindings"] + [{"host": WIKI}]}}

    @classmethod
    def make_home(cls, name="home", secrets=None):
        home = super().make_home(name, secrets)
        cls.token = add_caller(home, "ci")
        cls.secrets = {**cls.secrets, "token of ci": cls.token}
        return home

    def explain(self, method, url, *options):
        done = self.home.run("bindings", "explain", "--json", *options, method, url)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        explained = json.loads(done.stdout)
        swapped = [one["secret"] for one in explained["secrets"] if one["swapped"]]
        self.assertEqual(done.returncode, 0 if swapped else 1)
        return explained, swapped

    def sent(self, data, method, target):
        """The answer, and what the upstream got of it."""
        before = len(self.recorder.seen(""))
        answer = self.proxy.raw(data, method=method)
        self.note(f"answer to {target[:80]}", answer.raw_head + answer.body)
        return answer, self.recorder.seen("")[before:]

    def agrees(self, explained, swapped, answer, seen, value):
        """The proxy refuses what explain says is refused, and puts the secret in where it says so."""
        self.assertEqual(answer.get("Keyswap-Reason"), explained["refusal"])
        self.assertEqual([r for r in seen if value in r.raw_head.decode("latin-1")] != [], swapped != [])

    def test_random_requests_in_a_tunnel(self):
        """[I2] [I5]"""
        chance = random.Random(20)
        for _ in range(REQUESTS):
            target = "/" + "".join(chance.choices(PIECES, k=chance.randint(1, 4))).lstrip("/") + chance.choice(QUERIES)
            method = chance.choice(METHODS)
            with self.subTest(method=method, target=target):
                explained, swapped = self.explain(method, f"https://{H}{target}")
                before = len(self.recorder.seen(""))
                answer = self.ask(H, method, target, [("Authorization", f"Bearer {P}")])
                self.agrees(explained, swapped, answer, self.recorder.seen("")[before:], V)
                if explained["refusal"] is None:
                    found = next(one for one in explained["secrets"] if one["secret"] == K)
                    self.assertEqual(found["reason"], self.proxy.decisions()[-1]["reason"])

    def test_random_requests_by_a_route(self):
        """[I2] [I5]"""
        chance = random.Random(21)
        for _ in range(REQUESTS // 2):
            route, value = chance.choice((("/custom/gh", V2), ("/proxy/one", V), ("/custom/none", V)))
            target = route + "/" + "".join(chance.choices(PIECES, k=chance.randint(1, 3))).lstrip("/") + chance.choice(QUERIES)
            method = chance.choice(METHODS)
            with self.subTest(method=method, target=target):
                here = f"127.0.0.1:{self.proxy.port}"
                explained, swapped = self.explain(method, f"http://{here}{target}", "--caller", "ci")
                data = client.request_bytes(method, target, here, [("Keyswap-Caller", self.token)])
                self.agrees(explained, swapped, *self.sent(data, method, target), value)

    def test_a_route_needs_a_caller(self):
        url = f"http://127.0.0.1:{self.proxy.port}/custom/gh/x"
        self.assertEqual(self.explain("GET", url)[1], [K2])
        self.assertEqual(self.explain("GET", url, "--caller", "")[0]["refusal"], "caller_required")

    def test_what_the_vault_lacks(self):
        explained, swapped = self.explain("GET", f"http://127.0.0.1:{self.proxy.port}/custom/absent/x", "--password-file",
                                          str(self.home.password_file))
        self.assertEqual(swapped, [])
        found = next(one for one in explained["secrets"] if one["secret"] == "NOT_IN_THE_VAULT")
        self.assertEqual(found["reason"], "secret_unavailable")
        self.assertIn("keyswap secret add NOT_IN_THE_VAULT", found["why"])

    def test_plain_http_to_a_bound_host(self):
        """[I5]"""
        explained, swapped = self.explain("GET", f"http://{H}/v1/x")
        self.assertEqual((swapped, explained["secrets"][0]["reason"]), ([], "insecure_scheme"))
        self.assertIn(f"use https://{H}/v1/x", explained["secrets"][0]["why"])

    def test_hosts_that_are_not_reached(self):
        """[I12]"""
        for host, reason in ((WIKI, "address_blocked"), (X, "unmatched_destination"), ("127.0.0.1", "unmatched_destination")):
            with self.subTest(host):
                explained, swapped = self.explain("GET", f"https://{host}/v1/x")
                self.assertEqual((explained["refusal"], swapped), (reason, []))
                answer = self.ask(WIKI, "GET", "/v1/x", [("Authorization", f"Bearer {P}")]) if host == WIKI else \
                    self.proxy.connect(f"{host}:443")[1]
                self.assertEqual(answer.get("Keyswap-Reason"), reason)


if __name__ == "__main__":
    main()
