// SPDX-License-Identifier: Apache-2.0
#include "vault/source_table.h"

#include <functional>

#include <catch2/catch.hpp>

namespace keyswap::vault {

namespace {

SecretName name_of(std::string_view text) {
  return *SecretName::parse(text);
}

SourceSpec sample_spec() {
  SourceSpec spec;
  spec.id = "company";
  spec.kind = "bitwarden";
  spec.settings = {{"organization_id", "f4e4"}, {"region", "eu"}};
  spec.own = {name_of("BWS_TOKEN")};
  return spec;
}

}  // namespace

TEST_CASE("A routed name leads to its source, and any other to the vault of this machine") {
  const SourceTable table({sample_spec()}, {{name_of("K"), {0, "OPENAI", "value"}}});
  const Route* route = table.find(name_of("K"));
  REQUIRE(route != nullptr);
  CHECK(route->key == "OPENAI");
  CHECK(route->field == "value");
  REQUIRE(table.source_of(name_of("K")) != nullptr);
  CHECK(table.source_of(name_of("K"))->id == "company");
  CHECK(table.find(name_of("L")) == nullptr);
  CHECK(table.source_of(name_of("L")) == nullptr);
}

TEST_CASE("A setting that the file does not say is none") {
  const SourceSpec spec = sample_spec();
  REQUIRE(spec.setting("region") != nullptr);
  CHECK(*spec.setting("region") == "eu");
  CHECK(spec.setting("api_url") == nullptr);
}

TEST_CASE("The same specification has the same digest, and any change another") {
  const std::string before = sample_spec().digest();
  CHECK(sample_spec().digest() == before);
  using Change = std::function<void(SourceSpec&)>;
  const std::vector<Change> changes = {
      [](SourceSpec& spec) { spec.id = "other"; },
      [](SourceSpec& spec) { spec.kind = "vault"; },
      [](SourceSpec& spec) { spec.settings[0].value = "f4e5"; },
      [](SourceSpec& spec) { spec.settings.pop_back(); },
      [](SourceSpec& spec) { spec.argv = {"/bin/op"}; },
      [](SourceSpec& spec) { spec.own = {name_of("OTHER")}; },
      [](SourceSpec& spec) {
        spec.allowed = {{"10.0.0.0", 8}};
      },
      [](SourceSpec& spec) { spec.cache.ttl_ms += 1; },
      [](SourceSpec& spec) { spec.cache.jitter_ms += 1; },
      [](SourceSpec& spec) { spec.cache.entries_max += 1; },
      [](SourceSpec& spec) { spec.cache.stale_ms += 1; },
      [](SourceSpec& spec) { spec.is_minted = true; },
  };
  for (const Change& change : changes) {
    SourceSpec spec = sample_spec();
    change(spec);
    CHECK(spec.digest() != before);
  }
}

TEST_CASE("Words that run together to the same text have digests of their own") {
  SourceSpec one = sample_spec();
  SourceSpec other = sample_spec();
  one.settings = {{"ab", "c"}};
  other.settings = {{"a", "bc"}};
  CHECK(one.digest() != other.digest());
  one.settings = {{"a", "1:b"}};
  other.settings = {{"a1:", "b"}};
  CHECK(one.digest() != other.digest());
}

}  // namespace keyswap::vault
