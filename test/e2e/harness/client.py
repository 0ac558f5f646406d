# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 by hand: what is sent is exactly what the test wrote, what came is kept byte for byte."""

import contextlib
import ctypes
import re
import socket
import ssl

NOBODY = 65534


@contextlib.contextmanager
def as_user(number):
    """Sockets that this thread makes belong to another user. Needs root."""
    libc = ctypes.CDLL(None)
    libc.setfsuid(number)
    try:
        yield
    finally:
        libc.setfsuid(0)


def address_of_this_machine():
    """One that is not loopback, as a container would use; in a machine without a network, loopback after all."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("198.51.100.77", 9))
        except OSError:
            return "127.0.0.1"
        return asking.getsockname()[0]


class Response:
    """A parsed answer. `complete` is false when the connection ended inside it."""

    def __init__(self, version, status, reason, headers):
        self.version, self.status, self.reason, self.headers = version, status, reason, headers
        self.body, self.trailers, self.complete, self.raw_head = b"", [], False, b""
        self.interim = []

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:200]!r}>"


class Wire:
    """A socket (plain or TLS) and what was read ahead from it."""

    def __init__(self, sock, timeout=20.0):
        self.sock, self.unread = sock, b""
        self.received = b""
        sock.settimeout(timeout)

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def send_slowly(self, data, size=1):
        """`size` bytes a write: over TLS one record each."""
        for start in range(0, len(data), size):
            self.sock.sendall(data[start:start + size])

    def more(self):
        """Reads once; False at the end of the connection (also when it ends in a reset or a bad TLS end)."""
        try:
            data = self.sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLError, ssl.SSLEOFError):
            data = b""
        self.unread += data
        self.received += data
        return bool(data)

    def until(self, mark):
        """Bytes up to and with `mark`, or None when the connection ends first."""
        while mark not in self.unread:
            if not self.more():
                return None
        end = self.unread.index(mark) + len(mark)
        data, self.unread = self.unread[:end], self.unread[end:]
        return data

    def exactly(self, size):
        while len(self.unread) < size:
            if not self.more():
                data, self.unread = self.unread, b""
                return data
        data, self.unread = self.unread[:size], self.unread[size:]
        return data

    def rest(self):
        while self.more():
            pass
        data, self.unread = self.unread, b""
        return data

    def is_closed(self):
        """Reads on; True when the other side ends the connection and sent nothing more."""
        if self.unread:
            return False
        try:
            return not self.more()
        except socket.timeout:
            return False

    def head(self):
        data = self.until(b"\r\n\r\n")
        if data is None:
            return None
        first, *fields = data[:-4].split(b"\r\n")
        match = re.fullmatch(rb"(HTTP/1\.[01]) (\d{3}) ?(.*)", first)
        if not match:
            raise AssertionError(f"not a status line: {first!r}")
        headers = []
        for field in fields:
            name, colon, value = field.partition(b":")
            if not colon or not re.fullmatch(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
                raise AssertionError(f"not a header field: {field!r}")
            headers.append((name.decode(), value.strip(b" \t").decode("latin-1")))
        response = Response(match[1].decode(), int(match[2]), match[3].decode("latin-1"), headers)
        response.raw_head = data
        return response

    def response(self, method="GET"):
        """The next final answer, read strictly by RFC 9112 section 6.3; None when there is none."""
        interim = []
        while True:
            response = self.head()
            if response is None:
                return None
            if response.status >= 200 or response.status == 101:
                break
            interim.append(response)
        response.interim = interim
        if method == "HEAD" or response.status in (101, 204, 304):
            response.complete = True
        elif response.get("Transfer-Encoding", "").lower() == "chunked":
            self._chunked(response)
        elif response.get("Content-Length") is not None:
            size = int(response.get("Content-Length"))
            response.body = self.exactly(size)
            response.complete = len(response.body) == size
        else:
            response.body = self.rest()
            response.complete = True
        return response

    def _chunked(self, response):
        while True:
            line = self.until(b"\r\n")
            if line is None:
                return
            size = int(line.split(b";")[0], 16)
            if size == 0:
                break
            chunk = self.exactly(size + 2)
            response.body += chunk[:size]
            if len(chunk) < size + 2:
                return
        while True:
            line = self.until(b"\r\n")
            if line is None:
                return
            if line == b"\r\n":
                break
            name, _, value = line[:-2].partition(b":")
            response.trailers.append((name.decode(), value.strip().decode("latin-1")))
        response.complete = True

    def close(self):
        try:
            self.sock.close()
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def tls_context(ca_file, *, alpn=("http/1.1",)):
    context = ssl.create_default_context(cafile=str(ca_file))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def dial(port, timeout=20.0):
    sock = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Wire(sock, timeout)


def connect(port, authority, *, fields=(), timeout=20.0):
    """CONNECT: (wire, answer). The wire is ready for TLS when the answer's status is 200."""
    return connect_on(dial(port, timeout), authority, fields=fields)


def connect_on(wire, authority, *, fields=()):
    """The same on a connection that is there."""
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}", *[f"{k}: {v}" for k, v in fields]]
    wire.send("\r\n".join(lines) + "\r\n\r\n")
    answer = wire.head()
    if answer is not None and answer.status != 200:
        size = int(answer.get("Content-Length", "0"))
        answer.body = wire.exactly(size)
    return wire, answer


def start_tls(wire, name, ca_file, context=None):
    """TLS over the tunnel, checking the minted certificate for `name` as strictly as Python can."""
    context = context or tls_context(ca_file)
    assert not wire.unread, "bytes before the handshake"
    wrapped = context.wrap_socket(wire.sock, server_hostname=name, suppress_ragged_eofs=False)
    return Wire(wrapped, wire.sock.gettimeout() or 20.0)


def tunnel(port, host, ca_file, *, upstream_port=443, sni=None, context=None, timeout=20.0):
    """A TLS connection through CONNECT host:port."""
    wire, answer = connect(port, f"{host}:{upstream_port}", timeout=timeout)
    if answer is None or answer.status != 200:
        wire.close()
        raise AssertionError(f"CONNECT {host}:{upstream_port}: {answer}")
    return start_tls(wire, sni or host, ca_file, context)


def request_bytes(method, target, host, headers=(), body=b"", *, length=True):
    """A plain well-formed request; `headers` as (name, value) in order."""
    lines = [f"{method} {target} HTTP/1.1"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in headers]
    if body and length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
