// SPDX-License-Identifier: Apache-2.0
#include "bindings/graphql_tokens.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "bindings/bounds.h"
#include "proxy/base/utf8.h"

namespace keyswap::bindings {

namespace {

using Kind = GraphqlToken::Kind;

constexpr std::string_view kPunctuators = "!$&():=@[]{|}";
constexpr std::string_view kSpread = "...";
constexpr std::string_view kBlockQuotes = "\"\"\"";
constexpr std::string_view kEscapedBlockQuotes = "\\\"\"\"";
constexpr std::string_view kBetween = " \t\r\n,";
constexpr std::size_t kUnicodeDigits = 4;
constexpr std::uint32_t kFirstShown = 0x20;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_in_name(char c) {
  return begins_name(c) || is_digit(c);
}

template <typename Test>
std::size_t count_of(std::string_view text, Test test) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), test) - text.begin());
}

base::Error no_good(base::Note why) {
  return {base::Errc::invalid_input, why};
}

// Those that some reader takes for the end of a line.
bool may_end_line(std::uint32_t code) {
  return code == 0x85 || code == 0x2028 || code == 0x2029;
}

// A character of a string, a block string or a comment; 0 bytes: none may stand there.
std::size_t character_bytes(std::string_view text) {
  const auto character = base::read_utf8(text);
  return character.code >= kFirstShown || character.code == '\t' ? character.bytes : 0;
}

// The number of "00e9"; nothing: it is none.
std::optional<std::uint32_t> read_unicode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (text.size() < kUnicodeDigits) {
    return std::nullopt;
  }
  std::uint32_t code = 0;
  for (const char c : text.substr(0, kUnicodeDigits)) {
    const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + ('a' - 'A')) : c;
    const auto digit = kDigits.find(lower);
    if (digit == std::string_view::npos) {
      return std::nullopt;
    }
    code = code * 16U + static_cast<std::uint32_t>(digit);
  }
  return code;
}

// Of what begins with "\u", a pair of surrogates as one; 0: it is none.
std::size_t unicode_escape_bytes(std::string_view text) {
  constexpr std::size_t kBytes = 2 + kUnicodeDigits;
  const auto first = read_unicode(text.substr(2));
  if (!first) {
    return 0;
  }
  if (*first < 0xD800U || *first > 0xDFFFU) {
    return kBytes;
  }
  const auto rest = text.substr(kBytes);
  const auto second = rest.starts_with("\\u") ? read_unicode(rest.substr(2)) : std::nullopt;
  const bool is_pair = *first <= 0xDBFFU && second && *second >= 0xDC00U && *second <= 0xDFFFU;
  return is_pair ? 2 * kBytes : 0;
}

// Of what begins with a backslash; 0: it is none.
std::size_t escape_bytes(std::string_view text) {
  constexpr std::string_view kEscaped = "\"\\/bfnrt";
  if (text.size() < 2) {
    return 0;
  }
  if (text[1] == 'u') {
    return unicode_escape_bytes(text);
  }
  return kEscaped.find(text[1]) == std::string_view::npos ? 0 : 2;
}

}  // namespace

base::Result<GraphqlToken> GraphqlTokens::next() {
  KS_TRY(skip_ignored());
  if (rest_.empty()) {
    return GraphqlToken{};
  }
  if (++count_ > bounds::kGraphqlTokensMax) {
    return base::Error{base::Errc::limit_exceeded, "the document has too many tokens"};
  }
  const char first = rest_.front();
  if (begins_name(first)) {
    return take(Kind::name, count_of(rest_, is_in_name));
  }
  if (is_digit(first) || first == '-') {
    return take_number();
  }
  if (first == '"') {
    return rest_.starts_with(kBlockQuotes) ? take_block_string() : take_string();
  }
  if (rest_.starts_with(kSpread)) {
    return take(Kind::punctuator, kSpread.size());
  }
  if (kPunctuators.find(first) != std::string_view::npos) {
    return take(Kind::punctuator, 1);
  }
  return no_good("a character stands in the document that means nothing there");
}

base::Status GraphqlTokens::skip_ignored() {
  for (;;) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kBetween), rest_.size()));
    if (!rest_.starts_with('#')) {
      return {};
    }
    KS_TRY(skip_comment());
  }
}

// Who ends a comment elsewhere reads other tokens behind it: so a CR alone ends none, and none has
// another character in it that may end a line.
base::Status GraphqlTokens::skip_comment() {
  while (!rest_.empty() && !rest_.starts_with('\n') && !rest_.starts_with("\r\n")) {
    const auto bytes = character_bytes(rest_);
    if (bytes == 0 || may_end_line(base::read_utf8(rest_).code)) {
      return no_good("a comment has a character that may end it");
    }
    rest_.remove_prefix(bytes);
  }
  return {};
}

base::Result<GraphqlToken> GraphqlTokens::take(Kind kind, std::size_t bytes) {
  const GraphqlToken token{kind, rest_.substr(0, bytes)};
  rest_.remove_prefix(bytes);
  return token;
}

// Sections 2.9.1 and 2.9.2: no name and no further number begins right behind it.
base::Result<GraphqlToken> GraphqlTokens::take_number() {
  std::size_t at = rest_.front() == '-' ? 1 : 0;
  const auto take_digits = [&] {
    const auto digits = count_of(rest_.substr(at), is_digit);
    at += digits;
    return digits;
  };
  const auto whole_at = at;
  const auto whole = take_digits();
  bool is_number = whole == 1 || (whole > 1 && rest_[whole_at] != '0');
  if (is_number && at < rest_.size() && rest_[at] == '.') {
    ++at;
    is_number = take_digits() > 0;
  }
  if (is_number && at < rest_.size() && (rest_[at] == 'e' || rest_[at] == 'E')) {
    ++at;
    at += at < rest_.size() && (rest_[at] == '+' || rest_[at] == '-') ? 1 : 0;
    is_number = take_digits() > 0;
  }
  if (!is_number || (at < rest_.size() && (is_in_name(rest_[at]) || rest_[at] == '.'))) {
    return no_good("a number is not written as one");
  }
  return take(Kind::number, at);
}

base::Result<GraphqlToken> GraphqlTokens::take_string() {
  std::size_t at = 1;
  while (at < rest_.size() && rest_[at] != '"') {
    const auto rest = rest_.substr(at);
    const auto bytes = rest.front() == '\\' ? escape_bytes(rest) : character_bytes(rest);
    if (bytes == 0) {
      return no_good("a string has a character that may not stand in it");
    }
    at += bytes;
  }
  if (at == rest_.size()) {
    return no_good("a string does not end");
  }
  return take(Kind::string, at + 1);
}

base::Result<GraphqlToken> GraphqlTokens::take_block_string() {
  std::size_t at = kBlockQuotes.size();
  while (at < rest_.size()) {
    const auto rest = rest_.substr(at);
    if (rest.starts_with(kBlockQuotes)) {
      return take(Kind::string, at + kBlockQuotes.size());
    }
    const bool is_line_end = rest.front() == '\n' || rest.front() == '\r';
    const auto bytes = rest.starts_with(kEscapedBlockQuotes) ? kEscapedBlockQuotes.size()
                       : is_line_end                         ? 1
                                                             : character_bytes(rest);
    if (bytes == 0) {
      return no_good("a string has a character that may not stand in it");
    }
    at += bytes;
  }
  return no_good("a string does not end");
}

}  // namespace keyswap::bindings
