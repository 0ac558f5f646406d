# SPDX-License-Identifier: Apache-2.0
"""A machine that systemd runs: its real manager as the first process of namespaces of its own, over a copy of this
machine's files that is thrown away. Nothing is started there but what the script starts: no unit of this machine, no module of the
kernel, no file system of /etc/fstab. Its network is this machine's."""

import os
import pathlib
import shutil
import signal
import subprocess
import time

MANAGER = "/lib/systemd/systemd"
# As PID 1 of a new mount, PID, IPC and host name's namespace: $1 is an empty folder, $2 where the programs lie.
BOOT = r"""
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
root=$1/root
mount -t proc proc "$root/proc"
mount -o bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
mkdir -p "$root/machine" "$root/before"
mount --bind "$2" "$root/machine"
rm -rf "$root"/etc/systemd/system/* "$root"/etc/systemd/system.conf.d "$root"/lib/systemd/system-generators
rm -rf "$root"/lib/systemd/system/*.wants
: > "$root/etc/fstab"
cp "$2/walk.service" "$root/etc/systemd/system/"
cd "$root"
pivot_root . before
umount -l /before
mount --make-rshared /
exec env -i container=namespaces PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin "$3" \
  --system --unit=walk.service --log-target=null --show-status=no
"""
WALK = """[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
WorkingDirectory=/machine
ExecStart=/bin/bash -e /machine/walk.sh
ExecStopPost=/bin/sh -c 'echo "$EXIT_STATUS" > /machine/status.new && mv /machine/status.new /machine/status'
StandardOutput=append:/machine/output
StandardError=append:/machine/output
"""


def lack():
    """What is missing for one, or nothing."""
    if os.geteuid() != 0:
        return "a machine of its own needs root"
    if not pathlib.Path(MANAGER).exists() or not shutil.which("unshare"):
        return "there is no systemd here"
    mounted = [line.split() for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
    if not any(kind == "cgroup2" and os.access(place, os.W_OK) and "rw" in options.split(",")
               for _, place, kind, options, *_ in mounted):
        return "there is no cgroup2 here that may be written"
    return None


def control_groups():
    mounted = [line.split() for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
    return pathlib.Path(next(place for _, place, kind, *_ in mounted if kind == "cgroup2"))


class Machine:
    """Runs `script` (bash -e, in /machine, which is `folder`) as a service of its manager."""

    def __init__(self, folder, script):
        self.folder = folder
        (folder / "walk.sh").write_text(script)
        (folder / "walk.service").write_text(WALK)
        (folder / "empty").mkdir()
        self.group = control_groups() / f"keyswap-test-{os.getpid()}"
        self.group.mkdir()
        join = f'echo $$ > "{self.group}/cgroup.procs" && exec "$@"'
        self.process = subprocess.Popen(
            ["sh", "-c", join, "-", "unshare", "--mount", "--pid", "--ipc", "--uts", "--cgroup", "--fork", "--kill-child",
             "bash", "-c", BOOT, "-", str(folder / "empty"), str(folder), MANAGER],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def wait(self, seconds):
        """(exit status of the script, what it printed); None for the status: it never came to an end."""
        end = time.monotonic() + seconds
        status = self.folder / "status"
        while not status.exists() and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.1)
        output = self.folder / "output"
        text = output.read_text(errors="replace") if output.exists() else ""
        return (status.read_text().strip() if status.exists() else None), text

    def end(self):
        self.process.send_signal(signal.SIGKILL)  # and with it the first process, and all others
        said = self.process.communicate()[0]
        for _ in range(100):
            if self.remove_groups():
                return said
            time.sleep(0.1)
        raise AssertionError(f"{self.group} is still used")

    def remove_groups(self):
        try:
            for folder, _, _ in os.walk(self.group, topdown=False):
                os.rmdir(folder)
        except OSError:
            return False
        return True
