# SPDX-License-Identifier: Apache-2.0
"""Bad input: one line that says what is wrong, one that says what to do, the documented exit code, and nothing changed."""

import ctypes
import os
import pathlib
import resource
import shutil
import socket
import sqlite3
import subprocess
import unittest

from harness import client, pki, proxy
from harness.case import H, K, K2, P, P2, V, Case, bearer, document, main
from harness.clock import DAY, Clock

AUTH = [("Authorization", f"Bearer {P}")]
SERVE = ("serve", "--listen", "127.0.0.1:0")


class BadInput(Case):
    secrets = {K: V}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root, identity = cls.make_pki([H])
        cls.recorder = cls.make_recorder(identity)
        cls.template = cls.make_home()
        cls.good = document({K: bearer()}, recorder=cls.recorder, hosts=(H,), root=cls.root.certificate)
        cls.template.bindings(cls.good)
        cls.count = 0

    def home(self):
        type(self).count += 1
        home = self.template.copy(self.scratch / f"home{self.count}")
        self.addCleanup(shutil.rmtree, home.path, True)
        return home

    def complains(self, home, *words, code, says, unlock=True, changes_nothing=True, lines=2, **options):
        """Runs a command that must fail as documented."""
        before = home.fingerprint() if home.path.is_dir() else None
        done = home.run(*words, unlock=unlock, timeout=60, **options)
        text = done.stderr.decode()
        self.note(f"stderr of {words}", done.stderr)
        self.assertEqual(done.returncode, code, text)
        self.assertEqual(done.stdout, b"")
        if lines:
            self.assertEqual(len(text.strip().splitlines()), lines, text)
        for word in [says] if isinstance(says, str) else says:
            self.assertIn(word, text)
        if changes_nothing and before is not None:
            after = {k: v for k, v in home.fingerprint().items() if k != "serve.lock"}
            before = {k: v for k, v in before.items() if k != "serve.lock"}
            self.assertEqual(after, before)
        return text

    def test_no_home(self):
        home = proxy.Home(self.scratch / "nowhere", self.inputs)
        for words in (SERVE, ("secret", "list"), ("secret", "add", "X"), ("bindings", "check"), ("audit", "verify"), ("ca", "show"),
                      ("run", "--", "true"), ("env",), ("source", "list"), ("source", "test", "local"), ("source", "flush")):
            with self.subTest(words):
                unlocks = words[0] in ("serve", "secret", "run")
                self.complains(home, *words, code=2 if words[0] == "bindings" else 3, says="keyswap init", unlock=unlocks)
                self.assertFalse(home.path.exists())

    @unittest.skipUnless(os.geteuid() == 0, "giving files away needs root")
    def test_a_home_of_another_user(self):
        home = self.home()
        os.chown(home.path, 12345, 12345)
        self.complains(home, *SERVE, code=3, says=str(home.path))
        os.chown(home.path, 0, 0)
        os.chown(home.path / "vault.db", 12345, 12345)
        self.complains(home, *SERVE, code=3, says="vault.db")

    def test_VA_09_a_home_with_loose_modes(self):
        home = self.home()
        home.path.chmod(0o750)
        self.complains(home, *SERVE, code=3, says="chmod")
        home.path.chmod(0o700)
        (home.path / "vault.db").chmod(0o640)
        self.complains(home, *SERVE, code=3, says=["vault.db", "chmod"])

    def test_VA_09_TC_10_links_in_place_of_files(self):
        for name in ("vault.db",):
            home = self.home()
            moved = home.path / "elsewhere"
            (home.path / name).rename(moved)
            (home.path / name).symlink_to(moved)
            self.complains(home, *SERVE, code=3, says=name)
        home = self.home()
        os.link(home.path / "vault.db", home.path / "second-link")
        self.complains(home, *SERVE, code=3, says="vault.db")

    def test_a_wrong_passphrase(self):
        home = self.home()
        wrong = self.inputs / "wrong"
        wrong.write_text("not this\n")
        wrong.chmod(0o600)
        self.complains(home, *SERVE, "--password-file", wrong, code=3, says="passphrase", unlock=False)

    def test_no_passphrase_at_all(self):
        self.complains(self.home(), *SERVE, code=3, says="--password-file", unlock=False)

    def test_a_password_file_that_is_not_there(self):
        self.complains(self.home(), *SERVE, "--password-file", self.scratch / "none", code=3, says="none", unlock=False)

    def test_a_damaged_vault(self):
        for damage in (lambda data: b"", lambda data: data[:len(data) // 2], lambda data: b"not a database at all" * 100,
                       lambda data: data[:100] + bytes(4000) + data[4100:]):
            home = self.home()
            file = home.path / "vault.db"
            file.write_bytes(damage(file.read_bytes()))
            self.complains(home, *SERVE, code=3, says="vault")

    def test_a_missing_vault(self):
        home = self.home()
        (home.path / "vault.db").unlink()
        self.complains(home, *SERVE, code=3, says="no vault")

    def test_I49_broken_bindings_name_every_error_with_its_place(self):
        """[I13] [I14]"""
        home = self.home()
        home.bindings('version: 1\nsecrets:\n  A:\n    placeholder: "too-short"\n    inject: {header: Authorization, format: "Bearer {A}"}\n'
                      '    bindings: []\n  B:\n    placeholder: "no-marker-0123456789-0123456789"\n    colour: blue\n'
                      '    inject: {header: "bad header", format: "no token"}\n    bindings:\n      - host: "http://x/"\n'
                      'audit: { path: audit }\nunknown: 1\n')
        text = self.complains(home, *SERVE, code=2, says=["bindings.yaml:4:", "bindings.yaml:9:", "bindings.yaml:12:",
                                                          "bindings.yaml:14:"], lines=None)
        self.assertGreaterEqual(len([line for line in text.splitlines() if "bindings.yaml:" in line]), 5)
        done = home.run("bindings", "check")
        self.assertEqual(done.returncode, 2)

    def test_contradictory_bindings(self):
        home = self.home()
        same = document({K: bearer(), K2: bearer(K2, P)})
        home.bindings(same)
        self.complains(home, *SERVE, code=2, says="bindings.yaml:", lines=None)

    def test_bindings_that_are_not_there_or_not_yaml(self):
        home = self.home()
        (home.path / "bindings.yaml").unlink()
        self.complains(home, *SERVE, code=self.code_of_missing(home), says="bindings.yaml")
        home.bindings("version: [1\n")
        self.complains(home, *SERVE, code=2, says="bindings.yaml:", lines=None)
        home.bindings("a: &x 1\nb: *x\n")
        self.complains(home, *SERVE, code=2, says="bindings.yaml:", lines=None)

    @staticmethod
    def code_of_missing(home):
        """Not there is 'cannot' (3) or 'a broken configuration' (2); both are documented."""
        done = home.run(*SERVE, unlock=True, timeout=60)
        return done.returncode if done.returncode in (2, 3) else 3

    def test_I46_a_repeated_key(self):
        home = self.home()
        home.bindings("version: 1\nversion: 1\nsecrets: {}\naudit: { path: audit }\n")
        self.complains(home, *SERVE, code=2, says="bindings.yaml:2:1", lines=None)

    def test_a_secret_that_is_not_in_the_vault_is_a_warning_at_start_and_503_on_use(self):
        """[I13]"""
        home = self.copy_home(self.template, "not-in-vault")
        home.bindings(document({K: bearer(), "NOT_THERE": bearer("NOT_THERE", "none-PLACEHOLDER-0123456789abcdef")},
                               recorder=self.recorder, hosts=(H,), root=self.root.certificate))
        running = self.start(home)
        self.assertTrue(running.await_stderr("NOT_THERE"))
        answer = running.ask(H, target="/not-there", headers=[("Authorization", "Bearer none-PLACEHOLDER-0123456789abcdef")])
        self.assertIn("NOT_THERE", self.refused(answer, 503, "secret_unavailable")["detail"])
        self.assertEqual(running.ask(H, target="/there", headers=AUTH).status, 200)
        self.assertEqual(running.stop(), 0)

    def test_a_port_in_use(self):
        home = self.home()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.complains(home, "serve", "--listen", f"127.0.0.1:{port}", code=3, says=str(port), changes_nothing=False)

    def test_an_address_that_others_can_reach(self):
        for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0"):
            self.complains(self.home(), "serve", "--listen", address, code=2, says=address.rsplit(":", 1)[0].strip("[]"))

    def test_words_that_are_no_address(self):
        for address in ("localhost", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x", ":8472", "::1:8472"):
            self.complains(self.home(), "serve", "--listen", address, code=2, says="--listen" if "::1" not in address else "[")

    def test_AU_18_a_second_instance_on_the_same_home(self):
        home = self.copy_home(self.template, "twice")
        running = self.start(home)
        text = self.complains(home, *SERVE, code=3, says=str(home.path), changes_nothing=False)
        self.assertIn(str(running.pid), text)
        self.assertEqual(running.ask(H, target="/twice", headers=AUTH).status, 200)
        running.stop()

    def test_F04_an_audit_log_that_does_not_verify(self):
        home = self.copy_home(self.template, "audit-broken")
        running = self.start(home)
        running.ask(H, target="/audit-broken", headers=AUTH)
        running.stop()
        self.homes.remove(home)
        segment = sorted(home.audit.glob("audit-*.jsonl"))[-1]
        segment.write_bytes(segment.read_bytes().replace(b'"type":"stop"', b'"type":"stot"'))
        self.complains(home, *SERVE, code=3, says="audit verify")
        shutil.rmtree(home.path)

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small filesystem needs root")
    def test_a_full_disk_at_start(self):
        """[I13]"""
        home = self.home()
        small = self.scratch / "full"
        small.mkdir(mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k,mode=0700", "tmpfs", str(small)], check=True)
        try:
            with open(small / "filler", "wb") as file:
                try:
                    file.write(b"x" * 65536)
                except OSError:
                    pass
            home.bindings({**self.good, "audit": {"path": str(small / "audit")}})
            (small / "audit").mkdir(mode=0o700, exist_ok=True)
            self.complains(home, *SERVE, code=3, says="disk", changes_nothing=False)
        except OSError:
            self.complains(home, *SERVE, code=3, says="disk", changes_nothing=False)
        finally:
            subprocess.run(["umount", "-l", str(small)], check=False)

    def test_memory_that_may_not_be_locked(self):
        """[I13]"""
        def limit():
            ctypes.CDLL(None).prctl(24, 14, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_IPC_LOCK
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))
        self.complains(self.home(), *SERVE, code=3, says="memory", preexec=limit)

    def test_too_few_file_descriptors(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))
        self.complains(self.home(), *SERVE, code=3, says="ulimit -n", preexec=limit, changes_nothing=False)

    def test_a_missing_CA(self):
        home = self.home()
        (home.path / "ca.pem").unlink()
        self.complains(home, *SERVE, code=3, says="ca.pem")

    def test_a_CA_of_somebody_else(self):
        """[I11]"""
        home = self.home()
        other = pki.Authority(self.scratch / "other-ca", "somebody else's")
        shutil.copy(other.certificate, home.path / "ca.pem")
        (home.path / "ca.pem").chmod(0o644)
        self.complains(home, *SERVE, code=3, says="CA")

    def test_an_expired_CA(self):
        """[I11] [I13]"""
        home = self.home()
        command = [proxy.BINARY, *SERVE, "--password-file", str(home.password_file)]
        clock = Clock(self.inputs / "clock", 11 * 365 * DAY)
        done = subprocess.run(command, capture_output=True, timeout=60, check=False,
                              env=proxy.clean_environment(KEYSWAP_HOME=home.path, **clock.environment()))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("ca rotate", done.stderr.decode())
        self.assertEqual(done.stdout, b"")

    def test_I48_SIGHUP_with_a_broken_file_leaves_the_old_one_in_force(self):
        """[I14]"""
        home = self.copy_home(self.template, "sighup")
        running = self.start(home)
        home.bindings("version: 1\nsecrets: {\n")
        self.assertFalse(running.reload()["accepted"])
        self.assertTrue(running.await_stderr("bindings.yaml:"))
        self.assertEqual(running.ask(H, target="/sighup/1", headers=AUTH).status, 200)
        self.assertEqual(self.recorder.one("/sighup/1").all("Authorization"), [f"Bearer {V}"])
        home.bindings(document({K: bearer(methods=["POST"])}, recorder=self.recorder, hosts=(H,), root=self.root.certificate))
        self.assertTrue(running.reload()["accepted"])
        running.ask(H, target="/sighup/2", headers=AUTH)
        self.assertEqual(self.recorder.one("/sighup/2").all("Authorization"), [f"Bearer {P}"])
        running.stop()

    def test_an_init_over_a_home(self):
        home = self.home()
        self.complains(home, "init", code=2, says=str(home.path))

    def test_unknown_commands_and_options(self):
        home = self.home()
        for words in (("frobnicate",), ("serve", "--frobnicate"), ("secret", "frobnicate"), ("audit",), ("secret",), ()):
            with self.subTest(words):
                done = home.run(*words)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(len(done.stderr.decode().strip().splitlines()), 2, done.stderr)

    def test_every_command_has_help_with_an_example(self):
        home = self.home()
        for words in (("demo",), ("init",), ("secret",), ("secret", "add"), ("secret", "list"), ("secret", "import"), ("serve",), ("run",), ("env",),
                      ("bindings",), ("bindings", "check"), ("bindings", "explain"), ("audit", "verify"), ("audit", "tail"),
                      ("audit", "show"), ("audit", "export"), ("audit", "stats"), ("audit", "rotate"), ("audit", "archive"), ("audit", "watch"), ("audit", "forward"),
                      ("ca", "show"), ("ca", "export"), ("ca", "rotate"), ("doctor",),
                      ("status",), ("reload",), ("passwd",), ("backup",), ("restore",), ("login",)):
            with self.subTest(words):
                done = home.run(*words, "--help")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("keyswap " + words[0], done.stdout.decode())
                self.assertIn("Example", done.stdout.decode())


if __name__ == "__main__":
    main()
