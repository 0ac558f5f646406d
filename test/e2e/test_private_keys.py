# SPDX-License-Identifier: Apache-2.0
"""Entries of the vault that are private keys: added, checked, and never sent as text (I1, I5)."""

import base64
import json
import subprocess
import unittest

from harness.case import H, Case, OneProxy, bearer, main

SIGNER, P_SIGNER = "SIGNER", "signer-PLACEHOLDER-0123456789abcdef"


def make_key():
    """A P-256 key of PKCS#8 PEM, made for this run."""
    made = subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
                          check=True, capture_output=True)
    return made.stdout


def body_of(pem):
    return b"".join(pem.split(b"\n")[1:-2])


class Commands(Case):
    """keyswap secret add NAME --private-key, and what comes after it."""

    def test_a_private_key_is_added_from_pem_or_one_line_and_keeps_its_kind(self):
        home = self.make_home("kinds", {})
        pem = make_key()
        added = json.loads(home.must("secret", "add", SIGNER, "--private-key", "--json", stdin=pem, unlock=True).stdout)
        self.assertEqual((added["name"], added["service"]), (SIGNER, "private-key"))
        home.must("secret", "add", "LINE", "--private-key", stdin=body_of(pem) + b"\n", unlock=True)
        listed = json.loads(home.must("secret", "list", "--json", unlock=True).stdout)
        self.assertEqual([entry["service"] for entry in listed], ["private-key"] * 2)
        self.assertEqual(home.run("secret", "rotate", SIGNER, stdin=b"a text", unlock=True).returncode, 2)
        home.must("secret", "rotate", SIGNER, stdin=make_key(), unlock=True)
        held = (home.path / "vault.db").read_bytes()
        for form in (body_of(pem), base64.b64decode(body_of(pem)), base64.b64decode(body_of(pem))[36:68]):
            self.assertNotIn(form, held)

    def test_a_private_key_that_is_added_as_a_text_is_told(self):
        """[I1] PEM when it is added; the base64 of DER, which may be any text, by check."""
        home = self.make_home("as-text", {})
        pem = make_key()
        done = home.run("secret", "add", "PLAIN", stdin=pem, unlock=True)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("keyswap secret add PLAIN --private-key", done.stderr.decode())
        home.must("secret", "add", "PLAIN", stdin=body_of(pem) + b"\n", unlock=True)
        home.must("secret", "add", "SIGNS", "--private-key", stdin=pem, unlock=True)
        home.must("secret", "add", "KEY", stdin=b"a text", unlock=True)
        home.must("secret", "add", "TEXT", stdin=b"a text", unlock=True)
        trading = {"placeholder": "BINANCE_PLACEHOLDER_0000000001", "bindings": [{"host": "api.binance.com"}],
                   "inject": {"type": "binance", "api_key": "KEY", "api_secret": "TEXT", "key_type": "ed25519"}}
        home.bindings({"version": 1, "secrets": {
            "PLAIN": bearer("PLAIN", "plain-PLACEHOLDER-0123456789abcdef"), "SIGNS": bearer("SIGNS", P_SIGNER), "T": trading}})
        told = home.must("bindings", "check", unlock=True).stderr.decode()
        for said in ("PLAIN looks like a private key", "SIGNS is a private key in the vault, and a binding would send it",
                     "TEXT is a text in the vault, and a binding signs with it"):
            self.assertIn(said, told)
        self.assertNotIn("KEY is", told)
        home.bindings({"version": 1, "secrets": {"KEY": bearer("KEY", P_SIGNER)}})
        self.assertEqual(home.must("bindings", "check", unlock=True).stderr, b"")

    def test_a_text_that_has_a_private_key_in_it_is_a_text(self):
        """What Google gives for a service account opens a source; a key by itself is none, whatever stands before it."""
        home = self.make_home("within", {})
        pem = make_key()
        account = json.dumps({"type": "service_account", "private_key": pem.decode(), "client_email": "a@example.test"}).encode()
        home.must("secret", "add", "ACCOUNT", stdin=account, unlock=True)
        home.must("secret", "rotate", "ACCOUNT", stdin=account, unlock=True)
        for text in (pem, b"  " + pem, b"Bag Attributes\n    friendlyName: k\n" + pem, pem.replace(b"\n", b"\\n")):
            done = home.run("secret", "add", "PLAIN", stdin=text, unlock=True)
            self.assertEqual(done.returncode, 2, text)
            self.assertIn("--private-key", done.stderr.decode())

    def test_what_is_no_private_key_changes_nothing(self):
        home = self.make_home("refused", {})
        encrypted = subprocess.run(["openssl", "pkcs8", "-topk8", "-passout", "pass:x"], input=make_key(), check=True,
                                   capture_output=True).stdout
        public = subprocess.run(["openssl", "pkey", "-pubout"], input=make_key(), check=True, capture_output=True).stdout
        for text in (b"", b"text", encrypted, public, make_key()[:-40]):
            done = home.run("secret", "add", SIGNER, "--private-key", stdin=text, unlock=True)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(len(done.stderr.decode().strip().splitlines()), 2, done.stderr)
        for words in (("--service", "private-key"), ("--private-key", "--service", "x")):
            self.assertEqual(home.run("secret", "add", SIGNER, *words, stdin=make_key(), unlock=True).returncode, 2)
        self.assertEqual(json.loads(home.must("secret", "list", "--json", unlock=True).stdout), [])


class Bound(OneProxy):
    """A header binding that names a private key."""

    @classmethod
    def rules(cls):
        return {SIGNER: bearer(SIGNER, P_SIGNER, (H,))}

    @classmethod
    def make_home(cls, name="home", secrets=None):
        home = super().make_home(name, secrets)
        home.must("secret", "add", SIGNER, "--private-key", stdin=make_key(), unlock=True)
        return home

    def test_a_private_key_is_never_sent_as_text(self):
        """[I5]"""
        answer = self.ask(H, target="/as-text", headers=[("Authorization", f"Bearer {P_SIGNER}")])
        self.assertEqual((answer.status, json.loads(answer.body)["reason"]), (503, "secret_unavailable"))
        self.assertEqual(self.recorder.seen("/as-text"), [])


if __name__ == "__main__":
    main()
