// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a template: it is refused with a place inside of it, or it renders or refuses its
// values.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bindings/template.h"
#include "proxy/base/assert.h"

namespace {

using keyswap::bindings::Template;
using keyswap::bindings::TemplateError;

void render(const Template& text) {
  constexpr std::array<std::string_view, 2> kPlain = {"alice", "Zm9vOmJhcg=="};
  constexpr std::array<std::string_view, 2> kSeeds = {"GEZDGNBVGY3TQOJQ", "\xFF\r\n"};
  static_cast<void>(text.render(kPlain, 59));
  static_cast<void>(text.render(kSeeds, 1'700'000'000));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  KS_ASSERT(keyswap::vault::lock_memory().has_value());
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const std::array<std::string, 2> parts = {"A", "B"};
  const auto compiled = Template::compile(source, parts);
  if (const auto* const error = std::get_if<TemplateError>(&compiled)) {
    KS_ASSERT(error->offset <= size);
    KS_ASSERT(!error->text.empty());
  } else {
    render(std::get<Template>(compiled));
  }
  return 0;
}
