# SPDX-License-Identifier: Apache-2.0
"""A network of the test's own: a namespace with nothing but a loopback interface, on which any address may
be given out, with a hosts file and a resolv.conf of its own and a name server that answers as it is told.
Nothing of the machine changes and nothing leaves it, so tests may use public addresses and port 53."""

import ctypes
import ipaddress
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from . import lifetime

INSIDE = "KEYSWAP_TEST_NETWORK"
NAME_SERVER = "127.0.0.53"
A, AAAA = 1, 28
NXDOMAIN, SERVFAIL = 3, 2


def enter():
    """Runs this program again in namespaces of its own. Needs root, or a kernel that lets a user make them;
    without either it fails, because a test that did not run proves nothing."""
    if os.environ.get(INSIDE):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    as_user = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", *as_user, "--mount", "--net", "--propagation", "private"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode != 0:
        sys.exit("this test needs a network namespace: run it as root, or allow users to make namespaces")
    os.execvpe(command[0], [*command, sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})


def give_out(*addresses):
    """Makes the addresses ours."""
    for address in addresses:
        bits = ipaddress.ip_address(address).max_prefixlen
        extra = ["nodad"] if bits == 128 else []
        subprocess.run(["ip", "addr", "replace", f"{address}/{bits}", "dev", "lo", *extra], check=True)


class Files:
    """/etc/hosts and /etc/resolv.conf as the program under test sees them."""

    def __init__(self, hosts="", resolv=f"nameserver {NAME_SERVER}\n"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="keyswap-network-"))
        lifetime.remove_at_the_end(self.folder)
        self.hosts = self._put("hosts", "127.0.0.1 localhost\n" + hosts)
        self.resolv = self._put("resolv.conf", resolv)

    def _put(self, name, text):
        ours = self.folder / name
        ours.write_text(text)
        ours.chmod(0o644)
        subprocess.run(["mount", "--bind", str(ours), os.path.realpath(f"/etc/{name}")], check=True)
        return ours

    def say(self, file, text):
        """The same file, other words: who has it open or bound sees them."""
        with file.open("r+") as stream:
            stream.truncate(0)
            stream.write(text)


def drop_all(sock):
    """From now on nothing that comes to the socket is seen or acknowledged, as if its host were gone; of a
    listening one, no connection is made."""
    program = struct.pack("HBBI", 0x06, 0, 0, 0)  # BPF: return 0
    memory = bytearray(program)
    buffer = (ctypes.c_char * len(memory)).from_buffer(memory)
    sock.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", 1, ctypes.addressof(buffer)))  # SO_ATTACH_FILTER


def silent_listener(address, port):
    """An address at which nobody answers: SYNs are dropped."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    drop_all(made)
    made.bind((address, port))
    made.listen(16)
    return made


class NameServer:
    """Answers on UDP (and TCP where an answer does not fit). A name that was not told does not exist."""

    def __init__(self, address=NAME_SERVER):
        self.lock = threading.Lock()
        self.names, self.asked = {}, []
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((address, 53))
        self.tcp = socket.create_server((address, 53))
        threading.Thread(target=self._serve_udp, daemon=True).start()
        threading.Thread(target=self._serve_tcp, daemon=True).start()

    def says(self, name, *addresses, ttl=60, rcode=0, silent=(), delay=0.0, truncated=False):
        """`silent`: the kinds of question (A, AAAA) that get no answer; `delay` seconds before one."""
        with self.lock:
            self.names[name] = {"addresses": addresses, "ttl": ttl, "rcode": rcode, "silent": silent,
                                "delay": delay, "truncated": truncated}

    def never_answers(self, name):
        self.says(name, silent=(A, AAAA))

    def questions(self, name, kind=None):
        with self.lock:
            return [asked for asked in self.asked if asked[0] == name and kind in (None, asked[1])]

    def stop(self):
        for sock in (self.udp, self.tcp):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def _serve_udp(self):
        while True:
            try:
                question, sender = self.udp.recvfrom(4096)
            except OSError:
                return
            if question:
                self._later(question, lambda answer, to=sender: self._send(answer, to), over_tcp=False)

    def _send(self, answer, to):
        try:
            self.udp.sendto(answer, to)
        except OSError:
            pass  # stopped

    def _serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_connection, args=(connection,), daemon=True).start()

    def _serve_connection(self, connection):
        with connection:
            while True:
                size = connection.recv(2, socket.MSG_WAITALL)
                if len(size) < 2:
                    return
                question = connection.recv(struct.unpack("!H", size)[0], socket.MSG_WAITALL)
                self._later(question, lambda answer: connection.sendall(struct.pack("!H", len(answer)) + answer),
                            over_tcp=True, wait=True)

    def _later(self, question, send, *, over_tcp, wait=False):
        name, kind, end = self._read(question)
        with self.lock:
            self.asked.append((name, kind, time.monotonic()))
            told = self.names.get(name, {"addresses": (), "ttl": 60, "rcode": NXDOMAIN, "silent": (), "delay": 0.0,
                                         "truncated": False})
        if kind in told["silent"]:
            return
        answer = self._answer(question, end, kind, told, over_tcp)
        if told["delay"] and not wait:
            timer = threading.Timer(told["delay"], send, (answer,))
            timer.daemon = True
            timer.start()
        else:
            time.sleep(told["delay"])
            send(answer)

    @staticmethod
    def _read(question):
        at, labels = 12, []
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode("ascii").lower())
            at += 1 + question[at]
        return ".".join(labels), struct.unpack("!H", question[at + 1:at + 3])[0], at + 5

    @staticmethod
    def _answer(question, end, kind, told, over_tcp):
        wanted = [ipaddress.ip_address(a) for a in told["addresses"]]
        wanted = [a for a in wanted if a.version == (4 if kind == A else 6)]
        is_cut = told["truncated"] and not over_tcp
        records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, told["ttl"], len(a.packed)) + a.packed
                           for a in ([] if is_cut else wanted))
        flags = 0x8180 | told["rcode"] | (0x0200 if is_cut else 0)
        return question[:2] + struct.pack("!HHHHH", flags, 1, 0 if is_cut else len(wanted), 0, 0) + \
            question[12:end] + records
