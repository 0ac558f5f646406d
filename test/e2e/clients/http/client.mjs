// SPDX-License-Identifier: Apache-2.0
// client.mjs LIBRARY URL: a GET and a POST, or a chat call, with Node's HTTP clients; key from $KEY_ONE.
// Node before 22.21 and 24.5 does not read HTTPS_PROXY itself: undici's agent does it for fetch.
import { EnvHttpProxyAgent, setGlobalDispatcher } from "undici";

const [library, url] = process.argv.slice(2);
const key = process.env.KEY_ONE;
const headers = { Authorization: `Bearer ${key}` };
const body = { question: "ping", words: ["ä", "✓"] };
if (library !== "axios") setGlobalDispatcher(new EnvHttpProxyAgent());

const clients = {
  async fetch() {
    for (const [path, init] of [["/get?a=1&b=%20", { headers }],
      ["/post", { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body) }]]) {
      const answer = await fetch(url + path, init);
      console.log(answer.status, await answer.text());
    }
  },
  async axios() {
    const { default: axios } = await import("axios");
    for (const answer of [await axios.get(url + "/get?a=1&b=%20", { headers }), await axios.post(url + "/post", body, { headers })]) {
      console.log(answer.status, JSON.stringify(answer.data));
    }
  },
  async openai() {
    const { default: OpenAI } = await import("openai");
    const client = new OpenAI({ apiKey: key, baseURL: url + "/v1", maxRetries: 0 });
    const whole = await client.chat.completions.create({ model: "m", messages: [{ role: "user", content: "ping" }] });
    console.log(whole.choices[0].message.content);
    const stream = await client.chat.completions.create({ model: "m", stream: true, messages: [{ role: "user", content: "ping" }] });
    let text = "";
    for await (const part of stream) text += part.choices[0]?.delta?.content ?? "";
    console.log(text);
  },
  async anthropic() {
    const { default: Anthropic } = await import("@anthropic-ai/sdk");
    const client = new Anthropic({ apiKey: process.env.KEY_ANT, baseURL: url, maxRetries: 0 });
    const message = await client.messages.create({ model: "m", max_tokens: 5, messages: [{ role: "user", content: "ping" }] });
    console.log(message.content[0].text);
  },
};
await clients[library]();
