// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/failure.h"

#include <array>
#include <ctime>
#include <memory>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "proxy/base/bounds.h"
#include "proxy/tls/alert.h"

namespace keyswap::tls {

namespace {

using base::Cause;
using base::Facts;
using base::Failure;

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

using NamesPointer = std::unique_ptr<GENERAL_NAMES, FreeNames>;

std::string_view bytes_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

// An address as text; a name as it stands; "" for what names no host.
std::string text_of(const GENERAL_NAME* name) {
  int type = 0;
  const void* const value = GENERAL_NAME_get0_value(name, &type);
  if (type == GEN_DNS) {
    return std::string(bytes_of(static_cast<const ASN1_IA5STRING*>(value)));
  }
  if (type != GEN_IPADD) {
    return {};
  }
  const std::string_view bytes = bytes_of(static_cast<const ASN1_OCTET_STRING*>(value));
  std::array<char, INET6_ADDRSTRLEN> shown{};
  const int family = bytes.size() == sizeof(in_addr) ? AF_INET : AF_INET6;
  const bool is_shown = (bytes.size() == sizeof(in_addr) || bytes.size() == sizeof(in6_addr)) &&
                        inet_ntop(family, bytes.data(), shown.data(), shown.size()) != nullptr;
  return is_shown ? shown.data() : std::string();
}

std::string common_name_of(const X509_NAME* name) {
  std::array<char, 256> text{};
  // Cut by OpenSSL at the buffer's end; -1 when there is none.
  X509_NAME_get_text_by_NID(name, NID_commonName, text.data(), static_cast<int>(text.size()));
  return text.data();
}

void add_names(Facts& facts, const X509* certificate) {
  const NamesPointer names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::size_t count = 0;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const std::string name = text_of(sk_GENERAL_NAME_value(names.get(), i));
    if (name.empty()) {
      continue;
    }
    if (++count == 1) {
      facts.text("; for ", name);
    } else if (count <= base::bounds::kNamesShownMax) {
      facts.text(", ", name);
    }
  }
  if (count == 0) {
    facts.text("; for no host (subject CN=", common_name_of(X509_get_subject_name(certificate)));
    facts.text(")", "");
  } else if (count > base::bounds::kNamesShownMax) {
    facts.number(" and ", static_cast<std::int64_t>(count - base::bounds::kNamesShownMax), " more");
  }
}

void add_time(Facts& facts, base::Note before, const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) == 1) {
    facts.time(before, timegm(&parts));
  }
}

Cause cause_of_verification(long verify_result) {
  switch (verify_result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return Cause::certificate_wrong_name;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Cause::certificate_expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Cause::certificate_not_yet_valid;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return Cause::certificate_self_signed;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return Cause::certificate_unknown_issuer;
    case X509_V_ERR_CERT_REVOKED:
      return Cause::certificate_revoked;
    case X509_V_ERR_OCSP_VERIFY_FAILED:
      return Cause::certificate_status_unproven;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return Cause::certificate_weak;
    case X509_V_ERR_INVALID_PURPOSE:
      return Cause::certificate_wrong_purpose;
    default:
      return Cause::certificate_invalid;
  }
}

// Servers of TLS 1.2 have no alert of its own for a certificate that did not come.
bool asks_for_certificate(int alert, const Notes& notes) {
  if (alert == SSL_AD_CERTIFICATE_REQUIRED) {
    return true;
  }
  return notes.was_certificate_asked &&
         (alert == SSL_AD_HANDSHAKE_FAILURE || alert == SSL_AD_BAD_CERTIFICATE ||
          alert == SSL_AD_CERTIFICATE_UNKNOWN || alert == SSL_AD_NO_CERTIFICATE ||
          alert == SSL_AD_ACCESS_DENIED);
}

Cause cause_of_alert(int alert, const Notes& notes) {
  if (asks_for_certificate(alert, notes)) {
    return Cause::client_certificate_required;
  }
  switch (alert) {
    case SSL_AD_PROTOCOL_VERSION:
      return Cause::tls_version_unsupported;
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_INSUFFICIENT_SECURITY:
      return Cause::tls_nothing_in_common;
    case SSL_AD_NO_APPLICATION_PROTOCOL:
      return Cause::tls_protocol_not_offered;
    default:
      return Cause::tls_alert;
  }
}

Cause cause_of_reason(int reason) {
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
      return Cause::tls_version_unsupported;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
      return Cause::tls_not_spoken;
    case SSL_R_WRONG_CIPHER_RETURNED:
    case SSL_R_UNKNOWN_CIPHER_RETURNED:
    case SSL_R_WRONG_SIGNATURE_TYPE:
    case SSL_R_WRONG_CURVE:
    case SSL_R_UNSUPPORTED_ELLIPTIC_CURVE:
    case SSL_R_BAD_KEY_SHARE:
    case SSL_R_DH_KEY_TOO_SMALL:
      return Cause::tls_nothing_in_common;
    case SSL_R_EE_KEY_TOO_SMALL:
    case SSL_R_CA_KEY_TOO_SMALL:
    case SSL_R_CA_MD_TOO_WEAK:
      return Cause::certificate_weak;
    default:
      return Cause::tls_broken;
  }
}

}  // namespace

std::string facts_of(const X509* certificate) {
  Facts facts;
  add_time(facts, "valid from ", X509_get0_notBefore(certificate));
  add_time(facts, " until ", X509_get0_notAfter(certificate));
  facts.text("; issued by CN=", common_name_of(X509_get_issuer_name(certificate)));
  add_names(facts, certificate);
  return facts.take();
}

Failure certificate_failure(long verify_result, std::string facts) {
  const Cause cause = cause_of_verification(verify_result);
  if (cause != Cause::certificate_invalid) {
    return {cause, std::move(facts)};
  }
  Facts more;
  more.text("", X509_verify_cert_error_string(verify_result));
  facts = more.take() + (facts.empty() ? "" : "; ") + facts;
  return {cause, facts.substr(0, base::bounds::kFactsBytesMax)};
}

Failure connection_failure(unsigned long error, const Notes& notes) {
  if (notes.alert_received >= 0) {
    return {cause_of_alert(notes.alert_received, notes),
            Facts().text("alert ", alert_name(notes.alert_received)).take()};
  }
  if (error == 0) {
    return {Cause::tls_broken, {}};
  }
  const char* const reason = ERR_reason_error_string(error);  // a constant of OpenSSL's
  return {cause_of_reason(ERR_GET_REASON(error)),
          reason == nullptr ? std::string() : Facts().text("", reason).take()};
}

}  // namespace keyswap::tls
