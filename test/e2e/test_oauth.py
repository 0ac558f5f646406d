# SPDX-License-Identifier: Apache-2.0
"""Access tokens that the proxy gets itself, of a refresh token, of a client, of a private key: from a double."""

import base64
import concurrent.futures
import json
import os
import pathlib
import resource
import subprocess
import threading
import time

from harness import client, holding, proxy, token_server
from harness.case import H, Case, document, main

P = "shop-PLACEHOLDER-tokens-0123456789abcd"
AUTH = "auth.vendor.test"


class Point:
    """Who comes to it stays until he may go on."""

    def __init__(self):
        self.reached, self.may_go_on = threading.Event(), threading.Event()

    def __call__(self, *_):
        self.reached.set()
        self.may_go_on.wait(60)


class Oauth(Case):
    """A proxy a test, whose one rule mints."""

    secrets = {"the client's secret": token_server.CLIENT_SECRET}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, identity = cls.make_pki([H, AUTH])
        cls.recorder = cls.make_recorder(identity)
        cls.vendor = cls.make_recorder(identity)

    def double(self, **options):
        return token_server.TokenServer(self.vendor, **options)

    def begin(self, name, double, inject, vault=None):
        self.addCleanup(lambda: self.secrets.update({f"{name}: {which}": made for which, made in double.issued.items()}))
        home = self.make_home(name, {"SHOP_ID": token_server.CLIENT_ID, "SHOP_SECRET": token_server.CLIENT_SECRET,
                                     **(vault or {})})
        rule = {"placeholder": P, "bindings": [{"host": H}], "inject": {"header": "Authorization", **inject}}
        home.bindings(document({"SHOP": rule}, recorder=self.recorder, hosts=[H], root=self.authority.certificate,
                               resolve={f"{AUTH}:443": self.vendor.address}))
        return home, self.start(home)

    def shop(self, name, double, **more):
        """With a refresh token."""
        inject = {"type": "oauth2_refresh", "token_url": f"https://{AUTH}/token", "client_id": "SHOP_ID",
                  "client_secret": "SHOP_SECRET", "refresh_token": "SHOP_REFRESH", **more}
        return self.begin(name, double, inject, {"SHOP_REFRESH": double.refresh_token})

    def ask(self, running, path):
        answer = running.ask(H, "GET", path, [("Authorization", f"Bearer {P}")])
        self.assertIsNotNone(answer)
        return answer

    def gets_in_time(self, running, path):
        """Once the source is asked again."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if self.ask(running, path).status == 200:
                return
            time.sleep(0.1)
        self.fail("the source was not asked again")

    def events(self, running, kind):
        return [(record["event"], record["outcome"]) for record in running.records() if record["type"] == kind]

    def test_L01_L03_L15_a_refresh_token_is_exchanged_once_and_the_new_one_is_kept(self):
        """One exchange for many requests; pending, rotated, in this order."""
        double = self.double()
        first = double.refresh_token
        _, running = self.shop("refresh", double)
        for number in range(4):
            self.assertEqual(self.ask(running, f"/refresh/{number}").status, 200)
            self.assertEqual(self.recorder.one(f"/refresh/{number}").get("Authorization"), f"Bearer {double.last()}")
        self.assertEqual(double.count(), 1)
        form = double.forms[0]
        self.assertEqual((form["grant_type"], form["refresh_token"]), ("refresh_token", first))
        self.assertEqual((form["client_id"], form["client_secret"], form["authorization"]),
                         (token_server.CLIENT_ID, token_server.CLIENT_SECRET, ""))
        self.assertEqual(self.events(running, "token_rotation"), [("rotation_pending", "ok"), ("rotated", "ok")])
        self.assertEqual(self.events(running, "token_exchange"), [("minted", "ok")])

    def kill_at(self, running, path, point, condition=lambda: True):
        """The client asks, and the proxy is killed when somebody is at the point."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            asked = pool.submit(running.ask, H, "GET", path, [("Authorization", f"Bearer {P}")])
            self.assertTrue(point.reached.wait(30), path)
            self.assertTrue(self.recorder.wait(condition), path)
            running.kill()
            point.may_go_on.set()
            self.assertTrue(asked.exception() is not None or asked.result() is None, path)

    def rotations(self, running):
        return [event for event, _ in self.events(running, "token_rotation")]

    def test_after_a_kill_at_any_point_the_token_of_the_vault_is_good_or_the_log_shows_that_it_is_lost(self):
        """Each start asks anew, which a server that was sent an old token would refuse."""
        double = self.double()
        home, running = self.shop("killed", double)
        asked, gone = Point(), ["rotation_pending"]
        double.trouble = lambda: asked() or "none"  # it has not exchanged anything
        self.kill_at(running, "/killed/asked", asked)
        self.assertEqual(self.rotations(running), gone)
        self.assertTrue(self.recorder.wait(lambda: double.count() == 1))
        double.trouble = lambda: None

        running, kept = self.start(home), Point()
        self.recorder.on_accept = kept
        self.kill_at(running, "/killed/kept", kept, lambda: self.rotations(running)[-1] == "rotated")
        self.recorder.on_accept = None
        self.assertEqual(self.recorder.seen("/killed/kept"), [])
        self.assertEqual(self.rotations(running), [*gone, "rotation_pending", "rotated"])

        running, used = self.start(home), Point()
        self.recorder.on("/killed/used", used)
        self.kill_at(running, "/killed/used", used)
        self.assertFalse(double.is_revoked)

        running, made = self.start(home), Point()
        double.made = made
        self.kill_at(running, "/killed/made", made)
        double.made = lambda: None
        self.assertFalse(double.is_revoked)
        self.assertEqual(self.rotations(running), [*gone, *2 * ["rotation_pending", "rotated"], "rotation_pending"])
        running = self.start(home)
        self.refused(self.ask(running, "/killed/lost"), 503, "secret_unavailable")
        self.assertEqual(self.events(running, "token_exchange")[-1], ("minted", "token_endpoint_error:invalid_grant"))
        self.assertEqual(double.count(), 6)  # also with the one before, which has to be refused as well

    def test_a_call_that_was_not_answered_loses_nothing(self):
        double = self.double()
        double.trouble = lambda: "none"
        home, running = self.shop("unanswered", double)
        self.refused(self.ask(running, "/unanswered/1"), 503, "secret_unavailable")
        running.kill()
        double.trouble = lambda: None
        running = self.start(home)
        self.assertEqual(self.ask(running, "/unanswered/2").status, 200)
        self.assertFalse(double.is_revoked)

    def test_L21_twenty_at_once_make_one_exchange(self):
        double = self.double()
        _, running = self.shop("cold", double)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda number: self.ask(running, f"/cold/{number}").status, range(20)))
        self.assertEqual(answers, [200] * 20)
        self.assertEqual(double.count(), 1)

    def test_two_processes_race_for_one_exchange_and_both_have_its_token(self):
        double, point = self.double(), Point()
        double.trouble = point
        home, running = self.shop("race", double)
        command = [proxy.BINARY, "source", "test", "mint:SHOP", "--password-file", str(home.password_file), "--json"]
        testing = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=proxy.clean_environment(KEYSWAP_HOME=home.path))
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            self.assertTrue(point.reached.wait(60))
            asked = pool.submit(self.ask, running, "/race")
            waits = self.recorder.wait(lambda: self.has_open(running.pid, home.path / "sources.lock"), 8)
            point.may_go_on.set()
            out, err = testing.communicate(timeout=60)
            self.assertTrue(waits)
            self.assertEqual(asked.result().status, 200)
        home.outputs += [("stdout of the race", out), ("stderr of the race", err)]
        self.assertEqual(testing.returncode, 0, err)
        self.assertEqual(double.count(), 1)
        self.assertEqual(self.recorder.one("/race").get("Authorization"), f"Bearer {double.last()}")
        self.assertEqual(self.ask(running, "/raced").status, 200)
        self.assertEqual(self.rotations(running), ["rotation_pending", "rotated"])
        # Of each process; and once more where the proxy looked at the vault behind it, and took what is kept there again.
        self.assertEqual(self.events(running, "token_exchange")[:2], 2 * [("minted", "ok")])
        self.assertLessEqual(len(self.events(running, "token_exchange")), 3)
        self.assertEqual(double.count(), 1)

    def test_a_refresh_token_put_in_and_exchanged_between_two_looks_of_the_proxy_ends_the_token_of_before(self):
        """The proxy stands still while a person rotates the entry, and a command exchanges the new one."""
        double = self.double()
        home, running = self.shop("unseen", double)
        self.assertEqual(self.ask(running, "/unseen/1").status, 200)
        before = double.last()
        environment = proxy.clean_environment(KEYSWAP_HOME=home.path)
        unlock = ["--password-file", str(home.password_file)]
        with holding.frozen(running):
            double.is_revoked, double.refresh_token = False, double.make("refresh")
            put_in = double.refresh_token
            rotating = self.command(["secret", "rotate", "SHOP_REFRESH", *unlock], environment)
            rotating.stdin.write(put_in.encode())
            rotating.stdin.close()
            self.assertIn(b"rotated", rotating.stdout.readline())  # it is in the vault
            testing = self.command(["source", "test", "mint:SHOP", *unlock], environment)
            self.assertTrue(self.recorder.wait(lambda: double.count() == 2))
            self.assertTrue(self.recorder.wait(lambda: not self.has_open(testing.pid, home.path / "sources.lock")))
        for process, statuses in ((rotating, (0, 1)), (testing, (0,))):  # 1: nobody confirmed it in time
            said = process.stdout.read() + process.stderr.read()
            self.note("a command beside the proxy", said)
            self.assertIn(process.wait(60), statuses, said)
        self.assertEqual(double.forms[1]["refresh_token"], put_in)
        self.assertEqual(self.ask(running, "/unseen/2").status, 200)
        self.assertNotEqual(double.last(), before)
        self.assertEqual(self.recorder.one("/unseen/2").get("Authorization"), f"Bearer {double.last()}")
        self.assertEqual(double.count(), 2)

    def command(self, words, environment):
        process = subprocess.Popen([proxy.BINARY, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=environment)
        self.addCleanup(lambda: [pipe.close() for pipe in (process.stdin, process.stdout, process.stderr)])
        return process

    def has_open(self, pid, path):
        """As the file of locks by who has a lock, and by who waits for one."""
        return any(os.path.realpath(entry) == os.path.realpath(path) for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir())

    def test_a_thousand_requests_at_the_end_of_a_token_make_one_exchange_and_wait_for_no_more(self):
        """Over a thousand connections that are in use; then once more, with the token at hand."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        double = self.double(expires_in=2)
        home, running = self.shop("many", double)
        self.assertEqual(self.ask(running, "/many/first").status, 200)
        end = time.time() + double.expires_in
        context = client.tls_context(home.ca)
        wires = [self.enter(running.tunnel(H, timeout=60, context=context)) for _ in range(1000)]
        self.send_all(wires, "/many/open", [])
        self.assertEqual({wire.response().status for wire in wires}, {200})
        self.assertTrue(self.recorder.wait(lambda: time.time() > end))

        point = Point()
        double.trouble, double.expires_in = point, 3600
        self.send_all(wires, "/many/waits")
        self.assertEqual(running.ask(H, "GET", "/many/unbound").status, 200)  # behind all that was sent before
        self.assertTrue(point.reached.wait(30))
        point.may_go_on.set()
        waited = self.answers_in(wires)
        self.send_all(wires, "/many/goes")
        self.assertLess(waited, 2 * self.answers_in(wires) + 2)
        self.assertEqual(double.count(), 2)
        for path in ("/many/waits", "/many/goes"):
            seen = [request.get("Authorization") for request in self.recorder.seen(path)]
            self.assertEqual(seen, 1000 * [f"Bearer {double.last()}"])

    def enter(self, wire):
        self.addCleanup(wire.close)
        return wire

    def send_all(self, wires, path, fields=(("Authorization", f"Bearer {P}"),)):
        for wire in wires:
            wire.send(client.request_bytes("GET", path, H, fields))

    def answers_in(self, wires):
        """Seconds until each has its answer, which is a good one."""
        begun = time.monotonic()
        self.assertEqual([wire.response().status for wire in wires], len(wires) * [200])
        return time.monotonic() - begun

    def test_L05_a_refused_refresh_token_is_not_tried_again_until_it_is_another(self):
        double = self.double()
        double.is_revoked = True
        home, running = self.shop("refused", double)
        self.refused(self.ask(running, "/refused/1"), 503, "secret_unavailable")
        running.kill()
        running = self.start(home)
        self.refused(self.ask(running, "/refused/2"), 503, "secret_unavailable")
        self.assertEqual(double.count(), 1)
        self.assertIn(("minted", "token_endpoint_error:invalid_grant"), self.events(running, "token_exchange"))
        double.is_revoked, double.refresh_token = False, double.make("refresh")
        home.must("secret", "rotate", "SHOP_REFRESH", stdin=double.refresh_token.encode(), unlock=True)
        self.gets_in_time(running, "/refused/3")

    def test_L24_L02_a_client_has_a_token_of_its_own(self):
        double = self.double()
        inject = {"type": "oauth2_client_credentials", "token_url": f"https://{AUTH}/token", "client_id": "SHOP_ID",
                  "client_secret": "SHOP_SECRET", "auth": "basic", "scope": "a b"}
        _, running = self.begin("client", double, inject)
        self.assertEqual(self.ask(running, "/client").status, 200)
        self.assertEqual(self.recorder.one("/client").get("Authorization"), f"Bearer {double.last()}")
        self.assertEqual((double.forms[0]["scope"], double.forms[0].get("client_id")), ("a b", None))

    def test_L04_a_token_that_says_no_end_is_taken_to_live_an_hour_and_its_record_says_so(self):
        double = self.double(expires_in=None)
        inject = {"type": "oauth2_client_credentials", "token_url": f"https://{AUTH}/token", "client_id": "SHOP_ID",
                  "client_secret": "SHOP_SECRET"}
        home, running = self.begin("endless", double, inject)
        self.assertEqual(self.ask(running, "/endless").status, 200)
        record = next(record for record in running.records() if record["type"] == "token_exchange")
        self.assertIs(record["used_default_expiry"], True)
        self.assertNotIn("expires_at", record)
        listed = json.loads(home.must("source", "list", "--json").stdout)
        self.assertEqual([one["cache"]["ttl_seconds"] for one in listed["sources"] if one["name"] == "mint:SHOP"], [3600])

    def test_what_was_got_for_a_secret_goes_when_that_is_rotated(self):
        double = self.double()
        inject = {"type": "oauth2_client_credentials", "token_url": f"https://{AUTH}/token", "client_id": "SHOP_ID",
                  "client_secret": "SHOP_SECRET", "auth": "basic"}
        home, running = self.begin("rotated", double, inject)
        for number in (1, 2):
            self.assertEqual(self.ask(running, f"/rotated/{number}").status, 200)
        self.assertEqual(double.count(), 1)
        home.must("secret", "rotate", "SHOP_SECRET", stdin=b"not-the-endpoints-0001", unlock=True)
        self.refused(self.ask(running, "/rotated/3"), 503, "secret_unavailable")  # and not by the token of before
        home.must("secret", "rotate", "SHOP_SECRET", stdin=token_server.CLIENT_SECRET.encode(), unlock=True)
        self.gets_in_time(running, "/rotated/4")
        self.assertEqual(self.recorder.one("/rotated/4").get("Authorization"), f"Bearer {double.last()}")

    def test_L06_L10_L13_trouble_at_the_endpoint_is_told_by_its_code_alone(self):
        for number, (trouble, outcome) in enumerate((
                ((400, '{"error":"sk-live-in-an-error"}'), "token_endpoint_error:other"),
                ((404, "<html>"), "token_endpoint_status:404"), ((302, ""), "token_endpoint_status:302"),
                ((200, '{"access_token":"t","token_type":"mac"}'), "unsupported_token_type"))):
            with self.subTest(outcome):
                double = self.double()
                double.trouble = lambda said=trouble: said
                _, running = self.shop(f"trouble-{number}", double)
                self.refused(self.ask(running, f"/trouble/{number}"), 503, "secret_unavailable")
                self.assertIn(("minted", outcome), self.events(running, "token_exchange"))
                self.assertNotIn("sk-live-in-an-error", json.dumps(list(running.records())))
                double.trouble = lambda: None
                self.gets_in_time(running, f"/again/{number}")

    def make_key(self, home):
        made = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                              check=True, capture_output=True)
        home.must("secret", "add", "SIGNER", "--private-key", stdin=made.stdout, unlock=True)

    def claims_of(self, token):
        part = token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))

    def test_L25_a_github_app_gets_its_installations_token(self):
        double = self.double()
        inject = {"type": "github_app", "client_id": "Iv23li0123456789abcd", "installation": "1234", "key": "SIGNER",
                  "api_url": f"https://{AUTH}"}
        home, running = self.begin("app", double, inject)
        self.make_key(home)
        self.gets_in_time(running, "/app-token")
        self.assertEqual(self.recorder.seen("/app-token")[-1].get("Authorization"), f"token {double.last()}")
        claims = self.claims_of(double.bearers[-1])
        self.assertEqual(claims["iss"], "Iv23li0123456789abcd")
        self.assertEqual(claims["exp"] - claims["iat"], 600)

    def test_a_service_account_gets_a_token_for_one_that_its_key_signs(self):
        double = self.double()
        inject = {"type": "jwt_bearer", "token_url": f"https://{AUTH}/token", "key": "SIGNER", "issuer": "svc@proj.test"}
        home, running = self.begin("account", double, inject)
        self.make_key(home)
        self.gets_in_time(running, "/account")
        self.assertEqual(self.recorder.seen("/account")[-1].get("Authorization"), f"Bearer {double.last()}")
        self.assertEqual(self.claims_of(double.forms[-1]["assertion"])["aud"], f"https://{AUTH}/token")


if __name__ == "__main__":
    main()
