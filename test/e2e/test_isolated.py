# SPDX-License-Identifier: Apache-2.0
"""`keyswap run --isolated`: whatever the command tries, there is no way out but the proxy; and clients work as without it."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import unittest

from harness import proxy
from harness.case import H, K, P, V, X, OneProxy, main
from harness.packages import CLIENTS, installed

PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's python3-requests

# Tries ways past the proxy; prints how each of them ended: "ok", the error's name, or what was found.
BYPASS = r"""
import ctypes, errno, fcntl, glob, json, os, signal, socket, sys
given = json.loads(sys.argv[1])
found = {}
def tried(name):
    def run(attempt):
        if name not in given.get("only", [name]):
            return
        try:
            answer = attempt()
            found[name] = "ok" if answer is None else answer
        except socket.gaierror:
            found[name] = "no such name"
        except OSError as error:
            found[name] = errno.errorcode.get(error.errno, str(error))
    return run
def connect(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as made:
        made.settimeout(20)
        made.connect(address)
        if kind == socket.SOCK_DGRAM:
            made.send(b"out")
inet, inet6, unix = socket.AF_INET, socket.AF_INET6, socket.AF_UNIX
tried("tcp out")(lambda: connect(inet, ("192.0.2.1", 443)))
tried("tcp to a server here")(lambda: connect(inet, ("127.0.0.1", given["tcp"])))
tried("tcp to another address of here")(lambda: connect(inet, (given["own"], given["tcp"])))
tried("udp out")(lambda: connect(inet, ("192.0.2.1", 53), socket.SOCK_DGRAM))
tried("udp to a server here")(lambda: connect(inet, ("127.0.0.1", given["udp"]), socket.SOCK_DGRAM))
tried("ipv6 out")(lambda: connect(inet6, ("2001:db8::1", 443)))
tried("ipv6 to a server here")(lambda: connect(inet6, ("::1", given["tcp"])))
tried("abstract socket")(lambda: connect(unix, "\0" + given["abstract"]))
tried("socket in a folder")(lambda: connect(unix, given["path"]))
tried("datagram socket in a folder")(lambda: connect(unix, given["datagrams"], socket.SOCK_DGRAM))
tried("raw")(lambda: socket.socket(inet, socket.SOCK_RAW, socket.IPPROTO_ICMP).close())
tried("packet")(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close())
tried("vsock")(lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close())
tried("bound name")(lambda: socket.getaddrinfo(given["bound"], 443, type=socket.SOCK_STREAM)[0][4][0])
tried("bound name, by itself")(lambda: connect(inet, (given["bound"], 443)))
tried("unbound name")(lambda: socket.getaddrinfo(given["unbound"], 443))
tried("the proxy")(lambda: connect(inet, ("127.0.0.1", given["proxy"])))
tried("name server")(lambda: [line for line in open("/etc/resolv.conf").read().split("\n") if line.startswith("nameserver")][0])
tried("home")(lambda: sorted(os.listdir(given["home"])))
tried("passphrase")(lambda: open(given["password"]).read())
tried("a file made in the home")(lambda: open(given["home"] + "/clients/new", "w").close())
tried("run")(lambda: sorted(set(os.listdir("/run")) - {"systemd"}))
tried("user")(lambda: os.stat(given["mine"]).st_uid)
tried("a process outside")(lambda: os.kill(given["pid"], 0))
tried("the proxy's memory")(lambda: open("/proc/%d/mem" % given["pid"]).close())
tried("typing")(lambda: bool(fcntl.ioctl(0, 0x5412, b"x")))
libc = ctypes.CDLL(None, use_errno=True)
def again():
    if libc.unshare(0x10000000 | 0x00020000) != 0:
        return "none"
    if libc.umount2(given["home"].encode(), 2) == 0:
        return "uncovered"
    return sorted(os.listdir(given["home"]))
tried("namespaces of its own")(again)
found["variables"] = sorted(name for name in os.environ if name in given["variables"])
print(json.dumps(found))
"""

SOCKET_VARIABLES = ("SSH_AUTH_SOCK", "DOCKER_HOST", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")


class Listening:
    """Servers of this machine that nobody inside may reach; `reached` is what did."""

    def __init__(self, folder):
        self.reached = []
        self.path, self.datagrams, self.abstract = folder / "server.sock", folder / "log.sock", f"keyswap-test-{os.getpid()}"
        self.sockets = []
        self.tcp = self._listen("tcp", socket.AF_INET, ("0.0.0.0", 0)).getsockname()[1]
        self._listen("path", socket.AF_UNIX, str(self.path))
        self._listen("abstract", socket.AF_UNIX, "\0" + self.abstract)
        self.udp = self._listen("udp", socket.AF_INET, ("127.0.0.1", 0), socket.SOCK_DGRAM).getsockname()[1]
        self._listen("datagrams", socket.AF_UNIX, str(self.datagrams), socket.SOCK_DGRAM)

    def _listen(self, name, family, address, kind=socket.SOCK_STREAM):
        made = socket.socket(family, kind)
        made.bind(address)
        if kind == socket.SOCK_STREAM:
            made.listen()
        self.sockets.append(made)
        threading.Thread(target=self._take, args=(name, made, kind), daemon=True).start()
        return made

    def _take(self, name, made, kind):
        while True:
            try:
                made.accept()[0].close() if kind == socket.SOCK_STREAM else made.recv(100)
            except OSError:
                return
            self.reached.append(name)

    def close(self):
        for made in self.sockets:
            made.close()


class Isolated(OneProxy):
    hosts = (H,)
    secrets = {K: V}

    @classmethod
    def rules(cls):
        return {K: super().rules()[K]}

    def isolated(self, *words, options=(), binary=(), **more):
        environment = proxy.clean_environment(KEYSWAP_HOME=self.home.path, HOME=self.scratch, **more.pop("env", {}))
        done = subprocess.run([*binary, proxy.BINARY, "run", "--isolated", "--password-file", str(self.home.password_file), *options,
                               "--", *map(str, words)], capture_output=True, env=environment, timeout=120, check=False,
                              stdin=subprocess.DEVNULL, **more)
        self.note(f"{words} stdout", done.stdout)
        self.note(f"{words} stderr", done.stderr)
        return done

    def own_address(self):
        """An address of this machine that is not on its loopback, if it has one."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
            try:
                made.connect(("192.0.2.1", 9))
            except OSError:
                return "192.0.2.2"
            return made.getsockname()[0]

    def test_no_attempt_leads_past_the_proxy(self):
        """The attempts, and how each of them fails. What they would have reached is there, and reached from outside."""
        mine = self.scratch / "mine"
        mine.write_text("mine")
        listening = Listening(self.scratch)
        self.addCleanup(listening.close)
        given = {"tcp": listening.tcp, "udp": listening.udp, "own": self.own_address(), "path": str(listening.path),
                 "datagrams": str(listening.datagrams), "abstract": listening.abstract, "bound": H, "unbound": X,
                 "proxy": self.proxy.port, "home": str(self.home.path), "password": str(self.home.password_file),
                 "pid": self.proxy.pid, "mine": str(mine), "variables": SOCKET_VARIABLES}
        reachable = ("tcp to a server here", "udp to a server here", "abstract socket", "socket in a folder",
                     "datagram socket in a folder", "a process outside")
        outside = subprocess.run([sys.executable, "-c", BYPASS, json.dumps({**given, "only": [*reachable, "home"]})],
                                 capture_output=True, check=True, timeout=60, env=proxy.clean_environment())
        seen = json.loads(outside.stdout)
        for name in reachable:
            self.assertEqual(seen[name], "ok", "the attempt is none")
        self.assertIn("vault.db", seen["home"])
        end = threading.Event()
        while len(set(listening.reached)) < 5 and not end.wait(0.01):
            pass
        listening.reached.clear()

        done = self.isolated(PYTHON, "-c", BYPASS, json.dumps(given), env={name: "/run/x" for name in SOCKET_VARIABLES})
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        seen = json.loads(done.stdout)
        visible = ["bundle.pem", "ca.pem", "clients", "resolv.conf"]
        for name in ("ipv6 out", "ipv6 to a server here"):  # the last two where the kernel has no IPv6
            self.assertIn(seen.pop(name), ("ENETUNREACH", "ECONNREFUSED", "EADDRNOTAVAIL", "EAFNOSUPPORT"))
        self.assertEqual(seen, {
            "tcp out": "ENETUNREACH", "tcp to a server here": "ECONNREFUSED", "tcp to another address of here": "ENETUNREACH",
            "udp out": "ENETUNREACH", "udp to a server here": "ok",  # what UDP says; it went nowhere
            "abstract socket": "ECONNREFUSED", "socket in a folder": "ECONNREFUSED",
            "datagram socket in a folder": "ECONNREFUSED", "raw": "EPERM", "packet": "EAFNOSUPPORT", "vsock": "EAFNOSUPPORT",
            "bound name": "127.0.0.1", "bound name, by itself": "ECONNREFUSED", "unbound name": "no such name", "the proxy": "ok",
            "name server": "nameserver 127.0.0.1", "home": visible, "passphrase": "", "a file made in the home": "EROFS",
            "run": [], "a process outside": "ESRCH", "the proxy's memory": "ENOENT", "typing": "EPERM",
            "namespaces of its own": visible, "user": os.geteuid(), "variables": []})
        self.assertEqual(listening.reached, [], "somebody outside heard of it")

    def test_a_request_is_swapped_and_the_proxy_knows_whose_it_is(self):
        """[I2] The user is the one who ran it, though the connection comes of the relay."""
        done = self.isolated("sh", "-c", f'curl -sS --fail -H "Authorization: Bearer $KEY_ONE" https://{H}/isolated-curl')
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual(self.recorder.one("/isolated-curl").all("Authorization"), [f"Bearer {V}"])
        self.assertEqual(self.proxy.decision("/isolated-curl")["decision"], "allowed")

    def test_a_passphrases_file_is_hidden_also_where_another_way_opens_the_vault(self):
        reading, writing = os.pipe()
        os.close(writing)
        self.addCleanup(os.close, reading)
        done = subprocess.run([proxy.BINARY, "run", "--isolated", "--password-fd", str(reading), "--", "cat",
                               str(self.home.password_file)], capture_output=True, timeout=120, check=False, pass_fds=(reading,),
                              env=proxy.clean_environment(KEYSWAP_HOME=self.home.path, KEYSWAP_PASSWORD_FILE=self.home.password_file))
        self.assertEqual((done.returncode, done.stdout), (0, b""), done.stderr)

    def test_descriptors_that_lead_out_are_not_passed_on(self):
        """A socket, and a folder through which the covered home could be read; a pipe is the command's."""
        ours, theirs = socket.socketpair()
        folder = os.open(self.home.path, os.O_RDONLY)
        reading, writing = os.pipe()
        for number in (folder, reading, writing):
            self.addCleanup(os.close, number)
        with ours, theirs:
            given = (theirs.fileno(), folder, reading)
            look = f"for n in {' '.join(map(str, given))}; do test ! -e /proc/$$/fd/$n || echo $n; done"
            done = self.isolated("sh", "-c", look, pass_fds=given)
        self.assertEqual((done.returncode, done.stdout.decode()), (0, f"{reading}\n"), done.stderr)

    def test_a_long_body_both_ways(self):
        body = self.scratch / "body"
        body.write_bytes(os.urandom(3 << 20))
        self.recorder.on("/isolated-echo", lambda request, connection: connection.answer(body=request.body))
        done = self.isolated("sh", "-c", f'curl -sS --fail -H "Authorization: Bearer $KEY_ONE" --data-binary @{body} -o {body}.back '
                             f'https://{H}/isolated-echo && cmp {body} {body}.back')
        self.assertEqual(done.returncode, 0, done.stderr.decode())

    def test_python(self):
        for library in ("urllib", "requests"):
            done = self.isolated(PYTHON, CLIENTS / "client.py", library, f"https://{H}/isolated-{library}")
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            self.assertEqual(self.recorder.one(f"/isolated-{library}/get").all("Authorization"), [f"Bearer {V}"])

    def test_node(self):
        done = self.isolated("node", installed("http") / "client.mjs", "fetch", f"https://{H}/isolated-node")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual(self.recorder.one("/isolated-node/get").all("Authorization"), [f"Bearer {V}"])

    def test_git(self):
        commit = "0123456789abcdef0123456789abcdef01234567"
        self.recorder.on("/isolated-git/info/refs", lambda request, connection: connection.answer(
            body=f"{commit}\trefs/heads/main\n".encode(), headers=[("Content-Type", "text/plain")]))
        done = self.isolated("sh", "-c", f'git -c http.extraHeader="Authorization: Bearer $KEY_ONE" ls-remote '
                             f'https://{H}/isolated-git refs/heads/main', env={"GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"})
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertIn(commit.encode(), done.stdout)
        self.assertEqual(self.recorder.seen("/isolated-git/info/refs")[0].all("Authorization"), [f"Bearer {V}"])

    def test_npm(self):
        project = self.scratch / "project"
        project.mkdir()
        # npm takes the nearest folder upwards with one of these for the project's; a temporary folder's parents are anybody's.
        (project / "package.json").write_text("{}\n")
        (project / ".npmrc").write_text(f"registry=https://{H}/\n//{H}/:_authToken=${{KEY_ONE}}\n")
        version = {"name": "isolated-npm", "version": "1.2.3", "dist": {"tarball": f"https://{H}/x.tgz", "shasum": "0" * 40}}
        document = {"name": "isolated-npm", "dist-tags": {"latest": "1.2.3"}, "versions": {"1.2.3": version}}
        self.recorder.on("/isolated-npm", lambda request, connection: connection.answer(
            body=json.dumps(document).encode(), headers=[("Content-Type", "application/json")]))
        done = self.isolated("npm", "view", "isolated-npm", "version", "--fetch-retries=0", cwd=project, env={
            "npm_config_globalconfig": self.scratch / "none", "npm_config_cache": self.scratch / "cache",
            "npm_config_update_notifier": "false"})
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertIn(b"1.2.3", done.stdout)
        self.assertEqual(self.recorder.seen("/isolated-npm")[0].all("Authorization"), [f"Bearer {V}"])

    def test_status_and_signals_are_the_commands(self):
        for script, status in (("exit 7", 7), ("kill -TERM $$", 143), ("exit 0", 0)):
            self.assertEqual(self.isolated("sh", "-c", script).returncode, status, script)
        self.assertEqual(self.isolated("/nonexistent/program").returncode, 127)
        self.assertEqual(self.isolated(self.scratch).returncode, 126)
        environment = proxy.clean_environment(KEYSWAP_HOME=self.home.path)
        process = subprocess.Popen([proxy.BINARY, "run", "--isolated", "--", "sh", "-c",
                                    "trap 'exit 5' TERM; sleep 1000 & echo ready; wait"], stdout=subprocess.PIPE, env=environment)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 5)
        process.stdout.close()

    def test_all_of_it_ends_with_run(self):
        """What the command leaves behind, and all of it when `run` is killed: the pipe that they hold comes to its end."""
        done = self.isolated("sh", "-c", "sleep 1000 & echo left")
        self.assertEqual((done.returncode, done.stdout), (0, b"left\n"))
        process = subprocess.Popen([proxy.BINARY, "run", "--isolated", "--", "sh", "-c", "echo ready; sleep 1000"],
                                   stdout=subprocess.PIPE, env=proxy.clean_environment(KEYSWAP_HOME=self.home.path))
        self.assertEqual(process.stdout.readline(), b"ready\n")
        process.kill()
        self.assertEqual(process.stdout.read(), b"")
        process.stdout.close()
        process.wait()

    def test_a_proxy_that_run_starts_itself(self):
        home = self.copy_home(self.home, "started")
        done = subprocess.run([proxy.BINARY, "run", "--isolated", "--password-file", str(self.home.password_file), "--", "sh", "-c",
                               f'curl -sS --fail -H "Authorization: Bearer $KEY_ONE" https://{H}/isolated-own'], capture_output=True,
                              env=proxy.clean_environment(KEYSWAP_HOME=home.path), timeout=120, check=False)
        self.note("own proxy", done.stdout + done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual(self.recorder.one("/isolated-own").all("Authorization"), [f"Bearer {V}"])

    def test_where_it_cannot_be_isolated_it_is_not_run(self):
        """[I13] Namespaces that may have no further ones stand for a machine that gives its users none."""
        ran = self.scratch / "ran"
        script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" "$@"'
        done = self.isolated("touch", ran, binary=(shutil.which("unshare"), "-Ur", "sh", "-c", script))
        self.assertEqual(done.returncode, 3, done.stderr.decode())
        self.assertIn(b"cannot isolate a command here", done.stderr)
        self.assertFalse(ran.exists())
        hidden = pathlib.Path("/run") / f"keyswap-test-{os.getpid()}"
        if os.access("/run", os.W_OK):
            hidden.mkdir()
            self.addCleanup(hidden.rmdir)
            done = self.isolated("touch", ran, cwd=hidden)
            self.assertEqual(done.returncode, 3, done.stderr.decode())
            self.assertIn(b"is hidden from an isolated command", done.stderr)
            self.assertFalse(ran.exists())


if __name__ == "__main__":
    main()
