// SPDX-License-Identifier: Apache-2.0
//
// Head + destination + bindings -> verdict. Pure, and the whole of the policy: no other file
// decides whether a secret may leave (I2, I5). What it approves is the very head that is encoded
// later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audit/record.h"
#include "bindings/binding.h"
#include "proxy/flow/destination.h"
#include "proxy/flow/event.h"
#include "proxy/flow/real_sighting.h"
#include "proxy/http/message.h"

namespace keyswap::flow {

// A known placeholder that stays what it is, and why.
struct Denial {
  std::uint32_t rule = 0;
  audit::Reason reason = audit::Reason::untargeted_location;
};

// A secret that is swapped in: at one of its places, under one of its scopes.
struct Use {
  std::uint32_t rule = 0;
  std::uint32_t scope = 0;
  std::uint32_t place = 0;
  // Where its placeholder stands. Nothing: nowhere, because a reverse route chose the rule.
  std::optional<bindings::Spot> spot = std::nullopt;
  bool is_in_body = false;  // it stands there (proxy/flow/decide_body.h), and not in the head
};

// A place of a rule.
struct PlaceOf {
  std::uint32_t rule = 0;
  std::uint32_t place = 0;

  bool operator==(const PlaceOf&) const = default;
};

struct Verdict {
  audit::Decision decision = audit::Decision::refused;
  audit::Reason reason = audit::Reason::malformed_request;
  // The rule it is about: the first secret that is swapped in, or the first placeholder that is
  // not.
  std::optional<std::uint32_t> rule = std::nullopt;
  // allowed: all that is swapped in this request, and nothing else is. Those of one place follow
  // one another, and the first is of `rule`.
  std::vector<Use> uses = {};
  // allowed, denied: what else travels on inert in the same request, a secret once. Of one that is
  // swapped, too: a placeholder of its that stands elsewhere.
  std::vector<Denial> others = {};
  // Whatever becomes of it: the honeytokens that stand in it (proxy/flow/honeytoken.h).
  std::vector<std::uint32_t> honeytokens = {};
  // Likewise: the secrets whose real values stand in it.
  RealSightings real_values = {};
};

// The places that are used, each once, in the order of `uses`.
std::vector<PlaceOf> places_of(std::span<const Use> uses);

inline std::vector<PlaceOf> places_of(const Verdict& verdict) {
  return places_of(verdict.uses);
}

// What a request is judged by.
struct Request {
  const http::RequestHead& head;
  std::string_view target;  // the origin form that is sent
  const Destination& destination;
  const bindings::Bindings& bindings;
  std::string_view caller;  // who sends it, "" unknown

  [[nodiscard]] bindings::HeadParts parts() const { return {head.fields, target}; }
};

Verdict decide(const Request& request);
// The same for a request that came by a reverse route: the route names the rule and the scope, no
// placeholder does.
Verdict decide_reverse(const Request& request, const ReverseUse& use);

// The form in a body that was collected may name a method, too: may the request that was allowed be
// sent with it? Nothing: it may.
std::optional<audit::Reason> check_body(const Request& request,
                                        const Verdict& verdict,
                                        std::string_view body);

inline Verdict refusal(audit::Reason reason) {
  Verdict verdict;
  verdict.reason = reason;
  return verdict;
}

// A binding of one of the real values that were seen may say that what they stand in is refused.
// What is refused for another reason stays so: who may not come learns nothing of secrets.
void refuse_real_values(const bindings::Bindings& bindings,
                        const http::Authority& destination,
                        Verdict& verdict);

}  // namespace keyswap::flow
