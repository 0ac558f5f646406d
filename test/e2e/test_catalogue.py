# SPDX-License-Identifier: Apache-2.0
"""Each provider of the catalogue that has no package of npm in test_sdks.py, with one request as its vendor's pages write it."""

import base64
import json
from typing import NamedTuple

import test_providers
import test_sdks
from harness import canary, catalogue
from harness.case import Case, document, main
from harness.proxy import yaml

BEARER, TOKEN = ("Authorization", "Bearer {}"), ("Authorization", "token {}")
# By tests of their own: git, npm and Binance.
ELSEWHERE = {"github-git", "npm", "binance"}


class Row(NamedTuple):
    """What a client asks, where {} is its key: in the target, or in `field`, of which the second of three parts is Basic's user."""
    provider: str
    request: str
    field: tuple = ()


ROWS = (
    Row("asana", "GET /api/1.0/users/me", BEARER),
    Row("atlassian", "GET /rest/api/3/myself", ("Authorization", "ann@example.com", "{}")),
    Row("bedrock", "POST /model/one/invoke", BEARER),
    Row("brave-search", "GET /res/v1/web/search?q=ping", ("X-Subscription-Token", "{}")),
    Row("bybit", "GET /v5/account/wallet-balance?accountType=UNIFIED", ("X-BAPI-API-KEY", "{}")),
    Row("cargo", "PUT /api/v1/crates/new", ("Authorization", "{}")),
    Row("cloudflare", "GET /client/v4/zones", BEARER),
    Row("codecov", "GET /api/v2/github/ann", BEARER),
    Row("cohere", "POST /v2/chat", BEARER),
    Row("databricks", "GET /api/2.1/clusters/list", BEARER),
    Row("datadog", "POST /api/v1/series", ("DD-API-KEY", "{}")),
    Row("datadog-app", "GET /api/v1/monitor", ("DD-APPLICATION-KEY", "{}")),
    Row("digitalocean", "GET /v2/droplets", BEARER),
    Row("e2b", "POST /sandboxes", ("X-API-Key", "{}")),
    Row("elastic", "POST /one/_search", ("Authorization", "ApiKey {}")),
    Row("elevenlabs", "POST /v1/text-to-speech/one", ("xi-api-key", "{}")),
    Row("figma", "GET /v1/files/one", ("X-Figma-Token", "{}")),
    Row("fly", "GET /v1/apps/one/machines", BEARER),
    Row("gateio", "GET /api/v4/spot/accounts", ("KEY", "{}")),
    Row("gitea", "GET /api/v1/user", TOKEN),
    Row("gitlab-git", "GET /ann/one.git/info/refs?service=git-upload-pack", ("Authorization", "oauth2", "{}")),
    Row("grafana", "GET /api/dashboards/home", BEARER),
    Row("heroku", "GET /apps", BEARER),
    Row("hubspot", "GET /crm/v3/objects/contacts", BEARER),
    Row("intercom", "GET /me", BEARER),
    Row("kucoin", "GET /api/v1/accounts", ("KC-API-KEY", "{}")),
    Row("mexc", "GET /api/v3/account", ("X-MEXC-APIKEY", "{}")),
    Row("netlify", "GET /api/v1/sites", BEARER),
    Row("newrelic", "POST /graphql", ("Api-Key", "{}")),
    Row("nuget", "PUT /api/v2/package", ("X-NuGet-ApiKey", "{}")),
    Row("okx", "GET /api/v5/account/balance", ("OK-ACCESS-KEY", "{}")),
    Row("openweather", "GET /data/2.5/weather?q=Rome&appid={}"),
    Row("polygon", "GET /v3/reference/tickers?apiKey={}"),
    Row("postman", "GET /me", ("X-API-Key", "{}")),
    Row("pulumi", "GET /api/user", TOKEN),
    Row("pypi", "POST /legacy/", ("Authorization", "__token__", "{}")),
    Row("rubygems", "POST /api/v1/gems", ("Authorization", "{}")),
    Row("sentry", "GET /api/0/projects/", BEARER),
    Row("slack-socket", "POST /api/apps.connections.open", BEARER),
    Row("snyk", "GET /rest/self?version=2024-10-15", TOKEN),
    Row("square", "GET /v2/locations", BEARER),
    Row("supabase-management", "GET /v1/projects", BEARER),
    Row("tavily", "POST /search", BEARER),
    Row("terraform-cloud", "GET /api/v2/account/details", BEARER),
    Row("trello", "GET /1/members/me?key=one&token={}"),
    Row("vercel", "GET /v9/projects", BEARER),
    # Beside slack-socket, as a bot in Socket Mode has both; test_sdks.py asks for more of it.
    Row("slack", "POST /api/chat.postMessage", BEARER),
)


class Catalogue(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = cls.make_home(secrets={})
        cls.shown = {row.provider: catalogue.show(cls.home, row.provider) for row in ROWS}
        cls.names, cls.secrets = {}, {}
        for row in ROWS:
            # What the entry of a venue calls its parts goes by the variable.
            variables = cls.shown[row.provider]["variables"]
            cls.names[row.provider] = name = variables[0] if variables else row.provider.replace("-", "_").upper()
            for part in ("", *("_" + part["suffix"] for part in cls.shown[row.provider]["parts"])):
                cls.secrets[name + part] = catalogue.value_of(name + part, in_target="{}" in row.request)
        cls.home.add(cls.secrets)
        cls.hosts = {provider: [host.replace("{host}", (shown["host"] or {}).get("example", "")) for host in shown["hosts"]]
                     for provider, shown in cls.shown.items()}
        hosts = sorted({host for found in cls.hosts.values() for host in found})
        cls.authority, identity = cls.make_pki(hosts)
        cls.recorder = cls.make_recorder(identity)
        text = yaml(document({}, recorder=cls.recorder, hosts=hosts, root=cls.authority.certificate)) + "\n"
        entries = "".join(catalogue.entry(cls.names[row.provider], cls.shown[row.provider]) for row in ROWS)
        cls.home.bindings(text.replace("secrets: {}\n", "secrets:\n" + entries))
        cls.proxy = cls.start(cls.home)
        cls.environment = json.loads(cls.home.must("env", "--format", "json").stdout)

    @staticmethod
    def field(form, key):
        """The field with the key in it."""
        if len(form) == 3:
            return form[0], "Basic " + base64.b64encode(f"{form[1]}:{form[2].format(key)}".encode()).decode()
        return form[0], form[1].format(key)

    def test_each_provider_by_one_request(self):
        """[I5] The key at its place, to the provider's first host; the placeholder nowhere."""
        for row in ROWS:
            with self.subTest(provider=row.provider):
                name = self.names[row.provider]
                placeholder, value = self.environment[name], self.secrets[name]
                method, target = row.request.split(" ")
                host = self.hosts[row.provider][0]
                fields = [self.field(row.field, placeholder)] if row.field else []
                before = len(self.recorder.seen())
                answer = self.proxy.ask(host, method, target.format(placeholder), fields)
                self.note(row.provider, answer.raw_head + answer.body)
                self.assertEqual(answer.status, 200, answer)
                request, = self.recorder.seen()[before:]
                self.assertEqual((request.get("Host"), request.method), (host, method))
                if "{}" in target:
                    self.assertEqual(request.target, target.format(value))
                if row.field:
                    field, expected = self.field(row.field, value)
                    self.assertEqual(request.all(field), [expected])
                self.assertEqual(canary.find_in(request.raw, placeholder), [])

    def test_every_provider_is_proven_somewhere(self):
        """Here, by its vendor's package, or by a test of its own: none of the catalogue is left out."""
        listed = {provider["name"] for provider in json.loads(self.home.must("provider", "list", "--json").stdout)}
        proven = {row.provider for row in ROWS} | {sdk.entry for sdk in test_sdks.SDKS} | ELSEWHERE
        proven |= {provider for provider, _, _ in test_providers.ADDED.values()}
        self.assertEqual(listed, proven)


if __name__ == "__main__":
    main()
