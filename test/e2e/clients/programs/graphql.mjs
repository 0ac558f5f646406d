// SPDX-License-Identifier: Apache-2.0
// node graphql.mjs octokit|shopify DOCUMENT, with the variables of `keyswap run`: what came back, as {data} or {status}.
// The key is $KEY.
const [name, document] = process.argv.slice(2);
const key = process.env.KEY;

const programs = {
  octokit: async () => {
    const { Octokit } = await import("@octokit/rest");
    return new Octokit({ auth: key }).graphql(document, { first: 1 }).then(
      (data) => ({ data }),
      (error) => ({ status: error.status }),
    );
  },
  shopify: async () => {
    const { createAdminApiClient } = await import("@shopify/admin-api-client");
    const client = createAdminApiClient({ storeDomain: "my-shop.myshopify.com", apiVersion: "2025-07", accessToken: key });
    const { data, errors } = await client.request(document);
    return errors ? { status: errors.networkStatusCode } : { data };
  },
};

console.log(JSON.stringify(await programs[name]()));
