// SPDX-License-Identifier: Apache-2.0
//
// Certificates of every kind, good and bad, for tests of verification: made on the spot with
// OpenSSL, so that none expires in the repository.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace keyswap::test {

enum class KeyKind : std::uint8_t { p256, rsa2048, rsa1024 };
enum class DigestKind : std::uint8_t { sha256, sha1, md5 };

// Extensions in OpenSSL's configuration language: name and value.
using Extensions = std::vector<std::pair<std::string, std::string>>;

Extensions for_authority(const std::string& basic_constraints = "critical,CA:TRUE");
Extensions for_server(const std::string& subject_alt_name);
// The same list with `name` set to `value`, or without it when `value` is "".
Extensions with(Extensions list, const std::string& name, const std::string& value);

struct Spec {
  std::string common_name;
  Extensions extensions;
  std::int64_t from_s = -3600;  // from now
  std::int64_t until_s = 24 * 3600;
  KeyKind key = KeyKind::p256;
  DigestKind digest = DigestKind::sha256;
};

// A certificate and its key.
struct Identity {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;

  [[nodiscard]] std::string pem() const;
  [[nodiscard]] std::string key_pem() const;
};

// Signed by `issuer`, or by itself. Keys of a kind are made once and used again for speed, except
// that an authority always has its own.
Identity make_identity(const Spec& spec, const Identity* issuer = nullptr);

Identity make_root(const std::string& common_name = "Test Root");
Identity make_intermediate(const Identity& root,
                           const std::string& common_name = "Test Intermediate");
// Good for a server of this name in every way.
Identity make_server(const Identity& issuer, const std::string& host);

// A DER OCSP response about `subject`, signed by `issuer` itself.
enum class OcspStatus : std::uint8_t { good, revoked, unknown };
std::string make_ocsp_response(const Identity& issuer,
                               const Identity& subject,
                               OcspStatus status,
                               std::int64_t this_update_s = -60,
                               std::int64_t next_update_s = 3600);

}  // namespace keyswap::test
