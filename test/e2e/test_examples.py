# SPDX-License-Identifier: Apache-2.0
"""What examples/ tells people to do, done, as far as a machine without a container engine allows: their files are read,
the commands in them are run, and what they give to a program lets curl, with nothing else, use the proxy.

Only the upstream is another: api.openai.com leads to the recorder.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import yaml

from harness import canary, client, proxy
from harness.case import Case, document, main

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
HOST, NAME = "api.openai.com", "OPENAI_API_KEY"
PLACEHOLDER = "sk-proj-PLACEHOLDER-0123456789examples"
VALUE = "sk-proj-" + "aB3-" * 18 + "zzT3BlbkFJ" + "cD4_" * 18 + "yy"
PATH = "/usr/local/bin:/usr/bin:/bin"
RULE = {"placeholder": PLACEHOLDER, "inject": {"header": "Authorization", "format": "Bearer {secret}"},
        "bindings": [{"host": HOST}]}
# The program, in jobs that make a home of their own: as `serve` starts, the upstream is made the recorder.
SHIM = """#!/bin/sh
[ "$1" = serve ] || exec {binary} "$@"
shift
cat {more} >> "${{KEYSWAP_HOME:-$HOME/.local/state/keyswap}}/bindings.yaml"
{binary} bindings approve --yes "$@" >&2 || exit
exec {binary} serve --listen 127.0.0.1:0 "$@"
"""


def blocks(path):
    """The commands of a README's `sh` blocks, which are to be run; those of `console` are not."""
    return re.findall(r"^```sh\n(.*?)^```$", path.read_text(), flags=re.S | re.M)


def docker_variables(path):
    """`docker run --env-file`: NAME=VALUE a line, the value as it is."""
    lines = path.read_text().split("\n")
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Examples(Case):
    secrets = {NAME: VALUE}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, identity = cls.make_pki([HOST])
        cls.recorder = cls.make_recorder(identity)
        cls.tools = cls.scratch / "tools"
        cls.tools.mkdir()
        (cls.tools / "keyswap").symlink_to(proxy.BINARY)

    @classmethod
    def document(cls, **more):
        return document({NAME: RULE}, recorder=cls.recorder, hosts=(HOST,), root=cls.authority.certificate, **more)

    def shell(self, script, environment, folder, *options):
        """Runs a script; what it printed is searched at the end."""
        done = subprocess.run(["bash", *options, "-c", script], env=environment, cwd=folder, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=120, check=False)
        self.note(script[:60], done.stdout + done.stderr)
        self.assertEqual(done.returncode, 0, f"{script}\n{done.stdout.decode()}{done.stderr.decode()}")
        return done.stdout

    def served(self, count):
        """So many requests reached the upstream, each with the key."""
        self.assertEqual([r.all("Authorization") for r in self.recorder.seen("/v1/models")], [[f"Bearer {VALUE}"]] * count)
        self.recorder.requests.clear()

    # --- containers ---
    @classmethod
    def host(cls):
        """The machine that containers run on: (its home folder, its variables), a proxy beyond loopback, a token."""
        if not hasattr(cls, "host_folder"):
            home = cls.make_home()
            token = json.loads(home.must("caller", "add", "agent", "--json", unlock=True).stdout)["token"]
            del home.outputs[-2:]
            home.bindings(cls.document(callers=["agent"]))
            cls.host_proxy = cls.start(home, listen="0.0.0.0:0")
            cls.host_folder = cls.scratch / "host"  # not searched: the token lies in it on purpose
            for file in ("agent.token", ".config/keyswap/agent.token"):
                path = cls.host_folder / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(token + "\n")
                path.chmod(0o600)
            cls.host_variables = proxy.clean_environment(HOME=cls.host_folder, PATH=f"{cls.tools}:{PATH}",
                                                         KEYSWAP_HOME=home.path)
        return cls.host_folder, cls.host_variables

    def in_container(self, folder, command):
        """The command with the variables of `folder`/env alone, where `folder` is /keyswap."""
        text = {"/keyswap/": f"{folder}/", "host.docker.internal": client.address_of_this_machine()}
        variables = docker_variables(folder / "env")
        self.assertEqual(variables[NAME], PLACEHOLDER)
        self.assertNotIn(str(self.homes[0].path), (folder / "env").read_text())
        for name, value in variables.items():
            for before, after in text.items():
                value = value.replace(before, after)
            variables[name] = value
        done = subprocess.run(command, env={"PATH": PATH, **variables}, cwd="/", capture_output=True, timeout=30, check=False)
        self.assertEqual(done.stdout, b"recorded", done.stderr)

    def test_a_container_of_compose(self):
        folder, variables = self.host()
        service = yaml.safe_load((EXAMPLES / "docker" / "compose.yaml").read_text())["services"]["agent"]
        self.assertEqual(service["env_file"], [{"path": "./clients/env", "format": "raw"}])
        self.assertEqual(service["volumes"], ["./clients:/keyswap:ro"])
        self.assertEqual(service["extra_hosts"], ["host.docker.internal:host-gateway"])
        for block in blocks(EXAMPLES / "docker" / "README.md"):
            self.shell(block, variables, folder)
        self.in_container(folder / "clients", [word.replace("$$", "$") for word in service["command"]])
        self.served(1)
        self.assertEqual(self.host_proxy.decisions("/v1/models")[-1]["client"]["caller"], "agent")

    def test_a_development_container(self):
        folder, variables = self.host()
        made = json.loads((EXAMPLES / "devcontainer" / "devcontainer.json").read_text())
        self.shell(made["initializeCommand"], variables, folder)
        clients = folder / ".local" / "share" / "keyswap" / "devcontainer"
        here = [word.replace("${localEnv:HOME}", str(folder)) for word in made["runArgs"] + made["mounts"]]
        self.assertEqual(here, ["--env-file", f"{clients}/env", "--add-host", "host.docker.internal:host-gateway",
                                f"source={clients},target=/keyswap,type=bind,readonly"])
        self.in_container(clients, ["sh", "-c", f'curl -sS https://{HOST}/v1/models -H "Authorization: Bearer ${NAME}"'])
        self.served(1)

    # --- jobs ---
    def runner(self, name):
        """A machine of one job: (its folder, its variables)."""
        folder = self.work / name
        tools = folder / "tools"
        tools.mkdir(parents=True)
        more = self.scratch / "upstream.yaml"
        more.write_text(proxy.yaml({"upstream": self.document()["upstream"]}) + "\n")
        (tools / "keyswap").write_text(SHIM.format(binary=shlex.quote(proxy.BINARY), more=more))
        (tools / "keyswap").chmod(0o755)
        (folder / "temp").mkdir()
        return folder, proxy.clean_environment(HOME=folder, PATH=f"{tools}:{PATH}", TMPDIR=folder / "temp")

    def end_proxy_of(self, home):
        """What the end of the machine does."""
        pid = json.loads((home / "serve.lock").read_text())["pid"]
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + 20
        while is_alive(pid) and time.monotonic() < end:
            time.sleep(0.01)

    def test_a_job_of_github_actions(self):
        folder, variables = self.runner("github")
        text = (EXAMPLES / "github-actions" / "agent.yml").read_text().replace("/root/", f"{folder}/")
        job = yaml.safe_load(text)["jobs"]["agent"]
        steps, home = job["steps"], pathlib.Path(job["env"]["KEYSWAP_HOME"])
        given = folder / "github-env"
        given.touch()
        variables |= {"GITHUB_ACTIONS": "true", "GITHUB_ENV": str(given), "RUNNER_TEMP": str(folder / "temp"), **job["env"]}
        self.addCleanup(self.end_proxy_of, home)
        for step in steps:
            if "run" not in step or step["name"] == "Install keyswap":
                continue
            secret = {"${{ secrets.OPENAI_API_KEY }}": VALUE}
            own = {name: secret[value] for name, value in step.get("env", {}).items()}
            printed = self.shell(step["run"], {**variables, **own}, folder, "-eo", "pipefail")
            variables |= docker_variables(given)
            if step["name"] == "The agent":
                self.assertEqual(printed, b"recorded")
                self.assertNotEqual(variables[NAME], VALUE)
        self.served(1)
        self.assertFalse((folder / "passphrase").exists())

    def test_a_job_of_gitlab(self):
        folder, variables = self.runner("gitlab")
        job = yaml.safe_load((EXAMPLES / "gitlab-ci" / "gitlab-ci.yml").read_text())["agent"]
        key = self.scratch / "key"
        key.write_text(VALUE)
        self.addCleanup(self.end_proxy_of, folder / ".local" / "state" / "keyswap")
        lines = [line for line in job["before_script"] + job["script"] if not line.startswith("apt-get")]
        self.assertEqual(len(lines), len(job["before_script"] + job["script"]) - 1)
        printed = self.shell("\n".join(lines), {**variables, "OPENAI_KEY_FILE": str(key)}, folder, "-e")
        self.assertIn(b"recorded", printed)
        self.assertFalse(key.exists())
        self.served(1)

    def test_a_job_that_installs_the_package_says_where_it_comes_from(self):
        found = 0
        for path in [*EXAMPLES.rglob("*.yml"), *EXAMPLES.rglob("*.yaml")]:
            before = []
            for line in path.read_text().splitlines():
                if "./keyswap.deb" in line:
                    found += 1
                    self.assertIn("examples/debian/build-deb.sh", "\n".join(before[-5:]), path)
                    self.assertIn("](../debian/build-deb.sh)", (path.parent / "README.md").read_text())
                before.append(line)
        self.assertEqual(found, 2)

    # --- another user ---
    @unittest.skipUnless(os.geteuid() == 0, "being other users needs root")
    def test_a_proxy_of_another_user(self):
        """The users of the example are two that every machine has, its folders lie below one of ours."""
        base = pathlib.Path(tempfile.mkdtemp(prefix="keyswap-users-"))
        self.addCleanup(shutil.rmtree, base, True)
        base.chmod(0o755)
        for name, mode in (("var", 0o700), ("srv", 0o755), ("run", 0o755)):
            (base / name).mkdir()
            shutil.chown(base / name, "daemon", "daemon")
            (base / name).chmod(mode)
        (base / "bin").mkdir()
        shutil.copy(proxy.BINARY, base / "bin" / "keyswap")
        root = shutil.copy(self.authority.certificate, base / "root.pem")
        pathlib.Path(root).chmod(0o644)

        def here(text):
            for before, after in (("/var/lib/keyswap", f"{base}/var"), ("/srv/keyswap", f"{base}/srv"),
                                  ("/run/keyswap", f"{base}/run"), ("-u keyswap", "-u daemon"), ("-u agent", "-u nobody"),
                                  ("--for-user agent", "--for-user nobody"), ("127.0.0.1:8472", "127.0.0.1:0"),
                                  ("/usr/local/bin/keyswap", f"{base}/bin/keyswap"), ("chown keyswap", "chown daemon")):
                text = text.replace(before, after)
            return text

        variables = proxy.clean_environment(PATH=f"{base}/bin:/usr/sbin:{PATH}", HOME=base)  # as root has it
        init, add, write, use = [here(block) for block in blocks(EXAMPLES / "another-user" / "README.md")]
        self.shell(init, variables, base, "-e")
        done = subprocess.run(["bash", "-c", add], input=VALUE.encode(), env=variables, cwd=base, capture_output=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        # In the editor.
        content = {**self.document(allow_users=["nobody"]), "upstream": {**self.document()["upstream"], "ca_file": str(root)}}
        file = base / "var" / "home" / "bindings.yaml"
        file.write_text(proxy.yaml(content) + "\n")
        unlock = ["--home", f"{base}/var/home", "--password-file", f"{base}/var/password"]
        approve = shlex.join(["runuser", "-u", "daemon", "--", "keyswap", "bindings", "approve", "--yes", *unlock])
        self.shell(approve, variables, base)

        unit = (EXAMPLES / "another-user" / "listen.conf").read_text()
        command = here(re.search(r"^ExecStart=(\S.*)$", unit, re.M)[1]).split()
        service = subprocess.Popen([*command, "--threads", "1", *unlock], env=variables, cwd=base, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, user="daemon", group="daemon", extra_groups=[])
        self.addCleanup(service.stdout.close)
        self.addCleanup(service.wait)
        self.addCleanup(service.terminate)
        ready = json.loads(service.stdout.readline())
        self.assertEqual(ready["listen"], [ready["proxy"], f"unix:{base}/run/proxy.sock"])
        self.shell(write, variables, base, "-e")
        self.assertEqual(self.shell(use, variables, base), b"recorded")
        self.served(1)
        self.assertEqual(canary.search(base, [], self.secrets), [])


if __name__ == "__main__":
    main()
