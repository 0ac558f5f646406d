# SPDX-License-Identifier: Apache-2.0
"""Who may come: callers' tokens on the forward proxy, the commands that give them out, `run` and `env`."""

import base64
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

from harness import client
from harness.case import H, H2, K, K2, P, P2, V, V2, X, OneProxy, bearer, main


def add_caller(home, name, command="add"):
    """Its token; what the command printed is not kept, because the token may be nowhere else."""
    done = home.must("caller", command, name, "--json", unlock=True)
    home.outputs[-2:] = [("caller stderr", done.stderr)]
    shown = json.loads(done.stdout)
    assert shown["name"] == name and set(shown) == {"name", "token"}, done.stdout
    return shown["token"]


# A CONNECT over a Unix socket, by a user of its own.
ASK_BY_SOCKET = """import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(f"CONNECT {sys.argv[2]} HTTP/1.1\\r\\nHost: {sys.argv[2]}\\r\\n\\r\\n".encode())
print(s.recv(65536).decode())
"""


def basic(name, token):
    return ("Proxy-Authorization", "Basic " + base64.b64encode(f"{name}:{token}".encode()).decode())


class Callers(OneProxy):
    more = {"callers": ["ci", "agent"]}

    @classmethod
    def rules(cls):
        return {K: bearer(), K2: bearer(K2, P2, (H2,), callers=["agent"])}

    @classmethod
    def make_home(cls, name="home", secrets=None):
        home = super().make_home(name, secrets)
        cls.tokens = {caller: add_caller(home, caller) for caller in ("ci", "agent", "guest", "gone")}
        # Searched for at the end like every other secret, in each spelling.
        cls.secrets = {**cls.secrets, **{f"token of {k}": v for k, v in cls.tokens.items()}}
        return home

    def connect_as(self, name, host=H, token=None):
        fields = [basic(name, token or self.tokens[name])] if name else []
        return self.proxy.connect(f"{host}:443", fields=fields)

    def tunnel_as(self, name, host=H):
        wire, answer = self.connect_as(name, host)
        self.assertEqual(answer.status, 200, answer)
        return client.start_tls(wire, host, self.home.ca)

    def ask_as(self, name, target, host=H, placeholder=P):
        with self.tunnel_as(name, host) as wire:
            wire.send(client.request_bytes("GET", target, host, [("Authorization", f"Bearer {placeholder}")]))
            return wire.response()

    def test_C26_without_a_token_nobody_comes_and_is_told_how(self):
        """CONNECT: 407, recorded before it is answered, and nothing reaches the upstream."""
        before = len(self.proxy.decisions(host=H))
        wire, answer = self.connect_as(None)
        with wire:
            self.refused(answer, 407, "caller_required")
            self.assertEqual(answer.get("Proxy-Authenticate"), 'Basic realm="keyswap"')
        found = self.proxy.await_decisions(host=H, count=before + 1)
        self.decided(found[-1], "refused", "caller_required")
        self.assertNotIn("caller", found[-1]["client"])

    def test_a_flood_of_one_stranger_is_one_record_a_second(self):
        """[I10] Every refusal is answered and counted; the disk does not fill. What a caller does is recorded one by one meanwhile."""
        count = 400
        running = self.start(self.copy_home(self.home, "flooded"))
        began = time.monotonic()
        with client.dial(running.port) as wire:
            for number in range(count):
                wire.send(f"CONNECT h{number}.example.test:443 HTTP/1.1\r\nHost: h{number}.example.test:443\r\n\r\n")
                self.assertEqual(wire.response().status, 407)
        name, value = basic("ci", self.tokens["ci"])
        for _ in range(20):
            with client.dial(running.port) as wire:
                wire.send(f"CONNECT {X}:443 HTTP/1.1\r\nHost: {X}:443\r\n{name}: {value}\r\n\r\n")
                self.assertEqual(wire.response().status, 403)
        took = time.monotonic() - began
        self.assertEqual(running.stop(), 0)
        found = [r for r in running.decisions(repeats=True) if re.match(r"h\d+\.example\.test", r["destination"]["host"])]
        self.assertEqual({r["reason"] for r in found}, {"caller_required"})
        self.assertEqual({r["client"]["uid"] for r in found}, {os.getuid()})
        self.assertEqual(sum(record.get("count", 1) for record in found), count)
        self.assertLess(len(found), took + 8)
        self.assertEqual(len(running.decisions(host=X)), 20)

    @unittest.skipUnless(os.geteuid() == 0, "being another user needs root")
    def test_another_user_of_the_machine_is_not_served_without_a_token(self):
        """[I16] Neither a secret nor a tunnel, also where nobody lists callers; whoever is named needs no token."""
        home = self.copy_home(self.home, "neighbours")
        content = {**self.document(), "unmatched_destination_policy": "forward_unmodified", "secrets": {K: bearer()}}
        del content["callers"]
        home.bindings(content)
        running = self.start(home)
        absolute = client.request_bytes("GET", f"https://{H}/neighbour", H, [("Authorization", f"Bearer {P}")])
        with client.as_user(client.NOBODY):
            for authority in (f"{H}:443", f"{X}:443"):
                wire, answer = running.connect(authority)
                with wire:
                    self.refused(answer, 407, "user_not_allowed")
                    self.assertEqual(answer.get("Proxy-Authenticate"), 'Basic realm="keyswap"')
            self.refused(running.raw(absolute), 407, "user_not_allowed")
        self.assertEqual(self.recorder.seen("/neighbour"), [])
        self.decided(running.decision("/neighbour"), "refused", "user_not_allowed")  # the last of three
        found = [r for r in running.decisions(repeats=True) if r["reason"] == "user_not_allowed"]
        self.assertEqual([r["client"]["uid"] for r in found], [client.NOBODY] * 3)
        self.assertTrue(running.await_stderr(f"a client of user {client.NOBODY} was not served"))

        def asks(path, user, *fields):
            with client.as_user(user):
                answer = running.raw(client.request_bytes("GET", f"https://{H}{path}", H, [("Authorization", f"Bearer {P}"), *fields]))
            self.note("answer", answer.raw_head + answer.body)
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(self.recorder.one(path).all("Authorization"), [f"Bearer {V}"])
        asks("/own-user", 0)
        asks("/with-a-token", client.NOBODY, basic("ci", self.tokens["ci"]))
        home.bindings({**content, "allow_users": [client.NOBODY]})
        running.reload()
        asks("/allowed", client.NOBODY)

    @unittest.skipUnless(os.geteuid() == 0, "being another user needs root")
    def test_another_user_who_takes_all_connections_leaves_them_to_those_who_may_come(self):
        """[I10] He opens more than there are, and says nothing on them; one who shows a token takes none of his few."""
        home = self.copy_home(self.home, "crowded")
        content = {**self.document(), "secrets": {K: bearer()}}
        del content["callers"]
        home.bindings(content)
        running = self.start(home, preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)))
        asked = [("Authorization", f"Bearer {P}")]
        with contextlib.ExitStack() as crowd:
            wires = []
            with client.as_user(client.NOBODY):
                proven, answer = running.connect(f"{H}:443", fields=[basic("ci", self.tokens["ci"])])
                crowd.enter_context(proven)
                self.assertEqual(answer.status, 200)
                for _ in range(100):
                    wires.append(crowd.enter_context(client.dial(running.port, 5)))
            # As many at once as there are places, and behind them one who may come.
            os.kill(running.pid, signal.SIGSTOP)
            with client.as_user(client.NOBODY):
                for _ in range(300):
                    wires.append(crowd.enter_context(client.dial(running.port, 60)))
            behind = crowd.enter_context(client.dial(running.port, 60))
            behind.send(f"CONNECT {H}:443 HTTP/1.1\r\nHost: {H}:443\r\n\r\n")
            os.kill(running.pid, signal.SIGCONT)
            self.assertEqual(behind.head().status, 200)
            for wire in wires[-20:]:
                self.refused(wire.response(), 503, "too_busy")
            for turn in range(20):
                answer = running.ask(H, target=f"/crowded/{turn}", headers=asked)
                self.note("answer", answer.raw_head + answer.body)
                self.assertEqual(answer.status, 200)
        refused = [r for r in running.decisions(repeats=True) if r["reason"] == "too_busy"]
        self.assertEqual({r["client"]["uid"] for r in refused}, {client.NOBODY})
        self.assertEqual(running.stop(), 0)

    def test_a_client_may_try_again_on_the_same_connection(self):
        """What curl --proxy-anyauth does: 407 first, then the token."""
        with client.dial(self.proxy.port) as wire:
            wire.send(f"CONNECT {H}:443 HTTP/1.1\r\nHost: {H}:443\r\n\r\n")
            self.refused(wire.response(), 407, "caller_required")
            name, value = basic("ci", self.tokens["ci"])
            wire.send(f"CONNECT {H}:443 HTTP/1.1\r\nHost: {H}:443\r\n{name}: {value}\r\n\r\n")
            self.assertEqual(wire.head().status, 200)

    def test_the_record_names_the_caller_and_the_token_stays_here(self):
        answer = self.ask_as("ci", "/named")
        self.assertEqual(answer.status, 200)
        seen = self.recorder.one("/named")
        self.assertEqual(seen.all("Authorization"), [f"Bearer {V}"])
        self.assertNotIn(b"roxy-", seen.raw_head)
        record = self.proxy.decision("/named")
        self.decided(record, "allowed", "binding_matched", K)
        self.assertEqual(record["client"]["caller"], "ci")

    def test_a_false_claim_is_none(self):
        """Another's name, another's token, a token nobody gave out, two claims."""
        forged = self.tokens["ci"][:-1] + ("A" if self.tokens["ci"][-1] != "A" else "B")
        for claims in ([basic("ci", self.tokens["agent"])], [basic("agent", self.tokens["ci"])], [basic("ci", forged)],
                       [basic("nobody", "kswc_nobody." + "A" * 43)], [("Proxy-Authorization", "Basic !!")],
                       [basic("ci", self.tokens["ci"]), basic("agent", self.tokens["agent"])]):
            with self.subTest(len(claims)):
                wire, answer = self.proxy.connect(f"{H}:443", fields=claims)
                with wire:
                    self.refused(answer, 407, "caller_required")

    def test_a_caller_that_the_bindings_do_not_list_is_not_let_in(self):
        wire, answer = self.connect_as("guest")
        with wire:
            self.refused(answer, 403, "caller_not_allowed")
        found = [r for r in self.proxy.await_decisions(host=H) if r["client"].get("caller") == "guest"]
        self.decided(found[-1], "refused", "caller_not_allowed")

    def test_a_binding_serves_the_callers_it_names(self):
        answer = self.ask_as("agent", "/agents", H2, P2)
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.recorder.one("/agents").get("Authorization"), f"Bearer {V2}")
        answer = self.ask_as("ci", "/not-for-ci", H2, P2)
        self.refused(answer, 403, "caller_not_allowed")
        self.assertEqual(self.recorder.seen("/not-for-ci"), [])
        record = self.proxy.decision("/not-for-ci")
        self.decided(record, "refused", "caller_not_allowed", K2)
        self.assertEqual(record["client"]["caller"], "ci")

    def test_absolute_form_asks_each_request(self):
        request = f"GET https://{H}/absolute%s HTTP/1.1\r\nHost: {H}\r\nAuthorization: Bearer {P}\r\n%s\r\n"
        name, value = basic("agent", self.tokens["agent"])
        with client.dial(self.proxy.port) as wire:
            wire.send(request % ("-1", f"{name}: {value}\r\n"))
            self.assertEqual(wire.response().status, 200)
            wire.send(request % ("-2", ""))
            self.refused(wire.response(), 407, "caller_required")
        self.assertEqual(self.proxy.decision("/absolute-1")["client"]["caller"], "agent")
        self.assertNotIn("caller", self.proxy.decision("/absolute-2")["client"])
        self.assertNotIn(b"roxy-", self.recorder.one("/absolute-1").raw_head)
        self.assertEqual(self.recorder.seen("/absolute-2"), [])

    def test_health_needs_no_token(self):
        answer = self.proxy.raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertEqual(answer.status, 200)

    def test_a_removed_caller_is_nobody_at_once_also_in_its_tunnel(self):
        home = self.copy_home(self.home, "removing")
        home.bindings({**self.document(), "callers": ["gone"], "secrets": {K: bearer()}})
        running = self.start(home)
        fields = [basic("gone", self.tokens["gone"])]

        def connect():
            wire, answer = running.connect(f"{H}:443", fields=fields)
            return wire, answer

        wire, answer = connect()
        self.assertEqual(answer.status, 200)
        with client.start_tls(wire, H, home.ca) as tunnel:
            tunnel.send(client.request_bytes("GET", "/still-here", H))
            self.assertEqual(tunnel.response().status, 200)
            home.must("caller", "remove", "gone", unlock=True)

            def is_refused():
                again, refusal = connect()
                again.close()
                return refusal.status == 407

            self.assertTrue(self.recorder.wait(is_refused))
            tunnel.send(client.request_bytes("GET", "/gone", H, [("Authorization", f"Bearer {P}")]))
            self.refused(tunnel.response(), 403, "caller_not_allowed")
        self.assertEqual(self.recorder.seen("/gone"), [])

    # --- where it listens ---
    def test_F42_a_container_reaches_a_proxy_that_asks_for_tokens(self):
        """Beyond loopback: with a token, and with nothing else. A reload that would open it to all changes nothing."""
        home = self.copy_home(self.home, "beyond")
        home.bindings({**self.document(), "secrets": {K: bearer()}})
        running = self.start(home, listen="0.0.0.0:0")
        self.assertEqual(running.address, f"127.0.0.1:{running.port}")
        self.assertEqual(running.ready["listen"], [f"0.0.0.0:{running.port}"])

        def come(*fields):
            wire = client.Wire(socket.create_connection((client.address_of_this_machine(), running.port)))
            return client.connect_on(wire, f"{H}:443", fields=fields)

        wire, answer = come()
        with wire:
            self.refused(answer, 407, "caller_required")
        for target in ("/healthz", "/"):  # by the name that its container engine or its service gave it
            with client.Wire(socket.create_connection((client.address_of_this_machine(), running.port))) as wire:
                wire.send(client.request_bytes("GET", target, "keyswap.internal:8472"))
                seen = wire.response()
                self.note("page", seen.raw_head + seen.body)
                if client.address_of_this_machine() != "127.0.0.1":
                    self.assertEqual(seen.status, 200, seen)
                    self.assertEqual(b"HTTPS_PROXY=http://keyswap.internal:8472\n" in seen.body, target == "/")
        wire, answer = come(basic("ci", self.tokens["ci"]))
        self.assertEqual(answer.status, 200)
        with client.start_tls(wire, H, home.ca) as tunnel:
            tunnel.send(client.request_bytes("GET", "/from-a-container", H, [("Authorization", f"Bearer {P}")]))
            self.assertEqual(tunnel.response().status, 200)
        self.assertEqual(self.recorder.one("/from-a-container").all("Authorization"), [f"Bearer {V}"])
        self.assertEqual(running.decision("/from-a-container")["client"]["caller"], "ci")

        content = {**self.document(), "secrets": {K: bearer()}}
        del content["callers"]
        home.bindings(content)
        self.assertIs(running.reload()["accepted"], False)
        self.assertTrue(running.await_stderr("refused to listen on 0.0.0.0"))
        wire, answer = come()
        with wire:
            self.refused(answer, 407, "caller_required")
        self.assertEqual(running.stop(), 0)
        home.bindings({**self.document(), "secrets": {K: bearer()}})
        there = self.start(home, listen=f"{client.address_of_this_machine()}:0")  # and nowhere else
        self.assertEqual(json.loads(home.must("status", "--json").stdout)["health"], "ok")
        self.assertEqual(there.stop(), 0)
        home.bindings(content)
        refused = home.run("serve", "--listen", "127.0.0.1:0", "--listen", "0.0.0.0:0", unlock=True)
        self.assertEqual((refused.returncode, refused.stdout), (2, b""), refused.stderr)
        self.assertIn(b"callers: [NAME]", refused.stderr)

    def test_a_unix_socket_serves_by_its_peers_user(self):
        """[I16] As loopback does: our own user, others not; it is in the ready line and the record, and gone at the end."""
        home = self.copy_home(self.home, "socket")
        content = {**self.document(), "secrets": {K: bearer(route="one")}}
        del content["callers"]
        home.bindings(content)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="keyswap-socket-"))
        self.addCleanup(shutil.rmtree, folder, True)
        folder.chmod(0o755)
        path = folder / "proxy.sock"
        running = self.start(home, options=["--listen", f"unix:{path}", "--socket-mode", "0666"])
        self.assertEqual(running.ready["listen"], [running.address, f"unix:{path}"])
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o666)
        refused = self.copy_home(self.home, "second").run("serve", "--listen", f"unix:{path}", unlock=True)
        self.assertEqual(refused.returncode, 3, refused.stderr)
        self.assertIn(b"in use by another program", refused.stderr)

        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(path))
        wire, answer = client.connect_on(client.Wire(sock), f"{H}:443")
        self.assertEqual(answer.status, 200)
        with client.start_tls(wire, H, home.ca) as tunnel:
            tunnel.send(client.request_bytes("GET", "/by-socket", H, [("Authorization", f"Bearer {P}")]))
            self.assertEqual(tunnel.response().status, 200)
        self.assertEqual(self.recorder.one("/by-socket").all("Authorization"), [f"Bearer {V}"])
        self.assertEqual(running.decision("/by-socket")["client"], {"addr": "unix", "uid": os.getuid()})

        # What curl knows as a Unix socket is the server's, which is what the reverse routes are for.
        config = self.inputs / "curl"
        config.write_text(f'header = "Keyswap-Caller: {self.tokens["ci"]}"\n')
        done = subprocess.run(["curl", "-sS", "-K", config, "--unix-socket", path, "http://localhost/proxy/one/by-route"],
                              capture_output=True, timeout=30, check=False)
        self.assertEqual(done.stdout, b"recorded", done.stderr)
        self.assertEqual(self.recorder.one("/by-route").all("Authorization"), [f"Bearer {V}"])

        if os.geteuid() == 0:
            done = subprocess.run([sys.executable, "-c", ASK_BY_SOCKET, path, f"{H}:443"], capture_output=True, timeout=30,
                                  check=False, user=client.NOBODY)
            self.assertIn(b"HTTP/1.1 407", done.stdout, done.stderr)
            self.assertIn(b"user_not_allowed", done.stdout)
        self.assertEqual(running.stop(), 0)
        self.assertFalse(path.exists())

    # --- the commands ---
    def test_a_token_is_shown_once_and_a_caller_added_once(self):
        again = self.home.run("caller", "add", "ci", unlock=True)
        self.assertEqual(again.returncode, 1)
        self.assertIn(b"there is a caller ci already", again.stderr)
        listed = self.home.must("caller", "list", "--json", unlock=True)
        self.assertLessEqual({"ci", "agent", "guest"}, {entry["name"] for entry in json.loads(listed.stdout)})
        self.assertNotIn(b"kswc_", listed.stdout + again.stdout + again.stderr)
        self.assertEqual(self.home.run("caller", "remove", "nobody", unlock=True).returncode, 1)
        bad = self.home.run("caller", "add", "a/b", unlock=True)
        self.assertEqual(bad.returncode, 2)
        # A caller is no secret of anybody's: requests cannot call for it.
        self.assertNotIn(b"caller.", self.home.must("secret", "list", unlock=True).stdout)

    def test_a_token_that_was_just_given_is_good_at_once(self):
        home = self.copy_home(self.home, "adding")
        running = self.start(home)
        for turn in range(3):
            home.must("caller", "remove", "ci", unlock=True)
            token = add_caller(home, "ci")
            type(self).secrets[f"token {turn}"] = token
            wire, answer = running.connect(f"{H}:443", fields=[basic("ci", token)])
            with wire:
                self.assertEqual(answer.status, 200)
        self.assertEqual(running.stop(), 0)

    def test_a_rotated_token_is_good_no_more(self):
        home = self.copy_home(self.home, "rotating")
        fresh = add_caller(home, "ci", "rotate")
        type(self).secrets["new token"] = fresh
        self.assertNotEqual(fresh, self.tokens["ci"])
        running = self.start(home)
        for token, status in ((self.tokens["ci"], 407), (fresh, 200)):
            wire, answer = running.connect(f"{H}:443", fields=[basic("ci", token)])
            with wire:
                self.assertEqual(answer.status, status)

    # --- run and env ---
    def command(self, *words, token=None):
        """What it printed is not kept: it holds the token on purpose."""
        done = self.home.run(*words, env={"KEYSWAP_CALLER_TOKEN": token} if token else None)
        del self.home.outputs[-2:]
        return done

    def test_env_carries_the_token_it_is_given(self):
        done = self.command("env", "--json", "--caller", "ci", token=self.tokens["ci"])
        self.assertEqual(done.returncode, 0, done.stderr)
        variables = json.loads(done.stdout)
        wanted = f"http://ci:{self.tokens['ci']}@{self.proxy.address}"
        for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"):
            self.assertEqual(variables[name], wanted)
        self.assertEqual(variables["KEYSWAP_CALLER_TOKEN"], self.tokens["ci"])

    def test_env_says_what_is_missing_and_makes_nothing_up(self):
        for words, token, what in (((), None, b"no caller's token is given"),
                                   (("--caller", "ci"), None, b"there is no token for the caller ci"),
                                   (("--caller", "ci"), self.tokens["agent"], b"that of the caller agent"),
                                   ((), self.tokens["guest"], b"do not list the caller guest"),
                                   ((), "hunter2", b"no caller's token")):
            with self.subTest(words):
                done = self.command("env", *words, token=token)
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertEqual(done.stdout, b"")
                self.assertIn(what, done.stderr)
                self.assertNotIn((token or "kswc_").encode(), done.stderr)

    def test_run_lets_its_command_come_as_the_caller(self):
        """X01 an unmodified client: curl with nothing but the variables."""
        file = self.inputs / "token"
        file.write_text(self.tokens["ci"] + "\n")
        file.chmod(0o600)
        done = self.command("run", "--caller", "ci", "--caller-token-file", file, "--", "curl", "-sS",
                            f"https://{H}/by-run", "-H", f"Authorization: Bearer {P}")
        self.assertEqual((done.returncode, done.stdout), (0, b"recorded"), done.stderr)
        self.assertEqual(self.proxy.decision("/by-run")["client"]["caller"], "ci")

    def test_doctor_and_serve_name_a_caller_without_a_token(self):
        home = self.copy_home(self.home, "unknown")
        home.bindings({**self.document(), "callers": ["ci", "agent", "newcomer"]})
        running = self.start(home)
        self.assertTrue(running.await_stderr("the caller newcomer"))
        told = home.run("doctor", "--quick", unlock=True).stdout
        self.assertIn(b"newcomer", told)
        self.assertIn(b"callers with a token", told)


if __name__ == "__main__":
    main()
