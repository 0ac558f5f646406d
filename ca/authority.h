// SPDX-License-Identifier: Apache-2.0
//
// The local certificate authority (I11): one P-256 root per install. Its private key exists only
// sealed in the vault (system secret "ca-key", PKCS#8 DER) and, opened, inside the running process.
// The certificate is public: ca.pem. RFC 5280 profile: v3, random serial, SKI = SHA-1 of the key
// (method 1), critical basicConstraints CA:TRUE pathlen 0, critical keyUsage keyCertSign + cRLSign,
// 10 years, subject unique per install; on request name constraints (ca/permitted_hosts.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ca/permitted_hosts.h"
#include "proxy/base/result.h"
#include "vault/secret.h"

struct evp_pkey_st;
struct x509_st;

namespace keyswap::ca {

struct NewAuthority {
  vault::Secret key_der;
  std::string certificate_pem;
};

// A new root, valid from 48 hours before now_s: for clients whose clock is behind.
base::Result<NewAuthority> create_authority(std::int64_t now_s,
                                            const PermittedHosts& permitted = {});

// An opened root; immutable and thread-safe.
class Authority {
 public:
  // corrupt when the two do not belong together or the certificate is not a CA certificate;
  // unavailable when it has expired or is not yet valid at now_s.
  static base::Result<std::shared_ptr<const Authority>> open(const vault::Secret& key_der,
                                                             std::string_view certificate_pem,
                                                             std::int64_t now_s);
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;
  Authority(Authority&&) = delete;
  Authority& operator=(Authority&&) = delete;
  ~Authority();

  [[nodiscard]] const std::string& certificate_pem() const { return certificate_pem_; }

  [[nodiscard]] std::string certificate_sha256() const;  // hex, of the DER
  [[nodiscard]] std::int64_t not_after_s() const;

  // The hosts that it may name.
  [[nodiscard]] const PermittedHosts& permitted() const { return permitted_; }

  [[nodiscard]] evp_pkey_st* key() const { return key_; }

  [[nodiscard]] x509_st* certificate() const { return certificate_; }

 private:
  Authority(evp_pkey_st* key, x509_st* certificate, std::string pem, PermittedHosts permitted)
      : key_(key),
        certificate_(certificate),
        certificate_pem_(std::move(pem)),
        permitted_(std::move(permitted)) {}

  evp_pkey_st* key_;
  x509_st* certificate_;
  std::string certificate_pem_;
  PermittedHosts permitted_;
};

}  // namespace keyswap::ca
