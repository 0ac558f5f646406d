# SPDX-License-Identifier: Apache-2.0
"""The vault of a proxy at work: memory, use, change."""

import json
import os
import pathlib
import re
import threading
import time
import unittest

from harness import canary, client
from harness.case import H, H2, K, K2, P, P2, V, V2, OneProxy, bearer, main

AUTH = [("Authorization", f"Bearer {P}")]


class Running(OneProxy):
    """A proxy at work: memory, use, change."""

    hosts = (H, H2)
    secrets = {K: V, K2: V2}

    @classmethod
    def rules(cls):
        anthropic = bearer("ANTHROPIC", "sk-ant-PLACEHOLDER-0123456789abcdef", (H,))
        anthropic["inject"] = {"header": "x-api-key", "format": "{ANTHROPIC}"}
        return {K: bearer(), K2: bearer(K2, P2, (H2,)), "GONE": bearer("GONE", "gone-PLACEHOLDER-0123456789abcdef", (H,)),
                "ANTHROPIC": anthropic}

    @classmethod
    def make_home(cls, name="home", secrets=None):
        cls.secrets = {**cls.secrets, "ANTHROPIC": "sk-ant-live-3Xv+b/8=Nm7Kj"}
        return super().make_home(name, secrets)

    def test_acceptance_F06_secrets_lie_in_locked_memory(self):
        """[I1]"""
        self.assertGreater(self.proxy.status("VmLck"), 0)
        limits = pathlib.Path(f"/proc/{self.proxy.pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size\s+0\s+0")

    @unittest.skipUnless(os.geteuid() == 0, "reading another process's memory needs root")
    def test_acceptance_F07_VA_10_VA_11_no_copy_stays_in_memory_after_use(self):
        """[I1] Root's view of the whole process after a few hundred swaps: ordinary memory holds none. (Locked memory
        does: what a host received is looked for in its later answers, I8.)"""
        with self.proxy.tunnel(H) as wire:
            for turn in range(200):
                wire.send(client.request_bytes("GET", f"/f07/{turn}", H, AUTH))
                self.assertEqual(wire.response().status, 200)
        for turn in range(20):
            self.ask(H, target=f"/f07/new/{turn}", headers=AUTH)
        found = []
        maps = pathlib.Path(f"/proc/{self.proxy.pid}/maps").read_text().splitlines()
        smaps = pathlib.Path(f"/proc/{self.proxy.pid}/smaps").read_text()
        locked = {lines.split(" ", 1)[0] for lines in re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", smaps)
                  if re.search(r"^VmFlags:.* lo\b", lines, re.MULTILINE)}
        self.assertTrue(locked)
        with open(f"/proc/{self.proxy.pid}/mem", "rb", 0) as memory:
            for line in maps:
                match = re.match(r"([0-9a-f]+)-([0-9a-f]+) r(\S+) \S+ \S+ \S+ *(.*)", line)
                if not match or match[4] in ("[vvar]", "[vsyscall]") or f"{match[1]}-{match[2]}" in locked:
                    continue
                begin, end = int(match[1], 16), int(match[2], 16)
                try:
                    memory.seek(begin)
                    data = memory.read(end - begin)
                except (OSError, ValueError, OverflowError):
                    continue
                for name, value in self.secrets.items():
                    if value.encode() in data:
                        found.append((name, line))
        self.assertEqual(found, [])

    def test_nothing_that_serving_does_not_need_is_left_to_the_process(self):
        """[I1] Of every thread: no new privileges, the filter of system calls, no capability."""
        threads = list(pathlib.Path(f"/proc/{self.proxy.pid}/task").iterdir())
        self.assertGreater(len(threads), 3)
        for thread in threads:
            fields = dict(line.split(":", 1) for line in (thread / "status").read_text().splitlines())
            self.assertEqual((int(fields["NoNewPrivs"]), int(fields["Seccomp"])), (1, 2))
            for kept in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                self.assertEqual(int(fields[kept], 16), 0, kept)
            if os.geteuid() == 0:
                self.assertEqual(int(fields["CapBnd"], 16), 0)
        # And with all that it serves, as the other tests of this class show.
        self.assertEqual(self.ask(H, target="/confined", headers=AUTH).status, 200)

    def test_acceptance_F09_F13_last_used_at_follows_use(self):
        def used():
            listed = json.loads(self.home.must("secret", "list", "--json", unlock=True).stdout)
            listed = listed if isinstance(listed, list) else listed["secrets"]
            return {entry["name"]: entry["last_used_at"] for entry in listed}
        self.assertIsNone(used()[K2])
        self.ask(H2, target="/f13", headers=[("Authorization", f"Bearer {P2}")])
        end = time.monotonic() + 20
        while used()[K2] is None and time.monotonic() < end:
            pass
        first = used()[K2]
        self.assertIsNotNone(first)
        time.sleep(1.1)  # the clock of the column counts seconds
        self.ask(H2, target="/f13/again", headers=[("Authorization", f"Bearer {P2}")])
        end = time.monotonic() + 20
        while used()[K2] == first and time.monotonic() < end:
            pass
        self.assertGreater(used()[K2], first)

    def test_acceptance_F12_nothing_that_answers_ever_shows_a_key(self):
        """[I1]"""
        for target in ("/", "/healthz", "/api/secrets", "/secrets", "/api/credentials", "/metrics", "/debug", "/admin", "/.env"):
            for method in ("GET", "POST", "OPTIONS"):
                answer = self.proxy.raw(f"{method} {target} HTTP/1.1\r\nHost: {self.proxy.address}\r\nContent-Length: 0\r\n\r\n")
                data = answer.raw_head + answer.body
                for value in self.secrets.values():
                    self.assertEqual(canary.find_in(data, value), [])
                if target != "/healthz":
                    self.assertEqual(answer.status, 200 if (method, target) == ("GET", "/") else 400, (method, target, answer))

    def test_acceptance_F14_a_missing_entry_answers_503_and_names_it(self):
        """[I13]"""
        answer = self.ask(H, target="/f14", headers=[("Authorization", "Bearer gone-PLACEHOLDER-0123456789abcdef")])
        problem = self.refused(answer, 503, "secret_unavailable")
        self.assertIn("GONE", problem["detail"])
        self.assertEqual(self.recorder.seen("/f14"), [])

    def test_acceptance_F15_the_bearer_key_is_swapped_in_one_header(self):
        self.ask(H, "POST", "/f15/v1/chat/completions", [("Content-Type", "application/json"), *AUTH], b'{"model":"x"}')
        seen = self.recorder.one("/f15/")
        self.assertEqual(seen.all("Authorization"), [f"Bearer {V}"])
        self.assertEqual(seen.headers, [("Host", H), ("Content-Type", "application/json"), ("Authorization", f"Bearer {V}"),
                                        ("Content-Length", "13")])

    def test_acceptance_F16_the_api_key_header_is_swapped_and_the_version_stays(self):
        self.ask(H, "POST", "/f16", [("X-Api-Key", "sk-ant-PLACEHOLDER-0123456789abcdef"), ("anthropic-version", "2023-06-01")], b"{}")
        seen = self.recorder.one("/f16")
        self.assertEqual(seen.all("x-api-key"), [self.secrets["ANTHROPIC"]])
        self.assertEqual(seen.all("anthropic-version"), ["2023-06-01"])

    def test_acceptance_F17_a_second_credential_line_is_refused(self):
        before = self.recorder.application_bytes
        for first, second in ((f"Bearer {P}", "Bearer bogus"), ("Bearer bogus", f"Bearer {P}"), (f"Bearer {P}", f"Bearer {P}")):
            answer = self.ask(H, target="/f17", headers=[("Authorization", first), ("authorization", second)])
            self.refused(answer, 400, "duplicate_credential_header")
        self.assertEqual(self.recorder.application_bytes, before)

    def test_acceptance_F11_VA_14_a_change_by_a_command_counts_at_once(self):
        """[I14] Under load each request uses the old value or the new one, whole."""
        home = self.copy_home(self.home, "changing")
        running = self.start(home)
        fresh = "sk-fresh-5Gh+j/2=KlMnOp"
        self.__class__.secrets = {**self.secrets, "fresh": fresh}
        stop, statuses = threading.Event(), []

        def ask_on():
            with running.tunnel(H) as wire:
                turn = 0
                while not stop.is_set():
                    turn += 1
                    wire.send(client.request_bytes("GET", f"/va14/{turn}", H, AUTH))
                    statuses.append(wire.response().status)
        thread = threading.Thread(target=ask_on)
        thread.start()
        home.must("secret", "rotate", K, stdin=fresh.encode(), unlock=True)
        self.assertTrue(self.recorder.wait(lambda: any(
            r.get("Authorization") == f"Bearer {fresh}" for r in self.recorder.seen("/va14/")[-5:]), 20))
        stop.set()
        thread.join(20)
        values = [r.get("Authorization") for r in self.recorder.seen("/va14/")]
        self.assertEqual(set(values), {f"Bearer {V}", f"Bearer {fresh}"})
        self.assertEqual(values, sorted(values, key=lambda value: value != f"Bearer {V}"), "an old value after a new one")
        self.assertEqual(set(statuses), {200})
        home.must("secret", "remove", K, unlock=True)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            answer = running.ask(H, target="/va14b", headers=AUTH)
            if answer.status != 200:
                break
        self.refused(answer, 503, "secret_unavailable")
        running.stop()


if __name__ == "__main__":
    main()
