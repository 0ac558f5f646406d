# SPDX-License-Identifier: Apache-2.0
"""What an operator does every day: status, reload, another passphrase, a backup and its return."""

import hashlib
import http.client
import json
import os
import re
import signal

from harness import auditlog, proxy
from harness.case import H, K, K2, P, V, V2, Case, bearer, document, main

AUTH = [("Authorization", f"Bearer {P}")]


class Operate(Case):
    """One home for all; each test has a copy of it."""

    secrets = {K: V, K2: V2}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, identity = cls.make_pki([H])
        cls.recorder = cls.make_recorder(identity)
        cls.template = cls.make_home(secrets={K: V})
        cls.template.bindings(cls.policy_for("GET"))

    def setUp(self):
        self.home = self.copy_home(self.template, self._testMethodName)

    @classmethod
    def policy_for(cls, method):
        return document({K: bearer(methods=[method])}, recorder=cls.recorder, hosts=(H,), root=cls.authority.certificate)

    def reason(self, running, path):
        answer = running.ask(H, "GET", path, AUTH)
        self.note("answer", answer.raw_head + answer.body)
        return running.decision(path)["reason"]

    def word(self, name, text):
        file = self.inputs / f"{self._testMethodName}-{name}"
        file.write_text(text + "\n")
        file.chmod(0o600)
        return file

    def status(self):
        done = self.home.run("status", "--json")
        return done.returncode, json.loads(done.stdout)

    def names(self, *options, home=None):
        done = (home or self.home).run("secret", "list", *options, preexec=os.setsid)
        return done.returncode, done.stdout.decode()

    def test_status_tells_of_a_home_whether_a_proxy_runs_or_not(self):
        code, told = self.status()
        self.assertEqual((code, told["running"], told["unlocked_by"]), (1, False, "passphrase"))
        self.assertGreater(told["ca"]["days_left"], 3000)
        running = self.start(self.home)
        code, told = self.status()
        self.assertEqual((code, told["running"], told["health"]), (0, True, "ok"))
        self.assertEqual((told["pid"], told["proxy"]), (running.pid, running.address))
        self.assertEqual(told["policy"], "approved")
        self.assertEqual(told["audit"]["segments"], 1)
        self.assertRegex(told["audit"]["last_record"], r"^20\d\d-\d\d-\d\dT.*Z$")
        self.assertIn("listens on " + running.address, self.home.must("status").stdout.decode())
        self.assertEqual(running.stop(), 0)

    def test_reload_waits_for_the_proxy_and_says_what_is_wrong(self):
        """[I14]"""
        self.assertEqual(self.home.run("reload").returncode, 1)  # none runs
        running = self.start(self.home)
        self.assertEqual(self.reason(running, "/before"), "binding_matched")
        self.home.bindings(self.policy_for("POST"))
        self.home.must("reload")
        self.assertEqual(self.reason(running, "/after"), "binding_scope_violation")
        self.home.bindings("version: [\n")
        refused = self.home.run("reload")
        self.assertEqual(refused.returncode, 1)
        self.assertRegex(refused.stderr.decode(), r"bindings\.yaml:\d+:\d+: error")
        # Of what only the proxy finds, it tells the command.
        self.home.bindings(self.policy_for("GET"))
        away = self.home.ca.rename(self.scratch / "ca.pem")
        refused = self.home.run("reload")
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertIn("goes on as before: ", refused.stderr.decode())
        away.rename(self.home.ca)
        self.home.must("reload")
        self.assertEqual(self.reason(running, "/again"), "binding_matched")
        self.assertEqual(running.stop(), 0)

    def test_metrics_count_without_names_and_their_listener_leads_nowhere(self):
        """[I3] [I12]"""
        running = self.start(self.home, options=("--manage", "127.0.0.1:0"))
        self.assertEqual(self.reason(running, "/counted"), "binding_matched")
        port = int(running.ready["manage"].rsplit(":", 1)[1])
        text = self.exchange(port, "GET", "/metrics")[1]
        figures = self.open_metrics(text)
        self.assertEqual(figures['keyswap_requests_total{decision="allowed",reason="binding_matched"}'], 1)
        self.assertEqual(figures['keyswap_exchange_duration_seconds_bucket{le="+Inf"}'],
                         figures["keyswap_exchange_duration_seconds_count"])
        self.assertEqual(figures["keyswap_event_loops"], 1)
        self.assertGreaterEqual(figures["keyswap_audit_sync_duration_seconds_count"], 1)
        self.assertEqual(figures['keyswap_audit_sync_duration_seconds_bucket{le="+Inf"}'],
                         figures["keyswap_audit_sync_duration_seconds_count"])
        self.assertEqual(figures['keyswap_leaf_mints_total{use="requests",result="made"}'], 1)
        self.assertEqual(figures['keyswap_leaves{use="requests"}'], 1)
        self.assertEqual(figures['keyswap_leaf_lookups_total{use="refusals",result="hit"}'], 0)
        for name in (H, K, P, "/counted"):
            self.assertNotIn(name, text)
        self.assertEqual(self.exchange(port, "GET", "/healthz"), (200, '{"status":"ok"}'))
        self.assertEqual(self.exchange(port, "POST", "/metrics")[0], 405)
        self.assertEqual(self.exchange(port, "HEAD", "/metrics"), (200, ""))
        self.assertEqual(self.exchange(port, "PUT", "/healthz")[0], 405)
        self.assertEqual(self.exchange(port, "GET", "/no-such-page")[0], 404)
        self.assertEqual(self.exchange(port, "GET", "/metrics", {"Host": "evil.test"})[0], 403)
        self.assertEqual(self.exchange(port, "GET", "/metrics", {"Origin": "http://127.0.0.1:1"})[0], 403)
        self.assertEqual(self.exchange(port, "CONNECT", f"{H}:443")[0], 404)
        self.assertIn(self.exchange(running.port, "GET", "/metrics")[0], (400, 404))  # not where clients come
        loop = "loop.example.test"
        self.home.bindings(document({K: bearer(hosts=(H, loop))}, recorder=self.recorder, hosts=(H,),
                                    root=self.authority.certificate, resolve={f"{loop}:443": f"127.0.0.1:{port}"}))
        self.home.must("reload")
        self.refused(running.ask(loop, "GET", "/metrics", AUTH), 403, "self_destination")
        self.assertEqual(running.stop(), 0)
        refused = self.start(self.home, wait=False, options=("--manage", "0.0.0.0:0"))
        self.assertEqual(refused.process.wait(60), 2)
        refused._finish()

    def exchange(self, port, method, target, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request(method, target, headers=headers or {})
            answer = connection.getresponse()
            text = answer.read().decode()
            self.note("management", text)
            return answer.status, text
        finally:
            connection.close()

    def open_metrics(self, text):
        """{sample: value}; as OpenMetrics 1.0 wants it: families in one piece, with TYPE and HELP, an end."""
        self.assertTrue(text.endswith("\n# EOF\n"))
        kinds, family, samples = {}, None, {}
        for line in text.splitlines()[:-1]:
            meta = re.fullmatch(r"# (TYPE|HELP|UNIT) (keyswap_[a-z_]+) (.+)", line)
            if meta:
                if meta[1] == "TYPE":
                    self.assertNotIn(meta[2], kinds)
                    kinds[meta[2]], family = meta[3], meta[2]
                self.assertEqual(meta[2], family)
                if meta[1] == "UNIT":
                    self.assertTrue(family.endswith("_" + meta[3]))
                continue
            sample = re.fullmatch(r'(keyswap_[a-z_]+)((?:\{[a-z]+="[^"\\]*"(?:,[a-z]+="[^"\\]*")*\})?) (\d+(?:\.\d+)?)', line)
            self.assertTrue(sample, line)
            suffixes = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}[kinds[family]]
            self.assertIn(sample[1], [family + suffix for suffix in suffixes])
            self.assertNotIn(sample[1] + sample[2], samples)
            samples[sample[1] + sample[2]] = float(sample[3])
        return samples

    def test_the_passphrase_changes_and_a_key_file_comes_and_goes(self):
        fresh = self.word("fresh", "another long passphrase")
        self.assertEqual(self.home.run("passwd", "--new-password-file", self.word("weak", "short"),
                                       unlock=True).returncode, 2)
        self.home.must("passwd", "--new-password-file", fresh, unlock=True)
        self.assertEqual(self.home.run("secret", "list", unlock=True).returncode, 3)
        by_fresh = ("--password-file", fresh)
        self.assertEqual(self.names(*by_fresh)[0], 0)
        self.assertEqual(self.names()[0], 3)  # nobody to ask
        self.assertEqual(self.home.run("passwd", "--drop-passphrase", *by_fresh).returncode, 1)
        for words in (("--add-key-file",), ("--drop-passphrase",)):  # no new passphrase is set by these
            self.assertEqual(self.home.run("passwd", *words, "--new-password-file", fresh, *by_fresh).returncode, 2)
        self.home.must("passwd", "--add-key-file", *by_fresh)
        self.assertEqual(self.home.run("passwd", "--drop-key-file", "--new-password-file", self.word("other", "not this time"),
                                       *by_fresh).returncode, 2)
        self.assertEqual(self.names(*by_fresh)[0], 0)
        self.assertEqual((self.home.path / "key").stat().st_mode & 0o777, 0o600)
        code, listed = self.names()
        self.assertEqual(code, 0)
        self.assertIn(K, listed)
        self.assertEqual(self.status()[1]["unlocked_by"], "passphrase_and_key_file")
        self.home.must("passwd", "--drop-key-file", *by_fresh)
        self.assertFalse((self.home.path / "key").exists())
        self.assertEqual(self.names()[0], 3)
        self.assertEqual(self.names(*by_fresh)[0], 0)

    def test_a_backup_comes_back_whole_and_the_log_goes_on(self):
        """[I7] Neither log nor counters are set back; what was changed since is gone."""
        backup = self.work / "home.backup"
        running = self.start(self.home)
        self.assertEqual(self.reason(running, "/before"), "binding_matched")
        self.home.must("backup", backup, unlock=True)
        self.assertEqual(self.home.run("backup", backup, unlock=True).returncode, 2)  # it overwrites nothing
        self.home.must("backup", "--verify", backup, unlock=True)
        self.home.must("secret", "add", K2, stdin=V2.encode(), unlock=True)
        self.assertEqual(self.reason(running, "/since"), "binding_matched")
        self.assertEqual(self.home.run("restore", backup, "--yes", unlock=True).returncode, 3)  # a proxy runs
        self.assertEqual(running.stop(), 0)
        records = len(auditlog.records(self.home.audit))

        spoilt = bytearray(backup.read_bytes())
        spoilt[-1] ^= 1
        damaged = self.work / "damaged.backup"
        damaged.write_bytes(spoilt)
        before = self.home.fingerprint()
        self.assertEqual(self.home.run("restore", damaged, "--yes", unlock=True).returncode, 1)
        self.assertEqual(self.home.run("restore", backup, unlock=True, preexec=os.setsid).returncode, 1)  # no yes
        self.assertEqual(self.home.fingerprint(), before)

        self.home.must("restore", backup, "--yes", unlock=True)
        self.assertNotIn(K2, self.names("--password-file", self.home.password_file)[1])
        self.assertEqual(len(list(self.home.path.glob("before-restore-*/vault.db"))), 1)
        verdict = json.loads(self.home.must("audit", "verify", "--json", unlock=True).stdout)
        self.assertEqual(verdict["held_against"], "vault")
        running = self.start(self.home)
        self.assertEqual(self.reason(running, "/restored"), "binding_matched")
        restored = running.records()[records]
        self.assertEqual((restored["type"], restored["backup_sha256"]),
                         ("restored", hashlib.sha256(backup.read_bytes()).hexdigest()))
        self.assertEqual([r["type"] for r in running.records()].count("restored"), 1)
        self.assertEqual(running.stop(), 0)
        # Where there is no home, one is made.
        other = proxy.Home(self.work / "new", self.inputs)
        other.must("restore", backup, unlock=True)
        self.assertIn(K, self.names("--password-file", other.password_file, home=other)[1])
        self.homes.append(other)


    def kept_seq(self):
        done = self.home.run("audit", "head")  # fails until there is one
        self.assertIn(done.returncode, (0, 3), done.stderr)
        return json.loads(done.stdout)["seq"] if done.returncode == 0 else 0

    def test_a_proxy_whose_lock_was_removed_is_still_not_served_beside_or_restored_over(self):
        """[I13] Anybody of the account can remove serve.lock; a stopped proxy cannot make it anew."""
        backup = self.work / "beside.backup"
        self.home.must("backup", backup, unlock=True)
        running = self.start(self.home)
        # Once its log's head is kept, it writes nothing into the vault, and holds no lock of it when it is stopped.
        while self.kept_seq() < len(running.records()):
            pass
        os.kill(running.pid, signal.SIGSTOP)
        try:
            (self.home.path / "serve.lock").unlink()
            for words in (("restore", backup, "--yes"), ("audit", "accept-loss"), ("serve", "--listen", "127.0.0.1:0")):
                refused = self.home.run(*words, unlock=True, timeout=60)
                self.assertEqual(refused.returncode, 3, refused.stderr)
                self.assertIn(b"a proxy runs on this home", refused.stderr)
            self.assertEqual(list(self.home.path.glob("before-restore-*")), [])
        finally:
            os.kill(running.pid, signal.SIGCONT)
        self.assertEqual(running.stop(), 0)

    def test_a_restore_brings_back_the_roots_that_the_bindings_name_in_a_folder_of_the_home(self):
        roots = self.home.path / "roots"
        roots.mkdir(mode=0o700)
        (roots / "corp.pem").write_bytes(self.authority.certificate.read_bytes())
        policy = self.policy_for("GET")
        policy["upstream"]["ca_file"] = "roots/corp.pem"
        self.home.bindings(policy)
        backup = self.work / "roots.backup"
        self.home.must("backup", backup, unlock=True)
        (roots / "corp.pem").write_text("spoilt")
        for _ in range(2):  # at once again: what the first put away stays
            self.home.must("restore", backup, "--yes", unlock=True)
        self.assertEqual((roots / "corp.pem").read_bytes(), self.authority.certificate.read_bytes())
        away = sorted(path.read_bytes() for path in self.home.path.glob("before-restore-*/roots/corp.pem"))
        self.assertEqual(away, sorted([b"spoilt", self.authority.certificate.read_bytes()]))
        running = self.start(self.home)
        self.assertEqual(self.reason(running, "/roots"), "binding_matched")
        self.assertEqual([r["type"] for r in running.records()].count("restored"), 2)
        self.assertEqual(running.stop(), 0)


if __name__ == "__main__":
    main()
