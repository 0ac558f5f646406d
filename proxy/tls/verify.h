// SPDX-License-Identifier: Apache-2.0
//
// I4: what an upstream has to prove. The chain (built by OpenSSL to a root of ours), the time, the
// name (subject alternative names only), the purpose, the strength of keys and signatures, and what
// a stapled OCSP answer says (tls/staple.h). There is no way to say "unverified is fine". Private
// to tls.
#pragma once

#include <string>

#include "proxy/base/result.h"

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;
struct X509_VERIFY_PARAM_st;

namespace keyswap::tls {

// Makes every connection of this client context verify.
base::Status require_verification(ssl_ctx_st* context);

// The one name or address that the upstream's certificate must be for; sets SNI for a name.
// invalid_input for what can be neither.
base::Status expect_host(ssl_st* ssl, const std::string& host, bool host_is_ip);

// The same of what a context's connections will be held against, without SNI.
base::Status expect_host_of(X509_VERIFY_PARAM_st* param, const std::string& host, bool host_is_ip);

// Has `ssl` resume `session` if that may be; else it will make a full handshake. It must have been
// verified, under the same `session_context` (name and roots, see engine.cc), less than an hour
// ago, with certificates that are valid still: a verdict is not kept longer than its reasons.
void resume_if_allowed(ssl_st* ssl, ssl_session_st* session, const std::string& session_context);

// After the handshake, full or resumed: once more, and independently of it, was everything proved?
// Also judges the protocol that was chosen by ALPN.
base::Status judge_upstream(ssl_st* ssl, const std::string& host, bool host_is_ip);

// Why the handshake failed, in words for an operator; `verify_result` is OpenSSL's X509_V_ code,
// which becomes the error's number. Never success, whatever the code.
base::Error verification_error(long verify_result);

}  // namespace keyswap::tls
