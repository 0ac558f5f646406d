# SPDX-License-Identifier: Apache-2.0
"""Groups H and AU: what a crash, a full disk or a strange log leaves of the audit log, and what is told of it (I6, I7)."""

import hashlib
import json
import os
import shutil
import subprocess
import threading
import unittest

from harness import auditlog, client, recorder
from harness.case import H, K, P, V, Case, bearer, document, main

AUTH = [("Authorization", f"Bearer {P}")]


class Crashes(Case):
    """kill -9, and a disk that is full."""

    secrets = {K: V}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root, identity = cls.make_pki([H])
        cls.recorder = cls.make_recorder(identity)
        cls.recorder.on("/", lambda request, connection: connection.answer())
        cls.home = cls.make_home(secrets={K: V})
        cls.bind(cls.home)

    @classmethod
    def bind(cls, home, **more):
        home.bindings(document({K: bearer()}, recorder=cls.recorder, hosts=(H,), root=cls.root.certificate, **more))

    def load(self, running, label, clients, each, answered):
        def converse(number):
            try:
                with running.tunnel(H) as wire:
                    for turn in range(each):
                        path = f"/{label}/{number}/{turn}"
                        wire.send(client.request_bytes("GET", path, H, AUTH))
                        answer = wire.response()
                        if answer is None or answer.status != 200:
                            return
                        answered.append(path)
            except (OSError, AssertionError, ValueError):
                return
        threads = [threading.Thread(target=converse, args=(n,)) for n in range(clients)]
        for thread in threads:
            thread.start()
        return threads

    def test_AU_07_AU_08_X04_after_kill_9_the_log_verifies_and_holds_every_request(self):
        """[I6] [I7] acceptance X04"""
        for turn in range(6):
            label = f"kill{turn}"
            running = self.start(self.home, threads=2)
            answered = []
            threads = self.load(running, label, 8, 25, answered)
            wanted = 20 + turn * 30
            self.recorder.wait(lambda: len(self.recorder.seen(f"/{label}/")) >= wanted, 30)
            running.kill()
            for thread in threads:
                thread.join(30)
            seen = {r.path for r in self.recorder.seen(f"/{label}/")}
            self.assertGreaterEqual(len(seen), wanted)
            recorded = {r["destination"]["path"] for r in running.decisions()}
            self.assertEqual(seen - recorded, set(), "requests without a record")
            self.assertEqual(set(answered) - recorded, set())
            self.assertIsNone(auditlog.check_chain(self.home.audit))
            self.home.must("audit", "verify")
        running = self.start(self.home)
        self.home.must("audit", "verify")
        self.assertEqual(running.ask(H, target="/after", headers=AUTH).status, 200)
        running.stop()

    def test_acceptance_X04_the_record_is_there_right_after_the_answer(self):
        for turn in range(3):
            running = self.start(self.home)
            path = f"/x04/{turn}"
            self.assertEqual(running.ask(H, target=path, headers=AUTH).status, 200)
            running.kill()
            self.assertEqual(len(running.decisions(path)), 1)

    def test_AU_16_a_request_under_way_at_the_crash_is_listed_as_unfinished(self):
        started = threading.Event()

        def hang(_, connection):
            started.set()
            connection.sock.settimeout(20)
            connection.more()
            raise recorder.CloseConnection
        self.recorder.on("/au16", hang)
        running = self.start(self.home)
        wire = running.tunnel(H)
        wire.send(client.request_bytes("GET", "/au16", H, AUTH))
        self.assertTrue(started.wait(10))
        running.kill()
        wire.close()
        verdict = json.loads(self.home.must("audit", "verify", "--json").stdout)
        self.assertGreaterEqual(verdict["unfinished"], 1, verdict)

    def test_AU_12_a_torn_last_line_is_moved_aside_and_reported(self):
        home = self.copy_home(self.home, "torn")
        running = self.start(home)
        running.ask(H, target="/torn/1", headers=AUTH)
        running.kill()
        segment = sorted(home.audit.glob("audit-*.jsonl"))[-1]
        with open(segment, "ab") as file:
            file.write(b'{"v":1,"seq":99999,"ts":"2026-')
        before = [r for r in running.records() if r["type"] == "recovered"]  # kill -9 may tear a line too
        running = self.start(home)
        found = [r for r in running.records() if r["type"] == "recovered" and r not in before]
        self.assertEqual(len(found), 1)
        self.assertEqual(found[0]["bytes"], len(b'{"v":1,"seq":99999,"ts":"2026-'))
        self.assertTrue((home.audit / found[0]["moved_to"]).exists())
        self.assertIn(found[0]["moved_to"].encode(), running.stderr)
        self.assertEqual(running.ask(H, target="/torn/2", headers=AUTH).status, 200)
        running.stop()
        home.must("audit", "verify")

    def test_records_that_were_forged_behind_a_stop_are_told_and_shown(self):
        """[I7] By somebody who can write the folder: the chain has no key."""
        home = self.copy_home(self.home, "forged")
        running = self.start(home)
        self.assertEqual(running.ask(H, target="/forged/1", headers=AUTH).status, 200)
        self.assertEqual(running.stop(), 0)
        last = running.records()[-1]
        self.assertEqual(last["type"], "stop")
        seq, previous, forged = last["seq"], last["hash"], b""
        for _ in range(1000):
            seq += 1
            bare = (f'{{"v":1,"seq":{seq},"ts":"{last["ts"]}","type":"reload","accepted":true,"bindings_sha256":"",'
                    f'"prev":"{previous}"').encode()
            previous = hashlib.sha256(bytes.fromhex(previous) + bare + b"}").hexdigest()
            forged += bare + b',"hash":"' + previous.encode() + b'"}\n'
        with open(sorted(home.audit.glob("audit-*.jsonl"))[-1], "ab") as file:
            file.write(forged)
        running = self.start(home)
        self.assertEqual(running.stop(), 0)
        told = [(r["seq"], r["first_seq"], r["last_seq"]) for r in running.records() if r["type"] == "unsigned_found"]
        self.assertEqual(told[-1], (seq + 1, last["seq"] + 1, seq))
        verdict = json.loads(home.must("audit", "verify", "--json", unlock=True).stdout)
        self.assertEqual((verdict["intact"], verdict["unsigned_found"][-1]),
                         (True, {"first_seq": last["seq"] + 1, "last_seq": seq}))
        self.assertIn(f"{last['seq'] + 1} to {seq}".encode(), home.must("audit", "verify").stdout)

    def test_the_key_signs_no_log_but_the_vaults(self):
        """[I7] By somebody who can write the home: another log, to which bindings.yaml leads, is to be closed and signed."""
        home = self.copy_home(self.home, "not-the-vaults")
        running = self.start(home)
        self.assertEqual(running.ask(H, target="/vaults-own", headers=AUTH).status, 200)
        self.assertEqual(running.stop(), 0)
        other = self.scratch / "not-the-vaults"
        shutil.copytree(home.audit, other)
        (home.path / "serve.lock").unlink()
        self.bind(home, audit={"path": str(other)})
        before = {path.name: path.read_bytes() for path in other.iterdir()}
        done = home.run("audit", "rotate", unlock=True)
        self.assertEqual((done.returncode, done.stdout), (1, b""), done.stderr)
        self.assertIn(f"the vault knows is in {home.audit}", done.stderr.decode())
        self.assertEqual({path.name: path.read_bytes() for path in other.iterdir()}, before)
        self.bind(home, audit={"path": "audit"})

    def test_a_log_signed_by_another_key_or_put_elsewhere_does_not_pass_for_the_vaults(self):
        """[I7] By somebody who can write the home: a forged tail, signed by a key of his own, which he puts beside the log;
        and bindings.yaml that leads to a copy of the log before that."""
        home = self.copy_home(self.home, "own-key")
        running = self.start(home)
        self.assertEqual(running.ask(H, target="/own-key", headers=AUTH).status, 200)
        self.assertEqual(running.stop(), 0)
        self.assertIn(b"head in the vault", home.must("audit", "verify", "--with-vault", unlock=True).stdout)
        copy = self.scratch / "copied-log"
        shutil.copytree(home.audit, copy)
        key = self.scratch / "own.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
        public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True,
                                capture_output=True).stdout[-32:]
        last = auditlog.records(home.audit)[-1]
        bare = f'{{"v":1,"seq":{last["seq"]},"hash":"{last["hash"]}","ts":"{last["ts"]}"'
        message = self.scratch / "message"
        message.write_text("keyswap-audit-checkpoint\n" + bare + "}")
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", message], check=True,
                                   capture_output=True).stdout
        (home.audit / "checkpoints.jsonl").write_text(f'{bare},"sig":"{signature.hex()}"}}\n')
        (home.audit / "audit.pub").write_text(public.hex() + "\n")
        home.must("audit", "verify")  # by itself it looks good
        for options in ((), ("--with-vault",)):
            self.assertEqual(home.run("audit", "verify", *options, unlock=True).returncode, 1)
        self.assertIn(b"not the public key", home.run("audit", "verify", unlock=True).stderr)
        self.bind(home, audit={"path": str(copy)})
        home.must("audit", "verify")
        self.assertEqual(home.run("audit", "verify", unlock=True).returncode, 1)
        done = home.run("audit", "verify", "--with-vault", "--folder", copy, unlock=True)
        self.assertEqual((done.returncode, b"keeps no head" in done.stderr), (1, True), done.stderr)
        self.homes.remove(home)  # it must not verify at the end
        shutil.rmtree(home.path)

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small filesystem needs root")
    def test_AU_06_H04_acceptance_X05_a_full_disk_refuses_every_request(self):
        """[I6] [I13]"""
        small = self.scratch / "small"
        small.mkdir(mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", str(small)], check=True)
        try:
            home = self.copy_home(self.home, "full")
            self.bind(home, audit={"path": str(small)})
            running = self.start(home, audit=small)
            refused_at = None
            for turn in range(600):
                answer = running.ask(H, target=f"/full/{turn}", headers=AUTH)
                if answer.status != 200:
                    self.refused(answer, 503, "audit_unavailable")
                    refused_at = turn
                    break
            self.assertIsNotNone(refused_at, "64 KiB never filled")
            before = self.recorder.application_bytes
            for turn in range(5):
                answer = running.ask(H, target=f"/full/after/{turn}", headers=AUTH)
                self.refused(answer, 503, "audit_unavailable")
            self.assertEqual(self.recorder.seen("/full/after/"), [])
            health = running.raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual(health.status, 503)
            self.assertEqual(json.loads(health.body), {"status": "failing", "reason": "audit_unavailable"})
            self.assertEqual(self.recorder.application_bytes, before)
            recorded = {r["destination"]["path"] for r in running.decisions()}
            self.assertEqual({r.path for r in self.recorder.seen("/full/")} - recorded, set())
            # Room again: no resuming without the operator.
            subprocess.run(["mount", "-o", "remount,size=4m", str(small)], check=True)
            self.refused(running.ask(H, target="/full/room", headers=AUTH), 503, "audit_unavailable")
            running.kill()
            again = self.start(home, audit=small)
            self.assertEqual(again.ask(H, target="/full/again", headers=AUTH).status, 200)
            again.stop()
            self.assertIsNone(auditlog.check_chain(small))
        finally:
            subprocess.run(["umount", "-l", str(small)], check=False)

    def test_H06_a_missing_audit_folder_is_not_made_anew_in_silence(self):
        """[I13] Somebody who removes the whole log must not get an empty one that verifies."""
        home = self.copy_home(self.home, "no-audit")
        archived = self.scratch / "archived"
        shutil.move(home.audit, archived)
        home.must("audit", "verify", "--folder", archived)
        done = home.run("serve", "--listen", "127.0.0.1:0", unlock=True, timeout=60)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(done.stdout, b"")
        self.assertEqual(len(done.stderr.decode().strip().splitlines()), 2, done.stderr)
        self.assertIn("audit accept-loss", done.stderr.decode())
        home.must("audit", "accept-loss", unlock=True)  # on purpose, as one who archives the old one does
        running = self.start(home)
        self.assertEqual(running.ask(H, target="/archived", headers=AUTH).status, 200)
        first = running.records()[0]
        self.assertEqual((first["seq"], first["type"]), (1, "loss_accepted"))
        self.assertEqual(running.stop(), 0)

    def test_a_log_that_was_emptied_or_set_back_is_refused_until_the_loss_is_accepted(self):
        """[I7] [I13] By somebody who can write every file of the home, and knows no passphrase."""
        home = self.copy_home(self.home, "set-back")
        running = self.start(home)
        self.assertEqual(running.ask(H, target="/early", headers=AUTH).status, 200)
        self.assertEqual(running.stop(), 0)
        older = self.scratch / "older-audit"
        shutil.copytree(home.audit, older)
        running = self.start(home)
        self.assertEqual(running.ask(H, target="/wiped", headers=AUTH).status, 200)
        self.assertEqual(running.stop(), 0)
        head = home.inputs / "head.json"
        head.write_bytes(home.must("audit", "head").stdout)
        verdict = json.loads(home.must("audit", "verify", "--json", unlock=True).stdout)
        self.assertEqual((verdict["intact"], verdict["held_against"]), (True, "vault"))

        def set_back():
            shutil.rmtree(home.audit)
            shutil.copytree(older, home.audit)

        def empty():
            for file in home.audit.iterdir():
                file.unlink()
        for attack in (set_back, empty):
            with self.subTest(attack.__name__):
                attack()
                done = home.run("serve", "--listen", "127.0.0.1:0", unlock=True, timeout=60)
                self.assertEqual((done.returncode, done.stdout), (3, b""), done.stderr)
                self.assertIn("keyswap audit accept-loss", done.stderr.decode())
                self.assertEqual(home.run("audit", "verify", unlock=True).returncode, 1)
                self.assertEqual(home.run("audit", "verify", "--head", head).returncode, 1)
        set_back()
        home.must("audit", "verify")  # by itself it looks good: only the head tells
        home.must("audit", "accept-loss", unlock=True)
        self.assertEqual(home.run("audit", "accept-loss", unlock=True).returncode, 1, "nothing is lost now")
        running = self.start(home)
        loss = [r for r in running.records() if r["type"] == "loss_accepted"]
        self.assertEqual([r["last_seq"] for r in loss], [json.loads(head.read_bytes())["seq"]])
        self.assertEqual(running.ask(H, target="/after-loss", headers=AUTH).status, 200)
        self.assertEqual(running.stop(), 0)
        home.must("audit", "verify", unlock=True)


if __name__ == "__main__":
    main()
