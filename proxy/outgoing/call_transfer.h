// SPDX-License-Identifier: Apache-2.0
//
// One request of ours to libcurl: everything that it may do is said here, explicitly, and what the
// environment would say (proxies, roots, a file for keys) is overruled. A connection of its own for
// each, HTTP/1.1, TLS as in proxy/tls with the policy's roots (I4), to the addresses that the guard
// judged and no other (I12); no redirects, no cookies, no content coding, nothing looked up.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "proxy/base/result.h"
#include "proxy/outgoing/call_answer.h"
#include "proxy/outgoing/call_guard.h"
#include "vault/sources/run.h"

namespace keyswap::outgoing {

// The lines of its head and its body, in locked memory (I1).
class CallRequest {
 public:
  // invalid_input: a method, name or value that cannot stand in a head; unavailable: no room.
  static base::Result<CallRequest> of(const vault::Call& call);

  [[nodiscard]] const std::string& method() const { return method_; }

  // libcurl's list of lines.
  [[nodiscard]] const void* lines() const { return lines_.get(); }

  [[nodiscard]] const vault::Secret& body() const { return body_; }

  [[nodiscard]] std::size_t answer_bytes_max() const { return answer_bytes_max_; }

  [[nodiscard]] bool is_spending() const { return is_spending_; }

 private:
  struct FreeLines {
    void operator()(void* lines) const;
  };

  CallRequest() = default;

  base::Status add_line(std::string_view name, std::string_view value);
  base::Status add_defaults(const vault::Call& call);

  std::string method_;
  std::unique_ptr<void, FreeLines> lines_;
  vault::Secret body_;
  std::size_t answer_bytes_max_ = 0;
  bool is_spending_ = false;
};

// What is under way; libcurl refers to it, so it does not move. It belongs to no multi handle when
// it goes.
class CallTransfer {
 public:
  // All outlive it; `guard` wants nothing any more. `owner`: comes back by owner_of().
  static base::Result<std::unique_ptr<CallTransfer>> create(const CallRequest& request,
                                                            const CallGuard& guard,
                                                            const tls::ClientContext& tls,
                                                            void* owner);
  CallTransfer(const CallTransfer&) = delete;
  CallTransfer& operator=(const CallTransfer&) = delete;
  CallTransfer(CallTransfer&&) = delete;
  CallTransfer& operator=(CallTransfer&&) = delete;
  ~CallTransfer();

  // Before it is given to the multi handle, the first time and again.
  base::Status prepare(std::int64_t wait_ms, std::int64_t now_s);

  // What became of it, by libcurl's code of its end.
  [[nodiscard]] vault::Answer outcome(int code);

  [[nodiscard]] const CallAnswerReader& answer() const { return *answer_; }

  // Has a connection been there for the request? Then some of it may have arrived.
  [[nodiscard]] bool was_sent() const { return was_sent_; }

  // libcurl's handle of it, and whose it is.
  [[nodiscard]] void* handle() const { return handle_; }

  static void* owner_of(void* handle);

 private:
  struct Callbacks;

  CallTransfer(const CallRequest& request,
               const CallGuard& guard,
               const tls::ClientContext& tls,
               void* handle);

  base::Status say_where();
  base::Status say_what();
  base::Status say_how(void* owner);

  const CallRequest* request_;
  const CallGuard* guard_;
  const tls::ClientContext* tls_;
  void* handle_;
  std::unique_ptr<void, void (*)(void*)> pinned_;  // names with their addresses
  std::unique_ptr<void, void (*)(void*)> ways_;    // to where `upstream.resolve` leads
  std::unique_ptr<CallAnswerReader> answer_;
  CallAnswerReader::Taken taken_ = CallAnswerReader::Taken::yes;
  bool was_refused_ = false;  // it wanted to dial, or look up, what nobody judged
  bool was_sent_ = false;
};

}  // namespace keyswap::outgoing
