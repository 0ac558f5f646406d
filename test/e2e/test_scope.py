# SPDX-License-Identifier: Apache-2.0
"""Section B: host, port, method and path decide where a secret may go."""

from harness.case import H, H2, K, P, V, OneProxy, bearer, main, row

WILD, IDN, PUNYCODE = "wild.example.test", "bücher.example.test", "xn--bcher-kva.example.test"


def rule(name, **scope):
    """A secret of its own name on a host of its own; all have the same value, so that one check serves."""
    return name, {**bearer(name, f"{name}-PLACEHOLDER-0123456789abcdef", (f"{name}.example.test",), **scope)}


SCOPES = dict([
    rule("methods", methods=["GET"]),
    rule("repos", paths=["/repos/**"]),
    rule("star", paths=["/repos/*"]),
    rule("issues", paths=["/repos/*/issues"]),
    rule("deep", paths=["/repos/**/issues"]),
    rule("messages", paths=["/v1/messages"]),
    rule("v1", paths=["/v1/**"]),
    rule("literal", paths=["/v1/a+b.c"]),
    rule("git", paths=["/**/git-upload-pack"]),
])
TWO = {"placeholder": "two-PLACEHOLDER-0123456789abcdef", "inject": {"header": "Authorization", "format": "Bearer {two}"},
       "bindings": [{"host": "two.example.test", "methods": ["GET"], "paths": ["/a"]},
                    {"host": "two.example.test", "methods": ["POST"], "paths": ["/b"]}]}

# row id, rule, method, target, is the secret sent?
TABLE = [
    row("B01", "methods", "GET", "/x", True),
    row("B02", "methods", "POST", "/x", False),
    row("B04", "repos", "GET", "/repos/a/b/c", True),
    row("B05", "repos", "GET", "/user/keys?token=x", False),
    row("B06", "star", "GET", "/repos/foo", True),
    row("B06", "star", "GET", "/repos/foo/bar", False),
    row("B08", "star", "GET", "/repos/", True),
    row("B09", "repos", "GET", "/repos/", True),
    row("B10", "repos", "GET", "/repos", False),
    row("B11", "issues", "GET", "/repos/foo/issues", True),
    row("B11", "issues", "GET", "/repos/foo/bar/issues", False),
    row("B12", "deep", "GET", "/repos/foo/bar/issues", True),
    row("B13", "messages", "GET", "/v1/messages/", False),
    row("B13", "messages", "GET", "/v1/messages?beta=true", True),
    row("B15", "v1", "GET", "/admin?x=/v1/", False),
    row("B16", "v1", "GET", "/v1/../admin", False),
    row("B17", "v1", "GET", "/v1/%2e%2e/admin", False),
    row("B17", "v1", "GET", "/v1/%2E%2E/admin", False),
    row("B17", "v1", "GET", "/v1/%252e%252e/admin", False),
    row("B18", "v1", "GET", "/v1/..%2fadmin", False),
    row("B18", "v1", "GET", "/v1/%2e%2e%2fadmin", False),
    row("B18", "v1", "GET", "/v1/..%5cadmin", False),
    row("B18", "v1", "GET", "/v1/..\\admin", False),
    row("B18", "v1", "GET", "/v1/..;x=1/admin", False),
    row("B18", "v1", "GET", "/v1/x/..;/..;/admin", False),
    row("B20", "v1", "GET", "//v1/x", False),
    row("B20", "v1", "GET", "/./v1/x", False),
    row("B20", "v1", "GET", "/v1//x", True),
    row("B20", "v1", "GET", "/V1/x", False),
    row("B21", "literal", "GET", "/v1/aXb1c", False),
    row("B21", "literal", "GET", "/v1/aab.c", False),
    row("B21", "literal", "GET", "/v1/a+b.c", True),
    row("B22", "two", "POST", "/b", True),
    row("B22", "two", "GET", "/a", True),
    row("B22", "two", "POST", "/a", False),
    row("B33", "git", "POST", "/o/r.git/git-receive-pack", False),
    row("B34", "git", "POST", "/o/r.git/git-upload-pack", True),
    row("B35", "git", "GET", "/o/r.git/info/refs", False),
    row("B35", "git", "GET", "/o/r.git/info/refs?service=git-nothing", False),
    row("B36", "git", "GET", "/o/r.git/info/refs?service=git-upload-pack&service=git-receive-pack", False),
]


class Scope(OneProxy):
    hosts = (H, H2, *[f"{name}.example.test" for name in SCOPES], "two.example.test", f"a.{WILD}", f"b.{WILD}", WILD,
             f"a.b.{WILD}", f"evil-{WILD}", f"{WILD}.evil.test", PUNYCODE, "evil-" + H, H + ".evil.test")
    secrets = {K: V, **{name: V for name in [*SCOPES, "two"]}}
    more = {"allow_wildcard_hosts": True}

    @classmethod
    def rules(cls):
        wild = bearer("repos", "wild-PLACEHOLDER-0123456789abcdef", (f"*.{WILD}",))
        wild["inject"]["format"] = "Bearer {secret}"
        idn = bearer("star", "idn-PLACEHOLDER-0123456789abcdef", (IDN,))
        idn["inject"]["format"] = "Bearer {secret}"
        return {K: bearer(), **SCOPES, "two": TWO, "WILD": wild, "IDN": idn}

    @classmethod
    def setUpClass(cls):
        cls.secrets = {**cls.secrets, "WILD": V, "IDN": V}
        super().setUpClass()

    @classmethod
    def document(cls):
        content = super().document()
        content["upstream"]["resolve"][f"{H}:8443"] = cls.recorder.address
        return content

    def test_the_table(self):
        """[I5] Every row of TABLE, whether the secret is sent, and what the record says."""
        for number, (name, secret, method, target, is_sent) in enumerate(TABLE):
            with self.subTest(row=name, target=target, method=method):
                host = f"{secret}.example.test"
                placeholder = f"{secret}-PLACEHOLDER-0123456789abcdef"
                mark = f"row-{number}"
                answer = self.ask(host, method, target, [("Authorization", f"Bearer {placeholder}"), ("X-Row", mark)])
                self.assertEqual(answer.status, 200)
                seen = [r for r in self.recorder.seen("") if r.get("X-Row") == mark]
                self.assertEqual(len(seen), 1)
                # What is sent is the path as it came.
                self.assertEqual((seen[0].method, seen[0].target), (method, target))
                self.assertEqual(seen[0].all("Authorization"), [f"Bearer {V if is_sent else placeholder}"])
                record = self.proxy.await_decisions(host=host)[-1]
                if is_sent:
                    self.decided(record, "allowed", "binding_matched", secret)
                else:
                    self.decided(record, "denied", "binding_scope_violation", secret)
                self.assertEqual(record["destination"]["method"], method)
                self.assertNotIn("?", record["destination"]["path"])

    def unmatched(self, authority):
        wire, answer = self.proxy.connect(authority)
        with wire:
            self.refused(answer, 403, "unmatched_destination")

    def test_B24_a_wildcard_does_not_cover_the_bare_name(self):
        self.unmatched(f"{WILD}:443")

    def test_B25_a_wildcard_covers_one_label_only(self):
        self.unmatched(f"a.b.{WILD}:443")

    def test_B26_N03_a_host_is_compared_without_case_and_a_wildcard_is_decrypted(self):
        for spelled, path in ((f"A.{WILD.upper()}", "/b26/upper"), (f"b.{WILD}", "/b26/lower")):
            with self.subTest(spelled):
                self.ask(spelled, target=path, headers=[("Authorization", "Bearer wild-PLACEHOLDER-0123456789abcdef")])
                self.assertEqual(self.recorder.one(path).all("Authorization"), [f"Bearer {V}"])

    def test_B27_a_host_is_never_compared_by_a_part_of_it(self):
        self.unmatched(f"evil-{H}:443")
        self.unmatched(f"{H}.evil.test:443")
        self.unmatched(f"evil-{WILD}:443")
        self.unmatched(f"{WILD}.evil.test:443")

    def test_B29_a_trailing_dot_is_the_same_host(self):
        """[I3]"""
        wire, answer = self.proxy.connect(f"{H}.:443")
        self.assertEqual(answer.status, 200)
        from harness import client
        with client.start_tls(wire, H, self.home.ca) as inner:
            for path, host in (("/b29/dot", f"{H}."), ("/b29/plain", H)):
                inner.send(client.request_bytes("GET", path, host, [("Authorization", f"Bearer {P}")]))
                self.assertEqual(inner.response().status, 200)
                seen = self.recorder.one(path)
                self.assertEqual(seen.all("Authorization"), [f"Bearer {V}"])
                self.assertEqual(seen.get("Host").rstrip("."), H)
                self.assertEqual(seen.connection.sni, H)

    def test_B30_a_port_that_no_binding_names_is_unbound(self):
        self.unmatched(f"{H}:8443")

    def test_B39_an_international_name_is_bound_by_its_a_label(self):
        self.ask(PUNYCODE, target="/b39", headers=[("Authorization", "Bearer idn-PLACEHOLDER-0123456789abcdef")])
        self.assertEqual(self.recorder.one("/b39").all("Authorization"), [f"Bearer {V}"])

    def test_a_path_with_controls_or_a_bad_escape_answers_400(self):
        for target in ("/v1/%00", "/v1/%0d%0a", "/v1/%zz", "/v1/%2", "/v1/\x7f", "/v1/%1f"):
            with self.subTest(target):
                before = self.recorder.application_bytes
                answer = self.ask("v1.example.test", "GET", target,
                                  [("Authorization", "Bearer v1-PLACEHOLDER-0123456789abcdef")])
                self.refused(answer, 400, "malformed_request")
                self.assertEqual(self.recorder.application_bytes, before)


class Addresses(OneProxy):
    """Hosts that are IP literals, and addresses that are not public."""

    hosts = (H,)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()

    @classmethod
    def rules(cls):
        return {K: bearer(), "K4": bearer("K4", "four-PLACEHOLDER-0123456789abcdef", ("127.0.0.1",))}

    secrets = {K: V, "K4": V}

    def test_B40_a_bound_loopback_literal_is_refused_unless_its_range_is_allowed(self):
        """[I12]"""
        answer = self.ask("127.0.0.1", target="/b40", headers=[("Authorization", "Bearer four-PLACEHOLDER-0123456789abcdef")])
        self.refused(answer, 403, "address_blocked")
        self.assertEqual(self.recorder.seen("/b40"), [])


if __name__ == "__main__":
    main()
