// SPDX-License-Identifier: Apache-2.0
// node gateway.mjs, below `keyswap run`: a bot of discord.js logs in with $DISCORD_TOKEN, by REST and by the gateway,
// says what it was told, answers a message, and goes.
import { createRequire } from "module";

const { Client, Events, GatewayIntentBits } = createRequire(import.meta.url)("discord.js");
const client = new Client({ intents: [GatewayIntentBits.Guilds] });
client.on(Events.Raw, (payload) => console.log("raw", JSON.stringify(payload)));
client.on(Events.Error, (error) => console.log("failed", error));
client.once(Events.ClientReady, async () => {
  console.log("ready", client.user.tag, client.token);
  await client.rest.post("/channels/42/messages", { body: { content: "ping" } });
  await client.destroy();
  console.log("done");
});
await client.login(process.env.DISCORD_TOKEN);
