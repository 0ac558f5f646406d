// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/manage_log.h"

#include <catch2/catch.hpp>

namespace keyswap::cli {

namespace {

// 2026-11-22T02:25:09.123Z
constexpr const char* kRecord =
    R"({"v":1,"seq":7,"ts":"2026-11-22T02:25:09.123456Z","type":"inject_decision",)"
    R"("request_id":"r1","decision":"allowed","reason":"binding_matched","secret":"KEY",)"
    R"("scheme":"header","client":{"addr":"127.0.0.1:5","uid":7,"caller":"agent"},)"
    R"("destination":{"host":"api.example.com","port":443,"method":"GET","path":"/v1/x"},)"
    R"("bindings_sha256":"00","prev":"00","hash":"00"})";

bool is_wanted(const manage::Query& query) {
  const auto wants = records_wanted(query);
  REQUIRE(wants);
  return (*wants)(kRecord);
}

}  // namespace

TEST_CASE("records are asked for by each of their parts, and by all that is said together") {
  CHECK(is_wanted({}));
  CHECK(is_wanted({{"secret", "KEY"}, {"host", "API.Example.com"}, {"decision", "allowed"}}));
  CHECK(is_wanted({{"service", "KEY"}}));
  CHECK(is_wanted({{"caller", "agent"}, {"reason", "binding_matched"}, {"method", "get"}}));
  CHECK(is_wanted({{"type", "inject_decision"}}));
  for (const auto& [name, value] : manage::Query{{"secret", "KE"},
                                                 {"host", "example.com"},
                                                 {"decision", "pass"},
                                                 {"caller", "127.0.0.1:5"},
                                                 {"reason", "no_placeholder"},
                                                 {"method", "GE"},
                                                 {"type", "tunnel"}}) {
    INFO(name);
    CHECK_FALSE(is_wanted({{name, value}}));
  }
  // What stands in the record elsewhere is not what was asked for.
  CHECK_FALSE(is_wanted({{"secret", "agent"}}));
  CHECK_FALSE(is_wanted({{"secret", "a \"KEY\" with quotes"}}));
}

TEST_CASE("from counts with its own time, to without") {
  CHECK(is_wanted({{"from", "1795314309123"}}));
  CHECK_FALSE(is_wanted({{"from", "1795314309124"}}));
  CHECK(is_wanted({{"to", "1795314309124"}}));
  CHECK_FALSE(is_wanted({{"to", "1795314309123"}}));
}

TEST_CASE("a question that cannot be read is none that everything answers") {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"from", "yesterday"},
                                                        {"from", "-1"},
                                                        {"to", "1e9"},
                                                        {"to", "99999999999999999999"},
                                                        {"from", "9223372036854775807"},
                                                        {"decision", "all"},
                                                        {"reason", "because"},
                                                        {"secret", ""},
                                                        {"path", "/v1"}}) {
    INFO(name << "=" << value);
    CHECK_FALSE(records_wanted({{name, value}}));
  }
}

}  // namespace keyswap::cli
