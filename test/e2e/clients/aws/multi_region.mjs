// SPDX-License-Identifier: Apache-2.0
// node multi_region.mjs, with the variables of `keyswap run` and those of AWS: puts an object by an access point of several
// regions, gets it back, and prints what it got. The SDK signs requests to those with version 4A, in JavaScript.
import "@aws-sdk/signature-v4a";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

const client = new S3Client({ region: "us-east-1", maxAttempts: 1 });
const object = { Bucket: "arn:aws:s3::123456789012:accesspoint:photos.mrap", Key: "a short.txt" };
await client.send(new PutObjectCommand({ ...object, Body: process.env.BODY }));
const { Body } = await client.send(new GetObjectCommand({ ...object, Range: "bytes=0-4" }));
console.log(await Body.transformToString());
