// SPDX-License-Identifier: Apache-2.0
//
// A request that a person decides on, as its stream asks: what it is, and who waits for what
// becomes of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bindings/approval_rule.h"
#include "bindings/binding.h"
#include "proxy/approvals/operation.h"
#include "proxy/base/result.h"
#include "proxy/flow/action.h"
#include "proxy/flow/destination.h"
#include "proxy/flow/event.h"
#include "vault/secret.h"
#include "vault/vault.h"

namespace keyswap::net {

struct ApprovalAsked {
  // Gets what the exchange waits for, once, on whichever thread.
  using Taker = std::function<void(flow::Decided)>;

  // Whose request it is.
  struct Of {
    std::string request_id;
    std::string caller;
    flow::Destination destination;
    std::shared_ptr<const bindings::Bindings> bindings;  // that it is judged by (I14)
  };

  Taker taker;
  Of of;
  std::vector<flow::PlaceOf> places;
  bindings::ApprovalRule times;
  std::string method;
  std::string target;
  std::string path;
  std::string headers;
  std::string body;  // until it is sealed; its digest stays
  std::string digest_of_body;

  // What is decided on, under that key: the request, and what of the vault and the bindings it goes
  // by now (proxy/flow/approval_digest.h). As that fails.
  base::Result<std::string> digest(const vault::Secret& key,
                                   const vault::Vault& vault,
                                   std::int64_t now_us);
  // As it begins: without a digest and a seal.
  approvals::Operation operation(const std::string& id, std::int64_t now_us);

 private:
  const std::string& body_sha256();
};

}  // namespace keyswap::net
