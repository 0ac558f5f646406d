// SPDX-License-Identifier: Apache-2.0
#include "bindings/policy_changes.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string_view>

#include "bindings/digest.h"
#include "bindings/line_changes.h"
#include "bindings/permissions.h"

namespace keyswap::bindings {

namespace {

using Said = std::vector<std::string>;

// Those of `these` that are not among `others`, in their order. What stands twice counts twice.
Said missing_in(const Said& others, const Said& these) {
  std::map<std::string_view, std::size_t> left;
  for (const std::string& other : others) {
    ++left[other];
  }
  Said missing;
  for (const std::string& one : these) {
    const auto found = left.find(one);
    if (found == left.end() || found->second == 0) {
      missing.push_back(one);
    } else {
      --found->second;
    }
  }
  return missing;
}

void add_lines(const std::string& mark, const Said& lines, Said& out) {
  for (const std::string& line : lines) {
    out.push_back(mark + line);
  }
}

void add_words(const PolicyVersion& before, const PolicyVersion& after, Said& out) {
  const Said none;
  const Said said_before = before.bindings == nullptr ? none : permissions_of(*before.bindings);
  const Said said_after = after.bindings == nullptr ? none : permissions_of(*after.bindings);
  add_lines("now also: ", missing_in(said_before, said_after), out);
  add_lines("no longer: ", missing_in(said_after, said_before), out);
}

std::string name_of_roots(const PolicyVersion& version, std::size_t index) {
  const bool is_named =
      version.bindings != nullptr && index < version.bindings->upstream.ca_files.size();
  return is_named ? version.bindings->upstream.ca_files[index]
                  : "file " + std::to_string(index + 1);
}

void add_roots(const PolicyVersion& before, const PolicyVersion& after, Said& out) {
  const auto& old_roots = before.text.roots;
  const auto& new_roots = after.text.roots;
  for (std::size_t i = 0; i < std::max(old_roots.size(), new_roots.size()); ++i) {
    if (i >= new_roots.size()) {
      out.push_back("no longer: the roots of " + name_of_roots(before, i));
    } else if (i >= old_roots.size() || old_roots[i] != new_roots[i]) {
      out.push_back("other roots: " + name_of_roots(after, i) + " has the SHA-256 " +
                    sha256_hex(new_roots[i]));
    }
  }
}

void add_text(const std::string& before, const std::string& after, Said& out) {
  if (before != after) {
    out.emplace_back(kLinesOfText);
    add_lines("", line_changes(before, after), out);
  }
}

}  // namespace

std::vector<std::string> policy_changes(const PolicyVersion& before, const PolicyVersion& after) {
  Said changes;
  add_words(before, after, changes);
  add_roots(before, after, changes);
  add_text(before.text.bindings, after.text.bindings, changes);
  return changes;
}

}  // namespace keyswap::bindings
