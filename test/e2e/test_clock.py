# SPDX-License-Identifier: Apache-2.0
"""Upstreams whose clock is not ours: noticed, recorded, and followed where a venue takes only its own time."""

import email.utils
import http.client
import threading
import time

from harness import client, exchange
from harness.case import Case, document, main
from harness.clock import Clock
from harness.exchange import SPOT, SPOT2, rule

BEHIND, FAR, CACHED = SPOT, SPOT2, "api2.binance.com"
HOSTS = (BEHIND, FAR, CACHED)
PLACEHOLDER = "BINANCE_PLACEHOLDER_CLOCK_0123456789"
ORDER = "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=5"
DAY = 86_400


class Clocks(Case):
    secrets = exchange.SECRETS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority, identity = cls.make_pki(HOSTS)
        cls.recorder = cls.make_recorder(identity)
        cls.ahead, cls.fields, cls.judged, cls.lock = {}, {}, [], threading.Lock()
        cls.recorder.on("/", cls.answer)
        cls.template = cls.make_home()
        cls.template.bindings(document({"TRADE": rule(PLACEHOLDER)}, recorder=cls.recorder, hosts=HOSTS,
                                       root=cls.authority.certificate))

    @classmethod
    def answer(cls, request, connection):
        """As a venue whose clock is so many seconds ahead of this machine's."""
        host = request.get("Host")
        with cls.lock:
            cls.judged.append(exchange.Judged(request, exchange.is_hmac))
        date = email.utils.formatdate(time.time() + cls.ahead.get(host, 0), usegmt=True)
        connection.answer(200, "{}", [("Date", date), *cls.fields.get(host, ())])

    def order(self, proxy, host, query=ORDER):
        """What came of an order: (its timestamp, its decision's record)."""
        path = "/api/v3/order"
        with self.lock:
            self.judged.clear()
        known = len(proxy.decisions(path, host=host))
        answer = proxy.ask(host, "POST", f"{path}?{query}", [("X-MBX-APIKEY", PLACEHOLDER)])
        self.assertEqual(answer.status, 200, answer)
        self.note("answer", answer.raw_head + answer.body)
        with self.lock:
            seen, = self.judged
        self.assertTrue(seen.is_signed)
        self.assertIsNone(seen.problem)
        record = proxy.await_decisions(path, count=known + 1, host=host)[-1]
        self.decided(record, "allowed", "binding_matched")
        return int(seen.parameter("timestamp")), record

    def told(self, proxy, host):
        return proxy.await_record(lambda r: r["type"] == "upstream_clock" and r["host"] == host)

    def figure(self, proxy):
        connection = http.client.HTTPConnection(proxy.ready["manage"], timeout=20)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return [line for line in text.splitlines() if line.startswith("keyswap_upstream_clocks_apart ")]

    def test_a_venue_whose_clock_is_off_is_noticed_and_gets_its_own_time(self):
        self.ahead.update({BEHIND: -90, FAR: DAY})
        self.fields[CACHED] = [("Age", "90")]
        self.ahead[CACHED] = -90
        home = self.copy_home(self.template, "theirs")
        proxy = self.start(home, options=("--manage", "127.0.0.1:0"))
        self.assertEqual(self.figure(proxy), ["keyswap_upstream_clocks_apart 0"])

        with self.subTest("before anything is known of it, it is signed for by our own clock"):
            before = int(time.time() * 1000)
            stamp, record = self.order(proxy, BEHIND)
            self.assertTrue(before <= stamp <= time.time() * 1000, (before, stamp))
            self.assertNotIn("clock_shift_ms", record)

        with self.subTest("it is told of, once"):
            record, = self.told(proxy, BEHIND)
            self.assertEqual((record["event"], record["port"]), ("differs", 443))
            self.assertTrue(-92_000 <= int(record["offset_ms"]) <= -89_000, record)
            self.assertGreaterEqual(record["error_ms"], 1000)
            self.assertTrue(proxy.await_stderr(f"the clock of {BEHIND} is "))
            self.assertRegex(proxy.stderr.decode(), r"is (89|90|91) s behind this machine's: one of the two is wrong")
            self.assertEqual(self.figure(proxy), ["keyswap_upstream_clocks_apart 1"])

        with self.subTest("from then on it is signed for by its own clock, and the record says so"):
            for _ in range(2):
                before = int(time.time() * 1000)
                stamp, record = self.order(proxy, BEHIND)
                after = int(time.time() * 1000)
                shift = int(record["clock_shift_ms"])
                self.assertTrue(-92_000 <= shift <= -89_000, record)
                self.assertTrue(before + shift <= stamp <= after + shift, (before, stamp, after, shift))
            self.assertEqual(len(self.told(proxy, BEHIND)), 1)

        with self.subTest("a client's own timestamp stays as it is"):
            stamp, record = self.order(proxy, BEHIND, f"{ORDER}&timestamp=1499827319559")
            self.assertEqual(stamp, 1499827319559)
            self.assertNotIn("clock_shift_ms", record)

        with self.subTest("a day is not followed, and that is said"):
            self.order(proxy, FAR)
            record, = self.told(proxy, FAR)
            self.assertEqual(record["event"], "too_far")
            self.assertTrue(proxy.await_stderr("by too much to be followed"))
            before = int(time.time() * 1000)
            stamp, record = self.order(proxy, FAR)
            self.assertTrue(before <= stamp <= time.time() * 1000, (before, stamp))
            self.assertNotIn("clock_shift_ms", record)

        with self.subTest("what a cache kept says nothing of now"):
            for _ in range(2):
                before = int(time.time() * 1000)
                stamp, record = self.order(proxy, CACHED)
                self.assertTrue(before <= stamp <= time.time() * 1000, (before, stamp))
                self.assertNotIn("clock_shift_ms", record)
            self.assertEqual(self.figure(proxy), ["keyswap_upstream_clocks_apart 2"])

        with self.subTest("the log says it to a person"):
            shown = home.must("audit", "show").stdout.decode()
            self.assertIn(f"clock of {BEHIND}:443  differs", shown)
            self.assertIn("signed for the upstream's time", shown)
        self.assertEqual(proxy.stop(), 0)

    def test_when_our_own_clock_was_wrong_and_is_set_right_nothing_is_shifted_any_more(self):
        self.fields.clear()
        self.ahead.clear()  # theirs are right
        clock = Clock(self.inputs / "clock", 90)
        home = self.copy_home(self.template, "ours")
        proxy = self.start(home, env=clock.environment())
        with proxy.tunnel(BEHIND, context=clock.client_context()) as wire:
            def stamp():
                with self.lock:
                    self.judged.clear()
                wire.send(client.request_bytes("POST", f"/api/v3/order?{ORDER}", BEHIND, [("X-MBX-APIKEY", PLACEHOLDER)]))
                self.assertEqual(wire.response("POST").status, 200)
                with self.lock:
                    return int(self.judged[0].parameter("timestamp")) / 1000

            self.assertGreater(stamp(), time.time() + 80)
            self.assertAlmostEqual(stamp(), time.time(), delta=5)
            clock.set(0)
            self.assertAlmostEqual(stamp(), time.time(), delta=5)
        shifts = [record.get("clock_shift_ms") for record in proxy.await_decisions("/api/v3/order", count=3)]
        self.assertEqual((shifts[0], shifts[2]), (None, None))
        self.assertTrue(-92_000 <= int(shifts[1]) <= -89_000, shifts)
        self.assertEqual(proxy.stop(), 0)


if __name__ == "__main__":
    main()
