# SPDX-License-Identifier: Apache-2.0
"""A bot of discord.js through `keyswap run`: its token in a header of the REST API, and in the message IDENTIFY of the gateway."""

import json
import shutil
import subprocess
import unittest

from harness import canary, proxy, websocket
from harness.case import Case, document, main
from harness.packages import installed

REST, GATEWAY = "discord.com", "gateway.discord.gg"
PLACEHOLDER = "MTE4NTI.PLACEHOLDER.0123456789abcdefghijklmnopqrstu"
TOKEN = "MTE4NTI0NzM2.GlIvE_.Zt4bN2vM8cR5wL1jQ7x-9Kq3Yp6Sd0Fh_uEa"
RULE = {"placeholder": PLACEHOLDER, "inject": {"header": "Authorization", "format": "Bot {secret}"}, "bindings": [
    {"host": REST, "paths": ["/api/**"]},
    {"host": GATEWAY, "methods": ["GET"], "paths": ["/"], "websocket": True, "ws_text": True}]}
USER = {"id": "1", "username": "bot", "discriminator": "0001", "avatar": None, "bot": True, "flags": 0}


@unittest.skipUnless(shutil.which("node") and shutil.which("npm"), "Node is not installed")
class Discord(Case):
    secrets = {"DISCORD_TOKEN": TOKEN}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = installed("programs")
        cls.authority, identity = cls.make_pki((REST, GATEWAY))
        cls.recorder = cls.make_recorder(identity)
        cls.identified = []
        cls.gateway = websocket.Upstream(cls.recorder, "/", cls.like_the_gateway, otherwise=cls.like_the_api)
        cls.home = cls.make_home()
        cls.home.bindings(document({"DISCORD_TOKEN": RULE}, recorder=cls.recorder, hosts=(REST, GATEWAY),
                                   root=cls.authority.certificate))
        cls.proxy = cls.start(cls.home)

    @classmethod
    def like_the_api(cls, request, connection):
        """Without the token it gives nothing."""
        if request.get("Authorization") != f"Bot {TOKEN}":
            connection.answer(401, '{"message": "401: Unauthorized", "code": 0}', [("Content-Type", "application/json")], "Unauthorized")
            return
        said = {"url": f"wss://{GATEWAY}", "shards": 1, "session_start_limit": {
            "total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1}} if request.path.endswith("/gateway/bot") else {}
        connection.answer(body=json.dumps(said), headers=[("Content-Type", "application/json")])

    @classmethod
    def like_the_gateway(cls, peer):
        """Hello; READY for whoever has the token, with the token in it; then until the Close."""
        peer.send_text(json.dumps({"op": 10, "d": {"heartbeat_interval": 45000}}))
        while (message := peer.receive()) is not None and message.opcode != websocket.CLOSE:
            payload = json.loads(message.data)
            if payload["op"] == 1:
                peer.send_text(json.dumps({"op": 11}))
            elif payload["op"] == 2:
                cls.identified.append(payload["d"]["token"])
                if payload["d"]["token"] != TOKEN:
                    peer.send_close(4004, "Authentication failed.")
                    return
                peer.send_text(json.dumps({"op": 0, "t": "READY", "s": 1, "d": {
                    "v": 10, "user": USER, "guilds": [], "session_id": "s", "resume_gateway_url": f"wss://{GATEWAY}",
                    "application": {"id": "1", "flags": 0}, "echo": payload["d"]["token"]}}))
        if message is not None:
            peer.send(websocket.CLOSE, message.data)

    def test_a_bot_logs_in_by_rest_and_by_the_gateway(self):
        """[I5] [I8] The token in both places, and the placeholder in none; what the gateway says of it is the placeholder again."""
        environment = proxy.clean_environment(KEYSWAP_HOME=self.home.path)
        done = subprocess.run([proxy.BINARY, "run", "--password-file", str(self.home.password_file), "--", "node",
                               "gateway.mjs"], cwd=self.folder, env=environment, capture_output=True,
                              timeout=120, check=False)
        said = self.note("discord.js stdout", done.stdout).decode()
        self.note("discord.js stderr", done.stderr)
        self.assertEqual(done.returncode, 0, said + done.stderr.decode())
        self.assertTrue(said.endswith("done\n"), said)
        self.assertIn(f'"echo":"{PLACEHOLDER}"', said)
        self.assertEqual(self.identified, [TOKEN])
        asked = [(request.method, request.path) for request in self.recorder.seen() if request.get("Host") == REST]
        self.assertEqual(asked, [("GET", "/api/v10/gateway/bot"), ("POST", "/api/v10/channels/42/messages")])
        for request in self.recorder.seen():
            self.assertEqual(canary.find_in(bytes(request.connection.received), PLACEHOLDER), [])
        self.assertEqual(self.gateway.traces(PLACEHOLDER), [])
        self.assertEqual(self.gateway.problems(), [])
        messages = [record for record in self.proxy.decisions(host=GATEWAY) if record["destination"].get("method") == "message"]
        self.assertEqual([(r["decision"], r["secret"], r["scheme"]) for r in messages], [("allowed", "DISCORD_TOKEN", "ws_text")])


if __name__ == "__main__":
    main()
