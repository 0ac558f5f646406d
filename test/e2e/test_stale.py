# SPDX-License-Identifier: Apache-2.0
"""A server that closes a connection at rest just as the next request arrives on it."""

import json
import time

from harness.case import H, K, P, V, OneProxy, bearer, main, row
from harness import client

AUTH = [("Authorization", f"Bearer {P}")]
BYBIT, BP = "api.bybit.test", "bybit-PLACEHOLDER-0123456789abcdef"


class Stale(OneProxy):
    """Below /stale each connection answers once; what comes over it next is read, and the connection ends."""

    hosts = (H, BYBIT)
    secrets = {K: V, "BYBIT_KEY": "bybit-key-77aQ2mZx9L", "BYBIT_SECRET": "bybitSecret8Hd62kWq0ZtR"}

    @classmethod
    def rules(cls):
        signed = {"placeholder": BP, "inject": {"type": "bybit", "api_key": "BYBIT_KEY", "api_secret": "BYBIT_SECRET"},
                  "bindings": [{"host": BYBIT}]}
        return {K: bearer(quota={"requests": 1000, "per": "day"}), "BYBIT": signed}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.served = set()
        cls.recorder.on("/stale", cls.answer)

    @classmethod
    def answer(cls, request, connection):
        if connection.number in cls.served or "/always" in request.path:
            if "/half" in request.path:
                connection.send("HTTP/1.1 2")
            connection.reset()
            return
        cls.served.add(connection.number)
        connection.answer()

    def over_a_stale_one(self, host, method, target, headers=(), body=b""):
        """The answer to a request over a connection that has served one before."""
        with self.proxy.tunnel(host) as wire:
            wire.send(client.request_bytes("GET", "/stale/first", host, ()))
            self.assertEqual(wire.response().status, 200)
            wire.send(client.request_bytes(method, target, host, headers, body))
            answer = wire.response(method)
        self.assertIsNotNone(answer)
        self.note(target, answer.raw_head + answer.body)
        return answer

    def ended(self, target):
        """How it ended, each time that it was sent, once the last record is there."""
        number = self.proxy.decision(target)["request_id"]
        self.proxy.await_record(lambda r: r["type"] == "upstream_response" and r["request_id"] == number and
                                r["outcome"] != "sent_again")
        return [(r["status"], r["outcome"]) for r in self.proxy.records()
                if r["type"] == "upstream_response" and r["request_id"] == number]

    def test_a_safe_request_is_sent_once_more_and_recorded_so(self):
        """[I6] Its credential is written anew; one decision, and a record durable before each sending."""
        for method in ("GET", "HEAD", "OPTIONS"):
            with self.subTest(method):
                target = f"/stale/safe/{method}"
                self.assertEqual(self.over_a_stale_one(H, method, target, AUTH).status, 200)
                first, second = self.recorder.seen(target)
                self.assertNotEqual(first.connection.number, second.connection.number)
                self.assertEqual([r.get("Authorization") for r in (first, second)], [f"Bearer {V}"] * 2)
                self.assertEqual(self.ended(target), [(0, "sent_again"), (200, "complete")])

    def test_without_a_credential_just_as_well(self):
        self.assertEqual(self.over_a_stale_one(H, "GET", "/stale/plain").status, 200)
        self.assertEqual(len(self.recorder.seen("/stale/plain")), 2)

    def test_a_signed_request_is_signed_anew(self):
        answer = self.over_a_stale_one(BYBIT, "GET", "/stale/signed", [("X-BAPI-API-KEY", BP)])
        self.assertEqual(answer.status, 200)
        first, second = self.recorder.seen("/stale/signed")
        times = [int(r.get("X-BAPI-TIMESTAMP")) for r in (first, second)]
        self.assertLessEqual(times[0], times[1])
        self.assertLess(abs(time.time() - times[1] / 1000), 60)

    def test_what_is_not_safe_is_sent_once_and_the_answer_says_that_it_may_not_be_repeated(self):
        table = [
            row("post", "POST", (), b"x"),
            row("post-empty", "POST", [("Content-Length", "0")], b""),
            row("put", "PUT", (), b"x"),
            row("delete", "DELETE", (), b""),
            row("get-with-body", "GET", (), b"x"),
            row("override", "GET", [("X-HTTP-Method-Override", "DELETE")], b""),
        ]
        for name, method, headers, body in table:
            with self.subTest(name):
                target = f"/stale/once/{name}"
                answer = self.over_a_stale_one(H, method, target, headers, body)
                problem = self.refused(answer, 502, "upstream_protocol_error")
                self.assertIs(problem["retryable"], False)
                self.assertEqual(len(self.recorder.seen(target)), 1)
                self.assertEqual(self.ended(target), [(0, "upstream_protocol_error")])

    def test_no_request_is_sent_a_third_time_nor_after_a_byte_of_an_answer(self):
        answer = self.over_a_stale_one(H, "GET", "/stale/always/twice", AUTH)
        self.assertIs(self.refused(answer, 502, "upstream_protocol_error")["retryable"], True)
        self.assertEqual(len(self.recorder.seen("/stale/always/twice")), 2)
        self.refused(self.over_a_stale_one(H, "GET", "/stale/half/byte", AUTH), 502, "upstream_protocol_error")
        self.assertEqual(len(self.recorder.seen("/stale/half/byte")), 1)

    def test_over_a_new_connection_a_request_is_sent_once(self):
        answer = self.ask(H, "GET", "/stale/always/new?once", [("X-Own", "1"), *AUTH])
        self.assertIs(json.loads(answer.body)["retryable"], True)
        self.assertEqual(len(self.recorder.seen("/stale/always/new")), 1)


if __name__ == "__main__":
    main()
