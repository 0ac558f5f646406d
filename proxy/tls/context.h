// SPDX-License-Identifier: Apache-2.0
//
// The TLS policy of both sides, in one page. OpenSSL is started without reading any configuration
// file or environment (OPENSSL_INIT_NO_LOAD_CONFIG; SSL_CERT_FILE and the like are ignored),
// security level 2, TLS 1.2 at least, ECDHE + AEAD only, X25519 first, no renegotiation, no
// compression, no early data. Towards clients: ALPN http/1.1, no tickets. Towards upstreams: always
// verified (I4): system roots plus the operator's, SAN only (no common name, no partial wildcard),
// EKU serverAuth, our own CA never trusted.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy/base/result.h"

struct ssl_ctx_st;
struct x509_store_st;

namespace keyswap::tls {

// Once per process, first thing, before threads start and before anything else uses OpenSSL (the
// first use decides whether a configuration file is read). Idempotent. permission when memory for
// keys cannot be locked.
base::Status start_library();

class ServerContext {
 public:
  static base::Result<std::shared_ptr<const ServerContext>> create();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;
  ServerContext(ServerContext&&) = delete;
  ServerContext& operator=(ServerContext&&) = delete;
  ~ServerContext();

  [[nodiscard]] ssl_ctx_st* context() const { return context_; }

 private:
  explicit ServerContext(ssl_ctx_st* context) : context_(context) {}

  ssl_ctx_st* context_;
};

class ClientContext {
 public:
  // Roots: /etc/ssl/certs/ca-certificates.crt (if it is there) and every PEM file of
  // `extra_root_files`. not_found or invalid_input for an extra file that is missing, empty or not
  // PEM certificates; invalid_input if `own_ca_pem` (may be "") is in an extra file: our CA vouches
  // for no upstream. In the system's file, where it may have been put for other programs, it is
  // left out.
  static base::Result<std::shared_ptr<const ClientContext>> create(
      const std::vector<std::string>& extra_root_files, const std::string& own_ca_pem);
  // The same with the texts of such files, for whoever has read (and judged) them.
  static base::Result<std::shared_ptr<const ClientContext>> create_of(
      const std::vector<std::string>& extra_root_pems, const std::string& own_ca_pem);
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;
  ClientContext(ClientContext&&) = delete;
  ClientContext& operator=(ClientContext&&) = delete;
  ~ClientContext();

  [[nodiscard]] ssl_ctx_st* context() const { return context_; }

  // Random bytes that stand for these roots: a session is only resumed under those that verified
  // it.
  [[nodiscard]] const std::string& identity() const { return identity_; }

  // SHA-256 over the roots, whichever files they were read from: the same for whoever trusts the
  // same. 32 bytes.
  [[nodiscard]] const std::string& roots_sha256() const { return roots_sha256_; }

 private:
  // Takes the roots over.
  static base::Result<std::shared_ptr<const ClientContext>> create_with(x509_store_st* roots);

  ClientContext(ssl_ctx_st* context, std::string identity, std::string roots_sha256)
      : context_(context), identity_(std::move(identity)), roots_sha256_(std::move(roots_sha256)) {}

  ssl_ctx_st* context_;
  std::string identity_;
  std::string roots_sha256_;
};

// Makes a context of another library, which runs the handshake itself, keep to this policy and
// verify as connections of `like` do: its roots, and that the certificate is for `host` (I4). What
// the library or its environment had set, such as a file for the session's keys, is undone. To be
// called last, before a connection is made of it. invalid_input for what is no host.
base::Status make_verifying(const ClientContext& like,
                            const std::string& host,
                            bool host_is_ip,
                            ssl_ctx_st* context);

}  // namespace keyswap::tls
