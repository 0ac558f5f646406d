// SPDX-License-Identifier: Apache-2.0
//
// The placement `cookie`: the value of one cookie. Other cookies stay as they came, byte for byte.
//
// RFC 6265 ends a cookie at the next ';'. Servers that know the quoted strings of RFC 2965 do not
// where that stands between quotation marks. So in a line that has such a mark anywhere but around
// a whole value nothing is found, and it is one more line in which the cookie may be.
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

// Do all servers see the same cookies in the field's value?
bool is_clear(std::string_view field) {
  bool are_all = true;
  each_cookie(field, [&](const Cookie& cookie) {
    const auto text = field.substr(cookie.value, cookie.value_end - cookie.value);
    are_all = are_all && cookie.name.find('"') == std::string_view::npos &&
              text.find('"') == std::string_view::npos;
  });
  return are_all;
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
    if (!is_clear(field)) {
      return;
    }
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
        count += count_in(field.value);
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
    for (const http::Field& field : filling.head.fields) {
      if (base::equal_ignoring_case(field.name, kField)) {
        KS_TRY(keep_others(field.value, scratch));
      }
    }
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
  [[nodiscard]] std::size_t count_in(std::string_view field) const {
    std::size_t count = 0;
    each_cookie(field, [&](const Cookie& cookie) { count += cookie.name == name_ ? 1 : 0; });
    return is_clear(field) ? count : std::max<std::size_t>(count, 1);
  }

  // All cookies of the line but those of that name.
  [[nodiscard]] base::Status keep_others(std::string_view field,
                                         vault::LockedBuffer& scratch) const {
    if (!is_clear(field)) {
      return keep_whole(field, scratch);
    }
    base::Status kept;
    each_cookie(field, [&](const Cookie& cookie) {
      if (kept && cookie.name != name_ && cookie.end > cookie.begin) {
        kept = append(field.substr(cookie.begin, cookie.end - cookie.begin), scratch);
        kept = kept ? append("; ", scratch) : kept;
      }
    });
    return kept;
  }

  // Nothing is taken out of a line that is not clear: who knows what it is part of?
  [[nodiscard]] base::Status keep_whole(std::string_view field,
                                        vault::LockedBuffer& scratch) const {
    bool is_named = false;
    each_cookie(field, [&](const Cookie& cookie) { is_named = is_named || cookie.name == name_; });
    if (is_named) {
      return base::Error{base::Errc::invalid_input, "it is not clear where the cookie ends"};
    }
    KS_TRY(append(field, scratch));
    return append("; ", scratch);
  }

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
