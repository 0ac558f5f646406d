// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/trouble_text.h"

#include <catch2/catch.hpp>

#include "proxy/cli/source_outcome.h"

namespace keyswap::cli {

namespace {

constexpr std::int64_t kNow = 1'700'000'065;  // 2023-11-14 22:14:25 UTC
using Rows = std::vector<std::vector<std::string>>;

}  // namespace

TEST_CASE("a source that is down is told with its outcome, since when, and when it is asked") {
  net::Troubles troubles;
  troubles.sources = {{"company", {"network", false, kNow - 65, kNow + 12}}};
  CHECK(trouble_rows(troubles, kNow) ==
        Rows{{"source", "company is down: network, since 2023-11-14 22:13Z, asked again in 12 s"},
             {"", advice_on("network")}});
  CHECK(trouble_rows(troubles, kNow + 12)[0][1] ==
        "company is down: network, since 2023-11-14 22:13Z, asked again with the next request");
}

TEST_CASE("a source that a person has to log in to says so, and so does a word that is not known") {
  net::Troubles troubles;
  troubles.sources = {{"mint:K", {"token_endpoint_error:invalid_grant", true, kNow, 0}},
                      {"other\x1b[2J", {"new_word", false, kNow, kNow + 1}}};
  CHECK(trouble_rows(troubles, kNow) ==
        Rows{{"source",
              "mint:K waits for a log-in: token_endpoint_error:invalid_grant, since "
              "2023-11-14 22:14Z, asked again with the next request"},
             {"", "log in again: keyswap login --name K"},
             {"source",
              "other\\x1b[2J is down: new_word, since 2023-11-14 22:14Z, asked again in 1 s"}});
}

TEST_CASE("a clock that is off is told with how far and which way, and what is more is counted") {
  net::Troubles troubles;
  troubles.clocks = {{"a.test:443", -90}, {"b.test:443", 3600}};
  troubles.more = 3;
  CHECK(trouble_rows(troubles, kNow) ==
        Rows{{"clock", "a.test:443 is 90 s behind this machine"},
             {"clock", "b.test:443 is 3600 s ahead of this machine"},
             {"", "and 3 more of these"}});
  CHECK(trouble_rows({}, kNow).empty());
}

}  // namespace keyswap::cli
