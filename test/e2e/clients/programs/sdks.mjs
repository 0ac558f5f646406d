// SPDX-License-Identifier: Apache-2.0
// node sdks.mjs NAME, with the variables of `keyswap run`: one call of the SDK to its own hosts, as its vendor's pages write it.
// The key is $KEY. An SDK that takes an agent gets one that no Node leads through the proxy by itself.
import { createRequire } from "module";
import https from "https";

const require = createRequire(import.meta.url);
const key = process.env.KEY;
const agent = new https.Agent();
const ping = { model: "m", messages: [{ role: "user", content: "ping" }] };
const words = (answer) => answer.choices[0].message.content;

async function openai(baseURL) {
  const { default: OpenAI } = await import("openai");
  return words(await new OpenAI({ apiKey: key, maxRetries: 0, ...(baseURL && { baseURL }) }).chat.completions.create(ping));
}

async function anthropic(credentials) {
  const { default: Anthropic } = await import("@anthropic-ai/sdk");
  const message = await new Anthropic({ apiKey: null, ...credentials, maxRetries: 0 }).messages.create({ max_tokens: 5, ...ping });
  return message.content[0].text;
}

const programs = {
  airtable: () => {
    const Airtable = require("airtable");
    return new Airtable({ apiKey: key }).base("appOne")("Table").select({ maxRecords: 1 }).firstPage();
  },
  algolia: async () => {
    const { searchClient } = await import("@algolia/client-search");
    const { createHttpRequester } = await import("@algolia/requester-node-http");
    const client = searchClient("myapp", key, { requester: createHttpRequester({ agent }) });
    return (await client.search({ requests: [{ indexName: "one", query: "ping" }] })).results;
  },
  anthropic: () => anthropic({ apiKey: key }),
  "anthropic-bearer": () => anthropic({ authToken: key }),
  "azure-openai": async () => {
    const { AzureOpenAI } = await import("openai");
    const client = new AzureOpenAI({ apiKey: key, endpoint: "https://my-resource.openai.azure.com", apiVersion: "2024-10-21", maxRetries: 0 });
    return words(await client.chat.completions.create(ping));
  },
  bitbucket: async () => (await new (require("bitbucket").Bitbucket)({ auth: { token: key }, notice: false }).repositories.get({
    workspace: "team", repo_slug: "one" })).data,
  "bitbucket-basic": async () => (await new (require("bitbucket").Bitbucket)({ auth: { username: "ann", password: key }, notice: false })
    .repositories.get({ workspace: "team", repo_slug: "one" })).data,
  cerebras: async () => {
    const { default: Cerebras } = await import("@cerebras/cerebras_cloud_sdk");
    const client = new Cerebras({ apiKey: key, httpAgent: agent, maxRetries: 0, warmTCPConnection: false });
    return words(await client.chat.completions.create(ping));
  },
  deepgram: async () => {
    const { createClient } = require("@deepgram/sdk");
    const { result, error } = await createClient(key).listen.prerecorded.transcribeUrl({ url: "https://a.test/a.wav" }, { model: "m" });
    if (error) throw error;
    return result;
  },
  deepseek: () => openai("https://api.deepseek.com"),
  discord: async () => {
    const { REST, Routes } = require("discord.js");
    const rest = new REST().setToken(key);
    return rest.post(Routes.channelMessages("42"), { body: { content: "ping" } });
  },
  exa: async () => (await new (await import("exa-js")).default(key).search("ping")).results,
  firecrawl: async () => new (await import("@mendable/firecrawl-js")).default({ apiKey: key }).scrapeUrl("https://a.test/"),
  fireworks: () => openai("https://api.fireworks.ai/inference/v1"),
  gemini: async () => {
    const { GoogleGenerativeAI } = require("@google/generative-ai");
    return (await new GoogleGenerativeAI(key).getGenerativeModel({ model: "m" }).generateContent("ping")).response.text();
  },
  github: async () => {
    const { Octokit } = await import("@octokit/rest");
    return (await new Octokit({ auth: key }).rest.repos.get({ owner: "ann", repo: "one" })).data;
  },
  gitlab: async () => {
    const { Gitlab } = await import("@gitbeaker/rest");
    return new Gitlab({ host: "https://gitlab.example.com", token: key }).Projects.show(1);
  },
  "google-maps": async () => {
    const { Client } = require("@googlemaps/google-maps-services-js");
    return (await new Client().geocode({ params: { address: "Main Street 1", key } })).data.results;
  },
  groq: async () => words(await new (await import("groq-sdk")).default({ apiKey: key, httpAgent: agent, maxRetries: 0 })
    .chat.completions.create(ping)),
  "hashicorp-vault": async () => (await require("node-vault")({ endpoint: "https://vault.example.com", token: key }).read("kv/data/one")).data,
  huggingface: async () => {
    const { InferenceClient } = await import("@huggingface/inference");
    return words(await new InferenceClient(key).chatCompletion({ endpointUrl: "https://router.huggingface.co/v1/chat/completions", ...ping }));
  },
  langfuse: async () => {
    const { Langfuse } = require("langfuse");
    return (await new Langfuse({ publicKey: "pk-lf-one", secretKey: key, baseUrl: "https://us.cloud.langfuse.com" }).fetchTraces()).data;
  },
  langsmith: async () => {
    const { Client } = await import("langsmith");
    const names = [];
    for await (const project of new Client({ apiKey: key, apiUrl: "https://eu.api.smith.langchain.com", autoBatchTracing: false }).listProjects()) names.push(project.name);
    return names;
  },
  mailgun: async () => {
    const { default: Mailgun } = await import("mailgun.js");
    const client = new Mailgun(require("form-data")).client({ username: "api", key });
    return client.messages.create("mg.example.com", { from: "a@example.com", to: ["b@example.com"], subject: "ping", text: "ping" });
  },
  mistral: async () => {
    const { Mistral } = require("@mistralai/mistralai");
    return words(await new Mistral({ apiKey: key }).chat.complete(ping));
  },
  notion: async () => new (require("@notionhq/client").Client)({ auth: key }).pages.retrieve({ page_id: "00000000000000000000000000000001" }),
  openai: () => openai(),
  "openai-realtime": () => new Promise((done, failed) => {
    const WebSocket = require("ws");
    const socket = new WebSocket("wss://api.openai.com/v1/realtime?model=m", { headers: { Authorization: `Bearer ${key}` } });
    socket.on("open", () => socket.send("ping"));
    socket.on("message", (data) => socket.close() || done(data.toString()));
    socket.on("error", failed);
  }),
  openrouter: () => openai("https://openrouter.ai/api/v1"),
  pagerduty: async () => (await require("@pagerduty/pdjs").api({ token: key }).get("/incidents")).data,
  perplexity: async () => {
    const { default: Perplexity } = await import("@perplexity-ai/perplexity_ai");
    return words(await new Perplexity({ apiKey: key, maxRetries: 0 }).chat.completions.create(ping));
  },
  pinecone: () => new (require("@pinecone-database/pinecone").Pinecone)({ apiKey: key }).listIndexes(),
  postmark: () => new (require("postmark").ServerClient)(key).sendEmail({ From: "a@example.com", To: "b@example.com", TextBody: "ping" }),
  replicate: () => new (require("replicate"))({ auth: key }).models.get("ann", "one"),
  resend: async () => {
    const { Resend } = await import("resend");
    const { data, error } = await new Resend(key).emails.send({ from: "a@example.com", to: "b@example.com", subject: "ping", text: "ping" });
    if (error) throw new Error(error.message);
    return data;
  },
  sendgrid: async () => {
    const mail = require("@sendgrid/mail");
    mail.setApiKey(key);
    return (await mail.send({ from: "a@example.com", to: "b@example.com", subject: "ping", text: "ping" }))[0].statusCode;
  },
  shopify: async () => {
    const { createAdminApiClient } = await import("@shopify/admin-api-client");
    const client = createAdminApiClient({ storeDomain: "my-shop.myshopify.com", apiVersion: "2025-07", accessToken: key });
    const { data, errors } = await client.request("query { shop { name } }");
    if (errors) throw new Error(errors.message);
    return data;
  },
  slack: () => new (require("@slack/web-api").WebClient)(key, { retryConfig: { retries: 0 } }).chat.postMessage({ channel: "C1", text: "ping" }),
  "slack-webhook": () => new (require("@slack/webhook").IncomingWebhook)(`https://hooks.slack.com/services/T0/B0/${key}`).send("ping"),
  stripe: () => new (require("stripe"))(key, { httpAgent: agent, maxNetworkRetries: 0 }).customers.create({ email: "a@example.com" }),
  supabase: async () => {
    const { createClient } = require("@supabase/supabase-js");
    const { data, error } = await createClient("https://abcdefghijklmnopqrst.supabase.co", key).from("one").select();
    if (error) throw error;
    return data;
  },
  telegram: () => new (require("grammy").Api)(key, { baseFetchConfig: { agent } }).sendMessage(42, "ping"),
  together: async () => {
    const { default: Together } = await import("together-ai");
    return words(await new Together({ apiKey: key, httpAgent: agent, maxRetries: 0 }).chat.completions.create(ping));
  },
  twilio: () => twilio("AC00000000000000000000000000000001", key),
  "twilio-sid": () => twilio(process.env.SID, key),
  x: async () => {
    const { TwitterApi } = require("twitter-api-v2");
    return new TwitterApi(key, { httpAgent: agent }).v2.userByUsername("ann");
  },
  xai: () => openai("https://api.x.ai/v1"),
  zendesk: async () => {
    const { createClient } = require("node-zendesk");
    return (await createClient({ username: "ann@example.com", token: key, subdomain: "my-company" }).users.me()).result;
  },
};

async function twilio(sid, token) {
  return (await require("twilio")(sid, token).messages.create({ from: "+15005550006", to: "+15005550001", body: "ping" })).status;
}

try {
  console.log("done", JSON.stringify(await programs[process.argv[2]]()));
} catch (error) {
  console.log("failed", error);
  process.exit(1);
}
process.exit(0);
