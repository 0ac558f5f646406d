# SPDX-License-Identifier: Apache-2.0
"""The tests themselves: what they start does not outlive them, whoever ends them how.

A module of tests is interrupted that has put a proxy into the background by a shell, as the documents tell people to.
"""

import json
import os
import pathlib
import select
import signal
import subprocess
import sys

from harness import proxy
from harness.case import Case, main

MODULE = """
import json, os, sys, threading
sys.path.insert(0, {tests!r})
from harness.case import Case, main
from harness.terminal import User

class Left(Case):
    def test_that_leaves_a_proxy(self):
        self.work.chmod(0o755)
        user = User(self.work, "user", "")
        user.give()
        for line in ("{{0}} init --key-file", "{{0}} serve --detach --listen 127.0.0.1:0 --threads 1"):
            status, seen = user.run(line.format(user.program))
            self.assertEqual(status, 0, seen)
        print(json.dumps({{"proxy": user.running(), "tests": os.getpid(), "keeper": os.getppid(), "work": str(self.work)}}), flush=True)
        if {waits}:
            threading.Event().wait()

main()
"""


class Interrupted(Case):
    secrets = {}

    def begin(self, name, waits=True):
        """A module that has left a proxy; what it says of its processes, with a descriptor of the proxy's."""
        file = self.inputs / f"{name}.py"
        file.write_text(MODULE.format(tests=str(pathlib.Path(__file__).parent), waits=waits))
        module = subprocess.Popen([sys.executable, file], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, env={**proxy.clean_environment(), "KEYSWAP_BINARY": proxy.BINARY,
                                                               "PYTHONDONTWRITEBYTECODE": "1"})
        line = module.stdout.readline()
        if not line:
            self.fail(module.communicate()[1].decode())
        told = json.loads(line)
        descriptor = os.pidfd_open(told["proxy"])
        self.addCleanup(os.close, descriptor)
        return module, told, descriptor

    def has_ended(self, module, told, descriptor):
        """The proxy is gone, and what was begun in folders; the module's exit status."""
        self.assertTrue(select.select([descriptor], [], [], 60)[0], "the proxy lives on")
        _, said = module.communicate(timeout=60)
        self.note("the module", said)
        return module.returncode, pathlib.Path(told["work"]).exists(), said.decode()

    def test_a_proxy_in_the_background_ends_with_the_tests(self):
        status, is_left, said = self.has_ended(*self.begin("whole", waits=False))
        self.assertEqual((status, is_left), (0, False), said)
        self.assertIn("left by the tests, and ended: keyswap", said)

    def test_a_signal_that_ends_the_tests_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number.name):
                module, told, descriptor = self.begin(number.name)
                module.send_signal(number)
                status, is_left, said = self.has_ended(module, told, descriptor)
                self.assertEqual((status, is_left), (130, False), said)
                self.assertIn(f"interrupted by {number.name}", said)

    def test_a_kill_of_any_of_its_processes_leaves_no_proxy(self):
        for who in ("module", "keeper", "tests"):
            with self.subTest(who):
                module, told, descriptor = self.begin(f"killed-{who}")
                os.kill({**told, "module": module.pid}[who], signal.SIGKILL)
                status, _, said = self.has_ended(module, told, descriptor)
                self.assertNotEqual(status, 0, said)


if __name__ == "__main__":
    main()
