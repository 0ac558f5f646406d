// SPDX-License-Identifier: Apache-2.0
// node github.mjs, below `keyswap run`: an App with @octokit/auth-app, whose id is $APP_ID. It signs with the key in the file
// $APP_KEY; or it has the placeholder $APP_JWT of what such a key signs. It asks who it is, and for its installation's repositories.
import fs from "node:fs";
import { createAppAuth } from "@octokit/auth-app";
import { request } from "@octokit/request";

const { APP_ID: appId, APP_KEY: file, APP_JWT: jwt } = process.env;
const expiresAt = new Date(Date.now() + 60_000).toISOString();
const signing = file ? { privateKey: fs.readFileSync(file, "utf8") } : { createJwt: async () => ({ jwt, expiresAt }) };
const auth = createAppAuth({ appId, installationId: 1234, ...signing });
const ask = request.defaults({ request: { hook: auth.hook } });

console.log("app", (await ask("GET /app")).data.slug);
console.log("repositories", (await ask("GET /installation/repositories")).data.total_count);
