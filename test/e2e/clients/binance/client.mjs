// SPDX-License-Identifier: Apache-2.0
// client.mjs LIBRARY: what a trading program asks, with the vendor's packages and ccxt. Key: $BINANCE. Secret: any text.
// Each library is told of the proxy as it needs to be; the CA comes from NODE_EXTRA_CA_CERTS.
import { createRequire } from "node:module";

const require = createRequire(process.cwd() + "/");
const library = process.argv[2];
const apiKey = process.env.BINANCE;
const futuresKey = process.env.BINANCE_FUTURES;
const apiSecret = "PLACEHOLDER_SECRET";
const proxyUrl = process.env.HTTPS_PROXY;
const address = new URL(proxyUrl);
const proxy = { protocol: "http", host: address.hostname, port: Number(address.port) };
const odd = "a b'c(1)!~*";
const at = { symbol: "BTCUSDT", side: "BUY" };

const agent = () => new (require("https-proxy-agent").HttpsProxyAgent)(proxyUrl);

async function step(name, call) {
  try {
    await call();
    console.log("done", name);
  } catch (error) {
    console.log("failed", name, error?.response?.status, String(error?.message ?? error));
  }
}

async function connector(options) {
  const { Spot } = require("@binance/connector");
  const client = new Spot(apiKey, apiSecret, options);
  await step("time", () => client.time());
  await step("ticker", () => client.tickerPrice("", ["BTCUSDT", "ETHUSDT"]));
  await step("account", () => client.account());
  await step("limit", () => client.newOrder("BTCUSDT", "BUY", "LIMIT", { price: "100", quantity: 1, timeInForce: "GTC", newClientOrderId: odd }));
  await step("market", () => client.newOrder("BTCUSDT", "BUY", "MARKET", { quoteOrderQty: 10 }));
  await step("cancel", () => client.cancelOrder("BTCUSDT", { orderId: 1 }));
  await step("cancel odd", () => client.cancelOrder("BTCUSDT", { origClientOrderId: odd }));
}

const libraries = {
  connector: () => connector({ proxy }),
  "connector-agent": () => connector({ httpsAgent: agent() }),
  async spot() {
    const { Spot } = require("@binance/spot");
    // The library's own time limit is 1 s: enough here too.
    const client = new Spot({ configurationRestAPI: { apiKey, apiSecret } });
    await step("time", () => client.restAPI.time());
    await step("ticker", () => client.restAPI.tickerPrice({ symbols: ["BTCUSDT", "ETHUSDT"] }));
    await step("account", () => client.restAPI.getAccount());
    await step("limit", () => client.restAPI.newOrder({ ...at, type: "LIMIT", price: 100, quantity: 1, timeInForce: "GTC", newClientOrderId: odd }));
    await step("market", () => client.restAPI.newOrder({ ...at, type: "MARKET", quoteOrderQty: 10 }));
    await step("cancel", () => client.restAPI.deleteOrder({ symbol: "BTCUSDT", orderId: 1 }));
    await step("cancel odd", () => client.restAPI.deleteOrder({ symbol: "BTCUSDT", origClientOrderId: odd }));
  },
  async futures() {
    const { UMFutures } = require("@binance/futures-connector");
    const client = new UMFutures(futuresKey, apiSecret, { httpsAgent: agent() });
    await step("time", () => client.getTime());
    await step("account", () => client.getAccountInformationV3());
    await step("limit", () => client.newOrder("BTCUSDT", "BUY", "LIMIT", { price: "100", quantity: 1, timeInForce: "GTC", newClientOrderId: odd }));
    await step("cancel", () => client.cancelOrder("BTCUSDT", { orderId: 1 }));
    await step("listen key", () => client.createListenKey());
  },
  async ccxt() {
    const ccxt = require("ccxt");
    const client = new ccxt.binance({ apiKey, secret: apiSecret, httpsProxy: proxyUrl });
    await step("time", () => client.publicGetTime());
    await step("ticker", () => client.publicGetTickerPrice({ symbols: '["BTCUSDT","ETHUSDT"]' }));
    await step("account", () => client.privateGetAccount());
    await step("limit", () => client.privatePostOrder({ ...at, type: "LIMIT", price: "100", quantity: "1", timeInForce: "GTC", newClientOrderId: odd }));
    await step("market", () => client.privatePostOrder({ ...at, type: "MARKET", quoteOrderQty: "10" }));
    await step("cancel", () => client.privateDeleteOrder({ symbol: "BTCUSDT", orderId: "1" }));
    await step("cancel odd", () => client.privateDeleteOrder({ symbol: "BTCUSDT", origClientOrderId: odd }));
    const futures = new ccxt.binanceusdm({ apiKey: futuresKey, secret: apiSecret, httpsProxy: proxyUrl });
    const order = { ...at, type: "LIMIT", price: "1", quantity: "1", timeInForce: "GTC" };
    await step("futures limit", () => futures.fapiPrivatePostOrder({ ...order }));
    await step("batch", () => futures.fapiPrivatePostBatchOrders({ batchOrders: [order, order] }));
    await step("listen key", () => futures.fapiPrivatePostListenKey());
  },
};
await libraries[library]();
