// SPDX-License-Identifier: Apache-2.0
#include "audit/record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "audit/managed_record.h"
#include "audit/operation_record.h"
#include "audit/spend_record.h"
#include "audit/timestamp.h"
#include "proxy/base/assert.h"
#include "proxy/base/bounds.h"

namespace keyswap::audit {

namespace {

constexpr std::string_view kCutMark = "...";

// Keys, numbers and closed words of the longest record, and `{"v":1,"seq":..,"prev":..,"hash":..}`.
constexpr std::size_t kFixedBytesMax = 512 + 256;
// What else one of a list of scrubbed secrets may take: keys, words and a number.
constexpr std::size_t kScrubbedBytesMax = kNameBytesMax + 128;
static_assert(kFixedBytesMax + 8 * kWordBytesMax + kFactsBytesMax +
                  base::bounds::kFindingsMax * kScrubbedBytesMax <
              base::bounds::kAuditRecordBytesMax);
// The longest of the others is a decision's: 9 words at most, 3 names, 1 path, facts.
static_assert(kFixedBytesMax + 9 * kWordBytesMax + 3 * kNameBytesMax + kPathBytesMax +
                  kFactsBytesMax <
              base::bounds::kAuditRecordBytesMax);

// Characters that stand for themselves inside a JSON string.
constexpr std::array<bool, 256> kIsPlain = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c <= 0x7e; ++c) {
    table[c] = c != '"' && c != '\\';
  }
  return table;
}();

bool is_plain(char c) {
  return kIsPlain[static_cast<unsigned char>(c)];
}

// I1: a query is never recorded, even when a caller forgets to cut it off. As much as a record
// shows.
std::string_view without_query(std::string_view path) {
  path = path.substr(0, kPathBytesMax + 1);
  const auto* const end =
      std::find_if(path.begin(), path.end(), [](char c) { return c == '?' || c == '#'; });
  return path.substr(0, static_cast<std::size_t>(end - path.begin()));
}

// Builds a body on the stack and appends it in one piece: the hot path allocates nothing but what
// `out` grows by.
class Body {
 public:
  // bytes_ is written before it is read: 8 KiB of zeros first would cost more than the record.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
  Body(std::int64_t ts_us, std::string_view type) {
    raw(R"("ts":")");
    write_timestamp(ts_us, reserve(kTimestampBytes));
    raw(R"(","type":")");
    raw(type);
    raw("\"");
  }

  Body& raw(std::string_view text) {
    std::copy(text.begin(), text.end(), reserve(text.size()));
    return *this;
  }

  Body& text(std::string_view key, std::string_view value, std::size_t encoded_max) {
    raw(key);
    raw("\"");
    value = value.substr(0, encoded_max + 1);  // what lies behind is cut anyway
    const auto* const special =
        std::find_if_not(value.begin(), value.end(), [](char c) { return is_plain(c); });
    const auto plain = static_cast<std::size_t>(special - value.begin());
    if (plain == value.size() && plain <= encoded_max) {
      raw(value);
    } else {
      escape(value, std::min(plain, encoded_max - kCutMark.size()), encoded_max);
    }
    return raw("\"");
  }

  // Nothing is null, so that no name can be taken for it.
  Body& text_or_null(std::string_view key, std::string_view value, std::size_t encoded_max) {
    if (value.empty()) {
      return raw(key).raw("null");
    }
    return text(key, value, encoded_max);
  }

  // A name of a closed list.
  Body& word(std::string_view key, std::string_view name) {
    return raw(key).raw("\"").raw(name).raw("\"");
  }

  Body& number(std::string_view key, std::uint64_t value) {
    raw(key);
    constexpr std::size_t kDigitsMax = 20;
    char* const begin = reserve(kDigitsMax);
    const std::to_chars_result written = std::to_chars(begin, begin + kDigitsMax, value);
    size_ -= static_cast<std::size_t>(begin + kDigitsMax - written.ptr);
    return *this;
  }

  // A number that may have a sign, which numbers of the format have not.
  Body& signed_text(std::string_view key, std::int64_t value) {
    return word(key, std::to_string(value));
  }

  // Microseconds as milliseconds with three decimals.
  Body& milliseconds(std::string_view key, std::int64_t us) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0));
    number(key, value / 1000).raw(".");
    char* const decimals = reserve(3);
    decimals[0] = static_cast<char>('0' + value / 100 % 10);
    decimals[1] = static_cast<char>('0' + value / 10 % 10);
    decimals[2] = static_cast<char>('0' + value % 10);
    return *this;
  }

  Body& client(const ClientRef& client) {
    text(R"(,"client":{"addr":)", client.address, kWordBytesMax);
    if (client.uid) {
      number(R"(,"uid":)", *client.uid);
    }
    if (!client.caller.empty()) {
      text(R"(,"caller":)", client.caller, kNameBytesMax);
    }
    return client.is_unproven ? raw(R"(,"unproven":true})") : raw("}");
  }

  // Leaves the object open.
  Body& destination(const DestinationRef& destination) {
    return text(R"(,"destination":{"host":)", destination.host, kNameBytesMax)
        .number(R"(,"port":)", destination.port)
        .text(R"(,"method":)", destination.method, kWordBytesMax)
        .text(R"(,"path":)", without_query(destination.path), kPathBytesMax);
  }

  // What was seen of a failure, if anything was.
  Body& failure(base::Cause cause, std::string_view facts) {
    if (cause != base::Cause::none) {
      word(R"(,"cause":)", base::to_string(cause));
      text(R"(,"facts":)", facts, kFactsBytesMax);
    }
    return *this;
  }

  Body& scrubbed(std::span<const ScrubbedRef> list) {
    list = list.first(std::min(list.size(), base::bounds::kFindingsMax));
    std::string_view before = R"(,"scrubbed":[{"secret":)";
    for (const ScrubbedRef& one : list) {
      text(before, one.secret, kNameBytesMax)
          .word(R"(,"where":)", one.where)
          .word(R"(,"encoding":)", one.encoding)
          .number(R"(,"count":)", one.count);
      before = R"(},{"secret":)";
    }
    return raw("}]");
  }

  void append_to(std::string& out) const { out.append(bytes_.data(), size_); }

 private:
  char* reserve(std::size_t count) {
    KS_ASSERT(count <= bytes_.size() - size_);
    char* const place = bytes_.data() + size_;
    size_ += count;
    return place;
  }

  // Never cuts inside an escape. The first `plain` bytes stand for themselves, and leave room for
  // the mark.
  void escape(std::string_view value, std::size_t plain, std::size_t encoded_max) {
    const std::size_t begin = size_;
    raw(value.substr(0, plain));
    std::size_t cut = size_;  // the last place where the mark still fits
    for (const char c : value.substr(plain)) {
      escape(c);
      if (size_ - begin > encoded_max) {
        size_ = cut;
        raw(kCutMark);
        return;
      }
      if (size_ - begin <= encoded_max - kCutMark.size()) {
        cut = size_;
      }
    }
  }

  void escape(char c) {
    static constexpr std::string_view kHexDigits = "0123456789abcdef";
    if (is_plain(c)) {
      *reserve(1) = c;
      return;
    }
    if (c == '"' || c == '\\') {
      raw("\\");
      *reserve(1) = c;
      return;
    }
    const auto byte = static_cast<unsigned char>(c);
    raw("\\u00");
    *reserve(1) = kHexDigits[byte >> 4U];
    *reserve(1) = kHexDigits[byte & 0x0fU];
  }

  std::array<char, base::bounds::kAuditRecordBytesMax> bytes_;
  std::size_t size_ = 0;
};

// 123456789012 -> "1234.56789012", with that many decimals.
template <std::uint64_t unit, std::size_t count>
std::string decimal_of(const std::optional<std::uint64_t>& value) {
  if (!value) {
    return "";
  }
  const std::string decimals = std::to_string(*value % unit);
  return std::to_string(*value / unit) + "." + std::string(count - decimals.size(), '0') + decimals;
}

std::string decimal_e8(const std::optional<std::uint64_t>& value) {
  return decimal_of<100'000'000, 8>(value);
}

}  // namespace

// The keys and their order are read back by audit/line.cc.
void encode_body(const DecisionRecord& record, std::string& out) {
  Body body(record.ts_us, record.is_tunnel ? "tunnel" : "inject_decision");
  body.text(R"(,"request_id":)", record.request_id, kWordBytesMax)
      .word(R"(,"decision":)", to_string(record.decision))
      .word(R"(,"reason":)", to_string(record.reason))
      .failure(record.cause, record.facts)
      .text_or_null(R"(,"secret":)", record.secret, kNameBytesMax)
      .text_or_null(R"(,"scheme":)", record.scheme, kWordBytesMax)
      .client(record.client)
      .destination(record.destination);
  if (record.order) {
    body.text(R"(},"order":{"symbol":)", record.order->symbol, kWordBytesMax)
        .text(R"(,"side":)", record.order->side, kWordBytesMax)
        .text(R"(,"type":)", record.order->type, kWordBytesMax)
        .text_or_null(R"(,"value_usd":)", decimal_e8(record.order->value_e8), kWordBytesMax);
  }
  body.text(R"(},"bindings_sha256":)", record.bindings_sha256, kWordBytesMax);
  if (record.count > 1) {
    body.number(R"(,"count":)", record.count);
  }
  if (record.clock_shift_ms != 0) {
    body.signed_text(R"(,"clock_shift_ms":)", record.clock_shift_ms);
  }
  body.append_to(out);
}

void encode_body(const ResponseRecord& record, std::string& out) {
  Body body(record.ts_us, "upstream_response");
  body.text(R"(,"request_id":)", record.request_id, kWordBytesMax)
      .number(R"(,"status":)", static_cast<std::uint64_t>(std::max(record.status, 0)))
      .word(R"(,"outcome":)", to_string(record.outcome))
      .failure(record.cause, record.facts)
      .number(R"(,"bytes":)", record.bytes)
      .milliseconds(R"(,"ms":)", record.duration_us)
      .text_or_null(R"(,"upstream":{"ip":)", record.upstream_ip, kWordBytesMax)
      .text_or_null(R"(,"tls":)", record.tls, kWordBytesMax)
      .text_or_null(R"(,"spki_sha256":)", record.spki_sha256, kWordBytesMax)
      .raw("}");
  if (!record.scrubbed.empty()) {
    body.scrubbed(record.scrubbed);
  }
  body.append_to(out);
}

void encode_body(const ClientTlsFailedRecord& record, std::string& out) {
  Body body(record.ts_us, "client_tls_failed");
  body.client(record.client)
      .text(R"(,"host":)", record.host, kNameBytesMax)
      .text(R"(,"alert":)", record.alert, kWordBytesMax)
      .word(R"(,"by":)", to_string(record.by))
      .number(R"(,"count":)", record.count)
      .append_to(out);
}

void encode_body(const HoneytokenRecord& record, std::string& out) {
  Body(record.ts_us, "honeytoken_triggered")
      .text(R"(,"request_id":)", record.request_id, kWordBytesMax)
      .word(R"(,"reason":)", to_string(record.reason))
      .text(R"(,"secret":)", record.secret, kNameBytesMax)
      .client(record.client)
      .destination(record.destination)
      .raw("}")
      .append_to(out);
}

void encode_body(const RealSecretRecord& record, std::string& out) {
  Body(record.ts_us, "real_secret_seen")
      .text(R"(,"request_id":)", record.request_id, kWordBytesMax)
      .word(R"(,"reason":)", to_string(record.reason))
      .text(R"(,"secret":)", record.secret, kNameBytesMax)
      .word(R"(,"where":)", record.where)
      .word(R"(,"encoding":)", record.encoding)
      .client(record.client)
      .destination(record.destination)
      .raw("}")
      .append_to(out);
}

void encode_body(const UpstreamClockRecord& record, std::string& out) {
  Body(record.ts_us, "upstream_clock")
      .word(R"(,"event":)", to_string(record.event))
      .text(R"(,"host":)", record.host, kNameBytesMax)
      .number(R"(,"port":)", record.port)
      .signed_text(R"(,"offset_ms":)", record.offset_ms)
      .number(R"(,"error_ms":)",
              static_cast<std::uint64_t>(std::max<std::int64_t>(record.error_ms, 0)))
      .append_to(out);
}

void encode_body(const ModelUsageRecord& record, std::string& out) {
  Body body(record.ts_us, "model_usage");
  body.text(R"(,"request_id":)", record.request_id, kWordBytesMax)
      .text(R"(,"secret":)", record.secret, kNameBytesMax);
  if (!record.caller.empty()) {
    body.text(R"(,"caller":)", record.caller, kNameBytesMax);
  }
  body.text_or_null(R"(,"model":)", record.model, kNameBytesMax)
      .number(R"(,"input":)", record.input)
      .number(R"(,"cached":)", record.cached)
      .number(R"(,"cache_write":)", record.cache_write)
      .number(R"(,"output":)", record.output)
      .number(R"(,"reasoning":)", record.reasoning)
      .text_or_null(R"(,"cost_usd":)", decimal_of<1'000'000, 6>(record.micro_usd), kWordBytesMax);
  if (record.is_estimated) {
    body.raw(R"(,"estimated":true)");
  }
  body.append_to(out);
}

void encode_body(const BudgetPassedRecord& record, std::string& out) {
  Body body(record.ts_us, "budget_passed");
  body.text(R"(,"request_id":)", record.request_id, kWordBytesMax)
      .text(R"(,"secret":)", record.secret, kNameBytesMax);
  if (!record.caller.empty()) {
    body.text(R"(,"caller":)", record.caller, kNameBytesMax);
  }
  body.word(R"(,"budget":)", record.budget).append_to(out);
}

void encode_body(const StartRecord& record, std::string& out) {
  Body(record.ts_us, "start")
      .text(R"(,"version":)", record.version, kWordBytesMax)
      .number(R"(,"pid":)", record.pid)
      .text(R"(,"bindings_sha256":)", record.bindings_sha256, kWordBytesMax)
      .text(R"(,"ca_sha256":)", record.ca_sha256, kWordBytesMax)
      .text(R"(,"signing_key":)", record.signing_key, kWordBytesMax)
      .append_to(out);
}

void encode_body(const StopRecord& record, std::string& out) {
  Body(record.ts_us, "stop").append_to(out);
}

void encode_body(const ReloadRecord& record, std::string& out) {
  Body body(record.ts_us, "reload");
  body.raw(record.accepted ? R"(,"accepted":true)" : R"(,"accepted":false)")
      .text(R"(,"bindings_sha256":)", record.bindings_sha256, kWordBytesMax);
  if (!record.ca_sha256.empty()) {
    body.text(R"(,"ca_sha256":)", record.ca_sha256, kWordBytesMax);
  }
  body.append_to(out);
}

void encode_body(const ApprovalRecord& record, std::string& out) {
  Body(record.ts_us, "approval")
      .word(R"(,"event":)", to_string(record.event))
      .number(R"(,"number":)", record.number)
      .text(R"(,"bindings_sha256":)", record.bindings_sha256, kWordBytesMax)
      .append_to(out);
}

void encode_body(const ManagedRecord& record, std::string& out) {
  Body(record.ts_us, "managed")
      .text(R"(,"action":)", record.action, kWordBytesMax)
      .text(R"(,"outcome":)", record.outcome, kWordBytesMax)
      .text_or_null(R"(,"object":)", record.object, kNameBytesMax)
      .text_or_null(R"(,"session":)", record.session, kWordBytesMax)
      .text(R"(,"client":)", record.client, kWordBytesMax)
      .append_to(out);
}

void encode_body(const RestoredRecord& record, std::string& out) {
  Body(record.ts_us, "restored")
      .text(R"(,"at":)", record.at, kWordBytesMax)
      .text(R"(,"backup_sha256":)", record.backup_sha256, kWordBytesMax)
      .text(R"(,"bindings_sha256":)", record.bindings_sha256, kWordBytesMax)
      .append_to(out);
}

void encode_body(const SecretFetchedRecord& record, std::string& out) {
  Body body(record.ts_us, type_of(record.event));
  body.word(R"(,"event":)", to_string(record.event))
      .text(R"(,"secret":)", record.secret, kNameBytesMax)
      .text(R"(,"source":)", record.source, kNameBytesMax)
      .text(R"(,"kind":)", record.kind, kWordBytesMax)
      .text_or_null(R"(,"version":)", record.version, kWordBytesMax);
  if (record.expires_at) {
    body.number(R"(,"expires_at":)",
                static_cast<std::uint64_t>(std::max<std::int64_t>(*record.expires_at, 0)));
  }
  if (record.used_default_expiry) {
    body.raw(R"(,"used_default_expiry":true)");
  }
  body.text(R"(,"outcome":)", record.outcome, kWordBytesMax)
      .milliseconds(R"(,"ms":)", record.duration_us)
      .append_to(out);
}

void encode_body(const SourceFlushedRecord& record, std::string& out) {
  Body(record.ts_us, "source_flushed")
      .text_or_null(R"(,"source":)", record.source, kNameBytesMax)
      .number(R"(,"values":)", record.values)
      .append_to(out);
}

void encode_body(const OperationRecord& record, std::string& out) {
  Body(record.ts_us, "operation")
      .text(R"(,"operation":)", record.operation, kWordBytesMax)
      .text(R"(,"event":)", record.event, kWordBytesMax)
      .text(R"(,"request_id":)", record.request_id, kWordBytesMax)
      .text(R"(,"secret":)", record.secret, kNameBytesMax)
      .text_or_null(R"(,"caller":)", record.caller, kNameBytesMax)
      .text(R"(,"digest":)", record.digest, kWordBytesMax)
      .text_or_null(R"(,"by":)", record.by, kWordBytesMax)
      .text_or_null(R"(,"how":)", record.how, kWordBytesMax)
      .append_to(out);
}

void encode_body(const RecoveredRecord& record, std::string& out) {
  Body(record.ts_us, "recovered")
      .number(R"(,"bytes":)", record.bytes)
      .text(R"(,"moved_to":)", record.moved_to, kWordBytesMax)
      .append_to(out);
}

void encode_body(const UnsignedFoundRecord& record, std::string& out) {
  Body(record.ts_us, "unsigned_found")
      .number(R"(,"first_seq":)", record.first_seq)
      .number(R"(,"last_seq":)", record.last_seq)
      .append_to(out);
}

void encode_body(const LossAcceptedRecord& record, std::string& out) {
  Body(record.ts_us, "loss_accepted")
      .text(R"(,"log":)", record.log, kWordBytesMax)
      .number(R"(,"last_seq":)", record.seq)
      .text(R"(,"last_hash":)", record.hash, kWordBytesMax)
      .append_to(out);
}

void encode_body(const VaultLockedRecord& record, std::string& out) {
  Body(record.ts_us, "vault_locked").word(R"(,"why":)", to_string(record.why)).append_to(out);
}

void encode_body(const VaultReadableRecord& record, std::string& out) {
  Body(record.ts_us, "vault_readable").append_to(out);
}

}  // namespace keyswap::audit
