# SPDX-License-Identifier: Apache-2.0
"""Binance with the packages that programs use, through `keyswap run`: what they send arrives signed, byte for byte valid.

Two sets of npm packages: with axios 1.21, which asks the proxy by CONNECT, and with axios 1.7, which sends it the absolute
form. Each is installed once into the build folder. `@binance/connector` takes no proxy from the environment, so it is given
one as an option: its `proxy`, or an agent.
"""

import shutil
import socket
import subprocess
import threading
import unittest
import urllib.parse

from harness import exchange, proxy
from harness.case import OneProxy, main
from harness.exchange import FAPI, KEY, PLACEHOLDER_SECRET, SECRET, SPOT, rule
from harness.packages import installed

PLACEHOLDER, FUTURES = "BINANCE_PLACEHOLDER_clients_0123456789", "BINANCE_PLACEHOLDER_futures_0123456789"
ODD = "a b'c(1)!~*"
SYMBOLS = '["BTCUSDT","ETHUSDT"]'


# Where Node's libraries look for the proxy of an https URL; some ask npm's setting first.
PROXIES = ("HTTPS_PROXY", "https_proxy", "npm_config_https_proxy")


class Relay:
    """Stands before the proxy and notes the first line of each connection."""

    def __init__(self, port):
        self.port, self.first_lines = port, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            behind = socket.create_connection(("127.0.0.1", self.port))
            threading.Thread(target=self._copy, args=(sock, behind, True), daemon=True).start()
            threading.Thread(target=self._copy, args=(behind, sock, False), daemon=True).start()

    def _copy(self, source, target, is_client):
        try:
            while data := source.recv(65536):
                if is_client:
                    self.first_lines.append(data.split(b"\r\n")[0])
                    is_client = False
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def forms(self):
        """How the proxy was asked: {"CONNECT"}, {"absolute"}, or both."""
        return {"CONNECT" if line.startswith(b"CONNECT ") else "absolute" if b" https://" in line else line for line in self.first_lines}


@unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
class BinanceClients(OneProxy):
    hosts = exchange.HOSTS
    threads = 2
    secrets = exchange.SECRETS

    @classmethod
    def rules(cls):
        return {"BINANCE": rule(PLACEHOLDER, max_order_usd=500, symbols=["BTCUSDT"], order_types=["LIMIT", "MARKET"]),
                "BINANCE_FUTURES": rule(FUTURES, hosts="binance.futures", max_order_usd=500, endpoints=[
                    "POST /fapi/v1/order", "POST /fapi/v1/batchOrders", "POST /fapi/v1/listenKey", "DELETE /fapi/v1/order"])}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.exchange = exchange.Exchange(cls.recorder)
        cls.exchange.script = cls.like_binance

    @staticmethod
    def like_binance(judged):
        if judged.request.path.endswith("/time"):
            return 200, {"serverTime": 1}
        if judged.request.path.endswith("/batchOrders"):
            return 200, [{}, {}]
        return None

    def run_client(self, kind, library, form="CONNECT"):
        """Runs it, and checks that it asks the proxy in this form; what the exchange saw, by (method, path)."""
        folder = installed(kind, scripts=("binance/client.mjs",))
        relay = Relay(self.proxy.port)
        self.addCleanup(relay.listener.close)
        self.exchange.forget()
        accepted = len(self.proxy.decisions())
        environment = proxy.clean_environment(KEYSWAP_HOME=self.home.path)
        done = subprocess.run([proxy.BINARY, "run", "--password-file", str(self.home.password_file), "--",
                               "env", *[f"{name}={relay.url}" for name in PROXIES], "node", "client.mjs", library],
                              cwd=folder, env=environment, capture_output=True, timeout=120, check=False)
        self.note(f"{library} stdout", done.stdout)
        self.note(f"{library} stderr", done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertNotIn("failed", done.stdout.decode())
        self.assertEqual(relay.forms(), {form})
        seen = self.exchange.seen()
        self.assertEqual(self.exchange.problems(), [])
        self.assertEqual(len(self.proxy.decisions()) - accepted, len(seen))
        for judged in seen:
            self.assertEqual(judged.request.all("X-MBX-APIKEY"), [KEY] if judged.request.get("X-MBX-APIKEY") else [])
            self.assertNotIn(b"PLACEHOLDER", judged.request.raw)
        self.assertEqual(self.exchange.traces(SECRET, PLACEHOLDER_SECRET), [], "F31: a secret is on the wire")
        found = {}
        for judged in seen:
            found.setdefault((judged.request.method, judged.request.path), []).append(judged)
        return found

    def check_spot(self, found, *, in_body=False):
        self.assertEqual(sorted(found), sorted([("GET", "/api/v3/time"), ("GET", "/api/v3/ticker/price"), ("GET", "/api/v3/account"),
                                                ("POST", "/api/v3/order"), ("DELETE", "/api/v3/order")]))
        for path in ("/api/v3/time", "/api/v3/ticker/price"):  # F22
            for judged in found["GET", path]:
                self.assertFalse(judged.is_signed, judged.request)
        ticker, = found["GET", "/api/v3/ticker/price"]
        self.assertEqual(ticker.parameter("symbols"), SYMBOLS)
        account, = found["GET", "/api/v3/account"]
        limit, market = found["POST", "/api/v3/order"]
        cancel, cancel_odd = found["DELETE", "/api/v3/order"]
        for judged in (account, limit, market, cancel, cancel_odd):
            self.assertTrue(judged.is_signed, judged.request)
            self.assertRegex(judged.parameter("timestamp"), r"^\d{13,}$")
            self.assertEqual(judged.request.get("Host"), SPOT)
        self.assertEqual([limit.parameter(n) for n in ("symbol", "side", "type", "price", "quantity", "newClientOrderId")],
                         ["BTCUSDT", "BUY", "LIMIT", "100", "1", ODD])
        self.assertEqual([market.parameter(n) for n in ("type", "quoteOrderQty")], ["MARKET", "10"])
        self.assertEqual(cancel.parameter("orderId"), "1")
        self.assertEqual(cancel_odd.parameter("origClientOrderId"), ODD)
        for judged in (limit, market):
            self.assertEqual(bool(judged.request.body), in_body)
            self.assertEqual(b"signature=" in judged.request.body, in_body)
            self.assertEqual(judged.request.get("Content-Length"), str(len(judged.request.body)))

    def test_F30_connector_with_CONNECT(self):
        self.check_spot(self.run_client("binance", "connector"))

    def test_F30_connector_with_the_absolute_form(self):
        self.check_spot(self.run_client("binance-absolute", "connector", "absolute"))

    def test_F30_connector_with_an_agent(self):
        for kind in ("binance", "binance-absolute"):
            with self.subTest(kind):
                self.check_spot(self.run_client(kind, "connector-agent"))

    def test_F30_spot_with_CONNECT(self):
        self.check_spot(self.run_client("binance", "spot"))

    def test_F30_spot_with_the_absolute_form(self):
        self.check_spot(self.run_client("binance-absolute", "spot", "absolute"))

    def test_F30_futures_connector(self):
        found = self.run_client("binance", "futures")
        self.assertFalse(found["POST", "/fapi/v1/listenKey"][0].is_signed)
        limit, = found["POST", "/fapi/v1/order"]
        self.assertEqual(limit.parameter("newClientOrderId"), ODD)
        for way in (("POST", "/fapi/v1/order"), ("DELETE", "/fapi/v1/order")):
            self.assertTrue(found[way][0].is_signed, way)
        self.assertTrue(any(path.endswith("/account") and seen[0].is_signed for (_, path), seen in found.items()), found.keys())

    def test_F30_ccxt_signs_in_form_bodies(self):
        found = self.run_client("binance", "ccxt")
        futures = {way: found.pop(way) for way in list(found) if way[1].startswith("/fapi")}
        self.check_spot(found, in_body=True)
        self.assertTrue(futures["POST", "/fapi/v1/order"][0].is_signed)
        batch, = futures["POST", "/fapi/v1/batchOrders"]
        self.assertEqual(batch.request.get("Host"), FAPI)
        self.assertTrue(batch.request.body.split(b"&")[-1].startswith(b"signature="))
        orders = urllib.parse.parse_qs(batch.request.body.decode())["batchOrders"][0]
        self.assertEqual(orders.count("BTCUSDT"), 2)
        self.assertNotIn(b"{", batch.request.body)
        self.assertFalse(futures["POST", "/fapi/v1/listenKey"][0].is_signed)

    def test_an_order_beyond_the_limit_is_told_to_the_client(self):
        folder = installed("binance")
        script = ('const { Spot } = require("@binance/connector"); const u = new URL(process.env.HTTPS_PROXY);'
                  'new Spot(process.env.BINANCE, "x", { proxy: { protocol: "http", host: u.hostname, port: +u.port } })'
                  '.newOrder("BTCUSDT", "BUY", "LIMIT", { price: "100", quantity: 6, timeInForce: "GTC" })'
                  '.catch(e => console.log(e.response.status, e.response.data.reason));')
        before = len(self.exchange.seen())
        done = subprocess.run([proxy.BINARY, "run", "--password-file", str(self.home.password_file), "--", "node", "-e", script], cwd=folder,
                              env=proxy.clean_environment(KEYSWAP_HOME=self.home.path), capture_output=True, timeout=60, check=False)
        self.assertEqual(done.stdout.decode().strip(), "403 order_limit_exceeded", done.stderr)
        self.assertEqual(len(self.exchange.seen()), before)


if __name__ == "__main__":
    main()
