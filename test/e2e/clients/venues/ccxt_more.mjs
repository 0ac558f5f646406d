// SPDX-License-Identifier: Apache-2.0
// What a trading program asks of several venues with ccxt. Its keys: $BITMEX, $BITVAVO; $HYPERLIQUID goes into a header.
// Its secret: any text; its wallet: any. ccxt is told of the proxy as an option; the CA comes from NODE_EXTRA_CA_CERTS.
import { createRequire } from "node:module";

const ccxt = createRequire(process.cwd() + "/")("ccxt");
const common = { httpsProxy: process.env.HTTPS_PROXY, secret: "PLACEHOLDER_SECRET" };

async function step(name, call) {
  try {
    await call();
    console.log("done", name);
  } catch (error) {
    console.log("failed", name, String(error?.message ?? error));
  }
}

const bitmex = new ccxt.bitmex({ ...common, apiKey: process.env.BITMEX });
await step("bitmex user", () => bitmex.privateGetUser());
await step("bitmex order", () => bitmex.privatePostOrder({ symbol: "XBTUSD", orderQty: 100, price: 50000 }));

const bitvavo = new ccxt.bitvavo({ ...common, apiKey: process.env.BITVAVO });
await step("bitvavo account", () => bitvavo.privateGetAccount({ symbol: "BTC" }));
await step("bitvavo order", () => bitvavo.privatePostOrder({ market: "BTC-EUR", side: "buy", orderType: "market", amount: "1" }));

const wallet = { privateKey: "0x" + "12".repeat(32), walletAddress: "0x" + "34".repeat(20) };
const hyperliquid = new ccxt.hyperliquid({ ...common, ...wallet, headers: { "X-Keyswap-Wallet": process.env.HYPERLIQUID } });
await step("hyperliquid cancel", () => {
  const action = { type: "cancel", cancels: [{ a: 1, o: 77738308 }] };
  const nonce = Date.now();
  return hyperliquid.privatePostExchange({ action, nonce, signature: hyperliquid.signL1Action(action, nonce) });
});
