// SPDX-License-Identifier: Apache-2.0
//
// What notes leave out (bindings/note.h), held against the catalogue.
#include <algorithm>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "bindings/note.h"
#include "bindings/provider.h"
#include "bindings/providers/table.h"
#include "bindings/venues/table.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

// Names of fields have no case (RFC 9110 5.1).
bool is_same_field(std::string_view a, std::string_view b) {
  return base::equal_ignoring_case(a, b);
}

// A target that the pattern matches.
std::string target_of(std::string_view pattern) {
  std::string target(pattern);
  std::ranges::replace(target, '*', 'x');
  return target;
}

bool takes(const Bindings& bindings, const NoteDefaults& known, std::string_view method) {
  const auto host = http::parse_host(std::string(known.host), 443);
  REQUIRE(host.has_value());
  return std::ranges::all_of(known.paths, [&](std::string_view path) {
    const std::string target = target_of(path);
    return bindings.match(0, *host, {std::string(method), target}) == Match::matched;
  });
}

}  // namespace

TEST_CASE("a note that names a host alone opens no more than the catalogue does, in its form") {
  const auto files = provider_files();
  for (const NoteDefaults& known : note_defaults()) {
    INFO(known.host);
    const std::string bound = "host: " + std::string(known.host);
    const auto file = std::ranges::find_if(
        files, [&](const ProviderFile& each) { return each.text.find(bound) != each.text.npos; });
    REQUIRE(file != files.end());
    const auto provider = parse_provider(file->name, file->text);
    REQUIRE(provider.errors.empty());
    const auto catalogue = try_provider(provider.provider, all_venues());
    REQUIRE(catalogue.errors.empty());
    const SecretRule& rule = catalogue.bindings.rules.front();
    CHECK(is_same_field(rule.placement().name(), known.header));
    const auto& companions = rule.places.front().companions;
    REQUIRE(companions.size() == (known.companion.empty() ? 0 : 1));
    if (!companions.empty()) {
      CHECK(is_same_field(companions.front().name, known.companion));
      CHECK(companions.front().value == known.companion_value);
    }
    for (const std::string_view method : known.methods) {
      CHECK(takes(catalogue.bindings, known, method));
    }
  }
}

}  // namespace keyswap::bindings
