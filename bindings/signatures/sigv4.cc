// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/sigv4.h"

#include <algorithm>
#include <array>
#include <utility>

#include "bindings/digest.h"
#include "proxy/base/bytes.h"

namespace keyswap::bindings::sigv4 {

std::string KeyScope::text() const {
  std::string text(date);
  for (const std::string_view part : {region, service, kTermination}) {
    text.append(part.empty() ? "" : "/").append(part);
  }
  return text;
}

base::Result<vault::Secret> make_key(std::string_view secret, const KeyScope& scope) {
  const std::array<std::string_view, 2> pieces = {"AWS4", secret};
  const auto first = locked_text(pieces);
  if (!first) {
    return first.error();
  }
  Digest day;
  Digest region;
  Digest service;
  Digest key;
  KS_TRY(day.hmac(HashKind::sha256, first->reveal(), scope.date));
  KS_TRY(region.hmac(HashKind::sha256, day.view(), scope.region));
  KS_TRY(service.hmac(HashKind::sha256, region.view(), scope.service));
  KS_TRY(key.hmac(HashKind::sha256, service.view(), kTermination));
  return vault::Secret::copy_of(key.view());
}

base::Result<std::string> signature_of(const vault::Secret& key,
                                       std::initializer_list<std::string_view> lines) {
  Hmac hmac;
  KS_TRY(hmac.begin(HashKind::sha256, key.reveal()));
  std::string_view separator;
  for (const std::string_view line : lines) {
    KS_TRY(hmac.add(separator));
    KS_TRY(hmac.add(line));
    separator = "\n";
  }
  Digest digest;
  KS_TRY(hmac.finish(digest));
  return base::to_hex(digest.view());
}

base::Result<vault::Secret> locked_text(std::span<const std::string_view> pieces) {
  std::size_t size = 0;
  for (const std::string_view piece : pieces) {
    size += piece.size();
  }
  auto bytes = vault::LockedBytes::of_size(size);
  if (!bytes) {
    return bytes.error();
  }
  char* out = bytes->data();
  for (const std::string_view piece : pieces) {
    out = std::copy(piece.begin(), piece.end(), out);
  }
  return vault::Secret::adopt(std::move(*bytes), size);
}

}  // namespace keyswap::bindings::sigv4
