# SPDX-License-Identifier: Apache-2.0
"""Budgets for language models: what a call may cost is taken before it leaves, what its answer says takes the place of
that, and nothing is given out twice: under concurrency, in streams that end early, over kill -9."""

import concurrent.futures
import gzip
import json
import os
import signal
import threading
import time

from harness import client
from harness.case import H, K, P, V, Case, bearer, document, main
from test_callers import add_caller, basic

CHAT, MESSAGES, GEMINI = "/v1/chat/completions", "/v1/messages", "/v1beta/models/mine:generateContent"
# A token costs a micro-dollar, whichever way it goes.
PRICES = {"mine": {"input": 1, "output": 1}}
HEADERS = [("Authorization", f"Bearer {P}"), ("Content-Type", "application/json")]
USAGE = {"prompt_tokens": 5, "completion_tokens": 6}


def chat(model="mine", tokens=100, **more):
    return json.dumps({"model": model, "max_tokens": tokens, "messages": [], **more}).encode()


def said(usage):
    return json.dumps({"choices": [], "usage": usage}).encode()


def events(*sent):
    return b"".join(b"data: " + (one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n\n" for one in sent)


class Budgets(Case):
    secrets = {K: V}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root, identity = cls.make_pki((H,))
        cls.recorder = cls.make_recorder(identity)
        cls.template = cls.make_home("template")
        cls.count = 0

    def home_with(self, budget, callers=()):
        type(self).count += 1
        home = self.copy_home(self.template, f"home{self.count}")
        self.tokens = {}
        for name in callers:
            self.tokens[name] = add_caller(home, name)
            type(self).secrets = {**self.secrets, f"token of {name}": self.tokens[name]}
        rule = bearer(K, P, (H,), budget={"prices": PRICES, **budget})
        more = {"callers": list(callers)} if callers else {}
        home.bindings(document({K: rule}, recorder=self.recorder, hosts=(H,), root=self.root.certificate, **more))
        return home

    def answers(self, body, type="application/json", status=200, headers=()):
        self.recorder.on("/", lambda request, connection: connection.answer(status, body, [("Content-Type", type), *headers]))

    def post(self, running, body, path=CHAT, **options):
        answer = running.ask(H, "POST", path, HEADERS, body, **options)
        if answer is not None:
            self.note(f"answer to {path}", answer.raw_head + answer.body)
        return answer

    def row(self, home, kind="budget_usd", caller=None):
        report = json.loads(home.must("limits", "show", "--json").stdout)
        found, = [row for row in report["limits"] if row["limit"] == kind and row["caller"] == caller]
        return found

    def await_used(self, home, wanted, kind="budget_usd", **options):
        """What an answer says is counted behind it."""
        end = time.monotonic() + 10
        while (row := self.row(home, kind, **options))["used"] != wanted and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(row["used"], wanted, row)
        return row

    def usage(self, running, count=1):
        end = time.monotonic() + 10
        while len(found := [r for r in running.records() if r["type"] == "model_usage"]) < count and time.monotonic() < end:
            time.sleep(0.02)
        self.assertGreaterEqual(len(found), count, found)
        return found[-1]

    def test_what_an_answer_says_is_what_is_counted(self):
        home = self.home_with({"usd_per_day": 1})
        running = self.start(home)
        used = count = 0
        for path, body, type, usage in (
                (CHAT, said(USAGE), "application/json", (5, 6)),
                (CHAT, events({"choices": [{"delta": {"content": "x"}}]}, {"choices": [], "usage": USAGE}, b"[DONE]"),
                 "text/event-stream", (5, 6)),
                ("/v1/responses", b'{"output":[],"usage":{"input_tokens":7,"output_tokens":8}}', "application/json", (7, 8)),
                ("/v1/responses", events({"type": "response.completed", "response": {
                    "usage": {"input_tokens": 7, "output_tokens": 8}}}), "text/event-stream", (7, 8)),
                (MESSAGES, b'{"content":[],"usage":{"input_tokens":9,"output_tokens":10}}', "application/json", (9, 10)),
                (MESSAGES, events({"message": {"usage": {"input_tokens": 9, "output_tokens": 1}}},
                                  {"usage": {"output_tokens": 10}}), "text/event-stream", (9, 10)),
                (GEMINI, b'{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4,"thoughtsTokenCount":5}}',
                 "application/json", (3, 9))):
            with self.subTest(path=path, type=type):
                self.answers(body, type)
                answer = self.post(running, chat(), path)
                self.assertEqual((answer.status, answer.body), (200, body))
                used, count = used + sum(usage), count + 1
                self.await_used(home, f"0.{used:06}".rstrip("0"))
                record = self.usage(running, count)
                self.assertEqual((record["model"], record["input"], record["output"]), ("mine", *usage))
                self.assertEqual((record["cost_usd"], record["secret"]), (f"0.{sum(usage):06}", K))
                self.assertNotIn("estimated", record)
        self.assertEqual(self.row(home)["tokens_today"], used)

    def test_an_answer_that_is_compressed_is_read_and_one_that_is_refused_costs_nothing(self):
        home = self.home_with({"usd_per_day": 1})
        running = self.start(home)
        self.answers(gzip.compress(said(USAGE)), headers=[("Content-Encoding", "gzip")])
        self.assertEqual(self.post(running, chat()).status, 200)
        self.await_used(home, "0.000011")
        self.answers(b'{"error": {}}', status=429)
        self.assertEqual(self.post(running, chat()).status, 429)
        self.await_used(home, "0.000011")

    def test_200_calls_at_once_do_not_overrun_a_cap(self):
        """What each may cost is taken before it leaves."""
        # Each is taken for 2 tokens in and 96 out, so that there is room for 51.
        home = self.home_with({"usd_per_day": "0.005"})
        running = self.start(home, threads=4)
        let_go = threading.Event()
        usage = {"prompt_tokens": 2, "completion_tokens": 96}
        body = chat(tokens=96)
        arrived = []

        def slow(request, connection):
            arrived.append(request)
            let_go.wait(110)
            connection.answer(200, said(usage), [("Content-Type", "application/json")])

        self.recorder.on("/", slow)
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            futures = [pool.submit(self.post, running, body, timeout=120) for _ in range(200)]
            # All that may be sent are under way before the first answer comes: the others are refused meanwhile.
            end = time.monotonic() + 100
            while sum(f.done() for f in futures) < 149 and time.monotonic() < end:
                time.sleep(0.02)
            let_go.set()
            got = [future.result().status for future in futures]
        self.assertEqual(sorted(set(got)), [200, 429])
        self.assertEqual(got.count(200), len(arrived))
        self.assertEqual(len(arrived), 51)
        self.await_used(home, "0.004998")

    def test_f44_a_budget_that_is_used_up_is_429_and_told_once_a_day(self):
        """F44"""
        home = self.home_with({"usd_per_day": "0.0001"})
        running = self.start(home)
        self.answers(said({"prompt_tokens": 40, "completion_tokens": 40}))
        self.assertEqual(self.post(running, chat(tokens=50)).status, 200)
        self.await_used(home, "0.00008")
        for _ in range(3):
            answer = self.post(running, chat(tokens=50))
            problem = self.refused(answer, 429, "budget_exceeded")
            self.assertIn("at most 0.0001 USD a day", problem["detail"])
            self.assertGreater(int(answer.get("Retry-After")), 0)
        self.assertEqual(self.post(running, chat(tokens=10)).status, 200)  # that fits
        passed = [r for r in running.records() if r["type"] == "budget_passed"]
        self.assertEqual([(r["secret"], r["budget"]) for r in passed], [(K, "usd_per_day")])
        self.assertTrue(running.await_stderr("the budget of KEY_ONE (usd_per_day) is used up"), running.stderr)

    def test_f44_a_budget_may_alert_alone(self):
        """F44"""
        home = self.home_with({"usd_per_day": "0.0001", "on_exceed": "alert"})
        running = self.start(home)
        self.answers(said({"prompt_tokens": 40, "completion_tokens": 60}))
        for _ in range(3):
            self.assertEqual(self.post(running, chat()).status, 200)
        self.await_used(home, "0.0003")
        self.assertEqual(len([r for r in running.records() if r["type"] == "budget_passed"]), 1)

    def test_a_stream_that_is_cut_is_estimated_and_marked(self):
        home = self.home_with({"usd_per_day": 1})
        running = self.start(home)
        begin = events({"message": {"usage": {"input_tokens": 30, "output_tokens": 1}}}, {"delta": {"text": "Hel"}})

        def cut(request, connection):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" +
                            b"%x\r\n%s\r\n" % (len(begin), begin))
            connection.reset()

        self.recorder.on("/", cut)
        self.post(running, chat(tokens=70), MESSAGES)
        record = self.usage(running)
        self.assertEqual((record["input"], record["output"], record["estimated"]), (30, 70, True))
        self.await_used(home, "0.0001")
        # The same where the stream says nothing of it to its end.
        self.answers(events({"choices": [{"delta": {"content": "x" * 300}}]}, b"[DONE]"), "text/event-stream")
        self.assertEqual(self.post(running, chat(tokens=70)).status, 200)
        record = self.usage(running, 2)
        self.assertEqual((record["output"], record["estimated"]), (100, True))

    def test_kill_9_gives_nothing_out_again(self):
        home = self.home_with({"usd_per_day": "0.0003"})
        running = self.start(home)
        arrived = threading.Event()

        def never(request, connection):
            arrived.set()
            connection.sock.recv(1)  # until the proxy is gone

        def one():
            try:
                return self.post(running, chat(tokens=197))
            except (OSError, AssertionError):
                return None

        self.recorder.on("/", never)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            asked = pool.submit(one)
            self.assertTrue(arrived.wait(30))
            os.kill(running.pid, signal.SIGKILL)
            running.kill()
            self.assertIsNone(asked.result())
        self.assertEqual(self.row(home)["used"], "0.0002")  # 3 tokens of it are the prompt
        running = self.start(home)
        self.answers(said(USAGE))
        self.refused(self.post(running, chat(tokens=197)), 429, "budget_exceeded")
        self.assertEqual(self.post(running, chat(tokens=50)).status, 200)
        self.await_used(home, "0.000211")

    def test_tokens_of_a_minute(self):
        home = self.home_with({"tokens_per_min": 1000})
        running = self.start(home)
        self.answers(said({"prompt_tokens": 500, "completion_tokens": 500}))
        refused = None
        # A minute may end between two of them, and not twice.
        for _ in range(4):
            answer = self.post(running, chat("no-price", tokens=900))
            if answer.status == 429:
                refused = answer
                break
            self.assertEqual(answer.status, 200)
        self.refused(refused, 429, "budget_exceeded")
        self.assertLessEqual(int(refused.get("Retry-After")), 60)
        self.assertIsNone(self.usage(running)["cost_usd"])

    def test_what_has_no_price_is_refused_and_each_caller_has_a_budget_of_its_own(self):
        home = self.home_with({"usd_per_day": "0.0002"}, callers=("ann", "bob"))
        running = self.start(home)
        self.answers(said({"prompt_tokens": 100, "completion_tokens": 100}))

        def ask(name, body):
            wire, answer = running.connect(f"{H}:443", fields=[basic(name, self.tokens[name])])
            self.assertEqual(answer.status, 200)
            with client.start_tls(wire, H, home.ca) as wire:
                wire.send(client.request_bytes("POST", CHAT, H, HEADERS, body))
                return wire.response("POST")

        self.refused(ask("ann", chat("no-price")), 403, "model_not_allowed")
        self.assertEqual(ask("ann", chat()).status, 200)
        self.await_used(home, "0.0002", caller="ann")
        self.refused(ask("ann", chat()), 429, "budget_exceeded")
        self.assertEqual(ask("bob", chat()).status, 200)
        self.assertEqual(self.usage(running, 2)["caller"], "bob")
        text = home.must("limits", "show").stdout.decode()
        self.assertIn("KEY_ONE (ann)", text)
        self.assertIn("0.0002 USD", text)


if __name__ == "__main__":
    main()
