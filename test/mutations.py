#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks one line of the program after the other, and sees whether a test fails that should.

    test/mutations.py              all of them: half an hour on two cores
    test/mutations.py WORD...      those with one of these words in their file's name, their line or their test
    test/mutations.py --check      builds nothing: does each line stand there once, and is each test there?

The mutations stand in test/mutations/*.toml: a line of a file, what takes its place, the test that has to
fail, and what a user would lose. A mutation that no test sees is a test that is missing.

The tree itself is not touched: the mutations are made in a copy of it, build/mutations, which stays for
the next time. There each is built (its one test program, no more), run, and taken back.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent
COPY = TREE / "build" / "mutations"
PRESET = "release"
SECONDS_MAX = 120  # of a test; a mutation may make it run for ever
CAUGHT, SURVIVED = "caught", "SURVIVED"


@dataclasses.dataclass(frozen=True)
class Mutation:
    listed: str  # where it stands
    file: str
    line: str
    becomes: str
    program: str
    case: str
    loses: str

    def words(self):
        return f"{self.file} {self.line} {self.program} {self.case}"


def read_all():
    mutations = []
    for path in sorted((HERE / "mutations").glob("*.toml")):
        for number, row in enumerate(tomllib.loads(path.read_text())["mutation"], 1):
            program, _, case = row["test"].partition(": ")
            mutations.append(Mutation(f"{path.name} {number}", row["file"], row["line"], row["becomes"], program,
                                      case, row["loses"]))
    return mutations


# --- the check without a build ---


def folders():
    """{program: folder} of the test programs, as test/CMakeLists.txt has them."""
    text = (HERE / "CMakeLists.txt").read_text()
    return dict(re.findall(r"^keyswap_test\((\w+) (\S+)", text, re.M))


def cases_in(folder):
    """The names of the cases of a folder's tests."""
    names = set()
    for path in (HERE / folder).glob("*_test.cc"):
        for match in re.finditer(r'TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', path.read_text()):
            names.add("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', match[1])))
    return names


def faults_of(mutations):
    programs = folders()
    cases = {program: cases_in(folder) for program, folder in programs.items()}
    for one in mutations:
        path = TREE / one.file
        count = path.read_text().count(one.line) if path.is_file() else 0
        if count != 1:
            yield f"{one.listed}: {one.file} has this {count} times, not once: {one.line}"
        if "\n" in one.line.strip("\n") and one.line.count("\n") != one.becomes.count("\n"):
            yield f"{one.listed}: more than one line is changed"
        if one.line == one.becomes:
            yield f"{one.listed}: nothing is changed"
        if one.program not in programs:
            yield f"{one.listed}: test/CMakeLists.txt has no {one.program}"
        elif one.case not in cases[one.program]:
            yield f"{one.listed}: {one.program} has no case \"{one.case}\""
        if not one.loses:
            yield f"{one.listed}: what is lost is not said"
    if len({(one.file, one.line, one.becomes) for one in mutations}) != len(mutations):
        yield "a mutation stands there twice"


# --- the copy ---


def write_if_other(path, data, mode):
    if not path.is_file() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    path.chmod(mode)


def copy_tree():
    """Makes the copy what the tree is; what is the same keeps its time, so that it is not built anew."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=TREE,
                            check=True, capture_output=True).stdout.decode().split("\0")
    files = {name for name in listed if name and (TREE / name).is_file()}
    for name in files:
        write_if_other(COPY / name, (TREE / name).read_bytes(), (TREE / name).stat().st_mode)
    for path in COPY.rglob("*"):
        name = path.relative_to(COPY)
        if name.parts[0] != "build" and path.is_file() and str(name) not in files:
            path.unlink()
    llhttp = COPY / "build" / "llhttp"  # cmake/llhttp.cmake looks for it there
    llhttp.parent.mkdir(exist_ok=True)
    if not llhttp.exists() and (TREE / "build" / "llhttp").exists():
        llhttp.symlink_to(TREE / "build" / "llhttp")


def run(command, **how):
    return subprocess.run(command, cwd=COPY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False, **how)


def configure():
    done = run(["cmake", "--preset", PRESET])
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\nThe copy cannot be configured; above is what cmake said.")


def build(programs):
    return run(["cmake", "--build", "--preset", PRESET, "-j", str(os.cpu_count()), "--target", *programs])


def passes(program, cases):
    """None: they do not, for they run for ever."""
    escaped = [re.sub(r'([\\,\[\]"])', r"\\\1", case) for case in cases]
    try:
        done = run([COPY / "build" / PRESET / "test" / program, "-w", "NoTests", ",".join(escaped)],
                   timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        return None
    return done.returncode == 0


# --- the mutations ---


def check_unchanged(mutations):
    """Without a mutation every test has to pass, or its failure would say nothing."""
    programs = sorted({one.program for one in mutations})
    done = build(programs)
    if done.returncode != 0:
        sys.exit(f"{done.stdout[-4000:]}\nThe copy does not build; above is the end of what was said.")
    for program in programs:
        for case in sorted({one.case for one in mutations if one.program == program}):
            if not passes(program, [case]):
                sys.exit(f"{program}: \"{case}\" fails without any mutation")


def result_of(one):
    path = COPY / one.file
    text = path.read_text()
    try:
        path.write_text(text.replace(one.line, one.becomes))
        done = build([one.program])
        if done.returncode != 0:
            return "does not build:\n" + done.stdout[-2000:]
        return SURVIVED if passes(one.program, [one.case]) else CAUGHT
    finally:
        path.write_text(text)


def judge(mutations):
    results = []
    for one in sorted(mutations, key=lambda one: (one.program, one.file)):
        begun = time.monotonic()
        result = result_of(one)
        results.append((one, result))
        print(f"{result.splitlines()[0]:10} {time.monotonic() - begun:4.0f} s  {one.file}: {one.line.strip()}\n"
              f"{'':19}{one.program}: {one.case}", flush=True)
        if result != CAUGHT:
            print(f"{'':19}to: {one.becomes.strip()}\n{'':19}{one.loses}", flush=True)
            print("\n".join(result.splitlines()[1:]), end="", flush=True)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="builds nothing")
    parser.add_argument("words", nargs="*", metavar="WORD")
    asked = parser.parse_args()
    mutations = read_all()
    faults = list(faults_of(mutations))
    if faults:
        sys.exit("\n".join(faults))
    if asked.check:
        print(f"mutations: {len(mutations)}, each of a line that stands there once, each with its test")
        return
    if asked.words:
        mutations = [one for one in mutations if any(word in one.words() for word in asked.words)]
    copy_tree()
    configure()
    check_unchanged(mutations)
    results = judge(mutations)
    caught = sum(result == CAUGHT for _, result in results)
    survived = sum(result == SURVIVED for _, result in results)
    print(f"\n{len(results)} mutations: {caught} caught, {survived} survived, "
          f"{len(results) - caught - survived} did not build")
    sys.exit(0 if results and caught == len(results) else 1)


if __name__ == "__main__":
    main()
