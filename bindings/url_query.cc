// SPDX-License-Identifier: Apache-2.0
#include "bindings/url_query.h"

#include <algorithm>
#include <cstddef>

#include "bindings/body_json.h"
#include "bindings/percent_text.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings {

namespace {

constexpr unsigned char kSpace = 0x20;

std::string form_text(std::string_view encoded) {
  std::string text(encoded);
  std::replace(text.begin(), text.end(), '+', ' ');
  return decode_percent(text).text;
}

bool is_in_name(char c) {
  const auto byte = static_cast<unsigned char>(c);
  const char lower = base::to_lower(c);
  return byte >= 0x80 || (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

// What makes a list or an object of the value ends the name, and so does what PHP cuts it at; it
// skips what stands before it, too.
bool ends_name(char c) {
  return std::string_view("[].;").find(c) != std::string_view::npos ||
         static_cast<unsigned char>(c) <= kSpace;
}

std::string_view stem_of(std::string_view name) {
  const auto* const begin = std::find_if(name.begin(), name.end(), is_in_name);
  name.remove_prefix(static_cast<std::size_t>(begin - name.begin()));
  const auto* const end = std::find_if(name.begin(), name.end(), ends_name);
  return name.substr(0, static_cast<std::size_t>(end - name.begin()));
}

}  // namespace

std::vector<UrlParameter> read_url_query(std::string_view target, std::string_view separators) {
  std::vector<UrlParameter> parameters;
  const auto mark = target.find('?');
  std::string_view rest =
      mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = std::min(rest.find_first_of(separators), rest.size());
    const auto pair = rest.substr(0, end);
    const auto equals = std::min(pair.find('='), pair.size());
    parameters.push_back({form_text(pair.substr(0, equals)),
                          form_text(pair.substr(std::min(equals + 1, pair.size())))});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return parameters;
}

bool may_mean(std::string_view parameter, std::string_view name) {
  return may_be_same_name(stem_of(parameter), name) ||
         (has_percent(parameter) &&
          may_be_same_name(stem_of(decode_percent(parameter).text), name));
}

}  // namespace keyswap::bindings
