#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does what a Containerfile says where there is no container engine: each stage is a folder that debootstrap fills.

    sudo examples/container/build_without_engine.py FOLDER [--from TREE/keyswap]

FOLDER then has the last stage's file system. With --from the program is taken from there, and the stage that builds it is
left out. What it cannot show is what an engine makes of USER, VOLUME, HEALTHCHECK, ENTRYPOINT and of layers.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
RELEASES = {"debian:12-slim": "bookworm"}
NOT_COPIED = shutil.ignore_patterns(".git", "build")  # as Containerfile.dockerignore says


def instructions(text):
    """[(word, rest)] of a Containerfile; a line that ends with a backslash goes on."""
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", text))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def stages(text):
    """{name: (base, [(word, rest)])}; the last one is called "last"."""
    found, name = {}, None
    for word, rest in instructions(text):
        if word == "FROM":
            base, _, alias = rest.partition(" AS ")
            name = alias.strip() or "last"
            found[name] = (base.strip(), [])
        else:
            found[name][1].append((word, rest))
    return found


class Stage:
    """One stage's file system, and what was said for all that runs in it."""

    def __init__(self, base, root):
        self.root, self.folder, self.variables = root, "/", {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
        subprocess.run(["debootstrap", "--variant=minbase", RELEASES[base], str(root)], check=True, stdout=subprocess.DEVNULL)
        shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
        for settings in pathlib.Path("/etc/apt").glob("apt.conf.d/*proxy*"):
            shutil.copy(settings, root / "etc" / "apt" / "apt.conf.d")

    def inside(self, path):
        return self.root / os.path.normpath(os.path.join(self.folder, path)).lstrip("/")

    def run(self, words):
        """In a mount and a PID namespace, so that nothing stays mounted or running."""
        script = 'mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc" && cd "$0" && exec chroot . "$@"'
        subprocess.run(["unshare", "--mount", "--pid", "--fork", "sh", "-c", script, str(self.root), "sh", "-c",
                        f'cd "{self.folder}" && {words}'], check=True, env=self.variables)


def do(stage, word, rest, roots):
    if word == "RUN":
        stage.run(rest)
    elif word == "WORKDIR":
        stage.folder = rest
        stage.inside(".").mkdir(parents=True, exist_ok=True)
    elif word == "ENV":
        name, _, value = rest.partition("=")
        stage.variables[name] = value
    elif word == "COPY":
        *options, source, target = rest.split()
        other = options[0].removeprefix("--from=") if options else None
        copied = roots[other] / source.lstrip("/") if other else SOURCE / source
        if copied.is_dir():
            shutil.copytree(copied, stage.inside(target), ignore=NOT_COPIED, dirs_exist_ok=True, symlinks=True)
        else:
            shutil.copy(copied, stage.inside(target))
    elif word not in ("USER", "VOLUME", "HEALTHCHECK", "ENTRYPOINT", "CMD"):
        sys.exit(f"Containerfile: {word} is not known here")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--from", dest="program", type=pathlib.Path)
    asked = parser.parse_args()
    roots = {}
    for name, (base, lines) in stages((HERE / "Containerfile").read_text()).items():
        root = asked.folder / name
        roots[name] = root
        if name == "build" and asked.program:
            (root / "src" / "build" / "release").mkdir(parents=True)
            shutil.copy(asked.program, root / "src" / "build" / "release" / "keyswap")
            continue
        stage = Stage(base, root)
        for word, rest in lines:
            print(f"{name}: {word} {rest[:90]}", flush=True)
            do(stage, word, rest, roots)
    stage.run("keyswap --version && ldd /usr/bin/keyswap | grep -c '=>' ")
    print(asked.folder / "last")


if __name__ == "__main__":
    main()
