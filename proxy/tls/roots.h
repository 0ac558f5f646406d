// SPDX-License-Identifier: Apache-2.0
//
// Which roots vouch for upstreams: the system's bundle and the operator's own, read from files that
// are named, never from what the environment says (SSL_CERT_FILE, SSL_CERT_DIR). Our own CA is
// never one of them: a chain that ends in it would be one that somebody else made with a stolen
// key. Private to tls.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/base/result.h"

struct x509_store_st;

namespace keyswap::tls {

struct FreeStore {
  void operator()(x509_store_st* store) const;
};

using StorePointer = std::unique_ptr<x509_store_st, FreeStore>;

inline constexpr const char* kSystemRootsFile = "/etc/ssl/certs/ca-certificates.crt";

// `system_file` may be missing; our own CA is left out of it, because those who want every program
// to trust it put it there. The extra files must be there and hold certificates only of others:
// not_found, invalid_input. A certificate that cannot be read makes its file invalid_input as a
// whole.
base::Result<StorePointer> load_roots(const std::string& system_file,
                                      const std::vector<std::string>& extra_files,
                                      const std::string& own_ca_pem);

// The same with the texts of the extra files, for whoever has read them.
base::Result<StorePointer> load_roots_of(const std::string& system_file,
                                         const std::vector<std::string>& extra_pems,
                                         const std::string& own_ca_pem);

// SHA-256 over the store's certificates, whatever their order; 32 bytes.
std::string digest_of(x509_store_st* roots);

}  // namespace keyswap::tls
