# SPDX-License-Identifier: Apache-2.0
"""AWS Signature Version 4A: programs that sign for several regions, with a throw-away pair, to a recorder that verifies each
request as AWS would (harness/sigv4a.py): one of our own, and AWS's SDK for JavaScript (npm) by an access point of several
regions.
"""

import hashlib
import shutil
import subprocess
import time
import unittest

from harness import canary, proxy, sigv4, sigv4a
from harness.case import Case, document, main
from harness.packages import installed

ALL, ONE = "photos.mrap.accesspoint.s3-global.amazonaws.com", "s3.eu-central-1.amazonaws.com"
PLACEHOLDER, FAKE_SECRET = "AKIAPLACEHOLDER23456", "throw-away-secret-of-40-characters-00000"
KEY_ID, SECRET = "AKIA4M7WQX2TLE5BZR6N", "Pq3+real/Secret7Vw5Er2Ty8Ui1Op4As9Df0Gh6J"


class MultiRegion(Case):
    secrets = {"AWS_ID": KEY_ID, "AWS_SECRET": SECRET}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, identity = cls.make_pki((ALL, ONE))
        cls.recorder = cls.make_recorder(identity)
        cls.judged = []
        cls.recorder.on("/", cls.take)
        cls.home = cls.make_home()
        inject = {"type": "sigv4", "access_key_id": "AWS_ID", "secret_access_key": "AWS_SECRET",
                  "placeholder_secret": FAKE_SECRET}
        rules = {"AWS": {"placeholder": PLACEHOLDER, "inject": inject, "bindings": [{"host": ALL}, {"host": ONE}]}}
        cls.home.bindings(document(rules, recorder=cls.recorder, hosts=(ALL, ONE), root=cls.authority.certificate))
        cls.proxy = cls.start(cls.home)

    @classmethod
    def take(cls, request, connection):
        """Judges what arrived; what is signed right is answered."""
        judged = sigv4a.Judged(request, KEY_ID, SECRET)
        cls.judged.append((request, judged))
        if judged.problem:
            connection.answer(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>", reason="No")
        elif request.method == "GET":
            connection.answer(206, "hello", [("Content-Range", "bytes 0-4/11"), ("Content-Type", "text/plain")], "Part")
        else:
            connection.answer(200, "", [("ETag", '"1"'), ("X-Sha256", hashlib.sha256(judged.data).hexdigest())])

    def seen(self, path):
        """What arrived there; all of it signed right, and nothing of the throw-away pair in it."""
        found = [(request, judged) for request, judged in self.judged if request.path == path]
        for request, judged in found:
            self.assertIsNone(judged.problem, request)
            self.assertEqual(canary.find_in(request.raw_head, PLACEHOLDER), [])
        return [request for request, _ in found]


class Programs(MultiRegion):
    """A program that signs itself, and is asked for every form."""

    def send(self, method, target, fields, payload_hash, body=b"", *, host=ALL, regions="*", signer=None, now=None):
        program = signer or sigv4a.Program(PLACEHOLDER, FAKE_SECRET, regions)
        date_time = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        signed, parts = program.fields(host, method, target, fields, payload_hash, date_time)
        if callable(body):
            body = body(program, parts)
        answer = self.proxy.ask(host, method, target, signed, body)
        if answer is not None:
            self.note(f"answer to {target}", answer.raw_head + answer.body)
        return answer

    def test_a_get_for_all_regions_keeps_its_range_and_its_region_set(self):
        answer = self.send("GET", "/a%20b.txt?versionId=1", [("Range", "bytes=0-4")], sigv4.NOTHING)
        self.assertEqual(answer.status, 206, answer)
        request, = self.seen("/a%20b.txt")
        self.assertEqual((request.get("Range"), request.get("X-Amz-Region-Set")), ("bytes=0-4", "*"))

    def test_a_body_in_signed_chunks(self):
        pieces = b"x" * 65536, b"y" * 65536, b"the end"
        fields = [("Content-Encoding", "aws-chunked"), ("X-Amz-Decoded-Content-Length", str(sum(map(len, pieces))))]
        answer = self.send("PUT", "/chunks", fields, sigv4a.CHUNKS, lambda program, parts: program.chunks(parts, *pieces))
        self.assertEqual((answer.status, answer.get("X-Sha256")), (200, hashlib.sha256(b"".join(pieces)).hexdigest()), answer)
        self.assertEqual(len(self.seen("/chunks")), 1)

    def test_a_chunk_that_was_changed_never_arrives(self):
        """[I9] The upload ends unfinished."""
        fields = [("Content-Encoding", "aws-chunked"), ("X-Amz-Decoded-Content-Length", "5")]
        answer = self.send("PUT", "/forged", fields, sigv4a.CHUNKS,
                           lambda program, parts: program.chunks(parts, b"right").replace(b"right", b"wrong"))
        self.refused(answer, 400, "malformed_request")
        self.assertEqual([request for request in self.seen("/forged") if request.complete], [])

    def test_what_was_not_signed_with_the_pair_or_for_other_regions_is_refused(self):
        """[I5] Another secret, an old one, another version's chunks, regions that the host is not in."""
        stranger = sigv4a.Program(PLACEHOLDER, "another-secret-of-a-stranger-00000000000")
        self.refused(self.send("GET", "/no", [], sigv4.NOTHING, signer=stranger), 400, "malformed_request")
        self.refused(self.send("GET", "/no", [], sigv4.NOTHING, now=1_700_000_000), 400, "malformed_request")
        self.refused(self.send("GET", "/no", [], sigv4.NOTHING, regions=""), 400, "malformed_request")
        self.refused(self.send("PUT", "/no", [], sigv4.CHUNKS), 501, "signature_form_not_supported")
        for regions in ("*", "eu-central-1,us-east-1"):
            self.refused(self.send("GET", "/no", [], sigv4.NOTHING, host=ONE, regions=regions), 403, "endpoint_blocked")
        self.assertEqual(self.seen("/no"), [])
        answer = self.send("GET", "/yes", [], sigv4.NOTHING, host=ONE, regions="eu-central-1")
        self.assertEqual((answer.status, len(self.seen("/yes"))), (206, 1), answer)


@unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
class Sdk(MultiRegion):
    """AWS's SDK for JavaScript, which signs for all regions where a bucket is named by such an access point."""

    def test_put_and_get(self):
        """[I5] It holds the throw-away pair, and what arrives is the real one's."""
        environment = proxy.clean_environment(
            KEYSWAP_HOME=self.home.path, HOME=self.scratch, AWS_ACCESS_KEY_ID=PLACEHOLDER, AWS_SECRET_ACCESS_KEY=FAKE_SECRET,
            AWS_EC2_METADATA_DISABLED="true", BODY="hello there")
        done = subprocess.run(
            [proxy.BINARY, "run", "--password-file", str(self.home.password_file), "--", "node", "multi_region.mjs"],
            cwd=installed("aws"), env=environment, capture_output=True, timeout=120, check=False)
        self.note("stdout", done.stdout)
        self.note("stderr", done.stderr)
        self.assertEqual((done.returncode, done.stdout), (0, b"hello\n"), done.stderr.decode())
        put, got = self.seen("/a%20short.txt")
        self.assertEqual((put.method, put.body, got.method, got.get("Range")), ("PUT", b"hello there", "GET", "bytes=0-4"))
        decisions = {(record["decision"], record["secret"]) for record in self.proxy.decisions("/a%20short.txt")}
        self.assertEqual(decisions, {("allowed", "AWS")})


if __name__ == "__main__":
    main()
