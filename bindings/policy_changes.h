// SPDX-License-Identifier: Apache-2.0
//
// What another policy changes (I17), for whoever is to approve it: first in people's words, then
// the lines that differ, so that nothing is left untold.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bindings/binding.h"
#include "bindings/policy_text.h"

namespace keyswap::bindings {

// A policy as it is written and as it is read; both outlive the call.
struct PolicyVersion {
  const PolicyText& text;
  const Bindings* bindings;  // null: what is written cannot be read (by this program)
};

// The heading of the lines of bindings.yaml: what stands before it is said in people's words.
inline constexpr std::string_view kLinesOfText = "lines of bindings.yaml:";

// Empty just when nothing changed. Else lines: "now also: …" for each permission
// (bindings/permissions.h) that was not there before, "no longer: …" for each that was; which file
// of roots differs; and every line of bindings.yaml that is new or gone, in order
// (bindings/line_changes.h).
std::vector<std::string> policy_changes(const PolicyVersion& before, const PolicyVersion& after);

}  // namespace keyswap::bindings
