// SPDX-License-Identifier: Apache-2.0
#include "audit/line.h"

#include <array>
#include <charconv>
#include <limits>

#include "audit/line_types.h"
#include "audit/timestamp.h"
#include "proxy/base/bounds.h"

namespace keyswap::audit {

namespace {

constexpr std::uint64_t kSignedMax = std::numeric_limits<std::int64_t>::max();

// Takes a line apart from its front. Every take_ gives false, and the line is refused, when what
// stands there is not what was asked for.
class Scanner {
 public:
  explicit Scanner(std::string_view line) : rest_(line) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  [[nodiscard]] std::size_t left() const { return rest_.size(); }

  bool take(std::string_view literal) {
    if (!rest_.starts_with(literal)) {
      return false;
    }
    rest_.remove_prefix(literal.size());
    return true;
  }

  bool take_bytes(std::size_t count, std::string_view& bytes) {
    if (rest_.size() < count) {
      return false;
    }
    bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return true;
  }

  bool take_hash(Hash& hash) {
    std::string_view digits;
    return take_bytes(2 * hash.size(), digits) && parse_hex(digits, hash.data(), hash.size());
  }

  bool take_number(std::uint64_t& number) {
    const char* const begin = rest_.data();
    const std::from_chars_result end = std::from_chars(begin, begin + rest_.size(), number);
    const auto digits = static_cast<std::size_t>(end.ptr - begin);
    if (end.ec != std::errc() || (*begin == '0' && digits > 1)) {
      return false;
    }
    rest_.remove_prefix(digits);
    return true;
  }

  bool take_number_up_to(std::uint64_t most) {
    std::uint64_t number = 0;
    return take_number(number) && number <= most;
  }

  // Of microseconds that are kept as a signed number.
  bool take_milliseconds() {
    constexpr std::uint64_t kUsInMs = 1'000;
    std::string_view decimals;
    return take_number_up_to(kSignedMax / kUsInMs) && take(".") && take_bytes(3, decimals) &&
           decimals.find_first_not_of("0123456789") == std::string_view::npos;
  }

  // A string in its one spelling, no longer than that; `content` is what stands between the quotes.
  bool take_text(std::string_view& content, std::size_t bytes_max) {
    if (!take("\"")) {
      return false;
    }
    std::size_t i = 0;
    while (i < rest_.size() && rest_[i] != '"') {
      const std::size_t length = length_at(i);
      if (length == 0) {
        return false;
      }
      i += length;
    }
    content = rest_.substr(0, i);
    rest_.remove_prefix(i);
    return i <= bytes_max && take("\"");
  }

 private:
  // How many characters spell the byte that begins at `i`; 0 if that is not its spelling.
  [[nodiscard]] std::size_t length_at(std::size_t i) const {
    if (rest_[i] != '\\') {
      return rest_[i] >= ' ' && rest_[i] <= '~' ? 1 : 0;
    }
    const std::string_view escape = rest_.substr(i, 6);
    if (escape.size() >= 2 && (escape[1] == '"' || escape[1] == '\\')) {
      return 2;
    }
    std::uint8_t byte = 0;
    if (!escape.starts_with("\\u00") || !parse_hex(escape.substr(4), &byte, 1)) {
      return 0;
    }
    return byte < 0x20 || byte > 0x7e ? escape.size() : 0;  // a printable one has no escape
  }

  std::string_view rest_;
};

// A word of a closed list, as `parse` knows it.
template <typename Parse>
bool take_word_of(Scanner& scanner, Parse parse) {
  std::string_view text;
  return scanner.take_text(text, kWordBytesMax) && parse(text).has_value();
}

// The same, kept.
template <typename Word, typename Parse>
bool keep_word_of(Scanner& scanner, Parse parse, std::optional<Word>& kept) {
  std::string_view text;
  kept = scanner.take_text(text, kWordBytesMax) ? parse(text) : std::nullopt;
  return kept.has_value();
}

// Each has its one type of record.
bool take_fetch_event(Scanner& scanner, std::string_view type) {
  std::string_view text;
  const auto event =
      scanner.take_text(text, kWordBytesMax) ? parse_fetch_event(text) : std::nullopt;
  return event && type_of(*event) == type;
}

bool take_cause(Scanner& scanner) {
  std::string_view text;
  return scanner.take_text(text, kWordBytesMax) && base::parse_cause(text) != base::Cause::none;
}

bool take_path(Scanner& scanner) {
  std::string_view path;
  return scanner.take_text(path, kPathBytesMax) &&
         path.find_first_of("?#") == std::string_view::npos;
}

bool take_several(Scanner& scanner) {
  std::uint64_t number = 0;
  return scanner.take_number(number) && number > 1;
}

// "-90000": digits in a text, with a sign where it is below 0. `size`: without the sign. No more
// than the writer's 64 bits with a sign can hold.
bool take_signed(Scanner& scanner, std::uint64_t& size) {
  if (!scanner.take("\"")) {
    return false;
  }
  const bool is_below = scanner.take("-");
  return scanner.take_number(size) && (size != 0 || !is_below) &&
         size <= kSignedMax + (is_below ? 1 : 0) && scanner.take("\"");
}

bool take_scrubbed(Scanner& scanner) {
  std::size_t count = 0;
  do {
    std::string_view text;
    std::uint64_t number = 0;
    const bool is_whole = ++count <= base::bounds::kFindingsMax && scanner.take(R"({"secret":)") &&
                          scanner.take_text(text, kNameBytesMax) && scanner.take(R"(,"where":)") &&
                          scanner.take_text(text, kWordBytesMax) &&
                          scanner.take(R"(,"encoding":)") &&
                          scanner.take_text(text, kWordBytesMax) && scanner.take(R"(,"count":)") &&
                          scanner.take_number(number) && scanner.take("}");
    if (!is_whole) {
      return false;
    }
  } while (scanner.take(","));
  return scanner.take("]");
}

// NOLINTNEXTLINE(readability-function-size): a table
bool take_value(Scanner& scanner, std::string_view type, LineValue value, ParsedLine& parsed) {
  std::string_view text;
  std::uint64_t number = 0;
  switch (value) {
    case LineValue::word:
      return scanner.take_text(text, kWordBytesMax);
    case LineValue::word_or_null:
      return scanner.take("null") || (scanner.take_text(text, kWordBytesMax) && !text.empty());
    case LineValue::name:
      return scanner.take_text(text, kNameBytesMax);
    case LineValue::name_or_null:
      return scanner.take("null") || (scanner.take_text(text, kNameBytesMax) && !text.empty());
    case LineValue::given_name:
      return scanner.take_text(text, kNameBytesMax) && !text.empty();
    case LineValue::path:
      return take_path(scanner);
    case LineValue::facts:
      return scanner.take_text(text, kFactsBytesMax);
    case LineValue::request_id:
      return scanner.take_text(parsed.request_id, kWordBytesMax);
    case LineValue::decision:
      return keep_word_of(scanner, parse_decision, parsed.decision);
    case LineValue::reason:
      return take_word_of(scanner, parse_reason);
    case LineValue::outcome:
      return keep_word_of(scanner, parse_outcome, parsed.outcome);
    case LineValue::cause:
      return take_cause(scanner);
    case LineValue::alert_by:
      return take_word_of(scanner, parse_alert_by);
    case LineValue::approval_event:
      return take_word_of(scanner, parse_approval_event);
    case LineValue::fetch_event:
      return take_fetch_event(scanner, type);
    case LineValue::vault_fault:
      return take_word_of(scanner, parse_vault_fault);
    case LineValue::clock_event:
      return take_word_of(scanner, parse_clock_event);
    case LineValue::number:
      return scanner.take_number(number);
    case LineValue::amount:
      return scanner.take_number_up_to(kSignedMax);
    case LineValue::first_unsigned:
      return scanner.take_number(parsed.first_unsigned);
    case LineValue::several:
      return take_several(scanner);
    case LineValue::signed_number:
      return take_signed(scanner, number);
    case LineValue::shift:
      return take_signed(scanner, number) && number != 0;
    case LineValue::user:
    case LineValue::process:
      return scanner.take_number_up_to(std::numeric_limits<std::uint32_t>::max());
    case LineValue::port:
      return scanner.take_number_up_to(std::numeric_limits<std::uint16_t>::max());
    case LineValue::status:
      return scanner.take_number_up_to(std::numeric_limits<int>::max());
    case LineValue::milliseconds:
      return scanner.take_milliseconds();
    case LineValue::boolean:
      return scanner.take("true") || scanner.take("false");
    case LineValue::truth:
      return scanner.take("true");
    case LineValue::scrubbed:
      return take_scrubbed(scanner);
    case LineValue::nothing:
      return true;
  }
  return false;
}

bool take_fields(Scanner& scanner, const LineType& type, ParsedLine& parsed) {
  bool is_there = true;
  for (const LineField& field : type.fields) {
    const bool is_due = field.presence == Presence::always ||
                        (field.presence == Presence::with_previous && is_there);
    if (field.presence == Presence::with_previous && !is_due) {
      continue;
    }
    is_there = scanner.take(field.key);
    if (is_there ? !take_value(scanner, type.name, field.value, parsed) : is_due) {
      return false;
    }
  }
  return true;
}

bool take_head(Scanner& scanner, ParsedLine& parsed) {
  std::string_view ts;
  return scanner.take(R"({"v":1,"seq":)") && scanner.take_number(parsed.seq) &&
         scanner.take(R"(,"ts":")") && scanner.take_bytes(kTimestampBytes, ts) &&
         parse_timestamp(ts) && scanner.take(R"(","type":)");
}

}  // namespace

std::optional<ParsedLine> parse_line(std::string_view line) {
  ParsedLine parsed;
  Scanner scanner(line);
  std::string_view name;
  if (!take_head(scanner, parsed) || !scanner.take_text(name, kWordBytesMax)) {
    return std::nullopt;
  }
  const LineType* const type = find_type(name);
  if (type == nullptr || !take_fields(scanner, *type, parsed)) {
    return std::nullopt;
  }
  parsed.type = type->type;
  if (!scanner.take(R"(,"prev":")") || !scanner.take_hash(parsed.prev) || !scanner.take("\"")) {
    return std::nullopt;
  }
  parsed.hashed = line.substr(0, line.size() - scanner.left());
  if (!scanner.take(R"(,"hash":")") || !scanner.take_hash(parsed.hash) || !scanner.take("\"}") ||
      !scanner.at_end()) {
    return std::nullopt;
  }
  return parsed;
}

std::optional<base::Note> ChainCheck::take(std::string_view line, ParsedLine& parsed) {
  const std::optional<ParsedLine> found = parse_line(line);
  if (!found) {
    return base::Note("the line is not a record in canonical form");
  }
  parsed = *found;
  if (parsed.seq != seq_ + 1) {
    return base::Note("the sequence number does not follow the one before");
  }
  if (parsed.prev != hash_) {
    return base::Note("prev is not the hash of the record before");
  }
  if (hash_line(hash_, parsed.hashed) != parsed.hash) {
    return base::Note("the hash does not fit the record");
  }
  seq_ = parsed.seq;
  hash_ = parsed.hash;
  return std::nullopt;
}

}  // namespace keyswap::audit
