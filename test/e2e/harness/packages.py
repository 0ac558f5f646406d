# SPDX-License-Identifier: Apache-2.0
"""Packages of npm for clients: each set is installed once into the build folder, and again when it is another."""

import fcntl
import os
import pathlib
import shutil
import subprocess

CLIENTS = pathlib.Path(__file__).resolve().parents[1] / "clients"
BUILD = pathlib.Path(os.environ.get("KEYSWAP_BUILD", CLIENTS.parents[2] / "build" / "release"))


def installed(kind, *, scripts=()):
    """The folder with the packages of clients/KIND/package.json, and with these scripts of clients/ (all of KIND by default)."""
    source, folder = CLIENTS / kind, BUILD / f"node-{kind}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    listed = [file for file in ("package.json", "package-lock.json") if (source / file).exists()]
    wanted = "".join((source / file).read_text() for file in listed)
    with open(BUILD / f"node-{kind}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another module may want it at the same time
        stamp = folder / "installed.txt"
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for file in listed:
                shutil.copy(source / file, folder / file)
            # The environment as it is: fetching packages may need the machine's own proxy and roots.
            subprocess.run(["npm", "ci" if "package-lock.json" in listed else "install", "--ignore-scripts", "--no-audit",
                            "--no-fund", "--loglevel=error"], cwd=folder, check=True, timeout=300)
            stamp.write_text(wanted)
        for script in scripts or [*source.glob("*.mjs"), *source.glob("*.cjs")]:
            shutil.copy(CLIENTS / script, folder)
    return folder
