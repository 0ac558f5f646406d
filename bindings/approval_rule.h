// SPDX-License-Identifier: Apache-2.0
//
// `approve:` of an entry of `bindings:`: which of its requests a person decides on, and how long
// that may take. Not for what becomes of a request that is held (proxy/flow/exchange_approval.cc).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bindings/path_pattern.h"
#include "bindings/request_readings.h"

namespace keyswap::bindings {

// What a client gets when nobody has decided while it waited.
enum class OnTimeout : std::uint8_t {
  refuse,  // 403, and nothing is decided any more
  accept,  // 202, with an operation that is decided later
};

struct ApprovalRule {
  std::vector<std::string> methods;  // upper case; empty = any
  std::vector<PathPattern> paths;    // empty = any
  // Fields that are a part of what is approved besides the usual ones; lower case.
  std::vector<std::string> headers;
  std::int64_t hold_ms = 55'000;      // so long the client waits; 0: not at all
  std::int64_t expires_ms = 600'000;  // so long a person may take
  std::int64_t retry_ms = 600'000;    // so long an approved request may be sent
  OnTimeout on_timeout = OnTimeout::refuse;

  // May it be a request that a person decides on? As what blocks, it asks for every reading that
  // some server may have, so that no spelling gets around it.
  [[nodiscard]] bool may_concern(const RequestReadings& request) const;
  // Does it hang on a method that the body might name? `request`: without its body.
  [[nodiscard]] bool may_concern_by_body(const RequestReadings& request) const;
  // Of one request that both concern: the fields of both, the shorter times, and 403 before 202.
  void narrow(const ApprovalRule& other);
};

// All of it in words: "POST of /pay, with the fields x-amount (waits 7000 ms, then 202; decided in
// 600000 ms, sent in 600000 ms)".
std::string describe(const ApprovalRule& rule);

}  // namespace keyswap::bindings
