# SPDX-License-Identifier: Apache-2.0
"""demo, run, env, bindings, ca and doctor, as a user meets them."""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess

from harness import client, proxy
from harness.case import H, K, K2, P, P2, V, X, Case, bearer, document, main


class Demo(Case):
    secrets = {}

    def test_demo_shows_every_side_and_leaves_nothing(self):
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        before = set(os.listdir("/tmp"))
        done = subprocess.run([proxy.BINARY, "demo"], capture_output=True, env=proxy.clean_environment(
            HOME=self.scratch, TMPDIR=self.scratch), timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout.decode() + done.stderr.decode())
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertLess(used.ru_utime + used.ru_stime - began.ru_utime - began.ru_stime, 10, "seconds of computing")
        text = done.stdout.decode()
        for word in ("PLACEHOLDER", "Authorization", "allowed binding_matched DEMO_API_KEY", "All good"):
            self.assertIn(word, text)
        self.assertNotIn('{"v":1', text)
        self.assertEqual(list(self.scratch.iterdir()), [], "it left something behind")
        self.assertEqual({n for n in set(os.listdir("/tmp")) - before if "keyswap-demo" in n}, set())


class Commands(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root, identity = cls.make_pki([H, X])
        cls.recorder = cls.make_recorder(identity)
        cls.home = cls.make_home()
        cls.content = document({K: bearer(methods=["GET"], paths=["/v1/**"]), K2: bearer(K2, P2, (H,), methods=["POST"])},
                               recorder=cls.recorder, hosts=(H, X), root=cls.root.certificate, policy="forward_unmodified")
        cls.home.bindings(cls.content)

    def run_it(self, *command, **options):
        return self.home.run("run", "--", *command, unlock=True, **options)

    def test_run_starts_a_proxy_of_its_own_for_the_commands_life(self):
        """It ends with the command, whose exit status is passed on."""
        done = self.run_it("sh", "-c", f'curl -sS -H "Authorization: Bearer $KEY_ONE" https://{H}/v1/own; '
                           'echo "$HTTPS_PROXY" >&2; exit 7')
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertEqual(self.recorder.one("/v1/own").all("Authorization"), [f"Bearer {V}"])
        port = int(re.search(rb"http://127\.0\.0\.1:(\d+)", done.stderr)[1])
        with self.assertRaises(OSError):  # it went with the command
            client.dial(port, 2)

    def test_run_uses_the_proxy_that_is_there(self):
        running = self.start(self.home)
        try:
            done = self.run_it("sh", "-c", 'echo "$HTTPS_PROXY $https_proxy $KEY_ONE"')
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout.decode().split(), [f"http://127.0.0.1:{running.port}"] * 2 + [P])
        finally:
            running.stop()

    def test_run_says_when_nothing_came_through_the_proxy(self):
        """Of a command that failed and opened connections; of any with --verbose."""
        past = ("curl", "-sS", "--fail", "-k", "--noproxy", "*", f"https://127.0.0.1:{self.recorder.port}/nothing")
        said = b"no request came through the proxy"
        done = self.run_it("sh", "-c", " ".join(past).replace("*", "'*'") + "; exit 3")
        self.assertEqual(done.returncode, 3)
        self.assertIn(said, done.stderr)
        self.assertNotIn(said, self.run_it(*past).stderr)
        self.assertIn(said, self.home.run("run", "--verbose", "--", "true", unlock=True).stderr)
        came = self.run_it("sh", "-c", f"curl -sS https://{H}/v1/came; exit 3")
        self.assertNotIn(said, came.stderr)

    def test_run_passes_signals_and_the_exit_status_on(self):
        self.assertEqual(self.run_it("false").returncode, 1)
        self.assertEqual(self.run_it("sh", "-c", "exit 42").returncode, 42)
        self.assertIn(self.run_it("sh", "-c", "kill -TERM $$").returncode, (143, -signal.SIGTERM))
        process = subprocess.Popen([proxy.BINARY, "run", "--password-file", str(self.home.password_file), "--", "sh", "-c",
                                    "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=proxy.clean_environment(KEYSWAP_HOME=self.home.path))
        self.assertEqual(process.stdout.readline(), b"ready\n")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
        self.outputs += [("run stdout", out), ("run stderr", err)]
        self.assertEqual(process.returncode, 9)

    def test_run_says_what_it_cannot_start(self):
        done = self.run_it("/no/such/program")
        self.assertIn(done.returncode, (3, 126, 127), done.stderr)
        self.assertEqual(self.home.run("run", unlock=True).returncode, 2)

    def test_run_replaces_what_would_lead_past_the_proxy(self):
        done = self.run_it("env", env={"NO_PROXY": "*", "no_proxy": ".example.test", "NODE_TLS_REJECT_UNAUTHORIZED": "0",
                                       "GIT_SSL_NO_VERIFY": "1", "Https_Proxy": "http://evil.test", "KEY_ONE": "real-credential"})
        seen = dict(line.split("=", 1) for line in done.stdout.decode().splitlines() if "=" in line)
        self.assertEqual(seen["NO_PROXY"], "localhost,127.0.0.1,::1,[::1]")
        self.assertEqual(seen["no_proxy"], seen["NO_PROXY"])
        for gone in ("NODE_TLS_REJECT_UNAUTHORIZED", "GIT_SSL_NO_VERIFY", "Https_Proxy"):
            self.assertNotIn(gone, seen)
        self.assertEqual(seen["KEY_ONE"], P)
        self.assertEqual(seen["KEY_TWO"], P2)
        for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS"):
            self.assertIn("BEGIN CERTIFICATE", pathlib.Path(seen[name]).read_text())
        bundle = pathlib.Path(seen["SSL_CERT_FILE"]).read_text()
        self.assertIn(self.home.ca.read_text().strip(), bundle)
        self.assertGreater(bundle.count("BEGIN CERTIFICATE"), 50)
        self.assertEqual(seen["NODE_USE_ENV_PROXY"], "1")
        self.assertNotIn(V, done.stdout.decode())

    def test_F45_a_host_of_the_users_NO_PROXY_that_no_binding_covers_is_called_directly(self):
        """curl goes straight there, and to the bound host through the proxy."""
        hosts = f"--resolve internal.corp.test:{self.recorder.port}:127.0.0.1 https://internal.corp.test:{self.recorder.port}/f45"
        done = self.run_it("sh", "-c", f'curl -sS --fail -k {hosts} && curl -sS --fail https://{H}/v1/f45 -H "Authorization: Bearer '
                           '$KEY_ONE"', env={"no_proxy": f"internal.corp.test,{H}"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.recorder.seen("/f45")), 1)
        self.assertEqual(self.recorder.one("/v1/f45").all("Authorization"), [f"Bearer {V}"])
        self.assertIn(f"`{H}` of your NO_PROXY is left out".encode(), done.stderr)

    def test_F46_the_netrc_of_other_hosts_stays_and_that_of_bound_ones_goes(self):
        home = self.scratch / "f46"
        home.mkdir()
        other = "machine git.corp.test login me password other\n"
        (home / ".netrc").write_text(other)
        show = ("sh", "-c", 'cat "${NETRC-$HOME/.netrc}"')
        done = self.run_it(*show, env={"HOME": home})
        self.assertEqual(done.stdout.decode(), other)
        self.assertNotIn(b"netrc", done.stderr)
        (home / ".netrc").write_text(other + f"machine {H} login me password bound\n")
        done = self.run_it(*show, env={"HOME": home})
        self.assertEqual(done.stdout.decode(), other)
        self.assertIn(f"not passed on, because of the bindings: {H}".encode(), done.stderr)

    def test_env_off_undoes_env(self):
        running = self.start(self.home)
        try:
            script = ('before=$(env | sort | grep -v ^_=); eval "$($0 env)"; echo "$KEY_ONE"; eval "$($0 env)"; eval "$($0 env --off)"; '
                      'test "$before" = "$(env | sort | grep -v ^_=)" && echo same; $0 env --off')
            done = subprocess.run(["sh", "-c", script, proxy.BINARY], capture_output=True, timeout=60, check=False,
                                  env=proxy.clean_environment(KEYSWAP_HOME=self.home.path, NO_PROXY="*", NODE_OPTIONS="--no-warnings",
                                                              GIT_SSL_NO_VERIFY="1", KEY_ONE="own 'value'"))
            self.note("env --off", done.stdout + done.stderr)
            self.assertEqual(done.stdout.decode().splitlines(), [P, "same"])
            self.assertEqual(done.returncode, 1)  # there is nothing left to undo
            self.assertIn(b"GIT_SSL_NO_VERIFY of your shell is taken away", done.stderr)
            self.assertEqual(self.home.run("env", "--off", "--format", "dotenv").returncode, 2)
        finally:
            running.stop()

    def test_env_gives_the_same_in_every_format(self):
        running = self.start(self.home)
        try:
            parsed = json.loads(self.home.must("env", "--format", "json").stdout)
            parsed = parsed.get("set", parsed)
            self.assertEqual(parsed["HTTPS_PROXY"], f"http://127.0.0.1:{running.port}")
            self.assertEqual(parsed["KEY_ONE"], P)
            shell = self.home.must("env").stdout.decode()
            done = subprocess.run(["sh", "-c", 'eval "$1"; printf "%s %s" "$HTTPS_PROXY" "$KEY_ONE"', "sh", shell], capture_output=True,
                                  env=proxy.clean_environment(), check=True)
            self.assertEqual(done.stdout.decode(), f"http://{running.address} {P}")
            for form in ("fish", "dotenv", "github"):
                self.assertIn(running.address, self.home.must("env", "--format", form).stdout.decode())
            self.removes_no_files_but_its_own()
        finally:
            running.stop()

    def removes_no_files_but_its_own(self):
        """Where somebody planted a link to the user's folders, of which the oldest would be removed."""
        documents = self.scratch / "documents"
        for number in range(12):
            (documents / str(number)).mkdir(parents=True)
            (documents / str(number) / "letter").write_text("canary")
        clients = self.home.path / "clients"
        shutil.rmtree(clients)
        clients.symlink_to(documents)
        refused = self.home.run("env")
        self.assertEqual(refused.returncode, 3, refused.stderr)
        self.assertEqual(len(list(documents.glob("*/letter"))), 12)
        clients.unlink()
        clients.mkdir(mode=0o700)
        for number in range(12):
            (clients / f"mine-{number}").mkdir()
        self.home.must("env")
        self.assertEqual(len(list(clients.glob("mine-*"))), 12)

    def test_bindings_check_and_explain(self):
        """[I2]"""
        self.assertEqual(self.home.run("bindings", "check").returncode, 0)
        for method, url, swapped, reason in (("GET", f"https://{H}/v1/models", True, "binding_matched"),
                                             ("DELETE", f"https://{H}/v1/x", False, "binding_scope_violation"),
                                             ("GET", f"https://{H}/v2/x", False, "binding_scope_violation"),
                                             ("GET", f"https://{H}/v1/../admin", False, "binding_scope_violation"),
                                             ("GET", f"https://{X}/v1/x", False, "destination_not_in_binding"),
                                             ("GET", f"http://{H}/v1/x", False, None)):
            with self.subTest(method=method, url=url):
                done = self.home.run("bindings", "explain", "--json", method, url)
                self.assertEqual(done.returncode, 0 if swapped else 1, done.stderr)
                judged = {entry["secret"]: entry for entry in json.loads(done.stdout)["secrets"]}
                self.assertEqual(judged[K]["swapped"], swapped)
                self.assertFalse(judged[K2]["swapped"])
                if reason:
                    self.assertEqual(judged[K]["reason"], reason)

    def test_bindings_explain_says_of_a_destination_that_the_guards_block_what_the_proxy_says(self):
        """[I12]"""
        running = self.start(self.home)
        self.addCleanup(running.stop)
        for authority in ("metadata.google.internal", "wiki.corp", "127.0.0.1:1", "[::1]:1", "169.254.169.254", "10.0.0.1"):
            with self.subTest(authority):
                named = authority if re.search(r"[\d]:\d+$|\]:\d+$", authority) else f"{authority}:443"
                _, answer = running.connect(named)
                done = self.home.run("bindings", "explain", "--json", "GET", f"https://{authority}/")
                self.assertEqual(done.returncode, 1, done.stderr)
                explained = json.loads(done.stdout)
                self.assertEqual(explained["refusal"], answer.get("Keyswap-Reason"))
                self.assertEqual(explained["refusal"], "address_blocked")
                shown = self.home.run("bindings", "explain", "GET", f"https://{authority}/").stdout.decode()
                self.assertIn("connection: refused with 403 address_blocked: ", shown)
        self.assertIsNone(json.loads(self.home.run("bindings", "explain", "--json", "GET", f"https://{H}/v1/x").stdout)["refusal"])

    def test_I01_the_starter_bindings_are_accepted(self):
        home = proxy.Home(self.work / "starter", self.inputs)
        self.homes.append(home)
        home.init()
        self.assertEqual(home.run("bindings", "check").returncode, 0)

    def test_bindings_check_says_the_same_in_both_forms_about_a_ca_file(self):
        """[I14]"""
        file = self.scratch / "ca-file.yaml"
        file.write_text("version: 1\nsecrets: {}\nupstream: {ca_file: nonexist.pem}\n")
        file.chmod(0o600)
        done = self.home.run("bindings", "check", file)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(f"{file}:3:21: error: ".encode(), done.stderr)
        done = self.home.run("bindings", "check", file, "--json")
        self.assertEqual(done.returncode, 2, done.stderr)
        parsed = json.loads(done.stdout)
        self.assertFalse(parsed["ok"])
        self.assertEqual([(e["line"], e["column"]) for e in parsed["errors"]], [(3, 21)])

    def test_a_descriptor_that_is_no_number_is_said_in_two_lines(self):
        done = self.home.run("secret", "list", "--password-fd", "abc")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.decode().splitlines()[0], "keyswap: --password-fd: not a file descriptor")
        self.assertEqual(len(done.stderr.decode().splitlines()), 2)

    def test_quiet_leaves_out_remarks_and_verbose_says_which_files(self):
        self.assertIn(b"no callers yet", self.home.must("caller", "list", unlock=True).stderr)
        for words in (("caller", "list", "-q"), ("-q", "caller", "list"), ("caller", "--quiet", "list")):
            self.assertEqual(self.home.must(*words, unlock=True).stderr, b"")
        said = self.home.must("-v", "caller", "list", unlock=True).stderr.decode()
        self.assertIn(f"the home is {self.home.path}", said)
        self.assertIn(f"what comes from here: {self.home.password_file}", said)

    def test_tables_fit_and_json_has_the_whole(self):
        home = self.copy_home(self.home, "tables")
        home.must("secret", "add", "A_NAME_THAT_IS_RATHER_LONG_FOR_A_SECRET", "--service", "a service with a long name, too, and more of it",
                  stdin=b"value-of-the-long-one", unlock=True)
        for words in (("secret", "list"), ("provider", "list"), ("limits", "show"), ("doctor",), ("ca", "show")):
            with self.subTest(words):
                done = home.run(*words, unlock=words[0] in ("secret", "doctor"))
                lines = done.stdout.decode().splitlines()
                self.assertTrue(lines)
                # The value of a fact is not cut: a path of ours.
                self.assertEqual([line for line in lines if len(line) > 80 and str(home.path) not in line], [])
        listed = json.loads(home.must("secret", "list", "--json", unlock=True).stdout)
        self.assertTrue(all(len(entry["id"]) == 36 for entry in listed))

    def test_a_secret_that_no_rule_uses_is_told_until_one_does(self):
        home = self.make_home("unbound", secrets={})
        told = "no rule uses {} yet: keyswap bindings add {} --host HOST"
        added = home.must("secret", "add", K, stdin=b"value-of-the-first", unlock=True)
        self.assertIn(told.format(K, K), added.stderr.decode().splitlines())
        file = self.inputs / "unbound.env"
        file.write_text(f"{K2}=value-of-the-second\n")
        file.chmod(0o600)
        imported = home.must("secret", "import", file, unlock=True)
        self.assertIn(told.format(K2, K2), imported.stderr.decode().splitlines())

        def running(*options):
            return home.must("run", *options, "--", "true", unlock=True).stderr.decode()

        self.assertIn(told.format(f"{K}, {K2}", "NAME"), running())
        self.assertNotIn("no rule uses", running("--quiet"))
        self.assertEqual(json.loads(home.run("status", "--json").stdout)["unbound"], [K, K2])
        self.assertIn(b"no rule uses", home.run("status").stdout)
        self.assertIn(b"no rule uses it yet", home.run("doctor", "--quick").stdout)
        for name in (K, K2):
            home.must("bindings", "add", name, "--host", H, unlock=True)
        self.assertNotIn("no rule uses", running())
        self.assertEqual(json.loads(home.run("status", "--json").stdout)["unbound"], [])
        self.assertNotIn(b"no rule uses", home.run("status").stdout + home.run("doctor", "--quick").stdout)

    def test_bindings_that_are_gone_begin_anew_with_the_first_that_is_added(self):
        home = self.copy_home(self.home, "gone-bindings")
        (home.path / "bindings.yaml").unlink()
        done = home.run("bindings", "check")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"keyswap bindings add NAME --host HOST", done.stderr)
        home.must("bindings", "add", K, "--host", H, unlock=True)
        self.assertIn(b"is good: 1 secret", home.must("bindings", "check").stdout)
        (home.path / "bindings.yaml").chmod(0o666)
        self.assertIn(f"chmod 600 {home.path}/bindings.yaml".encode(), home.run("bindings", "check").stderr)

    def test_audit_tail_of_no_lines_and_a_host_with_its_root_dot(self):
        home = self.home.copy(self.scratch / "tail")
        running = self.start(home)
        running.ask(H, target="/v1/tail")
        running.stop()
        self.assertEqual(home.must("audit", "tail", "-n", "0", "--json", "--no-follow").stdout, b"")
        shown = home.must("audit", "show", "--json", "--host", H).stdout
        self.assertTrue(shown)
        self.assertEqual(home.must("audit", "show", "--json", "--host", H + ".").stdout, shown)

    def test_ca_show_export_and_rotate(self):
        """[I11]"""
        shown = self.home.must("ca", "show").stdout.decode()
        self.assertIn("SHA", shown.upper())
        exported = self.home.must("ca", "export").stdout.decode()
        self.assertNotIn("PRIVATE KEY", shown + exported)
        folder = self.scratch / "export"
        folder.mkdir()
        self.home.must("ca", "export", "-o", "bare.pem", cwd=folder)
        self.assertEqual((folder / "bare.pem").read_text(), exported)

    def test_a_CA_for_some_hosts_names_no_other(self):
        """[I11]"""
        home = self.home.copy(self.scratch / "permit")
        home.must("ca", "init", "--permit", X, unlock=True)
        checked = home.must("bindings", "check").stderr.decode()
        self.assertIn(f"the CA may not name {H}: ", checked)
        asked = home.run("run", "--", "curl", "-sS", "-o", "/dev/null", "-w", "%{http_connect}", f"https://{H}/v1/x", unlock=True)
        self.assertIn(b"503", asked.stdout)
        home.must("ca", "rotate", "--permit-any", unlock=True)
        self.assertNotIn("may not name", home.must("bindings", "check").stderr.decode())
        asked = home.run("run", "--", "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", f"https://{H}/v1/permit", unlock=True)
        self.assertEqual(asked.stdout[-3:], b"200", asked.stderr)
        self.assertEqual(home.run("ca", "init", "--permit", "", unlock=True).returncode, 2)

    def test_the_bundle_keeps_a_rotated_CA_until_its_leaves_have_ended(self):
        """[I11]"""
        home = self.home.copy(self.scratch / "rotated")
        old = home.ca.read_text().strip()
        said = home.must("ca", "rotate", unlock=True).stdout.decode()
        self.assertIn("the old one stays in the bundle until ", said)
        bundles = [(home.path / "bundle.pem").read_text(), home.must("ca", "export").stdout.decode()]
        for bundle in bundles:
            self.assertIn(old, bundle)
            self.assertIn(home.ca.read_text().strip(), bundle)
        self.assertNotIn(old, home.ca.read_text())
        seen = home.must("run", "--", "sh", "-c", 'cat "$SSL_CERT_FILE"', unlock=True).stdout.decode()
        self.assertIn(old, seen)
        home.must("ca", "rotate", "--forget-old", unlock=True)
        self.assertNotIn(old, (home.path / "bundle.pem").read_text())

    def test_doctor_judges_the_set_up(self):
        done = self.home.run("doctor", "--quick", unlock=True)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        parsed = json.loads(self.home.run("doctor", "--quick", "--json", unlock=True).stdout)
        self.assertTrue(parsed["checks"])
        self.assertTrue(all("fix" in check for check in parsed["checks"]))
        home = self.home.copy(self.scratch / "loose")
        home.path.chmod(0o755)
        self.assertIn(home.run("doctor", "--quick", unlock=True).returncode, (1, 3))

    def test_doctor_launches_the_clients_of_this_machine(self):
        """[I8] Through a proxy that is thrown away; each one that is there comes, trusts it, is swapped and scrubbed."""
        before = set(os.listdir("/tmp"))
        path = self.scratch / "path"  # a few of them, for the time that it takes
        path.mkdir()
        for name in ("curl", "git", "node"):
            if shutil.which(name):
                (path / name).symlink_to(shutil.which(name))
        done = self.home.run("doctor", "--json", unlock=True, env={"PATH": path})
        clients = {client["client"]: client for client in json.loads(done.stdout)["clients"]}
        self.assertEqual({n for n in set(os.listdir("/tmp")) - before if "keyswap-doctor" in n}, set())
        seen = ("used_proxy", "trusted_ca", "swapped", "scrubbed")
        self.assertEqual({n: clients["curl"][n] for n in (*seen, "fix")}, dict.fromkeys(seen, "yes") | {"fix": ""})
        if shutil.which("node"):  # whichever version: with an agent of its own
            self.assertEqual([clients["node"][n] for n in seen], ["yes"] * 4)
        self.assertEqual([clients["git"][n] for n in seen], ["yes", "yes", "yes", "-"])  # it prints nothing of the answer
        self.assertLessEqual(set(clients), {"curl", "git", "node"})

    def test_F43_secret_import_takes_what_dotenv_takes_and_tells_of_the_rest(self):
        home = self.copy_home(self.home, "import")
        type(self).secrets = {**self.secrets, "imported": "imp-live-3Cv+b/6=Nm", "doubled": "imp-live-double-8Rt$k2"}
        file = self.inputs / "i.env"
        file.write_bytes(b"\xef\xbb\xbf# comment\r\nexport IMPORTED='imp-live-3Cv+b/6=Nm' # why\r\nPLAIN=simple value 123\r\n"
                         b"EMPTY=\r\nBAD=${imp-live-3Cv+b/6=Nm}\r\nDOUBLED = \"imp-live-double-8Rt\\$k2\"\r\n")
        file.chmod(0o600)
        dry = home.run("secret", "import", file, "--dry-run", unlock=True)
        self.assertEqual(dry.returncode, 1, dry.stderr)
        self.assertIn(b"would be added IMPORTED\n", dry.stdout)
        self.assertNotIn(b"IMPORTED", home.must("secret", "list", unlock=True).stdout)
        done = home.run("secret", "import", file, unlock=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout.splitlines(), [b"added IMPORTED", b"added PLAIN", b"skipped EMPTY (empty)", b"added DOUBLED"])
        self.assertIn(f"{file}:5: error: ".encode(), done.stderr)
        piped = home.must("secret", "import", "-", "--only", "PL*", "--prefix", "MY_", stdin=b"PLAIN=x1\nOTHER=x2\n", unlock=True)
        self.assertEqual(piped.stdout.splitlines(), [b"added MY_PLAIN"])
        # What a script must not delete after this: another value, and a file that has none.
        other = home.run("secret", "import", "-", stdin=b"PLAIN=x3\nMY_PLAIN=x1\n", unlock=True)
        self.assertEqual(other.returncode, 1, other.stderr)
        self.assertEqual(other.stdout.splitlines(), [b"skipped PLAIN (there already, with another value; --replace gives it the file's)",
                                                     b"skipped MY_PLAIN (there already)"])
        home.must("secret", "import", "-", stdin=b"MY_PLAIN=x1\n", unlock=True)
        nothing = home.run("secret", "import", "-", stdin=b"", unlock=True)
        self.assertEqual((nothing.returncode, nothing.stdout), (1, b""))
        self.assertIn(b"no KEY=VALUE in standard input", nothing.stderr)
        listed = [line.split()[0] for line in home.must("secret", "list", unlock=True).stdout.splitlines()]
        self.assertEqual([name for name in listed if name in (b"IMPORTED", b"PLAIN", b"MY_PLAIN", b"DOUBLED", b"EMPTY", b"BAD")],
                         [b"DOUBLED", b"IMPORTED", b"MY_PLAIN", b"PLAIN"])


class Ready(Case):
    secrets = {}

    def test_serve_prints_one_ready_line_and_tells_systemd(self):
        import socket
        home = self.make_home(secrets={})
        home.bindings(document({}))
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listener.bind(str(self.scratch / "notify"))
        listener.settimeout(30)
        running = self.start(home, env={"NOTIFY_SOCKET": self.scratch / "notify"})
        self.assertEqual(set(running.ready), {"event", "proxy", "ca", "pid"})
        self.assertEqual(running.ready["ca"], str(home.ca))
        self.assertIn(b"READY=1", listener.recv(1000))
        self.assertEqual(running.stop(), 0)
        self.assertEqual(len(running.stdout.splitlines()), 1)
        listener.close()


if __name__ == "__main__":
    main()
