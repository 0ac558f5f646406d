# SPDX-License-Identifier: Apache-2.0
"""What the tests of a module started ends with them, however they end.

    the module's process   waits, and hands signals on
      the keeper           waits, too; ends all that is left below it, and removes the tests' folders
        the tests

Whoever loses his parent below the keeper becomes the keeper's child: also a proxy that went to the background. So it is
ended when the tests have ended, by themselves, by Ctrl-C, by SIGTERM or by SIGKILL of any of the three (ctest's time
limit); none is left on a port that the next run needs.
"""

import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import sys
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 60  # for the tests to clear away, once they were told to end
_folders = []  # the two ends of a pipe by which the keeper is told of them


def remove_at_the_end(folder):
    """Of the tests' own, when nothing runs any more that could write there."""
    if _folders:
        os.write(_folders[1], os.fsencode(folder) + b"\0")


def keep():
    """From here on this program is the tests; the two processes above it do not come back from here."""
    _folders[:] = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    sys.stdout.flush()
    sys.stderr.flush()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, *ENDING})
    _fork(signal.SIGTERM)  # the keeper ends what is left when the module's process is killed
    _fork(signal.SIGKILL)  # without a keeper the module's process does that
    for number in ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _fork(at_the_end_of_its_parent):
    """The child goes on; its parent waits for it, ends what it left, and exits as it did."""
    _process_control(PR_SET_CHILD_SUBREAPER, 1)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _process_control(PR_SET_PDEATHSIG, at_the_end_of_its_parent)
        if os.getppid() != parent:
            os.kill(os.getpid(), at_the_end_of_its_parent)
        return
    status = _wait(child)
    _end_all()
    with contextlib.suppress(BlockingIOError):
        for folder in os.read(_folders[0], 65536).split(b"\0")[:-1]:
            shutil.rmtree(folder, ignore_errors=True)
    os._exit(status if status >= 0 else 128 - status)


def _process_control(option, value):
    if ctypes.CDLL(None, use_errno=True).prctl(option, ctypes.c_ulong(int(value)), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _interrupt(number, _frame):
    """Ends the tests, once: Ctrl-C comes from the terminal and from the parent."""
    for other in ENDING:
        signal.signal(other, lambda *_: None)
    raise KeyboardInterrupt(signal.Signals(number).name)


def _wait(child):
    """The exit status of the child, or minus the signal that ended it. Hands signals on to it."""
    end = None
    while True:
        left = 3600.0 if end is None else max(0.0, end - time.monotonic())
        came = signal.sigtimedwait({signal.SIGCHLD, *ENDING}, left)
        if came is None and end is not None:
            os.kill(child, signal.SIGKILL)
        elif came is not None and came.si_signo != signal.SIGCHLD:
            os.kill(child, came.si_signo)
            end = end or time.monotonic() + GRACE_SECONDS
        for pid, status in _ended():
            if pid == child:
                return os.waitstatus_to_exitcode(status)


def _ended():
    """(pid, status) of the children that ended since."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, status


def _children():
    """(pid, name) of the processes whose parent is this one."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            name, rest = (folder / "stat").read_text().split(" (", 1)[1].rsplit(") ", 1)
        except OSError:
            continue  # it ended meanwhile
        if int(rest.split()[1]) == os.getpid():
            yield int(folder.name), name


def _end_all():
    """Ends every process below this one: those whose parent ends become children of this one."""
    end, told = time.monotonic() + GRACE_SECONDS, set()
    while time.monotonic() < end:
        for pid, name in _children():
            if pid not in told:
                print(f"left by the tests, and ended: {name} ({pid})", file=sys.stderr, flush=True)
                told.add(pid)
            os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return
