// SPDX-License-Identifier: Apache-2.0
#include "ca/summary.h"

#include <array>
#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "ca/certificate.h"
#include "ca/crypto_start.h"
#include "proxy/base/bytes.h"

namespace keyswap::ca {

namespace {

constexpr std::size_t kPemBytesMax = std::size_t{16} * 1024 * 1024;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

using BioPointer = std::unique_ptr<BIO, FreeBio>;

std::string subject_of(const X509* certificate) {
  const BioPointer bio(BIO_new(BIO_s_mem()));
  // RFC 2253 escapes control bytes, so that a subject cannot move a terminal's cursor.
  if (bio == nullptr ||
      X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0) {
    return {};
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

base::Result<CertificateSummary> summarize_certificate(std::string_view pem) {
  KS_TRY(start_crypto());
  const BioPointer bio(pem.size() <= kPemBytesMax
                           ? BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))
                           : nullptr);
  const CertificatePointer certificate(
      bio == nullptr ? nullptr : PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (certificate == nullptr ||
      X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1) {
    ERR_clear_error();
    return base::Error{base::Errc::corrupt, "not a certificate in PEM form"};
  }
  return CertificateSummary{subject_of(certificate.get()),
                            base::to_hex({reinterpret_cast<const char*>(digest.data()), size}),
                            not_before_of(certificate.get()),
                            not_after_of(certificate.get())};
}

}  // namespace keyswap::ca
