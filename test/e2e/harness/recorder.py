# SPDX-License-Identifier: Apache-2.0
"""An upstream on loopback that stores the raw bytes of all it receives and answers as it is told.

A handler is a function (request, connection); without one the answer is 200 "recorded". What the
recorder keeps is in memory only: it is the one place where a real secret may be seen.
"""

import re
import socket
import ssl
import struct
import threading
import time


class Request:
    """One request as it arrived. `headers` in order; `raw` is head and body byte for byte."""

    def __init__(self, raw_head, connection):
        self.raw_head, self.connection = raw_head, connection
        first, *fields = raw_head[:-4].split(b"\r\n")
        words = first.decode("latin-1").split(" ")
        self.method, self.target, self.version = words if len(words) == 3 else (first.decode("latin-1"), "", "")
        self.headers = []
        for field in fields:
            name, _, value = field.partition(b":")
            self.headers.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))
        self.body = b""
        self.raw_body = b""
        self.trailers = []
        self.complete = False
        self.arrived = time.monotonic()

    @property
    def path(self):
        return self.target.split("?")[0]

    @property
    def raw(self):
        return self.raw_head + self.raw_body

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def __repr__(self):
        return f"<{self.method} {self.target} {self.headers} {self.body[:100]!r}>"


class Connection:
    """One accepted connection; `received` is every application byte of it, parsed or not."""

    def __init__(self, sock, recorder, number):
        self.sock, self.recorder, self.number = sock, recorder, number
        self.received = bytearray()
        self.received_count = 0
        self.unread = b""
        self.sni = None
        self.tls_version = None
        self.resumed = False
        self.handshake_error = None
        self.ended = threading.Event()
        self.end_was_clean = None  # the client said goodbye (close_notify) before the TCP end
        self.keep_bytes = True

    def more(self):
        try:
            data = self.sock.recv(262144)
        except ssl.SSLEOFError:
            self.end_was_clean = False
            data = b""
        except (OSError, ValueError):
            self.end_was_clean = self.end_was_clean or False
            data = b""
        else:
            if not data and self.end_was_clean is None:
                self.end_was_clean = True
        if self.keep_bytes:
            self.received += data
        self.received_count += len(data)
        self.unread += data
        return bool(data)

    def read_request(self):
        """The next request, None at the end of the connection; a request cut off has complete == False."""
        while b"\r\n\r\n" not in self.unread:
            if not self.more():
                return None
        end = self.unread.index(b"\r\n\r\n") + 4
        request = Request(self.unread[:end], self)
        self.unread = self.unread[end:]
        return request

    def read_body(self, request):
        if request.get("Transfer-Encoding", "").lower() == "chunked":
            return self._read_chunked(request)
        size = int(request.get("Content-Length", "0"))
        while len(self.unread) < size:
            if not self.more():
                request.body = request.raw_body = self.unread
                self.unread = b""
                return False
        request.body = request.raw_body = self.unread[:size]
        self.unread = self.unread[size:]
        request.complete = True
        return True

    def chunks(self, request):
        """The pieces of a chunked body, None at a cut. Keeps its place by an index, so that a million small
        chunks cost no copies of what is still unread."""
        at = 0
        while True:
            end = self.unread.find(b"\r\n", at)
            if end < 0:
                self.unread, at = self.unread[at:], 0
                if not self.more():
                    yield None
                    return
                continue
            line, at = self.unread[at:end], end + 2
            size = int(line.split(b";")[0], 16)
            if size == 0:
                break
            while len(self.unread) - at < size + 2:
                self.unread, at = self.unread[at:], 0
                if not self.more():
                    yield self.unread
                    yield None
                    return
            yield self.unread[at:at + size]
            at += size + 2
        self.unread = self.unread[at:]
        while True:
            while b"\r\n" not in self.unread:
                if not self.more():
                    yield None
                    return
            line, _, self.unread = self.unread.partition(b"\r\n")
            if not line:
                return
            request.trailers.append(line)

    def _read_chunked(self, request):
        begin, pieces = len(self.received) - len(self.unread), list(self.chunks(request))
        request.complete = None not in pieces
        request.body = b"".join(piece for piece in pieces if piece is not None)
        request.raw_body = bytes(self.received[begin:len(self.received) - len(self.unread)])
        return request.complete

    # --- answering ---
    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def answer(self, status=200, body=b"recorded", headers=(), reason="OK"):
        body = body.encode() if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status} {reason}", *[f"{k}: {v}" for k, v in headers]]
        if not any(k.lower() in ("content-length", "transfer-encoding") for k, _ in headers):
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def close(self):
        try:
            if isinstance(self.sock, ssl.SSLSocket):
                self.sock.settimeout(5)
                self.sock = self.sock.unwrap()
        except (OSError, ValueError):
            pass
        try:
            self.sock.close()
        except OSError:
            pass

    def reset(self):
        """Ends the connection with a TCP reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock = self.sock
        if isinstance(sock, ssl.SSLSocket):
            sock = socket.socket(fileno=sock.detach())
        sock.close()


class CloseConnection(Exception):
    """Raised by a handler: end the connection (after close_notify)."""


class Recorder:
    """Listens on 127.0.0.1 on a port of its own, or `at` an address and port. identity None: no TLS."""

    def __init__(self, identity=None, *, context=None, at=("127.0.0.1", 0)):
        self.identity = identity
        self.lock = threading.Lock()
        self.requests, self.connections = [], []
        self.handlers = []
        self.context = context
        if identity is not None and context is None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(str(identity.chain), str(identity.key))
        if self.context is not None:
            self.context.sni_callback = self._note_sni
        host = f"[{at[0]}]" if ":" in at[0] else at[0]
        self.listener = socket.socket(socket.AF_INET6 if ":" in at[0] else socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(at)
        self.listener.listen(1024)
        self.port = self.listener.getsockname()[1]
        self.address = f"{host}:{self.port}"
        self._stopping = False
        self._names = {}
        self.on_accept = None  # called with the raw socket before TLS; may answer and return True to stop
        threading.Thread(target=self._accept, daemon=True).start()

    def _note_sni(self, sock, name, _context):
        self._names[sock] = name

    def on(self, prefix, handler):
        """Requests whose path begins with `prefix` go to `handler`; the latest registered wins."""
        with self.lock:
            self.handlers.insert(0, (prefix, handler))

    def says(self, prefix, status=200, body=b"recorded", headers=(), reason="OK"):
        self.on(prefix, lambda request, connection: connection.answer(status, body, headers, reason))

    def sends(self, prefix, raw, close=True):
        """Answers with exactly these bytes."""
        def handler(_, connection):
            connection.send(raw)
            if close:
                raise CloseConnection
        self.on(prefix, handler)

    def seen(self, prefix="/"):
        """Requests whose path begins with `prefix`, in order of arrival."""
        with self.lock:
            return [request for request in self.requests if request.path.startswith(prefix)]

    def one(self, prefix):
        found = self.seen(prefix)
        assert len(found) == 1, f"{len(found)} requests for {prefix}"
        return found[0]

    @property
    def application_bytes(self):
        with self.lock:
            return sum(connection.received_count for connection in self.connections)

    def wait(self, condition, seconds=10.0):
        """Waits until condition() is true; gives its last value."""
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            time.sleep(0.005)
        return condition()

    def _accept(self):
        while not self._stopping:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            connection = Connection(sock, self, len(self.connections))
            self.connections.append(connection)
        try:
            if self.on_accept is not None and self.on_accept(connection):
                return
            if self.context is not None:
                sock.settimeout(30)
                try:
                    wrapped = self.context.wrap_socket(sock, server_side=True, suppress_ragged_eofs=False)
                except (OSError, ssl.SSLError) as error:
                    connection.handshake_error = error
                    sock.close()
                    return
                connection.sock = wrapped
                connection.sni = self._names.pop(wrapped, None)
                connection.tls_version = wrapped.version()
                connection.resumed = bool(wrapped.session_reused)
                wrapped.settimeout(None)
            self._converse(connection)
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            connection.ended.set()

    def _converse(self, connection):
        while True:
            request = connection.read_request()
            if request is None:
                break
            with self.lock:
                self.requests.append(request)
                handler = next((h for prefix, h in self.handlers if request.path.startswith(prefix)), None)
            if handler is not None and getattr(handler, "early", False):
                pass  # reads the body itself
            elif not connection.read_body(request):
                break
            try:
                if handler is None:
                    connection.answer()
                else:
                    handler(request, connection)
            except CloseConnection:
                break
            if request.get("Connection", "").lower() == "close":
                break
        connection.close()

    def stop(self):
        self._stopping = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()


def early(handler):
    """Marks a handler that is called with the head, before the body is read."""
    handler.early = True
    return handler


def echo_head(request, connection):
    """Answers with the request's method and target only: nothing that could carry a secret back."""
    connection.answer(body=f"{request.method} {re.sub('[?].*', '', request.target)}")
