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

TEST_CASE("an entry stays only if every password of it is a placeholder, by either word") {
  const std::vector<std::string> placeholders = {"ph-PLACEHOLDER-1"};
  const std::string kept = "machine api.example.com login me passwd \"ph-PLACEHOLDER-1\"\n";
  CHECK(filter_netrc(kept, kBound, placeholders)->text == kept);
  const std::string mixed =
      "machine api.example.com password ph-PLACEHOLDER-1 login you password real\n";
  CHECK(filter_netrc(mixed, kBound, placeholders)->text.empty());
  CHECK(filter_netrc("machine api.example.com login me\n", kBound, placeholders)->text.empty());
}

TEST_CASE("F46 a macro ends at an empty line, also where lines end in CRLF") {
  const FilteredNetrc result = filtered(
      "machine ftp.corp login me\r\nmacdef init\r\ncd x\r\n\r\n"
      "machine api.example.com login me password two\r\n");
  CHECK(result.text == "machine ftp.corp login me\r\nmacdef init\r\ncd x\r\n\r\n");
  CHECK(result.left_out == std::vector<std::string>{"api.example.com"});
}

TEST_CASE(
    "F46 what stands before the first entry is for every host, a byte order mark is nothing") {
  CHECK(filtered("login me password two\nmachine git.corp login me").left_out ==
        std::vector<std::string>{"default"});
  CHECK(filtered("\xef\xbb\xbfmachine api.example.com login me").left_out ==
        std::vector<std::string>{"api.example.com"});
}

TEST_CASE("the passwords of a netrc are found where they stand") {
  const std::string text = "machine a.corp password \"two words\" passwd x\\y\ndefault password z";
  const NetrcEntries entries = parse_netrc(text);
  CHECK_FALSE(entries.mistake);
  REQUIRE(entries.machines.size() == 2);
  CHECK(entries.machines[0].name == "a.corp");
  REQUIRE(entries.machines[0].passwords.size() == 2);
  CHECK(entries.machines[0].passwords[0].begin == text.find("two"));
  CHECK(entries.machines[0].passwords[0].text == "two words");
  CHECK(entries.machines[0].passwords[1].is_escaped);
  CHECK(entries.machines[1].name.empty());
  CHECK(parse_netrc("machine a.corp port 21 password x").mistake == 15U);
}

}  // namespace keyswap::cli
