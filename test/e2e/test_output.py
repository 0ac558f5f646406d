# SPDX-License-Identifier: Apache-2.0
"""stderr and stdout that nobody reads, or that are closed: the proxy serves, reloads and ends all the same."""

import fcntl
import os
import select
import time

from harness.case import H, P, OneProxy, main

AUTH = [("Authorization", f"Bearer {P}")]


class Pipe:
    """A pipe that is full; drain() reads it empty, and on."""

    def __init__(self):
        self.reading, self.writing = os.pipe()
        flags = fcntl.fcntl(self.writing, fcntl.F_GETFL)
        fcntl.fcntl(self.writing, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        for size in (4096, 1):
            try:
                while True:
                    os.write(self.writing, b"\n" * size)
            except BlockingIOError:
                pass
        # The mode is everybody's who has the pipe: a write waits, as on any other.
        fcntl.fcntl(self.writing, fcntl.F_SETFL, flags)

    def drain(self, text, seconds=10.0):
        """What is read until `text` comes."""
        got, end = b"", time.monotonic() + seconds
        while text not in got and time.monotonic() < end:
            if select.select([self.reading], [], [], 0.1)[0]:
                got += os.read(self.reading, 65536)
        return got

    def close(self):
        for end in (self.reading, self.writing):
            os.close(end)


class Unread(OneProxy):
    """Each test has a proxy of its own, on a copy of the home."""

    def proxy_on(self, name, **options):
        home = self.copy_home(self.home, name)
        return home, self.start(home, **options)

    def test_a_full_stderr_holds_up_neither_a_reload_nor_a_request_nor_the_end(self):
        pipe = Pipe()
        self.addCleanup(pipe.close)
        home, running = self.proxy_on("full", stderr=pipe.writing)
        good = (home.path / "bindings.yaml").read_text()
        for _ in range(3):
            home.bindings("version: 1\nnonsense: true\n")
            self.assertFalse(running.reload()["accepted"])
            home.bindings(good)
            self.assertTrue(running.reload()["accepted"])
            answer = running.ask(H, headers=AUTH)
            self.assertEqual(answer.status, 200, answer)
        began = time.monotonic()
        self.assertEqual(running.stop(), 0)
        self.assertLess(time.monotonic() - began, 10)

    def test_what_was_dropped_is_told_once_somebody_reads_again(self):
        pipe = Pipe()
        self.addCleanup(pipe.close)
        home, running = self.proxy_on("later", stderr=pipe.writing)
        good = (home.path / "bindings.yaml").read_text()
        home.bindings("version: 1\nnonsense: true\n")
        self.assertFalse(running.reload()["accepted"])
        told = pipe.drain(b"in time\n")
        self.assertRegex(told.strip(b"\n"), rb"^keyswap: warning: [1-9]\d* lines are missing here: nobody read them in time$")
        # From then on all is told again.
        self.assertFalse(running.reload()["accepted"])
        self.assertIn(b"nonsense", pipe.drain(b"stay in force"))
        home.bindings(good)
        self.assertEqual(running.stop(), 0)

    def test_a_stdout_that_nobody_reads_does_not_keep_it_from_serving(self):
        pipe = Pipe()
        self.addCleanup(pipe.close)
        home = self.copy_home(self.home, "stdout")
        lock = home.path / "serve.lock"
        lock.unlink()
        running = self.start(home, wrapper=("sh", "-c", f'exec "$0" "$@" >/proc/{os.getpid()}/fd/{pipe.writing}'), wait=False)
        end = time.monotonic() + 30
        while b"127.0.0.1" not in (lock.read_bytes() if lock.exists() else b"") and time.monotonic() < end:
            time.sleep(0.02)
        self.assertIn(b"127.0.0.1", lock.read_bytes())
        self.assertEqual(running.stop(20), 0)

    def test_closed_standard_descriptors_are_not_taken_by_files(self):
        """Started with stdin and stderr closed, nothing that it opens gets their numbers."""
        home, running = self.proxy_on("closed", wrapper=("sh", "-c", 'exec "$0" "$@" <&- 2>&-'))
        for number in (0, 2):
            self.assertEqual(os.readlink(f"/proc/{running.pid}/fd/{number}"), "/dev/null")
        home.bindings("version: 1\nnonsense: true\n")
        self.assertFalse(running.reload()["accepted"])
        answer = running.ask(H, headers=AUTH)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(running.stop(), 0)


if __name__ == "__main__":
    main()
