// SPDX-License-Identifier: Apache-2.0
#include "vault/sources/login_device.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/vault/sources/login_world.h"

namespace keyswap::vault {

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words
using Waits = std::vector<std::int64_t>;

constexpr std::string_view kStarted =
    R"({"device_code":"device-code-1","user_code":"WDJB-MJHT","expires_in":900,"interval":5,)"
    R"("verification_uri":"https:\/\/auth.example.com\/device",)"
    R"("verification_uri_complete":"https://auth.example.com/device?user_code=WDJB-MJHT"})";

DeviceLogin login_at(std::vector<SourceSetting> more = {}) {
  return DeviceLogin{.grant = LoginGrant(login_spec(std::move(more))),
                     .device_url = "https://auth.example.com/device/code"};
}

// What a start is told for an answer.
std::string started(DeviceLogin& login, int status, std::string_view body) {
  World world;
  LoginScript script(world, device_start_run(login));
  script.answer(status, body);
  return script.told();
}

// A login whose first run is over.
DeviceLogin begun(std::string_view body = kStarted) {
  DeviceLogin login = login_at();
  REQUIRE(started(login, 200, body) == "done");
  return login;
}

std::string error(std::string_view code) {
  return R"({"error":")" + std::string(code) + R"(","error_description":"not this"})";
}

std::string with_numbers(std::string_view life, std::string_view interval) {
  return R"({"device_code":"d","user_code":"U","verification_uri":"https://a.example/d",)"
         R"("expires_in":)" +
         std::string(life) + R"(,"interval":)" + std::string(interval) + "}";
}

}  // namespace

TEST_CASE("a login on another device begins with the client's id and what it is for") {
  World world;
  DeviceLogin login = login_at();
  LoginScript script(world, device_start_run(login));
  CHECK(line_of(script.call()) == "POST https://auth.example.com/device/code");
  CHECK(body_of(script.call()) == "scope=read%20write&client_id=client%20id");
  CHECK(field_of(script.call(), "Accept") == "application/json");
  script.answer(200, kStarted);
  CHECK(script.told() == "done");
  CHECK(login.user_code == "WDJB-MJHT");
  CHECK(login.verification_url == "https://auth.example.com/device");
  CHECK(login.verification_url_complete == "https://auth.example.com/device?user_code=WDJB-MJHT");
  CHECK(login.device_code.reveal() == "device-code-1");
  CHECK(login.expires_us == script.now_us + 900'000'000);
  CHECK(login.interval_ms == 5'000);
  CHECK(world.records.empty());
}

TEST_CASE("a client with a secret says who it is already where a login begins") {
  World world;
  DeviceLogin login = login_at({{"client_secret", "CLIENT_SECRET"}, {"auth", "basic"}});
  LoginScript script(world, device_start_run(login));
  CHECK(field_of(script.call(), "Authorization") == "Basic Y2xpZW50JTIwaWQ6cyUyQmNyZXQ=");
  CHECK(body_of(script.call()) == "scope=read%20write");
}

TEST_CASE("O28 hostile numbers are clamped, and a page without TLS is shown to nobody") {
  DeviceLogin login = login_at();
  const std::int64_t now_us = test::FakeTime::kStartUs;
  REQUIRE(started(login, 200, with_numbers("999999999999", "0")) == "done");
  CHECK(login.expires_us == now_us + 1'800'000'000);
  CHECK(login.interval_ms == 1'000);
  REQUIRE(started(login, 200, with_numbers("-5", "86400")) == "done");
  CHECK(login.expires_us == now_us + 1'000'000);
  CHECK(login.interval_ms == 60'000);
  CHECK(started(login, 200, with_numbers("\"soon\"", "5")) == "(malformed)");
  CHECK(started(login, 200, with_numbers("900", "\"5\"")) == "(malformed)");
  for (const auto* const page : {"http://a.example/d", "javascript:alert(1)", "https://a b"}) {
    INFO(page);
    const std::string body =
        R"({"device_code":"d","user_code":"U","expires_in":900,"verification_uri":")" +
        std::string(page) + "\"}";
    CHECK(started(login, 200, body) == "(malformed)");
  }
  CHECK(started(login,
                200,
                R"({"device_code":"d","user_code":"U\u001b[2J","expires_in":900,)"
                R"("verification_uri":"https://a.example/d"})") == "(malformed)");
  CHECK(started(login, 200, "{}") == "(malformed)");
}

TEST_CASE("Google's word for the page is known, and an interval that is not said is five seconds") {
  DeviceLogin login = login_at();
  REQUIRE(started(login,
                  200,
                  R"({"device_code":"d","user_code":"U","expires_in":1800,)"
                  R"("verification_url":"https://www.google.com/device"})") == "done");
  CHECK(login.verification_url == "https://www.google.com/device");
  CHECK(login.verification_url_complete.empty());
  CHECK(login.interval_ms == 5'000);
}

TEST_CASE("why no login can begin is told by the server's code alone") {
  DeviceLogin login = login_at();
  CHECK(started(login, 401, error("invalid_client")) == "(token_endpoint_error:invalid_client)");
  CHECK(started(login, 400, error("sk-live-in-an-error")) == "(token_endpoint_error:other)");
  CHECK(started(login, 404, "<html>") == "(token_endpoint_status:404)");
  CHECK(started(login, 302, "") == "(token_endpoint_status:302)");
}

TEST_CASE(
    "RFC 8628 a server is asked again until somebody has logged in; slower for good when it "
    "says so") {
  World world;
  DeviceLogin login = begun();
  LoginScript script(world, device_poll_run(login));
  CHECK(line_of(script.call()) == "POST https://auth.example.com/token");
  CHECK(body_of(script.call()) ==
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&"
        "device_code=device-code-1&client_id=client%20id");
  script.answer(400, error("authorization_pending"));
  script.answer(400, error("slow_down"));
  script.answer(200, error("authorization_pending"));  // GitHub's status
  CHECK(world.records.empty());
  script.answer(200, kTokens);
  CHECK(script.told() == "done");
  CHECK(script.waits_ms == Waits{5'000, 5'000, 10'000, 10'000});
  CHECK(world.value("REFRESH") == "refresh-new-1");
  CHECK(world.records == std::vector<std::string>{"login pending", "login ok"});
}

TEST_CASE("a server that is away for a moment does not end a login; one that is another does") {
  World world;
  DeviceLogin login = begun();
  LoginScript script(world, device_poll_run(login));
  script.tell(base::Error{base::Errc::timed_out, "late"});
  script.answer(503, "");
  CHECK(script.waits_ms == Waits{5'000, 10'000, 15'000});
  script.tell(base::Error{base::Errc::tls, "another"});
  CHECK(script.told() == "(tls)");
}

TEST_CASE("a login on another device that fails in any way as it begins shows nobody a code") {
  for (const Trouble& trouble : token_troubles()) {
    INFO(trouble.name);
    World world;
    DeviceLogin login = login_at();
    LoginScript script(world, device_start_run(login));
    script.tell(as_answer(trouble));
    check_login_ended(script, trouble, world);
    CHECK(login.user_code.empty());
    CHECK(login.device_code.size() == 0);
  }
}

TEST_CASE("of what may fail while somebody logs in, what passes is waited for, and no more") {
  const std::vector<std::string_view> passing = {
      "no connection", "time-out", "too many requests", "its own failure"};
  for (const Trouble& trouble : token_troubles()) {
    INFO(trouble.name);
    World world;
    DeviceLogin login = begun();
    LoginScript script(world, device_poll_run(login));
    script.tell(as_answer(trouble));
    if (std::find(passing.begin(), passing.end(), trouble.name) == passing.end()) {
      check_login_ended(script, trouble, world);
      continue;
    }
    CHECK(script.waits_ms == Waits{5'000, 10'000});
    script.answer(200, kTokens);
    CHECK(script.told() == "done");
    CHECK(world.value("REFRESH") == "refresh-new-1");
  }
}

TEST_CASE("who says when to ask again is not asked before") {
  World world;
  DeviceLogin login = begun();
  LoginScript script(world, device_poll_run(login));
  script.tell(as_answer({.name = "for a minute", .status = 429, .retry_after_ms = 60'000}));
  CHECK(script.waits_ms == Waits{5'000, 60'000});
}

TEST_CASE("O28 who says no, and a code that has ended, end the login") {
  for (const auto* const code : {"access_denied", "expired_token", "invalid_grant"}) {
    World world;
    DeviceLogin login = begun();
    LoginScript script(world, device_poll_run(login));
    script.answer(400, error(code));
    CHECK(script.told() == "(token_endpoint_error:" + std::string(code) + ")");
    CHECK(world.value("REFRESH") == "refresh-0000");
  }
}

TEST_CASE("a server that never says more is not asked for ever") {
  World world;
  DeviceLogin login = begun(with_numbers("30", "5"));
  LoginScript script(world, device_poll_run(login));
  int polls = 0;
  while (script.told() == "(not over)") {
    REQUIRE(++polls < 10);
    script.answer(400, error("authorization_pending"));
  }
  CHECK(script.told() == "(token_endpoint_error:expired_token)");
  CHECK(polls == 6);
}

}  // namespace keyswap::vault
