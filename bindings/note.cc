// SPDX-License-Identifier: Apache-2.0
#include "bindings/note.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

#include "bindings/add_secret.h"
#include "bindings/bounds.h"
#include "bindings/config_issues.h"
#include "bindings/host_pattern.h"
#include "bindings/parse.h"
#include "bindings/yaml_make.h"
#include "bindings/yaml_values.h"
#include "vault/note_mark.h"

namespace keyswap::bindings {

namespace {

using Words = std::array<std::string_view, 1>;

constexpr std::array<std::string_view, 7> kKeys = {
    "host", "hosts", "header", "format", "methods", "paths", "placeholder"};
constexpr std::string_view kHeader = "Authorization";
constexpr std::string_view kFormat = "Bearer {secret}";
constexpr std::string_view kRaw = "{secret}";

constexpr Words kPost = {"POST"};
constexpr Words kGet = {"GET"};
constexpr std::array<std::string_view, 2> kPostPatch = {"POST", "PATCH"};
constexpr Words kV1 = {"/v1/**"};
constexpr Words kGraphQl = {"/graphql"};
constexpr std::array<std::string_view, 5> kGithubPaths = {
    "/repos/**", "/user", "/users/**", "/orgs/**", "/search/**"};

// Narrower than the catalogue (bindings/providers): a note opens no more here than it does in the
// program that it was written for.
constexpr std::array kDefaults = {
    NoteDefaults{
        "api.anthropic.com", "x-api-key", kRaw, "anthropic-version", "2023-06-01", kPost, kV1},
    NoteDefaults{"api.openai.com", kHeader, kFormat, "", "", kPost, kV1},
    NoteDefaults{"api.github.com", kHeader, kFormat, "", "", kGet, kGithubPaths},
    NoteDefaults{"api.stripe.com", kHeader, kFormat, "", "", kPost, kV1},
    NoteDefaults{
        "api.notion.com", kHeader, kFormat, "Notion-Version", "2022-06-28", kPostPatch, kV1},
    NoteDefaults{"api.linear.app", kHeader, kRaw, "", "", kPost, kGraphQl},
};

const NoteDefaults* defaults_of(std::string_view host) {
  const auto* const found = std::ranges::find(kDefaults, host, &NoteDefaults::host);
  return found == kDefaults.end() ? nullptr : found;
}

Note invalid(std::string why) {
  Note note;
  note.kind = Note::Kind::invalid;
  note.why = std::move(why);
  return note;
}

Note none(std::string why) {
  Note note;
  note.why = std::move(why);
  return note;
}

// --- the text ---

std::string_view indentation_of(std::string_view line) {
  return line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
}

// Without what stands before every line: notes are pasted out of pages that indent them. Lines that
// share nothing stay as they are, and are no YAML then.
std::string dedented(std::string_view text) {
  std::vector<std::string_view> lines;
  std::optional<std::string_view> common;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    auto line = text.substr(begin, end - begin);
    line.remove_suffix(line.ends_with('\r') ? 1 : 0);
    const auto indent = indentation_of(line);
    if (indent.size() == line.size()) {
      line = {};
    } else if (!common) {
      common = indent;
    } else {
      const auto differs = std::ranges::mismatch(*common, indent);
      common = common->substr(0, static_cast<std::size_t>(differs.in1 - common->begin()));
    }
    lines.push_back(line);
    begin = end + 1;
  }
  std::string out;
  for (auto line : lines) {
    line.remove_prefix(line.empty() ? 0 : common->size());
    out.append(line).append("\n");
  }
  return out;
}

// --- hosts ---

// What a note may name: a name of two labels or more, with no port. A host of the allow-list is
// meant at its usual port.
std::variant<HostPattern, std::string> read_host(const YamlNode& node) {
  const auto begin = node.text.find_first_not_of(" \t");
  if (node.kind != YamlNode::Kind::scalar || begin == std::string::npos) {
    return std::string("a host is text that is not empty");
  }
  const auto text = node.text.substr(begin, node.text.find_last_not_of(" \t") - begin + 1);
  auto parsed = parse_host_pattern(text);
  if (const auto* const problem = std::get_if<HostProblem>(&parsed)) {
    return problem->text;
  }
  auto& host = std::get<ParsedHost>(parsed);
  if (host.port) {
    return std::string("a host of a note has no port");
  }
  if (host.pattern.host.find('.') == std::string::npos) {
    return std::string("a host of a note is a whole name, as in api.example.com");
  }
  return std::move(host.pattern);
}

// "": they are in `hosts`, each once.
std::string read_hosts(const YamlNode& node, std::vector<HostPattern>& hosts) {
  const bool is_list = node.kind == YamlNode::Kind::sequence;
  if (is_list && node.items.empty()) {
    return "its list of hosts is empty";
  }
  if (is_list && node.items.size() > bounds::kNoteHostsMax) {
    return "it has more than 64 hosts";
  }
  for (const YamlNode& item : is_list ? std::span(node.items) : std::span(&node, 1)) {
    auto host = read_host(item);
    if (auto* const problem = std::get_if<std::string>(&host)) {
      return std::move(*problem);
    }
    auto& pattern = std::get<HostPattern>(host);
    if (std::ranges::find(hosts, pattern) == hosts.end()) {
      hosts.push_back(std::move(pattern));
    }
  }
  return "";
}

// Several hosts get one credential in one form, so the note says which; and what is known of one of
// them, or hidden behind a wildcard, cannot count for all.
std::string problem_of_several(const std::vector<HostPattern>& hosts, bool has_format) {
  if (!has_format) {
    return "several hosts need a `format`: none is taken for granted for all of them";
  }
  for (const HostPattern& host : hosts) {
    if (host.is_wildcard) {
      return "a wildcard stands in a note of its own";
    }
    if (defaults_of(host.host) != nullptr) {
      return host.host + " stands in a note of its own: its methods and paths are known";
    }
  }
  return "";
}

// --- the entry ---

bool is_placeholder(std::string_view text) {
  constexpr std::string_view kBegin = "avp-PLACEHOLDER-";
  constexpr std::size_t kTailMin = 21;
  constexpr std::size_t kTailMax = 64;
  if (!text.starts_with(kBegin)) {
    return false;
  }
  const auto tail = text.substr(kBegin.size());
  return tail.size() >= kTailMin && tail.size() <= kTailMax &&
         std::ranges::all_of(
             tail, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'); });
}

YamlNode list_of(std::span<const std::string_view> words) {
  return yaml_sequence({words.begin(), words.end()});
}

YamlNode value_or(const YamlNode* said, std::string_view otherwise) {
  return said == nullptr ? yaml_scalar(std::string(otherwise), false) : *said;
}

void add_list(std::string_view key,
              const YamlNode* said,
              std::span<const std::string_view> otherwise,
              YamlNode& to) {
  if (said != nullptr) {
    add_yaml_key(std::string(key), *said, to);
  } else if (!otherwise.empty()) {
    add_yaml_key(std::string(key), list_of(otherwise), to);
  }
}

// What the note says, then what is known of its host, then what is usual.
void fill_in(const YamlSection& section, Note& note) {
  static constexpr NoteDefaults kUsual{"", kHeader, kFormat, "", "", {}, {}};
  const auto* const known = note.hosts.size() == 1 && !note.hosts.front().is_wildcard
                                ? defaults_of(note.hosts.front().host)
                                : nullptr;
  const NoteDefaults& defaults = known == nullptr ? kUsual : *known;
  note.inject = yaml_mapping();
  add_yaml_key("header", value_or(section.find("header"), defaults.header), note.inject);
  add_yaml_key("format", value_or(section.find("format"), defaults.format), note.inject);
  if (!defaults.companion.empty()) {
    auto companions = yaml_mapping();
    add_yaml_key(std::string(defaults.companion),
                 yaml_scalar(std::string(defaults.companion_value), false),
                 companions);
    add_yaml_key("companions", std::move(companions), note.inject);
  }
  note.scope = yaml_mapping();
  add_list("methods", section.find("methods"), defaults.methods, note.scope);
  add_list("paths", section.find("paths"), defaults.paths, note.scope);
}

// "": a bindings file with this entry is good. The wildcard is judged elsewhere.
std::string problem_in_file(const vault::SecretName& name, const Note& note) {
  constexpr std::string_view kAny = "avp-PLACEHOLDER-aaaaaaaaaaaaaaaaaaaaa";
  const auto entry = entry_of(note, kAny, note.hosts, "");
  const auto text = add_secret("allow_wildcard_hosts: true\nsecrets: {}\n", name.text(), entry, "");
  if (!text) {
    return text.error().note.text();
  }
  const auto parsed = parse(*text, "/", {});
  return parsed.errors.empty() ? "" : parsed.errors.front().text;
}

// Of the keys themselves; the hosts are read.
std::string problem_of_keys(const YamlSection& section, const Note& note) {
  for (const std::string_view key : {"header", "format"}) {
    const auto* const node = section.find(key);
    if (node != nullptr && node->kind != YamlNode::Kind::scalar) {
      return "`" + std::string(key) + "` must be text";
    }
  }
  const auto* const placeholder = section.find("placeholder");
  if (placeholder != nullptr && !is_placeholder(note.placeholder)) {
    return "`placeholder` must be avp-PLACEHOLDER- with 21 to 64 of a-z and 2-7 behind it";
  }
  return note.hosts.size() > 1 ? problem_of_several(note.hosts, section.find("format") != nullptr)
                               : "";
}

Note read_mapping(const vault::SecretName& name, const YamlNode& root) {
  ConfigIssues issues;
  const YamlSection section(root, "note", kKeys, issues);
  if (const auto errors = issues.take_errors(); !errors.empty()) {
    return invalid(errors.front().text);
  }
  const auto* const host = section.find("host");
  const auto* const hosts = section.find("hosts");
  if (host != nullptr && hosts != nullptr) {
    return invalid("it has `host` and `hosts`: one of them is enough");
  }
  if (host == nullptr && hosts == nullptr) {
    return none("it has the mark and names no host");
  }
  Note note;
  note.kind = Note::Kind::bound;
  if (const auto* const placeholder = section.find("placeholder")) {
    note.placeholder = placeholder->text;
  }
  if (auto problem = read_hosts(host == nullptr ? *hosts : *host, note.hosts); !problem.empty()) {
    return invalid(std::move(problem));
  }
  if (auto problem = problem_of_keys(section, note); !problem.empty()) {
    return invalid(std::move(problem));
  }
  fill_in(section, note);
  if (auto problem = problem_in_file(name, note); !problem.empty()) {
    return invalid(std::move(problem));
  }
  return note;
}

Note read_body(const vault::SecretName& name, std::string_view body) {
  auto document = parse_yaml(dedented(body));
  if (!document.errors.empty() || !document.is_complete) {
    return invalid(document.errors.empty() ? "it cannot be read" : document.errors.front().text);
  }
  switch (document.root.kind) {
    case YamlNode::Kind::null:
      return none("it has the mark and names no host");
    case YamlNode::Kind::mapping:
      return read_mapping(name, document.root);
    case YamlNode::Kind::scalar: {
      auto root = yaml_mapping();
      add_yaml_key("host", std::move(document.root), root);
      return read_mapping(name, root);
    }
    case YamlNode::Kind::sequence:
      break;
  }
  return invalid("it must be a host, or keys and values, as in host: api.example.com");
}

}  // namespace

Note read_note(const vault::SecretName& name, std::string_view text) {
  switch (vault::look_of_note(text)) {
    case vault::NoteLook::plain:
      return none("");
    case vault::NoteLook::host_shaped:
      return none("it looks like a binding, but its first line is not: # avp-binding");
    case vault::NoteLook::marked:
      break;
  }
  if (text.size() > bounds::kNoteBytesMax) {
    return invalid("it is longer than 16 KiB");
  }
  const auto body = vault::body_of_note(text);
  if (body.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos) {
    return invalid("it has the mark and nothing behind it");
  }
  return read_body(name, body);
}

YamlNode entry_of(const Note& note,
                  std::string_view placeholder,
                  std::span<const HostPattern> hosts,
                  std::string_view source) {
  auto entry = yaml_mapping();
  if (!source.empty()) {
    add_yaml_key("source", yaml_scalar(std::string(source), false), entry);
  }
  add_yaml_key("placeholder", yaml_scalar(std::string(placeholder), false), entry);
  add_yaml_key("inject", note.inject, entry);
  YamlNode list;
  list.kind = YamlNode::Kind::sequence;
  for (const HostPattern& host : hosts) {
    auto scope = yaml_mapping();
    add_yaml_key("host", yaml_scalar(text_of(host), false), scope);
    for (std::size_t i = 0; i < note.scope.keys.size(); ++i) {
      add_yaml_key(note.scope.keys[i].text, note.scope.items[i], scope);
    }
    list.items.push_back(std::move(scope));
  }
  add_yaml_key("bindings", std::move(list), entry);
  return entry;
}

std::string text_of(const HostPattern& host) {
  return host.is_wildcard ? "*." + host.host : host.host;
}

std::span<const NoteDefaults> note_defaults() {
  return kDefaults;
}

}  // namespace keyswap::bindings
