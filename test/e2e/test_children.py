# SPDX-License-Identifier: Apache-2.0
"""What the programs that keyswap starts find of it, what a prompt leaves behind, and what a start makes of signals."""

import contextlib
import ctypes
import fcntl
import json
import os
import pathlib
import pty
import re
import resource
import select
import signal
import subprocess
import sys
import termios
import time

from harness import proxy
from harness.case import K, P, Case, bearer, document, main
from test_callers import add_caller

PR_CAPBSET_DROP, CAP_IPC_LOCK, CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_PERFMON = 24, 14, 19, 21, 38

# Prints which descriptors and variables it has, and what it can open of its parent and of its parent's children that are
# keyswap, too (`doctor` asks several clients at once, which are the user's own).
LOOK_AROUND = """
import json, os
def descriptors():
    found = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            found[number] = os.readlink("/proc/self/fd/" + number)
        except OSError:
            pass  # the folder itself
    return found
def opened(folder):
    names = ["mem", "environ", "maps"]
    try:
        names += ["fd/" + number for number in os.listdir(folder + "/fd")]
    except OSError:
        pass
    found = []
    for name in names:
        try:
            os.close(os.open(folder + "/" + name, os.O_RDONLY | os.O_NONBLOCK))
            found.append(folder + "/" + name)
        except OSError:
            pass
    return found
def is_relative(pid):
    try:
        with open("/proc/" + pid + "/stat") as file:
            parent = int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return False
    return int(pid) == os.getppid() or parent == os.getppid() and int(pid) != os.getpid() and is_ours(pid)
def is_ours(pid):
    try:
        return "keyswap" in os.path.basename(os.readlink("/proc/" + pid + "/exe"))
    except OSError:
        return True  # nobody may look: no client is like that
relatives = [pid for pid in os.listdir("/proc") if pid.isdigit() and is_relative(pid)]
print(json.dumps({"descriptors": descriptors(), "variables": dict(os.environ), "relatives": len(relatives),
                  "own": opened("/proc/self"), "opened": sum((opened("/proc/" + pid) for pid in relatives), [])}))
"""


def as_ordinary_user():
    """Root reads everybody's memory, by rights that nobody else has."""
    for right in (CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_PERFMON):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, right, 0, 0, 0)


def may_lock(size):
    effective = re.search(r"CapEff:\s*(\w+)", pathlib.Path("/proc/self/status").read_text())[1]
    hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
    return bool(int(effective, 16) >> CAP_IPC_LOCK & 1) or hard == resource.RLIM_INFINITY or hard >= size


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, words, environment):
        self.master, self.slave = pty.openpty()
        self.seen = self.shown = b""  # what is not expected yet, and all of it

        def take_terminal():
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(words, stdin=self.slave, stdout=self.slave, stderr=self.slave, env=environment,
                                        preexec_fn=take_terminal)

    def expect(self, wanted, seconds=60):
        """Reads on until it has come, behind what was expected before."""
        end = time.monotonic() + seconds
        while wanted not in self.seen:
            if not select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"{wanted} did not come: {self.seen}")
            self.read()
        self.seen = self.seen[self.seen.index(wanted) + len(wanted):]

    def read(self):
        data = os.read(self.master, 65536)
        self.seen, self.shown = self.seen + data, self.shown + data

    def end(self, seconds=60):
        """The exit status, when all that it showed is read."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            if select.select([self.master], [], [], 0.05)[0]:
                self.read()
            elif time.monotonic() > end:
                raise AssertionError(f"still there after {seconds} s: {self.shown[-2000:]}")
        while select.select([self.master], [], [], 0)[0]:
            self.read()
        return self.process.returncode

    def type(self, keys):
        os.write(self.master, keys)

    def shows_what_is_typed(self):
        flags = termios.tcgetattr(self.slave)[3]
        return all(flags & flag for flag in (termios.ECHO, termios.ICANON, termios.ISIG))

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


class Children(Case):
    secrets = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = cls.make_home()
        cls.home.bindings(document({K: bearer()}, policy="forward_unmodified"))

    def environment(self, **extra):
        return proxy.clean_environment(KEYSWAP_HOME=self.home.path, **extra)

    def pipe(self, text=b""):
        """A pipe with the text in it, as a shell makes one; its read end."""
        reading, writing = os.pipe()
        os.write(writing, text)
        os.close(writing)
        self.addCleanup(os.close, reading)
        return reading

    def run_with(self, *words, given=(), **options):
        done = subprocess.run([proxy.BINARY, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                              check=False, pass_fds=given, **options)
        self.outputs += [(f"{words} stdout", done.stdout), (f"{words} stderr", done.stderr)]
        return done

    def test_a_command_finds_no_descriptor_and_no_memory_of_ours(self):
        """[I1] Only what our own caller gave it; neither `run` nor the proxy that it started can be looked into."""
        users_own = self.pipe()
        for option in ("--password-fd", "--password-file"):
            with self.subTest(option):
                password = self.pipe(proxy.PASSPHRASE.encode() + b"\n")
                named = password if option == "--password-fd" else f"/dev/fd/{password}"
                done = self.run_with("run", option, named, "--", sys.executable, "-c", LOOK_AROUND, given=(password, users_own),
                                     preexec_fn=as_ordinary_user, env=self.environment())
                self.assertEqual(done.returncode, 0, done.stderr)
                seen = json.loads(done.stdout)
                self.assertEqual({int(number) for number in seen["descriptors"]}, {0, 1, 2, users_own})
                self.assertEqual(seen["relatives"], 2, "run and its proxy")
                self.assertIn("/proc/self/environ", seen["own"], "the attempt is none")
                self.assertEqual(seen["opened"], [])
                self.assertEqual(seen["variables"][K], P)

    def test_what_doctor_finds_on_PATH_gets_nothing(self):
        """[I1] No credential of the shell, no code of its choice, no descriptor; and nothing in the working directory is run."""
        for folder, found in (("bin", "node.json"), ("here", "wrong.json")):
            (self.scratch / folder).mkdir()
            node = self.scratch / folder / "node"
            node.write_text(f"#!{sys.executable}\n" + LOOK_AROUND.replace(
                "print(json.dumps(", "said = str(json.dumps(") +
                f"open({str(self.scratch / found)!r}, 'w').write(said)\nprint('v22.21.0')\n")
            node.chmod(0o755)
        # What Python takes for a module of its own, in a working directory that somebody else wrote.
        (self.scratch / "bin" / "python3").symlink_to(sys.executable)
        (self.scratch / "here" / "socket.py").write_text(f"open({str(self.scratch / 'wrong.json')!r}, 'w').close()\n")
        users_own = self.pipe()
        path = f".::{self.scratch / 'bin'}"
        done = self.run_with("doctor", "--json", given=(users_own,), cwd=self.scratch / "here", preexec_fn=as_ordinary_user,
                             env=self.environment(PATH=path, NODE_OPTIONS="--require=/evil.js", AWS_SECRET_ACCESS_KEY="x"))
        checks = {check["check"]: check for check in json.loads(done.stdout)["checks"]}
        self.assertIn("v22.21.0", checks["Node"]["text"])
        self.assertFalse((self.scratch / "wrong.json").exists())
        seen = json.loads((self.scratch / "node.json").read_text())
        self.assertNotIn("AWS_SECRET_ACCESS_KEY", seen["variables"])
        self.assertNotIn("evil", seen["variables"].get("NODE_OPTIONS", ""))
        self.assertEqual(set(seen["descriptors"]), {"0", "1", "2"})
        self.assertEqual({seen["descriptors"][number] for number in "02"}, {"/dev/null"})
        self.assertTrue(seen["descriptors"]["1"].startswith("pipe:"))
        self.assertEqual(seen["opened"], [])

    def terminal(self, *words):
        opened = Terminal(words, self.environment())
        self.addCleanup(opened.close)
        return opened

    def test_a_signal_at_a_prompt_puts_the_terminal_back(self):
        """Also where a child asks; then the program ends of it."""
        for words in (("secret", "list"), ("run", "--", "true"), ("serve", "--listen", "127.0.0.1:0")):
            for number in (signal.SIGTERM, signal.SIGINT):
                with self.subTest(words=words, signal=number):
                    terminal = self.terminal(proxy.BINARY, *words)
                    terminal.expect(b"Passphrase")
                    self.assertFalse(terminal.shows_what_is_typed())
                    terminal.type(b"half a passphr")
                    terminal.process.send_signal(number)
                    self.assertEqual(terminal.process.wait(30), -number)
                    self.assertTrue(terminal.shows_what_is_typed())

    def test_a_stop_at_a_prompt_puts_the_terminal_back_and_asks_anew(self):
        for words in ("secret list", "run -- true"):
            with self.subTest(words):
                script = f"{proxy.BINARY} {words}; echo stopped $?; read line; fg; echo ended $?"
                terminal = self.terminal("bash", "-m", "-c", script)
                terminal.expect(b"Passphrase")
                terminal.type(b"half\x1a")
                terminal.expect(b"stopped 14")  # 128 and SIGSTOP or SIGTSTP
                self.assertTrue(terminal.shows_what_is_typed())
                terminal.type(b"\r")
                terminal.expect(b"Passphrase")
                self.assertFalse(terminal.shows_what_is_typed())
                terminal.type(b"\x04")
                terminal.expect(b"nothing was typed")
                terminal.expect(b"ended 3")
                self.assertTrue(terminal.shows_what_is_typed())

    def check_descriptors(self, process, gone):
        """All but the standard ones are close-on-exec, and `gone` is none of them."""
        for number in os.listdir(process / "fd"):
            try:
                leads_to = os.readlink(process / "fd" / number)
                told = (process / "fdinfo" / number).read_text()
            except FileNotFoundError:
                continue  # closed meanwhile
            self.assertNotEqual(leads_to, gone)
            is_closed_on_exec = int(re.search(r"flags:\s*(\d+)", told)[1], 8) & os.O_CLOEXEC
            self.assertTrue(int(number) <= 2 or is_closed_on_exec, f"{number}: {leads_to}")

    def test_a_reload_that_is_asked_for_during_the_start_is_done_after_it(self):
        """And the passphrase's descriptor is closed with it, and every other one on exec."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        inode = os.fstat(reading).st_ino
        process = subprocess.Popen([proxy.BINARY, "serve", "--password-fd", str(reading), "--listen", "127.0.0.1:0"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   pass_fds=(reading,), env=self.environment())
        self.addCleanup(process.kill)
        lock, end = self.home.path / "serve.lock", time.monotonic() + 60
        while not (lock.exists() and f'"pid":{process.pid}' in lock.read_text()) and time.monotonic() < end:
            time.sleep(0.01)
        self.assertIn('"event":"starting"', lock.read_text())
        process.send_signal(signal.SIGHUP)
        os.write(writing, proxy.PASSPHRASE.encode() + b"\n")
        os.close(writing)
        ready = process.stdout.readline()
        self.assertIn(b'"event":"ready"', ready, process.stderr.read() if not ready else b"")
        if os.geteuid() == 0:  # nobody else may look
            self.check_descriptors(pathlib.Path(f"/proc/{process.pid}"), f"pipe:[{inode}]")
        log = self.home.audit / "audit-000001.jsonl"
        while '"type":"reload"' not in log.read_text() and time.monotonic() < end:
            time.sleep(0.01)
        self.assertIn('"type":"reload"', log.read_text())
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=60)
        self.outputs += [("serve stdout", ready + out), ("serve stderr", errors)]
        self.assertEqual(process.returncode, 0, errors)

    def test_as_many_event_loops_serve_as_a_large_machine_has_cores(self):
        """[I10]"""
        if not may_lock(192 << 20):
            self.skipTest("this user may not lock so much memory")
        for threads in (32, 64, 256):
            with self.subTest(threads):
                running = self.start(self.home, threads=threads)
                self.assertGreater(running.status("Threads"), threads)
                self.assertGreater(running.status("VmLck"), threads * 400)
                with contextlib.ExitStack() as held:
                    for _ in range(threads + 1):  # each loop has a client, and the first one two
                        wire, answer = running.connect("127.0.0.1:1")
                        held.enter_context(wire)
                        self.assertEqual(answer.get("Keyswap-Reason"), "address_blocked", answer)
                self.assertEqual(running.stop(), 0)
        done = self.home.run("serve", "--threads", "512", "--listen", "127.0.0.1:0", unlock=True)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(b"--threads: that is no number from 1 to 256", done.stderr)

    def test_env_hides_the_token_and_says_what_has_to_go(self):
        token = add_caller(self.home, "ci")
        running = self.start(self.home)

        def env(form, **extra):
            done = subprocess.run([proxy.BINARY, "env", "--format", form], capture_output=True, timeout=60, check=False,
                                  env=self.environment(KEYSWAP_CALLER_TOKEN=token, **extra))
            return done.returncode, done.stdout.decode(), done.stderr.decode()

        status, text, told = env("github", GITHUB_ACTIONS="true")
        self.assertEqual(status, 0, told)
        self.assertIn(f"KEYSWAP_CALLER_TOKEN={token}\n", text)
        self.assertIn(f"::add-mask::{token}\n", told)
        status, text, told = env("github")
        self.assertEqual(status, 0, told)
        self.assertNotIn(token, told, "outside of a runner the line would show it")
        for form in ("github", "dotenv"):
            status, text, told = env(form, GIT_SSL_NO_VERIFY="1")
            self.assertEqual((status, text), (2, ""), told)
            self.assertIn("GIT_SSL_NO_VERIFY", told)
        for option in ("--off", "--format=sh"):  # of a shell, not of a folder
            refused = self.run_with("env", "--for-container", option, env=self.environment())
            self.assertEqual((refused.returncode, refused.stdout), (2, b""), refused.stderr)
        status, text, told = env("json", GIT_SSL_NO_VERIFY="1")
        self.assertEqual(status, 0, told)
        self.assertIsNone(json.loads(text)["GIT_SSL_NO_VERIFY"])
        self.assertEqual(running.stop(), 0)


if __name__ == "__main__":
    main()
