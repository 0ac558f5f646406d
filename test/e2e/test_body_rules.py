# SPDX-License-Identifier: Apache-2.0
"""Rules on bodies (`graphql` and `json` of a binding): what they let through arrives with the secret, and all else never
reaches the upstream."""

import gzip
import json
import shutil
import subprocess
import sys
import unittest
import urllib.parse

from harness import client
from harness.case import H, H2, K, K2, P, P2, V, V2, Case, OneProxy, bearer, document, main
from harness.packages import installed

JSON = ("Content-Type", "application/json")
READ, MUTATE = b'{"query": "{ viewer }"}', b'{"query": "mutation { viewer }"}'
BODY_BYTES_MAX = 1 << 20  # of a body under rules


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

    def test_what_could_hide_another_request_is_refused(self):
        """[I5] Each of these some server reads as something else than what a strict reader finds."""
        form = "multipart/form-data; boundary=x"
        upload = (b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n' + MUTATE + b"\r\n--x--\r\n")
        for name, body, headers in (
                ("gzip", gzip.compress(MUTATE), [JSON, ("Content-Encoding", "gzip")]),
                ("gzip-unsaid", gzip.compress(MUTATE), [JSON]),
                ("gzip-underscore", READ, [JSON, ("Content_Encoding", "gzip")]),
                ("upload", upload, [("Content-Type", form)]),
                ("charset", READ, [("Content-Type", "application/json; charset=utf-16")]),
                ("utf16", READ.decode().encode("utf-16"), [JSON]),
                ("mark", b"\xef\xbb\xbf" + READ, [JSON]),
                ("no-type", READ, [("X-A", "b")]),
                ("text", READ, [("Content-Type", "text/plain")]),
                ("escaped-name", b'{"query": "{ viewer }", "\\u0071uery": "mutation { viewer }"}', [JSON]),
                ("case", b'{"query": "{ viewer }", "QUERY": "mutation { viewer }"}', [JSON]),
                ("long-s", '{"query": "{ viewer }", "exten\u017fions": {}}'.encode(), [JSON]),
                ("nan", b'{"query": "{ viewer }", "variables": {"x": NaN}}', [JSON]),
                ("comment", b'{"query": "{ viewer }" /* , */ }', [JSON]),
                ("two", READ + b"\n" + MUTATE, [JSON]),
                ("carriage-return", b'{"query": "{ viewer #\\r other }"}', [JSON]),
                ("hash", b'{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "ab"}}}', [JSON]),
                ("id", b'{"documentId": "ab"}', [JSON]),
                ("no-name", b'{"query": "query A { viewer } query B { viewer }"}', [JSON]),
                ("schema", b'{"query": "{ viewer { query { __schema { types { name } } } } }"}', [JSON]),
                ("subscription", b'{"query": "subscription { viewer }"}', [JSON]),
                ("empty", b"[]", [JSON])):
            with self.subTest(name):
                self.stops(H, f"/hidden/{name}", body, "graphql", *headers)
        for query in ("query={viewer}", "id=1", "operation_name=A", "%71uery=x", "a=1;query=x", "query[]=x", "+query=x"):
            with self.subTest(query):
                before = self.recorder.application_bytes
                self.refused(self.post(H, f"/in-url?{query}", READ), 403, "body_not_allowed")
                self.assertEqual(self.recorder.application_bytes, before)

    def test_chunks_are_put_together_and_judged(self):
        """[I5] It is sent on with its length."""
        for path, body, status in (("/chunks/read", READ, 200), ("/chunks/mutate", MUTATE, 403)):
            data = b"".join(b"1;a=b\r\n" + bytes([byte]) + b"\r\n" for byte in body) + b"0\r\n\r\n"
            head = [("Authorization", f"Bearer {P}"), JSON, ("Transfer-Encoding", "chunked")]
            with self.proxy.tunnel(H) as wire:
                wire.send(client.request_bytes("POST", path, H, head, data, length=False))
                answer = wire.response("POST")
            self.note(f"answer to {path}", answer.raw_head + answer.body)
            self.assertEqual(answer.status, status)
        seen = self.recorder.one("/chunks/read")
        self.assertEqual((seen.body, seen.get("Content-Length"), seen.get("Transfer-Encoding")), (READ, str(len(READ)), None))
        self.assertEqual(self.recorder.seen("/chunks/mutate"), [])

    def test_of_requests_in_one_go_each_is_judged_by_itself(self):
        """[I5]"""
        head = [("Authorization", f"Bearer {P}"), JSON]
        with self.proxy.tunnel(H) as wire:
            wire.send(b"".join(client.request_bytes("POST", f"/go/{n}", H, head, body)
                               for n, body in enumerate((READ, MUTATE, READ))))
            answers = [wire.response("POST") for _ in range(2)]
        for answer in answers:
            self.note("answer in one go", answer.raw_head + answer.body)
        self.assertEqual([answer.status for answer in answers], [200, 403])
        self.assertEqual(self.recorder.seen("/go/1"), [])

    def test_what_is_longer_than_can_be_held_is_refused(self):
        """[I10] With its length told, by which it is refused before it comes, and without."""
        at_most = READ[:-1] + b" " * (BODY_BYTES_MAX - len(READ)) + b"}"
        self.goes(H, "/at-most", at_most)
        self.refused(self.post(H, "/longer", at_most + b" "), 413, "body_too_large")
        self.assertEqual(self.recorder.seen("/longer"), [])

    def test_a_method_in_a_field_changes_nothing_of_it(self):
        """[I5] A POST that a server takes for a GET has no document in its URL, and a GET for a POST no mutation."""
        override = ("X-HTTP-Method-Override", "GET")
        self.stops(H, "/override", MUTATE, "graphql", JSON, override)
        target = "/override-get?" + urllib.parse.urlencode({"query": "mutation { viewer }"})
        answer = self.ask(H, "GET", target, [("Authorization", f"Bearer {P}"), ("X-HTTP-Method-Override", "POST")])
        self.refused(answer, 403, "body_not_allowed")

    def test_no_websocket_opens_beside_rules(self):
        """[I5] Its messages would be held to none: the handshake is refused, whatever its query says."""
        fields = [("Authorization", f"Bearer {P}"), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
                  ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
                  ("Sec-WebSocket-Protocol", "graphql-transport-ws")]
        before = self.recorder.application_bytes
        for target in ("/socket", "/socket?query=%7Bviewer%7D"):
            answer = self.ask(H, "GET", target, fields)
            self.assertIn(answer.status, (403, 501))
        self.assertEqual(self.recorder.application_bytes, before)
        for key, rule in (("graphql", {"operations": ["query"]}), ("json", [{"pointer": "/a", "present": True}])):
            home = self.copy_home(self.home, f"socket-{key}")
            entry = bearer(K, P, (H,), websocket=True, **{key: rule})
            home.bindings(document({K: entry}, recorder=self.recorder, hosts=(H,), root=self.authority.certificate))
            done = home.run("bindings", "check")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(b"do not go with `websocket: true`", done.stdout + done.stderr)

    def test_explain_check_and_approve_tell_the_rules(self):
        explained = self.home.must("bindings", "explain", "POST", f"https://{H2}/x").stdout.decode()
        self.assertIn('of the body /model is one of "small"', explained)
        self.assertIn("/amount is a number of at most 100, if it is there", explained)
        as_json = json.loads(self.home.must("bindings", "explain", "--json", "POST", f"https://{H}/x").stdout)
        self.assertIn("it is GraphQL, query alone, of the fields viewer", json.dumps(as_json))
        home = self.copy_home(self.home, "approve")
        rules = self.rules()
        del rules[K]["bindings"][0]["graphql"]
        home.bindings(document(rules, recorder=self.recorder, hosts=self.hosts, root=self.authority.certificate))
        told = home.run("bindings", "approve", unlock=True)
        self.assertIn(b"GraphQL, query alone", told.stdout + told.stderr)

    def test_conditions_are_held_by_every_value(self):
        """[I5]"""
        self.goes(H2, "/held", b'{"model": "small", "amount": 100, "to": ["ann@example.com"]}')
        self.stops(H2, "/model", b'{"model": "large"}', "json /model, in")
        self.stops(H2, "/missing", b"{}", "json /model, in")
        self.stops(H2, "/amount", b'{"model": "small", "amount": 100.00000000000000000001}', "json /amount, range")
        self.stops(H2, "/to", b'{"model": "small", "to": ["ann@example.com", "bob@evil.test"]}', "json /to/*, matches")
        self.stops(H2, "/number", b'{"model": "small", "amount": 1e400}', "json /amount, range")
        self.stops(H2, "/one", b'{"model": "small", "to": "bob@evil.test"}', "json /to/*, matches")
        self.stops(H2, "/list", b'[{"model": "small"}]', "json /model, in")
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


SHOP = "my-shop.myshopify.com"
GITHUB = "api.github.com"


@unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
class Clients(Case):
    """The vendors' own packages, whose programs may read and not write."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = installed("programs")
        cls.authority, identity = cls.make_pki([GITHUB, SHOP])
        cls.recorder = cls.make_recorder(identity)
        cls.recorder.says("/", body=b'{"data": {"viewer": {"login": "ann"}}}', headers=[JSON])
        cls.home = cls.make_home()
        shop = {**bearer(K2, P2, (SHOP,), graphql={"operations": ["query"]}),
                "inject": {"header": "X-Shopify-Access-Token", "format": "{secret}"}}
        github = bearer(K, P, (GITHUB,), graphql={"operations": ["query", "mutation"], "fields": ["viewer", "mutation.addStar"]})
        cls.home.bindings(document({K: github, K2: shop}, recorder=cls.recorder, hosts=(GITHUB, SHOP),
                                   root=cls.authority.certificate))
        cls.proxy = cls.start(cls.home)
        done = cls.home.must("run", "--", sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))", unlock=True)
        cls.environment = json.loads(done.stdout)

    def say(self, program, key, document_):
        done = subprocess.run(["node", "graphql.mjs", program, document_], cwd=self.folder, capture_output=True, timeout=120,
                              env={**self.environment, "KEY": self.environment[key]}, check=False)
        self.note(f"{program} stdout", done.stdout)
        self.note(f"{program} stderr", done.stderr)
        self.assertEqual(done.returncode, 0, done.stdout.decode() + done.stderr.decode())
        return json.loads(done.stdout)

    def check(self, program, key, host, field, goes, stops):
        """[I5] What the rules allow arrives with the secret; of the rest the client is told which rule it breaks."""
        for document_ in goes:
            before = len(self.recorder.seen())
            self.assertEqual(self.say(program, key, document_), {"data": {"viewer": {"login": "ann"}}}, document_)
            seen, = self.recorder.seen()[before:]
            self.assertEqual(seen.get("Host"), host)
            self.assertIn(self.secrets[key], seen.get(field))
            self.assertEqual(json.loads(seen.body)["query"].strip(), document_)
        before = len(self.recorder.seen())
        for document_, rule in stops:
            told = self.say(program, key, document_)
            self.assertEqual(told["status"], 403, told)
            self.assertEqual(self.proxy.decisions(host=host)[-1]["reason"], "body_not_allowed")
            self.assertIn(rule, self.proxy.decisions(host=host)[-1]["facts"])
        self.assertEqual(self.recorder.seen()[before:], [])

    def test_octokit(self):
        self.check("octokit", K, GITHUB, "Authorization",
                   ("{ viewer { login } }", "query Who { me: viewer { login } }", "mutation Star { addStar(input: {}) { id } }"),
                   (("mutation { deleteIssue(input: {}) { id } }", "graphql fields"),
                    ("{ addStar(input: {}) { id } }", "graphql fields"),
                    ("{ __schema { types { name } } }", "graphql introspection")))

    def test_shopify(self):
        self.check("shopify", K2, SHOP, "X-Shopify-Access-Token", ("query { shop { name } }",),
                   (("mutation { productDelete(input: {}) { id } }", "graphql operations"),))


if __name__ == "__main__":
    main()
