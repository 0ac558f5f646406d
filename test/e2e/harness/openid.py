# SPDX-License-Identifier: Apache-2.0
"""A real OpenID provider (oidc-provider of npm, clients/tokens/provider.mjs) behind a recorder that speaks TLS for it."""

import http.client
import json
import subprocess
import urllib.parse

from . import proxy

SKIPPED = ("connection", "content-length", "transfer-encoding", "keep-alive")


class Provider:
    """The provider of `issuer` for these clients ({"id", "secret", "auth": "post" or "basic", "seconds": of its access tokens})."""

    def __init__(self, issuer, clients, packages):
        environment = proxy.clean_environment(ISSUER=issuer, CLIENTS=json.dumps(clients))
        self.process = subprocess.Popen(["node", "provider.mjs"], cwd=packages, env=environment, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(self._said("port"))
        self.issued = []  # every token that it gave out, also by its answers

    def _said(self, word):
        for line in self.process.stdout:  # it says other things besides
            first, _, rest = line.strip().partition(" ")
            if first == word:
                return rest
        raise AssertionError(f"the provider ended with {self.process.wait()}")

    def log_in(self, client):
        """The refresh token of a new login."""
        self.process.stdin.write(client + "\n")
        self.process.stdin.flush()
        self.issued.append(self._said("token"))
        return self.issued[-1]

    def ask(self, method, target, headers=(), body=b""):
        """(status, fields, body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in [*headers, ("X-Forwarded-Proto", "https"), ("Content-Length", str(len(body)))]:
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        found = answer.status, answer.getheaders(), answer.read()
        connection.close()
        return found

    def serve(self, request, connection):
        """A recorder's handler: passes the request on, and notes the tokens of the answer."""
        fields = [field for field in request.headers if field[0].lower() not in SKIPPED]
        status, answered, body = self.ask(request.method, request.target, fields, request.body)
        if request.path == "/token" and status == 200:
            said = json.loads(body)
            self.issued += [said[name] for name in ("access_token", "refresh_token") if name in said]
        connection.answer(status, body, [field for field in answered if field[0].lower() not in SKIPPED], "Answer")

    def refresh(self, client, token):
        """Somebody else uses a refresh token: (status, what was said)."""
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": client["id"], "client_secret": client["secret"]}
        fields = [("Host", "localhost"), ("Content-Type", "application/x-www-form-urlencoded")]
        status, _, body = self.ask("POST", "/token", fields, urllib.parse.urlencode(form).encode())
        return status, json.loads(body)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stdin.close()
        self.process.stdout.close()
