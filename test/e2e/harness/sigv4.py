# SPDX-License-Identifier: Apache-2.0
"""AWS Signature Version 4 of our own: verifies what arrived as AWS would, and signs as a program with a throw-away pair."""

import base64
import hashlib
import hmac
import time
import urllib.parse
import zlib

NOTHING = hashlib.sha256(b"").hexdigest()
CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
UNSIGNED_CHUNKS = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def day_key(secret, scope):
    """Of a scope such as "20130524/us-east-1/s3/aws4_request"."""
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = mac(key, part)
    return key


def encode(part):
    return urllib.parse.quote(urllib.parse.unquote_to_bytes(part), safe="-_.~")


def canonical(method, target, fields, names, payload_hash, service):
    """The canonical request; `fields` as [(name, value)] in their order."""
    path, _, query = target.partition("?")
    path = urllib.parse.quote(urllib.parse.unquote_to_bytes(path) if service == "s3" else path, safe="/-_.~")
    pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    encoded = sorted(tuple(encode(part) for part in pair) for pair in pairs)
    query = "&".join(f"{name}={value}" for name, value in encoded if name != "X-Amz-Signature")
    lines = [f"{name}:" + ",".join(" ".join(value.split()) for key, value in fields if key.lower() == name) for name in names]
    return "\n".join([method, path, query, *lines, "", ";".join(names), payload_hash])


def signature(secret, date_time, scope, text):
    digest = hashlib.sha256(text.encode()).hexdigest()
    return mac(day_key(secret, scope), "\n".join(["AWS4-HMAC-SHA256", date_time, scope, digest])).hex()


def chunk_signature(secret, date_time, scope, previous, data):
    lines = ["AWS4-HMAC-SHA256-PAYLOAD", date_time, scope, previous, NOTHING, hashlib.sha256(data).hexdigest()]
    return mac(day_key(secret, scope), "\n".join(lines)).hex()


class Judged:
    """What AWS would make of a request that arrived: `problem` says what is wrong, and `data` is what is stored."""

    def __init__(self, request, key_id, secret):
        self.problem, self.data = None, request.body
        parameters = dict(urllib.parse.parse_qsl(request.target.partition("?")[2], keep_blank_values=True))
        if "X-Amz-Signature" in parameters:
            credential, names = parameters["X-Amz-Credential"], parameters["X-Amz-SignedHeaders"]
            claimed, date_time, said = parameters["X-Amz-Signature"], parameters["X-Amz-Date"], "UNSIGNED-PAYLOAD"
        else:
            word, _, rest = request.get("Authorization", "").partition(" ")
            parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
            if word != "AWS4-HMAC-SHA256" or set(parts) != {"Credential", "SignedHeaders", "Signature"}:
                self.problem = "it is not signed"
                return
            credential, names, claimed = parts["Credential"], parts["SignedHeaders"], parts["Signature"]
            date_time = request.get("X-Amz-Date")
            said = request.get("X-Amz-Content-Sha256", hashlib.sha256(request.body).hexdigest())
        found, _, scope = credential.partition("/")
        text = canonical(request.method, request.target, request.headers, names.split(";"), said, scope.split("/")[2])
        sent = [name.lower() for name, _ in request.headers]
        unsigned = [name for name in sent if name.startswith("x-amz-") and name not in names.split(";")]
        if found != key_id:
            self.problem = f"the key is {found}"
        elif unsigned or "host" not in names.split(";"):
            self.problem = f"unsigned: {unsigned}"
        elif signature(secret, date_time, scope, text) != claimed:
            self.problem = f"SignatureDoesNotMatch: {text}"
        elif said == UNSIGNED_CHUNKS:
            self.judge_trailer(request.body)
        elif said == CHUNKS:
            self.judge_chunks(request.body, secret, date_time, scope, claimed)
        elif len(said) == 64 and hashlib.sha256(request.body).hexdigest() != said:
            self.problem = "the body is not the one that was signed"

    def judge_chunks(self, body, secret, date_time, scope, previous):
        self.data, size = b"", None
        while size != 0:
            line, _, body = body.partition(b"\r\n")
            size, claimed = int(line.partition(b";")[0], 16), line.partition(b"=")[2].decode()
            data, end, body = body[:size], body[size:size + 2], body[size + 2:]
            previous = chunk_signature(secret, date_time, scope, previous, data)
            if previous != claimed or end != b"\r\n":
                self.problem = f"a chunk of {size} bytes is not signed as it is"
                return
            self.data += data
        if body:
            self.problem = "there is more behind the last chunk"


    def judge_trailer(self, body):
        """Chunks without signatures, and behind them what their data comes to."""
        self.data, size = b"", None
        while size != 0:
            line, _, body = body.partition(b"\r\n")
            size = int(line, 16)
            if size:
                self.data, body = self.data + body[:size], body[size + 2:]
        trailer = dict(line.split(b":", 1) for line in body.split(b"\r\n") if line)
        told = trailer.get(b"x-amz-checksum-crc32")
        if told is not None and base64.b64decode(told) != zlib.crc32(self.data).to_bytes(4, "big"):
            self.problem = "the data is not what its checksum was made of"


class Program:
    """Signs as a program does that holds this pair."""

    def __init__(self, key_id, secret, region="eu-central-1"):
        self.key_id, self.secret, self.region = key_id, secret, region

    def fields(self, host, method, target, fields, payload_hash, service="s3", now=None):
        """(the fields with a signature, its parts: time, scope, signature)."""
        date_time = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        scope = f"{date_time[:8]}/{self.region}/{service}/aws4_request"
        fields = [*fields, ("X-Amz-Date", date_time), ("X-Amz-Content-Sha256", payload_hash)]
        names = sorted(["host", *[name.lower() for name, _ in fields]])
        text = canonical(method, target, [("Host", host), *fields], names, payload_hash, service)
        made = signature(self.secret, date_time, scope, text)
        value = f"AWS4-HMAC-SHA256 Credential={self.key_id}/{scope}, SignedHeaders={';'.join(names)}, Signature={made}"
        return [*fields, ("Authorization", value)], (date_time, scope, made)

    def chunks(self, signed, *pieces):
        """A body of these pieces, each with its signature, and an empty one last."""
        date_time, scope, previous = signed
        body = b""
        for data in (*pieces, b""):
            previous = chunk_signature(self.secret, date_time, scope, previous, data)
            body += f"{len(data):x};chunk-signature={previous}\r\n".encode() + data + b"\r\n"
        return body
