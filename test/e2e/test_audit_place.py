# SPDX-License-Identifier: Apache-2.0
"""A custom `audit.path`: a folder, or the name of a file that another program's log has (I7)."""

import json
import shutil
import signal
import subprocess

from harness import auditlog
from harness.case import H, K, P, V, Case, bearer, document, main
from harness.proxy import BINARY, clean_environment

AUTH = [("Authorization", f"Bearer {P}")]
SERVE = ("serve", "--listen", "127.0.0.1:0")
FOREIGN = b'{"event":"inject_decision","decision":"injected"}\n' * 3


class Place(Case):
    """Each test has a folder and a home of its own; the other program's log stands in the folder."""

    secrets = {K: V}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root, identity = cls.make_pki([H])
        cls.recorder = cls.make_recorder(identity)
        cls.template = cls.make_home("template")

    def home_with(self, name, path):
        home = self.copy_home(self.template, name)
        home.bindings(document({K: bearer()}, recorder=self.recorder, hosts=(H,), root=self.root.certificate,
                               audit={"path": str(path)}))
        return home

    def foreign_log(self, name, file="audit.jsonl"):
        folder = self.work / f"{name}-logs"
        folder.mkdir(mode=0o755)
        log = folder / file
        log.write_bytes(FOREIGN)
        return log

    def served(self, home, folder, target):
        """One request through a proxy of its own; what is said at its start. The log must be in `folder` then, and only there."""
        running = self.start(home, audit=folder)
        self.assertEqual(running.ask(H, target=target, headers=AUTH).status, 200)
        self.assertEqual(running.decision(target)["decision"], "allowed")
        for when in ("running", "stopped"):
            with self.subTest(when):
                verdict = json.loads(home.must("audit", "verify", "--json").stdout)
                self.assertEqual(verdict["records"], len(auditlog.records(folder)))
                self.assertIn(target.encode(), home.must("audit", "show", "--host", H).stdout)
                if when == "running":
                    self.assertEqual(running.stop(), 0)
        self.assertIsNone(auditlog.check_chain(folder))
        self.assertEqual(auditlog.records(home.audit), [], "the home's own log was written")
        return running.stderr.decode()

    def refused(self, home, says):
        done = home.run(*SERVE, unlock=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (3, b""), done.stderr)
        *_, said, advice = done.stderr.decode().splitlines()
        self.assertIn(says, said)
        return advice

    def test_the_log_of_another_program_does_not_stop_serve_and_is_left_alone(self):
        """Named like a file or not; the log is in the folder beside it, of that name with .d behind it."""
        for name in ("audit.jsonl", "avp.log", "audit"):
            with self.subTest(name):
                log = self.foreign_log(f"there-{name}", name)
                before = log.stat()
                home = self.home_with(f"there-{name}", log)
                folder = log.with_name(name + ".d")
                self.assertIn(f"a new audit log begins in {folder}", self.served(home, folder, "/one"))
                self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
                self.assertEqual(log.read_bytes(), FOREIGN)
                self.assertEqual((log.stat().st_ino, log.stat().st_mtime_ns, log.stat().st_mode),
                                 (before.st_ino, before.st_mtime_ns, before.st_mode))
                self.assertEqual(sorted(log.parent.iterdir()), sorted((log, folder)))

    def test_the_log_that_was_begun_beside_the_file_stays_the_log_when_the_file_goes(self):
        """[I7] One chain: also when the other program begins its file anew, or never again."""
        log = self.foreign_log("goes")
        home, folder = self.home_with("goes", log), log.with_name("audit.jsonl.d")
        self.served(home, folder, "/with")
        self.assertIn(b"intact", home.must("doctor", "--quick", unlock=True).stdout)
        log.unlink()
        self.assertNotIn("begins", self.served(home, folder, "/without"))
        log.write_bytes(FOREIGN)
        self.assertNotIn("begins", self.served(home, folder, "/again"))
        paths = [r["destination"]["path"] for r in auditlog.records(folder) if r["type"] == "inject_decision"]
        self.assertEqual(paths, ["/with", "/without", "/again"])
        self.assertEqual(auditlog.records(folder)[0]["seq"], 1)

    def test_a_log_beside_a_file_that_is_gone_is_not_begun_anew_in_silence(self):
        """[I7] [I13]"""
        log = self.foreign_log("removed")
        home, folder = self.home_with("removed", log), log.with_name("audit.jsonl.d")
        self.served(home, folder, "/before")
        shutil.rmtree(folder)
        self.assertIn("audit accept-loss", self.refused(home, f"{folder} is not there"))
        log.unlink()
        self.assertIn("audit accept-loss", self.refused(home, f"{folder} is not there"))
        self.assertEqual(list(log.parent.iterdir()), [])
        home.must("audit", "accept-loss", unlock=True)  # as it was told
        self.served(home, log, "/after")
        self.assertEqual(auditlog.records(log)[0]["type"], "loss_accepted")

    def test_a_log_whose_folder_became_a_file_is_not_begun_anew_in_silence(self):
        """[I7] [I13] Nor the home's own."""
        folder = self.work / "became-logs" / "audit"
        elsewhere, own = self.home_with("became", folder), self.home_with("became-own", "audit")
        self.served(elsewhere, folder, "/before")
        for home, place in ((elsewhere, folder), (own, own.audit)):
            shutil.rmtree(place)
            place.write_bytes(b"")
            self.assertIn("audit accept-loss", self.refused(home, f"{place} is not there"))
            self.assertFalse(place.with_name("audit.d").exists())

    def test_a_log_that_was_moved_away_is_not_begun_anew_where_something_else_was_put(self):
        """[I7] [I13] By somebody who can write beside the log: an empty folder on the other side of a file, or a link to
        a log of the same vault."""
        place = self.work / "swapped-logs"
        place.mkdir(mode=0o700)
        log, beside, moved = place / "log", place / "log.d", place / "moved"
        home = self.home_with("swapped", log)
        self.served(home, log, "/before")
        log.rename(moved)
        beside.mkdir(mode=0o700)
        self.assertIn("audit accept-loss", self.refused(home, f"{log} is not there"))
        self.assertEqual(list(beside.iterdir()), [], "a log was begun")
        beside.rmdir()
        log.symlink_to(home.audit)
        self.assertIn("audit accept-loss", self.refused(home, f"{log} is not the one that the vault knows"))
        log.unlink()
        moved.rename(log)
        self.assertNotIn("begins", self.served(home, log, "/back"))

    def test_a_name_like_a_files_where_none_is_is_a_folder_and_a_warning(self):
        home = self.home_with("named", self.work / "named-logs" / "deep" / "audit.jsonl")
        folder = self.work / "named-logs" / "deep" / "audit.jsonl"
        checked = home.run("bindings", "check", home.path / "bindings.yaml")
        self.assertEqual(checked.returncode, 0, checked.stdout)
        self.assertIn(b"`audit.path` names a folder here", checked.stdout + checked.stderr)
        self.assertIn(f"a new audit log begins in {folder}", self.served(home, folder, "/named"))
        for made in (folder, folder.parent, folder.parent.parent):
            self.assertEqual(made.stat().st_mode & 0o777, 0o700)

    def test_a_path_is_relative_to_the_file_that_it_stands_in(self):
        folder = self.work / "relative-place"
        folder.mkdir(mode=0o700)
        home = self.copy_home(self.template, "relative")
        written = home.bindings(document({K: bearer()}, recorder=self.recorder, hosts=(H,), root=self.root.certificate,
                                         audit={"path": "audit.log"}))
        (folder / "audit.log").write_bytes(FOREIGN)
        named = shutil.move(written, folder / "x.yaml")
        running = self.start(home, options=("--bindings", str(named)), audit=folder / "audit.log.d")
        self.assertEqual(running.ask(H, target="/relative", headers=AUTH).status, 200)
        self.assertEqual(running.decision("/relative")["decision"], "allowed")
        home.must("audit", "verify")
        self.assertEqual(running.stop(), 0)
        home.must("audit", "verify", "--folder", folder / "audit.log.d")

    def test_tail_follows_the_log_beside_the_file(self):
        log = self.foreign_log("tail")
        home, folder = self.home_with("tail", log), log.with_name("audit.jsonl.d")
        running = self.start(home, audit=folder)
        tail = subprocess.Popen([BINARY, "audit", "tail", "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                env=clean_environment(KEYSWAP_HOME=home.path))
        self.addCleanup(tail.wait)
        self.addCleanup(tail.stdout.close)
        self.assertIn(b'"type":"start"', tail.stdout.readline())
        self.assertEqual(running.ask(H, target="/tail", headers=AUTH).status, 200)
        while b'"/tail"' not in (line := tail.stdout.readline()):
            self.assertTrue(line, "it ended")
        tail.send_signal(signal.SIGTERM)
        self.assertEqual(running.stop(), 0)

    def test_what_cannot_be_a_folder_is_told(self):
        """[I13] A file where the folder beside the file would be; a file as a folder on the way; a link that leads nowhere."""
        log = self.foreign_log("blocked")
        folder = log.with_name("audit.jsonl.d")
        folder.write_bytes(b"a file")
        self.refused(self.home_with("blocked", log), f"{folder} cannot be opened: the audit folder is not a folder")
        self.refused(self.home_with("below", log / "deeper"), f"{log} cannot be made")
        link = log.with_name("link")
        link.symlink_to("nowhere")
        beside = log.with_name("link.d")
        self.served(self.home_with("link", link), beside, "/link")
        self.assertFalse((log.parent / "nowhere").exists())
        self.assertEqual((folder.read_bytes(), log.read_bytes()), (b"a file", FOREIGN))


if __name__ == "__main__":
    main()
