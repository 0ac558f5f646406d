// SPDX-License-Identifier: Apache-2.0
#include "bindings/venues/binance/messages.h"

#include <algorithm>
#include <utility>

#include "bindings/binding.h"
#include "bindings/text_sink.h"
#include "bindings/venues/binance/hosts.h"
#include "bindings/venues/binance/message.h"
#include "bindings/venues/binance/methods.h"
#include "bindings/venues/binance/policy.h"
#include "bindings/venues/binance/reply.h"
#include "proxy/base/assert.h"
#include "proxy/http/target.h"

namespace keyswap::bindings::binance {

namespace {

// What signing adds to a message at most, besides the signature itself: names, quotes, and the
// numbers of timestamp and recvWindow.
constexpr std::size_t kAddedBytesMax = 128;

// A message with a key may be signed although its method needs it not, when the client means it to
// be. Without a key it is one of a logged-on connection, which the venue takes unsigned.
bool is_signed(const Message& message) {
  const auto* const method = find_method(message.method);
  return message.find("apiKey") != nullptr &&
         (message.find("signature") != nullptr || message.find("timestamp") != nullptr ||
          (method != nullptr && method->takes_signature));
}

// It stands in JSON and in the payload without any escape, and comes back as it is. (Binance's keys
// are 64 letters and digits.)
bool is_plain_key(std::string_view key) {
  static constexpr std::string_view kMarks = "-._~+=";
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    const char lower = base::to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

Judgement refused(SignerRefusal refusal) {
  Judgement judgement;
  judgement.refusal = refusal;
  return judgement;
}

// What `write` puts into locked memory; `capacity`: more than it needs.
template <typename Write>
base::Result<vault::LockedBuffer> locked_text(std::size_t capacity, Write write) {
  auto buffer = vault::LockedBuffer::of_capacity(capacity);
  if (buffer && !write(*buffer)) {
    return base::Error{base::Errc::limit_exceeded, "no room for the message"};
  }
  return buffer;
}

class Messages final : public MessageSigner {
 public:
  explicit Messages(Settings settings) : settings_(std::move(settings)) {}

  [[nodiscard]] std::optional<MessageReading> read(std::string_view text) const override {
    auto message = read_message(text);
    if (!message) {
      return std::nullopt;
    }
    MessageReading reading;
    const auto* const method = find_method(message->method);
    reading.logon = method == nullptr ? LogonChange::none : method->logon;
    reading.may_act = method == nullptr || method->takes_signature;
    reading.credential = message->text_of("apiKey");
    reading.method = std::move(message->method);
    reading.id = message->id == "null" ? "" : std::move(message->id);
    return reading;
  }

  // The same message is another order on another market's path; and replies in SBE, a binary form,
  // would tell nothing of what became of an order ("Simple Binary Encoding (SBE) FAQ").
  [[nodiscard]] bool forbids_opening(std::string_view host,
                                     std::string_view target) const override {
    const auto* const row = find_host(host);
    const bool may_ask_for_sbe = base::to_lower(target).find("sbe") != std::string::npos ||
                                 target.find('%') != std::string_view::npos;
    return row != nullptr && row->is_websocket_api &&
           (http::path_of(target) != websocket_path_of(row->market) || may_ask_for_sbe);
  }

  [[nodiscard]] bool forbids(const MessageReading& message) const override {
    return is_value_out_method(message.method);
  }

  [[nodiscard]] Judgement judge(std::string_view text,
                                std::string_view host,
                                const Scope& scope) const override {
    const auto message = read_message(text);
    if (!message) {
      return refused(SignerRefusal::malformed_request);
    }
    const auto* const method = find_open_method(message->method, host, scope.trading.get());
    if (method == nullptr || !can_log_on(*method)) {
      return refused(SignerRefusal::endpoint_blocked);
    }
    const bool signs = is_signed(*message);
    const bool is_unproven = settings_.proof != Proof::off && signs &&
                             !is_signed_with(settings_.placeholder_secret, *message);
    const bool is_order = method->form != OrderForm::none;
    if ((!message->is_flat() && (signs || is_order)) ||
        (is_unproven && settings_.proof == Proof::require)) {
      return refused(SignerRefusal::malformed_request);
    }
    auto judgement = judge_order(OrderKind{method->form, method->market, method->is_test},
                                 fields_of(*message),
                                 scope.trading.get());
    judgement.is_unproven = is_unproven;
    return judgement;
  }

  [[nodiscard]] base::Result<vault::Secret> sign(std::string_view text,
                                                 const SignInput& input) const override {
    KS_ASSERT(input.secrets.size() == 2);
    const auto key = input.secrets[0].reveal();
    if (!is_plain_key(key)) {
      return base::Error{base::Errc::invalid_input,
                         "the API key has characters that no key of Binance has"};
    }
    auto message = read_message(text);
    if (!message || (is_signed(*message) && !message->is_flat())) {
      return base::Error{base::Errc::invalid_input, "the message was not judged"};
    }
    std::size_t capacity = text.size() + key.size() + kAddedBytesMax;
    if (is_signed(*message)) {
      KS_TRY(add_signature(*message, input, capacity));
      capacity += message->text_of("signature").size();
    }
    const auto written = locked_text(
        capacity, [&](base::ByteSink& out) { return write_message(*message, key, out); });
    return written ? vault::Secret::copy_of(written->reveal()) : written.error();
  }

  [[nodiscard]] std::string rewrite(std::string_view text) const override {
    const auto message = read_message(text);
    KS_ASSERT(message.has_value());
    TextSink out;
    const bool fits = write_message(*message, "", out);
    KS_ASSERT(fits);
    return out.take();
  }

  [[nodiscard]] std::string refuse(const MessageRefusal& refusal) const override {
    return refusal_text(refusal);
  }

  [[nodiscard]] std::unique_ptr<ReplyReader> reply_reader() const override {
    return make_reply_reader();
  }

 private:
  // Of a logon: only Ed25519 keys can ("Session Authentication").
  [[nodiscard]] bool can_log_on(const Method& method) const {
    return method.logon != LogonChange::begins || settings_.key_type == KeyType::ed25519;
  }

  // `capacity`: bytes that suffice for what is signed.
  [[nodiscard]] base::Status add_signature(Message& message,
                                           const SignInput& input,
                                           std::size_t capacity) const {
    constexpr std::int64_t kMicrosecondsPerMs = 1000;
    const bool has_signature = message.find("signature") != nullptr;
    prepare(message, {input.now_us / kMicrosecondsPerMs, settings_.recv_window_for(has_signature)});
    const auto payload = locked_text(capacity, [&](base::ByteSink& out) {
      return write_payload(message, input.secrets[0].reveal(), out);
    });
    if (!payload) {
      return payload.error();
    }
    auto signature =
        text_signature(settings_.key_type, input.secrets[1].reveal(), payload->reveal());
    if (!signature) {
      return signature.error();
    }
    append_signature(message, std::move(signature).value());
    return {};
  }

  Settings settings_;
};

}  // namespace

std::unique_ptr<const MessageSigner> make_message_signer(Settings settings) {
  return std::make_unique<Messages>(std::move(settings));
}

}  // namespace keyswap::bindings::binance
