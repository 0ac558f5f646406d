# SPDX-License-Identifier: Apache-2.0
"""Rules on language models (`models`, `tools` and `max_prompt` of a binding): what they let through arrives with the
secret, and all else never reaches the upstream."""

import gzip
import json
import shutil
import unittest

from harness.case import H, H2, K, K2, P, P2, V, V2, OneProxy, bearer, main

JSON = ("Content-Type", "application/json")
CHAT, GEMINI = "/v1/chat/completions", "/v1beta/models/{}:generateContent"


def chat(model="small-1", text="hello", **more):
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}], **more}).encode()


class Models(OneProxy):
    hosts = (H, H2)
    secrets = {K: V, K2: V2}

    @classmethod
    def rules(cls):
        strict, loose = bearer(K, P, (H,)), bearer(K2, P2, (H2,))
        strict["bindings"] = [{"host": H, "models": ["small-*", "tiny"], "tools": ["web_search"], "max_prompt": 1000}]
        return {K: strict, K2: loose}

    def post(self, path, body, *headers, host=H):
        key = P if host == H else P2
        return self.ask(host, "POST", path, [("Authorization", f"Bearer {key}"), *(headers or (JSON,))], body)

    def goes(self, path, body, *headers):
        before = len(self.recorder.requests)
        self.assertEqual(self.post(path, body, *headers).status, 200)
        seen = self.recorder.requests[before]
        self.assertEqual((seen.body, seen.get("Authorization")), (body, f"Bearer {V}"))

    def stops(self, reason, path, body, *headers):
        before = self.recorder.application_bytes
        problem = self.refused(self.post(path, body, *headers), 403, reason)
        self.assertEqual(self.recorder.application_bytes, before)
        self.assertIn("the models small-* tiny alone", problem["detail"])

    def test_f44_a_model_on_the_list_is_asked_and_no_other_is(self):
        """[I5] F44"""
        for model in ("small-1", "small-", "tiny"):
            self.goes(CHAT, chat(model))
        for model in ("large", "tiny-2", "Tiny", "smal", "", None, ["tiny"]):
            self.stops("model_not_allowed", CHAT, chat(model))
        self.stops("model_not_allowed", "/once", chat("large"))
        self.decided(self.proxy.decision("/once"), "refused", "model_not_allowed", K)

    def test_f44_what_may_be_read_in_two_ways_is_refused(self):
        """[I9] F44"""
        for body in (b'{"model": "tiny", "model": "large"}', b'{"model": "tiny", "Model": "large"}',
                     b'{"model": "tiny", "models": ["tiny", "large"]}', b'{"model": "tiny", "fallbacks": ["large"]}',
                     b'\xef\xbb\xbf{"model": "tiny"}', '{"model": "tiny"}'.encode("utf-16"), b"{}", b"model=tiny",
                     b'{"model": "tiny"'):
            self.stops("model_not_allowed", CHAT, body)
        self.stops("model_not_allowed", CHAT, chat(), ("Content-Type", "application/x-www-form-urlencoded"))
        self.stops("model_not_allowed", CHAT, chat(), ("Content-Type", "text/plain"), JSON)
        self.stops("model_not_allowed", CHAT, gzip.compress(chat()), JSON, ("Content-Encoding", "gzip"))

    def test_f44_the_model_of_a_path_is_judged_like_that_of_a_body(self):
        body = b'{"contents": [{"parts": [{"text": "hello"}]}]}'
        self.goes(GEMINI.format("small-2"), body)
        self.goes("/openai/deployments/tiny/chat/completions?api-version=1", b'{"messages": []}')
        for path in (GEMINI.format("large"), GEMINI.format("small%2d2"), GEMINI.format("../models/small-2"),
                     "/openai/deployments/large/chat/completions", CHAT + "?model=large"):
            self.stops("model_not_allowed", path, body)

    def test_f44_tools_of_the_provider_are_allowed_by_their_name(self):
        """F44"""
        mine = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
        self.goes(CHAT, chat(tools=[mine]))
        self.goes(CHAT, chat(tools=[mine, {"type": "web_search_20250305", "name": "web_search"}]))
        self.goes(GEMINI.format("tiny"), b'{"contents": [], "tools": [{"functionDeclarations": [{"name": "f"}]}]}')
        for tools in ([{"type": "code_interpreter", "container": {"type": "auto"}}], [mine, {"type": "mcp"}],
                      [{"googleSearch": {}}]):
            self.stops("tool_not_allowed", CHAT, chat(tools=tools))
        self.stops("tool_not_allowed", CHAT, chat(mcp_servers=[{"url": "https://x.example"}]))

    def test_f44_a_prompt_that_is_too_long_is_refused(self):
        """F44"""
        self.goes(CHAT, chat(text="x" * 900))
        self.stops("prompt_too_large", CHAT, chat(text="x" * 1000))
        # It is the text that counts, not how it is written.
        self.goes(CHAT, chat(text="\x01" * 900))

    def test_what_asks_no_model_goes_on(self):
        """[I2]"""
        answer = self.ask(H, "GET", "/v1/models", [("Authorization", f"Bearer {P}")])
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.recorder.one("/v1/models").get("Authorization"), f"Bearer {V}")
        # Without a placeholder no secret leaves, and nothing is looked at; nor where no rule is.
        self.assertEqual(self.ask(H, "POST", "/inert", [JSON], chat("large")).status, 200)
        self.assertEqual(self.post("/other", chat("large"), host=H2).status, 200)

    def test_rules_are_shown(self):
        shown = json.loads(self.home.must("bindings", "explain", "POST", f"https://{H}{CHAT}", "--json").stdout)
        self.assertEqual(shown["secrets"][0]["limit"]["model_rules"],
                         ["the models small-* tiny alone", "of the provider's tools web_search alone",
                          "prompts of at most 1000 bytes"])

    @unittest.skipUnless(shutil.which("curl"), "curl is not installed")
    def test_curl_waits_for_100_continue_and_is_told(self):
        for model, status in (("tiny", b"200"), ("large", b"403")):
            done = self.home.run("run", "--", "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                                 f"Authorization: Bearer {P}", "-H", "Content-Type: application/json", "-H",
                                 "Expect: 100-continue", "--data", chat(model).decode(), f"https://{H}{CHAT}",
                                 unlock=True)
            self.assertEqual(done.stdout[-3:], status, done.stderr)


if __name__ == "__main__":
    main()
