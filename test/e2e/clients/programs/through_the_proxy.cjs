// SPDX-License-Identifier: Apache-2.0
// node --require this PROGRAM: gives every program what Node has by itself from 22.21 and 24.5: fetch and https.request read
// $HTTPS_PROXY. `ws` has no such default in any Node, so that it gets one here too.
const https = require("https");
const { EnvHttpProxyAgent, setGlobalDispatcher } = require("undici");
const { HttpsProxyAgent } = require("https-proxy-agent");

setGlobalDispatcher(new EnvHttpProxyAgent());
https.globalAgent = new HttpsProxyAgent(process.env.HTTPS_PROXY);

const path = require.resolve("ws");
const WebSocket = require(path);
class ProxiedWebSocket extends WebSocket {
  constructor(url, protocols, options) {
    if (!options && !Array.isArray(protocols) && typeof protocols === "object") [protocols, options] = [[], protocols];
    super(url, protocols, { agent: https.globalAgent, ...options });
  }
}
ProxiedWebSocket.WebSocket = ProxiedWebSocket;
require.cache[path].exports = ProxiedWebSocket;
