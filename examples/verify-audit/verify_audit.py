#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""verify_audit.py FOLDER [PUBLIC_KEY_HEX]: judges a keyswap audit log by docs/audit-format.md alone."""
import hashlib, os, re, subprocess, sys, tempfile

HASH = rb'"([0-9a-f]{64})"'
RECORD = re.compile(rb'(\{"v":1,"seq":(\d+),[ -~]+,"prev":' + HASH + rb'),"hash":' + HASH + rb'\}\n')
ARCHIVED = re.compile(rb'(\{"v":1,"log":' + HASH + rb',"segment":(\d+),"bytes":\d+,"seq":(\d+),"hash":' + HASH +
                      rb',"ts":"[-0-9T:.]{26}Z"),"sig":"([0-9a-f]{128})"\}\n?')
CHECKPOINT = re.compile(rb'(\{"v":1,"seq":(\d+),"hash":' + HASH + rb',"ts":"[-0-9T:.]{26}Z"),"sig":"([0-9a-f]{128})"\}\n')

def openssl_verifies(key, message, signature):  # Ed25519 (RFC 8032); the prefix makes the key a DER public key
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("key", "message", "signature")]
        for path, data in zip(paths, (bytes.fromhex("302a300506032b6570032100") + key, message, signature)):
            with open(path, "wb") as file:
                file.write(data)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", paths[0],
                               "-in", paths[1], "-sigfile", paths[2]], stdout=subprocess.DEVNULL).returncode == 0

def check(folder, key=None, verifies=openssl_verifies):
    """Gives what is wrong, or None. The last line of a file may be unfinished: a crash, or a writer at work."""
    def lines(name):
        with open(os.path.join(folder, name), "rb") as file:
            return list(file)
    match = re.fullmatch(rb"([0-9a-f]{64})\n", key.encode() + b"\n" if key else b"".join(lines("audit.pub")))
    if not match:
        return "audit.pub: not a public key"
    key, signed, seq, last = bytes.fromhex(match[1].decode()), {}, 0, "0" * 64
    for number, line in enumerate(lines("checkpoints.jsonl"), 1):
        match = CHECKPOINT.fullmatch(line)
        if match and int(match[2]) > next(reversed(signed), 0) and verifies(
                key, b"keyswap-audit-checkpoint\n" + match[1] + b"}", bytes.fromhex(match[4].decode())):
            signed[int(match[2])] = match[3].decode()
        elif line.endswith(b"\n"):
            return f"checkpoints.jsonl:{number}: not a good checkpoint"
    gone = 0  # so many segments were archived, which the key's holder has to say
    if "archived.json" in os.listdir(folder):
        match = ARCHIVED.fullmatch(b"".join(lines("archived.json")))
        if not match or not verifies(key, b"keyswap-audit-archived\n" + match[1] + b"}", bytes.fromhex(match[6].decode())):
            return "archived.json: not signed"
        gone, seq, last = int(match[3]), int(match[4]), match[5].decode()
        if signed.get(seq) != last:
            return "checkpoints.jsonl: the end of what was archived is not signed"
    names = sorted(name for name in os.listdir(folder) if re.fullmatch(r"audit-\d{6}\.jsonl", name) and int(name[6:12]) > gone)
    for index, name in enumerate(names, 1):
        for number, line in enumerate(lines(name), 1):
            match = RECORD.fullmatch(line)
            if match and (int(match[2]), match[3].decode(), match[4].decode()) == (
                    seq + 1, last, hashlib.sha256(bytes.fromhex(last) + match[1] + b"}").hexdigest()):
                seq, last = seq + 1, match[4].decode()
            elif line.endswith(b"\n") or index < len(names):
                return f"{name}:{number}: not record {seq + 1} of this chain"
            if signed.get(seq, last) != last:
                return f"{name}:{number}: not the record {seq} that was signed"
        if name != f"audit-{gone + index:06}.jsonl" or (index < len(names) and seq not in signed):
            return f"{name}: a segment before it is missing, or its last record is not signed"
    if seq > 1 and not signed and not any(line.endswith(b"\n") for line in lines("checkpoints.jsonl")):
        return "checkpoints.jsonl: no record is signed: the checkpoints were removed"
    return None if names and next(reversed(signed), 0) <= seq else f"the log ends at {seq}, before its newest checkpoint"

def told(folder):
    """The records of a good log that name others for which nobody vouches: they were unsigned when keyswap opened it."""
    names = sorted(name for name in os.listdir(folder) if re.fullmatch(r"audit-\d{6}\.jsonl", name))
    lines = (line.decode() for name in names for line in open(os.path.join(folder, name), "rb"))
    return [line.strip() for line in lines if '"type":"unsigned_found"' in line]

if __name__ == "__main__":
    problem = check(*sys.argv[1:3])
    for record in [] if problem else told(sys.argv[1]):
        print(record)
    sys.exit(problem and f"BAD: {problem}")
