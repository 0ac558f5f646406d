# SPDX-License-Identifier: Apache-2.0
"""Entries that a double of Transit seals (docs/sources.md, "transit"): by commands that write them, and by the proxy.

Rows M01-M09 of Mosaic; of M01, the log-in, test_sources has the rest.
"""

import contextlib
import sqlite3
import subprocess
import threading
import time

import test_sources
from harness import hashicorp, proxy
from harness.case import H, bearer, document, main

VALUE, VALUE2 = test_sources.VALUE, test_sources.VALUE2
P, P2 = test_sources.P, test_sources.P2
VAULT = test_sources.VAULT
LOCAL_KEY = "6b" * 32


class SealedByTransit(test_sources.Sources):
    addresses = (VAULT,)
    secrets = {**test_sources.Sources.secrets, "the local key": LOCAL_KEY}

    def prepare(self, name, names=("K",), entries=(), **more):
        """A home whose secrets are sealed by a double, and the double."""
        double = hashicorp.Hashicorp(self.vendor)
        self.secrets[f"the role's secret of {name}"] = double.secret_id
        source = {"type": "transit", "address": f"https://{VAULT}", "auth": "approle", "role_id": "HV_ROLE",
                  "secret_id": "HV_SECRET", "key": "agents", "associated_data": "name", "local_key": "LOCAL_KEY", **more}
        if source["local_key"] is None:
            del source["local_key"]
        home = self.make_home(name, {"HV_ROLE": double.role_id, "HV_SECRET": double.secret_id, "LOCAL_KEY": LOCAL_KEY,
                                     **dict(entries)})
        rules = {one: {**bearer(one, placeholder), "source": "sealed"} for one, placeholder in zip(names, (P, P2))}
        home.bindings(document(rules, recorder=self.recorder, hosts=[H], root=self.authority.certificate,
                               resolve={f"{VAULT}:443": self.vendor.address}, sources={"sealed": source}))
        return home, double

    def says(self, done, status, *texts):
        said = " ".join((done.stdout + done.stderr).decode().split())
        self.assertEqual(done.returncode, status, said)
        for text in texts:
            self.assertIn(text, said)

    def test_m02_a_value_that_is_added_or_rotated_is_sealed_by_transit(self):
        """M01 [I1] By a log-in whose token is given back; the proxy opens what the commands wrote."""
        home, double = self.prepare("written")
        self.says(home.run("secret", "add", "K", stdin=VALUE.encode(), unlock=True), 0, "added K")
        self.assertEqual([double.count(path) for path in ("auth/approle/login", "transit/encrypt/agents",
                                                          "auth/token/revoke-self")], [1, 1, 1])
        running = self.start(home)
        self.gets(running, "/written/first")
        self.assertEqual(double.count("transit/decrypt/agents"), 1)
        self.says(home.run("secret", "rotate", "K", stdin=VALUE2.encode(), unlock=True), 0, "rotated K")
        home.must("source", "flush")
        self.gets(running, "/written/second", VALUE2)
        self.assertEqual(double.count("transit/encrypt/agents"), 2)

    def test_m02_what_is_sealed_is_not_replaced_by_what_is_not(self):
        """[I13] Where the bindings do not say who seals it: broken, or others than are served."""
        home, _ = self.prepare("unsaid")
        self.says(home.run("secret", "add", "K", stdin=VALUE.encode(), unlock=True), 0, "added K")
        before, text = self.rows(home), (home.path / "bindings.yaml").read_text()
        for other in ("version: [\n", "version: 1\nsecrets: {}\n"):
            home.bindings(other)
            self.says(home.run("secret", "rotate", "K", stdin=VALUE2.encode(), unlock=True), 1, "K is sealed, and no source")
            self.assertEqual(self.rows(home), before)
        home.bindings(text)
        self.says(home.run("secret", "rotate", "K", stdin=VALUE2.encode(), unlock=True), 0, "rotated K")

    def test_m02_what_transit_does_not_seal_is_not_kept(self):
        home, double = self.prepare("strict")
        double.is_sealed = True
        done = home.run("secret", "add", "K", stdin=VALUE.encode(), unlock=True)
        self.says(done, 3, "the source sealed did not seal it (server_error); nothing was changed")
        self.assertNotIn(b'"K"', home.must("secret", "list", "--json", unlock=True).stdout)
        double.is_sealed = False
        double.forbidden.add("transit/encrypt/agents")
        self.says(home.run("secret", "add", "K", stdin=VALUE.encode(), unlock=True), 3, "forbidden")

    def test_m05_while_transit_is_away_a_value_is_sealed_here_and_later_there(self):
        home, double = self.prepare("fallback", fallback="local")
        double.is_sealed = True
        self.says(home.run("secret", "add", "K", stdin=VALUE.encode(), unlock=True), 0,
                  "sealed by its `local_key` for now")
        running = self.start(home)
        self.gets(running, "/fallback/away")
        self.assertEqual(running.stop(), 0)
        double.is_sealed = False
        again = self.start(home)
        self.gets(again, "/fallback/back")
        self.assertEqual(double.count("transit/decrypt/agents"), 0)
        self.says(home.run("source", "seal", "sealed", unlock=True), 0, "K sealed already")

    def test_m04_and_m07_what_is_old_or_plain_is_sealed_anew_once(self):
        """One of the key's first version, one that nobody sealed; a second run changes nothing."""
        for bound in ("off", "name"):
            with self.subTest(associated_data=bound):
                home, double = self.prepare(f"anew-{bound}", ("K", "L"), associated_data=bound)
                associated = b"K" if bound == "name" else b""
                home.add({"K": double.seal("agents", VALUE, associated)})
                with self.moved_bindings(home):
                    home.add({"L": VALUE2})
                double.rotate("agents")
                self.says(home.run("source", "seal", "sealed", unlock=True), 0, "K sealed anew", "L sealed anew")
                self.assertEqual(double.count("transit/rewrap/agents"), 0 if bound == "name" else 1)
                before = self.rows(home)
                self.says(home.run("source", "seal", "sealed", unlock=True), 0, "K sealed already", "L sealed already")
                self.assertEqual(self.rows(home), before)
                del double.keys["agents"][0]  # what is left opens what was sealed anew, and nothing else
                double.keys["agents"].insert(0, b"\0" * 32)
                running = self.start(home)
                self.gets(running, f"/anew/{bound}/K")
                self.gets(running, f"/anew/{bound}/L", VALUE2, P2)

    def test_m07_an_entry_that_nobody_sealed_is_sealed_when_it_is_used(self):
        home, double = self.prepare("plain", plaintext="seal")
        with self.moved_bindings(home):
            home.add({"K": VALUE})
        running = self.start(home)
        self.gets(running, "/plain")
        self.assertEqual(double.count("transit/encrypt/agents"), 1)
        self.says(home.run("source", "seal", "sealed", unlock=True), 0, "K sealed already")

    def test_m08_without_a_key_for_the_fallback_nothing_is_served(self):
        home, double = self.prepare("keyless", fallback="local", local_key=None)
        self.says(home.run("bindings", "check"), 2, "`fallback: local` needs a `local_key` to seal with")
        for name, key, told in (("gone", "NOT_THERE", "`local_key` (NOT_THERE) cannot be read"),
                                ("short", "SHORT_KEY", "it is no key of 64 hexadecimal digits")):
            with self.subTest(name):
                home, double = self.prepare(name, entries={"SHORT_KEY": "6b6b"}, fallback="local", local_key=key)
                self.says(home.run("serve", "--listen", "127.0.0.1:0", unlock=True), 2, told)
                self.assertEqual(double.calls, [])

    def test_m08_a_reload_to_a_bad_key_leaves_what_is_in_force(self):
        home, double = self.prepare("reloaded", entries={"SHORT_KEY": "6b6b"})
        home.add({"K": double.seal("agents", VALUE, b"K")})
        running = self.start(home)
        home.bindings((home.path / "bindings.yaml").read_text().replace("LOCAL_KEY", "SHORT_KEY"))
        self.says(home.run("reload"), 1, "it is no key of 64 hexadecimal digits")
        self.gets(running, "/reloaded")

    def test_m09_a_transit_that_hangs_is_given_up_after_five_seconds(self):
        home, double = self.prepare("hangs")
        home.add({"K": double.seal("agents", VALUE, b"K")})
        running = self.start(home)
        is_over = threading.Event()
        self.addCleanup(is_over.set)
        double.trouble = lambda path: is_over.wait(60) and None if "decrypt" in path else None
        begun = time.monotonic()
        problem = self.lacks(running, "/hangs")
        self.assertIn("sealed", problem["detail"])
        self.assertLess(time.monotonic() - begun, 9)  # what every source has is ten

    def test_a_command_that_is_killed_between_sealing_and_writing_loses_nothing(self):
        home, double = self.prepare("killed")
        with self.moved_bindings(home):
            home.add({"K": VALUE})
        before = self.rows(home)
        for words, stdin in ((("source", "seal", "sealed"), b""), (("secret", "rotate", "K"), VALUE2.encode())):
            with self.subTest(words):
                is_asked, may_go_on = threading.Event(), threading.Event()
                self.addCleanup(may_go_on.set)
                double.trouble = lambda path, asked=is_asked, go=may_go_on: (
                    asked.set() or go.wait(60) and None) if path == "transit/encrypt/agents" else None
                with subprocess.Popen([proxy.BINARY, *words, "--password-file", str(home.password_file)],
                                      env=proxy.clean_environment(KEYSWAP_HOME=home.path), stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as command:
                    command.stdin.write(stdin)
                    command.stdin.close()
                    self.assertTrue(is_asked.wait(30))
                    command.kill()
                    self.note("killed", command.stdout.read())
                may_go_on.set()
                self.assertEqual(self.rows(home), before)
        double.trouble = lambda _: None
        self.says(home.run("source", "seal", "sealed", unlock=True), 0, "K sealed anew")
        self.gets(self.start(home), "/killed")

    def test_what_an_import_puts_in_as_it_is_has_to_be_sealed(self):
        home, double = self.prepare("imported")
        file = self.inputs / "sealed.env"
        file.write_text(f"K={VALUE}\n")
        file.chmod(0o600)
        self.says(home.run("secret", "import", file, unlock=True), 0, "has to be sealed before it is used")
        running = self.start(home)
        self.lacks(running, "/imported/plain")
        self.says(home.run("source", "seal", "sealed", unlock=True), 0, "K sealed anew")
        self.gets_in_time(running, "/imported/sealed")

    # --- an entry as it was before anybody sealed it ---
    @contextlib.contextmanager
    def moved_bindings(self, home):
        file = home.path / "bindings.yaml"
        text = file.read_text()
        home.bindings("version: 1\nsecrets: {}\n")
        yield
        home.bindings(text)

    @staticmethod
    def rows(home):
        with contextlib.closing(sqlite3.connect(home.path / "vault.db")) as database:
            return database.execute("SELECT name, encrypted_key FROM credentials ORDER BY name").fetchall()


if __name__ == "__main__":
    main()
