// SPDX-License-Identifier: Apache-2.0
#include "audit/line_types.h"

#include <set>
#include <string>

#include <catch2/catch.hpp>

namespace keyswap::audit {

namespace {

constexpr const char* kTypes[] = {"inject_decision",
                                  "tunnel",
                                  "upstream_response",
                                  "client_tls_failed",
                                  "real_secret_seen",
                                  "upstream_clock",
                                  "start",
                                  "honeytoken_triggered",
                                  "stop",
                                  "reload",
                                  "approval",
                                  "restored",
                                  "secret_fetched",
                                  "token_exchange",
                                  "token_rotation",
                                  "source_flushed",
                                  "managed",
                                  "recovered",
                                  "unsigned_found",
                                  "loss_accepted",
                                  "vault_locked",
                                  "vault_readable"};

}  // namespace

TEST_CASE("each type of record is found by its name, and by no other") {
  std::set<RecordType> types;
  for (const std::string name : kTypes) {
    INFO(name);
    const LineType* const type = find_type(name);
    REQUIRE(type != nullptr);
    CHECK(type->name == name);
    CHECK(types.insert(type->type).second);
    CHECK(find_type(name + "s") == nullptr);
  }
  CHECK(types.size() == static_cast<std::size_t>(RecordType::vault_readable) + 1);
  CHECK(find_type("") == nullptr);
}

TEST_CASE("a type's keys are told apart by how they begin: a reader never has to go back") {
  for (const char* const name : kTypes) {
    const auto fields = find_type(name)->fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      INFO(name << fields[i].key);
      CHECK(fields[i].key.find_first_of("\"{}]") != std::string_view::npos);
      // One that may be left out begins as no other that could stand in its place.
      for (std::size_t next = i + 1; next < fields.size(); ++next) {
        CHECK_FALSE(fields[next].key.starts_with(fields[i].key));
      }
    }
  }
}

}  // namespace keyswap::audit
