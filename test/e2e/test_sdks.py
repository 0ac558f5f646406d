# SPDX-License-Identifier: Apache-2.0
"""The vendors' own packages of npm through `keyswap run`, each with the entry that the catalogue has for its vendor.

Every program holds the placeholder and asks its vendor's hosts, which lead to a recorder. What must arrive there is the real
key, in the place where the vendor wants it, and the placeholder nowhere in what the connection brought. docs/providers.md has
a table of the rows.
"""

import base64
import json
import pathlib
import re
import shutil
import subprocess
import sys
import unittest
from typing import NamedTuple

from harness import canary, catalogue, proxy, websocket
from harness.case import Case, document, main
from harness.packages import CLIENTS, installed

ROOT = pathlib.Path(__file__).resolve().parents[2]
SID, SID_VALUE = "AC0PLACEHOLDER0000000000000000sid", "AC5f3c9e1b7d2a4860bd91c7e4f2a8d635"
SID_RULE = {"placeholder": SID, "together_with": ["TWILIO_KEY"], "bindings": [{"host": "api.twilio.com"}],
            "inject": [{"basic": "user", "max_occurrences": 2}, {"path": "/2010-04-01/Accounts/{secret}/**", "max_occurrences": 2}]}
CHAT = {"id": "1", "object": "chat.completion", "model": "m", "created": 1, "choices": [
    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "pong"}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
MESSAGE = {"id": "1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
           "content": [{"type": "text", "text": "pong"}], "usage": {"input_tokens": 1, "output_tokens": 1}}
BEARER = {"Authorization": "Bearer {}"}


class Sdk(NamedTuple):
    """One row: `program` of clients/programs/sdks.mjs with `package`; what must arrive, where {} is the key."""
    program: str
    package: str
    host: str
    request: str
    fields: dict = {}
    answer: object = {}
    provider: str = ""  # the program's name

    @property
    def entry(self):
        return self.provider or self.program

    @property
    def secret(self):
        return self.entry.replace("-", "_").upper() + "_KEY"


def basic(user, password):
    """A field whose Basic credentials are checked decoded."""
    return {"Authorization": ("Basic", user, password)}


SDKS = (
    Sdk("airtable", "airtable", "api.airtable.com", "GET /v0/appOne/Table", BEARER, {"records": []}),
    Sdk("algolia", "@algolia/client-search", "myapp-dsn.algolia.net", "POST /1/indexes/*/queries", {"X-Algolia-API-Key": "{}"},
        {"results": []}),
    Sdk("anthropic", "@anthropic-ai/sdk", "api.anthropic.com", "POST /v1/messages", {"x-api-key": "{}"}, MESSAGE),
    Sdk("anthropic-bearer", "@anthropic-ai/sdk", "api.anthropic.com", "POST /v1/messages", BEARER, MESSAGE, "anthropic"),
    Sdk("azure-openai", "openai", "my-resource.openai.azure.com", "POST /openai/deployments/m/chat/completions", {"api-key": "{}"}, CHAT),
    Sdk("bitbucket", "bitbucket", "api.bitbucket.org", "GET /2.0/repositories/team/one", BEARER),
    Sdk("bitbucket-basic", "bitbucket", "api.bitbucket.org", "GET /2.0/repositories/team/one", basic("ann", "{}"), {}, "bitbucket"),
    Sdk("cerebras", "@cerebras/cerebras_cloud_sdk", "api.cerebras.ai", "POST /v1/chat/completions", BEARER, CHAT),
    Sdk("deepgram", "@deepgram/sdk", "api.deepgram.com", "POST /v1/listen", {"Authorization": "Token {}"}),
    Sdk("deepseek", "openai", "api.deepseek.com", "POST /chat/completions", BEARER, CHAT),
    Sdk("discord", "discord.js", "discord.com", "POST /api/v10/channels/42/messages", {"Authorization": "Bot {}"}),
    Sdk("exa", "exa-js", "api.exa.ai", "POST /search", {"x-api-key": "{}"}, {"results": []}),
    Sdk("firecrawl", "@mendable/firecrawl-js", "api.firecrawl.dev", "POST /v1/scrape", BEARER, {"success": True, "data": {}}),
    Sdk("fireworks", "openai", "api.fireworks.ai", "POST /inference/v1/chat/completions", BEARER, CHAT),
    Sdk("gemini", "@google/generative-ai", "generativelanguage.googleapis.com", "POST /v1beta/models/m:generateContent",
        {"x-goog-api-key": "{}"}, {"candidates": [{"content": {"role": "model", "parts": [{"text": "pong"}]}}]}),
    Sdk("github", "@octokit/rest", "api.github.com", "GET /repos/ann/one", BEARER),
    Sdk("gitlab", "@gitbeaker/rest", "gitlab.example.com", "GET /api/v4/projects/1", {"PRIVATE-TOKEN": "{}"}),
    Sdk("google-maps", "@googlemaps/google-maps-services-js", "maps.googleapis.com",
        "GET /maps/api/geocode/json?address=Main%20Street%201&key={}", {}, {"status": "OK", "results": []}),
    Sdk("groq", "groq-sdk", "api.groq.com", "POST /openai/v1/chat/completions", BEARER, CHAT),
    Sdk("hashicorp-vault", "node-vault", "vault.example.com", "GET /v1/kv/data/one", {"X-Vault-Token": "{}"}, {"data": {}}),
    Sdk("huggingface", "@huggingface/inference", "router.huggingface.co", "POST /v1/chat/completions", BEARER, CHAT),
    Sdk("langfuse", "langfuse", "us.cloud.langfuse.com", "GET /api/public/traces", basic("pk-lf-one", "{}"), {"data": [], "meta": {}}),
    Sdk("langsmith", "langsmith", "eu.api.smith.langchain.com", "GET /sessions", {"x-api-key": "{}"}, []),
    Sdk("mailgun", "mailgun.js", "api.mailgun.net", "POST /v3/mg.example.com/messages", basic("api", "{}"), {"id": "1"}),
    Sdk("mistral", "@mistralai/mistralai", "api.mistral.ai", "POST /v1/chat/completions", BEARER, CHAT),
    Sdk("notion", "@notionhq/client", "api.notion.com", "GET /v1/pages/00000000000000000000000000000001", BEARER),
    Sdk("openai", "openai", "api.openai.com", "POST /v1/chat/completions", BEARER, CHAT),
    Sdk("openai-realtime", "ws", "api.openai.com", "GET /v1/realtime?model=m", BEARER, "websocket", "openai"),
    Sdk("openrouter", "openai", "openrouter.ai", "POST /api/v1/chat/completions", BEARER, CHAT),
    Sdk("pagerduty", "@pagerduty/pdjs", "api.pagerduty.com", "GET /incidents", {"Authorization": "Token token={}"}, {"incidents": []}),
    Sdk("perplexity", "@perplexity-ai/perplexity_ai", "api.perplexity.ai", "POST /chat/completions", BEARER, CHAT),
    Sdk("pinecone", "@pinecone-database/pinecone", "api.pinecone.io", "GET /indexes", {"Api-Key": "{}"}, {"indexes": []}),
    Sdk("postmark", "postmark", "api.postmarkapp.com", "POST /email", {"X-Postmark-Server-Token": "{}"}, {"ErrorCode": 0}),
    Sdk("replicate", "replicate", "api.replicate.com", "GET /v1/models/ann/one", BEARER),
    Sdk("resend", "resend", "api.resend.com", "POST /emails", BEARER, {"id": "1"}),
    Sdk("sendgrid", "@sendgrid/mail", "api.sendgrid.com", "POST /v3/mail/send", BEARER),
    Sdk("shopify", "@shopify/admin-api-client", "my-shop.myshopify.com", "POST /admin/api/2025-07/graphql.json",
        {"X-Shopify-Access-Token": "{}"}, {"data": {"shop": {"name": "one"}}}),
    Sdk("slack", "@slack/web-api", "slack.com", "POST /api/chat.postMessage", BEARER, {"ok": True}),
    Sdk("slack-webhook", "@slack/webhook", "hooks.slack.com", "POST /services/T0/B0/{}", {}, "ok"),
    Sdk("stripe", "stripe", "api.stripe.com", "POST /v1/customers", BEARER, {"id": "1", "object": "customer"}),
    Sdk("supabase", "@supabase/supabase-js", "abcdefghijklmnopqrst.supabase.co", "GET /rest/v1/one?select=*", {**BEARER, "apikey": "{}"}, []),
    Sdk("telegram", "grammy", "api.telegram.org", "POST /bot{}/sendMessage", {}, {"ok": True, "result": {}}),
    Sdk("together", "together-ai", "api.together.xyz", "POST /v1/chat/completions", BEARER, CHAT),
    Sdk("twilio", "twilio", "api.twilio.com", "POST /2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json",
        basic("AC00000000000000000000000000000001", "{}"), {"status": "queued"}),
    Sdk("x", "twitter-api-v2", "api.x.com", "GET /2/users/by/username/ann", BEARER, {"data": {"id": "1"}}),
    Sdk("xai", "openai", "api.x.ai", "POST /v1/chat/completions", BEARER, CHAT),
    Sdk("zendesk", "node-zendesk", "my-company.zendesk.com", "GET /api/v2/users/me.json", basic("ann@example.com/token", "{}"), {"user": {}}),
)
IN_TARGET = {"telegram": "7123456789:AA", "slack-webhook": "", "google-maps": ""}  # how a key begins that goes into a target


def value_of(entry):
    return catalogue.value_of(entry, IN_TARGET.get(entry, "live-"), in_target=entry in IN_TARGET)


@unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
class Sdks(Case):
    secrets = {"TWILIO_SID": SID_VALUE, **{sdk.secret: value_of(sdk.entry) for sdk in SDKS}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = installed("programs")
        hosts = sorted({sdk.host for sdk in SDKS})
        cls.authority, identity = cls.make_pki(hosts)
        cls.recorder = cls.make_recorder(identity)
        cls.home = cls.make_home()
        cls.home.bindings(cls.bindings(hosts))
        cls.proxy = cls.start(cls.home)
        cls.environment = cls.given()
        cls.answers = {sdk.host: sdk.answer for sdk in SDKS}
        cls.sockets = websocket.Upstream(cls.recorder, "/v1/realtime", websocket.echo)
        cls.recorder.on("/", cls.answer)
        cls.recorder.on("/v1/realtime", cls.recorder.handlers.pop()[1])

    @classmethod
    def bindings(cls, hosts):
        """Each entry as `secret add --provider` would write it; that command itself is in test_providers.py."""
        text = proxy.yaml(document({}, recorder=cls.recorder, hosts=hosts, root=cls.authority.certificate)) + "\n"
        entries = proxy.yaml({"TWILIO_SID": SID_RULE}, 1) + "\n"
        for entry, name in sorted({(sdk.entry, sdk.secret) for sdk in SDKS}):
            entries += catalogue.entry(name, catalogue.show(cls.home, entry))
        return text.replace("secrets: {}\n", "secrets:\n" + entries)

    @classmethod
    def given(cls):
        """What `keyswap run` gives a program."""
        done = cls.home.must("run", "--", sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))", unlock=True)
        return json.loads(done.stdout)

    @classmethod
    def answer(cls, request, connection):
        body = cls.answers[request.get("Host")]
        text = body if isinstance(body, str) else json.dumps(body)
        connection.answer(body=text, headers=[("Content-Type", "text/plain" if text == "ok" else "application/json")])

    def run_program(self, sdk, name=None, **more):
        """The requests that the upstream got of the row's program, or of this one."""
        before = len(self.recorder.seen())
        self.answers[sdk.host] = sdk.answer
        environment = {**self.environment, "KEY": self.environment[sdk.secret], **more}
        done = subprocess.run(["node", "sdks.mjs", name or sdk.program], cwd=self.folder,
                              env=environment, capture_output=True, timeout=120, check=False)
        self.note(f"{sdk.program} stdout", done.stdout)
        self.note(f"{sdk.program} stderr", done.stderr)
        self.assertEqual(done.returncode, 0, done.stdout.decode() + done.stderr.decode())
        said = done.stdout.decode().strip()
        self.assertTrue(said.startswith("done "), said)
        if sdk.answer in (CHAT, MESSAGE):
            self.assertEqual(said, 'done "pong"')
        elif sdk.answer == "websocket":
            self.assertEqual(said, 'done "ping"')
        return self.recorder.seen()[before:]

    def check(self, sdk):
        """[I5] The key arrived, in its place alone; the placeholder did not, in no spelling."""
        seen = self.run_program(sdk)
        value, placeholder = self.secrets[sdk.secret], self.environment[sdk.secret]
        self.assertNotEqual(placeholder, value)
        self.assertEqual(len(seen), 1, seen)
        request = seen[0]
        self.assertEqual(request.get("Host"), sdk.host)
        line = f"{request.method} {request.target}"
        expected = sdk.request.replace("{}", value)
        self.assertEqual(line if "?" in expected else line.split("?")[0], expected)
        for field, form in sdk.fields.items():
            self.assertEqual(request.all(field), [self.wanted(form, value)])
        self.assertEqual(canary.find_in(bytes(request.connection.received), placeholder), [])
        in_fields = sum("{}" in (form if isinstance(form, str) else "") for form in sdk.fields.values())
        if not any(isinstance(form, tuple) for form in sdk.fields.values()):
            self.assertEqual(request.raw.count(value.encode()), in_fields + sdk.request.count("{}"))
        decisions = [record for record in self.proxy.decisions(host=sdk.host) if record.get("secret") == sdk.secret]
        self.decided(decisions[-1], "allowed", "binding_matched", sdk.secret)

    @staticmethod
    def wanted(form, value):
        if isinstance(form, tuple):
            return "Basic " + base64.b64encode(":".join(part.format(value) for part in form[1:]).encode()).decode()
        return form.format(value)

    def test_twilio_with_two_secrets_in_one_request(self):
        """[I5] The account's id, too, in the path and as the user of Basic: what Twilio's package makes of a placeholder."""
        sdk = next(sdk for sdk in SDKS if sdk.program == "twilio")
        request, = self.run_program(sdk, "twilio-sid", SID=self.environment["TWILIO_SID"])
        self.assertEqual(request.target, f"/2010-04-01/Accounts/{SID_VALUE}/Messages.json")
        self.assertEqual(request.all("Authorization"), [self.wanted(("Basic", SID_VALUE, "{}"), self.secrets["TWILIO_KEY"])])
        for placeholder in (SID, self.environment["TWILIO_KEY"]):
            self.assertEqual(canary.find_in(bytes(request.connection.received), placeholder), [])
        decisions = self.proxy.decisions("/2010-04-01/Accounts/<TWILIO_SID>/Messages.json")
        self.assertEqual({(record["decision"], record["secret"]) for record in decisions},
                         {("allowed", "TWILIO_SID"), ("allowed", "TWILIO_KEY")})

    def test_telegram_by_curl(self):
        """[I5] A token with a colon in the path, of a method and of a file; the record shows its name."""
        before = len(self.recorder.seen())
        done = subprocess.run(["sh", "-c", 'curl -sS --fail "https://api.telegram.org/bot$TELEGRAM_KEY/getMe" '
                               '"https://api.telegram.org/file/bot$TELEGRAM_KEY/photos/one.jpg"'], env=self.environment,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, self.note("curl stderr", done.stderr.decode()))
        seen, token = self.recorder.seen()[before:], self.secrets["TELEGRAM_KEY"]
        self.assertEqual([request.target for request in seen], [f"/bot{token}/getMe", f"/file/bot{token}/photos/one.jpg"])
        for request in seen:
            self.assertEqual(canary.find_in(request.raw, self.environment["TELEGRAM_KEY"]), [])
        for path in ("/bot<TELEGRAM_KEY>/getMe", "/file/bot<TELEGRAM_KEY>/photos/one.jpg"):
            self.decided(self.proxy.decision(path), "allowed", "binding_matched", "TELEGRAM_KEY")


def test_of(sdk):
    def test(self):
        self.check(sdk)
    test.__doc__ = f"{sdk.package}: {sdk.request} to {sdk.host}"
    return test


for row_ in SDKS:
    setattr(Sdks, "test_" + row_.program.replace("-", "_"), test_of(row_))


class Documents(unittest.TestCase):
    def test_the_documents_table_has_each_row(self):
        """What docs/providers.md says is proven, and by which version, is what is run here."""
        versions = json.loads((CLIENTS / "programs" / "package.json").read_text())["dependencies"]
        text = (ROOT / "docs" / "providers.md").read_text()
        rows = re.findall(r"(?m)^\| ([`\w, -]+) \| `([@\w./-]+)` ([\d.]+) \|", text)
        documented = {(entry, package, version) for entries, package, version in rows
                      for entry in re.findall("`([^`]+)`", entries)}
        self.assertEqual(documented, {(sdk.entry, sdk.package, versions[sdk.package]) for sdk in SDKS})


if __name__ == "__main__":
    main()
