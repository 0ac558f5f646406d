# SPDX-License-Identifier: Apache-2.0
"""Reads the audit log and checks its chain, without the program's help (docs/audit-format.md)."""

import hashlib
import json
import pathlib
import re


def lines(folder):
    """Every line of every segment, in order, as (file name, bytes with its newline)."""
    for path in sorted(pathlib.Path(folder).glob("audit-*.jsonl")):
        for line in path.read_bytes().splitlines(keepends=True):
            yield path.name, line


def records(folder):
    """Every whole record as a dict; a torn last line is left out."""
    return [json.loads(line) for _, line in lines(folder) if line.endswith(b"\n")]


def grow(folder, size):
    """Appends to the newest segment until it has `size` bytes, nearly: records in the chain that no checkpoint covers, as
    a crash leaves them. Of a proxy that does not run. They are like its longest one."""
    path = sorted(pathlib.Path(folder).glob("audit-*.jsonl"))[-1]
    written = path.read_bytes().splitlines()
    newest = json.loads(written[-1])
    seq, previous = newest["seq"], bytes.fromhex(newest["hash"])
    middle = re.fullmatch(rb'(\{"v":1,"seq":)\d+(,.*,"prev":")[0-9a-f]{64}","hash":"[0-9a-f]{64}"\}', max(written, key=len))
    room, lines_made = size - path.stat().st_size, []
    while room > 0:
        seq += 1
        line = middle[1] + str(seq).encode() + middle[2] + previous.hex().encode() + b'"'
        previous = hashlib.sha256(previous + line + b"}").digest()
        lines_made.append(line + b',"hash":"' + previous.hex().encode() + b'"}\n')
        room -= len(lines_made[-1])
    with open(path, "ab") as file:
        file.writelines(lines_made[:-1])


def check_chain(folder):
    """None, or what is wrong first: sequence without gaps, prev and hash as the format says."""
    previous, expected, gone = bytes(32), None, 0
    archived = pathlib.Path(folder) / "archived.json"
    if archived.exists():
        said = json.loads(archived.read_bytes())
        previous, expected, gone = bytes.fromhex(said["hash"]), said["seq"] + 1, said["segment"]
    for name, line in lines(folder):
        if not line.endswith(b"\n") or int(name[6:12]) <= gone:
            continue
        record = json.loads(line)
        if expected is not None and record["seq"] != expected:
            return f"{name}: seq {record['seq']} where {expected} was due"
        if record["prev"] != previous.hex():
            return f"{name}: seq {record['seq']}: prev is not the previous hash"
        tail = b',"hash":"' + record["hash"].encode() + b'"}\n'
        if not line.endswith(tail):
            return f"{name}: seq {record['seq']}: hash is not the last field"
        digest = hashlib.sha256(previous + line[:-len(tail)] + b"}").digest()
        if digest.hex() != record["hash"]:
            return f"{name}: seq {record['seq']}: the hash is not that of the line"
        previous, expected = digest, record["seq"] + 1
    return None
