// SPDX-License-Identifier: Apache-2.0
//
// A scheme that computes something over the whole request: a signature over its bytes. A Signer is
// immutable and pure like every Injection (bindings/injection.h): request, secrets, time and nonce
// are handed in, edits come out, so that a vendor's published vector is a plain test.
//
// Two steps. judge() needs no secret and says whether the request may be sent at all; sign() is
// called once it was let through. What sign() gives is what is sent, to the byte (I9).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bindings/edits.h"
#include "proxy/base/bytes.h"
#include "proxy/base/result.h"
#include "proxy/http/message.h"
#include "vault/secret.h"

namespace keyswap::bindings {

struct Scope;
class RequestReadings;

// A request as it came, with its body whole and decoded (kSignedBodyBytesMax at most), or without a
// body that the signer does not read (BodyUse).
struct WholeRequest {
  std::string_view method;
  std::string_view target;  // origin form, with its query
  std::string_view host;    // of the destination, normal form
  const http::HeaderList& fields;
  std::string_view body;
  std::uint16_t port = 443;  // of the destination
  std::int64_t now_us = 0;   // when it came, since 1970
};

// What a signer needs of a request's body.
enum class BodyUse : std::uint8_t {
  whole,      // all of it, before anything is done
  untouched,  // nothing: it is sent on as it comes
  rewritten,  // each piece as it passes (BodySigner)
};

// Signs a body anew on its way. Pure, bounded, and the same wherever its pieces are cut.
class BodySigner {
 public:
  BodySigner() = default;
  BodySigner(const BodySigner&) = delete;
  BodySigner& operator=(const BodySigner&) = delete;
  BodySigner(BodySigner&&) = delete;
  BodySigner& operator=(BodySigner&&) = delete;
  virtual ~BodySigner() = default;

  // So many bytes it holds back now.
  [[nodiscard]] virtual std::size_t held() const = 0;
  // Takes a piece, and appends what leaves of the body: what was found right, and is signed anew.
  // invalid_input: it is not, and nothing more may leave; limit_exceeded: too much of it would have
  // to be held.
  [[nodiscard]] virtual base::Status feed(std::string_view piece, base::ByteSink& out) = 0;
  // The body is over. invalid_input: it is not whole.
  [[nodiscard]] virtual base::Status end() = 0;
};

// Why a request is refused before anything is signed; proxy/flow knows the answer that goes with
// each.
enum class SignerRefusal : std::uint8_t {
  malformed_request,             // 400: it can be read in more than one way
  endpoint_blocked,              // 403
  order_limit_exceeded,          // 403
  signature_form_not_supported,  // 501
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

  // Does it write the time into this request by itself, for a venue that takes nothing but what is
  // close to its own? Then SignInput::now_us may be the upstream's time, if that is known
  // (proxy/net/upstream_clocks.h); the record says so.
  [[nodiscard]] virtual bool follows_upstream_clock(const WholeRequest& request) const {
    static_cast<void>(request);
    return false;
  }

  // Does it know its clients by what they signed? Then a request in scope needs no placeholder: all
  // of them are judged, and none is sent that judge() does not take for a client's.
  [[nodiscard]] virtual bool knows_its_clients() const { return false; }

  // Does the signature cover fields that are changed on their way? Then sign() gets the head as it
  // leaves, and what it signs stays whole: no part of an answer is asked for in full.
  [[nodiscard]] virtual bool signs_what_leaves() const { return false; }

  // What of the body of a request with this head does it read?
  [[nodiscard]] virtual BodyUse body_use(const WholeRequest& head) const {
    static_cast<void>(head);
    return BodyUse::whole;
  }

  // For BodyUse::rewritten, once sign() made `edits` of the same head.
  [[nodiscard]] virtual base::Result<std::unique_ptr<BodySigner>> sign_body(
      const WholeRequest& head, const SignInput& input, const Edits& edits) const {
    static_cast<void>(head);
    static_cast<void>(input);
    static_cast<void>(edits);
    return base::Error{base::Errc::unsupported, "this scheme signs whole bodies"};
  }
};

}  // namespace keyswap::bindings
