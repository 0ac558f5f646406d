# SPDX-License-Identifier: Apache-2.0
"""AWS: Debian's `aws` and AWS's SDK for JavaScript (npm) through `keyswap run`, with a throw-away pair, to a store that
speaks S3.

s3rver (npm) stores; it does not verify signatures of version 4. So a recorder stands before it and verifies each request as
AWS would, with its own Python over the bytes that arrived (harness/sigv4.py), before the store sees it.
"""

import hashlib
import http.client
import os
import shutil
import subprocess
import unittest
import urllib.parse

from harness import canary, proxy, sigv4
from harness.case import Case, document, main
from harness.packages import installed

S3, STS = "s3.eu-central-1.amazonaws.com", "sts.eu-central-1.amazonaws.com"
PLACEHOLDER, FAKE_SECRET = "AKIAPLACEHOLDER23456", "throw-away-secret-of-40-characters-00000"
KEY_ID, SECRET = "AKIA7Q2MZX4LKE5BWT3N", "Zk8+real/Secret9Qw2Er5Ty7Ui0Op3As6Df8Gh1J"
# Of a session: the pair comes with a token, of the program's as of the real one.
SESSION_PLACEHOLDER, FAKE_TOKEN, TOKEN = "ASIAPLACEHOLDER23456", "throw-away/token+0==", "real/Token+8Kd2Wq7Zx5Vb3Nm9=="


class Store:
    """s3rver on a port of loopback."""

    def __init__(self, folder, packages):
        folder.mkdir()
        self.process = subprocess.Popen(["node", "s3.mjs", str(folder)], cwd=packages, stdout=subprocess.PIPE,
                                        env=proxy.clean_environment(HOME=folder, KEY_ID=KEY_ID))
        self.port = int(self.process.stdout.readline())

    def ask(self, request, data):
        """(status, fields, body) of what it says to a request that arrived, with this body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        # It takes bodies as they are: knows no chunks within them, whose recorder has read them.
        skipped = ("connection", "content-length", "transfer-encoding", "expect", "content-encoding", "x-amz-trailer",
                   "x-amz-decoded-content-length")
        connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in [field for field in request.headers if field[0].lower() not in skipped]:
            connection.putheader(name, "UNSIGNED-PAYLOAD" if name.lower() == "x-amz-content-sha256" else value)
        connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        answer = connection.getresponse()
        found = answer.status, answer.getheaders(), answer.read()
        connection.close()
        return found

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()


class Aws(Case):
    secrets = {"AWS_ID": KEY_ID, "AWS_SECRET": SECRET, "AWS_TOKEN": TOKEN}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, identity = cls.make_pki((S3, STS))
        cls.recorder = cls.make_recorder(identity)
        cls.judged = []
        cls.recorder.on("/", cls.take)
        cls.home = cls.make_home()
        inject = {"type": "sigv4", "access_key_id": "AWS_ID", "secret_access_key": "AWS_SECRET",
                  "placeholder_secret": FAKE_SECRET}
        rules = {"AWS": {"placeholder": PLACEHOLDER, "inject": inject, "bindings": [{"host": S3}, {"host": STS}]},
                 "AWS_SESSION": {"placeholder": SESSION_PLACEHOLDER, "inject": {**inject, "session_token": "AWS_TOKEN"},
                                 "bindings": [{"host": S3}]}}
        cls.home.bindings(document(rules, recorder=cls.recorder, hosts=(S3, STS), root=cls.authority.certificate))
        cls.proxy = cls.start(cls.home)
        cls.program = sigv4.Program(PLACEHOLDER, FAKE_SECRET)

    @classmethod
    def take(cls, request, connection):
        """Judges what arrived; what is signed right is answered."""
        judged = sigv4.Judged(request, KEY_ID, SECRET)
        cls.judged.append((request, judged))
        if judged.problem:
            connection.answer(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>", reason="No")
        else:
            cls.reply(request, judged, connection)

    @classmethod
    def reply(cls, request, judged, connection):
        connection.answer(200, f"stored {len(judged.data)}", [("X-Sha256", hashlib.sha256(judged.data).hexdigest())])

    def seen(self, path):
        """What arrived there; all of it signed right, and nothing of the throw-away pair in it."""
        found = [(request, judged) for request, judged in self.judged if request.path == path]
        for request, judged in found:
            self.assertIsNone(judged.problem, request)
            for theirs in (PLACEHOLDER, SESSION_PLACEHOLDER, FAKE_TOKEN):
                self.assertEqual(canary.find_in(request.raw_head, theirs), [])
        return [request for request, _ in found]


class Programs(Aws):
    """A program that signs itself, and is asked for every form."""

    def send(self, method, target, fields, payload_hash, body=b"", host=S3, **signing):
        signed, parts = self.program.fields(host, method, target, fields, payload_hash, **signing)
        if callable(body):
            body = body(parts)
        answer = self.proxy.ask(host, method, target, signed, body)
        if answer is not None:
            self.note(f"answer to {target}", answer.raw_head + answer.body)
        return answer

    def test_a_get_keeps_its_range_and_asks_plainly(self):
        """[I9] What is signed is the head as it leaves."""
        fields = [("Range", "bytes=0-9"), ("Accept-Encoding", "gzip")]
        answer = self.send("GET", "/photos/a%20b.txt?versionId=1", fields, sigv4.NOTHING)
        self.assertEqual(answer.status, 200, answer)
        request, = self.seen("/photos/a%20b.txt")
        self.assertEqual((request.get("Range"), request.get("Accept-Encoding")), ("bytes=0-9", "identity"))

    def test_a_body_by_its_hash_is_larger_than_what_is_collected(self):
        body = os.urandom(3 * 1024 * 1024)
        answer = self.send("PUT", "/photos/large", [], hashlib.sha256(body).hexdigest(), body)
        self.assertEqual((answer.status, answer.get("X-Sha256")), (200, hashlib.sha256(body).hexdigest()), answer)
        self.assertEqual(len(self.seen("/photos/large")), 1)

    def test_a_body_in_signed_chunks(self):
        pieces = os.urandom(65536), os.urandom(65536), b"the end"
        size = sum(map(len, pieces))
        fields = [("Content-Encoding", "aws-chunked"), ("X-Amz-Decoded-Content-Length", str(size))]
        answer = self.send("PUT", "/photos/chunks", fields, sigv4.CHUNKS, lambda parts: self.program.chunks(parts, *pieces))
        self.assertEqual((answer.status, answer.get("X-Sha256")), (200, hashlib.sha256(b"".join(pieces)).hexdigest()), answer)
        self.assertEqual(len(self.seen("/photos/chunks")), 1)

    def test_a_chunk_that_was_changed_never_arrives(self):
        """[I9] The upload ends unfinished."""
        fields = [("Content-Encoding", "aws-chunked"), ("X-Amz-Decoded-Content-Length", "10")]
        answer = self.send("PUT", "/photos/forged", fields, sigv4.CHUNKS,
                           lambda parts: self.program.chunks(parts, b"right").replace(b"right", b"wrong"))
        self.refused(answer, 400, "malformed_request")
        self.assertEqual([request for request in self.seen("/photos/forged") if request.complete], [])

    def test_a_service_whose_bodies_are_hashed(self):
        body = b"Action=GetCallerIdentity&Version=2011-06-15"
        fields = [("Content-Type", "application/x-www-form-urlencoded")]
        answer = self.send("POST", "/", fields, hashlib.sha256(body).hexdigest(), body, host=STS, service="sts")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.seen("/")[-1].body, body)

    def test_what_was_not_signed_with_the_pair_is_refused(self):
        """[I5] Another secret, another request, another service, an old one."""
        stranger = sigv4.Program(PLACEHOLDER, "another-secret-of-a-stranger-00000000000")
        signed, _ = stranger.fields(S3, "GET", "/photos/no", [], sigv4.NOTHING)
        self.refused(self.proxy.ask(S3, "GET", "/photos/no", signed), 400, "malformed_request")
        signed, _ = self.program.fields(S3, "GET", "/photos/yes", [], sigv4.NOTHING)
        self.refused(self.proxy.ask(S3, "GET", "/photos/no", signed), 400, "malformed_request")
        signed, _ = self.program.fields(S3, "GET", "/photos/no", [], sigv4.NOTHING, service="iam")
        self.refused(self.proxy.ask(S3, "GET", "/photos/no", signed), 403, "endpoint_blocked")
        signed, _ = self.program.fields(S3, "GET", "/photos/no", [], sigv4.NOTHING, now=1_700_000_000)
        self.refused(self.proxy.ask(S3, "GET", "/photos/no", signed), 400, "malformed_request")
        signed, _ = self.program.fields(S3, "PUT", "/photos/no", [], "STREAMING-AWS4-HMAC-SHA256-EVENTS")
        self.refused(self.proxy.ask(S3, "PUT", "/photos/no", signed), 501, "signature_form_not_supported")
        self.assertEqual(self.seen("/photos/no"), [])


class Stored(Aws):
    """Programs that run with the throw-away pair, and have the store's own answers."""

    @classmethod
    def setUpClass(cls):
        cls.store = None
        super().setUpClass()
        cls.store = Store(cls.scratch / "s3", installed("programs"))
        cls.addClassCleanup(cls.store.stop)
        (cls.scratch / "aws-config").write_text(
            "[default]\nregion = eu-central-1\ncli_pager =\ns3 =\n    addressing_style = path\n")

    @classmethod
    def reply(cls, request, judged, connection):
        status, fields, body = cls.store.ask(request, judged.data)
        skipped = ("connection", "transfer-encoding", "keep-alive") + (() if request.method == "HEAD" else ("content-length",))
        connection.answer(status, body, [field for field in fields if field[0].lower() not in skipped], "Answer")

    def run_tool(self, *words, folder=None, key_id=PLACEHOLDER, **more):
        environment = proxy.clean_environment(
            KEYSWAP_HOME=self.home.path, HOME=self.scratch, AWS_CONFIG_FILE=self.scratch / "aws-config",
            AWS_ACCESS_KEY_ID=key_id, AWS_SECRET_ACCESS_KEY=FAKE_SECRET, AWS_EC2_METADATA_DISABLED="true", **more)
        done = subprocess.run([proxy.BINARY, "run", "--password-file", str(self.home.password_file), "--", *map(str, words)],
                              cwd=folder, env=environment, capture_output=True, timeout=120, check=False)
        self.note(f"{words} stdout", done.stdout)
        self.note(f"{words} stderr", done.stderr)
        self.assertEqual(done.returncode, 0, done.stdout.decode() + done.stderr.decode())
        return done.stdout


@unittest.skipUnless(shutil.which("aws"), "aws is not installed")
@unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
class Cli(Stored):
    """Debian's `aws` puts, gets and lists."""

    def test_put_list_get_and_presigned(self):
        """[I5] A short object; its URL, signed with the throw-away pair, works through the proxy."""
        source, back = self.scratch / "short.txt", self.scratch / "short-back.txt"
        source.write_bytes(b"a short object, not random\n")
        self.run_tool("aws", "s3", "cp", source, "s3://photos/a short.txt")
        self.assertIn(b"a short.txt", self.run_tool("aws", "s3", "ls", "s3://photos/"))
        self.run_tool("aws", "s3", "cp", "s3://photos/a short.txt", back)
        self.assertEqual(back.read_bytes(), source.read_bytes())
        url = self.run_tool("aws", "s3", "presign", "s3://photos/a short.txt", "--expires-in", "600").decode().strip()
        self.assertIn(PLACEHOLDER, url)
        self.assertEqual(self.run_tool("curl", "-sS", "--fail", url), source.read_bytes())
        self.assertGreaterEqual(len(self.seen("/photos/a%20short.txt")), 3)

    def test_a_large_object_in_parts(self):
        """[I5] Multipart: several uploads of parts, and ranges on the way back."""
        source, back = self.scratch / "large.bin", self.scratch / "large-back.bin"
        source.write_bytes(os.urandom(9 * 1024 * 1024))
        self.run_tool("aws", "s3", "cp", source, "s3://photos/large.bin")
        self.run_tool("aws", "s3", "cp", "s3://photos/large.bin", back)
        self.assertEqual(back.read_bytes(), source.read_bytes())
        requests = self.seen("/photos/large.bin")
        self.assertEqual(len([request for request in requests if request.method == "PUT" and "partNumber=" in request.target]), 2)
        self.assertTrue([request for request in requests if request.method == "GET" and request.get("Range")])
        decisions = {(record["decision"], record["secret"]) for record in self.proxy.decisions("/photos/large.bin")}
        self.assertEqual(decisions, {("allowed", "AWS")})


@unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
class Sdk(Stored):
    """AWS's SDK for JavaScript (clients/aws/objects.mjs), which compares what it gets back with what it put."""

    def stored(self, way, **more):
        """What it printed, and what arrived."""
        said = self.run_tool("node", "objects.mjs", way, folder=installed("aws"), AWS_REGION="eu-central-1", **more)
        return said.decode().strip(), self.seen(f"/photos/by%20{way}")

    def test_put_and_get(self):
        """[I5]"""
        _, (put, got) = self.stored("whole")
        self.assertEqual((put.method, len(put.body), got.method), ("PUT", 100_000, "GET"))
        decisions = {(record["decision"], record["secret"]) for record in self.proxy.decisions("/photos/by%20whole")}
        self.assertEqual(decisions, {("allowed", "AWS")})

    def test_a_stream_whose_hash_nobody_knows_before(self):
        """[I5] In chunks, and behind them the checksum of what they were (which harness/sigv4.py looks at)."""
        _, (put, got) = self.stored("stream")
        self.assertEqual((put.get("X-Amz-Content-Sha256"), got.method), (sigv4.UNSIGNED_CHUNKS, "GET"))
        self.assertIn(b"x-amz-checksum-crc32:", put.body)

    def test_a_large_object_in_parts(self):
        """[I5]"""
        _, requests = self.stored("parts")
        self.assertEqual([request.method for request in requests], ["POST", "PUT", "PUT", "POST", "GET"])

    def test_a_presigned_url(self):
        """[I5] It names the throw-away pair, and works through the proxy only."""
        url, _ = self.stored("presigned")
        self.assertIn(PLACEHOLDER, url)
        self.assertEqual(self.run_tool("curl", "-sS", "--fail", url), b"by a URL")
        self.assertIn("X-Amz-Signature=", self.seen("/photos/by%20presigned")[-1].target)

    def test_the_token_of_a_session(self):
        """[I5] A program's own is in its fields and in its URL: the real one's stands there instead, or none at all."""
        for key_id, real in ((SESSION_PLACEHOLDER, TOKEN), (PLACEHOLDER, None)):
            url, requests = self.stored("presigned", key_id=key_id, AWS_SESSION_TOKEN=FAKE_TOKEN)
            self.assertEqual(requests[-1].get("X-Amz-Security-Token"), real)
            self.assertIn("X-Amz-Security-Token=" + sigv4.encode(FAKE_TOKEN), url)
            self.assertEqual(self.run_tool("curl", "-sS", "--fail", url), b"by a URL")
            target = self.seen("/photos/by%20presigned")[-1].target
            found = urllib.parse.parse_qs(target.partition("?")[2]).get("X-Amz-Security-Token")
            self.assertEqual(found, None if real is None else [real])


if __name__ == "__main__":
    main()
