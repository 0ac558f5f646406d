# SPDX-License-Identifier: Apache-2.0
"""A recording exchange for the messages of Binance's WebSocket API: checks each signature over the text that came.

What is signed is all parameters but `signature`, sorted by name, "name=value" joined by "&", not percent-encoded
(https://developers.binance.com/docs/binance-spot-api-docs/websocket-api/request-security).
"""

import json
import threading

from . import websocket
from .exchange import KEY, is_hmac

WS, WS_FAPI, WS_TESTNET = "ws-api.binance.com", "ws-fapi.binance.com", "ws-api.testnet.binance.vision"
PATH = "/ws-api/v3"


class Spelled(str):
    """A number as it was spelled."""


def read(text):
    """The message; numbers as they were spelled, names that come twice are an error."""
    def pairs(found):
        names = [name for name, _ in found]
        if len(set(names)) != len(names):
            raise ValueError(f"a name twice: {names}")
        return dict(found)
    return json.loads(text, object_pairs_hook=pairs, parse_int=Spelled, parse_float=Spelled)


def value_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def payload_of(parameters):
    """What is signed, as bytes."""
    pairs = sorted((name, value_text(value)) for name, value in parameters.items() if name != "signature")
    return "&".join(f"{name}={value}" for name, value in pairs).encode()


class JudgedMessage:
    """What the exchange makes of one message."""

    def __init__(self, text, peer, checks):
        self.text, self.peer, self.problem = text, peer, None
        self.id = self.raw_id = self.method = self.key = None
        self.is_signed = False
        self.parameters = {}
        try:
            whole = read(text)
            self.id, self.method = whole["id"], whole["method"]
            self.parameters = whole.get("params", {})
            self.raw_id = json.loads(text)["id"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self.problem = f"not a message: {error}"
            return
        self.key = self.parameters.get("apiKey")
        self.is_signed = "signature" in self.parameters
        if self.is_signed:
            self.payload = payload_of(self.parameters)
            check = checks.get(self.key, lambda *_: False)
            if not check(self.payload, self.parameters["signature"]):
                self.problem = "the signature is not that of the message received"

    def __repr__(self):
        return f"<{self.method} {self.text[:300]}>"


class MessageExchange:
    """Answers every message. `script(judged)` may give (status, object), text to be sent as it is, "none" for no answer,
    "end" to end the connection without one, or None for 200. `before(judged)` is called when it has come."""

    def __init__(self, recorder, keys=None, prefix="/ws-api/"):
        self.checks = {KEY: is_hmac, **(keys or {})}
        self.judged, self.lock = [], threading.Lock()
        self.closes = []  # the Close that each connection got
        self.script = self.before = lambda judged: None
        self.upstream = websocket.Upstream(recorder, prefix, self._talk)

    def _talk(self, peer):
        while (message := peer.receive()) is not None:
            if message.opcode == websocket.TEXT:
                if not self._answer(message.data.decode(), peer):
                    return
            elif message.opcode == websocket.PING:
                peer.send(websocket.PONG, message.data)
            elif message.opcode == websocket.CLOSE:
                with self.lock:
                    self.closes.append(message)
                peer.send(websocket.CLOSE, message.data)
                return

    def _answer(self, text, peer):
        judged = JudgedMessage(text, peer, self.checks)
        said = self.script(judged)
        self.before(judged)
        with self.lock:
            self.judged.append(judged)
        if said in ("none", "end"):
            return said == "none"
        if not isinstance(said, str):
            status, result = said or (200, {})
            if judged.problem:
                status, result = 400, {"code": -1022, "msg": "Signature for this request is not valid."}
            said = reply(judged, status, result)
        peer.send_text(said)
        return True

    def seen(self, method=None):
        with self.lock:
            return [judged for judged in self.judged if method is None or judged.method == method]

    def forget(self):
        with self.lock:
            self.judged.clear()
            self.closes.clear()

    def problems(self):
        with self.lock:
            mine = [(judged.problem, judged.text) for judged in self.judged if judged.problem]
        return mine + self.upstream.problems()

    def traces(self, *texts):
        """Which of these texts came in any message or frame, in any spelling (F31)."""
        return self.upstream.traces(*texts)


def reply(judged, status=200, result=None):
    """A reply as the exchange writes it."""
    body = {"result": result if result is not None else {}} if status < 400 else {"error": result}
    limits = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000, "count": 2}]
    return json.dumps({"id": judged.raw_id, "status": status, **body, "rateLimits": limits})
