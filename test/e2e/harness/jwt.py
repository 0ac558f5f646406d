# SPDX-License-Identifier: Apache-2.0
"""JSON Web Tokens as their receiver sees them: read here, and verified by OpenSSL's own command."""

import base64
import json
import subprocess

KEYS = {
    "ES256": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "EdDSA": ("-algorithm", "ED25519"),
    "RS256": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
}


def make_key(folder, name, algorithm="RS256"):
    """(private key, public key): PEM files."""
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    for words in (["genpkey", *KEYS[algorithm], "-out", str(private)], ["pkey", "-in", str(private), "-pubout", "-out", str(public)]):
        subprocess.run(["openssl", *words], check=True, capture_output=True)
    return private, public


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read(token):
    """(header, claims)."""
    return tuple(json.loads(decoded(part)) for part in token.split(".")[:2])


def signed(header, claims, private):
    """By a key of RSA's (RS256)."""
    head = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    made = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(private)], input=head.encode(), check=True, capture_output=True)
    return f"{head}.{encoded(made.stdout)}"


def der_of(raw):
    """r and s as the two numbers that OpenSSL reads."""
    numbers = b""
    for half in (raw[:32], raw[32:]):
        number = half.lstrip(b"\0") or b"\0"
        number = b"\0" + number if number[0] & 0x80 else number
        numbers += b"\x02" + bytes([len(number)]) + number
    return b"\x30" + bytes([len(numbers)]) + numbers


def is_signed(token, public, folder, algorithm="RS256"):
    """By the private half of that key? `folder` is for files of the command's."""
    head, _, signature = token.rpartition(".")
    raw = decoded(signature)
    said, text = folder / "signature", folder / "text"
    said.write_bytes(der_of(raw) if algorithm == "ES256" else raw)
    text.write_text(head)
    words = ["dgst", "-sha256", "-verify", str(public), "-signature", str(said), str(text)]
    if algorithm == "EdDSA":
        words = ["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", str(public), "-sigfile", str(said), "-in", str(text)]
    return subprocess.run(["openssl", *words], capture_output=True).returncode == 0
