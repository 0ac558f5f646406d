// SPDX-License-Identifier: Apache-2.0
//
// Resumption towards upstreams: for the same name, under the same roots, and only as long as the
// verdict that it rests on would still be given.
#include <ctime>

#include <catch2/catch.hpp>
#include <openssl/x509_vfy.h>

#include "test/support/tls_peer.h"

namespace keyswap {
namespace {

using test::ContextPointer;
using test::for_server;
using test::Identity;
using test::RawPeer;

constexpr const char* kHost = "api.example.test";

struct Site {
  explicit Site(std::int64_t leaf_until_s = 24 * 3600, int version = TLS1_3_VERSION)
      : root(test::make_root()),
        leaf(test::make_identity({"x",
                                  for_server("DNS:api.example.test,DNS:other.test,IP:192.0.2.1"),
                                  -3600,
                                  leaf_until_s},
                                 &root)),
        server_context(test::weak_server_context(leaf)),
        client_context(test::trusting({root})) {
    REQUIRE(SSL_CTX_set_max_proto_version(server_context.get(), version) == 1);
  }

  struct Visit {
    bool is_open = false;
    bool was_resumed = false;
    tls::Session session;
    base::Error error{base::Errc::tls, "none"};
  };

  // Connects, gets an answer, and leaves without a word.
  Visit visit(const tls::Session& resume,
              const std::string& host = kHost,
              bool is_ip = false) const {
    return visit_as(client_context, resume, host, is_ip);
  }

  Visit visit_as(const std::shared_ptr<const tls::ClientContext>& context,
                 const tls::Session& resume,
                 const std::string& host = kHost,
                 bool is_ip = false) const {
    auto engine = tls::Engine::connect(context, host, is_ip, resume);
    REQUIRE(engine);
    RawPeer server(server_context, RawPeer::Side::server);
    const auto done = shake(*engine, server);
    Visit visit;
    if (!done) {
      visit.error = done.error();
      visit.session = engine->take_session();
      return visit;
    }
    server.write("hello");
    std::string received;
    REQUIRE(exchange(*engine, server, received));
    CHECK(received == "hello");
    visit.is_open = *done;
    visit.was_resumed = engine->was_resumed();
    visit.session = engine->take_session();
    CHECK(engine->take_session() == nullptr);
    CHECK(engine->peer().spki_sha256.size() == 64);
    return visit;
  }

  // Certificates are judged at this time from now on.
  void pretend_time(std::int64_t offset_s) const {
    X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(client_context->context()),
                               std::time(nullptr) + offset_s);
  }

  Identity root;
  Identity leaf;
  ContextPointer server_context;
  std::shared_ptr<const tls::ClientContext> client_context;
};

TEST_CASE("a session is resumed, again and again, in TLS 1.3 and 1.2") {
  const Site site(24 * 3600, GENERATE(TLS1_3_VERSION, TLS1_2_VERSION));
  Site::Visit visit = site.visit(nullptr);
  REQUIRE(visit.is_open);
  CHECK_FALSE(visit.was_resumed);
  REQUIRE(visit.session != nullptr);
  for (int i = 0; i < 3; ++i) {
    tls::Session before = visit.session;
    visit = site.visit(before);
    CHECK(visit.is_open);
    CHECK(visit.was_resumed);
    if (visit.session == nullptr) {
      visit.session = before;  // TLS 1.2 gives no new one
    }
  }
}

TEST_CASE("a server that does not know the session any more makes a full handshake") {
  const Site site;
  const auto session = site.visit(nullptr).session;
  REQUIRE(session != nullptr);
  Site moved = site;
  moved.server_context = test::weak_server_context(site.leaf);
  const auto visit = moved.visit(session);
  CHECK(visit.is_open);
  CHECK_FALSE(visit.was_resumed);
}

TEST_CASE("TC-13 a session is resumed for no other name, kind of name, or roots [I3] [I4]",
          "[I3][I4]") {
  const Site site;
  const auto session = site.visit(nullptr).session;
  REQUIRE(session != nullptr);
  CHECK_FALSE(site.visit(session, "other.test").was_resumed);
  CHECK_FALSE(site.visit(session, "192.0.2.1", true).was_resumed);
  const auto same_roots = test::trusting({site.root});
  CHECK_FALSE(site.visit_as(same_roots, session).was_resumed);
  CHECK(site.visit(session).was_resumed);
  const auto other_roots = test::trusting({test::make_root("Other")});
  const auto visit = site.visit_as(other_roots, session);
  CHECK_FALSE(visit.is_open);
}

TEST_CASE("TU-10 once a certificate of the session has expired there is no resumption [I4]",
          "[I4]") {
  const Site site(1800);
  const auto session = site.visit(nullptr).session;
  REQUIRE(session != nullptr);
  site.pretend_time(1700);
  CHECK(site.visit(session).was_resumed);
  site.pretend_time(1900);
  const auto late = site.visit(session);
  CHECK_FALSE(late.is_open);
  CHECK(late.error.number == X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST_CASE("TU-10 a server that came back with an expired certificate is refused [I4]", "[I4]") {
  const Site site;
  const auto session = site.visit(nullptr).session;
  REQUIRE(session != nullptr);
  Site renewed = site;
  renewed.leaf =
      test::make_identity({"x", for_server("DNS:api.example.test"), -7200, -60}, &site.root);
  renewed.server_context = test::weak_server_context(renewed.leaf);
  const auto visit = renewed.visit(session);
  CHECK_FALSE(visit.is_open);
  CHECK(visit.error.number == X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST_CASE("TU-10 no early data is ever offered to an upstream") {
  const Site site;
  REQUIRE(SSL_CTX_set_max_early_data(site.server_context.get(), 16'000) == 1);
  // Else the server would forget a session whose connection was not closed properly.
  SSL_CTX_set_options(site.server_context.get(), SSL_OP_NO_ANTI_REPLAY);
  const auto session = site.visit(nullptr).session;
  REQUIRE(session != nullptr);
  tls::Engine engine = test::connect_to(site.client_context, kHost, session);
  REQUIRE(engine.handshake());
  CHECK_FALSE(engine.write("POST /order"));  // not before the handshake is done
  RawPeer server(site.server_context, RawPeer::Side::server);
  const auto done = shake(engine, server);
  REQUIRE(done);
  CHECK(engine.was_resumed());
  CHECK(SSL_get_early_data_status(server.ssl()) == SSL_EARLY_DATA_NOT_SENT);
}

TEST_CASE("TU-11 with the clock 90 days on no verdict is kept [I4]", "[I4]") {
  const Site site;
  const auto session = site.visit(nullptr).session;
  REQUIRE(session != nullptr);
  site.pretend_time(90LL * 24 * 3600);
  const auto visit = site.visit(session);
  CHECK_FALSE(visit.is_open);
  CHECK(visit.error.number == X509_V_ERR_CERT_HAS_EXPIRED);
}

TEST_CASE("TU-11 after an hour, or with the clock set back, everything is verified anew [I4]",
          "[I4]") {
  const Site site;
  const auto session = site.visit(nullptr).session;
  REQUIRE(session != nullptr);
  const std::int64_t offset_s = GENERATE(3700, -600);
  site.pretend_time(offset_s);
  const auto visit = site.visit(session);
  CHECK(visit.is_open);
  CHECK_FALSE(visit.was_resumed);
}

int accept_with_error(int /*is_good*/, X509_STORE_CTX* context) {
  X509_STORE_CTX_set_error(context, X509_V_ERR_CERT_REVOKED);
  return 1;
}

TEST_CASE("an upstream that was refused leaves no session behind [I4]", "[I4]") {
  const Site site(24 * 3600, GENERATE(TLS1_3_VERSION, TLS1_2_VERSION));
  SSL_CTX_set_verify(site.client_context->context(), SSL_VERIFY_PEER, accept_with_error);
  const auto visit = site.visit(nullptr);
  CHECK_FALSE(visit.is_open);
  CHECK(visit.session == nullptr);
}

TEST_CASE("of many tickets one is kept, and it is good [I10]", "[I10]") {
  const Site site;
  REQUIRE(SSL_CTX_set_num_tickets(site.server_context.get(), 100) == 1);
  const auto session = site.visit(nullptr).session;
  REQUIRE(session != nullptr);
  CHECK(session.use_count() == 1);
  CHECK(site.visit(session).was_resumed);
}

}  // namespace
}  // namespace keyswap
