// SPDX-License-Identifier: Apache-2.0
#include "bindings/method_overrides.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "bindings/body_json.h"
#include "bindings/body_text.h"
#include "bindings/bounds.h"
#include "bindings/signing_parts.h"
#include "proxy/base/bytes.h"
#include "proxy/http/message.h"

namespace keyswap::bindings {

namespace {

// In lower case, with '_' for '-'. The first of Symfony, Rails, Spring and WordPress; the last of
// Salesforce.
constexpr std::array<std::string_view, 5> kNames = {
    "_method", "x_http_method_override", "x_http_method", "x_method_override", "_httpmethod"};
constexpr std::size_t kNameBytesMin = 7;  // of the shortest

bool is_encoded(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c == '%' || c == '+'; });
}

// As it stands after as many decodings as it takes, up to more than any server makes.
std::string decoded(std::string_view text) {
  constexpr int kDecodingsMax = 4;
  std::string result(text);
  for (int i = 0; i < kDecodingsMax && is_encoded(result); ++i) {
    result = url_decoded(result);
  }
  return result;
}

bool is_known_name(std::string_view name) {
  const auto is_same = [](char known, char c) {
    const bool is_mark = c == '-' || c == '.' || c == ' ' || c == '[';
    return known == (is_mark ? '_' : base::to_lower(c));
  };
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view known) {
    return known.size() == name.size() &&
           std::equal(known.begin(), known.end(), name.begin(), is_same);
  });
}

// `name` is decoded. PHP leaves out spaces in front, makes '_' of what its variables cannot have,
// and ends a name at '[' or NUL.
bool is_parameter_name(std::string_view name) {
  name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
  name = name.substr(0, std::min(name.find('[', 1), name.find('\0')));
  while (name.ends_with(' ')) {
    name.remove_suffix(1);
  }
  return is_known_name(name);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
  return text.substr(0, text.find_last_not_of(kSpaces) + 1);
}

void add_method(std::string_view text, MethodOverrides& found) {
  auto method = base::to_upper(trimmed(text));
  if (!http::is_token(method) || method.find('%') != std::string::npos) {
    found.are_unclear = true;
  } else if (std::find(found.methods.begin(), found.methods.end(), method) == found.methods.end()) {
    // I10: each is held against every rule.
    found.are_unclear = found.are_unclear || found.methods.size() == bounds::kMethodOverridesMax;
    if (!found.are_unclear) {
      found.methods.push_back(std::move(method));
    }
  }
}

// A list, as several fields of one name may be joined (RFC 9110 section 5.3). Who names the same
// again and again counts, too (I10).
void add_methods(std::string_view list, MethodOverrides& found) {
  for (std::size_t i = 0; i < bounds::kMethodOverridesMax && !found.are_unclear; ++i) {
    const auto comma = std::min(list.find(','), list.size());
    add_method(list.substr(0, comma), found);
    if (comma == list.size()) {
      return;
    }
    list.remove_prefix(comma + 1);
  }
  found.are_unclear = true;
}

void read_pair(std::string_view pair, MethodOverrides& found) {
  const auto equals = std::min(pair.find('='), pair.size());
  if (equals < kNameBytesMin) {
    return;
  }
  const auto name = pair.substr(0, equals);
  if (is_encoded(name) ? is_parameter_name(decoded(name)) : is_parameter_name(name)) {
    add_methods(decoded(pair.substr(std::min(equals + 1, pair.size()))), found);
  }
}

bool has_quoted_name(std::string_view body) {
  constexpr std::string_view kQuoted = "\"_method\"";
  return !body.empty() &&
         ::memmem(body.data(), body.size(), kQuoted.data(), kQuoted.size()) != nullptr;
}

// Whoever reads the head.
bool is_json(const http::HeaderList& fields) {
  const auto type = read_body_type(fields);
  return type && body_text_of(*type) == BodyText::json;
}

}  // namespace

bool names_method(std::string_view field) {
  return is_known_name(field);
}

bool MethodOverrides::disagree_with(std::string_view method) const {
  return are_unclear || std::any_of(methods.begin(), methods.end(), [&](const std::string& named) {
           return named != method;
         });
}

void read_field_overrides(const http::HeaderList& fields, MethodOverrides& found) {
  for (const auto& field : fields) {
    if (is_known_name(field.name)) {
      add_methods(field.value, found);
    }
  }
}

void read_parameter_overrides(std::string_view pairs, MethodOverrides& found) {
  const auto is_separator = [](char c) {
    return c == '&' || c == ';' || c == '?';
  };
  while (!pairs.empty() && !found.are_unclear) {
    const auto* const end = std::find_if(pairs.begin(), pairs.end(), is_separator);
    const auto size = static_cast<std::size_t>(end - pairs.begin());
    read_pair(pairs.substr(0, size), found);
    pairs.remove_prefix(std::min(size + 1, pairs.size()));
  }
}

void read_body_overrides(std::string_view body, MethodOverrides& found) {
  if (has_quoted_name(body)) {
    found.are_unclear = true;
  }
  read_parameter_overrides(body, found);
}

void read_body_overrides(const http::HeaderList& fields,
                         std::string_view body,
                         MethodOverrides& found) {
  if (is_json(fields)) {
    found.are_unclear = found.are_unclear || has_quoted_name(body);
  } else {
    read_body_overrides(body, found);
  }
}

}  // namespace keyswap::bindings
