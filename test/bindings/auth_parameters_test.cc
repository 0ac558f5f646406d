// SPDX-License-Identifier: Apache-2.0
#include "bindings/auth_parameters.h"

#include <string>

#include <catch2/catch.hpp>

#include "bindings/bounds.h"

namespace keyswap::bindings {

namespace {

// "name@at=value" of each; "-" for nothing.
std::string shown(std::string_view field) {
  const auto found = read_auth_parameters(field, "OAuth");
  std::string text = found ? "" : "-";
  for (std::size_t i = 0; found && i < found->size(); ++i) {
    const auto& one = (*found)[i];
    text += (text.empty() ? "" : " ") + std::string(one.name) + "@" + std::to_string(one.at) + "=" +
            std::string(one.value);
  }
  return text;
}

}  // namespace

TEST_CASE("The parameters of an Authorization field are read with and without quotes") {
  CHECK(shown("OAuth a=1,b=\"2 3\", c=\"\"") == "a@8=1 b@13=2 3 c@22=");
  CHECK(shown("oauth \t a=1") == "a@10=1");
  CHECK(shown("OAuth realm=\"a=b,c\",d=e") == "realm@13=a=b,c d@22=e");
}

TEST_CASE("F29: parameters that could be read in two ways are none") {
  const auto* const field = GENERATE("",
                                     "OAuth",
                                     "OAuth ",
                                     "OAuth2 a=1",
                                     "Basic a=1",
                                     "OAuth a",
                                     "OAuth a=",
                                     "OAuth =1",
                                     "OAuth a=1,",
                                     "OAuth ,a=1",
                                     "OAuth a=1 b=2",
                                     "OAuth a =1",
                                     "OAuth a= 1",
                                     "OAuth a=1,a=2",
                                     "OAuth a=1,A=2",
                                     "OAuth a=\"1",
                                     "OAuth a=\"1\"2",
                                     "OAuth a=1\"2\"",
                                     "OAuth a=\"1\\\"2\"",
                                     "OAuth a=b=c");
  INFO(field);
  CHECK(shown(field) == "-");
}

TEST_CASE("More parameters than any scheme has are not read", "[I10]") {
  std::string field = "OAuth p0=0";
  for (std::size_t i = 1; i < bounds::kAuthParametersMax; ++i) {
    field += ",p" + std::to_string(i) + "=0";
  }
  CHECK(shown(field) != "-");
  CHECK(shown(field + ",q=0") == "-");
}

TEST_CASE("A parameter is found by its exact name") {
  const auto found = read_auth_parameters("OAuth id=1,ts=2", "oauth");
  REQUIRE(found.has_value());
  CHECK(find_auth_parameter(*found, "ts") == std::optional<std::string_view>("2"));
  CHECK_FALSE(find_auth_parameter(*found, "TS").has_value());
}

}  // namespace keyswap::bindings
