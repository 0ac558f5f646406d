// SPDX-License-Identifier: Apache-2.0
// node s3.mjs FOLDER, with KEY_ID: a store that speaks S3 on a port of loopback, which it prints, with the bucket
// "photos" for that key. It does not verify signatures of version 4; who stands before it does.
import { createRequire } from "module";

const require = createRequire(import.meta.url);
const S3rver = require("s3rver");
require("s3rver/lib/models/account").DUMMY_ACCOUNT.createKeyPair(process.env.KEY_ID, "not looked at");
const server = new S3rver({
  address: "127.0.0.1",
  port: 0,
  directory: process.argv[2],
  silent: true,
  configureBuckets: [{ name: "photos" }],
});
console.log((await server.run()).port);
