# SPDX-License-Identifier: Apache-2.0
"""What the documents and --help tell people to type and to write, taken out of them."""

import pathlib
import re
import subprocess
import textwrap

from . import proxy

TREE = pathlib.Path(__file__).resolve().parents[3]
# Before a block that cannot be run by a test, with the reason.
NOT_RUN = re.compile(r"^<!-- not run: (.+) -->$", re.M)


class Block:
    """A fenced block: its language, its text, where it stands, and why it is not run ("": it is)."""

    def __init__(self, file, line, language, text, reason):
        self.file, self.line, self.language, self.text, self.reason = file, line, language, text, reason
        self.where = f"{file.name}:{line}"

    def commands(self):
        """One command line each, without its comment."""
        joined = re.sub(r"\\\n\s*", " ", self.text)
        lines = [re.sub(r"\s{2,}#.*", "", line).strip() for line in joined.splitlines()]
        return [line for line in lines if line and not line.startswith("#")]


def blocks(*languages):
    """Those of docs/*.md in these languages."""
    found = []
    for file in sorted((TREE / "docs").glob("*.md")):
        text = file.read_text()
        for match in re.finditer(r"^```(\w+)\n(.*?)^```$", text, flags=re.S | re.M):
            if match.group(1) in languages:
                before = text[:match.start()].rstrip("\n")
                reason = NOT_RUN.fullmatch(before[before.rfind("\n") + 1:])
                line = text.count("\n", 0, match.start()) + 1
                found.append(Block(file, line, match.group(1), match.group(2), reason.group(1) if reason else ""))
    return found


def whole_bindings(block):
    """bindings.yaml around a block that shows a part of it: what stands there is kept to the letter."""
    indent = len(block.text) - len(block.text.lstrip(" "))
    head = "version: 1\n"
    if indent == 0:
        text = block.text if block.text.startswith("version:") else head + block.text
        return text if re.search(r"^secrets:", text, re.M) else text + "secrets: {}\n"
    head += "secrets:\n"
    if indent == 2:
        return head + block.text
    head += '  DOC_KEY:\n    placeholder: "doc-PLACEHOLDER-0123456789abcdef"\n'
    is_binance = "binance" in block.text
    inject = ("    inject: { type: binance, api_key: DOC_KEY, api_secret: DOC_SECRET }\n" if is_binance else
              '    inject: { header: Authorization, format: "Bearer {secret}" }\n')
    bound = "    bindings:\n      - " + ("hosts: binance.spot\n" if is_binance else "host: api.example.com\n")
    if indent == 4:
        has_inject = re.search(r"^    inject:", block.text, re.M)
        has_bindings = re.search(r"^    bindings:", block.text, re.M)
        return head + ("" if has_inject else inject) + block.text + ("" if has_bindings else bound)
    if indent == 6:
        return head + inject + "    bindings:\n" + block.text
    return head + inject + bound + block.text


def help_of(words, home):
    done = subprocess.run([proxy.BINARY, *words, "--help"], capture_output=True, check=True, timeout=20,
                          env=proxy.clean_environment(HOME=home))
    return done.stdout.decode()


def examples(home, words=()):
    """[(words of the command, line)] of every command's --help."""
    text = help_of(words, home)
    found = []
    shown = re.search(r"^Examples?:\n((?:  .*\n|\n)+)", text, re.M)
    if shown:
        for line in re.sub(r"\\\n\s*", " ", textwrap.dedent(shown.group(1))).splitlines():
            line = re.sub(r"\s{2,}#.*", "", line).strip()
            if line:
                found.append((words, line))
    commands = re.search(r"^Commands:\n((?:  .*\n)+)", text, re.M)
    for line in commands.group(1).splitlines() if commands else ():
        name = re.match(r"  ([a-z][a-z-]*)", line)
        if name:
            found += examples(home, (*words, name.group(1)))
    return found
