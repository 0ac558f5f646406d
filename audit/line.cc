// SPDX-License-Identifier: Apache-2.0
#include "audit/line.h"

#include <array>
#include <charconv>
#include <limits>
#include <span>

#include "audit/timestamp.h"
#include "proxy/base/bounds.h"

namespace keyswap::audit {

namespace {

// Of a text, the bound of its encoded length is part of the format.
enum class Value : std::uint8_t {
  word,
  word_or_null,
  name,
  name_or_null,
  given_name,  // left out where it is empty
  path,        // without a query
  facts,
  request_id,  // a word that is kept
  decision,
  reason,
  outcome,
  cause,
  alert_by,
  approval_event,
  fetch_event,
  vault_fault,
  clock_event,
  number,
  first_unsigned,  // a number that is kept
  several,         // 2 or more; left out below that
  signed_number,   // as a text
  shift,           // likewise; left out where it is 0
  user,            // as the kernel numbers them
  process,
  port,
  status,
  milliseconds,
  boolean,
  truth,     // left out where it is false
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
    Field{R"(,"facts":)", Value::facts, Presence::with_previous},
    Field{R"(,"secret":)", Value::name_or_null},
    Field{R"(,"scheme":)", Value::word_or_null},
    Field{R"(,"client":{"addr":)", Value::word},
    Field{R"(,"uid":)", Value::user, Presence::optional},
    Field{R"(,"caller":)", Value::given_name, Presence::optional},
    Field{R"(,"unproven":)", Value::truth, Presence::optional},
    Field{R"(},"destination":{"host":)", Value::name},
    Field{R"(,"port":)", Value::port},
    Field{R"(,"method":)", Value::word},
    Field{R"(,"path":)", Value::path},
    Field{R"(},"order":{"symbol":)", Value::word, Presence::optional},
    Field{R"(,"side":)", Value::word, Presence::with_previous},
    Field{R"(,"type":)", Value::word, Presence::with_previous},
    Field{R"(,"value_usd":)", Value::word_or_null, Presence::with_previous},
    Field{R"(},"bindings_sha256":)", Value::word},
    Field{R"(,"count":)", Value::several, Presence::optional},
    Field{R"(,"clock_shift_ms":)", Value::shift, Presence::optional},
};
constexpr std::array kResponseFields{
    Field{R"(,"request_id":)", Value::request_id},
    Field{R"(,"status":)", Value::status},
    Field{R"(,"outcome":)", Value::outcome},
    Field{R"(,"cause":)", Value::cause, Presence::optional},
    Field{R"(,"facts":)", Value::facts, Presence::with_previous},
    Field{R"(,"bytes":)", Value::number},
    Field{R"(,"ms":)", Value::milliseconds},
    Field{R"(,"upstream":{"ip":)", Value::word_or_null},
    Field{R"(,"tls":)", Value::word_or_null},
    Field{R"(,"spki_sha256":)", Value::word_or_null},
    Field{"}", Value::nothing},
    Field{R"(,"scrubbed":[)", Value::scrubbed, Presence::optional},
};
constexpr std::array kClientTlsFailedFields{
    Field{R"(,"client":{"addr":)", Value::word},
    Field{R"(,"uid":)", Value::user, Presence::optional},
    Field{R"(,"caller":)", Value::given_name, Presence::optional},
    Field{R"(},"host":)", Value::name},
    Field{R"(,"alert":)", Value::word},
    Field{R"(,"by":)", Value::alert_by},
    Field{R"(,"count":)", Value::number},
};
constexpr std::array kHoneytokenFields{
    Field{R"(,"request_id":)", Value::request_id},
    Field{R"(,"reason":)", Value::reason},
    Field{R"(,"secret":)", Value::name},
    Field{R"(,"client":{"addr":)", Value::word},
    Field{R"(,"uid":)", Value::user, Presence::optional},
    Field{R"(,"caller":)", Value::given_name, Presence::optional},
    Field{R"(,"unproven":)", Value::truth, Presence::optional},
    Field{R"(},"destination":{"host":)", Value::name},
    Field{R"(,"port":)", Value::port},
    Field{R"(,"method":)", Value::word},
    Field{R"(,"path":)", Value::path},
    Field{"}", Value::nothing},
};
constexpr std::array kRealSecretFields{
    Field{R"(,"request_id":)", Value::request_id},
    Field{R"(,"reason":)", Value::reason},
    Field{R"(,"secret":)", Value::name},
    Field{R"(,"where":)", Value::word},
    Field{R"(,"encoding":)", Value::word},
    Field{R"(,"client":{"addr":)", Value::word},
    Field{R"(,"uid":)", Value::user, Presence::optional},
    Field{R"(,"caller":)", Value::given_name, Presence::optional},
    Field{R"(,"unproven":)", Value::truth, Presence::optional},
    Field{R"(},"destination":{"host":)", Value::name},
    Field{R"(,"port":)", Value::port},
    Field{R"(,"method":)", Value::word},
    Field{R"(,"path":)", Value::path},
    Field{"}", Value::nothing},
};
constexpr std::array kUpstreamClockFields{
    Field{R"(,"event":)", Value::clock_event},
    Field{R"(,"host":)", Value::name},
    Field{R"(,"port":)", Value::port},
    Field{R"(,"offset_ms":)", Value::signed_number},
    Field{R"(,"error_ms":)", Value::number},
};
constexpr std::array kStartFields{
    Field{R"(,"version":)", Value::word},
    Field{R"(,"pid":)", Value::process},
    Field{R"(,"bindings_sha256":)", Value::word},
    Field{R"(,"ca_sha256":)", Value::word},
    Field{R"(,"signing_key":)", Value::word},
};
constexpr std::array kReloadFields{
    Field{R"(,"accepted":)", Value::boolean},
    Field{R"(,"bindings_sha256":)", Value::word},
    Field{R"(,"ca_sha256":)", Value::word, Presence::optional},
};
constexpr std::array kApprovalFields{
    Field{R"(,"event":)", Value::approval_event},
    Field{R"(,"number":)", Value::number},
    Field{R"(,"bindings_sha256":)", Value::word},
};
constexpr std::array kRestoredFields{
    Field{R"(,"at":)", Value::word},
    Field{R"(,"backup_sha256":)", Value::word},
    Field{R"(,"bindings_sha256":)", Value::word},
};
constexpr std::array kSecretFetchedFields{
    Field{R"(,"event":)", Value::fetch_event},
    Field{R"(,"secret":)", Value::name},
    Field{R"(,"source":)", Value::name},
    Field{R"(,"kind":)", Value::word},
    Field{R"(,"version":)", Value::word_or_null},
    Field{R"(,"expires_at":)", Value::number, Presence::optional},
    Field{R"(,"used_default_expiry":)", Value::truth, Presence::optional},
    Field{R"(,"outcome":)", Value::word},
    Field{R"(,"ms":)", Value::milliseconds},
};
constexpr std::array kRecoveredFields{
    Field{R"(,"bytes":)", Value::number},
    Field{R"(,"moved_to":)", Value::word},
};
constexpr std::array kUnsignedFields{
    Field{R"(,"first_seq":)", Value::first_unsigned},
    Field{R"(,"last_seq":)", Value::number},
};
constexpr std::array kLossFields{
    Field{R"(,"log":)", Value::word},
    Field{R"(,"last_seq":)", Value::number},
    Field{R"(,"last_hash":)", Value::word},
};
constexpr std::array kVaultLockedFields{
    Field{R"(,"why":)", Value::vault_fault},
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
    Type{"upstream_clock", RecordType::upstream_clock, kUpstreamClockFields},
    Type{"start", RecordType::start, kStartFields},
    Type{"stop", RecordType::stop, {}},
    Type{"reload", RecordType::reload, kReloadFields},
    Type{"approval", RecordType::approval, kApprovalFields},
    Type{"restored", RecordType::restored, kRestoredFields},
    Type{"secret_fetched", RecordType::secret_fetched, kSecretFetchedFields},
    Type{"token_exchange", RecordType::token_exchange, kSecretFetchedFields},
    Type{"token_rotation", RecordType::token_rotation, kSecretFetchedFields},
    Type{"recovered", RecordType::recovered, kRecoveredFields},
    Type{"unsigned_found", RecordType::unsigned_found, kUnsignedFields},
    Type{"loss_accepted", RecordType::loss_accepted, kLossFields},
    Type{"vault_locked", RecordType::vault_locked, kVaultLockedFields},
    Type{"vault_readable", RecordType::vault_readable, {}},
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

  bool take_number_up_to(std::uint64_t most) {
    std::uint64_t number = 0;
    return take_number(number) && number <= most;
  }

  bool take_milliseconds() {
    std::uint64_t whole = 0;
    std::string_view decimals;
    return take_number(whole) && take(".") && take_bytes(3, decimals) &&
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

// "-90000": digits in a text, with a sign where it is below 0. `size`: without the sign.
bool take_signed(Scanner& scanner, std::uint64_t& size) {
  if (!scanner.take("\"")) {
    return false;
  }
  const bool is_below = scanner.take("-");
  return scanner.take_number(size) && (size != 0 || !is_below) && scanner.take("\"");
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
bool take_value(Scanner& scanner, Value value, ParsedLine& parsed) {
  std::string_view text;
  std::uint64_t number = 0;
  switch (value) {
    case Value::word:
      return scanner.take_text(text, kWordBytesMax);
    case Value::word_or_null:
      return scanner.take("null") || (scanner.take_text(text, kWordBytesMax) && !text.empty());
    case Value::name:
      return scanner.take_text(text, kNameBytesMax);
    case Value::name_or_null:
      return scanner.take("null") || (scanner.take_text(text, kNameBytesMax) && !text.empty());
    case Value::given_name:
      return scanner.take_text(text, kNameBytesMax) && !text.empty();
    case Value::path:
      return take_path(scanner);
    case Value::facts:
      return scanner.take_text(text, kFactsBytesMax);
    case Value::request_id:
      return scanner.take_text(parsed.request_id, kWordBytesMax);
    case Value::decision:
      return keep_word_of(scanner, parse_decision, parsed.decision);
    case Value::reason:
      return take_word_of(scanner, parse_reason);
    case Value::outcome:
      return keep_word_of(scanner, parse_outcome, parsed.outcome);
    case Value::cause:
      return take_cause(scanner);
    case Value::alert_by:
      return take_word_of(scanner, parse_alert_by);
    case Value::approval_event:
      return take_word_of(scanner, parse_approval_event);
    case Value::fetch_event:
      return take_word_of(scanner, parse_fetch_event);
    case Value::vault_fault:
      return take_word_of(scanner, parse_vault_fault);
    case Value::clock_event:
      return take_word_of(scanner, parse_clock_event);
    case Value::number:
      return scanner.take_number(number);
    case Value::first_unsigned:
      return scanner.take_number(parsed.first_unsigned);
    case Value::several:
      return take_several(scanner);
    case Value::signed_number:
      return take_signed(scanner, number);
    case Value::shift:
      return take_signed(scanner, number) && number != 0;
    case Value::user:
    case Value::process:
      return scanner.take_number_up_to(std::numeric_limits<std::uint32_t>::max());
    case Value::port:
      return scanner.take_number_up_to(std::numeric_limits<std::uint16_t>::max());
    case Value::status:
      return scanner.take_number_up_to(std::numeric_limits<int>::max());
    case Value::milliseconds:
      return scanner.take_milliseconds();
    case Value::boolean:
      return scanner.take("true") || scanner.take("false");
    case Value::truth:
      return scanner.take("true");
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
  if (!take_head(scanner, parsed) || !scanner.take_text(name, kWordBytesMax)) {
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
