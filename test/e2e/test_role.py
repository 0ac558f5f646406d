# SPDX-License-Identifier: Apache-2.0
"""A role of AWS's behind a `sigv4` rule: a program signs with a throw-away pair, and what arrives is signed with the pair that
STS gave keyswap, with that session's token (docs/sources.md, aws-sts).

STS is a double (harness/aws.py), for Amazon's answers to accounts of theirs alone; so is S3 here, which keeps what is put in
memory. It takes a request only if it is signed by one session that is not over: id, secret and token of one answer.
"""

import concurrent.futures
import email.utils
import hashlib
import shutil
import subprocess
import threading
import time
import unittest

from harness import aws, canary, proxy, sigv4
from harness.case import Case, document, main

S3, REGION = "s3.eu-west-1.amazonaws.com", "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/reports"
PLACEHOLDER, FAKE_SECRET, FAKE_TOKEN = "AKIAPLACEHOLDER23456", "throw-away-secret-of-40-characters-00000", "throw-away/token+0=="


class Bucket:
    """S3's answers to PUT, HEAD and GET, by who may ask: the sessions of an STS."""

    def __init__(self, recorder, sts):
        self.sts, self.objects, self.lock = sts, {}, threading.Lock()
        self.problems, self.by = [], []  # by: (path, the session's key id), of each that was taken
        recorder.on("/", self._answer)

    def _taken(self, request):
        """What is right of it is taken: its data, out of their chunks; None: it is not right."""
        given = request.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
        session = self.sts.session_of(given)
        problem = aws.problem_of(request, session, REGION, "s3") if session else ("ExpiredToken", f"no session has {given}")
        if problem:
            self.problems.append(problem)
            return None
        self.by.append((request.path, given))
        return sigv4.Judged(request, session.id, session.secret).data

    def _answer(self, request, connection):
        data = self._taken(request)
        if data is None:
            connection.answer(403, f"<Error><Code>{self.problems[-1][0]}</Code></Error>", reason="No")
            return
        if request.method == "PUT":
            with self.lock:
                self.objects[request.path] = data
        data = self.objects.get(request.path, b"")
        fields = [("ETag", f'"{hashlib.md5(data).hexdigest()}"'), ("Last-Modified", email.utils.formatdate(usegmt=True)),
                  ("Content-Type", "binary/octet-stream")]
        if request.method == "HEAD":
            connection.answer(200, b"", [*fields, ("Content-Length", str(len(data)))])
        else:
            connection.answer(200, b"" if request.method == "PUT" else data, fields)


class Roles(Case):
    secrets = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.secrets = {}
        cls.authority, cls.identity = cls.make_pki((S3, f"sts.{REGION}.amazonaws.com"))

    def begin(self, name, settings=None, **options):
        """A proxy, its STS and its S3. The rule is that of docs/sources.md; its source may say more."""
        pair = aws.Pair()
        self.secrets[f"the secret of {name}"] = pair.secret
        asked = self.make_recorder(self.identity)
        self.sts = aws.Sts(asked, pair, REGION, **options)
        self.sts.roles.add(ROLE)
        self.store = self.make_recorder(self.identity)
        self.bucket = Bucket(self.store, self.sts)
        home = self.make_home(name, {"AWS_ID": pair.id, "AWS_SECRET": pair.secret})
        rule = {"source": "role", "key": ROLE, "placeholder": PLACEHOLDER, "bindings": [{"host": S3}],
                "fields": {"ROLE_ID": "AccessKeyId", "ROLE_SECRET": "SecretAccessKey", "ROLE_TOKEN": "SessionToken"},
                "inject": {"type": "sigv4", "access_key_id": "ROLE_ID", "secret_access_key": "ROLE_SECRET",
                           "session_token": "ROLE_TOKEN", "placeholder_secret": FAKE_SECRET}}
        source = {"type": "aws-sts", "region": REGION, "access_key_id": "AWS_ID", "secret_access_key": "AWS_SECRET",
                  **(settings or {})}
        home.bindings(document({"REPORTS": rule}, recorder=self.store, hosts=[S3], root=self.authority.certificate,
                               resolve={f"{self.sts.host}:443": asked.address}, sources={"role": source}))
        return self.start(home, threads=2)

    def end(self):
        """What STS gave out is a secret, too; nothing of the throw-away pair arrived, and all that did was right."""
        for made in self.sts.given:
            self.secrets[f"the secret of {made.id}"], self.secrets[f"the token of {made.id}"] = made.secret, made.token
        self.assertEqual((self.bucket.problems, self.sts.problems), ([], []))
        for request in self.store.seen():
            for theirs in (PLACEHOLDER, FAKE_TOKEN):
                self.assertEqual(canary.find_in(request.raw_head, theirs), [])

    def send(self, running, path):
        """A program of ours that has the throw-away pair, and a token of its own."""
        program = sigv4.Program(PLACEHOLDER, FAKE_SECRET, REGION)
        fields, _ = program.fields(S3, "GET", path, [("X-Amz-Security-Token", FAKE_TOKEN)], sigv4.NOTHING)
        answer = running.ask(S3, "GET", path, fields)
        self.assertIsNotNone(answer)
        self.note(path, answer.raw_head + answer.body)
        return answer

    def test_what_the_role_may_is_narrowed_as_the_file_says(self):
        policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'
        arns = [f"arn:aws:iam::123456789012:policy/{name}" for name in ("read", "reports")]
        running = self.begin("narrowed", {"policy": policy, "policy_arns": arns, "external_id": "their/id"})
        self.assertEqual(self.send(running, "/narrowed").status, 200)
        form = self.sts.forms[-1]
        self.assertEqual([form.get(name) for name in ("Policy", "PolicyArns.member.1.arn", "PolicyArns.member.2.arn",
                                                      "PolicyArns.member.3.arn", "ExternalId")],
                         [policy, *arns, None, "their/id"])
        self.end()

    @unittest.skipUnless(shutil.which("aws"), "aws is not installed")
    def test_debians_aws_works_with_the_throw_away_pair(self):
        """[I5] It puts an object and gets it back; STS is asked once."""
        running = self.begin("cli")
        config = self.scratch / "config"
        config.write_text(f"[default]\nregion = {REGION}\ncli_pager =\ns3 =\n    addressing_style = path\n")
        source, back = self.scratch / "source.txt", self.scratch / "back.txt"
        source.write_bytes(b"a report, not random\n")
        environment = proxy.clean_environment(
            KEYSWAP_HOME=running.home.path, HOME=self.scratch, AWS_CONFIG_FILE=config, AWS_ACCESS_KEY_ID=PLACEHOLDER,
            AWS_SECRET_ACCESS_KEY=FAKE_SECRET, AWS_EC2_METADATA_DISABLED="true")
        for words in (("cp", source, "s3://reports/one.txt"), ("cp", "s3://reports/one.txt", back)):
            done = subprocess.run([proxy.BINARY, "run", "--password-file", str(running.home.password_file), "--", "aws", "s3",
                                   *map(str, words)], env=environment, capture_output=True, timeout=120, check=False)
            self.note("aws", done.stdout + done.stderr)
            self.assertEqual(done.returncode, 0, (done.stdout, done.stderr, self.bucket.problems))
        self.assertEqual(back.read_bytes(), source.read_bytes())
        self.assertEqual(self.sts.count("AssumeRole"), 1)
        self.assertEqual({by for _, by in self.bucket.by}, {self.sts.given[0].id})
        decisions = {(record["decision"], record["secret"]) for record in running.decisions("/reports/one.txt")}
        self.assertEqual(decisions, {("allowed", "REPORTS")})
        self.end()

    def test_the_three_are_of_one_answer_whenever_another_comes(self):
        """[I5] Sessions of four seconds, each replaced when half of it is over, under programs that ask without a pause."""
        running = self.begin("changes", lives_s=4)
        end = time.monotonic() + 60

        def ask(who):
            number = 0
            while len(self.sts.given) < 4 or len({by for _, by in self.bucket.by}) < 4:
                self.assertLess(time.monotonic(), end, self.sts.given)
                self.assertEqual(self.send(running, f"/reports/{who}/{number}").status, 200, self.bucket.problems)
                number += 1
            return number
        with concurrent.futures.ThreadPoolExecutor(4) as programs:
            self.assertGreater(sum(programs.map(ask, range(4))), 20)
        self.end()

    def test_a_pair_serves_to_its_end_while_sts_is_down_and_not_behind_it(self):
        running = self.begin("down", lives_s=6)
        self.assertEqual(self.send(running, "/reports/first").status, 200)
        self.sts.trouble = lambda _: (500, "oops-of-theirs", [])
        first, end = self.sts.given[0], time.monotonic() + 60
        served = 0
        while True:
            self.assertLess(time.monotonic(), end)
            answer = self.send(running, f"/reports/down/{served}")
            if answer.status != 200:
                break
            served += 1
        problem = self.refused(answer, 503, "secret_unavailable")
        self.assertIn("role", problem["detail"])
        self.assertGreaterEqual(time.time(), first.ends - 1)  # and what was sent before was taken: `end` looks at that
        self.assertEqual({by for _, by in self.bucket.by}, {first.id})
        self.assertGreater(self.sts.count("AssumeRole"), 1)
        self.sts.trouble = lambda _: None
        while self.send(running, "/reports/again").status != 200:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)
        self.assertEqual(self.bucket.by[-1], ("/reports/again", self.sts.given[-1].id))
        self.end()


if __name__ == "__main__":
    main()
