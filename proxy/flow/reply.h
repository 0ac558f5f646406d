// SPDX-License-Identifier: Apache-2.0
//
// The proxy's own answers and their wording: application/problem+json whose every word is a
// constant; nothing of the request goes in but its id. What was seen of a failure is
// base::Failure's, and what would be allowed base::Facts', which are escaped and bounded. Programs
// mostly show people what their SDK finds in `error`, so the same sentences stand there again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/record.h"
#include "proxy/base/cause.h"
#include "proxy/flow/secret_fault.h"
#include "proxy/http/outgoing.h"

namespace keyswap::flow {

// The status that goes with a refusal.
int status_of(audit::Reason reason);
// One sentence that tells the client why.
std::string_view detail_of(audit::Reason reason);
// The same of a refusal because of a secret, where it is known what is the matter with it.
std::string_view detail_of(audit::Reason reason, std::optional<SecretFault> fault);

struct Refusal {
  audit::Reason reason = audit::Reason::malformed_request;
  std::string_view request_id;
  std::string_view secret;  // the vault entry's name that is missing or unusable; "" none
  std::optional<SecretFault> fault = std::nullopt;  // what is the matter with it
  std::string_view flaw = {};  // what is wrong with the request's bytes, in our words; "" nothing
  // What would be allowed (proxy/flow/allowance.h), which needs no escape in JSON; "" nothing.
  std::string_view help = {};
  std::int64_t retry_after_ms = 0;  // when to come again; 0: not known
  bool keeps_connection = false;
  bool without_body = false;  // it answers a HEAD
  // Nothing of it was sent, or it is a safe request: where the reason does not tell, it may come
  // again.
  bool can_do_no_harm = false;
  const base::Failure* failure = nullptr;  // what was seen, if something failed; may be null
};

// An answer of our own.
struct Reply {
  http::OutgoingResponse head;
  std::string body;  // "" none is sent
};

Reply make_refusal(const Refusal& refusal);

// The answer to what somebody asked ourselves: 200. The connection ends with it unless the head is
// changed.
Reply make_answer(std::string_view content_type, std::string body);

// The answer to a health check: 200, or 503 when `failing` keeps every request from being served.
Reply make_health(std::optional<audit::Reason> failing, bool refuses_policy, bool keeps_connection);

// "100 Continue": said by us when a signer waits for the body.
http::OutgoingResponse continue_response();

}  // namespace keyswap::flow
