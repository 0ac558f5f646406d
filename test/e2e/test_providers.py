# SPDX-License-Identifier: Apache-2.0
"""The catalogue: after `init` one command adds a secret, and its placeholder works; no editor."""

import base64
import json
import os
import re
import shutil

from harness import canary
from harness.case import Case, document, main

# name: (provider, value, further options)
ADDED = {
    "OPENAI_API_KEY": ("openai", "sk-proj-" + "aB3-" * 18 + "zzT3BlbkFJ" + "cD4_" * 18 + "yy", ()),
    "ANTHROPIC_API_KEY": ("anthropic", "sk-ant-api03-" + "x9Y-" * 23 + "qAA", ()),
    "GEMINI_API_KEY": ("gemini", "AIza" + "Sy5kL-_" * 5, ()),
    "GITHUB_TOKEN": ("github", "ghp_" + "r4T8" * 9, ()),
    "GIT_PUSH": ("github-git", "ghp_" + "w6Q2" * 9, ()),
    "HOOK": ("slack-webhook", "m3N7" * 6, ()),
    "TELEGRAM_BOT_TOKEN": ("telegram", "7123456789:A" + "k2L-" * 8 + "zz", ()),
    "STRIPE_SECRET_KEY": ("stripe", "sk_test_" + "v8B1" * 6, ()),
    "LINEAR_API_KEY": ("linear", "lin_api_" + "p5D9" * 10, ()),
    "NOTION_TOKEN": ("notion", "ntn_12345678901" + "g7H3j" * 7, ()),
    "AZURE_OPENAI_API_KEY": ("azure-openai", "t1U6" * 21, ("--host", "team.openai.azure.com")),
    "KRAKEN_API_KEY": ("kraken", "s9F4" * 14 + "\n" + base64.b64encode(b"a secret key for the venue kraken").decode(), ()),
}
HOSTS = ("api.openai.com", "api.anthropic.com", "generativelanguage.googleapis.com", "api.github.com", "github.com",
         "hooks.slack.com", "api.telegram.org", "api.stripe.com", "api.linear.app", "api.notion.com",
         "team.openai.azure.com", "api.kraken.com", "own.example.test")

OWN = """title: Ours
docs: https://own.example.test/docs
key: ["own_{32:hex}"]
env: [OWN_KEY]
secret:
  inject: { header: X-Own, format: "{secret}" }
  bindings: [ { host: own.example.test, methods: [GET], paths: ["/v1/**"] } ]
"""


def values():
    found = {}
    for name, (_, value, _) in ADDED.items():
        for number, line in enumerate(value.split("\n")):
            found[name if number == 0 else f"{name}_SECRET"] = line
    return found


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Providers(Case):
    secrets = values()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, identity = cls.make_pki(HOSTS)
        cls.recorder = cls.make_recorder(identity)
        cls.home = cls.make_home(secrets={})
        cls.home.bindings("# kept\n" + cls.document())
        cls.placeholders = {}
        for name, (provider, value, options) in ADDED.items():
            done = cls.home.must("secret", "add", name, "--provider", provider, "--json", *options, stdin=value.encode(),
                                 unlock=True)
            cls.placeholders[name] = json.loads(done.stdout)
        cls.proxy = cls.start(cls.home)

    @classmethod
    def document(cls):
        from harness.proxy import yaml
        return yaml(document({}, recorder=cls.recorder, hosts=HOSTS, root=cls.authority.certificate)) + "\n"

    def sent(self, host, method, target, headers=(), body=b""):
        """What the upstream got."""
        answer = self.proxy.ask(host, method, target, headers, body)
        self.note(f"answer to {target}", answer.raw_head + answer.body)
        self.assertEqual(answer.status, 200, answer)
        return self.recorder.seen("/")[-1]

    def placeholder(self, name):
        return self.placeholders[name]["placeholder"]

    def test_after_init_one_command_a_secret_is_enough(self):
        """[I5] Each at the place where its provider wants it; the client held the placeholder alone."""
        p, v = self.placeholder, self.secrets
        bearer = (("OPENAI_API_KEY", "api.openai.com", "POST", "/v1/responses"),
                  ("ANTHROPIC_API_KEY", "api.anthropic.com", "POST", "/v1/messages"),
                  ("GITHUB_TOKEN", "api.github.com", "GET", "/repos/a/b"),
                  ("STRIPE_SECRET_KEY", "api.stripe.com", "POST", "/v1/charges"),
                  ("NOTION_TOKEN", "api.notion.com", "POST", "/v1/search"))
        for name, host, method, target in bearer:
            with self.subTest(name=name):
                seen = self.sent(host, method, target, [("Authorization", f"Bearer {p(name)}")])
                self.assertEqual(seen.all("Authorization"), [f"Bearer {v[name]}"])
        for name, host, method, target, header in (
                ("ANTHROPIC_API_KEY", "api.anthropic.com", "POST", "/v1/messages", "x-api-key"),
                ("GEMINI_API_KEY", "generativelanguage.googleapis.com", "POST", "/v1beta/models/x", "x-goog-api-key"),
                ("LINEAR_API_KEY", "api.linear.app", "POST", "/graphql", "Authorization"),
                ("AZURE_OPENAI_API_KEY", "team.openai.azure.com", "POST", "/openai/deployments/x/chat", "api-key")):
            with self.subTest(name=name, header=header):
                seen = self.sent(host, method, target, [(header, p(name))])
                self.assertEqual(seen.all(header), [v[name]])

    def test_a_key_may_stand_in_query_path_or_basic(self):
        p, v = self.placeholder, self.secrets
        seen = self.sent("generativelanguage.googleapis.com", "GET", f"/v1beta/models?key={p('GEMINI_API_KEY')}")
        self.assertEqual(seen.target, f"/v1beta/models?key={v['GEMINI_API_KEY']}")
        seen = self.sent("hooks.slack.com", "POST", f"/services/T000/B000/{p('HOOK')}")
        self.assertEqual(seen.target, f"/services/T000/B000/{v['HOOK']}")
        seen = self.sent("api.telegram.org", "POST", f"/bot{p('TELEGRAM_BOT_TOKEN')}/sendMessage")
        self.assertEqual(seen.target.replace("%3A", ":"), f"/bot{v['TELEGRAM_BOT_TOKEN']}/sendMessage")
        for name, host, target, user, password in (
                ("STRIPE_SECRET_KEY", "api.stripe.com", "/v1/charges", "{}", ""),
                ("GIT_PUSH", "github.com", "/a/b.git/git-upload-pack", "x-access-token", "{}")):
            seen = self.sent(host, "POST", target, [("Authorization", basic(user.format(p(name)), password.format(p(name))))])
            self.assertEqual(seen.all("Authorization"), [basic(user.format(v[name]), password.format(v[name]))])

    def test_a_venues_key_is_added_with_its_parts(self):
        seen = self.sent("api.kraken.com", "POST", "/0/private/Balance", [
            ("API-Key", self.placeholder("KRAKEN_API_KEY")), ("Content-Type", "application/x-www-form-urlencoded")], b"nonce=1")
        self.assertEqual(seen.all("API-Key"), [self.secrets["KRAKEN_API_KEY"]])
        self.assertEqual(len(base64.b64decode(seen.get("API-Sign"))), 64)
        names = json.loads(self.home.must("secret", "list", "--json", unlock=True).stdout)
        self.assertEqual({n["name"] for n in names}, set(self.secrets))

    def test_A15_A16_a_companion_header_goes_along_unless_the_client_has_its_own(self):
        headers = [("x-api-key", self.placeholder("ANTHROPIC_API_KEY"))]
        seen = self.sent("api.anthropic.com", "POST", "/v1/messages", headers)
        self.assertEqual(seen.all("anthropic-version"), ["2023-06-01"])
        seen = self.sent("api.anthropic.com", "POST", "/v1/messages", headers + [("anthropic-version", "2099-01-01")])
        self.assertEqual(seen.all("anthropic-version"), ["2099-01-01"])

    def test_the_scope_is_narrow(self):
        """[I5] What the provider's entry does not name gets the placeholder as it is."""
        for name, host, method, target in (("GITHUB_TOKEN", "api.github.com", "POST", "/repos/a/b/issues"),
                                           ("ANTHROPIC_API_KEY", "api.anthropic.com", "GET", "/v1/messages"),
                                           ("GIT_PUSH", "github.com", "POST", "/a/b.git/git-receive-pack")):
            with self.subTest(name=name):
                header = ("Authorization", f"Bearer {self.placeholder(name)}")
                self.assertEqual(self.sent(host, method, target, [header]).all("Authorization"), [header[1]])
        answer = self.proxy.ask("api.openai.com", "GET", "/v1/organization/users",
                                [("Authorization", f"Bearer {self.placeholder('OPENAI_API_KEY')}")])
        self.refused(answer, 403, "endpoint_blocked")

    def test_placeholders_pass_for_keys_and_survive(self):
        shapes = {"OPENAI_API_KEY": r"sk-proj-[\w-]{74}T3BlbkFJ[\w-]{74}", "ANTHROPIC_API_KEY": r"sk-ant-api03-[\w-]{93}AA",
                  "GITHUB_TOKEN": r"ghp_\w{36}", "TELEGRAM_BOT_TOKEN": r"\d{10}:A[\w-]{34}", "NOTION_TOKEN": r"ntn_\d{11}\w{35}",
                  "STRIPE_SECRET_KEY": r"sk_test_\w{24}"}
        for name, shape in shapes.items():
            self.assertRegex(self.placeholder(name), f"^{shape}$")
        texts = [added["placeholder"] for added in self.placeholders.values()]
        self.assertEqual(len(set(texts)), len(texts))
        for text in texts:
            self.assertRegex(text, r"^[\w.:~-]{24,}$")
        done = self.home.must("run", "--", "sh", "-c", 'echo "$OPENAI_API_KEY"', unlock=True)
        self.assertEqual(done.stdout.decode().strip(), self.placeholder("OPENAI_API_KEY"))

    def test_the_file_keeps_what_its_author_wrote(self):
        text = (self.home.path / "bindings.yaml").read_text()
        self.assertTrue(text.startswith("# kept\n"))
        for name, (provider, _, _) in ADDED.items():
            self.assertEqual(len(re.findall(rf"^  {name}:$", text, re.M)), 1)
        self.assertLess(text.index("  OPENAI_API_KEY:"), text.index("  KRAKEN_API_KEY:"))
        self.assertIn("upstream:", text)
        self.assertEqual(os.stat(self.home.path / "bindings.yaml").st_mode & 0o777, 0o600)
        self.home.must("bindings", "check")


class Mistakes(Case):
    """What goes wrong changes nothing, and says what to do."""

    VALUE = "sk-live-never-shown-7Kq9Zt4bN2vM8cR5"
    secrets = {"A_KEY": VALUE}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = cls.make_home(secrets={})

    def fails(self, status, words, *arguments, stdin=VALUE.encode()):
        before = self.home.fingerprint()
        done = self.home.run("secret", "add", *arguments, stdin=stdin, unlock=True)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        for word in words:
            self.assertIn(word, done.stderr.decode())
        after = self.home.fingerprint()
        self.assertEqual({k: v for k, v in before.items() if "vault" not in k},
                         {k: v for k, v in after.items() if "vault" not in k})

    def test_mistakes_change_nothing(self):
        bindings = self.home.path / "bindings.yaml"
        starter = bindings.read_text()
        self.fails(2, ["did you mean openai?"], "K", "--provider", "opnai")
        self.fails(2, ["--host my-resource.openai.azure.com"], "K", "--provider", "azure-openai")
        self.fails(2, ["not below openai.azure.com"], "K", "--provider", "azure-openai", "--host", "openai.azure.com.evil.test")
        self.fails(2, ["--host is for others"], "K", "--provider", "openai", "--host", "a.example.com")
        self.fails(2, ["go with --provider"], "K", "--dry-run")
        self.fails(2, ["2 lines"], "K", "--provider", "kraken", stdin=b"one-line-alone-is-not-enough")
        self.fails(2, ["a secret is one line"], "K", "--provider", "openai", stdin=b"with\x01control")
        for text, word in ((starter + "secrts: 1\n", "did you mean 'secrets'"), ("version: 1\nsecrets: [\n", "error"),
                           ("version: 1\nsecrets: 5\n", "mapping")):
            bindings.write_text(text)
            self.fails(2, [word], "K", "--provider", "openai")
            self.assertEqual(bindings.read_text(), text)
        bindings.write_text(starter)
        self.fails(2, ["no bindings file"], "K", "--provider", "openai", "--bindings", str(self.work / "none.yaml"))
        self.assertEqual(json.loads(self.home.must("secret", "list", "--json", unlock=True).stdout), [])

    def test_a_name_that_is_bound_is_said(self):
        home = self.copy_home(self.home, "bound")
        home.must("secret", "add", "A_KEY", "--provider", "openai", stdin=self.VALUE.encode(), unlock=True)
        text = (home.path / "bindings.yaml").read_text()
        done = home.run("secret", "add", "A_KEY", "--provider", "openai", stdin=self.VALUE.encode(), unlock=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(b"secret rotate A_KEY", done.stderr)
        self.assertEqual((home.path / "bindings.yaml").read_text(), text)

    def test_O13_a_file_that_cannot_be_written_leaves_everything_as_it_was(self):
        """The bindings in a folder that nobody can write to: the vault's entry is taken back."""
        import resource
        home = self.copy_home(self.home, "full")
        text = (home.path / "bindings.yaml").read_text()
        elsewhere = self.work / "elsewhere"
        elsewhere.mkdir(mode=0o700)
        file = elsewhere / "bindings.yaml"
        # More than the limit on a file's size allows to be written again, and less than a vault has.
        file.write_text("secrets: {}\n" + "# padding\n" * 120_000)
        file.chmod(0o600)

        def limited():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
            import signal
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

        before = file.read_text()
        done = home.run("secret", "add", "A_KEY", "--provider", "openai", "--bindings", file, stdin=self.VALUE.encode(),
                        unlock=True, preexec=limited)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn(b"nothing was changed", done.stderr)
        self.assertEqual(file.read_text(), before)
        self.assertEqual([p.name for p in elsewhere.iterdir()], ["bindings.yaml"])
        self.assertEqual(json.loads(home.must("secret", "list", "--json", unlock=True).stdout), [])
        self.assertEqual((home.path / "bindings.yaml").read_text(), text)

    def test_a_dry_run_writes_nothing_and_shows_what_it_would(self):
        home = self.copy_home(self.home, "dry")
        text = (home.path / "bindings.yaml").read_text()
        done = home.must("secret", "add", "A_KEY", "--provider", "openai", "--dry-run", "--json", unlock=True)
        would = json.loads(done.stdout)
        self.assertFalse(would["written"])
        self.assertIn("api.openai.com", would["entry"])
        self.assertEqual((home.path / "bindings.yaml").read_text(), text)
        shown = home.must("secret", "add", "A_KEY", "--provider", "openai", "--dry-run", unlock=True).stdout.decode()
        self.assertIn(would["placeholder"], shown)
        # It is the same when it is done: made of the vault's salt and the name.
        value = "sk-proj-" + "a" * 74 + "T3BlbkFJ" + "b" * 74
        done = home.must("secret", "add", "A_KEY", "--provider", "openai", "--json", stdin=value.encode(), unlock=True)
        self.assertEqual(json.loads(done.stdout)["placeholder"], would["placeholder"])
        self.assertEqual(done.stderr, b"")

    def test_a_value_of_another_form_is_a_warning_that_does_not_show_it(self):
        home = self.copy_home(self.home, "odd")
        done = home.must("secret", "add", "A_KEY", "--provider", "openai", stdin=self.VALUE.encode(), unlock=True)
        self.assertIn(b"does not look like a key of OpenAI", done.stderr)
        self.assertIn(b"look for OPENAI_API_KEY", done.stderr)
        self.assertEqual(canary.find_in(done.stdout + done.stderr, self.VALUE), [])

    def test_checksums_are_wrong_unless_they_are_asked_for(self):
        import zlib
        letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

        def checksum(text):
            crc, out = zlib.crc32(text.encode()), ""
            for _ in range(6):
                out, crc = letters[crc % 62] + out, crc // 62
            return out

        for options, is_right in (((), False), (("--valid-checksum",), True)):
            done = self.home.must("secret", "add", "A_KEY", "--provider", "github", "--dry-run", "--json", *options, unlock=True)
            text = json.loads(done.stdout)["placeholder"]
            self.assertEqual(text[34:] == checksum(text[4:34]), is_right, text)

    def test_a_provider_of_ones_own(self):
        home = self.copy_home(self.home, "own")
        folder = home.path / "providers"
        folder.mkdir(mode=0o700)
        (folder / "ours.yaml").write_text(OWN)
        listed = json.loads(home.must("provider", "list", "--json").stdout)
        self.assertEqual([p["name"] for p in listed], sorted(p["name"] for p in listed))
        self.assertGreaterEqual(len(listed), 46)
        self.assertEqual([p["hosts"] for p in listed if p["file"]], [["own.example.test"]])
        self.assertIn(b"ours", home.must("provider", "list").stdout)
        shown = home.must("provider", "show", "ours").stdout.decode()
        for word in ("Ours", "own_... (36 characters)", "header x-own", "OWN_KEY", "host: own.example.test"):
            self.assertIn(word, shown)
        done = home.must("secret", "add", "OWN_KEY", "--provider", "ours", "--json", stdin=b"own_" + b"0a" * 16, unlock=True)
        self.assertRegex(json.loads(done.stdout)["placeholder"], "^own_[0-9a-f]{32}$")
        (folder / "ours.yaml").write_text(OWN + "titel: x\n")
        for words in (("provider", "show", "ours"), ("provider", "list")):
            done = home.run(*words)
            self.assertEqual(done.returncode, 2)
            self.assertIn(b"ours.yaml:8:1: error: 'titel' is no key of `provider`", done.stderr)
        (folder / "ours.yaml").write_text(OWN)
        (folder / "ours.yaml").chmod(0o666)
        self.assertEqual(home.run("provider", "show", "ours").returncode, 3)
        shutil.rmtree(folder)
        self.assertEqual(home.run("provider", "show", "ours").returncode, 2)

    def test_every_built_in_provider_can_be_shown(self):
        for provider in json.loads(self.home.must("provider", "list", "--json").stdout):
            self.assertTrue(provider["docs"].startswith("https://"), provider["name"])
            self.assertTrue(provider["places"] and provider["hosts"] and provider["keys"], provider["name"])
        shown = self.home.must("provider", "list").stdout.decode()
        self.assertTrue(all(len(line) <= 80 for line in shown.splitlines()), shown)


if __name__ == "__main__":
    main()
