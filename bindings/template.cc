// SPDX-License-Identifier: Apache-2.0
//
// The compiler of the template language: text, then expressions by recursive descent. Its grammar:
//
//   expression = filtered { "+" filtered }
//   filtered   = primary { "|" NAME [ "(" ")" ] }          (binds tighter than "+")
//   primary    = STRING { STRING } | NAME | NAME "(" expression { "," expression } ")"
//              | "(" expression ")"
#include "bindings/template.h"

#include <algorithm>
#include <array>
#include <optional>

#include "proxy/base/bounds.h"
#include "proxy/base/utf8.h"

namespace keyswap::bindings {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_name_byte(char c) {
  return is_name_start(c) || is_digit(c);
}

constexpr std::size_t kQuotedNameBytesMax = 40;

std::string in_quotes(std::string_view name) {
  return name.size() > kQuotedNameBytesMax ? "this name" : "'" + std::string(name) + "'";
}

std::string join_names(std::span<const std::string> names) {
  std::string text;
  for (const auto& name : names) {
    text += (text.empty() ? "" : ", ") + in_quotes(name);
  }
  return text;
}

std::string helper_names(TemplateHelper::Use use) {
  std::string text;
  for (const auto& helper : template_helpers()) {
    if (helper.use == use) {
      text += (text.empty() ? "" : ", ") + std::string(helper.name);
    }
  }
  return text;
}

// The code point that 2 (\x) or 4 (\u) hexadecimal digits stand for.
std::optional<unsigned> hex_number(std::string_view digits) {
  unsigned value = 0;
  for (const char c : digits) {
    const char lower = base::to_lower(c);
    if (!is_digit(c) && (lower < 'a' || lower > 'f')) {
      return std::nullopt;
    }
    value = value * 16 + static_cast<unsigned>(is_digit(c) ? c - '0' : lower - 'a' + 10);
  }
  return value;
}

}  // namespace

class TemplateCompiler {
 public:
  TemplateCompiler(std::string_view source, std::span<const std::string> parts)
      : source_(source), parts_(parts) {}

  std::variant<Template, TemplateError> run() {
    if (source_.size() > base::bounds::kTemplateBytesMax) {
      return TemplateError{0, "a template has at most 4096 bytes"};
    }
    // A block scalar of YAML ends with a line break that nobody means.
    if (source_.ends_with('\n')) {
      source_.remove_suffix(1);
    }
    while (!error_ && at_ < source_.size()) {
      compile_text();
    }
    if (error_) {
      return *error_;
    }
    return std::move(template_);
  }

 private:
  using Step = Template::Step;
  using Use = TemplateHelper::Use;

  // --- text, comments and raw blocks ---

  void compile_text() {
    const auto end = find_opening();
    auto text = source_.substr(at_, end - at_);
    if (!check_text(text)) {
      return;
    }
    const bool trims_before = end + 2 < source_.size() && source_[end + 2] == '-';
    push_text(trimmed(text, trims_before && end < source_.size()));
    at_ = end;
    if (end < source_.size()) {
      compile_tag(source_[end + 1]);
    }
  }

  [[nodiscard]] std::size_t find_opening() const {
    for (auto brace = source_.find('{', at_); brace != std::string_view::npos;
         brace = source_.find('{', brace + 1)) {
      const auto next = source_.substr(brace + 1, 1);
      if (next == "{" || next == "%" || next == "#") {
        return brace;
      }
    }
    return source_.size();
  }

  // A closing "}}" must close something: two braces of the text itself, as in JSON.
  bool check_text(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto pair = text.substr(i, 2);
      if (pair == "%}" || pair == "#}" || (pair == "}}" && open_braces_ < 2)) {
        return fail(at_ + i, "'" + std::string(pair) + "' closes nothing");
      }
      open_braces_ += text[i] == '{' ? 1 : 0;
      open_braces_ -= text[i] == '}' && open_braces_ > 0 ? 1 : 0;
    }
    return true;
  }

  std::string_view trimmed(std::string_view text, bool trims_end) {
    while (trims_end && !text.empty() && is_space(text.back())) {
      text.remove_suffix(1);
    }
    while (trims_next_ && !text.empty() && is_space(text.front())) {
      text.remove_prefix(1);
    }
    trims_next_ = false;
    return text;
  }

  void compile_tag(char kind) {
    const auto begin = at_;
    at_ += 2;
    if (kind == '#') {
      const auto end = source_.find("#}", at_);
      if (end == std::string_view::npos) {
        fail(begin, "this comment does not end: '#}' is missing");
        return;
      }
      trims_next_ = source_[end - 1] == '-';
      at_ = end + 2;
    } else if (kind == '%') {
      compile_raw(begin);
    } else {
      skip_sign();
      if (compile_expression() && expect_closing(begin)) {
        at_ += 2;
      }
    }
  }

  // "{% raw %}" text "{% endraw %}": the only block there is.
  void compile_raw(std::size_t begin) {
    if (!read_block_word("raw")) {
      fail(begin, "blocks are not part of the language; only {% raw %} ... {% endraw %} is");
      return;
    }
    const auto text_begin = at_;
    const bool trims_begin = trims_next_;
    for (auto end = source_.find("{%", at_); end != std::string_view::npos;
         end = source_.find("{%", end + 1)) {
      at_ = end + 2;
      const bool trims_end = at_ < source_.size() && source_[at_] == '-';
      if (read_block_word("endraw")) {
        const bool trims_after = trims_next_;
        trims_next_ = trims_begin;
        push_text(trimmed(source_.substr(text_begin, end - text_begin), trims_end));
        trims_next_ = trims_after;
        return;
      }
    }
    fail(begin, "this raw block does not end: {% endraw %} is missing");
  }

  // Reads "[-] word [-] %}"; moves nothing when something else stands there.
  bool read_block_word(std::string_view word) {
    const auto begin = at_;
    skip_sign();
    skip_spaces();
    if (source_.substr(at_, word.size()) == word) {
      at_ += word.size();
      skip_spaces();
      const bool trims = source_.substr(at_, 1) == "-";
      at_ += trims ? 1 : 0;
      if (source_.substr(at_, 2) == "%}") {
        at_ += 2;
        trims_next_ = trims;
        return true;
      }
    }
    at_ = begin;
    return false;
  }

  // --- expressions ---

  bool compile_expression() {
    if (++depth_ > base::bounds::kTemplateDepthMax) {
      return fail(at_, "this expression is nested too deeply");
    }
    if (!compile_filtered()) {
      return false;
    }
    for (skip_spaces(); peek() == '+'; skip_spaces()) {
      ++at_;
      if (!compile_filtered()) {
        return false;
      }
      push({Step::Kind::join, 0, nullptr});
    }
    --depth_;
    return true;
  }

  bool compile_filtered() {
    if (!compile_primary()) {
      return false;
    }
    for (skip_spaces(); peek() == '|'; skip_spaces()) {
      ++at_;
      skip_spaces();
      const auto begin = at_;
      const auto name = read_name();
      const auto* const helper = find_template_helper(name);
      if (name.empty() || helper == nullptr || helper->use != Use::filter) {
        return fail(begin,
                    (name.empty() ? std::string("after '|' comes a filter")
                                  : in_quotes(name) + " is no filter") +
                        "; there are: " + helper_names(Use::filter));
      }
      skip_spaces();
      if (peek() == '(' && !compile_arguments(*helper, helper->arguments - 1)) {
        return false;
      }
      push({Step::Kind::call, 0, helper});
    }
    return true;
  }

  bool compile_primary() {
    skip_spaces();
    const auto begin = at_;
    const char c = peek();
    if (c == '\'' || c == '"') {
      return compile_literals();
    }
    if (c == '(') {
      ++at_;
      if (!compile_expression()) {
        return false;
      }
      skip_spaces();
      return peek() == ')' ? take() : fail_here("')' is missing");
    }
    if (is_name_start(c)) {
      return compile_name(begin, read_name());
    }
    if (is_digit(c) || c == '.') {
      return fail(begin, "numbers are not part of the language; quote it: '1'");
    }
    return fail_here("a part, a string or a function is missing");
  }

  bool compile_name(std::size_t begin, std::string_view name) {
    skip_spaces();
    const auto* const helper = find_template_helper(name);
    if (peek() == '(') {
      if (helper == nullptr || helper->use != Use::function) {
        return fail(begin,
                    in_quotes(name) + " is no function; there are: " + helper_names(Use::function));
      }
      if (!compile_arguments(*helper, helper->arguments)) {
        return false;
      }
      push({Step::Kind::call, 0, helper});
      return true;
    }
    if (helper != nullptr) {
      return fail(
          begin,
          in_quotes(name) +
              (helper->use == Use::filter ? " is a filter: write X | " : " is a function: write ") +
              std::string(helper->name) + (helper->use == Use::filter ? "" : "(...)"));
    }
    if (!is_template_name(name)) {
      return fail(begin, in_quotes(name) + " is a constant; the language has strings only");
    }
    const auto found = std::find(parts_.begin(), parts_.end(), name);
    if (found == parts_.end()) {
      return fail(begin,
                  in_quotes(name) + " is not in `compose`; there are: " + join_names(parts_));
    }
    push({Step::Kind::part, static_cast<std::size_t>(found - parts_.begin()), nullptr});
    return true;
  }

  // "(" [ expression { "," expression } ] ")", exactly `wanted` of them.
  bool compile_arguments(const TemplateHelper& helper, std::size_t wanted) {
    const auto begin = at_++;
    std::size_t count = 0;
    for (skip_spaces(); peek() != ')'; skip_spaces()) {
      if (count > 0 && (peek() != ',' || !take())) {
        return fail_here("',' or ')' is missing");
      }
      if (!compile_expression()) {
        return false;
      }
      ++count;
      skip_spaces();
      if (peek() == '=') {
        return fail_here("arguments have no names");
      }
    }
    if (count != wanted) {
      return fail(begin,
                  in_quotes(helper.name) + " takes " + std::to_string(wanted) +
                      (wanted == 1 ? " argument" : " arguments") + ", not " +
                      std::to_string(count));
    }
    return take();
  }

  // Neighbouring literals are one.
  bool compile_literals() {
    std::string text;
    for (skip_spaces(); peek() == '\'' || peek() == '"'; skip_spaces()) {
      if (!read_literal(text)) {
        return false;
      }
    }
    push_step_text(std::move(text));
    return true;
  }

  bool read_literal(std::string& text) {
    const auto begin = at_;
    const char quote = source_[at_++];
    while (at_ < source_.size() && source_[at_] != quote) {
      if (!read_literal_character(text)) {
        return false;
      }
    }
    return at_ < source_.size() ? take() : fail(begin, "this string does not end");
  }

  bool read_literal_character(std::string& text) {
    if (source_[at_] == '\\') {
      return read_escape(text);
    }
    text += source_[at_];
    return take();
  }

  bool read_escape(std::string& text) {
    constexpr std::string_view kLetters = "\\'\"nrt";
    constexpr std::string_view kMeanings = "\\'\"\n\r\t";
    const auto begin = at_++;
    const char letter = peek();
    if (const auto known = kLetters.find(letter);
        at_ < source_.size() && known != std::string_view::npos) {
      text += kMeanings[known];
      return take();
    }
    const std::size_t digits = letter == 'x' ? 2 : 4;
    if ((letter == 'x' || letter == 'u') && at_ + digits < source_.size()) {
      const auto code = hex_number(source_.substr(at_ + 1, digits));
      const bool is_surrogate = code && *code >= 0xD800 && *code <= 0xDFFF;
      if (code && !is_surrogate) {
        base::append_utf8(*code, text);
        at_ += 1 + digits;
        return true;
      }
    }
    return fail(begin, R"(unknown escape; there are: \\ \' \" \n \r \t \xHH \uHHHH)");
  }

  bool expect_closing(std::size_t begin) {
    skip_spaces();
    trims_next_ = source_.substr(at_, 3) == "-}}";
    at_ += trims_next_ ? 1 : 0;
    if (source_.substr(at_, 2) == "}}") {
      return true;
    }
    return at_ < source_.size() ? fail_here("here only '+', '|' or '}}' can stand")
                                : fail(begin, "this expression does not end: '}}' is missing");
  }

  // --- helpers ---

  [[nodiscard]] char peek() const { return at_ < source_.size() ? source_[at_] : '\0'; }

  bool take() {
    ++at_;
    return true;
  }

  void skip_sign() { at_ += peek() == '-' ? 1 : 0; }

  void skip_spaces() {
    while (at_ < source_.size() && is_space(source_[at_])) {
      ++at_;
    }
  }

  std::string_view read_name() {
    const auto begin = at_;
    if (is_name_start(peek())) {
      while (is_name_byte(peek())) {
        ++at_;
      }
    }
    return source_.substr(begin, at_ - begin);
  }

  void push(const Step& step) { template_.steps_.push_back(step); }

  void push_step_text(std::string text) {
    push({Step::Kind::text, template_.texts_.size(), nullptr});
    template_.texts_.push_back(std::move(text));
  }

  void push_text(std::string_view text) {
    if (!text.empty()) {
      push_step_text(std::string(text));
    }
  }

  bool fail(std::size_t offset, std::string text) {
    if (!error_) {
      error_ = TemplateError{offset, std::move(text)};
    }
    return false;
  }

  bool fail_here(std::string text) { return fail(at_, std::move(text)); }

  std::string_view source_;
  std::span<const std::string> parts_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  int open_braces_ = 0;  // single '{' of the text that are still open
  bool trims_next_ = false;
  Template template_;
  std::optional<TemplateError> error_;
};

bool is_template_name(std::string_view name) {
  constexpr std::array<std::string_view, 6> kConstants = {
      "true", "false", "none", "True", "False", "None"};
  return !name.empty() && is_name_start(name.front()) &&
         std::all_of(name.begin(), name.end(), is_name_byte) &&
         std::find(kConstants.begin(), kConstants.end(), name) == kConstants.end();
}

std::variant<Template, TemplateError> Template::compile(std::string_view source,
                                                        std::span<const std::string> parts) {
  return TemplateCompiler(source, parts).run();
}

}  // namespace keyswap::bindings
