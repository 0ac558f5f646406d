// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/message.h"

#include <algorithm>
#include <array>
#include <cstdint>
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

// Options of Connection that are taken by every hop and name no field worth remembering, and what
// no option can take away: where the message goes, and where it ends. RFC 9110 section 7.6.1
// forbids a sender to nominate what is meant for all recipients; of the rest it says that it goes.
constexpr std::array<std::string_view, 5> kNeverNominated = {
    "keep-alive", "close", "upgrade", "host", "content-length"};

template <std::size_t n>
bool is_one_of(std::string_view name, const std::array<std::string_view, n>& names) {
  return std::any_of(names.begin(), names.end(), [name](std::string_view known) {
    return grammar::is_name(name, known);
  });
}

// In bit n: is one of them n bytes long? Nearly every field is told from all of them by that.
constexpr std::uint32_t kHopByHopSizes = [] {
  std::uint32_t sizes = 0;
  for (const std::string_view name : kHopByHop) {
    sizes |= std::uint32_t{1} << name.size();
  }
  return sizes;
}();

bool is_hop_by_hop(std::string_view name) {
  return name.size() < 32 && (kHopByHopSizes >> name.size() & 1U) != 0 &&
         is_one_of(name, kHopByHop);
}

// Is `token` an element of the comma-separated `list`?
bool list_has(std::string_view list, std::string_view token) {
  return grammar::any_element(list, [token](std::string_view element) {
    return base::equal_ignoring_case(element, token);
  });
}

}  // namespace

bool is_field_value(std::string_view value) {
  if (value.empty()) {
    return true;
  }
  return !grammar::is_space(value.front()) && !grammar::is_space(value.back()) &&
         grammar::is_field_text(value);
}

bool is_token(std::string_view name) {
  return !name.empty() && grammar::all_are(name, grammar::kToken);
}

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

HopByHop::HopByHop(const HeaderList& fields) {
  for (const Field& field : fields) {
    if (!grammar::is_name(field.name, "connection")) {
      continue;
    }
    grammar::any_element(field.value, [this](std::string_view option) {
      if (!is_one_of(option, kNeverNominated)) {
        nominated_.push_back(base::to_lower(option));  // kConnectionOptionsMax of them at most
      }
      return false;
    });
  }
  std::sort(nominated_.begin(), nominated_.end());
}

bool HopByHop::has(std::string_view name) const {
  return is_hop_by_hop(name) ||
         (!nominated_.empty() &&
          std::binary_search(nominated_.begin(), nominated_.end(), base::to_lower(name)));
}

}  // namespace keyswap::http
