// SPDX-License-Identifier: Apache-2.0
//
// `binding_source:` and what belongs to it: keys of agent-vault-proxy's, and what is stricter here.
// Whoever edits notes is not who approves this file (I17), so the file says which hosts notes may
// name, or that it does not care.
#include <algorithm>
#include <array>
#include <variant>

#include "bindings/bounds.h"
#include "bindings/host_pattern.h"
#include "bindings/parse_sections.h"

namespace keyswap::bindings {

namespace {

// The last is what files of that program may say for the second.
constexpr std::array<std::string_view, 4> kModes = {"file", "notes", "both", "bws_notes"};
constexpr std::array<std::string_view, 5> kBeside = {"notes_source",
                                                     "notes_host_allowlist",
                                                     "allow_any_notes_host",
                                                     "notes_refresh_seconds",
                                                     "install_salt_path"};
constexpr std::size_t kFile = 0;
constexpr std::size_t kBoth = 2;
constexpr std::int64_t kDefaultRefreshSeconds = 60;
constexpr std::int64_t kMostRefreshSeconds = 86'400;
constexpr std::int64_t kMsPerSecond = 1000;

// Files that have such keys and not this one are of a program where it is `both` then.
std::optional<std::size_t> read_mode(const YamlSection& top, ParseContext& context) {
  if (const auto* const node = top.find("binding_source")) {
    return read_choice(*node, "binding_source", kModes, context.issues);
  }
  const bool has_any =
      std::ranges::any_of(kBeside, [&](std::string_view key) { return top.find(key) != nullptr; });
  return has_any ? kBoth : kFile;
}

void warn_of_no_effect(const YamlSection& top, ConfigIssues& issues) {
  for (const std::string_view key : kBeside) {
    if (const auto* const node = top.find(key)) {
      issues.warning(node->place,
                     "`" + std::string(key) + "` has no effect with `binding_source: file`");
    }
  }
}

bool has_notes(const vault::SourceSpec& spec, vault::BackendKinds kinds) {
  return std::ranges::any_of(kinds, [&](const vault::BackendKind* kind) {
    return kind->name == spec.kind && kind->has_notes;
  });
}

// The source that is named, or the only one that has notes.
std::optional<std::uint32_t> find_source(const YamlSection& top, ParseContext& context) {
  const auto& specs = context.sources.specs();
  if (const auto* const node = top.find("notes_source")) {
    const auto text = read_text(*node, "notes_source", context.issues);
    const auto found = text ? context.sources.find(*text) : std::nullopt;
    if (text && (!found || !has_notes(specs[*found], context.kinds))) {
      context.issues.error(node->place,
                           "`notes_source` names no entry of `sources` that has notes",
                           "those of the types bitwarden and aws-secrets-manager have");
      return std::nullopt;
    }
    return found;
  }
  std::optional<std::uint32_t> only;
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < specs.size(); ++i) {
    if (has_notes(specs[i], context.kinds)) {
      only = i;
      ++count;
    }
  }
  if (count != 1) {
    context.issues.error(top.place(),
                         count == 0 ? "bindings in notes need a source that has notes"
                                    : "several sources have notes",
                         count == 0 ? "a source of the type bitwarden or aws-secrets-manager has; "
                                      "without one: `binding_source: file`"
                                    : "name one as `notes_source`");
    return std::nullopt;
  }
  return only;
}

// --- which hosts ---

void read_host(const YamlNode& node, ParseContext& context, std::vector<HostPattern>& hosts) {
  const auto text = read_text(node, "notes_host_allowlist", context.issues);
  if (!text) {
    return;
  }
  auto parsed = parse_host_pattern(*text);
  if (const auto* const problem = std::get_if<HostProblem>(&parsed)) {
    context.issues.error(node.place, "`notes_host_allowlist`: " + problem->text, problem->hint);
    return;
  }
  auto& host = std::get<ParsedHost>(parsed);
  if (host.port) {
    context.issues.error(node.place, "an entry of `notes_host_allowlist` has no port");
  } else if (host.pattern.is_wildcard && !context.allows_wildcards) {
    context.issues.error(
        node.place,
        "`notes_host_allowlist` has a wildcard",
        "set `allow_wildcard_hosts: true` at the top of the file if that is meant");
  } else {
    hosts.push_back(std::move(host.pattern));
  }
}

void read_allowed(const YamlSection& top, ParseContext& context, NotesRule& rule) {
  const auto* const list = top.find("notes_host_allowlist");
  const auto* const any = top.find("allow_any_notes_host");
  const bool is_any =
      any != nullptr && read_flag(*any, "allow_any_notes_host", context.issues).value_or(false);
  if (list == nullptr && !is_any) {
    context.issues.error(
        top.place(),
        "`notes_host_allowlist` is missing: whoever edits a note could send its secret anywhere",
        "list the hosts that notes may name; if any will do: `allow_any_notes_host: true`");
    return;
  }
  if (list == nullptr) {
    return;
  }
  if (is_any) {
    context.issues.error(any->place,
                         "`allow_any_notes_host` and `notes_host_allowlist` contradict");
  }
  if (list->kind != YamlNode::Kind::sequence || list->items.size() > bounds::kNoteAllowedHostsMax) {
    context.issues.error(list->place, "`notes_host_allowlist` must be a list of up to 1000 hosts");
    return;
  }
  rule.allowed.emplace();
  for (const YamlNode& item : list->items) {
    read_host(item, context, *rule.allowed);
  }
}

void read_salt(const YamlSection& top, ParseContext& context, NotesRule& rule) {
  rule.salt_path = absolute_path(context, "install-salt");
  if (const auto* const node = top.find("install_salt_path")) {
    if (const auto text = read_text(*node, "install_salt_path", context.issues)) {
      rule.salt_path = absolute_path(context, *text);
      rule.is_salt_said = true;
    }
  }
}

}  // namespace

void parse_notes(const YamlSection& top, ParseContext& context, Bindings& bindings) {
  const auto mode = read_mode(top, context);
  if (!mode) {
    return;
  }
  if (*mode == kFile) {
    warn_of_no_effect(top, context.issues);
    return;
  }
  NotesRule rule;
  rule.is_with_file = *mode == kBoth;
  rule.allows_wildcards = context.allows_wildcards;
  read_allowed(top, context, rule);
  read_salt(top, context, rule);
  std::int64_t seconds = kDefaultRefreshSeconds;
  if (const auto* const node = top.find("notes_refresh_seconds")) {
    seconds = read_number(*node, "notes_refresh_seconds", {0, kMostRefreshSeconds}, context.issues)
                  .value_or(seconds);
  }
  rule.refresh_ms = seconds * kMsPerSecond;
  if (const auto source = find_source(top, context)) {
    rule.spec = *source;
    rule.source = context.sources.of_all() == source ? "" : context.sources.specs()[*source].id;
    context.sources.use(*source);
    bindings.notes = std::move(rule);
  }
}

}  // namespace keyswap::bindings
