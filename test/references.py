# SPDX-License-Identifier: Apache-2.0
"""Does everything that code, tests and documents point to stand in this repository?

Read are the documents, and of code its comments. Held against the tree:

  promises   I6: a heading of docs/threat-model.md
  rows       HP-05, B12: a row of test/ids.txt, and in tests alone; elsewhere the reason is written out
  files      proxy/flow/decide.h, `vault/seal.cc`: there, or (without an ending) one that begins so
  links      [text](file#heading): the file, and the heading in it
  tests      `test_a_thing`: a test of test/e2e; "words" of docs/threat-model.md: a case of a C++ test

Each promise and each point of docs/threat-model.md says by which test it is held. RFC sections and pages of vendors are named as they are; they stay where they are. Lines of documents are at most
120 columns wide, but for code and generated tables.
"""
import io
import pathlib
import re
import sys
import tokenize

import covered

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("proxy", "ca", "vault", "bindings", "audit", "test", "examples", "docs", "cmake", ".ci")
ENDINGS = (".cc", ".h", ".py", ".sh", ".md", ".cmake")

PROMISE = re.compile(r"(?<![\w-])(I[1-9]\d?)(?!\w)")
# What is written for nobody here: numbered pages and notes that are not part of the repository.
ELSEWHERE = re.compile(r"\b(?:contract|design) \d+(?:'s)?\b|\b(?:contract|design)\.md\b|\bfacts/|\b[Ii]ssue #?\d+\b|(?<!\w)/work\b")
PATH = re.compile(r"(?<![\w./<$}~-])((?:proxy|ca|vault|bindings|audit|test|examples|docs|cmake)/[\w.*/-]*\w)")
SOURCE_NAME = re.compile(r"`([\w./-]+\.(?:cc|h|py|sh|cmake))`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
TEST = re.compile(r"`(test_\w+)`")
QUOTED = re.compile(r'"([^"]+)"')
CODE = re.compile(r"`[^`]*`")
CASE_WORDS = 5  # fewer are words that are spoken of
# Stand-ins in rules about names, and what a home folder holds.
NOT_HERE = re.compile(r"NAME|^_test\.cc$|^(?:test/)?a/b|audit/(?:audit-|checkpoints|lock)|\.jsonl|\.pub$")

WIDTH = 120
wrong = []


def complain(file, line, text):
    wrong.append(f"{file.relative_to(ROOT)}:{line}: {text}")


def tree():
    found = [path for path in ROOT.iterdir() if path.is_file()]
    for folder in FOLDERS:
        found += [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    return sorted(path for path in found
                  if "node_modules" not in path.parts and "__pycache__" not in path.parts and "corpus" not in path.parts)


CPP = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/', re.S)


def comments(file, text):
    """(line, text) of each comment."""
    if file.suffix in (".cc", ".h"):
        for match in CPP.finditer(text):
            if match.group().startswith("/"):
                yield text.count("\n", 0, match.start()) + 1, match.group()
    elif file.suffix == ".py":
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.string.startswith('"""')):
                yield token.start[0], token.string
    elif file.suffix == ".md":
        yield 1, text
    elif file.suffix == ".txt" and "vectors" in file.parts:
        for number, line in enumerate(text.splitlines(), 1):
            if line.startswith("case:"):
                yield number, line
    else:
        for number, line in enumerate(text.splitlines(), 1):
            at = re.search(r"(?:^|\s)#.*", line)
            if at:
                yield number, at.group()


def lines(file):
    for start, text in comments(file, file.read_text()):
        for number, line in enumerate(text.splitlines(), start):
            yield number, line


def headings(document):
    """The anchors that a page of a code host gives the headings of a document."""
    found = set()
    is_code = False
    for line in document.read_text().splitlines():
        is_code = is_code != line.startswith("```")
        if line.startswith("#") and not is_code:
            text = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower())
            found.add(text.replace(" ", "-"))
    return found


def is_there(path, beside):
    if NOT_HERE.search(path):
        return True
    for base in (ROOT, beside):
        if (base / path).exists() or any(base.glob(path)):
            return True
        if not path.endswith(ENDINGS) and any(base.glob(path + ".*")):
            return True
    return False


def check_words(file, promises, rows):
    is_test = file.is_relative_to(ROOT / "test")
    for number, line in lines(file):
        spoken = TEST.sub("", line)  # rows that stand in a test's name are not spoken of
        for name in {*PROMISE.findall(spoken), *covered.ID.findall(spoken)}:
            name = name.replace("_", "-")
            is_row = any((group, name) in rows for group in covered.GROUPS)
            if name in promises or (is_test and is_row):
                continue
            complain(file, number, f"{name} is a row of the tests: write the reason out" if is_row else
                     f"{name} is neither a promise of docs/threat-model.md nor a row of test/ids.txt")
        for match in ELSEWHERE.finditer(line):
            complain(file, number, f"'{match.group()}' does not stand in this repository: write the reason out")
        for match in PATH.finditer(line):
            if not is_there(match.group(1), file.parent):
                complain(file, number, f"{match.group(1)} is not there")


def check_width(file, number, line):
    if len(line) > WIDTH:
        complain(file, number, f"wider than {WIDTH} columns")


def check_document(file):
    basenames = {path.name for path in tree()}
    doors = (ROOT / "test/layers.sh").read_text().split()  # headers of others
    is_code = is_generated = False
    for number, line in enumerate(file.read_text().splitlines(), 1):
        is_code = is_code != line.lstrip().startswith("```")
        if line.startswith("<!--"):
            is_generated = ": generated" in line
        if is_code:
            continue
        if not is_generated:
            check_width(file, number, line)
        for name in SOURCE_NAME.findall(line):
            if not is_there(name, file.parent) and name not in basenames and name not in doors:
                complain(file, number, f"{name} is not there")
        for target in LINK.findall(line):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            linked = (file.parent / path) if path else file
            if not linked.exists():
                complain(file, number, f"the link to {target} leads nowhere")
            elif anchor and anchor not in headings(linked):
                complain(file, number, f"the link to {target}: there is no such heading")


def tests_of_clients():
    code = "\n".join(path.read_text() for path in (ROOT / "test/e2e").glob("test_*.py"))
    return set(re.findall(r"^    def (test_\w+)\(", code, re.M))


def cases():
    """All that C++ tests say in quotes, lines that continue a text put together."""
    code = "\n".join(path.read_text() for path in sorted((ROOT / "test").rglob("*_test.cc")))
    return re.sub(r'"\s*\n\s*"', "", code)


def check_tests_named(file, text, tests):
    for match in TEST.finditer(text):
        if match[1] not in tests and not (ROOT / "test/e2e" / f"{match[1]}.py").exists():
            complain(file, text.count("\n", 0, match.start()) + 1, f"there is no test {match[1]}")


def check_threat_model():
    """Who reads what holds can look at the test that shows it."""
    file = ROOT / "docs/threat-model.md"
    text = file.read_text()
    code = cases()
    plain = CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    for match in QUOTED.finditer(plain):
        words = " ".join(match[1].split())
        if len(words.split()) >= CASE_WORDS and f'"{words}' not in code:
            complain(file, text.count("\n", 0, match.start()) + 1, f'no C++ test has a case "{words}"')
    line = 1
    for section in re.split(r"^(?=## )", text, flags=re.M):
        whole = bool(re.search(r"^Tested: ", section, re.M))  # for all its points
        for part in re.split(r"^(?=### |- \*\*)", section, flags=re.M):
            is_point = part.startswith("### I") or (part.startswith("- **") and not whole)
            if is_point and not re.search(r"\btest_|\btest/", part):
                complain(file, line, f"no test is named for: {part.splitlines()[0]}")
            line += part.count("\n")


def main():
    promises = set(re.findall(r"^### (I\d+) ", (ROOT / "docs/threat-model.md").read_text(), re.M))
    rows = dict(covered.rows())
    tests = tests_of_clients()
    check_threat_model()
    for file in tree():
        if file.suffix in ENDINGS or file.name == "CMakeLists.txt" or "vectors" in file.parts and file.suffix == ".txt":
            check_words(file, promises, rows)
        if file.suffix == ".md":
            check_document(file)
            check_tests_named(file, file.read_text(), tests)
    print("\n".join(wrong) if wrong else "references: all resolve")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
