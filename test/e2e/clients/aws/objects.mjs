// SPDX-License-Identifier: Apache-2.0
// node objects.mjs WAY, with the variables of `keyswap run` and those of AWS: puts an object into the bucket "photos" in that way,
// gets it back, and prints its SHA-256; `presigned` prints the object's URL, for somebody else to get.
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const client = new S3Client({ forcePathStyle: true, maxAttempts: 1 });
const way = process.argv[2];
const object = { Bucket: "photos", Key: `by ${way}` };
const sha256 = (data) => createHash("sha256").update(data).digest("hex");

async function* piecesOf(data) {
  for (let at = 0; at < data.length; at += 50_000) {
    yield data.subarray(at, at + 50_000);
  }
}

const ways = {
  async whole() {
    const data = randomBytes(100_000);
    await client.send(new PutObjectCommand({ ...object, Body: data }));
    return data;
  },
  // Nobody knows its hash before it was sent.
  async stream() {
    const data = randomBytes(300_000);
    await client.send(new PutObjectCommand({ ...object, Body: Readable.from(piecesOf(data)), ContentLength: data.length }));
    return data;
  },
  // Of a stream, too, whose length nobody knows.
  async parts() {
    const data = randomBytes(5 * 1024 * 1024 + 1000);
    await new Upload({ client, queueSize: 1, params: { ...object, Body: Readable.from(piecesOf(data)) } }).done();
    return data;
  },
};

if (way === "presigned") {
  await client.send(new PutObjectCommand({ ...object, Body: "by a URL" }));
  console.log(await getSignedUrl(client, new GetObjectCommand(object), { expiresIn: 600 }));
} else {
  const sent = await ways[way]();
  const { Body } = await client.send(new GetObjectCommand(object));
  const back = await Body.transformToByteArray();
  if (sha256(back) !== sha256(sent)) {
    throw new Error(`put ${sent.length} bytes, got ${back.length} others`);
  }
  console.log(sha256(sent));
}
