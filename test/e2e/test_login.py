# SPDX-License-Identifier: Apache-2.0
"""`keyswap login`: a person says yes once, in a browser, and holds nothing but a placeholder afterwards."""

import json
import re
import socket
import ssl
import subprocess
import time
import urllib.parse

from harness import proxy, token_server
from harness.case import H, Case, document, main

AUTH = "auth.vendor.test"
URL = f"https://{AUTH}"
NAME = "SHOP_TOKEN"


class Login:
    """The command under way; `seen` is what it has said on stderr so far."""

    def __init__(self, home, *words):
        command = [proxy.BINARY, "login", "--no-browser", *words, "--password-file", str(home.password_file)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=proxy.clean_environment(KEYSWAP_HOME=home.path))
        self.home, self.words, self.seen = home, words, ""

    def page(self):
        """The page that it wants opened."""
        while True:
            line = self.process.stderr.readline().decode()
            self.seen += line
            found = re.search(r"^  (https://\S+)$", line)
            if found:
                return found.group(1)
            if not line:
                raise AssertionError(f"no page: {self.seen}")

    def end(self, seconds=60):
        out, err = self.process.communicate(timeout=seconds)
        self.seen += err.decode()
        self.home.outputs += [(f"login {self.words} stdout", out), (f"login {self.words} stderr", self.seen.encode())]
        return self.process.returncode, out.decode()


def exchange(wire, target, host):
    """One request, as a browser would send it, and the whole answer to it."""
    wire.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = b""
    while True:
        head, end, body = answer.partition(b"\r\n\r\n")
        size = re.search(rb"^Content-Length: (\d+)\r?$", head + b"\r", re.M | re.I)
        if end and size and len(body) >= int(size.group(1)):
            return answer.decode()
        data = wire.recv(65536)
        if not data:
            return answer.decode()
        answer += data


class Logins(Case):
    secrets = {"the client's secret": token_server.CLIENT_SECRET}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, identity = cls.make_pki([H, AUTH])
        cls.recorder = cls.make_recorder(identity)
        cls.vendor = cls.make_recorder(identity)

    def begin(self, name, **options):
        """A home without a rule, and a server where somebody can log in."""
        double = token_server.TokenServer(self.vendor, **options)
        double.issuer = URL
        self.addCleanup(lambda: self.secrets.update({f"{name}: {which}": made for which, made in double.issued.items()}))
        home = self.make_home(name, {"SHOP_SECRET": token_server.CLIENT_SECRET})
        home.bindings(document({}, recorder=self.recorder, hosts=[H], root=self.authority.certificate,
                               resolve={f"{AUTH}:443": self.vendor.address}))
        return home, double

    def client(self):
        return ("--client-id", token_server.CLIENT_ID, "--client-secret-name", "SHOP_SECRET", "--host", H)

    def by_device(self, home, *more):
        return Login(home, "--token-url", f"{URL}/token", "--device-url", f"{URL}/device", "--name", NAME, "--scope",
                     "read offline_access", *more)

    def log_in_by_device(self, home, double, *more):
        login = self.by_device(home, *more)
        self.assertEqual(login.page(), f"{URL}/activate")
        double.decide()
        status, out = login.end()
        self.assertEqual(status, 0, login.seen)
        return out

    def placeholder(self, out):
        return re.search(rf"^{NAME}=(\S+)$", out, re.M).group(1)

    def entries(self, home):
        return {entry["name"] for entry in json.loads(home.must("secret", "list", "--json", unlock=True).stdout)}

    def ask(self, running, path, placeholder):
        answer = running.ask(H, "GET", path, [("Authorization", f"Bearer {placeholder}")])
        self.assertIsNotNone(answer)
        return answer

    def gets_in_time(self, running, path, placeholder):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if self.ask(running, path, placeholder).status == 200:
                return
            time.sleep(0.1)
        self.fail("the new token was not used")

    def browse(self, url):
        """What a browser does with a page of the vendor's: the address that it is led to."""
        context = ssl.create_default_context(cafile=str(self.authority.certificate))
        host, port = self.vendor.address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), 10) as plain:
            with context.wrap_socket(plain, server_hostname=AUTH) as wire:
                answer = exchange(wire, url.removeprefix(URL), AUTH)
        return re.search(r"^Location: (\S+)\r$", answer, re.M).group(1)

    def go_back(self, url):
        """And then with that address, which is ours."""
        there = urllib.parse.urlsplit(url)
        with socket.create_connection((there.hostname, there.port), 10) as wire:
            return exchange(wire, f"{there.path}?{there.query}", there.netloc)

    def events(self, running):
        return [(record["event"], record["outcome"]) for record in running.records() if record.get("event") == "login"]

    def test_O28_a_login_on_another_device_binds_a_placeholder_and_shows_no_token(self):
        """The person types the code elsewhere; the proxy gets access tokens with what came of it."""
        home, double = self.begin("device")
        out = self.log_in_by_device(home, double, *self.client())
        self.assertEqual(double.forms[0]["scope"], "read offline_access")
        self.assertEqual(self.entries(home), {"SHOP_SECRET", f"{NAME}_REFRESH", f"{NAME}_CLIENT_ID"})
        running = self.start(home)
        self.assertEqual(self.ask(running, "/device/1", self.placeholder(out)).status, 200)
        self.assertEqual(self.recorder.one("/device/1").get("Authorization"), f"Bearer {double.last()}")
        self.assertEqual(self.events(running), [("login", "pending"), ("login", "ok")])
        self.assertNotIn(double.refresh_token, out)

    def test_O26_a_login_in_a_browser_takes_the_answer_of_its_own_page_alone(self):
        """An issuer that says where its endpoints are; a wrong state is ignored, the right one behind it counts."""
        home, double = self.begin("browser")
        login = Login(home, "--issuer", URL, "--name", NAME, *self.client())
        page = login.page()
        self.assertTrue(page.startswith(f"{URL}/authorize?"), page)
        back = self.browse(page)
        self.assertRegex(back, r"^http://127\.0\.0\.1:\d+/callback\?")
        wrong = re.sub(r"state=[^&]+", "state=somebody-elses", back)
        self.assertTrue(self.go_back(wrong).startswith("HTTP/1.1 400 "))
        answer = self.go_back(back)
        self.assertTrue(answer.startswith("HTTP/1.1 200 "), answer)
        self.assertNotIn("<script", answer)
        status, out = login.end()
        self.assertEqual(status, 0, login.seen)
        running = self.start(home)
        self.assertEqual(self.ask(running, "/browser", self.placeholder(out)).status, 200)
        self.assertEqual(self.recorder.one("/browser").get("Authorization"), f"Bearer {double.last()}")

    def test_another_issuers_answer_is_refused(self):
        home, _ = self.begin("mixed-up")
        login = Login(home, "--issuer", URL, "--name", NAME, *self.client())
        back = self.browse(login.page())
        self.go_back(re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Fevil.test", back))
        status, _ = login.end()
        self.assertEqual(status, 1)
        self.assertIn("another issuer", login.seen)
        self.assertEqual(self.entries(home), {"SHOP_SECRET"})

    def test_who_says_no_leaves_nothing_behind(self):
        home, double = self.begin("no")
        before = (home.path / "bindings.yaml").read_bytes()
        login = self.by_device(home, *self.client())
        login.page()
        double.decide("access_denied")
        status, out = login.end()
        self.assertEqual((status, out), (1, ""))
        self.assertIn("refused there", login.seen)
        self.assertEqual(self.entries(home), {"SHOP_SECRET"})
        self.assertEqual((home.path / "bindings.yaml").read_bytes(), before)

    def test_O27_a_login_that_is_good_is_not_replaced_by_a_slip(self):
        home, double = self.begin("twice")
        self.log_in_by_device(home, double, *self.client())
        first = double.refresh_token
        login = self.by_device(home)
        status, _ = login.end()
        self.assertEqual(status, 1)
        self.assertIn("--force", login.seen)
        self.assertEqual(double.refresh_token, first)
        self.log_in_by_device(home, double, "--force")
        self.assertNotEqual(double.refresh_token, first)

    def test_after_a_refusal_a_person_logs_in_again_and_the_running_proxy_goes_on(self):
        """The rule is there, so neither the client nor the host is asked for again."""
        home, double = self.begin("again")
        placeholder = self.placeholder(self.log_in_by_device(home, double, *self.client()))
        running = self.start(home)
        double.is_revoked = True
        self.refused(self.ask(running, "/again/1", placeholder), 503, "secret_unavailable")
        self.log_in_by_device(home, double)
        self.gets_in_time(running, "/again/2", placeholder)
        end = time.monotonic() + 20
        while len(self.events(running)) < 4 and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(self.events(running), [("login", "pending"), ("login", "ok")] * 2)

    def test_L05_whoever_looks_is_told_the_command_that_logs_in_again_and_it_does(self):
        """The caller, the record, the log, `status` and `source test` name it; typed as it is, it is enough."""
        home, double = self.begin("told")
        placeholder = self.placeholder(self.log_in_by_device(home, double, *self.client()))
        running = self.start(home)
        double.is_revoked = True
        answer = self.ask(running, "/told/1", placeholder)
        self.refused(answer, 503, "secret_unavailable")
        command = f"keyswap login --name {NAME}"
        self.assertIn(command, json.loads(answer.body)["detail"])
        self.assertIn(command, running.decision("/told/1")["facts"])
        self.assertTrue(running.await_stderr(command))
        self.assertIn(f"log in again: {command}", home.must("status").stdout.decode())
        down = json.loads(home.must("status", "--json").stdout)["sources_down"]
        self.assertEqual([(one["source"], one["needs_login"], one["login"]) for one in down], [(f"mint:{NAME}", True, command)])
        tested = home.run("source", "test", f"mint:{NAME}", unlock=True)
        self.assertEqual(tested.returncode, 1)
        self.assertIn(f"log in again: {command}", " ".join((tested.stdout + tested.stderr).decode().split()))
        login = Login(home, *command.split()[2:])
        self.assertEqual(login.page(), f"{URL}/activate")
        double.decide()
        status, _ = login.end()
        self.assertEqual(status, 0, login.seen)
        self.assertEqual([form["scope"] for form in double.forms if "scope" in form and "grant_type" not in form],
                         2 * ["read offline_access"])
        self.gets_in_time(running, "/told/2", placeholder)

    def test_what_is_missing_is_said_before_anybody_logs_in(self):
        home, double = self.begin("missing")
        at = ("--token-url", f"{URL}/token", "--device-url", f"{URL}/device", "--name", NAME)
        for words, says in ((("--client-id", "x", "--host", H, "--client-secret-name", "NOT_THERE"), "NOT_THERE"),
                            (("--client-id", "x"), "--host"), (("--host", H), "--client-id"),
                            (("--client-id", "x", "--host", "http://nonsense/"), "host"),
                            (("--client-id", "x", "--host", H, "--browser"), "--browser")):
            with self.subTest(words):
                login = Login(home, *at, *words)
                status, _ = login.end()
                self.assertIn(status, (1, 2))
                self.assertIn(says, login.seen)
        self.assertEqual(double.forms, [])
        self.assertEqual(self.entries(home), {"SHOP_SECRET"})


if __name__ == "__main__":
    main()
