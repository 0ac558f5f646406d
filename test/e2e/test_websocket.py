# SPDX-License-Identifier: Apache-2.0
"""WebSocket (RFC 6455) under a binding with `websocket: true`: the handshake is a request like any other, and behind the
101 frames are written anew in both directions. Both ends are driven by hand."""

import base64
import json
import socket
import struct
import subprocess
import threading
import time
import unittest

from harness import proxy, websocket
from harness.case import H, H2, K, K2, P, P2, V, OneProxy, bearer, main, row
from harness.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Message, close_payload, frame, granted

AUTH = [("Authorization", f"Bearer {P}")]
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's python3-websocket
MARK, M = "MARK-that-must-not-pass", b"mask"
MIB = 1 << 20


# (name, what is wrong with it), as bytes of a client; of an upstream with masked=False. Each has MARK where it has text.
def bad_frames(mask):
    return (
        row("RSV1", frame(TEXT, MARK, rsv=4, mask=mask)), row("RSV2", frame(TEXT, MARK, rsv=2, mask=mask)),
        row("RSV3", frame(BINARY, MARK, rsv=1, mask=mask)), row("RSV1 of a ping", frame(PING, MARK, rsv=4, mask=mask)),
        row("opcode 3", frame(3, MARK, mask=mask)), row("opcode 7", frame(7, MARK, mask=mask)),
        row("opcode 11", frame(11, MARK, mask=mask)), row("opcode 15", frame(15, MARK, mask=mask)),
        row("a ping of 126 bytes", frame(PING, MARK.ljust(126), mask=mask)),
        row("a pong of 65536 bytes", frame(PONG, MARK.ljust(65536), mask=mask)),
        row("a close of 126 bytes", frame(CLOSE, close_payload(1000, MARK.ljust(124)), mask=mask)),
        row("a ping in fragments", frame(PING, MARK, fin=False, mask=mask)),
        row("a continuation of nothing", frame(CONTINUATION, MARK, mask=mask)),
        row("a message inside a message", frame(TEXT, "begin", fin=False, mask=mask) + frame(TEXT, MARK, mask=mask)),
        row("16 bits for a short length", frame(TEXT, MARK, length_bytes=2, mask=mask)),
        row("64 bits for a short length", frame(TEXT, MARK, length_bytes=8, mask=mask)),
        row("64 bits for a length of 16", frame(TEXT, MARK.ljust(126), length_bytes=8, mask=mask)),
        row("a length of 2^63", frame(TEXT, MARK, length_bytes=8, length=1 << 63, mask=mask)),
        row("a close of one byte", frame(CLOSE, b"\x03", mask=mask)),
        *(row(f"close code {code}", frame(CLOSE, close_payload(code, MARK), mask=mask)) for code in (0, 999, 1005, 1006, 1015, 5000)),
    )


class WebSocket(OneProxy):
    """A header rule whose first entry opens /ws/ for WebSocket, whose second one opens the rest for requests."""

    hosts = (H, H2)
    threads = 2

    @classmethod
    def rules(cls):
        first = bearer(hosts=(H,), paths=["/ws/**"], websocket=True)
        first["bindings"].append({"host": H, "paths": ["/rest/**"]})
        return {K: first, K2: bearer(K2, P2, (H2,))}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.upstream = websocket.Upstream(cls.recorder, "/ws/")
        cls.echo = websocket.Upstream(cls.recorder, "/ws/echo", websocket.echo)

    def setUp(self):
        self.upstream.forget()
        self.upstream.first, self.upstream.before = b"", lambda request: None

    def tearDown(self):
        self.assertEqual(self.upstream.problems() + self.echo.problems(), [], "not RFC 6455 towards the upstream")

    def open(self, path, headers=AUTH, **options):
        """Both ends of a new connection."""
        mine = websocket.open_socket(self.proxy, H, path, headers, **options)
        theirs = self.upstream.accept()
        self.addCleanup(theirs.drop)
        self.addCleanup(self._finish, path, mine)  # the client's end first
        return mine, theirs

    def _finish(self, path, mine):
        mine.drop()
        self.note(f"client's bytes of {path}", mine.wire.received)
        self.assertEqual(mine.problems, [], "not RFC 6455 towards the client")

    def ask_for(self, path, headers=AUTH, host=H, **options):
        wire, answer = websocket.ask(self.proxy, host, path, headers, **options)
        wire.close()
        if answer is not None:
            self.note(f"answer to {path}", answer.raw_head + answer.body)
        return answer

    def ended_with(self, path):
        """The upstream_response record of the one request for a path."""
        record = self.proxy.decision(path)
        found = self.proxy.await_record(lambda r: r["type"] == "upstream_response" and r["request_id"] == record["request_id"])
        self.assertEqual(len(found), 1, found)
        return found[0]

    # --- the handshake ---
    def test_HP_12_the_handshake_is_a_request_and_frames_follow(self):
        """[I5] [I6] By CONNECT and in the absolute form."""
        for path, absolute in (("/ws/hp12/connect", False), ("/ws/hp12/absolute", True)):
            with self.subTest(path):
                at_arrival = []
                self.upstream.before = lambda request: at_arrival.extend(self.proxy.decisions(request.path))
                extensions = [("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")]
                mine, theirs = self.open(path, [*AUTH, *extensions, ("X-Other", "a b"), ("Origin", "https://o.example.test")],
                                         absolute=absolute)
                self.assertEqual(mine.answer.all("Sec-WebSocket-Extensions"), [])
                seen = theirs.request
                self.assertEqual((seen.method, seen.target, seen.version), ("GET", path, "HTTP/1.1"))
                self.assertEqual(seen.all("Authorization"), [f"Bearer {V}"])
                self.assertEqual([v.lower() for v in seen.all("Upgrade") + seen.all("Connection")], ["websocket", "upgrade"])
                self.assertEqual(seen.all("Sec-WebSocket-Version"), ["13"])
                self.assertEqual([len(base64.b64decode(v, validate=True)) for v in seen.all("Sec-WebSocket-Key")], [16])
                self.assertEqual(seen.all("Sec-WebSocket-Extensions"), [])
                self.assertEqual((seen.get("Host"), seen.get("X-Other"), seen.get("Origin")), (H, "a b", "https://o.example.test"))
                self.assertEqual(seen.connection.sni, H)
                self.assertEqual(len(at_arrival), 1, "I6: the record was not there when the handshake arrived")
                self.decided(at_arrival[0], "allowed", "binding_matched", K)
                self.assertEqual(at_arrival[0]["destination"], {"host": H, "port": 443, "method": "GET", "path": path})
                mine.send_text("there")
                self.assertEqual(theirs.receive(), Message(TEXT, b"there"))
                theirs.send_text("and back")
                self.assertEqual(mine.receive(), Message(TEXT, b"and back"))

    def test_HP_12_a_101_that_nobody_asked_for_is_a_502(self):
        for name, raw in (row("plain", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
                          row("with an Accept", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              b"Sec-WebSocket-Accept: " + websocket.accept_of(websocket.KEY).encode() + b"\r\n\r\n")):
            for path in ("/ws/unasked", "/rest/unasked"):
                with self.subTest(f"{name} {path}"):
                    self.recorder.sends(path, raw + frame(TEXT, MARK))
                    answer = self.ask(H, target=path, headers=AUTH)
                    self.refused(answer, 502, "upstream_protocol_error")

    def test_HP_12_a_101_that_is_not_the_answer_to_the_request_is_a_502(self):
        right = lambda request: granted(request).decode()
        accept = lambda request: f"Sec-WebSocket-Accept: {websocket.accept_of(request.get('Sec-WebSocket-Key'))}\r\n"
        cases = (
            row("another Accept", lambda r: right(r).replace(accept(r), "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")),
            row("no Accept", lambda r: right(r).replace(accept(r), "")),
            row("two Accepts", lambda r: right(r).replace(accept(r), accept(r) * 2)),
            row("no Upgrade", lambda r: right(r).replace("Upgrade: websocket\r\n", "")),
            row("another Upgrade", lambda r: right(r).replace("Upgrade: websocket", "Upgrade: h2c")),
            row("no Connection", lambda r: right(r).replace("Connection: Upgrade\r\n", "")),
            row("an extension", lambda r: right(r).replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n")),
            row("a protocol that was not offered", lambda r: granted(r, protocol="mqtt").decode()),
            row("two protocols", lambda r: granted(r, protocol="chat, superchat").decode()))
        for number, (name, answer_of) in enumerate(cases):
            with self.subTest(name):
                def handler(request, connection, answer_of=answer_of):
                    connection.send(answer_of(request).encode() + frame(TEXT, MARK))
                    connection.more()
                path = f"/ws/wrong101/{number}/"
                self.recorder.on(path, handler)
                answer = self.ask_for(path, [*AUTH, ("Sec-WebSocket-Protocol", "chat, superchat")])
                self.refused(answer, 502, "upstream_protocol_error")
                self.assertNotIn(MARK.encode(), answer.body)
                self.decided(self.proxy.decision(path), "allowed", "binding_matched", K)

    def test_another_answer_to_the_handshake_is_relayed(self):
        for status, body in ((403, b"not you"), (200, b"no WebSocket here"), (401, b""), (426, b"upgrade to something else")):
            path = f"/ws/answer/{status}"
            with self.subTest(path):
                self.recorder.says(path, status, body, [("X-Why", "because")], "Other")
                answer = self.ask_for(path)
                self.assertEqual((answer.status, answer.body, answer.get("X-Why"), answer.complete), (status, body, "because", True))
                self.assertEqual(self.recorder.one(path).all("Authorization"), [f"Bearer {V}"])
                self.assertEqual(self.ended_with(path)["status"], status)

    def test_a_subprotocol_is_agreed_between_the_ends(self):
        def handler(request, connection):
            connection.send(granted(request, protocol="superchat"))
            connection.more()
        self.recorder.on("/ws/protocol", handler)
        mine = websocket.open_socket(self.proxy, H, "/ws/protocol", [*AUTH, ("Sec-WebSocket-Protocol", "chat, superchat")])
        mine.drop()
        self.assertEqual(mine.answer.all("Sec-WebSocket-Protocol"), ["superchat"])
        self.assertEqual(self.recorder.one("/ws/protocol").all("Sec-WebSocket-Protocol"), ["chat, superchat"])

    def test_HP_01_without_websocket_true_an_upgrade_is_refused(self):
        before = len(self.recorder.seen())
        for host, path, absolute in ((H, "/rest/closed", False), (H2, "/ws/closed", False), (H2, "/ws/closed", True),
                                     (H, "/elsewhere", False)):
            with self.subTest(f"{host} {path} {absolute}"):
                headers = AUTH if host == H else [("Authorization", f"Bearer {P2}")]
                self.refused(self.ask_for(path, headers, host=host, absolute=absolute), 501, "upgrade_not_supported")
        self.assertEqual(len(self.recorder.seen()), before)

    def test_HP_01_what_is_not_a_handshake_is_refused(self):
        """What asks for a WebSocket and nothing else is passed on whole or not at all."""
        before = len(self.recorder.seen())
        short = base64.b64encode(b"fifteen bytes..").decode()
        cases = (row("POST", {"method": "POST"}), row("version 12", {"version": "12"}), row("version 8", {"version": "8"}),
                 row("HTTP/1.0", {"http": "1.0"}), row("an empty element", {"upgrade": "websocket,", "version": "8"}),
                 row("Connection without upgrade", {"connection": "keep-alive"}), row("no Connection", {"without": ("Connection",)}),
                 row("no key", {"without": ("Sec-WebSocket-Key",)}), row("no version", {"without": ("Sec-WebSocket-Version",)}),
                 row("a key of 15 bytes", {"key": short}), row("a key that is not base64", {"key": "?" * 24}),
                 row("two keys", {"headers": [("Sec-WebSocket-Key", websocket.KEY)]}),
                 row("two versions", {"headers": [("Sec-WebSocket-Version", "8")]}),
                 row("two Upgrades", {"headers": [("Upgrade", "websocket")]}),
                 row("a body", {"headers": [("Content-Length", "1")]}),
                 row("a chunked body", {"headers": [("Transfer-Encoding", "chunked")]}))
        for number, (name, options) in enumerate(cases):
            with self.subTest(name):
                answer = self.ask_for(f"/ws/broken/{number}", AUTH + options.pop("headers", []), **options)
                self.assertIsNotNone(answer)
                self.assertIn(answer.status, (400, 501, 505), answer)
                self.assertIsNotNone(answer.get("Keyswap-Reason"), answer)
        self.assertEqual([r.raw_head for r in self.recorder.seen()[before:]], [])

    def test_HP_01_what_may_be_another_protocol_is_asked_as_an_ordinary_request(self):
        for number, upgrade in enumerate(("h2c", "websocket, h2c", "TLS/1.0")):
            with self.subTest(upgrade):
                path = f"/ws/other/{number}"
                self.recorder.says(path, 200, b"plain")
                answer = self.ask_for(path, AUTH, upgrade=upgrade)
                self.assertEqual((answer.status, answer.body), (200, b"plain"))
                seen = self.recorder.one(path)
                self.assertEqual(seen.all("Upgrade") + seen.all("Connection"), [])
                self.assertEqual(seen.all("Authorization"), [f"Bearer {V}"])

    def test_a_handshake_without_a_placeholder_is_passed(self):
        mine, theirs = self.open("/ws/bare", [("Authorization", "Bearer mine")])
        self.assertEqual(theirs.request.all("Authorization"), ["Bearer mine"])
        mine.send_text("x")
        self.assertEqual(theirs.receive().text, "x")

    def test_the_upstreams_first_frames_may_come_with_the_101(self):
        self.upstream.first = frame(TEXT, "hello") + frame(PING, b"p") + frame(TEXT, "again")
        mine, _ = self.open("/ws/first")
        self.assertEqual([mine.receive() for _ in range(3)], [Message(TEXT, b"hello"), Message(PING, b"p"), Message(TEXT, b"again")])

    # --- frames ---
    def test_HP_12_messages_of_every_length_go_both_ways(self):
        mine, theirs = self.open("/ws/lengths")
        for size in (0, 1, 125, 126, 127, 65535, 65536, 65537, 300000):
            data = bytes(range(256)) * (size // 256 + 1)
            for opcode, payload in ((TEXT, b"t" * size), (BINARY, data[:size])):
                with self.subTest(f"{size} {opcode}"):
                    mine.send(opcode, payload)
                    self.assertEqual(theirs.receive(), Message(opcode, payload))
                    theirs.send(opcode, payload)
                    self.assertEqual(mine.receive(), Message(opcode, payload))
        masks = [came.mask for came in theirs.frames]
        self.assertGreater(len(set(masks)), len(masks) // 2, "the masks towards the upstream can be foreseen (section 5.3)")

    def test_a_message_of_a_MiB_comes_back_whole(self):
        data = bytes((n * 7 + n // 251) & 0xff for n in range(MIB))
        with websocket.open_socket(self.proxy, H, "/ws/echo/mib", AUTH) as mine:
            for opcode in (TEXT, BINARY):
                payload = data if opcode == BINARY else data.hex().encode()[:MIB]
                mine.send(opcode, payload)
                self.assertEqual(mine.receive(), Message(opcode, payload))
            mine.send_fragments(BINARY, [data[n:n + 9999] for n in range(0, MIB, 9999)])
            self.assertEqual(mine.receive(), Message(BINARY, data))
            self.assertEqual(mine.problems, [])

    def test_fragments_stay_one_message_with_control_frames_between(self):
        mine, theirs = self.open("/ws/fragments")
        for sender, receiver in ((mine, theirs), (theirs, mine)):
            with self.subTest("client" if sender is mine else "upstream"):
                sender.send_fragments(TEXT, ["one ", "", "two ", "three"], between=sender.bytes_of(PING, b"between"))
                got = [receiver.receive() for _ in range(4)]
                self.assertEqual(sorted(got, key=lambda m: m.opcode),
                                 [Message(TEXT, b"one two three"), *[Message(PING, b"between")] * 3])
                sender.send_fragments(BINARY, [b"", b"", b""])
                self.assertEqual(receiver.receive(), Message(BINARY, b""))

    def test_frames_may_come_byte_by_byte(self):
        """[I15]"""
        mine, theirs = self.open("/ws/bytes")
        for sender, receiver in ((mine, theirs), (theirs, mine)):
            data = (sender.bytes_of(TEXT, "a" * 200) + sender.bytes_of(PING, b"p") + sender.bytes_of(BINARY, b"begin", fin=False)
                    + sender.bytes_of(CONTINUATION, b"end"))
            for size in (1, 3, len(data)):
                with self.subTest(f"{'client' if sender is mine else 'upstream'} {size}"):
                    sender.send_raw(data, size)
                    self.assertEqual([receiver.receive() for _ in range(3)],
                                     [Message(TEXT, b"a" * 200), Message(PING, b"p"), Message(BINARY, b"beginend")])

    def test_pings_and_pongs_go_from_end_to_end(self):
        mine, theirs = self.open("/ws/pings")
        for sender, receiver in ((mine, theirs), (theirs, mine)):
            for payload in (b"", b"p", b"x" * 125):
                sender.send(PING, payload)
                self.assertEqual(receiver.receive(), Message(PING, payload))
                receiver.send(PONG, payload)
                self.assertEqual(sender.receive(), Message(PONG, payload))
        mine.send(PONG, b"unasked")
        self.assertEqual(theirs.receive(), Message(PONG, b"unasked"))

    def test_D18_a_placeholder_in_a_frame_is_text(self):
        mine, theirs = self.open("/ws/inert")
        for opcode in (TEXT, BINARY):
            mine.send(opcode, json.dumps({"key": P}))
            self.assertEqual(theirs.receive(), Message(opcode, json.dumps({"key": P}).encode()))
        mine.send_fragments(TEXT, [P[:9], P[9:]])
        self.assertEqual(theirs.receive(), Message(TEXT, P.encode()))
        self.assertEqual(theirs.holds(V), [])
        self.assertEqual(len(self.proxy.decisions("/ws/inert")), 1)

    # --- the end ---
    def test_HP_12_the_close_handshake_goes_both_ways(self):
        for number, (code, reason) in enumerate(((1000, "bye"), (1001, ""), (3000, "x" * 123), (4999, "of my own"), (None, ""))):
            for first in ("client", "upstream"):
                path = f"/ws/close/{number}/{first}"
                with self.subTest(path):
                    mine, theirs = self.open(path)
                    sender, receiver = (mine, theirs) if first == "client" else (theirs, mine)
                    sender.send_close(code, reason)
                    came = receiver.receive()
                    self.assertEqual(came and (came.opcode, came.code, came.reason if code else ""), (CLOSE, code, reason))
                    receiver.send(CLOSE, came.data)
                    came = sender.receive()
                    self.assertEqual(came and (came.opcode, came.code), (CLOSE, code))
                    theirs.drop()  # the server ends the connection first (section 7.1.1)
                    self.assertTrue(mine.is_ended(), "the proxy did not end the client's connection")
                    self.assertEqual(self.ended_with(path)["status"], 101)

    def test_HP_12_either_sides_end_closes_the_other(self):
        for first in ("client", "upstream"):
            path = f"/ws/drop/{first}"
            with self.subTest(path):
                mine, theirs = self.open(path)
                mine.send_text("open")
                self.assertEqual(theirs.receive().text, "open")
                self.assertEqual(self.proxy.await_record(lambda r: r["type"] == "upstream_response" and r["status"] == 101 and
                                                         r["request_id"] == self.proxy.decision(path)["request_id"], 0.1), [])
                sender, receiver = (mine, theirs) if first == "client" else (theirs, mine)
                sender.drop()
                self.assertEqual([m for m in receiver.rest() if m.opcode != CLOSE], [])
                self.assertEqual(self.ended_with(path)["status"], 101)

    def test_a_bad_frame_of_the_client_ends_it_with_1002(self):
        cases = (row("not masked", frame(TEXT, MARK)), row("a ping not masked", frame(PING, MARK)), *bad_frames(M))
        for number, (name, data) in enumerate(cases):
            for size in (None, 1) if len(data) < 200 else (None,):
                with self.subTest(f"{name} {size}"):
                    mine, theirs = self.open(f"/ws/bad/client/{number}/{size}")
                    try:
                        mine.send_raw(data, size)
                    except OSError:
                        pass  # closed before the last byte
                    came = mine.receive_until_close()
                    self.assertEqual(came and came.code, 1002, came)
                    self.assertEqual([m for m in mine.rest() if m.opcode != CLOSE], [])
                    self.assertEqual([m for m in theirs.rest() if m.opcode != CLOSE], [])
                    self.assertEqual(theirs.holds(MARK), [], "a bad frame's text reached the upstream")

    def test_a_bad_frame_of_the_upstream_ends_the_client_with_1014(self):
        cases = (row("masked", frame(TEXT, MARK, mask=M)), row("a ping masked", frame(PING, MARK, mask=M)), *bad_frames(None))
        for number, (name, data) in enumerate(cases):
            with self.subTest(name):
                path = f"/ws/bad/upstream/{number}"
                mine, theirs = self.open(path)
                try:
                    theirs.send_raw(data, 1 if len(data) < 200 else None)
                except OSError:
                    pass
                came = mine.receive_until_close()
                self.assertEqual(came and came.code, 1014, came)
                self.assertTrue(mine.is_ended())
                self.assertEqual(mine.holds(MARK), [], "a bad frame's text reached the client")
                self.assertEqual([m for m in theirs.rest() if m.opcode != CLOSE], [])
                self.assertEqual(self.ended_with(path)["status"], 101)

    def test_what_came_before_a_bad_frame_is_delivered(self):
        mine, theirs = self.open("/ws/bad/before")
        mine.send_raw(mine.bytes_of(TEXT, "good") + frame(TEXT, MARK))
        self.assertEqual(mine.receive_until_close().code, 1002)
        self.assertEqual([m for m in theirs.rest() if m.opcode != CLOSE], [Message(TEXT, b"good")])

    # --- back-pressure ---
    def _sends_until_held(self, peer, seconds=5):
        """Sends until nothing more is taken; how many bytes were."""
        sock, sent, data = peer.wire.sock, 0, peer.bytes_of(BINARY, b"z" * 60000)
        sock.settimeout(0.5)
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                sock.sendall(data)
                sent += len(data)
        except OSError:
            return sent
        raise AssertionError(f"{sent} bytes were taken, and nobody read them")

    def test_who_does_not_read_holds_up_the_other_side(self):
        for reader in ("client", "upstream"):
            with self.subTest(reader):
                mine, theirs = self.open(f"/ws/held/{reader}")
                self.assertLess(self._sends_until_held(theirs if reader == "client" else mine), 64 * MIB)

    def test_who_reads_late_gets_all_of_it(self):
        data = bytes((n * 7 + n // 251) & 0xff for n in range(MIB)) * 12
        for reader in ("client", "upstream"):
            with self.subTest(reader):
                mine, theirs = self.open(f"/ws/late/{reader}")
                sender, receiver = (theirs, mine) if reader == "client" else (mine, theirs)
                sending = threading.Thread(target=sender.send, args=(BINARY, data))
                sending.start()
                time.sleep(0.5)  # so that the proxy's and the kernel's buffers fill
                came = receiver.receive()
                sending.join()
                self.assertTrue(came == Message(BINARY, data), "not what was sent")

    def test_a_side_that_goes_while_the_other_is_held_up_harms_nobody(self):
        for number in range(3):
            for reader in ("client", "upstream"):
                mine, theirs = self.open(f"/ws/reset/{number}/{reader}")
                self._sends_until_held(theirs if reader == "client" else mine)
                sock = (mine if reader == "client" else theirs).wire.sock
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.close()  # with a reset
                self.ended_with(f"/ws/reset/{number}/{reader}")
        mine, theirs = self.open("/ws/reset/after")
        mine.send_text("still here")
        self.assertEqual(theirs.receive().text, "still here")

    def test_many_connections_at_once_do_not_mix(self):
        ends = [self.open(f"/ws/many/{number}") for number in range(20)]
        for number, (mine, _) in enumerate(ends):
            mine.send_text(f"to {number}")
        for number, (mine, theirs) in enumerate(ends):
            self.assertEqual(theirs.receive().text, f"to {theirs.request.path.rsplit('/', 1)[1]}")
            theirs.send_text(f"from {number}")
            self.assertEqual(mine.receive().text, f"from {number}")

    # --- a client that exists ---
    @unittest.skipIf(subprocess.run([PYTHON, "-c", "import websocket"], capture_output=True, check=False).returncode,
                     "python3-websocket is not installed")
    def test_acceptance_X01_python_websocket_client(self):
        script = ("import os, websocket\n"
                  f"fields = ['Authorization: Bearer ' + os.environ['{K}']]\n"
                  f"s = websocket.create_connection('wss://{H}/ws/echo/python', header=fields, timeout=20)\n"
                  "s.send('text'); print(s.recv())\n"
                  "s.send_binary(b'x' * 100000); print(len(s.recv()))\n"
                  "s.ping(b'p'); s.send('more'); print(s.recv()); s.close(); print('closed')\n")
        url = f"http://{self.proxy.address}"
        done = subprocess.run([proxy.BINARY, "run", "--password-file", str(self.home.password_file), "--", "env",
                               f"https_proxy={url}", f"HTTPS_PROXY={url}", PYTHON, "-c", script],
                              env=proxy.clean_environment(KEYSWAP_HOME=self.home.path), capture_output=True, timeout=60, check=False)
        self.note("python stdout", done.stdout)
        self.note("python stderr", done.stderr)
        self.assertEqual(done.stdout.decode().split(), ["text", "100000", "more", "closed"], done.stderr.decode())
        self.assertEqual(self.recorder.one("/ws/echo/python").all("Authorization"), [f"Bearer {V}"])


class Stopping(OneProxy):
    """SIGTERM while a connection is open."""

    hosts = (H,)

    @classmethod
    def rules(cls):
        return {K: bearer(hosts=(H,), websocket=True)}

    def test_SIGTERM_tells_both_ends_1001_and_exits(self):
        upstream = websocket.Upstream(self.recorder)
        mine = websocket.open_socket(self.proxy, H, "/stop", AUTH)
        theirs = upstream.accept()
        self.addCleanup(theirs.drop)
        mine.send_text("x")
        self.assertEqual(theirs.receive().text, "x")
        began = time.monotonic()
        status = self.proxy.stop(20)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(status, 0, self.proxy.stderr)
        for end in (mine, theirs):
            came = end.receive_until_close()
            self.assertEqual(came and came.code, 1001)
            self.assertTrue(end.is_ended())
            self.assertEqual(end.problems, [])
        decision, = self.proxy.decisions("/stop")
        ended = [r for r in self.proxy.records() if r["type"] == "upstream_response" and r["request_id"] == decision["request_id"]]
        self.assertEqual([r["status"] for r in ended], [101])


if __name__ == "__main__":
    main()
