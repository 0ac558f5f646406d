// SPDX-License-Identifier: Apache-2.0
//
// Building blocks of the certificates we sign (RFC 5280 section 4). Extensions are written as DER,
// not through OpenSSL's configuration language, which would parse text. Private to ca.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;
struct x509_st;
struct X509_name_st;

namespace keyswap::ca {

struct FreeCertificate {
  void operator()(x509_st* certificate) const;
};

using CertificatePointer = std::unique_ptr<x509_st, FreeCertificate>;

// Subject organization of every certificate we sign.
inline constexpr std::string_view kOrganization = "keyswap";

enum class Criticality : std::uint8_t { plain, critical };

// A v3 certificate with a random serial of 128 bits, valid from..until (inclusive, seconds since
// 1970), for `key`; null when OpenSSL fails.
CertificatePointer new_certificate(evp_pkey_st* key, std::int64_t from_s, std::int64_t until_s);

// Each gives false when OpenSSL fails.
bool add_to_name(X509_name_st* name, int nid, std::string_view text);
bool add_extension(x509_st* certificate, int nid, Criticality criticality, std::string_view der);
bool add_subject_key_id(x509_st* certificate, const std::string& key_id);
bool add_authority_key_id(x509_st* certificate, const std::string& issuer_key_id);
bool sign(x509_st* certificate, evp_pkey_st* key);

// SHA-1 of the certificate's public key (RFC 5280 section 4.2.1.2, method 1), "" when OpenSSL
// fails.
std::string key_id_of(const x509_st* certificate);
// What a finished certificate says its key identifier is; "" if it does not.
std::string subject_key_id(x509_st* certificate);
// Seconds since 1970; 0 when the field is no valid time.
std::int64_t not_before_of(const x509_st* certificate);
std::int64_t not_after_of(const x509_st* certificate);

// A host name in normal form: labels in lower case, the last one no number, which would be an
// address to some.
bool is_host_name(std::string_view host);
// The 4 or 16 bytes of an IP literal; "" if it is none.
std::string address_bytes(const std::string& host);

// One DER element: tag, length, content.
std::string der(char tag, std::string_view content);

}  // namespace keyswap::ca
