# SPDX-License-Identifier: Apache-2.0
"""What README.md tells people to type, typed: by an ordinary user, in a fresh home, on a terminal.

Only the upstream is another: api.openai.com leads to the recorder, by lines that are added to bindings.yaml.
The two commands of the first screen, which build and test the whole, are not run here.
"""

import pathlib
import re
import socket

from harness import auditlog
from harness.case import Case, main
from harness.terminal import PASSPHRASE, Terminal, User

TREE = pathlib.Path(__file__).resolve().parents[2]
README = (TREE / "README.md").read_text()
BUILDS = ("examples/quickstart/run.sh", "test/run.sh")
HOST = "api.openai.com"
VALUE = "sk-live-readme-7Kq9Zt4bN2vM8cR5wL1j"
READY = rb"keyswap is ready on "
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
        user = User(self.work, name, VALUE)
        self.users.append(user)
        (user.base / "root.pem").write_text(self.root)
        user.give()
        return user

    def upstream(self, user):
        """The recorder in the upstream's place."""
        return (f"upstream:\n  ca_file: {user.base}/root.pem\n"
                f"  resolve: {{ \"{HOST}:443\": \"{self.recorder.address}\" }}\n")

    def init(self, user, line):
        """The line, and then the recorder in the bindings that it made."""
        self.must(user, line)
        with (user.state / "bindings.yaml").open("a") as file:
            file.write(self.upstream(user))

    def bindings(self, user):
        """README's own, with the recorder in the upstream's place."""
        whole = [text for text in yaml_blocks() if text.startswith("version: 1")]
        self.assertEqual(len(whole), 1)
        return whole[0] + self.upstream(user)

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
        made, *rest = self.one(BY_KEY_FILE)
        self.must(user, self.one(INSTALL)[0])
        self.init(user, made)
        for line in rest:
            self.must(user, line)
        self.got_the_key(before + 1)
        for line in self.one(LOOKING):
            self.must(user, line)
        self.assertEqual(auditlog.check_chain(user.state / "audit"), None)

    def test_with_a_passphrase_the_proxy_asks_and_goes_to_the_background(self):
        with socket.socket() as probe:
            self.assertNotEqual(probe.connect_ex(("127.0.0.1", 8472)), 0, "another proxy listens on 127.0.0.1:8472 here")
        user = self.user("passphrase")
        before = len(self.recorder.seen("/v1/models"))
        made, served = self.one(BY_PASSPHRASE)[0], self.one(BY_PASSPHRASE)[1:]
        self.assertEqual(served, ["keyswap serve --detach"])
        rest = self.one(BY_KEY_FILE)[1:]
        self.must(user, self.one(INSTALL)[0])
        self.init(user, made)
        for line in rest[:-1]:
            self.must(user, line)
        seen = self.must(user, served[0])
        stop = re.search(r"kill [0-9]+", seen).group(0)
        self.addCleanup(user.run, stop)
        # I17: what was bound is shown, and counts once it is approved.
        self.assertRegex(seen, r"now also: OPENAI_API_KEY may go to ")
        self.assertRegex(seen, r"come into force\? \[y/N\] ")
        self.assertRegex(seen, r"keyswap is ready on 127\.0\.0\.1:8472\r\n")
        # The passphrase twice, a value with its passphrase, the passphrase, and the yes: one more than without approvals.
        self.assertEqual(user.questions, 6, user.outputs)
        self.must(user, rest[-1])
        self.got_the_key(before + 1)
        # The same in a shell that was given the variables.
        self.must(user, "eval \"$(keyswap env)\"; " + re.search(r"'(curl .*)'", rest[-1]).group(1))
        self.got_the_key(before + 2)
        log = user.state / "serve.log"
        self.must(user, "kill -HUP " + stop.split()[1])
        self.must(user, f"until grep -q 'reloaded: ' {log}; do sleep 0.05; done")
        # README: the pid that ends it is told by status, too.
        self.assertIn("kill", README)
        pid = stop.split()[1]
        self.assertIn(f"pid {pid}", self.must(user, "keyswap status"))
        self.must(user, stop)
        self.must(user, f"until grep -q 'stopped$' {log}; do sleep 0.05; done")
        self.assertEqual(log.stat().st_mode & 0o777, 0o600)
        self.assertIn("intact", self.must(user, "keyswap audit verify"))

    def test_what_README_says_goes_wrong_goes_wrong_so(self):
        """In the background `serve` says that it cannot ask; the same with --detach in the wrong place."""
        user = self.user("wrong")
        for line in [*self.one(INSTALL), self.one(BY_PASSPHRASE)[0]]:
            self.must(user, line)
        status, seen = user.run("keyswap serve & wait $!")
        self.assertEqual(status, 3, seen)
        self.assertIn("a job in the background cannot ask", seen)
        status, seen = user.run("keyswap serve --detach --listen 8472")
        self.assertEqual(status, 2, seen)
        self.assertNotIn("ready", seen)

    def test_what_is_typed_while_the_vault_opens_is_not_shown_and_answers_the_next_question(self):
        """[I1] The blank behind it is told, and taken off by a yes."""
        user = self.user("ahead")
        for line in [*self.one(INSTALL), self.one(BY_PASSPHRASE)[0]]:
            self.must(user, line)
        adding = Terminal(user, "keyswap secret add AHEAD")
        adding.expect(rb"Passphrase of [^\r\n]*: $")
        adding.type(PASSPHRASE)
        adding.expect("opening the vault…".encode())
        adding.type(VALUE + " ")
        adding.expect(rb"Value of AHEAD \(not shown\): ")
        adding.expect(rb"begins or ends with blanks. Remove them\? \[y/N\] ")
        adding.type("y")
        adding.expect(rb"added AHEAD ")
        self.assertEqual(adding.end(), 0)
        user.note("secret add", adding)
        self.assertNotIn(VALUE.encode(), adding.seen)

    def test_on_a_terminal_serve_talks_to_people(self):
        user = self.user("people")
        for line in self.one(INSTALL) + self.one(BY_KEY_FILE)[:2]:
            self.must(user, line)
        serving = Terminal(user, "keyswap serve --listen 127.0.0.1:0")
        serving.expect(READY)
        pid = user.running()
        self.must(user, f"kill -HUP {pid}")
        serving.expect(rb"keyswap: reloaded: ")
        serving.type("\x03")
        serving.expect(rb"keyswap: stopped\r\n")
        self.assertEqual(serving.end(60), 0)
        user.note("serve", serving)
        self.assertNotIn(b"{", serving.seen)

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
            user.note("serve", serving)
        self.assertEqual(auditlog.check_chain(user.folder / "audit"), None)
        self.assertEqual((user.folder / "audit").stat().st_mode & 0o777, 0o700)
        self.must(user, "keyswap audit verify --folder audit")
        # I7: once begun, it is not begun anew in silence.
        self.must(user, "mv audit away")
        status, seen = user.run("keyswap serve --bindings ./x.yaml --listen 127.0.0.1:0")
        self.assertEqual(status, 3, seen)
        self.assertIn("is not there", seen)

    def test_the_starter_takes_an_entry_by_hand_as_its_comment_says(self):
        """The {} away and the marks away: no 'secrets' twice."""
        user = self.user("by-hand")
        for line in self.one(INSTALL) + self.one(BY_KEY_FILE)[:1]:
            self.must(user, line)
        file = user.state / "bindings.yaml"
        text = file.read_text()
        self.assertIn("keyswap bindings add NAME --host HOST", text)
        self.assertEqual([line for line in text.splitlines() if len(line) > 80], [])
        text = text.replace("secrets: {}", "secrets:")
        file.write_text(re.sub(r"^# (  )", r"\1", text, flags=re.M))
        self.assertIn("is good: 1 secret", " ".join(self.must(user, "keyswap bindings check").split()))

    def test_every_example_is_found_from_here(self):
        linked = re.findall(r"\]\((examples[^)]*)\)", README)
        self.assertIn("examples", linked)
        for name in ("github-actions", "gitlab-ci", "docker", "devcontainer", "another-user", "systemd"):
            self.assertTrue(any(link.startswith(f"examples/{name}") for link in linked), name)

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
