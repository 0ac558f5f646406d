# SPDX-License-Identifier: Apache-2.0
"""WebSocket (RFC 6455) by hand: what is sent may be any bytes, what came is judged strictly and kept.

A Peer is one end of a connection, the client's or the upstream's. An Upstream makes a recorder speak WebSocket:
each connection runs a script, or, without one, waits to be driven by the test (`accept`), so that a test reads as
one column: the client sends, the upstream receives.
"""

import base64
import hashlib
import os
import queue
import socket
import struct
import threading

from . import canary, client
from .recorder import CloseConnection

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KNOWN = (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG)
TIMEOUT = 20.0


def accept_of(key):
    """RFC 6455 section 4.2.2."""
    digest = hashlib.sha1(key.encode("latin-1") + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    return base64.b64encode(digest).decode()


def frame(opcode, payload=b"", *, fin=True, rsv=0, mask=None, length_bytes=None, length=None):
    """One frame (section 5.2). rsv: 4 for RSV1, 2, 1; length_bytes: 0, 2 or 8 instead of the shortest; length: a lie."""
    payload = payload.encode() if isinstance(payload, str) else payload
    size = len(payload) if length is None else length
    if length_bytes is None:
        length_bytes = 0 if size < 126 else 2 if size < 1 << 16 else 8
    masked = 0x80 if mask is not None else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    head += {0: lambda: bytes([masked | size]), 2: lambda: bytes([masked | 126]) + struct.pack(">H", size),
             8: lambda: bytes([masked | 127]) + struct.pack(">Q", size)}[length_bytes]()
    return head + (mask + apply_mask(payload, mask) if mask is not None else payload)


def apply_mask(data, mask):
    if not data:
        return b""
    key = (mask * (len(data) // 4 + 1))[:len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(len(data), "big")


def close_payload(code, reason=""):
    return struct.pack(">H", code) + reason.encode()


class Frame:
    def __init__(self, first, masked, mask, payload, is_shortest):
        self.fin, self.rsv, self.opcode = bool(first & 0x80), first >> 4 & 7, first & 15
        self.masked, self.mask, self.payload, self.is_shortest = masked, mask, payload, is_shortest

    def __repr__(self):
        return f"<frame {self.opcode} fin={self.fin} rsv={self.rsv} masked={self.masked} {self.payload[:60]!r}>"


class Message:
    """A message made whole, or a control frame."""

    def __init__(self, opcode, data):
        self.opcode, self.data = opcode, data

    @property
    def text(self):
        assert self.opcode == TEXT, self
        return self.data.decode()

    @property
    def code(self):
        """Of a Close; None when it has none."""
        assert self.opcode == CLOSE, self
        return struct.unpack(">H", self.data[:2])[0] if self.data else None

    @property
    def reason(self):
        return self.data[2:].decode()

    def __eq__(self, other):
        return (self.opcode, self.data) == (other.opcode, other.data) if isinstance(other, Message) else NotImplemented

    def __repr__(self):
        return f"<message {self.opcode} {len(self.data)} bytes {self.data[:200]!r}>"


class Peer:
    """One end, over a Wire or a recorder's Connection whose handshake is done. One thread at a time."""

    def __init__(self, wire, *, is_client, request=None, answer=None):
        self.wire, self.is_client, self.request, self.answer = wire, is_client, request, answer
        self.frames, self.messages, self.problems = [], [], []
        self._partial = None
        wire.sock.settimeout(TIMEOUT)

    # --- sending ---
    def send_raw(self, data, size=None):
        """As it is; with `size` in so many writes, over TLS one record each."""
        for start in range(0, len(data), size or max(len(data), 1)):
            self.wire.sock.sendall(data[start:start + size] if size else data)

    def bytes_of(self, opcode, payload=b"", **options):
        options.setdefault("mask", os.urandom(4) if self.is_client else None)
        return frame(opcode, payload, **options)

    def send(self, opcode, payload=b"", *, size=None, **options):
        self.send_raw(self.bytes_of(opcode, payload, **options), size)

    def send_text(self, text, **options):
        self.send(TEXT, text, **options)

    def send_fragments(self, opcode, pieces, between=b""):
        """A message in several frames; `between` them, raw bytes."""
        for number, piece in enumerate(pieces):
            self.send(opcode if number == 0 else CONTINUATION, piece, fin=number == len(pieces) - 1)
            if between and number < len(pieces) - 1:
                self.send_raw(between)

    def send_close(self, code=None, reason=""):
        self.send(CLOSE, b"" if code is None else close_payload(code, reason))

    # --- receiving ---
    def receive(self):
        """The next whole message or control frame; None at the end of the connection."""
        while True:
            came = self._frame()
            if came is None:
                return None
            message = self._message(came)
            if message is not None:
                self.messages.append(message)
                return message

    def receive_until_close(self):
        """What comes up to the Close, which is given; None when the connection ends without."""
        while (message := self.receive()) is not None and message.opcode != CLOSE:
            pass
        return message

    def is_ended(self):
        """True when nothing more comes but the end of the connection."""
        return self.receive() is None

    def rest(self):
        """All that still comes, up to the end of the connection."""
        found = []
        while (message := self.receive()) is not None:
            found.append(message)
        return found

    @property
    def data_messages(self):
        return [message for message in self.messages if message.opcode in (TEXT, BINARY)]

    def holds(self, text):
        """The spellings of `text` in what came, unmasked."""
        return canary.find_in(b"".join(f.payload for f in self.frames) + bytes(self.wire.unread), text)

    def _message(self, came):
        if came.opcode >= 8:
            if not came.fin or len(came.payload) > 125:
                self.problems.append(f"a control frame that is cut or too long: {came}")
            return Message(came.opcode, came.payload)
        if (came.opcode == CONTINUATION) != (self._partial is not None):
            self.problems.append(f"fragments out of order: {came}")
        if came.opcode != CONTINUATION or self._partial is None:
            self._partial = [came.opcode, []]
        self._partial[1].append(came.payload)
        if not came.fin:
            return None
        (opcode, pieces), self._partial = self._partial, None
        return Message(opcode, b"".join(pieces))

    def _frame(self):
        head = self._exactly(2)
        if head is None:
            return None
        masked, size, is_shortest = bool(head[1] & 0x80), head[1] & 0x7f, True
        if size >= 126:
            longer = self._exactly(2 if size == 126 else 8)
            if longer is None:
                return None
            is_shortest = int.from_bytes(longer, "big") >= (126 if size == 126 else 1 << 16)
            size = int.from_bytes(longer, "big")
        mask = self._exactly(4) if masked else None
        payload = self._exactly(size)
        if payload is None or (masked and mask is None):
            return None
        came = Frame(head[0], masked, mask, apply_mask(payload, mask) if masked else payload, is_shortest)
        self._judge(came)
        self.frames.append(came)
        return came

    def _judge(self, came):
        """What a strict end would close the connection for (sections 5.1 to 5.5)."""
        if came.masked == self.is_client:
            self.problems.append(f"wrongly masked or not: {came}")
        if came.rsv or came.opcode not in KNOWN or not came.is_shortest:
            self.problems.append(f"not a frame of RFC 6455: {came}")
        if len(self.frames) and self.frames[-1].opcode == CLOSE:
            self.problems.append(f"a frame after the Close: {came}")

    def _exactly(self, size):
        wire, pieces, have = self.wire, [bytes(self.wire.unread)], len(self.wire.unread)
        while have < size:
            data = self._more()
            if not data:
                wire.unread = b"".join(pieces)
                return None
            pieces.append(data)
            have += len(data)
        whole = b"".join(pieces)
        wire.unread = whole[size:]
        return whole[:size]

    def _more(self):
        try:
            data = self.wire.sock.recv(262144)
        except socket.timeout:
            raise AssertionError(f"nothing came in {TIMEOUT} s, and no end of the connection") from None
        except (OSError, ValueError):
            return b""
        self.wire.received += data
        if hasattr(self.wire, "received_count"):
            self.wire.received_count += len(data)
        return data

    # --- ending ---
    def drop(self):
        """Ends the connection without a Close."""
        self.wire.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.drop()


# --- the client ---
KEY = base64.b64encode(b"the test's nonce").decode()


def request_bytes(host, target="/", headers=(), *, method="GET", key=KEY, version="13", upgrade="websocket",
                  connection="Upgrade", http="1.1", without=()):
    """A handshake (section 4.1); `without` leaves fields out."""
    fields = [("Host", host), ("Connection", connection), ("Upgrade", upgrade), ("Sec-WebSocket-Version", version),
              ("Sec-WebSocket-Key", key)]
    lines = [f"{method} {target} HTTP/{http}"]
    lines += [f"{name}: {value}" for name, value in [*fields, *headers] if name not in without]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def ask(proxy, host, target="/", headers=(), *, port=443, absolute=False, ca_file=None, **options):
    """(wire, answer) of a handshake through CONNECT, or in the absolute form in clear to the proxy."""
    authority = host if port == 443 else f"{host}:{port}"
    if absolute:
        wire = client.dial(proxy.port)
        wire.send(request_bytes(authority, f"https://{authority}{target}", headers, **options))
    else:
        wire = client.tunnel(proxy.port, host, ca_file or proxy.home.ca, upstream_port=port)
        wire.send(request_bytes(authority, target, headers, **options))
    return wire, wire.response()


def open_socket(proxy, host, target="/", headers=(), **options):
    """The client's end, behind a 101 that is right."""
    wire, answer = ask(proxy, host, target, headers, **options)
    if answer is None or answer.status != 101:
        wire.close()
        raise AssertionError(f"no WebSocket: {answer}")
    fields = (answer.get("Upgrade", "").lower(), answer.get("Connection", "").lower(), answer.all("Sec-WebSocket-Accept"))
    assert fields == ("websocket", "upgrade", [accept_of(options.get("key", KEY))]), answer
    return Peer(wire, is_client=True, answer=answer)


# --- the upstream ---
def granted(request, headers=(), *, protocol=None):
    """The bytes of the 101 that a request asks for."""
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
             f"Sec-WebSocket-Accept: {accept_of(request.get('Sec-WebSocket-Key', ''))}"]
    lines += [f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def echo(peer):
    """A script: data back as it came, a Close answered."""
    while (message := peer.receive()) is not None:
        if message.opcode == PING:
            peer.send(PONG, message.data)
        elif message.opcode != PONG:
            peer.send(message.opcode, message.data)
        if message.opcode == CLOSE:
            return


class Upstream:
    """Speaks WebSocket at a recorder, for the paths that begin with `prefix`. `before(request)` is called before the 101;
    `script(peer)` then runs the connection. Without a script it is handed to accept() and lives until the other side or
    the test ends it. A request that asks for no WebSocket is answered by `otherwise`."""

    def __init__(self, recorder, prefix="/", script=None, *, otherwise=None):
        self.script, self.before = script, lambda request: None
        self.first = b""  # bytes sent in one write with the 101
        self.peers, self.lock = [], threading.Lock()
        self.otherwise = otherwise or (lambda request, connection: connection.answer())
        self._waiting = queue.Queue()
        recorder.on(prefix, self._serve)

    def accept(self, seconds=TIMEOUT):
        """The next connection's end, to be driven by the caller."""
        try:
            return self._waiting.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError("no WebSocket came to the upstream") from None

    def forget(self):
        """Drops what nobody accepted, and what is kept."""
        while not self._waiting.empty():
            self._waiting.get()
        with self.lock:
            self.peers.clear()

    def problems(self):
        with self.lock:
            return [problem for peer in self.peers for problem in peer.problems]

    def traces(self, *texts):
        """Which of these texts came in any frame, in any spelling."""
        with self.lock:
            return [(text[:6], found) for text in texts for peer in self.peers if (found := peer.holds(text))]

    def _serve(self, request, connection):
        if request.get("Upgrade", "").lower() != "websocket":
            self.otherwise(request, connection)
            return
        self.before(request)
        peer = Peer(connection, is_client=False, request=request)
        with self.lock:
            self.peers.append(peer)
        connection.send(granted(request) + self.first)
        if self.script is not None:
            self.script(peer)
        else:
            done = threading.Event()
            peer.drop = lambda: done.set() or connection.ended.wait(10)  # this thread closes it
            self._waiting.put(peer)
            done.wait(300)
        raise CloseConnection
