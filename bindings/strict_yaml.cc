// SPDX-License-Identifier: Apache-2.0
#include "bindings/strict_yaml.h"

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "bindings/bounds.h"
#include "bindings/config_issues.h"
#include "bindings/yaml_quotes.h"
#include "bindings/yaml_text.h"
#include "proxy/base/bounds.h"

namespace keyswap::bindings {

namespace {

constexpr const char* kStarHint =
    "a text that begins with * stands in quotes, as in \"*.example.com\"";

Place place_of(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

// Builds the tree. After an error that would leave the tree out of step it takes nothing more.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, std::vector<ConfigIssue>& errors)
      : text_(text), errors_(errors) {}

  void OnDocumentStart(const YAML::Mark& mark) override { begin_ = place_of(mark); }

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(node_at(YamlNode::Kind::null, mark, anchor, ""));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    fail(place_of(mark), "aliases (*) are not allowed", kStarHint);
    add(node_at(YamlNode::Kind::null, mark, YAML::NullAnchor, ""));
  }

  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = node_at(YamlNode::Kind::scalar, mark, anchor, tag);
    node.is_plain = tag == "?";
    last_scalar_ = mark;
    node.text = value;
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(node_at(YamlNode::Kind::sequence, mark, anchor, tag));
  }

  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(node_at(YamlNode::Kind::mapping, mark, anchor, tag));
  }

  void OnMapEnd() override { close(); }

  [[nodiscard]] bool has_stopped() const { return has_stopped_; }

  [[nodiscard]] Place begin() const { return begin_; }

  // yaml-cpp takes a quoted scalar that the end of the text cuts off. Only the last one can be
  // that.
  void check_last_quote() {
    const auto at = static_cast<std::size_t>(std::max(last_scalar_.pos, 0));
    if (at < text_.size() && (text_[at] == '"' || text_[at] == '\'') &&
        end_of_quoted(text_, at) == std::string_view::npos) {
      stop(place_of(last_scalar_), "this quoted text does not end", "");
    }
  }

  YamlNode take_root() { return std::move(root_); }

 private:
  YamlNode node_at(YamlNode::Kind kind,
                   const YAML::Mark& mark,
                   YAML::anchor_t anchor,
                   const std::string& tag) {
    YamlNode node;
    node.kind = kind;
    node.place = place_of(mark);
    // yaml-cpp gives a lone "!" the same tag as a quoted scalar; the text tells them apart.
    const auto at = static_cast<std::size_t>(std::max(mark.pos, 0));
    const bool has_sign = at < text_.size() && text_[at] == '!';
    if (has_sign || (!tag.empty() && tag != "?" && tag != "!")) {
      fail(node.place, "tags (!) are not allowed", "write the plain value");
    }
    if (anchor != YAML::NullAnchor) {
      fail(node.place, "anchors (&) are not allowed", "write the value out where it is used");
    }
    return node;
  }

  void open(YamlNode node) {
    if (has_stopped_) {
      return;
    }
    if (takes_key()) {
      stop(node.place, "a key must be a single word or text", "");
      return;
    }
    if (open_.size() == bounds::kYamlDepthMax) {
      stop(node.place, "nested too deeply", "");
      return;
    }
    open_.push_back(std::move(node));
  }

  void close() {
    if (has_stopped_) {
      return;
    }
    auto node = std::move(open_.back());
    open_.pop_back();
    if (node.kind == YamlNode::Kind::mapping) {
      check_repeats(node);
    }
    add(std::move(node));
  }

  // Is the innermost open node a mapping that waits for a key?
  [[nodiscard]] bool takes_key() const {
    return !open_.empty() && open_.back().kind == YamlNode::Kind::mapping &&
           open_.back().keys.size() == open_.back().items.size();
  }

  void add(YamlNode node) {
    if (has_stopped_) {
      return;
    }
    if (++count_ > bounds::kYamlNodesMax) {
      stop(node.place, "too many values in this file", "");
      return;
    }
    if (takes_key()) {
      check_key(node);
      open_.back().keys.push_back(std::move(node));
    } else if (open_.empty()) {
      root_ = std::move(node);
    } else {
      if (node.kind == YamlNode::Kind::null && !open_.back().keys.empty()) {
        node.place = open_.back().keys.back().place;  // nothing stands anywhere
      }
      open_.back().items.push_back(std::move(node));
    }
  }

  void check_key(const YamlNode& key) {
    if (key.kind != YamlNode::Kind::scalar || key.text.empty()) {
      fail(key.place, "a key must be a single word or text", "");
    } else if (key.is_plain && key.text == "<<") {
      fail(key.place, "merge keys (<<) are not allowed", "write the keys out");
    }
  }

  void check_repeats(const YamlNode& mapping) {
    std::unordered_map<std::string_view, int> lines;
    for (const auto& key : mapping.keys) {
      const auto [first, is_new] = lines.try_emplace(key.text, key.place.line);
      if (!is_new) {
        fail(key.place,
             quoted_or(key.text, "this key") + " is repeated; it first stands in line " +
                 std::to_string(first->second),
             "keep one of them");
      }
    }
  }

  void fail(Place place, std::string text, std::string hint) {
    if (!has_stopped_) {
      errors_.push_back({place.line, place.column, std::move(text), std::move(hint)});
    }
  }

  void stop(Place place, std::string text, std::string hint) {
    fail(place, std::move(text), std::move(hint));
    has_stopped_ = true;
  }

  std::string_view text_;
  std::vector<ConfigIssue>& errors_;
  std::vector<YamlNode> open_;
  YamlNode root_;
  Place begin_;
  YAML::Mark last_scalar_;
  std::size_t count_ = 0;
  bool has_stopped_ = false;
};

// What yaml-cpp says, up to the ':' after which it may quote the text.
std::string reason_of(const YAML::ParserException& exception) {
  return "YAML: " + exception.msg.substr(0, exception.msg.find(':'));
}

// A pattern that stands without quotes begins as an alias does.
bool is_bare_star(const YAML::ParserException& exception) {
  return exception.msg == YAML::ErrorMsg::UNKNOWN_ANCHOR ||
         exception.msg == YAML::ErrorMsg::ALIAS_NOT_FOUND ||
         exception.msg == YAML::ErrorMsg::CHAR_IN_ALIAS;
}

Place place_at(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const auto lines = std::ranges::count(before, '\n');
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return {static_cast<int>(lines) + 1, static_cast<int>(at - line_begin) + 1};
}

ConfigIssue issue_of(const YAML::ParserException& exception, std::string_view text) {
  const auto place = place_of(exception.mark);
  if (is_bare_star(exception)) {
    return {place.line, place.column, "aliases (*) are not allowed", kStarHint};
  }
  const auto pos = static_cast<std::size_t>(std::max(exception.mark.pos, 0));
  if (const auto quote = open_quote_before(text, pos)) {
    const auto begin = place_at(text, *quote);
    return {begin.line,
            begin.column,
            "this quoted text does not end in its line",
            std::string("is a ") + text[*quote] + " missing at its end?"};
  }
  return {place.line, place.column, reason_of(exception), ""};
}

// The one place where exceptions are caught: yaml-cpp reports by throwing.
void read_documents(std::string_view text, TreeBuilder& builder, YamlDocument& document) {
  const std::string held(text);
  std::istringstream stream(held);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      document.errors.push_back({1, 1, "the file is empty", "keyswap init writes a starter file"});
      return;
    }
    std::vector<ConfigIssue> ignored;
    TreeBuilder rest(text, ignored);
    if (!builder.has_stopped() && parser.HandleNextDocument(rest)) {
      document.errors.push_back({rest.begin().line,
                                 1,
                                 "a second document begins; the file must have one",
                                 "remove the '---' line and what follows it"});
    }
    builder.check_last_quote();
    document.is_complete = !builder.has_stopped();
  } catch (const YAML::DeepRecursion& exception) {
    const auto place = place_of(exception.mark);
    document.errors.push_back({place.line, place.column, "nested too deeply", ""});
  } catch (const YAML::ParserException& exception) {
    document.errors.push_back(issue_of(exception, text));
  } catch (const YAML::Exception&) {
    document.errors.push_back({0, 0, "this is not YAML", ""});
  }
}

}  // namespace

YamlDocument parse_yaml(std::string_view text) {
  YamlDocument document;
  if (text.size() > base::bounds::kBindingsFileBytesMax) {
    document.errors.push_back({0, 0, "the file is larger than 4 MiB", ""});
    return document;
  }
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  if (auto error = check_yaml_text(text)) {
    document.errors.push_back(std::move(*error));
    return document;
  }
  TreeBuilder builder(text, document.errors);
  read_documents(text, builder, document);
  document.root = builder.take_root();
  return document;
}

}  // namespace keyswap::bindings
