# SPDX-License-Identifier: Apache-2.0
"""Connections at rest: whose they are, how many they are, and how long they rest."""

import contextlib
import os
import resource
import threading
import unittest

from harness import client
from harness.case import H, OneProxy, main
from test_callers import add_caller, basic


class Late:
    """An upstream that answers each request below `prefix` twice: the second time when the next one comes."""

    def __init__(self, listening, prefix):
        self.owed = {}
        listening.on(prefix, self.answer)

    def answer(self, request, connection):
        if connection.number in self.owed:
            connection.answer(body=self.owed[connection.number])
        self.owed[connection.number] = f"late, to {request.target}"
        connection.answer(body=f"to {request.target}")


class Owners(OneProxy):
    """What a connection carried for one does not get to another."""

    hosts = (H,)
    more = {"callers": ["ci", "agent"]}

    @classmethod
    def make_home(cls, name="home", secrets=None):
        home = super().make_home(name, secrets)
        cls.tokens = {caller: add_caller(home, caller) for caller in ("ci", "agent")}
        cls.secrets = {**cls.secrets, **{f"token of {k}": v for k, v in cls.tokens.items()}}
        return home

    def setUp(self):
        self.late = Late(self.recorder, f"/{self._testMethodName}")

    def ask_as(self, caller, target, user=contextlib.nullcontext()):
        with user:
            wire, answer = self.proxy.connect(f"{H}:443", fields=[basic(caller, self.tokens[caller])])
        self.assertEqual(answer.status, 200)
        with client.start_tls(wire, H, self.home.ca) as inside:
            inside.send(client.request_bytes("GET", f"/{self._testMethodName}/{target}", H))
            answer = inside.response()
        self.note(target, answer.raw_head + answer.body)
        return answer.body.decode()

    def told(self, target):
        return f"to /{self._testMethodName}/{target}"

    def test_an_answer_that_comes_late_gets_to_no_other_caller(self):
        """[I16]"""
        self.assertEqual(self.ask_as("ci", "one"), self.told("one"))
        self.assertEqual(self.ask_as("agent", "two"), self.told("two"))
        used = [r.connection.number for r in self.recorder.seen(f"/{self._testMethodName}")]
        self.assertEqual(len(set(used)), 2, "two callers on one connection")

    @unittest.skipUnless(os.geteuid() == 0, "being another user needs root")
    def test_an_answer_that_comes_late_gets_to_no_other_user(self):
        """[I16] Two users of the machine with one caller's token."""
        self.assertEqual(self.ask_as("ci", "one"), self.told("one"))
        self.assertEqual(self.ask_as("ci", "two", client.as_user(client.NOBODY)), self.told("two"))
        found = [(r["destination"]["path"], r["client"]["uid"]) for r in self.proxy.decisions(host=H)
                 if r["destination"].get("path", "").startswith(f"/{self._testMethodName}")]
        self.assertEqual([uid for _, uid in found], [0, client.NOBODY], found)

    def test_one_user_and_caller_share_what_they_have(self):
        """The control: the next client connection saves the handshake."""
        self.recorder.says("/shared")
        for _ in range(3):
            wire, _ = self.proxy.connect(f"{H}:443", fields=[basic("ci", self.tokens["ci"])])
            with client.start_tls(wire, H, self.home.ca) as inside:
                inside.send(client.request_bytes("GET", "/shared", H))
                self.assertEqual(inside.response().status, 200)
        self.assertEqual(len({r.connection.number for r in self.recorder.seen("/shared")}), 1)


class Many(OneProxy):
    """More clients than ever rested at once."""

    hosts = (H,)
    clients, rounds = 1000, 3

    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        cls.addClassCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        super().setUpClass()

    def test_as_many_connections_rest_as_were_in_use_at_once(self):
        """[I10] Every round all clients ask, and nobody is answered before all have asked."""
        gate = threading.Event()
        self.recorder.on("/round", lambda _, connection: gate.wait(120) and connection.answer())
        context, wires = client.tls_context(self.home.ca), []
        for _ in range(self.clients):
            wires.append(self.proxy.tunnel(H, timeout=60, context=context))
            self.addCleanup(wires[-1].close)
        made = []
        for number in range(self.rounds):
            for count, wire in enumerate(wires, 1):
                wire.send(client.request_bytes("GET", f"/round/{number}", H))
                if count % 50 == 0:  # so that no dial waits for this machine
                    self.assertTrue(self.recorder.wait(lambda: len(self.recorder.seen(f"/round/{number}")) == count, 30))
            gate.set()
            for wire in wires:
                self.assertEqual(wire.response().status, 200)
            gate.clear()
            made.append(len(self.recorder.connections) - sum(made))
        self.assertEqual(made[0], self.clients, made)
        again = self.clients * (self.rounds - 1)
        self.assertLessEqual(sum(made[1:]), again // 100, f"connections made a round: {made}")


class Resting(OneProxy):
    hosts = (H,)

    def ended(self, target, fields):
        """Asks once; the connection that served it."""
        self.recorder.says(target, headers=fields)
        self.assertEqual(self.ask(H, target=target).status, 200)
        return self.recorder.one(target).connection.ended

    def test_a_connection_is_given_up_before_its_server_gives_it_up(self):
        """`Keep-Alive: timeout=`; one second is no time to rest at all."""
        self.assertTrue(self.ended("/one", [("Keep-Alive", "timeout=1")]).wait(1))
        self.assertTrue(self.ended("/none-left", [("Keep-Alive", "timeout=60, max=0")]).wait(1))
        short = self.ended("/three", [("Keep-Alive", 'max=100, Timeout="3"')])
        self.assertFalse(short.wait(1), "closed long before the server's time")
        self.assertTrue(short.wait(4), "still open when the server has closed it")

    def test_where_a_server_says_nothing_fifteen_seconds_are_enough(self):
        """Servers that keep their connections for 20 s and more are common."""
        silent = self.ended("/silent", [])
        said = self.ended("/said", [("Keep-Alive", "timeout=300")])
        self.assertTrue(silent.wait(19) and said.wait(19))


if __name__ == "__main__":
    main()
