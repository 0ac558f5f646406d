// SPDX-License-Identifier: Apache-2.0
//
// A call of ours to an AWS service, signed with a pair of keys (Signature Version 4). The pair is
// what a source is opened with, or what STS gave.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vault/sources/backend_parts.h"

namespace keyswap::vault::aws {

struct Pair {
  Secret id;
  Secret secret;
  Secret session_token;  // may be empty
};

// What is sent: POST of "/".
struct Request {
  std::string host;  // "secretsmanager.us-east-1.amazonaws.com"
  std::string region;
  std::string_view service;
  std::string_view content_type;  // of static lifetime, as all of these
  std::string_view target;        // X-Amz-Target; may be empty
  Secret body;
};

// invalid_input for a pair that cannot stand in a field; unavailable without locked memory.
base::Result<Call> signed_call(const Pair& pair, Request request, std::int64_t now_us);

// What an error of AWS's means where the time that was signed may be why: `clock_differs`
// (vault/sources/clock_fault.h). Nothing: it means what it says.
std::optional<Failed> fail_of_time(std::string_view error,
                                   const CallAnswer& answer,
                                   std::int64_t now_us);

// Where a pair is that a source is opened with; the last part may be nowhere.
using PairPlace = std::array<std::string, 3>;
PairPlace pair_place(const SourceSpec& spec);

// The steps that read it.
class PairSteps {
 public:
  // `place` outlives it.
  explicit PairSteps(const PairPlace& place) : place_(place) {}

  [[nodiscard]] Step begin();
  // The next step; nothing: pair() is there.
  [[nodiscard]] std::optional<Step> on(Answer& answer);

  [[nodiscard]] const Pair& pair() const { return pair_; }

 private:
  const PairPlace& place_;
  Pair pair_;
  std::size_t read_ = 0;
};

// Where a service of a region answers: "sts.eu-west-1.amazonaws.com". The regions of China are a
// part of AWS with a name of its own (AWS General Reference, "Service endpoints and quotas").
std::string host_of(std::string_view service, std::string_view region);

// Why it is no region; null: it is one.
const char* check_region(std::string_view text);

}  // namespace keyswap::vault::aws
