# SPDX-License-Identifier: Apache-2.0
"""Group HP: what a proxy passes on, what it drops, and what it never does twice."""

import concurrent.futures
import json
import threading
import time

from harness import client, recorder
from harness.case import H, H2, K, P, V, OneProxy, bearer, document, main, row

AUTH = ("Authorization", f"Bearer {P}")
HOST = f"Host: {H}\r\n".encode()


class Requests(OneProxy):
    hosts = (H, H2)

    def test_HP_01_hop_by_hop_fields_stay_on_their_hop(self):
        fields = [("Connection", "keep-alive, X-Hop, Authorization, Host"), ("X-Hop", "1"), ("Keep-Alive", "timeout=5"),
                  ("Proxy-Connection", "keep-alive"), ("Proxy-Authorization", "Basic eDp5"), ("TE", "trailers"), AUTH,
                  ("X-Stays", "yes")]
        answer = self.ask(H, target="/hp01/fields", headers=fields)
        self.assertEqual(answer.status, 200)
        seen = self.recorder.one("/hp01/fields")
        names = {name.lower() for name, _ in seen.headers}
        self.assertFalse(names & {"x-hop", "keep-alive", "proxy-connection", "proxy-authorization"}, seen.headers)
        self.assertEqual(seen.all("X-Stays"), ["yes"])
        # What the binding needs and what frames the message cannot be nominated away.
        self.assertEqual(seen.all("Host"), [H])
        self.assertEqual(seen.all("Authorization"), [f"Bearer {V}"])

    def test_HP_01_Content_Length_cannot_be_nominated_away(self):
        self.ask(H, "POST", "/hp01/length", [("Connection", "Content-Length, close")], b"hello")
        seen = self.recorder.one("/hp01/length")
        self.assertEqual((seen.all("Content-Length"), seen.body), (["5"], b"hello"))

    def test_HP_01_hop_by_hop_fields_of_a_response_stay_on_their_hop(self):
        self.recorder.says("/hp01/response", headers=[("Connection", "keep-alive, X-Hop"), ("X-Hop", "1"), ("Keep-Alive", "x"),
                                                      ("Proxy-Authenticate", "Basic"), ("X-Stays", "yes")])
        answer = self.ask(H, target="/hp01/response")
        names = {name.lower() for name, _ in answer.headers}
        self.assertFalse(names & {"x-hop", "keep-alive", "proxy-authenticate"}, answer.headers)
        self.assertEqual(answer.get("X-Stays"), "yes")

    def test_HP_01_a_WebSocket_that_no_binding_opens_is_refused(self):
        before = self.recorder.application_bytes
        answer = self.ask(H, target="/hp01/upgrade", headers=[("Connection", "Upgrade"), ("Upgrade", "websocket"), AUTH])
        self.refused(answer, 501, "upgrade_not_supported")
        self.assertEqual(self.recorder.application_bytes, before)

    def test_HP_01_any_other_upgrade_is_dropped_and_the_request_goes_on(self):
        """RFC 9110 section 7.8; curl --http2 sends such a head with each request, also with a body."""
        cases = ((("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABkAAQAAP__")),
                 (("Connection", "upgrade"), ("Upgrade", "TLS/1.0")), (("Upgrade", "h2c"),),
                 (("Connection", "Upgrade"), ("Upgrade", "websocket, h2c")), (("Connection", "Upgrade"), ("Upgrade", "")))
        for number, fields in enumerate(cases):
            for method, body in (("GET", b""), ("POST", b"hello")):
                with self.subTest(f"{method} {fields}"):
                    path = f"/hp01/dropped/{number}/{method}"
                    answer = self.ask(H, method, path, [*fields, AUTH], body)
                    self.assertEqual((answer.status, answer.body), (200, b"recorded"))
                    seen = self.recorder.one(path)
                    names = {name.lower() for name, _ in seen.headers}
                    self.assertFalse(names & {"upgrade", "connection", "http2-settings"}, seen.headers)
                    self.assertEqual((seen.all("Authorization"), seen.body), ([f"Bearer {V}"], body))

    def test_HP_01_a_switch_that_nobody_asked_for_is_not_passed_on(self):
        self.recorder.on("/hp01/granted", lambda request, connection: connection.send(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"))
        answer = self.ask(H, target="/hp01/granted", headers=[("Connection", "Upgrade"), ("Upgrade", "h2c"), AUTH])
        self.refused(answer, 502, "upstream_protocol_error")

    def test_HP_08_statuses_that_nobody_registered_pass(self):
        for status in (299, 418, 499, 599, 600, 799, 999):
            with self.subTest(status):
                self.recorder.says(f"/hp08/{status}", status, b"theirs", [], "Odd")
                answer = self.ask(H, target=f"/hp08/{status}", headers=[AUTH])
                self.assertEqual((answer.status, answer.body), (status, b"theirs"))
                ended = self.proxy.await_record(lambda r, status=status: r.get("status") == status)
                self.assertEqual(ended[-1]["outcome"], "complete")
        self.recorder.on("/hp08/interim", lambda request, connection: connection.send(
            b"HTTP/1.1 104 Upload Resumption Supported\r\nX-Resume: 1\r\n\r\nHTTP/1.1 199 x\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
        with self.proxy.tunnel(H) as wire:
            wire.send(b"GET /hp08/interim HTTP/1.1\r\n" + HOST + b"\r\n")
            first, second = wire.head(), wire.head()
            self.assertEqual((first.status, first.get("X-Resume"), second.status), (104, "1", 199))
            answer = wire.response()
        self.assertEqual((answer.status, answer.body), (200, b"ok"))

    def test_HP_02_bad_CONNECT_targets_answer_400(self):
        """[I3]"""
        for target in (H, f"{H}:", f"{H}:0", f"{H}:65536", f"{H}:443x", f"{H}:0443", f"{H}:+443", f"user@{H}:443", ":443",
                       f"http://{H}:443", f"{H}:443/", f"{H}%00:443", "[::1%25lo]:443", "2130706433:443", "0x7f.1:443",
                       "127.1:443", "0177.0.0.1:443", f".{H}:443", f"a..{H}:443", "a" * 64 + ".test:443", "*"):
            with self.subTest(target):
                with client.dial(self.proxy.port) as wire:
                    wire.send(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")
                    answer = wire.response()
                    self.assertIsNotNone(answer)
                    self.refused(answer, 400, "malformed_request")

    def test_HP_02_a_CONNECT_with_a_body_is_refused(self):
        for fields in ("Content-Length: 5", "Transfer-Encoding: chunked"):
            with self.subTest(fields), client.dial(self.proxy.port) as wire:
                wire.send(f"CONNECT {H}:443 HTTP/1.1\r\nHost: {H}:443\r\n{fields}\r\n\r\nhello")
                answer = wire.response()
                self.refused(answer, 400, "malformed_request")

    def test_HP_02_a_CONNECT_with_a_length_of_zero_has_no_body(self):
        with client.dial(self.proxy.port) as wire:
            wire.send(f"CONNECT {H}:443 HTTP/1.1\r\nHost: {H}:443\r\nContent-Length: 0\r\n\r\n")
            self.assertEqual(wire.head().status, 200)
            with client.start_tls(wire, H, self.home.ca) as inner:
                inner.send(client.request_bytes("GET", "/hp02/zero", H))
                self.assertEqual(inner.response().status, 200)

    def test_HP_02_other_schemes_and_user_information_answer_400(self):
        for target in (f"ftp://{H}/", f"http://user:pass@{H}/", f"https://user@{H}/", f"http://{H}/#f", "http:///x", f"//{H}/",
                       f"HTTP://{H}:0/", "*"):
            with self.subTest(target):
                answer = self.proxy.raw(f"GET {target} HTTP/1.1\r\nHost: {H}\r\n\r\n")
                self.refused(answer, 400, "malformed_request")

    def test_HP_02_HP_11_the_proxy_is_no_destination(self):
        """[I12]"""
        port = self.proxy.port
        for authority in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}", f"[::ffff:127.0.0.1]:{port}"):
            with self.subTest(authority):
                wire, answer = self.proxy.connect(authority)
                with wire:
                    self.assertEqual(answer.status, 403, answer)
                answer = self.proxy.raw(f"GET http://{authority}/healthz HTTP/1.1\r\nHost: {authority}\r\n\r\n")
                self.assertEqual(answer.status, 403, answer)

    def test_HP_03_Expect_is_answered_and_the_body_follows(self):
        @recorder.early
        def go_on(request, connection):
            self.assertEqual(request.get("Expect"), "100-continue")
            connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.read_body(request)
            connection.answer()
        self.recorder.on("/hp03/continue", go_on)
        with self.proxy.tunnel(H) as wire:
            wire.send(b"POST /hp03/continue HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            interim = wire.head()
            self.assertEqual(interim.status, 100)
            wire.send(b"hello")
            self.assertEqual(wire.response("POST").status, 200)
        self.assertEqual(self.recorder.one("/hp03/continue").body, b"hello")

    def test_HP_03_a_client_that_does_not_wait_for_the_100_is_served(self):
        with self.proxy.tunnel(H) as wire:
            wire.send(b"POST /hp03/never HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            self.assertTrue(self.recorder.wait(lambda: self.recorder.seen("/hp03/never")))
            wire.send(b"hello")
            self.assertEqual(wire.response("POST").status, 200)
        self.assertEqual(self.recorder.one("/hp03/never").body, b"hello")

    def test_HP_03_an_early_answer_ends_the_exchange(self):
        @recorder.early
        def refuse(request, connection):
            connection.answer(417 if request.path.endswith("417") else 200, b"early")
            raise recorder.CloseConnection
        self.recorder.on("/hp03/early", refuse)
        for status in (417, 200):
            with self.subTest(status), self.proxy.tunnel(H) as wire:
                wire.send(f"POST /hp03/early/{status} HTTP/1.1\r\n".encode() + HOST
                          + b"Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n")
                answer = wire.response("POST")
                self.assertEqual((answer.status, answer.body), (status, b"early"))

    def test_HP_04_interim_answers_do_not_confuse(self):
        self.recorder.sends("/hp04/few", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
                                         b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", close=False)
        answer = self.ask(H, target="/hp04/few")
        self.assertEqual((answer.status, answer.body), (200, b"ok"))
        for interim in answer.interim:
            self.assertIn(interim.status, (102, 103))

    def test_HP_04_too_many_interim_answers_give_502(self):
        """[I10]"""
        self.recorder.sends("/hp04/many", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3000 + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        answer = self.ask(H, target="/hp04/many")
        self.refused(answer, 502, "upstream_protocol_error")

    def test_HP_05_a_request_is_sent_once_whatever_happens(self):
        def vanish(_, connection):
            connection.reset()
        def close(_, connection):
            raise recorder.CloseConnection
        self.recorder.on("/hp05/reset", vanish)
        self.recorder.on("/hp05/close", close)
        for path, method in (("/hp05/reset", "POST"), ("/hp05/close", "POST"), ("/hp05/reset/get", "GET"), ("/hp05/close/get", "GET")):
            with self.subTest(path):
                answer = self.ask(H, method, path, [AUTH], b"x" if method == "POST" else b"")
                self.refused(answer, 502, "upstream_protocol_error")
                self.assertEqual(len(self.recorder.seen(path)) if path.endswith("get") else
                                 len([r for r in self.recorder.seen(path) if r.path == path]), 1)
                record = self.proxy.decision(path)
                self.assertEqual(record["decision"], "allowed")
                ended = self.proxy.await_record(lambda r: r["type"] == "upstream_response"
                                                and r["request_id"] == record["request_id"])
                self.assertEqual(len(ended), 1)
                self.assertNotEqual(ended[0]["status"], 200)

    def test_HP_05_answers_are_passed_on_and_not_acted_upon(self):
        for status, headers in ((401, [("WWW-Authenticate", "Basic")]), (302, [("Location", "https://evil.test/")]), (408, []),
                                (425, []), (503, [("Retry-After", "1")]), (407, []), (421, [])):
            with self.subTest(status):
                self.recorder.says(f"/hp05/{status}", status, b"theirs", headers, "Theirs")
                answer = self.ask(H, "POST", f"/hp05/{status}", [AUTH], b"x")
                self.assertEqual((answer.status, answer.body), (status, b"theirs"))
                self.assertIsNone(answer.get("Keyswap-Reason"))
                for name, value in headers:
                    if status != 407:
                        self.assertEqual(answer.get(name), value)
                self.assertEqual(len(self.recorder.seen(f"/hp05/{status}")), 1)

    def test_HP_05_the_client_leaving_aborts_the_upstream(self):
        gone = threading.Event()

        def wait(_, connection):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\npart")
            connection.sock.settimeout(15)
            if not connection.more():
                gone.set()
            raise recorder.CloseConnection
        self.recorder.on("/hp05/abort", wait)
        wire = self.proxy.tunnel(H)
        wire.send(client.request_bytes("GET", "/hp05/abort", H, [AUTH]))
        self.assertEqual(wire.head().status, 200)
        wire.close()
        self.assertTrue(gone.wait(15))
        record = self.proxy.decision("/hp05/abort")
        ended = self.proxy.await_record(lambda r: r["type"] == "upstream_response" and r["request_id"] == record["request_id"])
        self.assertEqual(ended[0]["outcome"], "client_gone")

    def test_HP_06_an_idle_connection_that_closes_never_makes_a_request_twice(self):
        """The upstream closes its kept connection just as the next POST is written."""
        for delay_ms in range(0, 40, 2):
            path = f"/hp06/{delay_ms}"

            def close_soon(request, connection, delay=delay_ms):
                connection.answer()
                if request.path.endswith("first"):
                    time.sleep(delay / 1000)
                    raise recorder.CloseConnection
            self.recorder.on(path, close_soon)
            with self.proxy.tunnel(H) as wire:
                wire.send(client.request_bytes("POST", f"{path}/first", H, [AUTH], b"1"))
                self.assertEqual(wire.response("POST").status, 200)
                time.sleep(delay_ms / 1000)
                wire.send(client.request_bytes("POST", f"{path}/second", H, [AUTH], b"2"))
                answer = wire.response("POST")
            with self.subTest(delay_ms):
                self.assertIn(answer.status, (200, 502), answer)
                self.assertLessEqual(len(self.recorder.seen(f"{path}/second")), 1)
                if answer.status == 200:
                    self.assertEqual(len(self.recorder.seen(f"{path}/second")), 1)

    def test_HP_07_an_answer_in_the_middle_of_an_upload_is_passed_on(self):
        @recorder.early
        def half(request, connection):
            while len(connection.unread) < 500_000 and connection.more():
                pass
            connection.unread = b""
            connection.answer(200, b"enough", [("Connection", "close")])
            while connection.more():  # a close with bytes unread would reset the connection, and lose the answer
                connection.unread = b""
            raise recorder.CloseConnection
        self.recorder.on("/hp07", half)
        with self.proxy.tunnel(H, timeout=30) as wire:
            wire.send(b"POST /hp07 HTTP/1.1\r\n" + HOST + b"Content-Length: 5000000\r\n\r\n")
            try:
                for _ in range(50):
                    wire.send(b"x" * 100_000)
            except OSError:
                pass
            answer = wire.response("POST")
            self.assertEqual((answer.status, answer.body), (200, b"enough"))
            # An answer that came before the upload's end is the last one; had all of it been taken by then
            # (socket buffers are large), the connection may go on.
            if answer.get("Connection") == "close":
                self.assertTrue(wire.is_closed())

    def test_HP_11_a_name_that_leads_to_the_proxy_itself_is_refused(self):
        """[I12] through upstream.resolve, which skips the address judgement."""
        content = document({K: bearer(K, P, (H, "loop.example.test"))}, recorder=self.recorder, hosts=(H,),
                           root=self.authority.certificate, resolve={"loop.example.test:443": self.proxy.address})
        self.home.bindings(content)
        try:
            self.assertTrue(self.proxy.reload()["accepted"])
            began = time.monotonic()
            answer = self.ask("loop.example.test", target="/hp11", headers=[AUTH])
            self.refused(answer, 403, "self_destination")
            self.assertLess(time.monotonic() - began, 5)
        finally:
            self.home.bindings(self.document())
            self.assertTrue(self.proxy.reload()["accepted"])


# What the upstream says -> what is wrong with it. Each gives 502, or an end that shows the truncation.
HOSTILE = [
    row("HP-08", "not HTTP", b"SSH-2.0-x\r\n\r\n"),
    row("HP-08", "HTTP/0.9", b"<html>hello</html>"),
    row("HP-08", "another version", b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
    row("HP-08", "no status", b"HTTP/1.1\r\n\r\n"),
    row("HP-08", "a status of two digits", b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
    row("HP-08", "a status of four digits", b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
    row("HP-08", "status 000", b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n"),
    row("HP-08", "two different lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
    row("HP-08", "length and chunked", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    row("HP-08", "an unknown coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello"),
    row("HP-08", "a list of codings", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    row("HP-08", "a negative length", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
    row("HP-08", "a folded field", b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n"),
    row("HP-08", "a bare LF", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
    row("HP-08", "a NUL", b"HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 0\r\n\r\n"),
    row("HP-08", "a field without a colon", b"HTTP/1.1 200 OK\r\nX-A\r\nContent-Length: 0\r\n\r\n"),
    row("HP-08", "a space before a colon", b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n"),
    row("HP-08", "a head without an end", b"HTTP/1.1 200 OK\r\nX-A: b\r\n"),
    row("HP-08", "a head of 512 KiB", b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"b" * 8000 + b"\r\n" * 1 + (b"X-B: " + b"c" * 8000 + b"\r\n") * 64 + b"\r\n"),
    row("HP-08", "a status line of 4 KiB", b"HTTP/1.1 200 " + b"O" * 4096 + b"\r\nContent-Length: 0\r\n\r\n"),
    row("HP-08", "101 without asking", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    row("HP-09", "a bare CR in a value", b"HTTP/1.1 200 OK\r\nX-A: b\rX-Evil: 1\r\nContent-Length: 0\r\n\r\n"),
    row("HP-09", "a bare CR in the reason", b"HTTP/1.1 200 OK\rX-Evil: 1\r\nContent-Length: 0\r\n\r\n"),
    row("HP-09", "CR CR LF", b"HTTP/1.1 200 OK\r\nX-A: b\r\r\nX-Evil: 1\r\nContent-Length: 0\r\n\r\n"),
]

CUT = [
    row("HP-08", "a length not reached", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
    row("HP-08", "a chunk cut off", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf"),
    row("HP-08", "no last chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
    row("HP-08", "a bad chunk size", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n"),
    row("HP-08", "spill after a chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalfXX0\r\n\r\n"),
]


class Responses(OneProxy):
    hosts = (H,)

    @classmethod
    def rules(cls):
        return {K: bearer()}

    def test_HP_08_HP_09_hostile_heads_become_502(self):
        """[I9]"""
        for number, (name, what, data) in enumerate(HOSTILE):
            with self.subTest(row=name, what=what):
                path = f"/hostile/{number}/"
                self.recorder.sends(path, data)
                answer = self.ask(H, target=path, headers=[AUTH])
                self.refused(answer, 502, "upstream_protocol_error")
                self.assertIsNone(answer.get("X-Evil"))
                self.assertEqual(len(self.recorder.seen(path)), 1)

    def test_HP_08_a_body_cut_off_is_seen_to_be_cut_off(self):
        for number, (name, what, data) in enumerate(CUT):
            with self.subTest(row=name, what=what):
                path = f"/cut/{number}/"
                self.recorder.sends(path, data)
                with self.proxy.tunnel(H) as wire:
                    wire.send(client.request_bytes("GET", path, H, [AUTH]))
                    answer = wire.response()
                    if answer.status == 200:
                        self.assertFalse(answer.complete, what)
                        self.assertTrue(wire.is_closed())
                    else:
                        self.refused(answer, 502, "upstream_protocol_error")
                record = self.proxy.decision(path)
                ended = self.proxy.await_record(lambda r: r["type"] == "upstream_response"
                                                and r["request_id"] == record["request_id"])
                self.assertIn(ended[0]["outcome"], ("truncated", "upstream_protocol_error"))

    def test_HP_08_surplus_bytes_never_reach_a_client(self):
        """[I9] A second, unasked answer behind the first must not answer the next request."""
        self.recorder.sends("/surplus", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                                        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", close=False)
        for turn in range(3):
            with self.proxy.tunnel(H) as wire:
                wire.send(client.request_bytes("GET", "/surplus", H, [AUTH]))
                self.assertEqual(wire.response().body, b"ok")
                wire.send(client.request_bytes("GET", f"/after/{turn}", H, [AUTH]))
                self.assertEqual(wire.response().body, b"recorded")

    def test_bodies_come_as_they_were_sent(self):
        body = bytes(range(256)) * 50
        chunked = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 777]), body[i:i + 777]) for i in range(0, len(body), 777)) + b"0\r\n\r\n"
        for path, data, close in (("/body/length", b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body, False),
                                  ("/body/chunked", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked, False),
                                  ("/body/close", b"HTTP/1.1 200 OK\r\n\r\n" + body, True),
                                  ("/body/http10", b"HTTP/1.0 200 OK\r\n\r\n" + body, True)):
            with self.subTest(path):
                self.recorder.sends(path, data, close)
                answer = self.ask(H, target=path)
                self.assertEqual(answer.body, body)
                self.assertTrue(answer.complete)

    def test_answers_without_a_body_have_none(self):
        self.recorder.sends("/none/204", b"HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n", close=False)
        self.recorder.sends("/none/304", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\nETag: x\r\n\r\n", close=False)
        self.recorder.sends("/none/head", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", close=False)
        with self.proxy.tunnel(H) as wire:
            for method, path, status in (("GET", "/none/204", 204), ("GET", "/none/304", 304), ("HEAD", "/none/head", 200),
                                         ("GET", "/none/after", 200)):
                with self.subTest(path):
                    wire.send(client.request_bytes(method, path, H))
                    answer = wire.response(method)
                    self.assertEqual(answer.status, status)
        self.assertEqual(len(self.recorder.seen("/none/")), 4)

    def test_pipelined_requests_are_answered_in_order(self):
        self.recorder.on("/pipe/", lambda request, connection: (
            time.sleep(0.05 if request.path.endswith("0") else 0), connection.answer(body=request.path)))
        with self.proxy.tunnel(H) as wire:
            wire.send(b"".join(client.request_bytes("GET", f"/pipe/{n}", H, [AUTH]) for n in range(20)))
            self.assertEqual([wire.response().body for _ in range(20)], [f"/pipe/{n}".encode() for n in range(20)])
        self.assertEqual([r.path for r in self.recorder.seen("/pipe/")], [f"/pipe/{n}" for n in range(20)])

    def test_trailers_of_a_response_are_dropped_or_whole(self):
        self.recorder.sends("/trailers", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n"
                                         b"2\r\nok\r\n0\r\nX-T: v\r\n\r\n", close=False)
        answer = self.ask(H, target="/trailers")
        self.assertEqual(answer.body, b"ok")
        self.assertIn(answer.trailers, ([], [("X-T", "v")]))

    def test_upstream_connections_are_reused_and_never_across_hosts(self):
        for turn in range(5):
            with self.proxy.tunnel(H) as wire:
                wire.send(client.request_bytes("GET", f"/reuse/{turn}", H, [AUTH]))
                self.assertEqual(wire.response().status, 200)
        self.assertEqual(len({r.connection.number for r in self.recorder.seen("/reuse/")}), 1)


class Coalescing(OneProxy):
    def test_TU_15_two_hosts_on_one_address_and_certificate_have_two_connections(self):
        for turn in range(3):
            for host in (H, H2):
                self.ask(host, target=f"/tu15/{turn}")
        for request in self.recorder.seen("/tu15/"):
            self.assertEqual(request.connection.sni, request.get("Host"))
        self.assertEqual(len({r.connection.number for r in self.recorder.seen("/tu15/")}), 2)


if __name__ == "__main__":
    main()
