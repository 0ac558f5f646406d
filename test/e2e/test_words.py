# SPDX-License-Identifier: Apache-2.0
"""What is typed and what is read: every command of the program's own table."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import proxy, zsh
from harness.case import Case, main


class Words(Case):
    """What is typed and what is read: every command of the program's own table."""

    secrets = {}

    def run_words(self, *words):
        done = subprocess.run([proxy.BINARY, *words], capture_output=True, env=proxy.clean_environment(HOME=self.scratch),
                              timeout=20, check=False)
        self.assertNotIn(b"\x1b", done.stdout + done.stderr)  # no colours, so NO_COLOR has nothing to turn off
        return done

    def commands(self, *above):
        """(words, help) of every command and subcommand."""
        text = self.run_words(*above, "--help").stdout.decode()
        yield above, text
        listed = re.search(r"^Commands:\n((?:  .*\n)+)", text, re.M)
        for name in re.findall(r"^  (\S+)  ", listed[1], re.M) if listed else ():
            yield from self.commands(*above, name)

    def test_every_help_fits_and_help_and_man_say_the_same(self):
        seen = list(self.commands())
        self.assertGreater(len(seen), 35)
        for words, text in seen:
            with self.subTest(words):
                self.assertEqual([line for line in text.splitlines() if len(line) > 80], [])
                self.assertIn(f"Usage: {' '.join(('keyswap', *words))} ", text)
                self.assertIn("Example", text)
                self.assertNotRegex(text, r"OPTIONS|TEXT:|REQUIRED|Excludes|Positionals|:\{|docs/")
        # A group's list says of a command what it can do by now.
        listed = dict(re.findall(r"^  (\S+) +(.+)$", seen[0][1], re.M))
        self.assertIn("in the background", listed["serve"])
        self.assertIn("change", listed["bindings"])
        for words, text in (seen[0], seen[1], next(pair for pair in seen if pair[0] == ("secret", "add"))):
            self.assertEqual(self.run_words("help", *words).stdout.decode(), text)

    def test_a_mistyped_word_names_the_nearest_and_ends_with_2(self):
        for words, what, hint in (
                (("servce",), "there is no command 'servce'", "did you mean: keyswap serve"),
                (("sevre",), "there is no command 'sevre'", "did you mean: keyswap serve"),
                (("secret", "lsit"), "there is no command 'lsit' in 'keyswap secret'", "did you mean: keyswap secret list"),
                (("secret", "list", "--jsno"), "there is no option '--jsno'", "did you mean: keyswap secret list --json"),
                (("--verison",), "there is no option '--verison'", "did you mean: keyswap --version"),
                (("help", "unlokcing"), "there is no command or topic 'unlokcing'", "did you mean: keyswap help unlocking"),
                (("frobnicate",), "there is no command 'frobnicate'", "see: keyswap --help"),
                (("help", "sk-live-0123456789"), "not shown here", "see: keyswap help"),
                (("--home", "/x", "secret", "list"), "options stand behind the command", "as in: keyswap COMMAND --home"),
                (("secret", "--json", "list"), "and --json before it", "as in: keyswap secret COMMAND --json"),
                (("secret", "--value=sk-0123456789"), "there is no option '--value'", "see: keyswap secret --help"),
                (("sk-live-0123456789",), "not shown here", "see: keyswap --help")):
            with self.subTest(words):
                done = self.run_words(*words)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stdout, b"")
                first, second = done.stderr.decode().splitlines()
                self.assertIn(what, first)
                self.assertIn(hint, second)
                self.assertNotIn("0123456789", first + second)

    def test_version_and_help_are_commands_too(self):
        self.assertRegex(self.run_words("version").stdout.decode(), r"^keyswap \d+\.\d+")
        for words in (("--version",), ("-V",), ("-q", "version")):
            self.assertEqual(self.run_words(*words).stdout, self.run_words("version").stdout)
        self.assertEqual(self.run_words("help").stdout, self.run_words("--help").stdout)
        topics = re.search(r"^Topics \(keyswap help TOPIC\):((?:.+\n)+)", self.run_words("help").stdout.decode(), re.M)[1].split()
        self.assertIn("unlocking", topics)
        for topic in topics:
            self.assertEqual(self.run_words("help", topic).returncode, 0, topic)

    def complete(self, *words):
        """What bash offers for the last of the words."""
        script = self.scratch / "completion.bash"
        if not script.exists():
            script.write_bytes(self.run_words("completion", "bash").stdout)
        done = subprocess.run(["bash", "--norc", "-c", 'source "$0"; complete -p keyswap >&2; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
                               '_keyswap; printf "%s\\n" "${COMPREPLY[@]}"', str(script), "keyswap", *words],
                              capture_output=True, cwd=self.scratch, timeout=20, check=True)
        self.assertEqual(done.stderr.decode().strip(), "complete -F _keyswap keyswap")
        return done.stdout.decode().split()

    def test_bash_completes_commands_options_and_values(self):
        (self.scratch / "some-file.yaml").write_text("")
        (self.scratch / "some-folder").mkdir()
        self.assertEqual(self.complete("serv"), ["serve"])
        self.assertIn("rotate", self.complete("secret", ""))
        self.assertEqual(self.complete("secret", "add", "--service", "x", "--prov"), ["--provider"])
        self.assertEqual(sorted(self.complete("env", "--format", "")), ["docker", "dotenv", "fish", "github", "json", "sh"])
        self.assertEqual(self.complete("env", "--format", "=", "dot"), ["dotenv"])
        self.assertEqual(sorted(self.complete("serve", "--bindings", "some-")), ["some-file.yaml", "some-folder"])
        self.assertEqual(self.complete("serve", "--home", "some-"), ["some-folder"])
        self.assertEqual(self.complete("audit", "show", "--since", ""), [])
        self.assertEqual(self.complete("help", "unl"), ["unlocking"])
        self.assertIn("bash", self.complete("run", "--home", "x", "bas"))
        self.assertEqual(self.complete("run", "--", "cat", "some-fi"), ["some-file.yaml"])
        self.assertIn("--json", self.complete("secret", "list", ""))

    def place_for_files(self):
        folder = self.scratch / "typed-here"
        (folder / "some-folder").mkdir(parents=True, exist_ok=True)
        (folder / "some-file.yaml").write_text("")
        return folder

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_completes_commands_options_and_values(self):
        script = self.scratch / "completion.zsh"
        script.write_bytes(self.run_words("completion", "zsh").stdout)
        with tempfile.TemporaryDirectory() as base:
            shell = zsh.Zsh(pathlib.Path(base), script, self.place_for_files())
            self.addCleanup(shell.end)
            for line, offered in (
                    ("keyswap serv", ["serve"]),
                    ("keyswap -q secret ", ["add", "import", "list", "remove", "rotate"]),
                    ("keyswap secret add --service x --prov", ["--provider"]),
                    ("keyswap env --format ", ["docker", "dotenv", "fish", "github", "json", "sh"]),
                    ("keyswap env --format=dot", ["dotenv"]),
                    ("keyswap serve --bindings some-", ["some-file.yaml", "some-folder"]),
                    ("keyswap serve --home some-", ["some-folder"]),
                    ("keyswap serve --home=some-", ["some-folder"]),
                    ("keyswap audit show --since ", []),
                    ("keyswap help unl", ["unlocking"]),
                    ("keyswap run -- cat some-fi", ["some-file.yaml"]),
                    ("keyswap run --home x cat --like=this some-fi", ["some-file.yaml"])):
                with self.subTest(line):
                    self.assertEqual(shell.complete(line), offered)
            self.assertIn("bash", shell.complete("keyswap run --home x bas"))
            self.assertIn("--json", shell.complete("keyswap secret list -"))

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish_completes_commands_options_and_values(self):
        script = self.scratch / "completion.fish"
        script.write_bytes(self.run_words("completion", "fish").stdout)
        folder = self.place_for_files()
        for line, offered in (
                ("keyswap serv", ["serve"]),
                ("keyswap -q secret ", ["add", "import", "list", "remove", "rotate"]),
                ("keyswap env --format ", ["docker", "dotenv", "fish", "github", "json", "sh"]),
                ("keyswap env --format=dot", ["--format=dotenv"]),
                ("keyswap serve --home some-", ["some-folder/"]),
                ("keyswap audit show --since ", []),
                ("keyswap run -- cat some-fi", ["some-file.yaml"]),
                ("keyswap run --home x cat some-fi", ["some-file.yaml"]),
                ("keyswap run --home x basena", ["basename"])):
            with self.subTest(line):
                done = subprocess.run(["fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", script, line], cwd=folder,
                                      capture_output=True, timeout=60, check=True, env=proxy.clean_environment(HOME=self.scratch))
                self.assertEqual(done.stderr, b"")
                self.assertEqual(sorted(word.split("\t")[0] for word in done.stdout.decode().splitlines()), offered)

    def test_the_pages_are_written_and_well_formed(self):
        folder = self.scratch / "share"
        self.assertEqual(self.run_words("pages", str(folder)).returncode, 0)
        manual = sorted((folder / "man/man1").iterdir())
        self.assertGreater(len(manual), 15)
        self.assertIn("keyswap-secret.1", [page.name for page in manual])
        self.assertEqual((folder / "man/man1/keyswap-serve.1").read_bytes(), self.run_words("man", "serve").stdout)
        checks = [("bash", "-n", folder / "bash-completion/completions/keyswap"), ("zsh", "-n", folder / "zsh/vendor-completions/_keyswap"),
                  ("fish", "-n", folder / "fish/vendor_completions.d/keyswap.fish")]
        checks += [("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page) for page in manual]
        for command in checks:
            self.assertTrue(command[-1].exists(), command)
            if shutil.which(command[0]):
                done = subprocess.run(list(map(str, command)), capture_output=True, timeout=20, check=False,
                                      env={**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"})
                self.assertEqual((done.returncode, done.stderr), (0, b""), command)


if __name__ == "__main__":
    main()
