// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/no_proxy.h"

#include <catch2/catch.hpp>

namespace keyswap::cli {

namespace {

const BoundHost kApi{"api.example.com", false, 443};
const BoundHost kWild{"example.com", true, 443};

}  // namespace

TEST_CASE("F45 an entry covers a bound host if it does so to any client") {
  const std::string entry = GENERATE("*",
                                     "api.example.com",
                                     "API.Example.COM.",
                                     "example.com",
                                     ".example.com",
                                     "*.example.com",
                                     "*.com",
                                     "ple.com",  // requests asks for the end alone
                                     "com",
                                     ".",
                                     "api*",
                                     "*.exam*.com",
                                     "https://api.example.com",
                                     "api.example.com:443",
                                     "*.example.com:443");
  INFO(entry);
  CHECK(may_cover(entry, kApi));
}

TEST_CASE("F45 what covers no bound host is the user's own business") {
  const std::string entry = GENERATE("internal.corp",
                                     ".corp",
                                     "api.example.com.corp",
                                     "b.api.example.com",
                                     "api.example.com:8443",
                                     "*.example.com:80",
                                     "10.0.0.0/8",
                                     "::1",
                                     "[2001:db8::1]:443",
                                     "2001:db8::/32",
                                     "<local>",
                                     "wiki");
  INFO(entry);
  CHECK_FALSE(may_cover(entry, kApi));
}

TEST_CASE("F45 a wildcard is covered by what covers one of its hosts") {
  for (const char* entry : {"*", "example.com", ".example.com", "a.example.com", "com", "x*"}) {
    INFO(entry);
    CHECK(may_cover(entry, kWild));
  }
  for (const char* entry : {"other.com", "a.example.org", "a.example.com:444", "10.0.0.0/8"}) {
    INFO(entry);
    CHECK_FALSE(may_cover(entry, kWild));
  }
}

TEST_CASE("F45 a bound address is covered by its networks, whatever the width") {
  const BoundHost address{"10.1.2.3", false, 443};
  for (const char* entry : {"10.0.0.0/8", "10.1.2.0/23", "10.1.2.3", "10.1.2.3/32", "0.0.0.0/0"}) {
    INFO(entry);
    CHECK(may_cover(entry, address));
  }
  for (const char* entry : {"10.2.0.0/16", "11.0.0.0/8", "10.1.2.4/32", "::/0"}) {
    INFO(entry);
    CHECK_FALSE(may_cover(entry, address));
  }
  const BoundHost six{"2001:db8::1", false, 443};
  CHECK(may_cover("2001:db8::/32", six));
  CHECK(may_cover("[2001:db8::1]", six));
  CHECK(may_cover("[2001:db8::1]:443", six));
  CHECK_FALSE(may_cover("2001:db9::/32", six));
  CHECK_FALSE(may_cover("[2001:db8::1]:80", six));
}

TEST_CASE("lists are between commas and blanks, and keep their order") {
  CHECK(split_no_proxy(" a, b,,c\td ") == std::vector<std::string>{"a", "b", "c", "d"});
  CHECK(split_no_proxy("").empty());
  const BypassList list =
      judge_bypasses({"localhost", "z.corp", "*.example.com", "a.corp", "z.corp", "[::1]"}, {kApi});
  CHECK(list.kept == std::vector<std::string>{"z.corp", "a.corp"});
  REQUIRE(list.left_out.size() == 1);
  CHECK(list.left_out[0].entry == "*.example.com");
  CHECK(list.left_out[0].host == "api.example.com");
}

TEST_CASE("Java gets globs, and nothing that it would read otherwise") {
  CHECK(java_globs({"corp.com",
                    ".corp.org",
                    "*.corp.net",
                    "db*",
                    "10.0.0.0/8",
                    "10.1.0.0/16",
                    "10.1.128.0/17",
                    "10.1.2.3",
                    "::2",
                    "host:8080"}) == std::vector<std::string>{"corp.com",
                                                              "*.corp.com",
                                                              "*.corp.org",
                                                              "*.corp.net",
                                                              "db*",
                                                              "10.*",
                                                              "10.1.*",
                                                              "10.1.2.3",
                                                              "[::2]"});
}

}  // namespace keyswap::cli
