// SPDX-License-Identifier: Apache-2.0
//
// `sources:`, and `backend:` and `cache:` of agent-vault-proxy's files, which are one source of all
// secrets.
#include <algorithm>
#include <array>
#include <limits>

#include "bindings/parse_sections.h"
#include "proxy/base/bounds.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 4> kCacheKeys = {
    "ttl_seconds", "max_entries", "jitter_seconds", "stale_seconds"};
constexpr std::array<std::string_view, 3> kForeignCacheKeys = {
    "ttl_seconds", "max_entries", "jitter_seconds"};
constexpr std::array<std::string_view, 2> kBackendKeys = {"type", "config"};
constexpr std::string_view kOfAll = "backend";  // the id of what a foreign file names
constexpr std::int64_t kNoLimit = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMsPerSecond = 1000;
constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::size_t kArgumentsMax = 64;

bool has_control(std::string_view text) {
  constexpr char kDelete = 0x7f;
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == kDelete; });
}

// A text without controls, so that a list of such can stand one a line.
std::optional<std::string> read_line(const YamlNode& node,
                                     std::string_view what,
                                     ConfigIssues& issues) {
  auto text = read_text(node, what, issues);
  if (text && has_control(*text)) {
    issues.error(node.place, "`" + std::string(what) + "` has a control character");
    return std::nullopt;
  }
  return text;
}

std::vector<std::string> read_lines(const YamlNode& node,
                                    std::string_view what,
                                    ConfigIssues& issues) {
  std::vector<std::string> lines;
  const auto* const list = read_list(node, what, issues);
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    if (auto text = read_line((*list)[i], what, issues)) {
      lines.push_back(std::move(*text));
    }
  }
  return lines;
}

// --- cache ---

void read_seconds(const YamlSection& section,
                  std::string_view key,
                  NumberRange range,
                  ConfigIssues& issues,
                  std::int64_t& ms) {
  if (const auto* const node = section.find(key)) {
    if (const auto seconds = read_number(*node, key, range, issues)) {
      ms = *seconds * kMsPerSecond;
    }
  }
}

vault::CacheRule read_cache(const YamlNode& node,
                            std::span<const std::string_view> keys,
                            std::int64_t most,
                            ConfigIssues& issues) {
  constexpr std::int64_t kLeastTtl = 10;
  constexpr std::int64_t kMostTtl = 3600;
  vault::CacheRule rule;
  const YamlSection section(node, "cache", keys, issues);
  read_seconds(section, "ttl_seconds", {kLeastTtl, kMostTtl}, issues, rule.ttl_ms);
  read_seconds(section, "jitter_seconds", {0, most}, issues, rule.jitter_ms);
  read_seconds(section, "stale_seconds", {0, kDaySeconds}, issues, rule.stale_ms);
  if (const auto* const entries = section.find("max_entries")) {
    const auto count = read_number(*entries, "max_entries", {1, most}, issues);
    rule.entries_max =
        std::min(static_cast<std::size_t>(count.value_or(1)), base::bounds::kSourceEntriesMax);
  }
  return rule;
}

// --- what a kind takes ---

void read_opener(const YamlNode& node,
                 const vault::SettingRule& rule,
                 std::string_view text,
                 ConfigIssues& issues,
                 vault::SourceSpec& spec) {
  constexpr std::string_view kCredential = "credential:";
  const bool is_credential = text.starts_with(kCredential);
  if (text.starts_with('/') && !is_credential) {
    return;
  }
  auto name = vault::SecretName::parse(is_credential ? text.substr(kCredential.size()) : text);
  if (!name) {
    // It may be the secret itself, so it is not quoted.
    issues.error(node.place,
                 "`" + std::string(rule.name) + "` names what holds the credential, not itself",
                 "the name of an entry of the vault (keyswap secret add NAME), credential:NAME of "
                 "systemd, or an absolute path to a file of mode 0600");
  } else if (!is_credential) {
    spec.own.push_back(std::move(*name));
  }
}

void read_setting(const YamlNode& node,
                  const vault::SettingRule& rule,
                  ConfigIssues& issues,
                  vault::SourceSpec& spec) {
  std::optional<std::string> text;
  if (rule.is_list) {
    std::string lines;
    for (const std::string& line : read_lines(node, rule.name, issues)) {
      lines.append(lines.empty() ? "" : "\n").append(line);
    }
    text = std::move(lines);
  } else {
    text = read_line(node, rule.name, issues);
  }
  if (!text) {
    return;
  }
  if (const char* const why = rule.check == nullptr ? nullptr : rule.check(*text)) {
    issues.error(node.place, "`" + std::string(rule.name) + "`: " + why);
    return;
  }
  if (rule.no_effect != nullptr) {
    issues.warning(node.place, "`" + std::string(rule.name) + "` has no effect: " + rule.no_effect);
    return;
  }
  if (rule.is_entry) {
    read_opener(node, rule, *text, issues, spec);
  }
  spec.settings.push_back({std::string(rule.name), std::move(*text)});
}

void read_command(const YamlSection& section, ConfigIssues& issues, vault::SourceSpec& spec) {
  const auto* const node = section.require("argv", issues);
  if (node == nullptr) {
    return;
  }
  spec.argv = read_lines(*node, "argv", issues);
  if (spec.argv.size() > kArgumentsMax) {
    issues.error(node->place, "`argv` has more than 64 entries");
  }
  if (!spec.argv.empty() && !spec.argv.front().starts_with('/')) {
    issues.error(node->place, "the first entry of `argv` must be an absolute path to a program");
  }
}

std::vector<std::string_view> keys_of(const vault::BackendKind& kind) {
  std::vector<std::string_view> keys = {"type", "cache"};
  if (kind.is_remote) {
    keys.emplace_back("allow_addresses");
  }
  if (kind.wants_command) {
    keys.emplace_back("argv");
  }
  for (const vault::SettingRule& rule : kind.settings) {
    keys.push_back(rule.name);
  }
  return keys;
}

// --- sources: ---

const vault::BackendKind* read_kind(const YamlNode& source,
                                    vault::BackendKinds kinds,
                                    ConfigIssues& issues) {
  const auto key = std::ranges::find(source.keys, "type", &YamlNode::text);
  if (key == source.keys.end()) {
    issues.error(source.place, "`type` is missing: which kind of source is it?");
    return nullptr;
  }
  const auto& node = source.items[static_cast<std::size_t>(key - source.keys.begin())];
  const auto text = read_text(node, "type", issues);
  if (!text) {
    return nullptr;
  }
  std::vector<std::string_view> names;
  for (const vault::BackendKind* const kind : kinds) {
    if (kind->is_minting) {
      continue;
    }
    if (kind->name == *text) {
      return kind;
    }
    names.push_back(kind->name);
  }
  const auto nearest = nearest_word(*text, names);
  std::string listed;
  for (const std::string_view name : names) {
    listed.append(listed.empty() ? "there are: " : ", ").append(name);
  }
  issues.error(node.place,
               "there is no such kind of source",
               nearest.empty() ? listed : "did you mean '" + std::string(nearest) + "'?");
  return nullptr;
}

bool check_id(const YamlNode& key, ConfigIssues& issues) {
  const bool is_taken = key.text == vault::kLocalKind || key.text == kOfAll;
  if (is_taken || key.text.size() > base::bounds::kSourceIdBytesMax ||
      !vault::SecretName::parse(key.text)) {
    issues.error(key.place,
                 is_taken ? "a source cannot have this name" : "this is no name of a source",
                 is_taken ? "`local` is the vault of this machine, `backend` that of a foreign file"
                          : "letters, digits, '_', '.', '-'; at most 64");
    return false;
  }
  return true;
}

void read_source(const YamlNode& key, const YamlNode& node, ParseContext& context) {
  auto& issues = context.issues;
  const bool has_id = check_id(key, issues);
  if (node.kind != YamlNode::Kind::mapping) {
    issues.error(node.place, "a source must be a mapping", "as in { type: local }");
    return;
  }
  const auto* const kind = read_kind(node, context.kinds, issues);
  if (kind == nullptr) {
    return;
  }
  const auto keys = keys_of(*kind);
  const YamlSection section(node, has_id ? key.text : "sources", keys, issues);
  vault::SourceSpec spec;
  spec.id = key.text;
  spec.kind = kind->name;
  parse_source_settings(section, kind->settings, issues, spec);
  if (const char* const why = kind->check == nullptr ? nullptr : kind->check(spec)) {
    issues.error(node.place, why);
  }
  if (kind->wants_command) {
    read_command(section, issues, spec);
  }
  if (const auto* const cache = section.find("cache")) {
    spec.cache = read_cache(*cache, kCacheKeys, kDaySeconds, issues);
  }
  parse_source_addresses(section, issues, spec);
  if (has_id) {
    context.sources.add(std::move(spec), key.place);
  }
}

void read_sources(const YamlNode& node, ParseContext& context) {
  if (node.kind != YamlNode::Kind::mapping) {
    context.issues.error(node.place, "`sources` must be a mapping from names to sources");
    return;
  }
  if (node.keys.size() > base::bounds::kSourcesMax) {
    context.issues.error(node.place, "`sources` has more than 32 entries");
    return;
  }
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    read_source(node.keys[i], node.items[i], context);
  }
}

// --- backend: ---

// Its kind, if we have it.
const vault::BackendKind* read_backend_kind(const YamlSection& section, ParseContext& context) {
  auto& issues = context.issues;
  const auto* const type = section.require("type", issues);
  const auto text = type == nullptr ? std::nullopt : read_text(*type, "type", issues);
  if (!text) {
    return nullptr;
  }
  if (std::ranges::any_of(*text, [](char c) { return c < ' ' || c > '~'; })) {
    issues.error(type->place, "`type` must be ASCII");
    return nullptr;
  }
  return vault::find_foreign_kind(context.kinds, *text);
}

// False: nothing comes from it.
bool read_backend(const YamlNode& node,
                  const YamlNode* cache,
                  bool has_sources,
                  ParseContext& context) {
  auto& issues = context.issues;
  const YamlSection section(node, "backend", kBackendKeys, issues);
  const auto* const kind = read_backend_kind(section, context);
  const auto* config = section.find("config");
  if (config != nullptr && config->kind != YamlNode::Kind::mapping) {
    issues.error(config->place, "`config` must be a mapping (key: value)");
    return false;
  }
  if (kind == nullptr) {
    issues.warning(node.place,
                   "`backend` has no effect: secrets come from this home's vault",
                   "keyswap secret add NAME puts them there");
    return false;
  }
  if (has_sources) {
    issues.error(node.place,
                 "`backend` and `sources` are not for one file",
                 "make it an entry of `sources`, and name it as `source` of each secret");
    return false;
  }
  const auto rules = kind->foreign_settings.empty() ? kind->settings : kind->foreign_settings;
  std::vector<std::string_view> keys;
  for (const vault::SettingRule& rule : rules) {
    keys.push_back(rule.name);
  }
  vault::SourceSpec spec;
  spec.id = kOfAll;
  spec.kind = kind->name;
  YamlNode nothing;
  nothing.kind = YamlNode::Kind::mapping;
  nothing.place = node.place;
  const YamlSection settings(config == nullptr ? nothing : *config, "config", keys, issues);
  parse_source_settings(settings, rules, issues, spec);
  if (cache != nullptr) {
    spec.cache = read_cache(*cache, kForeignCacheKeys, kNoLimit, issues);
  }
  context.sources.set_of_all(context.sources.add(std::move(spec), node.place));
  return true;
}

}  // namespace

// In the order of the rules, so that the order in the file makes no other source.
void parse_source_settings(const YamlSection& section,
                           std::span<const vault::SettingRule> rules,
                           ConfigIssues& issues,
                           vault::SourceSpec& spec) {
  for (const vault::SettingRule& rule : rules) {
    const auto* const node =
        rule.is_required ? section.require(rule.name, issues) : section.find(rule.name);
    if (node != nullptr) {
      read_setting(*node, rule, issues, spec);
    }
  }
}

void parse_source_addresses(const YamlSection& section,
                            ConfigIssues& issues,
                            vault::SourceSpec& spec) {
  if (const auto* const allowed = section.find("allow_addresses")) {
    std::vector<AddressRange> ranges;
    parse_allow_addresses(*allowed, issues, ranges);
    for (AddressRange& range : ranges) {
      spec.allowed.push_back({std::move(range.address), range.prefix_bits});
    }
  }
}

void parse_sources(const YamlSection& top, ParseContext& context) {
  const auto* const sources = top.find("sources");
  const auto* const backend = top.find("backend");
  const auto* const cache = top.find("cache");
  if (sources != nullptr) {
    read_sources(*sources, context);
  }
  const bool is_used =
      backend != nullptr && read_backend(*backend, cache, sources != nullptr, context);
  if (cache != nullptr && !is_used) {
    static_cast<void>(read_cache(*cache, kForeignCacheKeys, kNoLimit, context.issues));
    context.issues.warning(
        cache->place,
        sources == nullptr
            ? "`cache` has no effect: secrets are opened from this home's vault when they are used"
            : "`cache` has no effect here: each entry of `sources` has its own");
  }
}

}  // namespace keyswap::bindings
