# SPDX-License-Identifier: Apache-2.0
"""What README.md tells people to type, typed: by an ordinary user, in a fresh home, on a terminal.

Only the upstream is another: api.openai.com leads to the recorder, by the bindings that the "editor" writes.
The two commands of the first screen, which build and test the whole, are not run here.
"""

import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import socket
import subprocess
import termios
import time

from harness import auditlog, proxy
from harness.case import Case, main

TREE = pathlib.Path(__file__).resolve().parents[2]
README = (TREE / "README.md").read_text()
BUILDS = ("examples/quickstart/run.sh", "test/run.sh")
HOST = "api.openai.com"
VALUE = "sk-live-readme-7Kq9Zt4bN2vM8cR5wL1j"
PASSPHRASE = "correct horse battery staple"
NOBODY = 65534
READY = b'"event":"ready"'
# What the blocks of commands begin with.
INSTALL = "install -D build/release/keyswap ~/.local/bin/keyswap"
BY_KEY_FILE = "keyswap init --key-file"
BY_PASSPHRASE = "keyswap init"
LOOKING = "keyswap bindings explain POST https://api.openai.com/v1/responses"


def blocks():
    """The indented blocks of README.md as lists of command lines, each without its comment."""
    found, block = [], []
    text = re.sub(r"^```.*?^```$", "", README, flags=re.S | re.M)
    for line in text.splitlines() + [""]:
        if line.startswith("    "):
            block.append(re.sub(r"\s{2,}#.*", "", line).strip())
        elif block:
            found.append(block)
            block = []
    return found


def yaml_blocks():
    return re.findall(r"^```yaml\n(.*?)^```$", README, flags=re.S | re.M)


class Terminal:
    """One command line in a shell on a terminal of its own, as `user`."""

    def __init__(self, user, line):
        master, slave = pty.openpty()
        self.master, self.seen, self.at = master, b"", 0

        def become_user():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)

        # An interactive shell would read start-up files; job control is all that is wanted of it.
        self.process = subprocess.Popen(["bash", "-m", "-c", line], stdin=slave, stdout=slave, stderr=slave, cwd=user.folder,
                                        env=user.environment, preexec_fn=become_user, close_fds=True)
        os.close(slave)

    def read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the last one on the other side is gone
            return False
        self.seen += data
        return bool(data)

    def expect(self, wanted, seconds=60):
        """Reads on until the pattern has come, behind what was expected before."""
        end = time.monotonic() + seconds
        while True:
            found = re.compile(wanted).search(self.seen, self.at)
            if found:
                self.at = found.end()
                return
            if time.monotonic() > end or (not self.read(0.2) and self.process.poll() is not None and not self.read(0)):
                raise AssertionError(f"{wanted} did not come: {self.seen.decode(errors='replace')}")

    def type(self, text):
        os.write(self.master, text.encode() + b"\r")

    def end(self, seconds=120):
        """The exit status; what is still asked is answered."""
        end, answer = time.monotonic() + seconds, ""
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.1)
            asked = re.compile(rb"(passphrase|value|once more)[^\r\n]*: ?$", re.I).search(self.seen, self.at)
            if asked:
                self.at = asked.end()
                word = asked.group(1).lower()
                answer = answer if word == b"once more" else PASSPHRASE if word == b"passphrase" else VALUE
                self.type(answer)
        while self.read(0):
            pass
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still there after {seconds} s: {self.seen.decode(errors='replace')}")
        os.close(self.master)
        return self.process.returncode


class User:
    """An ordinary user with an empty home of his own, in a folder where the program was built."""

    def __init__(self, base, name):
        self.base = base / name
        self.home, self.folder, self.tools = self.base / "home", self.base / "tree", self.base / "tools"
        for folder in (self.home, self.folder / "build" / "release", self.tools):
            folder.mkdir(parents=True)
        shutil.copy(proxy.BINARY, self.folder / "build" / "release" / "keyswap")
        self.environment = {"HOME": str(self.home), "PATH": f"{self.home}/.local/bin:/usr/local/bin:/usr/bin:/bin", "TERM": "dumb",
                            "EDITOR": str(self.tools / "editor"), "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh"}
        self.outputs = []

    @property
    def state(self):
        return self.home / ".local" / "state" / "keyswap"

    def give(self):
        """Makes all of it the user's own."""
        if os.geteuid() == 0:
            for path in [self.base, *self.base.rglob("*")]:
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)

    def edits_to(self, text):
        """What the editor will leave in the file it is started with."""
        (self.tools / "text").write_text(text)
        editor = self.tools / "editor"
        editor.write_text(f'#!/bin/sh\ncat {self.tools}/text > "$1"\n')
        editor.chmod(0o755)
        self.give()

    def run(self, line):
        terminal = Terminal(self, line)
        status = terminal.end()
        self.outputs.append((line, terminal.seen))
        return status, terminal.seen.decode(errors="replace")


class Readme(Case):
    secrets = {"the value": VALUE, "the passphrase": PASSPHRASE}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        authority, identity = cls.make_pki([HOST])
        cls.recorder = cls.make_recorder(identity)
        cls.root = authority.certificate.read_text()
        cls.work.chmod(0o755)
        cls.users = []

    @classmethod
    def tearDownClass(cls):
        cls.outputs += [output for user in cls.users for output in user.outputs]
        super().tearDownClass()

    def user(self, name):
        user = User(self.work, name)
        self.users.append(user)
        (user.base / "root.pem").write_text(self.root)
        user.edits_to(self.bindings(user))
        return user

    def bindings(self, user):
        """README's own, with the recorder in the upstream's place."""
        whole = [text for text in yaml_blocks() if text.startswith("version: 1")]
        self.assertEqual(len(whole), 1)
        return whole[0] + (f"upstream:\n  ca_file: {user.base}/root.pem\n"
                           f"  resolve: {{ \"{HOST}:443\": \"{self.recorder.address}\" }}\n")

    def must(self, user, line):
        status, seen = user.run(line)
        self.assertEqual(status, 0, f"{line}: exit {status}\n{seen}")
        return seen

    def one(self, first):
        """The one block of README.md that begins with that."""
        found = [block for block in blocks() if block[0] == first]
        self.assertEqual(len(found), 1, first)
        return found[0]

    def got_the_key(self, count):
        seen = [r for r in self.recorder.seen("/v1/models") if r.all("Authorization") == [f"Bearer {VALUE}"]]
        self.assertEqual(len(seen), count)

    def test_every_block_of_commands_is_run_here(self):
        self.assertEqual([block[0] for block in blocks()], [*BUILDS, INSTALL, BY_KEY_FILE, BY_PASSPHRASE, LOOKING])

    def test_with_a_key_file_the_lines_work_as_they_stand(self):
        user = self.user("key-file")
        before = len(self.recorder.seen("/v1/models"))
        for line in self.one(INSTALL) + self.one(BY_KEY_FILE):
            self.must(user, line)
        self.got_the_key(before + 1)
        for line in self.one(LOOKING):
            self.must(user, line)
        self.assertEqual(auditlog.check_chain(user.state / "audit"), None)

    def test_with_a_passphrase_the_proxy_has_a_terminal_of_its_own(self):
        with socket.socket() as probe:
            self.assertNotEqual(probe.connect_ex(("127.0.0.1", 8472)), 0, "another proxy listens on 127.0.0.1:8472 here")
        user = self.user("passphrase")
        before = len(self.recorder.seen("/v1/models"))
        made, served = self.one(BY_PASSPHRASE)[0], self.one(BY_PASSPHRASE)[1:]
        self.assertEqual(served, ["keyswap serve"])
        rest = self.one(BY_KEY_FILE)[1:]
        for line in [*self.one(INSTALL), made, *rest[:-1]]:
            self.must(user, line)
        serving = Terminal(user, served[0])
        serving.expect(rb"(?i)passphrase[^\r\n]*: ?$")
        serving.type(PASSPHRASE)
        # I17: what the editor wrote is shown, and counts once it is approved.
        serving.expect(rb"now also: OPENAI_API_KEY may go to ")
        serving.expect(rb"come into force\? \[y/N\] $")
        serving.type("y")
        serving.expect(READY)
        self.must(user, rest[-1])
        self.got_the_key(before + 1)
        # The same in a shell that was given the variables.
        self.must(user, "eval \"$(keyswap env)\"; " + re.search(r"'(curl .*)'", rest[-1]).group(1))
        self.got_the_key(before + 2)
        serving.type("\x03")
        self.assertEqual(serving.end(60), 0)
        user.outputs.append(("serve", serving.seen))
        seen = self.must(user, "keyswap audit verify")
        self.assertIn("intact", seen)

    def test_what_README_says_goes_wrong_goes_wrong_so(self):
        """In the background the prompt stops `serve`."""
        user = self.user("wrong")
        for line in [*self.one(INSTALL), self.one(BY_PASSPHRASE)[0]]:
            self.must(user, line)
        status, seen = user.run("keyswap serve & sleep 1; jobs; kill -9 %1")
        self.assertIn("Stopped", seen, status)

    def test_bindings_named_on_the_command_line_begin_their_log_beside_the_file(self):
        user = self.user("elsewhere")
        for line in self.one(INSTALL) + self.one(BY_KEY_FILE)[:2]:
            self.must(user, line)
        (user.folder / "x.yaml").write_text(self.bindings(user))
        (user.folder / "x.yaml").chmod(0o600)
        user.give()
        for _ in range(2):
            serving = Terminal(user, "keyswap serve --bindings ./x.yaml --listen 127.0.0.1:0")
            serving.expect(READY)
            self.must(user, "keyswap audit verify")
            serving.type("\x03")
            self.assertEqual(serving.end(60), 0)
            user.outputs.append(("serve", serving.seen))
        self.assertEqual(auditlog.check_chain(user.folder / "audit"), None)
        self.assertEqual((user.folder / "audit").stat().st_mode & 0o777, 0o700)
        self.must(user, "keyswap audit verify --folder audit")
        # I7: once begun, it is not begun anew in silence.
        self.must(user, "mv audit away")
        status, seen = user.run("keyswap serve --bindings ./x.yaml --listen 127.0.0.1:0")
        self.assertEqual(status, 3, seen)
        self.assertIn("is not there", seen)

    def test_every_command_that_is_named_in_passing_is_there(self):
        named = {" ".join(words.split()[:3]) for words in re.findall(r"`(keyswap [a-z][^`]*)`", README)}
        self.assertTrue(named)
        user = self.user("named")
        for line in self.one(INSTALL):
            self.must(user, line)
        for words in sorted(named):
            with self.subTest(words):
                plain = " ".join(word for word in words.split() if re.fullmatch(r"[a-z]+", word))
                self.must(user, plain + " --help")


if __name__ == "__main__":
    main()
