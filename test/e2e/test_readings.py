# SPDX-License-Identifier: Apache-2.0
"""What a server may make of a path and of a method: no reading of them slips a rule, and to read costs little."""

import json
import os
import pathlib

from harness import client, exchange
from harness.case import H, H2, K, K2, P, V, V2, OneProxy, bearer, main
from harness.exchange import SPOT
from test_callers import add_caller

BINANCE_PLACEHOLDER = "BINANCE_PLACEHOLDER_READ_0123456789"
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method", "x_http_method_override")
BLOCKED_ADMIN = ("/admin", "/admin/", "/admin/.", "/admin//", "/admin;x", "/ADMIN/", "/admin/%2e", "/admin%2f", "/admin.",
                 "/admin%20", "/admin%3fx", "/admin%23x", "/admin%253fx", "/%c1%a1dmin", "/x/%c0%ae%c0%ae/admin",
                 "/x%c0%af..%c0%afadmin", "/ad%ffmin", "/%ef%bd%81dmin", "/x/%e0%80%ae./admin")
OUTSIDE_V1 = ("/v1/%c0%ae%c0%ae/other", "/v1/%ff", "/v1/%e0%80%ae", "/v1/%ed%a0%80", "/v1/%25ff", "/v1/..%3fx", "/v1/..%23x",
              "/v1/..%253fx", "/v1/%ef%bc%8e%ef%bc%8e/other")
INSIDE_V1 = ("/v1/x", "/v1/caf%C3%A9", "/v1/what%3f", "/v1/c%23", "/v1/%e4%bd%a0")
MANY = 20


def many(number):
    """A secret of its own whose placeholder may stand anywhere, with a path that is slow to match."""
    return f"MANY_{number}", {
        "placeholder": f"many-PLACEHOLDER-{number:02}-0123456789", "inject": {"header": f"x-many-{number}", "format": "{secret}"},
        "bindings": [{"host": H2, "paths": ["/**/a*b/**/c*d", "/v1/*/x/**"]}]}


class Readings(OneProxy):
    hosts = (H, H2, SPOT)
    secrets = {K: V, K2: V2, **exchange.SECRETS}
    more = {"custom": {"gh": {"base_url": f"https://{H}/v2", "credential": K2,
                              "blocked_endpoints": ["DELETE /repos/*", "GET /admin"]}}}

    @classmethod
    def rules(cls):
        return {K: bearer(methods=["GET", "POST", "PURGE"], paths=["/v1/**", "/anything/**"],
                          blocked=["DELETE /v1/repos/*", "GET /admin"]),
                "READ": exchange.rule(BINANCE_PLACEHOLDER), **dict(many(i) for i in range(MANY))}

    @classmethod
    def make_home(cls, name="home", secrets=None):
        home = super().make_home(name, secrets)
        cls.token = add_caller(home, "ci")
        cls.secrets = {**cls.secrets, "token of ci": cls.token}
        return home

    # --- asking ---
    def route(self, target, method="GET", headers=()):
        fields = [*headers, ("Keyswap-Caller", self.token)]
        answer = self.proxy.raw(client.request_bytes(method, target, f"127.0.0.1:{self.proxy.port}", fields), method=method)
        self.note(f"answer to {target[:80]}", answer.raw_head + answer.body)
        return answer

    def asked(self, method, target, headers=(), body=b""):
        """With the placeholder; what the upstream saw of it, and the answer."""
        mark = f"mark-{len(self.outputs)}"
        answer = self.ask(H, method, target, [("Authorization", f"Bearer {P}"), ("X-Mark", mark), *headers], body)
        seen = [r for r in self.recorder.seen("") if r.get("X-Mark") == mark]
        self.assertLessEqual(len(seen), 1)
        return (seen[0] if seen else None), answer

    def explained(self, method, target, host=H, secret=K):
        """What `bindings explain` says of the secret: (swapped, reason)."""
        done = self.home.run("bindings", "explain", "--json", method, f"https://{host}{target}")
        found = [one for one in json.loads(done.stdout)["secrets"] if one["secret"] == secret]
        return found[0]["swapped"], found[0]["reason"]

    def goes_without(self, method, target, headers=(), explains=True):
        seen, answer = self.asked(method, target, headers)
        self.assertEqual(answer.status, 200)
        self.assertEqual((seen.target, seen.get("Authorization")), (target, f"Bearer {P}"))
        if explains:
            self.assertEqual(self.explained(method, target), (False, "binding_scope_violation"))

    def goes_with(self, method, target, headers=(), explains=True):
        seen, answer = self.asked(method, target, headers)
        self.assertEqual(answer.status, 200)
        self.assertEqual((seen.target, seen.get("Authorization")), (target, f"Bearer {V}"))
        if explains:
            self.assertEqual(self.explained(method, target), (True, "binding_matched"))

    def is_blocked(self, method, target, headers=(), explains=True):
        seen, answer = self.asked(method, target, headers)
        self.assertIsNone(seen)
        self.refused(answer, 403, "endpoint_blocked")
        if explains:
            self.assertFalse(self.explained(method, target)[0])

    # --- paths ---
    def test_a_blocked_endpoint_of_a_custom_service_is_blocked_in_every_reading(self):
        for rest in ("/repos/foo", "/%2e%2e/v2/repos/foo", "/../v2/repos/foo", "/..%2fv2/repos/foo", "/x/..;/repos/foo",
                     "/%252e%252e/v2/repos/foo", "/./repos/foo", "//repos/foo", "/..\\v2/repos/foo", "/..;a/V2/repos/foo"):
            with self.subTest(rest):
                answer = self.route("/custom/gh" + rest, "DELETE")
                self.assertIn(answer.status, (403,), answer)
                self.assertIn(answer.get("Keyswap-Reason"), ("endpoint_blocked", "binding_scope_violation"))
        for rest in ("/admin", "/admin/", "/admin/.", "/x/../admin/"):
            with self.subTest(rest):
                self.refused(self.route("/custom/gh" + rest), 403, "endpoint_blocked")
        self.assertEqual([r for r in self.recorder.seen("/v2") if r.method == "DELETE" or "admin" in r.target], [])
        self.assertEqual(self.route("/custom/gh/repos/kept").status, 200)
        self.assertEqual(self.recorder.one("/v2/repos/kept").get("Authorization"), f"Bearer {V2}")

    def test_a_blocked_endpoint_is_blocked_whatever_stands_at_its_end_or_hides_it(self):
        for target in BLOCKED_ADMIN:
            with self.subTest(target):
                self.is_blocked("GET", target)
        self.goes_without("GET", "/administer")

    def test_a_path_that_is_no_utf8_or_ends_at_an_encoded_mark_is_outside(self):
        """[I5] The secret stays here; the path goes on as it came."""
        for target in OUTSIDE_V1:
            with self.subTest(target):
                self.goes_without("GET", target)
        for target in INSIDE_V1:
            with self.subTest(target):
                self.goes_with("GET", target)

    # --- methods ---
    def test_a_method_that_is_named_besides_must_be_allowed_too(self):
        """[I5] In a header, in every spelling; in the query, in every encoding."""
        for name in OVERRIDES:
            with self.subTest(name):
                self.goes_with("POST", "/v1/x", [(name, "GET")], explains=False)
                for value in ("DELETE", "delete", "GET, DELETE", "", "two words"):
                    self.goes_without("POST", "/v1/x", [(name, value)], explains=False)
        self.goes_without("POST", "/v1/x", [(OVERRIDES[0], "GET"), (OVERRIDES[1], "PUT")], explains=False)
        for query in ("_method=DELETE", "_method=delete", "a=1&_method=PUT", "a=1;_method=PUT", "%5fmethod=PUT", "_metho%64=P%55T",
                      "_method=GET&_method=PUT", "+_method=+PUT", "_METHOD=PUT", "_method[]=PUT", "_method="):
            with self.subTest(query):
                self.goes_without("POST", f"/v1/x?{query}")
        for query in ("_method=GET", "method=DELETE", "my_method=DELETE", "x=_method", "payment_method=card"):
            with self.subTest(query):
                self.goes_with("POST", f"/v1/x?{query}")

    def test_a_method_that_is_named_besides_is_blocked_like_the_requests_own(self):
        for name in OVERRIDES:
            with self.subTest(name):
                self.is_blocked("POST", "/v1/repos/a", [(name, "DELETE")], explains=False)
                self.is_blocked("POST", "/v1/repos/a", [(name, "")], explains=False)
        for query in ("_method=DELETE", "x&_method=delete", "%5Fmethod=DELETE"):
            with self.subTest(query):
                self.is_blocked("POST", f"/v1/repos/a?{query}")
        self.is_blocked("POST", "/v1/repos/a%3f_method=DELETE")
        self.goes_with("POST", "/v1/repos/a?_method=GET")
        answer = self.route("/custom/gh/repos/foo", "POST", [("X-HTTP-Method-Override", "DELETE")])
        self.refused(answer, 403, "endpoint_blocked")

    def binance(self, method, target, headers=(), body=b""):
        return self.ask(SPOT, method, target, [("X-MBX-APIKEY", BINANCE_PLACEHOLDER), *headers], body)

    def test_an_exchange_takes_no_method_but_the_requests_own(self):
        signed = exchange.Exchange(self.recorder)
        closed = "/sapi/v1/capital/withdraw/apply"
        for name in OVERRIDES:
            for method, path, value in (("GET", closed, "POST"), ("GET", closed, "GET"), ("GET", "/api/v3/account", "DELETE"),
                                        ("POST", "/api/v3/order/test", "PUT")):
                with self.subTest(name, path=path, value=value):
                    self.refused(self.binance(method, path, [(name, value)]), 403, "endpoint_blocked")
                    self.refused(self.ask(SPOT, method, path, [(name, value)]), 403, "endpoint_blocked")
        for target in (f"{closed}?_method=POST", f"{closed}?_method=GET", "/api/v3/account?_method=POST"):
            with self.subTest(target):
                self.refused(self.binance("GET", target), 403, "endpoint_blocked")
                self.assertEqual(self.explained("GET", target, SPOT, "READ"), (False, "endpoint_blocked"))
        form = [("Content-Type", "application/x-www-form-urlencoded")]
        self.refused(self.binance("POST", "/api/v3/order/test", form, b"symbol=A&_method=DELETE"), 403, "endpoint_blocked")
        self.assertEqual(signed.seen(), [])
        self.assertEqual(self.binance("GET", "/api/v3/account", [(OVERRIDES[0], "GET")]).status, 200)
        self.assertTrue(signed.seen()[0].is_signed)
        self.assertEqual(signed.problems(), [])

    # --- work ---
    def cpu_ticks(self):
        fields = pathlib.Path(f"/proc/{self.proxy.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def test_a_head_that_is_made_to_be_slow_is_not(self):
        """[I10] Many readings, many placeholders, many rules, many options: the loop is not held."""
        nested = "/v1/" + "".join(f"%{'25' * (i % 40)}2e%2541;x\\\\//..%2f" for i in range(120))
        nested = nested[:nested.rindex("%2f", 0, 8000) + 3]
        fields = [(f"x-f{i}", " ".join(f"many-PLACEHOLDER-{n:02}-0123456789" for n in range(4 * (i % 2), 4 * (i % 2) + 4)))
                  for i in range(90)]
        options = [("Connection", ",".join(f"x-f{i}" for i in range(60)))]
        before = self.cpu_ticks()
        for target in (nested, "/" + "a/" * 3900 + "c%41", "/" + "ab%2561" * 1100, "/" + "a;" * 3900 + "//"):
            for headers in (fields, [*fields, *options]):
                answer = self.ask(H2, "GET", target, headers)
                self.assertEqual(answer.status, 200, answer)
        # Each secret that is named costs a judgement and a record, so that they are bounded.
        more = [*fields, ("x-more", "many-PLACEHOLDER-08-0123456789")]
        self.refused(self.ask(H2, "GET", "/v1/x", more), 400, "ambiguous_placeholder_match")
        spent = (self.cpu_ticks() - before) / os.sysconf("SC_CLK_TCK")
        self.assertLess(spent, 1.5, "seconds of the processor, for 8 requests")

    # --- bytes ---
    def test_a_query_may_hold_bytes_beyond_ascii_and_a_path_may_not(self):
        seen, answer = self.asked("GET", "/v1/x?name=caf\xc3\xa9&\xff=1")
        self.assertEqual(answer.status, 200)
        self.assertEqual((seen.target, seen.get("Authorization")), ("/v1/x?name=caf\xc3\xa9&\xff=1", f"Bearer {V}"))
        seen, answer = self.asked("GET", "/v1/caf\xc3\xa9")
        self.assertIsNone(seen)
        self.refused(answer, 400, "malformed_request")
        signed = exchange.Exchange(self.recorder)
        self.assertEqual(self.binance("GET", "/api/v3/account?symbol=\xe5\xb8\x81\xe5\xae\x89&timestamp=1499827319559").status, 200)
        self.assertEqual(signed.problems(), [])
        self.assertTrue(signed.seen()[0].is_signed)


if __name__ == "__main__":
    main()
