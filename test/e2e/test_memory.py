# SPDX-License-Identifier: Apache-2.0
"""Locked memory is shared fairly (I1, I10): many clients at once, on the 8 MiB that an ordinary user may lock."""

import ctypes
import json
import resource
import shutil
import threading
import time
import unittest

from harness import client
from harness.case import H, H2, Case, document, main
from test_callers import add_caller

PLAIN, SIGNED = "kswp-PLACEHOLDER-plain-0123456789", "kswp-PLACEHOLDER-signed-0123456789"
LARGE = "large-" + "Zk7" * 1363 + "x"  # 4 KiB
API_KEY, API_SECRET = "api-key-" + "mK2" * 680, "api-secret-" + "sQ9" * 20
MIB = 1024 * 1024
MEMLOCK = 8 * MIB
PR_CAPBSET_DROP, CAP_IPC_LOCK = 24, 14
WIDE_BYTES, WIDE_COUNT = 8 * 1024, 250  # each takes 16 KiB of locked memory


def wide(number):
    return f"wide-{number:03}-" + "w4T" * (WIDE_BYTES // 3 + 1)


def ordinary_user(limit=MEMLOCK):
    """What may be locked, and no right to pass that."""
    def preexec():
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK)
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, limit))
    return preexec


class Memory(Case):
    secrets = {"LARGE": LARGE, "API_KEY": API_KEY, "API_SECRET": API_SECRET}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root, identity = cls.make_pki([H, H2])
        cls.recorder = cls.make_recorder(identity)
        cls.home = cls.make_home()
        cls.greedy, cls.modest = add_caller(cls.home, "greedy"), add_caller(cls.home, "modest")
        cls.secrets = {**cls.secrets, "token of greedy": cls.greedy, "token of modest": cls.modest}
        cls.rules = {
            "LARGE": {"placeholder": PLAIN, "inject": {"header": "Authorization", "format": "Bearer {secret}"},
                      "bindings": [{"host": H, "route": "plain"}]},
            "SIGNED": {"placeholder": SIGNED, "inject": {"type": "mexc", "api_key": "API_KEY", "api_secret": "API_SECRET"},
                       "bindings": [{"host": H2, "route": "signed"}]},
        }
        cls.home.bindings(cls.document(cls.home, cls.rules))

    @classmethod
    def document(cls, home, rules):
        return document(rules, recorder=cls.recorder, hosts=(H, H2), root=cls.root.certificate)

    def start_on_slow_disk(self, home, sync_seconds, limit=MEMLOCK):
        """The record of a request takes so long, and the requests that come meanwhile wait for the one after it."""
        # The log is there before strace looks for its name.
        self.start(home, preexec=ordinary_user(limit)).stop()
        return self.start(home, threads=2, preexec=ordinary_user(limit), ready_seconds=120, wrapper=[
            "strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-P", str(home.audit / "audit-000001.jsonl"),
            "-e", "trace=fdatasync", "-e", f"inject=fdatasync:delay_exit={sync_seconds * 1000000}"])

    def send(self, running, target, token):
        wire = client.dial(running.port, 90)
        self.addCleanup(wire.close)
        wire.send(client.request_bytes("GET", target, "localhost", [("Keyswap-Caller", token)]))
        return wire

    def send_all(self, running, targets, token):
        """At the pace at which the upstream takes connections: each that waits has one of its own."""
        before, wires = len(self.recorder.connections), []
        for target in targets:
            wires.append(self.send(running, target, token))
            if len(wires) % 25 == 0:
                self.recorder.wait(lambda: len(self.recorder.connections) - before >= len(wires) - 25, 8)
        return wires

    def answers(self, wires):
        """(status, reason) of each, and how often."""
        found = {}
        for wire in wires:
            answer = wire.response()
            self.assertIsNotNone(answer)
            key = (answer.status, answer.get("Keyswap-Reason"))
            if answer.status == 503:
                self.assertTrue(json.loads(answer.body)["retryable"], answer.body)
            found[key] = found.get(key, 0) + 1
        return found

    def test_signed_requests_that_nobody_answers_take_nothing_from_others(self):
        """[I1] [I10] 500 of them, each with a large key and a target of the greatest length."""
        running = self.start(self.home, threads=2, preexec=ordinary_user())
        done = threading.Event()
        self.addCleanup(done.set)
        self.recorder.on("/api/v3/account", lambda *_: done.wait(120))
        for number in range(500):
            self.send(running, f"/proxy/signed/api/v3/account?n={number}&pad=" + "p" * 7800, self.greedy)
        self.assertTrue(self.recorder.wait(lambda: len(self.recorder.seen("/api/v3/account")) == 500, 60),
                        f"{len(self.recorder.seen('/api/v3/account'))} were sent")
        for token in (self.modest, self.greedy):
            plain = self.send(running, "/proxy/plain/after", token)
            signed = self.send(running, "/proxy/signed/api/v3/order?a=1", token)
            self.assertEqual(self.answers([plain, signed]), {(200, None): 2})
        self.assertEqual(self.recorder.seen("/after")[0].get("Authorization"), f"Bearer {LARGE}")
        done.set()

    def test_locked_memory_is_what_the_limit_allows(self):
        """[I13] The more of it, the more may wait; too little for the loops is told, or they are fewer."""
        def started(limit, threads=2):
            running = self.start(self.home, threads=threads, preexec=ordinary_user(limit))
            locked = running.status("VmLck")
            self.assertEqual(running.stop(), 0)
            return locked, running.stderr.decode()
        usual, told = started(MEMLOCK)
        self.assertGreater(usual, 7 * 1024)
        self.assertLessEqual(usual, 8 * 1024)
        self.assertNotIn("locked memory", told)
        less, _ = started(5 * MIB + MIB // 4)
        self.assertLess(less, usual - 1024)
        _, told = started(MEMLOCK, threads=14)
        self.assertIn("of locked memory while they wait", told)
        with self.assertRaises(AssertionError) as refused:
            started(MEMLOCK, threads=64)
        self.assertIn("serve ended with 3: ", str(refused.exception))
        self.assertIn("event loops", str(refused.exception))
        self.assertIn("ulimit -l", str(refused.exception))

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_many_clients_that_wait_for_the_disk_with_one_large_secret_are_all_served(self):
        """[I10] 600 of them, on one copy of it."""
        running = self.start_on_slow_disk(self.copy_home(self.home, "waiting"), 12)
        wires = self.send_all(running, [f"/proxy/plain/waiting/{number}" for number in range(600)], self.modest)
        self.assertEqual(self.answers(wires), {(200, None): 600})
        sent = self.recorder.seen("/waiting/")
        self.assertEqual(len(sent), 600)
        self.assertEqual({request.get("Authorization") for request in sent}, {f"Bearer {LARGE}"})
        running.kill()

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_who_holds_much_is_refused_and_not_the_others(self):
        """[I10] [I13] One caller waits with more secrets than there is room for; another one is served, and nobody
        hears that a secret is missing."""
        home = self.copy_home(self.home, "greedy")
        many = {f"WIDE_{number}": wide(number) for number in range(WIDE_COUNT)}
        for begin in range(0, WIDE_COUNT, 30):  # as much as one import takes
            home.add(dict(list(many.items())[begin:begin + 30]))
        type(self).secrets = {**self.secrets, "WIDE_0": many["WIDE_0"], "the last": many[f"WIDE_{WIDE_COUNT - 1}"]}
        home.bindings(self.document(home, {**self.rules, **{
            name: {"placeholder": f"kswp-PLACEHOLDER-{name}-0123456789", "inject": {"header": "X-Api-Key", "format": "{secret}"},
                   "bindings": [{"host": H, "route": name.lower().replace("_", "-")}]} for name in many}}))
        running = self.start_on_slow_disk(home, 6, 5 * MIB + MIB // 4)
        self.send(running, "/proxy/plain/first", self.modest)
        self.assertTrue(running.await_decisions("/first", count=1))  # written, and being synced
        greedy = self.send_all(running, [f"/proxy/wide-{number}/w/{number}" for number in range(WIDE_COUNT)], self.greedy)
        modest = [self.send(running, f"/proxy/plain/modest/{number}", self.modest) for number in range(20)]
        self.assertEqual(self.answers(modest), {(200, None): 20})
        found = self.answers(greedy)
        self.assertEqual(set(found), {(200, None), (503, "too_busy")})
        # Each takes the room of all its forms, which are looked for in answers (I8).
        self.assertGreaterEqual(found[200, None], 5)
        # What one host received stays known for its later answers (I8). When there is no room for one more large secret
        # of the same host, its request is refused, and the others go on.
        self.assertEqual(self.answers([self.send(running, "/proxy/plain/after", self.modest)]), {(200, None): 1})
        running.kill()


if __name__ == "__main__":
    main()
