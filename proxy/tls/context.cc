// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/context.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "ca/crypto_start.h"
#include "proxy/base/bytes.h"
#include "proxy/tls/hooks.h"
#include "proxy/tls/roots.h"
#include "proxy/tls/verify.h"

namespace keyswap::tls {

namespace {

using namespace std::string_view_literals;

// AES-128-GCM first: a tenth less work for bulk data than AES-256, and nothing is known against it.
constexpr const char* kTls13Ciphers =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
// TLS 1.2: forward secrecy and AEAD only (RFC 9325 section 4.2).
constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// X25519 first: P-256 costs half as much again per handshake in OpenSSL 3.0.
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr const char* kSignatures =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:"
    "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"
    "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512";
constexpr int kSecurityLevel = 2;                       // 112 bits: RSA 2048, no SHA-1
constexpr long kCertificateListBytesMax = 100L * 1024;  // of the upstream's chain
constexpr std::size_t kIdentityBytes = 16;

// As ALPN puts it (RFC 7301 section 3.1): length and name.
constexpr std::string_view kHttp11 = "\x08http/1.1"sv;

constexpr std::uint64_t kOptionsOn = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION;
// What a configuration or a later default might have switched on. IGNORE_UNEXPECTED_EOF would make
// a cut connection look like a finished one.
constexpr std::uint64_t kOptionsOff =
    SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_LEGACY_SERVER_CONNECT |
    SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION | SSL_OP_ALLOW_CLIENT_RENEGOTIATION |
    SSL_OP_NO_EXTENDED_MASTER_SECRET | SSL_OP_NO_TLSv1_3 | SSL_OP_NO_TLSv1_2;

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

using ContextPointer = std::unique_ptr<SSL_CTX, FreeContext>;

base::Error not_made() {
  const auto reason = ERR_GET_REASON(ERR_peek_error());
  ERR_clear_error();
  return {base::Errc::tls, "OpenSSL does not take the TLS settings", reason};
}

// The policy both sides share. Every setting is made explicitly, so that neither OpenSSL's defaults
// nor a configuration that was loaded in spite of start_library() can weaken it.
bool apply_policy(SSL_CTX* c) {
  SSL_CTX_set_security_level(c, kSecurityLevel);
  SSL_CTX_clear_options(c, kOptionsOff);
  SSL_CTX_set_options(c, kOptionsOn);
  // RELEASE_BUFFERS: 34 KB less for every idle connection.
  SSL_CTX_clear_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE);
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(c, 0);
  SSL_CTX_set_quiet_shutdown(c, 0);
  SSL_CTX_set_keylog_callback(c, nullptr);
  install_hooks(c);
  return SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_ciphersuites(c, kTls13Ciphers) == 1 &&
         SSL_CTX_set_cipher_list(c, kTls12Ciphers) == 1 &&
         SSL_CTX_set1_groups_list(c, kGroups) == 1 &&
         SSL_CTX_set1_sigalgs_list(c, kSignatures) == 1 && SSL_CTX_set_max_early_data(c, 0) == 1;
}

ContextPointer new_context(const SSL_METHOD* method) {
  ContextPointer context(SSL_CTX_new(method));
  return context != nullptr && apply_policy(context.get()) ? std::move(context) : nullptr;
}

// What a side that talks to upstreams has besides, once its roots are in place.
base::Status apply_client_policy(SSL_CTX* c) {
  KS_TRY(require_verification(c));
  // I1: a response may carry a secret back; its plaintext is wiped from OpenSSL's record buffer as
  // soon as it was read. Requests of a client hold placeholders only, so the other side goes
  // without.
  SSL_CTX_set_options(c, SSL_OP_CLEANSE_PLAINTEXT);
  // With both set OpenSSL wipes its whole 16 KiB buffer for every record, however short (1.5 us).
  // Idle connections to upstreams are few and pooled, so here the buffers stay; each record is
  // wiped.
  SSL_CTX_clear_mode(c, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(c, kCertificateListBytesMax);
  // Zero is success here, unlike everywhere else.
  if (SSL_CTX_set_alpn_protos(c, base::as_unsigned(kHttp11), kHttp11.size()) != 0) {
    return not_made();
  }
  return {};
}

// RFC 7301 section 3.2: a client that offers protocols, but not ours, is told so by an alert.
// NOLINTNEXTLINE(readability-function-size): OpenSSL says what the parameters are
int select_protocol(SSL* /*ssl*/,
                    const unsigned char** chosen,
                    unsigned char* chosen_size,
                    const unsigned char* offered,
                    unsigned offered_size,
                    void* /*argument*/) noexcept {
  std::string_view rest(reinterpret_cast<const char*>(offered), offered_size);
  while (!rest.empty()) {
    const std::size_t size = 1U + static_cast<unsigned char>(rest.front());
    if (rest.substr(0, size) == kHttp11) {
      *chosen = base::as_unsigned(rest) + 1;
      *chosen_size = static_cast<unsigned char>(kHttp11.size() - 1);
      return SSL_TLSEXT_ERR_OK;
    }
    rest.remove_prefix(std::min(size, rest.size()));
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

base::Status start_library() {
  KS_TRY(ca::start_crypto());
  if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) != 1) {
    return base::Error{base::Errc::unavailable, "OpenSSL does not start"};
  }
  return {};
}

base::Result<std::shared_ptr<const ServerContext>> ServerContext::create() {
  KS_TRY(start_library());
  ContextPointer context = new_context(TLS_server_method());
  if (context == nullptr) {
    return not_made();
  }
  // No tickets and no sessions: they would save us a twelfth of a handshake, and every key that
  // resumes one is a key that can be stolen.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  if (SSL_CTX_set_num_tickets(context.get(), 0) != 1) {
    return not_made();
  }
  SSL_CTX_set_verify(
      context.get(), SSL_VERIFY_NONE, nullptr);  // no certificate is asked of a client
  SSL_CTX_set_alpn_select_cb(context.get(), select_protocol, nullptr);
  return std::shared_ptr<const ServerContext>(
      // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the constructor is private to create()
      new ServerContext(context.release()));
}

ServerContext::~ServerContext() {
  SSL_CTX_free(context_);
}

base::Result<std::shared_ptr<const ClientContext>> ClientContext::create(
    const std::vector<std::string>& extra_root_files, const std::string& own_ca_pem) {
  KS_TRY(start_library());
  auto roots = load_roots(kSystemRootsFile, extra_root_files, own_ca_pem);
  if (!roots) {
    return roots.error();
  }
  return create_with(roots->release());
}

base::Result<std::shared_ptr<const ClientContext>> ClientContext::create_of(
    const std::vector<std::string>& extra_root_pems, const std::string& own_ca_pem) {
  KS_TRY(start_library());
  auto roots = load_roots_of(kSystemRootsFile, extra_root_pems, own_ca_pem);
  if (!roots) {
    return roots.error();
  }
  return create_with(roots->release());
}

base::Result<std::shared_ptr<const ClientContext>> ClientContext::create_with(
    x509_store_st* taken_roots) {
  StorePointer roots(taken_roots);
  ContextPointer context = new_context(TLS_client_method());
  if (context == nullptr) {
    return not_made();
  }
  SSL_CTX* c = context.get();
  std::string roots_sha256 = digest_of(roots.get());
  SSL_CTX_set_cert_store(c, roots.release());  // owned by the context now
  KS_TRY(apply_client_policy(c));
  // Sessions come to Engine by a callback; OpenSSL keeps none.
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  std::array<std::uint8_t, kIdentityBytes> identity{};
  base::random_bytes(identity);
  return std::shared_ptr<const ClientContext>(
      // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the constructor is private to create()
      new ClientContext(context.release(),
                        {reinterpret_cast<const char*>(identity.data()), identity.size()},
                        std::move(roots_sha256)));
}

ClientContext::~ClientContext() {
  SSL_CTX_free(context_);
}

base::Status make_verifying(const ClientContext& like,
                            const std::string& host,
                            bool host_is_ip,
                            ssl_ctx_st* context) {
  if (!apply_policy(context)) {
    return not_made();
  }
  SSL_CTX_set1_cert_store(context, SSL_CTX_get_cert_store(like.context()));
  KS_TRY(apply_client_policy(context));
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  return expect_host_of(SSL_CTX_get0_param(context), host, host_is_ip);
}

}  // namespace keyswap::tls
