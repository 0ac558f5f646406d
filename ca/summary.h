// SPDX-License-Identifier: Apache-2.0
//
// What a certificate says, for people: of the public part alone, so that showing it asks for no
// passphrase. Not for trusting anything: that is Authority::open and proxy/tls.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/result.h"

namespace keyswap::ca {

struct CertificateSummary {
  std::string subject;  // "O=keyswap, CN=..." (RFC 2253)
  std::string sha256;   // hex, of the DER
  std::int64_t not_before_s = 0;
  std::int64_t not_after_s = 0;
};

// Of the first certificate in the text; corrupt if there is none or it is broken.
base::Result<CertificateSummary> summarize_certificate(std::string_view pem);

}  // namespace keyswap::ca
