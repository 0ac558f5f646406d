// SPDX-License-Identifier: Apache-2.0
#include "bindings/add_secret.h"

#include <algorithm>
#include <optional>

#include "bindings/yaml_write.h"

namespace keyswap::bindings {

namespace {

using base::Errc;
using base::Error;
using Kind = YamlNode::Kind;

constexpr std::string_view kSecretsKey = "secrets";
constexpr std::size_t kUsualIndent = 2;

// What is put in.
struct Entry {
  std::string_view name;
  const YamlNode& value;
  std::string_view comment;
};

// A file as it is read, and where what stands in it.
class Text {
 public:
  explicit Text(std::string_view text) : text_(text) {}

  [[nodiscard]] std::string_view view() const { return text_; }

  // Where the place is in the text; columns count from 1, behind a byte order mark in the first
  // line.
  [[nodiscard]] std::size_t offset_of(Place place) const {
    std::size_t begin = text_.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    for (int line = 1; line < place.line; ++line) {
      begin = end_of_line(begin);
    }
    return std::min(begin + static_cast<std::size_t>(place.column) - 1, text_.size());
  }

  // Behind the line feed of the line that `at` stands in.
  [[nodiscard]] std::size_t end_of_line(std::size_t at) const {
    const auto end = text_.find('\n', at);
    return end == std::string_view::npos ? text_.size() : end + 1;
  }

  [[nodiscard]] bool has_carriage_returns() const {
    return text_.find("\r\n") != std::string_view::npos;
  }

 private:
  static constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

  std::string_view text_;
};

std::string with_line_ends(const Text& text, const std::string& lines) {
  if (!text.has_carriage_returns()) {
    return lines;
  }
  std::string out;
  for (const char c : lines) {
    out += c == '\n' ? "\r\n" : std::string(1, c);
  }
  return out;
}

std::string block_of(const Entry& entry, std::size_t indent) {
  std::string lines;
  const std::string padding(indent, ' ');
  if (!entry.comment.empty()) {
    lines += padding + "# " + std::string(entry.comment) + "\n";
  }
  YamlNode key;
  key.kind = Kind::scalar;
  key.text = entry.name;
  return lines + padding + flow_text(key) + ":\n" + block_text(entry.value, indent + kUsualIndent);
}

std::string flow_of(const Entry& entry) {
  YamlNode key;
  key.kind = Kind::scalar;
  key.text = entry.name;
  return flow_text(key) + ": " + flow_text(entry.value);
}

// Puts lines in, at the beginning of a line.
std::string with_lines(const Text& text, std::size_t at, const std::string& lines) {
  std::string out(text.view().substr(0, at));
  if (!out.empty() && out.back() != '\n') {
    out += with_line_ends(text, "\n");
  }
  out += with_line_ends(text, lines);
  return out.append(text.view().substr(at));
}

std::string_view without_line_end(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) {
    line.remove_suffix(1);
  }
  return line;
}

// Behind the last line of a block that is indented by more than `indent`, from a line of it on.
std::size_t end_of_block(const Text& text, std::size_t begin, std::size_t indent) {
  std::size_t end = begin;
  for (std::size_t at = begin; at < text.view().size();) {
    const auto next = text.end_of_line(at);
    const auto line = without_line_end(text.view().substr(at, next - at));
    const auto first = line.find_first_not_of(' ');
    const bool is_blank = first == std::string_view::npos;
    const bool is_inside = !is_blank && first > indent;
    if (!is_blank && !is_inside && line[first] != '#') {
      return end;  // a comment further out does not end it
    }
    end = is_inside ? next : end;
    at = next;
  }
  return end;
}

// The closing bracket of a collection in flow style that begins at `at`; npos if there is none.
std::size_t end_of_flow(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  char quote = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != 0) {
      at += quote == '"' && c == '\\' ? 1U : 0U;
      quote = c == quote ? '\0' : quote;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#' && at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\n')) {
      at = std::min(text.find('\n', at), text.size());
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return at;
    }
  }
  return std::string_view::npos;
}

// Into braces that have something in them, or into those of the file itself.
std::optional<std::string> into_flow(const Text& text,
                                     std::size_t begin,
                                     const std::string& piece) {
  const auto end = end_of_flow(text.view(), begin);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  auto last = text.view().find_last_not_of(" \r\n", end - 1);
  const bool is_ready = text.view()[last] == ',' || text.view()[last] == '{';
  std::string out(text.view().substr(0, last + 1));
  out += (is_ready ? " " : ", ") + piece + " ";
  return out.append(text.view().substr(end));
}

// `secrets: {}` or `secrets:`: the braces make way for the block.
std::optional<std::string> into_empty(const Text& text,
                                      const YamlNode& key,
                                      const YamlNode& value,
                                      const Entry& entry) {
  const auto begin = text.offset_of(key.place);
  const auto indent = static_cast<std::size_t>(key.place.column) - 1;
  const auto block = block_of(entry, indent + kUsualIndent);
  if (value.kind == Kind::null) {
    return with_lines(text, text.end_of_line(begin), block);
  }
  const auto open = text.offset_of(value.place);
  const auto close = end_of_flow(text.view(), open);
  if (close == std::string_view::npos) {
    return std::nullopt;
  }
  const auto rest = text.view().substr(close + 1);
  std::string emptied(text.view().substr(0, open));
  if (without_line_end(rest.substr(0, Text(rest).end_of_line(0))).empty()) {
    emptied.erase(emptied.find_last_not_of(' ') + 1);
  }
  emptied.append(rest);
  return with_lines(Text(emptied), Text(emptied).end_of_line(begin), block);
}

bool is_flow(const Text& text, const YamlNode& node) {
  const auto at = text.offset_of(node.place);
  return at < text.view().size() && (text.view()[at] == '{' || text.view()[at] == '[');
}

std::optional<std::string> into_secrets(const Text& text,
                                        const YamlNode& key,
                                        const YamlNode& value,
                                        const Entry& entry) {
  if (value.kind == Kind::mapping && !value.keys.empty()) {
    if (is_flow(text, value)) {
      return into_flow(text, text.offset_of(value.place), flow_of(entry));
    }
    const auto& first = value.keys.front().place;
    const auto indent = static_cast<std::size_t>(first.column) - 1;
    const auto line = text.offset_of({first.line, 1});
    const auto outer = static_cast<std::size_t>(key.place.column) - 1;
    return with_lines(text, end_of_block(text, line, outer), block_of(entry, indent));
  }
  return into_empty(text, key, value, entry);
}

std::optional<std::string> into_file(const Text& text, const YamlNode& root, const Entry& entry) {
  for (std::size_t i = 0; i < root.keys.size(); ++i) {
    if (root.keys[i].text == kSecretsKey) {
      // Braces within braces: whatever is in them, no lines can be put in.
      const bool is_inside = is_flow(text, root);
      return is_inside && root.items[i].kind == Kind::mapping
                 ? into_flow(text, text.offset_of(root.items[i].place), flow_of(entry))
                 : into_secrets(text, root.keys[i], root.items[i], entry);
    }
  }
  if (is_flow(text, root)) {
    return into_flow(text, text.offset_of(root.place), "\"secrets\": { " + flow_of(entry) + " }");
  }
  return with_lines(text, text.view().size(), "secrets:\n" + block_of(entry, kUsualIndent));
}

// What the file has to say with the entry in it.
YamlNode expected(YamlNode root, const Entry& entry) {
  YamlNode key;
  key.kind = Kind::scalar;
  key.text = entry.name;
  auto found = std::ranges::find(root.keys, kSecretsKey, &YamlNode::text);
  if (found == root.keys.end()) {
    YamlNode secrets;
    secrets.kind = Kind::scalar;
    secrets.text = kSecretsKey;
    root.keys.push_back(std::move(secrets));
    root.items.emplace_back();
    found = root.keys.end() - 1;
  }
  auto& secrets = root.items[static_cast<std::size_t>(found - root.keys.begin())];
  secrets.kind = Kind::mapping;
  secrets.text.clear();
  secrets.keys.push_back(std::move(key));
  secrets.items.push_back(entry.value);
  return root;
}

}  // namespace

base::Result<std::string> add_secret(std::string_view text,
                                     std::string_view name,
                                     const YamlNode& entry,
                                     std::string_view comment) {
  const auto before = parse_yaml(text);
  if (!before.errors.empty() || before.root.kind != Kind::mapping) {
    return Error{Errc::invalid_input, "the bindings file has errors"};
  }
  const auto& root = before.root;
  const auto secrets = std::ranges::find(root.keys, kSecretsKey, &YamlNode::text);
  const auto* const node = secrets == root.keys.end()
                               ? nullptr
                               : &root.items[static_cast<std::size_t>(secrets - root.keys.begin())];
  if (node != nullptr && node->kind != Kind::null && node->kind != Kind::mapping) {
    return Error{Errc::invalid_input, "`secrets` of the bindings file is no mapping"};
  }
  if (node != nullptr && std::ranges::find(node->keys, name, &YamlNode::text) != node->keys.end()) {
    return Error{Errc::already_exists, "the bindings file has an entry of that name"};
  }
  const Entry added{name, entry, comment};
  auto after = into_file(Text(text), root, added);
  // However it was written: nothing else may have changed.
  const auto read = after ? parse_yaml(*after) : YamlDocument{};
  if (!after || !read.errors.empty() || !is_same(read.root, expected(root, added))) {
    return Error{Errc::invalid_input,
                 "`secrets` of the bindings file is written so that no entry can be added to it"};
  }
  return *std::move(after);
}

}  // namespace keyswap::bindings
