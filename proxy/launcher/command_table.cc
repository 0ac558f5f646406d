// SPDX-License-Identifier: Apache-2.0
#include "proxy/launcher/command_table.h"

#include <algorithm>
#include <charconv>

#include "vault/sources/run.h"

namespace keyswap::launcher {

namespace {

namespace bounds = base::bounds;

constexpr std::string_view kKey = "{key}";
constexpr std::string_view kOurs = "KEYSWAP_";  // a passphrase may be among them
constexpr std::int64_t kMsPerSecond = 1000;

std::string with_key(std::string_view text, std::string_view key) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t found = std::min(text.find(kKey, at), text.size());
    out.append(text.substr(at, found - at));
    at = found;
    if (found < text.size()) {
      out.append(key);
      at += kKey.size();
    }
  }
  return out;
}

std::int64_t timeout_of(const vault::SourceSpec& spec) {
  const std::string* const text = spec.setting("timeout_seconds");
  std::int64_t seconds = bounds::kCommandMs / kMsPerSecond;
  if (text != nullptr) {
    std::from_chars(text->data(), text->data() + text->size(), seconds);
  }
  return std::clamp(seconds * kMsPerSecond, kMsPerSecond, bounds::kCommandMsMax);
}

}  // namespace

CommandSpec command_of(const vault::SourceSpec& spec, std::string_view key) {
  CommandSpec command;
  for (const std::string& word : spec.argv) {
    // Which program it is, is no matter of a key.
    command.argv.push_back(command.argv.empty() ? word : with_key(word, key));
  }
  const std::string* const names = spec.setting("environment");
  command.environment = environment_names(names == nullptr ? "" : *names);
  command.timeout_ms = timeout_of(spec);
  return command;
}

std::vector<CommandSpec> commands_of(const vault::SourceTable& table) {
  std::vector<CommandSpec> commands;
  for (const auto& [name, route] : table.routes()) {
    const vault::SourceSpec& spec = table.specs()[route.source];
    if (spec.argv.empty() || commands.size() == bounds::kCommandsMax) {
      continue;
    }
    CommandSpec command = command_of(spec, route.key);
    if (std::ranges::find(commands, command) == commands.end()) {
      commands.push_back(std::move(command));
    }
  }
  return commands;
}

std::vector<std::string> environment_names(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view name = text.substr(0, end);
    if (!name.empty() && !name.starts_with(kOurs)) {
      names.emplace_back(name);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

}  // namespace keyswap::launcher
