// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/environment_undo.h"

#include <algorithm>
#include <set>
#include <sstream>

namespace keyswap::cli {

namespace {

constexpr const char* kPrefix = "_keyswap_was_";

// Only such a name may get into a line that a shell evaluates.
bool is_identifier(const std::string& name) {
  const auto is_letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

std::string remember_one(const std::string& name, bool is_fish) {
  const std::string was = kPrefix + name;
  return is_fish ? "set -g " + was + " $" + name + "\n" : was + "=\"$" + name + "\"\n";
}

// In a shell that exports whatever is set (`set -a`) these would be exported, too.
std::string unexported(const std::string& text, bool is_fish) {
  if (is_fish || text.empty()) {
    return text;
  }
  return "case $- in *a*) set +a; _keyswap_exports_all=1 ;; esac\n" + text +
         "if [ -n \"${_keyswap_exports_all-}\" ]; then unset _keyswap_exports_all; set -a; fi\n";
}

std::string undo_one(const std::string& name, bool is_fish) {
  const std::string was = kPrefix + name;
  if (is_fish) {
    return "if set -q " + was + "; set -gx " + name + " $" + was + "; set -e " + was +
           "; else; set -e " + name + "; end\n";
  }
  return "if [ -n \"${" + was + "+x}\" ]; then export " + name + "=\"$" + was + "\"; unset " + was +
         "; else unset " + name + "; fi\n";
}

}  // namespace

bool can_undo(EnvironmentFormat format) {
  return format == EnvironmentFormat::sh || format == EnvironmentFormat::fish;
}

std::string remember_text(const Variables& inherited,
                          EnvironmentPlan& plan,
                          EnvironmentFormat format) {
  const std::vector<std::string> before = changed_names(inherited);
  std::set<std::string> names(before.begin(), before.end());
  names.insert(plan.removed.begin(), plan.removed.end());
  for (const auto& [name, value] : plan.set) {
    names.insert(name);
  }
  std::string text;
  std::string list;
  for (const std::string& name : names) {
    if (!is_identifier(name)) {
      continue;
    }
    list += (list.empty() ? "" : ":") + name;
    if (inherited.contains(name) && std::ranges::find(before, name) == before.end()) {
      text += remember_one(name, format == EnvironmentFormat::fish);
    }
  }
  plan.set[kSetNamesVariable] = list;
  return unexported(text, format == EnvironmentFormat::fish);
}

std::vector<std::string> changed_names(const Variables& inherited) {
  std::vector<std::string> names;
  const auto found = inherited.find(kSetNamesVariable);
  std::istringstream list(found == inherited.end() ? "" : found->second);
  for (std::string name; std::getline(list, name, ':');) {
    if (is_identifier(name)) {
      names.push_back(name);
    }
  }
  return names;
}

std::string undo_text(const std::vector<std::string>& names, EnvironmentFormat format) {
  const bool is_fish = format == EnvironmentFormat::fish;
  std::string text;
  for (const std::string& name : names) {
    text += undo_one(name, is_fish);
  }
  return text + (is_fish ? "set -e " : "unset ") + kSetNamesVariable + "\n";
}

}  // namespace keyswap::cli
