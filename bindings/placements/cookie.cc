// SPDX-License-Identifier: Apache-2.0
//
// The placement `cookie`: the value of one cookie. Other cookies stay as they came, byte for byte.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "bindings/placement.h"
#include "bindings/plain_value.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"
#include "proxy/http/message.h"

namespace keyswap::bindings {

namespace {

constexpr std::string_view kKind = "cookie";
constexpr std::string_view kField = "cookie";

// RFC 6265 section 4.1.1: what may stand in a cookie's value.
bool is_cookie_byte(char c) {
  return c > ' ' && c <= '~' && std::string_view("\",;\\").find(c) == std::string_view::npos;
}

bool is_cookie_value(std::string_view text) {
  return std::ranges::all_of(text, is_cookie_byte);
}

// A cookie, as places in a field's value.
struct Cookie {
  std::size_t begin = 0;
  std::size_t value = 0;  // without quotation marks around it
  std::size_t value_end = 0;
  std::size_t end = 0;
  std::string_view name;
};

// The cookie in [begin, end) of the field's value.
Cookie read_cookie(std::string_view field, std::size_t begin, std::size_t end) {
  while (begin < end && (field[begin] == ' ' || field[begin] == '\t')) {
    ++begin;
  }
  while (begin < end && (field[end - 1] == ' ' || field[end - 1] == '\t')) {
    --end;
  }
  const auto equals = std::min(field.find('=', begin), end);
  Cookie cookie{begin, std::min(equals + 1, end), end, end, field.substr(begin, equals - begin)};
  const bool is_quoted = cookie.value_end - cookie.value > 1 && field[cookie.value] == '"' &&
                         field[cookie.value_end - 1] == '"';
  if (is_quoted) {
    ++cookie.value;
    --cookie.value_end;
  }
  return cookie;
}

// Calls `use` with each, in their order.
template <typename Use>
void each_cookie(std::string_view field, Use use) {
  for (std::size_t begin = 0; begin < field.size();) {
    const auto end = std::min(field.find(';', begin), field.size());
    use(read_cookie(field, begin, end));
    begin = end + 1;
  }
}

base::Status append(std::string_view bytes, vault::LockedBuffer& scratch) {
  return scratch.append(bytes) ? base::Status{}
                               : base::Error{base::Errc::limit_exceeded, "no room for the cookies"};
}

class CookiePlacement final : public Placement {
 public:
  explicit CookiePlacement(std::string name) : name_(std::move(name)) {}

  [[nodiscard]] std::string_view kind() const override { return kKind; }

  [[nodiscard]] std::string_view name() const override { return name_; }

  void show(std::string_view placeholder, ClientHead& head) const override {
    head.fields.emplace_back(kField, name_ + "=" + std::string(placeholder));
  }

  [[nodiscard]] bool can_hold(std::string_view placeholder) const override {
    return is_cookie_value(placeholder);
  }

  void find(const HeadParts& head,
            std::size_t part,
            std::string_view placeholder,
            std::vector<Spot>& spots) const override {
    if (!head.is_field(part) || !base::equal_ignoring_case(head.fields[part].name, kField)) {
      return;
    }
    const std::string_view field = head[part];
    each_cookie(field, [&](const Cookie& cookie) {
      if (cookie.name == name_ &&
          field.substr(cookie.value, cookie.value_end - cookie.value) == placeholder) {
        spots.push_back({part, cookie.value, cookie.value_end});
      }
    });
  }

  [[nodiscard]] std::size_t count(const HeadParts& head) const override {
    std::size_t count = 0;
    for (const http::Field& field : head.fields) {
      if (base::equal_ignoring_case(field.name, kField)) {
        each_cookie(field.value,
                    [&](const Cookie& cookie) { count += cookie.name == name_ ? 1 : 0; });
      }
    }
    return count;
  }

  [[nodiscard]] base::Status check(std::string_view value) const override {
    KS_TRY(check_plain_value(value));
    if (!is_cookie_value(value)) {
      return base::Error{base::Errc::invalid_input,
                         "the credential's value has what no cookie may have"};
    }
    return {};
  }

  // Stands last; the client's own of that name go, and several lines become one.
  [[nodiscard]] base::Status fill(const Filling& filling, Edits& edits) const override {
    vault::LockedBuffer& scratch = filling.scratch;
    const std::size_t begin = scratch.size();
    base::Status kept;
    for (const http::Field& field : filling.head.fields) {
      if (base::equal_ignoring_case(field.name, kField)) {
        each_cookie(field.value, [&](const Cookie& cookie) {
          if (kept && cookie.name != name_ && cookie.end > cookie.begin) {
            kept = append(field.value.substr(cookie.begin, cookie.end - cookie.begin), scratch);
            kept = kept ? append("; ", scratch) : kept;
          }
        });
      }
    }
    KS_TRY(kept);
    KS_TRY(append(name_, scratch));
    KS_TRY(append("=", scratch));
    KS_TRY(append(filling.value.bytes, scratch));
    const std::string_view made = scratch.reveal().substr(begin);
    if (made.size() > base::bounds::kRequestFieldBytesMax) {
      return base::Error{base::Errc::limit_exceeded, "the cookies are too long for a field"};
    }
    edits.set_field(kField, Locked{made});
    return {};
  }

 private:
  std::string name_;
};

MadePlacement make_cookie(const SchemeSetup& setup) {
  MadePlacement made;
  const std::string& name = *setup.find(kKind);
  if (http::is_token(name)) {
    made.placement = std::make_unique<CookiePlacement>(name);
  } else {
    made.issues.push_back({kKind, 0, "`cookie` must be the name of a cookie", ""});
  }
  return made;
}

constexpr std::array kParameters = {
    SchemeParameter{kKind, true, "the cookie whose value is replaced"},
};

}  // namespace

extern const PlacementKind kCookiePlacement;
constinit const PlacementKind kCookiePlacement = {kKind, kParameters, make_cookie};

}  // namespace keyswap::bindings
