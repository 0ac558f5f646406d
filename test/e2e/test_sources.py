# SPDX-License-Identifier: Apache-2.0
"""Secrets that come from elsewhere (docs/sources.md): from doubles of Bitwarden and Vault, from files and the environment.

Each test has bindings, paths and a proxy of its own; what a double was asked for is counted.
"""

import base64
import json
import time

from harness import bitwarden, hashicorp
from harness.case import H, H2, Case, bearer, document, main
from harness.proxy import yaml

VALUE, VALUE2 = "sk-live-sources-7Kq+x/9=Zt4b", "sk-live-sources-Yb3/Qq8=Wc5"
P, P2 = "sk-PLACEHOLDER-sources-one-x7Kq9Zt4b", "sk-PLACEHOLDER-sources-two-Yb3Qq8Wc5"
VAULT = "vault.corp.test"
HOSTS = (H, H2, bitwarden.API, bitwarden.IDENTITY, VAULT)


class Sources(Case):
    """An upstream, and a double that is reached by its names."""

    secrets = {"one": VALUE, "two": VALUE2}
    addresses = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, cls.identity = cls.make_pki(HOSTS)
        cls.recorder = cls.make_recorder(cls.identity)
        cls.vendor = cls.make_recorder(cls.identity)

    def begin(self, name, secrets, vault=(), env=None, **more):
        """A proxy of a home with these secrets, whose own vault has `vault`."""
        home = self.make_home(name, dict(vault))
        resolve = {f"{host}:443": self.vendor.address for host in self.addresses}
        home.bindings(document(secrets, recorder=self.recorder, hosts=[H], root=self.authority.certificate, resolve=resolve,
                               **more))
        return self.start(home, env=env)

    def ask(self, running, path, placeholder=P):
        answer = running.ask(H, "GET", path, [("Authorization", f"Bearer {placeholder}")])
        self.assertIsNotNone(answer)
        return answer

    def gets(self, running, path, value=VALUE, placeholder=P):
        """The upstream gets this value."""
        answer = self.ask(running, path, placeholder)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.recorder.seen(path)[-1].get("Authorization"), f"Bearer {value}")

    def lacks(self, running, path, placeholder=P):
        """Nothing is sent."""
        problem = self.refused(self.ask(running, path, placeholder), 503, "secret_unavailable")
        self.assertEqual(self.recorder.seen(path), [])
        return problem

    def gets_in_time(self, running, path, placeholder=P):
        """The same, once the source is asked again."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if self.ask(running, path, placeholder).status == 200:
                self.assertEqual(self.recorder.one(path).get("Authorization"), f"Bearer {VALUE}")
                return
            time.sleep(0.1)
        self.fail("the source was not asked again")


class FromBitwarden(Sources):
    """Bitwarden's Secrets Manager: its answers and its cryptography are the vendor's, the server is a double."""

    addresses = (bitwarden.API, bitwarden.IDENTITY)

    def double(self, **options):
        made = bitwarden.Bitwarden(self.vendor, **options)
        # The machine account's token is a secret, too.
        self.secrets[f"the token of {made.client_id}"] = made.client_secret
        return made

    def company(self, name, double, secrets, **more):
        source = {"type": "bitwarden", "organization_id": double.organization, "access_token": "BWS_TOKEN", **more}
        return self.begin(name, secrets, {"BWS_TOKEN": double.access_token}, sources={"company": source})

    def rules(self):
        return {"K": {**bearer("K", P), "source": "company", "key": "first"},
                "L": {**bearer("L", P2), "source": "company", "key": "second"}}

    def test_a_value_comes_from_there_once(self):
        """[I1] One log-in, one list, one call; the log says so, and not what came."""
        double = self.double()
        double.add("first", VALUE)
        running = self.company("once", double, self.rules())
        for number in range(5):
            self.gets(running, f"/once/{number}")
        self.assertEqual([double.count(call) for call in ("login", "list", "values")], [1, 1, 1])
        self.lacks(running, "/once/other", P2)  # there is no "second"

    def test_every_trouble_of_a_call_is_a_503_and_passes(self):
        answers = {"busy": (429, "", [("Retry-After", "1")]), "broken": (500, "oops", []), "html": (200, "<html>", []),
                   "moved": (302, "", [("Location", f"https://{H}/stolen")]), "cut": "none"}
        troubles = [(call, name) for call in ("login", "list", "values") for name in answers]
        placeholders = [f"sk-PLACEHOLDER-sources-{number:02}-x7Kq9Zt4b" for number in range(len(troubles))]
        double = self.double()
        rules = {}
        for number, placeholder in enumerate(placeholders):
            rules[f"K{number}"] = {**bearer(f"K{number}", placeholder), "source": "company"}
        running = self.company("troubles", double, rules)
        for number, ((call, name), placeholder) in enumerate(zip(troubles, placeholders)):
            with self.subTest(call, trouble=name):
                double.add(f"K{number}", VALUE)  # which no list had yet
                double.lose_sessions()  # so that each begins with a log-in
                double.trouble = lambda came, wanted=call, said=answers[name]: said if came == wanted else None
                self.lacks(running, f"/{call}/{name}", placeholder)
                double.trouble = lambda _: None
                self.gets_in_time(running, f"/again/{call}/{name}", placeholder)
        self.assertEqual(self.recorder.seen("/stolen"), [])

    def test_a_token_that_is_taken_back_takes_back_what_it_gave(self):
        double = self.double()
        double.add("first", VALUE)
        double.add("second", VALUE2)
        running = self.company("revoked", double, self.rules())
        self.gets(running, "/revoked/before")
        double.revoke()
        self.lacks(running, "/revoked/other", P2)
        self.lacks(running, "/revoked/after")  # it was known

    def test_two_secrets_of_one_name_are_none(self):
        double = self.double()
        double.add("first", VALUE)
        double.add("first", VALUE2)
        running = self.company("twice", double, self.rules())
        self.lacks(running, "/twice")


# A file of the documented form of agent-vault-proxy 0.4: header, template and compose, the cache, the backend, the log.
AVP = """version: 1
unmatched_destination_policy: deny
secrets:
  OPENAI_API_KEY:
    placeholder: "sk-PLACEHOLDER-sources-one-x7Kq9Zt4b"
    inject:
      header: Authorization
      format: "Bearer {{OPENAI_API_KEY}}"
    bindings:
      - host: api.example.test
        methods: [GET, POST]
        paths: ["/avp/**"]
  TRACKER:
    placeholder: "tracker-PLACEHOLDER-sources-x7Kq9Zt4b"
    compose: [TRACKER_USER, TRACKER_TOKEN]
    inject:
      header: Authorization
      template: "Basic {{{{ (TRACKER_USER + ':' + TRACKER_TOKEN) | b64encode }}}}"
    bindings:
      - host: api.example.test
{later}cache: {{ ttl_seconds: 300, max_entries: 100, jitter_seconds: 30 }}
preflight: {{ fail_on_warning: false }}
audit: {{ path: {folder}/audit.jsonl, fail_on_unwritable: true }}
backend:
  type: bws
  config:
    type: bws
    organization_id: {organization}
    access_token_path: {folder}/bws-token
    state_path: {folder}/bws-state
"""
# What is refused as it stands, and what the error says to write instead.
WILDCARD = """  WILD:
    placeholder: "wild-PLACEHOLDER-sources-Yb3Qq8Wc5m"
    inject: { header: X-Key, format: "{WILD}" }
    bindings: [{ host: "*.example.test" }]
"""
MULTI = """  HOOK:
    placeholder: "hook-PLACEHOLDER-sources-Yb3Qq8Wc5m"
    inject:
      type: multi
      injectors:
        - { type: header, header: X-Hook, format: "{HOOK}" }
        - { type: body, content_type: application/json, format: "{HOOK}" }
    bindings: [{ host: api.example.test, methods: [POST] }]
"""
BODY = """  FORM:
    placeholder: "form-PLACEHOLDER-sources-Yb3Qq8Wc5m"
    inject: { type: body, content_type: application/x-www-form-urlencoded, format: "{FORM}" }
    bindings: [{ host: api.example.test, methods: [POST] }]
"""


class FromAgentVaultProxy(Sources):
    """A user's file of agent-vault-proxy, whose secrets stay at Bitwarden. Only where the hosts are is added."""

    HAS = {"OPENAI_API_KEY": "sk-live-avp-7Kq9Zt4bN2vM", "TRACKER_USER": "ann@sources.example.test",
           "TRACKER_TOKEN": "tracker-live-avp-8cR5wL1j", "WILD": "wild-live-avp-Lm0xTr6eQq8W",
           "HOOK": "hook-live-avp-Zt4bN2vM8cR5", "FORM": "form-live-avp-wL1j7Kq9Zt4b"}
    secrets = dict(HAS)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = cls.make_home("avp", {})

    def avp(self, name, later=""):
        """The file of a user whose Bitwarden has all of these secrets."""
        double = bitwarden.Bitwarden(self.vendor)
        self.secrets[f"the token of {double.client_id}"] = double.client_secret
        for secret, value in self.HAS.items():
            double.add(secret, value)
        folder = self.inputs / name
        folder.mkdir(mode=0o700)
        (folder / "bws-token").write_text(double.access_token + "\n")
        (folder / "bws-token").chmod(0o600)
        file = folder / "bindings.yaml"
        file.write_text(AVP.format(folder=folder, organization=double.organization, later=later))
        file.chmod(0o600)
        return file

    def run_with(self, name, text, audit):
        home = self.copy_home(self.home, name)
        here = {f"{host}:443": self.recorder.address for host in (H, H2)}
        there = {f"{host}:443": self.vendor.address for host in (bitwarden.API, bitwarden.IDENTITY)}
        upstream = yaml({"upstream": {"ca_file": str(self.authority.certificate), "resolve": {**here, **there}}})
        home.bindings(text + upstream + "\n")
        return self.start(home, audit=audit)

    def comes(self, running, path, field, value, placeholder, body=b"", host=H, prefix=""):
        """The placeholder in this field, and in the body, comes as the value."""
        method = "POST" if body else "GET"
        answer = running.ask(host, method, path, [(field, prefix + placeholder)] if field else [], body)
        self.assertEqual(answer.status, 200, answer)
        came = self.recorder.one(path)
        if field:
            self.assertEqual(came.get(field), value)
        return came

    def comes_as_header(self, running, path):
        self.comes(running, f"{path}/bearer", "Authorization", f"Bearer {self.HAS['OPENAI_API_KEY']}", P, prefix="Bearer ")
        pair = f"{self.HAS['TRACKER_USER']}:{self.HAS['TRACKER_TOKEN']}"
        self.comes(running, f"{path}/basic", "Authorization", "Basic " + base64.b64encode(pair.encode()).decode(),
                   "tracker-PLACEHOLDER-sources-x7Kq9Zt4b", prefix="Basic ")

    def test_the_file_works_as_it_stands(self):
        """I01 Not a letter of it is changed: what lies at Bitwarden comes from there, and the log is a folder."""
        file = self.avp("as-it-stands")
        running = self.run_with("as-it-stands", file.read_text(), file.parent / "audit.jsonl")
        self.comes_as_header(running, "/avp/unchanged")

    def test_what_is_refused_says_what_to_write(self):
        """I27 A wildcard that nobody allowed, and the injectors of later versions: none is taken for something else."""
        file = self.avp("refused", "LATER")
        for name, later, told in (("wildcard", WILDCARD, "set `allow_wildcard_hosts: true` at the top of the file"),
                                  ("multi", MULTI, "write `inject` as a list, an entry a place"),
                                  ("body", BODY, "write `body: text` in place of `type: body`")):
            with self.subTest(name):
                shown = file.with_name(f"{name}.yaml")
                shown.write_text(file.read_text().replace("LATER", later))
                shown.chmod(0o600)
                done = self.home.run("bindings", "check", shown)
                said = " ".join((done.stdout + done.stderr).decode().split())
                self.assertEqual(done.returncode, 2, said)
                self.assertIn(told, said)

    def test_a_migrated_file_runs_with_all_that_it_had(self):
        """What was refused as it stood is translated: wildcard hosts, several places, bodies."""
        file = self.avp("migrated", WILDCARD + MULTI + BODY)
        done = self.home.must("import", "avp", file)
        self.assertNotIn("left out: secrets", done.stderr.decode())
        self.assertIn("changed: allow_wildcard_hosts", done.stderr.decode())
        running = self.run_with("migrated", done.stdout.decode(), file.parent / "audit")
        self.comes_as_header(running, "/avp/migrated")
        self.comes(running, "/wild", "X-Key", self.HAS["WILD"], "wild-PLACEHOLDER-sources-Yb3Qq8Wc5m", host=H2)
        hook, form = "hook-PLACEHOLDER-sources-Yb3Qq8Wc5m", "form-PLACEHOLDER-sources-Yb3Qq8Wc5m"
        came = self.comes(running, "/hook", "X-Hook", self.HAS["HOOK"], hook, json.dumps({"key": hook}).encode())
        self.assertEqual(json.loads(came.body), {"key": self.HAS["HOOK"]})
        came = self.comes(running, "/form", None, None, form, f"key={form}".encode())
        self.assertEqual(came.body, f"key={self.HAS['FORM']}".encode())


class FromVault(Sources):
    """HashiCorp Vault: a double that follows OpenBao's API documentation."""

    addresses = (VAULT,)

    def begin_with(self, name, double, rules=None, **more):
        source = {"type": "vault", "address": f"https://{VAULT}", "auth": "approle", "role_id": "HV_ROLE",
                  "secret_id": "HV_SECRET", **more}
        self.secrets[f"the role's secret of {name}"] = double.secret_id
        rule = {**bearer("K", P), "source": "hv", "key": "agents/openai", "field": "api_key"}
        entries = {"HV_ROLE": double.role_id, "HV_SECRET": double.secret_id}
        return self.begin(name, rules or {"K": rule}, entries, sources={"hv": source})

    def test_a_field_of_a_value_comes_under_a_token_that_is_given_back(self):
        double = hashicorp.Hashicorp(self.vendor, namespace="team-a")
        double.put("secret/data/agents/openai", api_key=VALUE, other="x")
        running = self.begin_with("field", double, namespace="team-a")
        self.gets(running, "/field/1")
        self.gets(running, "/field/2")
        self.assertEqual(double.count("secret/data/agents/openai"), 1)
        self.assertEqual(running.stop(), 0)
        self.assertEqual(double.count("auth/token/revoke-self"), 1)
        self.assertEqual(double.tokens, {})

    def test_a_short_lease_is_renewed_while_nobody_asks(self):
        double = hashicorp.Hashicorp(self.vendor, lease_s=4)
        double.put("secret/data/agents/openai", api_key=VALUE)
        running = self.begin_with("lease", double)
        self.gets(running, "/lease")
        self.assertTrue(self.vendor.wait(lambda: double.count("auth/token/renew-self") >= 2, 15))
        self.assertEqual(double.count("auth/approle/login"), 1)

    def test_a_sealed_one_is_waited_for(self):
        double = hashicorp.Hashicorp(self.vendor)
        double.put("secret/data/agents/openai", api_key=VALUE)
        double.is_sealed = True
        running = self.begin_with("sealed", double)
        self.lacks(running, "/sealed")
        double.is_sealed = False
        self.gets_in_time(running, "/unsealed")

    def test_every_trouble_is_a_503_that_names_the_source_and_passes(self):
        """[I1] Nothing of the secret, of the role or of a token stands in a refusal, and none follows a redirect."""
        answers = {"moved": (302, "", [("Location", f"https://{H}/stolen")]), "busy": (429, "", [("Retry-After", "1")]),
                   "broken": (500, "oops", []), "html": (200, "<html>", []), "revoked": None}
        placeholders = [f"sk-PLACEHOLDER-vault-{number:02}-x7Kq9Zt4bYb3Q" for number in range(len(answers))]
        double = hashicorp.Hashicorp(self.vendor)
        rules = {f"K{number}": {**bearer(f"K{number}", placeholder), "source": "hv", "key": f"agents/{number}"}
                 for number, placeholder in enumerate(placeholders)}
        running = self.begin_with("troubles", double, rules)
        for number, ((name, said), placeholder) in enumerate(zip(answers.items(), placeholders)):
            with self.subTest(name):
                path = f"secret/data/agents/{number}"
                double.put(path, api_key=VALUE)
                if said is None:  # what it gave is good no more, and there is no other to be had
                    double.revoke_all()
                    double.trouble = lambda came: (403, {"errors": ["permission denied"]}, []) if "login" in came else None
                else:
                    double.trouble = lambda came, said=said, path=path: said if came == path else None
                problem = self.lacks(running, f"/vault/{name}", placeholder)
                if said is None:
                    self.lacks(running, "/vault/revoked/known", placeholders[0])
                self.assertIn("hv", problem["detail"])
                self.assertEqual([text for text in (VALUE, double.secret_id, *double.tokens) if text in str(problem)], [])
                double.trouble = lambda _: None
                self.gets_in_time(running, f"/vault/again/{name}", placeholder)
        self.assertEqual(self.recorder.seen("/stolen"), [])

    def test_what_the_policy_forbids_and_what_is_deleted_is_none(self):
        for name in ("forbidden", "deleted"):
            with self.subTest(name):
                double = hashicorp.Hashicorp(self.vendor)
                double.put("secret/data/agents/openai", api_key=VALUE)
                if name == "forbidden":
                    double.forbidden.add("secret/data/agents/openai")
                else:
                    double.delete("secret/data/agents/openai")
                running = self.begin_with(name, double)
                self.lacks(running, f"/{name}")
                self.assertEqual(double.count("auth/approle/login"), 1)

    def test_an_entry_that_transit_sealed_is_opened_there_and_nowhere_else(self):
        """A row of the key's first version is opened after the key was rotated; another entry's text is not."""
        double = hashicorp.Hashicorp(self.vendor)
        sealed = double.seal("agents", VALUE, b"K")
        double.rotate("agents")
        self.secrets["the role's secret of transit"] = double.secret_id
        source = {"type": "transit", "address": f"https://{VAULT}", "auth": "approle", "role_id": "HV_ROLE",
                  "secret_id": "HV_SECRET", "key": "agents", "associated_data": "name"}
        rule = {**bearer("K", P), "source": "sealed"}
        entries = {"HV_ROLE": double.role_id, "HV_SECRET": double.secret_id, "K": sealed}
        running = self.begin("transit", {"K": rule}, entries, sources={"sealed": source})
        self.gets(running, "/transit")
        swapped = self.begin("swapped", {"L": {**bearer("L", P), "source": "sealed"}},
                             {**entries, "L": sealed}, sources={"sealed": source})
        self.lacks(swapped, "/swapped")

    def test_m06_while_transit_is_down_what_it_sealed_stays_shut(self):
        double = hashicorp.Hashicorp(self.vendor)
        double.is_sealed = True
        source = {"type": "transit", "address": f"https://{VAULT}", "token": "HV_TOKEN", "key": "agents",
                  "local_key": "LOCAL_KEY", "fallback": "local", "plaintext": "allow"}
        entries = {"HV_TOKEN": double.token(), "LOCAL_KEY": "00" * 32, "K": double.seal("agents", VALUE)}
        running = self.begin("down", {"K": {**bearer("K", P), "source": "sealed"}}, entries, sources={"sealed": source})
        self.lacks(running, "/down")
        self.assertEqual(double.count("transit/encrypt/agents"), 0)
        double.is_sealed = False
        self.gets_in_time(running, "/down")


class FromThisMachine(Sources):
    """Files and the environment: for CI."""

    def test_a_file_that_is_ours_alone_and_no_other(self):
        folder = self.inputs / "mounted"
        folder.mkdir(mode=0o700)
        for name, mode in (("good", 0o600), ("loose", 0o644)):
            (folder / name).write_text(VALUE + "\n")
            (folder / name).chmod(mode)
        (folder / "link").symlink_to(folder / "good")
        for name in ("good", "loose", "link"):
            with self.subTest(name):
                rule = {**bearer("K", P), "source": "mounted", "key": name}
                source = {"type": "file", "directory": str(folder)}
                running = self.begin(f"file-{name}", {"K": rule}, sources={"mounted": source})
                (self.gets if name == "good" else self.lacks)(running, f"/file/{name}")

    def test_files_that_kubernetes_mounts_are_taken_where_the_file_says_so(self):
        """As its kubelet lays them out: links through `..data`, of mode 0644; a new `..data` is a new value."""
        folder = self.inputs / "volume"
        folder.mkdir(mode=0o700)
        for name, value in (("..one", VALUE), ("..two", VALUE2)):
            (folder / name).mkdir(mode=0o755)
            (folder / name / "key").write_text(value + "\n")
            (folder / name / "key").chmod(0o644)
        (folder / "..data").symlink_to("..one")
        (folder / "key").symlink_to("..data/key")
        folder.chmod(0o1777)
        rule = {**bearer("K", P), "source": "volume", "key": "key"}
        running = self.begin("volume", {"K": rule},
                             sources={"volume": {"type": "file", "directory": str(folder), "mounted": True}})
        self.gets(running, "/volume/one")
        (folder / "..next").symlink_to("..two")
        (folder / "..next").replace(folder / "..data")
        running.home.must("source", "flush")
        self.gets(running, "/volume/two", VALUE2)
        (folder / "..two" / "key").chmod(0o666)
        running.home.must("source", "flush")
        self.lacks(running, "/volume/loose")

    def test_a_variable_of_the_environment(self):
        rule = {**bearer("K", P), "source": "ci", "key": "CI_KEY"}
        running = self.begin("env", {"K": rule}, env={"CI_KEY": VALUE}, sources={"ci": {"type": "env"}})
        self.gets(running, "/env")

    def test_doctor_names_sources_that_lie_in_the_clear(self):
        home = self.make_home("doctor", {})
        home.bindings(document({"K": {**bearer("K", P), "source": "ci"}}, recorder=self.recorder, hosts=[H],
                               root=self.authority.certificate, sources={"ci": {"type": "env"}}))
        told = home.run("doctor", "--quick", unlock=True).stdout.decode()
        self.assertIn("ci is the environment, which lies in the clear", told)
        self.assertNotIn("is in the bindings and not in the vault", told)


if __name__ == "__main__":
    main()
