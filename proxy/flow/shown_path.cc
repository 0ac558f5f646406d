// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/shown_path.h"

#include <cstddef>

#include "bindings/percent_text.h"
#include "proxy/http/target.h"

namespace keyswap::flow {

namespace {

std::string name_of(const bindings::PlaceholderIndex::Hit& hit,
                    const bindings::Bindings& bindings) {
  return "<" + bindings.rules[hit.number].name.text() + ">";
}

std::string shown_text(std::string_view path, const bindings::Bindings& bindings) {
  std::string shown;
  std::size_t at = 0;
  while (const auto hit = bindings.next_placeholder(path, at)) {
    shown += path.substr(at, hit->at - at);
    shown += name_of(*hit, bindings);
    at = hit->at + hit->size;
  }
  return shown.append(path.substr(at));
}

}  // namespace

std::string shown_path(std::string_view target, const bindings::Bindings& bindings) {
  const std::string_view path = http::path_of(target);
  if (!bindings::has_percent(path)) {
    return shown_text(path, bindings);
  }
  // Where each byte stood tells what of the path as it came the name stands for.
  const auto decoded = bindings::decode_percent(path);
  std::string shown;
  std::size_t at = 0;
  while (const auto hit = bindings.next_placeholder(decoded.text, at)) {
    shown += path.substr(decoded.places[at], decoded.places[hit->at] - decoded.places[at]);
    shown += name_of(*hit, bindings);
    at = hit->at + hit->size;
  }
  return shown.append(path.substr(decoded.places[at]));
}

}  // namespace keyswap::flow
