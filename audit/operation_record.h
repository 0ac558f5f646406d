// SPDX-License-Identifier: Apache-2.0
//
// The record of a request that a person decides on, as audit/record.h has the others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace keyswap::audit {

// An operation (proxy/approvals/operation.h) comes into another state (type "operation"), before
// that counts.
struct OperationRecord {
  std::int64_t ts_us = 0;
  std::string_view operation;   // its id
  std::string_view event;       // "waiting", "approved", and so on: the state
  std::string_view request_id;  // of the request that asked, or that is sent now
  std::string_view secret;
  std::string_view caller;  // "" unknown
  std::string_view digest;  // hex, of what is decided on
  std::string_view by;      // who decided, "" nobody
  std::string_view how;     // "command", "page"; "" nobody
};

void encode_body(const OperationRecord& record, std::string& out);

}  // namespace keyswap::audit
