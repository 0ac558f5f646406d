// SPDX-License-Identifier: Apache-2.0
//
// Why TLS with an upstream failed, as base::Failure has it: from what OpenSSL says, from the alerts
// that passed, and from the certificate that was not accepted, with its names and dates. Private to
// tls.
#pragma once

#include "proxy/base/cause.h"
#include "proxy/tls/hooks.h"

struct x509_st;

namespace keyswap::tls {

// What stands in a certificate: its time, its issuer, the names it is for.
std::string facts_of(const x509_st* certificate);

// `verify_result`: OpenSSL's X509_V_ code, not X509_V_OK. `facts`: of the certificate.
base::Failure certificate_failure(long verify_result, std::string facts);

// Of a handshake, or of the connection after it, that OpenSSL gave up with `error` (its packed
// code, 0 unknown).
base::Failure connection_failure(unsigned long error, const Notes& notes);

}  // namespace keyswap::tls
