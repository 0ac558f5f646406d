// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/login_target.h"

#include <string>
#include <utility>

#include <catch2/catch.hpp>

namespace keyswap::cli {

namespace {

LoginOptions at(const char* provider) {
  LoginOptions options;
  options.provider = provider;
  return options;
}

LoginOptions by_issuer(const char* issuer) {
  LoginOptions options;
  options.issuer = issuer;
  options.name = "SHOP";
  return options;
}

// With the name alone, at a rule whose source says that.
Outcome<LoginOptions> by_rule(std::vector<vault::SourceSetting> settings, const char* scope = "") {
  LoginOptions options;
  options.name = "SHOP";
  options.scope = scope;
  REQUIRE(is_said_by_rule(options));
  vault::SourceSpec spec;
  spec.settings = std::move(settings);
  return options_of_rule(options, spec);
}

LoginTarget target_of(const LoginOptions& options) {
  auto target = choose_target(options);
  REQUIRE(target);
  return std::move(target).value();
}

// What is wrong; "" nothing.
std::string refusal(const LoginOptions& options) {
  const auto target = choose_target(options);
  return target ? "" : target.failure().what;
}

LoginWay way_of(const LoginOptions& options, const LoginTarget& target) {
  auto way = choose_way(options, target);
  REQUIRE(way);
  return way.value();
}

}  // namespace

TEST_CASE("a rule that is there says where to log in again") {
  auto github = by_rule(
      {{"token_url", "https://github.com/login/oauth/access_token"}, {"login_scope", "a b"}});
  REQUIRE(github);
  CHECK(github->scope == "a b");
  CHECK(target_of(github.value()).device_url == "https://github.com/login/device/code");
  auto issuer = by_rule(
      {{"token_url", "https://a.example/t"}, {"issuer", "https://a.example"}, {"login_scope", "a"}},
      "b");
  REQUIRE(issuer);
  CHECK(issuer->scope == "b");
  CHECK(target_of(issuer.value()).issuer == "https://a.example");
  auto named =
      by_rule({{"token_url", "https://a.example/t"}, {"device_url", "https://a.example/d"}});
  REQUIRE(named);
  CHECK(target_of(named.value()).token_url == "https://a.example/t");
  CHECK(target_of(named.value()).device_url == "https://a.example/d");
  auto nothing = by_rule({{"token_url", "https://a.example/t"}});
  REQUIRE_FALSE(nothing);
  CHECK(nothing.failure().what == "the rule SHOP does not say where a person logs in");
}

TEST_CASE("what is said of the place counts, and without a name there is no rule") {
  CHECK_FALSE(is_said_by_rule(at("github")));
  CHECK_FALSE(is_said_by_rule(by_issuer("https://a.example")));
  CHECK_FALSE(is_said_by_rule({}));
}

TEST_CASE("a provider that is known says itself where to log in") {
  const LoginTarget github = target_of(at("github"));
  CHECK(github.device_url == "https://github.com/login/device/code");
  CHECK(github.auth == "body");
  CHECK(way_of(at("github"), github) == LoginWay::device);
  LoginOptions here = at("github");
  here.wants_browser = true;
  CHECK(way_of(here, github) == LoginWay::browser);
  CHECK(way_of(at("google"), target_of(at("google"))) == LoginWay::browser);
  CHECK(way_of(at("atlassian"), target_of(at("atlassian"))) == LoginWay::browser);
  CHECK(login_name(at("github")) == "GITHUB_TOKEN");
}

TEST_CASE("what a provider says is not said twice, and what nobody knows is told") {
  LoginOptions twice = at("github");
  twice.token_url = "https://github.com/login/oauth/access_token";
  CHECK(refusal(twice).find("is known") != std::string::npos);
  LoginOptions issuer = at("google");
  issuer.issuer = "https://accounts.google.com";
  CHECK_FALSE(refusal(issuer).empty());
  CHECK(refusal(at("guthub")).find("no such provider") != std::string::npos);
  CHECK(choose_target(at("guthub")).failure().hint.find("github") != std::string::npos);
  CHECK(refusal(at("slack")).find("server of yours") != std::string::npos);
}

TEST_CASE("a provider whose customers have addresses of their own needs one") {
  CHECK(refusal(at("okta")).find("address of their own") != std::string::npos);
  LoginOptions tenant = at("okta");
  tenant.issuer = "https://shop.okta.com";
  const LoginTarget target = target_of(tenant);
  CHECK(target.provider == "okta");
  CHECK(target.issuer == "https://shop.okta.com");
  CHECK(target.auth == "basic");
}

TEST_CASE("endpoints that are named have to be whole, over TLS, and have a name for the secret") {
  LoginOptions options;
  CHECK(refusal(options).find("where to log in") != std::string::npos);
  options.token_url = "https://auth.example.com/token";
  CHECK(refusal(options).find("--authorize-url or --device-url") != std::string::npos);
  options.device_url = "https://auth.example.com/device";
  CHECK(refusal(options).find("needs a name") != std::string::npos);
  options.name = "SHOP";
  CHECK(way_of(options, target_of(options)) == LoginWay::device);
  options.device_url = "http://auth.example.com/device";
  CHECK(refusal(options).find("--device-url") != std::string::npos);
  LoginOptions both = by_issuer("https://auth.example.com");
  both.token_url = "https://auth.example.com/token";
  CHECK(refusal(both).find("and once") != std::string::npos);
}

TEST_CASE("what an issuer says decides the way, and how its client says who it is") {
  const LoginOptions options = by_issuer("https://auth.example.com");
  LoginTarget target = target_of(options);
  vault::Discovery found;
  found.token_url = "https://auth.example.com/token";
  found.authorize_url = "https://auth.example.com/authorize";
  add_discovered(found, true, target);
  CHECK(target.auth == "basic");
  CHECK(way_of(options, target) == LoginWay::browser);
  LoginTarget open = target_of(options);
  add_discovered(found, false, open);
  CHECK(open.auth.empty());
  found.takes_s256 = false;
  LoginTarget weak = target_of(options);
  add_discovered(found, false, weak);
  CHECK(choose_way(options, weak).failure().what.find("S256") != std::string::npos);
  found.device_url = "https://auth.example.com/device";
  add_discovered(found, false, weak);
  CHECK(way_of(options, weak) == LoginWay::device);
}

TEST_CASE("a way that is not there is not taken for the other one") {
  LoginOptions options = at("atlassian");
  options.wants_device = true;
  CHECK(choose_way(options, target_of(options)).failure().hint == "leave out --device");
}

}  // namespace keyswap::cli
