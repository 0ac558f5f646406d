// SPDX-License-Identifier: Apache-2.0
// node google.mjs STEP…, below `keyswap run`: how a program asks Google's storage with google-auth-library. The account's file is
// $GOOGLE_APPLICATION_CREDENTIALS, with a throw-away key; $TOKEN is the placeholder of an access token.
import { GoogleAuth, OAuth2Client } from "google-auth-library";

const url = "https://storage.googleapis.com/storage/v1/b";
const scopes = ["https://www.googleapis.com/auth/devstorage.read_only"];

const clients = {
  async audience() {
    const client = await new GoogleAuth().getClient();
    client.defaultServicePath = "storage.googleapis.com";  // as the packages of Google's services do
    return client;
  },
  async scope() {
    const client = await new GoogleAuth({ scopes }).getClient();
    client.useJWTAccessWithScope = true;
    return client;
  },
  async grant() {
    return new GoogleAuth({ scopes }).getClient();
  },
  async token() {
    const client = new OAuth2Client();
    client.setCredentials({ access_token: process.env.TOKEN });
    return client;
  },
};

for (const step of process.argv.slice(2)) {
  const answer = await (await clients[step]()).request({ url: `${url}/${step}?project=one` });
  console.log(step, JSON.stringify(answer.data));
}
