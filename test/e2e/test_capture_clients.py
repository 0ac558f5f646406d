# SPDX-License-Identifier: Apache-2.0
"""Logins that the vendors' own programs make through `keyswap run`: npm's with a password and on the web, and gh's. The
entries of `capture` are those of docs/bindings.md, to the letter; npm's registry is a real one, verdaccio."""

import json
import re
import shutil
import threading
import unittest
import urllib.parse

from harness import canary, login_server, proxy
from harness.case import Case, document, main
from harness.documents import blocks, whole_bindings
from harness.packages import installed
from test_children import Terminal
from test_registries import Verdaccio, run_tool

REGISTRY, GITHUB, GITHUB_API = "registry.npmjs.org", "github.com", "api.github.com"
HOSTS = (REGISTRY, GITHUB, GITHUB_API)
P_NPM, P_GITHUB = "npm_PLACEHOLDER01HXY1234567890abcdefghij", "gho_PLACEHOLDER01HXY1234567890abcdefghij"


def documented():
    """The bindings of docs/bindings.md, "Capture"."""
    block, = (block for block in blocks("yaml") if block.file.name == "bindings.md" and "NPM_LOGIN:" in block.text)
    return whole_bindings(block)


class Clients(Case):
    """One proxy, whose vault is empty. What the programs keep lies in `scratch`; the registry's own files do not."""

    secrets = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, identity = cls.make_pki(HOSTS)
        cls.recorder = cls.make_recorder(identity)
        cls.home = cls.make_home()
        more = document({}, recorder=cls.recorder, hosts=HOSTS, root=cls.authority.certificate)
        del more["version"], more["secrets"]
        cls.home.bindings(documented() + proxy.yaml(more) + "\n")
        cls.proxy = cls.start(cls.home)
        cls.issued = {}  # every token that came in an answer, by a name
        cls.users = cls.scratch / "clients"
        cls.users.mkdir()

    @classmethod
    def tearDownClass(cls):
        # What was given out is nowhere: neither with the proxy nor with its clients, nor on a screen.
        assert cls.issued
        cls.secrets = cls.issued
        leaks = canary.search(cls.users, [], cls.issued)
        assert not leaks, leaks
        super().tearDownClass()

    def environment(self, **more):
        return proxy.clean_environment(KEYSWAP_HOME=self.home.path, HOME=self.users, **more)

    def on_terminal(self, words, **more):
        terminal = Terminal([proxy.BINARY, "run", "--password-file", str(self.home.password_file), "--", *words],
                            self.environment(**more))
        self.addCleanup(terminal.close)
        return terminal

    def ended(self, terminal):
        status = terminal.end()
        self.note("a terminal", terminal.shown)
        self.assertEqual(status, 0, terminal.shown.decode(errors="replace"))
        return terminal.shown.decode(errors="replace")

    def captured(self, name):
        return [(r["event"], r["outcome"]) for r in self.proxy.records()
                if r["type"] == "secret_fetched" and r.get("secret") == name]

    def kill_the_proxy(self):
        """[I13] What a client was told is in the vault by then, whatever becomes of the proxy."""
        self.proxy.kill()
        type(self).proxy = self.start(self.home)


@unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
class Npm(Clients):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Verdaccio(cls.inputs / "verdaccio", installed("programs"))
        cls.addClassCleanup(cls.registry.stop)
        cls.registry.make_token()
        cls.issued["of its own"] = cls.registry.token
        cls.is_in_browser, cls.is_asked = False, threading.Event()
        cls.recorder.on("/", cls.registry.serve)
        cls.recorder.on("/-/v1/login", cls.begin_on_the_web)
        cls.recorder.on("/login/", cls.log_in_on_the_web)
        cls.recorder.on("/-/v1/done", cls.end_on_the_web)
        cls.registry.sees = cls.see

    @classmethod
    def see(cls, answer):
        """Notes the tokens of answers."""
        try:
            said = json.loads(answer)
        except ValueError:
            return
        if isinstance(said, dict) and said.get("token"):
            cls.issued[f"token {len(cls.issued)}"] = said["token"]

    # The registry has no login on the web: this is that of npm's own one, with tokens of the registry.
    @classmethod
    def begin_on_the_web(cls, _, connection):
        cls.is_in_browser = False
        said = {"loginUrl": f"https://{REGISTRY}/login/cli/1", "doneUrl": f"https://{REGISTRY}/-/v1/done?authId=1"}
        connection.answer(200, json.dumps(said), [login_server.JSON])

    @classmethod
    def log_in_on_the_web(cls, _, connection):
        cls.is_in_browser = True
        connection.answer(200, "You are logged in.")

    @classmethod
    def end_on_the_web(cls, _, connection):
        if not cls.is_in_browser:
            cls.is_asked.set()
            connection.answer(202, "{}", [login_server.JSON, ("Retry-After", "1")], "Accepted")
            return
        answer = json.dumps({"token": cls.registry.token})
        cls.see(answer.encode())
        connection.answer(200, answer, [login_server.JSON])

    def setUp(self):
        self.project = self.users / self._testMethodName
        self.project.mkdir()
        content = {"name": self._testMethodName.replace("_", "-"), "version": "1.0.0", "main": "index.js"}
        (self.project / "package.json").write_text(json.dumps(content))
        (self.project / "index.js").write_text("module.exports = 'published';\n")
        self.settings = {"npm_config_globalconfig": self.users / "none", "npm_config_cache": self.users / "cache",
                         "npm_config_update_notifier": "false", "npm_config_userconfig": self.users / f"{self._testMethodName}.npmrc"}

    def npm(self, *words):
        done = run_tool(self, ["npm", *words, "--no-audit", "--no-fund", "--fetch-retries=0"], cwd=self.project,
                        user=self.users, **self.settings)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode()

    def on_screen(self, *words):
        return self.on_terminal(["env", "-C", str(self.project), "npm", *words], **self.settings)

    def is_logged_in(self):
        """All that one does with a login, up to its end."""
        before = len(self.recorder.seen())
        kept = self.settings["npm_config_userconfig"]
        self.assertEqual(kept.read_text(), f"//{REGISTRY}/:_authToken={P_NPM}\n")
        self.kill_the_proxy()
        self.assertEqual(self.npm("whoami"), "ann\n")
        self.assertIn("+ ", self.npm("publish"))
        self.assertEqual(self.npm("view", self.project.name.replace("_", "-"), "version"), "1.0.0\n")
        self.npm("logout")
        self.assertFalse(kept.exists() and kept.read_text())
        requests = self.recorder.seen()[before:]
        token = list(self.issued.values())[-1]
        for request in requests:
            self.assertEqual(request.all("Authorization"), [f"Bearer {token}"], request)
            self.assertEqual(canary.find_in(bytes(request.raw), P_NPM), [])
        ended = [request for request in requests if request.method == "DELETE"]
        self.assertEqual([urllib.parse.unquote(request.path) for request in ended], [f"/-/user/token/{token}"])

    def test_a_login_with_a_password(self):
        """[I8] [I13] npm 11 asks for it on a terminal."""
        before = len(self.captured("NPM_LOGIN"))
        screen = self.on_screen("login", "--auth-type=legacy")
        screen.expect(b"Username:")
        screen.type(b"ann\r")
        screen.expect(b"Password:")
        screen.type(b"a password of ann's\r")
        self.assertIn(f"Logged in on https://{REGISTRY}/.", self.ended(screen))
        self.assertEqual(self.captured("NPM_LOGIN")[before:], [("captured", "ok")])
        self.is_logged_in()

    def test_a_login_on_the_web(self):
        """[I8] [I13] The person opens the page that npm shows; npm asks meanwhile whether somebody has logged in."""
        before = len(self.captured("NPM_LOGIN"))
        screen = self.on_screen("login", "--auth-type=web", "--browser=false", "--progress=false")
        screen.expect(f"https://{REGISTRY}/login/cli/1".encode())
        self.assertTrue(self.is_asked.wait(60), "npm does not ask whether somebody has logged in")
        self.assertEqual(self.proxy.ask(REGISTRY, target="/login/cli/1").body, b"You are logged in.")
        self.assertIn(f"Logged in on https://{REGISTRY}/.", self.ended(screen))
        self.assertEqual(self.captured("NPM_LOGIN")[before:], [("captured", "ok")])
        self.is_logged_in()


@unittest.skipUnless(shutil.which("gh"), "gh is not installed")
class Gh(Clients):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vendor = login_server.LoginServer(cls.recorder, GITHUB, REGISTRY)
        cls.issued = cls.vendor.issued

    def gh(self, *words):
        done = run_tool(self, ["gh", *words], user=self.users)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode()

    def test_a_login_on_the_web(self):
        """[I8] [I13] With the code that is typed in on the device's page."""
        screen = self.on_terminal(["gh", "auth", "login", "--hostname", GITHUB, "--web", "--git-protocol", "https"],
                                  BROWSER="true", GH_PROMPT_DISABLED="1")
        shown = re.sub(r"\x1b\[[0-9;]*m", "", self.ended(screen))
        self.assertIn("First copy your one-time code: ABCD-1234", shown)
        self.assertIn("Logged in as monalisa", shown)
        self.assertEqual(self.captured("GH_LOGIN"), [("captured", "ok")])
        self.assertIn(f"oauth_token: {P_GITHUB}\n", (self.users / ".config" / "gh" / "hosts.yml").read_text())
        self.kill_the_proxy()
        self.assertEqual(self.gh("auth", "token"), P_GITHUB + "\n")
        self.assertEqual(json.loads(self.gh("api", "user"))["login"], "monalisa")
        token = self.vendor.good["github"]
        self.assertEqual(self.recorder.seen("/user")[-1].get("Authorization"), f"token {token}")


if __name__ == "__main__":
    main()
