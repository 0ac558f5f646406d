// SPDX-License-Identifier: Apache-2.0
#include "ca/certificate.h"

#include <algorithm>
#include <array>
#include <ctime>

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "proxy/base/assert.h"
#include "proxy/base/bytes.h"

namespace keyswap::ca {

namespace {

constexpr std::size_t kSerialBytes = 16;
constexpr std::size_t kNameBytesMax = 253;
constexpr std::size_t kLabelBytesMax = 63;

struct FreeAsn1 {
  void operator()(ASN1_OCTET_STRING* text) const { ASN1_OCTET_STRING_free(text); }

  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }

  void operator()(BIGNUM* number) const { BN_free(number); }
};

bool set_random_serial(X509* certificate) {
  std::array<unsigned char, kSerialBytes> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    return false;
  }
  const std::unique_ptr<BIGNUM, FreeAsn1> number(
      BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr));
  return number != nullptr &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool is_label_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLabelBytesMax && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), is_label_byte);
}

bool is_number(std::string_view label) {
  return std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(timegm(&parts)) : 0;
}

}  // namespace

void FreeCertificate::operator()(x509_st* certificate) const {
  X509_free(certificate);
}

CertificatePointer new_certificate(evp_pkey_st* key, std::int64_t from_s, std::int64_t until_s) {
  CertificatePointer certificate(X509_new());
  X509* x = certificate.get();
  const bool is_filled =
      x != nullptr && X509_set_version(x, X509_VERSION_3) == 1 && set_random_serial(x) &&
      ASN1_TIME_set(X509_getm_notBefore(x), from_s) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(x), until_s) != nullptr && X509_set_pubkey(x, key) == 1;
  return is_filled ? std::move(certificate) : nullptr;
}

bool add_to_name(X509_name_st* name, int nid, std::string_view text) {
  return X509_NAME_add_entry_by_NID(name,
                                    nid,
                                    MBSTRING_UTF8,
                                    base::as_unsigned(text),
                                    static_cast<int>(text.size()),
                                    -1,
                                    0) == 1;
}

bool add_extension(x509_st* certificate, int nid, Criticality criticality, std::string_view der) {
  const std::unique_ptr<ASN1_OCTET_STRING, FreeAsn1> value(ASN1_OCTET_STRING_new());
  if (value == nullptr ||
      ASN1_OCTET_STRING_set(value.get(), base::as_unsigned(der), static_cast<int>(der.size())) !=
          1) {
    return false;
  }
  const std::unique_ptr<X509_EXTENSION, FreeAsn1> extension(X509_EXTENSION_create_by_NID(
      nullptr, nid, criticality == Criticality::critical ? 1 : 0, value.get()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_subject_key_id(x509_st* certificate, const std::string& key_id) {
  return !key_id.empty() &&
         add_extension(
             certificate, NID_subject_key_identifier, Criticality::plain, der('\x04', key_id));
}

bool add_authority_key_id(x509_st* certificate, const std::string& issuer_key_id) {
  return add_extension(certificate,
                       NID_authority_key_identifier,
                       Criticality::plain,
                       der('\x30', der('\x80', issuer_key_id)));
}

bool sign(x509_st* certificate, evp_pkey_st* key) {
  // X509_check_purpose with -1 fills the cache of decoded extensions now, on this thread, so that
  // the threads which share the certificate only ever read it.
  return X509_sign(certificate, key, EVP_sha256()) > 0 &&
         X509_check_purpose(certificate, -1, 0) == 1;
}

std::string key_id_of(const x509_st* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_pubkey_digest(certificate, EVP_sha1(), digest.data(), &size) != 1) {
    return {};
  }
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string subject_key_id(x509_st* certificate) {
  const ASN1_OCTET_STRING* id = X509_get0_subject_key_id(certificate);
  return id == nullptr ? std::string()
                       : std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(id)),
                                     static_cast<std::size_t>(ASN1_STRING_length(id)));
}

std::int64_t not_before_of(const x509_st* certificate) {
  return seconds_of(X509_get0_notBefore(certificate));
}

std::int64_t not_after_of(const x509_st* certificate) {
  return seconds_of(X509_get0_notAfter(certificate));
}

bool is_host_name(std::string_view host) {
  if (host.size() > kNameBytesMax) {
    return false;
  }
  while (true) {
    const std::size_t dot = host.find('.');
    const std::string_view label = host.substr(0, dot);
    if (!is_label(label)) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return !is_number(label);
    }
    host.remove_prefix(dot + 1);
  }
}

std::string address_bytes(const std::string& host) {
  std::array<char, sizeof(in6_addr)> bytes{};
  if (inet_pton(AF_INET, host.c_str(), bytes.data()) == 1) {
    return {bytes.data(), sizeof(in_addr)};
  }
  if (inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1) {
    return {bytes.data(), sizeof(in6_addr)};
  }
  return {};
}

std::string der(char tag, std::string_view content) {
  constexpr std::size_t kShortLengthMax = 127;
  constexpr std::size_t kOneByteMax = 255;
  KS_ASSERT(content.size() <= 0xffff);
  const auto low_byte = [](std::size_t number) {
    return static_cast<char>(number & 0xffU);
  };
  std::string element(1, tag);
  if (content.size() > kOneByteMax) {
    element += {'\x82', low_byte(content.size() >> 8U)};
  } else if (content.size() > kShortLengthMax) {
    element += '\x81';
  }
  element += low_byte(content.size());
  return element.append(content);
}

}  // namespace keyswap::ca
