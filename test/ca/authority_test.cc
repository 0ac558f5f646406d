// SPDX-License-Identifier: Apache-2.0
#include "ca/authority.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "ca/certificate.h"
#include "ca/crypto_start.h"
#include "ca/ec_key.h"
#include "proxy/base/bytes.h"
#include "test/ca/fixture.h"

namespace keyswap {
namespace {

using base::Errc;
using test::extension_text;
using test::now_s;

constexpr std::int64_t kDay = 24 * 3600;

vault::Secret secret_of(const std::string& bytes) {
  auto secret = vault::Secret::copy_of(bytes);
  REQUIRE(secret);
  return std::move(*secret);
}

TEST_CASE("TC-02 the root is a CA of its own install that may sign leaves and no further CA [I11]",
          "[I11]") {
  const auto one = test::open_new_authority();
  const auto other = test::open_new_authority();
  X509* root = one.authority->certificate();
  CHECK(X509_get_version(root) == X509_VERSION_3);
  CHECK(extension_text(root, NID_basic_constraints) == "critical CA:TRUE, pathlen:0");
  CHECK(extension_text(root, NID_key_usage) == "critical Certificate Sign, CRL Sign");
  CHECK(extension_text(root, NID_subject_key_identifier).size() == 20 * 3 - 1);
  CHECK(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(root), X509_get0_subject_key_id(root)) ==
        0);
  CHECK(X509_check_ca(root) == 1);
  CHECK(EVP_PKEY_get_bits(X509_get0_pubkey(root)) == 256);
  CHECK(X509_NAME_cmp(X509_get_subject_name(root),
                      X509_get_subject_name(other.authority->certificate())) != 0);
  CHECK(EVP_PKEY_eq(one.authority->key(), other.authority->key()) != 1);
  CHECK(one.authority->certificate_sha256() != other.authority->certificate_sha256());
  CHECK(one.authority->certificate_sha256().size() == 64);
}

TEST_CASE("TC-02 the root's key is no leaf's key", "[I11]") {
  const auto root = test::open_new_authority();
  const auto leaf_key = test::new_leaf_key();
  CHECK(EVP_PKEY_eq(root.authority->key(), leaf_key->key()) != 1);
}

TEST_CASE("the root is valid from 48 hours before it was made, for ten years") {
  const auto root = test::open_new_authority(now_s());
  CHECK(ca::not_before_of(root.authority->certificate()) <= now_s() - 48 * 3600);
  CHECK(ca::not_before_of(root.authority->certificate()) > now_s() - 48 * 3600 - 100);
  CHECK(root.authority->not_after_s() > now_s() + 3640 * kDay);
  CHECK(root.authority->not_after_s() < now_s() + 3660 * kDay);
}

TEST_CASE("the stored key is PKCS#8 that OpenSSL reads as the same key") {
  const auto root = test::open_new_authority();
  const auto* der = reinterpret_cast<const unsigned char*>(root.key_der.data());
  EVP_PKEY* key = d2i_AutoPrivateKey(nullptr, &der, static_cast<long>(root.key_der.size()));
  REQUIRE(key != nullptr);
  CHECK(EVP_PKEY_eq(key, root.authority->key()) == 1);
  EVP_PKEY_free(key);
}

TEST_CASE("a key with any byte changed is refused") {
  const auto root = test::open_new_authority();
  for (std::size_t i = 0; i < root.key_der.size(); ++i) {
    std::string changed = root.key_der;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto opened = ca::Authority::open(secret_of(changed), root.pem, now_s());
    INFO(i);
    REQUIRE(!opened);
    CHECK(opened.error().code == Errc::corrupt);
  }
}

TEST_CASE("a key that is cut, lengthened or empty is refused") {
  const auto root = test::open_new_authority();
  CHECK(!ca::decode_pkcs8(root.key_der.substr(1)));
  CHECK(!ca::decode_pkcs8(root.key_der.substr(0, root.key_der.size() - 1)));
  CHECK(!ca::decode_pkcs8(root.key_der + "x"));
  CHECK(!ca::decode_pkcs8(""));
  CHECK(ca::decode_pkcs8(root.key_der));
}

TEST_CASE("a certificate and a key of different authorities do not open") {
  const auto one = test::open_new_authority();
  const auto other = test::open_new_authority();
  const auto opened = ca::Authority::open(secret_of(one.key_der), other.pem, now_s());
  REQUIRE(!opened);
  CHECK(opened.error().code == Errc::corrupt);
}

TEST_CASE("what is not exactly one CA certificate of ours does not open") {
  const auto root = test::open_new_authority();
  const auto leaf = test::mint(root, "a.test");
  const std::string pem = GENERATE(std::string(),
                                   std::string("no certificate"),
                                   std::string("half"),
                                   std::string("two"),
                                   std::string("leaf"));
  std::string content = pem;
  if (pem == "half") {
    content = root.pem.substr(0, root.pem.size() / 2);
  } else if (pem == "two") {
    content = root.pem + root.pem;
  } else if (pem == "leaf") {
    content = test::pem_of(leaf->certificate);
  }
  const auto opened = ca::Authority::open(secret_of(root.key_der), content, now_s());
  INFO(pem);
  REQUIRE(!opened);
  CHECK(opened.error().code == Errc::corrupt);
}

TEST_CASE("an authority outside its time is unavailable, with the reason [I13]", "[I13]") {
  const auto root = test::open_new_authority();
  const auto key = secret_of(root.key_der);
  const auto late = ca::Authority::open(key, root.pem, root.authority->not_after_s());
  REQUIRE(!late);
  CHECK(late.error().code == Errc::unavailable);
  const auto early = ca::Authority::open(key, root.pem, now_s() - 49 * 3600);
  REQUIRE(!early);
  CHECK(early.error().code == Errc::unavailable);
  CHECK(std::string(early.error().note.text()) != late.error().note.text());
  CHECK(ca::Authority::open(key, root.pem, root.authority->not_after_s() - 1));
}

TEST_CASE("private numbers live in OpenSSL's locked heap [I1] [I11]", "[I1][I11]") {
  REQUIRE(ca::start_crypto());
  CHECK(CRYPTO_secure_malloc_initialized() == 1);
  // The first use seeds OpenSSL's random generator, which keeps its state in the same heap.
  static_cast<void>(test::open_new_authority());
  const std::size_t before = CRYPTO_secure_used();
  {
    const auto root = test::open_new_authority();
    CHECK(CRYPTO_secure_used() > before);
  }
  CHECK(CRYPTO_secure_used() == before);
}

TEST_CASE("DER lengths are written in the shortest form") {
  CHECK(ca::der('\x04', "ab") == std::string("\x04\x02"
                                             "ab"));
  CHECK(ca::der('\x04', std::string(127, 'x')).substr(0, 2) == "\x04\x7f");
  CHECK(ca::der('\x04', std::string(128, 'x')).substr(0, 3) == "\x04\x81\x80");
  CHECK(base::to_hex(ca::der('\x04', std::string(256, 'x')).substr(0, 4)) == "04820100");
}

}  // namespace
}  // namespace keyswap
