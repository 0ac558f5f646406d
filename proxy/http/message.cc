// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/message.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/base/bytes.h"
#include "proxy/http/grammar.h"

namespace keyswap::http {

namespace {

// RFC 9110 section 7.6.1 and the fields that belong to one connection by their own definition; the
// caller's token on a reverse route is for this proxy alone.
constexpr std::array<std::string_view, 12> kHopByHop = {"connection",
                                                        "te",
                                                        "upgrade",
                                                        "trailer",
                                                        "keep-alive",
                                                        "transfer-encoding",
                                                        "http2-settings",
                                                        "proxy-connection",
                                                        "proxy-authenticate",
                                                        "proxy-authorization",
                                                        "proxy-authentication-info",
                                                        "keyswap-caller"};

// What a Connection field must not take away (R15): what routes, frames, describes or authorises
// the message. RFC 9110 section 7.6.1 forbids a sender to nominate fields meant for all recipients.
constexpr std::array<std::string_view, 12> kEndToEnd = {"host",
                                                        "content-length",
                                                        "content-type",
                                                        "content-encoding",
                                                        "content-range",
                                                        "authorization",
                                                        "www-authenticate",
                                                        "cookie",
                                                        "set-cookie",
                                                        "cache-control",
                                                        "location",
                                                        "date"};

template <std::size_t n>
bool is_one_of(std::string_view name, const std::array<std::string_view, n>& names) {
  return std::any_of(names.begin(), names.end(), [name](std::string_view known) {
    return grammar::is_name(name, known);
  });
}

// Is `token` an element of the comma-separated `list`?
bool list_has(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (base::equal_ignoring_case(grammar::trim(list.substr(0, comma)), token)) {
      return true;
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace

HeadBlock::HeadBlock(HeadBlock&& other) noexcept
    : bytes(std::move(other.bytes)), size(std::exchange(other.size, 0)) {}

HeadBlock& HeadBlock::operator=(HeadBlock&& other) noexcept {
  if (this != &other) {
    wipe();
    bytes = std::move(other.bytes);
    size = std::exchange(other.size, 0);
  }
  return *this;
}

void HeadBlock::wipe() {
  if (bytes) {
    base::wipe(bytes.get(), size);
  }
}

const Field* HeaderList::find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (field.name.size() == name.size() && base::equal_ignoring_case(field.name, name)) {
      return &field;
    }
  }
  return nullptr;
}

std::size_t HeaderList::count(std::string_view name) const {
  std::size_t found = 0;
  for (const Field& field : fields_) {
    if (field.name.size() == name.size() && base::equal_ignoring_case(field.name, name)) {
      ++found;
    }
  }
  return found;
}

bool HeaderList::has_token(std::string_view name, std::string_view token) const {
  return std::any_of(fields_.begin(), fields_.end(), [name, token](const Field& field) {
    return field.name.size() == name.size() && base::equal_ignoring_case(field.name, name) &&
           list_has(field.value, token);
  });
}

bool is_hop_by_hop(std::string_view name, const HeaderList& fields) {
  if (is_one_of(name, kHopByHop)) {
    return true;
  }
  const bool is_nominated = std::any_of(fields.begin(), fields.end(), [name](const Field& field) {
    return grammar::is_name(field.name, "connection") && list_has(field.value, name);
  });
  return is_nominated && !is_one_of(name, kEndToEnd);
}

}  // namespace keyswap::http
