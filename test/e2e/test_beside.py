# SPDX-License-Identifier: Apache-2.0
"""What lies beside keyswap's files, and around its commands, is not trusted: journals of others, folders that others can
write, a place without a HOME, a configuration of OpenSSL; a disk that is full, and an end at any step."""

import contextlib
import os
import pathlib
import re
import shlex
import shutil
import signal
import sqlite3
import struct
import subprocess
import unittest

from harness import documents, holding, proxy
from harness.case import H, K, P, V, Case, bearer, document, main

# Examples of --help that a test cannot wait for: they go on for ever, or wait for a browser.
STAYING = re.compile(r"keyswap (serve|login|audit (tail|forward|watch))\b")
PAGE_BYTES, SECTOR_BYTES = 4096, 512
MAGIC = bytes.fromhex("d9d505f920a163d7")


def examples():
    """The examples of every command's --help that take no shell, as lists of words."""
    lines = sorted({line for _, line in documents.examples("/nowhere")})
    plain = [shlex.split(line)[1:] for line in lines if line.startswith("keyswap ") and not re.search(r"[<>|$~]", line)]
    return [words for words in plain if not STAYING.match("keyswap " + " ".join(words))]


def journal_that_names(file):
    """A journal that SQLite rolls back at once: it has no pages in it, and at its end the file to be deleted."""
    name = os.fsencode(file)
    head = MAGIC + struct.pack(">IIIII", 0, 0, 2, SECTOR_BYTES, PAGE_BYTES)
    end = struct.pack(">I", 0x40000000 // PAGE_BYTES + 1) + name + struct.pack(">II", len(name), sum(name)) + MAGIC
    return head.ljust(SECTOR_BYTES, b"\0") + end


class Beside(Case):
    secrets = {K: V}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root, identity = cls.make_pki([H])
        cls.recorder = cls.make_recorder(identity)
        cls.home = cls.make_home()
        cls.home.bindings(cls.content(cls.root.certificate))
        with_limits = cls.start(cls.home)  # makes limits.db
        assert with_limits.ask(H, target="/v1/first", headers=[("Authorization", f"Bearer {P}")]).status == 200
        assert with_limits.stop() == 0

    @classmethod
    def content(cls, root):
        scope = {"quota": {"requests": 1000, "per": "day"}, "approve": {"paths": ["/v1/held"], "hold": "5s"}}
        return document({K: bearer(**scope)}, recorder=cls.recorder, hosts=(H,), root=root)

    def cannot(self, done, *words):
        """Exit 2 or 3, and one line that says what is wrong with each of the words in it."""
        self.assertIn(done.returncode, (2, 3), done.stderr)
        for word in words:
            self.assertIn(word.encode(), done.stderr)

    # --- journals ---
    def databases(self):
        found = sorted(path for path in self.home.path.rglob("*") if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3")
        self.assertEqual([path.name for path in found], ["approvals.db", "limits.db", "vault.db"])
        return found

    def test_the_journal_that_is_planted_here_makes_SQLite_delete_a_file(self):
        """What the next tests hold against keyswap is no empty threat."""
        precious, database = self.scratch / "named", self.scratch / "a.db"
        precious.write_text("precious")
        made = sqlite3.connect(database)
        made.execute("CREATE TABLE t(a)")
        made.commit()
        made.close()
        pathlib.Path(f"{database}-journal").write_bytes(journal_that_names(precious))
        read = sqlite3.connect(database)
        read.execute("SELECT count(*) FROM t").fetchall()
        read.close()
        self.assertFalse(precious.exists())

    def test_a_journal_beside_any_database_of_the_home_deletes_nothing(self):
        precious = self.scratch / "precious"
        precious.write_text("precious")
        for database in self.databases():
            with self.subTest(database.name):
                journal = pathlib.Path(f"{database}-journal")
                journal.write_bytes(journal_that_names(precious))
                journal.chmod(0o600)
                self.addCleanup(journal.unlink, missing_ok=True)
                commands = [("serve", "--listen", "127.0.0.1:0")]
                commands += {"vault.db": [("secret", "list"), ("caller", "list"), ("audit", "verify", "--with-vault"),
                                          ("passwd", "--add-key-file"), ("backup", self.scratch / "a.backup")],
                             "limits.db": [("limits", "show")], "approvals.db": [("approve", "list")]}[database.name]
                for words in commands:
                    unlock = words[0] not in ("limits", "approve")
                    self.cannot(self.home.run(*words, unlock=unlock), "the journal beside the database names another file")
                self.assertEqual((precious.read_text(), journal.exists()), ("precious", True))
                journal.unlink()
        self.assertEqual(self.home.run("secret", "list", unlock=True).returncode, 0)

    def test_a_journal_that_is_planted_while_it_serves_deletes_nothing(self):
        """[I13] No secret is used meanwhile; once it is gone, all is as before."""
        precious = self.scratch / "precious-too"
        precious.write_text("precious")
        running = self.start(self.home)
        for database, reason in zip(self.databases(), ("limits_unavailable", "limits_unavailable", "vault_locked")):
            # The proxy writes the vault by itself, and its own journal would take the place of that one.
            stopped = holding.frozen(running) if database.name == "vault.db" else contextlib.nullcontext()
            with self.subTest(database.name), stopped:
                journal = pathlib.Path(f"{database}-journal")
                journal.write_bytes(journal_that_names(precious))
                journal.chmod(0o600)
                self.addCleanup(journal.unlink, missing_ok=True)
                if database.name == "vault.db":
                    self.cannot(self.home.run("caller", "add", "other", unlock=True), "journal")
                else:
                    path = "/v1/held" if database.name == "approvals.db" else "/v1/planted"
                    answer = running.ask(H, target=path, headers=[("Authorization", f"Bearer {P}")])
                    self.refused(answer, 503, reason)
                self.assertEqual((precious.read_text(), journal.exists()), ("precious", True))
                journal.unlink()
        self.assertEqual(running.stop(), 0)

    # --- who may write there ---
    def test_a_ca_file_that_others_could_change_is_refused(self):
        """[I4] The file, a folder above it, the folder of a link on the way; by every command that reads it."""
        folder = self.scratch / "roots"
        folder.mkdir(mode=0o755)
        inner = folder / "inner"
        inner.mkdir(mode=0o755)
        file, link = inner / "root.pem", folder / "links" / "link.pem"
        shutil.copy(self.root.certificate, file)
        file.chmod(0o644)
        link.parent.mkdir(mode=0o755)
        link.symlink_to(file)
        home = self.home.copy(self.scratch / "roots-home")
        for named, loose, mode, told in (
                (file, file, 0o666, f"other users can write {file}"), (file, file, 0o664, f"other users can write {file}"),
                (file, inner, 0o777, f"can be written by everybody: {inner}"), (file, folder, 0o777, f"can be written by everybody: {folder}"),
                (link, file, 0o666, f"other users can write {link}"), (link, inner, 0o777, f"can be written by everybody: {inner}"),
                (link, link.parent, 0o777, f"can be written by everybody: {link.parent}")):
            with self.subTest(f"{named.name}: {loose.name} {mode:o}"):
                home.bindings(self.content(named))
                self.assertEqual(home.run("bindings", "check").returncode, 0)
                before = loose.stat().st_mode & 0o777
                if mode == 0o664:  # of a group that is not this user's alone
                    os.chown(loose, -1, 65534)
                loose.chmod(mode)
                try:
                    for words in (("bindings", "check"), ("serve", "--listen", "127.0.0.1:0"), ("bindings", "approve", "--yes"),
                                  ("run", "--", "true")):
                        self.cannot(home.run(*words, unlock=words[1] != "check"), "`ca_file` cannot be trusted: ", told)
                finally:
                    loose.chmod(before)

    @unittest.skipUnless(os.geteuid() == 0, "only root can give a file to another user")
    def test_a_ca_file_of_another_user_is_refused(self):
        file = self.scratch / "of-another.pem"
        shutil.copy(self.root.certificate, file)
        home = self.home.copy(self.scratch / "of-another-home")
        home.bindings(self.content(file))
        for owned in (file, self.scratch):
            os.chown(owned, 65534, -1)
            try:
                self.cannot(home.run("bindings", "check"), "belongs to another user (uid 65534)", str(owned))
            finally:
                os.chown(owned, 0, -1)

    def test_a_home_below_a_folder_that_others_can_write_is_refused(self):
        """VA-09: by every command that takes it, and none is made there."""
        above = self.scratch / "open"
        above.mkdir()
        home = self.home.copy(above / "home")
        above.chmod(0o777)
        for words in (("secret", "list"), ("serve", "--listen", "127.0.0.1:0"), ("run", "--", "true"), ("env",), ("audit", "verify"),
                      ("ca", "show"), ("limits", "show"), ("status",), ("backup", self.scratch / "b")):
            with self.subTest(words):
                done = home.run(*words, unlock=words[0] in ("secret", "serve", "run", "backup"))
                self.cannot(done, "the folder above can be written by everybody")
        # What only reads bindings.yaml tells of it.
        self.assertIn(b"warning: other users can put another file here", home.run("bindings", "check").stderr)
        self.cannot(home.run("init", "--key-file", "--home", above / "new", home=False), "the folder above can be written by everybody")
        self.assertEqual(os.listdir(above), ["home"])

    # --- what is around a command ---
    def test_without_a_HOME_no_command_makes_anything_where_it_runs(self):
        folder = self.scratch / "nowhere"
        folder.mkdir()
        asked = 0
        staying = (["serve", "--listen", "127.0.0.1:0"], ["audit", "tail"], ["login", "github"])
        for words in [*examples(), *staying]:
            with self.subTest(words):
                done = self.without_home(words, folder)
                asked += b"$HOME is not set" in done.stderr
                self.assertEqual(os.listdir(folder), [])
        self.assertGreater(asked, 30)
        for words in [["init", "--key-file"], *staying]:
            self.cannot(self.without_home(words, folder), "$HOME is not set")
            self.cannot(self.without_home(words, folder, HOME="relative"), "$HOME is not set")
            self.assertEqual(os.listdir(folder), [])
        # With a home that is named nothing else is missed.
        for words in (("run", "--", "env"), ("bindings", "check"), ("ca", "show"), ("secret", "list")):
            done = self.without_home(words, folder, KEYSWAP_HOME=self.home.path, KEYSWAP_PASSWORD_FILE=self.home.password_file)
            self.assertEqual(done.returncode, 0, (words, done.stdout, done.stderr))
            self.assertEqual(os.listdir(folder), [])

    def without_home(self, words, folder, **variables):
        environment = proxy.clean_environment(TMPDIR=self.scratch, EDITOR="true", **variables)
        if "HOME" not in variables:
            del environment["HOME"]
        done = subprocess.run([proxy.BINARY, *words], stdin=subprocess.DEVNULL, capture_output=True, env=environment, cwd=folder,
                              timeout=60, check=False)
        self.note(str(words), done.stdout + done.stderr)
        return done

    def test_no_command_reads_the_configuration_of_openssl(self):
        """It could load code. Here it is a pipe that nobody writes: who reads it hangs."""
        pipe = self.scratch / "openssl.cnf"
        os.mkfifo(pipe)
        variables = {"OPENSSL_CONF": pipe, "OPENSSL_MODULES": self.scratch, "OPENSSL_ENGINES": self.scratch,
                     "KEYSWAP_PASSWORD_FILE": self.home.password_file, "TMPDIR": self.scratch, "EDITOR": "true"}
        with self.assertRaises(subprocess.TimeoutExpired):
            subprocess.run(["openssl", "rand", "-hex", "1"], env=proxy.clean_environment(**variables), capture_output=True, timeout=1, check=False)
        home = self.home.copy(self.scratch / "openssl-home")
        self.homes.append(home)
        words_of_all = examples()
        self.assertGreater(len(words_of_all), 45)
        for words in words_of_all:
            with self.subTest(words):
                home.run(*words, env=variables, cwd=self.scratch, timeout=60)
        running = self.start(self.home, env=variables)
        self.assertEqual(running.ask(H, target="/v1/conf", headers=[("Authorization", f"Bearer {P}")]).status, 200)
        self.assertEqual(running.stop(), 0)

    # --- an end at any step ---
    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_an_init_that_is_killed_at_any_step_leaves_no_home_or_a_whole_one(self):
        """VA-09"""
        folder = self.scratch / "cut"
        folder.mkdir(mode=0o700)
        home = proxy.Home(folder / "home", self.inputs)
        steps = 0
        for call, every in (("mkdir", 1), ("mkdirat", 1), ("fchmod", 3), ("write", 2), ("pwrite64", 16), ("fdatasync", 5), ("fsync", 3),
                            ("rename", 2), ("renameat2", 1), ("unlink", 2)):
            for number in range(1, 200, every):
                done = self.init_until(home, call, number, "SIGKILL")
                if done.returncode == 0:
                    shutil.rmtree(home.path)
                    break
                self.assertEqual(done.returncode, -signal.SIGKILL, done.stderr)
                steps += 1
                if home.path.exists():
                    self.assertEqual(home.run("secret", "list").returncode, 0, (call, number))
                    self.assertEqual(home.run("bindings", "check").returncode, 0, (call, number))
                    shutil.rmtree(home.path)
            else:
                self.fail(f"{call}: no init came to its end")
        self.assertGreater(steps, 20)
        home.must("init", "--key-file")
        self.assertEqual(os.listdir(folder), ["home"])

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_an_init_that_is_interrupted_leaves_nothing(self):
        """VA-09"""
        folder = self.scratch / "interrupted"
        folder.mkdir(mode=0o700)
        home = proxy.Home(folder / "home", self.inputs)
        for call, number, name in (("pwrite64", 3, "SIGTERM"), ("fsync", 2, "SIGINT"), ("fsync", 5, "SIGHUP"), ("rename", 2, "SIGTERM"),
                                   ("mkdir", 1, "SIGINT"), ("fdatasync", 15, "SIGTERM")):
            with self.subTest(f"{call} {number} {name}"):
                done = self.init_until(home, call, number, name)
                self.assertEqual(done.returncode, -getattr(signal, name), done.stderr)
                self.assertEqual(os.listdir(folder), [], "half a home is left")

    def init_until(self, home, call, number, name):
        return subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                               f"inject={call}:signal={name}:when={number}", proxy.BINARY, "init", "--key-file", "--home", home.path],
                              capture_output=True, env=proxy.clean_environment(), timeout=60, check=False)

    # --- a full disk ---
    @unittest.skipUnless(os.geteuid() == 0, "mounting a small filesystem needs root")
    def test_a_full_disk_is_told_as_such_and_leaves_what_was(self):
        """[I13] Of each size that is too small init leaves nothing; later, each command that writes says why it could not."""
        small = self.scratch / "small"
        small.mkdir()
        home = proxy.Home(small / "home", self.inputs)
        for kib in (*range(8, 300, 24), 4096):
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=0700", "tmpfs", str(small)], check=True)
            self.addCleanup(subprocess.run, ["umount", "-l", str(small)], check=False, capture_output=True)
            done = home.run("init", "--key-file", home=False, env={"KEYSWAP_HOME": home.path})
            if kib == 4096:
                break
            if done.returncode != 0:
                self.cannot(done, "No space left on device", "nothing was left behind")
                self.assertEqual(os.listdir(small), [])
            subprocess.run(["umount", str(small)], check=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        home.must("secret", "add", K, stdin=V.encode())
        with open(small / "filler", "wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                pass
        before = home.fingerprint()
        env_file = self.inputs / "more.env"
        env_file.write_text("ANOTHER_KEY=another-value-0123456789\n")
        env_file.chmod(0o600)
        for words, stdin in ((("secret", "add", "MORE_KEY"), b"v" * 60000), (("secret", "rotate", K), b"w" * 60000),
                             (("bindings", "add", K, "--host", H, "--header", "X-Key"), b""), (("backup", small / "a.backup"), b""),
                             (("ca", "export", "-o", small / "bundle"), b""), (("passwd", "--add-passphrase"), b"")):
            with self.subTest(words):
                done = home.run(*words, stdin=stdin)
                if words[0] != "passwd":
                    self.cannot(done, "No space left on device")
                self.assertEqual({**home.fingerprint(), "serve.lock": None}, {**before, "serve.lock": None})
        self.assertEqual(home.run("secret", "list").returncode, 0)


if __name__ == "__main__":
    main()
