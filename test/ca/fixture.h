// SPDX-License-Identifier: Apache-2.0
//
// What the tests of ca/ share: an authority of their own, a clock that stands where it is put, and
// readers of certificates.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <utility>

#include <catch2/catch.hpp>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "ca/authority.h"
#include "ca/leaf.h"
#include "proxy/base/clock.h"
#include "vault/secret.h"

namespace keyswap::test {

using X509Pointer = std::unique_ptr<X509, decltype(&X509_free)>;

class StandingClock final : public base::Clock {
 public:
  explicit StandingClock(std::int64_t now_s) : now_s_(now_s) {}

  [[nodiscard]] std::int64_t wall_us() const override { return now_s_ * 1'000'000; }

  [[nodiscard]] std::int64_t steady_us() const override { return now_s_ * 1'000'000; }

  void advance_s(std::int64_t seconds) { now_s_ += seconds; }

 private:
  std::int64_t now_s_;
};

inline std::int64_t now_s() {
  return static_cast<std::int64_t>(std::time(nullptr));
}

struct OpenedAuthority {
  std::string key_der;  // of a throw-away authority: no secret
  std::string pem;
  std::shared_ptr<const ca::Authority> authority;
};

inline OpenedAuthority open_new_authority(std::int64_t at_s = now_s()) {
  REQUIRE(vault::lock_memory());
  auto made = ca::create_authority(at_s);
  REQUIRE(made);
  auto opened = ca::Authority::open(made->key_der, made->certificate_pem, at_s);
  REQUIRE(opened);
  return {std::string(made->key_der.reveal()), made->certificate_pem, *opened};
}

inline std::shared_ptr<const ca::LeafKey> new_leaf_key() {
  auto key = ca::LeafKey::create();
  REQUIRE(key);
  return *key;
}

inline std::shared_ptr<const ca::Leaf> mint(const OpenedAuthority& from,
                                            const std::string& host,
                                            bool is_ip = false) {
  auto leaf = ca::mint_leaf(*from.authority, new_leaf_key(), host, is_ip, now_s());
  REQUIRE(leaf);
  return *leaf;
}

inline X509Pointer parse_pem(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509Pointer certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr), X509_free);
  BIO_free(bio);
  REQUIRE(certificate != nullptr);
  return certificate;
}

inline std::string pem_of(X509* certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  REQUIRE(PEM_write_bio_X509(bio, certificate) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return pem;
}

// The extension as `openssl x509 -text` shows it, with "critical " in front where it is; "" if
// absent.
inline std::string extension_text(const X509* certificate, int nid) {
  const int index = X509_get_ext_by_NID(certificate, nid, -1);
  if (index < 0) {
    return {};
  }
  X509_EXTENSION* extension = X509_get_ext(certificate, index);
  BIO* bio = BIO_new(BIO_s_mem());
  X509V3_EXT_print(bio, extension, 0, 0);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return (X509_EXTENSION_get_critical(extension) == 1 ? "critical " : "") + text;
}

}  // namespace keyswap::test
