// SPDX-License-Identifier: Apache-2.0
#include "proxy/flow/findings.h"

#include <algorithm>
#include <array>

#include "proxy/base/bounds.h"

namespace keyswap::flow {

namespace {

constexpr std::array<std::string_view, 3> kFoundInNames = {"head", "body", "message"};

}  // namespace

std::string_view to_string(FoundIn where) {
  return kFoundInNames.at(static_cast<std::size_t>(where));
}

void Findings::add(std::string_view secret, FoundIn where, Encoding encoding) {
  const auto known = std::ranges::find_if(list_, [&](const Finding& finding) {
    return finding.secret == secret && finding.where == where && finding.encoding == encoding;
  });
  if (known != list_.end()) {
    ++known->count;
  } else if (list_.size() < base::bounds::kFindingsMax) {
    list_.push_back({std::string(secret), where, encoding, 1});
  } else {
    ++list_.back().count;
  }
}

}  // namespace keyswap::flow
