// SPDX-License-Identifier: Apache-2.0
//
// A request for a signer, and what became of it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bindings/binding.h"
#include "bindings/signer.h"
#include "test/bindings/support.h"

namespace keyswap::bindings::test {

// A rule of one secret K with this `inject:`.
inline Bindings signing_with(const std::string& inject) {
  return accepted(with_inject(inject));
}

struct SampleRequest {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  std::string host = "api.example.com";
};

struct Signed {
  base::Status status;
  std::map<std::string, std::string> fields;  // a test's values are not secret
  std::vector<std::string> removed;
  std::string target;  // as it came if it is not changed
  std::string body;    // likewise
  bool has_target = false;
  bool has_body = false;
};

class Case {
 public:
  explicit Case(const SampleRequest& sample) : sample_(sample) {
    for (const auto& [name, value] : sample_.fields) {
      fields_.add(name, value);
    }
  }

  [[nodiscard]] WholeRequest request(std::int64_t now_us = 0) const {
    return {sample_.method, sample_.target, sample_.host, fields_, sample_.body, 443, now_us};
  }

  [[nodiscard]] Judgement judge(const Bindings& bindings, std::int64_t now_us = 0) const {
    const auto& rule = bindings.rules[0];
    REQUIRE(rule.signer() != nullptr);
    return rule.signer()->judge(request(now_us), rule.scopes[0]);
  }

  // Is it closed, whatever the bindings say?
  [[nodiscard]] bool is_forbidden(const Bindings& bindings) const {
    const RequestReadings readings(sample_.method, sample_.target, fields_, sample_.body);
    return bindings.rules[0].signer()->forbids(readings);
  }

  [[nodiscard]] bool is_malformed(const Bindings& bindings) const {
    return judge(bindings).refusal == SignerRefusal::malformed_request;
  }

  [[nodiscard]] Signed sign(const Bindings& bindings,
                            const std::vector<std::string>& values,
                            std::int64_t now_us,
                            std::uint64_t nonce = 0) const {
    std::vector<vault::Secret> secrets;
    for (const auto& value : values) {
      secrets.push_back(secret_of(value));
    }
    REQUIRE_FALSE(judge(bindings, now_us).refusal.has_value());
    Edits edits;
    Signed result;
    result.status =
        bindings.rules[0].signer()->sign(request(now_us), {secrets, now_us, nonce}, edits);
    for (const auto& edit : edits) {
      if (const auto* const set = std::get_if<FieldEdit>(&edit)) {
        CHECK(result.fields.emplace(set->name, test::text_of(set->value)).second);
      } else if (const auto* const removed = std::get_if<FieldRemoval>(&edit)) {
        result.removed.emplace_back(removed->name);
      }
    }
    const auto* const target = edits.find<TargetEdit>();
    const auto* const body = edits.find<BodyEdit>();
    result.has_target = target != nullptr;
    result.has_body = body != nullptr;
    result.target = target == nullptr ? sample_.target : test::text_of(target->value);
    result.body = body == nullptr ? sample_.body : body->value;
    return result;
  }

 private:
  SampleRequest sample_;
  http::HeaderList fields_;
};

inline const std::pair<std::string, std::string> kFormField = {"Content-Type",
                                                               "application/x-www-form-urlencoded"};

}  // namespace keyswap::bindings::test
