# SPDX-License-Identifier: Apache-2.0
"""What docs/*.md and --help show is run: each command line by an ordinary user on a terminal, each piece of YAML by
`bindings check`. (README.md's own lines are run by test_readme.py.)

The upstreams lead to the recorder; nothing else differs from what stands there. A block that cannot be run says why in
a comment before it; NOT_RUN counts those. An example of --help is run in a home that has what it needs: see `Examples`.
"""

import re
import shutil
import subprocess

from harness import documents
from harness.case import Case, main
from harness.terminal import Terminal, User

HOSTS = ["api.openai.com", "api.example.com"]
VALUE = "sk-live-documents-7Kq9Zt4bN2vM8cR5wL1j"
NOT_RUN = {"operations.md": 2}

BINDINGS = """version: 1
secrets:
  OPENAI_API_KEY:
    placeholder: "sk-proj-PLACEHOLDER-documents-0123456789"
    inject: {{ header: Authorization, format: "Bearer {{secret}}" }}
    bindings:
      - {{ host: api.openai.com, methods: [GET, POST], paths: ["/v1/**"] }}
  EXAMPLE_KEY:
    placeholder: "ex-PLACEHOLDER-documents-0123456789"
    inject: {{ header: X-Key, format: "{{secret}}" }}
    bindings: [ {{ host: api.example.com }} ]
upstream:
  ca_file: {root}
  resolve: {{ {resolve} }}
"""
FISHNET = '[custom.github]\nbase_url = "https://api.github.com"\nauth_header = "Authorization"\nauth_value_prefix = "Bearer "\n'

# What `import` finds in a user's home.
IMPORTED = {
    ".config/gh/hosts.yml": "github.com:\n    oauth_token: gho_documents-0123456789abcdef\n",
    ".aws/credentials": "[default]\naws_secret_access_key = documents-0123456789abcdef\n",
    ".npmrc": "//npm.example.com/:_authToken=documents-0123456789abcdef\n",
    ".pypirc": "[pypi]\nusername = __token__\npassword = pypi-documents-0123456789abcdef\n",
    ".netrc": "machine git.example.com login ann password documents-0123456789abcdef\n",
    ".docker/config.json": '{"auths": {"ghcr.io": {"auth": "YW5uOnB3LTAxMjM0NTY3ODlhYmNkZWY="}}}\n',
}


class Documents(Case):
    """A user whose home has secrets, a caller and a log; each thing that is run gets a copy of it."""

    secrets = {"the value": VALUE}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        authority, identity = cls.make_pki(HOSTS)
        cls.recorder = cls.make_recorder(identity)
        cls.root = authority.certificate.read_text()
        cls.work.chmod(0o755)
        cls.inputs.chmod(0o755)
        cls.users = []
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", cls.inputs / "key.pem"], check=True,
                       capture_output=True)
        cls.empty = cls.user("empty")
        cls.must(cls.empty, "keyswap init --key-file")
        cls.full = cls.copy(cls.empty, "full")
        shutil.copy(cls.full.folder / "bindings.yaml", cls.full.state)
        cls.full.give()
        # Two values in one go, by a pipe; and a log that has begun.
        (cls.inputs / "two.env").write_text(f"OPENAI_API_KEY={VALUE}\nEXAMPLE_KEY={VALUE}2\nGITHUB_TOKEN={VALUE}3\n")
        (cls.inputs / "two.env").chmod(0o644)
        cls.must(cls.full, f"keyswap secret import {cls.inputs}/two.env")
        cls.token = re.search(r'"token":"([^"]+)"', cls.must(cls.full, "keyswap caller add ci --json")).group(1)
        cls.must(cls.full, "keyswap run -- true")

    @classmethod
    def tearDownClass(cls):
        cls.outputs += [output for user in cls.users for output in user.outputs]
        super().tearDownClass()

    @classmethod
    def user(cls, name):
        user = User(cls.work, name, VALUE, cls.users[0].program if cls.users else None)
        user.environment["PATH"] = f"{user.tools}:{user.environment['PATH']}"
        user.environment["GITHUB_ENV"] = str(user.folder / "github-env")
        program = user.home / ".local" / "bin" / "keyswap"
        program.parent.mkdir(parents=True)
        program.symlink_to(user.program)
        (user.base / "root.pem").write_text(cls.root)
        cls.furnish(user)
        cls.users.append(user)
        return user

    @classmethod
    def furnish(cls, user):
        """The files and programs that the lines name."""
        bindings = BINDINGS.format(root=user.base / "root.pem",
                                   resolve=", ".join(f'"{host}:443": "{cls.recorder.address}"' for host in HOSTS))
        user.edits_to(bindings)
        (user.tools / "pass").write_text("#!/bin/sh\necho sk-live-of-pass-0123456789abcdef\n")
        (user.tools / "pass").chmod(0o755)
        for name, text in (("bindings.yaml", bindings), ("company-root.pem", cls.root), ("agent.py", "print('ran')\n"),
                           (".env", "A_KEY=sk-in-a-file-0123456789abcdef\n"), ("FILE", ""), ("fishnet.toml", FISHNET)):
            (user.folder / name).write_text(text)
            (user.folder / name).chmod(0o600)
        shutil.copy(cls.inputs / "key.pem", user.folder / "key.pem")
        for name in ("stick", "archive", "srv"):
            (user.folder / name).mkdir(mode=0o755)
        for name, text in IMPORTED.items():
            (user.home / name).parent.mkdir(parents=True, exist_ok=True)
            (user.home / name).write_text(text)
        (user.home / ".fishnet").mkdir()
        shutil.copy(user.folder / "fishnet.toml", user.home / ".fishnet")
        user.give()

    @classmethod
    def copy(cls, user, name):
        """Another user with the same state."""
        other = cls.user(name)
        shutil.copytree(user.state, other.state, symlinks=True, dirs_exist_ok=True)
        for named in ("FILE", "../home/.keyswap-pw"):
            shutil.copy(other.state / "key", other.folder / named)
        other.give()
        return other

    @classmethod
    def must(cls, user, line, statuses=(0,)):
        status, seen = user.run(line)
        if status not in statuses:
            raise AssertionError(f"{line}: exit {status}\n{seen}")
        return seen


class Text(Documents):
    """docs/*.md"""

    def test_every_piece_of_yaml_is_taken_as_it_stands(self):
        user = self.user("yaml")
        names = []
        for block in documents.blocks("yaml"):
            name = f"{block.file.stem}-{block.line}"
            if block.text.startswith("title:"):
                folder = user.state / "providers"
                folder.mkdir(mode=0o700, parents=True)
                (folder / f"{name}.yaml").write_text(block.text)
                names.append(name)
            else:
                (user.folder / f"shown-{name}.yaml").write_text(documents.whole_bindings(block))
                (user.folder / f"shown-{name}.yaml").chmod(0o600)
        user.state.chmod(0o700)
        user.give()
        self.must(user, 'for f in shown-*.yaml; do keyswap bindings check "$f" || exit 1; done')
        self.assertEqual(len(names), 1)
        self.must(user, f"keyswap provider show {names[0]}")

    def test_every_block_of_commands_is_run_or_says_why_not(self):
        counted = {}
        for block in documents.blocks("sh"):
            if block.reason:
                counted[block.file.name] = counted.get(block.file.name, 0) + 1
                continue
            with self.subTest(block.where):
                self.run_block(block)
        self.assertEqual(counted, NOT_RUN, "blocks that are not run")

    def run_block(self, block):
        """A set-up begins with `init`; what asks the proxy finds one; others add to a home that has no secrets."""
        commands = block.commands()
        needs_proxy = any(line.startswith("curl ") for line in commands)
        begins = commands[0] == "keyswap init"
        user = (self.user if begins else lambda name: self.copy(self.full if needs_proxy else self.empty, name))(
            f"block-{block.file.stem}-{block.line}")
        if needs_proxy:
            user.environment["KEYSWAP_CALLER_TOKEN"] = self.token
            self.must(user, "keyswap serve --detach")
        try:
            for line in commands:
                self.must(user, line)
        finally:
            user.stop()


class Examples(Documents):
    """--help. A home has the secrets and the caller of the examples, unless the example adds them itself."""

    # What is not run as the others are; a line that takes its place, and the statuses that are right.
    FISH = ("keyswap env --format fish | source", "keyswap completion fish | source")
    FOLLOWS = "keyswap audit tail -n 100 --json"
    STATUSES = {"keyswap doctor --json": (0, 1), "keyswap import aws": (1,),
                "keyswap audit accept-loss": (1,),           # nothing is lost
                "keyswap passwd --add-key-file": (2,),       # there is one
                "keyswap reload": (1,), "keyswap status --json": (1,),  # no proxy runs
                "keyswap manage status": (1,), "keyswap manage disable": (1,), "keyswap ui --no-browser": (1,),
                "keyswap source seal sealed": (1,)}  # nothing is set up; test_management, test_page and test_transit do
    # Folders of another machine, and what is there in their place.
    ELSEWHERE = {"/media/stick": "stick", "/archive": "archive", "/srv/keyswap": "srv", " | man -l -": " | man -l - | cat"}
    # What goes on for ever, or asks and puts another home in place, or waits for a person in a browser: test_audit,
    # test_operate and test_login run them; what decides needs a request that waits (test_approvals).
    NOT_RUN = ("keyswap audit forward", "keyswap audit watch", "keyswap restore", "keyswap login", "keyswap approve show",
               "keyswap approve allow", "keyswap approve deny")

    # What these print is for programs, or a program prints it.
    DATA = re.compile(r"keyswap (env|run|import|completion|man|pages|audit (export|head|tail))\b|--json|^curl |^eval |\| ")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lines = sorted({line for _, line in documents.examples(cls.empty.home)})

    def test_every_example_is_run(self):
        self.assertGreater(len(self.lines), 35)
        serving = [line for line in self.lines if line.startswith("keyswap serve")]
        asking = [line for line in self.lines if re.match(r"curl |eval |keyswap env ", line)]
        following = [line for line in self.lines if "audit tail" in line]
        for number, line in enumerate(self.lines):
            if line not in serving + asking + following and not line.startswith(self.NOT_RUN):
                with self.subTest(line):
                    self.run_one(number, line)
        with self.subTest("with a proxy"):
            self.run_with_proxy(serving, asking, following)
        self.check_widths()

    def check_widths(self):
        """Whatever a command says on a terminal fits 80 columns. What may be copied (a path, a placeholder, a sum) stays
        whole, behind a few words at most."""
        checked = 0
        for line, seen in [output for user in self.users for output in user.outputs]:
            if self.DATA.search(line):
                continue
            checked += 1
            for shown in re.split(r"[\r\n]+", seen.decode(errors="replace")):
                longest = max(map(len, shown.split()), default=0)
                if len(shown) > 80 and not (longest > 40 and len(shown) - longest <= 40):
                    with self.subTest(line):
                        self.fail(f"{len(shown)} columns: {shown}")
        self.assertGreater(checked, 30)

    def run_one(self, number, line):
        if re.match(r"keyswap init\b", line):
            user = self.user(f"example-{number}")
        elif re.search(r"keyswap (secret|caller) (add|import)\b", line):
            user = self.copy(self.empty, f"example-{number}")
        else:
            user = self.copy(self.full, f"example-{number}")
        if "backup --verify" in line:
            self.must(user, self.here("keyswap backup /media/stick/keyswap.backup"))
        if line not in self.FISH or shutil.which("fish"):
            self.must(user, self.here(line), self.STATUSES.get(line, (0,)))

    def here(self, line):
        for there, instead in self.ELSEWHERE.items():
            line = line.replace(there, instead)
        return f"fish -c '{line}'" if line in self.FISH else line

    def run_with_proxy(self, serving, asking, following):
        """The one that serves stays, and the others ask it."""
        user = self.copy(self.full, "example-serve")
        staying = [line for line in serving if "--detach" not in line]
        self.assertEqual(len(staying), 1, serving)
        for line in serving:
            if "--detach" in line:
                self.must(user, line)
                user.stop()
        running = Terminal(user, staying[0])
        self.addCleanup(user.stop)
        running.expect(rb"keyswap is ready on ")
        for line in asking:
            if line not in self.FISH or shutil.which("fish"):
                self.must(user, self.here(line))
        for line in following:
            tail = Terminal(user, line)
            tail.expect(rb'"type":"start"')
            tail.type("\x03")
            tail.end(30)
            user.note(line, tail)
        running.type("\x03")
        self.assertEqual(running.end(60), 0)
        user.note(staying[0], running)

if __name__ == "__main__":
    main()
