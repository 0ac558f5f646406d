# SPDX-License-Identifier: Apache-2.0
"""Programs that give secrets (docs/sources.md, "command"), run beside a proxy that may run none itself."""

import os
import pathlib
import signal
import time

import test_sources
from harness import client
from harness.case import H, bearer, document, main

VALUE, VALUE2 = test_sources.VALUE, test_sources.VALUE2
P, P2 = test_sources.P, test_sources.P2


class FromAProgram(test_sources.Sources):
    """Each program is a script of the test's, beside the home."""

    def program(self, name, *lines, mode=0o700):
        path = self.inputs / name
        path.write_text("\n".join(("#!/bin/sh", *lines)) + "\n")
        path.chmod(mode)
        return path

    def source(self, path, *arguments, **more):
        return {"type": "command", "argv": [str(path), *arguments], **more}

    def serve(self, name, source, env=None):
        rule = {**bearer("K", P), "source": "mine", "key": "team/key"}
        return self.begin(name, {"K": rule}, env=env, sources={"mine": source})

    def outcomes(self, running):
        return [r["outcome"] for r in running.records() if r["type"] == "secret_fetched"]

    def test_a_program_gives_a_secret_while_the_proxy_is_confined(self):
        """[I1] Once for many requests; by its key; recorded without what it printed."""
        witness = self.inputs / "runs"
        path = self.program("gives", f"echo \"$1\" >> {witness}", f"echo '{VALUE}'")
        running = self.serve("gives", self.source(path, "read:{key}"))
        status = pathlib.Path(f"/proc/{running.pid}/status").read_text()
        self.assertIn("Seccomp:\t2", status)
        for number in range(3):
            self.gets(running, f"/gives/{number}")
        self.assertEqual(witness.read_text(), "read:team/key\n")
        self.assertEqual(self.outcomes(running), ["ok"])

    def test_a_value_that_says_its_end_is_recorded_with_it(self):
        until = int(time.time()) + 3600
        path = self.program("ends", f"printf '{{\"value\":\"%s\",\"expires_at\":%s}}' '{VALUE}' {until}")
        running = self.serve("ends", self.source(path))
        self.gets(running, "/ends")
        record = next(r for r in running.records() if r["type"] == "secret_fetched")
        self.assertEqual(record["expires_at"], until)

    def test_it_has_what_its_entry_names_of_the_environment(self):
        """[I1] And nothing of keyswap's, nor a way to what the proxy has open."""
        seen = self.inputs / "seen"
        path = self.program("looks", f"env > {seen}", f"ls -l /proc/self/fd >> {seen}", f"echo '{VALUE}'")
        running = self.serve("looks", self.source(path, environment=["FOR_IT"]),
                             env={"FOR_IT": "it is", "OTHER_ONE": "it is not", "KEYSWAP_OTHER": "it is not"})
        self.gets(running, "/looks")
        text = seen.read_text()
        self.assertIn("FOR_IT=it is\n", text)
        self.assertNotIn("it is not", text)
        self.assertNotIn("socket:", text)

    def test_every_failure_is_a_503_and_passes(self):
        """[I13] What it says on stderr is shown; the value it prints while it fails is not taken."""
        value = self.inputs / "value"
        ways = {"exit_status": f"echo '{VALUE2}'; echo broken on purpose >&2; exit 3",
                "timed_out": "exec sleep 60",
                "answer_too_large": "head -c 70000 /dev/zero | tr '\\0' x",
                "empty": "echo",
                "malformed": "echo '{'",
                "unknown_key": "echo '{\"value\":\"x\",\"other\":1}'",
                "expired": "echo '{\"value\":\"x\",\"expires_at\":1}'"}
        for outcome, line in ways.items():
            with self.subTest(outcome):
                value.write_text(line)
                path = self.program(f"fails-{outcome}", f". {value}")
                running = self.serve(f"fails-{outcome}", self.source(path, timeout_seconds=1))
                self.lacks(running, f"/fails/{outcome}")
                self.assertEqual(self.outcomes(running)[0], outcome)
                if outcome == "exit_status":
                    self.assertTrue(running.await_stderr("broken on purpose"))
                value.write_text(f"echo '{VALUE}'")
                self.gets_in_time(running, f"/passes/{outcome}")

    def test_a_program_that_others_could_have_put_there_is_not_run(self):
        """[I13]"""
        witness = self.inputs / "ran"
        path = self.program("loose", f"touch {witness}", f"echo '{VALUE}'", mode=0o777)
        running = self.serve("loose", self.source(path))
        self.lacks(running, "/loose")
        self.assertEqual(self.outcomes(running), ["not_permitted"])
        self.assertFalse(witness.exists())

    def test_a_program_that_a_reload_adds_waits_for_the_next_start(self):
        """[I13] [I17] Whatever took the proxy over could otherwise have it run anything."""
        first = self.program("first", f"echo '{VALUE}'")
        second = self.program("second", f"echo '{VALUE2}'")
        running = self.serve("added", self.source(first))
        self.gets(running, "/added/before")
        rules = {"K": {**bearer("K", P), "source": "mine", "key": "team/key"},
                 "L": {**bearer("L", P2), "source": "new"}}
        running.home.bindings(document(rules, recorder=self.recorder, hosts=[H], root=self.authority.certificate,
                                       sources={"mine": self.source(first), "new": self.source(second)}))
        self.assertTrue(running.reload()["accepted"])
        self.assertTrue(running.await_stderr("is run once the proxy was started anew"))
        self.gets(running, "/added/still")
        self.lacks(running, "/added/new", P2)
        self.assertEqual(running.stop(), 0)
        again = self.start(running.home)
        self.gets(again, "/added/then", VALUE2, P2)

    def test_what_runs_ends_with_the_proxy(self):
        place = self.inputs / "process"
        path = self.program("stays", f"echo $$ > {place}", "exec sleep 60")
        running = self.serve("stays", self.source(path, timeout_seconds=60))
        wire = running.tunnel(H)
        self.addCleanup(wire.close)
        wire.send(client.request_bytes("GET", "/stays", H, [("Authorization", f"Bearer {P}")]))
        process = self.await_number(place)
        running.kill()
        self.assertTrue(self.is_gone(process))

    def await_number(self, path, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if path.exists() and path.read_text().endswith("\n"):
                return int(path.read_text())
            time.sleep(0.01)
        self.fail("the program did not start")

    def is_gone(self, process, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                os.kill(process, 0)
                state = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
                if state == "Z":
                    return True
            except (ProcessLookupError, FileNotFoundError):
                return True
            time.sleep(0.01)
        os.kill(process, signal.SIGKILL)
        return False


if __name__ == "__main__":
    main()
