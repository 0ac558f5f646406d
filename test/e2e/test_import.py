# SPDX-License-Identifier: Apache-2.0
"""`keyswap import`: credentials leave the files of other tools, and those go on working."""

import base64
import json
import os
import re
import stat
import subprocess
import unittest

from harness import proxy
from harness.case import H, H2, K, P, X, Case, document, main


class Imported(Case):
    """Files of other tools: what is bound, what they hold afterwards, and that it works."""

    NPM, PASSWORD, NETRC = "npm_Q7x2Lm9Zr4Tb6Wc1Yd8Vf3Kp5Hs0Jn2G4t8R", "reg-live-pw-5Vt8Qk2Zx", "netrc-live-pw-9Rm3Wd6Ty"
    GH, DOCKER, PIP = "ghp-live-3Xc7Vb9Nm2", "docker-live-pw-8Hj4Kl6Pq", "pip-live-pw-2Ws5Ed8Rf"
    secrets = {"npm's token": NPM, "npm's password": PASSWORD, "netrc's password": NETRC, "gh's token": GH,
               "docker's password": DOCKER, "pip's password": PIP}

    def test_values_leave_the_files_and_reach_the_hosts_that_they_were_for(self):
        """[I1] Never printed, and only in the backup afterwards; the requests that the files make are swapped."""
        hosts = (H, H2, "git.example.test")
        authority, identity = self.make_pki(hosts)
        recorder = self.make_recorder(identity)
        home = self.make_home(secrets={})
        home.bindings(document({}, recorder=recorder, hosts=hosts, root=authority.certificate))
        npmrc, netrc = self.inputs / "npmrc", self.inputs / "netrc"
        pair = base64.b64encode(f"ann:{self.PASSWORD}".encode()).decode()
        original = f"; mine\n//{H}/:_authToken={self.NPM}\nfund=false\n//{H2}/:_auth={pair}\n//{X}/:_authToken=${{TOKEN}}\n"
        npmrc.write_text(original)
        npmrc.chmod(0o640)
        netrc.write_text(f"machine {hosts[2]} login ann password {self.NETRC}\n")
        netrc.chmod(0o600)

        shown = home.must("import", "npm", npmrc, unlock=True)
        self.assertIn(H.encode(), shown.stdout)
        self.assertIn(b"left out: line 5", shown.stderr)
        self.assertEqual(npmrc.read_text(), original)
        done = home.must("import", "npm", npmrc, "--apply", unlock=True)
        self.assertIn(f"{npmrc}.before-keyswap".encode(), done.stderr)
        backup = self.inputs / "npmrc.before-keyswap"
        self.assertEqual((backup.read_text(), stat.S_IMODE(backup.stat().st_mode)), (original, 0o600))
        self.assertEqual(stat.S_IMODE(npmrc.stat().st_mode), 0o640)
        text = npmrc.read_text()
        token, kept = re.fullmatch(rf"; mine\n//{H}/:_authToken=(\S+)\nfund=false\n//{H2}/:_auth=(\S+)\n//{X}/:.*\n", text).groups()
        self.assertRegex(token, r"^npm_[0-9A-Za-z]{36}$")
        self.assertNotIn(self.NPM, text)
        self.assertNotIn(pair, text)
        self.assertEqual(base64.b64decode(kept).split(b":")[0], b"ann")
        again = home.run("import", "npm", npmrc, "--apply", unlock=True)
        self.assertEqual((again.returncode, npmrc.read_text()), (1, text), again.stderr)
        home.must("import", "netrc", netrc, "--apply", unlock=True)

        running = self.start(home)
        running.ask(H, target="/npm", headers=[("Authorization", f"Bearer {token}")])
        self.assertEqual(recorder.one("/npm").get("Authorization"), f"Bearer {self.NPM}")
        running.ask(H2, target="/pair", headers=[("Authorization", f"Basic {kept}")])
        self.assertEqual(recorder.one("/pair").get("Authorization"), f"Basic {pair}")
        done = subprocess.run(["curl", "-sS", "--netrc-file", str(netrc), "--proxy", f"http://127.0.0.1:{running.port}", "--cacert",
                               str(home.ca), f"https://{hosts[2]}/netrc"], capture_output=True, timeout=30, check=False,
                              env=proxy.clean_environment(HOME=self.scratch))
        self.assertEqual(done.returncode, 0, done.stderr)
        sent = base64.b64encode(f"ann:{self.NETRC}".encode()).decode()
        self.assertEqual(recorder.one("/netrc").get("Authorization"), f"Basic {sent}")

    def test_what_gh_docker_and_pip_send_after_an_import_is_swapped(self):
        """[I1] As each of them sends what its file has then."""
        hosts = ("gh.example.test", "docker.example.test", "pip.example.test")
        authority, identity = self.make_pki(hosts)
        recorder = self.make_recorder(identity)
        home = self.make_home("tools", secrets={})
        home.bindings(document({}, recorder=recorder, hosts=hosts, root=authority.certificate))

        def basic(user, password):
            return base64.b64encode(f"{user}:{password}".encode()).decode()

        def pip_pair(text):
            return basic(*re.search("https://(.*):(.*)@", text).groups())

        tools = (  # name, its file, what it sends of it, and what has to arrive
            ("gh", f"{hosts[0]}:\n    oauth_token: {self.GH} # work\n", lambda text: "token " + text.split()[2], f"token {self.GH}"),
            ("docker", json.dumps({"auths": {hosts[1]: {"auth": basic("ann", self.DOCKER), "password": self.DOCKER}}}),
             lambda text: "Basic " + json.loads(text)["auths"][hosts[1]]["auth"], f"Basic {basic('ann', self.DOCKER)}"),
            ("pip", f"[global]\nindex-url = https://ann:{self.PIP}@{hosts[2]}/simple\n",
             lambda text: f"Basic {pip_pair(text)}", f"Basic {basic('ann', self.PIP)}"))
        for name, content, _, _ in tools:
            file = self.inputs / f"{name}-file"
            file.write_text(content)
            file.chmod(0o600)
            home.must("import", name, file, "--apply", unlock=True)
        running = self.start(home)
        for (name, _, sends, arrives), host in zip(tools, hosts):
            with self.subTest(name):
                text = (self.inputs / f"{name}-file").read_text()
                for value in self.secrets.values():
                    self.assertNotIn(value, text)
                running.ask(host, target=f"/{name}", headers=[("Authorization", sends(text))])
                self.assertEqual(recorder.one(f"/{name}").get("Authorization"), arrives)

    def test_an_import_run_again_makes_nothing_twice(self):
        """As after a power cut between its steps: the values are kept and bound, and the file still has them."""
        home = self.make_home("again", secrets={})
        home.bindings(document({}))
        npmrc = self.inputs / "again-npmrc"
        original = f"//{H}/:_authToken={self.NPM}\n//{H2}/:_password={base64.b64encode(self.PASSWORD.encode()).decode()}\n"
        npmrc.write_text(original)
        npmrc.chmod(0o600)
        home.must("import", "npm", npmrc, "--apply", unlock=True)
        after, listed = npmrc.read_text(), home.must("secret", "list", unlock=True).stdout
        bound = (home.path / "bindings.yaml").read_bytes()
        self.assertNotEqual(after, original)
        npmrc.write_text(original)
        shown = home.must("import", "npm", npmrc, unlock=True)
        self.assertIn(b"has this value, and is bound", shown.stdout)
        done = home.must("import", "npm", npmrc, "--apply", unlock=True)
        self.assertIn(b"has that value already", done.stdout)
        self.assertEqual((npmrc.read_text(), home.must("secret", "list", unlock=True).stdout), (after, listed))
        self.assertEqual((home.path / "bindings.yaml").read_bytes(), bound)

    @unittest.skipUnless(os.geteuid() == 0, "mounting a file needs root")
    def test_an_import_that_cannot_replace_the_file_says_so_and_the_next_one_does(self):
        home = self.make_home("held", secrets={})
        home.bindings(document({}))
        npmrc = self.inputs / "held-npmrc"
        original = f"//{H}/:_authToken={self.NPM}\n"
        npmrc.write_text(original)
        npmrc.chmod(0o600)
        subprocess.run(["mount", "--bind", npmrc, npmrc], check=True)  # nothing can be moved there
        try:
            done = home.run("import", "npm", npmrc, "--apply", unlock=True)
        finally:
            subprocess.run(["umount", npmrc], check=True)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn(b"the secrets are in the vault and bound; the file still has its values", done.stderr)
        self.assertEqual(npmrc.read_text(), original)
        self.assertFalse((self.inputs / "held-npmrc.before-keyswap").exists(), "a second copy of the value")
        listed = home.must("secret", "list", unlock=True).stdout
        self.assertIn(b"NPM_TOKEN", listed)
        home.must("import", "npm", npmrc, "--apply", unlock=True)
        self.assertNotIn(self.NPM, npmrc.read_text())
        self.assertEqual(home.must("secret", "list", unlock=True).stdout, listed)

    def test_a_file_that_would_not_be_whole_afterwards_is_refused(self):
        home = self.make_home("whole", secrets={})
        home.bindings(document({}))
        linked, wide = self.inputs / "linked-netrc", self.inputs / "wide-netrc"
        text = f"machine {H} login ann password {self.NETRC}\n"
        linked.write_text(text)
        os.link(linked, self.inputs / "linked-netrc-2")
        wide.write_bytes(text.encode("utf-16"))
        before = home.fingerprint()
        for file, status, why in ((linked, 3, b"hard links"), (wide, 1, b"UTF-16")):
            with self.subTest(file):
                content = file.read_bytes()
                done = home.run("import", "netrc", file, "--apply", unlock=True)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn(why, done.stderr)
                self.assertEqual(file.read_bytes(), content)
                self.assertFalse((self.inputs / f"{file.name}.before-keyswap").exists())
        self.assertEqual(home.fingerprint(), before)

    def test_what_fails_changes_nothing(self):
        home = self.make_home("refusing", secrets={})
        netrc = self.inputs / "refused-netrc"
        netrc.write_text(f"machine {H} login ann password {self.NETRC}\n")
        netrc.chmod(0o600)
        (home.path / "bindings.yaml").write_text("version: 1\nsecrets: 7\n")
        before = home.fingerprint()
        done = home.run("import", "netrc", netrc, "--apply", unlock=True)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(home.fingerprint(), before)
        self.assertIn(self.NETRC, netrc.read_text())
        self.assertFalse((self.inputs / "refused-netrc.before-keyswap").exists())

    def test_the_bindings_of_agent_vault_proxy_are_taken_over(self):
        home = self.make_home("avp", secrets={})
        file, made = self.inputs / "avp.yaml", self.inputs / "made.yaml"
        file.write_text(f"""version: 1
secrets:
  {K}:
    placeholder: "{P}"
    inject: {{ header: Authorization, format: "Bearer {{{K}}}" }}
    bindings: [ {{ host: "*.example.test" }} ]
audit: {{ path: /var/log/avp/audit.jsonl, fail_on_unwritable: true }}
backend: {{ type: other, config: {{ type: other }} }}
""")
        done = home.must("import", "avp", file, "--output", made)
        self.assertIn(f"to do: keyswap secret add {K}".encode(), done.stderr)
        self.assertIn(b"/var/log/avp/audit;", done.stderr)
        home.must("bindings", "check", made)


if __name__ == "__main__":
    main()
