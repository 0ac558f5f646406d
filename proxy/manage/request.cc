// SPDX-License-Identifier: Apache-2.0
#include "proxy/manage/request.h"

#include <algorithm>
#include <utility>

namespace keyswap::manage {

namespace {

constexpr int kBadRequest = 400;
constexpr std::size_t kPlainBytesMax = 256;

}  // namespace

std::optional<Members> Members::read(const Request& request,
                                     std::initializer_list<std::string_view> known,
                                     Answer& refusal) {
  auto kept = vault::Secret::copy_of(request.body);
  if (!kept) {
    refusal = answer_error(503, "there is no locked memory for this body");
    return std::nullopt;
  }
  auto text = vault::JsonText::read(std::move(*kept));
  if (!text || !text->root().is(vault::JsonKind::object)) {
    refusal = answer_error(kBadRequest, "the body is no JSON object");
    return std::nullopt;
  }
  for (vault::JsonItems items(text->root()); items.next();) {
    const bool is_known = std::ranges::any_of(
        known, [&](std::string_view name) { return items.name().is_text(name); });
    if (!is_known) {
      refusal = answer_error(kBadRequest, "the body has a member that is not known here");
      return std::nullopt;
    }
  }
  return Members(std::move(*text));
}

std::string Members::plain(std::string_view name) const {
  return find(name).plain_text(kPlainBytesMax).value_or("");
}

}  // namespace keyswap::manage
