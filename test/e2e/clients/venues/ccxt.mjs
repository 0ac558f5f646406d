// SPDX-License-Identifier: Apache-2.0
// What a trading program asks of several venues with ccxt. Its keys: $HTX, $DERIBIT, $BITFINEX, $GEMINI. Its secret: any
// text. ccxt is told of the proxy as an option; the CA comes from NODE_EXTRA_CA_CERTS.
import { createRequire } from "node:module";

const ccxt = createRequire(process.cwd() + "/")("ccxt");

function client(venue, options = {}) {
  const apiKey = process.env[venue.toUpperCase()];
  return new ccxt[venue]({ apiKey, secret: "PLACEHOLDER_SECRET", httpsProxy: process.env.HTTPS_PROXY, ...options });
}

async function step(name, call) {
  try {
    await call();
    console.log("done", name);
  } catch (error) {
    console.log("failed", name, String(error?.message ?? error));
  }
}

const htx = client("htx", { hostnames: { spot: "api.huobi.pro" } });
await step("htx accounts", () => htx.spotPrivateGetV1AccountAccounts());
await step("htx order", () => htx.spotPrivatePostV1OrderOrdersPlace({ symbol: "btcusdt", amount: "1", type: "buy-market" }));

const deribit = client("deribit");
await step("deribit account", () => deribit.privateGetGetAccountSummary({ currency: "BTC" }));
await step("deribit order", () => deribit.privateGetBuy({ instrument_name: "BTC-PERPETUAL", amount: 10, label: "a b,c" }));

const bitfinex = client("bitfinex");
await step("bitfinex user", () => bitfinex.privatePostAuthRInfoUser());
await step("bitfinex cancel", () => bitfinex.privatePostAuthWOrderCancel({ id: 1 }));

const gemini = client("gemini");
await step("gemini account", () => gemini.privatePostV1Account());
await step("gemini cancel", () => gemini.privatePostV1OrderCancel({ order_id: "1" }));
