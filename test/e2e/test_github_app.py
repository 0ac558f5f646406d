# SPDX-License-Identifier: Apache-2.0
"""A GitHub App through `keyswap run`: git with the token of its installation, and @octokit/auth-app.

api.github.com is a double, as no server of GitHub's is to be had; it holds each App's token against the App's real key. git's server
is its own (git http-backend), and takes the installations' tokens that the double gave out.
"""

import json
import pathlib
import secrets
import shutil
import subprocess
import threading
import time
import unittest

from harness import canary, git, jwt, proxy
from harness.case import Case, document, main
from harness.packages import installed

API, GIT = "api.github.com", "github.com"
APP = "Iv23li0123456789abcd"
# The token's, for git; the App's id, for who signs with a throw-away key; what such a key signs, for who signs nothing.
P_TOKEN, P_APP, P_JWT = "ghs_PLACEHOLDER0123456789abcdefghijkl", "Iv23liPLACEHOLDER0123456", "app-jwt-PLACEHOLDER-0123456789abcdef"
INSTALLATION = "/app/installations/1234/access_tokens"


class GitHub:
    """GET /app and the tokens of installation 1234, for the App that has the key; its repositories, for these tokens.

    The tokens are such as GitHub has given out since 2026: `ghs_`, the App's number and a JWT, 520 characters and dots."""

    def __init__(self, recorder, public, folder):
        self.public, self.folder = public, folder
        self.issued, self.apps = [], []  # the tokens that it gave out; the App's tokens that came, good or not
        self.lock = threading.Lock()
        recorder.on("/", self._answer)

    def _is_app(self, token):
        with self.lock:
            self.apps.append(token)
            if token.count(".") != 2 or not jwt.is_signed(token, self.public, self.folder):
                return False
        header, claims = jwt.read(token)
        now = time.time()
        return (header["alg"], claims["iss"]) == ("RS256", APP) and claims["iat"] <= now + 1 and now < claims["exp"] <= now + 600

    def _answer(self, request, connection):
        word, _, token = (request.get("Authorization") or "").partition(" ")
        status, said = 401, {"message": "A JSON web token could not be decoded"}
        if request.path == "/installation/repositories":
            if word.lower() in ("token", "bearer") and token in self.issued:
                status, said = 200, {"total_count": 1, "repositories": [{"full_name": "team/one"}]}
        elif word.lower() == "bearer" and self._is_app(token):
            status, said = self._of_app(request)
        connection.answer(status, json.dumps(said), [("Content-Type", "application/json; charset=utf-8")], "Answer")

    def _of_app(self, request):
        if (request.method, request.path) == ("GET", "/app"):
            return 200, {"slug": "agents"}
        if (request.method, request.path) != ("POST", INSTALLATION):
            return 404, {"message": "Not Found"}
        made = "ghs_1234567_" + ".".join(jwt.encoded(secrets.token_bytes(size)) for size in (30, 150, 190))
        with self.lock:
            self.issued.append(made)
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        return 201, {"token": made, "expires_at": end, "permissions": {"contents": "write"}, "repository_selection": "all"}


class GithubApp(Case):
    secrets = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.private, public = jwt.make_key(cls.inputs, "app")
        cls.throwaway, throwaway_public = jwt.make_key(cls.inputs, "throwaway")
        cls.authority, identity = cls.make_pki([API, GIT])
        cls.api, cls.recorder = cls.make_recorder(identity), cls.make_recorder(identity)
        cls.github = GitHub(cls.api, public, cls.scratch)
        cls.recorder.on("/", git.Backend(cls.scratch / "served", lambda given: given in map(git.basic, cls.github.issued)))
        cls.home = cls.make_home(secrets={})
        for name in ("APP_KEY", "OCTOKIT_KEY", "OCTOKIT_JWT"):
            cls.home.must("secret", "add", name, "--private-key", stdin=cls.private.read_bytes(), unlock=True)
        of_app = [{"host": API, "paths": ["/app", "/app/**"]}]
        rules = {
            "GIT_TOKEN": {
                "placeholder": P_TOKEN,
                "inject": {"type": "github_app", "client_id": APP, "installation": "1234", "key": "APP_KEY", "basic": "password"},
                "bindings": [{"host": GIT, "methods": ["GET", "POST"], "paths": ["/**/git-upload-pack", "/**/git-receive-pack"]}]},
            "OCTOKIT_KEY": {
                "placeholder": P_APP, "bindings": of_app,
                "inject": {"type": "jwt", "algorithm": "RS256", "issuer": APP, "client_key": throwaway_public.read_text()}},
            "OCTOKIT_JWT": {
                "placeholder": P_JWT, "bindings": of_app,
                "inject": {"type": "jwt", "algorithm": "RS256", "issuer": APP, "lifetime_seconds": 540}}}
        cls.home.bindings(document(rules, recorder=cls.recorder, hosts=[GIT], root=cls.authority.certificate,
                                   resolve={f"{API}:443": cls.api.address}))
        cls.proxy = cls.start(cls.home)

    @classmethod
    def tearDownClass(cls):
        cls.secrets = {"the App's key": "".join(cls.private.read_text().splitlines()[1:3]),
                       **{f"token {number}": token for number, token in enumerate(cls.github.issued)}}
        super().tearDownClass()

    def through_keyswap(self, words, cwd, **more):
        environment = proxy.clean_environment(KEYSWAP_HOME=self.home.path, HOME=self.scratch, GIT_TERMINAL_PROMPT="0",
                                              GIT_CONFIG_NOSYSTEM="1", **more)
        done = subprocess.run([proxy.BINARY, "run", "--password-file", str(self.home.password_file), "--", *words], cwd=cwd,
                              env=environment, capture_output=True, timeout=120, check=False)
        self.note(f"{words} stdout", done.stdout)
        self.note(f"{words} stderr", done.stderr)
        return done

    def test_L25_git_clones_and_pushes_with_an_installations_token(self):
        """[I5] The token is got once, stands inside of git's own Basic, and the clone has the placeholder alone."""
        folder = git.make_served(self.scratch, "one")
        tree = self.scratch / "tree"
        given = len(self.github.issued)
        done = self.through_keyswap(["git", "clone", "-q", f"https://x-access-token:{P_TOKEN}@{GIT}/team/one.git", str(tree)], self.scratch)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual((tree / "file2").read_text(), "content\n" * 300)
        self.assertIn(P_TOKEN, (tree / ".git" / "config").read_text())
        (tree / "more").write_text("more\n")
        git.git(self.scratch, "add", ".", cwd=tree)
        git.git(self.scratch, "commit", "-q", "-m", "more", cwd=tree)
        done = self.through_keyswap(["git", "push", "-q", "origin", "main"], tree)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual(git.git(self.scratch, "rev-parse", "main", cwd=folder), git.git(self.scratch, "rev-parse", "HEAD", cwd=tree))
        self.assertEqual(len(self.github.issued), given + 1)
        credentials = {request.get("Authorization") for request in self.recorder.seen("/team/one.git/")}
        self.assertEqual(credentials, {None, git.basic(self.github.issued[given])})
        self.leaves_no_token_in(tree)

    def leaves_no_token_in(self, tree):
        for path in pathlib.Path(tree).rglob("*"):
            for token in self.github.issued if path.is_file() else ():
                self.assertEqual(canary.find_in(path.read_bytes(), token), [], path)

    def octokit(self, **who):
        before = len(self.api.seen("/"))
        done = self.through_keyswap(["node", "github.mjs"], installed("tokens"), **who)
        self.assertEqual((done.returncode, done.stdout.decode().splitlines()), (0, ["app agents", "repositories 1"]), done.stderr.decode())
        for request in self.api.seen("/")[before:]:
            for text in (P_APP, P_JWT):
                self.assertEqual(canary.find_in(request.raw, text), [])

    @unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
    def test_octokit_signs_with_a_throw_away_key_and_the_app_has_signed(self):
        """Its token names no key: the placeholder is its issuer, the App's id."""
        before = len(self.github.apps)
        self.octokit(APP_ID=P_APP, APP_KEY=self.throwaway)
        self.assertEqual(len(self.github.apps), before + 2)
        for token in self.github.apps[before:]:
            header, claims = jwt.read(token)
            self.assertEqual((header, claims["iss"], claims["exp"] - claims["iat"]), ({"alg": "RS256", "typ": "JWT"}, APP, 600))

    @unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
    def test_octokit_that_signs_nothing_holds_a_placeholder_of_the_apps_token(self):
        """By its `createJwt`, which is there for keys that are kept elsewhere."""
        before = len(self.github.apps)
        self.octokit(APP_ID=APP, APP_JWT=P_JWT)
        self.assertEqual(len(self.github.apps), before + 2)


if __name__ == "__main__":
    main()
