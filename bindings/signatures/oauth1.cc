// SPDX-License-Identifier: Apache-2.0
#include "bindings/signatures/oauth1.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "bindings/percent_text.h"
#include "proxy/base/bytes.h"
#include "vault/secret.h"

namespace keyswap::bindings::oauth1 {

namespace {

constexpr std::size_t kEscapeBytes = 3;  // what a byte becomes at most

// Section 3.4.2: both, encoded, with a '&' between them.
base::Status begin(Hmac& hmac, HashKind hash, const Secrets& secrets) {
  auto key = vault::LockedBuffer::of_capacity(
      (secrets.consumer.size() + secrets.token.size()) * kEscapeBytes + 1);
  if (!key) {
    return key.error();
  }
  if (!append_percent(secrets.consumer, UrlPart::parameter, *key) || !key->append("&") ||
      !append_percent(secrets.token, UrlPart::parameter, *key)) {
    return base::Error{base::Errc::limit_exceeded, "no room for the signing key"};
  }
  return hmac.begin(hash, key->reveal());
}

// What is encoded already, encoded again: only its '%' change.
base::Status add_again(Hmac& hmac, std::string_view encoded) {
  while (!encoded.empty()) {
    const auto end = std::min(encoded.find('%'), encoded.size());
    KS_TRY(hmac.add(encoded.substr(0, end)));
    if (end < encoded.size()) {
      KS_TRY(hmac.add("%25"));
    }
    encoded.remove_prefix(std::min(end + 1, encoded.size()));
  }
  return {};
}

// Section 3.4.1.3.2, encoded as a part of the base string.
base::Status add_parameters(Hmac& hmac, std::span<const Parameter> parameters) {
  std::vector<Parameter> sorted(parameters.begin(), parameters.end());
  std::ranges::sort(sorted, [](const Parameter& a, const Parameter& b) {
    return std::tie(a.name, a.value) < std::tie(b.name, b.value);
  });
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    KS_TRY(hmac.add(i == 0 ? "" : "%26"));
    KS_TRY(add_again(hmac, sorted[i].name));
    KS_TRY(hmac.add("%3D"));
    KS_TRY(add_again(hmac, sorted[i].value));
  }
  return {};
}

}  // namespace

std::optional<HashKind> hash_of_method(std::string_view method) {
  if (method == "HMAC-SHA1") {
    return HashKind::sha1;
  }
  return method == "HMAC-SHA256" ? std::optional(HashKind::sha256) : std::nullopt;
}

base::Result<std::string> signature_of(HashKind hash,
                                       const SignedRequest& request,
                                       const Secrets& secrets) {
  Hmac hmac;
  KS_TRY(begin(hmac, hash, secrets));
  KS_TRY(hmac.add(request.method));
  KS_TRY(hmac.add("&"));
  KS_TRY(hmac.add(percent_encoded(request.uri, UrlPart::parameter)));
  KS_TRY(hmac.add("&"));
  KS_TRY(add_parameters(hmac, request.parameters));
  Digest digest;
  KS_TRY(hmac.finish(digest));
  return base::to_base64(digest.view());
}

}  // namespace keyswap::bindings::oauth1
