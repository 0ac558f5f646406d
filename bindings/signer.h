// SPDX-License-Identifier: Apache-2.0
//
// A scheme that computes something over the whole request: a signature over its bytes. A Signer is
// immutable and pure like every Injection (bindings/injection.h): request, secrets, time and nonce
// are handed in, edits come out, so that a vendor's published vector is a plain test.
//
// Two steps. judge() needs no secret and says whether the request may be sent at all; sign() is
// called once it was let through. What sign() gives is what is sent, to the byte (I9).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bindings/edits.h"
#include "proxy/base/result.h"
#include "proxy/http/message.h"
#include "vault/secret.h"

namespace keyswap::bindings {

struct Scope;
class RequestReadings;

// A request as it came, with its body whole and decoded (kSignedBodyBytesMax at most).
struct WholeRequest {
  std::string_view method;
  std::string_view target;  // origin form, with its query
  std::string_view host;    // of the destination, normal form
  const http::HeaderList& fields;
  std::string_view body;
};

// Why a request is refused before anything is signed; proxy/flow knows the answer that goes with
// each.
enum class SignerRefusal : std::uint8_t {
  malformed_request,     // 400: it can be read in more than one way
  endpoint_blocked,      // 403
  order_limit_exceeded,  // 403
};

// An order, as records show it. Texts are [A-Z0-9_] and short.
struct OrderInfo {
  std::string symbol;
  std::string side;
  std::string type;
  std::optional<std::int64_t> value_e8;  // in USD times 10^8, rounded up; nothing: not known
};

struct Judgement {
  std::optional<SignerRefusal> refusal;
  std::optional<OrderInfo> order;
  // What to count against the day's volume, in USD times 10^8, and its bound. 0: nothing.
  std::int64_t volume_e8 = 0;
  std::int64_t volume_max_e8 = 0;
  // A vendor's nonce is needed: SignInput::nonce.
  bool wants_nonce = false;
  // The client did not show that it holds the placeholder's secret (`proof: warn`); for the record.
  bool is_unproven = false;
};

struct SignInput {
  std::span<const vault::Secret> secrets;  // in the order of Injection::needs()
  std::int64_t now_us = 0;                 // since 1970
  std::uint64_t nonce = 0;                 // higher than any before, also across restarts
};

class Signer {
 public:
  Signer() = default;
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;
  Signer(Signer&&) = delete;
  Signer& operator=(Signer&&) = delete;
  virtual ~Signer() = default;

  // May it be sent under this scope (which it matched), and what does that cost?
  [[nodiscard]] virtual Judgement judge(const WholeRequest& request, const Scope& scope) const = 0;

  // Any request to a host that this rule binds, also one without the placeholder and in no scope's
  // methods or paths: is it one that no configuration lets through?
  // The answer is the same for all rules of one scheme.
  [[nodiscard]] virtual bool forbids(const RequestReadings& request) const {
    static_cast<void>(request);
    return false;
  }

  // Is it a host that nothing may be sent to while this scheme is in use, because what it takes
  // there cannot be judged?
  [[nodiscard]] virtual bool forbids_host(std::string_view host) const {
    static_cast<void>(host);
    return false;
  }

  // The edits that make it a signed request. An error (a key that does not decode) refuses it: 503
  // secret_unavailable.
  [[nodiscard]] virtual base::Status sign(const WholeRequest& request,
                                          const SignInput& input,
                                          Edits& edits) const = 0;
};

}  // namespace keyswap::bindings
