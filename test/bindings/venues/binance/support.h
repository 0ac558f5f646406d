// SPDX-License-Identifier: Apache-2.0
//
// A binding of the scheme `binance` and requests to it, for the tests of that venue. Key and
// secret are the ones that Binance's documents sign their examples with.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/signer.h"
#include "bindings/venues/binance/venue.h"
#include "test/bindings/support.h"

namespace keyswap::bindings::binance::test {

using bindings::test::at_host;
using bindings::test::kPlaceholder;
using bindings::test::one_secret;
using bindings::test::secret_of;

// The table of a program that has this venue alone.
inline Venues alone() {
  static const std::array table = {&venue()};
  return table;
}

inline std::string errors_of(const std::string& yaml) {
  return bindings::test::errors_of(yaml, alone());
}

inline std::string warnings_of(const std::string& yaml) {
  return bindings::test::warnings_of(yaml, alone());
}

inline Bindings accepted(const std::string& yaml) {
  return bindings::test::accepted(yaml, alone());
}

inline const std::string kApiKey =
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
inline const std::string kApiSecret =
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
inline const std::string kForm = "application/x-www-form-urlencoded";

// `inject`: further keys of it, each with a comma before it; `scope`: further keys of the binding.
inline std::string binance_yaml(const std::string& scope = "", const std::string& inject = "") {
  return one_secret("    placeholder: \"" + kPlaceholder +
                    "\"\n    inject: { type: binance, api_key: KEY, api_secret: SECRET" + inject +
                    " }\n    bindings: [ { host: api.binance.com" + scope + " } ]\n");
}

struct BinanceRequest {
  std::string method = "GET";
  std::string target = "/api/v3/account";
  std::string body;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string host = "api.binance.com";
};

// A request with what it needs, for as long as one is looked at.
class Seen {
 public:
  explicit Seen(BinanceRequest request) : request_(std::move(request)) {
    list_.add("X-MBX-APIKEY", kPlaceholder);
    if (!request_.content_type.empty()) {
      list_.add("Content-Type", request_.content_type);
    }
    for (const auto& [name, value] : request_.fields) {
      list_.add(name, value);
    }
  }

  [[nodiscard]] WholeRequest whole() const {
    return {request_.method, request_.target, request_.host, list_, request_.body};
  }

 private:
  BinanceRequest request_;
  http::HeaderList list_;
};

inline const Signer& signer_of(const Bindings& bindings) {
  const auto* const signer = bindings.rules[0].signer();
  REQUIRE(signer != nullptr);
  return *signer;
}

inline Judgement judge(const Bindings& bindings, BinanceRequest request) {
  return signer_of(bindings).judge(Seen(std::move(request)).whole(), bindings.rules[0].scopes[0]);
}

inline std::optional<SignerRefusal> refusal(const Bindings& bindings, BinanceRequest request) {
  return judge(bindings, std::move(request)).refusal;
}

struct Sent {
  base::Status status;
  std::string key;  // of X-MBX-APIKEY
  std::string target;
  std::string body;
  bool changes_target = false;
  bool changes_body = false;
};

// As it leaves; a test's values are not secret.
inline Sent send(const Bindings& bindings,
                 const BinanceRequest& request,
                 std::int64_t now_us = 1499827319559000,
                 const std::string& secret = kApiSecret) {
  std::vector<vault::Secret> secrets;
  secrets.push_back(secret_of(kApiKey));
  secrets.push_back(secret_of(secret));
  Edits edits;
  Sent sent;
  sent.status = signer_of(bindings).sign(Seen(request).whole(), {secrets, now_us, 0}, edits);
  const auto* const target = edits.find<TargetEdit>();
  const auto* const body = edits.find<BodyEdit>();
  sent.changes_target = target != nullptr;
  sent.changes_body = body != nullptr;
  sent.target = target == nullptr ? request.target : bindings::test::text_of(target->value);
  sent.body = body == nullptr ? request.body : body->value;
  const auto fields = std::count_if(edits.begin(), edits.end(), [](const Edit& edit) {
    return std::holds_alternative<FieldEdit>(edit);
  });
  const auto* const field = edits.find<FieldEdit>();
  if (fields == 1 && field->name == "x-mbx-apikey") {
    sent.key = bindings::test::text_of(field->value);
  }
  CHECK(edits.find<FieldRemoval>() == nullptr);
  return sent;
}

}  // namespace keyswap::bindings::binance::test
