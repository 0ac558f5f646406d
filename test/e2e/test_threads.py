# SPDX-License-Identifier: Apache-2.0
"""Every thread is there before `ready`: a user who may have few of them is told so by exit 3, never by an abort
later. The number of threads left is swept from none upwards, as an ordinary user."""

import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess

from harness import client, network, proxy
from harness.case import K, V, Case, bearer, document, main

USER = 64123  # nobody else's, so that its threads can be counted


class Threads(Case):
    secrets = {K: V}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.files = network.Files()
        cls.names = network.NameServer()
        cls.addClassCleanup(cls.names.stop)
        ids_mapped = int(pathlib.Path("/proc/self/uid_map").read_text().split()[2])
        cls.user = USER if ids_mapped > USER else 0  # of a namespace that a user made there is root alone
        cls.home = cls.make_home()
        cls.home.bindings(document({K: bearer()}, policy="forward_unmodified", allow_users=[os.getuid()]))
        cls.binary = cls.scratch / "keyswap"
        shutil.copy(proxy.BINARY, cls.binary)
        cls.give_to(cls.user)

    @classmethod
    def tearDownClass(cls):
        cls.give_to(os.getuid())
        super().tearDownClass()

    @classmethod
    def give_to(cls, user):
        for folder in (cls.work, cls.inputs, cls.scratch):
            for path in (folder, *folder.rglob("*")):
                os.chown(path, user, user, follow_symlinks=False)

    def serve(self, threads_left, *options):
        """serve as a user who may have so many threads besides the first."""
        def become():
            os.setgroups([])
            os.setgid(self.user)
            resource.setrlimit(resource.RLIMIT_NPROC, (1 + threads_left, 1 + threads_left))
            os.setuid(self.user)
        return subprocess.Popen([str(self.binary), "serve", "--password-file", str(self.home.password_file), "--listen",
                                 "127.0.0.1:0", *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, preexec_fn=become,
                                env=proxy.clean_environment(KEYSWAP_HOME=self.home.path))

    def sweep(self, *options, first=0):
        """How many threads it takes; below that each start must end with exit 3 and two lines."""
        for left in range(first, 24):
            with self.subTest(left=left, options=options):
                self.doCleanups()
                process = self.serve(left, *options)
                self.addCleanup(process.kill)
                line = process.stdout.readline()
                if line:
                    self.serves_names(json.loads(line)["proxy"])
                    process.send_signal(signal.SIGTERM)
                    _, errors = process.communicate(timeout=30)
                    self.outputs.append((f"stderr with {left} threads", errors))
                    self.assertEqual(process.returncode, 0, errors.decode())
                    return left
                _, errors = process.communicate(timeout=30)
                self.outputs.append((f"stderr with {left} threads", errors))
                self.assertEqual(process.returncode, 3, errors.decode())
                self.assertEqual(len(errors.decode().splitlines()), 2, errors.decode())
                self.assertIn("thread", errors.decode())
                self.assertIn("ulimit -u", errors.decode())
        self.fail("no number of threads was enough")
        return 0

    def serves_names(self, address):
        """Names are looked up, many at once, and answers are made."""
        port = int(address.rsplit(":", 1)[1])
        wires = [client.dial(port, 20) for _ in range(8)]
        for wire in wires:
            self.addCleanup(wire.close)
        for i, wire in enumerate(wires):
            host = f"nobody-{i}.threads.test"
            wire.send(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        for wire in wires:
            self.refused(wire.response("GET"), 502, "upstream_dns_failed")

    def test_each_start_serves_or_says_that_threads_are_lacking(self):
        needed = self.sweep("--threads", "1")
        self.assertGreaterEqual(needed, 2)
        self.assertEqual(self.sweep("--threads", "4", first=needed), needed + 3, "a loop is a thread")

    def test_the_watch_for_users_is_a_thread_like_the_others(self):
        """--while-used ends by itself, as by SIGTERM; what counts is that it starts, or says why not."""
        for left in range(2, 6):
            with self.subTest(left=left):
                process = self.serve(left, "--threads", "1", "--while-used")
                _, errors = process.communicate(timeout=30)
                self.outputs.append(("stderr", errors))
                self.assertIn(process.returncode, (0, 3, -signal.SIGTERM), errors.decode())


if __name__ == "__main__":
    network.enter()
    main()
