// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/verify.h"

#include <cstdint>
#include <ctime>
#include <string_view>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "proxy/tls/failure.h"
#include "proxy/tls/hooks.h"
#include "proxy/tls/staple.h"

namespace keyswap::tls {

namespace {

// RFC 9525: no common name, no wildcard within a label. OpenSSL's defaults accept both.
constexpr unsigned kNameFlags =
    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
constexpr int kChainDepthMax = 8;
constexpr int kAuthLevel = 2;  // 112 bits for each certificate below the root
constexpr std::int64_t kSessionLifeSeconds = 3600;
constexpr std::size_t kNameBytesMax = 253;
constexpr std::string_view kHttp11 = "http/1.1";

// The moment at which certificates are judged: now, unless the context was told another.
std::time_t verification_time(SSL* ssl) {
  const X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  const bool is_told = (X509_VERIFY_PARAM_get_flags(param) & X509_V_FLAG_USE_CHECK_TIME) != 0;
  return is_told ? X509_VERIFY_PARAM_get_time(param) : std::time(nullptr);
}

bool is_valid_at(const X509* certificate, std::time_t when) {
  return certificate != nullptr && X509_cmp_time(X509_get0_notBefore(certificate), &when) < 0 &&
         X509_cmp_time(X509_get0_notAfter(certificate), &when) > 0;
}

bool is_chain_valid_at(SSL* ssl, std::time_t when) {
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    if (!is_valid_at(sk_X509_value(chain, i), when)) {
      return false;
    }
  }
  return is_valid_at(SSL_get0_peer_certificate(ssl), when);
}

bool is_of_context(const SSL_SESSION* session, const std::string& session_context) {
  unsigned size = 0;
  const unsigned char* bytes = SSL_SESSION_get0_id_context(session, &size);
  return std::string_view(reinterpret_cast<const char*>(bytes), size) == session_context;
}

// SSL_set_tlsext_host_name, whose macro casts in C's way; the name is copied, not written to.
bool set_server_name(SSL* ssl, const std::string& host) {
  return SSL_ctrl(ssl,
                  SSL_CTRL_SET_TLSEXT_HOSTNAME,
                  TLSEXT_NAMETYPE_host_name,
                  const_cast<char*>(host.c_str())) == 1;
}

base::Error no_host() {
  return {base::Errc::invalid_input, "not a host that a certificate can be for"};
}

bool is_for_host(X509* certificate, const std::string& host, bool host_is_ip) {
  return host_is_ip
             ? X509_check_ip_asc(certificate, host.c_str(), kNameFlags) == 1
             : X509_check_host(certificate, host.data(), host.size(), kNameFlags, nullptr) == 1;
}

bool may_resume(SSL* ssl, const SSL_SESSION* session, const std::string& session_context) {
  const std::time_t now = verification_time(ssl);
  const auto age_s = static_cast<std::int64_t>(now) - SSL_SESSION_get_time(session);
  return SSL_SESSION_is_resumable(session) == 1 && is_of_context(session, session_context) &&
         age_s >= 0 && age_s < kSessionLifeSeconds && SSL_get_verify_result(ssl) == X509_V_OK &&
         is_chain_valid_at(ssl, now);
}

// OpenSSL's verdict stays as it is; what was seen of the certificate that was refused is kept.
int note_refusal(int is_good, X509_STORE_CTX* chain) noexcept {
  if (is_good == 1) {
    return is_good;
  }
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Notes* const notes = ssl == nullptr ? nullptr : notes_of(ssl);
  const X509* const refused = X509_STORE_CTX_get_current_cert(chain);
  if (notes != nullptr && refused != nullptr) {
    notes->refused_certificate = facts_of(refused);
  }
  return is_good;
}

}  // namespace

base::Status require_verification(ssl_ctx_st* context) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, note_refusal);
  X509_VERIFY_PARAM* param = SSL_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_hostflags(param, kNameFlags);
  X509_VERIFY_PARAM_set_depth(param, kChainDepthMax);
  X509_VERIFY_PARAM_set_auth_level(param, kAuthLevel);
  // Chains end in a self-signed root. X509_V_FLAG_X509_STRICT is left off: it adds no security to a
  // chain that holds otherwise, and refuses the roots of many companies, whose basicConstraints are
  // not critical.
  const bool is_set =
      X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER) == 1 &&
      X509_VERIFY_PARAM_clear_flags(
          param,
          X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_IGNORE_CRITICAL) == 1;
  if (!is_set) {
    ERR_clear_error();
    return base::Error{base::Errc::tls, "OpenSSL does not take the verification settings"};
  }
  return require_good_staple(context);
}

base::Status expect_host(ssl_st* ssl, const std::string& host, bool host_is_ip) {
  KS_TRY(expect_host_of(SSL_get0_param(ssl), host, host_is_ip));
  if (!host_is_ip && !set_server_name(ssl, host)) {
    ERR_clear_error();
    return no_host();
  }
  return {};
}

base::Status expect_host_of(X509_VERIFY_PARAM_st* param, const std::string& host, bool host_is_ip) {
  bool is_set = false;
  if (host_is_ip) {
    is_set = host.find('\0') == std::string::npos &&
             X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) == 1;
  } else {
    // An empty name would turn the name check off, and a leading dot would match every name below.
    const bool is_name = !host.empty() && host.size() <= kNameBytesMax && host.front() != '.' &&
                         host.find('\0') == std::string::npos;
    is_set = is_name && X509_VERIFY_PARAM_set1_host(param, host.data(), host.size()) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, kNameFlags);
  }
  if (!is_set) {
    ERR_clear_error();
    return no_host();
  }
  return {};
}

void resume_if_allowed(ssl_st* ssl, ssl_session_st* session, const std::string& session_context) {
  // Set first, because OpenSSL shows a session's verdict and chain only through a connection.
  const bool is_resumed =
      SSL_set_session(ssl, session) == 1 && may_resume(ssl, session, session_context);
  if (!is_resumed) {
    SSL_set_session(ssl, nullptr);
    SSL_set_verify_result(ssl, X509_V_OK);  // as before; the full handshake gives its own verdict
  }
  ERR_clear_error();
}

base::Status judge_upstream(ssl_st* ssl, const std::string& host, bool host_is_ip) {
  X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr) {
    return base::Error{base::Errc::tls, "the upstream showed no certificate"};
  }
  if (const long result = SSL_get_verify_result(ssl); result != X509_V_OK) {
    return verification_error(result);
  }
  if (!is_for_host(certificate, host, host_is_ip)) {
    return verification_error(X509_V_ERR_HOSTNAME_MISMATCH);
  }
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &size);
  if (size != 0 && std::string_view(reinterpret_cast<const char*>(protocol), size) != kHttp11) {
    return base::Error{base::Errc::tls, "the upstream chose a protocol that was not offered"};
  }
  return {};
}

base::Error verification_error(long verify_result) {
  const auto error = [verify_result](base::Note note) {
    return base::Error{base::Errc::tls, note, verify_result};
  };
  switch (verify_result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return error("the upstream's certificate is for another host");
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return error("a certificate of the upstream has expired");
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return error("a certificate of the upstream is not valid yet");
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return error("the upstream's certificate comes from no root that is trusted");
    case X509_V_ERR_CERT_REVOKED:
      return error("the upstream's certificate has been revoked");
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return error("a key or signature of the upstream's certificates is too weak");
    case X509_V_ERR_INVALID_PURPOSE:
      return error("the upstream's certificate is not one for servers");
    default:
      return error("the upstream's certificate was not accepted");
  }
}

}  // namespace keyswap::tls
