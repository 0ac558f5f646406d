// SPDX-License-Identifier: Apache-2.0
//
// Where two texts differ, line by line and in their order (I17): a line that moved is a change.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keyswap::bindings {

// Empty for two equal texts. Else lines with the numbers that they have in their text: those that
// are gone ("  - 12: …") and those that are new ("  + 14: …"), in front of each group those that
// stand around it by their indentation ("    10: …"). What is longer than bounds::kDiffCellsMax
// allows to compare is shown as gone and as new from its first difference to its last.
std::vector<std::string> line_changes(std::string_view before, std::string_view after);

}  // namespace keyswap::bindings
