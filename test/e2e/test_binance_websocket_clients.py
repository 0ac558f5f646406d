# SPDX-License-Identifier: Apache-2.0
"""Binance's WebSocket API with the packages that programs use: each runs straight to the exchange, where its own signatures
must be good (so that the client is known to be well), and through `keyswap run` with placeholders.
"""

import shutil
import subprocess
import unittest

from harness import exchange, proxy
from harness.case import OneProxy, main
from harness.exchange import KEY, PLACEHOLDER_SECRET, SECRET, rule, sign
from harness.message_exchange import WS, MessageExchange
from harness.packages import CLIENTS, installed
from test_binance import make_key
from test_binance_clients import Relay
from test_clients import PYTHON, JoiningProxy

PLACEHOLDER, ED_PLACEHOLDER = "BINANCE_PLACEHOLDER_clients_0123456789", "BINANCE_PLACEHOLDER_ed25519_0123456789"
ODD = "a b'c(1)!~*\u00fc"
SENT = ["ticker.price", "account.status", "order.place", "order.test", "order.cancel"]
ALL = [*SENT, "order.place", "order.cancelReplace", "account.status"]
HAS_PYTHON = subprocess.run([PYTHON, "-c", "import websocket"], capture_output=True, check=False).returncode == 0


class WebSocketClients(OneProxy):
    hosts = (*exchange.HOSTS, WS, f"{WS}:9443")
    threads = 2
    secrets = {**exchange.SECRETS, "ED_KEY": "ed25519ApiKeyForTests0123456789abcdef"}

    @classmethod
    def rules(cls):
        limits = {"websocket": True, "max_order_usd": 500, "symbols": ["BTCUSDT"], "order_types": ["LIMIT", "MARKET"]}
        private = {"api_key": "ED_KEY", "api_secret": "ED_PRIVATE", "key_type": "ed25519"}
        return {"BINANCE": rule(PLACEHOLDER, **limits), "BINANCE_ED": rule(ED_PLACEHOLDER, inject=private, **limits)}

    @classmethod
    def document(cls):
        made = super().document()
        key, public = make_key(cls.inputs, "ED", "-algorithm", "ED25519")
        cls.home.must("secret", "add", "ED_PRIVATE", "--private-key", stdin=key.read_bytes(), unlock=True)
        # A pair made for the purpose: what the client itself signs with.
        cls.made_up, made_up_public = make_key(cls.inputs, "made-up", "-algorithm", "ED25519")
        cls.exchange = MessageExchange(cls.recorder, {
            cls.secrets["ED_KEY"]: exchange.checks_with(public), ED_PLACEHOLDER: exchange.checks_with(made_up_public),
            PLACEHOLDER: lambda payload, signature: signature == sign(payload, PLACEHOLDER_SECRET)})
        cls.exchange.script = lambda judged: (200, {"apiKey": judged.key, "of": judged.method})
        return made

    def setUp(self):
        self.exchange.forget()

    def words(self, library):
        if library == "python":
            return [PYTHON, str(CLIENTS / "binance" / "websocket_client.py")], None
        return ["node", "websocket.mjs", library], installed("binance")

    def run_words(self, words, folder, **env):
        environment = proxy.clean_environment(ED_PRIVATE=self.made_up, **env)
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, timeout=120, check=False)
        self.note(f"{words} stdout", done.stdout)
        self.note(f"{words} stderr", done.stderr)
        self.assertEqual(done.returncode, 0, done.stdout.decode() + done.stderr.decode())
        return done.stdout.decode().splitlines()

    def said(self, lines):
        """{step: (done or failed, the rest)}"""
        cut = [(line.split(" ", 2) + ["", ""])[:3] for line in lines]
        return {step: (how, rest) for how, step, rest in cut}

    def straight(self, library):
        """Past keyswap, to the exchange, which knows the placeholders as keys of their own."""
        joining = JoiningProxy(self.recorder.port, self.authority.certificate)
        self.addCleanup(joining.listener.close)
        url, root = f"http://{joining.address}", str(self.authority.certificate)
        words, folder = self.words(library)
        said = self.said(self.run_words(words, folder, HTTPS_PROXY=url, https_proxy=url, NODE_EXTRA_CA_CERTS=root, SSL_CERT_FILE=root,
                                        BINANCE=PLACEHOLDER, BINANCE_ED=ED_PLACEHOLDER))
        self.assertEqual([judged.method for judged in self.exchange.seen() if not judged.method.startswith("session.")], ALL)
        self.assertEqual(self.exchange.problems(), [])
        self.assertEqual([step for step, (how, _) in said.items() if how == "failed"], [])
        self.exchange.forget()
        self.exchange.upstream.forget()

    def through(self, library, placeholder, key):
        """Through keyswap; what the exchange saw."""
        relay = Relay(self.proxy.port)
        self.addCleanup(relay.listener.close)
        words, folder = self.words(library)
        lines = self.run_words([proxy.BINARY, "run", "--password-file", str(self.home.password_file), "--", "env",
                                f"HTTPS_PROXY={relay.url}", f"https_proxy={relay.url}", *words], folder,
                               KEYSWAP_HOME=self.home.path, ODD=ODD)
        self.assertEqual(relay.forms(), {"CONNECT"})
        self.assertEqual(self.exchange.problems(), [])
        self.assertEqual(self.exchange.traces(SECRET, PLACEHOLDER_SECRET, placeholder), [])
        seen = [judged for judged in self.exchange.seen() if not judged.method.startswith("session.")]
        self.assertEqual([judged.method for judged in seen], [*SENT, "account.status"])
        self.assertEqual(seen[2].parameters["newClientOrderId"], ODD)
        self.assertEqual(seen[2].peer.request.all("Sec-WebSocket-Extensions"), [])
        self.assertNotIn(key, "\n".join(lines))
        said = self.said(lines)
        self.assertIn("order_limit_exceeded", said["over"][1])
        self.assertIn("endpoint_blocked", said["replace"][1])
        for step in ("ticker", "account", "limit", "test", "cancel", "last"):
            self.assertEqual(said[step][0], "done", said)
        return seen, said

    def check_signed(self, seen):
        for judged in seen[1:]:
            self.assertTrue(judged.is_signed, judged)
            self.assertEqual(judged.key, KEY)
            self.assertRegex(judged.parameters["timestamp"], r"^\d{13}$")

    def both_ways(self, library):
        self.straight(library)
        seen, said = self.through(library, PLACEHOLDER, KEY)
        self.check_signed(seen)
        self.assertIn(PLACEHOLDER, said["limit"][1])  # what the exchange echoed is the placeholder again

    @unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
    def test_F30_connector(self):
        self.both_ways("connector")

    @unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
    def test_F30_spot(self):
        self.both_ways("spot")

    @unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
    def test_F30_spot_with_a_logon(self):
        """The client's Ed25519 pair is made up; behind the logon its messages carry neither key nor signature."""
        self.straight("spot-logon")
        before = len(self.proxy.decisions(host=WS))
        seen, _ = self.through("spot-logon", ED_PLACEHOLDER, self.secrets["ED_KEY"])
        logon = self.exchange.seen("session.logon")[0]
        self.assertEqual((logon.key, logon.is_signed), (self.secrets["ED_KEY"], True))
        self.assertEqual([judged.is_signed for judged in seen], [False] * len(seen))
        orders = [r for r in self.proxy.decisions(host=WS)[before:] if r["destination"]["method"] == "order.place"]
        self.assertEqual([(r["secret"], r["decision"]) for r in orders], [("BINANCE_ED", "allowed"), ("BINANCE_ED", "refused")])

    @unittest.skipUnless(HAS_PYTHON, "python3-websocket is not installed")
    def test_F30_python_websocket_client(self):
        self.both_ways("python")


if __name__ == "__main__":
    main()
