# SPDX-License-Identifier: Apache-2.0
"""Entries of bindings as `secret add --provider` writes them, without the key derivation that each such command takes."""

import base64
import hashlib
import json
import re


def show(home, provider):
    """What `provider show` says of it."""
    return json.loads(home.must("provider", "show", provider, "--json").stdout)


def entry(name, shown):
    """The text of the secret's entry under `secrets:`. What is shown is an example, and keys of one shape have one
    placeholder: its end is made this secret's own."""
    end = hashlib.sha256(name.encode()).hexdigest()[:6]
    text = re.sub(r'^(placeholder:\s*"[^"]*)\w{6}"', rf'\g<1>{end}"', shown["entry"].rstrip("\n"))
    return f"  {name}:\n" + re.sub("(?m)^", "    ", text) + "\n"


def value_of(name, begin="live-", *, in_target=False):
    """A real key: with what base64 has, + and / and =, unless it goes into a target, where they are written in other ways."""
    digest = hashlib.sha256(name.encode()).digest()
    return begin + digest.hex() if in_target else begin + "+/" + base64.b64encode(digest).decode()
