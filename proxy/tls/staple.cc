// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/staple.h"

#include <cstdint>
#include <memory>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace keyswap::tls {

namespace {

constexpr long kClockSkewSeconds = 300;
constexpr long kStatusRequestExtension = 5;  // the TLS extension that RFC 7633 names

struct Free {
  void operator()(OCSP_RESPONSE* response) const { OCSP_RESPONSE_free(response); }

  void operator()(OCSP_BASICRESP* basic) const { OCSP_BASICRESP_free(basic); }

  void operator()(TLS_FEATURE* features) const { TLS_FEATURE_free(features); }
};

enum class Staple : std::uint8_t {
  none,     // nothing said about this certificate
  good,     // of its status alone: signature and times are not looked at
  revoked,  // or unknown to its issuer
  damaged,
};

// What the answer says of the certificate with this serial number.
Staple read_status(OCSP_BASICRESP* basic, const ASN1_INTEGER* serial, OCSP_SINGLERESP** found) {
  for (int i = 0; i < OCSP_resp_count(basic); ++i) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(basic, i);
    ASN1_INTEGER* single_serial = nullptr;
    // get0_info wants the id writable, and does not write to it.
    auto* id = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single));
    OCSP_id_get0_info(nullptr, nullptr, nullptr, &single_serial, id);
    if (single_serial != nullptr && ASN1_INTEGER_cmp(single_serial, serial) == 0) {
      *found = single;
      const int status = OCSP_single_get0_status(single, nullptr, nullptr, nullptr, nullptr);
      return status == V_OCSP_CERTSTATUS_GOOD ? Staple::good : Staple::revoked;
    }
  }
  return Staple::none;
}

// Signed by the issuer or for it, and of these days.
bool is_trustworthy(SSL* ssl, OCSP_BASICRESP* basic, OCSP_SINGLERESP* single) {
  ASN1_GENERALIZEDTIME* from = nullptr;
  ASN1_GENERALIZEDTIME* until = nullptr;
  OCSP_single_get0_status(single, nullptr, nullptr, &from, &until);
  X509_STORE* roots = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
  return OCSP_check_validity(from, until, kClockSkewSeconds, -1) == 1 &&
         OCSP_basic_verify(basic, SSL_get0_verified_chain(ssl), roots, 0) == 1;
}

bool demands_staple(const X509* certificate) {
  const std::unique_ptr<TLS_FEATURE, Free> features(
      static_cast<TLS_FEATURE*>(X509_get_ext_d2i(certificate, NID_tlsfeature, nullptr, nullptr)));
  for (int i = 0; features != nullptr && i < sk_ASN1_INTEGER_num(features.get()); ++i) {
    if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)) == kStatusRequestExtension) {
      return true;
    }
  }
  return false;
}

Staple judge_answer(SSL* ssl, const X509* certificate, const unsigned char* bytes, long size) {
  const std::unique_ptr<OCSP_RESPONSE, Free> response(d2i_OCSP_RESPONSE(nullptr, &bytes, size));
  if (response == nullptr) {
    return Staple::damaged;
  }
  if (OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return Staple::none;  // the responder was busy: no answer
  }
  const std::unique_ptr<OCSP_BASICRESP, Free> basic(OCSP_response_get1_basic(response.get()));
  if (basic == nullptr) {
    return Staple::damaged;
  }
  OCSP_SINGLERESP* single = nullptr;
  const Staple said = read_status(basic.get(), X509_get0_serialNumber(certificate), &single);
  const bool is_useless = said == Staple::good && demands_staple(certificate) &&
                          !is_trustworthy(ssl, basic.get(), single);
  return is_useless ? Staple::none : said;
}

// OpenSSL's status callback on the client's side: 1 goes on, 0 ends the handshake with
// bad_certificate_status_response.
int on_staple(SSL* ssl, void* /*argument*/) noexcept {
  X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr) {
    return 0;
  }
  if (SSL_session_reused(ssl) == 1) {
    return 1;  // no certificates were sent, so no answer belongs to them; tls/verify.h bounds the
               // age
  }
  const unsigned char* bytes = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl, &bytes);
  const Staple staple =
      bytes == nullptr || size <= 0 ? Staple::none : judge_answer(ssl, certificate, bytes, size);
  if (staple == Staple::revoked) {
    SSL_set_verify_result(ssl, X509_V_ERR_CERT_REVOKED);
    return 0;
  }
  if (staple == Staple::damaged || (staple == Staple::none && demands_staple(certificate))) {
    SSL_set_verify_result(ssl, X509_V_ERR_OCSP_VERIFY_FAILED);
    return 0;
  }
  ERR_clear_error();
  return 1;
}

}  // namespace

base::Status require_good_staple(ssl_ctx_st* context) {
  // The second is SSL_CTX_set_tlsext_status_cb, whose macro casts in C's way.
  if (SSL_CTX_set_tlsext_status_type(context, TLSEXT_STATUSTYPE_ocsp) != 1 ||
      SSL_CTX_callback_ctrl(context,
                            SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB,
                            reinterpret_cast<void (*)()>(on_staple)) != 1) {
    ERR_clear_error();
    return base::Error{base::Errc::tls, "OpenSSL does not take the OCSP settings"};
  }
  return {};
}

}  // namespace keyswap::tls
