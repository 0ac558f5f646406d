# SPDX-License-Identifier: Apache-2.0
"""Compares test/ids.txt with the names of the tests and with test/left.txt (see test/covered.sh)."""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
# In a name: "B04", "HF-03" or HF_03; rows of a table in Python: row("B04", ...). [I12] is a promise, not a
# row. Two lists use F01 and up: in a name with the word "acceptance", and in the vault's own tests, they are that list's.
ID = re.compile(r"(?<![A-Za-z0-9[])((?:HF|HP|TU|TC|SS|RE|AU|VA|SG|PR|AD|LO|FZ)[-_]\d\d|[A-PX]\d\d|R\d\d?)(?![0-9A-Za-z])")
GROUPS = ("cases", "acceptance", "robustness")
NAMES = {
    ".cc": re.compile(r'(?:TEST_CASE|SECTION|SCENARIO)\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', re.S),
    ".py": re.compile(r'(?:def test_(\w+))|(?:\brow\(\s*"([^"]+)")'),
}


def rows():
    for line in (HERE / "ids.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            group, name, text = line.split(" ", 2)
            yield (group, name), text


def reasons():
    for line in (HERE / "left.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            group, name, text = line.split(" ", 2)
            yield (group, name), text


def named(known):
    """{row: [files]} of every id in the name of a test."""
    found = {}
    for path in sorted(HERE.rglob("*")):
        pattern = NAMES.get(path.suffix)
        if not pattern or "/fuzz/" in str(path) or path.parent == HERE:
            continue
        for match in pattern.finditer(path.read_text()):
            text = " ".join(part for part in match.groups() if part)
            for name in ID.findall(text):
                name = name.replace("_", "-")
                if path.parent.name == "invariants" and name.startswith("I"):
                    continue  # a promise of docs/threat-model.md
                if "-" in name:
                    row = ("robustness", name)
                elif ("cases", name) not in known or (
                        name[0] == "F" and ("acceptance" in text or path.parent.name == "vault")):
                    row = ("acceptance", name)
                else:
                    row = ("cases", name)
                found.setdefault(row, [])
                file = str(path.relative_to(HERE))
                if file not in found[row]:
                    found[row].append(file)
    return found


def main():
    known = dict(rows())
    left = dict(reasons())
    covered = named(known)
    wrong = []
    for row in known:
        if row not in covered and row not in left:
            wrong.append(f"{' '.join(row)}: no test names it, and test/left.txt does not say why")
        if row in covered and row in left:
            wrong.append(f"{' '.join(row)}: covered by {covered[row][0]}, yet test/left.txt explains it away")
    wrong += [f"{files[0]}: names {row[1]}, which is no row of test/ids.txt" for row, files in covered.items()
              if row not in known]
    wrong += [f"test/left.txt: {' '.join(row)} is no row of test/ids.txt" for row in left if row not in known]
    if "--short" not in sys.argv:
        for title, chosen in (("covered", covered), ("left", left)):
            print(f"{title}:")
            for row, text in known.items():
                if row in chosen:
                    print(f"  {row[0]:<11}{row[1]:<6} {', '.join(covered[row]) if chosen is covered else left[row]}")
            print()
    print(f"{len(known)} rows: {sum(row in covered for row in known)} covered, {len(left)} left with a reason, "
          f"{len(wrong)} wrong")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
