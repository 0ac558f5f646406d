# SPDX-License-Identifier: Apache-2.0
"""AU-01 to AU-03 and H20: the order of the system calls, and what a failing one leads to (under strace)."""

import concurrent.futures
import pathlib
import re
import shutil
import ssl
import unittest

from harness import client, recorder
from harness.case import H, K, P, V, X, Case, bearer, document, main

AUTH = [("Authorization", f"Bearer {P}")]
CALL = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(.*)$", re.S)


class Trace:
    """The calls of a strace -f output, joined over 'unfinished' and 'resumed', in order of their ends.

    Each is (begin, end, name, text): positions in the file, so that "b began after a ended" is b.begin > a.end.
    """

    def __init__(self, path):
        self.calls = []
        open_calls = {}
        for position, line in enumerate(pathlib.Path(path).read_text(errors="replace").splitlines()):
            match = re.match(r"^(\d+) +(.*)$", line)
            if not match:
                continue
            thread, text = match.groups()
            if text.endswith("<unfinished ...>"):
                open_calls[thread] = (position, text[:-len("<unfinished ...>")])
            elif text.startswith("<... "):
                begun = open_calls.pop(thread, None)
                if begun:
                    rest = re.sub(r"^<\.\.\. \w+ resumed>", "", text)
                    self._add(begun[0], position, begun[1] + rest)
            else:
                self._add(position, position, text)

    def _add(self, begin, end, text):
        match = re.match(r"^(\w+)\(", text)
        if match:
            self.calls.append((begin, end, match[1], text))

    def writes_to(self, pattern):
        return [c for c in self.calls if c[2] in ("write", "writev", "pwrite64", "sendmsg", "sendto")
                and re.search(pattern, c[3].split(",")[0])]

    def syncs(self, pattern):
        return [c for c in self.calls if c[2] in ("fdatasync", "fsync") and re.search(pattern, c[3])]


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class Order(Case):
    secrets = {K: V}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root, identity = cls.make_pki([H])
        # TLS 1.2: there the type of a record shows whether it carries the handshake or the request.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(identity.chain), str(identity.key))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        cls.recorder = cls.make_recorder(identity, context=context)
        cls.plain = cls.make_recorder()
        cls.home = cls.make_home(secrets={K: V})
        cls.home.bindings(document({K: bearer()}, recorder=cls.recorder, hosts=(H,), root=cls.root.certificate,
                                   policy="forward_unmodified", resolve={f"{X}:80": cls.plain.address}))

    def traced(self, home, *options, threads=1):
        log = self.scratch / f"{home.path.name}.strace"
        running = self.start(home, threads=threads, ready_seconds=120,
                             wrapper=["strace", "-f", "-yy", "-s", "100000", "-o", str(log), *options])
        return running, log

    AUDIT = r"audit-\d+\.jsonl"

    def test_AU_01_no_byte_of_a_request_precedes_its_record(self):
        """[I6]"""
        running, log = self.traced(self.copy_home(self.home, "au01"), "-e", "trace=write,writev,pwrite64,sendmsg,sendto,fdatasync,fsync")
        count = 60
        for turn in range(count // 2):  # half of them with a new upstream connection
            self.assertEqual(running.ask(H, target=f"/au01/{turn}", headers=AUTH).status, 200)
        with running.tunnel(H) as wire:
            for turn in range(count // 2, count):
                wire.send(client.request_bytes("GET", f"/au01/{turn}", H, AUTH if turn % 3 else []))
                self.assertEqual(wire.response().status, 200)
        running.stop()
        trace = Trace(log)
        upstream = [c for c in trace.writes_to(rf"->127\.0\.0\.1:{self.recorder.port}\b")
                    if re.search(r'"\\27\\3\\3', c[3])]  # application data (record type 0x17)
        self.assertGreaterEqual(len(upstream), count)
        writes, syncs = trace.writes_to(self.AUDIT), trace.syncs(self.AUDIT)
        durable_at = {}
        for begin, end, _, text in writes:
            done = min(sync[1] for sync in syncs if sync[0] >= end and sync[3].rstrip().endswith("= 0"))
            for path in re.findall(r'\\"path\\":\\"(/au01/\d+)\\"', text):
                durable_at[path] = done
        self.assertEqual(len(durable_at), count)
        order = sorted(durable_at.values())
        for number, (begin, *_rest) in enumerate(upstream[:count]):
            # One request at a time: when the n-th goes out, n records are durable.
            self.assertLess(order[number], begin, f"request {number} left before its record was durable")

    def test_AU_01_H20_AU_17_many_requests_at_once_share_a_sync_and_none_precedes_it(self):
        """[I6] Over plain http, where the trace shows which request a write carries."""
        running, log = self.traced(self.copy_home(self.home, "h20"), "-e", "trace=write,writev,pwrite64,sendmsg,sendto,fdatasync,fsync", threads=2)
        clients, each = 16, 25

        def converse(number):
            for turn in range(each):
                path = f"/h20/{number}-{turn}"
                answer = running.raw(f"GET http://{X}{path} HTTP/1.1\r\nHost: {X}\r\nConnection: close\r\n\r\n")
                if answer is None or answer.status != 200:
                    return f"{path}: {answer}"
            return None
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            self.assertEqual([x for x in pool.map(converse, range(clients)) if x], [])
        running.stop()
        trace = Trace(log)
        writes, syncs = trace.writes_to(self.AUDIT), trace.syncs(self.AUDIT)
        durable_at = {}
        decisions = 0
        for begin, end, _, text in writes:
            later = [sync[1] for sync in syncs if sync[0] >= end and sync[3].rstrip().endswith("= 0")]
            for path in re.findall(r'\\"path\\":\\"(/h20/[0-9-]+)\\"', text):
                durable_at[path] = min(later)
                decisions += 1
        self.assertEqual(decisions, clients * each)
        sent = 0
        for begin, end, _, text in trace.writes_to(rf"->127\.0\.0\.1:{self.plain.port}\b"):
            for path in re.findall(r"GET (/h20/[0-9-]+) HTTP", text):
                sent += 1
                self.assertLess(durable_at[path], begin, f"{path} left before its record was durable")
        self.assertEqual(sent, clients * each)
        self.assertLess(len(syncs), decisions, "no sync was shared")

    def test_AU_02_after_a_failed_sync_nothing_is_sent_again(self):
        """[I6] [I13]"""
        for when in (3, 12):
            with self.subTest(when=when):
                # Of the log alone: the vault and limits.db are synced, too.
                home = self.copy_home(self.home, f"au02-{when}")
                running, log = self.traced(home, "-P", str(home.audit / "audit-000001.jsonl"),
                                           "-e", "trace=fdatasync,fsync,write",
                                           "-e", f"inject=fdatasync:error=EIO:when={when}")
                statuses = []
                for turn in range(25):
                    path = f"/au02/{when}/{turn}"
                    answer = running.ask(H, target=path, headers=AUTH)
                    statuses.append(answer.status)
                    if answer.status != 200:
                        self.refused(answer, 503, "audit_unavailable")
                        self.assertEqual(self.recorder.seen(path), [])
                self.assertIn(503, statuses)
                first = statuses.index(503)
                self.assertEqual(set(statuses[first:]), {503}, "it went on after a failed sync")
                running.kill()
                trace = Trace(log)
                syncs = trace.syncs(self.AUDIT)
                failed = next(n for n, sync in enumerate(syncs) if "EIO" in sync[3])
                self.assertEqual(syncs[failed + 1:], [], "the failed sync was tried again")
                self.assertEqual([w for w in trace.writes_to(self.AUDIT) if w[0] > syncs[failed][1]], [])

    def test_AU_03_AU_04_after_a_failed_or_short_write_nothing_is_sent(self):
        """[I6] [I13]"""
        for fault in ("error=ENOSPC", "error=EIO", "error=EDQUOT"):
            with self.subTest(fault):
                name = "au03-" + fault[6:].lower()
                home = self.copy_home(self.home, name)
                segment = home.audit / "audit-000001.jsonl"
                log = self.scratch / f"{name}.strace"
                running = self.start(home, ready_seconds=120, wrapper=[
                    "strace", "-f", "-o", str(log), "-P", str(segment), "-e", "trace=write,writev,pwrite64,fdatasync", "-e",
                    f"inject=write,writev,pwrite64:{fault}:when=8+"])
                statuses = []
                for turn in range(25):
                    path = f"/{name}/{turn}"
                    answer = running.ask(H, target=path, headers=AUTH)
                    statuses.append(answer.status)
                    if answer.status != 200:
                        self.refused(answer, 503, "audit_unavailable")
                        self.assertEqual(self.recorder.seen(path), [])
                self.assertIn(503, statuses)
                self.assertEqual(set(statuses[statuses.index(503):]), {503})
                running.kill()
                home.must("audit", "verify")

    def test_what_was_recorded_too_late_was_not_sent_and_its_closing_record_says_so(self):
        """[I6] [I10] One sync takes 36 s: after 30 whoever waits for it gets 503. Nothing of it was sent, though it was allowed."""
        home = self.copy_home(self.home, "late")
        running, _ = self.traced(home, "-P", str(home.audit / "audit-000001.jsonl"), "-e", "trace=fdatasync",
                                 "-e", "inject=fdatasync:delay_enter=36000000:when=10")
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            asking = {path: pool.submit(self.ask_until_refused, running, path, headers)
                      for path, headers in (("/late/key", AUTH), ("/late/pass", ()))}
            tunnels = pool.submit(self.open_tunnels_until_refused, running)
            late = {path: done.result() for path, done in asking.items()}
            tunnel = tunnels.result()
        for path, answer in [*late.values(), ("", tunnel)]:
            self.refused(answer, 503, "audit_unavailable")
            self.note("answer", answer.raw_head + answer.body)
        for path, answer in late.values():
            record, = running.await_decisions(path, seconds=60)
            self.assertIn(record["decision"], ("allowed", "pass"))
            self.ended_unsent(running, record)
            self.assertEqual(self.recorder.seen(path), [])
        self.ended_unsent(running, running.decisions(kind="tunnel")[-1])
        self.assertEqual(running.ask(H, target="/after", headers=AUTH).status, 200)
        self.assertEqual(running.stop(), 0)

    def test_it_ends_well_while_a_record_is_made_that_nobody_waits_for_any_more(self):
        """[I6] SIGTERM during a slow sync, after the client has gone whose tunnel it is for: nothing is lost, nobody is told in vain."""
        home = self.copy_home(self.home, "left")
        running, _ = self.traced(home, "-P", str(home.audit / "audit-000001.jsonl"), "-e", "trace=fdatasync",
                                 "-e", "inject=fdatasync:delay_enter=2000000")
        reached = len(self.plain.connections)
        with client.dial(running.port) as wire:
            wire.send(f"CONNECT {X}:80 HTTP/1.1\r\nHost: {X}:80\r\n\r\n")
            self.assertTrue(self.plain.wait(lambda: len(self.plain.connections) > reached))
        self.assertEqual(running.stop(), 0, running.stderr)
        self.assertEqual([r["type"] for r in running.records()][-3:], ["tunnel", "upstream_response", "stop"])
        self.assertEqual(running.records()[-2]["outcome"], "not_sent")

    def ask_until_refused(self, running, path, headers):
        """The path of the first request that gets another answer than 200, and that answer."""
        for turn in range(1000):
            target = f"{path}/{turn}"
            answer = running.ask(H, target=target, headers=headers, timeout=60)
            if answer is None or answer.status != 200:
                return target, answer
        raise AssertionError("no sync was slow")

    @staticmethod
    def open_tunnels_until_refused(running):
        for _ in range(1000):
            wire, answer = running.connect(f"{X}:80", timeout=60)
            wire.close()
            if answer is None or answer.status != 200:
                return answer
        raise AssertionError("no sync was slow")

    def ended_unsent(self, running, decision):
        found = running.await_record(lambda r: r["type"] == "upstream_response" and r["request_id"] == decision["request_id"])
        self.assertEqual([(r["status"], r["outcome"]) for r in found], [(0, "not_sent")], decision)


if __name__ == "__main__":
    main()
