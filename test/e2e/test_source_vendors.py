# SPDX-License-Identifier: Apache-2.0
"""Secrets from AWS Secrets Manager, AWS STS, Google Cloud, 1Password and a Vault that Kubernetes' accounts log in to: what they
give, what opens them, and what becomes of every trouble of every call (docs/sources.md).

The services are doubles (harness), for theirs answer to accounts with the vendor alone, and of Vault there is none in Debian.
Each answers as its vendor documents, and verifies what it is sent: signatures, assertions, tokens. Time passes as the test
says (harness/clock.py), so that no test waits for a value's end or for the next try.
"""

import json
import threading

from harness import aws, client, google, hashicorp, kubernetes, onepassword
from harness.case import H, Case, bearer, document, main
from harness.clock import Clock

VAULT, CONNECT = "vault.corp.test", "connect.corp.test"
AWS_VENDOR, STS = "secretsmanager.us-east-1.amazonaws.com", "sts.eu-west-1.amazonaws.com"
VENDORS = (VAULT, CONNECT, AWS_VENDOR, STS, google.API, google.TOKENS)
ROLE = "arn:aws:iam::123456789012:role/r{number}"
AGAIN_S = 120  # by then whoever failed is asked again
# What comes in place of an answer, and what the log says of it.
TROUBLES = {
    "busy": ((429, "", [("Retry-After", "7")]), "rate_limited"),
    "broken": ((500, "oops-of-theirs", []), "server_error"),
    "html": ((200, "<html>oops-of-theirs", []), "malformed"),
    "moved": ((302, "", [("Location", f"https://{H}/stolen")]), "redirect"),
    "cut": ("none", "network"),
}


def placeholder(number):
    return f"sk-PLACEHOLDER-vendors-{number:03}-x7Kq9Zt4bYb3Q"


class Vendor:
    """One kind of source: its double, how it is bound, and the calls that get one value of it."""

    def __init__(self, case):
        self.case = case
        self.recorder = case.make_recorder(case.identity)
        self.values = {}
        self.make()
        self.case.secrets.update({f"{self.kind}: {key}": text for key, text in self.hidden().items()})

    def hidden(self):
        return dict(self.openers)

    def source(self, **more):
        """With its openers in the vault of this machine."""
        return {"type": self.kind, **self.settings, **{key: f"{self.kind}.{key}" for key in self.openers}, **more}

    def entries(self):
        return {f"{self.kind}.{key}": text for key, text in self.openers.items()}

    def expected(self, number):
        return self.values[number]

    def add(self, number):
        self.values[number] = f"sk-live-{self.kind[:3]}-{number:03}-7Kq+x/9=Zt4b"
        self.case.secrets[f"{self.kind} {number}"] = self.values[number]
        self.put(number, self.values[number])

    def begins_anew(self):
        """What it was logged in with is lost, so that all calls are made again."""


class SecretsManager(Vendor):
    kind, hosts, calls = "aws-secrets-manager", (AWS_VENDOR,), ("GetSecretValue",)
    settings = {"region": "us-east-1"}

    def make(self):
        pair = aws.Pair()
        self.double = aws.SecretsManager(self.recorder, pair)
        self.openers = {"access_key_id": pair.id, "secret_access_key": pair.secret}

    def hidden(self):
        return {"secret_access_key": self.openers["secret_access_key"]}

    def put(self, number, value):
        self.double.put(f"team/{number}", json.dumps({"key": value}))

    def named(self, number):
        return {"key": f"team/{number}#key"}


class Role(Vendor):
    """The value is the token of the session, which STS makes."""

    kind, hosts, calls = "aws-sts", (STS,), ("AssumeRole",)
    settings = {"region": "eu-west-1"}

    def make(self):
        pair = aws.Pair()
        self.double = aws.Sts(self.recorder, pair)
        self.openers = {"access_key_id": pair.id, "secret_access_key": pair.secret}

    hidden = SecretsManager.hidden

    def add(self, number):
        self.double.roles.add(ROLE.format(number=number))

    def expected(self, number):
        made = self.double.given[-1]
        self.case.secrets[f"the token of {made.id}"], self.case.secrets[f"the secret of {made.id}"] = made.token, made.secret
        return made.token

    def named(self, number):
        return {"key": ROLE.format(number=number), "field": "SessionToken"}


class OnePassword(Vendor):
    kind, hosts, calls = "onepassword", (CONNECT,), ("vaults", "items", "item")
    settings = {"address": f"https://{CONNECT}"}

    def make(self):
        self.double = onepassword.Connect(self.recorder)
        self.openers = {"token": self.double.token}

    def put(self, number, value):
        self.double.add('The "agents"', f"Item {number}", user="svc", password=value)

    def named(self, number):
        return {"key": f'op://The "agents"/Item {number}/password'}


class Google(Vendor):
    kind, hosts, calls = "gcp-secret-manager", (google.API, google.TOKENS), ("token", "access")
    settings = {"project": "my-project"}

    def make(self):
        self.double = google.SecretManager(self.recorder, self.case.inputs / f"google-{self.recorder.port}")
        self.openers = {"credentials": self.double.credentials}

    def hidden(self):
        return {"key": self.double.key_text}

    def put(self, number, value):
        self.double.put(f"key-{number}", value)

    def named(self, number):
        return {"key": f"key-{number}"}

    def begins_anew(self):
        self.double.lose_tokens()


class OfKubernetes(Vendor):
    kind, hosts = "vault", (VAULT,)

    def make(self):
        folder = self.case.inputs / f"pod-{self.recorder.port}"
        self.double = hashicorp.Hashicorp(self.recorder)
        self.cluster = kubernetes.Cluster(folder, self.case.inputs / f"cluster-{self.recorder.port}")
        self.double.cluster = self.cluster
        self.settings = {"address": f"https://{VAULT}", "auth": "kubernetes", "role": "agents", "jwt_file": str(self.cluster.file)}
        self.openers = {}
        self.calls = ("auth/kubernetes/login", "secret/data/team")

    def hidden(self):
        return {"jwt": self.cluster.made[-1]}

    def put(self, number, value):
        self.double.put(f"secret/data/team/{number}", api_key=value)

    def named(self, number):
        return {"key": f"team/{number}"}

    def begins_anew(self):
        self.double.revoke_all()


KINDS = (SecretsManager, Role, OnePassword, Google, OfKubernetes)


class Vendors(Case):
    """Each test has a vendor and a proxy of its own, with clocks that it moves."""

    secrets = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.secrets = {}
        cls.authority, cls.identity = cls.make_pki((H, *VENDORS))
        cls.recorder = cls.make_recorder(cls.identity)
        cls.template = cls.make_home("template", {})

    def begin(self, name, vendors, count=1, rules=None, entries=None, env=None, **more):
        """A proxy with so many secrets of each of these; `more` is of their sources."""
        home = self.copy_home(self.template, name)
        self.clock = Clock(self.inputs / f"{name}.clock")
        secrets, sources, resolve, held = {}, {}, {}, {}
        for at, vendor in enumerate(vendors):
            sources[f"s{at}"] = vendor.source(**more)
            resolve.update({f"{host}:443": vendor.recorder.address for host in vendor.hosts})
            held.update(vendor.entries() if entries is None else entries)
            for number in range(count):
                name_of = f"K{at}_{number}"
                secrets[name_of] = {**bearer(name_of, placeholder(at * 100 + number)), "source": f"s{at}", **vendor.named(number)}
        if held:
            home.add(held)
        home.bindings(document(secrets, recorder=self.recorder, hosts=[H], root=self.authority.certificate, resolve=resolve,
                               sources=sources))
        return self.start(home, env={**self.clock.environment(), **(env or {})})

    def tunnel(self, running):
        return running.tunnel(H, context=Clock.client_context())

    def ask(self, running, path, number=0):
        with self.tunnel(running) as wire:
            wire.send(client.request_bytes("GET", path, H, [("Authorization", f"Bearer {placeholder(number)}")]))
            answer = wire.response("GET")
        self.assertIsNotNone(answer)
        self.note(path, answer.raw_head + answer.body)
        return answer

    def gets(self, running, path, vendor, number=0, at=0):
        answer = self.ask(running, path, at * 100 + number)
        self.assertEqual(answer.status, 200, (answer, answer.body, getattr(vendor.double, "problems", "")))
        self.assertEqual(self.recorder.one(path).get("Authorization"), f"Bearer {vendor.expected(number)}")

    def lacks(self, running, path, number=0, source="s0"):
        """Nothing is sent; the 503 names the source, and says nothing of what the vendor said."""
        answer = self.ask(running, path, number)
        problem = self.refused(answer, 503, "secret_unavailable")
        self.assertIn(source, problem["detail"])
        self.assertNotIn("oops-of-theirs", json.dumps(problem))
        self.assertEqual(self.recorder.seen(path), [])
        return answer

    def outcomes(self, running):
        return [r["outcome"] for r in running.records() if r["type"] == "secret_fetched"]



class Given(Vendors):
    """What they give, by what opens them."""

    def test_a_value_comes_from_each_once(self):
        """[I1] The log says so, and not what came."""
        for kind in KINDS:
            with self.subTest(kind.kind):
                vendor = kind(self)
                vendor.add(0)
                running = self.begin(f"once-{kind.kind}", [vendor])
                for number in range(3):
                    self.gets(running, f"/once/{kind.kind}/{number}", vendor)
                self.assertEqual(len(vendor.double.calls), len(vendor.calls), vendor.double.calls)
                self.assertEqual(set(self.outcomes(running)), {"ok"})

    def test_an_opener_lies_in_systemds_credentials_or_in_a_file_of_ours(self):
        """[I13] And in no file that others may read."""
        for kind in KINDS:
            vendor = kind(self)
            vendor.add(0)
            for place, mode in (("credential", 0o400), ("file", 0o600), ("readable", 0o644)):
                if not vendor.openers:
                    continue  # of Kubernetes: see below
                with self.subTest(kind.kind, place=place):
                    folder = self.inputs / f"{place}-{kind.kind}"
                    folder.mkdir(mode=0o700)
                    for key, text in vendor.openers.items():
                        (folder / key).write_text(text + "\n")
                        (folder / key).chmod(mode)
                    where = {key: f"credential:{key}" if place == "credential" else str(folder / key) for key in vendor.openers}
                    env = {"CREDENTIALS_DIRECTORY": folder} if place == "credential" else None
                    running = self.begin(f"{place}-{kind.kind}", [vendor], entries={}, env=env, **where)
                    path = f"/opener/{place}/{kind.kind}"
                    if place != "readable":
                        self.gets(running, path, vendor)
                    else:
                        self.lacks(running, path)
                        self.assertEqual(self.outcomes(running), ["not_permitted"])

    def test_a_credential_that_systemd_did_not_give(self):
        vendor = OnePassword(self)
        running = self.begin("no-credential", [vendor], entries={}, token="credential:op-token")
        self.lacks(running, "/no-credential")
        self.assertEqual((self.outcomes(running), vendor.double.calls), (["credential_missing"], []))

    def test_the_token_of_a_pod_is_read_anew_where_it_was_replaced(self):
        """Vault's lease is short, and cannot be renewed here: each log-in is with the file as it is by then."""
        vendor = OfKubernetes(self)
        for number in range(3):
            vendor.add(number)
        running = self.begin("rotated", [vendor], count=3)
        self.gets(running, "/rotated/0", vendor)
        vendor.cluster.rotate()
        self.secrets["the second token of the pod"] = vendor.cluster.made[-1]
        vendor.double.revoke_all()
        self.gets(running, "/rotated/1", vendor, 1)
        self.assertEqual(vendor.double.count("auth/kubernetes/login"), 2)
        vendor.cluster.taken_back.update(vendor.cluster.made)  # and nothing new lies there
        vendor.double.revoke_all()
        self.lacks(running, "/rotated/2", 2)
        self.lacks(running, "/rotated/known")  # what it gave is dropped
        vendor.cluster.rotate()
        self.secrets["the third token of the pod"] = vendor.cluster.made[-1]
        self.clock.forward(AGAIN_S)
        self.gets(running, "/rotated/again", vendor, 2)

    def test_a_role_is_assumed_with_a_token_of_the_web(self):
        """Which is read from its file anew each time, and is no secret of AWS's."""
        vendor = Role(self)
        vendor.add(0)
        vendor.add(1)
        file = self.inputs / "web-identity"
        vendor.openers = {}
        for number in range(2):
            text = f"eyJhbGciOiJSUzI1NiJ9.web-identity-{number}.c2lnbmF0dXJl"
            self.secrets[f"web identity {number}"] = text
            file.write_text(text)
            file.chmod(0o600)
            vendor.double.web_identities = {text}
            if number == 0:
                running = self.begin("web", [vendor], count=2, web_identity_token=str(file))
            self.gets(running, f"/web/{number}", vendor, number)
        self.assertEqual(vendor.double.calls, ["AssumeRoleWithWebIdentity"] * 2)

    def test_a_checksum_that_is_not_of_the_value(self):
        vendor = Google(self)
        vendor.add(0)
        vendor.double.spoils_checksums = True
        running = self.begin("checksum", [vendor])
        self.lacks(running, "/checksum")
        self.assertEqual(self.outcomes(running), ["checksum"])

    def test_what_is_not_there_or_not_for_us(self):
        for kind, outcome in ((SecretsManager, "not_found"), (Role, "forbidden"), (OnePassword, "not_found"), (Google, "not_found")):
            with self.subTest(kind.kind):
                vendor = kind(self)
                if kind is OnePassword:
                    vendor.double.add('The "agents"', "Another", password="x")
                running = self.begin(f"none-{kind.kind}", [vendor])
                self.lacks(running, f"/none/{kind.kind}")
                self.assertEqual(self.outcomes(running), [outcome])


class Troubled(Vendors):
    def test_every_trouble_of_every_call_is_a_503_that_names_the_source_and_passes(self):
        """[I1] [I13] A redirect is followed by none, and who asks for rest is left alone for so long."""
        for kind in KINDS:
            vendor = kind(self)
            table = [(call, name) for call in vendor.calls for name in TROUBLES]
            running = self.begin(f"troubles-{kind.kind}", [vendor], count=len(table))
            for number, (call, name) in enumerate(table):
                with self.subTest(kind.kind, call=call, trouble=name):
                    self.suffers(running, vendor, number, call, name)
        self.assertEqual(self.recorder.seen("/stolen"), [])

    def suffers(self, running, vendor, number, call, name):
        said, outcome = TROUBLES[name]
        vendor.add(number)
        vendor.begins_anew()
        known = len(self.outcomes(running))
        path = f"/{vendor.kind}/{number}"
        vendor.double.trouble = lambda came: said if call in (came, came.rpartition("/")[0]) else None
        answer = self.lacks(running, f"{path}/down", number)
        self.assertEqual(set(self.outcomes(running)[known:]), {outcome})
        if name == "busy":
            asked = len(vendor.double.calls)
            self.assertIn(int(answer.get("Retry-After")), range(6, 9))
            self.lacks(running, f"{path}/rests", number)
            self.assertEqual(len(vendor.double.calls), asked)
        vendor.double.trouble = lambda _: None
        self.clock.forward(10)
        self.gets(running, f"{path}/again", vendor, number)

    def test_who_does_not_answer_is_given_up_by_the_request_and_by_the_call(self):
        """All at once: a request waits for ten seconds, and a call has as many (proxy/base/bounds.h)."""
        vendors = [kind(self) for kind in KINDS]
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        for vendor in vendors:
            vendor.add(0)
            vendor.double.trouble = lambda _: go_on.wait(120) and None
        running = self.begin("hangs", vendors)
        wires = []
        for at, vendor in enumerate(vendors):
            wire = self.tunnel(running)
            self.addCleanup(wire.close)
            wire.send(client.request_bytes("GET", f"/hangs/{at}", H, [("Authorization", f"Bearer {placeholder(at * 100)}")]))
            wires.append(wire)
        for at, (vendor, wire) in enumerate(zip(vendors, wires)):
            with self.subTest(vendor.kind):
                answer = wire.response("GET")
                problem = self.refused(answer, 503, "secret_unavailable")
                self.assertIn(f"s{at}", problem["detail"])
                self.assertEqual(len(vendor.double.calls), 1)
        self.assertEqual(self.recorder.seen("/hangs"), [])
        self.assertTrue(running.await_record(lambda _: len(self.outcomes(running)) == len(vendors), 60))
        self.assertEqual(set(self.outcomes(running)), {"timed_out"})
        go_on.set()
        self.clock.forward(AGAIN_S)
        for at, vendor in enumerate(vendors):
            self.gets(running, f"/hangs/again/{at}", vendor, at=at)

    def test_a_value_serves_on_behind_its_end_while_its_source_is_down_and_no_longer_than_that(self):
        """`stale_seconds`; what AWS STS gives says its own end, and serves up to that."""
        for kind in KINDS:
            with self.subTest(kind.kind):
                vendor = kind(self)
                vendor.add(0)
                cache = {"ttl_seconds": 10, "jitter_seconds": 0, "stale_seconds": 60}
                ends = {"aws-sts": 100}.get(kind.kind, 70)
                if kind is Role:
                    vendor.double.lives_s = 100
                running = self.begin(f"stale-{kind.kind}", [vendor], cache=cache)
                path = f"/stale/{kind.kind}"
                self.gets(running, f"{path}/new", vendor)
                vendor.double.trouble = lambda _: (500, "oops-of-theirs", [])
                passed = 0
                for at in (11, 30, ends - 10):  # some seconds are the test's own
                    self.clock.forward(at - passed)
                    passed = at
                    self.gets(running, f"{path}/{at}", vendor)
                self.clock.forward(ends + 1 - passed)
                answer = self.lacks(running, f"{path}/over")
                self.assertEqual(json.loads(answer.body)["cause"], "secret_source_down")
                vendor.double.trouble = lambda _: None
                self.clock.forward(AGAIN_S)
                vendor.begins_anew()
                self.gets(running, f"{path}/again", vendor)


if __name__ == "__main__":
    main()
