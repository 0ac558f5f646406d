// SPDX-License-Identifier: Apache-2.0
//
// What docs/bindings.md must say of a scheme, for those of bindings/schemes.cc and of venues alike.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "bindings/scheme.h"
#include "test/support/data.h"

namespace keyswap::bindings::test {

inline std::string text_of_bindings_md() {
  const std::ifstream file(keyswap::test::tree_path("docs/bindings.md"));
  std::stringstream held;
  held << file.rdbuf();
  return held.str();
}

inline void check_described(const Scheme& scheme) {
  INFO(scheme.name);
  CHECK_FALSE(scheme.summary.empty());
  for (const auto& parameter : scheme.parameters) {
    CHECK_FALSE(parameter.help.empty());
    CHECK(parameter.name != "type");
  }
}

inline void check_section(const Scheme& scheme) {
  INFO(scheme.name);
  const auto text = text_of_bindings_md();
  const auto section = text.find("### Scheme `" + std::string(scheme.name) + "`");
  REQUIRE(section != std::string::npos);
  for (const auto& parameter : scheme.parameters) {
    INFO(parameter.name);
    CHECK(text.find("`" + std::string(parameter.name) + "`", section) != std::string::npos);
  }
}

}  // namespace keyswap::bindings::test
