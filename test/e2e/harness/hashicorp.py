# SPDX-License-Identifier: Apache-2.0
"""A double of HashiCorp Vault and OpenBao: neither is in Debian. It answers what OpenBao's API documentation says, of AppRole,
Kubernetes, tokens, the key-value engine (version 2) and Transit, whose keys and versions are real (AES-256-GCM).
"""

import base64
import json
import os
import threading
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .recorder import CloseConnection


class Refused(Exception):
    """An answer that is no success: its status, and what it says."""

    def __init__(self, status, *errors, **more):
        super().__init__(status)
        self.status, self.body = status, {"errors": list(errors), **more}


class Hashicorp:
    """Answers every request of a recorder. `trouble(path)` may give (status, body, fields) or "none" in place of an answer."""

    def __init__(self, recorder, lease_s=3600, namespace=None):
        self.lease_s, self.namespace = lease_s, namespace
        self.role_id, self.secret_id = os.urandom(8).hex(), os.urandom(16).hex()
        self.tokens = {}      # token: when it ends
        self.values = {}      # path: [object or None (deleted), …], the first is version 1
        self.forbidden = set()
        self.keys = {"agents": [AESGCM.generate_key(256)]}
        self.is_sealed = False
        self.cluster = None   # whose accounts' tokens log in (harness/kubernetes.py)
        self.trouble = lambda path: None
        self.calls, self.lock = [], threading.Lock()
        recorder.on("/v1/", self._answer)

    # --- what an operator does ---
    def token(self, lease_s=3600):
        """A token that somebody made."""
        made = "hvs." + base64.urlsafe_b64encode(os.urandom(24)).decode()
        with self.lock:
            self.tokens[made] = time.time() + lease_s
        return made

    def put(self, path, **fields):
        with self.lock:
            self.values.setdefault(path, []).append(fields)

    def delete(self, path):
        with self.lock:
            self.values[path].append(None)

    def rotate(self, key):
        with self.lock:
            self.keys[key].append(AESGCM.generate_key(256))

    def seal(self, key, text, associated=b""):
        """What Transit answers for it."""
        version, nonce = len(self.keys[key]), os.urandom(12)
        sealed = nonce + AESGCM(self.keys[key][-1]).encrypt(nonce, text.encode(), associated)
        return f"vault:v{version}:{base64.b64encode(sealed).decode()}"

    def revoke_all(self):
        with self.lock:
            self.tokens.clear()

    def count(self, path):
        with self.lock:
            return self.calls.count(path)

    # --- what it answers ---
    def _answer(self, request, connection):
        path = request.path.removeprefix("/v1/")
        with self.lock:
            self.calls.append(path)
        trouble = self.trouble(path)
        if trouble == "none":
            raise CloseConnection
        try:
            with self.lock:
                status, body, fields = trouble or (200, self._said(request, path), [])
        except Refused as refused:
            status, body, fields = refused.status, refused.body, []
        body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        connection.answer(status, body, [("Content-Type", "application/json"), *fields], "OK" if status == 200 else "No")

    def _said(self, request, path):
        if self.is_sealed:
            raise Refused(503, "Vault is sealed")
        if request.get("X-Vault-Namespace") != self.namespace:
            raise Refused(404)
        body = json.loads(request.body) if request.body else {}
        if path == "auth/approle/login":
            return self._log_in(body)
        if path == "auth/kubernetes/login":
            return self._log_in_from(body)
        token = request.get("X-Vault-Token")
        if self.tokens.get(token, 0) < time.time() or path in self.forbidden:
            raise Refused(403, "permission denied")
        mount, _, rest = path.partition("/")
        if path.startswith("auth/token/"):
            return self._of_token(token, path.removeprefix("auth/token/"))
        if mount == "transit":
            return {"data": self._transit(*rest.split("/", 1), body)}
        if rest.startswith("data/"):
            return self._value(path)
        raise Refused(404)

    def _log_in(self, body):
        if body != {"role_id": self.role_id, "secret_id": self.secret_id}:
            raise Refused(400, "invalid role or secret ID")
        return self._made_session()

    def _log_in_from(self, body):
        """Vault asks the cluster whose token it is (TokenReview)."""
        if self.cluster is None or body.get("role") != self.cluster.role:
            raise Refused(400, "invalid role name")
        if not self.cluster.is_good(body.get("jwt", "")):
            raise Refused(403, "permission denied")
        return self._made_session()

    def _made_session(self):
        token = "hvs." + base64.urlsafe_b64encode(os.urandom(24)).decode()
        self.tokens[token] = time.time() + self.lease_s
        return {"auth": {"client_token": token, "accessor": os.urandom(8).hex(), "lease_duration": self.lease_s,
                         "renewable": True, "policies": ["default"]}}

    def _of_token(self, token, what):
        if what == "lookup-self":
            return {"data": {"ttl": max(0, int(self.tokens[token] - time.time())), "renewable": False}}
        if what == "renew-self":
            self.tokens[token] = time.time() + self.lease_s
            return {"auth": {"client_token": token, "lease_duration": self.lease_s, "renewable": True}}
        if what == "revoke-self":
            del self.tokens[token]
            return {}
        raise Refused(404)

    def _value(self, path):
        versions = self.values.get(path)
        if not versions:
            raise Refused(404)
        about = {"version": len(versions), "destroyed": False, "created_time": "2026-01-02T03:04:05Z", "deletion_time": ""}
        if versions[-1] is None:
            raise Refused(404, data={"data": None, "metadata": {**about, "deletion_time": "2026-01-02T03:04:06Z"}})
        return {"data": {"data": versions[-1], "metadata": about}}

    def _transit(self, what, key, body):
        if key not in self.keys:
            raise Refused(400, "encryption key not found")
        associated = base64.b64decode(body.get("associated_data", ""))
        if what == "encrypt":
            return {"ciphertext": self.seal(key, base64.b64decode(body["plaintext"]).decode(), associated)}
        if what == "rewrap":  # which knows no associated data, and leaves it out (path_rewrap.go of OpenBao)
            return {"ciphertext": self.seal(key, self._opened(key, body, b"").decode())}
        if what != "decrypt":
            raise Refused(404)
        return {"plaintext": base64.b64encode(self._opened(key, body, associated)).decode()}

    def _opened(self, key, body, associated):
        try:
            _, version, text = body["ciphertext"].split(":")
            sealed = base64.b64decode(text)
            return AESGCM(self.keys[key][int(version[1:]) - 1]).decrypt(sealed[:12], sealed[12:], associated)
        except (ValueError, IndexError, InvalidTag):
            raise Refused(400, "cipher: message authentication failed") from None
