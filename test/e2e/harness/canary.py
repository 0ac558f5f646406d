# SPDX-License-Identifier: Apache-2.0
"""Looks for secrets, in the spellings in which one leaks, in everything a run wrote."""

import base64
import json
import os
import urllib.parse


def spellings(secret):
    """{name: bytes}: the secret as it is, in base64 (each alignment), url-encoded, hex, JSON, reversed."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    found = {"raw": raw, "reversed": raw[::-1], "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode()}
    found["url"] = urllib.parse.quote(raw, safe="").encode()
    found["url lower"] = urllib.parse.quote(raw, safe="").lower().encode()
    found["json"] = json.dumps(raw.decode("latin-1"))[1:-1].encode()
    found["utf-16"] = raw.decode("latin-1").encode("utf-16-le")
    for skip in range(3):
        # The secret somewhere inside longer base64: cut the characters that depend on its neighbours.
        whole = base64.b64encode(b"\0" * skip + raw)
        inner = whole[4 if skip else 0:len(whole) - 4 if (len(raw) + skip) % 3 else None]
        inner = inner if len(inner) >= 12 else whole
        found[f"base64 +{skip}"] = inner
        found[f"base64url +{skip}"] = inner.replace(b"+", b"-").replace(b"/", b"_")
    return found


def find_in(data, secret):
    """The spellings of `secret` that occur in `data`."""
    return [name for name, spelled in spellings(secret).items() if spelled in data]


def search(folder, outputs, secrets):
    """[(where, secret's name, spelling)] over every file under `folder` and every (name, bytes) of outputs."""
    places = list(outputs)
    for base, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(base, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    places.append((path, file.read()))
    leaks = []
    for label, secret in secrets.items():
        wanted = spellings(secret)
        for where, data in places:
            leaks += [(where, label, name) for name, spelled in wanted.items() if spelled in data]
    return leaks
