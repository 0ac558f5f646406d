# SPDX-License-Identifier: Apache-2.0
"""What a zsh on a terminal offers when somebody types."""

import os
import pty
import select
import subprocess
import time

from . import proxy

# Tab lists what fits; ^X^E takes the line away. What is offered, and that a line is done, goes into a file.
START = r"""
autoload -Uz compinit; compinit -u -D
source "$SCRIPT"
compadd() {
  local -a hits
  # What puts matches into arrays offers none.
  if [[ ${@[1,(i)(-|--)]} == *-[OAD]* ]]; then builtin compadd "$@"; return; fi
  builtin compadd -O hits "$@"
  print -rl -- "$hits[@]" >> $OFFERED
  builtin compadd "$@"
}
take_away() { print -r -- '= done' >> $OFFERED; BUFFER= }
zle -N take_away
bindkey '^X^E' take_away
bindkey '^I' list-choices
print -r -- '= done' >> $OFFERED
"""


class Zsh:
    """An interactive zsh in `folder`, with the completions of `script`."""

    def __init__(self, base, script, folder):
        self.offered, settings = base / "offered", base / "zsh"
        settings.mkdir()
        (settings / ".zshrc").write_text(START)
        self.offered.write_text("")
        self.master, slave = pty.openpty()
        environment = proxy.clean_environment(HOME=base, ZDOTDIR=settings, SCRIPT=script, OFFERED=self.offered, TERM="dumb")
        self.process = subprocess.Popen(["zsh", "-i"], stdin=slave, stdout=slave, stderr=slave, cwd=folder,
                                        env=environment, start_new_session=True)
        os.close(slave)
        self.seen = b""
        self.wait()

    def wait(self, seconds=60):
        end = time.monotonic() + seconds
        while "= done" not in self.offered.read_text().splitlines():
            if select.select([self.master], [], [], 0.05)[0]:
                self.seen += os.read(self.master, 65536)
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"zsh did not answer: {self.seen.decode(errors='replace')}")

    def complete(self, line):
        self.offered.write_text("")
        os.write(self.master, line.encode() + b"\t\x18\x05")
        self.wait()
        return sorted({word for word in self.offered.read_text().splitlines() if word and word != "= done"})

    def end(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
