// SPDX-License-Identifier: Apache-2.0
//
// `audit:`, and `preflight:`, which agent-vault-proxy's files have for machinery that is different
// here: it is checked as strictly as there, and changes nothing.
#include <algorithm>
#include <array>

#include "bindings/parse_sections.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 2> kAuditKeys = {"path", "fail_on_unwritable"};
constexpr std::array<std::string_view, 1> kPreflightKeys = {"fail_on_warning"};

bool looks_like_a_file(const std::string& path) {
  constexpr std::array<std::string_view, 3> kEndings = {".jsonl", ".json", ".log"};
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) {
    return path.ends_with(ending);
  });
}

void parse_audit_path(const YamlNode& node, ParseContext& context, Bindings& bindings) {
  const auto text = read_text(node, "path", context.issues);
  if (!text) {
    return;
  }
  bindings.audit_path = absolute_path(context, *text);
  if (looks_like_a_file(*text)) {
    context.issues.warning(node.place,
                           "`audit.path` names a folder here; segments are written into it",
                           "name a folder, as in `path: audit`: keyswap help audit");
  }
}

}  // namespace

void parse_audit(const YamlNode& node, ParseContext& context, Bindings& bindings) {
  auto& issues = context.issues;
  const YamlSection section(node, "audit", kAuditKeys, issues);
  if (const auto* const path = section.find("path")) {
    parse_audit_path(*path, context, bindings);
  }
  const auto* const flag = section.find("fail_on_unwritable");
  // I6, I13: there is no way on without a record.
  if (flag != nullptr && read_flag(*flag, "fail_on_unwritable", issues) == std::optional(false)) {
    issues.warning(
        flag->place,
        "`fail_on_unwritable: false` has no effect: without a record no request is sent");
  }
}

void parse_preflight(const YamlNode& node, ParseContext& context) {
  auto& issues = context.issues;
  const YamlSection section(node, "preflight", kPreflightKeys, issues);
  if (const auto* const flag = section.find("fail_on_warning")) {
    static_cast<void>(read_flag(*flag, "fail_on_warning", issues));
  }
  issues.warning(node.place, "`preflight` has no effect", "keyswap doctor makes such checks");
}

}  // namespace keyswap::bindings
