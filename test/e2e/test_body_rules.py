# SPDX-License-Identifier: Apache-2.0
"""Rules on bodies (`graphql` and `json` of a binding): what they let through arrives with the secret, and all else never
reaches the upstream."""

import json
import shutil
import unittest
import urllib.parse

from harness.case import H, H2, K, K2, P, P2, V, V2, OneProxy, bearer, main

JSON = ("Content-Type", "application/json")


class BodyRules(OneProxy):
    hosts = (H, H2)
    secrets = {K: V, K2: V2}

    @classmethod
    def rules(cls):
        read_only, held = bearer(K, P, (H,)), bearer(K2, P2, (H2,))
        read_only["bindings"] = [{"host": H, "graphql": {"operations": ["query"], "fields": ["viewer"]}}]
        held["bindings"] = [{"host": H2, "json": [{"pointer": "/model", "in": ["small"]},
                                                  {"pointer": "/amount", "range": {"max": 100}, "optional": True},
                                                  {"pointer": "/to/*", "matches": "*@example.com", "optional": True}]}]
        return {K: read_only, K2: held}

    def post(self, host, path, body, *headers):
        key = P if host == H else P2
        return self.ask(host, "POST", path, [("Authorization", f"Bearer {key}"), *(headers or (JSON,))], body)

    def goes(self, host, path, body, *headers):
        self.assertEqual(self.post(host, path, body, *headers).status, 200)
        seen = self.recorder.one(path)
        self.assertEqual((seen.body, seen.get("Authorization")), (body, f"Bearer {V if host == H else V2}"))

    def stops(self, host, path, body, rule, *headers):
        before = self.recorder.application_bytes
        answer = self.post(host, path, body, *headers)
        self.refused(answer, 403, "body_not_allowed")
        self.assertIn(rule, json.loads(answer.body)["detail"])
        self.assertEqual(self.recorder.application_bytes, before)
        self.assertEqual(self.proxy.decision(path)["cause"], "body_rule_broken")

    def test_who_may_only_read_cannot_mutate(self):
        """[I5]"""
        self.goes(H, "/read", json.dumps({"query": "query Q {\n viewer { login }\n}", "operationName": "Q"}).encode())
        self.goes(H, "/document", b"{ viewer { login } }", ("Content-Type", "application/graphql"))
        for name, said in {"plain": {"query": "mutation { viewer }"},
                           "beside": {"query": "query Q { viewer } mutation M { viewer }", "operationName": "Q"},
                           "batch": [{"query": "{ viewer }"}, {"query": "mutation { viewer }"}]}.items():
            self.stops(H, f"/mutate/{name}", json.dumps(said).encode(), "graphql operations")
        self.stops(H, "/alias", b'{"query": "{ viewer: other }"}', "graphql fields")
        self.stops(H, "/fragment", b'{"query": "{ ...F } fragment F on Query { other }"}', "graphql fields")
        self.stops(H, "/twice", b'{"query": "{ viewer }", "query": "mutation { viewer }"}', "graphql")
        self.stops(H, "/form", b"query=%7Bviewer%7D", "graphql", ("Content-Type", "application/x-www-form-urlencoded"))

    def test_a_query_may_come_by_get_and_a_mutation_may_not(self):
        for query, status in (("{ viewer }", 200), ("mutation { viewer }", 403), ("{ other }", 403)):
            target = "/get?" + urllib.parse.urlencode({"query": query})
            self.assertEqual(self.ask(H, "GET", target, [("Authorization", f"Bearer {P}")]).status, status, query)

    def test_conditions_are_held_by_every_value(self):
        """[I5]"""
        self.goes(H2, "/held", b'{"model": "small", "amount": 100, "to": ["ann@example.com"]}')
        self.stops(H2, "/model", b'{"model": "large"}', "json /model, in")
        self.stops(H2, "/missing", b"{}", "json /model, in")
        self.stops(H2, "/amount", b'{"model": "small", "amount": 100.00000000000000000001}', "json /amount, range")
        self.stops(H2, "/to", b'{"model": "small", "to": ["ann@example.com", "bob@evil.test"]}', "json /to/*, matches")
        self.stops(H2, "/case", b'{"Model": "large", "model": "small"}', "json")
        self.stops(H2, "/mark", b'\xef\xbb\xbf{"model": "small"}', "json")
        self.stops(H2, "/utf16", '{"model": "small"}'.encode("utf-16"), "json")

    def test_what_carries_no_placeholder_is_not_looked_at(self):
        """[I2]"""
        self.assertEqual(self.ask(H2, "POST", "/inert", [JSON], b'{"model": "large"}').status, 200)
        self.assertEqual(self.recorder.one("/inert").body, b'{"model": "large"}')

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl_waits_for_100_continue_and_is_told(self):
        for path, model, status in (("/curl/small", "small", b"200"), ("/curl/large", "large", b"403")):
            done = self.home.run("run", "--", "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                                 f"Authorization: Bearer {P2}", "-H", "Content-Type: application/json", "-H",
                                 "Expect: 100-continue", "--data", json.dumps({"model": model}), f"https://{H2}{path}",
                                 unlock=True)
            self.assertEqual(done.stdout[-3:], status, done.stderr)


if __name__ == "__main__":
    main()
