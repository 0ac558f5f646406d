// SPDX-License-Identifier: Apache-2.0
#include "proxy/tls/staple.h"

#include <string>

#include <catch2/catch.hpp>
#include <openssl/x509_vfy.h>

#include "test/support/tls_peer.h"

namespace keyswap {
namespace {

using test::Extensions;
using test::for_server;
using test::Identity;
using test::make_ocsp_response;
using test::OcspStatus;
using test::RawPeer;

constexpr const char* kHost = "api.example.test";
constexpr const char* kNone = "";  // no staple

int give_staple(SSL* ssl, void* argument) {
  const auto* staple = static_cast<const std::string*>(argument);
  void* copy = OPENSSL_memdup(staple->data(), staple->size());
  SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(staple->size()));
  return SSL_TLSEXT_ERR_OK;
}

struct Site {
  Identity root = test::make_root();
  Identity leaf = test::make_server(root, kHost);
  Identity demanding = test::make_identity(
      {"x", test::with(for_server("DNS:api.example.test"), "tlsfeature", "status_request")}, &root);
  std::shared_ptr<const tls::ClientContext> context = test::trusting({root});

  static const Site& instance() {
    static const Site kSite;
    return kSite;
  }
};

struct Verdict {
  bool is_accepted = false;
  long code = 0;
};

Verdict judge(const Identity& leaf, const std::string& staple, int version = TLS1_3_VERSION) {
  const auto context = test::weak_server_context(leaf);
  REQUIRE(SSL_CTX_set_max_proto_version(context.get(), version) == 1);
  if (!staple.empty()) {
    SSL_CTX_callback_ctrl(context.get(),
                          SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB,
                          reinterpret_cast<void (*)()>(give_staple));
    SSL_CTX_set_tlsext_status_arg(context.get(), const_cast<std::string*>(&staple));
  }
  RawPeer server(context, RawPeer::Side::server);
  tls::Engine engine = test::connect_to(Site::instance().context, kHost);
  const auto done = shake(engine, server);
  CHECK(server.received().empty());
  return done ? Verdict{*done, 0} : Verdict{false, static_cast<long>(done.error().number)};
}

TEST_CASE("TU-08 a stapled answer that says revoked ends the handshake [I4]", "[I4]") {
  const Site& site = Site::instance();
  const int version = GENERATE(TLS1_3_VERSION, TLS1_2_VERSION);
  CHECK(judge(site.leaf, kNone, version).is_accepted);
  CHECK(judge(site.leaf, make_ocsp_response(site.root, site.leaf, OcspStatus::good), version)
            .is_accepted);
  const auto revoked =
      judge(site.leaf, make_ocsp_response(site.root, site.leaf, OcspStatus::revoked), version);
  CHECK_FALSE(revoked.is_accepted);
  CHECK(revoked.code == X509_V_ERR_CERT_REVOKED);
  CHECK_FALSE(
      judge(site.leaf, make_ocsp_response(site.root, site.leaf, OcspStatus::unknown), version)
          .is_accepted);
}

TEST_CASE("TU-08 revoked counts also when the answer is old or signed by a stranger [I4]", "[I4]") {
  const Site& site = Site::instance();
  const Identity stranger = test::make_root("Test Root");
  CHECK_FALSE(
      judge(site.leaf, make_ocsp_response(stranger, site.leaf, OcspStatus::revoked)).is_accepted);
  CHECK_FALSE(
      judge(site.leaf, make_ocsp_response(site.root, site.leaf, OcspStatus::revoked, -9000, -8000))
          .is_accepted);
}

TEST_CASE("TU-08 an answer about another certificate says nothing") {
  const Site& site = Site::instance();
  CHECK(judge(site.leaf, make_ocsp_response(site.root, site.demanding, OcspStatus::revoked))
            .is_accepted);
}

TEST_CASE("TU-08 an answer that cannot be read ends the handshake [I4]", "[I4]") {
  const Site& site = Site::instance();
  const std::string good = make_ocsp_response(site.root, site.leaf, OcspStatus::good);
  CHECK_FALSE(judge(site.leaf, good.substr(0, good.size() / 2)).is_accepted);
  CHECK_FALSE(judge(site.leaf, std::string("garbage")).is_accepted);
  // OCSPResponse { tryLater }: no answer
  CHECK(judge(site.leaf, std::string("\x30\x03\x0a\x01\x03")).is_accepted);
}

TEST_CASE("TU-08 a certificate that demands a staple is refused without a good one (RFC 7633) [I4]",
          "[I4]") {
  const Site& site = Site::instance();
  const auto accepted = [&](const std::string& staple) {
    return judge(site.demanding, staple).is_accepted;
  };
  CHECK(accepted(make_ocsp_response(site.root, site.demanding, OcspStatus::good)));
  CHECK_FALSE(accepted(kNone));
  CHECK_FALSE(accepted(std::string("\x30\x03\x0a\x01\x03")));
  CHECK_FALSE(accepted(make_ocsp_response(site.root, site.leaf, OcspStatus::good)));
  CHECK_FALSE(
      accepted(make_ocsp_response(site.root, site.demanding, OcspStatus::good, -9000, -8000)));
  const Identity stranger = test::make_root("Test Root");
  CHECK_FALSE(accepted(make_ocsp_response(stranger, site.demanding, OcspStatus::good)));
}

}  // namespace
}  // namespace keyswap
