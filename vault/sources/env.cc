// SPDX-License-Identifier: Apache-2.0
//
// Variables of the environment that the proxy was started with, for CI systems that have nothing
// else. Whoever may look into the process finds them there, too (docs/sources.md), which no locked
// memory changes. The proxy's own variables are no secrets of anybody's (I1).
#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "vault/sources/each_key_run.h"
#include "vault/sources/kinds.h"

namespace keyswap::vault {

namespace {

bool is_variable(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

class EnvironmentRun final : public EachKeyRun {
 public:
  using EachKeyRun::EachKeyRun;

  [[nodiscard]] Step begin(std::int64_t /*now_us*/) override { return ask(); }

  [[nodiscard]] Step on(Answer /*answer*/, std::int64_t /*now_us*/) override {
    return fail(FetchFault::bad_answer, "malformed");  // it asks for nothing
  }

 private:
  Step ask() override {
    const std::string name(key().key);
    if (!is_variable(name) || name.starts_with("KEYSWAP_")) {
      return missed(fail(FetchFault::not_found, "no_variable"));
    }
    const char* const text = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): none sets
    if (text == nullptr) {
      return missed(fail(FetchFault::not_found, "not_found"));
    }
    auto value = Secret::copy_of(text);
    return value ? brought(picked(std::move(*value), key().field), "")
                 : missed(fail_of(value.error()));
  }
};

class Environment final : public Backend {
 public:
  [[nodiscard]] std::unique_ptr<Run> fetch(std::span<const std::string> keys) override {
    return std::make_unique<EnvironmentRun>(keys);
  }
};

std::unique_ptr<Backend> make(const SourceSpec& /*spec*/) {
  return std::make_unique<Environment>();
}

}  // namespace

extern const BackendKind kEnvKind;
constinit const BackendKind kEnvKind = {.name = "env", .is_remote = false, .make = make};

}  // namespace keyswap::vault
