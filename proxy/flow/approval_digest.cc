// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/approval_digest.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "bindings/body_json.h"
#include "bindings/digest.h"
#include "bindings/method_overrides.h"
#include "proxy/base/bytes.h"

namespace keyswap::flow {

namespace {

using bindings::HashKind;
using bindings::Hmac;

constexpr std::string_view kLabel = "keyswap-approval-v1";
constexpr std::string_view kTokenLabel = "keyswap-operation-token-v1";
constexpr std::string_view kRowLabel = "keyswap-operation-row-v1";

// Beside those that name a method.
constexpr std::array<std::string_view, 11> kBoundFields = {"content-type",
                                                           "content-encoding",
                                                           "content-language",
                                                           "content-range",
                                                           "if-match",
                                                           "if-none-match",
                                                           "destination",
                                                           "overwrite",
                                                           "depth",
                                                           "x-original-url",
                                                           "x-rewrite-url"};

// Some servers take `_` for `-` (CGI's names), so that spelling is the same field.
bool is_among(const auto& names, std::string_view name) {
  return std::ranges::any_of(
      names, [name](std::string_view one) { return bindings::may_be_same_name(one, name); });
}

base::Status add_field(Hmac& hmac, std::string_view field) {
  constexpr unsigned kByteBits = 8;
  std::array<char, 4> length{};
  auto rest = static_cast<std::uint32_t>(field.size());
  for (auto byte = length.rbegin(); byte != length.rend(); ++byte) {
    *byte = static_cast<char>(rest & 0xffU);
    rest >>= kByteBits;
  }
  KS_TRY(hmac.add({length.data(), length.size()}));
  return hmac.add(field);
}

base::Result<std::string> finish(Hmac& hmac) {
  bindings::Digest digest;
  if (const auto finished = hmac.finish(digest); !finished) {
    return finished.error();
  }
  return base::to_hex(digest.view());
}

}  // namespace

base::Result<std::string> approval_digest(const vault::Secret& key,
                                          const ApprovedRequest& request) {
  Hmac hmac;
  KS_TRY(hmac.begin(HashKind::sha256, key.reveal()));
  for (const std::string_view field : {kLabel,
                                       request.caller,
                                       request.secret,
                                       request.version,
                                       request.binding,
                                       request.method,
                                       request.protocol,
                                       request.host,
                                       request.path,
                                       request.query,
                                       request.headers,
                                       request.body_sha256}) {
    KS_TRY(add_field(hmac, field));
  }
  return finish(hmac);
}

base::Result<std::string> operation_token(const vault::Secret& key, std::string_view id) {
  Hmac hmac;
  KS_TRY(hmac.begin(HashKind::sha256, key.reveal()));
  KS_TRY(add_field(hmac, kTokenLabel));
  KS_TRY(add_field(hmac, id));
  return finish(hmac);
}

base::Result<std::string> operation_row_seal(const vault::Secret& key, std::string_view text) {
  Hmac hmac;
  KS_TRY(hmac.begin(HashKind::sha256, key.reveal()));
  KS_TRY(add_field(hmac, kRowLabel));
  KS_TRY(add_field(hmac, text));
  return finish(hmac);
}

std::string bound_headers(const http::HeaderList& fields, const std::vector<std::string>& more) {
  std::vector<std::string> lines;
  for (const http::Field& field : fields) {
    const std::string name = base::to_lower(field.name);
    if (is_among(kBoundFields, name) || bindings::names_method(name) || is_among(more, name)) {
      lines.push_back(name + ":" + std::string(field.value) + "\n");
    }
  }
  std::ranges::sort(lines);
  std::string all;
  for (const std::string& line : lines) {
    all += line;
  }
  return all;
}

}  // namespace keyswap::flow
