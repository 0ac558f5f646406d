// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/netrc.h"

#include <catch2/catch.hpp>

namespace keyswap::cli {

namespace {

const std::vector<BoundHost> kBound = {{"api.example.com", false, 443}, {"example.org", true, 443}};

FilteredNetrc filtered(std::string_view text) {
  auto result = filter_netrc(text, kBound);
  REQUIRE(result);
  return *std::move(result);
}

}  // namespace

TEST_CASE("F46 a netrc loses the entries of bound hosts, and keeps every other byte") {
  const FilteredNetrc result = filtered(
      "# mine\n"
      "machine git.corp login me password one\n"
      "machine API.example.com\n  login me\n  password two\n"
      "machine a.example.org login me password three machine b.corp login \"x y\" password four\n"
      "default login me password five\n");
  CHECK(result.text ==
        "# mine\nmachine git.corp login me password one\n"
        "machine b.corp login \"x y\" password four\n");
  CHECK(result.left_out == std::vector<std::string>{"API.example.com", "a.example.org", "default"});
}

TEST_CASE("F46 a netrc that concerns no bound host is as it was") {
  const std::string text = GENERATE("",
                                    "machine git.corp login me password one",
                                    "machine example.org login me password one\n",
                                    "machine a.b.corp\nlogin machine\npassword default\n",
                                    "machine ftp.corp login me\nmacdef init\nmachine x\nls\n\n"
                                    "machine git.corp account a user b passwd c # the end",
                                    "machine git.corp password \"a \\\" machine api.example.com\"");
  INFO(text);
  const FilteredNetrc result = filtered(text);
  CHECK(result.text == text);
  CHECK(result.left_out.empty());
}

TEST_CASE("F46 a port does not make another machine of it") {
  CHECK(filtered("machine api.example.com:443 login a password b").text.empty());
  CHECK(filtered("machine api.example.com. login a password b").text.empty());
}

TEST_CASE("F46 a netrc that is not understood is nobody's") {
  const std::string text = GENERATE("machine",
                                    "login",
                                    "machine a password",
                                    "machine a password \"x",
                                    "machine \"\" login a",
                                    "nonsense",
                                    "{\"json\": true}");
  INFO(text);
  CHECK_FALSE(filter_netrc(text, kBound));
}

TEST_CASE("an entry of a bound host stays whose password is a placeholder") {
  const std::string text =
      "machine " + kBound.front().host + " login me password ph-PLACEHOLDER-1\n";
  const auto kept = filter_netrc(text, kBound, {"ph-PLACEHOLDER-1"});
  REQUIRE(kept);
  CHECK(kept->text == text);
  CHECK(kept->left_out.empty());
  const auto other = filter_netrc(text, kBound, {"ph-PLACEHOLDER-2"});
  REQUIRE(other);
  CHECK(other->text.empty());
}

}  // namespace keyswap::cli
