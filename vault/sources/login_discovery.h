// SPDX-License-Identifier: Apache-2.0
//
// Where an issuer's endpoints are, as it says itself: OpenID Connect Discovery 1.0 section 4, and
// RFC 8414 where it has nothing there. What it says counts only if it says of itself that it is
// this issuer.
#pragma once

#include <memory>
#include <string>

#include "vault/sources/run.h"

namespace keyswap::vault {

// Outlives its run.
struct Discovery {
  std::string issuer;  // as check_base_url takes it

  // --- once the run ended with Done: as check_base_url takes them; "" it has none ---
  std::string token_url = {};
  std::string authorize_url = {};
  std::string device_url = {};
  bool is_issuer_said = false;  // it names itself where it sends a browser back (RFC 9207)
  bool takes_s256 = true;       // of PKCE; one that does not say may
  // How a client with a secret says who it is there (RFC 8414 section 2).
  bool takes_basic = true;
  bool takes_body = false;
};

std::unique_ptr<Run> discovery_run(Discovery& discovery);

}  // namespace keyswap::vault
