// SPDX-License-Identifier: Apache-2.0
#include "ca/authority.h"

#include <array>
#include <string>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "ca/certificate.h"
#include "ca/ec_key.h"
#include "proxy/base/bounds.h"
#include "proxy/base/bytes.h"

namespace keyswap::ca {

namespace {

using namespace std::string_view_literals;

constexpr std::int64_t kRootLifeSeconds = 10LL * 365 * 24 * 3600;
constexpr std::size_t kSubjectSuffixBytes = 8;
constexpr std::size_t kCertificatePemBytesMax = std::size_t{16} * 1024;

// BasicConstraints { cA TRUE, pathLenConstraint 0 }: it signs leaves, never another authority.
constexpr std::string_view kAuthorityPathLength0 = "\x30\x06\x01\x01\xff\x02\x01\x00"sv;
constexpr std::string_view kKeyCertSignCrlSign = "\x03\x02\x01\x06"sv;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

using BioPointer = std::unique_ptr<BIO, FreeBio>;

base::Error not_made() {
  ERR_clear_error();
  return {base::Errc::unavailable, "OpenSSL could not make the CA certificate"};
}

base::Error corrupt(base::Note note) {
  ERR_clear_error();
  return {base::Errc::corrupt, note};
}

std::string to_pem(X509* certificate) {
  const BioPointer bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_X509(bio.get(), certificate) != 1) {
    return {};
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// The only certificate in the text; null if there is none, another one, or a broken one.
CertificatePointer from_pem(std::string_view pem) {
  if (pem.size() > kCertificatePemBytesMax) {
    return nullptr;
  }
  const BioPointer bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (bio == nullptr) {
    return nullptr;
  }
  CertificatePointer certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  const CertificatePointer second(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return second == nullptr ? std::move(certificate) : nullptr;
}

// Each install has a subject of its own, so that two roots in one trust store are told apart.
bool name_root(X509* root) {
  std::array<std::uint8_t, kSubjectSuffixBytes> random{};
  base::random_bytes(random);
  const std::string suffix =
      base::to_hex({reinterpret_cast<const char*>(random.data()), random.size()});
  X509_NAME* subject = X509_get_subject_name(root);
  return add_to_name(subject, NID_organizationName, kOrganization) &&
         add_to_name(subject, NID_commonName, "keyswap local CA " + suffix) &&
         X509_set_issuer_name(root, subject) == 1;
}

bool extend_root(X509* root, const PermittedHosts& permitted) {
  const std::string key_id = key_id_of(root);
  return (permitted.is_everything() ||
          add_extension(root, NID_name_constraints, Criticality::critical, permitted.der())) &&
         add_extension(root, NID_basic_constraints, Criticality::critical, kAuthorityPathLength0) &&
         add_extension(root, NID_key_usage, Criticality::critical, kKeyCertSignCrlSign) &&
         add_subject_key_id(root, key_id) && add_authority_key_id(root, key_id);
}

// Is it a root of the profile we write: self-signed, a CA that may sign certificates and no further
// CA?
bool is_our_kind_of_root(X509* root) {
  return X509_check_ca(root) == 1 && X509_get_pathlen(root) == 0 &&
         (X509_get_key_usage(root) & KU_KEY_CERT_SIGN) != 0 &&
         X509_get0_subject_key_id(root) != nullptr &&
         X509_NAME_cmp(X509_get_subject_name(root), X509_get_issuer_name(root)) == 0;
}

}  // namespace

base::Result<NewAuthority> create_authority(std::int64_t now_s, const PermittedHosts& permitted) {
  auto key = generate_p256();
  if (!key) {
    return key.error();
  }
  const std::int64_t from_s = now_s - base::bounds::kLeafBackdateSeconds;
  const CertificatePointer root =
      new_certificate(key->get(), from_s, from_s + kRootLifeSeconds - 1);
  if (root == nullptr || !name_root(root.get()) || !extend_root(root.get(), permitted) ||
      !sign(root.get(), key->get())) {
    return not_made();
  }
  auto key_der = encode_pkcs8(key->get());
  if (!key_der) {
    return key_der.error();
  }
  std::string pem = to_pem(root.get());
  if (pem.empty()) {
    return not_made();
  }
  return NewAuthority{std::move(*key_der), std::move(pem)};
}

base::Result<std::shared_ptr<const Authority>> Authority::open(const vault::Secret& key_der,
                                                               std::string_view certificate_pem,
                                                               std::int64_t now_s) {
  auto key = decode_pkcs8(key_der.reveal());
  if (!key) {
    return key.error();
  }
  CertificatePointer root = from_pem(certificate_pem);
  if (root == nullptr) {
    return corrupt("ca.pem does not hold exactly one certificate");
  }
  if (!is_our_kind_of_root(root.get())) {
    return corrupt("ca.pem is not a CA certificate of ours");
  }
  if (X509_check_private_key(root.get(), key->get()) != 1 ||
      X509_verify(root.get(), key->get()) != 1) {
    return corrupt("ca.pem does not belong to the CA key in the vault");
  }
  if (now_s < not_before_of(root.get())) {
    return base::Error{base::Errc::unavailable,
                       "the CA certificate is not valid yet: check the clock"};
  }
  if (now_s >= not_after_of(root.get())) {
    return base::Error{base::Errc::unavailable, "the CA certificate has expired"};
  }
  auto permitted = PermittedHosts::of(root.get());
  if (!permitted) {
    return permitted.error();
  }
  return std::shared_ptr<const Authority>(
      // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the constructor is private to open()
      new Authority(key->release(),
                    root.release(),
                    std::string(certificate_pem),
                    std::move(permitted).value()));
}

Authority::~Authority() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

std::string Authority::certificate_sha256() const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate_, EVP_sha256(), digest.data(), &size) != 1) {
    return {};
  }
  return base::to_hex({reinterpret_cast<const char*>(digest.data()), size});
}

std::int64_t Authority::not_after_s() const {
  return not_after_of(certificate_);
}

}  // namespace keyswap::ca
