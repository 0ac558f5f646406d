# SPDX-License-Identifier: Apache-2.0
"""The TestCase of the end-to-end tests.

A module has one home and usually one proxy for all its tests; each test uses paths of its own, so that
its records and requests can be told from those of others. At the end of every module the log must
verify, and everything the run wrote is searched for the secrets.
"""

import os
import pathlib
import shutil
import sys
import tempfile
import time
import unittest

from . import auditlog, canary, client, lifetime, pki, proxy, recorder

# A placeholder and a value for each secret. The value has what needs escaping somewhere: + / = % & ".
K, P, V = "KEY_ONE", "sk-test-PLACEHOLDER-0123456789abcdef", "sk-live-7Kq+x/9=Zt4b%26N2v&M8cR5wL1j"
K2, P2, V2 = "KEY_TWO", "tok-PLACEHOLDER-second-0123456789", "tok-live-Yb3/Qq8=Wc5+Lm0xTr6e"
H, H2, X = "api.example.test", "second.example.test", "unbound.example.test"


def row(name, *columns):
    """A row of a table of cases; test/covered.py finds its id here."""
    return (name, *columns)


def bearer(name=K, placeholder=P, hosts=(H,), **scope):
    """The plain rule: Authorization: Bearer."""
    return {"placeholder": placeholder, "inject": {"header": "Authorization", "format": f"Bearer {{{name}}}"},
            "bindings": [{"host": host, **scope} for host in hosts]}


def document(secrets, *, recorder=None, hosts=(), root=None, policy="deny", resolve=None, **more):
    """A whole bindings.yaml: the hosts given all lead to the recorder."""
    upstream = {}
    if root is not None:
        upstream["ca_file"] = str(root)
    resolved = {(h if ":" in h else f"{h}:443"): recorder.address for h in hosts}
    resolved.update(resolve or {})
    if resolved:
        upstream["resolve"] = resolved
    content = {"version": 1, "unmatched_destination_policy": policy, "secrets": secrets}
    if upstream:
        content["upstream"] = upstream
    content.update({k: v for k, v in more.items() if k != "upstream"})
    content.setdefault("audit", {"path": "audit"})
    # What a CONNECT is refused for is read off its status; how it is told to a client that speaks TLS is
    # the matter of test_destination.ToldInTheTunnel.
    content.setdefault("refusals", "connect")
    if "upstream" in more:
        content.setdefault("upstream", {}).update(more["upstream"])
    return content


class Case(unittest.TestCase):
    """Folders, clean-up and the final search. Subclasses make a home in setUpClass."""

    maxDiff = 4000
    secrets = {K: V, K2: V2}

    @classmethod
    def setUpClass(cls):
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="keyswap-e2e-"))
        cls.work.chmod(0o700)
        # Outside of what is searched: what the tests themselves put down in clear.
        cls.inputs = pathlib.Path(tempfile.mkdtemp(prefix="keyswap-e2e-inputs-"))
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="keyswap-e2e-scratch-"))
        for folder in (cls.work, cls.inputs, cls.scratch):
            lifetime.remove_at_the_end(folder)
        cls.outputs = []
        cls.proxies, cls.recorders, cls.homes = [], [], []
        cls.addClassCleanup(cls._clean_up)

    @classmethod
    def _clean_up(cls):
        for running in cls.proxies:
            if running.is_running():
                running.kill()
        for listening in cls.recorders:
            listening.stop()
        for folder in (cls.work, cls.inputs, cls.scratch):
            shutil.rmtree(folder, ignore_errors=True)

    @classmethod
    def tearDownClass(cls):
        for running in cls.proxies:
            if running.is_running():
                status = running.stop()
                if status != 0:
                    raise AssertionError(f"serve ended with {status}: {running.stderr.decode()}")
        for home in cls.homes:
            if home.audit.is_dir() and any(home.audit.iterdir()):
                problem = auditlog.check_chain(home.audit)
                if problem:
                    raise AssertionError(f"audit chain of {home.path}: {problem}")
                home.must("audit", "verify")
        outputs = cls.outputs + [output for home in cls.homes for output in home.outputs]
        leaks = canary.search(cls.work, outputs, {**cls.secrets, "the passphrase": proxy.PASSPHRASE})
        if leaks:
            raise AssertionError("secrets found where none may be: " +
                                 "; ".join(f"{label} ({spelling}) in {where}" for where, label, spelling in leaks[:10]))

    # --- making things ---
    @classmethod
    def make_pki(cls, hosts, name="pki"):
        authority = pki.Authority(cls.scratch / name)
        return authority, authority.leaf(list(hosts))

    @classmethod
    def make_recorder(cls, identity=None, **options):
        made = recorder.Recorder(identity, **options)
        cls.recorders.append(made)
        return made

    @classmethod
    def make_home(cls, name="home", secrets=None):
        home = proxy.Home(cls.work / name, cls.inputs)
        home.init()
        wanted = cls.secrets if secrets is None else secrets
        if wanted:
            home.add(wanted)
        cls.homes.append(home)
        return home

    @classmethod
    def copy_home(cls, home, name):
        copied = home.copy(cls.work / name)
        cls.homes.append(copied)
        return copied

    @classmethod
    def start(cls, home, **options):
        started = proxy.Proxy(home, **options)
        cls.proxies.append(started)
        return started

    def note(self, name, data):
        """Keeps what a client printed, for the final search."""
        self.outputs.append((name, data if isinstance(data, bytes) else data.encode()))
        return data

    # --- judging ---
    def refused(self, answer, status, reason):
        """A refusal of ours, in the form that docs/operations.md describes."""
        import json
        self.assertIsNotNone(answer, "the connection ended without an answer")
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.get("Keyswap-Reason"), reason, answer)
        self.assertEqual(answer.get("Content-Type"), "application/problem+json")
        problem = json.loads(answer.body)
        self.assertEqual(problem["status"], status)
        self.assertEqual(problem["reason"], reason)
        for key in ("type", "title", "detail", "request_id", "retryable"):
            self.assertIn(key, problem)
        self.assertEqual(canary.find_in(answer.body + answer.raw_head, V), [])
        return problem

    def decided(self, record, decision, reason, secret=None):
        self.assertEqual((record["decision"], record["reason"]), (decision, reason), record)
        if secret is not None:
            self.assertEqual(record.get("secret"), secret, record)


class OneProxy(Case):
    """One home, one TLS recorder and one proxy for the whole class; `rules` and `hosts` say what for."""

    hosts = (H, H2, X)
    policy = "deny"
    threads = 1
    more = {}

    @classmethod
    def rules(cls):
        return {K: bearer(), K2: bearer(K2, P2, (H2,))}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, identity = cls.make_pki([h.split(":")[0] for h in cls.hosts])
        cls.recorder = cls.make_recorder(identity)
        cls.home = cls.make_home()
        cls.home.bindings(cls.document())
        cls.proxy = cls.start(cls.home, threads=cls.threads)

    @classmethod
    def document(cls):
        return document(cls.rules(), recorder=cls.recorder, hosts=cls.hosts, root=cls.authority.certificate,
                        policy=cls.policy, **cls.more)

    def ask(self, host, method="GET", target="/", headers=(), body=b"", **options):
        """Asks through the proxy; keeps what came back for the final search."""
        answer = self.proxy.ask(host, method, target, headers, body, **options)
        if answer is not None:
            self.note(f"answer to {target[:80]}", answer.raw_head + answer.body)
        return answer


class Result(unittest.TextTestResult):
    """Notes how long each test took."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.taken = []

    def startTest(self, test):
        self._began = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        self.taken.append((time.monotonic() - self._began, test.id()))


class Runner(unittest.TextTestRunner):
    resultclass = Result

    def run(self, test):
        result = super().run(test)
        for seconds, name in sorted(result.taken, reverse=True)[:5]:
            if seconds > 2:
                print(f"{seconds:6.1f} s  {name}", file=sys.stderr)
        return result


def clear_away(case=Case):
    """What the classes have set up and not cleared away, because their tests were interrupted."""
    case.doClassCleanups()
    for derived in case.__subclasses__():
        clear_away(derived)


def main():
    """Runs the module's tests; the binary must be there. Nothing that they start outlives them."""
    if not os.access(proxy.BINARY, os.X_OK):
        print(f"{proxy.BINARY} is not there.\nBuild it first: cmake --preset release && cmake --build --preset release",
              file=sys.stderr)
        sys.exit(3)
    lifetime.keep()
    try:
        unittest.main(verbosity=2, testRunner=Runner)
    except KeyboardInterrupt as interrupted:
        print(f"interrupted by {interrupted}", file=sys.stderr)
        clear_away()
        sys.exit(130)
