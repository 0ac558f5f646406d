// SPDX-License-Identifier: Apache-2.0
#include "test/support/test_pki.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

namespace keyswap::test {

namespace {

// Tests of the machinery below are the tests that use it: a failure here is a bug of the test.
void check(bool is_good, const char* what) {
  if (!is_good) {
    static_cast<void>(std::fprintf(stderr, "test_pki: %s failed\n", what));
    ERR_print_errors_fp(stderr);
    std::abort();
  }
}

std::shared_ptr<EVP_PKEY> new_key(KeyKind kind) {
  EVP_PKEY* key = nullptr;
  switch (kind) {
    case KeyKind::p256:
      key = EVP_EC_gen("P-256");
      break;
    case KeyKind::rsa2048:
      key = EVP_RSA_gen(2048U);
      break;
    case KeyKind::rsa1024:
      key = EVP_RSA_gen(1024U);
      break;
  }
  check(key != nullptr, "key");
  return {key, EVP_PKEY_free};
}

// RSA keys are slow to make; who holds which does not matter to these tests.
std::shared_ptr<EVP_PKEY> key_of_kind(KeyKind kind) {
  if (kind == KeyKind::p256) {
    return new_key(kind);
  }
  static const std::shared_ptr<EVP_PKEY> kRsa2048 = new_key(KeyKind::rsa2048);
  static const std::shared_ptr<EVP_PKEY> kRsa1024 = new_key(KeyKind::rsa1024);
  return kind == KeyKind::rsa2048 ? kRsa2048 : kRsa1024;
}

const EVP_MD* digest_of(DigestKind kind) {
  switch (kind) {
    case DigestKind::sha256:
      return EVP_sha256();
    case DigestKind::sha1:
      return EVP_sha1();
    case DigestKind::md5:
      return EVP_md5();
  }
  return nullptr;
}

void set_serial(X509* certificate) {
  unsigned char random[8];  // NOLINT(modernize-avoid-c-arrays)
  check(RAND_bytes(random, sizeof random) == 1, "random");
  BIGNUM* number = BN_bin2bn(random, sizeof random, nullptr);
  check(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr, "serial");
  BN_free(number);
}

void set_name(X509_NAME* name, const std::string& common_name) {
  check(X509_NAME_add_entry_by_txt(name,
                                   "CN",
                                   MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(common_name.data()),
                                   static_cast<int>(common_name.size()),
                                   -1,
                                   0) == 1,
        "name");
}

void add_extensions(X509* certificate, X509* issuer, const Extensions& extensions) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  for (const auto& [name, value] : extensions) {
    X509_EXTENSION* extension = X509V3_EXT_nconf(nullptr, &context, name.c_str(), value.c_str());
    check(extension != nullptr, name.c_str());
    check(X509_add_ext(certificate, extension, -1) == 1, "add extension");
    X509_EXTENSION_free(extension);
  }
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

}  // namespace

Extensions for_authority(const std::string& basic_constraints) {
  return {{"basicConstraints", basic_constraints},
          {"keyUsage", "critical,keyCertSign,cRLSign"},
          {"subjectKeyIdentifier", "hash"},
          {"authorityKeyIdentifier", "keyid"}};
}

Extensions for_server(const std::string& subject_alt_name) {
  return {{"basicConstraints", "critical,CA:FALSE"},
          {"keyUsage", "critical,digitalSignature,keyEncipherment"},
          {"extendedKeyUsage", "serverAuth"},
          {"subjectAltName", subject_alt_name},
          {"subjectKeyIdentifier", "hash"},
          {"authorityKeyIdentifier", "keyid"}};
}

Extensions with(Extensions list, const std::string& name, const std::string& value) {
  for (auto at = list.begin(); at != list.end(); ++at) {
    if (at->first == name) {
      list.erase(at);
      break;
    }
  }
  if (!value.empty()) {
    list.emplace_back(name, value);
  }
  return list;
}

std::string Identity::pem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  check(PEM_write_bio_X509(bio, certificate.get()) == 1, "pem");
  return text_of(bio);
}

std::string Identity::key_pem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  check(PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "key pem");
  return text_of(bio);
}

Identity make_identity(const Spec& spec, const Identity* issuer) {
  Identity identity{{X509_new(), X509_free}, key_of_kind(spec.key)};
  X509* certificate = identity.certificate.get();
  X509* signer = issuer == nullptr ? certificate : issuer->certificate.get();
  const std::time_t now = std::time(nullptr);
  check(X509_set_version(certificate, X509_VERSION_3) == 1, "version");
  set_serial(certificate);
  set_name(X509_get_subject_name(certificate), spec.common_name);
  check(X509_set_issuer_name(certificate, X509_get_subject_name(signer)) == 1, "issuer");
  check(ASN1_TIME_set(X509_getm_notBefore(certificate), now + spec.from_s) != nullptr, "from");
  check(ASN1_TIME_set(X509_getm_notAfter(certificate), now + spec.until_s) != nullptr, "until");
  check(X509_set_pubkey(certificate, identity.key.get()) == 1, "public key");
  add_extensions(certificate, signer, spec.extensions);
  EVP_PKEY* signing_key = issuer == nullptr ? identity.key.get() : issuer->key.get();
  check(X509_sign(certificate, signing_key, digest_of(spec.digest)) > 0, "sign");
  return identity;
}

Identity make_root(const std::string& common_name) {
  return make_identity({common_name, for_authority()});
}

Identity make_intermediate(const Identity& root, const std::string& common_name) {
  return make_identity({common_name, for_authority("critical,CA:TRUE,pathlen:0")}, &root);
}

Identity make_server(const Identity& issuer, const std::string& host) {
  return make_identity({host, for_server("DNS:" + host)}, &issuer);
}

std::string make_ocsp_response(const Identity& issuer,
                               const Identity& subject,
                               OcspStatus status,
                               std::int64_t this_update_s,
                               std::int64_t next_update_s) {
  const std::time_t now = std::time(nullptr);
  OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
  OCSP_CERTID* id =
      OCSP_cert_to_id(EVP_sha1(), subject.certificate.get(), issuer.certificate.get());
  ASN1_TIME* from = ASN1_TIME_set(nullptr, now + this_update_s);
  ASN1_TIME* until = ASN1_TIME_set(nullptr, now + next_update_s);
  ASN1_TIME* revoked = ASN1_TIME_set(nullptr, now - 3600);
  const int code = status == OcspStatus::good      ? V_OCSP_CERTSTATUS_GOOD
                   : status == OcspStatus::revoked ? V_OCSP_CERTSTATUS_REVOKED
                                                   : V_OCSP_CERTSTATUS_UNKNOWN;
  check(OCSP_basic_add1_status(basic, id, code, 0, revoked, from, until) != nullptr, "status");
  check(OCSP_basic_sign(
            basic, issuer.certificate.get(), issuer.key.get(), EVP_sha256(), nullptr, 0) == 1,
        "sign response");
  OCSP_RESPONSE* response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_RESPONSE(response, &der);
  check(size > 0, "encode response");
  std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  OCSP_RESPONSE_free(response);
  OCSP_BASICRESP_free(basic);
  OCSP_CERTID_free(id);
  ASN1_TIME_free(from);
  ASN1_TIME_free(until);
  ASN1_TIME_free(revoked);
  return bytes;
}

}  // namespace keyswap::test
