// SPDX-License-Identifier: Apache-2.0
#include "audit/line.h"

#include <array>
#include <charconv>
#include <span>

#include "audit/timestamp.h"
#include "proxy/base/bounds.h"

namespace keyswap::audit {

namespace {

enum class Value : std::uint8_t {
  text,
  text_or_null,
  request_id,  // a text that is kept
  decision,
  reason,
  outcome,
  cause,
  number,
  milliseconds,
  boolean,
  scrubbed,  // objects of the list that the key began, to its end
  nothing,   // only the key, which then closes an object
};

// with_previous: exactly if the field before it is there.
enum class Presence : std::uint8_t { always, optional, with_previous };

struct Field {
  std::string_view key;  // with all punctuation before the value
  Value value;
  Presence presence = Presence::always;
};

// Between `"type":".."` and `,"prev":`, as record.cc writes it.
constexpr std::array kDecisionFields{
    Field{R"(,"request_id":)", Value::request_id},
    Field{R"(,"decision":)", Value::decision},
    Field{R"(,"reason":)", Value::reason},
    Field{R"(,"cause":)", Value::cause, Presence::optional},
    Field{R"(,"facts":)", Value::text, Presence::with_previous},
    Field{R"(,"secret":)", Value::text_or_null},
    Field{R"(,"scheme":)", Value::text_or_null},
    Field{R"(,"client":{"addr":)", Value::text},
    Field{R"(,"uid":)", Value::number, Presence::optional},
    Field{R"(,"caller":)", Value::text, Presence::optional},
    Field{R"(,"unproven":)", Value::boolean, Presence::optional},
    Field{R"(},"destination":{"host":)", Value::text},
    Field{R"(,"port":)", Value::number},
    Field{R"(,"method":)", Value::text},
    Field{R"(,"path":)", Value::text},
    Field{R"(},"order":{"symbol":)", Value::text, Presence::optional},
    Field{R"(,"side":)", Value::text, Presence::with_previous},
    Field{R"(,"type":)", Value::text, Presence::with_previous},
    Field{R"(,"value_usd":)", Value::text_or_null, Presence::with_previous},
    Field{R"(},"bindings_sha256":)", Value::text},
    Field{R"(,"count":)", Value::number, Presence::optional},
};
constexpr std::array kResponseFields{
    Field{R"(,"request_id":)", Value::request_id},
    Field{R"(,"status":)", Value::number},
    Field{R"(,"outcome":)", Value::outcome},
    Field{R"(,"cause":)", Value::cause, Presence::optional},
    Field{R"(,"facts":)", Value::text, Presence::with_previous},
    Field{R"(,"bytes":)", Value::number},
    Field{R"(,"ms":)", Value::milliseconds},
    Field{R"(,"upstream":{"ip":)", Value::text_or_null},
    Field{R"(,"tls":)", Value::text_or_null},
    Field{R"(,"spki_sha256":)", Value::text_or_null},
    Field{"}", Value::nothing},
    Field{R"(,"scrubbed":[)", Value::scrubbed, Presence::optional},
};
constexpr std::array kClientTlsFailedFields{
    Field{R"(,"client":{"addr":)", Value::text},
    Field{R"(,"uid":)", Value::number, Presence::optional},
    Field{R"(,"caller":)", Value::text, Presence::optional},
    Field{R"(},"host":)", Value::text},
    Field{R"(,"alert":)", Value::text},
    Field{R"(,"by":)", Value::text},
    Field{R"(,"count":)", Value::number},
};
constexpr std::array kHoneytokenFields{
    Field{R"(,"request_id":)", Value::request_id},
    Field{R"(,"reason":)", Value::reason},
    Field{R"(,"secret":)", Value::text},
    Field{R"(,"client":{"addr":)", Value::text},
    Field{R"(,"uid":)", Value::number, Presence::optional},
    Field{R"(,"caller":)", Value::text, Presence::optional},
    Field{R"(,"unproven":)", Value::boolean, Presence::optional},
    Field{R"(},"destination":{"host":)", Value::text},
    Field{R"(,"port":)", Value::number},
    Field{R"(,"method":)", Value::text},
    Field{R"(,"path":)", Value::text},
    Field{"}", Value::nothing},
};
constexpr std::array kRealSecretFields{
    Field{R"(,"request_id":)", Value::request_id},
    Field{R"(,"reason":)", Value::reason},
    Field{R"(,"secret":)", Value::text},
    Field{R"(,"where":)", Value::text},
    Field{R"(,"encoding":)", Value::text},
    Field{R"(,"client":{"addr":)", Value::text},
    Field{R"(,"uid":)", Value::number, Presence::optional},
    Field{R"(,"caller":)", Value::text, Presence::optional},
    Field{R"(,"unproven":)", Value::boolean, Presence::optional},
    Field{R"(},"destination":{"host":)", Value::text},
    Field{R"(,"port":)", Value::number},
    Field{R"(,"method":)", Value::text},
    Field{R"(,"path":)", Value::text},
    Field{"}", Value::nothing},
};
constexpr std::array kStartFields{
    Field{R"(,"version":)", Value::text},
    Field{R"(,"pid":)", Value::number},
    Field{R"(,"bindings_sha256":)", Value::text},
    Field{R"(,"ca_sha256":)", Value::text},
    Field{R"(,"signing_key":)", Value::text},
};
constexpr std::array kReloadFields{
    Field{R"(,"accepted":)", Value::boolean},
    Field{R"(,"bindings_sha256":)", Value::text},
};
constexpr std::array kApprovalFields{
    Field{R"(,"event":)", Value::text},
    Field{R"(,"number":)", Value::number},
    Field{R"(,"bindings_sha256":)", Value::text},
};
constexpr std::array kRecoveredFields{
    Field{R"(,"bytes":)", Value::number},
    Field{R"(,"moved_to":)", Value::text},
};

struct Type {
  std::string_view name;
  RecordType type;
  std::span<const Field> fields;
};

constexpr std::array kTypes{
    Type{"inject_decision", RecordType::inject_decision, kDecisionFields},
    Type{"upstream_response", RecordType::upstream_response, kResponseFields},
    Type{"tunnel", RecordType::tunnel, kDecisionFields},
    Type{"client_tls_failed", RecordType::client_tls_failed, kClientTlsFailedFields},
    Type{"honeytoken_triggered", RecordType::honeytoken_triggered, kHoneytokenFields},
    Type{"real_secret_seen", RecordType::real_secret_seen, kRealSecretFields},
    Type{"start", RecordType::start, kStartFields},
    Type{"stop", RecordType::stop, {}},
    Type{"reload", RecordType::reload, kReloadFields},
    Type{"approval", RecordType::approval, kApprovalFields},
    Type{"recovered", RecordType::recovered, kRecoveredFields},
};

const Type* type_of(std::string_view name) {
  for (const Type& type : kTypes) {
    if (type.name == name) {
      return &type;
    }
  }
  return nullptr;
}

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

  bool take_milliseconds() {
    std::uint64_t whole = 0;
    std::string_view decimals;
    return take_number(whole) && take(".") && take_bytes(3, decimals) &&
           decimals.find_first_not_of("0123456789") == std::string_view::npos;
  }

  // A string in its one spelling; `content` is what stands between the quotes.
  bool take_text(std::string_view& content) {
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
    return take("\"");
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

bool take_decision(Scanner& scanner, ParsedLine& parsed) {
  std::string_view name;
  if (!scanner.take_text(name)) {
    return false;
  }
  parsed.decision = parse_decision(name);
  return parsed.decision.has_value();
}

bool take_scrubbed(Scanner& scanner) {
  std::size_t count = 0;
  do {
    std::string_view text;
    std::uint64_t number = 0;
    const bool is_whole = ++count <= base::bounds::kFindingsMax && scanner.take(R"({"secret":)") &&
                          scanner.take_text(text) && scanner.take(R"(,"where":)") &&
                          scanner.take_text(text) && scanner.take(R"(,"encoding":)") &&
                          scanner.take_text(text) && scanner.take(R"(,"count":)") &&
                          scanner.take_number(number) && scanner.take("}");
    if (!is_whole) {
      return false;
    }
  } while (scanner.take(","));
  return scanner.take("]");
}

bool take_value(Scanner& scanner, Value value, ParsedLine& parsed) {
  std::string_view text;
  std::uint64_t number = 0;
  switch (value) {
    case Value::text:
      return scanner.take_text(text);
    case Value::text_or_null:
      return scanner.take("null") || (scanner.take_text(text) && !text.empty());
    case Value::request_id:
      return scanner.take_text(parsed.request_id);
    case Value::decision:
      return take_decision(scanner, parsed);
    case Value::reason:
      return scanner.take_text(text) && parse_reason(text).has_value();
    case Value::outcome:
      if (scanner.take_text(text)) {
        parsed.outcome = parse_outcome(text);
      }
      return parsed.outcome.has_value();
    case Value::cause:
      return scanner.take_text(text) && base::parse_cause(text) != base::Cause::none;
    case Value::number:
      return scanner.take_number(number);
    case Value::milliseconds:
      return scanner.take_milliseconds();
    case Value::boolean:
      return scanner.take("true") || scanner.take("false");
    case Value::scrubbed:
      return take_scrubbed(scanner);
    case Value::nothing:
      return true;
  }
  return false;
}

bool take_fields(Scanner& scanner, std::span<const Field> fields, ParsedLine& parsed) {
  bool is_there = true;
  for (const Field& field : fields) {
    const bool is_due = field.presence == Presence::always ||
                        (field.presence == Presence::with_previous && is_there);
    if (field.presence == Presence::with_previous && !is_due) {
      continue;
    }
    is_there = scanner.take(field.key);
    if (is_there ? !take_value(scanner, field.value, parsed) : is_due) {
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
  if (!take_head(scanner, parsed) || !scanner.take_text(name)) {
    return std::nullopt;
  }
  const Type* const type = type_of(name);
  if (type == nullptr || !take_fields(scanner, type->fields, parsed)) {
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
  if (hasher_.hash_line(hash_, parsed.hashed) != parsed.hash) {
    return base::Note("the hash does not fit the record");
  }
  seq_ = parsed.seq;
  hash_ = parsed.hash;
  return std::nullopt;
}

}  // namespace keyswap::audit
