# SPDX-License-Identifier: Apache-2.0
"""The management listener from outside: who gets in, what a browser may be made to do, secrets that are changed."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import stat
import time
import unittest

from harness import client
from harness.case import H, H2, K, K2, P, P2, V, V2, Case, bearer, document, main, row

AUTH = [("Authorization", f"Bearer {P}")]
AUTH2 = [("Authorization", f"Bearer {P2}")]
PASSWORD = "eleven right horses"
DESCRIPTION = pathlib.Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
OPEN = {("GET", "/api/auth/status"), ("POST", "/api/auth/setup"), ("POST", "/api/auth/login")}
JSON = ("Content-Type", "application/json")
FIELDS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
          "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
          "Cross-Origin-Opener-Policy": "same-origin"}


def routes():
    """(method, path, scope) of docs/openapi.yaml, which a unit test holds against the table of routes."""
    found, path, method = [], "", ""
    for line in DESCRIPTION.read_text().splitlines():
        if line == "components:":
            break
        if line.startswith("  /"):
            path = line.strip().rstrip(":")
        elif re.fullmatch(r"    (get|post|put|delete):", line):
            method = line.strip().rstrip(":").upper()
        elif line.startswith("      summary:"):
            scope = re.search(r"scope (view|approve|admin)", line)
            found.append((method, path, scope.group(1) if scope else "open"))
    return found


class Managed(Case):
    """A home whose management password is set, and its log begun; each class of tests has copies of it."""

    secrets = {K: V, K2: V2, "the management password": PASSWORD}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, identity = cls.make_pki([H, H2])
        cls.recorder = cls.make_recorder(identity)
        cls.template = cls.make_home(secrets={K: V})
        cls.template.bindings(cls.policy())
        cls.managed = cls.serve(cls.template)
        cls.code = cls.template.must("manage", "setup", unlock=True).stdout.decode().split()[0]

    @classmethod
    def policy(cls, **scope):
        return document({K: bearer(**scope), K2: bearer(K2, P2, (H2,))}, recorder=cls.recorder, hosts=(H, H2),
                        root=cls.authority.certificate)

    @classmethod
    def serve(cls, home, **options):
        running = cls.start(home, options=("--manage", "127.0.0.1:0"), **options)
        running.managed = int(running.ready["manage"].rsplit(":", 1)[1])
        return running

    @classmethod
    def set_up(cls, running, code):
        answer = cls.say(running, "POST", "/api/auth/setup", {"password": PASSWORD, "confirm": PASSWORD, "code": code})
        assert answer.status == 200, answer

    # --- as a client of the listener ---
    @classmethod
    def say(cls, running, method, target, body=None, token=None, fields=(), host=None, **options):
        """One request on a connection of its own. `body`: an object, sent as JSON."""
        fields = list(fields)
        text = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if token:
            fields.append(("Authorization", f"Bearer {token}"))
        if body is not None and not any(name == "Content-Type" for name, _ in fields):
            fields.append(JSON)
        with client.dial(running.managed) as wire:
            wire.send(client.request_bytes(method, target, host or f"127.0.0.1:{running.managed}", fields, text, **options))
            answer = wire.response(method)
        if answer is not None and b"fn_sess_" not in answer.body:
            cls.outputs.append((f"{method} {target}", answer.raw_head + answer.body))
        return answer

    @classmethod
    def log_in(cls, running, scope="admin", password=PASSWORD):
        return cls.say(running, "POST", "/api/auth/login", {"password": password, "scope": scope})

    @classmethod
    def token(cls, running, scope="admin"):
        answer = cls.log_in(running, scope)
        assert answer.status == 200, answer
        return json.loads(answer.body)["token"]

    def failed(self, answer, status, error=None):
        self.assertIsNotNone(answer, "the connection ended without an answer")
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.get("Content-Type"), "application/problem+json")
        problem = json.loads(answer.body)
        self.assertEqual(problem["status"], status)
        self.assertEqual(problem["error"], problem["detail"])
        if error is not None:
            self.assertEqual(problem["error"], error)
        return problem

    def done(self, answer, status=200):
        self.assertIsNotNone(answer, "the connection ended without an answer")
        self.assertEqual(answer.status, status, answer)
        return json.loads(answer.body)


class SetUp(Managed):
    """Before there is a password."""

    def test_acceptance_F40_setup_wants_its_code_and_happens_once(self):
        """[I13] Also of two at the same time one."""
        running = self.managed

        def body(**more):
            return {"password": PASSWORD, "confirm": PASSWORD, "code": self.code, **more}

        def set_up(**more):
            return self.say(running, "POST", "/api/auth/setup", body(**more))

        told = self.done(self.say(running, "GET", "/api/auth/status"))
        self.assertEqual((told["initialized"], told["authenticated"]), (False, False))
        self.assertEqual(self.template.run("manage", "status", unlock=True).returncode, 1)
        self.failed(set_up(code="A" * 43), 401)
        self.failed(set_up(password="seven77", confirm="seven77"), 400, "password must be at least 8 characters")
        self.failed(set_up(confirm=PASSWORD + "s"), 400, "passwords do not match")
        self.failed(set_up(more=1), 400)
        self.failed(self.log_in(running), 401)  # nothing lets in before
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = [asked.result() for asked in [pool.submit(set_up) for _ in range(2)]]
        self.assertEqual(sorted(answer.status for answer in answers), [200, 409], answers)
        self.failed(set_up(), 409, "password already configured")
        self.assertEqual(self.template.run("manage", "setup", unlock=True).returncode, 1)
        self.assertIn(str(running.managed), self.template.must("manage", "status", unlock=True).stdout.decode())
        token = self.token(running)
        told = self.done(self.say(running, "GET", "/api/auth/status", token=token))
        self.assertEqual((told["initialized"], told["authenticated"], told["scope"]), (True, True, "admin"))
        # Forgotten, with who is logged in; the next password is another's.
        self.template.must("manage", "disable", unlock=True)
        end = time.monotonic() + 10
        while self.say(running, "GET", "/api/status", token=token).status == 200 and time.monotonic() < end:
            time.sleep(0.01)
        self.failed(self.say(running, "GET", "/api/status", token=token), 401, "invalid or expired session token")
        self.failed(self.log_in(running), 401)
        first, second = (self.template.must("manage", "setup", unlock=True).stdout.decode().split()[0] for _ in range(2))
        self.failed(set_up(code=first), 401)  # the newer takes its place
        self.done(set_up(code=second))
        self.failed(self.say(running, "GET", "/api/status", token=token), 401)

    def test_a_listener_beyond_this_machine_is_refused(self):
        """[I12] On the command line and in the bindings."""
        home = self.copy_home(self.template, "remote")
        for options, more in ((("--manage", "0.0.0.0:0"), {}), (("--manage", "[::]:0"), {}),
                              ((), {"manage": {"listen": "0.0.0.0:0"}}), ((), {"manage": {"allow_remote": True}})):
            with self.subTest(options=options, **more):
                home.bindings({**self.policy(), **more})
                refused = self.start(home, wait=False, options=options)
                self.assertEqual(refused.process.wait(60), 2)
                refused._finish()
        home.bindings({**self.policy(), "manage": {"listen": "127.0.0.1:0"}})
        running = self.start(home)
        running.managed = int(running.ready["manage"].rsplit(":", 1)[1])
        self.done(self.say(running, "GET", "/api/auth/status"))
        self.assertEqual(running.stop(), 0)


class Sessions(Managed):
    """Logging in and out. Each test has a proxy of its own: failures count for a whole listener."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up(cls.managed, cls.code)
        assert cls.managed.stop() == 0

    def setUp(self):
        self.home = self.copy_home(self.template, self._testMethodName)
        self.running = self.serve(self.home)

    def status_of(self, token, **options):
        return self.say(self.running, "GET", "/api/status", token=token, **options).status

    def test_acceptance_F39_five_bad_logins_close_it_for_the_right_password_too(self):
        """Of fifty at once at most five are hashed; how often one may guess does not depend on who guesses."""
        token = self.token(self.running)
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            asked = [pool.submit(self.log_in, self.running, password="wrong horse") for _ in range(50)]
            answers = [answer.result() for answer in asked]
        statuses = [answer.status for answer in answers]
        self.assertEqual((statuses.count(401), statuses.count(429)), (5, 45))
        self.assertGreaterEqual(time.monotonic() - began, 5)  # the last of the five waits so long for its answer
        for answer in answers:
            if answer.status == 401:
                self.failed(answer, 401, "invalid password")
        refused = self.log_in(self.running)
        problem = self.failed(refused, 429)
        self.assertTrue(0 < problem["retry_after_seconds"] <= 60, problem)
        self.assertEqual(refused.get("Retry-After"), str(problem["retry_after_seconds"]))
        self.assertEqual(self.status_of(token), 200)  # who is in stays in
        told = [(r["action"], r["outcome"]) for r in self.running.records() if r["type"] == "managed"]
        self.assertEqual(told.count(("login", "refused")), 5)

    def test_acceptance_F39_a_session_ends_by_logout_by_a_sixth_and_by_a_restart(self):
        tokens = [self.token(self.running) for _ in range(6)]
        self.assertEqual([self.status_of(token) for token in tokens], [401] + [200] * 5)
        self.assertRegex(tokens[0], r"^fn_sess_[0-9a-f]{64}$")
        logout = [self.say(self.running, "POST", "/api/auth/logout", {}, token=tokens[1]) for _ in range(2)]
        self.assertEqual(json.loads(logout[0].body), {"success": True})
        self.failed(logout[1], 401, "invalid or expired session token")
        sessions = self.done(self.say(self.running, "GET", "/api/auth/sessions", token=tokens[2]))
        self.assertEqual(len(sessions), 4)
        self.done(self.say(self.running, "DELETE", f"/api/auth/sessions/{sessions[-1]['id']}", token=tokens[2]))
        self.assertEqual(self.status_of(tokens[5]), 401)
        self.failed(self.say(self.running, "DELETE", f"/api/auth/sessions/{sessions[-1]['id']}", token=tokens[2]), 404)
        self.assertEqual(self.running.stop(), 0)
        self.running = self.serve(self.home)
        self.assertEqual(self.status_of(tokens[2]), 401)
        for token in tokens:  # neither in what it said nor in its files
            self.assertNotIn(token.encode(), self.running.stdout + self.running.stderr)
            for file in self.home.path.rglob("*"):
                if file.is_file():
                    self.assertNotIn(token.encode(), file.read_bytes(), file)

    def test_acceptance_F40_a_token_counts_in_its_field_alone_and_whole(self):
        token = self.token(self.running)
        wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
        for name, target, fields in (
                row("another character", "", [("Authorization", f"Bearer {wrong}")]),
                row("shorter", "", [("Authorization", f"Bearer {token[:-1]}")]),
                row("no scheme", "", [("Authorization", token)]),
                row("Basic", "", [("Authorization", f"Basic {token}")]),
                row("twice", "", [("Authorization", f"Bearer {token}")] * 2),
                row("query", f"?token={token}", []),
                row("query, as the field", f"?Authorization=Bearer%20{token}", []),
                row("cookie", "", [("Cookie", f"session={token}; __Host-keyswap={token}")]),
                row("the agent's placeholder", "", AUTH)):
            with self.subTest(name):
                answer = self.say(self.running, "GET", "/api/status" + target, fields=fields)
                self.assertIn(answer.status, (400, 401) if name == "twice" else (401,))
        self.assertEqual(self.status_of(token), 200)

    def test_acceptance_F40_a_callers_token_is_none_here(self):
        caller = self.home.must("caller", "add", "agent", unlock=True).stdout.decode().split()[0]
        self.assertEqual(self.status_of(caller), 401)

    def test_acceptance_F40_each_route_wants_its_scope(self):
        """The walk over the table: 401 without a session everywhere but three, 403 for one that may too little."""
        table = routes()
        self.assertGreaterEqual(len(table), 12)
        self.assertEqual({(method, path) for method, path, scope in table if scope == "open"}, OPEN)
        viewer, admin = self.token(self.running, "view"), self.token(self.running)
        for method, path, scope in table:
            target = re.sub(r"\{\w+\}", "no-such-id", path)
            body = None if method in ("GET", "DELETE") else {}
            with self.subTest(method=method, path=path):
                stranger = self.say(self.running, method, target, body)
                if scope == "open":
                    self.assertNotEqual(stranger.status, 404)
                else:
                    self.failed(stranger, 401, "missing or invalid authorization header")
                if scope in ("approve", "admin"):
                    self.failed(self.say(self.running, method, target, body, token=viewer), 403)
        for method, target, body in (("GET", "/api/no-such", None), ("PUT", "/api/status", {}), ("GET", "/api", None)):
            self.failed(self.say(self.running, method, target, body), 401)
        self.failed(self.say(self.running, "GET", "/api/no-such", token=admin), 404)
        refused = self.say(self.running, "PUT", "/api/credentials", {}, token=admin)
        self.failed(refused, 405)
        self.assertEqual(refused.get("Allow"), "GET, HEAD, POST")

    def test_over_the_socket_of_its_owner_nobody_logs_in(self):
        self.assertEqual(self.running.stop(), 0)
        path = self.work / "manage.sock"
        running = self.start(self.home, options=("--manage", f"unix:{path}"))
        self.assertEqual(running.ready["manage"], f"unix:{path}")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)

        def ask(name):
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as sock:
                sock.connect(str(name))
                wire = client.Wire(sock)
                wire.send(client.request_bytes("GET", "/api/credentials", "localhost"))
                return wire.response()

        self.assertEqual([entry["name"] for entry in json.loads(ask(path).body)], [K])
        if os.geteuid() == 0:
            with client.as_user(client.NOBODY), self.assertRaises(PermissionError):
                ask(path)
        self.assertEqual(running.stop(), 0)
        self.assertFalse(path.exists())


class Browsers(Managed):
    """What pages of others may make a browser do (each rule once broken, once kept)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up(cls.managed, cls.code)
        cls.session = cls.token(cls.managed)

    def raw(self, *lines, body=b""):
        """What a client says that no library would."""
        with client.dial(self.managed.managed) as wire:
            wire.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            answer = wire.response()
        if answer is not None:
            self.note("answer", answer.raw_head + answer.body)
        return answer

    def test_only_the_names_of_this_listener_lead_to_it(self):
        """DNS rebinding: before anything else, for whatever path; the absolute form has to agree."""
        port = self.managed.managed
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"LocalHost:{port}", f"[::1]:{port}"):
            self.done(self.say(self.managed, "GET", "/api/auth/status", host=host))
        for host in (f"evil.test:{port}", f"127.0.0.1:{port}.evil.test", f"127.0.0.1.evil.test:{port}", "127.0.0.1",
                     f"127.0.0.1:{port + 1}", "localhost", f"localhost.:{port}", f"127.1:{port}", f"0.0.0.0:{port}",
                     f"[::ffff:127.0.0.1]:{port}"):
            for target in ("/api/auth/status", "/api/no-such"):
                with self.subTest(host=host, target=target):
                    answer = self.say(self.managed, "GET", target, host=host, token=self.session)
                    self.assertIn(answer.status, (421,))
        own, line = f"Host: 127.0.0.1:{port}", "GET /api/auth/status HTTP/1.1"
        self.assertIn(self.raw(line, own, own).status, (400, 421))
        self.assertIn(self.raw(line, own, f"Host: evil.test:{port}").status, (400, 421))
        self.assertIn(self.raw(line).status, (400, 421))
        self.assertIn(self.raw("GET /api/auth/status HTTP/1.0").status, (400, 421))
        absolute = f"GET http://127.0.0.1:{port}/api/auth/status HTTP/1.1"
        self.assertEqual(self.raw(absolute, own).status, 200)
        self.assertIn(self.raw(absolute, f"Host: localhost:{port}").status, (400, 421))
        self.assertIn(self.raw(f"GET http://evil.test:{port}/api/auth/status HTTP/1.1", own).status, (400, 421))
        self.assertIn(self.raw(f"GET http://evil.test:{port}/api/auth/status HTTP/1.1", f"Host: evil.test:{port}").status,
                      (421,))

    def test_no_other_origin_does_anything_here(self):
        """Another port of this machine is another origin, though SameSite takes it for the same site."""
        port = self.managed.managed
        own = f"http://127.0.0.1:{port}"
        for name, fields, reads, writes in (
                row("a program", [], 200, 202),
                row("the page", [("Origin", own), ("Sec-Fetch-Site", "same-origin")], 200, 202),
                row("the page, an old browser", [("Origin", own)], 200, 202),
                row("typed", [("Sec-Fetch-Site", "none")], 200, 403),
                row("null", [("Origin", "null")], 403, 403),
                row("another port", [("Origin", f"http://127.0.0.1:{port + 1}"), ("Sec-Fetch-Site", "same-site")], 403, 403),
                row("another port, no origin", [("Sec-Fetch-Site", "same-site")], 403, 403),
                row("another scheme", [("Origin", f"https://127.0.0.1:{port}")], 403, 403),
                row("another name of loopback", [("Origin", f"http://localhost:{port}")], 403, 403),
                row("suffix", [("Origin", f"{own}.evil.test")], 403, 403),
                row("prefix", [("Origin", f"http://evil.test/{own}")], 403, 403),
                row("two", [("Origin", own), ("Origin", "http://evil.test")], 403, 403),
                row("another site", [("Origin", own), ("Sec-Fetch-Site", "cross-site")], 403, 403)):
            with self.subTest(name):
                reading = self.say(self.managed, "GET", "/api/status", token=self.session, fields=fields)
                self.assertEqual(reading.status, reads, reading)
                writing = self.say(self.managed, "POST", "/api/reload", {}, token=self.session, fields=fields)
                self.assertEqual(writing.status, writes, writing)

    def test_a_form_is_no_request_of_the_page(self):
        """A body counts as JSON alone, which no form can send; a GET has none."""
        login = json.dumps({"password": PASSWORD}).encode()
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json2",
                     "text/plain;application/json", ""):
            with self.subTest(kind):
                fields = [("Content-Type", kind)]
                self.failed(self.say(self.managed, "POST", "/api/auth/login", login, fields=fields), 415)
        self.failed(self.say(self.managed, "POST", "/api/reload", token=self.session), 415)
        kinds = [("Content-Type", "text/plain"), JSON]
        self.assertIn(self.say(self.managed, "POST", "/api/auth/login", login, fields=kinds).status, (400, 415))
        charset = [("Content-Type", "application/json; charset=utf-8")]
        self.assertEqual(self.say(self.managed, "POST", "/api/auth/login", login, fields=charset).status, 200)
        self.failed(self.say(self.managed, "GET", "/api/status", {}, token=self.session), 400)

    def test_no_answer_may_be_read_kept_or_framed_by_others(self):
        """Refusals too; and no preflight is granted."""
        port = self.managed.managed
        asked = [("Origin", "http://evil.test"), ("Access-Control-Request-Method", "POST"),
                 ("Access-Control-Request-Private-Network", "true")]
        answers = [self.say(self.managed, "GET", "/api/status", token=self.session),
                   self.say(self.managed, "GET", "/api/status"),
                   self.say(self.managed, "GET", "/api/no-such", token=self.session),
                   self.say(self.managed, "GET", "/api/status", host=f"evil.test:{port}"),
                   self.say(self.managed, "OPTIONS", "/api/status", fields=asked),
                   self.say(self.managed, "OPTIONS", "/api/status", fields=[("Origin", f"http://127.0.0.1:{port}")])]
        self.assertEqual([answer.status for answer in answers], [200, 401, 404, 421, 403, 403])
        for answer in answers:
            for name, value in FIELDS.items():
                self.assertEqual(answer.all(name), [value], answer)
            rules = answer.get("Content-Security-Policy")
            for rule in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'",
                         "form-action 'none'", "require-trusted-types-for 'script'"):
                self.assertIn(rule, rules.split("; "))
            self.assertEqual([name for name, _ in answer.headers
                              if name.lower().startswith("access-control") or name.lower() == "set-cookie"], [])

    def test_who_sends_more_than_there_is_room_for_is_told(self):
        """[I10] Before anybody is asked; and who asks by HEAD gets no body."""
        with client.dial(self.managed.managed) as wire:
            wire.send(f"POST /api/credentials HTTP/1.1\r\nHost: 127.0.0.1:{self.managed.managed}\r\n"
                      f"Content-Length: {2 ** 20 + 1}\r\n\r\n")
            self.assertEqual(wire.response().status, 413)
        deep = b'{"password":' + b"[" * 1000 + b"]" * 1000 + b"}"
        self.failed(self.say(self.managed, "POST", "/api/auth/login", deep), 400)
        twice = b'{"password":"a","password":"b"}'
        self.failed(self.say(self.managed, "POST", "/api/auth/login", twice), 400)
        with client.dial(self.managed.managed) as wire:
            for method in ("HEAD", "GET"):  # on one connection
                wire.send(client.request_bytes(method, "/api/status", f"127.0.0.1:{self.managed.managed}",
                                               [("Authorization", f"Bearer {self.session}")]))
                self.assertEqual(wire.response(method).status, 200)


class Credentials(Managed):
    """Secrets: seen without a value, added, rotated, removed."""

    added = "sk-live-Aa1+Bb2/Cc3=Dd4%26Ee5&Ff6gG7hH8i"
    rotated = "sk-live-Rr9+Ss8/Tt7=Uu6%26Vv5&Ww4xX3yY2z"
    secrets = {**Managed.secrets, "the value added": added, "the value rotated to": rotated}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up(cls.managed, cls.code)
        assert cls.managed.stop() == 0

    def setUp(self):
        self.home = self.copy_home(self.template, self._testMethodName)

    def serve_and_log_in(self, **options):
        self.running = self.serve(self.home, **options)
        self.session = self.token(self.running)

    def ask_manager(self, method, target, body=None):
        return self.say(self.running, method, target, body, token=self.session)

    def listed(self):
        return {entry["name"]: entry for entry in self.done(self.ask_manager("GET", "/api/credentials"))}

    def ask_upstream(self, host, path, fields):
        answer = self.running.ask(host, "GET", path, fields)
        self.note("answer", answer.raw_head + answer.body)
        return answer

    def test_acceptance_F09_F13_each_is_listed_without_its_value(self):
        self.serve_and_log_in()
        entry = self.listed()[K]
        self.assertEqual({"id", "service", "name", "created_at", "last_used_at"} - set(entry), set())
        self.assertIsNone(entry["last_used_at"])
        self.assertEqual((entry["placeholder"], entry["bound"]), (P, True))
        for size in (8, 12):
            self.assertNotIn(V[:size], json.dumps(entry))
        self.assertEqual(self.ask_upstream(H, "/f13/first", AUTH).status, 200)
        first = self.listed()[K]["last_used_at"]
        self.assertGreaterEqual(first, entry["created_at"])
        end = time.monotonic() + 10
        while self.listed()[K]["last_used_at"] == first and time.monotonic() < end:
            self.assertEqual(self.ask_upstream(H, "/f13/again", AUTH).status, 200)
        self.assertGreater(self.listed()[K]["last_used_at"], first)

    def test_acceptance_F10_F11_F14_added_used_rotated_removed(self):
        """Each counts for the very next request; what is not there is refused by its name, and nothing is sent."""
        self.serve_and_log_in()
        self.refused(self.ask_upstream(H2, "/f14/before", AUTH2), 503, "secret_unavailable")
        new = {"service": " second ", "name": f" {K2} ", "key": f" {self.added}\n"}
        for missing in ("service", "name", "key"):
            for blank in ("", " \t\n"):
                problem = self.failed(self.ask_manager("POST", "/api/credentials", {**new, missing: blank}), 400)
                self.assertEqual(problem["error"], "service, name, and key are required")
            rest = {name: value for name, value in new.items() if name != missing}
            self.failed(self.ask_manager("POST", "/api/credentials", rest), 400)
        self.failed(self.ask_manager("POST", "/api/credentials", {**new, "more": 1}), 400)
        self.failed(self.ask_manager("POST", "/api/credentials", {**new, "key": "two\nlines"}), 400)
        entry = self.done(self.ask_manager("POST", "/api/credentials", new), 201)
        self.assertEqual((entry["service"], entry["name"], entry["last_used_at"]), ("second", K2, None))
        self.failed(self.ask_manager("POST", "/api/credentials", new), 409)
        self.assertEqual(self.ask_upstream(H2, "/f10", AUTH2).status, 200)
        self.assertEqual(self.recorder.seen("/f10")[0].get("Authorization"), f"Bearer {self.added}")
        self.done(self.ask_manager("POST", f"/api/credentials/{entry['id']}/rotate", {"key": self.rotated}))
        self.assertEqual(self.ask_upstream(H2, "/f10/rotated", AUTH2).status, 200)
        self.assertEqual(self.recorder.seen("/f10/rotated")[0].get("Authorization"), f"Bearer {self.rotated}")
        self.failed(self.ask_manager("POST", f"/api/credentials/{entry['id']}/rotate", {"key": " "}), 400)
        self.failed(self.ask_manager("POST", "/api/credentials/no-such/rotate", {"key": "a"}), 404, "credential not found")
        self.failed(self.ask_manager("DELETE", f"/api/credentials/{entry['id']}"), 409)  # a binding names it
        gone = self.ask_manager("DELETE", f"/api/credentials/{entry['id']}?force=true")
        self.assertEqual(self.done(gone), {"deleted": True})
        self.failed(self.ask_manager("DELETE", f"/api/credentials/{entry['id']}?force=true"), 404, "credential not found")
        problem = self.refused(self.ask_upstream(H2, "/f11/gone", AUTH2), 503, "secret_unavailable")
        self.assertIn(K2, problem["detail"])
        self.assertEqual(self.recorder.seen("/f11/") + self.recorder.seen("/f14/"), [])
        told = [(r["action"], r["outcome"], r["object"]) for r in self.running.records() if r["type"] == "managed"]
        self.assertEqual([one for one in told if one[0].startswith("secret_")],
                         [("secret_added", "begun", K2), ("secret_added", "failed", K2), ("secret_added", "begun", K2),
                          ("secret_rotated", "begun", K2), ("secret_removed", "begun", K2)])
        self.home.must("audit", "verify")

    def test_acceptance_F12_no_answer_holds_a_value_whatever_is_asked(self):
        """Each route, with each kind of body; all that it answers and writes is searched at the end."""
        self.serve_and_log_in()
        self.assertEqual(self.ask_upstream(H, "/f12", AUTH).status, 200)
        entry = self.listed()[K]
        statuses = set()
        for method, path, _ in routes():
            if path in ("/api/auth/logout", "/api/auth/login", "/api/audit/stream"):
                continue  # they would end the session, or the guesses, or do not end
            for value in (entry["id"], K):
                target = re.sub(r"\{\w+\}", value, path)
                bodies = [None] if method in ("GET", "DELETE") else [
                    {}, [], "text", {"key": None}, {"id": entry["id"]}, {"service": "s", "name": K, "key": "x"},
                    {"password": "p", "confirm": "q", "code": "r"}, b"{", b"\xff\xfe", b"null"]
                for body in bodies:
                    answer = self.ask_manager(method, target, body)
                    statuses.add(answer.status)
                    self.assertLess(answer.status, 500 if answer.status != 503 else 504, answer)
        self.assertTrue({200, 400, 409} <= statuses, statuses)
        self.assertEqual(self.ask_upstream(H, "/f12/after", AUTH).status, 200)
        self.assertEqual(self.recorder.seen("/f12/after")[0].get("Authorization"), f"Bearer {V}")

    def test_a_reload_from_there_is_one_as_any_other(self):
        """[I14] The new rule counts at once; a broken file leaves the old ones, and is told."""
        self.serve_and_log_in()

        def reload():
            before = len([r for r in self.running.records() if r["type"] == "reload"])
            self.done(self.ask_manager("POST", "/api/reload", {}), 202)
            told = self.running.await_record(lambda r: r["type"] == "reload")
            end = time.monotonic() + 10
            while len(told) <= before and time.monotonic() < end:
                told = self.running.await_record(lambda r: r["type"] == "reload")
            return told[-1]["accepted"]

        self.home.bindings(self.policy(methods=["POST"]))
        self.assertTrue(reload())
        self.assertEqual(self.ask_upstream(H, "/f38/new", AUTH).status, 200)
        self.assertEqual(self.running.decision("/f38/new")["reason"], "binding_scope_violation")
        before = self.done(self.ask_manager("GET", "/api/status"))["bindings"]["sha256"]
        self.home.bindings("version: [\n")
        self.assertFalse(reload())
        self.assertEqual(self.done(self.ask_manager("GET", "/api/status"))["bindings"]["sha256"], before)
        self.assertTrue(self.running.await_stderr("bindings.yaml:"))
        self.assertRegex(self.running.stderr.decode(), r"bindings\.yaml:\d+:\d+: error")

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_a_change_that_cannot_be_recorded_is_not_made(self):
        """[I6] [I13] A sync of the log fails: from then on nothing is added, and nobody is let in."""
        segment = self.home.audit / "audit-000001.jsonl"
        self.serve_and_log_in(ready_seconds=120, wrapper=[
            "strace", "-f", "-qq", "-o", os.devnull, "-P", str(segment), "-e", "trace=fdatasync", "-e",
            "inject=fdatasync:error=EIO:when=6"])
        statuses = []
        for turn in range(12):
            body = {"service": "s", "name": f"TURN_{turn}", "key": "some value of it"}
            statuses.append(self.ask_manager("POST", "/api/credentials", body).status)
        self.assertIn(503, statuses)
        first = statuses.index(503)
        self.assertEqual(set(statuses[:first]) | {201}, {201}, statuses)
        self.assertEqual(set(statuses[first:]), {503}, statuses)
        self.failed(self.log_in(self.running), 503)
        self.running.kill()
        names = self.home.must("secret", "list", "--json", unlock=True).stdout.decode()
        self.assertEqual([turn for turn in range(12) if f'"TURN_{turn}"' in names], list(range(first)))

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_the_record_of_a_change_is_on_disk_before_it_is_made(self):
        """[I6] By the order of the system calls: the log's sync comes before the vault is written."""
        log = self.scratch / "order.strace"
        self.serve_and_log_in(ready_seconds=120, wrapper=[
            "strace", "-f", "-yy", "-s", "100000", "-o", str(log), "-e", "trace=write,writev,pwrite64,fdatasync"])
        for turn in range(3):
            body = {"service": "s", "name": f"ORDER_{turn}", "key": "some value of it"}
            self.assertEqual(self.ask_manager("POST", "/api/credentials", body).status, 201)
        self.assertEqual(self.running.stop(), 0)
        lines = log.read_text(errors="replace").splitlines()

        def first(condition, begin=0):
            return next(n for n in range(begin, len(lines)) if condition(lines[n]))

        for turn in range(3):
            name = f"ORDER_{turn}"
            record = first(lambda line: "secret_added" in line and name in line)
            sync = first(lambda line: "fdatasync resumed" in line or
                         re.search(r"fdatasync\(\d+<[^>]*audit-\d+\.jsonl>\) ", line), record)
            vault = first(lambda line: "pwrite64(" in line and "vault.db" in line and name in line)
            self.assertLess(sync, vault, lines[record:vault + 1])


class Views(Managed):
    """The audit log, limits, sources and what becomes of a request: the same as the commands say."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up(cls.managed, cls.code)
        cls.session = cls.token(cls.managed)
        cls.viewer = cls.token(cls.managed, "view")
        for turn in range(3):
            assert cls.managed.ask(H, "GET", f"/views/{turn}", AUTH).status == 200
        assert cls.managed.ask(H2, "GET", "/views/=1+1", AUTH2).status == 503

    @classmethod
    def policy(cls, **scope):
        return super().policy(quota={"requests": 100, "per": "day"}, **scope)

    def get(self, target):
        return self.done(self.say(self.managed, "GET", target, token=self.viewer))

    def command(self, *words):
        return json.loads(self.template.must(*words, "--json").stdout)

    def test_acceptance_F41_the_log_is_paged_from_its_newest_record_back(self):
        """Each record as it stands in the log, none twice and none left out; each filter as the command has it."""
        there = self.managed.records()
        seen, target = [], "/api/audit?limit=3"
        while target:
            page = self.get(target)
            self.assertLessEqual(len(page["entries"]), 3)
            seen += page["entries"]
            target = f"/api/audit?limit=3&before={page['next']}" if page["next"] else None
        self.assertEqual([r for r in seen if r["seq"] <= len(there)], there[::-1])
        self.assertGreater(self.get("/api/audit")["signed_to"], 0)
        for query, wanted in (("secret=" + K, lambda r: r.get("secret") == K),
                              ("host=" + H2.upper(), lambda r: r.get("destination", {}).get("host") == H2),
                              ("decision=refused", lambda r: r.get("decision") == "refused"),
                              ("reason=secret_unavailable", lambda r: r.get("reason") == "secret_unavailable"),
                              ("type=managed", lambda r: r["type"] == "managed"),
                              ("host=nowhere.test", lambda r: False)):
            with self.subTest(query):
                found = [r for r in self.get(f"/api/audit?limit=200&{query}")["entries"] if r["seq"] <= len(there)]
                self.assertEqual(found, [r for r in there if wanted(r)][::-1])
        for query in ("before=x", "limit=-1", "decision=all", "from=yesterday", "path=/", "secret=%41", "secret=a&secret=b"):
            self.failed(self.say(self.managed, "GET", f"/api/audit?{query}", token=self.viewer), 400)

    def test_the_export_is_what_the_command_gives(self):
        answer = self.say(self.managed, "GET", "/api/audit/export?decision=refused", token=self.viewer)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.get("Content-Type"), "text/csv; charset=utf-8")
        self.assertRegex(answer.get("Content-Disposition"), r'^attachment; filename="audit-log-\d{8}\.csv"$')
        self.assertEqual((answer.get("X-Export-Row-Limit"), answer.get("X-Export-Truncated")), ("100000", "false"))
        self.assertEqual(answer.body, self.template.must("audit", "export", "--format", "csv", "--decision", "refused").stdout)
        self.assertIn(b"/views/=1+1", answer.body)

    def test_acceptance_F41_the_log_is_judged_by_the_key_of_the_proxy(self):
        verdict = self.get("/api/audit/verify")
        self.assertEqual((verdict["intact"], verdict["held_against"]), (True, "proxy"))
        self.assertGreaterEqual(verdict["records"], 4)

    def test_records_come_as_they_are_written_until_the_session_ends(self):
        """What is left out is said; who looks on is not in the way of the next one."""
        session = self.token(self.managed, "view")
        with client.dial(self.managed.managed) as wire, client.dial(self.managed.managed) as other:
            for one in (wire, other):
                one.send(client.request_bytes("GET", "/api/audit/stream", f"127.0.0.1:{self.managed.managed}",
                                              [("Authorization", f"Bearer {session}")]))
                self.assertIn(b"text/event-stream", one.until(b"\r\n\r\n"))
            for one in (wire, other):
                self.assertIn(b"retry: 2000", one.until(b"}\n\n"))
            self.assertEqual(self.managed.ask(H, "GET", "/views/live", AUTH).status, 200)
            for one in (wire, other):
                came = one.until(b"/views/live")
                self.note("stream", came)
                self.assertRegex(came, rb"id: \d+\ndata: \{")
            self.done(self.say(self.managed, "POST", "/api/auth/logout", {}, token=session))
            for one in (wire, other):
                self.assertIsNotNone(one.until(b"event: end\ndata: {}\n\n"))
                self.assertIsNotNone(one.until(b"0\r\n\r\n"))

    def test_policy_limits_sources_and_explanations_are_those_of_the_commands(self):
        self.assertEqual(self.get("/api/limits"), self.command("limits", "show"))
        self.assertGreaterEqual(self.get("/api/limits")["limits"][0]["used"], 3)
        self.assertEqual(self.get("/api/sources"), self.command("source", "list"))
        policy = self.get("/api/policies")
        self.assertEqual((policy["is_in_force"], policy["text"]), (True, (self.template.path / "bindings.yaml").read_text()))
        url = f"https://{H}/views/explained"
        told = self.done(self.say(self.managed, "POST", "/api/explain", {"method": "GET", "url": url}, token=self.viewer))
        self.assertEqual(told, json.loads(self.template.run("bindings", "explain", "GET", url, "--json", unlock=True).stdout))
        self.failed(self.say(self.managed, "POST", "/api/explain", {"method": "G T", "url": url}, token=self.viewer), 400)
        self.failed(self.say(self.managed, "POST", "/api/explain", {"method": "GET", "url": "x"}, token=self.viewer), 400)

    def test_a_long_answer_comes_whole(self):
        """[I10] However long, whichever it is: the file of bindings here. The proxy goes on."""
        file = self.template.path / "bindings.yaml"
        was = file.read_bytes()
        file.write_bytes(was + b"# " + b"0123456789abcdef " * (2 ** 20 // 17) + b"\n")
        try:
            self.assertEqual(self.get("/api/policies")["text"].encode(), file.read_bytes())
        finally:
            file.write_bytes(was)
        self.assertEqual(self.get("/api/policies")["text"].encode(), was)

    def test_a_source_is_flushed_by_who_may_and_recorded(self):
        """[I6]"""
        self.failed(self.say(self.managed, "POST", "/api/sources/local/flush", {}, token=self.viewer), 403)
        self.failed(self.say(self.managed, "POST", "/api/sources/no-such/flush", {}, token=self.session), 404)
        self.done(self.say(self.managed, "POST", "/api/sources/local/flush", {}, token=self.session))
        told = [r for r in self.managed.records() if r.get("action") == "source_flushed" and r["object"] == "local"]
        self.assertEqual([r["outcome"] for r in told], ["begun"])


if __name__ == "__main__":
    main()
