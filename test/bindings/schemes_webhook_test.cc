// SPDX-License-Identifier: Apache-2.0
//
// The scheme `webhook` (bindings/schemes/webhook.cc).
#include <catch2/catch.hpp>

#include "test/bindings/signing.h"

namespace keyswap::bindings {

namespace {

using test::Case;
using Fields = std::map<std::string, std::string>;

std::string inject(const std::string& style, const std::string& header) {
  return "{ type: webhook, style: " + style + ", header: " + header + " }";
}

// github.com/standard-webhooks/standard-webhooks, the tests of its libraries.
const std::string kStandardKey = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const std::string kStandardBody = R"({"test": 2432232314})";
constexpr std::int64_t kStandardNow = 1'614'265'330'000'000;

Case standard(const std::string& id) {
  return Case({"POST",
               "/hook",
               {{"webhook-id", id}, {"webhook-timestamp", "1"}, {"webhook-signature", "v1,p"}},
               kStandardBody});
}

}  // namespace

TEST_CASE("the vector of GitHub's page on validating webhook deliveries, by its style") {
  const auto result =
      Case({"POST", "/hook", {{"X-Hub-Signature-256", "sha256=p"}}, "Hello, World!"})
          .sign(test::signing_with(inject("github", "X-Hub-Signature-256")),
                {"It's a Secret to Everybody"},
                0);
  REQUIRE(result.status.has_value());
  CHECK(result.fields ==
        Fields{{"x-hub-signature-256",
                "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}});
  CHECK(result.removed.empty());
  CHECK_FALSE(result.has_body);
  CHECK_FALSE(result.has_target);
}

TEST_CASE("the vector of Slack's page on verifying requests; the client's time is replaced") {
  const auto result =
      Case({"POST",
            "/hook",
            {{"X-Slack-Signature", "v0=p"}, {"X-Slack-Request-Timestamp", "1"}},
            "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id="
            "G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2F"
            "webhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F"
            "T1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015."
            "47445629121.803a0bc887a14d10d2c447fce8b6703c"})
          .sign(test::signing_with(inject("slack", "X-Slack-Signature")),
                {"8f742231b10e8888abcd99yyyzzz85a5"},
                1'531'420'618'999'999);
  REQUIRE(result.status.has_value());
  CHECK(result.fields ==
        Fields{{"x-slack-request-timestamp", "1531420618"},
               {"x-slack-signature",
                "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}});
  CHECK(result.removed.empty());
}

TEST_CASE("the vector of Standard Webhooks, whose secret may have its prefix or not") {
  const auto bindings = test::signing_with(inject("standard", "Webhook-Signature"));
  const std::string secret = GENERATE(as<std::string>(), "", "whsec_") + kStandardKey;
  const auto result =
      standard("msg_p5jXN8AQM9LWM0D4loKWxJek").sign(bindings, {secret}, kStandardNow);
  REQUIRE(result.status.has_value());
  CHECK(result.fields ==
        Fields{{"webhook-timestamp", "1614265330"},
               {"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}});
}

TEST_CASE("a message of Standard Webhooks has an id, whose end can be told") {
  const auto bindings = test::signing_with(inject("standard", "Webhook-Signature"));
  CHECK_FALSE(standard("msg_1").is_malformed(bindings));
  CHECK(standard("").is_malformed(bindings));
  CHECK(standard("msg_1.1").is_malformed(bindings));
  CHECK(Case({"POST", "/hook", {}, "{}"}).is_malformed(bindings));
}

TEST_CASE("a secret of Standard Webhooks that is none refuses the request") {
  const auto bindings = test::signing_with(inject("standard", "Webhook-Signature"));
  for (const std::string secret : {"", "whsec_", "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "a b"}) {
    CHECK(standard("msg_1").sign(bindings, {secret}, 0).status.error().code ==
          base::Errc::invalid_input);
  }
}

TEST_CASE("the placeholder's header goes where it is not the signature's") {
  const auto bindings = test::signing_with(inject("github", "Authorization"));
  const auto result = Case({"POST", "/hook", {{"Authorization", "Bearer p"}}, "Hello, World!"})
                          .sign(bindings, {"It's a Secret to Everybody"}, 0);
  CHECK(result.removed == std::vector<std::string>{"authorization"});
  CHECK(result.fields.size() == 1);
  CHECK(result.fields.count("x-hub-signature-256") == 1);
}

TEST_CASE("F29: a header of a webhook that is there twice is refused") {
  const auto refuses =
      [](const std::string& style, const std::string& header, const std::string& twice) {
        return Case({"POST",
                     "/hook",
                     {{"Webhook-Id", "1"}, {twice, "1"}, {base::to_lower(twice), "1"}},
                     ""})
            .is_malformed(test::signing_with(inject(style, header)));
      };
  CHECK(refuses("github", "X-Key", "X-Key"));
  CHECK(refuses("github", "X-Key", "X-Hub-Signature-256"));
  CHECK_FALSE(refuses("github", "X-Key", "X-Slack-Signature"));
  CHECK(refuses("slack", "X-Key", "X-Slack-Signature"));
  CHECK(refuses("slack", "X-Key", "X-Slack-Request-Timestamp"));
  CHECK(refuses("standard", "X-Key", "Webhook-Signature"));
  CHECK(refuses("standard", "X-Key", "Webhook-Timestamp"));
  CHECK(refuses("standard", "X-Key", "Webhook-Id"));
}

TEST_CASE("what is wrong with a webhook's keys is told at its place") {
  const auto error_of = [](const std::string& text) {
    return test::errors_of(test::with_inject(text));
  };
  CHECK(error_of(inject("stripe", "X")).find("`style` must be one of: github, slack, standard") !=
        std::string::npos);
  CHECK(error_of("{ type: webhook, header: X }").find("style") != std::string::npos);
  CHECK(error_of("{ type: webhook, style: github }").find("header") != std::string::npos);
  for (const auto& text : {inject("slack", "X-Slack-Request-Timestamp"),
                           inject("standard", "Webhook-Id"),
                           inject("standard", "webhook-timestamp")}) {
    CHECK(error_of(text).find("`header` is one that this `style` writes something else into") !=
          std::string::npos);
  }
}

}  // namespace keyswap::bindings
