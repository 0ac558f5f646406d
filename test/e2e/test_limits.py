# SPDX-License-Identifier: Apache-2.0
"""Limits on the wire: the day's volume, rates, quotas, blocked endpoints and bodies, under concurrency, reloads and crashes."""

import base64
import concurrent.futures
import json
import os
import signal
import threading
import time
import unittest
import urllib.parse

from harness import client, exchange
from harness.case import H, H2, K, P, V, Case, bearer, document, main
from harness.clock import DAY, Clock
from harness.exchange import FAPI, PLACEHOLDER_SECRET, SECRET, SPOT, rule
from test_callers import add_caller

TRADER, SMALL, SWING = (f"BINANCE_PLACEHOLDER_{name}_0123456789" for name in ("TRADER", "SMALL", "SWING"))
CAP, EACH, ORDERS = 5000, 100, 200


def order_query(price=EACH, quantity=1, **more):
    return urllib.parse.urlencode({"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": price,
                                   "quantity": quantity, **more})


def order_bytes(placeholder=TRADER, path="/api/v3/order", host=SPOT, **parameters):
    return client.request_bytes("POST", f"{path}?{order_query(**parameters)}", host, [("X-MBX-APIKEY", placeholder)])


class LimitsCase(Case):
    """A home, an exchange and helpers; each test has a proxy of its own."""

    secrets = {**exchange.SECRETS, "SMALL_KEY": "apiKeyOfSmallForTests0123456789abcdef", K: V}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root, identity = cls.make_pki((*exchange.HOSTS, H, H2))
        cls.recorder = cls.make_recorder(identity)
        cls.exchange = exchange.Exchange(cls.recorder, {cls.secrets["SMALL_KEY"]: exchange.is_hmac})
        cls.template = cls.make_home("template")
        cls.count = 0

    def setUp(self):
        self.exchange.forget()
        self.exchange.script = lambda judged: None

    def tearDown(self):
        self.assertEqual(self.exchange.problems(), [])
        self.assertEqual(self.exchange.traces(SECRET, PLACEHOLDER_SECRET), [])

    def home_with(self, rules):
        type(self).count += 1
        home = self.copy_home(self.template, f"home{self.count}")
        home.bindings(self.document(rules))
        return home

    def document(self, rules):
        return document(rules, recorder=self.recorder, hosts=(*exchange.HOSTS, H, H2), root=self.root.certificate)

    def shown(self, home, kind="daily_volume", secret=None):
        """The rows of `keyswap limits show --json`."""
        report = json.loads(home.must("limits", "show", "--json").stdout)
        return [row for row in report["limits"] if row["limit"] == kind and secret in (None, row["secret"])]

    def caller(self, home, name):
        token = add_caller(home, name)
        type(self).secrets = {**self.secrets, f"token of {name}": token}
        return token

    def used(self, home, kind="daily_volume", secret=None):
        found, = self.shown(home, kind, secret)
        return found["used"]

    def await_used(self, home, wanted, seconds=10.0, **options):
        """What an answer gives back is given back behind it."""
        end = time.monotonic() + seconds
        while self.used(home, **options) != wanted and time.monotonic() < end:
            pass
        self.assertEqual(self.used(home, **options), wanted)

    def order(self, running, placeholder=TRADER, **parameters):
        host = parameters.get("host", SPOT)
        with running.tunnel(host) as wire:
            wire.send(order_bytes(placeholder, **parameters))
            answer = wire.response("POST")
        if answer is not None:
            self.note("answer", answer.raw_head + answer.body)
        return answer

    def orders_at_once(self, running, count=ORDERS, clients=40, during=None):
        """Statuses of `count` orders over connections that are all open before the first is sent; None: no answer."""
        def one(_):
            try:
                with running.tunnel(SPOT) as wire:
                    wire.send(order_bytes())
                    answer = wire.response("POST")
                    return None if answer is None else (answer.status, answer.get("Keyswap-Reason"))
            except (OSError, AssertionError):
                return None
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            futures = [pool.submit(one, number) for number in range(count)]
            if during is not None:
                during()
            return [future.result() for future in futures]


class Volume(LimitsCase):
    """daily_volume_usd."""

    def trading(self, cap=CAP, **scope):
        return self.home_with({"TRADER": rule(TRADER, daily_volume_usd=cap, **scope)})

    def refusals(self, running, count, reason="order_limit_exceeded"):
        """Every refusal has its record."""
        end = time.monotonic() + 10
        while True:
            found = [r for r in running.decisions() if r["decision"] == "refused" and r["reason"] == reason]
            if len(found) >= count or time.monotonic() > end:
                break
        self.assertEqual(len(found), count)

    def test_F27_200_orders_at_once_exactly_50_pass_over_4_loops(self):
        home = self.trading()
        running = self.start(home, threads=4)
        got = self.orders_at_once(running)
        self.assertEqual(got.count((200, None)), CAP // EACH, got)
        self.assertEqual(got.count((403, "order_limit_exceeded")), ORDERS - CAP // EACH)
        self.assertEqual(len(self.exchange.seen()), CAP // EACH)
        self.assertTrue(all(judged.is_signed for judged in self.exchange.seen()))
        self.refusals(running, ORDERS - CAP // EACH)
        shown, = self.shown(home)
        self.assertEqual((shown["used"], shown["left"], shown["per_day"], shown["unit"]), ("5000", "0", "5000", "USD"))
        self.assertEqual(running.stop(), 0)

    def test_F27_reloads_under_way_let_no_order_more_through(self):
        """[I14]"""
        home = self.trading()
        running = self.start(home, threads=4)

        def reload_often():
            for turn in range(6):
                # The entry changes a little each time: what was used stays.
                home.bindings(self.document({"TRADER": rule(TRADER, daily_volume_usd=CAP, max_order_usd=200 + turn)}))
                self.assertTrue(running.reload()["accepted"])
        got = self.orders_at_once(running, during=reload_often)
        self.assertEqual(got.count((200, None)), CAP // EACH, got)
        self.assertEqual(got.count((403, "order_limit_exceeded")), ORDERS - CAP // EACH)
        self.assertEqual(len(self.exchange.seen()), CAP // EACH)
        running.stop()

    def test_F26_F27_kill_9_and_a_restart_let_no_order_more_through(self):
        """What was counted before it was sent may be lost to the crash; more than the cap never leaves."""
        home = self.trading()
        sent = 0
        for turn in range(2):
            running = self.start(home, threads=4)
            wanted = sent + 10

            def kill():
                self.recorder.wait(lambda: len(self.exchange.seen()) >= wanted)
                os.kill(running.pid, signal.SIGKILL)
            # Few at a time, so that the crash loses few of what was counted.
            got = self.orders_at_once(running, 100, 8, during=kill)
            running.kill()
            sent = len(self.exchange.seen())
            self.assertIn(None, got, "it was not killed under way")
            self.assertGreaterEqual(sent, wanted)
            self.assertLessEqual(sent, CAP // EACH)
            self.assertGreaterEqual(float(self.used(home)), sent * EACH)
        running = self.start(home, threads=4)
        left = (CAP - int(float(self.used(home)))) // EACH
        got = self.orders_at_once(running, 100)
        self.assertEqual(got.count((200, None)), left)
        self.assertEqual(got.count((403, "order_limit_exceeded")), 100 - left)
        self.assertEqual(len(self.exchange.seen()), sent + left)
        self.assertLessEqual(sent + left, CAP // EACH)
        running.stop()

    def test_two_entries_of_one_key_share_the_days_volume_of_a_venues_account(self):
        def at(host, placeholder, **more):
            return {**rule(placeholder), "bindings": [{"host": host, "daily_volume_usd": 1000, **more}]}
        home = self.home_with({"TRADER": at(SPOT, TRADER), "SMALL": at("api1.binance.com", SMALL),
                               "SWING": at(FAPI, SWING, endpoints=["POST /fapi/v1/order"])})
        running = self.start(home)
        self.assertEqual(self.order(running, price=600).status, 200)
        other = {"placeholder": SMALL, "host": "api1.binance.com"}
        self.refused(self.order(running, **other, price=401), 403, "order_limit_exceeded")
        self.assertEqual(self.order(running, **other, price=400).status, 200)
        self.refused(self.order(running, price=1), 403, "order_limit_exceeded")
        # Another account of the same key.
        answer = self.order(running, SWING, path="/fapi/v1/order", host=FAPI, price=1000)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual([row["used"] for row in self.shown(home)], ["1000"] * 3)
        running.stop()

    def test_F26_600_and_600_against_1000_also_after_a_restart(self):
        home = self.trading(1000)
        running = self.start(home)
        self.assertEqual(self.order(running, price=600).status, 200)
        self.refused(self.order(running, price=600), 403, "order_limit_exceeded")
        self.assertEqual(running.stop(), 0)
        running = self.start(home)
        self.refused(self.order(running, price=600), 403, "order_limit_exceeded")
        self.assertEqual(self.order(running, price=400).status, 200)
        self.refused(self.order(running, price="0.01"), 403, "order_limit_exceeded")
        self.assertEqual(self.used(home), "1000")
        self.assertEqual(len(self.exchange.seen()), 2)
        running.stop()

    def test_F26_after_midnight_UTC_the_volume_begins_anew(self):
        home = self.trading(1000)
        clock = Clock(self.inputs / "clock-volume")
        running = self.start(home, env=clock.environment())

        def status(price):
            with running.tunnel(SPOT, context=clock.client_context()) as wire:
                wire.send(order_bytes(price=price))
                return wire.response("POST").status
        self.assertEqual([status(600), status(600)], [200, 403])
        clock.forward(DAY)
        self.assertEqual([status(600), status(600), status(400)], [200, 403, 200])
        self.assertEqual(len(self.exchange.seen()), 3)
        running.stop()

    def test_F28_what_the_exchange_refuses_is_given_back(self):
        home = self.trading(1000)
        running = self.start(home)
        for status in (400, 401, 403, 418, 429):
            with self.subTest(status):
                self.exchange.script = lambda judged, status=status: (status, {"code": -2010})
                self.assertEqual(self.order(running, price=900).status, status)
                self.await_used(home, "0")
        self.exchange.script = lambda judged: None
        self.assertEqual(self.order(running, price=1000).status, 200)
        self.assertEqual(self.used(home), "1000")
        running.stop()

    def test_F28_an_order_whose_outcome_is_not_known_stays_counted(self):
        home = self.trading(1000)
        running = self.start(home)
        self.exchange.script = lambda judged: (500, {})
        self.assertEqual(self.order(running, price=100).status, 500)
        self.exchange.script = lambda judged: (503, {})
        self.assertEqual(self.order(running, price=200).status, 503)
        self.exchange.script = lambda judged: "none"
        self.assertEqual(self.order(running, price=300).status, 502)
        running.await_record(lambda r: r["type"] == "upstream_response" and r["outcome"] == "upstream_protocol_error")
        self.exchange.script = lambda judged: None
        self.assertEqual(self.used(home), "600")
        self.assertEqual(len(self.exchange.seen()), 3, "an order was sent twice")
        self.refused(self.order(running, price=401), 403, "order_limit_exceeded")
        self.assertEqual(self.order(running, price=400).status, 200)
        running.stop()

    def test_F28_a_client_that_leaves_gets_nothing_back(self):
        home = self.trading(1000)
        running = self.start(home)
        arrived, go = threading.Event(), threading.Event()

        def late(judged):
            arrived.set()
            go.wait(20)
        self.exchange.script = late
        wire = running.tunnel(SPOT)
        wire.send(order_bytes(price=700))
        self.assertTrue(arrived.wait(20))
        wire.close()
        go.set()
        self.exchange.script = lambda judged: None
        self.refused(self.order(running, price=301), 403, "order_limit_exceeded")
        self.assertEqual(self.used(home), "700")
        running.stop()

    def test_F28_an_order_that_never_left_is_given_back(self):
        """Nobody listens: it cannot have been executed."""
        home = self.trading(1000)
        nobody = self.make_recorder()
        nobody.stop()
        changed = self.document({"TRADER": rule(TRADER, daily_volume_usd=1000)})
        changed["upstream"]["resolve"][f"{SPOT}:443"] = nobody.address
        home.bindings(changed)
        running = self.start(home)
        self.refused(self.order(running, price=900), 502, "upstream_connect_failed")
        self.await_used(home, "0")
        running.stop()

    def test_a_test_order_is_held_to_the_order_limit_and_counts_for_no_day(self):
        home = self.trading(1000, max_order_usd=900)
        running = self.start(home)
        for _ in range(3):
            self.assertEqual(self.order(running, path="/api/v3/order/test", price=900).status, 200)
        self.refused(self.order(running, path="/api/v3/order/test", price="900.01"), 403, "order_limit_exceeded")
        self.assertEqual(self.used(home), "0")
        running.stop()

    def test_the_exact_boundary_to_the_eighth_decimal(self):
        home = self.trading(1000)
        running = self.start(home)
        self.assertEqual(self.order(running, price="999.99999999").status, 200)
        self.assertEqual(self.used(home), "999.99999999")
        self.refused(self.order(running, price="0.00000002"), 403, "order_limit_exceeded")
        self.refused(self.order(running, price="0.000000011"), 403, "order_limit_exceeded")  # rounded up
        self.assertEqual(self.order(running, price="0.00000001").status, 200)
        running.stop()

    def test_volumes_are_those_of_one_key(self):
        home = self.home_with({"TRADER": rule(TRADER, daily_volume_usd=100), "SMALL": rule(SMALL, inject={"api_key": "SMALL_KEY"}, daily_volume_usd=100)})
        running = self.start(home)
        self.assertEqual(self.order(running).status, 200)
        self.refused(self.order(running), 403, "order_limit_exceeded")
        self.assertEqual(self.order(running, SMALL).status, 200)
        self.assertEqual((self.used(home, secret="TRADER"), self.used(home, secret="SMALL")), ("100", "100"))
        running.stop()

    def test_a_batch_counts_as_the_sum_and_is_given_back_as_one(self):
        scope = {"hosts": "binance.futures", "endpoints": ["POST /fapi/v1/batchOrders"], "daily_volume_usd": 500}
        home = self.home_with({"SWING": rule(SWING, **scope)})
        running = self.start(home)

        def batch(*prices):
            orders = json.dumps([{"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "price": str(p), "quantity": "1"} for p in prices])
            body = urllib.parse.urlencode({"batchOrders": orders, "timestamp": 1}).encode()
            return running.ask(FAPI, "POST", "/fapi/v1/batchOrders", [("X-MBX-APIKEY", SWING), (
                "Content-Type", "application/x-www-form-urlencoded")], body)
        self.exchange.script = lambda judged: (400, {"code": -1})
        self.assertEqual(batch(200, 200).status, 400)
        self.await_used(home, "0")
        self.exchange.script = lambda judged: None
        self.assertEqual(batch(200, 200).status, 200)
        self.refused(batch(50, "50.01"), 403, "order_limit_exceeded")
        self.assertEqual(self.used(home), "400")
        self.assertEqual(batch(50, 50).status, 200)
        running.stop()

    def test_a_reload_changes_the_cap_and_keeps_what_was_used(self):
        """[I14]"""
        home = self.trading(1000)
        running = self.start(home, threads=2)
        self.assertEqual(self.order(running, price=600).status, 200)
        for cap, price, status in ((500, 1, 403), (700, 101, 403), (700, 100, 200), (2000, 1300, 200)):
            with self.subTest(f"cap {cap}, order {price}"):
                home.bindings(self.document({"TRADER": rule(TRADER, daily_volume_usd=cap)}))
                self.assertTrue(running.reload()["accepted"])
                self.assertEqual(self.order(running, price=price).status, status)
        self.assertEqual(self.used(home), "2000")
        running.stop()

    def test_the_route_of_the_exchange_and_the_proxy_share_the_volume(self):
        home = self.trading(1000)
        token = self.caller(home, "bot")
        running = self.start(home, threads=2)

        def by_route(price):
            return running.raw(client.request_bytes("POST", f"/binance/api/v3/order?{order_query(price)}", running.address,
                                                    [("Keyswap-Caller", token)]), method="POST")
        self.assertEqual(by_route(600).status, 200)
        self.refused(self.order(running, price=401), 403, "order_limit_exceeded")
        self.assertEqual(self.order(running, price=300).status, 200)
        self.refused(by_route("100.01"), 403, "order_limit_exceeded")
        self.assertEqual(by_route(100).status, 200)
        self.assertEqual(self.used(home), "1000")
        self.assertEqual([judged.is_signed for judged in self.exchange.seen()], [True] * 3)
        for judged in self.exchange.seen():
            self.assertEqual(judged.request.all("Keyswap-Caller"), [])
            self.assertEqual(judged.request.all("Host"), [SPOT])
        self.refused(running.raw(client.request_bytes("POST", "/binance/sapi/v1/capital/withdraw/apply?coin=BTC", running.address,
                                                      [("Keyswap-Caller", token)]), method="POST"), 403, "endpoint_blocked")
        running.stop()

    def test_a_refused_order_costs_neither_volume_nor_a_token(self):
        home = self.home_with({"TRADER": rule(TRADER, daily_volume_usd=150, rate_limit={"requests": 2, "per": "1d"})})
        running = self.start(home)
        self.assertEqual(self.order(running, price=100).status, 200)
        for _ in range(5):
            self.refused(self.order(running, price=51), 403, "order_limit_exceeded")
        self.assertEqual(self.order(running, price=50).status, 200)
        self.refused(self.order(running, price=51), 429, "rate_limited")
        self.assertEqual(self.used(home), "150")
        running.stop()


class Rates(LimitsCase):
    """rate_limit, quota, blocked, max_body; of a plain rule."""

    def setUp(self):
        super().setUp()
        self.exchange.checks.setdefault(None, lambda *_: False)

    def ask(self, running, method="GET", target="/r", host=H, placeholder=P, body=b"", headers=()):
        answer = running.ask(host, method, target, [("Authorization", f"Bearer {placeholder}"), *headers], body)
        self.note("answer", answer.raw_head + answer.body)
        return answer

    def kept(self, answer):
        self.note("answer", answer.raw_head + answer.body)
        return answer

    def limited(self, answer, reason="rate_limited"):
        problem = self.refused(answer, 429, reason)
        seconds = int(answer.get("Retry-After"))
        self.assertEqual(problem["retry_after_seconds"], seconds)
        self.assertTrue(problem["retryable"])
        return seconds

    def test_F34_two_per_10_seconds(self):
        home = self.home_with({K: bearer(rate_limit={"requests": 2, "per": "10s"})})
        clock = Clock(self.inputs / "clock-rate")
        running = self.start(home, threads=2, env=clock.environment())

        def ask():
            with running.tunnel(H, context=clock.client_context()) as wire:
                wire.send(client.request_bytes("GET", "/f34/clock", H, [("Authorization", f"Bearer {P}")]))
                return wire.response()
        self.assertEqual([ask().status, ask().status], [200, 200])
        self.assertIn(self.limited(ask()), (4, 5))
        clock.forward(5)
        self.assertEqual([ask().status, ask().status], [200, 429])
        clock.forward(10)
        self.assertEqual([ask().status for _ in range(3)], [200, 200, 429])
        clock.forward(1000)  # never more than 2 saved up
        self.assertEqual([ask().status for _ in range(3)], [200, 200, 429])
        self.assertEqual(len(self.recorder.seen("/f34/clock")), 7)
        running.stop()

    def test_F34_Retry_After_is_true(self):
        """With the real clock: waiting as told is enough, and half of it is not."""
        home = self.home_with({K: bearer(rate_limit={"requests": 1, "per": "2s"})})
        running = self.start(home)
        self.assertEqual(self.ask(running).status, 200)
        began = time.monotonic()
        seconds = self.limited(self.ask(running))
        self.assertIn(seconds, (1, 2))
        while self.ask(running).status == 429:
            self.assertLess(time.monotonic() - began, seconds + 1)
        self.assertGreater(time.monotonic() - began, 1)
        running.stop()

    def test_F34_many_at_once_over_4_loops_and_reloads(self):
        home = self.home_with({K: bearer(rate_limit={"requests": 30, "per": "1d"})})
        running = self.start(home, threads=4)

        def one(number):
            if number % 25 == 7:
                running.reload()
            return self.ask(running, target=f"/f34-many/{number}").status
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            got = list(pool.map(one, range(100)))
        self.assertEqual((got.count(200), got.count(429)), (30, 70))
        self.assertEqual(len(self.recorder.seen("/f34-many/")), 30)
        records = [r for r in running.await_decisions(count=100) if r["destination"]["path"].startswith("/f34-many/")]
        self.assertEqual(sorted(r["reason"] for r in records), ["binding_matched"] * 30 + ["rate_limited"] * 70)
        running.stop()

    def test_F35_0_is_no_limit(self):
        home = self.home_with({K: bearer(rate_limit={"requests": 0, "per": "1d"})})
        running = self.start(home)
        self.assertEqual({self.ask(running).status for _ in range(20)}, {200})
        running.stop()

    def test_a_bucket_for_each_caller_and_one_quota_for_all(self):
        home = self.home_with({K: bearer(rate_limit={"requests": 2, "per": "1d"}, quota={"requests": 3, "per": "day"})})
        tokens = {name: self.caller(home, name) for name in ("one", "two")}
        made = self.document({K: bearer(rate_limit={"requests": 2, "per": "1d"}, quota={"requests": 3, "per": "day"})})
        home.bindings({**made, "callers": ["one", "two"]})
        running = self.start(home, threads=2)

        def ask(name):
            word = base64.b64encode(f"{name}:{tokens[name]}".encode()).decode()
            return self.kept(running.raw(client.request_bytes("GET", f"https://{H}/callers/{name}", H, [
                ("Proxy-Authorization", f"Basic {word}"), ("Authorization", f"Bearer {P}")])))
        self.assertEqual([ask("one").status, ask("one").status], [200, 200])
        self.limited(ask("one"))
        self.assertEqual(ask("two").status, 200)
        self.limited(ask("two"), "quota_exceeded")
        record = running.await_decisions("/callers/two", count=2)[-1]
        self.decided(record, "refused", "quota_exceeded", K)
        self.assertEqual(record["client"]["caller"], "two")
        running.stop()

    def test_F36_a_bucket_for_each_entry(self):
        home = self.home_with({K: {**bearer(), "bindings": [
            {"host": host, "rate_limit": {"requests": 1, "per": "1d"}} for host in (H, H2)]}})
        running = self.start(home)
        self.assertEqual(self.ask(running).status, 200)
        self.limited(self.ask(running))
        self.assertEqual(self.ask(running, host=H2).status, 200)
        self.limited(self.ask(running, host=H2))
        running.stop()

    def test_a_request_without_the_placeholder_costs_nothing(self):
        home = self.home_with({K: bearer(rate_limit={"requests": 1, "per": "1d"})})
        running = self.start(home)
        for _ in range(3):
            self.assertEqual(self.ask(running, placeholder="none").status, 200)
        self.assertEqual(self.ask(running).status, 200)
        running.stop()

    def test_quota_survives_restarts_and_crashes(self):
        home = self.home_with({K: bearer(quota={"requests": 5, "per": "day"})})
        for turn in range(2):
            running = self.start(home, threads=2)
            self.assertEqual([self.ask(running).status for _ in range(2)], [200, 200])
            running.kill() if turn else running.stop()
        running = self.start(home)
        self.assertEqual(self.used(home, "quota"), 4)
        self.assertEqual(self.ask(running).status, 200)
        self.assertGreater(self.limited(self.ask(running), "quota_exceeded"), 0)
        self.assertTrue(running.reload()["accepted"])
        self.limited(self.ask(running), "quota_exceeded")
        shown, = self.shown(home, "quota")
        self.assertEqual((shown["used"], shown["left"], shown["per_day"]), (5, 0, 5))
        running.stop()

    def test_quota_under_concurrency(self):
        home = self.home_with({K: bearer(quota={"requests": 20, "per": "day"})})
        running = self.start(home, threads=4)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            got = list(pool.map(lambda n: self.ask(running, target=f"/quota/{n}").status, range(80)))
        self.assertEqual((got.count(200), got.count(429)), (20, 60))
        self.assertEqual(len(self.recorder.seen("/quota/")), 20)
        running.stop()

    def test_F33_blocked_endpoints(self):
        blocked = ["DELETE /repos/*", "PUT /repos/*/admin/*", "* /secret/*"]
        home = self.home_with({K: bearer(blocked=blocked)})
        running = self.start(home)
        for method, target in (("DELETE", "/repos/a"), ("DELETE", "/repos/a/b"), ("DELETE", "/repos/a?x=/y"), ("PUT", "/repos/o/admin/x"),
                               ("DELETE", "/REPOS/a"), ("DELETE", "/%72epos/a"), ("DELETE", "/x/../repos/a"), ("DELETE", "//repos/a"),
                               ("DELETE", "/repos%2fa"), ("GET", "/secret/x"), ("PUT", "/repos/o/p/admin/x/y")):
            with self.subTest(f"{method} {target}"):
                before = len(self.recorder.seen())
                self.refused(self.ask(running, method, target), 403, "endpoint_blocked")
                self.assertEqual(len(self.recorder.seen()), before)
                record = running.await_decisions(target.split("?")[0])[-1]
                self.decided(record, "refused", "endpoint_blocked", K)
        for method, target in (("GET", "/repos/a"), ("DELETE", "/repos"), ("POST", "/repos/o/admin/x"), ("PUT", "/repos/o/x?/admin/x")):
            with self.subTest(f"{method} {target}"):
                self.assertEqual(self.ask(running, method, target).status, 200)
        running.stop()

    def test_F33_a_blocked_call_costs_no_token(self):
        home = self.home_with({K: bearer(blocked=["DELETE /*"], rate_limit={"requests": 2, "per": "1d"},
                                         quota={"requests": 2, "per": "day"}, max_body="10")})
        running = self.start(home)
        for _ in range(5):
            self.refused(self.ask(running, "DELETE", "/x"), 403, "endpoint_blocked")
            self.refused(self.ask(running, "POST", "/x", body=b"x" * 11), 413, "body_too_large")
        self.assertEqual(self.used(home, "quota"), 0)
        self.assertEqual([self.ask(running).status for _ in range(3)], [200, 200, 429])
        running.stop()

    def test_F37_a_variable_is_no_vault_entry(self):
        """[I13]"""
        home = self.home_with({"ABSENT": {**bearer("ABSENT"), "placeholder": P}})
        running = self.start(home, env={"ABSENT": "from-the-environment-0123456789"})
        before = self.recorder.application_bytes
        self.refused(self.ask(running, target="/f37"), 503, "secret_unavailable")
        self.assertEqual(self.recorder.application_bytes, before)
        self.decided(running.decision("/f37"), "refused", "secret_unavailable", "ABSENT")
        running.stop()

    def test_max_body(self):
        home = self.home_with({K: bearer(max_body="1KiB")})
        running = self.start(home)
        self.assertEqual(self.ask(running, "POST", "/body/fits", body=b"x" * 1024).status, 200)
        self.refused(self.ask(running, "POST", "/body/over", body=b"x" * 1025), 413, "body_too_large")
        self.assertEqual(self.recorder.seen("/body/over"), [])
        self.decided(running.decision("/body/over"), "refused", "body_too_large", K)
        # Chunked: found out on the way; never a whole request at the upstream.
        with running.tunnel(H) as wire:
            wire.send(f"POST /body/chunked HTTP/1.1\r\nHost: {H}\r\nAuthorization: Bearer {P}\r\nTransfer-Encoding: chunked\r\n\r\n")
            try:
                wire.send(b"400\r\n" + b"x" * 1024 + b"\r\n400\r\n" + b"x" * 1024 + b"\r\n0\r\n\r\n")
                answer = wire.response("POST")
            except OSError:
                answer = None
        self.assertTrue(answer is None or answer.status == 413, answer)
        self.assertEqual([r for r in self.recorder.seen("/body/chunked") if r.complete], [])
        running.stop()

    def test_max_body_of_a_signed_request(self):
        home = self.home_with({"TRADER": rule(TRADER, max_body="300")})
        running = self.start(home)
        for size, status in ((100, 200), (400, 413)):
            body = (order_query() + "&newClientOrderId=").encode()
            body += b"x" * (size - len(body))
            answer = running.ask(SPOT, "POST", "/api/v3/order", [("X-MBX-APIKEY", TRADER), (
                "Content-Type", "application/x-www-form-urlencoded")], body)
            self.assertEqual(answer.status, status, answer)
        self.assertEqual(len(self.exchange.seen()), 1)
        running.stop()

    def test_limits_show_names_each_limit(self):
        home = self.home_with({K: bearer(rate_limit={"requests": 7, "per": "1m"}, quota={"requests": 9, "per": "day"}),
                               "TRADER": rule(TRADER, daily_volume_usd="1234.5")})
        running = self.start(home)
        self.ask(running)
        self.order(running, price="34.5")
        report = json.loads(home.must("limits", "show", "--json").stdout)
        self.assertRegex(report["resets"], r"^\d{4}-\d\d-\d\dT00:00:00")
        rows = {(row["secret"], row["limit"]): row for row in report["limits"]}
        self.assertEqual((rows[K, "rate_limit"]["requests"], rows[K, "rate_limit"]["per_seconds"]), (7, 60))
        self.assertEqual((rows[K, "quota"]["used"], rows[K, "quota"]["left"]), (1, 8))
        self.assertEqual([rows["TRADER", "daily_volume"][key] for key in ("per_day", "used", "left")], ["1234.5", "34.5", "1200"])
        text = home.must("limits", "show").stdout.decode()
        self.assertIn("TRADER", text)
        self.assertIn("1200", text)
        running.stop()


if __name__ == "__main__":
    main()
