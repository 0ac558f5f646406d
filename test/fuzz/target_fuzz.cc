// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as authority, host, absolute form and origin form: nothing crashes, and a normal form
// is a fixed point, or names that are equal would not compare equal (I3).
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/assert.h"
#include "proxy/http/target.h"

namespace {

using keyswap::http::Authority;

void check_fixed_point(const Authority& authority) {
  const auto again = keyswap::http::parse_authority(keyswap::http::to_string(authority), 0);
  KS_ASSERT(again.has_value());
  KS_ASSERT(*again == authority);
  const auto host = keyswap::http::parse_host(authority.host, authority.port);
  KS_ASSERT(host.has_value());
  KS_ASSERT(*host == authority);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace http = keyswap::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto authority = http::parse_authority(text, 443)) {
    KS_ASSERT(authority->port != 0);
    check_fixed_point(*authority);
  }
  if (const auto host = http::parse_host(text, 443)) {
    check_fixed_point(*host);
  }
  if (const auto absolute = http::parse_absolute(text)) {
    check_fixed_point(absolute->authority);
    KS_ASSERT(absolute->path_and_query.find('#') == std::string_view::npos);
  }
  if (http::is_origin_form(text)) {
    KS_ASSERT(text.front() == '/' && !http::path_of(text).empty());
    // What is an origin form is one after a scheme and a host too.
    KS_ASSERT(http::parse_absolute("http://h" + std::string(text)).has_value());
  }
  return 0;
}
