// SPDX-License-Identifier: Apache-2.0
#include "bindings/approval_rule.h"

#include <algorithm>
#include <cstddef>

namespace keyswap::bindings {

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text.append(text.empty() ? "" : ", ").append(word);
  }
  return text;
}

bool may_be_at_one(const std::vector<PathPattern>& paths, const RequestReadings& request) {
  return paths.empty() || std::ranges::any_of(paths, [&](const PathPattern& path) {
           return request.may_be_at(path);
         });
}

}  // namespace

bool ApprovalRule::may_concern(const RequestReadings& request) const {
  return request.may_be_among(methods) && may_be_at_one(paths, request);
}

bool ApprovalRule::may_concern_by_body(const RequestReadings& request) const {
  return !request.may_be_among(methods) && may_be_at_one(paths, request);
}

void ApprovalRule::narrow(const ApprovalRule& other) {
  headers.insert(headers.end(), other.headers.begin(), other.headers.end());
  std::ranges::sort(headers);
  headers.erase(std::unique(headers.begin(), headers.end()), headers.end());
  expires_ms = std::min(expires_ms, other.expires_ms);
  retry_ms = std::min(retry_ms, other.retry_ms);
  const bool refuses = on_timeout == OnTimeout::refuse || other.on_timeout == OnTimeout::refuse;
  // Who is not told 202 has to wait: a rule that does not wait is not asked how long.
  const bool has_idle = refuses && std::min(hold_ms, other.hold_ms) == 0;
  hold_ms = has_idle ? std::max(hold_ms, other.hold_ms) : std::min(hold_ms, other.hold_ms);
  hold_ms = std::min(hold_ms, expires_ms);
  on_timeout = refuses ? OnTimeout::refuse : OnTimeout::accept;
}

std::string describe(const ApprovalRule& rule) {
  std::string text = rule.methods.empty() ? "any request" : joined(rule.methods);
  for (std::size_t i = 0; i < rule.paths.size(); ++i) {
    text.append(i == 0 ? " of " : ", ").append(rule.paths[i].text());
  }
  if (!rule.headers.empty()) {
    text.append(", with the fields ").append(joined(rule.headers));
  }
  text.append(" (waits ").append(std::to_string(rule.hold_ms)).append(" ms, then ");
  text.append(rule.on_timeout == OnTimeout::accept ? "202" : "403");
  text.append("; decided in ").append(std::to_string(rule.expires_ms)).append(" ms, sent in ");
  return text.append(std::to_string(rule.retry_ms)).append(" ms)");
}

}  // namespace keyswap::bindings
