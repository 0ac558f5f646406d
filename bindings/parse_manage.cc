// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "bindings/manage_settings.h"
#include "bindings/parse_sections.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 3> kManageKeys = {"listen", "allow_remote", "edit_bindings"};
constexpr const char* kDefaultListen = "127.0.0.1:8474";

}  // namespace

void parse_manage(const YamlNode& node, ParseContext& context, Bindings& bindings) {
  auto& issues = context.issues;
  const YamlSection section(node, "manage", kManageKeys, issues);
  if (!section.is_mapping()) {
    return;
  }
  auto settings = std::make_shared<ManageSettings>();
  settings->listen = kDefaultListen;
  if (const auto* const listen = section.find("listen")) {
    if (auto text = read_text(*listen, "listen", issues)) {
      settings->listen = std::move(*text);
    }
  }
  // Fails closed: it would need TLS of its own, and has none.
  if (const auto* const remote = section.find("allow_remote");
      remote != nullptr && read_flag(*remote, "allow_remote", issues) == std::optional(true)) {
    issues.error(remote->place,
                 "`allow_remote: true` cannot be had: management is over loopback or a Unix socket",
                 "from another machine it is reached by ssh -L 8474:127.0.0.1:8474 HOST");
  }
  if (const auto* const edits = section.find("edit_bindings")) {
    settings->edits_bindings = read_flag(*edits, "edit_bindings", issues).value_or(false);
  }
  bindings.manage = std::move(settings);
}

}  // namespace keyswap::bindings
