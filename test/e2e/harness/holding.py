# SPDX-License-Identifier: Apache-2.0
"""What a program of the same user can do to a running proxy without a passphrase: hold it, or its vault's file."""

import contextlib
import fcntl
import os
import pathlib
import signal
import time

# Where SQLite's locks on a database are: readers share this range, a commit wants it alone.
SHARED_START, SHARED_BYTES = 0x40000002, 510


@contextlib.contextmanager
def held(home, kind):
    """fcntl.LOCK_SH: others read the vault, and no commit comes to an end. fcntl.LOCK_EX: nobody reads it."""
    with open(home.path / "vault.db", "r+b") as file:
        fcntl.lockf(file, kind, SHARED_BYTES, SHARED_START)
        yield


@contextlib.contextmanager
def frozen(running):
    """The proxy is stopped, and not in the middle of a transaction."""
    end = time.monotonic() + 20
    while not _stop_outside_of_transactions(running):
        if time.monotonic() > end:
            raise AssertionError("the proxy is always in a transaction")
        time.sleep(0.01)
    try:
        yield
    finally:
        os.kill(running.pid, signal.SIGCONT)


def _stop_outside_of_transactions(running):
    os.kill(running.pid, signal.SIGSTOP)
    while _state(running) != "T":
        time.sleep(0.001)
    if _is_free(running.home.path / "vault.db"):
        return True
    os.kill(running.pid, signal.SIGCONT)
    return False


def _state(running):
    return pathlib.Path(f"/proc/{running.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def _is_free(path):
    with open(path, "r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, SHARED_BYTES, SHARED_START)
        except OSError:
            return False
    return not path.with_name("vault.db-journal").exists()
