// SPDX-License-Identifier: Apache-2.0
//
// A scheme whose requests are messages on a WebSocket (RFC 6455), each judged, recorded and signed
// like a request of its own. The counterpart of bindings/signer.h: immutable and pure; the text of
// a whole message comes in, edits do not go out but the whole message anew (I9: one strict reading,
// written canonically).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bindings/signer.h"
#include "proxy/base/result.h"
#include "vault/secret.h"

namespace keyswap::bindings {

struct Scope;

// What a message does to the connection's logon.
enum class LogonChange : std::uint8_t { none, begins, ends };

// What a message says of itself, as far as the proxy must know before it chose a rule.
struct MessageReading {
  std::string method;      // of [A-Za-z0-9._/-], 64 bytes at most: "order.place"
  std::string id;          // by which its reply is known; "" = it has none
  std::string credential;  // what stands where the placeholder belongs; "" = nothing
  LogonChange logon = LogonChange::none;
  bool may_act = false;  // for an account, not only tell what is public; so if it is not known
};

// What a reply says of itself.
struct Reply {
  std::string id;  // as in MessageReading
  int status = 0;  // like an HTTP status; 0: it does not say
};

// Reads one message of the upstream as its pieces come, however long it is, without keeping it.
class ReplyReader {
 public:
  ReplyReader() = default;
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;
  ReplyReader(ReplyReader&&) = delete;
  ReplyReader& operator=(ReplyReader&&) = delete;
  virtual ~ReplyReader() = default;

  virtual void feed(std::string_view piece) = 0;
  // The message is over: whose reply it was, if it was one. Ready for the next message then.
  virtual std::optional<Reply> finish() = 0;
};

// Why a message is refused, as the client is told.
struct MessageRefusal {
  std::string_view id;  // of the message, as read() gave it; "" = not known
  int status = 0;
  std::string_view reason;  // the audit record's word
  std::string_view detail;  // one sentence
  std::string_view request_id;
  std::int64_t retry_after_ms = 0;  // 0: not known
};

class MessageSigner {
 public:
  MessageSigner() = default;
  MessageSigner(const MessageSigner&) = delete;
  MessageSigner& operator=(const MessageSigner&) = delete;
  MessageSigner(MessageSigner&&) = delete;
  MessageSigner& operator=(MessageSigner&&) = delete;
  virtual ~MessageSigner() = default;

  // Nothing: it can be read in more than one way, or is no message of this protocol.
  [[nodiscard]] virtual std::optional<MessageReading> read(std::string_view text) const = 0;

  // May no WebSocket be opened there? By host and target (origin form) alone it must be clear how
  // the other side will read a message.
  [[nodiscard]] virtual bool forbids_opening(std::string_view host,
                                             std::string_view target) const = 0;

  // May no configuration let it through, whoever's key it carries?
  [[nodiscard]] virtual bool forbids(const MessageReading& message) const = 0;

  // May it be sent under this scope, and what does that cost? `text` was read; `host` of the
  // destination, normal form.
  [[nodiscard]] virtual Judgement judge(std::string_view text,
                                        std::string_view host,
                                        const Scope& scope) const = 0;

  // The message with the real credential in it, signed. An error refuses it: secret_unavailable.
  [[nodiscard]] virtual base::Result<vault::Secret> sign(std::string_view text,
                                                         const SignInput& input) const = 0;

  // The message as it is, written anew, for one that carries no placeholder.
  [[nodiscard]] virtual std::string rewrite(std::string_view text) const = 0;

  // The text that tells the client of a refusal, in the protocol's own form.
  [[nodiscard]] virtual std::string refuse(const MessageRefusal& refusal) const = 0;

  [[nodiscard]] virtual std::unique_ptr<ReplyReader> reply_reader() const = 0;
};

}  // namespace keyswap::bindings
