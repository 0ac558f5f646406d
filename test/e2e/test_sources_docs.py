# SPDX-License-Identifier: Apache-2.0
"""docs/sources.md, tried literally: the YAML of each section is served as it stands there, and a request whose placeholder it
names gets the value of that source. Nothing is added but the roots of the test's own certificates: names, addresses, ports and
files are those of the document, in a network and with mounts of the test's own.

The vendors' services are doubles (harness): each answers as its vendor documents, and takes only what is signed or opened
right. None is to be had here: Amazon's, Google's, Bitwarden's and 1Password's answer to accounts of theirs alone, and Debian
has neither Vault nor OpenBao. `pass` is a stand-in, whose store is a folder in the clear.
"""

import os
import re
import shlex
import subprocess
import unittest

from harness import aws, bitwarden, documents, google, hashicorp, network, onepassword, sigv4
from harness.case import Case, main
from harness.proxy import yaml

OPENAI, OPENAI_AT = "api.openai.com", "45.33.32.1"
S3, S3_AT = "s3.eu-west-1.amazonaws.com", "45.33.32.3"
VENDOR_AT, VAULT_AT = "45.33.32.2", "10.0.0.7"  # a public address, and one of the company's
VAULT = "vault.corp.example"
OF_AWS = ("secretsmanager.us-east-1.amazonaws.com", "sts.eu-west-1.amazonaws.com")
VENDORS = (*OF_AWS, bitwarden.API, bitwarden.IDENTITY, google.API, google.TOKENS)
VALUE = "sk-live-literally-7Kq+x/9=Zt4b"
PASS = """#!/bin/sh
[ "$1" = show ] || exit 1
exec cat "$PASSWORD_STORE_DIR/$2"
"""
# In a namespace of users that is not root's own, what root owns is nobody's: such files are refused, as they should be.
ROOT_IS_ROOT = os.stat("/").st_uid == 0


def sections():
    """{name: [block, …]} of docs/sources.md: the YAML that stands in each."""
    file = documents.TREE / "docs" / "sources.md"
    heads = [(number, line[3:]) for number, line in enumerate(file.read_text().splitlines(), 1) if line.startswith("## ")]
    found = {name: [] for _, name in heads}
    for block in documents.blocks("yaml"):
        if block.file == file:
            found[[name for number, name in heads if number < block.line][-1]].append(block)
    return found


def lay_over(folder, files):
    """What is in a folder of the machine, and these besides, {path: (text, mode)}: in this namespace alone."""
    room = f"/mnt/over{folder.replace('/', '-')}"
    if not os.path.ismount("/mnt"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/mnt"], check=True)
    os.makedirs(f"{room}/was")
    subprocess.run(["mount", "--rbind", folder, f"{room}/was"], check=True)
    os.mkdir(f"{room}/is", 0o755)
    for name in os.listdir(f"{room}/was"):
        os.symlink(f"{room}/was/{name}", f"{room}/is/{name}")
    for name, (text, mode) in files.items():
        os.makedirs(os.path.dirname(f"{room}/is/{name}"), 0o755, exist_ok=True)
        with open(f"{room}/is/{name}", "w") as file:
            file.write(text)
        os.chmod(f"{room}/is/{name}", mode)
    subprocess.run(["mount", "--bind", f"{room}/is", folder], check=True)


class Sections(Case):
    """A network where each name of the document leads to the service that it means."""

    secrets = {"the value": VALUE}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        network.give_out(OPENAI_AT, VENDOR_AT, S3_AT, VAULT_AT)
        cls.authority, identity = cls.make_pki((OPENAI, VAULT, S3, *VENDORS))
        cls.files, cls.names = network.Files(), network.NameServer()
        cls.addClassCleanup(cls.names.stop)
        for address, names in ((OPENAI_AT, (OPENAI,)), (VENDOR_AT, VENDORS), (S3_AT, (S3,)), (VAULT_AT, (VAULT,))):
            for name in names:
                cls.names.says(name, address)
        cls.recorder = cls.make_recorder(identity, at=(OPENAI_AT, 443))
        cls.s3 = cls.make_recorder(identity, at=(S3_AT, 443))
        cls.vendor = cls.make_recorder(identity, at=(VENDOR_AT, 443))
        cls.vault = cls.make_recorder(identity, at=(VAULT_AT, 8200))
        cls.connect = cls.make_recorder(at=("127.0.0.1", 8080))
        cls.template = cls.make_home("template", {})
        cls.sections = sections()

    def begin(self, kind, entries=(), env=None):
        """[(proxy, YAML)]: one for each block of the section, with these entries in the vault."""
        blocks = self.sections.get(kind)
        self.assertTrue(blocks, f"docs/sources.md shows no YAML for {kind}")
        for number, block in enumerate(blocks):
            home = self.copy_home(self.template, f"{kind}-{number}")
            home.add(dict(entries))
            text = documents.whole_bindings(block)
            self.assertIn(f"type: {kind}", text, block.where)
            home.bindings(text + yaml({"upstream": {"ca_file": str(self.authority.certificate)}}) + "\n")
            running = self.start(home, env=env)
            yield running, text
            self.commands(running, text, env)

    def commands(self, running, text, env):
        """What the document tells people to type, beside the proxy; and the same of the section's own source."""
        lines = [line for block in documents.blocks("sh") if block.file.name == "sources.md" for line in block.commands()]
        self.assertEqual(len(lines), 3)
        own = re.search(r"^  ([a-z]+):", text, re.M).group(1)
        for line in (*lines, f"keyswap source test {own}"):
            program, *words = shlex.split(line)
            done = running.home.must(*words, unlock=words != ["source", "list"], env=env)
            self.assertEqual(program, "keyswap")
            if words == ["source", "list"]:
                self.assertIn(own, done.stdout.decode())

    def tried(self, kind, entries=(), env=None, value=VALUE):
        """The section's placeholder is swapped with what its source has."""
        for running, text in self.begin(kind, entries, env):
            placeholder = re.search(r'placeholder: "([^"]+)"', text).group(1)
            self.assertIn('inject: { header: Authorization, format: "Bearer {secret}" }', text)
            path = f"/v1/{running.home.path.name}"
            answer = running.ask(OPENAI, "GET", path, [("Authorization", f"Bearer {placeholder}")])
            self.assertEqual(answer.status, 200, (answer.body, running.stderr, [r.get("outcome") for r in running.records()]))
            self.note(path, answer.raw_head + answer.body)
            self.assertEqual(self.recorder.one(path).get("Authorization"), f"Bearer {value}")
            self.decided(running.decision(path), "allowed", "binding_matched", "OPENAI_API_KEY")

    def test_each_kind_that_there_is_has_a_section_that_is_tried(self):
        file = self.inputs / "no-such-kind.yaml"
        file.write_text("version: 1\nsources: { x: { type: no-such-kind-at-all } }\nsecrets: {}\n")
        said = self.template.run("bindings", "check", file)
        kinds = re.search(r"there are: ([a-z0-9-]+(?:, [a-z0-9-]+)+)", (said.stdout + said.stderr).decode()).group(1).split(", ")
        self.assertGreater(len(kinds), 10)
        for kind in kinds:
            with self.subTest(kind):
                self.assertTrue(self.sections.get(kind), "there is no section, or it shows no YAML")
                self.assertTrue(hasattr(self, f"test_{kind.replace('-', '_')}"), "nothing tries it")
        self.assertEqual([name for name, blocks in self.sections.items() if blocks and name not in kinds], [])

    def test_aws_secrets_manager(self):
        double = aws.SecretsManager(self.vendor, self.pair())
        double.put("prod/openai", '{"user": "svc", "api_key": "%s"}' % VALUE)
        self.tried("aws-secrets-manager", self.entries_of(double.pair))
        self.assertEqual(double.problems, [])

    def test_aws_sts(self):
        """The role's pair signs, so what is swapped is the signature, and the token is added."""
        double = aws.Sts(self.vendor, self.pair())
        double.roles.add("arn:aws:iam::123456789012:role/reports")
        for running, text in self.begin("aws-sts", self.entries_of(double.pair)):
            placeholder = re.search(r"placeholder: (\w+)", text).group(1)
            program = sigv4.Program(placeholder, re.search(r'placeholder_secret: "([^"]+)"', text).group(1), double.region)
            fields, _ = program.fields(S3, "GET", "/reports/one", [], sigv4.NOTHING)
            answer = running.ask(S3, "GET", "/reports/one", fields)
            self.assertEqual(answer.status, 200, (answer.body, running.stderr))
            self.note("/reports/one", answer.raw_head + answer.body)
            made, = double.given
            self.assertIsNone(aws.problem_of(self.s3.one("/reports/one"), made, double.region, "s3"))
            self.decided(running.decision("/reports/one"), "allowed", "binding_matched", "REPORTS")
        for made in double.given:
            self.secrets[f"the secret of {made.id}"], self.secrets[f"the token of {made.id}"] = made.secret, made.token
        self.assertEqual(double.problems, [])

    def pair(self):
        made = aws.Pair()
        self.secrets[f"the secret of {made.id}"] = made.secret
        return made

    def entries_of(self, pair):
        return {"AWS_ID": pair.id, "AWS_SECRET": pair.secret}

    def test_bitwarden(self):
        double = bitwarden.Bitwarden(self.vendor)
        self.secrets["the token of Bitwarden"] = double.client_secret
        double.add("OPENAI_API_KEY", VALUE)
        self.tried("bitwarden", {"BWS_TOKEN": double.access_token})

    @unittest.skipUnless(ROOT_IS_ROOT, "a program that is root's needs root")
    def test_command(self):
        lay_over("/usr/bin", {"pass": (PASS, 0o755)})
        store = self.inputs / "store"
        (store / "api").mkdir(parents=True)
        (store / "api" / "openai").write_text(VALUE + "\n")
        self.tried("command", env={"PASSWORD_STORE_DIR": str(store)})

    def test_env(self):
        self.tried("env", env={"OPENAI_API_KEY": VALUE})

    @unittest.skipUnless(ROOT_IS_ROOT, "a folder that is root's needs root")
    def test_file(self):
        lay_over("/etc", {"keyswap/secrets/openai": (VALUE + "\n", 0o600)})
        self.tried("file")

    def test_gcp_secret_manager(self):
        double = google.SecretManager(self.vendor, self.inputs / "google")
        self.secrets["the account's key"] = double.key_text
        double.put("openai", VALUE)
        self.tried("gcp-secret-manager", {"GCP_ACCOUNT": double.credentials})
        self.assertEqual(double.problems, [])

    def test_local(self):
        self.tried("local", {"TEAM_OPENAI_KEY": VALUE})

    def test_onepassword(self):
        double = onepassword.Connect(self.connect)
        self.secrets["the token of Connect"] = double.token
        double.add("Agents", "OpenAI", username="svc", credential=VALUE)
        self.tried("onepassword", {"OP_TOKEN": double.token})
        self.assertEqual(double.problems, [])

    def hashicorp(self, **options):
        double = hashicorp.Hashicorp(self.vault, **options)
        self.secrets[f"the secret of the role {double.role_id}"] = double.secret_id
        return double, {"HV_ROLE": double.role_id, "HV_SECRET": double.secret_id}

    def test_transit(self):
        double, entries = self.hashicorp()
        self.tried("transit", {**entries, "OPENAI_API_KEY": double.seal("agents", VALUE, b"OPENAI_API_KEY")})

    def test_vault(self):
        double, entries = self.hashicorp(namespace="team-a")
        double.put("secret/data/agents/openai", api_key=VALUE, other="x")
        self.tried("vault", entries)


if __name__ == "__main__":
    network.enter()
    main()
