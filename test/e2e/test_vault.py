# SPDX-License-Identifier: Apache-2.0
"""Acceptance rows F01 to F18 and group VA: where secrets live, from outside (I1, I13)."""

import concurrent.futures
import contextlib
import ctypes
import fcntl
import json
import os
import pathlib
import pwd
import re
import resource
import shutil
import sqlite3
import stat
import subprocess
import unittest

from harness import canary, proxy
from harness.case import H, K, K2, P, V, V2, Case, bearer, document, main
from harness.holding import frozen, held

AUTH = [("Authorization", f"Bearer {P}")]
CAP_IPC_LOCK, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 14, 24, 38


def two_lines(done):
    return len(done.stderr.decode().strip().splitlines()) == 2


class AtRest(Case):
    """The files of a home, without a proxy."""

    secrets = {K: V, K2: V2}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        old = os.umask(0)
        try:
            cls.home = cls.make_home()
        finally:
            os.umask(old)

    def test_acceptance_F01_VA_08_no_file_holds_a_secret(self):
        """[I1] also after rotating and removing"""
        home = self.copy_home(self.home, "f01")
        rotated = "sk-rotated-0Pq+r/5=StUvWx"
        self.secrets = {**self.secrets, "rotated": rotated}
        home.must("secret", "rotate", K, stdin=rotated.encode(), unlock=True)
        home.must("secret", "remove", K2, unlock=True)
        self.assertEqual(canary.search(home.path, [], {**self.secrets, "P": proxy.PASSPHRASE}), [])

    def test_acceptance_F02_unlocking_takes_256_MiB(self):
        """[I13]"""
        pid = os.posix_spawn(proxy.BINARY, [proxy.BINARY, "secret", "remove", "NOT_THERE", "--password-file",
                                            str(self.home.password_file)],
                             proxy.clean_environment(KEYSWAP_HOME=self.home.path),
                             file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
                                           (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
        _, _, usage = os.wait4(pid, 0)
        self.assertGreaterEqual(usage.ru_maxrss, 256 * 1024)

    def test_acceptance_F02_VA_03_a_header_below_the_floor_is_refused(self):
        """[I13]"""
        for column, lower in (("memory", 8 * 1024 * 1024), ("passes", 1)):
            home = self.copy_home(self.home, f"floor-{column}")
            with sqlite3.connect(home.path / "vault.db") as database:
                table, name = self.find_column(database, column)
                database.execute(f"UPDATE {table} SET {name} = ?", (lower,))
            database.close()
            before = home.fingerprint()
            done = home.run("secret", "remove", "X", unlock=True)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertTrue(two_lines(done), done.stderr)
            self.assertEqual(home.fingerprint(), before)

    def find_column(self, database, part):
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for column in database.execute(f"PRAGMA table_info({table})").fetchall():
                if part in column[1]:
                    return table, column[1]
        self.fail(f"no column about {part} in vault.db")

    def test_acceptance_F03_VA_02_a_wrong_passphrase_changes_nothing(self):
        """[I13]"""
        before = self.home.fingerprint()
        messages = set()
        for text in ("wrong", "x" * 4000, "\xff\xfe", proxy.PASSPHRASE + " ", proxy.PASSPHRASE[:-1]):
            file = self.inputs / "wrong"
            file.write_bytes(text.encode("latin-1") + b"\n")
            file.chmod(0o600)
            done = self.home.run("secret", "remove", K, "--password-file", file)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertTrue(two_lines(done), done.stderr)
            self.assertIn("passphrase", done.stderr.decode())
            messages.add(done.stderr.decode().replace(str(file), "FILE"))
        self.assertEqual(len(messages), 1, "the answers tell wrong passphrases apart")
        self.assertEqual(self.home.fingerprint(), before)

    def test_acceptance_F04_VA_01_a_damaged_vault_never_yields_a_value(self):
        """[I13] Bytes flipped all over the file; truncation; a page of zeros."""
        whole = (self.home.path / "vault.db").read_bytes()
        interesting = [n for n in range(0, len(whole), max(1, len(whole) // 14)) if whole[n]]
        damages = [("flip", n) for n in interesting] + [("cut", len(whole) // 2), ("cut", 0), ("cut", 100), ("zero", 4096)]
        for kind, at in damages:
            with self.subTest(kind=kind, at=at):
                home = self.home.copy(self.scratch / "damaged")
                file = home.path / "vault.db"
                if kind == "flip":
                    file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1:])
                elif kind == "cut":
                    file.write_bytes(whole[:at])
                else:
                    file.write_bytes(whole[:at] + b"\0" * 4096 + whole[at + 4096:])
                before = file.read_bytes()
                done = home.run("secret", "list", unlock=True)
                if done.returncode == 0:
                    # Flipped where nothing is kept (free space): the names are still right.
                    self.assertIn(K, done.stdout.decode())
                else:
                    self.assertIn(done.returncode, (1, 3), done.stderr)
                    self.assertTrue(two_lines(done), done.stderr)
                self.assertEqual(file.read_bytes(), before)
                shutil.rmtree(home.path)

    def test_VA_04_rows_cannot_be_swapped(self):
        """[I5]"""
        home = self.copy_home(self.home, "swapped")
        with sqlite3.connect(home.path / "vault.db") as database:
            rows = database.execute("SELECT name, encrypted_key, nonce FROM credentials ORDER BY name").fetchall()
            (first, box1, nonce1), (second, box2, nonce2) = rows[0], rows[1]
            database.execute("UPDATE credentials SET encrypted_key = ?, nonce = ? WHERE name = ?", (box2, nonce2, first))
            database.execute("UPDATE credentials SET encrypted_key = ?, nonce = ? WHERE name = ?", (box1, nonce1, second))
        database.close()
        root, identity = self.make_pki([H], "pki-va04")
        upstream = self.make_recorder(identity)
        home.bindings(document({K: bearer()}, recorder=upstream, hosts=(H,), root=root.certificate))
        try:
            running = self.start(home)
        except AssertionError:
            return  # refused at the start: as good
        answer = running.ask(H, target="/va04", headers=AUTH)
        self.refused(answer, 503, "secret_unavailable")
        self.assertEqual(upstream.seen("/"), [])
        running.stop()

    def test_VA_05_nonces_are_all_different(self):
        home = self.copy_home(self.home, "nonces")
        file = self.inputs / "many.env"
        file.write_text("".join(f"N{n}='same-value-every-time'\n" for n in range(200)))
        file.chmod(0o600)
        home.must("secret", "import", file, unlock=True)
        with sqlite3.connect(home.path / "vault.db") as database:
            rows = database.execute("SELECT nonce, encrypted_key FROM credentials WHERE name LIKE 'N%'").fetchall()
        database.close()
        self.assertEqual(len({nonce for nonce, _ in rows}), 200)
        self.assertEqual(len({box for _, box in rows}), 200)
        self.assertTrue(all(len(nonce) == 24 for nonce, _ in rows))

    def test_acceptance_F05_VA_09_modes_are_tight_whatever_the_umask(self):
        """[I13] The home was made with umask 000."""
        self.assertEqual(stat.S_IMODE(self.home.path.stat().st_mode), 0o700)
        for path in self.home.path.rglob("*"):
            mode = stat.S_IMODE(path.stat().st_mode)
            wanted = 0o700 if path.is_dir() else 0o644 if path.name in ("ca.pem", "bundle.pem") else 0o600
            self.assertEqual(mode, wanted, path)

    def test_acceptance_F08_a_key_file_opens_without_asking_and_only_by_choice(self):
        self.assertFalse((self.home.path / "key").exists())
        done = self.home.run("secret", "remove", K)  # no passphrase anywhere, no terminal
        self.assertEqual(done.returncode, 3, done.stderr)
        home = proxy.Home(self.work / "keyed", self.inputs)
        self.homes.append(home)
        home.must("init", "--key-file")
        self.assertEqual(stat.S_IMODE((home.path / "key").stat().st_mode), 0o600)
        home.must("secret", "add", K, stdin=V.encode())
        self.assertIn(K, home.must("secret", "list").stdout.decode())

    def test_acceptance_F09_F10_F11_list_add_remove(self):
        home = self.copy_home(self.home, "f09")
        added = json.loads(home.must("secret", "add", "FRESH", "--service", "shop", "--json", stdin=b"fresh-value-123456789",
                                     unlock=True).stdout)
        self.assertEqual((added["name"], added["service"]), ("FRESH", "shop"))
        self.assertRegex(added["id"], r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
        done = home.must("secret", "list", "--json", unlock=True)
        listed = json.loads(done.stdout)
        listed = listed if isinstance(listed, list) else listed["secrets"]
        self.assertEqual([entry["name"] for entry in listed], sorted([K, K2, "FRESH"]))
        for entry in listed:
            self.assertEqual(set(entry), {"id", "service", "name", "created_at", "last_used_at"})
            self.assertIsNone(entry["last_used_at"])
        self.assertNotIn(V[:8].encode(), done.stdout)
        for name, value in (("", b"x"), ("with space", b"x"), ("EMPTY", b""), (K, b"again")):
            done = home.run("secret", "add", name, stdin=value, unlock=True)
            self.assertIn(done.returncode, (1, 2), (name, done.stderr))
            self.assertTrue(two_lines(done), done.stderr)
        home.must("secret", "remove", "FRESH", unlock=True)
        done = home.run("secret", "remove", "FRESH", unlock=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        done = home.run("secret", "rotate", "FRESH", stdin=b"x", unlock=True)
        self.assertEqual(done.returncode, 1, done.stderr)

    def test_VA_13_a_value_is_never_taken_from_the_command_line(self):
        for words in (("secret", "add", "ARGV", "sk-in-argv-canary"), ("secret", "add", "ARGV", "--value", "sk-in-argv-canary"),
                      ("secret", "add", "ARGV", "--value=sk-in-argv-canary"), ("secret", "rotate", K, "sk-in-argv-canary"),
                      ("secret", "add", "ARGV", "-----BEGIN PRIVATE KEY-----\nsk-in-argv-canary\n-----END PRIVATE KEY-----"),
                      ("secret", "add", "ARGV", "--trim=sk-in-argv-canary"), ("serve", "--threads", "sk-in-argv-canary"),
                      ("init", "--approval", "sk-in-argv-canary"), ("help", "sk-in-argv-canary")):
            done = self.home.run(*words, unlock=True)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertNotIn(b"sk-in-argv-canary", done.stdout + done.stderr)

    def test_VA_15_writers_at_once_lose_nothing(self):
        home = self.copy_home(self.home, "writers")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda n: home.run("secret", "add", f"W{n}", stdin=b"value-of-a-writer", unlock=True), range(8)))
        self.assertEqual([d.returncode for d in done], [0] * 8, [d.stderr for d in done])
        listed = home.must("secret", "list", unlock=True).stdout.decode()
        for number in range(8):
            self.assertIn(f"W{number}", listed)

    def test_VA_16_a_backup_taken_during_writes_opens(self):
        """With SQLite's own online backup, as docs/operations.md says."""
        home = self.copy_home(self.home, "backed-up")
        backup = self.copy_home(self.home, "backup")
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            writes = [pool.submit(home.run, "secret", "add", f"B{n}", stdin=b"value-during-backup", unlock=True) for n in range(4)]
            copies = 0
            while not all(write.done() for write in writes):
                source, target = sqlite3.connect(home.path / "vault.db", timeout=20), sqlite3.connect(backup.path / "vault.db")
                with source, target:
                    source.backup(target, pages=1)
                source.close()
                target.close()
                copies += 1
                if copies % 50 == 1:
                    self.assertIn(K, backup.must("secret", "list", unlock=True).stdout.decode())
            self.assertEqual([write.result().returncode for write in writes], [0] * 4)
        self.assertIn(K, backup.must("secret", "list", unlock=True).stdout.decode())

    def test_VA_07_kill_9_while_writing_leaves_the_old_or_the_new_value(self):
        home = self.copy_home(self.home, "killed")
        for turn in range(8):
            process = subprocess.Popen([proxy.BINARY, "secret", "rotate", K2, "--password-file", str(home.password_file)],
                                       stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env=proxy.clean_environment(KEYSWAP_HOME=home.path))
            process.stdin.write(V2.encode())
            process.stdin.close()
            # It ends between half a second and a second; the kill sweeps over its end.
            try:
                process.wait(0.3 + turn * 0.09)
            except subprocess.TimeoutExpired:
                process.kill()
            process.wait()
        listed = home.must("secret", "list", unlock=True).stdout.decode()
        self.assertIn(K2, listed)
        self.assertEqual([p.name for p in home.path.iterdir() if "tmp" in p.name], [])


class TakenBack(Case):
    """What was taken back stays taken back, whatever happens to the file (I13)."""

    secrets = {K: V, K2: V2}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root, identity = cls.make_pki([H])
        cls.recorder = cls.make_recorder(identity)
        cls.home = cls.make_home()
        cls.home.bindings(document({K: bearer()}, recorder=cls.recorder, hosts=(H,), root=cls.root.certificate))

    def test_what_is_taken_back_from_a_file_that_is_held_is_not_used_for_long(self):
        """[I13] The lock file is removed, and somebody holds the vault's file from the command's commit on."""
        home = self.copy_home(self.home, "held")
        running = self.start(home)
        self.assertEqual(running.ask(H, target="/taken/before", headers=AUTH).status, 200)
        with contextlib.ExitStack() as stack:
            with frozen(running):
                (home.path / "serve.lock").unlink()
                removed = home.run("secret", "remove", K, unlock=True)
                stack.enter_context(held(home, fcntl.LOCK_EX))
            self.assertEqual(removed.returncode, 1, removed.stderr)
            self.assertIn(f"(pid {running.pid}) did not confirm it", removed.stderr.decode())
            locked = running.await_record(lambda r: r["type"] == "vault_locked", seconds=15)
            self.assertEqual([r["why"] for r in locked], ["unread"])
            self.refused(running.ask(H, target="/taken/held", headers=AUTH), 503, "vault_locked")
        self.assertTrue(running.await_record(lambda r: r["type"] == "vault_readable"))
        self.refused(running.ask(H, target="/taken/after", headers=AUTH), 503, "secret_unavailable")
        self.assertEqual([r.path for r in self.recorder.seen("/taken/")], ["/taken/before"])
        self.assertEqual(json.loads((home.path / "serve.lock").read_text())["pid"], running.pid)
        self.assertEqual(running.stop(), 0)

    def test_each_command_that_takes_back_says_so_when_the_proxy_does_not_confirm_it(self):
        """[I13] Done in the vault all the same: a proxy that goes on goes by it."""
        home = self.copy_home(self.home, "unconfirmed")
        home.must("caller", "add", "gone", unlock=True)
        del home.outputs[-2:]  # a caller's token, which nobody uses
        running = self.start(home)
        self.assertEqual(running.ask(H, target="/unconfirmed/before", headers=AUTH).status, 200)
        with frozen(running):
            for command, value in ((("secret", "rotate", K2), b"another-value-3f9a2c7d"), (("secret", "remove", K), b""),
                                   (("caller", "remove", "gone"), b""), (("ca", "rotate"), b"")):
                with self.subTest(command=command):
                    done = home.run(*command, unlock=True, stdin=value)
                    self.assertEqual(done.returncode, 1, done.stderr)
                    self.assertIn(f"(pid {running.pid}) did not confirm it", done.stderr.decode())
        self.assertTrue(running.await_record(lambda r: r["type"] == "reload"))  # the new CA, which clients trust by now
        self.refused(running.ask(H, target="/unconfirmed/after", headers=AUTH), 503, "secret_unavailable")
        self.assertEqual(running.stop(), 0)

    def test_a_vault_that_was_replaced_opens_nothing_more(self):
        """[I13] As a restore or rsync does it: an older copy is renamed over it."""
        home = self.copy_home(self.home, "replaced")
        older = home.path / "older.db"
        shutil.copy2(home.path / "vault.db", older)
        running = self.start(home)
        self.assertEqual(running.ask(H, target="/before", headers=AUTH).status, 200)
        os.rename(older, home.path / "vault.db")
        locked = running.await_record(lambda r: r["type"] == "vault_locked")
        self.assertEqual([r["why"] for r in locked], ["replaced"])
        self.refused(running.ask(H, target="/locked", headers=AUTH), 503, "vault_locked")
        self.assertEqual(self.recorder.seen("/locked"), [])
        self.assertEqual(running.ask(H, target="/without").status, 200)
        health = running.raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertEqual((health.status, json.loads(health.body)),
                         (503, {"status": "failing", "reason": "vault_locked"}))
        done = home.run("secret", "remove", K2, unlock=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("did not confirm", done.stderr.decode())
        running.stop()
        self.assertEqual(running.stderr.decode().count("is not what was opened"), 1, running.stderr)
        # Opened anew, by the passphrase, it counts.
        running = self.start(home)
        self.assertEqual(running.ask(H, target="/anew", headers=AUTH).status, 200)
        self.assertEqual(running.stop(), 0)

    def test_taking_back_returns_when_the_running_proxy_goes_by_it(self):
        """[I13]"""
        home = self.copy_home(self.home, "confirmed")
        running = self.start(home)
        self.assertEqual(running.ask(H, target="/there", headers=AUTH).status, 200)
        told = json.loads(home.must("ca", "rotate", "--json", unlock=True).stdout)
        reloads = running.await_record(lambda r: r["type"] == "reload")
        self.assertEqual([r["ca_sha256"] for r in reloads], [told["sha256"]])
        self.assertEqual(running.ask(H, target="/new-ca", headers=AUTH).status, 200)
        home.must("secret", "remove", K, unlock=True)
        self.refused(running.ask(H, target="/removed", headers=AUTH), 503, "secret_unavailable")
        self.assertEqual(running.stop(), 0)


def without_memory_locking():
    """In the child: no locked memory, and root's exemption from the limit gone."""
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))


def refusing(call):
    """What runs a command on a kernel that has not this system call."""
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error=ENOSYS"]


class Limits(Case):
    secrets = {K: V}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = cls.make_home()

    def test_acceptance_F06_VA_12_without_locked_memory_nothing_starts(self):
        """[I13]"""
        before = self.home.fingerprint()
        for words in (("serve", "--listen", "127.0.0.1:0"), ("secret", "list")):
            done = self.home.run(*words, unlock=True, preexec=without_memory_locking, timeout=30)
            if words[0] == "secret" and done.returncode == 0:
                continue  # a list that opens no secret needs no locked memory
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertTrue(two_lines(done), done.stderr)
            self.assertIn("memory", done.stderr.decode())
        self.assertEqual(self.home.fingerprint(), before)

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_without_landlock_it_serves_and_says_so_in_one_line(self):
        running = self.start(self.home, wrapper=refusing("landlock_create_ruleset"))
        self.assertEqual(running.raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200)
        self.assertEqual(running.stop(), 0)
        self.assertEqual([line for line in running.stderr.decode().splitlines() if "Landlock" in line],
                         ["keyswap: warning: no Landlock here (Function not implemented): what this process may write is "
                          "not restricted"])

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_without_a_filter_of_system_calls_it_does_not_serve(self):
        """[I13]"""
        with self.assertRaises(AssertionError) as refused:
            self.start(self.home, wrapper=refusing("seccomp"))
        said = str(refused.exception)
        self.assertIn("serve ended with 3: ", said)
        self.assertIn("filter of system calls", said)
        self.assertIn("seccomp(2)", said)


@unittest.skipUnless(os.geteuid() == 0, "only root becomes another user")
class OfRoot(Case):
    """serve started by root."""

    secrets = {K: V}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = cls.make_home()
        cls.home.bindings(document({K: bearer()}, policy="forward_unmodified"))

    def give_to(self, user, group):
        for folder in (self.work, self.inputs):
            for path in (folder, *folder.rglob("*")):
                os.chown(path, user, group, follow_symlinks=False)

    def test_root_becomes_the_user_who_owns_the_home(self):
        """[I13] With no way back: real, effective, saved and file system's ids are all the user's."""
        if int(pathlib.Path("/proc/self/uid_map").read_text().split()[2]) < 65536:
            self.skipTest("a container that has no other user")
        nobody = pwd.getpwnam("nobody")
        self.addCleanup(self.give_to, 0, 0)
        self.give_to(nobody.pw_uid, nobody.pw_gid)
        running = self.start(self.home, options=("--user", "nobody"))
        status = pathlib.Path(f"/proc/{running.pid}/status").read_text()
        for ids, own in (("Uid", nobody.pw_uid), ("Gid", nobody.pw_gid)):
            self.assertEqual(set(re.search(rf"^{ids}:\s+(.*)$", status, re.M)[1].split()), {str(own)})
        self.assertNotIn("0", re.search(r"^Groups:(.*)$", status, re.M)[1].split())
        self.assertEqual(running.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200)
        self.assertTrue(running.reload()["accepted"])
        self.assertEqual(running.stop(), 0)
        self.assertNotIn(b"running as root", running.stderr)
        self.assertEqual({path.stat().st_uid for path in self.home.audit.iterdir()}, {nobody.pw_uid})

    def test_a_low_port_is_bound_before_root_is_given_up(self):
        """[I13] Who has no right to it is told what gives it."""
        if int(pathlib.Path("/proc/self/uid_map").read_text().split()[2]) < 65536:
            self.skipTest("a container that has no other user")
        nobody = pwd.getpwnam("nobody")
        self.addCleanup(self.give_to, 0, 0)
        self.give_to(nobody.pw_uid, nobody.pw_gid)
        first = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
        alone = ["unshare", "--net", "sh", "-c", f'ip link set lo up && echo 1024 > {first} && exec "$@"', "-"]
        serve = [proxy.BINARY, "serve", "--listen", "127.0.0.1:443", "--listen", "[::1]:80", "--threads", "1",
                 "--home", str(self.home.path), "--password-file", str(self.home.password_file)]
        environment = proxy.clean_environment()
        running = subprocess.Popen([*alone, *serve, "--user", "nobody"], env=environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(running.wait)
        self.addCleanup(running.stderr.close)
        self.addCleanup(running.stdout.close)
        self.addCleanup(running.kill)
        line = running.stdout.readline()
        self.assertTrue(line, running.stderr.read1() if not line else b"")
        self.assertEqual(json.loads(line)["listen"], ["127.0.0.1:443", "[::1]:80"])
        inside = ["nsenter", "--net", "--target", str(running.pid), "curl", "-sS", "--noproxy", "*", "-o", "/dev/null",
                  "-w", "%{http_code}"]
        for address in ("http://127.0.0.1:443/healthz", "http://[::1]:80/healthz"):
            done = subprocess.run([*inside, address], env=environment, capture_output=True, timeout=30, check=False)
            self.assertEqual(done.stdout, b"200", done.stderr)
        status = pathlib.Path(f"/proc/{running.pid}/status").read_text()
        self.assertEqual(set(re.findall(r"^Cap\w+:\s+(\w+)$", status, re.M)), {"0" * 16})
        self.assertEqual(re.search(r"^Uid:\s+(\d+)", status, re.M)[1], str(nobody.pw_uid))
        running.terminate()
        self.assertEqual(running.wait(30), 0)

        done = subprocess.run([*alone, "setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", *serve],
                              env=environment, capture_output=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"cannot serve on 127.0.0.1:443", done.stderr)
        self.assertIn(b"--user NAME", done.stderr)

    def test_root_that_names_nobody_is_told_what_is_wrong_with_it(self):
        running = self.start(self.home)
        self.assertTrue(running.await_stderr("running as root"))
        self.assertIn("--user", running.stderr.decode())
        self.assertEqual(running.stop(), 0)

    def test_users_that_it_cannot_become_are_refused(self):
        """[I13] Before anything is opened."""
        for name, status, what in (("no-such-user-here", 2, "there is no user"), ("root", 2, "is root")):
            done = self.home.run("serve", "--listen", "127.0.0.1:0", "--user", name, unlock=True, timeout=30)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertTrue(two_lines(done), done.stderr)
            self.assertIn(what, done.stderr.decode())
        # The home is root's: another user has no business there.
        done = self.home.run("serve", "--listen", "127.0.0.1:0", "--user", "nobody", unlock=True, timeout=30)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertTrue(two_lines(done), done.stderr)


if __name__ == "__main__":
    main()
