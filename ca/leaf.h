// SPDX-License-Identifier: Apache-2.0
//
// Leaf certificates (I11): for exactly one host, P-256, at most 7 days, backdated 48 hours,
// SAN dNSName or iPAddress (critical never needed: the subject has a CN when it fits), EKU
// serverAuth, critical keyUsage digitalSignature, critical CA:FALSE, SKI, AKI equal to the root's
// SKI, 128-bit random serial. The leaf key is one for the process (docs/architecture.md says why),
// never on disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ca/authority.h"
#include "proxy/base/result.h"

namespace keyswap::ca {

// The key all leaves of this process share; held as EC_KEY, because OpenSSL 3.0 decodes a provider
// key anew for each certificate (160 us). Thread-safe once made.
class LeafKey {
 public:
  static base::Result<std::shared_ptr<const LeafKey>> create();
  LeafKey(const LeafKey&) = delete;
  LeafKey& operator=(const LeafKey&) = delete;
  LeafKey(LeafKey&&) = delete;
  LeafKey& operator=(LeafKey&&) = delete;
  ~LeafKey();

  [[nodiscard]] evp_pkey_st* key() const { return key_; }

 private:
  explicit LeafKey(evp_pkey_st* key) : key_(key) {}

  evp_pkey_st* key_;
};

struct Leaf {
  Leaf(std::shared_ptr<const LeafKey> leaf_key, x509_st* signed_certificate, std::int64_t expires_s)
      : key(std::move(leaf_key)), certificate(signed_certificate), not_after_s(expires_s) {}

  Leaf(const Leaf&) = delete;
  Leaf& operator=(const Leaf&) = delete;
  Leaf(Leaf&&) = delete;
  Leaf& operator=(Leaf&&) = delete;
  ~Leaf();

  std::shared_ptr<const LeafKey> key;
  x509_st* certificate;  // owned
  std::int64_t not_after_s;
};

// `host`: a normal-form name or IP literal (http::Authority::host); a name that is not LDH (plus
// '_'), or too long, is refused with invalid_input; one that the root may not name
// (ca/permitted_hosts.h) with permission. Never begins before the root nor outlives it:
// not_yet_valid, expired where now_s is outside of the root's time.
base::Result<std::shared_ptr<const Leaf>> mint_leaf(const Authority& authority,
                                                    const std::shared_ptr<const LeafKey>& key,
                                                    const std::string& host,
                                                    bool host_is_ip,
                                                    std::int64_t now_s);

}  // namespace keyswap::ca
