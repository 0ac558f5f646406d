# SPDX-License-Identifier: Apache-2.0
"""Bindings are approved, not only read: who writes every file of the home, and knows no passphrase, changes nothing."""

import json
import os
import shutil
import socket
import subprocess

from harness import auditlog, client, proxy
from harness.case import Case, H, K, P, V, X, bearer, document, main
from harness.holding import frozen
from test_children import Terminal

EVIL = "gist.example.test"
PROVIDER = f"""title: OpenAI
docs: https://{EVIL}/docs
key: ["own_{{32:hex}}"]
env: [A_KEY]
secret:
  inject: {{ header: Authorization, format: "Bearer {{secret}}" }}
  bindings: [ {{ host: {EVIL}, methods: [GET], paths: ["/v1/**"] }} ]
"""


class Approval(Case):
    """A home that a passphrase opens; the attacker is the same user."""

    secrets = {K: V}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, cls.identity = cls.make_pki([H, EVIL])
        cls.evil_authority, cls.evil_identity = cls.make_pki([H, EVIL], "evil")
        cls.recorder, cls.thief = cls.make_recorder(cls.identity), cls.make_recorder(cls.evil_identity)
        cls.template = proxy.Home(cls.work / "template", cls.inputs, approval="passphrase").init().add(cls.secrets)
        cls.template.bindings(cls.good(cls.template))
        cls.approve(cls.template)
        cls.homes.append(cls.template)

    def setUp(self):
        self.home = self.copy_home(self.template, self._testMethodName)

    @classmethod
    def good(cls, home):
        """The roots lie in the home, as anything that may be changed."""
        if home.path.is_dir():
            shutil.copy(cls.authority.certificate, home.path / "roots.pem")
        return document({K: bearer(hosts=(H,))}, recorder=cls.recorder, hosts=(H,), root="roots.pem")

    def evil(self):
        return document({K: bearer(hosts=(H, EVIL))}, recorder=self.thief, hosts=(H, EVIL), root="roots.pem")

    @classmethod
    def approve(cls, home, *options):
        return home.must("bindings", "approve", "--yes", *options, unlock=True).stderr.decode()

    def attack(self):
        """All that the user can write, but for what only the passphrase makes."""
        self.home.bindings(self.evil())
        shutil.copy(self.evil_authority.certificate, self.home.path / "roots.pem")
        kept = self.home.path / "approved"
        for file in kept.iterdir():
            file.write_bytes(b"keyswap policy 1\nbindings 0\n\n")

    def ask(self, running, host):
        answer = running.ask(host, target="/asked", headers=[("Authorization", f"Bearer {P}")])
        if answer is not None:
            self.note("answer", answer.raw_head + answer.body)
        return answer

    def post(self, running, target):
        answer = running.ask(H, "POST", target, [("Authorization", f"Bearer {P}")])
        self.note("answer", answer.raw_head + answer.body)
        return answer

    def wider(self):
        file = self.home.path / "wider.yaml"
        file.write_text(proxy.yaml(self.evil()) + "\n")
        file.chmod(0o600)
        return file

    def health(self, running):
        return running.raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").body.decode()

    def got_nothing(self):
        self.assertEqual(self.thief.requests, [])

    def refused_start(self, *options):
        running = self.start(self.home, wait=False, options=options)
        self.assertEqual(running.process.wait(60), 1)
        running._finish()
        return running.stderr.decode()

    def test_a_changed_file_does_not_come_into_force_by_a_signal(self):
        """[I17]"""
        running = self.start(self.home)
        self.assertEqual(self.ask(running, H).status, 200)
        self.attack()
        self.assertFalse(running.reload()["accepted"])
        self.assertTrue(running.await_stderr(f"now also: {K} may go to {EVIL}, any method, any path"))
        self.assertTrue(running.await_stderr(f"now also: upstream.resolve sends {EVIL}:443 to {self.thief.address}"))
        self.assertIn("keyswap bindings approve", running.stderr.decode())
        self.assertEqual(self.health(running), '{"status":"ok","policy":"unapproved"}')
        self.assertEqual(self.ask(running, H).status, 200)  # what is approved stays in force
        self.got_nothing()
        told = [r for r in running.records() if r["type"] == "approval"]
        self.assertEqual([r["event"] for r in told], ["refused"])
        (self.home.path / "bindings.yaml").write_text("version: [\n")
        self.assertFalse(running.reload()["accepted"])
        self.assertEqual(self.health(running), '{"status":"ok","policy":"unapproved"}')  # a broken file approves none
        self.home.bindings(self.good(self.home))
        self.assertTrue(running.reload()["accepted"])
        self.assertEqual(self.health(running), '{"status":"ok"}')
        self.assertEqual(running.stop(), 0)

    def test_a_changed_file_does_not_come_into_force_by_a_start(self):
        """[I17] It is recorded where the approved policy has its log, whatever the other one says."""
        self.home.bindings({**self.evil(), "audit": {"path": "elsewhere"}})
        self.refused_start()
        self.assertFalse((self.home.path / "elsewhere").exists())
        told = [r for r in auditlog.records(self.home.audit) if r["type"] == "approval"]
        self.assertEqual([r["event"] for r in told], ["refused"])
        self.attack()
        said = self.refused_start()
        self.assertIn("is not approved", said)
        self.assertIn("keyswap bindings approve", said)
        self.assertIn(EVIL, said)
        self.got_nothing()
        # Nor is the record cut off unseen: the vault has the log's head.
        verdict = json.loads(self.home.must("audit", "verify", "--json", unlock=True).stdout)
        self.assertEqual(verdict["held_against"], "vault")
        doctor = self.home.run("doctor", "--quick", unlock=True)
        self.assertIn("keyswap bindings approve", doctor.stdout.decode())
        # Somebody who knows the passphrase decides; without a terminal only by --yes.
        asked = self.home.run("bindings", "approve", unlock=True, preexec=os.setsid)
        self.assertEqual(asked.returncode, 1, asked.stderr)
        self.home.bindings(self.good(self.home))
        running = self.start(self.home)
        self.assertEqual(self.ask(running, H).status, 200)
        self.assertEqual(running.stop(), 0)

    def test_what_a_command_binds_comes_into_force_as_the_kind_of_home_says(self):
        """[I17] docs/operations.md, "Approval": the three rows of a fresh home."""
        unasked = "nothing is approved in this home yet"
        for name, options, at_once in (("by-key", ["--key-file"], True),
                                       ("by-word", ["--approval", "passphrase"], True),
                                       ("not-yet", [], False)):
            with self.subTest(name):
                home = proxy.Home(self.work / f"kind-{name}", self.inputs)
                self.homes.append(home)
                unlock = "--key-file" not in options
                home.must("init", *options, unlock=unlock)
                said = home.must("bindings", "add", K, "--host", H, unlock=unlock).stderr.decode()
                self.assertEqual(unasked in said, not at_once, said)
                told = json.loads(home.run("status", "--json").stdout)["policy"]
                self.assertEqual(told, "approved" if at_once else "none")
                # Once the first `serve` took it, that home is like the others.
                running = self.start(home) if not at_once else None
                if running:
                    self.assertEqual(running.stop(), 0)
                    said = home.must("bindings", "add", "ANOTHER", "--host", H, unlock=True).stderr.decode()
                    self.assertNotIn(unasked, said)
                    self.assertEqual(json.loads(home.run("status", "--json").stdout)["policy"], "approved")

    def test_who_is_asked_at_a_start_sees_all_that_it_would_change(self):
        """[I17] However much stands in front of what matters."""
        file = self.home.path / "bindings.yaml"
        file.write_text(file.read_text() + "".join(f"# harmless {n}\n" for n in range(100)) + "# what matters\n")
        asked = Terminal([proxy.BINARY, "serve", "--listen", "127.0.0.1:0", "--password-file", self.home.password_file],
                         proxy.clean_environment(KEYSWAP_HOME=self.home.path))
        self.addCleanup(asked.close)
        asked.expect(b": # what matters\r")
        # What is in it stands beside the question, however high the list is.
        asked.expect(b"in short:")
        asked.expect(b"only lines of the file differ")
        asked.expect(b"Shall it come into force?")
        asked.type(b"n\r")
        self.assertEqual(asked.process.wait(60), 1)

    def test_other_roots_in_the_same_file_do_not_come_into_force(self):
        """[I17]"""
        shutil.copy(self.evil_authority.certificate, self.home.path / "roots.pem")
        self.assertIn("other roots: ", self.refused_start())

    def test_what_is_approved_in_another_copy_of_the_home_is_not_approved_here(self):
        """[I17] Its text and its bindings, without its vault."""
        other = self.copy_home(self.template, "other")
        other.bindings(self.evil())
        self.approve(other)
        # The approved text of another home is none here.
        shutil.rmtree(self.home.path / "approved")
        shutil.copytree(other.path / "approved", self.home.path / "approved")
        shutil.copy(other.path / "bindings.yaml", self.home.path / "bindings.yaml")
        self.assertIn("is not approved", self.refused_start())
        self.got_nothing()

    def test_an_edit_is_checked_shown_approved_and_served(self):
        """[I17] The editor writes; the passphrase approves; the proxy reads."""
        running = self.start(self.home)
        wanted = self.scratch / "wanted.yaml"
        wanted.write_text(proxy.yaml(document({K: bearer(hosts=(H,), methods=["GET"])}, recorder=self.recorder,
                                              hosts=(H,), root="roots.pem")) + "\n")
        editor = self.scratch / "editor"
        editor.write_text(f'#!/bin/sh\ncat {wanted} > "$1"\n')
        editor.chmod(0o755)
        done = self.home.must("bindings", "edit", "--yes", unlock=True, env={"EDITOR": str(editor), "VISUAL": ""})
        self.assertIn(f"now also: {K} may go to {H}, GET, any path", done.stderr.decode())
        self.assertEqual((self.home.path / "bindings.yaml").read_text(), wanted.read_text())
        self.assertTrue(running.await_record(lambda r: r["type"] == "reload" and r["accepted"]))
        self.assertEqual([r["event"] for r in running.records() if r["type"] == "approval"], ["renewed"])
        self.assertEqual([p.name for p in self.home.path.iterdir() if ".edit-" in p.name], [])
        answer = running.ask(H, "POST", "/asked", [("Authorization", f"Bearer {P}")])
        self.note("answer", answer.raw_head + answer.body)
        self.assertEqual(running.await_decisions("/asked")[-1]["reason"], "binding_scope_violation")
        self.assertEqual(running.stop(), 0)

    def editor(self, script):
        file = self.scratch / f"editor-{self._testMethodName}"
        file.write_text("#!/bin/sh\n" + script)
        file.chmod(0o755)
        return {"EDITOR": str(file), "VISUAL": ""}

    def test_what_was_written_is_kept_when_the_editor_fails_or_the_file_is_wrong(self):
        file = self.home.path / "bindings.yaml"
        before = file.read_text()
        for line, ending, status in (("# half of it", 1, 3), ("secrets: [", 0, 2)):
            with self.subTest(line):
                done = self.home.run("bindings", "edit", "--yes", unlock=True, preexec=os.setsid,
                                     env=self.editor(f"echo '{line}' >> \"$1\"\nexit {ending}\n"))
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertEqual(file.read_text(), before)
                kept = [path for path in self.home.path.iterdir() if ".edit-" in path.name]
                self.assertEqual([path.read_text() for path in kept], [f"{before}{line}\n"])
                self.assertIn(f"what you wrote is in {kept[0]}", done.stderr.decode())
                kept[0].unlink()
        done = self.home.run("bindings", "edit", unlock=True, env=self.editor("exit 1\n"))
        self.assertEqual((done.returncode, [p.name for p in self.home.path.iterdir() if ".edit-" in p.name]), (3, []))

    def test_a_broken_file_is_edited_and_all_that_differs_from_what_is_approved_is_shown(self):
        """[I17] Without a question nobody would see what was in the file already."""
        wanted = self.scratch / "mended.yaml"
        wanted.write_text(proxy.yaml(document({K: bearer(hosts=(H,), methods=["GET"])}, recorder=self.recorder, hosts=(H,),
                                              root="roots.pem")) + "\n")
        file = self.home.path / "bindings.yaml"
        file.write_text("version: [\n")
        environment = self.editor(f'cat {wanted} > "$1"\n')
        self.assertEqual(self.home.run("bindings", "edit", "--yes", unlock=True, env=environment).returncode, 1)
        self.assertEqual(file.read_text(), "version: [\n")
        asked = Terminal([proxy.BINARY, "bindings", "edit", "--password-file", self.home.password_file],
                         proxy.clean_environment(KEYSWAP_HOME=self.home.path, **environment))
        self.addCleanup(asked.close)
        asked.expect(f"now also: {K} may go to {H}, GET, any path".encode())
        asked.expect(b"Shall it come into force?")
        asked.type(b"y\r")
        self.assertEqual(asked.process.wait(60), 0)
        self.assertEqual(file.read_text(), wanted.read_text())

    def test_what_was_narrowed_does_not_stay_in_force_whatever_lies_in_the_file(self):
        """[I17] What the operator approves comes into force although its file is garbage, and no signal is needed."""
        running = self.start(self.home)
        self.assertEqual(self.post(running, "/wide").status, 200)
        narrow = self.home.path / "narrow.yaml"
        narrow.write_text(proxy.yaml(document({K: bearer(hosts=(H,), methods=["GET"])}, recorder=self.recorder, hosts=(H,),
                                              root="roots.pem")) + "\n")
        narrow.chmod(0o600)
        # Whoever writes the file is quicker than the proxy, and the lock file leads its signal elsewhere.
        (self.home.path / "bindings.yaml").write_text("version: [\n")
        other = subprocess.Popen(["sleep", "600"])
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        (self.home.path / "serve.lock").write_text(json.dumps({"event": "ready", "proxy": "127.0.0.1:1", "bindings": "/x",
                                                               "pid": other.pid}))
        self.home.must("bindings", "approve", "--yes", "--bindings", narrow, unlock=True)
        self.assertIsNone(other.poll())
        self.post(running, "/narrow")
        self.assertEqual(running.await_decisions("/narrow")[-1]["reason"], "binding_scope_violation")
        self.assertEqual([r["event"] for r in running.records() if r["type"] == "approval"], ["renewed"])
        self.assertEqual(self.ask(running, H).status, 200)
        # A proxy that cannot say that it goes by it is told of; without the approved text it gives no secret out.
        with frozen(running):
            unconfirmed = self.home.run("bindings", "approve", "--yes", "--bindings", self.wider(), unlock=True)
            shutil.rmtree(self.home.path / "approved")
        self.assertEqual(unconfirmed.returncode, 1, unconfirmed.stderr)
        self.assertIn(f"(pid {running.pid}) did not confirm it", unconfirmed.stderr.decode())
        self.assertTrue(running.await_record(lambda r: r["type"] == "vault_locked" and r["why"] == "not_approved"))
        self.refused(self.ask(running, H), 503, "vault_locked")
        self.assertEqual(json.loads(self.health(running)), {"status": "failing", "reason": "vault_locked"})
        self.home.must("bindings", "approve", "--yes", "--bindings", narrow, unlock=True)
        self.assertTrue(running.await_record(lambda r: r["type"] == "vault_readable"))
        self.assertEqual(self.ask(running, H).status, 200)
        self.assertEqual(running.stop(), 0)

    def test_an_approval_does_not_open_to_everybody_where_it_is_listened(self):
        """[I17] As a reload does not: beyond loopback whoever reaches the port could use the secrets."""
        self.home.must("caller", "add", "ci", unlock=True)
        self.home.outputs[-2:] = []  # the token, which is nowhere else
        self.home.bindings({**self.good(self.home), "callers": ["ci"]})
        self.approve(self.home)
        running = self.start(self.home, listen="0.0.0.0:0")
        opened = self.home.path / "opened.yaml"
        opened.write_text(proxy.yaml({**self.good(self.home), "allow_users": ["*"]}) + "\n")
        opened.chmod(0o600)
        unconfirmed = self.home.run("bindings", "approve", "--yes", "--bindings", opened, unlock=True)
        self.assertEqual(unconfirmed.returncode, 1, unconfirmed.stderr)
        self.assertTrue(running.await_record(lambda r: r["type"] == "vault_locked" and r["why"] == "not_approved"))
        self.assertTrue(running.await_stderr("refused to listen on 0.0.0.0"))
        wire, answer = client.connect_on(
            client.Wire(socket.create_connection((client.address_of_this_machine(), running.port))), f"{H}:443")
        with wire:
            self.refused(answer, 407, "caller_required")
        self.approve(self.home)
        self.assertTrue(running.await_record(lambda r: r["type"] == "vault_readable"))
        self.assertEqual(running.stop(), 0)

    def test_what_a_command_binds_is_approved_and_nothing_that_it_found(self):
        """[I17]"""
        done = self.home.must("bindings", "add", "OTHER", "--host", X, "--method", "GET", "--path", "/v1/**", unlock=True)
        self.assertIn("OTHER=", done.stdout.decode())
        again = self.home.must("bindings", "approve", "--yes", unlock=True)
        self.assertIn("is approved", again.stdout.decode())
        self.attack()
        refused = self.home.run("bindings", "add", "THIRD", "--host", X, unlock=True)
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertNotIn("THIRD", (self.home.path / "bindings.yaml").read_text())

    def test_a_provider_that_somebody_put_into_the_home_is_shown_before_it_binds(self):
        """[I17] Its file takes the place of the built-in one of its name."""
        folder = self.home.path / "providers"
        folder.mkdir(mode=0o700)
        shown = self.home.must("provider", "show", "openai").stdout.decode()
        self.assertIn("api.openai.com", shown)
        (folder / "openai.yaml").write_text(PROVIDER)
        before = (self.home.path / "bindings.yaml").read_text()
        words = ("secret", "add", "A_KEY", "--provider", "openai")
        refused = self.home.run(*words, stdin=V.encode(), unlock=True, preexec=os.setsid)
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertIn(EVIL, refused.stderr.decode())
        self.assertEqual((self.home.path / "bindings.yaml").read_text(), before)
        self.home.must(*words, "--yes", stdin=V.encode(), unlock=True)
        self.assertIn(EVIL, (self.home.path / "bindings.yaml").read_text())

    def test_with_a_key_file_a_passphrase_may_be_for_changes_alone(self):
        """[I17]"""
        word = self.inputs / "approvals"
        word.write_text("only for changes\n")
        word.chmod(0o600)
        home = proxy.Home(self.work / "keyed", self.inputs)
        home.must("init", "--key-file", "--approval", "passphrase", "--approval-password-file", word)
        home.bindings({"version": 1, "secrets": {}, "tls_termination": "all"})
        started = home.run("serve", "--listen", "127.0.0.1:0")
        self.assertEqual(started.returncode, 1, started.stderr)
        self.assertEqual(home.run("bindings", "approve", "--yes", preexec=os.setsid).returncode, 3)
        wrong = home.run("bindings", "approve", "--yes", "--approval-password-file", self.inputs / "password")
        self.assertEqual(wrong.returncode, 3, wrong.stderr)
        home.must("bindings", "approve", "--yes", "--approval-password-file", word)
        home.must("run", "--", "true")
        self.assertEqual(auditlog.check_chain(home.audit), None)


if __name__ == "__main__":
    main()
