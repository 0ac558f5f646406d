// SPDX-License-Identifier: Apache-2.0
#include "bindings/parse.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bindings/digest.h"
#include "bindings/note_merge.h"
#include "bindings/parse_sections.h"
#include "bindings/yaml_make.h"
#include "proxy/base/bounds.h"

namespace keyswap::bindings {

namespace {

constexpr std::array<std::string_view, 24> kTopKeys = {"version",
                                                       "unmatched_destination_policy",
                                                       "tls_termination",
                                                       "refusals",
                                                       "misplaced_placeholder",
                                                       "allow_wildcard_hosts",
                                                       "callers",
                                                       "allow_users",
                                                       "allow_origins",
                                                       "sources",
                                                       "secrets",
                                                       "custom",
                                                       "upstream",
                                                       "audit",
                                                       "cache",
                                                       "preflight",
                                                       "backend",
                                                       "binding_source",
                                                       "notes_source",
                                                       "notes_host_allowlist",
                                                       "allow_any_notes_host",
                                                       "notes_refresh_seconds",
                                                       "install_salt_path",
                                                       "manage"};

template <typename Choice>
void parse_choice(const YamlSection& top,
                  std::string_view key,
                  std::array<std::string_view, 2> words,
                  ParseContext& context,
                  Choice& choice) {
  if (const auto* const node = top.find(key)) {
    if (const auto index = read_choice(*node, key, words, context.issues)) {
      choice = static_cast<Choice>(*index);
    }
  }
}

void parse_version(const YamlSection& top, ParseContext& context) {
  const auto* const node = top.find("version");
  if (node != nullptr && (!node->is_plain || node->text != "1")) {
    context.issues.error(node->place, "`version` must be 1", "this program knows no other");
  }
}

void parse_policies(const YamlSection& top, ParseContext& context, Bindings& bindings) {
  parse_version(top, context);
  // In the order of the enumerators.
  parse_choice(top,
               "unmatched_destination_policy",
               {"forward_unmodified", "deny"},
               context,
               bindings.unmatched_destination);
  parse_choice(top, "tls_termination", {"bound", "all"}, context, bindings.tls_termination);
  parse_choice(top, "refusals", {"tls", "connect"}, context, bindings.tunnel_refusals);
  parse_choice(
      top, "misplaced_placeholder", {"forward", "refuse"}, context, bindings.misplaced_placeholder);
  if (const auto* const node = top.find("allow_wildcard_hosts")) {
    context.allows_wildcards =
        read_flag(*node, "allow_wildcard_hosts", context.issues).value_or(false);
  }
}

// What a note says stands where its secret stood.
YamlNode with_notes(const YamlNode* of_file, const MergedNotes& notes) {
  YamlNode secrets = yaml_mapping();
  for (std::size_t i = 0; of_file != nullptr && i < of_file->keys.size(); ++i) {
    const bool is_replaced = std::ranges::any_of(notes.entries, [&](const NoteEntry& entry) {
      return entry.name.text() == of_file->keys[i].text;
    });
    if (!is_replaced) {
      secrets.keys.push_back(of_file->keys[i]);
      secrets.items.push_back(of_file->items[i]);
    }
  }
  for (const NoteEntry& entry : notes.entries) {
    add_yaml_key(entry.name.text(), entry.entry, secrets);
  }
  return secrets;
}

bool is_named(const SecretRule& rule, const std::vector<vault::SecretName>& names) {
  return std::ranges::find(names, rule.name) != names.end();
}

// Where notes alone count, what the file says of a secret is checked, and is in force for none. It
// is known by its placeholder all the same, and goes nowhere, as honeytokens do in any case.
OutOfForce out_of_force(const SecretRule& rule, const NotesRule& notes, const MergedNotes* merged) {
  const bool is_of_note =
      merged != nullptr && std::ranges::any_of(merged->entries, [&](const NoteEntry& entry) {
        return entry.name == rule.name;
      });
  if (merged != nullptr && is_named(rule, merged->out_of_force)) {
    return OutOfForce::invalid_note;
  }
  if (notes.is_with_file || is_of_note || rule.kind == RuleKind::honeytoken) {
    return OutOfForce::no;
  }
  return merged == nullptr ? OutOfForce::no_note : why_unbound(*merged, rule.name);
}

// Behind all others, which notes do not renumber.
void add_unbound(const MergedNotes& merged, Bindings& bindings) {
  for (const UnboundSecret& secret : merged.unbound) {
    if (bindings.rules.size() >= base::bounds::kSecretRulesMax) {
      return;  // I10: they are known for the record's sake alone
    }
    SecretRule rule;
    rule.name = secret.name;
    rule.placeholder = secret.placeholder;
    rule.kind = RuleKind::unbound;
    rule.out_of_force = secret.why;
    bindings.rules.push_back(std::move(rule));
  }
}

void parse_all_secrets(const YamlNode* secrets, ParseContext& context, Bindings& bindings) {
  const bool is_mapping = secrets == nullptr || secrets->kind == YamlNode::Kind::mapping ||
                          secrets->kind == YamlNode::Kind::null;
  if (bindings.notes && context.notes != nullptr && is_mapping) {
    parse_secrets(with_notes(secrets, *context.notes), context, bindings);
  } else if (secrets != nullptr) {
    parse_secrets(*secrets, context, bindings);
  }
  for (SecretRule& rule : bindings.rules) {
    if (bindings.notes) {
      rule.out_of_force = out_of_force(rule, *bindings.notes, context.notes);
    }
  }
}

void parse_top(const YamlNode& root, ParseContext& context, Bindings& bindings) {
  const YamlSection top(root, "bindings.yaml", kTopKeys, context.issues);
  if (!top.is_mapping()) {
    return;
  }
  parse_policies(top, context, bindings);
  if (const auto* const node = top.find("upstream")) {
    parse_upstream(*node, context, bindings.upstream);
  }
  if (const auto* const node = top.find("audit")) {
    parse_audit(*node, context, bindings);
  }
  if (const auto* const node = top.find("preflight")) {
    parse_preflight(*node, context);
  }
  if (const auto* const node = top.find("manage")) {
    parse_manage(*node, context, bindings);
  }
  parse_sources(top, context);
  parse_notes(top, context, bindings);
  if (const auto* const node = top.find("callers")) {
    parse_callers(*node, context, bindings);
  }
  if (const auto* const node = top.find("allow_users")) {
    parse_allow_users(*node, context, bindings);
  }
  if (const auto* const node = top.find("allow_origins")) {
    parse_allow_origins(*node, context, bindings);
  }
  const auto* const custom = top.find("custom");
  const bool may_have_none = custom != nullptr || bindings.notes;
  const auto* const secrets =
      may_have_none ? top.find("secrets") : top.require("secrets", context.issues);
  parse_all_secrets(secrets, context, bindings);
  if (custom != nullptr) {
    parse_custom(*custom, context, bindings);
  }
  if (bindings.notes && context.notes != nullptr) {
    add_unbound(*context.notes, bindings);
  }
  bindings.sources = context.sources.table(context.issues);
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}

  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  FileDescriptor(FileDescriptor&&) = delete;
  FileDescriptor& operator=(FileDescriptor&&) = delete;

  ~FileDescriptor() {
    if (number_ >= 0) {
      static_cast<void>(::close(number_));
    }
  }

  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

base::Error system_error() {
  const int number = errno;
  switch (number) {
    case ENOENT:
      return {base::Errc::not_found, "the bindings file does not exist", number};
    case EACCES:
    case EPERM:
      return {base::Errc::permission, "the bindings file may not be read", number};
    default:
      return {base::Errc::io, "the bindings file cannot be read", number};
  }
}

// Whoever can write this file can send the secrets elsewhere.
base::Status check_file(const struct stat& status) {
  if (!S_ISREG(status.st_mode)) {
    return base::Error{base::Errc::invalid_input, "the bindings file is not a regular file"};
  }
  if ((status.st_mode & S_IWOTH) != 0) {
    return base::Error{base::Errc::permission, "the bindings file can be written by everybody"};
  }
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return base::Error{base::Errc::permission, "the bindings file belongs to another user"};
  }
  if (status.st_size > static_cast<off_t>(base::bounds::kBindingsFileBytesMax)) {
    return base::Error{base::Errc::limit_exceeded, "the bindings file is larger than 4 MiB"};
  }
  return {};
}

base::Result<std::string> read_all(int number) {
  constexpr std::size_t kBytesMax = base::bounds::kBindingsFileBytesMax + 1;
  std::string text;
  constexpr std::size_t kBlockBytes = 16'384;
  std::array<char, kBlockBytes> block{};
  while (text.size() < kBytesMax) {
    const auto count = ::read(number, block.data(), block.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return system_error();
    }
    if (count == 0) {
      break;
    }
    text.append(block.data(), static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace

Parsed parse(std::string_view yaml,
             const std::string& folder,
             Venues venues,
             vault::BackendKinds kinds,
             const MergedNotes* notes) {
  Parsed parsed;
  ParseContext context;
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  context.text = yaml.substr(yaml.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
  context.folder = folder;
  context.venues = venues;
  context.kinds = kinds;
  context.notes = notes;
  parsed.bindings.venues = venues;
  auto document = parse_yaml(yaml);
  context.issues.add_errors(std::move(document.errors));
  if (document.is_complete) {
    parse_top(document.root, context, parsed.bindings);
  }
  parsed.bindings.sha256 = sha256_hex(yaml);
  parsed.errors = context.issues.take_errors();
  parsed.warnings = context.issues.take_warnings();
  if (parsed.errors.empty()) {
    parsed.bindings.build_index();
  }
  return parsed;
}

base::Result<Parsed> parse_file(const std::string& path, Venues venues, vault::BackendKinds kinds) {
  // Not blocking: a FIFO is refused, not waited for.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));

  struct stat status {};

  if (file.number() < 0 || ::fstat(file.number(), &status) != 0) {
    return system_error();
  }
  KS_TRY(check_file(status));
  auto text = read_all(file.number());
  if (!text) {
    return text.error();
  }
  std::error_code failure;
  const auto whole_path = std::filesystem::absolute(path, failure);
  if (failure) {
    return base::Error{base::Errc::io, "the current folder cannot be found", failure.value()};
  }
  auto parsed = parse(*text, whole_path.parent_path().string(), venues, kinds);
  if ((status.st_mode & S_IWGRP) != 0) {
    parsed.warnings.push_back({0,
                               0,
                               "this file can be written by its group",
                               "unless that is meant: chmod 600 " + whole_path.string()});
  }
  parsed.text = std::move(*text);
  return parsed;
}

std::string absolute_path(const ParseContext& context, const std::string& name) {
  return name.front() == '/' ? name : context.folder + "/" + name;
}

Place place_in(const YamlNode& scalar, std::size_t offset, std::string_view text) {
  std::size_t begin = 0;
  for (int line = 1; line < scalar.place.line && begin != std::string_view::npos; ++line) {
    const auto end = text.find('\n', begin);
    begin = end == std::string_view::npos ? end : end + 1;
  }
  const auto column = static_cast<std::size_t>(scalar.place.column) - 1;
  if (offset == 0 || begin == std::string_view::npos || begin + column >= text.size()) {
    return scalar.place;
  }
  const auto written = text.substr(begin + column);
  const std::size_t quote = written.front() == '"' || written.front() == '\'' ? 1 : 0;
  if (written.substr(quote, offset) != std::string_view(scalar.text).substr(0, offset)) {
    return scalar.place;
  }
  return {scalar.place.line, scalar.place.column + static_cast<int>(quote + offset)};
}

}  // namespace keyswap::bindings
