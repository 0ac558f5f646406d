// SPDX-License-Identifier: Apache-2.0
// websocket.mjs LIBRARY: what a trading program says on Binance's WebSocket API, with the vendor's packages. Key: $BINANCE,
// $BINANCE_ED with the private key in the file $ED_PRIVATE; secret: $API_SECRET or any text; $ODD: an id of an order. The
// proxy is given to each library as an agent; the CA comes from NODE_EXTRA_CA_CERTS.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.cwd() + "/");
const library = process.argv[2];
const apiKey = process.env.BINANCE;
const apiSecret = process.env.API_SECRET ?? "PLACEHOLDER_SECRET";
const newClientOrderId = process.env.ODD ?? "plain-1";
const agent = new (require("https-proxy-agent").HttpsProxyAgent)(process.env.HTTPS_PROXY);
const limit = { price: "100", quantity: 1, timeInForce: "GTC", newClientOrderId };

async function step(name, call) {
  try {
    console.log("done", name, JSON.stringify((await call()) ?? {}));
  } catch (error) {
    console.log("failed", name, error instanceof Error ? error.message : JSON.stringify(error));
  }
}

// The package gives `ws` no agent, and `ws` asks no global one.
function giveTheConnectorAnAgent() {
  const path = require.resolve("ws");
  const WebSocket = require(path);
  require.cache[path].exports = class extends WebSocket {
    constructor(url, protocols, options) {
      super(url, protocols, { agent, ...options });
    }
  };
}

async function connector() {
  giveTheConnectorAnAgent();
  const { WebsocketAPI } = require("@binance/connector");
  const waiting = new Map();
  const silent = { info() {}, debug() {}, warn() {}, error(...all) { console.log("failed", ...all.map(String)); } };
  const client = await new Promise((resolve) => new WebsocketAPI(apiKey, apiSecret, {
    logger: silent,
    callbacks: {
      open: resolve,
      message(text) {
        const reply = JSON.parse(text);
        const [done, failed] = waiting.get(reply.id);
        reply.status === 200 ? done(reply.result) : failed(reply.error);
      },
    },
  }));
  const ask = (id, call) => step(id, () => new Promise((...ways) => {
    waiting.set(id, ways);
    call(id);
  }));
  await ask("ticker", (id) => client.tickerPrice({ id, symbol: "BTCUSDT" }));
  await ask("account", (id) => client.account({ id }));
  await ask("limit", (id) => client.newOrder("BTCUSDT", "BUY", "LIMIT", { id, ...limit }));
  await ask("test", (id) => client.testNewOrder("BTCUSDT", "BUY", "MARKET", { id, quoteOrderQty: 10 }));
  await ask("cancel", (id) => client.cancelOrder("BTCUSDT", { id, orderId: 1 }));
  await ask("over", (id) => client.newOrder("BTCUSDT", "BUY", "LIMIT", { id, ...limit, quantity: 6 }));
  await ask("replace", (id) => client.cancelReplaceOrder("BTCUSDT", "STOP_ON_FAILURE", "BUY", "LIMIT", { id, ...limit, cancelOrderId: 1 }));
  await ask("last", (id) => client.account({ id }));
  client.wsConnection.ws.on("close", (code) => console.log("closed", code));
  client.disconnect();
}

async function spot(configuration, isLoggedOn) {
  const { Spot } = require("@binance/spot");
  const client = new Spot({ configurationWebsocketAPI: { ...configuration, agent } });
  const connection = await client.websocketAPI.connect();
  const at = { symbol: "BTCUSDT", side: "BUY" };
  const ask = (name, call) => step(name, async () => (await call())?.data);
  if (isLoggedOn) {
    await ask("logon", () => connection.sessionLogon());
    await ask("status", () => connection.sessionStatus());
  }
  await ask("ticker", () => connection.tickerPrice({ symbol: "BTCUSDT" }));
  await ask("account", () => connection.accountStatus());
  await ask("limit", () => connection.orderPlace({ ...at, type: "LIMIT", price: 100, quantity: 1, timeInForce: "GTC", newClientOrderId }));
  await ask("test", () => connection.orderTest({ ...at, type: "MARKET", quoteOrderQty: 10 }));
  await ask("cancel", () => connection.orderCancel({ symbol: "BTCUSDT", orderId: 1 }));
  await ask("over", () => connection.orderPlace({ ...at, type: "LIMIT", price: 100, quantity: 6, timeInForce: "GTC" }));
  await ask("replace", () => connection.orderCancelReplace({ ...at, type: "LIMIT", cancelReplaceMode: "STOP_ON_FAILURE", price: 100,
    quantity: 1, timeInForce: "GTC", cancelOrderId: 1 }));
  await ask("last", () => connection.accountStatus());
  connection.on?.("close", (code) => console.log("closed", code));
  await connection.disconnect();
}

const libraries = {
  connector,
  spot: () => spot({ apiKey, apiSecret }, false),
  "spot-logon": () => spot({ apiKey: process.env.BINANCE_ED, privateKey: readFileSync(process.env.ED_PRIVATE, "utf8") }, true),
};
await libraries[library]();
