// SPDX-License-Identifier: Apache-2.0
// node openid.mjs LIBRARY STEP…, below `keyswap run`: what a program asks of $ISSUER with openid-client or oauth4webapi. It holds
// the placeholder of a token ($TOKEN), or that of its secret ($CLIENT_SECRET), and prints what it was told.
import * as oauth from "oauth4webapi";
import * as client from "openid-client";

const issuer = new URL(process.env.ISSUER);
const { TOKEN: token, CLIENT_ID: id, CLIENT_SECRET: secret } = process.env;
const orders = new URL("/orders", issuer);
const scope = { scope: "read" };

const steps = {
  "openid-client": async () => {
    const config = await client.discovery(issuer, id, secret, client.ClientSecretPost(secret));
    return {
      user: async () => (await client.fetchUserInfo(config, token, "ann")).sub,
      orders: async () => (await client.fetchProtectedResource(config, token, orders, "GET")).json(),
      own: async () => {
        const made = await client.clientCredentialsGrant(config, scope);
        return (await client.fetchProtectedResource(config, made.access_token, orders, "GET")).json();
      },
    };
  },
  oauth4webapi: async () => {
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));
    const me = { client_id: id };
    return {
      user: async () => (await oauth.processUserInfoResponse(server, me, "ann", await oauth.userInfoRequest(server, me, token))).sub,
      orders: async () => (await oauth.protectedResourceRequest(token, "GET", orders)).json(),
      own: async () => {
        const answer = await oauth.clientCredentialsGrantRequest(server, me, oauth.ClientSecretBasic(secret), new URLSearchParams(scope));
        const made = await oauth.processClientCredentialsResponse(server, me, answer);
        return (await oauth.protectedResourceRequest(made.access_token, "GET", orders)).json();
      },
    };
  },
};

const [library, ...wanted] = process.argv.slice(2);
const asks = await steps[library]();
for (const step of wanted) console.log(step, JSON.stringify(await asks[step]()));
