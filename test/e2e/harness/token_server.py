# SPDX-License-Identifier: Apache-2.0
"""A double of a token endpoint (RFC 6749) that exchanges the refresh token each time, and takes a second use of an old one
for a theft: then none is good any more, as with Auth0 and Okta. It also answers for GitHub's installations.
"""

import base64
import json
import secrets
import threading
import time
import urllib.parse

from .recorder import CloseConnection

CLIENT_ID, CLIENT_SECRET = "shop client/1", "shop+secret=9Zt4b&Qq8"
ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class TokenServer:
    """Answers /token and /app/ of a recorder. `trouble()` may give (status, body) or "none" in place of an answer."""

    def __init__(self, recorder, expires_in=3600, rotates=True):
        self.expires_in, self.rotates = expires_in, rotates
        self.refresh_token = "refresh-" + secrets.token_hex(12)
        self.issued = {}  # every token that it gave out, by a name
        self.is_revoked = False
        self.forms, self.bearers = [], []  # of all calls
        self.trouble = lambda: None
        self.lock = threading.Lock()
        recorder.on("/token", self._answer)
        recorder.on("/app/", self._install)

    def make(self, kind):
        made = f"{kind}-" + secrets.token_hex(12)
        self.issued[f"{kind} {len(self.issued)}"] = made
        return made

    def count(self):
        with self.lock:
            return len(self.forms)

    def last(self):
        """The access token that it gave out last."""
        with self.lock:
            return [token for token in self.issued.values() if token.startswith("access-")][-1]

    def _refuse(self, form, request):
        """Why it gives nothing; None: it does."""
        if form.get("grant_type") == ASSERTION:
            return None
        given = request.get("Authorization", "")
        pair = (form.get("client_id"), form.get("client_secret"))
        if given.startswith("Basic "):
            pair = tuple(urllib.parse.unquote_plus(half) for half in base64.b64decode(given[6:]).decode().split(":"))
        if pair != (CLIENT_ID, CLIENT_SECRET):
            return "invalid_client"
        if form["grant_type"] == "refresh_token":
            self.is_revoked = self.is_revoked or form["refresh_token"] != self.refresh_token
            return "invalid_grant" if self.is_revoked else None
        return None

    def _answer(self, request, connection):
        form = dict(urllib.parse.parse_qsl(request.body.decode(), strict_parsing=True))
        trouble = self.trouble()
        with self.lock:
            self.forms.append({**form, "authorization": request.get("Authorization", "")})
            if trouble == "none":
                raise CloseConnection
            if trouble:
                connection.answer(trouble[0], trouble[1].encode())
                return
            error = self._refuse(form, request)
            if error:
                connection.answer(400, json.dumps({"error": error, "error_description": "no\x07 way"}).encode())
                return
            said = {"access_token": self.make("access"), "token_type": "Bearer", "expires_in": self.expires_in}
            if form["grant_type"] == "refresh_token" and self.rotates:
                said["refresh_token"] = self.refresh_token = self.make("refresh")
        connection.answer(200, json.dumps(said).encode(), [("Content-Type", "application/json")])

    def _install(self, request, connection):
        with self.lock:
            self.bearers.append(request.get("Authorization", ""))
            end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
            said = {"token": self.make("access"), "expires_at": end}
        connection.answer(201, json.dumps(said).encode())
