# SPDX-License-Identifier: Apache-2.0
"""Real clients through `keyswap run`: the placeholder is swapped and nothing else changes.

Each client is run twice: through keyswap, and through a proxy that only joins sockets (so with the same
settings, straight to the upstream). What the upstream received must be equal but for the credential.
"""

import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
import unittest

from harness import client, pki, proxy, recorder
from harness.case import H, K, P, V, OneProxy, bearer, main
from harness.packages import BUILD, CLIENTS, installed

PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's python3-requests, -httpx and -aiohttp
ANT, ANT_P, ANT_V = "KEY_ANT", "sk-ant-PLACEHOLDER-0123456789abcdef", "sk-ant-live-5Tr+y/2=UiOp"


class LeafServer:
    """A TLS server that shows one certificate; its port."""

    def __init__(self, leaf):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(leaf.certificate, leaf.key)

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return self.listener.getsockname()[1]

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(sock, server_side=True) as wire:
                    wire.recv(1)
            except OSError:
                pass  # it did not trust us


def verifiers(root, leaf, name, port):
    """Commands that end well if the leaf is good for that name, by the client whose verifier they ask."""
    commands = {
        "openssl": ["openssl", "verify", "-x509_strict", "-CAfile", root, "-verify_hostname", name, leaf],
        "python": [PYTHON, "-c", "import socket, ssl, sys; ssl.create_default_context(cafile=sys.argv[1]).wrap_socket("
                   "socket.create_connection(('127.0.0.1', int(sys.argv[3]))), server_hostname=sys.argv[2])", root, name, str(port)],
        "gnutls": ["certtool", "--verify", "--load-ca-certificate", root, "--verify-hostname", name, "--infile", leaf],
        "node": ["node", "-e", "const [ca, servername, port] = process.argv.slice(1); const socket = require('tls').connect("
                 "{ ca: require('fs').readFileSync(ca), servername, port, host: '127.0.0.1' }, () => socket.destroy())",
                 root, name, str(port)],
        "go": ["go", "run", str(CLIENTS / "verify.go"), root, leaf, name],
        "java": ["java", str(CLIENTS / "Verify.java"), root, leaf, name],
    }
    return {who: command for who, command in commands.items() if shutil.which(command[0])}


class JoiningProxy:
    """CONNECT joins the client with the recorder; an absolute https form is sent on over TLS as it is."""

    def __init__(self, upstream_port, root):
        self.upstream_port, self.root = upstream_port, root
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        head = b""
        while b"\r\n\r\n" not in head:
            data = sock.recv(1)
            if not data:
                return
            head += data
        upstream = socket.create_connection(("127.0.0.1", self.upstream_port))
        if head.startswith(b"CONNECT "):
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            host = re.search(rb"https://([^/]+)/", head)[1].decode()
            upstream = client.tls_context(self.root).wrap_socket(upstream, server_hostname=host)
            upstream.sendall(self._origin_form(head))
        there = threading.Thread(target=self._copy, args=(sock, upstream, not head.startswith(b"CONNECT ")), daemon=True)
        there.start()
        self._copy(upstream, sock, False)

    @staticmethod
    def _origin_form(data):
        return re.sub(rb"(?m)^([A-Z]+) https://[^/]+/", rb"\1 /", data)

    def _copy(self, source, target, rewrite):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                target.sendall(self._origin_form(data) if rewrite else data)
            target.shutdown(socket.SHUT_WR)
        except (OSError, ValueError):
            pass


def answer_like_the_services(request, connection):
    """Enough of each API for its client to be content."""
    if request.path.endswith("/chat/completions"):
        if json.loads(request.body).get("stream"):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            for word in ("po", "ng"):
                data = ("data: " + json.dumps({"id": "1", "object": "chat.completion.chunk", "choices": [
                    {"index": 0, "delta": {"content": word}}]}) + "\n\n").encode()
                connection.send(b"%x\r\n%s\r\n" % (len(data), data))
            connection.send(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
            return
        body = {"id": "1", "object": "chat.completion", "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "pong"}}]}
    elif request.path.endswith("/messages"):
        body = {"id": "1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
                "content": [{"type": "text", "text": "pong"}], "usage": {"input_tokens": 1, "output_tokens": 1}}
    else:
        body = {"path": request.path}
    connection.answer(body=json.dumps(body), headers=[("Content-Type", "application/json")])


class Clients(OneProxy):
    hosts = (H,)
    threads = 2
    secrets = {K: V, ANT: ANT_V}

    @classmethod
    def rules(cls):
        anthropic = bearer(ANT, ANT_P)
        anthropic["inject"] = {"header": "x-api-key", "format": "{secret}"}
        return {K: bearer(), ANT: anthropic}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.recorder.on("/", answer_like_the_services)
        cls.joining = JoiningProxy(cls.recorder.port, cls.authority.certificate)

    def directly(self, command, **options):
        """The command with the joining proxy and the recorder's root in every variable that clients read."""
        url, root = f"http://{self.joining.address}", self.authority.certificate
        names = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS")
        environment = proxy.clean_environment(**{name: root for name in names}, HTTPS_PROXY=url, https_proxy=url,
                                              KEY_ONE=P, KEY_ANT=ANT_P, **options.pop("env", {}))
        return subprocess.run(command, capture_output=True, env=environment, timeout=120, check=False, **options)

    def through_keyswap(self, command, **options):
        environment = proxy.clean_environment(KEYSWAP_HOME=self.home.path, **options.pop("env", {}))
        done = subprocess.run([proxy.BINARY, "run", "--password-file", str(self.home.password_file), "--", *command],
                              capture_output=True, env=environment, timeout=120, check=False, **options)
        self.note(f"{command[0]} stdout", done.stdout)
        self.note(f"{command[0]} stderr", done.stderr)
        return done

    def compare(self, name, command, *, requests=2, ordered=True, cwd=None, env_direct=None, output=True, env=None):
        """Runs `command` (URL stands for the base) both ways and compares what the upstream received."""
        seen = []
        outputs = []
        for way, run in (("direct", self.directly), ("keyswap", self.through_keyswap)):
            words = [word.replace("URL", f"https://{H}/{name}/{way}") for word in command]
            extra = {**(env or {}), **((env_direct or {}) if way == "direct" else {})}
            done = run(words, **({"cwd": cwd} if cwd else {}), env=extra)
            self.assertEqual(done.returncode, 0, f"{name} {way}: {done.stdout.decode()}{done.stderr.decode()}")
            outputs.append(done.stdout.decode().replace(f"/{way}/", "/"))
            seen.append([self.plain(request, way) for request in self.recorder.seen(f"/{name}/{way}/")])
        if not ordered:
            seen = [sorted(requests_, key=str) for requests_ in seen]
        self.assertGreaterEqual(len(seen[0]), requests)
        self.assertTrue(any(P in str(request) or ANT_P in str(request) for request in seen[0]), "it sent no credential")
        self.assertTrue(any(V in str(request) or ANT_V in str(request) for request in seen[1]), "nothing was swapped")
        expected = json.loads(json.dumps(seen[0]).replace(ANT_P, ANT_V).replace(P, json.dumps(V)[1:-1]))
        self.assertEqual(expected, json.loads(json.dumps(seen[1])))
        if output:
            self.assertEqual(outputs[0], outputs[1])

    @staticmethod
    def plain(request, way):
        # Connection and Keep-Alive are between two neighbours (RFC 9110 section 7.6.1): not passed on. Where secrets are
        # looked for in the answer, it is asked for without a coding (I8).
        skipped = ("connection", "keep-alive", "accept-encoding")
        headers = [list(header) for header in request.headers if header[0].lower() not in skipped]
        return [request.method, request.target.replace(f"/{way}/", "/"), headers,
                request.body.decode("latin-1").replace(f"/{way}/", "/")]

    def test_curl(self):
        self.compare("curl", ["sh", "-c", 'curl -sS --fail -H "Authorization: Bearer $KEY_ONE" "URL/get?a=1" && curl -sS --fail '
                              '-X POST -H "Authorization: Bearer $KEY_ONE" --data-binary @- "URL/post" < ' + str(CLIENTS / "client.py")])

    def test_curl_with_a_large_body_and_an_expectation(self):
        body = self.scratch / "body"
        body.write_bytes(bytes(range(256)) * 8192)  # 2 MiB: curl asks with Expect: 100-continue
        self.compare("curl-large", ["sh", "-c", 'curl -sS --fail -H "Authorization: Bearer $KEY_ONE" -H "Content-Type: x/y" '
                                    f'--data-binary @{body} "URL/post"'], requests=1)

    def test_git_clone(self):
        source, served = self.scratch / "source", self.scratch / "served.git"
        git = lambda *words, cwd=None: subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *words], cwd=cwd,
                                                      env=proxy.clean_environment(), check=True, capture_output=True)
        git("init", "-q", "-b", "main", str(source))
        for number in range(5):
            (source / f"file{number}").write_text("content\n" * 100 * number)
            git("add", ".", cwd=source)
            git("commit", "-q", "-m", f"commit {number}", cwd=source)
        git("clone", "-q", "--bare", str(source), str(served))
        git("repack", "-adq", cwd=served)
        git("update-server-info", cwd=served)

        def serve(request, connection):
            credential = request.get("Authorization")
            if credential not in (f"Bearer {V}", f"Bearer {P}"):
                connection.answer(401, b"", [("WWW-Authenticate", "Basic")])
                return
            relative = re.sub(r"^/git/(direct|keyswap)/repo\.git/", "", request.path)
            file = served / relative
            if file.is_file() and ".." not in relative:
                connection.answer(body=file.read_bytes())
            else:
                connection.answer(404, b"")
        self.recorder.on("/git/", serve)
        for way in ("direct", "keyswap"):
            target = self.scratch / f"clone-{way}"
            run = self.directly if way == "direct" else self.through_keyswap
            done = run(["sh", "-c", f'git -c http.extraHeader="Authorization: Bearer $KEY_ONE" clone -q '
                        f'https://{H}/git/{way}/repo.git {target}'], env={"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1",
                                                                          "HOME": str(self.scratch)})
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            self.assertEqual((target / "file4").read_text(), "content\n" * 400)
        seen = [sorted((self.plain(r, way) for r in self.recorder.seen(f"/git/{way}/")), key=str) for way in ("direct", "keyswap")]
        self.assertGreaterEqual(len(seen[0]), 3)
        self.assertEqual(json.loads(json.dumps(seen[0]).replace(P, V)), json.loads(json.dumps(seen[1])))

    def python(self, library):
        self.compare(library, [PYTHON, str(CLIENTS / "client.py"), library, "URL"])

    def test_python_urllib(self):
        self.python("urllib")

    def test_python_requests(self):
        self.python("requests")

    def test_python_httpx(self):
        self.python("httpx")

    def test_python_aiohttp(self):
        self.python("aiohttp")

    @unittest.skipUnless(shutil.which("go"), "go is not installed")
    def test_go_net_http(self):
        program = self.scratch / "goclient"
        subprocess.run(["go", "build", "-o", str(program), str(CLIENTS / "client.go")], check=True, capture_output=True,
                       env=proxy.clean_environment(GO111MODULE="off", GOCACHE=BUILD / "go-cache"), timeout=300)
        # HTTP/2 is not offered by either side here: keyswap's ALPN answers http/1.1, the recorder has none.
        self.compare("go", [str(program), "URL"])

    @unittest.skipUnless(shutil.which("java") and shutil.which("keytool"), "no JDK is installed")
    def test_java_http_client(self):
        store = self.scratch / "store.p12"
        subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "r", "-file", str(self.authority.certificate), "-keystore",
                        str(store), "-storepass", "changeit"], check=True, capture_output=True)
        host, port = self.joining.address.split(":")
        options = (f"-Dhttps.proxyHost={host} -Dhttps.proxyPort={port} -Djavax.net.ssl.trustStore={store} "
                   "-Djavax.net.ssl.trustStorePassword=changeit")
        self.compare("java", ["java", str(CLIENTS / "Client.java"), "URL"], env_direct={"JAVA_TOOL_OPTIONS": options})

    def node(self, library, **options):
        self.compare(library, ["node", str(installed("http") / "client.mjs"), library, "URL"], **options)

    def test_node_fetch(self):
        self.node("fetch")

    def test_node_openai(self):
        self.node("openai")

    def test_node_anthropic(self):
        self.node("anthropic", requests=1)

    def test_node_axios(self):
        self.node("axios")

    @unittest.skipUnless(shutil.which("node"), "Node is not installed")
    def test_node_goes_through_the_proxy_by_what_run_loads_into_it(self):
        """https with an agent of its own, fetch and tls, whatever the version; hosts of NO_PROXY directly."""
        done = self.through_keyswap(["node", "-e", f"""
            const https = require("https"), tls = require("tls");
            const headers = {{ Authorization: "Bearer " + process.env.KEY_ONE }};
            const agent = new https.Agent({{ keepAlive: true }});
            https.get("https://{H}/preload/own", {{ agent, headers }}, (answer) => answer.resume());
            fetch("https://{H}/preload/fetch", {{ headers }}).then((answer) => answer.text());
            const wire = tls.connect({{ host: "{H}", port: 443, servername: "{H}" }}, () => wire.write(
              `GET /preload/tls HTTP/1.1\\r\\nHost: {H}\\r\\nAuthorization: ${{headers.Authorization}}\\r\\nConnection: close\\r\\n\\r\\n`));
            wire.resume();
            https.get("https://localhost:{self.recorder.port}/preload/direct", {{ agent, headers, rejectUnauthorized: false }},
                      (answer) => answer.resume());"""])
        self.assertEqual(done.returncode, 0, done.stderr)
        came = {request.path: request.all("Authorization") for request in self.recorder.seen("/preload/")}
        self.assertEqual(came, {"/preload/own": [f"Bearer {V}"], "/preload/fetch": [f"Bearer {V}"], "/preload/tls": [f"Bearer {V}"],
                                "/preload/direct": [f"Bearer {P}"]})

    @unittest.skipUnless(shutil.which("node"), "Node is not installed")
    def test_without_the_preload_a_node_that_goes_past_the_proxy_is_told_of_before_it_runs(self):
        version = [int(n) for n in subprocess.run(["node", "--version"], capture_output=True, check=True).stdout[1:].split(b".")]
        is_old = not (version[0] > 24 or (version[0] == 24 and version[1] >= 5) or (version[0] == 22 and version[1] >= 21))
        done = self.home.run("run", "--no-preload", "--", "node", "-e", "console.error('begun', process.env.NODE_OPTIONS)", unlock=True)
        warning = done.stderr.find(b"go past the proxy")
        self.assertEqual(0 <= warning < done.stderr.find(b"begun undefined"), is_old, done.stderr)
        for words in (("--no-preload",), ("--format", "github")):
            done = self.home.run("env", *words)
            self.assertEqual(b"go past the proxy" in done.stderr, is_old, done.stderr)

    def test_clients_hold_a_CA_to_the_hosts_that_it_may_name(self):
        """[I11] Each of the six takes such a CA. Java takes every leaf of it: it asks no root for its constraints, which
        docs/threat-model.md says; should it begin to, that has to be mended there."""
        home = self.home.copy(self.scratch / "permit")
        home.must("ca", "init", "--permit", "example.test", unlock=True)
        authority = pki.Authority(self.scratch / "permit-ca", extensions=(
            "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
            "nameConstraints=critical,permitted;DNS:example.test,excluded;IP:0.0.0.0/0.0.0.0,excluded;IP:::/::\n"))
        shown = [subprocess.run(["openssl", "x509", "-in", str(root), "-noout", "-ext", "nameConstraints"], check=True,
                                capture_output=True).stdout for root in (home.ca, authority.certificate)]
        self.assertEqual(shown[0], shown[1])
        asked = set()
        for name, is_permitted in ((H, True), ("elsewhere.test", False)):
            leaf = authority.leaf([name])
            with LeafServer(leaf) as port:
                for who, command in verifiers(str(authority.certificate), str(leaf.certificate), name, port).items():
                    done = subprocess.run(command, capture_output=True, env=proxy.clean_environment(
                        GO111MODULE="off", GOCACHE=BUILD / "go-cache"), timeout=300, check=False)
                    is_good = is_permitted or who == "java"
                    self.assertEqual(done.returncode == 0, is_good, (who, name, done.stdout, done.stderr))
                    asked.add(who)
        missing = {"openssl", "python", "gnutls", "node", "go", "java"} - asked
        if missing:
            self.skipTest(f"not installed, and so not asked: {', '.join(sorted(missing))}")

    def test_acceptance_X01_an_unmodified_client_needs_only_the_environment(self):
        done = self.through_keyswap(["sh", "-c", f'curl -sS --fail -H "Authorization: Bearer $KEY_ONE" https://{H}/x01'])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.recorder.one("/x01").all("Authorization"), [f"Bearer {V}"])


if __name__ == "__main__":
    main()
