# SPDX-License-Identifier: Apache-2.0
"""I16: a connection on which somebody logged in serves that client connection alone."""

import threading

from harness.case import H, K, P, V, OneProxy, bearer, main, row
from harness import client

NTLM_1, NTLM_2, NTLM_3 = "NTLM TlRMTVNTUAABAAAA", "NTLM TlRMTVNTUAACAAAA", "NTLM TlRMTVNTUAADAAAA"


class Accounts:
    """A server that authenticates connections (NTLM): once it has seen the third leg on one, everything that
    comes over it is that user's. Below /shared it answers anybody."""

    def __init__(self, listening, prefix):
        self.users = {}  # connection: who logged in on it
        self.lock = threading.Lock()
        listening.on(prefix, self.answer)

    def answer(self, request, connection):
        said = request.get("Authorization", "")
        if said.endswith("AADAAAA"):
            self.users[connection.number] = said
        if connection.number in self.users:
            connection.answer(body="logged in")
        elif said.startswith("NTLM"):
            connection.answer(401, b"", [("WWW-Authenticate", NTLM_2)], "Unauthorized")
        else:
            connection.answer(401, b"", [("WWW-Authenticate", "Basic realm=\"x, y\", ntlm")], "Unauthorized")


class LoggedIn(OneProxy):
    hosts = (H,)
    policy = "deny"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accounts = Accounts(cls.recorder, "/ntlm")

    def open(self):
        wire = self.proxy.tunnel(H)
        self.addCleanup(wire.close)
        return wire

    def ask_on(self, wire, target, *headers, method="GET"):
        wire.send(client.request_bytes(method, target, H, headers))
        answer = wire.response(method)
        self.assertIsNotNone(answer, target)
        self.note(target, answer.raw_head + answer.body)
        return answer

    def connection_of(self, target):
        return self.recorder.seen(target)[-1].connection

    def log_in(self, wire, path):
        self.assertEqual(self.ask_on(wire, path + "/1").status, 401)
        self.assertEqual(self.ask_on(wire, path + "/2", ("Authorization", NTLM_1)).get("WWW-Authenticate"), NTLM_2)
        self.assertEqual(self.ask_on(wire, path + "/3", ("Authorization", NTLM_3)).body, b"logged in")

    def test_a_login_of_three_legs_serves_whoever_made_it_and_nobody_else(self):
        """[I16]"""
        one, other = self.open(), self.open()
        self.log_in(one, "/ntlm/a")
        self.assertEqual(self.ask_on(one, "/ntlm/a/4").body, b"logged in")
        legs = {self.connection_of(f"/ntlm/a/{leg}").number for leg in (1, 2, 3, 4)}
        self.assertEqual(len(legs), 1, "the legs of one login went over several connections")
        for _ in range(3):
            self.assertEqual(self.ask_on(other, "/ntlm/b").status, 401)
        self.assertNotIn(self.connection_of("/ntlm/b").number, legs)
        # What else the client asks for on its connection goes there, too, and does not set it free.
        self.assertEqual(self.ask_on(one, "/elsewhere").status, 200)
        self.assertIn(self.connection_of("/elsewhere").number, legs)
        self.assertEqual(self.ask_on(other, "/ntlm/b").status, 401)
        self.assertEqual(self.ask_on(one, "/ntlm/a/5").body, b"logged in")

    def test_it_ends_with_the_client_connection(self):
        """[I16]"""
        one = self.open()
        self.log_in(one, "/ntlm/ends")
        connection = self.connection_of("/ntlm/ends/3")
        one.close()
        self.assertTrue(connection.ended.wait(5), "a connection that nobody may use is kept")

    def test_when_it_closes_the_next_request_gets_one_of_its_own(self):
        """[I16] Not one of those that all may use, and the new one is not given to all."""
        one, other = self.open(), self.open()
        self.log_in(one, "/ntlm/closes")
        connection = self.connection_of("/ntlm/closes/3")
        self.assertEqual(self.ask_on(other, "/pooled").status, 200)
        connection.reset()
        self.assertEqual(self.ask_on(one, "/ntlm/closes/4").status, 401)
        anew = self.connection_of("/ntlm/closes/4")
        self.assertNotIn(anew.number, (connection.number, self.connection_of("/pooled").number))
        self.assertEqual(self.ask_on(other, "/pooled/2").status, 200)
        self.assertEqual(self.ask_on(self.open(), "/pooled/3").status, 200)
        self.assertNotIn(anew.number, {self.connection_of("/pooled/2").number, self.connection_of("/pooled/3").number})
        self.log_in(one, "/ntlm/closes/again")

    def test_a_reload_ends_it(self):
        """[I16] [I14] What the bindings of before reached serves nobody any more, not even its own client."""
        one = self.open()
        self.log_in(one, "/ntlm/reload")
        connection = self.connection_of("/ntlm/reload/3")
        self.assertTrue(self.proxy.reload()["accepted"])
        self.assertTrue(connection.ended.wait(5), "a connection that nobody may use is kept")
        self.assertEqual(self.ask_on(one, "/ntlm/reload/4").status, 401)
        self.log_in(one, "/ntlm/reload/again")

    def test_every_sign_of_such_a_login_binds_the_connection(self):
        """[I16] Of either side, in any case, in a list, in a line of its own, in a 1xx."""
        table = [
            row("request-ntlm", [("Authorization", "ntlm TlRM")], []),
            row("request-negotiate", [("aUTHORIZATION", "NEGOTIATE YII=")], []),
            row("request-kerberos", [("Authorization", "Kerberos YII=")], []),
            row("negotiate", [], [("WWW-Authenticate", "Negotiate oYG2")]),
            row("a-list", [], [("WWW-Authenticate", 'Digest realm="a, b",NEGOTIATE')]),
            row("second-line", [], [("WWW-Authenticate", "Basic realm=x"), ("X", "y"), ("www-authenticate", "ntlm")]),
            row("persistent", [], [("Persistent-Auth", "TRUE")]),
            row("session-based", [], [("Proxy-Support", "session-based-authentication")]),
            row("proxy", [], [("Proxy-Authenticate", "NTLM")]),
        ]
        for name, sent, answered in table:
            with self.subTest(name):
                self.recorder.says(f"/sign/{name}", headers=answered)
                self.assertFalse(self.is_shared_after(f"/sign/{name}", sent))

        def early(_, connection):
            connection.send("HTTP/1.1 103 Early Hints\r\nWWW-Authenticate: Negotiate\r\n\r\n")
            connection.answer()
        self.recorder.on("/sign/early", early)
        self.assertFalse(self.is_shared_after("/sign/early", []))

    def test_logins_of_a_request_bind_nothing(self):
        """The control: what else there is of authentication leaves the connection to all."""
        table = [
            row("bearer", [("Authorization", "Bearer NTLM")], []),
            row("basic", [("Authorization", "Basic bnRsbTpudGxt")], [("WWW-Authenticate", 'Basic realm="NTLM, Negotiate"')]),
            row("no-token", [("X-Authorization", "NTLM x")], [("WWW-Authenticate", "NTLMv3, XNegotiate")]),
            row("each-time", [], [("Persistent-Auth", "false"), ("Proxy-Support", "none")]),
        ]
        for name, sent, answered in table:
            with self.subTest(name):
                self.recorder.says(f"/free/{name}", headers=answered)
                self.assertTrue(self.is_shared_after(f"/free/{name}", sent))

    def is_shared_after(self, target, sent):
        """Does a request of another client connection go over the connection that carried this one? Both client
        connections stay open."""
        one, other = self.open(), self.open()
        self.assertEqual(self.ask_on(one, target, *sent).status, 200)
        used = self.connection_of(target).number
        self.assertEqual(self.ask_on(other, target + "/other").status, 200)
        shared = self.connection_of(target + "/other").number == used
        self.assertEqual(self.ask_on(one, target + "/after").status, 200)
        self.assertEqual(self.connection_of(target + "/after").number, used)
        one.close()
        other.close()
        return shared


class Injected(OneProxy):
    """The credential that logs the connection in is ours: the client holds a placeholder."""

    @classmethod
    def rules(cls):
        rule = bearer()
        rule["inject"]["format"] = "Negotiate {" + K + "}"
        return {K: rule}

    def test_a_login_that_we_write_binds_the_connection_as_well(self):
        """[I16]"""
        one, other = self.proxy.tunnel(H), self.proxy.tunnel(H)
        with one, other:
            for wire, target, fields in ((one, "/in", [("Authorization", f"Bearer {P}")]), (other, "/out", [])):
                wire.send(client.request_bytes("GET", target, H, fields))
                self.assertEqual(wire.response().status, 200)
        self.assertEqual(self.recorder.one("/in").get("Authorization"), f"Negotiate {V}")
        self.assertNotEqual(self.recorder.one("/in").connection.number, self.recorder.one("/out").connection.number)


if __name__ == "__main__":
    main()
