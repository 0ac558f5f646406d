# SPDX-License-Identifier: Apache-2.0
"""A recording exchange: a recorder that checks each signature as Binance does, over the bytes it received.

What is signed is the query and, right behind it, the body, both without the signature parameter
(https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security).
"""

import base64
import hashlib
import hmac
import json
import pathlib
import subprocess
import tempfile
import threading
import urllib.parse

from . import canary
from .recorder import CloseConnection

SPOT, SPOT2, FAPI, DAPI, TESTNET = ("api.binance.com", "api1.binance.com", "fapi.binance.com", "dapi.binance.com",
                                    "testnet.binance.vision")
HOSTS = (SPOT, SPOT2, FAPI, DAPI, TESTNET)

# The pair of the vendor's published examples (not a live one).
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
PLACEHOLDER_SECRET = "PLACEHOLDER_SECRET"
SECRETS = {"BINANCE_KEY": KEY, "BINANCE_SECRET": SECRET}


def sign(payload, secret=SECRET):
    payload = payload if isinstance(payload, bytes) else payload.encode("latin-1")
    return hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


def is_hmac(payload, signature, secret=SECRET):
    return hmac.compare_digest(sign(payload, secret), signature.lower())


def checks_with(public_key):
    """A check like is_hmac with the public half of an RSA or Ed25519 key (a PEM file), by the openssl command."""
    shown = subprocess.run(["openssl", "pkey", "-pubin", "-in", str(public_key), "-text", "-noout"], capture_output=True, check=True)
    is_rsa = b"Modulus" in shown.stdout

    def check(payload, signature):
        with tempfile.TemporaryDirectory() as folder:
            message, made = pathlib.Path(folder, "message"), pathlib.Path(folder, "signature")
            message.write_bytes(payload)
            made.write_bytes(base64.b64decode(urllib.parse.unquote(signature), validate=True))
            words = ["dgst", "-sha256", "-verify", str(public_key), "-signature", str(made), str(message)] if is_rsa else [
                "pkeyutl", "-verify", "-pubin", "-inkey", str(public_key), "-rawin", "-in", str(message), "-sigfile", str(made)]
            return subprocess.run(["openssl", *words], capture_output=True, check=False).returncode == 0
    return check


def split_signature(part):
    """(the part without its signature, the signatures in it, is it the last parameter)."""
    pairs = part.split(b"&") if part else []
    found = [pair[10:].decode("latin-1") for pair in pairs if pair.startswith(b"signature=")]
    rest = b"&".join(pair for pair in pairs if not pair.startswith(b"signature="))
    return rest, found, not found or pairs[-1].startswith(b"signature=")


class Judged:
    """What the exchange makes of one request."""

    def __init__(self, request, check):
        self.request = request
        self.query = request.target.partition("?")[2].encode("latin-1")
        query, first, is_last = split_signature(self.query)
        body, second, is_last_there = split_signature(request.body)
        self.payload = query + body
        self.signatures = first + second
        self.is_signed = bool(self.signatures)
        self.problem = None
        if not self.is_signed:
            return
        if len(self.signatures) > 1:
            self.problem = "two signatures"
        elif not (is_last and is_last_there):
            self.problem = "the signature is not the last parameter"
        elif not check(self.payload, self.signatures[0]):
            self.problem = "the signature is not that of the bytes received"

    def parameter(self, name):
        both = urllib.parse.parse_qsl((self.query + b"&" + self.request.body).decode("latin-1"), keep_blank_values=True)
        found = [value for key, value in both if key == name]
        return found[0] if len(found) == 1 else None


class Exchange:
    """Answers every request of a recorder. `script(judged)` may give (status, object), None for 200, or "none" for no answer."""

    def __init__(self, recorder, keys=None):
        self.recorder = recorder
        self.checks = {KEY: is_hmac, **(keys or {})}  # API key: check(payload, signature)
        self.judged, self.lock = [], threading.Lock()
        self.script = lambda judged: None
        recorder.on("/", self._answer)

    def _answer(self, request, connection):
        key = request.get("X-MBX-APIKEY")
        judged = Judged(request, self.checks.get(key, lambda *_: False))
        with self.lock:
            self.judged.append(judged)
        said = self.script(judged)
        if said == "none":
            raise CloseConnection
        status, body = said or (200, {})
        if judged.problem:
            status, body = 400, {"code": -1022, "msg": "Signature for this request is not valid."}
        connection.answer(status, json.dumps(body), [("Content-Type", "application/json")], "OK" if status == 200 else "No")

    def seen(self, prefix="/"):
        with self.lock:
            return [judged for judged in self.judged if judged.request.path.startswith(prefix)]

    def forget(self):
        with self.lock:
            self.judged.clear()

    def problems(self):
        with self.lock:
            return [(judged.problem, judged.request) for judged in self.judged if judged.problem]

    def traces(self, *texts):
        """Which of these texts came, in any spelling, in the bytes of any connection (F31)."""
        with self.recorder.lock:
            received = [bytes(connection.received) for connection in self.recorder.connections]
        return [(text[:6], found) for text in texts for data in received if (found := canary.find_in(data, text))]


def rule(placeholder, *, hosts="binance.spot", inject=None, **scope):
    """The rule of a trading key."""
    return {"placeholder": placeholder,
            "inject": {"type": "binance", "api_key": "BINANCE_KEY", "api_secret": "BINANCE_SECRET", **(inject or {})},
            "bindings": [{"hosts": hosts, **scope}]}
