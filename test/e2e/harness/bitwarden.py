# SPDX-License-Identifier: Apache-2.0
"""A double of Bitwarden's Secrets Manager: there is no server to be had. It answers what the vendor's SDK and its fake server
(github.com/bitwarden/sdk-sm) document, with real cryptography: what it gives is sealed as the vendor's clients seal it.
"""

import base64
import hashlib
import hmac
import json
import os
import threading
import urllib.parse
import uuid

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from .recorder import CloseConnection

API, IDENTITY = "api.bitwarden.com", "identity.bitwarden.com"
ORGANIZATION = "f4e44a7f-1190-432a-9d4a-af96013127cb"
REVISED = "2026-01-02T03:04:05.678Z"


def derived_key(seed):
    prk = hmac.new(b"bitwarden-accesstoken", seed, hashlib.sha256).digest()
    return HKDFExpand(hashes.SHA256(), 64, b"sm-access-token").derive(prk)


def seal(key, text, iv=None):
    """An EncString of type 2."""
    iv = iv or os.urandom(16)
    padder = padding.PKCS7(128).padder()
    cipher = Cipher(algorithms.AES(key[:32]), modes.CBC(iv)).encryptor()
    sealed = cipher.update(padder.update(text.encode()) + padder.finalize()) + cipher.finalize()
    mac = hmac.new(key[32:], iv + sealed, hashlib.sha256).digest()
    return "2." + "|".join(base64.b64encode(part).decode() for part in (iv, sealed, mac))


class Bitwarden:
    """Answers every request of a recorder. `trouble(call)` may give (status, body, fields) or "none" in place of an answer;
    a call is one of "login", "list", "values"."""

    def __init__(self, recorder, organization=ORGANIZATION, expires_in=3600):
        self.organization, self.expires_in = organization, expires_in
        self.seed, self.key = os.urandom(16), os.urandom(64)
        self.client_id, self.client_secret = str(uuid.uuid4()), base64.urlsafe_b64encode(os.urandom(22)).decode().rstrip("=")
        self.secrets, self.sessions, self.calls = {}, set(), []
        self.notes, self.revisions = {}, {}
        self.is_revoked = False
        self.trouble = lambda call: None
        self.lock = threading.Lock()
        recorder.on("/", self._answer)

    @property
    def access_token(self):
        return f"0.{self.client_id}.{self.client_secret}:{base64.b64encode(self.seed).decode()}"

    def add(self, name, value):
        """A secret's id."""
        secret = str(uuid.uuid4())
        with self.lock:
            self.secrets[secret] = (name, value)
        return secret

    def change(self, secret, value):
        with self.lock:
            self.secrets[secret] = (self.secrets[secret][0], value)

    def note(self, secret, text):
        """The secret's note from now on; the vendor revises the secret by it."""
        with self.lock:
            self.notes[secret] = text
            self.revisions[secret] = self.revisions.get(secret, 0) + 1

    def remove(self, secret):
        with self.lock:
            del self.secrets[secret]

    def revoke(self):
        """The machine account's token is taken back, and what was got by it."""
        with self.lock:
            self.is_revoked = True
            self.sessions.clear()

    def lose_sessions(self):
        with self.lock:
            self.sessions.clear()

    def count(self, call):
        with self.lock:
            return self.calls.count(call)

    def _answer(self, request, connection):
        path = request.path
        for prefix in ("/identity", "/api"):  # of a server of one's own
            path = path.removeprefix(prefix)
        call = {"/connect/token": "login", "/secrets/get-by-ids": "values",
                f"/organizations/{self.organization}/secrets": "list"}.get(path)
        with self.lock:
            self.calls.append(call or path)
        trouble = self.trouble(call)
        if trouble == "none":
            raise CloseConnection
        status, body, fields = trouble or (*self._said(call, request), [])
        body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        connection.answer(status, body, [("Content-Type", "application/json"), *fields], "OK" if status == 200 else "No")

    def _said(self, call, request):
        with self.lock:
            if call == "login":
                return self._log_in(dict(urllib.parse.parse_qsl(request.body.decode())))
            if request.get("Authorization", "").removeprefix("Bearer ") not in self.sessions:
                return 401, ""
            if call == "list":
                return 200, {"secrets": [self._item(secret, False) for secret in self.secrets], "projects": []}
            if call == "values":
                wanted = json.loads(request.body)["ids"]
                if any(secret not in self.secrets for secret in wanted):
                    return 404, {"message": "Resource not found."}
                return 200, {"data": [self._item(secret, True) for secret in wanted]}
            return 404, ""

    def _log_in(self, form):
        wanted = {"scope": "api.secrets", "client_id": self.client_id, "client_secret": self.client_secret,
                  "grant_type": "client_credentials"}
        if self.is_revoked or form != wanted:
            return 400, {"error": "invalid_client"}
        session = ".".join(base64.urlsafe_b64encode(os.urandom(24)).decode().rstrip("=") for _ in range(3))
        self.sessions.add(session)
        payload = json.dumps({"encryptionKey": base64.b64encode(self.key).decode()})
        return 200, {"access_token": session, "expires_in": self.expires_in, "token_type": "Bearer",
                     "scope": "api.secrets", "encrypted_payload": seal(derived_key(self.seed), payload)}

    def _item(self, secret, with_value):
        name, value = self.secrets[secret]
        revised = REVISED.replace("678Z", f"{678 + self.revisions.get(secret, 0)}Z")
        item = {"object": "secret", "id": secret, "organizationId": self.organization, "key": seal(self.key, name),
                "creationDate": REVISED, "revisionDate": revised, "projects": []}
        note = seal(self.key, self.notes.get(secret, ""))
        return {**item, "value": seal(self.key, value), "note": note} if with_value else item
