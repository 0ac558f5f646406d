# SPDX-License-Identifier: Apache-2.0
"""Section H and group AU: what the audit log says, and what happens when it cannot be written (I6, I7)."""

import csv
import hashlib
import json
import pathlib
import re
import shutil
import socket
import subprocess
import threading

from harness import auditlog, client
from harness.case import H, H2, K, P, V, X, Case, OneProxy, bearer, document, main

AUTH = [("Authorization", f"Bearer {P}")]


class Records(OneProxy):
    hosts = (H, H2, X)

    def test_H01_a_decision_has_every_field_in_its_order(self):
        answer = self.ask(H, "POST", "/h01/path?token=abc", AUTH, b"body")
        self.assertEqual(answer.status, 200)
        line = next(line for _, line in auditlog.lines(self.home.audit) if b'"/h01/path"' in line)
        record = json.loads(line)
        self.assertEqual([k for k in record if k in ("v", "seq", "ts", "type", "request_id", "decision", "reason", "secret",
                                                     "scheme", "client", "destination", "bindings_sha256", "prev", "hash")],
                         ["v", "seq", "ts", "type", "request_id", "decision", "reason", "secret", "scheme", "client",
                          "destination", "bindings_sha256", "prev", "hash"])
        self.assertEqual((record["v"], record["type"], record["decision"], record["reason"], record["secret"]),
                         (1, "inject_decision", "allowed", "binding_matched", K))
        self.assertEqual(record["destination"], {"host": H, "port": 443, "method": "POST", "path": "/h01/path"})
        self.assertRegex(record["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        self.assertRegex(record["client"]["addr"], r"^127\.0\.0\.1:\d+$")
        self.assertRegex(record["bindings_sha256"], r"^[0-9a-f]{64}$")
        ended = self.proxy.await_record(lambda r: r["type"] == "upstream_response" and r["request_id"] == record["request_id"])
        self.assertEqual(len(ended), 1)
        self.assertEqual((ended[0]["status"], ended[0]["bytes"]), (200, len(b"recorded")))
        self.assertRegex(ended[0]["upstream"]["spki_sha256"], r"^[0-9a-f]{64}$")
        self.assertEqual(ended[0]["upstream"]["ip"].split(":")[0], "127.0.0.1")

    def test_H02_H10_the_query_is_nowhere(self):
        path = "/h02/" + "p" * 200
        self.ask(H, target=f"{path}?token=query-canary-value", headers=AUTH)
        self.proxy.decision(path)
        for place in (self.home.audit / "x").parent.rglob("*"):
            if place.is_file():
                self.assertNotIn(b"query-canary-value", place.read_bytes())
        self.assertNotIn(b"query-canary-value", self.proxy.stderr + self.proxy.stdout)

    def test_H03_the_record_is_on_disk_when_the_request_arrives(self):
        """[I6]"""
        seen = []

        def look(request, connection):
            seen.append(any(b'"/h03/' in line and request.path.encode() in line for _, line in auditlog.lines(self.home.audit)))
            connection.answer()
        self.recorder.on("/h03/", look)
        for turn in range(50):
            self.ask(H, target=f"/h03/{turn}", headers=AUTH if turn % 2 else [])
        self.assertEqual(seen, [True] * 50)

    def test_H09_no_header_no_body_no_value_is_in_the_log(self):
        """[I1]"""
        self.ask(H, "POST", "/h09", [*AUTH, ("X-Canary", "header-canary-value"), ("Cookie", "cookie-canary-value")],
                 b"body-canary-value")
        data = b"".join(line for _, line in auditlog.lines(self.home.audit)) + self.proxy.stderr + self.proxy.stdout
        for word in (b"header-canary", b"cookie-canary", b"body-canary", V.encode(), P.encode()):
            self.assertNotIn(word, data)

    def test_H11_a_refusal_at_CONNECT_has_its_record(self):
        wire, answer = self.proxy.connect(f"{X}:443")
        wire.close()
        problem = json.loads(answer.body)
        record = self.proxy.await_decisions(host=X)[-1]
        self.decided(record, "refused", "unmatched_destination")
        self.assertEqual(record["request_id"], problem["request_id"])

    def test_AU_14_hostile_bytes_stay_one_record_of_plain_text(self):
        with self.proxy.tunnel(H) as wire:
            for number, target in enumerate((b'/au14/"quote"', b"/au14/%0", b"/au14/\xc3\xa4", b"/au14/\x1b[31m", b"/au14/%e2%80%a8",
                                             b"/au14/" + b"a" * 8000, b"/au14/\\u0000")):
                with self.proxy.tunnel(H) as wire:
                    wire.send(b"GET " + target + b" HTTP/1.1\r\nHost: " + H.encode() + b"\r\n\r\n")
                    wire.response()
        with client.dial(self.proxy.port) as wire:
            wire.send(b"CONNECT evil\x1b[31m.test:443 HTTP/1.1\r\nHost: x\r\n\r\n")
            wire.response()
        for _, line in auditlog.lines(self.home.audit):
            self.assertRegex(line, rb"^[\x20-\x7e]*\n$")
            self.assertLessEqual(len(line), 8 * 1024 + 512)
            json.loads(line)

    def test_AU_15_every_refusal_has_one_record_with_its_reason(self):
        cases = [("GET", "/au15/a", H2, 421, "identity_mismatch", []), ("TRACE", "/au15/b", H, 501, "method_not_supported", []),
                 ("GET", "/au15/" + "t" * 9000, H, 414, "target_too_long", []),
                 ("GET", "/au15/c", H, 431, "header_too_large", [("X", "y" * 40000)]),
                 ("GET", "/au15/d", H, 501, "upgrade_not_supported", [("Connection", "upgrade"), ("Upgrade", "websocket")]),
                 ("GET", "/au15/e", H, 400, "duplicate_credential_header", [*AUTH, ("Authorization", "x")])]
        for method, target, host, status, reason, headers in cases:
            with self.subTest(reason):
                before = len(self.proxy.decisions(host=H))
                with self.proxy.tunnel(H) as wire:
                    wire.send(client.request_bytes(method, target, host, headers))
                    answer = wire.response()
                problem = self.refused(answer, status, reason)
                records = self.proxy.await_decisions(host=H, count=before + 1)
                self.assertEqual(len(records) - before, 1)
                self.decided(records[-1], "refused", reason)
                self.assertEqual(records[-1]["request_id"], problem["request_id"])

    def test_AU_18_a_second_instance_on_the_same_home_is_refused(self):
        done = self.home.run("serve", "--listen", "127.0.0.1:0", unlock=True, timeout=60)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(done.stdout, b"")
        self.assertEqual(len(done.stderr.decode().strip().splitlines()), 2, done.stderr)

    def test_verify_tail_and_show_read_a_log_that_is_being_written(self):
        """[I7]"""
        self.ask(H, target="/show/1", headers=AUTH)
        done = self.home.must("audit", "verify", "--json")
        verdict = json.loads(done.stdout)
        self.assertTrue(verdict.get("intact", verdict.get("is_intact")), verdict)
        shown = self.home.must("audit", "show", "--json", "--secret", K).stdout.decode().splitlines()
        self.assertTrue(shown)
        for line in shown:
            self.assertEqual(json.loads(line)["secret"], K)
        shown = self.home.must("audit", "show", "--json", "--decision", "allowed", "--host", H).stdout.decode().splitlines()
        self.assertTrue(any(json.loads(line)["destination"]["path"] == "/show/1" for line in shown))
        shown = self.home.must("audit", "show", "--json", "--reason", "binding_matched", "--method", "get", "-n", "1").stdout
        self.assertEqual(json.loads(shown)["destination"]["path"], "/show/1")
        self.assertEqual(self.home.must("audit", "tail", "--json", "--no-follow", "--host", H, "--decision", "allowed", "-n", "1").stdout,
                         shown)

    def test_the_log_is_exported_and_counted_and_a_broken_one_says_so(self):
        """[I7]"""
        self.ask(H, target="/export/=1", headers=AUTH)
        self.proxy.decision("/export/=1")
        table = self.scratch / "table.csv"
        self.home.must("audit", "export", "--format", "csv", "--decision", "allowed", "-o", table)
        self.assertEqual(table.stat().st_mode & 0o777, 0o600)
        self.assertEqual(list(self.scratch.glob("table.csv*")), [table])
        whole = self.home.must("audit", "export", "--format", "jsonl", "--decision", "allowed").stdout.splitlines()
        with open(table, newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
        self.assertEqual([(row["seq"], row["path"], row["secret"]) for row in rows],
                         [(str(r["seq"]), r["destination"]["path"], r["secret"]) for r in map(json.loads, whole)])
        before = table.read_bytes()
        self.assertEqual(self.home.run("audit", "export", "--format", "csv", "-o", table).returncode, 3)
        self.assertEqual(table.read_bytes(), before)
        unread = self.scratch / "unread.csv"
        self.assertEqual(self.home.run("audit", "export", "--format", "csv", "-o", unread, "--folder", "/nowhere").returncode, 3)
        self.assertEqual(list(self.scratch.glob("unread.csv*")), [])
        counted = json.loads(self.home.must("audit", "stats", "--json", "--decision", "allowed").stdout)
        self.assertEqual((counted["requests"], counted["by_secret"]), (len(rows), [{"name": K, "requests": len(rows)}]))
        broken = self.scratch / "broken"
        shutil.copytree(self.home.audit, broken)
        segment = next(file for file in broken.glob("audit-*.jsonl") if b"/export/=1" in file.read_bytes())
        segment.write_bytes(segment.read_bytes().replace(b"/export/=1", b"/export/=2"))
        for words in (("export", "--format", "jsonl"), ("export", "--format", "csv"), ("stats",)):
            done = self.home.run("audit", *words, "--folder", broken)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertNotIn(b"/export/=", done.stdout)
            self.assertIn(b"not intact at", done.stderr)

    def test_the_log_is_looked_for_where_the_proxy_writes_it_whatever_the_file_says_since(self):
        """[I7]"""
        file = self.home.path / "bindings.yaml"
        self.addCleanup(file.write_text, file.read_text())
        self.ask(H, target="/where", headers=AUTH)
        self.proxy.decision("/where")
        self.home.bindings({**self.document(), "audit": {"path": str(self.scratch / "elsewhere")}})
        self.assertEqual(json.loads(self.home.must("status", "--json").stdout)["audit"]["folder"], str(self.home.audit))
        self.assertIn(b"/where", self.home.must("audit", "show").stdout)
        self.assertTrue(self.home.must("audit", "rotate").stdout.startswith(str(self.home.audit).encode()))
        copied = self.copy_home(self.home, "where")  # it has a log of its own
        self.assertEqual(json.loads(copied.run("status", "--json").stdout)["audit"]["folder"], str(copied.audit))

    def test_segments_are_closed_while_the_proxy_runs_and_handed_on(self):
        """[I7] The proxy closes them; what it may not do (start a command, open a socket) others do."""
        newest = sorted(self.home.audit.glob("audit-*.jsonl"))[-1]
        self.ask(H, target="/rotate/1", headers=AUTH)
        self.proxy.decision("/rotate/1")
        closed = pathlib.Path(self.home.must("audit", "rotate").stdout.decode().strip())
        self.assertEqual(closed, newest)
        content = closed.read_bytes()
        self.ask(H, target="/rotate/2", headers=AUTH)
        self.proxy.decision("/rotate/2")
        self.assertEqual(closed.read_bytes(), content)
        self.assertIn(b"/rotate/2", sorted(self.home.audit.glob("audit-*.jsonl"))[-1].read_bytes())
        self.assertFalse((self.home.path / "audit-rotate").exists())
        self.home.must("audit", "verify")

        archive = self.scratch / "archive"
        archive.mkdir()
        watch = ("audit", "watch", "--no-follow", "--cursor", self.scratch / "watched")
        self.assertEqual(self.home.run(*watch, "--", "false").returncode, 1)
        self.home.must(*watch, "--", "cp", "-t", archive)
        self.assertEqual((archive / closed.name).read_bytes(), content)
        (archive / closed.name).unlink()
        self.home.must(*watch, "--", "cp", "-t", archive)
        self.assertEqual(list(archive.iterdir()), [])  # it goes on behind what was handed on

        copied = self.copy_home(self.home, "rotated")  # where none runs
        newest = sorted(copied.audit.glob("audit-*.jsonl"))[-1]
        self.assertEqual(copied.must("audit", "rotate", unlock=True).stdout.decode().strip(), str(newest))
        copied.must("audit", "verify", unlock=True)

    def test_records_are_forwarded_once_with_their_fields(self):
        self.ask(H, target="/forward", headers=AUTH)
        self.proxy.decision("/forward")
        path, received = self.scratch / "journal.socket", []
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
            journal.bind(str(path))

            def receive():
                while (message := journal.recv(65536)) != b"end":
                    received.append(message)

            def forward(to):
                del received[:]
                thread = threading.Thread(target=receive)
                thread.start()
                try:
                    self.home.must("audit", "forward", "--to", to, "--socket", path, "--cursor", self.scratch / to, "--no-follow",
                                   "--decision", "allowed", "--secret", K)
                finally:
                    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                        sender.sendto(b"end", str(path))
                    thread.join()
                return list(received)
            found = [m for m in forward("journal") if b"\nKEYSWAP_PATH=/forward\n" in m]
            self.assertEqual(len(found), 1)
            record = next(field for field in found[0].split(b"\n") if field.startswith(b"KEYSWAP_RECORD="))
            self.assertEqual(json.loads(record[15:])["destination"]["path"], "/forward")
            self.assertEqual([m for m in forward("journal") if b"/forward" in m], [])
            self.assertEqual(sum(b'keyswap-audit: @cee: {"v":1,' in m and b'"/forward"' in m for m in forward("syslog")), 1)
        path.unlink()


class Archived(OneProxy):
    """A log whose closed segments are moved away."""

    def test_closed_segments_are_archived_and_a_segment_that_was_not_is_missing(self):
        """[I7] While the proxy runs; the archive is a log of its own, and the one that stays begins behind it."""
        verifier = pathlib.Path(__file__).parents[2] / "examples" / "verify-audit" / "verify_audit.py"
        home = self.home
        archives = [self.scratch / "archive-1", self.scratch / "archive-1", self.scratch / "archive-2"]
        for turn, archive in enumerate(archives):
            for part in range(2):
                self.ask(H, target=f"/archive/{turn}/{part}", headers=AUTH)
                self.proxy.decision(f"/archive/{turn}/{part}")
                home.must("audit", "rotate")
            home.must("audit", "archive", archive, unlock=True)
            self.assertEqual(len(list(home.audit.glob("audit-*.jsonl"))), 1)
            for folder in (archive, home.audit):
                home.must("audit", "verify", "--folder", folder)
                self.assertEqual(subprocess.run(["python3", verifier, folder], check=False).returncode, 0)
            home.must("audit", "verify", unlock=True)
            shown = home.must("audit", "show", "--folder", archive, "--json", "--host", H).stdout
            self.assertIn(f"/archive/{turn}/1".encode(), shown)
            self.assertNotIn(f"/archive/{turn}/".encode(), home.must("audit", "show", "--json").stdout)
        self.ask(H, target="/archive/after", headers=AUTH)
        self.proxy.decision("/archive/after")
        for words in (("tail", "--no-follow", "-n", "1000", "--json"), ("show", "--json"), ("export", "--format", "jsonl")):
            self.assertIn(b"/archive/after", home.must("audit", *words).stdout)
        self.assertEqual(json.loads(home.must("status", "--json").stdout)["audit"]["segments"], 1)
        done = home.must("audit", "archive", archive, unlock=True)
        self.assertIn(b"no further segment is closed", done.stderr)
        self.assertEqual(home.run("audit", "archive", home.audit, unlock=True).returncode, 0, "there is nothing to move")

        copied = self.copy_home(home, "archived")  # as one who can write the home
        again = self.start(copied)
        self.assertEqual(again.ask(H, target="/archive/again", headers=AUTH).status, 200)
        self.assertEqual(again.stop(), 0)
        copied.must("audit", "rotate", unlock=True)
        self.assertEqual(copied.run("audit", "archive", copied.audit, unlock=True).returncode, 2)
        sorted(copied.audit.glob("audit-*.jsonl"))[0].unlink()
        self.assertEqual(copied.run("audit", "verify").returncode, 1)
        done = copied.run("serve", "--listen", "127.0.0.1:0", unlock=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (3, b""), done.stderr)
        self.homes.remove(copied)  # it must not verify at the end
        shutil.rmtree(copied.path)

    def test_what_was_archived_unread_is_passed_over_and_said(self):
        cursor, archive = self.scratch / "read-to", self.scratch / "archive-unread"
        watch = ("audit", "watch", "--no-follow", "--cursor", cursor, "--", "echo")
        for turn in range(3):
            self.ask(H, target=f"/unread/{turn}", headers=AUTH)
            self.proxy.decision(f"/unread/{turn}")
            self.home.must("audit", "rotate")
            if turn == 0:
                self.home.must(*watch)
        self.home.must("audit", "archive", archive, unlock=True)
        self.ask(H, target="/unread/after", headers=AUTH)
        self.proxy.decision("/unread/after")
        closed = self.home.must("audit", "rotate").stdout
        done = self.home.must(*watch)
        self.assertEqual(done.stdout, closed)
        self.assertIn(b"were archived before the command was run", done.stderr)


class Tampering(Case):
    """A log of some hundred records, stopped; copies of it are changed and judged."""

    secrets = {K: V}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        root, identity = cls.make_pki([H])
        cls.recorder = cls.make_recorder(identity)
        cls.home = cls.make_home(secrets={K: V})
        cls.home.bindings(document({K: bearer()}, recorder=cls.recorder, hosts=(H,), root=root.certificate))
        running = cls.start(cls.home)
        with running.tunnel(H) as wire:
            for turn in range(60):
                wire.send(client.request_bytes("GET", f"/t/{turn}", H, AUTH))
                assert wire.response().status == 200
        running.stop()
        cls.segment = sorted(cls.home.audit.glob("audit-*.jsonl"))[-1]
        cls.lines = cls.segment.read_bytes().splitlines(keepends=True)

    def verdict(self, change):
        """verify on a copy whose newest segment is what `change` makes of its lines."""
        copied = self.home.copy(self.scratch / "tampered")
        try:
            segment = copied.audit / self.segment.name
            segment.chmod(0o600)
            made = change(list(self.lines))
            segment.write_bytes(made if isinstance(made, bytes) else b"".join(made))
            return copied.run("audit", "verify")
        finally:
            shutil.rmtree(copied.path)

    def is_bad(self, change, names=None):
        done = self.verdict(change)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        if names is not None:
            self.assertIn(names, (done.stdout + done.stderr).decode())

    def test_the_untouched_log_verifies(self):
        """[I7]"""
        done = self.verdict(lambda lines: lines)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_AU_10_a_flipped_byte_is_found_at_its_record(self):
        """[I7]"""
        for at in range(0, len(self.lines), 7):
            line = self.lines[at]
            for position in (1, len(line) // 3, len(line) - 20):
                if line[position:position + 1] in b'"\n':
                    position += 1
                flipped = line[:position] + bytes([line[position] ^ 1]) + line[position + 1:]
                if b"\n" in flipped[:-1]:
                    continue
                with self.subTest(line=at, position=position):
                    seq = json.loads(line)["seq"]
                    done = self.verdict(lambda lines, a=at, f=flipped: [*lines[:a], f, *lines[a + 1:]])
                    self.assertEqual(done.returncode, 1)
                    self.assertRegex((done.stdout + done.stderr).decode(), rf"\b({at + 1}|{seq})\b")

    def test_AU_11_removing_repeating_swapping_or_inserting_is_found(self):
        """[I7]"""
        self.is_bad(lambda lines: lines[:10] + lines[11:])
        self.is_bad(lambda lines: lines[:10] + [lines[10]] + lines[10:])
        self.is_bad(lambda lines: lines[:10] + [lines[11], lines[10]] + lines[12:])
        self.is_bad(lambda lines: lines[:10] + [lines[30]] + lines[10:])
        self.is_bad(lambda lines: lines[1:])

    def test_AU_12_cutting_the_end_is_found(self):
        """[I7]"""
        for cut in (1, 2, 10):
            self.is_bad(lambda lines, n=cut: lines[:-n])
        whole = b"".join(self.lines)
        for size in (len(whole) - 1, len(whole) - 40, len(whole) - len(self.lines[-1]) - 10):
            with self.subTest(size):
                self.is_bad(lambda _, n=size: whole[:n])
        self.is_bad(lambda _: b"")

    def test_a_line_that_is_longer_than_any_record_does_not_hide_what_is_behind_it_in_silence(self):
        copied = self.copy_home(self.home, "long-line")
        segment = copied.audit / self.segment.name
        segment.write_bytes(b"".join([*self.lines[:5], b"x" * 20_000 + b"\n", *self.lines[5:]]))
        done = copied.run("audit", "show", "--json")
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (3, 5))
        self.assertIn(b"longer than any record", done.stderr)
        self.homes.remove(copied)  # it must not verify at the end
        shutil.rmtree(copied.path)

    def test_AU_13_a_chain_recomputed_without_the_key_is_found(self):
        """[I7]"""
        def rewrite(lines):
            previous = bytes.fromhex(json.loads(lines[0])["prev"])
            made = []
            for line in lines:
                line = line.replace(b'"/t/5"', b'"/t/x"')
                line = re.sub(rb'"prev":"[0-9a-f]{64}"', b'"prev":"' + previous.hex().encode() + b'"', line)
                bare = re.sub(rb',"hash":"[0-9a-f]{64}"\}\n$', b"}", line)
                previous = hashlib.sha256(previous + bare).digest()
                made.append(bare[:-1] + b',"hash":"' + previous.hex().encode() + b'"}\n')
            return made
        self.is_bad(rewrite)

    def test_F04_a_log_that_does_not_verify_at_its_tail_stops_the_start(self):
        """[I13]"""
        copied = self.copy_home(self.home, "bad-tail")
        segment = copied.audit / self.segment.name
        segment.write_bytes(b"".join(self.lines[:-1]) + self.lines[-1].replace(b'"v":1', b'"v":2'))
        self.homes.remove(copied)  # it must not verify at the end
        before = copied.fingerprint()
        done = copied.run("serve", "--listen", "127.0.0.1:0", unlock=True, timeout=60)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(done.stdout, b"")
        self.assertEqual(len(done.stderr.decode().strip().splitlines()), 2, done.stderr)
        changed = {k for k, v in copied.fingerprint().items() if before.get(k) != v}
        self.assertLessEqual(changed, {"serve.lock", "audit/lock"})
        shutil.rmtree(copied.path)


if __name__ == "__main__":
    main()
