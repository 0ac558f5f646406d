# SPDX-License-Identifier: Apache-2.0
"""The program under test: a home folder, its commands, and `keyswap serve`."""

import contextlib
import hashlib
import json
import os
import pathlib
import queue
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

from . import auditlog, client

BINARY = os.environ.get("KEYSWAP_BINARY") or str(
    pathlib.Path(__file__).resolve().parents[3] / "build" / "release" / "keyswap")
PASSPHRASE = "correct horse battery staple"

# Variables of the caller's machine that would change what is tested.
_UNWANTED = ("proxy", "_ca", "ssl_", "cafile", "cacert", "certificate", "_cert", "keyswap", "node_", "npm_config", "java_tool",
             "git_", "python", "requests_", "curl_", "goproxy", "goflags")


def clean_environment(**extra):
    """The environment of a bare machine, so that nothing set here leaks into a test."""
    kept = {k: v for k, v in os.environ.items() if not any(word in k.lower() for word in _UNWANTED)}
    kept.pop("XDG_STATE_HOME", None)
    kept.pop("CREDENTIALS_DIRECTORY", None)
    kept["LC_ALL"] = "C.UTF-8"
    kept.update({k: str(v) for k, v in extra.items()})
    return kept


def yaml(value, indent=0):
    """Block YAML of dicts, lists and scalars; text is double-quoted."""
    pad = "  " * indent
    if isinstance(value, dict):
        if not value:
            return "{}"
        parts = []
        for key, inner in value.items():
            name = key if key.replace("_", "a").replace("-", "a").isalnum() else json.dumps(key)
            nested = isinstance(inner, (dict, list)) and inner
            parts.append(f"{pad}{name}:" + ("\n" + yaml(inner, indent + 1) if nested else " " + yaml(inner)))
        return "\n".join(parts)
    if isinstance(value, list):
        if not value:
            return "[]"
        if all(not isinstance(inner, (dict, list)) for inner in value):
            return pad + "[" + ", ".join(yaml(inner) for inner in value) + "]" if indent else "[" + ", ".join(
                yaml(inner) for inner in value) + "]"
        return "\n".join(f"{pad}- " + yaml(inner, indent + 1).lstrip() for inner in value)
    return json.dumps(value)


class Home:
    """A home folder made with `keyswap init`. `outputs` collects what every command printed.

    Most tests change the bindings all the time: the key approves them, unless `approval` says otherwise."""

    def __init__(self, folder, inputs, approval="key"):
        self.path, self.inputs, self.approval = pathlib.Path(folder), pathlib.Path(inputs), approval
        self.inputs.mkdir(parents=True, exist_ok=True)
        self.password_file = self.inputs / "password"
        if not self.password_file.exists():
            self.password_file.write_text(PASSPHRASE + "\n")
            self.password_file.chmod(0o600)
        self.outputs = []

    def run(self, *words, stdin=b"", env=None, timeout=120, unlock=False, home=True, preexec=None, cwd=None):
        """Runs a command; unlock adds --password-file, home sets $KEYSWAP_HOME."""
        command = [BINARY, *map(str, words)]
        if unlock:
            at = next((n for n, w in enumerate(command) if w == "--"), len(command))
            command[at:at] = ["--password-file", str(self.password_file)]
        environment = clean_environment(**({"KEYSWAP_HOME": self.path} if home else {}), **(env or {}))
        done = subprocess.run(command, input=stdin, capture_output=True, env=environment, timeout=timeout,
                              check=False, preexec_fn=preexec, cwd=cwd)
        self.outputs.append((f"{words} stdout", done.stdout))
        self.outputs.append((f"{words} stderr", done.stderr))
        return done

    def must(self, *words, **options):
        done = self.run(*words, **options)
        if done.returncode != 0:
            raise AssertionError(f"keyswap {words}: exit {done.returncode}\n{done.stdout.decode()}{done.stderr.decode()}")
        return done

    def init(self):
        self.must("init", "--approval", self.approval, unlock=True)
        return self

    def add(self, secrets):
        """Adds {name: value}; several in one command, which derives the key once."""
        simple = {k: v for k, v in secrets.items() if v and all(c not in v for c in "'\"\\\n$#")}
        if len(simple) > 1:
            file = self.inputs / "import.env"
            file.write_text("".join(f"{name}='{value}'\n" for name, value in simple.items()))
            file.chmod(0o600)
            self.must("secret", "import", file, unlock=True)
        else:
            simple = {}
        for name, value in secrets.items():
            if name not in simple:
                self.must("secret", "add", name, stdin=value.encode() if isinstance(value, str) else value, unlock=True)
        return self

    def copy(self, folder):
        """A second home with the same contents; cheaper than init."""
        with self.vault_at_rest():
            shutil.copytree(self.path, folder, symlinks=True)
        if self.audit.is_dir():  # as it is now: of a home in use it must not be older than the head in the vault
            shutil.copytree(self.audit, pathlib.Path(folder) / "audit", symlinks=True, dirs_exist_ok=True)
        return Home(folder, self.inputs)

    @contextlib.contextmanager
    def vault_at_rest(self):
        """Nobody writes to it meanwhile, so that it has no journal that comes and goes."""
        vault = self.path / "vault.db"
        with contextlib.ExitStack() as held:
            if vault.is_file():
                database = held.enter_context(contextlib.closing(sqlite3.connect(vault, 30, isolation_level=None)))
                with contextlib.suppress(sqlite3.DatabaseError):  # what is no vault is copied as it is
                    database.execute("BEGIN IMMEDIATE")
            yield

    def bindings(self, content):
        path = self.path / "bindings.yaml"
        path.write_text(content if isinstance(content, str) else yaml(content) + "\n")
        path.chmod(0o600)
        return path

    @property
    def audit(self):
        return self.path / "audit"

    @property
    def ca(self):
        return self.path / "ca.pem"

    def fingerprint(self):
        """{path: (mode, sha256)} of all that is in it, to show that nothing changed."""
        found = {}
        for path in sorted(self.path.rglob("*")):
            state = path.lstat()
            digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            found[str(path.relative_to(self.path))] = (oct(state.st_mode), digest)
        return found


class Proxy:
    """`keyswap serve` on a home, from its ready line to its end."""

    def __init__(self, home, *, threads=1, options=(), env=None, wrapper=(), preexec=None, listen="127.0.0.1:0",
                 wait=True, audit=None, ready_seconds=60, stderr=subprocess.PIPE):
        self.home, self.audit_folder = home, pathlib.Path(audit) if audit else home.audit
        command = [*wrapper, BINARY, "serve", "--password-file", str(home.password_file), "--listen", listen,
                   "--threads", str(threads), *options]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=stderr, preexec_fn=preexec,
                                        env=clean_environment(KEYSWAP_HOME=home.path, **(env or {})))
        self.stdout, self.stderr = b"", b""
        self._lines = queue.Queue()
        self._threads = [threading.Thread(target=self._read_stdout, daemon=True),
                         threading.Thread(target=self._read_stderr, daemon=True)]
        for thread in self._threads:
            thread.start()
        self.port = self.pid = None
        if wait:
            self._await_ready(ready_seconds)

    def _read_stdout(self):
        for line in self.process.stdout:
            self.stdout += line
            self._lines.put(line)
        self._lines.put(None)

    def _read_stderr(self):
        for line in self.process.stderr or ():
            self.stderr += line

    def _await_ready(self, seconds):
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            self.kill()
            raise AssertionError(f"no ready line within {seconds} s; stderr: {self.stderr.decode()}") from None
        if line is None:
            self.process.wait()
            self._threads[1].join(5)
            raise AssertionError(f"serve ended with {self.process.returncode}: {self.stderr.decode()}")
        ready = json.loads(line)
        assert ready["event"] == "ready", ready
        self.ready = ready
        self.address, self.pid, self.ca = ready["proxy"], ready["pid"], ready["ca"]
        self.port = int(self.address.rsplit(":", 1)[1])

    # --- as a client ---
    def tunnel(self, host, **options):
        return client.tunnel(self.port, host, self.home.ca, **options)

    def connect(self, authority, **options):
        return client.connect(self.port, authority, **options)

    def ask(self, host, method="GET", target="/", headers=(), body=b"", **options):
        """One request over a tunnel of its own."""
        with self.tunnel(host, **options) as wire:
            port = options.get("upstream_port", 443)
            wire.send(client.request_bytes(method, target, host if port == 443 else f"{host}:{port}", headers, body))
            return wire.response(method)

    def raw(self, data, *, method="GET", timeout=20.0):
        """Bytes straight to the listener; the answer."""
        with client.dial(self.port, timeout) as wire:
            wire.send(data)
            return wire.response(method)

    # --- what it wrote ---
    def records(self):
        return auditlog.records(self.audit_folder)

    def decisions(self, path=None, *, host=None, kind="inject_decision", repeats=False):
        """Without the records that count the repeats of a refusal: they come a while later, in whatever test it is by then."""
        leaves_out = not repeats and kind == "inject_decision"
        found = [r for r in self.records() if r["type"] == kind and not (leaves_out and "count" in r)]
        if path is not None:
            found = [r for r in found if r["destination"].get("path") == path]
        if host is not None:
            found = [r for r in found if r["destination"]["host"] == host]
        return found

    def await_decisions(self, path=None, *, count=1, seconds=10.0, **options):
        """Decisions, once there are `count`. Of what was sent they are there before the answer; a refusal's
        record may wait some milliseconds for company."""
        end = time.monotonic() + seconds
        while True:
            found = self.decisions(path, **options)
            if len(found) >= count or time.monotonic() > end:
                return found
            time.sleep(0.005)

    def decision(self, path, **options):
        """The one decision about a path."""
        found = self.await_decisions(path, **options)
        assert len(found) == 1, f"{len(found)} decisions for {path}: {found}"
        return found[0]

    def await_record(self, condition, seconds=10.0):
        """Waits for a record that may be written after the answer (an outcome, a reload)."""
        end = time.monotonic() + seconds
        while True:
            found = [r for r in self.records() if condition(r)]
            if found or time.monotonic() > end:
                return found
            time.sleep(0.01)

    def await_stderr(self, text, seconds=10.0):
        end = time.monotonic() + seconds
        while text not in self.stderr.decode(errors="replace") and time.monotonic() < end:
            time.sleep(0.01)
        return text in self.stderr.decode(errors="replace")

    def status(self, field):
        """A line of /proc/PID/status, in its own unit (usually kB)."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
        raise KeyError(field)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    # --- life ---
    def is_running(self):
        return self.process.poll() is None

    def reload(self):
        """SIGHUP; waits for its record and gives it."""
        before = len([r for r in self.records() if r["type"] == "reload"])
        os.kill(self.pid, signal.SIGHUP)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            found = [r for r in self.records() if r["type"] == "reload"]
            if len(found) > before:
                return found[-1]
            time.sleep(0.01)
        raise AssertionError(f"no reload record; stderr: {self.stderr.decode()}")

    def stop(self, seconds=60):
        """SIGTERM; gives the exit status."""
        if self.is_running():
            os.kill(self.pid or self.process.pid, signal.SIGTERM)
        self.process.wait(seconds)
        self._finish()
        return self.process.returncode

    def kill(self):
        if self.is_running():
            if self.pid and self.pid != self.process.pid:
                try:
                    os.kill(self.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.kill()
        self.process.wait()
        self._finish()

    def _finish(self):
        for thread in self._threads:
            thread.join(5)
        self.process.stdout.close()
        if self.process.stderr:
            self.process.stderr.close()
        self.home.outputs.append(("serve stdout", self.stdout))
        self.home.outputs.append(("serve stderr", self.stderr))
