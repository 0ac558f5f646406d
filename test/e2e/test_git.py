# SPDX-License-Identifier: Apache-2.0
"""git over https through `keyswap run`, to git's own server (git http-backend) behind a recorder that asks for the token.

The token goes in Basic credentials, as GitHub and GitLab take it. git asks for nothing before it got a 401, so that every
clone and push shows both phases: the question what there is (info/refs), and the packs.
"""

import os
import subprocess

from harness import canary, git, proxy
from harness.case import Case, document, main
from harness.git import basic

NAME, PLACEHOLDER, TOKEN = "GIT_TOKEN", "ghp_PLACEHOLDER0123456789abcdefghijklmn", "ghp-live+/Zt4bN2vM8cR5wL1jQ7x=="
READ, WRITE, CLOSED = "read.example.test", "write.example.test", "closed.example.test"
SERVICES = ["/**/git-upload-pack", "/**/git-receive-pack"]
RULES = {NAME: {"placeholder": PLACEHOLDER, "inject": {"basic": "password"}, "bindings": [
    {"host": READ, "methods": ["GET", "POST"], "paths": SERVICES[:1]},
    {"host": WRITE, "methods": ["GET", "POST"], "paths": SERVICES},
    {"host": CLOSED, "methods": ["GET", "POST"], "paths": SERVICES, "blocked": ["* /*git-receive-pack"]}]}}


class Git(Case):
    secrets = {NAME: TOKEN}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, identity = cls.make_pki((READ, WRITE, CLOSED))
        cls.recorder = cls.make_recorder(identity)
        cls.recorder.on("/", git.Backend(cls.scratch / "served", lambda given: given == basic(TOKEN)))
        cls.home = cls.make_home()
        cls.home.bindings(document(RULES, recorder=cls.recorder, hosts=(READ, WRITE, CLOSED), root=cls.authority.certificate))
        cls.proxy = cls.start(cls.home)

    def git(self, *words, cwd=None):
        return git.git(self.scratch, *words, cwd=cwd)

    def served(self, name):
        return git.make_served(self.scratch, name)

    def through_keyswap(self, script, cwd=None):
        """A shell's words under `keyswap run`; $GIT_TOKEN is the placeholder."""
        environment = proxy.clean_environment(KEYSWAP_HOME=self.home.path, HOME=self.scratch, GIT_TERMINAL_PROMPT="0",
                                              GIT_CONFIG_NOSYSTEM="1")
        done = subprocess.run([proxy.BINARY, "run", "--password-file", str(self.home.password_file), "--", "sh", "-ec", script],
                              cwd=cwd, env=environment, capture_output=True, timeout=120, check=False)
        self.note(f"{script} stdout", done.stdout)
        self.note(f"{script} stderr", done.stderr)
        return done

    def clone(self, host, name):
        """Clones by a URL with the token in it; the work tree."""
        target = self.scratch / f"{host}-{name}"
        done = self.through_keyswap(f'git clone -q "https://x-access-token:$GIT_TOKEN@{host}/team/{name}.git" {target}')
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return target

    def push(self, tree, size=100):
        """Commits so many bytes that do not compress, and pushes them with the token from a credential helper."""
        (tree / "more").write_bytes(os.urandom(size))
        self.git("add", ".", cwd=tree)
        self.git("commit", "-q", "-m", "more", cwd=tree)
        self.git("remote", "set-url", "origin", self.git("remote", "get-url", "origin", cwd=tree).replace(f"x-access-token:{PLACEHOLDER}@", ""),
                 cwd=tree)
        helper = "!f() { echo username=x-access-token; echo password=$GIT_TOKEN; }; f"
        return self.through_keyswap(f"git -c credential.helper='{helper}' push -q origin main", cwd=tree)

    def asked(self, host, name):
        """[(the request's line, its credential)] at a repository of a host."""
        return [(f"{request.method} {request.target}", request.get("Authorization"))
                for request in self.recorder.seen(f"/team/{name}.git/") if request.get("Host") == host]

    def check_swapped(self, host, name):
        """Every credential that came is the real token, and the placeholder came in no spelling."""
        found = self.asked(host, name)
        self.assertEqual({credential for _, credential in found}, {None, basic(TOKEN)}, found)
        for request in self.recorder.seen(f"/team/{name}.git/"):
            self.assertEqual(canary.find_in(request.raw, PLACEHOLDER), [])
        return [line.replace(f" /team/{name}.git", "") for line, credential in found if credential]

    def test_B31_B34_a_clone_where_upload_pack_may_be_asked(self):
        """[I5] In both phases the token is swapped inside git's own Basic."""
        self.served("cloned")
        tree = self.clone(READ, "cloned")
        self.assertEqual((tree / "file2").read_text(), "content\n" * 300)
        self.assertIn(PLACEHOLDER, (tree / ".git" / "config").read_text())
        asked = self.check_swapped(READ, "cloned")
        self.assertIn("GET/info/refs?service=git-upload-pack", asked)
        self.assertIn("POST/git-upload-pack", asked)
        self.assertEqual({(r["decision"], r["secret"]) for r in self.proxy.decisions("/team/cloned.git/git-upload-pack")},
                         {("allowed", NAME)})

    def test_a_push_where_receive_pack_may_be_asked(self):
        """[I5] 3 MiB, more than http.postBuffer: git asks first with nothing, then uploads in chunks."""
        folder = self.served("pushed")
        tree = self.clone(WRITE, "pushed")
        done = self.push(tree, 3 << 20)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual(self.git("rev-parse", "main", cwd=folder), self.git("rev-parse", "HEAD", cwd=tree))
        asked = self.check_swapped(WRITE, "pushed")
        self.assertIn("GET/info/refs?service=git-receive-pack", asked)
        self.assertIn("POST/git-receive-pack", asked)
        uploads = [request for request in self.recorder.seen("/team/pushed.git/git-receive-pack") if len(request.body) > 3 << 20]
        self.assertEqual([request.get("Transfer-Encoding") for request in uploads], ["chunked"])

    def test_B33_a_push_where_upload_pack_alone_may_be_asked_lacks_the_token(self):
        """[I2] [I5] The placeholder goes on as it is, and git's server refuses it."""
        folder = self.served("read-only")
        tree = self.clone(READ, "read-only")
        before, came = self.git("rev-parse", "main", cwd=folder), len(self.asked(READ, "read-only"))
        done = self.push(tree)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Authentication failed", done.stderr.decode())
        self.assertEqual(self.git("rev-parse", "main", cwd=folder), before)
        pushed = self.asked(READ, "read-only")[came:]
        self.assertEqual({credential for _, credential in pushed}, {None, basic(PLACEHOLDER)})
        reasons = {(r["decision"], r["reason"]) for r in self.proxy.decisions("/team/read-only.git/info/refs") if r.get("secret")}
        self.assertEqual(reasons, {("allowed", "binding_matched"), ("denied", "binding_scope_violation")})

    def test_a_push_that_is_blocked_never_reaches_the_server(self):
        """Where `blocked` names git-receive-pack, clone goes on, and both phases of a push end at the proxy."""
        folder = self.served("blocked")
        tree = self.clone(CLOSED, "blocked")
        before, came = self.git("rev-parse", "main", cwd=folder), len(self.asked(CLOSED, "blocked"))
        done = self.push(tree)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("403", done.stderr.decode())
        self.assertEqual(self.git("rev-parse", "main", cwd=folder), before)
        self.assertEqual(self.asked(CLOSED, "blocked")[came:], [])
        self.check_swapped(CLOSED, "blocked")
        refused = [r for r in self.proxy.decisions(host=CLOSED) if r["decision"] == "refused"]
        self.assertEqual({(r["reason"], r["destination"]["path"]) for r in refused},
                         {("endpoint_blocked", "/team/blocked.git/info/refs")})


if __name__ == "__main__":
    main()
