# SPDX-License-Identifier: Apache-2.0
"""Doubles of three logins that give out tokens: GitHub's device flow as gh uses it, npm's two ways, and OAuth with PKCE
as a coding agent does it. Each takes its own tokens later, and nothing else.

https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#device-flow
https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md, npm-profile
RFC 7636; refresh tokens that are good once, as RFC 9700 section 4.14.2 has it
"""

import base64
import hashlib
import json
import secrets
import threading
import urllib.parse

JSON = ("Content-Type", "application/json; charset=utf-8")
FORM = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")


def challenge_of(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def part(said):
    """One of the parts of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


class LoginServer:
    """Answers a recorder's requests. `issued` are the tokens that it gave out, by a name; only the newest are good."""

    def __init__(self, recorder, github="github.test", registry="registry.test"):
        self.lock = threading.Lock()
        self.github, self.registry = github, registry
        self.issued, self.good = {}, {}
        self.pairs = []  # access token and refresh token of each answer
        self.claims = {"sub": "user-1", "email": "user@example.test"}
        self.polls_pending = 1
        self.life = 28800  # of access tokens, in seconds
        # How an answer with tokens is sent; what it does not say; whom it waits for when it is made.
        self.send, self.unsaid, self.meets = None, (), lambda: None
        self.challenge = None
        for path, handler in (("/login/device/code", self._device_code), ("/login/oauth/access_token", self._device_token),
                              ("/user", self._user), ("/graphql", self._graphql), ("/-/user/org.couchdb.user:", self._npm_login),
                              ("/-/v1/login", self._npm_web_login), ("/-/v1/done", self._npm_web_done),
                              ("/-/whoami", self._npm_whoami), ("/-/user/token/", self._npm_logout),
                              ("/v1/oauth/token", self._oauth_token), ("/v1/messages", self._messages),
                              ("/session", self._session), ("/keystone", self._keystone)):
            recorder.on(path, handler)

    def make(self, kind, prefix):
        """A new token of that kind; the one before is good no more."""
        with self.lock:
            made = prefix + secrets.token_hex(18)
            self.issued[f"{kind} {len(self.issued)}"] = made
            self.good[kind] = made
        return made

    def has(self, request, kind, *words):
        return request.get("Authorization") in [f"{word} {self.good.get(kind)}" for word in words]

    # --- GitHub ---
    def _say(self, request, connection, said):
        """As Accept asks for it: gh takes forms."""
        if "json" in request.get("Accept", ""):
            connection.answer(200, json.dumps(said), [JSON])
        else:
            connection.answer(200, urllib.parse.urlencode(said), [FORM])

    def _device_code(self, request, connection):
        self._say(request, connection, {"device_code": "device-code-1", "user_code": "ABCD-1234", "expires_in": 899,
                                        "verification_uri": f"https://{self.github}/login/device", "interval": 0})

    def _device_token(self, request, connection):
        form = dict(urllib.parse.parse_qsl(request.body.decode()))
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:device_code", form
        if self.polls_pending:
            self.polls_pending -= 1
            self._say(request, connection, {"error": "authorization_pending", "interval": 0})
        else:
            self._say(request, connection, {"access_token": self.make("github", "gho_"), "token_type": "bearer",
                                            "scope": "repo,read:org"})

    def _user(self, request, connection):
        if self.has(request, "github", "token", "Bearer"):
            connection.answer(200, '{"login":"monalisa"}', [JSON, ("X-OAuth-Scopes", "repo, read:org")])
        else:
            connection.answer(401, '{"message":"Bad credentials"}', [JSON])

    def _graphql(self, request, connection):
        """gh asks who has logged in."""
        good = self.has(request, "github", "token", "Bearer") and "viewer" in json.loads(request.body)["query"]
        connection.answer(200 if good else 401, '{"data":{"viewer":{"login":"monalisa"}}}' if good else "{}", [JSON])

    # --- npm ---
    def _npm_login(self, request, connection):
        said = json.loads(request.body)
        assert request.method == "PUT" and said["password"] == "npm-user-password", said
        connection.answer(201, json.dumps({"ok": True, "id": said["_id"], "token": self.make("npm", "npm_")}), [JSON])

    def _npm_web_login(self, request, connection):
        connection.answer(200, json.dumps({"loginUrl": f"https://{self.registry}/login/1",
                                           "doneUrl": f"https://{self.registry}/-/v1/done?id=1"}), [JSON])

    def _npm_web_done(self, request, connection):
        if self.polls_pending:
            self.polls_pending -= 1
            connection.answer(202, "{}", [JSON, ("Retry-After", "1")])
        else:
            connection.answer(200, json.dumps({"token": self.make("npm", "npm_")}), [JSON])

    def _npm_whoami(self, request, connection):
        good = self.has(request, "npm", "Bearer")
        connection.answer(200 if good else 401, '{"username":"me"}' if good else "{}", [JSON])

    def _npm_logout(self, request, connection):
        token = urllib.parse.unquote(request.path.rpartition("/")[2])
        good = request.method == "DELETE" and token == self.good.get("npm") and self.has(request, "npm", "Bearer")
        if good:
            self.good["npm"] = None
        connection.answer(204 if good else 404, "")

    # --- OAuth with PKCE ---
    def tokens(self):
        token = part({"alg": "RS256", "typ": "JWT"}) + "." + part(self.claims) + "."
        said = {"token_type": "Bearer", "access_token": self.make("access", "sk-ant-oat01-"), "expires_in": self.life,
                "refresh_token": None if "refresh_token" in self.unsaid else self.make("refresh", "sk-ant-ort01-"),
                "scope": "user:inference", "id_token": token + self.make("signature", ""),
                "account": {"email_address": "user@example.test"}}
        return {name: value for name, value in said.items() if name not in self.unsaid}

    def _oauth_token(self, request, connection):
        said = json.loads(request.body)
        refresh = self.good.get("refresh")
        good = (said["grant_type"] == "authorization_code" and challenge_of(said["code_verifier"]) == self.challenge or
                said["grant_type"] == "refresh_token" and refresh is not None and said["refresh_token"] == refresh)
        if not good:
            connection.answer(400, json.dumps({"error": "invalid_grant"}), [JSON], "Bad Request")
            return
        said = self.tokens()
        self.pairs.append((said["access_token"], said.get("refresh_token")))
        self.meets()
        (self.send or (lambda to, body: to.answer(200, body, [JSON])))(connection, json.dumps(said).encode())

    def _messages(self, request, connection):
        good = self.has(request, "access", "Bearer") or request.get("X-Api-Key") == self.good.get("access")
        connection.answer(200 if good else 401, '{"type":"message"}' if good else '{"type":"error"}', [JSON])

    # --- others ---
    def _session(self, request, connection):
        """A cookie, and the way to a page that says it once more."""
        made = self.make("session", "s%3A")
        connection.answer(302, "", [("Set-Cookie", f"sid={made}; Path=/; HttpOnly"), ("Location", f"/home?sid={made}")],
                          "Found")

    def _keystone(self, request, connection):
        connection.answer(201, '{"token":{"methods":["password"]}}',
                          [JSON, ("X-Subject-Token", self.make("keystone", "gAAAA"))], "Created")
