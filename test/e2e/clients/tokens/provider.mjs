// SPDX-License-Identifier: Apache-2.0
// node provider.mjs, with $ISSUER and $CLIENTS (JSON: [{id, secret, auth, seconds}]; or, for one that signs who it is, key, the
// PEM of its public key, kid and alg in place of a secret): oidc-provider on loopback. It prints
// "port N". Each line of its input is the id of a client that somebody logged in to: it prints "token T", the refresh token that
// this login gave. A refresh token is exchanged for another each time; a second use of one ends the login. "ann" is who logs in.
// GET /orders is an API of its own, for every access token of a client's that may "read".
import readline from "node:readline";
import { createPublicKey } from "node:crypto";
import Provider from "oidc-provider";

const known = JSON.parse(process.env.CLIENTS);
const secondsOf = (ctx, token, client) => known.find(({ id }) => id === client.clientId).seconds;

const provider = new Provider(process.env.ISSUER, {
  clients: known.map(({ id, secret, auth, key, kid, alg }) => ({
    client_id: id,
    ...(key
      ? {
          token_endpoint_auth_method: "private_key_jwt",
          token_endpoint_auth_signing_alg: alg,
          jwks: { keys: [{ ...createPublicKey(key).export({ format: "jwk" }), kid, alg, use: "sig" }] },
        }
      : { client_secret: secret, token_endpoint_auth_method: `client_secret_${auth}` }),
    grant_types: ["authorization_code", "refresh_token", "client_credentials"],
    redirect_uris: ["https://shop.test/back"],
    response_types: ["code"],
  })),
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  rotateRefreshToken: true,
  scopes: ["openid", "offline_access", "read"],
  ttl: { AccessToken: secondsOf, ClientCredentials: secondsOf, Grant: 86400, RefreshToken: 86400 },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
});
provider.proxy = true;  // who stands before it speaks TLS

provider.use(async (ctx, next) => {
  if (ctx.path !== "/orders") return next();
  const [word, token] = (ctx.get("Authorization") || "").split(" ");
  const found = word === "Bearer" && ((await provider.ClientCredentials.find(token)) ?? (await provider.AccessToken.find(token)));
  ctx.status = found && found.scopes.has("read") ? 200 : 401;
  ctx.body = found ? { client: found.clientId } : {};
});

async function logIn(clientId) {
  const scope = "openid offline_access read";
  const grant = new provider.Grant({ clientId, accountId: "ann" });
  grant.addOIDCScope(scope);
  const client = await provider.Client.find(clientId);
  return new provider.RefreshToken({ client, accountId: "ann", grantId: await grant.save(), gty: "authorization_code", scope }).save();
}

const server = provider.listen(0, "127.0.0.1", () => console.log("port", server.address().port));
for await (const line of readline.createInterface({ input: process.stdin })) console.log("token", await logIn(line));
process.exit(0);
