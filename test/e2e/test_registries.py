# SPDX-License-Identifier: Apache-2.0
"""npm and pip through `keyswap run`, to registries that want a token for everything.

npm talks to a real registry, verdaccio, which made the token itself; a recorder stands before it and sees all that arrives. pip
talks to a double of an index (the recorder), as no server of one is packaged for Debian.
"""

import base64
import hashlib
import http.client
import io
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
import unittest
import zipfile

from harness import canary, proxy
from harness.case import Case, document, main
from harness.packages import installed
from harness.recorder import CloseConnection

NPM_HOST, PIP_HOST = "npm.example.com", "pypi.example.com"
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's python3-pip


def run_tool(test, words, cwd=None, user=None, **more):
    """A tool under `keyswap run`, with nothing of the machine's own npm and pip settings; `user`: the folder that is HOME."""
    settings = {"npm_config_globalconfig": test.scratch / "none", **more}
    settings.setdefault("npm_config_cache", test.scratch / f"cache-{cwd and cwd.name}")
    kept = proxy.clean_environment(KEYSWAP_HOME=test.home.path, HOME=user or test.scratch / "user", PIP_CONFIG_FILE="/dev/null",
                                   **{"npm_config_update_notifier": "false", **settings})
    environment = {name: value for name, value in kept.items() if not name.startswith("PIP_") or name == "PIP_CONFIG_FILE"}
    done = subprocess.run([proxy.BINARY, "run", "--password-file", str(test.home.password_file), "--", *words], cwd=cwd,
                          env=environment, capture_output=True, timeout=120, check=False)
    test.note(f"{words} stdout", done.stdout)
    test.note(f"{words} stderr", done.stderr)
    return done


class Verdaccio:
    """The registry on a socket of a folder, for people with a password alone; `token` is the one that it made for us."""

    CONFIG = """storage: ./storage
auth: { htpasswd: { file: ./htpasswd } }
uplinks: {}
packages: { "**": { access: $authenticated, publish: $authenticated } }
web: { enable: false }
log: { type: stdout, format: pretty, level: warn }
"""

    def __init__(self, folder, packages):
        folder.mkdir()
        (folder / "config.yaml").write_text(self.CONFIG)
        self.socket, self.log = folder / "socket", folder / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(packages / "node_modules" / ".bin" / "verdaccio"), "--config", str(folder / "config.yaml"), "--listen",
                 f"unix:{self.socket}"], cwd=folder, env=proxy.clean_environment(HOME=folder), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        self.token = None
        self.sees = lambda answer: None  # the body of each answer that is passed on

    def make_token(self):
        """Waits for the registry to listen, and has it make a user."""
        body = json.dumps({"name": "ann", "password": "a password of ann's"}).encode()
        fields = [("Host", "localhost"), ("Content-Type", "application/json")]
        status, _, answer = self.ask("PUT", "/-/user/org.couchdb.user:ann", fields, body, wait=60)
        assert status == 201, (status, answer)
        self.token = json.loads(answer)["token"]

    def ask(self, method, target, headers=(), body=b"", wait=0):
        """(status, fields, body); tries for `wait` seconds until somebody listens."""
        end = time.monotonic() + wait
        while True:
            connection = http.client.HTTPConnection("localhost", timeout=60)
            connection.sock = socket.socket(socket.AF_UNIX)
            try:
                connection.sock.connect(str(self.socket))
                break
            except OSError:
                connection.close()
                if time.monotonic() > end or self.process.poll() is not None:
                    raise AssertionError(f"verdaccio does not listen: {self.log.read_text()}") from None
                time.sleep(0.05)
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in [*headers, ("Connection", "close"), ("Content-Length", str(len(body)))]:
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        found = answer.status, answer.getheaders(), answer.read()
        connection.close()
        return found

    def serve(self, request, connection):
        """A recorder's handler: passes the request on."""
        skipped = ("connection", "content-length", "transfer-encoding", "keep-alive")
        fields = [field for field in request.headers if field[0].lower() not in skipped]
        status, answered, body = self.ask(request.method, request.target, [*fields, ("X-Forwarded-Proto", "https")], request.body)
        self.sees(body)
        connection.answer(status, body, [field for field in answered if field[0].lower() not in skipped], "Answer")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


@unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
class Npm(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Verdaccio(cls.scratch / "verdaccio", installed("programs"))
        cls.addClassCleanup(cls.registry.stop)
        cls.registry.make_token()
        cls.secrets = {"NPM_TOKEN": cls.registry.token}
        cls.authority, identity = cls.make_pki((NPM_HOST,))
        cls.recorder = cls.make_recorder(identity)
        cls.recorder.on("/", cls.registry.serve)
        cls.home = cls.make_home(secrets={})
        cls.home.bindings(document({}, recorder=cls.recorder, hosts=(NPM_HOST,), root=cls.authority.certificate))
        cls.home.must("secret", "add", "NPM_TOKEN", "--provider", "npm", "--host", NPM_HOST, stdin=cls.registry.token.encode(),
                      unlock=True)
        cls.proxy = cls.start(cls.home)

    def folder(self, name, content):
        """A project whose npmrc has the token as people write it: $NPM_TOKEN, which is the placeholder."""
        folder = self.scratch / name
        folder.mkdir()
        (folder / "package.json").write_text(json.dumps(content))
        (folder / ".npmrc").write_text(f"registry=https://{NPM_HOST}/\n//{NPM_HOST}/:_authToken=${{NPM_TOKEN}}\n")
        (folder / "index.js").write_text("module.exports = 'published';\n")
        return folder

    def npm(self, folder, *words, **more):
        before = len(self.recorder.seen())
        done = run_tool(self, ["npm", *words, "--no-audit", "--no-fund", "--fetch-retries=0"], cwd=folder, **more)
        return done, self.recorder.seen()[before:]

    def check_swapped(self, requests):
        """[I5] The token that came is the registry's own, and the placeholder came in no spelling."""
        placeholder = json.loads(self.home.must("env", "--format", "json").stdout)["NPM_TOKEN"]
        for request in requests:
            self.assertEqual(request.all("Authorization"), [f"Bearer {self.registry.token}"], request)
            self.assertEqual(canary.find_in(bytes(request.raw), placeholder), [])

    def test_publish_and_install(self):
        """[I5] As the catalogue has it, npm may read alone; with PUT in `methods` it publishes, too."""
        sample = self.folder("sample", {"name": "keyswap-sample", "version": "1.0.0", "main": "index.js"})
        done, requests = self.npm(sample, "publish")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("E401", done.stderr.decode())
        self.assertIn("PUT", [request.method for request in requests])
        self.assertFalse([request for request in requests if request.method == "PUT" and self.registry.token.encode() in request.raw])
        self.decided(self.proxy.decisions("/keyswap-sample")[-1], "denied", "binding_scope_violation", "NPM_TOKEN")

        bindings = self.home.path / "bindings.yaml"
        bindings.write_text(bindings.read_text().replace("methods: [GET, HEAD]", "methods: [GET, HEAD, PUT]"))
        self.proxy.reload()
        done, requests = self.npm(sample, "publish")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertIn(("PUT", "/keyswap-sample"), [(request.method, request.path) for request in requests])
        self.check_swapped(requests)

        project = self.folder("project", {"name": "project", "version": "1.0.0"})
        done, requests = self.npm(project, "install", "keyswap-sample@1.0.0")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertIn("published", (project / "node_modules" / "keyswap-sample" / "index.js").read_text())
        self.assertEqual([(request.method, request.path) for request in requests],
                         [("GET", "/keyswap-sample"), ("GET", "/keyswap-sample/-/keyswap-sample-1.0.0.tgz")])
        self.check_swapped(requests)
        # Without the token the registry gives nothing.
        self.assertEqual(self.registry.ask("GET", "/keyswap-sample", [("Host", NPM_HOST)])[0], 401)

    def test_roots_of_npms_own_settings_do_not_hide_the_proxys(self):
        """A `cafile` replaces what Node trusts, whichever of npm's files it stands in: the project's, or the machine's."""
        roots = "cafile=/etc/ssl/certs/ca-certificates.crt\n"
        project = self.folder("with-roots", {"name": "with-roots", "version": "1.0.0"})
        below = project / "below"
        below.mkdir()
        machine = self.scratch / "global-npmrc"
        machine.write_text(roots)
        for folder, more in ((project, {"npm_config_globalconfig": machine}), (below, {})):
            if folder == below:
                (project / ".npmrc").write_text((project / ".npmrc").read_text() + roots)
            done, requests = self.npm(folder, "ping", **more)
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            self.check_swapped(requests)
            self.assertEqual([request.path for request in requests], ["/-/ping"])

    def test_a_proxy_of_npms_own_settings_gives_way_to_ours(self):
        project = self.folder("with-proxy", {"name": "with-proxy", "version": "1.0.0"})
        (project / ".npmrc").write_text((project / ".npmrc").read_text() + "https-proxy=http://127.0.0.1:1\n")
        done, requests = self.npm(project, "ping")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.check_swapped(requests)


class Pip(Case):
    PLACEHOLDER, TOKEN = "pip-PLACEHOLDER-0123456789abcdef", "pip-live+7Kq/9Zt4bN2v=M8cR5wL1j"
    secrets = {"PIP_PASSWORD": TOKEN}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, identity = cls.make_pki((PIP_HOST,))
        cls.recorder = cls.make_recorder(identity)
        cls.wheel = cls.make_wheel()
        cls.recorder.on("/", cls.serve)
        cls.home = cls.make_home()
        rule = {"placeholder": cls.PLACEHOLDER, "inject": {"basic": "password"},
                "bindings": [{"host": PIP_HOST, "methods": ["GET"], "paths": ["/simple/**", "/packages/**"]}]}
        cls.home.bindings(document({"PIP_PASSWORD": rule}, recorder=cls.recorder, hosts=(PIP_HOST,), root=cls.authority.certificate))
        cls.proxy = cls.start(cls.home)

    @staticmethod
    def make_wheel():
        """A package of one module (PEP 427)."""
        files = {"keyswap_sample.py": "SAID = 'installed'\n",
                 "keyswap_sample-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: keyswap-sample\nVersion: 1.0\n",
                 "keyswap_sample-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
        files["keyswap_sample-1.0.dist-info/RECORD"] = "".join(f"{name},,\n" for name in files)
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return made.getvalue()

    @classmethod
    def wanted(cls):
        return "Basic " + base64.b64encode(f"ann:{cls.TOKEN}".encode()).decode()

    @classmethod
    def serve(cls, request, connection):
        """An index (PEP 503) behind Basic credentials."""
        name = "keyswap_sample-1.0-py3-none-any.whl"
        if request.get("Authorization") != cls.wanted():
            connection.answer(401, b"", [("WWW-Authenticate", 'Basic realm="index"')], "Unauthorized")
        elif request.path == "/simple/keyswap-sample/":
            page = f'<a href="/packages/{name}#sha256={hashlib.sha256(cls.wheel).hexdigest()}">{name}</a>'
            connection.answer(body=f"<!DOCTYPE html><html><body>{page}</body></html>", headers=[("Content-Type", "text/html")])
        elif request.path == f"/packages/{name}":
            connection.answer(body=cls.wheel, headers=[("Content-Type", "application/zip")])
        else:
            raise CloseConnection

    def test_install_from_an_index_with_the_password_in_its_url(self):
        """[I5] Page and package are fetched with the real password; pip knows the placeholder alone."""
        target = self.scratch / "target"
        done = run_tool(self, ["sh", "-c", f'exec {PYTHON} -m pip install --no-cache-dir --retries 0 --no-input --target {target} --index-url '
                               f'"https://ann:$PIP_PASSWORD@{PIP_HOST}/simple/" keyswap-sample'])
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertIn("installed", (target / "keyswap_sample.py").read_text())
        seen = self.recorder.seen()
        self.assertEqual([request.path for request in seen], ["/simple/keyswap-sample/", "/packages/keyswap_sample-1.0-py3-none-any.whl"])
        for request in seen:
            self.assertEqual(request.all("Authorization"), [self.wanted()])
            self.assertEqual(canary.find_in(bytes(request.connection.received), self.PLACEHOLDER), [])
        self.assertEqual({(r["decision"], r["secret"]) for r in self.proxy.decisions()}, {("allowed", "PIP_PASSWORD")})


if __name__ == "__main__":
    main()
