# SPDX-License-Identifier: Apache-2.0
"""A double of Google Cloud's Secret Manager and of the endpoint that gives its tokens: Google's alone answer, to projects of
theirs. It holds what a service account signed against the account's own public key (by OpenSSL's command), and answers what
Google's documentation says; the checksum of what it gives is made here, not by the program.
"""

import base64
import json
import os
import time
import urllib.parse

from . import jwt
from .vendor import Vendor

API, TOKENS = "secretmanager.googleapis.com", "oauth2.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def crc32c(data):
    """Castagnoli's, bit by bit (RFC 3720 B.4)."""
    register = 0xffffffff
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82f63b78 if register & 1 else 0)
    return register ^ 0xffffffff


class SecretManager(Vendor):
    """A call is "token" or "access". `folder` is for files of the account's."""

    def __init__(self, recorder, folder, project="my-project", expires_in=3599):
        self.project, self.folder, self.expires_in = project, folder, expires_in
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.private, self.public = jwt.make_key(folder, "account")
        self.email, self.key_id = f"svc@{project}.iam.gserviceaccount.com", os.urandom(20).hex()
        self.tokens = {}    # token: when it ends
        self.versions = {}  # name: [value or None (disabled), …], the first is version 1
        self.spoils_checksums = False
        super().__init__(recorder)

    @property
    def credentials(self):
        """The file that Google gives for a service account, on one line."""
        return json.dumps({
            "type": "service_account", "project_id": self.project, "private_key_id": self.key_id,
            "private_key": self.private.read_text(), "client_email": self.email, "client_id": "123456789012345678901",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": f"https://{TOKENS}/token"})

    @property
    def key_text(self):
        """A part of the key, to be searched for."""
        return self.private.read_text().splitlines()[5]

    def put(self, name, value):
        self.versions.setdefault(name, []).append(value)

    def lose_tokens(self):
        with self.lock:
            self.tokens.clear()

    def call_of(self, request):
        return "token" if request.path == "/token" else "access"

    def no(self, status, word, why):
        self.refuse(status, {"error": {"code": status, "message": why, "status": word}}, why)

    def said(self, call, request):
        return self._token(request) if call == "token" else self._value(request)

    def _token(self, request):
        form = dict(urllib.parse.parse_qsl(request.body.decode(), strict_parsing=True))
        assertion = form.get("assertion", "")
        if request.method != "POST" or form.get("grant_type") != ASSERTION or assertion.count(".") != 2:
            self.refuse(400, {"error": "unsupported_grant_type"}, f"a form of {sorted(form)}")
        header, claims = jwt.read(assertion)
        now = time.time()
        is_good = (header.get("alg") == "RS256" and header.get("kid") == self.key_id and claims.get("iss") == self.email
                   and claims.get("aud") == f"https://{TOKENS}/token" and claims.get("scope") == SCOPE
                   and abs(claims["iat"] - now) < 300 and now < claims["exp"] <= claims["iat"] + 3600)
        if not is_good or not jwt.is_signed(assertion, self.public, self.folder):
            self.refuse(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, f"{header} {claims}")
        token = "ya29." + base64.urlsafe_b64encode(os.urandom(60)).decode()
        self.tokens[token] = now + self.expires_in
        return {"access_token": token, "expires_in": self.expires_in, "token_type": "Bearer"}

    def _value(self, request):
        if self.tokens.get(request.get("Authorization", "").removeprefix("Bearer "), 0) < time.time():
            self.no(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        begin = f"/v1/projects/{self.project}/secrets/"
        name, _, wanted = request.path.removeprefix(begin).partition("/versions/")
        number, _, verb = wanted.partition(":")
        versions = self.versions.get(name, [])
        if not request.path.startswith(begin) or verb != "access" or not versions:
            self.no(404, "NOT_FOUND", f"Secret [{request.path}] not found")
        number = len(versions) if number == "latest" else int(number)
        value = versions[number - 1]
        if value is None:
            self.no(400, "FAILED_PRECONDITION", "Secret Version is in DISABLED state.")
        sum_of = crc32c(value.encode()) ^ self.spoils_checksums
        return {"name": f"projects/123456/secrets/{name}/versions/{number}",
                "payload": {"data": base64.b64encode(value.encode()).decode(), "dataCrc32c": str(sum_of)}}
