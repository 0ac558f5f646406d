// SPDX-License-Identifier: Apache-2.0
//
// What a client is told of a request that a person decides on: 202 while that is open, and, on the
// same origin below /.well-known/keyswap/operations/, how it stands. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/record.h"
#include "bindings/binding.h"
#include "proxy/flow/reply.h"
#include "proxy/http/message.h"

namespace keyswap::flow {

// The field that an approved request comes with when it is sent again; it never goes upstream.
inline constexpr std::string_view kOperationField = "keyswap-operation";

struct OperationView {
  std::string id;
  std::string_view state;  // approvals::to_string
  std::string token;       // with which its client asks after it
  bool is_terminal = false;
  bool may_be_sent = false;           // approved: the client sends its request again
  std::int64_t expires_us = 0;        // since 1970, as the other
  std::int64_t retry_expires_us = 0;  // 0: it is not approved
};

// Where operations are looked up, from any thread.
class Operations {
 public:
  Operations() = default;
  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;
  Operations(Operations&&) = delete;
  Operations& operator=(Operations&&) = delete;
  virtual ~Operations() = default;

  // Nothing: there is none that this caller may ask after with that token.
  [[nodiscard]] virtual std::optional<OperationView> find(std::string_view id,
                                                          std::string_view token,
                                                          std::string_view caller) const = 0;
};

// Does the client ask how an operation stands, and what becomes of that? approval_pending: it is
// told; else a refusal. `target`: in origin form.
std::optional<audit::Reason> check_operation_path(const http::RequestHead& head,
                                                  std::string_view target,
                                                  const bindings::Bindings& bindings);

// The operation that such a target names, if there is one. `operations`: may be null.
std::optional<OperationView> find_operation(const Operations* operations,
                                            std::string_view target,
                                            std::string_view caller);

// Where the client asks after it: below `origin` ("https://api.example.com", or what stands before
// the path on a reverse route).
std::string status_url(const OperationView& operation, std::string_view origin);

// 202 to the request itself; 200 to who asks after it.
enum class AnswerFor : std::uint8_t { request, question };
Reply reply_with_operation(const OperationView& operation, std::string_view url, AnswerFor what);

}  // namespace keyswap::flow
