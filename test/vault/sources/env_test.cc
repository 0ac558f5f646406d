// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "test/vault/sources/backend_support.h"

namespace keyswap::vault {

extern const BackendKind kEnvKind;

namespace {

using namespace backend;  // NOLINT(google-build-using-namespace): this file's own words

Step fetch(const std::vector<std::string>& keys) {
  const auto backend = kEnvKind.make(spec_of({}));
  return test::RunScript(backend->fetch(keys)).begin();
}

}  // namespace

TEST_CASE("a variable, whole or a field of it") {
  REQUIRE(::setenv("SAMPLE_OF_ENV", R"({"key":"sk-env"})", 1) == 0);
  const auto field = key_text("SAMPLE_OF_ENV", "key");
  const Done done = as<Done>(fetch({"SAMPLE_OF_ENV", field, "SAMPLE_NOT_THERE"}));
  CHECK(value_of(done, "SAMPLE_OF_ENV") == R"({"key":"sk-env"})");
  CHECK(value_of(done, field) == "sk-env");
  CHECK(value_of(done, "SAMPLE_NOT_THERE") == "(none)");
  REQUIRE(::unsetenv("SAMPLE_OF_ENV") == 0);
  CHECK(ending(fetch({"SAMPLE_OF_ENV"})) == Ending{FetchFault::not_found, "not_found"});
}

TEST_CASE("[I1] the proxy's own variables are no secrets for clients") {
  REQUIRE(::setenv("KEYSWAP_SAMPLE", "own", 1) == 0);
  for (const auto* const name : {"KEYSWAP_SAMPLE", "", "A=B", "1A", "A-B"}) {
    INFO(name);
    CHECK(ending(fetch({name})) == Ending{FetchFault::not_found, "no_variable"});
  }
  REQUIRE(::unsetenv("KEYSWAP_SAMPLE") == 0);
}

}  // namespace keyswap::vault
