# SPDX-License-Identifier: Apache-2.0
"""What a trading program says on Binance's WebSocket API with python3-websocket. Key: $BINANCE; secret: $API_SECRET or any
text; $ODD: an id of an order. The proxy comes from $https_proxy, the CA from $SSL_CERT_FILE."""

import hashlib
import hmac
import json
import os
import time

import websocket

KEY, SECRET = os.environ["BINANCE"], os.environ.get("API_SECRET", "PLACEHOLDER_SECRET").encode()
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "100", "quantity": 1,
         "newClientOrderId": os.environ.get("ODD", "plain-1")}
connection = websocket.create_connection("wss://ws-api.binance.com:9443/ws-api/v3", timeout=20)


def ask(name, method, parameters, is_signed=True):
    if is_signed:
        parameters = {**parameters, "apiKey": KEY, "timestamp": int(time.time() * 1000)}
        payload = "&".join(f"{key}={value}" for key, value in sorted(parameters.items()))
        parameters["signature"] = hmac.new(SECRET, payload.encode(), hashlib.sha256).hexdigest()
    connection.send(json.dumps({"id": name, "method": method, "params": parameters}))
    reply = json.loads(connection.recv())
    assert reply["id"] == name, reply
    if reply["status"] == 200:
        print("done", name, json.dumps(reply["result"]))
    else:
        print("failed", name, json.dumps(reply["error"]))


ask("ticker", "ticker.price", {"symbol": "BTCUSDT"}, False)
ask("account", "account.status", {})
ask("limit", "order.place", ORDER)
ask("test", "order.test", {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quoteOrderQty": 10})
ask("cancel", "order.cancel", {"symbol": "BTCUSDT", "orderId": 1})
ask("over", "order.place", {**ORDER, "quantity": 6})
ask("replace", "order.cancelReplace", {**ORDER, "cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": 1})
ask("last", "account.status", {})
connection.close()
