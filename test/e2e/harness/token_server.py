# SPDX-License-Identifier: Apache-2.0
"""A double of a token endpoint (RFC 6749) that exchanges the refresh token each time, and takes a second use of an old one
for a theft: then none is good any more, as with Auth0 and Okta. It also answers for GitHub's installations, and lets a
person log in: with a code for another device (RFC 8628), or in a browser (RFC 6749 section 4.1, RFC 7636).
"""

import base64
import hashlib
import json
import secrets
import threading
import time
import urllib.parse

from .recorder import CloseConnection

CLIENT_ID, CLIENT_SECRET = "shop client/1", "shop+secret=9Zt4b&Qq8"
ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


class TokenServer:
    """Answers /token and /app/ of a recorder. `trouble()` may give (status, body) or "none" in place of an answer;
    `made()` is called when what it gives is made, and not sent yet."""

    def __init__(self, recorder, expires_in=3600, rotates=True):
        self.expires_in, self.rotates = expires_in, rotates
        self.refresh_token = "refresh-" + secrets.token_hex(12)
        self.issued = {}  # every token that it gave out, by a name
        self.is_revoked = False
        self.forms, self.bearers = [], []  # of all calls
        self.trouble = self.made = lambda: None
        self.lock = threading.Lock()
        recorder.on("/token", self._answer)
        recorder.on("/app/", self._install)
        # A person's log-in. `issuer` is the address that it is asked at; `says` what a device is told until then.
        self.issuer, self.says, self.devices, self.codes = "", "authorization_pending", {}, {}
        recorder.on("/device", self._begin_device)
        recorder.on("/authorize", self._authorize)
        recorder.on("/.well-known/openid-configuration", self._discover)

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
        if form["grant_type"] == DEVICE:
            return self.devices.get(form["device_code"], "invalid_grant")
        if form["grant_type"] == "authorization_code":
            return self._refuse_code(form)
        if form["grant_type"] == "refresh_token":
            self.is_revoked = self.is_revoked or form["refresh_token"] != self.refresh_token
            return "invalid_grant" if self.is_revoked else None
        return None

    def _refuse_code(self, form):
        """A code is good once, for whom it was made, and with the verifier of its challenge."""
        challenge, redirect = self.codes.pop(form["code"], (None, None))
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return None if (proof, form["redirect_uri"]) == (challenge, redirect) else "invalid_grant"

    def _begin_device(self, request, connection):
        with self.lock:
            self.forms.append(dict(urllib.parse.parse_qsl(request.body.decode())))
            code = self.make("device")
            self.devices[code] = self.says
        said = {"device_code": code, "user_code": "WDJB-MJHT", "verification_uri": f"{self.issuer}/activate",
                "expires_in": 300, "interval": 1}
        connection.answer(200, json.dumps(said).encode())

    def decide(self, error=None):
        """What a person does with the code of the device: says yes, or not."""
        with self.lock:
            self.devices = {code: error for code in self.devices}

    def _authorize(self, request, connection):
        """A person who says yes at once."""
        asked = dict(urllib.parse.parse_qsl(request.target.partition("?")[2], strict_parsing=True))
        if asked["code_challenge_method"] != "S256" or asked["response_type"] != "code":
            connection.answer(400, b"")
            return
        with self.lock:
            code = self.make("code")
            self.codes[code] = (asked["code_challenge"], asked["redirect_uri"])
        back = urllib.parse.urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        connection.answer(302, b"", [("Location", f"{asked['redirect_uri']}?{back}")])

    def _discover(self, _, connection):
        said = {"issuer": self.issuer, "token_endpoint": f"{self.issuer}/token",
                "authorization_endpoint": f"{self.issuer}/authorize", "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True}
        connection.answer(200, json.dumps(said).encode())

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
            said = {"access_token": self.make("access"), "token_type": "Bearer"}
            if self.expires_in is not None:  # some do not say it
                said["expires_in"] = self.expires_in
            is_login = form["grant_type"] in (DEVICE, "authorization_code")
            if is_login or (form["grant_type"] == "refresh_token" and self.rotates):
                self.is_revoked = self.is_revoked and not is_login
                said["refresh_token"] = self.refresh_token = self.make("refresh")
        self.made()
        connection.answer(200, json.dumps(said).encode(), [("Content-Type", "application/json")])

    def _install(self, request, connection):
        with self.lock:
            self.bearers.append(request.get("Authorization", ""))
            end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
            said = {"token": self.make("access"), "expires_at": end}
        connection.answer(201, json.dumps(said).encode())
