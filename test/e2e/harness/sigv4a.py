# SPDX-License-Identifier: Apache-2.0
"""AWS Signature Version 4A of our own: the key of a pair, and whether what arrived was signed with it."""

import hashlib
import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from harness.sigv4 import NOTHING, canonical

ALGORITHM = "AWS4-ECDSA-P256-SHA256"
CHUNKS = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"
ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
CHUNK_SIGNATURE_BYTES = 144
HASH = ec.ECDSA(hashes.SHA256())


def key_of(key_id, secret):
    """The private key of a pair."""
    for counter in range(1, 255):
        text = b"\0\0\0\1" + ALGORITHM.encode() + b"\0" + key_id.encode() + bytes([counter]) + b"\0\0\1\0"
        number = int.from_bytes(hmac.new(b"AWS4A" + secret.encode(), text, hashlib.sha256).digest(), "big")
        if number <= ORDER - 2:
            return ec.derive_private_key(number + 1, ec.SECP256R1())
    raise ValueError("no key comes of this pair")


def shows(public_key, lines, signature):
    """Is it the key's signature, in hex, of these lines?"""
    try:
        public_key.verify(bytes.fromhex(signature), "\n".join(lines).encode(), HASH)
    except (InvalidSignature, ValueError):
        return False
    return True


def chunk_lines(date_time, scope, previous, data):
    return [ALGORITHM + "-PAYLOAD", date_time, scope, previous, NOTHING, hashlib.sha256(data).hexdigest()]


class Judged:
    """What AWS would make of a request that arrived: `problem` says what is wrong, and `data` is what is stored."""

    def __init__(self, request, key_id, secret):
        self.problem, self.data, self.key = None, request.body, key_of(key_id, secret).public_key()
        word, _, rest = request.get("Authorization", "").partition(" ")
        parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
        if word != ALGORITHM or set(parts) != {"Credential", "SignedHeaders", "Signature"}:
            self.problem = "it is not signed"
            return
        names, claimed, date_time = parts["SignedHeaders"].split(";"), parts["Signature"], request.get("X-Amz-Date")
        found, _, scope = parts["Credential"].partition("/")
        said = request.get("X-Amz-Content-Sha256", hashlib.sha256(request.body).hexdigest())
        text = canonical(request.method, request.target, request.headers, names, said, scope.split("/")[1])
        unsigned = [name for name, _ in request.headers if name.lower().startswith("x-amz-") and name.lower() not in names]
        if found != key_id:
            self.problem = f"the key is {found}"
        elif unsigned or not {"host", "x-amz-region-set"} <= set(names):
            self.problem = f"unsigned: {unsigned}"
        elif not shows(self.key, [ALGORITHM, date_time, scope, hashlib.sha256(text.encode()).hexdigest()], claimed):
            self.problem = f"SignatureDoesNotMatch: {text}"
        elif said == CHUNKS:
            self.judge_chunks(request.body, date_time, scope, claimed)
        elif len(said) == 64 and hashlib.sha256(request.body).hexdigest() != said:
            self.problem = "the body is not the one that was signed"

    def judge_chunks(self, body, date_time, scope, previous):
        self.data, size = b"", None
        while size != 0:
            line, _, body = body.partition(b"\r\n")
            size, claimed = int(line.partition(b";")[0], 16), line.partition(b"=")[2].decode()
            data, end, body = body[:size], body[size:size + 2], body[size + 2:]
            lines = chunk_lines(date_time, scope, previous, data)
            previous = claimed.rstrip("*")
            if len(claimed) != CHUNK_SIGNATURE_BYTES or end != b"\r\n" or not shows(self.key, lines, previous):
                self.problem = f"a chunk of {size} bytes is not signed as it is"
                return
            self.data += data
        if body:
            self.problem = "there is more behind the last chunk"


class Program:
    """Signs as a program does that holds this pair, for these regions."""

    def __init__(self, key_id, secret, regions="*"):
        self.key_id, self.regions, self.key = key_id, regions, key_of(key_id, secret)

    def sign(self, lines):
        return self.key.sign("\n".join(lines).encode(), HASH).hex()

    def fields(self, host, method, target, fields, payload_hash, date_time):
        """(the fields with a signature, its parts: time, scope, signature)."""
        scope = f"{date_time[:8]}/s3/aws4_request"
        fields = [*fields, ("X-Amz-Date", date_time), ("X-Amz-Content-Sha256", payload_hash), ("X-Amz-Region-Set", self.regions)]
        names = sorted(["host", *[name.lower() for name, _ in fields]])
        text = canonical(method, target, [("Host", host), *fields], names, payload_hash, "s3")
        made = self.sign([ALGORITHM, date_time, scope, hashlib.sha256(text.encode()).hexdigest()])
        value = f"{ALGORITHM} Credential={self.key_id}/{scope}, SignedHeaders={';'.join(names)}, Signature={made}"
        return [*fields, ("Authorization", value)], (date_time, scope, made)

    def chunks(self, signed, *pieces):
        """A body of these pieces, each with its signature, and an empty one last."""
        date_time, scope, previous = signed
        body = b""
        for data in (*pieces, b""):
            previous = self.sign(chunk_lines(date_time, scope, previous, data))
            filled = previous.ljust(CHUNK_SIGNATURE_BYTES, "*")
            body += f"{len(data):x};chunk-signature={filled}\r\n".encode() + data + b"\r\n"
        return body
