# SPDX-License-Identifier: Apache-2.0
"""An ordinary user with a shell on a terminal, who types what the documents say."""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import termios
import time

from . import proxy

PASSPHRASE = proxy.PASSPHRASE
NOBODY = 65534


ASKED = re.compile(rb"((passphrase|value|once more|not shown)[^\r\n]*: ?|\[y/N\] )$", re.I)


class Terminal:
    """One command line in a shell on a terminal of its own, as `user`."""

    def __init__(self, user, line):
        master, slave = pty.openpty()
        self.user, self.master, self.seen, self.at, self.questions = user, master, b"", 0, 0

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
            asked = ASKED.search(self.seen, self.at)
            if asked:
                self.at = asked.end()
                self.questions += 1
                word = asked.group(0).lower()
                answer = ("y" if word.endswith(b"[y/n] ") else answer if b"once more" in word else
                          PASSPHRASE if b"passphrase" in word else self.user.value)
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
    """An ordinary user with an empty home of his own, in a folder where the program was built.

    `value` is what he types where a secret's value is asked for; `program` lies there already, and is not copied."""

    def __init__(self, base, name, value, program=None):
        self.base, self.value = base / name, value
        self.home, self.folder, self.tools = self.base / "home", self.base / "tree", self.base / "tools"
        for folder in (self.home, self.folder / "build" / "release", self.tools):
            folder.mkdir(parents=True)
        self.program = self.folder / "build" / "release" / "keyswap"
        if program:
            self.program.symlink_to(program)
        else:
            shutil.copy(proxy.BINARY, self.program)
        self.environment = {"HOME": str(self.home), "PATH": f"{self.home}/.local/bin:/usr/local/bin:/usr/bin:/bin",
                            "TERM": "dumb", "EDITOR": str(self.tools / "editor"), "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh"}
        self.outputs, self.questions = [], 0

    @property
    def state(self):
        return self.home / ".local" / "state" / "keyswap"

    def running(self):
        """The pid of the proxy that runs on the home."""
        return json.loads((self.state / "serve.lock").read_text())["pid"]

    def stop(self, seconds=60):
        """Ends the proxy that runs on the home in the background, if one does."""
        folder = pathlib.Path(f"/proc/{self.running()}") if (self.state / "serve.lock").exists() else None
        if folder is None or not (folder / "cmdline").exists() or b"serve" not in (folder / "cmdline").read_bytes():
            return
        os.kill(int(folder.name), signal.SIGTERM)
        end = time.monotonic() + seconds
        while folder.exists() and time.monotonic() < end:
            time.sleep(0.02)

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

    def note(self, line, terminal):
        """Keeps what one line showed."""
        self.outputs.append((line, terminal.seen))
        self.questions += terminal.questions

    def run(self, line):
        terminal = Terminal(self, line)
        status = terminal.end()
        self.note(line, terminal)
        return status, terminal.seen.decode(errors="replace")
