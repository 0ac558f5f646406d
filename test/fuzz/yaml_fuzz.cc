// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as bindings.yaml: it must end, keep its bounds, and either accept or say what is wrong.
// What it accepts must answer questions without harm.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bindings/parse.h"
#include "bindings/venues/table.h"
#include "proxy/base/assert.h"

namespace {

void ask(const keyswap::bindings::Bindings& bindings) {
  std::vector<std::uint32_t> found;
  for (std::uint32_t rule = 0; rule < bindings.rules.size(); ++rule) {
    KS_ASSERT(!bindings.rules[rule].places.empty());
    for (const auto& place : bindings.rules[rule].places) {
      KS_ASSERT(place.injection != nullptr && place.placement != nullptr);
    }
    KS_ASSERT(!bindings.rules[rule].scopes.empty());
    found.clear();
    bindings.find_placeholders(bindings.rules[rule].placeholder, found);
    KS_ASSERT(found.size() == 1 && found[0] == rule);
    for (const auto& scope : bindings.rules[rule].scopes) {
      const auto host = scope.host.is_wildcard ? "a." + scope.host.host : scope.host.host;
      const keyswap::http::Authority destination{host, scope.port, keyswap::http::HostKind::name};
      KS_ASSERT(bindings.binds(destination));
      KS_ASSERT(bindings.match(rule, destination, {"GET", "/v1/..%2f;x//y?z"}) !=
                keyswap::bindings::Match::other_destination);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed =
      keyswap::bindings::parse(text, "/etc/keyswap", keyswap::bindings::all_venues());
  if (parsed.errors.empty()) {
    ask(parsed.bindings);
  }
  return 0;
}
