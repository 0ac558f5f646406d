// SPDX-License-Identifier: Apache-2.0
//
// All that is approved when a policy is (I17), as one text: the bytes of bindings.yaml as they are,
// which say which secret goes where, who may come and where the log is, and the bytes of each file
// of roots that they add. What is approved is what is served: the bytes of one reading of each
// file, whatever a check read there before (load_policy in proxy/cli/policy.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keyswap::bindings {

struct PolicyText {
  std::string bindings;
  std::vector<std::string> roots;  // contents of the files of `upstream.ca_file`, in their order
};

// One spelling for each policy: every part stands behind a line with its size.
std::string encode_policy(const PolicyText& policy);
// Nothing for what encode_policy() does not give.
std::optional<PolicyText> decode_policy(std::string_view text);

}  // namespace keyswap::bindings
