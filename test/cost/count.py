#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the instructions of whole requests (work_probe under Valgrind's callgrind) and judges them.

    count.py PROBE worst            no head of 64 KB costs more than 56 times what an ordinary one does
    count.py PROBE budget           each figure of budget.txt holds, within 3 %
    count.py PROBE budget --write   measures budget.txt anew

Instructions, not time: the same on every machine and every day. So that it is the same code that runs,
the libraries are told to use what every x86-64 processor has.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

BUDGET = pathlib.Path(__file__).resolve().parent / "budget.txt"
# Of 94,700 instructions, the ordinary one; as many as 50 were when it took 104,700.
TIMES_MAX = 56
OVER_MAX = 1.03
ORDINARY = "keep_alive"

# Of glibc and OpenSSL: no instructions that some processors lack; and all symbols bound at the start.
ENVIRONMENT = {
    "LD_BIND_NOW": "1",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=" + ",".join(
        "-" + name for name in ("AVX", "AVX2", "AVX512F", "AVX_Fast_Unaligned_Load", "ERMS", "FSRM",
                                "BMI1", "BMI2", "LZCNT", "MOVBE", "RTM", "SSE4_1", "SSE4_2")),
    "OPENSSL_ia32cap": "~0x1000000000000000:~0x20000128",
}


def count(probe, what):
    """[(name, instructions)] as the probe does them."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", probe, what],
            env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            sys.exit(f"{run.stderr}\n{probe} failed under valgrind; above is what it said.")
        counted = []
        for part in pathlib.Path(folder).glob("out.*"):
            text = part.read_text()
            name = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.M)
            if name:
                total = re.search(r"^totals: (\d+)$", text, re.M)
                counted.append((int(part.suffix[1:]), name[1], int(total[1])))
    return [(name, total) for _, name, total in sorted(counted)]


def judge_worst(counted):
    ordinary = dict(counted)[ORDINARY]
    rows = sorted(((total / ordinary, total, name) for name, total in counted), reverse=True)
    for times, total, name in rows:
        print(f"{times:8.1f} {total:10d}  {name}")
    over = [name for times, _, name in rows if times > TIMES_MAX]
    if over:
        sys.exit(f"\n{len(over)} heads cost more than {TIMES_MAX} times what an ordinary one does (I10).\n"
                 "callgrind_annotate shows where: test/cost/count.py says how the probe is run.")


def read_budget():
    lines = [line for line in BUDGET.read_text().splitlines() if line and not line.startswith("#")]
    return {name: int(figure) for name, figure in (line.rsplit(maxsplit=1) for line in lines)}


def write_budget(counted):
    head = [line for line in BUDGET.read_text().splitlines() if line.startswith("#")]
    BUDGET.write_text("\n".join(head + [f"{name} {total}" for name, total in counted]) + "\n")


def judge_budget(probe, counted):
    budget = read_budget()
    if set(budget) != set(dict(counted)):
        sys.exit(f"{BUDGET} and work_probe do not name the same: {sorted(set(budget) ^ set(dict(counted)))}")
    over = []
    for name, total in counted:
        share = total / budget[name]
        note = "more than its budget" if share > OVER_MAX else "less: write the new figure" if share < 2 - OVER_MAX else ""
        print(f"{name:28} {total:10d}  budget {budget[name]:10d}  {100 * (share - 1):+6.2f} %  {note}")
        over += [name] if share > OVER_MAX else []
    if over:
        sys.exit(f"\nMore work than before: {', '.join(over)}. If that is meant, run\n"
                 f"  test/cost/count.py {probe} budget --write\n"
                 "and commit the new figures with the reason; if not, callgrind_annotate shows where it is.")


def main():
    probe, what = sys.argv[1:3]
    counted = count(probe, what)
    if what == "worst":
        judge_worst(counted)
    elif sys.argv[3:] == ["--write"]:
        write_budget(counted)
    else:
        judge_budget(probe, counted)


main()
