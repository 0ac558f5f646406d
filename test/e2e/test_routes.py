# SPDX-License-Identifier: Apache-2.0
"""Reverse routes: /proxy/NAME/, /custom/NAME/ on the listener, for programs that can only change a base URL."""

import json
import threading

from harness import client, pki
from harness.case import H, H2, K, K2, P, V, V2, OneProxy, bearer, document, main
from test_callers import add_caller

OPENAI, ANTHROPIC = "api.openai.com", "api.anthropic.com"


class Routes(OneProxy):
    hosts = (H, H2, OPENAI, ANTHROPIC)
    more = {"custom": {
        "github": {"base_url": f"https://{H}", "credential": K, "auth_header": "Authorization",
                   "auth_value_prefix": "Bearer ",
                   "blocked_endpoints": ["DELETE /repos/*", "PUT /repos/*/admin/*"]},
        "tickets": {"base_url": f"https://{H2}/api/v2", "credential": K2, "auth_header": "X-Api-Key",
                    "auth_value_prefix": ""},
        "absent": {"base_url": f"https://{H2}/absent", "credential": "NOT_IN_THE_VAULT"},
    }, "allow_origins": ["http://pages.example.test:3000"]}

    @classmethod
    def rules(cls):
        return {
            K: {"placeholder": P, "inject": {"header": "Authorization", "format": "Bearer {secret}"},
                "bindings": [{"host": OPENAI, "paths": ["/v1/**"]}, {"host": H, "paths": ["/models/**"], "route": "models"}]},
            K2: {"placeholder": "tok-PLACEHOLDER-second-0123456789",
                 "inject": {"header": "x-api-key", "format": "{secret}"}, "bindings": [{"host": ANTHROPIC}]},
        }

    @classmethod
    def make_home(cls, name="home", secrets=None):
        home = super().make_home(name, secrets)
        cls.token = add_caller(home, "ci")
        cls.secrets = {**cls.secrets, "token of ci": cls.token}
        return home

    def route(self, target, method="GET", headers=(), body=b"", token=True):
        fields = list(headers) + ([("Keyswap-Caller", self.token)] if token else [])
        answer = self.proxy.raw(client.request_bytes(method, target, f"127.0.0.1:{self.proxy.port}", fields, body),
                                method=method)
        self.note(f"answer to {target[:80]}", answer.raw_head + answer.body)
        return answer

    def test_openai(self):
        """F15 the real key, one Authorization header, the destination as Host."""
        answer = self.route("/proxy/openai/v1/models?limit=2")
        self.assertEqual(answer.status, 200, answer)
        seen = self.recorder.one("/v1/models")
        self.assertEqual(seen.all("Authorization"), [f"Bearer {V}"])
        self.assertEqual(seen.all("Host"), [OPENAI])
        self.assertEqual(seen.target, "/v1/models?limit=2")
        self.assertNotIn(b"eyswap", seen.raw_head)
        record = self.proxy.decision("/v1/models")
        self.decided(record, "allowed", "binding_matched", K)
        self.assertEqual((record["client"]["caller"], record["destination"]["host"]), ("ci", OPENAI))

    def test_anthropic(self):
        """F16 x-api-key, and anthropic-version unchanged."""
        answer = self.route("/proxy/anthropic/v1/messages", "POST", [("anthropic-version", "2023-06-01")], b"{}")
        self.assertEqual(answer.status, 200, answer)
        seen = self.recorder.one("/v1/messages")
        self.assertEqual(seen.all("x-api-key"), [V2])
        self.assertEqual(seen.get("anthropic-version"), "2023-06-01")
        self.assertEqual(seen.body, b"{}")

    def test_a_clients_own_credential_is_replaced(self):
        """F17 never sent beside the real one, however many there are."""
        answer = self.route("/proxy/openai/v1/own", headers=[("Authorization", "Bearer bogus-1")])
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.recorder.one("/v1/own").all("Authorization"), [f"Bearer {V}"])
        answer = self.route("/proxy/openai/v1/two", headers=[("Authorization", "Bearer bogus-1"),
                                                              ("authorization", "Bearer bogus-2")])
        for seen in self.recorder.seen("/v1/two"):
            self.assertEqual(seen.all("Authorization"), [f"Bearer {V}"])
        self.assertIn(answer.status, (200, 400))

    def test_events_arrive_as_they_are_sent(self):
        """F18 the second event is sent only when the first has arrived."""
        arrived = threading.Event()

        def events(_, connection):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.send(b"a\r\ndata: 1\n\n\n\r\n")
            arrived.wait(10)
            connection.send(b"a\r\ndata: 2\n\n\n\r\n0\r\n\r\n")

        self.recorder.on("/v1/events", events)
        with client.dial(self.proxy.port) as wire:
            wire.send(client.request_bytes("GET", "/proxy/openai/v1/events", "localhost", [("Keyswap-Caller", self.token)]))
            self.assertEqual(wire.head().status, 200)
            self.assertIn(b"data: 1", wire.until(b"\n\n"))
            arrived.set()
            self.assertIn(b"data: 2", wire.until(b"0\r\n\r\n"))

    def test_custom_services(self):
        """F32 header, prefix and base URL come from the configuration alone."""
        self.assertEqual(self.route("/custom/github/user/repos?page=2").status, 200)
        seen = self.recorder.one("/user/repos")
        self.assertEqual((seen.target, seen.get("Authorization"), seen.get("Host")),
                         ("/user/repos?page=2", f"Bearer {V}", H))
        self.assertEqual(self.route("/custom/tickets/list").status, 200)
        seen = self.recorder.one("/api/v2/list")
        self.assertEqual((seen.get("X-Api-Key"), seen.get("Host")), (V2, H2))
        self.assertEqual(self.proxy.decision("/api/v2/list")["secret"], K2)

    def test_a_custom_service_keeps_to_its_base_path(self):
        for rest in ("/../admin", "/..%2fadmin", "/x/..;/..;/admin", "/%2e%2e/admin"):
            answer = self.route("/custom/tickets" + rest)
            self.refused(answer, 403, "binding_scope_violation")
        self.assertEqual([r for r in self.recorder.seen("/") if "admin" in r.target], [])

    def test_blocked_endpoints(self):
        """F33 a pattern's star crosses slashes; query and case do not matter."""
        for method, path in (("DELETE", "/repos/a"), ("DELETE", "/repos/a/b"), ("DELETE", "/repos/a?x=1"),
                             ("PUT", "/repos/o/admin/x"), ("DELETE", "/REPOS/a"), ("DELETE", "/x/../repos/a")):
            with self.subTest(method=method, path=path):
                self.refused(self.route("/custom/github" + path, method), 403, "endpoint_blocked")
        self.assertEqual(self.route("/custom/github/repos/blocked-not").status, 200)
        self.assertEqual([r for r in self.recorder.seen("/") if r.method in ("DELETE", "PUT")], [])

    def test_a_secret_that_is_not_in_the_vault_F37(self):
        """F37 is not looked for anywhere else; F14 the answer names it."""
        home = self.copy_home(self.home, "environment")
        running = self.start(home, env={"NOT_IN_THE_VAULT": "from-the-environment"})
        answer = running.raw(client.request_bytes("GET", "/custom/absent/x", "localhost",
                                                  [("Keyswap-Caller", self.token)]))
        problem = self.refused(answer, 503, "secret_unavailable")
        self.assertEqual(problem["secret"], "NOT_IN_THE_VAULT")
        self.assertEqual(self.recorder.seen("/absent"), [])
        self.assertTrue(running.await_stderr("NOT_IN_THE_VAULT"))

    def test_a_route_always_asks_who_comes(self):
        """Also where the bindings list no callers; a token of nobody is none."""
        self.refused(self.route("/custom/github/asked", token=False), 407, "caller_required")
        self.refused(self.route("/custom/github/asked", token=False,
                                headers=[("Keyswap-Caller", "kswc_ci." + "A" * 43)]), 407, "caller_required")
        self.refused(self.route("/custom/github/asked", token=True,
                                headers=[("Keyswap-Caller", self.token)]), 407, "caller_required")
        self.assertEqual(self.recorder.seen("/asked"), [])
        found = self.proxy.await_decisions("/asked", count=3)
        self.assertEqual({r["reason"] for r in found}, {"caller_required"})

    def test_a_web_page_is_no_client(self):
        """Not even with a token: neither a route nor the health is a page's to ask. In a tunnel Origin is for the upstream."""
        here = f"127.0.0.1:{self.proxy.port}"
        for host, *fields in ((here, ("Origin", "http://evil.example.test")), (here, ("Sec-Fetch-Site", "cross-site")),
                              (f"evil.example.test:{self.proxy.port}",)):
            for target in ("/custom/github/page", "/healthz"):
                with self.subTest(host=host, fields=fields, target=target):
                    self.refused(self.proxy.raw(client.request_bytes("GET", target, host, [*fields, ("Keyswap-Caller", self.token)])),
                                 403, "origin_not_allowed")
        self.assertEqual(self.recorder.seen("/page"), [])
        self.assertEqual({r["reason"] for r in self.proxy.await_decisions("/page", count=3)}, {"origin_not_allowed"})
        self.assertEqual(self.ask(H, target="/models/tunnelled", headers=[("Origin", "https://o.example.test")]).status, 200)
        self.assertEqual(self.recorder.one("/models/tunnelled").get("Origin"), "https://o.example.test")

    def test_an_origin_that_is_allowed_comes_with_a_token_and_no_other_does(self):
        fields = [("Origin", "http://pages.example.test:3000"), ("Sec-Fetch-Site", "cross-site")]
        self.assertEqual(self.route("/custom/github/listed", headers=fields).status, 200)
        self.assertEqual(self.recorder.one("/listed").all("Authorization"), [f"Bearer {V}"])
        self.refused(self.route("/custom/github/unproven", headers=fields, token=False), 407, "caller_required")
        for origin in ("http://pages.example.test:3001", "https://pages.example.test:3000", "null",
                       "http://pages.example.test:3000.evil.test"):
            with self.subTest(origin=origin):
                self.refused(self.route("/custom/github/unlisted", headers=[("Origin", origin), fields[1]]), 403,
                             "origin_not_allowed")
        self.assertEqual(self.recorder.seen("/unproven") + self.recorder.seen("/unlisted"), [])

    def test_there_is_no_other_route(self):
        for target in ("/proxy/mistral/x", "/custom/none/x", "/custom/github%2f../x", "/custom/models/x",
                       "/binance/api/v3/time", "/x"):
            with self.subTest(target):
                self.refused(self.route(target), 400, "malformed_request")

    def test_a_declared_route(self):
        self.assertEqual(self.route("/proxy/models/models/a").status, 200)
        self.assertEqual(self.recorder.one("/models/a").get("Host"), H)
        self.refused(self.route("/proxy/models/other"), 403, "binding_scope_violation")

    def test_forwarding_to_a_custom_services_host_gives_nothing(self):
        """It is in no binding: not decrypted, and not reached under `deny`."""
        wire, answer = self.proxy.connect(f"{H2}:443")
        with wire:
            self.refused(answer, 403, "unmatched_destination")

    def test_an_address_that_a_custom_service_allows_is_reached_by_that_service_alone(self):
        """[I12] Neither by a tunnel nor by a request that says no token, also not over a connection that the service left."""
        authority = pki.Authority(self.scratch / "inner")
        inner = self.make_recorder(authority.leaf(san="IP:127.0.0.1"))
        at = inner.address
        home = self.copy_home(self.home, "inner")
        home.bindings(document({}, root=authority.certificate, policy="forward_unmodified", custom={
            "inner": {"base_url": f"https://{at}", "credential": K, "allow_addresses": ["127.0.0.1"]}}))
        running = self.start(home)
        asked = client.request_bytes("GET", f"https://{at}/forward", at)
        for turn in range(2):
            wire, answer = running.connect(at)
            with wire:
                self.refused(answer, 403, "address_blocked")
            self.refused(running.raw(asked), 403, "address_blocked")
            answer = running.raw(client.request_bytes("GET", f"/custom/inner/{turn}", "localhost", [("Keyswap-Caller", self.token)]))
            self.note("answer", answer.raw_head + answer.body)
            self.assertEqual(answer.status, 200)
        self.assertEqual([request.path for request in inner.seen()], ["/0", "/1"])

    def test_two_requests_on_one_connection_say_each_who_sends_them(self):
        with client.dial(self.proxy.port) as wire:
            wire.send(client.request_bytes("GET", "/custom/github/first", "localhost", [("Keyswap-Caller", self.token)]))
            self.assertEqual(wire.response().status, 200)
            wire.send(client.request_bytes("GET", "/custom/github/second", "localhost"))
            self.refused(wire.response(), 407, "caller_required")
        self.assertEqual(self.recorder.seen("/second"), [])

    def test_a_custom_service_has_no_placeholder_to_hand_out(self):
        done = self.home.must("env", "--json")
        variables = json.loads(done.stdout)
        self.assertNotIn("", variables.values())
        self.assertNotIn("NOT_IN_THE_VAULT", variables)
        self.assertIn(b"3 custom services", self.home.must("bindings", "check").stdout)


if __name__ == "__main__":
    main()
