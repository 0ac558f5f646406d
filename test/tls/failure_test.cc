// SPDX-License-Identifier: Apache-2.0
//
// Why TLS with an upstream failed is told by its cause, with the names and dates that were seen.
#include "proxy/tls/failure.h"

#include <functional>

#include <catch2/catch.hpp>
#include <openssl/ssl.h>

#include "proxy/base/bounds.h"
#include "proxy/tls/alert.h"
#include "test/support/tls_peer.h"

namespace keyswap {
namespace {

using base::Cause;
using test::for_server;
using test::Identity;
using test::make_identity;
using test::RawPeer;

constexpr const char* kHost = "api.example.test";

struct Trust {
  Identity root = test::make_root("Test Root");
  std::shared_ptr<const tls::ClientContext> context = test::trusting({root});

  static const Trust& instance() {
    static const Trust kTrust;
    return kTrust;
  }
};

// What is seen of a server with this certificate.
base::Failure seen(
    const Identity& leaf, const std::function<void(SSL_CTX*)>& prepare = [](SSL_CTX*) {}) {
  tls::Engine engine = test::connect_to(Trust::instance().context, kHost);
  const auto context = test::weak_server_context(leaf);
  prepare(context.get());
  RawPeer server(context, RawPeer::Side::server);
  const auto done = shake(engine, server);
  CHECK_FALSE(done);
  CHECK(engine.has_failed());
  return engine.failure();
}

Identity leaf_with(const std::string& subject_alt_name,
                   std::int64_t from_s = -3600,
                   std::int64_t until_s = 3600) {
  return make_identity({"x", for_server(subject_alt_name), from_s, until_s},
                       &Trust::instance().root);
}

bool has(const base::Failure& failure, const std::string& text) {
  INFO(failure.facts);
  return failure.facts.find(text) != std::string::npos;
}

void version(SSL_CTX* context, int from, int until) {
  REQUIRE(SSL_CTX_set_min_proto_version(context, from) == 1);
  REQUIRE(SSL_CTX_set_max_proto_version(context, until) == 1);
}

TEST_CASE("an expired certificate is told with its dates and names, in either version") {
  for (const int spoken : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto failure = seen(leaf_with("DNS:api.example.test", -86'400 * 30, -86'400),
                              [=](SSL_CTX* c) { version(c, spoken, spoken); });
    CHECK(failure.cause == Cause::certificate_expired);
    CHECK(has(failure, "; for api.example.test"));
    CHECK(has(failure, "issued by CN=Test Root"));
    CHECK(has(failure, "valid from 20"));
    CHECK(has(failure, " until 20"));
  }
  CHECK(seen(leaf_with("DNS:api.example.test", 86'400, 2 * 86'400)).cause ==
        Cause::certificate_not_yet_valid);
}

TEST_CASE("a certificate of other names is told with the first of them, and how many more") {
  const auto failure =
      seen(leaf_with("DNS:a.test,DNS:*.b.test,IP:192.0.2.1,IP:2001:db8::1,"
                     "DNS:c.test,DNS:d.test,email:me@api.example.test"));
  CHECK(failure.cause == Cause::certificate_wrong_name);
  CHECK(has(failure, "; for a.test, *.b.test, 192.0.2.1, 2001:db8::1 and 2 more"));
  const auto nameless =
      seen(make_identity({"the.common.name", test::with(for_server("DNS:x"), "subjectAltName", "")},
                         &Trust::instance().root));
  CHECK(nameless.cause == Cause::certificate_wrong_name);
  CHECK(has(nameless, "for no host (subject CN=the.common.name)"));
}

TEST_CASE("an unknown issuer and a self-signed certificate are told apart") {
  const Identity stranger = test::make_root("Somebody Else");
  const auto unknown = seen(test::make_server(stranger, kHost));
  CHECK(unknown.cause == Cause::certificate_unknown_issuer);
  CHECK(has(unknown, "issued by CN=Somebody Else"));
  const auto selfish = seen(make_identity({"selfish", for_server("DNS:api.example.test")}));
  CHECK(selfish.cause == Cause::certificate_self_signed);
}

TEST_CASE("purpose and strength are told") {
  const auto extensions =
      test::with(for_server("DNS:api.example.test"), "extendedKeyUsage", "clientAuth");
  CHECK(seen(make_identity({"x", extensions}, &Trust::instance().root)).cause ==
        Cause::certificate_wrong_purpose);
  const auto weak = seen(
      make_identity({"x", for_server("DNS:api.example.test"), -3600, 3600, test::KeyKind::rsa1024},
                    &Trust::instance().root));
  CHECK(weak.cause == Cause::certificate_weak);
}

TEST_CASE("old versions and nothing in common are told apart") {
  const Identity rsa =
      make_identity({"x", for_server("DNS:api.example.test"), -3600, 3600, test::KeyKind::rsa2048},
                    &Trust::instance().root);
  CHECK(seen(rsa, [](SSL_CTX* c) { version(c, TLS1_VERSION, TLS1_1_VERSION); }).cause ==
        Cause::tls_version_unsupported);
  const auto common = seen(rsa, [](SSL_CTX* c) {
    version(c, TLS1_2_VERSION, TLS1_2_VERSION);
    REQUIRE(SSL_CTX_set_cipher_list(c, "AES128-SHA:@SECLEVEL=0") == 1);
  });
  CHECK(common.cause == Cause::tls_nothing_in_common);
  CHECK(has(common, "alert handshake_failure"));
}

TEST_CASE("what is no TLS at all is told") {
  tls::Engine engine = test::connect_to(Trust::instance().context, kHost);
  REQUIRE(engine.handshake());
  REQUIRE(test::feed_copy(engine, "HTTP/1.1 400 Bad Request\r\n\r\n"));
  CHECK_FALSE(engine.handshake());
  CHECK(engine.failure().cause == Cause::tls_not_spoken);
}

// A server that demands a certificate of its clients; what the engine says in the end.
base::Failure without_certificate(int spoken) {
  tls::Engine engine = test::connect_to(Trust::instance().context, kHost);
  const auto context = test::weak_server_context(test::make_server(Trust::instance().root, kHost));
  version(context.get(), spoken, spoken);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  RawPeer server(context, RawPeer::Side::server);
  static_cast<void>(shake(engine, server));
  std::string received;
  static_cast<void>(exchange(engine, server, received));
  CHECK(received.empty());
  CHECK(engine.has_failed());
  return engine.failure();
}

TEST_CASE("a client certificate that is demanded is told as that, also after the handshake") {
  CHECK(without_certificate(TLS1_2_VERSION).cause == Cause::client_certificate_required);
  const auto late = without_certificate(TLS1_3_VERSION);
  CHECK(late.cause == Cause::client_certificate_required);
  CHECK(has(late, "alert certificate_required"));
}

TEST_CASE("what a certificate says is shown printable and bounded, whatever it says [I1] [I10]",
          "[I1][I10]") {
  std::string names = "DNS:first.test";
  for (int i = 0; i < 400; ++i) {
    names += ",DNS:" + std::string(60, 'n') + std::to_string(i) + ".test";
  }
  const auto failure = seen(leaf_with(names));
  CHECK(failure.cause == Cause::certificate_wrong_name);
  CHECK(failure.facts.size() <= base::bounds::kFactsBytesMax);
  const Identity odd = test::make_root("Q\"\\\r\nuote");
  CHECK(has(seen(test::make_server(odd, kHost)), "CN=Q????uote"));
}

TEST_CASE("alerts have the names of their registry") {
  CHECK(tls::alert_name(48) == "unknown_ca");
  CHECK(tls::alert_name(116) == "certificate_required");
  CHECK(tls::alert_name(120) == "no_application_protocol");
  CHECK(tls::alert_name(254) == "unassigned");
}

}  // namespace
}  // namespace keyswap
